//! What keeps the tables small. Each is safe to run at any time, on any node, twice.

use std::time::Duration;

use ::store::Store;
use kernel::Actor;

use crate::{
    Error,
    approval::RETENTION_DAYS,
    signing::{EVIDENCE_YEARS, UNSIGNED_DAYS, UPLOAD_HOURS},
    store::{
        approval, browser, counter, email_claim, enrolment, passkey, person, profile, recovery,
        registrant, signing, spending, standing, token, wallet,
    },
};

/// How often [`sweep`] should run.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Writes of expiries in one sweep.
const EXPIRIES: usize = 100;

/// Closes questions to phones that nobody answered, until none is left or others have waited long enough.
async fn expire(store: &Store) -> Result<(), Error> {
    for _ in 0..EXPIRIES {
        let has_more = store
            .write(&Actor::system("identity"), |tx| async move {
                approval::expire_in(&tx).await
            })
            .await?;
        if !has_more {
            break;
        }
    }
    Ok(())
}

/// Writes expiries, folds old numbers of the register, and forgets used tokens, dead enrolments, files
/// brought to sign a day ago, old outcomes without a signature, and readings past the time for which
/// they are kept.
///
/// # Errors
/// The store fails.
pub async fn sweep(store: &Store) -> Result<(), Error> {
    expire(store).await?;
    store
        .write(&Actor::system("identity"), |tx| async move {
            let days = Duration::from_secs(RETENTION_DAYS * 86_400);
            approval::sweep_in(&tx, tx.now() - days).await?;
            token::forget_in(&tx).await?;
            passkey::forget_in(&tx).await?;
            email_claim::forget_in(&tx).await?;
            browser::forget_in(&tx).await?;
            recovery::void_in(&tx).await?;
            counter::forget_in(&tx).await?;
            person::lapse_in(&tx).await?;
            enrolment::forget_in(&tx).await?;
            profile::forget_readings_in(&tx).await?;
            let day = Duration::from_secs(UPLOAD_HOURS * 3_600);
            let years = Duration::from_secs(EVIDENCE_YEARS * 366 * 86_400);
            let unsigned = Duration::from_secs(UNSIGNED_DAYS * 86_400);
            signing::forget_in(&tx, (tx.now() - years, tx.now() - unsigned)).await?;
            signing::forget_uploads_in(&tx, tx.now() - day).await?;
            registrant::fold_in(&tx).await?;
            standing::come_of_age_in(&tx).await?;
            spending::forget_in(&tx).await?;
            wallet::sweep_in(&tx).await?;
            Ok::<_, Error>(())
        })
        .await
}
