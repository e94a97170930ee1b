//! Wiring: configuration in, one router and its background work out.
//!
//! Nothing here decides anything about a service, a person or a case: this crate opens the stores and
//! keys, hands them to the crates below, and collects their routes, jobs and tables.

mod alarm;
pub mod cli;
pub mod config;
mod evidence;
mod explanations;
mod generate;
mod notary;
mod operations;
mod outbound;
mod seed;
mod server;
mod system;
mod wallet;

pub use config::{Config, ConfigError};
pub use seed::{PACKS, publish_packs, seed_demo, seed_programme};
pub use server::serve;
pub use system::{Knobs, MIGRATIONS, System, bundles};
