//! What can go wrong in the journal.

/// A failed journal operation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The timer, letter or suspension is not there, or no longer in the state this needs.
    #[error("there is no {0} like that any more")]
    Gone(&'static str),
    /// A suspension that ends before it begins.
    #[error("a suspension ends after it begins")]
    Backwards,
}

impl Error {
    /// The stable code of this kind of failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Gone(_) => "JN-001",
            Self::Backwards => "JN-002",
        }
    }
}
