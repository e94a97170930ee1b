//! The state chart: every state can be reached, left and ended; every way leads somewhere and somebody
//! can take it; every timer has an end and an owner; reasons are given where letters repeat them.

use std::collections::BTreeSet;

use super::{departments, satisfy, typed};
use crate::{
    chart::{APPLICANT, Chart, Outcome, Reason, State},
    defect::{At, Code, Defects, suggest},
    expr::Ty,
    pack::Pack,
    scope::Scope,
};

pub(super) fn check(pack: &Pack, scope: &Scope, defects: &mut Defects) {
    let chart = &pack.case;
    if chart.states.is_empty() {
        return;
    }
    let before = defects.len();
    references(pack, defects);
    let is_whole = !chart.is_flawed && defects.len() == before;
    roles(chart, defects);
    for state in &chart.states {
        shape(state, defects);
        for action in &state.actions {
            if let Some(when) = &action.when {
                typed(when, &Ty::Bool, scope, defects);
                satisfy::check(&[when], "the action is never offered", scope, defects);
            }
        }
        if let Some(auto) = &state.auto {
            typed(&auto.when, &Ty::Bool, scope, defects);
        }
    }
    if is_whole {
        ways(chart, defects);
    }
    refusals(chart, defects);
}

fn references(pack: &Pack, defects: &mut Defects) {
    let chart = &pack.case;
    let mut state = |name: &At<String>| {
        if chart.state(&name.value).is_none() && !name.value.is_empty() {
            let mend = suggest(
                &name.value,
                chart.states.iter().map(|state| state.id.as_str()),
            );
            let wrong = format!("there is no state `{}`", name.value);
            defects.add(Code::UnknownReference, name.span, wrong, mend);
        }
    };
    state(&chart.start);
    for one in &chart.states {
        one.actions.iter().for_each(|action| state(&action.to));
        one.after.iter().for_each(|timer| state(&timer.go));
    }
    for one in &chart.states {
        if let Some(letter) = &one.letter
            && pack.letter_text(&letter.value).is_none()
        {
            let mend = suggest(
                &letter.value,
                pack.letters.iter().map(|one| one.id.as_str()),
            );
            let wrong = format!("there is no letter `{}`", letter.value);
            defects.add(Code::UnknownReference, letter.span, wrong, mend);
        }
        if let Some(auto) = &one.auto
            && one.action(&auto.take.value).is_none()
        {
            let mend = suggest(
                &auto.take.value,
                one.actions.iter().map(|action| action.id.as_str()),
            );
            let wrong = format!("the state has no action `{}` to take", auto.take.value);
            defects.add(Code::UnknownReference, auto.take.span, wrong, mend);
        }
    }
}

fn roles(chart: &Chart, defects: &mut Defects) {
    for state in &chart.states {
        let by = state.actions.iter().flat_map(|action| &action.by);
        let owners = state.after.iter().map(|timer| &timer.owner);
        for role in state.roles.iter().chain(by).chain(owners) {
            if role.value != APPLICANT && !departments::has_role(&role.value) {
                let wrong = format!("there is no role `{}`", role.value);
                let mend = format!(
                    "Write applicant, or <department>.<rank> with the rank {}: td.officer",
                    departments::RANKS.join(", ")
                );
                defects.add(Code::UnknownRole, role.span, wrong, mend);
            }
        }
        for timer in &state.after {
            if timer.owner.value == APPLICANT {
                let wrong = "a timer belongs to the applicant";
                let mend = "Name the officers' role that answers for it";
                defects.add(Code::TimerWithoutEnd, timer.owner.span, wrong, mend);
            }
        }
    }
}

/// What a single state may have.
fn shape(state: &State, defects: &mut Defects) {
    let id = &state.id;
    if let Some(outcome) = state.outcome {
        if !state.actions.is_empty() || !state.after.is_empty() || !state.roles.is_empty() {
            let wrong = format!("the state `{id}` has an outcome, so nothing can follow it");
            let mend = "Remove `for`, `actions` and `after`, or the outcome";
            defects.add(Code::OutcomeMismatch, state.at, wrong, mend);
        }
        if state.issue && !matches!(outcome, Outcome::Approved | Outcome::Completed) {
            let wrong = format!(
                "the state `{id}` issues something although it is {}",
                outcome.code()
            );
            defects.add(
                Code::OutcomeMismatch,
                state.at,
                wrong,
                "Issue in the approved state only",
            );
        }
        if outcome == Outcome::Refused && state.letter.is_none() {
            let wrong = format!("the state `{id}` refuses without telling the person");
            defects.add(Code::OutcomeMismatch, state.at, wrong, "Add `letter:`");
        }
        if state.has_no_appeal && outcome != Outcome::Refused {
            let wrong = format!("the state `{id}` refuses nobody, so nobody could appeal");
            defects.add(Code::OutcomeMismatch, state.at, wrong, "Remove `appeal:`");
        }
        return;
    }
    if state.has_no_appeal {
        let wrong = format!("the state `{id}` is not the end, so nobody could appeal yet");
        let mend = "Write `appeal: none` in the refused state";
        defects.add(Code::OutcomeMismatch, state.at, wrong, mend);
    }
    if state.issue || state.refund != crate::chart::Refund::None {
        let wrong = format!("the state `{id}` issues or refunds although it is not the end");
        defects.add(
            Code::OutcomeMismatch,
            state.at,
            wrong,
            "Do it in a state with an outcome",
        );
    }
    if state.roles.is_empty() || state.actions.iter().all(|action| action.by.is_empty()) {
        let wrong = format!("nobody can do anything in the state `{id}`");
        let mend = "Add `for:` with a role and `actions:`, or an `outcome:`";
        defects.add(Code::StateDeadEnd, state.at, wrong, mend);
    } else if state.waits_for_applicant() && state.after.is_empty() && !state.is_timer_flawed {
        let wrong = format!("the state `{id}` waits for the applicant for ever");
        let mend = "Add `after: [{ wait: 28 days, go: …, owner: … }]`";
        defects.add(Code::StateDeadEnd, state.at, wrong, mend);
    }
}

fn ways(chart: &Chart, defects: &mut Defects) {
    let next = |state: &State| -> Vec<String> {
        let actions = state.actions.iter().map(|action| action.to.value.clone());
        actions
            .chain(state.after.iter().map(|timer| timer.go.value.clone()))
            .collect()
    };
    let reach = |from: &str| -> BTreeSet<String> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut open = vec![from.to_owned()];
        while let Some(id) = open.pop() {
            let further = chart.state(&id).map(&next).unwrap_or_default();
            open.extend(further.into_iter().filter(|id| seen.insert(id.clone())));
        }
        seen
    };
    let from_start = reach(&chart.start.value);
    for state in &chart.states {
        if !from_start.contains(&state.id) {
            let wrong = format!("no way leads to the state `{}`", state.id);
            let mend = "Add an action or timer that goes there, or remove it";
            defects.add(Code::StateUnreachable, state.at, wrong, mend);
            continue;
        }
        if next(state).is_empty() {
            continue;
        }
        let ends = |id: &String| chart.state(id).is_some_and(State::is_final);
        if !reach(&state.id).iter().any(ends) {
            let wrong = format!("a case in the state `{}` can never end", state.id);
            let mend = "Add a way to a state with an outcome";
            defects.add(Code::CannotEnd, state.at, wrong, mend);
        }
    }
    let good =
        |state: &&State| matches!(state.outcome, Some(Outcome::Approved | Outcome::Completed));
    if !chart
        .states
        .iter()
        .filter(good)
        .any(|state| from_start.contains(&state.id))
    {
        let wrong = "no case can be approved or completed";
        let mend = "Add a state with outcome: approved or outcome: completed";
        defects.add(Code::OutcomeMismatch, chart.start.span, wrong, mend);
    }
}

/// A refusal always carries its reason.
fn refusals(chart: &Chart, defects: &mut Defects) {
    let refuses = |id: &str| {
        chart
            .state(id)
            .is_some_and(|state| state.outcome == Some(Outcome::Refused))
    };
    for state in &chart.states {
        for action in &state.actions {
            if refuses(&action.to.value) && action.reason != Reason::Required {
                let wrong = format!("the action `{}` refuses without a reason", action.id);
                defects.add(
                    Code::ReasonMissing,
                    action.at,
                    wrong,
                    "Add reason: required",
                );
            }
        }
    }
}
