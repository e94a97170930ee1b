//! Money going back. A refund an officer asks for needs a second officer; one that the rules
//! themselves demand (paid twice, paid after withdrawal) needs nobody.

use kernel::{Id, Money, Time};

use crate::{Demand, Error, Receipt};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundReason {
    /// The demand was already paid.
    PaidTwice,
    /// The demand was withdrawn or worked out anew before the money came.
    NoLongerOwed,
    /// A decision of the department, such as an application refused with refund.
    Decision,
    /// The department charged wrongly.
    Mistake,
}

store::text_codes!(RefundReason {
    PaidTwice => "paid_twice",
    NoLongerOwed => "no_longer_owed",
    Decision => "decision",
    Mistake => "mistake",
});

impl RefundReason {
    /// Whether the rules demand the refund, so that no officer decides.
    #[must_use]
    pub const fn is_automatic(self) -> bool {
        matches!(self, Self::PaidTwice | Self::NoLongerOwed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// Waits for the second officer.
    Requested,
    /// Waits for the provider.
    Approved,
    Done,
    Refused,
    /// The provider would not; the money is available again and people look at it.
    Failed,
}

store::text_codes!(RefundState {
    Requested => "requested",
    Approved => "approved",
    Done => "done",
    Refused => "refused",
    Failed => "failed",
});

/// What happens to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundStep {
    Approve,
    Refuse,
    Done,
    Fail,
}

impl RefundState {
    /// # Errors
    /// [`Error::RefundState`] when the step does not follow.
    pub const fn after(self, step: RefundStep) -> Result<Self, Error> {
        match (self, step) {
            (Self::Requested, RefundStep::Approve) => Ok(Self::Approved),
            (Self::Requested, RefundStep::Refuse) => Ok(Self::Refused),
            (Self::Approved, RefundStep::Done) => Ok(Self::Done),
            (Self::Approved, RefundStep::Fail) => Ok(Self::Failed),
            _ => Err(Error::RefundState { state: self }),
        }
    }

    /// Whether the refund's amount is held back from the receipt.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        matches!(self, Self::Requested | Self::Approved | Self::Done)
    }
}

/// What an officer asks for.
#[derive(Clone, Debug)]
pub struct NewRefund {
    pub receipt: Id<Receipt>,
    pub amount: Money,
    /// What the officer saw as available. Another figure on record means that somebody was faster.
    pub seen_available: Money,
    pub reason: RefundReason,
    /// Why, in words; goes into the audit record.
    pub note: String,
}

/// A refund on record.
#[derive(Clone, Debug)]
pub struct Refund {
    pub id: Id<Refund>,
    pub receipt: Id<Receipt>,
    pub demand: Id<Demand>,
    pub amount: Money,
    pub reason: RefundReason,
    pub state: RefundState,
    pub requested_by: String,
    pub decided_by: Option<String>,
    pub provider_ref: Option<String>,
    pub requested_at: Time,
    pub done_at: Option<Time>,
}
