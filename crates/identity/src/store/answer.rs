//! Approvals as the phone sees them: opened, and answered with a signature.

use ::store::{Store, Write, params};
use kernel::{Actor, Id};
use trust::base64url;

use crate::{
    Approval, Decision, Device, Error, Evidence, FailReason, Person, Purpose, Refusal, Signed,
    Step,
    proof::{self, DECISION_TYP, ProofError, SignedDecision},
    store::{
        approval::{Change, SET_EVIDENCE, get_in, step_in},
        device, json as to_json, officer, person, token,
    },
};

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

/// What became of a question that somebody opened or answered.
pub(crate) enum Opened {
    Seen(Box<Approval>),
    Failed(FailReason),
}

pub(crate) fn refused(reason: FailReason) -> Error {
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

pub(crate) async fn unfit_in(
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
    let evidence = Evidence::Phone(Signed {
        jws: jws.to_owned(),
        thumbprint: device.thumbprint.clone(),
        jwk: key,
    });
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

/// What a phone has decided about what, once its signature has been checked.
pub(crate) struct ReadDecision {
    pub(crate) id: Id<Approval>,
    pub(crate) decision: Decision,
}

/// Reads an answer without counting it.
pub(crate) fn read(store: &Store, device: &Device, jws: &str) -> Result<ReadDecision, Error> {
    let (id, claims) = read_decision(store, device, jws)?;
    Ok(ReadDecision {
        id,
        decision: claims.decision,
    })
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
        device: phone,
    } = given;
    token::use_in(tx, &phone.thumbprint, &claims.jti).await?;
    let approval = get_in(tx, *id).await?;
    check_addressee(&approval, phone)?;
    let shown = claims.purpose == approval.purpose
        && claims.digest == base64url::encode(approval.digest)
        && claims.code == approval.code;
    if !shown {
        return Err(Error::Proof(ProofError::Mismatch));
    }
    let live = device::live_in(tx, phone.person).await?;
    if live.is_none_or(|live| live.id != phone.id) {
        return Err(Error::UnknownDevice);
    }
    let owner = person::get_in(tx, phone.person).await?;
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

pub(crate) fn actor_of(device: &Device) -> Actor {
    Actor::Resident {
        person: device.person.to_string(),
        company: None,
    }
}
