//! Whether an account may be used, and who agreed to a minor's.
//!
//! ```text
//! active ──suspend──▶ suspended ──lift──▶ active        a ground each time; lifting is another post's
//!    └──────────────────┴──close, death──▶ closed       final here
//! ```
//!
//! Invariants: a state changes with its ground, its audit record and the end of every session in one
//! write; a death is told to nobody by name; a guardian's agreement ends by itself at 18.

use kernel::{Date, Id, Time};

use crate::{Person, PersonState, code::codes};

/// The department whose officers suspend and lift accounts.
pub const KEEPER: &str = "dpo";
/// The department that keeps the register of deaths.
pub const DEATHS: &str = "immd";
/// Children one guardian may have agreed for.
pub(crate) const CHILDREN_MAX: i64 = 20;
/// Changes of one account that are shown.
pub(crate) const CHANGES_SHOWN: i64 = 50;

codes! {
    /// Why an account changed its state.
    Ground {
        /// The person asked for it.
        Own = "own",
        /// The phone is lost and no other is there yet.
        LostPhone = "lost_phone",
        /// Somebody else may be using it.
        Misuse = "misuse",
        /// The parent or guardian no longer agrees.
        Guardian = "guardian",
        /// The register tells of a death.
        Death = "death",
        /// What it was suspended for is settled.
        Settled = "settled",
        /// The passport ran out: the account is basic.
        Lapsed = "lapsed",
        /// A new passport was seen: the account is plus.
        Renewed = "renewed",
    }
}

impl Ground {
    /// The grounds on which an officer may suspend.
    pub const SUSPENDING: [Self; 3] = [Self::LostPhone, Self::Misuse, Self::Own];
}

codes! {
    /// What the adult is to the minor.
    Relation { Parent = "parent", Guardian = "guardian" }
}

codes! {
    /// Where an agreement stands.
    GuardianshipState { Agreed = "agreed", Withdrawn = "withdrawn", Ended = "ended" }
}

/// One change of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccountChange {
    pub state: PersonState,
    pub ground: Ground,
    /// The department that did it; `None` for the person, the guardian and the platform.
    pub department: Option<String>,
    pub at: Time,
}

/// An agreement as its guardian sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guardianship {
    pub id: Id<Guardianship>,
    /// The minor's card, masked.
    pub card: String,
    pub relation: Relation,
    pub state: GuardianshipState,
    /// Whether the minor has an account.
    pub minor: Option<Id<Person>>,
    pub agreed: Time,
    /// The eighteenth birthday.
    pub ends: Date,
}

/// A child as the guardian names it, found in the register and of the right age.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Child {
    pub hkid: kernel::Hkid,
    pub born: Date,
    pub relation: Relation,
}
