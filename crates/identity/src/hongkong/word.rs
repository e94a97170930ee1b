//! The result codes of the wire: one number for each thing that can happen, the same for both
//! dialects, behind the letter of the dialect.

use crate::{ApprovalState, FailReason, code::codes, provider::ClientProfile};

codes! {
    /// Which of the two interfaces a client speaks.
    Dialect { IamSmart = "iamsmart", CorpId = "corpid" }
}

impl Dialect {
    /// The letter in front of every code.
    const fn letter(self) -> char {
        match self {
            Self::IamSmart => 'D',
            Self::CorpId => 'M',
        }
    }

    /// Whether a client of this profile may call it. A client for companies speaks of their people too.
    pub(crate) const fn is_spoken_by(self, profile: ClientProfile) -> bool {
        match self {
            Self::IamSmart => profile.is_wire(),
            Self::CorpId => matches!(profile, ClientProfile::CorpId),
        }
    }
}

codes! {
    /// What came of a request. Cancelled (withdrawn before it was answered), rejected (seen and refused),
    /// failed and timed out are different numbers in every family.
    Word {
        Success = "00000",
        Suspended = "10001",
        Unknown = "20000",
        Missing = "20001",
        Empty = "20002",
        Invalid = "20003",
        /// A nonce was used before.
        Duplicate = "20004",
        Method = "20005",
        Signature = "20006",
        Source = "20007",
        /// The address is not registered.
        Address = "20008",
        Token = "20009",
        OpenId = "20010",
        Business = "20011",
        /// The client may not use this interface at all.
        Permission = "20012",
        /// Another company than the token's, or one that the person may not act for.
        Ubi = "20013",
        /// The person did not let the client do this.
        Scope = "20015",
        NoCertificate = "30001",
        NoKey = "30002",
        NotSealed = "30003",
        NotOpened = "30004",
        LoginCancelled = "40000",
        LoginRejected = "40001",
        LoginFailed = "40002",
        LoginTimedOut = "40003",
        CodeGone = "40004",
        ProfileRejected = "50001",
        ProfileFailed = "50002",
        ProfileTimedOut = "50003",
        FormCancelled = "60000",
        FormRejected = "60001",
        FormFailed = "60002",
        FormTimedOut = "60003",
        SignCancelled = "70000",
        SignRejected = "70001",
        SignFailed = "70002",
        SignTimedOut = "70003",
        /// The signer is not at the plus level.
        SignNotAllowed = "70004",
        /// The signer holds another identity card than the client says.
        SignOtherCard = "70005",
        AckFailed = "70006",
        /// The account is younger than the client asks.
        SignTooNew = "77004",
        BulkCancelled = "71000",
        BulkRejected = "71001",
        BulkFailed = "71002",
        BulkTimedOut = "71003",
        BulkNotAllowed = "71004",
        BulkOtherCard = "71005",
        BulkUnknown = "71006",
        BulkTooLate = "71007",
        BulkSize = "71008",
        BulkTooNew = "71009",
        StepUpRejected = "80001",
        StepUpFailed = "80002",
        StepUpTimedOut = "80003",
        WalletCancelled = "90000",
        WalletRejected = "90001",
        WalletFailed = "90002",
        WalletTimedOut = "90003",
        /// The document is none that this client was handed or brought, or is so no more.
        DocumentGone = "90004",
        /// The company keeps as many documents as it may.
        WalletFull = "90005",
    }
}

impl Word {
    /// The code as it travels.
    pub(crate) fn sent(self, dialect: Dialect) -> String {
        format!("{}{}", dialect.letter(), self.code())
    }

    /// What it says to whoever reads the client's log.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Suspended => "the application is suspended",
            Self::Unknown => "the request cannot be carried out",
            Self::Missing => "a parameter is missing",
            Self::Empty => "a parameter is empty",
            Self::Invalid => "a parameter is not valid",
            Self::Duplicate => "the nonce has been used",
            Self::Method => "the signature method is not supported",
            Self::Signature => "signature verification failed",
            Self::Source => "the source is not supported",
            Self::Address => "the address is not registered",
            Self::Token => "the access token is unknown or has expired",
            Self::OpenId => "the openID is unknown",
            Self::Business => "the businessID has been used",
            Self::Permission => "the application may not use this interface",
            Self::Ubi => "the company is not one that this token or its person acts for",
            Self::Scope => "the person did not allow this scope",
            Self::NoCertificate => "no key encryption certificate is in force",
            Self::NoKey => "no content encryption key is in force",
            Self::NotSealed => "the content could not be encrypted",
            Self::NotOpened => "the content could not be decrypted",
            Self::CodeGone => "the code is unknown, has been used or has expired",
            Self::AckFailed => "the acknowledgement fits no signature",
            Self::SignNotAllowed | Self::BulkNotAllowed => "the person may not sign this",
            Self::SignOtherCard | Self::BulkOtherCard => "the signer holds another identity card",
            Self::SignTooNew | Self::BulkTooNew => "the account is too new to sign this",
            Self::BulkUnknown => "the status token is unknown",
            Self::BulkTooLate => "the request can no longer be cancelled",
            Self::BulkSize => "one request holds 1 to 1,000 documents",
            Self::DocumentGone => {
                "the document was not handed to this application, or is no longer"
            }
            Self::WalletFull => "the company keeps as many documents as it may",
            _ => self.end(),
        }
    }

    /// How a question to a phone ended, when not in agreement.
    const fn end(self) -> &'static str {
        match self {
            Self::LoginCancelled | Self::FormCancelled | Self::SignCancelled => {
                "the request was cancelled before it was answered"
            }
            Self::BulkCancelled | Self::WalletCancelled => {
                "the request was cancelled before it was answered"
            }
            Self::LoginRejected
            | Self::ProfileRejected
            | Self::FormRejected
            | Self::SignRejected
            | Self::BulkRejected
            | Self::StepUpRejected
            | Self::WalletRejected => "the person refused",
            Self::LoginTimedOut
            | Self::ProfileTimedOut
            | Self::FormTimedOut
            | Self::SignTimedOut
            | Self::BulkTimedOut
            | Self::StepUpTimedOut
            | Self::WalletTimedOut => "the person did not answer in time",
            _ => "the request failed",
        }
    }
}

/// The families of outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Family {
    Login,
    Profile,
    Form,
    Sign,
    Bulk,
    StepUp,
    Wallet,
}

impl Family {
    /// The word for an approval that did not end in agreement; none while it is open, or when it did.
    pub(crate) const fn word(
        self,
        state: ApprovalState,
        reason: Option<FailReason>,
    ) -> Option<Word> {
        match state {
            ApprovalState::Pending | ApprovalState::Seen | ApprovalState::Approved => None,
            ApprovalState::Cancelled => Some(self.cancelled()),
            ApprovalState::Rejected => Some(self.rejected()),
            ApprovalState::Expired => Some(self.timed_out()),
            ApprovalState::Failed => Some(match (self, reason) {
                (Self::Sign, Some(FailReason::Level)) => Word::SignNotAllowed,
                (Self::Bulk, Some(FailReason::Level)) => Word::BulkNotAllowed,
                _ => self.failed(),
            }),
        }
    }

    /// Families without a number of their own for it share that of the login.
    pub(crate) const fn cancelled(self) -> Word {
        match self {
            Self::Login | Self::Profile | Self::StepUp => Word::LoginCancelled,
            Self::Form => Word::FormCancelled,
            Self::Sign => Word::SignCancelled,
            Self::Bulk => Word::BulkCancelled,
            Self::Wallet => Word::WalletCancelled,
        }
    }

    const fn rejected(self) -> Word {
        match self {
            Self::Login => Word::LoginRejected,
            Self::Profile => Word::ProfileRejected,
            Self::Form => Word::FormRejected,
            Self::Sign => Word::SignRejected,
            Self::Bulk => Word::BulkRejected,
            Self::Wallet => Word::WalletRejected,
            Self::StepUp => Word::StepUpRejected,
        }
    }

    pub(crate) const fn failed(self) -> Word {
        match self {
            Self::Login => Word::LoginFailed,
            Self::Profile => Word::ProfileFailed,
            Self::Form => Word::FormFailed,
            Self::Sign => Word::SignFailed,
            Self::Bulk => Word::BulkFailed,
            Self::Wallet => Word::WalletFailed,
            Self::StepUp => Word::StepUpFailed,
        }
    }

    pub(crate) const fn timed_out(self) -> Word {
        match self {
            Self::Login => Word::LoginTimedOut,
            Self::Profile => Word::ProfileTimedOut,
            Self::Form => Word::FormTimedOut,
            Self::Sign => Word::SignTimedOut,
            Self::Bulk => Word::BulkTimedOut,
            Self::Wallet => Word::WalletTimedOut,
            Self::StepUp => Word::StepUpTimedOut,
        }
    }

    /// The word for an error of signing, when it has one.
    pub(crate) const fn refusal_of(self, error: &crate::Error) -> Option<Word> {
        let is_bulk = matches!(self, Self::Bulk);
        match error {
            crate::Error::CardMismatch if is_bulk => Some(Word::BulkOtherCard),
            crate::Error::CardMismatch => Some(Word::SignOtherCard),
            crate::Error::AccountTooNew(_) if is_bulk => Some(Word::BulkTooNew),
            crate::Error::AccountTooNew(_) => Some(Word::SignTooNew),
            crate::Error::LevelTooLow | crate::Error::OutsidePowers | crate::Error::OverLimit => {
                Some(if is_bulk {
                    Word::BulkNotAllowed
                } else {
                    Word::SignNotAllowed
                })
            }
            crate::Error::WalletFull => Some(Word::WalletFull),
            crate::Error::Inactive
            | crate::Error::NotApproved
            | crate::Error::NotPresent
            | crate::Error::NothingPicked
            | crate::Error::Expired => Some(self.failed()),
            _ => None,
        }
    }
}
