//! Approvals on both engines.

use std::time::Duration;

use ::store::Store;
use kernel::{Actor, FakeEnv};
use trust::SigningKey;

use crate::{
    ApprovalState, Decision, Error, Level, Purpose, SIGN_IN_TTL, SIGN_TTL,
    proof::ProofError,
    store::{
        answer::{decide, open},
        approval::{cancel, consume, find_by_reference, find_for_browser, open_of, outcome},
    },
    tests::{ask, browser, claims, enrol, question, reply, signed, vault},
};

async fn consumed(
    store: &Store,
    id: kernel::Id<crate::Approval>,
) -> Result<crate::Approved, Error> {
    consume(store, &Actor::Visitor, id, &browser("one")).await
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn an_approved_sign_in_names_the_person_and_is_used_once(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        assert!(matches!(consumed(&store, asked.id).await, Err(Error::NotApproved)));
        let decided = reply(&store, &holder, &asked, Decision::Approve).await.unwrap();
        assert_eq!(decided.state, ApprovalState::Approved);
        let approved = consumed(&store, asked.id).await.unwrap();
        assert_eq!(approved.person, holder.person.id);
        assert_eq!(approved.level, Level::Plus);
        assert!(matches!(consumed(&store, asked.id).await, Err(Error::Consumed)));
    }

    async fn an_approval_is_useless_in_another_browser(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        reply(&store, &holder, &asked, Decision::Approve).await.unwrap();
        let other = browser("another");
        let relayed = consume(&store, &Actor::Visitor, asked.id, &other).await;
        assert!(matches!(relayed, Err(Error::OtherBrowser)));
        assert!(matches!(outcome(&store, asked.id, &other).await, Err(Error::OtherBrowser)));
        assert!(matches!(find_for_browser(&store, asked.id, &other).await, Err(Error::OtherBrowser)));
        assert!(consumed(&store, asked.id).await.is_ok());
    }

    async fn rejected_cancelled_and_expired_are_different_outcomes(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let one = ask(&store, question(Purpose::SignIn, None)).await;
        reply(&store, &holder, &one, Decision::Reject).await.unwrap();
        let two = ask(&store, question(Purpose::SignIn, None)).await;
        cancel(&store, &Actor::Visitor, two.id, &browser("one")).await.unwrap();
        let three = ask(&store, question(Purpose::SignIn, None)).await;
        clock.advance(SIGN_IN_TTL);
        let state = async |id| outcome(&store, id, &browser("one")).await.unwrap().state;
        assert_eq!(state(one.id).await, ApprovalState::Rejected);
        assert_eq!(state(two.id).await, ApprovalState::Cancelled);
        assert_eq!(state(three.id).await, ApprovalState::Expired);
        for id in [one.id, two.id, three.id] {
            assert!(consumed(&store, id).await.is_err());
        }
    }

    async fn a_replayed_decision_is_refused(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        let shown = open(&store, &holder.device, asked.id).await.unwrap();
        let jws = signed(&holder.key, &claims(&store, &shown, Decision::Approve));
        decide(&store, &holder.device, &jws).await.unwrap();
        let again = decide(&store, &holder.device, &jws).await;
        assert!(matches!(again, Err(Error::Replayed)));
    }

    async fn a_second_answer_changes_nothing(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        reply(&store, &holder, &asked, Decision::Reject).await.unwrap();
        let late = signed(&holder.key, &claims(&store, &asked, Decision::Approve));
        assert!(matches!(decide(&store, &holder.device, &late).await, Err(Error::Decided)));
        assert!(matches!(consumed(&store, asked.id).await, Err(Error::NotApproved)));
    }

    async fn what_is_signed_must_be_what_was_shown(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let new = question(Purpose::Sign, Some(&holder.person));
        let asked = ask(&store, new).await;
        let shown = open(&store, &holder.device, asked.id).await.unwrap();
        let mut other_code = claims(&store, &shown, Decision::Approve);
        other_code.code = if shown.code == "0000" { "0001".to_owned() } else { "0000".to_owned() };
        let mut other_text = claims(&store, &shown, Decision::Approve);
        other_text.digest = trust::base64url::encode(trust::digest::sha256("other answers"));
        let mut other_purpose = claims(&store, &shown, Decision::Approve);
        other_purpose.purpose = Purpose::SignIn;
        for tampered in [other_code, other_text, other_purpose] {
            let jws = signed(&holder.key, &tampered);
            let refused = decide(&store, &holder.device, &jws).await;
            assert!(matches!(refused, Err(Error::Proof(ProofError::Mismatch))));
        }
        let stranger = SigningKey::generate(store.env()).unwrap();
        let forged = signed(&stranger, &claims(&store, &shown, Decision::Approve));
        let refused = decide(&store, &holder.device, &forged).await;
        assert!(matches!(refused, Err(Error::Proof(ProofError::Signature))));
    }

    async fn a_decision_made_long_ago_is_refused(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        let shown = open(&store, &holder.device, asked.id).await.unwrap();
        let jws = signed(&holder.key, &claims(&store, &shown, Decision::Approve));
        clock.advance(Duration::from_secs(61));
        let refused = decide(&store, &holder.device, &jws).await;
        assert!(matches!(refused, Err(Error::Proof(ProofError::Time))));
    }

    async fn an_expired_approval_cannot_be_answered(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let shown = open(&store, &holder.device, asked.id).await.unwrap();
        clock.advance(SIGN_TTL);
        let jws = signed(&holder.key, &claims(&store, &shown, Decision::Approve));
        assert!(matches!(decide(&store, &holder.device, &jws).await, Err(Error::Expired)));
        assert!(matches!(open(&store, &holder.device, asked.id).await, Err(Error::Expired)));
    }

    async fn an_answer_needs_opening_first(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let jws = signed(&holder.key, &claims(&store, &asked, Decision::Approve));
        assert!(matches!(decide(&store, &holder.device, &jws).await, Err(Error::NotSeen)));
    }

    async fn the_first_phone_to_open_is_the_only_one_that_answers(store: Store) {
        let vault = vault(store.env());
        let first = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let second = enrol(&store, &vault, "ng-chi-ming", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        open(&store, &first.device, asked.id).await.unwrap();
        let refused = reply(&store, &second, &asked, Decision::Approve).await;
        assert!(matches!(refused, Err(Error::OtherPhone)));
    }

    async fn a_document_is_signed_only_by_the_person_it_is_addressed_to(store: Store) {
        let vault = vault(store.env());
        let owner = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let other = enrol(&store, &vault, "ng-chi-ming", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&owner.person))).await;
        assert_eq!(open_of(&store, owner.person.id).await.unwrap().len(), 1);
        assert_eq!(open_of(&store, other.person.id).await.unwrap().len(), 0);
        let refused = reply(&store, &other, &asked, Decision::Approve).await;
        assert!(matches!(refused, Err(Error::OtherPerson)));
    }

    async fn a_basic_phone_asked_for_the_plus_level_fails_with_the_reason(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "fung-chun-kit", Level::Basic).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let refused = reply(&store, &holder, &asked, Decision::Approve).await;
        assert!(matches!(refused, Err(Error::LevelTooLow)));
        let told = outcome(&store, asked.id, &browser("one")).await.unwrap();
        assert_eq!(told.state, ApprovalState::Failed);
        assert_eq!(told.reason, Some(crate::FailReason::Level));
    }

    async fn a_resident_cannot_sign_in_to_the_desk(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Desk, None)).await;
        let refused = reply(&store, &holder, &asked, Decision::Approve).await;
        assert!(matches!(refused, Err(Error::NotOfficer)));
    }

    async fn a_suspended_persons_phone_cannot_approve(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let person = holder.person.id;
        store
            .write(&Actor::system("test"), move |tx| async move {
                let state = crate::PersonState::Suspended;
                crate::set_person_state_in(&tx, person, state, "a court order").await
            })
            .await
            .unwrap();
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        let refused = reply(&store, &holder, &asked, Decision::Approve).await;
        assert!(matches!(refused, Err(Error::Inactive)));
        let told = outcome(&store, asked.id, &browser("one")).await.unwrap();
        assert_eq!(told.reason, Some(crate::FailReason::Suspended));
    }

    async fn a_replaced_phone_can_no_longer_answer(store: Store) {
        let vault = vault(store.env());
        let old = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&old.person))).await;
        let shown = open(&store, &old.device, asked.id).await.unwrap();
        enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let jws = signed(&old.key, &claims(&store, &shown, Decision::Approve));
        assert!(matches!(decide(&store, &old.device, &jws).await, Err(Error::UnknownDevice)));
    }

    async fn a_signature_leaves_evidence_anybody_can_check(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        reply(&store, &holder, &asked, Decision::Approve).await.unwrap();
        let approved = consumed(&store, asked.id).await.unwrap();
        let crate::Evidence::Phone(kept) = &approved.evidence else { panic!() };
        let key = kept.jwk.public_key().unwrap();
        assert_eq!(key.thumbprint(), kept.thumbprint);
        let verified = trust::jws::Unverified::parse(&kept.jws)
            .unwrap()
            .verify(crate::proof::DECISION_TYP, &key)
            .unwrap();
        let said: crate::proof::SignedDecision = verified.claims().unwrap();
        assert_eq!(said.digest, trust::base64url::encode(approved.digest));
        assert_eq!(said.decision, Decision::Approve);
    }

    async fn an_approval_not_used_in_time_is_lost(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        reply(&store, &holder, &asked, Decision::Approve).await.unwrap();
        clock.advance(SIGN_IN_TTL + Duration::from_secs(1));
        assert!(matches!(consumed(&store, asked.id).await, Err(Error::Expired)));
    }

    async fn a_reference_leads_to_an_open_approval_only(store: Store, clock: FakeEnv) {
        let asked = ask(&store, question(Purpose::SignIn, None)).await;
        assert_eq!(find_by_reference(&store, &asked.reference).await.unwrap(), asked.id);
        assert!(matches!(find_by_reference(&store, "0000-0000").await, Err(Error::NotFound)));
        clock.advance(SIGN_IN_TTL);
        let late = find_by_reference(&store, &asked.reference).await;
        assert!(matches!(late, Err(Error::NotFound)));
    }

    async fn nobody_is_flooded_with_requests(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        for _ in 0..crate::approval::OPEN_PER_PERSON {
            ask(&store, question(Purpose::StepUp, Some(&holder.person))).await;
        }
        let more = question(Purpose::StepUp, Some(&holder.person));
        let refused = crate::ask(&store, &Actor::Visitor, more).await;
        assert!(matches!(refused, Err(Error::TooManyOpen)));
    }

    async fn a_question_never_leads_to_another_site(store: Store) {
        for away in ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere"] {
            let mut new = question(Purpose::SignIn, None);
            new.return_to = away.to_owned();
            let refused = crate::ask(&store, &Actor::Visitor, new).await;
            assert!(matches!(refused, Err(Error::Malformed(_))), "{away}");
        }
    }

    async fn the_sweep_keeps_a_signature_while_what_it_signed_is_kept(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let left = ask(&store, question(Purpose::SignIn, None)).await;
        let unused = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        let used = ask(&store, question(Purpose::Sign, Some(&holder.person))).await;
        for document in [&unused, &used] {
            reply(&store, &holder, document, Decision::Approve).await.unwrap();
        }
        consumed(&store, used.id).await.unwrap();
        clock.advance(Duration::from_secs(100 * 86_400));
        crate::sweep(&store).await.unwrap();
        crate::sweep(&store).await.unwrap();
        for gone in [left.id, unused.id] {
            let gone = find_for_browser(&store, gone, &browser("one")).await;
            assert!(matches!(gone, Err(Error::NotFound)));
        }
        let kept = find_for_browser(&store, used.id, &browser("one")).await.unwrap();
        assert_eq!(kept.state, ApprovalState::Approved);
        let id = used.id;
        store
            .write(&Actor::system("test"), move |tx| async move {
                crate::forget_approval_in(&tx, id).await
            })
            .await
            .unwrap();
        let gone = find_for_browser(&store, used.id, &browser("one")).await;
        assert!(matches!(gone, Err(Error::NotFound)));
    }
}
