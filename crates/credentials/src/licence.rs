//! Licences: what an authority grants to a person, whatever phone it is carried on.
//!
//! A licence is `live`, `suspended`, `revoked` or `replaced` (by its renewal); expiry follows from
//! its dates. Credentials are copies of it on one phone each; their status on the status list
//! follows the licence.

use kernel::{Date, Id, Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, status_list::Status};

/// Days a pass of a licence without an end date is good for.
pub(crate) const OPEN_ENDED_DAYS: i64 = 366;
/// Characters of a licence number.
pub(crate) const NUMBER_CHARS: usize = 64;
/// Bytes of all claims of one licence as JSON: what still fits a QR code.
pub(crate) const CLAIMS_BYTES: usize = 2_048;

/// The person a licence belongs to; identity's person under this crate's name.
#[derive(Debug)]
pub struct Holder;

/// One phone's copy of a licence.
#[derive(Debug)]
pub struct Credential;

/// What an authority can do to a licence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    Suspend,
    Reinstate,
    Revoke,
    Replace,
}

/// The state of a licence on record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    Live,
    Suspended,
    Revoked,
    Replaced,
}

store::text_codes!(LicenceState {
    Live => "live",
    Suspended => "suspended",
    Revoked => "revoked",
    Replaced => "replaced",
});

/// The state of one phone's copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CredentialState {
    Live,
    Suspended,
    Invalid,
}

store::text_codes!(CredentialState {
    Live => "live",
    Suspended => "suspended",
    Invalid => "invalid",
});

impl LicenceState {
    /// The state after `act`.
    ///
    /// # Errors
    /// [`Error::WrongState`] when this state does not allow it. Revoked and replaced are final.
    pub fn after(self, act: Act) -> Result<Self, Error> {
        match (self, act) {
            (Self::Live, Act::Suspend) => Ok(Self::Suspended),
            (Self::Suspended, Act::Reinstate) => Ok(Self::Live),
            (Self::Live | Self::Suspended, Act::Revoke) => Ok(Self::Revoked),
            (Self::Live | Self::Suspended, Act::Replace) => Ok(Self::Replaced),
            _ => Err(Error::WrongState(self.code())),
        }
    }

    /// What becomes of the copies on phones.
    #[must_use]
    pub const fn of_copies(self) -> CredentialState {
        match self {
            Self::Live => CredentialState::Live,
            Self::Suspended => CredentialState::Suspended,
            Self::Revoked | Self::Replaced => CredentialState::Invalid,
        }
    }
}

impl CredentialState {
    /// The entry on the status list.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::Live => Status::Valid,
            Self::Suspended => Status::Suspended,
            Self::Invalid => Status::Invalid,
        }
    }
}

/// A licence about to be granted.
#[derive(Clone, Debug)]
pub struct NewLicence {
    pub holder: Id<Holder>,
    /// The kind of licence, a configured [`LicenceType`].
    pub kind: String,
    pub number: String,
    /// Claims by name, as the service pack's issue section names them.
    pub claims: Map<String, Value>,
    pub valid_from: Date,
    pub valid_until: Option<Date>,
    /// The case that decided it.
    pub case_reference: String,
}

/// A licence on record, opened.
#[derive(Clone, Debug)]
pub struct Licence {
    pub id: Id<Self>,
    pub holder: Id<Holder>,
    pub kind: String,
    pub number: String,
    pub claims: Map<String, Value>,
    pub valid_from: Date,
    pub valid_until: Option<Date>,
    pub case_reference: String,
    pub state: LicenceState,
    pub reason: Option<String>,
    pub issued: Time,
    /// The thumbprint of the phone that holds the live copy.
    pub device: Option<String>,
}

impl Licence {
    /// Whether `today` is after the last day.
    #[must_use]
    pub fn is_expired(&self, today: Date) -> bool {
        self.valid_until.is_some_and(|last| last < today)
    }

    /// The end of the last day, Hong Kong time; of a year from `today` when there is no last day.
    #[must_use]
    pub fn expires(&self, today: Date) -> Time {
        let last = self.valid_until.unwrap_or(today.plus_days(OPEN_ENDED_DAYS));
        Time::start_of(last.plus_days(1))
    }
}

/// A kind of licence this installation can issue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LicenceType {
    /// `driving_licence`: the credential configuration id, letters, digits, `_`, `-` and `.`.
    pub kind: String,
    pub title: Text,
    /// The department that grants it.
    pub authority: Text,
    pub claims: Vec<ClaimType>,
}

/// A claim of a licence type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimType {
    pub name: String,
    pub label: Text,
    /// Whether the offline pass shows it. The pass shows all or nothing, so it carries little.
    pub is_on_pass: bool,
}

/// Claims a pass leaves out: an inspector sees number, name and class, and the identity card.
const NOT_ON_PASS: [&str; 6] = ["number", "hkid", "birth_date", "address", "phone", "email"];

impl ClaimType {
    /// A claim with the usual label, when its name is a usual one, else with `label`.
    #[must_use]
    pub fn new(name: impl Into<String>, label: Option<Text>) -> Self {
        let name = name.into();
        let label = label.or_else(|| usual_label(&name));
        Self {
            is_on_pass: !NOT_ON_PASS.contains(&name.as_str()),
            label: label.unwrap_or_else(|| Text::same(name.replace('_', " "))),
            name,
        }
    }
}

fn usual_label(name: &str) -> Option<Text> {
    let (en, tc) = match name {
        "number" => ("Number", "號碼"),
        "name_en" => ("Name in English", "英文姓名"),
        "name_tc" => ("Name in Chinese", "中文姓名"),
        "hkid" => ("Hong Kong identity card number", "香港身份證號碼"),
        "birth_date" => ("Date of birth", "出生日期"),
        "classes" => ("Classes", "類別"),
        "address" | "premises" => ("Address", "地址"),
        "company" => ("Company", "公司"),
        "holder" => ("Holder", "持有人"),
        "business_name" => ("Business name", "商業名稱"),
        "registration_mark" => ("Registration mark", "登記號碼"),
        "conditions" => ("Conditions", "條件"),
        _ => return None,
    };
    Some(Text::new(en, tc))
}
