//! Payments that need a person, from what providers reported and from attempts that failed.

use kernel::Time;
use store::{FromRow, Read, Row, params};

use crate::{Error, Trouble};

store::sql! {
    TROUBLES = "SELECT * FROM (
            SELECT * FROM (SELECT n.effect AS kind, n.attempt AS attempt, a.demand AS demand,
                a.method AS method, a.provider_ref AS provider_ref, a.amount_cents AS asked_cents,
                n.amount_cents AS reported_cents, n.currency AS currency, n.heard_at AS at,
                n.event AS place
            FROM payment_notice n JOIN payment_attempt a ON a.id = n.attempt
            WHERE n.effect IN ('mismatch', 'returned')
                AND (n.heard_at < $1 OR (n.heard_at = $1 AND n.event < $2))
            ORDER BY n.heard_at DESC, n.event DESC LIMIT $3) AS reported
            UNION ALL
            SELECT * FROM (SELECT 'provider_failed' AS kind, id AS attempt, demand, method, provider_ref,
                amount_cents AS asked_cents, amount_cents AS reported_cents, 'HKD' AS currency,
                created_at AS at, idempotency_key AS place
            FROM payment_attempt
            WHERE state = 'provider_failed'
                AND (created_at < $1 OR (created_at = $1 AND idempotency_key < $2))
            ORDER BY created_at DESC, idempotency_key DESC LIMIT $3) AS failed
        ) AS trouble ORDER BY at DESC, place DESC LIMIT $3";
}

impl FromRow for Trouble {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            attempt: row.get("attempt")?,
            demand: row.get("demand")?,
            method: row.get("method")?,
            provider_ref: row.get("provider_ref")?,
            asked: row.get("asked_cents")?,
            reported: row.get("reported_cents")?,
            currency: row.get("currency")?,
            at: row.get("at")?,
            place: row.get("place")?,
        })
    }
}

/// At most `rows` payments that need a person, latest first, before a place.
///
/// # Errors
/// The store failed.
pub async fn troubles(
    db: &Read,
    before: Option<(Time, String)>,
    rows: i64,
) -> Result<Vec<Trouble>, Error> {
    let (at, place) = before.unwrap_or((Time::from_micros(i64::MAX), String::new()));
    Ok(db.all(&TROUBLES, params![at, place, rows]).await?)
}
