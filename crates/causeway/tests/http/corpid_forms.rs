//! What a department reads of a company, and what it meets when it asks wrongly.

use std::time::Duration;

use axum::http::StatusCode;
use identity::{Decision, provider::ClientChange};
use serde_json::{Value, json};
use testkit::{
    App,
    hongkong::{Department, Letterbox, REDIRECT},
};

use crate::{
    corpid::{
        Agent, CLERK, CORP_SCOPES, LIST, OTHER_UBI, OWNER, PROFILE, SWITCH, UBI, agent, arrived,
        company_of, corp_exchanged, house, posted, taken_out,
    },
    hongkong::{decide, door, exchanged, heard_code, on_phone, query},
};

pub(crate) const FORM: &str = "/api/eservice/v1/formFilling/initiateRequest";
pub(crate) const RESULT: &str = "/api/eservice/v1/getResult";
const STEP_UP: &str = "/api/eservice/v1/stepup/initiateRequest";
const OPEN_FORM: &str = "/api/eservice/v1/formFilling/anonymous/initiateRequest";
const OPEN_RESULT: &str = "/api/eservice/v1/formFilling/anonymous/getResult";

/// Every field of the catalogue that registers hold.
const PROFILE_FIELDS: &[&str] = &[
    "ubi",
    "did",
    "crn",
    "duns",
    "lei",
    "type",
    "status",
    "engName",
    "chiName",
    "engAddress",
    "chiAddress",
    "commencementDate",
    "cessationDate",
    "annualReturnsDate",
    "brcExpiryDate",
    "crLstMatchTs",
    "irdLstMatchTs",
    "openDataLstMatchTs",
    "rcaLstMatchTs",
];

/// The parameters of a form with fields of the company only.
fn form(business: &str) -> Value {
    json!({
        "businessID": business, "source": "PC_Browser", "redirectURI": REDIRECT, "state": "two-state",
        "formName": "Fleet permit", "formNum": "TD 9", "formDesc": "A year",
        "corpProfileFields": ["ubi", "engName", "type", "status", "crLstMatchTs"],
        "eCorpFields": ["eCorpTelNo"],
    })
}

/// The same with fields of the person, and their own token sealed beside it.
pub(crate) async fn mixed(department: &Department<'_>, agent: &Agent, business: &str) -> Value {
    let token = json!({ "accessToken": agent.access, "openID": agent.subject });
    let mut asked = form(business);
    asked["iAMToken"] = json!(department.sealed_token(&token).await.unwrap());
    asked["profileFields"] = json!(["enName"]);
    asked["eMEFields"] = json!(["mobileNumber"]);
    asked
}

#[tokio::test]
async fn a_company_s_profile_comes_with_the_freshness_of_every_source() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let fields = json!({
        "corpProfileFields": PROFILE_FIELDS, "eCorpFields": ["eCorpWebsite"], "businessID": "b-1",
    });
    let asked = owner.about(fields);
    let told = department.call(PROFILE, &asked).await.unwrap();
    let again = department.call(PROFILE, &asked).await.unwrap();
    assert_eq!(again.code, "M20011", "a businessID is used once");
    assert_eq!(told.code, "M00000", "{}", told.message);
    let corp = &told.content["corp"];
    assert_eq!(corp["ubi"], UBI);
    assert_eq!(corp["crn"], "0990001");
    assert_eq!(corp["type"], "C10110");
    assert_eq!(corp["status"]["statusCode"], "S10100");
    assert_eq!(corp["commencementDate"], "20140301");
    assert_eq!(corp["lei"], "9876DEMO000000GWOK39");
    for stamp in [
        "crLstMatchTs",
        "irdLstMatchTs",
        "openDataLstMatchTs",
        "rcaLstMatchTs",
    ] {
        assert!(corp[stamp].is_i64(), "{stamp}: {corp}");
    }
    assert!(corp.get("cessationDate").is_none() && corp.get("eCorpWebsite").is_none());

    app.settle().await.unwrap();
    let used = identity::hongkong::use_days(&app.system.store, "td-fleet")
        .await
        .unwrap();
    let kinds: Vec<&str> = used.iter().map(|one| one.kind.code()).collect();
    assert_eq!(kinds, ["corp_login", "corp_profile"], "{used:?}");
    let mut browser = app.browser();
    let company = company_of(&app, OWNER, UBI).await;
    let path = format!("/en/companies/{company}/history");
    let page = browser.sign_in(OWNER, &path).await.unwrap();
    assert!(
        page.says("An application read particulars of the company") && page.says("Parking permits"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn a_form_of_a_company_carries_the_person_s_part_under_the_person_s_own_key() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = owner.about(mixed(&department, &owner, "b-1").await);
    let begun = department.call(FORM, &asked).await.unwrap();
    assert_eq!(begun.code, "M00000", "{}", begun.message);
    assert_eq!(begun.content["authByQR"], true);
    let early = owner.about(json!({ "businessID": "b-1" }));
    let early = department.call(RESULT, &early).await.unwrap();
    assert_eq!(early.content["isReady"], false, "{early:?}");
    let shown = on_phone(&app, OWNER, Decision::Approve).await;
    let says = |words: &str| {
        shown
            .detail
            .iter()
            .any(|line| line.value.en.contains(words))
    };
    assert!(says("Golden Wok Demonstration Limited"), "{shown:?}");
    assert!(
        says("name in English, status") && says("mobile telephone"),
        "{shown:?}"
    );

    let heard = letterbox.heard();
    assert_eq!(heard.len(), 1);
    let (code, _, content) = department.open_callback(&heard[0]).unwrap();
    assert_eq!(code, "M00000");
    assert_eq!(content["businessID"], "b-1");
    assert_eq!(content["state"], "two-state");
    assert_eq!(content["corp"]["ubi"], UBI);
    assert!(content.get("personal").is_none() && content.get("enName").is_none());
    let own = department.open_personal(&content).unwrap();
    assert_eq!(own["enName"]["UnstructuredName"], "NG Chi Ming");
    assert_eq!(own["mobileNumber"]["SubscriberNumber"], "61230002");
    let sealed: Value = serde_json::from_str(&heard[0]).unwrap();
    let company_key = department.open_key(sealed["secretKey"].as_str().unwrap());
    let personal_key = department.open_key(content["iAMSecretKey"].as_str().unwrap());
    assert_ne!(company_key.unwrap(), personal_key.unwrap(), "two keys");
    let mut browser = app.browser();
    let looked = browser.sign_in(OWNER, "/en/who-looked").await.unwrap();
    assert!(looked.says("Fleet permit"), "{}", looked.words());
}

#[tokio::test]
async fn a_result_about_a_company_that_was_not_heard_is_fetched_once() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    letterbox.answer(500);
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = owner.about(mixed(&department, &owner, "b-1").await);
    department.call(FORM, &asked).await.unwrap();
    on_phone(&app, OWNER, Decision::Approve).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let fetch = json!({ "businessID": "b-1" });
    let other = department
        .call(RESULT, &clerk.about(fetch.clone()))
        .await
        .unwrap();
    assert_eq!(other.code, "M20003", "a colleague's request");
    let ready = department
        .call(RESULT, &owner.about(fetch.clone()))
        .await
        .unwrap();
    assert_eq!(ready.content["isReady"], true, "{ready:?}");
    let own = department.open_personal(&ready.content).unwrap();
    assert_eq!(own["enName"]["UnstructuredName"], "NG Chi Ming");
    let gone = department.call(RESULT, &owner.about(fetch)).await.unwrap();
    assert_eq!(gone.code, "M20000");
}

#[tokio::test]
async fn every_end_of_a_form_of_a_company_has_its_own_number() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let begin = async |business: &str| {
        let begun = department
            .call(FORM, &clerk.about(form(business)))
            .await
            .unwrap();
        assert_eq!(begun.code, "M00000", "{}", begun.message);
        begun.content["ticketID"].as_str().unwrap().to_owned()
    };
    begin("r").await;
    on_phone(&app, CLERK, Decision::Reject).await;
    assert_eq!(heard_code(&department, &letterbox), "M60001");

    begin("t").await;
    app.clock.advance(Duration::from_secs(300));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "M60003");

    let ticket = begin("c").await;
    let mut browser = app.browser();
    let page = browser
        .get(&door(&department, &[("ticketID", &ticket)]))
        .await
        .unwrap();
    let sheet = page.form(page.path.split('?').next().unwrap()).unwrap();
    let pairs = testkit::encode(&sheet.filled(&[]));
    let gone = browser.post_raw(&sheet.action, &pairs).await.unwrap();
    let place = query(gone.location().unwrap());
    assert_eq!(place["cError_code"], "M60000");
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "M60000");

    begin("f").await;
    taken_out(&app, CLERK).await;
    on_phone(&app, CLERK, Decision::Approve).await;
    assert_eq!(
        heard_code(&department, &letterbox),
        "M60002",
        "who left meanwhile gives nothing away"
    );
}

#[tokio::test]
async fn a_form_of_a_company_without_a_login_is_fetched_once_and_lets_in_to_nothing() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let mut asked = form("b-1");
    for later in ["source", "redirectURI", "state"] {
        asked.as_object_mut().unwrap().remove(later);
    }
    asked["profileFields"] = json!(["enName"]);
    let begun = department.call(OPEN_FORM, &asked).await.unwrap();
    assert_eq!(begun.code, "M00000", "{}", begun.message);
    let again = department.call(OPEN_FORM, &asked).await.unwrap();
    assert_eq!(again.code, "M20011", "a businessID is used once");
    let ticket = begun.content["ticketID"].as_str().unwrap();
    let mut browser = app.browser();
    let own = [
        ("ticketID", ticket),
        ("cScope", CORP_SCOPES),
        ("redirectURI", "https://evil.example/back"),
    ];
    let stranger = browser.get(&door(&department, &own)).await.unwrap();
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST);
    let way = door(&department, &own[..2]).replace("/api/v1/", "/api/eservice/v1/");
    let waiting = browser.get(&way).await.unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    decide(&app, (CLERK, Decision::Approve), id).await;
    let page = arrived(&mut browser, &waiting).await.unwrap();
    let company = company_of(&app, CLERK, OTHER_UBI).await.to_string();
    let sent = posted(&mut browser, &page, &[("company", &company)]).await;
    let place = query(sent.location().unwrap());
    assert_eq!(place["businessID"], "b-1");
    assert_eq!(place["state"], "one-state");
    assert_eq!(
        exchanged(&department, place["code"].as_str().unwrap())
            .await
            .code,
        "D00000"
    );
    let corp = corp_exchanged(&department, place["cCode"].as_str().unwrap()).await;
    assert_eq!(corp.code, "M00000", "{}", corp.message);
    let own = json!({
        "cAccessToken": corp.content["cAccessToken"], "cOpenID": corp.content["cOpenID"],
    });
    let mut wish = own.clone();
    wish["ubi"] = json!(UBI);
    wish["corpProfileFields"] = json!(["ubi"]);
    for path in [SWITCH, PROFILE] {
        assert_eq!(
            department.call(path, &wish).await.unwrap().code,
            "M20009",
            "{path}"
        );
    }
    let result = department.call(OPEN_RESULT, &own).await.unwrap();
    assert_eq!(result.code, "M00000", "{}", result.message);
    assert_eq!(result.content["corp"]["ubi"], OTHER_UBI);
    let personal = department.open_personal(&result.content).unwrap();
    assert_eq!(personal["enName"]["UnstructuredName"], "KWOK Wing Sze");
    let gone = department.call(OPEN_RESULT, &own).await.unwrap();
    assert_eq!(gone.code, "M20009", "handed out once");
}

#[tokio::test]
async fn a_request_about_a_company_that_is_wrong_says_how() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let spoilt = |name: &str, value: Value| {
        let mut asked = owner.about(form("b-1"));
        asked[name] = value;
        asked
    };
    let cases = [
        (
            spoilt("corpProfileFields", json!(["shareholders"])),
            "M20003",
        ),
        (spoilt("eCorpFields", json!(["ubi"])), "M20003"),
        (spoilt("nonHKResidentFields", json!(["visa"])), "M20003"),
        (spoilt("authorizationToken", json!(true)), "M20003"),
        (spoilt("source", json!("Netscape")), "M20007"),
        (
            spoilt("redirectURI", json!("https://evil.example")),
            "M20008",
        ),
        (spoilt("businessID", json!("")), "M20002"),
        (spoilt("businessID", Value::Null), "M20001"),
        (spoilt("cAccessToken", json!("guessed")), "M20009"),
        (spoilt("cAccessToken", json!(owner.access)), "M20009"),
        (spoilt("cOpenID", json!(owner.subject)), "M20010"),
        (spoilt("profileFields", json!(["enName"])), "M20001"),
    ];
    for (asked, expected) in cases {
        let refused = department.call(FORM, &asked).await.unwrap();
        assert_eq!(refused.code, expected, "{asked}");
    }
    let mut bare = owner.about(form("b-1"));
    bare["corpProfileFields"] = json!([]);
    bare["eCorpFields"] = json!([]);
    assert_eq!(department.call(FORM, &bare).await.unwrap().code, "M20002");

    let mut lent = owner.about(mixed(&department, &clerk, "b-1").await);
    let refused = department.call(FORM, &lent).await.unwrap();
    assert_eq!(refused.code, "M20009", "another person's token");
    lent["iAMToken"] = json!("bm90IHNlYWxlZA==");
    assert_eq!(department.call(FORM, &lent).await.unwrap().code, "M30004");
    let personal = owner.about(json!({ "corpProfileFields": ["ubi"], "eMEFields": ["enName"] }));
    assert_eq!(
        department.call(PROFILE, &personal).await.unwrap().code,
        "M20003"
    );

    let first = department
        .call(FORM, &owner.about(form("b-1")))
        .await
        .unwrap();
    assert_eq!(first.code, "M00000");
    let twice = department
        .call(FORM, &owner.about(form("b-1")))
        .await
        .unwrap();
    assert_eq!(twice.code, "M20011");
}

#[tokio::test]
async fn fields_of_people_who_live_elsewhere_are_accepted_and_left_out() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let mut asked = owner.about(form("b-1"));
    let elsewhere = ["enName", "chName", "email", "countryCode", "passport"];
    asked["nonHKResidentFields"] = json!(elsewhere);
    let begun = department.call(FORM, &asked).await.unwrap();
    assert_eq!(begun.code, "M00000", "{}", begun.message);
    on_phone(&app, OWNER, Decision::Approve).await;
    let fetch = owner.about(json!({ "businessID": "b-1" }));
    let result = department.call(RESULT, &fetch).await.unwrap();
    assert_eq!(result.content["corp"]["ubi"], UBI, "{}", result.message);
    let told = result.content.to_string();
    assert!(!elsewhere.iter().any(|name| told.contains(name)), "{told}");
}

#[tokio::test]
async fn who_acts_for_a_company_shows_that_it_is_them() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let ends = [
        (Some(Decision::Approve), "M00000", true),
        (Some(Decision::Reject), "M80001", false),
        (None, "M80003", false),
    ];
    for (number, (decision, expected, is_passed)) in ends.into_iter().enumerate() {
        let asked = json!({
            "businessID": format!("b-{number}"), "source": "PC_Browser", "redirectURI": REDIRECT,
        });
        let begun = department.call(STEP_UP, &owner.about(asked)).await.unwrap();
        assert_eq!(begun.code, "M00000", "{}", begun.message);
        if let Some(decision) = decision {
            let shown = on_phone(&app, OWNER, decision).await;
            let is_named = |line: &identity::DetailLine| line.value.en.contains("Golden Wok");
            assert!(shown.detail.iter().any(is_named), "{shown:?}");
        } else {
            app.clock.advance(Duration::from_secs(3_600));
            app.settle().await.unwrap();
        }
        let heard = letterbox.heard();
        let (code, _, content) = department.open_callback(&heard[0]).unwrap();
        assert_eq!(
            (code.as_str(), &content["isPassed"]),
            (expected, &json!(is_passed))
        );
    }
}

#[tokio::test]
async fn an_interface_is_for_those_who_registered_for_it_each_under_its_own_key() {
    let app = App::start().await.unwrap();
    let people = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let refused = people.fetch_key_for(LIST).await.unwrap();
    assert_eq!(refused["code"], "M20012", "it asks about people only");

    let department = house(&app).await;
    assert_eq!(department.fetch_key().await.unwrap()["code"], "D00000");
    assert_eq!(
        department.fetch_key_for(LIST).await.unwrap()["code"],
        "M00000"
    );
    let keys = [
        department.own_key().clone(),
        department.key_for(LIST).clone(),
    ];
    assert_ne!(keys[0], keys[1]);
    let own = agent(&app, &department, (OWNER, UBI)).await;
    *department.key_for(LIST) = keys[0].clone();
    let swapped = department.call(LIST, &own.about(json!({}))).await.unwrap();
    assert_eq!(swapped.code, "M30004", "the key of the other interface");
    *department.key_for(LIST) = keys[1].clone();
    let revoke = "/api/eservice/v1/security/revokeKey";
    let dropped = department
        .send(revoke, &department.sign(""), "")
        .await
        .unwrap();
    assert!(dropped.says("M00000"), "{}", dropped.text());
    let without = department.call(LIST, &own.about(json!({}))).await.unwrap();
    assert_eq!(without.code, "M30002");
    assert_eq!(
        exchanged(&department, "none").await.code,
        "D40004",
        "the other key is as it was"
    );
    let mut signed = department.sign("");
    signed.signature = signed.mac("another secret", "");
    let forged = department.send(revoke, &signed, "").await.unwrap();
    assert!(forged.says("M20006"), "{}", forged.text());
    department
        .step("second", ClientChange::Suspend)
        .await
        .unwrap();
    assert_eq!(
        department.fetch_key_for(LIST).await.unwrap()["code"],
        "M10001"
    );
}

#[tokio::test]
async fn a_person_lets_a_client_do_for_the_company_what_they_agreed_to_and_no_more() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let mut browser = app.browser();
    for (name, value) in [
        ("cScope", "corpidapi_profiles"),
        ("cScope", "corpidapi_auth eidapi_auth"),
        ("scope", "eidapi_auth corpidapi_auth"),
        ("cScope", "corpidapi_wallet corpidapi_auth"),
    ] {
        let mut own = vec![("cScope", "corpidapi_auth")];
        own.push((name, value));
        let request = axum::http::Request::builder().uri(door(&department, &own));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let sent = browser.send(request).await.unwrap();
        let place = query(sent.location().unwrap());
        assert_eq!(place["cError_code"], "M20015", "{name}={value}");
    }
    let waiting = browser
        .get(&door(&department, &[("cScope", "corpidapi_auth")]))
        .await
        .unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    decide(&app, (OWNER, Decision::Approve), id).await;
    let place = arrived(&mut browser, &waiting).await.unwrap_err();
    let corp = corp_exchanged(&department, place["cCode"].as_str().unwrap()).await;
    assert_eq!(corp.content["cScope"], "corpidapi_auth");
    let own = json!({
        "cAccessToken": corp.content["cAccessToken"], "cOpenID": corp.content["cOpenID"],
        "corpProfileFields": ["ubi"],
    });
    assert_eq!(department.call(PROFILE, &own).await.unwrap().code, "M20015");

    let people = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let request = axum::http::Request::builder().uri(door(&people, &[("cScope", CORP_SCOPES)]));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let sent = browser.send(request).await.unwrap();
    assert_eq!(query(sent.location().unwrap())["cError_code"], "M20015");
}

/// Asks every endpoint about companies for real.
pub(crate) async fn every_endpoint(app: &App) {
    let department = house(app).await;
    let owner = agent(app, &department, (OWNER, UBI)).await;
    let document = app.system.routes().openapi("Causeway", "test");
    let paths = document["paths"].as_object().unwrap();
    let own = |path: &&String| path.starts_with("/api/eservice/") && !path.contains("/security/");
    for path in paths.keys().filter(own) {
        let mut asked = form(path.rsplit('/').next().unwrap());
        asked["ubi"] = json!(UBI);
        let reply = department.call(path, &owner.about(asked)).await.unwrap();
        assert!(reply.code.starts_with('M'), "{path}");
    }
    let revoke = "/api/eservice/v1/security/revokeKey";
    let dropped = department
        .send(revoke, &department.sign(""), "")
        .await
        .unwrap();
    assert_eq!(dropped.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_done_for_a_company_stands_in_the_statistics_of_the_identity_and_of_its_client() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = department
        .call(FORM, &owner.about(form("b-1")))
        .await
        .unwrap();
    assert_eq!(asked.code, "M00000", "{}", asked.message);
    on_phone(&app, OWNER, Decision::Approve).await;
    let fields = json!({ "corpProfileFields": ["ubi"] });
    let told = department
        .call(PROFILE, &owner.about(fields))
        .await
        .unwrap();
    assert_eq!(told.code, "M00000", "{}", told.message);
    app.clock.advance(Duration::from_secs(3_600));
    app.settle().await.unwrap();
    let store = &app.system.store;
    let today = store.env().today();
    let used = identity::provider::client_uses(store, (today, today)).await;
    let used = used.unwrap();
    let own = used.iter().find(|one| one.client == "td-fleet").unwrap();
    assert_eq!((own.uses.logins, own.uses.fills), (1, 2), "{:?}", own.uses);
    let exact = insight::recognition(store, insight::Period::month_of(today)).await;
    assert_eq!(exact.unwrap().totals[0], Some(1), "counted once");
}
