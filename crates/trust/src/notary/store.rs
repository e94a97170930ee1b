//! Certificates issued to people, and certificates taken back.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::Time;

use super::Issued;
use crate::{
    Error,
    x509::{REVOKED_MAX, Reason, Revoked},
};

::store::sql! {
    ADD_CERTIFICATE = "INSERT INTO document_certificate
            (serial, authority, holder, certificate, valid_from, valid_until)
        VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_CERTIFICATE = "SELECT serial, authority, certificate, valid_from, valid_until
        FROM document_certificate WHERE serial = $1";
    LIVE_OF_HOLDER = "SELECT serial, authority, certificate, valid_from, valid_until
        FROM document_certificate WHERE holder = $1 AND valid_until > $2
        ORDER BY valid_until, serial LIMIT $3";
    REVOKE = "INSERT INTO certificate_revocation (serial, authority, revoked, reason)
        VALUES ($1, $2, $3, $4) ON CONFLICT (serial) DO NOTHING";
    FIND_REVOCATION = "SELECT serial, revoked, reason FROM certificate_revocation WHERE serial = $1";
    LIST_REVOCATIONS = "SELECT serial, revoked, reason FROM certificate_revocation
        WHERE authority = $1 ORDER BY revoked, serial LIMIT $2";
}

/// Certificates of one holder taken back in one write.
const HELD_MAX: i64 = 1_000;

impl FromRow for Issued {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            serial: row.get("serial")?,
            authority: row.get("authority")?,
            der: row.get("certificate")?,
            from: row.get("valid_from")?,
            until: row.get("valid_until")?,
        })
    }
}

impl FromRow for Revoked {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let reason: String = row.get("reason")?;
        Ok(Self {
            serial: row.get("serial")?,
            at: row.get("revoked")?,
            reason: Reason::from_code(&reason).unwrap_or(Reason::PrivilegeWithdrawn),
        })
    }
}

/// Writes an issued certificate down for `holder`, an identifier that only the caller can read.
///
/// # Errors
/// [`Error::Store`].
pub async fn insert_certificate(tx: &Write, issued: &Issued, holder: &str) -> Result<(), Error> {
    tx.run(
        &ADD_CERTIFICATE,
        params![
            issued.serial,
            issued.authority,
            holder,
            issued.der,
            issued.from,
            issued.until
        ],
    )
    .await?;
    Ok(())
}

/// The certificate with this serial number, if it was issued to a person here.
///
/// # Errors
/// [`Error::Store`].
pub async fn find_certificate(db: &Read, serial: &str) -> Result<Option<Issued>, Error> {
    Ok(db.one(&FIND_CERTIFICATE, params![serial]).await?)
}

/// Takes a certificate back from now on. Taking it back again changes nothing.
///
/// # Errors
/// [`Error::Store`].
pub async fn revoke_certificate(
    tx: &Write,
    serial: &str,
    authority: &str,
    reason: Reason,
) -> Result<(), Error> {
    tx.run(&REVOKE, params![serial, authority, tx.now(), reason.code()])
        .await?;
    Ok(())
}

/// Takes back every certificate of `holder` that still holds, and says how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn revoke_certificates_of(
    tx: &Write,
    holder: &str,
    reason: Reason,
) -> Result<u64, Error> {
    let now: Time = tx.now();
    let live: Vec<Issued> = tx
        .all(&LIVE_OF_HOLDER, params![holder, now, HELD_MAX])
        .await?;
    let mut taken = 0;
    for one in &live {
        revoke_certificate(tx, &one.serial, &one.authority, reason).await?;
        taken += 1;
    }
    Ok(taken)
}

pub(super) async fn revocation(db: &Read, serial: &str) -> Result<Option<Revoked>, Error> {
    Ok(db.one(&FIND_REVOCATION, params![serial]).await?)
}

pub(super) async fn revocations(db: &Read, authority: &str) -> Result<Vec<Revoked>, Error> {
    let limit = i64::try_from(REVOKED_MAX).unwrap_or(i64::MAX);
    Ok(db.all(&LIST_REVOCATIONS, params![authority, limit]).await?)
}
