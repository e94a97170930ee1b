//! Modules of the OpenID Connect plans of the conformance suite, and ordinary web applications.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use trust::base64url;

use super::{
    modules,
    world::{Answer, CALLBACK, Rp, World, claims_of, pairs},
};
use crate::{
    Decision,
    provider::{
        client::{AuthMethod, GrantKind, Profile, ScopePurpose, Sender},
        demo,
        scope::Scope,
    },
};

const BYE: &str = "https://client.example/bye";
const SECRET: &str = "a secret of 256 random bits: 0123456789";

/// An ordinary web application with a secret.
async fn plain(w: &World) -> Rp {
    w.another("plain", |wanted| {
        wanted.profile = Profile::Oidc;
        wanted.auth = AuthMethod::ClientSecretBasic;
        wanted.sender = Sender::Bearer;
        wanted.grants = vec![GrantKind::Code];
        wanted.secret_digest = Some(base64url::encode(trust::digest::sha256(SECRET)));
    })
    .await
}

fn basic(id: &str, secret: &str) -> String {
    let form = |text: &str| serde_urlencoded::to_string([("", text)]).unwrap()[1..].to_owned();
    let joined = format!("{}:{}", form(id), form(secret));
    format!("Basic {}", base64url::encode_standard(joined))
}

fn path(rp: &Rp, changes: &[(&str, &str)]) -> String {
    let query = serde_urlencoded::to_string(rp.request_with(changes)).unwrap();
    format!("/oauth/authorize?{query}")
}

/// Sends the browser, signs in and agrees; the parameters it comes back with.
async fn come_back(
    w: &mut World,
    rp: &Rp,
    changes: &[(&str, &str)],
) -> std::collections::BTreeMap<String, String> {
    let answer = w.get(&path(rp, changes)).await;
    let back = w.walk(answer).await;
    assert!(back.place().starts_with(CALLBACK), "{back:?}");
    back.query()
}

async fn tokens(w: &World, rp: &Rp, code: &str) -> Value {
    let held = basic(&rp.id, SECRET);
    let headers = [("authorization", held.as_str())];
    let answer = w
        .call(Method::POST, "/oauth/token", &headers, &rp.redemption(code))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.json()
}

async fn id_token(w: &mut World, rp: &Rp, changes: &[(&str, &str)]) -> (String, Value) {
    let back = come_back(w, rp, changes).await;
    let tokens = tokens(w, rp, &back["code"]).await;
    let token = tokens["id_token"].as_str().unwrap().to_owned();
    let claims = claims_of(&token);
    (token, claims)
}

/// What userinfo answers after a login of this scope.
async fn scoped(w: &mut World, scope: &str) -> Value {
    let rp = w
        .another("scoped", |wanted| {
            wanted.scopes = [
                Scope::Openid,
                Scope::Profile,
                Scope::Email,
                Scope::Phone,
                Scope::Address,
            ]
            .map(|scope| ScopePurpose {
                scope,
                purpose: kernel::Text::new("To know you again", "識別身分"),
            })
            .to_vec();
        })
        .await;
    let tokens = w.login(&rp, &[("scope", scope)]).await;
    let info = w
        .userinfo(&rp, tokens["access_token"].as_str().unwrap())
        .await;
    assert_eq!(info.status, StatusCode::OK, "{info:?}");
    info.json()
}

/// A plain application with one registered address.
async fn asking_back_to(w: &World, uri: &str) -> Rp {
    w.another("queried", |wanted| {
        wanted.profile = Profile::Oidc;
        wanted.redirect_uris = vec![uri.to_owned()];
    })
    .await
}

/// A login, and the browser at the logout endpoint with these parameters.
async fn leave(w: &mut World, asked: &[(&str, &str)], is_hinted: bool) -> Answer {
    let rp = w.rp.clone();
    let tokens = w.login(&rp, &[]).await;
    let mut query = pairs(asked);
    if is_hinted {
        query.extend(pairs(&[(
            "id_token_hint",
            tokens["id_token"].as_str().unwrap(),
        )]));
    }
    let query = serde_urlencoded::to_string(query).unwrap();
    w.get(&format!("/oauth/logout?{query}")).await
}

modules! {
    async fn a_plain_application_signs_a_person_in(w) {
        let rp = plain(w).await;
        let back = come_back(w, &rp, &[("scope", "openid email profile")]).await;
        let tokens = tokens(w, &rp, &back["code"]).await;
        assert_eq!(tokens["token_type"], "Bearer");
        let held = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        for method in [Method::GET, Method::POST] {
            let headers = [("authorization", held.as_str())];
            let info = w.call(method, "/oauth/userinfo", &headers, &[]).await;
            assert_eq!(info.json()["name"], "CHEUNG Ka Yan", "{info:?}");
        }
    }

    async fn userinfo_post_body(w) {
        let rp = plain(w).await;
        let back = come_back(w, &rp, &[("scope", "openid profile")]).await;
        let tokens = tokens(w, &rp, &back["code"]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let form = pairs(&[("access_token", token)]);
        let info = w.call(Method::POST, "/oauth/userinfo", &[], &form).await;
        assert_eq!(info.json()["name"], "CHEUNG Ka Yan", "{info:?}");
        let held = format!("Bearer {token}");
        let twice = [("authorization", held.as_str())];
        let refused = w.call(Method::POST, "/oauth/userinfo", &twice, &form).await;
        refused.refuses("invalid_request");
        let query = format!("/oauth/userinfo?access_token={token}");
        let refused = w.call(Method::GET, &query, &[], &[]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "never in an address");
    }

    async fn userinfo_post_body_is_not_for_bound_tokens(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let form = pairs(&[("access_token", tokens["access_token"].as_str().unwrap())]);
        w.call(Method::POST, "/oauth/userinfo", &[], &form).await.refuses("invalid_token");
    }

    async fn scope_profile(w) {
        let info = scoped(w, "openid profile").await;
        for claim in ["name", "name#zh-Hant", "birthdate", "gender"] {
            assert!(info[claim].is_string(), "{claim}: {info}");
        }
        assert!(info.get("email").is_none() && info.get("address").is_none(), "{info}");
    }

    async fn scope_email(w) {
        let info = scoped(w, "openid email").await;
        assert!(info["email"].is_string() && info["email_verified"].is_boolean(), "{info}");
        assert!(info.get("name").is_none(), "{info}");
    }

    async fn scope_phone(w) {
        let info = scoped(w, "openid phone").await;
        assert!(info["phone_number"].as_str().unwrap().starts_with("+852"), "{info}");
    }

    async fn scope_address(w) {
        let info = scoped(w, "openid address").await;
        assert_eq!(info["address"]["country"], "HK", "{info}");
    }

    async fn scope_all(w) {
        let info = scoped(w, "openid profile email phone address").await;
        for claim in ["sub", "name", "email", "phone_number", "address"] {
            assert!(!info[claim].is_null(), "{claim}: {info}");
        }
    }

    async fn redirect_uri_query_ok(w) {
        let uri = "https://client.example/callback?page=home";
        let rp = asking_back_to(w, uri).await;
        let answer = w.get(&path(&rp, &[("redirect_uri", uri)])).await;
        let back = w.walk(answer).await;
        assert!(back.place().starts_with(&format!("{uri}&code=")), "{back:?}");
    }

    async fn redirect_uri_query_added(w) {
        let rp = asking_back_to(w, "https://client.example/callback?page=home").await;
        let wrong = "https://client.example/callback?page=home&more=1";
        let page = w.get(&path(&rp, &[("redirect_uri", wrong)])).await;
        assert_eq!((page.status, page.place().as_str()), (StatusCode::BAD_REQUEST, ""));
    }

    async fn a_wrong_secret_is_refused(w) {
        let rp = plain(w).await;
        let back = come_back(w, &rp, &[]).await;
        let held = basic(&rp.id, "another secret");
        let headers = [("authorization", held.as_str())];
        let form = rp.redemption(&back["code"]);
        let refused = w.call(Method::POST, "/oauth/token", &headers, &form).await;
        refused.refuses("invalid_client");
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert!(refused.challenge().starts_with("Basic"));
    }

    async fn prompt_none_not_logged_in(w) {
        let rp = plain(w).await;
        let back = w.get(&path(&rp, &[("prompt", "none")])).await;
        assert_eq!(back.query()["error"], "login_required");
    }

    async fn prompt_none_logged_in(w) {
        let rp = plain(w).await;
        come_back(w, &rp, &[]).await;
        let back = w.get(&path(&rp, &[("prompt", "none")])).await;
        assert!(back.query().contains_key("code"), "{back:?}");
        let more = w.get(&path(&rp, &[("prompt", "none"), ("scope", "openid email")])).await;
        assert_eq!(more.query()["error"], "consent_required");
    }

    async fn prompt_login(w) {
        let rp = plain(w).await;
        let (_, first) = id_token(w, &rp, &[]).await;
        w.clock.advance(std::time::Duration::from_secs(5));
        let (_, second) = id_token(w, &rp, &[("prompt", "login")]).await;
        assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
        assert_eq!(first["sub"], second["sub"]);
    }

    async fn max_age_1(w) {
        let rp = plain(w).await;
        let (_, first) = id_token(w, &rp, &[]).await;
        w.clock.advance(std::time::Duration::from_secs(2));
        let (_, second) = id_token(w, &rp, &[("max_age", "1")]).await;
        assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64());
    }

    async fn max_age_10000(w) {
        let rp = plain(w).await;
        let (_, first) = id_token(w, &rp, &[]).await;
        w.clock.advance(std::time::Duration::from_secs(2));
        let (_, second) = id_token(w, &rp, &[("max_age", "10000")]).await;
        assert_eq!(second["auth_time"], first["auth_time"]);
    }

    async fn id_token_hint(w) {
        let rp = plain(w).await;
        let (token, _) = id_token(w, &rp, &[]).await;
        let same = [("prompt", "none"), ("id_token_hint", token.as_str())];
        assert!(w.get(&path(&rp, &same)).await.query().contains_key("code"));
        w.change_browser(Default::default());
        w.person = "siu-hoi-yan";
        id_token(w, &rp, &[]).await;
        let back = w.get(&path(&rp, &same)).await;
        assert_eq!(back.query()["error"], "login_required", "the hint speaks of another");
    }

    async fn request_in_a_body(w) {
        let rp = plain(w).await;
        let form = serde_urlencoded::to_string(rp.request()).unwrap();
        let answer = w.browse(Method::POST, "/oauth/authorize", &form).await;
        let back = w.walk(answer).await;
        assert!(back.query().contains_key("code"), "{back:?}");
    }

    async fn redirect_uri_query_mismatch(w) {
        let rp = plain(w).await;
        let wrong = [("redirect_uri", "https://client.example/callback?added=1")];
        let page = w.get(&path(&rp, &wrong)).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.text.contains("The application asked in the wrong way"), "{page:?}");
    }

    async fn response_type_missing(w) {
        let rp = plain(w).await;
        let back = w.get(&path(&rp, &[("response_type", "")])).await;
        assert_eq!(back.query()["error"], "invalid_request");
    }

    async fn unknown_client_gets_a_page_in_its_readers_language(w) {
        for (lang, words) in [("en", "not known here"), ("tc", "系統不認識"), ("sc", "系统不认识")] {
            let page = w.get(&format!("/oauth/authorize?client_id=nobody&lang={lang}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
            assert!(page.text.contains(words), "{lang}: {page:?}");
        }
    }

    async fn ui_locales_choose_the_language_of_the_pages(w) {
        let rp = plain(w).await;
        let answer = w.get(&path(&rp, &[("ui_locales", "zh-Hant-HK en")])).await;
        assert!(answer.place().starts_with("/tc/connect/"), "{answer:?}");
    }

    async fn registration_sector_subjects_differ_by_sector_and_outlive_keys(w) {
        let rp = plain(w).await;
        let same = w.another("same", |_| {}).await;
        let other = w.another("other", |wanted| wanted.sector = "td".to_owned()).await;
        let (_, first) = id_token(w, &rp, &[]).await;
        w.keys.rotate(trust::Purpose::Session).unwrap();
        let second = w.login(&same, &[]).await;
        let third = w.login(&other, &[]).await;
        let sub = |tokens: &Value| claims_of(tokens["id_token"].as_str().unwrap())["sub"].clone();
        assert_eq!(first["sub"], sub(&second), "one sector, one subject");
        assert_ne!(first["sub"], sub(&third));
    }

    async fn rotate_keys_old_tokens_still_verify(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        w.keys.rotate(trust::Purpose::Session).unwrap();
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.status, StatusCode::OK, "{info:?}");
        let keys = w.call(Method::GET, "/oauth/jwks", &[], &[]).await.json();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
    }

    async fn rp_initiated_logout(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let query = [
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", "https://client.example/bye"),
            ("state", "s 1"),
        ];
        let query = serde_urlencoded::to_string(query).unwrap();
        let back = w.get(&format!("/oauth/logout?{query}")).await;
        assert_eq!(back.place(), "https://client.example/bye?state=s+1");
        let path = w.push(&rp, rp.request_with(&[("prompt", "none")])).await;
        assert_eq!(w.get(&path).await.query()["error"], "login_required");
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        info.refuses("invalid_token");
    }

    async fn rp_initiated_logout_bad_post_logout_redirect_uri(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let hint = tokens["id_token"].as_str().unwrap();
        for uri in ["https://evil.example/", "https://client.example/bye/more"] {
            let query = [("id_token_hint", hint), ("post_logout_redirect_uri", uri)];
            let query = serde_urlencoded::to_string(query).unwrap();
            let page = w.get(&format!("/oauth/logout?{query}")).await;
            assert_eq!(page.status, StatusCode::BAD_REQUEST);
        }
    }

    async fn rp_initiated_logout_query_added_to_post_logout_redirect_uri(w) {
        let page = leave(w, &[("post_logout_redirect_uri", "https://client.example/bye?more=1")], true).await;
        assert_eq!((page.status, page.place().as_str()), (StatusCode::BAD_REQUEST, ""));
    }

    async fn rp_initiated_logout_bad_id_token_hint(w) {
        let asked = [("id_token_hint", "nonsense"), ("post_logout_redirect_uri", BYE)];
        let page = leave(w, &asked, false).await;
        assert_eq!((page.status, page.place().as_str()), (StatusCode::BAD_REQUEST, ""));
    }

    async fn rp_initiated_logout_no_id_token_hint(w) {
        let asked = [("client_id", "rates"), ("post_logout_redirect_uri", BYE), ("state", "s")];
        let page = leave(w, &asked, false).await;
        assert!(page.text.contains("Sign out here as well?"), "the person is asked: {page:?}");
        // Without any name of a client there is nowhere to send the browser.
        let page = leave(w, &[("post_logout_redirect_uri", BYE)], false).await;
        assert_eq!((page.status, page.place().as_str()), (StatusCode::BAD_REQUEST, ""));
    }

    async fn rp_initiated_logout_no_post_logout_redirect_uri(w) {
        let back = leave(w, &[("state", "s")], true).await;
        assert!(back.place().ends_with("/sign-out"), "a page of ours: {back:?}");
        let path = w.push(&w.rp.clone(), w.rp.request_with(&[("prompt", "none")])).await;
        assert_eq!(w.get(&path).await.query()["error"], "login_required");
    }

    async fn rp_initiated_logout_no_state(w) {
        let back = leave(w, &[("post_logout_redirect_uri", BYE)], true).await;
        assert_eq!(back.place(), BYE);
    }

    async fn rp_initiated_logout_only_state(w) {
        let page = leave(w, &[("state", "s")], false).await;
        assert!(page.text.contains("Sign out here as well?"), "the person is asked: {page:?}");
    }

    async fn rp_initiated_logout_no_params_asks_the_person(w) {
        let rp = w.rp.clone();
        w.login(&rp, &[]).await;
        let page = w.get("/oauth/logout").await;
        assert!(page.text.contains("Sign out here as well?"), "{page:?}");
        let path = w.push(&rp, rp.request_with(&[("prompt", "none")])).await;
        assert!(w.get(&path).await.query().contains_key("code"), "nothing ended yet");
    }

    async fn rp_initiated_logout_modified_id_token_hint(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let hint = tokens["id_token"].as_str().unwrap();
        let (start, _) = hint.rsplit_once('.').unwrap();
        let page = w.get(&format!("/oauth/logout?id_token_hint={start}.AAAA")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
    }

    async fn backchannel_rp_initiated_logout(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let id = claims_of(tokens["id_token"].as_str().unwrap());
        let query = [("id_token_hint", tokens["id_token"].as_str().unwrap())];
        let query = serde_urlencoded::to_string(query).unwrap();
        w.get(&format!("/oauth/logout?{query}")).await;
        *w.letterbox.answer.lock().unwrap() = crate::provider::Sent::Unheard;
        let runner = || {
            let runner = journal::Runner::new(w.store.clone(), journal::Calendar::new());
            crate::provider::jobs(runner, &w.provider)
        };
        runner().settle().await.unwrap();
        *w.letterbox.answer.lock().unwrap() = crate::provider::Sent::Heard;
        w.clock.advance(std::time::Duration::from_secs(60));
        runner().settle().await.unwrap();
        let posts = w.letterbox.posts.lock().unwrap().clone();
        assert_eq!(posts.len(), 2, "told again until heard: {posts:?}");
        assert_eq!(posts[1].uri, "https://client.example/logout");
        let token = posts[1].body.strip_prefix("logout_token=").unwrap();
        let claims = claims_of(token);
        assert_eq!((&claims["sub"], &claims["sid"]), (&id["sub"], &id["sid"]));
        assert!(claims.get("nonce").is_none());
        assert!(claims["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
        let head = token.split('.').next().unwrap();
        let head: Value = serde_json::from_slice(&base64url::decode(head).unwrap()).unwrap();
        assert_eq!(head["typ"], "logout+jwt");
    }

    async fn offline_access_outlives_the_session(w) {
        let rp = w.rp.clone();
        for (scope, status) in [("openid", 400), ("openid offline_access", 200)] {
            let tokens = w.login(&rp, &[("scope", scope)]).await;
            let query = [("id_token_hint", tokens["id_token"].as_str().unwrap())];
            let query = serde_urlencoded::to_string(query).unwrap();
            w.get(&format!("/oauth/logout?{query}")).await;
            let form = pairs(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ]);
            let proof = rp.proof("POST", "/oauth/token");
            let again = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
            assert_eq!(again.status.as_u16(), status, "{scope}: {again:?}");
        }
    }

    async fn userinfo_refuses_other_tokens(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let id = tokens["id_token"].as_str().unwrap();
        w.userinfo(&rp, id).await.refuses("invalid_token");
        w.userinfo(&rp, "garbage").await.refuses("invalid_token");
        let bare = w.call(Method::GET, "/oauth/userinfo", &[], &[]).await;
        assert_eq!(bare.status, StatusCode::UNAUTHORIZED);
    }

    async fn an_expired_access_token_is_refused(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        w.clock.advance(std::time::Duration::from_secs(300));
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        info.refuses("invalid_token");
        assert!(info.challenge().starts_with("DPoP error=\"invalid_token\""));
    }

    async fn a_person_who_is_suspended_is_nobody_to_clients(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let vault = w.keys.vault();
        let phone = crate::demo::phone(&w.store, &vault, w.person).await.unwrap();
        let id = phone.person.id;
        w.store
            .write(&kernel::Actor::system("test"), move |tx| async move {
                crate::set_person_state_in(&tx, id, crate::PersonState::Suspended, "a test").await
            })
            .await
            .unwrap();
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        info.refuses("invalid_token");
        let form = pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        let again = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
        again.refuses("invalid_grant");
    }

    async fn what_a_client_read_stands_in_the_persons_history(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("scope", "openid profile")]).await;
        w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        let vault = w.keys.vault();
        let phone = crate::demo::phone(&w.store, &vault, w.person).await.unwrap();
        let readings = crate::readings_of(&w.store, phone.person.id).await.unwrap();
        assert_eq!(readings[0].reader.en, "Rates e-account");
        assert_eq!(readings[0].reason.en, "To know you again");
        assert!(readings[0].fields.contains(&crate::FieldKey::NameEn));
    }

    async fn the_three_ways_of_no_are_told_apart(w) {
        let rp = w.rp.clone();
        let mut reasons = std::collections::BTreeSet::new();
        for way in ["reject", "cancel", "expire"] {
            w.change_browser(Default::default());
            let path = w.push(&rp, rp.request()).await;
            let connect = w.get(&path).await.place();
            let waiting = w.get(&connect).await.place();
            match way {
                "reject" => w.phone(&waiting, Decision::Reject).await,
                "cancel" => {
                    let page = w.get(&waiting).await;
                    let token = page.text.split("name=\"csrf\" value=\"").nth(1).unwrap();
                    let form = format!("csrf={}", token.split('"').next().unwrap());
                    w.browse(Method::POST, &format!("{waiting}/cancel"), &form).await;
                }
                _ => w.clock.advance(crate::SIGN_IN_TTL),
            }
            let answer = w.get(&waiting).await;
            let back = w.walk(answer).await.query();
            assert_eq!(back["error"], "access_denied");
            reasons.insert(back["error_description"].clone());
        }
        assert_eq!(reasons.len(), 3, "{reasons:?}");
    }

    async fn the_demonstrations_clients_are_in_force(w) {
        w.seed_demo().await;
        w.seed_demo().await;
        for id in [demo::RATES, demo::LIBRARY] {
            assert!(w.provider.client(id).await.unwrap().is_some(), "{id}");
        }
        assert_eq!(json!(Profile::Fapi2Sp), "fapi2_sp");
    }
}
