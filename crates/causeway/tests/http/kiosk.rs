//! Kiosk mode: one device, many people, nothing of one left for the next.

use std::time::Duration;

use testkit::{Answer, App, Browser};

use crate::journey::RESIDENT;

/// A device on which somebody has chosen English.
async fn kiosk(app: &App) -> Browser<'_> {
    let mut browser = app.browser();
    let first = browser.get("/kiosk").await.unwrap();
    let home = browser
        .post(&first, "/kiosk", &[("lang", "en")])
        .await
        .unwrap();
    assert_eq!(home.path, "/en/kiosk", "{}", home.words());
    browser
}

/// Links to other sites on `page`.
fn ways_out(page: &Answer) -> Vec<String> {
    page.text()
        .split("href=\"")
        .skip(1)
        .map(|part| part.split('"').next().unwrap_or_default().to_owned())
        .filter(|href| href.starts_with("http"))
        .collect()
}

#[tokio::test]
async fn the_language_is_chosen_first_and_only_a_kiosk_has_the_kiosk_pages() {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let first = visitor.get("/en/kiosk").await.unwrap();
    assert_eq!(first.path, "/kiosk");
    assert!(
        first.says("繁體中文") && first.says("English"),
        "{}",
        first.words()
    );
    let plain = visitor.get("/en/find").await.unwrap();
    assert!(
        !plain.says("kiosk-bar"),
        "an ordinary browser has the kiosk's bar"
    );
    let mut device = kiosk(&app).await;
    let find = device.get("/en/find").await.unwrap();
    assert!(
        find.says("Finish and wipe") && find.says(" kiosk\""),
        "{}",
        find.words()
    );
    assert_eq!(find.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn no_page_of_a_kiosk_leads_to_another_site() {
    let app = App::start().await.unwrap();
    let mut device = kiosk(&app).await;
    for path in [
        "/en/kiosk",
        "/en/services/td-international-driving-permit",
        "/en/departments/TD",
        "/en/cross-boundary",
        "/en/help",
    ] {
        let page = device.get(path).await.unwrap();
        assert!(ways_out(&page).is_empty(), "{path}: {:?}", ways_out(&page));
    }
}

#[tokio::test]
async fn a_session_on_a_kiosk_ends_soon_and_leaves_the_kiosk_as_it_was() {
    let app = App::start().await.unwrap();
    let mut device = kiosk(&app).await;
    device.sign_in(RESIDENT, "/en/applications").await.unwrap();
    app.clock.advance(Duration::from_secs(150));
    let still = device.get("/en/applications").await.unwrap();
    assert_eq!(still.path, "/en/applications", "use keeps the session");
    app.clock.advance(Duration::from_secs(150));
    let still = device.get("/en/applications").await.unwrap();
    assert_eq!(still.path, "/en/applications", "use keeps the session");
    app.clock.advance(Duration::from_secs(181));
    let gone = device.get("/en/applications").await.unwrap();
    assert!(gone.path.contains("/approvals/"), "{}", gone.words());
    assert!(
        gone.says("Finish and wipe"),
        "the device is no kiosk any more"
    );

    let mut own = app.browser();
    own.sign_in(RESIDENT, "/en/applications").await.unwrap();
    app.clock.advance(Duration::from_secs(600));
    let page = own.get("/en/applications").await.unwrap();
    assert_eq!(
        page.path, "/en/applications",
        "an ordinary browser keeps its own time"
    );
}

#[tokio::test]
async fn an_untouched_page_asks_and_then_wipes_without_a_script() {
    let app = App::start().await.unwrap();
    let mut device = kiosk(&app).await;
    let page = device.sign_in(RESIDENT, "/en/applications").await.unwrap();
    assert!(
        page.says(
            "<noscript><meta http-equiv=\"refresh\" content=\"120;url=/en/kiosk/still-there?next="
        ),
        "nothing asks: {}",
        page.text()
    );
    let asks = device
        .get("/en/kiosk/still-there?next=/en/applications")
        .await
        .unwrap();
    assert!(asks.says("href=\"/en/applications\""), "no way on");
    assert!(
        asks.says("content=\"45;url=/en/kiosk/wipe\""),
        "{}",
        asks.text()
    );
    let elsewhere = device
        .get("/en/kiosk/still-there?next=https://example.com/")
        .await
        .unwrap();
    assert!(ways_out(&elsewhere).is_empty(), "it leads away");
    let wiped = device.get("/en/kiosk/wipe").await.unwrap();
    assert_eq!(wiped.path, "/kiosk");
    let back = device.get("/en/applications").await.unwrap();
    assert!(
        back.path.contains("/approvals/"),
        "the session is still there"
    );
}

#[tokio::test]
async fn what_one_person_typed_is_not_offered_to_the_next() {
    let app = App::start().await.unwrap();
    let mut device = kiosk(&app).await;
    let page = device.sign_in(RESIDENT, "/en/applications").await.unwrap();
    let finished = device.post(&page, "/en/kiosk/finish", &[]).await.unwrap();
    assert_eq!(finished.path, "/kiosk");
    let late = device
        .post(&page, "/en/acting", &[("company", "secret")])
        .await
        .unwrap();
    assert_eq!(late.path, "/en/kiosk", "{}", late.words());
    assert!(!late.says("secret"));
    let held = device.get("/en/continue").await.unwrap();
    assert!(!held.says("secret"), "the next person is offered it");
}

#[tokio::test]
async fn the_one_who_looks_after_the_device_ends_kiosk_mode() {
    let app = App::start().await.unwrap();
    let mut device = kiosk(&app).await;
    let ask = device.get("/en/kiosk/leave").await.unwrap();
    let home = device.fill(&ask, "/kiosk/leave", &[]).await.unwrap();
    assert_eq!(home.path, "/en");
    assert!(!home.says("kiosk-bar"));
}
