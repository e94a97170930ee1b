//! The OpenID provider: web applications of departments sign people in here, by standards that any
//! client library speaks. OpenID Connect Core for ordinary applications, FAPI 2.0 Security Profile and
//! Message Signing for those that handle more; which rules count is registered per client.
//!
//! Invariants: every client is confidential, PKCE S256 is always asked for, redirect addresses match
//! byte by byte; a code lives a minute, once, and its second use ends what the first brought; what may
//! be used once is remembered by the store, so that two nodes agree; a person's subject differs from
//! sector to sector and never holds a card number; consent, step-up and signing are the house's one
//! approval, answered on the phone.

mod authorize;
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
mod logout;
mod metadata;
mod mint;
mod outbound;
mod par;
mod params;
mod refusal;
pub(crate) mod request;
mod revoke;
mod routes;
pub(crate) mod scope;
pub(crate) mod store;
mod token;
mod userinfo;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
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
pub use outbound::{Outbound, Post, Sent, Silent};
pub use refusal::{Refusal, Word};
pub use request::{ACR_BASIC, ACR_PLUS, Prompt, ResponseMode};
pub use routes::routes;
pub use scope::{Claim, Scope};
pub use store::{
    client::{
        CLIENTS_LISTED, ClientChange, change_client, client_days, clients_of,
        create_in as create_client_in, find_client, renew_secret,
    },
    consent::{Connection, connections_of, disconnect},
};

pub(crate) use authorize::{RECOGNISED, page as refusal_page};
pub(crate) use client::{Client, is_redirect};
pub(crate) use grant::Recognised;

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
    /// percent-encoded). Nothing is believed without it.
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
    /// Parsed registrations by id, with their revision; the store is asked for the revision each time.
    clients: Mutex<BTreeMap<String, (i64, client::Client)>>,
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
        let found = self.in_force(id).await?;
        Ok(found
            .filter(|(client, is_suspended)| client.wire.is_none() && !is_suspended)
            .map(|(client, _)| client))
    }

    /// The client of the Hong Kong wire form with this id, and whether it is suspended.
    pub(crate) async fn wire_client(
        &self,
        id: &str,
    ) -> Result<Option<(client::Client, bool)>, Error> {
        let found = self.in_force(id).await?;
        Ok(found.filter(|(client, _)| client.wire.is_some()))
    }

    async fn in_force(&self, id: &str) -> Result<Option<(client::Client, bool)>, Error> {
        let wanted = id.to_owned();
        let revision = self
            .store()
            .read(move |db| {
                let id = wanted.clone();
                async move { store::client::revision_in(&db, &id).await }
            })
            .await?;
        let Some((revision, is_suspended)) = revision else {
            return Ok(None);
        };
        if let Some((known, client)) = self.clients().get(id)
            && *known == revision
        {
            return Ok(Some((client.clone(), is_suspended)));
        }
        let Some(record) = store::client::find_client(self.store(), id).await? else {
            return Ok(None);
        };
        let Some(registration) = record.registration else {
            return Ok(None);
        };
        let client = client::Client::new(record.id, record.department, registration);
        let mut clients = self.clients();
        if clients.len() >= CLIENTS_KEPT {
            clients.clear();
        }
        clients.insert(id.to_owned(), (record.revision, client.clone()));
        Ok(Some((client, record.is_suspended)))
    }

    fn clients(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (i64, client::Client)>> {
        self.0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_certificates(&self) -> bool {
        self.0.certificate_header.is_some()
    }

    /// The certificate that the TLS terminator saw, when one is configured.
    pub(crate) fn certificate(&self, headers: &HeaderMap) -> Option<PeerCertificate> {
        let name = self.0.certificate_header.as_ref()?;
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
