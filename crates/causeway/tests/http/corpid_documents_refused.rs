//! Requests about a company's documents that are wrong, too large, or come when nobody can answer.

use axum::http::StatusCode;
use identity::{
    Decision,
    wallet::{self, DocumentKind},
};
use serde_json::{Value, json};
use testkit::{
    App,
    hongkong::{Department, base64, sha256},
};

use crate::{
    corpid::{Agent, CLERK, OTHER_UBI, OWNER, UBI, agent, house, person},
    corpid_documents::{DETAIL, DOCUMENTS, SHARE, UPLOAD, brought, fetched, kept, listed, wanted},
    files::PDF,
    hongkong::on_phone,
};

/// Asks each with one parameter spoilt.
async fn spoilt(
    (department, who): (&Department<'_>, &Agent),
    right: &Value,
    cases: &[(&str, &str, Value, &str)],
) {
    for (path, name, value, expected) in cases {
        let mut asked = right.clone();
        asked[*name] = value.clone();
        let refused = department.call(path, &who.about(asked)).await.unwrap();
        let said = &refused.message;
        assert_eq!(refused.code, *expected, "{path} {name} {value}: {said}");
    }
}

#[tokio::test]
async fn another_company_than_the_token_s_is_refused_in_every_call_about_documents() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let bare = department.call(DOCUMENTS, &owner.about(json!({}))).await;
    assert_eq!(bare.unwrap().code, "M20001");
    let mut all = brought("b-1", PDF);
    all["purpose"] = json!("Renewal");
    for path in [DOCUMENTS, DETAIL, SHARE, UPLOAD] {
        let cases = [
            (path, "ubi", json!(OTHER_UBI), "M20013"),
            (path, "cAccessToken", json!("x"), "M20009"),
            (path, "cOpenID", json!("x"), "M20010"),
        ];
        spoilt((&department, &owner), &all, &cases).await;
    }
}

#[tokio::test]
async fn a_wrong_look_at_documents_or_request_for_them_says_how() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let evil = json!("https://evil.example");
    let cases = [
        (DOCUMENTS, "documentType", json!("diary"), "M20003"),
        (DOCUMENTS, "pageSize", json!(51), "M20003"),
        (DOCUMENTS, "cursor", json!("x"), "M20003"),
        (DETAIL, "documentID", json!(""), "M20002"),
        (DETAIL, "documentID", json!("x"), "M20003"),
        (SHARE, "purpose", json!(""), "M20002"),
        (SHARE, "purpose", json!("a\u{7}b"), "M20003"),
        (SHARE, "documentTypes", json!(["diary"]), "M20003"),
        (SHARE, "maxDocuments", json!(21), "M20003"),
        (SHARE, "source", json!("Netscape"), "M20007"),
        (SHARE, "redirectURI", evil, "M20008"),
    ];
    spoilt((&department, &owner), &wanted("b-1", &json!({})), &cases).await;
    let who = person(&app, OWNER).await;
    let open = identity::open_of(&app.system.store, who).await.unwrap();
    assert!(open.is_empty(), "no phone was asked: {open:?}");
}

#[tokio::test]
async fn a_document_that_cannot_be_kept_is_refused_before_a_phone_is_asked() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let other = json!(base64(&sha256(b"other")));
    let words = base64(b"just words");
    let cases = [
        (UPLOAD, "documentName", json!(" "), "M20003"),
        (UPLOAD, "documentType", json!("diary"), "M20003"),
        (UPLOAD, "fileContent", json!(""), "M20002"),
        (UPLOAD, "fileContent", json!("%"), "M20003"),
        (UPLOAD, "fileHash", other, "M20003"),
        (UPLOAD, "issueDate", json!("20261399"), "M20003"),
        (UPLOAD, "expiryDate", json!("20200101"), "M20003"),
    ];
    spoilt((&department, &owner), &brought("b-1", PDF), &cases).await;
    let mut text = brought("b-1", b"just words");
    text["fileContent"] = json!(words);
    let refused = department.call(UPLOAD, &owner.about(text)).await.unwrap();
    assert_eq!(refused.code, "M20003", "neither PDF nor picture");
    let clerk = agent(&app, &department, (CLERK, UBI)).await;
    let asked = clerk.about(brought("b-1", PDF));
    let refused = department.call(UPLOAD, &asked).await.unwrap();
    assert_eq!(refused.code, "M20012", "not for who only fills in forms");
    for who in [OWNER, CLERK] {
        let who = person(&app, who).await;
        let open = identity::open_of(&app.system.store, who).await.unwrap();
        assert!(open.is_empty(), "no phone was asked: {open:?}");
    }
}

#[tokio::test]
async fn a_client_that_may_not_use_the_wallet_learns_nothing_of_it() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    department
        .change(|own| {
            let wire = own.wire.as_mut().unwrap();
            wire.scopes
                .retain(|scope| scope.code() != "corpidapi_docwallet");
        })
        .await
        .unwrap();
    for path in [DOCUMENTS, DETAIL, SHARE, UPLOAD] {
        let asked = owner.about(json!({ "ubi": UBI }));
        let refused = department.call(path, &asked).await.unwrap();
        assert_eq!(refused.code, "M20012", "{path}: {}", refused.message);
    }
}

#[tokio::test]
async fn a_file_above_five_megabytes_is_answered_with_413_and_one_of_five_is_taken() {
    // What keeps answers for the description of the interface keeps no files.
    let knobs = causeway::Knobs {
        has_rate_limits: false,
        records_answers: false,
    };
    let dir = std::env::temp_dir().join(format!("causeway-documents-{}", std::process::id()));
    let app = App::open(dir, 7, knobs).await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let mut file = PDF.to_vec();
    file.resize(5 * 1024 * 1024, b' ');
    let asked = owner.about(brought("b-1", &file));
    let begun = department.call(UPLOAD, &asked).await.unwrap();
    assert_eq!(begun.code, "M00000", "{}", begun.message);
    on_phone(&app, OWNER, Decision::Approve).await;
    let listed = listed(&department, &owner).await;
    let id = listed["documents"][0]["documentID"].as_str().unwrap();
    let full = fetched(&department, &owner, id).await;
    assert_eq!(full.content["fileSize"], 5 * 1024 * 1024);

    file.push(b' ');
    let body = department
        .sealed(UPLOAD, &owner.about(brought("b-2", &file)))
        .unwrap();
    assert!(body.len() < 10 * 1024 * 1024, "the entity is small enough");
    let refused = department
        .send(UPLOAD, &department.sign(&body), &body)
        .await
        .unwrap();
    assert_eq!(
        refused.status,
        StatusCode::PAYLOAD_TOO_LARGE,
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn a_full_wallet_takes_no_more() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    for number in 0..wallet::DOCUMENTS_MAX {
        kept(&app, &format!("Paper {number}"), DocumentKind::Other).await;
    }
    let asked = owner.about(brought("b-1", PDF));
    let refused = department.call(UPLOAD, &asked).await.unwrap();
    assert_eq!(refused.code, "M90005", "{}", refused.message);
}

#[tokio::test]
async fn when_the_store_is_closing_the_wire_answers_503_and_no_code() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let owner = agent(&app, &department, (OWNER, UBI)).await;
    let asked = owner.about(json!({ "ubi": UBI }));
    let body = department.sealed(DOCUMENTS, &asked).unwrap();
    app.system.store.close().await;
    let answer = department
        .send(DOCUMENTS, &department.sign(&body), &body)
        .await
        .unwrap();
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text()
    );
    assert!(
        answer.headers.contains_key("retry-after"),
        "{:?}",
        answer.headers
    );
    assert!(!answer.text().contains("M00000") && !answer.text().contains("txID"));
}
