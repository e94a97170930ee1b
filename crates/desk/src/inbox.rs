//! The officer's inbox: queues with deadline colours, filters and search.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use kernel::{Cursor, Page as Rows, Role, Text};
use services::{Clerk, Deadline, Holder, InboxQuery, InboxRow};
use web::{Access, Form, Outcome, Page, Routes, Value, Visit, ctx};

use crate::Desk;

/// Everybody who works at a desk.
const DESK: Access = Access::Roles(&[Role::Officer, Role::Supervisor, Role::Owner, Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk", DESK, first)
        .get("/{lang}/desk/register", Access::OFFICER, register)
        .get("/{lang}/desk/find", Access::OFFICER, ask_find)
        .post("/{lang}/desk/find", Access::OFFICER, find)
}

/// A line of a list of cases in words.
pub(crate) fn row(visit: &Visit, row: &InboxRow) -> Value {
    let (deadline, kind) = deadline(visit, row.deadline);
    ctx! {
        id => row.case,
        href => visit.to(&format!("/desk/cases/{}", row.case)),
        reference => row.reference,
        service => row.service_name,
        applicant => row.applicant,
        state => row.state_label,
        submitted => row.submitted,
        due => row.due,
        deadline,
        kind,
        assignee => row.assignee_name,
        flags => flags(visit, &row.flags),
    }
}

pub(crate) fn deadline(visit: &Visit, deadline: Deadline) -> (String, &'static str) {
    let (key, kind) = match deadline {
        Deadline::Overdue => ("desk.deadline.overdue", "late"),
        Deadline::Soon => ("desk.deadline.soon", "wait"),
        Deadline::OnTime => ("desk.deadline.on_time", "good"),
        Deadline::Stopped => ("desk.deadline.stopped", "neutral"),
        Deadline::None => ("desk.deadline.none", "neutral"),
    };
    (visit.t(key), kind)
}

pub(crate) fn flags(visit: &Visit, flags: &[&str]) -> Vec<String> {
    flags
        .iter()
        .map(|flag| visit.t(&format!("desk.flag.{flag}")))
        .collect()
}

fn query(visit: &Visit) -> InboxQuery {
    let word = |name: &str| {
        visit
            .query()
            .get(name)
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
    };
    let holder = match visit.query().text("holder") {
        "mine" => Holder::Mine,
        "nobody" => Holder::Nobody,
        _ => Holder::Any,
    };
    let deadline = match visit.query().text("deadline") {
        "overdue" => Some(Deadline::Overdue),
        "soon" => Some(Deadline::Soon),
        _ => None,
    };
    InboxQuery {
        role: word("role"),
        service: word("service"),
        state: word("state"),
        holder,
        deadline,
        after: word("after").map(Cursor),
    }
}

/// The desk's own address leads everybody to where their work is.
async fn first(State(desk): State<Desk>, visit: Visit) -> Outcome<Response> {
    let who = visit.require()?;
    if who.has_role(Role::Officer) || who.has_role(Role::Supervisor) {
        return Ok(inbox(&desk, &visit).await?.into_response());
    }
    let place = if who.has_role(Role::Operator) {
        "/desk/overview"
    } else {
        "/desk/packs"
    };
    Ok(visit.redirect(&visit.to(place)))
}

async fn inbox(desk: &Desk, visit: &Visit) -> Outcome<Page> {
    let clerk = desk.clerk(visit).await?;
    let wanted = query(visit);
    let is_first = wanted.after.is_none();
    let page = desk.services.inbox(&clerk, wanted.clone()).await?;
    let counts = desk.services.inbox_counts(&clerk).await?;
    let colleagues = colleagues(desk, &clerk).await?;
    let context = ctx! {
        title => visit.t("desk.inbox.title"),
        rows => page.items.iter().map(|one| row(visit, one)).collect::<Vec<_>>(),
        counts,
        bound => services::COUNT_BOUND,
        services => options(visit, desk.services.services_of(&clerk)),
        service => wanted.service.unwrap_or_default(),
        holder => visit.query().text("holder"),
        deadline => visit.query().text("deadline"),
        is_supervisor => clerk.is_supervisor(),
        colleagues,
        first => if is_first { String::new() } else { visit.to("/desk") },
        next => next(visit, &page),
        hand_out => visit.to("/desk/hand-out"),
        is_inbox => true,
    };
    Ok(visit.page("desk/inbox.html", context))
}

fn options(visit: &Visit, services: Vec<(String, Text)>) -> Vec<Value> {
    services
        .into_iter()
        .map(|(value, name)| ctx! { value, words => name.get(visit.lang()) })
        .collect()
}

fn next(visit: &Visit, page: &Rows<InboxRow>) -> String {
    let Some(cursor) = &page.next else {
        return String::new();
    };
    let kept: String = ["service", "holder", "deadline", "role", "state"]
        .iter()
        .filter_map(|name| Some(format!("&{name}={}", visit.query().get(name)?)))
        .collect();
    format!("{}?after={}{kept}", visit.path(), cursor.0)
}

/// Officers of the same department, for a supervisor to hand work to.
async fn colleagues(desk: &Desk, clerk: &Clerk) -> Outcome<Vec<Value>> {
    if !clerk.is_supervisor() {
        return Ok(Vec::new());
    }
    let officers = identity::officers_in(&desk.store, &clerk.department).await?;
    Ok(officers
        .iter()
        .filter(|one| one.is_active)
        .map(|one| ctx! { value => one.id, words => one.name.en })
        .collect())
}

async fn register(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let wanted = query(&visit);
    let is_first = wanted.after.is_none();
    let page = desk
        .services
        .register(&clerk, wanted.service.clone(), wanted.after)
        .await?;
    let counts = desk.services.inbox_counts(&clerk).await?;
    let context = ctx! {
        title => visit.t("desk.register.title"),
        rows => page.items.iter().map(|one| row(&visit, one)).collect::<Vec<_>>(),
        counts,
        bound => services::COUNT_BOUND,
        services => options(&visit, desk.services.services_of(&clerk)),
        service => wanted.service.unwrap_or_default(),
        holder => "",
        deadline => "",
        is_supervisor => false,
        colleagues => Vec::<Value>::new(),
        first => if is_first { String::new() } else { visit.to("/desk/register") },
        next => next(&visit, &page),
        hand_out => visit.to("/desk/hand-out"),
        is_inbox => false,
    };
    Ok(visit.page("desk/inbox.html", context))
}

async fn ask_find(visit: Visit) -> Page {
    visit.page("desk/found.html", ctx! { rows => Vec::<Value>::new(), is_asked => false, words => "", reason => "", action => visit.to("/desk/find") })
}

async fn find(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let (words, reason) = (form.text("words"), form.text("reason"));
    let found = desk.services.find_cases(&clerk, (words, reason)).await?;
    let context = ctx! {
        rows => found.iter().map(|one| row(&visit, one)).collect::<Vec<_>>(),
        is_asked => true,
        words,
        reason,
        action => visit.to("/desk/find"),
    };
    Ok(visit.page("desk/found.html", context))
}
