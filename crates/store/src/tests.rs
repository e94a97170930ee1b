//! The rules of the store, on both engines.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use kernel::{Actor, Date, Id, Money, Time};
use serde_json::json;

use crate::{Error, Row, Store, Value, Write, params};

mod fixture;
mod migration;
mod postgres;
mod sqlite;
mod stmt;

use fixture::{
    ADD, ADD_REMARK, ALL_WORDS, ANY_OF, BY_ID_AND_COUNT, COUNT, FIND, MIGRATIONS, Note, SAMPLE,
    SAMPLE_BACK, SET, SUM, WORDS_LIKE,
};

crate::check_tests!([&MIGRATIONS], fixture::STATEMENTS);

fn actor() -> Actor {
    Actor::system("test")
}

async fn add(store: &Store, word: &'static str, count: i64) -> Result<Id<Note>, Error> {
    store
        .write(&actor(), move |tx: Write| async move {
            let id = tx.id();
            tx.run(&ADD, params![id, word, count]).await?;
            Ok(id)
        })
        .await
}

async fn count(store: &Store) -> i64 {
    store
        .read(|db| async move { db.only(&COUNT, params![]).await })
        .await
        .map_err(|e: Error| e)
        .unwrap()
}

async fn find(store: &Store, id: Id<Note>) -> Option<Note> {
    let found: Result<_, Error> = store
        .read(move |db| async move { db.one(&FIND, params![id]).await })
        .await;
    found.unwrap()
}

crate::db_tests! {
    [&MIGRATIONS];

    async fn a_row_written_is_read_back(store: Store) {
        let id = add(&store, "first", 3).await.unwrap();
        let note = find(&store, id).await.unwrap();
        assert_eq!(note, Note { id, word: "first".to_owned(), count: 3 });
    }

    async fn every_kind_of_value_survives_the_way_there_and_back(store: Store) {
        let date = Date::new(2026, 11, 23).unwrap();
        let detail = json!({ "z": 1, "a": ["香港", null, 1.5] });
        let row: Result<Row, Error> = store
            .write(&actor(), move |tx: Write| {
                let detail = detail.clone();
                async move {
                    let id: Id<Note> = Id::from_bits(7);
                    let sample = params![
                        id, i64::MIN, true, "龍 with 'quotes'", Time::from_micros(-1), date, detail,
                        vec![0_u8, 255], 0.1, Money::from_cents(90_000), None::<String>,
                    ];
                    tx.run(&SAMPLE, sample).await?;
                    tx.only(&SAMPLE_BACK, params![id]).await
                }
            })
            .await;
        let row = row.unwrap();
        assert_eq!(row.get::<Id<Note>>("id").unwrap(), Id::from_bits(7));
        assert_eq!(row.get::<i64>("whole").unwrap(), i64::MIN);
        assert!(row.get::<bool>("flag").unwrap());
        assert_eq!(row.get::<String>("word").unwrap(), "龍 with 'quotes'");
        assert_eq!(row.get::<Time>("moment").unwrap(), Time::from_micros(-1));
        assert_eq!(row.get::<Date>("day").unwrap(), date);
        let text: String = row.get("detail").unwrap();
        assert_eq!(text, r#"{"z":1,"a":["香港",null,1.5]}"#, "JSON keeps its order");
        assert_eq!(row.get::<Vec<u8>>("raw").unwrap(), [0, 255]);
        assert!((row.get::<f64>("share").unwrap() - 0.1).abs() < f64::EPSILON);
        assert_eq!(row.get::<Money>("fee").unwrap().cents(), 90_000);
        assert_eq!(row.get::<Option<String>>("missing").unwrap(), None);
        assert!(matches!(row.get::<i64>("word"), Err(Error::Decode { column, .. }) if column == "word"));
        assert!(matches!(row.get::<i64>("nowhere"), Err(Error::Decode { .. })));
    }

    async fn parameters_are_bound_by_number_not_by_place(store: Store) {
        let id = add(&store, "numbered", 4).await.unwrap();
        let found: Result<Option<Note>, Error> = store
            .read(move |db| async move { db.one(&BY_ID_AND_COUNT, params![id, 4]).await })
            .await;
        assert_eq!(found.unwrap().map(|note| note.id), Some(id));
    }

    async fn a_wrong_number_of_parameters_is_refused(store: Store) {
        let found: Result<Option<Note>, Error> =
            store.read(move |db| async move { db.one(&FIND, params![1, 2]).await }).await;
        assert!(matches!(found, Err(Error::Database { .. })), "{found:?}");
    }

    async fn a_second_row_with_the_same_key_names_its_columns(store: Store) {
        add(&store, "twice", 0).await.unwrap();
        let again = add(&store, "twice", 0).await.unwrap_err();
        assert!(again.is_unique("note.word"), "{again:?}");
        assert_eq!(again.code(), "ST-001");
    }

    async fn a_refused_row_says_which_rule_it_broke(store: Store) {
        let negative = add(&store, "negative", -1).await.unwrap_err();
        assert!(
            matches!(&negative, Error::Check { constraint } if constraint == "note_count_is_positive"),
            "{negative:?}"
        );
        let missing: Result<u64, Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD, params![tx.id::<Note>(), None::<String>, 0]).await
            })
            .await;
        let missing = missing.unwrap_err();
        assert!(
            matches!(&missing, Error::Check { constraint } if constraint == "note.word"),
            "{missing:?}"
        );
        let orphan: Result<u64, Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD_REMARK, params![tx.id::<Note>(), tx.id::<Note>(), None::<String>]).await
            })
            .await;
        assert!(matches!(orphan, Err(Error::ForeignKey)), "{orphan:?}");
    }

    async fn a_refused_write_leaves_nothing_behind(store: Store) {
        let refused: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD, params![tx.id::<Note>(), "lost", 0]).await?;
                Err(Error::Busy)
            })
            .await;
        assert!(matches!(refused, Err(Error::Busy)));
        assert_eq!(count(&store).await, 0);
    }

    async fn a_panic_leaves_nothing_behind_and_the_store_goes_on(store: Store) {
        let refused: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD, params![tx.id::<Note>(), "lost", 0]).await?;
                panic!("a defect in a closure");
            })
            .await;
        assert!(matches!(refused, Err(Error::Panicked)), "{refused:?}");
        let refused: Result<(), Error> =
            store.read(|_| async move { panic!("a defect in a closure") }).await;
        assert!(matches!(refused, Err(Error::Panicked)), "{refused:?}");
        assert_eq!(count(&store).await, 0);
        add(&store, "after", 0).await.unwrap();
        assert_eq!(count(&store).await, 1);
    }

    async fn a_failed_statement_dooms_the_write_that_ignores_it(store: Store) {
        add(&store, "there", 0).await.unwrap();
        let doomed: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.run(&ADD, params![tx.id::<Note>(), "new", 0]).await?;
                let refused = tx.run(&ADD, params![tx.id::<Note>(), "there", 0]).await;
                assert!(matches!(refused, Err(Error::Unique { .. })));
                let after = tx.run(&ADD, params![tx.id::<Note>(), "more", 0]).await;
                assert!(matches!(after, Err(Error::Doomed)), "{after:?}");
                Ok(())
            })
            .await;
        assert!(matches!(doomed, Err(Error::Doomed)), "{doomed:?}");
        assert_eq!(count(&store).await, 1);
    }

    async fn an_attempt_may_fail_without_harm(store: Store) {
        add(&store, "there", 0).await.unwrap();
        let written: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                let refused = tx.attempt(&ADD, params![tx.id::<Note>(), "there", 0]).await;
                assert!(matches!(refused, Err(Error::Unique { .. })), "{refused:?}");
                assert_eq!(tx.attempt(&ADD, params![tx.id::<Note>(), "next", 0]).await?, 1);
                tx.run(&ADD, params![tx.id::<Note>(), "last", 0]).await?;
                Ok(())
            })
            .await;
        written.unwrap();
        assert_eq!(count(&store).await, 3);
    }

    async fn a_handle_is_dead_once_its_closure_has_ended(store: Store) {
        let kept: Result<Write, Error> = store.write(&actor(), |tx: Write| async move { Ok(tx) }).await;
        let late = kept.unwrap().run(&ADD, params![Id::<Note>::from_bits(1), "late", 0]).await;
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
        let kept: Result<_, Error> = store.read(|db| async move { Ok(db) }).await;
        let late = kept.unwrap().one::<Note>(&FIND, params![Id::<Note>::from_bits(1)]).await;
        assert!(matches!(late, Err(Error::Closed)), "{late:?}");
        assert_eq!(count(&store).await, 0);
    }

    async fn a_read_cannot_write(store: Store) {
        let refused: Result<Option<Row>, Error> = store
            .read(|db| async move { db.one(&ADD, params![Id::<Note>::from_bits(1), "sly", 0]).await })
            .await;
        assert!(matches!(refused, Err(Error::Database { .. })), "{refused:?}");
        assert_eq!(count(&store).await, 0);
    }

    async fn a_write_whose_caller_went_away_still_happens(store: Store) {
        {
            let mut caller = std::pin::pin!(add(&store, "orphan", 0));
            // Handed over by the first poll; the caller does not stay to hear of it.
            drop(futures::poll!(caller.as_mut()));
        }
        for _ in 0..200 {
            if count(&store).await == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the write did not happen");
    }

    async fn identifiers_of_one_write_are_in_order_and_the_same_when_run_again(store: Store) {
        let drawn: Result<Vec<Id<Note>>, Error> = store
            .write(&actor(), |tx: Write| async move { Ok((0..100).map(|_| tx.id()).collect()) })
            .await;
        let drawn = drawn.unwrap();
        assert!(drawn.is_sorted_by(|left, right| left < right));
        let draws = crate::handle::Draws::new(store.env().clone());
        let first: Vec<_> = (0..9).map(|_| draws.next(store.env().now())).collect();
        let again = draws.again();
        assert_eq!(first, (0..9).map(|_| again.next(store.env().now())).collect::<Vec<_>>());
    }

    async fn lost_updates_do_not_happen(store: Store) {
        let id = add(&store, "counter", 0).await.unwrap();
        let runs = Arc::new(AtomicU32::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let (store, runs) = (store.clone(), Arc::clone(&runs));
            tasks.spawn(async move {
                loop {
                    let runs = Arc::clone(&runs);
                    let done: Result<u64, Error> = store
                        .write(&actor(), move |tx: Write| {
                            runs.fetch_add(1, Ordering::Relaxed);
                            async move {
                                let note: Note = tx.only(&FIND, params![id]).await?;
                                tx.run(&SET, params![id, note.count + 1]).await
                            }
                        })
                        .await;
                    match done {
                        Ok(changed) => break assert_eq!(changed, 1),
                        Err(error) => assert!(error.is_temporary(), "{error}"),
                    }
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        assert_eq!(find(&store, id).await.unwrap().count, 40);
        assert!(runs.load(Ordering::Relaxed) >= 40);
    }

    async fn a_read_sees_one_moment(store: Store) {
        add(&store, "one", 0).await.unwrap();
        let other = store.clone();
        let (seen, release) = std::sync::mpsc::channel::<()>();
        let (before, after): (i64, i64) = {
            let (begun, began) = tokio::sync::oneshot::channel();
            let begun = std::sync::Mutex::new(Some(begun));
            let release = std::sync::Mutex::new(release);
            let read = tokio::spawn(async move {
                let counted: Result<(i64, i64), Error> = other
                    .read(move |db| async move {
                        let before = db.only(&COUNT, params![]).await?;
                        let begun = begun.lock().unwrap().take();
                        begun.unwrap().send(()).unwrap();
                        let wait = release.lock().unwrap().recv_timeout(Duration::from_secs(5));
                        wait.unwrap();
                        Ok((before, db.only(&COUNT, params![]).await?))
                    })
                    .await;
                counted.unwrap()
            });
            began.await.unwrap();
            add(&store, "two", 0).await.unwrap();
            seen.send(()).unwrap();
            read.await.unwrap()
        };
        assert_eq!((before, after), (1, 1));
        assert_eq!(count(&store).await, 2);
    }

    async fn many_statements_leave_in_one_flight_and_in_order(store: Store) {
        let counts: Result<Vec<u64>, Error> = store
            .write(&actor(), |tx: Write| async move {
                let id: Id<Note> = tx.id();
                tx.all_of([
                    (&ADD, params![id, "flight", 0]),
                    (&SET, params![id, 5]),
                    (&ADD_REMARK, params![tx.id::<Note>(), id, json!({})]),
                ])
                .await
            })
            .await;
        assert_eq!(counts.unwrap(), [1, 1, 1]);
        assert_eq!(count(&store).await, 1);
    }

    async fn text_is_ordered_by_code_point(store: Store) {
        for word in ["b", "a", "B", "é", "龍", "Z"] {
            add(&store, word, 0).await.unwrap();
        }
        let words: Result<Vec<String>, Error> =
            store.read(|db| async move { db.all(&ALL_WORDS, params![]).await }).await;
        assert_eq!(words.unwrap(), ["B", "Z", "a", "b", "é", "龍"]);
        let like: Result<Vec<String>, Error> =
            store.read(|db| async move { db.all(&WORDS_LIKE, params!["b"]).await }).await;
        assert_eq!(like.unwrap(), ["b"]);
    }

    async fn a_list_of_ids_is_one_parameter(store: Store) {
        let first = add(&store, "first", 0).await.unwrap();
        add(&store, "second", 0).await.unwrap();
        let third = add(&store, "third", 0).await.unwrap();
        let hex = |id: Id<Note>| -> String {
            id.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let wanted = json!([hex(first), hex(third)]);
        let words: Result<Vec<String>, Error> =
            store.read(move |db| async move { db.all(&ANY_OF, params![wanted]).await }).await;
        assert_eq!(words.unwrap(), ["first", "third"]);
    }

    async fn a_sum_is_a_whole_number(store: Store) {
        for (word, count) in [("a", 40_000), ("b", 123_456_789_012), ("c", 0)] {
            add(&store, word, count).await.unwrap();
        }
        let sum: Result<Option<i64>, Error> =
            store.read(|db| async move { db.only(&SUM, params![]).await }).await;
        assert_eq!(sum.unwrap(), Some(123_456_829_012));
    }

    async fn a_closed_store_takes_no_more_work(store: Store) {
        add(&store, "before", 0).await.unwrap();
        store.close().await;
        assert!(matches!(add(&store, "after", 0).await, Err(Error::Closed)));
        store.close().await;
    }

    async fn whoever_waits_for_news_is_woken_after_the_commit(store: Store) {
        let mut news = store.news();
        let told: Result<(), Error> = store
            .write(&actor(), |tx: Write| async move {
                tx.announce();
                Ok(())
            })
            .await;
        told.unwrap();
        assert!(news.has_changed().unwrap());
        news.mark_unchanged();
        add(&store, "quiet", 0).await.unwrap();
        assert!(!news.has_changed().unwrap());
    }
}

#[test]
fn every_kind_of_failure_has_its_own_code() {
    let errors = [
        Error::ForeignKey,
        Error::Busy,
        Error::NotFound { statement: "X" },
        Error::Closed,
        Error::Overloaded,
        Error::Awaited,
        Error::Panicked,
        Error::Doomed,
        Error::Uncertain,
        Error::Slow,
        Error::Unique {
            constraint: String::new(),
        },
        Error::Check {
            constraint: String::new(),
        },
        Error::decode("x", "y"),
        Error::TooMany {
            what: "x",
            limit: 1,
        },
        Error::Config(String::new()),
        Error::Backup(String::new()),
        Error::database("x"),
        Error::Migration {
            migration: String::new(),
            reason: String::new(),
        },
    ];
    let codes: std::collections::BTreeSet<_> = errors.iter().map(Error::code).collect();
    assert_eq!(codes.len(), errors.len());
}

#[test]
fn a_flag_is_only_zero_or_one() {
    use crate::FromValue;
    assert_eq!(bool::from_value(&Value::Int(1)), Some(true));
    assert_eq!(bool::from_value(&Value::Int(2)), None);
}
