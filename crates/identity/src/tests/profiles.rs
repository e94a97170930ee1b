//! Profiles and consents on both engines.

use std::time::Duration;

use ::store::Store;
use kernel::{Actor, FakeEnv, Text};
use serde_json::json;

use crate::{
    Consent, Error, FieldKey, Level, NewConsent, Person, Reading, Source, consents_of,
    find_consent, grant_consent_in, own_profile, read_fields, read_particulars, readings_of,
    revoke_consent_in,
    tests::{enrol, vault},
    update_profile,
};

async fn grant(store: &Store, person: &Person, fields: &[FieldKey]) -> Consent {
    let new = NewConsent {
        person: person.id,
        purpose: "td-full-driving-licence-renewal".to_owned(),
        title: Text::new("Renew a full driving licence", "正式駕駛執照續期"),
        fields: fields.to_vec(),
    };
    store
        .write(&Actor::Visitor, move |tx| {
            let new = new.clone();
            async move { grant_consent_in(&tx, &new).await }
        })
        .await
        .unwrap()
}

fn reading(person: &Person) -> Reading {
    Reading {
        person: person.id,
        reader: Text::new("Transport Department", "運輸署"),
        department: "td".to_owned(),
        reason: Text::new("To fill in your form", "為你填寫表格"),
    }
}

const PURPOSE: &str = "td-full-driving-licence-renewal";

::store::db_tests! {
    crate::tests::OWNERS;

    async fn verified_fields_come_from_the_register_and_are_locked(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let profile = own_profile(&store, &vault, holder.person.id).await.unwrap();
        let name = profile.get(FieldKey::NameEn).unwrap();
        assert_eq!((name.source, &name.value), (Source::Verified, &json!("KWAN Sum Yi")));
        let forged = vec![(FieldKey::NameEn, json!("Somebody Else"))];
        let refused = update_profile(&store, &vault, holder.person.id, forged).await;
        assert!(matches!(refused, Err(Error::Value(_))));
    }

    async fn a_value_can_be_given_changed_and_taken_back(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let set = async |value| {
            let changes = vec![(FieldKey::Mobile, value)];
            update_profile(&store, &vault, holder.person.id, changes).await.unwrap()
        };
        assert_eq!(set(json!("6123 0001")).await.text(FieldKey::Mobile), Some("61230001"));
        assert_eq!(set(json!("61230002")).await.text(FieldKey::Mobile), Some("61230002"));
        assert_eq!(set(json!(null)).await.text(FieldKey::Mobile), None);
    }

    async fn a_form_reads_only_what_the_consent_covers_and_the_person_sees_it(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let reading = reading(&holder.person);
        let asked = [FieldKey::NameEn, FieldKey::Hkid];
        let before = read_fields(&store, &vault, &reading, PURPOSE, &asked).await.unwrap();
        assert!(before.fields.is_empty());
        assert!(readings_of(&store, holder.person.id).await.unwrap().is_empty());
        grant(&store, &holder.person, &[FieldKey::NameEn]).await;
        let after = read_fields(&store, &vault, &reading, PURPOSE, &asked).await.unwrap();
        assert_eq!(after.fields.len(), 1);
        let history = readings_of(&store, holder.person.id).await.unwrap();
        assert_eq!(history[0].fields, vec![FieldKey::NameEn]);
        assert_eq!(history[0].reader.en, "Transport Department");
    }

    async fn a_consent_ends_after_a_year_or_when_withdrawn(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let person = holder.person.id;
        grant(&store, &holder.person, &[FieldKey::NameEn]).await;
        let second = grant(&store, &holder.person, &[FieldKey::Email]).await;
        assert_eq!(consents_of(&store, person).await.unwrap(), vec![second.clone()]);
        store
            .write(&Actor::Visitor, move |tx| async move {
                revoke_consent_in(&tx, person, second.id).await
            })
            .await
            .unwrap();
        assert_eq!(find_consent(&store, person, PURPOSE).await.unwrap(), None);
        grant(&store, &holder.person, &[FieldKey::NameEn]).await;
        clock.advance(Duration::from_secs(365 * 86_400));
        assert_eq!(find_consent(&store, person, PURPOSE).await.unwrap(), None);
    }

    async fn nobody_withdraws_another_persons_consent(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let other = enrol(&store, &vault, "to-king-hei", Level::Plus).await;
        let consent = grant(&store, &holder.person, &[FieldKey::NameEn]).await;
        let refused = store
            .write(&Actor::Visitor, move |tx| async move {
                revoke_consent_in(&tx, other.person.id, consent.id).await
            })
            .await;
        assert!(matches!(refused, Err(Error::NotFound)));
    }

    async fn reading_the_card_number_is_always_on_record(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let read = read_particulars(&store, &vault, &reading(&holder.person)).await.unwrap();
        assert_eq!(read.hkid, crate::demo::find("kwan-sum-yi").unwrap().hkid);
        assert_eq!(readings_of(&store, holder.person.id).await.unwrap().len(), 1);
    }
}
