//! The offline pass: a CWT (RFC 8392) signed by the issuer, carrying short claims, the holder's
//! device key and the status reference; zlib, Base45, QR. `CW1:` is the pass by itself, as printed.
//! `CW2:` is the pass inside a second structure that the phone signs every half minute with its
//! device key, so that a photograph of the screen is stale within a minute. Pure.

use std::io::{Read, Write};

use ciborium::Value;
use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};
use kernel::Time;
use serde::{Deserialize, Serialize};
use trust::{PublicKey, SigningKey, cose};

use crate::{Error, base45, status_list::StatusRef};

/// What a printed pass begins with.
pub const PAPER_PREFIX: &str = "CW1:";
/// What a pass shown on a phone begins with.
pub const SCREEN_PREFIX: &str = "CW2:";
/// Seconds a shown code is good for.
pub const SCREEN_SECONDS: i64 = 60;
/// Seconds by which the phone's clock may run ahead of the inspector's.
pub const AHEAD_SECONDS: i64 = 30;
/// Characters of a code: what the largest alphanumeric QR code holds.
pub const CODE_CHARS: usize = 4_296;
/// Bytes a code may inflate to.
const INFLATED_BYTES: u64 = 16 * 1024;

const ISS: i64 = 1;
const EXP: i64 = 4;
const IAT: i64 = 6;
const CNF: i64 = 8;
/// The CWT claim `status` of the status list draft.
const STATUS: i64 = 65_535;
/// Private claims (RFC 8392: below −65536): the licence, the screen nonce, the wrapped pass.
const LICENCE: i64 = -65_537;
const NONCE: i64 = -65_538;
const WRAPPED: i64 = -65_539;

/// What a pass says.
#[derive(Clone, PartialEq, Debug)]
pub struct PassClaims {
    pub issuer: String,
    pub issued: i64,
    pub expires: i64,
    pub holder: PublicKey,
    pub status: StatusRef,
    pub licence: PassLicence,
}

/// The licence on a pass.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PassLicence {
    pub kind: String,
    pub number: String,
    pub valid_from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Short claims in the order shown.
    pub claims: serde_json::Map<String, serde_json::Value>,
}

/// How a pass came before the inspector.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "presence")]
pub enum Presence {
    /// Printed or copied: says nothing about who holds it.
    Paper,
    /// Signed by the holder's phone this many seconds ago.
    Live { age_seconds: i64 },
    /// Signed by the holder's phone, but too long ago (or in the future): a screenshot.
    Stale { age_seconds: i64 },
}

/// A pass whose signatures hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    pub claims: PassClaims,
    pub presence: Presence,
}

/// Finds issuer keys by their short id; several may share one.
pub type FindKeys<'a> = &'a dyn Fn(&[u8]) -> Vec<PublicKey>;

/// Signs a pass and returns its printed form.
///
/// # Errors
/// [`Error::Trust`] when signing fails; [`Error::TooLarge`] when it does not fit a QR code.
pub fn issue(claims: &PassClaims, key: &SigningKey) -> Result<String, Error> {
    let shape = cose::Shape {
        typ: None,
        kid: Some(cose::short_kid(key.public())),
        tagged: false,
    };
    let structure = cose::sign(key, &shape, to_cbor(&claims.to_value()?)?)?;
    to_text(PAPER_PREFIX, &structure)
}

/// Wraps a printed pass for the screen as the phone does: for tests and the simulated phone.
///
/// # Errors
/// [`Error::Malformed`] when `paper` is not a printed pass; [`Error::Trust`].
pub fn show(paper: &str, device: &SigningKey, now: Time, nonce: [u8; 8]) -> Result<String, Error> {
    let pass = from_text(paper.strip_prefix(PAPER_PREFIX).ok_or(NOT_A_PASS)?)?;
    let payload = Value::Map(vec![
        (Value::from(IAT), Value::from(now.seconds())),
        (Value::from(NONCE), Value::Bytes(nonce.to_vec())),
        (Value::from(WRAPPED), Value::Bytes(pass)),
    ]);
    let structure = cose::sign(device, &cose::Shape::default(), to_cbor(&payload)?)?;
    to_text(SCREEN_PREFIX, &structure)
}

/// Reads a code and checks its signatures. Dates and status are for the caller to judge.
///
/// # Errors
/// [`Error::Malformed`] when it is not a pass, [`Error::UnknownIssuer`], [`Error::Trust`] when the
/// issuer's signature fails, [`Error::HolderBinding`] when the phone's does.
pub fn read(code: &str, find_keys: FindKeys<'_>, now: Time) -> Result<Reading, Error> {
    let code = code.trim();
    if code.len() > CODE_CHARS {
        return Err(Error::TooLarge);
    }
    if let Some(text) = code.strip_prefix(PAPER_PREFIX) {
        let claims = open_pass(&from_text(text)?, find_keys)?;
        return Ok(Reading {
            claims,
            presence: Presence::Paper,
        });
    }
    let text = code.strip_prefix(SCREEN_PREFIX).ok_or(NOT_A_PASS)?;
    let outer = cose::Unverified::parse(&from_text(text)?)?;
    let wrapped = Claims::parse(outer.unverified_payload())?;
    let claims = open_pass(wrapped.bytes(WRAPPED)?, find_keys)?;
    let payload = outer
        .verify(None, &claims.holder)
        .map_err(|_| Error::HolderBinding)?;
    let age_seconds = now
        .seconds()
        .saturating_sub(Claims::parse(&payload)?.int(IAT)?);
    let presence = if (-AHEAD_SECONDS..=SCREEN_SECONDS).contains(&age_seconds) {
        Presence::Live { age_seconds }
    } else {
        Presence::Stale { age_seconds }
    };
    Ok(Reading { claims, presence })
}

const NOT_A_PASS: Error = Error::Malformed("not a pass");

fn open_pass(structure: &[u8], find_keys: FindKeys<'_>) -> Result<PassClaims, Error> {
    let parsed = cose::Unverified::parse(structure)?;
    let keys = find_keys(parsed.kid());
    if keys.is_empty() {
        return Err(Error::UnknownIssuer);
    }
    let payload = keys
        .iter()
        .find_map(|key| parsed.clone().verify(None, key).ok())
        .ok_or(Error::Trust(trust::Error::BadSignature))?;
    PassClaims::from_claims(&Claims::parse(&payload)?)
}

impl PassClaims {
    fn to_value(&self) -> Result<Value, Error> {
        let key = Value::Map(vec![
            (Value::from(1), Value::from(2)),
            (Value::from(-1), Value::from(1)),
            (Value::from(-2), Value::Bytes(self.holder.x().to_vec())),
            (Value::from(-3), Value::Bytes(self.holder.y().to_vec())),
        ]);
        let cnf = Value::Map(vec![(Value::from(1), key)]);
        let reference = Value::Map(vec![
            (Value::from("idx"), Value::from(self.status.idx)),
            (Value::from("uri"), Value::from(self.status.uri.clone())),
        ]);
        let status = Value::Map(vec![(Value::from("status_list"), reference)]);
        let licence =
            Value::serialized(&self.licence).map_err(|_| Error::Malformed("pass claims"))?;
        Ok(Value::Map(vec![
            (Value::from(ISS), Value::from(self.issuer.clone())),
            (Value::from(EXP), Value::from(self.expires)),
            (Value::from(IAT), Value::from(self.issued)),
            (Value::from(CNF), cnf),
            (Value::from(STATUS), status),
            (Value::from(LICENCE), licence),
        ]))
    }

    fn from_claims(claims: &Claims) -> Result<Self, Error> {
        let key = Claims::of(claims.value(CNF)?)?;
        let key = Claims::of(key.value(1)?)?;
        let status: StatusClaim = deserialized(claims.value(STATUS)?)?;
        if key.int(1)? != 2 || key.int(-1)? != 1 {
            return Err(Error::Malformed("pass key"));
        }
        Ok(Self {
            issuer: deserialized(claims.value(ISS)?)?,
            issued: claims.int(IAT)?,
            expires: claims.int(EXP)?,
            holder: PublicKey::from_coordinates(key.bytes(-2)?, key.bytes(-3)?)?,
            status: status.status_list,
            licence: deserialized(claims.value(LICENCE)?)?,
        })
    }
}

#[derive(Deserialize)]
struct StatusClaim {
    status_list: StatusRef,
}

/// A CBOR map with integer keys, each at most once.
struct Claims(Vec<(i64, Value)>);

impl Claims {
    fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let value: Value =
            ciborium::from_reader(bytes).map_err(|_| Error::Malformed("pass claims"))?;
        Self::of(&value)
    }

    fn of(value: &Value) -> Result<Self, Error> {
        let map = value.as_map().ok_or(Error::Malformed("pass claims"))?;
        let mut claims: Vec<(i64, Value)> = Vec::new();
        for (key, value) in map {
            let key = key
                .as_integer()
                .and_then(|key| i64::try_from(key).ok())
                .ok_or(Error::Malformed("pass claims"))?;
            if claims.iter().any(|(known, _)| *known == key) {
                return Err(Error::Malformed("a claim twice"));
            }
            claims.push((key, value.clone()));
        }
        Ok(Self(claims))
    }

    fn value(&self, key: i64) -> Result<&Value, Error> {
        self.0
            .iter()
            .find_map(|(known, value)| (*known == key).then_some(value))
            .ok_or(Error::Malformed("a claim is missing"))
    }

    fn int(&self, key: i64) -> Result<i64, Error> {
        self.value(key)?
            .as_integer()
            .and_then(|number| i64::try_from(number).ok())
            .ok_or(Error::Malformed("pass claims"))
    }

    fn bytes(&self, key: i64) -> Result<&[u8], Error> {
        self.value(key)?
            .as_bytes()
            .map(Vec::as_slice)
            .ok_or(Error::Malformed("pass claims"))
    }
}

fn deserialized<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, Error> {
    value
        .deserialized()
        .map_err(|_| Error::Malformed("pass claims"))
}

fn to_cbor(value: &Value) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| Error::Malformed("pass claims"))?;
    Ok(bytes)
}

fn to_text(prefix: &str, structure: &[u8]) -> Result<String, Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let compressed = encoder
        .write_all(structure)
        .and_then(|()| encoder.finish())
        .map_err(|_| Error::Malformed("pass"))?;
    let text = format!("{prefix}{}", base45::encode(&compressed));
    if text.len() > CODE_CHARS {
        return Err(Error::TooLarge);
    }
    Ok(text)
}

fn from_text(text: &str) -> Result<Vec<u8>, Error> {
    let compressed = base45::decode(text)?;
    let mut structure = Vec::new();
    ZlibDecoder::new(compressed.as_slice())
        .take(INFLATED_BYTES + 1)
        .read_to_end(&mut structure)
        .map_err(|_| Error::Malformed("pass"))?;
    if u64::try_from(structure.len()).unwrap_or(u64::MAX) > INFLATED_BYTES {
        return Err(Error::TooLarge);
    }
    Ok(structure)
}
