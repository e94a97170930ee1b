//! What can go wrong with keys, seals and signatures. None of it carries personal data.

/// A failure in this crate; `code` is stable and appears in logs and problems.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key directory cannot be read or written.
    #[error("key store: {0}")]
    KeyFile(String),
    /// A sealed value does not open: wrong master key, wrong place, or changed bytes.
    #[error("a sealed value does not open under this key")]
    Unseal,
    /// A key is not a valid P-256 key.
    #[error("this is not a usable P-256 key")]
    BadKey,
    /// No key with this purpose or key id.
    #[error("no such key")]
    UnknownKey,
    /// A token, structure or encoding is malformed.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// A signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
    /// A header asks for something this verifier does not do.
    #[error("refused header: {0}")]
    RefusedHeader(&'static str),
    /// The certificate authority could not make a certificate.
    #[error("certificate: {0}")]
    Certificate(String),
    /// A proof does not connect a leaf or a tree to the checkpoint, or a holder to a credential.
    #[error("the proof does not hold")]
    BadProof,
    /// The library refused an operation that cannot fail with valid input.
    #[error("the cryptographic library refused the operation")]
    Refused,
    /// The hardware token failed or refused.
    #[error("the key token: {0}")]
    Token(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// The stable code of this failure.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyFile(_) => "TR-001",
            Self::Unseal => "TR-002",
            Self::BadKey => "TR-003",
            Self::UnknownKey => "TR-004",
            Self::Malformed(_) => "TR-005",
            Self::BadSignature => "TR-006",
            Self::RefusedHeader(_) => "TR-007",
            Self::Certificate(_) => "TR-008",
            Self::BadProof => "TR-009",
            Self::Refused => "TR-010",
            Self::Store(_) => "TR-011",
            Self::Token(_) => "TR-012",
        }
    }
}
