//! Signed data as JSON (JAdES baseline B-B, ETSI TS 119 182-1): a compact JWS whose protected header
//! binds the certificate and says when the signer signed. Made with a person's key for one act, or
//! with the platform's document seal; judged with the same words as every other signature.

use kernel::Time;
use serde::{Deserialize, Serialize};

use crate::{
    Algorithm, Error, Signer, asn1, base64url,
    cms::{Evidence, Judgement, Level, Word},
    digest,
    signer::check,
    x509::{self, Certified, Fault, Profile},
};

/// Bytes of data one signature carries.
pub const DATA_BYTES: usize = 256 * 1024;
/// Characters of a token that are looked at.
pub const TOKEN_CHARS: usize = 512 * 1024;
/// Certificates of a chain that are looked at.
const CHAIN_MAX: usize = 4;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Header {
    alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cty: Option<String>,
    /// When the signer says, seconds since 1970 (clause 5.1.11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// Leaf first; without the anchor.
    #[serde(default)]
    x5c: Vec<String>,
    /// SHA-256 of the leaf (clause 5.1.7).
    #[serde(rename = "x5t#S256", default)]
    thumbprint: Option<String>,
    #[serde(default, skip_serializing)]
    crit: Option<serde_json::Value>,
    #[serde(default, skip_serializing)]
    b64: Option<serde_json::Value>,
}

/// Signs `data` of media type `kind` with a certified key, as a compact JWS.
///
/// # Errors
/// [`Error::Malformed`] for more than [`DATA_BYTES`]; [`Error::Refused`], [`Error::Token`].
pub fn sign(
    key: &dyn Signer,
    certificate: &[u8],
    (kind, data): (&str, &[u8]),
    at: Time,
) -> Result<String, Error> {
    if data.len() > DATA_BYTES {
        return Err(Error::Malformed("data too long"));
    }
    let header = Header {
        alg: key.algorithm().code().to_owned(),
        cty: Some(kind.to_owned()),
        iat: Some(at.seconds()),
        x5c: vec![base64url::encode_standard(certificate)],
        thumbprint: Some(base64url::encode(digest::sha256(certificate))),
        crit: None,
        b64: None,
    };
    let header = serde_json::to_vec(&header).map_err(|_| Error::Malformed("header"))?;
    let input = format!("{}.{}", base64url::encode(header), base64url::encode(data));
    let signature = key.sign_jose(&digest::sha256(&input))?;
    Ok(format!("{input}.{}", base64url::encode(signature)))
}

/// A token with its judgement and the data it carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signed {
    pub judgement: Judgement,
    /// Only to be believed when the word is good.
    pub data: Vec<u8>,
    pub kind: Option<String>,
}

/// Judges a compact token at `now`. Nothing stamps the time of a B-B signature, so the certificate
/// must still hold: the platform's seal does for years, a person's for a day.
#[must_use]
pub fn judge(token: &str, evidence: &Evidence, now: Time) -> Signed {
    read(token, evidence, now).unwrap_or_else(|_| Signed {
        judgement: Judgement {
            word: Word::Unreadable,
            who: None,
            stamped: None,
            claimed: None,
            level: Level::B,
        },
        data: Vec::new(),
        kind: None,
    })
}

fn read(token: &str, evidence: &Evidence, now: Time) -> Result<Signed, Error> {
    let malformed = || Error::Malformed("token");
    let token = token.trim();
    if token.len() > TOKEN_CHARS {
        return Err(malformed());
    }
    let (input, signature) = token.rsplit_once('.').ok_or_else(malformed)?;
    let (head, body) = input.split_once('.').ok_or_else(malformed)?;
    let header: Header =
        serde_json::from_slice(&base64url::decode(head)?).map_err(|_| malformed())?;
    if header.crit.is_some() || header.b64.is_some() || header.x5c.len() > CHAIN_MAX {
        return Err(Error::RefusedHeader("crit"));
    }
    let leaf = base64url::decode_standard(header.x5c.first().ok_or_else(malformed)?)?;
    let own = Certified::read(&leaf)?;
    let signature = base64url::decode(signature)?;
    let is_bound = header
        .thumbprint
        .as_deref()
        .is_some_and(|print| print == base64url::encode(digest::sha256(&leaf)));
    let is_signed = verify(&own, &header.alg, (input.as_bytes(), &signature)).is_ok();
    let who = own.who();
    let word = if is_bound && is_signed {
        match x509::chain(own, &evidence.anchors, Profile::Person, now) {
            Ok(chain) if x509::revoked_at(&chain, evidence).is_some_and(|since| since <= now) => {
                Word::Revoked
            }
            Ok(_) => Word::Good,
            Err(Fault::Untrusted) => Word::Untrusted,
            Err(Fault::Expired) => Word::Expired,
            Err(Fault::WrongProfile) => Word::WrongProfile,
        }
    } else {
        Word::Changed
    };
    Ok(Signed {
        judgement: Judgement {
            word,
            who,
            stamped: None,
            claimed: header.iat.map(Time::from_seconds),
            level: Level::B,
        },
        data: base64url::decode(body)?,
        kind: header.cty,
    })
}

fn verify(own: &Certified, alg: &str, (input, signature): (&[u8], &[u8])) -> Result<(), Error> {
    let key = &own.certificate.tbs_certificate.subject_public_key_info;
    if alg == Algorithm::Es256.code() && signature.len() == 64 {
        let signature = crate::signer::ecdsa_der(signature)?;
        return check(key, asn1::ECDSA_SHA256, input, &signature);
    }
    if alg == Algorithm::Rs256.code() {
        return check(key, asn1::RSA_SHA256, input, signature);
    }
    Err(Error::RefusedHeader("alg"))
}
