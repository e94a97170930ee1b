//! What the desk lists and shows, and what it takes: plain values without a rule.

use identity::Officer;
use kernel::{Cursor, Id, Text, Time};
use serde::Serialize;

use crate::{
    case::Case, deadline::Deadline, document::Document, reference::Reference, submit::ReviewPage,
    timeline::TimelineLine,
};

/// Whose cases to list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Holder {
    #[default]
    Any,
    Nobody,
    Mine,
}

/// What to list in the inbox.
#[derive(Clone, Debug, Default)]
pub struct InboxQuery {
    /// One of the officer's roles; all of them when absent.
    pub role: Option<String>,
    pub service: Option<String>,
    pub state: Option<String>,
    pub holder: Holder,
    /// Only cases with this deadline colour: overdue, or overdue and soon.
    pub deadline: Option<Deadline>,
    pub after: Option<Cursor>,
}

/// One line of the inbox.
#[derive(Clone, Debug, Serialize)]
pub struct InboxRow {
    pub case: Id<Case>,
    pub reference: Reference,
    pub service: String,
    pub service_name: Text,
    /// The applicant's name.
    pub applicant: String,
    pub state: String,
    pub state_label: Text,
    pub submitted: Time,
    pub due: Option<Time>,
    pub deadline: Deadline,
    pub assignee: Option<Id<Officer>>,
    pub assignee_name: Option<String>,
    pub flags: Vec<&'static str>,
    pub outcome: Option<String>,
}

/// Bounded counts over the officer's queues.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Counts {
    pub open: i64,
    pub overdue: i64,
    pub soon: i64,
}

/// Everything the page of a case shows.
#[derive(Clone, Debug)]
pub struct CaseView {
    pub case: Case,
    pub applicant: String,
    pub service_name: Text,
    pub state_label: Text,
    pub deadline: Deadline,
    pub assignee_name: Option<String>,
    pub pages: Vec<ReviewPage>,
    /// Fields whose answers were changed after submission.
    pub changed: Vec<String>,
    pub documents: Vec<Document>,
    pub timeline: Vec<TimelineLine>,
    pub proposal: Option<Proposal>,
    pub request: Option<Question>,
    /// What this officer may do now.
    pub actions: Vec<ActionChoice>,
    /// References of open cases that name the same thing.
    pub duplicates: Vec<String>,
    pub warnings: Vec<crate::Refusal>,
    pub checks: Vec<Check>,
    pub is_signed: bool,
}

/// A record of another department that officers look up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    pub id: String,
    pub department: Text,
    pub record: Text,
}

/// An action of the state chart that the officer may take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ActionChoice {
    pub id: String,
    pub label: Text,
    pub to_label: Text,
    /// `none`, `optional`, `required`.
    pub reason: &'static str,
    pub is_four_eyes: bool,
    /// The officer names the questions that reopen.
    pub asks_applicant: bool,
    /// The letter sent on arrival, for a preview.
    pub letter: Option<String>,
    /// Whether the case is over afterwards.
    pub is_final: bool,
}

/// A decision that waits for a second person.
#[derive(Clone, Debug, Serialize)]
pub struct Proposal {
    pub action: String,
    pub label: Text,
    pub proposer: Id<Officer>,
    pub proposer_name: String,
    pub reason: Option<String>,
    pub at: Time,
    /// Whether this officer may confirm it.
    pub may_confirm: bool,
}

/// What the applicant was asked.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    pub question: String,
    pub fields: Vec<String>,
    pub asked: Time,
    pub reply_by: Option<Time>,
}

/// Takes an action of the state chart.
#[derive(Clone, Debug)]
pub struct Act {
    pub case: Id<Case>,
    /// The revision the officer read.
    pub revision: i64,
    pub action: String,
    /// Words for the applicant.
    pub reason: Option<String>,
    /// For an action that asks the applicant: the questions that reopen.
    pub fields: Vec<String>,
}

/// What an action came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acted {
    Moved,
    /// Waits for a second person.
    Proposed,
}
