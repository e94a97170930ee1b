//! Statistics of the identity for everybody: sign-ins, forms filled, signatures and consents of one month, by
//! day, age, level, and application; as published figures only.

use axum::extract::State;
use identity::provider::ClientUse;
use insight::{Period, RECOGNITION, Recognition, RecognitionRow};
use kernel::Date;
use serde::{Deserialize, Serialize};
use web::{
    Access, Json, Method, Outcome, Page, Query, Response, Routes, ToSchema, Value, Visit, ctx,
    operation,
};

use crate::{
    Portal,
    statistics::{code_of, csv, figure, month, month_choices, month_words, share},
};

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/statistics/identity", Access::Public, page)
        .get("/{lang}/statistics/identity.csv", Access::Public, file)
        .json(
            &Method::GET,
            "/{lang}/statistics/identity.json",
            Access::Public,
            operation::<(), IdentityView>(
                "Sign-ins, fills, signatures and consents by day, age, level and client, as published",
            ),
            data,
        )
}

/// The month, as `2026-11`.
#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    month: String,
}

async fn table(portal: &Portal, visit: &Visit, choice: &Choice) -> Outcome<Recognition> {
    let today = visit.site().env().today();
    let period = month(&choice.month, today).unwrap_or_else(|| Period::month_of(today));
    let period = Period {
        from: period.from,
        to: period.to.min(today),
    };
    let exact = insight::recognition(&portal.store, period).await?;
    let used = identity::provider::client_uses(&portal.store, (period.from, period.to)).await?;
    let mut clients = Vec::with_capacity(used.len());
    for ClientUse { client: id, uses } in used {
        let found = identity::provider::find_client(&portal.store, &id).await?;
        let name = found.and_then(|one| Some(one.registration?.name.get(visit.lang()).to_owned()));
        let counts = [uses.logins, uses.fills, uses.signatures];
        clients.push((name.unwrap_or(id), counts));
    }
    Ok(exact.with_clients(clients).published())
}

async fn page(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Page> {
    let table = table(&portal, &visit, &choice).await?;
    let day = |name: &str| {
        let day: Option<Date> = name.parse().ok();
        day.map_or_else(|| name.to_owned(), |day| day.long(visit.lang()))
    };
    let level = |name: &str| visit.t(&format!("portal.statistics.{name}"));
    let most = table.days.iter().filter_map(first).max().unwrap_or(1);
    let bars: Vec<Value> = table
        .days
        .iter()
        .map(|row| {
            let count = first(row);
            let bar = ctx! { kind => "a", words => figure(count), share => share(count, most) };
            ctx! { words => day(&row.name), bars => [bar] }
        })
        .collect();
    let context = ctx! {
        is_drawn => table.days.iter().filter_map(first).any(|count| count > 0),
        bars,
        days => views(&table.days, day),
        ages => views(&table.ages, |name| name.replace('-', "\u{2060}–\u{2060}")),
        levels => views(&table.levels, level),
        clients => views(&table.clients, str::to_owned),
        totals => table.totals.iter().map(|one| figure(*one)).collect::<Vec<_>>(),
        months => month_choices(&visit),
        month => code_of(table.period.from),
        month_words => month_words(table.period.from, visit.lang()),
    };
    Ok(visit.page("portal/statistics_identity.html", context))
}

fn first(row: &RecognitionRow) -> Option<i64> {
    row.counts.first().copied().flatten()
}

fn views(rows: &[RecognitionRow], words: impl Fn(&str) -> String) -> Vec<Value> {
    let figures = |row: &RecognitionRow| -> Vec<String> {
        row.counts.iter().map(|count| figure(*count)).collect()
    };
    rows.iter()
        .map(|row| ctx! { words => words(&row.name), figures => figures(row) })
        .collect()
}

async fn file(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Response> {
    let table = table(&portal, &visit, &choice).await?;
    let name = format!("identity-{}.csv", code_of(table.period.from));
    Ok(csv(&name, table.to_csv()))
}

/// Use of the identity as published: multiples of 100; null is withheld.
#[derive(Serialize, ToSchema)]
struct IdentityView {
    /// The first and the last day.
    #[schema(value_type = String)]
    from: Date,
    #[schema(value_type = String)]
    to: Date,
    days: Vec<IdentityLineView>,
    ages: Vec<IdentityLineView>,
    levels: Vec<IdentityLineView>,
    /// Applications of departments, also those of the Hong Kong wire form; their consents are not counted.
    clients: Vec<IdentityLineView>,
    totals: IdentityLineView,
}

/// One day, age band, level or application.
#[derive(Serialize, ToSchema)]
struct IdentityLineView {
    name: String,
    sign_ins: Option<i64>,
    fills: Option<i64>,
    signatures: Option<i64>,
    consents: Option<i64>,
}

impl IdentityLineView {
    fn of(name: &str, counts: &[Option<i64>]) -> Self {
        let at = |measure: &str| {
            let place = RECOGNITION.iter().position(|one| *one == measure)?;
            counts.get(place).copied().flatten()
        };
        Self {
            name: name.to_owned(),
            sign_ins: at("sign_ins"),
            fills: at("fills"),
            signatures: at("signatures"),
            consents: at("consents"),
        }
    }

    fn all(rows: &[RecognitionRow]) -> Vec<Self> {
        rows.iter()
            .map(|row| Self::of(&row.name, &row.counts))
            .collect()
    }
}

async fn data(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Json<IdentityView>> {
    let table = table(&portal, &visit, &choice).await?;
    Ok(Json(IdentityView {
        from: table.period.from,
        to: table.period.to,
        days: IdentityLineView::all(&table.days),
        ages: IdentityLineView::all(&table.ages),
        levels: IdentityLineView::all(&table.levels),
        clients: IdentityLineView::all(&table.clients),
        totals: IdentityLineView::of("total", &table.totals),
    }))
}
