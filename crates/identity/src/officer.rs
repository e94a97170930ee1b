//! An officer: a person with a post in a department. Signing in to the desk needs an active one.

use kernel::{Actor, Id, Role};

use crate::{Person, PersonName};

/// An active or former post.
#[derive(Clone, PartialEq, Debug)]
pub struct Officer {
    pub id: Id<Officer>,
    pub person: Id<Person>,
    pub name: PersonName,
    /// Department code as in the packs: `td`, `immd`.
    pub department: String,
    /// Roles of the packs: `td.officer`, `td.supervisor`.
    pub roles: Vec<String>,
    /// What the platform lets the post do.
    pub role: Role,
    pub is_active: bool,
}

impl Officer {
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Officer {
            officer: self.id.to_string(),
            department: self.department.clone(),
            role: self.role,
        }
    }

    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.is_active && self.roles.iter().any(|own| own == role)
    }
}
