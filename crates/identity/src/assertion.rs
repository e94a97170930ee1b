//! What a passkey signs when it answers an approval: an assertion of WebAuthn Level 3 whose challenge is no
//! random number but names the approval, its purpose, the digest of what is approved and the four digits.
//!
//! Invariants: the challenge is made from the approval as it is stored when the answer is checked, so an
//! answer to one approval is none to another; a passkey that may be copied answers nothing that asks for the
//! plus level; what was signed is kept whole, so that it can be checked after the passkey is gone.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trust::{base64url, digest};
use webauthn_rs::prelude::{COSEAlgorithm, COSEKey, COSEKeyType, ECDSACurve, PublicKeyCredential};

use crate::{Approval, Means, PresenceCheck, PublicJwk, Purpose};

/// What the digest behind a challenge begins with.
const CONTEXT: &[u8] = b"causeway/passkey-approval/1\0";

/// What the phone signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Signed {
    /// Compact JWS (RFC 7515) by the device key over approval, purpose, digest, code and decision.
    pub jws: String,
    /// JWK thumbprint (RFC 7638) of the device key.
    pub thumbprint: String,
    /// The public key, so that the signature can be checked after the device is gone.
    pub jwk: PublicJwk,
}

/// What a passkey signed, and everything that shows what it signed. Bytes are base64url.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Assertion {
    pub credential: String,
    /// The public key as a JWK (RFC 7517).
    pub key: Value,
    pub authenticator_data: String,
    /// `clientDataJSON`, with the challenge in it.
    pub client_data: String,
    pub signature: String,
    pub nonce: String,
    pub approval: String,
    pub purpose: Purpose,
    pub digest: String,
    pub code: String,
}

/// What was signed when an approval was answered, kept for whoever must show later that the person agreed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Evidence {
    Phone(Signed),
    Passkey(Box<Assertion>),
}

impl Evidence {
    /// The proof as text: a compact JWS, or the assertion as JSON.
    #[must_use]
    pub fn proof(&self) -> String {
        match self {
            Self::Phone(signed) => signed.jws.clone(),
            Self::Passkey(assertion) => json!(assertion).to_string(),
        }
    }

    /// Which key signed: the thumbprint of a phone's, the credential of a passkey.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Phone(signed) => &signed.thumbprint,
            Self::Passkey(assertion) => &assertion.credential,
        }
    }

    /// By what it was answered. Only a passkey that cannot leave its device answers an approval.
    #[must_use]
    pub const fn means(&self) -> Means {
        match self {
            Self::Phone(_) => Means::Phone,
            Self::Passkey(_) => Means::Bound,
        }
    }
}

/// Whether a passkey can answer an approval here, or why not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PasskeyWay {
    /// The person has one that cannot leave its device.
    Ready,
    /// Only passkeys that are copied between devices.
    Synced,
    /// The one who asks wants what only the phone can show.
    Phone(PresenceCheck),
    /// The person has none, or this is no question for one.
    None,
}

impl Purpose {
    /// Which questions a passkey answers at all: to sign, and to confirm something grave. A company's chop,
    /// an agreement and the desk stay with the phone. What a Hong Kong wire client asks to be confirmed is
    /// put to the phone alone and bound to no browser, so no passkey meets it.
    pub(crate) const fn takes_passkeys(self) -> bool {
        matches!(self, Self::Sign | Self::StepUp)
    }
}

/// What the passkey signs: SHA-256 over the approval and a number drawn for this one answer.
pub(crate) fn challenge(asked: &Approval, nonce: &[u8; 32]) -> [u8; 32] {
    let zero: &[u8] = &[0];
    digest::sha256_parts(&[
        CONTEXT,
        &asked.id.bytes(),
        asked.purpose.code().as_bytes(),
        zero,
        &asked.digest,
        asked.code.as_bytes(),
        zero,
        nonce,
    ])
}

impl Assertion {
    /// From an answer whose signature has been checked.
    pub(crate) fn of(
        asked: &Approval,
        nonce: &[u8; 32],
        (key, answer): (&COSEKey, &PublicKeyCredential),
    ) -> Self {
        let response = &answer.response;
        Self {
            credential: base64url::encode(&answer.raw_id),
            key: jwk(key),
            authenticator_data: base64url::encode(&response.authenticator_data),
            client_data: base64url::encode(&response.client_data_json),
            signature: base64url::encode(&response.signature),
            nonce: base64url::encode(nonce),
            approval: asked.id.to_string(),
            purpose: asked.purpose,
            digest: base64url::encode(asked.digest),
            code: asked.code.clone(),
        }
    }
}

/// A public key of COSE (RFC 9053) as a JWK.
fn jwk(key: &COSEKey) -> Value {
    let text = |bytes: &[u8]| base64url::encode(bytes);
    let alg = match key.type_ {
        COSEAlgorithm::ES256 => "ES256",
        COSEAlgorithm::ES384 => "ES384",
        COSEAlgorithm::RS256 => "RS256",
        _ => "",
    };
    match &key.key {
        COSEKeyType::EC_EC2(key) => json!({
            "kty": "EC", "alg": alg, "x": text(&key.x), "y": text(&key.y),
            "crv": match key.curve {
                ECDSACurve::SECP256R1 => "P-256",
                ECDSACurve::SECP384R1 => "P-384",
                ECDSACurve::SECP521R1 => "P-521",
            },
        }),
        COSEKeyType::RSA(key) => {
            json!({ "kty": "RSA", "alg": alg, "n": text(&key.n), "e": text(&key.e) })
        }
        COSEKeyType::EC_OKP(key) => json!({ "kty": "OKP", "alg": alg, "x": text(&key.x) }),
    }
}
