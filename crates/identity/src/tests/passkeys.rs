//! Passkeys, recoveries and the list of devices on both engines.

use std::time::Duration;

use ::store::Store;
use kernel::{Actor, FakeEnv, Id, Role, Text};

use crate::{
    Approval, Authority, Ceremony, CeremonyKind, Decision, Entrance, Error, Ground, Known, Level,
    Means, NewRecovery, Officer, Passkey, Purpose, RelyingParty, Shown, Verdict, demo,
    tests::{Holder, ask, authenticator::Authenticator, browser, enrol, question, reply, vault},
};

pub(crate) const BASE: &str = "https://one.gov.example";

/// An authenticator in a browser at this site.
pub(crate) fn fresh(store: &Store) -> Authenticator {
    Authenticator::new(store.env(), BASE).unwrap()
}

fn party() -> RelyingParty {
    RelyingParty::of(BASE).unwrap()
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

pub(crate) async fn allowed(store: &Store, holder: &Holder, name: &str) -> Result<Ceremony, Error> {
    let who = (holder.person.id, name);
    let given = approved(store, holder, crate::adding_digest(who.0, name)).await;
    crate::add_by_phone(store, &party(), who, (given, &browser("one"))).await
}

pub(crate) async fn add(
    store: &Store,
    holder: &Holder,
    device: &mut Authenticator,
) -> Result<Passkey, Error> {
    let begun = allowed(store, holder, "My laptop").await?;
    let answer = device.make(&begun.options);
    let given = (begun.id, &browser("one"));
    let (added, authority) = crate::finish_adding(store, &party(), given, &answer).await?;
    assert_eq!(authority, Authority::Phone);
    Ok(added)
}

async fn begin(store: &Store, kind: CeremonyKind) -> Ceremony {
    crate::begin_passkey(store, &party(), kind, &browser("one"))
        .await
        .unwrap()
}

async fn finish(store: &Store, begun: &Ceremony, answer: &str) -> Result<Known, Error> {
    let given = (begun.id, &browser("one"));
    crate::sign_in_by_passkey(
        store,
        &party(),
        given,
        (answer, ("/en/inbox", Level::Basic)),
    )
    .await
}

async fn sign_in(store: &Store, device: &mut Authenticator) -> Result<Known, Error> {
    let begun = begin(store, CeremonyKind::SignIn).await;
    let answer = device.assert(&begun.options);
    finish(store, &begun, &answer).await
}

pub(crate) fn keeper(store: &Store, role: Role) -> Officer {
    Officer {
        id: store.env().id(),
        person: store.env().id(),
        name: crate::PersonName {
            en: "An Officer".to_owned(),
            zh: None,
        },
        department: crate::KEEPER.to_owned(),
        roles: Vec::new(),
        role,
        is_active: true,
    }
}

/// Two officers give the person a code.
async fn code(store: &Store, vault: &trust::Vault, holder: &Holder) -> String {
    let (officer, supervisor) = (
        keeper(store, Role::Officer),
        keeper(store, Role::Supervisor),
    );
    let id = crate::ask_recovery(store, vault, &officer, recovery(holder))
        .await
        .unwrap();
    let given = (id, Verdict::Agree);
    crate::decide_recovery(store, vault, &supervisor, given)
        .await
        .unwrap()
        .unwrap()
}

fn recovery(holder: &Holder) -> NewRecovery {
    NewRecovery {
        person: holder.person.id,
        shown: Shown::Card,
        reason: "Lost the phone at sea".to_owned(),
        reader: Text::new("Digital Policy Office", "數字政策辦公室"),
    }
}

async fn redeem(
    store: &Store,
    vault: &trust::Vault,
    key: &str,
    code: &str,
) -> Result<Ceremony, Error> {
    let card = demo::find(key).unwrap();
    let given = (&card.hkid.clone().into(), code);
    let what = ("A new key", &browser("one"));
    crate::redeem_recovery(store, (vault, &party()), given, what).await
}

#[test]
fn a_site_without_name_or_tls_has_no_passkeys() {
    for (base, is_there) in [
        ("https://one.gov.example", true),
        ("http://localhost:8080", true),
        ("http://one.gov.example", false),
        ("http://127.0.0.1:8080", false),
        ("https://192.0.2.7", false),
        ("one.gov.example", false),
    ] {
        assert_eq!(RelyingParty::of(base).is_some(), is_there, "{base}");
    }
}

#[test]
fn amr_tells_phone_and_passkeys_apart() {
    for means in Means::ALL {
        assert!(means.amr().contains(&"pop") && means.amr().contains(&"user"));
    }
    assert!(Means::Phone.amr().contains(&"mca"));
    assert!(Means::Bound.amr().contains(&"hwk"));
    assert!(Means::Synced.amr().contains(&"swk"));
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_passkey_the_phone_allowed_signs_in(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        let added = add(&store, &holder, &mut device).await.unwrap();
        assert_eq!(added.name, "My laptop");
        let known = sign_in(&store, &mut device).await.unwrap();
        assert_eq!((known.person, known.means), (holder.person.id, Means::Bound));
        let held = crate::passkeys_of(&store, holder.person.id).await.unwrap();
        assert!(held[0].last_used.is_some());
        // The sign-in page asks for no name, so the authenticator must find the key by itself.
        let begun = allowed(&store, &holder, "Another").await.unwrap();
        assert_eq!(begun.options["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(begun.options["excludeCredentials"].as_array().unwrap().len(), 1);
        let mut second = fresh(&store);
        add(&store, &holder, &mut second).await.unwrap();
        sign_in(&store, &mut second).await.unwrap();
        sign_in(&store, &mut device).await.unwrap();
    }

    async fn an_answer_signs_in_once(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        add(&store, &holder, &mut device).await.unwrap();
        let begun = begin(&store, CeremonyKind::SignIn).await;
        let answer = device.assert(&begun.options);
        finish(&store, &begun, &answer).await.unwrap();
        let again = finish(&store, &begun, &answer).await;
        assert!(matches!(again, Err(Error::Expired | Error::Consumed)), "{again:?}");
        let other = begin(&store, CeremonyKind::SignIn).await;
        let moved = finish(&store, &other, &answer).await;
        assert!(matches!(moved, Err(Error::PasskeyRefused)), "{moved:?}");
    }

    async fn only_the_exact_origin_signs_in(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        add(&store, &holder, &mut device).await.unwrap();
        for origin in [
            "https://badone.gov.example", "https://evil.one.gov.example", "https://gov.example",
            "https://one.gov.example:8443", "http://one.gov.example", "https://one.gov.example.evil.example",
        ] {
            device.origin = origin.to_owned();
            let refused = sign_in(&store, &mut device).await;
            assert!(matches!(refused, Err(Error::PasskeyRefused)), "{origin}: {refused:?}");
        }
        device.origin = BASE.to_owned();
        sign_in(&store, &mut device).await.unwrap();
    }

    async fn a_user_whom_nobody_verified_is_refused(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        device.verifies_user = false;
        assert!(matches!(add(&store, &holder, &mut device).await, Err(Error::PasskeyRefused)));
        device.verifies_user = true;
        add(&store, &holder, &mut device).await.unwrap();
        device.verifies_user = false;
        assert!(matches!(sign_in(&store, &mut device).await, Err(Error::PasskeyRefused)));
    }

    async fn a_copied_key_is_seen_by_its_counter(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        add(&store, &holder, &mut device).await.unwrap();
        sign_in(&store, &mut device).await.unwrap();
        device.counter = 0;
        assert!(matches!(sign_in(&store, &mut device).await, Err(Error::PasskeyRefused)));
    }

    async fn only_the_browser_that_began_finishes(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        let begun = allowed(&store, &holder, "My laptop").await.unwrap();
        let answer = device.make(&begun.options);
        let given = (begun.id, &browser("two"));
        let other = crate::finish_adding(&store, &party(), given, &answer).await;
        assert!(matches!(other, Err(Error::Expired)), "{other:?}");
        let given = (begun.id, &browser("one"));
        crate::finish_adding(&store, &party(), given, &answer).await.unwrap();
        let begun = begin(&store, CeremonyKind::SignIn).await;
        let answer = device.assert(&begun.options);
        let given = (begun.id, &browser("two"));
        let other =
            crate::sign_in_by_passkey(&store, &party(), given, (&answer, ("/en/inbox", Level::Basic))).await;
        assert!(matches!(other, Err(Error::Expired)), "{other:?}");
    }

    async fn a_ceremony_ends_after_ten_minutes(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        let begun = allowed(&store, &holder, "My laptop").await.unwrap();
        clock.advance(Duration::from_secs(601));
        let answer = device.make(&begun.options);
        let given = (begun.id, &browser("one"));
        let late = crate::finish_adding(&store, &party(), given, &answer).await;
        assert!(matches!(late, Err(Error::Expired)), "{late:?}");
        crate::sweep(&store).await.unwrap();
    }

    async fn no_passkey_is_added_without_a_word_for_this_one(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let who = (holder.person.id, "Somebody's laptop");
        let given = approved(&store, &holder, crate::adding_digest(who.0, "My laptop")).await;
        let other = crate::add_by_phone(&store, &party(), who, (given, &browser("one"))).await;
        assert!(matches!(other, Err(Error::WrongApproval)), "{other:?}");
    }

    async fn one_passkey_allows_another_and_a_strangers_does_not(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let stranger = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let (mut own, mut foreign) = (fresh(&store), fresh(&store));
        add(&store, &holder, &mut own).await.unwrap();
        add(&store, &stranger, &mut foreign).await.unwrap();
        let who = (holder.person.id, "The second");
        for (device, fits) in [(&mut foreign, false), (&mut own, true)] {
            let confirm = begin(&store, CeremonyKind::Confirm).await;
            let answer = device.assert(&confirm.options);
            let given = (confirm.id, &browser("one"));
            let begun = crate::add_by_passkey(&store, &party(), who, given, &answer).await;
            assert_eq!(begun.is_ok(), fits, "{begun:?}");
        }
        // An answer to a sign-in is no confirmation.
        let begun = begin(&store, CeremonyKind::SignIn).await;
        let answer = own.assert(&begun.options);
        let given = (begun.id, &browser("one"));
        let mixed = crate::add_by_passkey(&store, &party(), who, given, &answer).await;
        assert!(matches!(mixed, Err(Error::Expired)), "{mixed:?}");
    }

    async fn a_synced_passkey_signs_in_but_does_not_count_for_signing(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        device.is_synced = true;
        let synced = add(&store, &holder, &mut device).await.unwrap();
        assert!(synced.is_synced && !synced.counts_for_signing());
        assert_eq!(sign_in(&store, &mut device).await.unwrap().means, Means::Synced);
        let bound = add(&store, &holder, &mut fresh(&store)).await.unwrap();
        assert!(bound.counts_for_signing());
    }

    async fn a_removed_passkey_signs_nobody_in(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let stranger = enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let mut device = fresh(&store);
        let added = add(&store, &holder, &mut device).await.unwrap();
        let begun = begin(&store, CeremonyKind::SignIn).await;
        let answer = device.assert(&begun.options);
        let which = Entrance::Passkey(added.id);
        assert!(matches!(end(&store, &stranger, &which).await, Err(Error::NotFound)));
        end(&store, &holder, &which).await.unwrap();
        assert!(matches!(finish(&store, &begun, &answer).await, Err(Error::PasskeyRefused)));
        assert!(crate::passkeys_of(&store, holder.person.id).await.unwrap().is_empty());
        let again = add(&store, &holder, &mut device).await;
        assert!(matches!(again, Err(Error::AlreadyThere)), "{again:?}");
    }

    async fn a_suspended_person_signs_in_by_no_passkey(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        add(&store, &holder, &mut device).await.unwrap();
        let by = keeper(&store, Role::Officer);
        let why = (Ground::LostPhone, "called 1823");
        crate::suspend_account(&store, &by, holder.person.id, why).await.unwrap();
        assert!(matches!(sign_in(&store, &mut device).await, Err(Error::Inactive)));
    }

    async fn a_refused_attempt_names_its_person_and_cause_and_tells_the_one_who_tries_nothing(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let mut device = fresh(&store);
        add(&store, &holder, &mut device).await.unwrap();
        // A passkey nobody has ever added belongs to nobody.
        let unknown = sign_in(&store, &mut fresh(&store)).await;
        assert!(matches!(unknown, Err(Error::PasskeyRefused)), "{unknown:?}");
        assert!(refused(&store).await.is_empty());
        device.verifies_user = false;
        let known = sign_in(&store, &mut device).await;
        assert!(matches!(known, Err(Error::PasskeyRefused)), "the same words: {known:?}");
        let wrong = redeem(&store, &vault, "kwan-sum-yi", "AAAA-AAAA").await;
        assert!(matches!(wrong, Err(Error::RecoveryRefused)), "{wrong:?}");
        let nobody = redeem(&store, &vault, "cheung-ka-yan", "AAAA-AAAA").await;
        assert!(matches!(nobody, Err(Error::RecoveryRefused)), "{nobody:?}");
        let by = keeper(&store, Role::Officer);
        let why = (Ground::LostPhone, "called 1823");
        crate::suspend_account(&store, &by, holder.person.id, why).await.unwrap();
        device.verifies_user = true;
        assert!(matches!(sign_in(&store, &mut device).await, Err(Error::Inactive)));
        let told = refused(&store).await;
        let cause = |one: &serde_json::Value| one["cause"].as_str().unwrap().to_owned();
        let causes: std::collections::BTreeSet<String> = told.iter().map(cause).collect();
        let expected = ["code", "passkey", "suspended"].map(str::to_owned);
        assert_eq!(causes, expected.into(), "{told:?}");
        assert_eq!(told.len(), 3);
        let own = serde_json::json!(holder.person.id);
        assert!(told.iter().all(|one| one["person"] == own), "{told:?}");
    }

    async fn nobody_has_more_than_ten_passkeys(store: Store) {
        let holder = enrol(&store, &vault(store.env()), "kwan-sum-yi", Level::Plus).await;
        for _ in 0..crate::PASSKEYS_MAX {
            add(&store, &holder, &mut fresh(&store)).await.unwrap();
        }
        let more = allowed(&store, &holder, "One more").await;
        assert!(matches!(more, Err(Error::TooManyPasskeys)), "{more:?}");
    }

    async fn a_code_takes_two_officers_and_makes_one_passkey(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let both = keeper(&store, Role::Supervisor);
        let id = crate::ask_recovery(&store, &vault, &both, recovery(&holder)).await.unwrap();
        let alone = crate::decide_recovery(&store, &vault, &both, (id, Verdict::Agree)).await;
        assert!(matches!(alone, Err(Error::SamePerson)), "{alone:?}");
        let officer = keeper(&store, Role::Officer);
        let low = crate::decide_recovery(&store, &vault, &officer, (id, Verdict::Agree)).await;
        assert!(matches!(low, Err(Error::WrongPost)), "{low:?}");
        let waiting = crate::waiting_recoveries(&store, &vault, &officer).await.unwrap();
        assert_eq!(waiting[0].reason, "Lost the phone at sea");
        let code = code(&store, &vault, &holder).await;
        let begun = redeem(&store, &vault, "kwan-sum-yi", &code).await.unwrap();
        let mut device = fresh(&store);
        let answer = device.make(&begun.options);
        let given = (begun.id, &browser("one"));
        let (_, authority) =
            crate::finish_adding(&store, &party(), given, &answer).await.unwrap();
        assert_eq!(authority, Authority::Counter);
        sign_in(&store, &mut device).await.unwrap();
        let again = redeem(&store, &vault, "kwan-sum-yi", &code).await;
        assert!(matches!(again, Err(Error::RecoveryRefused)), "{again:?}");
        let read = crate::readings_of(&store, holder.person.id).await.unwrap();
        assert!(read.iter().any(|one| one.reason.en == "Lost the phone at sea"));
    }

    async fn two_ceremonies_of_one_code_add_one_passkey(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        let code = code(&store, &vault, &holder).await;
        let mut results = Vec::new();
        let first = redeem(&store, &vault, "kwan-sum-yi", &code).await.unwrap();
        let second = redeem(&store, &vault, "kwan-sum-yi", &code).await.unwrap();
        for begun in [first, second] {
            let answer = fresh(&store).make(&begun.options);
            let given = (begun.id, &browser("one"));
            results.push(crate::finish_adding(&store, &party(), given, &answer).await.is_ok());
        }
        assert_eq!(results, [true, false]);
    }

    async fn a_code_dies_after_five_wrong_tries_and_after_a_day(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await;
        enrol(&store, &vault, "cheung-ka-yan", Level::Plus).await;
        let right = code(&store, &vault, &holder).await;
        for _ in 0..5 {
            let wrong = redeem(&store, &vault, "kwan-sum-yi", "AAAA-AAAA").await;
            assert!(matches!(wrong, Err(Error::RecoveryRefused)));
        }
        let late = redeem(&store, &vault, "kwan-sum-yi", &right).await;
        assert!(matches!(late, Err(Error::RecoveryRefused)), "{late:?}");
        let right = code(&store, &vault, &holder).await;
        let other = redeem(&store, &vault, "cheung-ka-yan", &right).await;
        assert!(matches!(other, Err(Error::RecoveryRefused)), "{other:?}");
        clock.advance(Duration::from_secs(24 * 3_600 + 1));
        let late = redeem(&store, &vault, "kwan-sum-yi", &right).await;
        assert!(matches!(late, Err(Error::RecoveryRefused)), "{late:?}");
        crate::sweep(&store).await.unwrap();
    }
}

/// What was told of refused attempts, in order.
async fn refused(store: &Store) -> Vec<serde_json::Value> {
    super::simulation::events(store, crate::ATTEMPT_REFUSED).await
}

async fn end(store: &Store, holder: &Holder, which: &Entrance) -> Result<(), Error> {
    let (who, which) = (holder.person.id, which.clone());
    store
        .write(&Actor::Visitor, move |tx| {
            let which = which.clone();
            async move { crate::revoke_entrance_in(&tx, who, &which).await }
        })
        .await
}
