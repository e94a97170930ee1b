//! What can go wrong with a draft, an application, a case or a pack, by what the person in front of it
//! can do about it.

use kernel::{Text, Time};
use packs::FileKind;
use web::{Explain, StatusCode};

use crate::{file::FileError, reference::Reference};

/// One thing to mend on a page, in words for the applicant.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Problem {
    pub page: String,
    pub field: String,
    pub words: Text,
}

/// A named reason of the pack why the application cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Refusal {
    pub rule: String,
    pub words: Text,
}

/// Everything this crate answers with when it cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no service {0}")]
    NoSuchService(String),
    #[error("the service is known by name only and cannot be used here yet")]
    NotOnline,
    #[error("this version of the service is no longer accepted")]
    CutOff,
    #[error("there is no such draft of this person")]
    NoSuchDraft,
    #[error("the draft expired")]
    DraftExpired,
    #[error("the draft was saved elsewhere in the meantime; it is at revision {current}")]
    StaleDraft { current: i64 },
    #[error("the draft has no page {0}")]
    NoSuchPage(String),
    #[error("the draft is paid for and waits to be signed; its answers are fixed")]
    Paid,
    #[error("the application needs a higher level of identification")]
    LevelTooLow,
    #[error("the person may not sign for this company")]
    MayNotSign,
    #[error("the person holds no mandate of this company")]
    NoMandate,
    #[error("{} answers are missing or wrong", .0.len())]
    Incomplete(Vec<Problem>),
    #[error("the rules of the service refuse this application")]
    NotEligible(Vec<Refusal>),
    #[error("the answers changed after they were checked")]
    NotFrozen,
    #[error("the fee is not paid yet")]
    NotPaid,
    #[error("the application is not signed yet")]
    NotSigned,
    #[error("the signature is for other answers")]
    WrongSignature,
    #[error("there is a live application already")]
    OneLive { reference: Option<Reference> },
    #[error("the file is refused: {0}")]
    File(#[from] FileError),
    #[error("there is no such document, or not for this person")]
    NoSuchDocument,
    #[error("the document is in quarantine")]
    Quarantined,
    #[error("a document is infected")]
    Infected,
    #[error("there is no such case, or not for this person")]
    NoSuchCase,
    #[error("the case is not on the desk of this officer's roles")]
    WrongRole,
    #[error("the case cannot do this in its state")]
    NoSuchAction,
    #[error("somebody moved the case in the meantime")]
    CaseMoved,
    #[error("a reason is needed")]
    ReasonNeeded,
    #[error("the second signature must be another person's")]
    FourEyes,
    #[error("a decision waits for a second person")]
    DecisionPending,
    #[error("another officer holds the case")]
    Claimed,
    #[error("fields to ask about must be named, and exist")]
    NothingAsked,
    #[error("nothing was asked, or the reply was sent already")]
    NothingToAnswer,
    #[error("the case is closed")]
    Closed,
    #[error("the rating is 1 to 5")]
    Rating,
    #[error("the pack is refused: {0}")]
    PackRefused(String),
    #[error("version {version} of {service} exists; published versions never change")]
    VersionExists { service: String, version: i64 },
    #[error("the cut-off lies in the past: {0}")]
    CutOffPast(Time),
    #[error("a rule of the pack could not be applied: {0}")]
    Rule(String),
    #[error("stored data cannot be read: {0}")]
    Data(String),
    #[error(transparent)]
    Scan(#[from] crate::scanner::ScanError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Trust(#[from] trust::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Payments(#[from] payments::Error),
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    #[error(transparent)]
    Notify(#[from] notify::Error),
    #[error(transparent)]
    Paper(#[from] paper::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

impl Error {
    pub(crate) fn data(error: impl std::fmt::Display) -> Self {
        Self::Data(error.to_string())
    }

    /// Code, status, what happened, and what to do, for the kinds that are this crate's own.
    fn own(&self) -> Option<Words> {
        draft_words(self)
            .or_else(|| case_words(self))
            .or_else(|| file_words(self))
            .or_else(|| owner_words(self))
    }

    fn lower(&self) -> Option<&dyn Explain> {
        match self {
            Self::Identity(error) => Some(error),
            Self::Payments(error) => Some(error),
            Self::Credentials(error) => Some(error),
            Self::Notify(error) => Some(error),
            _ => None,
        }
    }

    fn words(&self) -> Words {
        self.own().unwrap_or(OURS)
    }
}

/// `(code, status, (title en, tc), (advice en, tc))`.
type Words = (&'static str, StatusCode, Pair, Pair);
type Pair = (&'static str, &'static str);

const OURS: Words = (
    "SV-090",
    StatusCode::INTERNAL_SERVER_ERROR,
    ("Something went wrong on our side", "系統發生問題"),
    (
        "What you saved is safe. Try again in a few minutes.",
        "你已儲存的資料仍然安全。請於數分鐘後再試。",
    ),
);

fn draft_words(error: &Error) -> Option<Words> {
    use StatusCode as S;
    Some(match error {
        Error::NoSuchService(_) => (
            "SV-001",
            S::NOT_FOUND,
            ("We do not know this service", "找不到這項服務"),
            ("Search for it by name.", "請以名稱搜尋。"),
        ),
        Error::NotOnline => (
            "SV-002",
            S::NOT_FOUND,
            (
                "This service is not yet online here",
                "這項服務尚未可在此網上辦理",
            ),
            (
                "The page of the service names the department and the form.",
                "服務頁面列明負責部門及表格編號。",
            ),
        ),
        Error::CutOff => (
            "SV-003",
            S::GONE,
            (
                "The questions of this service have changed",
                "這項服務的問題已經更改",
            ),
            (
                "Start again: what we hold about you is filled in for you.",
                "請重新開始，我們會為你填寫已有的資料。",
            ),
        ),
        Error::NoSuchDraft => (
            "SV-004",
            S::NOT_FOUND,
            ("We cannot find this draft", "找不到這份草稿"),
            (
                "Your applications and drafts are listed under your name.",
                "你的申請及草稿列於你的帳戶內。",
            ),
        ),
        Error::DraftExpired => (
            "SV-005",
            S::GONE,
            (
                "This draft was kept as long as we may keep it",
                "這份草稿已超過保存期限",
            ),
            ("Start the application again.", "請重新開始申請。"),
        ),
        Error::StaleDraft { .. } => (
            "SV-006",
            S::CONFLICT,
            (
                "You saved this draft in another window",
                "你已在另一視窗儲存這份草稿",
            ),
            (
                "Both versions are kept. Compare them and choose one.",
                "兩個版本均已保留。請比較後選擇其一。",
            ),
        ),
        Error::NoSuchPage(_) => (
            "SV-007",
            S::NOT_FOUND,
            (
                "This page does not belong to your application",
                "這一頁不屬於你的申請",
            ),
            ("Continue from the list of questions.", "請由問題清單繼續。"),
        ),
        Error::Paid => (
            "SV-008",
            S::CONFLICT,
            (
                "The fee is paid, so the answers are fixed",
                "費用已繳付，答案不能再更改",
            ),
            (
                "Sign and submit. An officer can correct an answer afterwards.",
                "請簽署並提交。提交後可由人員更正。",
            ),
        ),
        Error::LevelTooLow => (
            "SV-009",
            S::FORBIDDEN,
            (
                "This service needs a stronger sign-in",
                "這項服務需要更高級別的登入",
            ),
            (
                "Upgrade in the app on your phone.",
                "請在手機應用程式升級。",
            ),
        ),
        Error::MayNotSign => (
            "SV-010",
            S::FORBIDDEN,
            (
                "You may not sign for this company",
                "你無權代表這間公司簽署",
            ),
            ("Ask a person who may sign.", "請由有權簽署的人辦理。"),
        ),
        other => return submit_words(other),
    })
}

fn submit_words(error: &Error) -> Option<Words> {
    use StatusCode as S;
    Some(match error {
        Error::Incomplete(_) => (
            "SV-011",
            S::UNPROCESSABLE_ENTITY,
            ("Some answers are missing or wrong", "部分答案欠缺或有誤"),
            (
                "Each is named with what to change.",
                "每項均已列明須更改之處。",
            ),
        ),
        Error::NotEligible(_) => (
            "SV-012",
            S::UNPROCESSABLE_ENTITY,
            (
                "You cannot apply with these answers",
                "按這些答案，你未能申請",
            ),
            (
                "The reason stands beside each rule.",
                "每項規則旁均列明原因。",
            ),
        ),
        Error::NotFrozen => (
            "SV-013",
            S::CONFLICT,
            (
                "The answers have changed since you checked them",
                "答案在你核對後有所更改",
            ),
            (
                "Check them once more, then go on.",
                "請再核對一次，然後繼續。",
            ),
        ),
        Error::NoMandate => (
            "SV-018",
            S::FORBIDDEN,
            ("You may not act for this company", "你無權代表這間公司辦理"),
            (
                "Ask the company's administrator for a mandate.",
                "請向公司的管理人索取授權。",
            ),
        ),
        Error::NotPaid => (
            "SV-014",
            S::CONFLICT,
            ("We have not received the fee yet", "我們尚未收到費用"),
            (
                "If you paid a moment ago, wait a minute; you will not pay twice.",
                "如你剛才已付款，請稍候一分鐘；你不會被重複收費。",
            ),
        ),
        Error::NotSigned => (
            "SV-015",
            S::CONFLICT,
            ("The application is not signed yet", "申請尚未簽署"),
            ("Sign with your phone.", "請以手機簽署。"),
        ),
        Error::WrongSignature => (
            "SV-016",
            S::CONFLICT,
            ("The signature does not fit these answers", "簽署與答案不符"),
            ("Sign once more.", "請重新簽署。"),
        ),
        Error::OneLive { .. } => (
            "SV-017",
            S::CONFLICT,
            (
                "You already have an application under way",
                "你已有一宗申請正在處理",
            ),
            (
                "Follow that one, or withdraw it first. You have not been charged again.",
                "請跟進該宗申請，或先行撤回。你不會再被收費。",
            ),
        ),
        _ => return None,
    })
}

fn case_words(error: &Error) -> Option<Words> {
    use StatusCode as S;
    Some(match error {
        Error::NoSuchCase => (
            "SV-030",
            S::NOT_FOUND,
            ("We cannot find this case", "找不到這宗個案"),
            ("Check the reference number.", "請核對檔案編號。"),
        ),
        Error::WrongRole => (
            "SV-031",
            S::FORBIDDEN,
            ("This case is for another role", "這宗個案由其他職務處理"),
            ("Ask a supervisor to assign it.", "請主管分派。"),
        ),
        Error::NoSuchAction => (
            "SV-032",
            S::CONFLICT,
            ("The case cannot do this now", "個案目前不能進行這個步驟"),
            (
                "Look at the case again; it may have moved.",
                "請重新查看個案，狀態可能已改變。",
            ),
        ),
        Error::CaseMoved => (
            "SV-033",
            S::CONFLICT,
            (
                "Somebody worked on this case in the meantime",
                "期間有其他人處理過這宗個案",
            ),
            (
                "Nothing was changed by you. Read the case again and decide then.",
                "你的操作未有生效。請重新閱讀個案後再作決定。",
            ),
        ),
        Error::ReasonNeeded => (
            "SV-034",
            S::UNPROCESSABLE_ENTITY,
            ("A reason is needed", "須填寫理由"),
            (
                "Write it in words the applicant understands.",
                "請以申請人能明白的文字填寫。",
            ),
        ),
        Error::FourEyes => (
            "SV-035",
            S::FORBIDDEN,
            ("A second person must confirm this", "須由另一位人員確認"),
            (
                "You proposed it; a colleague confirms it.",
                "你是提議人，請由同事確認。",
            ),
        ),
        Error::DecisionPending => (
            "SV-036",
            S::CONFLICT,
            (
                "A decision waits for a second person",
                "決定正等候另一位人員確認",
            ),
            (
                "Confirm or send back that one first.",
                "請先確認或退回該項決定。",
            ),
        ),
        Error::Claimed => (
            "SV-037",
            S::CONFLICT,
            ("Another officer holds this case", "個案正由另一位人員處理"),
            (
                "Ask for its release, or let a supervisor assign it.",
                "請要求釋出，或由主管分派。",
            ),
        ),
        Error::NothingAsked => (
            "SV-038",
            S::UNPROCESSABLE_ENTITY,
            (
                "Say what you ask, and name the fields",
                "請列明問題及要求補充的項目",
            ),
            (
                "Only the named fields open for the applicant.",
                "只有指明的項目會開放給申請人更改。",
            ),
        ),
        Error::NothingToAnswer => (
            "SV-039",
            S::CONFLICT,
            ("There is nothing to answer", "目前沒有須回覆的要求"),
            (
                "Your reply may have been sent already.",
                "你的回覆可能已經送出。",
            ),
        ),
        Error::Closed => (
            "SV-040",
            S::CONFLICT,
            ("The case is closed", "個案已經結束"),
            (
                "A closed case can only be corrected, with a reason.",
                "已結束的個案只可附理由更正。",
            ),
        ),
        _ => return None,
    })
}

fn file_words(error: &Error) -> Option<Words> {
    use StatusCode as S;
    let again = ("Your other answers are saved.", "你的其他答案已經儲存。");
    Some(match error {
        Error::File(FileError::Empty) => (
            "SV-020",
            S::UNPROCESSABLE_ENTITY,
            ("The file is empty", "檔案是空白的"),
            again,
        ),
        Error::File(FileError::TooLarge { .. }) => (
            "SV-021",
            S::PAYLOAD_TOO_LARGE,
            ("The file is too large", "檔案太大"),
            again,
        ),
        Error::File(FileError::WrongKind { found: None }) => (
            "SV-022",
            S::UNSUPPORTED_MEDIA_TYPE,
            (
                "This is not the kind of file it says it is, or not one we accept",
                "檔案的實際類型與其名稱不符，或不獲接納",
            ),
            again,
        ),
        Error::File(FileError::WrongKind { found: Some(kind) }) => (
            "SV-023",
            S::UNSUPPORTED_MEDIA_TYPE,
            kind_words(*kind),
            again,
        ),
        Error::File(FileError::TooMany { .. }) => (
            "SV-024",
            S::UNPROCESSABLE_ENTITY,
            ("There are too many files", "檔案數目過多"),
            ("Remove one first.", "請先移除一個檔案。"),
        ),
        Error::NoSuchDocument => (
            "SV-025",
            S::NOT_FOUND,
            ("We cannot find this document", "找不到這份文件"),
            again,
        ),
        Error::Quarantined => (
            "SV-026",
            S::CONFLICT,
            ("The file is still being examined", "檔案仍在檢查中"),
            ("Try again in a minute.", "請於一分鐘後再試。"),
        ),
        Error::Infected => (
            "SV-027",
            S::UNPROCESSABLE_ENTITY,
            (
                "A file holds malware and was removed",
                "檔案含有惡意程式，已被移除",
            ),
            (
                "Send another copy of the document.",
                "請提交文件的另一份副本。",
            ),
        ),
        _ => return None,
    })
}

const fn kind_words(kind: FileKind) -> Pair {
    match kind {
        FileKind::Pdf => (
            "This is a PDF; another kind is asked for",
            "這是PDF檔案，須提交其他類型",
        ),
        FileKind::Docx | FileKind::Dwg => (
            "This is a document of a kind that is not asked for",
            "這類文件不獲接納",
        ),
        FileKind::Jpeg | FileKind::Png | FileKind::Tiff => (
            "This is a picture of a kind that is not asked for",
            "這類圖像檔案不獲接納",
        ),
    }
}

fn owner_words(error: &Error) -> Option<Words> {
    use StatusCode as S;
    Some(match error {
        Error::Rating => (
            "SV-050",
            S::UNPROCESSABLE_ENTITY,
            ("Choose a rating from 1 to 5", "請選擇1至5分"),
            ("Words are welcome and optional.", "歡迎留言，但並非必須。"),
        ),
        Error::PackRefused(_) => (
            "SV-060",
            S::UNPROCESSABLE_ENTITY,
            ("The pack has defects", "服務套件有錯誤"),
            ("Each is named with its line.", "每項錯誤均列明行號。"),
        ),
        Error::VersionExists { .. } => (
            "SV-061",
            S::CONFLICT,
            ("This version is published already", "這個版本已經發布"),
            (
                "Give the pack the next version number.",
                "請使用下一個版本號。",
            ),
        ),
        Error::CutOffPast(_) => (
            "SV-062",
            S::UNPROCESSABLE_ENTITY,
            ("The cut-off must lie in the future", "截止時間須在將來"),
            (
                "People in the middle of a form need time to finish.",
                "正在填寫的市民需要時間完成。",
            ),
        ),
        _ => return None,
    })
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        self.lower().map_or_else(|| self.words().0, Explain::code)
    }

    fn status(&self) -> StatusCode {
        if let Self::Store(error) = self
            && error.is_temporary()
        {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        self.lower().map_or_else(|| self.words().1, Explain::status)
    }

    fn title(&self) -> Text {
        let (_, _, (en, tc), _) = self.words();
        self.lower()
            .map_or_else(|| Text::new(en, tc), Explain::title)
    }

    fn advice(&self) -> Text {
        let (_, _, _, (en, tc)) = self.words();
        self.lower()
            .map_or_else(|| Text::new(en, tc), Explain::advice)
    }

    fn is_personal(&self) -> bool {
        self.lower().is_some_and(Explain::is_personal)
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::NotPaid | Self::Quarantined => Some(60),
            Self::Store(error) if error.is_temporary() => Some(5),
            other => other.lower().and_then(Explain::retry_after),
        }
    }
}
