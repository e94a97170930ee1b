//! Signing for a company, in two steps: a person signs the frozen answers, then the company chop is put
//! on the same answers, by the same person or another. Who may do which is asked of the mandate at every
//! step and once more in the write that submits, so that whoever has left signs nothing.

use identity::{Approved, Mandate, NewApproval, Purpose, Right, Weighed};
use journal::Audit;
use kernel::{Id, Money, Text};
use serde_json::json;
use store::{Read, Write};

use crate::{
    Error, Services,
    applicant::Applicant,
    draft::{Draft, DraftState, OpenDraft},
    rules,
    store::{
        draft,
        signature::{self, Signed},
    },
    submit::{AskSignature, Signature},
    tell,
};

/// Which of the two steps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningKind {
    Personal,
    Chop,
}

store::text_codes!(SigningKind { Personal => "personal", Chop => "chop" });

impl SigningKind {
    /// What a mandate must allow for it.
    #[must_use]
    pub const fn right(self) -> Right {
        match self {
            Self::Personal => Right::Sign,
            Self::Chop => Right::Chop,
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Personal => Purpose::Sign,
            Self::Chop => Purpose::Chop,
        }
    }
}

/// What the person at the browser may do with a company's draft, and who else may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    pub may_sign: bool,
    pub may_chop: bool,
    /// Names of those who may sign in person.
    pub signers: Vec<String>,
    /// Names of those who may put the chop.
    pub choppers: Vec<String>,
    /// Who signed in person already.
    pub signed_by: Option<String>,
    /// The person's own limit, where the fee goes above it and no second person has let it pass.
    pub over_limit: Option<identity::Limit>,
}

impl Services {
    /// What stands between the person and a company's application; `None` for a person's own.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], [`Error::NoMandate`].
    pub async fn standing(
        &self,
        applicant: Applicant,
        (open, fee): (&OpenDraft, Money),
    ) -> Result<Option<Standing>, Error> {
        let Some(mandate) = self.guard_mandate(applicant).await? else {
            return Ok(None);
        };
        let service = open.draft.service.as_str();
        let id = open.draft.id;
        let signed = self
            .store()
            .read(move |db| async move { signature::of_draft(&db, id).await })
            .await?;
        let personal = signed.iter().find(|one| one.kind == SigningKind::Personal);
        let signed_by = match personal {
            Some(one) => identity::find_person(self.store(), one.person).await?,
            None => None,
        };
        let kind = match signed_by {
            Some(_) => SigningKind::Chop,
            None => SigningKind::Personal,
        };
        let over_limit = match self.weigh(&mandate, (id, fee, kind)).await? {
            Weighed::Over(limit) => Some(limit),
            Weighed::Within | Weighed::Passed => None,
        };
        Ok(Some(Standing {
            may_sign: mandate.may(Right::Sign, service),
            may_chop: mandate.may(Right::Chop, service),
            signers: self.who_may(&mandate, Right::Sign, service).await?,
            choppers: self.who_may(&mandate, Right::Chop, service).await?,
            signed_by: signed_by.map(|person| person.name.en),
            over_limit,
        }))
    }

    /// Whoever acts for a company must hold its mandate now, not only when they signed in.
    pub(crate) async fn guard_mandate(
        &self,
        applicant: Applicant,
    ) -> Result<Option<Mandate>, Error> {
        let Some(company) = applicant.company else {
            return Ok(None);
        };
        let found = identity::mandate_for(self.store(), applicant.person, company).await?;
        let usable = found.filter(|one| one.powers.may_access || one.powers.may_chop);
        Ok(Some(usable.ok_or(Error::NoMandate)?))
    }

    /// As [`Services::guard_mandate`], and the mandate must allow this in this service. The refusal
    /// says who can.
    pub(crate) async fn guard_right(
        &self,
        applicant: Applicant,
        (right, service): (Right, &str),
    ) -> Result<Option<Mandate>, Error> {
        let Some(mandate) = self.guard_mandate(applicant).await? else {
            return Ok(None);
        };
        if mandate.may(right, service) {
            return Ok(Some(mandate));
        }
        let who = self.who_may(&mandate, right, service).await?;
        Err(match right {
            Right::Fill | Right::Administer => Error::OtherService { who },
            Right::Sign => Error::MayNotSign { who },
            Right::Chop => Error::MayNotChop { who },
        })
    }

    /// Whether the mandate shows this service at all.
    pub(crate) fn sees(mandate: Option<&Mandate>, service: &str) -> bool {
        mandate.is_none_or(|one| one.may(Right::Fill, service) || one.may(Right::Chop, service))
    }

    async fn who_may(
        &self,
        mandate: &Mandate,
        right: Right,
        service: &str,
    ) -> Result<Vec<String>, Error> {
        let service = service.to_owned();
        let fits = move |powers: &identity::Powers| powers.may(right, &service);
        Ok(identity::who_may(self.store(), mandate.company.id, fits).await?)
    }

    async fn weigh(
        &self,
        mandate: &Mandate,
        cost: (Id<Draft>, Money, SigningKind),
    ) -> Result<Weighed, Error> {
        let mandate = mandate.clone();
        self.store()
            .read(move |db| {
                let mandate = mandate.clone();
                async move { weigh_in(&db, &mandate, cost).await }
            })
            .await
    }

    /// Refuses to bind the company to more than the person may, unless a second person has agreed.
    pub(crate) async fn guard_limit(
        &self,
        mandate: Option<&Mandate>,
        (draft, amount, kind): (Id<Draft>, Money, SigningKind),
    ) -> Result<(), Error> {
        let Some(mandate) = mandate else {
            return Ok(());
        };
        let Weighed::Over(limit) = self.weigh(mandate, (draft, amount, kind)).await? else {
            return Ok(());
        };
        let fits = move |powers: &identity::Powers| {
            powers.is_within(amount) && powers.role > identity::MemberRole::User
        };
        let who = identity::who_may(self.store(), mandate.company.id, fits).await?;
        Err(Error::OverLimit { limit, who })
    }

    /// Puts the amount of a draft forward for a second person of the company.
    ///
    /// # Errors
    /// [`Error::NoSuchDraft`], or identity refuses.
    pub async fn ask_to_exceed(
        &self,
        applicant: Applicant,
        id: Id<Draft>,
    ) -> Result<identity::Proposed, Error> {
        let review = self.review(applicant, id).await?;
        let company = applicant.company.ok_or(Error::NoMandate)?;
        let pack = self.pinned(&review.draft.draft.service, review.draft.draft.pack_version)?;
        let change = identity::Change::OverLimit {
            about: id.to_string(),
            service: pack.service.clone(),
            title: pack.name.clone(),
            amount: review.fee.map(|fee| fee.total).unwrap_or_default(),
        };
        Ok(identity::propose(self.store(), applicant.person, company, change).await?)
    }

    /// What the phone is asked: the signature of a person, or the chop of their company.
    pub(crate) async fn signing_question(
        &self,
        ask: &AskSignature,
        (open, kind): (&OpenDraft, SigningKind),
    ) -> Result<NewApproval, Error> {
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let frozen = open.draft.frozen_digest.ok_or(Error::NotFrozen)?;
        let right = (kind.right(), pack.service.as_str());
        let mandate = self.guard_right(ask.applicant, right).await?;
        let fee = open.draft.fee.unwrap_or_default();
        self.guard_limit(mandate.as_ref(), (open.draft.id, fee, kind))
            .await?;
        let mut detail = rules::signature_detail(&pack, &open.answers, open.draft.fee);
        if let Some(mandate) = &mandate {
            let name = &mandate.company.name;
            let zh = name.zh.as_deref().unwrap_or(&name.en);
            detail.insert(
                0,
                identity::DetailLine {
                    label: Text::new("For the company", "代表公司"),
                    value: Text::with_sc(&name.en, zh, zh),
                },
            );
        }
        Ok(NewApproval {
            purpose: kind.purpose(),
            requester: self.catalogue().department_name(&pack.owner),
            place: ask.place.clone(),
            asked: rules::level(&pack),
            person: Some(ask.applicant.person),
            summary: match kind {
                SigningKind::Personal => rules::signature_summary(&pack),
                SigningKind::Chop => chop_summary(&pack.name),
            },
            detail,
            digest: frozen,
            binding: ask.binding.clone(),
            return_to: ask.return_to.clone(),
        })
    }

    /// Keeps what the phone has signed for a company's draft, until both steps are done.
    ///
    /// # Errors
    /// [`Error::WrongSignature`], [`Error::MayNotSign`], [`Error::MayNotChop`], [`Error::OverLimit`],
    /// [`Error::NotFrozen`], or identity refuses.
    pub(crate) async fn keep_signature(
        &self,
        applicant: Applicant,
        (open, given): (&OpenDraft, &Signature),
    ) -> Result<(), Error> {
        let pack = self.pinned(&open.draft.service, open.draft.pack_version)?;
        let level = rules::level(&pack);
        let (id, given, name) = (open.draft.id, given.clone(), pack.name.clone());
        self.store()
            .write(&applicant.actor(), move |tx| {
                let (given, name) = (given.clone(), name.clone());
                async move {
                    let approved =
                        identity::consume_in(&tx, given.approval, &given.binding).await?;
                    let who = approved.person;
                    let draft = keep_in(&tx, (id, level), approved).await?;
                    call_for_chop_in(&tx, (&draft, who), &name).await
                }
            })
            .await
    }

    /// The two signatures of a company's draft, both for the answers as they are frozen.
    pub(crate) async fn both_signatures(&self, open: &OpenDraft) -> Result<Vec<Signed>, Error> {
        let id = open.draft.id;
        let signed = self
            .store()
            .read(move |db| async move { signature::of_draft(&db, id).await })
            .await?;
        let frozen = open.draft.frozen_digest.ok_or(Error::NotFrozen)?;
        let has = |kind| {
            signed
                .iter()
                .any(|one| one.kind == kind && one.digest == frozen)
        };
        if !has(SigningKind::Personal) {
            return Err(Error::NotSigned);
        }
        if !has(SigningKind::Chop) {
            return Err(Error::NotChopped);
        }
        Ok(signed)
    }

    /// Which step of signing comes next; `None` when both are done.
    pub(crate) async fn next_signing(
        &self,
        open: &OpenDraft,
    ) -> Result<Option<SigningKind>, Error> {
        match self.both_signatures(open).await {
            Ok(_) => Ok(None),
            Err(Error::NotSigned | Error::NotFrozen) => Ok(Some(SigningKind::Personal)),
            Err(Error::NotChopped) => Ok(Some(SigningKind::Chop)),
            Err(error) => Err(error),
        }
    }
}

fn chop_summary(name: &Text) -> Text {
    Text::with_sc(
        format!("Put the company chop on: {}", name.en),
        format!("為以下申請加蓋公司印章：{}", name.tc),
        format!("为以下申请加盖公司印章：{}", name.sc),
    )
}

/// How the fee stands to the limits of whoever signs; the chop comes after a signature that has
/// counted it.
async fn weigh_in(
    db: &Read,
    mandate: &Mandate,
    (draft, amount, kind): (Id<Draft>, Money, SigningKind),
) -> Result<Weighed, Error> {
    let about = draft.to_string();
    Ok(match kind {
        SigningKind::Personal => identity::weigh_in(db, mandate, (&about, amount)).await?,
        SigningKind::Chop => identity::weigh_again_in(db, mandate, (&about, amount)).await?,
    })
}

async fn keep_in(
    tx: &Write,
    (id, level): (Id<Draft>, identity::Level),
    approved: Approved,
) -> Result<Draft, Error> {
    let row = draft::find(tx, id).await?.ok_or(Error::NoSuchDraft)?;
    let kind = match approved.purpose {
        Purpose::Sign => SigningKind::Personal,
        Purpose::Chop => SigningKind::Chop,
        _ => return Err(Error::WrongSignature),
    };
    if row.draft.state != DraftState::Frozen {
        return Err(Error::NotFrozen);
    }
    if row.draft.frozen_digest != Some(approved.digest) {
        return Err(Error::WrongSignature);
    }
    if approved.level < level {
        return Err(Error::LevelTooLow);
    }
    let signed = Signed {
        kind,
        approval: approved.approval,
        person: approved.person,
        digest: approved.digest,
        jws: approved.evidence.proof(),
        thumbprint: approved.evidence.key().to_owned(),
        at: approved.decided,
    };
    guard_signer_in(tx, &row.draft, &signed).await?;
    let before = signature::of_draft(tx, id).await?;
    let is_signed = before
        .iter()
        .any(|one| one.kind == SigningKind::Personal && one.digest == signed.digest);
    if kind == SigningKind::Chop && !is_signed {
        return Err(Error::NotSigned);
    }
    signature::put(tx, id, &signed).await?;
    let audit = Audit {
        action: match kind {
            SigningKind::Personal => "draft.signed",
            SigningKind::Chop => "draft.chopped",
        },
        noun: "draft",
        id: id.to_string(),
        reason: None,
        detail: json!({ "approval": signed.approval, "company": row.draft.company }),
    };
    journal::audit(tx, audit).await?;
    Ok(row.draft)
}

/// Tells whoever holds the chop that it is wanted, unless the signer holds it: they are asked by the
/// next page, and the draft of a person of one is not announced to anybody.
async fn call_for_chop_in(
    tx: &Write,
    (draft, signer): (&Draft, Id<identity::Person>),
    name: &Text,
) -> Result<(), Error> {
    let Some(company) = draft.company else {
        return Ok(());
    };
    let signed = signature::of_draft(tx, draft.id).await?;
    if signed.iter().any(|one| one.kind == SigningKind::Chop) {
        return Ok(());
    }
    let fits = |powers: &identity::Powers| powers.may(Right::Chop, &draft.service);
    let holders = identity::who_may_in(tx, company, fits).await?;
    if holders.contains(&signer) {
        return Ok(());
    }
    for holder in holders {
        tell::to_chop(tx, (draft, holder), name).await?;
    }
    Ok(())
}

/// The one who signed must hold the right now: also in the write that submits. The mandate, and how
/// the fee stands to its limits.
pub(crate) async fn guard_signer_in(
    tx: &Write,
    draft: &Draft,
    signed: &Signed,
) -> Result<(Mandate, Weighed), Error> {
    let company = draft.company.ok_or(Error::NoMandate)?;
    let mandate = identity::mandate_in(tx, signed.person, company).await?;
    let mandate = mandate.ok_or(Error::NoMandate)?;
    if !mandate.may(signed.kind.right(), &draft.service) {
        return Err(match signed.kind {
            SigningKind::Personal => Error::MayNotSign { who: Vec::new() },
            SigningKind::Chop => Error::MayNotChop { who: Vec::new() },
        });
    }
    let fee = draft.fee.unwrap_or_default();
    match weigh_in(tx, &mandate, (draft.id, fee, signed.kind)).await? {
        Weighed::Over(limit) => Err(Error::OverLimit {
            limit,
            who: Vec::new(),
        }),
        weighed => Ok((mandate, weighed)),
    }
}
