//! Background work: entering usage events, and keeping the tables bounded.

use std::{sync::Arc, time::Duration};

use journal::{Calendar, Failure, OutboxEvent, Runner};
use kernel::Actor;
use store::{Store, Write};

use crate::{
    Error, fact,
    store::{self as rows, FOLDED_DAYS, KEEP_DAYS, KEEP_MONTHS},
};

/// The name of this ledger's place in the outbox. It never changes.
pub(crate) const LEDGER: &str = "insight.usage";
/// How often old days are folded into months.
pub const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Adds the ledger of usage and the sweeper.
#[must_use]
pub fn jobs(runner: Runner, store: &Store) -> Runner {
    let store = store.clone();
    runner
        .keep(LEDGER, enter)
        .every("insight.sweep", SWEEP_EVERY, move || {
            let store = store.clone();
            async move { Ok(sweep(&store).await.map(drop)?) }
        })
}

/// Enters what has not been entered yet, so that a report asked for beside no server, or beside a busy
/// one, is complete. Harmless while a server runs.
///
/// # Errors
/// The store fails.
pub async fn catch_up(store: &Store) -> Result<(), journal::Error> {
    Runner::new(store.clone(), Calendar::new())
        .keep(LEDGER, enter)
        .settle()
        .await
}

async fn enter(tx: Write, events: Arc<[OutboxEvent]>) -> Result<(), Failure> {
    for (fact, count) in fact::tally(&events)? {
        rows::add(&tx, &fact, count).await?;
    }
    Ok(())
}

/// Folds days older than [`KEEP_DAYS`] into months, at most a month of them, and forgets months older
/// than [`KEEP_MONTHS`]. Tells how many days were folded.
///
/// # Errors
/// The store fails.
pub async fn sweep(store: &Store) -> Result<usize, Error> {
    let mut folded = 0;
    while folded < FOLDED_DAYS {
        let more = store
            .write(&Actor::system("insight"), |tx| async move {
                let keep = tx.now().date().plus_days(-KEEP_DAYS);
                rows::fold_oldest(&tx, keep).await
            })
            .await?;
        if !more {
            break;
        }
        folded += 1;
    }
    store
        .write(&Actor::system("insight"), |tx| async move {
            let before = tx.now().date().plus_months(-KEEP_MONTHS);
            rows::drop_months(&tx, before).await
        })
        .await?;
    Ok(folded)
}
