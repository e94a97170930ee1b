//! Instants in microseconds since the Unix epoch, UTC. Hong Kong keeps UTC+8 the whole year, so the
//! civil date of an instant needs no time-zone database.

use std::{fmt, ops, time::Duration};

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use crate::{Date, Lang};

/// An instant: microseconds since 1970-01-01T00:00:00Z, stored as a 64-bit integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Time(i64);

const MICROS: i64 = 1_000_000;
const HONG_KONG_SECONDS: i64 = 8 * 3600;

impl Time {
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the `iat` and `exp` of RFC 7519.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; zero when it is not after.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The calendar date in Hong Kong at this instant.
    #[must_use]
    pub fn date(self) -> Date {
        Date::from_jiff(self.civil().date())
    }

    /// Midnight in Hong Kong at the start of `date`.
    #[must_use]
    pub fn start_of(date: Date) -> Self {
        Self::from_seconds(date.days_since_epoch() * 86_400 - HONG_KONG_SECONDS)
    }

    /// RFC 3339 in UTC with seconds, for machines.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.stamp().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Date and minute in Hong Kong, for people.
    #[must_use]
    pub fn long(self, lang: Lang) -> String {
        let civil = self.civil();
        format!(
            "{} {:02}:{:02}",
            self.date().long(lang),
            civil.hour(),
            civil.minute()
        )
    }

    /// Hour and minute in Hong Kong, `14:05`.
    #[must_use]
    pub fn clock(self) -> String {
        let civil = self.civil();
        format!("{:02}:{:02}", civil.hour(), civil.minute())
    }

    fn stamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    fn civil(self) -> jiff::civil::DateTime {
        Offset::constant(8).to_datetime(self.stamp())
    }
}

impl ops::Add<Duration> for Time {
    type Output = Self;
    fn add(self, span: Duration) -> Self {
        self.plus(span)
    }
}

impl ops::Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, span: Duration) -> Self {
        self.minus(span)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}
