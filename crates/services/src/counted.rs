//! Steps as statistics count them: which service, which channel, what level and age band; never who.

use identity::Person;
use journal::{Channel, Decider, Step, Usage};
use kernel::{Id, Time};
use packs::Pack;
use store::Write;

use crate::{
    Error, Services,
    applicant::Applicant,
    case::{ActionKind, Case, Clock},
    draft::Draft,
    error::Problem,
};

/// A step on the way to an application.
pub(crate) fn of_draft(step: Step, draft: &Draft, pack: &Pack, channel: Channel) -> Usage {
    Usage::of(step)
        .about(&pack.owner, &draft.service, draft.pack_version)
        .lang(Some(draft.lang))
        .channel(channel)
}

/// A step of a case.
pub(crate) fn of_case(step: Step, case: &Case) -> Usage {
    // The desk writes codes of departments small, the catalogue and its statistics do not.
    let department = case.department.to_uppercase();
    Usage::of(step)
        .about(&department, &case.service, case.pack_version)
        .lang(Some(case.lang))
        .channel(case.applicant().channel)
}

/// Counts a step of this person in the transaction that makes it.
pub(crate) async fn count(tx: &Write, person: Id<Person>, step: Usage) -> Result<(), Error> {
    let step = identity::counted_in(tx, person, step).await?;
    journal::usage(tx, step).await?;
    Ok(())
}

/// What a saved page counts as: answered, or refused with each question that has to be mended.
pub(crate) fn of_page(
    (draft, pack): (&Draft, &Pack),
    applicant: Applicant,
    page: &str,
    problems: &[Problem],
) -> Vec<Usage> {
    let of = |step| of_draft(step, draft, pack, applicant.channel).page(page);
    if problems.is_empty() {
        return vec![of(Step::Answered)];
    }
    let mut fields: Vec<&str> = problems.iter().map(|one| one.field.as_str()).collect();
    fields.sort_unstable();
    fields.dedup();
    let erred = fields.into_iter().map(|field| of(Step::Erred).field(field));
    std::iter::once(of(Step::Refused)).chain(erred).collect()
}

/// What the end of a case counts as, before it is closed: a decision with the days of the promise it
/// took, or a withdrawal. Lapsing is nobody's decision.
pub(crate) fn of_end(
    services: &Services,
    (case, pack): (&Case, &Pack),
    (outcome, kind): (&str, ActionKind),
    now: Time,
) -> Option<Usage> {
    let decider = match kind {
        ActionKind::Automatic => Decider::Rule,
        ActionKind::Elapsed => Decider::Timer,
        _ => Decider::Officer,
    };
    match outcome {
        "withdrawn" => Some(of_case(Step::Withdrawn, case)),
        "lapsed" => None,
        _ => {
            let is_running = case.clock == Clock::Running;
            let is_timely = !is_running || case.due.is_none_or(|due| now <= due);
            let decided = of_case(Step::Decided, case)
                .outcome(outcome)
                .decided(decider, is_timely)
                .value(days_taken(services, case, pack, now));
            Some(decided)
        }
    }
}

/// Days of the promise used up: those before the clock last stopped, and those since it last began
/// to run.
fn days_taken(services: &Services, case: &Case, pack: &Pack, now: Time) -> i64 {
    let (from, to) = (case.promise_from, now.date());
    let Some(promise) = pack.promise else {
        // Without a promise there is no clock to stop: every working day counts.
        return services.calendar().working_days_between(from, to).max(0);
    };
    let before = i64::from(promise.days) - case.promise_days;
    let since = match (case.clock, promise.working) {
        (Clock::Running, true) => services.calendar().working_days_between(from, to),
        (Clock::Running, false) => from.days_until(to),
        _ => 0,
    };
    (before + since).max(0)
}
