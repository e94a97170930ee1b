//! Announcements on both engines.

use std::time::Duration;

use kernel::{Actor, Id, Role, Text, Time};
use store::Store;

use crate::{
    Announcement, Audience, Concern, Error, NewAnnouncement, Policy, Severity, announce,
    announcements, current_announcements, withdraw_announcement,
};

fn officer() -> Actor {
    Actor::Officer {
        officer: "ann".to_owned(),
        department: "td".to_owned(),
        role: Role::Supervisor,
    }
}

fn new(store: &Store, severity: Severity, audience: Audience) -> NewAnnouncement {
    let now = store.env().now();
    NewAnnouncement {
        severity,
        audience,
        title: Text::new("Typhoon signal no. 8", "八號風球"),
        body: Text::new("Offices are closed.", "辦事處暫停服務。"),
        starts_at: now - Duration::from_secs(60),
        ends_at: now + Duration::from_secs(3600),
        policy: None,
    }
}

/// What a page of one service is about.
fn page_of(service: &str) -> Concern {
    Concern {
        service: Some(service.to_owned()),
        department: Some("td".to_owned()),
        life_events: vec!["moving".to_owned()],
    }
}

async fn make(store: &Store, who: &Actor, new: NewAnnouncement) -> Result<Id<Announcement>, Error> {
    store
        .write(who, move |tx| {
            let new = new.clone();
            async move { announce(&tx, new).await }
        })
        .await
}

async fn shown(store: &Store, concern: Concern) -> Vec<Severity> {
    store
        .read(move |db| {
            let concern = concern.clone();
            async move { current_announcements(&db, &concern).await }
        })
        .await
        .unwrap()
        .into_iter()
        .map(|announcement| announcement.severity)
        .collect()
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn the_gravest_comes_first_and_each_audience_sees_its_own(store: Store) {
        let service = Audience::Service("td-renewal".to_owned());
        make(&store, &officer(), new(&store, Severity::Info, Audience::Everyone)).await.unwrap();
        make(&store, &officer(), new(&store, Severity::Urgent, Audience::Everyone)).await.unwrap();
        make(&store, &officer(), new(&store, Severity::Warning, service.clone())).await.unwrap();
        assert_eq!(shown(&store, Concern::default()).await, [Severity::Urgent, Severity::Info]);
        let own = [Severity::Urgent, Severity::Warning, Severity::Info];
        assert_eq!(shown(&store, page_of("td-renewal")).await, own);
        assert_eq!(shown(&store, page_of("ird-br")).await, [Severity::Urgent, Severity::Info]);
    }

    async fn a_department_and_a_life_event_reach_the_pages_they_concern(store: Store) {
        let of = |audience| new(&store, Severity::Info, audience);
        make(&store, &officer(), of(Audience::Department("TD".to_owned()))).await.unwrap();
        make(&store, &officer(), of(Audience::LifeEvent("moving".to_owned()))).await.unwrap();
        make(&store, &officer(), of(Audience::LifeEvent("birth".to_owned()))).await.unwrap();
        assert_eq!(shown(&store, page_of("td-renewal")).await.len(), 2);
        assert!(shown(&store, Concern::default()).await.is_empty());
    }

    async fn the_list_is_read_by_cursor_and_keeps_the_version_of_a_policy(store: Store) {
        let policy = Policy { service: "td-renewal".to_owned(), version: 3 };
        for _ in 0..30 {
            let new = NewAnnouncement {
                policy: Some(policy.clone()),
                ..new(&store, Severity::Info, Audience::Everyone)
            };
            make(&store, &officer(), new).await.unwrap();
        }
        let now = store.env().now();
        let read = |after: Option<kernel::Cursor>| {
            let store = store.clone();
            async move {
                store
                    .read(move |db| {
                        let after = after.clone();
                        async move { announcements(&db, now, after.as_ref()).await }
                    })
                    .await
                    .unwrap()
            }
        };
        let first = read(None).await;
        let rest = read(first.next.clone()).await;
        assert_eq!((first.items.len(), rest.items.len()), (25, 5));
        assert!(rest.next.is_none());
        assert!(first.items.iter().all(|one| one.policy.as_ref() == Some(&policy)));
        assert!(rest.items.iter().all(|one| first.items.iter().all(|other| other.id != one.id)));
    }

    async fn what_has_ended_not_begun_or_been_withdrawn_is_not_shown(store: Store) {
        let now = store.env().now();
        let hour = Duration::from_secs(3600);
        let past = NewAnnouncement {
            starts_at: now - hour * 2,
            ends_at: now - hour,
            ..new(&store, Severity::Info, Audience::Everyone)
        };
        let coming = NewAnnouncement {
            starts_at: now + hour,
            ends_at: now + hour * 2,
            ..new(&store, Severity::Info, Audience::Everyone)
        };
        make(&store, &officer(), past).await.unwrap();
        make(&store, &officer(), coming).await.unwrap();
        let id = make(&store, &officer(), new(&store, Severity::Info, Audience::Everyone))
            .await
            .unwrap();
        assert_eq!(shown(&store, Concern::default()).await.len(), 1);
        store
            .write(&officer(), move |tx| async move { withdraw_announcement(&tx, id).await })
            .await
            .unwrap();
        assert!(shown(&store, Concern::default()).await.is_empty());
    }

    async fn only_officers_announce_and_only_for_a_time(store: Store) {
        let by_visitor =
            make(&store, &Actor::Visitor, new(&store, Severity::Info, Audience::Everyone)).await;
        assert!(matches!(by_visitor, Err(Error::Forbidden)));
        let backwards = NewAnnouncement {
            ends_at: Time::from_seconds(0),
            ..new(&store, Severity::Info, Audience::Everyone)
        };
        assert!(matches!(make(&store, &officer(), backwards).await, Err(Error::Period)));
    }
}
