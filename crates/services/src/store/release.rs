//! Packs on their way to the public.

use identity::Officer;
use kernel::Id;
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, Release, ReleaseState};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, service, version, department, source, digest, state, reason, made_by,
            made_by_name, made_at, decided_by_name, decided_at, note FROM pack_release ",
            $tail
        )
    };
}

store::sql! {
    FIND_RELEASE = select!("WHERE id = $1");
    RELEASES_OF_SERVICE = select!("WHERE service = $1 ORDER BY made_at DESC, id DESC LIMIT $2");
    RELEASES_OF_DEPARTMENT = select!(
        "WHERE department = $1 AND state = $2 ORDER BY made_at, id LIMIT $3"
    );
    PROPOSED_RELEASE = select!("WHERE service = $1 AND state = 'proposed'");
    INSERT_RELEASE = "INSERT INTO pack_release (id, service, version, department, source, digest, state,
        reason, made_by, made_by_name, made_at, decided_by_name, decided_at, note)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL, NULL, '')";
    UPDATE_RELEASE = "UPDATE pack_release SET state = $2, reason = $3, decided_by_name = $4,
        decided_at = $5, note = $6 WHERE id = $1";
    FORGET_CHECKED = "DELETE FROM pack_release
        WHERE service = $1 AND made_by = $2 AND state = 'checked'";
}

impl FromRow for Release {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let made_by: String = row.get("made_by")?;
        Ok(Self {
            id: row.get("id")?,
            service: row.get("service")?,
            version: row.get("version")?,
            department: row.get("department")?,
            source: row.get("source")?,
            digest: row.get("digest")?,
            state: row.get("state")?,
            reason: row.get("reason")?,
            made_by: made_by.parse().map_err(|_| store::Error::Decode {
                column: "made_by".to_owned(),
                expected: "an officer's id",
            })?,
            made_by_name: row.get("made_by_name")?,
            made_at: row.get("made_at")?,
            decided_by_name: row.get("decided_by_name")?,
            decided_at: row.get("decided_at")?,
            note: row.get("note")?,
        })
    }
}

pub(crate) async fn find(db: &Read, id: Id<Release>) -> Result<Option<Release>, Error> {
    Ok(db.one(&FIND_RELEASE, params![id]).await?)
}

pub(crate) async fn of_service(db: &Read, service: &str, rows: i64) -> Result<Vec<Release>, Error> {
    Ok(db.all(&RELEASES_OF_SERVICE, params![service, rows]).await?)
}

pub(crate) async fn of_department(
    db: &Read,
    department: &str,
    state: ReleaseState,
    rows: i64,
) -> Result<Vec<Release>, Error> {
    let row = params![department, state, rows];
    Ok(db.all(&RELEASES_OF_DEPARTMENT, row).await?)
}

pub(crate) async fn proposed(db: &Read, service: &str) -> Result<Option<Release>, Error> {
    Ok(db.one(&PROPOSED_RELEASE, params![service]).await?)
}

pub(crate) async fn insert(tx: &Write, release: &Release) -> Result<(), Error> {
    let row = params![
        release.id,
        release.service,
        release.version,
        release.department,
        release.source,
        release.digest,
        release.state,
        release.reason,
        release.made_by.to_string(),
        release.made_by_name,
        release.made_at,
    ];
    tx.run(&INSERT_RELEASE, row).await?;
    Ok(())
}

pub(crate) async fn update(tx: &Write, release: &Release) -> Result<(), Error> {
    let row = params![
        release.id,
        release.state,
        release.reason,
        release.decided_by_name,
        release.decided_at,
        release.note,
    ];
    tx.run(&UPDATE_RELEASE, row).await?;
    Ok(())
}

/// Removes what an owner had checked of a service and did not put forward.
pub(crate) async fn forget_checked(
    tx: &Write,
    service: &str,
    made_by: Id<Officer>,
) -> Result<(), Error> {
    tx.run(&FORGET_CHECKED, params![service, made_by.to_string()])
        .await?;
    Ok(())
}
