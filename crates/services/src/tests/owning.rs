//! What owners do with services: publish with a second person, preview, end, and the supervisor's and
//! the shroff's work on many at once.

use std::time::Duration;

use kernel::{Date, FakeEnv, Lang, Role};
use payments::{NewRefund, RefundReason, RefundState};
use store::Store;

use super::{
    PACK, SERVICE,
    world::{Count, OWNERS, World, dog},
};
use crate::{
    Checking, Clerk, Error, NewRetirement, Pretend, RefundVerdict, Release, ReleaseState, Start,
    TakeBack,
};

const DAY: Duration = Duration::from_secs(86_400);

/// An owner, and a supervisor of the same department.
async fn pair(world: &World) -> (Clerk, Clerk) {
    let mut owner = world.clerk("afcd-officer").await;
    owner.role = Role::Owner;
    (owner, world.clerk("afcd-supervisor").await)
}

fn second_version() -> String {
    PACK.replace("version: 1", "version: 2")
        .replace("cents: 8000", "cents: 9000")
        .replace("fee: 8000", "fee: 9000")
}

async fn ready(world: &World, owner: &Clerk, source: &str) -> Release {
    let checked = world
        .services
        .check_release(owner, (Some(SERVICE), source))
        .await
        .unwrap();
    let Checking::Ready(id) = checked else {
        panic!("{checked:?}");
    };
    world.services.release_of(owner, id).await.unwrap()
}

fn ending(world: &World) -> NewRetirement {
    let now = world.services.env().now();
    NewRetirement {
        service: SERVICE.into(),
        starts_at: now + DAY,
        submit_until: now + DAY * 5,
        reason: ["The law changes".into(), "法例修訂".into()],
        instead: None,
    }
}

fn pretend() -> Pretend {
    Pretend {
        is_plus: true,
        born: Date::new(1990, 5, 10).unwrap(),
        is_company: false,
        has_profile: true,
        today: Date::new(2026, 11, 22).unwrap(),
    }
}

fn form(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

store::db_tests! {
    OWNERS;

    async fn a_version_is_published_by_a_second_person(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, supervisor) = pair(&world).await;
        let release = ready(&world, &owner, &second_version()).await;
        let unseen = world.services.release_of(&supervisor, release.id).await;
        assert!(matches!(unseen, Err(Error::NoSuchRelease)), "checked is its maker's own");
        let silent = world.services.propose_release(&owner, release.id, " ").await;
        assert!(matches!(silent, Err(Error::ReasonNeeded)));
        world.services.propose_release(&owner, release.id, "The fee order of 2026").await.unwrap();
        let alone = world.services.publish_release(&owner, release.id).await;
        assert!(matches!(alone, Err(Error::FourEyes)));
        assert_eq!(world.services.waiting_releases(&supervisor).await.unwrap().len(), 1);
        world.clock.advance(DAY / 24);
        let done = world.services.publish_release(&supervisor, release.id).await.unwrap();
        assert_eq!(done.version, 2);
        assert_eq!(done.changes["gravest"], "compatible");
        let catalogue = world.services.catalogue();
        let now = world.services.env().now();
        assert_eq!(catalogue.current(SERVICE, now).unwrap().version, 2);
        let twice = world.services.publish_release(&supervisor, release.id).await;
        assert!(matches!(twice, Err(Error::ReleaseState)));
        let id = release.id.to_string();
        let records = world
            .store
            .read(move |db| { let id = id.clone(); async move { journal::audit_of(&db, "release", &id).await } })
            .await
            .unwrap();
        let actions: Vec<_> = records.iter().map(|one| one.action.as_str()).collect();
        assert_eq!(actions, ["release.proposed", "release.published"]);
        assert_eq!(records[1].reason.as_deref(), Some("The fee order of 2026"));
    }

    async fn every_defect_is_told_and_nothing_is_kept(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, _) = pair(&world).await;
        let source = second_version().replace("start: received", "start: nowhere").replace("list: sexes", "list: sexs");
        let checked = world.services.check_release(&owner, (Some(SERVICE), &source)).await.unwrap();
        let Checking::Defects(defects) = checked else { panic!("{checked:?}") };
        assert!(defects.len() >= 2, "{defects:?}");
        assert!(defects.iter().all(|one| one.span.line > 1 && !one.mend.is_empty()));
        assert!(world.services.releases(&owner, SERVICE).await.unwrap().is_empty());
    }

    async fn a_version_that_is_taken_is_a_defect_at_its_line(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, _) = pair(&world).await;
        let source = PACK.replace("cents: 8000", "cents: 9000").replace("fee: 8000", "fee: 9000");
        let checked = world.services.check_release(&owner, (None, &source)).await.unwrap();
        let Checking::Defects(defects) = checked else { panic!("{checked:?}") };
        assert_eq!((defects.len(), defects[0].span.line), (1, 2));
        assert!(defects[0].mend.contains("version: 2"), "{}", defects[0].mend);
    }

    async fn only_the_owning_department_puts_a_pack_forward(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let mut stranger = world.clerk("td-officer").await;
        stranger.role = Role::Owner;
        let foreign = world.services.check_release(&stranger, (None, &second_version())).await;
        assert!(matches!(foreign, Err(Error::NotOwner)));
        let officer = world.clerk("afcd-officer").await;
        let plain = world.services.check_release(&officer, (None, &second_version())).await;
        assert!(matches!(plain, Err(Error::NotOwner)));
        assert!(world.services.owned(&stranger).await.unwrap().is_empty());
        assert!(world.services.owned_version(&stranger, (SERVICE, None)).is_err());
        let (owner, _) = pair(&world).await;
        let release = ready(&world, &owner, &second_version()).await;
        world.services.propose_release(&owner, release.id, "Because").await.unwrap();
        let other = world.clerk("td-supervisor").await;
        assert!(matches!(world.services.publish_release(&other, release.id).await, Err(Error::NoSuchRelease)));
    }

    async fn one_proposal_of_a_service_waits_at_a_time(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, supervisor) = pair(&world).await;
        let first = ready(&world, &owner, &second_version()).await;
        world.services.propose_release(&owner, first.id, "Because").await.unwrap();
        let other = second_version().replace("9000", "9100");
        let second = ready(&world, &owner, &other).await;
        let both = world.services.propose_release(&owner, second.id, "Because").await;
        assert!(matches!(both, Err(Error::ReleaseState)));
        world.services.refuse_release(&supervisor, first.id, "The fee is wrong").await.unwrap();
        let back = world.services.release_of(&owner, first.id).await.unwrap();
        assert_eq!((back.state, back.note.as_str()), (ReleaseState::Refused, "The fee is wrong"));
        world.services.propose_release(&owner, second.id, "Because").await.unwrap();
        world.services.withdraw_release(&owner, second.id).await.unwrap();
        assert!(world.services.waiting_releases(&supervisor).await.unwrap().is_empty());
    }

    async fn a_service_that_ends_lets_those_finish_who_have_begun(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, supervisor) = pair(&world).await;
        let person = world.resident().await;
        let begun = world.answered(person, "900001").await;
        let others = world.services.retire(&supervisor, ending(&world)).await;
        assert!(matches!(others, Err(Error::NotOwner)));
        world.services.retire(&owner, ending(&world)).await.unwrap();
        let now = world.services.env().now();
        assert!(world.services.catalogue().current(SERVICE, now).is_some(), "still open today");
        world.after(2);
        let late = world.person("ho-mei-ling").await;
        let start = Start { applicant: late, service: SERVICE.into(), lang: Lang::En };
        assert!(matches!(world.services.start(start).await, Err(Error::Retired)));
        let again = world.start(person).await;
        assert_eq!(again.draft.id, begun.draft.id);
        let frozen = world.services.freeze(person, begun.draft.id, begun.draft.revision).await;
        assert!(frozen.is_ok(), "{frozen:?}");
        world.after(4);
        let start = Start { applicant: person, service: SERVICE.into(), lang: Lang::En };
        assert!(matches!(world.services.start(start).await, Err(Error::Retired)));
    }

    async fn nothing_is_submitted_after_the_second_date(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, _) = pair(&world).await;
        let person = world.resident().await;
        let begun = world.answered(person, "900001").await;
        world.services.retire(&owner, ending(&world)).await.unwrap();
        world.after(6);
        let frozen = world.services.freeze(person, begun.draft.id, begun.draft.revision).await;
        assert!(matches!(frozen, Err(Error::CutOff)), "{frozen:?}");
    }

    async fn the_end_of_a_service_can_be_taken_back_until_it_begins(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let (owner, _) = pair(&world).await;
        let now = world.services.env().now();
        let past = NewRetirement { starts_at: now, ..ending(&world) };
        assert!(matches!(world.services.retire(&owner, past).await, Err(Error::CutOffPast(_))));
        let backwards = NewRetirement { submit_until: now + DAY / 2, ..ending(&world) };
        assert!(matches!(world.services.retire(&owner, backwards).await, Err(Error::SubmitBeforeCutOff)));
        let nowhere = NewRetirement { instead: Some("no-such".into()), ..ending(&world) };
        assert!(matches!(world.services.retire(&owner, nowhere).await, Err(Error::NoSuchService(_))));
        world.services.retire(&owner, ending(&world)).await.unwrap();
        world.services.keep_service(&owner, SERVICE).await.unwrap();
        assert!(world.services.catalogue().retirement(SERVICE).is_none());
        world.services.retire(&owner, ending(&world)).await.unwrap();
        world.after(2);
        assert!(matches!(world.services.keep_service(&owner, SERVICE).await, Err(Error::RetiredAlready)));
    }

    async fn a_preview_computes_everything_and_stores_nothing(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let pack = world.services.pack_of_version(SERVICE, 1).unwrap();
        let mut walk = world.services.walk(&pack, pretend());
        let here = world.services.walk_answers(&pack, &walk).unwrap();
        assert!(here.answers.has("name_en") && here.locked.contains_key("hkid"));
        assert_eq!(world.services.walk_first(&pack, &walk).unwrap().as_deref(), Some("you"));
        let you = form(&[("name_en", "MALLORY"), ("mobile", "61230000")]);
        let page = world.services.walk_page(&pack, &mut walk, ("you", &you)).unwrap();
        assert_eq!(page.next.as_deref(), Some("dog"));
        let mut fields = dog("900001").to_vec();
        fields[5] = ("neutered", "true");
        let page = world.services.walk_page(&pack, &mut walk, ("dog", &form(&fields))).unwrap();
        assert!(page.problems.is_empty(), "a sample file stands for the letter: {:?}", page.problems);
        let end = world.services.walk_end(&pack, &walk).unwrap();
        assert_eq!(end.fee.unwrap().total.cents(), 8_000);
        assert!(end.problems.is_empty() && end.refusals.is_empty() && !end.is_level_too_low);
        assert_eq!(end.state.en, "Received");
        assert!(end.validity.is_some() && !end.is_automatic);
        assert_eq!(world.count(Count::Places).await, 0, "no draft, no case");
    }

    async fn a_preview_shows_who_is_turned_away(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let pack = world.services.pack_of_version(SERVICE, 1).unwrap();
        let who = Pretend { is_plus: false, is_company: true, has_profile: false, ..pretend() };
        let mut walk = world.services.walk(&pack, who);
        assert!(world.services.walk_answers(&pack, &walk).unwrap().answers.is_empty());
        let mut fields = dog("900001").to_vec();
        fields[4] = ("born.year", "1990");
        world.services.walk_page(&pack, &mut walk, ("dog", &form(&fields))).unwrap();
        let end = world.services.walk_end(&pack, &walk).unwrap();
        assert!(end.is_level_too_low && end.is_not_for_them);
        assert_eq!(end.refusals[0].rule, "too_old");
        assert!(!end.problems.is_empty(), "the page about the person was not answered");
    }

    async fn handing_out_tells_of_each_case_and_can_be_taken_back(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let done = world.submitted(world.resident().await, "900001").await;
        let officer = world.clerk("afcd-officer").await;
        let supervisor = world.clerk("afcd-supervisor").await;
        let unknown = world.services.env().id();
        let cases = vec![done.case, unknown];
        let small = world.services.hand_out(&officer, cases.clone(), officer.id).await;
        assert!(matches!(small, Err(Error::WrongRole)));
        let handed = world.services.hand_out(&supervisor, cases, officer.id).await.unwrap();
        assert!(handed[0].outcome.is_ok() && handed[0].reference.is_some());
        assert!(matches!(handed[1].outcome, Err(Error::NoSuchCase)));
        assert_eq!(world.case(done.case).await.assignee, Some(officer.id));
        let back = TakeBack { case: done.case, before: None, revision: handed[0].revision };
        let taken = world.services.take_back(&supervisor, vec![back]).await.unwrap();
        assert!(taken[0].outcome.is_ok(), "{:?}", taken[0].outcome);
        assert_eq!(world.case(done.case).await.assignee, None);
    }

    async fn a_case_somebody_worked_on_is_not_taken_back(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let done = world.submitted(world.resident().await, "900001").await;
        let officer = world.clerk("afcd-officer").await;
        let supervisor = world.clerk("afcd-supervisor").await;
        let handed = world.services.hand_out(&supervisor, vec![done.case], officer.id).await.unwrap();
        let back = TakeBack { case: done.case, before: None, revision: handed[0].revision };
        world.services.release(&officer, done.case).await.unwrap();
        world.services.claim(&officer, done.case).await.unwrap();
        let taken = world.services.take_back(&supervisor, vec![back]).await.unwrap();
        assert!(matches!(taken[0].outcome, Err(Error::CaseMoved)));
        assert_eq!(world.case(done.case).await.assignee, Some(officer.id));
    }

    async fn a_refund_is_the_business_of_its_department(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let done = world.submitted(world.resident().await, "900001").await;
        let demand = world.case(done.case).await.demand.unwrap();
        let receipt = world
            .store
            .read(move |db| async move { payments::receipts_of(&db, demand).await })
            .await
            .unwrap()
            .remove(0);
        let officer = world.clerk("afcd-officer").await;
        let supervisor = world.clerk("afcd-supervisor").await;
        let stranger = world.clerk("td-supervisor").await;
        assert!(world.services.find_receipt(&stranger, &receipt.number).await.unwrap().is_none());
        let new = NewRefund {
            receipt: receipt.id, amount: receipt.amount, seen_available: receipt.available,
            reason: RefundReason::Mistake, note: "Charged for two dogs".into(),
        };
        let foreign = world.services.ask_refund(&stranger, new.clone()).await;
        assert!(matches!(foreign, Err(Error::Payments(payments::Error::NotFound))));
        world.services.ask_refund(&officer, new).await.unwrap();
        let state = RefundState::Requested;
        assert!(world.services.refunds(&stranger, state, None).await.unwrap().rows.is_empty());
        let page = world.services.refunds(&supervisor, state, None).await.unwrap();
        let row = &page.rows[0];
        assert_eq!(row.note.as_deref(), Some("Charged for two dogs"));
        assert!(row.may_decide && page.next.is_none());
        let own = world.services.refunds(&officer, state, None).await.unwrap();
        assert!(!own.rows[0].may_decide);
        let alone = world.services.decide_refund(&officer, row.refund.id, RefundVerdict::Approve).await;
        assert!(matches!(alone, Err(Error::Payments(payments::Error::SameOfficer))));
        let silent = RefundVerdict::Refuse(String::new());
        let silent = world.services.decide_refund(&supervisor, row.refund.id, silent).await;
        assert!(matches!(silent, Err(Error::ReasonNeeded)));
        world.services.decide_refund(&supervisor, row.refund.id, RefundVerdict::Approve).await.unwrap();
        assert_eq!(world.returned(demand).await, receipt.amount.cents());
    }

    async fn timers_are_found_by_the_reference_of_their_case(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let done = world.submitted(world.resident().await, "900001").await;
        let case = world.case(done.case).await;
        let reference = case.reference.to_string();
        let found = world.services.case_of_reference(&reference).await.unwrap();
        assert_eq!(found, Some(done.case));
        assert_eq!(world.services.case_of_reference("case/").await.unwrap(), None);
        let key = format!("case/{}/promise", done.case);
        let cases = world.services.timer_cases([key.as_str(), "other"].into_iter()).await.unwrap();
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[&key].state.en, "Received");
    }
}
