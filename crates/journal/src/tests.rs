//! The rules of the journal, on both engines.

mod calendar;
mod job;
mod ledger;
mod model;
mod outbox;
mod timer;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use kernel::{Actor, FakeEnv, Role};
use serde_json::json;
use store::{Store, Write};

use crate::{
    Audit, AuditSearch, Calendar, Error, Job, MIGRATIONS, Runner, audit, audit_by_actor,
    audit_latest, audit_of, enqueue, limits, no_detail, sweep,
};

store::check_tests!([&crate::MIGRATIONS], crate::statements());

fn system() -> Actor {
    Actor::system("test")
}

/// What handlers and listeners saw, in order.
type Seen = Arc<Mutex<Vec<String>>>;

fn note(seen: &Seen, word: impl Into<String>) {
    seen.lock().unwrap().push(word.into());
}

fn words(seen: &Seen) -> Vec<String> {
    seen.lock().unwrap().clone()
}

fn runner(store: &Store) -> Runner {
    Runner::new(store.clone(), Calendar::new())
}

async fn put_on_record(store: &Store, actor: &Actor, id: &'static str) {
    let written: Result<_, Error> = store
        .write(actor, move |tx: Write| async move {
            let entry = Audit {
                action: "case.decided",
                noun: "case",
                id: id.to_owned(),
                reason: Some("the answers are complete".to_owned()),
                detail: json!({ "to": "approved" }),
            };
            audit(&tx, entry).await
        })
        .await;
    written.unwrap();
}

store::db_tests! {
    [&MIGRATIONS];

    async fn a_record_says_who_as_what_did_what_and_why(store: Store) {
        let officer = Actor::Officer {
            officer: "o1".to_owned(), department: "td".to_owned(), role: Role::Supervisor,
        };
        put_on_record(&store, &officer, "c1").await;
        let resident = Actor::Resident { person: "p1".to_owned(), company: Some("co".to_owned()) };
        put_on_record(&store, &resident, "c1").await;
        put_on_record(&store, &Actor::Visitor, "c2").await;
        let records = store.read(|db| async move { audit_of(&db, "case", "c1").await }).await.unwrap();
        assert_eq!(records.len(), 2);
        let first = &records[0];
        assert_eq!(first.at, store.env().now());
        assert_eq!(
            [&first.actor_kind, &first.actor_role, &first.actor_subject, &first.action],
            ["officer", "supervisor", "o1", "case.decided"]
        );
        assert_eq!(first.actor_department.as_deref(), Some("td"));
        assert_eq!(first.reason.as_deref(), Some("the answers are complete"));
        assert_eq!(first.detail, json!({ "to": "approved" }));
        assert_eq!(records[1].actor_company.as_deref(), Some("co"));
        let mine = store.read(|db| async move { audit_by_actor(&db, "p1").await }).await.unwrap();
        assert_eq!(mine.len(), 1);
    }

    async fn a_refused_write_leaves_no_record(store: Store) {
        let refused: Result<(), Error> = store
            .write(&system(), |tx: Write| async move {
                let entry = Audit {
                    action: "case.decided", noun: "case", id: "c1".to_owned(), reason: None,
                    detail: no_detail(),
                };
                audit(&tx, entry).await?;
                Err(Error::Gone("case"))
            })
            .await;
        assert!(matches!(refused, Err(Error::Gone(_))));
        let records = store.read(|db| async move { audit_latest(&db, None).await }).await.unwrap();
        assert!(records.is_empty());
    }

    async fn records_are_paged_from_the_newest(store: Store, clock: FakeEnv) {
        for id in ["c1", "c2", "c3"] {
            put_on_record(&store, &system(), id).await;
            clock.advance(Duration::from_secs(1));
        }
        let newest = store.read(|db| async move { audit_latest(&db, None).await }).await.unwrap();
        let ids: Vec<_> = newest.iter().map(|record| record.noun_id.as_str()).collect();
        assert_eq!(ids, ["c3", "c2", "c1"]);
        let before = newest[0].id;
        let older =
            store.read(move |db| async move { audit_latest(&db, Some(before)).await }).await.unwrap();
        assert_eq!(older, newest[1..]);
    }

    async fn records_are_found_by_thing_actor_action_and_period(store: Store, clock: FakeEnv) {
        let officer = Actor::Officer {
            officer: "o1".to_owned(), department: "td".to_owned(), role: Role::Officer,
        };
        put_on_record(&store, &officer, "c1").await;
        let start = store.env().now() + Duration::from_secs(1);
        clock.advance(Duration::from_secs(86_400));
        put_on_record(&store, &officer, "c2").await;
        clock.advance(Duration::from_secs(1));
        put_on_record(&store, &system(), "c1").await;
        let found = |search: AuditSearch| {
            let store = store.clone();
            async move {
                let records = store
                    .read(move |db| {
                        let search = search.clone();
                        async move { crate::audit_search(&db, &search, 9).await }
                    })
                    .await
                    .unwrap();
                records.into_iter().map(|one| format!("{} {}", one.actor_subject, one.noun_id)).collect::<Vec<_>>()
            }
        };
        let empty = AuditSearch::default();
        let of_thing = AuditSearch { noun: "case".into(), noun_id: "c1".into(), ..empty.clone() };
        assert_eq!(found(of_thing.clone()).await, ["test c1", "o1 c1"]);
        let by_actor = AuditSearch { actor: "o1".into(), ..of_thing };
        assert_eq!(found(by_actor).await, ["o1 c1"]);
        let actor = AuditSearch { actor: "o1".into(), ..empty.clone() };
        assert_eq!(found(actor).await, ["o1 c2", "o1 c1"]);
        let period = AuditSearch { action: "case.decided".into(), from: Some(start), ..empty.clone() };
        assert_eq!(found(period).await, ["test c1", "o1 c2"]);
        let earlier = AuditSearch { noun: "case".into(), until: Some(start), ..empty.clone() };
        assert_eq!(found(earlier).await, ["o1 c1"]);
        let nothing = AuditSearch { action: "case.opened".into(), ..empty };
        assert!(found(nothing).await.is_empty());
    }

    async fn old_finished_work_is_removed_and_dead_letters_stay(store: Store, clock: FakeEnv) {
        for kind in ["fine", "broken"] {
            let asked: Result<_, Error> = store
                .write(&system(), move |tx: Write| async move {
                    let job =
                        Job { kind, key: None, payload: json!({}), run_at: tx.now() };
                    enqueue(&tx, job).await
                })
                .await;
            asked.unwrap();
        }
        let mut runner = runner(&store)
            .on("fine", |_| async { Ok(()) })
            .on("broken", |_| async { Err(crate::Failure::Dead("no".to_owned())) });
        runner.settle().await.unwrap();
        assert_eq!(sweep(&store).await.unwrap().jobs, 0);
        clock.advance(limits::KEEP_DONE + Duration::from_secs(1));
        assert_eq!(sweep(&store).await.unwrap().jobs, 1);
        let depth = store.read(|db| async move { crate::depth(&db).await }).await.unwrap();
        assert_eq!((depth.ready, depth.dead), (0, 1));
    }
}
