//! Rules of the job queue.

use std::{sync::Arc, time::Duration};

use kernel::FakeEnv;
use proptest::prelude::*;
use serde_json::json;
use store::{Store, Write};

use super::{Seen, note, runner, system, words};
use crate::{
    Depth, Error, Failure, Job, Letter, MIGRATIONS, backoff, dead_letters, depth, drop_letter,
    enqueue, limits, queue, retry_letter,
};

async fn ask(store: &Store, kind: &'static str, key: Option<&'static str>) -> bool {
    let asked: Result<_, Error> = store
        .write(&system(), move |tx: Write| async move {
            let job = Job {
                kind,
                key: key.map(str::to_owned),
                payload: json!({ "kind": kind }),
                run_at: tx.now(),
            };
            enqueue(&tx, job).await
        })
        .await;
    asked.unwrap().is_some()
}

async fn letters(store: &Store) -> Vec<Letter> {
    store
        .read(|db| async move { dead_letters(&db).await })
        .await
        .unwrap()
}

async fn depth_of(store: &Store) -> Depth {
    store
        .read(|db| async move { depth(&db).await })
        .await
        .unwrap()
}

store::db_tests! {
    [&MIGRATIONS];

    async fn a_job_is_done_once_and_only_if_the_write_was(store: Store) {
        assert!(ask(&store, "letter", None).await);
        let refused: Result<(), Error> = store
            .write(&system(), |tx: Write| async move {
                let job = Job { kind: "letter", key: None, payload: json!({}), run_at: tx.now() };
                enqueue(&tx, job).await?;
                Err(Error::Gone("case"))
            })
            .await;
        refused.unwrap_err();
        let seen = Seen::default();
        let handler = Arc::clone(&seen);
        let mut runner = runner(&store).on("letter", move |task| {
            note(&handler, format!("{} {}", task.payload["kind"], task.attempt));
            async { Ok(()) }
        });
        runner.settle().await.unwrap();
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["\"letter\" 1"]);
        assert_eq!(runner.gauge().read().jobs_done, 1);
    }

    async fn a_key_is_taken_while_its_job_is_live(store: Store) {
        assert!(ask(&store, "letter", Some("case-1")).await);
        assert!(!ask(&store, "letter", Some("case-1")).await);
        assert!(ask(&store, "letter", Some("case-2")).await);
        assert!(ask(&store, "other", Some("case-1")).await);
        let mut runner = runner(&store).on("letter", |_| async { Ok(()) });
        runner.settle().await.unwrap();
        assert!(ask(&store, "letter", Some("case-1")).await, "free again");
        assert_eq!(depth_of(&store).await.ready, 2, "a job nobody handles waits");
    }

    async fn a_job_waits_for_its_time(store: Store, clock: FakeEnv) {
        let asked: Result<_, Error> = store
            .write(&system(), |tx: Write| async move {
                let run_at = tx.now() + Duration::from_secs(60);
                let job = Job { kind: "later", key: None, payload: json!({}), run_at };
                enqueue(&tx, job).await
            })
            .await;
        asked.unwrap();
        let mut runner = runner(&store).on("later", |_| async { Ok(()) });
        runner.settle().await.unwrap();
        assert_eq!((depth_of(&store).await.ready, depth_of(&store).await.due), (1, 0));
        clock.advance(Duration::from_secs(60));
        runner.settle().await.unwrap();
        assert_eq!(depth_of(&store).await.ready, 0);
    }

    async fn a_failing_job_is_tried_ten_times_and_then_lies_in_sight(store: Store, clock: FakeEnv) {
        ask(&store, "flaky", Some("k")).await;
        let seen = Seen::default();
        let handler = Arc::clone(&seen);
        let mut runner = runner(&store).on("flaky", move |task| {
            note(&handler, task.attempt.to_string());
            async { Err(Failure::Again("the other side is down".to_owned())) }
        });
        for _ in 0..20 {
            runner.settle().await.unwrap();
            clock.advance(limits::BACKOFF_MOST * 2);
        }
        assert_eq!(words(&seen).len(), 10);
        let dead = letters(&store).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(dead[0].last_error.as_deref(), Some("the other side is down"));
        let id = dead[0].id;
        let retried: Result<(), Error> = store
            .write(&system(), move |tx: Write| async move {
                retry_letter(&tx, id, "it is up again".to_owned()).await
            })
            .await;
        retried.unwrap();
        assert!(letters(&store).await.is_empty());
        runner.settle().await.unwrap();
        assert_eq!(words(&seen).len(), 11, "it starts anew");
    }

    async fn a_letter_can_be_dropped_once_and_its_end_is_on_record(store: Store) {
        ask(&store, "hopeless", None).await;
        let mut runner = runner(&store)
            .on("hopeless", |_| async { Err(Failure::Dead("no such address".to_owned())) });
        runner.settle().await.unwrap();
        let id = letters(&store).await[0].id;
        let dropped = |reason: &'static str| {
            let store = store.clone();
            async move {
                store
                    .write(&system(), move |tx: Write| async move {
                        drop_letter(&tx, id, reason.to_owned()).await
                    })
                    .await
            }
        };
        dropped("sent by post").await.unwrap();
        assert!(matches!(dropped("again").await, Err(Error::Gone(_))));
        let record = store
            .read(move |db| async move { crate::audit_of(&db, "job", &id.to_string()).await })
            .await
            .unwrap();
        assert_eq!(record.len(), 1);
        assert_eq!(record[0].reason.as_deref(), Some("sent by post"));
    }

    async fn a_panicking_handler_fails_its_job_alone(store: Store) {
        ask(&store, "panics", None).await;
        ask(&store, "fine", None).await;
        let mut runner = runner(&store)
            .on("panics", |_| async { panic!("a defect in a handler") })
            .on("fine", |_| async { Ok(()) });
        runner.settle().await.unwrap();
        let depth = depth_of(&store).await;
        assert_eq!((depth.ready, depth.running), (1, 0), "it waits for its next run");
    }

    async fn a_job_of_a_vanished_process_is_given_to_another(store: Store, clock: FakeEnv) {
        ask(&store, "long", None).await;
        let first = queue::claim(&store, &["long"], 5).await.unwrap();
        assert_eq!(first.len(), 1);
        assert!(queue::claim(&store, &["long"], 5).await.unwrap().is_empty());
        clock.advance(limits::LEASE / 2);
        assert!(queue::renew(&store, &first[0]).await.unwrap());
        clock.advance(limits::LEASE / 2 + Duration::from_secs(1));
        assert!(queue::claim(&store, &["long"], 5).await.unwrap().is_empty(), "it was renewed");
        clock.advance(limits::LEASE);
        let second = queue::claim(&store, &["long"], 5).await.unwrap();
        assert_eq!(second[0].attempt, 2);
        assert!(!queue::renew(&store, &first[0]).await.unwrap());
        queue::finish(&store, &first[0], Ok(())).await.unwrap();
        assert_eq!(depth_of(&store).await.running, 1, "the late one is fenced off");
        queue::finish(&store, &second[0], Ok(())).await.unwrap();
        assert_eq!(depth_of(&store).await.running, 0);
    }

    async fn two_runners_share_the_work_without_doing_it_twice(store: Store) {
        for _ in 0..60 {
            ask(&store, "shared", None).await;
        }
        let seen = Seen::default();
        let runners = (0..2).map(|_| {
            let handler = Arc::clone(&seen);
            let mut runner = runner(&store).on("shared", move |task| {
                note(&handler, task.id.to_string());
                async {
                    tokio::task::yield_now().await;
                    Ok(())
                }
            });
            async move { runner.settle().await }
        });
        for settled in futures::future::join_all(runners).await {
            settled.unwrap();
        }
        let mut ids = words(&seen);
        assert_eq!(ids.len(), 60);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 60);
    }

    async fn a_stopping_runner_finishes_what_it_has_begun(store: Store) {
        ask(&store, "slow", None).await;
        let (begun, began) = tokio::sync::mpsc::channel(1);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = runner(&store).on("slow", move |_| {
            let begun = begun.clone();
            async move {
                begun.send(()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok(())
            }
        });
        let gauge = running.gauge();
        let running = tokio::spawn(running.run(async move { drop(stopped.await) }));
        let mut began = began;
        began.recv().await.unwrap();
        stop.send(()).unwrap();
        running.await.unwrap();
        assert_eq!(gauge.read().jobs_done, 1);
    }

    async fn a_chore_runs_by_the_clock(store: Store, clock: FakeEnv) {
        let seen = Seen::default();
        let chore = Arc::clone(&seen);
        let mut runner = runner(&store).every("tidy", Duration::from_secs(60), move || {
            note(&chore, "tidied");
            async { Ok(()) }
        });
        runner.settle().await.unwrap();
        runner.settle().await.unwrap();
        assert_eq!(words(&seen).len(), 1);
        clock.advance(Duration::from_secs(60));
        runner.settle().await.unwrap();
        assert_eq!(words(&seen).len(), 2);
    }
}

proptest! {
    #[test]
    fn pauses_grow_and_are_bounded(attempt in -5_i64..10_000) {
        prop_assert!(backoff(attempt) >= limits::BACKOFF_FIRST);
        prop_assert!(backoff(attempt) <= limits::BACKOFF_MOST);
        prop_assert!(backoff(attempt) <= backoff(attempt + 1));
    }
}

store::db_tests! {
    [&MIGRATIONS];

    async fn dead_letters_are_paged_and_counted_by_kind(store: Store, clock: FakeEnv) {
        for (kind, key) in [("a", "1"), ("b", "2"), ("a", "3")] {
            ask(&store, kind, Some(key)).await;
            let mut runner = runner(&store)
                .on("a", |_| async { Err(Failure::Dead("no".to_owned())) })
                .on("b", |_| async { Err(Failure::Dead("no".to_owned())) });
            runner.settle().await.unwrap();
            clock.advance(Duration::from_secs(1));
        }
        let (kinds, page) = store
            .read(|db| async move {
                Ok::<_, Error>((
                    crate::letter_kinds(&db).await?,
                    crate::letters_page(&db, "a", None, 1).await?,
                ))
            })
            .await
            .unwrap();
        let kinds: Vec<_> = kinds.iter().map(|one| (one.kind.as_str(), one.letters)).collect();
        assert_eq!(kinds, [("a", 2), ("b", 1)]);
        assert_eq!(page[0].key.as_deref(), Some("3"));
        let after = Some((page[0].died_at.unwrap(), page[0].id));
        let rest = store
            .read(move |db| async move { crate::letters_page(&db, "", after, 9).await })
            .await
            .unwrap();
        let keys: Vec<_> = rest.iter().map(|one| one.key.as_deref().unwrap()).collect();
        assert_eq!(keys, ["2", "1"]);
    }
}
