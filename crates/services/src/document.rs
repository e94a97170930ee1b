//! A document: a file an applicant gave, or a letter a department wrote.
//!
//! ```text
//! received ──examined──▶ clean
//!    │  └──no examiner──▶ not_scanned (officers see it and decide)
//!    └──malware──▶ infected (bytes erased, the record stays)
//! ```
//!
//! The bytes are sealed and stand in the database, at most 10 MB each: a case and its documents commit
//! together and are backed up together. Past some hundred gigabytes an object store would be cheaper;
//! the table `document_blob` is the one place that would change.

use identity::Person;
use kernel::{Id, Time};
use serde::Serialize;

use crate::{case::Case, draft::Draft, file::ScanState};

/// Who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Given by the applicant.
    Upload,
    /// Written by the department.
    Letter,
}

store::text_codes!(DocumentKind { Upload => "upload", Letter => "letter" });

/// A document without its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    pub id: Id<Document>,
    pub kind: DocumentKind,
    pub draft: Option<Id<Draft>>,
    pub case: Option<Id<Case>>,
    pub person: Id<Person>,
    /// The question it answers, or the letter's id.
    pub field: String,
    pub name: String,
    pub media_type: String,
    pub size: i64,
    pub sha256: [u8; 32],
    pub scan: ScanState,
    pub received: Time,
}

impl Document {
    /// Whether its bytes may be shown to an officer: a file in quarantine or infected may not.
    #[must_use]
    pub const fn is_released(&self) -> bool {
        matches!(self.scan, ScanState::Clean | ScanState::NotScanned)
    }
}

/// A document with its bytes, for one answer.
#[derive(Clone, Debug)]
pub struct Content {
    pub document: Document,
    pub bytes: Vec<u8>,
}
