//! Tables as comma-separated values (RFC 4180). A withheld figure is an empty field.

use std::fmt::Write as _;

use crate::{MEASURES, RECOGNITION, Recognition, Registrants, UsageReport};

/// A field, quoted where it has to be. Nothing here begins with a sign that a spreadsheet would run.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn figure(count: Option<i64>) -> String {
    count.map_or_else(String::new, |count| count.to_string())
}

impl Registrants {
    /// Columns: `age_band`, `basic`, `plus`, `total`; the last row is the total.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::from("age_band,basic,plus,total\r\n");
        let mut line = |name: &str, figures: [Option<i64>; 3]| {
            let figures = figures.map(figure).join(",");
            let _ = write!(csv, "{},{figures}\r\n", field(name));
        };
        for row in &self.rows {
            line(row.band.code(), [row.basic, row.plus, row.total]);
        }
        line("total", [self.basic, self.plus, self.total]);
        csv
    }
}

impl Recognition {
    /// Columns: `by` (`day`, `age_band`, `level`, `client`), its `name`, then each measure; of a client
    /// the consents are not counted. The last row is the total.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = format!("by,name,{}\r\n", RECOGNITION.join(","));
        let mut line = |by: &str, name: &str, counts: &[Option<i64>]| {
            let figures =
                (0..RECOGNITION.len()).map(|place| figure(counts.get(place).copied().flatten()));
            let figures: Vec<String> = figures.collect();
            let _ = write!(csv, "{by},{},{}\r\n", field(name), figures.join(","));
        };
        let tables = [
            ("day", &self.days),
            ("age_band", &self.ages),
            ("level", &self.levels),
            ("client", &self.clients),
        ];
        for (by, rows) in tables {
            for row in rows {
                line(by, &row.name, &row.counts);
            }
        }
        line("total", "", &self.totals);
        csv
    }
}

impl UsageReport {
    /// Columns: `department`, `service`, then each measure and its share in per cent; the last row is
    /// the total. Use of the platform without a service has neither department nor service.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut csv = String::from("department,service");
        for measure in MEASURES {
            let _ = write!(csv, ",{0},{0}_percent", measure.code());
        }
        csv.push_str("\r\n");
        for row in &self.rows {
            let _ = write!(csv, "{},{}", field(&row.department), field(&row.service));
            for measure in MEASURES {
                let share = self.share(row, measure);
                let share = share.map_or_else(String::new, |share| format!("{share:.1}"));
                let _ = write!(csv, ",{},{share}", figure(row.counts.get(measure)));
            }
            csv.push_str("\r\n");
        }
        csv.push_str("total,");
        for measure in MEASURES {
            let _ = write!(csv, ",{},", figure(self.totals.get(measure)));
        }
        csv.push_str("\r\n");
        csv
    }
}
