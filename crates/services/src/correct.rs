//! Correcting an answer of a case, open or decided, with a reason. The old value stays readable for
//! officers; the signed original stays provable by its digest in the evidence log.

use kernel::Id;
use serde_json::json;
use store::Write;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{ActionKind, Case, Flag},
    desk::{checked_words, seen_in},
    progress::{self, Author, Entry},
    rules,
    seal::Column,
    store::case,
};

/// Answers of one page, corrected by an officer.
#[derive(Clone, Debug)]
pub struct Correction {
    pub case: Id<Case>,
    pub revision: i64,
    pub field: String,
    /// The inputs of the question, as a form would post them.
    pub form: Vec<(String, String)>,
    pub reason: String,
}

impl Services {
    /// Corrects one answer. Supervisors may correct decided cases; officers only open ones.
    ///
    /// # Errors
    /// [`Error::WrongRole`], [`Error::CaseMoved`], [`Error::ReasonNeeded`], [`Error::Incomplete`]
    /// when the new value is none.
    pub async fn correct(&self, clerk: &Clerk, correction: Correction) -> Result<(), Error> {
        let reason = checked_words(&correction.reason)?;
        let services = self.clone();
        let who = clerk.clone();
        self.store()
            .write(&clerk.actor(), move |tx| {
                let (services, who) = (services.clone(), who.clone());
                let (correction, reason) = (correction.clone(), reason.clone());
                async move { correct_in(&services, &tx, (&who, &correction), reason).await }
            })
            .await
    }
}

async fn correct_in(
    services: &Services,
    tx: &Write,
    (clerk, correction): (&Clerk, &Correction),
    reason: String,
) -> Result<(), Error> {
    let (mut case, pack) = seen_in(services, tx, clerk, correction.case).await?;
    if case.revision != correction.revision {
        return Err(Error::CaseMoved);
    }
    if case.is_closed() && !clerk.is_supervisor() {
        return Err(Error::WrongRole);
    }
    let page = pack
        .page_of(&correction.field)
        .ok_or_else(|| Error::NoSuchPage(correction.field.clone()))?;
    let before = progress::answers_in(services, tx, &case, &pack).await?;
    let mine = |key: &str| key.split('.').next() == Some(correction.field.as_str());
    let page_form = pack.page_form(&page.id, &before.answers);
    let others = page_form.iter().filter(|(key, _)| !mine(key));
    let others = others.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let form: Vec<(String, String)> = others
        .chain(correction.form.iter().filter(|(key, _)| mine(key)).cloned())
        .collect();
    let mut after = before.clone();
    // An officer may correct what the applicant may not: a locked value that the register had wrong.
    let today = services.on(case.submitted_on, &std::collections::BTreeMap::new());
    let read = rules::read_page(&pack, &before.answers, (&page.id, &form), &today)?;
    let wrong: Vec<_> = read
        .problems
        .into_iter()
        .filter(|problem| mine(&problem.field))
        .collect();
    if !wrong.is_empty() {
        return Err(Error::Incomplete(wrong));
    }
    match read.answers.get(&correction.field) {
        Some(value) => after.answers.set(correction.field.clone(), value.clone()),
        None => drop(after.answers.remove(&correction.field)),
    }
    let sealed = after.seal(services.vault(), Column::CaseAnswers, case.id)?;
    case::set_answers(tx, case.id, &sealed).await?;
    let digest = trust::digest::sha256(after.answers.canonical());
    trust::evidence::append(tx, "application.corrected", digest).await?;
    case.flag(Flag::Corrected);
    let words = format!(
        "{reason}\n\n{}",
        was(&pack, &before.answers, &correction.field)
    );
    let entry = Entry {
        words: Some(words),
        detail: json!({
            "fields": [correction.field],
            "answers_sha256": trust::digest::hex(&digest),
        }),
        ..Entry::of(&case, ActionKind::Corrected)
    };
    progress::write_entry(services, tx, &case, (&Author::clerk(clerk), entry)).await?;
    case::update(tx, &mut case).await
}

/// The old answer in words, sealed with the reason.
fn was(pack: &packs::Pack, answers: &packs::Answers, field: &str) -> String {
    let old = pack
        .field(field)
        .and_then(|field| Some(rules::show(field, answers.get(&field.id)?)))
        .map_or_else(|| "–".to_owned(), |text| text.en);
    format!("[{field}: {old}]")
}
