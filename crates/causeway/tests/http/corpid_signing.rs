//! Signing for a company through the CorpID wire form: in person, with the chop, with both.

use std::time::Duration;

use axum::{body::Body, http::Request};
use identity::{Change, Decision, Powers};
use kernel::Id;
use serde_json::{Value, json};
use testkit::{
    Answer, App, Browser, encode,
    hongkong::{Corporate, Department, Letterbox, REDIRECT, base64, card_hash, sha256, unbase64},
};

use crate::{
    hongkong::{decide, heard_code, on_phone, query},
    hongkong_signing::{Folder, verifies},
};

pub(crate) const SIGN: &str = "/api/eservice/v1/signing/initiateRequest";
const PDF: &str = "/api/eservice/v1/pdfsigning/initiateRequest";
pub(crate) const BULK: &str = "/api/eservice/v1/bulksigning/initiateRequest";
const CHOP: &str = "/api/eservice/v1/signing/requestCorpSigning";
const CHOP_PDF: &str = "/api/eservice/v1/pdfsigning/requestCorpSigning";
const ACK: &str = "/api/eservice/v1/signing/ackResult";
pub(crate) const STATUS: &str = "/api/eservice/v1/signing/enquireStatus";
pub(crate) const CANCEL: &str = "/api/eservice/v1/signing/cancelRequest";
/// Golden Wok Demonstration Limited: who answers for it, who administers it, who only fills in.
pub(crate) const UBI: &str = "99000018";
pub(crate) const OWNER: &str = "ng-chi-ming";
pub(crate) const SECOND: &str = "siu-hoi-yan";
pub(crate) const CLERK: &str = "kwok-wing-sze";
pub(crate) const COMPANY: &str = "Golden Wok Demonstration Limited";

/// Signs somebody in for the company with this number.
async fn acting(app: &App, department: &Department<'_>, who: &str) -> Corporate {
    let pairs = [
        ("clientID", department.id.as_str()),
        ("responseType", "code"),
        ("source", "PC_Browser"),
        ("redirectURI", REDIRECT),
        ("scope", "eidapi_auth eidapi_sign"),
        ("cScope", "corpidapi_auth corpidapi_sign"),
        ("lang", "en-US"),
        ("state", "one-state"),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut browser = app.browser();
    let door = format!("/api/eservice/v1/auth/getQR?{}", encode(&pairs));
    let waiting = browser.get(&door).await.unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    decide(app, (who, Decision::Approve), id).await;
    let place = chosen(app, &mut browser, &waiting).await;
    let code = place["cCode"].as_str().unwrap_or_else(|| panic!("{place}"));
    let parameters = json!({ "cAuthCode": code, "grantType": "authorization_code" });
    let token = department
        .call("/api/eservice/v1/auth/getToken", &parameters)
        .await
        .unwrap();
    assert_eq!(token.code, "M00000", "{}", token.message);
    assert_eq!(token.content["corpInfo"]["ubi"], UBI);
    let text = |name: &str| token.content[name].as_str().unwrap().to_owned();
    Corporate {
        access: text("cAccessToken"),
        subject: text("cOpenID"),
        ubi: UBI.to_owned(),
    }
}

/// Back to the department; who acts for more than one company says which.
async fn chosen(app: &App, browser: &mut Browser<'_>, waiting: &Answer) -> Value {
    let mut path = waiting.path.clone();
    for _ in 0..6 {
        let next = Request::builder().uri(&path).body(Body::empty());
        let mut answer = browser.send(next.unwrap()).await.unwrap();
        if answer.location().is_none() {
            let company = identity::firm_by_number(&app.system.store, "0990001").await;
            let id = company.unwrap().unwrap().id.to_string();
            let here = path.split('?').next().unwrap_or_default();
            let sheet = answer.form(&format!("{here}/company")).unwrap();
            let typed = encode(&sheet.filled(&[("company", &id)]));
            answer = browser.post_raw(&sheet.action, &typed).await.unwrap();
        }
        path = answer
            .location()
            .unwrap_or_else(|| panic!("{}", answer.words()))
            .to_owned();
        if path.starts_with(REDIRECT) {
            return query(&path);
        }
    }
    panic!("{path} leads nowhere");
}

/// A department that takes results, and two people of one company who signed in to it.
pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) department: Department<'a>,
    pub(crate) letterbox: Letterbox,
}

impl<'a> Desk<'a> {
    pub(crate) async fn open(app: &'a App) -> Self {
        let letterbox = Letterbox::open().await.unwrap();
        let department = Department::register_corporate(app, "td-parking", &letterbox.address)
            .await
            .unwrap();
        Self {
            app,
            department,
            letterbox,
        }
    }

    pub(crate) async fn acting(&self, who: &str) -> Corporate {
        acting(self.app, &self.department, who).await
    }

    pub(crate) async fn code(&self, path: &str, parameters: &Value) -> String {
        let reply = self.department.call(path, parameters).await.unwrap();
        reply.code
    }

    pub(crate) async fn asked(&self, path: &str, parameters: &Value) -> Value {
        let reply = self.department.call(path, parameters).await.unwrap();
        assert_eq!(reply.code, "M00000", "{path}: {}", reply.message);
        reply.content
    }

    /// The one result that was posted after somebody's phone agreed.
    pub(crate) async fn agreed(&self, who: &str) -> Value {
        on_phone(self.app, who, Decision::Approve).await;
        let heard = self.letterbox.heard();
        assert_eq!(heard.len(), 1, "one result, one call");
        let (code, _, content) = self.department.open_callback(&heard[0]).unwrap();
        assert_eq!(code, "M00000", "{content}");
        content
    }

    pub(crate) async fn status(&self, business: &str) -> Value {
        self.asked(STATUS, &json!({ "businessID": business })).await
    }

    pub(crate) async fn company(&self) -> Id<identity::Company> {
        let found = identity::firm_by_number(&self.app.system.store, "0990001").await;
        found.unwrap().unwrap().id
    }

    pub(crate) async fn person(&self, key: &str) -> Id<identity::Person> {
        let vault = self.app.system.keys.vault();
        let phone = identity::demo::phone(&self.app.system.store, &vault, key).await;
        phone.unwrap().person.id
    }

    /// Sets what somebody of the company may do, as its owner would.
    pub(crate) async fn empower(&self, key: &str, powers: Powers) {
        let (store, company) = (&self.app.system.store, self.company().await);
        let (owner, who) = (self.person(OWNER).await, self.person(key).await);
        let people = identity::members(store, owner, company).await.unwrap();
        let member = people.iter().find(|one| one.person == who).unwrap().id;
        let change = Change::Powers { member, powers };
        let put = identity::propose(store, owner, company, change)
            .await
            .unwrap();
        if put == identity::Proposed::Waits {
            let (open, _) = identity::waiting(store, owner, company).await.unwrap();
            let second = self.person(SECOND).await;
            let verdict = identity::Verdict::Agree;
            identity::decide_proposal(store, second, (company, open[0].id), verdict)
                .await
                .unwrap();
        }
    }

    async fn leave(&self, key: &str) {
        let (store, company) = (&self.app.system.store, self.company().await);
        let (owner, who) = (self.person(OWNER).await, self.person(key).await);
        let people = identity::members(store, owner, company).await.unwrap();
        let member = people.iter().find(|one| one.person == who).unwrap().id;
        identity::leave_company(store, who, (company, member), "left")
            .await
            .unwrap();
    }
}

pub(crate) fn hash(bytes: &[u8]) -> Value {
    json!({ "hashCode": base64(&sha256(bytes)), "documentName": "Application form" })
}

fn pdf(bytes: &[u8]) -> Value {
    json!({ "docDigest": base64(&sha256(bytes)), "documentName": "form.pdf" })
}

pub(crate) fn with(mut one: Value, more: Value) -> Value {
    if let (Some(one), Value::Object(more)) = (one.as_object_mut(), more) {
        one.extend(more);
    }
    one
}

/// Whether `openssl` finds the signature in `message` under our authority over `signed`, and whom it
/// names.
async fn read_by_openssl(
    app: &App,
    name: &str,
    (message, signed): (&str, &[u8]),
) -> (bool, String) {
    let folder = Folder::new(name);
    let authority = app.browser().get("/trust/authority").await.unwrap();
    folder.put("ca.der", &authority.body);
    folder.put("p7", &unbase64(message).unwrap());
    folder.put("bytes", signed);
    assert!(folder.openssl("x509 -inform DER -in ca.der -out ca.pem"));
    // The test's clock is not that of the machine.
    let now = app.system.store.env().now().seconds();
    let verify = "cms -verify -binary -inform DER -in p7 -purpose any -CAfile ca.pem \
                  -signer who.pem -content bytes -out out";
    let is_good = folder.openssl(&format!("{verify} -attime {now}"));
    let said = folder.said("x509 -in who.pem -noout -subject -nameopt utf8");
    (is_good, said)
}

#[tokio::test]
async fn a_chop_names_the_company_and_openssl_agrees() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let owner = desk.acting(OWNER).await;
    let bytes = b"what stands in the byte ranges";
    let asked = desk
        .asked(PDF, &owner.sign("b-1", "CORPID_SIGN", &pdf(bytes)))
        .await;
    assert_eq!(asked["authByQR"], true);
    assert_eq!(desk.status("b-1").await["status"], "SS001");
    on_phone(&app, OWNER, Decision::Approve).await;
    let heard = desk.letterbox.heard();
    let (code, _, content) = desk.department.open_callback(&heard[0]).unwrap();
    assert_eq!(code, "M00000", "{content}");
    assert_eq!(
        (&content["signType"], &content["isComplete"]),
        (&json!("CORPID_SIGN"), &json!(true))
    );
    assert_eq!(content["docDigest"], json!(base64(&sha256(bytes))));
    assert!(content["signToken"].is_null() && content["iAM"].is_null());
    assert!(
        desk.department.open_personal(&content).is_err(),
        "nothing in it is about a person"
    );
    let message = content["pdfSignature"].as_str().unwrap();
    let (is_good, who) = read_by_openssl(&app, "chop", (message, bytes)).await;
    assert!(
        is_good && who.contains(COMPANY) && who.contains("NTRHK-99000018"),
        "{who}"
    );
    assert!(
        !read_by_openssl(&app, "chop-other", (message, b"another"))
            .await
            .0
    );
    assert_eq!(desk.status("b-1").await["status"], "SS003");

    let ack = |word: &str| json!({ "businessID": "b-1", "signingResult": word });
    for (word, expected) in [
        ("SR009", "M20003"),
        ("SR001", "M00000"),
        ("SR002", "M70006"),
    ] {
        assert_eq!(desk.code(ACK, &ack(word)).await, expected, "{word}");
    }
    let mut browser = app.browser();
    let company = format!("/en/companies/{}/history", desk.company().await);
    let told = browser.sign_in(OWNER, &company).await.unwrap();
    assert!(
        told.says("Put the company chop on documents"),
        "{}",
        told.words()
    );
}

#[tokio::test]
async fn a_personal_signature_for_a_company_travels_apart_from_what_is_the_companys() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let second = desk.acting(SECOND).await;
    let digest = sha256(b"the form");
    let request = second.sign("b-1", "PERSONAL_SIGN", &hash(b"the form"));
    desk.asked(SIGN, &request).await;
    let content = desk.agreed(SECOND).await;
    assert!(
        content["signature"].is_null() && content["cert"].is_null(),
        "{content}"
    );
    assert_eq!(
        (&content["isComplete"], &content["signToken"]),
        (&json!(true), &Value::Null)
    );
    let personal = desk.department.open_personal(&content).unwrap();
    assert!(verifies("personal", &personal, &digest), "{personal}");
}

#[tokio::test]
async fn an_integrated_signature_is_whole_once_somebody_puts_the_chop() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let (second, owner) = (desk.acting(SECOND).await, desk.acting(OWNER).await);
    let bytes = b"what stands in the byte ranges";
    desk.asked(PDF, &second.sign("b-1", "INTEGRATED_SIGN", &pdf(bytes)))
        .await;
    let first = desk.agreed(SECOND).await;
    assert_eq!(
        first["isComplete"], false,
        "one without the other is told as such"
    );
    let token = first["signToken"].as_str().unwrap();
    let personal = desk.department.open_personal(&first).unwrap();
    let message = personal["pdfSignature"].as_str().unwrap();
    let (is_good, who) = read_by_openssl(&app, "first", (message, bytes)).await;
    assert!(
        is_good && who.contains("SIU Hoi Yan") && !who.contains("Golden Wok"),
        "{who}"
    );
    let status = desk.status("b-1").await;
    assert_eq!(
        (&status["chop"], &status["isComplete"]),
        (&json!("wanted"), &json!(false))
    );

    let forged = format!("{}x", token);
    for (token, document, expected) in [
        (forged.as_str(), pdf(bytes), "M20003"),
        (token, pdf(b"another"), "M20003"),
        ("", pdf(bytes), "M20002"),
    ] {
        let parameters = owner.complete("b-0", token, &document);
        assert_eq!(desk.code(CHOP_PDF, &parameters).await, expected, "{token}");
    }
    let wanted = owner.complete("b-2", token, &pdf(bytes));
    desk.asked(CHOP_PDF, &wanted).await;
    assert_eq!(
        desk.asked(CHOP_PDF, &wanted).await["isReady"],
        false,
        "asked again, it waits"
    );
    let chop = desk.agreed(OWNER).await;
    let message = chop["pdfSignature"].as_str().unwrap();
    let (is_good, who) = read_by_openssl(&app, "second", (message, bytes)).await;
    assert!(
        is_good && who.contains(COMPANY),
        "over the same digest: {who}"
    );
    assert_eq!(
        (&chop["isComplete"], &chop["docDigest"]),
        (&json!(true), &personal["docDigest"])
    );
    let status = desk.status("b-1").await;
    assert_eq!(
        (&status["chop"], &status["isComplete"]),
        (&json!("done"), &json!(true))
    );
    let twice = desk
        .code(CHOP_PDF, &owner.complete("b-3", token, &pdf(bytes)))
        .await;
    assert_eq!(twice, "M20003", "a chop is put once");
}

#[tokio::test]
async fn a_refused_chop_may_be_put_by_another_and_after_a_day_by_nobody() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let second = desk.acting(SECOND).await;
    for business in ["b-1", "b-2"] {
        desk.asked(
            SIGN,
            &second.sign(business, "INTEGRATED_SIGN", &hash(b"the form")),
        )
        .await;
    }
    on_phone(&app, SECOND, Decision::Approve).await;
    on_phone(&app, SECOND, Decision::Approve).await;
    let heard = desk.letterbox.heard();
    let open = |body: &String| desk.department.open_callback(body).unwrap().2;
    let mut first: Vec<Value> = heard.iter().map(open).collect();
    first.sort_by_key(|one| one["businessID"].to_string());
    let tokens: Vec<&str> = first
        .iter()
        .map(|one| one["signToken"].as_str().unwrap())
        .collect();
    let own = second.complete("b-3", tokens[0], &hash(b"the form"));
    desk.asked(CHOP, &own).await;
    on_phone(&app, SECOND, Decision::Reject).await;
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M70001");
    let owner = desk.acting(OWNER).await;
    desk.asked(CHOP, &owner.complete("b-4", tokens[0], &hash(b"the form")))
        .await;
    let chop = desk.agreed(OWNER).await;
    assert!(verifies("another", &chop, &sha256(b"the form")));

    app.clock.advance(Duration::from_secs(25 * 3_600));
    desk.department.fetch_key_for(SIGN).await.unwrap();
    let owner = desk.acting(OWNER).await;
    let late = owner.complete("b-5", tokens[1], &hash(b"the form"));
    assert_eq!(desk.code(CHOP, &late).await, "M70003");
    let missing = desk.status("b-2").await;
    assert_eq!(
        (&missing["chop"], &missing["isComplete"]),
        (&json!("missing"), &json!(false))
    );
}

#[tokio::test]
async fn another_clients_token_of_signing_opens_nothing() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let second = desk.acting(SECOND).await;
    desk.asked(
        SIGN,
        &second.sign("b-1", "INTEGRATED_SIGN", &hash(b"the form")),
    )
    .await;
    let first = desk.agreed(SECOND).await;
    let token = first["signToken"].as_str().unwrap();
    let other = Department::register_corporate(&app, "td-other", "https://td.example/cb")
        .await
        .unwrap();
    let owner = acting(&app, &other, OWNER).await;
    let stolen = owner.complete("b-2", token, &hash(b"the form"));
    assert_eq!(other.call(CHOP, &stolen).await.unwrap().code, "M20003");
    let looked = json!({ "businessID": "b-1" });
    assert_eq!(other.call(STATUS, &looked).await.unwrap().code, "M20003");
}

#[tokio::test]
async fn every_refusal_of_a_signature_for_a_company_has_its_own_number() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let (owner, clerk) = (desk.acting(OWNER).await, desk.acting(CLERK).await);
    for (name, value, expected) in [
        ("ubi", json!("99000026"), "M20013"),
        ("ubi", Value::Null, "M20001"),
        ("signType", Value::Null, "M20001"),
        ("signType", json!("COMPANY_SIGN"), "M20003"),
        ("requireAuthProof", json!("yes"), "M20003"),
        ("amountCents", json!(-1), "M20003"),
        ("hashCode", json!(""), "M20002"),
        ("sigAlgo", json!("SM3withRSA"), "M20003"),
        ("source", json!("Teletext"), "M20007"),
        ("redirectURI", json!("https://elsewhere.example"), "M20008"),
        ("cAccessToken", json!("nothing"), "M20009"),
        ("cOpenID", json!("nobody"), "M20010"),
        ("HKICHash", json!(card_hash("Q321170")), "M70005"),
        ("suaWaitPeriod", json!(720), "M77004"),
    ] {
        let more = with(hash(b"the form"), json!({ name: value }));
        let parameters = owner.sign("b-1", "CORPID_SIGN", &more);
        assert_eq!(desk.code(SIGN, &parameters).await, expected, "{name}");
    }
    for sign_type in ["PERSONAL_SIGN", "CORPID_SIGN", "INTEGRATED_SIGN"] {
        let parameters = clerk.sign("b-1", sign_type, &hash(b"the form"));
        assert_eq!(desk.code(SIGN, &parameters).await, "M70004", "{sign_type}");
    }
    let wanted = |business: &str| owner.sign(business, "CORPID_SIGN", &hash(b"the form"));
    desk.asked(SIGN, &wanted("b-1")).await;
    assert_eq!(desk.code(SIGN, &wanted("b-1")).await, "M20011");
    on_phone(&app, OWNER, Decision::Reject).await;
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M70001");
    let ended = json!({ "businessID": "b-1" });
    assert_eq!(desk.code(STATUS, &ended).await, "M70001");
    assert_eq!(desk.code(CANCEL, &ended).await, "M70002", "too late");

    desk.asked(SIGN, &wanted("b-2")).await;
    let gone = desk.asked(CANCEL, &json!({ "businessID": "b-2" })).await;
    assert_eq!(gone["status"], "SS004");
    app.settle().await.unwrap();
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M70000");
    assert_eq!(desk.status("b-2").await["status"], "SS004");

    desk.asked(SIGN, &wanted("b-3")).await;
    app.clock.advance(Duration::from_secs(19 * 60));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M70003");
}

#[tokio::test]
async fn who_leaves_a_company_puts_no_chop_that_was_asked_for_before() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let second = desk.acting(SECOND).await;
    let wanted = second.sign("b-1", "CORPID_SIGN", &hash(b"the form"));
    desk.asked(SIGN, &wanted).await;
    desk.leave(SECOND).await;
    app.settle().await.unwrap();
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M70000");
    let wanted = second.sign("b-2", "CORPID_SIGN", &hash(b"the form"));
    assert_eq!(
        desk.code(SIGN, &wanted).await,
        "M20009",
        "the token went with the mandate"
    );
}
