//! The OpenID provider: web applications of departments sign people in here, by standards that any
//! client library speaks. OpenID Connect Core for ordinary applications, FAPI 2.0 Security Profile and
//! Message Signing for those that handle more; which rules count is registered per client.
//!
//! Invariants: every client is confidential, PKCE S256 is always asked for, redirect addresses match
//! byte by byte; a code lives a minute, once, and its second use ends what the first brought; what may
//! be used once is remembered by the store, so that two nodes agree; a person's subject differs from
//! sector to sector and never holds a card number; a token is for this platform or for one client's
//! resources, and nobody else learns of it; consent, step-up and signing are the house's one approval,
//! answered on the phone.
//!
//! ```text
//! PAR ─▶ request ─▶ authorize ─┬─ known and agreed ─────────────▶ code ─▶ token ─▶ userinfo
//!                              └─ sign in ▶ consent ▶ (phone) ──▶ code
//! bc-authorize ─▶ approval on the phone ─▶ poll or ping ─────────────────▶ token
//! ```
//! A login writes four times: the request, the grant with its code, the code's use, the look at the
//! person with its record. A client's registration is kept parsed, and each of those writes asks whether
//! it still stands. A consent withdrawn, a session ended, a code used twice, a client suspended end its
//! tokens at the next use. Modules of the conformance suite are tests by name.

mod authorize;
pub(crate) mod behalf;
mod caller;
pub(crate) mod ciba;
pub(crate) mod client;
mod connect;
mod connections;
pub mod demo;
pub(crate) mod detail;
mod dpop;
mod exchange;
pub(crate) mod grant;
mod introspect;
pub(crate) mod jobs;
mod keyset;
mod logout;
mod metadata;
mod mint;
mod outbound;
mod par;
mod params;
mod refusal;
pub(crate) mod request;
mod resource;
mod revoke;
mod routes;
pub(crate) mod scope;
mod seen;
mod sign_for;
mod signing;
pub(crate) mod store;
mod token;
mod userinfo;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, HeaderName};
use kernel::{Env, Id, Secret, Time};
use trust::{KeyStore, PeerCertificate, base64url, digest};

use crate::{Error, Identity, Person};

pub use client::{
    AuthMethod, ClientRecord, ClientState, Flaw, GrantKind, Profile as ClientProfile, Registration,
    ScopePurpose, Sender,
};
pub use detail::{Action, Amount, Detail, DetailKind, Document};
pub use jobs::jobs;
pub use outbound::{Fetched, Outbound, Post, Sent, Silent};
pub use refusal::{Refusal, Word};
pub use request::{ACR_BASIC, ACR_PLUS, Prompt, ResponseMode};
pub use routes::routes;
pub use scope::{Claim, Scope};
pub use signing::{SigningCounter, signing_routes};
pub use store::{
    client::{
        CLIENTS_LISTED, ClientChange, change_client, clients_for_companies, clients_of,
        create_in as create_client_in, find_client, renew_secret, resource_name,
    },
    consent::{Connection, connections_of, disconnect},
    day::{ClientUse, UseOfDay, Uses, client_days, client_uses},
    keyset::{KeySet, find as find_key_set},
};

use seen::Seen;

pub(crate) use authorize::{RECOGNISED, page as refusal_page};
pub(crate) use client::{Client, is_redirect};
pub(crate) use grant::Recognised;
pub(crate) use logout::end_session_in;

/// Ends the browser's session and what was granted to clients in it; they are told.
pub(crate) async fn sign_out(visit: &web::Visit, identity: &Identity) -> web::Outcome<()> {
    logout::end(visit, identity.store()).await
}

/// Clients whose parsed registration is kept in memory.
const CLIENTS_KEPT: usize = 1_000;

/// How this provider is reached.
#[derive(Clone, Debug, Default)]
pub struct ProviderConfig {
    /// The address of the platform without a trailing slash: the issuer.
    pub base_url: String,
    /// The header in which the TLS terminator passes on a client's certificate (RFC 9440, or PEM
    /// percent-encoded). Nothing is believed without it, nor from anybody but a trusted proxy.
    pub certificate_header: Option<HeaderName>,
}

/// The provider. Cheap to clone.
#[derive(Clone)]
pub struct Provider(Arc<Inner>);

struct Inner {
    identity: Identity,
    keys: KeyStore,
    issuer: String,
    certificate_header: Option<HeaderName>,
    subject_key: Secret<[u8; 32]>,
    nonce_key: Secret<[u8; 32]>,
    outbound: Arc<dyn Outbound>,
    /// Parsed registrations by id; each transaction that relies on one asks for its revision.
    clients: Mutex<BTreeMap<String, client::Client>>,
    /// Published keys by client.
    key_sets: Mutex<BTreeMap<String, keyset::Held>>,
    /// Access tokens that this process signed or verified.
    seen: Mutex<Seen>,
}

impl Provider {
    /// # Errors
    /// [`Error::Trust`] when a secret cannot be derived.
    pub fn new(
        identity: Identity,
        keys: KeyStore,
        config: ProviderConfig,
        outbound: Arc<dyn Outbound>,
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            subject_key: keys.secret("openid subject")?,
            nonce_key: keys.secret("openid nonce")?,
            identity,
            keys,
            issuer: config.base_url.trim_end_matches('/').to_owned(),
            certificate_header: config.certificate_header,
            outbound,
            clients: Mutex::default(),
            key_sets: Mutex::default(),
            seen: Mutex::default(),
        })))
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.0.identity
    }

    pub(crate) fn store(&self) -> &::store::Store {
        self.0.identity.store()
    }

    pub(crate) fn keys(&self) -> &KeyStore {
        &self.0.keys
    }

    pub(crate) fn env(&self) -> &Env {
        self.store().env()
    }

    pub(crate) fn now(&self) -> Time {
        self.env().now()
    }

    /// The issuer, which is also the audience of assertions.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.0.issuer)
    }

    pub(crate) fn nonce_key(&self) -> &[u8; 32] {
        self.0.nonce_key.expose()
    }

    pub(crate) fn outbound(&self) -> &dyn Outbound {
        &*self.0.outbound
    }

    /// A secret nobody guesses: 256 random bits.
    pub(crate) fn draw(&self) -> String {
        base64url::encode(self.env().bytes::<32>())
    }

    /// The subject of a person in a sector: the same for all its clients, another for every other
    /// sector, unchanged when keys are rotated (OpenID Connect Core section 8.1).
    pub(crate) fn subject(&self, sector: &str, person: Id<Person>) -> String {
        let message = [b"person", sector.as_bytes(), &person.bytes()[..]].join(&0);
        base64url::encode(digest::hmac_sha256(self.0.subject_key.expose(), &message))
    }

    /// The subject of a company in a sector.
    pub(crate) fn company_subject(&self, sector: &str, company: Id<crate::Company>) -> String {
        let message = [b"company", sector.as_bytes(), &company.bytes()[..]].join(&0);
        base64url::encode(digest::hmac_sha256(self.0.subject_key.expose(), &message))
    }

    /// The `sid` a client knows a browser session by.
    pub(crate) fn session_for(&self, client: &str, session: &str) -> String {
        let message = [b"session", client.as_bytes(), session.as_bytes()].join(&0);
        let mac = digest::hmac_sha256(self.0.subject_key.expose(), &message);
        base64url::encode(mac.get(..16).unwrap_or_default())
    }

    /// The client in force with this id; none when it is suspended, not approved, or speaks another
    /// wire than OpenID Connect.
    pub(crate) async fn client(&self, id: &str) -> Result<Option<client::Client>, Error> {
        self.forget_changed(id).await?;
        self.known_client(id).await
    }

    /// The client as this process knows it, without a look into the store when it does. Whoever relies
    /// on it asks [`store::client::check_in`] in the transaction that follows, and begins again when the
    /// registration has changed.
    pub(crate) async fn known_client(&self, id: &str) -> Result<Option<client::Client>, Error> {
        if let Some(client) = self.clients().get(id) {
            return Ok(Some(client.clone()));
        }
        let found = self.read_client(id).await?.and_then(client::Client::of);
        let Some(client) = found.filter(|client| client.wire.is_none()) else {
            return Ok(None);
        };
        let mut clients = self.clients();
        if clients.len() >= CLIENTS_KEPT {
            clients.clear();
        }
        clients.insert(id.to_owned(), client.clone());
        Ok(Some(client))
    }

    async fn read_client(&self, id: &str) -> Result<Option<ClientRecord>, Error> {
        store::client::find_client(self.store(), id).await
    }

    /// The client of the Hong Kong wire form with this id, and whether it is suspended.
    pub(crate) async fn wire_client(
        &self,
        id: &str,
    ) -> Result<Option<(client::Client, bool)>, Error> {
        let Some(mut record) = self.read_client(id).await? else {
            return Ok(None);
        };
        // Who is suspended is told so, once the signature holds.
        let is_suspended = std::mem::take(&mut record.is_suspended);
        let client = client::Client::of(record).filter(|client| client.wire.is_some());
        Ok(client.map(|client| (client, is_suspended)))
    }

    /// Forgets what is known of a client when the store knows something else; whether it did.
    pub(crate) async fn forget_changed(&self, id: &str) -> Result<bool, Error> {
        let Some(known) = self.clients().get(id).cloned() else {
            return Ok(false);
        };
        let client = known.clone();
        let is_current = self
            .store()
            .read(move |db| async move { store::client::is_current_in(&db, &client).await })
            .await?;
        if !is_current {
            self.clients().remove(id);
        }
        Ok(!is_current)
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<String, client::Client>> {
        self.0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn key_set(&self, client: &str) -> Option<keyset::Held> {
        self.key_sets().get(client).cloned()
    }

    fn keep_key_set(&self, client: &str, held: keyset::Held) {
        let mut sets = self.key_sets();
        if sets.len() >= keyset::SETS_KEPT {
            sets.clear();
        }
        sets.insert(client.to_owned(), held);
    }

    fn key_sets(&self) -> MutexGuard<'_, BTreeMap<String, keyset::Held>> {
        let sets = self.0.key_sets.lock();
        sets.unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_certificates(&self) -> bool {
        self.0.certificate_header.is_some()
    }

    /// The certificate that the TLS terminator saw, when one is configured and passed the request on:
    /// from anybody else the header is ignored.
    pub(crate) fn certificate(
        &self,
        (door, headers): (&web::Door, &HeaderMap),
    ) -> Option<PeerCertificate> {
        let name = self.0.certificate_header.as_ref()?;
        if !door.is_proxied() {
            return None;
        }
        let mut values = headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return None;
        };
        PeerCertificate::from_header(value.to_str().ok()?).ok()
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({})", self.0.issuer)
    }
}

#[cfg(test)]
mod tests;
