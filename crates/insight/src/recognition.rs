//! Use of the identity by day, age band and level: sign-ins, forms filled from the profile, signatures,
//! consents. Made from daily facts; no person is read for it.

use ::store::Store;
use journal::AgeBand;
use kernel::Date;
use serde::Serialize;

use crate::{
    Error, Period,
    disclosure::{self, Margins},
    store as rows,
};

/// What is counted, in the order of the columns.
pub const RECOGNITION: [&str; 4] = ["sign_ins", "fills", "signatures", "consents"];
/// The steps behind the columns.
const STEPS: [&str; 4] = ["signed_in", "filled", "signed", "consented"];
/// The levels, as events name them.
const LEVELS: [&str; 2] = ["basic", "plus"];

/// One line: a day, an age band, or a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecognitionRow {
    pub name: String,
    /// By [`RECOGNITION`]; `None` is withheld.
    pub counts: Vec<Option<i64>>,
}

/// Use of the identity over a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recognition {
    pub period: Period,
    pub is_published: bool,
    pub days: Vec<RecognitionRow>,
    pub ages: Vec<RecognitionRow>,
    pub levels: Vec<RecognitionRow>,
    /// What applications of departments were given, by the name of the application; consents are not known of
    /// them.
    pub clients: Vec<RecognitionRow>,
    pub totals: Vec<Option<i64>>,
}

/// A count of one step on one day by one kind of person.
#[derive(Debug, Clone)]
pub(crate) struct DaySum {
    pub(crate) step: String,
    pub(crate) day: Date,
    pub(crate) level: String,
    pub(crate) age_band: String,
    pub(crate) count: i64,
}

impl Recognition {
    pub(crate) fn of(period: Period, sums: &[DaySum]) -> Self {
        let days = (0..=period.from.days_until(period.to)).map(|on| period.from.plus_days(on));
        let row = |name: String, fits: &dyn Fn(&DaySum) -> bool| RecognitionRow {
            name,
            counts: STEPS
                .iter()
                .map(|step| {
                    let counted = sums.iter().filter(|sum| sum.step == *step && fits(sum));
                    Some(counted.map(|sum| sum.count).sum())
                })
                .collect(),
        };
        Self {
            period,
            is_published: false,
            days: days
                .map(|day| row(day.to_string(), &|sum| sum.day == day))
                .collect(),
            ages: AgeBand::ALL
                .iter()
                .map(|band| row(band.code().to_owned(), &|sum| sum.age_band == band.code()))
                .collect(),
            levels: LEVELS
                .iter()
                .map(|level| row((*level).to_owned(), &|sum| sum.level == *level))
                .collect(),
            clients: Vec::new(),
            totals: row(String::new(), &|_| true).counts,
        }
    }

    /// With the logins, fills and signatures of each application, which the provider counts by day itself.
    #[must_use]
    pub fn with_clients(mut self, clients: impl IntoIterator<Item = (String, [i64; 3])>) -> Self {
        let rows = clients.into_iter().map(|(name, counts)| RecognitionRow {
            name,
            counts: counts.map(Some).to_vec(),
        });
        self.clients = rows.collect();
        self
    }

    /// As it may be published: rounded, small figures withheld, and each table by itself.
    #[must_use]
    pub fn published(&self) -> Self {
        let grid = |rows: &[RecognitionRow]| -> Vec<Vec<i64>> {
            rows.iter()
                .map(|row| {
                    row.counts
                        .iter()
                        .map(|one| one.unwrap_or_default())
                        .collect()
                })
                .collect()
        };
        let shown = |rows: &[RecognitionRow]| -> Vec<RecognitionRow> {
            let table = disclosure::publish(&grid(rows), Margins::Columns);
            rows.iter()
                .zip(table.cells)
                .map(|(row, counts)| RecognitionRow {
                    name: row.name.clone(),
                    counts,
                })
                .collect()
        };
        let totals = disclosure::publish(&grid(&self.days), Margins::Columns).columns;
        Self {
            period: self.period,
            is_published: true,
            days: shown(&self.days),
            ages: shown(&self.ages),
            levels: shown(&self.levels),
            clients: shown(&self.clients),
            totals,
        }
    }
}

/// Exact use of the identity over a period, by day for as long as days are kept.
///
/// # Errors
/// The store fails.
pub async fn recognition(store: &Store, period: Period) -> Result<Recognition, Error> {
    let sums = store
        .read(move |db| async move { rows::days(&db, period).await })
        .await?;
    Ok(Recognition::of(period, &sums))
}
