//! What has a date on which it is forgotten is forgotten: tables of passing things do not grow for
//! ever.

use std::time::Duration;

use store::{Read, Stmt, params};
use testkit::App;

use crate::{
    journey::{self, NEIGHBOUR},
    whole::whole,
};

const DAY: Duration = Duration::from_secs(86_400);
/// Longer than any pack keeps its records.
const YEARS: u32 = 12;
/// Chores run at least every hour; each removes a bounded number of rows.
const ROUNDS: usize = 12;
const HOUR: Duration = Duration::from_secs(3_601);

store::sql! {
    SESSIONS = "SELECT COUNT(*) AS n FROM web_session";
    APPROVALS = "SELECT COUNT(*) AS n FROM approval";
    TOKENS = "SELECT COUNT(*) AS n FROM used_token";
    ENROLMENTS = "SELECT COUNT(*) AS n FROM enrolment";
    ATTEMPTS = "SELECT COUNT(*) AS n FROM enrolment_attempt";
    OFFERS = "SELECT COUNT(*) AS n FROM credential_offer";
    GRANTS = "SELECT COUNT(*) AS n FROM credential_grant";
    SEEN = "SELECT COUNT(*) AS n FROM credential_seen";
    EVENTS = "SELECT COUNT(*) AS n FROM outbox_event";
    JOBS = "SELECT COUNT(*) AS n FROM job WHERE state <> 'dead'";
    TIMERS = "SELECT COUNT(*) AS n FROM timer";
    DRAFTS = "SELECT COUNT(*) AS n FROM draft";
    CONFLICTS = "SELECT COUNT(*) AS n FROM draft_conflict";
    CASES = "SELECT COUNT(*) AS n FROM case_file";
    ACTIONS = "SELECT COUNT(*) AS n FROM case_action";
    DOCUMENTS = "SELECT COUNT(*) AS n FROM document";
    READINGS = "SELECT COUNT(*) AS n FROM profile_reading";
    LOOKS = "SELECT COUNT(*) AS n FROM access_record";
    BYTES = "SELECT COUNT(*) AS n FROM document_blob";
}

async fn rows(app: &App) -> Vec<(&'static str, i64)> {
    let count = |db: Read| async move {
        let mut rows = Vec::new();
        for statement in STATEMENTS {
            let statement: &'static Stmt = statement;
            let found: Count = db.only(statement, params![]).await?;
            rows.push((statement.name(), found.0));
        }
        Ok::<_, store::Error>(rows)
    };
    app.system.store.read(count).await.unwrap()
}

struct Count(i64);

impl store::FromRow for Count {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        Ok(Self(row.get("n")?))
    }
}

#[tokio::test]
async fn passing_things_are_forgotten() {
    let app = App::start().await.unwrap();
    whole(&app, &mut app.browser()).await;
    // A draft in two windows, never sent; a sign-in, never answered.
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, NEIGHBOUR).await;
    let one = journey::answer_up_to(&mut browser, first, "contact").await;
    let other = browser.get(&one.path).await.unwrap();
    for (page, mobile) in [(one, "65551111"), (other, "65552222")] {
        browser
            .fill(&page, &page.path, &[("mobile", mobile)])
            .await
            .unwrap();
    }
    app.browser().get("/en/sign-in").await.unwrap();
    let before = rows(&app).await;
    for looked in ["READINGS", "LOOKS"] {
        assert!(
            before.iter().any(|row| row.0 == looked && row.1 > 0),
            "{before:?}"
        );
    }

    // Nobody answers the sign-in: it ends, which is told.
    let mut runner = app.system.runner();
    app.clock.advance(HOUR);
    runner.settle().await.unwrap();
    app.clock.advance(DAY * 366 * YEARS);
    // A passport has run out on the way, which is told as well, and forgotten in its turn.
    runner.settle().await.unwrap();
    app.clock.advance(DAY * 366 * YEARS);
    for _ in 0..ROUNDS {
        app.clock.advance(HOUR);
        runner.settle().await.unwrap();
        journal::sweep(&app.system.store).await.unwrap();
    }
    let left: Vec<_> = rows(&app)
        .await
        .into_iter()
        .filter(|row| row.1 > 0)
        .collect();
    assert_eq!(left, [], "before: {before:?}");
}
