//! What people are told and what they tell: who looked at their data, feedback, announcements.

use std::time::Duration;

use axum::http::{StatusCode, header};
use testkit::{Answer, App, Browser};

use crate::journey::{self, OFFICER, RESIDENT, SERVICE, STRANGER};

const OPERATOR: &str = "operator";
const OWNER: &str = "owner";

/// A renewal that an officer has opened. Returns its reference.
async fn opened<'a>(app: &'a App, resident: &mut Browser<'a>) -> String {
    let (done, _) = journey::renew(app, resident, RESIDENT).await;
    let reference = journey::reference_of(&done);
    app.settle().await.unwrap();
    let mut officer = app.browser();
    journey::open_case(&mut officer, OFFICER, &reference).await;
    reference
}

/// The address in the first link of `page` that ends with `end`.
fn link(page: &Answer, end: &str) -> String {
    let html = page.text();
    let href = html
        .split("href=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap())
        .find(|href| href.ends_with(end))
        .unwrap_or_else(|| panic!("no link to …{end}: {}", page.words()));
    href.to_owned()
}

#[tokio::test]
async fn a_resident_sees_who_looked_and_takes_the_list_home() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let reference = opened(&app, &mut resident).await;
    let page = resident.get("/en/who-looked").await.unwrap();
    let words = page.words();
    assert!(words.contains("Transport Department"), "{words}");
    assert!(words.contains("To work on the application"), "{words}");
    let shown = format!("{}-{}", &reference[..4], &reference[4..]);
    assert!(words.contains(&shown), "{words}");
    let chinese = resident.get("/tc/who-looked").await.unwrap();
    assert!(chinese.words().contains("處理申請"), "{}", chinese.words());
    let file = resident.get("/en/who-looked/file").await.unwrap();
    let kind = file.headers.get(header::CONTENT_TYPE).unwrap();
    assert_eq!(kind, "text/csv; charset=utf-8");
    let csv = file.text();
    assert!(csv.starts_with("\u{feff}\"When\",\"Department\""), "{csv}");
    assert!(csv.contains("\"Officer\"") && csv.contains(&shown), "{csv}");
    let none = resident.get("/en/who-looked?department=ird").await.unwrap();
    assert!(none.words().contains("Nothing in this selection"));
    let wrong = resident.get("/en/who-looked?from=yesterday").await.unwrap();
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut stranger = app.browser();
    let empty = stranger.sign_in(STRANGER, "/en/who-looked").await.unwrap();
    assert!(
        empty.words().contains("Nobody has looked at your data"),
        "{}",
        empty.words()
    );
    let own = link(&page, "/report");
    assert_eq!(
        stranger.get(&own).await.unwrap().status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_look_that_is_not_expected_is_reported_and_answered_in_the_inbox() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    opened(&app, &mut resident).await;
    let page = resident.get("/en/who-looked").await.unwrap();
    let report = resident.get(&link(&page, "/report")).await.unwrap();
    let empty = resident.fill(&report, "/report", &[]).await.unwrap();
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let words = [(
        "words",
        "I am Cheung Ka Yan, 6123 0001, and I have asked for nothing",
    )];
    let sent = resident.fill(&report, "/report", &words).await.unwrap();
    assert!(
        sent.words().contains("Your report has the number"),
        "{}",
        sent.words()
    );
    let mut operator = app.browser();
    let list = operator
        .sign_in(OPERATOR, "/en/desk/feedback")
        .await
        .unwrap();
    assert!(
        list.words().contains("Report about a look"),
        "{}",
        list.words()
    );
    assert!(
        list.words().contains("I am [name], [number], and"),
        "{}",
        list.words()
    );
    let one = operator.get(&first_feedback(&list)).await.unwrap();
    assert!(
        one.form("").is_ok() && !one.says("said_en"),
        "it can be answered in public"
    );
    let close = [
        ("do", "close"),
        ("reason", "The officer checked the photo."),
    ];
    let path = one.path.clone();
    operator.post(&one, &path, &close).await.unwrap();
    let inbox = resident.get("/en/inbox").await.unwrap();
    assert!(
        inbox.words().contains("about who looked at your data"),
        "{}",
        inbox.words()
    );
}

/// The address of the first piece of feedback in the owner's list.
fn first_feedback(list: &Answer) -> String {
    let html = list.text();
    let table = html
        .split("<tbody>")
        .nth(1)
        .unwrap_or_else(|| panic!("{}", list.words()));
    let href = table.split("href=\"").nth(1).unwrap();
    href.split('"').next().unwrap().to_owned()
}

/// Says something about `page` and sends it. Ends at the page that thanks.
async fn say(browser: &mut Browser<'_>, page: &str, answers: &[(&str, &str)]) -> Answer {
    let form = browser.get(page).await.unwrap();
    let form = browser.get(&link_to_feedback(&form)).await.unwrap();
    let check = browser.fill(&form, "/feedback", answers).await.unwrap();
    assert!(check.path.contains("/feedback/check"), "{}", check.words());
    browser.fill(&check, "/feedback/check", &[]).await.unwrap()
}

fn link_to_feedback(page: &Answer) -> String {
    let html = page.text();
    let rest = html.split("class=\"page-feedback\"").nth(1).unwrap();
    let href = rest
        .split("href=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    href.replace("&amp;", "&").replace("&#x2f;", "/")
}

#[tokio::test]
async fn feedback_is_shown_as_kept_sent_and_answered_in_public() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let service = "/en/services/dpo-change-of-address";
    let page = visitor.get(service).await.unwrap();
    let form = visitor.get(&link_to_feedback(&page)).await.unwrap();
    for (name, wrong) in [("kind", ""), ("words", "issue")] {
        let again = visitor
            .fill(&form, "/feedback", &[("kind", wrong), ("words", "")])
            .await
            .unwrap();
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
    }
    let said = [
        ("kind", "issue"),
        ("words", "The list of flats is empty. A123456(3)"),
    ];
    let check = visitor.fill(&form, "/feedback", &said).await.unwrap();
    assert!(
        check.words().contains("The list of flats is empty. [HKID]"),
        "{}",
        check.words()
    );
    let sent = visitor.fill(&check, "/feedback/check", &[]).await.unwrap();
    assert!(
        sent.words().contains("Your feedback has the number"),
        "{}",
        sent.words()
    );
    let twice = visitor.get("/en/feedback/check").await.unwrap();
    assert!(
        !twice.words().contains("flats"),
        "what was sent is kept with the browser"
    );

    let mut owner = app.browser();
    let list = owner.sign_in(OWNER, "/en/desk/feedback").await.unwrap();
    let one = owner.get(&first_feedback(&list)).await.unwrap();
    let path = one.path.clone();
    let half = [
        ("do", "answer"),
        ("said_en", "The list was empty"),
        ("answer_en", "It is filled"),
    ];
    let again = owner.post(&one, &path, &half).await.unwrap();
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("It is filled"), "what was typed is lost");
    let whole = [("said_tc", "清單空白"), ("answer_tc", "清單已補上")];
    let whole: Vec<_> = half.into_iter().chain(whole).collect();
    owner.post(&again, &path, &whole).await.unwrap();
    let public = visitor
        .get(&format!("{service}/answers").replace("/en/", "/tc/"))
        .await
        .unwrap();
    assert!(public.words().contains("清單已補上"), "{}", public.words());
    assert!(
        !public.says("HKID") && !public.says("list of flats"),
        "the sender's own words are public"
    );
}

#[tokio::test]
async fn a_remark_belongs_to_the_version_in_use_and_to_its_department() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let first = journey::begin(&mut resident, RESIDENT).await;
    let said = [
        ("kind", "feedback"),
        ("rating", "4"),
        ("words", "Ka Yan says: good"),
    ];
    say(&mut resident, &first.path, &said).await;
    let mut operator = app.browser();
    let list = operator
        .sign_in(OPERATOR, "/en/desk/feedback")
        .await
        .unwrap();
    assert!(
        list.words().contains("[name] says: good"),
        "{}",
        list.words()
    );
    assert!(
        list.words().contains("/drafts/…/"),
        "the draft's number is kept: {}",
        list.words()
    );
    let by_service =
        format!("/en/desk/feedback?service={SERVICE}&rating=4&kind=feedback&state=open");
    let found = operator.get(&by_service).await.unwrap();
    assert!(found.words().contains("4 / 5"), "{}", found.words());
    let other = operator.get("/en/desk/feedback?kind=issue").await.unwrap();
    assert!(
        other.words().contains("Nothing waits here"),
        "{}",
        other.words()
    );
    let mut owner = app.browser();
    let list = owner.sign_in(OWNER, "/en/desk/feedback").await.unwrap();
    assert!(
        !list.words().contains("says: good"),
        "an owner reads another department's feedback"
    );
    let mut officer = app.browser();
    officer.sign_in(OFFICER, "/en/desk").await.unwrap();
    let refused = officer.get("/en/desk/feedback").await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn one_browser_sends_only_so_much_feedback_in_an_hour() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let said = [("kind", "issue"), ("words", "again")];
    for _ in 0..10 {
        let sent = say(&mut visitor, "/en/find", &said).await;
        assert!(sent.path.contains("/feedback/sent"), "{}", sent.words());
    }
    let kept = say(&mut visitor, "/en/find", &said).await;
    assert!(
        kept.words().contains("You have sent much in the last hour"),
        "{}",
        kept.words()
    );
    app.clock.advance(Duration::from_secs(3_601));
    let sent = visitor.get("/en/feedback?page=/en/find").await.unwrap();
    let check = visitor.fill(&sent, "/feedback", &said).await.unwrap();
    let sent = visitor.fill(&check, "/feedback/check", &[]).await.unwrap();
    assert!(sent.path.contains("/feedback/sent"), "{}", sent.words());
}

const WORDS: [(&str, &str); 6] = [
    ("severity", "warning"),
    ("title_en", "The office is shut"),
    ("title_tc", "辦事處休息"),
    ("body_en", "Apply online as usual."),
    ("body_tc", "請照常於網上申請。"),
    ("ends_on", "2026-12-31"),
];

/// Writes an announcement, previews and publishes it. Ends at the list.
async fn announce(browser: &mut Browser<'_>, more: &[(&str, &str)]) -> Answer {
    let form = browser.get("/en/desk/announcements/new").await.unwrap();
    let answers: Vec<_> = WORDS.iter().chain(more).copied().collect();
    let preview = browser.fill(&form, "/new", &answers).await.unwrap();
    assert!(preview.path.ends_with("/preview"), "{}", preview.words());
    assert!(
        preview.words().contains("辦事處休息"),
        "{}",
        preview.words()
    );
    browser.fill(&preview, "/preview", &[]).await.unwrap()
}

#[tokio::test]
async fn an_announcement_stands_on_the_pages_it_concerns_until_it_is_ended() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let (done, _) = journey::renew(&app, &mut resident, RESIDENT).await;
    let reference = journey::reference_of(&done);
    app.settle().await.unwrap();
    let mut operator = app.browser();
    operator
        .sign_in(OPERATOR, "/en/desk/announcements")
        .await
        .unwrap();
    let audience = format!("service:{SERVICE}");
    let policy = format!("{SERVICE}@1");
    announce(
        &mut operator,
        &[("audience", &audience), ("policy", &policy)],
    )
    .await;
    app.settle().await.unwrap();
    app.settle().await.unwrap();
    let mut visitor = app.browser();
    let service = format!("/tc/services/{SERVICE}");
    let shown = visitor.get(&service).await.unwrap();
    assert!(shown.words().contains("辦事處休息"), "{}", shown.words());
    assert!(
        shown.says(&format!("/tc/services/{SERVICE}/versions/1")),
        "no link to the version"
    );
    for path in ["/en", "/en/services/dpo-change-of-address"] {
        let other = visitor.get(path).await.unwrap();
        assert!(!other.words().contains("The office is shut"), "{path}");
    }
    let news = visitor.get("/en/news").await.unwrap();
    assert!(
        news.words().contains("The office is shut"),
        "{}",
        news.words()
    );
    let own = resident
        .get(&format!("/en/applications/{reference}"))
        .await
        .unwrap();
    assert!(
        own.words().contains("The office is shut"),
        "{}",
        own.words()
    );
    let inbox = resident.get("/en/inbox").await.unwrap();
    assert_eq!(
        inbox.words().matches("The office is shut").count(),
        1,
        "{}",
        inbox.words()
    );

    let list = operator.get("/en/desk/announcements").await.unwrap();
    let ended = operator.fill(&list, "/end", &[]).await.unwrap();
    assert!(ended.words().contains("Ended early"), "{}", ended.words());
    let gone = visitor.get(&service).await.unwrap();
    assert!(!gone.words().contains("辦事處休息"), "it still stands");
}

#[tokio::test]
async fn an_announcement_with_a_missing_word_comes_back_as_it_was_typed() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    owner
        .sign_in(OWNER, "/en/desk/announcements")
        .await
        .unwrap();
    let form = owner.get("/en/desk/announcements/new").await.unwrap();
    let typed = [("title_en", "Only English"), ("ends_on", "2020-01-01")];
    let again = owner.fill(&form, "/new", &typed).await.unwrap();
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("Only English"), "what was typed is lost");
    assert!(
        again.words().contains("this must be after the start"),
        "{}",
        again.words()
    );
}

#[tokio::test]
async fn services_for_the_greater_bay_area_say_why_they_are_listed() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let page = visitor.get("/en/cross-boundary").await.unwrap();
    for words in [
        "International Driving Permit",
        "It stands in the government's list of cross-boundary services",
        "Guangdong Scheme",
        "Asks for a Hong Kong address",
    ] {
        assert!(
            page.text().replace("&#39;", "'").contains(words),
            "{words}: {}",
            page.words()
        );
    }
    for path in ["/en", "/en/subjects"] {
        let from = visitor.get(path).await.unwrap();
        assert!(
            from.says("/en/cross-boundary"),
            "{path} does not lead there"
        );
    }
}
