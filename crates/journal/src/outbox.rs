//! Events, written with the change they tell of and read later in one order.
//!
//! The order is the hard part. A number drawn while inserting (a sequence) would be visible out of
//! order on Postgres: of two writes at once, the one with the higher number may commit first, a
//! consumer moves past it, and never sees the lower one. So events are inserted without a number,
//! and a relay numbers what is committed, under the row `outbox_head` that admits one relay at a
//! time. A number once visible is final, and none below it can appear later. Within one write events
//! keep their order, because identifiers of one write are ordered.

use std::time::Duration;

use kernel::{Actor, Id, Time};
use serde::Serialize;
use serde_json::{Value as Json, json};
use store::{FromRow, Read, Row, Store, Write, params};

use crate::{Error, clip, limits};

store::sql! {
    INSERT = "INSERT INTO outbox_event (id, kind, subject, data, at) VALUES ($1, $2, $3, $4, $5)";
    NUMBER = "UPDATE outbox_event
        SET position = numbered.place + (SELECT last FROM outbox_head WHERE name = 'head')
        FROM (SELECT waiting.id AS waiting_id,
                ROW_NUMBER() OVER (ORDER BY waiting.at, waiting.id) AS place
            FROM (SELECT id, at FROM outbox_event WHERE position IS NULL
                ORDER BY at, id LIMIT $1) AS waiting) AS numbered
        WHERE outbox_event.id = numbered.waiting_id";
    MOVE_HEAD = "UPDATE outbox_head SET last = last + $1 WHERE name = 'head'";
    HAS_WAITING = "SELECT COUNT(*) FROM
        (SELECT id FROM outbox_event WHERE position IS NULL LIMIT 1) AS waiting";
    AFTER = "SELECT id, position, kind, subject, data, at FROM outbox_event
        WHERE position > $1 ORDER BY position LIMIT $2";
    IS_BEHIND = "SELECT COUNT(*) FROM outbox_head WHERE last > COALESCE(
        (SELECT CASE WHEN lease_until > $2 THEN last ELSE position END
            FROM outbox_offset WHERE consumer = $1), 0)";
    INSERT_OFFSET = "INSERT INTO outbox_offset
        (consumer, position, holder, lease_until, attempts, last_error, updated_at)
        VALUES ($1, 0, '', 0, 0, NULL, $2) ON CONFLICT (consumer) DO NOTHING";
    LEASE = "UPDATE outbox_offset SET holder = $2, lease_until = $3
        WHERE consumer = $1 AND (holder = $2 OR lease_until <= $4) RETURNING position, attempts";
    ADVANCE = "UPDATE outbox_offset
        SET position = $3, attempts = 0, last_error = NULL, lease_until = 0, updated_at = $4
        WHERE consumer = $1 AND holder = $2";
    STEP = "UPDATE outbox_offset
        SET position = $3, attempts = 0, last_error = NULL, lease_until = 0, updated_at = $4
        WHERE consumer = $1 AND holder = $2 AND position = $5";
    STUMBLE = "UPDATE outbox_offset
        SET position = $3, attempts = attempts + 1, last_error = $4, lease_until = $5,
            updated_at = $6, holder = ''
        WHERE consumer = $1 AND holder = $2";
    OFFSETS = "SELECT outbox_offset.consumer, outbox_offset.position, outbox_offset.attempts,
            outbox_offset.last_error, outbox_offset.updated_at,
            (SELECT last FROM outbox_head WHERE name = 'head') - outbox_offset.position AS behind
        FROM outbox_offset ORDER BY outbox_offset.consumer";
}

/// What happened, in the form of a CloudEvent. No personal data: identifiers and states.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// `causeway.case.submitted.v1`
    pub kind: &'a str,
    /// The id of the thing it happened to.
    pub subject: String,
    pub data: Json,
}

/// An event with its place in the order.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboxEvent {
    pub id: Id<Self>,
    pub position: i64,
    pub kind: String,
    pub subject: String,
    pub data: Json,
    pub at: Time,
}

impl OutboxEvent {
    /// The JSON form of CloudEvents 1.0, section 3; `source` names this deployment.
    #[must_use]
    pub fn cloud_event(&self, source: &str) -> Json {
        json!({
            "specversion": "1.0",
            "id": self.id,
            "source": source,
            "type": self.kind,
            "subject": self.subject,
            "time": self.at.rfc3339(),
            "datacontenttype": "application/json",
            "data": self.data,
        })
    }
}

impl FromRow for OutboxEvent {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            position: row.get("position")?,
            kind: row.get("kind")?,
            subject: row.get("subject")?,
            data: row.get("data")?,
            at: row.get("at")?,
        })
    }
}

/// How far one consumer has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Consumer {
    pub consumer: String,
    pub position: i64,
    /// Events it has still to read.
    pub behind: i64,
    /// Failures in a row on the next event.
    pub attempts: i64,
    pub last_error: Option<String>,
    pub updated_at: Time,
}

impl FromRow for Consumer {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            consumer: row.get("consumer")?,
            position: row.get("position")?,
            behind: row.get("behind")?,
            attempts: row.get("attempts")?,
            last_error: row.get("last_error")?,
            updated_at: row.get("updated_at")?,
        })
    }
}

/// Tells of a change in the transaction that makes it.
///
/// # Errors
/// The store fails.
pub async fn emit(tx: &Write, event: Event<'_>) -> Result<Id<OutboxEvent>, Error> {
    let id = tx.id();
    let row = params![id, event.kind, event.subject, event.data, tx.now()];
    tx.run(&INSERT, row).await?;
    tx.announce();
    Ok(id)
}

/// Numbered events after `position`, in order, at most [`limits::RELAY_BATCH`].
///
/// # Errors
/// The store fails.
pub async fn events_after(db: &Read, position: i64) -> Result<Vec<OutboxEvent>, Error> {
    Ok(db
        .all(&AFTER, params![position, limits::RELAY_BATCH])
        .await?)
}

/// All consumers and how far each has read.
///
/// # Errors
/// The store fails.
pub async fn consumers(db: &Read) -> Result<Vec<Consumer>, Error> {
    Ok(db.all(&OFFSETS, params![]).await?)
}

/// Numbers committed events, and tells how many.
pub(crate) async fn relay(store: &Store) -> Result<u64, Error> {
    let waiting: i64 = store
        .read(|db| async move { db.only(&HAS_WAITING, params![]).await })
        .await?;
    if waiting == 0 {
        return Ok(0);
    }
    store
        .write(&Actor::system("journal"), |tx: Write| async move {
            let numbered = tx.run(&NUMBER, params![limits::RELAY_BATCH]).await?;
            let count = i64::try_from(numbered).unwrap_or(i64::MAX);
            tx.run(&MOVE_HEAD, params![count]).await?;
            Ok::<_, Error>(numbered)
        })
        .await
}

/// Whether there are events this consumer has not read and may be handed now.
pub(crate) async fn is_behind(db: &Read, consumer: &str) -> Result<bool, Error> {
    let behind: i64 = db.only(&IS_BEHIND, params![consumer, db.now()]).await?;
    Ok(behind > 0)
}

/// The right of one process to feed one consumer for a while.
#[derive(Debug, Clone)]
pub(crate) struct Feed {
    pub(crate) consumer: &'static str,
    pub(crate) holder: String,
    pub(crate) position: i64,
    pub(crate) attempts: i64,
}

/// `None` while another process feeds the consumer, or while it rests after a failure.
pub(crate) async fn lease(
    store: &Store,
    consumer: &'static str,
    holder: &str,
) -> Result<Option<Feed>, Error> {
    let name = holder.to_owned();
    let found: Option<(i64, i64)> = store
        .write(&Actor::system("journal"), move |tx: Write| {
            let name = name.clone();
            async move {
                let (now, until) = (tx.now(), tx.now() + limits::LEASE);
                tx.run(&INSERT_OFFSET, params![consumer, now]).await?;
                tx.one(&LEASE, params![consumer, name, until, now]).await
            }
        })
        .await
        .map_err(|error: store::Error| Error::from(error))?;
    Ok(found.map(|(position, attempts)| Feed {
        consumer,
        holder: holder.to_owned(),
        position,
        attempts,
    }))
}

/// Remembers that everything up to `position` has been read.
pub(crate) async fn advance(store: &Store, feed: Feed, position: i64) -> Result<(), Error> {
    store
        .write(&Actor::system("journal"), move |tx: Write| {
            let feed = feed.clone();
            async move {
                let row = params![feed.consumer, feed.holder, position, tx.now()];
                tx.run(&ADVANCE, row).await?;
                Ok::<_, Error>(())
            }
        })
        .await
}

/// Moves a consumer on inside the write that does what its events ask for. `false` when another
/// process has fed it meanwhile: then nothing of that write may stand.
pub(crate) async fn step_in(tx: &Write, feed: &Feed, position: i64) -> Result<bool, Error> {
    let row = params![
        feed.consumer,
        &feed.holder,
        position,
        tx.now(),
        feed.position
    ];
    Ok(tx.run(&STEP, row).await? > 0)
}

/// Remembers how far a consumer came and why it stopped; it rests for `pause`. Events are never
/// skipped: a later one may make no sense without the earlier.
pub(crate) async fn stumble(
    store: &Store,
    feed: Feed,
    why: &str,
    pause: Duration,
) -> Result<(), Error> {
    let why = clip(why);
    store
        .write(&Actor::system("journal"), move |tx: Write| {
            let (feed, why) = (feed.clone(), why.clone());
            async move {
                let until = tx.now() + pause;
                let row = params![
                    feed.consumer,
                    feed.holder,
                    feed.position,
                    why,
                    until,
                    tx.now()
                ];
                tx.run(&STUMBLE, row).await?;
                Ok::<_, Error>(())
            }
        })
        .await
}
