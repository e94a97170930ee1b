//! A service that promises no time: nothing runs, nothing is late, and what it took is counted all the
//! same.

use kernel::{Actor, FakeEnv, Time};
use store::Store;

use super::{
    PACK,
    world::{OWNERS, World},
};
use crate::{Act, Case, Clock, Deadline, Flag, InboxQuery, Submitted};

/// The small service without its promise.
fn unpromised() -> String {
    let source = PACK
        .replace("version: 1", "version: 2")
        .replace("promise: { working_days: 5 }", "promise: none");
    assert!(source.contains("promise: none"));
    source
}

async fn begun(store: Store, clock: FakeEnv) -> (World, Submitted) {
    let world = World::new(store, clock).await;
    let system = Actor::system("test");
    let source = unpromised();
    world
        .services
        .publish(&system, ("afcd-dog-licence.yaml", &source))
        .await
        .unwrap();
    let person = world.resident().await;
    let done = world.submitted(person, "900001").await;
    (world, done)
}

async fn act(world: &World, case: &Case, action: &str) {
    let clerk = world.clerk("afcd-officer").await;
    let act = Act {
        case: case.id,
        revision: case.revision,
        action: action.into(),
        reason: Some("because".into()),
        fields: if action == "ask" {
            vec!["chip".into()]
        } else {
            Vec::new()
        },
    };
    world.services.act(&clerk, act).await.unwrap();
}

async fn promise_timer(world: &World, done: &Submitted) -> Option<Time> {
    world.timer(format!("case/{}/promise", done.case)).await
}

/// Every event so far; they are read in batches.
async fn all_events(world: &World) -> Vec<journal::OutboxEvent> {
    let mut all: Vec<journal::OutboxEvent> = Vec::new();
    loop {
        let after = all.last().map_or(0, |event| event.position);
        let more = world
            .store
            .read(move |db| async move { journal::events_after(&db, after).await })
            .await
            .unwrap();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

store::db_tests! {
    OWNERS;

    async fn nothing_runs_where_nothing_is_promised(store: Store, clock: FakeEnv) {
        let (world, done) = begun(store, clock).await;
        let case = world.case(done.case).await;
        assert_eq!((case.pack_version, case.due), (2, None));
        assert_eq!(promise_timer(&world, &done).await, None);
        world.after(400);
        world.work().await;
        let case = world.case(done.case).await;
        assert!(!case.has(Flag::Overdue));
        assert_eq!(case.deadline(world.services.env().now()), Deadline::None);
        let officer = world.clerk("afcd-officer").await;
        let counts = world.services.inbox_counts(&officer).await.unwrap();
        assert_eq!((counts.open, counts.overdue, counts.soon), (1, 0, 0));
        let late = InboxQuery { deadline: Some(Deadline::Overdue), ..InboxQuery::default() };
        assert!(world.services.inbox(&officer, late).await.unwrap().items.is_empty());
        let all = world.services.inbox(&officer, InboxQuery::default()).await.unwrap();
        assert_eq!(all.items.len(), 1, "no deadline does not hide a case");
    }

    async fn the_applicant_is_told_no_day(store: Store, clock: FakeEnv) {
        let (world, done) = begun(store, clock).await;
        let person = world.resident().await;
        let view = world.services.application(person, &done.reference).await.unwrap();
        assert_eq!(view.row.next.by, None);
    }

    async fn asking_the_applicant_stops_no_clock_and_the_reply_starts_none(store: Store, clock: FakeEnv) {
        let (world, done) = begun(store, clock).await;
        act(&world, &world.case(done.case).await, "ask").await;
        let waiting = world.case(done.case).await;
        assert_eq!((waiting.due, waiting.deadline(world.services.env().now())), (None, Deadline::None));
        assert_eq!(promise_timer(&world, &done).await, None);
        assert_ne!(waiting.clock, Clock::Running, "the state of the pack stops the clock all the same");
    }

    async fn a_typhoon_moves_nothing(store: Store, clock: FakeEnv) {
        let (world, done) = begun(store, clock).await;
        let start = world.services.env().now();
        world
            .store
            .write(&Actor::system("test"), move |tx| async move {
                let reason = journal::suspension::Reason::Typhoon;
                let end = start + std::time::Duration::from_secs(3_600);
                journal::suspension::declare(&tx, reason, start, Some(end), "signal 8").await
            })
            .await
            .unwrap();
        world.work().await;
        assert_eq!(world.case(done.case).await.due, None);
        assert_eq!(promise_timer(&world, &done).await, None);
    }

    async fn the_working_days_it_took_are_counted(store: Store, clock: FakeEnv) {
        let (world, done) = begun(store, clock).await;
        world.after(7);
        act(&world, &world.case(done.case).await, "approve").await;
        world.work().await;
        let events = all_events(&world).await;
        let decided: Vec<_> = events
            .iter()
            .filter(|event| event.kind == journal::USAGE && event.data["step"] == "decided")
            .collect();
        assert_eq!(decided.len(), 1);
        assert_eq!(decided[0].data["value"], 5, "Monday to Monday");
    }
}
