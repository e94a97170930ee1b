//! Signing many documents with one answer of the phone.

use kernel::{Actor, Id};
use serde_json::{Map, Value, json};
use trust::{base64url, digest};

use super::{
    HongKong,
    caller::{Call, Fields},
    reply::{Fault, Refusal},
    settle,
    sign::{self, SHORT_CHARS},
    store::task as tasks,
    task::{Item, Kind, Signing, State, Task, USUAL},
    word::Word,
};
use crate::{
    ApprovalState, SigningAlgorithm,
    signing::{DOCUMENTS_MAX, NAME_CHARS},
    store::approval,
};

/// Where a request stands, as the wire says it.
const PENDING: &str = "SS001";
const SIGNING: &str = "SS002";
const DONE: &str = "SS003";
const CANCELLED: &str = "SS004";
/// Characters of a status token.
const TOKEN_CHARS: usize = 100;

/// A request to sign up to a thousand documents.
pub(crate) fn read(hk: &HongKong, call: &Call, kind: Kind) -> Result<Signing, Refusal> {
    let all = match call.fields.0.get("documents") {
        None | Some(Value::Null) => return Err(Word::Missing.of("documents")),
        Some(Value::Array(all)) => all,
        Some(_) => return Err(Word::Invalid.of("documents")),
    };
    if all.is_empty() || all.len() > DOCUMENTS_MAX {
        return Err(Word::BulkSize.of("documents"));
    }
    let read: Vec<(Item, SigningAlgorithm)> = all.iter().map(item).collect::<Result<_, _>>()?;
    let algorithm = read.first().map_or(USUAL, |(_, first)| *first);
    // One key signs them all.
    if read.iter().any(|(_, other)| *other != algorithm) {
        return Err(Word::Invalid.of("sigAlgo"));
    }
    let items = read.into_iter().map(|(item, _)| item).collect();
    let limit = u64::try_from(DOCUMENTS_MAX).unwrap_or(u64::MAX);
    let in_one = match call.fields.number("maxCallbackSigs", limit)? {
        0 => DOCUMENTS_MAX,
        number => usize::try_from(number).unwrap_or(DOCUMENTS_MAX),
    };
    Ok(Signing {
        in_one,
        algorithm,
        ..sign::head(hk, call, (kind, items))?
    })
}

fn item(document: &Value) -> Result<(Item, SigningAlgorithm), Refusal> {
    let fields: Map<String, Value> = document
        .as_object()
        .cloned()
        .ok_or_else(|| Word::Invalid.of("documents"))?;
    let fields = Fields(fields);
    let name = fields.need("documentName", NAME_CHARS)?.to_owned();
    let hash = fields.optional("hashCode", SHORT_CHARS)?;
    let pdf = fields.optional("docDigest", SHORT_CHARS)?;
    let ((kind, algorithm), digest) = match (hash, pdf) {
        (Some(hash), None) => (
            sign::hash_kind(&fields)?,
            sign::digest_of(hash, "hashCode")?,
        ),
        (None, Some(pdf)) => (
            (sign::pdf_kind(&fields)?, USUAL),
            sign::digest_of(pdf, "docDigest")?,
        ),
        _ => return Err(Word::Invalid.of("documents")),
    };
    Ok((Item { kind, name, digest }, algorithm))
}

/// What the client asks about a request with: its id, and a mac over it, so that nobody else can ask.
pub(crate) fn status_token(hk: &HongKong, id: Id<Task>) -> String {
    let message = format!("hongkong bulk\0{id}");
    let mac = digest::hmac_sha256(hk.provider().nonce_key(), message.as_bytes());
    format!("{id}.{}", base64url::encode(mac))
}

async fn found(hk: &HongKong, call: &Call) -> Result<Task, Fault> {
    let token = call.fields.need("statusToken", TOKEN_CHARS)?;
    let id = token.split('.').next().and_then(|id| id.parse().ok());
    let id: Id<Task> = id.ok_or(Word::BulkUnknown)?;
    if !digest::equal(status_token(hk, id).as_bytes(), token.as_bytes()) {
        return Err(Word::BulkUnknown.into());
    }
    let task = hk
        .store()
        .read(move |db| async move { tasks::find_in(&db, id).await })
        .await?;
    Ok(task
        .filter(|task| task.client == call.client.id())
        .ok_or(Word::BulkUnknown)?)
}

/// Where a request stands.
pub(crate) async fn enquire(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let task = found(hk, call).await?;
    let status = status_of(hk, &task).await?;
    Ok(json!({ "status": status, "businessID": task.business }))
}

/// Where a request stands, as the wire says it; what ended otherwise is refused with its number.
pub(crate) async fn status_of(hk: &HongKong, task: &Task) -> Result<&'static str, Fault> {
    let family = task.kind.family();
    let open = match (task.state, task.approval) {
        (State::Done, _) | (_, None) => None,
        (_, Some(id)) => Some(
            hk.store()
                .read(move |db| async move { approval::get_in(&db, id).await })
                .await?,
        ),
    };
    Ok(match (task.outcome, open) {
        (Some(Word::Success), _) => DONE,
        (Some(word), _) if word == family.cancelled() => CANCELLED,
        (Some(other), _) => return Err(other.into()),
        (None, Some(open)) => match open.state_at(hk.provider().now()) {
            ApprovalState::Pending | ApprovalState::Seen => PENDING,
            ApprovalState::Approved => SIGNING,
            ApprovalState::Cancelled => CANCELLED,
            state => {
                let word = family.word(state, open.reason);
                return Err(word.unwrap_or(family.failed()).into());
            }
        },
        (None, None) => PENDING,
    })
}

/// The client no longer wants the signatures.
pub(crate) async fn cancel(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let task = found(hk, call).await?;
    withdraw(hk, &task).await
}

/// Takes the question back from the phone.
pub(crate) async fn withdraw(hk: &HongKong, task: &Task) -> Result<Value, Fault> {
    let too_late = || {
        if task.kind.is_bulk() {
            Word::BulkTooLate
        } else {
            Word::SignFailed
        }
    };
    let actor = Actor::system("hongkong");
    let withdrawn = || json!({ "status": CANCELLED, "businessID": task.business });
    if task.state == State::Ticket {
        settle::refuse(hk, task, (&actor, task.kind.family().cancelled())).await?;
        return Ok(withdrawn());
    }
    let Some(open) = task.approval.filter(|_| task.state != State::Done) else {
        return Err(too_late().into());
    };
    let found = hk
        .store()
        .read(move |db| async move { approval::get_in(&db, open).await })
        .await?;
    // Without a login it is bound to the browser that waits, on whose behalf the client asks.
    match approval::cancel(hk.store(), &actor, open, &found.binding).await {
        Ok(()) => Ok(withdrawn()),
        Err(crate::Error::Decided | crate::Error::Expired) => Err(too_late().into()),
        Err(error) => Err(error.into()),
    }
}
