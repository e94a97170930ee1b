//! The programme board and the pages of versions: what everybody reads of how services come on.

use std::time::Duration;

use axum::http::StatusCode;
use journal::{Decider, Step, Usage};
use kernel::Actor;
use testkit::{Answer, App, Browser};

use crate::journey::SERVICE;

const OWNER: &str = "td-owner";
const TARGET: &str = "/en/desk/programme/td-full-driving-licence-renewal";

/// Automatic decision by the last of March 2027.
const DATE: [(&str, &str); 6] = [
    ("stage", "automatic_decision"),
    ("due-day", "31"),
    ("due-month", "3"),
    ("due-year", "2027"),
    ("reason_en", "The register is opened to us in March"),
    ("reason_tc", "登記冊於三月開放"),
];

/// The same, moved by three months.
fn later() -> Vec<(&'static str, &'static str)> {
    let mut date = DATE.to_vec();
    date[1].1 = "30";
    date[2].1 = "6";
    date[4].1 = "The register opens later";
    date
}

async fn set(owner: &mut Browser<'_>, date: &[(&str, &str)]) -> Answer {
    let form = owner.get(TARGET).await.unwrap();
    assert_eq!(form.status, StatusCode::OK, "{}", form.words());
    owner.fill(&form, TARGET, date).await.unwrap()
}

async fn json(browser: &mut Browser<'_>, path: &str) -> serde_json::Value {
    let answer = browser.get(path).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap()
}

/// The line of the renewal on the board as data.
async fn renewal(browser: &mut Browser<'_>) -> serde_json::Value {
    let board = json(browser, "/en/programme.json?department=TD").await;
    let lines = board["services"].as_array().unwrap();
    let found = lines.iter().find(|line| line["service"] == SERVICE);
    found.unwrap().clone()
}

#[tokio::test]
async fn everybody_reads_the_board_by_department_and_stage_page_by_page() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    for lang in ["en", "tc", "sc"] {
        for page in [
            "/programme",
            "/programme?department=TD&stage=zero_redirection",
            "/programme?department=x&stage=y&show=z&after=nothing",
            "/programme/departments",
            "/programme/td-full-driving-licence-renewal",
            "/services/td-full-driving-licence-renewal/versions",
            "/services/td-full-driving-licence-renewal/versions/1",
        ] {
            let path = format!("/{lang}{page}");
            let answer = visitor.get(&path).await.unwrap();
            assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.words());
        }
    }
    for path in [
        "/en/programme/no-such-service",
        "/en/services/no-such-service/versions",
        "/en/services/td-full-driving-licence-renewal/versions/7",
        "/en/services/td-full-driving-licence-renewal/versions/one",
    ] {
        let answer = visitor.get(path).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let empty = visitor
        .get("/en/programme?department=TD&show=slipping")
        .await
        .unwrap();
    assert!(empty.says("No service fits this choice"));

    // Every service of the choice stands on exactly one page.
    let all = json(&mut visitor, "/en/programme.json?department=TD").await;
    let count = all["services"].as_array().unwrap().len();
    let mut seen = Vec::new();
    let mut next = Some("/en/programme?department=TD".to_owned());
    while let Some(path) = next {
        let page = visitor.get(&path).await.unwrap();
        let html = page.text();
        let here = html
            .split("class=\"board-name\"")
            .skip(1)
            .filter_map(|part| part.split("/en/programme/").nth(1)?.split('"').next())
            .map(str::to_owned);
        let before = seen.len();
        seen.extend(here);
        assert!(seen.len() - before <= kernel::limits::PAGE_ITEMS);
        next = html
            .split("rel=\"next\" href=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .map(|path| path.replace("&amp;", "&"));
    }
    assert_eq!(seen.len(), count);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "no service twice");
}

#[tokio::test]
async fn a_date_that_makes_no_sense_comes_back_as_it_was_typed() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    owner.sign_in(OWNER, "/en/desk/programme").await.unwrap();
    let half = set(&mut owner, &[("due-day", "31"), ("reason_en", "Because")]).await;
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        half.says("Choose a stage") && half.says("Because"),
        "what was typed is there"
    );
    let mut past = DATE;
    past[3].1 = "2020";
    let past = set(&mut owner, &past).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        past.says("The register is opened to us in March"),
        "{}",
        past.words()
    );
    set(&mut owner, &DATE).await;
    let same = set(&mut owner, &DATE).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
}

/// The history keeps the first date with its reason, and names nobody.
async fn check_history(visitor: &mut Browser<'_>) {
    let page = visitor
        .get(&format!("/tc/programme/{SERVICE}"))
        .await
        .unwrap();
    assert!(
        page.says("登記冊於三月開放"),
        "the history keeps the first reason"
    );
    assert!(
        !page.says("KOO"),
        "who said it is the department, not a name: {}",
        page.words()
    );
    let csv = visitor
        .get("/en/programme.csv?show=slipping")
        .await
        .unwrap();
    let lines: Vec<String> = csv.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with(&format!(
        "{SERVICE},TD,zero_redirection,automatic_decision,2027-06-30,2027-03-31,postponed,91,"
    )));
}

#[tokio::test]
async fn a_date_that_an_owner_moves_slips_where_everybody_sees_it() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let before = renewal(&mut visitor).await;
    assert_eq!(before["stage"], "zero_redirection");
    assert_eq!(before["targets"], serde_json::json!([]));

    let mut owner = app.browser();
    owner.sign_in(OWNER, "/en/desk/programme").await.unwrap();
    let done = set(&mut owner, &DATE).await;
    assert!(done.says("The date is published"), "{}", done.words());
    assert_eq!(
        renewal(&mut visitor).await["targets"][0]["progress"],
        "on_time"
    );

    app.clock.advance(Duration::from_secs(60));
    set(&mut owner, &later()).await;
    let target = renewal(&mut visitor).await["targets"][0].clone();
    assert_eq!(
        (&target["due"], &target["first_due"]),
        (&"2027-06-30".into(), &"2027-03-31".into())
    );
    assert_eq!(
        (&target["progress"], &target["days_late"]),
        (&"postponed".into(), &91.into())
    );
    let board = visitor.get("/en/programme").await.unwrap();
    let first = board.text().find("board-slipping").unwrap();
    let name = board
        .text()
        .find(&format!("/en/programme/{SERVICE}\""))
        .unwrap();
    let line = board.text().find("class=\"board-line").unwrap();
    assert!(
        line <= first && first < name && name - first < 600,
        "slipping ones first"
    );
    assert!(board.says("Moved back by 91 days") && board.says("First said: 31 March 2027"));
    check_history(&mut visitor).await;

    app.clock.advance(Duration::from_secs(230 * 86_400));
    let late = renewal(&mut visitor).await["targets"][0].clone();
    assert_eq!(late["progress"], "overdue");
}

#[tokio::test]
async fn dates_are_said_by_the_owner_of_the_department_and_nobody_else() {
    let app = App::start().await.unwrap();
    let mut other = app.browser();
    let list = other.sign_in("owner", "/en/desk/programme").await.unwrap();
    assert_eq!(list.status, StatusCode::OK, "{}", list.words());
    assert!(
        !list.says("Renew a full driving licence"),
        "{}",
        list.words()
    );
    let foreign = other.get(TARGET).await.unwrap();
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let own = other
        .get("/en/desk/programme/dpo-1823-complaint")
        .await
        .unwrap();
    let posted = other.post(&own, TARGET, &DATE).await.unwrap();
    assert_eq!(posted.status, StatusCode::NOT_FOUND);
    let mut officer = app.browser();
    let refused = officer
        .sign_in("td-officer", "/en/desk/programme")
        .await
        .unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let mut supervisor = app.browser();
    let refused = supervisor
        .sign_in("td-supervisor", "/en/desk/programme")
        .await
        .unwrap();
    assert_eq!(
        refused.status,
        StatusCode::FORBIDDEN,
        "a supervisor says no dates"
    );
    assert_eq!(
        renewal(&mut app.browser()).await["targets"],
        serde_json::json!([])
    );
}

/// Counts `count` times what one step of the renewal emits.
async fn count(app: &App, usage: Usage, count: i64) {
    let usage = Usage { count, ..usage };
    app.system
        .store
        .write(&Actor::system("test"), move |tx| {
            let usage = usage.clone();
            async move { journal::usage(&tx, usage).await }
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn figures_come_from_events_and_few_people_stay_unseen() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let of = |step: Step| Usage {
        service: SERVICE.to_owned(),
        department: "TD".to_owned(),
        ..Usage::of(step)
    };
    count(&app, of(Step::Started), 9).await;
    count(&app, of(Step::Submitted), 9).await;
    app.settle().await.unwrap();
    let few = renewal(&mut visitor).await;
    assert!(
        few["applications"].is_null() && few["completion_percent"].is_null(),
        "{few}"
    );
    let page = visitor
        .get(&format!("/en/programme/{SERVICE}"))
        .await
        .unwrap();
    assert!(page.says("Too few people"), "{}", page.words());

    // Somebody else's service is small, so a second one would be withheld with it: three are busy.
    for service in [
        SERVICE,
        "td-vehicle-licence-renewal",
        "td-learner-driving-licence",
    ] {
        let of = |step: Step| Usage {
            service: service.to_owned(),
            ..of(step)
        };
        count(&app, of(Step::Started), 2_000).await;
        count(&app, of(Step::Submitted), 1_500).await;
        let decided = |is_timely: bool| {
            of(Step::Decided)
                .outcome("approved")
                .decided(Decider::Officer, is_timely)
                .value(7)
        };
        count(&app, decided(true), 800).await;
        count(&app, decided(false), 200).await;
        count(&app, of(Step::Rated).value(4), 300).await;
    }
    app.settle().await.unwrap();
    let many = renewal(&mut visitor).await;
    assert_eq!(many["applications"], 1_500);
    assert_eq!(
        (&many["completion_percent"], &many["timely_percent"]),
        (&75.into(), &80.into())
    );
    assert_eq!(
        (&many["median_days"], &many["rating"]),
        (&7.into(), &4.0.into())
    );
    let board = visitor.get("/en/programme?show=slipping").await.unwrap();
    assert!(
        board.says("Slower than promised"),
        "80% is less than 90%: {}",
        board.words()
    );
}

/// Publishes the second version of the renewal: a higher fee, a new question, another promise.
async fn publish_second(app: &App) {
    let row = app
        .system
        .services
        .published(SERVICE)
        .await
        .unwrap()
        .remove(0);
    let fee = row
        .source
        .lines()
        .find(|line| line.contains("cents: 90000"))
        .map(str::to_owned);
    let mut source = row.source.replacen("version: 1", "version: 2", 1);
    let fee = fee.unwrap();
    source = source
        .replace(&fee, &fee.replace("90000", "96000"))
        .replace("fee: 90000", "fee: 96000");
    source = source.replace("working_days: 10", "working_days: 8");
    let file = format!("{SERVICE}.yaml");
    app.system
        .services
        .publish(&Actor::system("test"), (&file, &source))
        .await
        .unwrap();
}

/// Announces the second version to those who use the service.
async fn announce_second(owner: &mut Browser<'_>) {
    let form = owner.get("/en/desk/announcements/new").await.unwrap();
    let policy = format!("{SERVICE}@2");
    let audience = format!("service:{SERVICE}");
    let typed = [
        ("severity", "info"),
        ("audience", audience.as_str()),
        ("title_en", "New fee"),
        ("title_tc", "新收費"),
        ("body_en", "The fee of the licence changes."),
        ("body_tc", "執照費用更改。"),
        ("ends_on", "2026-12-31"),
        ("policy", policy.as_str()),
    ];
    let preview = owner.fill(&form, "/new", &typed).await.unwrap();
    owner.fill(&preview, "/preview", &[]).await.unwrap();
}

#[tokio::test]
async fn a_version_tells_in_plain_words_what_changed_and_an_announcement_leads_there() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let base = format!("/en/services/{SERVICE}/versions");
    let first = visitor.get(&format!("{base}/1")).await.unwrap();
    assert!(
        first.says("first version published here"),
        "{}",
        first.words()
    );
    app.clock.advance(Duration::from_secs(86_400));
    publish_second(&app).await;

    let second = visitor.get(&format!("{base}/2")).await.unwrap();
    let words = second.words();
    assert!(
        words.contains("since version 1") && words.contains("24 November 2026"),
        "{words}"
    );
    assert!(
        words.contains("HK$900") && words.contains("HK$960"),
        "{words}"
    );
    assert!(
        words.contains("10 working days") && words.contains("8 working days"),
        "{words}"
    );
    let chinese = visitor
        .get(&format!("/tc/services/{SERVICE}/versions/2"))
        .await
        .unwrap();
    assert!(chinese.says("承諾的決定時間已更改"), "{}", chinese.words());
    let list = visitor.get(&base).await.unwrap();
    assert!(
        list.says("In use") && list.says("Replaced"),
        "{}",
        list.words()
    );

    let mut owner = app.browser();
    owner
        .sign_in(OWNER, "/en/desk/announcements")
        .await
        .unwrap();
    announce_second(&mut owner).await;
    let news = visitor.get("/en/news").await.unwrap();
    assert!(news.says(&format!("href=\"{base}/2\"")), "{}", news.text());
    let service = visitor
        .get(&format!("/en/services/{SERVICE}"))
        .await
        .unwrap();
    assert!(
        service.says(&format!("href=\"{base}/2\"")) && service.says(&format!("href=\"{base}\""))
    );
}

#[tokio::test]
async fn the_demonstration_shows_dates_that_are_kept_and_that_slip() {
    let app = App::start().await.unwrap();
    for _ in 0..2 {
        causeway::seed_programme(&app.system).await.unwrap();
    }
    let mut visitor = app.browser();
    let board = json(&mut visitor, "/en/programme.json").await;
    let lines = board["services"].as_array().unwrap();
    let target = |service: &str| {
        let line = lines
            .iter()
            .find(|line| line["service"] == service)
            .unwrap();
        line["targets"][0].clone()
    };
    let moved = target("td-driving-test-appointment");
    assert!(moved["first_due"].as_str() < moved["due"].as_str());
    let kept = target("td-full-driving-licence-renewal");
    assert_eq!(kept["first_due"], kept["due"]);
    // Where a stage is reached, its date would say nothing.
    assert_eq!(
        lines
            .iter()
            .filter(|line| line["targets"][0].is_object())
            .count(),
        7
    );
    let page = visitor
        .get("/en/programme/td-driving-test-appointment")
        .await
        .unwrap();
    assert!(page.words().contains("Invented for this demonstration"));
}
