//! An officer acts for a person who is not there.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::json;
use trust::SigningKey;

use super::{
    modules,
    world::{Answer, Rp, World, claims_of, pairs, registration},
};
use crate::provider::{client::ScopePurpose, scope::Scope};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";
const AGREED: &str = "openid profile on_behalf";
const REASON: &str = "Called about a refused parking permit";

/// An application of the Transport Department whose officers act for people.
async fn permits(w: &World) -> Rp {
    let key = Arc::new(SigningKey::generate(w.store.env()).unwrap());
    let mut wanted = registration(&key);
    wanted.sector = "td".to_owned();
    wanted.scopes.push(ScopePurpose {
        scope: Scope::OnBehalf,
        purpose: kernel::Text::new("To help you by telephone", "以電話為你提供協助"),
    });
    w.register_for("permits", "td", wanted).await;
    Rp {
        id: "permits".to_owned(),
        key,
        ..w.rp.clone()
    }
}

/// What the client has: the person's ID token and, from another browser, the officer's access token.
struct Held {
    rp: Rp,
    subject: String,
    actor: String,
}

async fn held(w: &mut World, (scope, officer): (&str, &'static str)) -> Held {
    let rp = permits(w).await;
    let tokens = w.login(&rp, &[("scope", scope)]).await;
    let subject = tokens["id_token"].as_str().unwrap().to_owned();
    let mut desk = World::again(w);
    desk.person = officer;
    let tokens = desk.login(&rp, &[]).await;
    let actor = tokens["access_token"].as_str().unwrap().to_owned();
    Held { rp, subject, actor }
}

async fn act(w: &World, held: &Held, changes: &[(&str, &str)]) -> Answer {
    let mut form = pairs(&[
        ("grant_type", EXCHANGE),
        ("subject_token", &held.subject),
        ("subject_token_type", ID),
        ("actor_token", &held.actor),
        ("actor_token_type", ACCESS),
        ("scope", "openid profile"),
        ("reason", REASON),
    ]);
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        form.extend(pairs(&[(name, value)]));
    }
    let proof = held.rp.proof("POST", "/oauth/token");
    w.post("/oauth/token", Some(&proof), &held.rp.signed(form))
        .await
}

async fn looks(w: &World) -> Vec<crate::ReadingRecord> {
    let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person)
        .await
        .unwrap();
    crate::readings_of(&w.store, phone.person.id).await.unwrap()
}

modules! {
    async fn an_officer_reads_for_a_person_who_agreed_and_the_reason_is_on_record(w) {
        let held = held(w, (AGREED, "td-officer")).await;
        let before = looks(w).await.len();
        let answer = act(w, &held, &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let answer = answer.json();
        assert_eq!(answer["issued_token_type"], ACCESS);
        assert!(answer["refresh_token"].is_null() && answer["id_token"].is_null(), "{answer}");
        let token = answer["access_token"].as_str().unwrap();
        let claims = claims_of(token);
        assert_eq!(claims["sub"], claims_of(&held.subject)["sub"]);
        assert_eq!(claims["act"]["sub"], claims_of(&held.actor)["sub"], "it says who acts");
        assert_eq!(claims["act"]["department"], "td");
        let told = looks(w).await;
        assert_eq!(told.len(), before + 1, "before anything is read");
        assert!(told.iter().any(|one| one.reason.en == REASON && one.department.as_deref() == Some("td")));
        let info = w.userinfo(&held.rp, token).await;
        assert_eq!(info.status, StatusCode::OK, "{info:?}");
        assert_eq!(info.json()["name"], crate::demo::find(w.person).unwrap().name_en);
        let told = looks(w).await;
        assert_eq!(told.iter().filter(|one| one.reason.en == REASON).count(), 2);
        w.clock.advance(std::time::Duration::from_secs(10));
        crate::provider::jobs::sweep(&w.store).await.unwrap();
        let days = crate::provider::client_days(&w.store, "permits").await.unwrap();
        assert_eq!(days[0].uses.logins, 2, "the person's and the officer's: acting is no login");
    }

    async fn without_a_standing_consent_for_it_nobody_acts(w) {
        let held = held(w, ("openid profile", "td-officer")).await;
        act(w, &held, &[]).await.refuses("invalid_target");
    }

    async fn a_consent_withdrawn_ends_it_and_what_it_brought(w) {
        let held = held(w, (AGREED, "td-officer")).await;
        let token = act(w, &held, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
        let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person).await.unwrap();
        crate::provider::disconnect(&w.store, phone.person.id, "permits").await.unwrap();
        w.userinfo(&held.rp, &token).await.refuses("invalid_token");
        act(w, &held, &[]).await.refuses("invalid_target");
    }

    async fn only_what_was_agreed_to_is_read_and_nothing_is_signed(w) {
        let held = held(w, (AGREED, "td-officer")).await;
        act(w, &held, &[("scope", "openid email")]).await.refuses("invalid_target");
        for never in ["openid offline_access", "openid sign"] {
            act(w, &held, &[("scope", never)]).await.refuses("invalid_scope");
        }
    }

    async fn only_an_officer_of_the_clients_department_acts(w) {
        let other = held(w, (AGREED, "dpo-officer")).await;
        act(w, &other, &[]).await.refuses("invalid_target");
        let neighbour = held_by(w, &other, "siu-hoi-yan").await;
        act(w, &neighbour, &[]).await.refuses("invalid_target");
    }

    async fn a_reason_a_person_and_an_actor_are_needed(w) {
        let held = held(w, (AGREED, "td-officer")).await;
        act(w, &held, &[("reason", "phone")]).await.refuses("invalid_request");
        act(w, &held, &[("reason", &"x".repeat(401))]).await.refuses("invalid_request");
        act(w, &held, &[("subject_token_type", ACCESS)]).await.refuses("invalid_request");
        act(w, &held, &[("subject_token", &held.actor)]).await.refuses("invalid_grant");
        act(w, &held, &[("actor_token", &held.subject)]).await.refuses("invalid_grant");
        // Who acts for somebody already does not act for a third, and an officer is no case of their own.
        let token = act(w, &held, &[]).await.json()["access_token"].as_str().unwrap().to_owned();
        act(w, &held, &[("actor_token", &token)]).await.refuses("invalid_grant");
        let details = json!([{ "type": "act_for", "company": "1234567" }]).to_string();
        let company = pairs(&[
            ("grant_type", EXCHANGE), ("subject_token", &token), ("subject_token_type", ACCESS),
            ("authorization_details", &details),
        ]);
        let proof = held.rp.proof("POST", "/oauth/token");
        let refused = w.post("/oauth/token", Some(&proof), &held.rp.signed(company)).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
    }

    async fn a_client_that_did_not_register_for_it_acts_for_nobody(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let held = Held { subject: text("id_token"), actor: text("access_token"), rp };
        act(w, &held, &[]).await.refuses("unauthorized_client");
    }
}

/// The same application with somebody else's access token.
async fn held_by(w: &World, held: &Held, person: &'static str) -> Held {
    let mut desk = World::again(w);
    desk.person = person;
    let tokens = desk.login(&held.rp, &[]).await;
    Held {
        rp: held.rp.clone(),
        subject: held.subject.clone(),
        actor: tokens["access_token"].as_str().unwrap().to_owned(),
    }
}
