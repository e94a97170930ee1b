//! The issuing protocol over the real router, on both engines.

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use kernel::FakeEnv;
use serde_json::{Value, json};
use std::time::Duration;
use store::Store;

use super::{
    device,
    wallet::{World, phone, request},
};

const BAD: StatusCode = StatusCode::BAD_REQUEST;

fn is_refused(answer: &(StatusCode, Value), word: &str) {
    assert_eq!(answer.1["error"], word, "{answer:?}");
    let expected = if word == "invalid_token" {
        StatusCode::UNAUTHORIZED
    } else {
        BAD
    };
    assert_eq!(answer.0, expected, "{answer:?}");
}

store::db_tests! {
    [&crate::MIGRATIONS, &trust::MIGRATIONS, &journal::MIGRATIONS, &web::MIGRATIONS];

    async fn a_phone_fetches_a_licence_bound_to_its_key(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let issued = world.fetch(&offer, &phone()).await;
        let credential = issued["credentials"][0]["credential"].as_str().unwrap();
        let issuer = &world.desk.issuer;
        let opened = crate::sd_jwt::verify(credential, &|h| issuer.credential_key(h)).unwrap();
        assert_eq!(opened.holder, *phone().public());
        assert_eq!(opened.claims["name_tc"], "陳大文");
        assert_eq!(opened.claims["number"], "A1");
        assert_eq!(world.shown_outcome(&issued, &phone()).await, "valid");
        assert_eq!(world.shown_outcome(&issued, &device(6)).await, "holder_binding_mismatch");
    }

    async fn a_code_is_redeemed_once(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let digits = offer.tx_code.as_deref();
        assert_eq!(world.redeem(&code, digits).await.0, StatusCode::OK);
        is_refused(&world.redeem(&code, digits).await, "invalid_grant");
        assert_eq!(world.get(offer.reference.strip_prefix(super::BASE).unwrap()).await.0, StatusCode::NOT_FOUND);
    }

    async fn of_two_redemptions_at_once_one_wins(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let tries = (0..8).map(|_| {
            let (world, code, digits) = (world.clone(), code.clone(), offer.tx_code.clone());
            tokio::spawn(async move { world.redeem(&code, digits.as_deref()).await })
        });
        let mut won = 0;
        for one in tries.collect::<Vec<_>>() {
            let answer = one.await.unwrap();
            if answer.0 == StatusCode::OK {
                won += 1;
            } else {
                is_refused(&answer, "invalid_grant");
            }
        }
        assert_eq!(won, 1);
    }

    async fn a_code_dies_with_its_time(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        clock.advance(crate::offer::OFFER_LIFE);
        is_refused(&world.redeem(&code, offer.tx_code.as_deref()).await, "invalid_grant");
    }

    async fn five_wrong_transaction_codes_kill_the_code(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        is_refused(&world.redeem(&code, None).await, "invalid_request");
        for _ in 0..5 {
            is_refused(&world.redeem(&code, Some("wrong1")).await, "invalid_grant");
        }
        is_refused(&world.redeem(&code, offer.tx_code.as_deref()).await, "invalid_grant");
    }

    async fn four_wrong_transaction_codes_leave_the_fifth_try(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        for _ in 0..4 {
            is_refused(&world.redeem(&code, Some("000")).await, "invalid_grant");
        }
        assert_eq!(world.redeem(&code, offer.tx_code.as_deref()).await.0, StatusCode::OK);
    }

    async fn an_offer_bound_to_a_phone_needs_no_digits_and_serves_no_other(store: Store) {
        let world = World::new(&store);
        let licence = world.offer(world.holder(), "A1").await.unwrap().licence;
        let offer = world.collect(licence, &phone()).await.unwrap();
        assert!(offer.tx_code.is_none());
        let code = world.code(&offer).await;
        is_refused(&world.redeem(&code, Some("123456")).await, "invalid_request");
        let token = world.redeem(&code, None).await.1["access_token"].as_str().unwrap().to_owned();
        let stolen = world.proof(&device(6), &world.nonce().await);
        is_refused(&world.credential(&token, &stolen).await, "invalid_proof");
        let own = world.proof(&phone(), &world.nonce().await);
        assert_eq!(world.credential(&token, &own).await.0, StatusCode::OK);
    }

    async fn a_newer_offer_voids_the_older(store: Store) {
        let world = World::new(&store);
        let first = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&first).await;
        world.collect(first.licence, &phone()).await.unwrap();
        is_refused(&world.redeem(&code, first.tx_code.as_deref()).await, "invalid_grant");
    }

    async fn forged_codes_tokens_and_references_open_nothing(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let reference = offer.reference.rsplit('/').next().unwrap();
        for forged in ["", "x", "x.y", reference, &code.replace('.', "x")] {
            is_refused(&world.redeem(forged, offer.tx_code.as_deref()).await, "invalid_grant");
        }
        let proof = world.proof(&phone(), &world.nonce().await);
        is_refused(&world.credential(&code, &proof).await, "invalid_token");
        is_refused(&world.credential("", &proof).await, "invalid_token");
        assert_eq!(world.get(&format!("/credentials/offers/{code}")).await.0, StatusCode::NOT_FOUND);
    }

    async fn token_requests_are_refused_by_the_right_words(store: Store) {
        let world = World::new(&store);
        for (body, word) in [
            ("", "invalid_request"),
            ("grant_type=authorization_code", "unsupported_grant_type"),
            ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code", "invalid_request"),
        ] {
            let mut request = request(Method::POST, "/credentials/token", Body::from(body));
            let kind = "application/x-www-form-urlencoded".parse().unwrap();
            request.headers_mut().insert("content-type", kind);
            is_refused(&world.send(request).await, word);
        }
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let more = "&authorization_details=%5B%5D";
        let answer = world.redeem_with(&code, offer.tx_code.as_deref(), more, None).await;
        is_refused(&answer, "invalid_authorization_details");
    }

    async fn a_nonce_is_used_once_and_only_ours_and_fresh(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let token = world.token(&world.offer(world.holder(), "A1").await.unwrap()).await;
        let nonce = world.nonce().await;
        let proof = world.proof(&phone(), &nonce);
        assert_eq!(world.credential(&token, &proof).await.0, StatusCode::OK);
        is_refused(&world.credential(&token, &proof).await, "invalid_nonce");
        for foreign in ["", "abc", "1795399200.AAAA.BBBB", &nonce.replace('.', "")] {
            let proof = world.proof(&phone(), foreign);
            is_refused(&world.credential(&token, &proof).await, "invalid_nonce");
        }
        let old = world.nonce().await;
        clock.advance(crate::proof::NONCE_LIFE);
        is_refused(&world.credential(&token, &world.proof(&phone(), &old)).await, "invalid_nonce");
    }

    async fn a_proof_must_hold_in_every_part(store: Store) {
        let world = World::new(&store);
        let token = world.token(&world.offer(world.holder(), "A1").await.unwrap()).await;
        let typ = "openid4vci-proof+jwt";
        let now = world.desk.issuer.now().seconds();
        let with = |name: &str, value: Value, nonce: &str| {
            let mut claims = world.proof_claims(nonce);
            claims[name] = value;
            world.proof_of(&phone(), typ, &claims)
        };
        let nonce = world.nonce().await;
        let good = world.proof(&phone(), &nonce);
        let mut unsigned = good.clone();
        unsigned.truncate(good.rfind('.').unwrap() + 1);
        let by_kid = trust::jws::Signer::new(&phone(), typ).sign(&world.proof_claims(&nonce)).unwrap();
        for proof in [
            with("aud", json!("https://elsewhere.test"), &nonce),
            with("aud", json!(super::BASE), &nonce),
            with("iat", json!(now - 301), &nonce),
            with("iat", json!(now + 61), &nonce),
            with("nonce", Value::Null, &nonce),
            with("iss", json!("somebody"), &nonce),
            world.proof_of(&phone(), "JWT", &world.proof_claims(&nonce)),
            by_kid,
            unsigned,
            "nonsense".to_owned(),
        ] {
            is_refused(&world.credential(&token, &proof).await, "invalid_proof");
        }
        assert_eq!(world.credential(&token, &good).await.0, StatusCode::OK);
    }

    async fn credential_requests_are_refused_by_the_right_words(store: Store) {
        let world = World::new(&store);
        let token = world.token(&world.offer(world.holder(), "A1").await.unwrap()).await;
        let bearer = format!("Bearer {token}");
        let proof = world.proof(&phone(), &world.nonce().await);
        let proofs = json!({ "jwt": [proof] });
        let id = "driving_licence";
        for (body, word) in [
            (json!({ "proofs": proofs }), "invalid_credential_request"),
            (json!({ "credential_configuration_id": id, "credential_identifier": "x", "proofs": proofs }), "invalid_credential_request"),
            (json!({ "credential_configuration_id": "other", "proofs": proofs }), "unknown_credential_configuration"),
            (json!({ "credential_identifier": "x", "proofs": proofs }), "unknown_credential_identifier"),
            (json!({ "credential_configuration_id": id }), "invalid_proof"),
            (json!({ "credential_configuration_id": id, "proofs": {} }), "invalid_proof"),
            (json!({ "credential_configuration_id": id, "proofs": { "jwt": [] } }), "invalid_proof"),
            (json!({ "credential_configuration_id": id, "proofs": { "jwt": [proof, proof] } }), "invalid_proof"),
            (json!({ "credential_configuration_id": id, "proofs": { "jwt": [proof], "attestation": ["x"] } }), "invalid_proof"),
            (json!({ "credential_configuration_id": id, "proofs": proofs, "credential_response_encryption": {} }), "invalid_encryption_parameters"),
            (json!("text"), "invalid_credential_request"),
        ] {
            is_refused(&world.post("/credentials/credential", &bearer, &body).await, word);
        }
        let body = json!({ "credential_configuration_id": id, "proofs": proofs, "unknown": 1 });
        assert_eq!(world.post("/credentials/credential", &bearer, &body).await.0, StatusCode::OK);
    }

    async fn an_identifier_given_out_must_be_used(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let more = "&authorization_details=%5B%7B%22type%22%3A%22openid_credential%22%2C%22credential_configuration_id%22%3A%22driving_licence%22%7D%5D";
        let (_, answer) = world.redeem_with(&code, offer.tx_code.as_deref(), more, None).await;
        let identifier = &answer["authorization_details"][0]["credential_identifiers"][0];
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let proofs = json!({ "jwt": [world.proof(&phone(), &world.nonce().await)] });
        let body = json!({ "credential_configuration_id": "driving_licence", "proofs": proofs });
        is_refused(&world.post("/credentials/credential", &bearer, &body).await, "invalid_credential_request");
        let body = json!({ "credential_identifier": identifier, "proofs": proofs });
        assert_eq!(world.post("/credentials/credential", &bearer, &body).await.0, StatusCode::OK);
    }

    async fn an_access_token_dies_with_its_time_and_its_uses(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let token = world.token(&world.offer(world.holder(), "A1").await.unwrap()).await;
        for _ in 0..crate::offer::GRANT_USES {
            let proof = world.proof(&phone(), &world.nonce().await);
            assert_eq!(world.credential(&token, &proof).await.0, StatusCode::OK);
        }
        let proof = world.proof(&phone(), &world.nonce().await);
        is_refused(&world.credential(&token, &proof).await, "invalid_token");
        let token = world.token(&world.offer(world.holder(), "A2").await.unwrap()).await;
        clock.advance(crate::offer::GRANT_LIFE + Duration::from_secs(1));
        let proof = world.proof(&phone(), &world.nonce().await);
        is_refused(&world.credential(&token, &proof).await, "invalid_token");
    }

    async fn a_dpop_bound_token_needs_its_key_each_time(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let code = world.code(&offer).await;
        let first = world.dpop(&phone(), "j1", None);
        let (status, answer) =
            world.redeem_with(&code, offer.tx_code.as_deref(), "", Some(first)).await;
        assert_eq!((status, &answer["token_type"]), (StatusCode::OK, &json!("DPoP")));
        let token = answer["access_token"].as_str().unwrap();
        let proof = world.proof(&phone(), &world.nonce().await);
        is_refused(&world.credential(token, &proof).await, "invalid_token");
        let ask = async |dpop: String, proof: &str| {
            let body = json!({ "credential_configuration_id": "driving_licence", "proofs": { "jwt": [proof] } });
            let mut request = request(Method::POST, "/credentials/credential", Body::from(body.to_string()));
            let headers = request.headers_mut();
            headers.insert("authorization", format!("DPoP {token}").parse().unwrap());
            headers.insert("dpop", dpop.parse().unwrap());
            world.send(request).await
        };
        is_refused(&ask(world.dpop(&device(6), "j2", Some(token)), &proof).await, "invalid_token");
        is_refused(&ask(world.dpop(&phone(), "j3", None), &proof).await, "invalid_dpop_proof");
        is_refused(&ask(world.dpop(&phone(), "j4", Some("other")), &proof).await, "invalid_dpop_proof");
        let used = world.dpop(&phone(), "j5", Some(token));
        assert_eq!(ask(used.clone(), &proof).await.0, StatusCode::OK);
        let proof = world.proof(&phone(), &world.nonce().await);
        is_refused(&ask(used, &proof).await, "invalid_dpop_proof");
    }

    async fn a_notification_may_be_said_twice_and_only_of_ones_own(store: Store) {
        let world = World::new(&store);
        let token = world.token(&world.offer(world.holder(), "A1").await.unwrap()).await;
        let proof = world.proof(&phone(), &world.nonce().await);
        let (_, issued) = world.credential(&token, &proof).await;
        let id = issued["notification_id"].as_str().unwrap();
        let say = async |token: &str, id: &str, event: &str| {
            let body = json!({ "notification_id": id, "event": event });
            world.post("/credentials/notification", &format!("Bearer {token}"), &body).await
        };
        for _ in 0..2 {
            assert_eq!(say(&token, id, "credential_accepted").await.0, StatusCode::NO_CONTENT);
        }
        is_refused(&say(&token, "nonsense", "credential_accepted").await, "invalid_notification_id");
        is_refused(&say(&token, id, "credential_eaten").await, "invalid_notification_request");
        let other = world.token(&world.offer(world.holder(), "A2").await.unwrap()).await;
        is_refused(&say(&other, id, "credential_accepted").await, "invalid_notification_id");
        is_refused(&say("x", id, "credential_accepted").await, "invalid_token");
    }

    async fn metadata_stands_at_the_addresses_the_specification_names(store: Store) {
        let world = World::new(&store);
        let (status, metadata) = world.get("/.well-known/openid-credential-issuer/credentials").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(metadata["credential_issuer"], "https://causeway.test/credentials");
        let configuration = &metadata["credential_configurations_supported"]["driving_licence"];
        assert_eq!(configuration["format"], "dc+sd-jwt");
        assert_eq!(configuration["credential_metadata"]["display"][1]["name"], "正式駕駛執照");
        let (_, server) = world.get("/.well-known/oauth-authorization-server/credentials").await;
        assert_eq!(server["issuer"], metadata["credential_issuer"]);
        assert_eq!(server["pre-authorized_grant_anonymous_access_supported"], true);
        let vct = configuration["vct"].as_str().unwrap().strip_prefix(super::BASE).unwrap();
        assert_eq!(world.get(vct).await.1["vct"], configuration["vct"]);
        assert_eq!(world.get("/credentials/types/none").await.0, StatusCode::NOT_FOUND);
        let (_, keys) = world.get("/.well-known/jwt-vc-issuer/credentials").await;
        assert_eq!(keys["jwks"]["keys"][0]["crv"], "P-256");
    }
}
