//! What people are told and tell: who looked at their data, announcements, feedback.

use std::time::Duration;

use kernel::{Cursor, FakeEnv, Id, Lang, Text, Time};
use notify::{Audience, NewAnnouncement, Policy, Recipient, Severity};
use store::{Store, params};

use super::{SERVICE, world::World};
use crate::{
    Applicant, Case, Clerk, Error, FeedbackKind, FeedbackQuery, FeedbackState, LookQuery,
    NewFeedback, Seen, may_announce,
};

store::sql! {
    RAW_REASONS = "SELECT reason FROM access_record ORDER BY id";
    OPEN_REASON = "UPDATE access_record SET reason = $1, reason_sealed = NULL";
}

fn all_of(person: Applicant) -> LookQuery {
    LookQuery {
        person: person.person,
        department: String::new(),
        from: Time::from_micros(i64::MIN),
        until: Time::from_micros(i64::MAX),
        after: None,
    }
}

async fn raw_reasons(world: &World) -> Vec<String> {
    world
        .store
        .read(|db| async move { db.all(&RAW_REASONS, params![]).await })
        .await
        .unwrap()
}

async fn looked_at(world: &World, applicant: Applicant, reason: &str) -> Id<Case> {
    let done = world.submitted(applicant, "900001777").await;
    let clerk = world.clerk("afcd-officer").await;
    world
        .services
        .open_case(&clerk, done.case, reason)
        .await
        .unwrap();
    done.case
}

fn about(store: &Store, audience: Audience) -> NewAnnouncement {
    let now = store.env().now();
    NewAnnouncement {
        severity: Severity::Info,
        audience,
        title: Text::new("A new form", "新表格"),
        body: Text::new("From Monday on.", "由星期一起。"),
        starts_at: now,
        ends_at: now + Duration::from_secs(86_400),
        policy: None,
    }
}

async fn inbox_of(world: &World, person: Applicant) -> Vec<String> {
    let to: Id<Recipient> = person.person.cast();
    let page = world
        .store
        .read(move |db| async move { notify::inbox(&db, to, None).await })
        .await
        .unwrap();
    page.items.into_iter().map(|one| one.subject.en).collect()
}

async fn said(world: &World, kind: FeedbackKind, look: Option<Id<crate::Look>>) -> String {
    let new = NewFeedback {
        kind,
        service: Some((SERVICE.into(), 1)),
        page: "/services/afcd-dog-licence".into(),
        lang: Lang::Tc,
        rating: None,
        words: "The chip number is asked twice".into(),
        names: Vec::new(),
        about: look,
        department: None,
    };
    world.services.feedback(new).await.unwrap().to_string()
}

/// The owner of the service's department: an operator stands in, no invented owner works there.
async fn first_open(world: &World, clerk: &Clerk) -> crate::Feedback {
    let query = FeedbackQuery {
        state: Some(FeedbackState::Open),
        ..FeedbackQuery::default()
    };
    let page = world.services.feedback_for(clerk, &query).await.unwrap();
    page.items.into_iter().next().unwrap()
}

store::db_tests! {
    crate::tests::world::OWNERS;

    async fn a_person_sees_who_looked_with_the_reason_and_without_the_name(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        looked_at(&world, resident, "Chip of Mr Chan compared").await;
        let looks = world.services.looks(&all_of(resident)).await.unwrap().items;
        let of_case: Vec<_> = looks.iter().filter(|look| matches!(look.seen, Seen::Case(_))).collect();
        assert_eq!(of_case.len(), 1, "the look and identity's note of it are one line: {looks:?}");
        assert_eq!(of_case[0].reason.en, "Chip of Mr Chan compared");
        assert_eq!(of_case[0].department, "afcd");
        assert_eq!(of_case[0].role.as_deref(), Some("officer"));
        let filled = looks.iter().find(|look| matches!(look.seen, Seen::Fields(_)));
        assert!(filled.is_some_and(|look| look.role.is_none()), "the filled form is in the list");
        assert!(looks.windows(2).all(|pair| pair[0].at >= pair[1].at), "latest first");
        let officer = world.clerk("afcd-officer").await.name;
        assert!(!format!("{looks:?}").contains(&officer), "the officer's name leaves");
    }

    async fn somebody_else_sees_nothing_and_finds_no_look_by_its_number(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        looked_at(&world, resident, "checked").await;
        let other = world.person("pang-lok-yi").await;
        assert!(world.services.looks(&all_of(other)).await.unwrap().items.is_empty());
        for look in world.services.looks(&all_of(resident)).await.unwrap().items {
            assert!(world.services.look(resident.person, look.id).await.is_ok());
            let found = world.services.look(other.person, look.id).await;
            assert!(matches!(found, Err(Error::NoSuchLook)));
        }
    }

    async fn looks_are_filtered_by_department_and_day_and_read_by_cursor(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        let case = looked_at(&world, resident, "first").await;
        let clerk = world.clerk("afcd-officer").await;
        world.after(2);
        let since = world.services.env().now();
        for number in 0..40 {
            world.services.open_case(&clerk, case, &format!("again {number}")).await.unwrap();
        }
        let (mut seen, mut after): (Vec<String>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let query = LookQuery { after, ..all_of(resident) };
            let page = world.services.looks(&query).await.unwrap();
            assert!(page.items.len() <= 25);
            seen.extend(page.items.iter().map(|look| look.id.to_string()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let listed = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), listed), (42, 42), "each look once, over all pages");
        let recent = LookQuery { from: since, ..all_of(resident) };
        assert_eq!(world.services.looks(&recent).await.unwrap().items.len(), 25);
        let before = LookQuery { until: since, ..all_of(resident) };
        assert_eq!(world.services.looks(&before).await.unwrap().items.len(), 2);
        let td = LookQuery { department: "td".into(), ..all_of(resident) };
        assert!(world.services.looks(&td).await.unwrap().items.is_empty());
        assert_eq!(world.services.look_departments(resident.person).await.unwrap(), ["afcd"]);
    }

    async fn reasons_are_sealed_and_those_from_before_are_sealed_once(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        let case = looked_at(&world, resident, "a word about somebody").await;
        assert_eq!(raw_reasons(&world).await, [""]);
        let actor = kernel::Actor::system("test");
        world
            .store
            .write(&actor, |tx| async move { tx.run(&OPEN_REASON, params!["written openly"]).await })
            .await
            .unwrap();
        let clerk = world.clerk("afcd-officer").await;
        let read = world.services.accesses(&clerk, case, None).await.unwrap().items;
        assert_eq!(read[0].reason, "written openly", "a row from before is still read");
        assert_eq!(world.services.seal_reasons().await.unwrap(), 1);
        assert_eq!(world.services.seal_reasons().await.unwrap(), 0);
        assert_eq!(raw_reasons(&world).await, [""]);
        let read = world.services.accesses(&clerk, case, None).await.unwrap().items;
        assert_eq!(read[0].reason, "written openly");
        let standing = world.services.standing_reason(&clerk, case).await.unwrap();
        assert_eq!(standing.as_deref(), Some("written openly"));
    }

    async fn everybody_with_a_draft_or_an_open_case_is_told_once(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let with_case = world.resident().await;
        world.submitted(with_case, "900001777").await;
        let with_draft = world.person("pang-lok-yi").await;
        world.start(with_draft).await;
        let neither = world.person("siu-hoi-yan").await;
        let operator = world.clerk("operator").await;
        let new = about(&world.store, Audience::Service(SERVICE.into()));
        world.services.announce(&operator, new).await.unwrap();
        world.work().await;
        world.work().await;
        let told = |inbox: Vec<String>| inbox.iter().filter(|one| *one == "A new form").count();
        assert_eq!(told(inbox_of(&world, with_case).await), 1);
        assert_eq!(told(inbox_of(&world, with_draft).await), 1);
        assert_eq!(told(inbox_of(&world, neither).await), 0);
        let everyone = about(&world.store, Audience::Everyone);
        let department = about(&world.store, Audience::Department("AFCD".into()));
        for new in [everyone, department] {
            world.services.announce(&operator, new).await.unwrap();
        }
        world.work().await;
        assert_eq!(told(inbox_of(&world, with_case).await), 3);
        assert_eq!(told(inbox_of(&world, neither).await), 0);
    }

    async fn an_announcement_ended_before_it_began_tells_nobody(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        world.start(resident).await;
        let operator = world.clerk("operator").await;
        let now = world.store.env().now();
        let tomorrow = NewAnnouncement {
            starts_at: now + Duration::from_secs(3_600),
            ..about(&world.store, Audience::Service(SERVICE.into()))
        };
        let id = world.services.announce(&operator, tomorrow).await.unwrap();
        world.work().await;
        assert!(inbox_of(&world, resident).await.is_empty(), "told before it begins");
        world.services.end_announcement(&operator, id).await.unwrap();
        world.clock.advance(Duration::from_secs(7_200));
        world.work().await;
        assert!(inbox_of(&world, resident).await.is_empty(), "told of what was taken back");
    }

    async fn an_owner_announces_for_their_own_department_only(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let platform = world.clerk("owner").await;
        let owner = Clerk { department: "afcd".into(), ..platform.clone() };
        let officer = world.clerk("afcd-officer").await;
        let service = || Audience::Service(SERVICE.into());
        for (clerk, audience, may) in [
            (&platform, Audience::Everyone, true),
            (&owner, service(), true),
            (&owner, Audience::Department("AFCD".into()), true),
            (&owner, Audience::Department("td".into()), false),
            (&owner, Audience::Everyone, false),
            (&owner, Audience::LifeEvent("moving".into()), false),
            (&officer, service(), false),
        ] {
            let said = may_announce(&world.services, clerk, &audience);
            assert_eq!(said, may, "{} to {audience:?}", clerk.department);
        }
        let new = about(&world.store, Audience::Everyone);
        let refused = world.services.announce(&owner, new).await;
        assert!(matches!(refused, Err(Error::WrongAudience)));
        let nowhere = NewAnnouncement {
            policy: Some(Policy { service: SERVICE.into(), version: 9 }),
            ..about(&world.store, service())
        };
        let refused = world.services.announce(&owner, nowhere).await;
        assert!(matches!(refused, Err(Error::NoSuchService(_))));
    }

    async fn feedback_is_answered_in_public_once_and_in_both_languages(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        said(&world, FeedbackKind::Issue, None).await;
        let operator = world.clerk("operator").await;
        let row = first_open(&world, &operator).await;
        let services = &world.services;
        let words = || (Text::new("Asked twice.", "問了兩次。"), Text::new("Asked once.", "只問一次。"));
        let half = (Text::new("Asked twice.", ""), Text::new("Asked once.", "只問一次。"));
        let refused = services.answer_feedback(&operator, row.id, half).await;
        assert!(matches!(refused, Err(Error::ReasonNeeded)));
        let stranger = world.clerk("owner").await;
        let refused = services.answer_feedback(&stranger, row.id, words()).await;
        assert!(matches!(refused, Err(Error::NoSuchFeedback)), "another department answers");
        assert!(services.feedback_answers(SERVICE, None).await.unwrap().items.is_empty());
        services.answer_feedback(&operator, row.id, words()).await.unwrap();
        let again = services.answer_feedback(&operator, row.id, words()).await;
        assert!(matches!(again, Err(Error::Settled)));
        let closed = services.close_feedback(&operator, row.id, "done").await;
        assert!(matches!(closed, Err(Error::Settled)));
        let public = services.feedback_answers(SERVICE, None).await.unwrap().items;
        assert_eq!(public[0].answer.as_ref().map(|text| text.tc.as_str()), Some("只問一次。"));
    }

    async fn a_report_about_a_look_is_answered_in_the_inbox_and_never_in_public(store: Store, clock: FakeEnv) {
        let world = World::new(store, clock).await;
        let resident = world.resident().await;
        looked_at(&world, resident, "checked").await;
        let looks = world.services.looks(&all_of(resident)).await.unwrap().items;
        let look = looks.iter().find(|look| matches!(look.seen, Seen::Case(_))).unwrap();
        let reference = said(&world, FeedbackKind::Access, Some(look.id)).await;
        let operator = world.clerk("operator").await;
        let row = first_open(&world, &operator).await;
        let words = (Text::new("a", "甲"), Text::new("b", "乙"));
        let refused = world.services.answer_feedback(&operator, row.id, words).await;
        assert!(matches!(refused, Err(Error::NeverPublic)));
        world.services.close_feedback(&operator, row.id, "It was a check of the chip.").await.unwrap();
        let inbox = inbox_of(&world, resident).await;
        assert!(inbox.iter().any(|subject| subject.contains(&reference)), "{inbox:?}");
        assert!(world.services.feedback_answers(SERVICE, None).await.unwrap().items.is_empty());
    }
}

#[test]
fn a_service_is_cross_boundary_for_a_reason_that_is_told() {
    let catalogue = crate::Catalogue::build(vec![super::published()]).unwrap();
    let found = catalogue.cross_boundary();
    assert!(!found.is_empty());
    for one in &found {
        assert_ne!(
            one.why,
            crate::Why::Listed,
            "{} has no pack here",
            one.entry.id
        );
        assert!(one.differs.is_none(), "{} is not online", one.entry.id);
    }
    let names: Vec<&str> = found.iter().map(|one| one.entry.id.as_str()).collect();
    assert!(names.contains(&"swd.guangdong-scheme"), "{names:?}");
    let unknown = include_str!("../../data/cross-boundary.json")
        .matches("\"id\"")
        .count();
    assert_eq!(found.len(), unknown, "every listed id is in the catalogue");
}
