//! What an account rests on: a Hong Kong identity card, or the passport of somebody who has none.
//!
//! Invariants: an account has one document, and a document one account; a number is shown only masked or
//! to whom its holder let have it.

use std::{fmt, str::FromStr, sync::LazyLock};

use kernel::{Date, Hkid, IdentifierError, Text, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{FieldKey, code::codes};

/// Characters of a passport's number (ICAO Doc 9303, part 4).
pub const PASSPORT_CHARS: usize = 9;
/// The fewest characters of one: shorter ones are mistyped.
const PASSPORT_LEAST: usize = 5;
/// Characters of a number that stay readable when it is masked.
const SHOWN_CHARS: usize = 3;

static COUNTRIES: LazyLock<Vec<(Country, Text)>> = LazyLock::new(|| {
    let rows = include_str!("../data/countries.tsv").lines();
    let rows = rows.filter(|line| !line.starts_with('#'));
    rows.filter_map(|line| {
        let mut parts = line.split('\t');
        let code = parts.next()?.as_bytes().try_into().ok()?;
        Some((Country(code), Text::new(parts.next()?, parts.next()?)))
    })
    .collect()
});

/// Who issued a passport, by ISO 3166-1 alpha-3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 3]);

impl Country {
    /// Every country with its name, by English name.
    #[must_use]
    pub fn all() -> &'static [(Self, Text)] {
        &COUNTRIES
    }

    /// The code, `GBR`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    #[must_use]
    pub fn name(&self) -> Text {
        let found = COUNTRIES.iter().find(|(code, _)| code == self);
        found.map_or_else(|| Text::same(self.as_str()), |(_, name)| name.clone())
    }
}

impl FromStr for Country {
    type Err = IdentifierError;
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let code: [u8; 3] = text
            .trim()
            .to_ascii_uppercase()
            .into_bytes()
            .try_into()
            .map_err(|_| IdentifierError::Shape)?;
        let found = COUNTRIES.iter().find(|(known, _)| known.0 == code);
        found.map(|(known, _)| *known).ok_or(IdentifierError::Shape)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        code.parse().map_err(de::Error::custom)
    }
}

/// The number of a passport: capital letters and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PassportNumber(String);

impl PassportNumber {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `123****`: enough for its holder to recognise it.
    #[must_use]
    pub fn masked(&self) -> String {
        let hidden = "*".repeat(self.0.len().saturating_sub(SHOWN_CHARS));
        let kept: String = self.0.chars().take(SHOWN_CHARS).collect();
        format!("{kept}{hidden}")
    }
}

impl FromStr for PassportNumber {
    type Err = IdentifierError;
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let number: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let is_number = (PASSPORT_LEAST..=PASSPORT_CHARS).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && number.bytes().any(|byte| byte.is_ascii_digit());
        if is_number {
            Ok(Self(number))
        } else {
            Err(IdentifierError::Shape)
        }
    }
}

impl fmt::Debug for PassportNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassportNumber(…)")
    }
}

impl Serialize for PassportNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PassportNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A passport. Two countries may give the same number.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passport {
    pub country: Country,
    pub number: PassportNumber,
}

/// What identifies a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityDocument {
    Card(Hkid),
    Passport(Passport),
}

codes! {
    /// Which document an account rests on.
    DocumentKind { Card = "card", Passport = "passport" }
}

impl IdentityDocument {
    /// Reads what somebody typed: a card number where no country is named, else a passport's number.
    ///
    /// # Errors
    /// Country or number is not one.
    pub fn read(country: &str, number: &str) -> Result<Self, IdentifierError> {
        if country.trim().is_empty() {
            return number.parse().map(Self::Card);
        }
        Ok(Self::Passport(Passport {
            country: country.parse()?,
            number: number.parse()?,
        }))
    }

    #[must_use]
    pub const fn kind(&self) -> DocumentKind {
        match self {
            Self::Card(_) => DocumentKind::Card,
            Self::Passport(_) => DocumentKind::Passport,
        }
    }

    #[must_use]
    pub const fn card(&self) -> Option<&Hkid> {
        match self {
            Self::Card(card) => Some(card),
            Self::Passport(_) => None,
        }
    }

    #[must_use]
    pub const fn passport(&self) -> Option<&Passport> {
        match self {
            Self::Passport(passport) => Some(passport),
            Self::Card(_) => None,
        }
    }

    /// The normal form that is sealed and indexed: `A123456(3)`, `GBR 123456789`.
    pub(crate) fn sealed_form(&self) -> String {
        match self {
            Self::Card(card) => card.as_str().to_owned(),
            Self::Passport(Passport { country, number }) => {
                format!("{} {}", country.as_str(), number.as_str())
            }
        }
    }

    /// Reads [`Self::sealed_form`] again.
    pub(crate) fn of_sealed(kind: DocumentKind, text: &str) -> Option<Self> {
        match kind {
            DocumentKind::Card => text.parse().ok().map(Self::Card),
            DocumentKind::Passport => {
                let (country, number) = text.split_once(' ')?;
                Self::read(country, number).ok()
            }
        }
    }
}

impl From<Hkid> for IdentityDocument {
    fn from(card: Hkid) -> Self {
        Self::Card(card)
    }
}

/// Why the platform believes who an account's holder is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Basis {
    /// The register of identity cards.
    Card,
    /// A passport, seen with its holder at a counter.
    Passport { expires: Date, seen: Time },
}

impl Basis {
    #[must_use]
    pub const fn kind(self) -> DocumentKind {
        match self {
            Self::Card => DocumentKind::Card,
            Self::Passport { .. } => DocumentKind::Passport,
        }
    }

    /// The field of the profile that holds the document's number.
    #[must_use]
    pub const fn number_field(self) -> FieldKey {
        match self {
            Self::Card => FieldKey::Hkid,
            Self::Passport { .. } => FieldKey::Passport,
        }
    }

    /// Whether the document is past its last day.
    #[must_use]
    pub fn is_lapsed(self, today: Date) -> bool {
        matches!(self, Self::Passport { expires, .. } if expires < today)
    }
}
