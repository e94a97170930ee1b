//! Services: the catalogue, drafts, applications, cases, uploads and decisions, following a pack.
//!
//! Portal and desk hold a [`Services`] handle and call its methods with an [`Applicant`] or a
//! [`Clerk`]; this crate composes identity, payments, credentials, notify, paper and trust below it.
//!
//! Invariants: a draft, an application and a case follow the pack version they began with; the case is
//! the record, written with its timeline, timers, audit and event in one transaction; one live draft
//! and, where the pack says so, one live application per holder, by unique index; no officer sees an
//! answer without a reason on record; answers, names and words are sealed at rest.

mod applicant;
mod case;
mod catalogue;
mod correct;
mod deadline;
mod deciding;
mod desk;
mod document;
mod draft;
mod drafting;
mod error;
mod feedback;
mod file;
mod follow;
mod jobs;
mod letters;
mod licence;
mod mask;
mod money;
mod outlook;
mod plan;
mod prefill;
mod progress;
mod publish;
mod reference;
mod reply;
mod rules;
mod scanner;
mod seal;
mod services;
mod store;
mod submit;
mod tell;
mod timeline;
mod timers;
mod uploads;
mod view;

pub use applicant::{Applicant, Clerk};
pub use case::{ActionKind, BULK_CASES, Case, Clock, Flag, WORDS_CHARS};
pub use catalogue::{Bundle, Catalogue, Department, Entry, Published, Subject, Suggestion, Topic};
pub use correct::Correction;
pub use deadline::Deadline;
pub use desk::{
    Act, Acted, ActionChoice, COUNT_BOUND, CaseView, Check, Counts, Holder, InboxQuery, InboxRow,
    Proposal, Question, REASON_HOURS, open_case,
};
pub use document::{Content, Document, DocumentKind};
pub use draft::{Draft, DraftState, OpenDraft};
pub use drafting::{Choice, Conflict, SavePage, Saved, Start};
pub use error::{Error, Problem, Refusal, explanations};
pub use feedback::{Feedback, NewFeedback};
pub use file::{FileError, ScanState, safe_name, sniff};
pub use follow::{Appeal, ApplicationRow, ApplicationView, Next};
pub use jobs::jobs;
pub use letters::Preview;
pub use mask::mask;
pub use money::{Fee, FeeLine};
pub use outlook::{Lack, Outlook, find_outlook, outlook};
pub use prefill::Offer;
pub use publish::Publication;
pub use reference::{Reference, ReferenceError};
pub use reply::{ReplyDraft, SaveReply};
pub use scanner::{ScanError, Scanner, Verdict};
pub use services::{Parts, Services};
pub use store::{MIGRATIONS, access::AccessRecord, statements, version::ServiceVersion};
pub use submit::{
    AskSignature, Review, ReviewPage, ReviewRow, Signature, Stage, Submit, Submitted,
};
pub use timeline::TimelineLine;
pub use uploads::{NewUpload, Uploaded};

#[cfg(test)]
mod tests;
