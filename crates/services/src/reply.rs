//! Answering what an officer asked: only the named questions reopen, nothing is sent until the
//! applicant says so, and the promised time runs on with the days that were left.

use kernel::Id;
use packs::{APPLICANT, Answers, Pack, Value};
use serde_json::json;
use store::{Read, Write};

use crate::{
    Error, Services,
    applicant::Applicant,
    case::{ActionKind, Case, Flag},
    desk::Question,
    document::Document,
    error::Problem,
    file::ScanState,
    progress::{self, Author, Entry, Step},
    reference::Reference,
    rules,
    seal::{Column, Kept},
    store::{
        case::{self, CaseRow},
        document,
        request::{self, RequestRow},
    },
    uploads::{self, NewUpload},
};

/// The reply being written: the reopened questions with their present answers.
#[derive(Clone, Debug)]
pub struct ReplyDraft {
    pub case: Id<Case>,
    pub reference: Reference,
    pub service: String,
    pub pack_version: i64,
    pub question: Question,
    pub revision: i64,
    pub answers: Answers,
    pub problems: Vec<Problem>,
}

/// The reopened questions as posted.
#[derive(Clone, Debug)]
pub struct SaveReply {
    pub applicant: Applicant,
    pub reference: Reference,
    pub revision: i64,
    pub form: Vec<(String, String)>,
}

impl Services {
    /// The reopened questions, with what was answered or written so far.
    ///
    /// # Errors
    /// [`Error::NothingToAnswer`], [`Error::NoSuchCase`].
    pub async fn reply_draft(
        &self,
        applicant: Applicant,
        reference: &Reference,
    ) -> Result<ReplyDraft, Error> {
        let (row, open) = self.asked(applicant, reference).await?;
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        let kept = self.reply_answers(&row, &open, &pack)?;
        let case = row.case;
        let problems = self.reply_problems(&pack, &kept, &open.fields, case.submitted_on);
        let revision = open.revision;
        let question = self.question(Some(open))?.ok_or(Error::NothingToAnswer)?;
        Ok(ReplyDraft {
            case: case.id,
            reference: case.reference,
            service: case.service,
            pack_version: case.pack_version,
            question,
            revision,
            answers: kept.answers,
            problems,
        })
    }

    /// Saves the reply without sending it. Only the named questions are taken.
    ///
    /// # Errors
    /// [`Error::StaleDraft`] when another window saved first.
    pub async fn save_reply(&self, save: SaveReply) -> Result<ReplyDraft, Error> {
        let (row, open) = self.asked(save.applicant, &save.reference).await?;
        if open.revision != save.revision {
            return Err(Error::StaleDraft {
                current: open.revision,
            });
        }
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        let before = self.reply_answers(&row, &open, &pack)?;
        let today = self.on(row.case.submitted_on, &before.locked);
        let mut kept = before.clone();
        for page in pages_of(&pack, &open.fields) {
            let form = whole_page(&pack, &page, &before.answers, (&save.form, &open.fields));
            let read = rules::read_page(&pack, &kept.answers, (&page, &form), &today)?;
            take_fields(&mut kept.answers, &read.answers, &open.fields);
        }
        self.write_reply(save.applicant, &open, &kept).await?;
        self.reply_draft(save.applicant, &save.reference).await
    }

    /// Takes a file for a reopened question. It takes the place of an infected one, and of the oldest
    /// when the question is full; what was submitted before stays among the documents of the case.
    ///
    /// # Errors
    /// As [`Services::upload`]; [`Error::NothingAsked`] when the question was not reopened.
    pub async fn reply_upload(
        &self,
        reference: &Reference,
        upload: NewUpload,
    ) -> Result<Document, Error> {
        let (row, open) = self.asked(upload.applicant, reference).await?;
        if !open.fields.contains(&upload.field) {
            return Err(Error::NothingAsked);
        }
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        let mut kept = self.reply_answers(&row, &open, &pack)?;
        let infected = self.infected_of(row.case.id).await?;
        make_room(&pack, &mut kept.answers, &upload.field, &infected);
        let examined = self.examine(&pack, &kept.answers, &upload)?;
        uploads::add_file(&mut kept.answers, &upload.field, examined.answer);
        let case = Some(row.case.id);
        let file = document::DocumentRow {
            case,
            ..examined.row
        };
        let sealed = kept.seal(self.vault(), Column::ReplyAnswers, open.id)?;
        let (id, content) = (file.id, examined.content);
        let (request, revision) = (open.id, open.revision);
        self.store()
            .write(&upload.applicant.actor(), move |tx| {
                let (file, content, sealed) = (file.clone(), content.clone(), sealed.clone());
                async move {
                    uploads::keep_in(&tx, &file, &content).await?;
                    save_in(&tx, (request, revision), &sealed).await
                }
            })
            .await?;
        self.document(id).await
    }

    /// Ids of the infected documents of a case.
    async fn infected_of(&self, case: Id<Case>) -> Result<Vec<String>, Error> {
        self.store()
            .read(move |db| async move { infected_in(&db, case).await })
            .await
    }

    async fn write_reply(
        &self,
        applicant: Applicant,
        open: &RequestRow,
        kept: &Kept,
    ) -> Result<(), Error> {
        let sealed = kept.seal(self.vault(), Column::ReplyAnswers, open.id)?;
        let (id, revision) = (open.id, open.revision);
        self.store()
            .write(&applicant.actor(), move |tx| {
                let sealed = sealed.clone();
                async move { save_in(&tx, (id, revision), &sealed).await }
            })
            .await
    }

    /// Sends the reply: the named answers change, the clock runs again.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::NothingToAnswer`].
    pub async fn send_reply(
        &self,
        applicant: Applicant,
        reference: &Reference,
    ) -> Result<(), Error> {
        let draft = self.reply_draft(applicant, reference).await?;
        if !draft.problems.is_empty() {
            return Err(Error::Incomplete(draft.problems));
        }
        let services = self.clone();
        let id = draft.case;
        self.store()
            .write(&applicant.actor(), move |tx| {
                let services = services.clone();
                async move { reply_in(&services, &tx, id).await }
            })
            .await
    }

    async fn asked(
        &self,
        applicant: Applicant,
        reference: &Reference,
    ) -> Result<(CaseRow, RequestRow), Error> {
        let row = self.own_case(applicant, reference).await?;
        let id = row.case.id;
        let open = self
            .store()
            .read(move |db| async move { request::open(&db, id).await })
            .await?
            .ok_or(Error::NothingToAnswer)?;
        Ok((row, open))
    }

    /// What was written so far, or the answers as submitted.
    fn reply_answers(&self, row: &CaseRow, open: &RequestRow, pack: &Pack) -> Result<Kept, Error> {
        match &open.draft_answers {
            Some(sealed) => Kept::open(self.vault(), (Column::ReplyAnswers, open.id), sealed, pack),
            None => self.open_answers(row, pack),
        }
    }

    fn reply_problems(
        &self,
        pack: &Pack,
        kept: &Kept,
        fields: &[String],
        day: kernel::Date,
    ) -> Vec<Problem> {
        let today = self.on(day, &kept.locked);
        let mut problems = rules::problems(pack, &kept.answers, &today);
        problems.retain(|problem| {
            let field = problem.field.split('.').next().unwrap_or_default();
            fields.iter().any(|named| named == field)
        });
        problems
    }
}

/// The pages that hold the reopened questions, in order.
fn pages_of(pack: &Pack, fields: &[String]) -> Vec<String> {
    let holds = |page: &&packs::Page| page.fields.iter().any(|field| fields.contains(&field.id));
    pack.pages
        .iter()
        .filter(holds)
        .map(|page| page.id.clone())
        .collect()
}

/// A whole page as it would be posted: the named questions from the reply, the others as they are.
fn whole_page(
    pack: &Pack,
    page: &str,
    answers: &Answers,
    (posted, fields): (&[(String, String)], &[String]),
) -> Vec<(String, String)> {
    let named = |key: &str| {
        let field = key.split('.').next().unwrap_or_default();
        fields.iter().any(|name| name == field)
    };
    let before = pack.page_form(page, answers);
    let kept = before.iter().filter(|(key, _)| !named(key));
    let kept = kept.map(|(key, value)| (key.to_owned(), value.to_owned()));
    kept.chain(posted.iter().filter(|(key, _)| named(key)).cloned())
        .collect()
}

fn take_fields(into: &mut Answers, from: &Answers, fields: &[String]) {
    for field in fields {
        match from.get(field) {
            Some(value) => into.set(field.clone(), value.clone()),
            None => drop(into.remove(field)),
        }
    }
}

async fn save_in(
    tx: &Write,
    (request, revision): (Id<RequestRow>, i64),
    sealed: &[u8],
) -> Result<(), Error> {
    match request::save(tx, request, revision, sealed).await? {
        0 => Err(Error::StaleDraft {
            current: revision + 1,
        }),
        _ => Ok(()),
    }
}

async fn infected_in(db: &Read, case: Id<Case>) -> Result<Vec<String>, Error> {
    let files = document::of_case(db, case).await?.into_iter();
    let infected = files.filter(|file| file.scan == ScanState::Infected);
    Ok(infected.map(|file| file.id.to_string()).collect())
}

/// Lets go of infected files of a question, and of the oldest when it is full.
fn make_room(pack: &Pack, answers: &mut Answers, field: &str, infected: &[String]) {
    for id in infected {
        uploads::remove_file(answers, field, id);
    }
    let most = pack
        .field(field)
        .and_then(rules::accepts)
        .map_or(0, |(_, most)| most);
    if let Some(Value::Files(files)) = answers.get(field)
        && files.len() >= most
        && let Some(oldest) = files.first().map(|file| file.id.clone())
    {
        uploads::remove_file(answers, field, &oldest);
    }
}

/// Whether the answers to `fields` name one of the `infected` files.
fn holds_infected(answers: &Answers, fields: &[String], infected: &[String]) -> bool {
    fields.iter().any(|field| match answers.get(field) {
        Some(Value::Files(files)) => files.iter().any(|file| infected.contains(&file.id)),
        _ => false,
    })
}

async fn reply_in(services: &Services, tx: &Write, id: Id<Case>) -> Result<(), Error> {
    let row = case::get(tx, id).await?;
    let open = request::open(tx, id).await?.ok_or(Error::NothingToAnswer)?;
    let mut case = row.case.clone();
    let pack = services.pinned(&case.service, case.pack_version)?;
    let before = services.open_answers(&row, &pack)?;
    let reply = services.reply_answers(&row, &open, &pack)?;
    if holds_infected(&reply.answers, &open.fields, &infected_in(tx, id).await?) {
        return Err(Error::Infected);
    }
    let (action, to) = pack
        .case
        .actions_for(&case.state, &[APPLICANT])
        .into_iter()
        .filter_map(|action| Some((action, pack.case.state(&action.to.value)?)))
        .find(|(_, to)| !to.is_final())
        .ok_or(Error::NothingToAnswer)?;
    let mut after = before.clone();
    take_fields(&mut after.answers, &reply.answers, &open.fields);
    let changed: Vec<&str> = open
        .fields
        .iter()
        .map(String::as_str)
        .filter(|field| before.answers.get(field) != after.answers.get(field))
        .collect();
    if !changed.is_empty() {
        case.flag(Flag::Changed);
    }
    let sealed = after.seal(services.vault(), Column::CaseAnswers, id)?;
    case::set_answers(tx, id, &sealed).await?;
    let author = Author::applicant(&case);
    let digest = trust::digest::sha256(after.answers.canonical());
    trust::evidence::append(tx, "application.replied", digest).await?;
    let entry = Entry {
        detail: json!({ "fields": changed, "answers_sha256": trust::digest::hex(&digest) }),
        ..Entry::of(&case, ActionKind::Replied)
    };
    progress::write_entry(services, tx, &case, (&author, entry)).await?;
    request::close(tx, id).await?;
    let step = Step {
        pack: &pack,
        to,
        kind: ActionKind::Acted,
        action: Some(&action.id),
        words: None,
        author: &author,
    };
    progress::take(services, tx, &mut case, step).await
}
