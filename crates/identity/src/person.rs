//! A person known to the platform: enrolled once against the register or at a counter, signed in by their
//! phone. The number of the identity card or passport and the date of birth never leave this crate unsealed except to a
//! caller that names a purpose; everybody else sees the name, the level and the birth year.

use kernel::{Date, Hkid, Id, Lang, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Basis, IdentityDocument, code::codes};

codes! {
    /// How surely the person was identified when they enrolled. A higher level includes the lower.
    Level { Basic = "basic", Plus = "plus" }
}
codes! {
    /// Whether the person can sign in.
    PersonState { Active = "active", Suspended = "suspended", Closed = "closed" }
}
codes! {
    /// As recorded in the register.
    Sex { Female = "F", Male = "M" }
}

/// A name as registered. Never converted between scripts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonName {
    pub en: String,
    pub zh: Option<String>,
}

impl PersonName {
    /// The Chinese name on Chinese pages when there is one, else the English name.
    #[must_use]
    pub fn get(&self, lang: Lang) -> &str {
        match (lang, &self.zh) {
            (Lang::Tc | Lang::Sc, Some(zh)) => zh,
            _ => &self.en,
        }
    }
}

/// A person without the sealed identifiers.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    pub id: Id<Person>,
    pub name: PersonName,
    pub sex: Sex,
    pub birth_year: i16,
    pub level: Level,
    pub state: PersonState,
    pub enrolled: Time,
    /// When the register last answered for them.
    pub checked: Time,
    /// When what they are known by last changed.
    pub corrected: Time,
    pub basis: Basis,
}

impl Person {
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.state == PersonState::Active
    }
}

/// The sealed part, opened for one stated purpose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Particulars {
    pub document: IdentityDocument,
    pub born: Date,
}

impl Particulars {
    /// The identity card, which people who live elsewhere do not have.
    #[must_use]
    pub const fn card(&self) -> Option<&Hkid> {
        self.document.card()
    }
}

/// Whom a register or an officer has identified, before it is sealed.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Identified {
    pub document: IdentityDocument,
    pub name: PersonName,
    pub sex: Sex,
    pub born: Date,
    pub basis: Basis,
}
