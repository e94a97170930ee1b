//! The inbox on both engines.

use std::time::Duration;

use kernel::{Actor, FakeEnv, Id, Text};
use store::Store;

use super::{post, reader, words};
use crate::{About, Attachment, Class, Error, Recipient, get_message, inbox, mark_read, unread};

async fn count(store: &Store) -> i64 {
    store
        .read(|db| async move { unread(&db, reader()).await })
        .await
        .unwrap()
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn a_message_is_read_as_it_was_sent(store: Store) {
        let attachment = Attachment {
            document: "d1".to_owned(),
            name: Text::new("Letter", "信件"),
            path: "/documents/d1".to_owned(),
        };
        let new = words(Class::Info)
            .about("application", "a1")
            .link("/applications/a1")
            .attach(attachment.clone());
        let id = post(&store, new.clone()).await.unwrap();
        let message = store
            .read(move |db| async move { get_message(&db, reader(), id).await })
            .await
            .unwrap();
        assert_eq!((message.subject, message.body), (new.subject, new.body));
        assert_eq!(message.attachments, [attachment]);
        assert_eq!(message.link.as_deref(), Some("/applications/a1"));
        let about = About { noun: "application".to_owned(), id: "a1".to_owned() };
        assert_eq!(message.about, Some(about));
    }

    async fn another_person_finds_nothing(store: Store) {
        let id = post(&store, words(Class::Info)).await.unwrap();
        let other: Id<Recipient> = Id::from_bits(8);
        let found = store
            .read(move |db| async move { get_message(&db, other, id).await })
            .await;
        assert!(matches!(found, Err(Error::NotFound)));
        let marked = store
            .write(&Actor::Visitor, move |tx| async move { mark_read(&tx, other, id).await })
            .await;
        assert!(matches!(marked, Err(Error::NotFound)));
        assert_eq!(count(&store).await, 1);
    }

    async fn opening_a_message_counts_once(store: Store) {
        let id = post(&store, words(Class::Info)).await.unwrap();
        post(&store, words(Class::Info)).await.unwrap();
        assert_eq!(count(&store).await, 2);
        for _ in 0..2 {
            store
                .write(&Actor::Visitor, move |tx| async move { mark_read(&tx, reader(), id).await })
                .await
                .unwrap();
        }
        assert_eq!(count(&store).await, 1);
    }

    async fn the_same_key_sends_one_message(store: Store) {
        let first = post(&store, words(Class::Info).key("a1-decided")).await.unwrap();
        let second = post(&store, words(Class::Info).key("a1-decided")).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(count(&store).await, 1);
    }

    async fn a_long_inbox_comes_in_pages_newest_first(store: Store, clock: FakeEnv) {
        for number in 0..30 {
            let mut new = words(Class::Info);
            new.subject = Text::same(format!("{number}"));
            post(&store, new).await.unwrap();
            clock.advance(Duration::from_millis(1));
        }
        let (first, second) = store
            .read(|db| async move {
                let first = inbox(&db, reader(), None).await?;
                let second = inbox(&db, reader(), first.next.as_ref()).await?;
                Ok::<_, Error>((first, second))
            })
            .await
            .unwrap();
        assert_eq!((first.items.len(), second.items.len()), (25, 5));
        assert!(second.next.is_none());
        let numbers: Vec<&str> =
            first.items.iter().chain(&second.items).map(|m| m.subject.en.as_str()).collect();
        let expected: Vec<String> = (0..30).rev().map(|n| n.to_string()).collect();
        assert_eq!(numbers, expected);
    }

    async fn a_message_needs_both_languages_and_an_end(store: Store) {
        let mut empty = words(Class::Info);
        empty.subject = Text::with_sc("Only English", "", "");
        assert!(matches!(post(&store, empty).await, Err(Error::Empty)));
        let mut long = words(Class::Info);
        long.body = Text::same("字".repeat(crate::BODY_CHARS + 1));
        assert!(matches!(post(&store, long).await, Err(Error::TooLong)));
    }
}
