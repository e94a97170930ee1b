//! The sealed file key store. At first start it makes a 256-bit master key (`keys/master.key`, mode
//! 0600, or given by configuration) and one key per [`Purpose`]; every other key lies in
//! `keys/keyring.json` sealed under the master key and bound to its purpose and id. Rotation adds a
//! key and retires the old one, which stays for verification. Two processes on one directory take
//! turns through a lock file.

mod file;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use kernel::{Env, Secret, Time};
use serde::{Deserialize, Serialize};

use self::file::{Entry, Keyring};
use crate::{
    Error, Jwk, PublicKey, Signer as _, SigningKey, Vault, ca, digest,
    evidence::NoteKey,
    token::Token,
    x509::{self, Life, Profile, Subject},
};

/// Retired keys stay in published key sets for this long.
pub const RETIRED_PUBLISHED: Duration = Duration::from_secs(400 * 86_400);
/// How much slower than ours the clock of somebody who checks a new certificate may be.
pub(crate) const CLOCK_SLACK: Duration = Duration::from_secs(60);
/// Keys one store holds at most, retired ones included.
pub const KEYS_MAX: usize = 512;

/// What a key is for. A key never serves two purposes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The trust anchor: signs certificates only.
    Root,
    /// Access tokens and identity tokens.
    Session,
    /// The platform's seal on signed applications, decisions and receipts.
    Seal,
    /// SD-JWT VC and offline passes.
    CredentialIssuer,
    /// Status list tokens and the trust list.
    StatusList,
    /// Messages to and from payment providers and other systems.
    Webhook,
    /// Certificates of everything that signs documents, and their revocation lists.
    DocumentAuthority,
    /// The platform's seal on letters, receipts and other files (PAdES, CMS).
    DocumentSeal,
    /// Time-stamps (RFC 3161).
    TimeStamp,
    /// Answers about the standing of certificates (RFC 6960).
    CertificateStatus,
    /// Checkpoints of the evidence log (Ed25519; all others are ES256).
    Evidence,
}

impl Purpose {
    pub const ALL: [Self; 11] = [
        Self::Root,
        Self::Session,
        Self::Seal,
        Self::CredentialIssuer,
        Self::StatusList,
        Self::Webhook,
        Self::DocumentAuthority,
        Self::DocumentSeal,
        Self::TimeStamp,
        Self::CertificateStatus,
        Self::Evidence,
    ];

    /// What the document authority certifies, with the name each is certified under.
    const DOCUMENT_LEAVES: [(Self, Profile, &'static str); 3] = [
        (Self::DocumentSeal, Profile::Seal, "Causeway document seal"),
        (
            Self::TimeStamp,
            Profile::TimeStamp,
            "Causeway time-stamp authority",
        ),
        (
            Self::CertificateStatus,
            Profile::Status,
            "Causeway certificate status",
        ),
    ];

    /// The word used in files and key derivation.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Session => "session",
            Self::Seal => "seal",
            Self::CredentialIssuer => "credential_issuer",
            Self::StatusList => "status_list",
            Self::Webhook => "webhook",
            Self::DocumentAuthority => "document_authority",
            Self::DocumentSeal => "document_seal",
            Self::TimeStamp => "time_stamp",
            Self::CertificateStatus => "certificate_status",
            Self::Evidence => "evidence",
        }
    }

    const fn profile(self) -> Option<ca::Profile> {
        match self {
            Self::CredentialIssuer => Some(ca::Profile::CredentialSigner),
            Self::StatusList => Some(ca::Profile::StatusSigner),
            _ => None,
        }
    }

    fn document_leaf(self) -> Option<(Profile, &'static str)> {
        Self::DOCUMENT_LEAVES
            .into_iter()
            .find(|(purpose, ..)| *purpose == self)
            .map(|(_, profile, name)| (profile, name))
    }

    fn is_certified(self) -> bool {
        self.profile().is_some() || self.document_leaf().is_some()
    }

    /// Days before the end of its certificate at which the key of this purpose is replaced; none for
    /// the anchor that inspectors pin, and for keys without certificate. An authority goes before
    /// anything it certifies would outlive it.
    const fn renewed_before(self) -> Option<i64> {
        match self {
            Self::Root => None,
            Self::DocumentAuthority => Some(ca::LEAF_DAYS + ca::RENEW_DAYS),
            _ => Some(ca::RENEW_DAYS),
        }
    }
}

/// A published key set (RFC 7517 section 5).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// A certified signing key: the certificate is absent for purposes without a profile.
#[derive(Clone, Debug)]
pub struct Signed {
    pub key: Arc<SigningKey>,
    /// DER certificates for `x5c`, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
}

/// A key for verification, current or retired.
#[derive(Clone, Debug)]
pub struct Known {
    pub key: PublicKey,
    pub kid: String,
    pub purpose: Purpose,
    pub certificate: Option<Vec<u8>>,
    pub created: Time,
    pub retired: Option<Time>,
}

/// The keys of this installation. Cheap to clone.
#[derive(Clone)]
pub struct KeyStore(Arc<Inner>);

struct Inner {
    /// None: keys live in memory only (tests).
    dir: Option<PathBuf>,
    env: Env,
    master: Secret<[u8; 32]>,
    vault: Vault,
    /// Where new keys are made and lie; none: sealed in the key ring.
    token: Option<Arc<dyn Token>>,
    ring: RwLock<Arc<Ring>>,
}

#[derive(Default)]
struct Ring {
    current: BTreeMap<Purpose, Signed>,
    known: BTreeMap<String, Known>,
    note: Option<Arc<NoteKey>>,
    /// The sealed form all of this came from; for an in-memory store, its only place.
    keyring: Keyring,
}

impl KeyStore {
    /// Opens `dir/keys`, making it and its keys at first start.
    ///
    /// # Errors
    /// [`Error::KeyFile`] when files cannot be read or written; [`Error::Unseal`] when the master
    /// key does not fit the key ring.
    pub fn open(dir: &Path, env: &Env) -> Result<Self, Error> {
        Self::open_with(dir, env, None)
    }

    /// As [`KeyStore::open`]; keys made from now on lie in `token`, and those that lie there already
    /// are used there. The master key and the key of the evidence log stay in files: one opens
    /// columns, the other is Ed25519.
    ///
    /// # Errors
    /// As [`KeyStore::open`]; [`Error::Token`].
    pub fn open_with(dir: &Path, env: &Env, token: Option<Arc<dyn Token>>) -> Result<Self, Error> {
        let keys = dir.join("keys");
        let master = file::master_key(&keys, env)?;
        Self::with_master(Some(keys), env, master, token)
    }

    /// As [`KeyStore::open`] with the master key given by configuration; no master key is stored.
    ///
    /// # Errors
    /// As [`KeyStore::open`].
    pub fn open_sealed(dir: &Path, env: &Env, master: Secret<[u8; 32]>) -> Result<Self, Error> {
        let keys = dir.join("keys");
        file::make_dir(&keys)?;
        Self::with_master(Some(keys), env, master, None)
    }

    /// Keys that live in memory and die with the process, for tests.
    ///
    /// # Errors
    /// [`Error::BadKey`] or [`Error::Certificate`] when a key cannot be made.
    pub fn in_memory(env: &Env) -> Result<Self, Error> {
        Self::with_master(None, env, Secret::new(env.bytes()), None)
    }

    fn with_master(
        dir: Option<PathBuf>,
        env: &Env,
        master: Secret<[u8; 32]>,
        token: Option<Arc<dyn Token>>,
    ) -> Result<Self, Error> {
        let vault = Vault::new(master.expose(), env)?;
        let store = Self(Arc::new(Inner {
            dir,
            env: env.clone(),
            master,
            vault,
            token,
            ring: RwLock::default(),
        }));
        store.change(complete)?;
        Ok(store)
    }

    /// Where the time and the randomness of these keys come from.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.0.env
    }

    /// What the token is called, when keys lie in one.
    #[must_use]
    pub fn token_name(&self) -> Option<String> {
        self.0.token.as_ref().map(|token| token.name())
    }

    /// The column vault under the same master key.
    #[must_use]
    pub fn vault(&self) -> Vault {
        self.0.vault.clone()
    }

    /// A 32-byte secret for one `label`, stable for the life of the master key: for message
    /// authentication of things this platform gives out and takes back (nonces, cookies).
    ///
    /// # Errors
    /// [`Error::Refused`] when derivation fails.
    pub fn secret(&self, label: &str) -> Result<Secret<[u8; 32]>, Error> {
        let label = format!("causeway/secret/{label}");
        digest::derive(self.0.master.expose(), &label).map(Secret::new)
    }

    /// The current key of `purpose` with its certificate chain.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] for [`Purpose::Evidence`], which is not an ES256 key.
    pub fn signer(&self, purpose: Purpose) -> Result<Signed, Error> {
        self.ring()
            .current
            .get(&purpose)
            .cloned()
            .ok_or(Error::UnknownKey)
    }

    /// The key that signs checkpoints of the evidence log.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] never after a successful open.
    pub fn note_key(&self) -> Result<Arc<NoteKey>, Error> {
        self.ring().note.clone().ok_or(Error::UnknownKey)
    }

    /// The key of `purpose` with id `kid`, current or retired.
    #[must_use]
    pub fn find(&self, purpose: Purpose, kid: &str) -> Option<Known> {
        self.ring()
            .known
            .get(kid)
            .filter(|known| known.purpose == purpose)
            .cloned()
    }

    /// All keys of `purpose` that are current or were retired within [`RETIRED_PUBLISHED`].
    #[must_use]
    pub fn published(&self, purpose: Purpose) -> Vec<Known> {
        let now = self.0.env.now();
        self.ring()
            .known
            .values()
            .filter(|known| known.purpose == purpose)
            .filter(|known| {
                known
                    .retired
                    .is_none_or(|retired| now.since(retired) < RETIRED_PUBLISHED)
            })
            .cloned()
            .collect()
    }

    /// All keys `purpose` ever had: what was signed for ten years is verified for ten years.
    #[must_use]
    pub fn all(&self, purpose: Purpose) -> Vec<Known> {
        self.ring()
            .known
            .values()
            .filter(|known| known.purpose == purpose)
            .cloned()
            .collect()
    }

    /// The public key set of some purposes.
    #[must_use]
    pub fn jwks(&self, purposes: &[Purpose]) -> Jwks {
        let keys = purposes
            .iter()
            .flat_map(|purpose| self.published(*purpose))
            .map(|known| Jwk {
                kid: Some(known.kid.clone()),
                alg: Some("ES256".to_owned()),
                r#use: Some("sig".to_owned()),
                ..known.key.jwk()
            })
            .collect();
        Jwks { keys }
    }

    /// The root certificate, DER.
    #[must_use]
    pub fn root_certificate(&self) -> Option<Vec<u8>> {
        self.ring()
            .known
            .values()
            .filter(|known| known.purpose == Purpose::Root && known.retired.is_none())
            .find_map(|known| known.certificate.clone())
    }

    /// Makes a new key for `purpose` and retires the one in use, which stays for verification.
    /// Returns the id of the new key.
    ///
    /// # Errors
    /// [`Error::KeyFile`] when the key ring cannot be written.
    pub fn rotate(&self, purpose: Purpose) -> Result<String, Error> {
        self.change(|keyring, maker| replace(keyring, maker, purpose))
    }

    /// Reads the key ring again, to see a rotation by another process.
    ///
    /// # Errors
    /// [`Error::KeyFile`], [`Error::Unseal`].
    pub fn reload(&self) -> Result<(), Error> {
        self.change(|_, _| Ok(()))
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the key ring under the lock, lets `edit` change it, writes it if it changed, and puts
    /// it in use. In memory the ring is rebuilt from what is held.
    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Keyring, &Maker<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let inner = &self.0;
        let maker = Maker {
            env: &inner.env,
            wrap: digest::derive(inner.master.expose(), "causeway/keyring/1")?,
            token: inner.token.as_ref(),
        };
        let mut slot = inner.ring.write().unwrap_or_else(PoisonError::into_inner);
        let _lock = inner.dir.as_deref().map(file::lock).transpose()?;
        let mut keyring = match &inner.dir {
            Some(dir) => file::read(dir)?,
            None => slot.keyring.clone(),
        };
        let before = keyring.clone();
        let answer = edit(&mut keyring, &maker)?;
        let ring = Ring::from_keyring(&keyring, &maker)?;
        if let Some(dir) = inner.dir.as_deref().filter(|_| keyring != before) {
            file::write(dir, &keyring)?;
        }
        *slot = Arc::new(ring);
        Ok(answer)
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore")
            .field("dir", &self.0.dir)
            .finish_non_exhaustive()
    }
}

/// What is needed to make, seal and open keys.
struct Maker<'a> {
    env: &'a Env,
    wrap: [u8; 32],
    token: Option<&'a Arc<dyn Token>>,
}

impl Maker<'_> {
    /// The key of an entry, from under the wrap or from the token.
    fn key(&self, entry: &Entry) -> Result<SigningKey, Error> {
        let Some(id) = entry.token_id()? else {
            return SigningKey::from_scalar(entry.open(&self.wrap)?);
        };
        let token = self.token.ok_or_else(|| {
            Error::KeyFile(format!(
                "the {} key {} lies in a token: set keys.module and keys.label",
                entry.purpose.code(),
                entry.kid
            ))
        })?;
        SigningKey::in_token(Arc::clone(token), id)
    }

    /// A new key, with the id it has in the token if it lies in one.
    fn generate(&self, purpose: Purpose) -> Result<(SigningKey, Option<Vec<u8>>), Error> {
        let Some(token) = self.token else {
            return Ok((SigningKey::generate(self.env)?, None));
        };
        let id: [u8; 16] = self.env.bytes();
        let label = format!("causeway {} {}", purpose.code(), self.env.today());
        token.generate(&id, &label)?;
        let key = SigningKey::in_token(Arc::clone(token), id.to_vec())?;
        Ok((key, Some(id.to_vec())))
    }
}

impl Ring {
    fn from_keyring(keyring: &Keyring, maker: &Maker<'_>) -> Result<Self, Error> {
        let mut ring = Self::default();
        for entry in &keyring.keys {
            if entry.purpose == Purpose::Evidence {
                if entry.retired.is_none() {
                    let seed = entry.open(&maker.wrap)?;
                    ring.note = Some(Arc::new(NoteKey::from_seed(seed)?));
                }
                continue;
            }
            let key = Arc::new(maker.key(entry)?);
            let certificate = entry.certificate()?;
            ring.known.insert(
                entry.kid.clone(),
                Known {
                    key: key.public().clone(),
                    kid: entry.kid.clone(),
                    purpose: entry.purpose,
                    certificate: certificate.clone(),
                    created: Time::from_seconds(entry.created),
                    retired: entry.retired.map(Time::from_seconds),
                },
            );
            if entry.retired.is_none() {
                let is_leaf = entry.purpose.is_certified();
                let chain = certificate.into_iter().filter(|_| is_leaf).collect();
                ring.current.insert(entry.purpose, Signed { key, chain });
            }
        }
        ring.keyring = keyring.clone();
        Ok(ring)
    }
}

/// Makes the keys that are missing and renews leaves near their end.
fn complete(keyring: &mut Keyring, maker: &Maker<'_>) -> Result<(), Error> {
    for purpose in Purpose::ALL {
        let now = maker.env.now();
        let due = match keyring
            .current(purpose)
            .map(Entry::certificate)
            .transpose()?
        {
            None => true,
            Some(Some(certificate)) => {
                let left = ca::not_after(&certificate)?.since(now);
                purpose
                    .renewed_before()
                    .is_some_and(|days| left < Duration::from_secs(days.unsigned_abs() * 86_400))
            }
            Some(None) => false,
        };
        if due {
            replace(keyring, maker, purpose)?;
        }
    }
    Ok(())
}

/// Retires the key of `purpose` and makes another; a new authority certifies new leaves. Returns the
/// id of the new key.
fn replace(keyring: &mut Keyring, maker: &Maker<'_>, purpose: Purpose) -> Result<String, Error> {
    let is_first = keyring.current(purpose).is_none();
    keyring.retire(purpose, maker.env.now());
    let kid = make(keyring, maker, purpose)?;
    if purpose == Purpose::DocumentAuthority && !is_first {
        for (leaf, ..) in Purpose::DOCUMENT_LEAVES {
            keyring.retire(leaf, maker.env.now());
            make(keyring, maker, leaf)?;
        }
    }
    Ok(kid)
}

/// Adds a new current key for `purpose` and returns its id.
fn make(keyring: &mut Keyring, maker: &Maker<'_>, purpose: Purpose) -> Result<String, Error> {
    if keyring.keys.len() >= KEYS_MAX {
        return Err(Error::KeyFile(format!("more than {KEYS_MAX} keys")));
    }
    if purpose == Purpose::Evidence {
        let key = NoteKey::from_seed(maker.env.bytes())?;
        let entry = Entry::seal(purpose, key.id(), key.seed(), maker)?;
        keyring.keys.push(entry);
        return Ok(key.id().to_owned());
    }
    let (key, token_id) = maker.generate(purpose)?;
    let certificate = certify(keyring, maker, purpose, &key)?;
    let mut entry = match (token_id, key.scalar()) {
        (Some(id), _) => Entry::in_token(purpose, key.kid(), &id, maker),
        (None, Some(scalar)) => Entry::seal(purpose, key.kid(), scalar.expose(), maker)?,
        (None, None) => return Err(Error::BadKey),
    };
    entry.set_certificate(certificate);
    keyring.keys.push(entry);
    Ok(key.kid().to_owned())
}

/// The certificate a key of `purpose` carries, if its purpose has one.
fn certify(
    keyring: &Keyring,
    maker: &Maker<'_>,
    purpose: Purpose,
    key: &SigningKey,
) -> Result<Option<Vec<u8>>, Error> {
    let env = maker.env;
    if purpose == Purpose::Root {
        return ca::root(key, env).map(Some);
    }
    if purpose == Purpose::DocumentAuthority {
        let name = format!("Causeway document authority {}", env.today());
        let subject = Subject::named(&name);
        return x509::authority(key, &subject, life(env, ca::ROOT_DAYS), env).map(Some);
    }
    if let Some(profile) = purpose.profile() {
        let entry = keyring.current(Purpose::Root).ok_or(Error::UnknownKey)?;
        return ca::leaf(profile, key, &maker.key(entry)?, env).map(Some);
    }
    let Some((profile, name)) = purpose.document_leaf() else {
        return Ok(None);
    };
    let above = keyring
        .current(Purpose::DocumentAuthority)
        .ok_or(Error::UnknownKey)?;
    let issuer = above.certificate()?.ok_or(Error::UnknownKey)?;
    let order = x509::Order {
        profile,
        subject: &Subject::named(name),
        key: key.public_info()?,
        life: life(env, ca::LEAF_DAYS),
        places: None,
    };
    x509::issue(&order, &issuer, &maker.key(above)?, env).map(Some)
}

fn life(env: &Env, days: i64) -> Life {
    let now = env.now();
    Life {
        from: now.minus(CLOCK_SLACK),
        until: now + Duration::from_secs(days.unsigned_abs() * 86_400),
    }
}
