//! The programme: stages are read from what is published, dates are said by owners and never forgotten.

use std::time::Duration;

use kernel::{Date, FakeEnv, Role};
use store::Store;

use super::{
    SERVICE,
    world::{OWNERS, World},
};
use crate::{
    Clerk, Error,
    programme::{self, Line, Mark, NewTarget, Progress, Stage, Target},
};

const DAY: Duration = Duration::from_secs(86_400);

async fn owner(world: &World) -> Clerk {
    let mut owner = world.clerk("afcd-officer").await;
    owner.role = Role::Owner;
    owner
}

fn day(month: i8, day: i8) -> Date {
    Date::new(2027, month, day).unwrap()
}

fn said(stage: Stage, due: Date) -> NewTarget {
    NewTarget {
        service: SERVICE.into(),
        stage,
        due,
        reason: ["The works are ordered".into(), "工程已訂".into()],
    }
}

async fn line(world: &World) -> Line {
    let targets = world.services.targets().await.unwrap();
    let catalogue = world.services.catalogue();
    programme::line(&catalogue, SERVICE, &targets, world.services.env().now()).unwrap()
}

#[test]
fn a_delay_is_measured_from_the_day_that_was_said_first() {
    let target = Target {
        service: SERVICE.into(),
        stage: Stage::Online,
        due: day(6, 30),
        first_due: day(3, 31),
        moves: 1,
        reason: kernel::Text::same(""),
        set_by_name: String::new(),
        set_at: kernel::Time::from_micros(0),
    };
    let forms = Stage::FormsReady;
    let punctual = Target {
        due: day(3, 31),
        ..target.clone()
    };
    for (target, stage, reached, today, expected) in [
        (&punctual, forms, None, day(3, 31), Progress::OnTime),
        (&punctual, forms, None, day(4, 1), Progress::Overdue(1)),
        (&target, forms, None, day(4, 1), Progress::Postponed(91)),
        (&target, forms, None, day(7, 1), Progress::Overdue(92)),
        (
            &target,
            Stage::Online,
            Some(day(3, 31)),
            day(7, 1),
            Progress::Reached,
        ),
        (
            &target,
            Stage::Online,
            Some(day(4, 10)),
            day(7, 1),
            Progress::ReachedLate(10),
        ),
        (
            &target,
            Stage::AutomaticDecision,
            None,
            day(7, 1),
            Progress::Reached,
        ),
    ] {
        assert_eq!(target.progress(stage, reached, today), expected, "{today}");
    }
}

#[test]
fn every_mark_belongs_to_a_stage_beyond_the_first() {
    for mark in Mark::ALL {
        assert!(mark.stage() > Stage::Announced, "{mark:?}");
    }
    let numbers: Vec<usize> = Stage::ALL.into_iter().map(Stage::number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

store::db_tests! {
    OWNERS;

    async fn a_stage_is_read_from_the_pack_and_ends_with_the_service(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let published = world.services.env().today();
        let open = line(&world).await;
        assert_eq!(open.standing.stage, Stage::ZeroRedirection);
        assert_eq!(open.standing.missing, [Mark::RuleDecides]);
        let catalogue = world.services.catalogue();
        assert_eq!(programme::reached_on(&catalogue, SERVICE, Stage::Online), Some(published));
        assert_eq!(programme::reached_on(&catalogue, SERVICE, Stage::AutomaticDecision), None);
        let known = catalogue.entries().iter().find(|one| !one.is_online() && one.forms.is_empty()).unwrap();
        let now = world.services.env().now();
        assert_eq!(programme::standing(&catalogue, known, now).stage, Stage::Announced);
        let formed = catalogue.entries().iter().find(|one| !one.is_online() && !one.forms.is_empty()).unwrap();
        assert_eq!(programme::standing(&catalogue, formed, now).stage, Stage::FormsReady);

        let ending = crate::NewRetirement {
            service: SERVICE.into(),
            starts_at: now + DAY,
            submit_until: now + DAY,
            reason: ["The law changes".into(), "法例修訂".into()],
            instead: None,
        };
        world.services.retire(&owner(&world).await, ending).await.unwrap();
        world.after(2);
        let ended = line(&world).await;
        assert!(ended.has_ended && ended.standing.stage < Stage::Online);
    }

    async fn only_the_owner_of_the_department_says_a_date(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let target = || said(Stage::AutomaticDecision, day(3, 31));
        let officer = world.clerk("afcd-officer").await;
        assert!(matches!(world.services.set_target(&officer, target()).await, Err(Error::NotOwner)));
        let mut stranger = world.clerk("td-officer").await;
        stranger.role = Role::Owner;
        assert!(matches!(world.services.set_target(&stranger, target()).await, Err(Error::NotOwner)));
        assert!(world.services.targets().await.unwrap().is_empty());
    }

    async fn a_date_that_makes_no_sense_is_refused(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let owner = owner(&world).await;
        let set = |new: NewTarget| world.services.set_target(&owner, new);
        let stage = Stage::AutomaticDecision;
        let today = world.services.env().today();
        let reached = set(said(Stage::Online, day(3, 31))).await;
        assert!(matches!(reached, Err(Error::StageReached)));
        for due in [today.plus_days(-1), today.plus_months(121)] {
            assert!(matches!(set(said(stage, due)).await, Err(Error::TargetDate)), "{due}");
        }
        let silent = NewTarget { reason: [" ".into(), "因".into()], ..said(stage, day(3, 31)) };
        assert!(matches!(set(silent).await, Err(Error::ReasonNeeded)));
        set(said(stage, day(3, 31))).await.unwrap();
        assert!(matches!(set(said(stage, day(3, 31))).await, Err(Error::TargetSame)));
    }

    async fn a_moved_date_keeps_the_first_and_slips_for_everybody(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let owner = owner(&world).await;
        let stage = Stage::AutomaticDecision;
        world.services.set_target(&owner, said(stage, day(3, 31))).await.unwrap();
        assert_eq!(line(&world).await.lead().unwrap().progress, Progress::OnTime);
        world.clock.advance(DAY);
        world.services.set_target(&owner, said(stage, day(6, 30))).await.unwrap();
        let slipped = line(&world).await;
        assert!(slipped.is_slipping());
        assert_eq!(slipped.lead().unwrap().progress, Progress::Postponed(91));
        let target = &slipped.lead().unwrap().target;
        assert_eq!((target.first_due, target.due, target.moves), (day(3, 31), day(6, 30), 1));
        let moves = world.services.target_moves(SERVICE).await.unwrap();
        assert_eq!(moves.iter().map(|one| one.due).collect::<Vec<_>>(), [day(6, 30), day(3, 31)]);

        let catalogue = world.services.catalogue();
        let targets = world.services.targets().await.unwrap();
        let now = world.services.env().now();
        let board = programme::board(&catalogue, &targets, now, |_| false);
        assert_eq!(board[0].service, SERVICE, "slipping ones first");
        let records = world
            .store
            .read(|db| async move { journal::audit_of(&db, "service", SERVICE).await })
            .await
            .unwrap();
        let said: Vec<_> = records.iter().filter(|one| one.action == "programme.target_set").collect();
        assert_eq!(said.len(), 2);
        assert_eq!(said[1].detail["before"], "2027-03-31");
        assert_eq!(said[1].reason.as_deref(), Some("The works are ordered"));
    }

    async fn a_date_is_moved_so_often_and_no_more(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let owner = owner(&world).await;
        let first = day(3, 31);
        for moved in 0..=programme::MOVES_MAX {
            let new = said(Stage::AutomaticDecision, first.plus_days(moved));
            world.services.set_target(&owner, new).await.unwrap();
        }
        let again = said(Stage::AutomaticDecision, first.plus_days(200));
        assert!(matches!(world.services.set_target(&owner, again).await, Err(Error::TargetMoves)));
        let moves = world.services.target_moves(SERVICE).await.unwrap();
        assert_eq!(i64::try_from(moves.len()).unwrap(), programme::MOVES_MAX + 1);
    }
}
