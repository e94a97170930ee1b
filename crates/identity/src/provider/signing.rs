//! Documents that an application asks a person to sign: asked with the person's access token of scope
//! `sign`, approved on the phone, fetched and acknowledged by the same application. What is signed stays
//! with the application; only digests come here, or data that is signed as JSON.
//!
//! With a token that acts for a company the same is asked in its name, see [`super::sign_for`].
//!
//! The scope lets an application ask and nothing more: each request is approved on the phone by itself,
//! at the plus level, with every name and the number of documents in sight.

use axum::{
    extract::State,
    http::{HeaderMap, Method},
};
use kernel::{Actor, Id, Text, Time};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use trust::base64url;
use utoipa::ToSchema;
use web::{Access, Door, IntoResponse, Json, Rate, Response, Routes, operation};

use super::{
    Provider,
    detail::Detail,
    dpop,
    refusal::{Fault, Refusal, RefusalBody, Word},
    scope::Scope,
    sign_for::{SigningBehalf, SigningRight},
    userinfo,
};
use crate::{
    Acknowledgement, Approval, ApprovalState, Binding, Error, ItemKind, Level, NewItem, NewSigning,
    Person, PresenceCheck, Proposed, SigningAlgorithm, SigningItem, SigningRequest, SigningRoom,
    store::approval,
};

/// Bytes of one request: a thousand names and digests, or some data.
const BODY_BYTES: usize = 1024 * 1024;
const ASK: &str = "/signing/ask";
const WITHDRAW: &str = "/signing/withdraw";
const RESULT: &str = "/signing/result";
const EVIDENCE: &str = "/signing/evidence";
const ACKNOWLEDGE: &str = "/signing/acknowledge";

/// The provider and the room in which it has documents signed.
#[derive(Clone, Debug)]
pub struct SigningCounter {
    provider: Provider,
    room: SigningRoom,
}

/// Words in both written languages.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ServiceWords {
    en: String,
    tc: String,
}

/// One document.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DocumentToSign {
    /// As its signer knows it; shown on the phone.
    name: String,
    /// `document` (a bare signature), `hash_value`, `pdf_cades` (B-T), `pdf_cades_b` (B-B),
    /// `pdf_pkcs7`, `data` (a JWS).
    kind: ItemKind,
    /// base64url SHA-256: of the document, of the bytes a PDF signature covers, of `data`.
    digest: String,
    /// The JSON to be signed, as text, for `data` alone.
    #[serde(default)]
    data: Option<String>,
}

/// What somebody is asked to sign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningAsk {
    service: ServiceWords,
    documents: Vec<DocumentToSign>,
    /// `es256`, where nothing is said, `rs256`, or `sm2` for `hash_value` alone.
    #[serde(default)]
    algorithm: Option<SigningAlgorithm>,
    /// Hours since enrolment before the account may sign this, 0 to 720.
    #[serde(default)]
    account_age_hours: u16,
    /// What the phone checks of its holder besides: `face` or `card`.
    #[serde(default)]
    presence: Option<PresenceCheck>,
    /// base64url SHA-256 of the card number without its check digit, when it must be this card.
    #[serde(default)]
    card: Option<String>,
    /// In whose name, where the token acts for a company.
    #[serde(default)]
    behalf: Option<SigningBehalf>,
}

impl SigningAsk {
    /// The hash of SM2 begins with the signer's public key, which is made in the act: nobody has it before.
    fn check(&self) -> Result<(), Error> {
        let is_hashed = |one: &DocumentToSign| one.kind == ItemKind::HashValue;
        let is_sm2 = self.algorithm == Some(SigningAlgorithm::Sm2);
        if is_sm2 && !self.documents.iter().all(is_hashed) {
            return Err(Error::Malformed("algorithm"));
        }
        Ok(())
    }
}

/// What was asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningAsked {
    id: String,
    /// Four digits that the phone shows too: show them beside the request.
    code: String,
    /// What the person types where the phone cannot be told.
    reference: String,
    seconds_left: u64,
}

/// One request by its id.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningWhich {
    id: String,
}

/// How a request stands; documents are there once it is `signed`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningOutcome {
    id: String,
    /// `pending`, `seen`, `rejected`, `cancelled`, `expired`, `failed`, or `signed`.
    state: String,
    signed: Option<String>,
    documents: Vec<SignedDocument>,
    /// Until when a chop may complete it, where one is to.
    chop_until: Option<String>,
    /// The id of the chop that did.
    completed_by: Option<String>,
}

impl SigningOutcome {
    fn of(request: &SigningRequest, state: &str) -> Self {
        Self {
            id: request.id.to_string(),
            state: state.to_owned(),
            signed: request.signed.map(Time::rfc3339),
            documents: Vec::new(),
            chop_until: request.chop_until.map(Time::rfc3339),
            completed_by: request.chop.map(|id| id.to_string()),
        }
    }
}

/// One signed document, in the order asked.
#[derive(Debug, Serialize, ToSchema)]
struct SignedDocument {
    name: String,
    kind: ItemKind,
    digest: String,
    /// base64url; of `data` the compact JWS itself.
    signature: String,
}

/// What shows later that the person signed. Bytes are base64url of DER.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningProof {
    certificate: String,
    authority: String,
    /// RFC 6960: how the certificate stood.
    status_answer: String,
    /// RFC 3161.
    time_stamp: String,
    /// What the phone signed, a compact JWS, and the thumbprint of its key (RFC 7638); or the assertion of a
    /// passkey as JSON, and its credential.
    approval: String,
    device: String,
    /// By what right, where it was for a company.
    right: Option<SigningRight>,
}

/// What the application says of the result.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningAcknowledge {
    id: String,
    word: Acknowledgement,
}

/// Whether it was the first word, which stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningAcknowledged {
    is_first: bool,
}

/// The routes of signing for applications.
#[must_use]
pub fn signing_routes(provider: &Provider, room: &SigningRoom) -> Routes {
    let counter = SigningCounter {
        provider: provider.clone(),
        room: room.clone(),
    };
    let post = &Method::POST;
    let refused = |one: web::Operation| one.answers::<RefusalBody>(401).answers::<RefusalBody>(403);
    Routes::new()
        .json(
            post,
            ASK,
            Access::Public,
            refused(operation::<SigningAsk, SigningAsked>(
                "Ask a person to sign documents by their digests",
            )),
            ask,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
        .json(
            post,
            WITHDRAW,
            Access::Public,
            refused(operation::<SigningWhich, SigningOutcome>(
                "Withdraw a request that nobody has answered",
            )),
            withdraw,
        )
        .rate(Rate::Any)
        .json(
            post,
            RESULT,
            Access::Public,
            refused(operation::<SigningWhich, SigningOutcome>(
                "How a request stands; signs what the phone has approved",
            )),
            result,
        )
        .rate(Rate::Any)
        .json(
            post,
            EVIDENCE,
            Access::Public,
            refused(operation::<SigningWhich, SigningProof>(
                "What shows later that the person signed",
            )),
            evidence,
        )
        .rate(Rate::Any)
        .json(
            post,
            ACKNOWLEDGE,
            Access::Public,
            refused(operation::<SigningAcknowledge, SigningAcknowledged>(
                "What became of the result",
            )),
            acknowledge,
        )
        .rate(Rate::Any)
        .with_state(&counter)
}

/// Who asks, for whom.
struct Caller {
    client: String,
    name: Text,
    person: Id<Person>,
    level: Level,
    details: Vec<Detail>,
}

impl Caller {
    /// Only this application may use an approval it asked for.
    fn binding(&self) -> Binding {
        Binding::of(format!("application {}", self.client).as_bytes())
    }

    fn actor(&self) -> Actor {
        Actor::system("signing")
    }
}

impl SigningCounter {
    /// Opens the token, which must be of scope `sign`.
    async fn caller(
        &self,
        path: &'static str,
        (door, headers): (&Door, &HeaderMap),
    ) -> Result<Caller, Fault> {
        let given = (Method::POST, path, headers);
        let (grant, client) = userinfo::open(&self.provider, door, given).await?;
        let may_ask = grant.content.scopes.contains(&Scope::Sign)
            && grant.content.behalf.is_none()
            && client.purpose_of(Scope::Sign).is_some();
        if !may_ask {
            let reason = "the token is not of scope sign";
            return Err(Refusal::new(Word::InsufficientScope, reason).into());
        }
        Ok(Caller {
            client: client.id().to_owned(),
            name: client.name.clone(),
            person: grant.person,
            level: grant.content.level,
            details: grant.content.details,
        })
    }

    /// Asks; an amount above the person's limit goes to a second person of the company first.
    async fn ask_room(
        &self,
        caller: &Caller,
        new: NewSigning,
    ) -> Result<(SigningRequest, Approval), Error> {
        let asked = self.room.ask(&caller.actor(), new.clone()).await;
        if let Err(Error::OverLimit) = asked
            && let Ok(Proposed::Done | Proposed::Alone) = self.room.ask_to_exceed(&new).await
        {
            return self.room.ask(&caller.actor(), new).await;
        }
        asked
    }

    fn answer<T: Serialize>(&self, answered: Result<T, Fault>, headers: &HeaderMap) -> Response {
        let is_dpop = headers.contains_key(dpop::DPOP);
        let scheme = if is_dpop { "DPoP" } else { "Bearer" };
        let mut response = match answered {
            Ok(answer) => Json(answer).into_response(),
            Err(Fault::Refused(refusal)) => refusal.challenge(scheme),
            Err(fault) => fault.answer(),
        };
        if is_dpop {
            dpop::offer_nonce(&self.provider, response.headers_mut());
        }
        response
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|_| Error::Malformed("body").into())
}

fn id_of(text: &str) -> Result<Id<SigningRequest>, Fault> {
    text.parse().map_err(|_| Error::NotFound.into())
}

fn digest_of(text: &str) -> Result<[u8; 32], Error> {
    let bytes = base64url::decode(text).map_err(|_| Error::Malformed("digest"))?;
    bytes.try_into().map_err(|_| Error::Malformed("digest"))
}

async fn ask(
    State(counter): State<SigningCounter>,
    door: Door,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let asked = ask_in(&counter, (&door, &headers), &body).await;
    counter.answer(asked, &headers)
}

async fn ask_in(
    counter: &SigningCounter,
    from: (&Door, &HeaderMap),
    body: &[u8],
) -> Result<SigningAsked, Fault> {
    let caller = counter.caller(ASK, from).await?;
    // The phone approves each by itself, so that no sign-in is too old for it; a person who cannot sign at
    // all is better told now.
    if caller.level < Level::Plus {
        return Err(userinfo::step_up(None).into());
    }
    let asked: SigningAsk = read(body)?;
    asked.check()?;
    let items = asked.documents.into_iter().map(|one| {
        Ok(NewItem {
            kind: one.kind,
            digest: digest_of(&one.digest)?,
            name: one.name,
            data: one.data.map(String::into_bytes),
        })
    });
    let card = asked.card.as_deref().map(digest_of).transpose()?;
    let behalf = match &asked.behalf {
        None => None,
        Some(asked) => {
            let own = (caller.client.as_str(), caller.person);
            Some(asked.read(&counter.room, own, &caller.details).await?)
        }
    };
    let new = NewSigning {
        person: Some(caller.person),
        department: caller.name.clone(),
        service: Text::new(asked.service.en, asked.service.tc),
        algorithm: asked.algorithm.unwrap_or(SigningAlgorithm::Es256),
        items: items.collect::<Result<_, Error>>()?,
        minimum_age_hours: asked.account_age_hours,
        client: Some(caller.client.clone()),
        presence: asked.presence,
        card: card.map(|sha256| counter.room.card_index(&sha256)),
        behalf,
        binding: caller.binding(),
        place: caller.name.clone(),
        return_to: "/en/inbox".to_owned(),
    };
    let (request, approval) = counter.ask_room(&caller, new).await?;
    Ok(SigningAsked {
        id: request.id.to_string(),
        seconds_left: approval.seconds_left(counter.provider.now()),
        code: approval.code,
        reference: approval.reference,
    })
}

async fn withdraw(
    State(counter): State<SigningCounter>,
    door: Door,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let told = withdraw_in(&counter, (&door, &headers), &body).await;
    counter.answer(told, &headers)
}

/// The phone says that the request was withdrawn; what has its outcome keeps it.
async fn withdraw_in(
    counter: &SigningCounter,
    from: (&Door, &HeaderMap),
    body: &[u8],
) -> Result<SigningOutcome, Fault> {
    let caller = counter.caller(WITHDRAW, from).await?;
    let id = id_of(&read::<SigningWhich>(body)?.id)?;
    let own = (caller.client.as_str(), caller.person);
    let (request, _) = counter.room.of_client(id, own).await?;
    let asked = (request.approval, caller.binding());
    let store = counter.provider.store();
    approval::cancel(store, &caller.actor(), asked.0, &asked.1).await?;
    Ok(SigningOutcome::of(
        &request,
        ApprovalState::Cancelled.code(),
    ))
}

async fn result(
    State(counter): State<SigningCounter>,
    door: Door,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let told = result_in(&counter, (&door, &headers), &body).await;
    counter.answer(told, &headers)
}

async fn result_in(
    counter: &SigningCounter,
    from: (&Door, &HeaderMap),
    body: &[u8],
) -> Result<SigningOutcome, Fault> {
    let caller = counter.caller(RESULT, from).await?;
    let id = id_of(&read::<SigningWhich>(body)?.id)?;
    let own = (caller.client.as_str(), caller.person);
    let (mut request, state) = counter.room.of_client(id, own).await?;
    if request.signed.is_none() && state == ApprovalState::Approved {
        let signed = counter
            .room
            .sign(&caller.actor(), id, &caller.binding())
            .await;
        request = match signed {
            Ok(request) => request,
            // Another call of the same application was faster.
            Err(Error::Consumed) => counter.room.of_client(id, own).await?.0,
            Err(error) => return Err(error.into()),
        };
    }
    if request.signed.is_none() {
        return Ok(SigningOutcome::of(&request, state.code()));
    }
    let (_, items) = counter.room.result(id, caller.person).await?;
    Ok(SigningOutcome {
        documents: items.into_iter().map(document).collect(),
        ..SigningOutcome::of(&request, "signed")
    })
}

fn document(item: SigningItem) -> SignedDocument {
    let signature = item.signature.unwrap_or_default();
    SignedDocument {
        digest: base64url::encode(item.digest),
        signature: match item.kind {
            ItemKind::Data => String::from_utf8_lossy(&signature).into_owned(),
            _ => base64url::encode(signature),
        },
        name: item.name,
        kind: item.kind,
    }
}

async fn evidence(
    State(counter): State<SigningCounter>,
    door: Door,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let told = evidence_in(&counter, (&door, &headers), &body).await;
    counter.answer(told, &headers)
}

async fn evidence_in(
    counter: &SigningCounter,
    from: (&Door, &HeaderMap),
    body: &[u8],
) -> Result<SigningProof, Fault> {
    let caller = counter.caller(EVIDENCE, from).await?;
    let id = id_of(&read::<SigningWhich>(body)?.id)?;
    let own = (caller.client.as_str(), caller.person);
    counter.room.of_client(id, own).await?;
    let kept = counter.room.evidence(id, caller.person).await?;
    let right = counter.room.warrant(id).await?.map(SigningRight::from);
    Ok(SigningProof {
        certificate: base64url::encode(kept.certificate),
        authority: base64url::encode(kept.chain),
        status_answer: base64url::encode(kept.status_answer),
        time_stamp: base64url::encode(kept.time_stamp),
        approval: kept.approval.proof(),
        device: kept.approval.key().to_owned(),
        right,
    })
}

async fn acknowledge(
    State(counter): State<SigningCounter>,
    door: Door,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    let told = acknowledge_in(&counter, (&door, &headers), &body).await;
    counter.answer(told, &headers)
}

async fn acknowledge_in(
    counter: &SigningCounter,
    from: (&Door, &HeaderMap),
    body: &[u8],
) -> Result<SigningAcknowledged, Fault> {
    let caller = counter.caller(ACKNOWLEDGE, from).await?;
    let told: SigningAcknowledge = read(body)?;
    let id = id_of(&told.id)?;
    let own = (caller.client.as_str(), caller.person);
    counter.room.of_client(id, own).await?;
    let is_first = counter
        .room
        .acknowledge(&caller.actor(), id, told.word)
        .await?;
    Ok(SigningAcknowledged { is_first })
}
