//! `causeway report`: the command itself, over the data of a demonstration, in each of its forms.

use std::{path::PathBuf, process::Command};

use causeway::Knobs;
use journal::{Step, Usage};
use kernel::Actor;
use testkit::App;

use crate::journey::{self, RESIDENT, SERVICE};

/// The morning of the tests, on which everything here happens.
const DAY: &str = "2026-11-23";

/// A demonstration in a folder that the command can be pointed at.
struct Place {
    app: App,
    dir: PathBuf,
}

impl Place {
    async fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("causeway-{name}-{}", std::process::id()));
        let knobs = Knobs {
            has_rate_limits: false,
            records_answers: false,
        };
        let app = App::open(dir.clone(), 4_100, knobs).await.unwrap();
        Self { app, dir }
    }

    /// What the command answers on standard output.
    fn causeway(&self, words: &[&str]) -> String {
        let done = Command::new(env!("CARGO_BIN_EXE_causeway"))
            .args(words)
            .arg("--data")
            .arg(&self.dir)
            .env("RUST_LOG", "error")
            .output()
            .unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        let failed = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{words:?}: {failed}");
        said
    }

    fn json(&self, words: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.causeway(words)).unwrap()
    }

    fn registrants(&self, more: &[&str]) -> Vec<String> {
        let words = [&["report", "registrants", "--as-at", DAY], more].concat();
        self.causeway(&words).lines().map(str::to_owned).collect()
    }

    fn usage(&self, more: &[&str]) -> Vec<String> {
        let words = [&["report", "usage", "--from", DAY, "--to", DAY], more].concat();
        self.causeway(&words).lines().map(str::to_owned).collect()
    }
}

/// The cells of a line, whatever the space between them.
fn cells(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

const BANDS: [&str; 7] = ["11-20", "21-30", "31-40", "41-50", "51-60", "61-70", "71+"];

#[tokio::test]
async fn registrants_are_printed_as_table_json_and_csv_with_the_same_figures() {
    let place = Place::new("registrants").await;
    let table = place.registrants(&[]);
    assert_eq!(
        table[0],
        "Registrants as at 23 November 2026, by age reached in the year"
    );
    assert_eq!(cells(&table[2]), ["Age", "Basic", "Plus", "Total"]);

    let csv = place.registrants(&["--csv"]);
    assert_eq!(csv[0], "age_band,basic,plus,total");
    let json = place.json(&["report", "registrants", "--as-at", DAY, "--json"]);
    assert_eq!(
        (json["as_at"].as_str(), json["is_published"].as_bool()),
        (Some(DAY), Some(false))
    );
    let bands = json["rows"].as_array().unwrap();
    assert_eq!(bands.len(), BANDS.len());
    for (number, band) in BANDS.into_iter().enumerate() {
        let line = table.iter().find(|line| line.starts_with(band)).unwrap();
        let row = &bands[number];
        let figures =
            ["basic", "plus", "total"].map(|name| row[name].as_i64().unwrap().to_string());
        assert_eq!(cells(line)[1..], figures, "{band}");
        assert_eq!(csv[number + 1], format!("{band},{}", figures.join(",")));
    }
    let total = json["total"].as_i64().unwrap();
    assert!(total > 0, "the demonstration has people");
    assert!(
        csv.last().unwrap().starts_with("total,")
            && csv.last().unwrap().ends_with(&format!(",{total}"))
    );
    let sum: i64 = bands.iter().map(|row| row["total"].as_i64().unwrap()).sum();
    assert_eq!(sum, total);
}

#[tokio::test]
async fn published_registrants_are_rounded_and_a_few_people_are_withheld() {
    let place = Place::new("registrants-published").await;
    let json = place.json(&[
        "report",
        "registrants",
        "--as-at",
        DAY,
        "--published",
        "--json",
    ]);
    assert_eq!(json["is_published"], true);
    // The demonstration has a handful in each band: nothing of them may be seen.
    for row in json["rows"].as_array().unwrap() {
        assert!(row["basic"].is_null() && row["plus"].is_null(), "{row}");
    }
    let table = place.registrants(&["--published"]);
    let band = table.iter().find(|line| line.starts_with("21-30")).unwrap();
    assert_eq!(cells(band)[1..3], ["-", "-"]);
    assert!(table.last().unwrap().contains("withheld"), "{table:?}");
    let csv = place.registrants(&["--published", "--csv"]);
    assert!(
        csv[2].starts_with("21-30,,,"),
        "a withheld figure is an empty field: {}",
        csv[2]
    );
}

#[tokio::test]
async fn use_is_printed_by_department_and_service_with_shares() {
    let place = Place::new("usage").await;
    let mut resident = place.app.browser();
    journey::renew(&place.app, &mut resident, RESIDENT).await;
    place.app.settle().await.unwrap();

    let table = place.usage(&[]);
    assert_eq!(table[0], "Use from 23 November 2026 to 23 November 2026");
    let line = table.iter().find(|line| line.starts_with("TD ")).unwrap();
    assert!(line.contains("Renew a full driving licence"), "{line}");
    assert_eq!(
        cells(line)[cells(line).len() - 2..],
        ["1", "100.0"],
        "one application, the only one"
    );

    let json = place.json(&["report", "usage", "--from", DAY, "--to", DAY, "--json"]);
    let rows = json["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["service"] == SERVICE).unwrap();
    assert_eq!(row["counts"]["applications"], 1);
    assert_eq!(row["counts"]["signatures"], 1);
    assert_eq!(json["totals"]["applications"], 1);

    let csv = place.usage(&["--csv"]);
    assert!(
        csv[0].starts_with("department,service,sign_ins,sign_ins_percent,fills,"),
        "{}",
        csv[0]
    );
    let line = csv
        .iter()
        .find(|line| line.starts_with(&format!("TD,{SERVICE},")))
        .unwrap();
    assert!(line.ends_with(",1,100.0,1,100.0"), "{line}");

    let none = place.usage(&["--department", "immd", "--csv"]);
    assert_eq!(none.len(), 2, "head and total: {none:?}");
    let elsewhen = place.json(&[
        "report",
        "usage",
        "--from",
        "2026-01-01",
        "--to",
        "2026-01-31",
        "--json",
    ]);
    assert_eq!(elsewhen["totals"]["applications"], 0);
}

#[tokio::test]
async fn published_use_is_rounded_and_hides_what_a_total_would_tell() {
    let place = Place::new("usage-published").await;
    for (service, count) in [
        (SERVICE, 1_234),
        ("td-vehicle-licence-renewal", 456),
        ("td-learner-driving-licence", 7),
    ] {
        let usage = Usage {
            service: service.to_owned(),
            department: "TD".to_owned(),
            count,
            ..Usage::of(Step::Submitted)
        };
        place
            .app
            .system
            .store
            .write(&Actor::system("test"), move |tx| {
                let usage = usage.clone();
                async move { journal::usage(&tx, usage).await }
            })
            .await
            .unwrap();
    }
    // Nobody ran the counting: the report catches up by itself.
    let csv = place.usage(&["--published", "--csv"]);
    let line = |service: &str| {
        let found = csv.iter().find(|line| line.contains(service));
        found.unwrap().rsplit(',').nth(1).unwrap().to_owned()
    };
    assert_eq!(line(SERVICE), "1200");
    assert_eq!(line("td-learner-driving-licence"), "", "below ten");
    assert_eq!(
        line("td-vehicle-licence-renewal"),
        "",
        "or the total would tell the small one"
    );
    assert!(csv.last().unwrap().contains(",1700,"), "{csv:?}");
    let table = place.usage(&["--published"]);
    assert!(table.last().unwrap().contains("Rounded to the nearest 100"));
}
