//! The document wallet of a company as a department's machine meets it: numbers before anything is handed
//! over, documents only by the phone of somebody who acts for the company, and every way it ends.

use std::time::Duration;

use identity::{
    Decision, demo,
    wallet::{self, Document, DocumentKind, NewDocument},
};
use kernel::Id;
use serde_json::{Value, json};
use testkit::{
    App,
    hongkong::{Department, Letterbox, REDIRECT, base64, sha256, unbase64},
};

use crate::{
    corpid::{Agent, CLERK, OWNER, UBI, agent, company_of, house, person, taken_out},
    corpid_forms::RESULT,
    files::PDF,
    hongkong::{door, heard_code, on_phone, query},
};

pub(crate) const DOCUMENTS: &str = "/api/eservice/v1/docWallet/list";
pub(crate) const DETAIL: &str = "/api/eservice/v1/docWallet/detail";
pub(crate) const UPLOAD: &str = "/api/eservice/v1/docWallet/upload/initiateRequest";
pub(crate) const SHARE: &str = "/api/eservice/v1/docWallet/sharing/initiateRequest";

/// Puts a document into the wallet of the owner's company.
pub(crate) async fn kept(app: &App, name: &str, kind: DocumentKind) -> Id<Document> {
    // Newest first is told by time.
    app.clock.advance(Duration::from_secs(1));
    let system = &app.system;
    let notary = trust::Notary::new(system.keys.clone(), &system.site.config().base_url);
    let company = company_of(app, OWNER, UBI).await;
    let new = NewDocument {
        kind,
        name: name.to_owned(),
        file_name: "paper.pdf".to_owned(),
        bytes: [PDF, name.as_bytes()].concat(),
        issued: None,
        expires: None,
    };
    let vault = system.keys.vault();
    let tools = (&system.store, &vault, &notary);
    let who = person(app, OWNER).await;
    wallet::add_document(tools, who, company, new)
        .await
        .unwrap()
}

/// The parameters of a request for documents.
pub(crate) fn wanted(business: &str, more: &Value) -> Value {
    let mut all = json!({
        "businessID": business, "ubi": UBI, "source": "PC_Browser", "redirectURI": REDIRECT,
        "state": "two-state", "purpose": "Renewal of the restaurant licence",
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    all
}

pub(crate) fn brought(business: &str, bytes: &[u8]) -> Value {
    json!({
        "businessID": business, "ubi": UBI, "source": "PC_Browser", "redirectURI": REDIRECT,
        "documentName": "Restaurant licence 2027", "documentType": "licence",
        "fileName": "licence.pdf", "fileContent": base64(bytes), "fileHash": base64(&sha256(bytes)),
        "issueDate": "20261101", "expiryDate": "20271031",
    })
}

/// Picks on the phone, and agrees.
async fn handed(app: &App, who: &str, picked: &[Id<Document>]) {
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = demo::phone(store, &vault, who).await.unwrap();
    let open = identity::open_of(store, phone.person.id).await.unwrap();
    let shown = identity::open(store, &phone.device, open[0].id)
        .await
        .unwrap();
    let actor = kernel::Actor::system("test");
    let about = (shown.id, phone.person.id);
    wallet::pick_documents(store, &vault, &actor, about, picked.to_vec())
        .await
        .unwrap();
    demo::answer(store, &phone, &shown, Decision::Approve)
        .await
        .unwrap();
    app.settle().await.unwrap();
}

pub(crate) async fn listed(department: &Department<'_>, who: &Agent) -> Value {
    let reply = department
        .call(DOCUMENTS, &who.about(json!({ "ubi": UBI })))
        .await
        .unwrap();
    assert_eq!(reply.code, "M00000", "{}", reply.message);
    reply.content
}

pub(crate) async fn fetched(
    department: &Department<'_>,
    who: &Agent,
    id: &str,
) -> testkit::hongkong::Reply {
    let asked = who.about(json!({ "ubi": UBI, "documentID": id }));
    department.call(DETAIL, &asked).await.unwrap()
}

#[tokio::test]
async fn a_client_sees_numbers_until_the_phone_hands_a_document_over_and_then_that_one() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    kept(
        &app,
        "Resolution nobody shall see",
        DocumentKind::Resolution,
    )
    .await;
    let licence = kept(&app, "Licence of 2026", DocumentKind::Licence).await;
    kept(&app, "Licence of 2025", DocumentKind::Licence).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let before = listed(&department, &owner).await;
    let mut said = before["documentTypes"].as_array().unwrap().clone();
    said.sort_by_key(|one| one["documentType"].to_string());
    let counts = json!([
        { "documentType": "licence", "count": 2 }, { "documentType": "resolution", "count": 1 },
    ]);
    assert_eq!(Value::Array(said), counts);
    assert_eq!(before["documents"], json!([]), "no name before a hand-over");
    let refused = fetched(&department, &owner, &licence.to_string()).await;
    assert_eq!(refused.code, "M90004", "{}", refused.message);

    let asked = owner.about(wanted("b-1", &json!({})));
    let begun = department.call(SHARE, &asked).await.unwrap();
    assert_eq!(begun.content["authByQR"], true, "{}", begun.message);
    handed(&app, OWNER, &[licence]).await;
    let (code, _, content) = department.open_callback(&letterbox.heard()[0]).unwrap();
    assert_eq!(
        (code.as_str(), &content["state"]),
        ("M00000", &json!("two-state"))
    );
    let told = content["documents"].as_array().unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["documentName"], "Licence of 2026");
    assert_eq!(told[0]["source"], "company");
    assert!(told[0].get("fileContent").is_none(), "fetched by itself");
    let full = fetched(&department, &owner, &licence.to_string()).await;
    let bytes = unbase64(full.content["fileContent"].as_str().unwrap()).unwrap();
    assert!(bytes.ends_with(b"Licence of 2026"));
    assert_eq!(full.content["fileHash"], base64(&sha256(&bytes)));
    let after = listed(&department, &owner).await;
    assert_eq!(after["documents"].as_array().unwrap().len(), 1, "{after}");
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let theirs = listed(&department, &clerk).await;
    assert_eq!(theirs["documents"], json!([]), "a colleague's");
}

#[tokio::test]
async fn the_phone_says_what_for_and_lets_pick_from_the_kinds_that_are_asked() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let secret = kept(&app, "Resolution", DocumentKind::Resolution).await;
    let licence = kept(&app, "Licence of 2026", DocumentKind::Licence).await;
    let older = kept(&app, "Licence of 2025", DocumentKind::Licence).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let more = json!({ "documentTypes": ["licence"], "maxDocuments": 1 });
    let asked = owner.about(wanted("b-1", &more));
    department.call(SHARE, &asked).await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let who = person(&app, OWNER).await;
    let open = identity::open_of(store, who).await.unwrap();
    let says = |words: &str| {
        let mut lines = open[0].detail.iter();
        lines.any(|line| line.value.en.contains(words))
    };
    assert!(says("Golden Wok") && says("Renewal of the restaurant licence"));
    assert!(says("licence or permit; up to 1"), "{open:?}");
    let about = (open[0].id, who);
    let picking = wallet::pickable(store, &vault, about)
        .await
        .unwrap()
        .unwrap();
    let offered: Vec<_> = picking.documents.iter().map(|one| one.id).collect();
    assert_eq!(offered, [older, licence], "of the kind that is asked for");
    let actor = kernel::Actor::system("test");
    for wrong in [vec![], vec![secret], vec![licence, older]] {
        let picked = wallet::pick_documents(store, &vault, &actor, about, wrong).await;
        assert!(
            matches!(picked, Err(identity::Error::NothingPicked)),
            "{picked:?}"
        );
    }
    let clerk = (open[0].id, person(&app, CLERK).await);
    let none = wallet::pickable(store, &vault, clerk).await.unwrap();
    assert!(none.is_none(), "not theirs to pick");
}

#[tokio::test]
async fn a_company_sees_who_has_a_document_and_takes_it_back() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let licence = kept(&app, "Licence of 2026", DocumentKind::Licence).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = owner.about(wanted("b-1", &json!({})));
    department.call(SHARE, &asked).await.unwrap();
    handed(&app, OWNER, &[licence]).await;
    let full = fetched(&department, &owner, &licence.to_string()).await;
    assert_eq!(full.code, "M00000", "{}", full.message);
    let mut browser = app.browser();
    let company = company_of(&app, OWNER, UBI).await;
    let path = format!("/en/companies/{company}/documents/{licence}");
    let page = browser.sign_in(OWNER, &path).await.unwrap();
    for words in [
        "Parking permits",
        "Renewal of the restaurant licence",
        "times fetched: 1",
    ] {
        assert!(page.says(words), "{words}: {}", page.words());
    }
    let history = format!("/en/companies/{company}/history");
    let history = browser.get(&history).await.unwrap();
    for words in [
        "Handed a document to an application",
        "An application fetched a document",
    ] {
        assert!(history.says(words), "{words}: {}", history.words());
    }
    let end = page.form("/end").unwrap().action;
    browser.fill(&page, &end, &[]).await.unwrap();
    let ended = fetched(&department, &owner, &licence.to_string()).await;
    assert_eq!(ended.code, "M90004", "the company took it back");
}

#[tokio::test]
async fn what_was_handed_over_and_not_heard_is_fetched_once() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    letterbox.answer(500);
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let licence = kept(&app, "Licence", DocumentKind::Licence).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = owner.about(wanted("b-1", &json!({})));
    department.call(SHARE, &asked).await.unwrap();
    let again = department.call(SHARE, &asked).await.unwrap();
    assert_eq!(again.code, "M20011", "a businessID is used once");
    let fetch = owner.about(json!({ "businessID": "b-1" }));
    let early = department.call(RESULT, &fetch).await.unwrap();
    assert_eq!(early.content["isReady"], false, "{early:?}");
    handed(&app, OWNER, &[licence]).await;
    let ready = department.call(RESULT, &fetch).await.unwrap();
    assert_eq!(ready.content["isReady"], true, "{ready:?}");
    assert_eq!(ready.content["documents"][0]["documentName"], "Licence");
    let gone = department.call(RESULT, &fetch).await.unwrap();
    assert_eq!(gone.code, "M20000");
}

#[tokio::test]
async fn every_end_of_a_request_for_documents_has_its_own_number() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    kept(&app, "Licence", DocumentKind::Licence).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let begin = async |business: &str| {
        let asked = clerk.about(wanted(business, &json!({})));
        let begun = department.call(SHARE, &asked).await.unwrap();
        assert_eq!(begun.code, "M00000", "{}", begun.message);
        begun.content["ticketID"].as_str().unwrap().to_owned()
    };
    begin("r").await;
    on_phone(&app, CLERK, Decision::Reject).await;
    assert_eq!(heard_code(&department, &letterbox), "M90001");

    begin("n").await;
    on_phone(&app, CLERK, Decision::Approve).await;
    assert_eq!(
        heard_code(&department, &letterbox),
        "M90002",
        "nothing was picked"
    );

    begin("t").await;
    app.clock.advance(Duration::from_secs(300));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "M90003");

    let ticket = begin("c").await;
    let mut browser = app.browser();
    let page = browser
        .get(&door(&department, &[("ticketID", &ticket)]))
        .await
        .unwrap();
    assert!(
        page.says("You choose the documents on your phone"),
        "{}",
        page.words()
    );
    assert!(
        !page.text().contains("paper.pdf") && !page.says("Licence"),
        "a ticket shows no name"
    );
    let sheet = page.form(page.path.split('?').next().unwrap()).unwrap();
    let pairs = testkit::encode(&sheet.filled(&[]));
    let gone = browser.post_raw(&sheet.action, &pairs).await.unwrap();
    assert_eq!(query(gone.location().unwrap())["cError_code"], "M90000");
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "M90000");
}

#[tokio::test]
async fn who_left_between_picking_and_agreeing_hands_nothing_over() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let licence = kept(&app, "Licence", DocumentKind::Licence).await;
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let asked = clerk.about(wanted("f", &json!({})));
    department.call(SHARE, &asked).await.unwrap();
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = demo::phone(store, &vault, CLERK).await.unwrap();
    let open = identity::open_of(store, phone.person.id).await.unwrap();
    let actor = kernel::Actor::system("test");
    let about = (open[0].id, phone.person.id);
    wallet::pick_documents(store, &vault, &actor, about, vec![licence])
        .await
        .unwrap();
    taken_out(&app, CLERK).await;
    on_phone(&app, CLERK, Decision::Approve).await;
    assert_eq!(
        heard_code(&department, &letterbox),
        "M90002",
        "who left hands nothing over"
    );
}

#[tokio::test]
async fn who_leaves_or_disconnects_ends_what_they_handed_over() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let licence = kept(&app, "Licence", DocumentKind::Licence).await;
    let (owner, clerk) = (
        agent(&app, &department, (OWNER, UBI)).await,
        agent(&app, &department, (CLERK, UBI)).await,
    );
    for (one, who, business) in [(&owner, OWNER, "b-1"), (&clerk, CLERK, "b-2")] {
        let asked = one.about(wanted(business, &json!({})));
        department.call(SHARE, &asked).await.unwrap();
        handed(&app, who, &[licence]).await;
        let reply = fetched(&department, one, &licence.to_string()).await;
        assert_eq!(reply.code, "M00000", "{}", reply.message);
    }
    taken_out(&app, CLERK).await;
    let left = fetched(&department, &clerk, &licence.to_string()).await;
    assert_eq!(left.code, "M20009", "{}", left.message);

    let who = person(&app, OWNER).await;
    identity::provider::disconnect(&app.system.store, who, &department.id)
        .await
        .unwrap();
    let cut = fetched(&department, &owner, &licence.to_string()).await;
    assert_eq!(cut.code, "M20009", "{}", cut.message);
    let again = agent(&app, &department, (OWNER, UBI)).await;
    let fresh = fetched(&department, &again, &licence.to_string()).await;
    assert_eq!(fresh.code, "M90004", "coming back does not bring it back");
    app.clock.advance(Duration::from_secs(60));
    let asked = again.about(wanted("b-3", &json!({})));
    department.call(SHARE, &asked).await.unwrap();
    handed(&app, OWNER, &[licence]).await;
    app.clock.advance(Duration::from_secs(31 * 86_400));
    for path in [DOCUMENTS, "/api/v1/auth/getToken"] {
        department.fetch_key_for(path).await.unwrap();
    }
    let late = agent(&app, &department, (OWNER, UBI)).await;
    let over = fetched(&department, &late, &licence.to_string()).await;
    assert_eq!(over.code, "M90004", "a hand-over lasts a month");
}

#[tokio::test]
async fn a_document_an_application_brings_is_the_company_s_once_the_phone_agrees() {
    let app = App::start().await.unwrap();
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register_corporate(&app, "td-fleet", &letterbox.address)
        .await
        .unwrap();
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let begin = async |business: &str| {
        let asked = owner.about(brought(business, PDF));
        let begun = department.call(UPLOAD, &asked).await.unwrap();
        assert_eq!(begun.code, "M00000", "{}", begun.message);
    };
    begin("r").await;
    on_phone(&app, OWNER, Decision::Reject).await;
    assert_eq!(heard_code(&department, &letterbox), "M90001");
    assert_eq!(listed(&department, &owner).await["documents"], json!([]));

    begin("t").await;
    app.clock.advance(Duration::from_secs(300));
    app.settle().await.unwrap();
    assert_eq!(heard_code(&department, &letterbox), "M90003");

    begin("b").await;
    assert_eq!(
        listed(&department, &owner).await["documents"],
        json!([]),
        "not before the phone"
    );
    let shown = on_phone(&app, OWNER, Decision::Approve).await;
    let says = |words: &str| {
        shown
            .detail
            .iter()
            .any(|line| line.value.en.contains(words))
    };
    assert!(
        says("Restaurant licence 2027") && says("licence or permit"),
        "{shown:?}"
    );
    let heard = letterbox.heard();
    let (code, _, content) = department.open_callback(&heard[0]).unwrap();
    assert_eq!(code, "M00000");
    let id = content["documentID"].as_str().unwrap().to_owned();
    let full = fetched(&department, &owner, &id).await;
    assert_eq!(full.content["isOwn"], true, "{full:?}");
    assert_eq!(full.content["source"], "application");
    assert_eq!(full.content["expiryDate"], "20271031");
    let mut browser = app.browser();
    let company = company_of(&app, OWNER, UBI).await;
    let path = format!("/en/companies/{company}/documents/{id}");
    let page = browser.sign_in(OWNER, &path).await.unwrap();
    assert!(
        page.says("Brought by Parking permits; NG Chi Ming agreed"),
        "{}",
        page.words()
    );
}
