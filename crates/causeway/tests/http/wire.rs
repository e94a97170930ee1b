//! A phone of its own on the wire: a key that cannot be anybody else's, and what it signs.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use credentials::Licence;
use identity::{
    PresenceCheck, SimulatedPresence, demo,
    proof::{DECISION_TYP, PROOF_TYP, Proof},
};
use kernel::Id;
use serde_json::{Value, json};
use testkit::App;
use trust::{SigningKey, base64url, digest, jws::Signer};

/// What a phone sends that simulates a check.
pub(crate) fn shown(check: PresenceCheck, binding: &Value) -> Value {
    let evidence = SimulatedPresence::evidence(check, binding.as_str().unwrap());
    json!({ "method": "simulated", "evidence": base64url::encode(evidence) })
}

/// A phone of its own: a key, and proofs made with it.
pub(crate) struct Wire<'a> {
    app: &'a App,
    pub(crate) key: SigningKey,
}

impl<'a> Wire<'a> {
    /// A phone that is nobody's yet.
    pub(crate) fn fresh(app: &'a App) -> Self {
        let key = SigningKey::generate(app.system.store.env()).unwrap();
        Self { app, key }
    }

    /// Sets up a phone for the person `who` of the demonstration.
    pub(crate) async fn enrol(app: &'a App, who: &str, level: &str) -> Self {
        let phone = Self::fresh(app);
        let card = demo::find(who).unwrap();
        let start = json!({
            "hkid": card.hkid.as_str(), "date_of_birth": card.born.to_string(),
            "device_name": "Phone", "level": level, "guardian": "absent",
        });
        let (status, started) = phone.ask("POST", "/app/api/enrolments", &start, true).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        let confirm = json!({
            "enrolment": started["enrolment"], "challenge": started["challenge"],
            "liveness": shown(PresenceCheck::Face, &started["challenge"]),
            "card_present": (level == "plus")
                .then(|| shown(PresenceCheck::Card, &started["challenge"])),
        });
        let (status, me) = phone
            .ask("POST", "/app/api/enrolments/confirm", &confirm, true)
            .await;
        assert_eq!(status, StatusCode::OK, "{me}");
        phone
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        is_new: bool,
    ) -> (StatusCode, Value) {
        let env = self.app.system.store.env();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let claims = Proof {
            htm: method.to_owned(),
            htu: path.to_owned(),
            iat: env.now().seconds(),
            jti: base64url::encode(env.bytes::<16>()),
            body: base64url::encode(digest::sha256(&body)),
        };
        let signer = Signer::new(&self.key, PROOF_TYP);
        let signer = if is_new { signer.with_jwk() } else { signer };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("device-proof", signer.sign(&claims).unwrap())
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(Body::from(body))
            .unwrap();
        let answer = self.app.browser().send(request).await.unwrap();
        (
            answer.status,
            serde_json::from_slice(&answer.body).unwrap_or(Value::Null),
        )
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.ask("GET", path, &Value::Null, false).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.ask("POST", path, body, false).await
    }

    /// Signs `claims`, with the key carried inside the token.
    pub(crate) fn signed_with_key(&self, typ: &str, claims: &Value) -> String {
        let signer = Signer::new(&self.key, typ).with_jwk();
        signer.sign(claims).unwrap()
    }

    /// Opens the approval and approves it.
    pub(crate) async fn approve(&self, approval: &str) -> Value {
        self.answer(approval, "approve", false).await
    }

    /// Answers, and says whether it was somebody else who asked.
    pub(crate) async fn answer(&self, approval: &str, decision: &str, not_me: bool) -> Value {
        let env = self.app.system.store.env();
        let (status, shown) = self
            .post("/app/api/approvals/open", &json!({ "id": approval }))
            .await;
        assert_eq!(status, StatusCode::OK, "{shown}");
        let decision = json!({
            "approval": shown["id"], "purpose": shown["purpose"], "digest": shown["digest"],
            "code": shown["code"], "decision": decision, "iat": env.now().seconds(),
            "jti": base64url::encode(env.bytes::<16>()),
        });
        let jws = Signer::new(&self.key, DECISION_TYP)
            .sign(&decision)
            .unwrap();
        let (status, decided) = self
            .post(
                "/app/api/approvals/decide",
                &json!({ "jws": jws, "not_me": not_me }),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{decided}");
        decided
    }

    pub(crate) async fn licences(&self) -> Value {
        let (status, answer) = self
            .ask("GET", "/app/api/licences", &Value::Null, false)
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["licences"].clone()
    }

    pub(crate) async fn collect(&self, licence: Id<Licence>) -> (StatusCode, Value) {
        let path = format!("/app/api/licences/{licence}/collect");
        self.ask("POST", &path, &Value::Null, false).await
    }
}
