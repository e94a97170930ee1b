//! The invented FAPI client, which asks whichever node it is told to.

use axum::http::Method;
use identity::provider::demo::{CALLBACK, RATES, client_key};
use kernel::Env;
use serde_json::json;
use trust::{KeyStore, SigningKey, base64url, digest, jws::Signer};

use crate::node::{Answer, Browser, Node, Nodes, approve, code_of, send};

pub(crate) const CIBA: &str = "urn:openid:params:grant-type:ciba";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const PAR: &str = "/oauth/par";
const TOKEN: &str = "/oauth/token";
const USERINFO: &str = "/oauth/userinfo";

pub(crate) struct Client {
    env: Env,
    key: SigningKey,
    proof_key: SigningKey,
    base: String,
    verifier: String,
}

/// What one call is signed with.
pub(crate) struct Call {
    assertion: String,
    pub(crate) proof: Proof,
}

/// Proofs of one key and one number used once, for each endpoint.
#[derive(Clone)]
pub(crate) struct Proof {
    jti: String,
    nonce: Option<String>,
}

impl Client {
    pub(crate) fn new(nodes: &Nodes) -> Self {
        let env = Env::system();
        let vault = KeyStore::open(&nodes.dir, &env).unwrap().vault();
        Self {
            key: client_key(&vault, RATES).unwrap(),
            proof_key: SigningKey::generate(&env).unwrap(),
            base: nodes.base.clone(),
            verifier: "v".repeat(64),
            env,
        }
    }

    fn jti(&self) -> String {
        base64url::encode(self.env.bytes::<16>())
    }

    /// What a fresh call is signed with.
    pub(crate) fn call(&self) -> Call {
        let now = self.env.now().seconds();
        let claims = json!({
            "iss": RATES, "sub": RATES, "aud": self.base, "jti": self.jti(),
            "iat": now, "exp": now + 60,
        });
        Call {
            assertion: Signer::new(&self.key, "JWT").sign(&claims).unwrap(),
            proof: Proof {
                jti: self.jti(),
                nonce: None,
            },
        }
    }

    pub(crate) fn call_with_nonce(&self, nonce: &str) -> Call {
        let mut call = self.call();
        call.proof.nonce = Some(nonce.to_owned());
        call
    }

    fn proof(&self, (method, path): (&str, &str), proof: &Proof, token: Option<&str>) -> String {
        let mut claims = json!({
            "htm": method, "htu": format!("{}{path}", self.base), "jti": proof.jti,
            "iat": self.env.now().seconds(),
        });
        if let Some(nonce) = &proof.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(token) = token {
            claims["ath"] = json!(base64url::encode(digest::sha256(token)));
        }
        Signer::new(&self.proof_key, "dpop+jwt")
            .with_jwk()
            .sign(&claims)
            .unwrap()
    }

    async fn post(&self, node: Node, path: &str, (form, call): (&[(&str, &str)], &Call)) -> Answer {
        let proof = self.proof(("POST", path), &call.proof, None);
        let form: Vec<(String, String)> = form
            .iter()
            .copied()
            .chain([
                ("client_assertion_type", JWT_BEARER),
                ("client_assertion", call.assertion.as_str()),
            ])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        send(node, (Method::POST, path), &[("dpop", &proof)], &form).await
    }

    pub(crate) async fn par(&self, node: Node, call: &Call) -> Answer {
        let challenge = base64url::encode(digest::sha256(&self.verifier));
        let form = [
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        self.post(node, PAR, (&form, call)).await
    }

    /// Pushes a request; where the browser goes with it.
    pub(crate) async fn push(&self, node: Node) -> String {
        let pushed = self.par(node, &self.call()).await;
        let pushed = pushed.json();
        let uri = pushed["request_uri"].as_str().unwrap();
        format!("/oauth/authorize?client_id={RATES}&request_uri={uri}")
    }

    /// A code, by way of both nodes, whatever the person must do for it.
    pub(crate) async fn code(&self, nodes: &Nodes, browser: &mut Browser) -> String {
        let path = self.push(nodes.a).await;
        let first = browser.step(nodes.b, &path).await;
        if first.place().starts_with(CALLBACK) {
            return code_of(&first);
        }
        let waiting = browser.open(nodes.b, &first.place()).await;
        approve(nodes, nodes.a, &waiting.path).await;
        let consent = browser.open(nodes.a, &waiting.path).await;
        browser.agree(nodes.b, &consent).await
    }

    pub(crate) async fn redeem(&self, node: Node, code: &str, call: &Call) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", self.verifier.as_str()),
        ];
        self.post(node, TOKEN, (&form, call)).await
    }

    pub(crate) async fn token(&self, node: Node, form: &[(&str, &str)]) -> Answer {
        self.post(node, TOKEN, (form, &self.call())).await
    }

    /// Asks the person's phone without a browser.
    pub(crate) async fn ask(&self, node: Node, id_token: &str) -> Answer {
        let now = self.env.now().seconds();
        let claims = json!({
            "iss": RATES, "aud": self.base, "jti": self.jti(), "iat": now, "nbf": now,
            "exp": now + 60, "scope": "openid", "id_token_hint": id_token,
        });
        let object = Signer::new(&self.key, "JWT").sign(&claims).unwrap();
        let form = [("request", object.as_str())];
        let call = self.call();
        self.post(node, "/oauth/bc-authorize", (&form, &call)).await
    }

    pub(crate) async fn read(&self, node: Node, token: &str) -> Answer {
        let call = self.call();
        let proof = self.proof(("GET", USERINFO), &call.proof, Some(token));
        let bearer = format!("DPoP {token}");
        let headers = [("dpop", proof.as_str()), ("authorization", &bearer)];
        send(node, (Method::GET, USERINFO), &headers, &[]).await
    }
}
