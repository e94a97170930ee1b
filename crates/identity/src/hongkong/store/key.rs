//! Content keys, one in force a client and dialect.

use ::store::{FromRow, Read, Row, Write, params};
use journal::Audit;
use kernel::{Id, Time};
use serde_json::json;

use crate::{Error, hongkong::word::Dialect};

::store::sql! {
    FIND_KEY = "SELECT client, dialect, id, sealed, wrapped, public_info, issued, expires
        FROM hongkong_content_key WHERE client = $1 AND dialect = $2 AND expires > $3";
    KEEP_KEY = "INSERT INTO hongkong_content_key
            (client, dialect, id, sealed, wrapped, public_info, issued, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (client, dialect) DO UPDATE SET id = excluded.id, sealed = excluded.sealed,
            wrapped = excluded.wrapped, public_info = excluded.public_info,
            issued = excluded.issued, expires = excluded.expires
        WHERE hongkong_content_key.expires <= excluded.issued";
    DROP_KEY = "DELETE FROM hongkong_content_key
        WHERE client = $1 AND dialect = $2 AND expires > $3";
    FORGET_KEYS = "DELETE FROM hongkong_content_key WHERE expires <= $1";
}

/// A key as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredKey {
    pub(crate) client: String,
    pub(crate) dialect: Dialect,
    pub(crate) id: Id<StoredKey>,
    pub(crate) sealed: Vec<u8>,
    pub(crate) wrapped: String,
    pub(crate) public_info: String,
    pub(crate) issued: Time,
    pub(crate) expires: Time,
}

impl FromRow for StoredKey {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            client: row.get("client")?,
            dialect: row.get("dialect")?,
            id: row.get("id")?,
            sealed: row.get("sealed")?,
            wrapped: row.get("wrapped")?,
            public_info: row.get("public_info")?,
            issued: row.get("issued")?,
            expires: row.get("expires")?,
        })
    }
}

/// The key in force.
pub(crate) async fn live_in(
    db: &Read,
    (client, dialect): (&str, Dialect),
) -> Result<Option<StoredKey>, Error> {
    let row = params![client, dialect, db.now()];
    Ok(db.one(&FIND_KEY, row).await?)
}

/// Keeps `new` unless one is in force; the one in force is the answer.
pub(crate) async fn keep_in(tx: &Write, new: &StoredKey) -> Result<StoredKey, Error> {
    let row = params![
        new.client,
        new.dialect,
        new.id,
        new.sealed.clone(),
        new.wrapped,
        new.public_info,
        new.issued,
        new.expires
    ];
    tx.run(&KEEP_KEY, row).await?;
    live_in(tx, (&new.client, new.dialect))
        .await?
        .ok_or(Error::Corrupt("hongkong_content_key"))
}

/// Takes the key in force back; `false` when there is none.
pub(crate) async fn revoke_in(
    tx: &Write,
    (client, dialect): (&str, Dialect),
) -> Result<bool, Error> {
    let row = params![client, dialect, tx.now()];
    if tx.run(&DROP_KEY, row).await? == 0 {
        return Ok(false);
    }
    let audit = Audit {
        action: "client.content_key_revoked",
        noun: "client",
        id: client.to_owned(),
        reason: None,
        detail: json!({ "dialect": dialect }),
    };
    journal::audit(tx, audit).await?;
    Ok(true)
}

pub(crate) async fn forget_in(tx: &Write) -> Result<(), Error> {
    tx.run(&FORGET_KEYS, params![tx.now()]).await?;
    Ok(())
}
