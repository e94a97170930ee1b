//! Whose a token is for (RFC 8707), and who learns of it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    modules,
    world::{Answer, Rp, World, claims_of, pairs},
};
use crate::provider::{ClientChange, client::Profile};

const PERMITS: &str = "https://permits.example/api";
const HEALTH: &str = "https://health.example/api";

/// An application of another department that guards `resource`.
async fn guard(w: &World, id: &'static str, resource: &str) -> Rp {
    w.another(id, |wanted| {
        wanted.name = kernel::Text::new("Permit records", "許可證紀錄");
        wanted.sector = id.to_owned();
        wanted.is_resource = true;
        wanted.resource = Some(resource.to_owned());
    })
    .await
}

async fn look(w: &World, rp: &Rp, token: &str) -> Value {
    let form = rp.signed(pairs(&[("token", token)]));
    let found = w.post("/oauth/introspect", None, &form).await;
    assert_eq!(found.status, StatusCode::OK, "{found:?}");
    found.json()
}

async fn renew(w: &World, tokens: &Value, more: &[(&str, &str)]) -> Answer {
    let rp = w.rp.clone();
    let mut form = pairs(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ]);
    form.extend(pairs(more));
    let proof = rp.proof("POST", "/oauth/token");
    w.post("/oauth/token", Some(&proof), &rp.signed(form)).await
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

modules! {
    async fn a_token_for_a_resource_is_for_nobody_else(w) {
        let rp = w.rp.clone();
        let permits = guard(w, "permits", PERMITS).await;
        let health = guard(w, "health", HEALTH).await;
        let none = json!({ "active": false });
        let tokens = w.login(&rp, &[("resource", PERMITS)]).await;
        assert_eq!(claims_of(access(&tokens))["aud"], PERMITS);
        let found = look(w, &permits, access(&tokens)).await;
        assert_eq!((found["active"].as_bool(), found["client_id"].as_str()), (Some(true), Some("rates")));
        assert_eq!(look(w, &health, access(&tokens)).await, none);
        w.userinfo(&rp, access(&tokens)).await.refuses("invalid_token");
        assert_eq!(look(w, &rp, access(&tokens)).await["active"], true, "its own client knows it");
        assert_eq!(look(w, &permits, tokens["refresh_token"].as_str().unwrap()).await, none);
    }

    async fn a_token_without_a_resource_is_for_this_platform_alone(w) {
        let rp = w.rp.clone();
        let permits = guard(w, "permits", PERMITS).await;
        let other = w.another("other", |_| {}).await;
        let tokens = w.login(&rp, &[]).await;
        assert_eq!(claims_of(access(&tokens))["aud"], rp.issuer);
        for stranger in [&permits, &other] {
            assert_eq!(look(w, stranger, access(&tokens)).await, json!({ "active": false }));
        }
        assert_eq!(w.userinfo(&rp, access(&tokens)).await.status, StatusCode::OK);
    }

    async fn a_suspended_guard_is_nobodys_audience(w) {
        let rp = w.rp.clone();
        guard(w, "permits", PERMITS).await;
        w.step("operator", "permits", ClientChange::Suspend).await.unwrap();
        w.par(&rp, rp.request_with(&[("resource", PERMITS)])).await.refuses("invalid_target");
    }

    async fn a_resource_nobody_registered_is_refused_wherever_it_is_named(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let subject = claims_of(tokens["id_token"].as_str().unwrap())["sub"].clone();
        w.par(&rp, rp.request_with(&[("resource", PERMITS)])).await.refuses("invalid_target");
        let plain = w.another("plain", |wanted| wanted.profile = Profile::Oidc).await;
        let query = serde_urlencoded::to_string(plain.request_with(&[("resource", PERMITS)])).unwrap();
        let back = w.get(&format!("/oauth/authorize?{query}")).await;
        assert_eq!(back.query()["error"], "invalid_target", "{back:?}");
        let form = pairs(&[
            ("scope", "openid"), ("login_hint", subject.as_str().unwrap()), ("resource", PERMITS),
        ]);
        let form = pairs(&[("request", &rp.object_once(&form, |_| {}))]);
        let proof = rp.proof("POST", "/oauth/bc-authorize");
        let asked = w.post("/oauth/bc-authorize", Some(&proof), &rp.signed(form)).await;
        asked.refuses("invalid_target");
        let details = json!([{ "type": "act_for", "company": "1234567" }]).to_string();
        let form = pairs(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", access(&tokens)),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("authorization_details", &details), ("resource", PERMITS),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        let exchanged = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
        exchanged.refuses("invalid_target");
    }

    async fn a_code_is_not_lost_over_a_resource_the_person_was_not_asked_for(w) {
        let rp = w.rp.clone();
        guard(w, "permits", PERMITS).await;
        let code = w.code(&rp, rp.request()).await;
        let mut form = rp.redemption(&code);
        form.extend(pairs(&[("resource", PERMITS)]));
        let proof = rp.proof("POST", "/oauth/token");
        let refused = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
        refused.refuses("invalid_target");
        assert_eq!(w.redeem(&rp, &code).await.status, StatusCode::OK);
    }

    async fn one_login_gives_tokens_for_the_resource_and_for_this_platform(w) {
        let rp = w.rp.clone();
        guard(w, "permits", PERMITS).await;
        let tokens = w.login(&rp, &[("resource", PERMITS)]).await;
        let own = renew(w, &tokens, &[("resource", &rp.issuer)]).await.json();
        assert_eq!(w.userinfo(&rp, access(&own)).await.status, StatusCode::OK);
        let again = renew(w, &tokens, &[]).await.json();
        assert_eq!(claims_of(access(&again))["aud"], PERMITS);
        renew(w, &tokens, &[("resource", HEALTH)]).await.refuses("invalid_target");
    }

    async fn the_person_reads_whose_resource_it_is_and_is_asked_for_each(w) {
        let rp = w.rp.clone();
        guard(w, "permits", PERMITS).await;
        w.login(&rp, &[]).await;
        let quiet = [("prompt", "none"), ("resource", PERMITS)];
        let path = w.push(&rp, rp.request_with(&quiet)).await;
        assert_eq!(w.get(&path).await.query()["error"], "consent_required");
        let path = w.push(&rp, rp.request_with(&[("resource", PERMITS)])).await;
        let connect = w.get(&path).await.place();
        let page = w.get(&connect).await;
        assert!(page.text.contains("It will use this at Permit records"), "{page:?}");
        w.choose(&page, &connect, "allow").await;
        let path = w.push(&rp, rp.request_with(&quiet)).await;
        assert!(w.get(&path).await.query().contains_key("code"), "agreed to once");
        let listed = w.get("/en/connections").await;
        for words in ["Also used at", "Permit records", PERMITS] {
            assert!(listed.text.contains(words), "{words}: {listed:?}");
        }
    }

    async fn what_resources_are_called_nobody_elses_are(w) {
        guard(w, "permits", PERMITS).await;
        let mut wanted = super::world::registration(&w.rp.key);
        wanted.is_resource = true;
        for bad in [None, Some("http://127.0.0.1/api"), Some("https://a.example/?x=1"), Some("https://a.example/#x")] {
            wanted.resource = bad.map(str::to_owned);
            assert!(wanted.flaws().iter().any(|flaw| flaw.field == "resource"), "{bad:?}");
        }
        wanted.resource = Some(PERMITS.to_owned());
        assert!(wanted.flaws().is_empty());
        let revision = crate::provider::find_client(&w.store, "rates").await.unwrap().unwrap().revision;
        let change = ClientChange::Propose(Box::new(wanted), revision);
        w.step("author", "rates", change).await.unwrap();
        w.step("author", "rates", ClientChange::Submit).await.unwrap();
        let refused = w.step("approver", "rates", ClientChange::Approve).await;
        assert!(matches!(refused, Err(crate::Error::Malformed("resource"))), "{refused:?}");
    }
}
