//! What fields of a profile held before, taking a change back, and the paper that shows an address.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Date, Id, Time};
use serde_json::{Value, json};
use trust::{Place, Sealed, Vault, digest};

use crate::{
    Error, FieldKey, Person, Source, Utility, ValueError,
    profile::{PROOF_BYTES, PROOF_DAYS, VERSIONS_KEPT},
    store::{company::resident, profile},
};

::store::sql! {
    CURRENT = "SELECT value_sealed, source FROM profile_field WHERE person = $1 AND field = $2";
    INSERT_VERSION = "INSERT INTO profile_version (id, person, field, value_sealed, source, changed)
        VALUES ($1, $2, $3, $4, $5, $6)";
    VERSIONS = "SELECT id, field, value_sealed, source, changed FROM profile_version
        WHERE person = $1 AND field = $2 ORDER BY id DESC LIMIT $3";
    FIND_VERSION = "SELECT id, field, value_sealed, source, changed FROM profile_version
        WHERE id = $1 AND person = $2";
    TRIM = "DELETE FROM profile_version WHERE person = $1 AND field = $2 AND id NOT IN
        (SELECT id FROM profile_version WHERE person = $1 AND field = $2 ORDER BY id DESC LIMIT $3)";
    PUT_FIELD = "INSERT INTO profile_field (person, field, value_sealed, source, updated)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (person, field) DO UPDATE SET value_sealed = excluded.value_sealed,
            source = excluded.source, updated = excluded.updated";
    DROP_FIELD = "DELETE FROM profile_field WHERE person = $1 AND field = $2";
    FORGET_FIELDS = "DELETE FROM profile_field WHERE person = $1";
    FORGET_VERSIONS = "DELETE FROM profile_version WHERE person = $1";
    PUT_PROOF = "INSERT INTO profile_document (person, file_name, media_type, sha256, dated,
            content_sealed, uploaded, provider) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (person) DO UPDATE SET file_name = excluded.file_name,
            media_type = excluded.media_type, sha256 = excluded.sha256, dated = excluded.dated,
            content_sealed = excluded.content_sealed, uploaded = excluded.uploaded,
            provider = excluded.provider";
    FIND_PROOF = "SELECT file_name, media_type, sha256, dated, uploaded, provider
        FROM profile_document
        WHERE person = $1";
    PROOF_CONTENT = "SELECT content_sealed FROM profile_document WHERE person = $1";
    DROP_PROOF = "DELETE FROM profile_document WHERE person = $1";
}

struct Stored {
    id: Id<FieldVersion>,
    field: FieldKey,
    value: Option<Vec<u8>>,
    source: Source,
    changed: Time,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            field: row.get("field")?,
            value: row.get("value_sealed")?,
            source: row.get("source")?,
            changed: row.get("changed")?,
        })
    }
}

/// What a field held until it was changed.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldVersion {
    pub id: Id<FieldVersion>,
    /// `None` when the field was empty.
    pub value: Option<Value>,
    pub source: Source,
    /// When something else took its place.
    pub changed: Time,
}

/// Keeps what a field of the register held before that changed it.
pub(crate) async fn keep_verified_in(
    tx: &Write,
    (person, key): (Id<Person>, FieldKey),
    held: Option<&Sealed>,
) -> Result<(), Error> {
    let id = tx.id::<FieldVersion>();
    let held = held.map(|sealed| sealed.0.clone());
    let row = params![id, person, key, held, Source::Verified, tx.now()];
    tx.run(&INSERT_VERSION, row).await?;
    tx.run(&TRIM, params![person, key, VERSIONS_KEPT]).await?;
    Ok(())
}

/// Keeps what a field holds before it is changed.
pub(crate) async fn keep_in(tx: &Write, person: Id<Person>, key: FieldKey) -> Result<(), Error> {
    let held: Option<(Vec<u8>, Source)> = tx.one(&CURRENT, params![person, key]).await?;
    let (value, source) = match held {
        Some((value, source)) => (Some(value), source),
        None => (None, Source::SelfDeclared),
    };
    let id = tx.id::<FieldVersion>();
    let row = params![id, person, key, value, source, tx.now()];
    tx.run(&INSERT_VERSION, row).await?;
    tx.run(&TRIM, params![person, key, VERSIONS_KEPT]).await?;
    Ok(())
}

/// What a field of a person's own profile held before, latest first.
///
/// # Errors
/// The store fails, or a value cannot be opened.
pub async fn field_versions(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
    key: FieldKey,
) -> Result<Vec<FieldVersion>, Error> {
    let rows: Vec<Stored> = store
        .read(move |db| async move {
            Ok::<_, Error>(
                db.all(&VERSIONS, params![person, key, VERSIONS_KEPT])
                    .await?,
            )
        })
        .await?;
    let mut versions = Vec::with_capacity(rows.len());
    for row in rows {
        let value = match row.value {
            Some(sealed) => {
                let plain = vault.open(&profile::place(person, key), &Sealed(sealed))?;
                let value = serde_json::from_slice(&plain);
                Some(value.map_err(|_| Error::Corrupt("profile_version"))?)
            }
            None => None,
        };
        versions.push(FieldVersion {
            id: row.id,
            value,
            source: row.source,
            changed: row.changed,
        });
    }
    Ok(versions)
}

/// Puts back what a field held before; what it holds now becomes a version itself, so that this can be
/// taken back too.
///
/// # Errors
/// [`Error::NotFound`] for a version of somebody else or one that is gone.
pub async fn restore_field(
    store: &Store,
    person: Id<Person>,
    version: Id<FieldVersion>,
) -> Result<FieldKey, Error> {
    store
        .write(&resident(person, None), move |tx| async move {
            let found: Option<Stored> = tx.one(&FIND_VERSION, params![version, person]).await?;
            let found = found.ok_or(Error::NotFound)?;
            if found.field.is_verified() {
                return Err(Error::Value(ValueError::Locked));
            }
            keep_in(&tx, person, found.field).await?;
            match found.value {
                Some(value) => {
                    let row = params![person, found.field, value, found.source, tx.now()];
                    tx.run(&PUT_FIELD, row).await?;
                }
                None => {
                    tx.run(&DROP_FIELD, params![person, found.field]).await?;
                }
            }
            let detail = json!({ "fields": [found.field], "restored": true });
            note(&tx, person, "profile.changed", detail).await?;
            Ok(found.field)
        })
        .await
}

async fn note(
    tx: &Write,
    person: Id<Person>,
    action: &'static str,
    detail: Value,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "person",
        id: person.to_string(),
        reason: None,
        detail,
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// Puts on record that a person took away a copy of everything held about them.
///
/// # Errors
/// The store fails.
pub async fn note_download(store: &Store, person: Id<Person>) -> Result<(), Error> {
    store
        .write(&resident(person, None), move |tx| async move {
            note(&tx, person, "person.data_downloaded", json!({})).await
        })
        .await
}

/// Erases everything the person declared: the account closes.
pub(crate) async fn forget_in(tx: &Write, person: Id<Person>) -> Result<(), Error> {
    for statement in [&FORGET_FIELDS, &FORGET_VERSIONS, &DROP_PROOF] {
        tx.run(statement, params![person]).await?;
    }
    Ok(())
}

/// A paper that shows where the person lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressProof {
    pub file_name: String,
    pub media_type: String,
    /// Of the file, so that whoever receives it can tell that it is the same.
    pub sha256: [u8; 32],
    /// Whose bill it is; `None` of another paper, such as a letter from a bank.
    pub provider: Option<Utility>,
    /// The date on the paper.
    pub dated: Date,
    pub uploaded: Time,
}

impl AddressProof {
    /// Applications are handed nothing else.
    #[must_use]
    pub fn is_pdf(&self) -> bool {
        self.media_type == "application/pdf"
    }
}

impl FromRow for AddressProof {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            file_name: row.get("file_name")?,
            media_type: row.get("media_type")?,
            sha256: row.get("sha256")?,
            provider: row.get("provider")?,
            dated: row.get("dated")?,
            uploaded: row.get("uploaded")?,
        })
    }
}

/// A paper as the person gives it; what kind of file it is has been looked at by the caller.
#[derive(Clone, Debug)]
pub struct NewAddressProof {
    pub file_name: String,
    pub media_type: &'static str,
    pub provider: Option<Utility>,
    pub dated: Date,
    pub bytes: Vec<u8>,
}

fn proof_place(person: Id<Person>) -> Place {
    Place::new("profile_document.content_sealed", person)
}

/// Keeps the paper in place of the one before.
///
/// # Errors
/// [`Error::Value`] when it is too large or too old, or dated after today.
pub async fn put_address_proof(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
    new: NewAddressProof,
) -> Result<(), Error> {
    if new.bytes.is_empty() || new.bytes.len() > PROOF_BYTES {
        return Err(Error::Value(ValueError::TooLong));
    }
    let today = store.env().today();
    if new.dated > today || new.dated < today.plus_days(-PROOF_DAYS) {
        return Err(Error::Value(ValueError::Shape));
    }
    let sealed = vault.seal(&proof_place(person), &new.bytes)?.0;
    let sha256 = digest::sha256(&new.bytes);
    let NewAddressProof {
        file_name,
        media_type,
        provider,
        dated,
        ..
    } = new;
    store
        .write(&resident(person, None), move |tx| {
            let (file_name, sealed) = (file_name.clone(), sealed.clone());
            async move {
                let row = params![
                    person,
                    file_name,
                    media_type,
                    sha256,
                    dated,
                    sealed,
                    tx.now(),
                    provider
                ];
                tx.run(&PUT_PROOF, row).await?;
                note(&tx, person, "profile.proof_given", json!({})).await
            }
        })
        .await
}

/// The paper of a person, without its content.
///
/// # Errors
/// The store fails.
pub async fn find_address_proof(
    store: &Store,
    person: Id<Person>,
) -> Result<Option<AddressProof>, Error> {
    store
        .read(move |db| async move { Ok(proof_in(&db, person).await?) })
        .await
}

async fn proof_in(db: &Read, person: Id<Person>) -> Result<Option<AddressProof>, ::store::Error> {
    db.one(&FIND_PROOF, params![person]).await
}

/// The paper's content, for its owner.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn address_proof_content(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
) -> Result<Vec<u8>, Error> {
    let sealed: Option<Vec<u8>> = store
        .read(
            move |db| async move { Ok::<_, Error>(db.one(&PROOF_CONTENT, params![person]).await?) },
        )
        .await?;
    Ok(vault
        .open(
            &proof_place(person),
            &Sealed(sealed.ok_or(Error::NotFound)?),
        )?
        .to_vec())
}

/// Takes the paper back.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn drop_address_proof(store: &Store, person: Id<Person>) -> Result<(), Error> {
    store
        .write(&resident(person, None), move |tx| async move {
            if tx.run(&DROP_PROOF, params![person]).await? == 0 {
                return Err(Error::NotFound);
            }
            note(&tx, person, "profile.proof_removed", json!({})).await
        })
        .await
}
