//! How requests over the Hong Kong wire end that nobody answers well, and for how long each thing counts.

use std::time::Duration;

use axum::http::StatusCode;
use identity::{Decision, FieldKey, PersonState, set_person_state_in, update_profile};
use kernel::Actor;
use serde_json::{Value, json};
use testkit::{
    App, encode,
    hongkong::{Department, Letterbox, card_hash, sha256},
};

use crate::{
    hongkong::{
        BASIC, FORM, PROFILE, STEP_UP, about, answered, code_of, door, exchanged, form, heard_code,
        login, query, without_login,
    },
    hongkong_signing::{BULK, SIGN, document, many},
    journey::RESIDENT,
};

const OPEN_FORM: &str = "/api/v1/anonymous/eme/initiateRequest";
const OPEN_RESULT: &str = "/api/v1/anonymous/eme/getResult";

async fn department(app: &App) -> Department<'_> {
    Department::register(app, "td-parking", "https://td.example/cb")
        .await
        .unwrap()
}

async fn stands(app: &App, person: kernel::Id<identity::Person>, state: PersonState) {
    let store = &app.system.store;
    store
        .write(&Actor::system("test"), move |tx| async move {
            set_person_state_in(&tx, person, state, "test").await
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_asked_of_somebody_suspended_meanwhile_has_failed_in_every_family() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, RESIDENT)
        .await
        .unwrap();
    let person = phone.person.id;
    let profile = json!({ "profileFields": ["enName"] });
    let kinds = [
        (PROFILE, about(&holder, "b-1", profile), "D50002"),
        (FORM, about(&holder, "b-2", form()), "D60002"),
        (STEP_UP, about(&holder, "b-3", json!({})), "D80002"),
        (
            SIGN,
            about(&holder, "b-4", document(&sha256(b"a"))),
            "D70002",
        ),
        (BULK, many(&holder, "b-5", 2), "D71002"),
    ];
    for (path, asked, expected) in kinds {
        let begun = department.call(path, &asked).await.unwrap();
        assert_eq!(begun.code, "D00000", "{path}: {}", begun.message);
        let open = identity::open_of(store, person).await.unwrap();
        stands(&app, person, PersonState::Suspended).await;
        let refused = identity::open(store, &phone.device, open[0].id).await;
        assert!(refused.is_err(), "the phone says so as well");
        app.settle().await.unwrap();
        assert_eq!(heard_code(&department, &letterbox), expected, "{path}");
        stands(&app, person, PersonState::Active).await;
    }
}

#[tokio::test]
async fn who_may_not_sign_one_document_may_not_sign_many() {
    let app = App::start().await.unwrap();
    let department = department(&app).await;
    let holder = login(&app, &department, RESIDENT).await;
    let basic = login(&app, &department, BASIC).await;
    let mut other_card = many(&holder, "b-1", 2);
    other_card["HKICHash"] = json!(card_hash("Q321170"));
    let mut too_new = many(&holder, "b-1", 2);
    too_new["suaWaitPeriod"] = json!(720);
    for (asked, expected) in [
        (many(&basic, "b-1", 2), "D71004"),
        (other_card, "D71005"),
        (too_new, "D71009"),
    ] {
        let refused = department.call(BULK, &asked).await.unwrap();
        assert_eq!(refused.code, expected, "{}", refused.message);
    }
}

#[tokio::test]
async fn a_signature_is_withdrawn_in_the_browser_that_waits_for_it() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    for (path, asked, expected) in [
        (
            SIGN,
            about(&holder, "b-1", document(&sha256(b"a"))),
            "D70000",
        ),
        (BULK, many(&holder, "b-2", 2), "D71000"),
    ] {
        let asked = department.call(path, &asked).await.unwrap();
        let ticket = asked.content["ticketID"].as_str().unwrap();
        let mut browser = app.browser();
        let page = door(&department, &[("ticketID", ticket)]);
        let page = browser.get(&page).await.unwrap();
        let sheet = page.form(page.path.split('?').next().unwrap()).unwrap();
        let typed = encode(&sheet.filled(&[]));
        let gone = browser.post_raw(&sheet.action, &typed).await.unwrap();
        let place = query(gone.location().unwrap());
        assert_eq!(place["error_code"], expected, "{path}");
        app.settle().await.unwrap();
        assert_eq!(heard_code(&department, &letterbox), expected, "{path}");
    }
}

async fn arrives(app: &App, page: &str) -> testkit::Answer {
    let request = axum::http::Request::builder().uri(page);
    let request = request.body(axum::body::Body::empty()).unwrap();
    app.browser().send(request).await.unwrap()
}

#[tokio::test]
async fn a_ticket_waits_eighteen_minutes_and_the_code_of_its_request_lives_for_one() {
    let app = App::start().await.unwrap();
    let department = department(&app).await;
    let ask = async |business: &str| {
        let asked = without_login(business, form());
        let asked = department.call(OPEN_FORM, &asked).await.unwrap();
        let ticket = asked.content["ticketID"].as_str().unwrap().to_owned();
        door(&department, &[("ticketID", &ticket)])
    };
    let late = ask("b-1").await;
    app.clock.advance(Duration::from_secs(18 * 60 + 1));
    let late = arrives(&app, &late).await;
    assert!(late.location().unwrap().contains("error_code=D60003"));
    for (business, seconds, expected) in [("b-2", 59, "D00000"), ("b-3", 61, "D40004")] {
        let page = ask(business).await;
        app.clock.advance(Duration::from_secs(18 * 60 - 1));
        let mut browser = app.browser();
        let waiting = browser.get(&page).await.unwrap();
        assert_eq!(waiting.status, StatusCode::OK, "{}", waiting.words());
        let place = answered(&app, &mut browser, (RESIDENT, Decision::Approve), &waiting).await;
        app.clock.advance(Duration::from_secs(seconds));
        // The content key of a hundred minutes may have ended meanwhile.
        *department.own_key() = None;
        let fetch = json!({ "code": place["code"] });
        let result = department.call(OPEN_RESULT, &fetch).await.unwrap();
        assert_eq!(result.code, expected, "{}", result.message);
    }
}

#[tokio::test]
async fn an_access_token_lives_for_four_hours() {
    let app = App::start().await.unwrap();
    let department = department(&app).await;
    let holder = login(&app, &department, RESIDENT).await;
    let profile = || json!({ "profileFields": ["enName"] });
    for (minutes, business, expected) in [(239, "b-1", "D00000"), (2, "b-2", "D20009")] {
        app.clock.advance(Duration::from_secs(minutes * 60));
        *department.own_key() = None;
        let asked = about(&holder, business, profile());
        let reply = department.call(PROFILE, &asked).await.unwrap();
        assert_eq!(reply.code, expected, "{}", reply.message);
    }
}

#[tokio::test]
async fn a_client_is_told_when_what_is_known_of_a_person_changed_last() {
    let app = App::start().await.unwrap();
    let department = department(&app).await;
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, RESIDENT)
        .await
        .unwrap();
    let told = async || {
        let code = code_of(&app, &department, RESIDENT).await;
        let token = exchanged(&department, &code).await;
        token.content["lastModifiedDate"].as_i64().unwrap()
    };
    let first = told().await;
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(told().await, first, "a login changes nothing");
    let changes = vec![(FieldKey::Mobile, Value::from("61230099"))];
    let changed = update_profile(store, &vault, phone.person.id, changes);
    changed.await.unwrap();
    assert_eq!(told().await, store.env().now().micros() / 1_000);
}
