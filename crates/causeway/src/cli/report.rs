//! `causeway report`: the figures government is asked for, from counts kept day by day.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use identity::Level;
use insight::{MEASURES, Measure, Period, Registrants, UsageReport};
use kernel::{Date, Env, Lang};
use services::Catalogue;

use super::{
    Out, Place, progress,
    table::{Table, figure},
};
use crate::System;

/// Days a report on use spans when none are named.
const DEFAULT_DAYS: i64 = 30;

#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// Registrants by ten-year age band and level, as in the reply to LegCo question 13 of 18 August
    /// 2021.
    Registrants(RegistrantsArgs),
    /// Sign-ins, e-ME fills, signatures and applications by department and service, with percentages.
    Usage(UsageArgs),
}

#[derive(Debug, Args)]
pub(super) struct RegistrantsArgs {
    /// The day to count at; today when left out.
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct UsageArgs {
    /// The first day; 30 days before the last when left out.
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// The last day, included; today when left out.
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Only the services of one department: `TD`.
    #[arg(long, value_name = "CODE")]
    department: Option<String>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    place: Place,
}

/// How a report is written.
#[derive(Debug, Args)]
struct Form {
    /// Comma-separated values in place of a table.
    #[arg(long)]
    csv: bool,
    /// As it may be published: rounded to 100, figures below 10 withheld, and others where a total
    /// would reveal them.
    #[arg(long)]
    published: bool,
}

pub(super) async fn run(report: Report, out: &Out) -> anyhow::Result<ExitCode> {
    match report {
        Report::Registrants(args) => registrants(args, out).await,
        Report::Usage(args) => usage(args, out).await,
    }
}

async fn registrants(args: RegistrantsArgs, out: &Out) -> anyhow::Result<ExitCode> {
    let system = System::open(&args.place.load()?, Env::system()).await?;
    let as_at = args.as_at.unwrap_or_else(|| system.store.env().today());
    let counts = identity::registrants(&system.store, as_at).await?;
    let counts = counts
        .into_iter()
        .map(|(level, birth_year, people)| (level == Level::Plus, birth_year, people));
    let mut table = Registrants::of(as_at, counts);
    if args.form.published {
        table = table.published();
    }
    if args.form.csv {
        out.raw(&table.to_csv());
    } else {
        out.record(&table, &registrants_text(&table));
    }
    Ok(ExitCode::SUCCESS)
}

fn registrants_text(registrants: &Registrants) -> String {
    let mut table = Table::new(1, ["Age", "Basic", "Plus", "Total"]);
    for row in &registrants.rows {
        let figures = [row.basic, row.plus, row.total].map(figure);
        table.row(std::iter::once(row.band.code().to_owned()).chain(figures));
    }
    let totals = [registrants.basic, registrants.plus, registrants.total].map(figure);
    table.row(std::iter::once("Total".to_owned()).chain(totals));
    format!(
        "Registrants as at {}, by age reached in the year\n\n{}{}",
        registrants.as_at.long(Lang::En),
        table.text(),
        note(registrants.is_published)
    )
}

async fn usage(args: UsageArgs, out: &Out) -> anyhow::Result<ExitCode> {
    let system = System::open(&args.place.load()?, Env::system()).await?;
    let waiting = progress::waiting(out, "counting what happened last");
    let counted = insight::catch_up(&system.store).await;
    waiting.finish_and_clear();
    counted.context("cannot count what happened last")?;
    let to = args.to.unwrap_or_else(|| system.store.env().today());
    let from = args
        .from
        .unwrap_or_else(|| Period::days_to(to, DEFAULT_DAYS).from);
    let catalogue = system.services.catalogue();
    let mut report = insight::usage_report(&system.store, Period::new(from, to)?)
        .await?
        .with_departments(|id| catalogue.entry(id).map(|one| one.department.clone()));
    if args.form.published {
        report = report.published();
    }
    if let Some(department) = &args.department {
        report = report.only(&department.to_uppercase());
    }
    if args.form.csv {
        out.raw(&report.to_csv());
    } else {
        out.record(&report, &usage_text(&report, &catalogue));
    }
    Ok(ExitCode::SUCCESS)
}

fn usage_text(report: &UsageReport, catalogue: &Catalogue) -> String {
    let head = [
        "Dept",
        "Service",
        "Sign-ins",
        "%",
        "e-ME fills",
        "%",
        "Signatures",
        "%",
        "Applications",
        "%",
    ];
    let mut table = Table::new(2, head);
    for row in &report.rows {
        let name = catalogue.entry(&row.service).map(|one| one.name.en.clone());
        let name = name.unwrap_or_else(|| match row.service.as_str() {
            "" => "(no service in view)".to_owned(),
            id => id.to_owned(),
        });
        let share = |measure: Measure| {
            let share = report.share(row, measure);
            share.map_or_else(|| "-".to_owned(), |share| format!("{share:.1}"))
        };
        let figures = MEASURES
            .into_iter()
            .flat_map(|one| [figure(row.counts.get(one)), share(one)]);
        table.row([row.department.clone(), name].into_iter().chain(figures));
    }
    let totals = MEASURES
        .into_iter()
        .flat_map(|one| [figure(report.totals.get(one)), String::new()]);
    table.row(
        ["Total".to_owned(), String::new()]
            .into_iter()
            .chain(totals),
    );
    format!(
        "Use from {} to {}\n\n{}{}",
        report.period.from.long(Lang::En),
        report.period.to.long(Lang::En),
        table.text(),
        note(report.is_published)
    )
}

const fn note(is_published: bool) -> &'static str {
    if is_published {
        "\n\nRounded to the nearest 100; figures may not add up. - is withheld: below 10, or it would \
         reveal such a figure."
    } else {
        ""
    }
}
