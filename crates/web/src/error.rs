//! What can go wrong in the shell itself, before or after a domain had its say.

use axum::http::StatusCode;
use kernel::{Role, Text};

use crate::{
    Explain,
    failure::{Explanation, explain},
};

/// Errors of the shell. Each becomes an answer through [`Explain`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("nothing lives at this address")]
    NotFound,
    #[error("this address does not take this method")]
    MethodNotAllowed,
    #[error("needs one of the roles {0:?}")]
    WrongRole(Vec<Role>),
    #[error("nobody is signed in")]
    SignedOut,
    #[error("the request came from another site")]
    CrossSite,
    #[error("the form's token is not of this session")]
    StaleToken,
    #[error("the request could not be read")]
    Malformed,
    #[error("the request is larger than its limit")]
    TooLarge,
    #[error("the content type is not one this address reads")]
    UnsupportedType,
    #[error("too many requests; free again in {0} s")]
    TooMany(u64),
    #[error("the request took longer than its limit")]
    TimedOut,
    #[error("a handler panicked")]
    Panicked,
    #[error("a page could not be rendered: {0}")]
    Render(String),
    #[error("a session could not be sealed or opened")]
    Seal,
    #[error("the site is put together wrongly: {0}")]
    Setup(String),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "WEB-001",
            Self::MethodNotAllowed => "WEB-002",
            Self::WrongRole(_) => "WEB-003",
            Self::SignedOut => "WEB-004",
            Self::CrossSite => "WEB-005",
            Self::StaleToken => "WEB-006",
            Self::Malformed => "WEB-007",
            Self::TooLarge => "WEB-008",
            Self::UnsupportedType => "WEB-009",
            Self::TooMany(_) => "WEB-010",
            Self::TimedOut => "WEB-011",
            Self::Panicked | Self::Setup(_) => "WEB-012",
            Self::Render(_) => "WEB-013",
            Self::Seal => "WEB-014",
            Self::Store(error) => error.code(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongRole(_) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::StaleToken => StatusCode::CONFLICT,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TimedOut => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => error.status(),
            Self::Panicked | Self::Render(_) | Self::Seal | Self::Setup(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn title(&self) -> Text {
        let (en, tc) = match self {
            Self::NotFound => ("We cannot find this page", "找不到這一頁"),
            Self::MethodNotAllowed => ("This page cannot be used this way", "這一頁不能這樣使用"),
            Self::WrongRole(_) => ("This page is for another role", "這一頁供其他職務使用"),
            Self::SignedOut => ("Sign in first", "請先登入"),
            Self::CrossSite => (
                "This request came from another site",
                "這項要求來自其他網站",
            ),
            Self::StaleToken => ("This page was open for too long", "這一頁開啟太久了"),
            Self::Malformed => ("We could not read this request", "我們無法讀取這項要求"),
            Self::TooLarge => ("What you sent is too large", "你送出的內容太大"),
            Self::UnsupportedType => (
                "We cannot read this kind of content",
                "我們無法讀取這類內容",
            ),
            Self::TooMany(_) => ("Too many requests", "要求太頻密"),
            Self::TimedOut => ("This took too long", "處理時間過長"),
            Self::Store(error) => return error.title(),
            Self::Panicked | Self::Render(_) | Self::Seal | Self::Setup(_) => {
                ("Something went wrong on our side", "我們的系統出現問題")
            }
        };
        Text::new(en, tc)
    }

    fn advice(&self) -> Text {
        let (en, tc) = match self {
            Self::NotFound => (
                "Check the address, or search for the service you need.",
                "請檢查網址，或搜尋你需要的服務。",
            ),
            Self::MethodNotAllowed | Self::Malformed | Self::UnsupportedType => (
                "Nothing was changed. Go back and try again from the page before.",
                "資料沒有改動。請返回上一頁再試。",
            ),
            Self::WrongRole(roles) => return role_advice(roles),
            Self::SignedOut => (
                "Sign in with your phone, then come back to this page.",
                "請用手機登入，然後返回這一頁。",
            ),
            Self::CrossSite => (
                "Nothing was changed. If you followed a link or a button on another site, open our page yourself instead.",
                "資料沒有改動。如果你是從其他網站的連結或按鈕前來，請自行開啟我們的網頁。",
            ),
            Self::StaleToken => (
                "Nothing is lost. Send your answers again from the page shown.",
                "資料沒有遺失。請在顯示的頁面再次送出答案。",
            ),
            Self::TooLarge => (
                "Nothing was saved from this request. Send a smaller file, or fewer files at a time.",
                "這次要求的內容未有儲存。請送出較小的檔案，或分批送出。",
            ),
            Self::TooMany(_) => (
                "Your answers are safe. Wait a moment and try again.",
                "你的答案沒有遺失。請稍候再試。",
            ),
            Self::Store(error) => return error.advice(),
            Self::TimedOut => (
                "What you saved before is safe. Wait a minute and try again.",
                "你之前儲存的資料沒有遺失。請稍等一分鐘再試。",
            ),
            Self::Panicked | Self::Render(_) | Self::Seal | Self::Setup(_) => (
                "What you saved before is safe. Try again; if it happens again, tell us the reference below.",
                "你之前儲存的資料沒有遺失。請再試；如再發生，請把下方的參考編號告訴我們。",
            ),
        };
        Text::new(en, tc)
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::TimedOut => Some(30),
            Self::Store(error) => error.retry_after(),
            _ => None,
        }
    }
}

/// The errors of the shell and of the store, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<Explanation> {
    let own = explain(&[
        Error::NotFound,
        Error::MethodNotAllowed,
        Error::WrongRole(vec![Role::Officer, Role::Supervisor]),
        Error::SignedOut,
        Error::CrossSite,
        Error::StaleToken,
        Error::Malformed,
        Error::TooLarge,
        Error::UnsupportedType,
        Error::TooMany(60),
        Error::TimedOut,
        Error::Panicked,
        Error::Render(String::new()),
        Error::Seal,
    ]);
    let stored = explain(&store::Error::one_of_each());
    own.into_iter().chain(stored).collect()
}

fn role_advice(roles: &[Role]) -> Text {
    let named = |pick: fn(&Role) -> &'static str, join: &str| {
        roles.iter().map(pick).collect::<Vec<_>>().join(join)
    };
    let en = named(role_en, " or ");
    let tc = named(role_tc, "或");
    Text::new(
        format!(
            "It needs the role {en}. You are signed in, but without it. Ask your supervisor, or sign in as somebody who has it."
        ),
        format!(
            "這一頁需要{tc}的職務。你已登入，但沒有這項職務。請聯絡你的主管，或以具備該職務的身分登入。"
        ),
    )
}

const fn role_en(role: &Role) -> &'static str {
    match role {
        Role::Resident => "resident",
        Role::Officer => "officer",
        Role::Supervisor => "supervisor",
        Role::Owner => "service owner",
        Role::Operator => "platform operator",
    }
}

const fn role_tc(role: &Role) -> &'static str {
    match role {
        Role::Resident => "市民",
        Role::Officer => "人員",
        Role::Supervisor => "主管",
        Role::Owner => "服務負責人",
        Role::Operator => "平台管理員",
    }
}
