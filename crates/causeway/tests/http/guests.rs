//! People without a Hong Kong identity card: from the counter to the phone, to a company, to the wire and to
//! a signature, and who is refused on the way.

use axum::http::StatusCode;
use identity::{Decision, Person};
use kernel::Id;
use serde_json::{Value, json};
use testkit::{
    Answer, App, Browser,
    hongkong::{Department, Letterbox, REDIRECT},
};

use crate::{
    corpid::{agent, house, person},
    corpid_forms::{FORM, RESULT},
    hongkong::{self, on_phone},
    hongkong_signing,
    journey::RESIDENT,
    wire::Wire,
};

/// The director with a passport, and her company.
pub(crate) const GUEST: &str = "rossi-elena";
pub(crate) const GUEST_UBI: &str = "99000076";
pub(crate) const GUEST_NUMBER: &str = "YX9900071";

const TYPED: &[(&str, &str)] = &[
    ("country", "GBR"),
    ("number", "990 000 017"),
    ("name_en", "Specimen  Angela"),
    ("name_zh", ""),
    ("sex", "F"),
    ("born-day", "29"),
    ("born-month", "2"),
    ("born-year", "1980"),
    ("expires-day", "31"),
    ("expires-month", "3"),
    ("expires-year", "2031"),
    ("email", "angela@example.com"),
    ("guardian", ""),
    ("reason", "Passport and face compared at Wan Chai"),
];

fn with<'a>(changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut typed = TYPED.to_vec();
    for (name, value) in changed {
        let known = typed.iter_mut().find(|(known, _)| known == name);
        known.unwrap().1 = value;
    }
    typed
}

async fn recorded<'a>(app: &'a App, typed: &[(&str, &str)]) -> (Browser<'a>, Answer) {
    let mut officer = app.browser();
    let form = officer
        .sign_in("dpo-officer", "/en/desk/counter/new")
        .await
        .unwrap();
    let page = officer.fill(&form, "/counter/new", typed).await.unwrap();
    (officer, page)
}

/// The code on the page that shows it once.
fn code_on(page: &Answer) -> String {
    let text = page.text();
    let code = text.split("class=\"reference\">").nth(1).unwrap();
    code.split('<').next().unwrap().to_owned()
}

/// A supervisor agrees to what stands at `path`.
async fn agreed(app: &App, path: &str) -> Answer {
    let mut supervisor = app.browser();
    let look = supervisor.sign_in("dpo-supervisor", path).await.unwrap();
    assert!(look.says("Second look"), "{}", look.words());
    let form = [("do", "agree")];
    supervisor.fill(&look, path, &form).await.unwrap()
}

async fn code(app: &App, typed: &[(&str, &str)]) -> String {
    let (_, look) = recorded(app, typed).await;
    assert_eq!(look.status, 200, "{}", look.words());
    code_on(&agreed(app, &look.path).await)
}

async fn redeemed<'a>(app: &'a App, number: &str, code: &str) -> (Wire<'a>, StatusCode, Value) {
    let phone = Wire::fresh(app);
    let body = json!({ "passport": number, "code": code, "device_name": "Phone" });
    let path = "/app/api/enrolments/counter";
    let (status, me) = phone.ask("POST", path, &body, true).await;
    (phone, status, me)
}

async fn inbox_of(app: &App, who: Id<Person>) -> Vec<String> {
    app.settle().await.unwrap();
    let inbox = app
        .system
        .store
        .read(move |db| async move { notify::inbox(&db, who.cast(), None).await });
    let items = inbox.await.unwrap().items;
    items.into_iter().map(|one| one.subject.en).collect()
}

/// An enrolment at a counter, and a form with a passport: what must not be logged.
pub(crate) async fn of_a_counter(app: &App) -> Vec<String> {
    let code = code(app, TYPED).await;
    let (_, status, me) = redeemed(app, "990000017", &code).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    let mut browser = app.browser();
    browser.sign_in(GUEST, "/en/profile").await.unwrap();
    let words = ["990000017", "SPECIMEN", "angela@example.com", "1980-02-29"];
    let words = words.map(str::to_owned).into_iter();
    words.chain([code]).collect()
}

#[tokio::test]
async fn a_passport_seen_by_two_officers_opens_an_account_with_its_code() {
    let app = App::start().await.unwrap();
    let (mut officer, look) = recorded(&app, TYPED).await;
    assert!(
        look.says("990000017") && look.says("SPECIMEN ANGELA") && look.says("United Kingdom"),
        "{}",
        look.words()
    );
    assert!(
        !look.text().contains("value=\"agree\""),
        "whoever recorded it does not agree"
    );
    let own = officer
        .fill(&look, &look.path, &[("do", "agree")])
        .await
        .unwrap();
    assert_eq!(own.status, 403);
    let shown = agreed(&app, &look.path).await;
    assert!(
        shown.says("I have a passport and a code"),
        "{}",
        shown.words()
    );
    let code = code_on(&shown);
    let (phone, status, me) = redeemed(&app, "990-000-017", &code.to_lowercase()).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    assert_eq!(
        (&me["level"], &me["document"]),
        (&json!("plus"), &json!("passport"))
    );
    assert_eq!(me["card"], "990******");
    let profile = phone.get("/app/api/profile").await;
    let field = |key: &str| {
        let all = profile["fields"].as_array().unwrap();
        all.iter().find(|one| one["key"] == key).cloned()
    };
    assert_eq!(field("name_en").unwrap()["source"], "counter");
    assert_eq!(field("hkid"), None);
    let (status, problem) = phone
        .post(
            "/app/api/level",
            &json!({ "card_present": crate::wire::shown(identity::PresenceCheck::Card, &json!("x")) }),
        )
        .await;
    assert!(status.is_client_error(), "{problem}");

    let typed = [
        ("hkid", "990000017"),
        ("country", "GBR"),
        ("reason", "Called about the e-mail"),
    ];
    let find = officer.get("/en/desk/accounts").await.unwrap();
    let account = officer.fill(&find, "/desk/accounts", &typed).await.unwrap();
    assert!(
        account.says("At the counter, by passport") && account.says("31 March 2031"),
        "{}",
        account.words()
    );
}

#[tokio::test]
async fn who_may_not_be_enrolled_at_a_counter_is_told_why_and_nothing_typed_is_lost() {
    let app = App::start().await.unwrap();
    let cases = [
        (vec![("number", "12")], "5 to 9 letters and digits"),
        (vec![("country", "")], "Choose who issued"),
        (vec![("expires-year", "2025")], "has run out"),
        (
            vec![("born-year", "2020"), ("born-day", "28")],
            "at least 11",
        ),
        (vec![("born-year", "2012")], "which parent or guardian"),
        (vec![("name_zh", "一二三四五六七")], "at most 6"),
        (vec![("email", "nowhere")], "e-mail address"),
        (vec![("reason", " ")], "what you saw"),
        (
            vec![("country", "ITA"), ("number", GUEST_NUMBER)],
            "An account has this passport",
        ),
    ];
    for (changed, words) in cases {
        let (_, page) = recorded(&app, &with(&changed)).await;
        assert_eq!(page.status, 422, "{changed:?}");
        assert!(page.says(words), "{changed:?}: {}", page.words());
        assert!(page.text().contains("Wan Chai") || changed[0].0 == "reason");
    }
    for stranger in ["td-officer", "immd-officer"] {
        let mut browser = app.browser();
        let page = browser.sign_in(stranger, "/en/desk/counter").await.unwrap();
        assert_eq!(page.status, 403, "{stranger}");
    }
}

#[tokio::test]
async fn a_wrong_code_opens_nothing_and_the_right_one_dies_with_five() {
    let app = App::start().await.unwrap();
    let code = code(&app, TYPED).await;
    let (_, status, problem) = redeemed(&app, "990000018", &code).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let mut last = StatusCode::OK;
    for _ in 0..5 {
        (_, last, _) = redeemed(&app, "990000017", "K7QM-2XPA").await;
        assert!(last.is_client_error());
    }
    assert!(last.is_client_error());
    app.clock.advance(std::time::Duration::from_secs(2 * 3_600));
    let (_, status, problem) = redeemed(&app, "990000017", &code).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(problem["code"], "ID-047");
}

#[tokio::test]
async fn a_passport_that_ran_out_is_told_and_a_new_one_gives_the_level_back() {
    let app = App::start().await.unwrap();
    let who = person(&app, GUEST).await;
    let lapsed = "2034-06-02".parse::<kernel::Date>().unwrap();
    let days = app.system.store.env().today().days_until(lapsed);
    let days = u64::try_from(days).unwrap();
    app.clock
        .advance(std::time::Duration::from_secs(days * 86_400));
    identity::sweep(&app.system.store).await.unwrap();
    let known = identity::find_person(&app.system.store, who).await.unwrap();
    assert_eq!(known.unwrap().level, identity::Level::Basic);
    let told = inbox_of(&app, who).await;
    assert!(told.iter().any(|one| one.contains("run out")), "{told:?}");

    let mut officer = app.browser();
    let find = officer
        .sign_in("dpo-officer", "/en/desk/accounts")
        .await
        .unwrap();
    let typed = [
        ("hkid", GUEST_NUMBER),
        ("country", "ITA"),
        ("reason", "At the counter with a new passport"),
    ];
    let account = officer.fill(&find, "/desk/accounts", &typed).await.unwrap();
    assert!(account.says("Run out"), "{}", account.words());
    let form = officer
        .get(&format!("{}/passport", account.path))
        .await
        .unwrap();
    let typed = [
        ("country", "ITA"),
        ("number", "YZ1100022"),
        ("name_en", "ROSSI Elena"),
        ("name_zh", ""),
        ("sex", "F"),
        ("born-day", "12"),
        ("born-month", "9"),
        ("born-year", "1984"),
        ("expires-day", "1"),
        ("expires-month", "6"),
        ("expires-year", "2044"),
        ("reason", "New passport and face compared"),
    ];
    let look = officer.fill(&form, "/passport", &typed).await.unwrap();
    assert!(look.says("takes the place"), "{}", look.words());
    let done = agreed(&app, &look.path).await;
    assert!(done.says("rests on the new passport"), "{}", done.words());
    let known = identity::find_person(&app.system.store, who).await.unwrap();
    assert_eq!(known.unwrap().level, identity::Level::Plus);
    let told = inbox_of(&app, who).await;
    assert!(
        told.iter().any(|one| one.contains("new passport")),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_form_of_a_company_receives_the_passport_of_who_acts_for_it() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (GUEST, GUEST_UBI)).await;
    let fields = ["enName", "chName", "email", "countryCode", "passport"];
    let asked = owner.about(json!({
        "businessID": "b-1", "source": "PC_Browser",
        "redirectURI": REDIRECT, "state": "two-state",
        "formName": "Fleet permit", "formNum": "TD 9", "formDesc": "A year",
        "corpProfileFields": ["ubi"], "nonHKResidentFields": fields,
    }));
    let begun = department.call(FORM, &asked).await.unwrap();
    assert_eq!(begun.code, "M00000", "{}", begun.message);
    let shown = on_phone(&app, GUEST, Decision::Approve).await;
    let words = shown.detail.iter().map(|line| &line.value.en);
    assert!(
        words.clone().any(|line| line.contains("passport number")),
        "consented in words: {:?}",
        words.collect::<Vec<_>>()
    );
    let fetch = owner.about(json!({ "businessID": "b-1" }));
    let result = department.call(RESULT, &fetch).await.unwrap();
    let expected = json!({
        "enName": "ROSSI Elena", "email": "elena.rossi@example.com",
        "countryCode": "ITA", "passport": GUEST_NUMBER,
    });
    assert_eq!(
        result.content["nonHKResident"], expected,
        "{}",
        result.message
    );
    assert_eq!(result.content["corp"]["ubi"], GUEST_UBI);
    let mut browser = app.browser();
    let looked = browser.sign_in(GUEST, "/en/who-looked").await.unwrap();
    assert!(looked.says("Passport number"), "{}", looked.words());
}

#[tokio::test]
async fn a_passport_signs_what_is_bound_to_no_card_and_leaves_the_card_number_out() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = hongkong::login(&app, &department, GUEST).await;
    let asked = json!({ "profileFields": ["idNo", "enName", "birthDate"] });
    let asked = hongkong::about(&holder, "b-0", asked);
    let reply = department
        .call("/api/v1/account/auth/profile/initiateRequest", &asked)
        .await
        .unwrap();
    assert_eq!(reply.code, "D00000", "{}", reply.message);
    on_phone(&app, GUEST, Decision::Approve).await;
    let (code, _, content) = department
        .open_callback(letterbox.heard().last().unwrap())
        .unwrap();
    assert_eq!(code, "D00000");
    assert_eq!(content["enName"]["UnstructuredName"], "ROSSI Elena");
    assert!(content.get("idNo").is_none(), "{content}");

    let mut free = hongkong_signing::document(&[7; 32]);
    let bound = free.clone();
    free.as_object_mut().unwrap().remove("HKICHash");
    let refused = hongkong::about(&holder, "b-1", bound);
    let reply = department
        .call(hongkong_signing::SIGN, &refused)
        .await
        .unwrap();
    assert_eq!(reply.code, "D70005", "{}", reply.message);
    let free = hongkong::about(&holder, "b-2", free);
    let reply = department
        .call(hongkong_signing::SIGN, &free)
        .await
        .unwrap();
    assert_eq!(reply.code, "D00000", "{}", reply.message);
    on_phone(&app, GUEST, Decision::Approve).await;
    let (code, _, content) = department
        .open_callback(letterbox.heard().last().unwrap())
        .unwrap();
    assert_eq!(code, "D00000", "{content}");
    assert!(content["signature"].is_string() && content["cert"].is_string());
}

#[tokio::test]
async fn pages_of_somebody_with_a_passport_say_what_they_rest_on() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let page = browser.sign_in(GUEST, "/en/profile").await.unwrap();
    assert!(
        page.says("Verified at the counter, by passport")
            && page.says("YX9******")
            && page.says("Italy"),
        "{}",
        page.words()
    );
    let own = browser.get("/en/my-data").await.unwrap();
    assert_eq!(own.status, 200, "{}", own.words());
    let tc = browser.get("/tc/profile").await.unwrap();
    assert!(tc.says("意大利") && tc.says("護照號碼"), "{}", tc.words());
}

#[tokio::test]
async fn somebody_with_a_passport_who_lost_everything_gets_back_in_with_a_code() {
    let app = App::start().await.unwrap();
    let mut person = app.browser();
    let page = person.get("/en/recover").await.unwrap();
    let typed = [
        ("hkid", GUEST_NUMBER),
        ("country", "ITA"),
        ("code", "K7QM-2XPA"),
        ("name", "My laptop"),
    ];
    let refused = person.fill(&page, "/recover", &typed).await.unwrap();
    assert_eq!(refused.status, 422);
    assert!(refused.says("do not fit"), "{}", refused.words());
}

#[tokio::test]
async fn a_profile_shows_the_document_that_somebody_has_and_no_other() {
    let app = App::start().await.unwrap();
    let card = [
        "Identity card number",
        "From the register of identity cards",
    ];
    let passport = ["Passport number", "As in your passport"];
    for (who, own, other) in [(RESIDENT, card, passport), ("rossi-elena", passport, card)] {
        let mut browser = app.browser();
        let page = browser.sign_in(who, "/en/profile").await.unwrap();
        for words in own {
            assert!(page.says(words), "{who}, {words}: {}", page.words());
        }
        for words in other {
            assert!(!page.says(words), "{who}, {words}: {}", page.words());
        }
    }
}
