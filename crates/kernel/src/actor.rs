//! Who is doing something, and as what.

use serde::{Deserialize, Serialize};

/// What a person may be at a route. Department roles of packs (`td.officer`) refine `Officer`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person signed in on the portal, for themselves or for a company.
    Resident,
    /// Works cases of a department.
    Officer,
    /// Assigns work, corrects decisions, gives the second signature.
    Supervisor,
    /// Owns service packs.
    Owner,
    /// Runs the platform: jobs, timers, audit, health.
    Operator,
}

impl Role {
    pub const ALL: [Self; 5] = [
        Self::Resident,
        Self::Officer,
        Self::Supervisor,
        Self::Owner,
        Self::Operator,
    ];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Officer => "officer",
            Self::Supervisor => "supervisor",
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }
}

/// The author of a write. Copied into audit records as words, never as a foreign key, so that the
/// record outlives the person's account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A signed-in person; `company` when acting for one. Ids as text.
    Resident {
        person: String,
        company: Option<String>,
    },
    /// An officer of `department` in `role`.
    Officer {
        officer: String,
        department: String,
        role: Role,
    },
    /// Somebody not signed in.
    Visitor,
    /// The platform itself: a job, a timer, a provider's webhook.
    System { component: String },
}

impl Actor {
    #[must_use]
    pub fn system(component: &str) -> Self {
        Self::System {
            component: component.to_owned(),
        }
    }

    /// `resident`, `officer`, `supervisor`, …, `visitor`, `system`.
    #[must_use]
    pub const fn role_code(&self) -> &'static str {
        match self {
            Self::Resident { .. } => Role::Resident.code(),
            Self::Officer { role, .. } => role.code(),
            Self::Visitor => "visitor",
            Self::System { .. } => "system",
        }
    }

    /// The identifier written into records: a person's or officer's id, or the component.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::Resident { person, .. } => person,
            Self::Officer { officer, .. } => officer,
            Self::Visitor => "visitor",
            Self::System { component } => component,
        }
    }
}
