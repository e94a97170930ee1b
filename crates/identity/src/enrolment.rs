//! Enrolment: a person and a phone are bound after a register has confirmed who the person is.
//!
//! The real register is the Immigration Department's; this build carries [`SimulatedRegister`],
//! filled with invented people, behind the same [`Register`] trait. The liveness check and the
//! reading of the card's chip are behind [`crate::Presence`].

use std::{collections::HashMap, fmt, future::Future, pin::Pin, time::Duration};

use kernel::{Date, Hkid, Id, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Basis, Level, PersonName, PublicJwk, Sex, person::Identified};

/// Completed years of age a person needs to enrol.
pub const MINIMUM_AGE: i64 = 11;
/// Completed years of age under which a parent or guardian must agree.
pub(crate) const ADULT_AGE: i64 = 18;
/// How long a started enrolment may take.
pub(crate) const ENROLMENT_TTL: Duration = Duration::from_secs(10 * 60);
/// Wrong particulars for one identity card number in [`ATTEMPT_WINDOW`] before it is locked.
pub(crate) const ATTEMPTS: i64 = 5;
/// The time in which attempts are counted.
pub(crate) const ATTEMPT_WINDOW: Duration = Duration::from_secs(60 * 60);

/// What the register holds about one card.
#[derive(Clone, PartialEq, Debug)]
pub struct RegisterEntry {
    pub hkid: Hkid,
    pub name: PersonName,
    pub sex: Sex,
    pub born: Date,
}

impl From<RegisterEntry> for Identified {
    fn from(entry: RegisterEntry) -> Self {
        Self {
            document: entry.hkid.into(),
            name: entry.name,
            sex: entry.sex,
            born: entry.born,
            basis: Basis::Card,
        }
    }
}

/// The register did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the register does not answer at the moment")]
pub struct RegisterDown;

/// A boxed answer of a register.
pub type RegisterAnswer<'a> =
    Pin<Box<dyn Future<Output = Result<Option<RegisterEntry>, RegisterDown>> + Send + 'a>>;

/// The adapter to a register of identity cards.
pub trait Register: Send + Sync + fmt::Debug {
    /// The entry whose number *and* date of birth match, else `None`; which of the two was wrong
    /// is not told.
    fn find<'a>(&'a self, hkid: &'a Hkid, born: Date) -> RegisterAnswer<'a>;

    /// Whether the answers are invented, so that pages say so.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// A register of invented people.
#[derive(Debug, Default)]
pub struct SimulatedRegister {
    entries: HashMap<String, RegisterEntry>,
}

impl SimulatedRegister {
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = RegisterEntry>) -> Self {
        let entries = entries
            .into_iter()
            .map(|entry| (entry.hkid.as_str().to_owned(), entry))
            .collect();
        Self { entries }
    }
}

impl Register for SimulatedRegister {
    fn find<'a>(&'a self, hkid: &'a Hkid, born: Date) -> RegisterAnswer<'a> {
        let found = self
            .entries
            .get(hkid.as_str())
            .filter(|entry| entry.born == born)
            .cloned();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn is_simulated(&self) -> bool {
        true
    }
}

/// A started enrolment: the particulars matched, the phone has yet to prove its key and the person
/// to show their face.
#[derive(Clone, PartialEq, Debug)]
pub struct Enrolment {
    pub id: Id<Enrolment>,
    pub jwk: PublicJwk,
    pub device_name: String,
    pub level: Level,
    pub challenge: String,
    pub expires: Time,
}

/// Why a person in the register cannot enrol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ineligible {
    /// Under [`MINIMUM_AGE`].
    TooYoung,
    /// Under [`ADULT_AGE`] without a parent's or guardian's agreement.
    GuardianNeeded,
}

/// Whether somebody born on `born` may enrol on `today`.
///
/// # Errors
/// See [`Ineligible`].
pub(crate) fn eligible(born: Date, today: Date, guardian: Guardian) -> Result<(), Ineligible> {
    let age = born.age_on(today);
    if age < MINIMUM_AGE {
        return Err(Ineligible::TooYoung);
    }
    if age < ADULT_AGE && guardian == Guardian::Absent {
        return Err(Ineligible::GuardianNeeded);
    }
    Ok(())
}

/// Whether a parent or guardian agreed to a minor's enrolment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Guardian {
    Absent,
    Agreed,
}
