//! The timers of a case: the promise to the applicant, and the ways its state takes when time has
//! passed. Each names the state and the moment it was entered, so that a timer that comes late to a
//! case that moved on does nothing.

use journal::{Calendar, timer};
use kernel::{Id, Time};
use packs::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Write;

use crate::{Error, case::Case, rules};

/// The promise is broken: flag the case and tell the department.
pub(crate) const PROMISE: &str = "services.case.overdue";
/// A state's time has passed.
pub(crate) const STATE: &str = "services.case.elapsed";
/// Timers of one state.
const STATE_TIMERS: usize = 8;

/// What a timer tells its handler.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Elapsed {
    pub(crate) case: Id<Case>,
    pub(crate) state: String,
    pub(crate) since: Time,
    /// The state to go to; absent for the promise.
    pub(crate) go: Option<String>,
}

fn promise_key(case: &Case) -> String {
    format!("case/{}/promise", case.id)
}

fn state_key(case: &Case, place: usize) -> String {
    format!("case/{}/state/{place}", case.id)
}

pub(crate) async fn set_promise(tx: &Write, case: &Case, due: Time) -> Result<(), Error> {
    let elapsed = Elapsed {
        case: case.id,
        state: String::new(),
        since: case.submitted,
        go: None,
    };
    let at = due + std::time::Duration::from_micros(1);
    timer::set(tx, PROMISE, &promise_key(case), at, json!(elapsed)).await?;
    Ok(())
}

pub(crate) async fn cancel_promise(tx: &Write, case: &Case) -> Result<(), Error> {
    timer::cancel(tx, &promise_key(case)).await?;
    Ok(())
}

/// Takes away the timers of the state the case was in, and sets those of the one it is in.
pub(crate) async fn set_state(
    calendar: &Calendar,
    tx: &Write,
    case: &Case,
    state: &State,
) -> Result<(), Error> {
    for place in 0..STATE_TIMERS {
        timer::cancel(tx, &state_key(case, place)).await?;
    }
    for (place, after) in state.after.iter().take(STATE_TIMERS).enumerate() {
        let at = rules::wait_until(calendar, after.wait, tx.now());
        let elapsed = Elapsed {
            case: case.id,
            state: state.id.clone(),
            since: case.state_since,
            go: Some(after.go.value.clone()),
        };
        timer::set(tx, STATE, &state_key(case, place), at, json!(elapsed)).await?;
    }
    Ok(())
}
