//! P-256 keys: the signing key, the public key, and its JWK form with the RFC 7638 thumbprint.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    },
};
use kernel::{Env, Secret};
use serde::{Deserialize, Serialize};

use crate::{Error, base64url, digest, signer, token::Token};

/// Tries at drawing a scalar below the group order; one failure has probability 2⁻³².
const SCALAR_TRIES: usize = 8;
/// RFC 5915 `ECPrivateKey` around a 32-byte scalar of the curve prime256v1.
const SEC1_HEAD: [u8; 7] = [0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
const SEC1_TAIL: [u8; 12] = [
    0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
];

/// A P-256 private key that signs ES256 (RFC 7518 section 3.4: raw r‖s, 64 bytes). It lies in this
/// process, or in a token that signs for it and never gives it out.
pub struct SigningKey {
    held: Held,
    public: PublicKey,
    kid: String,
}

enum Held {
    Here {
        pair: EcdsaKeyPair,
        scalar: Secret<[u8; 32]>,
    },
    InToken {
        token: Arc<dyn Token>,
        id: Vec<u8>,
    },
}

impl SigningKey {
    /// A fresh key from the randomness of `env`.
    ///
    /// # Errors
    /// [`Error::BadKey`] when no valid scalar was drawn.
    pub fn generate(env: &Env) -> Result<Self, Error> {
        (0..SCALAR_TRIES)
            .find_map(|_| Self::from_scalar(env.bytes()).ok())
            .ok_or(Error::BadKey)
    }

    /// The key with this private scalar (big-endian).
    ///
    /// # Errors
    /// [`Error::BadKey`] when the scalar is zero or not below the group order.
    pub fn from_scalar(scalar: [u8; 32]) -> Result<Self, Error> {
        let der = [&SEC1_HEAD[..], &scalar, &SEC1_TAIL].concat();
        let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
            .map_err(|_| Error::BadKey)?;
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        let kid = public.thumbprint();
        Ok(Self {
            held: Held::Here {
                pair,
                scalar: Secret::new(scalar),
            },
            public,
            kid,
        })
    }

    /// The key that `token` holds under `id`.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when the token holds none; [`Error::Token`].
    pub fn in_token(token: Arc<dyn Token>, id: Vec<u8>) -> Result<Self, Error> {
        let public = token.public_key(&id)?;
        let kid = public.thumbprint();
        Ok(Self {
            held: Held::InToken { token, id },
            public,
            kid,
        })
    }

    /// The private scalar, for sealing; none when a token holds it.
    #[must_use]
    pub const fn scalar(&self) -> Option<&Secret<[u8; 32]>> {
        match &self.held {
            Held::Here { scalar, .. } => Some(scalar),
            Held::InToken { .. } => None,
        }
    }

    /// The key id: the RFC 7638 thumbprint of the public key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// ECDSA P-256 with SHA-256 over `message`: r‖s, 64 bytes.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library fails; [`Error::Token`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        match &self.held {
            Held::Here { pair, .. } => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::Refused),
            Held::InToken { .. } => self.sign_prehashed(&digest::sha256(message)),
        }
    }

    /// As [`SigningKey::sign`], over a SHA-256 digest made elsewhere.
    ///
    /// # Errors
    /// As [`SigningKey::sign`].
    pub fn sign_prehashed(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        match &self.held {
            Held::Here { pair, .. } => pair
                .sign_digest(&signer::imported(digest)?)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::Refused),
            Held::InToken { token, id } => token.sign(id, digest),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// A P-256 public key, known to be a point on the curve once it has verified something; the
/// coordinates are kept as received.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    /// Uncompressed SEC1 point: 0x04, x, y.
    point: [u8; 65],
}

impl PublicKey {
    /// From the uncompressed SEC1 point (65 bytes).
    ///
    /// # Errors
    /// [`Error::BadKey`] for any other length or form.
    pub fn from_point(point: &[u8]) -> Result<Self, Error> {
        let point: [u8; 65] = point.try_into().map_err(|_| Error::BadKey)?;
        match point.first() {
            Some(4) => Ok(Self { point }),
            _ => Err(Error::BadKey),
        }
    }

    /// From the two coordinates, 32 bytes each.
    ///
    /// # Errors
    /// [`Error::BadKey`] for other lengths or when the point is not on the curve.
    pub fn from_coordinates(x: &[u8], y: &[u8]) -> Result<Self, Error> {
        if x.len() != 32 || y.len() != 32 {
            return Err(Error::BadKey);
        }
        let point = [&[4][..], x, y].concat();
        aws_lc_rs::signature::ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
            .map_err(|_| Error::BadKey)?;
        Self::from_point(&point)
    }

    /// The uncompressed SEC1 point.
    #[must_use]
    pub const fn point(&self) -> &[u8; 65] {
        &self.point
    }

    #[must_use]
    pub fn x(&self) -> &[u8] {
        self.point.get(1..33).unwrap_or_default()
    }

    #[must_use]
    pub fn y(&self) -> &[u8] {
        self.point.get(33..).unwrap_or_default()
    }

    /// Checks an ES256 signature (r‖s, 64 bytes) over `message`.
    ///
    /// # Errors
    /// [`Error::BadSignature`] when it does not verify.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.point)
            .verify(message, signature)
            .map_err(|_| Error::BadSignature)
    }

    /// The public JWK (RFC 7517) with nothing but the key itself.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            x: base64url::encode(self.x()),
            y: base64url::encode(self.y()),
            kid: None,
            alg: None,
            r#use: None,
        }
    }

    /// The RFC 7638 SHA-256 thumbprint, base64url.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            base64url::encode(self.x()),
            base64url::encode(self.y())
        );
        base64url::encode(digest::sha256(canonical))
    }
}

/// A public P-256 JWK. Parsing goes through [`Jwk::from_value`], which refuses private members.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Jwk {
    pub kty: String,
    pub crv: String,
    pub x: String,
    pub y: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#use: Option<String>,
}

impl Jwk {
    /// Reads a public JWK; a private member `d` is refused, because a key that travelled in the
    /// open is not a private key any more.
    ///
    /// # Errors
    /// [`Error::BadKey`] when it is not a public P-256 key.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, Error> {
        if value.get("d").is_some() {
            return Err(Error::BadKey);
        }
        Self::deserialize(value).map_err(|_| Error::BadKey)
    }

    /// The key itself.
    ///
    /// # Errors
    /// [`Error::BadKey`] when the type, the curve or the point is wrong.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        if self.kty != "EC" || self.crv != "P-256" {
            return Err(Error::BadKey);
        }
        let x = base64url::decode(&self.x).map_err(|_| Error::BadKey)?;
        let y = base64url::decode(&self.y).map_err(|_| Error::BadKey)?;
        PublicKey::from_coordinates(&x, &y)
    }
}
