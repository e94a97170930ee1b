//! Token status lists (draft-ietf-oauth-status-list): two bits a credential, packed from the least
//! significant bit, zlib-compressed, signed as JWT and as CWT. Pure.

use std::{io::Read, time::Duration};

use ciborium::Value;
use flate2::{Compression, bufread::ZlibDecoder, write::ZlibEncoder};
use kernel::Time;
use serde::{Deserialize, Serialize};
use trust::{KeyStore, PublicKey, Purpose, Signed, base64url, cose, jws};

use crate::Error;

/// Entries of one list. Small enough for a phone to fetch whole (at most 32 KiB raw), large enough
/// that fetching one tells the issuer nothing about who is being checked.
pub const LIST_ENTRIES: u32 = 1 << 17;
/// Bits an entry takes: valid, invalid, suspended.
pub const BITS: u8 = 2;
const ENTRIES_PER_BYTE: u32 = 4;
/// How long a signed list may be used.
pub const LIST_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How often a holder of the list should ask again.
pub const LIST_TTL: Duration = Duration::from_secs(15 * 60);
/// Bytes a compressed list may inflate to.
const INFLATED_BYTES: u64 = 1 << 21;

/// What the list says about one credential.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Valid,
    Invalid,
    Suspended,
}

impl Status {
    /// The two bits of the list.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Valid => 0,
            Self::Invalid => 1,
            Self::Suspended => 2,
        }
    }

    /// The meaning of two bits; the application-specific value 3 is not used and counts as invalid.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Valid,
            2 => Self::Suspended,
            _ => Self::Invalid,
        }
    }
}

/// The entries of one list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusList(Vec<u8>);

impl Default for StatusList {
    fn default() -> Self {
        let bytes = usize::try_from(LIST_ENTRIES / ENTRIES_PER_BYTE).unwrap_or_default();
        Self(vec![0; bytes])
    }
}

impl StatusList {
    /// Sets one entry; an index beyond the list is ignored.
    pub fn set(&mut self, index: u32, status: Status) {
        let shift = (index % ENTRIES_PER_BYTE) * u32::from(BITS);
        let place = usize::try_from(index / ENTRIES_PER_BYTE).unwrap_or(usize::MAX);
        if let Some(byte) = self.0.get_mut(place) {
            *byte = (*byte & !(3 << shift)) | (status.bits() << shift);
        }
    }

    /// One entry; none beyond the list.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Status> {
        let shift = (index % ENTRIES_PER_BYTE) * u32::from(BITS);
        let place = usize::try_from(index / ENTRIES_PER_BYTE).ok()?;
        self.0
            .get(place)
            .map(|byte| Status::from_bits(byte >> shift))
    }

    /// The zlib form that both tokens carry.
    ///
    /// # Errors
    /// [`Error::Malformed`] never in practice: compression into memory does not fail.
    pub fn compress(&self) -> Result<Vec<u8>, Error> {
        use std::io::Write;
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder
            .write_all(&self.0)
            .and_then(|()| encoder.finish())
            .map_err(|_| Error::Malformed("status list"))
    }

    /// Reads the zlib form, refusing to inflate beyond a limit.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn inflate(bytes: &[u8]) -> Result<Self, Error> {
        let mut list = Vec::new();
        let read = ZlibDecoder::new(bytes)
            .take(INFLATED_BYTES + 1)
            .read_to_end(&mut list)
            .map_err(|_| Error::Malformed("status list"))?;
        if u64::try_from(read).unwrap_or(u64::MAX) > INFLATED_BYTES {
            return Err(Error::Malformed("status list too large"));
        }
        Ok(Self(list))
    }
}

pub use trust::sd_jwt::StatusRef;

/// One published list in both forms.
#[derive(Clone, Debug)]
pub struct Published {
    pub jwt: String,
    pub cwt: Vec<u8>,
    pub signed: Time,
    /// Changes whenever either form changes.
    pub etag: String,
}

#[derive(Serialize, Deserialize)]
struct JwtClaims {
    sub: String,
    iat: i64,
    exp: i64,
    ttl: u64,
    status_list: JwtList,
}

#[derive(Serialize, Deserialize)]
struct JwtList {
    bits: u8,
    lst: String,
}

/// CWT claim keys (IANA): sub, exp, iat, ttl, status_list.
const SUB: i64 = 2;
const EXP: i64 = 4;
const IAT: i64 = 6;
const TTL: i64 = 65_534;
const LIST: i64 = 65_533;
const JWT_TYPE: &str = "statuslist+jwt";
const CWT_TYPE: &str = "application/statuslist+cwt";

/// Signs `list`, published at `uri`.
///
/// # Errors
/// [`Error::Trust`] when signing fails.
pub fn publish(
    list: &StatusList,
    uri: &str,
    keys: &KeyStore,
    now: Time,
) -> Result<Published, Error> {
    let Signed { key, chain } = keys.signer(Purpose::StatusList)?;
    let compressed = list.compress()?;
    let claims = JwtClaims {
        sub: uri.to_owned(),
        iat: now.seconds(),
        exp: now.plus(LIST_LIFE).seconds(),
        ttl: LIST_TTL.as_secs(),
        status_list: JwtList {
            bits: BITS,
            lst: base64url::encode(&compressed),
        },
    };
    let jwt = jws::Signer::new(&key, JWT_TYPE)
        .with_chain(&chain)
        .sign(&claims)?;
    let shape = cose::Shape {
        typ: Some(CWT_TYPE),
        kid: Some(cose::short_kid(key.public())),
        tagged: true,
    };
    let cwt = cose::sign(&key, &shape, cwt_claims(&claims, compressed)?)?;
    let etag = trust::digest::hex(&trust::digest::sha256(&cwt))
        .get(..32)
        .unwrap_or_default()
        .to_owned();
    Ok(Published {
        jwt,
        cwt,
        signed: now,
        etag,
    })
}

fn cwt_claims(claims: &JwtClaims, compressed: Vec<u8>) -> Result<Vec<u8>, Error> {
    let list = Value::Map(vec![
        (Value::from("bits"), Value::from(BITS)),
        (Value::from("lst"), Value::Bytes(compressed)),
    ]);
    let map = Value::Map(vec![
        (Value::from(SUB), Value::from(claims.sub.clone())),
        (Value::from(IAT), Value::from(claims.iat)),
        (Value::from(EXP), Value::from(claims.exp)),
        (Value::from(TTL), Value::from(claims.ttl)),
        (Value::from(LIST), list),
    ]);
    let mut bytes = Vec::new();
    ciborium::into_writer(&map, &mut bytes).map_err(|_| Error::Malformed("status list"))?;
    Ok(bytes)
}

/// Opens a status list token (JWT) published at `uri`.
///
/// # Errors
/// [`Error::Trust`], [`Error::Malformed`]; an expired token or one for another address is malformed.
pub fn open_jwt(token: &str, uri: &str, key: &PublicKey, now: Time) -> Result<StatusList, Error> {
    let claims: JwtClaims = jws::Unverified::parse(token)?
        .verify(JWT_TYPE, key)?
        .claims()?;
    if claims.sub != uri || claims.exp <= now.seconds() || claims.status_list.bits != BITS {
        return Err(Error::Malformed("status list claims"));
    }
    StatusList::inflate(&base64url::decode(&claims.status_list.lst)?)
}
