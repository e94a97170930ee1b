//! Identifiers people and companies in Hong Kong are known by, checked when they are read.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why text is not the identifier it should be. The variant says what the person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// The shape is wrong: letters or digits missing, or too many.
    #[error("the number does not have the right form")]
    Shape,
    /// The shape is right and the check digit is not: most likely a typing mistake.
    #[error("the check digit does not match: one character is mistyped")]
    CheckDigit,
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $parse:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The normal form, as stored and compared.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;
            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                $parse(text).map(Self)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

identifier!(
    /// A Hong Kong identity card number with its check digit, normal form `A123456(3)`.
    Hkid, parse_hkid
);
identifier!(
    /// A Hong Kong telephone number: eight digits, first digit 2–9, normal form `61234567`.
    PhoneHk, parse_phone
);
identifier!(
    /// An e-mail address: one `@`, a dotted domain, at most 254 characters (RFC 5321), lower-case
    /// domain.
    Email, parse_email
);
identifier!(
    /// A Companies Registry number: seven digits, or `F` and seven digits for a registered
    /// non-Hong Kong company.
    CompanyNumber, parse_company
);
identifier!(
    /// A business registration number (also the Unique Business Identifier): eight digits.
    BusinessNumber, parse_business
);
identifier!(
    /// A vehicle registration mark: two letters and up to four digits (`AB 1234`), or a personal
    /// mark of up to eight letters and digits without I, O and Q. Normal form has no spaces.
    VehicleMark, parse_mark
);

impl Hkid {
    /// The number without its check digit, `A123456`.
    #[must_use]
    pub fn stem(&self) -> &str {
        self.0.split('(').next().unwrap_or_default()
    }

    /// `A123***(*)`: enough for its owner to recognise it.
    #[must_use]
    pub fn masked(&self) -> String {
        let kept: String = self.stem().chars().take(4).collect();
        let hidden = "*".repeat(self.stem().chars().count().saturating_sub(4));
        format!("{kept}{hidden}(*)")
    }

    /// The check digit of a stem of one or two letters and six digits: weights 9…2 over eight
    /// places, a missing first letter counts 36, letters count 10–35, modulo 11, 10 is written `A`.
    #[must_use]
    pub fn check_digit(stem: &str) -> Option<char> {
        let bytes = stem.as_bytes();
        let letters = bytes.len().checked_sub(6)?;
        if !(1..=2).contains(&letters) {
            return None;
        }
        let mut values = Vec::with_capacity(8);
        if letters == 1 {
            values.push(36);
        }
        for (place, byte) in bytes.iter().enumerate() {
            values.push(match byte {
                b'A'..=b'Z' if place < letters => u32::from(byte - b'A') + 10,
                b'0'..=b'9' if place >= letters => u32::from(byte - b'0'),
                _ => return None,
            });
        }
        let sum: u32 = values
            .iter()
            .zip((2..=9).rev())
            .map(|(value, weight)| value * weight)
            .sum();
        char::from_digit((11 - sum % 11) % 11, 11).map(|digit| digit.to_ascii_uppercase())
    }
}

fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')' | '（' | '）'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn parse_hkid(text: &str) -> Result<String, IdentifierError> {
    let compact = compact(text);
    if !compact.is_ascii() || !(8..=9).contains(&compact.len()) {
        return Err(IdentifierError::Shape);
    }
    let (stem, digit) = compact.split_at(compact.len() - 1);
    let expected = Hkid::check_digit(stem).ok_or(IdentifierError::Shape)?;
    if !digit.chars().all(|c| c.is_ascii_digit() || c == 'A') {
        return Err(IdentifierError::Shape);
    }
    if digit.chars().eq([expected]) {
        Ok(format!("{stem}({expected})"))
    } else {
        Err(IdentifierError::CheckDigit)
    }
}

fn parse_phone(text: &str) -> Result<String, IdentifierError> {
    let digits: String = compact(text);
    let digits = digits.strip_prefix("+852").unwrap_or(&digits);
    let right = digits.len() == 8
        && digits.bytes().all(|b| b.is_ascii_digit())
        && digits.starts_with(|c| ('2'..='9').contains(&c));
    if right {
        Ok(digits.to_owned())
    } else {
        Err(IdentifierError::Shape)
    }
}

fn parse_email(text: &str) -> Result<String, IdentifierError> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(IdentifierError::Shape)?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local
            .chars()
            .all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
    if text.len() <= 254 && local_ok && domain_ok {
        Ok(format!("{local}@{}", domain.to_lowercase()))
    } else {
        Err(IdentifierError::Shape)
    }
}

fn parse_company(text: &str) -> Result<String, IdentifierError> {
    let compact = compact(text);
    let digits = compact.strip_prefix('F').unwrap_or(&compact);
    if digits.len() == 7 && digits.bytes().all(|b| b.is_ascii_digit()) {
        Ok(compact)
    } else {
        Err(IdentifierError::Shape)
    }
}

fn parse_business(text: &str) -> Result<String, IdentifierError> {
    let compact = compact(text);
    if compact.len() == 8 && compact.bytes().all(|b| b.is_ascii_digit()) {
        Ok(compact)
    } else {
        Err(IdentifierError::Shape)
    }
}

fn parse_mark(text: &str) -> Result<String, IdentifierError> {
    let compact = compact(text);
    let right = (1..=8).contains(&compact.len())
        && compact
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'I' | b'O' | b'Q'));
    if right {
        Ok(compact)
    } else {
        Err(IdentifierError::Shape)
    }
}
