//! Two server processes on one Postgres database and one set of keys: what begins on one node goes on
//! on the other, and what may be used once is used once on both. Nothing that matters lives in one
//! process only.
//!
//! The real binary is started twice. Without a test server (`CAUSEWAY_TEST_POSTGRES`, which
//! `cargo xtask pg run` sets) the tests fail and say so, as every test of a store does.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]

mod client;
mod node;
mod wire;

use axum::http::StatusCode;
use client::{CIBA, Client};
use node::{Browser, Nodes, PERSON};

#[tokio::test]
async fn a_login_may_change_nodes_at_every_step() {
    let nodes = Nodes::start().await;
    let client = Client::new(&nodes);
    let mut browser = Browser::new(&nodes.base);
    let path = client.push(nodes.a).await;
    let waiting = browser.open(nodes.b, &path).await;
    assert!(waiting.path.contains("/approvals/"), "{}", waiting.path);
    node::approve(&nodes, nodes.a, &waiting.path).await;
    let consent = browser.open(nodes.b, &waiting.path).await;
    assert!(consent.path.contains("/connect/"), "{}", consent.path);
    let code = browser.agree(nodes.a, &consent).await;
    let tokens = client.redeem(nodes.b, &code, &client.call()).await;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text);
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    let info = client.read(nodes.a, &token).await;
    assert_eq!(info.status, StatusCode::OK, "{}", info.text);
    assert!(info.json()["name"].is_string(), "{}", info.text);
    // The next login is answered at once, on the other node: both know the session and the consent.
    let path = client.push(nodes.b).await;
    let back = browser.step(nodes.a, &path).await;
    assert!(back.place().contains("code="), "{}", back.text);
    nodes.stop().await;
}

#[tokio::test]
async fn what_may_be_used_once_is_used_once_on_all_nodes() {
    let nodes = Nodes::start().await;
    let client = Client::new(&nodes);
    let mut browser = Browser::new(&nodes.base);
    // An assertion.
    let call = client.call();
    let first = client.par(nodes.a, &call).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    let again = client.par(nodes.b, &call).await;
    assert_eq!(again.json()["error"], "invalid_client", "{}", again.text);
    // A proof, with a fresh assertion beside it.
    let mut other = client.call();
    other.proof.clone_from(&call.proof);
    let again = client.par(nodes.b, &other).await;
    let word = again.json()["error"].clone();
    assert_eq!(word, "invalid_dpop_proof", "{}", again.text);
    // A code, after its use on the other node: and its token is dead on the first.
    let code = client.code(&nodes, &mut browser).await;
    let tokens = client.redeem(nodes.a, &code, &client.call()).await;
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    let info = client.read(nodes.b, &token).await;
    assert_eq!(info.status, StatusCode::OK, "{}", info.text);
    let again = client.redeem(nodes.b, &code, &client.call()).await;
    assert_eq!(again.json()["error"], "invalid_grant", "{}", again.text);
    let info = client.read(nodes.a, &token).await;
    assert_eq!(info.status, StatusCode::UNAUTHORIZED, "{}", info.text);
    // A code on both nodes at the same moment: one of them at most.
    let code = client.code(&nodes, &mut browser).await;
    let (left, right) = (client.call(), client.call());
    let (left, right) = tokio::join!(
        client.redeem(nodes.a, &code, &left),
        client.redeem(nodes.b, &code, &right)
    );
    let good = [&left, &right].map(|answer| answer.status == StatusCode::OK);
    assert!(good != [true, true], "{} {}", left.text, right.text);
    // A request_uri that was answered on the other node.
    let path = client.push(nodes.a).await;
    let back = browser.step(nodes.a, &path).await;
    assert!(back.place().contains("code="), "{}", back.text);
    let again = browser.step(nodes.b, &path).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "{}", again.place());
    nodes.stop().await;
}

#[tokio::test]
async fn an_approval_is_asked_answered_and_used_on_different_nodes() {
    let nodes = Nodes::start().await;
    let client = Client::new(&nodes);
    let mut browser = Browser::new(&nodes.base);
    let code = client.code(&nodes, &mut browser).await;
    let tokens = client.redeem(nodes.a, &code, &client.call()).await;
    let id_token = tokens.json()["id_token"].as_str().unwrap().to_owned();
    let asked = client.ask(nodes.a, &id_token).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
    let id = asked.json()["auth_req_id"].as_str().unwrap().to_owned();
    let poll = [("grant_type", CIBA), ("auth_req_id", id.as_str())];
    let early = client.token(nodes.b, &poll).await;
    assert_eq!(early.json()["error"], "authorization_pending");
    node::approve_latest(&nodes, nodes.b).await;
    let done = client.token(nodes.a, &poll).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text);
    let again = client.token(nodes.b, &poll).await;
    assert_eq!(again.json()["error"], "invalid_grant", "{}", again.text);
    // The browser's own approval: asked at one node, approved through the other, used at the first.
    let mut second = Browser::new(&nodes.base);
    let waiting = second.open(nodes.a, "/en/sign-in?next=/en").await;
    node::approve(&nodes, nodes.b, &waiting.path).await;
    let page = second.open(nodes.a, &waiting.path).await;
    assert!(page.text.contains(PERSON.1), "{}", page.path);
    let used = Browser::new(&nodes.base).open(nodes.b, &waiting.path).await;
    assert!(!used.text.contains(PERSON.1), "{}", used.path);
    nodes.stop().await;
}

#[tokio::test]
async fn a_nonce_of_one_node_is_good_on_the_other_and_an_invented_one_on_none() {
    let nodes = Nodes::start().await;
    let client = Client::new(&nodes);
    let first = client.par(nodes.a, &client.call()).await;
    let nonce = first.header("dpop-nonce");
    let answer = client.par(nodes.b, &client.call_with_nonce(&nonce)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let invented = "AAAAAGcAAAAAAAAAAAAAAAAAAAAAAAAA";
    let answer = client.par(nodes.b, &client.call_with_nonce(invented)).await;
    assert_eq!(answer.json()["error"], "use_dpop_nonce", "{}", answer.text);
    nodes.stop().await;
}
