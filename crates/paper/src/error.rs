//! What can go wrong between words and paper.

use kernel::Text;

/// A document that could not be set.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The fonts hold no glyph for these characters. Paper with an empty box in somebody's name is
    /// worse than no paper, so nothing is set.
    #[error("the fonts have no glyph for {}", listed(.characters))]
    Missing { characters: Vec<char> },
    /// A part is longer than paper allows; the limit's name is given.
    #[error("the document is too long: more than {limit} {what}")]
    TooLong { what: &'static str, limit: usize },
    /// A table row has more or fewer cells than there are columns.
    #[error("row {row} of a table has {cells} cells for {columns} columns")]
    Ragged {
        row: usize,
        cells: usize,
        columns: usize,
    },
    /// The words for the QR code do not fit one.
    #[error("the QR code cannot hold {bytes} bytes")]
    Code { bytes: usize },
    /// The PDF writer refused: PDF/A or PDF/UA would be broken.
    #[error("the PDF writer refused the document: {0}")]
    Refused(String),
    /// A bundled font could not be read.
    #[error("a bundled font could not be read")]
    Font,
}

impl Error {
    /// Stable, for support and for `docs/errors.md`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "PA-001",
            Self::TooLong { .. } => "PA-002",
            Self::Ragged { .. } => "PA-003",
            Self::Code { .. } => "PA-004",
            Self::Refused(_) => "PA-005",
            Self::Font => "PA-006",
        }
    }

    /// The HTTP status of the answer that this error ends.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Missing { .. } | Self::TooLong { .. } => 422,
            Self::Ragged { .. } | Self::Code { .. } | Self::Refused(_) | Self::Font => 500,
        }
    }

    /// Whether the message may hold words of a person.
    #[must_use]
    pub const fn is_personal(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// What to tell the person who asked for the paper.
    #[must_use]
    pub fn words(&self) -> Text {
        match self {
            Self::Missing { characters } => {
                let list = listed(characters);
                Text::new(
                    format!(
                        "The letter cannot be printed: these characters are not in our fonts: {list}. Nothing was sent. Check the spelling or report the characters."
                    ),
                    format!(
                        "信件未能列印：字型沒有以下字元：{list}。信件並未發出。請核對字元或向我們報告。"
                    ),
                )
            }
            Self::TooLong { .. } => Text::new(
                "The letter is too long to print. Nothing was sent. Shorten it and try again.",
                "信件過長，未能列印。信件並未發出。請縮短內容後再試。",
            ),
            Self::Ragged { .. } | Self::Code { .. } | Self::Refused(_) | Self::Font => Text::new(
                "The document could not be made. Nothing was lost. Try again later.",
                "文件未能製作。資料沒有遺失。請稍後再試。",
            ),
        }
    }
}

/// A file of our own that cannot be sealed was written wrongly.
impl From<crate::pdf::PdfError> for Error {
    fn from(error: crate::pdf::PdfError) -> Self {
        Self::Refused(error.to_string())
    }
}

fn listed(characters: &[char]) -> String {
    let mut words = String::new();
    for (place, character) in characters.iter().enumerate() {
        if place > 0 {
            words.push(' ');
        }
        words.push_str(&format!("{character} (U+{:04X})", u32::from(*character)));
    }
    words
}
