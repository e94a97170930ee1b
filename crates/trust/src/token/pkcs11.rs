//! A PKCS #11 token: a hardware security module, or SoftHSM where there is none. Keys are made in the
//! token, marked sensitive and not extractable, and found again by their id.
//!
//! Sessions of PKCS #11 are not shared between threads: a pool lends one to each caller and takes it
//! back unless it failed.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Mutex, PoisonError, RwLock},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11 as Module},
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use der::{Encode as _, asn1::OctetString};
use kernel::Secret;

use super::Token;
use crate::{Error, PublicKey, asn1};

/// Sessions kept open between signatures.
const IDLE_SESSIONS: usize = 16;
/// Characters of a token's label (PKCS #11 pads it to 32 bytes).
pub const LABEL_CHARS: usize = 32;

/// Which token, and how to open it.
#[derive(Clone, Debug)]
pub struct Pkcs11Settings {
    /// The library of its maker, such as `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// The label it was initialised with.
    pub label: String,
    /// The user's PIN.
    pub pin: Secret<String>,
}

/// An open token.
pub struct Pkcs11 {
    module: Module,
    slot: Slot,
    pin: AuthPin,
    name: String,
    /// Held so that the login lasts: the token forgets it with its last session.
    idle: Mutex<Vec<Session>>,
    known: RwLock<BTreeMap<Vec<u8>, ObjectHandle>>,
}

/// A library is initialised once a process, however many stores open it.
static MODULES: Mutex<BTreeMap<PathBuf, Module>> = Mutex::new(BTreeMap::new());

impl Pkcs11 {
    /// Opens the token called `settings.label` and logs in.
    ///
    /// # Errors
    /// [`Error::Token`] when the library does not load, no such token is there, or the PIN is wrong.
    pub fn open(settings: &Pkcs11Settings) -> Result<Self, Error> {
        let module = module(&settings.module)?;
        let slots = module.get_slots_with_initialized_token().map_err(failed)?;
        for slot in slots {
            let info = module.get_token_info(slot).map_err(failed)?;
            if info.label().trim_end() != settings.label {
                continue;
            }
            let token = Self {
                slot,
                pin: AuthPin::new(settings.pin.expose().clone().into_boxed_str()),
                name: format!("{} ({})", settings.label, info.manufacturer_id().trim_end()),
                idle: Mutex::default(),
                known: RwLock::default(),
                module,
            };
            token.with_session(|_| Ok(()))?;
            return Ok(token);
        }
        Err(Error::Token(format!(
            "no token called {:?} is in {}",
            settings.label,
            settings.module.display()
        )))
    }

    fn session(&self) -> Result<Session, Error> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(session) = idle {
            return Ok(session);
        }
        let session = self.module.open_rw_session(self.slot).map_err(failed)?;
        match session.login(UserType::User, Some(&self.pin)) {
            // The login belongs to the process, so another session may have done it.
            Ok(()) => Ok(session),
            Err(cryptoki::error::Error::Pkcs11(
                cryptoki::error::RvError::UserAlreadyLoggedIn,
                _,
            )) => Ok(session),
            Err(error) => Err(failed(error)),
        }
    }

    fn with_session<T>(&self, work: impl FnOnce(&Session) -> Result<T, Error>) -> Result<T, Error> {
        let session = self.session()?;
        let answer = work(&session)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_SESSIONS {
            idle.push(session);
        }
        Ok(answer)
    }

    fn private_key(&self, session: &Session, id: &[u8]) -> Result<ObjectHandle, Error> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = known.get(id) {
            return Ok(*handle);
        }
        drop(known);
        let handle = find(session, ObjectClass::PRIVATE_KEY, id)?;
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.to_vec(), handle);
        Ok(handle)
    }
}

impl Token for Pkcs11 {
    fn generate(&self, id: &[u8], label: &str) -> Result<PublicKey, Error> {
        let curve = asn1::P256.to_der()?;
        let public = [
            Attribute::Token(true),
            Attribute::Id(id.to_vec()),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::KeyType(KeyType::EC),
            Attribute::EcParams(curve),
            Attribute::Verify(true),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Id(id.to_vec()),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Sign(true),
        ];
        self.with_session(|session| {
            session
                .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
                .map_err(failed)?;
            Ok(())
        })?;
        self.public_key(id)
    }

    fn public_key(&self, id: &[u8]) -> Result<PublicKey, Error> {
        self.with_session(|session| {
            let handle = find(session, ObjectClass::PUBLIC_KEY, id)?;
            let found = session
                .get_attributes(handle, &[AttributeType::EcPoint])
                .map_err(failed)?;
            let Some(Attribute::EcPoint(point)) = found.into_iter().next() else {
                return Err(Error::BadKey);
            };
            // The standard wraps the point into an OCTET STRING; some tokens give it bare.
            let bare = asn1::read::<OctetString>(&point, "point")
                .map(|octets| octets.as_bytes().to_vec())
                .unwrap_or(point);
            PublicKey::from_point(&bare)
        })
    }

    fn sign(&self, id: &[u8], digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.with_session(|session| {
            let key = self.private_key(session, id)?;
            session.sign(&Mechanism::Ecdsa, key, digest).map_err(failed)
        })
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl fmt::Debug for Pkcs11 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pkcs11({})", self.name)
    }
}

fn module(path: &PathBuf) -> Result<Module, Error> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(module) = modules.get(path) {
        return Ok(module.clone());
    }
    let module = Module::new(path)
        .map_err(|error| Error::Token(format!("cannot load {}: {error}", path.display())))?;
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(failed)?;
    modules.insert(path.clone(), module.clone());
    Ok(module)
}

fn find(session: &Session, class: ObjectClass, id: &[u8]) -> Result<ObjectHandle, Error> {
    session
        .find_objects(&[Attribute::Class(class), Attribute::Id(id.to_vec())])
        .map_err(failed)?
        .into_iter()
        .next()
        .ok_or(Error::UnknownKey)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "takes the error as map_err gives it"
)]
fn failed(error: cryptoki::error::Error) -> Error {
    Error::Token(error.to_string())
}
