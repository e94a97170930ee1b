//! Entering events and asking about them.

use std::time::Duration;

use journal::{Calendar, Decider, Event, Runner, Step, USAGE, Usage};
use kernel::{Actor, FakeEnv};
use serde_json::json;
use store::{Store, Write, params};

use crate::{
    KEEP_DAYS, Measure, Period, funnel, jobs, service_figures,
    store::{FOLDED_DAYS, KEEP_MONTHS},
    sweep, usage_report,
};

const RENEWAL: &str = "td-full-driving-licence-renewal";

store::sql! {
    FACTS = "SELECT COUNT(*) FROM usage_fact";
    MONTHS = "SELECT COUNT(*) FROM usage_month";
}

async fn count(store: &Store, steps: Vec<Usage>) {
    let told: Result<(), journal::Error> = store
        .write(&Actor::system("test"), move |tx: Write| {
            let steps = steps.clone();
            async move {
                for step in steps {
                    journal::usage(&tx, step).await?;
                }
                Ok(())
            }
        })
        .await;
    told.unwrap();
}

fn of(step: Step) -> Usage {
    Usage::of(step).about("TD", RENEWAL, 1)
}

fn runner(store: &Store) -> Runner {
    jobs(Runner::new(store.clone(), Calendar::new()), store)
}

fn all(store: &Store) -> Period {
    Period::days_to(store.env().today(), 30)
}

async fn rows(store: &Store, statement: &'static store::Stmt) -> i64 {
    let found: Result<i64, store::Error> = store
        .read(move |db| async move { db.only(statement, params![]).await })
        .await;
    found.unwrap()
}

store::db_tests! {
    [&journal::MIGRATIONS, &crate::MIGRATIONS];

    async fn use_of_the_identity_stands_by_day_age_and_level(store: Store) {
        let today = store.env().today();
        let step = |step, level: &str, birth_year| Usage::of(step).by(level, birth_year, today);
        let mut steps = vec![step(Step::Consented, "basic", 2010); 12];
        steps.extend(vec![step(Step::SignedIn, "plus", 1990); 160]);
        steps.extend(vec![step(Step::SignedIn, "basic", 1950); 3]);
        count(&store, steps).await;
        runner(&store).settle().await.unwrap();
        let period = Period::days_to(today, 3);
        let exact = crate::recognition(&store, period).await.unwrap();
        assert_eq!(exact.days.len(), 3);
        assert_eq!(exact.days[2].counts, [Some(163), Some(0), Some(0), Some(12)]);
        assert_eq!(exact.levels[0].counts, [Some(3), Some(0), Some(0), Some(12)]);
        let shown = exact.with_clients([("Parking, online".to_owned(), [4, 160, 0])]).published();
        assert_eq!(shown.days[2].counts[0], Some(200));
        // Three people at the basic level are not told, nor is what would leave them over.
        assert_eq!((shown.levels[0].counts[0], shown.levels[1].counts[0]), (None, None));
        assert_eq!(shown.totals[0], Some(200));
        assert_eq!(shown.clients[0].counts, [None, Some(200), None], "nothing counted is withheld like little");
        let csv = shown.to_csv();
        assert!(csv.starts_with("by,name,sign_ins,fills,signatures,consents\r\n"), "{csv}");
        assert!(csv.contains("client,\"Parking, online\",,200,,\r\n"), "{csv}");
    }

    async fn an_event_counts_once_however_often_it_is_delivered(store: Store) {
        count(&store, vec![of(Step::Started), of(Step::Started), of(Step::Submitted)]).await;
        // Two processes, and one of them again after a restart.
        let (mut one, mut two) = (runner(&store), runner(&store));
        let (a, b) = (one.settle(), two.settle());
        a.await.unwrap();
        b.await.unwrap();
        runner(&store).settle().await.unwrap();
        let period = all(&store);
        let figures = service_figures(&store, period.from, period.to).await.unwrap();
        assert_eq!((figures[0].started, figures[0].submitted), (2, 1));
        assert_eq!(figures[0].department, "TD");
        assert_eq!(figures[0].completion(), Some(0.5));
    }

    async fn a_broken_event_stops_the_ledger_and_leaves_nothing_half_counted(store: Store, clock: FakeEnv) {
        count(&store, vec![of(Step::Started)]).await;
        let told: Result<_, journal::Error> = store
            .write(&Actor::system("test"), |tx: Write| async move {
                let event = Event { kind: USAGE, subject: "x".to_owned(), data: json!({"step": "flew"}) };
                journal::emit(&tx, event).await
            })
            .await;
        told.unwrap();
        let mut runner = runner(&store);
        runner.settle().await.unwrap();
        clock.advance(Duration::from_secs(3600));
        runner.settle().await.unwrap();
        assert_eq!(rows(&store, &FACTS).await, 0);
        let consumers = store.read(|db| async move { journal::consumers(&db).await }).await.unwrap();
        assert_eq!(consumers[0].position, 0);
        assert!(consumers[0].last_error.is_some());
    }

    async fn events_of_other_kinds_are_passed_over(store: Store) {
        let told: Result<_, journal::Error> = store
            .write(&Actor::system("test"), |tx: Write| async move {
                let event = Event { kind: "causeway.case.moved.v1", subject: "c".to_owned(), data: json!({}) };
                journal::emit(&tx, event).await
            })
            .await;
        told.unwrap();
        runner(&store).settle().await.unwrap();
        assert_eq!(rows(&store, &FACTS).await, 0);
        let consumers = store.read(|db| async move { journal::consumers(&db).await }).await.unwrap();
        assert_eq!(consumers[0].behind, 0);
    }

    async fn figures_say_how_long_decisions_took_and_whether_in_time(store: Store) {
        let decided = |days: i64, decider, is_timely| {
            of(Step::Decided).value(days).outcome("approved").decided(decider, is_timely)
        };
        count(&store, vec![
            decided(0, Decider::Rule, true),
            decided(4, Decider::Officer, true),
            decided(11, Decider::Officer, false).outcome("refused"),
            of(Step::Rated).value(5).times(3),
            of(Step::Rated).value(1),
            of(Step::Filled).value(6),
        ]).await;
        runner(&store).settle().await.unwrap();
        let period = all(&store);
        let figures = service_figures(&store, period.from, period.to).await.unwrap();
        let one = &figures[0];
        assert_eq!((one.decided, one.approved, one.automatic, one.timely), (3, 2, 1, 2));
        assert_eq!((one.median_days(), one.mean_days()), (Some(4), Some(5.0)));
        assert_eq!(one.satisfaction(), (Some(4.0), 4));
        assert_eq!((one.fills, one.filled_fields), (1, 6));
    }

    async fn a_period_has_both_its_ends_and_no_more(store: Store, clock: FakeEnv) {
        let first = store.env().today();
        for _ in 0..3 {
            count(&store, vec![of(Step::Submitted)]).await;
            clock.advance(Duration::from_secs(86_400));
        }
        runner(&store).settle().await.unwrap();
        let figures = service_figures(&store, first, first.plus_days(1)).await.unwrap();
        assert_eq!(figures[0].submitted, 2);
    }

    async fn the_report_gives_shares_and_keeps_use_of_the_platform_apart(store: Store) {
        count(&store, vec![
            Usage::of(Step::SignedIn).times(100),
            of(Step::SignedIn).times(250),
            Usage::of(Step::SignedIn).about("", "hd-rent", 0).times(150),
            Usage::of(Step::Submitted).about("HD", "hd-rent", 2).times(4),
        ]).await;
        runner(&store).settle().await.unwrap();
        let report = usage_report(&store, all(&store)).await.unwrap();
        let services: Vec<_> = report.rows.iter().map(|row| (&*row.department, &*row.service)).collect();
        assert_eq!(services, [("HD", "hd-rent"), ("TD", RENEWAL), ("", "")]);
        assert_eq!(report.totals.sign_ins, Some(500));
        assert_eq!(report.share(&report.rows[1], Measure::SignIns), Some(50.0));
        assert_eq!(report.share(&report.rows[0], Measure::Applications), Some(100.0));
        let known = report.clone().with_departments(|id| (id == RENEWAL).then(|| "TD".to_owned()));
        assert_eq!(known.rows.len(), 2);
        assert_eq!(known.rows[1].counts.sign_ins, Some(250));
        let shown = report.published();
        assert_eq!(shown.rows[0].counts.applications, None);
        assert_eq!(shown.rows[1].counts.sign_ins, Some(300));
        assert_eq!(shown.totals.applications, None);
        assert_eq!(shown.clone().only("TD").rows.len(), 1);
    }

    async fn the_funnel_shows_where_people_stop(store: Store) {
        count(&store, vec![
            of(Step::Answered).page("licence").times(9),
            of(Step::Answered).page("address").times(5),
            of(Step::Refused).page("address").times(3),
            of(Step::Erred).page("address").field("building").times(2),
            of(Step::Erred).page("address").field("district").times(3),
            of(Step::Submitted).lang(Some(kernel::Lang::Tc)).by("plus", 1990, store.env().today()),
        ]).await;
        runner(&store).settle().await.unwrap();
        let found = funnel(&store, RENEWAL, all(&store)).await.unwrap();
        let address = found.pages.iter().find(|page| page.page == "address").unwrap();
        assert_eq!((address.answered, address.refused), (5, 3));
        assert_eq!(address.errors[0].field, "district");
        assert_eq!(found.breakdown.langs[0].code, "tc");
        assert_eq!(found.breakdown.age_bands[0].code, "31-40");
    }

    async fn old_days_fold_into_months_and_old_months_go(store: Store, clock: FakeEnv) {
        let start = store.env().today();
        let days = 40;
        for _ in 0..days {
            count(&store, vec![
                of(Step::Submitted),
                of(Step::Answered).page("licence"),
            ]).await;
            runner(&store).settle().await.unwrap();
            clock.advance(Duration::from_secs(86_400));
        }
        assert_eq!(sweep(&store).await.unwrap(), 0);
        let keep = u64::try_from(KEEP_DAYS).unwrap();
        clock.advance(Duration::from_secs(86_400 * keep));
        assert_eq!(sweep(&store).await.unwrap(), FOLDED_DAYS);
        assert_eq!(sweep(&store).await.unwrap(), days - FOLDED_DAYS);
        assert_eq!(rows(&store, &FACTS).await, 0);
        assert!(rows(&store, &MONTHS).await <= 3);
        let figures = service_figures(&store, start.plus_months(-1), start.plus_months(3)).await.unwrap();
        assert_eq!(figures[0].submitted, 40);
        let months = u64::try_from(KEEP_MONTHS).unwrap();
        clock.advance(Duration::from_secs(86_400 * 31 * months));
        sweep(&store).await.unwrap();
        assert_eq!(rows(&store, &MONTHS).await, 0);
    }
}
