//! Licence codes and approvals that somebody tampers with or uses twice.

use axum::http::StatusCode;
use credentials::pass::{self, PassClaims, PassLicence};
use identity::{Decision, demo};
use testkit::App;
use trust::{Purpose, SigningKey};

use crate::journey::{self, RESIDENT};

/// A genuine pass of this installation as printed, and its device key.
fn pass(app: &App) -> (PassClaims, String) {
    let now = app.system.store.env().now();
    let device = SigningKey::from_scalar([7; 32]).unwrap();
    let base = &app.system.site.config().base_url;
    let claims = PassClaims {
        issuer: format!("{base}/credentials"),
        issued: now.seconds(),
        expires: now.seconds() + 86_400,
        holder: device.public().clone(),
        status: credentials::status_list::StatusRef {
            uri: format!("{base}/credentials/status/1"),
            idx: 5,
        },
        licence: PassLicence {
            kind: "driving_licence".to_owned(),
            number: "Q311117".to_owned(),
            valid_from: now.date().to_string(),
            valid_until: None,
            claims: serde_json::Map::new(),
        },
    };
    let key = app.system.keys.signer(Purpose::CredentialIssuer).unwrap();
    let printed = pass::issue(&claims, &key.key).unwrap();
    (claims, printed)
}

#[tokio::test]
async fn a_tampered_licence_code_is_red() {
    let app = App::start().await.unwrap();
    let mut inspector = app.browser();
    let page = inspector.get("/en/verify").await.unwrap();
    let (claims, genuine) = pass(&app);
    let seen = inspector
        .fill(&page, "/verify", &[("code", &genuine)])
        .await
        .unwrap();
    assert!(
        seen.says("Q311117") && !seen.says("verdict-red"),
        "{}",
        seen.words()
    );

    let stranger = SigningKey::from_scalar([9; 32]).unwrap();
    let foreign = pass::issue(&claims, &stranger).unwrap();
    let mut broken = genuine.clone().into_bytes();
    let middle = broken.len() / 2;
    broken.swap(middle, middle + 1);
    broken[middle + 2] = if broken[middle + 2] == b'A' {
        b'B'
    } else {
        b'A'
    };
    let broken = String::from_utf8(broken).unwrap();
    let cut: String = genuine.chars().take(genuine.len() - 3).collect();
    for code in [
        broken,
        cut,
        foreign,
        "CW1:".to_owned(),
        "https://example.com".to_owned(),
    ] {
        let seen = inspector
            .fill(&page, "/verify", &[("code", &code)])
            .await
            .unwrap();
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.says("verdict-red"), "{code}: {}", seen.words());
        assert!(
            !seen.words().contains("Q311117"),
            "{code} still shows a licence"
        );
    }
}

#[tokio::test]
async fn a_replayed_approval_is_refused() {
    let app = App::start().await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let mut browser = app.browser();
    let waiting = browser
        .get("/en/sign-in?next=/en/applications")
        .await
        .unwrap();
    browser.approve(RESIDENT, &waiting).await.unwrap();

    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    let phone = demo::phone(store, &vault, RESIDENT).await.unwrap();
    let shown = identity::open(store, &phone.device, id).await.unwrap();
    let again = demo::answer(store, &phone, &shown, Decision::Approve).await;
    assert!(again.is_err(), "a used approval was approved again");

    let mut thief = app.browser();
    let taken = thief.get(&waiting.path).await.unwrap();
    assert_eq!(taken.status, StatusCode::FORBIDDEN, "{}", taken.words());
    let mine = thief.get("/en/applications").await.unwrap();
    assert!(mine.path.contains("/approvals/"), "the thief is signed in");

    // The approval of a sign-in cannot stand for a signature.
    let first = journey::begin(&mut browser, RESIDENT).await;
    let draft = journey::draft_of(&first);
    let bill = journey::answer_all(&mut browser, first).await;
    journey::pay(&app, &mut browser, &bill, &draft).await;
    let forged = browser
        .get(&format!("{draft}/sign?approval={id}"))
        .await
        .unwrap();
    assert!(forged.status.is_client_error(), "{}", forged.words());
    assert!(forged.words().len() > 40);
}

#[tokio::test]
async fn a_decision_signed_once_counts_once() {
    let app = App::start().await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let mut browser = app.browser();
    let waiting = browser
        .get("/en/sign-in?next=/en/applications")
        .await
        .unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    let phone = demo::phone(store, &vault, RESIDENT).await.unwrap();
    let shown = identity::open(store, &phone.device, id).await.unwrap();
    demo::answer(store, &phone, &shown, Decision::Reject)
        .await
        .unwrap();
    let later = demo::answer(store, &phone, &shown, Decision::Approve).await;
    assert!(later.is_err(), "a rejected approval was approved");
    let page = browser.get(&waiting.path).await.unwrap();
    assert!(
        page.path.contains("/approvals/"),
        "signed in after a rejection"
    );
    assert!(page.words().len() > 40);
}
