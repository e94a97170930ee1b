//! A department learns of a company and of who acts for it: two codes, one company at a time, and nothing
//! once they have left.

use std::time::Duration;

use axum::http::StatusCode;
use identity::{Company, Decision, Person, demo};
use kernel::Id;
use serde_json::{Value, json};
use testkit::{
    Answer, App, Browser, encode,
    hongkong::{Department, REDIRECT, Reply},
};

use crate::{
    hongkong::{decide, door, exchanged, query},
    journey::RESIDENT,
};

/// Answers for one company, and for no other.
pub(crate) const OWNER: &str = "ng-chi-ming";
/// Answers for one company and works for the owner's.
pub(crate) const CLERK: &str = "kwok-wing-sze";
pub(crate) const COMPANY: &str = "Golden Wok Demonstration Limited";
pub(crate) const UBI: &str = "99000018";
pub(crate) const OTHER_UBI: &str = "99000026";
pub(crate) const CORP_SCOPES: &str =
    "corpidapi_auth corpidapi_profiles corpidapi_formFilling corpidapi_sign corpidapi_docwallet";
pub(crate) const TOKEN: &str = "/api/eservice/v1/auth/getToken";
pub(crate) const LIST: &str = "/api/eservice/v1/corp/corpList";
pub(crate) const SWITCH: &str = "/api/eservice/v1/corp/tokenExchange";
pub(crate) const PROFILE: &str = "/api/eservice/v1/profiles";

/// Somebody who has signed in for a company.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    pub(crate) access: String,
    pub(crate) subject: String,
    pub(crate) corp_access: String,
    pub(crate) corp_subject: String,
}

impl Agent {
    /// The parameters of a call, with the company's token.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test writes them where it asks"
    )]
    pub(crate) fn about(&self, more: Value) -> Value {
        let mut all = json!({ "cAccessToken": self.corp_access, "cOpenID": self.corp_subject });
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        all
    }
}

pub(crate) async fn house(app: &App) -> Department<'_> {
    Department::register_corporate(app, "td-fleet", "https://td.example/cb")
        .await
        .unwrap()
}

/// The page that the browser comes to once the phone has answered; the address, when it is sent away.
pub(crate) async fn arrived(browser: &mut Browser<'_>, waiting: &Answer) -> Result<Answer, Value> {
    let mut path = waiting.path.clone();
    for _ in 0..5 {
        let request = axum::http::Request::builder().uri(&path);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let mut answer = browser.send(request).await.unwrap();
        let Some(place) = answer.location().map(str::to_owned) else {
            answer.path = path;
            return Ok(answer);
        };
        if place.starts_with(REDIRECT) {
            return Err(query(&place));
        }
        path = place;
    }
    panic!("{path} leads nowhere");
}

/// Opens the way in, and answers on the phone.
pub(crate) async fn entered<'a>(
    app: &'a App,
    department: &Department<'_>,
    who: &str,
) -> (Browser<'a>, Result<Answer, Value>) {
    let mut browser = app.browser();
    let waiting = browser
        .get(&door(department, &[("cScope", CORP_SCOPES)]))
        .await
        .unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    decide(app, (who, Decision::Approve), id).await;
    let come = arrived(&mut browser, &waiting).await;
    (browser, come)
}

/// Posts the form of the page that asks for the company.
pub(crate) async fn posted(
    browser: &mut Browser<'_>,
    page: &Answer,
    given: &[(&str, &str)],
) -> Answer {
    let sheet = page.form("/company").unwrap();
    let mut pairs = sheet.filled(&[]);
    pairs.retain(|(name, _)| name != "company" && name != "leave");
    for (name, value) in given {
        pairs.push(((*name).to_owned(), (*value).to_owned()));
    }
    browser
        .post_raw(&sheet.action, &encode(&pairs))
        .await
        .unwrap()
}

pub(crate) async fn person(app: &App, who: &str) -> Id<Person> {
    let vault = app.system.keys.vault();
    let phone = demo::phone(&app.system.store, &vault, who).await.unwrap();
    phone.person.id
}

pub(crate) async fn company_of(app: &App, who: &str, ubi: &str) -> Id<Company> {
    let person = person(app, who).await;
    let all = identity::mandates_of(&app.system.store, person)
        .await
        .unwrap();
    let found = all.iter().find(|one| one.company.business_number == ubi);
    found.unwrap().company.id
}

/// The two codes of somebody who acts for the company.
pub(crate) async fn codes_of(
    app: &App,
    department: &Department<'_>,
    (who, ubi): (&str, &str),
) -> (String, String) {
    let (mut browser, come) = entered(app, department, who).await;
    let place = match come {
        Err(place) => place,
        Ok(page) => {
            let company = company_of(app, who, ubi).await.to_string();
            let sent = posted(&mut browser, &page, &[("company", &company)]).await;
            query(sent.location().unwrap())
        }
    };
    let text = |name: &str| place[name].as_str().unwrap().to_owned();
    (text("code"), text("cCode"))
}

pub(crate) async fn corp_exchanged(department: &Department<'_>, code: &str) -> Reply {
    let parameters = json!({ "cAuthCode": code, "grantType": "authorization_code" });
    department.call(TOKEN, &parameters).await.unwrap()
}

pub(crate) async fn agent(app: &App, department: &Department<'_>, who: (&str, &str)) -> Agent {
    let (code, corp_code) = codes_of(app, department, who).await;
    let own = exchanged(department, &code).await;
    assert_eq!(own.code, "D00000", "{}", own.message);
    let corp = corp_exchanged(department, &corp_code).await;
    assert_eq!(corp.code, "M00000", "{}", corp.message);
    let text = |reply: &Reply, name: &str| reply.content[name].as_str().unwrap().to_owned();
    Agent {
        access: text(&own, "accessToken"),
        subject: text(&own, "openID"),
        corp_access: text(&corp, "cAccessToken"),
        corp_subject: text(&corp, "cOpenID"),
    }
}

#[tokio::test]
async fn a_person_and_their_company_are_known_by_two_codes_each_used_once() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let (_, come) = entered(&app, &department, OWNER).await;
    let place = come.unwrap_err();
    assert_eq!(place["state"], "one-state");
    let text = |name: &str| place[name].as_str().unwrap().to_owned();
    let (code, corp_code) = (text("code"), text("cCode"));
    assert_eq!(exchanged(&department, &corp_code).await.code, "D40004");
    assert_eq!(corp_exchanged(&department, &code).await.code, "M40004");

    let own = exchanged(&department, &code).await;
    assert_eq!(own.code, "D00000", "{}", own.message);
    assert_eq!(own.content["scope"], crate::hongkong::SCOPES);
    let corp = corp_exchanged(&department, &corp_code).await;
    assert_eq!(corp.code, "M00000", "{}", corp.message);
    let said = &corp.content;
    assert_eq!(said["tokenType"], "Bearer");
    assert_eq!(said["expiresIn"], 14_400_000);
    assert_eq!(said["cScope"], CORP_SCOPES);
    assert_eq!(said["corpCount"], 1);
    assert_eq!(said["userType"], "iam");
    let info = &said["corpInfo"];
    assert_eq!(info["userRole"], "RP");
    assert_eq!(info["userPrivilege"], "user_access user_companychop");
    assert_eq!(info["ubi"], UBI);
    assert_eq!(info["corpNameEN"], COMPANY);
    assert_eq!(info["corpNameCH"], "金鑊示範有限公司");
    assert_eq!(info["isSyncPending"], false);
    assert!(info["corpLstUpdTs"].is_i64(), "{info}");
    assert!(info.get("orgCorpUbi").is_none() && info.get("eServiceRole").is_none());
    assert_ne!(own.content["openID"], said["cOpenID"]);

    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    let list = json!({ "cAccessToken": text("cAccessToken"), "cOpenID": text("cOpenID") });
    let listed = department.call(LIST, &list).await.unwrap();
    assert_eq!(listed.code, "M00000", "{}", listed.message);
    assert_eq!(corp_exchanged(&department, &corp_code).await.code, "M40004");
    let ended = department.call(LIST, &list).await.unwrap();
    assert_eq!(
        ended.code, "M20009",
        "a second use ends what the first brought"
    );
}

#[tokio::test]
async fn a_company_s_code_lives_for_half_a_minute_and_belongs_to_one_department() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let other = Department::register_corporate(&app, "td-other", "https://td.example/cb")
        .await
        .unwrap();
    let (_, late) = codes_of(&app, &department, (OWNER, UBI)).await;
    assert_eq!(corp_exchanged(&other, &late).await.code, "M40004");
    app.clock.advance(Duration::from_secs(31));
    assert_eq!(corp_exchanged(&department, &late).await.code, "M40004");
    let one = agent(&app, &department, (OWNER, UBI)).await;
    let two = agent(&app, &department, (CLERK, UBI)).await;
    assert_eq!(
        one.corp_subject, two.corp_subject,
        "one company, one name in one service"
    );
    let elsewhere = agent(&app, &other, (OWNER, UBI)).await;
    assert_eq!(
        one.corp_subject, elsewhere.corp_subject,
        "the same sector, the same name"
    );
    other
        .change(|own| "td-other".clone_into(&mut own.sector))
        .await
        .unwrap();
    let stranger = agent(&app, &other, (OWNER, UBI)).await;
    assert_ne!(one.corp_subject, stranger.corp_subject, "another sector");
    let lent = other.call(LIST, &one.about(json!({}))).await.unwrap();
    assert_eq!(lent.code, "M20009", "another's token");
}

#[tokio::test]
async fn who_acts_for_several_companies_chooses_and_the_client_hears_of_that_one() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let (mut browser, come) = entered(&app, &department, CLERK).await;
    let page = come.unwrap();
    assert!(
        page.says("Which company are you acting for?") && page.says(COMPANY),
        "{}",
        page.words()
    );
    assert!(page.says("You answer for the company"), "{}", page.words());
    let bare = posted(&mut browser, &page, &[]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        bare.says("Choose the company you are acting for."),
        "{}",
        bare.words()
    );
    let other = company_of(&app, "ho-mei-ling", "99000068")
        .await
        .to_string();
    let forged = posted(&mut browser, &page, &[("company", &other)]).await;
    assert_eq!(forged.status, StatusCode::UNPROCESSABLE_ENTITY);

    let company = company_of(&app, CLERK, UBI).await.to_string();
    let mut thief = app.browser();
    let own = thief.get("/en").await.unwrap();
    let csrf = testkit::hidden(&own.text(), "csrf").unwrap_or_default();
    let pairs = [
        ("csrf".to_owned(), csrf),
        ("company".to_owned(), company.clone()),
    ];
    let action = page.form("/company").unwrap().action;
    let stolen = thief.post_raw(&action, &encode(&pairs)).await.unwrap();
    assert!(
        !stolen.location().unwrap_or_default().contains("cCode"),
        "{stolen:?}"
    );

    let sent = posted(&mut browser, &page, &[("company", &company)]).await;
    let place = query(sent.location().unwrap());
    let corp = corp_exchanged(&department, place["cCode"].as_str().unwrap()).await;
    assert_eq!(corp.content["corpInfo"]["ubi"], UBI);
    assert_eq!(corp.content["corpInfo"]["userRole"], "USR");
    assert_eq!(corp.content["corpInfo"]["userPrivilege"], "user_access");
    assert_eq!(corp.content["corpCount"], 2);
    let again = posted(&mut browser, &page, &[("company", &company)]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "{}", again.words());
}

#[tokio::test]
async fn who_acts_for_no_company_is_told_and_nothing_is_passed_on() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let (mut browser, come) = entered(&app, &department, RESIDENT).await;
    let page = come.unwrap();
    assert!(page.says("No company lets you in here"), "{}", page.words());
    let sent = posted(&mut browser, &page, &[("leave", "yes")]).await;
    let place = query(sent.location().unwrap());
    let expected = json!({
        "error_code": "D40002", "cError_code": "M40002", "state": "one-state",
    });
    assert_eq!(place, expected);

    let (mut browser, come) = entered(&app, &department, CLERK).await;
    let page = come.unwrap();
    let sent = posted(&mut browser, &page, &[("leave", "yes")]).await;
    let place = query(sent.location().unwrap());
    assert_eq!(place["cError_code"], "M40000", "who could have chosen left");
}

#[tokio::test]
async fn a_choice_made_too_late_is_a_login_timed_out() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let (mut browser, come) = entered(&app, &department, CLERK).await;
    let page = come.unwrap();
    let company = company_of(&app, CLERK, UBI).await.to_string();
    app.clock.advance(Duration::from_secs(241));
    let sent = posted(&mut browser, &page, &[("company", &company)]).await;
    let place = query(sent.location().unwrap());
    assert_eq!(place["error_code"], "D40003");
    assert_eq!(place["cError_code"], "M40003");
}

#[tokio::test]
async fn a_person_changes_the_company_inside_a_login() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let listed = department
        .call(LIST, &clerk.about(json!({})))
        .await
        .unwrap();
    let all = listed.content["corpList"].as_array().unwrap();
    let numbers: Vec<&str> = all.iter().map(|one| one["ubi"].as_str().unwrap()).collect();
    assert_eq!(numbers, [UBI, OTHER_UBI]);
    assert_eq!(all[1]["userRole"], "RP");

    app.clock.advance(Duration::from_secs(3_600));
    let asked = clerk.about(json!({ "ubi": OTHER_UBI }));
    let other = department.call(SWITCH, &asked).await.unwrap();
    assert_eq!(other.code, "M00000", "{}", other.message);
    assert_eq!(other.content["corpInfo"]["ubi"], OTHER_UBI);
    assert_eq!(other.content["cScope"], CORP_SCOPES);
    assert_eq!(
        other.content["expiresIn"], 10_800_000,
        "no longer than the login"
    );
    assert_ne!(other.content["cOpenID"], json!(clerk.corp_subject));
    for (ubi, expected) in [("99000068", "M20013"), ("", "M20002")] {
        let asked = clerk.about(json!({ "ubi": ubi }));
        let refused = department.call(SWITCH, &asked).await.unwrap();
        assert_eq!(refused.code, expected, "{ubi}");
    }
    let mixed = json!({
        "cAccessToken": other.content["cAccessToken"], "cOpenID": clerk.corp_subject,
    });
    let mixed = department.call(LIST, &mixed).await.unwrap();
    assert_eq!(
        mixed.code, "M20010",
        "the token of one, the name of another"
    );
    app.clock.advance(Duration::from_secs(10_801));
    *department.key_for(LIST) = None;
    let late = json!({
        "cAccessToken": other.content["cAccessToken"], "cOpenID": other.content["cOpenID"],
    });
    assert_eq!(department.call(LIST, &late).await.unwrap().code, "M20009");
}

/// The owner takes somebody out of the company.
pub(crate) async fn taken_out(app: &App, who: &str) {
    let store = &app.system.store;
    let (owner, leaver) = (person(app, OWNER).await, person(app, who).await);
    let company = company_of(app, OWNER, UBI).await;
    let people = identity::members(store, owner, company).await.unwrap();
    let member = people.iter().find(|one| one.person == leaver).unwrap().id;
    identity::leave_company(store, owner, (company, member), "left")
        .await
        .unwrap();
}

#[tokio::test]
async fn who_leaves_the_company_loses_its_codes_and_tokens_at_once() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let (_, pending) = codes_of(&app, &department, (CLERK, UBI)).await;
    let asked = clerk.about(json!({ "ubi": OTHER_UBI }));
    let other = department.call(SWITCH, &asked).await.unwrap();
    let (mut browser, come) = entered(&app, &department, CLERK).await;
    let page = come.unwrap();
    let company = company_of(&app, CLERK, UBI).await.to_string();
    taken_out(&app, CLERK).await;

    let fields = json!({ "corpProfileFields": ["engName"] });
    for (path, more) in [
        (LIST, json!({})),
        (SWITCH, json!({ "ubi": OTHER_UBI })),
        (PROFILE, fields),
    ] {
        let refused = department.call(path, &clerk.about(more)).await.unwrap();
        assert_eq!(refused.code, "M20009", "{path}");
    }
    assert_eq!(corp_exchanged(&department, &pending).await.code, "M40004");
    let late = posted(&mut browser, &page, &[("company", &company)]).await;
    assert_eq!(
        late.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "no choice any more"
    );
    // What they do for their own company is as it was.
    let own = json!({
        "cAccessToken": other.content["cAccessToken"], "cOpenID": other.content["cOpenID"],
    });
    let listed = department.call(LIST, &own).await.unwrap();
    assert_eq!(listed.code, "M00000", "{}", listed.message);
    assert_eq!(listed.content["corpList"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_withdraws_the_connection_ends_the_company_s_tokens_too() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let mut browser = app.browser();
    let page = browser.sign_in(OWNER, "/en/connections").await.unwrap();
    browser.fill(&page, "/connections", &[]).await.unwrap();
    let refused = department
        .call(LIST, &owner.about(json!({})))
        .await
        .unwrap();
    assert_eq!(refused.code, "M20009");
}
