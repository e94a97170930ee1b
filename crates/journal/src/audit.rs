//! Audit records: who, as what, did what to what, and why.

use kernel::{Actor, Id, Role, Time};
use serde::Serialize;
use serde_json::Value as Json;
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, limits};

store::sql! {
    INSERT = "INSERT INTO audit_record (id, at, actor_kind, actor_role, actor_subject, actor_company,
        actor_department, action, noun, noun_id, reason, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    OF_NOUN = "SELECT * FROM audit_record WHERE noun = $1 AND noun_id = $2
        ORDER BY at, id LIMIT $3";
    BY_ACTOR = "SELECT * FROM audit_record WHERE actor_subject = $1
        ORDER BY id DESC LIMIT $2";
    LATEST = "SELECT * FROM audit_record ORDER BY id DESC LIMIT $1";
    LATEST_BEFORE = "SELECT * FROM audit_record WHERE id < $1 ORDER BY id DESC LIMIT $2";
    SEARCH_ONE = "SELECT * FROM audit_record WHERE noun = $1 AND noun_id = $2
        AND id >= $3 AND id < $4 AND ($5 = '' OR action = $5) AND ($6 = '' OR actor_subject = $6)
        ORDER BY id DESC LIMIT $7";
    SEARCH_ACTOR = "SELECT * FROM audit_record WHERE actor_subject = $1
        AND id >= $2 AND id < $3 AND ($4 = '' OR action = $4) AND ($5 = '' OR noun = $5)
        ORDER BY id DESC LIMIT $6";
    SEARCH_ACTION = "SELECT * FROM audit_record WHERE action = $1
        AND id >= $2 AND id < $3 AND ($4 = '' OR noun = $4) ORDER BY id DESC LIMIT $5";
    SEARCH_KIND = "SELECT * FROM audit_record WHERE noun = $1
        AND id >= $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    SEARCH_ALL = "SELECT * FROM audit_record WHERE id >= $1 AND id < $2 ORDER BY id DESC LIMIT $3";
}

/// What is put on record. `detail` holds no personal data: identifiers, states, counts.
#[derive(Debug, Clone)]
pub struct Audit<'a> {
    /// `case.decided`: the noun and what happened to it.
    pub action: &'a str,
    /// The kind of thing acted on, `case`.
    pub noun: &'a str,
    /// Which one.
    pub id: String,
    /// Why, where the actor had to say.
    pub reason: Option<String>,
    pub detail: Json,
}

/// A record read back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditRecord {
    pub id: Id<Self>,
    pub at: Time,
    /// `resident`, `officer`, `visitor` or `system`.
    pub actor_kind: String,
    /// As [`Actor::role_code`].
    pub actor_role: String,
    pub actor_subject: String,
    pub actor_company: Option<String>,
    pub actor_department: Option<String>,
    pub action: String,
    pub noun: String,
    pub noun_id: String,
    pub reason: Option<String>,
    pub detail: Json,
}

impl FromRow for AuditRecord {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            at: row.get("at")?,
            actor_kind: row.get("actor_kind")?,
            actor_role: row.get("actor_role")?,
            actor_subject: row.get("actor_subject")?,
            actor_company: row.get("actor_company")?,
            actor_department: row.get("actor_department")?,
            action: row.get("action")?,
            noun: row.get("noun")?,
            noun_id: row.get("noun_id")?,
            reason: row.get("reason")?,
            detail: row.get("detail")?,
        })
    }
}

/// Puts `audit` on record under the actor of the write.
///
/// # Errors
/// The store fails.
pub async fn audit(tx: &Write, audit: Audit<'_>) -> Result<Id<AuditRecord>, Error> {
    let id = tx.id();
    let actor = tx.actor();
    let (kind, company, department) = match actor {
        Actor::Resident { company, .. } => (Role::Resident.code(), company.clone(), None),
        Actor::Officer { department, .. } => (Role::Officer.code(), None, Some(department.clone())),
        Actor::Visitor => ("visitor", None, None),
        Actor::System { .. } => ("system", None, None),
    };
    let record = params![
        id,
        tx.now(),
        kind,
        actor.role_code(),
        actor.subject(),
        company,
        department,
        audit.action,
        audit.noun,
        audit.id,
        audit.reason,
        audit.detail,
    ];
    tx.run(&INSERT, record).await?;
    Ok(id)
}

/// The records of one thing, oldest first, at most [`limits::LIST`].
///
/// # Errors
/// The store fails.
pub async fn audit_of(db: &Read, noun: &str, id: &str) -> Result<Vec<AuditRecord>, Error> {
    Ok(db.all(&OF_NOUN, params![noun, id, limits::LIST]).await?)
}

/// What one person, officer or component did, newest first.
///
/// # Errors
/// The store fails.
pub async fn audit_by_actor(db: &Read, subject: &str) -> Result<Vec<AuditRecord>, Error> {
    Ok(db.all(&BY_ACTOR, params![subject, limits::LIST]).await?)
}

/// The newest records, or those before `before`, newest first.
///
/// # Errors
/// The store fails.
pub async fn audit_latest(
    db: &Read,
    before: Option<Id<AuditRecord>>,
) -> Result<Vec<AuditRecord>, Error> {
    Ok(match before {
        None => db.all(&LATEST, params![limits::LIST]).await?,
        Some(before) => {
            db.all(&LATEST_BEFORE, params![before, limits::LIST])
                .await?
        }
    })
}

/// What an operator looks for. Empty words are not compared. Each combination is answered from an
/// index, because the trail only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AuditSearch {
    pub noun: String,
    /// Compared only beside a noun: the same id may name things of two kinds.
    pub noun_id: String,
    /// A person's or officer's id, or a component.
    pub actor: String,
    pub action: String,
    pub from: Option<Time>,
    /// The first instant that is left out.
    pub until: Option<Time>,
    /// Only records before this one: the place where the page before ended.
    pub before: Option<Id<AuditRecord>>,
}

impl AuditSearch {
    /// The identifiers between which the records lie: an identifier begins with its time.
    fn bounds(&self) -> (Id<AuditRecord>, Id<AuditRecord>) {
        let at = |time: Time| Id::from_parts(time, [0; 10]);
        let last = Id::from_bits(u128::MAX);
        let until = self.until.map_or(last, at);
        let first = self.from.map_or(Id::from_bits(0), at);
        (first, self.before.map_or(until, |before| before.min(until)))
    }
}

/// At most `rows` records that answer `search`, newest first.
///
/// # Errors
/// The store fails.
pub async fn audit_search(
    db: &Read,
    search: &AuditSearch,
    rows: i64,
) -> Result<Vec<AuditRecord>, Error> {
    let (first, before) = search.bounds();
    let AuditSearch {
        noun,
        noun_id,
        actor,
        action,
        ..
    } = search;
    Ok(if !noun.is_empty() && !noun_id.is_empty() {
        let row = params![noun, noun_id, first, before, action, actor, rows];
        db.all(&SEARCH_ONE, row).await?
    } else if !actor.is_empty() {
        let row = params![actor, first, before, action, noun, rows];
        db.all(&SEARCH_ACTOR, row).await?
    } else if !action.is_empty() {
        let row = params![action, first, before, noun, rows];
        db.all(&SEARCH_ACTION, row).await?
    } else if !noun.is_empty() {
        db.all(&SEARCH_KIND, params![noun, first, before, rows])
            .await?
    } else {
        db.all(&SEARCH_ALL, params![first, before, rows]).await?
    })
}
