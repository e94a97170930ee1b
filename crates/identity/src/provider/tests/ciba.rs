//! Modules of the FAPI-CIBA plan: poll and ping, on the house's approval.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use trust::base64url;

use super::{
    modules,
    world::{Answer, Pairs, Rp, World, claims_of, pairs},
};
use crate::{
    Approval, Decision, Level,
    provider::{
        Post, Sent,
        client::{ClientState, Profile},
    },
};

const PING: &str = "https://client.example/ping";

/// A login, so that the client knows the person; the ID token and the subject.
async fn known(w: &mut World, rp: &Rp) -> (String, String) {
    let tokens = w.login(rp, &[]).await;
    let token = tokens["id_token"].as_str().unwrap().to_owned();
    let subject = claims_of(&token)["sub"].as_str().unwrap().to_owned();
    (token, subject)
}

/// Asks in the way of the FAPI profiles: all of it signed.
async fn ask(w: &World, rp: &Rp, form: Pairs) -> Answer {
    let object = rp.object_once(&form, |_| {});
    send(w, rp, pairs(&[("request", &object)])).await
}

/// Asks with a request object changed by `edit`.
async fn ask_with(w: &World, edit: impl FnOnce(&mut Map<String, Value>)) -> Answer {
    let rp = w.rp.clone();
    let form = pairs(&[("scope", "openid"), ("login_hint", "whoever")]);
    let object = rp.object_once(&form, edit);
    send(w, &rp, pairs(&[("request", &object)])).await
}

async fn send(w: &World, rp: &Rp, form: Pairs) -> Answer {
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

async fn withdraw(w: &World, rp: &Rp, id: &str) -> Answer {
    let form = pairs(&[("auth_req_id", id)]);
    w.post("/oauth/bc-withdraw", None, &rp.signed(form)).await
}

/// A client that wants to be told.
async fn pinged(w: &World) -> Rp {
    w.another("pinged", |wanted| {
        wanted.ciba_notification_uri = Some(PING.to_owned());
    })
    .await
}

fn pings(w: &World) -> Vec<Post> {
    let posts = w.letterbox.posts.lock().unwrap();
    let pings = posts.iter().filter(|post| post.uri == PING);
    pings.cloned().collect()
}

async fn settle(w: &World) {
    let runner = journal::Runner::new(w.store.clone(), journal::Calendar::new());
    let mut runner = crate::provider::jobs(runner, &w.provider);
    runner.settle().await.unwrap();
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
        send(w, &rp, form.clone()).await.refuses("invalid_request");
        assert_eq!(ask(w, &rp, form).await.status, StatusCode::OK);
    }

    async fn ping_backchannel_notification(w) {
        let rp = pinged(w).await;
        let (_, subject) = known(w, &rp).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        ask(w, &rp, form).await.refuses("invalid_request");
        let id = begin(w, &rp, &subject, &[("client_notification_token", "token-1")]).await;
        answer(w, Decision::Approve).await;
        settle(w).await;
        let ping = pings(w).remove(0);
        assert_eq!(ping.authorization.as_deref(), Some("Bearer token-1"));
        let body: Value = serde_json::from_str(&ping.body).unwrap();
        assert_eq!(body, json!({ "auth_req_id": id }));
        assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK);
    }

    /// What a client answers with 401, 403 or a redirect is `Unheard` (see the way out's own test), with
    /// 400 `Refused`: in no case is the outcome lost.
    async fn ping_backchannel_notification_endpoint_response_costs_nobody_the_outcome(w) {
        let rp = pinged(w).await;
        let (_, subject) = known(w, &rp).await;
        for (answered, times) in [(Sent::Unheard, 2), (Sent::Refused, 1)] {
            *w.letterbox.answer.lock().unwrap() = answered;
            let id = begin(w, &rp, &subject, &[("client_notification_token", "token-1")]).await;
            answer(w, Decision::Approve).await;
            settle(w).await;
            w.clock.advance(std::time::Duration::from_secs(60));
            settle(w).await;
            let own = pings(w).into_iter().filter(|post| post.body.contains(&id));
            assert_eq!(own.count(), times, "{answered:?}");
            assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK, "{answered:?}");
        }
    }

    async fn ping_backchannel_notification_of_what_ran_out(w) {
        let rp = pinged(w).await;
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[("client_notification_token", "token-1")]).await;
        w.clock.advance(crate::SIGN_IN_TTL);
        crate::sweep(&w.store).await.unwrap();
        crate::sweep(&w.store).await.unwrap();
        settle(w).await;
        let told = pings(w);
        assert_eq!(told.len(), 1, "told once: {told:?}");
        assert!(told[0].body.contains(&id));
        poll(w, &rp, &id).await.refuses("expired_token");
    }

    async fn ping_backchannel_notification_of_what_was_rejected(w) {
        let rp = pinged(w).await;
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[("client_notification_token", "token-1")]).await;
        answer(w, Decision::Reject).await;
        settle(w).await;
        assert!(pings(w)[0].body.contains(&id));
        poll(w, &rp, &id).await.refuses("access_denied");
    }

    async fn the_code_of_the_answer_is_the_one_the_phone_shows(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let asked = ask(w, &rp, pairs(&[("scope", "openid"), ("login_hint", &subject)])).await.json();
        let code = asked["binding_code"].as_str().unwrap();
        assert_eq!(code.len(), 4, "{asked}");
        assert_eq!(code, shown(w).await.code);
    }

    async fn binding_message_comes_first_and_may_have_a_hundred_characters(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        for message in ["W4SCT-0417".to_owned(), "續".repeat(100)] {
            begin(w, &rp, &subject, &[("binding_message", &message), ("scope", "openid profile")]).await;
            assert_eq!(shown(w).await.detail[0].value.en, message);
            w.clock.advance(std::time::Duration::from_secs(1));
        }
    }

    async fn acr_values_are_asked_of_the_phone(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let both = format!("{} {}", crate::provider::ACR_PLUS, crate::provider::ACR_BASIC);
        for (acr, level) in [(crate::provider::ACR_PLUS, Level::Plus), (&both, Level::Basic), ("urn:other", Level::Basic)] {
            begin(w, &rp, &subject, &[("acr_values", acr)]).await;
            assert_eq!(shown(w).await.asked, level, "{acr}");
            w.clock.advance(std::time::Duration::from_secs(1));
        }
    }

    async fn a_client_says_how_long_it_needs_the_answer_within_our_own_time(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let own = crate::SIGN_IN_TTL.as_secs();
        for (wanted, given) in [("30", 30), ("86400", own)] {
            let form = pairs(&[("scope", "openid"), ("login_hint", &subject), ("requested_expiry", wanted)]);
            let asked = ask(w, &rp, form).await.json();
            assert_eq!(asked["expires_in"], given, "{asked}");
        }
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject), ("requested_expiry", "0")]);
        ask(w, &rp, form).await.refuses("invalid_request");
        let id = begin(w, &rp, &subject, &[("requested_expiry", "10")]).await;
        w.clock.advance(std::time::Duration::from_secs(10));
        poll(w, &rp, &id).await.refuses("expired_token");
    }

    async fn what_a_client_withdraws_leaves_the_phone_and_the_poll_hears_it(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        let seen = shown(w).await;
        let other = w.another("other", |_| {}).await;
        withdraw(w, &other, &id).await.refuses("invalid_grant");
        withdraw(w, &rp, "wrong").await.refuses("invalid_grant");
        assert_eq!(withdraw(w, &rp, &id).await.json()["status"], "withdrawn");
        let state = crate::store::approval::get_for_test(&w.store, seen.id).await.state;
        assert_eq!(state, crate::ApprovalState::Cancelled);
        let polled = poll(w, &rp, &id).await;
        polled.refuses("access_denied");
        assert_eq!(polled.json()["error_description"], "the request was withdrawn");
        withdraw(w, &rp, &id).await.refuses("invalid_grant");
    }

    async fn what_was_approved_is_not_withdrawn(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let id = begin(w, &rp, &subject, &[]).await;
        answer(w, Decision::Approve).await;
        withdraw(w, &rp, &id).await.refuses("invalid_grant");
        assert_eq!(poll(w, &rp, &id).await.status, StatusCode::OK);
    }

    async fn ciba_ensure_unsigned_request_fails(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        send(w, &rp, form).await.refuses("invalid_request");
    }

    async fn ciba_ensure_request_object_without_exp_fails(w) {
        ask_with(w, |claims| { claims.remove("exp"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_expired_request_object_fails(w) {
        let past = w.rp.now() - 20;
        let edit = |claims: &mut Map<String, Value>| { claims.insert("exp".to_owned(), json!(past)); };
        ask_with(w, edit).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_with_exp_over_60_fails(w) {
        // An hour from now, and yet too long: it began before.
        let (from, until) = (w.rp.now() - 1_800, w.rp.now() + 3_000);
        let edit = |claims: &mut Map<String, Value>| {
            claims.insert("nbf".to_owned(), json!(from));
            claims.insert("exp".to_owned(), json!(until));
        };
        ask_with(w, edit).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_without_nbf_fails(w) {
        ask_with(w, |claims| { claims.remove("nbf"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_with_nbf_over_60_fails(w) {
        let far = w.rp.now() - 4_200;
        let edit = |claims: &mut Map<String, Value>| { claims.insert("nbf".to_owned(), json!(far)); };
        ask_with(w, edit).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_without_iat_fails(w) {
        ask_with(w, |claims| { claims.remove("iat"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_without_jti_fails(w) {
        ask_with(w, |claims| { claims.remove("jti"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_is_used_once(w) {
        let rp = w.rp.clone();
        let (_, subject) = known(w, &rp).await;
        let form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
        let form = pairs(&[("request", &rp.object_once(&form, |_| {}))]);
        assert_eq!(send(w, &rp, form.clone()).await.status, StatusCode::OK);
        send(w, &rp, form).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_without_aud_fails(w) {
        ask_with(w, |claims| { claims.remove("aud"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_with_bad_aud_fails(w) {
        let edit = |claims: &mut Map<String, Value>| {
            claims.insert("aud".to_owned(), json!("https://elsewhere.example"));
        };
        ask_with(w, edit).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_without_iss_fails(w) {
        ask_with(w, |claims| { claims.remove("iss"); }).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_with_bad_iss_fails(w) {
        let edit = |claims: &mut Map<String, Value>| { claims.insert("iss".to_owned(), json!("other")); };
        ask_with(w, edit).await.refuses("invalid_request_object");
    }

    async fn ciba_ensure_request_object_signature_is_checked(w) {
        let rp = w.rp.clone();
        let form = pairs(&[("scope", "openid"), ("login_hint", "whoever")]);
        let thief = Rp { key: rp.dpop.clone(), ..rp.clone() };
        let (object, forged) = (rp.object_once(&form, |_| {}), thief.object_once(&form, |_| {}));
        let (start, _) = object.rsplit_once('.').unwrap();
        for object in [format!("{start}.AAAA"), forged] {
            send(w, &rp, pairs(&[("request", &object)])).await.refuses("invalid_request_object");
        }
    }

    async fn ciba_ensure_request_object_with_rs256_or_none_fails(w) {
        let rp = w.rp.clone();
        let form = pairs(&[("scope", "openid"), ("login_hint", "whoever")]);
        let object = rp.object_once(&form, |_| {});
        let (_, rest) = object.split_once('.').unwrap();
        for alg in ["RS256", "none"] {
            let head = json!({ "alg": alg, "kid": rp.key.kid() }).to_string();
            let forged = format!("{}.{rest}", base64url::encode(head));
            send(w, &rp, pairs(&[("request", &forged)])).await.refuses("invalid_request_object");
        }
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
