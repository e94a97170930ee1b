//! SQL of this crate, by noun.

pub(crate) mod announcement;
pub(crate) mod carried;
pub(crate) mod contact;
pub(crate) mod delivery;
pub(crate) mod message;

/// The tables of this crate, that of the simulated carrier included.
pub static MIGRATIONS: store::Migrations = store::migrations!(
    "notify",
    "0001_create_message.sql",
    "0002_create_carried_message.sql",
    "0003_widen_announcement.sql",
);

/// Every statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static store::Stmt> {
    [
        announcement::STATEMENTS,
        carried::STATEMENTS,
        contact::STATEMENTS,
        delivery::STATEMENTS,
        message::STATEMENTS,
    ]
    .concat()
}
