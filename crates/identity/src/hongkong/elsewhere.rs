//! The fields of people who live elsewhere: what a company's form receives of somebody who acts for it with
//! a passport. Of holders of an identity card they are left out.

use kernel::Text;
use serde_json::{Map, Value, json};

use super::{caller::Fields, reply::Refusal, word::Word};
use crate::{FieldKey, NAME_EN_CHARS, NAME_ZH_CHARS, Profile};

/// Fields of one request.
const FIELDS_MAX: usize = 5;

/// A field: its name, its key, and what it is called.
type Known = (&'static str, FieldKey, [&'static str; 2]);

const CATALOGUE: [Known; FIELDS_MAX] = [
    ("enName", FieldKey::NameEn, ["name in English", "英文姓名"]),
    ("chName", FieldKey::NameZh, ["name in Chinese", "中文姓名"]),
    ("email", FieldKey::Email, ["e-mail address", "電郵地址"]),
    (
        "countryCode",
        FieldKey::PassportCountry,
        ["country of the passport", "護照簽發國家或地區"],
    ),
    (
        "passport",
        FieldKey::Passport,
        ["passport number", "護照號碼"],
    ),
];

fn find(name: &str) -> Option<&'static Known> {
    CATALOGUE.iter().find(|known| known.0 == name)
}

/// What a field is called, for people.
pub(crate) fn name(key: FieldKey) -> Option<Text> {
    let known = CATALOGUE.iter().find(|known| known.1 == key)?;
    Some(Text::new(known.2[0], known.2[1]))
}

/// The fields a request names, which may be none.
pub(crate) fn read(fields: &Fields) -> Result<Vec<String>, Refusal> {
    let names = fields.list("nonHKResidentFields", FIELDS_MAX)?;
    if !names.iter().all(|name| find(name).is_some()) {
        return Err(Word::Invalid.of("nonHKResidentFields"));
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// The same in words, for the phone.
pub(crate) fn words(names: &[String]) -> Text {
    let known = || names.iter().filter_map(|name| find(name));
    let en: Vec<&str> = known().map(|known| known.2[0]).collect();
    let tc: Vec<&str> = known().map(|known| known.2[1]).collect();
    Text::new(en.join(", "), tc.join("、"))
}

/// The keys behind the names.
pub(crate) fn keys(names: &[String]) -> Vec<FieldKey> {
    let known = names.iter().filter_map(|name| find(name));
    known.map(|known| known.1).collect()
}

/// The values of `names` as they travel; nothing of whoever has an identity card.
pub(crate) fn values(names: &[String], profile: &Profile) -> Option<Map<String, Value>> {
    profile.get(FieldKey::Passport)?;
    let known = names.iter().filter_map(|name| find(name));
    let values = known.filter_map(|(name, key, _)| {
        let text = profile.text(*key)?;
        let most = match key {
            FieldKey::NameEn => NAME_EN_CHARS,
            FieldKey::NameZh => NAME_ZH_CHARS,
            _ => text.len(),
        };
        let value: String = text.chars().take(most).collect();
        Some(((*name).to_owned(), json!(value)))
    });
    Some(values.collect())
}
