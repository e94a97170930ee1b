//! Announcements on record.

use journal::Audit;
use kernel::{Actor, Id, Text};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use crate::{Announcement, Audience, Error, NewAnnouncement, announcement::CURRENT_MAX};

store::sql! {
    INSERT_ANNOUNCEMENT = "INSERT INTO announcement (id, severity, audience_kind, audience_id, title,
        body, starts_at, ends_at, made_by, made_at, withdrawn_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL)";
    FIND_ANNOUNCEMENT = "SELECT * FROM announcement WHERE id = $1";
    CURRENT_ANNOUNCEMENTS = "SELECT * FROM announcement
        WHERE withdrawn_at IS NULL AND starts_at <= $1 AND ends_at > $1
        AND (audience_kind = 'everyone' OR (audience_kind = $2 AND audience_id = $3))
        ORDER BY CASE severity WHEN 'urgent' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END,
        starts_at DESC, id DESC LIMIT $4";
    ALL_ANNOUNCEMENTS = "SELECT * FROM announcement ORDER BY starts_at DESC, id DESC LIMIT $1";
    WITHDRAW_ANNOUNCEMENT = "UPDATE announcement SET withdrawn_at = $2
        WHERE id = $1 AND withdrawn_at IS NULL";
}

impl FromRow for Announcement {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let kind: String = row.get("audience_kind")?;
        Ok(Self {
            id: row.get("id")?,
            severity: row.get("severity")?,
            audience: Audience::read(&kind, row.get("audience_id")?),
            title: row.json::<Text>("title")?,
            body: row.json::<Text>("body")?,
            starts_at: row.get("starts_at")?,
            ends_at: row.get("ends_at")?,
            withdrawn_at: row.get("withdrawn_at")?,
        })
    }
}

/// Makes an announcement.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but an officer or the platform; [`Error::Empty`],
/// [`Error::Period`].
pub async fn announce(tx: &Write, new: NewAnnouncement) -> Result<Id<Announcement>, Error> {
    allowed(tx)?;
    new.check()?;
    let id: Id<Announcement> = tx.id();
    tx.run(
        &INSERT_ANNOUNCEMENT,
        params![
            id,
            new.severity,
            new.audience.kind(),
            new.audience.id(),
            json!(new.title),
            json!(new.body),
            new.starts_at,
            new.ends_at,
            tx.actor().subject(),
            tx.now(),
        ],
    )
    .await?;
    record(tx, "announcement.made", id).await?;
    Ok(id)
}

/// Takes an announcement down before its end.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::NotFound`].
pub async fn withdraw_announcement(tx: &Write, id: Id<Announcement>) -> Result<(), Error> {
    allowed(tx)?;
    let found: Option<Announcement> = tx.one(&FIND_ANNOUNCEMENT, params![id]).await?;
    found.ok_or(Error::NotFound)?;
    tx.run(&WITHDRAW_ANNOUNCEMENT, params![id, tx.now()])
        .await?;
    record(tx, "announcement.withdrawn", id).await
}

/// What is to be shown now to `audience`: what is for everyone, and what is for it; the gravest first.
///
/// # Errors
/// The store failed.
pub async fn current_announcements(
    db: &Read,
    audience: &Audience,
) -> Result<Vec<Announcement>, Error> {
    let values = params![db.now(), audience.kind(), audience.id(), CURRENT_MAX];
    Ok(db.all(&CURRENT_ANNOUNCEMENTS, values).await?)
}

/// The latest announcements, past and to come, for those who make them.
///
/// # Errors
/// The store failed.
pub async fn announcements(db: &Read, limit: i64) -> Result<Vec<Announcement>, Error> {
    Ok(db.all(&ALL_ANNOUNCEMENTS, params![limit]).await?)
}

fn allowed(tx: &Write) -> Result<(), Error> {
    match tx.actor() {
        Actor::Officer { .. } | Actor::System { .. } => Ok(()),
        Actor::Resident { .. } | Actor::Visitor => Err(Error::Forbidden),
    }
}

async fn record(tx: &Write, action: &str, id: Id<Announcement>) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "announcement",
        id: id.to_string(),
        reason: None,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}
