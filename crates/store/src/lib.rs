//! One store over two engines: SQLite (embedded, the default) and Postgres.
//!
//! A domain crate writes its SQL once (`$1…$n`, see [`sql!`]), keeps its migrations with type tokens
//! (see [`migrations!`]), and works through [`Store::write`] and [`Store::read`]. Which engine runs
//! underneath is decided once, by the address in [`StoreConfig`].
//!
//! Invariants: a write closure touches nothing but the store, so it can be run again; its effects
//! are durable before the caller hears of success; a dropped request never leaves half a write; a
//! handle is dead once its closure has ended; this crate knows no table of any other crate.

mod backup;
mod config;
mod engine;
mod error;
mod handle;
mod migration;
mod postgres;
mod row;
mod sqlite;
mod stmt;
mod store;
mod value;

#[cfg(feature = "testing")]
pub mod check;
#[cfg(feature = "testing")]
pub mod testing;

pub use backup::{Progress, restore};
pub use config::StoreConfig;
pub use error::Error;
pub use handle::{Read, Write};
pub use migration::{Dialect, Migration, Migrations};
pub use row::{FromRow, Row};
pub use stmt::Stmt;
pub use store::{Store, Traffic};
pub use value::{FromValue, Params, ToValue, Value};

/// The limits of the store, each with its reason.
pub mod limits {
    use std::time::Duration;

    /// Writes waiting for the SQLite writer. Beyond this the store is overloaded and says so.
    pub const WRITE_QUEUE: usize = 1_024;
    /// Writes that share one SQLite commit. Measured: 64 gains most of it, 256 the rest.
    pub const WRITE_BATCH: usize = 256;
    /// Reads waiting for a SQLite reader.
    pub const READ_QUEUE: usize = 1_024;
    /// How long a caller waits for a place in a queue or for a Postgres connection.
    pub const QUEUE_WAIT: Duration = Duration::from_secs(5);
    /// How long SQLite waits for another process that holds the write lock.
    pub const BUSY_WAIT: Duration = Duration::from_secs(5);
    /// Runs of one Postgres write before a conflict is reported to the caller.
    pub const WRITE_ATTEMPTS: u32 = 10;
    /// The longest pause between two of those runs; each pause is drawn evenly from zero to this.
    pub const RETRY_JITTER: Duration = Duration::from_millis(50);
    /// Rows one query may return. A list that can grow past this must be paged.
    pub const ROWS: usize = 100_000;
    /// Prepared statements kept per SQLite connection.
    pub const STATEMENT_CACHE: usize = 1_024;
    /// The time one read has on SQLite, and one statement on Postgres.
    pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
}

#[cfg(test)]
mod tests;
