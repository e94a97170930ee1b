//! What can go wrong with statistics.

/// A failed question or entry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A usage event that this program cannot read.
    #[error("a usage event does not have its declared form")]
    Event,
}

impl Error {
    /// The stable code of this kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Event => "IN-001",
        }
    }
}
