//! What this crate needs from a payment provider. An adapter translates; it decides nothing.

use std::{fmt, future::Future, pin::Pin};

use axum::http::HeaderMap;
use kernel::{Id, Lang, Money, Time};
use serde::{Deserialize, Serialize};

use crate::{Attempt, Method, Next, Refund, Step};

/// The currency every amount is in.
pub const CURRENCY: &str = "HKD";

/// What a provider's method gives, once it has answered.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A payment provider. Every method can be called again with the same request and has the effect of
/// one call; a request carries our id for that purpose.
pub trait Provider: Send + Sync + fmt::Debug {
    /// The word stored with attempts and used in the webhook's address.
    fn name(&self) -> &'static str;

    /// Opens a payment and says where the payer goes.
    fn start<'a>(&'a self, request: &'a StartRequest) -> Answer<'a, Started>;

    /// Where a payment stands now.
    fn status<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Notice>;

    /// Closes a payment that nobody completed. What it then is comes back, which may be `Received`.
    fn cancel<'a>(&'a self, provider_ref: &'a str) -> Answer<'a, Notice>;

    /// Returns money.
    fn refund<'a>(&'a self, request: &'a RefundRequest) -> Answer<'a, Refunded>;

    /// Reads a webhook, and refuses it when it is not the provider's.
    ///
    /// # Errors
    /// [`ProviderError::Forged`] or [`ProviderError::Malformed`].
    fn verify(&self, headers: &HeaderMap, body: &[u8], now: Time) -> Result<Notice, ProviderError>;
}

/// Why a provider gave no answer that can be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProviderError {
    /// No answer, or one that says to come back later.
    #[error("the payment provider did not answer: {0}")]
    Unreachable(String),
    /// The provider will not do this, now or later.
    #[error("the payment provider refused: {0}")]
    Refused(String),
    /// The message does not carry the provider's signature, or an old one.
    #[error("the message is not from the payment provider")]
    Forged,
    /// The message is signed but cannot be read.
    #[error("the payment provider's message cannot be read")]
    Malformed,
}

/// A payment to be opened.
#[derive(Clone, Debug)]
pub struct StartRequest {
    pub attempt: Id<Attempt>,
    pub method: Method,
    pub amount: Money,
    /// ASCII, at most 25 characters.
    pub bill: String,
    /// What the payer reads on the provider's page.
    pub words: String,
    pub lang: Lang,
    /// Where the payer's browser comes back to. Coming back proves nothing.
    pub return_url: String,
    pub expires_at: Time,
}

/// A payment that was opened.
#[derive(Clone, Debug)]
pub struct Started {
    pub provider_ref: String,
    pub next: Next,
}

/// A report on one payment, from a webhook or from asking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The provider's number of this report: the same report sent again carries the same number.
    pub event: String,
    /// Our id, as the provider was given it.
    pub attempt: Id<Attempt>,
    pub provider_ref: String,
    pub step: Step,
    pub amount: Money,
    pub currency: String,
    pub at: Time,
    pub detail: Option<String>,
}

/// Money to be returned.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    pub refund: Id<Refund>,
    pub provider_ref: String,
    pub amount: Money,
}

/// Money that was returned.
#[derive(Clone, Debug)]
pub struct Refunded {
    pub provider_ref: String,
}
