//! Proofs of possession: the nonce, the `jwt` proof of OpenID4VCI 1.0 (Appendix F.1) and DPoP
//! (RFC 9449). Pure; single use of nonces and of DPoP ids is recorded by the store.

use std::time::Duration;

use kernel::Time;
use serde::Deserialize;
use trust::{PublicKey, base64url, digest, jws};

use crate::{Issuer, Refusal};

/// How long a nonce may be used.
pub(crate) const NONCE_LIFE: Duration = Duration::from_secs(300);
/// How old a proof may be, and how far ahead its clock may run.
pub(crate) const PROOF_SECONDS: i64 = 300;
pub(crate) const AHEAD_SECONDS: i64 = 60;
const PROOF_TYPE: &str = "openid4vci-proof+jwt";
const DPOP_TYPE: &str = "dpop+jwt";

/// A fresh nonce: random, dated and authenticated, so that giving one out writes nothing.
#[must_use]
pub(crate) fn new_nonce(issuer: &Issuer) -> String {
    let random = base64url::encode(issuer.env().bytes::<16>());
    let body = format!("{}.{random}", issuer.now().seconds());
    let mac = base64url::encode(issuer.mac("nonce", &body));
    format!("{body}.{mac}")
}

/// Checks that this issuer gave out `nonce` within [`NONCE_LIFE`].
///
/// # Errors
/// [`Refusal::InvalidNonce`].
pub(crate) fn check_nonce(issuer: &Issuer, nonce: &str) -> Result<(), Refusal> {
    let (body, mac) = nonce.rsplit_once('.').ok_or(Refusal::InvalidNonce)?;
    let expected = base64url::encode(issuer.mac("nonce", body));
    if !digest::equal(expected.as_bytes(), mac.as_bytes()) {
        return Err(Refusal::InvalidNonce);
    }
    let seconds = body
        .split_once('.')
        .and_then(|(seconds, _)| seconds.parse().ok())
        .ok_or(Refusal::InvalidNonce)?;
    if issuer.now() >= Time::from_seconds(seconds).plus(NONCE_LIFE) {
        return Err(Refusal::InvalidNonce);
    }
    Ok(())
}

/// A proof that holds: whose key, and the nonce to use up.
#[derive(Clone, Debug)]
pub(crate) struct Possession {
    pub key: PublicKey,
    pub nonce: String,
    /// The client the wallet says it is, when it says so.
    pub client: Option<String>,
}

#[derive(Deserialize)]
struct ProofClaims {
    iss: Option<String>,
    aud: String,
    iat: i64,
    nonce: Option<String>,
}

/// Checks a `jwt` proof.
///
/// # Errors
/// [`Refusal::InvalidProof`] naming the check; [`Refusal::InvalidNonce`].
pub(crate) fn check_proof(issuer: &Issuer, text: &str) -> Result<Possession, Refusal> {
    let token = jws::Unverified::parse(text).map_err(|_| Refusal::InvalidProof("not ES256"))?;
    if token.header().kid.is_some() || token.header().x5c.is_some() {
        return Err(Refusal::InvalidProof("the key must be given as jwk"));
    }
    let key = token
        .carried_key()
        .map_err(|_| Refusal::InvalidProof("jwk"))?;
    let verified = token
        .verify(PROOF_TYPE, &key)
        .map_err(|_| Refusal::InvalidProof("type or signature"))?;
    let claims: ProofClaims = verified
        .claims()
        .map_err(|_| Refusal::InvalidProof("claims"))?;
    if claims.aud != issuer.identifier() {
        return Err(Refusal::InvalidProof("aud"));
    }
    if !is_fresh(issuer, claims.iat) {
        return Err(Refusal::InvalidProof("iat"));
    }
    let nonce = claims.nonce.ok_or(Refusal::InvalidProof("no nonce"))?;
    check_nonce(issuer, &nonce)?;
    Ok(Possession {
        key,
        nonce,
        client: claims.iss,
    })
}

/// A DPoP proof that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Dpop {
    /// The thumbprint of its key.
    pub thumbprint: String,
    /// What to remember against replay.
    pub seen: [u8; 32],
}

#[derive(Deserialize)]
struct DpopClaims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: Option<String>,
}

/// What a DPoP proof must be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DpopFor<'a> {
    pub proof: &'a str,
    /// The path of the endpoint; all of ours are POST.
    pub path: &'a str,
    /// The access token it accompanies.
    pub access_token: Option<&'a str>,
}

/// Checks a DPoP proof (RFC 9449 section 4.3).
///
/// # Errors
/// [`Refusal::InvalidDpopProof`].
pub(crate) fn check_dpop(issuer: &Issuer, expected: DpopFor<'_>) -> Result<Dpop, Refusal> {
    let refused = |_| Refusal::InvalidDpopProof;
    let token = jws::Unverified::parse(expected.proof).map_err(refused)?;
    let key = token.carried_key().map_err(refused)?;
    let verified = token.verify(DPOP_TYPE, &key).map_err(refused)?;
    let claims: DpopClaims = verified.claims().map_err(refused)?;
    let address = claims.htu.split(['?', '#']).next().unwrap_or_default();
    let hash = expected
        .access_token
        .map(|token| base64url::encode(digest::sha256(token)));
    let holds = claims.htm == "POST"
        && address == issuer.url(expected.path)
        && claims.ath == hash
        && !claims.jti.is_empty()
        && claims.jti.len() <= 256
        && is_fresh(issuer, claims.iat);
    if !holds {
        return Err(Refusal::InvalidDpopProof);
    }
    let thumbprint = key.thumbprint();
    Ok(Dpop {
        seen: digest::sha256(format!("dpop\0{thumbprint}\0{}", claims.jti)),
        thumbprint,
    })
}

fn is_fresh(issuer: &Issuer, iat: i64) -> bool {
    let age = issuer.now().seconds().saturating_sub(iat);
    (-AHEAD_SECONDS..=PROOF_SECONDS).contains(&age)
}
