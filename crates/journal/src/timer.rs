//! Timers: at a moment, put a job into the queue. Set, moved, paused and cancelled in the caller's
//! transaction, under a key the caller chooses (`case/…/promise`).

use std::time::Duration;

use kernel::{Actor, Time};
use serde::Serialize;
use serde_json::Value as Json;
use store::{FromRow, Read, Row, Store, Write, params};

use crate::{Error, Job, enqueue, limits};

store::sql! {
    SET = "INSERT INTO timer (key, kind, payload, state, due, paused_at, set_at)
        VALUES ($1, $2, $3, 'running', $4, NULL, $5)
        ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, payload = excluded.payload,
            state = 'running', due = excluded.due, paused_at = NULL, set_at = excluded.set_at";
    CANCEL = "DELETE FROM timer WHERE key = $1 AND state <> 'fired'";
    PAUSE = "UPDATE timer SET state = 'paused', paused_at = $2 WHERE key = $1 AND state = 'running'";
    RESUME = "UPDATE timer SET state = 'running', due = due + ($2 - paused_at), paused_at = NULL
        WHERE key = $1 AND state = 'paused' RETURNING due";
    FIND = "SELECT key, kind, payload, state, due, paused_at, set_at FROM timer WHERE key = $1";
    DUE = "SELECT key, kind, payload, state, due, paused_at, set_at FROM timer
        WHERE state = 'running' AND due <= $1 ORDER BY due, key LIMIT $2";
    NEXT = "SELECT MIN(due) FROM timer WHERE state = 'running'";
    BY_STATE = "SELECT key, kind, payload, state, due, paused_at, set_at FROM timer
        WHERE state = $1 AND (due > $2 OR (due = $2 AND key > $3)) ORDER BY due, key LIMIT $4";
    BY_KEY = "SELECT key, kind, payload, state, due, paused_at, set_at FROM timer
        WHERE key > $1 AND key >= $2 AND key < $3 AND ($4 = '' OR state = $4) ORDER BY key LIMIT $5";
    COUNTS = "SELECT
        (SELECT COUNT(*) FROM (SELECT key FROM timer WHERE state = 'running' LIMIT $1) AS r) AS running,
        (SELECT COUNT(*) FROM (SELECT key FROM timer WHERE state = 'paused' LIMIT $1) AS p) AS paused,
        (SELECT COUNT(*) FROM (SELECT key FROM timer WHERE state = 'running' AND due <= $2 LIMIT $1)
            AS o) AS overdue,
        (SELECT MIN(due) FROM timer WHERE state = 'running') AS next";
    FIRE = "UPDATE timer SET state = 'fired' WHERE key = $1 AND state = 'running'";
}

/// Where a timer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    Paused,
    Fired,
}

store::text_codes!(State { Running => "running", Paused => "paused", Fired => "fired" });

/// One timer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Timer {
    pub key: String,
    /// The kind of the job put into the queue.
    pub kind: String,
    pub payload: Json,
    pub state: State,
    /// When it fires; while paused, when it would have fired.
    pub due: Time,
    pub paused_at: Option<Time>,
    pub set_at: Time,
}

impl Timer {
    /// The time left at `now`; it stands still while paused.
    #[must_use]
    pub fn remaining(&self, now: Time) -> Duration {
        self.due.since(self.paused_at.unwrap_or(now))
    }
}

impl FromRow for Timer {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            key: row.get("key")?,
            kind: row.get("kind")?,
            payload: row.get("payload")?,
            state: row.get("state")?,
            due: row.get("due")?,
            paused_at: row.get("paused_at")?,
            set_at: row.get("set_at")?,
        })
    }
}

/// Sets the timer `key`, or moves it if it is set already: at `due` a job of `kind` with `payload`
/// goes into the queue.
///
/// # Errors
/// The store fails.
pub async fn set(tx: &Write, kind: &str, key: &str, due: Time, payload: Json) -> Result<(), Error> {
    tx.run(&SET, params![key, kind, payload, due, tx.now()])
        .await?;
    Ok(())
}

/// Takes the timer away. `false` when it is not set or has fired.
///
/// # Errors
/// The store fails.
pub async fn cancel(tx: &Write, key: &str) -> Result<bool, Error> {
    Ok(tx.run(&CANCEL, params![key]).await? > 0)
}

/// Stops the clock of the timer. `false` when it is not running.
///
/// # Errors
/// The store fails.
pub async fn pause(tx: &Write, key: &str) -> Result<bool, Error> {
    Ok(tx.run(&PAUSE, params![key, tx.now()]).await? > 0)
}

/// Lets a paused timer run on with the time it had left, and tells when it fires now. `None` when it
/// is not paused.
///
/// # Errors
/// The store fails.
pub async fn resume(tx: &Write, key: &str) -> Result<Option<Time>, Error> {
    Ok(tx.one(&RESUME, params![key, tx.now()]).await?)
}

/// The timer with this key.
///
/// # Errors
/// The store fails.
pub async fn find(db: &Read, key: &str) -> Result<Option<Timer>, Error> {
    Ok(db.one(&FIND, params![key]).await?)
}

/// Which timers an operator looks for: by how their key begins, or by state in the order they fire.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// `case/7k3m…`; empty looks at all.
    pub prefix: String,
    /// Running when nothing is said and no key is looked for.
    pub state: Option<State>,
    /// The last timer of the page before.
    pub after: Option<(Time, String)>,
}

/// At most `rows` timers that answer `search`.
///
/// # Errors
/// The store fails.
pub async fn search(db: &Read, search: &Search, rows: i64) -> Result<Vec<Timer>, Error> {
    let (due, key) = search
        .after
        .clone()
        .unwrap_or((Time::from_micros(i64::MIN), String::new()));
    if search.prefix.is_empty() {
        let state = search.state.unwrap_or(State::Running);
        return Ok(db.all(&BY_STATE, params![state, due, key, rows]).await?);
    }
    // The last character of Unicode ends the range of keys that begin with these words.
    let end = format!("{}\u{10FFFF}", search.prefix);
    let state = search.state.map_or("", State::code);
    let row = params![key, search.prefix, end, state, rows];
    Ok(db.all(&BY_KEY, row).await?)
}

/// How many timers stand where, counted up to [`limits::COUNTED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub running: i64,
    pub paused: i64,
    /// Running, and past their time: the runner is late.
    pub overdue: i64,
    pub next: Option<Time>,
}

impl FromRow for Counts {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            running: row.get("running")?,
            paused: row.get("paused")?,
            overdue: row.get("overdue")?,
            next: row.get("next")?,
        })
    }
}

/// How many timers stand where, now.
///
/// # Errors
/// The store fails.
pub async fn counts(db: &Read) -> Result<Counts, Error> {
    Ok(db.only(&COUNTS, params![limits::COUNTED, db.now()]).await?)
}

/// Puts the jobs of all due timers into the queue, each exactly once, and tells how many fired.
pub(crate) async fn fire(store: &Store) -> Result<usize, Error> {
    let now = store.env().now();
    let next: Option<Time> = store
        .read(|db| async move { db.only(&NEXT, params![]).await })
        .await
        .map_err(store_error)?;
    if next.is_none_or(|next| next > now) {
        return Ok(0);
    }
    store
        .write(&Actor::system("journal"), |tx: Write| async move {
            let due: Vec<Timer> = tx.all(&DUE, params![tx.now(), limits::TIMER_BATCH]).await?;
            for timer in &due {
                tx.run(&FIRE, params![timer.key]).await?;
                let job = Job {
                    kind: &timer.kind,
                    key: None,
                    payload: timer.payload.clone(),
                    run_at: tx.now(),
                };
                enqueue(&tx, job).await?;
            }
            Ok::<_, Error>(due.len())
        })
        .await
}

fn store_error(error: store::Error) -> Error {
    Error::Store(error)
}
