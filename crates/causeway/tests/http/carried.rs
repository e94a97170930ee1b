//! Licences on phones over the wire: each phone sees and collects its own person's licences only.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use credentials::{Issuer, Licence, LicenceType, NewLicence};
use identity::{
    demo,
    proof::{PROOF_TYP, Proof},
};
use kernel::{Actor, Id, Text};
use serde_json::{Value, json};
use testkit::App;
use trust::{SigningKey, base64url, digest, jws::Signer};

/// A phone of its own: a key, and proofs made with it.
struct Wire<'a> {
    app: &'a App,
    key: SigningKey,
}

impl<'a> Wire<'a> {
    /// Sets up a phone for the person `who` of the demonstration.
    async fn enrol(app: &'a App, who: &str) -> Self {
        let key = SigningKey::generate(app.system.store.env()).unwrap();
        let phone = Self { app, key };
        let card = demo::find(who).unwrap();
        let start = json!({
            "hkid": card.hkid.as_str(), "date_of_birth": card.born.to_string(),
            "device_name": "Phone", "level": "plus", "guardian": "absent",
        });
        let (status, started) = phone.ask("POST", "/app/api/enrolments", &start, true).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        let confirm = json!({
            "enrolment": started["enrolment"], "challenge": started["challenge"],
            "liveness": "simulated",
        });
        let (status, me) = phone
            .ask("POST", "/app/api/enrolments/confirm", &confirm, true)
            .await;
        assert_eq!(status, StatusCode::OK, "{me}");
        phone
    }

    async fn ask(
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

    async fn licences(&self) -> Value {
        let (status, answer) = self
            .ask("GET", "/app/api/licences", &Value::Null, false)
            .await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer["licences"].clone()
    }

    async fn collect(&self, licence: Id<Licence>) -> (StatusCode, Value) {
        let path = format!("/app/api/licences/{licence}/collect");
        self.ask("POST", &path, &Value::Null, false).await
    }
}

/// Grants a licence to the person `who`.
async fn grant(app: &App, who: &str) -> Id<Licence> {
    let card = demo::find(who).unwrap();
    let person =
        identity::find_person_by_hkid(&app.system.store, &app.system.keys.vault(), &card.hkid)
            .await
            .unwrap()
            .unwrap();
    let today = app.system.store.env().now().date();
    let new = NewLicence {
        holder: person.id.cast(),
        kind: "driving_licence".to_owned(),
        number: "Q324521".to_owned(),
        claims: json!({ "name_en": card.name_en })
            .as_object()
            .cloned()
            .unwrap(),
        valid_from: today,
        valid_until: Some(today.plus_years(10)),
        case_reference: "TD-1".to_owned(),
    };
    let base = &app.system.site.config().base_url;
    let keys = app.system.keys.clone();
    let issuer = Issuer::new(base, keys, app.system.store.env()).unwrap();
    issuer.set_types(vec![LicenceType {
        kind: new.kind.clone(),
        title: Text::same("Full driving licence"),
        authority: Text::same("Transport Department"),
        claims: Vec::new(),
    }]);
    let offer = app
        .system
        .store
        .write(&Actor::system("test"), move |tx| {
            let (issuer, new) = (issuer.clone(), new.clone());
            async move { credentials::offer(&tx, &issuer, &new).await }
        })
        .await
        .unwrap();
    offer.licence
}

#[tokio::test]
async fn a_phone_sees_and_collects_its_own_licences_only() {
    let app = App::start().await.unwrap();
    let own = Wire::enrol(&app, "kwan-sum-yi").await;
    let stranger = Wire::enrol(&app, "to-king-hei").await;
    let licence = grant(&app, "kwan-sum-yi").await;

    let listed = own.licences().await;
    assert_eq!(listed[0]["number"], "Q324521");
    assert_eq!(listed[0]["is_here"], false);
    let (status, offer) = own.collect(licence).await;
    assert_eq!(status, StatusCode::OK, "{offer}");
    let reference = offer["credential_offer_uri"].as_str().unwrap();
    assert!(reference.contains("/credentials/offers/"), "{reference}");

    assert_eq!(stranger.licences().await, json!([]));
    assert_eq!(stranger.collect(licence).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_proof_of_a_phone_no_licence_is_listed() {
    let app = App::start().await.unwrap();
    let request = Request::builder()
        .uri("/app/api/licences")
        .header("accept", "application/json")
        .body(Body::empty())
        .unwrap();
    let answer = app.browser().send(request).await.unwrap();
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
