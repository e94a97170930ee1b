//! Calendar dates without a time of day.

use std::{fmt, str::FromStr};

use jiff::{Span, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Lang;

/// A day of the Gregorian calendar, written `2026-11-22`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// A day that does not exist, or text that is not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a real date: write year-month-day, for example 2026-11-22")]
pub struct DateError;

impl Date {
    /// # Errors
    /// The day does not exist (31 April, 29 February of a common year, month 13).
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DateError> {
        civil::Date::new(year, month, day)
            .map(Self)
            .map_err(|_| DateError)
    }

    pub(crate) const fn from_jiff(date: civil::Date) -> Self {
        Self(date)
    }

    #[must_use]
    pub fn year(self) -> i16 {
        self.0.year()
    }

    /// 1 to 12.
    #[must_use]
    pub fn month(self) -> i8 {
        self.0.month()
    }

    /// 1 to 31.
    #[must_use]
    pub fn day(self) -> i8 {
        self.0.day()
    }

    /// Monday is 1, Sunday is 7 (ISO 8601).
    #[must_use]
    pub fn weekday(self) -> i8 {
        self.0.weekday().to_monday_one_offset()
    }

    /// Days after 1970-01-01; negative before.
    #[must_use]
    pub fn days_since_epoch(self) -> i64 {
        let epoch = civil::date(1970, 1, 1);
        self.0
            .since(epoch)
            .map_or(0, |span| i64::from(span.get_days()))
    }

    /// `other − self` in days.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        other.days_since_epoch() - self.days_since_epoch()
    }

    /// Saturates at the ends of the calendar.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.shift(Span::new().try_days(days))
    }

    /// The same day of the month `months` later, or the last day of a shorter month.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        self.shift(Span::new().try_months(months))
    }

    /// The same day `years` later; 29 February becomes 28 February in a common year.
    #[must_use]
    pub fn plus_years(self, years: i64) -> Self {
        self.shift(Span::new().try_years(years))
    }

    /// Completed years of life on `day` of a person born on `self`. A person born on 29 February
    /// reaches the next age on 1 March of a common year (Age of Majority, common law rule).
    #[must_use]
    pub fn age_on(self, day: Self) -> i64 {
        let years = i64::from(day.year()) - i64::from(self.year());
        if (day.month(), day.day()) < (self.month(), self.day()) {
            years - 1
        } else {
            years
        }
    }

    /// `22 November 2026` or `2026年11月22日`.
    #[must_use]
    pub fn long(self, lang: Lang) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        let month = usize::try_from(self.month() - 1).unwrap_or_default();
        match lang {
            Lang::En => {
                format!(
                    "{} {} {}",
                    self.day(),
                    MONTHS.get(month).unwrap_or(&""),
                    self.year()
                )
            }
            Lang::Tc | Lang::Sc => {
                format!("{}年{}月{}日", self.year(), self.month(), self.day())
            }
        }
    }

    fn shift(self, span: Result<Span, jiff::Error>) -> Self {
        span.and_then(|span| self.0.checked_add(span))
            .map_or(self, Self)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.split('-');
        let (Some(y), Some(m), Some(d), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(DateError);
        };
        if y.len() != 4 || m.len() != 2 || d.len() != 2 {
            return Err(DateError);
        }
        let number = |part: &str| part.parse::<i16>().map_err(|_| DateError);
        let small = |part: &str| part.parse::<i8>().map_err(|_| DateError);
        Self::new(number(y)?, small(m)?, small(d)?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}",
            self.year(),
            self.month(),
            self.day()
        )
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
