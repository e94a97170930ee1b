//! Who looked at what, and why. Reasons are sealed: an officer's words may name people.

use std::time::Duration;

use identity::{Officer, Person};
use kernel::{Id, Time};
use serde::Serialize;
use store::{FromRow, Read, Row, Write, params};
use trust::Vault;

use crate::{
    Error,
    applicant::Clerk,
    case::Case,
    seal::{self, Column},
};

macro_rules! select {
    ($where:literal) => {
        concat!(
            "SELECT id, officer, officer_name, department, role, case_id, person, service, ",
            "reference, what, reason, reason_sealed, at FROM access_record ",
            $where
        )
    };
}

store::sql! {
    INSERT_ACCESS = "INSERT INTO access_record (id, officer, officer_name, department, role, case_id,
        person, service, reference, what, reason, reason_sealed, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11, $12)";
    ACCESS_OF_CASE = select!("WHERE case_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    ACCESS_TO_PERSON = select!(
        "WHERE person = $1 AND id < $2 AND at >= $3 AND at < $4
        AND ($5 = '' OR department = $5) ORDER BY id DESC LIMIT $6"
    );
    FIND_ACCESS = select!("WHERE id = $1");
    ACCESS_PERSON = "SELECT person FROM access_record WHERE id = $1 AND person IS NOT NULL";
    UNSEALED = select!("WHERE reason_sealed IS NULL ORDER BY id LIMIT $1");
    SEAL_REASON = "UPDATE access_record SET reason = '', reason_sealed = $2
        WHERE id = $1 AND reason_sealed IS NULL";
    ACCESS_DEPARTMENTS = "SELECT DISTINCT department FROM access_record
        WHERE person = $1 ORDER BY department LIMIT $2";
    FORGET_ACCESS = "DELETE FROM access_record WHERE id IN
        (SELECT id FROM access_record WHERE id < $1 ORDER BY id LIMIT $2)";
    LAST_REASON = select!(
        "WHERE case_id = $1 AND officer = $2 AND what = 'case' AND id >= $3 ORDER BY id DESC LIMIT 1"
    );
}

/// Records one sweep forgets.
const SWEPT: i64 = 5_000;

/// One look at a case or a document.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRecord {
    pub id: Id<AccessRecord>,
    pub officer: Id<Officer>,
    pub officer_name: String,
    pub department: String,
    /// What the platform let the officer do: `officer`, `supervisor`. Unknown in old records.
    pub role: Option<String>,
    pub case: Id<Case>,
    /// Whose data it was.
    pub person: Option<Id<Person>>,
    pub service: Option<String>,
    pub reference: Option<String>,
    /// `case`, `document <field>`, `search`.
    pub what: String,
    pub reason: String,
    pub at: Time,
}

/// A row as it stands, its reason sealed.
pub(crate) struct AccessRow {
    record: AccessRecord,
    sealed: Option<Vec<u8>>,
}

impl FromRow for AccessRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let record = AccessRecord {
            id: row.get("id")?,
            officer: row.get("officer")?,
            officer_name: row.get("officer_name")?,
            department: row.get("department")?,
            role: row.get("role")?,
            case: row.get("case_id")?,
            person: row.get("person")?,
            service: row.get("service")?,
            reference: row.get("reference")?,
            what: row.get("what")?,
            reason: row.get("reason")?,
            at: row.get("at")?,
        };
        Ok(Self {
            record,
            sealed: row.get("reason_sealed")?,
        })
    }
}

impl AccessRow {
    /// The record with its reason in words. A row from before reasons were sealed has them open.
    pub(crate) fn open(self, vault: &Vault) -> Result<AccessRecord, Error> {
        let mut record = self.record;
        if let Some(sealed) = self.sealed {
            record.reason = seal::open_text(vault, Column::AccessReason, record.id, &sealed)?;
        }
        Ok(record)
    }
}

pub(crate) fn open_all(vault: &Vault, rows: Vec<AccessRow>) -> Result<Vec<AccessRecord>, Error> {
    rows.into_iter().map(|row| row.open(vault)).collect()
}

/// Writes down a look before it happens.
pub(crate) async fn record(
    tx: &Write,
    vault: &Vault,
    (clerk, case): (&Clerk, &Case),
    (what, reason): (&str, &str),
) -> Result<(), Error> {
    let id = tx.id::<AccessRecord>();
    let params = params![
        id,
        clerk.id,
        clerk.name,
        clerk.department.to_lowercase(),
        clerk.role.code(),
        case.id,
        case.person,
        case.service,
        case.reference.as_str(),
        what,
        seal::seal(vault, Column::AccessReason, id, reason)?,
        tx.now()
    ];
    tx.run(&INSERT_ACCESS, params).await?;
    Ok(())
}

/// Looks at a case, newest first, before `before`.
pub(crate) async fn of_case(
    db: &Read,
    case: Id<Case>,
    before: Id<AccessRecord>,
    rows: i64,
) -> Result<Vec<AccessRow>, Error> {
    Ok(db.all(&ACCESS_OF_CASE, params![case, before, rows]).await?)
}

/// The reason this officer gave for this case after `since`.
pub(crate) async fn last_reason(
    db: &Read,
    case: Id<Case>,
    officer: Id<Officer>,
    since: Time,
) -> Result<Option<AccessRow>, Error> {
    let since = Id::<AccessRecord>::from_parts(since, [0; 10]);
    Ok(db.one(&LAST_REASON, params![case, officer, since]).await?)
}

/// Which looks at a person's data are asked for: newest first, before `before`.
#[derive(Clone, Debug)]
pub(crate) struct AccessQuery {
    pub(crate) person: Id<Person>,
    pub(crate) before: Id<AccessRecord>,
    pub(crate) from: Time,
    pub(crate) until: Time,
    /// A department's code, or empty for all.
    pub(crate) department: String,
    pub(crate) rows: i64,
}

pub(crate) async fn to_person(db: &Read, query: &AccessQuery) -> Result<Vec<AccessRow>, Error> {
    let values = params![
        query.person,
        query.before,
        query.from,
        query.until,
        query.department,
        query.rows
    ];
    Ok(db.all(&ACCESS_TO_PERSON, values).await?)
}

pub(crate) async fn find(db: &Read, id: Id<AccessRecord>) -> Result<Option<AccessRow>, Error> {
    Ok(db.one(&FIND_ACCESS, params![id]).await?)
}

/// Whose data a look was at.
pub(crate) async fn person(db: &Read, id: Id<AccessRecord>) -> Result<Option<Id<Person>>, Error> {
    Ok(db.one(&ACCESS_PERSON, params![id]).await?)
}

/// Codes of the departments that looked at a person's cases.
pub(crate) async fn departments(
    db: &Read,
    person: Id<Person>,
    rows: i64,
) -> Result<Vec<String>, Error> {
    Ok(db.all(&ACCESS_DEPARTMENTS, params![person, rows]).await?)
}

/// Forgets looks from before the time they are kept for, which is that of every other reading of a
/// person's data. Tells how many.
pub(crate) async fn forget(tx: &Write) -> Result<u64, Error> {
    let kept = Duration::from_secs(identity::READINGS_KEPT_DAYS * 86_400);
    // Ids are in the order of their time.
    let oldest = Id::<AccessRecord>::from_parts(tx.now() - kept, [0; 10]);
    Ok(tx.run(&FORGET_ACCESS, params![oldest, SWEPT]).await?)
}

/// Rows from before reasons were sealed, at most `rows`.
pub(crate) async fn unsealed(db: &Read, rows: i64) -> Result<Vec<AccessRow>, Error> {
    Ok(db.all(&UNSEALED, params![rows]).await?)
}

/// Puts the sealed reason in the place of the open one.
pub(crate) async fn seal_reason(
    tx: &Write,
    id: Id<AccessRecord>,
    sealed: Vec<u8>,
) -> Result<u64, Error> {
    Ok(tx.run(&SEAL_REASON, params![id, sealed]).await?)
}
