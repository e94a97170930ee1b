//! The applicant's view after submission: live status and what happens next by when, the timeline in
//! words, answering a request, withdrawing. What they read comes from the same rows and timers the desk
//! sees.

use identity::Company;
use kernel::{Cursor, Id, Lang, Page, Text, Time};
use packs::{APPLICANT, Answers, Pack, Value};
use serde::Serialize;
use serde_json::json;
use store::{Read, Write};

use crate::{
    Error, Services,
    applicant::Applicant,
    case::{ActionKind, Case, Clock, Flag},
    deadline::Deadline,
    desk::{Question, checked_words},
    document::Document,
    error::Problem,
    file::ScanState,
    progress::{self, Author, Entry, Step},
    reference::Reference,
    rules,
    seal::{Column, Kept},
    store::{
        action,
        case::{self, CaseRow},
        document,
        request::{self, RequestRow},
    },
    submit::ReviewPage,
    timeline::{TimelineLine, state_label},
    uploads::{self, NewUpload},
};

/// One line of "my applications".
#[derive(Clone, Debug, Serialize)]
pub struct ApplicationRow {
    pub case: Id<Case>,
    pub reference: Reference,
    pub service: String,
    pub service_name: Text,
    pub state_label: Text,
    pub outcome: Option<String>,
    pub submitted: Time,
    pub due: Option<Time>,
    pub deadline: Deadline,
    /// Whether the applicant has to answer something.
    pub needs_reply: bool,
    pub next: Next,
}

/// What happens next, and by when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Next {
    pub words: Text,
    pub by: Option<Time>,
}

/// Everything the applicant's page of an application shows.
#[derive(Clone, Debug)]
pub struct ApplicationView {
    pub row: ApplicationRow,
    pub pack_version: i64,
    pub lang: Lang,
    pub company: Option<Id<Company>>,
    pub demand: Option<Id<payments::Demand>>,
    pub licence: Option<Id<credentials::Licence>>,
    pub pages: Vec<ReviewPage>,
    /// Files given and letters received.
    pub documents: Vec<Document>,
    pub timeline: Vec<TimelineLine>,
    pub question: Option<Question>,
    pub may_withdraw: bool,
    /// Whether the fee comes back on withdrawal.
    pub withdrawal_returns_fee: bool,
    /// Where and until when a refusal can be appealed.
    pub appeal: Option<Appeal>,
}

/// Where a refusal can be appealed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Appeal {
    pub body: Text,
    pub by: Option<Time>,
    pub law: Option<String>,
}

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
    /// The applicant's applications, newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn applications(
        &self,
        applicant: Applicant,
        after: Option<Cursor>,
    ) -> Result<Page<ApplicationRow>, Error> {
        self.guard_mandate(applicant).await?;
        let holder = applicant.holder();
        let before = after
            .and_then(|cursor| cursor.0.parse().ok())
            .map_or(Time::from_micros(i64::MAX), Time::from_micros);
        let rows = self
            .store()
            .read(move |db| {
                let holder = holder.clone();
                let rows = Page::<ApplicationRow>::fetch();
                async move { case::of_holder(&db, &holder, before, rows).await }
            })
            .await?;
        let rows: Result<Vec<_>, Error> = rows
            .iter()
            .map(|row| self.application_row(&row.case))
            .collect();
        Ok(Page::cut(rows?, |row| {
            Cursor(row.submitted.micros().to_string())
        }))
    }

    /// One application of the applicant.
    ///
    /// # Errors
    /// [`Error::NoSuchCase`] also for somebody else's.
    pub async fn application(
        &self,
        applicant: Applicant,
        reference: &Reference,
    ) -> Result<ApplicationView, Error> {
        let row = self.own_case(applicant, reference).await?;
        let id = row.case.id;
        let (actions, documents, open) = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>((
                    action::all(&db, id).await?,
                    document::of_case(&db, id).await?,
                    request::open(&db, id).await?,
                ))
            })
            .await?;
        let case = &row.case;
        let pack = self.pinned(&case.service, case.pack_version)?;
        let kept = self.open_answers(&row, &pack)?;
        let today = self.on(case.submitted_on, &kept.locked);
        let shown = actions
            .into_iter()
            .filter(|action| action.is_shown)
            .collect();
        let documents: Result<Vec<Document>, Error> = documents
            .into_iter()
            .map(|row| self.open_document(row))
            .collect();
        let withdraw = withdrawal(&pack, case);
        let mut timeline = self.timeline(&pack, shown)?;
        // Applicants read what the department did, not which officer did it.
        timeline.iter_mut().for_each(|line| line.actor.clear());
        Ok(ApplicationView {
            row: self.application_row(case)?,
            pack_version: case.pack_version,
            lang: case.lang,
            company: case.company,
            demand: case.demand,
            licence: case.licence,
            pages: rules::review(&pack, &kept.answers, &kept.locked, &today),
            documents: documents?,
            timeline,
            question: self.question(open)?,
            may_withdraw: withdraw.is_some(),
            withdrawal_returns_fee: withdraw
                .is_some_and(|(_, to)| to.refund == packs::Refund::Full),
            appeal: appeal(&pack, case),
        })
    }

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

    /// Takes the application back, where its state allows it. The fee comes back where the pack says
    /// so.
    ///
    /// # Errors
    /// [`Error::NoSuchAction`], [`Error::Closed`], [`Error::NoSuchCase`].
    pub async fn withdraw(
        &self,
        applicant: Applicant,
        reference: &Reference,
        reason: Option<String>,
    ) -> Result<(), Error> {
        let id = self.own_case(applicant, reference).await?.case.id;
        let words = reason
            .filter(|words| !words.trim().is_empty())
            .map(|words| checked_words(&words))
            .transpose()?;
        let services = self.clone();
        self.store()
            .write(&applicant.actor(), move |tx| {
                let (services, words) = (services.clone(), words.clone());
                async move { withdraw_in(&services, &tx, id, words).await }
            })
            .await
    }

    pub(crate) fn application_row(&self, case: &Case) -> Result<ApplicationRow, Error> {
        let pack = self.pinned(&case.service, case.pack_version)?;
        let state = pack.case.state(&case.state);
        let needs_reply = state.is_some_and(packs::State::waits_for_applicant);
        Ok(ApplicationRow {
            case: case.id,
            reference: case.reference.clone(),
            service: case.service.clone(),
            service_name: pack.name.clone(),
            state_label: state_label(&pack, &case.state),
            outcome: case.outcome.clone(),
            submitted: case.submitted,
            due: case.due,
            deadline: case.deadline(self.now()),
            needs_reply,
            next: self.next(&pack, case, needs_reply),
        })
    }

    /// The words behind "what happens next, and by when".
    fn next(&self, pack: &Pack, case: &Case, needs_reply: bool) -> Next {
        if case.is_closed() {
            let words = match case.outcome.as_deref() {
                Some("approved") if case.licence.is_some() => Text::new(
                    "Your licence is ready. Open the wallet on your phone to receive it.",
                    "你的牌照已備妥。請打開手機的電子錢包領取。",
                ),
                Some("refused") if pack.appeal.is_some() => Text::new(
                    "Read the reasons in the letter. You can appeal.",
                    "請閱讀信中所列理由。你可提出上訴。",
                ),
                _ => Text::new("Nothing more is needed.", "無須再辦理任何手續。"),
            };
            let by = appeal(pack, case).and_then(|appeal| appeal.by);
            return Next { words, by };
        }
        if needs_reply {
            let calendar = self.calendar();
            let timers = pack.case.state(&case.state).map(|state| &state.after[..]);
            let by = timers
                .unwrap_or_default()
                .iter()
                .map(|timer| rules::wait_until(calendar, timer.wait, case.state_since))
                .min();
            let words = Text::new(
                "We need something from you. The time we promised stops until you reply.",
                "我們需要你補充資料。在你回覆前，承諾的處理時間會暫停計算。",
            );
            return Next { words, by };
        }
        let words = pack.what_happens_next.clone().unwrap_or_else(|| {
            Text::new(
                "We are working on your application.",
                "我們正在處理你的申請。",
            )
        });
        let by = if case.clock == Clock::Running {
            case.due
        } else {
            None
        };
        Next { words, by }
    }

    pub(crate) async fn own_case(
        &self,
        applicant: Applicant,
        reference: &Reference,
    ) -> Result<CaseRow, Error> {
        self.guard_mandate(applicant).await?;
        let reference = reference.clone();
        let row = self
            .store()
            .read(move |db| {
                let reference = reference.clone();
                async move { case::by_reference(&db, &reference).await }
            })
            .await?
            .ok_or(Error::NoSuchCase)?;
        let is_own = row.case.applicant().holder() == applicant.holder();
        if is_own {
            Ok(row)
        } else {
            Err(Error::NoSuchCase)
        }
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

/// The applicant's way out of the present state, and the state it leads to.
fn withdrawal<'p>(pack: &'p Pack, case: &Case) -> Option<(&'p packs::Action, &'p packs::State)> {
    if case.is_closed() {
        return None;
    }
    pack.case
        .actions_for(&case.state, &[APPLICANT])
        .into_iter()
        .find_map(|action| {
            let to = pack.case.state(&action.to.value)?;
            (to.outcome == Some(packs::Outcome::Withdrawn)).then_some((action, to))
        })
}

fn appeal(pack: &Pack, case: &Case) -> Option<Appeal> {
    let appeal = pack.appeal.as_ref()?;
    let decided = case.decided?;
    if case.outcome.as_deref() != Some("refused") {
        return None;
    }
    let by = appeal
        .within_days
        .map(|days| rules::end_of(decided.date().plus_days(i64::from(days))));
    Some(Appeal {
        body: appeal.body.clone(),
        by,
        law: appeal.law.clone(),
    })
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

async fn withdraw_in(
    services: &Services,
    tx: &Write,
    id: Id<Case>,
    words: Option<String>,
) -> Result<(), Error> {
    let mut case = case::get(tx, id).await?.case;
    if case.is_closed() {
        return Err(Error::Closed);
    }
    let pack = services.pinned(&case.service, case.pack_version)?;
    let (action, to) = withdrawal(&pack, &case).ok_or(Error::NoSuchAction)?;
    let author = Author::applicant(&case);
    let step = Step {
        pack: &pack,
        to,
        kind: ActionKind::Withdrawn,
        action: Some(&action.id),
        words,
        author: &author,
    };
    progress::take(services, tx, &mut case, step).await
}
