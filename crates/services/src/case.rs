//! A case: an application as submitted, moving through the state chart of the pack version it is
//! pinned to.
//!
//! Invariants: a case changes only by [`crate::desk`]'s and the applicant's actions, each written as
//! one row of the timeline in the same transaction; `revision` counts them, so that two people never
//! move one case at once; a closed case has no timers, no queue and no live key.

use credentials::Licence;
use identity::{Company, Officer, Person};
use kernel::{Date, Id, Lang, Money, Time};
use serde::Serialize;

use crate::{
    applicant::Applicant,
    deadline::{Deadline, Promise},
    draft::Draft,
    reference::Reference,
};

/// Characters of a reason, a question or a note.
pub const WORDS_CHARS: usize = kernel::limits::LONG_TEXT_CHARS;
/// Cases one bulk assignment may name.
pub const BULK_CASES: usize = 100;
/// Entries of a timeline that are shown.
pub(crate) const TIMELINE_ENTRIES: i64 = 500;

/// Whether the promised time is running.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    Running,
    /// The applicant has to answer first.
    Stopped,
    Ended,
}

store::text_codes!(Clock { Running => "running", Stopped => "stopped", Ended => "ended" });

/// What kind of thing a line of the timeline tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    Submitted,
    /// An action of the state chart, by a person.
    Acted,
    /// The same, taken by the pack's own rule.
    Automatic,
    /// A timer moved the case.
    Elapsed,
    Asked,
    Replied,
    Withdrawn,
    Proposed,
    SentBack,
    Claimed,
    Released,
    Assigned,
    Noted,
    Corrected,
    Lettered,
    Issued,
    Refunded,
    Overdue,
    Erased,
}

store::text_codes!(ActionKind {
    Submitted => "submitted",
    Acted => "acted",
    Automatic => "automatic",
    Elapsed => "elapsed",
    Asked => "asked",
    Replied => "replied",
    Withdrawn => "withdrawn",
    Proposed => "proposed",
    SentBack => "sent_back",
    Claimed => "claimed",
    Released => "released",
    Assigned => "assigned",
    Noted => "noted",
    Corrected => "corrected",
    Lettered => "lettered",
    Issued => "issued",
    Refunded => "refunded",
    Overdue => "overdue",
    Erased => "erased",
});

impl ActionKind {
    /// Whether the applicant sees the line in their own timeline.
    #[must_use]
    pub const fn is_shown(self) -> bool {
        matches!(
            self,
            Self::Submitted
                | Self::Acted
                | Self::Automatic
                | Self::Elapsed
                | Self::Asked
                | Self::Replied
                | Self::Withdrawn
                | Self::Corrected
                | Self::Issued
                | Self::Refunded
        )
    }
}

/// Something an officer should look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Another live case names the same thing.
    Duplicate,
    /// A rule of the pack warns.
    Warned,
    /// A document was not examined for malware.
    NotScanned,
    /// A document turned out infected after submission.
    Infected,
    Overdue,
    Corrected,
    /// The applicant changed answers in a reply.
    Changed,
}

store::text_codes!(Flag {
    Duplicate => "duplicate",
    Warned => "warned",
    NotScanned => "not_scanned",
    Infected => "infected",
    Overdue => "overdue",
    Corrected => "corrected",
    Changed => "changed",
});

/// A case without its answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    pub id: Id<Case>,
    pub reference: Reference,
    pub draft: Id<Draft>,
    pub service: String,
    pub pack_version: i64,
    pub department: String,
    pub person: Id<Person>,
    pub company: Option<Id<Company>>,
    /// The language the applicant applied in; letters are written in it.
    pub lang: Lang,
    pub state: String,
    pub state_since: Time,
    pub clock: Clock,
    /// `approved`, `refused`, …; set when the case closes.
    pub outcome: Option<String>,
    /// SHA-256 of the canonical answers as signed.
    pub answers_digest: [u8; 32],
    pub demand: Option<Id<payments::Demand>>,
    pub fee: Money,
    pub assignee: Option<Id<Officer>>,
    pub flags: Vec<Flag>,
    pub revision: i64,
    pub licence: Option<Id<Licence>>,
    pub submitted: Time,
    pub submitted_on: Date,
    /// The day the promised time was last set running, and the days it had then.
    pub promise_from: Date,
    pub promise_days: i64,
    pub due: Option<Time>,
    pub stopped: Option<Time>,
    pub decided: Option<Time>,
    pub closed: Option<Time>,
    pub forget_on: Option<Date>,
}

impl Case {
    #[must_use]
    pub const fn applicant(&self) -> Applicant {
        Applicant::of(self.person, self.company)
    }

    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    #[must_use]
    pub fn deadline(&self, now: Time) -> Deadline {
        let promise = Promise {
            due: self.due,
            stopped: self.stopped,
            closed: self.closed,
        };
        Deadline::of(promise, now)
    }

    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    pub(crate) fn flag(&mut self, flag: Flag) {
        if !self.has(flag) {
            self.flags.push(flag);
        }
    }
}
