//! Use of clients by day: logins, forms filled and signatures. Those of OpenID clients are folded from
//! grants and signing requests, those of the Hong Kong wire form from its tasks.

use std::collections::BTreeMap;

use ::store::{FromRow, Row, Store, Write, params};
use kernel::{Date, Id, Time};

use super::client::CLIENTS_LISTED;
use crate::{Error, SigningRequest};

::store::sql! {
    ADD_DAY = "INSERT INTO oidc_client_day (client, day, logins, fills, signatures)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (client, day) DO UPDATE SET
            logins = oidc_client_day.logins + excluded.logins,
            fills = oidc_client_day.fills + excluded.fills,
            signatures = oidc_client_day.signatures + excluded.signatures";
    ADD_UNFINISHED = "INSERT INTO oidc_client_day (client, day, logins, unfinished)
        VALUES ($1, $2, 0, $3)
        ON CONFLICT (client, day) DO UPDATE SET
            unfinished = oidc_client_day.unfinished + excluded.unfinished";
    DAYS = "SELECT day, logins, fills, signatures, unfinished FROM oidc_client_day WHERE client = $1
        ORDER BY day DESC LIMIT 31";
    NEW_SIGNATURES = "SELECT id, client, signed FROM signing_request
        WHERE client IS NOT NULL AND signed IS NOT NULL AND NOT is_counted
        ORDER BY signed LIMIT $1";
    MARK_SIGNATURE = "UPDATE signing_request SET is_counted = TRUE WHERE id = $1";
    USES = "SELECT client, CAST(SUM(logins) AS BIGINT) AS logins,
            CAST(SUM(fills) AS BIGINT) AS fills,
            CAST(SUM(signatures) AS BIGINT) AS signatures
        FROM (
            SELECT client, logins, fills, signatures FROM oidc_client_day
                WHERE day BETWEEN $1 AND $2
            UNION ALL
            SELECT client,
                CASE WHEN kind IN ('login', 'corp_login') THEN granted ELSE 0 END,
                CASE WHEN kind IN ('profile', 'form', 'anonymous_form', 'corp_profile',
                    'corp_form', 'anonymous_corp_form', 'corp_share') THEN granted ELSE 0 END,
                CASE WHEN kind IN ('sign', 'anonymous_sign', 'pdf', 'anonymous_pdf', 'bulk',
                    'anonymous_bulk', 'corp_sign', 'corp_pdf', 'corp_bulk', 'chop', 'chop_pdf',
                    'chop_bulk') THEN granted ELSE 0 END
            FROM hongkong_day WHERE day BETWEEN $1 AND $2
        ) AS used
        GROUP BY client ORDER BY 2 DESC, 3 DESC, 4 DESC, client LIMIT $3";
}

/// What a client was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize)]
pub struct Uses {
    pub logins: i64,
    /// Forms filled, and fields of the profile or documents handed over otherwise.
    pub fills: i64,
    /// Acts of signing, whatever the number of documents.
    pub signatures: i64,
}

/// The use of one client over a period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientUse {
    pub client: String,
    pub uses: Uses,
}

/// The use of one client on one day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UseOfDay {
    pub day: Date,
    pub uses: Uses,
    /// Sign-ins that were begun and not ended with a yes: refused, cancelled, run out of time. Known once
    /// their requests are forgotten.
    pub unfinished: i64,
}

impl FromRow for Uses {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            logins: row.get("logins")?,
            fills: row.get("fills")?,
            signatures: row.get("signatures")?,
        })
    }
}

impl FromRow for ClientUse {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            client: row.get("client")?,
            uses: Uses::from_row(row)?,
        })
    }
}

impl FromRow for UseOfDay {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            day: row.get("day")?,
            uses: Uses::from_row(row)?,
            unfinished: row.get("unfinished")?,
        })
    }
}

/// The use of a client by day, latest first.
///
/// # Errors
/// The store fails.
pub async fn client_days(store: &Store, id: &str) -> Result<Vec<UseOfDay>, Error> {
    let id = id.to_owned();
    store
        .read(move |db| {
            let values = params![id];
            async move { Ok(db.all(&DAYS, values).await?) }
        })
        .await
}

/// Use over whole days by client, the busiest first; no more clients than are listed.
///
/// # Errors
/// The store fails.
pub async fn client_uses(store: &Store, (from, to): (Date, Date)) -> Result<Vec<ClientUse>, Error> {
    store
        .read(move |db| async move {
            let values = params![from, to, CLIENTS_LISTED];
            Ok(db.all(&USES, values).await?)
        })
        .await
}

/// Sums by client and day.
pub(crate) type Days = BTreeMap<(String, Date), Uses>;

pub(crate) async fn add_in(tx: &Write, days: Days) -> Result<(), Error> {
    for ((client, day), uses) in days {
        let values = params![client, day, uses.logins, uses.fills, uses.signatures];
        tx.run(&ADD_DAY, values).await?;
    }
    Ok(())
}

/// Adds requests that ended without a yes to the days on which they began.
pub(crate) async fn add_unfinished_in(
    tx: &Write,
    requests: impl Iterator<Item = (String, Time)>,
) -> Result<(), Error> {
    let mut days: BTreeMap<(String, Date), i64> = BTreeMap::new();
    for (client, began) in requests {
        *days.entry((client, began.date())).or_default() += 1;
    }
    for ((client, day), number) in days {
        tx.run(&ADD_UNFINISHED, params![client, day, number])
            .await?;
    }
    Ok(())
}

/// Adds signatures that applications asked for to their days.
pub(crate) async fn fold_signatures_in(tx: &Write, rows: i64) -> Result<(), Error> {
    let new: Vec<(Id<SigningRequest>, String, Time)> =
        tx.all(&NEW_SIGNATURES, params![rows]).await?;
    let mut days = Days::new();
    for (id, client, signed) in new {
        days.entry((client, signed.date())).or_default().signatures += 1;
        tx.run(&MARK_SIGNATURE, params![id]).await?;
    }
    add_in(tx, days).await
}

#[cfg(test)]
mod tests {
    use super::USES;
    use crate::hongkong::Kind;

    #[test]
    fn every_kind_of_the_wire_that_gives_the_client_something_is_counted_in_one_column() {
        for kind in Kind::ALL {
            let counted = USES.sqlite().matches(&format!("'{}'", kind.code())).count();
            // A step-up gives nothing but certainty, and a document that is brought comes from the client.
            let is_shown = !kind.code().ends_with("step_up") && *kind != Kind::CorpUpload;
            assert_eq!(counted, usize::from(is_shown), "{}", kind.code());
        }
    }
}
