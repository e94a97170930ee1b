//! What operators and shroffs see: health, dead letters in bulk, timers, the audit search with its reason,
//! the counts for machines, and what became of cases that were handed out.

use axum::http::StatusCode;
use journal::Job;
use kernel::Actor;
use testkit::{App, Browser};

use crate::journey::{self, NEIGHBOUR, OFFICER, RESIDENT};

const SUPERVISOR: &str = "td-supervisor";

#[tokio::test]
async fn the_overview_tells_how_everything_is() {
    let app = App::start().await.unwrap();
    let mut operator = app.browser();
    let page = operator
        .sign_in("operator", "/en/desk/overview")
        .await
        .unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    let words = page.words();
    for part in [
        "Database",
        "SQLite",
        "Jobs",
        "Timers",
        "Disk",
        "Last backup",
        "Licences",
        "Version",
    ] {
        assert!(words.contains(part), "{part} is missing: {words}");
    }
    let mut officer = app.browser();
    let other = officer.sign_in(OFFICER, "/en/desk/overview").await.unwrap();
    assert_eq!(other.status, StatusCode::FORBIDDEN);
}

/// Jobs that fail for good at once.
async fn dead_letters(app: &App, number: usize) {
    app.system
        .store
        .write(&Actor::system("test"), move |tx| async move {
            for place in 0..number {
                let job = Job {
                    kind: "payments.refund",
                    key: Some(format!("broken-{place}")),
                    payload: serde_json::json!({ "refund": tx.id::<App>() }),
                    run_at: tx.now(),
                };
                journal::enqueue(&tx, job).await?;
            }
            Ok::<_, journal::Error>(())
        })
        .await
        .unwrap();
    for _ in 0..journal::limits::ATTEMPTS {
        app.settle().await.unwrap();
        app.clock.advance(journal::limits::BACKOFF_MOST * 2);
    }
}

#[tokio::test]
async fn many_dead_letters_are_settled_with_one_reason() {
    let app = App::start().await.unwrap();
    dead_letters(&app, 3).await;
    let mut operator = app.browser();
    let path = "/en/desk/jobs";
    let page = operator.sign_in("operator", path).await.unwrap();
    let ids: Vec<String> = page
        .text()
        .split("name=\"job\" value=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 3, "{}", page.words());
    let picked = [("job", ids[0].as_str()), ("job", ids[1].as_str())];
    let silent = [picked[0], picked[1], ("do", "drop"), ("reason", "")];
    let refused = operator.post(&page, path, &silent).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        refused.text().matches(" checked").count(),
        2,
        "the picks stay"
    );
    let said = [
        picked[0],
        picked[1],
        ("do", "drop"),
        ("reason", "No such refund"),
    ];
    let done = operator.post(&page, path, &said).await.unwrap();
    assert!(done.says("2 dropped"), "{}", done.words());
    assert_eq!(done.text().matches("name=\"job\"").count(), 1);
    let none = operator.get("/en/desk/jobs?kind=no.such").await.unwrap();
    assert!(none.says("Nothing has failed"), "{}", none.words());
}

#[tokio::test]
async fn a_search_for_a_person_needs_a_reason_on_record() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    journey::renew(&app, &mut browser, NEIGHBOUR).await;
    app.settle().await.unwrap();
    let mut operator = app.browser();
    let all = operator
        .sign_in("operator", "/en/desk/audit")
        .await
        .unwrap();
    assert!(
        all.says("<tbody>"),
        "what happened lately needs no reason: {}",
        all.words()
    );
    let of_cases = journal::AuditSearch {
        noun: "case".into(),
        ..journal::AuditSearch::default()
    };
    let found = app
        .system
        .store
        .read(move |db| {
            let of_cases = of_cases.clone();
            async move { journal::audit_search(&db, &of_cases, 1).await }
        })
        .await
        .unwrap();
    let case = found[0].noun_id.clone();
    let path = format!("/en/desk/audit?noun=case&id={case}");
    let asked = operator.get(&path).await.unwrap();
    assert!(asked.says("Why do you look?"), "{}", asked.words());
    assert!(!asked.says("<tbody>"), "nothing is shown before");
    let export = format!("/en/desk/audit/export?noun=case&id={case}");
    let early = operator.get(&export).await.unwrap();
    assert!(early.says("Why do you look?"), "nor exported");
    let silent = [("noun", "case"), ("id", &case), ("reason", "")];
    let refused = operator
        .post(&asked, "/en/desk/audit", &silent)
        .await
        .unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let said = [silent[0], silent[1], ("reason", "Complaint 7")];
    let answered = operator
        .post(&asked, "/en/desk/audit", &said)
        .await
        .unwrap();
    assert!(
        answered.says("Complaint 7"),
        "the search itself is on record: {}",
        answered.words()
    );
    let csv = operator.get(&export).await.unwrap();
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert!(csv.text().starts_with("at,role,actor,"), "{}", csv.text());
    assert!(csv.text().contains("audit.exported"), "{}", csv.text());
}

#[tokio::test]
async fn timers_are_found_by_a_case() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let (done, _) = journey::renew(&app, &mut browser, NEIGHBOUR).await;
    let reference = journey::reference_of(&done);
    let mut operator = app.browser();
    let path = format!("/en/desk/timers?words={reference}");
    let page = operator
        .sign_in("operator", "/en/desk/timers")
        .await
        .unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    let page = operator.get(&path).await.unwrap();
    assert!(
        page.says("/promise") && page.says(&reference),
        "{}",
        page.words()
    );
    let none = operator
        .get("/en/desk/timers?words=nothing/")
        .await
        .unwrap();
    assert!(none.says("No timer answers"), "{}", none.words());
}

#[tokio::test]
async fn machines_count_answers_by_route() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    visitor.get("/en/find?q=dog").await.unwrap();
    visitor.get("/en/no-such-page").await.unwrap();
    let text = visitor.get("/metrics").await.unwrap().text();
    let find =
        "causeway_http_answers_total{method=\"GET\",route=\"/{lang}/find\",status=\"2xx\"} 1";
    let find = if text.contains(find) {
        find.to_owned()
    } else {
        find.replace("/{lang}/find", "/en/find")
    };
    assert!(text.contains(&find), "{text}");
    assert!(
        text.contains("causeway_http_answer_seconds_total{"),
        "{text}"
    );
    assert!(text.contains("status=\"4xx\""), "{text}");
    assert!(!text.contains("q=dog"), "no value of anybody is told");
    assert!(text.ends_with("# EOF\n"));
}

/// The ids of the cases that the inbox offers to hand out, and of the officer called `name`.
fn offered(html: &str, name: &str) -> (Vec<String>, String) {
    let cases = html
        .split("name=\"case\" value=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect();
    let options = html.split("<option value=\"");
    let officer = options
        .filter(|part| part.contains(name))
        .map(|part| part.split('"').next().unwrap().to_owned())
        .next()
        .unwrap();
    (cases, officer)
}

async fn hand_out(app: &App, supervisor: &mut Browser<'_>) -> testkit::Answer {
    let mut first = app.browser();
    journey::renew(app, &mut first, NEIGHBOUR).await;
    let mut second = app.browser();
    journey::renew(app, &mut second, RESIDENT).await;
    app.settle().await.unwrap();
    let inbox = supervisor.sign_in(SUPERVISOR, "/en/desk").await.unwrap();
    let (cases, officer) = offered(&inbox.text(), "CHAN Siu Ming");
    assert_eq!(cases.len(), 2, "{}", inbox.words());
    let nobody = app.system.store.env().id::<App>().to_string();
    let given = [
        ("case", cases[0].as_str()),
        ("case", cases[1].as_str()),
        ("case", nobody.as_str()),
        ("officer", officer.as_str()),
    ];
    supervisor
        .post(&inbox, "/en/desk/hand-out", &given)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_supervisor_sees_what_became_of_each_case_and_takes_them_back() {
    let app = App::start().await.unwrap();
    let mut supervisor = app.browser();
    let report = hand_out(&app, &mut supervisor).await;
    assert!(report.path.ends_with("/handed-out"), "{}", report.words());
    let words = report.words();
    assert!(
        words.contains("2 given to CHAN Siu Ming, 1 stayed"),
        "{words}"
    );
    let back = supervisor.fill(&report, "/handed-out", &[]).await.unwrap();
    assert!(back.words().contains("2 went back"), "{}", back.words());
    assert!(back.form("/handed-out").is_err(), "once is enough");
}

#[tokio::test]
async fn a_refund_is_asked_for_and_approved_by_two_officers() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    journey::renew(&app, &mut resident, NEIGHBOUR).await;
    app.settle().await.unwrap();
    let mut officer = app.browser();
    officer.sign_in(OFFICER, "/en/desk/money").await.unwrap();
    let number = "R2026-0000001";
    let receipt = format!("/en/desk/money/receipts?number={number}");
    let page = officer.get(&receipt).await.unwrap();
    assert!(page.says(number), "{}", page.words());
    let csrf = testkit::hidden(&page.text(), "csrf").unwrap();
    let seen = testkit::hidden(&page.text(), "seen").unwrap();
    let asked = [
        ("csrf", csrf.as_str()),
        ("number", number),
        ("seen", seen.as_str()),
        ("amount", "100.00"),
        ("reason", "mistake"),
        ("note", "Charged for two classes"),
    ];
    let path = "/en/desk/money/receipts";
    let silent = officer.post(&page, path, &asked[..5]).await.unwrap();
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.says("value=\"100.00\""), "what was typed is there");
    let done = officer.post(&page, path, &asked).await.unwrap();
    assert!(
        done.says("A second officer must approve"),
        "{}",
        done.words()
    );
    let own = officer.get("/en/desk/money").await.unwrap();
    assert!(own.says("another officer decides"), "{}", own.words());

    let mut second = app.browser();
    let money = second.sign_in(SUPERVISOR, "/en/desk/money").await.unwrap();
    assert!(money.says("Charged for two classes"), "{}", money.words());
    let action = money
        .text()
        .split("action=\"")
        .filter_map(|part| part.split('"').next().map(str::to_owned))
        .find(|action| action.contains("/refunds/"))
        .unwrap();
    let approved = second
        .post(&money, &action, &[("do", "approve")])
        .await
        .unwrap();
    assert!(
        approved.says("The money is on its way"),
        "{}",
        approved.words()
    );
}

#[tokio::test]
async fn money_of_another_department_is_not_shown() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    journey::renew(&app, &mut resident, NEIGHBOUR).await;
    app.settle().await.unwrap();
    let mut stranger = app.browser();
    let path = "/en/desk/money/receipts?number=R2026-0000001";
    stranger
        .sign_in("immd-officer", "/en/desk/money")
        .await
        .unwrap();
    let other = stranger.get(path).await.unwrap();
    assert!(
        other.says("No receipt of your department"),
        "{}",
        other.words()
    );
}
