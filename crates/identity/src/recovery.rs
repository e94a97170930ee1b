//! The way back in at a counter, for somebody who has lost phone and passkeys: an officer of the keeper
//! sees the person and a document, another officer agrees, and a code allows one new passkey.
//!
//! Invariants: two officers; the reason is on record and the person sees it; the code is shown once, lives
//! a day, is used once, and dies after a few wrong tries; nothing is revoked by it but every session.

use std::time::Duration;

use kernel::{Id, Text, Time};

use crate::{Officer, Person, code::codes};

/// How long an agreed code waits to be used, and a question to be agreed to.
pub(crate) const RECOVERY_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Wrong codes after which it is void.
pub(crate) const RECOVERY_TRIES: i64 = 5;
/// Questions shown to the officers of a department.
pub(crate) const RECOVERIES_SHOWN: i64 = 50;

codes! {
    /// Where a recovery stands. `asked` → `agreed` → `used`; `refused` and `void` are ends.
    RecoveryState {
        Asked = "asked",
        Agreed = "agreed",
        Refused = "refused",
        Used = "used",
        /// Its time or its tries ran out.
        Void = "void",
    }
}

codes! {
    /// What the person showed at the counter.
    Shown { Card = "card", Passport = "passport", Birth = "birth" }
}

/// A recovery that waits for another officer.
#[derive(Clone, Debug)]
pub struct Recovery {
    pub id: Id<Recovery>,
    pub person: Id<Person>,
    pub asked_by: Id<Officer>,
    pub shown: Shown,
    pub reason: String,
    pub state: RecoveryState,
    pub created: Time,
    pub expires: Time,
}

/// What an officer puts forward.
#[derive(Clone, Debug)]
pub struct NewRecovery {
    pub person: Id<Person>,
    pub shown: Shown,
    pub reason: String,
    /// The keeper in words, for the person's own history.
    pub reader: Text,
}
