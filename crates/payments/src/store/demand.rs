//! Demands on record.

use journal::{Audit, Event, Usage};
use kernel::{Cursor, Id, Page, Text};
use serde_json::{Value, json};
use store::{FromRow, Read, Row, Write, params};

use super::attempt;
use crate::{
    Demand, DemandState, Error, Line, NewDemand, Payer,
    demand::{bill_number, total},
};

store::sql! {
    INSERT_DEMAND = "INSERT INTO demand (id, bill, payer, payee, purpose, lines, total_cents,
        about_noun, about_id, due, on_paid, back, state, created_at, paid_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'open', $13, NULL)";
    FIND_DEMAND = "SELECT * FROM demand WHERE id = $1";
    FIND_DEMAND_ABOUT = "SELECT * FROM demand WHERE about_noun = $1 AND about_id = $2
        ORDER BY created_at, id";
    FIND_DEMAND_BY_BILL = "SELECT * FROM demand WHERE bill = $1";
    DEMANDS_OF_PAYER = "SELECT * FROM demand WHERE payer = $1 AND id < $2
        ORDER BY id DESC LIMIT $3";
    CHANGE_LINES = "UPDATE demand SET lines = $2, total_cents = $3 WHERE id = $1 AND state = 'open'";
    SET_USAGE = "UPDATE demand SET usage = $2 WHERE id = $1";
    FIND_USAGE = "SELECT usage FROM demand WHERE id = $1";
    SET_STATE = "UPDATE demand SET state = $2, paid_at = $3 WHERE id = $1";
}

impl FromRow for Demand {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            bill: row.get("bill")?,
            payer: row.get("payer")?,
            payee: row.json::<Text>("payee")?,
            purpose: row.json::<Text>("purpose")?,
            lines: row.json::<Vec<Line>>("lines")?,
            total: row.get("total_cents")?,
            about: crate::About {
                noun: row.get("about_noun")?,
                id: row.get("about_id")?,
            },
            due: row.get("due")?,
            on_paid: row.get("on_paid")?,
            back: row.get("back")?,
            state: row.get("state")?,
            created_at: row.get("created_at")?,
            paid_at: row.get("paid_at")?,
        })
    }
}

/// Asks somebody to pay. Written in the transaction of whatever it is for.
///
/// # Errors
/// [`Error::NothingToPay`], [`Error::TooMuch`].
pub async fn demand(tx: &Write, new: NewDemand) -> Result<Demand, Error> {
    let sum = total(&new.lines)?;
    let id: Id<Demand> = tx.id();
    tx.run(
        &INSERT_DEMAND,
        params![
            id,
            bill_number(id),
            new.payer,
            json!(new.payee),
            json!(new.purpose),
            json!(new.lines),
            sum,
            &new.about.noun,
            &new.about.id,
            new.due,
            new.on_paid,
            &new.back,
            tx.now(),
        ],
    )
    .await?;
    let detail = json!({ "total_cents": sum, "noun": new.about.noun, "about": new.about.id });
    record(tx, "demand.made", id, detail).await?;
    get(tx, id).await
}

/// Has the payment of a demand counted as `step`, in the transaction that makes it paid.
///
/// # Errors
/// The store fails.
pub async fn count_paid_as(tx: &Write, id: Id<Demand>, step: &Usage) -> Result<(), Error> {
    tx.run(&SET_USAGE, params![id, json!(step)]).await?;
    Ok(())
}

/// Counts that a demand has been paid, if its owner asked for it.
pub(crate) async fn count_paid(tx: &Write, id: Id<Demand>) -> Result<(), Error> {
    let asked: Option<Option<Value>> = tx.one(&FIND_USAGE, params![id]).await?;
    let step = asked
        .flatten()
        .and_then(|step| serde_json::from_value::<Usage>(step).ok());
    if let Some(step) = step {
        journal::usage(tx, step).await?;
    }
    Ok(())
}

/// Works an open demand out anew. Attempts under way are cancelled; money that still arrives for
/// them goes back.
///
/// # Errors
/// [`Error::AlreadyPaid`], [`Error::NotOpen`], and those of [`demand`].
pub async fn recalculate(tx: &Write, id: Id<Demand>, lines: Vec<Line>) -> Result<Demand, Error> {
    let old = open(tx, id).await?;
    let sum = total(&lines)?;
    attempt::cancel_pending(tx, id).await?;
    tx.run(&CHANGE_LINES, params![id, json!(lines), sum])
        .await?;
    let detail = json!({ "from_cents": old.total, "to_cents": sum });
    record(tx, "demand.recalculated", id, detail).await?;
    get(tx, id).await
}

/// Ends a demand that nobody owes any more. Money already received is not returned by this: ask for
/// a refund.
///
/// # Errors
/// [`Error::AlreadyPaid`], [`Error::NotOpen`].
pub async fn withdraw(tx: &Write, id: Id<Demand>) -> Result<(), Error> {
    open(tx, id).await?;
    attempt::cancel_pending(tx, id).await?;
    set_state(tx, id, DemandState::Withdrawn).await?;
    record(tx, "demand.withdrawn", id, json!({})).await
}

/// The demand with this id.
///
/// # Errors
/// The store failed.
pub async fn find_demand(db: &Read, id: Id<Demand>) -> Result<Option<Demand>, Error> {
    Ok(db.one(&FIND_DEMAND, params![id]).await?)
}

/// Every demand about one thing, oldest first.
///
/// # Errors
/// The store failed.
pub async fn demands_about(db: &Read, noun: &str, id: &str) -> Result<Vec<Demand>, Error> {
    Ok(db.all(&FIND_DEMAND_ABOUT, params![noun, id]).await?)
}

/// The demand with this bill number.
///
/// # Errors
/// The store failed.
pub async fn find_demand_by_bill(db: &Read, bill: &str) -> Result<Option<Demand>, Error> {
    Ok(db.one(&FIND_DEMAND_BY_BILL, params![bill]).await?)
}

/// The demands of one payer, newest first.
///
/// # Errors
/// The store failed.
pub async fn demands_of(
    db: &Read,
    payer: Id<Payer>,
    after: Option<&Cursor>,
) -> Result<Page<Demand>, Error> {
    let before: Id<Demand> = after
        .and_then(|cursor| cursor.0.parse().ok())
        .unwrap_or(Id::from_bits(u128::MAX));
    let rows = db
        .all(
            &DEMANDS_OF_PAYER,
            params![payer, before, Page::<Demand>::fetch()],
        )
        .await?;
    Ok(Page::cut(rows, |demand: &Demand| {
        Cursor(demand.id.to_string())
    }))
}

/// Whether receipts cover the demand.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn is_paid(db: &Read, id: Id<Demand>) -> Result<bool, Error> {
    Ok(get(db, id).await?.state == DemandState::Paid)
}

pub(crate) async fn get(db: &Read, id: Id<Demand>) -> Result<Demand, Error> {
    find_demand(db, id).await?.ok_or(Error::NotFound)
}

/// The demand, when something can still be paid or changed.
pub(crate) async fn open(db: &Read, id: Id<Demand>) -> Result<Demand, Error> {
    let demand = get(db, id).await?;
    match demand.state {
        DemandState::Open => Ok(demand),
        DemandState::Paid => Err(Error::AlreadyPaid),
        DemandState::Refunded | DemandState::Withdrawn => Err(Error::NotOpen),
    }
}

pub(crate) async fn set_state(tx: &Write, id: Id<Demand>, state: DemandState) -> Result<(), Error> {
    let paid_at = (state == DemandState::Paid).then(|| tx.now());
    tx.run(&SET_STATE, params![id, state, paid_at]).await?;
    Ok(())
}

pub(crate) async fn record(
    tx: &Write,
    action: &str,
    id: Id<Demand>,
    detail: serde_json::Value,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "demand",
        id: id.to_string(),
        reason: None,
        detail,
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

pub(crate) async fn tell(
    tx: &Write,
    kind: &str,
    demand: &Demand,
    data: serde_json::Value,
) -> Result<(), Error> {
    let event = Event {
        kind,
        subject: demand.id.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}
