//! What can go wrong with a draft, an application, a case or a pack, by what the person in front of it
//! can do about it.

mod programme;
mod words;

use kernel::{Text, Time};
use web::{Explain, Explanation, StatusCode};

use crate::{file::FileError, reference::Reference};
use programme::PROGRAMME;
use words::{WORDS, Words};

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
    MayNotSign { who: Vec<String> },
    #[error("the person does not hold the company chop")]
    MayNotChop { who: Vec<String> },
    #[error("the person's mandate does not reach this service")]
    OtherService { who: Vec<String> },
    #[error("the fee is above a limit of the person's")]
    OverLimit {
        limit: identity::Limit,
        who: Vec<String>,
    },
    #[error("the company chop is not on the application yet")]
    NotChopped,
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
    #[error("the officer is the applicant")]
    OwnCase,
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
    #[error("feedback needs words or a rating")]
    NothingSaid,
    #[error("there is no such feedback, or it is another department's")]
    NoSuchFeedback,
    #[error("this feedback is answered or closed already")]
    Settled,
    #[error("a report about a look is never answered in public")]
    NeverPublic,
    #[error("there is no such look at this person's data")]
    NoSuchLook,
    #[error("this officer may not announce to that audience")]
    WrongAudience,
    #[error("the pack is refused: {0}")]
    PackRefused(String),
    #[error("version {version} of {service} exists; published versions never change")]
    VersionExists { service: String, version: i64 },
    #[error("the cut-off lies in the past: {0}")]
    CutOffPast(Time),
    #[error("open drafts must be accepted at least until the cut-off")]
    SubmitBeforeCutOff,
    #[error("the service has ended and takes no new drafts")]
    Retired,
    #[error("the cut-off has passed")]
    RetiredAlready,
    #[error("there is no such release, or not for this officer")]
    NoSuchRelease,
    #[error("the release is not in a state for this, or another one waits")]
    ReleaseState,
    #[error("only the owner of the service does this")]
    NotOwner,
    #[error("the day lies in the past or too far ahead")]
    TargetDate,
    #[error("the service has come to this stage already")]
    StageReached,
    #[error("this is the day that stands already")]
    TargetSame,
    #[error("the day was moved too often")]
    TargetMoves,
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

    /// The code of the kinds that are this crate's own.
    const fn own(&self) -> &'static str {
        match self {
            Self::NoSuchService(_) => "SV-001",
            Self::NotOnline => "SV-002",
            Self::CutOff => "SV-003",
            Self::NoSuchDraft => "SV-004",
            Self::DraftExpired => "SV-005",
            Self::StaleDraft { .. } => "SV-006",
            Self::NoSuchPage(_) => "SV-007",
            Self::Paid => "SV-008",
            Self::LevelTooLow => "SV-009",
            Self::MayNotSign { .. } => "SV-010",
            Self::Incomplete(_) => "SV-011",
            Self::NotEligible(_) => "SV-012",
            Self::NotFrozen => "SV-013",
            Self::NoMandate => "SV-018",
            Self::NotPaid => "SV-014",
            Self::NotSigned => "SV-015",
            Self::WrongSignature => "SV-016",
            Self::OneLive { .. } => "SV-017",
            Self::NoSuchCase => "SV-030",
            Self::WrongRole => "SV-031",
            Self::NoSuchAction => "SV-032",
            Self::CaseMoved => "SV-033",
            Self::ReasonNeeded => "SV-034",
            Self::FourEyes => "SV-035",
            Self::OwnCase => "SV-041",
            Self::DecisionPending => "SV-036",
            Self::Claimed => "SV-037",
            Self::NothingAsked => "SV-038",
            Self::NothingToAnswer => "SV-039",
            Self::Closed => "SV-040",
            Self::File(error) => of_file(error),
            Self::NoSuchDocument => "SV-025",
            Self::Quarantined => "SV-026",
            Self::Infected => "SV-027",
            Self::Rating => "SV-050",
            Self::NothingSaid => "SV-051",
            Self::NoSuchFeedback => "SV-052",
            Self::Settled => "SV-053",
            Self::NeverPublic => "SV-054",
            Self::NoSuchLook => "SV-055",
            Self::WrongAudience => "SV-056",
            Self::PackRefused(_) => "SV-060",
            Self::VersionExists { .. } => "SV-061",
            Self::CutOffPast(_) => "SV-062",
            Self::SubmitBeforeCutOff => "SV-063",
            Self::Retired => "SV-064",
            Self::RetiredAlready => "SV-065",
            Self::NoSuchRelease => "SV-066",
            Self::ReleaseState => "SV-067",
            Self::NotOwner => "SV-068",
            Self::TargetDate => "SV-070",
            Self::StageReached => "SV-071",
            Self::TargetSame => "SV-072",
            Self::TargetMoves => "SV-073",
            _ => self.acting(),
        }
    }

    /// The code of what stops somebody who acts for a company.
    const fn acting(&self) -> &'static str {
        match self {
            Self::OtherService { .. } => "SV-019",
            Self::MayNotChop { .. } => "SV-028",
            Self::OverLimit { .. } => "SV-029",
            Self::NotChopped => "SV-042",
            _ => OURS,
        }
    }

    /// The people of the company who can do what this person may not.
    fn who_can(&self) -> Option<&[String]> {
        let (Self::MayNotSign { who }
        | Self::MayNotChop { who }
        | Self::OtherService { who }
        | Self::OverLimit { who, .. }) = self
        else {
            return None;
        };
        (!who.is_empty()).then_some(who)
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

    fn words(&self) -> &'static Words {
        let code = self.own();
        let found = PROGRAMME
            .iter()
            .chain(WORDS)
            .find(|words| words.code == code);
        found.or_else(|| WORDS.last()).unwrap_or(&LAST)
    }
}

const fn of_file(error: &FileError) -> &'static str {
    match error {
        FileError::Empty => "SV-020",
        FileError::TooLarge { .. } => "SV-021",
        FileError::WrongKind { found: None } => "SV-022",
        FileError::WrongKind { found: Some(_) } => "SV-023",
        FileError::TooMany { .. } => "SV-024",
    }
}

/// What is our fault: the person can only try again.
const OURS: &str = "SV-090";

static LAST: Words = Words {
    code: OURS,
    status: StatusCode::INTERNAL_SERVER_ERROR,
    title: ["Something went wrong on our side", "系統發生問題"],
    advice: ["Try again in a few minutes.", "請於數分鐘後再試。"],
};

impl Explain for Error {
    fn code(&self) -> &'static str {
        self.lower()
            .map_or_else(|| self.words().code, Explain::code)
    }

    fn status(&self) -> StatusCode {
        if let Self::Store(error) = self
            && error.is_temporary()
        {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        self.lower()
            .map_or_else(|| self.words().status, Explain::status)
    }

    fn title(&self) -> Text {
        let [en, tc] = self.words().title;
        self.lower()
            .map_or_else(|| Text::new(en, tc), Explain::title)
    }

    fn advice(&self) -> Text {
        if let Some(who) = self.who_can() {
            return Text::new(
                format!(
                    "These people can: {}. What you filled in is kept and shared with them.",
                    who.join(", ")
                ),
                format!(
                    "以下人士可以：{}。你已填寫的資料會保留，他們亦可查閱。",
                    who.join("、")
                ),
            );
        }
        let [en, tc] = self.words().advice;
        self.lower()
            .map_or_else(|| Text::new(en, tc), Explain::advice)
    }

    fn is_personal(&self) -> bool {
        self.who_can().is_some() || self.lower().is_some_and(Explain::is_personal)
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::NotPaid | Self::Quarantined => Some(60),
            Self::Store(error) if error.is_temporary() => Some(5),
            other => other.lower().and_then(Explain::retry_after),
        }
    }
}

/// Every error of this crate in words, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<Explanation> {
    PROGRAMME
        .iter()
        .chain(WORDS)
        .map(|words| Explanation {
            code: words.code,
            status: words.status.as_u16(),
            title: pair(words.title),
            advice: pair(words.advice),
        })
        .collect()
}

fn pair([en, tc]: [&str; 2]) -> Text {
    Text::new(en, tc)
}
