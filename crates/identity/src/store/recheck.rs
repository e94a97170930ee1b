//! Asking the register again: what it vouches for is only as fresh as its last answer.
//!
//! Invariants: a register that does not answer changes nothing, not even the stamp; an entry that is
//! gone is put on record for an officer and takes nothing away; what the register has changed stands in
//! the profile, its history and the inbox by one write.

use std::{sync::Arc, time::Duration};

use ::store::{Store, Write, params};
use journal::{Audit, Event};
use kernel::{Actor, Id, Time};
use serde_json::{Value, json};
use trust::{Sealed, Vault};

use crate::{
    Error, FieldKey, Identity, Particulars, Person, RegisterEntry,
    profile::verified_value,
    store::{person, profile, profile_version},
};

/// After how long the register is asked again.
pub const RECHECK_AFTER: Duration = Duration::from_secs(180 * 86_400);
/// How often [`recheck`] should run.
pub const RECHECK_EVERY: Duration = Duration::from_secs(300);
/// People asked about in one run: seven million in 180 days take 135.
const RECHECKED: i64 = 200;
/// The event of particulars that the register has changed. Data: the fields, without their values.
pub const REGISTER_CHANGED: &str = "causeway.person.register_changed.v1";
/// The fields that a register may change; a card and a birthday are what it is asked by.
const CHANGING: [FieldKey; 3] = [FieldKey::NameEn, FieldKey::NameZh, FieldKey::Sex];

::store::sql! {
    DUE = "SELECT id FROM person WHERE asked < $1 AND state <> 'closed' AND document = 'card'
        ORDER BY asked, id LIMIT $2";
    SET_CHECKED = "UPDATE person SET checked = $2, asked = $2, missing_since = NULL WHERE id = $1";
    SET_ENTRY = "UPDATE person SET name_en = $2, name_zh = $3, sex = $4, corrected = $5
        WHERE id = $1";
    SET_MISSING = "UPDATE person SET asked = $2, missing_since = COALESCE(missing_since, $2)
        WHERE id = $1";
    SET_ASKED = "UPDATE person SET asked = $2 WHERE id = $1";
    MISSING_SINCE = "SELECT missing_since FROM person
        WHERE id = $1 AND missing_since IS NOT NULL";
}

/// Asks the register about those it has not answered for the longest. How many were asked about.
///
/// # Errors
/// [`Error::RegisterDown`]: the rest waits for the next run.
pub async fn recheck(identity: &Identity) -> Result<usize, Error> {
    let store = identity.store();
    let before = store.env().now() - RECHECK_AFTER;
    let due: Vec<Id<Person>> =
        store
            .read(move |db| async move {
                Ok::<_, Error>(db.all(&DUE, params![before, RECHECKED]).await?)
            })
            .await?;
    for id in &due {
        match ask(identity, *id).await {
            Ok(()) => {}
            Err(Error::RegisterDown) => return Err(Error::RegisterDown),
            // One record that cannot be read holds nobody else up.
            Err(error) => {
                tracing::error!(person = %id, %error, "the register could not be asked");
                put_off(store, *id).await?;
            }
        }
    }
    Ok(due.len())
}

async fn put_off(store: &Store, id: Id<Person>) -> Result<(), Error> {
    store
        .write(&Actor::system("register"), move |tx| async move {
            tx.run(&SET_ASKED, params![id, tx.now()]).await?;
            Ok(())
        })
        .await
}

async fn ask(identity: &Identity, id: Id<Person>) -> Result<(), Error> {
    let (store, vault) = (identity.store(), identity.vault().clone());
    let (known, particulars) = store
        .read(move |db| {
            let vault = vault.clone();
            async move {
                let known = person::get_in(&db, id).await?;
                let particulars = person::particulars_in(&db, &vault, id).await?;
                Ok::<_, Error>((known, particulars))
            }
        })
        .await?;
    let Some(card) = particulars.document.card() else {
        return Ok(());
    };
    let entry = identity
        .register()
        .find(card, particulars.born)
        .await
        .map_err(|_| Error::RegisterDown)?;
    let told = match entry {
        None => Told::Missing,
        Some(entry) if entry.name == known.name && entry.sex == known.sex => Told::Same,
        Some(entry) => {
            let before = before(identity.vault(), (&known, &particulars), &entry)?;
            Told::Changed(Arc::new((entry, before)))
        }
    };
    store
        .write(&Actor::system("register"), move |tx| {
            let told = told.clone();
            async move { keep_in(&tx, id, &told).await }
        })
        .await
}

/// A field with what it held, sealed; none when it held nothing.
type Before = (FieldKey, Option<Sealed>);

#[derive(Clone)]
enum Told {
    Same,
    Changed(Arc<(RegisterEntry, Vec<Before>)>),
    Missing,
}

/// The fields that differ, with what they held, sealed for their history.
fn before(
    vault: &Vault,
    (known, particulars): (&Person, &Particulars),
    entry: &RegisterEntry,
) -> Result<Vec<Before>, Error> {
    let value = |key, (name, sex)| -> Option<Value> {
        verified_value(key, name, sex, &particulars.document, particulars.born)
    };
    let mut all = Vec::new();
    for key in CHANGING {
        let held = value(key, (&known.name, known.sex));
        if held == value(key, (&entry.name, entry.sex)) {
            continue;
        }
        let sealed = held
            .map(|held| vault.seal(&profile::place(known.id, key), held.to_string()))
            .transpose()?;
        all.push((key, sealed));
    }
    Ok(all)
}

async fn keep_in(tx: &Write, id: Id<Person>, told: &Told) -> Result<(), Error> {
    match told {
        Told::Same => {
            tx.run(&SET_CHECKED, params![id, tx.now()]).await?;
            Ok(())
        }
        Told::Missing => {
            tx.run(&SET_MISSING, params![id, tx.now()]).await?;
            audit_in(tx, id, ("person.not_in_register", json!({}))).await
        }
        Told::Changed(change) => {
            let (entry, before) = &**change;
            let known = person::get_in(tx, id).await?;
            if known.name == entry.name && known.sex == entry.sex {
                // Another process was told the same.
                tx.run(&SET_CHECKED, params![id, tx.now()]).await?;
                return Ok(());
            }
            for (key, held) in before {
                profile_version::keep_verified_in(tx, (id, *key), held.as_ref()).await?;
            }
            let row = params![id, entry.name.en, entry.name.zh, entry.sex, tx.now()];
            tx.run(&SET_ENTRY, row).await?;
            tx.run(&SET_CHECKED, params![id, tx.now()]).await?;
            let fields: Vec<FieldKey> = before.iter().map(|(key, _)| *key).collect();
            let event = Event {
                kind: REGISTER_CHANGED,
                subject: id.to_string(),
                data: json!({ "person": id, "fields": fields }),
            };
            journal::emit(tx, event).await?;
            let detail = json!({ "fields": fields });
            audit_in(tx, id, ("person.register_changed", detail)).await
        }
    }
}

async fn audit_in(
    tx: &Write,
    id: Id<Person>,
    (action, detail): (&'static str, Value),
) -> Result<(), Error> {
    let entry = Audit {
        action,
        noun: "person",
        id: id.to_string(),
        reason: None,
        detail,
    };
    journal::audit(tx, entry).await?;
    Ok(())
}

/// Since when the register has no entry of a person; none while it has.
///
/// # Errors
/// The store fails.
pub async fn missing_since(store: &Store, id: Id<Person>) -> Result<Option<Time>, Error> {
    store
        .read(move |db| async move { Ok(db.one(&MISSING_SINCE, params![id]).await?) })
        .await
}
