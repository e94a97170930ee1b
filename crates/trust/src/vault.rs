//! Sealed columns: AES-256-GCM bound to the table, column and row they stand in, and a keyed blind
//! index for finding a row by an identifier nobody can read from the database.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use kernel::Env;

use crate::{Error, digest};

/// First byte of every sealed value, so that a later scheme can be told apart.
const VERSION: u8 = 1;
/// Version byte, nonce and tag: what sealing adds to a value.
const OVERHEAD: usize = 1 + NONCE_LEN + 16;

/// Ciphertext as it stands in a `{bytes}` column.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

/// A keyed digest of a normalised identifier: equal for equal identifiers, useless without the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlindIndex(pub [u8; 32]);

impl BlindIndex {
    /// The bytes stored in the database.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[blind index]")
    }
}

/// Where a sealed value stands. A value moved to another column or row does not open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    column: &'static str,
    row: String,
}

impl Place {
    /// `column` as `table.column`; `row` is the text of the row's identifier.
    pub fn new(column: &'static str, row: impl fmt::Display) -> Self {
        Self {
            column,
            row: row.to_string(),
        }
    }

    fn aad(&self) -> Vec<u8> {
        [self.column.as_bytes(), &[0], self.row.as_bytes()].concat()
    }
}

/// Seals and opens columns. Cheap to clone; made by [`crate::KeyStore::vault`].
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    cipher: LessSafeKey,
    index_key: [u8; 32],
    env: Env,
}

impl Vault {
    /// A vault under `master`: the cipher key and the index key are derived apart.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library refuses the key.
    pub(crate) fn new(master: &[u8; 32], env: &Env) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            cipher: cipher(&digest::derive(master, "causeway/vault/cipher/1")?)?,
            index_key: digest::derive(master, "causeway/vault/index/1")?,
            env: env.clone(),
        })))
    }

    /// Seals `plain` for `place`.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library fails.
    pub fn seal(&self, place: &Place, plain: impl AsRef<[u8]>) -> Result<Sealed, Error> {
        seal_with(&self.0.cipher, &self.0.env, &place.aad(), plain.as_ref()).map(Sealed)
    }

    /// Opens what [`Vault::seal`] sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Unseal`] when the bytes, the place or the key differ.
    pub fn open(&self, place: &Place, sealed: &Sealed) -> Result<Vec<u8>, Error> {
        open_with(&self.0.cipher, &place.aad(), &sealed.0)
    }

    /// As [`Vault::open`], for text.
    ///
    /// # Errors
    /// [`Error::Unseal`], also when the opened bytes are not UTF-8.
    pub fn open_text(&self, place: &Place, sealed: &Sealed) -> Result<String, Error> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| Error::Unseal)
    }

    /// The blind index of an identifier of `kind` (`hkid`, `phone`). Normalise first: equal
    /// identifiers must be equal text.
    #[must_use]
    pub fn blind_index(&self, kind: &str, normalised: &str) -> BlindIndex {
        let message = [kind.as_bytes(), &[0], normalised.as_bytes()].concat();
        BlindIndex(digest::hmac_sha256(&self.0.index_key, &message))
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

pub(crate) fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Error> {
    UnboundKey::new(&AES_256_GCM, key)
        .map(LessSafeKey::new)
        .map_err(|_| Error::Refused)
}

pub(crate) fn seal_with(
    cipher: &LessSafeKey,
    env: &Env,
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, Error> {
    let nonce: [u8; NONCE_LEN] = env.bytes();
    let mut body = plain.to_vec();
    cipher
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        )
        .map_err(|_| Error::Refused)?;
    Ok([&[VERSION][..], &nonce, &body].concat())
}

pub(crate) fn open_with(cipher: &LessSafeKey, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    if sealed.len() < OVERHEAD || sealed.first() != Some(&VERSION) {
        return Err(Error::Unseal);
    }
    let (nonce, body) = sealed
        .get(1..)
        .and_then(|rest| rest.split_at_checked(NONCE_LEN))
        .ok_or(Error::Unseal)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Unseal)?;
    let mut body = body.to_vec();
    let plain = cipher
        .open_in_place(nonce, Aad::from(aad), &mut body)
        .map_err(|_| Error::Unseal)?;
    Ok(plain.to_vec())
}
