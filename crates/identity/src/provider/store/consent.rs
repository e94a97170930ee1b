//! What people let clients read, one row for a person and a client.

use std::{collections::BTreeMap, time::Duration};

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Step, Usage};
use kernel::{Actor, Id, Text, Time};
use serde_json::json;

use super::grant;
use crate::{
    Error, Person,
    provider::{client::Client, grant::Granted, resource::Resource, scope::Scope},
    store::{json as to_json, person, wallet_share},
};

::store::sql! {
    FIND_CONSENT = "SELECT person, client, scopes, purposes, resources, granted, expires
        FROM oidc_consent
        WHERE person = $1 AND client = $2 AND expires > $3";
    LIST_CONSENTS = "SELECT person, client, scopes, purposes, resources, granted, expires
        FROM oidc_consent
        WHERE person = $1 AND expires > $2 ORDER BY granted DESC, client LIMIT 100";
    FIND_BY_SUBJECT = "SELECT person FROM oidc_consent
        WHERE subject = $1 AND client = $2 AND expires > $3";
    PUT_CONSENT = "INSERT INTO oidc_consent (person, client, subject, scopes, purposes, resources,
            granted, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (person, client) DO UPDATE SET subject = excluded.subject,
            scopes = excluded.scopes, purposes = excluded.purposes,
            resources = excluded.resources, granted = excluded.granted,
            expires = excluded.expires";
    DROP_CONSENT = "DELETE FROM oidc_consent WHERE person = $1 AND client = $2";
}

/// A consent lasts a year.
pub(crate) const CONSENT_LIFE: Duration = Duration::from_secs(365 * 86_400);

/// What a person let a client read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connection {
    pub person: Id<Person>,
    pub client: String,
    pub scopes: Vec<Scope>,
    /// What each scope was said to be for, by the scope's code.
    pub purposes: BTreeMap<String, Text>,
    /// At whose resources, beside this platform's, it may be used.
    pub resources: Vec<String>,
    pub granted: Time,
    pub expires: Time,
}

impl Connection {
    /// Whether the person agreed to this scope for what the client says now that it is for.
    pub(crate) fn covers(&self, client: &Client, scope: Scope) -> bool {
        let agreed = self.purposes.get(scope.code());
        let is_same =
            |now: &Text| agreed.is_some_and(|own| (&own.en, &own.tc) == (&now.en, &now.tc));
        self.scopes.contains(&scope) && client.purpose_of(scope).is_some_and(is_same)
    }

    /// Whether a grant may go on renewing itself.
    pub(crate) fn carries(&self, client: &Client, granted: &Granted) -> bool {
        let claims = granted.id_claims.iter().chain(&granted.info_claims);
        let mut scopes = granted
            .scopes
            .iter()
            .copied()
            .chain(claims.map(|claim| claim.scope()));
        scopes.all(|scope| self.covers(client, scope))
            && granted
                .resource
                .as_ref()
                .is_none_or(|uri| self.resources.contains(uri))
    }
}

/// What a person agrees to.
#[derive(Clone, Debug)]
pub(crate) struct Agreed {
    scopes: Vec<Scope>,
    purposes: BTreeMap<String, Text>,
    resource: Option<String>,
}

impl Agreed {
    /// To these scopes, for what the client says they are for, at `resource` if anywhere else than here.
    pub(crate) fn to(client: &Client, scopes: &[Scope], resource: Option<&Resource>) -> Self {
        let purpose = |scope: &Scope| {
            let words = client.purpose_of(*scope)?.clone();
            Some((scope.code().to_owned(), words))
        };
        Self {
            scopes: scopes.to_vec(),
            purposes: scopes.iter().filter_map(purpose).collect(),
            resource: resource.map(|resource| resource.uri.clone()),
        }
    }
}

impl FromRow for Connection {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let has = |name: &str| Ok::<_, ::store::Error>(row.get::<Option<String>>(name)?.is_some());
        let purposes = if has("purposes")? {
            row.json("purposes")?
        } else {
            BTreeMap::new()
        };
        let resources = if has("resources")? {
            row.json("resources")?
        } else {
            Vec::new()
        };
        Ok(Self {
            person: row.get("person")?,
            client: row.get("client")?,
            scopes: row.json("scopes")?,
            purposes,
            resources,
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

/// Records the consent to a client that registers no purposes of scopes.
pub(crate) async fn put_in(
    tx: &Write,
    person: Id<Person>,
    known: (&str, &str),
    scopes: &[Scope],
) -> Result<(), Error> {
    let agreed = Agreed {
        scopes: scopes.to_vec(),
        purposes: BTreeMap::new(),
        resource: None,
    };
    agree_in(tx, person, known, &agreed).await
}

/// Records the consent; what was agreed to before stays agreed to, each scope for what it was said to be
/// for when the person last saw it.
pub(crate) async fn agree_in(
    tx: &Write,
    person: Id<Person>,
    (client, subject): (&str, &str),
    agreed: &Agreed,
) -> Result<(), Error> {
    let known = find_in(tx, person, client).await?;
    let (mut all, mut purposes, mut resources) = known
        .map(|known| (known.scopes, known.purposes, known.resources))
        .unwrap_or_default();
    all.extend(&agreed.scopes);
    all.sort_unstable();
    all.dedup();
    purposes.extend(agreed.purposes.clone());
    resources.extend(agreed.resource.clone());
    resources.sort_unstable();
    resources.dedup();
    let values = params![
        person,
        client,
        subject,
        to_json(&all)?,
        to_json(&purposes)?,
        to_json(&resources)?,
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
                wallet_share::end_of_client_in(&tx, person, &client).await?;
                note(&tx, "connection.withdrawn", (person, &client), &[]).await
            }
        })
        .await
}
