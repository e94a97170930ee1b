//! Attempts to come in that were refused, so that the person whose account it is hears of them: a passkey
//! that did not fit, a suspended account, wrong codes and wrong particulars.
//!
//! Invariants: nothing is told to whoever tries; an attempt names the person and its cause, never the
//! browser's words; whoever tells the person tells of one cause once a day.

use ::store::{Store, Write};
use journal::{Audit, Event};
use kernel::{Actor, Id};
use serde_json::json;

use crate::{Error, Person, code::codes};

/// The event of a refused attempt. Data: person, cause.
pub const ATTEMPT_REFUSED: &str = "causeway.entrance.refused.v1";

codes! {
    /// Why an attempt was refused.
    Attempt {
        /// A passkey of the account, but not its signature, its counter or its state.
        Passkey = "passkey",
        /// The account is suspended.
        Suspended = "suspended",
        /// A wrong code from a counter.
        Code = "code",
        /// Wrong particulars of the card, until it had to wait.
        Particulars = "particulars",
    }
}

/// Notes an attempt in a write of its own: what was tried has changed nothing else.
pub(crate) async fn note(store: &Store, person: Id<Person>, cause: Attempt) -> Result<(), Error> {
    store
        .write(&Actor::Visitor, move |tx| async move {
            note_in(&tx, person, cause).await
        })
        .await
}

pub(crate) async fn note_in(tx: &Write, person: Id<Person>, cause: Attempt) -> Result<(), Error> {
    let data = json!({ "person": person, "cause": cause });
    let audit = Audit {
        action: "entrance.refused",
        noun: "person",
        id: person.to_string(),
        reason: None,
        detail: json!({ "cause": cause }),
    };
    journal::audit(tx, audit).await?;
    let event = Event {
        kind: ATTEMPT_REFUSED,
        subject: person.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Refuses a passkey that belongs to somebody, who hears of it; whoever tried learns no more.
pub(crate) async fn refuse(store: &Store, person: Id<Person>) -> Error {
    match note(store, person, Attempt::Passkey).await {
        Ok(()) => Error::PasskeyRefused,
        Err(error) => error,
    }
}
