//! The issuer of this installation: its address, keys and licence types, and the tokens it gives
//! out. Codes, access tokens and nonces are authenticated by a derived secret and name a row, so
//! nothing that could be stolen from the database can be redeemed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use kernel::{Env, Id, Secret, Time};
use trust::{KeyStore, PublicKey, Purpose, base64url, cose, digest, jws};

use crate::{Error, licence::LicenceType, status_list::Published};

/// Bytes of the authenticator in a token.
const MAC_BYTES: usize = 16;

/// Shared by all requests. Cheap to clone.
#[derive(Clone)]
pub struct Issuer(Arc<Inner>);

struct Inner {
    base_url: String,
    keys: KeyStore,
    secret: Secret<[u8; 32]>,
    env: Env,
    types: RwLock<Arc<BTreeMap<String, LicenceType>>>,
    /// Signed status lists by number, with the version they were made of.
    published: Mutex<BTreeMap<i64, (i64, Arc<Published>)>>,
}

/// A token this issuer gives out, by what it opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Token {
    /// The address of an offer.
    Reference,
    /// A pre-authorised code.
    Code,
    /// An access token.
    Access,
}

impl Token {
    const fn label(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Code => "code",
            Self::Access => "access",
        }
    }
}

impl Issuer {
    /// The issuer at `base_url` (`https://host`, no trailing slash).
    ///
    /// # Errors
    /// [`Error::Trust`] when the key store refuses.
    pub fn new(base_url: &str, keys: KeyStore, env: &Env) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            base_url: base_url.trim_end_matches('/').to_owned(),
            secret: keys.secret("credentials")?,
            keys,
            env: env.clone(),
            types: RwLock::default(),
            published: Mutex::default(),
        })))
    }

    /// Sets the licence types on offer; called at start and when a service pack is published.
    pub fn set_types(&self, types: Vec<LicenceType>) {
        let types = types
            .into_iter()
            .map(|one| (one.kind.clone(), one))
            .collect();
        *self.0.types.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(types);
    }

    /// All licence types, by kind.
    #[must_use]
    pub fn types(&self) -> Arc<BTreeMap<String, LicenceType>> {
        Arc::clone(&self.0.types.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The licence type of `kind`.
    ///
    /// # Errors
    /// [`Error::UnknownKind`].
    pub fn get_type(&self, kind: &str) -> Result<LicenceType, Error> {
        self.types()
            .get(kind)
            .cloned()
            .ok_or_else(|| Error::UnknownKind(kind.to_owned()))
    }

    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// The credential issuer identifier.
    #[must_use]
    pub fn identifier(&self) -> String {
        self.url("/credentials")
    }

    /// An address of this installation.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.base_url)
    }

    /// The `vct` of a kind of licence.
    #[must_use]
    pub fn vct(&self, kind: &str) -> String {
        self.url(&format!("/credentials/types/{kind}"))
    }

    /// The address of a status list.
    #[must_use]
    pub fn status_url(&self, list: i64) -> String {
        self.url(&format!("/credentials/status/{list}"))
    }

    #[must_use]
    pub fn keys(&self) -> &KeyStore {
        &self.0.keys
    }

    pub(crate) fn env(&self) -> &Env {
        &self.0.env
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.0.env.now()
    }

    /// The issuer key that signed a credential, found by its id. The chain in the header is not
    /// what makes it trusted: the key store is.
    #[must_use]
    pub fn credential_key(&self, header: &jws::Header) -> Option<PublicKey> {
        let kid = header.kid.as_deref()?;
        self.keys()
            .find(Purpose::CredentialIssuer, kid)
            .map(|known| known.key)
    }

    /// The issuer keys with a short id, however long retired: licences outlive keys.
    #[must_use]
    pub fn pass_keys(&self, short: &[u8]) -> Vec<PublicKey> {
        self.keys()
            .all(Purpose::CredentialIssuer)
            .into_iter()
            .map(|known| known.key)
            .filter(|key| cose::short_kid(key) == short)
            .collect()
    }

    pub(crate) fn token<N>(&self, token: Token, id: Id<N>) -> String {
        let mac = base64url::encode(self.mac(token.label(), &id.to_string()));
        format!("{id}.{mac}")
    }

    pub(crate) fn open_token<N>(&self, token: Token, text: &str) -> Option<Id<N>> {
        let (id, _) = text.split_once('.')?;
        let id: Id<N> = id.parse().ok()?;
        digest::equal(self.token(token, id).as_bytes(), text.as_bytes()).then_some(id)
    }

    /// Six digits that belong to an offer.
    pub(crate) fn tx_code<N>(&self, id: Id<N>) -> String {
        let mac = self.mac("tx-code", &id.to_string());
        let number = mac
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// Where on a status list a credential stands: unpredictable, and the same when the write runs
    /// again.
    pub(crate) fn slot<N>(&self, id: Id<N>, attempt: u32) -> u32 {
        let mac = self.mac("slot", &format!("{id}/{attempt}"));
        let number = mac
            .iter()
            .take(4)
            .fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        number % crate::status_list::LIST_ENTRIES
    }

    pub(crate) fn mac(&self, label: &str, message: &str) -> Vec<u8> {
        let message = format!("{label}\0{message}");
        let mac = digest::hmac_sha256(self.0.secret.expose(), message.as_bytes());
        mac.get(..MAC_BYTES).unwrap_or_default().to_vec()
    }

    pub(crate) fn published(&self) -> MutexGuard<'_, BTreeMap<i64, (i64, Arc<Published>)>> {
        self.0
            .published
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("base_url", &self.0.base_url)
            .finish_non_exhaustive()
    }
}
