//! Typed identifiers: 128 bits, ordered by creation time (UUID version 7, RFC 9562 section 5.7),
//! written as 26 lower-case Crockford base-32 characters so that they fit a URL and a phone call.

use std::{cmp::Ordering, fmt, hash, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Time;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The identifier of one `N` (a noun such as `Case`). Two nouns never compare equal by accident.
pub struct Id<N> {
    bits: u128,
    noun: PhantomData<fn() -> N>,
}

/// A string that is not a 26-character identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an identifier: 26 letters and digits are expected")]
pub struct IdError;

impl<N> Id<N> {
    /// Builds a version 7 identifier from the creation time and 10 random bytes.
    /// Callers use [`crate::Env::id`].
    #[must_use]
    pub fn from_parts(created: Time, random: [u8; 10]) -> Self {
        let millis = u128::from(created.micros().max(0).unsigned_abs() / 1_000) & 0xffff_ffff_ffff;
        let mut tail = [0u8; 16];
        tail[6..].copy_from_slice(&random);
        let mut bits = (millis << 80) | (u128::from_be_bytes(tail) & ((1 << 80) - 1));
        bits = (bits & !(0xf << 76)) | (0x7 << 76);
        bits = (bits & !(0b11 << 62)) | (0b10 << 62);
        Self::from_bits(bits)
    }

    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self {
            bits,
            noun: PhantomData,
        }
    }

    /// The 16 bytes stored in the database, big-endian.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.bits.to_be_bytes()
    }

    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_bits(u128::from_be_bytes(bytes))
    }

    /// The same identifier read as another noun, where one thing is known under two names.
    #[must_use]
    pub const fn cast<M>(self) -> Id<M> {
        Id::from_bits(self.bits)
    }
}

impl<N> Clone for Id<N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N> Copy for Id<N> {}
impl<N> PartialEq for Id<N> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<N> Eq for Id<N> {}
impl<N> PartialOrd for Id<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<N> Ord for Id<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bits.cmp(&other.bits)
    }
}
impl<N> hash::Hash for Id<N> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<N> fmt::Display for Id<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 26];
        let mut rest = self.bits;
        for slot in text.iter_mut().rev() {
            let digit = usize::try_from(rest & 31).unwrap_or_default();
            *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<N> fmt::Debug for Id<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<N> FromStr for Id<N> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 26 {
            return Err(IdError);
        }
        let mut bits: u128 = 0;
        for (place, byte) in text.bytes().enumerate() {
            let lower = byte.to_ascii_lowercase();
            let digit = ALPHABET.iter().position(|&c| c == lower).ok_or(IdError)?;
            if place == 0 && digit > 7 {
                return Err(IdError);
            }
            bits = (bits << 5) | u128::try_from(digit).map_err(|_| IdError)?;
        }
        Ok(Self::from_bits(bits))
    }
}

impl<N> Serialize for Id<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, N> Deserialize<'de> for Id<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
