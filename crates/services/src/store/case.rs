//! Cases.

use std::str::FromStr as _;

use kernel::{Cursor, Date, Id, Lang};
use store::{FromRow, Read, Row, Write, params};

use crate::{
    Error,
    case::{Case, Flag},
    draft::Draft,
    reference::Reference,
};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT c.id, c.reference, c.draft, c.service, c.pack_version, c.department, c.person,
            c.company, c.lang, c.state, c.state_since, c.clock, c.outcome, c.answers, c.answers_digest,
            c.applicant, c.seal, c.signature, c.demand, c.fee_cents, c.assignee, c.flags, c.revision, c.licence,
            c.submitted_at, c.submitted_on, c.promise_from, c.promise_days, c.due_at, c.stopped_at, c.decided_at, c.closed_at,
            c.forget_on FROM case_file c ",
            $tail
        )
    };
}

store::sql! {
    FIND_CASE = select!("WHERE c.id = $1");
    CASE_BY_REFERENCE = select!("WHERE c.reference = $1");
    CASE_OF_DRAFT = select!("WHERE c.draft = $1");
    CASE_OF_LIVE_KEY = select!("WHERE c.live_key = $1");
    CASES_OF_HOLDER = select!(
        "WHERE c.holder = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3"
    );
    CASES_OF_APPLICANT = select!(
        "WHERE c.applicant_index = $1 AND c.department = $2 ORDER BY c.id DESC LIMIT $3"
    );
    RUNNING_CASES = select!(
        "WHERE c.id > $1 AND c.closed_at IS NULL AND c.clock = 'running' ORDER BY c.id LIMIT $2"
    );
    CASES_TO_FORGET = "SELECT id FROM case_file WHERE forget_on <= $1 ORDER BY forget_on LIMIT $2";
    INSERT_CASE = "INSERT INTO case_file
        (id, reference, draft, service, pack_version, department, holder, person, company, lang, state,
         state_since, clock, answers, answers_digest, applicant, applicant_index, seal, demand, fee_cents,
         live_key, flags, revision, submitted_at, submitted_on, promise_from, promise_days, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
         $20, $21, $22, $23, $24, $25, $26, $27, $28)";
    UPDATE_CASE = "UPDATE case_file SET state = $3, state_since = $4, clock = $5, outcome = $6,
        assignee = $7, flags = $8, licence = $9, due_at = $10, stopped_at = $11, decided_at = $12,
        closed_at = $13, forget_on = $14, promise_from = $15, promise_days = $16,
        live_key = CASE WHEN $17 THEN NULL ELSE live_key END,
        revision = revision + 1
        WHERE id = $1 AND revision = $2";
    SET_SIGNATURE = "UPDATE case_file SET signature = $2 WHERE id = $1";
    SET_ANSWERS = "UPDATE case_file SET answers = $2 WHERE id = $1";
    INSERT_KEY = "INSERT INTO case_key (case_id, place, service, value) VALUES ($1, $2, $3, $4)";
    SAME_KEY = "SELECT DISTINCT c.reference FROM case_key mine
        JOIN case_key other ON other.service = mine.service AND other.place = mine.place
            AND other.value = mine.value AND other.case_id <> mine.case_id
        JOIN case_file c ON c.id = other.case_id
        WHERE mine.case_id = $1 AND c.closed_at IS NULL ORDER BY c.reference LIMIT $2";
    DROP_KEYS = "DELETE FROM case_key WHERE case_id = $1";
    DROP_ACTIONS = "DELETE FROM case_action WHERE case_id = $1";
    DROP_REQUESTS = "DELETE FROM case_request WHERE case_id = $1";
    DROP_PROPOSAL = "DELETE FROM case_proposal WHERE case_id = $1";
    DROP_CASE = "DELETE FROM case_file WHERE id = $1";
}

/// A row with its sealed parts.
#[derive(Clone, Debug)]
pub(crate) struct CaseRow {
    pub(crate) case: Case,
    pub(crate) answers: Vec<u8>,
    pub(crate) applicant: Vec<u8>,
    pub(crate) seal: String,
    /// The phone's signature over the answers' digest, as the phone made it.
    pub(crate) signature: Option<String>,
}

/// What only the first row of a case says.
#[derive(Clone, Debug)]
pub(crate) struct NewCase {
    pub(crate) row: CaseRow,
    pub(crate) applicant_index: Vec<u8>,
    pub(crate) live_key: Option<String>,
}

impl FromRow for CaseRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            case: case(row)?,
            answers: row.get("answers")?,
            applicant: row.get("applicant")?,
            seal: row.get("seal")?,
            signature: row.get("signature")?,
        })
    }
}

fn case(row: &Row) -> Result<Case, store::Error> {
    let lang: String = row.get("lang")?;
    let reference: String = row.get("reference")?;
    let flags: Vec<String> = row.json("flags")?;
    Ok(Case {
        id: row.get("id")?,
        reference: Reference::from_str(&reference).map_err(|_| store::Error::Decode {
            column: "reference".to_owned(),
            expected: "a reference number",
        })?,
        draft: row.get("draft")?,
        service: row.get("service")?,
        pack_version: row.get("pack_version")?,
        department: row.get("department")?,
        person: row.get("person")?,
        company: row.get("company")?,
        lang: lang.parse().unwrap_or(Lang::En),
        state: row.get("state")?,
        state_since: row.get("state_since")?,
        clock: row.get("clock")?,
        outcome: row.get("outcome")?,
        answers_digest: row.get("answers_digest")?,
        demand: row.get("demand")?,
        fee: row.get("fee_cents")?,
        assignee: row.get("assignee")?,
        flags: flags
            .iter()
            .filter_map(|code| Flag::from_code(code))
            .collect(),
        revision: row.get("revision")?,
        licence: row.get("licence")?,
        submitted: row.get("submitted_at")?,
        submitted_on: row.get("submitted_on")?,
        promise_from: row.get("promise_from")?,
        promise_days: row.get("promise_days")?,
        due: row.get("due_at")?,
        stopped: row.get("stopped_at")?,
        decided: row.get("decided_at")?,
        closed: row.get("closed_at")?,
        forget_on: row.get("forget_on")?,
    })
}

fn flags_json(flags: &[Flag]) -> serde_json::Value {
    flags.iter().map(|flag| flag.code()).collect()
}

pub(crate) async fn find(db: &Read, id: Id<Case>) -> Result<Option<CaseRow>, Error> {
    Ok(db.one(&FIND_CASE, params![id]).await?)
}

pub(crate) async fn get(db: &Read, id: Id<Case>) -> Result<CaseRow, Error> {
    find(db, id).await?.ok_or(Error::NoSuchCase)
}

pub(crate) async fn by_reference(
    db: &Read,
    reference: &Reference,
) -> Result<Option<CaseRow>, Error> {
    Ok(db
        .one(&CASE_BY_REFERENCE, params![reference.as_str()])
        .await?)
}

pub(crate) async fn of_draft(db: &Read, draft: Id<Draft>) -> Result<Option<CaseRow>, Error> {
    Ok(db.one(&CASE_OF_DRAFT, params![draft]).await?)
}

pub(crate) async fn of_live_key(db: &Read, key: &str) -> Result<Option<CaseRow>, Error> {
    Ok(db.one(&CASE_OF_LIVE_KEY, params![key]).await?)
}

/// Where a list of cases goes on, newest first. A cursor nobody was given starts at the top.
pub(crate) fn cursor(after: Option<Cursor>) -> Id<Case> {
    after
        .and_then(|cursor| cursor.0.parse().ok())
        .unwrap_or(Id::from_bits(u128::MAX))
}

pub(crate) async fn of_holder(
    db: &Read,
    holder: &str,
    before: Id<Case>,
    rows: i64,
) -> Result<Vec<CaseRow>, Error> {
    Ok(db
        .all(&CASES_OF_HOLDER, params![holder, before, rows])
        .await?)
}

pub(crate) async fn of_applicant(
    db: &Read,
    index: &[u8],
    department: &str,
    rows: i64,
) -> Result<Vec<CaseRow>, Error> {
    Ok(db
        .all(&CASES_OF_APPLICANT, params![index, department, rows])
        .await?)
}

/// Open cases whose promised time is running, after `after` in the order of their ids.
pub(crate) async fn running(db: &Read, after: Id<Case>, rows: i64) -> Result<Vec<CaseRow>, Error> {
    Ok(db.all(&RUNNING_CASES, params![after, rows]).await?)
}

pub(crate) async fn to_forget(db: &Read, today: Date, rows: i64) -> Result<Vec<Id<Case>>, Error> {
    Ok(db.all(&CASES_TO_FORGET, params![today, rows]).await?)
}

/// # Errors
/// A unique index refuses the row: the draft was submitted, or a live application exists.
pub(crate) async fn insert(tx: &Write, new: &NewCase) -> Result<(), store::Error> {
    let case = &new.row.case;
    let params = params![
        case.id,
        case.reference.as_str(),
        case.draft,
        case.service,
        case.pack_version,
        case.department,
        case.applicant().holder(),
        case.person,
        case.company,
        case.lang.code(),
        case.state,
        case.state_since,
        case.clock,
        new.row.answers,
        case.answers_digest,
        new.row.applicant,
        new.applicant_index,
        new.row.seal,
        case.demand,
        case.fee,
        new.live_key,
        flags_json(&case.flags),
        case.revision,
        case.submitted,
        case.submitted_on,
        case.promise_from,
        case.promise_days,
        case.due
    ];
    tx.run(&INSERT_CASE, params).await?;
    Ok(())
}

/// Writes everything that can change, if nobody moved the case since it was read.
pub(crate) async fn update(tx: &Write, case: &mut Case) -> Result<(), Error> {
    let params = params![
        case.id,
        case.revision,
        case.state,
        case.state_since,
        case.clock,
        case.outcome,
        case.assignee,
        flags_json(&case.flags),
        case.licence,
        case.due,
        case.stopped,
        case.decided,
        case.closed,
        case.forget_on,
        case.promise_from,
        case.promise_days,
        case.is_closed()
    ];
    match tx.run(&UPDATE_CASE, params).await? {
        1 => {
            case.revision += 1;
            Ok(())
        }
        _ => Err(Error::CaseMoved),
    }
}

pub(crate) async fn set_signature(tx: &Write, id: Id<Case>, jws: &str) -> Result<(), Error> {
    tx.run(&SET_SIGNATURE, params![id, jws]).await?;
    Ok(())
}

pub(crate) async fn set_answers(tx: &Write, id: Id<Case>, answers: &[u8]) -> Result<(), Error> {
    tx.run(&SET_ANSWERS, params![id, answers]).await?;
    Ok(())
}

/// The blind value of each of the pack's duplicate keys.
pub(crate) async fn insert_keys(
    tx: &Write,
    case: &Case,
    keys: &[(i64, Vec<u8>)],
) -> Result<(), Error> {
    for (place, value) in keys {
        tx.run(&INSERT_KEY, params![case.id, place, case.service, value])
            .await?;
    }
    Ok(())
}

/// References of open cases that name the same thing.
pub(crate) async fn duplicates(db: &Read, id: Id<Case>) -> Result<Vec<String>, Error> {
    const SHOWN: i64 = 20;
    Ok(db.all(&SAME_KEY, params![id, SHOWN]).await?)
}

/// Removes the case and everything that only exists because of it, except its documents.
pub(crate) async fn erase(tx: &Write, id: Id<Case>) -> Result<(), Error> {
    super::signature::drop_chop(tx, id).await?;
    for statement in [
        &DROP_KEYS,
        &DROP_ACTIONS,
        &DROP_REQUESTS,
        &DROP_PROPOSAL,
        &DROP_CASE,
    ] {
        tx.run(statement, params![id]).await?;
    }
    Ok(())
}
