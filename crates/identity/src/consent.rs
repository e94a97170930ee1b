//! Consent: a person lets a named purpose read named profile fields, for a year, until withdrawn.

use kernel::{Id, Text, Time};

use crate::{FieldKey, Person};

/// Days a consent lasts.
pub const CONSENT_DAYS: u64 = 365;
/// Characters of a purpose's code.
pub(crate) const PURPOSE_CHARS: usize = 100;

/// What is asked of the person.
#[derive(Clone, PartialEq, Debug)]
pub struct NewConsent {
    pub person: Id<Person>,
    /// What the fields are for, stable: the service id.
    pub purpose: String,
    /// The purpose in words.
    pub title: Text,
    pub fields: Vec<FieldKey>,
}

/// A consent as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct Consent {
    pub id: Id<Consent>,
    pub person: Id<Person>,
    pub purpose: String,
    pub title: Text,
    pub fields: Vec<FieldKey>,
    pub granted: Time,
    pub expires: Time,
    pub revoked: Option<Time>,
}

impl Consent {
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.revoked.is_none() && now < self.expires
    }

    #[must_use]
    pub fn covers(&self, field: FieldKey, now: Time) -> bool {
        self.is_live(now) && self.fields.contains(&field)
    }
}
