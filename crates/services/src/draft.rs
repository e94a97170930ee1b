//! A draft: answers on their way to an application, pinned to the pack version they began with.
//!
//! ```text
//! open ──check answers──▶ frozen ──paid──▶ (answers fixed) ──sign, submit──▶ case; the draft is gone
//!   ▲────change an answer────┘
//! ```
//!
//! Invariants: one live draft for a holder and a service; a save names the revision it was made on, and
//! a save made on an older one is kept beside, never over, the newer; what expires is erased.

use std::collections::BTreeMap;

use identity::{Company, Person};
use kernel::{Date, Id, Lang, Money, Time};
use packs::Answers;

use crate::applicant::Applicant;

/// Drafts one holder may have at a time over all services.
pub(crate) const DRAFTS_PER_HOLDER: i64 = 50;

/// Where a draft stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Being answered.
    Open,
    /// Checked; waits for payment, signature or submission.
    Frozen,
}

store::text_codes!(DraftState { Open => "open", Frozen => "frozen" });

/// A draft without its answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    pub id: Id<Draft>,
    pub service: String,
    pub pack_version: i64,
    pub person: Id<Person>,
    pub company: Option<Id<Company>>,
    pub lang: Lang,
    pub state: DraftState,
    /// Counts every save.
    pub revision: i64,
    /// The page last saved, where the next visit resumes.
    pub page: Option<String>,
    /// SHA-256 of the canonical frozen answers.
    pub frozen_digest: Option<[u8; 32]>,
    /// The day by which `today()` of the rules was read when the answers were frozen.
    pub frozen_on: Option<Date>,
    pub fee: Option<Money>,
    pub demand: Option<Id<payments::Demand>>,
    pub created: Time,
    pub updated: Time,
    pub expires: Time,
}

impl Draft {
    #[must_use]
    pub const fn applicant(&self) -> Applicant {
        Applicant::of(self.person, self.company)
    }

    #[must_use]
    pub fn is_expired(&self, now: Time) -> bool {
        now >= self.expires
    }
}

/// A draft with its answers, opened.
#[derive(Clone, Debug)]
pub struct OpenDraft {
    pub draft: Draft,
    pub answers: Answers,
    /// Fields that hold a verified value and cannot be changed here, with where each comes from.
    pub locked: BTreeMap<String, String>,
    /// Pages on which a second window's answers wait for a choice.
    pub conflicts: Vec<String>,
}
