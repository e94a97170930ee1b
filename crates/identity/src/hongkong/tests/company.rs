//! What a company's token stands on, on both engines.

use ::store::Store;
use kernel::{FakeEnv, Id};

use super::{CLIENT, keep_key, new_key, write};
use crate::{
    CommissionState, Company, CompanyRecord, CompanyStatus, Level, MemberRole, Person, Powers,
    ServiceGrant, ServiceRole, demo,
    hongkong::{
        corporation::{choices, standing_in},
        fact,
        store::{
            key as keys,
            token::{self, NewToken, TokenKind},
        },
        word::Dialect,
    },
    registry::CompaniesRegister as _,
    store::{commission, company, member},
    tests::{enrol, vault},
};

async fn record(number: &str) -> CompanyRecord {
    let register = demo::companies();
    let found = register.find(&number.parse().unwrap()).await;
    found.unwrap().unwrap()
}

async fn person(store: &Store, key: &str) -> Id<Person> {
    let vault = vault(store.env());
    enrol(store, &vault, key, Level::Plus).await.person.id
}

/// The company as the register has it, with one person of these powers.
async fn joined(store: &Store, number: &str, who: (Id<Person>, Powers)) -> Id<Company> {
    let record = record(number).await;
    write(store, move |tx| {
        let (record, who) = (record.clone(), who.clone());
        async move {
            let company = company::put_in(&tx, &record).await?;
            member::put_in(&tx, company.id, who.0, &who.1).await?;
            Ok(company.id)
        }
    })
    .await
}

async fn changed(store: &Store, company: Id<Company>, who: Id<Person>, powers: Powers) {
    write(store, move |tx| {
        let powers = powers.clone();
        async move { member::put_in(&tx, company, who, &powers).await }
    })
    .await;
}

async fn restated(store: &Store, number: &str, status: CompanyStatus) {
    let mut record = record(number).await;
    record.status = status;
    write(store, move |tx| {
        let record = record.clone();
        async move { company::put_in(&tx, &record).await }
    })
    .await;
}

async fn stands(store: &Store, who: Id<Person>, company: Id<Company>) -> bool {
    let found = store.read(move |db| async move { standing_in(&db, (who, company), CLIENT).await });
    found.await.unwrap().is_some()
}

fn limited_to(service: &str) -> Powers {
    Powers {
        services: vec![ServiceGrant {
            service: service.to_owned(),
            role: ServiceRole::Fill,
        }],
        ..Powers::of(MemberRole::Representative, false)
    }
}

async fn hold(store: &Store, (who, company): (Id<Person>, Id<Company>), secret: &'static str) {
    write(store, move |tx| async move {
        let new = NewToken {
            secret: secret.to_owned(),
            kind: TokenKind::CorpAccess,
            client: CLIENT.to_owned(),
            person: who,
            scopes: Vec::new(),
            task: Id::from_bits(7),
            is_single: true,
            expires: tx.now() + std::time::Duration::from_secs(600),
            company: Some(company),
        };
        token::insert_in(&tx, &new).await
    })
    .await;
}

async fn is_live(store: &Store, secret: &'static str) -> bool {
    let found = store.read(move |db| async move { token::find_in(&db, secret).await });
    let found = found.await.unwrap().unwrap();
    found.is_live(store.env().now())
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_mandate_lets_in_to_a_client_that_the_powers_reach(store: Store, clock: FakeEnv) {
        let who = person(&store, "cheung-ka-yan").await;
        let user = Powers::of(MemberRole::User, false);
        let company = joined(&store, "0990004", (who, user.clone())).await;
        assert!(stands(&store, who, company).await);
        let shut = Powers { may_access: false, ..Powers::of(MemberRole::Administrator, true) };
        changed(&store, company, who, shut).await;
        assert!(!stands(&store, who, company).await, "no access, whatever the role");
        changed(&store, company, who, limited_to("fehd-restaurant-licence")).await;
        assert!(!stands(&store, who, company).await, "limited to another service");
        changed(&store, company, who, limited_to(CLIENT)).await;
        assert!(stands(&store, who, company).await);
        let today = store.env().now().date();
        changed(&store, company, who, Powers { until: Some(today), ..user }).await;
        assert!(stands(&store, who, company).await);
        clock.advance(std::time::Duration::from_secs(2 * 86_400));
        assert!(!stands(&store, who, company).await, "the last day is over");
    }

    async fn a_company_that_is_not_live_lets_nobody_in(store: Store) {
        let who = person(&store, "cheung-ka-yan").await;
        let powers = Powers::of(MemberRole::Responsible, true);
        let company = joined(&store, "0990004", (who, powers)).await;
        for status in [CompanyStatus::Dormant, CompanyStatus::WindingUp, CompanyStatus::Dissolved] {
            restated(&store, "0990004", status).await;
            assert!(!stands(&store, who, company).await, "{status}");
            assert!(choices(&store, who, CLIENT).await.unwrap().is_empty());
        }
        restated(&store, "0990004", CompanyStatus::Live).await;
        assert_eq!(choices(&store, who, CLIENT).await.unwrap().len(), 1);
    }

    async fn a_firm_s_people_are_let_in_while_the_firm_lives_and_names_them(store: Store) {
        let owner = person(&store, "cheung-ka-yan").await;
        let agent = person(&store, "pang-lok-yi").await;
        let powers = Powers::of(MemberRole::Responsible, true);
        let company = joined(&store, "0990004", (owner, powers.clone())).await;
        let firm = joined(&store, "0990006", (agent, powers)).await;
        write(&store, move |tx| async move {
            let given = Powers::of(MemberRole::Representative, false);
            commission::offer_in(&tx, (company, firm), &given, owner).await
        }).await;
        let (_, held) = crate::commissions(&store, agent, firm).await.unwrap();
        let id = held[0].id;
        crate::answer_commission(&store, agent, id, CommissionState::Accepted).await.unwrap();
        assert!(!stands(&store, agent, company).await, "not named yet");
        let (_, people) = crate::commission_members(&store, agent, id).await.unwrap();
        let named = vec![people[0].0.id];
        crate::name_members(&store, agent, id, named).await.unwrap();
        assert!(stands(&store, agent, company).await);
        restated(&store, "0990006", CompanyStatus::Dissolved).await;
        assert!(!stands(&store, agent, company).await, "the firm is gone");
    }

    async fn leaving_ends_the_tokens_held_for_the_company_and_no_others(store: Store) {
        let who = person(&store, "cheung-ka-yan").await;
        let powers = Powers::of(MemberRole::User, false);
        let left = joined(&store, "0990004", (who, powers.clone())).await;
        let kept = joined(&store, "0990006", (who, powers.clone())).await;
        hold(&store, (who, left), "left").await;
        hold(&store, (who, kept), "kept").await;
        write(&store, move |tx| async move {
            let people = member::of_company_in(&tx, left).await?;
            member::end_in(&tx, &people[0], "left").await
        }).await;
        assert!(!is_live(&store, "left").await && is_live(&store, "kept").await);
        changed(&store, left, who, powers).await;
        assert!(!is_live(&store, "left").await, "coming back brings nothing back");
    }

    async fn each_dialect_has_a_content_key_of_its_own(store: Store) {
        let own = keep_key(&store, new_key(&store, 600)).await;
        let mut other = new_key(&store, 600);
        other.dialect = Dialect::CorpId;
        let other = keep_key(&store, other).await;
        assert_ne!(own, other);
        assert!(write(&store, |tx| async move {
            keys::revoke_in(&tx, (CLIENT, Dialect::CorpId)).await
        }).await);
        assert_eq!(own, keep_key(&store, new_key(&store, 600)).await, "the other stays");
    }
}

#[test]
fn what_the_phone_says_of_a_company_s_fields_is_in_both_languages() {
    let names = ["engAddress", "chiAddress", "status", "crLstMatchTs", "did"];
    let names: Vec<String> = names.map(str::to_owned).to_vec();
    let words = fact::words(&names);
    assert_eq!(words.en, "registered address, status");
    assert_eq!(words.tc, "註冊辦事處地址、公司狀況");
    assert_eq!(fact::keys(&names).len(), 3);
}
