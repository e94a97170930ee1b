//! A ledger enters each event exactly once.

use std::time::Duration;

use kernel::FakeEnv;
use serde_json::json;
use store::{Store, Write, params};

use super::{runner, system};
use crate::{Error, Event, Failure, MIGRATIONS, Runner, consumers, emit, limits};

// A table of any owner shows what a ledger wrote: here the dates of suspensions.
store::sql! {
    ENTER = "INSERT INTO suspension (id, reason, note, starts_at, declared_at)
        VALUES ($1, 'other', $2, $3, $3)";
    ENTRIES = "SELECT note FROM suspension ORDER BY note";
}

async fn tell(store: &Store, count: i64) {
    let told: Result<(), Error> = store
        .write(&system(), move |tx: Write| async move {
            for number in 0..count {
                let subject = format!("{number:04}");
                emit(
                    &tx,
                    Event {
                        kind: "k",
                        subject,
                        data: json!({}),
                    },
                )
                .await?;
            }
            Ok(())
        })
        .await;
    told.unwrap();
}

/// Writes the subject of each event; refuses everything while `is_broken`.
fn ledger(store: &Store, is_broken: bool) -> Runner {
    runner(store).keep("ledger", move |tx, events| async move {
        for event in events.iter() {
            let row = params![tx.id::<()>(), &event.subject, tx.now()];
            tx.run(&ENTER, row).await?;
        }
        if is_broken {
            return Err(Failure::Again("the ink is out".to_owned()));
        }
        Ok(())
    })
}

async fn entries(store: &Store) -> Vec<String> {
    let found: Result<Vec<String>, Error> = store
        .read(|db| async move { Ok(db.all(&ENTRIES, params![]).await?) })
        .await;
    found.unwrap()
}

store::db_tests! {
    [&MIGRATIONS];

    async fn what_a_ledger_writes_stands_once_however_many_feed_it(store: Store) {
        let many = limits::RELAY_BATCH + 20;
        tell(&store, many).await;
        let (mut one, mut two) = (ledger(&store, false), ledger(&store, false));
        let (a, b) = tokio::join!(one.settle(), two.settle());
        a.unwrap();
        b.unwrap();
        ledger(&store, false).settle().await.unwrap();
        let found = entries(&store).await;
        assert_eq!(i64::try_from(found.len()).unwrap(), many);
        assert!(found.windows(2).all(|two| two[0] != two[1]));
    }

    async fn a_failed_entry_leaves_nothing_and_is_tried_again_after_a_pause(
        store: Store,
        clock: FakeEnv,
    ) {
        tell(&store, 3).await;
        ledger(&store, true).settle().await.unwrap();
        assert!(entries(&store).await.is_empty());
        let seen = store.read(|db| async move { consumers(&db).await }).await.unwrap();
        assert_eq!((seen[0].position, seen[0].attempts), (0, 1));
        assert_eq!(seen[0].last_error.as_deref(), Some("the ink is out"));
        ledger(&store, false).settle().await.unwrap();
        assert!(entries(&store).await.is_empty(), "it rests first");
        clock.advance(Duration::from_secs(60));
        ledger(&store, false).settle().await.unwrap();
        assert_eq!(entries(&store).await.len(), 3);
    }
}
