//! The timeline of a case, and the decision that waits for a second person.

use kernel::{Id, Time};
use serde_json::Value;
use store::{FromRow, Read, Row, Write, params};

use identity::Officer;

use crate::{
    Error,
    case::{ActionKind, Case, TIMELINE_ENTRIES},
};

store::sql! {
    INSERT_ACTION = "INSERT INTO case_action
        (id, case_id, sequence, kind, action, from_state, to_state, actor_role, actor_id, actor_name,
         is_shown, words, detail, at)
        SELECT $1, $2, COALESCE(MAX(sequence), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
        FROM case_action WHERE case_id = $2";
    ACTIONS_OF = "SELECT id, sequence, kind, action, from_state, to_state, actor_role, actor_id, actor_name,
        is_shown, words, detail, at FROM case_action WHERE case_id = $1 ORDER BY sequence LIMIT $2";
    INSERT_PROPOSAL = "INSERT INTO case_proposal
        (case_id, action, proposer, proposer_name, words, revision, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND_PROPOSAL = "SELECT action, proposer, proposer_name, words, revision, at FROM case_proposal
        WHERE case_id = $1";
    DROP_PROPOSAL = "DELETE FROM case_proposal WHERE case_id = $1";
}

/// One line of the timeline, its words sealed.
#[derive(Clone, Debug)]
pub(crate) struct ActionRow {
    pub(crate) id: Id<ActionRow>,
    pub(crate) kind: ActionKind,
    pub(crate) action: Option<String>,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) actor_role: String,
    pub(crate) actor_id: String,
    pub(crate) actor_name: String,
    pub(crate) is_shown: bool,
    pub(crate) words: Option<Vec<u8>>,
    pub(crate) detail: Value,
    pub(crate) at: Time,
}

impl FromRow for ActionRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            action: row.get("action")?,
            from: row.get("from_state")?,
            to: row.get("to_state")?,
            actor_role: row.get("actor_role")?,
            actor_id: row.get("actor_id")?,
            actor_name: row.get("actor_name")?,
            is_shown: row.get("is_shown")?,
            words: row.get("words")?,
            detail: row.get("detail")?,
            at: row.get("at")?,
        })
    }
}

/// A decision that waits, its reasons sealed.
#[derive(Clone, Debug)]
pub(crate) struct ProposalRow {
    pub(crate) action: String,
    pub(crate) proposer: Id<Officer>,
    pub(crate) proposer_name: String,
    pub(crate) words: Option<Vec<u8>>,
    pub(crate) revision: i64,
    pub(crate) at: Time,
}

impl FromRow for ProposalRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            action: row.get("action")?,
            proposer: row.get("proposer")?,
            proposer_name: row.get("proposer_name")?,
            words: row.get("words")?,
            revision: row.get("revision")?,
            at: row.get("at")?,
        })
    }
}

pub(crate) async fn insert(tx: &Write, case: Id<Case>, row: &ActionRow) -> Result<(), Error> {
    let params = params![
        row.id,
        case,
        row.kind,
        row.action,
        row.from,
        row.to,
        row.actor_role,
        row.actor_id,
        row.actor_name,
        row.is_shown,
        row.words,
        row.detail,
        row.at
    ];
    tx.run(&INSERT_ACTION, params).await?;
    Ok(())
}

pub(crate) async fn all(db: &Read, case: Id<Case>) -> Result<Vec<ActionRow>, Error> {
    Ok(db.all(&ACTIONS_OF, params![case, TIMELINE_ENTRIES]).await?)
}

pub(crate) async fn propose(
    tx: &Write,
    case: Id<Case>,
    row: &ProposalRow,
) -> Result<(), store::Error> {
    let params = params![
        case,
        row.action,
        row.proposer,
        row.proposer_name,
        row.words,
        row.revision,
        row.at
    ];
    tx.run(&INSERT_PROPOSAL, params).await?;
    Ok(())
}

pub(crate) async fn proposal(db: &Read, case: Id<Case>) -> Result<Option<ProposalRow>, Error> {
    Ok(db.one(&FIND_PROPOSAL, params![case]).await?)
}

pub(crate) async fn drop_proposal(tx: &Write, case: Id<Case>) -> Result<u64, Error> {
    Ok(tx.run(&DROP_PROPOSAL, params![case]).await?)
}
