//! Moving a case along its state chart, inside the caller's write: the timeline, the clock, timers,
//! queues, letters, licence, refund and messages follow from entering a state, whoever moved it.

use journal::{Audit, Event, Step as Counted};
use kernel::Id;
use packs::{Clock as ChartClock, Pack, Refund, State};
use serde_json::{Value, json};
use store::Write;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{ActionKind, Case, Clock},
    counted, licence, money, rules,
    seal::{self, Column, Kept},
    store::{
        action::{self, ActionRow},
        case, queue, request,
    },
    tell, timers,
};

/// States the platform passes through by itself in one go; a chart that loops stops here.
const AUTOMATIC_STEPS: usize = 8;

/// Who moves a case, as the timeline keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    pub(crate) role: String,
    pub(crate) id: String,
    pub(crate) name: String,
}

impl Author {
    pub(crate) fn applicant(case: &Case) -> Self {
        Self {
            role: packs::APPLICANT.to_owned(),
            id: case.person.to_string(),
            name: String::new(),
        }
    }

    pub(crate) fn clerk(clerk: &Clerk) -> Self {
        Self {
            role: clerk.roles.first().cloned().unwrap_or_default(),
            id: clerk.id.to_string(),
            name: clerk.name.clone(),
        }
    }

    pub(crate) fn platform(component: &str) -> Self {
        Self {
            role: "system".to_owned(),
            id: component.to_owned(),
            name: String::new(),
        }
    }
}

/// One line about to be written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: ActionKind,
    pub(crate) action: Option<String>,
    pub(crate) from: String,
    pub(crate) words: Option<String>,
    pub(crate) detail: Value,
}

impl Entry {
    /// A line that leaves the case where it is.
    pub(crate) fn new(case: &Case) -> Self {
        Self {
            kind: ActionKind::Noted,
            action: None,
            from: case.state.clone(),
            words: None,
            detail: json!({}),
        }
    }

    pub(crate) fn of(case: &Case, kind: ActionKind) -> Self {
        Self {
            kind,
            ..Self::new(case)
        }
    }

    pub(crate) fn words(mut self, words: Option<String>) -> Self {
        self.words = words;
        self
    }
}

/// A way to another state.
#[derive(Clone, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) pack: &'a Pack,
    pub(crate) to: &'a State,
    pub(crate) kind: ActionKind,
    pub(crate) action: Option<&'a str>,
    /// The reason, as the applicant will read it.
    pub(crate) words: Option<String>,
    pub(crate) author: &'a Author,
}

/// Writes one line of the timeline and the audit record of it.
pub(crate) async fn write_entry(
    services: &Services,
    tx: &Write,
    case: &Case,
    (author, entry): (&Author, Entry),
) -> Result<Id<ActionRow>, Error> {
    let id = tx.id::<ActionRow>();
    let words = match &entry.words {
        Some(words) => Some(seal::seal(
            services.vault(),
            Column::ActionWords,
            id,
            words,
        )?),
        None => None,
    };
    let row = ActionRow {
        id,
        kind: entry.kind,
        action: entry.action,
        from: entry.from,
        to: case.state.clone(),
        actor_role: author.role.clone(),
        actor_id: author.id.clone(),
        actor_name: author.name.clone(),
        is_shown: entry.kind.is_shown(),
        words,
        detail: entry.detail,
        at: tx.now(),
    };
    action::insert(tx, case.id, &row).await?;
    journal::audit(
        tx,
        Audit {
            action: &format!("case.{}", entry.kind.code()),
            noun: "case",
            id: case.id.to_string(),
            reason: None,
            detail: json!({ "from": row.from, "to": row.to, "action": row.action }),
        },
    )
    .await?;
    Ok(id)
}

/// Sets a fresh case going: the promise, the queue, the timers of its first state.
pub(crate) async fn begin(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    pack: &Pack,
) -> Result<(), Error> {
    let start = pack.case.start_state().ok_or(Error::NoSuchAction)?;
    if let Some(due) = case.due {
        timers::set_promise(tx, case, due).await?;
    }
    arrive(services, tx, case, (pack, start, None)).await?;
    automatic(services, tx, case, pack).await
}

/// Moves the case and lets everything follow.
pub(crate) async fn take(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    step: Step<'_>,
) -> Result<(), Error> {
    let pack = step.pack;
    step_once(services, tx, case, step).await?;
    automatic(services, tx, case, pack).await
}

/// Takes the ways the pack decides by rule.
async fn automatic(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    pack: &Pack,
) -> Result<(), Error> {
    let author = Author::platform("rule");
    for _ in 0..AUTOMATIC_STEPS {
        let Some(state) = pack.case.state(&case.state) else {
            return Ok(());
        };
        if state.auto.is_none() {
            return Ok(());
        }
        let answers = answers_in(services, tx, case, pack).await?;
        let on = services.on(tx.now().date(), &answers.locked);
        let taken = on.ask(|facts| {
            let action = pack.auto_action(&case.state, &answers.answers, facts);
            action.and_then(|action| state.action(action))
        });
        let Some(action) = taken else {
            return Ok(());
        };
        let to = pack
            .case
            .state(&action.to.value)
            .ok_or(Error::NoSuchAction)?;
        let step = Step {
            pack,
            to,
            kind: ActionKind::Automatic,
            action: Some(&action.id),
            words: None,
            author: &author,
        };
        step_once(services, tx, case, step).await?;
    }
    Ok(())
}

async fn step_once(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    step: Step<'_>,
) -> Result<(), Error> {
    let from = std::mem::replace(&mut case.state, step.to.id.clone());
    case.state_since = tx.now();
    action::drop_proposal(tx, case.id).await?;
    let entry = Entry {
        kind: step.kind,
        action: step.action.map(str::to_owned),
        from: from.clone(),
        words: step.words,
        detail: json!({}),
    };
    let line = write_entry(services, tx, case, (step.author, entry)).await?;
    set_clock(services, tx, case, (step.pack, step.to)).await?;
    if let Some(outcome) = step.to.outcome {
        let end = (outcome.code(), step.kind);
        if let Some(ended) = counted::of_end(services, (case, step.pack), end, tx.now()) {
            counted::count(tx, case.person, ended).await?;
        }
        close(tx, case, (step.pack, outcome.code())).await?;
    }
    arrive(services, tx, case, (step.pack, step.to, Some(line))).await?;
    moved(tx, case, &from, step.kind).await
}

/// Stops the promised time when the applicant has to answer, and starts it again afterwards with as
/// many days as were left.
async fn set_clock(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    (pack, to): (&Pack, &State),
) -> Result<(), Error> {
    let stops = to.clock == ChartClock::Stopped;
    match (case.clock, stops) {
        (Clock::Running, true) => {
            case.clock = Clock::Stopped;
            case.stopped = Some(tx.now());
            if let (Some(due), Some(promise)) = (case.due, pack.promise) {
                let calendar = services.calendar();
                case.promise_days = rules::days_left(calendar, promise, due, tx.now());
            }
            timers::cancel_promise(tx, case).await
        }
        (Clock::Stopped, false) => {
            case.clock = Clock::Running;
            case.stopped = None;
            case.promise_from = tx.now().date();
            redue(services, tx, case, pack).await
        }
        _ => Ok(()),
    }
}

/// Works out the promise anew from the calendar as it is now, and moves its timer.
pub(crate) async fn redue(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    pack: &Pack,
) -> Result<(), Error> {
    let from = (case.promise_from, case.promise_days);
    case.due = rules::due(services.calendar(), pack.promise, from);
    match case.due {
        Some(due) => timers::set_promise(tx, case, due).await,
        None => Ok(()),
    }
}

async fn close(tx: &Write, case: &mut Case, (pack, outcome): (&Pack, &str)) -> Result<(), Error> {
    case.outcome = Some(outcome.to_owned());
    case.clock = Clock::Ended;
    case.stopped = None;
    case.decided = Some(tx.now());
    case.closed = Some(tx.now());
    case.assignee = None;
    case.forget_on = Some(pack.keep.records.after(tx.now().date()));
    request::close(tx, case.id).await?;
    timers::cancel_promise(tx, case).await
}

/// What entering a state brings: licence, refund, timers, queue, letter, message.
async fn arrive(
    services: &Services,
    tx: &Write,
    case: &mut Case,
    (pack, state, line): (&Pack, &State, Option<Id<ActionRow>>),
) -> Result<(), Error> {
    if state.issue {
        let answers = answers_in(services, tx, case, pack).await?;
        case.licence = Some(licence::grant(services, tx, case, (pack, &answers.answers)).await?);
        let author = Author::platform("credentials");
        write_entry(
            services,
            tx,
            case,
            (&author, Entry::of(case, ActionKind::Issued)),
        )
        .await?;
        counted::count(tx, case.person, counted::of_case(Counted::Issued, case)).await?;
    }
    if state.refund == Refund::Full {
        let back = money::return_fee(tx, case.demand).await?;
        if !back.is_zero() {
            let entry = Entry {
                detail: json!({ "cents": back }),
                ..Entry::of(case, ActionKind::Refunded)
            };
            write_entry(services, tx, case, (&Author::platform("payments"), entry)).await?;
        }
    }
    timers::set_state(services.calendar(), tx, case, state).await?;
    queue::place(tx, case, &desk_roles(pack, state)).await?;
    case::update(tx, case).await?;
    if let (Some(letter), Some(line)) = (&state.letter, line) {
        tell::letter(tx, case, &letter.value, line).await
    } else if line.is_some() {
        tell::moved(tx, case, pack, state).await
    } else {
        Ok(())
    }
}

/// The roles with the case on their desk. A case that waits for the applicant stays with those who
/// answer for its timer, so that nobody loses sight of it.
fn desk_roles(pack: &Pack, state: &State) -> Vec<String> {
    if state.is_final() {
        return Vec::new();
    }
    let own = state.roles.iter().map(|role| role.value.clone());
    let mut roles: Vec<String> = own.filter(|role| role != packs::APPLICANT).collect();
    if roles.is_empty() {
        roles = state
            .after
            .iter()
            .map(|timer| timer.owner.value.clone())
            .collect();
    }
    if roles.is_empty() {
        roles = pack
            .case
            .officer_roles()
            .into_iter()
            .map(str::to_owned)
            .collect();
    }
    roles.sort();
    roles.dedup();
    roles
}

async fn moved(tx: &Write, case: &Case, from: &str, kind: ActionKind) -> Result<(), Error> {
    let data = json!({
        "service": case.service,
        "version": case.pack_version,
        "department": case.department,
        "from": from,
        "to": case.state,
        "by": kind.code(),
        "outcome": case.outcome,
        "overdue": case.due.is_some_and(|due| tx.now() > due),
    });
    let kind = if case.is_closed() {
        "causeway.case.closed.v1"
    } else {
        "causeway.case.moved.v1"
    };
    journal::emit(
        tx,
        Event {
            kind,
            subject: case.id.to_string(),
            data,
        },
    )
    .await?;
    Ok(())
}

/// The answers of a case, opened inside a write.
pub(crate) async fn answers_in(
    services: &Services,
    tx: &Write,
    case: &Case,
    pack: &Pack,
) -> Result<Kept, Error> {
    let row = case::get(tx, case.id).await?;
    Kept::open(
        services.vault(),
        (Column::CaseAnswers, case.id),
        &row.answers,
        pack,
    )
}
