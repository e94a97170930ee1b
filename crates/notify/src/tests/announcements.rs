//! Announcements on both engines.

use std::time::Duration;

use kernel::{Actor, Id, Role, Text, Time};
use store::Store;

use crate::{
    Announcement, Audience, Error, NewAnnouncement, Severity, announce, current_announcements,
    withdraw_announcement,
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

async fn shown(store: &Store, audience: Audience) -> Vec<Severity> {
    store
        .read(move |db| async move { current_announcements(&db, &audience).await })
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
        assert_eq!(shown(&store, Audience::Everyone).await, [Severity::Urgent, Severity::Info]);
        let own = [Severity::Urgent, Severity::Warning, Severity::Info];
        assert_eq!(shown(&store, service).await, own);
        let other = Audience::Service("ird-br".to_owned());
        assert_eq!(shown(&store, other).await, [Severity::Urgent, Severity::Info]);
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
        assert_eq!(shown(&store, Audience::Everyone).await.len(), 1);
        store
            .write(&officer(), move |tx| async move { withdraw_announcement(&tx, id).await })
            .await
            .unwrap();
        assert!(shown(&store, Audience::Everyone).await.is_empty());
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
