//! Documents that an application asks a person to sign, from the token to the evidence.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use kernel::Id;
use serde_json::{Value, json};
use trust::{base64url, cms::Level, digest};

use super::{
    modules,
    tokens::{company_of, empower, exchange_for},
    world::{Answer, Rp, World},
};
use crate::{
    Approval, Decision, Powers, SigningRequest,
    provider::{client::ScopePurpose, scope::Scope},
};

/// A relying party that may ask for signatures, and its token for the person.
async fn signer(w: &mut World) -> (Rp, String) {
    let rp = w
        .another("tenancies", |wanted| {
            wanted.scopes.push(ScopePurpose {
                scope: Scope::Sign,
                purpose: kernel::Text::new("To sign your tenancy", "簽署租約"),
            });
        })
        .await;
    let tokens = w.login(&rp, &[("scope", "openid sign")]).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    (rp, token)
}

async fn call(w: &World, (rp, token): (&Rp, &str), path: &str, body: &Value) -> Answer {
    let ath = base64url::encode(digest::sha256(token));
    let proof = rp.proof_with(("POST", path), |claims| {
        claims.insert("ath".to_owned(), json!(ath));
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    w.send(request.unwrap()).await
}

fn lease() -> Value {
    let hash = base64url::encode(digest::sha256("lease"));
    let offer = r#"{"rent":12000}"#;
    json!({
        "service": { "en": "Short term tenancy", "tc": "短期租約" },
        "documents": [
            { "name": "Lease.pdf", "kind": "pdf_cades", "digest": hash },
            { "name": "Offer", "kind": "data", "digest": base64url::encode(digest::sha256(offer)), "data": offer },
        ],
    })
}

async fn approval_of(w: &World, asked: &Value) -> Id<Approval> {
    let id: Id<SigningRequest> = asked["id"].as_str().unwrap().parse().unwrap();
    let found = w
        .store
        .read(move |db| async move { crate::store::signing::get_in(&db, id).await });
    found.await.unwrap().approval
}

async fn answered(w: &World, asked: &Value, decision: Decision) {
    let approval = approval_of(w, asked).await;
    w.phone(&format!("/{approval}"), decision).await;
}

/// The lease in the name of a company.
fn in_name(behalf: Value) -> Value {
    let mut asked = lease();
    asked["behalf"] = behalf;
    asked
}

/// A token of a person who agreed that the application fills in and asks to sign for a company.
async fn agreed(w: &mut World, rp: &Rp, company: &str) -> String {
    let actions = ["fill", "sign"];
    let details =
        json!([{ "type": "act_for", "company": company, "actions": actions }]).to_string();
    let asked = [
        ("scope", "openid sign"),
        ("authorization_details", details.as_str()),
    ];
    let tokens = w.login(rp, &asked).await;
    tokens["access_token"].as_str().unwrap().to_owned()
}

/// A token for a company, exchanged for the person's own.
async fn acting(w: &World, (rp, own): (&Rp, &str), (company, actions): (&str, &[&str])) -> String {
    let given = exchange_for(w, (rp, own), (company, actions)).await;
    assert_eq!(given.status, StatusCode::OK, "{given:?}");
    given.json()["access_token"].as_str().unwrap().to_owned()
}

/// Whoever answers for the company agrees.
async fn agree_to_what_waits(w: &World, company: &str) {
    let company = crate::firm_by_number(&w.store, company).await.unwrap();
    let company = company.unwrap().id;
    let vault = w.keys.vault();
    let owner = crate::demo::phone(&w.store, &vault, "ng-chi-ming").await;
    let owner = owner.unwrap().person.id;
    let (open, _) = crate::waiting(&w.store, owner, company).await.unwrap();
    assert_eq!(open.len(), 1);
    let verdict = crate::Verdict::Agree;
    crate::decide_proposal(&w.store, owner, (company, open[0].id), verdict)
        .await
        .unwrap();
}

modules! {
    async fn a_sign_in_at_the_basic_level_is_told_to_step_up_before_it_asks(w) {
        w.person = "kwan-sum-yi";
        w.enrol_basic(w.person).await;
        let (rp, token) = signer(w).await;
        let refused = call(w, (&rp, token.as_str()), "/signing/ask", &lease()).await;
        refused.refuses("insufficient_user_authentication");
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        let wanted = format!("acr_values=\"{}\"", crate::provider::ACR_PLUS);
        assert!(refused.challenge().contains(&wanted), "{refused:?}");
    }

    async fn an_application_withdraws_what_nobody_has_answered(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let asked = call(w, own, "/signing/ask", &lease()).await.json();
        let which = json!({ "id": asked["id"] });
        let taken = call(w, own, "/signing/withdraw", &which).await;
        assert_eq!((taken.status, &taken.json()["state"]), (StatusCode::OK, &json!("cancelled")), "{taken:?}");
        let approval = approval_of(w, &asked).await;
        let found = crate::store::approval::get_for_test(&w.store, approval).await;
        assert_eq!(found.state, crate::ApprovalState::Cancelled, "the phone says so");
        let told = call(w, own, "/signing/result", &which).await.json();
        assert_eq!(told["state"], "cancelled");
        let again = call(w, own, "/signing/withdraw", &which).await;
        assert!(again.status.is_client_error(), "{again:?}");
    }

    async fn what_was_approved_is_signed_whatever_its_application_wants_then(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let asked = call(w, own, "/signing/ask", &lease()).await.json();
        answered(w, &asked, Decision::Approve).await;
        let which = json!({ "id": asked["id"] });
        let refused = call(w, own, "/signing/withdraw", &which).await;
        assert!(refused.status.is_client_error(), "{refused:?}");
        let told = call(w, own, "/signing/result", &which).await.json();
        assert_eq!(told["state"], "signed");
    }

    async fn an_application_has_documents_signed_by_the_persons_word(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let asked = call(w, own, "/signing/ask", &lease()).await;
        assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
        let asked = asked.json();
        let which = json!({ "id": asked["id"] });
        let early = call(w, own, "/signing/result", &which).await.json();
        assert_eq!((&early["state"], &early["documents"]), (&json!("pending"), &json!([])));
        let none = call(w, own, "/signing/evidence", &which).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        answered(w, &asked, Decision::Approve).await;
        let told = call(w, own, "/signing/result", &which).await.json();
        assert_eq!(told["state"], "signed", "{told}");
        assert_eq!(told["documents"][0]["name"], "Lease.pdf");
        assert!(told["documents"][1]["signature"].as_str().unwrap().split('.').count() == 3);
        let again = call(w, own, "/signing/result", &which).await.json();
        assert_eq!(again, told, "asking again gives the same");
        let kept = call(w, own, "/signing/evidence", &which).await.json();
        for part in ["certificate", "authority", "status_answer", "time_stamp"] {
            assert!(!kept[part].as_str().unwrap().is_empty(), "{part}");
        }
        for is_first in [true, false] {
            let word = json!({ "id": asked["id"], "word": "accepted" });
            let heard = call(w, own, "/signing/acknowledge", &word).await.json();
            assert_eq!(heard["is_first"], is_first);
        }
    }

    async fn a_pdf_is_signed_with_a_time_stamp_or_without(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let digest = digest::sha256("lease");
        let wanted = [("pdf_cades", Level::T), ("pdf_cades_b", Level::B), ("pdf_pkcs7", Level::T)];
        let mut asked = lease();
        asked["documents"] = wanted
            .iter()
            .map(|(kind, _)| json!({ "name": kind, "kind": kind, "digest": base64url::encode(digest) }))
            .collect();
        let asked = call(w, own, "/signing/ask", &asked).await.json();
        answered(w, &asked, Decision::Approve).await;
        let which = json!({ "id": asked["id"] });
        let told = call(w, own, "/signing/result", &which).await.json();
        let kept = call(w, own, "/signing/evidence", &which).await.json();
        let bytes = |one: &Value| base64url::decode(one.as_str().unwrap()).unwrap();
        let evidence = trust::cms::Evidence {
            anchors: vec![bytes(&kept["authority"])],
            answers: vec![bytes(&kept["status_answer"])],
            ..trust::cms::Evidence::default()
        };
        for (place, (kind, level)) in wanted.into_iter().enumerate() {
            let message = bytes(&told["documents"][place]["signature"]);
            let bare = trust::cms::Evidence { answers: Vec::new(), ..evidence.clone() };
            let judged = trust::cms::judge(&message, &digest, &bare, w.store.env().now());
            assert_eq!(judged.level, level, "{kind}: {judged:?}");
            let judged = trust::cms::judge(&message, &digest, &evidence, w.store.env().now());
            assert_eq!(judged.word, trust::cms::Word::Good, "{kind}: {judged:?}");
        }
    }

    async fn a_token_without_the_scope_asks_for_nothing(w) {
        let rp = w.rp.clone();
        let tokens = w.login(&rp, &[]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let refused = call(w, (&rp, token), "/signing/ask", &lease()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{refused:?}");
        refused.refuses("insufficient_scope");
        let refused = w.call(Method::POST, "/signing/ask", &[], &[]).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    }

    async fn another_application_learns_nothing_of_a_request(w) {
        let (rp, token) = signer(w).await;
        let asked = call(w, (&rp, &token), "/signing/ask", &lease()).await.json();
        answered(w, &asked, Decision::Approve).await;
        let other = w.another("rates-two", |wanted| {
            wanted.scopes.push(ScopePurpose {
                scope: Scope::Sign,
                purpose: kernel::Text::new("To sign", "簽署"),
            });
        }).await;
        let tokens = w.login(&other, &[("scope", "openid sign")]).await;
        let token = tokens["access_token"].as_str().unwrap();
        for path in ["/signing/result", "/signing/evidence"] {
            let refused = call(w, (&other, token), path, &json!({ "id": asked["id"] })).await;
            assert_eq!(refused.status, StatusCode::NOT_FOUND, "{path}");
        }
        let word = json!({ "id": asked["id"], "word": "rejected" });
        let refused = call(w, (&other, token), "/signing/acknowledge", &word).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
    }

    async fn a_refusal_on_the_phone_is_told_apart(w) {
        let (rp, token) = signer(w).await;
        let asked = call(w, (&rp, &token), "/signing/ask", &lease()).await.json();
        answered(w, &asked, Decision::Reject).await;
        let told = call(w, (&rp, &token), "/signing/result", &json!({ "id": asked["id"] })).await;
        assert_eq!(told.json()["state"], "rejected");
        let asked = call(w, (&rp, &token), "/signing/ask", &lease()).await.json();
        w.clock.advance(crate::SIGN_TTL);
        let tokens = w.login(&rp, &[("scope", "openid sign"), ("prompt", "login")]).await;
        let token = tokens["access_token"].as_str().unwrap();
        let told = call(w, (&rp, token), "/signing/result", &json!({ "id": asked["id"] })).await;
        assert_eq!(told.json()["state"], "expired");
    }

    async fn a_young_account_waits_and_a_wrong_question_is_told(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let mut aged = lease();
        aged["account_age_hours"] = json!(720);
        let young = call(w, own, "/signing/ask", &aged).await;
        assert_eq!(young.status, StatusCode::FORBIDDEN, "{young:?}");
        assert_eq!(young.json()["code"], "ID-042");
        aged["account_age_hours"] = json!(721);
        assert_eq!(call(w, own, "/signing/ask", &aged).await.status, StatusCode::BAD_REQUEST);
        let mut short = lease();
        short["documents"][0]["digest"] = json!("AAAA");
        assert_eq!(call(w, own, "/signing/ask", &short).await.status, StatusCode::BAD_REQUEST);
        let mut other = lease();
        other["card"] = json!(base64url::encode(digest::sha256("A999999")));
        assert_eq!(call(w, own, "/signing/ask", &other).await.json()["code"], "ID-043");
    }

    async fn a_face_that_was_asked_for_is_shown_by_the_phone(w) {
        let (rp, token) = signer(w).await;
        let own = (&rp, token.as_str());
        let mut asked = lease();
        asked["presence"] = json!("face");
        let asked = call(w, own, "/signing/ask", &asked).await.json();
        answered(w, &asked, Decision::Approve).await;
        let told = call(w, own, "/signing/result", &json!({ "id": asked["id"] })).await.json();
        assert_eq!(told["state"], "signed", "{told}");
    }

    async fn a_token_that_acts_for_a_company_has_its_papers_signed_and_chopped(w) {
        w.person = "ng-chi-ming";
        let (rp, _) = signer(w).await;
        let company = company_of(w).await;
        let own = agreed(w, &rp, &company).await;
        let token = acting(w, (&rp, &own), (&company, &["sign"])).await;
        let by = (&rp, token.as_str());
        let first = json!({ "capacity": "personal", "chop_follows": true, "amount_cents": 120_000 });
        let asked = call(w, by, "/signing/ask", &in_name(first)).await;
        assert_eq!(asked.status, StatusCode::OK, "{asked:?}");
        let first = asked.json();
        let chop = || in_name(json!({ "capacity": "chop", "completes": first["id"], "amount_cents": 120_000 }));
        let early = call(w, by, "/signing/ask", &chop()).await;
        assert!(early.status.is_client_error(), "nothing is signed yet: {early:?}");
        answered(w, &first, Decision::Approve).await;
        let mut more = chop();
        more["behalf"]["amount_cents"] = json!(120_001);
        let which = json!({ "id": first["id"] });
        let told = call(w, by, "/signing/result", &which).await.json();
        assert_eq!((&told["state"], &told["completed_by"]), (&json!("signed"), &Value::Null));
        assert!(told["chop_until"].is_string(), "{told}");

        let more = call(w, by, "/signing/ask", &more).await;
        assert!(more.status.is_client_error(), "another amount than was signed: {more:?}");
        let second = call(w, by, "/signing/ask", &chop()).await.json();
        answered(w, &second, Decision::Approve).await;
        let sealed = call(w, by, "/signing/result", &json!({ "id": second["id"] })).await.json();
        assert_eq!(sealed["state"], "signed", "{sealed}");
        let told = call(w, by, "/signing/result", &which).await.json();
        assert_eq!(told["completed_by"], second["id"], "{told}");
        let kept = call(w, by, "/signing/evidence", &json!({ "id": second["id"] })).await.json();
        assert_eq!(kept["right"]["may_chop"], true, "{kept}");
        assert!(kept["right"]["company"]["business_number"].is_string());
    }

    async fn nobody_signs_for_a_company_by_a_token_of_their_own(w) {
        w.person = "ng-chi-ming";
        let (rp, own) = signer(w).await;
        let personal = || in_name(json!({ "capacity": "personal" }));
        let refused = call(w, (&rp, &own), "/signing/ask", &personal()).await;
        refused.refuses("insufficient_scope");
        let company = company_of(w).await;
        let given = exchange_for(w, (&rp, &own), (&company, &["sign"])).await;
        given.refuses("invalid_target");
        let own = agreed(w, &rp, &company).await;
        let fills = acting(w, (&rp, &own), (&company, &["fill"])).await;
        let refused = call(w, (&rp, &fills), "/signing/ask", &personal()).await;
        refused.refuses("insufficient_scope");
        let token = acting(w, (&rp, &own), (&company, &["sign"])).await;
        let by = (&rp, token.as_str());
        for wrong in [
            json!({ "capacity": "chop", "chop_follows": true }),
            json!({ "capacity": "personal", "completes": "0" }),
            json!({ "capacity": "chop", "completes": "not an id" }),
        ] {
            let refused = call(w, by, "/signing/ask", &in_name(wrong)).await;
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        }
    }

    async fn an_amount_above_a_limit_waits_for_a_second_person(w) {
        w.person = "kwok-wing-sze";
        let (rp, _) = signer(w).await;
        let company = company_of(w).await;
        empower(w, &company, |powers| {
            *powers = Powers {
                limit: Some(kernel::Money::from_cents(100_000)),
                ..Powers::of(crate::MemberRole::Representative, false)
            };
        })
        .await;
        let own = agreed(w, &rp, &company).await;
        let token = acting(w, (&rp, &own), (&company, &["sign"])).await;
        let by = (&rp, token.as_str());
        let worth = |cents| in_name(json!({ "capacity": "personal", "amount_cents": cents }));
        let within = call(w, by, "/signing/ask", &worth(100_000)).await;
        assert_eq!(within.status, StatusCode::OK, "{within:?}");
        let unsaid = call(w, by, "/signing/ask", &in_name(json!({ "capacity": "personal" }))).await;
        assert_eq!(unsaid.json()["code"], "ID-071", "{unsaid:?}");
        let above = call(w, by, "/signing/ask", &worth(100_001)).await;
        assert_eq!(above.json()["code"], "ID-071", "{above:?}");
        let chop = in_name(json!({ "capacity": "chop", "amount_cents": 1 }));
        let chop = call(w, by, "/signing/ask", &chop).await;
        assert_eq!(chop.json()["code"], "ID-070", "they do not hold it: {chop:?}");

        agree_to_what_waits(w, &company).await;
        let passed = call(w, by, "/signing/ask", &worth(100_001)).await;
        assert_eq!(passed.status, StatusCode::OK, "{passed:?}");
    }
}
