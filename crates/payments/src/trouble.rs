//! Payments that need a person: what happened, and so what to do. Everything else settles itself.

use kernel::{Id, Money, Time};

use crate::{Attempt, Demand, Method};

/// Why a person looks at a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TroubleKind {
    /// The provider reports another amount or currency than was asked for.
    Mismatch,
    /// Money came that nobody owed any more: late, or twice. It is on its way back by itself.
    Returned,
    /// The provider failed before any money moved.
    ProviderFailed,
}

store::text_codes!(TroubleKind {
    Mismatch => "mismatch",
    Returned => "returned",
    ProviderFailed => "provider_failed",
});

/// A payment that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub attempt: Id<Attempt>,
    pub demand: Id<Demand>,
    pub method: Method,
    pub provider_ref: Option<String>,
    pub asked: Money,
    /// What the provider reported; the same as asked where nothing was.
    pub reported: Money,
    pub currency: String,
    pub at: Time,
    /// Orders rows of one instant, for the cursor of a list.
    pub place: String,
}
