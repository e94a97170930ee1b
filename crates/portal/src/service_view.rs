//! What a person wants to know about a service before starting, read from its pack.

use kernel::{Text, Time};
use packs::{Amount, Audience, FeeLine, FieldKind, Pack, RowResult, Table};
use serde::Serialize;
use services::{Catalogue, Entry};

/// A service that can be used here, as its page shows it.
#[derive(Serialize)]
pub(crate) struct ServiceView {
    summary: Text,
    who: Text,
    level: &'static str,
    is_signed: bool,
    documents: Vec<DocumentView>,
    fees: Vec<FeeView>,
    fee_elsewhere: Option<Text>,
    days: Option<u32>,
    no_promise: Option<Text>,
    is_working_days: bool,
    is_automatic: bool,
    next: Option<Text>,
    issues: Option<Text>,
    appeal: Option<Text>,
    appeal_days: Option<u32>,
    has_no_appeal: bool,
    legal: Vec<String>,
    sources: Vec<SourceView>,
    version: u32,
    is_open: bool,
    pub(crate) for_companies: bool,
    for_people: bool,
}

#[derive(Serialize)]
struct DocumentView {
    label: Text,
    is_conditional: bool,
}

/// A fee line with the range of amounts it can take; `low` is `None` when a formula decides.
#[derive(Serialize)]
struct FeeView {
    label: Text,
    low: Option<i64>,
    high: Option<i64>,
}

#[derive(Serialize)]
struct SourceView {
    url: String,
    host: String,
    date: Option<Text>,
    note: Option<String>,
}

/// The view of `entry`'s newest version, or `None` for an information entry.
pub(crate) fn of(catalogue: &Catalogue, entry: &Entry, now: Time) -> Option<ServiceView> {
    let current = catalogue.current(&entry.id, now);
    let newest = current.or_else(|| catalogue.versions(&entry.id).into_iter().next())?;
    let pack = &newest.pack;
    Some(ServiceView {
        summary: pack.summary.clone(),
        who: pack.who_can_apply.clone(),
        level: pack.identity.level.code(),
        is_signed: pack.identity.sign,
        documents: documents(pack),
        fees: fees(pack),
        fee_elsewhere: pack.fee_elsewhere.clone(),
        days: pack.promise.map(|promise| promise.days),
        no_promise: pack.no_promise.clone(),
        is_working_days: pack.promise.is_some_and(|promise| promise.working),
        is_automatic: pack
            .case
            .start_state()
            .is_some_and(|state| state.auto.is_some()),
        next: pack.what_happens_next.clone(),
        issues: pack.issue.as_ref().map(|issue| issue.title.clone()),
        appeal: pack.appeal.as_ref().map(|appeal| appeal.body.clone()),
        appeal_days: pack.appeal.as_ref().and_then(|appeal| appeal.within_days),
        has_no_appeal: pack.has_no_appeal,
        legal: pack.legal.clone(),
        sources: sources(pack),
        version: pack.version,
        is_open: current.is_some(),
        for_companies: pack.audience.contains(&Audience::Company),
        for_people: pack.audience.iter().any(|one| *one != Audience::Company),
    })
}

fn documents(pack: &Pack) -> Vec<DocumentView> {
    pack.pages
        .iter()
        .flat_map(|page| page.fields.iter().map(move |field| (page, field)))
        .filter(|(_, field)| matches!(field.kind, FieldKind::File { .. }))
        .map(|(page, field)| DocumentView {
            label: field.label.clone(),
            is_conditional: !field.required || field.when.is_some() || page.when.is_some(),
        })
        .collect()
}

fn fees(pack: &Pack) -> Vec<FeeView> {
    pack.fee.iter().flat_map(lines).collect()
}

/// A labelled row of a table is a line of its own; the others are told as a range.
fn lines(line: &FeeLine) -> Vec<FeeView> {
    let whole = |range: Option<(i64, i64)>| FeeView {
        label: line.label.clone(),
        low: range.map(|(low, _)| low),
        high: range.map(|(_, high)| high),
    };
    match &line.amount {
        Amount::Cents(expr) => vec![whole(expr.as_number().map(|cents| (cents, cents)))],
        Amount::Table(table) if table.rows.iter().all(|row| row.label.is_none()) => {
            vec![whole(range(table))]
        }
        Amount::Table(table) => table
            .rows
            .iter()
            .filter_map(|row| match &row.result {
                RowResult::Value(expr) => {
                    let cents = expr.as_number();
                    let label = row.label.clone().unwrap_or_else(|| line.label.clone());
                    Some(FeeView {
                        label,
                        low: cents,
                        high: cents,
                    })
                }
                RowResult::Refuse(_) => None,
            })
            .filter(|view| view.low != Some(0))
            .collect(),
    }
}

fn sources(pack: &Pack) -> Vec<SourceView> {
    pack.sources
        .iter()
        .map(|source| SourceView {
            url: source.url.clone(),
            host: host(&source.url),
            date: source.date.map(packs::SourceDate::words),
            note: source.note.clone(),
        })
        .collect()
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest).to_owned()
}

/// The least and the most a table asks for; `None` when a row is a formula.
fn range(table: &Table) -> Option<(i64, i64)> {
    let mut range: Option<(i64, i64)> = None;
    for row in &table.rows {
        if let RowResult::Value(expr) = &row.result {
            let cents = expr.as_number()?;
            range = Some(range.map_or((cents, cents), |(low, high)| {
                (low.min(cents), high.max(cents))
            }));
        }
    }
    range
}
