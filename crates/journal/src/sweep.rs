//! Removing what nobody needs any more, a bounded number of rows at a time.

use kernel::Actor;
use store::{Store, Write, params};

use crate::{Error, limits};

store::sql! {
    JOBS = "DELETE FROM job WHERE id IN (SELECT id FROM job
        WHERE state IN ('done', 'dropped') AND finished_at < $1 ORDER BY finished_at LIMIT $2)";
    EVENTS = "DELETE FROM outbox_event WHERE id IN (SELECT id FROM outbox_event
        WHERE position <= (SELECT MIN(position) FROM outbox_offset) AND at < $1
        ORDER BY position LIMIT $2)";
    TIMERS = "DELETE FROM timer WHERE key IN (SELECT key FROM timer
        WHERE state = 'fired' AND due < $1 ORDER BY due LIMIT $2)";
}

/// How many rows one sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    pub jobs: u64,
    pub events: u64,
    pub timers: u64,
}

/// Removes finished jobs, fired timers, and events that every consumer has read, once they are old
/// enough. Dead letters and audit records stay.
///
/// # Errors
/// The store fails.
pub async fn sweep(store: &Store) -> Result<Swept, Error> {
    store
        .write(&Actor::system("journal"), |tx: Write| async move {
            let done = tx.now() - limits::KEEP_DONE;
            let read = tx.now() - limits::KEEP_EVENTS;
            let jobs = tx.run(&JOBS, params![done, limits::SWEEP_ROWS]).await?;
            let events = tx.run(&EVENTS, params![read, limits::SWEEP_ROWS]).await?;
            let timers = tx.run(&TIMERS, params![done, limits::SWEEP_ROWS]).await?;
            Ok::<_, Error>(Swept {
                jobs,
                events,
                timers,
            })
        })
        .await
}
