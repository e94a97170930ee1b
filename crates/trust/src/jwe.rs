//! Compact JWE (RFC 7516): a signed token sealed to the encryption key of one reader. Key agreement
//! is ECDH-ES+A256KW on P-256, content encryption A256GCM or A256CBC-HS512 (RFC 7518 section 4.6,
//! 5.2, 5.3). Nothing else is offered, so nothing else can be asked for.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    cipher::{
        self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
        PaddedBlockEncryptingKey, UnboundCipherKey,
    },
    hmac,
    iv::FixedLength,
    key_wrap::{self, AesKek, KeyWrap as _},
};
use kernel::Env;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Jwk, PublicKey, SigningKey, base64url, digest};

/// The one key management algorithm.
pub const ALG: &str = "ECDH-ES+A256KW";
/// Characters of a token that is opened.
const TOKEN_CHARS: usize = 128 * 1024;
/// Bytes a wrapped key is longer than the key.
const WRAP_BYTES: usize = 8;
/// Bytes of the GCM tag, and of the truncated HMAC of A256CBC-HS512.
const GCM_TAG: usize = 16;
const CBC_TAG: usize = 32;

/// How the content is encrypted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Enc {
    #[serde(rename = "A256GCM")]
    A256Gcm,
    #[serde(rename = "A256CBC-HS512")]
    A256CbcHs512,
}

impl Enc {
    pub const ALL: [Self; 2] = [Self::A256Gcm, Self::A256CbcHs512];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A256Gcm => "A256GCM",
            Self::A256CbcHs512 => "A256CBC-HS512",
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::A256Gcm => 32,
            Self::A256CbcHs512 => 64,
        }
    }
}

/// The key of a reader: a P-256 JWK marked for encryption.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReaderKey {
    key: PublicKey,
    kid: Option<String>,
}

impl ReaderKey {
    /// Reads a public P-256 JWK whose `use` is `enc`.
    ///
    /// # Errors
    /// [`Error::BadKey`] for any other key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, Error> {
        let jwk = Jwk::from_value(jwk)?;
        let is_other = jwk.alg.as_deref().is_some_and(|alg| alg != ALG);
        if jwk.r#use.as_deref() != Some("enc") || is_other {
            return Err(Error::BadKey);
        }
        Ok(Self {
            key: jwk.public_key()?,
            kid: jwk.kid,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    enc: Enc,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    epk: Jwk,
}

/// Seals `token`, a signed JWT, so that only the reader can open it.
///
/// # Errors
/// [`Error::BadKey`] when the reader's key is not on the curve; [`Error::Refused`].
pub fn seal(env: &Env, reader: &ReaderKey, enc: Enc, token: &str) -> Result<String, Error> {
    let own = PrivateKey::generate(&ECDH_P256).map_err(|_| Error::Refused)?;
    let point = own.compute_public_key().map_err(|_| Error::Refused)?;
    let header = Header {
        alg: ALG.to_owned(),
        enc,
        cty: Some("JWT".to_owned()),
        kid: reader.kid.clone(),
        epk: PublicKey::from_point(point.as_ref())?.jwk(),
    };
    let kek = agree(&own, &reader.key)?;
    let cek: Vec<u8> = [env.bytes::<32>(), env.bytes::<32>()]
        .concat()
        .into_iter()
        .take(enc.key_bytes())
        .collect();
    let mut wrapped = vec![0; cek.len() + WRAP_BYTES];
    let kek = AesKek::new(&key_wrap::AES_256, &kek).map_err(|_| Error::Refused)?;
    let wrapped = kek
        .wrap(&cek, &mut wrapped)
        .map_err(|_| Error::Refused)?
        .to_vec();
    let head = serde_json::to_vec(&header).map_err(|_| Error::Malformed("header"))?;
    let head = base64url::encode(head);
    let (iv, text, tag) = match enc {
        Enc::A256Gcm => seal_gcm(env, &cek, head.as_bytes(), token)?,
        Enc::A256CbcHs512 => seal_cbc(env, &cek, head.as_bytes(), token)?,
    };
    let parts = [wrapped, iv, text, tag].map(base64url::encode);
    Ok(format!("{head}.{}", parts.join(".")))
}

/// Opens a token sealed to `key`, for those who read what this platform seals.
///
/// # Errors
/// [`Error::Malformed`]; [`Error::Unseal`] when the key or a byte is wrong.
pub fn open(key: &SigningKey, token: &str) -> Result<Vec<u8>, Error> {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, wrapped, iv, text, tag] = parts.as_slice() else {
        return Err(Error::Malformed("JWE"));
    };
    if token.len() > TOKEN_CHARS {
        return Err(Error::Malformed("JWE"));
    }
    let header: Header = serde_json::from_slice(&base64url::decode(head)?)
        .map_err(|_| Error::Malformed("header"))?;
    if header.alg != ALG {
        return Err(Error::RefusedHeader("alg"));
    }
    // A key inside a hardware token signs and does not agree on secrets.
    let scalar = key.scalar().ok_or(Error::BadKey)?;
    let own =
        PrivateKey::from_private_key(&ECDH_P256, scalar.expose()).map_err(|_| Error::BadKey)?;
    let kek = agree(&own, &header.epk.public_key()?)?;
    let wrapped = base64url::decode(wrapped)?;
    let mut cek = vec![0; wrapped.len()];
    let kek = AesKek::new(&key_wrap::AES_256, &kek).map_err(|_| Error::Refused)?;
    let cek = kek
        .unwrap(&wrapped, &mut cek)
        .map_err(|_| Error::Unseal)?
        .to_vec();
    if cek.len() != header.enc.key_bytes() {
        return Err(Error::Unseal);
    }
    let (iv, text, tag) = (
        base64url::decode(iv)?,
        base64url::decode(text)?,
        base64url::decode(tag)?,
    );
    match header.enc {
        Enc::A256Gcm => open_gcm(&cek, head.as_bytes(), &iv, [text, tag].concat()),
        Enc::A256CbcHs512 => open_cbc(&cek, head.as_bytes(), &iv, (text, &tag)),
    }
}

/// The key-wrapping key: Concat KDF (NIST SP 800-56A section 5.8.1) over the shared secret.
fn agree(own: &PrivateKey, other: &PublicKey) -> Result<[u8; 32], Error> {
    let other = UnparsedPublicKey::new(&ECDH_P256, other.point());
    agreement::agree(own, other, Error::BadKey, |secret| {
        let name = ALG.as_bytes();
        let length = u32::try_from(name.len()).map_err(|_| Error::Refused)?;
        Ok(digest::sha256_parts(&[
            &1_u32.to_be_bytes(),
            secret,
            &length.to_be_bytes(),
            name,
            &0_u32.to_be_bytes(),
            &0_u32.to_be_bytes(),
            &256_u32.to_be_bytes(),
        ]))
    })
}

type Parts = (Vec<u8>, Vec<u8>, Vec<u8>);

fn seal_gcm(env: &Env, cek: &[u8], aad: &[u8], token: &str) -> Result<Parts, Error> {
    let key = UnboundKey::new(&AES_256_GCM, cek).map_err(|_| Error::Refused)?;
    let iv: [u8; 12] = env.bytes();
    let mut text = token.as_bytes().to_vec();
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(aad), &mut text)
        .map_err(|_| Error::Refused)?;
    Ok((iv.to_vec(), text, tag.as_ref().to_vec()))
}

fn open_gcm(cek: &[u8], aad: &[u8], iv: &[u8], mut sealed: Vec<u8>) -> Result<Vec<u8>, Error> {
    let key = UnboundKey::new(&AES_256_GCM, cek).map_err(|_| Error::Unseal)?;
    let nonce = Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::Unseal)?;
    let length = sealed.len().checked_sub(GCM_TAG).ok_or(Error::Unseal)?;
    LessSafeKey::new(key)
        .open_in_place(nonce, Aad::from(aad), &mut sealed)
        .map_err(|_| Error::Unseal)?;
    sealed.truncate(length);
    Ok(sealed)
}

/// RFC 7518 section 5.2.2.1: the first half authenticates, the second encrypts.
fn halves(cek: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    cek.split_at_checked(32).ok_or(Error::Unseal)
}

fn seal_cbc(env: &Env, cek: &[u8], aad: &[u8], token: &str) -> Result<Parts, Error> {
    let (mac_key, key) = halves(cek)?;
    let key = UnboundCipherKey::new(&cipher::AES_256, key).map_err(|_| Error::Refused)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| Error::Refused)?;
    let iv: [u8; 16] = env.bytes();
    let mut text = token.as_bytes().to_vec();
    key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| Error::Refused)?;
    let tag = authenticate(mac_key, aad, &iv, &text)?;
    Ok((iv.to_vec(), text, tag))
}

fn open_cbc(
    cek: &[u8],
    aad: &[u8],
    iv: &[u8],
    (mut text, tag): (Vec<u8>, &[u8]),
) -> Result<Vec<u8>, Error> {
    let (mac_key, key) = halves(cek)?;
    if !digest::equal(tag, &authenticate(mac_key, aad, iv, &text)?) {
        return Err(Error::Unseal);
    }
    let iv: [u8; 16] = iv.try_into().map_err(|_| Error::Unseal)?;
    let key = UnboundCipherKey::new(&cipher::AES_256, key).map_err(|_| Error::Unseal)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| Error::Unseal)?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    let plain = key.decrypt(&mut text, context).map_err(|_| Error::Unseal)?;
    Ok(plain.to_vec())
}

fn authenticate(key: &[u8], aad: &[u8], iv: &[u8], text: &[u8]) -> Result<Vec<u8>, Error> {
    let bits = u64::try_from(aad.len()).map_err(|_| Error::Refused)? * 8;
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA512, key));
    for part in [aad, iv, text, &bits.to_be_bytes()] {
        mac.update(part);
    }
    let tag = mac.sign();
    Ok(tag.as_ref().iter().copied().take(CBC_TAG).collect())
}
