//! Webhook signatures: HMAC-SHA-256 over the time and the body, so that an old message cannot be
//! played again and a new one cannot be made up.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use kernel::Time;
use trust::digest::{equal, hex, hmac_sha256};

use crate::provider::{Notice, ProviderError};

/// `t=1795305600,v1=<64 hexadecimal digits>`.
pub const SIGNATURE_HEADER: &str = "x-sandbox-signature";
/// How far the signature's time may be from ours.
const TOLERANCE: Duration = Duration::from_secs(300);
/// Bytes of a webhook's body.
const BODY_BYTES: usize = 16 * 1024;

pub(crate) fn message(secret: &[u8], notice: &Notice, now: Time) -> (HeaderMap, Vec<u8>) {
    let body = serde_json::to_vec(notice).unwrap_or_default();
    let seconds = now.seconds();
    let tag = hmac_sha256(secret, &signed(seconds, &body));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&format!("t={seconds},v1={}", hex(&tag))) {
        headers.insert(SIGNATURE_HEADER, value);
    }
    (headers, body)
}

pub(crate) fn verify(
    secret: &[u8],
    headers: &HeaderMap,
    body: &[u8],
    now: Time,
) -> Result<Notice, ProviderError> {
    if body.len() > BODY_BYTES {
        return Err(ProviderError::Malformed);
    }
    let header = headers
        .get(SIGNATURE_HEADER)
        .and_then(|value| value.to_str().ok())
        .ok_or(ProviderError::Forged)?;
    let (seconds, tag) = read(header).ok_or(ProviderError::Forged)?;
    let at = Time::from_seconds(seconds);
    if now.since(at) > TOLERANCE || at.since(now) > TOLERANCE {
        return Err(ProviderError::Forged);
    }
    if !equal(&hmac_sha256(secret, &signed(seconds, body)), &tag) {
        return Err(ProviderError::Forged);
    }
    serde_json::from_slice(body).map_err(|_| ProviderError::Malformed)
}

fn signed(seconds: i64, body: &[u8]) -> Vec<u8> {
    [format!("{seconds}.").as_bytes(), body].concat()
}

fn read(header: &str) -> Option<(i64, Vec<u8>)> {
    let (time, tag) = header.split_once(',')?;
    let seconds = time.trim().strip_prefix("t=")?.parse().ok()?;
    let tag = tag.trim().strip_prefix("v1=")?;
    if tag.len() != 64 || !tag.is_ascii() {
        return None;
    }
    let bytes = (0..32)
        .map(|place| u8::from_str_radix(tag.get(place * 2..place * 2 + 2)?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    Some((seconds, bytes))
}
