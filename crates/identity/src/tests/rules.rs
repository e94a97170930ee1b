//! Rules without a store.

use std::time::Duration;

use kernel::{Id, Lang, Time};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    ApprovalState as S, FieldKey, PersonName, Purpose, Refusal, Step, ValueError,
    approval::{SIGN_IN_TTL, reference_of},
    binding_code, demo,
    enrolment::{ENROLMENT_TTL, Ineligible, eligible},
    place_of,
    profile::read_value,
    proof::{self, Asked, Proof, ProofError},
    read_reference,
    recovery::RECOVERY_TTL,
    transition,
};

fn states() -> impl Strategy<Value = S> {
    prop::sample::select(S::ALL.to_vec())
}

fn steps() -> impl Strategy<Value = Step> {
    prop::sample::select(Step::ALL.to_vec())
}

#[test]
fn codes_that_open_something_live_for_a_short_time() {
    assert!(SIGN_IN_TTL <= Duration::from_secs(600));
    assert!(RECOVERY_TTL <= Duration::from_secs(24 * 3_600));
    assert!(ENROLMENT_TTL <= Duration::from_secs(600));
}

proptest! {
    #[test]
    fn codes_that_open_something_are_random_and_long_enough(one: [u8; 5], other: [u8; 5]) {
        // Every one of the 40 random bits is in the code: no two draws give the same.
        prop_assert_eq!(reference_of(one) == reference_of(other), one == other);
    }

    #[test]
    fn an_outcome_is_final(state in states(), step in steps()) {
        if !state.is_open() {
            prop_assert_eq!(transition(state, step), Err(Refusal::Final));
        }
    }

    #[test]
    fn nothing_is_approved_or_rejected_unseen(walk in prop::collection::vec(steps(), 0..8)) {
        let mut state = S::Pending;
        let mut was_opened = false;
        for step in walk {
            if let Ok(next) = transition(state, step) {
                was_opened |= step == Step::Open;
                state = next;
            }
        }
        if matches!(state, S::Approved | S::Rejected) {
            prop_assert!(was_opened);
        }
    }

    #[test]
    fn each_answer_leads_to_its_own_outcome(step in steps()) {
        let outcome = transition(S::Seen, step);
        let expected = match step {
            Step::Open => S::Seen,
            Step::Approve => S::Approved,
            Step::Reject => S::Rejected,
            Step::Cancel => S::Cancelled,
            Step::Expire => S::Expired,
            Step::Fail => S::Failed,
        };
        prop_assert_eq!(outcome, Ok(expected));
    }

    #[test]
    fn the_code_is_four_digits_and_changes_with_what_is_approved(
        key: [u8; 32], bits: u128, one: [u8; 32], other: [u8; 32],
    ) {
        let id = Id::from_bits(bits);
        let code = binding_code(&key, id, Purpose::Sign, &one);
        prop_assert_eq!(code.len(), 4);
        prop_assert!(code.bytes().all(|b| b.is_ascii_digit()));
        prop_assert_eq!(&code, &binding_code(&key, id, Purpose::Sign, &one));
        // Four digits may meet by chance, so the rule is asked of ten neighbours at once.
        let others: Vec<String> = (0..10u128)
            .map(|n| binding_code(&key, Id::from_bits(bits ^ (n + 1)), Purpose::Desk, &other))
            .collect();
        prop_assert!(others.iter().any(|neighbour| neighbour != &code));
    }

    #[test]
    fn a_reference_is_read_back_however_it_is_typed(random: [u8; 5]) {
        let reference = reference_of(random);
        prop_assert_eq!(reference.len(), 9);
        let typed = format!(" {} ", reference.to_lowercase().replace('-', " "));
        prop_assert_eq!(read_reference(&typed), Some(reference));
    }

    #[test]
    fn any_text_as_a_reference_is_harmless(typed in ".{0,40}") {
        if let Some(reference) = read_reference(&typed) {
            prop_assert_eq!(reference.len(), 9);
        }
    }

    #[test]
    fn any_text_as_a_token_is_harmless(token in ".{0,200}") {
        prop_assert!(proof::parse(&token).is_err());
    }
}

#[test]
fn letters_that_look_like_digits_are_read_as_digits() {
    assert_eq!(read_reference("oil1-2345"), Some("0111-2345".to_owned()));
    assert_eq!(read_reference("K7QM-2XP"), None);
}

#[test]
fn the_place_is_coarse() {
    let agent = "Mozilla/5.0 (Linux; Android 15; SM-S921B) AppleWebKit/537.36 Chrome/130.0 Mobile";
    assert_eq!(place_of(agent).en, "Chrome on Android");
    assert_eq!(place_of("curl/8.0").en, "A browser we do not recognise");
}

#[test]
fn a_proof_speaks_of_one_request_at_one_time() {
    let body = trust::base64url::encode(trust::digest::sha256("{}"));
    let proof = Proof {
        htm: "POST".to_owned(),
        htu: "/app/api/profile".to_owned(),
        iat: 1_000,
        jti: "0123456789abcdef".to_owned(),
        body,
    };
    let asked = Asked {
        method: "POST",
        path: "/app/api/profile",
        body: b"{}",
    };
    assert_eq!(proof::check_request(&proof, asked), Ok(()));
    for wrong in [
        Asked {
            method: "GET",
            ..asked
        },
        Asked {
            path: "/app/api/me",
            ..asked
        },
        Asked {
            body: b"{ }",
            ..asked
        },
    ] {
        assert_eq!(
            proof::check_request(&proof, wrong),
            Err(ProofError::Mismatch)
        );
    }
    let at = Time::from_seconds;
    assert_eq!(proof::check_fresh(1_000, &proof.jti, at(1_060)), Ok(()));
    assert_eq!(
        proof::check_fresh(1_000, &proof.jti, at(1_061)),
        Err(ProofError::Time)
    );
    assert_eq!(
        proof::check_fresh(1_000, &proof.jti, at(939)),
        Err(ProofError::Time)
    );
    assert_eq!(
        proof::check_fresh(1_000, "short", at(1_000)),
        Err(ProofError::Shape)
    );
    assert_eq!(
        proof::check_fresh(i64::MIN, &proof.jti, at(1_000)),
        Err(ProofError::Time)
    );
}

#[test]
fn minors_need_a_guardian_and_children_wait() {
    let today = "2026-11-23".parse().unwrap();
    let absent = crate::Guardian::Absent;
    let born = |text: &str| text.parse().unwrap();
    assert_eq!(
        eligible(born("2015-11-24"), today, absent),
        Err(Ineligible::TooYoung)
    );
    assert_eq!(
        eligible(born("2015-11-23"), today, absent),
        Err(Ineligible::GuardianNeeded)
    );
    assert_eq!(
        eligible(born("2015-11-23"), today, crate::Guardian::Agreed),
        Ok(())
    );
    assert_eq!(eligible(born("2008-11-23"), today, absent), Ok(()));
}

#[test]
fn values_of_the_profile_are_read_at_the_edge() {
    let read = |key, value| read_value(key, &value);
    assert_eq!(
        read(FieldKey::Mobile, json!("+852 6123 0001")),
        Ok(json!("61230001"))
    );
    assert_eq!(read(FieldKey::Mobile, json!("123")), Err(ValueError::Shape));
    assert_eq!(read(FieldKey::Email, json!("a@b")), Err(ValueError::Shape));
    assert_eq!(read(FieldKey::Prefix, json!("sir")), Err(ValueError::Shape));
    assert_eq!(
        read(FieldKey::NameEn, json!("Somebody Else")),
        Err(ValueError::Locked)
    );
    assert_eq!(
        read(FieldKey::Email, json!({ "a": 1 })),
        Err(ValueError::Shape)
    );
    let door = json!({ "building": " Sample House ", "district": "Sha Tin", "area": "nt" });
    let stored = read(FieldKey::ResidentialAddress, door).unwrap();
    assert_eq!(stored["building"], "Sample House");
    let nowhere = json!({ "flat": "A", "district": "Sha Tin", "area": "nt" });
    assert_eq!(
        read(FieldKey::PostalAddress, nowhere),
        Err(ValueError::Shape)
    );
    let extra = json!({ "building": "x", "district": "y", "area": "nt", "planet": "Earth" });
    assert_eq!(read(FieldKey::PostalAddress, extra), Err(ValueError::Shape));
}

#[test]
fn every_field_and_choice_has_words_in_the_register_of_invented_people() {
    for person in demo::people() {
        for (key, value) in &person.profile {
            assert!(read_value(*key, value).is_ok(), "{} {key}", person.key);
        }
        for (_, role) in &person.mandates {
            assert!(crate::MemberRole::ALL.contains(role));
        }
    }
    assert!(demo::people().len() > 40);
}

#[test]
fn names_are_never_converted() {
    let name = PersonName {
        en: "CHEUNG Ka Yan".to_owned(),
        zh: Some("張嘉欣".to_owned()),
    };
    assert_eq!(name.get(Lang::Sc), "張嘉欣");
    let only = PersonName {
        en: "SINGH Amrit".to_owned(),
        zh: None,
    };
    assert_eq!(only.get(Lang::Tc), "SINGH Amrit");
}

#[test]
fn templates_and_words_hold() {
    let defects = web::check::bundle(&crate::BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert_eq!(defects, Vec::<String>::new());
}

#[test]
fn every_purpose_has_a_title_where_somebody_waits() {
    for purpose in crate::Purpose::ALL {
        let key = format!("identity.waiting.title.{}:", purpose.code());
        assert!(crate::BUNDLE.messages.contains(&key), "{key}");
    }
}

#[test]
fn every_error_has_words_of_its_own() {
    let explained = crate::explanations();
    let mut codes: Vec<_> = explained.iter().map(|error| error.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), explained.len());
    let ours = "Something went wrong on our side";
    let nameless = explained
        .iter()
        .filter(|error| error.title.en == ours && error.status < 500);
    assert_eq!(nameless.count(), 0);
    assert!(
        explained
            .iter()
            .all(|error| !error.title.tc.is_empty() && !error.advice.tc.is_empty())
    );
}
