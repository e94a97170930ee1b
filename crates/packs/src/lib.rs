//! The service-pack language: one YAML file a service, which says what is asked, what it costs, how
//! officers decide and what is issued. `packs/README.md` is the guide of the language.
//!
//! Invariants: a [`Pack`] exists only when every check passed, so following one cannot fail for
//! reasons of its own; every rule is total and typed; answers to hidden questions never survive
//! [`Pack::journey`]; a pack computes from answers and [`Facts`] alone, never from a clock or a
//! database. Only [`load_dir`] and [`check_dir`] read files.
//!
//! Called by services (drafts, cases), portal and desk (pages), causeway (`pack check`).

mod advice;
mod answers_schema;
mod chart;
mod check;
mod defect;
mod diff;
mod dir;
mod expr;
mod field;
mod form;
mod journey;
mod json;
mod judge;
mod known;
mod letter;
mod outline;
mod pack;
mod pack_schema;
mod probe;
mod quote;
mod read;
mod scope;
mod show;
mod siblings;
mod table;
mod topics;
mod tries;
mod value;
mod words;
mod yaml;

pub use answers_schema::answers_schema;
pub use chart::{
    APPLICANT, Action, Auto, Chart, Clock, Outcome, Reason, Refund, Refusal, State, Timer, Wait,
};
pub use defect::{At, Code, Defect, Span};
pub use diff::{About, Change, ChangeClass, Plain, PlainChange, Told, Turn, diff, gravest, plain};
pub use dir::{PackFile, check_dir, check_file, load_dir, read_dir};
pub use expr::{Expr, expression_parses};
pub use field::{Choice, Class, Field, FieldKind, FileKind, Must, Page, Pattern, Prefill};
pub use form::{Form, PageError};
pub use journey::{FieldError, Journey, PageView};
pub use json::AnswersError;
pub use known::Facts;
pub use letter::{CaseFacts, Written};
pub use outline::outline;
pub use pack::{
    Amount, Appeal, Applicant, Audience, Claim, Confidence, DepartmentCheck, EligibilityRule,
    FeeLine, IdentityNeed, IfNot, Issue, Keep, Let, LetValue, Letter, Level, Pack, Period, Promise,
    ServiceKind, Source, SourceDate, Unit,
};
pub use pack_schema::pack_schema;
pub use quote::{Eligibility, FeeError, FeeQuote, IssueError, Issued, QuotedLine};
pub use table::{Cell, Column, Condition, Row, RowResult, Table};
pub use topics::{LIFE_EVENTS, SUBJECTS};
pub use tries::{Failure, SampleLetter, Then, Try};
pub use value::{AREAS, Address, Answers, DISTRICTS, District, FileAnswer, Value};

use defect::Defects;
use siblings::Siblings;

impl Pack {
    /// Reads one pack. `file` is the name shown in defects and must be `<service>.yaml`.
    ///
    /// # Errors
    /// Every defect found, in the order of the text.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Defect>> {
        let mut defects = Defects::new(file);
        match Self::read_checked(file, text, &mut defects) {
            Some(pack) if defects.is_empty() => Ok(pack),
            _ => Err(defects.into_sorted()),
        }
    }

    /// Reads a version of a pack from a file of any name, to compare it with another.
    ///
    /// # Errors
    /// Every defect found, in the order of the text.
    pub fn read_version(file: &str, text: &str) -> Result<Self, Vec<Defect>> {
        let mut defects = Defects::new(file);
        let root = yaml::parse(text, &mut defects);
        let named = root.as_ref().and_then(|root| root.word_at("service"));
        let named = named.map_or_else(|| file.to_owned(), |service| format!("{service}.yaml"));
        let pack = root.and_then(|root| Self::of_root(&root, &named, &mut defects));
        match pack {
            Some(pack) if defects.is_empty() => Ok(pack),
            _ => Err(defects.into_sorted()),
        }
    }

    /// Every defect of a pack, golden journeys included: what `pack check` tells.
    #[must_use]
    pub fn check(file: &str, text: &str) -> Vec<Defect> {
        Self::check_among(file, text, &Siblings::default())
    }

    /// Every defect of a pack that stands in a directory with others.
    pub(crate) fn check_among(file: &str, text: &str, siblings: &Siblings) -> Vec<Defect> {
        let mut defects = Defects::new(file);
        let pack = Self::read_checked(file, text, &mut defects);
        if let Some(pack) = &pack {
            siblings.check(pack, &mut defects);
        }
        if let (Some(pack), true) = (pack, defects.is_empty()) {
            for failure in pack.run_tries() {
                let wrong = format!("“{}”: {}", failure.name, failure.wrong);
                let mend = "Mend the rule, or the example";
                defects.add(Code::TryFailed, failure.at, wrong, mend);
            }
            let today = pack.tries.first().map(|one| one.today);
            if let Some(today) = today {
                probe::probe(&pack, today, &mut defects);
            }
        }
        defects.into_sorted()
    }

    fn read_checked(file: &str, text: &str, defects: &mut Defects) -> Option<Self> {
        let root = yaml::parse(text, defects)?;
        Self::of_root(&root, file, defects)
    }

    fn of_root(root: &yaml::Node, file: &str, defects: &mut Defects) -> Option<Self> {
        let (pack, scope) = read::read(root, file, defects)?;
        check::check(&pack, &scope, defects);
        Some(pack)
    }
}

/// The schema of the format as committed: indented, with a final line break.
#[must_use]
pub fn pack_schema_text() -> String {
    format!("{:#}\n", pack_schema())
}

/// For fuzzing: any bytes are read or refused; nothing may panic.
pub fn fuzz_pack(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Pack::check("fuzz.yaml", text);
    }
}

#[cfg(test)]
mod tests;
