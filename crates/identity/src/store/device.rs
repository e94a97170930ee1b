//! Phones.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event};
use kernel::Id;
use serde_json::json;

use crate::{DEVICE_ENROLLED, DEVICE_REPLACED, DEVICE_REVOKED, Device, Error, Person, PublicJwk};

::store::sql! {
    FIND_LIVE = "SELECT id, person, name, jwk, thumbprint, created, last_seen, revoked
        FROM device WHERE person = $1 AND revoked IS NULL";
    FIND_BY_THUMBPRINT = "SELECT id, person, name, jwk, thumbprint, created, last_seen, revoked
        FROM device WHERE thumbprint = $1";
    INSERT_DEVICE = "INSERT INTO device (id, person, name, jwk, thumbprint, created, last_seen)
        VALUES ($1, $2, $3, $4, $5, $6, $6)";
    REVIVE_DEVICE = "UPDATE device SET revoked = NULL, name = $2, last_seen = $3 WHERE id = $1";
    REVOKE_DEVICE = "UPDATE device SET revoked = $2 WHERE id = $1 AND revoked IS NULL";
    TOUCH_DEVICE = "UPDATE device SET last_seen = $2 WHERE id = $1";
}

impl FromRow for Device {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            name: row.get("name")?,
            jwk: row.json("jwk")?,
            thumbprint: row.get("thumbprint")?,
            created: row.get("created")?,
            last_seen: row.get("last_seen")?,
            revoked: row.get("revoked")?,
        })
    }
}

/// The phone a person uses now. Licences are bound to its key.
///
/// # Errors
/// The store fails.
pub async fn live_device(store: &Store, person: Id<Person>) -> Result<Option<Device>, Error> {
    store
        .read(move |db| async move { live_in(&db, person).await })
        .await
}

/// As [`live_device`], inside a read or write.
///
/// # Errors
/// The store fails.
pub async fn live_in(db: &Read, person: Id<Person>) -> Result<Option<Device>, Error> {
    Ok(db.one(&FIND_LIVE, params![person]).await?)
}

/// The phone with this key, live or not.
///
/// # Errors
/// The store fails.
pub async fn find_device(store: &Store, thumbprint: &str) -> Result<Option<Device>, Error> {
    let thumbprint = thumbprint.to_owned();
    store
        .read(move |db| {
            let thumbprint = thumbprint.clone();
            async move { by_thumbprint_in(&db, &thumbprint).await }
        })
        .await
}

pub(crate) async fn by_thumbprint_in(db: &Read, thumbprint: &str) -> Result<Option<Device>, Error> {
    Ok(db.one(&FIND_BY_THUMBPRINT, params![thumbprint]).await?)
}

pub(crate) async fn touch_in(tx: &Write, device: Id<Device>) -> Result<(), Error> {
    tx.run(&TOUCH_DEVICE, params![device, tx.now()]).await?;
    Ok(())
}

/// Makes `jwk` the person's phone and revokes the one before.
///
/// The same key of the same person is taken up again; a key of another person is refused.
pub(crate) async fn bind_in(
    tx: &Write,
    person: Id<Person>,
    jwk: &PublicJwk,
    name: &str,
) -> Result<Device, Error> {
    let thumbprint = jwk
        .public_key()
        .map_err(|_| Error::Malformed("key"))?
        .thumbprint();
    let known = by_thumbprint_in(tx, &thumbprint).await?;
    if known.as_ref().is_some_and(|known| known.person != person) {
        return Err(Error::UnknownDevice);
    }
    let before = live_in(tx, person).await?;
    let replaced = before.filter(|before| before.thumbprint != thumbprint);
    if let Some(old) = &replaced {
        tx.run(&REVOKE_DEVICE, params![old.id, tx.now()]).await?;
    }
    match &known {
        Some(known) => {
            tx.run(&REVIVE_DEVICE, params![known.id, name, tx.now()])
                .await?;
        }
        None => {
            let id = tx.id::<Device>();
            let jwk = super::json(jwk)?;
            tx.run(
                &INSERT_DEVICE,
                params![id, person, name, jwk, thumbprint, tx.now()],
            )
            .await?;
        }
    }
    let live = by_thumbprint_in(tx, &thumbprint).await?;
    let live = live.ok_or(Error::NotFound)?;
    announce(tx, &live, replaced.as_ref()).await?;
    Ok(live)
}

async fn announce(tx: &Write, live: &Device, replaced: Option<&Device>) -> Result<(), Error> {
    let replaced = replaced.map(|old| &old.thumbprint);
    let kind = if replaced.is_some() {
        DEVICE_REPLACED
    } else {
        DEVICE_ENROLLED
    };
    let data = json!({
        "person": live.person, "device": live.thumbprint, "replaced": replaced,
    });
    journal::audit(
        tx,
        Audit {
            action: "device.bound",
            noun: "device",
            id: live.id.to_string(),
            reason: None,
            detail: data.clone(),
        },
    )
    .await?;
    let subject = live.person.to_string();
    journal::emit(
        tx,
        Event {
            kind,
            subject,
            data,
        },
    )
    .await?;
    Ok(())
}

/// Revokes the person's phone without another taking its place: a lost phone.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn revoke_in(tx: &Write, person: Id<Person>, reason: &str) -> Result<(), Error> {
    let device = live_in(tx, person).await?.ok_or(Error::NotFound)?;
    tx.run(&REVOKE_DEVICE, params![device.id, tx.now()]).await?;
    let data = json!({ "person": person, "replaced": device.thumbprint });
    journal::audit(
        tx,
        Audit {
            action: "device.revoked",
            noun: "device",
            id: device.id.to_string(),
            reason: Some(reason.to_owned()),
            detail: data.clone(),
        },
    )
    .await?;
    let subject = person.to_string();
    journal::emit(
        tx,
        Event {
            kind: DEVICE_REVOKED,
            subject,
            data,
        },
    )
    .await?;
    Ok(())
}
