//! Keys of others: what a client registered or carried in a proof. Three algorithms are accepted
//! (ES256, PS256, Ed25519 under both its names, RFC 9864); which one a key may be used with follows
//! from the key, so a message can never choose another.

use std::fmt;

use aws_lc_rs::signature::{
    ED25519, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use crate::{Error, Jwk, PublicKey, base64url, digest};

/// Bytes of an Ed25519 public key.
const ED25519_BYTES: usize = 32;
/// Bytes of an RSA modulus that is accepted: 2,048 to 8,192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;
/// Bytes of an RSA exponent.
const EXPONENT_BYTES: usize = 8;
/// Members of a JWK that only a private or a symmetric key has.
const PRIVATE: [&str; 6] = ["d", "p", "q", "dp", "dq", "k"];

/// A signature algorithm accepted from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alg {
    Es256,
    Ps256,
    Ed25519,
}

impl Alg {
    /// The names accepted in a header, for metadata.
    pub const NAMES: [&'static str; 4] = ["ES256", "PS256", "EdDSA", "Ed25519"];

    /// The algorithm a header names; RS256, `none` and all others are unknown.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "PS256" => Some(Self::Ps256),
            "EdDSA" | "Ed25519" => Some(Self::Ed25519),
            _ => None,
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
enum Material {
    P256(PublicKey),
    Ed25519(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// A public key of somebody else that verifies signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct ForeignKey {
    kid: Option<String>,
    material: Material,
    thumbprint: String,
}

impl ForeignKey {
    /// Reads a public JWK for signatures. A key with a private member, or for encryption, is refused.
    ///
    /// # Errors
    /// [`Error::BadKey`] when it is none of P-256, Ed25519, RSA of at least 2,048 bits.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Error> {
        if PRIVATE.iter().any(|member| jwk.get(member).is_some()) {
            return Err(Error::BadKey);
        }
        if text(jwk, "use").is_some_and(|r#use| r#use != "sig") {
            return Err(Error::BadKey);
        }
        let (material, thumbprint) = material(jwk)?;
        Ok(Self {
            kid: text(jwk, "kid").map(str::to_owned),
            material,
            thumbprint,
        })
    }

    /// The RFC 7638 SHA-256 thumbprint of a public JWK, whatever it is for.
    ///
    /// # Errors
    /// As [`ForeignKey::from_jwk`], but a key for encryption has one as well.
    pub fn print_of(jwk: &Value) -> Result<String, Error> {
        material(jwk).map(|(_, thumbprint)| thumbprint)
    }

    /// The id the owner gave the key.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The RFC 7638 SHA-256 thumbprint, base64url.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    #[must_use]
    pub const fn alg(&self) -> Alg {
        match self.material {
            Material::P256(_) => Alg::Es256,
            Material::Ed25519(_) => Alg::Ed25519,
            Material::Rsa { .. } => Alg::Ps256,
        }
    }

    /// Checks a signature made with `alg` over `message`.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when it does not verify or the key is of another algorithm.
    pub fn verify(&self, alg: Alg, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if alg != self.alg() {
            return Err(Error::BadSignature);
        }
        match &self.material {
            Material::P256(key) => key.verify(message, signature),
            Material::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key)
                .verify(message, signature)
                .map_err(|_| Error::BadSignature),
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PSS_2048_8192_SHA256, message, signature)
                .map_err(|_| Error::BadSignature),
        }
    }
}

impl fmt::Debug for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ForeignKey({:?}, {})", self.alg(), self.thumbprint)
    }
}

fn text<'a>(jwk: &'a Value, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}

fn bytes(jwk: &Value, member: &str) -> Result<Vec<u8>, Error> {
    let text = text(jwk, member).ok_or(Error::BadKey)?;
    base64url::decode(text).map_err(|_| Error::BadKey)
}

fn material(jwk: &Value) -> Result<(Material, String), Error> {
    match (text(jwk, "kty"), text(jwk, "crv")) {
        (Some("EC"), Some("P-256")) => {
            let key = Jwk::from_value(jwk)?.public_key()?;
            let thumbprint = key.thumbprint();
            Ok((Material::P256(key), thumbprint))
        }
        (Some("OKP"), Some("Ed25519")) => ed25519(jwk),
        (Some("RSA"), _) => rsa(jwk),
        _ => Err(Error::BadKey),
    }
}

fn ed25519(jwk: &Value) -> Result<(Material, String), Error> {
    let x = bytes(jwk, "x")?;
    if x.len() != ED25519_BYTES {
        return Err(Error::BadKey);
    }
    let canonical = format!(
        r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#,
        base64url::encode(&x)
    );
    Ok((Material::Ed25519(x), print(&canonical)))
}

fn rsa(jwk: &Value) -> Result<(Material, String), Error> {
    let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
    let is_whole = n.first().is_some_and(|top| *top >= 0x80) && e.first().is_some_and(|b| *b > 0);
    if !is_whole || !RSA_BYTES.contains(&n.len()) || e.len() > EXPONENT_BYTES {
        return Err(Error::BadKey);
    }
    let canonical = format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        base64url::encode(&e),
        base64url::encode(&n)
    );
    Ok((Material::Rsa { n, e }, print(&canonical)))
}

fn print(canonical: &str) -> String {
    base64url::encode(digest::sha256(canonical))
}
