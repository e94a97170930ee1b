//! The owner's list of what people said: filtered, answered in public in both languages, or closed
//! with a reason. A report about a look at personal data is never public.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Id, Role, Text};
use services::{Error, Feedback, FeedbackKind, FeedbackQuery, FeedbackState, Reference};
use web::{Access, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Desk;

/// Characters of what was said that the list shows.
const START_CHARS: usize = 160;
const OWNER: Access = Access::Roles(&[Role::Owner, Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/feedback", OWNER, list)
        .get("/{lang}/desk/feedback/{id}", OWNER, show)
        .post("/{lang}/desk/feedback/{id}", OWNER, settle)
}

fn kind_key(kind: FeedbackKind) -> &'static str {
    match kind {
        FeedbackKind::Feedback => "desk.feedback.kind.feedback",
        FeedbackKind::Issue => "desk.feedback.kind.issue",
        FeedbackKind::Access => "desk.feedback.kind.access",
    }
}

const fn state_key(state: FeedbackState) -> (&'static str, &'static str) {
    match state {
        FeedbackState::Open => ("desk.feedback.state.open", "wait"),
        FeedbackState::Answered => ("desk.feedback.state.answered", "good"),
        FeedbackState::Closed => ("desk.feedback.state.closed", "neutral"),
    }
}

/// A reference number with its hyphen, as people read it out.
fn written(reference: &str) -> String {
    let parsed = reference.parse::<Reference>();
    parsed.map_or_else(|_| reference.to_owned(), |one| one.to_string())
}

/// The beginning of what was said, for the list.
fn start(row: &Feedback) -> Option<String> {
    let words = row.words.as_deref()?;
    let start: String = words.chars().take(START_CHARS).collect();
    let is_cut = start.len() < words.len();
    Some(if is_cut { format!("{start}…") } else { start })
}

fn view(desk: &Desk, visit: &Visit, row: &Feedback) -> Value {
    let catalogue = desk.services.catalogue();
    let (state, state_kind) = state_key(row.state);
    ctx! {
        href => visit.to(&format!("/desk/feedback/{}", row.id)),
        at => row.at,
        kind => visit.t(kind_key(row.kind)),
        kind_tag => if row.kind == FeedbackKind::Feedback { "neutral" } else { "info" },
        state => visit.t(state),
        state_kind,
        service => catalogue.entry(&row.service).map(|entry| entry.name.clone()),
        department => catalogue.department_name(&row.department),
        version => row.pack_version,
        page => row.page,
        lang => row.lang,
        lang_tag => row.lang.tag(),
        rating => row.rating,
        words => row.words,
        start => start(row),
        reference => row.reference.as_deref().map(written),
        said => row.said,
        answer => row.answer,
        closed_reason => row.closed_reason,
        settled_at => row.settled_at,
    }
}

fn query(visit: &Visit) -> FeedbackQuery {
    let word = |name: &str| visit.query().text(name).to_owned();
    FeedbackQuery {
        service: word("service"),
        state: match visit.query().get("state") {
            // Without a choice the list shows what waits.
            None => Some(FeedbackState::Open),
            Some(code) => FeedbackState::from_code(code),
        },
        kind: FeedbackKind::from_code(&word("kind")),
        rating: word("rating").parse().ok(),
        after: visit
            .query()
            .get("after")
            .map(|word| Cursor(word.to_owned())),
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let wanted = query(&visit);
    let page = desk.services.feedback_for(&clerk, &wanted).await?;
    let catalogue = desk.services.catalogue();
    let is_operator = clerk.role == Role::Operator;
    let services: Vec<Value> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .filter(|entry| is_operator || entry.department.eq_ignore_ascii_case(&clerk.department))
        .map(|entry| ctx! { value => entry.id, words => entry.name.get(visit.lang()) })
        .collect();
    let kept: String = ["service", "state", "kind", "rating"]
        .iter()
        .filter_map(|name| {
            let value = web::encode(visit.query().get(name)?);
            Some(format!("&{name}={value}"))
        })
        .collect();
    let first = format!("{}?{}", visit.path(), kept.trim_start_matches('&'));
    let option = |value: &str, key: &str| ctx! { value, words => visit.t(key) };
    let context = ctx! {
        rows => page.items.iter().map(|row| view(&desk, &visit, row)).collect::<Vec<_>>(),
        services,
        service => wanted.service,
        states => [
            option("open", "desk.feedback.state.open"),
            option("answered", "desk.feedback.state.answered"),
            option("closed", "desk.feedback.state.closed"),
        ],
        state => wanted.state.map(FeedbackState::code).unwrap_or_default(),
        kinds => [FeedbackKind::Issue, FeedbackKind::Feedback, FeedbackKind::Access]
            .map(|kind| option(kind.code(), kind_key(kind))),
        kind => wanted.kind.map(FeedbackKind::code).unwrap_or_default(),
        ratings => [1, 2, 3, 4, 5].map(|stars| ctx! { value => stars.to_string(), words => format!("{stars} / 5") }),
        rating => wanted.rating.map(|stars| stars.to_string()).unwrap_or_default(),
        first => wanted.after.as_ref().map(|_| first).unwrap_or_default(),
        next => page.next.map(|next| format!("{}?after={}{kept}", visit.path(), next.0)).unwrap_or_default(),
    };
    Ok(visit.page("desk/feedback.html", context))
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Feedback>>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let row = desk.services.find_feedback(&clerk, id).await?;
    Ok(page(&desk, &visit, &row, (&Form::default(), Vec::new())))
}

fn page(desk: &Desk, visit: &Visit, row: &Feedback, (typed, errors): (&Form, Vec<Value>)) -> Page {
    let has_errors = !errors.is_empty();
    let text = |name: &str| typed.text(name).to_owned();
    let context = ctx! {
        row => view(desk, visit, row),
        is_open => row.state == FeedbackState::Open,
        is_public => row.kind != FeedbackKind::Access,
        action => visit.to(&format!("/desk/feedback/{}", row.id)),
        previous => visit.to("/desk/feedback"),
        typed => ctx! {
            said_en => text("said_en"),
            said_tc => text("said_tc"),
            answer_en => text("answer_en"),
            answer_tc => text("answer_tc"),
            reason => text("reason"),
        },
        wrong => errors.first().cloned().unwrap_or_else(|| ctx! { field => "", words => "" }),
        errors,
    };
    let page = visit.page("desk/feedback_one.html", context);
    if has_errors { page.with_errors() } else { page }
}

async fn settle(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Feedback>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let is_answer = form.text("do") == "answer";
    let settled = if is_answer {
        let pair = |name: &str| {
            Text::new(
                form.text(&format!("{name}_en")),
                form.text(&format!("{name}_tc")),
            )
        };
        let words = (pair("said"), pair("answer"));
        desk.services.answer_feedback(&clerk, id, words).await
    } else {
        let reason = form.text("reason");
        desk.services.close_feedback(&clerk, id, reason).await
    };
    match settled {
        Ok(()) => {
            visit.flash(if is_answer {
                "desk.feedback.answered"
            } else {
                "desk.feedback.closed"
            });
            Ok(visit.redirect(&visit.to("/desk/feedback")))
        }
        Err(Error::ReasonNeeded) => {
            let row = desk.services.find_feedback(&clerk, id).await?;
            let missing = if is_answer {
                ["said_en", "said_tc", "answer_en", "answer_tc"]
                    .into_iter()
                    .find(|name| form.text(name).trim().is_empty())
                    .unwrap_or("said_en")
            } else {
                "reason"
            };
            let key = if is_answer {
                "desk.feedback.words_needed"
            } else {
                "desk.feedback.reason_needed"
            };
            let error = ctx! { field => missing, words => visit.t(key) };
            Ok(page(&desk, &visit, &row, (&form, vec![error])).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
