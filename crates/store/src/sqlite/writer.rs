//! The one thread that writes: many requests, one durable commit.

use std::{
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{
    Message,
    job::Job,
    link::{Lent, lock, step},
};
use crate::{Error, limits};

pub(crate) fn start(
    connection: Connection,
    mut queue: mpsc::Receiver<Message>,
) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let lent = Arc::new(Mutex::new(connection));
            while let Some(Message::Job(first)) = queue.blocking_recv() {
                if batch(&lent, first, &mut queue) {
                    break;
                }
            }
        })
        .map_err(|error| Error::Config(format!("the writer thread cannot start: {error}")))
}

/// Runs `first` and whatever else is waiting in one transaction, and tells whether the thread was
/// asked to stop. While one batch is being made durable the next one gathers in the queue, so no
/// request ever waits for others to arrive.
fn batch(lent: &Lent, first: Box<dyn Job>, queue: &mut mpsc::Receiver<Message>) -> bool {
    let mut jobs = Vec::new();
    let mut next = Some(first);
    let mut is_stopping = false;
    let mut guard = Guard::None;
    let mut state = step(&lock(lent), "BEGIN IMMEDIATE");
    while let Some(job) = next {
        jobs.push(job);
        if state.is_ok() {
            state = run_last(lent, &mut jobs, &mut guard);
        }
        next = None;
        if jobs.len() < limits::WRITE_BATCH {
            match queue.try_recv() {
                Ok(Message::Job(job)) => next = Some(job),
                Ok(Message::Stop) => is_stopping = true,
                Err(_) => {}
            }
        }
    }
    if state.is_ok() {
        state = step(&lock(lent), "COMMIT");
    }
    if let Err(error) = &state {
        tracing::error!(
            code = error.code(),
            writes = jobs.len(),
            "a batch of writes failed"
        );
        abandon(lent);
    }
    for job in jobs {
        job.finish(state.clone());
    }
    is_stopping
}

/// What stands between one request of a batch and the others.
#[derive(Clone, Copy)]
enum Guard {
    /// Nothing: savepoints cost as much as a small request, and few requests are refused after they
    /// have written.
    None,
    /// A savepoint each.
    Savepoint,
}

/// Runs the last of `jobs`. If it is refused after it has written, and nothing guards the others, the
/// batch begins again with a savepoint for each: a request may run more than once.
fn run_last(lent: &Lent, jobs: &mut [Box<dyn Job>], guard: &mut Guard) -> Result<(), Error> {
    let Some((last, before)) = jobs.split_last_mut() else {
        return Ok(());
    };
    if matches!(guard, Guard::Savepoint) {
        return run_guarded(lent, last.as_mut());
    }
    let rows = lock(lent).total_changes();
    if last.run(lent) || lock(lent).total_changes() == rows {
        return Ok(());
    }
    *guard = Guard::Savepoint;
    step(&lock(lent), "ROLLBACK")?;
    step(&lock(lent), "BEGIN IMMEDIATE")?;
    before
        .iter_mut()
        .chain([last])
        .try_for_each(|job| run_guarded(lent, job.as_mut()))
}

/// Runs one request in its own savepoint, so that its refusal does not touch the others.
fn run_guarded(lent: &Lent, job: &mut dyn Job) -> Result<(), Error> {
    step(&lock(lent), "SAVEPOINT request")?;
    let is_wanted = job.run(lent);
    let connection = lock(lent);
    if !is_wanted {
        step(&connection, "ROLLBACK TO request")?;
    }
    step(&connection, "RELEASE request")
}

/// SQLite has rolled back by itself after some errors (disk full); then there is nothing to undo.
fn abandon(lent: &Lent) {
    let connection = lock(lent);
    if !connection.is_autocommit() && step(&connection, "ROLLBACK").is_err() {
        tracing::error!("a failed batch could not be rolled back");
    }
}
