//! Background work: refunds to the provider, reconciliation, and the simulated bank's webhooks. Each
//! piece can be run again without harm.

use std::time::Duration;

use journal::{Failure, Runner, Task};
use kernel::Id;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Error, Refund, Shroff,
    provider::ProviderError,
    sandbox::{self, Sandbox, books},
    store::refund::REFUND_JOB,
};

/// How often attempts that have been quiet are asked about.
pub const RECONCILE_EVERY: Duration = Duration::from_secs(60);

/// Adds this crate's work to the runner; `sandbox` when payments are simulated.
#[must_use]
pub fn jobs(runner: Runner, shroff: &Shroff, sandbox: Option<&Sandbox>) -> Runner {
    let refunds = shroff.clone();
    let reconciles = shroff.clone();
    let runner = runner
        .on(REFUND_JOB, move |task| {
            let shroff = refunds.clone();
            async move { send_refund(&shroff, &task).await }
        })
        .every("payments.reconcile", RECONCILE_EVERY, move || {
            let shroff = reconciles.clone();
            async move { reconcile(&shroff).await }
        });
    let Some(sandbox) = sandbox else {
        return runner;
    };
    let (shroff, sandbox) = (shroff.clone(), sandbox.clone());
    runner.on(sandbox::DELIVER_JOB, move |task| {
        let (shroff, sandbox) = (shroff.clone(), sandbox.clone());
        async move { deliver(&shroff, &sandbox, &task).await }
    })
}

#[derive(Deserialize)]
struct RefundTask {
    refund: Id<Refund>,
}

#[derive(Deserialize)]
struct DeliverTask {
    token: String,
}

async fn send_refund(shroff: &Shroff, task: &Task) -> Result<(), Failure> {
    let RefundTask { refund } = read(task)?;
    shroff.send_refund(refund).await.map(drop).map_err(failure)
}

async fn reconcile(shroff: &Shroff) -> Result<(), Failure> {
    let round = shroff.reconcile().await.map_err(failure)?;
    if round.moved > 0 || round.expired > 0 {
        let (asked, moved, expired) = (round.asked, round.moved, round.expired);
        tracing::info!(asked, moved, expired, "payments were reconciled");
    }
    Ok(())
}

/// Delivers one webhook of the simulated bank: the message is signed and goes through the same
/// verification as one that comes over the network.
async fn deliver(shroff: &Shroff, sandbox: &Sandbox, task: &Task) -> Result<(), Failure> {
    let DeliverTask { token } = read(task)?;
    let payment = books::get(sandbox.store(), &token)
        .await
        .map_err(|error| failure(error.into()))?;
    let (headers, body) = sandbox.message(&payment.notice(), sandbox.store().env().now());
    shroff
        .webhook(sandbox::NAME, &headers, &body)
        .await
        .map(drop)
        .map_err(failure)
}

fn read<T: DeserializeOwned>(task: &Task) -> Result<T, Failure> {
    serde_json::from_value(task.payload.clone())
        .map_err(|error| Failure::Dead(format!("the job's payload cannot be read: {error}")))
}

/// What can succeed later is tried again; the rest is for people.
#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn failure(error: Error) -> Failure {
    match &error {
        Error::Store(_) | Error::Journal(_) | Error::Provider(ProviderError::Unreachable(_)) => {
            Failure::Again(error.to_string())
        }
        _ => Failure::Dead(error.to_string()),
    }
}
