//! The phone's API through the real router: every proof is checked, nothing undeclared leaves.

use std::sync::Arc;

use ::store::Store;
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use kernel::FakeEnv;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use trust::{SigningKey, base64url, jws::Signer};
use web::{Site, SiteConfig};

use crate::{
    Decision, Identity, Level, PresenceCheck, Purpose, SimulatedPresence, demo,
    proof::{PROOF_TYP, Proof},
    tests::{Holder, ask, claims, enrol, question, signed, vault},
};

/// The site with identity's routes.
pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) router: Router,
    pub(crate) identity: Identity,
    document: Value,
}

impl World {
    pub(crate) fn new(store: &Store) -> Self {
        let config = SiteConfig {
            has_rate_limits: false,
            is_demo: true,
            records_answers: true,
            base_url: super::passkeys::BASE.to_owned(),
            ..SiteConfig::default()
        };
        let site = Site::new(config, store.clone(), &[crate::BUNDLE]).unwrap();
        let vault = vault(store.env());
        let identity = Identity::new(store.clone(), vault, Arc::new(demo::register()));
        let routes = crate::routes(&identity);
        let document = routes.openapi("Identity", "1");
        Self {
            router: web::app(&site, routes),
            site,
            identity,
            document,
        }
    }

    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> (StatusCode, header::HeaderMap, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    async fn raw(&self, method: &str, path: &str, body: &str, proof: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("device-proof", proof)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        let (status, _, text) = self.send(request).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    fn proof(&self, key: &SigningKey, method: &str, path: &str, body: &str) -> String {
        let claims = self.claims(method, path, body);
        Signer::new(key, PROOF_TYP).sign(&claims).unwrap()
    }

    fn claims(&self, method: &str, path: &str, body: &str) -> Proof {
        let env = self.site.env();
        Proof {
            htm: method.to_owned(),
            htu: path.to_owned(),
            iat: env.now().seconds(),
            jti: base64url::encode(env.bytes::<16>()),
            body: base64url::encode(trust::digest::sha256(body)),
        }
    }

    async fn get(&self, holder: &Holder, path: &str) -> (StatusCode, Value) {
        let proof = self.proof(&holder.key, "GET", path, "");
        self.raw("GET", path, "", &proof).await
    }

    async fn post(&self, holder: &Holder, path: &str, body: &Value) -> (StatusCode, Value) {
        let body = body.to_string();
        let proof = self.proof(&holder.key, "POST", path, &body);
        self.raw("POST", path, &body, &proof).await
    }
}

/// What a phone sends that simulates a check.
fn shown(check: PresenceCheck, binding: &Value) -> Value {
    let evidence = SimulatedPresence::evidence(check, binding.as_str().unwrap());
    json!({ "method": "simulated", "evidence": base64url::encode(evidence) })
}

async fn world(store: &Store) -> (World, Holder) {
    let world = World::new(store);
    let holder = enrol(store, world.identity.vault(), "kwan-sum-yi", Level::Plus).await;
    (world, holder)
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_phone_is_set_up_over_the_wire(store: Store) {
        let world = World::new(&store);
        let key = SigningKey::generate(store.env()).unwrap();
        let sealed = |path: &str, body: &str| {
            let claims = world.claims("POST", path, body);
            Signer::new(&key, PROOF_TYP).with_jwk().sign(&claims).unwrap()
        };
        let card = demo::find("kwan-sum-yi").unwrap();
        let body = json!({
            "hkid": card.hkid.as_str(), "date_of_birth": card.born.to_string(),
            "device_name": "Phone", "level": "plus", "guardian": "absent",
        })
        .to_string();
        let path = "/app/api/enrolments";
        let (status, started) = world.raw("POST", path, &body, &sealed(path, &body)).await;
        assert_eq!(status, StatusCode::OK, "{started}");
        let path = "/app/api/enrolments/confirm";
        let body = json!({
            "enrolment": started["enrolment"], "challenge": started["challenge"],
            "liveness": shown(PresenceCheck::Face, &started["challenge"]),
            "card_present": shown(PresenceCheck::Card, &started["challenge"]),
        })
        .to_string();
        for (liveness, card) in [
            (shown(PresenceCheck::Face, &started["challenge"]), Value::Null),
            (shown(PresenceCheck::Face, &json!("of another enrolment")), shown(PresenceCheck::Card, &started["challenge"])),
            (shown(PresenceCheck::Face, &started["challenge"]), shown(PresenceCheck::Face, &started["challenge"])),
        ] {
            let half = json!({
                "enrolment": started["enrolment"], "challenge": started["challenge"],
                "liveness": liveness, "card_present": card,
            })
            .to_string();
            let (status, problem) = world.raw("POST", path, &half, &sealed(path, &half)).await;
            assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("ID-064")));
        }
        let stranger = SigningKey::generate(store.env()).unwrap();
        let claims = world.claims("POST", path, &body);
        let foreign = Signer::new(&stranger, PROOF_TYP).with_jwk().sign(&claims).unwrap();
        let (status, _) = world.raw("POST", path, &body, &foreign).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let (status, me) = world.raw("POST", path, &body, &sealed(path, &body)).await;
        assert_eq!(status, StatusCode::OK, "{me}");
        assert_eq!(me["name"]["en"], "KWAN Sum Yi");
        assert_eq!(me["level"], "plus");
        assert!(!me.to_string().contains(card.hkid.stem()));
    }

    async fn the_level_is_raised_with_the_card_read_for_this_very_phone(store: Store) {
        let world = World::new(&store);
        let holder = enrol(&store, world.identity.vault(), "kwan-sum-yi", Level::Basic).await;
        let path = "/app/api/level";
        let stranger = json!({ "card_present": shown(PresenceCheck::Card, &json!("another phone")) });
        let (status, problem) = world.post(&holder, path, &stranger).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("ID-064")));
        let large = "A".repeat(crate::EVIDENCE_BYTES / 3 * 4 + 8);
        let large = json!({ "card_present": { "method": "simulated", "evidence": large } });
        assert_eq!(world.post(&holder, path, &large).await.0, StatusCode::BAD_REQUEST);
        let key = json!(holder.key.public().thumbprint());
        let own = json!({ "card_present": shown(PresenceCheck::Card, &key) });
        let (status, me) = world.post(&holder, path, &own).await;
        assert_eq!((status, &me["level"]), (StatusCode::OK, &json!("plus")));
    }

    async fn a_replayed_proof_is_refused(store: Store) {
        let (world, holder) = world(&store).await;
        let proof = world.proof(&holder.key, "GET", "/app/api/me", "");
        let (first, _) = world.raw("GET", "/app/api/me", "", &proof).await;
        let (second, problem) = world.raw("GET", "/app/api/me", "", &proof).await;
        assert_eq!((first, second), (StatusCode::OK, StatusCode::UNAUTHORIZED));
        assert_eq!(problem["code"], "ID-012");
    }

    async fn a_proof_of_another_request_or_key_is_refused(store: Store) {
        let (world, holder) = world(&store).await;
        let stranger = SigningKey::generate(store.env()).unwrap();
        for (proof, code) in [
            (world.proof(&holder.key, "GET", "/app/api/profile", ""), "ID-013"),
            (world.proof(&holder.key, "POST", "/app/api/me", ""), "ID-013"),
            (world.proof(&holder.key, "GET", "/app/api/me", "{}"), "ID-013"),
            (world.proof(&stranger, "GET", "/app/api/me", ""), "ID-014"),
            ("nonsense".to_owned(), "ID-013"),
        ] {
            let (status, problem) = world.raw("GET", "/app/api/me", "", &proof).await;
            assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!(code)));
        }
    }

    async fn an_old_proof_is_refused(store: Store, clock: FakeEnv) {
        let (world, holder) = world(&store).await;
        let proof = world.proof(&holder.key, "GET", "/app/api/me", "");
        clock.advance(std::time::Duration::from_secs(61));
        let (status, _) = world.raw("GET", "/app/api/me", "", &proof).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }

    async fn a_decision_cannot_pass_for_a_proof(store: Store) {
        let (world, holder) = world(&store).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let decision = signed(&holder.key, &claims(&store, &asked, Decision::Approve));
        let (status, problem) = world.raw("GET", "/app/api/me", "", &decision).await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("ID-013")));
    }

    async fn a_replaced_phone_is_told_so(store: Store) {
        let (world, old) = world(&store).await;
        enrol(&store, world.identity.vault(), "kwan-sum-yi", Level::Plus).await;
        let (status, problem) = world.get(&old, "/app/api/me").await;
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("ID-014")));
    }

    async fn every_answered_field_is_declared(store: Store) {
        let (world, holder) = world(&store).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let address = json!({
            "flat": "A", "floor": "1", "block": "", "building": "Sample House", "street": "",
            "district": "Sha Tin", "area": "nt",
        });
        let changes = json!({ "changes": [
            { "key": "email", "value": "a@example.com" },
            { "key": "residential_address", "value": address },
        ] });
        let (status, _) = world.post(&holder, "/app/api/profile", &changes).await;
        assert_eq!(status, StatusCode::OK);
        let open = json!({ "id": asked.id });
        let (status, shown) = world.post(&holder, "/app/api/approvals/open", &open).await;
        assert_eq!((status, &shown["state"]), (StatusCode::OK, &json!("seen")));
        let (_, waiting) = world.get(&holder, "/app/api/approvals").await;
        assert_eq!(waiting["open"][0]["code"], json!(asked.code));
        let jws = signed(&holder.key, &claims(&store, &asked, Decision::Approve));
        let decide = json!({ "jws": jws });
        let (status, decided) = world.post(&holder, "/app/api/approvals/decide", &decide).await;
        assert_eq!((status, &decided["state"]), (StatusCode::OK, &json!("approved")));
        for path in ["/app/api/me", "/app/api/profile", "/app/api/consents", "/app/api/history"] {
            assert_eq!(world.get(&holder, path).await.0, StatusCode::OK, "{path}");
        }
        let (status, _) = world.post(&holder, "/app/api/device/revoke", &json!({})).await;
        assert_eq!(status, StatusCode::OK);
        let answered = world.site.recorded();
        assert!(answered.len() >= 9);
        let undeclared: Vec<String> = answered
            .iter()
            .flat_map(|answer| web::openapi::undeclared_fields(&world.document, answer))
            .collect();
        assert_eq!(undeclared, Vec::<String>::new());
    }

    async fn a_locked_or_malformed_value_changes_nothing(store: Store) {
        let (world, holder) = world(&store).await;
        for (key, value) in [("name_en", json!("X")), ("email", json!("x")), ("mobile", json!("1"))] {
            let changes = json!({ "changes": [
                { "key": "education", "value": "degree" }, { "key": key, "value": value },
            ] });
            let (status, refused) = world.post(&holder, "/app/api/profile", &changes).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            assert_eq!(refused["fields"], json!([key]));
        }
        let (_, profile) = world.get(&holder, "/app/api/profile").await;
        assert!(!profile["fields"].to_string().contains("education"));
    }
}
