//! The demand: what somebody is asked to pay, and why. It can be worked out anew while it is open;
//! it is paid by receipts, never by attempts.

use kernel::{Id, Money, Text, Time, limits};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Lines of one demand.
pub const LINES_MAX: usize = 50;

/// The noun of a payer's id: the person, known to this crate by nothing else.
#[derive(Debug)]
pub enum Payer {}

/// The thing a demand is for, as its owner knows it: `application` and its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub noun: String,
    pub id: String,
}

/// One thing charged for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub words: Text,
    pub amount: Money,
}

/// What a service asks this crate to collect.
#[derive(Clone, Debug)]
pub struct NewDemand {
    pub payer: Id<Payer>,
    /// The department the money goes to; heads the bill and the receipt.
    pub payee: Text,
    /// "Renewal of full driving licence".
    pub purpose: Text,
    pub lines: Vec<Line>,
    pub about: About,
    pub due: Option<Time>,
    /// The kind of job put into the queue when the demand is paid, with [`crate::Paid`] as payload.
    pub on_paid: Option<String>,
    /// Where the payer goes on afterwards: a path after the language, `/applications/7k3m…`.
    pub back: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DemandState {
    Open,
    Paid,
    /// Receipts no longer cover it, because money was returned.
    Refunded,
    Withdrawn,
}

store::text_codes!(DemandState {
    Open => "open",
    Paid => "paid",
    Refunded => "refunded",
    Withdrawn => "withdrawn",
});

/// A demand on record.
#[derive(Clone, Debug)]
pub struct Demand {
    pub id: Id<Demand>,
    /// The bill number, 12 letters and digits; what a payer reads out and a bank transfer carries.
    pub bill: String,
    pub payer: Id<Payer>,
    pub payee: Text,
    pub purpose: Text,
    pub lines: Vec<Line>,
    pub total: Money,
    pub about: About,
    pub due: Option<Time>,
    pub on_paid: Option<String>,
    pub back: String,
    pub state: DemandState,
    pub created_at: Time,
    pub paid_at: Option<Time>,
}

impl Demand {
    /// Whether money received for `amount` settles this demand. Anything else goes back.
    #[must_use]
    pub fn is_settled_by(&self, amount: Money) -> bool {
        self.state == DemandState::Open && self.total == amount
    }

    /// Whether the due time has passed without payment.
    #[must_use]
    pub fn is_overdue(&self, now: Time) -> bool {
        self.state == DemandState::Open && self.due.is_some_and(|due| due < now)
    }
}

/// The sum of `lines`, when they make a demand at all.
///
/// # Errors
/// [`Error::NothingToPay`] for no lines, a negative line or a total of zero; [`Error::TooMuch`]
/// past `limits::MONEY_MAX_CENTS` or [`LINES_MAX`].
pub fn total(lines: &[Line]) -> Result<Money, Error> {
    if lines.len() > LINES_MAX {
        return Err(Error::TooMuch);
    }
    if lines.iter().any(|line| line.amount < Money::ZERO) {
        return Err(Error::NothingToPay);
    }
    let total = lines
        .iter()
        .try_fold(Money::ZERO, |sum, line| sum.plus(line.amount))
        .ok_or(Error::TooMuch)?;
    if total.is_zero() {
        return Err(Error::NothingToPay);
    }
    if total.cents() > limits::MONEY_MAX_CENTS {
        return Err(Error::TooMuch);
    }
    Ok(total)
}

/// The bill number of a demand: the last 60 bits of its id, which are drawn at random.
pub(crate) fn bill_number(id: Id<Demand>) -> String {
    let text = id.to_string().to_uppercase();
    text.get(14..).unwrap_or_default().to_owned()
}
