//! Enrolment and phones on both engines.

use std::time::Duration;

use ::store::{Store, params};
use kernel::FakeEnv;
use trust::SigningKey;

use crate::{
    Error, Guardian, Level, StartEnrolment, confirm_enrolment, demo, find_person_by_hkid,
    live_device, start_enrolment,
    tests::{enrol, vault},
};

fn asked(store: &Store, key: &str) -> StartEnrolment {
    let demo = demo::find(key).unwrap();
    StartEnrolment {
        hkid: demo.hkid.clone(),
        born: demo.born,
        jwk: SigningKey::generate(store.env()).unwrap().public().into(),
        device_name: "Test phone".to_owned(),
        level: Level::Basic,
        guardian: Guardian::Absent,
    }
}

::store::sql! {
    COUNT_EVENTS = "SELECT COUNT(*) FROM outbox_event WHERE kind = $1";
    LATEST_REPLACED = "SELECT data FROM outbox_event
        WHERE kind = 'causeway.device.replaced.v1' ORDER BY id DESC LIMIT 1";
    ALL_SEALED = "SELECT hkid_sealed FROM person";
}

async fn events(store: &Store, kind: &'static str) -> i64 {
    store
        .read(move |db| async move { db.only::<i64>(&COUNT_EVENTS, params![kind]).await })
        .await
        .unwrap()
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_person_has_one_live_phone(store: Store) {
        let vault = vault(store.env());
        let old = enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        assert_eq!(events(&store, crate::DEVICE_REPLACED).await, 0);
        let new = enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        assert_eq!(old.person.id, new.person.id);
        let live = live_device(&store, new.person.id).await.unwrap().unwrap();
        assert_eq!(live.thumbprint, new.key.kid());
        assert_eq!(events(&store, crate::DEVICE_REPLACED).await, 1);
        let told: serde_json::Value = store
            .read(|db| async move { db.only(&LATEST_REPLACED, params![]).await })
            .await
            .unwrap();
        assert_eq!(told["replaced"], old.key.kid());
        assert_eq!(told["device"], new.key.kid());
    }

    async fn a_phone_belongs_to_one_person(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        let mut other = asked(&store, "to-king-hei");
        other.jwk = holder.device.jwk.clone();
        let started = start_enrolment(&store, &vault, &demo::register(), other).await.unwrap();
        let refused = confirm_enrolment(&store, &vault, started.id).await;
        assert!(matches!(refused, Err(Error::UnknownDevice)));
        assert!(live_device(&store, holder.person.id).await.unwrap().is_some());
    }

    async fn wrong_particulars_say_nothing_about_which_was_wrong(store: Store) {
        let vault = vault(store.env());
        let mut wrong_date = asked(&store, "kwan-sum-yi");
        wrong_date.born = "1990-01-01".parse().unwrap();
        let mut wrong_card = asked(&store, "kwan-sum-yi");
        wrong_card.hkid = "A123456(3)".parse().unwrap();
        for wrong in [wrong_date, wrong_card] {
            let refused = start_enrolment(&store, &vault, &demo::register(), wrong).await;
            assert!(matches!(refused, Err(Error::NoMatch)));
        }
    }

    async fn guessing_stops_after_five_attempts_for_an_hour(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let register = demo::register();
        for _ in 0..5 {
            let mut wrong = asked(&store, "kwan-sum-yi");
            wrong.born = "1990-01-01".parse().unwrap();
            let refused = start_enrolment(&store, &vault, &register, wrong).await;
            assert!(matches!(refused, Err(Error::NoMatch)));
        }
        let right = asked(&store, "kwan-sum-yi");
        let refused = start_enrolment(&store, &vault, &register, right.clone()).await;
        assert!(matches!(refused, Err(Error::TooManyAttempts)));
        let told = super::simulation::events(&store, crate::ATTEMPT_REFUSED).await;
        assert!(told.is_empty(), "nobody has an account by this card: {told:?}");
        clock.advance(Duration::from_secs(3_600));
        assert!(start_enrolment(&store, &vault, &register, right).await.is_ok());
    }

    async fn whose_card_is_guessed_at_hears_of_it_when_it_must_wait(store: Store) {
        let vault = vault(store.env());
        let holder = super::enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        for attempt in 1..=5 {
            let mut wrong = asked(&store, "kwan-sum-yi");
            wrong.born = "1990-01-01".parse().unwrap();
            start_enrolment(&store, &vault, &demo::register(), wrong).await.unwrap_err();
            let told = super::simulation::events(&store, crate::ATTEMPT_REFUSED).await;
            assert_eq!(told.len(), usize::from(attempt == 5));
            let own = serde_json::json!({ "person": holder.person.id, "cause": "particulars" });
            assert!(told.iter().all(|one| *one == own), "{told:?}");
        }
    }

    async fn children_and_minors_alone_cannot_enrol(store: Store) {
        let vault = vault(store.env());
        let register = demo::register();
        let child = start_enrolment(&store, &vault, &register, asked(&store, "lui-yat-long")).await;
        assert!(matches!(child, Err(Error::TooYoung)));
        let minor = start_enrolment(&store, &vault, &register, asked(&store, "lau-tsz-hin")).await;
        assert!(matches!(minor, Err(Error::GuardianNeeded)));
    }

    async fn an_enrolment_is_confirmed_once_and_in_time(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let register = demo::register();
        let first = start_enrolment(&store, &vault, &register, asked(&store, "kwan-sum-yi"))
            .await
            .unwrap();
        confirm_enrolment(&store, &vault, first.id).await.unwrap();
        let again = confirm_enrolment(&store, &vault, first.id).await;
        assert!(matches!(again, Err(Error::NotFound)));
        let late = start_enrolment(&store, &vault, &register, asked(&store, "to-king-hei"))
            .await
            .unwrap();
        clock.advance(Duration::from_secs(601));
        let refused = confirm_enrolment(&store, &vault, late.id).await;
        assert!(matches!(refused, Err(Error::Expired)));
    }

    async fn card_numbers_are_sealed_in_the_database(store: Store) {
        let vault = vault(store.env());
        enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        let demo = demo::find("kwan-sum-yi").unwrap();
        let rows: Vec<Vec<u8>> = store
            .read(|db| async move { db.all::<Vec<u8>>(&ALL_SEALED, params![]).await })
            .await
            .unwrap();
        let stem = demo.hkid.stem().as_bytes();
        assert!(rows.iter().all(|row| !row.windows(stem.len()).any(|part| part == stem)));
        assert!(find_person_by_hkid(&store, &vault, &demo.hkid).await.unwrap().is_some());
    }

    async fn the_invented_people_are_seeded_once(store: Store) {
        let vault = vault(store.env());
        demo::seed(&store, &vault).await.unwrap();
        demo::seed(&store, &vault).await.unwrap();
        let enrolled = demo::holders().count();
        let counted: i64 =
            crate::registrants(&store, store.env().today()).await.unwrap().iter().map(|(_, _, people)| people).sum();
        assert_eq!(usize::try_from(counted).unwrap(), enrolled);
        let phone = demo::phone(&store, &vault, "td-officer").await.unwrap();
        let officer = crate::officer_of(&store, phone.person.id).await.unwrap().unwrap();
        assert!(officer.has("td.officer"));
        assert_eq!(crate::officers_in(&store, "td").await.unwrap().len(), 3);
        let owner = demo::phone(&store, &vault, "ng-chi-ming").await.unwrap();
        let mandates = crate::mandates_of(&store, owner.person.id).await.unwrap();
        assert!(mandates[0].may(crate::Right::Sign, "any"));
    }

    async fn a_real_phone_takes_the_simulated_ones_place_and_back(store: Store) {
        let vault = vault(store.env());
        demo::seed(&store, &vault).await.unwrap();
        enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        assert!(demo::phone(&store, &vault, "cheung-ka-yan").await.unwrap().is_replaced());
        demo::take_back(&store, &vault, "cheung-ka-yan").await.unwrap();
        assert!(!demo::phone(&store, &vault, "cheung-ka-yan").await.unwrap().is_replaced());
    }
}
