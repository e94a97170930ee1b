//! The main job from the first click to the licence, and that nobody's data is logged on the way.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use identity::{Decision, demo};
use serde_json::{Value, json};
use testkit::{
    App, Browser,
    hongkong::{Department, Letterbox, base64, card_hash, sha256},
};

use crate::{
    corpid::{self, OWNER, UBI},
    corpid_forms, guests,
    hongkong::{self, Holder},
    hongkong_signing::{self, SIGN},
    journey::{self, NEIGHBOUR, OFFICER, RESIDENT},
    openid,
};

/// What is shorter says nothing of anybody.
const TELLING: usize = 6;
/// Names of what a department says itself.
const OWN: [&str; 2] = ["businessID", "state"];

/// A resident renews, an officer decides. Ends with the resident's page of licences.
pub(crate) async fn whole<'a>(app: &'a App, resident: &mut Browser<'a>) -> String {
    let (done, _) = journey::renew(app, resident, RESIDENT).await;
    let reference = journey::reference_of(&done);
    app.settle().await.unwrap();
    let mut officer = app.browser();
    let case = journey::open_case(&mut officer, OFFICER, &reference).await;
    assert!(case.says(&reference), "{}", case.words());
    let checked = journey::act(&mut officer, &case, "check").await;
    let approved = journey::act(&mut officer, &checked, "approve").await;
    assert!(
        approved.words().contains("Approved"),
        "{}",
        approved.words()
    );
    app.settle().await.unwrap();
    reference
}

#[tokio::test]
async fn a_resident_renews_a_driving_licence() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let reference = whole(&app, &mut resident).await;
    let licences = resident.get("/en/licences").await.unwrap();
    assert!(licences.says("Q311117"), "no licence: {}", licences.words());
    let page = resident
        .get(&format!("/en/applications/{reference}"))
        .await
        .unwrap();
    assert!(page.words().contains("Approved"), "{}", page.words());
    let inbox = resident.get("/en/inbox").await.unwrap();
    assert!(
        inbox.words().contains("renewed"),
        "no letter: {}",
        inbox.words()
    );
}

/// Keeps every line that any thread of this test binary logs.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        lines
    })
}

/// Every text in what was handed over, that says something of somebody.
fn telling(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.len() >= TELLING => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(telling).collect(),
        Value::Object(all) => all
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .flat_map(|(_, one)| telling(one))
            .collect(),
        _ => Vec::new(),
    }
}

/// What a machine holds that nobody else may.
fn of_a_machine(department: &Department<'_>, path: &str) -> Vec<String> {
    let key = department.key_for(path).clone().unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![department.secret.clone(), base64(&key), hex]
}

/// A login, fields and a signature over the wire of departments: what must not be logged.
async fn of_a_department(app: &App) -> Vec<String> {
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let code = hongkong::code_of(app, &department, RESIDENT).await;
    let token = hongkong::exchanged(&department, &code).await;
    let text = |name: &str| token.content[name].as_str().unwrap().to_owned();
    let holder = Holder {
        access: text("accessToken"),
        subject: text("openID"),
    };
    let mut secrets = of_a_machine(&department, SIGN);
    let card = demo::find(RESIDENT).unwrap();
    let card = card_hash(card.hkid.stem());
    let mut document = hongkong_signing::document(&sha256(b"the form"));
    document["HKICHash"] = json!(card);
    for (path, business, asked) in [
        (hongkong::FORM, "b-1", hongkong::form()),
        (SIGN, "b-2", document),
    ] {
        let asked = hongkong::about(&holder, business, asked);
        let reply = department.call(path, &asked).await.unwrap();
        assert_eq!(reply.code, "D00000", "{}", reply.message);
        secrets.push(reply.content["ticketID"].as_str().unwrap().to_owned());
        hongkong::on_phone(app, RESIDENT, Decision::Approve).await;
    }
    let heard = letterbox.heard();
    assert_eq!(heard.len(), 2);
    for body in heard {
        let (code, _, content) = department.open_callback(&body).unwrap();
        assert_eq!(code, "D00000");
        secrets.extend(telling(&content));
    }
    secrets.extend([code, holder.access, card]);
    secrets
}

/// A form of a company with its person's part: what must not be logged.
async fn of_a_company(app: &App) -> Vec<String> {
    let department = corpid::house(app).await;
    let agent = corpid::agent(app, &department, (OWNER, UBI)).await;
    let asked = agent.about(corpid_forms::mixed(&department, &agent, "b-1").await);
    let path = corpid_forms::FORM;
    let reply = department.call(path, &asked).await.unwrap();
    assert_eq!(reply.code, "M00000", "{}", reply.message);
    hongkong::on_phone(app, OWNER, Decision::Approve).await;
    let fetch = agent.about(json!({ "businessID": "b-1" }));
    let result = department.call(corpid_forms::RESULT, &fetch).await.unwrap();
    let own = department.open_personal(&result.content).unwrap();
    let mut secrets = of_a_machine(&department, path);
    secrets.extend(telling(&own));
    secrets.extend([agent.access, agent.corp_access]);
    secrets
}

#[tokio::test]
async fn no_personal_data_in_logs() {
    let lines = listen();
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    whole(&app, &mut resident).await;
    resident.get("/en/applications/nothing").await.unwrap();
    resident.get("/en/sign-out").await.unwrap();
    let mut secrets = of_a_department(&app).await;
    secrets.extend(of_a_company(&app).await);
    secrets.extend(openid::secrets_of_a_login(&app).await);
    secrets.extend(guests::of_a_counter(&app).await);
    assert!(secrets.len() > 20, "{secrets:?}");
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.lines().count() > 20, "the log was not captured");
    let card = demo::find(RESIDENT).unwrap();
    let officer = demo::find(OFFICER).unwrap();
    let chinese = card.name_zh.clone().unwrap();
    let others = [OWNER, NEIGHBOUR].map(|key| demo::find(key).unwrap());
    let others = others
        .iter()
        .flat_map(|one| [one.hkid.stem(), &one.name_en]);
    let words = [
        card.hkid.as_str(),
        card.hkid.stem(),
        guests::GUEST_NUMBER,
        &card.name_en,
        &chinese,
        officer.hkid.stem(),
        "61230001",
        "6123 0001",
        "somebody@example.com",
        "kayan.cheung@example.com",
        "Sample House",
        "2001-05-14",
    ];
    let secrets = secrets.iter().map(String::as_str);
    for word in words.into_iter().chain(others).chain(secrets) {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} is in the log");
    }
}
