//! What tokens are good for, whom they are bound to, and how they end.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use trust::base64url;

use super::{
    modules,
    world::{CERTIFICATE, Rp, World, claims_of, pairs},
};
use crate::{
    Decision, Powers, ServiceGrant, ServiceRole,
    provider::client::{AuthMethod, Sender},
};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) async fn company_of(w: &World) -> String {
    let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person)
        .await
        .unwrap();
    let mandates = crate::mandates_of(&w.store, phone.person.id).await.unwrap();
    mandates[0].company.company_number.clone()
}

fn only(service: &str) -> ServiceGrant {
    ServiceGrant {
        service: service.to_owned(),
        role: ServiceRole::Fill,
    }
}

/// The company changes what the person may do for it.
pub(super) async fn empower(w: &World, company: &str, change: impl FnOnce(&mut Powers)) {
    let (store, vault) = (&w.store, w.keys.vault());
    let who = async |key| {
        crate::demo::phone(store, &vault, key)
            .await
            .unwrap()
            .person
            .id
    };
    let (owner, member) = (who("ng-chi-ming").await, who(w.person).await);
    let company = crate::firm_by_number(store, company)
        .await
        .unwrap()
        .unwrap();
    let people = crate::members(store, owner, company.id).await.unwrap();
    let member = people.iter().find(|one| one.person == member).unwrap();
    let mut powers = member.powers.clone();
    change(&mut powers);
    // As agreed by as many as it takes: who must agree to what is asked elsewhere.
    let member = member.clone();
    let actor = kernel::Actor::system("test");
    let put = store.write(&actor, move |tx| {
        let (member, powers) = (member.clone(), powers.clone());
        async move { crate::store::member::set_powers_in(&tx, &member, &powers).await }
    });
    put.await.unwrap();
}

async fn exchange(w: &World, rp: &Rp, token: &str, company: &str) -> super::world::Answer {
    exchange_for(w, (rp, token), (company, &[])).await
}

/// Exchanges a token for one that acts for a company and may do this.
pub(super) async fn exchange_for(
    w: &World,
    (rp, token): (&Rp, &str),
    (company, actions): (&str, &[&str]),
) -> super::world::Answer {
    let details =
        json!([{ "type": "act_for", "company": company, "actions": actions }]).to_string();
    let form = pairs(&[
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS),
        ("authorization_details", &details),
    ]);
    let proof = rp.proof("POST", "/oauth/token");
    w.post("/oauth/token", Some(&proof), &rp.signed(form)).await
}

/// The challenge of RFC 9470, complete.
#[track_caller]
fn is_stepped_up(answer: &super::world::Answer) {
    answer.refuses("insufficient_user_authentication");
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let wanted = format!(
        "acr_values=\"{}\", max_age=\"3600\"",
        crate::provider::ACR_PLUS
    );
    assert!(answer.challenge().contains(&wanted), "{answer:?}");
}

/// A certificate for `name`, as the terminator passes it on.
fn certificate(name: &str) -> String {
    let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    format!(":{}:", base64url::encode_standard(certificate.der()))
}

modules! {
    async fn a_revoked_access_token_dies_alone_a_refresh_token_takes_all(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let access = tokens["access_token"].as_str().unwrap();
        let refresh = tokens["refresh_token"].as_str().unwrap();
        let revoke = |token: &str| rp.signed(pairs(&[("token", token)]));
        assert_eq!(w.post("/oauth/revoke", None, &revoke(access)).await.status, StatusCode::OK);
        w.userinfo(&rp, access).await.refuses("invalid_token");
        let renew = pairs(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]);
        let proof = rp.proof("POST", "/oauth/token");
        let again = w.post("/oauth/token", Some(&proof), &rp.signed(renew.clone())).await;
        let second = again.json()["access_token"].as_str().unwrap().to_owned();
        assert_eq!(w.userinfo(&rp, &second).await.status, StatusCode::OK);
        w.post("/oauth/revoke", None, &revoke(refresh)).await;
        w.userinfo(&rp, &second).await.refuses("invalid_token");
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &rp.signed(renew)).await.refuses("invalid_grant");
        let unknown = w.post("/oauth/revoke", None, &revoke("unknown")).await;
        assert_eq!(unknown.status, StatusCode::OK);
    }

    async fn a_refresh_token_ends_in_any_case(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        w.clock.advance(crate::provider::grant::REFRESH_LIFE);
        let form = pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &rp.signed(form)).await.refuses("invalid_grant");
    }

    async fn a_refresh_never_widens_the_scope(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[("scope", "openid email")]).await;
        let refresh = tokens["refresh_token"].as_str().unwrap();
        for (scope, is_good) in [("openid", true), ("openid profile", false)] {
            let form = pairs(&[
                ("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", scope),
            ]);
            let proof = rp.proof("POST", "/oauth/token");
            let answer = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
            if is_good {
                assert_eq!(answer.json()["scope"], scope);
            } else {
                answer.refuses("invalid_scope");
            }
        }
    }

    async fn withdrawing_consent_kills_what_it_brought(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let phone = crate::demo::phone(&w.store, &w.keys.vault(), w.person).await.unwrap();
        let id = phone.person.id;
        assert_eq!(crate::provider::connections_of(&w.store, id).await.unwrap().len(), 1);
        crate::provider::disconnect(&w.store, id, "rates").await.unwrap();
        w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await.refuses("invalid_token");
        let path = w.push(&rp, rp.request_with(&[("prompt", "none")])).await;
        assert_eq!(w.get(&path).await.query()["error"], "consent_required");
    }

    async fn rich_details_are_shown_approved_on_the_phone_and_carried(w) {
        let rp = w.rp.clone();
        let hash = base64url::encode(trust::digest::sha256("the contract"));
        let details = json!([
            { "type": "pay", "instructedAmount": { "currency": "HKD", "amount": "1234.50" },
              "creditorName": "Rating and Valuation Department" },
            { "type": "sign", "documents": [{ "label": "Contract", "hash": hash }] },
        ]);
        let path = w.push(&rp, rp.request_with(&[("authorization_details", &details.to_string())])).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, Decision::Approve).await;
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        assert!(page.text.contains("HKD 1234.50") && page.text.contains("Contract"), "{page:?}");
        let to_phone = w.choose(&page, &connect, "allow").await;
        assert!(to_phone.place().contains("/approvals/"), "{to_phone:?}");
        let back = w.walk(to_phone).await;
        let tokens = w.redeem(&rp, &back.query()["code"]).await.json();
        assert_eq!(tokens["authorization_details"], details);
        let access = claims_of(tokens["access_token"].as_str().unwrap());
        assert_eq!(access["authorization_details"], details);
    }

    async fn details_refused_on_the_phone_are_refused_to_the_client(w) {
        let rp = w.rp.clone();
        let details = json!([{ "type": "pay", "creditorName": "X",
            "instructedAmount": { "currency": "HKD", "amount": "1" } }]).to_string();
        let path = w.push(&rp, rp.request_with(&[("authorization_details", &details)])).await;
        let connect = w.get(&path).await.place();
        let waiting = w.get(&connect).await.place();
        w.phone(&waiting, Decision::Approve).await;
        w.get(&waiting).await;
        let page = w.get(&connect).await;
        let waiting = w.choose(&page, &connect, "allow").await.place();
        w.phone(&waiting, Decision::Reject).await;
        let answer = w.get(&waiting).await;
        assert_eq!(w.walk(answer).await.query()["error"], "access_denied");
    }

    async fn malformed_details_are_refused(w) {
        let rp = w.rp.clone();
        for details in [
            json!([{ "type": "unknown" }]),
            json!([]),
            json!([{ "type": "pay", "creditorName": "X", "instructedAmount": { "currency": "USD", "amount": "1" } }]),
            json!([{ "type": "pay", "creditorName": "X", "instructedAmount": { "currency": "HKD", "amount": "1.005" } }]),
            json!([{ "type": "sign", "documents": [{ "label": "A", "hash": "short" }] }]),
            json!([{ "type": "share_data", "datatypes": ["email"], "more": 1 }]),
        ] {
            let request = rp.request_with(&[("authorization_details", &details.to_string())]);
            w.par(&rp, request).await.refuses("invalid_authorization_details");
        }
    }

    async fn shared_data_come_with_their_source_and_the_card_number_needs_plus(w) {
        let rp = w.rp.clone();
        let details = json!([{ "type": "share_data", "datatypes": ["name_en", "hkid"] }]).to_string();
        let tokens = w.login(&rp, &[("authorization_details", &details)]).await;
        let access = tokens["access_token"].as_str().unwrap();
        let info = w.userinfo(&rp, access).await;
        assert_eq!(info.json()["share_data"]["name_en"]["source"], "verified", "{info:?}");
        assert!(info.json()["share_data"]["hkid"].is_object(), "{info:?}");

        w.change_browser(Default::default());
        w.person = "kwan-sum-yi";
        w.enrol_basic(w.person).await;
        let tokens = w.login(&rp, &[("authorization_details", &details)]).await;
        let access = tokens["access_token"].as_str().unwrap();
        assert_eq!(claims_of(access)["acr"], crate::provider::ACR_BASIC);
        is_stepped_up(&w.userinfo(&rp, access).await);
        let names = json!([{ "type": "share_data", "datatypes": ["name_en"] }]).to_string();
        let tokens = w.login(&rp, &[("authorization_details", &names)]).await;
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.status, StatusCode::OK, "the rest needs no more: {info:?}");
    }

    async fn somebody_with_a_passport_shares_it_and_no_card_number(w) {
        let rp = w.rp.clone();
        w.person = "rossi-elena";
        let wanted = ["name_en", "hkid", "passport", "passport_country"];
        let details = json!([{ "type": "share_data", "datatypes": wanted }]).to_string();
        let tokens = w.login(&rp, &[("authorization_details", &details)]).await;
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await.json();
        let shared = &info["share_data"];
        assert_eq!(shared["name_en"]["source"], "counter", "{info}");
        assert_eq!(shared["passport"]["value"], "YX9900071");
        assert_eq!(shared["passport_country"]["value"], "ITA");
        assert!(shared.get("hkid").is_none() && info.get("hkid").is_none(), "{info}");
    }

    async fn the_card_number_needs_a_fresh_sign_in_and_the_challenge_says_which(w) {
        let rp = w.rp.clone();
        let details = json!([{ "type": "share_data", "datatypes": ["hkid"] }]).to_string();
        let asked = [("authorization_details", details.as_str())];
        let tokens = w.login(&rp, &asked).await;
        w.clock.advance(std::time::Duration::from_secs(3_601));
        let renew = pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        let again = w.post("/oauth/token", Some(&proof), &rp.signed(renew)).await.json();
        is_stepped_up(&w.userinfo(&rp, again["access_token"].as_str().unwrap()).await);
        // What the challenge says, asked of the authorization endpoint, is enough.
        let asked = [asked[0], ("acr_values", crate::provider::ACR_PLUS), ("max_age", "3600")];
        let tokens = w.login(&rp, &asked).await;
        let info = w.userinfo(&rp, tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(info.status, StatusCode::OK, "{info:?}");
    }

    async fn a_person_changes_company_by_token_exchange(w) {
        let rp = w.rp.clone();
        w.person = "ng-chi-ming";
        let company = company_of(w).await;
        let details = json!([{ "type": "act_for", "company": company }]).to_string();
        let tokens = w.login(&rp, &[("authorization_details", &details)]).await;
        let own = tokens["access_token"].as_str().unwrap();
        let answer = exchange(w, &rp, own, &company).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let answer = answer.json();
        assert_eq!(answer["issued_token_type"], ACCESS);
        let before = claims_of(own);
        let after = claims_of(answer["access_token"].as_str().unwrap());
        assert_ne!(after["sub"], before["sub"], "the subject is the company");
        assert_eq!(after["act"]["sub"], before["sub"], "the person acts");
        exchange(w, &rp, own, "0000000").await.refuses("invalid_target");
    }

    async fn an_exchange_gives_no_more_than_the_person_agreed_to(w) {
        let rp = w.rp.clone();
        w.person = "ng-chi-ming";
        let company = company_of(w).await;
        let plain = w.login(&rp, &[]).await;
        let plain = plain["access_token"].as_str().unwrap();
        exchange(w, &rp, plain, &company).await.refuses("invalid_target");
        let details = json!([{ "type": "act_for", "company": company, "actions": ["fill"] }]);
        let tokens = w.login(&rp, &[("authorization_details", &details.to_string())]).await;
        let own = tokens["access_token"].as_str().unwrap();
        for more in [&["sign"][..], &["fill", "pay"]] {
            // The powers hold it, and nobody asked the person.
            let given = exchange_for(w, (&rp, own), (&company, more)).await;
            given.refuses("invalid_target");
        }
        let given = exchange_for(w, (&rp, own), (&company, &["fill"])).await;
        assert_eq!(given.status, StatusCode::OK, "{given:?}");
    }

    async fn powers_that_do_not_reach_the_client_end_what_it_does_for_the_company(w) {
        let rp = w.rp.clone();
        w.person = "kwok-wing-sze";
        let company = company_of(w).await;
        let own = w.login(&rp, &[]).await;
        let own = own["access_token"].as_str().unwrap();
        let details = json!([{ "type": "act_for", "company": company }]).to_string();
        let asked = [("authorization_details", details.as_str())];
        let acting = w.login(&rp, &asked).await;
        let renew = || pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", acting["refresh_token"].as_str().unwrap()),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        let renewed = w.post("/oauth/token", Some(&proof), &rp.signed(renew())).await;
        assert_eq!(renewed.status, StatusCode::OK, "{renewed:?}");
        let renewed = renewed.json()["access_token"].as_str().unwrap().to_owned();
        empower(w, &company, |powers| {
            powers.services = vec![only(&rp.id), only("another-service")];
        })
        .await;
        let again = exchange(w, &rp, &renewed, &company).await;
        assert_eq!(again.status, StatusCode::OK, "limited to it");
        assert_eq!(w.userinfo(&rp, &renewed).await.status, StatusCode::OK);

        empower(w, &company, |powers| powers.services = vec![only("another-service")]).await;
        exchange(w, &rp, own, &company).await.refuses("invalid_target");
        w.userinfo(&rp, &renewed).await.refuses("invalid_token");
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &rp.signed(renew())).await.refuses("invalid_grant");
        assert_eq!(w.userinfo(&rp, own).await.status, StatusCode::OK, "their own login stands");
    }

    async fn no_action_is_granted_that_the_powers_do_not_hold(w) {
        let rp = w.rp.clone();
        w.person = "kwok-wing-sze";
        let company = company_of(w).await;
        let may = |role| vec![ServiceGrant { service: rp.id.clone(), role }];
        empower(w, &company, |powers| powers.services = may(ServiceRole::Fill)).await;
        let details = |actions: &[&str]| {
            json!([{ "type": "act_for", "company": company, "actions": actions }]).to_string()
        };
        let fill = w.login(&rp, &[("authorization_details", &details(&["fill"]))]).await;
        let own = fill["access_token"].as_str().unwrap();
        let subject = claims_of(own)["sub"].as_str().unwrap().to_owned();
        for more in [&["sign"][..], &["fill", "pay"]] {
            // In the browser, on the phone alone, and by exchange.
            let asked = [("authorization_details", details(more))];
            let asked = [(asked[0].0, asked[0].1.as_str())];
            let back = w.answer_for(&rp, rp.request_with(&asked)).await;
            assert_eq!(back["error"], "access_denied", "{more:?}");
            let mut form = pairs(&[("scope", "openid"), ("login_hint", &subject)]);
            form.extend(pairs(&asked));
            let form = pairs(&[("request", &rp.object_once(&form, |_| {}))]);
            let proof = rp.proof("POST", "/oauth/bc-authorize");
            let refused = w.post("/oauth/bc-authorize", Some(&proof), &rp.signed(form)).await;
            refused.refuses("access_denied");
            let mut form = pairs(&[
                ("grant_type", EXCHANGE), ("subject_token", own), ("subject_token_type", ACCESS),
            ]);
            form.extend(pairs(&asked));
            let proof = rp.proof("POST", "/oauth/token");
            let refused = w.post("/oauth/token", Some(&proof), &rp.signed(form)).await;
            refused.refuses("invalid_target");
        }
        // Who held more when they signed in renews nothing once they hold less.
        empower(w, &company, |powers| powers.services = may(ServiceRole::Sign)).await;
        let sign = w.login(&rp, &[("authorization_details", &details(&["fill", "sign"]))]).await;
        empower(w, &company, |powers| powers.services = may(ServiceRole::Fill)).await;
        let again = async |tokens: &Value| {
            let form = pairs(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ]);
            let proof = rp.proof("POST", "/oauth/token");
            w.post("/oauth/token", Some(&proof), &rp.signed(form)).await
        };
        again(&sign).await.refuses("invalid_grant");
        assert_eq!(again(&fill).await.status, StatusCode::OK, "who asked for less goes on");
        w.userinfo(&rp, sign["access_token"].as_str().unwrap()).await.refuses("invalid_token");
    }

    async fn powers_that_end_on_their_day_end_what_renews_itself(w) {
        let rp = w.rp.clone();
        w.person = "kwok-wing-sze";
        let company = company_of(w).await;
        let today = w.store.env().today();
        empower(w, &company, |powers| powers.until = Some(today)).await;
        let details = json!([{ "type": "act_for", "company": company }]).to_string();
        let acting = w.login(&rp, &[("authorization_details", &details)]).await;
        let renew = || pairs(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", acting["refresh_token"].as_str().unwrap()),
        ]);
        let proof = rp.proof("POST", "/oauth/token");
        let renewed = w.post("/oauth/token", Some(&proof), &rp.signed(renew())).await;
        assert_eq!(renewed.status, StatusCode::OK, "{renewed:?}");
        w.clock.advance(std::time::Duration::from_secs(86_400));
        let proof = rp.proof("POST", "/oauth/token");
        w.post("/oauth/token", Some(&proof), &rp.signed(renew())).await.refuses("invalid_grant");
    }

    async fn certificate_bound_tokens_need_their_certificate(w) {
        let rp = w.another("bound", |wanted| {
            wanted.auth = AuthMethod::TlsClientAuth;
            wanted.sender = Sender::Mtls;
            wanted.certificate_dns = Some("client.example".to_owned());
        }).await;
        let (own, other) = (certificate("client.example"), certificate("client.example"));
        let held = |form: super::world::Pairs| {
            let mut form = form;
            form.extend(pairs(&[("client_id", "bound")]));
            form
        };
        let mut request = rp.request();
        request.retain(|(name, _)| name != "client_id");
        let bare = w.call(Method::POST, "/oauth/par", &[], &held(request.clone())).await;
        bare.refuses("invalid_client");
        let wrong = certificate("elsewhere.example");
        let refused = w.call(Method::POST, "/oauth/par", &[(CERTIFICATE, &wrong)], &held(request.clone())).await;
        refused.refuses("invalid_client");
        let pushed = w.call(Method::POST, "/oauth/par", &[(CERTIFICATE, &own)], &held(request)).await;
        let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
        let answer = w.get(&format!("/oauth/authorize?client_id=bound&request_uri={uri}")).await;
        let code = w.walk(answer).await.query()["code"].clone();
        let form = held(rp.redemption(&code));
        let tokens = w.call(Method::POST, "/oauth/token", &[(CERTIFICATE, &own)], &form).await;
        let tokens = tokens.json();
        let token = tokens["access_token"].as_str().unwrap();
        assert!(claims_of(token)["cnf"]["x5t#S256"].is_string());
        let bearer = format!("Bearer {token}");
        for (shown, status) in [(Some(&own), 200), (Some(&other), 401), (None, 401)] {
            let mut headers = vec![("authorization", bearer.as_str())];
            headers.extend(shown.map(|shown| (CERTIFICATE, shown.as_str())));
            let info = w.call(Method::GET, "/oauth/userinfo", &headers, &[]).await;
            assert_eq!(info.status.as_u16(), status, "{info:?}");
        }
    }

    async fn an_introspected_token_says_what_it_is_good_for(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let look = |token: &Value| rp.signed(pairs(&[("token", token.as_str().unwrap())]));
        let found = w.post("/oauth/introspect", None, &look(&tokens["access_token"])).await.json();
        assert_eq!((found["active"].as_bool(), found["scope"].as_str()), (Some(true), Some("openid")));
        let found = w.post("/oauth/introspect", None, &look(&tokens["refresh_token"])).await.json();
        assert_eq!(found["token_type"], "refresh_token");
        let nothing = w.post("/oauth/introspect", None, &look(&json!("unknown"))).await.json();
        assert_eq!(nothing, json!({ "active": false }));
    }
}
