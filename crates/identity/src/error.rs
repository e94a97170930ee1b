//! What can go wrong in this domain, in words for people.

use axum::http::StatusCode;
use kernel::Text;
use web::Explain;

use crate::{profile::ValueError, proof::ProofError};

/// Errors of identity. Variants are named by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such record, or it is not yours")]
    NotFound,
    #[error("the approval was made for another browser")]
    OtherBrowser,
    #[error("another phone has opened this approval")]
    OtherPhone,
    #[error("the approval is addressed to another person")]
    OtherPerson,
    #[error("the approval's time is over")]
    Expired,
    #[error("the approval already has its outcome")]
    Decided,
    #[error("the approval has already been used")]
    Consumed,
    #[error("the approval has not been approved")]
    NotApproved,
    #[error("the approval must be opened before it is answered")]
    NotSeen,
    #[error("the approval asks for the plus level")]
    LevelTooLow,
    #[error("too many approvals are open")]
    TooManyOpen,
    #[error("this token has been used before")]
    Replayed,
    #[error("the device's signature is not accepted: {0}")]
    Proof(ProofError),
    #[error("this device is not enrolled or has been replaced")]
    UnknownDevice,
    #[error("the account is suspended or closed")]
    Inactive,
    #[error("the particulars do not match the register")]
    NoMatch,
    #[error("too many attempts for this identity card")]
    TooManyAttempts,
    #[error("the person is under the minimum age")]
    TooYoung,
    #[error("a parent or guardian must agree")]
    GuardianNeeded,
    #[error("the register does not answer")]
    RegisterDown,
    #[error("the value is refused: {0}")]
    Value(ValueError),
    #[error("the request does not have the right form: {0}")]
    Malformed(&'static str),
    #[error("the person holds no active post")]
    NotOfficer,
    #[error("a stored row cannot be read: {0}")]
    Corrupt(&'static str),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Trust(#[from] trust::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

impl Error {
    const fn number(&self) -> (&'static str, StatusCode) {
        use StatusCode as S;
        match self {
            Self::NotFound => ("ID-001", S::NOT_FOUND),
            Self::OtherBrowser => ("ID-002", S::FORBIDDEN),
            Self::OtherPhone => ("ID-003", S::FORBIDDEN),
            Self::OtherPerson => ("ID-004", S::FORBIDDEN),
            Self::Expired => ("ID-005", S::GONE),
            Self::Decided => ("ID-006", S::CONFLICT),
            Self::Consumed => ("ID-007", S::CONFLICT),
            Self::NotApproved => ("ID-008", S::CONFLICT),
            Self::NotSeen => ("ID-009", S::CONFLICT),
            Self::LevelTooLow => ("ID-010", S::FORBIDDEN),
            Self::TooManyOpen => ("ID-011", S::TOO_MANY_REQUESTS),
            Self::Replayed => ("ID-012", S::UNAUTHORIZED),
            Self::Proof(_) => ("ID-013", S::UNAUTHORIZED),
            Self::UnknownDevice => ("ID-014", S::UNAUTHORIZED),
            Self::Inactive => ("ID-015", S::FORBIDDEN),
            Self::NoMatch => ("ID-016", S::UNPROCESSABLE_ENTITY),
            Self::TooManyAttempts => ("ID-017", S::TOO_MANY_REQUESTS),
            Self::TooYoung => ("ID-018", S::FORBIDDEN),
            Self::GuardianNeeded => ("ID-019", S::FORBIDDEN),
            Self::RegisterDown => ("ID-020", S::SERVICE_UNAVAILABLE),
            Self::Value(_) => ("ID-021", S::UNPROCESSABLE_ENTITY),
            Self::Malformed(_) => ("ID-022", S::BAD_REQUEST),
            Self::NotOfficer => ("ID-023", S::FORBIDDEN),
            Self::Corrupt(_) => ("ID-024", S::INTERNAL_SERVER_ERROR),
            Self::Store(_) => ("ID-025", S::INTERNAL_SERVER_ERROR),
            Self::Trust(_) => ("ID-026", S::INTERNAL_SERVER_ERROR),
            Self::Journal(_) => ("ID-027", S::INTERNAL_SERVER_ERROR),
        }
    }

    /// Title and advice: what happened, and what to do next. English, then Traditional Chinese.
    const fn words(&self) -> [[&'static str; 2]; 2] {
        match self {
            Self::NotFound => [
                ["There is nothing here for you", "這裏沒有屬於你的資料"],
                [
                    "The address may be mistyped, or its time may be over. Start again from the page you came from.",
                    "網址可能有誤，或已逾時。請由原來的頁面重新開始。",
                ],
            ],
            Self::OtherBrowser => [
                [
                    "This request was made in another browser",
                    "這項要求由另一個瀏覽器提出",
                ],
                [
                    "Only the browser that asked can continue. Start again in this browser.",
                    "只有提出要求的瀏覽器才可繼續。請在此瀏覽器重新開始。",
                ],
            ],
            Self::OtherPhone => [
                [
                    "Another phone has opened this request",
                    "另一部手機已開啟這項要求",
                ],
                [
                    "If that was not you, do nothing: nobody has been signed in. Start again in your browser to get a new code.",
                    "如並非你本人所為，無須理會：沒有人因此登入。請在瀏覽器重新開始以取得新代碼。",
                ],
            ],
            Self::OtherPerson => [
                [
                    "This request is addressed to another person",
                    "這項要求是給另一位人士的",
                ],
                [
                    "Nothing was signed. Check who is signed in in the browser.",
                    "沒有簽署任何文件。請查看瀏覽器以誰的身分登入。",
                ],
            ],
            Self::Expired => [
                ["The time for this request is over", "這項要求已逾時"],
                [
                    "Nothing was approved. Start again from the page you came from.",
                    "沒有批准任何事項。請由原來的頁面重新開始。",
                ],
            ],
            Self::Decided => [
                ["This request already has an answer", "這項要求已有結果"],
                [
                    "An answer cannot be changed. Start again if you need a new one.",
                    "結果不能更改。如有需要，請重新開始。",
                ],
            ],
            Self::Consumed => [
                ["This approval has already been used", "這項批准已被使用"],
                [
                    "An approval works once. Start again if you need another.",
                    "每項批准只可使用一次。如有需要，請重新開始。",
                ],
            ],
            Self::NotApproved => [
                ["This request has not been approved", "這項要求未獲批准"],
                [
                    "Approve it on your phone, or start again.",
                    "請在手機上批准，或重新開始。",
                ],
            ],
            Self::NotSeen => [
                [
                    "Open the request on your phone first",
                    "請先在手機上開啟這項要求",
                ],
                [
                    "Read what is asked, compare the code, then answer.",
                    "請閱讀要求內容並核對代碼，然後作答。",
                ],
            ],
            Self::LevelTooLow => [
                ["This needs the plus level", "這項要求需要進階級別"],
                [
                    "Your account has the basic level. Raise it in the app by showing your identity card, then try again.",
                    "你的帳戶屬基本級別。請在應用程式出示身份證以提升級別，然後再試。",
                ],
            ],
            Self::TooManyOpen => [
                [
                    "Too many requests are waiting on your phone",
                    "手機上有太多要求等候處理",
                ],
                [
                    "Answer some of them, or wait until they run out.",
                    "請先處理部分要求，或待其逾時。",
                ],
            ],
            _ => self.more_words(),
        }
    }

    const fn more_words(&self) -> [[&'static str; 2]; 2] {
        match self {
            Self::Replayed => [
                [
                    "This message from a phone was used before",
                    "手機傳來的這項訊息已被使用",
                ],
                [
                    "Nothing was done a second time. Open the app and try again.",
                    "沒有重複執行。請開啟應用程式再試。",
                ],
            ],
            Self::Proof(_) => [
                [
                    "The phone's signature was not accepted",
                    "手機的簽署不獲接納",
                ],
                [
                    "Check that the phone's clock is right, then try again.",
                    "請檢查手機時鐘是否準確，然後再試。",
                ],
            ],
            Self::UnknownDevice => [
                ["This phone is not enrolled", "這部手機並未登記"],
                [
                    "It may have been replaced by another phone. Enrol it again in the app.",
                    "它可能已被另一部手機取代。請在應用程式重新登記。",
                ],
            ],
            Self::Inactive => [
                ["This account cannot be used", "這個帳戶不能使用"],
                [
                    "It has been suspended or closed. Call 1823 for help.",
                    "帳戶已暫停或結束。如需協助，請致電 1823。",
                ],
            ],
            Self::NoMatch => [
                ["The particulars do not match", "資料不相符"],
                [
                    "Check the identity card number and the date of birth. After five attempts you must wait an hour.",
                    "請檢查身份證號碼及出生日期。嘗試五次後須等候一小時。",
                ],
            ],
            Self::TooManyAttempts => [
                ["Too many attempts", "嘗試次數過多"],
                [
                    "Wait an hour, then try again with the card in your hand.",
                    "請等候一小時，然後手持身份證再試。",
                ],
            ],
            Self::TooYoung => [
                ["You must be at least 11 years old", "你必須年滿 11 歲"],
                [
                    "A parent or guardian can use the services for you.",
                    "家長或監護人可代你使用服務。",
                ],
            ],
            Self::GuardianNeeded => [
                ["A parent or guardian must agree", "須獲家長或監護人同意"],
                [
                    "People aged 11 to 17 enrol together with a parent or guardian. Tick the box when they are with you.",
                    "11 至 17 歲人士須與家長或監護人一同登記。如他們在場，請剔選方格。",
                ],
            ],
            Self::RegisterDown => [
                [
                    "The register does not answer at the moment",
                    "登記冊暫時沒有回應",
                ],
                [
                    "Nothing was saved. Try again in a few minutes.",
                    "沒有儲存任何資料。請於數分鐘後再試。",
                ],
            ],
            Self::Value(_) => [
                ["A value was not accepted", "有資料不獲接納"],
                [
                    "Check its form. Values from the register cannot be changed here.",
                    "請檢查格式。來自登記冊的資料不能在此更改。",
                ],
            ],
            Self::Malformed(_) => [
                ["The request could not be read", "未能讀取這項要求"],
                [
                    "Go back and try again. Nothing was changed.",
                    "請返回再試。沒有更改任何資料。",
                ],
            ],
            Self::NotOfficer => [
                ["This person has no desk", "這位人士沒有工作枱"],
                [
                    "Only officers with an active post can sign in here. Ask your department's administrator.",
                    "只有現任職位的人員才可在此登入。請向部門管理員查詢。",
                ],
            ],
            _ => [
                ["Something went wrong on our side", "系統發生問題"],
                [
                    "Nothing was changed. Try again in a few minutes.",
                    "沒有更改任何資料。請於數分鐘後再試。",
                ],
            ],
        }
    }
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        self.number().0
    }

    fn status(&self) -> StatusCode {
        self.number().1
    }

    fn title(&self) -> Text {
        let [[en, tc], _] = self.words();
        Text::new(en, tc)
    }

    fn advice(&self) -> Text {
        let [_, [en, tc]] = self.words();
        Text::new(en, tc)
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts => Some(3_600),
            Self::TooManyOpen | Self::RegisterDown => Some(60),
            _ => None,
        }
    }
}
