//! Approvals: asked by a browser, opened and decided by a phone, consumed by the same browser.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event};
use kernel::{Actor, Id, Time};
use serde_json::json;
use trust::base64url;

use crate::{
    Approval, ApprovalState, Approved, Binding, Decision, Device, Error, Evidence, FailReason,
    NewApproval, Outcome, Person, Purpose, Refusal, Step,
    approval::{
        CONSUME_TTL, DETAIL_LINES, OPEN_PER_PERSON, SUMMARY_CHARS, binding_code, reference_of,
        transition,
    },
    proof::{self, DECISION_TYP, ProofError, SignedDecision},
    store::{json as to_json, officer, person, token},
};

::store::sql! {
    FIND_APPROVAL = "SELECT id, purpose, requester, place, asked, person, summary, detail, digest,
            code, reference, binding, return_to, state, reason, evidence, created, expires,
            decided, consumed
        FROM approval WHERE id = $1";
    FIND_BY_REFERENCE = "SELECT id FROM approval WHERE reference = $1 AND expires > $2";
    LIST_OPEN = "SELECT id, purpose, requester, place, asked, person, summary, detail, digest,
            code, reference, binding, return_to, state, reason, evidence, created, expires,
            decided, consumed
        FROM approval WHERE person = $1 AND state IN ('pending', 'seen') AND expires > $2
        ORDER BY created DESC, id DESC LIMIT 20";
    LIST_DECIDED = "SELECT id, purpose, requester, place, asked, person, summary, detail, digest,
            code, reference, binding, return_to, state, reason, evidence, created, expires,
            decided, consumed
        FROM approval WHERE person = $1 AND state NOT IN ('pending', 'seen')
        ORDER BY created DESC, id DESC LIMIT 30";
    COUNT_OPEN = "SELECT COUNT(*) FROM approval
        WHERE person = $1 AND state IN ('pending', 'seen') AND expires > $2";
    INSERT_APPROVAL = "INSERT INTO approval (id, purpose, requester, place, asked, person, summary,
            detail, digest, code, reference, binding, return_to, state, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', $14, $15)";
    SET_STATE = "UPDATE approval SET state = $2, person = $3, reason = $4, decided = $5
        WHERE id = $1";
    SET_EVIDENCE = "UPDATE approval SET evidence = $2 WHERE id = $1";
    CONSUME = "UPDATE approval SET consumed = $2 WHERE id = $1 AND consumed IS NULL";
    EXPIRE_ALL = "UPDATE approval SET state = 'expired', decided = $1
        WHERE state IN ('pending', 'seen') AND expires <= $1";
    FORGET = "DELETE FROM approval WHERE created < $1 AND purpose <> 'sign'
        AND state NOT IN ('pending', 'seen')";
}

impl FromRow for Approval {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let evidence: Option<String> = row.get("evidence")?;
        Ok(Self {
            id: row.get("id")?,
            purpose: row.get("purpose")?,
            requester: row.json("requester")?,
            place: row.json("place")?,
            asked: row.get("asked")?,
            person: row.get("person")?,
            summary: row.json("summary")?,
            detail: row.json("detail")?,
            digest: row.get("digest")?,
            code: row.get("code")?,
            reference: row.get("reference")?,
            binding: Binding(row.get("binding")?),
            return_to: row.get("return_to")?,
            state: row.get("state")?,
            reason: row.get("reason")?,
            evidence: if evidence.is_some() {
                row.json("evidence").map(Some)?
            } else {
                None
            },
            created: row.get("created")?,
            expires: row.get("expires")?,
            decided: row.get("decided")?,
            consumed: row.get("consumed")?,
        })
    }
}

/// Asks for an approval. The answer carries the id, the code and the reference to show.
///
/// # Errors
/// [`Error::TooManyOpen`] when the person has too many open; [`Error::Malformed`] when the return
/// address is not local or there is too much detail.
pub async fn ask(store: &Store, actor: &Actor, new: NewApproval) -> Result<Approval, Error> {
    if !web::is_local_path(&new.return_to) {
        return Err(Error::Malformed("return_to"));
    }
    let is_long = [&new.summary.en, &new.summary.tc]
        .iter()
        .any(|words| words.chars().count() > SUMMARY_CHARS);
    if is_long || new.detail.len() > DETAIL_LINES {
        return Err(Error::Malformed("detail"));
    }
    let key: [u8; 32] = store.env().bytes();
    let reference = reference_of(store.env().bytes());
    store
        .write(actor, move |tx| {
            let new = new.clone();
            let reference = reference.clone();
            async move { insert_in(&tx, &new, &key, &reference).await }
        })
        .await
}

async fn insert_in(
    tx: &Write,
    new: &NewApproval,
    key: &[u8; 32],
    reference: &str,
) -> Result<Approval, Error> {
    if let Some(person) = new.person {
        let open: i64 = tx.only(&COUNT_OPEN, params![person, tx.now()]).await?;
        if open >= OPEN_PER_PERSON {
            return Err(Error::TooManyOpen);
        }
    }
    let id = tx.id::<Approval>();
    let now = tx.now();
    tx.run(
        &INSERT_APPROVAL,
        params![
            id,
            new.purpose,
            to_json(&new.requester)?,
            to_json(&new.place)?,
            new.asked,
            new.person,
            to_json(&new.summary)?,
            to_json(&new.detail)?,
            new.digest,
            binding_code(key, id, new.purpose, &new.digest),
            reference,
            new.binding.0,
            new.return_to,
            now,
            now + new.purpose.ttl()
        ],
    )
    .await?;
    get_in(tx, id).await
}

pub(crate) async fn get_in(db: &Read, id: Id<Approval>) -> Result<Approval, Error> {
    db.one(&FIND_APPROVAL, params![id])
        .await?
        .ok_or(Error::NotFound)
}

/// The approval with this id, for the page of the browser that asked.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::OtherBrowser`] when another browser asked.
pub async fn find_for_browser(
    store: &Store,
    id: Id<Approval>,
    binding: &Binding,
) -> Result<Approval, Error> {
    let approval = store
        .read(move |db| async move { get_in(&db, id).await })
        .await?;
    if approval.is_bound_to(binding) {
        Ok(approval)
    } else {
        Err(Error::OtherBrowser)
    }
}

/// Where the approval stands, for the browser that asked.
///
/// # Errors
/// As [`find_for_browser`].
pub async fn outcome(store: &Store, id: Id<Approval>, binding: &Binding) -> Result<Outcome, Error> {
    let approval = find_for_browser(store, id, binding).await?;
    let now = store.env().now();
    Ok(Outcome {
        state: approval.state_at(now),
        reason: approval.reason,
        seconds_left: approval.seconds_left(now),
    })
}

/// Uses an approved outcome, once, for the browser that asked.
///
/// # Errors
/// [`Error::OtherBrowser`], [`Error::NotApproved`], [`Error::Consumed`], [`Error::Expired`].
pub async fn consume(
    store: &Store,
    actor: &Actor,
    id: Id<Approval>,
    binding: &Binding,
) -> Result<Approved, Error> {
    let binding = binding.clone();
    store
        .write(actor, move |tx| {
            let binding = binding.clone();
            async move { consume_in(&tx, id, &binding).await }
        })
        .await
}

/// As [`consume`], inside the caller's write, so that what the approval allows and its use commit
/// together.
///
/// # Errors
/// As [`consume`].
pub async fn consume_in(
    tx: &Write,
    id: Id<Approval>,
    binding: &Binding,
) -> Result<Approved, Error> {
    let approval = get_in(tx, id).await?;
    if !approval.is_bound_to(binding) {
        return Err(Error::OtherBrowser);
    }
    match approval.state_at(tx.now()) {
        ApprovalState::Approved => {}
        ApprovalState::Expired => return Err(Error::Expired),
        _ => return Err(Error::NotApproved),
    }
    let (Some(owner), Some(decided), Some(evidence)) =
        (approval.person, approval.decided, approval.evidence)
    else {
        return Err(Error::Corrupt("approval"));
    };
    if tx.now().since(decided) > consume_ttl(approval.purpose) {
        return Err(Error::Expired);
    }
    if tx.run(&CONSUME, params![id, tx.now()]).await? == 0 || approval.consumed.is_some() {
        return Err(Error::Consumed);
    }
    let owner = person::get_in(tx, owner).await?;
    if !owner.is_active() {
        return Err(Error::Inactive);
    }
    Ok(Approved {
        approval: id,
        purpose: approval.purpose,
        person: owner.id,
        level: owner.level,
        digest: approval.digest,
        decided,
        return_to: approval.return_to,
        evidence,
    })
}

fn consume_ttl(purpose: Purpose) -> Duration {
    CONSUME_TTL.max(purpose.ttl())
}

/// Withdraws the question: the person left the page.
///
/// # Errors
/// As [`find_for_browser`]; [`Error::Decided`] when there is an outcome.
pub async fn cancel(
    store: &Store,
    actor: &Actor,
    id: Id<Approval>,
    binding: &Binding,
) -> Result<(), Error> {
    let binding = binding.clone();
    store
        .write(actor, move |tx| {
            let binding = binding.clone();
            async move {
                let approval = get_in(&tx, id).await?;
                if !approval.is_bound_to(&binding) {
                    return Err(Error::OtherBrowser);
                }
                step_in(&tx, &approval, Step::Cancel, None).await
            }
        })
        .await
}

/// Takes one step and writes it. The caller has checked who may.
async fn step_in(
    tx: &Write,
    approval: &Approval,
    step: Step,
    change: Option<Change>,
) -> Result<(), Error> {
    if approval.state_at(tx.now()) == ApprovalState::Expired {
        return Err(Error::Expired);
    }
    let next = transition(approval.state, step)?;
    let change = change.unwrap_or_default();
    let decided = (!next.is_open()).then(|| tx.now());
    let owner = change.person.or(approval.person);
    tx.run(
        &SET_STATE,
        params![approval.id, next, owner, change.reason, decided],
    )
    .await?;
    if !next.is_open() {
        record_in(tx, approval, next, owner).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, Default)]
struct Change {
    person: Option<Id<Person>>,
    reason: Option<FailReason>,
}

async fn record_in(
    tx: &Write,
    approval: &Approval,
    state: ApprovalState,
    owner: Option<Id<Person>>,
) -> Result<(), Error> {
    let data = json!({ "purpose": approval.purpose, "state": state, "person": owner });
    journal::audit(
        tx,
        Audit {
            action: "approval.decided",
            noun: "approval",
            id: approval.id.to_string(),
            reason: None,
            detail: data.clone(),
        },
    )
    .await?;
    let subject = approval.id.to_string();
    journal::emit(
        tx,
        Event {
            kind: "causeway.approval.decided.v1",
            subject,
            data,
        },
    )
    .await?;
    Ok(())
}

/// A phone opens an approval it was handed by QR code, link or reference. The first phone to open
/// it is the only one that can answer. A phone that may not answer makes the approval fail at once,
/// so that the browser can say why.
///
/// # Errors
/// [`Error::OtherPhone`], [`Error::OtherPerson`], [`Error::LevelTooLow`], [`Error::Expired`], …
pub async fn open(store: &Store, device: &Device, id: Id<Approval>) -> Result<Approval, Error> {
    let actor = actor_of(device);
    let device = device.clone();
    let opened = store
        .write(&actor, move |tx| {
            let device = device.clone();
            async move { open_in(&tx, &device, id).await }
        })
        .await?;
    match opened {
        Opened::Seen(approval) => Ok(*approval),
        Opened::Failed(reason) => Err(refused(reason)),
    }
}

enum Opened {
    Seen(Box<Approval>),
    Failed(FailReason),
}

fn refused(reason: FailReason) -> Error {
    match reason {
        FailReason::Level => Error::LevelTooLow,
        FailReason::Suspended => Error::Inactive,
        FailReason::Device => Error::UnknownDevice,
        FailReason::NotOfficer => Error::NotOfficer,
    }
}

async fn open_in(tx: &Write, device: &Device, id: Id<Approval>) -> Result<Opened, Error> {
    let approval = get_in(tx, id).await?;
    check_addressee(&approval, device)?;
    if !approval.state.is_open() {
        return Ok(Opened::Seen(Box::new(approval)));
    }
    let owner = person::get_in(tx, device.person).await?;
    let change = Change {
        person: Some(owner.id),
        reason: None,
    };
    if let Some(reason) = unfit_in(tx, &approval, &owner).await? {
        let change = Change {
            reason: Some(reason),
            ..change
        };
        step_in(tx, &approval, Step::Fail, Some(change)).await?;
        return Ok(Opened::Failed(reason));
    }
    step_in(tx, &approval, Step::Open, Some(change)).await?;
    Ok(Opened::Seen(Box::new(get_in(tx, id).await?)))
}

fn check_addressee(approval: &Approval, device: &Device) -> Result<(), Error> {
    match approval.person {
        Some(person) if person == device.person => Ok(()),
        None => Ok(()),
        Some(_) if matches!(approval.purpose, Purpose::SignIn | Purpose::Desk) => {
            Err(Error::OtherPhone)
        }
        Some(_) => Err(Error::OtherPerson),
    }
}

async fn unfit_in(
    tx: &Write,
    approval: &Approval,
    owner: &Person,
) -> Result<Option<FailReason>, Error> {
    if !owner.is_active() {
        return Ok(Some(FailReason::Suspended));
    }
    if owner.level < approval.asked {
        return Ok(Some(FailReason::Level));
    }
    let is_desk = approval.purpose == Purpose::Desk;
    if is_desk && officer::of_person_in(tx, owner.id).await?.is_none() {
        return Ok(Some(FailReason::NotOfficer));
    }
    Ok(None)
}

/// A phone answers with a JWS by its key (see [`crate::proof::SignedDecision`]).
///
/// # Errors
/// [`Error::Proof`], [`Error::Replayed`], [`Error::Decided`], [`Error::Expired`], …
pub async fn decide(store: &Store, device: &Device, jws: &str) -> Result<Approval, Error> {
    let (id, claims) = read_decision(store, device, jws)?;
    let key = device.jwk.clone();
    let evidence = Evidence {
        jws: jws.to_owned(),
        thumbprint: device.thumbprint.clone(),
        jwk: key,
    };
    let actor = actor_of(device);
    let device = device.clone();
    let decided = store
        .write(&actor, move |tx| {
            let given = Given {
                id,
                claims: claims.clone(),
                evidence: evidence.clone(),
                device: device.clone(),
            };
            async move { decide_in(&tx, &given).await }
        })
        .await?;
    match decided {
        Opened::Seen(approval) => Ok(*approval),
        Opened::Failed(reason) => Err(refused(reason)),
    }
}

struct Given {
    id: Id<Approval>,
    claims: SignedDecision,
    evidence: Evidence,
    device: Device,
}

fn read_decision(
    store: &Store,
    device: &Device,
    jws: &str,
) -> Result<(Id<Approval>, SignedDecision), Error> {
    let key = device.jwk.public_key()?;
    let verified = proof::parse(jws)?
        .verify(DECISION_TYP, &key)
        .map_err(ProofError::from)?;
    let claims: SignedDecision = verified.claims().map_err(ProofError::from)?;
    proof::check_fresh(claims.iat, &claims.jti, store.env().now())?;
    let id = claims.approval.parse().map_err(|_| ProofError::Shape)?;
    Ok((id, claims))
}

async fn decide_in(tx: &Write, given: &Given) -> Result<Opened, Error> {
    let Given {
        id,
        claims,
        evidence,
        device,
    } = given;
    token::use_in(tx, &device.thumbprint, &claims.jti).await?;
    let approval = get_in(tx, *id).await?;
    check_addressee(&approval, device)?;
    let shown = claims.purpose == approval.purpose
        && claims.digest == base64url::encode(approval.digest)
        && claims.code == approval.code;
    if !shown {
        return Err(Error::Proof(ProofError::Mismatch));
    }
    let live = super::device::live_in(tx, device.person).await?;
    if live.is_none_or(|live| live.id != device.id) {
        return Err(Error::UnknownDevice);
    }
    let owner = person::get_in(tx, device.person).await?;
    if claims.decision == Decision::Approve
        && approval.state.is_open()
        && let Some(reason) = unfit_in(tx, &approval, &owner).await?
    {
        let change = Change {
            person: Some(owner.id),
            reason: Some(reason),
        };
        step_in(tx, &approval, Step::Fail, Some(change)).await?;
        return Ok(Opened::Failed(reason));
    }
    step_in(tx, &approval, claims.decision.step(), None).await?;
    tx.run(&SET_EVIDENCE, params![*id, to_json(evidence)?])
        .await?;
    Ok(Opened::Seen(Box::new(get_in(tx, *id).await?)))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Final => Self::Decided,
            Refusal::NotSeen => Self::NotSeen,
        }
    }
}

impl From<ProofError> for Error {
    fn from(error: ProofError) -> Self {
        Self::Proof(error)
    }
}

/// The approvals waiting for this person's phone.
///
/// # Errors
/// The store fails.
pub async fn open_of(store: &Store, person: Id<Person>) -> Result<Vec<Approval>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_OPEN, params![person, db.now()]).await?) })
        .await
}

/// The person's latest outcomes.
///
/// # Errors
/// The store fails.
pub async fn decided_of(store: &Store, person: Id<Person>) -> Result<Vec<Approval>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_DECIDED, params![person]).await?) })
        .await
}

/// The id behind a typed reference, while it is open.
///
/// # Errors
/// [`Error::NotFound`] when it is mistyped or over.
pub async fn find_by_reference(store: &Store, typed: &str) -> Result<Id<Approval>, Error> {
    let reference = crate::read_reference(typed).ok_or(Error::NotFound)?;
    store
        .read(move |db| {
            let reference = reference.clone();
            async move {
                let found: Option<Id<Approval>> = db
                    .one(&FIND_BY_REFERENCE, params![reference, db.now()])
                    .await?;
                found.ok_or(Error::NotFound)
            }
        })
        .await
}

/// Writes the expiry of what is over and forgets what was kept long enough.
pub(crate) async fn sweep_in(tx: &Write, forget_before: Time) -> Result<u64, Error> {
    let expired = tx.run(&EXPIRE_ALL, params![tx.now()]).await?;
    tx.run(&FORGET, params![forget_before]).await?;
    Ok(expired)
}

pub(crate) fn actor_of(device: &Device) -> Actor {
    Actor::Resident {
        person: device.person.to_string(),
        company: None,
    }
}

/// The approval with this id, for the person it is addressed to.
///
/// # Errors
/// [`Error::NotFound`] when there is none or it is another person's.
pub async fn find_for_person(
    store: &Store,
    id: Id<Approval>,
    person: Id<Person>,
) -> Result<Approval, Error> {
    let found = store
        .read(move |db| async move { get_in(&db, id).await })
        .await?;
    if found.person == Some(person) {
        Ok(found)
    } else {
        Err(Error::NotFound)
    }
}

#[cfg(test)]
pub(crate) async fn get_for_test(store: &Store, id: Id<Approval>) -> Approval {
    store
        .read(move |db| async move { get_in(&db, id).await })
        .await
        .unwrap()
}
