//! One attempt to pay a demand. Inside, the states say all that is known; outside, seven words are
//! enough. Providers report late, twice and out of order, so a transition never fails: a report
//! either moves the attempt or changes nothing.

use std::time::Duration;

use kernel::{Id, Lang, Money, Time};
use serde::{Deserialize, Serialize};

use crate::Demand;

/// How long a card attempt can be completed.
pub const CARD_LIFE: Duration = Duration::from_secs(90 * 60);
/// How long an FPS code can be scanned. Short, because a code shown yesterday must not pay a bill
/// worked out anew today.
pub const FPS_LIFE: Duration = Duration::from_secs(15 * 60);
/// Attempts of one demand, over its whole life.
pub const ATTEMPTS_MAX: i64 = 30;
/// Characters of an idempotency key.
pub(crate) const KEY_CHARS: usize = 64;

/// How the payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Card,
    Fps,
}

store::text_codes!(Method { Card => "card", Fps => "fps" });

impl Method {
    #[must_use]
    pub const fn life(self) -> Duration {
        match self {
            Self::Card => CARD_LIFE,
            Self::Fps => FPS_LIFE,
        }
    }
}

/// Everything known about where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// On record here; the provider has not answered yet.
    Created,
    /// The provider's page or code is ready.
    Started,
    /// The payer has done their part; the provider is working.
    Submitted,
    Received,
    Declined,
    Expired,
    CancelledByPayer,
    CancelledByService,
    ProviderFailed,
    /// The provider reports another amount or currency than was asked for. People look at it.
    IntegrityFailure,
}

store::text_codes!(AttemptState {
    Created => "created",
    Started => "started",
    Submitted => "submitted",
    Received => "received",
    Declined => "declined",
    Expired => "expired",
    CancelledByPayer => "cancelled_by_payer",
    CancelledByService => "cancelled_by_service",
    ProviderFailed => "provider_failed",
    IntegrityFailure => "integrity_failure",
});

/// What others see of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicState {
    Created,
    Started,
    Submitted,
    Success,
    Failed,
    Cancelled,
    Error,
}

/// Something that happened to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Started,
    Submitted,
    Received,
    Declined,
    Expired,
    CancelledByPayer,
    CancelledByService,
    ProviderFailed,
    Mismatch,
}

impl AttemptState {
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::Started,
        Self::Submitted,
        Self::Received,
        Self::Declined,
        Self::Expired,
        Self::CancelledByPayer,
        Self::CancelledByService,
        Self::ProviderFailed,
        Self::IntegrityFailure,
    ];

    #[must_use]
    pub const fn public(self) -> PublicState {
        match self {
            Self::Created => PublicState::Created,
            Self::Started => PublicState::Started,
            Self::Submitted => PublicState::Submitted,
            Self::Received => PublicState::Success,
            Self::Declined | Self::Expired => PublicState::Failed,
            Self::CancelledByPayer | Self::CancelledByService => PublicState::Cancelled,
            Self::ProviderFailed | Self::IntegrityFailure => PublicState::Error,
        }
    }

    /// The code beside the public state: why it is so. `None` while under way and on success.
    #[must_use]
    pub const fn reason_code(self) -> Option<&'static str> {
        match self {
            Self::Created | Self::Started | Self::Submitted | Self::Received => None,
            Self::Declined => Some("PY-A10"),
            Self::Expired => Some("PY-A20"),
            Self::CancelledByPayer => Some("PY-A30"),
            Self::CancelledByService => Some("PY-A40"),
            Self::ProviderFailed => Some("PY-A50"),
            Self::IntegrityFailure => Some("PY-A60"),
        }
    }

    /// Whether the outcome is still open.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Created | Self::Started | Self::Submitted)
    }

    /// Where `step` leads; the same state when it changes nothing.
    ///
    /// Money that arrives after an attempt was given up is still money: `Received` follows every
    /// state but an integrity failure, which only people resolve. Nothing follows `Received`.
    #[must_use]
    pub const fn after(self, step: Step) -> Self {
        match (self, step) {
            (Self::Received | Self::IntegrityFailure, _) => self,
            (_, Step::Received) => Self::Received,
            (_, Step::Mismatch) => Self::IntegrityFailure,
            (Self::Created, Step::Started) => Self::Started,
            (Self::Created | Self::Started, Step::Submitted) => Self::Submitted,
            (Self::Created | Self::Started | Self::Submitted, Step::Declined) => Self::Declined,
            (Self::Created | Self::Started | Self::Submitted, Step::Expired) => Self::Expired,
            (Self::Created | Self::Started, Step::CancelledByPayer) => Self::CancelledByPayer,
            (Self::Created | Self::Started, Step::CancelledByService) => Self::CancelledByService,
            (Self::Created | Self::Started | Self::Submitted, Step::ProviderFailed) => {
                Self::ProviderFailed
            }
            _ => self,
        }
    }
}

/// What the payer does next, as the provider answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Next {
    /// Go to the provider's page.
    Page { url: String },
    /// Scan this FPS code; `simulated` is where a simulated banking app can be opened instead.
    Code {
        payload: String,
        simulated: Option<String>,
    },
}

/// A request to start paying.
#[derive(Clone, Debug)]
pub struct NewAttempt {
    pub method: Method,
    /// Drawn when the form was shown: sending the form twice starts one attempt.
    pub key: String,
    pub lang: Lang,
}

/// An attempt on record.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub id: Id<Attempt>,
    pub demand: Id<Demand>,
    pub method: Method,
    pub provider: String,
    pub amount: Money,
    pub lang: Lang,
    pub state: AttemptState,
    /// The provider's own words for the outcome.
    pub detail: Option<String>,
    pub provider_ref: Option<String>,
    pub next: Option<Next>,
    pub created_at: Time,
    pub expires_at: Time,
    /// When the provider was last asked.
    pub checked_at: Option<Time>,
}
