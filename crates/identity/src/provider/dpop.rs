//! DPoP (RFC 9449): a proof by the client's key over method, address and time of one request.
//!
//! Nonces carry their own time under a key of the key store, so every node of the platform knows
//! them and none remembers them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, Method};
use kernel::Time;
use serde::Deserialize;
use trust::{base64url, digest, jws::Unverified};
use web::HeaderValue;

use super::{
    Provider,
    client::Client,
    refusal::{Refusal, Word},
    store::Once,
};

/// The header of the proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header of a fresh nonce.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// A proof's `iat` may lie this far behind our clock: ten seconds of difference and the way here.
const BEHIND: i64 = 15;
/// Or this far ahead.
const AHEAD: i64 = 10;
/// A nonce is good for this long.
const NONCE_LIFE: Duration = Duration::from_secs(300);
/// Characters of a proof and of its `jti`.
const PROOF_CHARS: usize = 8 * 1024;
const JTI_CHARS: std::ops::RangeInclusive<usize> = 8..=256;
/// Bytes of the time in a nonce.
const TIME_BYTES: usize = 8;

/// What a proof proves.
#[derive(Clone, Debug)]
pub(crate) struct Proven {
    /// RFC 7638 thumbprint of the key.
    pub(crate) jkt: String,
    pub(crate) once: Once,
}

#[derive(Deserialize)]
struct Claims {
    htm: String,
    htu: String,
    iat: i64,
    jti: String,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    exp: Option<i64>,
    #[serde(default)]
    ath: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
}

/// What a proof must speak of.
pub(crate) struct Wanted<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// The access token sent with it.
    pub(crate) token: Option<&'a str>,
    pub(crate) needs_nonce: bool,
}

/// The proof of a client's call, if the headers carry one.
pub(crate) fn of_call(
    provider: &Provider,
    client: &Client,
    (method, path, headers): (Method, &str, &HeaderMap),
) -> Result<Option<Proven>, Refusal> {
    if !headers.contains_key(DPOP) {
        return Ok(None);
    }
    let wanted = Wanted {
        method,
        path,
        token: None,
        needs_nonce: client.needs_dpop_nonce,
    };
    check(provider, headers, &wanted).map(Some)
}

/// Checks the one proof in `headers`.
///
/// # Errors
/// `invalid_dpop_proof`, or `use_dpop_nonce` when only the nonce is missing or old.
pub(crate) fn check(
    provider: &Provider,
    headers: &HeaderMap,
    wanted: &Wanted<'_>,
) -> Result<Proven, Refusal> {
    let refuse = Refusal::dpop;
    let mut proofs = headers.get_all(DPOP).iter();
    let (Some(proof), None) = (proofs.next(), proofs.next()) else {
        return Err(refuse("one DPoP proof is needed"));
    };
    let proof = proof.to_str().ok().filter(|text| text.len() <= PROOF_CHARS);
    let proof = proof.ok_or(refuse("the proof cannot be read"))?;
    let parsed = Unverified::parse_foreign(proof)
        .map_err(|_| refuse("the proof's form or algorithm is not accepted"))?;
    if !parsed.header().is_type("dpop+jwt") {
        return Err(refuse("typ of the proof must be dpop+jwt"));
    }
    let key = parsed
        .carried_foreign_key()
        .map_err(|_| refuse("the proof carries no public key"))?;
    let verified = parsed
        .verify_foreign(&key)
        .map_err(|_| refuse("the proof's signature does not verify"))?;
    let claims: Claims = verified
        .claims()
        .map_err(|_| refuse("the proof's claims cannot be read"))?;
    check_claims(provider, &claims, wanted)?;
    let until = Time::from_seconds(claims.iat) + Duration::from_secs(60);
    let replayed = refuse("the proof has been used");
    let once = Once::new("dpop", key.thumbprint(), &claims.jti, (until, replayed));
    Ok(Proven {
        jkt: key.thumbprint().to_owned(),
        once,
    })
}

fn check_claims(provider: &Provider, claims: &Claims, wanted: &Wanted<'_>) -> Result<(), Refusal> {
    let refuse = Refusal::dpop;
    if claims.htm != wanted.method.as_str() {
        return Err(refuse("htm is another method"));
    }
    let address = claims.htu.split(['?', '#']).next().unwrap_or_default();
    if address != provider.address(wanted.path) {
        return Err(refuse("htu is another address"));
    }
    if !JTI_CHARS.contains(&claims.jti.len()) {
        return Err(refuse("jti is missing or malformed"));
    }
    let now = provider.now().seconds();
    let age = now.saturating_sub(claims.iat);
    let is_early = claims.nbf.is_some_and(|nbf| nbf > now + AHEAD);
    let is_late = claims.exp.is_some_and(|exp| exp + AHEAD < now);
    if !(-AHEAD..=BEHIND).contains(&age) || is_early || is_late {
        return Err(refuse("the proof was made too long ago or in the future"));
    }
    let ath = wanted
        .token
        .map(|token| base64url::encode(digest::sha256(token)));
    if claims.ath != ath && (ath.is_some() || wanted.token.is_some()) {
        return Err(refuse("ath is of another token"));
    }
    match claims.nonce.as_deref() {
        Some(nonce) if !is_nonce(provider, nonce) => Err(stale()),
        None if wanted.needs_nonce => Err(stale()),
        _ => Ok(()),
    }
}

fn stale() -> Refusal {
    Refusal::new(
        Word::UseDpopNonce,
        "use the nonce of this answer's DPoP-Nonce header",
    )
}

/// A fresh nonce: the time, and its authentication under a key of the key store.
pub(crate) fn nonce(provider: &Provider) -> String {
    let time = provider.now().seconds().to_be_bytes();
    let mac = digest::hmac_sha256(provider.nonce_key(), &time);
    let bytes: Vec<u8> = time.into_iter().chain(mac.into_iter().take(16)).collect();
    base64url::encode(bytes)
}

fn is_nonce(provider: &Provider, text: &str) -> bool {
    let Ok(bytes) = base64url::decode(text) else {
        return false;
    };
    let Some((time, mac)) = bytes.split_at_checked(TIME_BYTES) else {
        return false;
    };
    let own: Vec<u8> = digest::hmac_sha256(provider.nonce_key(), time)
        .into_iter()
        .take(16)
        .collect();
    let Ok(time) = <[u8; TIME_BYTES]>::try_from(time) else {
        return false;
    };
    let made = Time::from_seconds(i64::from_be_bytes(time));
    let now = provider.now();
    digest::equal(&own, mac) && made <= now && now.since(made) <= NONCE_LIFE
}

/// Puts a fresh nonce on an answer.
pub(crate) fn offer_nonce(provider: &Provider, headers: &mut HeaderMap) {
    if let Ok(nonce) = HeaderValue::from_str(&nonce(provider)) {
        headers.insert(DPOP_NONCE, nonce);
    }
}
