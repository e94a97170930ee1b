//! The report on use: sign-ins, fills from the profile, signatures and applications of each service,
//! with the share each has of the whole.

use serde::{Serialize, Serializer, ser::SerializeStruct};
use store::Store;

use crate::{
    Error, Period,
    disclosure::{self, Margins},
    figures::{self, ratio},
    store::{self as rows, Sum},
};

/// What the report counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    SignIns,
    Fills,
    Signatures,
    Applications,
}

/// The columns of the report.
pub const MEASURES: [Measure; 4] = [
    Measure::SignIns,
    Measure::Fills,
    Measure::Signatures,
    Measure::Applications,
];

impl Measure {
    /// `sign_ins`, `fills`, `signatures`, `applications`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SignIns => "sign_ins",
            Self::Fills => "fills",
            Self::Signatures => "signatures",
            Self::Applications => "applications",
        }
    }
}

/// A figure for each measure; `None` is withheld.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub sign_ins: Option<i64>,
    pub fills: Option<i64>,
    pub signatures: Option<i64>,
    pub applications: Option<i64>,
}

impl Counts {
    #[must_use]
    pub const fn get(&self, measure: Measure) -> Option<i64> {
        match measure {
            Measure::SignIns => self.sign_ins,
            Measure::Fills => self.fills,
            Measure::Signatures => self.signatures,
            Measure::Applications => self.applications,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        Self::from_fn(|measure| {
            let figures = [self.get(measure), other.get(measure)];
            Some(figures.into_iter().flatten().sum())
        })
    }

    fn from_fn(mut figure: impl FnMut(Measure) -> Option<i64>) -> Self {
        Self {
            sign_ins: figure(Measure::SignIns),
            fills: figure(Measure::Fills),
            signatures: figure(Measure::Signatures),
            applications: figure(Measure::Applications),
        }
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Counts", MEASURES.len())?;
        for measure in MEASURES {
            fields.serialize_field(measure.code(), &self.get(measure))?;
        }
        fields.end()
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    /// The code of the department; empty where only sign-ins are known, which know no department.
    pub department: String,
    /// The id of the service; empty for use of the platform as such.
    pub service: String,
    pub counts: Counts,
}

/// Use by service over a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageReport {
    pub period: Period,
    /// Whether the figures are rounded and withheld for publication.
    pub is_published: bool,
    /// By department and service.
    pub rows: Vec<UsageRow>,
    pub totals: Counts,
}

impl UsageReport {
    /// The share of a row in the whole, in per cent with one decimal; `None` where either figure is
    /// withheld or nothing was counted. Worked out from the figures shown, so that it tells no more
    /// than they do.
    #[must_use]
    pub fn share(&self, row: &UsageRow, measure: Measure) -> Option<f64> {
        let whole = self.totals.get(measure).filter(|whole| *whole > 0)?;
        let part = row.counts.get(measure)?;
        Some((ratio(part, whole) * 1000.0).round() / 10.0)
    }

    /// The report as it may be published: rounded, small figures withheld. Choosing a department
    /// comes after this, so that no choice shows what another hides.
    #[must_use]
    pub fn published(&self) -> Self {
        let grid: Vec<Vec<i64>> = self
            .rows
            .iter()
            .map(|row| {
                let figures = MEASURES.map(|measure| row.counts.get(measure).unwrap_or_default());
                figures.to_vec()
            })
            .collect();
        let shown = disclosure::publish(&grid, Margins::Columns);
        let rows = self
            .rows
            .iter()
            .zip(&shown.cells)
            .map(|(row, cells)| UsageRow {
                counts: counts(cells),
                ..row.clone()
            })
            .collect();
        Self {
            period: self.period,
            is_published: true,
            rows,
            totals: counts(&shown.columns),
        }
    }

    /// Only the services of one department; the totals stay those of the whole.
    #[must_use]
    pub fn only(mut self, department: &str) -> Self {
        self.rows.retain(|row| row.department == department);
        self
    }

    /// Gives every service its department, as the catalogue knows it, and puts rows in order. What
    /// the catalogue does not know was written into an address by somebody and is use of the
    /// platform.
    #[must_use]
    pub fn with_departments(mut self, department: impl Fn(&str) -> Option<String>) -> Self {
        let mut platform: Option<UsageRow> = None;
        let mut known = Vec::with_capacity(self.rows.len());
        for mut row in self.rows {
            if let Some(code) = department(&row.service) {
                row.department = code;
                known.push(row);
                continue;
            }
            let before = platform.map_or_else(Counts::default, |one| one.counts);
            platform = Some(UsageRow {
                department: String::new(),
                service: String::new(),
                counts: before.plus(&row.counts),
            });
        }
        known.extend(platform);
        self.rows = known;
        self.sort();
        self
    }

    fn sort(&mut self) {
        self.rows.sort_by(|a, b| {
            let key = |row: &UsageRow| {
                let is_platform = row.service.is_empty();
                (is_platform, row.department.clone(), row.service.clone())
            };
            key(a).cmp(&key(b))
        });
    }
}

fn counts(cells: &[Option<i64>]) -> Counts {
    let mut cells = cells.iter().copied();
    Counts::from_fn(|_| cells.next().flatten())
}

/// Exact use by service over a period.
///
/// # Errors
/// The store fails.
pub async fn usage_report(store: &Store, period: Period) -> Result<UsageReport, Error> {
    let sums = store
        .read(move |db| async move { rows::sums(&db, period).await })
        .await?;
    Ok(report(&sums, period))
}

pub(crate) fn report(sums: &[Sum], period: Period) -> UsageReport {
    let mut rows: Vec<UsageRow> = figures::of_sums(sums)
        .into_iter()
        .map(|one| UsageRow {
            counts: Counts {
                sign_ins: Some(one.sign_ins),
                fills: Some(one.fills),
                signatures: Some(one.signatures),
                applications: Some(one.submitted),
            },
            department: one.department,
            service: one.service,
        })
        .collect();
    let platform = platform(sums);
    if MEASURES
        .iter()
        .any(|measure| platform.counts.get(*measure) > Some(0))
    {
        rows.push(platform);
    }
    let totals = Counts::from_fn(|measure| {
        let figures = rows.iter().filter_map(|row| row.counts.get(measure));
        Some(figures.sum())
    });
    let mut report = UsageReport {
        period,
        is_published: false,
        rows,
        totals,
    };
    report.sort();
    report
}

/// What was done without a service in view: signing in to look at one's own things.
fn platform(sums: &[Sum]) -> UsageRow {
    let count = |step: &str| {
        let of_step = sums
            .iter()
            .filter(|sum| sum.service.is_empty() && sum.step == step);
        Some(of_step.map(|sum| sum.count).sum())
    };
    UsageRow {
        department: String::new(),
        service: String::new(),
        counts: Counts {
            sign_ins: count("signed_in"),
            fills: count("filled"),
            signatures: count("signed"),
            applications: Some(0),
        },
    }
}
