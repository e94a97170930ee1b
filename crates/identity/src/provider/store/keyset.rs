//! Key sets that clients publish, as last fetched.

use std::time::Duration;

use ::store::{FromRow, Row, Store, params};
use journal::Audit;
use kernel::{Actor, Time};
use serde_json::{Value, json};

use crate::Error;

::store::sql! {
    FIND = "SELECT uri, jwks, fetched FROM oidc_client_key_set WHERE client = $1";
    CLAIM = "INSERT INTO oidc_client_key_set (client, uri, tried) VALUES ($1, $2, $3)
        ON CONFLICT (client) DO UPDATE SET tried = excluded.tried
        WHERE oidc_client_key_set.tried <= $4 OR oidc_client_key_set.uri <> excluded.uri";
    PUT = "UPDATE oidc_client_key_set SET uri = $2, jwks = $3, fetched = $4 WHERE client = $1";
}

/// One client's set.
#[derive(Clone, PartialEq, Debug)]
pub struct KeySet {
    pub uri: String,
    /// As it came; none while the address has never answered.
    pub jwks: Option<Value>,
    pub fetched: Option<Time>,
}

impl FromRow for KeySet {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            uri: row.get("uri")?,
            jwks: row.get("jwks")?,
            fetched: row.get("fetched")?,
        })
    }
}

/// What was last fetched for a client that publishes its keys.
///
/// # Errors
/// The store fails.
pub async fn find(store: &Store, client: &str) -> Result<Option<KeySet>, Error> {
    let client = client.to_owned();
    store
        .read(move |db| {
            let client = client.clone();
            async move { Ok(db.one(&FIND, params![client]).await?) }
        })
        .await
}

/// Takes the turn to call the address: true for one caller in `every`, on all nodes, and at once for an
/// address that was never called.
pub(crate) async fn claim(
    store: &Store,
    (client, uri): (&str, &str),
    every: Duration,
) -> Result<bool, Error> {
    let (client, uri) = (client.to_owned(), uri.to_owned());
    store
        .write(&Actor::system("openid"), move |tx| {
            let row = params![client, uri, tx.now(), tx.now().minus(every)];
            async move { Ok(tx.run(&CLAIM, row).await? == 1) }
        })
        .await
}

/// Keeps what the address answered, and records it when it is not what was in force.
pub(crate) async fn put(
    store: &Store,
    (client, uri): (&str, &str),
    (jwks, prints): (Value, Vec<String>),
) -> Result<Time, Error> {
    let (client, uri) = (client.to_owned(), uri.to_owned());
    store
        .write(&Actor::system("openid"), move |tx| {
            let (client, uri) = (client.clone(), uri.clone());
            let (jwks, prints) = (jwks.clone(), prints.clone());
            async move {
                let before: Option<KeySet> = tx.one(&FIND, params![client.clone()]).await?;
                let is_same =
                    before.is_some_and(|one| one.uri == uri && one.jwks.as_ref() == Some(&jwks));
                let row = params![client.clone(), uri.clone(), jwks, tx.now()];
                tx.run(&PUT, row).await?;
                if !is_same {
                    let audit = Audit {
                        action: "client.keys_fetched",
                        noun: "client",
                        id: client,
                        reason: None,
                        detail: json!({ "uri": uri, "keys": prints }),
                    };
                    journal::audit(&tx, audit).await?;
                }
                Ok(tx.now())
            }
        })
        .await
}
