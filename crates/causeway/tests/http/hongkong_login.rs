//! Signing in through the Hong Kong wire form, and what a client may then ask.

use std::time::Duration;

use axum::http::StatusCode;
use identity::Decision;
use serde_json::{Value, json};
use testkit::{
    App, encode,
    hongkong::{Department, REDIRECT},
};

use crate::{
    hongkong::{
        FORM, Holder, PROFILE, SCOPES, about, answered, back, code_of, door, exchanged, form,
        login, query,
    },
    journey::RESIDENT,
};

#[tokio::test]
async fn a_person_signs_in_and_is_known_by_a_subject_of_the_service() {
    let app = App::start().await.unwrap();
    let one = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let two = Department::register_with(&app, "td-other", "https://td.example/cb", |other| {
        other.sector = "td-other".to_owned();
    })
    .await
    .unwrap();
    let code = code_of(&app, &one, RESIDENT).await;
    let token = exchanged(&one, &code).await;
    assert_eq!(token.code, "D00000");
    assert_eq!(token.content["tokenType"], "Bearer");
    assert_eq!(token.content["expiresIn"], 14_400_000);
    assert_eq!(token.content["userType"], "plus");
    assert_eq!(token.content["scope"], SCOPES);
    let again = login(&app, &one, RESIDENT).await;
    assert_eq!(token.content["openID"], json!(again.subject));
    let other = login(&app, &two, RESIDENT).await;
    assert_ne!(again.subject, other.subject);

    let mut browser = app.browser();
    let list = browser.sign_in(RESIDENT, "/en/connections").await.unwrap();
    assert!(list.says("Parking permits"), "{}", list.words());
}

#[tokio::test]
async fn a_code_is_used_once_in_time_and_its_second_use_ends_the_first() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let other = Department::register(&app, "td-other", "https://td.example/cb")
        .await
        .unwrap();
    let code = code_of(&app, &department, RESIDENT).await;
    assert_eq!(
        exchanged(&other, &code).await.code,
        "D40004",
        "another's code"
    );
    let first = exchanged(&department, &code).await;
    let holder = Holder {
        access: first.content["accessToken"].as_str().unwrap().to_owned(),
        subject: first.content["openID"].as_str().unwrap().to_owned(),
    };
    assert_eq!(exchanged(&department, &code).await.code, "D40004");
    let asked = about(&holder, "b-1", json!({ "profileFields": ["enName"] }));
    assert_eq!(
        department.call(PROFILE, &asked).await.unwrap().code,
        "D20009"
    );

    let late = code_of(&app, &department, RESIDENT).await;
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(exchanged(&department, &late).await.code, "D40004");
    let wrong = json!({ "code": late, "grantType": "password" });
    let wrong = department
        .call("/api/v1/auth/getToken", &wrong)
        .await
        .unwrap();
    assert_eq!(wrong.code, "D20003");
}

#[tokio::test]
async fn every_end_of_a_login_has_its_own_number() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let mut browser = app.browser();
    let waiting = browser.get(&door(&department, &[])).await.unwrap();
    assert!(
        waiting.says("Let Parking permits know you"),
        "{}",
        waiting.words()
    );
    let place = answered(&app, &mut browser, (RESIDENT, Decision::Reject), &waiting).await;
    assert_eq!(
        place,
        json!({ "error_code": "D40001", "state": "one-state" })
    );

    let waiting = browser.get(&door(&department, &[])).await.unwrap();
    let form = waiting.form("/cancel").unwrap();
    browser
        .post_raw(&form.action, &encode(&form.filled(&[])))
        .await
        .unwrap();
    let place = back(&mut browser, &waiting).await;
    assert_eq!(place["error_code"], "D40000");

    let waiting = browser.get(&door(&department, &[])).await.unwrap();
    app.clock.advance(Duration::from_secs(241));
    assert_eq!(back(&mut browser, &waiting).await["error_code"], "D40003");
}

#[tokio::test]
async fn a_login_that_is_asked_for_wrongly_says_how() {
    let app = App::start().await.unwrap();
    let department =
        Department::register_with(&app, "td-parking", "https://td.example/cb", |own| {
            own.wire
                .as_mut()
                .unwrap()
                .scopes
                .retain(|scope| scope.code() != "eidapi_sign");
        })
        .await
        .unwrap();
    let mut browser = app.browser();
    let good = ("scope", "eidapi_auth");
    for (name, value, code) in [
        ("responseType", "token", "D20003"),
        ("source", "Netscape", "D20007"),
        ("scope", "eidapi_auth eidapi_sign", "D20015"),
        ("scope", "eidapi_profiles", "D20015"),
        ("lang", "fr-FR", "D20003"),
        ("brokerPage", "maybe", "D20003"),
        ("source", "", "D20002"),
    ] {
        let mut extra = vec![good];
        extra.push((name, value));
        let request = axum::http::Request::builder().uri(door(&department, &extra));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let sent = browser.send(request).await.unwrap();
        let place = sent.location().unwrap_or_default();
        assert!(place.starts_with(REDIRECT), "{name}={value} {place}");
        assert_eq!(query(place)["error_code"], code, "{name}={value}");
    }
}

#[tokio::test]
async fn a_login_goes_back_to_no_stranger() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let mut browser = app.browser();
    let good = ("scope", "eidapi_auth");
    for (name, value) in [
        ("redirectURI", "https://evil.example/back"),
        ("redirectURI", "https://eservice.example/back/"),
        ("clientID", "nobody"),
        ("clientID", "rvd-rates-demo"),
        ("ticketID", "guessed"),
    ] {
        let page = browser
            .get(&door(&department, &[good, (name, value)]))
            .await
            .unwrap();
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{name}={value}");
    }
    let fapi = browser
        .get(&format!(
            "/oauth/authorize?client_id=td-parking&redirect_uri={REDIRECT}"
        ))
        .await
        .unwrap();
    assert_eq!(fapi.status, StatusCode::BAD_REQUEST, "no OpenID client");
}

#[tokio::test]
async fn a_login_speaks_the_language_and_fits_the_device_it_is_asked_for() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let mut browser = app.browser();
    let good = ("scope", "eidapi_auth");
    for (lang, segment) in [("zh-HK", "tc"), ("zh-CN", "sc"), ("en-US", "en")] {
        let page = browser
            .get(&door(&department, &[good, ("lang", lang)]))
            .await
            .unwrap();
        assert!(
            page.path.starts_with(&format!("/{segment}/approvals/")),
            "{}",
            page.path
        );
    }
    let same = [good, ("source", "iOS_Safari"), ("brokerPage", "false")];
    let request = axum::http::Request::builder().uri(door(&department, &same));
    let sent = browser
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await
        .unwrap();
    assert!(sent.location().unwrap().starts_with("/app?approval="));
}

#[tokio::test]
async fn what_a_person_did_not_allow_or_took_back_is_refused() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let narrow = Department::register_with(&app, "td-narrow", "https://td.example/cb", |own| {
        own.wire
            .as_mut()
            .unwrap()
            .scopes
            .retain(|scope| scope.code() == "eidapi_auth");
    })
    .await
    .unwrap();
    let mut browser = app.browser();
    let own = [("scope", "eidapi_auth eidapi_profiles")];
    let waiting = browser.get(&door(&department, &own)).await.unwrap();
    let place = answered(&app, &mut browser, (RESIDENT, Decision::Approve), &waiting).await;
    let token = exchanged(&department, place["code"].as_str().unwrap()).await;
    let text = |name: &str| token.content[name].as_str().unwrap().to_owned();
    let holder = Holder {
        access: text("accessToken"),
        subject: text("openID"),
    };
    let fields = json!({ "profileFields": ["enName"] });
    let code = async |path: &str, parameters: Value| {
        department.call(path, &parameters).await.unwrap().code
    };
    assert_eq!(code(FORM, about(&holder, "b-1", form())).await, "D20015");
    let other = Holder {
        access: holder.access.clone(),
        subject: "somebody-else".to_owned(),
    };
    assert_eq!(
        code(PROFILE, about(&other, "b-1", fields.clone())).await,
        "D20010"
    );
    let one = narrow
        .call(PROFILE, &about(&holder, "b-1", fields.clone()))
        .await
        .unwrap();
    assert_eq!(one.code, "D20012", "not registered for it");
    assert_eq!(
        code(PROFILE, about(&holder, "b-1", fields.clone())).await,
        "D00000"
    );
    let list = browser.sign_in(RESIDENT, "/en/connections").await.unwrap();
    browser
        .fill(&list, "/connections", &[("client", "td-parking")])
        .await
        .unwrap();
    assert_eq!(code(PROFILE, about(&holder, "b-3", fields)).await, "D20009");
}

#[tokio::test]
async fn every_parameter_that_is_wrong_is_named() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let fields = json!({ "profileFields": ["enName"] });
    let code = async |path: &str, parameters: Value| {
        department.call(path, &parameters).await.unwrap().code
    };
    let first = code(PROFILE, about(&holder, "b-1", fields.clone())).await;
    assert_eq!(first, "D00000");
    let again = code(PROFILE, about(&holder, "b-1", fields)).await;
    assert_eq!(again, "D20011");
    for (more, expected) in [
        (json!({ "profileFields": [] }), "D20002"),
        (json!({ "profileFields": ["mobileNumber"] }), "D20003"),
        (json!({ "profileFields": "enName" }), "D20003"),
        (
            json!({ "profileFields": ["enName"], "source": "Netscape" }),
            "D20007",
        ),
        (
            json!({ "profileFields": ["enName"], "redirectURI": "https://evil.example" }),
            "D20008",
        ),
        (
            json!({ "profileFields": ["enName"], "state": "a b" }),
            "D20003",
        ),
        (
            json!({ "profileFields": ["enName"], "businessID": "x".repeat(37) }),
            "D20003",
        ),
        (
            json!({ "profileFields": ["enName"], "businessID": "" }),
            "D20002",
        ),
        (
            json!({ "profileFields": ["enName"], "businessID": null }),
            "D20001",
        ),
    ] {
        let refused = code(PROFILE, about(&holder, "b-2", more.clone())).await;
        assert_eq!(refused, expected, "{more}");
    }
}

#[tokio::test]
async fn a_wire_login_stands_in_the_statistics_of_the_identity_and_of_its_client() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    login(&app, &department, RESIDENT).await;
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await.unwrap();
    let store = &app.system.store;
    let today = store.env().today();
    let used = identity::provider::client_uses(store, (today, today)).await;
    let used = used.unwrap();
    assert_eq!(
        (used[0].client.as_str(), used[0].uses.logins),
        ("td-parking", 1)
    );
    let exact = insight::recognition(store, insight::Period::month_of(today)).await;
    assert_eq!(exact.unwrap().totals[0], Some(1), "counted once");
    let page = app.browser().get("/en/statistics/identity").await.unwrap();
    assert!(page.says("Parking permits"), "{}", page.words());
}
