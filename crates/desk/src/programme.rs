//! The owner's side of the programme: every service of the department with its stage, its dates and its
//! exact figures, slipping ones first, and the form that says by which day a service will go on.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use insight::{Period, ServiceFigures};
use kernel::{Date, Role, limits::PAGE_ITEMS};
use services::{
    Error,
    programme::{self, Line, Milestone, NewTarget, PLEDGE_KEPT_PERCENT, Progress, Stage},
};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Desk;

const OWNER: Access = Access::Roles(&[Role::Owner]);
/// Days of the figures, today included.
const DAYS: i64 = 365;

pub(crate) fn routes() -> Routes<Desk> {
    let one = "/{lang}/desk/programme/{service}";
    Routes::new()
        .get("/{lang}/desk/programme", OWNER, list)
        .get(one, OWNER, show)
        .post(one, OWNER, set)
}

async fn exact(desk: &Desk, visit: &Visit) -> Outcome<BTreeMap<String, ServiceFigures>> {
    let period = Period::days_to(visit.site().env().today(), DAYS);
    let figures = insight::service_figures(&desk.store, period.from, period.to).await?;
    Ok(figures
        .into_iter()
        .map(|one| (one.service.clone(), one))
        .collect())
}

/// Whether a service keeps its promise of time less often than it should.
fn is_slow(figures: Option<&ServiceFigures>) -> bool {
    figures.is_some_and(|one| one.timely * 100 < one.decided * PLEDGE_KEPT_PERCENT)
}

fn stage_words(visit: &Visit, stage: Stage) -> String {
    visit.t(&format!("desk.programme.stage.{}", stage.code()))
}

fn milestone(visit: &Visit, one: &Milestone) -> Value {
    let days = one.progress.days().to_string();
    let key = format!("desk.programme.progress.{}", one.progress.code());
    ctx! {
        stage => stage_words(visit, one.target.stage),
        due => one.target.due,
        first_due => one.target.first_due,
        is_moved => one.target.due != one.target.first_due,
        words => visit.t_with(&key, &[("days", &days)]),
        kind => match one.progress {
            Progress::Overdue(_) => "late",
            Progress::Postponed(_) => "wait",
            Progress::OnTime => "info",
            Progress::Reached => "good",
            Progress::ReachedLate(_) => "neutral",
        },
    }
}

fn percent(share: Option<f64>) -> Option<String> {
    share.map(|share| format!("{:.0}%", share * 100.0))
}

fn row(desk: &Desk, visit: &Visit, line: &Line, figures: Option<&ServiceFigures>) -> Value {
    let catalogue = desk.services.catalogue();
    let rating = figures.and_then(|one| one.satisfaction().0);
    ctx! {
        name => catalogue.entry(&line.service).map(|entry| entry.name.clone()),
        href => visit.to(&format!("/desk/programme/{}", line.service)),
        number => line.standing.stage.number(),
        stage => stage_words(visit, line.standing.stage),
        lead => line.lead().map(|one| milestone(visit, one)),
        is_slow => is_slow(figures),
        submitted => figures.map(|one| one.submitted),
        completion => percent(figures.and_then(ServiceFigures::completion)),
        days => figures.and_then(ServiceFigures::median_days),
        pledge => line.pledge.map(|promise| promise.days),
        timely => percent(line.pledge.and(figures).and_then(ServiceFigures::timely_share)),
        rating => rating.map(|mean| format!("{mean:.1}")),
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let catalogue = desk.services.catalogue();
    let figures = exact(&desk, &visit).await?;
    let targets = desk.services.targets().await?;
    let now = visit.site().env().now();
    let lines = programme::board(&catalogue, &targets, now, |id| is_slow(figures.get(id)));
    let own: Vec<&Line> = lines
        .iter()
        .filter(|line| line.department.eq_ignore_ascii_case(&clerk.department))
        .collect();
    let after = visit.query().text("after");
    let start = own
        .iter()
        .position(|line| line.service == after)
        .map_or(0, |place| place + 1);
    let shown: Vec<&Line> = own.iter().skip(start).take(PAGE_ITEMS).copied().collect();
    let base = visit.to("/desk/programme");
    let next = shown
        .last()
        .filter(|_| start + shown.len() < own.len())
        .map(|last| format!("{base}?after={}", last.service));
    let slipping = own
        .iter()
        .filter(|line| line.is_slipping() || is_slow(figures.get(&line.service)));
    let context = ctx! {
        department => catalogue.department_name(&clerk.department.to_uppercase()),
        slipping => slipping.count(),
        rows => shown.iter().map(|line| row(&desk, &visit, line, figures.get(&line.service))).collect::<Vec<_>>(),
        next => next.unwrap_or_default(),
        first => if start > 0 { base } else { String::new() },
        public => visit.to(&format!("/programme?department={}", clerk.department.to_uppercase())),
        days => DAYS,
    };
    Ok(visit.page("desk/programme.html", context))
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let form = Form::from_fields(Vec::new());
    page(&desk, &visit, &service, (&form, Vec::new())).await
}

/// The dates of one service with the form, what was typed and what is wrong with it.
async fn page(
    desk: &Desk,
    visit: &Visit,
    service: &str,
    (form, errors): (&Form, Vec<(&str, String)>),
) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let catalogue = desk.services.catalogue();
    let now = visit.site().env().now();
    let targets = desk.services.targets().await?;
    let line = programme::line(&catalogue, service, &targets, now)
        .filter(|line| line.department.eq_ignore_ascii_case(&clerk.department))
        .ok_or_else(Failure::not_found)?;
    let figures = exact(desk, visit).await?;
    let moves = desk.services.target_moves(service).await?;
    let error = |field: &str| {
        let found = errors.iter().find(|(name, _)| *name == field);
        found.map(|(_, words)| words.clone()).unwrap_or_default()
    };
    let ahead: Vec<Value> = Stage::ALL
        .into_iter()
        .filter(|stage| *stage > line.standing.stage)
        .map(|stage| ctx! { value => stage.code(), words => stage_words(visit, stage) })
        .collect();
    let said: Vec<Value> = moves
        .iter()
        .map(|one| {
            let (stage, day) = (stage_words(visit, one.stage), one.due.long(visit.lang()));
            let values = [("stage", stage.as_str()), ("day", day.as_str())];
            ctx! {
                at => one.set_at,
                who => one.set_by_name,
                words => visit.t_with("desk.programme.said", &values),
                detail => one.reason.get(visit.lang()),
            }
        })
        .collect();
    let context = ctx! {
        row => row(desk, visit, &line, figures.get(service)),
        milestones => line.milestones.iter().map(|one| milestone(visit, one)).collect::<Vec<_>>(),
        stages => ahead,
        typed => ctx! {
            stage => form.text("stage"),
            day => form.text("due-day"),
            month => form.text("due-month"),
            year => form.text("due-year"),
            en => form.text("reason_en"),
            tc => form.text("reason_tc"),
        },
        wrong => ctx! { stage => error("stage"), due => error("due"), en => error("reason_en"), tc => error("reason_tc") },
        errors => errors.iter().map(|(field, words)| ctx! { field, words }).collect::<Vec<_>>(),
        moves => said,
        action => visit.to(&format!("/desk/programme/{service}")),
        public => visit.to(&format!("/programme/{service}")),
        back => visit.to("/desk/programme"),
    };
    Ok(visit.page("desk/programme_service.html", context))
}

/// What the form says, or the fields that are wrong with the key of what to say about each.
fn read(service: &str, form: &Form) -> Result<NewTarget, Vec<(&'static str, &'static str)>> {
    let part = |part: &str| form.text(&format!("due-{part}")).to_owned();
    let due = match (
        part("year").parse(),
        part("month").parse(),
        part("day").parse(),
    ) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    let stage = Stage::from_code(form.text("stage"));
    let mut wrong = Vec::new();
    if stage.is_none() {
        wrong.push(("stage", "desk.programme.stage_needed"));
    }
    if due.is_none() {
        wrong.push(("due", "desk.programme.day_needed"));
    }
    for field in ["reason_en", "reason_tc"] {
        if form.text(field).trim().is_empty() {
            wrong.push((field, "desk.programme.reason_needed"));
        }
    }
    match (stage, due) {
        (Some(stage), Some(due)) if wrong.is_empty() => Ok(NewTarget {
            service: service.to_owned(),
            stage,
            due,
            reason: [form.text("reason_en"), form.text("reason_tc")].map(str::to_owned),
        }),
        _ => Err(wrong),
    }
}

async fn set(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let new = match read(&service, &form) {
        Ok(new) => new,
        Err(wrong) => {
            let errors = wrong
                .into_iter()
                .map(|(field, key)| (field, visit.t(key)))
                .collect();
            let shown = page(&desk, &visit, &service, (&form, errors)).await?;
            return Ok(shown.with_errors().into_response());
        }
    };
    let error = match desk.services.set_target(&clerk, new).await {
        Ok(()) => {
            visit.flash("desk.programme.done");
            return Ok(visit.redirect(&visit.to(&format!("/desk/programme/{service}"))));
        }
        Err(error) => error,
    };
    let field = match &error {
        Error::TargetDate | Error::TargetSame => "due",
        Error::StageReached | Error::TargetMoves => "stage",
        Error::ReasonNeeded => "reason_en",
        // Of another department's service there is no page here.
        Error::NotOwner => return Err(Failure::not_found()),
        _ => return Err(error.into()),
    };
    let words = Failure::of(&error).title().get(visit.lang()).to_owned();
    let shown = page(&desk, &visit, &service, (&form, vec![(field, words)])).await?;
    Ok(shown.with_errors().into_response())
}
