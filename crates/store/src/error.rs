//! What can go wrong in the store, by what the caller can do about it. Both engines map here once.

use std::sync::Arc;

/// A failed read or write. Cheap to clone, because one failed commit answers a whole batch.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// A row with the same key exists. `constraint` names the columns, `person.hkid_index` or
    /// `booking.slot, booking.person`, the same words on both engines.
    #[error("a row with the same {constraint} exists already")]
    Unique { constraint: String },
    /// The write points at a row that does not exist, or removes one that others point at.
    #[error("a row this write points at does not exist, or others still point at the removed row")]
    ForeignKey,
    /// A CHECK or NOT NULL of the table refuses the row.
    #[error("the row breaks the rule {constraint}")]
    Check { constraint: String },
    /// Others kept changing the same rows, or another process holds the file. Trying again may help.
    #[error("the data was busy for too long; try again")]
    Busy,
    /// [`crate::Read::only`] found no row.
    #[error("there is no such row ({statement})")]
    NotFound { statement: &'static str },
    /// The store has been closed, or a handle was used after its closure had ended.
    #[error("the store is closed, or a handle was used after its closure had ended")]
    Closed,
    /// Too many reads or writes are waiting.
    #[error("too many reads or writes are waiting; try again later")]
    Overloaded,
    /// A column does not hold what the program expects there.
    #[error("column {column} does not hold {expected}")]
    Decode {
        column: String,
        expected: &'static str,
    },
    /// A closure awaited something other than the store (see [`crate::Store::write`]).
    #[error("a closure awaited something other than the store")]
    Awaited,
    /// The closure panicked. Nothing of it was written.
    #[error("the closure panicked; nothing of it was written")]
    Panicked,
    /// A statement failed, and the closure went on or returned success all the same. Use
    /// [`crate::Write::attempt`] for a statement that may fail.
    #[error("an earlier statement of this write failed, so nothing of it can be kept")]
    Doomed,
    /// The connection broke during commit: the write may or may not have happened.
    #[error("the connection broke during commit; whether the write happened is not known")]
    Uncertain,
    /// A statement or a read took longer than [`crate::limits::STATEMENT_TIMEOUT`].
    #[error("the read took too long and was stopped")]
    Slow,
    /// A query returned more than [`crate::limits::ROWS`] rows; the list should be paged.
    #[error("{what} is over its limit of {limit}")]
    TooMany { what: &'static str, limit: usize },
    /// The address in the configuration cannot be used.
    #[error("the store address cannot be used: {0}")]
    Config(String),
    /// The migrations and the database do not fit together.
    #[error("migration {migration}: {reason}")]
    Migration { migration: String, reason: String },
    /// The engine cannot do this, or the file is damaged.
    #[error("{0}")]
    Backup(String),
    /// Anything else the engine reports.
    #[error("the database reports: {message}")]
    Database { message: Arc<str> },
}

impl Error {
    /// The stable code of this kind of failure, `ST-001` and on.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unique { .. } => "ST-001",
            Self::ForeignKey => "ST-002",
            Self::Check { .. } => "ST-003",
            Self::Busy => "ST-004",
            Self::NotFound { .. } => "ST-005",
            Self::Closed => "ST-006",
            Self::Overloaded => "ST-007",
            Self::Decode { .. } => "ST-008",
            Self::Awaited => "ST-009",
            Self::Panicked => "ST-010",
            Self::Doomed => "ST-011",
            Self::Uncertain => "ST-012",
            Self::TooMany { .. } => "ST-013",
            Self::Config(_) => "ST-014",
            Self::Migration { .. } => "ST-015",
            Self::Backup(_) => "ST-016",
            Self::Database { .. } => "ST-017",
            Self::Slow => "ST-018",
        }
    }

    /// One error of every kind, for the list of errors. A new kind does not compile until it has its
    /// place in this chain.
    #[must_use]
    pub fn one_of_each() -> Vec<Self> {
        std::iter::successors(Some(Self::ForeignKey), Self::next_kind).collect()
    }

    fn next_kind(&self) -> Option<Self> {
        let name = String::new;
        Some(match self {
            Self::ForeignKey => Self::Unique { constraint: name() },
            Self::Unique { .. } => Self::Check { constraint: name() },
            Self::Check { .. } => Self::Busy,
            Self::Busy => Self::NotFound { statement: "" },
            Self::NotFound { .. } => Self::Closed,
            Self::Closed => Self::Overloaded,
            Self::Overloaded => Self::decode("", ""),
            Self::Decode { .. } => Self::Awaited,
            Self::Awaited => Self::Panicked,
            Self::Panicked => Self::Doomed,
            Self::Doomed => Self::Uncertain,
            Self::Uncertain => Self::TooMany { what: "", limit: 0 },
            Self::TooMany { .. } => Self::Config(name()),
            Self::Config(_) => Self::Migration {
                migration: name(),
                reason: name(),
            },
            Self::Migration { .. } => Self::Backup(name()),
            Self::Backup(_) => Self::database(""),
            Self::Database { .. } => Self::Slow,
            Self::Slow => return None,
        })
    }

    /// Whether the same request may succeed a little later.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Overloaded | Self::Uncertain)
    }

    /// Whether this is the refusal of a second row with the same `columns`, for example
    /// `person.hkid_index`.
    #[must_use]
    pub fn is_unique(&self, columns: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint == columns)
    }

    pub(crate) fn database(message: impl AsRef<str>) -> Self {
        Self::Database {
            message: Arc::from(message.as_ref()),
        }
    }

    pub(crate) fn decode(column: &str, expected: &'static str) -> Self {
        Self::Decode {
            column: column.to_owned(),
            expected,
        }
    }
}
