//! Presenting: the holder's key binds a credential to whom it is for and to what they asked.

use kernel::Time;
use serde_json::json;

use super::{Expected, Issued, KEY_BINDING_TYPE};
use crate::{Error, SigningKey, base64url, digest, jws};

/// The credential with every disclosure, bound by the holder's `key` (`<jwt>~…~<kb-jwt>`).
///
/// # Errors
/// [`Error::Refused`] when signing fails.
pub fn present(
    issued: &Issued,
    key: &SigningKey,
    expected: Expected<'_>,
    at: Time,
) -> Result<String, Error> {
    let claims = json!({
        "aud": expected.audience,
        "nonce": expected.nonce,
        "iat": at.seconds(),
        "sd_hash": base64url::encode(digest::sha256(&issued.text)),
    });
    let binding = jws::Signer::new(key, KEY_BINDING_TYPE).sign(&claims)?;
    Ok(format!("{}{binding}", issued.text))
}
