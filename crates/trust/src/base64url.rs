//! Base64url without padding (RFC 4648 section 5), decoded strictly: padding, white space and
//! non-zero trailing bits are refused, so that one byte string has one text.

use base64::{Engine, engine::general_purpose};

use crate::Error;

/// The text of `bytes`.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of `text`.
///
/// # Errors
/// [`Error::Malformed`] when `text` is not canonical base64url.
pub fn decode(text: &str) -> Result<Vec<u8>, Error> {
    general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| Error::Malformed("base64url"))
}

/// Standard base64 with padding, which `x5c` and signed notes use.
#[must_use]
pub fn encode_standard(bytes: impl AsRef<[u8]>) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// The bytes of standard base64 with padding.
///
/// # Errors
/// [`Error::Malformed`] when `text` is not canonical base64.
pub fn decode_standard(text: &str) -> Result<Vec<u8>, Error> {
    general_purpose::STANDARD
        .decode(text)
        .map_err(|_| Error::Malformed("base64"))
}
