//! The programme board: how far every service has come, by which day it will go on, and how it does,
//! the slipping ones first. Stages are read from packs, figures from counted events; only dates are
//! written by anybody, and a date that was moved keeps the first one beside it.

use std::collections::BTreeMap;

use axum::extract::State;
use insight::{BoardFigures, Period};
use kernel::{Date, limits::PAGE_ITEMS};
use packs::Promise;
use serde::{Deserialize, Serialize};
use services::{
    Catalogue,
    programme::{self, Line, Mark, Milestone, Move, PLEDGE_KEPT_PERCENT, Progress, Stage},
};
use web::{
    Access, Failure, Json, Method, Outcome, Page, Path, Query, Response, Routes, ToSchema, Value,
    Visit, ctx, operation,
};

use crate::{
    Portal,
    statistics::{self, csv, figure},
};

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/programme", Access::Public, list)
        .get("/{lang}/programme.csv", Access::Public, list_csv)
        .json(
            &Method::GET,
            "/{lang}/programme.json",
            Access::Public,
            operation::<(), ProgrammeView>("The stage, dates and published figures of services"),
            list_json,
        )
        .get("/{lang}/programme/departments", Access::Public, departments)
        .get("/{lang}/programme/{service}", Access::Public, show)
}

/// What may be chosen; what cannot be read chooses nothing.
#[derive(Debug, Default, Deserialize)]
struct Choice {
    #[serde(default)]
    department: String,
    #[serde(default)]
    stage: String,
    /// `slipping`, or empty for all.
    #[serde(default)]
    show: String,
    /// The last service of the page before.
    #[serde(default)]
    after: String,
}

impl Choice {
    fn is_of_department(&self, line: &Line) -> bool {
        self.department.is_empty() || line.department.eq_ignore_ascii_case(&self.department)
    }

    fn has(&self, board: &Board, line: &Line) -> bool {
        let stage = Stage::from_code(&self.stage);
        self.is_of_department(line)
            && stage.is_none_or(|stage| stage == line.standing.stage)
            && (self.show != "slipping" || board.is_slipping(line))
    }

    /// The address of this choice with another stage.
    fn query(&self, stage: &str) -> String {
        let word = |text: &str| -> String {
            let is_plain = |one: &char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_');
            text.chars().filter(is_plain).collect()
        };
        format!(
            "department={}&stage={}&show={}",
            word(&self.department),
            word(stage),
            word(&self.show)
        )
    }
}

/// Every service with its published figures.
struct Board {
    period: Period,
    lines: Vec<Line>,
    figures: BTreeMap<String, BoardFigures>,
}

impl Board {
    async fn of(portal: &Portal, visit: &Visit) -> Outcome<Self> {
        let now = visit.site().env().now();
        let period = statistics::latest(now.date());
        let exact = insight::service_figures(&portal.store, period.from, period.to).await?;
        let figures: BTreeMap<String, BoardFigures> = insight::published_board(&exact)
            .into_iter()
            .map(|one| (one.service.clone(), one))
            .collect();
        let targets = portal.services.targets().await?;
        let catalogue = portal.services.catalogue();
        let lines = programme::board(&catalogue, &targets, now, |id| is_slow(figures.get(id)));
        Ok(Self {
            period,
            lines,
            figures,
        })
    }

    fn is_slipping(&self, line: &Line) -> bool {
        line.is_slipping() || is_slow(self.figures.get(&line.service))
    }
}

/// Whether a service keeps its promise of time less often than it should, as far as published figures
/// say so.
fn is_slow(figures: Option<&BoardFigures>) -> bool {
    figures
        .and_then(|one| one.timely)
        .is_some_and(|percent| percent < PLEDGE_KEPT_PERCENT)
}

fn stage_words(visit: &Visit, stage: Stage) -> String {
    visit.t(&format!("portal.programme.stage.{}", stage.code()))
}

/// How a date is kept, in words, with the kind of its tag.
fn progress_words(visit: &Visit, progress: Progress) -> (String, &'static str) {
    let days = progress.days().to_string();
    let key = format!("portal.programme.progress.{}", progress.code());
    let kind = match progress {
        Progress::Overdue(_) => "late",
        Progress::Postponed(_) => "wait",
        Progress::OnTime => "info",
        Progress::Reached => "good",
        Progress::ReachedLate(_) => "neutral",
    };
    (visit.t_with(&key, &[("days", &days)]), kind)
}

fn milestone(visit: &Visit, one: &Milestone) -> Value {
    let (words, kind) = progress_words(visit, one.progress);
    ctx! {
        stage => stage_words(visit, one.target.stage),
        number => one.target.stage.number(),
        due => one.target.due,
        first_due => one.target.first_due,
        is_moved => one.target.due != one.target.first_due,
        moves => one.target.moves,
        reason => one.target.reason,
        reached_on => one.reached_on,
        is_reached => one.progress.is_reached(),
        words,
        kind,
    }
}

/// Five steps: those that are done, and the one a date is set for.
fn track(line: &Line) -> Vec<&'static str> {
    let next = line
        .lead()
        .filter(|one| !one.progress.is_reached())
        .map(|one| one.target.stage);
    Stage::ALL
        .into_iter()
        .map(|stage| {
            if stage <= line.standing.stage {
                "done"
            } else if Some(stage) == next {
                "next"
            } else {
                "open"
            }
        })
        .collect()
}

fn percent(share: Option<i64>) -> Option<String> {
    share.map(|share| format!("{share}%"))
}

fn tenths(tenths: i64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn pledge_words(visit: &Visit, pledge: Option<Promise>) -> Option<String> {
    pledge.map(|promise| {
        let key = if promise.working {
            "portal.service.glance.working"
        } else {
            "portal.service.glance.calendar"
        };
        visit.t_with(key, &[("days", &promise.days.to_string())])
    })
}

fn figures_view(visit: &Visit, line: &Line, figures: Option<&BoardFigures>) -> Value {
    let of = |count: fn(&BoardFigures) -> Option<i64>| figures.and_then(count);
    ctx! {
        submitted => figure(of(|one| one.submitted)),
        decided => figure(of(|one| one.decided)),
        completion => percent(of(|one| one.completion)),
        // Where nothing is promised no promise is kept.
        timely => percent(of(|one| one.timely).filter(|_| line.pledge.is_some())),
        automatic => percent(of(|one| one.automatic)),
        days => of(|one| one.median_days),
        rating => of(|one| one.rating_tenths).map(tenths),
        ratings => figure(of(|one| one.ratings)),
        pledge => pledge_words(visit, line.pledge),
        // A row of dashes says nothing.
        is_told => figures.is_some_and(|one| {
            [one.submitted, one.completion, one.median_days, one.rating_tenths]
                .iter()
                .any(Option::is_some)
        }),
        is_slow => is_slow(figures),
    }
}

fn row(visit: &Visit, catalogue: &Catalogue, board: &Board, line: &Line) -> Value {
    let entry = catalogue.entry(&line.service);
    let figures = board.figures.get(&line.service);
    let is_shown = line.standing.stage >= Stage::Online || figures.is_some();
    ctx! {
        href => visit.to(&format!("/programme/{}", line.service)),
        name => entry.map(|entry| entry.name.clone()),
        department => catalogue.department_name(&line.department),
        stage => stage_words(visit, line.standing.stage),
        number => line.standing.stage.number(),
        is_online => line.standing.stage >= Stage::Online,
        has_ended => line.has_ended,
        is_slipping => board.is_slipping(line),
        track => track(line),
        lead => line.lead().map(|one| milestone(visit, one)),
        figures => is_shown.then(|| figures_view(visit, line, figures)),
    }
}

/// How many services stand at each stage, with the way to them.
fn stages(visit: &Visit, board: &Board, choice: &Choice) -> Vec<Value> {
    Stage::ALL
        .into_iter()
        .map(|stage| {
            let here = |line: &&Line| choice.is_of_department(line) && line.standing.stage == stage;
            ctx! {
                words => stage_words(visit, stage),
                count => board.lines.iter().filter(here).count(),
                href => visit.to(&format!("/programme?{}", choice.query(stage.code()))),
                is_chosen => choice.stage == stage.code(),
            }
        })
        .collect()
}

async fn list(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Page> {
    let board = Board::of(&portal, &visit).await?;
    let catalogue = portal.services.catalogue();
    let chosen: Vec<&Line> = board
        .lines
        .iter()
        .filter(|line| choice.has(&board, line))
        .collect();
    // A service that moved since the page before was shown is found where it stands now.
    let start = chosen
        .iter()
        .position(|line| line.service == choice.after)
        .map_or(0, |place| place + 1);
    let rows: Vec<&Line> = chosen
        .iter()
        .skip(start)
        .take(PAGE_ITEMS)
        .copied()
        .collect();
    let base = visit.to(&format!("/programme?{}", choice.query(&choice.stage)));
    let next = rows
        .last()
        .filter(|_| start + rows.len() < chosen.len())
        .map(|last| format!("{base}&after={}", last.service));
    let slipping = board
        .lines
        .iter()
        .filter(|line| choice.is_of_department(line) && board.is_slipping(line));
    let context = ctx! {
        slipping => slipping.count(),
        count => chosen.len(),
        rows => rows.iter().map(|line| row(&visit, &catalogue, &board, line)).collect::<Vec<_>>(),
        next => next.unwrap_or_default(),
        first => if start > 0 { base } else { String::new() },
        stages => stages(&visit, &board, &choice),
        departments => department_choices(&visit, &catalogue),
        stage_choices => Stage::ALL.map(|stage| ctx! { value => stage.code(), words => stage_words(&visit, stage) }),
        show_choices => [ctx! { value => "slipping", words => visit.t("portal.programme.slipping_only") }],
        department => choice.department,
        stage => choice.stage,
        show => choice.show,
        query => choice.query(&choice.stage),
        rules => rules(&visit),
        from => statistics::month_words(board.period.from, visit.lang()),
        to => statistics::month_words(board.period.to, visit.lang()),
    };
    Ok(visit.page("portal/programme.html", context))
}

/// Every stage with what it asks for.
fn rules(visit: &Visit) -> Vec<Value> {
    Stage::ALL
        .into_iter()
        .map(|stage| {
            ctx! {
                words => stage_words(visit, stage),
                text => visit.t(&format!("portal.programme.rule.{}", stage.code())),
            }
        })
        .collect()
}

/// Departments with a service in the catalogue, by name.
fn department_choices(visit: &Visit, catalogue: &Catalogue) -> Vec<Value> {
    let mut named: Vec<(&str, &str)> = catalogue
        .departments()
        .iter()
        .filter(|one| !catalogue.of_department(&one.code).is_empty())
        .map(|one| (one.name.get(visit.lang()), one.code.as_str()))
        .collect();
    named.sort_unstable();
    named
        .into_iter()
        .map(|(words, value)| ctx! { value, words })
        .collect()
}

async fn departments(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let board = Board::of(&portal, &visit).await?;
    let catalogue = portal.services.catalogue();
    let mut of: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in &board.lines {
        of.entry(&line.department).or_default().push(line);
    }
    let mut rows: Vec<(usize, String, Value)> = of
        .into_iter()
        .map(|(code, lines)| {
            let at = |stage: Stage| {
                let here = lines.iter().filter(|line| line.standing.stage == stage);
                here.count()
            };
            let slipping = lines.iter().filter(|line| board.is_slipping(line)).count();
            let name = catalogue.department_name(code).get(visit.lang()).to_owned();
            let value = ctx! {
                name => name,
                href => visit.to(&format!("/programme?department={code}")),
                counts => Stage::ALL.map(at),
                total => lines.len(),
                slipping,
            };
            (slipping, name, value)
        })
        .collect();
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let rows: Vec<Value> = rows.into_iter().map(|(_, _, value)| value).collect();
    let context = ctx! {
        rows,
        stages => Stage::ALL.map(|stage| stage_words(&visit, stage)),
    };
    Ok(visit.page("portal/programme_departments.html", context))
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let board = Board::of(&portal, &visit).await?;
    let catalogue = portal.services.catalogue();
    let line = board
        .lines
        .iter()
        .find(|line| line.service == service)
        .ok_or_else(Failure::not_found)?;
    let moves = portal.services.target_moves(&service).await?;
    let steps: Vec<Value> = Stage::ALL
        .into_iter()
        .map(|stage| step(&visit, &catalogue, line, stage))
        .collect();
    let context = ctx! {
        service => row(&visit, &catalogue, &board, line),
        page => visit.to(&format!("/services/{service}")),
        department_href => visit.to(&format!("/programme?department={}", line.department)),
        steps,
        milestones => line.milestones.iter().map(|one| milestone(&visit, one)).collect::<Vec<_>>(),
        moves => moves.iter().map(|one| moved(&visit, one)).collect::<Vec<_>>(),
        from => statistics::month_words(board.period.from, visit.lang()),
        to => statistics::month_words(board.period.to, visit.lang()),
    };
    Ok(visit.page("portal/programme_service.html", context))
}

/// One stage of a service: whether it is reached, since when, and what it asks for.
fn step(visit: &Visit, catalogue: &Catalogue, line: &Line, stage: Stage) -> Value {
    // Of a service that is not online nobody can say how its fee would be paid.
    let is_told = stage <= Stage::Online || line.standing.stage >= Stage::Online;
    let marks: Vec<Value> = Mark::ALL
        .into_iter()
        .filter(|mark| is_told && mark.stage() == stage)
        .map(|mark| {
            let is_met = !line.standing.missing.contains(&mark);
            let side = if is_met { "yes" } else { "no" };
            let key = format!("portal.programme.mark.{}.{side}", mark.code());
            ctx! { words => visit.t(&key), is_met }
        })
        .collect();
    let is_reached = line.standing.stage >= stage;
    ctx! {
        words => stage_words(visit, stage),
        marks,
        is_reached,
        since => (is_reached && stage >= Stage::Online)
            .then(|| programme::reached_on(catalogue, &line.service, stage))
            .flatten(),
    }
}

/// One date that was said, for the history; who said it is the department.
fn moved(visit: &Visit, one: &Move) -> Value {
    let stage = stage_words(visit, one.stage);
    let day = one.due.long(visit.lang());
    let values = [("stage", stage.as_str()), ("day", day.as_str())];
    ctx! {
        at => one.set_at,
        words => visit.t_with("portal.programme.said", &values),
        detail => one.reason.get(visit.lang()),
    }
}

/// The lines of a choice, whatever page of them is shown.
fn chosen<'b>(board: &'b Board, choice: &'b Choice) -> impl Iterator<Item = &'b Line> {
    board.lines.iter().filter(|line| choice.has(board, line))
}

async fn list_csv(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Response> {
    let board = Board::of(&portal, &visit).await?;
    let mut text = String::from(
        "service,department,stage,target_stage,target_date,first_target_date,progress,days_late,\
         applications,completion_percent,median_days,pledge_days,timely_percent,automatic_percent,\
         rating,ratings\r\n",
    );
    for line in chosen(&board, &choice) {
        let one = view(&board, line);
        let target = one.targets.first();
        let number = |count: Option<i64>| count.map_or_else(String::new, |one| one.to_string());
        // Ids, codes, dates and numbers: nothing here needs quotes or begins with a sign.
        let cells = [
            one.service,
            one.department,
            one.stage,
            target.map_or_else(String::new, |one| one.stage.clone()),
            target.map_or_else(String::new, |one| one.due.to_string()),
            target.map_or_else(String::new, |one| one.first_due.to_string()),
            target.map_or_else(String::new, |one| one.progress.clone()),
            number(target.map(|one| one.days_late)),
            number(one.applications),
            number(one.completion_percent),
            number(one.median_days),
            number(one.pledge_days),
            number(one.timely_percent),
            number(one.automatic_percent),
            one.rating
                .map_or_else(String::new, |one| format!("{one:.1}")),
            number(one.ratings),
        ];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let name = format!("programme-{}.csv", visit.site().env().today());
    Ok(csv(&name, text))
}

/// The programme as published: counts are multiples of 100, shares of 5 per cent; null is withheld.
#[derive(Serialize, ToSchema)]
struct ProgrammeView {
    /// The first and the last day of the figures.
    #[schema(value_type = String)]
    from: Date,
    #[schema(value_type = String)]
    to: Date,
    /// Slipping ones first.
    services: Vec<LineView>,
}

/// One service.
#[derive(Serialize, ToSchema)]
struct LineView {
    service: String,
    department: String,
    /// `announced`, `forms_ready`, `online`, `zero_redirection` or `automatic_decision`.
    stage: String,
    /// What the stages beyond ask for and the service has not got.
    missing: Vec<String>,
    /// The date to look at first stands first.
    targets: Vec<TargetView>,
    applications: Option<i64>,
    completion_percent: Option<i64>,
    median_days: Option<i64>,
    pledge_days: Option<i64>,
    timely_percent: Option<i64>,
    automatic_percent: Option<i64>,
    rating: Option<f64>,
    ratings: Option<i64>,
}

/// A date that a department said.
#[derive(Serialize, ToSchema)]
struct TargetView {
    stage: String,
    #[schema(value_type = String)]
    due: Date,
    #[schema(value_type = String)]
    first_due: Date,
    /// How often the date was moved.
    moves: i64,
    /// `overdue`, `postponed`, `on_time`, `reached` or `reached_late`.
    progress: String,
    /// Days after the first date.
    days_late: i64,
}

impl TargetView {
    fn of(one: &Milestone) -> Self {
        Self {
            stage: one.target.stage.code().to_owned(),
            due: one.target.due,
            first_due: one.target.first_due,
            moves: one.target.moves,
            progress: one.progress.code().to_owned(),
            days_late: one.progress.days(),
        }
    }
}

fn view(board: &Board, line: &Line) -> LineView {
    let figures = board.figures.get(&line.service);
    let of = |count: fn(&BoardFigures) -> Option<i64>| figures.and_then(count);
    let lead = line.lead().map(|one| one.target.stage);
    let mut milestones: Vec<&Milestone> = line.milestones.iter().collect();
    milestones.sort_by_key(|one| Some(one.target.stage) != lead);
    LineView {
        service: line.service.clone(),
        department: line.department.clone(),
        stage: line.standing.stage.code().to_owned(),
        missing: line
            .standing
            .missing
            .iter()
            .map(|mark| mark.code().to_owned())
            .collect(),
        targets: milestones.into_iter().map(TargetView::of).collect(),
        applications: of(|one| one.submitted),
        completion_percent: of(|one| one.completion),
        median_days: of(|one| one.median_days),
        pledge_days: line.pledge.map(|promise| i64::from(promise.days)),
        timely_percent: of(|one| one.timely).filter(|_| line.pledge.is_some()),
        automatic_percent: of(|one| one.automatic),
        rating: of(|one| one.rating_tenths)
            .and_then(|tenths| u32::try_from(tenths).ok())
            .map(|tenths| f64::from(tenths) / 10.0),
        ratings: of(|one| one.ratings),
    }
}

async fn list_json(
    State(portal): State<Portal>,
    visit: Visit,
    Query(choice): Query<Choice>,
) -> Outcome<Json<ProgrammeView>> {
    let board = Board::of(&portal, &visit).await?;
    Ok(Json(ProgrammeView {
        from: board.period.from,
        to: board.period.to,
        services: chosen(&board, &choice)
            .map(|line| view(&board, line))
            .collect(),
    }))
}
