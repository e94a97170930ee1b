//! Declared suspensions: a gale warning (typhoon signal No. 8 and above), a black rainstorm warning,
//! or another closure of offices. Days touched by one are not working days (see
//! [`crate::Calendar`]).

use kernel::{Actor, Date, Id, Time};
use serde::Serialize;
use serde_json::json;
use store::{FromRow, Read, Row, Store, Write, params};

use crate::{Audit, Error, Event, audit, emit, limits};

store::sql! {
    INSERT = "INSERT INTO suspension (id, starts_at, ends_at, reason, note, declared_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    LIFT = "UPDATE suspension SET ends_at = $2
        WHERE id = $1 AND starts_at < $2 AND (ends_at IS NULL OR ends_at > $2)";
    LIST = "SELECT id, starts_at, ends_at, reason, note, declared_at FROM suspension
        ORDER BY starts_at DESC LIMIT $1";
}

/// How the kinds of all events about suspensions begin.
pub const EVENTS: &str = "causeway.suspension.";

/// Why offices are shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    Typhoon,
    BlackRain,
    Other,
}

store::text_codes!(Reason { Typhoon => "typhoon", BlackRain => "black_rain", Other => "other" });

/// One declared suspension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suspension {
    pub id: Id<Self>,
    pub starts_at: Time,
    /// `None` until it is lifted.
    pub ends_at: Option<Time>,
    pub reason: Reason,
    pub note: String,
    pub declared_at: Time,
}

impl Suspension {
    /// The days it touches in Hong Kong; an open one runs to the day of `now`.
    pub fn days(&self, now: Time) -> impl Iterator<Item = Date> {
        let first = self.starts_at.date();
        let last = self.ends_at.unwrap_or(now).date();
        (0..=first.days_until(last).max(0)).map(move |day| first.plus_days(day))
    }
}

impl FromRow for Suspension {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            starts_at: row.get("starts_at")?,
            ends_at: row.get("ends_at")?,
            reason: row.get("reason")?,
            note: row.get("note")?,
            declared_at: row.get("declared_at")?,
        })
    }
}

/// Declares a suspension from `starts_at`, until `ends_at` or until it is lifted.
///
/// # Errors
/// [`Error::Backwards`] when it would end before it begins.
pub async fn declare(
    tx: &Write,
    reason: Reason,
    starts_at: Time,
    ends_at: Option<Time>,
    note: &str,
) -> Result<Id<Suspension>, Error> {
    if ends_at.is_some_and(|end| end <= starts_at) {
        return Err(Error::Backwards);
    }
    let id = tx.id();
    tx.run(
        &INSERT,
        params![id, starts_at, ends_at, reason, note, tx.now()],
    )
    .await?;
    record(tx, "suspension.declared", id, note).await?;
    let data = json!({ "reason": reason, "starts_at": starts_at.rfc3339() });
    let event = Event {
        kind: "causeway.suspension.declared.v1",
        subject: id.to_string(),
        data,
    };
    emit(tx, event).await?;
    Ok(id)
}

/// Ends a suspension now.
///
/// # Errors
/// [`Error::Gone`] when it has ended already or has not begun.
pub async fn lift(tx: &Write, id: Id<Suspension>, note: &str) -> Result<(), Error> {
    if tx.run(&LIFT, params![id, tx.now()]).await? == 0 {
        return Err(Error::Gone("suspension"));
    }
    record(tx, "suspension.lifted", id, note).await?;
    let data = json!({ "ends_at": tx.now().rfc3339() });
    let event = Event {
        kind: "causeway.suspension.lifted.v1",
        subject: id.to_string(),
        data,
    };
    emit(tx, event).await.map(drop)
}

/// The latest suspensions, at most [`limits::LIST`].
///
/// # Errors
/// The store fails.
pub async fn list(db: &Read) -> Result<Vec<Suspension>, Error> {
    Ok(db.all(&LIST, params![limits::LIST]).await?)
}

/// An open suspension has reached another day: whoever computed deadlines hears of it. Processes that
/// notice together tell it more than once, which is harmless.
pub(crate) async fn tell_of_another_day(store: &Store) -> Result<(), Error> {
    let now = store.env().now();
    let declared = store.read(|db| async move { list(&db).await }).await?;
    let open: Vec<_> = declared
        .into_iter()
        .filter(|one| one.ends_at.is_none_or(|end| end > now) && one.starts_at <= now)
        .collect();
    store
        .write(&Actor::system("journal"), move |tx: Write| {
            let open = open.clone();
            async move {
                for one in &open {
                    let data = json!({ "reason": one.reason, "day": tx.now().date() });
                    let subject = one.id.to_string();
                    emit(
                        &tx,
                        Event {
                            kind: "causeway.suspension.continued.v1",
                            subject,
                            data,
                        },
                    )
                    .await?;
                }
                Ok(())
            }
        })
        .await
}

async fn record(tx: &Write, action: &str, id: Id<Suspension>, note: &str) -> Result<(), Error> {
    let entry = Audit {
        action,
        noun: "suspension",
        id: id.to_string(),
        reason: Some(note.to_owned()),
        detail: crate::no_detail(),
    };
    audit(tx, entry).await.map(drop)
}
