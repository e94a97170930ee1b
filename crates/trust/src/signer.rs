//! What signs certificates, documents and time-stamps: any key that can sign a SHA-256 digest and
//! say which key it is, wherever it lies.

use std::fmt;

use aws_lc_rs::{
    rsa::{KeyPair as RsaPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};
use der::{
    Any, Encode as _,
    asn1::{ObjectIdentifier, UintRef},
};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{
    Error, SigningKey, asn1, digest,
    shangmi::{self, Sm2Key},
};

/// How a signature is made.
///
/// ES256 is the house's algorithm: a key costs microseconds to make, so that each act of signing by a
/// person has a key of its own that never outlives it, and a certificate is a third of the size. RS256
/// (RSA-2048, PKCS #1 v1.5) is made where the asking system's contract names `SHA256withRSA`, as the
/// Hong Kong signing interfaces do by default; its key takes some hundred milliseconds of computing.
/// SM2 is made where it is named too, and checked nowhere here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// SM2 with SM3, for bare signatures alone.
    Sm2,
}

impl Algorithm {
    /// The word in records and configuration.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Sm2 => "SM2",
        }
    }

    pub(crate) fn identifier(self) -> AlgorithmIdentifierOwned {
        match self {
            Self::Es256 => AlgorithmIdentifierOwned {
                oid: asn1::ECDSA_SHA256,
                parameters: None,
            },
            Self::Rs256 => AlgorithmIdentifierOwned {
                oid: asn1::RSA_SHA256,
                parameters: Some(Any::null()),
            },
            Self::Sm2 => AlgorithmIdentifierOwned {
                oid: shangmi::SM2_SM3,
                parameters: None,
            },
        }
    }
}

/// A private key that signs documents and certificates.
pub trait Signer: Send + Sync + fmt::Debug {
    fn algorithm(&self) -> Algorithm;

    /// The DER `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library cannot write it.
    fn public_info(&self) -> Result<Vec<u8>, Error>;

    /// The signature of a SHA-256 digest as X.509 and CMS carry it: DER for ECDSA, the bare number
    /// for RSA.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library or the token fails.
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error>;

    /// The signature of a message under the algorithm's own hash, in the form of
    /// [`Signer::sign_digest`].
    ///
    /// # Errors
    /// As [`Signer::sign_digest`].
    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.sign_digest(&digest::sha256(message))
    }

    /// The signature of a SHA-256 digest as JOSE carries it: r‖s for ECDSA (RFC 7518 section 3.4).
    ///
    /// # Errors
    /// As [`Signer::sign_digest`].
    fn sign_jose(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error>;
}

impl Signer for SigningKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Es256
    }

    fn public_info(&self) -> Result<Vec<u8>, Error> {
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: asn1::EC,
                parameters: Some(Any::encode_from(&asn1::P256)?),
            },
            subject_public_key: asn1::bits(self.public().point())?,
        };
        asn1::write(&info)
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        ecdsa_der(&self.sign_prehashed(digest)?)
    }

    fn sign_jose(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.sign_prehashed(digest)
    }
}

/// `SEQUENCE { r INTEGER, s INTEGER }` from r‖s.
pub(crate) fn ecdsa_der(fixed: &[u8]) -> Result<Vec<u8>, Error> {
    let (r, s) = fixed.split_at_checked(32).ok_or(Error::Refused)?;
    let body = [UintRef::new(r)?.to_der()?, UintRef::new(s)?.to_der()?].concat();
    Ok(Any::new(der::Tag::Sequence, body)?.to_der()?)
}

/// An RSA-2048 key that lives in memory only.
pub struct RsaKey(RsaPair);

impl RsaKey {
    /// A fresh RSA-2048 key: takes tens to hundreds of milliseconds, so never on a request thread.
    ///
    /// # Errors
    /// [`Error::Refused`] when the library fails.
    pub fn generate() -> Result<Self, Error> {
        RsaPair::generate(KeySize::Rsa2048)
            .map(Self)
            .map_err(|_| Error::Refused)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

impl Signer for RsaKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Rs256
    }

    fn public_info(&self) -> Result<Vec<u8>, Error> {
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: asn1::RSA,
                parameters: Some(Any::null()),
            },
            subject_public_key: asn1::bits(self.0.public_key().as_ref())?,
        };
        asn1::write(&info)
    }

    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        let digest = imported(digest)?;
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign_digest(&RSA_PKCS1_SHA256, &digest, &mut signature)
            .map_err(|_| Error::Refused)?;
        Ok(signature)
    }

    fn sign_jose(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        self.sign_digest(digest)
    }
}

pub(crate) fn imported(digest: &[u8; 32]) -> Result<aws_lc_rs::digest::Digest, Error> {
    aws_lc_rs::digest::Digest::import_less_safe(digest, &aws_lc_rs::digest::SHA256)
        .map_err(|_| Error::Refused)
}

/// A fresh key for one act of signing.
///
/// # Errors
/// [`Error::Refused`], [`Error::BadKey`] when no key can be made.
pub fn fresh(algorithm: Algorithm, env: &kernel::Env) -> Result<Box<dyn Signer>, Error> {
    Ok(match algorithm {
        Algorithm::Es256 => Box::new(SigningKey::generate(env)?),
        Algorithm::Rs256 => Box::new(RsaKey::generate()?),
        Algorithm::Sm2 => Box::new(Sm2Key::generate(env)?),
    })
}

/// Checks a signature over `message` under a certified key. The algorithm follows from the key; what
/// the message claims about it must agree.
///
/// # Errors
/// [`Error::RefusedHeader`] for other algorithms than ES256 and RS256; [`Error::BadSignature`].
pub(crate) fn check(
    key: &SubjectPublicKeyInfoOwned,
    claimed: ObjectIdentifier,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Error> {
    let algorithm: &'static dyn VerificationAlgorithm = match (key.algorithm.oid, claimed) {
        (asn1::EC, asn1::ECDSA_SHA256) => &ECDSA_P256_SHA256_ASN1,
        // CMS writers name the key's algorithm alone (RFC 3370 section 3.2) or with its digest.
        (asn1::RSA, asn1::RSA | asn1::RSA_SHA256) => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(Error::RefusedHeader("signature algorithm")),
    };
    UnparsedPublicKey::new(algorithm, key.subject_public_key.raw_bytes())
        .verify(message, signature)
        .map_err(|_| Error::BadSignature)
}

/// The identifier of a public key in certificates: the first 160 bits of SHA-256 over its bits
/// (RFC 7093 section 2, method 1).
pub(crate) fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Vec<u8> {
    let hash = digest::sha256(key.subject_public_key.raw_bytes());
    hash.get(..20).unwrap_or_default().to_vec()
}
