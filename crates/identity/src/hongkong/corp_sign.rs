//! Signing for a company: the three types of the CorpID interface. `PERSONAL_SIGN` is a person's signature
//! for what the company does, `CORPID_SIGN` its chop, `INTEGRATED_SIGN` both: the result of the first
//! carries a token, and with it anybody of the company who may puts the chop on the same documents.
//!
//! Invariants: nobody's chop without their phone; the company is that of the token and of `ubi` both; a
//! token of signing is a mac over client and signature, so that it opens nothing to anybody else.

use kernel::{Actor, Id, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use trust::{base64url, digest};

use super::{
    HongKong, account, authority,
    broker::PERSONAL,
    bulk,
    caller::{Call, Fields},
    corporation::UBI_CHARS,
    holder::{self, Representative},
    registration::WireScope,
    reply::{Fault, Refusal},
    sign::SHORT_CHARS,
    store::task as tasks,
    task::{Asked, Kind, Source, Task, business_of},
    word::Word,
};
use crate::{
    Company, Error, Mandate, PersonName, SigningRequest,
    code::codes,
    provider::Client,
    signing::{Capacity, ForCompany, OnBehalf, Part},
};

/// Characters of a token of signing.
const TOKEN_CHARS: usize = 100;
/// The most that a document may bind a company to, in cents: a hundred thousand million dollars.
const AMOUNT_CENTS: u64 = 10_000_000_000_000;
/// What is told with the right by which somebody signed.
const TOLD: [&str; 2] = ["chName", "enName"];

codes! {
    /// Whose signature is wanted.
    SignType {
        Personal = "PERSONAL_SIGN",
        Chop = "CORPID_SIGN",
        Both = "INTEGRATED_SIGN",
    }
}

impl SignType {
    const fn first(self) -> (Capacity, Step) {
        match self {
            Self::Personal => (Capacity::Personal, Step::Only),
            Self::Chop => (Capacity::Chop, Step::Only),
            Self::Both => (Capacity::Personal, Step::First),
        }
    }
}

/// [`Part`], as it rests in a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Step {
    Only,
    First,
    Second(Id<SigningRequest>),
}

/// The company that a signature concerns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Corporate {
    company: Id<Company>,
    name: PersonName,
    service: String,
    pub(crate) sign_type: SignType,
    capacity: Capacity,
    step: Step,
    amount: Option<Money>,
    pub(crate) is_proven: bool,
}

impl Corporate {
    /// What goes to the signing room.
    pub(crate) fn behalf(&self) -> OnBehalf {
        OnBehalf {
            name: self.name.clone(),
            terms: ForCompany {
                company: self.company,
                capacity: self.capacity,
                service: self.service.clone(),
                amount: self.amount,
                part: match self.step {
                    Step::Only => Part::Only,
                    Step::First => Part::First,
                    Step::Second(first) => Part::Second(first),
                },
            },
            is_told: self.is_proven,
        }
    }
}

fn flag(fields: &Fields, name: &'static str) -> Result<bool, Refusal> {
    match fields.0.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(is)) => Ok(*is),
        Some(_) => Err(Word::Invalid.of(name)),
    }
}

/// What the documents bind the company to, when the request says so: an addition to the interface.
fn amount(fields: &Fields) -> Result<Option<Money>, Refusal> {
    let cents = fields.number("amountCents", AMOUNT_CENTS)?;
    let is_said = fields
        .0
        .get("amountCents")
        .is_some_and(|one| !one.is_null());
    let cents = i64::try_from(cents).map_err(|_| Word::Invalid.of("amountCents"))?;
    Ok(is_said.then(|| Money::from_cents(cents)))
}

/// The request names the company of its token, or it is refused.
pub(crate) fn check_company(fields: &Fields, mandate: &Mandate) -> Result<(), Refusal> {
    if fields.need("ubi", UBI_CHARS)? == mandate.company.business_number {
        Ok(())
    } else {
        Err(Word::Ubi.of("ubi"))
    }
}

/// The first, or only, signature.
pub(crate) async fn initiate(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    let who = signer(hk, call).await?;
    check_company(&call.fields, &who.mandate)?;
    let wanted = call.fields.need("signType", SHORT_CHARS)?;
    let sign_type: SignType = wanted.parse().map_err(|_| Word::Invalid.of("signType"))?;
    let kind = if sign_type == SignType::Chop {
        kind.chopped()
    } else {
        kind
    };
    let mut asked = account::read_asked(hk, call, kind)?;
    let (capacity, step) = sign_type.first();
    let corporate = Corporate {
        company: who.mandate.company.id,
        name: who.mandate.company.name.clone(),
        service: call.client.id().to_owned(),
        sign_type,
        capacity,
        step,
        amount: amount(&call.fields)?,
        is_proven: flag(&call.fields, "requireAuthProof")?,
    };
    put(&mut asked, corporate)?;
    account::ask(hk, call, (kind, asked), who.token.person).await
}

/// Who acts for which company by this call. The person's own token may stand beside the company's; then it
/// must be theirs.
async fn signer(hk: &HongKong, call: &Call) -> Result<Representative, Fault> {
    let who = holder::representative(hk, call, WireScope::CorpSign).await?;
    if call.fields.0.contains_key("iAMToken") {
        holder::check_person(hk, call, (&who, WireScope::Sign)).await?;
    }
    Ok(who)
}

fn put(asked: &mut Asked, corporate: Corporate) -> Result<(), Error> {
    asked.company = Some(corporate.company);
    asked.company_name = Some(corporate.name.clone());
    if corporate.is_proven {
        asked.fields = TOLD.map(str::to_owned).to_vec();
    }
    let signing = asked.signing.as_mut().ok_or(Error::Corrupt("signing"))?;
    signing.corporate = Some(corporate);
    Ok(())
}

/// The token that a first signature brings.
fn sign_token(hk: &HongKong, client: &Client, first: Id<SigningRequest>) -> String {
    let message = format!("hongkong sign\0{}\0{first}", client.id());
    let mac = digest::hmac_sha256(hk.provider().nonce_key(), message.as_bytes());
    format!("{first}.{}", base64url::encode(mac))
}

fn read_token(hk: &HongKong, call: &Call) -> Result<Id<SigningRequest>, Refusal> {
    let token = call.fields.need("signToken", TOKEN_CHARS)?;
    let unknown = || Word::Invalid.of("signToken");
    let id = token.split('.').next().and_then(|id| id.parse().ok());
    let id: Id<SigningRequest> = id.ok_or_else(unknown)?;
    let own = sign_token(hk, &call.client, id);
    if digest::equal(own.as_bytes(), token.as_bytes()) {
        Ok(id)
    } else {
        Err(unknown())
    }
}

/// The chop that completes a personal signature, by whoever holds the company token of this call. The
/// same request again, under the same name, tells what came of it.
pub(crate) async fn complete(hk: &HongKong, call: &Call, kind: Kind) -> Result<Value, Fault> {
    let who = signer(hk, call).await?;
    let first = read_token(hk, call)?;
    if let Some(known) = named(hk, call).await? {
        return repeated(hk, &known, (first, &who.mandate)).await;
    }
    let before = task_of(hk, call, first).await?;
    let before = before.open_asked(hk.identity().vault()).ok();
    let before = before.and_then(|asked| asked.signing?.corporate);
    let kind = kind.chopped();
    let mut asked = account::read_asked(hk, &with_page(call), kind)?;
    let said = amount(&call.fields)?;
    let corporate = Corporate {
        company: who.mandate.company.id,
        name: who.mandate.company.name.clone(),
        service: call.client.id().to_owned(),
        sign_type: SignType::Both,
        capacity: Capacity::Chop,
        step: Step::Second(first),
        amount: said.or_else(|| before.as_ref().and_then(|one| one.amount)),
        is_proven: flag(&call.fields, "requireAuthProof")?
            || before.as_ref().is_some_and(|one| one.is_proven),
    };
    put(&mut asked, corporate)?;
    check_first(hk, (first, kind), &asked).await?;
    account::ask(hk, call, (kind, asked), who.token.person).await
}

/// Whether the first signature takes a chop on these documents, in the words of the wire.
async fn check_first(
    hk: &HongKong,
    (first, kind): (Id<SigningRequest>, Kind),
    asked: &Asked,
) -> Result<(), Fault> {
    let signing = asked.signing.as_ref();
    let chop = signing.and_then(|signing| Some((signing.corporate.as_ref()?, signing.digest())));
    let (corporate, documents) = chop.ok_or(Error::Corrupt("signing"))?;
    let request = hk.room().request(first).await?;
    match request.takes_chop(&corporate.behalf().terms, &documents, hk.provider().now()) {
        Ok(()) => Ok(()),
        Err(Error::Expired) => Err(kind.family().timed_out().into()),
        Err(_) => Err(Word::Invalid.of("signToken").into()),
    }
}

/// The published request names no page: the department's own server asks, and hears the result.
fn with_page(call: &Call) -> Call {
    let mut call = call.clone();
    let home = call.client.redirect_uris.first().cloned();
    let fields = &mut call.fields.0;
    fields
        .entry("source")
        .or_insert_with(|| json!(Source::PcBrowser));
    fields.entry("redirectURI").or_insert_with(|| json!(home));
    call
}

/// The task that this client gave the name of the call.
async fn named(hk: &HongKong, call: &Call) -> Result<Option<Task>, Fault> {
    let client = call.client.id().to_owned();
    let business = business_of(&call.fields)?.to_owned();
    let found = hk
        .store()
        .read(move |db| {
            let (client, business) = (client.clone(), business.clone());
            async move { tasks::by_business_in(&db, &client, &business).await }
        })
        .await?;
    Ok(found)
}

async fn task_of(hk: &HongKong, call: &Call, signing: Id<SigningRequest>) -> Result<Task, Fault> {
    let found = hk
        .store()
        .read(move |db| async move { tasks::by_signing_in(&db, signing).await })
        .await?;
    let own = found.filter(|task| task.client == call.client.id());
    Ok(own.ok_or_else(|| Word::Invalid.of("signToken"))?)
}

/// What came of a chop that was asked for before, for whoever acts for the same company.
async fn repeated(
    hk: &HongKong,
    task: &Task,
    (first, mandate): (Id<SigningRequest>, &Mandate),
) -> Result<Value, Fault> {
    let asked = task.open_asked(hk.identity().vault()).ok();
    let corporate = asked.and_then(|asked| asked.signing?.corporate);
    let is_it =
        |one: &Corporate| one.step == Step::Second(first) && one.company == mandate.company.id;
    if !corporate.is_some_and(|one| is_it(&one)) {
        return Err(Word::Business.of("businessID").into());
    }
    match task.outcome {
        None => Ok(json!({ "isReady": false, "businessID": task.business })),
        Some(Word::Success) => {
            let id = task.id;
            let result = task.open_result(hk.identity().vault())?;
            let mut result = result.ok_or(Word::Unknown)?;
            hk.store()
                .write(&Actor::system("hongkong"), move |tx| async move {
                    tasks::drop_result_in(&tx, id).await
                })
                .await?;
            if let Some(fields) = result.as_object_mut() {
                fields.insert("isReady".to_owned(), json!(true));
                fields.insert("businessID".to_owned(), json!(task.business));
            }
            Ok(result)
        }
        Some(word) => Err(word.into()),
    }
}

/// The interface names what goes into a PDF otherwise than a bare signature.
fn name_pdf(result: &mut Map<String, Value>) {
    if let Some(Value::Array(all)) = result.get_mut("results") {
        all.iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(name_pdf);
    }
    if result.contains_key("docDigest")
        && let Some(message) = result.remove("signature")
    {
        result.insert("pdfSignature".to_owned(), message);
    }
}

/// What the client is told of a signature: beside the signature itself, what it needs to go on.
pub(crate) async fn told(
    hk: &HongKong,
    (client, task, asked): (&Client, &Task, &Asked),
    (request, mut result): (&SigningRequest, Map<String, Value>),
) -> Result<Value, Error> {
    let signing = asked.signing.as_ref();
    let Some(corporate) = signing.and_then(|one| one.corporate.as_ref()) else {
        return Ok(Value::Object(result));
    };
    name_pdf(&mut result);
    let mut all = if corporate.capacity == Capacity::Personal {
        let mut all = Map::new();
        all.insert(PERSONAL.to_owned(), Value::Object(result));
        all
    } else {
        result
    };
    all.insert("signType".to_owned(), json!(corporate.sign_type));
    let is_first = corporate.step == Step::First;
    all.insert("isComplete".to_owned(), json!(!is_first));
    if is_first {
        let token = sign_token(hk, client, request.id);
        all.insert("signToken".to_owned(), json!(token));
        let until = request.chop_until.map(|until| until.micros() / 1_000);
        all.insert("signTokenExpiresAt".to_owned(), json!(until));
    }
    if corporate.is_proven {
        let named = task.business.as_deref().unwrap_or_default();
        let proof = authority::proof(hk, request, (client.id(), named)).await?;
        all.insert("authProof".to_owned(), json!(proof));
    }
    Ok(Value::Object(all))
}

/// Where the signatures that a document needs stand.
pub(crate) async fn enquire(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    if call.fields.0.contains_key("statusToken") {
        return bulk::enquire(hk, call).await;
    }
    let task = signature(hk, call).await?;
    let status = bulk::status_of(hk, &task).await?;
    let mut told = json!({ "status": status, "businessID": task.business });
    let Some(request) = task.signing.filter(|_| task.outcome == Some(Word::Success)) else {
        return Ok(told);
    };
    let request = hk.room().request(request).await?;
    let (Some(until), Some(fields)) = (request.chop_until, told.as_object_mut()) else {
        return Ok(told);
    };
    let chop = match request.chop {
        Some(_) => "done",
        None if hk.provider().now() < until => "wanted",
        None => "missing",
    };
    fields.insert("chop".to_owned(), json!(chop));
    fields.insert("isComplete".to_owned(), json!(request.chop.is_some()));
    Ok(told)
}

/// The client no longer wants the signature.
pub(crate) async fn cancel(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    if call.fields.0.contains_key("statusToken") {
        return bulk::cancel(hk, call).await;
    }
    let task = signature(hk, call).await?;
    bulk::withdraw(hk, &task).await
}

/// A signature that this client asked for under the name of the call.
async fn signature(hk: &HongKong, call: &Call) -> Result<Task, Fault> {
    holder::check_registered(call, WireScope::CorpSign)?;
    let found = named(hk, call).await?;
    let own = found.filter(|task| task.kind.is_signature());
    Ok(own.ok_or_else(|| Word::Invalid.of("businessID"))?)
}
