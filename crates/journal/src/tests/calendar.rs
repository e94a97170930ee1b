//! Rules of the working-day calendar.

use std::time::Duration;

use kernel::{Date, FakeEnv, Time};
use proptest::prelude::*;
use store::{Store, Write};

use crate::{
    Calendar, Deadline, Error, MIGRATIONS, Runner,
    suspension::{self, Reason},
};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn holidays_and_weekends_are_skipped() {
    let calendar = Calendar::new();
    // (from, working days, expected): checked by hand against the gazetted lists.
    let cases = [
        ("2026-11-23", 1, "2026-11-24"),
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-12-24", 5, "2027-01-04"),
        ("2026-02-16", 1, "2026-02-20"),
        ("2026-11-22", 0, "2026-11-23"),
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-11-23", -1, "2026-11-20"),
        ("2026-12-28", -1, "2026-12-24"),
    ];
    for (from, days, expected) in cases {
        assert_eq!(
            calendar.plus_working_days(day(from), days),
            day(expected),
            "{from} + {days}"
        );
    }
    assert_eq!(
        calendar.holiday(day("2026-12-25")).unwrap().en,
        "Christmas Day"
    );
    assert_eq!(calendar.holiday(day("2026-12-25")).unwrap().sc, "圣诞节");
    assert_eq!(calendar.holiday(day("2026-12-24")), None);
}

#[test]
fn a_day_touched_by_a_storm_is_no_working_day() {
    let calendar = Calendar::with_suspended([day("2026-11-24"), day("2026-11-28")]);
    assert!(!calendar.is_working_day(day("2026-11-24")));
    assert_eq!(
        calendar.plus_working_days(day("2026-11-23"), 1),
        day("2026-11-25")
    );
    assert_eq!(
        calendar.working_days_between(day("2026-11-23"), day("2026-11-27")),
        3
    );
}

#[test]
fn past_the_known_holidays_a_deadline_says_that_it_is_provisional() {
    let calendar = Calendar::new();
    let known = calendar.deadline(day("2030-12-02"), 5);
    assert_eq!(
        known,
        Deadline {
            date: day("2030-12-09"),
            is_provisional: false
        }
    );
    let beyond = calendar.deadline(day("2030-12-30"), 5);
    assert_eq!(
        beyond,
        Deadline {
            date: day("2031-01-06"),
            is_provisional: true
        }
    );
    assert!(
        calendar.is_working_day(day("2031-01-01")),
        "only weekends are known there"
    );
    assert!(calendar.deadline(day("2031-06-02"), 1).is_provisional);
    assert!(!calendar.is_known(day("2006-12-31")) && calendar.is_known(day("2007-01-01")));
}

fn any_day() -> impl Strategy<Value = Date> {
    (0_i64..9_000).prop_map(|days| day("2007-01-01").plus_days(days))
}

proptest! {
    #[test]
    fn counting_there_and_back_agrees(from in any_day(), days in 1_i64..400) {
        let calendar = Calendar::new();
        let to = calendar.plus_working_days(from, days);
        prop_assert!(calendar.is_working_day(to));
        prop_assert!(to > from);
        prop_assert_eq!(calendar.working_days_between(from, to), days);
        prop_assert_eq!(calendar.working_days_between(to, from), -calendar.working_days_between(from.plus_days(-1), to.plus_days(-1)));
    }

    #[test]
    fn more_days_end_later(from in any_day(), days in 1_i64..200) {
        let calendar = Calendar::new();
        prop_assert!(calendar.plus_working_days(from, 0) <= calendar.plus_working_days(from, 1));
        prop_assert!(
            calendar.plus_working_days(from, days) < calendar.plus_working_days(from, days + 1)
        );
    }

    #[test]
    fn a_storm_never_brings_a_deadline_forward(
        from in any_day(), days in 0_i64..60, storms in prop::collection::vec(0_i64..90, 0..6),
    ) {
        let plain = Calendar::new();
        let stormy = Calendar::with_suspended(storms.iter().map(|after| from.plus_days(*after)));
        prop_assert!(
            stormy.plus_working_days(from, days) >= plain.plus_working_days(from, days)
        );
    }

    #[test]
    fn stepping_back_lands_on_working_days(from in any_day(), days in 1_i64..200) {
        let calendar = Calendar::new();
        let back = calendar.plus_working_days(from, -days);
        prop_assert!(back < from && calendar.is_working_day(back));
    }
}

store::db_tests! {
    [&MIGRATIONS];

    async fn a_declared_storm_moves_deadlines_until_it_is_lifted(store: Store, clock: FakeEnv) {
        let calendar = Calendar::new();
        let monday = day("2026-11-23");
        assert_eq!(calendar.plus_working_days(monday, 1), day("2026-11-24"));
        clock.set(Time::start_of(day("2026-11-24")) + Duration::from_secs(6 * 3600));
        let id: Result<_, Error> = store
            .write(&super::system(), |tx: Write| async move {
                suspension::declare(&tx, Reason::Typhoon, tx.now(), None, "signal no. 8").await
            })
            .await;
        let id = id.unwrap();
        calendar.refresh(&store).await.unwrap();
        assert_eq!(calendar.plus_working_days(monday, 1), day("2026-11-25"));
        clock.advance(Duration::from_secs(24 * 3600));
        calendar.refresh(&store).await.unwrap();
        assert_eq!(calendar.plus_working_days(monday, 1), day("2026-11-26"), "it goes on");
        let lifted: Result<(), Error> = store
            .write(&super::system(), move |tx: Write| async move {
                suspension::lift(&tx, id, "all signals lowered").await
            })
            .await;
        lifted.unwrap();
        clock.advance(Duration::from_secs(5 * 24 * 3600));
        calendar.refresh(&store).await.unwrap();
        assert_eq!(calendar.plus_working_days(monday, 1), day("2026-11-26"));
        let again: Result<(), Error> = store
            .write(&super::system(), move |tx: Write| async move {
                suspension::lift(&tx, id, "again").await
            })
            .await;
        assert!(matches!(again, Err(Error::Gone(_))));
        let list = store.read(|db| async move { suspension::list(&db).await }).await.unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].reason, Reason::Typhoon);
    }

    async fn a_listener_hears_of_each_day_of_a_storm_with_the_calendar_up_to_date(
        store: Store, clock: FakeEnv,
    ) {
        let declared: Result<_, Error> = store
            .write(&super::system(), |tx: Write| async move {
                suspension::declare(&tx, Reason::Typhoon, tx.now(), None, "signal no. 8").await
            })
            .await;
        declared.unwrap();
        let calendar = Calendar::new();
        let seen = super::Seen::default();
        let (listener, days) = (std::sync::Arc::clone(&seen), calendar.clone());
        let mut runner = Runner::new(store.clone(), calendar).consume("deadlines", move |event| {
            let due = days.plus_working_days(day("2026-11-20"), 1);
            super::note(&listener, format!("{} {due}", event.kind));
            async { Ok(()) }
        });
        runner = runner.with_housekeeping();
        runner.settle().await.unwrap();
        let before = super::words(&seen);
        assert_eq!(before.first().unwrap(), "causeway.suspension.declared.v1 2026-11-24");
        clock.advance(Duration::from_secs(24 * 3600));
        runner.settle().await.unwrap();
        let after = super::words(&seen);
        assert_eq!(after.len(), before.len() + 1);
        assert_eq!(after.last().unwrap(), "causeway.suspension.continued.v1 2026-11-25");
        clock.advance(Duration::from_secs(120));
        runner.settle().await.unwrap();
        assert_eq!(super::words(&seen).len(), after.len(), "once a day");
    }

    async fn a_suspension_cannot_end_before_it_begins(store: Store) {
        let refused: Result<_, Error> = store
            .write(&super::system(), |tx: Write| async move {
                let (start, end) = (tx.now(), tx.now() - Duration::from_secs(1));
                suspension::declare(&tx, Reason::BlackRain, start, Some(end), "no").await
            })
            .await;
        assert!(matches!(refused, Err(Error::Backwards)));
    }
}
