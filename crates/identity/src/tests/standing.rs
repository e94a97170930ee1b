//! Accounts and guardians on both engines.

use std::time::Duration;

use ::store::Store;
use kernel::{Actor, FakeEnv, Id, Role};
use trust::SigningKey;

use crate::{
    Approval, Child, Decision, Error, Ground, Guardian, GuardianshipState, Level, Officer, Person,
    PersonState, Purpose, Relation, StartEnrolment, demo, find_person,
    tests::{Holder, ask, browser, enrol, question, reply, vault},
};

fn officer(store: &Store, department: &str, role: Role) -> Officer {
    Officer {
        id: store.env().id(),
        person: store.env().id(),
        name: crate::PersonName {
            en: "An Officer".to_owned(),
            zh: None,
        },
        department: department.to_owned(),
        roles: Vec::new(),
        role,
        is_active: true,
    }
}

async fn state(store: &Store, id: Id<Person>) -> PersonState {
    find_person(store, id).await.unwrap().unwrap().state
}

/// The person's phone approves a step-up over `digest`.
async fn approved(store: &Store, holder: &Holder, digest: [u8; 32]) -> Id<Approval> {
    let mut new = question(Purpose::StepUp, Some(&holder.person));
    new.digest = digest;
    let asked = ask(store, new).await;
    reply(store, holder, &asked, Decision::Approve)
        .await
        .unwrap();
    asked.id
}

fn child(key: &str) -> Child {
    let demo = demo::find(key).unwrap();
    Child {
        hkid: demo.hkid.clone(),
        born: demo.born,
        relation: Relation::Parent,
    }
}

async fn agree(
    store: &Store,
    vault: &trust::Vault,
    parent: &Holder,
    key: &str,
) -> Result<(), Error> {
    let child = child(key);
    let digest = crate::child_digest(parent.person.id, &child);
    let given = approved(store, parent, digest).await;
    let register = demo::register();
    let who = (parent.person.id, &child);
    crate::agree_for_child(store, (vault, &register), who, (given, &browser("one"))).await
}

async fn enrol_minor(store: &Store, vault: &trust::Vault) -> Result<Person, Error> {
    let demo = demo::find("yu-hoi-lam").unwrap();
    let asked = StartEnrolment {
        hkid: demo.hkid.clone(),
        born: demo.born,
        jwk: SigningKey::generate(store.env()).unwrap().public().into(),
        device_name: "A child's phone".to_owned(),
        level: Level::Basic,
        guardian: Guardian::Agreed,
    };
    let started = crate::start_enrolment(store, vault, &demo::register(), asked).await?;
    Ok(crate::confirm_enrolment(store, vault, started.id).await?.0)
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn an_account_is_suspended_with_a_ground_and_lifted_by_a_supervisor(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let id = holder.person.id;
        let clerk = officer(&store, "dpo", Role::Officer);
        let lost = (Ground::LostPhone, "called 1823");
        let other = officer(&store, "td", Role::Supervisor);
        assert!(matches!(crate::suspend_account(&store, &other, id, lost).await, Err(Error::WrongPost)));
        let mute = crate::suspend_account(&store, &clerk, id, (Ground::Misuse, " ")).await;
        assert!(matches!(mute, Err(Error::Malformed(_))));
        crate::suspend_account(&store, &clerk, id, lost).await.unwrap();
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        assert!(matches!(reply(&store, &holder, &asked, Decision::Approve).await, Err(Error::Inactive)));
        assert!(matches!(crate::lift_account(&store, &clerk, id, "found").await, Err(Error::WrongPost)));
        let supervisor = officer(&store, "dpo", Role::Supervisor);
        crate::lift_account(&store, &supervisor, id, "the phone was found").await.unwrap();
        assert_eq!(state(&store, id).await, PersonState::Active);
        let changes = crate::account_changes(&store, id).await.unwrap();
        assert_eq!(changes.len(), 2);
        assert_eq!(changes[1].department.as_deref(), Some("dpo"));
    }

    async fn a_person_closes_their_account_with_their_own_phone_only(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let id = holder.person.id;
        let other = approved(&store, &holder, [7; 32]).await;
        let refused = crate::close_account(&store, id, (other, &browser("one"))).await;
        assert!(matches!(refused, Err(Error::WrongApproval)));
        let changes = vec![(crate::FieldKey::Mobile, serde_json::json!("61230001"))];
        crate::update_profile(&store, &vault, id, changes).await.unwrap();
        let given = approved(&store, &holder, crate::close_digest(id)).await;
        crate::close_account(&store, id, (given, &browser("one"))).await.unwrap();
        assert_eq!(state(&store, id).await, PersonState::Closed);
        assert!(crate::live_device(&store, id).await.unwrap().is_none());
        let profile = crate::own_profile(&store, &vault, id).await.unwrap();
        assert!(profile.get(crate::FieldKey::Mobile).is_none());
    }

    async fn a_death_closes_the_account_ends_mandates_and_tells_nobody_why(store: Store) {
        let vault = vault(store.env());
        let first = enrol(&store, &vault, "kwok-wing-sze", Level::Plus).await.person.id;
        let second = enrol(&store, &vault, "pang-lok-yi", Level::Plus).await.person.id;
        let numbers = (&"0990002".parse().unwrap(), &"99000026".parse().unwrap());
        let register = demo::companies();
        let company = crate::join_company(&store, (&vault, &register), first, numbers).await.unwrap().id;
        crate::join_company(&store, (&vault, &register), second, numbers).await.unwrap();
        let hkid = &demo::find("pang-lok-yi").unwrap().hkid;
        let keeper = officer(&store, "dpo", Role::Supervisor);
        let wrong = crate::note_death(&store, &vault, &keeper, (hkid, "D-1")).await;
        assert!(matches!(wrong, Err(Error::WrongPost)));
        let immd = officer(&store, "immd", Role::Officer);
        crate::note_death(&store, &vault, &immd, (hkid, "D-2026-000123")).await.unwrap();
        assert_eq!(state(&store, second).await, PersonState::Closed);
        let people = crate::members(&store, first, company).await.unwrap();
        assert_eq!(people.len(), 1);
        let noun = company.to_string();
        let trail = store
            .read(move |db| {
                let noun = noun.clone();
                async move { journal::audit_of(&db, "company", &noun).await }
            })
            .await
            .unwrap();
        let ended = trail.iter().find(|one| one.action == "company.member_ended").unwrap();
        assert_eq!(ended.reason.as_deref(), Some(""));
        let nobody = "Z683365(5)".parse::<kernel::Hkid>();
        let nobody = nobody.unwrap_or_else(|_| demo::find("to-king-hei").unwrap().hkid.clone());
        crate::note_death(&store, &vault, &immd, (&nobody, "D-2026-000124")).await.unwrap();
    }

    async fn a_minor_enrols_only_after_a_guardian_agreed_on_their_own_phone(store: Store) {
        let vault = vault(store.env());
        assert!(matches!(enrol_minor(&store, &vault).await, Err(Error::GuardianNeeded)));
        let parent = enrol(&store, &vault, "ng-chi-ming", Level::Plus).await;
        agree(&store, &vault, &parent, "yu-hoi-lam").await.unwrap();
        let minor = enrol_minor(&store, &vault).await.unwrap();
        let held = crate::guardianships_of(&store, &vault, parent.person.id).await.unwrap();
        assert_eq!(held[0].minor, Some(minor.id));
        assert!(held[0].card.ends_with("(*)"));
        let adult = agree(&store, &vault, &parent, "kwan-sum-yi").await;
        assert!(matches!(adult, Err(Error::NotMinor)));
        let young = agree(&store, &vault, &parent, "lui-yat-long").await;
        assert!(matches!(young, Err(Error::TooYoung)));
    }

    async fn a_guardian_of_basic_level_cannot_agree(store: Store) {
        let vault = vault(store.env());
        let parent = enrol(&store, &vault, "ng-chi-ming", Level::Basic).await;
        let refused = agree(&store, &vault, &parent, "yu-hoi-lam").await;
        assert!(matches!(refused, Err(Error::LevelTooLow)));
    }

    async fn a_withdrawn_agreement_suspends_the_minor_until_somebody_agrees(store: Store) {
        let vault = vault(store.env());
        let parent = enrol(&store, &vault, "ng-chi-ming", Level::Plus).await;
        agree(&store, &vault, &parent, "yu-hoi-lam").await.unwrap();
        let minor = enrol_minor(&store, &vault).await.unwrap();
        let held = crate::guardianships_of(&store, &vault, parent.person.id).await.unwrap();
        let stranger = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let stolen = crate::withdraw_guardianship(&store, stranger, held[0].id).await;
        assert!(matches!(stolen, Err(Error::NotFound)));
        crate::withdraw_guardianship(&store, parent.person.id, held[0].id).await.unwrap();
        assert_eq!(state(&store, minor.id).await, PersonState::Suspended);
        agree(&store, &vault, &parent, "yu-hoi-lam").await.unwrap();
        assert_eq!(state(&store, minor.id).await, PersonState::Active);
    }

    async fn an_agreement_ends_at_eighteen(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let parent = enrol(&store, &vault, "ng-chi-ming", Level::Plus).await;
        agree(&store, &vault, &parent, "yu-hoi-lam").await.unwrap();
        let minor = enrol_minor(&store, &vault).await.unwrap();
        let held = crate::guardianships_of(&store, &vault, parent.person.id).await.unwrap();
        crate::withdraw_guardianship(&store, parent.person.id, held[0].id).await.unwrap();
        clock.advance(Duration::from_secs(6 * 366 * 86_400));
        store
            .write(&Actor::system("test"), |tx| async move {
                crate::store::standing::come_of_age_in(&tx).await
            })
            .await
            .unwrap();
        assert_eq!(state(&store, minor.id).await, PersonState::Active);
        let held = crate::guardianships_of(&store, &vault, parent.person.id).await.unwrap();
        assert_eq!(held[0].state, GuardianshipState::Ended);
    }
}
