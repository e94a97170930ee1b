//! What people say: a remark on a service, a fault of a page, a report about a look at their data. The
//! three are kept apart. Each belongs to a service, version, page and language; personal data is struck
//! out before anything is kept, and nothing ties a remark to who made it.
//!
//! Each is settled once: answered in public, in words of the owner for everybody, or closed with a
//! reason. A report about a look is never public; the person reads the reason in their inbox.

use journal::Audit;
use kernel::{Actor, Cursor, Id, Lang, Page, Text, Time, limits};
use notify::{Class, NewMessage};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Write;

use crate::{
    Clerk, Error, Look, Reference, Services,
    mask::strike,
    store::{access, feedback as rows},
};

/// Who answers for pages that belong to no service: the Digital Policy Office runs the portal.
pub const PLATFORM_DEPARTMENT: &str = "dpo";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackKind {
    /// A remark: what is good, what should be better.
    Feedback,
    /// Something is wrong or unclear on a page.
    Issue,
    /// A person does not expect a look at their data.
    Access,
}

store::text_codes!(FeedbackKind { Feedback => "feedback", Issue => "issue", Access => "access" });

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackState {
    Open,
    /// In public: what people said, what was done.
    Answered,
    /// With a reason, not in public.
    Closed,
}

store::text_codes!(FeedbackState { Open => "open", Answered => "answered", Closed => "closed" });

/// One piece of feedback, as kept.
#[derive(Clone, Debug, Serialize)]
pub struct Feedback {
    pub id: Id<Feedback>,
    pub kind: FeedbackKind,
    pub state: FeedbackState,
    /// What the sender may quote; feedback from before references has none.
    pub reference: Option<String>,
    /// The code of the department that answers, lower case.
    pub department: String,
    /// Empty for a page that belongs to no service.
    pub service: String,
    pub pack_version: i64,
    pub page: String,
    pub lang: Lang,
    /// 1 (very dissatisfied) to 5 (very satisfied).
    pub rating: Option<i64>,
    pub words: Option<String>,
    /// The look that is reported.
    pub about: Option<Id<Look>>,
    pub at: Time,
    /// The public answer: what people said, and what was done.
    pub said: Option<Text>,
    pub answer: Option<Text>,
    pub closed_reason: Option<String>,
    pub settled_at: Option<Time>,
}

/// What a person sends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewFeedback {
    pub kind: FeedbackKind,
    /// A service with the version it was used in; `None` for a page that belongs to none.
    pub service: Option<(String, i64)>,
    /// The place of the page without anything that names a person or an application.
    pub page: String,
    pub lang: Lang,
    pub rating: Option<i64>,
    pub words: String,
    /// Names known from the session, to be struck out.
    pub names: Vec<String>,
    pub about: Option<Id<Look>>,
    /// Who answers when the page belongs to no service and is not the platform's either.
    pub department: Option<String>,
}

impl NewFeedback {
    /// The words as they will be kept.
    #[must_use]
    pub fn kept_words(&self) -> String {
        let words: String = self
            .words
            .trim()
            .chars()
            .take(limits::LONG_TEXT_CHARS)
            .collect();
        strike(&words, &self.names)
    }

    /// Whether it can be kept.
    ///
    /// # Errors
    /// [`Error::Rating`], [`Error::NothingSaid`].
    pub fn check(&self) -> Result<(), Error> {
        if self.rating.is_some_and(|rating| !(1..=5).contains(&rating)) {
            return Err(Error::Rating);
        }
        let has_words = !self.words.trim().is_empty();
        let is_enough = has_words || (self.kind == FeedbackKind::Feedback && self.rating.is_some());
        if is_enough {
            Ok(())
        } else {
            Err(Error::NothingSaid)
        }
    }
}

/// Which feedback an owner asks for.
#[derive(Clone, Debug, Default)]
pub struct FeedbackQuery {
    /// A service's id, or empty for all.
    pub service: String,
    pub state: Option<FeedbackState>,
    pub kind: Option<FeedbackKind>,
    pub rating: Option<i64>,
    pub after: Option<Cursor>,
}

/// A rating of a service is a figure of that service.
async fn count(tx: &Write, row: &Feedback) -> Result<(), Error> {
    let Some(rating) = row.rating.filter(|_| !row.service.is_empty()) else {
        return Ok(());
    };
    // The desk writes codes of departments small, the catalogue and its statistics do not.
    let owner = row.department.to_uppercase();
    let rated = journal::Usage::of(journal::Step::Rated)
        .about(&owner, &row.service, row.pack_version)
        .page(&row.page)
        .lang(Some(row.lang))
        .value(rating);
    journal::usage(tx, rated).await?;
    Ok(())
}

impl Services {
    /// Keeps what a person says, struck of personal data, and gives the number they may quote.
    ///
    /// # Errors
    /// [`Error::Rating`], [`Error::NothingSaid`], [`Error::NoSuchService`].
    pub async fn feedback(&self, new: NewFeedback) -> Result<Reference, Error> {
        new.check()?;
        let reference = Reference::fresh(self.env());
        let row = self.kept(new, &reference)?;
        // The author is left out on purpose: feedback is read by many.
        self.store()
            .write(&Actor::Visitor, move |tx| {
                let row = row.clone();
                async move {
                    rows::insert(&tx, &row).await?;
                    emit(&tx, "causeway.feedback.given.v1", &row).await?;
                    count(&tx, &row).await
                }
            })
            .await?;
        Ok(reference)
    }

    fn kept(&self, new: NewFeedback, reference: &Reference) -> Result<Feedback, Error> {
        let words = new.kept_words();
        let owner = match &new.service {
            Some((service, version)) => Some(self.pinned(service, *version)?.owner.to_lowercase()),
            None => new.department.map(|code| code.to_lowercase()),
        };
        let (service, pack_version) = new.service.unwrap_or_default();
        Ok(Feedback {
            id: self.env().id(),
            kind: new.kind,
            state: FeedbackState::Open,
            reference: Some(reference.as_str().to_owned()),
            department: owner.unwrap_or_else(|| PLATFORM_DEPARTMENT.to_owned()),
            service,
            pack_version,
            page: new.page.chars().take(limits::LINE_CHARS).collect(),
            lang: new.lang,
            rating: new.rating,
            words: (!words.is_empty()).then_some(words),
            about: new.about,
            at: self.now(),
            said: None,
            answer: None,
            closed_reason: None,
            settled_at: None,
        })
    }

    /// Feedback for the owner's department, newest first; an operator sees every department's.
    ///
    /// # Errors
    /// The store fails.
    pub async fn feedback_for(
        &self,
        clerk: &Clerk,
        query: &FeedbackQuery,
    ) -> Result<Page<Feedback>, Error> {
        let department = reach(clerk);
        let before = before(query.after.as_ref());
        let query = query.clone();
        let found = self
            .store()
            .read(move |db| {
                let (department, query) = (department.clone(), query.clone());
                let rows = Page::<Feedback>::fetch();
                async move { rows::list(&db, &department, (&query, before), rows).await }
            })
            .await?;
        Ok(Page::cut(found, |row| Cursor(row.id.to_string())))
    }

    /// One piece of feedback, for the owner of its department.
    ///
    /// # Errors
    /// [`Error::NoSuchFeedback`].
    pub async fn find_feedback(&self, clerk: &Clerk, id: Id<Feedback>) -> Result<Feedback, Error> {
        let found = self
            .store()
            .read(move |db| async move { rows::find(&db, id).await })
            .await?;
        found
            .filter(|row| is_reached(clerk, row))
            .ok_or(Error::NoSuchFeedback)
    }

    /// Public answers of a service (or of the portal's own pages, for an empty id), newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn feedback_answers(
        &self,
        service: &str,
        after: Option<Cursor>,
    ) -> Result<Page<Feedback>, Error> {
        let service = service.to_owned();
        let before = before(after.as_ref());
        let found = self
            .store()
            .read(move |db| {
                let (service, rows) = (service.clone(), Page::<Feedback>::fetch());
                async move { rows::answered(&db, &service, before, rows).await }
            })
            .await?;
        Ok(Page::cut(found, |row| Cursor(row.id.to_string())))
    }

    /// Answers in public: `said` tells everybody what people said, `answer` what was done.
    ///
    /// # Errors
    /// [`Error::NoSuchFeedback`], [`Error::Settled`], [`Error::NeverPublic`],
    /// [`Error::ReasonNeeded`] when words are missing in a language.
    pub async fn answer_feedback(
        &self,
        clerk: &Clerk,
        id: Id<Feedback>,
        (said, answer): (Text, Text),
    ) -> Result<(), Error> {
        let mut row = self.find_feedback(clerk, id).await?;
        if row.kind == FeedbackKind::Access {
            return Err(Error::NeverPublic);
        }
        let words = [&said.en, &said.tc, &answer.en, &answer.tc];
        if words.iter().any(|words| words.trim().is_empty()) {
            return Err(Error::ReasonNeeded);
        }
        row.state = FeedbackState::Answered;
        row.said = Some(said);
        row.answer = Some(answer);
        self.settle_feedback(clerk, row, "feedback.answered").await
    }

    /// Closes with a reason that stays with the department; of a report about a look, the person whose
    /// data it was is told.
    ///
    /// # Errors
    /// [`Error::NoSuchFeedback`], [`Error::Settled`], [`Error::ReasonNeeded`].
    pub async fn close_feedback(
        &self,
        clerk: &Clerk,
        id: Id<Feedback>,
        reason: &str,
    ) -> Result<(), Error> {
        let mut row = self.find_feedback(clerk, id).await?;
        row.closed_reason = Some(crate::desk::checked_words(reason)?);
        row.state = FeedbackState::Closed;
        self.settle_feedback(clerk, row, "feedback.closed").await
    }

    async fn settle_feedback(
        &self,
        clerk: &Clerk,
        row: Feedback,
        action: &'static str,
    ) -> Result<(), Error> {
        self.store()
            .write(&clerk.actor(), move |tx| {
                let row = row.clone();
                async move {
                    if rows::settle(&tx, &row).await? == 0 {
                        return Err(Error::Settled);
                    }
                    let audit = Audit {
                        action,
                        noun: "feedback",
                        id: row.id.to_string(),
                        reason: None,
                        detail: json!({ "kind": row.kind.code(), "service": row.service }),
                    };
                    journal::audit(&tx, audit).await?;
                    tell_reporter(&tx, &row).await?;
                    emit(&tx, "causeway.feedback.settled.v1", &row).await
                }
            })
            .await
    }
}

/// The department whose feedback the clerk works on; empty for all.
fn reach(clerk: &Clerk) -> String {
    if clerk.role == kernel::Role::Operator {
        String::new()
    } else {
        clerk.department.to_lowercase()
    }
}

fn is_reached(clerk: &Clerk, row: &Feedback) -> bool {
    let department = reach(clerk);
    department.is_empty() || department == row.department
}

fn before(after: Option<&Cursor>) -> Id<Feedback> {
    after
        .and_then(|cursor| cursor.0.parse().ok())
        .unwrap_or(Id::from_bits(u128::MAX))
}

async fn emit(tx: &Write, kind: &'static str, row: &Feedback) -> Result<(), Error> {
    let event = journal::Event {
        kind,
        subject: row.id.to_string(),
        data: json!({
            "kind": row.kind.code(),
            "state": row.state.code(),
            "service": row.service,
            "department": row.department,
            "version": row.pack_version,
            "page": row.page,
            "lang": row.lang.code(),
            "rating": row.rating,
        }),
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Tells the person whose data was looked at what came of their report.
async fn tell_reporter(tx: &Write, row: &Feedback) -> Result<(), Error> {
    let (Some(about), Some(reason)) = (row.about, row.closed_reason.as_deref()) else {
        return Ok(());
    };
    let of_case = access::person(tx, about.cast()).await?;
    let person = match of_case {
        Some(person) => Some(person),
        None => identity::person_of_reading(tx, about.cast()).await?,
    };
    let Some(person) = person else {
        return Ok(());
    };
    let stored = row.reference.as_deref().unwrap_or_default();
    let reference = stored
        .parse::<Reference>()
        .map_or_else(|_| stored.to_owned(), |one| one.to_string());
    let subject = Text::new(
        format!("Your report {reference} about who looked at your data"),
        format!("你就查閱資料提出的報告 {reference}"),
    );
    let body = Text::new(
        format!("The department has looked into your report. Its answer:\n\n{reason}"),
        format!("部門已跟進你的報告，答覆如下：\n\n{reason}"),
    );
    let message = NewMessage::new(person.cast(), Class::Info, subject, body)
        .about("feedback", row.id)
        .link("/who-looked")
        .key(format!("feedback-{}-settled", row.id));
    notify::send(tx, message).await?;
    Ok(())
}
