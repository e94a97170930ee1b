//! Published versions of packs.

use std::collections::HashSet;

use kernel::Time;
use serde_json::Value;
use store::{FromRow, Read, Row, Write, params};

use crate::Error;

store::sql! {
    ALL_VERSIONS = "SELECT service, version, source, digest, changes, published_at, published_by, cutoff_at
        FROM service_version ORDER BY service, version";
    ALL_DIGESTS = "SELECT digest FROM service_version";
    FIND_VERSION = "SELECT service, version, source, digest, changes, published_at, published_by, cutoff_at
        FROM service_version WHERE service = $1 AND version = $2";
    NEWEST_VERSION = "SELECT service, version, source, digest, changes, published_at, published_by, cutoff_at
        FROM service_version WHERE service = $1 ORDER BY version DESC LIMIT 1";
    INSERT_VERSION = "INSERT INTO service_version
        (service, version, source, digest, changes, published_at, published_by, cutoff_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)";
    CUT_OFF = "UPDATE service_version SET cutoff_at = $3 WHERE service = $1 AND version = $2";
    COUNT_VERSIONS = "SELECT COUNT(*) AS versions, COALESCE(MAX(published_at), 0) AS published,
        COALESCE(MAX(cutoff_at), 0) AS cut_off
        FROM service_version";
}

/// A row of `service_version`.
#[derive(Clone, Debug)]
pub struct ServiceVersion {
    pub service: String,
    pub version: i64,
    pub source: String,
    /// SHA-256 of the source, hexadecimal.
    pub digest: String,
    /// The classified difference to the version before.
    pub changes: Value,
    pub published_at: Time,
    pub published_by: String,
    pub cutoff: Option<Time>,
}

impl FromRow for ServiceVersion {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            service: row.get("service")?,
            version: row.get("version")?,
            source: row.get("source")?,
            digest: row.get("digest")?,
            changes: row.get("changes")?,
            published_at: row.get("published_at")?,
            published_by: row.get("published_by")?,
            cutoff: row.get("cutoff_at")?,
        })
    }
}

pub(crate) async fn all(db: &Read) -> Result<Vec<ServiceVersion>, Error> {
    Ok(db.all(&ALL_VERSIONS, params![]).await?)
}

pub(crate) async fn digests(db: &Read) -> Result<HashSet<String>, Error> {
    let digests: Vec<String> = db.all(&ALL_DIGESTS, params![]).await?;
    Ok(digests.into_iter().collect())
}

pub(crate) async fn find(
    db: &Read,
    service: &str,
    version: i64,
) -> Result<Option<ServiceVersion>, Error> {
    Ok(db.one(&FIND_VERSION, params![service, version]).await?)
}

pub(crate) async fn newest(db: &Read, service: &str) -> Result<Option<ServiceVersion>, Error> {
    Ok(db.one(&NEWEST_VERSION, params![service]).await?)
}

/// What changes when anybody publishes or cuts off: other processes compare it before they reload.
pub(crate) async fn fingerprint(db: &Read) -> Result<(i64, i64, i64), Error> {
    Ok(db.only(&COUNT_VERSIONS, params![]).await?)
}

pub(crate) async fn insert(tx: &Write, row: &ServiceVersion) -> Result<(), Error> {
    tx.run(
        &INSERT_VERSION,
        params![
            row.service,
            row.version,
            row.source,
            row.digest,
            row.changes,
            row.published_at,
            row.published_by
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn cut_off(
    tx: &Write,
    service: &str,
    version: i64,
    at: Time,
) -> Result<u64, Error> {
    Ok(tx.run(&CUT_OFF, params![service, version, at]).await?)
}
