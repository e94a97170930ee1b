//! What can go wrong with statistics.

use kernel::Text;
use web::{Explain, StatusCode};

use crate::PeriodError;

/// A failed question or entry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A usage event that this program cannot read.
    #[error("a usage event does not have its declared form")]
    Event,
    /// Days that make no period.
    #[error(transparent)]
    Period(#[from] PeriodError),
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Event => "IN-001",
            Self::Period(_) => "IN-002",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Period(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Store(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Event => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::Period(_) => Text::new("These dates make no period", "所選日期並非有效期間"),
            Self::Store(_) | Self::Event => {
                Text::new("The statistics cannot be read", "暫時未能讀取統計數字")
            }
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::Period(_) => Text::new(
                "Choose a last day that is not before the first, within eleven years.",
                "結束日期不可早於開始日期，而且期間不可超過十一年。",
            ),
            Self::Store(_) | Self::Event => Text::new(
                "Nothing is lost. Try again in a minute.",
                "數字沒有遺失，請稍後再試。",
            ),
        }
    }
}
