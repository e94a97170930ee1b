//! The applicant's view after submission: live status and what happens next by when, the timeline in
//! words, answering a request, withdrawing. What they read comes from the same rows and timers the desk
//! sees.

use identity::Company;
use kernel::{Cursor, Id, Lang, Page, Text, Time};
use packs::{APPLICANT, Pack};
use serde::Serialize;
use store::Write;

use crate::{
    Error, Services,
    applicant::Applicant,
    case::{ActionKind, Case, Clock},
    deadline::Deadline,
    desk::{Question, checked_words},
    document::Document,
    progress::{self, Author, Step},
    reference::Reference,
    rules,
    store::{
        action,
        case::{self, CaseRow},
        document, request,
    },
    submit::ReviewPage,
    timeline::{TimelineLine, state_label},
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
        let mandate = self.guard_mandate(applicant).await?;
        let holder = applicant.holder();
        let before = case::cursor(after);
        let rows = self
            .store()
            .read(move |db| {
                let holder = holder.clone();
                let rows = Page::<CaseRow>::fetch();
                async move { case::of_holder(&db, &holder, before, rows).await }
            })
            .await?;
        let seen = |service: &str| Self::sees(mandate.as_ref(), service);
        let page = Page::cut(rows, |row| Cursor(row.case.id.to_string()));
        let items: Result<Vec<_>, Error> = page
            .items
            .iter()
            .filter(|row| seen(&row.case.service))
            .map(|row| self.application_row(&row.case))
            .collect();
        Ok(Page {
            items: items?,
            next: page.next,
        })
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
                Some("refused") if pack.appeal_from(&case.state).is_some() => Text::new(
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
        let mandate = self.guard_mandate(applicant).await?;
        let reference = reference.clone();
        let row = self
            .store()
            .read(move |db| {
                let reference = reference.clone();
                async move { case::by_reference(&db, &reference).await }
            })
            .await?
            .ok_or(Error::NoSuchCase)?;
        let is_own = row.case.applicant().holder() == applicant.holder()
            && Self::sees(mandate.as_ref(), &row.case.service);
        if is_own {
            Ok(row)
        } else {
            Err(Error::NoSuchCase)
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
    let appeal = pack.appeal_from(&case.state)?;
    let decided = case.decided?;
    let by = appeal
        .within_days
        .map(|days| rules::end_of(decided.date().plus_days(i64::from(days))));
    Some(Appeal {
        body: appeal.body.clone(),
        by,
        law: appeal.law.clone(),
    })
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
