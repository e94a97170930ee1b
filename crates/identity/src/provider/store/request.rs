//! Authorization requests between their arrival and their answer.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::{Id, Time};
use trust::digest;

use super::day;
use crate::{
    Error,
    provider::{
        refusal::{Fault, Refusal, Word},
        request::{Asked, Prompt},
    },
    store::json as to_json,
};

::store::sql! {
    INSERT_REQUEST = "INSERT INTO oidc_request (id, digest, client, asked, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_BY_URI = "SELECT id, client, asked, created, expires, used FROM oidc_request
        WHERE digest = $1";
    FIND_REQUEST = "SELECT id, client, asked, created, expires, used FROM oidc_request
        WHERE id = $1";
    USE_REQUEST = "UPDATE oidc_request SET used = $2 WHERE id = $1 AND used IS NULL";
    FORGET_REQUESTS = "DELETE FROM oidc_request WHERE id IN
        (SELECT id FROM oidc_request WHERE created < $1 ORDER BY created, id LIMIT $2)";
    LIST_OLD = "SELECT id, client, asked, created, expires, used FROM oidc_request
        WHERE created < $1 ORDER BY created, id LIMIT $2";
}

/// A request as stored.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) id: Id<Pending>,
    pub(crate) client: String,
    pub(crate) asked: Asked,
    pub(crate) created: Time,
    /// Until when the `request_uri` may be used to arrive; who has arrived has longer.
    pub(crate) expires: Time,
    pub(crate) used: Option<Time>,
}

impl FromRow for Pending {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            client: row.get("client")?,
            asked: row.json("asked")?,
            created: row.get("created")?,
            expires: row.get("expires")?,
            used: row.get("used")?,
        })
    }
}

/// Keeps a request under a secret that only its `request_uri` tells.
pub(crate) async fn keep_in(
    tx: &Write,
    client: &str,
    asked: &Asked,
    (secret, expires): (&str, Time),
) -> Result<Id<Pending>, Error> {
    let id = tx.id::<Pending>();
    let row = params![
        id,
        digest::sha256(secret),
        client,
        to_json(asked)?,
        tx.now(),
        expires
    ];
    tx.run(&INSERT_REQUEST, row).await?;
    Ok(id)
}

pub(crate) async fn by_uri_in(db: &Read, secret: &str) -> Result<Option<Pending>, Error> {
    Ok(db
        .one(&FIND_BY_URI, params![digest::sha256(secret)])
        .await?)
}

pub(crate) async fn find_in(db: &Read, id: Id<Pending>) -> Result<Option<Pending>, Error> {
    Ok(db.one(&FIND_REQUEST, params![id]).await?)
}

/// A request is answered once.
pub(crate) async fn use_in(tx: &Write, id: Id<Pending>) -> Result<(), Fault> {
    if tx.run(&USE_REQUEST, params![id, tx.now()]).await? == 0 {
        let used = "the request_uri has been used";
        return Err(Refusal::new(Word::InvalidRequestUri, used).into());
    }
    Ok(())
}

/// Forgets old requests, and counts those that nobody answered with a yes. A silent question that finds
/// nobody signed in is none of them.
pub(crate) async fn forget_in(tx: &Write, before: Time, rows: i64) -> Result<(), Error> {
    let old: Vec<Pending> = tx.all(&LIST_OLD, params![before, rows]).await?;
    let unfinished = old
        .into_iter()
        .filter(|one| one.used.is_none() && !one.asked.has_prompt(Prompt::None))
        .map(|one| (one.client, one.created));
    day::add_unfinished_in(tx, unfinished).await?;
    tx.run(&FORGET_REQUESTS, params![before, rows]).await?;
    Ok(())
}
