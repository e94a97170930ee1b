//! A company and who may act for it. The company register is simulated; names and numbers belong
//! to nobody.

use kernel::{Id, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Person, PersonName, code::codes};

codes! {
    /// What a person may do for a company.
    MandateRole {
        /// Fills in and follows applications.
        User = "user",
        /// May also sign and pay.
        Signatory = "signatory",
        /// May also name others.
        Administrator = "administrator",
    }
}

impl MandateRole {
    #[must_use]
    pub fn may_sign(self) -> bool {
        self >= Self::Signatory
    }
}

/// A company known to the platform.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Company {
    #[schema(value_type = String)]
    pub id: Id<Company>,
    pub name: PersonName,
    /// Companies Registry number.
    pub company_number: String,
    /// Business registration number, which is also the Unique Business Identifier.
    pub business_number: String,
    pub address: String,
}

/// A person may act for a company.
#[derive(Clone, PartialEq, Debug)]
pub struct Mandate {
    pub id: Id<Mandate>,
    pub person: Id<Person>,
    pub company: Company,
    pub role: MandateRole,
    pub granted: Time,
}
