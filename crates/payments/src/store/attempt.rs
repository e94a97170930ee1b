//! Attempts on record.

use kernel::{Actor, Id, Lang, Time};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use super::demand;
use crate::{
    ATTEMPTS_MAX, Attempt, AttemptState, Demand, Error, Method, NewAttempt, Step,
    attempt::KEY_CHARS, provider::Started,
};

store::sql! {
    INSERT_ATTEMPT = "INSERT INTO payment_attempt (id, demand, idempotency_key, method, provider,
        amount_cents, lang, state, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'created', $8, $9)";
    FIND_ATTEMPT = "SELECT * FROM payment_attempt WHERE id = $1";
    FIND_ATTEMPT_BY_KEY = "SELECT * FROM payment_attempt WHERE demand = $1 AND idempotency_key = $2";
    ATTEMPTS_OF_DEMAND = "SELECT * FROM payment_attempt WHERE demand = $1 ORDER BY created_at, id";
    COUNT_ATTEMPTS = "SELECT COUNT(*) AS number FROM payment_attempt WHERE demand = $1";
    MOVE_ATTEMPT = "UPDATE payment_attempt SET state = $2, detail = $3, finished_at = $4
        WHERE id = $1";
    NOTE_STARTED = "UPDATE payment_attempt SET state = $2, provider_ref = $3, next_step = $4
        WHERE id = $1";
    NOTE_REFERENCE = "UPDATE payment_attempt SET provider_ref = $2 WHERE id = $1";
    NOTE_CHECKED = "UPDATE payment_attempt SET checked_at = $2 WHERE id = $1";
    PENDING_ATTEMPTS = "SELECT * FROM payment_attempt
        WHERE state IN ('created', 'started', 'submitted')
        AND COALESCE(checked_at, created_at) <= $1 ORDER BY created_at, id LIMIT $2";
    TROUBLED_ATTEMPTS = "SELECT * FROM payment_attempt
        WHERE state IN ('integrity_failure', 'provider_failed') ORDER BY created_at DESC, id DESC
        LIMIT $1";
}

impl FromRow for Attempt {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let lang: String = row.get("lang")?;
        let next: Option<String> = row.get("next_step")?;
        Ok(Self {
            id: row.get("id")?,
            demand: row.get("demand")?,
            method: row.get("method")?,
            provider: row.get("provider")?,
            amount: row.get("amount_cents")?,
            lang: lang.parse::<Lang>().unwrap_or_default(),
            state: row.get("state")?,
            detail: row.get("detail")?,
            provider_ref: row.get("provider_ref")?,
            next: match next {
                Some(_) => Some(row.json("next_step")?),
                None => None,
            },
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
            checked_at: row.get("checked_at")?,
        })
    }
}

/// Puts an attempt on record, or gives the one that the same key made before. The provider is asked
/// afterwards, outside the transaction: see [`crate::Shroff::pay`].
///
/// # Errors
/// [`Error::NotFound`] for anybody but the payer; [`Error::KeyReused`] when the key came with another
/// method; [`Error::AlreadyPaid`], [`Error::NotOpen`], [`Error::TooManyAttempts`], [`Error::Key`].
pub async fn start_attempt(
    tx: &Write,
    id: Id<Demand>,
    new: &NewAttempt,
    provider: &str,
) -> Result<Attempt, Error> {
    let is_key = !new.key.is_empty() && new.key.len() <= KEY_CHARS && new.key.is_ascii();
    if !is_key {
        return Err(Error::Key);
    }
    if !may_pay(tx.actor(), &demand::get(tx, id).await?) {
        return Err(Error::NotFound);
    }
    let before: Option<Attempt> = tx.one(&FIND_ATTEMPT_BY_KEY, params![id, &new.key]).await?;
    if let Some(attempt) = before {
        let is_same = attempt.method == new.method && attempt.provider == provider;
        return if is_same {
            Ok(attempt)
        } else {
            Err(Error::KeyReused)
        };
    }
    let demand = demand::open(tx, id).await?;
    let count: i64 = tx.only(&COUNT_ATTEMPTS, params![id]).await?;
    if count >= ATTEMPTS_MAX {
        return Err(Error::TooManyAttempts);
    }
    let attempt: Id<Attempt> = tx.id();
    tx.run(
        &INSERT_ATTEMPT,
        params![
            attempt,
            id,
            &new.key,
            new.method,
            provider,
            demand.total,
            new.lang.code(),
            tx.now(),
            tx.now() + new.method.life(),
        ],
    )
    .await?;
    get(tx, attempt).await
}

/// Only the payer pays, or a component on their behalf.
fn may_pay(actor: &Actor, demand: &Demand) -> bool {
    match actor {
        Actor::Resident { person, .. } => *person == demand.payer.to_string(),
        Actor::System { .. } => true,
        Actor::Officer { .. } | Actor::Visitor => false,
    }
}

/// Writes down what the provider answered to the start. Answers of a repeated start change nothing.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn note_started(
    tx: &Write,
    id: Id<Attempt>,
    started: &Started,
) -> Result<Attempt, Error> {
    let attempt = get(tx, id).await?;
    if attempt.provider_ref.is_none() || attempt.next.is_none() {
        let state = attempt.state.after(Step::Started);
        tx.run(
            &NOTE_STARTED,
            params![id, state, &started.provider_ref, json!(started.next)],
        )
        .await?;
    }
    get(tx, id).await
}

/// Moves an attempt by a step that comes from us: expiry, cancellation, a provider that failed.
/// Money comes only through [`crate::handle_event`].
///
/// # Errors
/// [`Error::NotFound`].
pub async fn step(tx: &Write, id: Id<Attempt>, step: Step) -> Result<Attempt, Error> {
    let attempt = get(tx, id).await?;
    let next = attempt.state.after(step);
    if next != attempt.state && step != Step::Received {
        set_state(tx, &attempt, next, None).await?;
    }
    get(tx, id).await
}

/// The attempt with this id.
///
/// # Errors
/// The store failed.
pub async fn find_attempt(db: &Read, id: Id<Attempt>) -> Result<Option<Attempt>, Error> {
    Ok(db.one(&FIND_ATTEMPT, params![id]).await?)
}

/// Every attempt of one demand, oldest first.
///
/// # Errors
/// The store failed.
pub async fn attempts_of(db: &Read, demand: Id<Demand>) -> Result<Vec<Attempt>, Error> {
    Ok(db.all(&ATTEMPTS_OF_DEMAND, params![demand]).await?)
}

/// Attempts that people have to look at: the provider reported another amount, or failed.
///
/// # Errors
/// The store failed.
pub async fn troubled_attempts(db: &Read, limit: i64) -> Result<Vec<Attempt>, Error> {
    Ok(db.all(&TROUBLED_ATTEMPTS, params![limit]).await?)
}

pub(crate) async fn pending(db: &Read, before: Time, limit: i64) -> Result<Vec<Attempt>, Error> {
    Ok(db.all(&PENDING_ATTEMPTS, params![before, limit]).await?)
}

pub(crate) async fn get(db: &Read, id: Id<Attempt>) -> Result<Attempt, Error> {
    find_attempt(db, id).await?.ok_or(Error::NotFound)
}

pub(crate) async fn set_state(
    tx: &Write,
    attempt: &Attempt,
    state: AttemptState,
    detail: Option<&str>,
) -> Result<(), Error> {
    let finished = (!state.is_pending()).then(|| tx.now());
    tx.run(&MOVE_ATTEMPT, params![attempt.id, state, detail, finished])
        .await?;
    let words = json!({
        "attempt": attempt.id,
        "from": attempt.state.code(),
        "to": state.code(),
        "code": state.reason_code(),
    });
    demand::record(tx, "attempt.moved", attempt.demand, words).await
}

pub(crate) async fn note_reference(tx: &Write, id: Id<Attempt>, words: &str) -> Result<(), Error> {
    tx.run(&NOTE_REFERENCE, params![id, words]).await?;
    Ok(())
}

pub(crate) async fn note_checked(tx: &Write, id: Id<Attempt>) -> Result<(), Error> {
    tx.run(&NOTE_CHECKED, params![id, tx.now()]).await?;
    Ok(())
}

pub(crate) async fn cancel_pending(tx: &Write, id: Id<Demand>) -> Result<(), Error> {
    for attempt in attempts_of(tx, id).await? {
        let next = attempt.state.after(Step::CancelledByService);
        if next != attempt.state {
            set_state(tx, &attempt, next, None).await?;
        }
    }
    Ok(())
}

/// The methods offered, in the order shown.
pub const METHODS: [Method; 2] = [Method::Card, Method::Fps];
