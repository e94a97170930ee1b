//! Signing through the Hong Kong wire form: hashes, PDF digests, many at once; with a login and without.

use std::{path::PathBuf, process::Command, time::Duration};

use identity::{Decision, PresenceCheck};
use serde_json::{Value, json};
use testkit::{
    App,
    hongkong::{Department, Letterbox, base64, card_hash, sha256, unbase64},
};

use crate::{
    hongkong::{
        BASIC, Holder, about, answered, door, exchanged, heard_code, login, on_phone, without_login,
    },
    journey::RESIDENT,
};

pub(crate) const SIGN: &str = "/api/v1/account/signing/initiateRequest";
const PDF: &str = "/api/v1/account/pdfsigning/initiateRequest";
const ACK: &str = "/api/v1/account/signing/ackResult";
pub(crate) const BULK: &str = "/api/v1/account/bulksigning/initiateRequest";
const ENQUIRE: &str = "/api/v1/account/bulksigning/enquireStatus";
const CANCEL: &str = "/api/v1/account/bulksigning/cancelRequest";
/// The card of the resident, without its check digit.
const CARD: &str = "Q311117";

pub(crate) fn document(hash: &[u8]) -> Value {
    json!({
        "hashCode": base64(hash), "sigAlgo": "SHA256withRSA", "HKICHash": card_hash(CARD),
        "department": "Transport Department", "serviceName": "Parking permit",
        "documentName": "Application form",
    })
}

pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let folder = format!("causeway-hongkong-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    /// Runs `openssl` here; whether it is content.
    pub(crate) fn openssl(&self, words: &str) -> bool {
        let output = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .output()
            .unwrap();
        output.status.success()
    }

    /// What `openssl` says here.
    pub(crate) fn said(&self, words: &str) -> String {
        let output = Command::new("openssl")
            .args(words.split_whitespace())
            .current_dir(&self.0)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether `openssl` finds the signature of `content` over `signed`.
pub(crate) fn verifies(name: &str, content: &Value, signed: &[u8]) -> bool {
    let folder = Folder::new(name);
    let part = |name: &str| unbase64(content[name].as_str().unwrap()).unwrap();
    folder.put("cert.der", &part("cert"));
    folder.put("signature", &part("signature"));
    folder.put("signed", signed);
    assert!(folder.openssl("x509 -inform DER -in cert.der -pubkey -noout -out key.pem"));
    folder.openssl("dgst -sha256 -verify key.pem -signature signature signed")
}

#[tokio::test]
async fn a_hash_is_signed_with_a_certificate_and_acknowledged() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let hash = sha256(b"the form");
    let asked = about(&holder, "b-1", document(&hash));
    let asked = department.call(SIGN, &asked).await.unwrap();
    assert_eq!(asked.code, "D00000", "{}", asked.message);
    let shown = on_phone(&app, RESIDENT, Decision::Approve).await;
    assert_eq!(asked.content["identificationCode"], json!(shown.code));
    assert!(
        shown
            .detail
            .iter()
            .any(|line| line.value.en == "Application form")
    );
    let heard = letterbox.heard();
    let (code, _, content) = department.open_callback(&heard[0]).unwrap();
    assert_eq!(code, "D00000");
    assert_eq!(content["hashCode"], json!(base64(&hash)));
    assert!(content["timestamp"].as_i64().unwrap() > 1_000_000_000_000);
    assert!(
        verifies("hash", &content, &hash),
        "over the hash, hashed again"
    );
    assert!(!verifies("other", &content, b"another"));

    let none = document(&hash);
    let mut none = about(&holder, "b-2", none);
    none["sigAlgo"] = json!("NONEwithRSA");
    none["suaMethod"] = json!("FR");
    department.call(SIGN, &none).await.unwrap();
    on_phone(&app, RESIDENT, Decision::Approve).await;
    let heard = letterbox.heard();
    let (_, _, content) = department.open_callback(&heard[0]).unwrap();
    assert!(
        verifies("none", &content, b"the form"),
        "over the document itself"
    );

    let ack = |business: &str, code: &str| about(&holder, business, json!({ "ackCode": code }));
    for (parameters, expected) in [
        (ack("b-1", "SR009"), "D20003"),
        (ack("b-9", "SR001"), "D70006"),
        (ack("b-1", "SR001"), "D00000"),
        (ack("b-1", "SR002"), "D70006"),
        (ack("b-2", "SR003"), "D00000"),
    ] {
        let reply = department.call(ACK, &parameters).await.unwrap();
        assert_eq!(reply.code, expected, "{parameters}");
    }
}

#[tokio::test]
async fn every_end_of_a_signature_has_its_own_number() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let basic = login(&app, &department, BASIC).await;
    let hash = sha256(b"the form");
    let own = || about(&holder, "b-1", document(&hash));
    let mut too_low = about(&basic, "b-1", document(&hash));
    too_low["HKICHash"] = json!(card_hash("Q316702"));
    assert_eq!(
        department.call(SIGN, &too_low).await.unwrap().code,
        "D70004"
    );
    for (name, value, expected) in [
        ("HKICHash", json!(card_hash("Q321170")), "D70005"),
        ("HKICHash", json!("short"), "D20003"),
        ("suaWaitPeriod", json!(720), "D77004"),
        ("suaWaitPeriod", json!(721), "D20003"),
        ("suaMethod", json!("XX"), "D20003"),
        ("sigAlgo", json!("SM3withRSA"), "D20003"),
        ("hashCode", json!(base64(b"not a digest")), "D20003"),
        ("hashCode", json!(""), "D20002"),
        ("serviceName", json!("x".repeat(256)), "D20003"),
        ("department", json!("x".repeat(101)), "D20003"),
        ("documentName", Value::Null, "D20001"),
    ] {
        let mut parameters = own();
        parameters[name] = value;
        let reply = department.call(SIGN, &parameters).await.unwrap();
        assert_eq!(reply.code, expected, "{name}: {}", reply.message);
    }
    assert_eq!(department.call(SIGN, &own()).await.unwrap().code, "D00000");
    on_phone(&app, RESIDENT, Decision::Reject).await;
    assert_eq!(heard_code(&department, &letterbox), "D70001");

    department
        .call(SIGN, &about(&holder, "b-2", document(&hash)))
        .await
        .unwrap();
    app.clock.advance(Duration::from_secs(17 * 60));
    app.settle().await.unwrap();
    assert!(letterbox.heard().is_empty(), "eighteen minutes are given");
    app.clock.advance(Duration::from_secs(2 * 60));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "D70003");
}

#[tokio::test]
async fn a_pdf_gets_a_message_to_embed() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let bytes = b"what stands in the byte ranges";
    for (filter, business) in [
        ("adbe.pkcs7.detached", "b-1"),
        ("ETSI.CAdES.detached", "b-2"),
    ] {
        let asked = json!({
            "docDigest": base64(&sha256(bytes)), "subFilter": filter,
            "serviceName": "Parking permit", "documentName": "form.pdf",
        });
        let asked = about(&holder, business, asked);
        assert_eq!(department.call(PDF, &asked).await.unwrap().code, "D00000");
        on_phone(&app, RESIDENT, Decision::Approve).await;
        let heard = letterbox.heard();
        let (code, _, content) = department.open_callback(&heard[0]).unwrap();
        assert_eq!(code, "D00000", "{content}");
        let folder = Folder::new(business);
        folder.put(
            "p7",
            &unbase64(content["signature"].as_str().unwrap()).unwrap(),
        );
        folder.put("bytes", bytes);
        folder.put("other", b"something else");
        let verify = "cms -verify -binary -inform DER -in p7 -noverify -content";
        assert!(
            folder.openssl(&format!("{verify} bytes -out out")),
            "{filter}"
        );
        assert!(
            !folder.openssl(&format!("{verify} other -out out")),
            "{filter}"
        );
    }
}

fn anonymous(hash: &[u8], business: &str, pdf: bool) -> Value {
    let mut asked = document(hash);
    if pdf {
        asked = json!({
            "docDigest": base64(hash), "HKICHash": card_hash(CARD),
            "serviceName": "Parking permit", "documentName": "form.pdf",
        });
    }
    without_login(business, asked)
}

#[tokio::test]
async fn a_document_is_signed_in_one_step_without_a_login() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let hash = sha256(b"the form");
    for (kind, business, pdf) in [("signing", "b-1", false), ("pdfsigning", "b-2", true)] {
        let path = format!("/api/v1/anonymous/{kind}/initiateRequest");
        let asked = anonymous(&hash, business, pdf);
        let asked = department.call(&path, &asked).await.unwrap();
        assert_eq!(asked.code, "D00000", "{}", asked.message);
        let ticket = asked.content["ticketID"].as_str().unwrap();
        let mut browser = app.browser();
        let page = door(&department, &[("ticketID", ticket)]);
        let waiting = browser.get(&page).await.unwrap();
        let place = answered(&app, &mut browser, (RESIDENT, Decision::Approve), &waiting).await;
        let code = place["code"].as_str().unwrap_or_else(|| panic!("{place}"));
        let path = format!("/api/v1/anonymous/{kind}/getResult");
        let other = "/api/v1/anonymous/eme/getResult";
        let token = exchanged(&department, code).await;
        let fetch = json!({
            "accessToken": token.content["accessToken"], "openID": token.content["openID"],
        });
        let as_another = department.call(other, &fetch).await.unwrap();
        assert_eq!(as_another.code, "D20009");
        let result = department.call(&path, &fetch).await.unwrap();
        assert_eq!(result.code, "D00000", "{}", result.message);
        if !pdf {
            assert!(verifies("anonymous", &result.content, &hash));
        }
        let again = department.call(&path, &fetch).await.unwrap();
        assert_eq!(again.code, "D20009");
    }
}

#[tokio::test]
async fn who_holds_another_card_or_no_plus_level_signs_nothing_without_a_login() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let hash = sha256(b"the form");
    let path = "/api/v1/anonymous/signing/initiateRequest";
    let mut bare = anonymous(&hash, "b-0", false);
    bare["HKICHash"] = Value::Null;
    let bare = department.call(path, &bare).await.unwrap();
    assert_eq!(bare.code, "D20001", "the card ties it to its signer");
    let mut voice = anonymous(&hash, "b-0", false);
    voice["suaMethod"] = json!("VOICE");
    let voice = department.call(path, &voice).await.unwrap();
    assert_eq!(voice.code, "D20003", "refused rather than left out");
    for (who, decision, business, expected) in [
        ("siu-hoi-yan", Decision::Approve, "b-1", "D70005"),
        (RESIDENT, Decision::Reject, "b-2", "D70001"),
    ] {
        let asked = anonymous(&hash, business, false);
        let asked = department.call(path, &asked).await.unwrap();
        let ticket = asked.content["ticketID"].as_str().unwrap();
        let mut browser = app.browser();
        let page = door(&department, &[("ticketID", ticket)]);
        let waiting = browser.get(&page).await.unwrap();
        let place = answered(&app, &mut browser, (who, decision), &waiting).await;
        assert_eq!(place["error_code"], expected);
    }
    let asked = anonymous(&hash, "b-3", false);
    let asked = department.call(path, &asked).await.unwrap();
    let ticket = asked.content["ticketID"].as_str().unwrap();
    let mut browser = app.browser();
    let page = door(&department, &[("ticketID", ticket)]);
    let waiting = browser.get(&page).await.unwrap();
    let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, BASIC).await.unwrap();
    let refused = identity::open(store, &phone.device, id).await;
    assert!(refused.is_err(), "the phone says so as well");
    let place = crate::hongkong::back(&mut browser, &waiting).await;
    assert_eq!(place["error_code"], "D70004");

    let asked = anonymous(&hash, "b-4", false);
    let asked = department.call(path, &asked).await.unwrap();
    let ticket = asked.content["ticketID"].as_str().unwrap().to_owned();
    app.clock.advance(Duration::from_secs(12 * 60 + 1));
    let page = door(&department, &[("ticketID", &ticket)]);
    let request = axum::http::Request::builder().uri(page);
    let request = request.body(axum::body::Body::empty()).unwrap();
    let late = app.browser().send(request).await.unwrap();
    assert!(late.location().unwrap().contains("error_code=D70003"));
}

/// The browser brings its ticket: the page that waits for a phone, which shows the digits that the client
/// was told.
async fn brought<'a>(
    app: &'a App,
    department: &Department<'_>,
    asked: &Value,
) -> (testkit::Browser<'a>, testkit::Answer) {
    let ticket = asked["ticketID"].as_str().unwrap();
    let mut browser = app.browser();
    let waiting = browser
        .get(&door(department, &[("ticketID", ticket)]))
        .await
        .unwrap();
    let digits = asked["identificationCode"].as_str().unwrap();
    assert!(
        digits.len() == 4 && waiting.says(digits),
        "{digits}: {}",
        waiting.words()
    );
    (browser, waiting)
}

#[tokio::test]
async fn face_and_card_are_shown_before_a_document_is_signed_with_a_login_or_without() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let hash = sha256(b"the form");
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, RESIDENT)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    for (business, method) in [("b-1", json!("FR NFC")), ("b-2", json!(["NFC", "FR"]))] {
        let mut asked = about(&holder, business, document(&hash));
        asked["suaMethod"] = method;
        let asked = department.call(SIGN, &asked).await.unwrap();
        assert_eq!(asked.code, "D00000", "{}", asked.message);
        let open = identity::open_of(store, phone.person.id).await.unwrap();
        let wanted = identity::presence_of(store, open[0].id).await.unwrap();
        assert_eq!(wanted, Some(PresenceCheck::Both));
        on_phone(&app, RESIDENT, Decision::Approve).await;
        assert_eq!(heard_code(&department, &letterbox), "D00000");
    }
    let path = "/api/v1/anonymous/signing/initiateRequest";
    for (business, is_shown, end) in [("b-3", true, "code"), ("b-4", false, "D70002")] {
        let mut asked = anonymous(&hash, business, false);
        asked["suaMethod"] = json!("FR NFC");
        let asked = department.call(path, &asked).await.unwrap();
        assert_eq!(asked.code, "D00000", "{}", asked.message);
        let (mut browser, waiting) = brought(&app, &department, &asked.content).await;
        let id = waiting.path.rsplit('/').next().unwrap().parse().unwrap();
        let wanted = identity::presence_of(store, id).await.unwrap();
        assert_eq!(wanted, Some(PresenceCheck::Both));
        let shown = identity::open(store, &phone.device, id).await.unwrap();
        if is_shown {
            identity::demo::answer(store, &phone, &shown, Decision::Approve)
                .await
                .unwrap();
        } else {
            identity::demo::answer_unseen(store, &phone, &shown)
                .await
                .unwrap();
        }
        let place = crate::hongkong::back(&mut browser, &waiting).await;
        let has = place.get(end).is_some() || place["error_code"] == end;
        assert!(has, "{business}: {place}");
    }
}

#[tokio::test]
async fn many_documents_are_signed_without_a_login_or_withdrawn() {
    let app = App::start().await.unwrap();
    let department = Department::register(&app, "td-parking", "https://td.example/cb")
        .await
        .unwrap();
    let nobody = Holder {
        access: String::new(),
        subject: String::new(),
    };
    let path = "/api/v1/anonymous/bulksigning/initiateRequest";
    let mut bare = many(&nobody, "b-0", 3);
    bare["HKICHash"] = Value::Null;
    assert_eq!(department.call(path, &bare).await.unwrap().code, "D20001");
    let asked = department
        .call(path, &many(&nobody, "b-1", 3))
        .await
        .unwrap();
    assert_eq!(asked.code, "D00000", "{}", asked.message);
    let (mut browser, waiting) = brought(&app, &department, &asked.content).await;
    let token = json!({ "statusToken": asked.content["statusToken"] });
    let pending = department.call(ENQUIRE, &token).await.unwrap();
    assert_eq!(pending.content["status"], "SS001");
    let place = answered(&app, &mut browser, (RESIDENT, Decision::Approve), &waiting).await;
    let fetch = json!({ "code": place["code"] });
    let path_of_result = "/api/v1/anonymous/bulksigning/getResult";
    let result = department.call(path_of_result, &fetch).await.unwrap();
    assert_eq!(result.code, "D00000", "{}", result.message);
    let all = result.content["results"].as_array().unwrap();
    assert_eq!(all.len(), 3);
    let mut own = all[0].clone();
    own["cert"] = result.content["cert"].clone();
    assert!(verifies("open-bulk", &own, &sha256(b"form 0")));
    assert_eq!(
        department.call(path_of_result, &fetch).await.unwrap().code,
        "D40004",
        "handed out once"
    );
    // Before a browser brought the ticket, and while the phone is asked.
    for (business, is_brought) in [("b-2", false), ("b-3", true)] {
        let asked = department
            .call(path, &many(&nobody, business, 2))
            .await
            .unwrap();
        let token = json!({ "statusToken": asked.content["statusToken"] });
        let came = if is_brought {
            Some(brought(&app, &department, &asked.content).await)
        } else {
            None
        };
        let gone = department.call(CANCEL, &token).await.unwrap();
        assert_eq!(gone.content["status"], "SS004", "{}", gone.message);
        if let Some((mut browser, waiting)) = came {
            let place = crate::hongkong::back(&mut browser, &waiting).await;
            assert_eq!(place["error_code"], "D71000");
        }
        let stands = department.call(ENQUIRE, &token).await.unwrap();
        assert_eq!(stands.content["status"], "SS004");
    }
}

pub(crate) fn many(holder: &Holder, business: &str, count: usize) -> Value {
    let documents: Vec<Value> = (0..count)
        .map(|number| {
            let name = format!("form {number}");
            let digest = base64(&sha256(name.as_bytes()));
            let kind = if number % 2 == 0 {
                "hashCode"
            } else {
                "docDigest"
            };
            json!({ "documentName": name, kind: digest })
        })
        .collect();
    let more = json!({
        "HKICHash": card_hash(CARD), "serviceName": "Parking permits",
        "maxCallbackSigs": 2, "documents": documents,
    });
    about(holder, business, more)
}

#[tokio::test]
async fn many_documents_are_signed_with_one_answer_and_come_in_parts() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let asked = department
        .call(BULK, &many(&holder, "b-1", 5))
        .await
        .unwrap();
    assert_eq!(asked.code, "D00000", "{}", asked.message);
    let token = json!({ "statusToken": asked.content["statusToken"] });
    let pending = department.call(ENQUIRE, &token).await.unwrap();
    assert_eq!(pending.content["status"], "SS001");
    on_phone(&app, RESIDENT, Decision::Approve).await;
    let heard = letterbox.heard();
    assert_eq!(heard.len(), 3);
    let mut signatures = 0;
    for (part, body) in heard.iter().enumerate() {
        let (code, _, content) = department.open_callback(body).unwrap();
        assert_eq!(code, "D00000");
        assert_eq!(content["callbackSeq"], part + 1);
        assert_eq!(content["totalCallbacks"], 3);
        signatures += content["results"].as_array().unwrap().len();
    }
    assert_eq!(signatures, 5);
    let (_, _, first) = department.open_callback(&heard[0]).unwrap();
    let mut own = first["results"][0].clone();
    own["cert"] = first["cert"].clone();
    assert!(verifies("bulk", &own, &sha256(b"form 0")));
    let done = department.call(ENQUIRE, &token).await.unwrap();
    assert_eq!(done.content["status"], "SS003");
    let late = department.call(CANCEL, &token).await.unwrap();
    assert_eq!(late.code, "D71007");
}

#[tokio::test]
async fn many_documents_can_be_withdrawn_refused_and_counted_wrong() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let other = Department::register(&app, "td-other", "https://td.example/cb")
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let asked = department
        .call(BULK, &many(&holder, "b-1", 2))
        .await
        .unwrap();
    let token = json!({ "statusToken": asked.content["statusToken"] });
    assert_eq!(other.call(ENQUIRE, &token).await.unwrap().code, "D71006");
    let gone = department.call(CANCEL, &token).await.unwrap();
    assert_eq!(gone.content["status"], "SS004");
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "D71000");
    let stands = department.call(ENQUIRE, &token).await.unwrap();
    assert_eq!(stands.content["status"], "SS004");

    let asked = department
        .call(BULK, &many(&holder, "b-2", 2))
        .await
        .unwrap();
    let token = json!({ "statusToken": asked.content["statusToken"] });
    on_phone(&app, RESIDENT, Decision::Reject).await;
    assert_eq!(heard_code(&department, &letterbox), "D71001");
    assert_eq!(
        department.call(ENQUIRE, &token).await.unwrap().code,
        "D71001"
    );

    department
        .call(BULK, &many(&holder, "b-3", 2))
        .await
        .unwrap();
    app.clock.advance(Duration::from_secs(19 * 60));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "D71003");

    for (count, expected) in [(0, "D71008"), (1_001, "D71008")] {
        let wrong = department
            .call(BULK, &many(&holder, "b-4", count))
            .await
            .unwrap();
        assert_eq!(wrong.code, expected);
    }
    let mut card = many(&holder, "b-5", 1);
    card["HKICHash"] = json!(card_hash("Q321170"));
    assert_eq!(department.call(BULK, &card).await.unwrap().code, "D71005");
    let guessed = json!({ "statusToken": "guessed" });
    assert_eq!(
        department.call(ENQUIRE, &guessed).await.unwrap().code,
        "D71006"
    );
}
