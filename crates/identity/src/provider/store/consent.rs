//! What people let clients read, one row for a person and a client.

use std::time::Duration;

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Step, Usage};
use kernel::{Actor, Id, Time};
use serde_json::json;

use super::grant;
use crate::{
    Error, Person,
    provider::scope::Scope,
    store::{json as to_json, person},
};

::store::sql! {
    FIND_CONSENT = "SELECT person, client, scopes, granted, expires FROM oidc_consent
        WHERE person = $1 AND client = $2 AND expires > $3";
    LIST_CONSENTS = "SELECT person, client, scopes, granted, expires FROM oidc_consent
        WHERE person = $1 AND expires > $2 ORDER BY granted DESC, client LIMIT 100";
    FIND_BY_SUBJECT = "SELECT person FROM oidc_consent
        WHERE subject = $1 AND client = $2 AND expires > $3";
    PUT_CONSENT = "INSERT INTO oidc_consent (person, client, subject, scopes, granted, expires)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (person, client) DO UPDATE SET subject = excluded.subject,
            scopes = excluded.scopes, granted = excluded.granted, expires = excluded.expires";
    DROP_CONSENT = "DELETE FROM oidc_consent WHERE person = $1 AND client = $2";
}

/// A consent lasts a year.
const CONSENT_LIFE: Duration = Duration::from_secs(365 * 86_400);

/// What a person let a client read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    pub person: Id<Person>,
    pub client: String,
    pub scopes: Vec<Scope>,
    pub granted: Time,
    pub expires: Time,
}

impl FromRow for Connection {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            person: row.get("person")?,
            client: row.get("client")?,
            scopes: row.json("scopes")?,
            granted: row.get("granted")?,
            expires: row.get("expires")?,
        })
    }
}

pub(crate) async fn find_in(
    db: &Read,
    person: Id<Person>,
    client: &str,
) -> Result<Option<Connection>, Error> {
    let values = params![person, client, db.now()];
    Ok(db.one(&FIND_CONSENT, values).await?)
}

/// The person a client knows as `subject`, while their consent stands.
pub(crate) async fn by_subject_in(
    db: &Read,
    subject: &str,
    client: &str,
) -> Result<Option<Id<Person>>, Error> {
    let values = params![subject, client, db.now()];
    Ok(db.one(&FIND_BY_SUBJECT, values).await?)
}

/// The clients a person has let in, latest first.
///
/// # Errors
/// The store fails.
pub async fn connections_of(store: &Store, person: Id<Person>) -> Result<Vec<Connection>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_CONSENTS, params![person, db.now()]).await?) })
        .await
}

/// Records the consent; scopes agreed to before stay agreed to.
pub(crate) async fn put_in(
    tx: &Write,
    person: Id<Person>,
    (client, subject): (&str, &str),
    scopes: &[Scope],
) -> Result<(), Error> {
    let known = find_in(tx, person, client).await?;
    let mut all = known.map(|known| known.scopes).unwrap_or_default();
    all.extend(scopes);
    all.sort_unstable();
    all.dedup();
    let values = params![
        person,
        client,
        subject,
        to_json(&all)?,
        tx.now(),
        tx.now() + CONSENT_LIFE
    ];
    tx.run(&PUT_CONSENT, values).await?;
    let step = person::counted_in(tx, person, Usage::of(Step::Consented)).await?;
    journal::usage(tx, step).await?;
    note(tx, "connection.granted", (person, client), &all).await
}

async fn note(
    tx: &Write,
    action: &'static str,
    (person, client): (Id<Person>, &str),
    scopes: &[Scope],
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "client",
        id: client.to_owned(),
        reason: None,
        detail: json!({ "person": person, "scopes": scopes }),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// Withdraws what a person let a client read; its tokens die in the same write.
///
/// # Errors
/// [`Error::NotFound`] when there is no such consent.
pub async fn disconnect(store: &Store, person: Id<Person>, client: &str) -> Result<(), Error> {
    let actor = Actor::Resident {
        person: person.to_string(),
        company: None,
    };
    let client = client.to_owned();
    store
        .write(&actor, move |tx| {
            let client = client.clone();
            async move {
                if tx.run(&DROP_CONSENT, params![person, client]).await? == 0 {
                    return Err(Error::NotFound);
                }
                grant::revoke_of_client_in(&tx, person, &client).await?;
                note(&tx, "connection.withdrawn", (person, &client), &[]).await
            }
        })
        .await
}
