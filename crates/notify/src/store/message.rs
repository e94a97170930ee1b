//! The inbox.

use journal::Event;
use kernel::{Cursor, Id, Page, Text};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use super::{contact, delivery};
use crate::{About, Attachment, Error, Message, NewMessage, Recipient};

/// Unread messages are counted up to here: "100 or more".
pub const UNREAD_BOUND: i64 = 100;

store::sql! {
    INSERT_MESSAGE = "INSERT INTO message (id, recipient, class, subject, body, about_noun, about_id,
        link, attachments, dedupe_key, sent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (dedupe_key) DO NOTHING";
    FIND_BY_KEY = "SELECT * FROM message WHERE dedupe_key = $1";
    FIND_MESSAGE = "SELECT * FROM message WHERE id = $1";
    INBOX = "SELECT * FROM message WHERE recipient = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    COUNT_UNREAD = "SELECT COUNT(*) FROM (SELECT id FROM message
        WHERE recipient = $1 AND read_at IS NULL LIMIT $2) AS few";
    MARK_READ = "UPDATE message SET read_at = $3
        WHERE id = $1 AND recipient = $2 AND read_at IS NULL";
}

impl FromRow for Message {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let noun: Option<String> = row.get("about_noun")?;
        let id: Option<String> = row.get("about_id")?;
        Ok(Self {
            id: row.get("id")?,
            to: row.get("recipient")?,
            class: row.get("class")?,
            subject: row.json::<Text>("subject")?,
            body: row.json::<Text>("body")?,
            about: noun.zip(id).map(|(noun, id)| About { noun, id }),
            link: row.get("link")?,
            attachments: row.json::<Vec<Attachment>>("attachments")?,
            sent_at: row.get("sent_at")?,
            read_at: row.get("read_at")?,
        })
    }
}

/// Puts a message into somebody's inbox, in the transaction of whatever it tells, and queues e-mail
/// and SMS as the person wishes. A second message with the same key is not sent; the first one's id
/// comes back.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooLong`].
pub async fn send(tx: &Write, new: NewMessage) -> Result<Id<Message>, Error> {
    new.check()?;
    let id: Id<Message> = tx.id();
    let about = new.about.as_ref();
    let fresh = tx
        .run(
            &INSERT_MESSAGE,
            params![
                id,
                new.to,
                new.class,
                json!(new.subject),
                json!(new.body),
                about.map(|about| about.noun.as_str()),
                about.map(|about| about.id.as_str()),
                new.link,
                json!(new.attachments),
                new.key,
                tx.now(),
            ],
        )
        .await?;
    if fresh == 0 {
        let first: Message = tx.only(&FIND_BY_KEY, params![new.key]).await?;
        return Ok(first.id);
    }
    if let Some(contact) = contact::find_contact(tx, new.to).await? {
        for channel in contact.channels(new.class.is_urgent()) {
            delivery::queue(tx, id, &new, (channel, &contact)).await?;
        }
    }
    let event = Event {
        kind: "causeway.message.sent.v1",
        subject: id.to_string(),
        data: json!({
            "class": new.class.code(),
            "noun": about.map(|about| about.noun.as_str()),
            "about": about.map(|about| about.id.as_str()),
        }),
    };
    journal::emit(tx, event).await?;
    Ok(id)
}

/// One page of somebody's inbox, newest first.
///
/// # Errors
/// The store failed.
pub async fn inbox(
    db: &Read,
    to: Id<Recipient>,
    after: Option<&Cursor>,
) -> Result<Page<Message>, Error> {
    let before: Id<Message> = after
        .and_then(|cursor| cursor.0.parse().ok())
        .unwrap_or(Id::from_bits(u128::MAX));
    let rows = db
        .all(&INBOX, params![to, before, Page::<Message>::fetch()])
        .await?;
    Ok(Page::cut(rows, |message: &Message| {
        Cursor(message.id.to_string())
    }))
}

/// How many messages somebody has not opened, counted up to [`UNREAD_BOUND`].
///
/// # Errors
/// The store failed.
pub async fn unread(db: &Read, to: Id<Recipient>) -> Result<i64, Error> {
    Ok(db.only(&COUNT_UNREAD, params![to, UNREAD_BOUND]).await?)
}

/// A message, for the person it was sent to; for anybody else it does not exist.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get_message(db: &Read, to: Id<Recipient>, id: Id<Message>) -> Result<Message, Error> {
    let message: Option<Message> = db.one(&FIND_MESSAGE, params![id]).await?;
    message
        .filter(|message| message.to == to)
        .ok_or(Error::NotFound)
}

/// Notes that a message was opened, the first time.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn mark_read(tx: &Write, to: Id<Recipient>, id: Id<Message>) -> Result<(), Error> {
    get_message(tx, to, id).await?;
    tx.run(&MARK_READ, params![id, to, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn find(db: &Read, id: Id<Message>) -> Result<Option<Message>, Error> {
    Ok(db.one(&FIND_MESSAGE, params![id]).await?)
}
