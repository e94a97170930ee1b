//! By what right somebody signs for a company: limits, many documents with one answer, the proof.

use std::{collections::BTreeSet, time::Duration};

use identity::{Decision, MemberRole, Powers, hongkong::use_days, signing::examine};
use kernel::Money;
use serde_json::{Value, json};
use testkit::{
    App,
    hongkong::{base64, sha256, unbase64},
};

use crate::{
    corpid_signing::{
        BULK, CANCEL, CLERK, COMPANY, Desk, OWNER, SECOND, SIGN, STATUS, UBI, hash, with,
    },
    hongkong::{heard_code, on_phone},
};

#[tokio::test]
async fn a_limit_holds_until_a_second_person_lets_the_amount_pass() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let limited = Powers {
        limit: Some(Money::from_cents(100_000)),
        ..Powers::of(MemberRole::Representative, true)
    };
    desk.empower(SECOND, limited).await;
    let second = desk.acting(SECOND).await;
    let of = |business: &str, cents: Value| {
        let more = with(hash(b"the form"), json!({ "amountCents": cents }));
        second.sign(business, "CORPID_SIGN", &more)
    };
    assert_eq!(
        desk.code(SIGN, &of("b-1", Value::Null)).await,
        "M70004",
        "nobody said it"
    );
    assert_eq!(desk.code(SIGN, &of("b-1", json!(100_000))).await, "M00000");
    assert_eq!(desk.code(SIGN, &of("b-2", json!(100_001))).await, "M70004");
    let (store, company) = (&app.system.store, desk.company().await);
    let owner = desk.person(OWNER).await;
    let (open, _) = identity::waiting(store, owner, company).await.unwrap();
    assert_eq!(open.len(), 1, "it waits for a second person");
    let verdict = identity::Verdict::Agree;
    identity::decide_proposal(store, owner, (company, open[0].id), verdict)
        .await
        .unwrap();
    assert_eq!(desk.code(SIGN, &of("b-2", json!(100_001))).await, "M00000");
    on_phone(&app, SECOND, Decision::Approve).await;
}

#[tokio::test]
async fn many_documents_are_chopped_with_one_answer_and_come_in_parts() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let owner = desk.acting(OWNER).await;
    let documents = |count: usize| {
        let all: Vec<Value> = (0..count)
            .map(|number| {
                with(
                    hash(&number.to_be_bytes()),
                    json!({ "documentName": "form" }),
                )
            })
            .collect();
        json!({ "documents": all, "maxCallbackSigs": 2 })
    };
    let wanted = |business: &str, count| owner.sign(business, "CORPID_SIGN", &documents(count));
    assert_eq!(desk.code(BULK, &wanted("b-1", 1_001)).await, "M71008");
    let refused = desk
        .acting(CLERK)
        .await
        .sign("b-1", "CORPID_SIGN", &documents(3));
    assert_eq!(desk.code(BULK, &refused).await, "M71004");
    let asked = desk.asked(BULK, &wanted("b-1", 3)).await;
    let token = json!({ "statusToken": asked["statusToken"] });
    assert_eq!(desk.asked(STATUS, &token).await["status"], "SS001");
    on_phone(&app, OWNER, Decision::Approve).await;
    let heard = desk.letterbox.heard();
    assert_eq!(heard.len(), 2);
    let mut signatures = BTreeSet::new();
    for body in &heard {
        let (_, _, content) = desk.department.open_callback(body).unwrap();
        for one in content["results"].as_array().unwrap() {
            signatures.insert(one["signature"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(signatures.len(), 3);
    assert_eq!(desk.code(CANCEL, &token).await, "M71007");

    let personal = owner.sign("b-2", "PERSONAL_SIGN", &documents(3));
    desk.asked(BULK, &personal).await;
    on_phone(&app, OWNER, Decision::Approve).await;
    let heard = desk.letterbox.heard();
    assert_eq!(heard.len(), 2, "the personal part comes in parts as well");
    let (_, _, last) = desk.department.open_callback(&heard[1]).unwrap();
    let part = desk.department.open_personal(&last).unwrap();
    assert_eq!(part["results"].as_array().unwrap().len(), 1);
    desk.asked(BULK, &wanted("b-3", 3)).await;
    on_phone(&app, OWNER, Decision::Reject).await;
    assert_eq!(heard_code(&desk.department, &desk.letterbox), "M71001");
}

/// Anybody may have the proof read, and the person sees that their name was given.
async fn shown_to_anybody(app: &App, proof: &str) {
    let mut browser = app.browser();
    let page = browser.get("/en/verify/document").await.unwrap();
    let path = page.path.clone();
    let file = ("document", "proof.txt", proof.as_bytes());
    let read = browser.post_file(&page, &path, &[], file).await.unwrap();
    for wanted in [
        "Genuine and unchanged",
        "NG Chi Ming",
        COMPANY,
        "Responsible person",
        "holds the company chop",
        "td-parking",
    ] {
        assert!(read.says(wanted), "{wanted}: {}", read.words());
    }
    let looked = browser.sign_in(OWNER, "/en/who-looked").await.unwrap();
    assert!(looked.says("Parking permits"), "{}", looked.words());
}

#[tokio::test]
async fn an_authority_is_proven_to_the_one_who_asked_and_to_any_inspector() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let owner = desk.acting(OWNER).await;
    let more = with(hash(b"the form"), json!({ "requireAuthProof": true }));
    desk.asked(SIGN, &owner.sign("b-1", "CORPID_SIGN", &more))
        .await;
    let shown = on_phone(&app, OWNER, Decision::Approve).await;
    let is_told = |word: &str| shown.detail.iter().any(|line| line.value.en.contains(word));
    assert!(
        is_told("by what right you sign"),
        "the phone says so: {:?}",
        shown.detail
    );
    let heard = desk.letterbox.heard();
    let (_, _, content) = desk.department.open_callback(&heard[0]).unwrap();
    let proof = content["authProof"].as_str().unwrap();
    let notary = trust::Notary::new(app.system.keys.clone(), "http://localhost:8080");
    let store = &app.system.store;
    let examined = examine(&notary, store, proof.as_bytes().to_vec(), None).await;
    let examined = examined.unwrap();
    assert!(examined.is_good());
    let attested = examined.attested.unwrap();
    assert_eq!(
        (attested.audience.as_str(), attested.request.as_str()),
        ("td-parking", "b-1")
    );
    let claims = Value::Object(attested.claims);
    assert_eq!(claims["capacity"], "chop");
    assert_eq!(claims["signer"]["name"], "NG Chi Ming");
    assert_eq!(claims["company"]["ubi"], UBI);
    assert_eq!(claims["authority"]["role"], "RP");
    assert_eq!(claims["authority"]["privileges"][1], "user_companychop");
    let certificate = unbase64(content["cert"].as_str().unwrap()).unwrap();
    let print = base64(&sha256(&certificate));
    let print = print
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    assert_eq!(
        claims["certificate_sha256"],
        json!(print),
        "it belongs to this signature"
    );
    let documents = base64(&sha256(&sha256(b"the form")));
    let documents = documents
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    assert_eq!(claims["documents_sha256"], json!(documents));

    let mut broken = proof.as_bytes().to_vec();
    broken[proof.len() / 2] ^= 1;
    let broken = examine(&notary, store, broken, None).await;
    assert!(!broken.is_ok_and(|examined| examined.is_good()));
    shown_to_anybody(&app, proof).await;

    desk.asked(SIGN, &owner.sign("b-2", "CORPID_SIGN", &hash(b"the form")))
        .await;
    let content = desk.agreed(OWNER).await;
    assert!(content["authProof"].is_null(), "only where it is asked for");
}

#[tokio::test]
async fn chops_and_signatures_are_counted_apart() {
    let app = App::start().await.unwrap();
    let desk = Desk::open(&app).await;
    let owner = desk.acting(OWNER).await;
    for (business, sign_type) in [("b-1", "CORPID_SIGN"), ("b-2", "PERSONAL_SIGN")] {
        desk.asked(SIGN, &owner.sign(business, sign_type, &hash(b"the form")))
            .await;
        desk.agreed(OWNER).await;
    }
    app.clock.advance(Duration::from_secs(61));
    app.settle().await.unwrap();
    let days = use_days(&app.system.store, "td-parking").await.unwrap();
    let counted = |kind: &str| {
        let own = days.iter().find(|day| day.kind.code() == kind);
        own.map(|day| (day.asked, day.granted))
    };
    assert_eq!(
        (counted("chop"), counted("corp_sign")),
        (Some((1, 1)), Some((1, 1)))
    );
    let store = &app.system.store;
    let today = store.env().today();
    let used = identity::provider::client_uses(store, (today, today)).await;
    let used = used.unwrap();
    let own = used.iter().find(|one| one.client == "td-parking").unwrap();
    assert_eq!(
        (own.uses.logins, own.uses.signatures),
        (1, 2),
        "{:?}",
        own.uses
    );
}
