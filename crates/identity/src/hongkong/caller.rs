//! Who calls, and what they say: the signature of the headers, the nonce, the sealed body.

use std::time::Duration;

use axum::http::HeaderMap;
use kernel::{Actor, Time};
use serde::Deserialize;
use serde_json::{Map, Value};
use trust::{base64url, digest, envelope::ContentKey};
use web::{Door, Rate};

use super::{
    HongKong, key,
    reply::{Fault, Refusal},
    store::key as keys,
    word::{Dialect, Word},
};
use crate::provider::Client;

/// A request's clock may differ from ours by this much. Several machines of one client sign at a time, so
/// the order of their clocks says nothing; the nonce is what makes a request count once.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// Characters of a nonce.
const NONCE_CHARS: usize = 36;
/// What is counted of clients, by their ids: calls, and failures to prove a key from one address.
const COUNTED: &str = "client";
/// The one signature method.
const METHOD: &str = "HmacSHA256";

/// Who called, once the signature holds.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    /// The interface it came to, which is known by its path.
    pub(crate) dialect: Dialect,
}

/// A call whose body has been opened.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) client: Client,
    pub(crate) dialect: Dialect,
    /// The key the body came under; the answer goes back under it.
    pub(crate) key: ContentKey,
    pub(crate) fields: Fields,
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Refusal> {
    let mut all = headers.get_all(name).iter();
    let value = match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Word::Invalid.of(name))?,
        (None, _) => return Err(Word::Missing.of(name)),
        _ => return Err(Word::Invalid.of(name)),
    };
    if value.is_empty() {
        return Err(Word::Empty.of(name));
    }
    Ok(value)
}

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Come<'r> {
    pub(crate) door: &'r Door,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
}

/// Checks the headers over the body, and uses up the nonce. Whoever fails too often to be a client waits,
/// at that address; whoever is it may ask often, from wherever.
pub(crate) async fn admit(
    hk: &HongKong,
    dialect: Dialect,
    come: Come<'_>,
) -> Result<Caller, Fault> {
    let door = come.door;
    let claimed = door.here(header(come.headers, "clientid")?);
    door.check_held(COUNTED, &claimed)?;
    let proven = prove(hk, dialect, come).await;
    match &proven {
        Ok(caller) => door.count(Rate::Caller, COUNTED, caller.client.id())?,
        Err(Fault::Refused(refusal, _)) if refusal.word == Word::Signature => {
            door.failed(COUNTED, &claimed);
        }
        Err(_) => {}
    }
    proven
}

async fn prove(hk: &HongKong, dialect: Dialect, come: Come<'_>) -> Result<Caller, Fault> {
    let Come { headers, body, .. } = come;
    let id = header(headers, "clientid")?;
    let method = header(headers, "signaturemethod")?;
    let timestamp = header(headers, "timestamp")?;
    let nonce = header(headers, "nonce")?;
    let signature = header(headers, "signature")?;
    if method != METHOD {
        return Err(Word::Method.into());
    }
    let is_nonce = nonce.len() <= NONCE_CHARS && nonce.bytes().all(|b| b.is_ascii_graphic());
    if !is_nonce {
        return Err(Word::Invalid.of("nonce").into());
    }
    // An unknown client and a wrong signature look the same.
    let found = hk.provider().wire_client(id).await?;
    let Some((client, is_suspended)) = found else {
        return Err(Word::Signature.into());
    };
    let caller = Caller { client, dialect };
    let message = [id, method, timestamp, nonce].concat();
    let message = [message.as_bytes(), body].concat();
    check_signature(hk, &caller, (&message, signature))?;
    check_time(hk, timestamp)?;
    use_nonce(hk, &caller, nonce).await?;
    if is_suspended {
        return Err(Word::Suspended.into());
    }
    if !dialect.is_spoken_by(caller.client.profile) {
        return Err(Word::Permission.into());
    }
    Ok(caller)
}

fn check_signature(
    hk: &HongKong,
    caller: &Caller,
    (message, signature): (&[u8], &str),
) -> Result<(), Fault> {
    let wire = caller.client.wire.as_ref().ok_or(Word::Signature)?;
    let given = read_signature(signature).ok_or(Word::Signature)?;
    let secrets = wire.open_secrets(hk.identity().vault(), caller.client.id())?;
    let is_right = secrets
        .iter()
        .map(|secret| digest::hmac_sha256(secret.expose(), message))
        // Every secret is tried, so that time does not say which one it was.
        .fold(false, |is_right, own| {
            digest::equal(&own, &given) | is_right
        });
    if is_right {
        Ok(())
    } else {
        Err(Word::Signature.into())
    }
}

/// Base64, or base64 that was percent-encoded once: real clients send either.
fn read_signature(text: &str) -> Option<Vec<u8>> {
    let plain = text
        .replace("%2B", "+")
        .replace("%2b", "+")
        .replace("%2F", "/")
        .replace("%2f", "/")
        .replace("%3D", "=")
        .replace("%3d", "=");
    base64url::decode_standard(&plain).ok()
}

fn check_time(hk: &HongKong, timestamp: &str) -> Result<(), Refusal> {
    let invalid = || Word::Invalid.of("timestamp");
    let millis: i64 = timestamp.parse().map_err(|_| invalid())?;
    let micros = millis.checked_mul(1_000).ok_or_else(invalid)?;
    let (then, now) = (Time::from_micros(micros), hk.provider().now());
    let apart = if then > now {
        then.since(now)
    } else {
        now.since(then)
    };
    if apart > WINDOW {
        return Err(invalid());
    }
    Ok(())
}

async fn use_nonce(hk: &HongKong, caller: &Caller, nonce: &str) -> Result<(), Fault> {
    let parts = ["hongkong nonce", "\0", caller.client.id(), "\0", nonce].map(str::as_bytes);
    let digest = digest::sha256_parts(&parts);
    // A time from the far end of the window passes until the window has gone by twice.
    let until = hk.provider().now() + 2 * WINDOW;
    let is_new = hk
        .store()
        .write(&Actor::system("hongkong"), move |tx| async move {
            crate::provider::store::use_digest_in(&tx, digest, until).await
        })
        .await?;
    if is_new {
        Ok(())
    } else {
        Err(Word::Duplicate.into())
    }
}

#[derive(Deserialize)]
struct Body {
    content: String,
}

/// As [`admit`], and opens the body.
pub(crate) async fn open(hk: &HongKong, caller: &Caller, body: &[u8]) -> Result<Call, Fault> {
    if body.is_empty() {
        return Err(Word::Missing.of("content").into());
    }
    let body: Body = serde_json::from_slice(body).map_err(|_| Word::Invalid.of("content"))?;
    let (id, dialect) = (caller.client.id().to_owned(), caller.dialect);
    let stored = hk
        .store()
        .read(move |db| {
            let id = id.clone();
            async move { keys::live_in(&db, (&id, dialect)).await }
        })
        .await?
        .ok_or(Word::NoKey)?;
    let key = key::opened(hk, &stored)?;
    let plain = key.open(&body.content).map_err(|_| Word::NotOpened)?;
    let fields = serde_json::from_slice(&plain).map_err(|_| Word::NotOpened)?;
    Ok(Call {
        client: caller.client.clone(),
        dialect,
        key,
        fields: Fields(fields),
    })
}

/// The parameters of a call.
#[derive(Clone, Debug)]
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    /// A parameter that must be there, of at most `limit` characters.
    pub(crate) fn need(&self, name: &'static str, limit: usize) -> Result<&str, Refusal> {
        self.optional(name, limit)?
            .ok_or_else(|| match self.0.get(name) {
                Some(Value::String(_)) => Word::Empty.of(name),
                _ => Word::Missing.of(name),
            })
    }

    /// A parameter that may be missing or empty.
    pub(crate) fn optional(
        &self,
        name: &'static str,
        limit: usize,
    ) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= limit => Ok(Some(text)),
            Some(_) => Err(Word::Invalid.of(name)),
        }
    }

    /// A whole number from 0 to `limit`, 0 when it is missing.
    pub(crate) fn number(&self, name: &'static str, limit: u64) -> Result<u64, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(0),
            Some(value) => value
                .as_u64()
                .filter(|number| *number <= limit)
                .ok_or_else(|| Word::Invalid.of(name)),
        }
    }

    /// A list of words; none when it is missing.
    pub(crate) fn list(&self, name: &'static str, limit: usize) -> Result<Vec<&str>, Refusal> {
        let all = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(all)) if all.len() <= limit => all,
            Some(_) => return Err(Word::Invalid.of(name)),
        };
        all.iter()
            .map(|one| one.as_str().ok_or_else(|| Word::Invalid.of(name)))
            .collect()
    }
}
