//! The timers of a case: the promise to the applicant, and the ways its state takes when time has
//! passed. Each names the state and the moment it was entered, so that a timer that comes late to a
//! case that moved on does nothing.

use std::collections::BTreeMap;

use journal::{Calendar, timer};
use kernel::{Id, Text, Time};
use packs::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Write;

use crate::{Error, Services, case::Case, reference::Reference, rules, store::case};

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

/// The case a timer belongs to, as an operator may know it: where it stands, and nothing of anybody.
#[derive(Clone, Debug)]
pub struct TimerCase {
    pub reference: Reference,
    pub state: Text,
}

impl Services {
    /// The case with this reference number, if the words are one.
    ///
    /// # Errors
    /// The store fails.
    pub async fn case_of_reference(&self, words: &str) -> Result<Option<Id<Case>>, Error> {
        let Ok(reference) = words.trim().parse::<Reference>() else {
            return Ok(None);
        };
        let found = self
            .store()
            .read(move |db| {
                let reference = reference.clone();
                async move { case::by_reference(&db, &reference).await }
            })
            .await?;
        Ok(found.map(|row| row.case.id))
    }

    /// The cases behind the keys of timers; keys that name none are left out.
    ///
    /// # Errors
    /// The store fails.
    pub async fn timer_cases<'a>(
        &self,
        keys: impl Iterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, TimerCase>, Error> {
        let named: Vec<(String, Id<Case>)> = keys
            .filter_map(|key| {
                let id = key.strip_prefix("case/")?.split('/').next()?.parse().ok()?;
                Some((key.to_owned(), id))
            })
            .collect();
        let services = self.clone();
        self.store()
            .read(move |db| {
                let (services, named) = (services.clone(), named.clone());
                async move {
                    let mut found = BTreeMap::new();
                    for (key, id) in named {
                        let Some(row) = case::find(&db, id).await? else {
                            continue;
                        };
                        let pack = services.pinned(&row.case.service, row.case.pack_version)?;
                        let state = pack.case.state(&row.case.state);
                        let state = state.map(|state| state.label.clone()).unwrap_or_default();
                        let reference = row.case.reference;
                        found.insert(key, TimerCase { reference, state });
                    }
                    Ok::<_, Error>(found)
                }
            })
            .await
    }
}
