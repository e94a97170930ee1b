//! Money owed and money received: demands, attempts, receipts and refunds.
//!
//! A service asks for money with [`demand`] in its own transaction and is told by a job when it is
//! paid. The payer's pages ([`pages`]) start an attempt through the [`Shroff`], who talks to the
//! payment provider; the provider's word, by webhook or when asked, comes in through
//! [`handle_event`] and nowhere else.
//!
//! Invariants: a demand is paid by receipts, never by attempts or by what a browser says; an attempt
//! yields at most one receipt; what receipts keep for a demand is never negative and never more than
//! was asked, because anything beyond is sent back; a refund that people decide has two of them;
//! the same report taken in again changes nothing.

mod attempt;
mod demand;
mod error;
pub mod fps;
mod jobs;
pub mod pages;
pub mod provider;
mod receipt;
mod refund;
pub mod sandbox;
mod shroff;
mod store;
mod trouble;

pub use attempt::{
    ATTEMPTS_MAX, Attempt, AttemptState, CARD_LIFE, FPS_LIFE, Method, NewAttempt, Next,
    PublicState, Step,
};
pub use demand::{About, Demand, DemandState, LINES_MAX, Line, NewDemand, Payer, total};
pub use error::{Error, explanations};
pub use jobs::{RECONCILE_EVERY, jobs};
pub use provider::Provider;
pub use receipt::Receipt;
pub use refund::{NewRefund, Refund, RefundReason, RefundState, RefundStep};
pub use shroff::{PATIENCE, Round, Shroff};
pub use store::{
    MIGRATIONS,
    attempt::{
        METHODS, attempts_of, find_attempt, note_started, start_attempt, step, troubled_attempts,
    },
    demand::{
        count_paid_as, demand, demands_about, demands_of, find_demand, find_demand_by_bill,
        is_paid, recalculate, withdraw,
    },
    notice::{Effect, Heard, Paid, handle_event, notices_of},
    receipt::{find_receipt, find_receipt_by_number, kept, receipts_of},
    refund::{
        approve_refund, find_refund, note_refund, refund_by_rule, refunds_in, refunds_of,
        refunds_of_receipt, refunds_page, refuse_refund, request_refund,
    },
    statements,
    trouble::troubles,
};
pub use trouble::{Trouble, TroubleKind};

/// What this crate brings to the pages.
pub static BUNDLE: web::Bundle = web::Bundle {
    area: "payments",
    templates: &[
        ("payments/bill.html", include_str!("../templates/bill.html")),
        (
            "payments/attempt.html",
            include_str!("../templates/attempt.html"),
        ),
        (
            "payments/state.html",
            include_str!("../templates/state.html"),
        ),
        ("payments/bank.html", include_str!("../templates/bank.html")),
    ],
    messages: include_str!("../messages.yaml"),
    assets: &[],
};

#[cfg(test)]
mod tests;
