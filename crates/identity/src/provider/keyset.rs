//! Keys that a client publishes at an address of its own (`jwks_uri`, RFC 7591 section 2).
//!
//! Invariants: the address is registered and approved by two people like a key; it is called through the
//! house's way out, which knows where it must not go; what was fetched is kept in the store for every node,
//! used for an hour, and through an outage for a day; a key nobody knows makes one call a minute at most, on
//! all nodes together; each set that comes into force is on record with the prints of its keys.

use std::{sync::Arc, time::Duration};

use kernel::Time;
use serde_json::Value;

use super::{
    Provider,
    client::{Client, JWKS_BYTES, Keys, LIST_MAX},
    store::keyset::{self as tables, KeySet},
};
use crate::Error;

/// How long a fetched set is used without asking again.
pub(crate) const FRESH_FOR: Duration = Duration::from_secs(60 * 60);
/// How long it is used when the address does not answer.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Between two calls to one address.
pub(crate) const TRY_EVERY: Duration = Duration::from_secs(60);
/// Key sets kept in memory.
pub(crate) const SETS_KEPT: usize = 1_000;

/// A fetched set as this process knows it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) uri: String,
    fetched: Time,
    keys: Arc<Keys>,
}

impl Held {
    fn read(row: &KeySet) -> Option<Self> {
        Some(Self {
            uri: row.uri.clone(),
            fetched: row.fetched?,
            keys: Arc::new(Keys::published(row.jwks.as_ref()?)?),
        })
    }

    /// Whether it answers what is wanted without a call.
    fn serves(&self, wanted: Need<'_>, now: Time) -> bool {
        let has_it = match wanted {
            Need::Named(kid) => self.keys.named(kid).is_some(),
            Need::Reader => self.keys.reader.is_some(),
        };
        has_it && now.since(self.fetched) < FRESH_FOR
    }

    fn is_kept(&self, now: Time) -> bool {
        now.since(self.fetched) < KEPT_FOR
    }
}

/// The key that somebody needs of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need<'a> {
    /// The one a header names; without a name, the only one.
    Named(Option<&'a str>),
    /// The one that ID tokens are sealed to.
    Reader,
}

/// The keys of a client in force now, with the wanted one among them where its owner publishes it.
///
/// # Errors
/// The store fails. An address that does not answer is no error: the client then has the keys it had.
pub(crate) async fn keys_of(
    provider: &Provider,
    client: &Client,
    wanted: Need<'_>,
) -> Result<Arc<Keys>, Error> {
    let Some(uri) = &client.jwks_uri else {
        return Ok(client.keys());
    };
    let now = provider.now();
    let own = |held: &Held| held.uri == *uri;
    if let Some(held) = provider.key_set(client.id()).filter(own)
        && held.serves(wanted, now)
    {
        return Ok(held.keys);
    }
    // Another process may have fetched it meanwhile.
    let row = tables::find(provider.store(), client.id()).await?;
    let held = row.as_ref().and_then(Held::read).filter(own);
    if let Some(held) = held.as_ref().filter(|held| held.serves(wanted, now)) {
        return Ok(keep(provider, client, held.clone()));
    }
    if tables::claim(provider.store(), (client.id(), uri), TRY_EVERY).await?
        && let Some(fetched) = fetch(provider, client, uri).await?
    {
        return Ok(keep(provider, client, fetched));
    }
    match held.filter(|held| held.is_kept(now)) {
        Some(held) => Ok(keep(provider, client, held)),
        None => Ok(Arc::default()),
    }
}

fn keep(provider: &Provider, client: &Client, held: Held) -> Arc<Keys> {
    let keys = Arc::clone(&held.keys);
    provider.keep_key_set(client.id(), held);
    keys
}

/// Calls the address and writes what it answers. None when the answer is no set of keys.
async fn fetch(provider: &Provider, client: &Client, uri: &str) -> Result<Option<Held>, Error> {
    let answered = provider.outbound().get(uri.to_owned(), JWKS_BYTES).await;
    let read = answered.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let Some((jwks, keys)) = read.and_then(|jwks| {
        let keys = Keys::published(&jwks)?;
        Some((jwks, keys))
    }) else {
        tracing::info!(
            client = client.id(),
            "a client's key set could not be fetched"
        );
        return Ok(None);
    };
    let prints = keys.prints();
    let fetched = tables::put(provider.store(), (client.id(), uri), (jwks, prints)).await?;
    Ok(Some(Held {
        uri: uri.to_owned(),
        fetched,
        keys: Arc::new(keys),
    }))
}

impl Keys {
    /// A published JWK set. Keys of a kind that is not used here are passed over, as RFC 7517 section 5 asks;
    /// a set with a private key, with too many keys or with none to verify by is refused whole.
    pub(crate) fn published(jwks: &Value) -> Option<Self> {
        let all = jwks.get("keys")?.as_array()?;
        let is_private = |key: &Value| ["d", "k"].iter().any(|name| key.get(name).is_some());
        if all.len() > LIST_MAX || all.iter().any(is_private) {
            return None;
        }
        let mut keys = Self::default();
        for jwk in all {
            if let Some(one) = Self::of(std::slice::from_ref(jwk)) {
                keys.signing.extend(one.signing);
                keys.reader = keys.reader.or(one.reader);
            }
        }
        (!keys.signing.is_empty()).then_some(keys)
    }

    /// The thumbprints (RFC 7638) of the keys that verify, with the names their owner gave them.
    fn prints(&self) -> Vec<String> {
        let print =
            |key: &trust::ForeignKey| format!("{} {}", key.kid().unwrap_or("–"), key.thumbprint());
        self.signing.iter().map(print).collect()
    }
}
