//! A relying party, a browser and a phone, in as few words as tests need.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use ::store::Store;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, Method, Request, StatusCode, header},
};
use kernel::{Actor, FakeEnv, Id};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use trust::{KeyStore, Notary, SigningKey, base64url, digest};
use web::{Site, SiteConfig};

use crate::{
    Approval, Decision, Identity, SigningRoom, demo as people, open,
    provider::{
        Fetched, Outbound, Post, Provider, ProviderConfig, Registration, Sent, demo,
        store::client::{ClientChange, change_client, create_in},
    },
    store::approval::find_for_person,
};

pub(crate) use super::rp::{Pairs, Rp, pairs, registration};

/// The person who signs in.
pub(crate) const PERSON: &str = "cheung-ka-yan";
pub(crate) const CALLBACK: &str = "https://client.example/callback";
/// Where the terminator passes certificates on.
pub(crate) const CERTIFICATE: &str = "client-cert";

/// Keeps what was sent, and answers what it is told to.
#[derive(Debug)]
pub(crate) struct Letterbox {
    pub(crate) posts: Mutex<Vec<Post>>,
    pub(crate) answer: Mutex<Sent>,
    /// What addresses publish, and how often they were called.
    pub(crate) published: Mutex<Option<Vec<u8>>>,
    pub(crate) calls: Mutex<usize>,
}

impl Outbound for Letterbox {
    fn post(
        &self,
        post: Post,
    ) -> std::pin::Pin<Box<dyn std::future::Future<Output = Sent> + Send + '_>> {
        self.posts.lock().unwrap().push(post);
        let answer = *self.answer.lock().unwrap();
        Box::pin(async move { answer })
    }

    fn get(&self, _: String, most: usize) -> Fetched<'_> {
        *self.calls.lock().unwrap() += 1;
        let published = self.published.lock().unwrap().clone();
        Box::pin(async move { published.filter(|bytes| bytes.len() <= most) })
    }
}

/// What an endpoint answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The error word.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn place(&self) -> String {
        let place = self.headers.get(header::LOCATION);
        place.map_or("", |place| place.to_str().unwrap()).to_owned()
    }

    /// The parameters of the address the browser was sent to.
    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        query_of(&self.place())
    }

    pub(crate) fn challenge(&self) -> &str {
        let value = self.headers.get(header::WWW_AUTHENTICATE);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts a refusal with this word.
    #[track_caller]
    pub(crate) fn refuses(&self, word: &str) {
        assert!(self.status.is_client_error(), "{self:?}");
        assert_eq!(self.error(), word, "{self:?}");
    }
}

pub(crate) fn query_of(place: &str) -> BTreeMap<String, String> {
    let query = place.split_once('?').map_or("", |(_, query)| query);
    serde_urlencoded::from_str(query).unwrap()
}

/// The claims of a token, unverified.
pub(crate) fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64url::decode(payload).unwrap()).unwrap()
}

/// The platform with a browser in front.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: FakeEnv,
    pub(crate) provider: Provider,
    pub(crate) keys: KeyStore,
    pub(crate) letterbox: Arc<Letterbox>,
    pub(crate) rp: Rp,
    router: Router,
    identity: Identity,
    cookies: BTreeMap<String, String>,
    /// Who answers the phone.
    pub(crate) person: &'static str,
}

impl World {
    pub(crate) async fn new(store: &Store, clock: FakeEnv) -> Self {
        let config = SiteConfig {
            has_rate_limits: false,
            trusted_proxies: vec![std::net::Ipv4Addr::LOCALHOST.into()],
            ..SiteConfig::default()
        };
        Self::with(store, clock, config).await
    }

    /// With limits, behind a proxy that says where a request comes from.
    pub(crate) async fn limited(store: &Store, clock: FakeEnv) -> Self {
        let config = SiteConfig {
            trusted_proxies: vec![std::net::Ipv4Addr::LOCALHOST.into()],
            ..SiteConfig::default()
        };
        Self::with(store, clock, config).await
    }

    async fn with(store: &Store, clock: FakeEnv, config: SiteConfig) -> Self {
        let base_url = config.base_url.clone();
        let site = Site::new(config, store.clone(), &[crate::BUNDLE]).unwrap();
        let keys = KeyStore::in_memory(store.env()).unwrap();
        let vault = keys.vault();
        people::seed(store, &vault).await.unwrap();
        let identity = Identity::new(store.clone(), vault, Arc::new(people::register()));
        let letterbox = Arc::new(Letterbox {
            posts: Mutex::default(),
            answer: Mutex::new(Sent::Heard),
            published: Mutex::default(),
            calls: Mutex::default(),
        });
        let config = ProviderConfig {
            base_url: base_url.clone(),
            certificate_header: Some(HeaderName::from_static(CERTIFICATE)),
        };
        let outbound = Arc::clone(&letterbox);
        let provider = Provider::new(identity.clone(), keys.clone(), config, outbound).unwrap();
        let room = SigningRoom::new(identity.clone(), Notary::new(keys.clone(), &base_url));
        let routes = crate::routes(&identity)
            .merge(crate::provider::routes(&provider))
            .merge(crate::provider::signing_routes(&provider, &room));
        let key = Arc::new(SigningKey::generate(store.env()).unwrap());
        let rp = Rp {
            id: "rates".to_owned(),
            dpop: Arc::new(SigningKey::generate(store.env()).unwrap()),
            issuer: base_url,
            verifier: "v".repeat(64),
            clock: store.env().clone(),
            key: Arc::clone(&key),
        };
        let world = Self {
            store: store.clone(),
            clock,
            router: web::app(&site, routes),
            provider,
            keys,
            letterbox,
            rp,
            identity,
            cookies: BTreeMap::new(),
            person: PERSON,
        };
        world.register("rates", registration(&key)).await;
        world
    }

    /// A second process on the same store and keys.
    pub(crate) fn again(first: &Self) -> Self {
        let outbound = Arc::clone(&first.letterbox);
        let config = ProviderConfig {
            base_url: first.rp.issuer.clone(),
            certificate_header: Some(HeaderName::from_static(CERTIFICATE)),
        };
        let (identity, keys) = (first.identity.clone(), first.keys.clone());
        let provider = Provider::new(identity, keys.clone(), config, outbound).unwrap();
        let config = SiteConfig {
            has_rate_limits: false,
            trusted_proxies: vec![std::net::Ipv4Addr::LOCALHOST.into()],
            ..SiteConfig::default()
        };
        let site = Site::new(config, first.store.clone(), &[crate::BUNDLE]).unwrap();
        let routes = crate::routes(&first.identity).merge(crate::provider::routes(&provider));
        Self {
            store: first.store.clone(),
            clock: first.clock.clone(),
            router: web::app(&site, routes),
            provider,
            keys,
            letterbox: Arc::clone(&first.letterbox),
            rp: first.rp.clone(),
            identity: first.identity.clone(),
            cookies: BTreeMap::new(),
            person: first.person,
        }
    }

    /// Registers a client and puts it in force.
    pub(crate) async fn register(&self, id: &'static str, registration: Registration) {
        self.register_for(id, "rvd", registration).await;
    }

    /// Puts a registration of `department` in force.
    pub(crate) async fn register_for(
        &self,
        id: &'static str,
        department: &'static str,
        registration: Registration,
    ) {
        let proposal = registration.clone();
        self.store
            .write(&Actor::system("author"), move |tx| {
                let proposal = proposal.clone();
                async move { create_in(&tx, id, department, &proposal).await }
            })
            .await
            .unwrap();
        self.step("author", id, ClientChange::Submit).await.unwrap();
        self.step("approver", id, ClientChange::Approve)
            .await
            .unwrap();
    }

    pub(crate) async fn step(
        &self,
        who: &str,
        id: &str,
        change: ClientChange,
    ) -> Result<(), crate::Error> {
        change_client(&self.store, &Actor::system(who), id, (change, None)).await
    }

    /// Another relying party with keys of its own.
    pub(crate) async fn another(
        &self,
        id: &'static str,
        edit: impl FnOnce(&mut Registration),
    ) -> Rp {
        let key = Arc::new(SigningKey::generate(self.store.env()).unwrap());
        let mut wanted = registration(&key);
        edit(&mut wanted);
        self.register(id, wanted).await;
        Rp {
            id: id.to_owned(),
            key,
            dpop: Arc::new(SigningKey::generate(self.store.env()).unwrap()),
            ..self.rp.clone()
        }
    }

    /// The demonstration's clients.
    pub(crate) async fn seed_demo(&self) {
        demo::seed(&self.store, self.identity.vault())
            .await
            .unwrap();
    }

    /// One call without cookies.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(String, String)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = serde_urlencoded::to_string(form).unwrap();
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    /// A call of a client with its proof, if it is given one.
    pub(crate) async fn post(&self, path: &str, proof: Option<&str>, form: &Pairs) -> Answer {
        let headers: Vec<(&str, &str)> = proof.map(|proof| ("dpop", proof)).into_iter().collect();
        self.call(Method::POST, path, &headers, form).await
    }

    /// A browser's request, with its cookies.
    pub(crate) async fn browse(&mut self, method: Method, path: &str, form: &str) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header(header::HOST, "127.0.0.1:8080");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if !form.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let answer = self
            .send(request.body(Body::from(form.to_owned())).unwrap())
            .await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.browse(Method::GET, path, "").await
    }

    /// Another browser from here on; gives the cookies of the one before.
    pub(crate) fn change_browser(
        &mut self,
        cookies: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        std::mem::replace(&mut self.cookies, cookies)
    }

    /// The phone answers the approval of this waiting page.
    pub(crate) async fn phone(&self, page: &str, decision: Decision) {
        let id: Id<Approval> = page.rsplit('/').next().unwrap().parse().unwrap();
        let phone = people::phone(&self.store, self.identity.vault(), self.person)
            .await
            .unwrap();
        open(&self.store, &phone.device, id).await.unwrap();
        let shown = find_for_person(&self.store, id, phone.person.id)
            .await
            .unwrap();
        people::answer(&self.store, &phone, &shown, decision)
            .await
            .unwrap();
    }

    /// Enrols somebody of the invented register with a simulated phone, at the basic level.
    pub(crate) async fn enrol_basic(&self, key: &str) {
        let (demo, vault) = (people::find(key).unwrap(), self.identity.vault());
        let asked = crate::StartEnrolment {
            hkid: demo.hkid.clone(),
            born: demo.born,
            jwk: people::phone_key(vault, key).unwrap().public().into(),
            device_name: "Test phone".to_owned(),
            level: crate::Level::Basic,
            guardian: crate::Guardian::Agreed,
        };
        let started = crate::start_enrolment(&self.store, vault, &people::register(), asked).await;
        crate::confirm_enrolment(&self.store, vault, started.unwrap().id)
            .await
            .unwrap();
    }

    /// Goes wherever the browser is sent, signs in and agrees on the way, until another site or a
    /// page without a form.
    pub(crate) async fn walk(&mut self, mut answer: Answer) -> Answer {
        let mut here = String::new();
        for _ in 0..12 {
            if answer.status.is_redirection() {
                let place = answer.place();
                if !place.starts_with('/') {
                    return answer;
                }
                here.clone_from(&place);
                if place.contains("/approvals/") {
                    self.phone(&place, Decision::Approve).await;
                }
                answer = self.get(&place).await;
            } else if answer.text.contains("name=\"choice\"") {
                answer = self.choose(&answer, &here, "allow").await;
            } else {
                return answer;
            }
        }
        panic!("the way does not end");
    }

    /// Presses a button of the consent page.
    pub(crate) async fn choose(&mut self, page: &Answer, here: &str, choice: &str) -> Answer {
        let token = page
            .text
            .split("name=\"csrf\" value=\"")
            .nth(1)
            .expect("a form");
        let token = token.split('"').next().unwrap();
        let action = here.split('?').next().unwrap();
        let form = format!("csrf={token}&choice={choice}");
        self.browse(Method::POST, action, &form).await
    }

    /// Pushes a request; the path of the authorization endpoint for it.
    pub(crate) async fn push(&self, rp: &Rp, request: Pairs) -> String {
        let pushed = self.par(rp, request).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{pushed:?}");
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let query = serde_urlencoded::to_string([("client_id", &rp.id), ("request_uri", &uri)]);
        format!("/oauth/authorize?{}", query.unwrap())
    }

    pub(crate) async fn par(&self, rp: &Rp, request: Pairs) -> Answer {
        self.post("/oauth/par", None, &rp.signed(request)).await
    }

    /// The answer the client gets for a pushed request.
    pub(crate) async fn answer_for(&mut self, rp: &Rp, request: Pairs) -> BTreeMap<String, String> {
        let path = self.push(rp, request).await;
        let answer = self.get(&path).await;
        let back = self.walk(answer).await;
        assert_eq!(back.status, StatusCode::SEE_OTHER, "{back:?}");
        assert!(back.place().starts_with(CALLBACK), "{back:?}");
        back.query()
    }

    pub(crate) async fn code(&mut self, rp: &Rp, request: Pairs) -> String {
        let answer = self.answer_for(rp, request).await;
        answer
            .get("code")
            .unwrap_or_else(|| panic!("{answer:?}"))
            .clone()
    }

    pub(crate) async fn redeem(&self, rp: &Rp, code: &str) -> Answer {
        let proof = rp.proof("POST", "/oauth/token");
        let form = rp.signed(rp.redemption(code));
        self.post("/oauth/token", Some(&proof), &form).await
    }

    /// A whole login: the token endpoint's answer.
    pub(crate) async fn login(&mut self, rp: &Rp, changes: &[(&str, &str)]) -> Value {
        let code = self.code(rp, rp.request_with(changes)).await;
        let tokens = self.redeem(rp, &code).await;
        assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
        tokens.json()
    }

    pub(crate) async fn userinfo(&self, rp: &Rp, token: &str) -> Answer {
        let ath = base64url::encode(digest::sha256(token));
        let proof = rp.proof_with(("GET", "/oauth/userinfo"), |claims| {
            claims.insert("ath".to_owned(), json!(ath));
        });
        let held = format!("DPoP {token}");
        let headers = [("authorization", held.as_str()), ("dpop", proof.as_str())];
        self.call(Method::GET, "/oauth/userinfo", &headers, &[])
            .await
    }
}
