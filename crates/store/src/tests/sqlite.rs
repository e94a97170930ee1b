//! Rules of the SQLite engine alone: the shared commit, the queue, backup.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use kernel::Id;

use super::{
    actor, add, count,
    fixture::{ADD, MIGRATIONS, Note},
};
use crate::{
    Error, Progress, Stmt, Store, StoreConfig, Write, limits, params, restore,
    testing::{on_postgres, on_sqlite, sqlite_database},
};

/// Counts for far longer than a test lasts.
static ENDLESS: Stmt = Stmt::new(
    "ENDLESS",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000)
    SELECT COUNT(*) FROM n",
);

#[test]
fn a_refused_write_does_not_fail_the_others_of_its_batch() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        let writes = (0..300_u32).map(|number| {
            let store = store.clone();
            async move {
                let written: Result<(), Error> = store
                    .write(&actor(), move |tx: Write| async move {
                        tx.run(&ADD, params![tx.id::<Note>(), format!("w{number}"), 0])
                            .await?;
                        match number % 3 {
                            0 => Err(Error::Busy),
                            1 => Ok(()),
                            _ => panic!("a defect in a closure"),
                        }
                    })
                    .await;
                (number, written)
            }
        });
        for (number, written) in futures::future::join_all(writes).await {
            assert_eq!(written.is_ok(), number % 3 == 1, "{number}: {written:?}");
        }
        assert_eq!(count(&store).await, 100);
    });
}

#[test]
fn a_refusal_before_anything_is_written_makes_nobody_run_again() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        let runs = Arc::new(AtomicU32::new(0));
        let writes = (0..300_u32).map(|number| {
            let (store, runs) = (store.clone(), Arc::clone(&runs));
            async move {
                let written: Result<(), Error> = store
                    .write(&actor(), move |tx: Write| {
                        let runs = Arc::clone(&runs);
                        async move {
                            runs.fetch_add(1, Ordering::Relaxed);
                            if number % 2 == 0 {
                                return Err(Error::Busy);
                            }
                            tx.run(&ADD, params![tx.id::<Note>(), format!("w{number}"), 0])
                                .await
                                .map(drop)
                        }
                    })
                    .await;
                assert_eq!(written.is_ok(), number % 2 == 1, "{number}: {written:?}");
            }
        });
        futures::future::join_all(writes).await;
        assert_eq!(count(&store).await, 150);
        assert_eq!(runs.load(Ordering::Relaxed), 300);
    });
}

#[test]
fn a_closure_that_waits_for_something_else_is_refused() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        let refused: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD, params![tx.id::<Note>(), "stuck", 0]).await?;
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
        assert!(matches!(refused, Err(Error::Awaited)), "{refused:?}");
        let refused: Result<(), Error> = store
            .read(|_| async move {
                std::future::pending::<()>().await;
                Ok(())
            })
            .await;
        assert!(matches!(refused, Err(Error::Awaited)), "{refused:?}");
        assert_eq!(count(&store).await, 0);
    });
}

#[test]
fn a_full_queue_waits_and_then_everything_is_written() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        let writes = limits::WRITE_QUEUE + limits::WRITE_BATCH * 2;
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..writes {
            let store = store.clone();
            tasks.spawn(async move {
                let written: Result<u64, Error> = store
                    .write(&actor(), move |tx: Write| async move {
                        tx.run(&ADD, params![tx.id::<Note>(), number.to_string(), 0])
                            .await
                    })
                    .await;
                written.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(count(&store).await, i64::try_from(writes).unwrap());
        assert_eq!(store.traffic().waiting, 0);
    });
}

#[test]
fn two_processes_share_one_file() {
    crate::check::block_on(async {
        let database = sqlite_database(&[&MIGRATIONS]).await;
        let (env, _clock) = kernel::Env::fake(crate::testing::START, 9);
        let second = Store::open(&database.config, env, &[&MIGRATIONS])
            .await
            .unwrap();
        let both = [database.store.clone(), second.clone()];
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..40_usize {
            let store = both[number % 2].clone();
            tasks.spawn(async move {
                let written: Result<u64, Error> = store
                    .write(&actor(), move |tx: Write| async move {
                        tx.run(&ADD, params![tx.id::<Note>(), number.to_string(), 0])
                            .await
                    })
                    .await;
                written.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(count(&second).await, 40);
        second.close().await;
        database.discard().await;
    });
}

#[test]
fn a_backup_taken_under_load_is_whole_and_can_be_opened() {
    crate::check::block_on(async {
        let database = sqlite_database(&[&MIGRATIONS]).await;
        let store = database.store.clone();
        for word in ["one", "two", "three"] {
            add(&store, word, 0).await.unwrap();
        }
        let load = tokio::spawn({
            let store = store.clone();
            async move {
                for number in 0..200 {
                    let written: Result<u64, Error> = store
                        .write(&actor(), move |tx: Write| async move {
                            tx.run(&ADD, params![tx.id::<Note>(), format!("n{number}"), 0])
                                .await
                        })
                        .await;
                    written.unwrap();
                }
            }
        });
        let live = database.config.url.trim_start_matches("sqlite:").to_owned();
        let target = std::path::Path::new(&live).with_file_name("copy.db");
        store.backup(&target, |_| {}).await.unwrap();
        assert!(
            matches!(store.backup(&target, |_| {}).await, Err(Error::Backup(_))),
            "it exists"
        );
        load.await.unwrap();
        Store::check_backup(&target).await.unwrap();
        let restored = target.with_file_name("restored.db");
        restore(&target, &restored, |_| {}).unwrap();
        assert!(
            matches!(restore(&target, &restored, |_| {}), Err(Error::Backup(_))),
            "it exists"
        );
        let config = StoreConfig::new(format!("sqlite:{}", restored.display()));
        let (env, _clock) = kernel::Env::fake(crate::testing::START, 9);
        let copy = Store::open(&config, env, &[&MIGRATIONS]).await.unwrap();
        assert!((3..=203).contains(&count(&copy).await));
        copy.close().await;
        std::fs::write(
            &target,
            b"this is no database at all, whatever its name says",
        )
        .unwrap();
        assert!(Store::check_backup(&target).await.is_err());
        let elsewhere = target.with_file_name("elsewhere.db");
        assert!(restore(&target, &elsewhere, |_| {}).is_err());
        assert!(!elsewhere.exists() && !elsewhere.with_extension("part").exists());
        std::fs::write(
            target.with_file_name("elsewhere.db-wal"),
            b"of another life",
        )
        .unwrap();
        let stale = restore(&restored, &elsewhere, |_| {});
        assert!(matches!(stale, Err(Error::Backup(words)) if words.contains("-wal")));
        database.discard().await;
    });
}

#[test]
fn a_backup_and_a_restore_tell_how_far_they_are() {
    crate::check::block_on(async {
        let database = sqlite_database(&[&MIGRATIONS]).await;
        let live = database.config.url.trim_start_matches("sqlite:").to_owned();
        let target = std::path::Path::new(&live).with_file_name("told.db");
        let (told, heard) = std::sync::mpsc::channel();
        let of_restore = told.clone();
        let watch = move |progress| told.send(progress).unwrap();
        database.store.backup(&target, watch).await.unwrap();
        assert!(told_all(&heard.try_iter().collect::<Vec<_>>()));
        let watch = move |progress| of_restore.send(progress).unwrap();
        restore(&target, &target.with_file_name("told-again.db"), watch).unwrap();
        assert!(told_all(&heard.try_iter().collect::<Vec<_>>()));
        database.discard().await;
    });
}

/// Copying is told to its last byte, and the check after it.
fn told_all(heard: &[Progress]) -> bool {
    let whole = heard
        .iter()
        .any(|one| matches!(one, Progress::Copied { bytes, of } if bytes == of && *of > 0));
    whole && heard.last() == Some(&Progress::Checking)
}

#[test]
fn a_backup_of_postgres_names_the_right_tool() {
    on_postgres(&[&MIGRATIONS], |store, _clock| async move {
        let refused = store.backup(std::path::Path::new("never.db"), |_| {}).await;
        assert!(matches!(refused, Err(Error::Backup(words)) if words.contains("pg_dump")));
    });
}

#[test]
fn the_file_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    crate::check::block_on(async {
        let database = sqlite_database(&[&MIGRATIONS]).await;
        let live = database.config.url.trim_start_matches("sqlite:").to_owned();
        let fresh = std::path::Path::new(&live).with_file_name("fresh.db");
        let config = StoreConfig::new(format!("sqlite:{}", fresh.display()));
        let (env, _clock) = kernel::Env::fake(crate::testing::START, 9);
        let store = Store::open(&config, env, &[&MIGRATIONS]).await.unwrap();
        let id: Result<Id<Note>, Error> = add(&store, "secret", 0).await;
        id.unwrap();
        for name in ["fresh.db", "fresh.db-wal"] {
            let mode = std::fs::metadata(fresh.with_file_name(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name}");
        }
        store.close().await;
        database.discard().await;
    });
}

#[test]
fn a_write_queued_before_the_end_is_finished() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        let writing = tokio::spawn({
            let store = store.clone();
            async move { add(&store, "last", 0).await }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        store.close().await;
        writing.await.unwrap().unwrap();
    });
}

#[test]
fn a_read_whose_caller_went_away_is_stopped() {
    on_sqlite(&[&MIGRATIONS], |store, _clock| async move {
        // More of them than readers: only stopped reads leave a thread for the last one.
        for _ in 0..6 {
            let read = store.read(|db| async move { db.one::<i64>(&ENDLESS, params![]).await });
            let late = tokio::time::timeout(Duration::from_millis(50), read).await;
            assert!(late.is_err());
        }
        assert_eq!(count(&store).await, 0);
    });
}
