//! Receipts on record.

use kernel::{Id, Money};
use store::{FromRow, Read, Row, Write, params};

use crate::{Attempt, Demand, Error, Receipt, provider::Notice, receipt};

store::sql! {
    NEXT_NUMBER = "INSERT INTO receipt_series (year, last_number) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_number = receipt_series.last_number + 1
        RETURNING last_number";
    INSERT_RECEIPT = "INSERT INTO receipt (id, number, demand, attempt, amount_cents, method,
        provider_ref, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    INSERT_BALANCE = "INSERT INTO receipt_balance (receipt, available_cents) VALUES ($1, $2)";
    TAKE_BALANCE = "UPDATE receipt_balance SET available_cents = available_cents - $2
        WHERE receipt = $1";
    FIND_RECEIPT = "SELECT r.*, b.available_cents FROM receipt r
        JOIN receipt_balance b ON b.receipt = r.id WHERE r.id = $1";
    FIND_RECEIPT_BY_NUMBER = "SELECT r.*, b.available_cents FROM receipt r
        JOIN receipt_balance b ON b.receipt = r.id WHERE r.number = $1";
    RECEIPTS_OF_DEMAND = "SELECT r.*, b.available_cents FROM receipt r
        JOIN receipt_balance b ON b.receipt = r.id WHERE r.demand = $1
        ORDER BY r.number";
    KEPT_OF_DEMAND = "SELECT CAST(COALESCE(SUM(b.available_cents), 0) AS BIGINT) AS kept
        FROM receipt r JOIN receipt_balance b ON b.receipt = r.id WHERE r.demand = $1";
}

impl FromRow for Receipt {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            number: row.get("number")?,
            demand: row.get("demand")?,
            attempt: row.get("attempt")?,
            amount: row.get("amount_cents")?,
            method: row.get("method")?,
            provider_ref: row.get("provider_ref")?,
            received_at: row.get("received_at")?,
            available: row.get("available_cents")?,
        })
    }
}

/// The receipt with this id.
///
/// # Errors
/// The store failed.
pub async fn find_receipt(db: &Read, id: Id<Receipt>) -> Result<Option<Receipt>, Error> {
    Ok(db.one(&FIND_RECEIPT, params![id]).await?)
}

/// The receipt with this number.
///
/// # Errors
/// The store failed.
pub async fn find_receipt_by_number(db: &Read, number: &str) -> Result<Option<Receipt>, Error> {
    Ok(db.one(&FIND_RECEIPT_BY_NUMBER, params![number]).await?)
}

/// Every receipt of one demand, oldest first.
///
/// # Errors
/// The store failed.
pub async fn receipts_of(db: &Read, demand: Id<Demand>) -> Result<Vec<Receipt>, Error> {
    Ok(db.all(&RECEIPTS_OF_DEMAND, params![demand]).await?)
}

/// What has come in for a demand and is not on its way back.
///
/// # Errors
/// The store failed.
pub async fn kept(db: &Read, demand: Id<Demand>) -> Result<Money, Error> {
    Ok(Money::from_cents(
        db.only(&KEPT_OF_DEMAND, params![demand]).await?,
    ))
}

pub(crate) async fn get(db: &Read, id: Id<Receipt>) -> Result<Receipt, Error> {
    find_receipt(db, id).await?.ok_or(Error::NotFound)
}

/// Writes the one receipt of an attempt, with the next number of the year.
pub(crate) async fn write(
    tx: &Write,
    attempt: &Attempt,
    notice: &Notice,
) -> Result<Receipt, Error> {
    let year = tx.now().date().year();
    let place: i64 = tx.only(&NEXT_NUMBER, params![year]).await?;
    let id: Id<Receipt> = tx.id();
    tx.run(
        &INSERT_RECEIPT,
        params![
            id,
            receipt::number(year, place),
            attempt.demand,
            attempt.id,
            attempt.amount,
            attempt.method,
            &notice.provider_ref,
            tx.now(),
        ],
    )
    .await?;
    tx.run(&INSERT_BALANCE, params![id, attempt.amount]).await?;
    get(tx, id).await
}

/// Holds `amount` back from a receipt; a negative amount gives it free again. The table refuses a
/// balance below zero.
pub(crate) async fn take(tx: &Write, id: Id<Receipt>, amount: Money) -> Result<(), Error> {
    tx.run(&TAKE_BALANCE, params![id, amount]).await?;
    Ok(())
}
