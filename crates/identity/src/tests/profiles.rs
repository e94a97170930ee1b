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

    async fn a_change_is_kept_and_can_be_taken_back_and_forth(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let id = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let other = enrol(&store, &vault, "to-king-hei", Level::Plus).await.person.id;
        for value in [json!("61230001"), json!("+86 138 0013 8000")] {
            update_profile(&store, &vault, id, vec![(FieldKey::Mobile, value)]).await.unwrap();
            clock.advance(Duration::from_secs(60));
        }
        let versions = async || {
            crate::field_versions(&store, &vault, id, FieldKey::Mobile).await.unwrap()
        };
        let held = versions().await;
        assert_eq!(held[0].value, Some(json!("61230001")));
        assert_eq!(held[1].value, None, "it was empty first");
        let stolen = crate::restore_field(&store, other, held[0].id).await;
        assert!(matches!(stolen, Err(Error::NotFound)));
        crate::restore_field(&store, id, held[0].id).await.unwrap();
        clock.advance(Duration::from_secs(60));
        let now = own_profile(&store, &vault, id).await.unwrap();
        assert_eq!(now.text(FieldKey::Mobile), Some("61230001"));
        assert_eq!(versions().await[0].value, Some(json!("+8613800138000")));
        crate::restore_field(&store, id, versions().await[2].id).await.unwrap();
        let now = own_profile(&store, &vault, id).await.unwrap();
        assert_eq!(now.text(FieldKey::Mobile), None);
    }

    async fn a_paper_is_kept_sealed_with_its_date_and_digest(store: Store) {
        let vault = vault(store.env());
        let id = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let today = store.env().today();
        let paper = |dated| crate::NewAddressProof {
            file_name: "bill.pdf".to_owned(),
            media_type: "application/pdf",
            provider: Some(crate::Utility::Clp),
            dated,
            bytes: b"%PDF-1.7 a bill".to_vec(),
        };
        for wrong in [today.plus_days(1), today.plus_days(-200)] {
            let refused = crate::put_address_proof(&store, &vault, id, paper(wrong)).await;
            assert!(matches!(refused, Err(Error::Value(_))));
        }
        crate::put_address_proof(&store, &vault, id, paper(today)).await.unwrap();
        let kept = crate::find_address_proof(&store, id).await.unwrap().unwrap();
        assert_eq!(kept.provider, Some(crate::Utility::Clp));
        assert_eq!(kept.sha256, trust::digest::sha256(b"%PDF-1.7 a bill"));
        let bytes = crate::address_proof_content(&store, &vault, id).await.unwrap();
        assert_eq!(bytes, b"%PDF-1.7 a bill");
        crate::drop_address_proof(&store, id).await.unwrap();
        assert!(crate::find_address_proof(&store, id).await.unwrap().is_none());
    }

    async fn an_address_is_premises_free_lines_or_a_box(store: Store) {
        let vault = vault(store.env());
        let id = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let set = async |value| {
            update_profile(&store, &vault, id, vec![(FieldKey::PostalAddress, value)]).await
        };
        set(json!({"kind": "free", "lines": " 1 Rue Exemple \n\n75001 Paris "})).await.unwrap();
        let kept = own_profile(&store, &vault, id).await.unwrap();
        let kept = kept.get(FieldKey::PostalAddress).unwrap().value["lines"].clone();
        assert_eq!(kept, json!("1 Rue Exemple\n75001 Paris"));
        set(json!({"kind": "post_box", "post_box": "1234", "building": "GPO"})).await.unwrap();
        set(json!({"kind": "premises_zh", "building": "示範大廈", "district": "旺角", "area": "kln"}))
            .await
            .unwrap();
        for wrong in [
            json!({"kind": "free", "lines": " "}),
            json!({"kind": "post_box", "post_box": "12a", "building": "GPO"}),
            json!({"kind": "premises_zh", "building": "示範大廈"}),
        ] {
            assert!(matches!(set(wrong).await, Err(Error::Value(_))));
        }
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
        assert_eq!(read.card(), Some(&crate::demo::find("kwan-sum-yi").unwrap().hkid));
        assert_eq!(readings_of(&store, holder.person.id).await.unwrap().len(), 1);
    }

    async fn an_address_is_verified_by_the_code_that_went_there(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let who = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let set = async |email: &str| {
            let changes = vec![(FieldKey::Email, json!(email))];
            update_profile(&store, &vault, who, changes).await.unwrap();
        };
        let source = async || {
            let own = own_profile(&store, &vault, who).await.unwrap();
            own.get(FieldKey::Email).unwrap().source
        };
        let prove = async |code: &str| crate::prove_email(&store, &vault, who, code).await.unwrap();
        assert!(crate::draw_email_code(&store, &vault, who).await.is_err(), "nothing to prove");
        set("one@example.com").await;
        let first = sent(&store, &vault, who).await.unwrap();
        assert!(matches!(sent(&store, &vault, who).await, Err(Error::TooManyOpen)));
        // The code proves the address it went to, not the one that took its place.
        set("two@example.com").await;
        assert!(!prove(&first.code).await);
        clock.advance(Duration::from_secs(61));
        let code = sent(&store, &vault, who).await.unwrap().code;
        assert!(!prove("000000").await || code == "000000");
        let typed = format!(" {} {}", &code[..3], &code[3..]);
        assert!(prove(&typed).await);
        assert_eq!(source().await, Source::Verified);
        assert!(crate::draw_email_code(&store, &vault, who).await.is_err(), "it is proven");
        set("three@example.com").await;
        assert_eq!(source().await, Source::SelfDeclared);
    }

    async fn a_code_for_an_address_dies_after_five_tries_and_ten_minutes(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let who = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let changes = vec![(FieldKey::Email, json!("one@example.com"))];
        update_profile(&store, &vault, who, changes).await.unwrap();
        let code = sent(&store, &vault, who).await.unwrap().code;
        for _ in 0..5 {
            let wrong = if code == "111111" { "222222" } else { "111111" };
            assert!(!crate::prove_email(&store, &vault, who, wrong).await.unwrap());
        }
        assert!(!crate::prove_email(&store, &vault, who, &code).await.unwrap());
        clock.advance(Duration::from_secs(61));
        let code = sent(&store, &vault, who).await.unwrap().code;
        clock.advance(Duration::from_secs(601));
        assert!(!crate::prove_email(&store, &vault, who, &code).await.unwrap());
        crate::sweep(&store).await.unwrap();
    }
}

/// A code on its way to the address of the profile.
async fn sent(
    store: &Store,
    vault: &trust::Vault,
    who: kernel::Id<Person>,
) -> Result<crate::EmailClaim, Error> {
    let claim = crate::draw_email_code(store, vault, who).await?;
    let kept = claim.clone();
    store
        .write(&Actor::Visitor, move |tx| {
            let kept = kept.clone();
            async move { crate::keep_email_code_in(&tx, &kept).await }
        })
        .await?;
    Ok(claim)
}
