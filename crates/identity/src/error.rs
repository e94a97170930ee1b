//! What can go wrong in this domain.

mod words;

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
    #[error("the register has no company with these two numbers")]
    CompanyUnknown,
    #[error("the register does not name this person as a director")]
    NotDirector,
    #[error("the register does not have the company as live")]
    CompanyCeased,
    #[error("only an administrator of the company does this")]
    NotAdministrator { who: Vec<String> },
    #[error("the powers are refused: {0}")]
    Powers(#[from] crate::PowersError),
    #[error("the one who asked cannot agree as well")]
    SamePerson,
    #[error("nobody else of the company could agree")]
    NobodyToApprove,
    #[error("nobody would answer for the company any more")]
    LastResponsible,
    #[error("it is there already, or has been asked for")]
    AlreadyThere,
    #[error("too much is waiting, or too many are there")]
    TooManyWaiting,
    #[error("the officer's post does not do this")]
    WrongPost,
    #[error("the approval is for something else")]
    WrongApproval,
    #[error("only an adult agrees, and only for somebody of 11 to 17 years")]
    NotMinor,
    #[error("the document cannot be signed or read: {0}")]
    Pdf(#[from] paper::pdf::PdfError),
    #[error("the account must be {0} hours old to sign this")]
    AccountTooNew(u16),
    #[error("the signer holds another identity card")]
    CardMismatch,
    #[error("the passkey is not accepted")]
    PasskeyRefused,
    #[error("the person has as many passkeys as are allowed")]
    TooManyPasskeys,
    #[error("card and code from the counter do not fit")]
    RecoveryRefused,
    #[error("the account rests on a passport, and no card is there to show")]
    NoCard,
    #[error("passport number and code from the counter do not fit")]
    CodeRefused,
    #[error("the phone has not shown its holder")]
    NotPresent,
    #[error("a passkey that may be copied does not answer this")]
    PasskeySynced,
    #[error("only the phone answers this")]
    PhoneOnly,
    #[error("the person's powers for the company do not cover this")]
    OutsidePowers,
    #[error("the amount is above the person's limit, or nobody said it")]
    OverLimit,
    #[error("the person's role does not let them do this with the company's documents")]
    NotKeeper,
    #[error("the company keeps as many documents as it may")]
    WalletFull,
    #[error("no document was picked, or one that is not to be picked")]
    NothingPicked,
    #[error("this address has no passkeys")]
    NoPasskeys,
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
            Self::CompanyUnknown => ("ID-030", S::UNPROCESSABLE_ENTITY),
            Self::NotDirector => ("ID-031", S::FORBIDDEN),
            Self::CompanyCeased => ("ID-032", S::FORBIDDEN),
            Self::NotAdministrator { .. } => ("ID-033", S::FORBIDDEN),
            Self::Powers(_) => ("ID-034", S::UNPROCESSABLE_ENTITY),
            Self::SamePerson => ("ID-035", S::FORBIDDEN),
            Self::NobodyToApprove => ("ID-036", S::CONFLICT),
            Self::LastResponsible => ("ID-037", S::CONFLICT),
            Self::AlreadyThere => ("ID-038", S::CONFLICT),
            Self::TooManyWaiting => ("ID-039", S::TOO_MANY_REQUESTS),
            Self::WrongPost => ("ID-040", S::FORBIDDEN),
            Self::WrongApproval => ("ID-044", S::CONFLICT),
            Self::NotMinor => ("ID-045", S::UNPROCESSABLE_ENTITY),
            Self::Pdf(_) => ("ID-041", S::UNPROCESSABLE_ENTITY),
            Self::AccountTooNew(_) => ("ID-042", S::FORBIDDEN),
            Self::CardMismatch => ("ID-043", S::FORBIDDEN),
            Self::PasskeyRefused => ("ID-060", S::FORBIDDEN),
            Self::TooManyPasskeys => ("ID-061", S::CONFLICT),
            Self::RecoveryRefused => ("ID-062", S::UNPROCESSABLE_ENTITY),
            Self::NoCard => ("ID-046", S::FORBIDDEN),
            Self::CodeRefused => ("ID-047", S::UNPROCESSABLE_ENTITY),
            Self::NotPresent => ("ID-064", S::FORBIDDEN),
            Self::PasskeySynced => ("ID-065", S::FORBIDDEN),
            Self::PhoneOnly => ("ID-066", S::FORBIDDEN),
            Self::NoPasskeys => ("ID-063", S::NOT_FOUND),
            Self::OutsidePowers => ("ID-070", S::FORBIDDEN),
            Self::OverLimit => ("ID-071", S::FORBIDDEN),
            Self::NotKeeper => ("ID-072", S::FORBIDDEN),
            Self::WalletFull => ("ID-073", S::CONFLICT),
            Self::NothingPicked => ("ID-074", S::UNPROCESSABLE_ENTITY),
            Self::Corrupt(_) => ("ID-024", S::INTERNAL_SERVER_ERROR),
            Self::Store(_) => ("ID-025", S::INTERNAL_SERVER_ERROR),
            Self::Trust(_) => ("ID-026", S::INTERNAL_SERVER_ERROR),
            Self::Journal(_) => ("ID-027", S::INTERNAL_SERVER_ERROR),
        }
    }
}

impl Error {
    /// A failure of the store says for itself whether trying again helps.
    const fn stored(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error) | Self::Journal(journal::Error::Store(error)) => Some(error),
            _ => None,
        }
    }
}

impl Explain for Error {
    fn code(&self) -> &'static str {
        self.stored().map_or(self.number().0, Explain::code)
    }

    fn status(&self) -> StatusCode {
        self.stored().map_or(self.number().1, Explain::status)
    }

    fn title(&self) -> Text {
        let [en, tc] = words::words(self.number().0).title;
        self.stored()
            .map_or_else(|| Text::new(en, tc), Explain::title)
    }

    fn advice(&self) -> Text {
        if let Self::NotAdministrator { who } = self
            && !who.is_empty()
        {
            return Text::new(
                format!("Ask somebody who can: {}.", who.join(", ")),
                format!("請向以下人士查詢：{}。", who.join("、")),
            );
        }
        let [en, tc] = words::words(self.number().0).advice;
        self.stored()
            .map_or_else(|| Text::new(en, tc), Explain::advice)
    }

    fn is_personal(&self) -> bool {
        matches!(self, Self::NotAdministrator { .. })
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyAttempts => Some(3_600),
            Self::TooManyOpen | Self::RegisterDown => Some(60),
            _ => self.stored().and_then(Explain::retry_after),
        }
    }
}

/// The errors of this crate, for the list of errors.
#[must_use]
pub fn explanations() -> Vec<web::Explanation> {
    web::explain(&[
        Error::NotFound,
        Error::OtherBrowser,
        Error::OtherPhone,
        Error::OtherPerson,
        Error::Expired,
        Error::Decided,
        Error::Consumed,
        Error::NotApproved,
        Error::NotSeen,
        Error::LevelTooLow,
        Error::TooManyOpen,
        Error::Replayed,
        Error::Proof(ProofError::Signature),
        Error::UnknownDevice,
        Error::Inactive,
        Error::NoMatch,
        Error::TooManyAttempts,
        Error::TooYoung,
        Error::GuardianNeeded,
        Error::RegisterDown,
        Error::Value(ValueError::Shape),
        Error::Malformed(""),
        Error::NotOfficer,
        Error::CompanyUnknown,
        Error::NotDirector,
        Error::CompanyCeased,
        Error::NotAdministrator { who: Vec::new() },
        Error::Powers(crate::PowersError::Role),
        Error::SamePerson,
        Error::NobodyToApprove,
        Error::LastResponsible,
        Error::AlreadyThere,
        Error::TooManyWaiting,
        Error::WrongPost,
        Error::WrongApproval,
        Error::NotMinor,
        Error::Pdf(paper::pdf::PdfError::NotPdf),
        Error::AccountTooNew(0),
        Error::CardMismatch,
        Error::PasskeyRefused,
        Error::TooManyPasskeys,
        Error::RecoveryRefused,
        Error::NoCard,
        Error::CodeRefused,
        Error::NoPasskeys,
        Error::NotPresent,
        Error::PasskeySynced,
        Error::PhoneOnly,
        Error::OutsidePowers,
        Error::OverLimit,
        Error::NotKeeper,
        Error::WalletFull,
        Error::NothingPicked,
        Error::Corrupt(""),
        Error::Trust(trust::Error::Refused),
        Error::Journal(journal::Error::Gone("")),
    ])
}
