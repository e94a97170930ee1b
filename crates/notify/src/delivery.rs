//! One message on its way by e-mail or SMS. Evidence is times, not a status: reports come late and
//! out of order, and a status that is overwritten tells nothing afterwards.

use std::time::Duration;

use kernel::{Id, Time};
use serde::Serialize;

use crate::{Class, Message};

/// Text messages with the same words to one number in an hour. Networks block more.
pub const SAME_PER_HOUR: i64 = 20;
/// Messages of any kind to one address in an hour.
pub const ANY_PER_HOUR: i64 = 100;
/// Between two tries at an address, growing with each.
pub const RETRY_AFTER: Duration = Duration::from_secs(60);
/// Tries of one delivery.
pub const TRIES_MAX: i64 = 48;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    Email,
    Sms,
}

store::text_codes!(Channel { Email => "email", Sms => "sms" });

/// What the times say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits to be handed to a carrier.
    Queued,
    /// Held back: the address has had too much in an hour.
    Held,
    /// A carrier has it and has not reported.
    Handed,
    Delivered,
    /// The carrier says that the address does not take it.
    Bounced,
    /// No carrier took it in time.
    GivenUp,
}

/// A delivery on record.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: Id<Delivery>,
    pub message: Id<Message>,
    pub channel: Channel,
    pub address_index: Vec<u8>,
    pub tries: i64,
    pub times: Times,
    pub carrier_ref: Option<String>,
    pub last_trouble: Option<String>,
}

/// What happened, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub queued_at: Time,
    pub held_at: Option<Time>,
    pub handed_at: Option<Time>,
    pub delivered_at: Option<Time>,
    pub bounced_at: Option<Time>,
    pub given_up_at: Option<Time>,
}

impl Times {
    /// A report of delivery outweighs one of failure: some carriers send both, in either order.
    #[must_use]
    pub const fn status(&self) -> DeliveryStatus {
        if self.delivered_at.is_some() {
            DeliveryStatus::Delivered
        } else if self.bounced_at.is_some() {
            DeliveryStatus::Bounced
        } else if self.handed_at.is_some() {
            DeliveryStatus::Handed
        } else if self.given_up_at.is_some() {
            DeliveryStatus::GivenUp
        } else if self.held_at.is_some() {
            DeliveryStatus::Held
        } else {
            DeliveryStatus::Queued
        }
    }

    /// Whether the delivery still has to be handed over at `now`.
    #[must_use]
    pub fn is_waiting(&self, class: Class, now: Time) -> bool {
        matches!(self.status(), DeliveryStatus::Queued | DeliveryStatus::Held)
            && now.since(self.queued_at) <= class.patience()
    }
}

/// How long to wait before the next try: longer each time, at most half an hour.
#[must_use]
pub(crate) fn pause(tries: i64) -> Duration {
    let factor = u32::try_from(tries.clamp(1, 30)).unwrap_or(30);
    RETRY_AFTER * factor
}
