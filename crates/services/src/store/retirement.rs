//! Services that end.

use store::{FromRow, Read, Row, Write, params};

use crate::{Error, Retirement};

store::sql! {
    ALL_RETIREMENTS = "SELECT service, starts_at, submit_until, reason, instead, declared_by_name,
        declared_at FROM service_retirement ORDER BY service";
    COUNT_RETIREMENTS = "SELECT COUNT(*) AS services, COALESCE(MAX(declared_at), 0) AS declared
        FROM service_retirement";
    PUT_RETIREMENT = "INSERT INTO service_retirement (service, starts_at, submit_until, reason, instead,
        declared_by_name, declared_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (service) DO UPDATE SET starts_at = excluded.starts_at,
            submit_until = excluded.submit_until, reason = excluded.reason, instead = excluded.instead,
            declared_by_name = excluded.declared_by_name, declared_at = excluded.declared_at";
    REMOVE_RETIREMENT = "DELETE FROM service_retirement WHERE service = $1";
}

impl FromRow for Retirement {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            service: row.get("service")?,
            starts_at: row.get("starts_at")?,
            submit_until: row.get("submit_until")?,
            reason: row.json("reason")?,
            instead: row.get("instead")?,
            declared_by_name: row.get("declared_by_name")?,
            declared_at: row.get("declared_at")?,
        })
    }
}

pub(crate) async fn all(db: &Read) -> Result<Vec<Retirement>, Error> {
    Ok(db.all(&ALL_RETIREMENTS, params![]).await?)
}

/// What changes when anybody decides about the end of a service.
pub(crate) async fn fingerprint(db: &Read) -> Result<(i64, i64), Error> {
    Ok(db.only(&COUNT_RETIREMENTS, params![]).await?)
}

pub(crate) async fn put(tx: &Write, row: &Retirement) -> Result<(), Error> {
    let row = params![
        row.service,
        row.starts_at,
        row.submit_until,
        serde_json::json!(row.reason),
        row.instead,
        row.declared_by_name,
        row.declared_at,
    ];
    tx.run(&PUT_RETIREMENT, row).await?;
    Ok(())
}

pub(crate) async fn remove(tx: &Write, service: &str) -> Result<(), Error> {
    tx.run(&REMOVE_RETIREMENT, params![service]).await?;
    Ok(())
}
