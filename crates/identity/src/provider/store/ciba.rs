//! Backchannel authentication requests, each beside the approval on the person's phone.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::{Id, Time};
use trust::digest;

use super::day;
use crate::{Approval, Error, provider::ciba::CibaAsked, store::json as to_json};

::store::sql! {
    INSERT_CIBA = "INSERT INTO oidc_ciba (digest, approval, client, asked, notification, created,
            expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND_CIBA = "SELECT digest, approval, client, asked, notification, polled, used
        FROM oidc_ciba WHERE digest = $1";
    FIND_BY_APPROVAL = "SELECT digest, approval, client, asked, notification, polled, used
        FROM oidc_ciba WHERE approval = $1";
    POLLED = "UPDATE oidc_ciba SET polled = $2 WHERE digest = $1";
    USE_CIBA = "UPDATE oidc_ciba SET used = $2 WHERE digest = $1 AND used IS NULL";
    LIST_UNANSWERED = "SELECT client, created FROM oidc_ciba WHERE expires < $1 AND used IS NULL
        ORDER BY expires, digest LIMIT $2";
    FORGET_UNANSWERED = "DELETE FROM oidc_ciba WHERE digest IN (SELECT digest FROM oidc_ciba
        WHERE expires < $1 AND used IS NULL ORDER BY expires, digest LIMIT $2)";
    FORGET_CIBA = "DELETE FROM oidc_ciba WHERE expires < $1 AND used IS NOT NULL";
}

/// A request as stored.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    digest: Vec<u8>,
    pub(crate) approval: Id<Approval>,
    pub(crate) client: String,
    pub(crate) asked: CibaAsked,
    /// The token with which the client is pinged, and the request's id, sealed.
    pub(crate) notification: Option<String>,
    pub(crate) polled: Option<Time>,
    pub(crate) used: Option<Time>,
}

impl FromRow for Waiting {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            digest: row.get("digest")?,
            approval: row.get("approval")?,
            client: row.get("client")?,
            asked: row.json("asked")?,
            notification: row.get("notification")?,
            polled: row.get("polled")?,
            used: row.get("used")?,
        })
    }
}

/// What is kept of a new request.
#[derive(Clone, Debug)]
pub(crate) struct NewWaiting {
    pub(crate) secret: String,
    pub(crate) client: String,
    pub(crate) asked: CibaAsked,
    pub(crate) notification: Option<String>,
}

pub(crate) async fn insert_in(
    tx: &Write,
    new: &NewWaiting,
    approval: &Approval,
) -> Result<(), Error> {
    let row = params![
        digest::sha256(&new.secret),
        approval.id,
        new.client,
        to_json(&new.asked)?,
        new.notification,
        tx.now(),
        approval.expires
    ];
    tx.run(&INSERT_CIBA, row).await?;
    Ok(())
}

pub(crate) async fn find_in(db: &Read, secret: &str) -> Result<Option<Waiting>, Error> {
    Ok(db.one(&FIND_CIBA, params![digest::sha256(secret)]).await?)
}

pub(crate) async fn by_approval_in(
    db: &Read,
    approval: Id<Approval>,
) -> Result<Option<Waiting>, Error> {
    Ok(db.one(&FIND_BY_APPROVAL, params![approval]).await?)
}

pub(crate) async fn polled_in(tx: &Write, waiting: &Waiting) -> Result<(), Error> {
    tx.run(&POLLED, params![waiting.digest, tx.now()]).await?;
    Ok(())
}

/// Hands the outcome out once; `false` when it was handed out before.
pub(crate) async fn use_in(tx: &Write, waiting: &Waiting) -> Result<bool, Error> {
    Ok(tx.run(&USE_CIBA, params![waiting.digest, tx.now()]).await? > 0)
}

/// Forgets old requests, and counts those that nobody answered with a yes.
pub(crate) async fn forget_in(tx: &Write, before: Time, rows: i64) -> Result<(), Error> {
    let unanswered: Vec<(String, Time)> = tx.all(&LIST_UNANSWERED, params![before, rows]).await?;
    day::add_unfinished_in(tx, unanswered.into_iter()).await?;
    tx.run(&FORGET_UNANSWERED, params![before, rows]).await?;
    tx.run(&FORGET_CIBA, params![before]).await?;
    Ok(())
}
