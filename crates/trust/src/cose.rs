//! COSE_Sign1 with ES256 (RFC 9052 section 4.2, RFC 9053 section 2.1). Signatures are checked over
//! the protected bytes as received, never over a re-encoding.

use coset::{
    CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, Label,
    RegisteredLabelWithPrivate, TaggedCborSerializable, cbor::value::Value, iana,
};

use crate::{Error, PublicKey, SigningKey};

/// Bytes of one structure that are looked at.
pub const STRUCTURE_BYTES: usize = 4 * 1024 * 1024;
/// Header parameter `typ` (RFC 9596).
const TYP: i64 = 16;
/// Bytes of the key id carried: the first of the SHA-256 thumbprint, as health certificates did.
pub const KID_BYTES: usize = 8;

/// How a structure is written.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The media type in header 16, when given.
    pub typ: Option<&'static str>,
    /// The short key id in header 4, when given.
    pub kid: Option<Vec<u8>>,
    /// Wrap in tag 18.
    pub tagged: bool,
}

/// The short key id of a public key.
#[must_use]
pub fn short_kid(key: &PublicKey) -> Vec<u8> {
    let digest = crate::digest::sha256(key.point());
    digest.get(..KID_BYTES).unwrap_or_default().to_vec()
}

/// Signs `payload` and returns the CBOR.
///
/// # Errors
/// [`Error::Refused`] when signing fails.
pub fn sign(key: &SigningKey, shape: &Shape, payload: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut header = HeaderBuilder::new().algorithm(iana::Algorithm::ES256);
    if let Some(typ) = shape.typ {
        header = header.value(TYP, Value::Text(typ.to_owned()));
    }
    if let Some(kid) = &shape.kid {
        header = header.key_id(kid.clone());
    }
    let structure = CoseSign1Builder::new()
        .protected(header.build())
        .payload(payload)
        .try_create_signature(&[], |message| key.sign(message))?
        .build();
    let bytes = if shape.tagged {
        structure.to_tagged_vec()
    } else {
        structure.to_vec()
    };
    bytes.map_err(|_| Error::Malformed("COSE"))
}

/// A structure that was parsed but not verified.
#[derive(Debug, Clone)]
pub struct Unverified(CoseSign1);

impl Unverified {
    /// Parses a COSE_Sign1 with or without tag 18.
    ///
    /// # Errors
    /// [`Error::Malformed`] for anything else; [`Error::RefusedHeader`] for another algorithm than
    /// ES256 in the protected header, or critical parameters.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > STRUCTURE_BYTES {
            return Err(Error::Malformed("COSE too long"));
        }
        let structure = CoseSign1::from_tagged_slice(bytes)
            .or_else(|_| CoseSign1::from_slice(bytes))
            .map_err(|_| Error::Malformed("COSE"))?;
        let header = &structure.protected.header;
        let es256 = RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256);
        if header.alg.as_ref() != Some(&es256) {
            return Err(Error::RefusedHeader("alg"));
        }
        if !header.crit.is_empty() {
            return Err(Error::RefusedHeader("crit"));
        }
        Ok(Self(structure))
    }

    /// The key id in the protected header, to choose the key by.
    #[must_use]
    pub fn kid(&self) -> &[u8] {
        &self.0.protected.header.key_id
    }

    /// The payload before verification, to find the key by (a device key certified inside).
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        self.0.payload.as_deref().unwrap_or_default()
    }

    /// Verifies the signature and, when given, the type; returns the payload.
    ///
    /// # Errors
    /// [`Error::RefusedHeader`] for another type, [`Error::BadSignature`].
    pub fn verify(self, typ: Option<&str>, key: &PublicKey) -> Result<Vec<u8>, Error> {
        if let Some(typ) = typ {
            let found = self
                .0
                .protected
                .header
                .rest
                .iter()
                .find_map(|(label, value)| {
                    (*label == Label::Int(TYP))
                        .then(|| value.as_text())
                        .flatten()
                });
            if found != Some(typ) {
                return Err(Error::RefusedHeader("typ"));
            }
        }
        self.0
            .verify_signature(&[], |signature, message| key.verify(message, signature))?;
        self.0.payload.ok_or(Error::Malformed("COSE payload"))
    }
}
