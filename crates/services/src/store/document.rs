//! Documents and their bytes.

use kernel::{Id, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{
    Error,
    case::Case,
    document::{Document, DocumentKind},
    draft::Draft,
    file::ScanState,
};

macro_rules! select {
    ($tail:literal) => {
        concat!(
            "SELECT id, kind, draft, case_id, person, field, name, media_type, size_bytes, sha256,
            scan_state, scan_detail, received_at, scanned_at FROM document ",
            $tail
        )
    };
}

store::sql! {
    INSERT_DOCUMENT = "INSERT INTO document
        (id, kind, draft, case_id, person, field, name, media_type, size_bytes, sha256, scan_state,
         received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    INSERT_BLOB = "INSERT INTO document_blob (document, content) VALUES ($1, $2)";
    FIND_DOCUMENT = select!("WHERE id = $1");
    DOCUMENTS_OF_DRAFT = select!("WHERE draft = $1 ORDER BY received_at, id LIMIT $2");
    DOCUMENTS_OF_CASE = select!("WHERE case_id = $1 ORDER BY received_at, id LIMIT $2");
    USED_BY_DRAFT = "SELECT COUNT(*) AS files, COALESCE(SUM(size_bytes), 0) AS bytes FROM document WHERE draft = $1";
    USED_BY_CASE = "SELECT COUNT(*) AS files, COALESCE(SUM(size_bytes), 0) AS bytes FROM document WHERE case_id = $1";
    FIND_BLOB = "SELECT content FROM document_blob WHERE document = $1";
    MOVE_TO_CASE = "UPDATE document SET case_id = $2, draft = NULL WHERE draft = $1";
    SET_SCAN = "UPDATE document SET scan_state = $2, scan_detail = $3, scanned_at = $4 WHERE id = $1";
    DROP_BLOB = "DELETE FROM document_blob WHERE document = $1";
    DROP_DOCUMENT = "DELETE FROM document WHERE id = $1";
}

/// Documents one draft or case lists at most.
const LISTED: i64 = 200;

/// A row with its sealed name.
#[derive(Clone, Debug)]
pub(crate) struct DocumentRow {
    pub(crate) id: Id<Document>,
    pub(crate) kind: DocumentKind,
    pub(crate) draft: Option<Id<Draft>>,
    pub(crate) case: Option<Id<Case>>,
    pub(crate) person: Id<identity::Person>,
    pub(crate) field: String,
    pub(crate) name: Vec<u8>,
    pub(crate) media_type: String,
    pub(crate) size: i64,
    pub(crate) sha256: [u8; 32],
    pub(crate) scan: ScanState,
    pub(crate) received: Time,
}

impl FromRow for DocumentRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.get("kind")?,
            draft: row.get("draft")?,
            case: row.get("case_id")?,
            person: row.get("person")?,
            field: row.get("field")?,
            name: row.get("name")?,
            media_type: row.get("media_type")?,
            size: row.get("size_bytes")?,
            sha256: row.get("sha256")?,
            scan: row.get("scan_state")?,
            received: row.get("received_at")?,
        })
    }
}

pub(crate) async fn insert(tx: &Write, row: &DocumentRow, content: &[u8]) -> Result<(), Error> {
    let params = params![
        row.id,
        row.kind,
        row.draft,
        row.case,
        row.person,
        row.field,
        row.name,
        row.media_type,
        row.size,
        row.sha256,
        row.scan,
        row.received
    ];
    tx.run(&INSERT_DOCUMENT, params).await?;
    tx.run(&INSERT_BLOB, params![row.id, content]).await?;
    Ok(())
}

pub(crate) async fn find(db: &Read, id: Id<Document>) -> Result<Option<DocumentRow>, Error> {
    Ok(db.one(&FIND_DOCUMENT, params![id]).await?)
}

pub(crate) async fn of_draft(db: &Read, draft: Id<Draft>) -> Result<Vec<DocumentRow>, Error> {
    Ok(db.all(&DOCUMENTS_OF_DRAFT, params![draft, LISTED]).await?)
}

pub(crate) async fn of_case(db: &Read, case: Id<Case>) -> Result<Vec<DocumentRow>, Error> {
    Ok(db.all(&DOCUMENTS_OF_CASE, params![case, LISTED]).await?)
}

/// Files and bytes a draft holds already.
pub(crate) async fn used_by_draft(db: &Read, draft: Id<Draft>) -> Result<(i64, i64), Error> {
    Ok(db.only(&USED_BY_DRAFT, params![draft]).await?)
}

/// Files and bytes a case holds already.
pub(crate) async fn used_by_case(db: &Read, case: Id<Case>) -> Result<(i64, i64), Error> {
    Ok(db.only(&USED_BY_CASE, params![case]).await?)
}

pub(crate) async fn content(db: &Read, id: Id<Document>) -> Result<Option<Vec<u8>>, Error> {
    Ok(db.one(&FIND_BLOB, params![id]).await?)
}

pub(crate) async fn move_to_case(
    tx: &Write,
    draft: Id<Draft>,
    case: Id<Case>,
) -> Result<u64, Error> {
    Ok(tx.run(&MOVE_TO_CASE, params![draft, case]).await?)
}

pub(crate) async fn set_scan(
    tx: &Write,
    id: Id<Document>,
    state: ScanState,
    detail: Option<&str>,
) -> Result<(), Error> {
    tx.run(&SET_SCAN, params![id, state, detail, tx.now()])
        .await?;
    Ok(())
}

/// Removes the bytes and keeps the record that they were there.
pub(crate) async fn drop_content(tx: &Write, id: Id<Document>) -> Result<(), Error> {
    tx.run(&DROP_BLOB, params![id]).await?;
    Ok(())
}

pub(crate) async fn erase(tx: &Write, id: Id<Document>) -> Result<(), Error> {
    tx.run(&DROP_BLOB, params![id]).await?;
    tx.run(&DROP_DOCUMENT, params![id]).await?;
    Ok(())
}
