//! Hong Kong dollars as whole cents. No floating point touches money.

use std::{fmt, iter::Sum, str::FromStr};

use serde::{Deserialize, Serialize};

/// An amount in HK cents. Negative amounts are refunds and corrections.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

/// Text that is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an amount of money: write dollars and cents, for example 1,234.50")]
pub struct MoneyError;

impl Money {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    #[must_use]
    pub const fn cents(self) -> i64 {
        self.0
    }

    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `None` when the sum does not fit 64 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// `None` when the difference does not fit 64 bits.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// `1234.50`: no sign of currency, no grouping; the form of EMVCo tag 54 and of CSV.
    #[must_use]
    pub fn plain(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

impl Sum for Money {
    /// Saturates; amounts are bounded by `limits::MONEY_MAX_CENTS` at the edge.
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| {
            Self(total.0.saturating_add(amount.0))
        })
    }
}

impl fmt::Display for Money {
    /// `HK$1,234.50`; whole dollars drop the cents: `HK$900`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.0.unsigned_abs();
        let digits = (cents / 100).to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}HK${grouped}")?;
        if !cents.is_multiple_of(100) {
            write!(f, ".{:02}", cents % 100)?;
        }
        Ok(())
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let text = text
            .trim()
            .trim_start_matches("HK$")
            .trim_start_matches('$')
            .replace(',', "");
        let (negative, text) = text
            .strip_prefix('-')
            .map_or((false, &*text), |rest| (true, rest));
        let (dollars, cents) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if dollars.is_empty() || !digits(dollars) || !digits(cents) || cents.len() > 2 {
            return Err(MoneyError);
        }
        let dollars: i64 = dollars.parse().map_err(|_| MoneyError)?;
        let cents: i64 = format!("{cents:0<2}").parse().map_err(|_| MoneyError)?;
        let total = dollars
            .checked_mul(100)
            .and_then(|d| d.checked_add(cents))
            .ok_or(MoneyError)?;
        Ok(Self(if negative { -total } else { total }))
    }
}
