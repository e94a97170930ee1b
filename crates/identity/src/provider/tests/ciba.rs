//! Modules of the FAPI-CIBA plan: poll and ping, on the house's approval.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{
    modules,
    world::{Answer, Pairs, Rp, World, claims_of, pairs},
};
use crate::{
    Approval, Decision,
    provider::client::{ClientState, Profile},
};

/// A login, so that the client knows the person; the ID token and the subject.
async fn known(w: &mut World, rp: &Rp) -> (String, String) {
    let tokens = w.login(rp, &[]).await;
    let token = tokens["id_token"].as_str().unwrap().to_owned();
    let subject = claims_of(&token)["sub"].as_str().unwrap().to_owned();
    (token, subject)
}

async fn ask(w: &World, rp: &Rp, form: Pairs) -> Answer {
    let proof = rp.proof("POST", "/oauth/bc-authorize");
    w.post("/oauth/bc-authorize", Some(&proof), &rp.signed(form))
        .await
}

async fn begin(w: &World, rp: &Rp, subject: &str, more: &[(&str, &str)]) -> String {
    let mut form = pairs(&[("login_hint", subject)]);
    form.extend(pairs(more));
    if !form.iter().any(|(name, _)| name == "scope") {
        form.extend(pairs(&[("scope", "openid")]));
    }
    let asked = ask(w, rp, form).await;
    assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
    assert_eq!(asked.json()["interval"], 5);
    asked.json()["auth_req_id"].as_str().unwrap().to_owned()
}

async fn poll(w: &World, rp: &Rp, id: &str) -> Answer {
    let form = pairs(&[
        ("grant_type", "urn:openid:params:grant-type:ciba"),
        ("auth_req_id", id),
    ]);
    let proof = rp.proof("POST", "/oauth/token");
    w.post("/oauth/token", Some(&proof), &rp.signed(form)).await
}

/// What waits on the person's phone.
async fn shown(w: &World) -> Approval {
    let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person)
        .await
        .unwrap();
    crate::open_of(&w.store, phone.person.id)
        .await
        .unwrap()
        .remove(0)
}

async fn answer(w: &World, decision: Decision) {
    let id = shown(w).await.id;
    w.phone(&format!("/en/approvals/{id}"), decision).await;
}

modules! {
    async fn ciba_happy_flow(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[("binding_message", "Case 17")]).await;
        let seen = shown(w).await;
        assert_eq!(seen.requester.en, "Rates e-account");
        assert_eq!(seen.detail[0].value.en, "Case 17");
        poll(w, &rp, &id).await.refuses("authorization_pending");
        answer(w, Decision::Approve).await;
        let tokens = poll(w, &rp, &id).await;
        assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
        let claims = claims_of(tokens.json()["id_token"].as_str().unwrap());
        assert_eq!(claims["sub"], subject);
        assert_eq!(claims["urn:openid:params:jwt:claim:auth_req_id"], id);
    }

    async fn multiple_call_to_token_endpoint(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        answer(w, Decision::Approve).await;
        assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK);
        poll(w, &rp, &id).await.refuses("invalid_grant");
    }

    async fn slow_down_when_polled_too_often(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        poll(w, &rp, &id).await.refuses("authorization_pending");
        poll(w, &rp, &id).await.refuses("slow_down");
        w.clock.advance(std::time::Duration::from_secs(5));
        poll(w, &rp, &id).await.refuses("authorization_pending");
    }

    async fn auth_req_id_expired(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        w.clock.advance(crate::SIGN_IN_TTL);
        poll(w, &rp, &id).await.refuses("expired_token");
    }

    async fn ciba_user_rejects_authentication(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        answer(w, Decision::Reject).await;
        poll(w, &rp, &id).await.refuses("access_denied");
    }

    async fn wrong_auth_req_id(w) {
        let rp = w.rp.clone();
        poll(w, &rp, "wrong").await.refuses("invalid_grant");
        let other = w.another("other", |_| {}).await;
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        poll(w, &other, &id).await.refuses("invalid_grant");
    }

    async fn what_will_be_read_is_shown_on_the_phone(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        begin(w, &rp, &subject, &[("scope", "openid profile")]).await;
        let seen = shown(w).await;
        assert_eq!(seen.detail[0].label.en, "Reads name, birth, sex");
        assert_eq!(seen.detail[0].value.en, "To know you again");
    }

    async fn nobody_is_asked_to_act_for_a_company_of_others(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let details = json!([{ "type": "act_for", "company": "0990001" }]).to_string();
        let form = pairs(&[
            ("scope", "openid"), ("login_hint", &subject), ("authorization_details", &details),
        ]);
        ask(w, &rp, form).await.refuses("access_denied");
    }

    async fn multiple_hints_fails(w) {
        let rp = w.rp.clone();
        let (token, subject) = known(w, &rp).await;
        let both = pairs(&[("scope", "openid"), ("login_hint", &subject), ("id_token_hint", &token)]);
        ask(w, &rp, both).await.refuses("invalid_request");
        ask(w, &rp, pairs(&[("scope", "openid")])).await.refuses("invalid_request");
    }

    async fn an_id_token_is_a_hint(w) {
        let rp = w.rp.clone();
        let (token, _) = known(w, &rp).await;
        let form = pairs(&[("scope", "openid"), ("id_token_hint", &token)]);
        assert_eq!(ask(w, &rp, form).await.status, StatusCode::OK);
    }

    async fn strangers_and_those_who_withdrew_are_unknown(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let other = w.another("other", |_| {}).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        ask(w, &other, form.clone()).await.refuses("unknown_user_id");
        let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person).await.unwrap();
        crate::provider::disconnect(&w.store, phone.person.id, &rp.id).await.unwrap();
        ask(w, &rp, form).await.refuses("unknown_user_id");
    }

    async fn potentially_bad_binding_message(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        for message in ["1234 \u{1f44d}", &"x".repeat(101), "<b>"] {
            let form = pairs(&[
                ("scope", "openid"), ("login_hint", &subject), ("binding_message", message),
            ]);
            ask(w, &rp, form).await.refuses("invalid_binding_message");
        }
    }

    async fn ciba_request_object_is_needed_from_clients_that_sign(w) {
        let rp = w.another("signer", |wanted| wanted.profile = Profile::Fapi2Ms).await;
        let subject = {
            let object = rp.object_with(&rp.request(), |_| {});
            let form = rp.signed(pairs(&[("client_id", &rp.id), ("request", &object)]));
            let pushed = w.post("/oauth/par", None, &form).await.json();
            let uri = pushed["request_uri"].as_str().unwrap();
            let answer = w.get(&format!("/oauth/authorize?client_id=signer&request_uri={uri}")).await;
            let back = w.walk(answer).await.query();
            let code = claims_of(&back["response"])["code"].as_str().unwrap().to_owned();
            let tokens = w.redeem(&rp, &code).await.json();
            claims_of(tokens["id_token"].as_str().unwrap())["sub"].as_str().unwrap().to_owned()
        };
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        ask(w, &rp, form.clone()).await.refuses("invalid_request");
        let object = rp.object_with(&form, |_| {});
        let signed = pairs(&[("request", &object)]);
        assert_eq!(ask(w, &rp, signed).await.status, StatusCode::OK);
    }

    async fn ping_backchannel_notification(w) {
        let rp = w.another("pinged", |wanted| {
            wanted.ciba_notification_uri = Some("https://client.example/ping".to_owned());
        }).await;
        let (_, subject) = known(w, &rp).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        ask(w, &rp, form).await.refuses("invalid_request");
        let id = begin(w, &rp, &subject, &[("client_notification_token", "token-1")]).await;
        answer(w, Decision::Approve).await;
        let runner = journal::Runner::new(w.store.clone(), journal::Calendar::new());
        crate::provider::jobs(runner, &w.provider).settle().await.unwrap();
        let posts = w.letterbox.posts.lock().unwrap().clone();
        let ping = posts.iter().find(|post| post.uri == "https://client.example/ping").unwrap();
        assert_eq!(ping.authorization.as_deref(), Some("Bearer token-1"));
        let body: Value = serde_json::from_str(&ping.body).unwrap();
        assert_eq!(body, json!({ "auth_req_id": id }));
        assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK);
    }

    async fn a_poll_with_another_key_is_refused(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        answer(w, Decision::Approve).await;
        let key = std::sync::Arc::new(trust::SigningKey::generate(w.store.env()).unwrap());
        let thief = Rp { dpop: key, ..rp.clone() };
        poll(w, &thief, &id).await.refuses("invalid_grant");
        assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK);
    }

    async fn a_client_without_the_grant_may_not_ask(w) {
        let rp = w.another("quiet", |wanted| {
            wanted.grants.retain(|kind| *kind != crate::provider::GrantKind::Ciba);
        }).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", "x")]);
        ask(w, &rp, form).await.refuses("unauthorized_client");
        let record = crate::provider::find_client(&w.store, "quiet").await.unwrap().unwrap();
        assert_eq!(record.state(), ClientState::Approved);
    }
}
