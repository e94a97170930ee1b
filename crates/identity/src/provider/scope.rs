//! Scopes and claims: what of a person a client may ask for, in the words of OpenID Connect Core
//! section 5, each tied to fields of the e-ME profile.

use kernel::Text;
use serde_json::{Map, Value, json};

use crate::{Address, AddressKind, FieldKey, Profile, code::codes};

codes! {
    /// A scope.
    Scope {
        Openid = "openid",
        Profile = "profile",
        Email = "email",
        Phone = "phone",
        Address = "address",
        OfflineAccess = "offline_access",
        Sign = "sign",
        /// Officers of the client's department may read it for the person, each time with a reason.
        OnBehalf = "on_behalf",
    }
}

codes! {
    /// A claim about a person.
    Claim {
        Name = "name",
        NameZh = "name#zh-Hant",
        Birthdate = "birthdate",
        Gender = "gender",
        Email = "email",
        PhoneNumber = "phone_number",
        Address = "address",
    }
}

impl Scope {
    /// The claims the scope stands for.
    #[must_use]
    pub const fn claims(self) -> &'static [Claim] {
        match self {
            Self::Profile => &[Claim::Name, Claim::NameZh, Claim::Birthdate, Claim::Gender],
            Self::Email => &[Claim::Email],
            Self::Phone => &[Claim::PhoneNumber],
            Self::Address => &[Claim::Address],
            Self::Openid | Self::OfflineAccess | Self::Sign | Self::OnBehalf => &[],
        }
    }
}

impl Scope {
    /// What a phone shows the scope as; nothing for those that read nothing.
    #[must_use]
    pub fn label(self) -> Option<Text> {
        Some(match self {
            Self::Openid => return None,
            Self::Profile => Text::new("Reads name, birth, sex", "讀取姓名、出生日期、性別"),
            Self::Email => Text::new("Reads e-mail address", "讀取電郵地址"),
            Self::Phone => Text::new("Reads mobile number", "讀取流動電話號碼"),
            Self::Address => Text::new("Reads address", "讀取住址"),
            Self::Sign => Text::new("Asks you to sign documents", "要求你簽署文件"),
            Self::OnBehalf => Text::new("Its officers read it for you", "其人員代你讀取"),
            Self::OfflineAccess => Text::new("Reads while you are away", "在你沒有登入期間讀取"),
        })
    }
}

impl Claim {
    /// The field of the profile behind the claim.
    #[must_use]
    pub const fn field(self) -> FieldKey {
        match self {
            Self::Name => FieldKey::NameEn,
            Self::NameZh => FieldKey::NameZh,
            Self::Birthdate => FieldKey::DateOfBirth,
            Self::Gender => FieldKey::Sex,
            Self::Email => FieldKey::Email,
            Self::PhoneNumber => FieldKey::Mobile,
            Self::Address => FieldKey::ResidentialAddress,
        }
    }

    /// The scope whose registration allows the claim.
    #[must_use]
    pub fn scope(self) -> Scope {
        let found = Scope::ALL
            .iter()
            .find(|scope| scope.claims().contains(&self));
        found.copied().unwrap_or(Scope::Profile)
    }

    fn value(self, profile: &Profile) -> Option<Value> {
        let value = &profile.get(self.field())?.value;
        Some(match self {
            Self::Gender => match value.as_str()? {
                "F" => json!("female"),
                _ => json!("male"),
            },
            Self::Address => address(value),
            Self::PhoneNumber => {
                let digits = value.as_str()?;
                let full = if digits.starts_with('+') {
                    digits.to_owned()
                } else {
                    format!("+852{digits}")
                };
                json!(full)
            }
            _ => value.clone(),
        })
    }
}

/// OpenID Connect Core section 5.1.1; the parts are those of a Hong Kong address.
fn address(value: &Value) -> Value {
    let address: Address = serde_json::from_value(value.clone()).unwrap_or_default();
    let formatted = address.envelope().join("\n");
    if address.kind == AddressKind::Free {
        return json!({ "formatted": formatted });
    }
    let street = match address.street_line() {
        street if street.is_empty() => address.lot_line(),
        street => street,
    };
    json!({
        "formatted": formatted,
        "street_address": street,
        "locality": address.district,
        "region": address.area,
        "country": "HK",
    })
}

/// The claims of `wanted` that the profile holds.
#[must_use]
pub(crate) fn claims_of(profile: &Profile, wanted: &[Claim]) -> Map<String, Value> {
    let mut claims = Map::new();
    for claim in wanted {
        if let Some(value) = claim.value(profile) {
            claims.insert(claim.code().to_owned(), value);
        }
    }
    let is_own = |claim: &Claim| claims.contains_key(claim.code());
    if is_own(&Claim::Email) {
        let held = profile.get(FieldKey::Email);
        let is_proven = held.is_some_and(|one| one.source == crate::Source::Verified);
        claims.insert("email_verified".to_owned(), Value::Bool(is_proven));
    }
    claims
}
