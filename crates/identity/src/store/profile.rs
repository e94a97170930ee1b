//! The profile's values, sealed, and the record of who read them.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Actor, Id, Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trust::{Place, Sealed, Vault};

use crate::{
    Error, Field, FieldKey, Particulars, Person, Profile, Source,
    profile::{read_value, verified_value},
    store::{consent, person, profile_version},
};

::store::sql! {
    LIST_FIELDS = "SELECT field, value_sealed, source, updated FROM profile_field
        WHERE person = $1 ORDER BY field";
    PUT_FIELD = "INSERT INTO profile_field (person, field, value_sealed, source, updated)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (person, field) DO UPDATE SET value_sealed = excluded.value_sealed,
            source = excluded.source, updated = excluded.updated";
    DROP_FIELD = "DELETE FROM profile_field WHERE person = $1 AND field = $2";
    INSERT_READING = "INSERT INTO profile_reading (id, person, reader, reason, fields, read_at,
        department) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST_READINGS = "SELECT id, reader, reason, fields, read_at, department FROM profile_reading
        WHERE person = $1 ORDER BY id DESC LIMIT 100";
    PAGE_OF_READINGS = "SELECT id, reader, reason, fields, read_at, department FROM profile_reading
        WHERE person = $1 AND id < $2 AND read_at >= $3 AND read_at < $4
        AND ($5 = '' OR department = $5) ORDER BY id DESC LIMIT $6";
    FIND_READING = "SELECT id, reader, reason, fields, read_at, department FROM profile_reading
        WHERE id = $1 AND person = $2";
    READING_PERSON = "SELECT person FROM profile_reading WHERE id = $1";
    FORGET_READINGS = "DELETE FROM profile_reading WHERE id IN
        (SELECT id FROM profile_reading WHERE id < $1 ORDER BY id LIMIT $2)";
    READING_DEPARTMENTS = "SELECT DISTINCT department FROM profile_reading
        WHERE person = $1 AND department IS NOT NULL ORDER BY department LIMIT $2";
}

/// Days for which a person can see who looked: seven years, longer than any claim about a look can be
/// brought to court, and no longer, because the record itself tells about the person. Looks at cases are
/// kept for as long by their own crate.
pub const READINGS_KEPT_DAYS: u64 = 7 * 366;
/// Readings one sweep forgets.
const SWEPT: i64 = 5_000;

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

pub(crate) fn place(person: Id<Person>, key: FieldKey) -> Place {
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

pub(crate) async fn profile_in(db: &Read, vault: &Vault, id: Id<Person>) -> Result<Profile, Error> {
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
            &particulars.document,
            particulars.born,
        )
    };
    let (source, updated) = match owner.basis {
        crate::Basis::Card => (Source::Verified, owner.checked),
        crate::Basis::Passport { seen, .. } => (Source::Counter, seen),
    };
    FieldKey::ALL
        .iter()
        .filter_map(|key| {
            let value = value(*key)?;
            Some(Field {
                key: *key,
                value,
                source,
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

pub(crate) fn seal_change(
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

pub(crate) async fn put_in(
    tx: &Write,
    id: Id<Person>,
    changes: &[(FieldKey, Option<Sealed>)],
) -> Result<(), Error> {
    for (key, value) in changes {
        profile_version::keep_in(tx, id, *key).await?;
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
    /// The reader's code as in the packs, lower case: `td`.
    pub department: String,
    pub reason: Text,
}

/// One line of the history of readings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReadingRecord {
    pub id: Id<ReadingRecord>,
    pub reader: Text,
    /// `None` in records from before departments were kept.
    pub department: Option<String>,
    pub reason: Text,
    /// Empty when what was read stands in another record: a case's answers.
    pub fields: Vec<FieldKey>,
    pub read_at: Time,
}

/// Which readings of a person are asked for: newest first, before `before`.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadingQuery {
    pub person: Id<Person>,
    pub before: Id<ReadingRecord>,
    pub from: Time,
    pub until: Time,
    /// A department's code, or empty for all.
    pub department: String,
    pub rows: i64,
}

impl FromRow for ReadingRecord {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            department: row.get("department")?,
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
    let number = match particulars.document.kind() {
        crate::DocumentKind::Card => FieldKey::Hkid,
        crate::DocumentKind::Passport => FieldKey::Passport,
    };
    record_reading(store, reading, &[number, FieldKey::DateOfBirth]).await?;
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
        department,
        reason,
    } = reading;
    let id = tx.id::<ReadingRecord>();
    let (reader, reason) = (super::json(reader)?, super::json(reason)?);
    let fields = super::json(&fields)?;
    tx.run(
        &INSERT_READING,
        params![
            id,
            *person,
            reader,
            reason,
            fields,
            tx.now(),
            department.to_lowercase()
        ],
    )
    .await?;
    Ok(())
}

/// Forgets readings from before the time they are kept for.
pub(crate) async fn forget_readings_in(tx: &Write) -> Result<u64, Error> {
    let kept = Duration::from_secs(READINGS_KEPT_DAYS * 86_400);
    // Ids are in the order of their time, and no reading has the least id of an instant.
    let oldest = Id::<ReadingRecord>::from_parts(tx.now() - kept, [0; 10]);
    Ok(tx.run(&FORGET_READINGS, params![oldest, SWEPT]).await?)
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

/// One stretch of the readings of a person's data, latest first.
///
/// # Errors
/// The store fails.
pub async fn readings_in(db: &Read, query: &ReadingQuery) -> Result<Vec<ReadingRecord>, Error> {
    let values = params![
        query.person,
        query.before,
        query.from,
        query.until,
        query.department,
        query.rows
    ];
    Ok(db.all(&PAGE_OF_READINGS, values).await?)
}

/// One reading, for the person whose data it was; for anybody else it does not exist.
///
/// # Errors
/// The store fails.
pub async fn find_reading(
    db: &Read,
    person: Id<Person>,
    id: Id<ReadingRecord>,
) -> Result<Option<ReadingRecord>, Error> {
    Ok(db.one(&FIND_READING, params![id, person]).await?)
}

/// Whose data a reading was of.
///
/// # Errors
/// The store fails.
pub async fn person_of_reading(
    db: &Read,
    id: Id<ReadingRecord>,
) -> Result<Option<Id<Person>>, Error> {
    Ok(db.one(&READING_PERSON, params![id]).await?)
}

/// Codes of the departments that read a person's data, at most `rows`.
///
/// # Errors
/// The store fails.
pub async fn reading_departments(
    db: &Read,
    person: Id<Person>,
    rows: i64,
) -> Result<Vec<String>, Error> {
    Ok(db.all(&READING_DEPARTMENTS, params![person, rows]).await?)
}
