//! What a person agreed to: to what, for what, and until when.

use std::time::Duration;

use axum::http::StatusCode;
use kernel::Text;
use serde_json::Value;

use super::{
    modules,
    world::{Answer, Rp, World, pairs},
};
use crate::provider::{ClientChange, Registration, scope::Scope, store::consent::CONSENT_LIFE};

const DAY: Duration = Duration::from_secs(86_400);

/// Puts a change of the client's registration in force.
async fn amend(w: &World, rp: &Rp, edit: impl FnOnce(&mut Registration)) {
    let record = crate::provider::find_client(&w.store, &rp.id).await;
    let record = record.unwrap().unwrap();
    let mut wanted = record.registration.unwrap();
    edit(&mut wanted);
    let change = ClientChange::Propose(Box::new(wanted), record.revision);
    w.step("author", &rp.id, change).await.unwrap();
    w.step("author", &rp.id, ClientChange::Submit)
        .await
        .unwrap();
    w.step("approver", &rp.id, ClientChange::Approve)
        .await
        .unwrap();
}

/// The client says that it reads the e-mail address for something else.
async fn repurpose(w: &World, rp: &Rp) {
    amend(w, rp, |wanted| {
        let email = wanted
            .scopes
            .iter_mut()
            .find(|one| one.scope == Scope::Email);
        email.unwrap().purpose = Text::new("To send you advertisements", "發送廣告");
    })
    .await;
}

async fn renew(w: &World, rp: &Rp, tokens: &Value) -> Answer {
    let form = pairs(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ]);
    let proof = rp.proof("POST", "/oauth/token");
    w.post("/oauth/token", Some(&proof), &rp.signed(form)).await
}

/// What a request that may not bother the person comes back with.
async fn quietly(w: &mut World, rp: &Rp, scope: &str) -> String {
    let path = w
        .push(rp, rp.request_with(&[("prompt", "none"), ("scope", scope)]))
        .await;
    let back = w.get(&path).await.query();
    back.get("error").cloned().unwrap_or_default()
}

modules! {
    async fn a_changed_purpose_asks_again_and_renews_nothing(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("scope", "openid email")]).await;
        assert_eq!(renew(w, &rp, &tokens).await.status, StatusCode::OK);
        assert_eq!(quietly(w, &rp, "openid email").await, "");
        repurpose(w, &rp).await;
        renew(w, &rp, &tokens).await.refuses("invalid_grant");
        assert_eq!(quietly(w, &rp, "openid email").await, "consent_required");
        assert_eq!(quietly(w, &rp, "openid").await, "", "nothing changed about this");
        let path = w.push(&rp, rp.request_with(&[("scope", "openid email")])).await;
        let connect = w.get(&path).await.place();
        let page = w.get(&connect).await;
        assert!(page.text.contains("To send you advertisements"), "{page:?}");
        w.choose(&page, &connect, "allow").await;
        assert_eq!(quietly(w, &rp, "openid email").await, "");
    }

    async fn the_list_says_what_was_agreed_to_not_what_is_said_now(w) {
        let rp = w.rp.clone();
        w.login(&rp, &[("scope", "openid email")]).await;
        repurpose(w, &rp).await;
        let page = w.get("/en/connections").await;
        assert!(page.text.contains("To know you again"), "{page:?}");
        assert!(!page.text.contains("advertisements"), "{page:?}");
    }

    async fn a_consent_ends_after_a_year_and_the_person_is_asked_again(w) {
        let rp = w.rp.clone();
        w.login(&rp, &[]).await;
        w.clock.advance(CONSENT_LIFE - DAY);
        w.change_browser(Default::default());
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, crate::Decision::Approve).await;
        w.get(&waiting).await;
        let back = w.get(&connect).await;
        assert!(back.query().contains_key("code"), "it still stands: {back:?}");
        w.clock.advance(DAY);
        w.change_browser(Default::default());
        let path = w.push(&rp, rp.request()).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, crate::Decision::Approve).await;
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        assert!(page.text.contains("asks for your agreement"), "{page:?}");
    }

    async fn a_refresh_token_does_not_outlive_the_consent(w) {
        let rp = w.rp.clone();
        w.login(&rp, &[]).await;
        w.clock.advance(CONSENT_LIFE - DAY);
        w.change_browser(Default::default());
        let tokens = w.login(&rp, &[]).await;
        assert_eq!(renew(w, &rp, &tokens).await.status, StatusCode::OK);
        w.clock.advance(DAY);
        renew(w, &rp, &tokens).await.refuses("invalid_grant");
    }
}
