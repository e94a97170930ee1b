//! Handing out: what became of each case, and a way back for those that moved.

use axum::{extract::State, response::Response};
use identity::Officer;
use kernel::{Id, Role};
use serde::{Deserialize, Serialize};
use services::{Case, Handed, TakeBack};
use web::{Access, Failure, Form, Outcome, Page, Routes, Value, Visit, ctx};

use crate::Desk;

const SUPERVISOR: Access = Access::Roles(&[Role::Supervisor]);
/// The name under which the browser remembers what was handed out last.
const REMEMBERED: &str = "desk.handed";

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .post("/{lang}/desk/hand-out", Access::OFFICER, hand_out)
        .get("/{lang}/desk/handed-out", SUPERVISOR, report)
        .post("/{lang}/desk/handed-out", SUPERVISOR, take_back)
}

/// What was handed out last by this browser.
#[derive(Serialize, Deserialize)]
struct Report {
    to: String,
    is_taken_back: bool,
    lines: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    case: Id<Case>,
    reference: Option<String>,
    before: Option<Id<Officer>>,
    revision: i64,
    /// Why it did not move, in the supervisor's language; empty when it did.
    refused: String,
}

fn line(visit: &Visit, one: Handed) -> Line {
    let refused = match one.outcome {
        Ok(()) => String::new(),
        Err(error) => Failure::of(&error).title().get(visit.lang()).to_owned(),
    };
    Line {
        case: one.case,
        reference: one.reference.map(|reference| reference.to_string()),
        before: one.before,
        revision: one.revision,
        refused,
    }
}

/// A supervisor gives the ticked cases to one officer.
async fn hand_out(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let cases: Result<Vec<Id<Case>>, _> = form.all("case").map(str::parse).collect();
    let cases = cases.map_err(|_| Failure::not_found())?;
    if cases.is_empty() || form.text("officer").is_empty() {
        visit.flash_with("warning", "desk.hand_out.nothing", &[]);
        return Ok(visit.redirect(&visit.to("/desk")));
    }
    let to: Id<Officer> = form
        .text("officer")
        .parse()
        .map_err(|_| Failure::not_found())?;
    let officer = identity::find_officer(&desk.store, to).await?;
    let handed = desk.services.hand_out(&clerk, cases, to).await?;
    let report = Report {
        to: officer.map(|officer| officer.name.en).unwrap_or_default(),
        is_taken_back: false,
        lines: handed.into_iter().map(|one| line(&visit, one)).collect(),
    };
    visit.remember(REMEMBERED, &report).await?;
    Ok(visit.redirect(&visit.to("/desk/handed-out")))
}

async fn report(visit: Visit) -> Page {
    let report: Option<Report> = visit.recall(REMEMBERED);
    let lines = report.as_ref().map_or(&[][..], |report| &report.lines);
    let moved = lines.iter().filter(|one| one.refused.is_empty()).count();
    let rows: Vec<Value> = lines
        .iter()
        .map(|one| {
            ctx! {
                reference => one.reference,
                href => visit.to(&format!("/desk/cases/{}", one.case)),
                refused => one.refused,
            }
        })
        .collect();
    let is_taken_back = report.as_ref().is_some_and(|report| report.is_taken_back);
    let context = ctx! {
        rows,
        moved,
        left => lines.len() - moved,
        to => report.map(|report| report.to).unwrap_or_default(),
        is_taken_back,
        may_take_back => moved > 0 && !is_taken_back,
        action => visit.to("/desk/handed-out"),
        back => visit.to("/desk"),
    };
    visit.page("desk/handed_out.html", context)
}

/// Gives back what was just handed out, where nothing happened to it since.
async fn take_back(State(desk): State<Desk>, visit: Visit) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let report: Option<Report> = visit.recall(REMEMBERED);
    let Some(report) = report.filter(|report| !report.is_taken_back) else {
        return Ok(visit.redirect(&visit.to("/desk/handed-out")));
    };
    let cases = report
        .lines
        .iter()
        .filter(|one| one.refused.is_empty())
        .map(|one| TakeBack {
            case: one.case,
            before: one.before,
            revision: one.revision,
        })
        .collect();
    let handed = desk.services.take_back(&clerk, cases).await?;
    let report = Report {
        to: report.to,
        is_taken_back: true,
        lines: handed.into_iter().map(|one| line(&visit, one)).collect(),
    };
    visit.remember(REMEMBERED, &report).await?;
    Ok(visit.redirect(&visit.to("/desk/handed-out")))
}
