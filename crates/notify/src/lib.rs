//! Telling people things: the inbox, e-mail and SMS with evidence of delivery, announcements.
//!
//! [`send`] puts a message into somebody's inbox in the transaction of whatever it tells; that is
//! when the person counts as told. E-mail and SMS follow by jobs through the [`Courier`] and only say
//! that something has arrived, without a link; one-time codes travel whole.
//!
//! Invariants: a message is in the inbox before anything leaves the house; the status of a delivery
//! is worked out from times, so that late and reordered reports do no harm; priority comes from the
//! class alone; addresses are sealed and opened only to be handed to a carrier.

mod announcement;
mod carrier;
mod contact;
mod courier;
mod delivery;
mod error;
mod jobs;
mod message;
mod pages;
mod sandbox;
mod store;

pub use announcement::{
    Announcement, Audience, CURRENT_MAX, Concern, NewAnnouncement, Policy, STANDING_MAX, Severity,
};
pub use carrier::{Answer, Carrier, CarrierError, Parcel};
pub use contact::{Contact, NewContact, set_contact};
pub use courier::{Courier, DELIVER_JOB};
pub use delivery::{
    ANY_PER_HOUR, Channel, Delivery, DeliveryStatus, RETRY_AFTER, SAME_PER_HOUR, TRIES_MAX, Times,
};
pub use error::Error;
pub use jobs::jobs;
pub use message::{
    ATTACHMENTS_MAX, About, Attachment, BODY_CHARS, Class, Message, NewMessage, Recipient,
    SUBJECT_CHARS,
};
pub use pages::demo_routes;
pub use sandbox::SimulatedCarrier;
pub use store::{
    MIGRATIONS,
    announcement::{
        announce, announcements, current_announcements, get_announcement, withdraw_announcement,
    },
    carried::{Carried, carried},
    contact::find_contact,
    delivery::{Report, deliveries_of, report},
    message::{UNREAD_BOUND, get_message, inbox, mark_read, send, unread},
    statements,
};

/// What this crate brings to the pages.
pub static BUNDLE: web::Bundle = web::Bundle {
    area: "notify",
    templates: &[(
        "notify/carried.html",
        include_str!("../templates/carried.html"),
    )],
    messages: include_str!("../messages.yaml"),
    assets: &[],
};

#[cfg(test)]
mod tests;
