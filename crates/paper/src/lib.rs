//! Letters, receipts and licences as tagged PDF/A.
//!
//! [`render`] turns a [`Document`] into the bytes of a file that is PDF/A-2a and PDF/UA-1 at once:
//! fonts embedded, structure tagged in reading order, language and title set. The writer enforces
//! both standards and refuses rather than bend them.
//!
//! [`pdf`] signs files by incremental update and lists the signatures of any file.
//!
//! Invariants: the same document gives the same bytes (the date comes with the document, nothing is
//! read from the clock); a character without a glyph is an error, never an empty box; a page holds
//! every word it was given, or the document is refused as too long. Pure: no I/O, no state.
//! Callers: payments (receipts), services and desk (letters), credentials (printed licences).

mod block;
mod document;
mod draw;
mod error;
mod face;
mod letter;
mod line;
mod mark;
mod page;
pub mod pdf;
mod tag;
mod words;

pub use document::{
    BLOCKS_MAX, Block, COLUMNS_MAX, Column, Document, Fact, LINES_MAX, Lean, Letterhead, PAGES_MAX,
    ROWS_MAX, Signature, Table, Verify, WORDS_MAX,
};
pub use error::Error;

/// Sets `document` and writes it as PDF/A-2a with PDF/UA-1. About 10 ms a page; call it from a
/// blocking task when a request waits for it.
///
/// # Errors
/// [`Error::Missing`] when a character has no glyph, [`Error::TooLong`] past a limit,
/// [`Error::Ragged`] for an uneven table, [`Error::Code`] for an over-long QR code,
/// [`Error::Refused`] when the standards would be broken.
pub fn render(document: &Document) -> Result<Vec<u8>, Error> {
    document.check()?;
    let set = letter::set(document)?;
    draw::write(document, set)
}

#[cfg(test)]
mod pdf_tests;
#[cfg(test)]
mod tests;
