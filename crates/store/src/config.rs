//! Where the data is.

use serde::{Deserialize, Serialize};

/// Settings of the store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:PATH` for one embedded file, or `postgres://user:password@host:port/database`.
    pub url: String,
    /// Threads that read the SQLite file beside the one that writes it.
    pub sqlite_readers: usize,
    /// Most connections opened to Postgres.
    pub postgres_connections: usize,
}

impl StoreConfig {
    /// The default settings for the data at `url`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..Self::default()
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:causeway.db".to_owned(),
            sqlite_readers: 4,
            postgres_connections: 16,
        }
    }
}
