//! Timers: what will happen when, what stands still and why. Looked for by the reference number of a
//! case or by how a timer's key begins.

use axum::extract::State;
use journal::timer::{self, Search, State as Standing, Timer};
use kernel::Time;
use services::TimerCase;
use web::{Outcome, Page, Routes, Value, Visit, ctx};

use crate::{
    Desk,
    operator::{Journal, OPERATOR},
    overview::{bounded, cut, fetch, span},
};

/// Characters of a search.
const WORDS_CHARS: usize = 100;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new().get("/{lang}/desk/timers", OPERATOR, timers)
}

async fn timers(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let words: String = visit
        .query()
        .text("words")
        .chars()
        .take(WORDS_CHARS)
        .collect();
    let standing = Standing::from_code(visit.query().text("state"));
    let prefix = match desk.services.case_of_reference(&words).await? {
        Some(case) => format!("case/{case}/"),
        None => words.clone(),
    };
    let after = place(visit.query().text("after"));
    let search = Search {
        prefix,
        state: standing,
        after: after.clone(),
    };
    let (found, counts) = desk
        .store
        .read(move |db| {
            let search = search.clone();
            async move {
                let found = timer::search(&db, &search, fetch()).await?;
                Ok::<_, journal::Error>((found, timer::counts(&db).await?))
            }
        })
        .await
        .map_err(Journal::failure)?;
    let (found, is_more) = cut(found);
    let cases = desk
        .services
        .timer_cases(found.iter().map(|one| one.key.as_str()))
        .await?;
    let now = visit.site().env().now();
    let rows: Vec<Value> = found
        .iter()
        .map(|one| row(&visit, one, cases.get(&one.key), now))
        .collect();
    let state = standing.map_or("", Standing::code);
    let base = visit.to("/desk/timers");
    let next = found.last().filter(|_| is_more).map(|last| {
        let (due, key) = (last.due.micros(), &last.key);
        format!("{base}?after={due}.{key}&state={state}&words={words}")
    });
    let count = |number: i64| bounded(number, journal::limits::COUNTED);
    let context = ctx! {
        rows,
        words,
        state,
        states => [Standing::Running, Standing::Paused, Standing::Fired].map(|one| ctx! { value => one.code(), words => visit.t(&format!("desk.timers.state.{}", one.code())) }),
        counts => ctx! { running => count(counts.running), paused => count(counts.paused), overdue => count(counts.overdue) },
        is_late => counts.overdue > 0,
        first => if after.is_some() { base } else { String::new() },
        next => next.unwrap_or_default(),
    };
    Ok(visit.page("desk/timers.html", context))
}

/// `1795395600000000.case/7k3m…`, the place after a timer.
fn place(words: &str) -> Option<(Time, String)> {
    let (at, key) = words.split_once('.')?;
    Some((Time::from_micros(at.parse().ok()?), key.to_owned()))
}

fn row(visit: &Visit, one: &Timer, case: Option<&TimerCase>, now: Time) -> Value {
    let (state, kind) = match one.state {
        Standing::Running if one.due <= now => ("overdue", "late"),
        Standing::Running => ("running", "info"),
        Standing::Paused => ("paused", "wait"),
        Standing::Fired => ("fired", "good"),
    };
    let why = match (one.state, case) {
        (Standing::Paused, Some(case)) => {
            let words = case.state.get(visit.lang());
            visit.t_with("desk.timers.paused.case", &[("state", words)])
        }
        (Standing::Paused, None) => visit.t("desk.timers.paused.other"),
        _ => String::new(),
    };
    let left = match one.state {
        Standing::Fired => String::new(),
        _ => span(visit, one.remaining(now).as_secs()),
    };
    ctx! {
        key => one.key,
        kind_of_job => one.kind,
        state => visit.t(&format!("desk.timers.state.{state}")),
        kind,
        due => one.due,
        paused_at => one.paused_at,
        left,
        why,
        reference => case.map(|case| case.reference.to_string()),
        case_state => case.map(|case| case.state.clone()),
    }
}
