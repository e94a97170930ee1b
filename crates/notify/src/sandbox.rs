//! A simulated carrier: it takes every message and keeps it for the demonstration page. Nothing
//! leaves the machine.

use kernel::Actor;
use store::Store;

use crate::{
    Parcel,
    carrier::{Answer, Carrier, CarrierError},
    store as tables,
};

/// The simulated carrier of e-mail and SMS.
#[derive(Clone, Debug)]
pub struct SimulatedCarrier {
    store: Store,
}

impl SimulatedCarrier {
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store }
    }
}

impl Carrier for SimulatedCarrier {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn hand_over<'a>(&'a self, parcel: &'a Parcel) -> Answer<'a, String> {
        let owned = parcel.clone();
        Box::pin(async move {
            let reference = format!("simulated-{}", owned.delivery);
            self.store
                .write(&Actor::system("simulated-carrier"), move |tx| {
                    let parcel = owned.clone();
                    async move { tables::carried::insert(&tx, &parcel).await }
                })
                .await
                .map_err(|error| CarrierError::Unreachable(error.to_string()))?;
            Ok(reference)
        })
    }
}
