//! Files of applicants: examined at the door by their bytes, kept sealed in quarantine, examined for
//! malware by a job, removed again. A file belongs to a draft, or to a question that an officer reopened.

use journal::{Audit, Job};
use kernel::Id;
use packs::{Answers, FileAnswer, Pack, Value};
use serde_json::json;
use store::Write;
use trust::digest;

use crate::{
    Error, Services,
    applicant::Applicant,
    case::Case,
    document::{Content, Document, DocumentKind},
    draft::Draft,
    drafting::kept_of,
    file::{self, BYTES_PER_APPLICATION, FILES_PER_APPLICATION, FileError, ScanState},
    rules,
    seal::{self, Column},
    store::document::{self, DocumentRow},
};

/// The job that examines one file.
pub(crate) const SCAN_JOB: &str = "services.scan";

/// A file as posted.
#[derive(Clone)]
pub struct NewUpload {
    pub applicant: Applicant,
    pub draft: Id<Draft>,
    pub field: String,
    /// The name on the sender's device; made safe before it is kept.
    pub file_name: String,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for NewUpload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewUpload({}, {} bytes)", self.field, self.bytes.len())
    }
}

/// What an upload came to.
#[derive(Clone, Debug)]
pub struct Uploaded {
    pub document: Document,
    /// The revision of the draft afterwards: a page saved with it is not stale.
    pub revision: i64,
}

/// A file that passed the door.
pub(crate) struct Examined {
    pub(crate) row: DocumentRow,
    pub(crate) content: Vec<u8>,
    pub(crate) answer: FileAnswer,
}

impl Services {
    /// Takes a file for a question of a draft into quarantine.
    ///
    /// # Errors
    /// [`Error::File`] for an empty, oversize, disguised or surplus file; [`Error::NoSuchPage`] when
    /// the question takes no file.
    pub async fn upload(&self, upload: NewUpload) -> Result<Uploaded, Error> {
        let open = self.draft(upload.applicant, upload.draft).await?;
        self.guard_unpaid(&open.draft).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let examined = self.examine(&pack, &open.answers, &upload)?;
        let mut kept = kept_of(&open);
        add_file(&mut kept.answers, &upload.field, examined.answer.clone());
        let row = DocumentRow {
            draft: Some(upload.draft),
            ..examined.row
        };
        let id = row.id;
        let content = examined.content;
        self.store()
            .write(&upload.applicant.actor(), move |tx| {
                let (row, content) = (row.clone(), content.clone());
                async move { keep_in(&tx, &row, &content).await }
            })
            .await?;
        let saved = self
            .write_answers(open.draft.clone(), &kept, "draft.uploaded")
            .await;
        if let Err(error) = saved {
            self.drop_upload(upload.applicant, id).await?;
            return Err(error);
        }
        let revision = self.read_draft(upload.draft).await?.draft.revision;
        Ok(Uploaded {
            document: self.document(id).await?,
            revision,
        })
    }

    /// Removes a file from a draft.
    ///
    /// # Errors
    /// [`Error::NoSuchDocument`], [`Error::Paid`].
    pub async fn remove_upload(
        &self,
        applicant: Applicant,
        draft: Id<Draft>,
        id: Id<Document>,
    ) -> Result<i64, Error> {
        let open = self.draft(applicant, draft).await?;
        self.guard_unpaid(&open.draft).await?;
        let document = self.document(id).await?;
        if document.draft != Some(draft) {
            return Err(Error::NoSuchDocument);
        }
        let mut kept = kept_of(&open);
        remove_file(&mut kept.answers, &document.field, &id.to_string());
        self.write_answers(open.draft.clone(), &kept, "draft.upload_removed")
            .await?;
        self.drop_upload(applicant, id).await?;
        Ok(self.read_draft(draft).await?.draft.revision)
    }

    /// The files of a draft, in the order they came.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`].
    pub async fn uploads(
        &self,
        applicant: Applicant,
        draft: Id<Draft>,
    ) -> Result<Vec<Document>, Error> {
        self.draft(applicant, draft).await?;
        let rows = self
            .store()
            .read(move |db| async move { document::of_draft(&db, draft).await })
            .await?;
        rows.into_iter()
            .map(|row| self.open_document(row))
            .collect()
    }

    /// A document of the applicant's own, with its bytes: a file they gave, or a letter.
    ///
    /// # Errors
    /// [`Error::NoSuchDocument`] also for somebody else's; [`Error::Infected`].
    pub async fn own_document(
        &self,
        applicant: Applicant,
        id: Id<Document>,
    ) -> Result<Content, Error> {
        self.guard_mandate(applicant).await?;
        let document = self.document(id).await?;
        let holder = match (document.draft, document.case) {
            (Some(draft), _) => self.read_draft(draft).await?.draft.applicant().holder(),
            (None, Some(case)) => self.case_row(case).await?.case.applicant().holder(),
            (None, None) => return Err(Error::NoSuchDocument),
        };
        if holder != applicant.holder() {
            return Err(Error::NoSuchDocument);
        }
        if document.scan == ScanState::Infected {
            return Err(Error::Infected);
        }
        self.read_content(id).await
    }

    /// Examines a file at the door: kind by its bytes, size, number, room left.
    pub(crate) fn examine(
        &self,
        pack: &Pack,
        answers: &Answers,
        upload: &NewUpload,
    ) -> Result<Examined, Error> {
        let no_page = || Error::NoSuchPage(upload.field.clone());
        let field = pack.field(&upload.field).ok_or_else(no_page)?;
        let (accepts, most) = rules::accepts(field).ok_or_else(no_page)?;
        let kind = file::examine(&upload.bytes, &accepts)?;
        let held = match answers.get(&upload.field) {
            Some(Value::Files(files)) => files.len(),
            _ => 0,
        };
        if held >= most {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            return Err(FileError::TooMany { most }.into());
        }
        let id = self.env().id::<Document>();
        let name = file::safe_name(&upload.file_name, kind);
        let sha256 = digest::sha256(&upload.bytes);
        let vault = self.vault();
        let row = DocumentRow {
            id,
            kind: DocumentKind::Upload,
            draft: None,
            case: None,
            person: upload.applicant.person,
            field: upload.field.clone(),
            name: seal::seal(vault, Column::DocumentName, id, &name)?,
            media_type: kind.media_type().to_owned(),
            size: i64::try_from(upload.bytes.len()).unwrap_or(i64::MAX),
            sha256,
            scan: ScanState::Received,
            received: self.now(),
        };
        let answer = FileAnswer {
            id: id.to_string(),
            name,
            kind: kind.code().to_owned(),
            bytes: u64::try_from(upload.bytes.len()).unwrap_or(u64::MAX),
            sha256: digest::hex(&sha256),
        };
        let content = seal::seal(vault, Column::DocumentContent, id, &upload.bytes)?;
        Ok(Examined {
            row,
            content,
            answer,
        })
    }

    pub(crate) async fn document(&self, id: Id<Document>) -> Result<Document, Error> {
        let row = self
            .store()
            .read(move |db| async move { document::find(&db, id).await })
            .await?
            .ok_or(Error::NoSuchDocument)?;
        self.open_document(row)
    }

    pub(crate) fn open_document(&self, row: DocumentRow) -> Result<Document, Error> {
        Ok(Document {
            name: seal::open_text(self.vault(), Column::DocumentName, row.id, &row.name)?,
            id: row.id,
            kind: row.kind,
            draft: row.draft,
            case: row.case,
            person: row.person,
            field: row.field,
            media_type: row.media_type,
            size: row.size,
            sha256: row.sha256,
            scan: row.scan,
            received: row.received,
        })
    }

    pub(crate) async fn read_content(&self, id: Id<Document>) -> Result<Content, Error> {
        let document = self.document(id).await?;
        let sealed = self
            .store()
            .read(move |db| async move { document::content(&db, id).await })
            .await?
            .ok_or(Error::NoSuchDocument)?;
        let bytes = seal::open(self.vault(), Column::DocumentContent, id, &sealed)?;
        Ok(Content { document, bytes })
    }

    pub(crate) async fn case_row(
        &self,
        id: Id<Case>,
    ) -> Result<crate::store::case::CaseRow, Error> {
        self.store()
            .read(move |db| async move { crate::store::case::get(&db, id).await })
            .await
    }

    async fn drop_upload(&self, applicant: Applicant, id: Id<Document>) -> Result<(), Error> {
        self.store()
            .write(&applicant.actor(), move |tx| async move {
                document::erase(&tx, id).await
            })
            .await
    }
}

/// Officers see a file once it is out of quarantine.
pub(crate) const fn released(document: &Document) -> Result<(), Error> {
    match document.scan {
        ScanState::Clean | ScanState::NotScanned => Ok(()),
        ScanState::Received => Err(Error::Quarantined),
        ScanState::Infected => Err(Error::Infected),
    }
}

/// Keeps the file and queues its examination.
pub(crate) async fn keep_in(tx: &Write, row: &DocumentRow, content: &[u8]) -> Result<(), Error> {
    let (files, bytes) = match (row.draft, row.case) {
        (Some(draft), _) => document::used_by_draft(tx, draft).await?,
        (None, Some(case)) => document::used_by_case(tx, case).await?,
        (None, None) => return Err(Error::NoSuchDocument),
    };
    if files >= FILES_PER_APPLICATION || bytes + row.size > BYTES_PER_APPLICATION {
        return Err(FileError::TooMany {
            most: FILES_PER_APPLICATION,
        }
        .into());
    }
    document::insert(tx, row, content).await?;
    journal::enqueue(
        tx,
        Job {
            kind: SCAN_JOB,
            key: Some(format!("scan/{}", row.id)),
            payload: json!({ "document": row.id }),
            run_at: tx.now(),
        },
    )
    .await?;
    journal::audit(
        tx,
        Audit {
            action: "document.received",
            noun: "document",
            id: row.id.to_string(),
            reason: None,
            detail: json!({ "bytes": row.size, "type": row.media_type, "field": row.field }),
        },
    )
    .await?;
    Ok(())
}

pub(crate) fn add_file(answers: &mut Answers, field: &str, file: FileAnswer) {
    let mut files = match answers.get(field) {
        Some(Value::Files(files)) => files.clone(),
        _ => Vec::new(),
    };
    files.push(file);
    answers.set(field, Value::Files(files));
}

pub(crate) fn remove_file(answers: &mut Answers, field: &str, id: &str) {
    if let Some(Value::Files(files)) = answers.get(field) {
        let left = files.iter().filter(|file| file.id != id).cloned().collect();
        answers.set(field, Value::Files(left));
    }
}
