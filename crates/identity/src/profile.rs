//! The e-ME profile: what a person lets forms be filled with. Names, identity card number, date of
//! birth and sex come from the register and are locked; the rest is the person's own word.
//!
//! Field names follow the iAM Smart catalogue in meaning, with nouns of our own.

use kernel::{Date, Email, PhoneHk, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::code::codes;

/// Versions of one field that are kept.
pub(crate) const VERSIONS_KEPT: i64 = 20;
/// Bytes of a paper that shows an address.
pub const PROOF_BYTES: usize = 2 * 1024 * 1024;
/// Days after its date that such a paper is taken.
pub const PROOF_DAYS: i64 = 92;
/// Lines of an address in free format.
const FREE_LINES: usize = 6;
/// Digits of a post office box.
const BOX_DIGITS: usize = 6;
/// Digits of a telephone number with its country code (E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Characters of one line of an address.
pub(crate) const ADDRESS_LINE_CHARS: usize = 100;

codes! {
    /// One field of the profile.
    FieldKey {
        NameEn = "name_en",
        NameZh = "name_zh",
        Hkid = "hkid",
        /// Of people without an identity card.
        Passport = "passport",
        /// Who issued it, by ISO 3166-1 alpha-3.
        PassportCountry = "passport_country",
        DateOfBirth = "date_of_birth",
        Sex = "sex",
        Prefix = "prefix",
        MaritalStatus = "marital_status",
        Mobile = "mobile",
        HomePhone = "home_phone",
        OfficePhone = "office_phone",
        Email = "email",
        ResidentialAddress = "residential_address",
        PostalAddress = "postal_address",
        Education = "education",
    }
}

codes! {
    /// Who vouches for a value.
    Source {
        Verified = "verified",
        /// An officer saw the passport with its holder.
        Counter = "counter",
        SelfDeclared = "self_declared",
    }
}

/// Forms of address a person may choose.
pub(crate) const PREFIXES: &[&str] = &["mr", "ms", "mrs", "miss", "dr", "prof"];
/// Marital states a person may choose.
pub(crate) const MARITAL: &[&str] = &["single", "married", "divorced", "widowed"];
/// Levels of education a person may choose.
pub(crate) const EDUCATION: &[&str] = &[
    "primary",
    "lower_secondary",
    "upper_secondary",
    "post_secondary",
    "degree",
    "postgraduate",
];
/// Hong Kong Island, Kowloon, New Territories.
pub const AREAS: &[&str] = &["hk", "kln", "nt"];

impl FieldKey {
    /// The field a form names in its prefill, by the words of the iAM Smart catalogue:
    /// `profile.enName`, `eme.mobileNumber`.
    #[must_use]
    pub fn from_prefill(name: &str) -> Option<Self> {
        Some(match name {
            "profile.enName" => Self::NameEn,
            "profile.chName" => Self::NameZh,
            "profile.idNo" => Self::Hkid,
            "profile.birthDate" => Self::DateOfBirth,
            "profile.gender" => Self::Sex,
            "eme.prefix" => Self::Prefix,
            "eme.maritalStatus" => Self::MaritalStatus,
            "eme.homeTelNumber" => Self::HomePhone,
            "eme.officeTelNumber" => Self::OfficePhone,
            "eme.mobileNumber" => Self::Mobile,
            "eme.emailAddress" => Self::Email,
            "eme.residentialAddress" => Self::ResidentialAddress,
            "eme.postalAddress" => Self::PostalAddress,
            "eme.educationLevel" => Self::Education,
            _ => return None,
        })
    }

    /// Whether the register decides the value and the person cannot change it here.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(
            self,
            Self::NameEn
                | Self::NameZh
                | Self::Hkid
                | Self::Passport
                | Self::PassportCountry
                | Self::DateOfBirth
                | Self::Sex
        )
    }

    /// The choices of a choice field.
    #[must_use]
    pub const fn choices(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Prefix => Some(PREFIXES),
            Self::MaritalStatus => Some(MARITAL),
            Self::Education => Some(EDUCATION),
            _ => None,
        }
    }
}

codes! {
    /// How an address is written.
    #[derive(Default)]
    AddressKind {
        /// Premises in Hong Kong, in English.
        #[default]
        PremisesEn = "premises_en",
        /// Premises in Hong Kong, in Chinese.
        PremisesZh = "premises_zh",
        /// Lines as they stand on a letter: anywhere in the world.
        Free = "free",
        /// A box at a post office.
        PostBox = "post_box",
    }
}

impl AddressKind {
    const fn is_usual(&self) -> bool {
        matches!(self, Self::PremisesEn)
    }
}

/// An address: of Hong Kong premises in one of two languages, in free lines, or a post office box. Of
/// premises, a building or a street, the district and the area are needed
/// to find a door; the rest is optional. The names are those of the address component of forms.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    #[serde(skip_serializing_if = "AddressKind::is_usual")]
    pub kind: AddressKind,
    /// Of an address in free format.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lines: String,
    /// The number of a box; `building` is its post office.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub post_box: String,
    pub flat: String,
    pub floor: String,
    pub block: String,
    pub building: String,
    pub street: String,
    pub district: String,
    pub area: String,
}

/// Why a value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("the value comes from the register and cannot be changed here")]
    Locked,
    #[error("the value does not have the right form")]
    Shape,
    #[error("the value is longer than allowed")]
    TooLong,
}

/// A value with its source.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Field {
    pub key: FieldKey,
    pub value: Value,
    pub source: Source,
    pub updated: Time,
}

/// All fields a person has.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Profile {
    pub fields: Vec<Field>,
}

impl Profile {
    #[must_use]
    pub fn get(&self, key: FieldKey) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// The value when it is plain text.
    #[must_use]
    pub fn text(&self, key: FieldKey) -> Option<&str> {
        self.get(key).and_then(|field| field.value.as_str())
    }
}

/// Reads a value a person typed into its normal form.
///
/// # Errors
/// The field is locked, or the value is not what the field holds.
pub(crate) fn read_value(key: FieldKey, value: &Value) -> Result<Value, ValueError> {
    if key.is_verified() {
        return Err(ValueError::Locked);
    }
    if matches!(key, FieldKey::ResidentialAddress | FieldKey::PostalAddress) {
        return read_address(value);
    }
    let text = value.as_str().ok_or(ValueError::Shape)?.trim();
    if let Some(choices) = key.choices() {
        return if choices.contains(&text) {
            Ok(text.into())
        } else {
            Err(ValueError::Shape)
        };
    }
    if text.chars().count() > kernel::limits::LINE_CHARS {
        return Err(ValueError::TooLong);
    }
    match key {
        FieldKey::Email => text
            .parse::<Email>()
            .map(|email| email.as_str().into())
            .map_err(|_| ValueError::Shape),
        _ => read_phone(text).map(Value::from).ok_or(ValueError::Shape),
    }
}

fn read_address(value: &Value) -> Result<Value, ValueError> {
    let mut address: Address =
        serde_json::from_value(value.clone()).map_err(|_| ValueError::Shape)?;
    for line in [
        &mut address.flat,
        &mut address.floor,
        &mut address.block,
        &mut address.building,
        &mut address.street,
        &mut address.district,
        &mut address.area,
    ] {
        *line = line.trim().to_owned();
        if line.chars().count() > ADDRESS_LINE_CHARS {
            return Err(ValueError::TooLong);
        }
    }
    if address.kind == AddressKind::Free {
        address.lines = free_lines(&address.lines)?;
        return serde_json::to_value(address).map_err(|_| ValueError::Shape);
    }
    if address.kind == AddressKind::PostBox {
        address.post_box = address.post_box.trim().to_owned();
        let is_number = (1..=BOX_DIGITS).contains(&address.post_box.len())
            && address.post_box.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number || address.building.is_empty() {
            return Err(ValueError::Shape);
        }
        return serde_json::to_value(address).map_err(|_| ValueError::Shape);
    }
    let is_findable = !(address.building.is_empty() && address.street.is_empty());
    if !is_findable || address.district.is_empty() || !AREAS.contains(&address.area.as_str()) {
        return Err(ValueError::Shape);
    }
    serde_json::to_value(address).map_err(|_| ValueError::Shape)
}

/// The lines of an address in free format, without empty ones.
fn free_lines(typed: &str) -> Result<String, ValueError> {
    let lines: Vec<&str> = typed
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    if lines.is_empty() {
        return Err(ValueError::Shape);
    }
    let is_long = |line: &&str| line.chars().count() > ADDRESS_LINE_CHARS;
    if lines.len() > FREE_LINES || lines.iter().any(is_long) {
        return Err(ValueError::TooLong);
    }
    Ok(lines.join("\n"))
}

/// A telephone number: of Hong Kong, or with its country code as `+8613800138000`.
fn read_phone(text: &str) -> Option<String> {
    if let Ok(local) = text.parse::<PhoneHk>() {
        return Some(local.as_str().to_owned());
    }
    let digits: String = text
        .strip_prefix('+')?
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let is_number = PHONE_DIGITS.contains(&digits.len())
        && digits.bytes().all(|digit| digit.is_ascii_digit())
        && !digits.starts_with('0')
        && !digits.starts_with("852");
    is_number.then(|| format!("+{digits}"))
}

/// The verified value of a field from the register's entry.
pub(crate) fn verified_value(
    key: FieldKey,
    name: &crate::PersonName,
    sex: crate::Sex,
    document: &crate::IdentityDocument,
    born: Date,
) -> Option<Value> {
    match key {
        FieldKey::NameEn => Some(name.en.as_str().into()),
        FieldKey::NameZh => name.zh.as_deref().map(Into::into),
        FieldKey::Hkid => Some(document.card()?.as_str().into()),
        FieldKey::Passport => Some(document.passport()?.number.as_str().into()),
        FieldKey::PassportCountry => Some(document.passport()?.country.as_str().into()),
        FieldKey::DateOfBirth => Some(born.to_string().into()),
        FieldKey::Sex => Some(sex.code().into()),
        _ => None,
    }
}
