//! Figures of each service over a period, for the programme board and for owners.

use std::collections::BTreeMap;

use kernel::Date;
use serde::Serialize;
use store::Store;

use crate::{
    Error, Period,
    store::{self as rows, Sum},
};

/// How values are spread: kept as counts of each value, so that mean and median are exact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spread {
    counts: BTreeMap<i64, i64>,
}

impl Spread {
    pub(crate) fn add(&mut self, value: i64, count: i64) {
        *self.counts.entry(value).or_default() += count;
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.counts.values().sum()
    }

    /// The sum of all values.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.counts.iter().map(|(value, count)| value * count).sum()
    }

    /// The mean; `None` when there is nothing.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        (count > 0).then(|| ratio(self.total(), count))
    }

    /// The middle value, the lower of two; `None` when there is nothing.
    #[must_use]
    pub fn median(&self) -> Option<i64> {
        let half = (self.count() + 1) / 2;
        let mut seen = 0;
        self.counts.iter().find_map(|(value, count)| {
            seen += count;
            (half > 0 && seen >= half).then_some(*value)
        })
    }

    /// Each value with how often it stands, from the smallest.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.counts.iter().map(|(value, count)| (*value, *count))
    }
}

/// What is known of the use of one service over a period. Exact figures: for those who run the
/// service, not for publication (see [`crate::disclosure`]).
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ServiceFigures {
    /// The id of the service; never empty.
    pub service: String,
    /// The code of its department: `TD`.
    pub department: String,
    /// Browsers signed in on the way to this service.
    pub sign_ins: i64,
    /// Forms filled from the profile; each is one filling, however many fields.
    pub fills: i64,
    /// Fields filled from the profile.
    pub filled_fields: i64,
    /// Answers signed on a phone.
    pub signatures: i64,
    /// Drafts begun.
    pub started: i64,
    /// Applications submitted.
    pub submitted: i64,
    /// Fees paid.
    pub paid: i64,
    /// Cases ended by decision: approved, refused, completed. Withdrawn and lapsed ones are not.
    pub decided: i64,
    /// Of these, approved or completed.
    pub approved: i64,
    /// Of these, decided by the pack's own rule.
    pub automatic: i64,
    /// Of these, within the promised time.
    pub timely: i64,
    /// Applications taken back.
    pub withdrawn: i64,
    /// Licences granted.
    pub issued: i64,
    /// Working days from submission to decision, without the days the applicant was asked
    /// something; calendar days where the promise is in calendar days.
    pub days: Spread,
    /// Ratings, 1 to 5.
    pub ratings: Spread,
}

impl ServiceFigures {
    /// The share of begun drafts that became applications, 0 to 1; `None` when none was begun. A
    /// draft begun before the period may be submitted in it, so the share is capped at 1.
    #[must_use]
    pub fn completion(&self) -> Option<f64> {
        (self.started > 0).then(|| ratio(self.submitted, self.started).min(1.0))
    }

    /// The share of decisions within the promised time, 0 to 1.
    #[must_use]
    pub fn timely_share(&self) -> Option<f64> {
        (self.decided > 0).then(|| ratio(self.timely, self.decided))
    }

    /// The share of decisions made by the pack's own rule, 0 to 1.
    #[must_use]
    pub fn automatic_share(&self) -> Option<f64> {
        (self.decided > 0).then(|| ratio(self.automatic, self.decided))
    }

    /// The middle number of days to a decision.
    #[must_use]
    pub fn median_days(&self) -> Option<i64> {
        self.days.median()
    }

    /// The mean number of days to a decision.
    #[must_use]
    pub fn mean_days(&self) -> Option<f64> {
        self.days.mean()
    }

    /// The mean rating, 1 to 5, and how many rated.
    #[must_use]
    pub fn satisfaction(&self) -> (Option<f64>, i64) {
        (self.ratings.mean(), self.ratings.count())
    }

    fn add(&mut self, sum: &Sum) {
        let count = sum.count;
        match sum.step.as_str() {
            "signed_in" => self.sign_ins += count,
            "filled" => {
                self.fills += count;
                self.filled_fields += sum.value * count;
            }
            "signed" => self.signatures += count,
            "started" => self.started += count,
            "submitted" => self.submitted += count,
            "paid" => self.paid += count,
            "withdrawn" => self.withdrawn += count,
            "issued" => self.issued += count,
            "rated" => self.ratings.add(sum.value, count),
            "decided" => self.add_decided(sum),
            _ => {}
        }
    }

    fn add_decided(&mut self, sum: &Sum) {
        let count = sum.count;
        self.decided += count;
        self.days.add(sum.value, count);
        if matches!(sum.outcome.as_str(), "approved" | "completed") {
            self.approved += count;
        }
        if sum.decider == "rule" {
            self.automatic += count;
        }
        if sum.timely == "yes" {
            self.timely += count;
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts stay far below 2⁵², where every whole number has its own f64"
)]
pub(crate) fn ratio(part: i64, whole: i64) -> f64 {
    part as f64 / whole as f64
}

/// The figures of every service that was used from `from` to `to`, both included, in the order of
/// their ids. A service nobody used is not in the list. Read from daily counts in one query; a year
/// of a busy platform takes well under a second.
///
/// # Errors
/// The store fails.
pub async fn service_figures(
    store: &Store,
    from: Date,
    to: Date,
) -> Result<Vec<ServiceFigures>, Error> {
    let sums = store
        .read(move |db| async move { rows::sums(&db, Period { from, to }).await })
        .await?;
    Ok(of_sums(&sums))
}

pub(crate) fn of_sums(sums: &[Sum]) -> Vec<ServiceFigures> {
    let mut figures: BTreeMap<&str, ServiceFigures> = BTreeMap::new();
    for sum in sums.iter().filter(|sum| !sum.service.is_empty()) {
        let one = figures
            .entry(sum.service.as_str())
            .or_insert_with(|| ServiceFigures {
                service: sum.service.clone(),
                ..ServiceFigures::default()
            });
        // A sign-in knows the service it leads to by its address, and no department.
        if one.department.is_empty() {
            one.department.clone_from(&sum.department);
        }
        one.add(sum);
    }
    figures.into_values().collect()
}
