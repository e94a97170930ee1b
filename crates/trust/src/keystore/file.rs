//! The files of the key store: `master.key` (hexadecimal, mode 0600), `keyring.json`, `lock`.
//! Writes go to a temporary file, are flushed to disk, and take the name in one step.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use kernel::{Env, Secret, Time};
use serde::{Deserialize, Serialize};

use super::{Maker, Purpose};
use crate::{Error, base64url, digest, vault};

/// Bytes of a key ring file that are read.
const KEYRING_BYTES: u64 = 4 * 1024 * 1024;

/// The sealed keys as they lie in the file.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Keyring {
    pub(super) keys: Vec<Entry>,
}

/// One key: everything but `sealed` is public.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) purpose: Purpose,
    pub(super) kid: String,
    /// Seconds since the epoch.
    pub(super) created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) retired: Option<i64>,
    /// The private key under the wrap; empty when a token holds it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sealed: String,
    /// The id of the key in the token, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
}

impl Keyring {
    pub(super) fn current(&self, purpose: Purpose) -> Option<&Entry> {
        self.keys
            .iter()
            .find(|entry| entry.purpose == purpose && entry.retired.is_none())
    }

    pub(super) fn retire(&mut self, purpose: Purpose, now: Time) {
        for entry in &mut self.keys {
            if entry.purpose == purpose && entry.retired.is_none() {
                entry.retired = Some(now.seconds());
            }
        }
    }
}

impl Entry {
    pub(super) fn seal(
        purpose: Purpose,
        kid: &str,
        secret: &[u8; 32],
        maker: &Maker<'_>,
    ) -> Result<Self, Error> {
        let cipher = vault::cipher(&maker.wrap)?;
        let sealed = vault::seal_with(&cipher, maker.env, &aad(purpose, kid), secret)?;
        Ok(Self {
            purpose,
            kid: kid.to_owned(),
            created: maker.env.now().seconds(),
            retired: None,
            sealed: base64url::encode(sealed),
            token: None,
            certificate: None,
        })
    }

    /// A key that lies in the token under `id`.
    pub(super) fn in_token(purpose: Purpose, kid: &str, id: &[u8], maker: &Maker<'_>) -> Self {
        Self {
            purpose,
            kid: kid.to_owned(),
            created: maker.env.now().seconds(),
            retired: None,
            sealed: String::new(),
            token: Some(digest::hex(id)),
            certificate: None,
        }
    }

    /// The id in the token; none for a key that is sealed here.
    pub(super) fn token_id(&self) -> Result<Option<Vec<u8>>, Error> {
        self.token
            .as_deref()
            .map(|id| digest::unhex(id).ok_or(Error::Malformed("token id")))
            .transpose()
    }

    pub(super) fn open(&self, wrap: &[u8; 32]) -> Result<[u8; 32], Error> {
        let cipher = vault::cipher(wrap)?;
        let sealed = base64url::decode(&self.sealed)?;
        let secret = vault::open_with(&cipher, &aad(self.purpose, &self.kid), &sealed)?;
        secret.try_into().map_err(|_| Error::Unseal)
    }

    pub(super) fn certificate(&self) -> Result<Option<Vec<u8>>, Error> {
        self.certificate
            .as_deref()
            .map(base64url::decode)
            .transpose()
    }

    pub(super) fn set_certificate(&mut self, der: Option<Vec<u8>>) {
        self.certificate = der.map(base64url::encode);
    }
}

fn aad(purpose: Purpose, kid: &str) -> Vec<u8> {
    [purpose.code().as_bytes(), &[0], kid.as_bytes()].concat()
}

pub(super) fn make_dir(dir: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| failed("cannot make", dir, &error))
}

/// The master key of `dir`, made when there is none. Two first starts at once agree on one: the
/// file takes its name only if the name is free.
pub(super) fn master_key(dir: &Path, env: &Env) -> Result<Secret<[u8; 32]>, Error> {
    make_dir(dir)?;
    let _lock = lock(dir)?;
    let path = dir.join("master.key");
    match fs::read_to_string(&path) {
        Ok(text) => {
            check_private(&path)?;
            parse_master(&text).ok_or_else(|| {
                Error::KeyFile(format!("{} is not 64 hexadecimal digits", path.display()))
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if dir.join("keyring.json").exists() {
                return Err(Error::KeyFile(format!(
                    "{} is missing but a key ring exists; restore the master key from the backup",
                    path.display()
                )));
            }
            let master: [u8; 32] = env.bytes();
            write_file(dir, "master.key", digest::hex(&master).as_bytes())?;
            Ok(Secret::new(master))
        }
        Err(error) => Err(failed("cannot read", &path, &error)),
    }
}

fn check_private(path: &Path) -> Result<(), Error> {
    let mode = fs::metadata(path)
        .map_err(|error| failed("cannot read", path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(Error::KeyFile(format!(
        "{} can be read by others; run chmod 600 on it",
        path.display()
    )))
}

fn parse_master(text: &str) -> Option<Secret<[u8; 32]>> {
    let text = text.trim();
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; 32];
    for (place, byte) in key.iter_mut().enumerate() {
        let pair = text.get(place * 2..place * 2 + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(Secret::new(key))
}

/// Held until dropped; the operating system releases it when the process dies.
pub(super) fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| failed("cannot open", &path, &error))?;
    file.lock()
        .map_err(|error| failed("cannot lock", &path, &error))?;
    Ok(file)
}

pub(super) fn read(dir: &Path) -> Result<Keyring, Error> {
    let path = dir.join("keyring.json");
    let bytes = match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > KEYRING_BYTES => {
            return Err(Error::KeyFile(format!("{} is too large", path.display())));
        }
        Ok(_) => fs::read(&path).map_err(|error| failed("cannot read", &path, &error))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Keyring::default()),
        Err(error) => return Err(failed("cannot read", &path, &error)),
    };
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::KeyFile(format!("{}: {error}", path.display())))
}

pub(super) fn write(dir: &Path, keyring: &Keyring) -> Result<(), Error> {
    let bytes = serde_json::to_vec_pretty(keyring).map_err(|_| Error::Malformed("key ring"))?;
    write_file(dir, "keyring.json", &bytes)
}

fn write_file(dir: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = dir.join(name);
    let fresh = dir.join(format!("{name}.new"));
    let written = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&fresh)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&fresh, &path))
        .and_then(|()| File::open(dir)?.sync_all());
    written.map_err(|error| failed("cannot write", &path, &error))
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::KeyFile(format!("{what} {}: {error}", path.display()))
}
