//! What every write leaves behind beside its own rows: an audit record, an event, a job, a timer.
//!
//! Invariants: everything here is written in the caller's transaction, so it exists if and only if
//! the caller's change does; audit records point at nobody by key and hold no personal data beyond
//! the actor's id; events are read in one order by every consumer, on both engines; a job is run at
//! least once, by one process at a time, and ends as done or in sight of an operator; every step a
//! person takes is counted by one usage event that names no person.

mod audit;
mod calendar;
mod error;
mod job;
mod outbox;
mod queue;
mod runner;
pub mod suspension;
mod sweep;
pub mod timer;
mod usage;

use serde_json::Value as Json;
use store::{Migrations, Stmt};

pub use audit::{
    Audit, AuditRecord, AuditSearch, audit, audit_by_actor, audit_latest, audit_of, audit_search,
};
pub use calendar::{Calendar, Deadline};
pub use error::Error;
pub use job::{Failure, Job, State, Task, backoff, enqueue};
pub use outbox::{Consumer, Event, OutboxEvent, consumers, emit, events_after};
pub use queue::{
    Depth, KindCount, Letter, LetterPlace, dead_letters, depth, drop_letter, letter_kinds,
    letters_page, retry_letter,
};
pub use runner::{Runner, RunnerGauge, RunnerStatus};
pub use sweep::{Swept, sweep};
pub use usage::{AgeBand, Channel, Decider, Step, USAGE, Usage, usage};

/// The tables of this crate.
pub static MIGRATIONS: Migrations = store::migrations!(
    "journal",
    "0001_create_audit_record.sql",
    "0002_create_outbox_event.sql",
    "0003_create_job.sql",
    "0004_create_timer.sql",
    "0005_create_suspension.sql",
    "0006_index_audit_record.sql",
);

/// Every statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static Stmt> {
    [
        audit::STATEMENTS,
        job::STATEMENTS,
        outbox::STATEMENTS,
        queue::STATEMENTS,
        suspension::STATEMENTS,
        sweep::STATEMENTS,
        timer::STATEMENTS,
    ]
    .concat()
    .into_iter()
    .chain([&queue::CLAIM])
    .collect()
}

/// The limits of the journal.
pub mod limits {
    use std::time::Duration;

    /// Records, letters and events one list returns.
    pub const LIST: i64 = 200;
    /// Dead letters counted by kind, and timers counted by state, on one page: "1000+".
    pub const COUNTED: i64 = 1_000;
    /// Events numbered in one write, and handed to a consumer in one go.
    pub const RELAY_BATCH: i64 = 500;
    /// Jobs run at the same time by one process.
    pub const JOBS_AT_ONCE: usize = 16;
    /// Runs of a job before it becomes a dead letter.
    pub const ATTEMPTS: i64 = 10;
    /// A job whose process has not been heard of for this long is given to another.
    pub const LEASE: Duration = Duration::from_secs(60);
    /// The pause after the first failure; each later one is three times as long.
    pub const BACKOFF_FIRST: Duration = Duration::from_secs(5);
    /// The longest pause.
    pub const BACKOFF_MOST: Duration = Duration::from_secs(3_600);
    /// How often the runner looks when nothing wakes it.
    pub const POLL: Duration = Duration::from_millis(500);
    /// How long a stopping runner waits for the jobs it has begun.
    pub const GRACE: Duration = Duration::from_secs(20);
    /// Timers fired in one write.
    pub const TIMER_BATCH: i64 = 200;
    /// Characters of an error kept with a job.
    pub const ERROR_CHARS: usize = 500;
    /// Rows one sweep removes of each table.
    pub const SWEEP_ROWS: i64 = 1_000;
    /// Finished jobs and fired timers are kept this long.
    pub const KEEP_DONE: Duration = Duration::from_secs(7 * 86_400);
    /// Events every consumer has read are kept this long.
    pub const KEEP_EVENTS: Duration = Duration::from_secs(30 * 86_400);
}

pub(crate) fn clip(text: &str) -> String {
    text.chars().take(limits::ERROR_CHARS).collect()
}

/// An empty JSON object, the detail of a record that needs none.
#[must_use]
pub fn no_detail() -> Json {
    Json::Object(serde_json::Map::new())
}

#[cfg(test)]
mod tests;
