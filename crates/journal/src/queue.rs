//! The job queue: claiming, finishing, and the dead letters an operator sees.

use std::time::Duration;

use kernel::{Actor, Id, Time};
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{FromRow, Read, Row, Stmt, Store, Write, params};

use crate::{Audit, Error, Failure, Task, audit, clip, limits};

store::sql! {
    FREE_EXPIRED = "UPDATE job SET state = 'ready', lease_until = NULL,
            last_error = 'the process that ran this job was not heard of again'
        WHERE state = 'running' AND lease_until <= $1";
    BURY_EXPIRED = "UPDATE job SET state = 'dead', lease_until = NULL, finished_at = $1,
            last_error = 'the process that ran this job was not heard of again'
        WHERE state = 'running' AND lease_until <= $1 AND attempts >= $2";
    RENEW = "UPDATE job SET lease_until = $3 WHERE id = $1 AND attempts = $2 AND state = 'running'";
    FINISH = "UPDATE job SET state = 'done', lease_until = NULL, finished_at = $3, last_error = NULL
        WHERE id = $1 AND attempts = $2 AND state = 'running'";
    DELAY = "UPDATE job SET state = 'ready', lease_until = NULL, run_at = $3, last_error = $4
        WHERE id = $1 AND attempts = $2 AND state = 'running'";
    BURY = "UPDATE job SET state = 'dead', lease_until = NULL, finished_at = $3, last_error = $4
        WHERE id = $1 AND attempts = $2 AND state = 'running'";
    IS_DUE = "SELECT COUNT(*) FROM (SELECT id FROM job
        WHERE (state = 'ready' AND run_at <= $1) OR (state = 'running' AND lease_until <= $1)
        LIMIT 1) AS found";
    LETTERS = "SELECT id, kind, key, payload, attempts, last_error, created_at, finished_at FROM job
        WHERE state = 'dead' ORDER BY finished_at DESC, id LIMIT $1";
    LETTERS_PAGE = "SELECT id, kind, key, payload, attempts, last_error, created_at, finished_at FROM job
        WHERE state = 'dead' AND ($1 = '' OR kind = $1)
        AND (finished_at < $2 OR (finished_at = $2 AND id < $3))
        ORDER BY finished_at DESC, id DESC LIMIT $4";
    LETTER_KINDS = "SELECT kind, COUNT(*) AS letters FROM (SELECT kind FROM job WHERE state = 'dead'
        ORDER BY finished_at DESC LIMIT $1) AS dead GROUP BY kind ORDER BY kind";
    RETRY = "UPDATE job SET state = 'ready', attempts = 0, run_at = $2, finished_at = NULL
        WHERE id = $1 AND state = 'dead'";
    DROP = "UPDATE job SET state = 'dropped', finished_at = $2 WHERE id = $1 AND state = 'dead'";
    DEPTH = "SELECT
        (SELECT COUNT(*) FROM job WHERE state = 'ready') AS ready,
        (SELECT COUNT(*) FROM job WHERE state = 'running') AS running,
        (SELECT COUNT(*) FROM job WHERE state = 'dead') AS dead,
        (SELECT COUNT(*) FROM job WHERE state = 'ready' AND run_at <= $1) AS due,
        (SELECT MIN(run_at) FROM job WHERE state = 'ready') AS next";
}

/// Two texts, because several processes may claim at once on Postgres: SKIP LOCKED lets each take
/// other rows. On SQLite the one writer makes that needless, and it has no such words.
pub(crate) static CLAIM: Stmt = Stmt::twin(
    "CLAIM",
    "UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = $3
        WHERE id IN (SELECT id FROM job WHERE state = 'ready' AND run_at <= $2
            AND kind IN (SELECT value FROM {each}($1)) ORDER BY run_at, id LIMIT $4)
        RETURNING id, kind, key, payload, attempts",
    "UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = $3
        WHERE id IN (SELECT id FROM job WHERE state = 'ready' AND run_at <= $2
            AND kind IN (SELECT value FROM {each}($1)) ORDER BY run_at, id LIMIT $4
            FOR UPDATE SKIP LOCKED)
        RETURNING id, kind, key, payload, attempts",
);

/// A job that was given up on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Letter {
    pub id: Id<Task>,
    pub kind: String,
    pub key: Option<String>,
    pub payload: Json,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub created_at: Time,
    pub died_at: Option<Time>,
}

impl FromRow for Letter {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            key: row.get("key")?,
            payload: row.get("payload")?,
            attempts: row.get("attempts")?,
            last_error: row.get("last_error")?,
            created_at: row.get("created_at")?,
            died_at: row.get("finished_at")?,
        })
    }
}

/// How full the queue is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Depth {
    pub ready: i64,
    pub running: i64,
    pub dead: i64,
    /// Ready jobs whose time has come.
    pub due: i64,
    /// When the next ready job may start.
    pub next: Option<Time>,
}

impl FromRow for Depth {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            ready: row.get("ready")?,
            running: row.get("running")?,
            dead: row.get("dead")?,
            due: row.get("due")?,
            next: row.get("next")?,
        })
    }
}

/// How full the queue is now.
///
/// # Errors
/// The store fails.
pub async fn depth(db: &Read) -> Result<Depth, Error> {
    Ok(db.only(&DEPTH, params![db.now()]).await?)
}

/// Jobs that were given up on, latest first, at most [`limits::LIST`].
///
/// # Errors
/// The store fails.
pub async fn dead_letters(db: &Read) -> Result<Vec<Letter>, Error> {
    Ok(db.all(&LETTERS, params![limits::LIST]).await?)
}

/// Where a page of dead letters begins: after the letter that died then.
pub type LetterPlace = (Time, Id<Task>);

/// A kind of job and how many of it were given up on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KindCount {
    pub kind: String,
    pub letters: i64,
}

impl FromRow for KindCount {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            letters: row.get("letters")?,
        })
    }
}

/// At most `rows` dead letters of a kind (of all kinds when empty), latest first, after a place.
///
/// # Errors
/// The store fails.
pub async fn letters_page(
    db: &Read,
    kind: &str,
    after: Option<LetterPlace>,
    rows: i64,
) -> Result<Vec<Letter>, Error> {
    let (at, id) = after.unwrap_or((Time::from_micros(i64::MAX), Id::from_bits(u128::MAX)));
    Ok(db.all(&LETTERS_PAGE, params![kind, at, id, rows]).await?)
}

/// The kinds among the latest [`limits::COUNTED`] dead letters, for a filter.
///
/// # Errors
/// The store fails.
pub async fn letter_kinds(db: &Read) -> Result<Vec<KindCount>, Error> {
    Ok(db.all(&LETTER_KINDS, params![limits::COUNTED]).await?)
}

/// Gives a dead letter another ten runs, starting now, and puts that on record.
///
/// # Errors
/// [`Error::Gone`] when it is not a dead letter any more; [`store::Error::Unique`] when a job with
/// the same key is live.
pub async fn retry_letter(tx: &Write, id: Id<Task>, reason: String) -> Result<(), Error> {
    if tx.run(&RETRY, params![id, tx.now()]).await? == 0 {
        return Err(Error::Gone("dead letter"));
    }
    tx.announce();
    record(tx, "job.retried", id, reason).await
}

/// Decides that a dead letter need not be done, and puts that on record.
///
/// # Errors
/// [`Error::Gone`] when it is not a dead letter any more.
pub async fn drop_letter(tx: &Write, id: Id<Task>, reason: String) -> Result<(), Error> {
    if tx.run(&DROP, params![id, tx.now()]).await? == 0 {
        return Err(Error::Gone("dead letter"));
    }
    record(tx, "job.dropped", id, reason).await
}

async fn record(tx: &Write, action: &str, id: Id<Task>, reason: String) -> Result<(), Error> {
    let entry = Audit {
        action,
        noun: "job",
        id: id.to_string(),
        reason: Some(reason),
        detail: crate::no_detail(),
    };
    audit(tx, entry).await.map(drop)
}

/// Whether a claim would find anything.
pub(crate) async fn is_due(db: &Read) -> Result<bool, Error> {
    let found: i64 = db.only(&IS_DUE, params![db.now()]).await?;
    Ok(found > 0)
}

/// Takes up to `most` due jobs of `kinds`, after freeing those whose process has vanished.
pub(crate) async fn claim(
    store: &Store,
    kinds: &[&'static str],
    most: usize,
) -> Result<Vec<Task>, Error> {
    let kinds = json!(kinds);
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    store
        .write(&Actor::system("journal"), move |tx: Write| {
            let kinds = kinds.clone();
            async move {
                let now = tx.now();
                tx.run(&BURY_EXPIRED, params![now, limits::ATTEMPTS])
                    .await?;
                tx.run(&FREE_EXPIRED, params![now]).await?;
                let tasks = tx
                    .all(&CLAIM, params![kinds, now, now + limits::LEASE, most])
                    .await?;
                Ok::<_, Error>(tasks)
            }
        })
        .await
}

/// Tells that the job is still being worked on. `false` when it was given to another process.
pub(crate) async fn renew(store: &Store, task: &Task) -> Result<bool, Error> {
    let (id, attempt) = (task.id, task.attempt);
    store
        .write(&Actor::system("journal"), move |tx: Write| async move {
            let until = tx.now() + limits::LEASE;
            Ok::<_, Error>(tx.run(&RENEW, params![id, attempt, until]).await? > 0)
        })
        .await
}

/// Writes down what became of a run. The attempt fences off a process that comes back late.
pub(crate) async fn finish(
    store: &Store,
    task: &Task,
    outcome: Result<(), Failure>,
) -> Result<(), Error> {
    let (id, attempt) = (task.id, task.attempt);
    let jitter = jitter(store, backoff_of(&outcome, attempt));
    store
        .write(&Actor::system("journal"), move |tx: Write| {
            let outcome = outcome.clone();
            async move {
                let now = tx.now();
                match outcome {
                    Ok(()) => tx.run(&FINISH, params![id, attempt, now]).await?,
                    Err(Failure::Again(why)) if attempt < limits::ATTEMPTS => {
                        tx.run(&DELAY, params![id, attempt, now + jitter, clip(&why)])
                            .await?
                    }
                    Err(failure) => {
                        tx.run(&BURY, params![id, attempt, now, clip(failure.reason())])
                            .await?
                    }
                };
                Ok::<_, Error>(())
            }
        })
        .await
}

fn backoff_of(outcome: &Result<(), Failure>, attempt: i64) -> Duration {
    if outcome.is_ok() {
        Duration::ZERO
    } else {
        crate::backoff(attempt)
    }
}

/// Up to a tenth more, so that jobs which failed together do not come back together.
fn jitter(store: &Store, pause: Duration) -> Duration {
    let tenth = u32::try_from(pause.as_millis() / 10).unwrap_or(u32::MAX);
    pause + Duration::from_millis(u64::from(store.env().below(tenth)))
}
