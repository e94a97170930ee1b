//! What a company lets its people do with a department's application: limited to it on the company's own
//! page, told to the department, and by which firm they come.

use identity::{Change, CommissionState, MemberRole, Powers};
use serde_json::json;
use testkit::{App, hongkong::Department};

use crate::corpid::{
    CLERK, COMPANY, LIST, OTHER_UBI, OWNER, UBI, agent, codes_of, company_of, corp_exchanged,
    entered, house, person,
};

/// Answers for the firm.
const PARTNER: &str = "ho-mei-ling";
const FIRM_UBI: &str = "99000068";

/// The owner limits the clerk to one application, on the form of the company's people.
async fn limited(app: &App, application: &str, role: &str) -> testkit::Answer {
    let mut owner = app.browser();
    let company = company_of(app, OWNER, UBI).await;
    let base = format!("/en/companies/{company}");
    owner.sign_in(OWNER, &base).await.unwrap();
    let people = owner.get(&format!("{base}/people")).await.unwrap();
    let clerk = person(app, CLERK).await;
    let members = identity::members(&app.system.store, person(app, OWNER).await, company).await;
    let member = members.unwrap().into_iter().find(|one| one.person == clerk);
    let path = format!("{base}/people/{}", member.unwrap().id);
    assert!(people.text().contains(&path), "{}", people.words());
    let form = owner.get(&path).await.unwrap();
    let field = format!("service-{application}");
    owner
        .fill(&form, &path, &[(field.as_str(), role)])
        .await
        .unwrap()
}

#[tokio::test]
async fn a_company_limits_somebody_to_one_application_and_it_hears_their_role() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let other = Department::register_corporate(&app, "td-other", "https://td.example/cb")
        .await
        .unwrap();
    let before = agent(&app, &other, (CLERK, UBI)).await;
    let people = limited(&app, "td-fleet", "fill").await;
    assert!(people.path.ends_with("/people"), "{}", people.words());
    assert!(
        !people.says("td-fleet"),
        "by name, not by id: {}",
        people.words()
    );

    let (_, code) = codes_of(&app, &department, (CLERK, UBI)).await;
    let corp = corp_exchanged(&department, &code).await;
    assert_eq!(corp.code, "M00000", "{}", corp.message);
    assert_eq!(corp.content["corpInfo"]["eServiceRole"], "fill");
    let refused = other.call(LIST, &before.about(json!({}))).await.unwrap();
    assert_eq!(
        refused.code, "M20009",
        "a token of an application they may no longer use"
    );
    let (_, come) = entered(&app, &other, CLERK).await;
    let place = come.unwrap_err();
    let code = place["cCode"].as_str().unwrap();
    let own = corp_exchanged(&other, code).await;
    assert_eq!(
        own.content["corpInfo"]["ubi"], OTHER_UBI,
        "only their own company is left there"
    );
    assert_eq!(own.content["corpCount"], 1);
}

#[tokio::test]
async fn who_acts_by_a_firm_is_told_with_the_firm() {
    let app = App::start().await.unwrap();
    let department = house(&app).await;
    let store = &app.system.store;
    let (owner, partner) = (person(&app, OWNER).await, person(&app, PARTNER).await);
    let company = company_of(&app, OWNER, UBI).await;
    let firm = company_of(&app, PARTNER, FIRM_UBI).await;
    let powers = Powers {
        until: Some(store.env().today().plus_days(30)),
        ..Powers::of(MemberRole::Representative, true)
    };
    let change = Change::Commission { firm, powers };
    identity::propose(store, owner, company, change)
        .await
        .unwrap();
    let (open, _) = identity::waiting(store, owner, company).await.unwrap();
    if let Some(one) = open.first() {
        let second = person(&app, crate::corpid_signing::SECOND).await;
        let verdict = identity::Verdict::Agree;
        identity::decide_proposal(store, second, (company, one.id), verdict)
            .await
            .unwrap();
    }
    let (_, held) = identity::commissions(store, partner, firm).await.unwrap();
    let id = held[0].id;
    identity::answer_commission(store, partner, id, CommissionState::Accepted)
        .await
        .unwrap();
    let (_, people) = identity::commission_members(store, partner, id)
        .await
        .unwrap();
    let member = people
        .iter()
        .find(|(one, _)| one.person == partner)
        .unwrap();
    identity::name_members(store, partner, id, vec![member.0.id])
        .await
        .unwrap();

    let acting = agent(&app, &department, (PARTNER, UBI)).await;
    let listed = department
        .call(LIST, &acting.about(json!({})))
        .await
        .unwrap();
    let all = listed.content["corpList"].as_array().unwrap();
    let of = |ubi: &str| all.iter().find(|one| one["ubi"] == ubi).unwrap();
    assert_eq!(of(UBI)["corpNameEN"], COMPANY);
    assert_eq!(of(UBI)["orgCorpUbi"], FIRM_UBI);
    assert_eq!(of(UBI)["orgCorpName"], of(UBI)["orgCorpNameEN"]);
    assert!(of(UBI)["orgCorpNameEN"].is_string() && of(UBI)["orgCorpNameCH"].is_string());
    assert!(
        of(FIRM_UBI).get("orgCorpUbi").is_none(),
        "for their own firm they come by nobody"
    );
    identity::end_commission(store, owner, id).await.unwrap();
    let refused = department
        .call(LIST, &acting.about(json!({})))
        .await
        .unwrap();
    assert_eq!(refused.code, "M20009", "the commission has ended");
}
