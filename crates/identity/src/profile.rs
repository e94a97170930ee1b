//! The e-ME profile: what a person lets forms be filled with. Names, identity card number, date of
//! birth and sex come from the register and are locked; the rest is the person's own word.
//!
//! Field names follow the iAM Smart catalogue in meaning, with nouns of our own.

use kernel::{Date, Email, PhoneHk, Text, Time};
use serde::Serialize;
use serde_json::Value;

use crate::{Address, AddressFault, code::codes};

/// Versions of one field that are kept.
pub(crate) const VERSIONS_KEPT: i64 = 20;
/// Bytes of a paper that shows an address.
pub const PROOF_BYTES: usize = 2 * 1024 * 1024;
/// Days after its date that such a paper is taken.
pub const PROOF_DAYS: i64 = 92;
/// Digits of a telephone number with its country code (E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;

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

codes! {
    /// Whose bill shows where somebody lives.
    Utility {
        Clp = "clp",
        HkElectric = "hk_electric",
        Towngas = "towngas",
        WaterSupplies = "wsd",
    }
}

impl Utility {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> Text {
        match self {
            Self::Clp => Text::new("CLP Power", "中華電力"),
            Self::HkElectric => Text::new("HK Electric", "港燈"),
            Self::Towngas => Text::new("Towngas", "煤氣公司"),
            Self::WaterSupplies => Text::new("Water Supplies Department", "水務署"),
        }
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
    let address: Address = serde_json::from_value(value.clone()).map_err(|_| ValueError::Shape)?;
    let address = address.tidied();
    match address.faults().first() {
        None => serde_json::to_value(address).map_err(|_| ValueError::Shape),
        Some((_, AddressFault::Long)) => Err(ValueError::TooLong),
        Some(_) => Err(ValueError::Shape),
    }
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
