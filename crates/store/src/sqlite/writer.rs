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
    let mut done: Vec<Box<dyn Job>> = Vec::new();
    let mut next = Some(first);
    let mut is_stopping = false;
    let mut state = step(&lock(lent), "BEGIN IMMEDIATE");
    while let Some(mut job) = next {
        if state.is_ok() {
            state = run_one(lent, job.as_mut());
        }
        done.push(job);
        next = None;
        if done.len() < limits::WRITE_BATCH {
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
            writes = done.len(),
            "a batch of writes failed"
        );
        abandon(lent);
    }
    for job in done {
        job.finish(state.clone());
    }
    is_stopping
}

/// Runs one request in its own savepoint, so that its refusal does not touch the others.
fn run_one(lent: &Lent, job: &mut dyn Job) -> Result<(), Error> {
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
