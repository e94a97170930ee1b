//! Which company it is about: asked of the person on our own page, once their phone has said who they are
//! and before the client learns anything. Somebody who acts for one company only is not asked.

use axum::extract::State;
use kernel::{Actor, Id};
use web::{Form, IntoResponse, Path, Response, Visit, ctx};

use super::{
    HongKong, corporation,
    door::{self, Stop, Way, finish},
    settle,
    task::{State as Standing, Task},
    word::Word,
};
use crate::{
    Approval, ApprovalState, Binding, Company, Mandate, Person,
    pages::{binding, mandate_words},
    provider::Client,
    store::approval,
};

/// Bytes of a company's id as it is posted.
const ID_BYTES: usize = 40;

/// A browser that has its answer from the phone, and whose person has yet to choose.
struct Chooser {
    task: Task,
    client: Client,
    binding: Binding,
    way: Way,
    choices: Vec<Mandate>,
}

/// The task with the company it is about; the page that asks for it, when there is not exactly one.
pub(super) async fn settled_on(
    visit: &Visit,
    hk: &HongKong,
    (task, client, open): (Task, &Client, &Approval),
) -> Result<Result<Task, Response>, Stop> {
    let is_agreed = open.state_at(hk.provider().now()) == ApprovalState::Approved;
    let person = open.person.filter(|_| is_agreed && task.kind.has_choice());
    let Some(person) = person else {
        return Ok(Ok(task));
    };
    let choices = choices(hk, client, person).await?;
    match choices.as_slice() {
        [only] => Ok(Ok(Task {
            company: Some(only.company.id),
            ..task
        })),
        _ => Ok(Err(page(visit, (&task, client), &choices, None))),
    }
}

async fn choices(hk: &HongKong, client: &Client, person: Id<Person>) -> Result<Vec<Mandate>, Stop> {
    Ok(corporation::choices(hk.store(), person, client.id()).await?)
}

fn page(
    visit: &Visit,
    (task, client): (&Task, &Client),
    choices: &[Mandate],
    error: Option<&str>,
) -> Response {
    let companies: Vec<_> = choices
        .iter()
        .map(|mandate| {
            ctx! {
                value => mandate.company.id,
                words => mandate.company.name.get(visit.lang()),
                hint => mandate_words(visit, mandate),
            }
        })
        .collect();
    let context = ctx! {
        client => client.name,
        is_test => client.is_test,
        companies,
        error => error.map(|words| visit.t(words)),
        action => visit.to(&format!("/wire/{}/company", task.id)),
    };
    let page = visit.page("identity/wire_company.html", context);
    match error {
        Some(_) => page.with_errors().into_response(),
        None => page.into_response(),
    }
}

/// The person has chosen, or goes back without.
pub(crate) async fn choose(
    visit: Visit,
    State(hk): State<HongKong>,
    (Path(id), form): (Path<Id<Task>>, Form),
) -> Response {
    let answered = take(&visit, &hk, (id, &form)).await;
    finish(&visit, answered)
}

async fn take(
    visit: &Visit,
    hk: &HongKong,
    (id, form): (Id<Task>, &Form),
) -> Result<Response, Stop> {
    let chooser = arrived(visit, hk, id).await?;
    let Chooser {
        task, client, way, ..
    } = &chooser;
    let actor = visit.actor();
    if form.has("leave") {
        let family = task.kind.family();
        let word = if chooser.choices.is_empty() {
            family.failed()
        } else {
            family.cancelled()
        };
        settle::refuse(hk, task, (&actor, word)).await?;
        return Ok(visit.redirect_away(&way.refused(word)));
    }
    let Some(company) = chosen(form.text("company"), &chooser.choices) else {
        let error = Some("identity.wire.company.error");
        return Ok(page(visit, (task, client), &chooser.choices, error));
    };
    let task = Task {
        company: Some(company),
        ..task.clone()
    };
    conclude(visit, hk, (&task, client, way), (&actor, &chooser.binding)).await
}

fn chosen(posted: &str, choices: &[Mandate]) -> Option<Id<Company>> {
    if posted.len() > ID_BYTES {
        return None;
    }
    let id: Id<Company> = posted.parse().ok()?;
    choices
        .iter()
        .any(|mandate| mandate.company.id == id)
        .then_some(id)
}

async fn arrived(visit: &Visit, hk: &HongKong, id: Id<Task>) -> Result<Chooser, Stop> {
    let (task, client) = door::find(hk, id).await?;
    let stale = || door::stale("the request has been answered");
    let open = task.approval.ok_or_else(stale)?;
    let binding = binding(visit).await?;
    let open = approval::find_for_browser(hk.store(), open, &binding).await?;
    let is_agreed = open.state_at(hk.provider().now()) == ApprovalState::Approved;
    let person = open.person.filter(|_| is_agreed).ok_or_else(stale)?;
    if task.state == Standing::Done || !task.kind.has_choice() {
        return Err(stale());
    }
    let asked = task.open_asked(hk.identity().vault())?;
    Ok(Chooser {
        way: Way::of(&asked, &task),
        choices: choices(hk, &client, person).await?,
        task,
        client,
        binding,
    })
}

/// Settles the task and sends the browser back with what came of it.
pub(super) async fn conclude(
    visit: &Visit,
    hk: &HongKong,
    (task, client, way): (&Task, &Client, &Way),
    (actor, binding): (&Actor, &Binding),
) -> Result<Response, Stop> {
    let concluded = settle::conclude(hk, (task, client), (actor, binding)).await?;
    let Some(concluded) = concluded else {
        let open = task.approval.ok_or(door::stale("the request is unknown"))?;
        return Ok(visit.redirect(&visit.to(&format!("/approvals/{open}"))));
    };
    let place = match concluded.word {
        Word::Success => way.granted(&concluded),
        word => way.refused(word),
    };
    Ok(visit.redirect_away(&place))
}
