//! Sessions begin, change their secret, idle, end, and tell a thief of the database nothing.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn signing_in_changes_the_sessions_secret() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.get(&world, "/en/form").await;
    let before = browser.session().unwrap().to_owned();
    browser.sign_in(&world, "resident").await;
    let after = browser.session().unwrap().to_owned();
    assert_ne!(before, after);
    let mut thief = Browser::default();
    thief.hold("causeway", &before);
    assert_eq!(
        thief.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_page_without_a_form_starts_no_session() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.get(&world, "/en").await;
    assert_eq!(browser.session(), None);
    browser.get(&world, "/en/form").await;
    assert!(browser.session().is_some());
}

#[tokio::test]
async fn a_session_ends_when_it_was_idle_for_half_an_hour() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(browser.get(&world, "/en/mine").await.status, StatusCode::OK);
    }
    world.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(
        browser.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_kept_cookie_opens_nothing_after_signing_out() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let kept = browser.session().unwrap().to_owned();
    let token = browser.get(&world, "/en/mine").await.token();
    let out = browser
        .post(&world, "/en/sign-out", &format!("csrf={token}"))
        .await;
    assert_eq!(out.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.session(), None);
    browser.hold("causeway", &kept);
    assert_eq!(
        browser.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_person_can_be_signed_out_of_every_browser() {
    let world = World::new().await;
    let (mut one, mut two) = (Browser::default(), Browser::default());
    one.sign_in(&world, "resident").await;
    two.sign_in(&world, "resident").await;
    assert_eq!(world.site.sessions().end_all("p1").await.unwrap(), 2);
    assert_eq!(
        one.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        two.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_session_that_cannot_be_opened_counts_as_ended() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let actor = Actor::system("test");
    let spoilt = world.site.store().write(&actor, |tx| async move {
        tx.run(&SPOIL, store::params![vec![7_u8; 40]]).await
    });
    assert_eq!(spoilt.await.unwrap(), 1);
    assert_eq!(browser.get(&world, "/en").await.status, StatusCode::OK);
    assert_eq!(
        browser.get(&world, "/en/mine").await.status,
        StatusCode::SEE_OTHER
    );
    browser.sign_in(&world, "resident").await;
    assert_eq!(browser.get(&world, "/en/mine").await.status, StatusCode::OK);
}

store::sql! {
    SPOIL = "UPDATE web_session SET sealed = $1";
}

#[tokio::test]
async fn ended_sessions_are_swept() {
    let world = World::new().await;
    Browser::default().sign_in(&world, "resident").await;
    assert_eq!(world.site.sessions().sweep().await.unwrap(), 0);
    world.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(world.site.sessions().sweep().await.unwrap(), 1);
}

#[tokio::test]
async fn a_flash_is_shown_once() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    assert!(
        browser
            .get(&world, "/en/mine")
            .await
            .text
            .contains("Application sent")
    );
    assert!(
        !browser
            .get(&world, "/en/mine")
            .await
            .text
            .contains("Application sent")
    );
}

#[tokio::test]
async fn cookies_are_closed_to_scripts_and_tied_to_the_host_under_tls() {
    let plain = World::new().await.get("/en/form").await;
    let cookie = plain.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("causeway=") && cookie.contains("HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let config = SiteConfig {
        base_url: "https://causeway.example".to_owned(),
        ..SiteConfig::default()
    };
    let secure = World::with(config).await.get("/en/form").await;
    let cookie = secure.header("set-cookie").to_owned();
    assert!(cookie.starts_with("__Host-causeway="), "{cookie}");
    assert!(
        cookie.contains("Path=/; HttpOnly; SameSite=Lax; Secure"),
        "{cookie}"
    );
    assert!(
        secure
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
}

#[test]
fn a_seal_opens_only_with_its_own_token_and_purpose() {
    let (env, _) = Env::fake(Time::default(), 1);
    let (one, two) = (
        crate::seal::Token::draw(&env),
        crate::seal::Token::draw(&env),
    );
    let sealed = one.seal(&env, "session", b"secret words").unwrap();
    assert!(!sealed.windows(6).any(|part| part == b"secret"));
    assert_eq!(one.open("session", &sealed).unwrap(), b"secret words");
    assert!(one.open("flash", &sealed).is_err());
    assert!(two.open("session", &sealed).is_err());
    assert!(one.open("session", b"short").is_err());
    let (a, b) = (one.form_token(&env), one.form_token(&env));
    assert_ne!(a, b);
    assert!(one.is_form_token(&a) && one.is_form_token(&b) && !two.is_form_token(&a));
    for bad in ["", "AAAA", "not base64 !", &a[..40]] {
        assert!(!one.is_form_token(bad));
    }
}
