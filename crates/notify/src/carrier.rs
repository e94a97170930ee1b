//! Who carries e-mail and text messages. An adapter hands a message over and says what became of
//! that; reports of delivery come later through [`crate::report`].

use std::{fmt, future::Future, pin::Pin};

use kernel::{Id, Lang};

use crate::{Channel, Delivery};

/// What a carrier's method gives, once it has answered.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, CarrierError>> + Send + 'a>>;

/// A carrier of messages. Handing over the same delivery twice must not send twice: the delivery's id
/// is the key.
pub trait Carrier: Send + Sync + fmt::Debug {
    /// The word in evidence and logs.
    fn name(&self) -> &'static str;

    /// Hands one message over and gives the carrier's reference for it.
    fn hand_over<'a>(&'a self, parcel: &'a Parcel) -> Answer<'a, String>;
}

/// Why a carrier did not take a message.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CarrierError {
    /// Try again later.
    #[error("the carrier did not answer: {0}")]
    Unreachable(String),
    /// The address is not one it can deliver to.
    #[error("the carrier does not take the address")]
    Address,
}

/// One message for the outside world.
#[derive(Clone)]
pub struct Parcel {
    pub delivery: Id<Delivery>,
    pub channel: Channel,
    pub address: String,
    pub lang: Lang,
    pub subject: String,
    pub body: String,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parcel({} by {})", self.delivery, self.channel.code())
    }
}
