//! Nothing leaves that nobody declared: every endpoint that answers in JSON is asked for real, and each
//! field of each answer is looked up in the OpenAPI document.

use std::collections::BTreeSet;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use identity::PresenceCheck;
use serde_json::{Map, Value, json};
use testkit::{Answer, App, Browser};

use crate::{
    corpid_forms, guests, hongkong,
    journey::{self, NEIGHBOUR, RESIDENT},
    openid,
    whole::whole,
    wire::{self, Wire},
};

/// A bank calls this one, with a secret that tests do not have; its answer is `{"heard": true}`.
const BY_A_BANK: &str = "POST /payments/webhooks/{provider}";

#[tokio::test]
async fn every_json_answer_is_declared() {
    let app = App::start().await.unwrap();
    let document = app.system.routes().openapi("Causeway", "test");
    let mut resident = app.browser();
    whole(&app, &mut resident).await;
    pages(&document, &mut resident).await;
    written(&app).await;
    guests::of_a_counter(&app).await;
    let phone = Wire::enrol(&app, RESIDENT, "basic").await;
    person(&app, &phone).await;
    licence(&app, &phone).await;
    openid::every_endpoint(&app).await;
    hongkong::every_endpoint(&app).await;
    corpid_forms::every_endpoint(&app).await;
    let (status, done) = phone.post("/app/api/device/revoke", &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{done}");

    let recorded = app.system.site.recorded();
    for answered in &recorded {
        let undeclared = web::openapi::undeclared_fields(&document, answered);
        assert_eq!(
            undeclared,
            Vec::<String>::new(),
            "{} {}",
            answered.method,
            answered.path
        );
    }
    let asked: BTreeSet<String> = recorded
        .iter()
        .filter(|answered| answered.status == 200)
        .map(|answered| format!("{} {}", answered.method, answered.path))
        .collect();
    let mut missed = answering_in_json(&document);
    missed.retain(|operation| !asked.contains(operation) && operation != BY_A_BANK);
    assert_eq!(missed, BTreeSet::new(), "no test asks these");
}

/// Every operation with a declared JSON answer.
fn answering_in_json(document: &Value) -> BTreeSet<String> {
    let none = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&none);
    let mut found = BTreeSet::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap_or(&none) {
            if operation["responses"]["200"]["content"]["application/json"].is_object() {
                found.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    found
}

/// What anybody can open with an address alone.
async fn pages(document: &Value, browser: &mut Browser<'_>) {
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_some() && !path.contains('{') {
            browser.get(path).await.unwrap();
        }
    }
    for path in [
        "/api/suggestions?q=driving&lang=tc",
        "/app/words/tc",
        "/credentials/types/driving_licence",
        "/en/statistics/registrants.json",
        "/en/statistics/usage.json",
        "/en/statistics/identity.json",
        "/en/programme.json",
    ] {
        let answer = browser.get(path).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    }
}

/// A page of questions while somebody writes.
async fn written(app: &App) {
    let mut browser = app.browser();
    let page = journey::begin(&mut browser, NEIGHBOUR).await;
    let revision = testkit::hidden(&page.text(), "revision").unwrap();
    let kept = journey::autosave(&mut browser, &page, &revision, &[]).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.text());
}

/// The phone and its person: level, profile, consents, history, approvals.
async fn person(app: &App, phone: &Wire<'_>) {
    let key = json!(phone.key.public().thumbprint());
    let raise = json!({ "card_present": wire::shown(PresenceCheck::Card, &key) });
    assert_eq!(phone.post("/app/api/level", &raise).await.0, StatusCode::OK);
    for (change, expected) in [
        (json!({ "key": "email", "value": "a@example.com" }), 200),
        (json!({ "key": "name_en", "value": "X" }), 422),
    ] {
        let changes = json!({ "changes": [change] });
        let (status, answer) = phone.post("/app/api/profile", &changes).await;
        assert_eq!(status.as_u16(), expected, "{answer}");
    }
    for path in [
        "/app/api/me",
        "/app/api/profile",
        "/app/api/history",
        "/app/api/waking",
    ] {
        phone.get(path).await;
    }
    let waking = json!({ "address": "https://push.example/one" });
    let (status, set) = phone.post("/app/api/waking", &waking).await;
    assert_eq!(
        (status, &set["is_on"]),
        (StatusCode::OK, &json!(true)),
        "{set}"
    );
    let given = phone.get("/app/api/consents").await;
    let revoke = json!({ "consent": given["consents"][0]["id"] });
    let (status, left) = phone.post("/app/api/consents/revoke", &revoke).await;
    assert_eq!(status, StatusCode::OK, "{left}");

    let mut browser = app.browser();
    let waiting = browser.get("/en/sign-in?next=/en/inbox").await.unwrap();
    let ask = Request::post("/passkeys/challenge")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Body::from("{\"kind\":\"sign_in\"}"));
    let challenge = browser.send(ask.unwrap()).await.unwrap();
    assert_eq!(challenge.status, StatusCode::OK, "{}", challenge.text());
    let approval = waiting.path.rsplit('/').next().unwrap();
    phone.approve(approval).await;
    phone.get("/app/api/approvals").await;
    let inbox = browser.get(&waiting.path).await.unwrap();
    assert!(inbox.path.contains("/inbox"), "{}", inbox.path);
}

/// The licence comes to the phone by OpenID4VCI, and an inspector asks about it.
async fn licence(app: &App, phone: &Wire<'_>) {
    let listed = phone.licences().await;
    let id = listed[0]["id"].as_str().unwrap().parse().unwrap();
    let (status, offer) = phone.collect(id).await;
    assert_eq!(status, StatusCode::OK, "{offer}");
    let base = &app.system.site.config().base_url;
    let reference = offer["credential_offer_uri"].as_str().unwrap();
    let mut browser = app.browser();
    let offered = browser.get(reference.strip_prefix(base).unwrap()).await;
    let offered = body(&offered.unwrap());
    let grant = offered["grants"].as_object().unwrap();
    let (kind, grant) = grant.iter().next().unwrap();
    let code = grant["pre-authorized_code"].as_str().unwrap();

    let redeem = format!("grant_type={kind}&pre-authorized_code={code}");
    let refused = send(&mut browser, "/credentials/token", None, "grant_type=x").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let token = body(&send(&mut browser, "/credentials/token", None, &redeem).await);
    let token = token["access_token"].as_str().unwrap();
    let nonce = body(&send(&mut browser, "/credentials/nonce", None, "").await);
    let proof = phone.signed_with_key(
        "openid4vci-proof+jwt",
        &json!({
            "aud": format!("{base}/credentials"), "nonce": nonce["c_nonce"],
            "iat": app.system.store.env().now().seconds(),
        }),
    );
    let ask = json!({
        "credential_configuration_id": "driving_licence", "proofs": { "jwt": [proof] },
    })
    .to_string();
    let refused = send(&mut browser, "/credentials/credential", Some("x"), &ask).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let issued = body(&send(&mut browser, "/credentials/credential", Some(token), &ask).await);
    let told = json!({
        "notification_id": issued["notification_id"], "event": "credential_accepted",
    });
    let told = send(
        &mut browser,
        "/credentials/notification",
        Some(token),
        &told.to_string(),
    )
    .await;
    assert_eq!(told.status, StatusCode::NO_CONTENT, "{}", told.text());
    let pass = issued["credentials"][0]["causeway_pass"].as_str().unwrap();
    let check = json!({ "code": pass, "lang": "en" }).to_string();
    let verdict = body(&send(&mut browser, "/credentials/verify", None, &check).await);
    assert_eq!(verdict["licence"]["number"], "Q311117", "{verdict}");
}

async fn send(browser: &mut Browser<'_>, path: &str, token: Option<&str>, sent: &str) -> Answer {
    let kind = if sent.starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, kind)
        .header(header::ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    browser
        .send(request.body(Body::from(sent.to_owned())).unwrap())
        .await
        .unwrap()
}

fn body(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}
