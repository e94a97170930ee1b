//! Bodies sealed for another system under a shared key, and that key sealed to the other's RSA
//! certificate: the envelope of the Hong Kong identity interfaces. A body is the length of the IV as four
//! bytes, the IV, and AES-256-GCM ciphertext with its tag.
//!
//! The key is sealed with PKCS #1 v1.5 or OAEP, as the reader registered. Sealing with v1.5 is sound;
//! what is weak about it is an opener that tells wrong padding apart, and this platform never opens.

use std::fmt;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rsa::{
        OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey,
        PublicEncryptingKey,
    },
};
use kernel::{Env, Time};
use serde::{Deserialize, Serialize};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::{
    Error, base64url, digest,
    x509::{Certified, Profile},
};

/// Characters of a certificate in PEM.
const CERTIFICATE_CHARS: usize = 16 * 1024;
/// The lines around a certificate in PEM.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// Bits of a reader's RSA key.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;
/// Bytes that say how long the IV is.
const LENGTH_BYTES: usize = 4;
/// What stands in them.
const IV_LENGTH: [u8; LENGTH_BYTES] = [0, 0, 0, 12];

/// How a key is sealed to an RSA certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Padding {
    /// RFC 8017 section 7.2, what Java and .NET do when told "RSA" and no more.
    #[default]
    #[serde(rename = "pkcs1")]
    Pkcs1,
    /// RFC 8017 section 7.1 with SHA-256 for both hashes.
    #[serde(rename = "oaep_sha256")]
    OaepSha256,
}

impl Padding {
    pub const ALL: [Self; 2] = [Self::Pkcs1, Self::OaepSha256];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pkcs1 => "pkcs1",
            Self::OaepSha256 => "oaep_sha256",
        }
    }
}

/// The RSA certificate of somebody whom keys are sealed for.
#[derive(Clone, PartialEq, Eq)]
pub struct SealingCertificate {
    der: Vec<u8>,
    info: Vec<u8>,
    print: String,
    subject: String,
    until: Time,
}

impl SealingCertificate {
    /// Reads one certificate in PEM. Who issued it is for whoever approves it to judge.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not one certificate; [`Error::BadKey`] when its key is not RSA of
    /// 2,048 to 8,192 bits.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let malformed = || Error::Malformed("certificate");
        if pem.len() > CERTIFICATE_CHARS {
            return Err(malformed());
        }
        let body = pem
            .trim()
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END))
            .ok_or_else(malformed)?;
        Self::from_der(&body_of(body)?)
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = || Error::Malformed("certificate");
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| malformed())?;
        if !rest.is_empty() {
            return Err(malformed());
        }
        let info = certificate.public_key().raw.to_vec();
        let key = PublicEncryptingKey::from_der(&info).map_err(|_| Error::BadKey)?;
        if !RSA_BITS.contains(&key.key_size_bits()) {
            return Err(Error::BadKey);
        }
        Ok(Self {
            der: der.to_vec(),
            info,
            print: base64url::encode(digest::sha256(der)),
            subject: certificate.subject().to_string(),
            until: Time::from_seconds(certificate.validity().not_after.timestamp()),
        })
    }

    /// base64url SHA-256 of the certificate.
    #[must_use]
    pub fn print(&self) -> &str {
        &self.print
    }

    /// Whom it was made out to.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Its last moment.
    #[must_use]
    pub const fn until(&self) -> Time {
        self.until
    }

    /// The public key, `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn public_info(&self) -> &[u8] {
        &self.info
    }

    /// Seals a key so that only the certificate's owner opens it.
    ///
    /// # Errors
    /// [`Error::BadKey`], [`Error::Refused`].
    pub fn seal(&self, padding: Padding, key: &ContentKey) -> Result<Vec<u8>, Error> {
        let public = PublicEncryptingKey::from_der(&self.info).map_err(|_| Error::BadKey)?;
        let mut out = vec![0; public.key_size_bytes()];
        let length = match padding {
            Padding::Pkcs1 => Pkcs1PublicEncryptingKey::new(public)
                .and_then(|reader| reader.encrypt(&key.0, &mut out).map(|sealed| sealed.len())),
            Padding::OaepSha256 => OaepPublicEncryptingKey::new(public).and_then(|reader| {
                let sealed = reader.encrypt(&OAEP_SHA256_MGF1SHA256, &key.0, &mut out, None);
                sealed.map(|sealed| sealed.len())
            }),
        };
        out.truncate(length.map_err(|_| Error::Refused)?);
        Ok(out)
    }
}

/// What stands between the lines of a certificate in PEM.
fn body_of(text: &str) -> Result<Vec<u8>, Error> {
    let body: String = text.split_whitespace().collect();
    base64url::decode_standard(&body)
}

/// Authorities whose word on whom a certificate belongs to is taken.
#[derive(Clone, Debug)]
pub struct Authorities(Vec<Certified>);

impl Authorities {
    /// Reads every certificate of a file in PEM.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there is none, or one is not the certificate of an authority.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let malformed = || Error::Malformed("authority");
        let mut all = Vec::new();
        for rest in pem.split(BEGIN).skip(1) {
            let (body, _) = rest.split_once(END).ok_or_else(malformed)?;
            let one = Certified::read(&body_of(body)?)?;
            if !Profile::Authority.allows(&one.certificate) {
                return Err(malformed());
            }
            all.push(one);
        }
        if all.is_empty() {
            return Err(malformed());
        }
        Ok(Self(all))
    }

    /// Whether one of them issued `certificate`, and both hold at `at`.
    #[must_use]
    pub fn vouch_for(&self, certificate: &SealingCertificate, at: Time) -> bool {
        let Ok(leaf) = Certified::read(&certificate.der) else {
            return false;
        };
        leaf.holds_at(at)
            && self
                .0
                .iter()
                .any(|one| one.holds_at(at) && leaf.is_issued_by(one))
    }
}

impl fmt::Debug for SealingCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingCertificate({})", self.print)
    }
}

/// A shared AES-256 key that bodies are sealed under.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey([u8; 32]);

impl ContentKey {
    /// A new one.
    #[must_use]
    pub fn draw(env: &Env) -> Self {
        Self(env.bytes())
    }

    /// # Errors
    /// [`Error::BadKey`] when it has not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::BadKey)
    }

    /// The key itself, to be sealed for a column.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).map_err(|_| Error::Refused)?;
        Ok(LessSafeKey::new(key))
    }

    /// Seals `plain` under an IV drawn for it; standard base64.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn seal(&self, env: &Env, plain: &[u8]) -> Result<String, Error> {
        let iv: [u8; NONCE_LEN] = env.bytes();
        let mut body = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::empty(), &mut body)
            .map_err(|_| Error::Refused)?;
        Ok(base64url::encode_standard(
            [&IV_LENGTH[..], &iv, &body].concat(),
        ))
    }

    /// Opens what [`ContentKey::seal`] made, here or elsewhere.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is no envelope; [`Error::Unseal`] when a byte or the key is wrong.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, Error> {
        let bytes = base64url::decode_standard(sealed)?;
        let (iv, body) = bytes
            .strip_prefix(&IV_LENGTH)
            .and_then(|rest| rest.split_at_checked(NONCE_LEN))
            .ok_or(Error::Malformed("envelope"))?;
        let iv = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::Unseal)?;
        let mut body = body.to_vec();
        let plain = self
            .cipher()?
            .open_in_place(iv, Aad::empty(), &mut body)
            .map_err(|_| Error::Unseal)?;
        Ok(plain.to_vec())
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey")
    }
}
