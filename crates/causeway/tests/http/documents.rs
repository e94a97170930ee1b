//! A company's document wallet as its people see it.

use axum::http::StatusCode;
use identity::wallet::DocumentKind;
use testkit::{Answer, App, Browser, hongkong::REDIRECT};

use crate::{
    corpid::{CLERK, OWNER, UBI, agent, company_of, house, person},
    corpid_documents::kept,
    corpid_forms::RESULT,
    files::PDF,
    hongkong::door,
};

async fn wallet_of(app: &App) -> String {
    let company = company_of(app, OWNER, UBI).await;
    format!("/en/companies/{company}/documents")
}

async fn sent(
    browser: &mut Browser<'_>,
    page: &Answer,
    fields: &[(&str, &str)],
    (name, bytes): (&str, &[u8]),
) -> Answer {
    let sheet = page.form("/add").unwrap();
    browser
        .post_file(page, &sheet.action, fields, ("file", name, bytes))
        .await
        .unwrap()
}

const TYPED: &[(&str, &str)] = &[
    ("name", "Business registration 2026/27"),
    ("kind", "business_registration"),
    ("issued-day", "1"),
    ("issued-month", "4"),
    ("issued-year", "2026"),
    ("expires-day", "31"),
    ("expires-month", "3"),
    ("expires-year", "2027"),
];

#[tokio::test]
async fn a_document_is_added_looked_at_named_removed_and_put_back() {
    let app = App::start().await.unwrap();
    let base = wallet_of(&app).await;
    let mut browser = app.browser();
    let empty = browser.sign_in(OWNER, &base).await.unwrap();
    assert!(empty.says("The wallet is empty"), "{}", empty.words());
    let page = browser.get(&format!("{base}/add")).await.unwrap();
    let done = sent(&mut browser, &page, TYPED, ("../secret/br.pdf", PDF)).await;
    assert!(
        done.says("The document is kept, sealed."),
        "{}",
        done.words()
    );
    for words in [
        "Business registration 2026/27",
        "br.pdf",
        "Added by NG Chi Ming",
        "31 March 2027",
    ] {
        assert!(done.says(words), "{words}: {}", done.words());
    }
    assert!(done.says("No application has it"), "{}", done.words());
    let here = done.path.split('?').next().unwrap().to_owned();
    let file = browser.get(&format!("{here}/file")).await.unwrap();
    assert_eq!(file.body, PDF);
    assert_eq!(file.headers["content-type"], "application/pdf");

    let label = browser.get(&format!("{here}/label")).await.unwrap();
    let wrong = browser
        .fill(&label, "/label", &[("name", ""), ("expires-year", "2020")])
        .await
        .unwrap();
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.says("Write a name") && wrong.says("not before the day of issue"),
        "{}",
        wrong.words()
    );
    assert!(
        wrong.text().contains("value=\"2020\""),
        "what was typed is kept"
    );
    let named = browser
        .fill(&label, "/label", &[("name", "BR certificate")])
        .await
        .unwrap();
    assert!(named.says("BR certificate"), "{}", named.words());
}

#[tokio::test]
async fn a_removed_document_waits_to_be_put_back_and_all_of_it_is_on_record() {
    let app = App::start().await.unwrap();
    let base = wallet_of(&app).await;
    let id = kept(&app, "BR certificate", DocumentKind::BusinessRegistration).await;
    let mut browser = app.browser();
    let here = format!("{base}/{id}");
    let named = browser.sign_in(OWNER, &here).await.unwrap();
    browser.get(&format!("{here}/file")).await.unwrap();
    let removed = browser.fill(&named, "/remove", &[]).await.unwrap();
    assert!(
        removed.says("This document is removed"),
        "{}",
        removed.words()
    );
    assert!(
        browser
            .get(&base)
            .await
            .unwrap()
            .says("The wallet is empty")
    );
    let bin = browser.get(&format!("{base}?removed=yes")).await.unwrap();
    assert!(bin.says("BR certificate"), "{}", bin.words());
    let back = browser.fill(&bin, "/restore", &[]).await.unwrap();
    assert!(back.says("The document is back"), "{}", back.words());
    let history = base.replace("/documents", "/history");
    let history = browser.get(&history).await.unwrap();
    for words in [
        "Put a document into the wallet",
        "Opened a document of the wallet",
        "Removed a document from the wallet",
        "Put a removed document back",
        "Business registration certificate",
    ] {
        assert!(history.says(words), "{words}: {}", history.words());
    }
    assert!(!history.says("BR certificate"), "no name on record");
}

#[tokio::test]
async fn a_form_that_is_wrong_keeps_what_was_typed_and_says_what_to_do() {
    let app = App::start().await.unwrap();
    let base = wallet_of(&app).await;
    let mut browser = app.browser();
    let page = browser
        .sign_in(OWNER, &format!("{base}/add"))
        .await
        .unwrap();
    let mut large = PDF.to_vec();
    large.resize(5 * 1024 * 1024 + 1, b' ');
    let cases: [(&str, &[u8], &str); 3] = [
        ("a.pdf", b"", "Choose a file"),
        (
            "a.pdf",
            b"not a PDF at all",
            "Choose a PDF, JPEG or PNG file",
        ),
        ("a.pdf", &large, "Choose a smaller file"),
    ];
    for (name, bytes, words) in cases {
        let wrong = sent(&mut browser, &page, TYPED, (name, bytes)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{words}");
        assert!(wrong.says(words), "{words}: {}", wrong.words());
        assert!(
            wrong.text().contains("Business registration 2026/27"),
            "kept"
        );
    }
    let mut typed = TYPED.to_vec();
    typed[0] = ("name", "");
    typed[4] = ("issued-year", "2030");
    let wrong = sent(&mut browser, &page, &typed, ("a.pdf", PDF)).await;
    for words in ["Write a name", "not after today", "Choose the file again"] {
        assert!(wrong.says(words), "{words}: {}", wrong.words());
    }
    assert!(wrong.text().contains("value=\"2030\""), "kept");
}

#[tokio::test]
async fn who_only_fills_in_forms_reads_and_neither_adds_nor_removes_and_strangers_see_nothing() {
    let app = App::start().await.unwrap();
    let base = wallet_of(&app).await;
    let id = kept(&app, "Licence", DocumentKind::Licence).await;
    let here = format!("{base}/{id}");
    let mut clerk = app.browser();
    let page = clerk.sign_in(CLERK, &here).await.unwrap();
    assert!(page.says("Licence"), "{}", page.words());
    assert!(page.form("/remove").is_err(), "{}", page.text());
    assert!(
        !page.text().contains(&format!("{id}/label")),
        "{}",
        page.text()
    );
    let add = clerk.get(&format!("{base}/add")).await.unwrap();
    assert_eq!(add.status, StatusCode::FORBIDDEN);
    assert!(add.says("ID-072"), "{}", add.words());
    let mut owner = app.browser();
    let own = owner.sign_in(OWNER, &here).await.unwrap();
    let forged = clerk.fill(&own, "/remove", &[]).await.unwrap();
    assert!(!forged.status.is_success(), "{}", forged.words());

    let mut stranger = app.browser();
    let none = stranger.sign_in("ho-mei-ling", &here).await.unwrap();
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    for path in ["", "/file"] {
        let none = stranger.get(&format!("{here}{path}")).await.unwrap();
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{path}");
    }
    let other = company_of(&app, "ho-mei-ling", "99000068").await;
    let crossed = format!("/en/companies/{other}/documents/{id}");
    let none = stranger.get(&crossed).await.unwrap();
    assert_eq!(none.status, StatusCode::NOT_FOUND, "by their own company");
}

#[tokio::test]
async fn a_long_wallet_is_searched_filtered_and_paged() {
    let app = App::start().await.unwrap();
    let base = wallet_of(&app).await;
    for number in 1..=24 {
        let kind = if number % 8 == 0 {
            DocumentKind::Accounts
        } else {
            DocumentKind::Licence
        };
        kept(&app, &format!("Paper of number {number:02}"), kind).await;
    }
    let mut browser = app.browser();
    let first = browser.sign_in(OWNER, &base).await.unwrap();
    assert!(
        first.says("number 24") && first.says("number 05") && !first.says("number 04"),
        "{}",
        first.words()
    );
    let next = first.text();
    let next = next.split("rel=\"next\" href=\"").nth(1).unwrap();
    let next = next.split('"').next().unwrap().replace("&amp;", "&");
    let second = browser.get(&next).await.unwrap();
    assert!(
        second.says("number 04") && !second.says("number 05"),
        "{}",
        second.words()
    );
    let found = browser.get(&format!("{base}?q=NUMBER%2013")).await.unwrap();
    assert!(
        found.says("number 13") && !found.says("number 12"),
        "{}",
        found.words()
    );
    let kind = browser.get(&format!("{base}?kind=accounts")).await.unwrap();
    assert!(
        kind.says("number 16") && !kind.says("number 15"),
        "{}",
        kind.words()
    );
    let none = browser.get(&format!("{base}?q=zebra")).await.unwrap();
    assert!(none.says("No document fits"), "{}", none.words());
}

#[tokio::test]
async fn documents_are_chosen_on_the_page_of_who_has_signed_in_and_confirmed_on_the_phone() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let licence = kept(&app, "Licence of the shop", DocumentKind::Licence).await;
    let holder = agent(&app, &department, (OWNER, UBI)).await;
    let asked = serde_json::json!({
        "businessID": "b-1", "ubi": UBI, "source": "PC_Browser", "redirectURI": REDIRECT,
        "purpose": "Renewal",
    });
    let path = "/api/eservice/v1/docWallet/sharing/initiateRequest";
    let begun = department.call(path, &holder.about(asked)).await.unwrap();
    let ticket = begun.content["ticketID"].as_str().unwrap();
    let way = door(&department, &[("ticketID", ticket)]);
    let mut other = app.browser();
    other.sign_in(CLERK, "/en/inbox").await.unwrap();
    let page = other.get(&way).await.unwrap();
    assert!(!page.says("Licence of the shop"), "{}", page.words());

    let mut browser = app.browser();
    browser.sign_in(OWNER, "/en/inbox").await.unwrap();
    let page = browser.get(&way).await.unwrap();
    assert!(page.says("Licence of the shop"), "{}", page.words());
    let bare = browser.fill(&page, "/documents", &[]).await.unwrap();
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    let id = licence.to_string();
    let kept = browser
        .fill(&page, "/documents", &[("documents", &id)])
        .await
        .unwrap();
    assert!(kept.says("Your choice is kept"), "{}", kept.words());

    let done = agreed_on_phone(&app, &id).await;
    let late = browser
        .fill(&page, "/documents", &[("documents", &id)])
        .await;
    assert!(
        late.is_err() || !late.unwrap().says("Your choice is kept"),
        "what was agreed to stays"
    );
    assert!(done.status.is_success(), "{}", done.words());
    app.settle().await.unwrap();
    let fetch = holder.about(serde_json::json!({ "businessID": "b-1" }));
    let result = department.call(RESULT, &fetch).await.unwrap();
    assert_eq!(
        result.content["documents"][0]["documentID"], id,
        "{result:?}"
    );
}

/// On the simulated phone: what was ticked at the page stands ticked, nothing ticked is refused, and then
/// it is agreed.
async fn agreed_on_phone(app: &App, id: &str) -> Answer {
    let who = person(app, OWNER).await;
    let open = identity::open_of(&app.system.store, who).await.unwrap();
    let phone = format!("/en/demo/phone/{OWNER}/{}", open[0].id);
    let mut handset = app.browser();
    let started = handset
        .get(&format!("/en/demo/phone?approval={}", open[0].id))
        .await
        .unwrap();
    let shown = handset
        .fill(&started, "/demo/phone", &[("person", OWNER)])
        .await
        .unwrap();
    assert!(shown.path.starts_with(&phone), "{}", shown.path);
    assert!(
        shown.text().contains("checked"),
        "ticked already: {}",
        shown.text()
    );
    let all = shown.form(&phone).unwrap().filled(&[]);
    let none: Vec<_> = all
        .iter()
        .filter(|(name, _)| name != "documents")
        .cloned()
        .collect();
    let refused = handset
        .post_raw(&phone, &testkit::encode(&none))
        .await
        .unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    handset
        .fill(&shown, &phone, &[("documents", id)])
        .await
        .unwrap()
}
