//! Answers: typed values by question id, and their canonical JSON form (sorted keys, no floats), which
//! is what is stored, hashed and signed.

use std::collections::BTreeMap;

use kernel::{Date, Money};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// The answer to one question. Absence is the absence of the key in [`Answers`].
///
/// JSON forms: texts, choices and dates are strings, `Int` a number, `Money` a number of cents, `Bool`
/// a boolean, `Choices` an array of ids, `Address` an object, `Files` an array of objects, `Items` an
/// array of answer objects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(untagged)]
pub enum Value {
    Text(String),
    Int(i64),
    Money(Money),
    Date(Date),
    Bool(bool),
    Choice(String),
    Choices(Vec<String>),
    Address(Address),
    Files(Vec<FileAnswer>),
    Items(Vec<Answers>),
}

impl Value {
    /// An empty list, or an address with nothing in it, is no answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Choice(text) => text.is_empty(),
            Self::Choices(ids) => ids.is_empty(),
            Self::Files(files) => files.is_empty(),
            Self::Items(items) => items.is_empty(),
            Self::Address(address) => *address == Address::default(),
            Self::Int(_) | Self::Money(_) | Self::Date(_) | Self::Bool(_) => false,
        }
    }

    /// The text of a text or choice answer.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Choice(text) => Some(text),
            _ => None,
        }
    }
}

/// A Hong Kong address. `district` is an id of [`DISTRICTS`]; the other parts are as written by the
/// person, in either language, and never converted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub flat: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub floor: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub block: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub building: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub estate: String,
    /// Number and name of the street, or the village.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub street: String,
    pub district: String,
}

impl Address {
    /// Names of the parts in the order of a form.
    pub const PARTS: [&'static str; 7] = [
        "flat", "floor", "block", "building", "estate", "street", "district",
    ];

    /// The part called `name`, one of [`Address::PARTS`].
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&str> {
        Some(match name {
            "flat" => &self.flat,
            "floor" => &self.floor,
            "block" => &self.block,
            "building" => &self.building,
            "estate" => &self.estate,
            "street" => &self.street,
            "district" => &self.district,
            _ => return None,
        })
    }

    pub(crate) fn part_mut(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "flat" => &mut self.flat,
            "floor" => &mut self.floor,
            "block" => &mut self.block,
            "building" => &mut self.building,
            "estate" => &mut self.estate,
            "street" => &mut self.street,
            "district" => &mut self.district,
            _ => return None,
        })
    }

    /// `hong_kong`, `kowloon` or `new_territories`, by the district.
    #[must_use]
    pub fn area(&self) -> Option<&'static str> {
        DISTRICTS
            .iter()
            .find(|district| district.id == self.district)
            .map(|district| district.area)
    }
}

/// One of the 18 districts.
#[derive(Debug, Clone, Copy)]
pub struct District {
    pub id: &'static str,
    /// An id of [`AREAS`].
    pub area: &'static str,
    pub en: &'static str,
    pub tc: &'static str,
}

/// The three areas of Hong Kong: id, English, Chinese.
pub const AREAS: [(&str, &str, &str); 3] = [
    ("hong_kong", "Hong Kong Island", "香港島"),
    ("kowloon", "Kowloon", "九龍"),
    ("new_territories", "New Territories", "新界"),
];

const fn district(
    id: &'static str,
    area: &'static str,
    en: &'static str,
    tc: &'static str,
) -> District {
    District { id, area, en, tc }
}

/// The 18 districts (District Councils Ordinance, Cap. 547, Schedule 1).
pub const DISTRICTS: [District; 18] = [
    district(
        "central_and_western",
        "hong_kong",
        "Central and Western",
        "中西區",
    ),
    district("wan_chai", "hong_kong", "Wan Chai", "灣仔"),
    district("eastern", "hong_kong", "Eastern", "東區"),
    district("southern", "hong_kong", "Southern", "南區"),
    district("yau_tsim_mong", "kowloon", "Yau Tsim Mong", "油尖旺"),
    district("sham_shui_po", "kowloon", "Sham Shui Po", "深水埗"),
    district("kowloon_city", "kowloon", "Kowloon City", "九龍城"),
    district("wong_tai_sin", "kowloon", "Wong Tai Sin", "黃大仙"),
    district("kwun_tong", "kowloon", "Kwun Tong", "觀塘"),
    district("tsuen_wan", "new_territories", "Tsuen Wan", "荃灣"),
    district("tuen_mun", "new_territories", "Tuen Mun", "屯門"),
    district("yuen_long", "new_territories", "Yuen Long", "元朗"),
    district("north", "new_territories", "North", "北區"),
    district("tai_po", "new_territories", "Tai Po", "大埔"),
    district("sha_tin", "new_territories", "Sha Tin", "沙田"),
    district("sai_kung", "new_territories", "Sai Kung", "西貢"),
    district("kwai_tsing", "new_territories", "Kwai Tsing", "葵青"),
    district("islands", "new_territories", "Islands", "離島"),
];

/// One uploaded file as an answer. The bytes are elsewhere; the digest ties the answer to them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAnswer {
    /// The upload's id, as text.
    pub id: String,
    /// The name the person's file had.
    pub name: String,
    /// An id of [`crate::FileKind`]: `pdf`, `jpeg`, …
    pub kind: String,
    pub bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
}

/// Answers by question id. The order is that of the ids, so that equal answers have equal JSON.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, Value>);

impl Answers {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// Sets an answer; an empty one is removed.
    pub fn set(&mut self, field: impl Into<String>, value: Value) {
        let field = field.into();
        if value.is_empty() {
            self.0.remove(&field);
        } else {
            self.0.insert(field, value);
        }
    }

    pub fn remove(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field)
    }

    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(id, value)| (id.as_str(), value))
    }

    /// The canonical JSON object.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let entries = self
            .0
            .iter()
            .map(|(id, value)| (id.clone(), value.to_json()));
        Json::Object(entries.collect::<Map<_, _>>())
    }

    /// The canonical JSON text: keys sorted at every level, no spaces. This is what is hashed and
    /// signed.
    #[must_use]
    pub fn canonical(&self) -> String {
        self.to_json().to_string()
    }
}

impl Value {
    /// The JSON form described at [`Value`].
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(text) | Self::Choice(text) => Json::from(text.as_str()),
            Self::Int(number) => Json::from(*number),
            Self::Money(money) => Json::from(money.cents()),
            Self::Date(date) => Json::from(date.to_string()),
            Self::Bool(truth) => Json::from(*truth),
            Self::Choices(ids) => Json::from(ids.clone()),
            Self::Address(address) => sorted(&Address::PARTS, |part| {
                address
                    .part(part)
                    .filter(|text| !text.is_empty())
                    .map(Json::from)
            }),
            Self::Files(files) => files.iter().map(FileAnswer::to_json).collect(),
            Self::Items(items) => items.iter().map(Answers::to_json).collect(),
        }
    }
}

impl FileAnswer {
    fn to_json(&self) -> Json {
        let parts = ["id", "name", "kind", "bytes", "sha256"];
        sorted(&parts, |part| {
            Some(match part {
                "id" => Json::from(self.id.as_str()),
                "name" => Json::from(self.name.as_str()),
                "kind" => Json::from(self.kind.as_str()),
                "bytes" => Json::from(self.bytes),
                _ => Json::from(self.sha256.as_str()),
            })
        })
    }
}

fn sorted(parts: &[&str], value: impl Fn(&str) -> Option<Json>) -> Json {
    let entries: BTreeMap<&str, Json> = parts
        .iter()
        .filter_map(|part| value(part).map(|json| (*part, json)))
        .collect();
    Json::Object(
        entries
            .into_iter()
            .map(|(part, json)| (part.to_owned(), json))
            .collect(),
    )
}
