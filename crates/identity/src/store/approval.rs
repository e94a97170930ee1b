//! Approvals as the browser sees them: asked, looked at, consumed, withdrawn. The phone's side is in
//! `answer`.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event, Step as Counted, Usage};
use kernel::{Actor, Id, Time};
use serde_json::json;

use crate::{
    Approval, ApprovalState, Approved, Binding, Error, FailReason, Means, NewApproval, Outcome,
    Person, Purpose, Step,
    approval::{
        DECIDED, DETAIL_LINES, OPEN_PER_PERSON, SIGNED_IN, SUMMARY_CHARS, binding_code, leads_to,
        reference_of, transition,
    },
    store::{json as to_json, person, wake},
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
    OPEN_CHOPS = "SELECT id, purpose, requester, place, asked, person, summary, detail, digest,
            code, reference, binding, return_to, state, reason, evidence, created, expires,
            decided, consumed
        FROM approval WHERE person = $1 AND purpose = 'chop' AND state IN ('pending', 'seen')
            AND expires > $2
        ORDER BY created, id LIMIT $3";
    RUN_OUT = "SELECT id, purpose, person FROM approval
        WHERE state IN ('pending', 'seen') AND expires <= $1 ORDER BY expires, id LIMIT $2";
    EXPIRE = "UPDATE approval SET state = 'expired', decided = $2
        WHERE id = $1 AND state IN ('pending', 'seen')";
    SHORTEN = "UPDATE approval SET expires = $2 WHERE id = $1 AND expires > $2";
    FORGET = "DELETE FROM approval WHERE id IN (SELECT id FROM approval
        WHERE created < $1 AND (purpose NOT IN ('sign', 'chop') OR consumed IS NULL)
            AND state NOT IN ('pending', 'seen') ORDER BY created LIMIT $2)";
    FORGET_ONE = "DELETE FROM approval WHERE id = $1";
}

/// Rows one sweep removes.
const SWEPT: i64 = 5_000;
/// Questions whose time is over that one write closes.
const EXPIRED_AT_ONCE: i64 = 200;

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
    let draws = Draws::of(store.env());
    ask_drawn(store, actor, (new, draws)).await
}

/// As [`ask`], with what was drawn before.
///
/// # Errors
/// As [`ask`].
pub(crate) async fn ask_drawn(
    store: &Store,
    actor: &Actor,
    (new, draws): (NewApproval, Draws),
) -> Result<Approval, Error> {
    if !web::is_local_path(&new.return_to) {
        return Err(Error::Malformed("return_to"));
    }
    let is_long = [&new.summary.en, &new.summary.tc]
        .iter()
        .any(|words| words.chars().count() > SUMMARY_CHARS);
    if is_long || new.detail.len() > DETAIL_LINES {
        return Err(Error::Malformed("detail"));
    }
    store
        .write(actor, move |tx| {
            let (new, draws) = (new.clone(), draws.clone());
            async move { ask_with_in(&tx, &new, &draws).await }
        })
        .await
}

/// What a question draws before its write begins: the key of its code, and its reference.
#[derive(Clone)]
pub(crate) struct Draws {
    key: [u8; 32],
    reference: String,
    /// The code, when somebody has been told it already.
    code: Option<String>,
}

impl Draws {
    pub(crate) fn of(env: &kernel::Env) -> Self {
        Self {
            key: env.bytes(),
            reference: reference_of(env.bytes()),
            code: None,
        }
    }

    /// With the code that was told before there was a question; without one, its own.
    pub(crate) fn with_code(self, code: Option<String>) -> Self {
        Self { code, ..self }
    }
}

/// As [`ask`], inside the caller's write; the caller has checked what is shown.
///
/// # Errors
/// [`Error::TooManyOpen`].
pub(crate) async fn ask_with_in(
    tx: &Write,
    new: &NewApproval,
    Draws {
        key,
        reference,
        code,
    }: &Draws,
) -> Result<Approval, Error> {
    if let Some(person) = new.person {
        let open: i64 = tx.only(&COUNT_OPEN, params![person, tx.now()]).await?;
        if open >= OPEN_PER_PERSON {
            return Err(Error::TooManyOpen);
        }
    }
    let id = tx.id::<Approval>();
    let now = tx.now();
    let code = match code {
        Some(told) => told.clone(),
        None => binding_code(key, id, new.purpose, &new.digest),
    };
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
            code,
            reference,
            new.binding.0,
            new.return_to,
            now,
            now + new.purpose.ttl()
        ],
    )
    .await?;
    if let Some(person) = new.person {
        wake::call_in(tx, person, id).await?;
    }
    get_in(tx, id).await
}

pub(crate) async fn find_in(db: &Read, id: Id<Approval>) -> Result<Option<Approval>, Error> {
    Ok(db.one(&FIND_APPROVAL, params![id]).await?)
}

pub(crate) async fn get_in(db: &Read, id: Id<Approval>) -> Result<Approval, Error> {
    find_in(db, id).await?.ok_or(Error::NotFound)
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
        (approval.person, approval.decided, approval.evidence.clone())
    else {
        return Err(Error::Corrupt("approval"));
    };
    if tx.now().since(decided) > approval.purpose.ttl() {
        return Err(Error::Expired);
    }
    if tx.run(&CONSUME, params![id, tx.now()]).await? == 0 || approval.consumed.is_some() {
        return Err(Error::Consumed);
    }
    let owner = person::get_in(tx, owner).await?;
    if !owner.is_active() {
        return Err(Error::Inactive);
    }
    let how = (approval.purpose, evidence.means());
    signed_in_in(tx, &owner, how, &approval.return_to).await?;
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

/// Tells of a completed sign-in, and counts what a resident was let in to. A signature is counted by
/// whoever has it signed.
pub(crate) async fn signed_in_in(
    tx: &Write,
    owner: &Person,
    (purpose, means): (Purpose, Means),
    return_to: &str,
) -> Result<(), Error> {
    if matches!(purpose, Purpose::SignIn | Purpose::Desk) {
        let event = Event {
            kind: SIGNED_IN,
            subject: owner.id.to_string(),
            data: json!({
                "person": owner.id, "purpose": purpose, "means": means, "level": owner.level,
                "birth_year": owner.birth_year,
            }),
        };
        journal::emit(tx, event).await?;
    }
    let step = match purpose {
        Purpose::SignIn => Counted::SignedIn,
        Purpose::StepUp => Counted::SteppedUp,
        _ => return Ok(()),
    };
    let (lang, service) = leads_to(return_to);
    let step = Usage::of(step)
        .about("", service.unwrap_or_default(), 0)
        .lang(lang)
        .by(
            owner.level.code(),
            i64::from(owner.birth_year),
            tx.now().date(),
        );
    journal::usage(tx, step).await?;
    Ok(())
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
pub(crate) async fn step_in(
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
        record_in(tx, approval, (next, change.reason), owner).await?;
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) person: Option<Id<Person>>,
    pub(crate) reason: Option<FailReason>,
}

async fn record_in(
    tx: &Write,
    approval: &Approval,
    (state, reason): (ApprovalState, Option<FailReason>),
    owner: Option<Id<Person>>,
) -> Result<(), Error> {
    let data = json!({
        "purpose": approval.purpose, "state": state, "reason": reason, "person": owner,
    });
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
            kind: DECIDED,
            subject,
            data,
        },
    )
    .await?;
    Ok(())
}

/// Withdraws the chops a person's phone was asked for: they no longer act for some company. One for
/// another company is asked for again by its page. Whoever waits for one hears of it.
pub(crate) async fn cancel_chops_in(tx: &Write, person: Id<Person>) -> Result<(), Error> {
    let row = params![person, tx.now(), OPEN_PER_PERSON];
    let open: Vec<Approval> = tx.all(&OPEN_CHOPS, row).await?;
    for one in &open {
        step_in(tx, one, Step::Cancel, None).await?;
    }
    Ok(())
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

/// A question nobody answered in time.
struct RunOut {
    id: Id<Approval>,
    purpose: Purpose,
    person: Option<Id<Person>>,
}

impl FromRow for RunOut {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            purpose: row.get("purpose")?,
            person: row.get("person")?,
        })
    }
}

/// Writes the expiry of questions whose time is over, some at a time, and tells of each as of any other
/// outcome; whether there may be more.
pub(crate) async fn expire_in(tx: &Write) -> Result<bool, Error> {
    let over: Vec<RunOut> = tx.all(&RUN_OUT, params![tx.now(), EXPIRED_AT_ONCE]).await?;
    let is_full = i64::try_from(over.len()).is_ok_and(|count| count == EXPIRED_AT_ONCE);
    for one in over {
        // Another node may have been faster.
        if tx.run(&EXPIRE, params![one.id, tx.now()]).await? == 0 {
            continue;
        }
        let event = Event {
            kind: DECIDED,
            subject: one.id.to_string(),
            data: json!({
                "purpose": one.purpose, "state": ApprovalState::Expired,
                "reason": Option::<FailReason>::None, "person": one.person,
            }),
        };
        journal::emit(tx, event).await?;
    }
    Ok(is_full)
}

/// Lets a question that was just asked end sooner than its purpose would.
pub(crate) async fn shorten_in(
    tx: &Write,
    asked: Approval,
    wait: Duration,
) -> Result<Approval, Error> {
    let until = asked.created + wait.min(asked.purpose.ttl());
    tx.run(&SHORTEN, params![asked.id, until]).await?;
    Ok(Approval {
        expires: asked.expires.min(until),
        ..asked
    })
}

/// Forgets what was kept long enough. A signature that was used stays as long as what it signed, see
/// [`forget_in`].
pub(crate) async fn sweep_in(tx: &Write, forget_before: Time) -> Result<(), Error> {
    tx.run(&FORGET, params![forget_before, SWEPT]).await?;
    Ok(())
}

/// Forgets a signature together with what it signed.
///
/// # Errors
/// The store fails.
pub async fn forget_in(tx: &Write, id: Id<Approval>) -> Result<(), Error> {
    tx.run(&FORGET_ONE, params![id]).await?;
    Ok(())
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
