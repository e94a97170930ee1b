//! Which roles have which case on their desk. Lists are read by role and due date from one index and
//! never counted in full.

use identity::Officer;
use kernel::{Id, Time};
use store::{Read, Write, params};

use super::case::CaseRow;
use crate::{Error, case::Case};

macro_rules! select {
    ($from:literal) => {
        concat!(
            "SELECT c.id, c.reference, c.draft, c.service, c.pack_version, c.department, c.person,
            c.company, c.lang, c.state, c.state_since, c.clock, c.outcome, c.answers, c.answers_digest,
            c.applicant, c.seal, c.signature, c.demand, c.fee_cents, c.assignee, c.flags, c.revision, c.licence,
            c.submitted_at, c.submitted_on, c.promise_from, c.promise_days, c.due_at, c.stopped_at, c.decided_at, c.closed_at,
            c.forget_on ",
            $from
        )
    };
}

store::sql! {
    INSERT_QUEUE = "INSERT INTO case_queue (role, case_id, due_at, assignee, service, state)
        VALUES ($1, $2, $3, $4, $5, $6)";
    ASSIGN_QUEUE = "UPDATE case_queue SET assignee = $2 WHERE case_id = $1";
    MOVE_DUE = "UPDATE case_queue SET due_at = $2 WHERE case_id = $1";
    DROP_QUEUE = "DELETE FROM case_queue WHERE case_id = $1";
    IN_QUEUE = select!("FROM case_file c WHERE c.id IN (
            SELECT q.case_id FROM case_queue q
            WHERE q.role IN (SELECT value FROM {each}($1))
              AND (q.due_at > $2 OR (q.due_at = $2 AND q.case_id > $3))
              AND ($4 = '' OR q.service = $4)
              AND ($5 = '' OR q.state = $5)
              AND ($6 = 'any' OR ($6 = 'nobody' AND q.assignee IS NULL) OR ($6 = 'mine' AND q.assignee = $7))
              AND q.due_at <= $8
            GROUP BY q.case_id, q.due_at
            ORDER BY q.due_at, q.case_id LIMIT $9)
        ORDER BY COALESCE(c.due_at, $10), c.id");
    OF_DEPARTMENT = select!("FROM case_file c
        WHERE c.department = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3");
    OF_DEPARTMENT_AND_SERVICE = select!("FROM case_file c
        WHERE c.department = $1 AND c.service = $4 AND c.id < $2 ORDER BY c.id DESC LIMIT $3");
    COUNT_QUEUE = "SELECT COUNT(*) FROM (SELECT DISTINCT case_id FROM case_queue
        WHERE role IN (SELECT value FROM {each}($1)) LIMIT $2) AS few";
    COUNT_LATE = "SELECT COUNT(*) FROM (SELECT DISTINCT case_id FROM case_queue
        WHERE role IN (SELECT value FROM {each}($1)) AND due_at < $2 LIMIT $3) AS few";
    IS_QUEUED = "SELECT COUNT(*) FROM case_queue WHERE case_id = $1
        AND role IN (SELECT value FROM {each}($2))";
}

/// A case without a promise stands after every case with one.
pub(crate) const NO_DUE: Time = Time::from_micros(i64::MAX);

/// What to read of the queues of an officer's roles.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) roles: Vec<String>,
    pub(crate) after: (Time, Id<Case>),
    pub(crate) service: String,
    pub(crate) state: String,
    /// `any`, `nobody` or `mine`.
    pub(crate) holder: &'static str,
    pub(crate) officer: Id<Officer>,
    pub(crate) due_by: Time,
    pub(crate) rows: i64,
}

fn roles_json(roles: &[String]) -> serde_json::Value {
    roles.iter().map(String::as_str).collect()
}

/// Puts the case on the desks of `roles`, and off all others.
pub(crate) async fn place(tx: &Write, case: &Case, roles: &[String]) -> Result<(), Error> {
    tx.run(&DROP_QUEUE, params![case.id]).await?;
    let due = case.due.unwrap_or(NO_DUE);
    for role in roles {
        let params = params![role, case.id, due, case.assignee, case.service, case.state];
        tx.run(&INSERT_QUEUE, params).await?;
    }
    Ok(())
}

/// Shows on every desk who holds the case.
pub(crate) async fn assign(tx: &Write, case: &Case) -> Result<(), Error> {
    tx.run(&ASSIGN_QUEUE, params![case.id, case.assignee])
        .await?;
    Ok(())
}

/// Moves the case to its new place in time on every desk.
pub(crate) async fn redue(tx: &Write, case: &Case) -> Result<(), Error> {
    let due = case.due.unwrap_or(NO_DUE);
    tx.run(&MOVE_DUE, params![case.id, due]).await?;
    Ok(())
}

pub(crate) async fn select(db: &Read, wanted: &Selection) -> Result<Vec<CaseRow>, Error> {
    let (due, id) = wanted.after;
    let params = params![
        roles_json(&wanted.roles),
        due,
        id,
        wanted.service,
        wanted.state,
        wanted.holder,
        wanted.officer,
        wanted.due_by,
        wanted.rows,
        NO_DUE
    ];
    Ok(db.all(&IN_QUEUE, params).await?)
}

pub(crate) async fn of_department(
    db: &Read,
    department: &str,
    service: Option<&str>,
    before: Id<Case>,
    rows: i64,
) -> Result<Vec<CaseRow>, Error> {
    let Some(service) = service else {
        let params = params![department, before, rows];
        return Ok(db.all(&OF_DEPARTMENT, params).await?);
    };
    let params = params![department, before, rows, service];
    Ok(db.all(&OF_DEPARTMENT_AND_SERVICE, params).await?)
}

/// At most `bound`: a desk shows "100+" rather than count a backlog.
pub(crate) async fn count(db: &Read, roles: &[String], bound: i64) -> Result<i64, Error> {
    Ok(db
        .only(&COUNT_QUEUE, params![roles_json(roles), bound])
        .await?)
}

pub(crate) async fn count_due_before(
    db: &Read,
    roles: &[String],
    before: Time,
    bound: i64,
) -> Result<i64, Error> {
    Ok(db
        .only(&COUNT_LATE, params![roles_json(roles), before, bound])
        .await?)
}

pub(crate) async fn is_queued(db: &Read, case: Id<Case>, roles: &[String]) -> Result<bool, Error> {
    let rows: i64 = db
        .only(&IS_QUEUED, params![case, roles_json(roles)])
        .await?;
    Ok(rows > 0)
}
