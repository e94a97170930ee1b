//! A department over the Hong Kong wire, which asks whichever node it is told to.

use axum::http::{Method, StatusCode};
use kernel::Env;
use serde_json::{Value, json};
use store::{Store, StoreConfig};
use testkit::{
    encode,
    hongkong::{Machine, REDIRECT, Reply, Signed, enrol, key_path},
};
use trust::KeyStore;

use crate::node::{Answer, Browser, Node, Nodes, approve, code_of, send_text};

const ID: &str = "td-nodes";
const SCOPES: &str = "eidapi_auth eidapi_profiles eidapi_formFilling";
const TOKEN: &str = "/api/v1/auth/getToken";
const PROFILE: &str = "/api/v1/account/auth/profile/initiateRequest";
const OPEN_FORM: &str = "/api/v1/anonymous/eme/initiateRequest";
const OPEN_RESULT: &str = "/api/v1/anonymous/eme/getResult";
/// Pages of ours before the browser is sent back.
const STEPS: usize = 5;

struct Wire(Machine);

impl Wire {
    /// A department in force on both nodes.
    async fn enrol(nodes: &Nodes) -> Self {
        let env = Env::system();
        let vault = KeyStore::open(&nodes.dir, &env).unwrap().vault();
        let config = StoreConfig::new(nodes.database.clone());
        let store = Store::open(&config, env, &causeway::MIGRATIONS);
        let store = store.await.unwrap();
        let who = (ID, "https://td.example/cb");
        Self(enrol((&store, &vault), who, |_| {}).await.unwrap())
    }

    async fn send(&self, node: Node, path: &str, (signed, body): (&Signed, &str)) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("clientID", &signed.client),
            ("signatureMethod", &signed.method),
            ("timestamp", &signed.timestamp),
            ("nonce", &signed.nonce),
            ("signature", &signed.signature),
        ];
        let answer = send_text(node, (Method::POST, path), &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer
    }

    async fn fetch_key(&self, node: Node) -> String {
        let path = key_path(TOKEN);
        let answer = self.send(node, &path, (&self.0.sign(""), "")).await;
        let answer = self.0.take_content_key(TOKEN, answer.text.as_bytes());
        answer.unwrap()["code"].as_str().unwrap().to_owned()
    }

    async fn call(&self, node: Node, path: &str, parameters: &Value) -> Reply {
        let body = self.0.sealed(path, parameters).unwrap();
        let signed = self.0.sign(&body);
        let answer = self.send(node, path, (&signed, &body)).await;
        self.0.read(path, answer.text.as_bytes()).unwrap()
    }

    async fn redeem(&self, node: Node, code: &str) -> Reply {
        let asked = json!({ "code": code, "grantType": "authorization_code" });
        self.call(node, TOKEN, &asked).await
    }
}

fn door(ticket: Option<&str>) -> String {
    let pairs = [
        ("clientID", ID),
        ("responseType", "code"),
        ("source", "PC_Browser"),
        ("redirectURI", REDIRECT),
        ("scope", SCOPES),
        ("lang", "en-US"),
        ("state", "one-state"),
        ("ticketID", ticket.unwrap_or_default()),
    ];
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    format!("/api/v1/auth/getQR?{}", encode(&pairs))
}

/// The browser arrives on one node and the phone answers on the other: the code.
async fn answered(nodes: &Nodes, ticket: Option<&str>) -> String {
    let mut browser = Browser::new(&nodes.base);
    let waiting = browser.open(nodes.b, &door(ticket)).await;
    assert!(waiting.path.contains("/approvals/"), "{}", waiting.path);
    approve(nodes, nodes.a, &waiting.path).await;
    let mut path = waiting.path;
    for _ in 0..STEPS {
        let answer = browser.step(nodes.b, &path).await;
        path = answer.place();
        if path.starts_with(REDIRECT) {
            return code_of(&answer);
        }
    }
    panic!("{path} leads nowhere");
}

#[tokio::test]
async fn a_login_over_the_wire_may_change_nodes_at_every_step() {
    let nodes = Nodes::start().await;
    let wire = Wire::enrol(&nodes).await;
    assert_eq!(wire.fetch_key(nodes.a).await, "D00000");
    let code = answered(&nodes, None).await;
    let token = wire.redeem(nodes.b, &code).await;
    assert_eq!(token.code, "D00000", "{}", token.message);
    let asked = json!({
        "businessID": "b-1", "accessToken": token.content["accessToken"],
        "openID": token.content["openID"], "source": "PC_Browser", "redirectURI": REDIRECT,
        "profileFields": ["enName"],
    });
    let begun = wire.call(nodes.a, PROFILE, &asked).await;
    assert_eq!(begun.code, "D00000", "{}", begun.message);
    let again = wire.call(nodes.b, PROFILE, &asked).await;
    assert_eq!(again.code, "D20011", "its name is taken on both");
    let spent = wire.redeem(nodes.a, &code).await;
    assert_eq!(spent.code, "D40004", "a second use ends the first");
    let mut other = asked.clone();
    other["businessID"] = json!("b-2");
    let ended = wire.call(nodes.a, PROFILE, &other).await;
    assert_eq!(ended.code, "D20009");
    nodes.stop().await;
}

#[tokio::test]
async fn what_the_wire_uses_once_is_used_once_on_all_nodes() {
    let nodes = Nodes::start().await;
    let wire = Wire::enrol(&nodes).await;
    wire.fetch_key(nodes.a).await;
    // A nonce.
    let (path, signed) = (key_path(TOKEN), wire.0.sign(""));
    let first = wire.send(nodes.a, &path, (&signed, "")).await;
    assert_eq!(first.json()["code"], "D00000");
    let again = wire.send(nodes.b, &path, (&signed, "")).await;
    assert_eq!(again.json()["code"], "D20004");
    // A code, on both nodes at the same moment.
    let code = answered(&nodes, None).await;
    let (left, right) = tokio::join!(wire.redeem(nodes.a, &code), wire.redeem(nodes.b, &code));
    let good = [&left, &right].map(|reply| reply.code == "D00000");
    assert!(good != [true, true], "{left:?} {right:?}");
    // A ticket, and the result behind it.
    let asked = json!({
        "businessID": "b-3", "source": "PC_Browser", "redirectURI": REDIRECT,
        "formName": "Parking permit", "profileFields": ["enName"],
    });
    let begun = wire.call(nodes.a, OPEN_FORM, &asked).await;
    assert_eq!(begun.code, "D00000", "{}", begun.message);
    let ticket = begun.content["ticketID"].as_str().unwrap();
    let code = answered(&nodes, Some(ticket)).await;
    let thief = Browser::new(&nodes.base)
        .step(nodes.a, &door(Some(ticket)))
        .await;
    assert_eq!(thief.status, StatusCode::BAD_REQUEST);
    let fetch = json!({ "code": code });
    let result = wire.call(nodes.a, OPEN_RESULT, &fetch).await;
    assert_eq!(result.code, "D00000", "{}", result.message);
    assert!(result.content["enName"].is_object(), "{result:?}");
    let gone = wire.call(nodes.b, OPEN_RESULT, &fetch).await;
    assert_eq!(gone.code, "D40004", "handed out once");
    nodes.stop().await;
}
