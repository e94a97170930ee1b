//! A department's existing code drives every flow of the Hong Kong wire form, and meets every family of
//! errors.

use std::time::Duration;

use axum::http::StatusCode;
use identity::{Approval, Decision, demo, provider::Registration};
use kernel::Id;
use serde_json::{Value, json};
use testkit::{
    Answer, App, Browser, encode,
    hongkong::{Department, Letterbox, REDIRECT, Reply, card_hash},
};

use crate::journey::{NEIGHBOUR, RESIDENT};

/// Somebody who is not at the plus level.
pub(crate) const BASIC: &str = "lau-tsz-hin";
pub(crate) const SCOPES: &str = "eidapi_auth eidapi_profiles eidapi_formFilling eidapi_sign \
                                 eidapi_fr eidapi_bulksign";
pub(crate) const PROFILE: &str = "/api/v1/account/auth/profile/initiateRequest";
pub(crate) const FORM: &str = "/api/v1/account/eme/initiateRequest";
pub(crate) const STEP_UP: &str = "/api/v1/account/stepup/initiateRequest";

/// A person who has signed in to a department.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) access: String,
    pub(crate) subject: String,
}

pub(crate) fn door(department: &Department<'_>, extra: &[(&str, &str)]) -> String {
    let mut pairs: Vec<(String, String)> = [
        ("clientID", department.id.as_str()),
        ("responseType", "code"),
        ("source", "PC_Browser"),
        ("redirectURI", REDIRECT),
        ("scope", SCOPES),
        ("lang", "en-US"),
        ("state", "one-state"),
        ("brokerPage", "true"),
    ]
    .iter()
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect();
    for (name, value) in extra {
        pairs.retain(|(known, _)| known != name);
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    format!("/api/v1/auth/getQR?{}", encode(&pairs))
}

/// The parameters of the address a browser is sent to.
pub(crate) fn query(place: &str) -> Value {
    let query = place.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Value::Object(
        pairs
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect(),
    )
}

/// Answers what waits for the phone, and goes to where the browser is sent.
pub(crate) async fn answered(
    app: &App,
    browser: &mut Browser<'_>,
    who: (&str, Decision),
    waiting: &Answer,
) -> Value {
    let id = waiting.path.rsplit('/').next().unwrap();
    decide(app, who, id.parse().unwrap()).await;
    back(browser, waiting).await
}

/// Follows the house's own pages until the browser is sent away.
pub(crate) async fn back(browser: &mut Browser<'_>, waiting: &Answer) -> Value {
    let mut path = waiting.path.clone();
    for _ in 0..5 {
        let request = axum::http::Request::builder().uri(&path);
        let answer = browser
            .send(request.body(axum::body::Body::empty()).unwrap())
            .await
            .unwrap();
        path = answer
            .location()
            .unwrap_or_else(|| panic!("{} {}", answer.status, answer.words()))
            .to_owned();
        if path.starts_with(REDIRECT) {
            return query(&path);
        }
    }
    panic!("{path} leads nowhere");
}

pub(crate) async fn decide(app: &App, (who, decision): (&str, Decision), id: Id<Approval>) {
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = demo::phone(store, &vault, who).await.unwrap();
    let shown = identity::open(store, &phone.device, id).await.unwrap();
    demo::answer(store, &phone, &shown, decision).await.unwrap();
}

/// Answers what waits on somebody's phone, and lets the platform do its work.
pub(crate) async fn on_phone(app: &App, who: &str, decision: Decision) -> Approval {
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = demo::phone(store, &vault, who).await.unwrap();
    let open = identity::open_of(store, phone.person.id).await.unwrap();
    decide(app, (who, decision), open[0].id).await;
    app.settle().await.unwrap();
    open[0].clone()
}

pub(crate) async fn code_of(app: &App, department: &Department<'_>, who: &str) -> String {
    let mut browser = app.browser();
    let waiting = browser.get(&door(department, &[])).await.unwrap();
    let place = answered(app, &mut browser, (who, Decision::Approve), &waiting).await;
    assert_eq!(place["state"], "one-state");
    place["code"].as_str().unwrap().to_owned()
}

pub(crate) async fn exchanged(department: &Department<'_>, code: &str) -> Reply {
    let parameters = json!({ "code": code, "grantType": "authorization_code" });
    department
        .call("/api/v1/auth/getToken", &parameters)
        .await
        .unwrap()
}

pub(crate) async fn login(app: &App, department: &Department<'_>, who: &str) -> Holder {
    let code = code_of(app, department, who).await;
    let token = exchanged(department, &code).await;
    assert_eq!(token.code, "D00000", "{}", token.message);
    let text = |name: &str| token.content[name].as_str().unwrap().to_owned();
    Holder {
        access: text("accessToken"),
        subject: text("openID"),
    }
}

/// The parameters of a request about a person.
#[expect(
    clippy::needless_pass_by_value,
    reason = "a test writes them where it asks"
)]
pub(crate) fn about(holder: &Holder, business: &str, more: Value) -> Value {
    let mut all = json!({
        "businessID": business, "accessToken": holder.access, "openID": holder.subject,
        "source": "PC_Browser", "redirectURI": REDIRECT, "state": "two-state",
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

pub(crate) fn form() -> Value {
    json!({
        "formName": "Parking permit", "formNum": "TD 1", "formDesc": "A year",
        "profileFields": ["idNo", "enName", "chName", "chNameVerified", "birthDate", "gender"],
        "eMEFields": ["mobileNumber", "emailAddress", "residentialAddress", "addressDocInfo"],
    })
}

#[tokio::test]
async fn fields_are_posted_once_the_phone_has_agreed() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let asked = department
        .call(FORM, &about(&holder, "b-form", form()))
        .await
        .unwrap();
    assert_eq!(asked.code, "D00000", "{}", asked.message);
    assert_eq!(asked.content["authByQR"], true);
    letterbox.answer(503);
    let shown = on_phone(&app, RESIDENT, Decision::Approve).await;
    assert_eq!(asked.content["identificationCode"], json!(shown.code));
    assert!(
        shown
            .detail
            .iter()
            .any(|line| line.value.en.contains("home address"))
    );
    let failed = letterbox.heard();
    assert_eq!(failed.len(), 1);
    letterbox.answer(200);
    app.clock.advance(Duration::from_secs(10));
    app.settle().await.unwrap();
    let heard = letterbox.heard();
    assert_eq!(
        heard.len(),
        1,
        "told again until it hears, and then no more"
    );
    let (code, tx_id, content) = department.open_callback(&heard[0]).unwrap();
    let (_, first, _) = department.open_callback(&failed[0]).unwrap();
    assert_eq!(tx_id, first, "a repetition can be told");
    assert!(tx_id.starts_with("<T=") && tx_id.len() == 36, "{tx_id}");
    assert_eq!(code, "D00000");
    assert_eq!(content["businessID"], "b-form");
    assert_eq!(content["state"], "two-state");
    assert_eq!(
        content["idNo"],
        json!({ "Identification": "Q311117", "CheckDigit": "9" })
    );
    assert_eq!(content["enName"]["UnstructuredName"], "CHEUNG Ka Yan");
    assert_eq!(content["chNameVerified"], true);
    assert_eq!(content["mobileNumber"]["CountryCode"], "852");
    assert!(
        content["residentialAddress"]["EngPremisesAddress"]["Region"].is_string(),
        "{content}"
    );
    assert_eq!(content["birthDate"].as_str().unwrap().len(), 8);

    app.clock.advance(Duration::from_secs(100_000));
    app.settle().await.unwrap();
    assert!(letterbox.heard().is_empty());
    let mut browser = app.browser();
    let looked = browser.sign_in(RESIDENT, "/en/who-looked").await.unwrap();
    assert!(looked.says("Parking permit"), "{}", looked.words());
}

#[tokio::test]
async fn every_end_of_a_request_about_fields_has_its_own_number() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let profile = json!({ "profileFields": ["enName"] });
    let kinds = [
        (PROFILE, profile, ["D50001", "D50003", "D40000"]),
        (FORM, form(), ["D60001", "D60003", "D60000"]),
        (STEP_UP, json!({}), ["D80001", "D80003", "D40000"]),
    ];
    for (path, more, [rejected, timed_out, cancelled]) in kinds {
        let business = |word: &str| format!("{word}-{}", path.len());
        let asked = about(&holder, &business("r"), more.clone());
        department.call(path, &asked).await.unwrap();
        on_phone(&app, RESIDENT, Decision::Reject).await;
        assert_eq!(heard_code(&department, &letterbox), rejected, "{path}");

        let asked = about(&holder, &business("t"), more.clone());
        department.call(path, &asked).await.unwrap();
        app.clock.advance(Duration::from_secs(300));
        app.settle().await.unwrap();
        assert_eq!(heard_code(&department, &letterbox), timed_out, "{path}");

        let asked = about(&holder, &business("c"), more.clone());
        let asked = department.call(path, &asked).await.unwrap();
        let mut browser = app.browser();
        let ticket = asked.content["ticketID"].as_str().unwrap();
        let page = browser
            .get(&door(&department, &[("ticketID", ticket)]))
            .await
            .unwrap();
        assert!(page.says("waits for your phone"), "{}", page.words());
        let sheet = page.form(page.path.split('?').next().unwrap()).unwrap();
        let gone = browser
            .post_raw(&sheet.action, &encode(&sheet.filled(&[])))
            .await
            .unwrap();
        let place = query(gone.location().unwrap());
        assert_eq!(place["error_code"], cancelled, "{path}");
        assert_eq!(place["businessID"], json!(business("c")));
        app.settle().await.unwrap();
        assert_eq!(heard_code(&department, &letterbox), cancelled, "{path}");
    }
}

pub(crate) fn heard_code(department: &Department<'_>, letterbox: &Letterbox) -> String {
    let heard = letterbox.heard();
    assert_eq!(heard.len(), 1, "one result, one call");
    department.open_callback(&heard[0]).unwrap().0
}

#[tokio::test]
async fn a_person_shows_that_it_is_them_at_the_address_the_request_names() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let other = Letterbox::open().await.unwrap();
    let own = |wanted: &mut Registration| {
        let wire = wanted.wire.as_mut().unwrap();
        wire.callback_uris.insert(0, other.address.clone());
    };
    let department = Department::register_with(&app, "td-parking", &letterbox.address, own)
        .await
        .unwrap();
    let holder = login(&app, &department, BASIC).await;
    let named = json!({ "source": "iOS_Safari", "redirectURI": letterbox.address });
    let asked = about(&holder, "b-1", named);
    let asked = department.call(STEP_UP, &asked).await.unwrap();
    assert_eq!(asked.content["authByQR"], false);
    assert!(asked.content["ticketID"].is_string());
    on_phone(&app, BASIC, Decision::Approve).await;
    let heard = letterbox.heard();
    let (code, _, content) = department.open_callback(&heard[0]).unwrap();
    assert_eq!(code, "D00000");
    assert!(other.heard().is_empty(), "one result, one address");
    let expected = json!({ "businessID": "b-1", "state": "two-state", "isPassed": true });
    assert_eq!(content, expected);
}

/// The parameters of a request without a login.
pub(crate) fn without_login(business: &str, mut parameters: Value) -> Value {
    for (name, value) in [
        ("businessID", business),
        ("source", "PC_Browser"),
        ("redirectURI", REDIRECT),
        ("state", "two-state"),
    ] {
        parameters[name] = json!(value);
    }
    parameters
}

#[tokio::test]
async fn a_form_is_filled_in_without_a_login_and_fetched_once() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let parameters = without_login("b-1", form());
    let path = "/api/v1/anonymous/eme/initiateRequest";
    let asked = department.call(path, &parameters).await.unwrap();
    assert_eq!(asked.code, "D00000", "{}", asked.message);
    let again = department.call(path, &parameters).await.unwrap();
    assert_eq!(again.code, "D20011", "a businessID is used once");
    let ticket = asked.content["ticketID"].as_str().unwrap();
    let mut browser = app.browser();
    let waiting = browser
        .get(&door(&department, &[("ticketID", ticket)]))
        .await
        .unwrap();
    let thief = app
        .browser()
        .get(&door(&department, &[("ticketID", ticket)]))
        .await
        .unwrap();
    assert_eq!(
        thief.status,
        StatusCode::BAD_REQUEST,
        "a ticket is used once"
    );
    let place = answered(&app, &mut browser, (RESIDENT, Decision::Approve), &waiting).await;
    assert_eq!(place["businessID"], "b-1");
    let code = place["code"].as_str().unwrap();
    let token = exchanged(&department, code).await;
    assert_eq!(token.code, "D00000");
    let fetch = json!({
        "accessToken": token.content["accessToken"], "openID": token.content["openID"],
    });
    let path = "/api/v1/anonymous/eme/getResult";
    let login_only = about(
        &Holder {
            access: token.content["accessToken"].as_str().unwrap().to_owned(),
            subject: token.content["openID"].as_str().unwrap().to_owned(),
        },
        "b-2",
        json!({ "profileFields": ["enName"] }),
    );
    let barred = department.call(PROFILE, &login_only).await.unwrap();
    assert_eq!(barred.code, "D20009", "it lets in to nothing else");
    let result = department.call(path, &fetch).await.unwrap();
    assert_eq!(result.code, "D00000", "{}", result.message);
    assert_eq!(
        result.content["enName"]["UnstructuredName"],
        "CHEUNG Ka Yan"
    );
    let gone = department.call(path, &fetch).await.unwrap();
    assert_eq!(gone.code, "D20009", "handed out once");
}

#[tokio::test]
async fn a_result_that_was_not_heard_can_be_fetched_once() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    letterbox.answer(500);
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let fields = json!({ "profileFields": ["enName"] });
    department
        .call(PROFILE, &about(&holder, "b-1", fields))
        .await
        .unwrap();
    let path = "/api/v1/account/getResult";
    let early = department
        .call(path, &about(&holder, "b-1", json!({})))
        .await
        .unwrap();
    assert_eq!(early.content["isReady"], false);
    on_phone(&app, RESIDENT, Decision::Approve).await;
    let ready = department
        .call(path, &about(&holder, "b-1", json!({})))
        .await
        .unwrap();
    assert_eq!(ready.content["isReady"], true, "{ready:?}");
    assert_eq!(ready.content["enName"]["UnstructuredName"], "CHEUNG Ka Yan");
    let gone = department
        .call(path, &about(&holder, "b-1", json!({})))
        .await
        .unwrap();
    assert_eq!(gone.code, "D20000");
    let _ = letterbox.heard();
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await.unwrap();
    assert!(letterbox.heard().is_empty(), "nothing is left to tell");
}

/// Asks every endpoint of the wire form for real.
pub(crate) async fn every_endpoint(app: &App) {
    let department = Department::register(app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let holder = login(app, &department, NEIGHBOUR).await;
    let document = app.system.routes().openapi("Causeway", "test");
    let paths = document["paths"].as_object().unwrap();
    let own = |path: &&String| path.starts_with("/api/v1/") && !path.contains("/security/");
    for path in paths.keys().filter(own) {
        let asked = about(&holder, path.rsplit('/').next().unwrap(), json!({}));
        let reply = department.call(path, &asked).await.unwrap();
        assert!(reply.code.starts_with('D'), "{path}");
    }
    let dropped = department
        .send("/api/v1/security/revokeKey", &department.sign(""), "")
        .await
        .unwrap();
    assert_eq!(dropped.status, StatusCode::OK);
    assert_eq!(card_hash("A123456").len(), 44);
}
