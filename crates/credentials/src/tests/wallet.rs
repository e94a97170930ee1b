//! A small wallet and the real router, for the protocol tests.

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use http_body_util::BodyExt;
use kernel::{Actor, Id};
use serde_json::{Value, json};
use store::Store;
use tower::ServiceExt;
use trust::{SigningKey, base64url, digest, jws};
use web::{Site, SiteConfig};

use super::{BASE, device, issuer, new_licence};
use crate::{Binding, Desk, Error, Holder, Licence, Offer};

/// An answer: status and JSON body, null when there is none.
pub(super) type Answer = (StatusCode, Value);

#[derive(Clone)]
pub(super) struct World {
    pub(super) desk: Desk,
    router: Router,
}

impl World {
    pub(super) fn new(store: &Store) -> Self {
        let desk = Desk {
            issuer: issuer(store.env()),
            store: store.clone(),
        };
        let config = SiteConfig {
            base_url: BASE.into(),
            has_rate_limits: false,
            ..SiteConfig::default()
        };
        let site = Site::new(config, store.clone(), &[]).unwrap();
        let router = web::app(&site, crate::routes().with_state(&desk));
        Self { desk, router }
    }

    pub(super) fn holder(&self) -> Id<Holder> {
        self.desk.store.env().id()
    }

    pub(super) async fn offer(&self, holder: Id<Holder>, number: &str) -> Result<Offer, Error> {
        let new = new_licence(holder, number, self.desk.issuer.now().date());
        let issuer = self.desk.issuer.clone();
        self.desk
            .store
            .write(&Actor::system("test"), move |tx| {
                let (issuer, new) = (issuer.clone(), new.clone());
                async move { crate::offer(&tx, &issuer, &new).await }
            })
            .await
    }

    pub(super) async fn collect(
        &self,
        licence: Id<Licence>,
        key: &SigningKey,
    ) -> Result<Offer, Error> {
        let issuer = self.desk.issuer.clone();
        let binding = Binding::Device(key.kid().to_owned());
        self.desk
            .store
            .write(&Actor::system("test"), move |tx| {
                let (issuer, binding) = (issuer.clone(), binding.clone());
                async move { crate::collect(&tx, &issuer, licence, &binding).await }
            })
            .await
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, Body::empty())).await
    }

    /// The code of an offer, fetched by reference.
    pub(super) async fn code(&self, offer: &Offer) -> String {
        let path = offer.reference.strip_prefix(BASE).unwrap();
        let (status, document) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{document}");
        let grant = &document["grants"][crate::offer::GRANT_TYPE];
        grant["pre-authorized_code"].as_str().unwrap().to_owned()
    }

    pub(super) async fn redeem(&self, code: &str, tx_code: Option<&str>) -> Answer {
        self.redeem_with(code, tx_code, "", None).await
    }

    pub(super) async fn redeem_with(
        &self,
        code: &str,
        tx_code: Option<&str>,
        more: &str,
        dpop: Option<String>,
    ) -> Answer {
        let tx_code = tx_code
            .map(|digits| format!("&tx_code={digits}"))
            .unwrap_or_default();
        let body = format!(
            "grant_type={}&pre-authorized_code={code}{tx_code}{more}",
            crate::offer::GRANT_TYPE
        );
        let mut request = request(Method::POST, "/credentials/token", Body::from(body));
        let kind = "application/x-www-form-urlencoded".parse().unwrap();
        request.headers_mut().insert("content-type", kind);
        if let Some(dpop) = dpop {
            request.headers_mut().insert("dpop", dpop.parse().unwrap());
        }
        self.send(request).await
    }

    /// An access token for the offer.
    pub(super) async fn token(&self, offer: &Offer) -> String {
        let code = self.code(offer).await;
        let (status, answer) = self.redeem(&code, offer.tx_code.as_deref()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn nonce(&self) -> String {
        let request = request(Method::POST, "/credentials/nonce", Body::empty());
        let (status, answer) = self.send(request).await;
        assert_eq!(status, StatusCode::OK);
        answer["c_nonce"].as_str().unwrap().to_owned()
    }

    pub(super) async fn post(&self, path: &str, authorization: &str, body: &Value) -> Answer {
        let mut request = request(Method::POST, path, Body::from(body.to_string()));
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("authorization", authorization.parse().unwrap());
        self.send(request).await
    }

    pub(super) async fn credential(&self, token: &str, proof: &str) -> Answer {
        let body = json!({
            "credential_configuration_id": "driving_licence",
            "proofs": { "jwt": [proof] },
        });
        self.post("/credentials/credential", &format!("Bearer {token}"), &body)
            .await
    }

    /// The whole way for one key.
    pub(super) async fn fetch(&self, offer: &Offer, key: &SigningKey) -> Value {
        let token = self.token(offer).await;
        let proof = self.proof(key, &self.nonce().await);
        let (status, answer) = self.credential(&token, &proof).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    pub(super) fn proof(&self, key: &SigningKey, nonce: &str) -> String {
        self.proof_of(key, "openid4vci-proof+jwt", &self.proof_claims(nonce))
    }

    pub(super) fn proof_claims(&self, nonce: &str) -> Value {
        json!({
            "aud": self.desk.issuer.identifier(),
            "iat": self.desk.issuer.now().seconds(),
            "nonce": nonce,
        })
    }

    pub(super) fn proof_of(&self, key: &SigningKey, typ: &str, claims: &Value) -> String {
        jws::Signer::new(key, typ).with_jwk().sign(claims).unwrap()
    }

    pub(super) fn dpop(&self, key: &SigningKey, jti: &str, token: Option<&str>) -> String {
        let path = if token.is_some() {
            "/credentials/credential"
        } else {
            "/credentials/token"
        };
        let mut claims = json!({
            "jti": jti, "htm": "POST", "htu": format!("{BASE}{path}"),
            "iat": self.desk.issuer.now().seconds(),
        });
        if let Some(token) = token {
            claims["ath"] = json!(base64url::encode(digest::sha256(token)));
        }
        self.proof_of(key, "dpop+jwt", &claims)
    }

    pub(super) async fn check(&self, code: &str) -> Value {
        let body = json!({ "code": code, "lang": "en" });
        let (status, verdict) = self.post("/credentials/verify", "none x", &body).await;
        assert_eq!(status, StatusCode::OK, "{verdict}");
        verdict
    }

    /// The verdict on a licence as the phone with `key` shows it now.
    pub(super) async fn shown_outcome(&self, issued: &Value, key: &SigningKey) -> String {
        let pass = issued["credentials"][0]["causeway_pass"].as_str().unwrap();
        let code = crate::pass::show(pass, key, self.desk.issuer.now(), [2; 8]).unwrap();
        self.check(&code).await["outcome"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(super) fn phone() -> SigningKey {
    device(5)
}

pub(super) fn request(method: Method, path: &str, body: Body) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(body)
        .unwrap()
}
