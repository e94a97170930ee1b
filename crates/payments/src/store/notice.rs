//! What providers report, taken in once: the only way by which money comes on record.

use journal::Job;
use kernel::{Id, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use super::{attempt, demand, receipt, refund};
use crate::{
    Attempt, Demand, DemandState, Error, Receipt, RefundReason, Step,
    provider::{CURRENCY, Notice},
};

store::sql! {
    INSERT_NOTICE = "INSERT INTO payment_notice (provider, event, attempt, step, amount_cents,
        currency, happened_at, heard_at, effect) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (provider, event) DO NOTHING";
    SET_EFFECT = "UPDATE payment_notice SET effect = $3 WHERE provider = $1 AND event = $2";
    NOTICES_OF_ATTEMPT = "SELECT * FROM payment_notice WHERE attempt = $1 ORDER BY heard_at, event";
}

/// What a notice changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The same notice was taken in before.
    Repeated,
    /// It told nothing new.
    Nothing,
    /// The attempt moved.
    Moved,
    /// Money came and the demand is paid.
    Paid,
    /// Money came that is not owed; it is on its way back.
    Returned,
    /// Amount or currency are not what was asked for: people look at it.
    Mismatch,
}

store::text_codes!(Effect {
    Repeated => "repeated",
    Nothing => "nothing",
    Moved => "moved",
    Paid => "paid",
    Returned => "returned",
    Mismatch => "mismatch",
});

/// A notice on record.
#[derive(Clone, Debug)]
pub struct Heard {
    pub provider: String,
    pub event: String,
    pub step: String,
    pub amount: kernel::Money,
    pub currency: String,
    pub happened_at: Time,
    pub heard_at: Time,
    pub effect: Effect,
}

impl FromRow for Heard {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            provider: row.get("provider")?,
            event: row.get("event")?,
            step: row.get("step")?,
            amount: row.get("amount_cents")?,
            currency: row.get("currency")?,
            happened_at: row.get("happened_at")?,
            heard_at: row.get("heard_at")?,
            effect: row.get("effect")?,
        })
    }
}

/// The payload of the job that a demand names in `on_paid`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    pub demand: Id<Demand>,
    pub receipt: Id<Receipt>,
    pub number: String,
    pub noun: String,
    pub id: String,
}

/// Takes in what `provider` reports about one attempt. The same report taken in again, or an older
/// one that comes late, changes nothing.
///
/// # Errors
/// [`Error::NotFound`] when the notice names no attempt of this provider.
pub async fn handle_event(tx: &Write, provider: &str, notice: &Notice) -> Result<Effect, Error> {
    let attempt = attempt::find_attempt(tx, notice.attempt)
        .await?
        .filter(|attempt| attempt.provider == provider)
        .ok_or(Error::NotFound)?;
    let fresh = tx
        .run(
            &INSERT_NOTICE,
            params![
                provider,
                &notice.event,
                attempt.id,
                step_code(notice.step),
                notice.amount,
                &notice.currency,
                notice.at,
                tx.now(),
                Effect::Nothing,
            ],
        )
        .await?;
    if fresh == 0 {
        return Ok(Effect::Repeated);
    }
    if attempt.provider_ref.is_none() {
        attempt::note_reference(tx, attempt.id, &notice.provider_ref).await?;
    }
    let effect = apply(tx, attempt, notice).await?;
    tx.run(&SET_EFFECT, params![provider, &notice.event, effect])
        .await?;
    Ok(effect)
}

/// Everything heard about one attempt, in the order heard.
///
/// # Errors
/// The store failed.
pub async fn notices_of(db: &Read, attempt: Id<Attempt>) -> Result<Vec<Heard>, Error> {
    Ok(db.all(&NOTICES_OF_ATTEMPT, params![attempt]).await?)
}

async fn apply(tx: &Write, attempt: Attempt, notice: &Notice) -> Result<Effect, Error> {
    let is_other = notice.amount != attempt.amount || notice.currency != CURRENCY;
    let step = if notice.step == Step::Received && is_other {
        Step::Mismatch
    } else {
        notice.step
    };
    let next = attempt.state.after(step);
    if step == Step::Mismatch {
        alarm(tx, &attempt, notice).await?;
    }
    if next == attempt.state {
        return Ok(if step == Step::Mismatch {
            Effect::Mismatch
        } else {
            Effect::Nothing
        });
    }
    attempt::set_state(tx, &attempt, next, notice.detail.as_deref()).await?;
    match step {
        Step::Received => take_money(tx, attempt, notice).await,
        Step::Mismatch => Ok(Effect::Mismatch),
        _ => Ok(Effect::Moved),
    }
}

/// Writes the receipt, and settles the demand or sends the money back.
async fn take_money(tx: &Write, attempt: Attempt, notice: &Notice) -> Result<Effect, Error> {
    let demand = demand::get(tx, attempt.demand).await?;
    let receipt = receipt::write(tx, &attempt, notice).await?;
    let data = json!({
        "demand": demand.id,
        "receipt": receipt.number,
        "amount_cents": receipt.amount,
        "method": receipt.method.code(),
        "noun": demand.about.noun,
        "about": demand.about.id,
    });
    if !demand.is_settled_by(receipt.amount) {
        demand::tell(tx, "causeway.payment.surplus.v1", &demand, data).await?;
        let reason = if demand.state == DemandState::Paid {
            RefundReason::PaidTwice
        } else {
            RefundReason::NoLongerOwed
        };
        refund::automatic(tx, &receipt, reason).await?;
        return Ok(Effect::Returned);
    }
    demand::set_state(tx, demand.id, DemandState::Paid).await?;
    demand::record(
        tx,
        "demand.paid",
        demand.id,
        json!({ "receipt": receipt.number }),
    )
    .await?;
    demand::tell(tx, "causeway.payment.received.v1", &demand, data).await?;
    demand::count_paid(tx, demand.id).await?;
    if let Some(kind) = &demand.on_paid {
        let paid = Paid {
            demand: demand.id,
            receipt: receipt.id,
            number: receipt.number,
            noun: demand.about.noun.clone(),
            id: demand.about.id.clone(),
        };
        let job = Job {
            kind: kind.as_str(),
            key: Some(format!("paid-{}", demand.id)),
            payload: json!(paid),
            run_at: tx.now(),
        };
        journal::enqueue(tx, job).await?;
    }
    Ok(Effect::Paid)
}

async fn alarm(tx: &Write, attempt: &Attempt, notice: &Notice) -> Result<(), Error> {
    let demand = demand::get(tx, attempt.demand).await?;
    let data = json!({
        "demand": demand.id,
        "attempt": attempt.id,
        "asked_cents": attempt.amount,
        "reported_cents": notice.amount,
        "currency": notice.currency,
    });
    demand::record(tx, "attempt.mismatch", demand.id, data.clone()).await?;
    demand::tell(tx, "causeway.payment.mismatch.v1", &demand, data).await
}

pub(crate) const fn step_code(step: Step) -> &'static str {
    match step {
        Step::Started => "started",
        Step::Submitted => "submitted",
        Step::Received => "received",
        Step::Declined => "declined",
        Step::Expired => "expired",
        Step::CancelledByPayer => "cancelled_by_payer",
        Step::CancelledByService => "cancelled_by_service",
        Step::ProviderFailed => "provider_failed",
        Step::Mismatch => "mismatch",
    }
}
