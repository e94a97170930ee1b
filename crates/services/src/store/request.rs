//! What an applicant is asked, and the reply being written.

use kernel::{Id, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, case::Case};

store::sql! {
    INSERT_REQUEST = "INSERT INTO case_request
        (id, case_id, question, fields, draft_answers, revision, asked_at, reply_by, answered_at)
        VALUES ($1, $2, $3, $4, NULL, 0, $5, $6, NULL)";
    OPEN_REQUEST = "SELECT id, question, fields, draft_answers, revision, asked_at, reply_by, answered_at
        FROM case_request WHERE case_id = $1 AND answered_at IS NULL ORDER BY asked_at DESC LIMIT 1";
    SAVE_REPLY = "UPDATE case_request SET draft_answers = $3, revision = revision + 1
        WHERE id = $1 AND revision = $2 AND answered_at IS NULL";
    CLOSE_REQUESTS = "UPDATE case_request SET answered_at = $2, draft_answers = NULL
        WHERE case_id = $1 AND answered_at IS NULL";
}

/// A row of `case_request`, its words sealed.
#[derive(Clone, Debug)]
pub(crate) struct RequestRow {
    pub(crate) id: Id<RequestRow>,
    pub(crate) question: Vec<u8>,
    pub(crate) fields: Vec<String>,
    pub(crate) draft_answers: Option<Vec<u8>>,
    pub(crate) revision: i64,
    pub(crate) asked: Time,
    pub(crate) reply_by: Option<Time>,
}

impl FromRow for RequestRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            question: row.get("question")?,
            fields: row.json("fields")?,
            draft_answers: row.get("draft_answers")?,
            revision: row.get("revision")?,
            asked: row.get("asked_at")?,
            reply_by: row.get("reply_by")?,
        })
    }
}

pub(crate) async fn insert(tx: &Write, case: Id<Case>, row: &RequestRow) -> Result<(), Error> {
    let fields: serde_json::Value = row.fields.iter().map(String::as_str).collect();
    let params = params![row.id, case, row.question, fields, row.asked, row.reply_by];
    tx.run(&INSERT_REQUEST, params).await?;
    Ok(())
}

pub(crate) async fn open(db: &Read, case: Id<Case>) -> Result<Option<RequestRow>, Error> {
    Ok(db.one(&OPEN_REQUEST, params![case]).await?)
}

/// Zero when a second window saved first.
pub(crate) async fn save(
    tx: &Write,
    request: Id<RequestRow>,
    revision: i64,
    answers: &[u8],
) -> Result<u64, Error> {
    Ok(tx
        .run(&SAVE_REPLY, params![request, revision, answers])
        .await?)
}

pub(crate) async fn close(tx: &Write, case: Id<Case>) -> Result<u64, Error> {
    Ok(tx.run(&CLOSE_REQUESTS, params![case, tx.now()]).await?)
}
