//! Wrong answers, old pages, ended sessions and drafts: said plainly, and nothing typed is lost.

use std::time::Duration;

use axum::http::StatusCode;
use testkit::App;

use crate::journey::{self, RESIDENT, SERVICE};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_form_without_its_token_keeps_the_answers() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let page = journey::answer_up_to(&mut browser, first, "contact").await;
    let old = [("csrf", "of-an-earlier-session"), ("mobile", "65559876")];
    let stale = browser.fill(&page, &page.path, &old).await.unwrap();
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.says("65559876"),
        "the answer is gone: {}",
        stale.words()
    );
    let next = browser.fill(&stale, &page.path, &[]).await.unwrap();
    assert!(next.path.ends_with("/declare"), "{}", next.path);
    let again = browser.get(&page.path).await.unwrap();
    assert!(
        again.says("value=\"65559876\"") || again.says("6555 9876"),
        "{}",
        again.text()
    );
}

#[tokio::test]
async fn a_wrong_check_digit_is_explained_beside_its_question() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let service = format!("/en/services/{SERVICE}");
    let page = browser.sign_in(RESIDENT, &service).await.unwrap();
    let known = browser.fill(&page, "/start", &[]).await.unwrap();
    let you = browser
        .fill(&known, "/known", &[("fill", "no")])
        .await
        .unwrap();
    let typed = [
        ("name_en", "CHEUNG Ka Yan"),
        ("hkid", "A123456(4)"),
        ("dob-day", "14"),
        ("dob-month", "5"),
        ("dob-year", "2001"),
    ];
    let refused = browser.fill(&you, &you.path, &typed).await.unwrap();
    assert!(refused.path.ends_with("/pages/you"), "{}", refused.path);
    assert!(
        refused.words().contains("check digit"),
        "{}",
        refused.words()
    );
    assert!(refused.says("A123456(4)"), "what was typed is gone");
    assert!(
        refused.says("href=\"#hkid\""),
        "the summary leads to the question"
    );
    assert!(refused.says("CHEUNG Ka Yan"), "the other answers are gone");
    let mended = browser
        .fill(&refused, &you.path, &[("hkid", "A123456(3)")])
        .await
        .unwrap();
    assert!(
        mended.path.ends_with("/pages/licence"),
        "{} {}",
        mended.path,
        mended.words()
    );
}

#[tokio::test]
async fn an_expired_draft_says_so() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let draft = journey::draft_of(&first);
    app.clock.advance(DAY * 31);
    let answer = browser.sign_in(RESIDENT, &first.path).await.unwrap();
    assert_eq!(answer.status, StatusCode::GONE, "{}", answer.words());
    assert!(
        answer.words().contains("kept as long as we may keep it"),
        "{}",
        answer.words()
    );
    let overview = browser.get(&draft).await.unwrap();
    assert_eq!(overview.status, StatusCode::GONE);
    let fresh = browser
        .get(&format!("/en/services/{SERVICE}"))
        .await
        .unwrap();
    let started = browser.fill(&fresh, "/start", &[]).await.unwrap();
    assert_ne!(journey::draft_of(&started), draft, "a new draft begins");
}

#[tokio::test]
async fn an_expired_session_leads_back_with_the_answers() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let page = journey::answer_up_to(&mut browser, first, "contact").await;
    app.clock.advance(DAY);
    let waiting = browser
        .fill(&page, &page.path, &[("mobile", "65559876")])
        .await
        .unwrap();
    assert!(waiting.path.contains("/approvals/"), "{}", waiting.path);
    let back = browser.approve(RESIDENT, &waiting).await.unwrap();
    assert!(back.path.ends_with("/continue"), "{}", back.path);
    assert!(
        back.says("65559876"),
        "the answer is gone: {}",
        back.words()
    );
    let next = browser.fill(&back, &page.path, &[]).await.unwrap();
    assert!(
        next.path.ends_with("/declare"),
        "{} {}",
        next.path,
        next.words()
    );
}

#[tokio::test]
async fn malformed_forms_are_answered_in_words() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let token = testkit::hidden(&first.text(), "csrf").unwrap();
    let bodies = [
        String::new(),
        "%ff=%zz&&&=".to_owned(),
        format!("csrf={token}"),
        format!("csrf={token}&revision=many&name_en=%00%ff"),
        format!("csrf={token}&revision=99999999999999999999"),
        format!("csrf={token}&expiry-day=99&expiry-month=x&classes=nothing&revision=-1"),
        format!("csrf={token}&{}", "a=1&".repeat(5_000)),
        format!("csrf={token}&name_en={}", "x".repeat(200_000)),
    ];
    let draft = journey::draft_of(&first);
    for body in &bodies {
        for page in [
            "/pages/you",
            "/pages/licence",
            "/pages/nowhere",
            "/known",
            "/check",
            "/sign",
        ] {
            let answer = browser
                .post_raw(&format!("{draft}{page}"), body)
                .await
                .unwrap();
            let shown: String = body.chars().take(60).collect();
            assert!(
                !answer.status.is_server_error(),
                "{page} {shown}: {}",
                answer.status
            );
            let is_said = answer.status.is_redirection() || answer.words().len() > 40;
            assert!(is_said, "{page} {shown}: {} says nothing", answer.status);
        }
    }
    for path in [
        "/en/drafts/%00",
        "/en/drafts/x/pages/y",
        "/en/applications/%ff",
        "/xx/drafts/1",
    ] {
        let answer = browser.get(path).await.unwrap();
        assert!(answer.status.is_client_error(), "{path}: {}", answer.status);
        assert!(answer.words().len() > 40, "{path} says nothing");
    }
}
