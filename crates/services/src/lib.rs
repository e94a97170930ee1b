//! Services: the catalogue, drafts, applications, cases, uploads and decisions, following a pack.
//!
//! Portal and desk hold a [`Services`] handle and call its methods with an [`Applicant`] or a
//! [`Clerk`]; this crate composes identity, payments, credentials, notify, paper and trust below it.
//!
//! Invariants: a draft, an application and a case follow the pack version they began with; the case is
//! the record, written with its timeline, timers, audit and event in one transaction; one live draft
//! and, where the pack says so, one live application per holder, by unique index; no officer sees an
//! answer without a reason on record; answers, names and words are sealed at rest.

mod announce;
mod applicant;
mod case;
mod catalogue;
mod correct;
mod counted;
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
mod handing;
mod jobs;
mod kept_paper;
mod letters;
mod licence;
mod looks;
mod mask;
mod money;
mod money_desk;
mod outlook;
mod owned;
mod plan;
mod prefill;
pub mod programme;
mod progress;
mod publish;
mod reference;
mod release;
mod reply;
mod retirement;
mod rules;
mod scanner;
mod seal;
mod services;
mod signing;
mod store;
mod submit;
mod tell;
mod timeline;
mod timers;
mod uploads;
mod view;
mod walk;

pub use announce::{ANNOUNCE_JOB, may_announce};
pub use applicant::{Applicant, Clerk};
pub use case::{ActionKind, BULK_CASES, Case, Clock, Flag, WORDS_CHARS};
pub use catalogue::{
    Bundle, Catalogue, Crossing, Department, Differs, Entry, Published, Subject, Suggestion, Topic,
    Why,
};
pub use correct::Correction;
pub use deadline::Deadline;
pub use desk::{
    Act, Acted, ActionChoice, COUNT_BOUND, CaseView, Check, Counts, Holder, InboxQuery, InboxRow,
    Proposal, Question, REASON_HOURS, open_case,
};
pub use document::{Content, Document, DocumentKind};
pub use draft::{Draft, DraftState, OpenDraft};
pub use drafting::{Choice, Conflict, Manner, SavePage, Saved, Start};
pub use error::{Error, Problem, Refusal, explanations};
pub use feedback::{
    Feedback, FeedbackKind, FeedbackQuery, FeedbackState, NewFeedback, PLATFORM_DEPARTMENT,
};
pub use file::{FileError, ScanState, safe_name, sniff};
pub use follow::{Appeal, ApplicationRow, ApplicationView, Next};
pub use handing::{Handed, TakeBack};
pub use jobs::jobs;
pub use kept_paper::takes_kept_paper;
pub use letters::Preview;
pub use looks::{Look, LookQuery, Record, Seen};
pub use mask::{mask, strike};
pub use money::{Fee, FeeLine};
pub use money_desk::{MoneyPage, Place, ReceiptView, RefundRow, RefundVerdict, TroubleRow};
pub use outlook::{Lack, Outlook, find_outlook, outlook};
pub use owned::{OPEN_BOUND, Open, Owned};
pub use prefill::Offer;
pub use publish::Publication;
pub use reference::{Reference, ReferenceError};
pub use release::{Checking, RELEASES_SHOWN, Release, ReleaseState, ReleaseStep};
pub use reply::{ReplyDraft, SaveReply};
pub use retirement::{NewRetirement, Retirement};
pub use scanner::{ScanError, Scanner, Verdict};
pub use services::{Parts, Services};
pub use signing::{SigningKind, Standing};
pub use store::{MIGRATIONS, access::AccessRecord, statements, version::ServiceVersion};
pub use submit::{
    AskSignature, Review, ReviewPage, ReviewRow, Signature, Stage, Submit, Submitted,
};
pub use timeline::TimelineLine;
pub use timers::TimerCase;
pub use uploads::{NewUpload, Uploaded};
pub use walk::{Pretend, Walk, WalkEnd, WalkPage};

#[cfg(test)]
mod tests;
