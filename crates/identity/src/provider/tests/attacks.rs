//! Attacks, each by its name, and what stands against it.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use trust::{SigningKey, base64url, digest, jws::Signer};

use super::{
    modules,
    world::{CALLBACK, Rp, World, claims_of, pairs},
};
use crate::{Decision, provider::client::Profile};

/// The same client with another proof key.
fn another_key(w: &World, rp: &Rp) -> Rp {
    let dpop = Arc::new(SigningKey::generate(w.store.env()).unwrap());
    Rp { dpop, ..rp.clone() }
}

/// A proof whose clock is this many seconds off is taken.
async fn dated(w: &mut World, seconds: i64) {
    let rp = w.rp.clone();
    let code = w.code(&rp, rp.request()).await;
    let proof = rp.proof_with(("POST", "/oauth/token"), |claims| {
        claims.insert("iat".to_owned(), json!(rp.now() + seconds));
    });
    let form = rp.signed(rp.redemption(&code));
    let good = w.post("/oauth/token", Some(&proof), &form).await;
    assert_eq!(good.status, StatusCode::OK, "{good:?}");
}

modules! {
    async fn a_replayed_assertion_is_refused_on_every_node(w) {
        let rp = w.rp.clone();
        let form = rp.signed(rp.request());
        assert_eq!(w.post("/oauth/par", None, &form).await.status, StatusCode::CREATED);
        w.post("/oauth/par", None, &form).await.refuses("invalid_client");
        let other = super::world::World::again(w);
        other.post("/oauth/par", None, &form).await.refuses("invalid_client");
    }

    async fn a_replayed_proof_is_refused(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let ath = base64url::encode(digest::sha256(token));
        let proof = rp.proof_with(("GET", "/oauth/userinfo"), |claims| {
            claims.insert("ath".to_owned(), json!(ath));
        });
        let held = format!("DPoP {token}");
        let headers = [("authorization", held.as_str()), ("dpop", proof.as_str())];
        let first = w.call(Method::GET, "/oauth/userinfo", &headers, &[]).await;
        assert_eq!(first.status, StatusCode::OK);
        let second = w.call(Method::GET, "/oauth/userinfo", &headers, &[]).await;
        second.refuses("invalid_dpop_proof");
    }

    async fn dpop_negative_tests(w) {
        let rp = w.rp.clone();
        let code = w.code(&rp, rp.request()).await;
        let path = ("POST", "/oauth/token");
        let now = rp.now();
        let wrong: Vec<(&str, Value)> = vec![
            ("htm", json!("GET")),
            ("htu", json!(format!("{}/oauth/par", rp.issuer))),
            ("iat", json!(now - 300)),
            ("iat", json!(now + 60)),
            ("jti", json!("")),
            ("nonce", json!("made up")),
        ];
        for (name, value) in wrong {
            let proof = rp.proof_with(path, |claims| {
                claims.insert(name.to_owned(), value);
            });
            let refused = w.post("/oauth/token", Some(&proof), &rp.signed(rp.redemption(&code))).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{name}: {refused:?}");
        }
        let claims = json!({
            "htm": "POST", "htu": format!("{}/oauth/token", rp.issuer), "iat": now, "jti": "j".repeat(20),
        });
        let untyped = Signer::new(&rp.dpop, "JWT").with_jwk().sign(&claims).unwrap();
        let keyless = Signer::new(&rp.dpop, "dpop+jwt").sign(&claims).unwrap();
        for proof in [untyped, keyless] {
            let refused = w.post("/oauth/token", Some(&proof), &rp.signed(rp.redemption(&code))).await;
            refused.refuses("invalid_dpop_proof");
        }
        assert_eq!(w.redeem(&rp, &code).await.status, StatusCode::OK);
    }

    async fn check_dpop_proof_nbf_exp(w) {
        let rp = w.rp.clone();
        let path = ("POST", "/oauth/token");
        for (name, value) in [("nbf", rp.now() + 60), ("exp", rp.now() - 60)] {
            let code = w.code(&rp, rp.request()).await;
            let proof = rp.proof_with(path, |claims| {
                claims.insert(name.to_owned(), json!(value));
            });
            let refused = w.post("/oauth/token", Some(&proof), &rp.signed(rp.redemption(&code))).await;
            refused.refuses("invalid_dpop_proof");
        }
    }

    async fn ensure_dpopproof_with_iat_10seconds_before_succeeds(w) {
        dated(w, -10).await;
    }

    async fn ensure_dpopproof_with_iat_10seconds_after_succeeds(w) {
        dated(w, 10).await;
    }

    async fn ensure_dpop_auth_code_binding_success_and_key_swap_fails(w) {
        let rp = w.rp.clone();
        let jkt = rp.dpop.kid().to_owned();
        let code = w.code(&rp, rp.request_with(&[("dpop_jkt", &jkt)])).await;
        let swapped = Rp {
            dpop: Arc::new(SigningKey::generate(w.store.env()).unwrap()),
            ..rp.clone()
        };
        w.redeem(&swapped, &code).await.refuses("invalid_grant");
        assert_eq!(w.redeem(&rp, &code).await.status, StatusCode::OK);
    }

    async fn ensure_dpopproof_at_par_endpoint_binding_success(w) {
        let rp = w.rp.clone();
        let proof = rp.proof("POST", "/oauth/par");
        let pushed = w.post("/oauth/par", Some(&proof), &rp.signed(rp.request())).await;
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let answer = w.get(&format!("/oauth/authorize?client_id=rates&request_uri={uri}")).await;
        let code = w.walk(answer).await.query()["code"].clone();
        let swapped = Rp {
            dpop: Arc::new(SigningKey::generate(w.store.env()).unwrap()),
            ..rp.clone()
        };
        w.redeem(&swapped, &code).await.refuses("invalid_grant");
        assert_eq!(w.redeem(&rp, &code).await.status, StatusCode::OK);
    }

    async fn ensure_token_endpoint_fails_with_mismatched_dpop_jkt(w) {
        let rp = w.rp.clone();
        let jkt = another_key(w, &rp).dpop.kid().to_owned();
        let code = w.code(&rp, rp.request_with(&[("dpop_jkt", &jkt)])).await;
        w.redeem(&rp, &code).await.refuses("invalid_grant");
    }

    async fn ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(w) {
        let rp = w.rp.clone();
        let first = another_key(w, &rp);
        let proof = first.proof("POST", "/oauth/par");
        let pushed = w.post("/oauth/par", Some(&proof), &rp.signed(rp.request())).await;
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let answer = w.get(&format!("/oauth/authorize?client_id=rates&request_uri={uri}")).await;
        let code = w.walk(answer).await.query()["code"].clone();
        w.redeem(&rp, &code).await.refuses("invalid_grant");
        assert_eq!(w.redeem(&first, &code).await.status, StatusCode::OK);
    }

    async fn ensure_mismatched_dpop_jkt_fails(w) {
        let rp = w.rp.clone();
        let proof = rp.proof("POST", "/oauth/par");
        let request = rp.request_with(&[("dpop_jkt", &"A".repeat(43))]);
        w.post("/oauth/par", Some(&proof), &rp.signed(request)).await.refuses("invalid_dpop_proof");
    }

    async fn a_client_told_to_uses_our_nonce(w) {
        let rp = w.another("nonced", |wanted| wanted.needs_dpop_nonce = true).await;
        let code = w.code(&rp, rp.request()).await;
        let asked = w.redeem(&rp, &code).await;
        asked.refuses("use_dpop_nonce");
        let nonce = asked.headers["dpop-nonce"].to_str().unwrap().to_owned();
        let with = |nonce: String| rp.proof_with(("POST", "/oauth/token"), |claims| {
            claims.insert("nonce".to_owned(), json!(nonce));
        });
        let form = || rp.signed(rp.redemption(&code));
        let proof = with(nonce.clone());
        w.clock.advance(std::time::Duration::from_secs(20));
        let stale = with("AAAAAGRkZGQAAAAAAAAAAAAAAAAAAAAA".to_owned());
        w.post("/oauth/token", Some(&stale), &form()).await.refuses("use_dpop_nonce");
        let fresh = with(nonce);
        drop(proof);
        assert_eq!(w.post("/oauth/token", Some(&fresh), &form()).await.status, StatusCode::OK);
    }

    async fn mix_up_is_seen_by_the_issuer_in_every_answer(w) {
        let rp = w.rp.clone();
        let good = w.answer_for(&rp, rp.request()).await;
        assert_eq!(good["iss"], rp.issuer);
        let bad = w.answer_for(&rp, rp.request_with(&[("prompt", "none"), ("scope", "openid email")])).await;
        assert_eq!((bad["error"].as_str(), bad["iss"].as_str()), ("consent_required", rp.issuer.as_str()));
    }

    async fn an_injected_code_needs_the_verifier_of_the_browser_that_asked(w) {
        let rp = w.rp.clone();
        let victim = w.code(&rp, rp.request()).await;
        let attacker = Rp { verifier: "x".repeat(64), ..rp.clone() };
        w.redeem(&attacker, &victim).await.refuses("invalid_grant");
    }

    async fn pkce_cannot_be_downgraded(w) {
        let rp = w.another("plain", |wanted| wanted.profile = Profile::Oidc).await;
        for (name, value) in [("code_challenge_method", "plain"), ("code_challenge", "")] {
            let query = serde_urlencoded::to_string(rp.request_with(&[(name, value)])).unwrap();
            let back = w.get(&format!("/oauth/authorize?{query}")).await;
            assert_eq!(back.query()["error"], "invalid_request", "{name}");
        }
    }

    async fn a_token_of_another_client_is_not_exchanged_revoked_or_looked_into(w) {
        let rp = w.rp.clone();
        let other = w.another("other", |_| {}).await;
        let tokens = w.login(&rp, &[]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let form = other.signed(pairs(&[("token", token)]));
        let looked = w.post("/oauth/introspect", None, &form).await;
        assert_eq!(looked.json(), json!({ "active": false }), "{looked:?}");
        let form = other.signed(pairs(&[("token", token)]));
        assert_eq!(w.post("/oauth/revoke", None, &form).await.status, StatusCode::OK);
        assert_eq!(w.userinfo(&rp, token).await.status, StatusCode::OK, "nothing was revoked");
        let form = pairs(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ]);
        let proof = other.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &other.signed(form)).await.refuses("invalid_grant");
    }

    async fn an_id_token_is_no_access_token_and_the_other_way_round(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        w.userinfo(&rp, tokens["id_token"].as_str().unwrap()).await.refuses("invalid_token");
        let access = tokens["access_token"].as_str().unwrap();
        let page = w.get(&format!("/oauth/logout?id_token_hint={access}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
    }

    async fn nothing_redirects_to_an_address_that_is_not_registered(w) {
        let evil = "https%3A%2F%2Fevil.example%2F";
        for path in [
            format!("/oauth/authorize?client_id=rates&redirect_uri={evil}&response_type=code"),
            format!("/oauth/authorize?client_id=nobody&redirect_uri={evil}"),
            format!("/oauth/logout?post_logout_redirect_uri={evil}&client_id=rates"),
            format!("/oauth/logout?post_logout_redirect_uri={evil}"),
        ] {
            let page = w.get(&path).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST, "{path}");
            assert_eq!(page.place(), "", "{path}");
        }
    }

    async fn consent_cannot_be_given_by_another_site(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, Decision::Approve).await;
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        assert!(page.text.contains("asks for your agreement"));
        let forged = w.browse(Method::POST, &connect, "choice=allow").await;
        assert_ne!(forged.status, StatusCode::SEE_OTHER, "no token, no consent");
        let framed = &page.headers["content-security-policy"];
        assert!(framed.to_str().unwrap().contains("frame-ancestors 'none'"));
    }

    async fn another_browser_cannot_go_on_with_a_request(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let own = w.change_browser(Default::default());
        let stolen = w.get(&connect).await;
        assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
        w.change_browser(own);
        assert_eq!(w.get(&connect).await.status, StatusCode::SEE_OTHER);
    }

    async fn a_session_fixed_before_signing_in_is_worth_nothing(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let before = w.change_browser(Default::default());
        w.change_browser(before.clone());
        let answer = w.get(&connect).await;
        let back = w.walk(answer).await;
        assert!(back.place().starts_with(CALLBACK));
        let own = w.change_browser(before);
        let path = w.push(&rp, rp.request_with(&[("prompt", "none")])).await;
        assert_eq!(w.get(&path).await.query()["error"], "login_required");
        w.change_browser(own);
        assert!(w.get(&path).await.query().contains_key("code"));
    }

    async fn guessing_ends_nowhere_and_tells_nothing(w) {
        let rp = w.rp.clone();
        for code in ["a", &"A".repeat(43)] {
            let refused = w.redeem(&rp, code).await;
            assert_eq!(refused.json()["error_description"], "the code is unknown");
        }
    }

    async fn enumeration_of_clients_and_people_tells_nothing(w) {
        let rp = w.rp.clone();
        // An unknown client and a wrong key look the same from outside: one word, one status.
        let stranger = Rp { id: "nobody".to_owned(), ..rp.clone() };
        let unknown = w.par(&stranger, rp.request()).await;
        let thief = Rp { key: rp.dpop.clone(), ..rp.clone() };
        let wrong = w.par(&thief, rp.request()).await;
        assert_eq!((unknown.status, unknown.error()), (wrong.status, wrong.error()));
        // So do a subject that nobody has and one that somebody has at another client.
        let tokens = w.login(&rp, &[]).await;
        let subject = claims_of(tokens["id_token"].as_str().unwrap())["sub"].clone();
        let other = w.another("other", |_| {}).await;
        let mut told = Vec::new();
        for subject in [subject.as_str().unwrap(), &"A".repeat(43)] {
            let form = pairs(&[("scope", "openid"), ("login_hint", subject)]);
            let form = pairs(&[("request", &other.object_once(&form, |_| {}))]);
            let proof = other.proof("POST", "/oauth/bc-authorize");
            let asked = w.post("/oauth/bc-authorize", Some(&proof), &other.signed(form)).await;
            told.push((asked.status, asked.text));
        }
        assert_eq!(told[0], told[1]);
        assert!(told[0].1.contains("unknown_user_id"), "{told:?}");
        // And a token of somebody else and none at all.
        let mut told = Vec::new();
        for token in [tokens["access_token"].as_str().unwrap(), "none at all"] {
            let looked = w.post("/oauth/introspect", None, &other.signed(pairs(&[("token", token)]))).await;
            told.push((looked.status, looked.text));
        }
        assert_eq!(told[0], told[1]);
    }

    /// Somebody else's browser asks, and its code is shown to the victim as if it were another's question.
    async fn qr_relay_of_a_sign_in_shows_itself_and_brings_the_attacker_nothing_from_elsewhere(w) {
        let rp = w.rp.clone();
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        let page = w.get(&waiting).await;
        let id: kernel::Id<crate::Approval> = waiting.rsplit('/').next().unwrap().parse().unwrap();
        let asked = crate::store::approval::get_for_test(&w.store, id).await;
        // The phone shows who asks, from where, since when, and digits that stand on no screen of the victim's.
        assert_eq!(asked.requester.en, "Rates e-account");
        assert!(!asked.place.en.is_empty(), "{asked:?}");
        assert!(page.text.contains(&asked.code), "they stand on the attacker's");
        assert!(asked.seconds_left(w.store.env().now()) <= crate::SIGN_IN_TTL.as_secs());
        // An approval is of use to the browser that asked alone: not to the victim's, nor to another of the
        // attacker's that was sent the same page.
        w.phone(&waiting, Decision::Approve).await;
        let own = w.change_browser(Default::default());
        for place in [&waiting, &connect] {
            let stolen = w.get(place).await;
            assert!(stolen.status.is_client_error(), "{place}: {stolen:?}");
        }
        // Who was let in agrees to nothing yet: the page that asks names the person and the application.
        w.change_browser(own);
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        assert!(page.text.contains("asks for your agreement"), "{page:?}");
    }

    async fn a_suspended_client_stops_at_once_on_every_node(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let other = super::world::World::again(w);
        w.step("operator", "rates", crate::provider::ClientChange::Suspend).await.unwrap();
        for world in [&*w, &other] {
            world.par(&rp, rp.request()).await.refuses("invalid_client");
            let info = world.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
            info.refuses("invalid_token");
        }
        w.step("operator", "rates", crate::provider::ClientChange::Resume).await.unwrap();
        assert_eq!(w.par(&rp, rp.request()).await.status, StatusCode::CREATED);
    }

    async fn nothing_personal_or_secret_reaches_the_log_of_what_was_done(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("scope", "openid profile")]).await;
        w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        let records = w.store.read(|db| async move {
            journal::audit_of(&db, "client", "rates").await
        }).await;
        let words = format!("{records:?}");
        assert!(words.contains("connection.granted"), "{words}");
        for secret in ["CHEUNG", tokens["access_token"].as_str().unwrap()] {
            assert!(!words.contains(secret));
        }
    }
}
