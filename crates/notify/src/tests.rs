//! Each test states a rule of telling people things.

mod announcements;
mod deliveries;
mod inbox;
mod page;

store::check_tests!(
    [&crate::MIGRATIONS, &journal::MIGRATIONS],
    crate::statements()
);

use kernel::{Actor, Id, Text};
use store::Store;

use crate::{Class, Error, Message, NewMessage, Recipient, send};

fn reader() -> Id<Recipient> {
    Id::from_bits(7)
}

fn words(class: Class) -> NewMessage {
    NewMessage::new(
        reader(),
        class,
        Text::new("Your licence is ready", "你的執照已備妥"),
        Text::new("Open the wallet to see it.", "請開啟電子錢包查看。"),
    )
}

async fn post(store: &Store, new: NewMessage) -> Result<Id<Message>, Error> {
    store
        .write(&Actor::system("test"), move |tx| {
            let new = new.clone();
            async move { send(&tx, new).await }
        })
        .await
}
