//! Jobs: work that is done after the write that asks for it, at least once.

use std::{fmt, time::Duration};

use kernel::{Id, Time};
use serde_json::Value as Json;
use store::{FromRow, Row, Write, params};

use crate::{Error, limits};

store::sql! {
    INSERT = "INSERT INTO job (id, kind, key, payload, state, run_at, attempts, created_at)
        VALUES ($1, $2, $3, $4, 'ready', $5, 0, $6)
        ON CONFLICT (kind, key) WHERE state IN ('ready', 'running') DO NOTHING";
}

/// Work to be done. The handler may see it more than once, so it must be safe to repeat.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// Which handler does it: `payments.refund`.
    pub kind: &'a str,
    /// While a job of this kind with this key is waiting or running, no second one is taken.
    pub key: Option<String>,
    pub payload: Json,
    /// Not before this.
    pub run_at: Time,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Ready,
    Running,
    Done,
    /// Given up on; waits for an operator.
    Dead,
    /// An operator decided that it need not be done.
    Dropped,
}

store::text_codes!(State {
    Ready => "ready",
    Running => "running",
    Done => "done",
    Dead => "dead",
    Dropped => "dropped",
});

/// A job in the hands of its handler.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub id: Id<Self>,
    pub kind: String,
    pub key: Option<String>,
    pub payload: Json,
    /// 1 on the first run.
    pub attempt: i64,
}

impl FromRow for Task {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            key: row.get("key")?,
            payload: row.get("payload")?,
            attempt: row.get("attempts")?,
        })
    }
}

/// Why a handler did not do its job. Any error becomes [`Failure::Again`] by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Try again after a pause.
    Again(String),
    /// Trying again cannot help: straight to the dead letters.
    Dead(String),
}

impl Failure {
    /// The reason, for the operator.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Again(reason) | Self::Dead(reason) => reason,
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Again(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

/// Asks for `job` in the transaction of the caller. `None` when one with the same key is waiting or
/// running already.
///
/// # Errors
/// The store fails.
pub async fn enqueue(tx: &Write, job: Job<'_>) -> Result<Option<Id<Task>>, Error> {
    let id = tx.id();
    let row = params![id, job.kind, job.key, job.payload, job.run_at, tx.now()];
    let added = tx.run(&INSERT, row).await?;
    tx.announce();
    Ok((added > 0).then_some(id))
}

/// The pause after `attempt` failed runs: five seconds, three times as long each time, at most an
/// hour.
#[must_use]
pub fn backoff(attempt: i64) -> Duration {
    let power = u32::try_from(attempt.saturating_sub(1).max(0)).unwrap_or(u32::MAX);
    let factor = 3_u32.checked_pow(power).unwrap_or(u32::MAX);
    limits::BACKOFF_FIRST
        .saturating_mul(factor)
        .min(limits::BACKOFF_MOST)
}
