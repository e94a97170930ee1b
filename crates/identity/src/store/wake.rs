//! Where phones are woken.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::Id;
use serde_json::json;
use trust::{Place, Sealed};

use crate::{Approval, Device, Error, Person, provider::jobs::enqueue_in, wake::WAKE};

::store::sql! {
    FIND_ADDRESS = "SELECT w.device, w.address FROM device_wake w
        JOIN device d ON d.id = w.device WHERE d.person = $1 AND d.revoked IS NULL";
    HAS_ADDRESS = "SELECT COUNT(*) FROM device_wake WHERE device = $1";
    PUT_ADDRESS = "INSERT INTO device_wake (device, address, created) VALUES ($1, $2, $3)
        ON CONFLICT (device) DO UPDATE SET address = excluded.address, created = excluded.created";
    DROP_ADDRESS = "DELETE FROM device_wake WHERE device = $1";
}

struct Address(Id<Device>, Sealed);

impl FromRow for Address {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self(row.get("device")?, Sealed(row.get("address")?)))
    }
}

/// Where a sealed address stands.
pub(crate) fn place(device: Id<Device>) -> Place {
    Place::new("device_wake.address", device)
}

/// The phone a person uses now, and where it is woken, sealed.
pub(crate) async fn of_person_in(
    db: &Read,
    person: Id<Person>,
) -> Result<Option<(Id<Device>, Sealed)>, Error> {
    let found: Option<Address> = db.one(&FIND_ADDRESS, params![person]).await?;
    Ok(found.map(|Address(device, sealed)| (device, sealed)))
}

pub(crate) async fn has_in(db: &Read, device: Id<Device>) -> Result<bool, Error> {
    let count: i64 = db.only(&HAS_ADDRESS, params![device]).await?;
    Ok(count > 0)
}

/// Remembers a sealed address, or forgets what there is.
pub(crate) async fn set_in(
    tx: &Write,
    device: Id<Device>,
    address: Option<Vec<u8>>,
) -> Result<(), Error> {
    match address {
        Some(address) => {
            tx.run(&PUT_ADDRESS, params![device, address, tx.now()])
                .await?
        }
        None => tx.run(&DROP_ADDRESS, params![device]).await?,
    };
    Ok(())
}

/// Has the phone of somebody who is asked by name woken, if it wants to be.
pub(crate) async fn call_in(
    tx: &Write,
    person: Id<Person>,
    asked: Id<Approval>,
) -> Result<(), Error> {
    if of_person_in(tx, person).await?.is_none() {
        return Ok(());
    }
    enqueue_in(tx, WAKE, asked.to_string(), json!({ "approval": asked })).await
}
