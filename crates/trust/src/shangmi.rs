//! SM2 with SM3 (GB/T 32918.2, GB/T 32905), for contracts that name it, as the Hong Kong signing interfaces
//! do. Keys live in memory, for one act. The library that signs everything else does not have it, so that
//! it stands on RustCrypto; nothing of the platform itself is signed or checked with it.

use std::fmt;

use der::{Any, asn1::ObjectIdentifier};
use sm2::dsa::signature::{Signer as _, hazmat::PrehashSigner as _};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::{Algorithm, Error, Signer, asn1, signer::ecdsa_der};

/// The curve recommended by GB/T 32918.5.
const CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// Signing with SM3.
pub(crate) const SM2_SM3: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");
/// The distinguishing identifier of signers who agreed on none (GM/T 0009 section 10): what libraries
/// take unless they are told otherwise.
const SIGNER: &str = "1234567812345678";
/// How often a scalar is drawn: one in four thousand million is not below the order of the curve.
const DRAWS: usize = 4;

/// An SM2 key that lives in memory only.
pub(crate) struct Sm2Key(sm2::dsa::SigningKey);

impl Sm2Key {
    /// A fresh key.
    ///
    /// # Errors
    /// [`Error::BadKey`] when none could be drawn.
    pub(crate) fn generate(env: &kernel::Env) -> Result<Self, Error> {
        (0..DRAWS)
            .find_map(|_| sm2::dsa::SigningKey::from_slice(SIGNER, &env.bytes::<32>()).ok())
            .map(Self)
            .ok_or(Error::BadKey)
    }
}

impl fmt::Debug for Sm2Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2Key")
    }
}

fn written(
    signature: Result<sm2::dsa::Signature, sm2::dsa::signature::Error>,
) -> Result<Vec<u8>, Error> {
    ecdsa_der(&signature.map_err(|_| Error::Refused)?.to_bytes())
}

impl Signer for Sm2Key {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Sm2
    }

    fn public_info(&self) -> Result<Vec<u8>, Error> {
        let info = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: asn1::EC,
                parameters: Some(Any::encode_from(&CURVE)?),
            },
            subject_public_key: asn1::bits(&self.0.verifying_key().to_sec1_bytes())?,
        };
        asn1::write(&info)
    }

    /// The digest is taken as what SM3 gave over the signer's identifier and the message.
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Error> {
        written(self.0.sign_prehash(digest))
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        written(self.0.try_sign(message))
    }

    /// JOSE has no SM2.
    fn sign_jose(&self, _: &[u8; 32]) -> Result<Vec<u8>, Error> {
        Err(Error::Refused)
    }
}
