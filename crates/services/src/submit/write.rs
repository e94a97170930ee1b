//! The one write of a submission, and what it records.

use identity::{Purpose, Weighed};
use journal::{Audit, Event, Step};
use serde_json::json;
use store::Write;
use trust::digest;

use super::{Signature, Submitted};
use crate::{
    Error, Services,
    case::{ActionKind, Flag},
    counted,
    draft::{Draft, DraftState},
    plan::Plan,
    progress::{self, Author, Entry},
    rules,
    signing::{SigningKind, guard_signer_in},
    store::{
        case, document, draft,
        signature::{self, Signed},
    },
};

/// The one write of a submission.
pub(super) async fn submit_in(
    services: &Services,
    tx: &Write,
    plan: Plan,
) -> Result<Submitted, Error> {
    let Some(row) = draft::find(tx, plan.draft.id).await? else {
        return Err(Error::NoSuchDraft);
    };
    if row.draft.revision != plan.draft.revision || row.draft.state != DraftState::Frozen {
        return Err(Error::NotFrozen);
    }
    if let Some(demand) = row.draft.demand
        && !payments::is_paid(tx, demand).await?
    {
        return Err(Error::NotPaid);
    }
    let signed = match &plan.signature {
        _ if !plan.signed.is_empty() => company_signed_in(tx, &row.draft, &plan.signed).await?,
        Some(signature) => vec![signed_in(tx, signature, &plan).await?],
        None => Vec::new(),
    };
    let mut case = plan.new.row.case.clone();
    case::insert(tx, &plan.new).await?;
    for one in &signed {
        match one.kind {
            SigningKind::Personal => case::set_signature(tx, case.id, &one.jws).await?,
            SigningKind::Chop => signature::keep_chop(tx, case.id, one).await?,
        }
    }
    case::insert_keys(tx, &case, &plan.keys).await?;
    document::move_to_case(tx, plan.draft.id, case.id).await?;
    draft::delete(tx, plan.draft.id).await?;
    record_in(tx, &plan, &signed).await?;
    let author = Author::applicant(&case);
    let entry = Entry {
        kind: ActionKind::Submitted,
        from: String::new(),
        ..Entry::new(&case)
    };
    progress::write_entry(services, tx, &case, (&author, entry)).await?;
    if !case::duplicates(tx, case.id).await?.is_empty() {
        case.flag(Flag::Duplicate);
    }
    progress::begin(services, tx, &mut case, &plan.pack).await?;
    Ok(Submitted {
        case: case.id,
        reference: case.reference,
        is_repeat: false,
    })
}

/// The signature must be this person's, for these answers, at the level the service asks for.
async fn signed_in(tx: &Write, signature: &Signature, plan: &Plan) -> Result<Signed, Error> {
    let approved = identity::consume_in(tx, signature.approval, &signature.binding).await?;
    let case = &plan.new.row.case;
    let fits = approved.purpose == Purpose::Sign
        && approved.person == case.person
        && approved.digest == case.answers_digest;
    if !fits {
        return Err(Error::WrongSignature);
    }
    if approved.level < rules::level(&plan.pack) {
        return Err(Error::LevelTooLow);
    }
    Ok(Signed {
        kind: SigningKind::Personal,
        approval: approved.approval,
        person: approved.person,
        digest: approved.digest,
        jws: approved.evidence.proof(),
        thumbprint: approved.evidence.key().to_owned(),
        at: approved.decided,
    })
}

/// Both signatures still stand as they were read, and both signers still hold their mandate; the fee
/// counts for whoever signed in person.
async fn company_signed_in(
    tx: &Write,
    draft: &Draft,
    read: &[Signed],
) -> Result<Vec<Signed>, Error> {
    let now = signature::of_draft(tx, draft.id).await?;
    if now != read {
        return Err(Error::WrongSignature);
    }
    for one in &now {
        let (mandate, weighed) = guard_signer_in(tx, draft, one).await?;
        if one.kind == SigningKind::Personal && weighed == Weighed::Within {
            identity::spend_in(tx, &mandate, draft.fee.unwrap_or_default()).await?;
        }
    }
    Ok(now)
}

/// Audit, event, evidence and the message in the inbox.
async fn record_in(tx: &Write, plan: &Plan, signed: &[Signed]) -> Result<(), Error> {
    let case = &plan.new.row.case;
    let of = |kind| signed.iter().find(|one| one.kind == kind);
    let personal = of(SigningKind::Personal);
    let chop = of(SigningKind::Chop);
    let detail = json!({
        "service": case.service,
        "version": case.pack_version,
        "reference": case.reference,
        "approval": personal.map(|signed| signed.approval),
        "device": personal.map(|signed| signed.thumbprint.clone()),
        "chop": chop.map(|signed| signed.approval),
    });
    journal::audit(
        tx,
        Audit {
            action: "case.submitted",
            noun: "case",
            id: case.id.to_string(),
            reason: None,
            detail,
        },
    )
    .await?;
    let data = json!({
        "service": case.service,
        "version": case.pack_version,
        "department": case.department,
        "lang": case.lang.code(),
        "fee_cents": case.fee,
        "due": case.due.map(|due| due.rfc3339()),
        "is_company": case.company.is_some(),
    });
    let event = Event {
        kind: "causeway.case.submitted.v1",
        subject: case.id.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    let channel = plan.channel;
    if personal.is_some() {
        let step = counted::of_case(Step::Signed, case).channel(channel);
        counted::count(tx, case.person, step).await?;
    }
    let step = counted::of_case(Step::Submitted, case).channel(channel);
    counted::count(tx, case.person, step).await?;
    let leaf = digest::sha256(&plan.new.row.seal);
    trust::evidence::append(tx, "application.submitted", leaf).await?;
    crate::tell::submitted(tx, case, &plan.summary).await
}
