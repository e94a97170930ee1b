//! Modules of the FAPI 2.0 Security Profile plan of the conformance suite, by their names.

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use trust::base64url;

use super::{
    modules,
    world::{CALLBACK, World, claims_of, pairs},
};
use crate::Decision;

/// An assertion for this audience is none.
async fn is_refused_for(w: &World, aud: Value) {
    let rp = w.rp.clone();
    let wrong = rp.assertion_with(|claims| {
        claims.insert("aud".to_owned(), aud);
    });
    let form = rp.signed_by(rp.request(), wrong);
    let refused = w.post("/oauth/par", None, &form).await;
    refused.refuses("invalid_client");
    let reason = "aud of the assertion must be the issuer, as a string";
    assert_eq!(refused.json()["error_description"], reason);
}

modules! {
    async fn happy_flow(w) {
        let rp = w.rp.clone();
        let answer = w.answer_for(&rp, rp.request()).await;
        assert_eq!(answer["state"], "state-1");
        assert_eq!(answer["iss"], rp.issuer);
        let tokens = w.redeem(&rp, &answer["code"]).await;
        assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
        let tokens = tokens.json();
        assert_eq!(tokens["token_type"], "DPoP");
        let id = claims_of(tokens["id_token"].as_str().unwrap());
        assert_eq!(id["nonce"], "nonce-1");
        assert_eq!(id["aud"], rp.id);
        let access = claims_of(tokens["access_token"].as_str().unwrap());
        assert_eq!(access["cnf"]["jkt"], rp.dpop.kid());
        assert_eq!(access["client_id"], rp.id);
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.status, StatusCode::OK, "{info:?}");
        assert_eq!(info.json()["sub"], id["sub"]);
    }

    async fn a_second_login_needs_neither_phone_nor_page(w) {
        let rp = w.rp.clone();
        w.login(&rp, &[]).await;
        let path = w.push(&rp, rp.request()).await;
        let answer = w.get(&path).await;
        assert!(answer.place().starts_with(CALLBACK), "{answer:?}");
        assert!(answer.query().contains_key("code"));
    }

    async fn user_rejects_authentication(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let to_connect = w.get(&path).await.place();
        let waiting = w.get(&to_connect).await.place();
        w.phone(&waiting, Decision::Reject).await;
        let back = w.get(&waiting).await;
        let back = w.walk(back).await;
        assert_eq!(back.query()["error"], "access_denied");
        assert_eq!(back.query()["state"], "state-1");
        assert_eq!(back.query()["iss"], rp.issuer);
    }

    async fn user_does_not_agree(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, Decision::Approve).await;
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        let back = w.choose(&page, &connect, "deny").await;
        assert_eq!(back.query()["error"], "access_denied");
    }

    async fn access_token_type_header_case_sensitivity(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let token = tokens["access_token"].as_str().unwrap();
        for scheme in ["dpop", "DPOP", "DPoP"] {
            let ath = trust::base64url::encode(trust::digest::sha256(token));
            let proof = rp.proof_with(("GET", "/oauth/userinfo"), |claims| {
                claims.insert("ath".to_owned(), json!(ath));
            });
            let held = format!("{scheme} {token}");
            let headers = [("authorization", held.as_str()), ("dpop", proof.as_str())];
            let info = w.call(Method::GET, "/oauth/userinfo", &headers, &[]).await;
            assert_eq!(info.status, StatusCode::OK, "{scheme}: {info:?}");
        }
    }

    async fn attempt_reuse_authorization_code_after_one_second(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        let tokens = w.redeem(&rp, &code).await.json();
        w.clock.advance(std::time::Duration::from_secs(1));
        w.redeem(&rp, &code).await.refuses("invalid_grant");
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.status, StatusCode::UNAUTHORIZED);
        info.refuses("invalid_token");
    }

    async fn ensure_token_endpoint_fails_with_expired_auth_code(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        w.clock.advance(std::time::Duration::from_secs(60));
        w.redeem(&rp, &code).await.refuses("invalid_grant");
    }

    async fn ensure_authorization_code_is_bound_to_client(w) {
        let rp = w.rp.clone();
        let other = w.another("other", |_| {}).await;
        let code = w.code(&rp, rp.request()).await;
        w.redeem(&other, &code).await.refuses("invalid_grant");
    }

    async fn ensure_authorization_request_with_64_char_nonce_success(w) {
        let rp = w.rp.clone();
        let nonce = "n".repeat(64);
        let tokens = w.login(&rp, &[("nonce", &nonce)]).await;
        assert_eq!(claims_of(tokens["id_token"].as_str().unwrap())["nonce"], nonce);
    }

    async fn ensure_authorization_request_with_long_nonce(w) {
        let rp = w.rp.clone();
        let nonce = "n".repeat(384);
        let tokens = w.login(&rp, &[("nonce", &nonce)]).await;
        assert_eq!(claims_of(tokens["id_token"].as_str().unwrap())["nonce"], nonce);
    }

    async fn ensure_authorization_request_with_long_state(w) {
        let rp = w.rp.clone();
        let state = "s".repeat(384);
        let answer = w.answer_for(&rp, rp.request_with(&[("state", &state)])).await;
        assert_eq!(answer["state"], state);
    }

    async fn ensure_authorization_request_without_nonce_success(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("nonce", "")]).await;
        let id = claims_of(tokens["id_token"].as_str().unwrap());
        assert!(id.get("nonce").is_none());
    }

    async fn ensure_authorization_request_without_state_success(w) {
        let rp = w.rp.clone();
        let answer = w.answer_for(&rp, rp.request_with(&[("state", "")])).await;
        assert!(!answer.contains_key("state"));
    }

    async fn state_only_outside_request_object_not_used(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request_with(&[("state", "")])).await;
        let answer = w.get(&format!("{path}&state=outside")).await;
        let back = w.walk(answer).await;
        assert!(!back.query().contains_key("state"));
    }

    async fn ensure_different_state_inside_and_outside_request_object(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let answer = w.get(&format!("{path}&state=outside&nonce=outside")).await;
        let back = w.walk(answer).await;
        assert_eq!(back.query()["state"], "state-1");
    }

    async fn ensure_client_assertion_in_token_endpoint(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        let mut form = rp.redemption(&code);
        form.extend(pairs(&[("client_id", &rp.id)]));
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &form).await.refuses("invalid_client");
    }

    async fn ensure_client_id_in_token_endpoint(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        for (id, status) in [("other", 401), (rp.id.as_str(), 200)] {
            let mut form = rp.redemption(&code);
            form.extend(pairs(&[("client_id", id)]));
            let proof = rp.proof("POST", "/oauth/token");
            let answer = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
            assert_eq!(answer.status.as_u16(), status, "{id}: {answer:?}");
        }
    }

    async fn ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(w) {
        let rp = w.rp.clone();
        let old = rp.assertion_with(|claims| {
            claims.insert("exp".to_owned(), json!(rp.now() - 300));
        });
        let form = rp.signed_by(rp.request(), old);
        w.post("/oauth/par", None, &form).await.refuses("invalid_client");
    }

    async fn ensure_client_assertion_with_no_sub_fails(w) {
        let rp = w.rp.clone();
        let bare = rp.assertion_with(|claims| {
            claims.remove("sub");
        });
        let form = rp.signed_by(rp.request(), bare);
        w.post("/oauth/par", None, &form).await.refuses("invalid_client");
    }

    async fn ensure_client_assertion_with_wrong_aud_fails(w) {
        is_refused_for(w, json!("https://elsewhere.example")).await;
    }

    async fn par_test_array_as_audience_fails(w) {
        is_refused_for(w, json!([w.rp.issuer])).await;
    }

    async fn par_test_par_endpoint_url_as_audience_fails(w) {
        is_refused_for(w, json!(format!("{}/oauth/par", w.rp.issuer))).await;
    }

    async fn par_test_token_endpoint_url_as_audience_fails(w) {
        is_refused_for(w, json!(format!("{}/oauth/token", w.rp.issuer))).await;
    }

    /// A registered RSA key signs both: only the algorithm differs.
    async fn ensure_signed_client_assertion_with_rs256_fails(w) {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        // RSAPublicKey of PKCS #1: the modulus after nine bytes, then the exponent 65537.
        let n = base64url::encode(&pair.public_key().as_ref()[9..265]);
        let jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "rsa" });
        let rp = w.another("rsa", |wanted| wanted.keys = vec![jwk]).await;
        let signed = |alg: &str, padding: &'static dyn RsaEncoding| {
            let own = rp.assertion();
            let body = own.split('.').nth(1).unwrap();
            let head = json!({ "alg": alg, "typ": "JWT", "kid": "rsa" }).to_string();
            let input = format!("{}.{body}", base64url::encode(head));
            let mut signature = vec![0; pair.public_modulus_len()];
            let random = SystemRandom::new();
            pair.sign(padding, &random, input.as_bytes(), &mut signature).unwrap();
            rp.signed_by(rp.request(), format!("{input}.{}", base64url::encode(signature)))
        };
        let good = w.post("/oauth/par", None, &signed("PS256", &RSA_PSS_SHA256)).await;
        assert_eq!(good.status, StatusCode::CREATED, "{good:?}");
        let bad = w.post("/oauth/par", None, &signed("RS256", &RSA_PKCS1_SHA256)).await;
        bad.refuses("invalid_client");
    }

    async fn ensure_client_assertion_without_a_signature_or_with_a_shared_secret_fails(w) {
        let rp = w.rp.clone();
        let good = rp.assertion();
        let (_, rest) = good.split_once('.').unwrap();
        for alg in ["none", "HS256"] {
            let head = json!({ "alg": alg, "typ": "JWT", "kid": rp.key.kid() }).to_string();
            let forged = format!("{}.{rest}", base64url::encode(head));
            let form = rp.signed_by(rp.request(), forged);
            w.post("/oauth/par", None, &form).await.refuses("invalid_client");
        }
    }

    async fn par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(w) {
        let rp = w.rp.clone();
        let early = rp.assertion_with(|claims| {
            claims.insert("nbf".to_owned(), json!(rp.now() + 8));
        });
        let form = rp.signed_by(rp.request(), early);
        assert_eq!(w.post("/oauth/par", None, &form).await.status, StatusCode::CREATED);
    }

    async fn par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(w) {
        let rp = w.rp.clone();
        let early = rp.assertion_with(|claims| {
            claims.insert("nbf".to_owned(), json!(rp.now() + 65));
        });
        let form = rp.signed_by(rp.request(), early);
        w.post("/oauth/par", None, &form).await.refuses("invalid_client");
    }

    async fn ensure_holder_of_key_required(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        let form = rp.signed(rp.redemption(&code));
        w.post("/oauth/token", None, &form).await.refuses("invalid_dpop_proof");
        let tokens = w.redeem(&rp, &code).await.json();
        let held = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let headers = [("authorization", held.as_str())];
        let bare = w.call(Method::GET, "/oauth/userinfo", &headers, &[]).await;
        bare.refuses("invalid_token");
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
    }

    async fn par_attempt_reuse_request_uri(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let answer = w.get(&path).await;
        w.walk(answer).await;
        let again = w.get(&path).await;
        assert_eq!(again.status, StatusCode::BAD_REQUEST);
        assert!(again.text.contains("invalid_request_uri"), "{again:?}");
    }

    async fn par_attempt_to_use_expired_request_uri(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        w.clock.advance(crate::provider::par::PAR_LIFE);
        let late = w.get(&path).await;
        assert_eq!(late.status, StatusCode::BAD_REQUEST);
    }

    async fn par_attempt_to_use_request_uri_for_different_client(w) {
        let rp = w.rp.clone();
        w.another("other", |_| {}).await;
        let path = w.push(&rp, rp.request()).await;
        let stolen = w.get(&path.replace("client_id=rates", "client_id=other")).await;
        assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    }

    async fn par_attempt_invalid_http_method(w) {
        let answer = w.call(Method::PUT, "/oauth/par", &[], &w.rp.signed(w.rp.request())).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }

    async fn par_authorization_request_containing_request_uri_form_param(w) {
        let rp = w.rp.clone();
        let request = rp.request_with(&[("request_uri", "urn:ietf:params:oauth:request_uri:x")]);
        w.par(&rp, request).await.refuses("invalid_request");
    }

    async fn par_ensure_pkce_required(w) {
        let rp = w.rp.clone();
        let request = rp.request_with(&[("code_challenge", ""), ("code_challenge_method", "")]);
        w.par(&rp, request).await.refuses("invalid_request");
    }

    async fn par_plain_pkce_rejected(w) {
        let rp = w.rp.clone();
        for method in ["plain", ""] {
            let request = rp.request_with(&[("code_challenge_method", method)]);
            w.par(&rp, request).await.refuses("invalid_request");
        }
    }

    async fn par_without_duplicate_parameters(w) {
        let rp = w.rp.clone();
        let mut request = rp.request();
        request.extend(pairs(&[("state", "another")]));
        w.par(&rp, request).await.refuses("invalid_request");
    }

    async fn par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        w.get(&path).await;
        let again = w.get(&path).await;
        let back = w.walk(again).await;
        assert!(back.query().contains_key("code"), "{back:?}");
    }

    async fn ensure_pkce_code_verifier_required(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        let mut form = rp.redemption(&code);
        form.retain(|(name, _)| name != "code_verifier");
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &rp.signed(form)).await.refuses("invalid_grant");
    }

    async fn incorrect_pkce_code_verifier_rejected(w) {
        let mut rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        rp.verifier = "w".repeat(64);
        w.redeem(&rp, &code).await.refuses("invalid_grant");
    }

    async fn ensure_response_type_token_fails(w) {
        let rp = w.rp.clone();
        for kind in ["token", "id_token"] {
            let answer = w.par(&rp, rp.request_with(&[("response_type", kind)])).await;
            answer.refuses("unsupported_response_type");
        }
    }

    async fn ensure_response_type_code_idtoken_fails(w) {
        let rp = w.rp.clone();
        for kind in ["code id_token", "id_token code"] {
            let answer = w.par(&rp, rp.request_with(&[("response_type", kind)])).await;
            answer.refuses("unsupported_response_type");
        }
    }

    async fn ensure_redirect_uri_in_authorization_request(w) {
        let rp = w.rp.clone();
        w.par(&rp, rp.request_with(&[("redirect_uri", "")])).await.refuses("invalid_request");
    }

    async fn ensure_registered_redirect_uri(w) {
        let rp = w.rp.clone();
        for uri in [
            "https://client.example/callback/",
            "https://client.example/callback?x=1",
            "https://client.example.evil.example/callback",
            "HTTPS://client.example/callback",
        ] {
            w.par(&rp, rp.request_with(&[("redirect_uri", uri)])).await.refuses("invalid_request");
        }
    }

    async fn ensure_unsigned_authorization_request_without_using_par_fails(w) {
        let rp = w.rp.clone();
        let query = serde_urlencoded::to_string(rp.request()).unwrap();
        let back = w.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(back.query()["error"], "invalid_request", "{back:?}");
    }

    async fn refresh_token(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let form = pairs(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
        for _ in 0..2 {
            let proof = rp.proof("POST", "/oauth/token");
            let again = w.post("/oauth/token", Some(&proof), &rp.signed(form.clone())).await;
            assert_eq!(again.status, StatusCode::OK, "{again:?}");
            assert!(again.json().get("refresh_token").is_none(), "the token stays");
        }
        let other = w.another("other", |_| {}).await;
        let proof = other.proof("POST", "/oauth/token");
        let stolen = w.post("/oauth/token", Some(&proof), &other.signed(form)).await;
        stolen.refuses("invalid_grant");
    }

    async fn test_essential_acr_sca_claim(w) {
        let rp = w.rp.clone();
        let plus = json!({ "id_token": { "acr": { "essential": true, "values": [crate::provider::ACR_PLUS] } } });
        let tokens = w.login(&rp, &[("claims", &plus.to_string())]).await;
        let id = claims_of(tokens["id_token"].as_str().unwrap());
        assert_eq!(id["acr"], crate::provider::ACR_PLUS);
        let none = json!({ "id_token": { "acr": { "essential": true, "value": "urn:other" } } });
        let refused = w.par(&rp, rp.request_with(&[("claims", &none.to_string())])).await;
        refused.refuses("unmet_authentication_requirements");
    }

    async fn test_claims_parameter_identity_claims(w) {
        let rp = w.rp.clone();
        let claims = json!({ "id_token": { "name": null }, "userinfo": { "birthdate": null } });
        let tokens = w.login(&rp, &[("claims", &claims.to_string())]).await;
        let id = claims_of(tokens["id_token"].as_str().unwrap());
        assert_eq!(id["name"], "CHEUNG Ka Yan");
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await.json();
        assert!(info["birthdate"].is_string(), "{info}");
        assert!(info.get("name").is_none(), "only what was asked for");
    }

    async fn ensure_other_scope_order_succeeds(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("scope", "email openid profile")]).await;
        assert_eq!(tokens["scope"], "openid profile email");
    }

    async fn discovery_end_point_verification(w) {
        for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
            let found = w.call(Method::GET, path, &[], &[]).await.json();
            assert_eq!(found["issuer"], w.rp.issuer);
            assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
            assert_eq!(found["authorization_response_iss_parameter_supported"], true);
            assert_eq!(found["subject_types_supported"], json!(["pairwise"]));
            let algs = &found["token_endpoint_auth_signing_alg_values_supported"];
            assert!(!algs.to_string().contains("RS256"), "{algs}");
        }
        let keys = w.call(Method::GET, "/oauth/jwks", &[], &[]).await.json();
        assert_eq!(keys["keys"][0]["alg"], "ES256");
        assert!(keys["keys"][0].get("d").is_none());
    }
}
