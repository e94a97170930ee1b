//! What the department that keeps accounts ends for a person: one way in, or every browser. Each has its
//! reason on record, and the person reads of it.

use ::store::{Store, Write};
use journal::{Audit, Event};
use kernel::Id;
use serde_json::json;

use crate::{
    Entrance, Error, Officer, Person,
    store::{
        browser, device, passkey, person,
        standing::{checked, guard_keeper},
    },
};

/// The event of a way in that an officer ended. Data: person, kind (`all` for every browser), reason.
pub const ENTRANCE_ENDED: &str = "causeway.entrance.ended.v1";

/// An officer signs a person out of every browser; phone and passkeys stay.
///
/// # Errors
/// [`Error::WrongPost`]; [`Error::NotFound`]; [`Error::Malformed`] without a reason.
pub async fn sign_out_everywhere(
    store: &Store,
    by: &Officer,
    id: Id<Person>,
    reason: &str,
) -> Result<(), Error> {
    guard_keeper(by, None)?;
    let reason = checked(reason)?;
    store
        .write(&by.actor(), move |tx| {
            let reason = reason.clone();
            async move {
                person::get_in(&tx, id).await?;
                browser::end_all_in(&tx, id).await?;
                note_in(&tx, id, ("person.signed_out", "all", &reason)).await
            }
        })
        .await
}

/// An officer ends one phone, passkey or session of a person.
///
/// # Errors
/// [`Error::WrongPost`], also for the officer's own; [`Error::NotFound`] when there is no such thing, or
/// it is not theirs; [`Error::Malformed`] without a reason.
pub async fn end_entrance(
    store: &Store,
    by: &Officer,
    id: Id<Person>,
    (entrance, reason): (&Entrance, &str),
) -> Result<(), Error> {
    guard_keeper(by, None)?;
    let reason = checked(reason)?;
    if by.person == id {
        return Err(Error::WrongPost);
    }
    let entrance = entrance.clone();
    store
        .write(&by.actor(), move |tx| {
            let (entrance, reason) = (entrance.clone(), reason.clone());
            async move {
                match &entrance {
                    Entrance::Phone => device::revoke_in(&tx, id, &reason).await?,
                    Entrance::Passkey(passkey) => passkey::revoke_in(&tx, id, *passkey).await?,
                    Entrance::Browser(key) => browser::end_in(&tx, id, key).await?,
                }
                note_in(&tx, id, ("entrance.ended", entrance.kind(), &reason)).await
            }
        })
        .await
}

async fn note_in(
    tx: &Write,
    id: Id<Person>,
    (action, kind, reason): (&'static str, &str, &str),
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "person",
        id: id.to_string(),
        reason: Some(reason.to_owned()),
        detail: json!({ "kind": kind }),
    };
    journal::audit(tx, audit).await?;
    let event = Event {
        kind: ENTRANCE_ENDED,
        subject: id.to_string(),
        data: json!({ "person": id, "kind": kind, "reason": reason }),
    };
    journal::emit(tx, event).await?;
    Ok(())
}
