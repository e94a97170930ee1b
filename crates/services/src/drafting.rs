//! The applicant's way through a draft: start or resume, save a page, settle what two windows typed,
//! delete. Every save is one write; nothing typed is lost.

use std::{collections::BTreeMap, time::Duration};

use journal::{Audit, Event, Step, Usage};
use kernel::{Id, Lang, Time};
use packs::{Answers, Pack};
use serde_json::json;
use store::Write;
use trust::Vault;

use crate::{
    Error, Services,
    applicant::Applicant,
    counted,
    draft::{DRAFTS_PER_HOLDER, Draft, DraftState, OpenDraft},
    error::Problem,
    rules,
    seal::{Column, Kept},
    store::{
        document,
        draft::{self, DraftRow},
    },
};

/// Begins or resumes the one live draft of a service.
#[derive(Clone, Debug)]
pub struct Start {
    pub applicant: Applicant,
    pub service: String,
    pub lang: Lang,
}

/// Who sends a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manner {
    /// The person, by a button.
    Sent,
    /// The page itself, while it is filled in: kept, but not counted as an answer or a mistake.
    Kept,
}

/// One page as posted.
#[derive(Clone, Debug)]
pub struct SavePage {
    pub manner: Manner,
    pub applicant: Applicant,
    pub draft: Id<Draft>,
    /// The revision the page was rendered from.
    pub revision: i64,
    pub page: String,
    /// Names and values of the form, as posted.
    pub form: Vec<(String, String)>,
    pub lang: Lang,
}

/// What a save came to.
#[derive(Clone, Debug)]
pub struct Saved {
    pub draft: OpenDraft,
    /// What to mend on this page; the answers that can be read are saved all the same.
    pub problems: Vec<Problem>,
    /// The page after this one; `None` when the answers can be checked.
    pub next: Option<String>,
}

/// Two versions of one page.
#[derive(Clone, Debug)]
pub struct Conflict {
    pub page: String,
    /// As saved first.
    pub saved: Answers,
    /// As typed in the second window.
    pub typed: Answers,
}

/// Which of two versions the applicant keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    Saved,
    Typed,
}

impl Services {
    /// The live draft of the applicant for a service, begun if there is none. A draft whose version
    /// was cut off is begun anew with what can be carried over by field id.
    ///
    /// # Errors
    /// [`Error::NotOnline`], [`Error::NoSuchService`].
    pub async fn start(&self, start: Start) -> Result<OpenDraft, Error> {
        let right = (identity::Right::Fill, start.service.as_str());
        self.guard_right(start.applicant, right).await?;
        let catalogue = self.catalogue();
        if catalogue
            .retirement(&start.service)
            .is_some_and(|one| one.is_closed(self.now()))
        {
            return self.resume_retired(&start).await;
        }
        let current = catalogue
            .current(&start.service, self.now())
            .ok_or_else(|| {
                if catalogue.entry(&start.service).is_some() {
                    Error::NotOnline
                } else {
                    Error::NoSuchService(start.service.clone())
                }
            })?;
        let pack = std::sync::Arc::clone(&current.pack);
        let services = self.clone();
        let actor = start.applicant.actor();
        let id = self
            .store()
            .write(&actor, move |tx| {
                let (services, start, pack) = (
                    services.clone(),
                    start.clone(),
                    std::sync::Arc::clone(&pack),
                );
                async move { start_in(&services, &tx, &start, &pack).await }
            })
            .await?;
        self.read_draft(id).await
    }

    /// A draft of the applicant.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`] also for somebody else's; [`Error::DraftExpired`].
    pub async fn draft(&self, applicant: Applicant, id: Id<Draft>) -> Result<OpenDraft, Error> {
        let mandate = self.guard_mandate(applicant).await?;
        let open = self.read_draft(id).await?;
        owned(&open.draft, applicant, self.now())?;
        if !Self::sees(mandate.as_ref(), &open.draft.service) {
            return Err(Error::NoSuchDraft);
        }
        Ok(open)
    }

    /// The drafts of the applicant, last touched first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn drafts(&self, applicant: Applicant) -> Result<Vec<Draft>, Error> {
        let mandate = self.guard_mandate(applicant).await?;
        let holder = applicant.holder();
        let rows = self
            .store()
            .read(move |db| {
                let holder = holder.clone();
                async move { draft::of_holder(&db, &holder, DRAFTS_PER_HOLDER).await }
            })
            .await?;
        let drafts = rows.into_iter().map(|row| row.draft);
        Ok(drafts
            .filter(|one| Self::sees(mandate.as_ref(), &one.service))
            .collect())
    }

    /// Saves one page. Answers that can be read are saved even when others on the page cannot; pages
    /// and questions that the new answers hide lose theirs.
    ///
    /// # Errors
    /// [`Error::StaleDraft`] when another window saved first: what was typed is kept beside it, see
    /// [`Services::conflict`]. [`Error::Paid`] once the fee is paid.
    pub async fn save_page(&self, save: SavePage) -> Result<Saved, Error> {
        let open = self.draft(save.applicant, save.draft).await?;
        let right = (identity::Right::Fill, open.draft.service.as_str());
        self.guard_right(save.applicant, right).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let kept = kept_of(&open);
        let today = self.on(self.today(), &kept.locked);
        let form = (save.page.as_str(), save.form.as_slice());
        let reading = rules::read_page(&pack, &kept.answers, form, &today)?;
        let mut typed = Kept {
            answers: reading.answers,
            locked: kept.locked.clone(),
        };
        restore_locked(&mut typed, &kept.answers);
        if save.revision != open.draft.revision {
            self.keep_beside(&save, &typed).await?;
            return Err(Error::StaleDraft {
                current: open.draft.revision,
            });
        }
        self.guard_unpaid(&open.draft).await?;
        let mut draft = open.draft.clone();
        draft.page = Some(save.page.clone());
        draft.lang = save.lang;
        let steps = match save.manner {
            Manner::Kept => Vec::new(),
            Manner::Sent => counted::of_page(
                (&draft, &pack),
                save.applicant,
                &save.page,
                &reading.problems,
            ),
        };
        let mark = Mark {
            action: "draft.saved",
            steps,
        };
        match self.write_answers(draft, &typed, mark).await {
            Err(Error::StaleDraft { current }) => {
                self.keep_beside(&save, &typed).await?;
                Err(Error::StaleDraft { current })
            }
            Err(other) => Err(other),
            Ok(()) => {
                let draft = self.read_draft(save.draft).await?;
                let next = rules::page_after(&pack, &draft.answers, &save.page, &today);
                Ok(Saved {
                    draft,
                    problems: reading.problems,
                    next,
                })
            }
        }
    }

    /// What a second window typed on `page`, beside what is saved.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], also when nothing waits for a choice.
    pub async fn conflict(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
        page: &str,
    ) -> Result<Conflict, Error> {
        let open = self.draft(applicant, id).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let name = page.to_owned();
        let sealed = self
            .store()
            .read(move |db| {
                let name = name.clone();
                async move { draft::conflict(&db, id, &name).await }
            })
            .await?
            .ok_or(Error::NoSuchDraft)?;
        let typed = Kept::open(self.vault(), (Column::ConflictAnswers, id), &sealed, &pack)?;
        Ok(Conflict {
            page: page.to_owned(),
            saved: open.answers,
            typed: typed.answers,
        })
    }

    /// Keeps one of two versions of a page.
    ///
    /// # Errors
    /// As [`Services::conflict`] and [`Services::save_page`].
    pub async fn settle(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
        (page, choice): (&str, Choice),
    ) -> Result<OpenDraft, Error> {
        let open = self.draft(applicant, id).await?;
        if choice == Choice::Typed {
            let conflict = self.conflict(applicant, id, page).await?;
            let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
            self.guard_unpaid(&open.draft).await?;
            let mut kept = kept_of(&open);
            let fields = pack
                .page(page)
                .map(|page| &page.fields[..])
                .unwrap_or_default();
            for field in fields {
                match conflict.typed.get(&field.id) {
                    Some(value) => kept.answers.set(field.id.clone(), value.clone()),
                    None => drop(kept.answers.remove(&field.id)),
                }
            }
            restore_locked(&mut kept, &open.answers);
            self.write_answers(open.draft.clone(), &kept, "draft.settled")
                .await?;
        }
        let name = page.to_owned();
        self.store()
            .write(&applicant.actor(), move |tx| {
                let name = name.clone();
                async move { draft::drop_conflict(&tx, id, &name).await }
            })
            .await?;
        self.read_draft(id).await
    }

    /// Erases a draft with its files. A fee paid for it goes back by itself.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`].
    pub async fn delete_draft(&self, applicant: Applicant, id: Id<Draft>) -> Result<(), Error> {
        let open = self.draft(applicant, id).await?;
        let demand = open.draft.demand;
        self.store()
            .write(&applicant.actor(), move |tx| async move {
                erase_in(&tx, id, "draft.deleted").await?;
                crate::money::let_go(&tx, demand).await
            })
            .await
    }

    /// Reads and opens a draft, whoever it belongs to.
    pub(crate) async fn read_draft(&self, id: Id<Draft>) -> Result<OpenDraft, Error> {
        let (row, conflicts) = self
            .store()
            .read(move |db| async move {
                let row = draft::find(&db, id).await?.ok_or(Error::NoSuchDraft)?;
                let conflicts = draft::conflict_pages(&db, id).await?;
                Ok::<_, Error>((row, conflicts))
            })
            .await?;
        let mut open = self.open_row(row)?;
        open.conflicts = conflicts;
        Ok(open)
    }

    pub(crate) fn open_row(&self, row: DraftRow) -> Result<OpenDraft, Error> {
        let pack = self.pinned(&row.draft.service, row.draft.pack_version)?;
        let place = (Column::DraftAnswers, row.draft.id);
        let kept = Kept::open(self.vault(), place, &row.answers, &pack)?;
        Ok(OpenDraft {
            draft: row.draft,
            answers: kept.answers,
            locked: kept.locked,
            conflicts: Vec::new(),
        })
    }

    /// Writes new answers on the revision the caller read, and thaws a frozen draft: what was checked
    /// is no longer what would be signed.
    pub(crate) async fn write_answers(
        &self,
        mut draft: Draft,
        kept: &Kept,
        mark: impl Into<Mark>,
    ) -> Result<(), Error> {
        let Mark { action, steps } = mark.into();
        let pack = self.pinned(&draft.service, draft.pack_version)?;
        let today = self.on(self.today(), &kept.locked);
        let answers = rules::visible(&pack, &kept.answers, &today);
        let kept = Kept {
            answers,
            locked: kept.locked.clone(),
        };
        let sealed = kept.seal(self.vault(), Column::DraftAnswers, draft.id)?;
        let demand = draft.demand.take();
        draft.state = DraftState::Open;
        draft.frozen_digest = None;
        draft.frozen_on = None;
        draft.fee = None;
        let expires = expiry(&pack, self.now());
        let actor = draft.applicant().actor();
        self.store()
            .write(&actor, move |tx| {
                let (draft, sealed, steps) = (draft.clone(), sealed.clone(), steps.clone());
                async move {
                    if draft::save(&tx, &draft, &sealed).await? == 0 {
                        let row = draft::find(&tx, draft.id)
                            .await?
                            .ok_or(Error::NoSuchDraft)?;
                        return Err(Error::StaleDraft {
                            current: row.draft.revision,
                        });
                    }
                    draft::move_expiry(&tx, draft.id, expires).await?;
                    crate::store::signature::drop_all(&tx, draft.id).await?;
                    crate::money::let_go(&tx, demand).await?;
                    for step in steps {
                        counted::count(&tx, draft.person, step).await?;
                    }
                    note(&tx, action, &draft).await
                }
            })
            .await
    }

    async fn keep_beside(&self, save: &SavePage, typed: &Kept) -> Result<(), Error> {
        let sealed = typed.seal(self.vault(), Column::ConflictAnswers, save.draft)?;
        let (id, page) = (save.draft, save.page.clone());
        self.store()
            .write(&save.applicant.actor(), move |tx| {
                let (page, sealed) = (page.clone(), sealed.clone());
                async move { draft::keep_conflict(&tx, id, &page, &sealed).await }
            })
            .await
    }

    /// Refuses to change a draft whose fee is paid: the amount was worked out from its answers.
    pub(crate) async fn guard_unpaid(&self, draft: &Draft) -> Result<(), Error> {
        if crate::money::is_paid(self.store(), draft.demand).await? {
            return Err(Error::Paid);
        }
        Ok(())
    }
}

/// What a save is on record as, and what it counts as.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) action: &'static str,
    pub(crate) steps: Vec<Usage>,
}

impl From<&'static str> for Mark {
    fn from(action: &'static str) -> Self {
        Self {
            action,
            steps: Vec::new(),
        }
    }
}

/// The draft must be the applicant's own and not over its time.
pub(crate) fn owned(draft: &Draft, applicant: Applicant, now: Time) -> Result<(), Error> {
    if draft.applicant().holder() != applicant.holder() {
        return Err(Error::NoSuchDraft);
    }
    if draft.is_expired(now) {
        return Err(Error::DraftExpired);
    }
    Ok(())
}

pub(crate) fn kept_of(open: &OpenDraft) -> Kept {
    Kept {
        answers: open.answers.clone(),
        locked: open.locked.clone(),
    }
}

/// A locked answer stays what the register says, whatever a form posts.
fn restore_locked(typed: &mut Kept, before: &Answers) {
    for field in typed.locked.keys() {
        match before.get(field) {
            Some(value) => typed.answers.set(field.clone(), value.clone()),
            None => drop(typed.answers.remove(field)),
        }
    }
}

/// The end of the day on which an untouched draft is erased.
pub(crate) fn expiry(pack: &Pack, now: Time) -> Time {
    let last = pack.keep.drafts.after(now.date());
    Time::start_of(last.plus_days(1)).minus(Duration::from_secs(1))
}

async fn start_in(
    services: &Services,
    tx: &Write,
    start: &Start,
    pack: &Pack,
) -> Result<Id<Draft>, Error> {
    let holder = start.applicant.holder();
    let mut carried = Answers::new();
    if let Some(row) = draft::live(tx, &holder, &start.service).await? {
        let accepted = services
            .catalogue()
            .pinned(&row.draft.service, row.draft.pack_version)
            .is_some_and(|one| one.cutoff.is_none_or(|cutoff| tx.now() < cutoff));
        if accepted && !row.draft.is_expired(tx.now()) {
            return Ok(row.draft.id);
        }
        if !row.draft.is_expired(tx.now()) {
            carried = carry_over(services, &row, pack)?;
        }
        erase_in(tx, row.draft.id, "draft.replaced").await?;
        crate::money::let_go(tx, row.draft.demand).await?;
    }
    insert_in(tx, services.vault(), (start, pack), carried).await
}

/// Answers to questions that both versions ask, without files and locked values.
fn carry_over(services: &Services, row: &DraftRow, pack: &Pack) -> Result<Answers, Error> {
    let open = services.open_row(row.clone())?;
    let mut json = open.answers.to_json();
    if let Some(fields) = json.as_object_mut() {
        fields.retain(|id, _| {
            let is_file = pack
                .field(id)
                .is_none_or(|field| matches!(field.kind, packs::FieldKind::File { .. }));
            !is_file && !open.locked.contains_key(id)
        });
    }
    rules::read_stored(pack, &json)
}

async fn insert_in(
    tx: &Write,
    vault: &Vault,
    (start, pack): (&Start, &Pack),
    answers: Answers,
) -> Result<Id<Draft>, Error> {
    let id = tx.id::<Draft>();
    let kept = Kept {
        answers,
        locked: BTreeMap::new(),
    };
    let draft = Draft {
        id,
        service: start.service.clone(),
        pack_version: i64::from(pack.version),
        person: start.applicant.person,
        company: start.applicant.company,
        lang: start.lang,
        state: DraftState::Open,
        revision: 1,
        page: None,
        frozen_digest: None,
        frozen_on: None,
        fee: None,
        demand: None,
        created: tx.now(),
        updated: tx.now(),
        expires: expiry(pack, tx.now()),
    };
    let answers = kept.seal(vault, Column::DraftAnswers, id)?;
    draft::insert(
        tx,
        &DraftRow {
            draft: draft.clone(),
            answers,
        },
    )
    .await?;
    note(tx, "draft.started", &draft).await?;
    let data = json!({
        "service": draft.service,
        "version": draft.pack_version,
        "lang": draft.lang.code(),
    });
    let event = Event {
        kind: "causeway.draft.started.v1",
        subject: id.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    let step = counted::of_draft(Step::Started, &draft, pack, start.applicant.channel);
    counted::count(tx, draft.person, step).await?;
    Ok(id)
}

/// Erases the draft, its files and what was kept beside it.
pub(crate) async fn erase_in(tx: &Write, id: Id<Draft>, action: &'static str) -> Result<(), Error> {
    let Some(row) = draft::find(tx, id).await? else {
        return Ok(());
    };
    for file in document::of_draft(tx, id).await? {
        document::erase(tx, file.id).await?;
    }
    draft::delete(tx, id).await?;
    note(tx, action, &row.draft).await
}

async fn note(tx: &Write, action: &'static str, draft: &Draft) -> Result<(), Error> {
    journal::audit(
        tx,
        Audit {
            action,
            noun: "draft",
            id: draft.id.to_string(),
            reason: None,
            detail: json!({ "service": draft.service, "version": draft.pack_version }),
        },
    )
    .await?;
    Ok(())
}
