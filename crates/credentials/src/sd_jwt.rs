//! SD-JWT VC as licences use it: [`trust::sd_jwt`], with what goes wrong told in this crate's words.

use kernel::{Env, Time};
use trust::{PublicKey, Signed, jws, sd_jwt};

pub use trust::sd_jwt::{
    Claims, DISCLOSURES, Expected, Issued, KEY_BINDING_TYPE, KeyBinding, PRESENTATION_CHARS,
    SKEW_SECONDS, Subject, TYPE,
};

use crate::Error;

/// Signs `subject`.
///
/// # Errors
/// As [`trust::sd_jwt::issue`].
pub fn issue(subject: &Subject, signed: &Signed, env: &Env) -> Result<Issued, Error> {
    sd_jwt::issue(subject, signed, env).map_err(told)
}

/// Verifies a credential without key binding (`<jwt>~…~`). Dates are returned, not judged: an
/// expired licence is still a genuine one.
///
/// # Errors
/// [`Error::UnknownIssuer`] when `find_key` knows no key, [`Error::Trust`], [`Error::Malformed`].
pub fn verify(
    text: &str,
    find_key: &dyn Fn(&jws::Header) -> Option<PublicKey>,
) -> Result<Claims, Error> {
    sd_jwt::verify(text, find_key).map_err(told)
}

/// Verifies a presentation (`<jwt>~…~<kb-jwt>`), whose key binding is required.
///
/// # Errors
/// As [`verify`]; [`Error::HolderBinding`] when the key binding does not hold.
pub fn verify_presentation(
    text: &str,
    find_key: &dyn Fn(&jws::Header) -> Option<PublicKey>,
    expected: Expected<'_>,
    now: Time,
) -> Result<Claims, Error> {
    sd_jwt::verify_presentation(text, find_key, expected, now).map_err(told)
}

fn told(error: trust::Error) -> Error {
    match error {
        trust::Error::UnknownKey => Error::UnknownIssuer,
        trust::Error::BadProof => Error::HolderBinding,
        trust::Error::Malformed(what) => Error::Malformed(what),
        other => Error::Trust(other),
    }
}
