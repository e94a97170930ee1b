//! FAPI 2.0 Message Signing: request objects, signed answers, signed introspection; sealed ID tokens.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use trust::{SigningKey, base64url, jwe};

use super::{
    modules,
    world::{CALLBACK, Rp, World, claims_of, pairs},
};
use crate::provider::client::{Keys, Profile};

const GUARDED: &str = "https://guarded.example/api";

async fn signer(w: &World) -> Rp {
    w.another("signer", |wanted| {
        wanted.profile = Profile::Fapi2Ms;
        wanted.is_resource = true;
        wanted.resource = Some(GUARDED.to_owned());
    })
    .await
}

async fn push(w: &World, rp: &Rp, object: &str) -> super::world::Answer {
    let form = pairs(&[("client_id", &rp.id), ("request", object)]);
    w.post("/oauth/par", None, &rp.signed(form)).await
}

/// Pushes an object changed by `edit` and expects `invalid_request_object`.
async fn refused(w: &World, edit: impl FnOnce(&mut Map<String, Value>)) {
    let rp = signer(w).await;
    let object = rp.object_with(&rp.request(), edit);
    push(w, &rp, &object)
        .await
        .refuses("invalid_request_object");
}

modules! {
    async fn message_signing_happy_flow(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request(), |_| {});
        let pushed = push(w, &rp, &object).await;
        assert_eq!(pushed.status, StatusCode::CREATED, "{pushed:?}");
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let answer = w.get(&format!("/oauth/authorize?client_id=signer&request_uri={uri}")).await;
        let back = w.walk(answer).await;
        assert!(back.place().starts_with(CALLBACK), "{back:?}");
        let query = back.query();
        assert_eq!(query.keys().collect::<Vec<_>>(), ["response"], "only the signed answer");
        let signed = claims_of(&query["response"]);
        assert_eq!((signed["aud"].as_str(), signed["state"].as_str()), (Some("signer"), Some("state-1")));
        let tokens = w.redeem(&rp, signed["code"].as_str().unwrap()).await;
        assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    }

    async fn ensure_unsigned_request_at_par_fails(w) {
        let rp = signer(w).await;
        w.par(&rp, rp.request()).await.refuses("invalid_request");
    }

    async fn ensure_request_object_without_redirect_uri_fails(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request_with(&[("redirect_uri", "")]), |_| {});
        push(w, &rp, &object).await.refuses("invalid_request");
    }

    async fn ensure_request_object_without_exp_fails(w) {
        refused(w, |claims| { claims.remove("exp"); }).await;
    }

    async fn ensure_request_object_without_nbf_fails(w) {
        refused(w, |claims| { claims.remove("nbf"); }).await;
    }

    async fn ensure_expired_request_object_fails(w) {
        let past = w.rp.now() - 20;
        refused(w, |claims| { claims.insert("exp".to_owned(), json!(past)); }).await;
    }

    async fn ensure_request_object_with_exp_over_60_fails(w) {
        let far = w.rp.now() + 4_200;
        refused(w, |claims| { claims.insert("exp".to_owned(), json!(far)); }).await;
    }

    async fn ensure_request_object_with_nbf_over_60_fails(w) {
        let far = w.rp.now() - 4_200;
        refused(w, |claims| { claims.insert("nbf".to_owned(), json!(far)); }).await;
    }

    async fn ensure_request_object_with_bad_aud_fails(w) {
        refused(w, |claims| { claims.insert("aud".to_owned(), json!("https://elsewhere.example")); }).await;
    }

    async fn ensure_request_object_with_multiple_aud_succeeds(w) {
        let rp = signer(w).await;
        let both = json!([rp.issuer, "https://elsewhere.example"]);
        let object = rp.object_with(&rp.request(), |claims| { claims.insert("aud".to_owned(), both); });
        assert_eq!(push(w, &rp, &object).await.status, StatusCode::CREATED);
    }

    async fn ensure_matching_key_in_authorization_request(w) {
        let rp = signer(w).await;
        let thief = Rp { key: w.rp.key.clone(), ..rp.clone() };
        let object = thief.object_with(&rp.request(), |_| {});
        push(w, &rp, &object).await.refuses("invalid_request_object");
    }

    async fn ensure_signed_request_object_with_rs256_fails(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request(), |_| {});
        let (_, rest) = object.split_once('.').unwrap();
        for alg in ["RS256", "none"] {
            let head = json!({ "alg": alg, "kid": rp.key.kid() }).to_string();
            let forged = format!("{}.{rest}", base64url::encode(head));
            push(w, &rp, &forged).await.refuses("invalid_request_object");
        }
    }

    async fn ensure_request_object_signature_is_checked(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request(), |_| {});
        let (start, _) = object.rsplit_once('.').unwrap();
        push(w, &rp, &format!("{start}.AAAA")).await.refuses("invalid_request_object");
    }

    async fn ensure_different_nonce_inside_and_outside_request_object(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request(), |_| {});
        let form = pairs(&[
            ("client_id", &rp.id), ("request", &object), ("nonce", "outside"), ("state", "outside"),
        ]);
        let pushed = w.post("/oauth/par", None, &rp.signed(form)).await.json();
        let uri = pushed["request_uri"].as_str().unwrap();
        let answer = w.get(&format!("/oauth/authorize?client_id=signer&request_uri={uri}")).await;
        let back = w.walk(answer).await.query();
        let signed = claims_of(&back["response"]);
        assert_eq!(signed["state"], "state-1");
        let tokens = w.redeem(&rp, signed["code"].as_str().unwrap()).await.json();
        assert_eq!(claims_of(tokens["id_token"].as_str().unwrap())["nonce"], "nonce-1");
    }

    async fn a_plain_client_may_sign_its_request_and_then_only_that_counts(w) {
        let rp = w.another("front", |wanted| wanted.profile = Profile::Oidc).await;
        let at = |object: &str, more: &[(&str, &str)]| {
            let mut query = pairs(&[("client_id", &rp.id), ("request", object)]);
            query.extend(pairs(more));
            format!("/oauth/authorize?{}", serde_urlencoded::to_string(query).unwrap())
        };
        let object = rp.object_with(&rp.request(), |_| {});
        let answer = w.get(&at(&object, &[("state", "outside"), ("nonce", "outside")])).await;
        let back = w.walk(answer).await.query();
        assert!(back.contains_key("code"), "{back:?}");
        assert_eq!(back["state"], "state-1");
        let (start, _) = object.rsplit_once('.').unwrap();
        let page = w.get(&at(&format!("{start}.AAAA"), &[("redirect_uri", CALLBACK)])).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{page:?}");
    }

    async fn a_client_that_must_push_does_not_sign_in_the_front_channel(w) {
        let rp = signer(w).await;
        let object = rp.object_with(&rp.request(), |_| {});
        let mut request = rp.request();
        request.extend(pairs(&[("request", &object)]));
        let query = serde_urlencoded::to_string(request).unwrap();
        let back = w.get(&format!("/oauth/authorize?{query}")).await;
        let signed = claims_of(&back.query()["response"]);
        assert_eq!(signed["error"], "invalid_request");
    }

    async fn userinfo_is_signed_for_a_client_that_wants_it(w) {
        let rp = w.another("signed", |wanted| wanted.is_userinfo_signed = true).await;
        let tokens = w.login(&rp, &[("scope", "openid profile")]).await;
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.headers["content-type"], "application/jwt");
        let claims = claims_of(&info.text);
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(rp.issuer), &json!("signed")));
        let own = claims_of(tokens["id_token"].as_str().unwrap());
        assert_eq!((&claims["sub"], claims["name"].is_string()), (&own["sub"], true));
        let hint = w.get(&format!("/oauth/logout?id_token_hint={}", info.text)).await;
        assert_eq!(hint.status, StatusCode::BAD_REQUEST, "it is no ID token");
    }

    async fn userinfo_is_sealed_to_a_client_that_wants_it(w) {
        for (id, enc) in [("gcm", jwe::Enc::A256Gcm), ("cbc", jwe::Enc::A256CbcHs512)] {
            let reader = SigningKey::generate(w.store.env()).unwrap();
            let mut jwk = serde_json::to_value(reader.public().jwk()).unwrap();
            jwk["use"] = json!("enc");
            let rp = w.another(id, |wanted| {
                wanted.userinfo_enc = Some(enc);
                assert!(!wanted.flaws().is_empty(), "no key to seal to");
                wanted.keys.push(jwk);
            }).await;
            let tokens = w.login(&rp, &[]).await;
            let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
            assert_eq!(info.headers["content-type"], "application/jwt");
            assert_eq!(info.text.split('.').count(), 5, "nothing in the open");
            let token = String::from_utf8(jwe::open(&reader, &info.text).unwrap()).unwrap();
            assert_eq!(claims_of(&token)["aud"], id);
        }
    }

    async fn a_resource_gets_a_signed_answer_about_a_token(w) {
        let guard = signer(w).await;
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("resource", GUARDED)]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let form = guard.signed(pairs(&[("token", token)]));
        let headers = [("accept", "application/token-introspection+jwt")];
        let found = w.call(Method::POST, "/oauth/introspect", &headers, &form).await;
        assert_eq!(found.headers["content-type"], "application/token-introspection+jwt");
        let claims = claims_of(&found.text);
        assert_eq!(claims["aud"], "signer");
        let inner = &claims["token_introspection"];
        assert_eq!((inner["active"].as_bool(), inner["client_id"].as_str()), (Some(true), Some("rates")));
        assert_eq!(inner["cnf"]["jkt"], rp.dpop.kid());
    }

    async fn an_id_token_is_sealed_to_a_client_that_wants_it(w) {
        for (id, enc) in [("gcm", jwe::Enc::A256Gcm), ("cbc", jwe::Enc::A256CbcHs512)] {
            let reader = SigningKey::generate(w.store.env()).unwrap();
            let mut jwk = serde_json::to_value(reader.public().jwk()).unwrap();
            jwk["use"] = json!("enc");
            let rp = w.another(id, |wanted| {
                wanted.id_token_enc = Some(enc);
                wanted.keys.push(jwk);
            }).await;
            let tokens = w.login(&rp, &[]).await;
            let sealed = tokens["id_token"].as_str().unwrap();
            assert_eq!(sealed.split('.').count(), 5);
            let token = String::from_utf8(jwe::open(&reader, sealed).unwrap()).unwrap();
            assert_eq!(claims_of(&token)["aud"], id);
            let head = sealed.split('.').next().unwrap();
            let head: Value = serde_json::from_slice(&base64url::decode(head).unwrap()).unwrap();
            assert_eq!((head["alg"].as_str(), head["enc"].as_str()), (Some(jwe::ALG), Some(enc.name())));
        }
        assert!(Keys::default().reader.is_none());
    }
}
