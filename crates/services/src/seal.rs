//! What stands sealed in the tables of this crate: answers, names of files and applicants, and the
//! words of officers. Each value is bound to its column and row, so none can be moved to another.

use std::{collections::BTreeMap, fmt};

use kernel::Id;
use packs::{Answers, Pack};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trust::{Place, Sealed, Vault};

use crate::Error;

/// The sealed columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Column {
    DraftAnswers,
    ConflictAnswers,
    CaseAnswers,
    CaseApplicant,
    ActionWords,
    ProposalWords,
    RequestQuestion,
    ReplyAnswers,
    DocumentName,
    DocumentContent,
    AccessReason,
}

impl Column {
    const fn name(self) -> &'static str {
        match self {
            Self::DraftAnswers => "draft.answers",
            Self::ConflictAnswers => "draft_conflict.answers",
            Self::CaseAnswers => "case_file.answers",
            Self::CaseApplicant => "case_file.applicant",
            Self::ActionWords => "case_action.words",
            Self::ProposalWords => "case_proposal.words",
            Self::RequestQuestion => "case_request.question",
            Self::ReplyAnswers => "case_request.draft_answers",
            Self::DocumentName => "document.name",
            Self::DocumentContent => "document_blob.content",
            Self::AccessReason => "access_record.reason",
        }
    }
}

/// Seals `plain` for a column of the row `row`.
pub(crate) fn seal<N>(
    vault: &Vault,
    column: Column,
    row: Id<N>,
    plain: impl AsRef<[u8]>,
) -> Result<Vec<u8>, Error> {
    Ok(vault.seal(&Place::new(column.name(), row), plain)?.0)
}

pub(crate) fn open<N>(
    vault: &Vault,
    column: Column,
    row: Id<N>,
    sealed: &[u8],
) -> Result<Vec<u8>, Error> {
    Ok(vault.open(&Place::new(column.name(), row), &Sealed(sealed.to_vec()))?)
}

pub(crate) fn open_text<N>(
    vault: &Vault,
    column: Column,
    row: Id<N>,
    sealed: &[u8],
) -> Result<String, Error> {
    String::from_utf8(open(vault, column, row, sealed)?).map_err(Error::data)
}

/// Answers with what is known about where they come from.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    pub(crate) answers: Answers,
    /// Verified values that cannot be changed here: field to source.
    pub(crate) locked: BTreeMap<String, String>,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} answers)", self.answers.len())
    }
}

#[derive(Serialize, Deserialize)]
struct Written {
    answers: Value,
    #[serde(default)]
    locked: BTreeMap<String, String>,
}

impl Kept {
    pub(crate) fn seal<N>(
        &self,
        vault: &Vault,
        column: Column,
        row: Id<N>,
    ) -> Result<Vec<u8>, Error> {
        let written = Written {
            answers: self.answers.to_json(),
            locked: self.locked.clone(),
        };
        seal(
            vault,
            column,
            row,
            serde_json::to_vec(&written).map_err(Error::data)?,
        )
    }

    /// Reads answers back by the types their pack declares.
    pub(crate) fn open<N>(
        vault: &Vault,
        (column, row): (Column, Id<N>),
        sealed: &[u8],
        pack: &Pack,
    ) -> Result<Self, Error> {
        let plain = open(vault, column, row, sealed)?;
        let written: Written = serde_json::from_slice(&plain).map_err(Error::data)?;
        Ok(Self {
            answers: crate::rules::read_stored(pack, &written.answers)?,
            locked: written.locked,
        })
    }
}
