//! The adapter to the checks that a person is really there: the look at the face, and the reading of the
//! card's chip. The phone sends what its camera or reader made; whoever makes the checks judges it. This
//! build carries [`SimulatedPresence`] and says so on the phone.

use std::{fmt, future::Future, pin::Pin};

use crate::code::codes;

/// Bytes of evidence one check may send.
pub const EVIDENCE_BYTES: usize = 128 * 1024;
/// The method of the simulated checks.
const SIMULATED: &str = "simulated";

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

/// What the phone shows, and what it must fit.
#[derive(Clone, Copy, Debug)]
pub struct PresenceProof<'a> {
    pub check: PresenceCheck,
    /// What the evidence must be made for, so that none serves twice: the challenge of the enrolment,
    /// the approval, or the key of the phone whose level is raised.
    pub binding: &'a str,
    /// How the phone made it, as the adapter names its ways.
    pub method: &'a str,
    /// As the camera or the reader made it; at most [`EVIDENCE_BYTES`].
    pub evidence: &'a [u8],
}

/// Why a check does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PresenceError {
    #[error("the check of the person did not succeed")]
    NotPresent,
    #[error("whoever makes the check does not answer at the moment")]
    Down,
}

/// A boxed answer of whoever makes the checks.
pub type PresenceAnswer<'a> = Pin<Box<dyn Future<Output = Result<(), PresenceError>> + Send + 'a>>;

/// The adapter to whoever makes the checks.
pub trait Presence: Send + Sync + fmt::Debug {
    /// Whether the evidence shows what is asked.
    fn confirm<'a>(&'a self, shown: PresenceProof<'a>) -> PresenceAnswer<'a>;

    /// Whether the checks are invented, so that pages say so.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// Believes a phone that says, of this very check, that it was simulated.
#[derive(Debug, Default)]
pub struct SimulatedPresence;

impl SimulatedPresence {
    /// What a phone sends that simulates a check.
    #[must_use]
    pub fn evidence(check: PresenceCheck, binding: &str) -> String {
        format!("{check}:{binding}")
    }
}

impl Presence for SimulatedPresence {
    fn confirm<'a>(&'a self, shown: PresenceProof<'a>) -> PresenceAnswer<'a> {
        let expected = Self::evidence(shown.check, shown.binding);
        let is_shown = shown.method == SIMULATED && shown.evidence == expected.as_bytes();
        let answer = if is_shown {
            Ok(())
        } else {
            Err(PresenceError::NotPresent)
        };
        Box::pin(std::future::ready(answer))
    }

    fn is_simulated(&self) -> bool {
        true
    }
}
