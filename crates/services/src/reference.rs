//! Reference numbers: what a person reads out on the telephone and an officer types. Ten characters
//! in two groups, no character that is mistaken for another, a check character at the end so that a
//! slip is found before anybody opens the wrong case.

use std::{fmt, str::FromStr};

use kernel::Env;
use serde::{Deserialize, Serialize};

/// Letters without the vowels that spell words and without Q, X, Y, Z; digits without 0, 1, 2 and 8,
/// which are heard or read as something else. Twenty-three is prime: the check below rests on it.
const ALPHABET: &[u8; 23] = b"BCDFGHJKLMNPRSTVW345679";
/// Characters of a reference without its separator.
const CHARS: usize = 10;
/// Attempts to find a free reference before the platform gives up: of 23⁹ = 1.8 × 10¹² numbers,
/// a fresh one meets one of ten million used ones about once in 180,000 tries.
pub(crate) const ATTEMPTS: usize = 4;

/// The reference number of an application, `BKM7-4TRW9C` written, without the hyphen stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct Reference(String);

/// Text that is not a reference number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a reference number: ten letters and digits are expected, like BKM7-4TRW9C")]
pub struct ReferenceError;

impl Reference {
    /// A number nobody can guess from another one.
    #[must_use]
    pub fn fresh(env: &Env) -> Self {
        let bound = u32::try_from(ALPHABET.len()).unwrap_or_default();
        let mut places: Vec<usize> = (1..CHARS)
            .map(|_| usize::try_from(env.below(bound)).unwrap_or_default())
            .collect();
        places.push(check_place(&places));
        Self(places.into_iter().filter_map(letter).collect())
    }

    /// Without the hyphen, as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Accepts lower case, spaces and hyphens.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let compact: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .take(CHARS + 1)
            .collect();
        let places: Option<Vec<usize>> = compact
            .bytes()
            .map(|b| ALPHABET.iter().position(|a| *a == b))
            .collect();
        match places.as_deref() {
            Some([head @ .., check]) if head.len() + 1 == CHARS && check_place(head) == *check => {
                Ok(Self(compact))
            }
            _ => Err(ReferenceError),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, tail) = self.0.split_at_checked(4).unwrap_or((&self.0, ""));
        write!(f, "{head}-{tail}")
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn letter(place: usize) -> Option<char> {
    ALPHABET.get(place).map(|b| char::from(*b))
}

/// Different weights modulo a prime: every single slip and every swap of two different characters
/// changes the sum.
fn check_place(places: &[usize]) -> usize {
    let sum: usize = places
        .iter()
        .zip(2..)
        .map(|(place, weight)| place * weight)
        .sum();
    sum % ALPHABET.len()
}
