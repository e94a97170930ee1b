//! Client-initiated backchannel authentication (CIBA Core 1.0, FAPI-CIBA): a client asks, the person's
//! phone answers, no browser between them. The question is the house's approval; poll and ping.
//!
//! Two things are ours beyond the standard: the answer carries `binding_code`, the four digits that the
//! phone shows too, so that whoever stands before the client's screen can compare; and a client withdraws
//! what it no longer needs an answer to.

use std::time::Duration;

use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::{Actor, Id, Text, Time};
use serde::{Deserialize, Serialize};
use trust::{Place, Sealed, base64url};
use utoipa::ToSchema;
use web::{Door, Rate, Response};

use super::{
    Provider,
    caller::{self, Call, Caller},
    client::{Client, GrantKind},
    connect,
    detail::{Detail, digest_of},
    grant::{Bound, Granted, Issued},
    mint, par,
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::{read_details, read_scopes, wished_level},
    resource::{self, Audience, Resource},
    scope::Scope,
    store::{
        ciba::{self, NewWaiting, Waiting},
        consent::{self, Agreed},
        enter_in, grant,
    },
    token::{Tokens, tokens},
};
use crate::{
    Approval, ApprovalState, Binding, DetailLine, FailReason, Level, NewApproval, Person, Purpose,
    Step, approval::DETAIL_LINES, store::approval,
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/bc-authorize";
/// The path where a client withdraws what it asked.
pub(crate) const WITHDRAW: &str = "/oauth/bc-withdraw";
/// Seconds between two polls.
pub(crate) const INTERVAL: i64 = 5;
/// Characters of a binding message: it must fit a phone's screen and be comparable at a glance.
const MESSAGE_CHARS: usize = 100;
/// Characters of the token with which a client is pinged.
const NOTIFICATION_CHARS: usize = 1_024;

/// What was asked, beside the approval.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct CibaAsked {
    pub(crate) person: Id<Person>,
    pub(crate) scopes: Vec<Scope>,
    #[serde(default)]
    pub(crate) details: Vec<Detail>,
    pub(crate) bound: Option<Bound>,
    /// What the token is for, where not for this platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<Resource>,
    /// The request's own id, which the ID token repeats; sealed.
    pub(crate) id: String,
}

/// The request is with the phone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    auth_req_id: String,
    expires_in: u64,
    interval: i64,
    /// Four digits that the phone shows too: show them beside the binding message.
    binding_code: String,
}

pub(crate) async fn authorize(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = ask(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = ask(&provider, (&door, &headers), &body).await;
    }
    use web::IntoResponse as _;
    match ended {
        Ok(acknowledged) => web::Json(acknowledged).into_response(),
        Err(fault) => fault.answer(),
    }
}

async fn ask(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<Acknowledged, Fault> {
    let outer = Params::read(body)?;
    let call = Call {
        path: PATH,
        headers,
        door,
        params: &outer,
    };
    let mut caller = caller::authenticate(provider, &call).await?;
    caller.check_grant(GrantKind::Ciba)?;
    let client = caller.client.clone();
    let params = signed(provider, &mut caller, outer).await?;
    let scopes = read_scopes(&params, &client)?;
    let details = read_details(&params, &client)?;
    let message = read_message(&params)?;
    let notification = read_notification(&params, &client)?;
    let wait = read_expiry(&params)?;
    let person = asked_person(provider, (door, &client), (&params, &details)).await?;
    let secret = provider.draw();
    let asked = CibaAsked {
        person,
        scopes,
        details,
        bound: caller.bound.clone(),
        resource: resource::read(provider, &params).await?,
        id: sealed(provider, &secret)?,
    };
    let mut question = question(&client, &asked, (message.as_deref(), &secret))?;
    if let Some(level) = wished_level(&params) {
        question.asked = question.asked.max(level);
    }
    let new = NewWaiting {
        client: client.id().to_owned(),
        notification: notification
            .map(|token| sealed(provider, &token))
            .transpose()?,
        asked,
        secret: secret.clone(),
    };
    let approval = keep(provider, &caller, (question, wait, new)).await?;
    Ok(Acknowledged {
        auth_req_id: secret,
        expires_in: approval.seconds_left(provider.now()),
        interval: INTERVAL,
        binding_code: approval.code,
    })
}

/// Whose phone is asked. However many clients ask, and from wherever: it is not kept ringing.
async fn asked_person(
    provider: &Provider,
    (door, client): (&Door, &Client),
    (params, details): (&Params, &[Detail]),
) -> Result<Id<Person>, Fault> {
    let person = hinted(provider, client, params).await?;
    door.count(Rate::Attempt, "asked", &person.to_string())?;
    if connect::may_act(provider, person, (client.id(), details)).await? {
        Ok(person)
    } else {
        let reason = "the person may not act for this company";
        Err(Refusal::new(Word::AccessDenied, reason).into())
    }
}

/// What was asked, out of the request object if there is one, which is good once.
async fn signed(provider: &Provider, caller: &mut Caller, outer: Params) -> Result<Params, Fault> {
    match outer.get("request") {
        Some(object) => {
            let (params, once) = par::open_once(provider, &caller.client, object).await?;
            caller.once.push(once);
            Ok(params)
        }
        None if caller.client.is_fapi() => {
            Err(Refusal::request("this client's requests must be signed").into())
        }
        None => Ok(outer),
    }
}

async fn keep(
    provider: &Provider,
    caller: &Caller,
    (question, wait, new): (NewApproval, Option<Duration>, NewWaiting),
) -> Result<Approval, Fault> {
    let draws = approval::Draws::of(provider.env());
    let caller = caller.clone();
    provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (question, new) = (question.clone(), new.clone());
            let (caller, draws) = (caller.clone(), draws.clone());
            async move {
                enter_in(&tx, &caller).await?;
                let asked = approval::ask_with_in(&tx, &question, &draws).await;
                let asked = match asked {
                    Err(crate::Error::TooManyOpen) => {
                        let reason = "the person has too many requests open";
                        return Err(Refusal::new(Word::AccessDenied, reason).into());
                    }
                    asked => asked?,
                };
                let asked = match wait {
                    Some(wait) => approval::shorten_in(&tx, asked, wait).await?,
                    None => asked,
                };
                ciba::insert_in(&tx, &new, &asked).await?;
                Ok::<_, Fault>(asked)
            }
        })
        .await
}

fn question(
    client: &Client,
    asked: &CibaAsked,
    (message, secret): (Option<&str>, &str),
) -> Result<NewApproval, Refusal> {
    let mut detail: Vec<DetailLine> = asked.details.iter().flat_map(Detail::lines).collect();
    // What the client will be able to read is shown with what it said it is for.
    detail.extend(asked.scopes.iter().filter_map(|scope| {
        Some(DetailLine {
            label: scope.label()?,
            value: client.purpose_of(*scope)?.clone(),
        })
    }));
    if let Some(resource) = &asked.resource {
        detail.push(DetailLine {
            label: Text::new("For use at", "用於"),
            value: resource.name.clone(),
        });
    }
    if let Some(message) = message {
        detail.insert(
            0,
            DetailLine {
                label: Text::new("Message", "訊息"),
                value: Text::same(message),
            },
        );
    }
    if detail.len() > DETAIL_LINES {
        return Err(Refusal::request("there is too much to show on a phone"));
    }
    let needs_plus = asked.details.iter().any(Detail::needs_phone);
    let is_signature = asked
        .details
        .iter()
        .any(|one| matches!(one, Detail::Sign { .. }));
    let name = &client.name;
    Ok(NewApproval {
        purpose: if is_signature {
            Purpose::Sign
        } else {
            Purpose::Consent
        },
        requester: client.asking(),
        place: Text::new("Asked by the department itself", "由部門直接提出"),
        asked: if needs_plus {
            Level::Plus
        } else {
            Level::Basic
        },
        person: Some(asked.person),
        summary: Text::with_sc(
            format!("{} asks you to confirm.", name.en),
            format!("{}請你確認。", name.tc),
            format!("{}请你确认。", name.sc),
        ),
        detail,
        digest: digest_of(secret, &asked.details),
        binding: Binding::of(secret.as_bytes()),
        return_to: "/en/inbox".to_owned(),
    })
}

/// Exactly one hint (CIBA Core section 7.1), and only for people who let this client in before.
async fn hinted(
    provider: &Provider,
    client: &Client,
    params: &Params,
) -> Result<Id<Person>, Fault> {
    let names = ["login_hint", "id_token_hint", "login_hint_token"];
    let given: Vec<&str> = names.into_iter().filter(|name| params.has(name)).collect();
    let subject = match given.as_slice() {
        ["login_hint"] => params.get("login_hint").map(str::to_owned),
        ["id_token_hint"] => params
            .get("id_token_hint")
            .and_then(|token| mint::read_own(provider, mint::ID, token))
            .and_then(|claims| claims.get("sub")?.as_str().map(str::to_owned)),
        ["login_hint_token"] => None,
        _ => return Err(Refusal::request("exactly one hint is needed").into()),
    };
    let unknown = Refusal::new(
        Word::ExpiredLoginHint,
        "the hint names nobody this client knows",
    );
    let subject = subject.ok_or(unknown.clone())?;
    let id = client.id().to_owned();
    let found = provider
        .store()
        .read(move |db| {
            let (subject, id) = (subject.clone(), id.clone());
            async move { consent::by_subject_in(&db, &subject, &id).await }
        })
        .await?;
    Ok(found.ok_or(unknown)?)
}

fn read_message(params: &Params) -> Result<Option<String>, Refusal> {
    let Some(message) = params.get("binding_message") else {
        return Ok(None);
    };
    let is_plain = |c: char| c.is_alphanumeric() || " .,:;/#-+()'’，。：、（）".contains(c);
    if message.chars().count() > MESSAGE_CHARS || !message.chars().all(is_plain) {
        let reason = "binding_message is too long or holds signs that phones cannot show";
        return Err(Refusal::new(Word::InvalidBindingMessage, reason));
    }
    Ok(Some(message.to_owned()))
}

/// How long the client needs the answer: never longer than the question waits by itself.
fn read_expiry(params: &Params) -> Result<Option<Duration>, Refusal> {
    match params.number("requested_expiry")? {
        Some(0) => Err(Refusal::request("requested_expiry is not above zero")),
        Some(seconds) => Ok(u64::try_from(seconds).ok().map(Duration::from_secs)),
        None => Ok(None),
    }
}

fn read_notification(params: &Params, client: &Client) -> Result<Option<String>, Refusal> {
    if client.ciba_notification_uri.is_none() {
        return Ok(None);
    }
    let token = params
        .get("client_notification_token")
        .filter(|token| token.len() <= NOTIFICATION_CHARS)
        .filter(|token| token.bytes().all(|b| b.is_ascii_graphic()));
    match token {
        Some(token) => Ok(Some(token.to_owned())),
        None => Err(Refusal::request("client_notification_token is missing")),
    }
}

fn place() -> Place {
    Place::new("oidc_ciba.sealed", "")
}

/// Secrets of a request that are needed again are kept sealed.
fn sealed(provider: &Provider, text: &str) -> Result<String, crate::Error> {
    let sealed = provider.identity().vault().seal(&place(), text)?;
    Ok(base64url::encode(sealed.0))
}

pub(crate) fn unsealed(provider: &Provider, text: &str) -> Result<String, crate::Error> {
    let sealed = Sealed(base64url::decode(text)?);
    let plain = provider.identity().vault().open(&place(), &sealed)?;
    String::from_utf8(plain.to_vec()).map_err(|_| crate::Error::Corrupt("oidc_ciba"))
}

/// What a poll finds. Too quick a poll is written down, so it is no error of the write.
enum Polled {
    Refused(Refusal),
    Granted(Box<grant::Grant>, Option<String>),
}

/// The token request of a client that polls, or was pinged.
pub(crate) async fn redeem(
    provider: &Provider,
    caller: Caller,
    params: &Params,
) -> Result<Tokens, Fault> {
    let secret = params
        .need("auth_req_id", "auth_req_id is missing")?
        .to_owned();
    let refresh = provider.draw();
    let audience = Audience::read(provider, params)?;
    let (own, maker) = (caller.clone(), provider.clone());
    let polled = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let poll = Poll {
                provider: maker.clone(),
                caller: own.clone(),
                secret: secret.clone(),
                refresh: refresh.clone(),
                audience: audience.clone(),
            };
            async move { poll.run_in(&tx).await }
        })
        .await?;
    match polled {
        Polled::Refused(refusal) => Err(refusal.into()),
        Polled::Granted(grant, refresh) => tokens(provider, &caller, (&grant, refresh)).await,
    }
}

struct Poll {
    provider: Provider,
    caller: Caller,
    secret: String,
    refresh: String,
    audience: Audience,
}

impl Poll {
    async fn run_in(&self, tx: &::store::Write) -> Result<Polled, Fault> {
        enter_in(tx, &self.caller).await?;
        let waiting = ciba::find_in(tx, &self.secret)
            .await?
            .filter(|waiting| waiting.client == self.caller.client.id())
            .ok_or(Refusal::grant("auth_req_id is unknown"))?;
        if waiting.used.is_some() {
            return Err(Refusal::grant("auth_req_id has been used").into());
        }
        if let Some(bound) = &waiting.asked.bound
            && self.caller.bound.as_ref() != Some(bound)
        {
            return Err(Refusal::grant("the request was bound to another key").into());
        }
        let found = approval::get_in(tx, waiting.approval).await?;
        if let Some(refusal) = standing(&found, tx.now()) {
            let is_hasty = waiting
                .polled
                .is_some_and(|last| tx.now() < last + std::time::Duration::from_secs(4));
            ciba::polled_in(tx, &waiting).await?;
            let is_pending = refusal.word == Word::AuthorizationPending;
            return Ok(Polled::Refused(if is_pending && is_hasty {
                Refusal::new(Word::SlowDown, "poll less often")
            } else {
                refusal
            }));
        }
        self.grant_in(tx, &waiting).await
    }

    async fn grant_in(&self, tx: &::store::Write, waiting: &Waiting) -> Result<Polled, Fault> {
        let granted = waiting.asked.resource.as_ref();
        let resource = self.audience.of(granted.map(|one| one.uri.as_str()))?;
        if !ciba::use_in(tx, waiting).await? {
            return Err(Refusal::grant("auth_req_id has been used").into());
        }
        let binding = Binding::of(self.secret.as_bytes());
        let approved = approval::consume_in(tx, waiting.approval, &binding).await?;
        let client = &self.caller.client;
        let asked = &waiting.asked;
        let content = Granted {
            scopes: asked.scopes.clone(),
            id_claims: Vec::new(),
            info_claims: Vec::new(),
            details: asked.details.clone(),
            nonce: None,
            redirect_uri: None,
            challenge: None,
            bound: self.caller.bound.clone(),
            level: approved.level,
            means: approved.evidence.means(),
            auth_time: approved.decided.seconds(),
            approval: Some(approved.approval),
            is_lasting: client.has_grant(GrantKind::Refresh),
            outlives_session: None,
            resource: asked.resource.clone().map(|resource| resource.uri),
            subject: None,
            act: None,
            behalf: None,
            auth_req: Some(self.secret.clone()),
        };
        let refresh = content.is_lasting.then(|| self.refresh.clone());
        let subject = self.provider.subject(&client.sector, approved.person);
        let agreed = Agreed::to(client, &asked.scopes, granted);
        consent::agree_in(tx, approved.person, (client.id(), &subject), &agreed).await?;
        let issued = Issued {
            client: client.id().to_owned(),
            person: approved.person,
            session: None,
            life: content.life(client),
            content,
            code: None,
            refresh: refresh.clone(),
        };
        let mut grant = grant::issue_in(tx, &issued).await?;
        grant.content.resource = resource;
        Ok(Polled::Granted(Box::new(grant), refresh))
    }
}

/// The request is no longer with the phone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Withdrawn {
    /// `withdrawn`.
    status: &'static str,
}

pub(crate) async fn withdraw(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = take_back(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = take_back(&provider, (&door, &headers), &body).await;
    }
    use web::IntoResponse as _;
    match ended {
        Ok(withdrawn) => web::Json(withdrawn).into_response(),
        Err(fault) => fault.answer(),
    }
}

async fn take_back(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<Withdrawn, Fault> {
    let params = Params::read(body)?;
    let call = Call {
        path: WITHDRAW,
        headers,
        door,
        params: &params,
    };
    let caller = caller::authenticate(provider, &call).await?;
    caller.check_grant(GrantKind::Ciba)?;
    let secret = params
        .need("auth_req_id", "auth_req_id is missing")?
        .to_owned();
    provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (caller, secret) = (caller.clone(), secret.clone());
            async move {
                enter_in(&tx, &caller).await?;
                let waiting = ciba::find_in(&tx, &secret)
                    .await?
                    .filter(|waiting| waiting.client == caller.client.id())
                    .ok_or(Refusal::grant("auth_req_id is unknown"))?;
                let found = approval::get_in(&tx, waiting.approval).await?;
                if !found.state_at(tx.now()).is_open() {
                    return Err(Refusal::grant("the request has its outcome").into());
                }
                approval::step_in(&tx, &found, Step::Cancel, None).await?;
                Ok::<_, Fault>(Withdrawn {
                    status: "withdrawn",
                })
            }
        })
        .await
}

/// What a poll hears while there is no approval; `None` when there is.
fn standing(found: &Approval, now: Time) -> Option<Refusal> {
    let denied = |reason| Some(Refusal::new(Word::AccessDenied, reason));
    match (found.state_at(now), found.reason) {
        (ApprovalState::Approved, _) => None,
        (ApprovalState::Pending | ApprovalState::Seen, _) => Some(Refusal::new(
            Word::AuthorizationPending,
            "the person has not answered yet",
        )),
        (ApprovalState::Expired, _) => Some(Refusal::new(
            Word::ExpiredToken,
            "the person did not answer in time",
        )),
        (ApprovalState::Rejected, _) => denied("the person refused on the phone"),
        (ApprovalState::Cancelled, _) => denied("the request was withdrawn"),
        (ApprovalState::Failed, Some(FailReason::Level)) => {
            denied("the person does not reach the level that is asked for")
        }
        (ApprovalState::Failed, _) => denied("the phone may not approve"),
    }
}
