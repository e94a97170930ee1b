//! Announcements on record.

use journal::Audit;
use kernel::{Actor, Cursor, Id, Page, Text, Time};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use crate::{
    Announcement, Audience, Concern, Error, NewAnnouncement, Policy,
    announcement::{CURRENT_MAX, STANDING_MAX},
};

store::sql! {
    INSERT_ANNOUNCEMENT = "INSERT INTO announcement (id, severity, audience_kind, audience_id, title,
        body, starts_at, ends_at, made_by, made_at, withdrawn_at, policy_service, policy_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, NULL, $11, $12)";
    FIND_ANNOUNCEMENT = "SELECT * FROM announcement WHERE id = $1";
    CURRENT_ANNOUNCEMENTS = "SELECT * FROM announcement
        WHERE withdrawn_at IS NULL AND starts_at <= $1 AND ends_at > $1
        ORDER BY CASE severity WHEN 'urgent' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END,
        starts_at DESC, id DESC LIMIT $2";
    COUNT_STANDING = "SELECT COUNT(*) AS number FROM (SELECT 1 AS one FROM announcement
        WHERE withdrawn_at IS NULL AND ends_at > $1 LIMIT $2) AS standing";
    PAGE_OF_ANNOUNCEMENTS = "SELECT * FROM announcement
        WHERE (starts_at < $1 OR (starts_at = $1 AND id < $2)) AND starts_at <= $3
        ORDER BY starts_at DESC, id DESC LIMIT $4";
    WITHDRAW_ANNOUNCEMENT = "UPDATE announcement SET withdrawn_at = $2
        WHERE id = $1 AND withdrawn_at IS NULL";
}

impl FromRow for Announcement {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let kind: String = row.get("audience_kind")?;
        let service: Option<String> = row.get("policy_service")?;
        let version: Option<i64> = row.get("policy_version")?;
        Ok(Self {
            id: row.get("id")?,
            severity: row.get("severity")?,
            audience: Audience::read(&kind, row.get("audience_id")?),
            title: row.json::<Text>("title")?,
            body: row.json::<Text>("body")?,
            starts_at: row.get("starts_at")?,
            ends_at: row.get("ends_at")?,
            withdrawn_at: row.get("withdrawn_at")?,
            policy: service
                .zip(version)
                .map(|(service, version)| Policy { service, version }),
        })
    }
}

/// Makes an announcement.
///
/// # Errors
/// [`Error::Forbidden`] for anybody but an officer or the platform; [`Error::Empty`],
/// [`Error::TooLong`], [`Error::Period`]; [`Error::TooMany`] past [`STANDING_MAX`].
pub async fn announce(tx: &Write, new: NewAnnouncement) -> Result<Id<Announcement>, Error> {
    allowed(tx)?;
    new.check()?;
    let standing: i64 = tx
        .only(&COUNT_STANDING, params![tx.now(), STANDING_MAX])
        .await?;
    if standing >= STANDING_MAX {
        return Err(Error::TooMany);
    }
    let policy = new.policy.as_ref();
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
            policy.map(|policy| policy.service.as_str()),
            policy.map(|policy| policy.version),
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
    get_announcement(tx, id).await?;
    tx.run(&WITHDRAW_ANNOUNCEMENT, params![id, tx.now()])
        .await?;
    record(tx, "announcement.withdrawn", id).await
}

/// What is to be shown now on a page about `concern`, the gravest first, at most [`CURRENT_MAX`].
///
/// # Errors
/// The store failed.
pub async fn current_announcements(
    db: &Read,
    concern: &Concern,
) -> Result<Vec<Announcement>, Error> {
    let mut found: Vec<Announcement> = db
        .all(&CURRENT_ANNOUNCEMENTS, params![db.now(), STANDING_MAX])
        .await?;
    found.retain(|one| concern.has(&one.audience));
    found.truncate(CURRENT_MAX);
    Ok(found)
}

/// One announcement.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get_announcement(db: &Read, id: Id<Announcement>) -> Result<Announcement, Error> {
    let found: Option<Announcement> = db.one(&FIND_ANNOUNCEMENT, params![id]).await?;
    found.ok_or(Error::NotFound)
}

/// Announcements that begin no later than `until`, the latest first.
///
/// # Errors
/// The store failed.
pub async fn announcements(
    db: &Read,
    until: Time,
    after: Option<&Cursor>,
) -> Result<Page<Announcement>, Error> {
    let end = (Time::from_micros(i64::MAX), Id::from_bits(u128::MAX));
    let (at, id): (Time, Id<Announcement>) = after
        .and_then(|cursor| {
            let (at, id) = cursor.0.split_once('.')?;
            Some((Time::from_micros(at.parse().ok()?), id.parse().ok()?))
        })
        .unwrap_or(end);
    let rows = Page::<Announcement>::fetch();
    let found = db
        .all(&PAGE_OF_ANNOUNCEMENTS, params![at, id, until, rows])
        .await?;
    Ok(Page::cut(found, |one: &Announcement| {
        Cursor(format!("{}.{}", one.starts_at.micros(), one.id))
    }))
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
