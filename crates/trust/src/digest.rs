//! SHA-256, HMAC-SHA-256, HKDF-SHA-256 and comparison in constant time.

use aws_lc_rs::{constant_time, digest, hkdf, hmac};

use crate::Error;

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, bytes.as_ref()).as_ref())
}

/// SHA-1 of `bytes`: only to name issuers in status requests (RFC 6960), never to protect anything.
pub(crate) fn sha1(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes.as_ref())
        .as_ref()
        .to_vec()
}

/// SHA-256 over the concatenation of `parts`.
#[must_use]
pub fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    array(context.finish().as_ref())
}

/// HMAC-SHA-256 of `message` under `key` (RFC 2104).
#[must_use]
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref())
}

/// True when both are equal; takes the same time wherever they differ.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// 32 bytes derived from `secret` for one `label` (RFC 5869, empty salt).
///
/// # Errors
/// [`Error::Refused`] never in practice: the output length is fixed and allowed.
pub fn derive(secret: &[u8; 32], label: &str) -> Result<[u8; 32], Error> {
    let info = [label.as_bytes()];
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
    let okm = prk
        .expand(&info, hkdf::HKDF_SHA256)
        .map_err(|_| Error::Refused)?;
    let mut out = [0; 32];
    okm.fill(&mut out).map_err(|_| Error::Refused)?;
    Ok(out)
}

/// `bytes` as lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal `text`; none when it is not that.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len() / 2)
        .map(|place| u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok())
        .collect()
}

fn array(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}
