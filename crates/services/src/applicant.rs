//! Who applies: a person, for themselves or for a company they may act for.

use identity::{Company, Officer, Person};
use journal::Channel;
use kernel::{Actor, Id};

/// The applicant of a draft or an application.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Applicant {
    pub person: Id<Person>,
    pub company: Option<Id<Company>>,
    /// Where they apply; statistics count by it.
    pub channel: Channel,
}

impl Applicant {
    /// A person for themselves.
    #[must_use]
    pub const fn person(person: Id<Person>) -> Self {
        Self::of(person, None)
    }

    /// A person, and the company they act for if there is one, in a browser.
    #[must_use]
    pub const fn of(person: Id<Person>, company: Option<Id<Company>>) -> Self {
        let channel = if company.is_some() {
            Channel::Company
        } else {
            Channel::Web
        };
        Self {
            person,
            company,
            channel,
        }
    }

    /// The same applicant somewhere else: at a kiosk, on the phone.
    #[must_use]
    pub const fn at(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// A person acting for a company.
    #[must_use]
    pub const fn company(person: Id<Person>, company: Id<Company>) -> Self {
        Self::of(person, Some(company))
    }

    /// Whose drafts and applications these are: colleagues with a mandate share the company's.
    #[must_use]
    pub fn holder(&self) -> String {
        self.company.map_or_else(
            || format!("person:{}", self.person),
            |company| format!("company:{company}"),
        )
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Resident {
            person: self.person.to_string(),
            company: self.company.map(|company| company.to_string()),
        }
    }
}

/// What this crate needs to know about an officer, copied so that a closure can own it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Clerk {
    pub id: Id<Officer>,
    /// The officer as a person: nobody works on their own application.
    pub person: Id<Person>,
    pub name: String,
    pub department: String,
    /// Roles of the packs: `td.officer`.
    pub roles: Vec<String>,
    pub role: kernel::Role,
}

impl Clerk {
    #[must_use]
    pub fn of(officer: &Officer) -> Self {
        Self {
            id: officer.id,
            person: officer.person,
            name: officer.name.en.clone(),
            department: officer.department.clone(),
            roles: if officer.is_active {
                officer.roles.clone()
            } else {
                Vec::new()
            },
            role: officer.role,
        }
    }

    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }

    #[must_use]
    pub fn has_any(&self, roles: &[String]) -> bool {
        roles.iter().any(|role| self.has(role))
    }

    #[must_use]
    pub fn is_supervisor(&self) -> bool {
        self.role == kernel::Role::Supervisor
    }

    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Officer {
            officer: self.id.to_string(),
            department: self.department.clone(),
            role: self.role,
        }
    }
}
