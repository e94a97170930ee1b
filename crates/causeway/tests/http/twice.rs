//! The same thing done twice, from two windows or by going back: one application, nothing lost.

use axum::http::StatusCode;
use testkit::App;

use crate::journey::{self, RESIDENT};

#[tokio::test]
async fn a_double_submit_gives_one_reference() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let draft = journey::draft_of(&first);
    let bill = journey::answer_all(&mut browser, first).await;
    let ready = journey::pay(&app, &mut browser, &bill, &draft).await;
    let waiting = browser.fill(&ready, "/sign", &[]).await.unwrap();
    let done = browser.approve(RESIDENT, &waiting).await.unwrap();
    let reference = journey::reference_of(&done);

    let approval = waiting.path.rsplit('/').next().unwrap();
    let arrived = browser
        .get(&format!("{draft}/sign?approval={approval}"))
        .await
        .unwrap();
    assert_eq!(
        journey::reference_of(&arrived),
        reference,
        "{}",
        arrived.words()
    );
    let pressed = browser.fill(&ready, "/sign", &[]).await.unwrap();
    assert_eq!(
        journey::reference_of(&pressed),
        reference,
        "{}",
        pressed.words()
    );
    let phone = browser.get(&waiting.path).await.unwrap();
    assert_eq!(
        journey::reference_of(&phone),
        reference,
        "{}",
        phone.words()
    );

    let mine = browser.get("/en/applications").await.unwrap();
    let links = mine
        .text()
        .matches(&format!("/applications/{reference}\""))
        .count();
    assert_eq!(links, 1, "{}", mine.words());
}

#[tokio::test]
async fn the_back_button_after_submission_shows_the_same_reference() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let (done, draft) = journey::renew(&app, &mut browser, RESIDENT).await;
    let reference = journey::reference_of(&done);
    assert!(done.says(&reference));
    let again = browser.get(&done.path).await.unwrap();
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.says(&reference));
    for page in ["/sign", "/check", "/pages/contact", ""] {
        let back = browser.get(&format!("{draft}{page}")).await.unwrap();
        assert!(
            back.says(&reference),
            "{page}: {} {}",
            back.status,
            back.words()
        );
    }
}

#[tokio::test]
async fn two_tabs_lose_nothing() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let one = journey::answer_up_to(&mut browser, first, "contact").await;
    let other = browser.get(&one.path).await.unwrap();
    browser
        .fill(&one, &one.path, &[("mobile", "65551111")])
        .await
        .unwrap();
    let both = browser
        .fill(&other, &other.path, &[("mobile", "65552222")])
        .await
        .unwrap();
    assert!(both.path.contains("/conflicts/contact"), "{}", both.path);
    let words = both.words().replace(' ', "");
    assert!(
        words.contains("65551111") && words.contains("65552222"),
        "{}",
        both.words()
    );

    let settled = browser
        .fill(&both, "/conflicts/contact", &[("keep", "typed")])
        .await
        .unwrap();
    let sheet = settled.form("/contact").unwrap();
    let kept = sheet
        .values
        .iter()
        .find(|(name, _)| name == "mobile")
        .unwrap();
    assert_eq!(kept.1.replace(' ', ""), "65552222");
}

#[tokio::test]
async fn answers_saved_while_they_are_written_do_not_stand_in_the_pages_way() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let first = journey::begin(&mut browser, RESIDENT).await;
    let page = journey::answer_up_to(&mut browser, first, "contact").await;
    let known = testkit::hidden(&page.text(), "revision").unwrap();
    let half = journey::autosave(&mut browser, &page, &known, &[("mobile", "6555")]).await;
    let half: serde_json::Value = serde_json::from_slice(&half.body).unwrap();
    let next = half["revision"].to_string();
    assert_ne!(next, known);
    let whole = journey::autosave(&mut browser, &page, &next, &[("mobile", "65551111")]).await;
    let whole: serde_json::Value = serde_json::from_slice(&whole.body).unwrap();

    let late = journey::autosave(&mut browser, &page, &known, &[("mobile", "65552222")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.text());
    let settled = browser.get(&page.path).await.unwrap();
    assert!(
        settled.path.contains("/conflicts/contact"),
        "{}",
        settled.path
    );
    browser
        .fill(&settled, "/conflicts/contact", &[("keep", "saved")])
        .await
        .unwrap();

    let page = browser.get(&page.path).await.unwrap();
    let now = testkit::hidden(&page.text(), "revision").unwrap();
    assert!(now.parse::<i64>().unwrap() >= whole["revision"].as_i64().unwrap());
    let written = journey::autosave(&mut browser, &page, &now, &[("mobile", "65553333")]).await;
    let written: serde_json::Value = serde_json::from_slice(&written.body).unwrap();
    let revision = written["revision"].to_string();
    let sent = [("mobile", "65553333"), ("revision", revision.as_str())];
    let after = browser.fill(&page, &page.path, &sent).await.unwrap();
    assert!(!after.path.contains("/conflicts/"), "{}", after.path);
    assert_ne!(after.path, page.path, "{}", after.words());
}
