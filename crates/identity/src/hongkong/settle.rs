//! What comes of a task once its approval has its outcome: the result is made, what the approval allows is
//! used up, and both are written together.

use ::store::Write;
use journal::{Step, Usage};
use kernel::{Actor, Id};
use serde_json::{Map, Value, json};
use trust::base64url;

use super::{
    HongKong,
    broker::PERSONAL,
    corp_sign, corporation,
    documents::{self, WalletAct},
    elsewhere, field, jobs,
    profile::{self as corporate_profile, Told},
    store::{
        task::{self as tasks, Settled},
        token::{self, NewToken},
    },
    task::{Asked, Kind, Task, seal_result},
    token::code,
    word::{Family, Word},
};
use crate::{
    AddressProof, Approval, ApprovalState, Binding, Error, Person, Reading, SigningItem,
    SigningRequest,
    provider::{Client, Scope, store::consent as connection},
    signing,
    store::{approval, person, profile, profile_version, wallet_offer},
};

/// What came of it, for the browser that waits.
#[derive(Clone, Debug)]
pub(crate) struct Concluded {
    pub(crate) word: Word,
    pub(crate) code: Option<String>,
    pub(crate) corp_code: Option<String>,
}

/// Everything that is written when a person has agreed.
#[derive(Clone, Debug)]
struct Granted {
    person: Id<Person>,
    signing: Option<Id<SigningRequest>>,
    result: Value,
    reading: Option<(Reading, Vec<crate::FieldKey>)>,
    /// The connection of a login: the subject the client knows.
    connects: Option<String>,
    code: Option<NewToken>,
    /// What the client learns of the company, for the company's own record.
    told: Option<Told>,
    /// The second code, of the company.
    corp_code: Option<NewToken>,
    /// What becomes of documents of the company.
    wallet: Option<WalletAct>,
}

/// Concludes `task` for whoever holds `binding`. `None` while the phone has not answered.
pub(crate) async fn conclude(
    hk: &HongKong,
    (task, client): (&Task, &Client),
    (actor, binding): (&Actor, &Binding),
) -> Result<Option<Concluded>, Error> {
    let id = task.approval.ok_or(Error::NotFound)?;
    let open = hk
        .store()
        .read(move |db| async move { approval::get_in(&db, id).await })
        .await?;
    let family = task.kind.family();
    let state = open.state_at(hk.provider().now());
    if let Some(word) = family.word(state, open.reason) {
        return refuse(hk, task, (actor, word)).await.map(Some);
    }
    if state != ApprovalState::Approved {
        return Ok(None);
    }
    let asked = task.open_asked(hk.identity().vault())?;
    let made = grant(hk, (task, client, &asked), (actor, binding), &open).await;
    let granted = match made {
        Ok(granted) => granted,
        Err(error) => match family.refusal_of(&error) {
            Some(word) => return refuse(hk, task, (actor, word)).await.map(Some),
            None => return Err(error),
        },
    };
    let secret = |code: &Option<NewToken>| code.as_ref().map(|code| code.secret.clone());
    let (code, corp_code) = (secret(&granted.code), secret(&granted.corp_code));
    let word = match write(hk, task, (actor, binding), granted).await {
        Ok(()) => Word::Success,
        Err(error @ (Error::Expired | Error::Inactive | Error::WalletFull)) => {
            let word = match error {
                Error::Expired => family.timed_out(),
                Error::WalletFull => Word::WalletFull,
                _ => family.failed(),
            };
            return refuse(hk, task, (actor, word)).await.map(Some);
        }
        Err(error) => return Err(error),
    };
    Ok(Some(Concluded {
        word,
        code,
        corp_code,
    }))
}

/// Writes an outcome that brings nothing.
pub(crate) async fn refuse(
    hk: &HongKong,
    task: &Task,
    (actor, word): (&Actor, Word),
) -> Result<Concluded, Error> {
    let settled = Settled {
        outcome: word,
        person: task.person,
        signing: task.signing,
        result: None,
        company: task.company,
    };
    let (id, kind) = (task.id, task.kind);
    hk.store()
        .write(actor, move |tx| {
            let settled = settled.clone();
            async move {
                if tasks::done_in(&tx, id, &settled).await? && !kind.is_of_browser() {
                    wallet_offer::drop_offered_in(&tx, id).await?;
                    jobs::call_in(&tx, id, 0).await?;
                }
                Ok::<_, Error>(())
            }
        })
        .await?;
    Ok(Concluded {
        word,
        code: None,
        corp_code: None,
    })
}

async fn write(
    hk: &HongKong,
    task: &Task,
    (actor, binding): (&Actor, &Binding),
    granted: Granted,
) -> Result<(), Error> {
    let result = seal_result(hk.identity().vault(), task.id, &granted.result)?;
    let settled = Settled {
        outcome: Word::Success,
        person: Some(granted.person),
        signing: granted.signing,
        result: (!task.kind.is_login()).then_some(result),
        company: task.company,
    };
    let (task, binding) = (task.clone(), binding.clone());
    hk.store()
        .write(actor, move |tx| {
            let (task, binding) = (task.clone(), binding.clone());
            let (settled, granted) = (settled.clone(), granted.clone());
            async move { write_in(&tx, (&task, &binding), (&settled, &granted)).await }
        })
        .await
}

async fn write_in(
    tx: &Write,
    (task, binding): (&Task, &Binding),
    (settled, granted): (&Settled, &Granted),
) -> Result<(), Error> {
    if !tasks::done_in(tx, task.id, settled).await? {
        return Err(Error::Consumed);
    }
    // Between the question and its answer the person may have left the company.
    if let Some(company) = task.company {
        let acting = (granted.person, company);
        let standing = corporation::standing_in(tx, acting, &task.client).await?;
        let mandate = standing.ok_or(Error::Inactive)?;
        if let Some(act) = &granted.wallet {
            documents::carry_out_in(tx, (task, act), (granted.person, &mandate)).await?;
        }
    }
    // A signature has used its approval up in the write that kept it.
    if let (Some(id), false) = (task.approval, task.kind.is_signature()) {
        approval::consume_in(tx, id, binding).await?;
    }
    if let (Some(told), Some(company)) = (&granted.told, task.company) {
        let action = if task.kind.is_login() {
            "company.client_entered"
        } else {
            "company.profile_read"
        };
        told.note_in(tx, (granted.person, company), action).await?;
    }
    if let Some((reading, keys)) = &granted.reading {
        profile::record_reading_in(tx, reading, keys).await?;
    }
    count_in(tx, task.kind, granted).await?;
    if let Some(subject) = &granted.connects {
        let known = (task.client.as_str(), subject.as_str());
        connection::put_in(tx, granted.person, known, &[Scope::Openid]).await?;
    }
    for code in [&granted.code, &granted.corp_code].into_iter().flatten() {
        token::insert_in(tx, code).await?;
    }
    if !task.kind.is_of_browser() {
        jobs::call_in(tx, task.id, 0).await?;
    }
    Ok(())
}

/// Counts a login and a filled form as the portal's own are counted; a signature counts where it is made.
async fn count_in(tx: &Write, kind: Kind, granted: &Granted) -> Result<(), Error> {
    let of_company = granted.told.as_ref().map_or(0, Told::count);
    let of_person = granted.reading.as_ref().map_or(0, |(_, keys)| keys.len());
    match kind.family() {
        Family::Login => {
            let step = Usage::of(Step::SignedIn);
            let step = person::counted_in(tx, granted.person, step).await?;
            journal::usage(tx, step).await?;
            Ok(())
        }
        Family::Profile | Family::Form => {
            count_fields_in(tx, granted.person, of_company + of_person).await
        }
        Family::Sign | Family::Bulk | Family::StepUp | Family::Wallet => Ok(()),
    }
}

/// Counts fields handed over, of a person or of the company they act for.
pub(crate) async fn count_fields_in(
    tx: &Write,
    person: Id<Person>,
    fields: usize,
) -> Result<(), Error> {
    let step = Usage::of(Step::Filled).value(i64::try_from(fields).unwrap_or(i64::MAX));
    let step = person::counted_in(tx, person, step).await?;
    journal::usage(tx, step).await?;
    Ok(())
}

async fn grant(
    hk: &HongKong,
    (task, client, asked): (&Task, &Client, &Asked),
    (actor, binding): (&Actor, &Binding),
    open: &Approval,
) -> Result<Granted, Error> {
    let person = open.person.ok_or(Error::Corrupt("approval"))?;
    let code_of = |company, scopes| code(hk, client, (task, person, company), scopes);
    let has_code = task.kind.is_of_browser();
    let mut granted = Granted {
        person,
        signing: task.signing,
        result: json!({}),
        reading: None,
        connects: None,
        told: None,
        code: has_code.then(|| code_of(None, &asked.scopes)),
        corp_code: task
            .company
            .filter(|_| has_code)
            .map(|company| code_of(Some(company), &asked.corp_scopes)),
        wallet: None,
    };
    match task.kind {
        Kind::CorpLogin => {
            granted.connects = Some(hk.provider().subject(&client.sector, person));
            granted.told = Some(Told::of(client, &[]));
        }
        Kind::Login => granted.connects = Some(hk.provider().subject(&client.sector, person)),
        // It is answered at once, and so never settled.
        Kind::CorpProfile => {}
        Kind::StepUp | Kind::CorpStepUp => granted.result = json!({ "isPassed": true }),
        Kind::CorpForm | Kind::AnonymousCorpForm => {
            granted.result = corporate(hk, (task, asked), person).await?;
            granted.told = Some(Told::of(client, &asked.corp_fields));
            let is_elsewhere = granted.result.get(ELSEWHERE).is_some();
            if is_elsewhere || !asked.fields.is_empty() {
                let (who, mut keys) = reading(client, asked, person);
                if is_elsewhere {
                    keys.extend(elsewhere::keys(&asked.elsewhere));
                    keys.sort_unstable();
                    keys.dedup();
                }
                granted.reading = Some((who, keys));
            }
        }
        Kind::CorpUpload => {
            let (result, act) = documents::accepted(hk, task.id).await?;
            (granted.result, granted.wallet) = (result, Some(act));
        }
        Kind::CorpShare => {
            let company = task.company.ok_or(Error::Corrupt("hongkong_task"))?;
            let (result, act) = documents::handed(hk, (client, asked), (open, company)).await?;
            (granted.result, granted.wallet) = (result, Some(act));
        }
        Kind::Profile | Kind::Form | Kind::AnonymousForm => {
            granted.result = Value::Object(values(hk, person, &asked.fields).await?);
            granted.reading = Some(reading(client, asked, person));
        }
        _ => {
            let (request, result) = sign(hk, (task, asked), (actor, binding), open).await?;
            granted.signing = Some(request.id);
            granted.result = corp_sign::told(hk, (client, task, asked), (&request, result)).await?;
            // By what right somebody signed is told with their name.
            if !asked.fields.is_empty() {
                granted.reading = Some(reading(client, asked, person));
            }
        }
    }
    Ok(granted)
}

fn reading(client: &Client, asked: &Asked, person: Id<Person>) -> (Reading, Vec<crate::FieldKey>) {
    let purpose = client.wire.as_ref().map(|wire| wire.purpose.clone());
    let reason = match &asked.form {
        Some(form) => kernel::Text::same(form.name.as_str()),
        None => purpose.unwrap_or_default(),
    };
    let reading = Reading {
        person,
        reader: client.name.clone(),
        department: client.department().to_owned(),
        reason,
    };
    (reading, field::keys(&asked.fields))
}

/// Where a form of a company has the fields of somebody without an identity card.
const ELSEWHERE: &str = "nonHKResident";

/// What a form of a company is filled in with; the person's part stands apart, to be sealed apart.
async fn corporate(
    hk: &HongKong,
    (task, asked): (&Task, &Asked),
    person: Id<Person>,
) -> Result<Value, Error> {
    let company = task.company.ok_or(Error::Corrupt("hongkong_task"))?;
    let mut result = Map::new();
    let corp = corporate_profile::values(hk, company, &asked.corp_fields).await?;
    result.insert("corp".to_owned(), Value::Object(corp));
    if !asked.fields.is_empty() {
        let own = values(hk, person, &asked.fields).await?;
        result.insert(PERSONAL.to_owned(), Value::Object(own));
    }
    if !asked.elsewhere.is_empty() {
        let known = profile::own_profile(hk.store(), hk.identity().vault(), person).await?;
        if let Some(own) = elsewhere::values(&asked.elsewhere, &known) {
            result.insert(ELSEWHERE.to_owned(), Value::Object(own));
        }
    }
    Ok(Value::Object(result))
}

async fn values(
    hk: &HongKong,
    person: Id<Person>,
    names: &[String],
) -> Result<Map<String, Value>, Error> {
    let (store, vault) = (hk.store(), hk.identity().vault());
    let known = profile::own_profile(store, vault, person).await?;
    let (has_proof, has_file) = field::proof_asked(names);
    let proof = if has_proof {
        let proof = profile_version::find_address_proof(store, person).await?;
        proof.filter(AddressProof::is_pdf)
    } else {
        None
    };
    let file = match &proof {
        Some(_) if has_file => {
            Some(profile_version::address_proof_content(store, vault, person).await?)
        }
        _ => None,
    };
    let proof = proof.as_ref().map(|proof| (proof, file.as_deref()));
    Ok(field::values(names, &known, proof))
}

/// Has the documents signed, or finds them signed when an earlier run got that far.
async fn sign(
    hk: &HongKong,
    (task, asked): (&Task, &Asked),
    (actor, binding): (&Actor, &Binding),
    open: &Approval,
) -> Result<(SigningRequest, Map<String, Value>), Error> {
    let person = open.person.ok_or(Error::Corrupt("approval"))?;
    let id = match task.signing {
        Some(id) => id,
        None => adopt(hk, (task, asked), (actor, binding), open).await?,
    };
    match hk.room().sign(actor, id, binding).await {
        Ok(_) | Err(Error::Consumed) => {}
        Err(error) => return Err(error),
    }
    let (request, items) = hk.room().result(id, person).await?;
    let evidence = hk.room().evidence(id, person).await?;
    let result = result_of(task.kind, (&request, &items), &evidence.certificate)?;
    Ok((request, result))
}

/// The phone's answer has named the signer: only now can the documents be theirs.
async fn adopt(
    hk: &HongKong,
    (task, asked): (&Task, &Asked),
    (actor, binding): (&Actor, &Binding),
    open: &Approval,
) -> Result<Id<SigningRequest>, Error> {
    let lead = (binding.clone(), open.place.clone(), open.return_to.clone());
    let new = asked.signing(open.person, lead)?;
    let prepared = hk.room().prepare(new).await?;
    let (open, id) = (open.clone(), task.id);
    hk.store()
        .write(actor, move |tx| {
            let (prepared, open) = (prepared.clone(), open.clone());
            async move {
                let request = signing::keep_in(&tx, &prepared, &open).await?;
                tasks::signed_by_in(&tx, id, request.id).await?;
                Ok::<_, Error>(request.id)
            }
        })
        .await
}

fn result_of(
    kind: Kind,
    (request, items): (&SigningRequest, &[SigningItem]),
    certificate: &[u8],
) -> Result<Map<String, Value>, Error> {
    let signed = request.signed.ok_or(Error::NotApproved)?;
    let all: Vec<Map<String, Value>> = items.iter().filter_map(entry).collect();
    if all.len() != items.len() {
        return Err(Error::Corrupt("signing_item"));
    }
    let mut result = Map::new();
    if kind.is_bulk() {
        result.insert("results".to_owned(), json!(all));
    } else if let Some(only) = all.into_iter().next() {
        result = only;
        result.remove("documentName");
    }
    result.insert("timestamp".to_owned(), json!(signed.micros() / 1_000));
    let certificate = base64url::encode_standard(certificate);
    result.insert("cert".to_owned(), json!(certificate));
    Ok(result)
}

fn entry(item: &SigningItem) -> Option<Map<String, Value>> {
    let signature = item.signature.as_ref()?;
    let name = match item.kind.form() {
        Some(_) => "docDigest",
        None => "hashCode",
    };
    let fields = [
        ("documentName", json!(item.name)),
        (name, json!(base64url::encode_standard(item.digest))),
        ("signature", json!(base64url::encode_standard(signature))),
    ];
    let fields = fields.into_iter();
    Some(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}
