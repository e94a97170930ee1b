//! Reading cases into what the desk shows.

use std::collections::BTreeMap;

use identity::Officer;
use kernel::{Id, Text};
use packs::Pack;

use crate::{
    Error, Services,
    applicant::Clerk,
    case::{ActionKind, Case},
    desk::{ActionChoice, CaseView, Check, InboxRow, Proposal, Question},
    document::Document,
    rules,
    seal::{self, Column, Kept},
    store::{
        action::{self, ActionRow, ProposalRow},
        case::{self, CaseRow},
        document,
        request::{self, RequestRow},
    },
    timeline::state_label,
};

/// Everything of a case in one read.
struct Read {
    row: CaseRow,
    actions: Vec<ActionRow>,
    documents: Vec<document::DocumentRow>,
    proposal: Option<ProposalRow>,
    request: Option<RequestRow>,
    duplicates: Vec<String>,
}

impl Services {
    pub(crate) async fn case_view(&self, clerk: &Clerk, id: Id<Case>) -> Result<CaseView, Error> {
        let read = self
            .store()
            .read(move |db| async move {
                Ok::<_, Error>(Read {
                    row: case::get(&db, id).await?,
                    actions: action::all(&db, id).await?,
                    documents: document::of_case(&db, id).await?,
                    proposal: action::proposal(&db, id).await?,
                    request: request::open(&db, id).await?,
                    duplicates: case::duplicates(&db, id).await?,
                })
            })
            .await?;
        let case = read.row.case.clone();
        let pack = self.pinned(&case.service, case.pack_version)?;
        let kept = self.open_answers(&read.row, &pack)?;
        let today = self.on(case.submitted_on, &kept.locked);
        let documents: Result<Vec<Document>, Error> = read
            .documents
            .into_iter()
            .map(|row| self.open_document(row))
            .collect();
        let names = self
            .officer_names(case.assignee.into_iter().collect())
            .await?;
        Ok(CaseView {
            applicant: self.applicant_of(&read.row)?,
            service_name: pack.name.clone(),
            state_label: state_label(&pack, &case.state),
            deadline: case.deadline(self.now()),
            assignee_name: case
                .assignee
                .and_then(|officer| names.get(&officer).cloned()),
            pages: rules::review(&pack, &kept.answers, &kept.locked, &today),
            changed: changed(&read.actions),
            documents: documents?,
            proposal: self.proposal(clerk, (&pack, &case), read.proposal)?,
            request: self.question(read.request)?,
            actions: self.choices(clerk, (&pack, &case), &kept),
            duplicates: read.duplicates,
            warnings: rules::eligibility(&pack, &kept.answers, &today).warnings,
            checks: self.checks(&pack),
            is_signed: read.row.signature.is_some(),
            timeline: self.timeline(&pack, read.actions)?,
            case,
        })
    }

    pub(crate) fn open_answers(&self, row: &CaseRow, pack: &Pack) -> Result<Kept, Error> {
        Kept::open(
            self.vault(),
            (Column::CaseAnswers, row.case.id),
            &row.answers,
            pack,
        )
    }

    pub(crate) fn applicant_of(&self, row: &CaseRow) -> Result<String, Error> {
        seal::open_text(
            self.vault(),
            Column::CaseApplicant,
            row.case.id,
            &row.applicant,
        )
    }

    fn checks(&self, pack: &Pack) -> Vec<Check> {
        let catalogue = self.catalogue();
        pack.checks
            .iter()
            .map(|check| Check {
                id: check.id.clone(),
                department: catalogue.department_name(&check.department),
                record: check.record.clone(),
            })
            .collect()
    }

    fn proposal(
        &self,
        clerk: &Clerk,
        (pack, case): (&Pack, &Case),
        row: Option<ProposalRow>,
    ) -> Result<Option<Proposal>, Error> {
        let Some(row) = row else {
            return Ok(None);
        };
        let found = pack
            .case
            .state(&case.state)
            .and_then(|state| state.action(&row.action));
        let roles: Vec<&str> = clerk.roles.iter().map(String::as_str).collect();
        let allowed = found.is_some_and(|action| action.allows(&roles));
        let reason = match &row.words {
            Some(words) => Some(seal::open_text(
                self.vault(),
                Column::ProposalWords,
                case.id,
                words,
            )?),
            None => None,
        };
        Ok(Some(Proposal {
            label: found.map(|action| action.label.clone()).unwrap_or_default(),
            action: row.action,
            may_confirm: allowed && row.proposer != clerk.id,
            proposer: row.proposer,
            proposer_name: row.proposer_name,
            reason,
            at: row.at,
        }))
    }

    pub(crate) fn question(&self, row: Option<RequestRow>) -> Result<Option<Question>, Error> {
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(Question {
            question: seal::open_text(
                self.vault(),
                Column::RequestQuestion,
                row.id,
                &row.question,
            )?,
            fields: row.fields,
            asked: row.asked,
            reply_by: row.reply_by,
        }))
    }

    /// What the officer may do in this state, conditions of the pack included.
    fn choices(
        &self,
        clerk: &Clerk,
        (pack, case): (&Pack, &Case),
        kept: &Kept,
    ) -> Vec<ActionChoice> {
        if case.is_closed() {
            return Vec::new();
        }
        let roles: Vec<&str> = clerk.roles.iter().map(String::as_str).collect();
        let today = self.on(self.today(), &kept.locked);
        let mut choices = Vec::new();
        for action in pack.case.actions_for(&case.state, &roles) {
            let when = action.when.as_ref();
            if !today.ask(|facts| pack.action_holds(when, &kept.answers, facts)) {
                continue;
            }
            let to = pack.case.state(&action.to.value);
            choices.push(ActionChoice {
                id: action.id.clone(),
                label: action.label.clone(),
                to_label: state_label(pack, &action.to.value),
                reason: action.reason.code(),
                is_four_eyes: action.four_eyes,
                asks_applicant: pack.case.asks_applicant(&case.state, &action.id),
                letter: to
                    .and_then(|to| to.letter.as_ref())
                    .map(|letter| letter.value.clone()),
                is_final: to.is_some_and(packs::State::is_final),
            });
        }
        choices
    }

    pub(crate) async fn inbox_rows(&self, rows: Vec<CaseRow>) -> Result<Vec<InboxRow>, Error> {
        let mut holders: Vec<Id<Officer>> =
            rows.iter().filter_map(|row| row.case.assignee).collect();
        holders.sort();
        holders.dedup();
        let names = self.officer_names(holders).await?;
        rows.iter().map(|row| self.inbox_row(row, &names)).collect()
    }

    fn inbox_row(
        &self,
        row: &CaseRow,
        names: &BTreeMap<Id<Officer>, String>,
    ) -> Result<InboxRow, Error> {
        let case = &row.case;
        let pack = self.pinned(&case.service, case.pack_version)?;
        Ok(InboxRow {
            case: case.id,
            reference: case.reference.clone(),
            service: case.service.clone(),
            service_name: pack.name.clone(),
            applicant: self.applicant_of(row)?,
            state: case.state.clone(),
            state_label: state_label(&pack, &case.state),
            submitted: case.submitted,
            due: case.due,
            deadline: case.deadline(self.now()),
            assignee: case.assignee,
            assignee_name: case
                .assignee
                .and_then(|officer| names.get(&officer).cloned()),
            flags: case.flags.iter().map(|flag| flag.code()).collect(),
            outcome: case.outcome.clone(),
        })
    }

    async fn officer_names(
        &self,
        officers: Vec<Id<Officer>>,
    ) -> Result<BTreeMap<Id<Officer>, String>, Error> {
        let mut names = BTreeMap::new();
        for officer in officers {
            if let Some(found) = identity::find_officer(self.store(), officer).await? {
                names.insert(officer, found.name.en);
            }
        }
        Ok(names)
    }

    /// The services an officer works on, for filters.
    #[must_use]
    pub fn services_of(&self, clerk: &Clerk) -> Vec<(String, Text)> {
        let catalogue = self.catalogue();
        catalogue
            .newest()
            .filter(|one| crate::desk::may_see(clerk, &one.pack))
            .map(|one| (one.pack.service.clone(), one.pack.name.clone()))
            .collect()
    }
}

/// Fields changed by replies and corrections, as their lines of the timeline say.
fn changed(actions: &[ActionRow]) -> Vec<String> {
    let mut fields: Vec<String> = actions
        .iter()
        .filter(|row| matches!(row.kind, ActionKind::Replied | ActionKind::Corrected))
        .filter_map(|row| row.detail.get("fields")?.as_array())
        .flatten()
        .filter_map(|field| field.as_str().map(str::to_owned))
        .collect();
    fields.sort();
    fields.dedup();
    fields
}
