//! The rules of the store, on both engines.

use kernel::{Actor, Id};

use crate::{Error, FromRow, Row, Store, Write, params};

mod fixture;
use fixture::{ADD, FIND, MIGRATIONS, Note, SET};

fn actor() -> Actor {
    Actor::system("test")
}

async fn add(store: &Store, word: &'static str) -> Result<Id<Note>, Error> {
    store
        .write(&actor(), move |tx: Write| async move {
            let id = tx.id();
            tx.run(&ADD, params![id, word, 0]).await?;
            Ok(id)
        })
        .await
}

crate::db_tests! {
    [&MIGRATIONS];

    async fn a_row_written_is_read_back(store: Store) {
        let id = add(&store, "first").await.unwrap();
        let note: Note = store.read(move |db| async move { db.only(&FIND, params![id]).await }).await.unwrap();
        assert_eq!(note.word, "first");
        let changed: u64 = store.write(&actor(), move |tx| async move { tx.run(&SET, params![id, 7]).await }).await.unwrap();
        assert_eq!(changed, 1);
        let _: Result<Row, Error> = Row::from_row(&store.read(move |db| async move { db.only::<Row>(&FIND, params![id]).await }).await.unwrap());
    }
}
