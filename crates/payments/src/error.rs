//! What can go wrong with money, by what the caller or the payer can do about it.

use kernel::{Money, Text};
use web::{Explain, StatusCode};

use crate::{RefundState, fps::FpsError, provider::ProviderError};

/// A failed step of paying.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// No such demand, attempt, receipt or refund, or not this person's.
    #[error("there is no such demand, attempt, receipt or refund for this person")]
    NotFound,
    /// A demand without lines, with a negative line or a total of nothing.
    #[error("a demand must ask for an amount above zero, line by line")]
    NothingToPay,
    #[error("the demand is over the limit of amount or lines")]
    TooMuch,
    /// The demand is paid.
    #[error("the demand is paid already")]
    AlreadyPaid,
    /// The demand is withdrawn or refunded: nothing can be paid.
    #[error("the demand is not open")]
    NotOpen,
    /// The idempotency key was used with other words.
    #[error("the same key was used for a different request")]
    KeyReused,
    /// The key is empty or too long.
    #[error("the idempotency key is not usable")]
    Key,
    /// Past [`crate::ATTEMPTS_MAX`].
    #[error("the demand has had too many attempts")]
    TooManyAttempts,
    /// Between reading and writing, somebody else took part of the money.
    #[error("{available} is available now, which is not what was seen")]
    AvailableChanged { available: Money },
    /// More than is available, or nothing.
    #[error("the refund is not within the {available} that is available")]
    RefundAmount { available: Money },
    #[error("the refund is {} and this step does not follow", .state.code())]
    RefundState { state: RefundState },
    /// The second signature came from the first signer.
    #[error("the officer who asked for the refund cannot approve it")]
    SameOfficer,
    /// This person may not do it.
    #[error("only an officer may do this")]
    Forbidden,
    /// A webhook or configuration names a provider nobody set up.
    #[error("there is no such payment provider")]
    UnknownProvider,
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Fps(#[from] FpsError),
    #[error(transparent)]
    Paper(#[from] paper::Error),
    /// A figure on record does not fit: should never happen.
    #[error("a number on record is out of range")]
    Range,
}

impl From<paper::pdf::PdfError> for Error {
    fn from(error: paper::pdf::PdfError) -> Self {
        Self::Paper(error.into())
    }
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Journal(error) => error.code(),
            Self::NotFound => "PY-001",
            Self::NothingToPay => "PY-002",
            Self::TooMuch => "PY-003",
            Self::AlreadyPaid => "PY-004",
            Self::NotOpen => "PY-005",
            Self::KeyReused => "PY-006",
            Self::Key => "PY-007",
            Self::TooManyAttempts => "PY-008",
            Self::AvailableChanged { .. } => "PY-009",
            Self::RefundAmount { .. } => "PY-010",
            Self::RefundState { .. } => "PY-011",
            Self::SameOfficer => "PY-012",
            Self::Forbidden => "PY-013",
            Self::UnknownProvider => "PY-014",
            Self::Provider(ProviderError::Unreachable(_)) => "PY-015",
            Self::Provider(ProviderError::Refused(_)) => "PY-016",
            Self::Provider(ProviderError::Forged) => "PY-017",
            Self::Provider(ProviderError::Malformed) => "PY-018",
            Self::Fps(_) => "PY-019",
            Self::Paper(error) => error.code(),
            Self::Range => "PY-020",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::UnknownProvider => StatusCode::NOT_FOUND,
            Self::NothingToPay | Self::TooMuch | Self::Key | Self::RefundAmount { .. } => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::AlreadyPaid
            | Self::NotOpen
            | Self::KeyReused
            | Self::AvailableChanged { .. }
            | Self::RefundState { .. } => StatusCode::CONFLICT,
            Self::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            Self::SameOfficer | Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Provider(ProviderError::Unreachable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Provider(ProviderError::Refused(_)) => StatusCode::BAD_GATEWAY,
            Self::Provider(ProviderError::Forged) => StatusCode::UNAUTHORIZED,
            Self::Provider(ProviderError::Malformed) => StatusCode::BAD_REQUEST,
            Self::Store(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Paper(error) => {
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            Self::Store(_) | Self::Journal(_) | Self::Fps(_) | Self::Range => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn title(&self) -> Text {
        match self {
            Self::NotFound | Self::UnknownProvider => {
                Text::new("This bill does not exist", "沒有這張帳單")
            }
            Self::AlreadyPaid => Text::new("This bill is paid", "帳單已繳付"),
            Self::NotOpen => Text::new("This bill can no longer be paid", "帳單已不能繳付"),
            Self::KeyReused | Self::Key => Text::new("This form was used before", "此表格曾經遞交"),
            Self::TooManyAttempts => Text::new("Too many attempts to pay", "嘗試付款次數過多"),
            Self::NothingToPay | Self::TooMuch => {
                Text::new("The amount cannot be charged", "金額未能收取")
            }
            Self::AvailableChanged { .. } => {
                Text::new("The amount available has changed", "可退還金額已有更改")
            }
            Self::RefundAmount { .. } => {
                Text::new("The refund is more than is available", "退款超出可退還金額")
            }
            Self::RefundState { .. } => Text::new("The refund has moved on", "退款已進入下一階段"),
            Self::SameOfficer => Text::new(
                "Another officer has to approve this refund",
                "退款須由另一名人員批准",
            ),
            Self::Forbidden => Text::new("Only an officer may do this", "只有人員可以辦理"),
            Self::Provider(_) => {
                Text::new("The payment provider did not answer", "支付機構沒有回應")
            }
            Self::Paper(_) => Text::new("The receipt could not be made", "收據未能製作"),
            Self::Store(_) | Self::Journal(_) | Self::Fps(_) | Self::Range => {
                Text::new("Something went wrong with the payment", "付款出現問題")
            }
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotFound | Self::UnknownProvider => Text::new(
                "Open the bill from your application or your inbox. Nothing was charged.",
                "請從申請或收件匣開啟帳單。沒有收取任何款項。",
            ),
            Self::AlreadyPaid => Text::new(
                "You need not pay again. The receipt is on the bill's page.",
                "無須再次付款。收據在帳單頁面。",
            ),
            Self::NotOpen => Text::new(
                "If you have paid, the money is returned without your asking.",
                "如已付款，款項會自動退還。",
            ),
            Self::KeyReused | Self::Key => Text::new(
                "Open the bill again and choose how to pay. You are not charged twice.",
                "請重新開啟帳單並選擇付款方式。不會重複收費。",
            ),
            Self::TooManyAttempts => Text::new(
                "Ask your bank why it declines, or pay at the department's counter with the bill number.",
                "請向銀行查詢原因，或憑帳單編號到部門櫃位繳費。",
            ),
            Self::AvailableChanged { available } | Self::RefundAmount { available } => Text::new(
                format!("{available} is available now. Check the receipt and ask again."),
                format!("現可退還 {available}。請核對收據後再提出。"),
            ),
            Self::Paper(error) => error.words(),
            Self::SameOfficer | Self::Forbidden | Self::RefundState { .. } => Text::new(
                "Nothing was changed. Open the refund again to see where it stands.",
                "沒有作出更改。請重新開啟退款紀錄查看進度。",
            ),
            Self::NothingToPay | Self::TooMuch => Text::new(
                "Nothing was charged. The department has to mend the fee.",
                "沒有收取款項。部門須更正收費。",
            ),
            Self::Provider(_) | Self::Store(_) | Self::Journal(_) | Self::Fps(_) | Self::Range => {
                Text::new(
                    "Your bill is safe and nothing is charged twice. Wait a minute and try again.",
                    "帳單已保存，不會重複收費。請稍等一分鐘再試。",
                )
            }
        }
    }

    fn is_personal(&self) -> bool {
        matches!(self, Self::Paper(error) if error.is_personal())
    }

    fn retry_after(&self) -> Option<u64> {
        matches!(self, Self::Provider(ProviderError::Unreachable(_))).then_some(60)
    }
}

/// Every error of this crate in words, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<web::Explanation> {
    let zero = Money::ZERO;
    let state = RefundState::Done;
    web::explain(&[
        Error::NotFound,
        Error::NothingToPay,
        Error::TooMuch,
        Error::AlreadyPaid,
        Error::NotOpen,
        Error::KeyReused,
        Error::Key,
        Error::TooManyAttempts,
        Error::AvailableChanged { available: zero },
        Error::RefundAmount { available: zero },
        Error::RefundState { state },
        Error::SameOfficer,
        Error::Forbidden,
        Error::UnknownProvider,
        Error::Provider(ProviderError::Unreachable(String::new())),
        Error::Provider(ProviderError::Refused(String::new())),
        Error::Provider(ProviderError::Forged),
        Error::Provider(ProviderError::Malformed),
        Error::Fps(FpsError::Shape),
        Error::Paper(paper::Error::Missing {
            characters: Vec::new(),
        }),
        Error::Paper(paper::Error::TooLong { what: "", limit: 0 }),
        Error::Paper(paper::Error::Ragged {
            row: 0,
            cells: 0,
            columns: 0,
        }),
        Error::Paper(paper::Error::Code { bytes: 0 }),
        Error::Paper(paper::Error::Refused(String::new())),
        Error::Paper(paper::Error::Font),
        Error::Range,
    ])
}
