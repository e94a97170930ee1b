//! The adapter to the checks that a person is really there: the look at the face, and the reading of the
//! card's chip. This build carries [`SimulatedPresence`] and says so on the phone.

use std::fmt;

use crate::code::codes;

codes! {
    /// What is checked.
    PresenceCheck {
        /// A living face that fits the card.
        Face = "face",
        /// The card's chip, read by the phone.
        Card = "card",
        /// The one and the other.
        Both = "both",
    }
}

impl PresenceCheck {
    /// The checks it is made of.
    #[must_use]
    pub const fn parts(self) -> &'static [Self] {
        match self {
            Self::Face => &[Self::Face],
            Self::Card => &[Self::Card],
            Self::Both => &[Self::Face, Self::Card],
        }
    }
}

/// The check failed, or its evidence cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the check of the person did not succeed")]
pub struct NotPresent;

/// The adapter to whoever makes the checks.
pub trait Presence: Send + Sync + fmt::Debug {
    /// Whether `evidence`, as the phone sent it, shows what `check` asks.
    ///
    /// # Errors
    /// [`NotPresent`].
    fn confirm(&self, check: PresenceCheck, evidence: &str) -> Result<(), NotPresent>;

    /// Whether the checks are invented, so that pages say so.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// Believes a phone that says the check was simulated.
#[derive(Debug, Default)]
pub struct SimulatedPresence;

impl Presence for SimulatedPresence {
    fn confirm(&self, _: PresenceCheck, evidence: &str) -> Result<(), NotPresent> {
        if evidence == "simulated" {
            Ok(())
        } else {
            Err(NotPresent)
        }
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
