//! Passkeys through the whole product: what a browser with an authenticator answers instead of the phone.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use testkit::{Answer, App, Authenticator, Browser};

use crate::journey::{self, RESIDENT};

const PAGE: &[u8] = include_bytes!("../../../paper/src/samples/table.pdf");

/// The JSON that a page keeps in one of its attributes.
fn kept(page: &Answer, attribute: &str) -> Value {
    let text = page.text();
    let begin = format!("{attribute}=\"");
    let found = text.split(&begin).nth(1);
    let found = found.unwrap_or_else(|| panic!("{attribute}: {}", page.words()));
    let plain = found.split('"').next().unwrap().replace("&quot;", "\"");
    let plain = plain.replace("&#x2f;", "/").replace("&amp;", "&");
    serde_json::from_str(&plain).unwrap()
}

/// The person's phone allows a passkey, and a new authenticator makes it.
pub(crate) async fn add(
    app: &App,
    browser: &mut Browser<'_>,
    (key, is_synced): (&str, bool),
) -> Authenticator {
    let mut device = authenticator(app);
    device.is_synced = is_synced;
    let list = browser.get("/en/devices").await.unwrap();
    let name = [("name", "My laptop")];
    let waiting = browser
        .fill(&list, "/devices/passkeys", &name)
        .await
        .unwrap();
    let make = browser.approve(key, &waiting).await.unwrap();
    let made = device.make(&kept(&make, "data-passkey-add"));
    let path = make.path.clone();
    let typed = [("credential", made.as_str())];
    let done = browser.fill(&make, &path, &typed).await.unwrap();
    assert!(done.path.ends_with("/devices"), "{}", done.words());
    device
}

fn authenticator(app: &App) -> Authenticator {
    let base = &app.system.site.config().base_url;
    Authenticator::new(app.system.store.env(), base).unwrap()
}

async fn challenge(browser: &mut Browser<'_>, about: &Value) -> Answer {
    let request = Request::post("/passkeys/challenge")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(about.to_string()))
        .unwrap();
    browser.send(request).await.unwrap()
}

/// What the page's script does: asks for a challenge and sends what the authenticator makes of it.
pub(crate) async fn give(
    browser: &mut Browser<'_>,
    page: &Answer,
    (device, about): (&mut Authenticator, &Value),
) -> Answer {
    let asked = challenge(browser, about).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    let asked: Value = serde_json::from_slice(&asked.body).unwrap();
    let options = serde_json::from_str(asked["options"].as_str().unwrap()).unwrap();
    let answer = device.assert(&options);
    let typed = [
        ("ceremony", asked["ceremony"].as_str().unwrap()),
        ("credential", answer.as_str()),
    ];
    browser.fill(page, "/passkey", &typed).await.unwrap()
}

/// Brings a PDF to sign, up to the page that waits for the phone.
async fn brought(browser: &mut Browser<'_>) -> Answer {
    let start = browser.get("/en/sign").await.unwrap();
    let file = ("document", "tenancy.pdf", PAGE);
    let see = browser
        .post_file(&start, "/en/sign", &[], file)
        .await
        .unwrap();
    let here = see.path.clone();
    browser.fill(&see, &here, &[]).await.unwrap()
}

fn about(waiting: &Answer) -> Value {
    let id = waiting.path.rsplit('/').next().unwrap();
    json!({ "kind": "approve", "approval": id })
}

#[tokio::test]
async fn a_resident_signs_a_pdf_with_a_passkey_that_stays_on_its_device() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let mut device = add(&app, &mut resident, (RESIDENT, false)).await;
    let waiting = brought(&mut resident).await;
    assert!(
        waiting.says("With a passkey of this device"),
        "{}",
        waiting.words()
    );
    let path = format!("{}/passkey", waiting.path);
    let see = resident.get(&path).await.unwrap();
    assert!(
        see.says("Read what you sign") && see.says("tenancy.pdf"),
        "{}",
        see.words()
    );
    let done = give(&mut resident, &see, (&mut device, &about(&waiting))).await;
    assert!(done.says("Your document is signed"), "{}", done.words());
    // Answered: the page that asked leads on and asks nothing more.
    let again = resident.get(&path).await.unwrap();
    assert!(!again.says("Read what you sign"), "{}", again.words());
}

#[tokio::test]
async fn a_synced_passkey_is_told_that_it_cannot_sign() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident.sign_in(RESIDENT, "/en/devices").await.unwrap();
    add(&app, &mut resident, (RESIDENT, true)).await;
    let waiting = brought(&mut resident).await;
    let why = "Your passkeys are copied between your devices.";
    assert!(
        waiting.says(why) && !waiting.says("Read it and use a passkey"),
        "{}",
        waiting.words()
    );
    let path = format!("{}/passkey", waiting.path);
    let see = resident.get(&path).await.unwrap();
    assert!(
        see.says(why) && !see.text().contains("data-passkey-ask"),
        "{}",
        see.words()
    );
    let refused = challenge(&mut resident, &about(&waiting)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.text().contains("ID-065"), "{}", refused.text());
    // The phone still answers.
    let done = resident.approve(RESIDENT, &waiting).await.unwrap();
    assert!(done.says("Your document is signed"), "{}", done.words());
}

#[tokio::test]
async fn an_application_is_signed_with_a_passkey() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let mut device = add(&app, &mut resident, (RESIDENT, false)).await;
    let first = journey::begin(&mut resident, RESIDENT).await;
    let draft = journey::draft_of(&first);
    let bill = journey::answer_all(&mut resident, first).await;
    let ready = journey::pay(&app, &mut resident, &bill, &draft).await;
    let waiting = resident.fill(&ready, "/sign", &[]).await.unwrap();
    let path = format!("{}/passkey", waiting.path);
    let see = resident.get(&path).await.unwrap();
    let done = give(&mut resident, &see, (&mut device, &about(&waiting))).await;
    assert!(done.path.ends_with("/done"), "{}", done.words());
}

#[tokio::test]
async fn another_browser_cannot_answer_with_a_passkey() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident.sign_in(RESIDENT, "/en/devices").await.unwrap();
    add(&app, &mut resident, (RESIDENT, false)).await;
    let waiting = brought(&mut resident).await;
    let mut other = app.browser();
    other.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let path = format!("{}/passkey", waiting.path);
    let refused = other.get(&path).await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = challenge(&mut other, &about(&waiting)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// How often the inbox tells of a refused attempt to sign in.
async fn told(app: &App) -> usize {
    app.settle().await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, RESIDENT)
        .await
        .unwrap();
    let to = phone.person.id.cast();
    let inbox = store.read(move |db| async move { notify::inbox(&db, to, None).await });
    let inbox = inbox.await.unwrap();
    let of_attempts = |one: &&notify::Message| one.subject.en.contains("was refused");
    inbox.items.iter().filter(of_attempts).count()
}

#[tokio::test]
async fn a_refused_attempt_stands_in_the_inbox_once_a_day_for_each_cause() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let mut device = add(&app, &mut resident, (RESIDENT, false)).await;
    device.verifies_user = false;
    let sign_in = json!({ "kind": "sign_in" });
    for (days, expected) in [(0, 1), (0, 1), (1, 2)] {
        app.clock
            .advance(std::time::Duration::from_secs(days * 86_400));
        let mut stranger = app.browser();
        let page = stranger.get("/en/sign-in").await.unwrap();
        let refused = give(&mut stranger, &page, (&mut device, &sign_in)).await;
        assert!(refused.says("does not sign in here"), "{}", refused.words());
        assert_eq!(told(&app).await, expected);
    }
    // Another cause is told besides: the phone says no to a sign-in that its owner did not begin.
    let mut stranger = app.browser();
    let page = stranger.get("/en/sign-in").await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, RESIDENT)
        .await
        .unwrap();
    let id = page.path.rsplit('/').next().unwrap().parse().unwrap();
    let shown = identity::open(store, &phone.device, id).await.unwrap();
    let no = identity::Decision::Reject;
    identity::demo::answer(store, &phone, &shown, no)
        .await
        .unwrap();
    assert_eq!(told(&app).await, 3);
}

/// A department's application asks somebody to sign, from its own server.
async fn asked_by_name(app: &App, person: kernel::Id<identity::Person>) -> identity::Approval {
    let system = &app.system;
    let base_url = &system.site.config().base_url;
    let notary = trust::Notary::new(system.keys.clone(), base_url);
    let room = identity::SigningRoom::new(system.identity.clone(), notary);
    let new = identity::NewSigning {
        person: Some(person),
        department: kernel::Text::same("Lands Department"),
        service: kernel::Text::same("Plan of lot 12"),
        algorithm: identity::SigningAlgorithm::Es256,
        items: vec![identity::NewItem {
            kind: identity::ItemKind::Document,
            name: "plan.pdf".to_owned(),
            digest: trust::digest::sha256("the plan"),
            data: None,
        }],
        minimum_age_hours: 0,
        client: Some("lands".to_owned()),
        presence: None,
        card: None,
        behalf: None,
        binding: identity::Binding::of(b"the department's own secret"),
        place: kernel::Text::default(),
        return_to: "/en/inbox".to_owned(),
    };
    let asked = room.ask(&kernel::Actor::system("test"), new).await;
    asked.unwrap().1
}

#[tokio::test]
async fn who_is_asked_by_name_finds_it_in_the_inbox_and_signs_there() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    browser.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let mut device = add(&app, &mut browser, (RESIDENT, false)).await;
    let quiet = browser.get("/en/inbox").await.unwrap();
    assert!(!quiet.says("Waiting for your answer"), "{}", quiet.words());
    let store = &app.system.store;
    let phone = identity::demo::phone(store, &app.system.keys.vault(), RESIDENT).await;
    let person = phone.unwrap().person.id;
    let asked = asked_by_name(&app, person).await;
    let inbox = browser.get("/en/inbox").await.unwrap();
    for words in ["Waiting for your answer", "Plan of lot 12", &asked.code] {
        assert!(inbox.says(words), "{words}: {}", inbox.words());
    }
    let path = format!("/en/approvals/{}/passkey", asked.id);
    assert!(inbox.text().contains(&path));
    let page = browser.get(&path).await.unwrap();
    assert!(page.says("Lands Department"), "{}", page.words());
    assert!(
        !page.text().contains("/cancel"),
        "it is not theirs to withdraw"
    );
    let mut stranger = app.browser();
    stranger
        .sign_in(crate::journey::STRANGER, "/en/inbox")
        .await
        .unwrap();
    let refused = stranger.get(&path).await.unwrap();
    assert!(!refused.says("lot 12"), "{}", refused.words());

    let about = json!({ "kind": "approve", "approval": asked.id });
    let done = give(&mut browser, &page, (&mut device, &about)).await;
    assert!(
        done.path.ends_with("/inbox") && done.says("Signed."),
        "{}",
        done.words()
    );
    assert!(!done.says("Waiting for your answer"), "{}", done.words());
    let binding = identity::Binding::of(b"the department's own secret");
    let outcome = identity::outcome(store, asked.id, &binding).await.unwrap();
    assert_eq!(outcome.state, identity::ApprovalState::Approved);
}
