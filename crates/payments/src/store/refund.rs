//! Refunds on record.

use journal::{Audit, Job};
use kernel::{Actor, Id, Money, Time};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};

use super::{demand, receipt};
use crate::{
    DemandState, Error, NewRefund, Receipt, Refund, RefundReason, RefundState, RefundStep,
};

/// The kind of job that carries an approved refund to the provider.
pub(crate) const REFUND_JOB: &str = "payments.refund";

store::sql! {
    INSERT_REFUND = "INSERT INTO refund (id, receipt, demand, amount_cents, reason, state,
        requested_by, decided_by, requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8)";
    FIND_REFUND = "SELECT * FROM refund WHERE id = $1";
    REFUNDS_OF_DEMAND = "SELECT * FROM refund WHERE demand = $1 ORDER BY requested_at, id";
    REFUNDS_OF_RECEIPT = "SELECT * FROM refund WHERE receipt = $1
        ORDER BY requested_at DESC, id DESC LIMIT $2";
    REFUNDS_IN_STATE = "SELECT * FROM refund WHERE state = $1 ORDER BY requested_at, id LIMIT $2";
    REFUNDS_PAGE = "SELECT * FROM refund WHERE state = $1
        AND (requested_at > $2 OR (requested_at = $2 AND id > $3)) ORDER BY requested_at, id LIMIT $4";
    DECIDE_REFUND = "UPDATE refund SET state = $2, decided_by = $3 WHERE id = $1";
    END_REFUND = "UPDATE refund SET state = $2, provider_ref = $3, done_at = $4 WHERE id = $1";
}

impl FromRow for Refund {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            receipt: row.get("receipt")?,
            demand: row.get("demand")?,
            amount: row.get("amount_cents")?,
            reason: row.get("reason")?,
            state: row.get("state")?,
            requested_by: row.get("requested_by")?,
            decided_by: row.get("decided_by")?,
            provider_ref: row.get("provider_ref")?,
            requested_at: row.get("requested_at")?,
            done_at: row.get("done_at")?,
        })
    }
}

/// An officer asks for a refund; another officer approves it with [`approve_refund`]. The amount is
/// held back from the receipt at once.
///
/// # Errors
/// [`Error::Forbidden`], [`Error::AvailableChanged`], [`Error::RefundAmount`], [`Error::NotFound`].
pub async fn request_refund(tx: &Write, new: NewRefund) -> Result<Refund, Error> {
    if !matches!(tx.actor(), Actor::Officer { .. } | Actor::System { .. }) {
        return Err(Error::Forbidden);
    }
    let receipt = receipt::get(tx, new.receipt).await?;
    let available = receipt.available;
    if new.seen_available != available {
        return Err(Error::AvailableChanged { available });
    }
    insert(tx, &receipt, (new.amount, new.reason), Some(new.note)).await
}

/// The second officer agrees; the money goes out by a job.
///
/// # Errors
/// [`Error::SameOfficer`], [`Error::Forbidden`], [`Error::RefundState`], [`Error::NotFound`].
pub async fn approve_refund(tx: &Write, id: Id<Refund>) -> Result<Refund, Error> {
    let refund = second_pair_of_eyes(tx, id).await?;
    let state = refund.state.after(RefundStep::Approve)?;
    tx.run(&DECIDE_REFUND, params![id, state, tx.actor().subject()])
        .await?;
    audit(tx, "refund.approved", id, None).await?;
    send(tx, id).await?;
    get(tx, id).await
}

/// The second officer disagrees; the money is available again.
///
/// # Errors
/// As [`approve_refund`].
pub async fn refuse_refund(tx: &Write, id: Id<Refund>, note: String) -> Result<Refund, Error> {
    let refund = second_pair_of_eyes(tx, id).await?;
    let state = refund.state.after(RefundStep::Refuse)?;
    tx.run(&DECIDE_REFUND, params![id, state, tx.actor().subject()])
        .await?;
    give_back(tx, &refund).await?;
    audit(tx, "refund.refused", id, Some(note)).await?;
    get(tx, id).await
}

/// Writes down what the provider did with an approved refund. Told twice, it changes nothing.
///
/// # Errors
/// [`Error::RefundState`], [`Error::NotFound`].
pub async fn note_refund(
    tx: &Write,
    id: Id<Refund>,
    outcome: Result<String, ()>,
) -> Result<Refund, Error> {
    let refund = get(tx, id).await?;
    if matches!(refund.state, RefundState::Done | RefundState::Failed) {
        return Ok(refund);
    }
    let (step, words, action) = match outcome {
        Ok(words) => (RefundStep::Done, Some(words), "refund.done"),
        Err(()) => (RefundStep::Fail, None, "refund.failed"),
    };
    let state = refund.state.after(step)?;
    tx.run(&END_REFUND, params![id, state, words, tx.now()])
        .await?;
    if state == RefundState::Failed {
        give_back(tx, &refund).await?;
    }
    audit(tx, action, id, None).await?;
    let demand = demand::get(tx, refund.demand).await?;
    let data = json!({
        "demand": demand.id,
        "refund": id,
        "amount_cents": refund.amount,
        "reason": refund.reason.code(),
        "state": state.code(),
        "noun": demand.about.noun,
        "about": demand.about.id,
    });
    demand::tell(tx, "causeway.payment.refunded.v1", &demand, data).await?;
    get(tx, id).await
}

/// The refund with this id.
///
/// # Errors
/// The store failed.
pub async fn find_refund(db: &Read, id: Id<Refund>) -> Result<Option<Refund>, Error> {
    Ok(db.one(&FIND_REFUND, params![id]).await?)
}

/// The latest refunds of one receipt, at most `rows`, latest first.
///
/// # Errors
/// The store failed.
pub async fn refunds_of_receipt(
    db: &Read,
    id: Id<Receipt>,
    rows: i64,
) -> Result<Vec<Refund>, Error> {
    Ok(db.all(&REFUNDS_OF_RECEIPT, params![id, rows]).await?)
}

/// Every refund of one demand, oldest first.
///
/// # Errors
/// The store failed.
pub async fn refunds_of(db: &Read, id: Id<crate::Demand>) -> Result<Vec<Refund>, Error> {
    Ok(db.all(&REFUNDS_OF_DEMAND, params![id]).await?)
}

/// Refunds waiting in one state, oldest first.
///
/// # Errors
/// The store failed.
pub async fn refunds_in(db: &Read, state: RefundState, limit: i64) -> Result<Vec<Refund>, Error> {
    Ok(db.all(&REFUNDS_IN_STATE, params![state, limit]).await?)
}

/// A page of the refunds in one state, oldest first, after a place.
///
/// # Errors
/// The store failed.
pub async fn refunds_page(
    db: &Read,
    state: RefundState,
    after: Option<(Time, Id<Refund>)>,
    rows: i64,
) -> Result<Vec<Refund>, Error> {
    let (at, id) = after.unwrap_or((Time::from_micros(i64::MIN), Id::from_bits(0)));
    Ok(db.all(&REFUNDS_PAGE, params![state, at, id, rows]).await?)
}

pub(crate) async fn get(db: &Read, id: Id<Refund>) -> Result<Refund, Error> {
    find_refund(db, id).await?.ok_or(Error::NotFound)
}

/// Returns everything that came in for a demand and is not on its way back, because a rule says so
/// (an application withdrawn, a decision with refund): nobody decides about the amount, so nobody
/// has to confirm it. Tells how much.
///
/// # Errors
/// [`Error::NotFound`] when there is no such demand.
pub async fn refund_by_rule(
    tx: &Write,
    id: Id<crate::Demand>,
    reason: RefundReason,
) -> Result<Money, Error> {
    demand::get(tx, id).await?;
    let mut total = Money::ZERO;
    for receipt in receipt::receipts_of(tx, id).await? {
        if receipt.available > Money::ZERO {
            let whole = Receipt {
                amount: receipt.available,
                ..receipt
            };
            automatic(tx, &whole, reason).await?;
            total = total.plus(whole.amount).ok_or(Error::Range)?;
        }
    }
    Ok(total)
}

/// A refund of the whole receipt that the rules demand: no officer, no waiting.
pub(crate) async fn automatic(
    tx: &Write,
    receipt: &Receipt,
    reason: RefundReason,
) -> Result<Refund, Error> {
    let refund = insert(tx, receipt, (receipt.amount, reason), None).await?;
    let state = refund.state.after(RefundStep::Approve)?;
    tx.run(&DECIDE_REFUND, params![refund.id, state, "rule"])
        .await?;
    send(tx, refund.id).await?;
    get(tx, refund.id).await
}

async fn insert(
    tx: &Write,
    receipt: &Receipt,
    (amount, reason): (Money, RefundReason),
    note: Option<String>,
) -> Result<Refund, Error> {
    let available = receipt.available;
    if amount <= Money::ZERO || amount > available {
        return Err(Error::RefundAmount { available });
    }
    let id: Id<Refund> = tx.id();
    tx.run(
        &INSERT_REFUND,
        params![
            id,
            receipt.id,
            receipt.demand,
            amount,
            reason,
            RefundState::Requested,
            tx.actor().subject(),
            tx.now(),
        ],
    )
    .await?;
    receipt::take(tx, receipt.id, amount).await?;
    audit(tx, "refund.requested", id, note).await?;
    settle_again(tx, receipt.demand).await?;
    get(tx, id).await
}

async fn second_pair_of_eyes(tx: &Write, id: Id<Refund>) -> Result<Refund, Error> {
    if !matches!(tx.actor(), Actor::Officer { .. }) {
        return Err(Error::Forbidden);
    }
    let refund = get(tx, id).await?;
    if refund.requested_by == tx.actor().subject() {
        return Err(Error::SameOfficer);
    }
    Ok(refund)
}

async fn give_back(tx: &Write, refund: &Refund) -> Result<(), Error> {
    let amount = Money::ZERO.minus(refund.amount).ok_or(Error::Range)?;
    receipt::take(tx, refund.receipt, amount).await?;
    settle_again(tx, refund.demand).await
}

/// A paid demand stays paid only while receipts cover it.
async fn settle_again(tx: &Write, id: Id<crate::Demand>) -> Result<(), Error> {
    let demand = demand::get(tx, id).await?;
    let covers = receipt::kept(tx, id).await? >= demand.total;
    match (demand.state, covers) {
        (DemandState::Paid, false) => demand::set_state(tx, id, DemandState::Refunded).await,
        (DemandState::Refunded, true) => demand::set_state(tx, id, DemandState::Paid).await,
        _ => Ok(()),
    }
}

async fn send(tx: &Write, id: Id<Refund>) -> Result<(), Error> {
    let job = Job {
        kind: REFUND_JOB,
        key: Some(format!("refund-{id}")),
        payload: json!({ "refund": id }),
        run_at: tx.now(),
    };
    journal::enqueue(tx, job).await?;
    Ok(())
}

async fn audit(
    tx: &Write,
    action: &str,
    id: Id<Refund>,
    reason: Option<String>,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "refund",
        id: id.to_string(),
        reason,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}
