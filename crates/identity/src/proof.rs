//! What a phone signs: a proof with each request, and a decision with each answer. Both are compact
//! JWS (RFC 7515) with ES256 over the device key; the `typ` keeps one from passing for the other.

use kernel::Time;
use serde::{Deserialize, Serialize};
use trust::{base64url, digest};

use crate::{Decision, Purpose};

/// `typ` of a request proof.
pub const PROOF_TYP: &str = "causeway-device-proof+jwt";
/// `typ` of a signed decision.
pub const DECISION_TYP: &str = "causeway-approval+jwt";
/// Seconds a signed time may differ from ours.
pub const IAT_SKEW_SECONDS: i64 = 60;
/// Characters of a `jti`.
pub const JTI_CHARS: std::ops::RangeInclusive<usize> = 16..=64;
/// Characters of a whole token.
pub const TOKEN_CHARS: usize = 4_096;

/// What a request proof says (the idea of RFC 9449, plus the body).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub htm: String,
    /// Path of the request, without query.
    pub htu: String,
    pub iat: i64,
    pub jti: String,
    /// base64url SHA-256 of the body.
    pub body: String,
}

/// What a decision says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedDecision {
    pub approval: String,
    pub purpose: Purpose,
    /// base64url SHA-256 of what is approved.
    pub digest: String,
    /// The four digits the person compared.
    pub code: String,
    pub decision: Decision,
    pub iat: i64,
    pub jti: String,
}

/// Why a token is not accepted. People see one sentence; the variant is for tests and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("the token is not a compact JWS of the expected type")]
    Shape,
    #[error("the signature does not match the key")]
    Signature,
    #[error("the token was made too long ago or in the future")]
    Time,
    #[error("the token was made for another request")]
    Mismatch,
}

impl From<trust::Error> for ProofError {
    fn from(error: trust::Error) -> Self {
        match error {
            trust::Error::BadSignature => Self::Signature,
            _ => Self::Shape,
        }
    }
}

/// Splits a compact JWS and reads its header.
///
/// # Errors
/// [`ProofError::Shape`] when it is not one or names another algorithm.
pub fn parse(token: &str) -> Result<trust::jws::Unverified, ProofError> {
    if token.len() > TOKEN_CHARS {
        return Err(ProofError::Shape);
    }
    Ok(trust::jws::Unverified::parse(token)?)
}

/// Whether `iat` is within [`IAT_SKEW_SECONDS`] of `now` and `jti` has a sane length.
///
/// # Errors
/// [`ProofError::Time`] or [`ProofError::Shape`].
pub fn check_fresh(iat: i64, jti: &str, now: Time) -> Result<(), ProofError> {
    if now.seconds().saturating_sub(iat).saturating_abs() > IAT_SKEW_SECONDS {
        return Err(ProofError::Time);
    }
    if JTI_CHARS.contains(&jti.len()) && jti.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ProofError::Shape)
    }
}

/// The request a proof must speak of.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub body: &'a [u8],
}

/// Whether the proof speaks of this very request.
///
/// # Errors
/// [`ProofError::Mismatch`].
pub fn check_request(proof: &Proof, asked: Asked<'_>) -> Result<(), ProofError> {
    let body = base64url::encode(digest::sha256(asked.body));
    if proof.htm == asked.method && proof.htu == asked.path && proof.body == body {
        Ok(())
    } else {
        Err(ProofError::Mismatch)
    }
}
