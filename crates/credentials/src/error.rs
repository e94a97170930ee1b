//! What can go wrong with licences and credentials, by what the caller can do about it.

use kernel::Text;
use web::{Explain, StatusCode};

use crate::Refusal;

/// A failure in this crate. None of it carries personal data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such licence, offer or list, or not for this person.
    #[error("there is no such licence, offer or list")]
    NotFound,
    /// The licence is not in a state that allows this.
    #[error("the licence is {0}, which does not allow this")]
    WrongState(&'static str),
    /// Another holder has a licence of this kind and number.
    #[error("another holder has a licence of this kind and number")]
    NumberTaken,
    /// No licence type of this kind is configured.
    #[error("no licence type {0} is configured")]
    UnknownKind(String),
    /// What was presented is not a credential or pass.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// Larger than its carrier or limit allows.
    #[error("too large")]
    TooLarge,
    /// Signed by nobody on the trust list.
    #[error("the issuer is not on the trust list")]
    UnknownIssuer,
    /// Not signed by the device the credential was issued to.
    #[error("not signed by the device it was issued to")]
    HolderBinding,
    /// A request of a wallet that the protocol says to refuse.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Trust(#[from] trust::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "CR-001",
            Self::WrongState(_) => "CR-002",
            Self::NumberTaken => "CR-003",
            Self::UnknownKind(_) => "CR-004",
            Self::Malformed(_) => "CR-005",
            Self::TooLarge => "CR-006",
            Self::UnknownIssuer => "CR-007",
            Self::HolderBinding => "CR-008",
            Self::Refused(_) => "CR-009",
            Self::Trust(_) => "CR-010",
            Self::Journal(_) => "CR-011",
            Self::Store(_) => "CR-012",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongState(_) | Self::NumberTaken => StatusCode::CONFLICT,
            Self::Malformed(_) | Self::UnknownIssuer | Self::HolderBinding | Self::Refused(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Store(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::UnknownKind(_) | Self::Trust(_) | Self::Journal(_) | Self::Store(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::NotFound => Text::new("There is no such licence here", "這裏沒有這個牌照"),
            Self::WrongState(_) => Text::new(
                "The licence is not in a state that allows this",
                "牌照目前的狀態不容許這項操作",
            ),
            Self::NumberTaken => Text::new(
                "This licence number is already in use",
                "這個牌照號碼已被使用",
            ),
            Self::Malformed(_) | Self::TooLarge => Text::new(
                "This is not a licence code we can read",
                "這不是可讀取的牌照碼",
            ),
            Self::UnknownIssuer | Self::HolderBinding => {
                Text::new("This licence code cannot be trusted", "這個牌照碼不可信")
            }
            Self::Refused(_) => Text::new("The wallet's request was refused", "錢包的請求被拒絕"),
            Self::UnknownKind(_) | Self::Trust(_) | Self::Journal(_) | Self::Store(_) => Text::new(
                "The licence could not be handled just now",
                "暫時未能處理牌照",
            ),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotFound | Self::WrongState(_) => Text::new(
                "Nothing was changed. Open your licences again to see their present state.",
                "沒有任何更改。請重新開啟你的牌照以查看最新狀態。",
            ),
            Self::Malformed(_) | Self::TooLarge | Self::UnknownIssuer | Self::HolderBinding => {
                Text::new(
                    "Ask the holder to show the code again in their phone, and scan it anew.",
                    "請持證人在手機重新顯示牌照碼，然後再掃描。",
                )
            }
            Self::Refused(_) => Text::new(
                "Your licence is safe. Ask for it again in the app.",
                "你的牌照安全。請在應用程式內重新領取。",
            ),
            _ => Text::new(
                "Your licence is safe. Please try again in a few minutes.",
                "你的牌照安全。請於數分鐘後再試。",
            ),
        }
    }
}

/// Every error of this crate in words, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<web::Explanation> {
    web::explain(&[
        Error::NotFound,
        Error::WrongState("revoked"),
        Error::NumberTaken,
        Error::UnknownKind(String::new()),
        Error::Malformed("code"),
        Error::TooLarge,
        Error::UnknownIssuer,
        Error::HolderBinding,
        Error::Refused(Refusal::InvalidGrant),
        Error::Trust(trust::Error::Refused),
        Error::Journal(journal::Error::Gone("")),
        Error::Store(store::Error::Busy),
    ])
}
