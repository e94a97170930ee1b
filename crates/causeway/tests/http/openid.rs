//! An application of a department signs people in through the whole product: its own browser page,
//! the person's phone, tokens, the person's data, and the list of who may read it.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use identity::{
    Decision, demo,
    provider::demo::{CALLBACK, RATES, client_key},
};
use serde_json::{Value, json};
use testkit::{Answer, App};
use trust::{SigningKey, base64url, digest, jws::Signer};

use crate::{journey::NEIGHBOUR, passkeys};

/// The invented client with its keys.
struct Client<'a> {
    app: &'a App,
    key: SigningKey,
    proof_key: SigningKey,
}

impl<'a> Client<'a> {
    fn new(app: &'a App) -> Self {
        Self {
            app,
            key: client_key(&app.system.keys.vault(), RATES).unwrap(),
            proof_key: SigningKey::generate(app.system.store.env()).unwrap(),
        }
    }

    fn base(&self) -> String {
        self.app.system.site.config().base_url.clone()
    }

    fn jti(&self) -> String {
        base64url::encode(self.app.system.store.env().bytes::<16>())
    }

    fn now(&self) -> i64 {
        self.app.system.store.env().now().seconds()
    }

    fn proof(&self, method: &str, path: &str, token: Option<&str>) -> String {
        let mut claims = json!({
            "htm": method, "htu": format!("{}{path}", self.base()), "iat": self.now(),
            "jti": self.jti(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(base64url::encode(digest::sha256(token)));
        }
        Signer::new(&self.proof_key, "dpop+jwt")
            .with_jwk()
            .sign(&claims)
            .unwrap()
    }

    /// Posts a form with an assertion and a proof.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let claims = json!({
            "iss": RATES, "sub": RATES, "aud": self.base(), "jti": self.jti(),
            "iat": self.now(), "exp": self.now() + 60,
        });
        let assertion = Signer::new(&self.key, "JWT").sign(&claims).unwrap();
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let pairs: Vec<(String, String)> = form
            .iter()
            .copied()
            .chain([
                ("client_assertion_type", kind),
                ("client_assertion", assertion.as_str()),
            ])
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let request = Request::post(path)
            .header("dpop", self.proof("POST", path, None))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(testkit::encode(&pairs)))
            .unwrap();
        self.app.browser().send(request).await.unwrap()
    }

    /// Asks the person's phone, in a request object as the FAPI profiles want it.
    async fn ask_phone(&self, id_token: &str) -> Answer {
        let now = self.now();
        let claims = json!({
            "iss": RATES, "aud": self.base(), "jti": self.jti(), "iat": now, "nbf": now,
            "exp": now + 60, "scope": "openid", "id_token_hint": id_token,
            "binding_message": "Case 17",
        });
        let object = Signer::new(&self.key, "JWT").sign(&claims).unwrap();
        self.post("/oauth/bc-authorize", &[("request", &object)])
            .await
    }

    async fn read(&self, method: &str, token: &str) -> Answer {
        let path = "/oauth/userinfo";
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("dpop", self.proof(method, path, Some(token)))
            .header(header::AUTHORIZATION, format!("DPoP {token}"))
            .body(Body::empty())
            .unwrap();
        self.app.browser().send(request).await.unwrap()
    }

    /// A call to a resource with a JSON body.
    async fn call(&self, path: &str, token: &str, asked: &Value) -> Value {
        let request = Request::post(path)
            .header("dpop", self.proof("POST", path, Some(token)))
            .header(header::AUTHORIZATION, format!("DPoP {token}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(Body::from(asked.to_string()))
            .unwrap();
        let answer = self.app.browser().send(request).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        body(&answer)
    }

    /// A document from the question to the word about its signature.
    async fn has_signed(&self, token: &str) {
        let digest = base64url::encode(digest::sha256("a form"));
        let question = json!({
            "service": { "en": "Rates form", "tc": "差餉表格" },
            "documents": [{ "name": "Form R1A", "kind": "document", "digest": digest }],
        });
        let asked = self.call("/signing/ask", token, &question).await;
        let (store, vault) = (&self.app.system.store, self.app.system.keys.vault());
        let phone = demo::phone(store, &vault, NEIGHBOUR).await.unwrap();
        let open = identity::open_of(store, phone.person.id).await.unwrap();
        let wanted = open.iter().find(|one| one.code == asked["code"]).unwrap();
        let shown = identity::open(store, &phone.device, wanted.id)
            .await
            .unwrap();
        demo::answer(store, &phone, &shown, Decision::Approve)
            .await
            .unwrap();
        let which = json!({ "id": asked["id"] });
        let told = self.call("/signing/result", token, &which).await;
        assert_eq!(told["state"], "signed", "{told}");
        self.call("/signing/evidence", token, &which).await;
        let word = json!({ "id": asked["id"], "word": "accepted" });
        let heard = self.call("/signing/acknowledge", token, &word).await;
        assert_eq!(heard["is_first"], true);
        let other = self.call("/signing/ask", token, &question).await;
        let which = json!({ "id": other["id"] });
        let withdrawn = self.call("/signing/withdraw", token, &which).await;
        assert_eq!(withdrawn["state"], "cancelled");
    }

    /// A login with the person's agreement: the token endpoint's answer, and the browser.
    async fn login(&self, browser: &mut testkit::Browser<'a>) -> Value {
        let waiting = self.ask_login(browser).await;
        let page = browser.approve(NEIGHBOUR, &waiting).await.unwrap();
        self.agreed(browser, page).await
    }

    fn verifier() -> String {
        "v".repeat(64)
    }

    /// Sends the browser to sign in: the page that waits for the phone.
    async fn ask_login(&self, browser: &mut testkit::Browser<'a>) -> Answer {
        let challenge = base64url::encode(digest::sha256(Self::verifier()));
        let pushed = self
            .post(
                "/oauth/par",
                &[
                    ("response_type", "code"),
                    ("redirect_uri", CALLBACK),
                    ("scope", "openid profile sign"),
                    ("code_challenge", &challenge),
                    ("code_challenge_method", "S256"),
                ],
            )
            .await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{}", pushed.text());
        let uri = body(&pushed)["request_uri"].as_str().unwrap().to_owned();
        let waiting = browser
            .get(&format!(
                "/oauth/authorize?client_id={RATES}&request_uri={uri}"
            ))
            .await
            .unwrap();
        assert!(
            waiting.says("Sign in to Rates e-account"),
            "{}",
            waiting.words()
        );
        waiting
    }

    /// The person, who is signed in, agrees: the token endpoint's answer.
    async fn agreed(&self, browser: &mut testkit::Browser<'a>, page: Answer) -> Value {
        assert!(page.says("To address you by your name"), "{}", page.words());
        let sheet = page.form(&page.path).unwrap();
        let form = testkit::encode(&sheet.filled(&[("choice", "allow")]));
        let back = browser.post_raw(&page.path, &form).await.unwrap();
        let place = back.location().unwrap().to_owned();
        assert!(place.starts_with(CALLBACK), "{place}");
        let code = place.split("code=").nth(1).unwrap();
        let code = code.split('&').next().unwrap();
        let tokens = self
            .post(
                "/oauth/token",
                &[
                    ("grant_type", "authorization_code"),
                    ("code", code),
                    ("redirect_uri", CALLBACK),
                    ("code_verifier", &Self::verifier()),
                ],
            )
            .await;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text());
        body(&tokens)
    }
}

fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Asks every endpoint of the provider for real.
pub(crate) async fn every_endpoint(app: &App) {
    let client = Client::new(app);
    let mut browser = app.browser();
    let tokens = client.login(&mut browser).await;
    let token = tokens["access_token"].as_str().unwrap();
    for method in ["GET", "POST"] {
        let info = client.read(method, token).await;
        assert_eq!(info.status, StatusCode::OK, "{}", info.text());
    }
    let found = client.post("/oauth/introspect", &[("token", token)]).await;
    assert_eq!(body(&found)["active"], true);
    let id_token = tokens["id_token"].as_str().unwrap();
    let asked = client.ask_phone(id_token).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text());
    let auth_req_id = body(&asked)["auth_req_id"].as_str().unwrap().to_owned();
    let which = [("auth_req_id", auth_req_id.as_str())];
    let withdrawn = client.post("/oauth/bc-withdraw", &which).await;
    assert_eq!(withdrawn.status, StatusCode::OK, "{}", withdrawn.text());
    client.has_signed(token).await;
    let refused = client
        .post("/oauth/token", &[("grant_type", "password")])
        .await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

/// Signs in with a passkey and reads who it was: the secrets on the way.
pub(crate) async fn secrets_of_a_login(app: &App) -> Vec<String> {
    let mut at_home = app.browser();
    at_home.sign_in(NEIGHBOUR, "/en/devices").await.unwrap();
    let mut device = passkeys::add(app, &mut at_home, (NEIGHBOUR, false)).await;
    let client = Client::new(app);
    let mut browser = app.browser();
    let waiting = client.ask_login(&mut browser).await;
    let asked = json!({ "kind": "sign_in" });
    let page = passkeys::give(&mut browser, &waiting, (&mut device, &asked)).await;
    let tokens = client.agreed(&mut browser, page).await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let info = client.read("GET", &text("access_token")).await;
    assert_eq!(info.status, StatusCode::OK, "{}", info.text());
    vec![text("access_token"), text("id_token"), Client::verifier()]
}

#[tokio::test]
async fn a_client_reads_what_was_agreed_to_until_the_person_withdraws_it() {
    let app = App::start().await.unwrap();
    let client = Client::new(&app);
    let mut browser = app.browser();
    let tokens = client.login(&mut browser).await;
    let token = tokens["access_token"].as_str().unwrap();
    let info = client.read("GET", token).await;
    assert_eq!(body(&info)["name"], demo::find(NEIGHBOUR).unwrap().name_en);
    let looked = browser.get("/en/who-looked").await.unwrap();
    assert!(looked.says("Rates e-account"), "{}", looked.words());

    let list = browser.get("/en/connections").await.unwrap();
    assert!(list.says("Name, date of birth and sex"), "{}", list.words());
    let gone = browser
        .fill(&list, "/connections", &[("client", RATES)])
        .await
        .unwrap();
    assert!(gone.says("No application is connected"), "{}", gone.words());
    let after = client.read("GET", token).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_id_token_says_by_what_kind_of_passkey_the_person_signed_in() {
    for (is_synced, said) in [(false, "hwk"), (true, "swk")] {
        let app = App::start().await.unwrap();
        let mut at_home = app.browser();
        at_home.sign_in(NEIGHBOUR, "/en/devices").await.unwrap();
        let mut device = passkeys::add(&app, &mut at_home, (NEIGHBOUR, is_synced)).await;
        let client = Client::new(&app);
        let mut browser = app.browser();
        let waiting = client.ask_login(&mut browser).await;
        let asked = json!({ "kind": "sign_in" });
        let page = passkeys::give(&mut browser, &waiting, (&mut device, &asked)).await;
        let tokens = client.agreed(&mut browser, page).await;
        let token = tokens["id_token"].as_str().unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims: Value = serde_json::from_slice(&base64url::decode(claims).unwrap()).unwrap();
        let amr = claims["amr"].as_array().unwrap();
        assert!(amr.contains(&json!(said)), "{said}: {claims}");
        assert_eq!(amr.contains(&json!("hwk")), !is_synced, "{claims}");
    }
}

#[tokio::test]
async fn a_department_asks_and_the_phone_answers_without_a_browser() {
    let app = App::start().await.unwrap();
    let client = Client::new(&app);
    let tokens = client.login(&mut app.browser()).await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let asked = client.ask_phone(id_token).await;
    let auth_req_id = body(&asked)["auth_req_id"].as_str().unwrap().to_owned();
    let poll = [
        ("grant_type", "urn:openid:params:grant-type:ciba"),
        ("auth_req_id", auth_req_id.as_str()),
    ];
    let early = client.post("/oauth/token", &poll).await;
    assert_eq!(body(&early)["error"], "authorization_pending");
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = demo::phone(store, &vault, NEIGHBOUR).await.unwrap();
    let open = identity::open_of(store, phone.person.id).await.unwrap();
    let shown = identity::open(store, &phone.device, open[0].id)
        .await
        .unwrap();
    assert_eq!(shown.detail[0].value.en, "Case 17");
    demo::answer(store, &phone, &shown, Decision::Approve)
        .await
        .unwrap();
    let done = client.post("/oauth/token", &poll).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.text());
    let again = client.post("/oauth/token", &poll).await;
    assert_eq!(body(&again)["error"], "invalid_grant");
}
