//! What a submission writes, worked out before its write: numbers drawn, values sealed, the platform's
//! seal made. Inside the write nothing is left but the store.

use identity::Approval;
use kernel::{Id, Text};
use packs::Pack;
use serde_json::json;
use trust::{digest, jws::Signer};

use crate::{
    Error, Services,
    applicant::Applicant,
    case::{Case, Clock, Flag},
    draft::{Draft, OpenDraft},
    drafting::kept_of,
    file::ScanState,
    reference::Reference,
    rules,
    seal::{self, Column},
    signing::SigningKind,
    store::{
        case::{CaseRow, NewCase},
        document,
        signature::Signed,
    },
    submit::{Signature, Submit, live_key},
};

/// Everything a submission writes that is worked out before the write: numbers drawn, values sealed,
/// the platform's seal made.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) actor: kernel::Actor,
    pub(crate) pack: std::sync::Arc<Pack>,
    pub(crate) draft: Draft,
    pub(crate) new: NewCase,
    pub(crate) keys: Vec<(i64, Vec<u8>)>,
    pub(crate) signature: Option<Signature>,
    /// Both signatures of a company; empty for a person.
    pub(crate) signed: Vec<Signed>,
    pub(crate) summary: Text,
    pub(crate) channel: journal::Channel,
}

impl Services {
    pub(crate) async fn plan(
        &self,
        (open, signed): (&OpenDraft, &[Signed]),
        pack: &std::sync::Arc<Pack>,
        submit: &Submit,
    ) -> Result<Plan, Error> {
        let draft = &open.draft;
        let frozen = draft.frozen_digest.ok_or(Error::NotFrozen)?;
        if digest::sha256(open.answers.canonical()) != frozen {
            return Err(Error::NotFrozen);
        }
        // Whoever signed in person is the applicant, also when a colleague puts the chop and submits.
        let signer = signed.iter().find(|one| one.kind == SigningKind::Personal);
        let applicant = Applicant {
            person: signer.map_or(submit.applicant.person, |one| one.person),
            ..submit.applicant
        };
        let case = self.new_case(open, pack, (applicant, frozen)).await?;
        let id = case.id;
        let approval = signer
            .map(|one| one.approval)
            .or_else(|| submit.signature.as_ref().map(|one| one.approval));
        let chop = signed.iter().find(|one| one.kind == SigningKind::Chop);
        let seal = self.seal(&case, (approval, chop.map(|one| one.approval)))?;
        let name = self.applicant_name(submit.applicant).await?;
        let row = CaseRow {
            answers: kept_of(open).seal(self.vault(), Column::CaseAnswers, id)?,
            applicant: seal::seal(self.vault(), Column::CaseApplicant, id, &name)?,
            seal,
            signature: None,
            case,
        };
        Ok(Plan {
            actor: submit.applicant.actor(),
            pack: std::sync::Arc::clone(pack),
            draft: draft.clone(),
            new: NewCase {
                row,
                applicant_index: self.applicant_index(&open.answers, pack, draft),
                live_key: live_key(draft, pack),
            },
            keys: rules::duplicate_keys(self.vault(), pack, &open.answers),
            signature: submit.signature.clone(),
            signed: signed.to_vec(),
            summary: pack.name.clone(),
            channel: submit.applicant.channel,
        })
    }

    async fn new_case(
        &self,
        open: &OpenDraft,
        pack: &Pack,
        (applicant, frozen): (Applicant, [u8; 32]),
    ) -> Result<Case, Error> {
        let draft = &open.draft;
        let start = pack.case.start_state().ok_or(Error::NoSuchAction)?;
        let now = self.now();
        let days = pack.promise.map_or(0, |promise| i64::from(promise.days));
        let due = rules::due(self.calendar(), pack.promise, (now.date(), days));
        let id = self.env().id::<Case>();
        Ok(Case {
            id,
            reference: Reference::fresh(self.env()),
            draft: draft.id,
            service: draft.service.clone(),
            pack_version: draft.pack_version,
            department: pack.owner.to_lowercase(),
            // A colleague may finish what another began: who signs is the applicant.
            person: applicant.person,
            company: draft.company,
            lang: draft.lang,
            state: start.id.clone(),
            state_since: now,
            clock: Clock::Running,
            outcome: None,
            answers_digest: frozen,
            demand: draft.demand,
            fee: draft.fee.unwrap_or_default(),
            assignee: None,
            flags: self.first_flags(open, pack).await?,
            revision: 1,
            licence: None,
            submitted: now,
            submitted_on: now.date(),
            promise_from: now.date(),
            promise_days: days,
            due,
            stopped: None,
            decided: None,
            closed: None,
            forget_on: None,
        })
    }

    /// What officers should look at from the start: warnings of the rules, files not examined.
    async fn first_flags(&self, open: &OpenDraft, pack: &Pack) -> Result<Vec<Flag>, Error> {
        let id = open.draft.id;
        let files = self
            .store()
            .read(move |db| async move { document::of_draft(&db, id).await })
            .await?;
        if files.iter().any(|file| file.scan == ScanState::Infected) {
            return Err(Error::Infected);
        }
        let mut flags = Vec::new();
        let today = self.on(self.today(), &open.locked);
        if !rules::eligibility(pack, &open.answers, &today)
            .warnings
            .is_empty()
        {
            flags.push(Flag::Warned);
        }
        if files.iter().any(|file| file.scan == ScanState::NotScanned) {
            flags.push(Flag::NotScanned);
        }
        Ok(flags)
    }

    /// The platform's word that these answers were submitted then, by the signature and chop named.
    fn seal(
        &self,
        case: &Case,
        (approval, chop): (Option<Id<Approval>>, Option<Id<Approval>>),
    ) -> Result<String, Error> {
        let signed = self.keys().signer(trust::Purpose::Seal)?;
        let claims = json!({
            "iss": self.base_url(),
            "iat": case.submitted.seconds(),
            "jti": case.id,
            "reference": case.reference,
            "service": case.service,
            "version": case.pack_version,
            "answers_sha256": digest::hex(&case.answers_digest),
            "approval": approval,
            "chop": chop,
        });
        Ok(Signer::new(&signed.key, "application+jwt")
            .with_chain(&signed.chain)
            .sign(&claims)?)
    }

    async fn applicant_name(&self, applicant: Applicant) -> Result<String, Error> {
        let name = match applicant.company {
            Some(company) => identity::find_company(self.store(), company)
                .await?
                .map(|company| company.name),
            None => identity::find_person(self.store(), applicant.person)
                .await?
                .map(|person| person.name),
        };
        let name = name.ok_or(identity::Error::NotFound)?;
        Ok(match name.zh {
            Some(zh) => format!("{} {zh}", name.en),
            None => name.en,
        })
    }

    /// Officers find a case by the identity card number in its answers, else by the holder.
    fn applicant_index(&self, answers: &packs::Answers, pack: &Pack, draft: &Draft) -> Vec<u8> {
        let hkid = rules::first_hkid(pack, answers);
        let (kind, value) = hkid.map_or_else(
            || ("holder", draft.applicant().holder()),
            |hkid| ("hkid", hkid),
        );
        self.vault().blind_index(kind, &value).bytes()
    }
}
