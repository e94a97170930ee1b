//! What the simulated carrier took.

use kernel::{Id, Time};
use store::{FromRow, Read, Row, Write, params};

use crate::{Channel, Error, Parcel};

store::sql! {
    INSERT_CARRIED = "INSERT INTO carried_message (id, delivery, channel, address, subject, body,
        carried_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (delivery) DO NOTHING";
    CARRIED = "SELECT * FROM carried_message ORDER BY carried_at DESC, id DESC LIMIT $1";
}

/// A message as the simulated carrier took it.
#[derive(Clone, Debug)]
pub struct Carried {
    pub channel: Channel,
    pub address: String,
    pub subject: String,
    pub body: String,
    pub carried_at: Time,
}

impl FromRow for Carried {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            channel: row.get("channel")?,
            address: row.get("address")?,
            subject: row.get("subject")?,
            body: row.get("body")?,
            carried_at: row.get("carried_at")?,
        })
    }
}

/// What the simulated carrier took last, newest first.
///
/// # Errors
/// The store failed.
pub async fn carried(db: &Read, limit: i64) -> Result<Vec<Carried>, Error> {
    Ok(db.all(&CARRIED, params![limit]).await?)
}

pub(crate) async fn insert(tx: &Write, parcel: &Parcel) -> Result<(), Error> {
    let id: Id<Carried> = tx.id();
    tx.run(
        &INSERT_CARRIED,
        params![
            id,
            parcel.delivery,
            parcel.channel,
            &parcel.address,
            &parcel.subject,
            &parcel.body,
            tx.now(),
        ],
    )
    .await?;
    Ok(())
}
