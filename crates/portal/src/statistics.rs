//! Statistics for everybody: who is registered and what is used, as published figures only.
//!
//! Periods are whole calendar months, so that two questions a day apart do not show the day between
//! them; choosing a department hides rows and changes no figure.

use axum::extract::State;
use identity::Level;
use insight::{MEASURES, Measure, Period, Registrants, UsageReport};
use kernel::{Date, Lang};
use serde::{Deserialize, Serialize};
use web::{
    Access, IntoResponse, Json, Method, Outcome, Page, Query, Response, Routes, ToSchema, Visit,
    ctx, header, operation,
};

use crate::Portal;

/// Months one may choose from.
const MONTHS: i64 = 36;
/// Months of the period when none is chosen, the present one included.
const DEFAULT_MONTHS: i64 = 12;
/// Services in a chart; the table has all.
const CHARTED: usize = 10;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/statistics", Access::Public, home)
        .get(
            "/{lang}/statistics/registrants",
            Access::Public,
            registrants_page,
        )
        .get(
            "/{lang}/statistics/registrants.csv",
            Access::Public,
            registrants_csv,
        )
        .json(
            &Method::GET,
            "/{lang}/statistics/registrants.json",
            Access::Public,
            operation::<(), RegistrantsView>("Registrants by age band and level, as published"),
            registrants_json,
        )
        .get("/{lang}/statistics/usage", Access::Public, usage_page)
        .get("/{lang}/statistics/usage.csv", Access::Public, usage_csv)
        .json(
            &Method::GET,
            "/{lang}/statistics/usage.json",
            Access::Public,
            operation::<(), UsageView>("Use by department and service, as published"),
            usage_json,
        )
}

async fn home(visit: Visit) -> Page {
    visit.page("portal/statistics.html", ctx! {})
}

/// What may be chosen: months as `2026-11`, a department by its code.
#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    department: String,
}

impl Choice {
    /// The months chosen, first and last day; what cannot be read is the default.
    fn period(&self, today: Date) -> Period {
        let last = month(&self.to, today).unwrap_or_else(|| Period::month_of(today));
        let first = month(&self.from, today)
            .unwrap_or_else(|| Period::month_of(last.from.plus_months(1 - DEFAULT_MONTHS)));
        let (first, last) = if first.from > last.from {
            (last, first)
        } else {
            (first, last)
        };
        Period {
            from: first.from,
            to: last.to,
        }
    }

    /// The end of the month chosen, or today in the present one.
    fn day(&self, today: Date) -> Date {
        month(&self.to, today).map_or(today, |month| month.to.min(today))
    }
}

/// The months of a page where nothing is chosen.
pub(crate) fn latest(today: Date) -> Period {
    Choice::default().period(today)
}

/// A month that may be chosen.
pub(crate) fn month(text: &str, today: Date) -> Option<Period> {
    let month = Period::month_of(format!("{text}-01").parse().ok()?);
    let oldest = Period::month_of(today).from.plus_months(1 - MONTHS);
    (oldest..=today).contains(&month.from).then_some(month)
}

pub(crate) fn code_of(month: Date) -> String {
    month.to_string().chars().take(7).collect()
}

/// `November 2026`, `2026年11月`.
pub(crate) fn month_words(month: Date, lang: Lang) -> String {
    let long = month.long(lang);
    match lang {
        Lang::En => long.split_once(' ').map(|(_, rest)| rest.to_owned()),
        Lang::Tc | Lang::Sc => long.split_once('月').map(|(rest, _)| format!("{rest}月")),
    }
    .unwrap_or(long)
}

pub(crate) fn month_choices(visit: &Visit) -> Vec<web::Value> {
    let present = Period::month_of(visit.site().env().today()).from;
    (0..MONTHS)
        .map(|back| {
            let month = present.plus_months(-back);
            ctx! { value => code_of(month), words => month_words(month, visit.lang()) }
        })
        .collect()
}

async fn registrants(portal: &Portal, day: Date) -> Outcome<Registrants> {
    let counts = identity::registrants(&portal.store, day).await?;
    let counts = counts
        .into_iter()
        .map(|(level, birth_year, people)| (level == Level::Plus, birth_year, people));
    Ok(Registrants::of(day, counts).published())
}

/// A length in a chart.
pub(crate) fn share(count: Option<i64>, most: i64) -> f64 {
    let part = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    count.map_or(0.0, |count| part(count) / part(most.max(1)))
}

pub(crate) fn figure(count: Option<i64>) -> String {
    let Some(count) = count else {
        return "–".to_owned();
    };
    let digits = count.to_string();
    let mut words = String::with_capacity(digits.len() + 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// `11–20`, never broken over two lines.
fn band_words(band: journal::AgeBand) -> String {
    band.code().replace('-', "\u{2060}–\u{2060}")
}

async fn registrants_page(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Page> {
    let table = registrants(&portal, choice.day(visit.site().env().today())).await?;
    let cells = table.rows.iter().flat_map(|row| [row.basic, row.plus]);
    let most = cells.flatten().max().unwrap_or_default();
    let bar = |kind: &str, count: Option<i64>| ctx! { kind, words => figure(count), share => share(count, most) };
    let rows: Vec<_> = table
        .rows
        .iter()
        .map(|row| {
            ctx! {
                words => band_words(row.band),
                figures => [row.basic, row.plus, row.total].map(figure),
                bars => [bar("a", row.basic), bar("b", row.plus)],
            }
        })
        .collect();
    let largest = table.rows.iter().max_by_key(|row| row.total);
    Ok(visit.page(
        "portal/statistics_registrants.html",
        ctx! {
            rows,
            as_at => table.as_at,
            totals => [table.basic, table.plus, table.total].map(figure),
            largest => largest.map(|row| band_words(row.band)),
            months => month_choices(&visit),
            month => code_of(table.as_at),
        },
    ))
}

async fn registrants_csv(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Response> {
    let table = registrants(&portal, choice.day(visit.site().env().today())).await?;
    let name = format!("registrants-{}.csv", table.as_at);
    Ok(csv(&name, table.to_csv()))
}

pub(crate) fn csv(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (head, text).into_response()
}

/// Registrants as published: multiples of 100; null is withheld.
#[derive(Serialize, ToSchema)]
struct RegistrantsView {
    #[schema(value_type = String)]
    as_at: Date,
    bands: Vec<BandView>,
    basic: Option<i64>,
    plus: Option<i64>,
    total: Option<i64>,
}

/// One age band; the band is of the age reached in the year.
#[derive(Serialize, ToSchema)]
struct BandView {
    age: String,
    basic: Option<i64>,
    plus: Option<i64>,
    total: Option<i64>,
}

async fn registrants_json(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Json<RegistrantsView>> {
    let table = registrants(&portal, choice.day(visit.site().env().today())).await?;
    let bands = table.rows.iter().map(|row| BandView {
        age: row.band.code().to_owned(),
        basic: row.basic,
        plus: row.plus,
        total: row.total,
    });
    Ok(Json(RegistrantsView {
        as_at: table.as_at,
        bands: bands.collect(),
        basic: table.basic,
        plus: table.plus,
        total: table.total,
    }))
}

async fn usage(portal: &Portal, visit: &Visit, choice: &Choice) -> Outcome<UsageReport> {
    let period = choice.period(visit.site().env().today());
    let catalogue = portal.services.catalogue();
    let report = insight::usage_report(&portal.store, period)
        .await?
        .with_departments(|id| catalogue.entry(id).map(|one| one.department.clone()))
        .published();
    Ok(if choice.department.is_empty() {
        report
    } else {
        report.only(&choice.department)
    })
}

async fn usage_page(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Page> {
    let report = usage(&portal, &visit, &choice).await?;
    let catalogue = portal.services.catalogue();
    let name = |id: &str| {
        catalogue.entry(id).map_or_else(
            || visit.t("portal.statistics.usage.platform"),
            |entry| entry.name.get(visit.lang()).to_owned(),
        )
    };
    let rows: Vec<_> = report
        .rows
        .iter()
        .map(|row| {
            let cells = MEASURES.map(|measure| {
                let share = report.share(row, measure);
                ctx! { count => figure(row.counts.get(measure)), percent => share.map(|one| format!("{one:.1}%")) }
            });
            ctx! {
                name => name(&row.service),
                id => row.service,
                department => (!row.department.is_empty()).then(|| catalogue.department_name(&row.department)),
                cells,
            }
        })
        .collect();
    let mut charted: Vec<_> = report
        .rows
        .iter()
        .filter(|row| !row.service.is_empty() && row.counts.sign_ins > Some(0))
        .collect();
    charted.sort_by_key(|row| std::cmp::Reverse(row.counts.sign_ins));
    charted.truncate(CHARTED);
    let most = charted.first().and_then(|row| row.counts.sign_ins);
    let bars: Vec<_> = charted
        .iter()
        .map(|row| {
            let count = row.counts.get(Measure::SignIns);
            let bar = ctx! { kind => "a", words => figure(count), share => share(count, most.unwrap_or(1)) };
            ctx! { words => name(&row.service), bars => [bar] }
        })
        .collect();
    let period = report.period;
    let context = ctx! {
        rows,
        bars,
        totals => MEASURES.map(|measure| figure(report.totals.get(measure))),
        months => month_choices(&visit),
        departments => departments(&portal, &visit),
        from => code_of(period.from),
        to => code_of(period.to),
        period_words => [period.from, period.to].map(|one| month_words(one, visit.lang())),
        department => choice.department,
    };
    Ok(visit.page("portal/statistics_usage.html", context))
}

/// Departments with a service online.
fn departments(portal: &Portal, visit: &Visit) -> Vec<web::Value> {
    let catalogue = portal.services.catalogue();
    let mut named: Vec<(String, String)> = catalogue
        .departments()
        .iter()
        .filter(|one| {
            let entries = catalogue.of_department(&one.code);
            entries.iter().any(|entry| entry.is_online())
        })
        .map(|one| (one.name.get(visit.lang()).to_owned(), one.code.clone()))
        .collect();
    named.sort();
    let choices = named.into_iter();
    choices
        .map(|(words, value)| ctx! { value, words })
        .collect()
}

async fn usage_csv(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Response> {
    let report = usage(&portal, &visit, &choice).await?;
    let (from, to) = (code_of(report.period.from), code_of(report.period.to));
    Ok(csv(&format!("usage-{from}-{to}.csv"), report.to_csv()))
}

/// Use as published: multiples of 100; null is withheld.
#[derive(Serialize, ToSchema)]
struct UsageView {
    /// The first and the last day.
    #[schema(value_type = String)]
    from: Date,
    #[schema(value_type = String)]
    to: Date,
    services: Vec<UsageRowView>,
    /// Of all services, also where one department was chosen.
    totals: Vec<MeasureView>,
}

/// One service; without department and id, use of the platform as such.
#[derive(Serialize, ToSchema)]
struct UsageRowView {
    department: Option<String>,
    service: Option<String>,
    measures: Vec<MeasureView>,
}

/// `sign_ins`, `fills`, `signatures` or `applications`, and the share of the whole in per cent.
#[derive(Serialize, ToSchema)]
struct MeasureView {
    measure: String,
    count: Option<i64>,
    percent: Option<f64>,
}

async fn usage_json(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Json<UsageView>> {
    let report = usage(&portal, &visit, &choice).await?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let services = report.rows.iter().map(|row| {
        let measures = MEASURES.map(|measure| MeasureView {
            measure: measure.code().to_owned(),
            count: row.counts.get(measure),
            percent: report.share(row, measure),
        });
        UsageRowView {
            department: some(&row.department),
            service: some(&row.service),
            measures: measures.into(),
        }
    });
    let totals = MEASURES.map(|measure| MeasureView {
        measure: measure.code().to_owned(),
        count: report.totals.get(measure),
        percent: None,
    });
    Ok(Json(UsageView {
        from: report.period.from,
        to: report.period.to,
        services: services.collect(),
        totals: totals.into(),
    }))
}
