//! Enrolment at a counter, for people without a Hong Kong identity card: an officer records the passport
//! with its holder present, a supervisor looks at it again and agrees, and a code binds the holder's phone.
//! A new passport is recorded for the account that is there.
//!
//! Invariants: two officers; one account a document, former ones as well; the code is shown once, lives a
//! day, binds one phone, and dies after a few wrong tries; an account whose passport has run out is basic.

use std::time::Duration;

use kernel::{Date, Email, Id, Time};
use serde::{Deserialize, Serialize};

use crate::{Officer, Passport, Person, PersonName, RecoveryState, Sex};

/// How long a record waits for the second look, and an agreed code to be used.
pub(crate) const COUNTER_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Wrong codes after which it is void.
pub(crate) const COUNTER_TRIES: i64 = 5;
/// Records shown to the officers of a department.
pub(crate) const COUNTERS_SHOWN: i64 = 50;
/// Passports of one number that a code is tried with: two countries seldom share one.
pub(crate) const SAME_NUMBER: i64 = 10;
/// Accounts that one sweep lowers.
pub(crate) const LAPSED_SWEPT: i64 = 200;
/// Days for which a record is kept after its end.
pub(crate) const COUNTER_DAYS: u64 = 30;
/// Characters of a name in English, as relying parties take it.
pub const NAME_EN_CHARS: usize = 40;
/// Characters of a name in Chinese.
pub const NAME_ZH_CHARS: usize = 6;

/// The event of an account whose passport has run out. Data: person.
pub const PASSPORT_LAPSED: &str = "causeway.person.passport_lapsed.v1";
/// The event of an account with a passport recorded anew. Data: person.
pub const PASSPORT_RENEWED: &str = "causeway.person.passport_renewed.v1";

/// What the passport says, and what the holder says beside it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PassportEntry {
    pub passport: Passport,
    pub expires: Date,
    pub name: PersonName,
    pub sex: Sex,
    pub born: Date,
    pub email: Option<Email>,
    /// The parent or guardian who agreed at the counter, under 18.
    pub guardian: Option<String>,
}

impl PassportEntry {
    /// The name of the first part that does not do, beside age and guardian.
    pub(crate) fn wrong(&self, today: Date) -> Option<&'static str> {
        let en = self.name.en.chars().count();
        let zh = self.name.zh.as_deref().map_or(1, |zh| zh.chars().count());
        if !(1..=NAME_EN_CHARS).contains(&en) || self.name.en.trim() != self.name.en {
            Some("name_en")
        } else if !(1..=NAME_ZH_CHARS).contains(&zh) {
            Some("name_zh")
        } else if self.born > today {
            Some("born")
        } else if self.expires < today {
            Some("expires")
        } else {
            None
        }
    }
}

/// What an officer records.
#[derive(Clone, Debug)]
pub struct NewCounterEnrolment {
    pub entry: PassportEntry,
    /// Of an account that is there already.
    pub person: Option<Id<Person>>,
    /// Whether a phone is to be bound: always for somebody new.
    pub phone: PhoneWanted,
    /// Where and how the person and the passport were seen.
    pub reason: String,
}

/// Whether a code for a phone is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhoneWanted {
    Yes,
    No,
}

/// A passport recorded at a counter.
#[derive(Clone, Debug)]
pub struct CounterEnrolment {
    pub id: Id<CounterEnrolment>,
    pub person: Option<Id<Person>>,
    pub entry: PassportEntry,
    pub phone: PhoneWanted,
    pub asked_by: Id<Officer>,
    pub reason: String,
    pub state: RecoveryState,
    pub created: Time,
    pub expires: Time,
}

/// What came of a second look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Looked {
    Refused,
    /// The account has the passport, and its phone stays.
    Renewed,
    /// The code to hand over, this once.
    Code(String),
}
