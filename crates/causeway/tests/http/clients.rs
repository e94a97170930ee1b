//! A department registers an application by itself, a second person puts it in force, an operator
//! stops it.

use axum::http::StatusCode;
use serde_json::json;
use testkit::App;
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
    let done = second
        .fill(&page, "/decide", &[("choice", "approve")])
        .await
        .unwrap();
    assert!(done.says("In force"), "{}", done.words());

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
