//! Rules of the Postgres engine alone: running again after a conflict or a broken connection.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use kernel::{Id, Time};

use super::{
    actor, count,
    fixture::{ADD, MIGRATIONS, Note},
};
use crate::{Error, Row, Stmt, Write, limits, params, testing::on_postgres};

static LEAVE: Stmt = Stmt::new("LEAVE", "SELECT pg_terminate_backend(pg_backend_pid())");
static CONFLICT: Stmt = Stmt::new(
    "CONFLICT",
    "DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = '40001'; END $$",
);
static SLEEP: Stmt = Stmt::new("SLEEP", "SET LOCAL statement_timeout = 20");
static LONG: Stmt = Stmt::new("LONG", "SELECT pg_sleep(10)");

/// Adds a row after `trouble` on the first run; gives what each run saw.
async fn troubled(store: &crate::Store, trouble: &'static Stmt) -> Vec<(Time, Id<Note>)> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let written: Result<u64, Error> = store
        .write(&actor(), move |tx: Write| {
            let noted = Arc::clone(&noted);
            async move {
                let id = tx.id();
                let run = {
                    let mut noted = noted.lock().unwrap();
                    noted.push((tx.now(), id));
                    noted.len()
                };
                let added = tx.run(&ADD, params![id, "once", 0]).await?;
                if run == 1 {
                    tx.run(trouble, params![]).await?;
                }
                Ok(added)
            }
        })
        .await;
    assert_eq!(written.unwrap(), 1);
    seen.lock().unwrap().clone()
}

#[test]
fn a_conflict_is_run_again_with_the_same_time_and_identifiers() {
    on_postgres(&[&MIGRATIONS], |store, clock| async move {
        clock.advance(std::time::Duration::from_secs(1));
        let seen = troubled(&store, &CONFLICT).await;
        assert_eq!(seen.len(), 2);
        assert_eq!(seen[0], seen[1]);
        assert_eq!(count(&store).await, 1);
    });
}

#[test]
fn a_write_whose_connection_broke_is_run_again_on_another() {
    on_postgres(&[&MIGRATIONS], |store, _clock| async move {
        let seen = troubled(&store, &LEAVE).await;
        assert_eq!(seen.len(), 2);
        assert_eq!(count(&store).await, 1);
    });
}

#[test]
fn a_conflict_that_never_ends_is_reported_as_busy() {
    on_postgres(&[&MIGRATIONS], |store, _clock| async move {
        let runs = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&runs);
        let written: Result<u64, Error> = store
            .write(&actor(), move |tx: Write| {
                counted.fetch_add(1, Ordering::Relaxed);
                async move { tx.run(&CONFLICT, params![]).await }
            })
            .await;
        assert!(matches!(written, Err(Error::Busy)), "{written:?}");
        assert_eq!(runs.load(Ordering::Relaxed), limits::WRITE_ATTEMPTS);
    });
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    on_postgres(&[&MIGRATIONS], |store, _clock| async move {
        let slow: Result<Option<Row>, Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&SLEEP, params![]).await?;
                tx.one(&LONG, params![]).await
            })
            .await;
        assert!(matches!(slow, Err(Error::Slow)), "{slow:?}");
        assert_eq!(count(&store).await, 0);
    });
}

#[test]
fn a_read_that_was_dropped_gives_no_open_transaction_back() {
    on_postgres(&[&MIGRATIONS], |store, _clock| async move {
        for _ in 0..20 {
            let read = store.read(|db| async move { db.one::<Row>(&LONG, params![]).await });
            let late = tokio::time::timeout(std::time::Duration::from_millis(10), read).await;
            assert!(late.is_err());
        }
        assert_eq!(count(&store).await, 0);
    });
}
