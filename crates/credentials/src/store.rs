//! What this crate keeps: licences, offers, grants, credentials and their places on status lists.

pub(crate) mod issuance;
pub(crate) mod licence;
pub(crate) mod status;

use std::time::Duration;

use store::{Stmt, Write, params};

use crate::Error;

/// How long used nonces and DPoP ids are remembered: longer than either is accepted.
pub(crate) const SEEN_LIFE: Duration = Duration::from_secs(900);

/// How long a dead offer is kept, for somebody who asks why its code does not work.
const OFFER_KEPT: Duration = Duration::from_secs(86_400);

store::sql! {
    SEE = "INSERT INTO credential_seen (digest, expires) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
    FORGET_SEEN = "DELETE FROM credential_seen WHERE expires < $1";
    FORGET_GRANTS = "DELETE FROM credential_grant WHERE expires < $1";
    FORGET_OFFERS = "DELETE FROM credential_offer WHERE expires < $1";
}

/// Remembers that something single-use was used; false when it had been before.
pub(crate) async fn see(tx: &Write, digest: [u8; 32]) -> Result<bool, Error> {
    let expires = tx.now().plus(SEEN_LIFE);
    Ok(tx.run(&SEE, params![digest, expires]).await? == 1)
}

/// Removes what is past its time. Run every few minutes by a job.
///
/// # Errors
/// [`Error::Store`].
pub async fn sweep(tx: &Write) -> Result<(), Error> {
    let now = tx.now();
    tx.run(&FORGET_SEEN, params![now]).await?;
    tx.run(&FORGET_GRANTS, params![now]).await?;
    tx.run(&FORGET_OFFERS, params![now.minus(OFFER_KEPT)])
        .await?;
    Ok(())
}

pub(crate) fn statements() -> Vec<&'static Stmt> {
    [
        STATEMENTS,
        issuance::STATEMENTS,
        licence::STATEMENTS,
        status::STATEMENTS,
    ]
    .concat()
}
