//! Background work: taking deliveries to the carriers.

use journal::{Failure, Runner, Task};
use kernel::Id;
use serde::Deserialize;

use crate::{Courier, DELIVER_JOB, Delivery, Error};

/// Adds this crate's work to the runner.
#[must_use]
pub fn jobs(runner: Runner, courier: &Courier) -> Runner {
    let courier = courier.clone();
    runner.on(DELIVER_JOB, move |task| {
        let courier = courier.clone();
        async move { deliver(&courier, &task).await }
    })
}

#[derive(Deserialize)]
struct DeliverTask {
    delivery: Id<Delivery>,
}

async fn deliver(courier: &Courier, task: &Task) -> Result<(), Failure> {
    let DeliverTask { delivery } = serde_json::from_value(task.payload.clone())
        .map_err(|error| Failure::Dead(format!("the job's payload cannot be read: {error}")))?;
    courier
        .deliver(delivery)
        .await
        .map(drop)
        .map_err(|error| match error {
            Error::Store(_) | Error::Journal(_) => Failure::Again(error.to_string()),
            _ => Failure::Dead(error.to_string()),
        })
}
