//! Approvals answered by a passkey, on both engines.

use ::store::Store;
use kernel::Actor;
use serde_json::Value;
use trust::{Jwk, base64url, digest};

use super::{
    Holder, authenticator::Authenticator, browser, enrol, passkeys, passkeys::fresh, question,
    signing as documents,
};
use crate::{
    Approval, ApprovalState, Assertion, AtBrowser, Ceremony, Decision, Error, Evidence, FailReason,
    ItemKind, Level, PasskeyWay, PresenceCheck, Purpose, RelyingParty, SigningRequest, SigningRoom,
};

fn party() -> RelyingParty {
    RelyingParty::of(passkeys::BASE).unwrap()
}

/// A browser where nobody is signed in.
fn at(name: &str) -> AtBrowser {
    AtBrowser {
        binding: browser(name),
        person: None,
    }
}

async fn begin(store: &Store, asked: &Approval) -> Result<Ceremony, Error> {
    crate::begin_answer(store, &party(), asked.id, &at("one")).await
}

async fn finish(store: &Store, begun: &Ceremony, answer: &str) -> Result<Approval, Error> {
    crate::answer_by_passkey(store, &party(), (begun.id, &at("one")), answer).await
}

/// The person is asked to sign two documents.
async fn asked(room: &SigningRoom, holder: &Holder) -> (SigningRequest, Approval) {
    let items = ["Plan", "Map"]
        .map(|name| documents::item(ItemKind::Document, name, name.as_bytes()))
        .to_vec();
    let new = documents::request(holder, items);
    room.ask(&Actor::Visitor, new).await.unwrap()
}

/// A person of the plus level with a passkey.
async fn signer(store: &Store, room: &SigningRoom, is_synced: bool) -> (Holder, Authenticator) {
    let vault = room.identity().vault();
    let holder = enrol(store, vault, "cheung-ka-yan", Level::Plus).await;
    let mut own = fresh(store);
    own.is_synced = is_synced;
    passkeys::add(store, &holder, &mut own).await.unwrap();
    (holder, own)
}

/// A signature in DER as 64 bytes.
fn raw(der: &[u8]) -> Vec<u8> {
    let (mut rest, mut out) = (&der[2..], Vec::new());
    while !rest.is_empty() {
        let length = usize::from(rest[1]);
        let number = &rest[2..2 + length];
        let digits = &number[number.len().saturating_sub(32)..];
        out.extend(std::iter::repeat_n(0, 32 - digits.len()));
        out.extend(digits);
        rest = &rest[2 + length..];
    }
    out
}

/// What somebody who has only the evidence can check.
fn holds(kept: &Assertion) -> bool {
    let bytes = |text: &str| base64url::decode(text).unwrap();
    let client: Value = serde_json::from_slice(&bytes(&kept.client_data)).unwrap();
    let approval: kernel::Id<Approval> = kept.approval.parse().unwrap();
    let said = digest::sha256_parts(&[
        b"causeway/passkey-approval/1\0",
        &approval.bytes(),
        kept.purpose.code().as_bytes(),
        b"\0",
        &bytes(&kept.digest),
        kept.code.as_bytes(),
        b"\0",
        &bytes(&kept.nonce),
    ]);
    let data = bytes(&kept.authenticator_data);
    let signed = [
        data.clone(),
        digest::sha256(bytes(&kept.client_data)).to_vec(),
    ]
    .concat();
    let key = Jwk::from_value(&kept.key).unwrap().public_key().unwrap();
    let is_verified_and_bound = data[32] & 0x04 != 0 && data[32] & 0x18 == 0;
    client["challenge"] == base64url::encode(said)
        && client["origin"] == passkeys::BASE
        && is_verified_and_bound
        && key.verify(&signed, &raw(&bytes(&kept.signature))).is_ok()
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_passkey_of_one_device_signs_a_document_and_leaves_its_assertion(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let (request, approval) = asked(&room, &holder).await;
        assert_eq!(crate::passkey_way(&store, &approval).await.unwrap(), PasskeyWay::Ready);
        let begun = begin(&store, &approval).await.unwrap();
        assert_eq!(begun.options["userVerification"], "required");
        let answered = finish(&store, &begun, &device.assert(&begun.options)).await.unwrap();
        assert_eq!(answered.state, ApprovalState::Approved);
        room.sign(&Actor::Visitor, request.id, &browser("one")).await.unwrap();
        let kept = room.evidence(request.id, holder.person.id).await.unwrap();
        let Evidence::Passkey(assertion) = &kept.approval else { panic!("{:?}", kept.approval) };
        assert!(holds(assertion), "{assertion:?}");
        assert_eq!(assertion.digest, base64url::encode(request.digest));
        assert!(kept.approval.proof().contains(&assertion.signature));
        let other = Assertion { code: "0000".to_owned(), ..(**assertion).clone() };
        assert_eq!(holds(&other), assertion.code == "0000", "the challenge names the code");
    }

    async fn a_synced_passkey_signs_no_document(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut synced) = signer(&store, &room, true).await;
        let (_, approval) = asked(&room, &holder).await;
        assert_eq!(crate::passkey_way(&store, &approval).await.unwrap(), PasskeyWay::Synced);
        let refused = begin(&store, &approval).await;
        assert!(matches!(refused, Err(Error::PasskeySynced)), "{refused:?}");
        // Beside one that counts, the browser is not offered it, and offering it itself does not help.
        let mut bound = fresh(&store);
        passkeys::add(&store, &holder, &mut bound).await.unwrap();
        let begun = begin(&store, &approval).await.unwrap();
        assert_eq!(begun.options["allowCredentials"].as_array().unwrap().len(), 1);
        let refused = finish(&store, &begun, &synced.assert(&begun.options)).await;
        assert!(matches!(refused, Err(Error::PasskeySynced)), "{refused:?}");
        // One that has become copyable since says so itself.
        bound.is_synced = true;
        let refused = finish(&store, &begun, &bound.assert(&begun.options)).await;
        assert!(matches!(refused, Err(Error::PasskeySynced | Error::PasskeyRefused)), "{refused:?}");
        bound.is_synced = false;
        finish(&store, &begun, &bound.assert(&begun.options)).await.unwrap();
    }

    async fn an_answer_to_one_approval_is_none_to_another(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let (_, one) = asked(&room, &holder).await;
        let (request, two) = asked(&room, &holder).await;
        let (first, second) = (begin(&store, &one).await.unwrap(), begin(&store, &two).await.unwrap());
        let answer = device.assert(&first.options);
        let moved = finish(&store, &second, &answer).await;
        assert!(matches!(moved, Err(Error::PasskeyRefused)), "{moved:?}");
        let early = room.sign(&Actor::Visitor, request.id, &browser("one")).await;
        assert!(matches!(early, Err(Error::NotApproved)), "{early:?}");
        finish(&store, &first, &answer).await.unwrap();
        let again = finish(&store, &first, &answer).await;
        assert!(matches!(again, Err(Error::Expired | Error::Consumed)), "{again:?}");
        // Nor does what signs in, or confirms, approve anything.
        let (party, own) = (party(), browser("one"));
        let kind = crate::CeremonyKind::SignIn;
        let other = crate::begin_passkey(&store, &party, kind, &own).await.unwrap();
        let mixed = finish(&store, &other, &device.assert(&other.options)).await;
        assert!(matches!(mixed, Err(Error::Expired)), "{mixed:?}");
    }

    async fn an_answer_counts_with_its_own_challenge_only(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let (_, approval) = asked(&room, &holder).await;
        let begun = begin(&store, &approval).await.unwrap();
        let mut forged = begun.options.clone();
        forged["challenge"] = Value::from(base64url::encode([7; 32]));
        let refused = finish(&store, &begun, &device.assert(&forged)).await;
        assert!(matches!(refused, Err(Error::PasskeyRefused)), "{refused:?}");
        device.verifies_user = false;
        let refused = finish(&store, &begun, &device.assert(&begun.options)).await;
        assert!(matches!(refused, Err(Error::PasskeyRefused)), "{refused:?}");
        device.verifies_user = true;
        device.origin = "https://one.gov.example.evil.example".to_owned();
        let refused = finish(&store, &begun, &device.assert(&begun.options)).await;
        assert!(matches!(refused, Err(Error::PasskeyRefused)), "{refused:?}");
    }

    async fn only_the_one_who_is_asked_answers_and_only_in_the_browser_that_asked(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let stranger = enrol(&store, room.identity().vault(), "kwan-sum-yi", Level::Plus).await;
        let mut foreign = fresh(&store);
        passkeys::add(&store, &stranger, &mut foreign).await.unwrap();
        let (_, approval) = asked(&room, &holder).await;
        let begun = begin(&store, &approval).await.unwrap();
        let refused = finish(&store, &begun, &foreign.assert(&begun.options)).await;
        assert!(matches!(refused, Err(Error::PasskeyRefused)), "{refused:?}");
        let elsewhere = crate::begin_answer(&store, &party(), approval.id, &at("two")).await;
        assert!(matches!(elsewhere, Err(Error::OtherBrowser)), "{elsewhere:?}");
        let answer = device.assert(&begun.options);
        let given = (begun.id, &at("two"));
        let elsewhere = crate::answer_by_passkey(&store, &party(), given, &answer).await;
        assert!(matches!(elsewhere, Err(Error::Expired)), "{elsewhere:?}");
        // The phone was faster and said no: that is final.
        super::reply(&store, &holder, &approval, Decision::Reject).await.unwrap();
        let late = finish(&store, &begun, &answer).await;
        assert!(matches!(late, Err(Error::Decided)), "{late:?}");
    }

    async fn a_look_at_the_face_is_left_to_the_phone(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, _) = signer(&store, &room, false).await;
        let items = vec![documents::item(ItemKind::Document, "Plan", b"plan")];
        let new = crate::NewSigning {
            presence: Some(PresenceCheck::Face),
            ..documents::request(&holder, items)
        };
        let (_, approval) = room.ask(&Actor::Visitor, new).await.unwrap();
        let way = crate::passkey_way(&store, &approval).await.unwrap();
        assert_eq!(way, PasskeyWay::Phone(PresenceCheck::Face));
        let refused = begin(&store, &approval).await;
        assert!(matches!(refused, Err(Error::PhoneOnly)), "{refused:?}");
    }

    async fn a_person_of_the_basic_level_signs_by_no_passkey(store: Store) {
        let (room, _) = documents::room(&store);
        let vault = room.identity().vault();
        let holder = enrol(&store, vault, "fung-chun-kit", Level::Basic).await;
        passkeys::add(&store, &holder, &mut fresh(&store)).await.unwrap();
        let (_, approval) = asked(&room, &holder).await;
        let refused = begin(&store, &approval).await;
        assert!(matches!(refused, Err(Error::LevelTooLow)), "{refused:?}");
        let failed = crate::store::approval::get_for_test(&store, approval.id).await;
        assert_eq!(failed.reason, Some(FailReason::Level), "the page says why");
    }

    async fn a_passkey_confirms_a_step_up_and_puts_no_chop(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let new = question(Purpose::StepUp, Some(&holder.person));
        let step_up = super::ask(&store, new).await;
        let begun = begin(&store, &step_up).await.unwrap();
        finish(&store, &begun, &device.assert(&begun.options)).await.unwrap();
        let used = crate::consume(&store, &Actor::Visitor, step_up.id, &browser("one")).await.unwrap();
        assert_eq!(used.evidence.means(), crate::Means::Bound);
        for purpose in [Purpose::Chop, Purpose::Consent, Purpose::Desk] {
            let other = super::ask(&store, question(purpose, Some(&holder.person))).await;
            let refused = begin(&store, &other).await;
            assert!(matches!(refused, Err(Error::PhoneOnly)), "{purpose}: {refused:?}");
        }
    }

    async fn the_plus_level_takes_a_passkey_that_stays_on_its_device(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut synced) = signer(&store, &room, true).await;
        let mut bound = fresh(&store);
        passkeys::add(&store, &holder, &mut bound).await.unwrap();
        for (device, is_enough) in [(&mut synced, false), (&mut bound, true)] {
            let party = party();
            let kind = crate::CeremonyKind::SignIn;
            let begun = crate::begin_passkey(&store, &party, kind, &browser("one")).await.unwrap();
            let answer = device.assert(&begun.options);
            let given = (begun.id, &browser("one"));
            let what = (answer.as_str(), ("/en/inbox", Level::Plus));
            let known = crate::sign_in_by_passkey(&store, &party, given, what).await;
            assert_eq!(known.is_ok(), is_enough, "{known:?}");
            if let Err(error) = known {
                assert!(matches!(error, Error::PasskeySynced), "{error:?}");
            }
        }
    }

    async fn who_is_asked_by_name_signs_in_a_browser_of_their_own_and_nobody_else_does(store: Store) {
        let (room, _) = documents::room(&store);
        let (holder, mut device) = signer(&store, &room, false).await;
        let (_, of_a_page) = asked(&room, &holder).await;
        let items = vec![documents::item(ItemKind::Document, "Plan", b"Plan")];
        let named = crate::NewSigning {
            client: Some("rates".to_owned()),
            ..documents::request(&holder, items)
        };
        let (_, approval) = room.ask(&Actor::Visitor, named).await.unwrap();
        let own = AtBrowser { person: Some(holder.person.id), ..at("two") };
        let stranger = enrol(&store, room.identity().vault(), "pang-lok-yi", Level::Plus).await;
        let other = AtBrowser { person: Some(stranger.person.id), ..at("two") };
        for elsewhere in [&at("two"), &other] {
            let refused = crate::begin_answer(&store, &party(), approval.id, elsewhere).await;
            assert!(matches!(refused, Err(Error::OtherBrowser)), "{refused:?}");
        }
        let refused = crate::begin_answer(&store, &party(), of_a_page.id, &own).await;
        assert!(matches!(refused, Err(Error::OtherBrowser)), "its page waits elsewhere: {refused:?}");
        let begun = crate::begin_answer(&store, &party(), approval.id, &own).await.unwrap();
        let answer = device.assert(&begun.options);
        let stolen = crate::answer_by_passkey(&store, &party(), (begun.id, &other), &answer).await;
        assert!(stolen.is_err(), "{stolen:?}");
        let done = crate::answer_by_passkey(&store, &party(), (begun.id, &own), &answer).await.unwrap();
        assert_eq!(done.state, ApprovalState::Approved);

        let step = question(Purpose::StepUp, Some(&holder.person));
        let step = crate::ask(&store, &Actor::Visitor, step).await.unwrap();
        let refused = crate::begin_answer(&store, &party(), step.id, &own).await;
        assert!(matches!(refused, Err(Error::OtherBrowser)), "a page of this house waits for it: {refused:?}");
    }
}
