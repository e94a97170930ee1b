//! Consents.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event, Step, Usage};
use kernel::Id;
use serde_json::json;

use crate::{
    Consent, Error, FieldKey, NewConsent, Person,
    consent::{CONSENT_DAYS, PURPOSE_CHARS},
};

::store::sql! {
    LIST_LIVE = "SELECT id, person, purpose, title, fields, granted, expires, revoked
        FROM consent WHERE person = $1 AND revoked IS NULL AND expires > $2
        ORDER BY granted DESC, id DESC LIMIT 200";
    FIND_LIVE_FOR = "SELECT id, person, purpose, title, fields, granted, expires, revoked
        FROM consent WHERE person = $1 AND purpose = $2 AND revoked IS NULL AND expires > $3
        ORDER BY granted DESC, id DESC LIMIT 1";
    INSERT_CONSENT = "INSERT INTO consent (id, person, purpose, title, fields, granted, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REVOKE_FOR = "UPDATE consent SET revoked = $3
        WHERE person = $1 AND purpose = $2 AND revoked IS NULL";
    REVOKE_ALL = "UPDATE consent SET revoked = $2 WHERE person = $1 AND revoked IS NULL";
    REVOKE_CONSENT = "UPDATE consent SET revoked = $3
        WHERE id = $1 AND person = $2 AND revoked IS NULL";
}

impl FromRow for Consent {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            purpose: row.get("purpose")?,
            title: row.json("title")?,
            fields: row.json("fields")?,
            granted: row.get("granted")?,
            expires: row.get("expires")?,
            revoked: row.get("revoked")?,
        })
    }
}

/// Withdraws every consent of a person whose account closes.
pub(crate) async fn revoke_all_in(tx: &Write, person: Id<Person>) -> Result<(), Error> {
    tx.run(&REVOKE_ALL, params![person, tx.now()]).await?;
    Ok(())
}

/// Records a consent; it takes the place of an earlier one for the same purpose.
///
/// # Errors
/// [`Error::Malformed`] when no field or too long a purpose is named.
pub async fn grant_consent_in(tx: &Write, new: &NewConsent) -> Result<Consent, Error> {
    if new.fields.is_empty() || new.purpose.is_empty() || new.purpose.len() > PURPOSE_CHARS {
        return Err(Error::Malformed("consent"));
    }
    let now = tx.now();
    let id = tx.id::<Consent>();
    let expires = now + Duration::from_secs(CONSENT_DAYS * 86_400);
    tx.run(&REVOKE_FOR, params![new.person, new.purpose, now])
        .await?;
    let (title, fields) = (super::json(&new.title)?, super::json(&new.fields)?);
    tx.run(
        &INSERT_CONSENT,
        params![id, new.person, new.purpose, title, fields, now, expires],
    )
    .await?;
    let data = json!({ "person": new.person, "purpose": new.purpose, "fields": new.fields });
    note(tx, "consent.granted", id, data).await?;
    let step = super::person::counted_in(tx, new.person, Usage::of(Step::Consented)).await?;
    journal::usage(tx, step).await?;
    consent_in(tx, new.person, &new.purpose)
        .await?
        .ok_or(Error::NotFound)
}

async fn note(
    tx: &Write,
    action: &'static str,
    id: Id<Consent>,
    data: serde_json::Value,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "consent",
        id: id.to_string(),
        reason: None,
        detail: data.clone(),
    };
    journal::audit(tx, audit).await?;
    let kind = match action {
        "consent.granted" => "causeway.consent.granted.v1",
        _ => "causeway.consent.revoked.v1",
    };
    journal::emit(
        tx,
        Event {
            kind,
            subject: id.to_string(),
            data,
        },
    )
    .await?;
    Ok(())
}

/// The live consent of a person for a purpose.
///
/// # Errors
/// The store fails.
pub async fn consent_in(
    db: &Read,
    person: Id<Person>,
    purpose: &str,
) -> Result<Option<Consent>, Error> {
    Ok(db
        .one(&FIND_LIVE_FOR, params![person, purpose, db.now()])
        .await?)
}

/// As [`consent_in`], in a read of its own.
///
/// # Errors
/// The store fails.
pub async fn find_consent(
    store: &Store,
    person: Id<Person>,
    purpose: &str,
) -> Result<Option<Consent>, Error> {
    let purpose = purpose.to_owned();
    store
        .read(move |db| {
            let purpose = purpose.clone();
            async move { consent_in(&db, person, &purpose).await }
        })
        .await
}

/// The live consents of a person.
///
/// # Errors
/// The store fails.
pub async fn consents_of(store: &Store, person: Id<Person>) -> Result<Vec<Consent>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_LIVE, params![person, db.now()]).await?) })
        .await
}

/// Withdraws a consent.
///
/// # Errors
/// [`Error::NotFound`] when it is not the person's or no longer live.
pub async fn revoke_consent_in(
    tx: &Write,
    person: Id<Person>,
    id: Id<Consent>,
) -> Result<(), Error> {
    if tx
        .run(&REVOKE_CONSENT, params![id, person, tx.now()])
        .await?
        == 0
    {
        return Err(Error::NotFound);
    }
    note(tx, "consent.revoked", id, json!({ "person": person })).await
}

/// The fields a purpose may read, of those it asks for.
pub(crate) fn allowed(consent: Option<&Consent>, asked: &[FieldKey]) -> Vec<FieldKey> {
    let Some(consent) = consent else {
        return Vec::new();
    };
    asked
        .iter()
        .copied()
        .filter(|field| consent.fields.contains(field))
        .collect()
}
