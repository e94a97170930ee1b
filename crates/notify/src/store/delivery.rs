//! Deliveries on record: what was tried, when, and what came of it.

use std::time::Duration;

use journal::Job;
use kernel::{Id, Time};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use crate::{
    Channel, Contact, Delivery, Error, Message, NewMessage, Times,
    courier::DELIVER_JOB,
    delivery::{ANY_PER_HOUR, SAME_PER_HOUR},
};

store::sql! {
    INSERT_DELIVERY = "INSERT INTO delivery (id, message, channel, address_index, digest, tries,
        queued_at) VALUES ($1, $2, $3, $4, $5, 0, $6)";
    FIND_DELIVERY = "SELECT * FROM delivery WHERE id = $1";
    FIND_BY_CARRIER_REF = "SELECT * FROM delivery WHERE carrier_ref = $1";
    DELIVERIES_OF = "SELECT * FROM delivery WHERE message = $1 ORDER BY queued_at, id";
    COUNT_SAME = "SELECT COUNT(*) AS number FROM delivery WHERE address_index = $1 AND digest = $2
        AND handed_at > $3";
    COUNT_ANY = "SELECT COUNT(*) AS number FROM delivery WHERE address_index = $1
        AND handed_at > $2";
    DIGEST_OF = "SELECT digest FROM delivery WHERE id = $1";
    NOTE_HELD = "UPDATE delivery SET held_at = COALESCE(held_at, $2) WHERE id = $1";
    NOTE_HANDED = "UPDATE delivery SET handed_at = COALESCE(handed_at, $2), carrier_ref = $3,
        tries = tries + 1, last_trouble = NULL WHERE id = $1";
    NOTE_TROUBLE = "UPDATE delivery SET tries = tries + 1, last_trouble = $2 WHERE id = $1";
    NOTE_DELIVERED = "UPDATE delivery SET delivered_at = COALESCE(delivered_at, $2) WHERE id = $1";
    NOTE_BOUNCED = "UPDATE delivery SET bounced_at = COALESCE(bounced_at, $2) WHERE id = $1";
    NOTE_GIVEN_UP = "UPDATE delivery SET given_up_at = COALESCE(given_up_at, $2) WHERE id = $1";
}

impl FromRow for Delivery {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            message: row.get("message")?,
            channel: row.get("channel")?,
            address_index: row.get("address_index")?,
            tries: row.get("tries")?,
            times: Times {
                queued_at: row.get("queued_at")?,
                held_at: row.get("held_at")?,
                handed_at: row.get("handed_at")?,
                delivered_at: row.get("delivered_at")?,
                bounced_at: row.get("bounced_at")?,
                given_up_at: row.get("given_up_at")?,
            },
            carrier_ref: row.get("carrier_ref")?,
            last_trouble: row.get("last_trouble")?,
        })
    }
}

/// What a carrier reports after it took a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    Delivered,
    Bounced,
}

/// Takes in a carrier's report, in any order and any number of times.
///
/// # Errors
/// [`Error::NotFound`] when no delivery has this reference.
pub async fn report(
    tx: &Write,
    carrier_ref: &str,
    report: Report,
    at: Time,
) -> Result<Delivery, Error> {
    let delivery: Option<Delivery> = tx.one(&FIND_BY_CARRIER_REF, params![carrier_ref]).await?;
    let id = delivery.ok_or(Error::NotFound)?.id;
    let statement = match report {
        Report::Delivered => &NOTE_DELIVERED,
        Report::Bounced => &NOTE_BOUNCED,
    };
    tx.run(statement, params![id, at]).await?;
    get(tx, id).await
}

/// The evidence of one message's way outside the inbox.
///
/// # Errors
/// The store failed.
pub async fn deliveries_of(db: &Read, message: Id<Message>) -> Result<Vec<Delivery>, Error> {
    Ok(db.all(&DELIVERIES_OF, params![message]).await?)
}

pub(crate) async fn get(db: &Read, id: Id<Delivery>) -> Result<Delivery, Error> {
    let delivery: Option<Delivery> = db.one(&FIND_DELIVERY, params![id]).await?;
    delivery.ok_or(Error::NotFound)
}

pub(crate) async fn queue(
    tx: &Write,
    message: Id<Message>,
    new: &NewMessage,
    (channel, contact): (Channel, &Contact),
) -> Result<(), Error> {
    let Some(address) = contact.address(channel) else {
        return Ok(());
    };
    let id: Id<Delivery> = tx.id();
    let words = if new.class.travels_whole() {
        &new.body
    } else {
        &new.subject
    };
    let digest = trust::digest::hex(&trust::digest::sha256(words.get(contact.lang)));
    tx.run(
        &INSERT_DELIVERY,
        params![id, message, channel, address.index, digest, tx.now()],
    )
    .await?;
    again(tx, id, tx.now()).await
}

/// Queues the job that hands a delivery over.
pub(crate) async fn again(tx: &Write, id: Id<Delivery>, run_at: Time) -> Result<(), Error> {
    let job = Job {
        kind: DELIVER_JOB,
        key: None,
        payload: json!({ "delivery": id }),
        run_at,
    };
    journal::enqueue(tx, job).await?;
    Ok(())
}

/// Whether the address has had as much as an hour allows.
pub(crate) async fn is_over_limit(db: &Read, delivery: &Delivery) -> Result<bool, Error> {
    let since = db.now() - Duration::from_secs(3600);
    let digest: String = db.only(&DIGEST_OF, params![delivery.id]).await?;
    let index = &delivery.address_index;
    let same: i64 = db.only(&COUNT_SAME, params![index, digest, since]).await?;
    let any: i64 = db.only(&COUNT_ANY, params![index, since]).await?;
    Ok(same >= SAME_PER_HOUR || any >= ANY_PER_HOUR)
}

pub(crate) async fn note_held(tx: &Write, id: Id<Delivery>) -> Result<(), Error> {
    tx.run(&NOTE_HELD, params![id, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn note_handed(tx: &Write, id: Id<Delivery>, words: &str) -> Result<(), Error> {
    tx.run(&NOTE_HANDED, params![id, tx.now(), words]).await?;
    Ok(())
}

pub(crate) async fn note_trouble(tx: &Write, id: Id<Delivery>, words: &str) -> Result<(), Error> {
    tx.run(&NOTE_TROUBLE, params![id, words]).await?;
    Ok(())
}

pub(crate) async fn note_bounced(tx: &Write, id: Id<Delivery>) -> Result<(), Error> {
    tx.run(&NOTE_BOUNCED, params![id, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn note_given_up(tx: &Write, id: Id<Delivery>) -> Result<(), Error> {
    tx.run(&NOTE_GIVEN_UP, params![id, tx.now()]).await?;
    Ok(())
}
