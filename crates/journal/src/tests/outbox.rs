//! Rules of the outbox.

use std::time::Duration;

use kernel::FakeEnv;
use serde_json::json;
use store::{Store, Write};

use super::{Seen, note, runner, system, words};
use crate::{
    Error, Event, Failure, MIGRATIONS, consumers, emit, events_after, limits, outbox, sweep,
};

async fn tell(store: &Store, subject: String) {
    let told: Result<_, Error> = store
        .write(&system(), move |tx: Write| {
            let subject = subject.clone();
            async move {
                let event = Event {
                    kind: "causeway.test.happened.v1",
                    subject,
                    data: json!({}),
                };
                emit(&tx, event).await
            }
        })
        .await;
    told.unwrap();
}

async fn subjects(store: &Store) -> Vec<String> {
    let events = store
        .read(|db| async move { events_after(&db, 0).await })
        .await
        .unwrap();
    events.into_iter().map(|event| event.subject).collect()
}

store::db_tests! {
    [&MIGRATIONS];

    async fn an_event_is_read_once_it_has_its_number(store: Store) {
        tell(&store, "a".to_owned()).await;
        assert!(subjects(&store).await.is_empty());
        assert_eq!(outbox::relay(&store).await.unwrap(), 1);
        assert_eq!(outbox::relay(&store).await.unwrap(), 0);
        assert_eq!(subjects(&store).await, ["a"]);
        let events = store.read(|db| async move { events_after(&db, 0).await }).await.unwrap();
        let cloud = events[0].cloud_event("/causeway");
        assert_eq!(cloud["specversion"], "1.0");
        assert_eq!(cloud["type"], "causeway.test.happened.v1");
        assert_eq!(cloud["subject"], "a");
        assert_eq!(cloud["id"], json!(events[0].id));
    }

    async fn events_of_one_write_keep_their_order(store: Store) {
        let told: Result<(), Error> = store
            .write(&system(), |tx: Write| async move {
                for number in 0..50 {
                    let subject = format!("{number:02}");
                    emit(&tx, Event { kind: "k", subject, data: json!({}) }).await?;
                }
                Ok(())
            })
            .await;
        told.unwrap();
        outbox::relay(&store).await.unwrap();
        let read = subjects(&store).await;
        assert_eq!(read.len(), 50);
        assert!(read.is_sorted());
    }

    async fn a_consumer_beside_many_writers_misses_nothing(store: Store) {
        let seen = Seen::default();
        let listener = std::sync::Arc::clone(&seen);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = runner(&store).consume("reader", move |event| {
            note(&listener, format!("{} {}", event.position, event.subject));
            async { Ok(()) }
        });
        let running = tokio::spawn(running.run(async move { drop(stopped.await) }));
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let store = store.clone();
            writers.spawn(async move {
                for number in 0..15 {
                    tell(&store, format!("{writer}-{number}")).await;
                }
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        for _ in 0..500 {
            if words(&seen).len() >= 120 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.send(()).unwrap();
        running.await.unwrap();
        let seen = words(&seen);
        let positions: Vec<i64> =
            seen.iter().map(|word| word.split_once(' ').unwrap().0.parse().unwrap()).collect();
        assert_eq!(positions, (1..=120).collect::<Vec<_>>(), "each once, in order, without a gap");
        let subjects: std::collections::BTreeSet<_> =
            seen.iter().map(|word| word.split_once(' ').unwrap().1.to_owned()).collect();
        assert_eq!(subjects.len(), 120);
    }

    async fn a_consumer_that_fails_tries_the_same_event_again_after_a_pause(store: Store, clock: FakeEnv) {
        for subject in ["a", "b", "c"] {
            tell(&store, subject.to_owned()).await;
            clock.advance(Duration::from_millis(1));
        }
        let seen = Seen::default();
        let listener = std::sync::Arc::clone(&seen);
        let mut runner = runner(&store).consume("picky", move |event| {
            note(&listener, event.subject.clone());
            let tries = words(&listener).iter().filter(|word| *word == "b").count();
            async move {
                if event.subject == "b" && tries < 2 {
                    return Err(Failure::Again("not yet".to_owned()));
                }
                Ok(())
            }
        });
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a", "b"]);
        let state = store.read(|db| async move { consumers(&db).await }).await.unwrap();
        assert_eq!((state[0].position, state[0].behind, state[0].attempts), (1, 2, 1));
        assert_eq!(state[0].last_error.as_deref(), Some("not yet"));
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a", "b"], "it rests first");
        clock.advance(limits::BACKOFF_FIRST + Duration::from_secs(1));
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a", "b", "b", "c"]);
        let state = store.read(|db| async move { consumers(&db).await }).await.unwrap();
        assert_eq!((state[0].position, state[0].behind, state[0].attempts), (3, 0, 0));
    }

    async fn two_processes_do_not_feed_one_consumer_at_once(store: Store, clock: FakeEnv) {
        tell(&store, "a".to_owned()).await;
        outbox::relay(&store).await.unwrap();
        let first = outbox::lease(&store, "shared", "one").await.unwrap();
        assert!(first.is_some());
        assert!(outbox::lease(&store, "shared", "two").await.unwrap().is_none());
        clock.advance(limits::LEASE + Duration::from_secs(1));
        assert!(outbox::lease(&store, "shared", "two").await.unwrap().is_some());
        outbox::advance(&store, first.unwrap(), 1).await.unwrap();
        let state = store.read(|db| async move { consumers(&db).await }).await.unwrap();
        assert_eq!(state[0].position, 0, "the first has lost its right");
    }

    async fn events_are_removed_when_old_and_read_by_all(store: Store, clock: FakeEnv) {
        tell(&store, "a".to_owned()).await;
        tell(&store, "b".to_owned()).await;
        let mut runner = runner(&store)
            .consume("one", |_| async { Ok(()) })
            .consume("two", |_| async { Ok(()) });
        runner.settle().await.unwrap();
        assert_eq!(sweep(&store).await.unwrap().events, 0);
        clock.advance(limits::KEEP_EVENTS + Duration::from_secs(1));
        tell(&store, "c".to_owned()).await;
        outbox::relay(&store).await.unwrap();
        assert_eq!(sweep(&store).await.unwrap().events, 2);
        assert_eq!(subjects(&store).await, ["c"]);
    }
}
