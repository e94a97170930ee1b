//! Deadlines as officers see them: a colour computed from the same instant that the applicant is
//! told, never stored.

use std::time::Duration;

use kernel::Time;
use serde::Serialize;

/// The last days before the promise breaks.
pub(crate) const SOON: Duration = Duration::from_secs(3 * 86_400);

/// How a case stands against its promise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    Overdue,
    Soon,
    OnTime,
    /// The applicant has to answer first.
    Stopped,
    /// Nothing was promised, or the case is closed.
    None,
}

/// The parts of a case that a deadline is computed from.
#[derive(Clone, Copy, Debug)]
pub struct Promise {
    pub due: Option<Time>,
    pub stopped: Option<Time>,
    pub closed: Option<Time>,
}

impl Deadline {
    #[must_use]
    pub fn of(promise: Promise, now: Time) -> Self {
        match promise {
            Promise {
                closed: Some(_), ..
            }
            | Promise { due: None, .. } => Self::None,
            Promise {
                stopped: Some(_), ..
            } => Self::Stopped,
            Promise { due: Some(due), .. } if now > due => Self::Overdue,
            Promise { due: Some(due), .. } if due.since(now) <= SOON => Self::Soon,
            Promise { .. } => Self::OnTime,
        }
    }

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Soon => "soon",
            Self::OnTime => "on_time",
            Self::Stopped => "stopped",
            Self::None => "none",
        }
    }
}
