//! Who looked at what, and why.

use identity::Officer;
use kernel::{Id, Time};
use serde::Serialize;
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, applicant::Clerk, case::Case};

store::sql! {
    INSERT_ACCESS = "INSERT INTO access_record
        (id, officer, officer_name, department, case_id, what, reason, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ACCESS_OF_CASE = "SELECT officer, officer_name, department, case_id, what, reason, at
        FROM access_record WHERE case_id = $1 ORDER BY at DESC LIMIT $2";
    ACCESS_BY_OFFICER = "SELECT officer, officer_name, department, case_id, what, reason, at
        FROM access_record WHERE officer = $1 ORDER BY at DESC LIMIT $2";
    LAST_REASON = "SELECT reason FROM access_record
        WHERE case_id = $1 AND officer = $2 AND what = 'case' AND at > $3 ORDER BY at DESC LIMIT 1";
}

/// Records shown at once.
const SHOWN: i64 = 200;

/// One look at a case or a document.
#[derive(Clone, Debug, Serialize)]
pub struct AccessRecord {
    pub officer: Id<Officer>,
    pub officer_name: String,
    pub department: String,
    pub case: Id<Case>,
    /// `case`, `document <field>`, `search`.
    pub what: String,
    pub reason: String,
    pub at: Time,
}

impl FromRow for AccessRecord {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            officer: row.get("officer")?,
            officer_name: row.get("officer_name")?,
            department: row.get("department")?,
            case: row.get("case_id")?,
            what: row.get("what")?,
            reason: row.get("reason")?,
            at: row.get("at")?,
        })
    }
}

/// Writes down a look before it happens.
pub(crate) async fn record(
    tx: &Write,
    clerk: &Clerk,
    case: Id<Case>,
    look: (&str, &str),
) -> Result<(), Error> {
    let (what, reason) = look;
    let params = params![
        tx.id::<AccessRecord>(),
        clerk.id,
        clerk.name,
        clerk.department,
        case,
        what,
        reason,
        tx.now()
    ];
    tx.run(&INSERT_ACCESS, params).await?;
    Ok(())
}

pub(crate) async fn of_case(db: &Read, case: Id<Case>) -> Result<Vec<AccessRecord>, Error> {
    Ok(db.all(&ACCESS_OF_CASE, params![case, SHOWN]).await?)
}

pub(crate) async fn by_officer(
    db: &Read,
    officer: Id<Officer>,
) -> Result<Vec<AccessRecord>, Error> {
    Ok(db.all(&ACCESS_BY_OFFICER, params![officer, SHOWN]).await?)
}

/// The reason this officer gave for this case after `since`.
pub(crate) async fn last_reason(
    db: &Read,
    case: Id<Case>,
    officer: Id<Officer>,
    since: Time,
) -> Result<Option<String>, Error> {
    Ok(db.one(&LAST_REASON, params![case, officer, since]).await?)
}
