//! What keeps the tables small. Each is safe to run at any time, on any node, twice.

use std::time::Duration;

use ::store::Store;
use kernel::Actor;

use crate::{
    Error,
    approval::RETENTION_DAYS,
    store::{approval, enrolment, registrant, standing, token},
};

/// How often [`sweep`] should run.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Writes expiries, folds old numbers of the register, and forgets used tokens, dead enrolments and old outcomes without a signature.
///
/// # Errors
/// The store fails.
pub async fn sweep(store: &Store) -> Result<(), Error> {
    store
        .write(&Actor::system("identity"), |tx| async move {
            let days = Duration::from_secs(RETENTION_DAYS * 86_400);
            approval::sweep_in(&tx, tx.now() - days).await?;
            token::forget_in(&tx).await?;
            enrolment::forget_in(&tx).await?;
            registrant::fold_in(&tx).await?;
            standing::come_of_age_in(&tx).await?;
            Ok::<_, Error>(())
        })
        .await
}
