//! Signatures in PDF files, ours and others': prepared, filled in and listed, by incremental update
//! alone, so that not one byte that was there changes (ISO 32000-1 section 7.5.6, EN 319 142-1).
//!
//! Nothing here knows what a signature is worth: bytes to be signed go out, a finished message comes
//! in. Encrypted and broken files are refused with a reason, never guessed at.

mod file;
mod filter;
mod lex;
mod list;
mod object;
mod sign;
mod update;

pub use file::FILE_BYTES;
pub use list::{Coverage, SIGNATURES_MAX, Signature, Validation, signatures, validation};
pub use sign::{HOLE_BYTES, Prepared, Slot, add_validation, prepare, sign};

/// Why a PDF cannot be signed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// It does not begin as a PDF does.
    #[error("this is not a PDF file")]
    NotPdf,
    /// Larger than what is looked at.
    #[error("the PDF file is too large")]
    TooLarge,
    /// Encrypted: signing would need its password, and rewriting it.
    #[error("the PDF file is encrypted")]
    Encrypted,
    /// Its structure does not hold together.
    #[error("the PDF file is damaged: {0}")]
    Broken(&'static str),
    /// Its author certified it and allowed no change.
    #[error("the PDF file was certified by its author against any change")]
    Certified,
    /// A form of another kind (XFA) stands in it.
    #[error("the PDF file holds an XFA form")]
    Xfa,
    /// The message is larger than the place kept for it.
    #[error("the signature does not fit into its place")]
    Full,
}

impl PdfError {
    /// The word for machines, and the key of the words for people.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPdf => "not_pdf",
            Self::TooLarge => "too_large",
            Self::Encrypted => "encrypted",
            Self::Broken(_) => "broken",
            Self::Certified => "certified",
            Self::Xfa => "xfa",
            Self::Full => "full",
        }
    }
}
