//! A department registers an application by itself, a second person puts it in force, an operator
//! stops it.

use axum::http::StatusCode;
use serde_json::json;
use testkit::{
    Answer, App, Browser,
    hongkong::{Department, certificate},
};
use trust::SigningKey;

const AUTHOR: &str = "td-owner";
const SECOND: &str = "td-supervisor";
const OPERATOR: &str = "operator";
const PAGE: &str = "/en/desk/clients/td-parking";

fn answers(jwks: &str) -> Vec<(&'static str, String)> {
    [
        ("id", "td-parking"),
        ("name_en", "Parking permits"),
        ("name_tc", "泊車許可證"),
        ("sector", "td"),
        ("purpose-openid-en", "To know you again"),
        ("purpose-openid-tc", "識別身分"),
        ("redirect_uris", "https://parking.example/callback"),
        ("keys", jwks),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

#[tokio::test]
async fn a_department_registers_an_application_and_a_second_person_approves() {
    let app = App::start().await.unwrap();
    let key = SigningKey::generate(app.system.store.env()).unwrap();
    let jwks = json!({ "keys": [key.public().jwk()] }).to_string();
    let mut author = app.browser();
    author.sign_in(AUTHOR, "/en/desk/clients").await.unwrap();
    let form = author.get("/en/desk/clients/new").await.unwrap();
    let mut given = answers(&jwks);
    given.retain(|(name, _)| *name != "redirect_uris");
    let as_str = |given: &[(&'static str, String)]| -> Vec<(String, String)> {
        let own = |(name, value): &(&str, String)| ((*name).to_owned(), value.clone());
        given.iter().map(own).collect()
    };
    let fill = as_str(&given);
    let pairs: Vec<(&str, &str)> = fill.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let again = author.fill(&form, "/clients/new", &pairs).await.unwrap();
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("Parking permits"), "what was typed stays");
    let redirect = [("redirect_uris", "https://parking.example/callback")];
    let page = author
        .fill(&again, "/clients/new", &redirect)
        .await
        .unwrap();
    assert_eq!(page.path, PAGE, "{}", page.words());
    assert!(page.says("Draft"), "{}", page.words());
    let sent = author.fill(&page, "/submit", &[]).await.unwrap();
    assert!(sent.says("You wrote this proposal"), "{}", sent.words());
    assert!(app.system.provider.issuer().starts_with("http"));

    let mut other = app.browser();
    other
        .sign_in("immd-supervisor", "/en/desk/clients")
        .await
        .unwrap();
    let hidden = other.get(PAGE).await.unwrap();
    assert_eq!(hidden.status, StatusCode::NOT_FOUND, "{}", hidden.words());

    let mut second = app.browser();
    second.sign_in(SECOND, "/en/desk/clients").await.unwrap();
    let page = second.get(PAGE).await.unwrap();
    let print = key.public().thumbprint();
    assert!(page.says(&print), "the key's own print: {}", page.words());
    assert!(page.says("It is a test") && page.says("carry our nonce"));
    assert!(!page.says("In force now"), "nothing to compare with yet");
    let done = second
        .fill(&page, "/decide", &[("choice", "approve")])
        .await
        .unwrap();
    assert!(done.says("In force"), "{}", done.words());
    changes_are_marked(&mut author, &mut second).await;

    let mut operator = app.browser();
    operator
        .sign_in(OPERATOR, "/en/desk/clients")
        .await
        .unwrap();
    let page = operator.get(PAGE).await.unwrap();
    let stopped = operator
        .fill(&page, "/suspend", &[("why", "A key was lost")])
        .await
        .unwrap();
    assert!(stopped.says("Suspended"), "{}", stopped.words());
}

/// Whoever approves a change sees what is in force beside what would be.
async fn changes_are_marked(author: &mut Browser<'_>, second: &mut Browser<'_>) {
    let form = author
        .get("/en/desk/clients/td-parking/edit")
        .await
        .unwrap();
    let change = [
        ("certificate_dns", "parking.example"),
        ("needs_dpop_nonce", "yes"),
        ("purpose-openid-en", "To know you again, and your car"),
    ];
    let page = author.fill(&form, "/edit", &change).await.unwrap();
    assert_eq!(page.path, PAGE, "{}", page.words());
    author.fill(&page, "/submit", &[]).await.unwrap();
    let page = second.get(PAGE).await.unwrap();
    let html = page.text();
    let marked = |label: &str| {
        let row = html
            .split("<div class=\"summary-row\">")
            .find(|row| row.contains(label));
        row.unwrap().contains("In force now:")
    };
    assert!(marked("DNS name in its certificate"), "{}", page.words());
    assert!(marked("carry our nonce") && !marked("It is a test"));
    assert!(!marked("Public keys") && page.says("parking.example"));
    assert!(page.says("Another purpose"), "{}", page.words());
}

#[tokio::test]
async fn a_secret_is_shown_once_and_counts_when_it_is_approved() {
    let app = App::start().await.unwrap();
    let mut author = app.browser();
    author.sign_in(AUTHOR, "/en/desk/clients").await.unwrap();
    let form = author.get("/en/desk/clients/new").await.unwrap();
    let given = answers("");
    let mut pairs: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.as_str())).collect();
    pairs.extend([
        ("profile", "oidc"),
        ("auth", "client_secret_basic"),
        ("sender", "bearer"),
    ]);
    let page = author.fill(&form, "/clients/new", &pairs).await.unwrap();
    assert!(
        page.says("Make a secret before you submit"),
        "{}",
        page.words()
    );
    let shown = author.fill(&page, "/secret", &[]).await.unwrap();
    assert!(shown.says("It is shown only now"), "{}", shown.words());
    let page = author.get(PAGE).await.unwrap();
    assert!(page.says("Submit for approval"), "{}", page.words());
}

fn shown_secret(page: &Answer) -> String {
    let html = page.text();
    let secret = html.split("<code>").nth(1).unwrap();
    secret.split('<').next().unwrap().to_owned()
}

/// The page of the service that moves over.
const PERMIT: &str = "/en/desk/clients/td-permit";

/// One writes and submits, another puts it in force.
async fn approved(author: &mut Browser<'_>, second: &mut Browser<'_>) -> Answer {
    let page = author.get(PERMIT).await.unwrap();
    let sent = author.fill(&page, "/submit", &[]).await.unwrap();
    assert!(sent.says("You wrote this proposal"), "{}", sent.words());
    let page = second.get(PERMIT).await.unwrap();
    let choice = [("choice", "approve")];
    let done = second.fill(&page, "/decide", &choice).await.unwrap();
    assert!(done.says("In force"), "{}", done.words());
    done
}

#[tokio::test]
async fn a_department_moves_an_iam_smart_service_over_and_changes_its_secret_without_a_gap() {
    let app = App::start().await.unwrap();
    let (private, pem) = certificate("eservice.example").unwrap();
    let mut author = app.browser();
    author.sign_in(AUTHOR, "/en/desk/clients").await.unwrap();
    let mut second = app.browser();
    second.sign_in(SECOND, "/en/desk/clients").await.unwrap();
    let form = author.get("/en/desk/clients/new/wire").await.unwrap();
    let mut given = vec![
        ("id", "td-permit"),
        ("name_en", "Parking permits"),
        ("name_tc", "泊車許可證"),
        ("purpose_en", "To give you a permit"),
        ("purpose_tc", "向你發出許可證"),
        ("sector", "td-permit"),
        ("redirect_uris", "https://eservice.example/back"),
        ("callback_uris", "https://eservice.example/callback"),
        ("certificate", "no certificate"),
    ];
    let again = author.fill(&form, "/new/wire", &given).await.unwrap();
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("Paste one RSA certificate"), "{}", again.words());
    assert!(again.says("泊車許可證"), "what was typed stays");
    given.retain(|(name, _)| *name == "certificate");
    given[0].1 = &pem;
    let page = author.fill(&again, "/new/wire", &given).await.unwrap();
    assert_eq!(page.path, PERMIT, "{}", page.words());
    assert!(
        page.says("Make a secret before you submit"),
        "{}",
        page.words()
    );
    let shown = author.fill(&page, "/secret", &[]).await.unwrap();
    let first = shown_secret(&shown);

    let mut own = Department::of(&app, "td-permit", (&first, private));
    let early = own.fetch_key().await.unwrap();
    assert_eq!(early["code"], "D20006", "not in force yet");
    let done = approved(&mut author, &mut second).await;
    assert!(done.says("SHA-256"), "{}", done.words());
    assert!(!done.says(&first), "the secret is shown once");
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000");

    let page = author.get(PERMIT).await.unwrap();
    let shown = author.fill(&page, "/secret", &[]).await.unwrap();
    let next = shown_secret(&shown);
    let edit = author.get(&format!("{PERMIT}/edit")).await.unwrap();
    let renamed = [("purpose_en", "To give you a permit for a year")];
    author.fill(&edit, "/edit", &renamed).await.unwrap();
    approved(&mut author, &mut second).await;
    for secret in [&first, &next] {
        own.secret.clone_from(secret);
        assert_eq!(own.fetch_key().await.unwrap()["code"], "D00000");
    }
    let page = author.get(PERMIT).await.unwrap();
    author.fill(&page, "/retire", &[]).await.unwrap();
    approved(&mut author, &mut second).await;
    own.secret = first;
    assert_eq!(own.fetch_key().await.unwrap()["code"], "D20006");
}

#[tokio::test]
async fn an_application_for_companies_is_registered_with_scopes_of_both() {
    let app = App::start().await.unwrap();
    let (_, pem) = certificate("eservice.example").unwrap();
    let mut author = app.browser();
    author.sign_in(AUTHOR, "/en/desk/clients").await.unwrap();
    let form = author.get("/en/desk/clients/new/wire").await.unwrap();
    let mut given = vec![
        ("id", "td-permit"),
        ("profile", "corpid"),
        ("name_en", "Fleet permits"),
        ("name_tc", "車隊許可證"),
        ("purpose_en", "To give your company a permit"),
        ("purpose_tc", "向公司發出許可證"),
        ("sector", "td-permit"),
        ("redirect_uris", "https://eservice.example/back"),
        ("callback_uris", "https://eservice.example/callback"),
        ("certificate", &pem),
    ];
    let again = author.fill(&form, "/new/wire", &given).await.unwrap();
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        again.says("An application for companies needs corpidapi_auth"),
        "{}",
        again.words()
    );
    given.extend([("scopes", "eidapi_auth"), ("scopes", "corpidapi_auth")]);
    let page = author.fill(&form, "/new/wire", &given).await.unwrap();
    assert_eq!(page.path, PERMIT, "{}", page.words());
    assert!(
        page.says("people and the companies they act for") && page.says("corpidapi_auth"),
        "{}",
        page.words()
    );
    given.retain(|(name, value)| *name != "profile" && *value != "td-permit");
    given.extend([
        ("id", "td-people"),
        ("sector", "td-people"),
        ("profile", "iamsmart"),
    ]);
    let people = author.fill(&form, "/new/wire", &given).await.unwrap();
    assert_eq!(people.status, StatusCode::UNPROCESSABLE_ENTITY);
}
