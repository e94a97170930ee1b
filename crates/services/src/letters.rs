//! Letters: the pack's words with their places filled, set as PDF in the applicant's language, kept with
//! the case and put into the inbox. The same words serve the officer's preview.

use kernel::{Id, Lang, Text, Time};
use packs::{CaseFacts, Pack, Written};
use paper::{Block, Document as Paper, Letterhead};
use store::Write;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{ActionKind, Case},
    desk::{checked_words, may_see},
    document::{Document, DocumentKind},
    file::ScanState,
    progress::{self, Author, Entry},
    seal::{self, Column},
    store::{
        action,
        case::CaseRow,
        document::{self, DocumentRow},
        request,
    },
    tell::{self, LetterJob},
};

/// What an officer wants to see before they decide.
#[derive(Clone, Debug)]
pub struct Preview {
    pub case: Id<Case>,
    pub action: String,
    pub reason: Option<String>,
}

/// A letter in words and in its one language.
struct Composed {
    title: Text,
    body: Text,
    paper: Paper,
}

impl Services {
    /// The letter that an action would send, as PDF in the applicant's language.
    ///
    /// # Errors
    /// [`Error::NoSuchAction`] when the action sends none; [`Error::WrongRole`].
    pub async fn letter_preview(&self, clerk: &Clerk, preview: Preview) -> Result<Vec<u8>, Error> {
        let row = self.case_row(preview.case).await?;
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        if !may_see(clerk, &pack) {
            return Err(Error::WrongRole);
        }
        let to = pack
            .case
            .state(&row.case.state)
            .and_then(|state| state.action(&preview.action))
            .and_then(|action| pack.case.state(&action.to.value))
            .ok_or(Error::NoSuchAction)?;
        let letter = to.letter.as_ref().ok_or(Error::NoSuchAction)?;
        let reason = preview.reason.as_deref().map(checked_words).transpose()?;
        let composed = self.compose(&row, &pack, (&letter.value, reason)).await?;
        let mut paper = composed.paper;
        paper.notice = Some(notice(row.case.lang));
        set(paper).await
    }

    /// Sets the letter of a job, keeps it and tells the applicant. Running again changes nothing.
    pub(crate) async fn send_letter(&self, job: LetterJob) -> Result<(), Error> {
        let row = self.case_row(job.case).await?;
        let pack = self.pinned(&row.case.service, row.case.pack_version)?;
        let (line, id) = (job.line, job.case);
        let (lines, files, open) = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>((
                    action::all(&db, id).await?,
                    document::of_case(&db, id).await?,
                    request::open(&db, id).await?,
                ))
            })
            .await?;
        let document: Id<Document> = job.line.cast();
        if files.iter().any(|file| file.id == document) {
            return Ok(());
        }
        let line = lines
            .into_iter()
            .find(|row| row.id == line)
            .ok_or(Error::NoSuchCase)?;
        let reason = match &line.words {
            Some(words) => Some(seal::open_text(
                self.vault(),
                Column::ActionWords,
                line.id,
                words,
            )?),
            None => None,
        };
        let composed = self.compose(&row, &pack, (&job.letter, reason)).await?;
        let bytes = set(composed.paper).await?;
        let bytes = identity::signing::seal_pdf(&self.notary(), self.store(), bytes).await?;
        let kept = self.letter_row(&row.case, (document, &job.letter), &composed.title, &bytes)?;
        let content = seal::seal(self.vault(), Column::DocumentContent, document, &bytes)?;
        let reply_by = open
            .filter(|_| row.case.state == job.state)
            .and_then(|open| open.reply_by);
        let services = self.clone();
        let (case, title, body) = (row.case, composed.title, composed.body);
        self.store()
            .write(&kernel::Actor::system("letters"), move |tx| {
                let (services, case, kept) = (services.clone(), case.clone(), kept.clone());
                let (content, title, body) = (content.clone(), title.clone(), body.clone());
                async move {
                    keep_in(&services, &tx, (&case, &kept), &content).await?;
                    tell::lettered(&tx, &case, (&title, &body), kept.id, reply_by).await
                }
            })
            .await
    }

    async fn compose(
        &self,
        row: &CaseRow,
        pack: &Pack,
        (letter, reason): (&str, Option<String>),
    ) -> Result<Composed, Error> {
        let case = &row.case;
        let kept = self.open_answers(row, pack)?;
        let today = self.on(self.today(), &kept.locked);
        let facts = self.case_facts(case, reason).await?;
        let write = |lang: Lang| -> Result<Written, Error> {
            crate::rules::letter(pack, (letter, lang), (&kept.answers, &facts), &today)
        };
        let (en, tc, sc) = (write(Lang::En)?, write(Lang::Tc)?, write(Lang::Sc)?);
        let own = match case.lang {
            Lang::En => &en,
            Lang::Tc => &tc,
            Lang::Sc => &sc,
        };
        let paper = self.paper(row, pack, own)?;
        Ok(Composed {
            title: Text::with_sc(en.title, tc.title, sc.title),
            body: Text::with_sc(en.body, tc.body, sc.body),
            paper,
        })
    }

    fn paper(&self, row: &CaseRow, pack: &Pack, written: &Written) -> Result<Paper, Error> {
        let case = &row.case;
        let department = self.catalogue().department_name(&pack.owner);
        let mut paper = Paper::new(case.lang, written.title.clone(), self.today());
        paper.letterhead = Letterhead {
            department: department.get(case.lang).to_owned(),
            office: Vec::new(),
        };
        paper.reference = Some(case.reference.to_string());
        paper.addressee = vec![self.applicant_of(row)?];
        paper.body = written
            .body
            .split("\n\n")
            .map(str::trim)
            .filter(|paragraph| !paragraph.is_empty())
            .map(|paragraph| Block::Paragraph(paragraph.to_owned()))
            .collect();
        Ok(paper)
    }

    async fn case_facts(&self, case: &Case, reason: Option<String>) -> Result<CaseFacts, Error> {
        let services = self.clone();
        let reference = case.reference.as_str().to_owned();
        let licences = self
            .store()
            .read(move |db| {
                let (services, reference) = (services.clone(), reference.clone());
                async move {
                    Ok::<_, Error>(credentials::of_case(&db, services.issuer(), &reference).await?)
                }
            })
            .await?;
        let licence = licences
            .into_iter()
            .find(|licence| Some(licence.id) == case.licence);
        Ok(CaseFacts {
            reference: case.reference.to_string(),
            submitted_on: Some(case.submitted_on),
            due_on: case.due.map(Time::date),
            decided_on: Some(case.decided.map_or_else(|| self.today(), Time::date)),
            reason,
            fee_total: case.fee,
            issue_number: licence.as_ref().map(|licence| licence.number.clone()),
            issue_valid_from: licence.as_ref().map(|licence| licence.valid_from),
            issue_valid_until: licence.and_then(|licence| licence.valid_until),
        })
    }

    fn letter_row(
        &self,
        case: &Case,
        (id, letter): (Id<Document>, &str),
        title: &Text,
        bytes: &[u8],
    ) -> Result<DocumentRow, Error> {
        let name = format!("{}-{}.pdf", case.reference.as_str(), title.get(case.lang));
        let name = crate::file::safe_name(&name, packs::FileKind::Pdf);
        Ok(DocumentRow {
            id,
            kind: DocumentKind::Letter,
            draft: None,
            case: Some(case.id),
            person: case.person,
            field: letter.to_owned(),
            name: seal::seal(self.vault(), Column::DocumentName, id, name)?,
            media_type: packs::FileKind::Pdf.media_type().to_owned(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            sha256: trust::digest::sha256(bytes),
            scan: ScanState::Clean,
            received: self.now(),
        })
    }
}

async fn keep_in(
    services: &Services,
    tx: &Write,
    (case, row): (&Case, &DocumentRow),
    content: &[u8],
) -> Result<(), Error> {
    document::insert(tx, row, content).await?;
    trust::evidence::append(tx, "letter.sent", row.sha256).await?;
    let entry = Entry {
        action: Some(row.field.clone()),
        detail: serde_json::json!({ "document": row.id }),
        ..Entry::of(case, ActionKind::Lettered)
    };
    progress::write_entry(services, tx, case, (&Author::platform("letters"), entry)).await?;
    Ok(())
}

/// Setting a page takes some ten milliseconds of computing: away from the request threads.
async fn set(paper: Paper) -> Result<Vec<u8>, Error> {
    let bytes = tokio::task::spawn_blocking(move || paper::render(&paper))
        .await
        .map_err(Error::data)??;
    Ok(bytes)
}

fn notice(lang: Lang) -> String {
    Text::new("Preview – not sent", "預覽－尚未發出")
        .get(lang)
        .to_owned()
}
