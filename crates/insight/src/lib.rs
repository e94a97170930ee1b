//! Statistics: what people did with the platform, counted by day, and what of it may be published.
//!
//! Every step a person takes emits one `causeway.usage.v1` event ([`journal::usage`]). This crate
//! enters them into daily facts, answers questions about a period, and decides which figures may
//! leave the house.
//!
//! Invariants: an event counts once, because its counts and the place in the outbox move in one
//! write; no table here holds or leads to a person; what [`disclosure`] withholds cannot be computed
//! from what it shows; every table is bounded by its sweeper.

mod board;
mod csv;
pub mod disclosure;
mod error;
mod fact;
mod figures;
mod funnel;
mod jobs;
mod period;
mod recognition;
mod registrants;
mod store;
mod usage;

use ::store::{Migrations, Stmt};

pub use board::{BoardFigures, SHARE_LEAST, SHARE_STEP, published_board};
pub use error::Error;
pub use figures::{ServiceFigures, Spread, service_figures};
pub use funnel::{Breakdown, FieldErrors, Funnel, PageFunnel, Share, funnel};
pub use jobs::{SWEEP_EVERY, catch_up, jobs, sweep};
pub use period::{Period, PeriodError};
pub use recognition::{RECOGNITION, Recognition, RecognitionRow, recognition};
pub use registrants::{BandRow, Registrants};
pub use store::{KEEP_DAYS, KEEP_MONTHS};
pub use usage::{Counts, MEASURES, Measure, UsageReport, UsageRow, usage_report};

/// The tables of this crate.
pub static MIGRATIONS: Migrations = ::store::migrations!("insight", "0001_create_usage_fact.sql");

/// Every statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static Stmt> {
    store::STATEMENTS.to_vec()
}

#[cfg(test)]
mod tests;
