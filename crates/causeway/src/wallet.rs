//! What follows when a person takes another phone: the licences on the old one stop counting.

use journal::{Failure, OutboxEvent, Runner};
use kernel::{Actor, Id};

use crate::System;

/// The name of this consumer's place in the outbox.
const CONSUMER: &str = "causeway.wallet";

/// Adds the consumer of device events.
pub(crate) fn jobs(runner: Runner, system: &System) -> Runner {
    let system = system.clone();
    runner.consume(CONSUMER, move |event| {
        let system = system.clone();
        async move { heard(&system, event).await }
    })
}

async fn heard(system: &System, event: OutboxEvent) -> Result<(), Failure> {
    let kinds = [identity::DEVICE_REPLACED, identity::DEVICE_REVOKED];
    if !kinds.contains(&event.kind.as_str()) {
        return Ok(());
    }
    let holder: Id<credentials::Holder> = event.subject.parse()?;
    let Some(replaced) = event.data.get("replaced").and_then(|one| one.as_str()) else {
        return Ok(());
    };
    let device = replaced.to_owned();
    system
        .store
        .write(&Actor::system("wallet"), move |tx| {
            let device = device.clone();
            async move { credentials::drop_device(&tx, holder, &device).await }
        })
        .await?;
    Ok(())
}
