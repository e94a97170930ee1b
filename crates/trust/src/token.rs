//! Keys that lie outside this process, in a hardware token: they are made there, they sign there, and
//! nothing reads them out.

use std::fmt;

use crate::{Error, PublicKey};

mod pkcs11;

pub use pkcs11::{LABEL_CHARS, Pkcs11, Pkcs11Settings};

/// A keeper of P-256 keys that never gives one out.
pub trait Token: Send + Sync + fmt::Debug {
    /// Makes a key under `id`, labelled for the people who look after the token.
    ///
    /// # Errors
    /// [`Error::Token`].
    fn generate(&self, id: &[u8], label: &str) -> Result<PublicKey, Error>;

    /// The public half of the key under `id`.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when there is none; [`Error::Token`].
    fn public_key(&self, id: &[u8]) -> Result<PublicKey, Error>;

    /// ECDSA over a SHA-256 digest: r‖s, 64 bytes.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when there is no such key; [`Error::Token`].
    fn sign(&self, id: &[u8], digest: &[u8; 32]) -> Result<Vec<u8>, Error>;

    /// What it is called in lists and ceremonies: the label of the token and its maker.
    fn name(&self) -> String;
}
