//! Tasks.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::{Id, Time};

use crate::{
    Approval, Company, Error, Person, SigningRequest,
    hongkong::{
        task::{Kind, State, Task},
        word::Word,
    },
};

::store::sql! {
    INSERT_TASK = "INSERT INTO hongkong_task (id, client, kind, business, ticket, person, approval,
            signing, asked, state, created, expires, company, is_counted)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, FALSE)
        ON CONFLICT DO NOTHING";
    FIND_TASK = "SELECT id, client, kind, business, person, approval, signing, asked, state,
            outcome, result, expires, company
        FROM hongkong_task WHERE id = $1";
    FIND_BY_TICKET = "SELECT id, client, kind, business, person, approval, signing, asked, state,
            outcome, result, expires, company
        FROM hongkong_task WHERE ticket = $1";
    FIND_BY_APPROVAL = "SELECT id, client, kind, business, person, approval, signing, asked, state,
            outcome, result, expires, company
        FROM hongkong_task WHERE approval = $1";
    FIND_BY_BUSINESS = "SELECT id, client, kind, business, person, approval, signing, asked, state,
            outcome, result, expires, company
        FROM hongkong_task WHERE client = $1 AND business = $2";
    FIND_BY_SIGNING = "SELECT id, client, kind, business, person, approval, signing, asked, state,
            outcome, result, expires, company
        FROM hongkong_task WHERE signing = $1";
    SET_ASKED = "UPDATE hongkong_task SET state = 'asked', approval = $2, asked = $3,
            expires = $4
        WHERE id = $1 AND state = 'ticket'";
    SET_SIGNING = "UPDATE hongkong_task SET signing = $2 WHERE id = $1 AND signing IS NULL";
    SET_DONE = "UPDATE hongkong_task SET state = 'done', outcome = $2, person = $3, signing = $4,
            result = $5, settled = $6, company = $7
        WHERE id = $1 AND state <> 'done'";
    DROP_RESULT = "UPDATE hongkong_task SET result = NULL WHERE id = $1 AND result IS NOT NULL";
    LIST_DUE = "SELECT id FROM hongkong_task WHERE state <> 'done' AND expires <= $1
        ORDER BY expires LIMIT $2";
    DROP_CONTENT = "UPDATE hongkong_task SET asked = NULL, result = NULL
        WHERE state = 'done' AND expires <= $1 AND (asked IS NOT NULL OR result IS NOT NULL)";
    FORGET_TASKS = "DELETE FROM hongkong_task WHERE id IN (SELECT id FROM hongkong_task
        WHERE created < $1 AND is_counted ORDER BY created LIMIT $2)";
}

impl FromRow for Task {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            client: row.get("client")?,
            kind: row.get("kind")?,
            business: row.get("business")?,
            person: row.get("person")?,
            approval: row.get("approval")?,
            signing: row.get("signing")?,
            asked: row.get("asked")?,
            state: row.get("state")?,
            outcome: row.get("outcome")?,
            result: row.get("result")?,
            expires: row.get("expires")?,
            company: row.get("company")?,
        })
    }
}

/// A task to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewTask {
    pub(crate) id: Id<Task>,
    pub(crate) client: String,
    pub(crate) kind: Kind,
    pub(crate) business: Option<String>,
    pub(crate) ticket: Option<[u8; 32]>,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) approval: Option<Id<Approval>>,
    pub(crate) signing: Option<Id<SigningRequest>>,
    pub(crate) asked: Vec<u8>,
    pub(crate) expires: Time,
    /// The company it is about, when that is known already.
    pub(crate) company: Option<Id<Company>>,
}

/// Keeps a task; `false` when the client has used this name before.
pub(crate) async fn insert_in(tx: &Write, new: &NewTask) -> Result<bool, Error> {
    let state = match new.approval {
        Some(_) => State::Asked,
        None => State::Ticket,
    };
    let ticket = new.ticket.map(|ticket| ticket.to_vec());
    let row = params![
        new.id,
        new.client,
        new.kind,
        new.business,
        ticket,
        new.person,
        new.approval,
        new.signing,
        new.asked.clone(),
        state,
        tx.now(),
        new.expires,
        new.company
    ];
    Ok(tx.run(&INSERT_TASK, row).await? > 0)
}

pub(crate) async fn find_in(db: &Read, id: Id<Task>) -> Result<Option<Task>, Error> {
    Ok(db.one(&FIND_TASK, params![id]).await?)
}

pub(crate) async fn by_ticket_in(db: &Read, ticket: [u8; 32]) -> Result<Option<Task>, Error> {
    Ok(db.one(&FIND_BY_TICKET, params![ticket]).await?)
}

pub(crate) async fn by_approval_in(
    db: &Read,
    approval: Id<Approval>,
) -> Result<Option<Task>, Error> {
    Ok(db.one(&FIND_BY_APPROVAL, params![approval]).await?)
}

pub(crate) async fn by_business_in(
    db: &Read,
    client: &str,
    business: &str,
) -> Result<Option<Task>, Error> {
    Ok(db.one(&FIND_BY_BUSINESS, params![client, business]).await?)
}

/// The task behind a request to sign.
pub(crate) async fn by_signing_in(
    db: &Read,
    signing: Id<SigningRequest>,
) -> Result<Option<Task>, Error> {
    Ok(db.one(&FIND_BY_SIGNING, params![signing]).await?)
}

/// The browser has brought its ticket; `false` when another did before.
pub(crate) async fn asked_in(
    tx: &Write,
    id: Id<Task>,
    (approval, asked): (&Approval, &[u8]),
) -> Result<bool, Error> {
    let row = params![id, approval.id, asked, approval.expires];
    Ok(tx.run(&SET_ASKED, row).await? > 0)
}

/// The documents of a task whose signer is now known.
pub(crate) async fn signed_by_in(
    tx: &Write,
    id: Id<Task>,
    request: Id<SigningRequest>,
) -> Result<(), Error> {
    tx.run(&SET_SIGNING, params![id, request]).await?;
    Ok(())
}

/// What came of a task.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) outcome: Word,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) signing: Option<Id<SigningRequest>>,
    pub(crate) result: Option<Vec<u8>>,
    pub(crate) company: Option<Id<Company>>,
}

/// Writes what came of a task, once; `false` when that is written already.
pub(crate) async fn done_in(tx: &Write, id: Id<Task>, settled: &Settled) -> Result<bool, Error> {
    let row = params![
        id,
        settled.outcome,
        settled.person,
        settled.signing,
        settled.result.clone(),
        tx.now(),
        settled.company
    ];
    Ok(tx.run(&SET_DONE, row).await? > 0)
}

/// The result is where it belongs; `false` when it was handed out before.
pub(crate) async fn drop_result_in(tx: &Write, id: Id<Task>) -> Result<bool, Error> {
    Ok(tx.run(&DROP_RESULT, params![id]).await? > 0)
}

/// Tasks whose time is over and of which nothing is written yet.
pub(crate) async fn due_in(db: &Read, rows: i64) -> Result<Vec<Id<Task>>, Error> {
    Ok(db.all(&LIST_DUE, params![db.now(), rows]).await?)
}

/// Forgets what was asked and found before `content`, and rows from before `rows`.
pub(crate) async fn forget_in(
    tx: &Write,
    (content, rows): (Time, Time),
    limit: i64,
) -> Result<(), Error> {
    tx.run(&DROP_CONTENT, params![content]).await?;
    tx.run(&FORGET_TASKS, params![rows, limit]).await?;
    Ok(())
}
