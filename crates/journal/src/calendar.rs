//! The working-day calendar of Hong Kong.
//!
//! Saturdays, Sundays, general holidays (Cap. 149) and days touched by a declared suspension are not
//! working days. That a day counts as lost when a gale or black rainstorm warning is in force for any
//! part of it follows the Interpretation and General Clauses Ordinance, Cap. 1, section 71.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use kernel::{Date, Text};
use store::Store;

use crate::{Error, suspension};

const HOLIDAYS: &str = include_str!("../data/general_holidays.csv");
/// The longest count of days; past it a count stops where it is.
const MOST_DAYS: i64 = 36_600;
const SATURDAY: i8 = 6;

/// Which days offices work. Cheap to clone; all clones see the same suspensions.
#[derive(Clone)]
pub struct Calendar {
    holidays: Arc<BTreeMap<Date, Text>>,
    suspended: Arc<RwLock<BTreeSet<Date>>>,
}

/// A day that was counted out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    pub date: Date,
    /// The count went past the last year whose holidays are known, and took only weekends as free
    /// there: the true day can be later.
    pub is_provisional: bool,
}

impl Calendar {
    /// The general holidays of 2007 to 2030, and no suspension yet (see [`Calendar::refresh`]).
    #[must_use]
    pub fn new() -> Self {
        Self::with_suspended([])
    }

    /// As [`Calendar::new`], with `days` on which offices were shut.
    #[must_use]
    pub fn with_suspended(days: impl IntoIterator<Item = Date>) -> Self {
        let holidays = HOLIDAYS.lines().skip(1).filter_map(holiday).collect();
        let suspended = RwLock::new(days.into_iter().collect());
        Self {
            holidays: Arc::new(holidays),
            suspended: Arc::new(suspended),
        }
    }

    /// Takes up the suspensions declared so far, and tells whether that changed a day. The runner
    /// calls this each minute and before it hands on an event about a suspension.
    ///
    /// # Errors
    /// The store fails.
    pub async fn refresh(&self, store: &Store) -> Result<bool, Error> {
        let now = store.env().now();
        let declared = store
            .read(|db| async move { suspension::list(&db).await })
            .await?;
        let days: BTreeSet<Date> = declared
            .iter()
            .flat_map(|suspension| suspension.days(now))
            .collect();
        let mut suspended = self
            .suspended
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let is_changed = *suspended != days;
        *suspended = days;
        Ok(is_changed)
    }

    /// Whether offices work on `day`.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        day.weekday() < SATURDAY && !self.holidays.contains_key(&day) && !self.is_suspended(day)
    }

    /// Whether a declared suspension touches `day`.
    #[must_use]
    pub fn is_suspended(&self, day: Date) -> bool {
        self.suspended
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&day)
    }

    /// The name of the general holiday on `day`.
    #[must_use]
    pub fn holiday(&self, day: Date) -> Option<&Text> {
        self.holidays.get(&day)
    }

    /// Whether the holidays of that year are known. Outside, only weekends count as free.
    #[must_use]
    pub fn is_known(&self, day: Date) -> bool {
        let years = self
            .holidays
            .keys()
            .next()
            .zip(self.holidays.keys().next_back());
        years.is_some_and(|(first, last)| (first.year()..=last.year()).contains(&day.year()))
    }

    /// The `days`th working day after `from`, which itself does not count; before `from` when
    /// negative; for zero, `from` if it is a working day, else the next one.
    #[must_use]
    pub fn plus_working_days(&self, from: Date, days: i64) -> Date {
        if days == 0 {
            return self.first_from(from);
        }
        let step = days.signum();
        let mut day = from;
        let mut left = days.abs().min(MOST_DAYS);
        for _ in 0..MOST_DAYS * 2 {
            if left == 0 {
                break;
            }
            day = day.plus_days(step);
            left -= i64::from(self.is_working_day(day));
        }
        day
    }

    /// [`Calendar::plus_working_days`], and whether the answer is certain.
    #[must_use]
    pub fn deadline(&self, from: Date, days: i64) -> Deadline {
        let date = self.plus_working_days(from, days);
        Deadline {
            date,
            is_provisional: !self.is_known(date) || !self.is_known(from),
        }
    }

    /// Working days after `from` up to and with `to`; negative when `to` lies before `from`. The
    /// inverse of [`Calendar::plus_working_days`] for working days.
    #[must_use]
    pub fn working_days_between(&self, from: Date, to: Date) -> i64 {
        if to < from {
            return -self.working_days_between(to.plus_days(-1), from.plus_days(-1));
        }
        let span = from.days_until(to).min(MOST_DAYS);
        let days = (1..=span).filter(|day| self.is_working_day(from.plus_days(*day)));
        i64::try_from(days.count()).unwrap_or(i64::MAX)
    }

    fn first_from(&self, from: Date) -> Date {
        let days = (0..MOST_DAYS).map(|day| from.plus_days(day));
        days.into_iter()
            .find(|day| self.is_working_day(*day))
            .unwrap_or(from)
    }
}

impl Default for Calendar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calendar")
            .field("holidays", &self.holidays.len())
            .finish_non_exhaustive()
    }
}

fn holiday(line: &str) -> Option<(Date, Text)> {
    let (date, names) = line.split_once(',')?;
    let (en, tc) = names.rsplit_once(',')?;
    Some((
        date.parse().ok()?,
        Text::new(en.trim_matches('"'), tc.trim_matches('"')),
    ))
}
