//! Compact JWS (RFC 7515). We sign ES256 only. Verification pins the algorithm and the `typ`, and
//! refuses `none`, `crit`, `b64`, and headers larger than [`HEADER_BYTES`]. Tokens of others come in
//! through [`Unverified::parse_foreign`], and their key says which algorithm counts.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Alg, Error, ForeignKey, Jwk, PublicKey, SigningKey, base64url};

/// Characters of a whole compact token that are looked at.
pub const TOKEN_CHARS: usize = 64 * 1024;
/// Bytes of a decoded protected header.
pub const HEADER_BYTES: usize = 16 * 1024;

/// The protected header as written by [`Signer`] and as read by [`Unverified`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x5c: Option<Vec<String>>,
    /// A public key carried by value (DPoP and proofs of possession).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwk: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crit: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub b64: Option<Value>,
}

impl Header {
    /// Whether the token says that it is of media type `typ`; a token without `typ` is of none.
    #[must_use]
    pub fn is_type(&self, typ: &str) -> bool {
        self.typ
            .as_deref()
            .is_some_and(|found| same_type(found, typ))
    }
}

/// Signs tokens of one type with one key.
#[derive(Debug, Clone)]
pub struct Signer<'k> {
    key: &'k SigningKey,
    header: Header,
}

impl<'k> Signer<'k> {
    /// A signer of tokens of media type `typ` (RFC 8725 section 3.11: always explicit), naming the
    /// key by its id.
    #[must_use]
    pub fn new(key: &'k SigningKey, typ: &str) -> Self {
        Self {
            key,
            header: Header {
                alg: "ES256".to_owned(),
                typ: Some(typ.to_owned()),
                kid: Some(key.kid().to_owned()),
                x5c: None,
                jwk: None,
                crit: None,
                b64: None,
            },
        }
    }

    /// Carries the certificate chain (DER, leaf first, no trust anchor).
    #[must_use]
    pub fn with_chain(mut self, chain: &[Vec<u8>]) -> Self {
        self.header.x5c = Some(chain.iter().map(base64url::encode_standard).collect());
        self
    }

    /// Carries the public key itself in place of its id.
    #[must_use]
    pub fn with_jwk(mut self) -> Self {
        self.header.kid = None;
        self.header.jwk = serde_json::to_value(self.key.public().jwk()).ok();
        self
    }

    /// The compact token over `claims` as JSON.
    ///
    /// # Errors
    /// [`Error::Malformed`] when `claims` is not JSON; [`Error::Refused`] when signing fails.
    pub fn sign<T: Serialize + ?Sized>(&self, claims: &T) -> Result<String, Error> {
        let payload = serde_json::to_vec(claims).map_err(|_| Error::Malformed("claims"))?;
        self.sign_bytes(&payload)
    }

    /// The compact token over `payload` as it is.
    ///
    /// # Errors
    /// [`Error::Refused`] when signing fails.
    pub fn sign_bytes(&self, payload: &[u8]) -> Result<String, Error> {
        let header = serde_json::to_vec(&self.header).map_err(|_| Error::Malformed("header"))?;
        let input = format!(
            "{}.{}",
            base64url::encode(header),
            base64url::encode(payload)
        );
        let signature = self.key.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", base64url::encode(signature)))
    }
}

/// A token that was parsed but not verified. Its payload cannot be read.
#[derive(Debug, Clone)]
pub struct Unverified {
    header: Header,
    input: String,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// A token whose type and signature were verified.
#[derive(Debug, Clone)]
pub struct Verified {
    header: Header,
    payload: Vec<u8>,
}

impl Unverified {
    /// Parses a compact token.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything that is not a compact JWS; [`Error::RefusedHeader`] for
    /// another algorithm than ES256, `crit` or `b64`.
    pub fn parse(token: &str) -> Result<Self, Error> {
        let token = Self::split(token)?;
        if token.header.alg == "ES256" {
            Ok(token)
        } else {
            Err(Error::RefusedHeader("alg"))
        }
    }

    /// Parses a compact token of somebody else, in any algorithm of [`Alg`].
    ///
    /// # Errors
    /// As [`Unverified::parse`].
    pub fn parse_foreign(token: &str) -> Result<Self, Error> {
        let token = Self::split(token)?;
        match Alg::of(&token.header.alg) {
            Some(_) => Ok(token),
            None => Err(Error::RefusedHeader("alg")),
        }
    }

    fn split(token: &str) -> Result<Self, Error> {
        if token.len() > TOKEN_CHARS {
            return Err(Error::Malformed("token too long"));
        }
        let (input, signature) = token.rsplit_once('.').ok_or(Error::Malformed("token"))?;
        let (head, body) = input.split_once('.').ok_or(Error::Malformed("token"))?;
        if body.contains('.') {
            return Err(Error::Malformed("token"));
        }
        let head = base64url::decode(head)?;
        if head.len() > HEADER_BYTES {
            return Err(Error::Malformed("header too long"));
        }
        let header: Header =
            serde_json::from_slice(&head).map_err(|_| Error::Malformed("header"))?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(Error::RefusedHeader("crit"));
        }
        Ok(Self {
            header,
            input: input.to_owned(),
            payload: base64url::decode(body)?,
            signature: base64url::decode(signature)?,
        })
    }

    /// The header: use it only to choose the key.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The public key carried in the header, if it is a valid public P-256 key.
    ///
    /// # Errors
    /// [`Error::BadKey`] when the header carries no such key.
    pub fn carried_key(&self) -> Result<PublicKey, Error> {
        let jwk = self.header.jwk.as_ref().ok_or(Error::BadKey)?;
        Jwk::from_value(jwk)?.public_key()
    }

    /// The key of any accepted kind carried in the header (DPoP).
    ///
    /// # Errors
    /// [`Error::BadKey`] when the header carries no such public key.
    pub fn carried_foreign_key(&self) -> Result<ForeignKey, Error> {
        ForeignKey::from_jwk(self.header.jwk.as_ref().ok_or(Error::BadKey)?)
    }

    /// Verifies the signature under somebody else's key. Look at [`Header::is_type`] before.
    ///
    /// # Errors
    /// [`Error::RefusedHeader`] for an unknown algorithm; [`Error::BadSignature`].
    pub fn verify_foreign(self, key: &ForeignKey) -> Result<Verified, Error> {
        let alg = Alg::of(&self.header.alg).ok_or(Error::RefusedHeader("alg"))?;
        key.verify(alg, self.input.as_bytes(), &self.signature)?;
        Ok(Verified {
            header: self.header,
            payload: self.payload,
        })
    }

    /// Verifies the signature under `key` and that the token is of type `typ`.
    ///
    /// # Errors
    /// [`Error::RefusedHeader`] for another type; [`Error::BadSignature`].
    pub fn verify(self, typ: &str, key: &PublicKey) -> Result<Verified, Error> {
        if !self.header.is_type(typ) {
            return Err(Error::RefusedHeader("typ"));
        }
        key.verify(self.input.as_bytes(), &self.signature)?;
        Ok(Verified {
            header: self.header,
            payload: self.payload,
        })
    }
}

impl Verified {
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as `T`.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not that.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.payload).map_err(|_| Error::Malformed("claims"))
    }
}

/// RFC 7515 section 4.1.9: an `application/` prefix may be left out, case does not matter.
fn same_type(found: &str, wanted: &str) -> bool {
    let bare = found
        .get(..12)
        .filter(|head| head.eq_ignore_ascii_case("application/"))
        .map_or(found, |_| found.get(12..).unwrap_or_default());
    bare.eq_ignore_ascii_case(wanted)
}
