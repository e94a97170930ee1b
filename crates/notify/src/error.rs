//! What can go wrong with telling somebody something.

use kernel::Text;
use web::{Explain, StatusCode};

/// A failed step of sending or reading.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Trust(#[from] trust::Error),
    /// No such message, delivery or announcement, or not this person's.
    #[error("there is no such message or announcement for this person")]
    NotFound,
    #[error("a message needs a subject and a body in English and Traditional Chinese")]
    Empty,
    #[error("the message or one of its parts is too long")]
    TooLong,
    #[error("an announcement must end after it starts")]
    Period,
    #[error("only an officer may do this")]
    Forbidden,
    #[error("too many announcements stand already")]
    TooMany,
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::NotFound => "NT-001",
            Self::Empty => "NT-002",
            Self::TooLong => "NT-003",
            Self::Period => "NT-004",
            Self::Forbidden => "NT-005",
            Self::TooMany => "NT-006",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Empty | Self::TooLong | Self::Period | Self::TooMany => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Store(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Journal(_) | Self::Trust(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::NotFound => Text::new("This message does not exist", "沒有這則訊息"),
            Self::Empty => Text::new("Some words are missing", "尚欠部分文字"),
            Self::TooLong => Text::new("The message is too long", "訊息過長"),
            Self::Period => Text::new("The dates do not fit", "日期不符"),
            Self::Forbidden => Text::new("Only an officer may do this", "只有人員可以辦理"),
            Self::TooMany => Text::new("Too many announcements stand already", "現有公告過多"),
            Self::Store(_) | Self::Journal(_) | Self::Trust(_) => {
                Text::new("The messages cannot be reached", "暫時未能讀取訊息")
            }
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotFound => Text::new(
                "Open your inbox to see what is there.",
                "請開啟收件匣查看訊息。",
            ),
            Self::Empty => Text::new(
                "Write the title and the text in English and Traditional Chinese.",
                "請以英文及繁體中文填寫標題和內容。",
            ),
            Self::TooLong => Text::new("Shorten it and try again.", "請縮短後再試。"),
            Self::Period => Text::new(
                "Choose an end that is after the start.",
                "結束時間須在開始時間之後。",
            ),
            Self::Forbidden => Text::new("Nothing was changed.", "沒有作出更改。"),
            Self::TooMany => Text::new(
                "End the ones that no longer matter, then try again.",
                "請先結束不再需要的公告，然後再試。",
            ),
            Self::Store(_) | Self::Journal(_) | Self::Trust(_) => Text::new(
                "Your messages are safe. Try again in a minute.",
                "你的訊息已妥為保存。請稍後再試。",
            ),
        }
    }
}
