//! From checked answers to a case: freeze, pay, sign, submit. Submission is one write: case, queue,
//! timers, timeline, audit, event, evidence and inbox message commit together or not at all, and a
//! second submission of the same draft answers with the first one's reference.

mod write;

use identity::{Approval, Binding, Right};
use kernel::{Id, Text};
use packs::Pack;
use serde::Serialize;
use trust::digest;

use crate::{
    Error, Services,
    applicant::Applicant,
    case::Case,
    draft::{Draft, DraftState, OpenDraft},
    drafting::kept_of,
    error::{Problem, Refusal},
    money::{self, Fee},
    plan::Plan,
    reference::{ATTEMPTS, Reference},
    rules,
    seal::Column,
    signing::SigningKind,
    store::{case, draft, signature::Signed},
};

/// Everything the "check your answers" page shows.
#[derive(Clone, Debug)]
pub struct Review {
    pub draft: OpenDraft,
    pub pages: Vec<ReviewPage>,
    /// Empty when the answers are complete and right.
    pub problems: Vec<Problem>,
    /// Rules that refuse the application; empty when it can be made.
    pub refusals: Vec<Refusal>,
    /// Rules that only warn.
    pub warnings: Vec<Refusal>,
    /// `None` while the answers do not tell the fee yet.
    pub fee: Option<Fee>,
}

/// A page of answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReviewPage {
    pub id: String,
    pub title: Text,
    pub rows: Vec<ReviewRow>,
}

/// One answer in words. `item` counts the items of a repeat group from 1; zero outside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ReviewRow {
    pub field: String,
    pub item: usize,
    pub label: Text,
    pub value: Text,
    pub is_locked: bool,
    /// Ids of documents, for file questions.
    pub documents: Vec<String>,
}

/// What has to happen next with a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Questions are open; the page to go to.
    Answer(String),
    /// All answered: check them.
    Check,
    Pay(Id<payments::Demand>),
    Sign,
    /// Signed in person for a company: its chop comes next.
    Chop,
    Submit,
}

/// Asks the phone to sign the frozen answers.
#[derive(Clone, Debug)]
pub struct AskSignature {
    pub applicant: Applicant,
    pub draft: Id<Draft>,
    pub binding: Binding,
    /// Where the browser is, coarse: [`identity::place_of`].
    pub place: Text,
    /// A local path the browser goes to when the phone has answered.
    pub return_to: String,
}

/// An approval that signs, and the browser it was asked by.
#[derive(Clone, Debug)]
pub struct Signature {
    pub approval: Id<Approval>,
    pub binding: Binding,
}

/// Submits a draft.
#[derive(Clone, Debug)]
pub struct Submit {
    pub applicant: Applicant,
    pub draft: Id<Draft>,
    /// Needed when the pack asks for it.
    pub signature: Option<Signature>,
}

/// A submitted application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Submitted {
    pub case: Id<Case>,
    pub reference: Reference,
    /// Submitted before: the same answer again.
    pub is_repeat: bool,
}

impl Services {
    /// The answers in words, what is missing, whether the rules allow it, and the fee.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::DraftExpired`].
    pub async fn review(&self, applicant: Applicant, id: Id<Draft>) -> Result<Review, Error> {
        let open = self.draft(applicant, id).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let day = open.draft.frozen_on.unwrap_or_else(|| self.today());
        let today = &self.on(day, &open.locked);
        let verdict = rules::verdict(&pack, &open.answers, today);
        Ok(Review {
            pages: rules::review(&pack, &open.answers, &open.locked, today),
            problems: rules::problems(&pack, &open.answers, today),
            refusals: verdict.refusals,
            warnings: verdict.warnings,
            fee: rules::fee(&pack, &open.answers, today).ok(),
            draft: open,
        })
    }

    /// The rules that refuse on the answers given so far: better known now than on the last page.
    ///
    /// # Errors
    /// [`Error::NoSuchService`].
    pub fn refusals(&self, open: &OpenDraft) -> Result<Vec<Refusal>, Error> {
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let day = open.draft.frozen_on.unwrap_or_else(|| self.today());
        let today = self.on(day, &open.locked);
        Ok(rules::verdict(&pack, &open.answers, &today).refusals)
    }

    /// Where the draft stands on the way to submission.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::DraftExpired`].
    pub async fn stage(&self, applicant: Applicant, id: Id<Draft>) -> Result<Stage, Error> {
        let open = self.draft(applicant, id).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let today = &self.on(self.today(), &open.locked);
        if open.draft.state == DraftState::Open {
            let problems = rules::problems(&pack, &open.answers, today);
            return Ok(problems
                .first()
                .map_or(Stage::Check, |problem| Stage::Answer(problem.page.clone())));
        }
        match open.draft.demand {
            Some(demand) if !money::is_paid(self.store(), Some(demand)).await? => {
                Ok(Stage::Pay(demand))
            }
            _ if pack.identity.sign && open.draft.company.is_some() => {
                Ok(match self.next_signing(&open).await? {
                    Some(SigningKind::Personal) => Stage::Sign,
                    Some(SigningKind::Chop) => Stage::Chop,
                    None => Stage::Submit,
                })
            }
            _ if pack.identity.sign => Ok(Stage::Sign),
            _ => Ok(Stage::Submit),
        }
    }

    /// Fixes the checked answers: everything is answered, the rules allow it, the fee is known and
    /// demanded. Freezing what is frozen already changes nothing.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::NotEligible`], [`Error::OneLive`], [`Error::LevelTooLow`],
    /// [`Error::CutOff`], [`Error::StaleDraft`].
    pub async fn freeze(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
        revision: i64,
    ) -> Result<Stage, Error> {
        let open = self.draft(applicant, id).await?;
        if open.draft.revision != revision {
            return Err(Error::StaleDraft {
                current: open.draft.revision,
            });
        }
        if open.draft.state == DraftState::Open {
            let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
            self.guard_applicant(applicant, &open.draft, &pack).await?;
            let right = (Right::Sign, pack.service.as_str());
            let mandate = self.guard_right(applicant, right).await?;
            let fee = self.guard_answers(&open, &pack)?;
            let cost = (id, fee.total, SigningKind::Personal);
            self.guard_limit(mandate.as_ref(), cost).await?;
            self.guard_live(&open.draft, &pack).await?;
            self.freeze_with(&open, (&pack, applicant), fee).await?;
        }
        self.stage(applicant, id).await
    }

    async fn freeze_with(
        &self,
        open: &OpenDraft,
        (pack, applicant): (&Pack, Applicant),
        fee: Fee,
    ) -> Result<(), Error> {
        let mut frozen = open.draft.clone();
        frozen.state = DraftState::Frozen;
        frozen.frozen_digest = Some(digest::sha256(open.answers.canonical()));
        frozen.frozen_on = Some(self.today());
        frozen.fee = Some(fee.total);
        let answers = kept_of(open).seal(self.vault(), Column::DraftAnswers, frozen.id)?;
        let payee = self.catalogue().department_name(&pack.owner);
        let pack = self.pinned(&frozen.service, frozen.pack_version)?;
        let actor = applicant.actor();
        self.store()
            .write(&actor, move |tx| {
                let (mut frozen, answers, fee) = (frozen.clone(), answers.clone(), fee.clone());
                let (pack, payee) = (std::sync::Arc::clone(&pack), payee.clone());
                async move {
                    if !fee.total.is_zero() {
                        let words = (pack.as_ref(), &payee);
                        frozen.demand =
                            Some(money::demand_in(&tx, (&frozen, applicant), words, &fee).await?);
                    }
                    match draft::save(&tx, &frozen, &answers).await? {
                        0 => Err(Error::StaleDraft {
                            current: frozen.revision + 1,
                        }),
                        _ => Ok(()),
                    }
                }
            })
            .await
    }

    /// Asks the phone for the signature over the frozen answers; for a company, for the step of signing
    /// that comes next.
    ///
    /// # Errors
    /// [`Error::NotFrozen`], [`Error::NotPaid`], or identity refuses.
    pub async fn ask_signature(&self, ask: AskSignature) -> Result<Approval, Error> {
        let open = self.draft(ask.applicant, ask.draft).await?;
        open.draft.frozen_digest.ok_or(Error::NotFrozen)?;
        self.guard_paid(&open.draft).await?;
        let kind = match ask.applicant.company {
            Some(_) => self.next_signing(&open).await?,
            None => None,
        };
        let kind = kind.unwrap_or(SigningKind::Personal);
        let new = self.signing_question(&ask, (&open, kind)).await?;
        Ok(identity::ask(self.store(), &ask.applicant.actor(), new).await?)
    }

    /// Submits a frozen, paid and signed draft. Submitting twice gives the same reference.
    ///
    /// # Errors
    /// [`Error::NotFrozen`], [`Error::NotPaid`], [`Error::NotSigned`], [`Error::WrongSignature`],
    /// [`Error::OneLive`], [`Error::Infected`], [`Error::CutOff`].
    pub async fn submit(&self, submit: Submit) -> Result<Submitted, Error> {
        if let Some(done) = self
            .submitted_before(submit.applicant, submit.draft)
            .await?
        {
            return Ok(done);
        }
        match self.submit_draft(&submit).await {
            // Another submission of the same draft may have won at any step on the way.
            Err(error) => self
                .submitted_before(submit.applicant, submit.draft)
                .await?
                .ok_or(error),
            done => done,
        }
    }

    async fn submit_draft(&self, submit: &Submit) -> Result<Submitted, Error> {
        let open = self.draft(submit.applicant, submit.draft).await?;
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        self.guard_applicant(submit.applicant, &open.draft, &pack)
            .await?;
        self.guard_paid(&open.draft).await?;
        let signed = self.signatures(submit, (&open, &pack)).await?;
        let mut last = Error::CaseMoved;
        for _ in 0..ATTEMPTS {
            let plan = self.plan((&open, &signed), &pack, submit).await?;
            match self.submit_once(plan).await {
                Err(Error::Store(error)) if error.is_unique("case_file.reference") => {
                    last = Error::Store(error);
                }
                Err(error) => return Err(self.explain(error, &open.draft).await),
                Ok(submitted) => return Ok(submitted),
            }
        }
        Err(last)
    }

    /// What a company has signed, with the signature that came just now. A person's own signature is used
    /// in the write that submits.
    async fn signatures(
        &self,
        submit: &Submit,
        (open, pack): (&OpenDraft, &Pack),
    ) -> Result<Vec<Signed>, Error> {
        if !pack.identity.sign {
            return Ok(Vec::new());
        }
        if open.draft.company.is_none() {
            return match submit.signature {
                Some(_) => Ok(Vec::new()),
                None => Err(Error::NotSigned),
            };
        }
        if let Some(given) = &submit.signature {
            self.keep_signature(submit.applicant, (open, given)).await?;
        }
        self.both_signatures(open).await
    }

    /// Two applications at one time: the second one hears of the live one.
    async fn explain(&self, error: Error, draft: &Draft) -> Error {
        match error {
            Error::Store(error) if error.is_unique("case_file.live_key") => {
                let guarded = match self.pinned(&draft.service, draft.pack_version) {
                    Ok(pack) => self.guard_live(draft, &pack).await,
                    Err(error) => Err(error),
                };
                guarded.err().unwrap_or(Error::OneLive { reference: None })
            }
            other => other,
        }
    }

    async fn submitted_before(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
    ) -> Result<Option<Submitted>, Error> {
        let found = self
            .store()
            .read(move |db| async move { case::of_draft(&db, id).await })
            .await?;
        match found {
            None => Ok(None),
            Some(row) if row.case.applicant().holder() == applicant.holder() => {
                let Case { id, reference, .. } = row.case;
                Ok(Some(Submitted {
                    case: id,
                    reference,
                    is_repeat: true,
                }))
            }
            Some(_) => Err(Error::NoSuchDraft),
        }
    }

    async fn submit_once(&self, plan: Plan) -> Result<Submitted, Error> {
        let services = self.clone();
        let actor = plan.actor.clone();
        self.store()
            .write(&actor, move |tx| {
                let (services, plan) = (services.clone(), plan.clone());
                async move { write::submit_in(&services, &tx, plan).await }
            })
            .await
    }

    pub(crate) async fn guard_paid(&self, draft: &Draft) -> Result<(), Error> {
        match draft.demand {
            Some(demand) if !money::is_paid(self.store(), Some(demand)).await? => {
                Err(Error::NotPaid)
            }
            _ => Ok(()),
        }
    }

    /// Level of identification, mandate, and whether the version is still accepted.
    async fn guard_applicant(
        &self,
        applicant: Applicant,
        draft: &Draft,
        pack: &Pack,
    ) -> Result<(), Error> {
        let catalogue = self.catalogue();
        let cutoff = catalogue
            .pinned(&draft.service, draft.pack_version)
            .and_then(|one| one.cutoff);
        let is_over = catalogue
            .retirement(&draft.service)
            .is_some_and(|one| one.is_over(self.now()));
        if is_over || cutoff.is_some_and(|cutoff| self.now() >= cutoff) {
            return Err(Error::CutOff);
        }
        let person = identity::find_person(self.store(), applicant.person)
            .await?
            .ok_or(identity::Error::NotFound)?;
        if person.level < rules::level(pack) {
            return Err(Error::LevelTooLow);
        }
        let Some(mandate) = self.guard_mandate(applicant).await? else {
            return Ok(());
        };
        // Paid for: whoever bound the company by freezing it was asked then.
        if !pack.identity.sign && draft.demand.is_some() {
            return Ok(());
        }
        if mandate.may(Right::Chop, &pack.service) {
            return Ok(());
        }
        let right = (Right::Sign, pack.service.as_str());
        self.guard_right(applicant, right).await?;
        Ok(())
    }

    fn guard_answers(&self, open: &OpenDraft, pack: &Pack) -> Result<Fee, Error> {
        let today = &self.on(self.today(), &open.locked);
        let problems = rules::problems(pack, &open.answers, today);
        if !problems.is_empty() {
            return Err(Error::Incomplete(problems));
        }
        let verdict = rules::eligibility(pack, &open.answers, today);
        if !verdict.refusals.is_empty() {
            return Err(Error::NotEligible(verdict.refusals));
        }
        rules::fee(pack, &open.answers, today)
    }

    /// Says early what the unique index would say at the end, after the fee was paid.
    async fn guard_live(&self, draft: &Draft, pack: &Pack) -> Result<(), Error> {
        let Some(key) = live_key(draft, pack) else {
            return Ok(());
        };
        let found = self
            .store()
            .read(move |db| {
                let key = key.clone();
                async move { case::of_live_key(&db, &key).await }
            })
            .await?;
        match found {
            Some(row) => Err(Error::OneLive {
                reference: Some(row.case.reference),
            }),
            None => Ok(()),
        }
    }
}

/// The value that two live applications of one applicant would share.
pub(crate) fn live_key(draft: &Draft, pack: &Pack) -> Option<String> {
    let per = pack.identity.one_live_application_per?;
    let holder = match (per, draft.company) {
        (packs::Applicant::Company, Some(company)) => format!("company:{company}"),
        _ => format!("person:{}", draft.person),
    };
    Some(format!("{}/{holder}", draft.service))
}
