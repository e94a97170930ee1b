//! Drafts and the answers a second window left.

use kernel::{Id, Lang, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{Error, draft::Draft};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, service, pack_version, person, company, lang, state, revision, answers, page,
            frozen_digest, frozen_on, fee_cents, demand, created_at, updated_at, expires_at
            FROM draft ",
            $tail
        )
    };
}

store::sql! {
    FIND_DRAFT = select!("WHERE id = $1");
    LIVE_DRAFT = select!("WHERE holder = $1 AND service = $2");
    DRAFTS_OF = select!("WHERE holder = $1 AND expires_at > $2 ORDER BY updated_at DESC LIMIT $3");
    DRAFT_OF_DEMAND = select!("WHERE demand = $1");
    EXPIRED_DRAFTS = "SELECT id FROM draft WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2";
    INSERT_DRAFT = "INSERT INTO draft
        (id, service, pack_version, holder, person, company, lang, state, revision, answers,
         created_at, updated_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (holder, service) DO NOTHING";
    SAVE_DRAFT = "UPDATE draft SET state = $3, revision = revision + 1, answers = $4, page = $5, lang = $6,
        frozen_digest = $7, frozen_on = $8, fee_cents = $9, demand = $10, updated_at = $11
        WHERE id = $1 AND revision = $2";
    HAND_TO = "UPDATE draft SET person = $2 WHERE id = $1";
    MOVE_EXPIRY = "UPDATE draft SET expires_at = $2 WHERE id = $1 AND expires_at < $2";
    DELETE_DRAFT = "DELETE FROM draft WHERE id = $1";
    KEEP_CONFLICT = "INSERT INTO draft_conflict (draft, page, answers, kept_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (draft, page) DO UPDATE SET answers = excluded.answers, kept_at = excluded.kept_at";
    FIND_CONFLICT = "SELECT answers FROM draft_conflict WHERE draft = $1 AND page = $2";
    CONFLICT_PAGES = "SELECT page FROM draft_conflict WHERE draft = $1 ORDER BY page";
    DROP_CONFLICT = "DELETE FROM draft_conflict WHERE draft = $1 AND page = $2";
    DROP_CONFLICTS = "DELETE FROM draft_conflict WHERE draft = $1";
}

/// A row with its sealed answers.
#[derive(Clone, Debug)]
pub(crate) struct DraftRow {
    pub(crate) draft: Draft,
    pub(crate) answers: Vec<u8>,
}

impl FromRow for DraftRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        Ok(Self {
            draft: Draft {
                id: row.get("id")?,
                service: row.get("service")?,
                pack_version: row.get("pack_version")?,
                person: row.get("person")?,
                company: row.get("company")?,
                lang: lang.parse().unwrap_or(Lang::En),
                state: row.get("state")?,
                revision: row.get("revision")?,
                page: row.get("page")?,
                frozen_digest: row.get("frozen_digest")?,
                frozen_on: row.get("frozen_on")?,
                fee: row.get("fee_cents")?,
                demand: row.get("demand")?,
                created: row.get("created_at")?,
                updated: row.get("updated_at")?,
                expires: row.get("expires_at")?,
            },
            answers: row.get("answers")?,
        })
    }
}

/// Another person of the company stands for the draft from now on.
pub(crate) async fn hand_to(
    tx: &Write,
    id: Id<Draft>,
    heir: Id<identity::Person>,
) -> Result<(), Error> {
    let changed = tx.run(&HAND_TO, params![id, heir]).await?;
    if changed == 0 {
        return Err(Error::NoSuchDraft);
    }
    Ok(())
}

pub(crate) async fn find(db: &Read, id: Id<Draft>) -> Result<Option<DraftRow>, Error> {
    Ok(db.one(&FIND_DRAFT, params![id]).await?)
}

pub(crate) async fn live(
    db: &Read,
    holder: &str,
    service: &str,
) -> Result<Option<DraftRow>, Error> {
    Ok(db.one(&LIVE_DRAFT, params![holder, service]).await?)
}

pub(crate) async fn of_holder(db: &Read, holder: &str, rows: i64) -> Result<Vec<DraftRow>, Error> {
    Ok(db.all(&DRAFTS_OF, params![holder, db.now(), rows]).await?)
}

pub(crate) async fn of_demand(
    db: &Read,
    demand: Id<payments::Demand>,
) -> Result<Option<DraftRow>, Error> {
    Ok(db.one(&DRAFT_OF_DEMAND, params![demand]).await?)
}

pub(crate) async fn expired(db: &Read, now: Time, rows: i64) -> Result<Vec<Id<Draft>>, Error> {
    Ok(db.all(&EXPIRED_DRAFTS, params![now, rows]).await?)
}

/// Zero when the holder has a live draft of the service already.
pub(crate) async fn insert(tx: &Write, row: &DraftRow) -> Result<u64, Error> {
    let draft = &row.draft;
    let params = params![
        draft.id,
        draft.service,
        draft.pack_version,
        draft.applicant().holder(),
        draft.person,
        draft.company,
        draft.lang.code(),
        draft.state,
        draft.revision,
        row.answers,
        draft.created,
        draft.updated,
        draft.expires
    ];
    Ok(tx.run(&INSERT_DRAFT, params).await?)
}

/// Writes everything that a save can change, if the row still is at `draft.revision`; zero otherwise.
pub(crate) async fn save(tx: &Write, draft: &Draft, answers: &[u8]) -> Result<u64, Error> {
    let params = params![
        draft.id,
        draft.revision,
        draft.state,
        answers,
        draft.page,
        draft.lang.code(),
        draft.frozen_digest.map(|digest| digest.to_vec()),
        draft.frozen_on,
        draft.fee,
        draft.demand,
        tx.now()
    ];
    Ok(tx.run(&SAVE_DRAFT, params).await?)
}

pub(crate) async fn move_expiry(tx: &Write, id: Id<Draft>, to: Time) -> Result<(), Error> {
    tx.run(&MOVE_EXPIRY, params![id, to]).await?;
    Ok(())
}

/// Removes the draft and what was kept beside it. Its documents are the caller's.
pub(crate) async fn delete(tx: &Write, id: Id<Draft>) -> Result<u64, Error> {
    tx.run(&DROP_CONFLICTS, params![id]).await?;
    super::signature::drop_all(tx, id).await?;
    Ok(tx.run(&DELETE_DRAFT, params![id]).await?)
}

pub(crate) async fn keep_conflict(
    tx: &Write,
    id: Id<Draft>,
    page: &str,
    answers: &[u8],
) -> Result<(), Error> {
    tx.run(&KEEP_CONFLICT, params![id, page, answers, tx.now()])
        .await?;
    Ok(())
}

pub(crate) async fn conflict(
    db: &Read,
    id: Id<Draft>,
    page: &str,
) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.one(&FIND_CONFLICT, params![id, page]).await?)
}

pub(crate) async fn conflict_pages(db: &Read, id: Id<Draft>) -> Result<Vec<String>, Error> {
    Ok(db.all(&CONFLICT_PAGES, params![id]).await?)
}

pub(crate) async fn drop_conflict(tx: &Write, id: Id<Draft>, page: &str) -> Result<(), Error> {
    tx.run(&DROP_CONFLICT, params![id, page]).await?;
    Ok(())
}
