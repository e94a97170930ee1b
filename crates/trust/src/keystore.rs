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
use crate::{Error, Jwk, PublicKey, SigningKey, Vault, ca, digest, evidence::NoteKey};

/// Retired keys stay in published key sets for this long.
pub const RETIRED_PUBLISHED: Duration = Duration::from_secs(400 * 86_400);
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
    /// Checkpoints of the evidence log (Ed25519; all others are ES256).
    Evidence,
}

impl Purpose {
    pub const ALL: [Self; 7] = [
        Self::Root,
        Self::Session,
        Self::Seal,
        Self::CredentialIssuer,
        Self::StatusList,
        Self::Webhook,
        Self::Evidence,
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
        let keys = dir.join("keys");
        let master = file::master_key(&keys, env)?;
        Self::with_master(Some(keys), env, master)
    }

    /// As [`KeyStore::open`] with the master key given by configuration; no master key is stored.
    ///
    /// # Errors
    /// As [`KeyStore::open`].
    pub fn open_sealed(dir: &Path, env: &Env, master: Secret<[u8; 32]>) -> Result<Self, Error> {
        let keys = dir.join("keys");
        file::make_dir(&keys)?;
        Self::with_master(Some(keys), env, master)
    }

    /// Keys that live in memory and die with the process, for tests.
    ///
    /// # Errors
    /// [`Error::BadKey`] or [`Error::Certificate`] when a key cannot be made.
    pub fn in_memory(env: &Env) -> Result<Self, Error> {
        Self::with_master(None, env, Secret::new(env.bytes()))
    }

    fn with_master(
        dir: Option<PathBuf>,
        env: &Env,
        master: Secret<[u8; 32]>,
    ) -> Result<Self, Error> {
        let vault = Vault::new(master.expose(), env)?;
        let store = Self(Arc::new(Inner {
            dir,
            env: env.clone(),
            master,
            vault,
            ring: RwLock::default(),
        }));
        store.change(complete)?;
        Ok(store)
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
        self.change(|keyring, maker| {
            keyring.retire(purpose, maker.env.now());
            make(keyring, maker, purpose)
        })
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
}

impl Ring {
    fn from_keyring(keyring: &Keyring, maker: &Maker<'_>) -> Result<Self, Error> {
        let mut ring = Self::default();
        for entry in &keyring.keys {
            let secret = entry.open(&maker.wrap)?;
            if entry.purpose == Purpose::Evidence {
                if entry.retired.is_none() {
                    ring.note = Some(Arc::new(NoteKey::from_seed(secret)?));
                }
                continue;
            }
            let key = Arc::new(SigningKey::from_scalar(secret)?);
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
                let is_leaf = entry.purpose.profile().is_some();
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
            Some(Some(certificate)) if purpose != Purpose::Root => {
                let left = ca::not_after(&certificate)?.since(now);
                left < Duration::from_secs(ca::RENEW_DAYS.unsigned_abs() * 86_400)
            }
            Some(_) => false,
        };
        if due {
            keyring.retire(purpose, now);
            make(keyring, maker, purpose)?;
        }
    }
    Ok(())
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
    let key = SigningKey::generate(maker.env)?;
    let certificate = match (purpose, purpose.profile()) {
        (Purpose::Root, _) => Some(ca::root(&key, maker.env)?),
        (_, Some(profile)) => {
            let entry = keyring.current(Purpose::Root).ok_or(Error::UnknownKey)?;
            let root = SigningKey::from_scalar(entry.open(&maker.wrap)?)?;
            Some(ca::leaf(profile, &key, &root, maker.env)?)
        }
        _ => None,
    };
    let mut entry = Entry::seal(purpose, key.kid(), key.scalar().expose(), maker)?;
    entry.set_certificate(certificate);
    keyring.keys.push(entry);
    Ok(key.kid().to_owned())
}
