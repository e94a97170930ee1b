//! The profile's values, sealed, and the record of who read them.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Actor, Id, Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trust::{Place, Sealed, Vault};

use crate::{
    Error, Field, FieldKey, Particulars, Person, Profile, Source,
    profile::{read_value, verified_value},
    store::{consent, person},
};

::store::sql! {
    LIST_FIELDS = "SELECT field, value_sealed, source, updated FROM profile_field
        WHERE person = $1 ORDER BY field";
    PUT_FIELD = "INSERT INTO profile_field (person, field, value_sealed, source, updated)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (person, field) DO UPDATE SET value_sealed = excluded.value_sealed,
            source = excluded.source, updated = excluded.updated";
    DROP_FIELD = "DELETE FROM profile_field WHERE person = $1 AND field = $2";
    INSERT_READING = "INSERT INTO profile_reading (id, person, reader, reason, fields, read_at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    LIST_READINGS = "SELECT reader, reason, fields, read_at FROM profile_reading
        WHERE person = $1 ORDER BY id DESC LIMIT 100";
}

struct Stored {
    field: String,
    value: Vec<u8>,
    source: Source,
    updated: Time,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            field: row.get("field")?,
            value: row.get("value_sealed")?,
            source: row.get("source")?,
            updated: row.get("updated")?,
        })
    }
}

fn place(person: Id<Person>, key: FieldKey) -> Place {
    Place::new("profile_field.value_sealed", format!("{person}/{key}"))
}

/// The person's own view of the whole profile. For anybody else use [`read_fields`].
///
/// # Errors
/// [`Error::NotFound`] when there is no such person.
pub async fn own_profile(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
) -> Result<Profile, Error> {
    let vault = vault.clone();
    store
        .read(move |db| {
            let vault = vault.clone();
            async move { profile_in(&db, &vault, person).await }
        })
        .await
}

async fn profile_in(db: &Read, vault: &Vault, id: Id<Person>) -> Result<Profile, Error> {
    let owner = person::get_in(db, id).await?;
    let particulars = person::particulars_in(db, vault, id).await?;
    let stored: Vec<Stored> = db.all(&LIST_FIELDS, params![id]).await?;
    let mut fields = verified(&owner, &particulars);
    for row in stored {
        let Ok(key) = row.field.parse::<FieldKey>() else {
            continue;
        };
        let plain = vault.open(&place(id, key), &Sealed(row.value))?;
        let value = serde_json::from_slice(&plain).map_err(|_| Error::Corrupt("profile_field"))?;
        fields.push(Field {
            key,
            value,
            source: row.source,
            updated: row.updated,
        });
    }
    fields.sort_by_key(|field| field.key);
    Ok(Profile { fields })
}

fn verified(owner: &Person, particulars: &Particulars) -> Vec<Field> {
    let value = |key| {
        verified_value(
            key,
            &owner.name,
            owner.sex,
            &particulars.hkid,
            particulars.born,
        )
    };
    FieldKey::ALL
        .iter()
        .filter_map(|key| {
            let value = value(*key)?;
            let updated = owner.enrolled;
            Some(Field {
                key: *key,
                value,
                source: Source::Verified,
                updated,
            })
        })
        .collect()
}

/// Changes of a profile: a value, or `null` to remove it.
pub type Changes = Vec<(FieldKey, Value)>;

/// The fields of `changes` that [`update_profile`] would refuse.
#[must_use]
pub fn refused_fields(changes: &Changes) -> Vec<FieldKey> {
    let is_refused = |key: FieldKey, value: &Value| {
        key.is_verified() || (!value.is_null() && read_value(key, value).is_err())
    };
    changes
        .iter()
        .filter(|(key, value)| is_refused(*key, value))
        .map(|(key, _)| *key)
        .collect()
}

/// Writes what the person declares about themselves.
///
/// # Errors
/// [`Error::Value`] when a field is locked or a value is not what the field holds.
pub async fn update_profile(
    store: &Store,
    vault: &Vault,
    id: Id<Person>,
    changes: Changes,
) -> Result<Profile, Error> {
    let mut sealed = Vec::with_capacity(changes.len());
    for (key, value) in changes {
        sealed.push((key, seal_change(vault, id, key, &value)?));
    }
    let actor = Actor::Resident {
        person: id.to_string(),
        company: None,
    };
    store
        .write(&actor, move |tx| {
            let sealed = sealed.clone();
            async move { put_in(&tx, id, &sealed).await }
        })
        .await?;
    own_profile(store, vault, id).await
}

fn seal_change(
    vault: &Vault,
    id: Id<Person>,
    key: FieldKey,
    value: &Value,
) -> Result<Option<Sealed>, Error> {
    if value.is_null() && !key.is_verified() {
        return Ok(None);
    }
    let value = read_value(key, value).map_err(Error::Value)?;
    Ok(Some(vault.seal(&place(id, key), value.to_string())?))
}

async fn put_in(
    tx: &Write,
    id: Id<Person>,
    changes: &[(FieldKey, Option<Sealed>)],
) -> Result<(), Error> {
    for (key, value) in changes {
        match value {
            Some(value) => {
                let value = value.0.clone();
                tx.run(
                    &PUT_FIELD,
                    params![id, *key, value, Source::SelfDeclared, tx.now()],
                )
                .await?;
            }
            None => {
                tx.run(&DROP_FIELD, params![id, *key]).await?;
            }
        }
    }
    let keys: Vec<FieldKey> = changes.iter().map(|(key, _)| *key).collect();
    let audit = Audit {
        action: "profile.changed",
        noun: "person",
        id: id.to_string(),
        reason: None,
        detail: json!({ "fields": keys }),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// Who reads, and why, in words the person will see in their history.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    pub person: Id<Person>,
    /// `Transport Department`, or the service that fills its form.
    pub reader: Text,
    pub reason: Text,
}

/// One line of the history of readings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReadingRecord {
    pub reader: Text,
    pub reason: Text,
    pub fields: Vec<FieldKey>,
    pub read_at: Time,
}

impl FromRow for ReadingRecord {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            reader: row.json("reader")?,
            reason: row.json("reason")?,
            fields: row.json("fields")?,
            read_at: row.get("read_at")?,
        })
    }
}

/// The fields of `asked` that the person's consent for `purpose` covers. The reading is recorded
/// before a value leaves.
///
/// # Errors
/// [`Error::NotFound`] when there is no such person.
pub async fn read_fields(
    store: &Store,
    vault: &Vault,
    reading: &Reading,
    purpose: &str,
    asked: &[FieldKey],
) -> Result<Profile, Error> {
    let found = consent::find_consent(store, reading.person, purpose).await?;
    let allowed = consent::allowed(found.as_ref(), asked);
    if allowed.is_empty() {
        return Ok(Profile::default());
    }
    let mut profile = own_profile(store, vault, reading.person).await?;
    profile.fields.retain(|field| allowed.contains(&field.key));
    record_reading(store, reading, &allowed).await?;
    Ok(profile)
}

/// The sealed particulars, for a stated reason that the person will see.
///
/// # Errors
/// [`Error::NotFound`] when there is no such person.
pub async fn read_particulars(
    store: &Store,
    vault: &Vault,
    reading: &Reading,
) -> Result<Particulars, Error> {
    let keeper = vault.clone();
    let id = reading.person;
    let particulars = store
        .read(move |db| {
            let vault = keeper.clone();
            async move { person::particulars_in(&db, &vault, id).await }
        })
        .await?;
    record_reading(store, reading, &[FieldKey::Hkid, FieldKey::DateOfBirth]).await?;
    Ok(particulars)
}

/// Puts a reading of personal data held elsewhere (a case's answers) into the person's history.
///
/// # Errors
/// The store fails.
pub async fn record_reading(
    store: &Store,
    reading: &Reading,
    fields: &[FieldKey],
) -> Result<(), Error> {
    let reading = reading.clone();
    let fields = fields.to_vec();
    store
        .write(&Actor::system("identity"), move |tx| {
            let (reading, fields) = (reading.clone(), fields.clone());
            async move { record_reading_in(&tx, &reading, &fields).await }
        })
        .await
}

/// As [`record_reading`], inside the caller's write.
///
/// # Errors
/// The store fails.
pub async fn record_reading_in(
    tx: &Write,
    reading: &Reading,
    fields: &[FieldKey],
) -> Result<(), Error> {
    let Reading {
        person,
        reader,
        reason,
    } = reading;
    let id = tx.id::<ReadingRecord>();
    let (reader, reason) = (super::json(reader)?, super::json(reason)?);
    let fields = super::json(&fields)?;
    tx.run(
        &INSERT_READING,
        params![id, *person, reader, reason, fields, tx.now()],
    )
    .await?;
    Ok(())
}

/// Who looked at this person's data, latest first.
///
/// # Errors
/// The store fails.
pub async fn readings_of(store: &Store, person: Id<Person>) -> Result<Vec<ReadingRecord>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_READINGS, params![person]).await?) })
        .await
}
