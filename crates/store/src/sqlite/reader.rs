//! The threads that read, each on its own read-only connection, each closure on one snapshot.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{
    Message,
    job::Job,
    link::{Lent, lock, step},
};
use crate::Error;

pub(crate) fn start(
    number: usize,
    connection: Connection,
    queue: Arc<Mutex<mpsc::Receiver<Message>>>,
) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new()
        .name(format!("store-reader-{number}"))
        .spawn(move || {
            let lent = Arc::new(Mutex::new(connection));
            while let Some(Message::Job(job)) = take(&queue) {
                serve(&lent, job);
            }
        })
        .map_err(|error| Error::Config(format!("a reader thread cannot start: {error}")))
}

/// One idle reader waits for the queue, the others wait for it.
fn take(queue: &Mutex<mpsc::Receiver<Message>>) -> Option<Message> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .blocking_recv()
}

fn serve(lent: &Lent, mut job: Box<dyn Job>) {
    // Each call lets go of the connection at once: the closure locks it again for each statement.
    let mut held = step(&lock(lent), "BEGIN");
    if held.is_ok() {
        job.run(lent);
        held = step(&lock(lent), "COMMIT");
    }
    if held.is_err() {
        let connection = lock(lent);
        if !connection.is_autocommit() && step(&connection, "ROLLBACK").is_err() {
            tracing::error!("a failed read could not be ended");
        }
    }
    job.finish(held);
}
