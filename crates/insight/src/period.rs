//! A period: whole days of Hong Kong, both ends included.

use kernel::{Date, Time};
use serde::Serialize;

/// The most days one question may span: eleven years, all that is kept.
pub(crate) const MOST_DAYS: i64 = 4_018;

/// Whole days, first and last included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

/// Why two days make no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("the last day is before the first")]
    Backwards,
    #[error("a period spans at most eleven years")]
    TooLong,
}

impl Period {
    /// # Errors
    /// [`PeriodError`].
    pub fn new(from: Date, to: Date) -> Result<Self, PeriodError> {
        match from.days_until(to) {
            ..0 => Err(PeriodError::Backwards),
            MOST_DAYS.. => Err(PeriodError::TooLong),
            _ => Ok(Self { from, to }),
        }
    }

    /// The calendar month of `day`.
    #[must_use]
    pub fn month_of(day: Date) -> Self {
        let from = first_of_month(day);
        Self {
            from,
            to: from.plus_months(1).plus_days(-1),
        }
    }

    /// The `months` whole calendar months that end before the month of `day`.
    #[must_use]
    pub fn months_before(day: Date, months: i64) -> Self {
        let end = first_of_month(day);
        Self {
            from: end.plus_months(-months),
            to: end.plus_days(-1),
        }
    }

    /// The days up to and including `day`.
    #[must_use]
    pub fn days_to(day: Date, days: i64) -> Self {
        Self {
            from: day.plus_days(1 - days.max(1)),
            to: day,
        }
    }
}

/// The first day of the month of `day`.
#[must_use]
pub(crate) fn first_of_month(day: Date) -> Date {
    day.plus_days(1 - i64::from(day.day()))
}

/// The day on which something happened, in Hong Kong.
pub(crate) fn day_of(at: Time) -> Date {
    at.date()
}
