//! Work that failed for good: by kind, page by page; tried again or dropped one by one or many at once,
//! with one reason on record for each.

use axum::{extract::State, response::Response};
use journal::{Letter, LetterPlace, Task};
use kernel::{Id, Time};
use web::{Form, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::{
    Desk,
    operator::{Journal, OPERATOR},
    overview::{cut, fetch},
};

/// Letters one press settles.
const MANY: usize = 25;
/// Characters of a reason.
const REASON_CHARS: usize = 500;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/jobs", OPERATOR, jobs)
        .post("/{lang}/desk/jobs", OPERATOR, settle_many)
        .post("/{lang}/desk/jobs/{id}", OPERATOR, settle)
}

async fn jobs(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    page(&desk, &visit, ("", &[], "")).await
}

/// The list, with what was typed and picked when the press was refused.
async fn page(
    desk: &Desk,
    visit: &Visit,
    (reason, picked, error): (&str, &[String], &str),
) -> Outcome<Page> {
    let kind = visit.query().text("kind").to_owned();
    let after = place(visit.query().text("after"));
    let (letters, kinds, depth) = desk
        .store
        .read({
            let kind = kind.clone();
            move |db| {
                let kind = kind.clone();
                async move {
                    Ok::<_, journal::Error>((
                        journal::letters_page(&db, &kind, after, fetch()).await?,
                        journal::letter_kinds(&db).await?,
                        journal::depth(&db).await?,
                    ))
                }
            }
        })
        .await
        .map_err(Journal::failure)?;
    let (letters, is_more) = cut(letters);
    let next = letters.last().filter(|_| is_more).map(|last| {
        let died = last.died_at.unwrap_or(last.created_at).micros();
        let path = visit.to("/desk/jobs");
        format!("{path}?after={died}.{}&kind={kind}", last.id)
    });
    let rows: Vec<Value> = letters.iter().map(|one| row(visit, one, picked)).collect();
    let kinds: Vec<Value> = kinds
        .iter()
        .map(|one| ctx! { value => one.kind, words => format!("{} ({})", one.kind, one.letters) })
        .collect();
    let context = ctx! {
        rows,
        kinds,
        kind,
        depth => ctx! { ready => depth.ready, running => depth.running, dead => depth.dead },
        reason,
        error,
        action => visit.to("/desk/jobs"),
        first => if after.is_some() { visit.to("/desk/jobs") } else { String::new() },
        next => next.unwrap_or_default(),
    };
    Ok(visit.page("desk/jobs.html", context))
}

fn row(visit: &Visit, one: &Letter, picked: &[String]) -> Value {
    let id = one.id.to_string();
    ctx! {
        is_picked => picked.contains(&id),
        id,
        kind => one.kind,
        key => one.key,
        payload => one.payload.to_string(),
        error => one.last_error.clone().unwrap_or_default(),
        attempts => one.attempts,
        at => one.died_at.unwrap_or(one.created_at),
        action => visit.to(&format!("/desk/jobs/{}", one.id)),
    }
}

/// `1795395600000000.7k3m…`, the place after a letter.
fn place(words: &str) -> Option<LetterPlace> {
    let (at, id) = words.split_once('.')?;
    Some((Time::from_micros(at.parse().ok()?), id.parse().ok()?))
}

/// What to do with a letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Retry,
    Drop,
}

impl Verdict {
    fn of(form: &Form) -> Self {
        if form.text("do") == "retry" {
            Self::Retry
        } else {
            Self::Drop
        }
    }
}

/// Settles one letter in a write of its own: what holds up one does not hold up the others.
async fn settle_one(
    desk: &Desk,
    visit: &Visit,
    id: Id<Task>,
    (verdict, reason): (Verdict, &str),
) -> Result<(), journal::Error> {
    let reason = reason.to_owned();
    desk.store
        .write(&visit.actor(), move |tx| {
            let reason = reason.clone();
            async move {
                match verdict {
                    Verdict::Retry => journal::retry_letter(&tx, id, reason).await,
                    Verdict::Drop => journal::drop_letter(&tx, id, reason).await,
                }
            }
        })
        .await
}

/// What is wrong with what was asked, before anything is touched.
fn refused(visit: &Visit, reason: &str, picked: usize) -> Option<String> {
    let key = if picked == 0 {
        "desk.jobs.nothing_picked"
    } else if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        "desk.jobs.reason_needed"
    } else {
        return None;
    };
    Some(visit.t(key))
}

async fn settle_many(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let reason = form.text("reason");
    let picked: Vec<String> = form.all("job").take(MANY).map(str::to_owned).collect();
    if let Some(error) = refused(&visit, reason, picked.len()) {
        let shown = page(&desk, &visit, (reason, &picked, &error)).await?;
        return Ok(web::IntoResponse::into_response(shown.with_errors()));
    }
    let verdict = Verdict::of(&form);
    let (mut done, mut left) = (0_usize, 0_usize);
    for id in picked.iter().filter_map(|id| id.parse().ok()) {
        match settle_one(&desk, &visit, id, (verdict, reason)).await {
            Ok(()) => done += 1,
            // Somebody was faster, or the same work is under way already: nothing is lost.
            Err(journal::Error::Gone(_) | journal::Error::Store(store::Error::Unique { .. })) => {
                left += 1;
            }
            Err(error) => return Err(Journal::failure(error)),
        }
    }
    let key = match verdict {
        Verdict::Retry => "desk.jobs.retried_many",
        Verdict::Drop => "desk.jobs.dropped_many",
    };
    let values = [("done", done.to_string()), ("left", left.to_string())];
    let values = values
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let kind = if left == 0 { "success" } else { "info" };
    visit.flash_with(kind, key, &values);
    Ok(visit.redirect(&visit.to("/desk/jobs")))
}

async fn settle(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Task>>,
    form: Form,
) -> Outcome<Response> {
    let reason = form.text("reason");
    if let Some(error) = refused(&visit, reason, 1) {
        let picked = [id.to_string()];
        let shown = page(&desk, &visit, (reason, &picked, &error)).await?;
        return Ok(web::IntoResponse::into_response(shown.with_errors()));
    }
    let verdict = Verdict::of(&form);
    settle_one(&desk, &visit, id, (verdict, reason))
        .await
        .map_err(Journal::failure)?;
    visit.flash(match verdict {
        Verdict::Retry => "desk.jobs.retried",
        Verdict::Drop => "desk.jobs.dropped",
    });
    Ok(visit.redirect(&visit.to("/desk/jobs")))
}
