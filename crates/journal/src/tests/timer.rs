//! Rules of timers.

use std::{sync::Arc, time::Duration};

use kernel::FakeEnv;
use serde_json::json;
use store::{Store, Write};

use super::{Seen, note, runner, system, words};
use crate::{
    Error, MIGRATIONS, Runner,
    timer::{self, State, Timer},
};

const HOUR: Duration = Duration::from_secs(3_600);

async fn set(store: &Store, key: &'static str, after: Duration) {
    let set: Result<(), Error> = store
        .write(&system(), move |tx: Write| async move {
            timer::set(&tx, "ring", key, tx.now() + after, json!({ "key": key })).await
        })
        .await;
    set.unwrap();
}

async fn find(store: &Store, key: &'static str) -> Option<Timer> {
    store
        .read(move |db| async move { timer::find(&db, key).await })
        .await
        .unwrap()
}

fn bell(store: &Store) -> (Runner, Seen) {
    let seen = Seen::default();
    let handler = Arc::clone(&seen);
    let runner = runner(store).on("ring", move |task| {
        note(&handler, task.payload["key"].as_str().unwrap());
        async { Ok(()) }
    });
    (runner, seen)
}

store::db_tests! {
    [&MIGRATIONS];

    async fn a_timer_fires_once_when_it_is_due(store: Store, clock: FakeEnv) {
        let (mut runner, seen) = bell(&store);
        set(&store, "b", HOUR * 2).await;
        set(&store, "a", HOUR).await;
        runner.settle().await.unwrap();
        assert!(words(&seen).is_empty());
        clock.advance(HOUR);
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a"]);
        clock.advance(HOUR);
        runner.settle().await.unwrap();
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a", "b"]);
        assert_eq!(find(&store, "a").await.unwrap().state, State::Fired);
    }

    async fn a_timer_set_again_is_moved(store: Store, clock: FakeEnv) {
        let (mut runner, seen) = bell(&store);
        set(&store, "a", HOUR).await;
        set(&store, "a", HOUR * 3).await;
        clock.advance(HOUR * 2);
        runner.settle().await.unwrap();
        assert!(words(&seen).is_empty());
        clock.advance(HOUR);
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a"]);
        set(&store, "a", HOUR).await;
        clock.advance(HOUR);
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a", "a"], "a fired timer can be set anew");
    }

    async fn a_cancelled_timer_never_fires(store: Store, clock: FakeEnv) {
        let (mut runner, seen) = bell(&store);
        set(&store, "a", HOUR).await;
        let cancel = || {
            let store = store.clone();
            async move {
                let gone: Result<bool, Error> = store
                    .write(&system(), |tx: Write| async move { timer::cancel(&tx, "a").await })
                    .await;
                gone.unwrap()
            }
        };
        assert!(cancel().await);
        assert!(!cancel().await);
        clock.advance(HOUR * 2);
        runner.settle().await.unwrap();
        assert!(words(&seen).is_empty());
        assert_eq!(find(&store, "a").await, None);
    }

    async fn a_paused_timer_keeps_what_it_had_left(store: Store, clock: FakeEnv) {
        let (mut runner, seen) = bell(&store);
        set(&store, "a", HOUR * 5).await;
        clock.advance(HOUR * 2);
        let paused: Result<(bool, bool), Error> = store
            .write(&system(), |tx: Write| async move {
                Ok((timer::pause(&tx, "a").await?, timer::pause(&tx, "a").await?))
            })
            .await;
        assert_eq!(paused.unwrap(), (true, false));
        clock.advance(HOUR * 100);
        runner.settle().await.unwrap();
        assert!(words(&seen).is_empty());
        assert_eq!(find(&store, "a").await.unwrap().remaining(store.env().now()), HOUR * 3);
        let due: Result<_, Error> = store
            .write(&system(), |tx: Write| async move { timer::resume(&tx, "a").await })
            .await;
        assert_eq!(due.unwrap(), Some(store.env().now() + HOUR * 3));
        let again: Result<_, Error> = store
            .write(&system(), |tx: Write| async move { timer::resume(&tx, "a").await })
            .await;
        assert_eq!(again.unwrap(), None);
        clock.advance(HOUR * 3);
        runner.settle().await.unwrap();
        assert_eq!(words(&seen), ["a"]);
    }
}

async fn keys(store: &Store, search: timer::Search) -> Vec<String> {
    store
        .read(move |db| {
            let search = search.clone();
            async move { timer::search(&db, &search, 2).await }
        })
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.key)
        .collect()
}

store::db_tests! {
    [&MIGRATIONS];

    async fn timers_are_searched_by_state_or_by_how_their_key_begins(store: Store, clock: FakeEnv) {
        for (key, hours) in [("case/1/promise", 3), ("case/1/state/0", 1), ("case/2/promise", 2)] {
            set(&store, key, HOUR * hours).await;
        }
        let first = keys(&store, timer::Search::default()).await;
        assert_eq!(first, ["case/1/state/0", "case/2/promise"], "the next to fire comes first");
        let last = find(&store, "case/2/promise").await.unwrap();
        let after = timer::Search { after: Some((last.due, last.key)), ..timer::Search::default() };
        assert_eq!(keys(&store, after).await, ["case/1/promise"]);
        let of_case = timer::Search { prefix: "case/1/".into(), ..timer::Search::default() };
        assert_eq!(keys(&store, of_case).await, ["case/1/promise", "case/1/state/0"]);
        let paused: Result<_, Error> = store
            .write(&system(), |tx: Write| async move { timer::pause(&tx, "case/2/promise").await })
            .await;
        assert!(paused.unwrap());
        let standing = timer::Search { state: Some(State::Paused), ..timer::Search::default() };
        assert_eq!(keys(&store, standing).await, ["case/2/promise"]);
        clock.advance(HOUR * 2);
        let counts = store.read(|db| async move { timer::counts(&db).await }).await.unwrap();
        assert_eq!((counts.running, counts.paused, counts.overdue), (2, 1, 1));
    }
}
