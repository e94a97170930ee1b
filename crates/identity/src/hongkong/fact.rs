//! The catalogue of a company's fields as the wire names them, and what registers and the company itself
//! say for each.

use kernel::{Text, Time};
use serde_json::{Map, Value, json};

use super::{caller::Fields, elsewhere, reply::Refusal, word::Word};
use crate::{CompanyStatus, Fact, FactKey, FactSource};

/// Fields of one request in each list.
const FIELDS_MAX: usize = 30;

/// A field of the catalogue: its name, its key, and what it is called.
type Known = (&'static str, FactKey, [&'static str; 2]);

/// What registers hold, asked for as `corpProfileFields`.
const PROFILE: &[Known] = &[
    (
        "ubi",
        FactKey::Ubi,
        ["unique business identifier", "商業登記號碼"],
    ),
    (
        "crn",
        FactKey::CompanyNumber,
        ["company number", "公司註冊編號"],
    ),
    ("duns", FactKey::Duns, ["D-U-N-S number", "鄧白氏編碼"]),
    (
        "lei",
        FactKey::Lei,
        ["legal entity identifier", "法律實體識別編碼"],
    ),
    ("type", FactKey::Kind, ["type of company", "公司類別"]),
    ("status", FactKey::Status, ["status", "公司狀況"]),
    ("engName", FactKey::NameEn, ["name in English", "英文名稱"]),
    ("chiName", FactKey::NameZh, ["name in Chinese", "中文名稱"]),
    (
        "engAddress",
        FactKey::AddressEn,
        ["registered address", "註冊辦事處地址"],
    ),
    (
        "chiAddress",
        FactKey::AddressZh,
        ["registered address", "註冊辦事處地址"],
    ),
    (
        "commencementDate",
        FactKey::Commenced,
        ["date of commencement", "成立日期"],
    ),
    (
        "cessationDate",
        FactKey::Ceased,
        ["date of cessation", "終止日期"],
    ),
    (
        "annualReturnsDate",
        FactKey::AnnualReturn,
        ["date of the annual return", "周年申報表日期"],
    ),
    (
        "brcExpiryDate",
        FactKey::CertificateExpires,
        [
            "expiry of the business registration certificate",
            "商業登記證屆滿日期",
        ],
    ),
];

/// What the company says of itself, asked for as `eCorpFields`.
const DECLARED: &[Known] = &[
    (
        "eCorpAddr",
        FactKey::ContactAddress,
        ["contact address", "聯絡地址"],
    ),
    (
        "eCorpEmailAddr",
        FactKey::Email,
        ["e-mail address", "電郵地址"],
    ),
    ("eCorpTelNo", FactKey::Telephone, ["telephone", "電話"]),
    ("eCorpFaxNo", FactKey::Fax, ["fax", "傳真"]),
    ("eCorpWebsite", FactKey::Website, ["website", "網站"]),
];

/// When each source last agreed. The third is open data, where legal entity identifiers are published.
const STAMPS: &[(&str, FactSource)] = &[
    ("crLstMatchTs", FactSource::CompaniesRegistry),
    ("irdLstMatchTs", FactSource::InlandRevenue),
    ("openDataLstMatchTs", FactSource::Lei),
    ("rcaLstMatchTs", FactSource::Duns),
];

/// The catalogue has it, and nobody here has one: it is accepted and left out.
const UNHELD: &str = "did";

/// The most characters of a name or an address as it travels: what is longer is cut.
const TEXT_CHARS: &[(FactKey, usize)] = &[
    (FactKey::NameEn, 150),
    (FactKey::NameZh, 50),
    (FactKey::AddressEn, 300),
    (FactKey::AddressZh, 100),
];

/// The most characters of a number: a longer one is none, and left out.
const NUMBER_CHARS: &[(FactKey, usize)] = &[
    (FactKey::Ubi, 20),
    (FactKey::CompanyNumber, 7),
    (FactKey::Duns, 9),
    (FactKey::Lei, 20),
];

fn find(name: &str) -> Option<&'static Known> {
    let all = PROFILE.iter().chain(DECLARED);
    all.into_iter().find(|known| known.0 == name)
}

fn is_profile(name: &str) -> bool {
    name == UNHELD
        || PROFILE.iter().any(|known| known.0 == name)
        || STAMPS.iter().any(|stamp| stamp.0 == name)
}

/// The fields a request names, of which there must be one. Bearer authorisations are not known here, so
/// that asking for them is a mistake that is told.
pub(crate) fn read(fields: &Fields) -> Result<Vec<String>, Refusal> {
    elsewhere::read(fields)?;
    if !matches!(
        fields.0.get("authorizationToken"),
        None | Some(Value::Null | Value::Bool(false))
    ) {
        return Err(Word::Invalid.of("authorizationToken"));
    }
    let profile = fields.list("corpProfileFields", FIELDS_MAX)?;
    if !profile.iter().all(|name| is_profile(name)) {
        return Err(Word::Invalid.of("corpProfileFields"));
    }
    let declared = fields.list("eCorpFields", FIELDS_MAX)?;
    let is_declared = |name: &str| DECLARED.iter().any(|known| known.0 == name);
    if !declared.iter().all(|name| is_declared(name)) {
        return Err(Word::Invalid.of("eCorpFields"));
    }
    let all = profile.into_iter().chain(declared).map(str::to_owned);
    let mut all: Vec<String> = all.collect();
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return Err(Word::Empty.of("corpProfileFields"));
    }
    Ok(all)
}

/// The same in words, for the phone.
pub(crate) fn words(names: &[String]) -> Text {
    let mut all: Vec<[&str; 2]> = names
        .iter()
        .filter_map(|name| find(name))
        .map(|known| known.2)
        .collect();
    all.sort_unstable();
    all.dedup();
    let en: Vec<&str> = all.iter().map(|words| words[0]).collect();
    let tc: Vec<&str> = all.iter().map(|words| words[1]).collect();
    Text::new(en.join(", "), tc.join("、"))
}

/// The keys behind the names, each once: what the company reads that a client was told.
pub(crate) fn keys(names: &[String]) -> Vec<FactKey> {
    let found = names.iter().filter_map(|name| find(name));
    let mut keys: Vec<FactKey> = found.map(|known| known.1).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The values of `names` as they travel; what nobody says is left out.
pub(crate) fn values(names: &[String], facts: &[Fact]) -> Map<String, Value> {
    let mut values = Map::new();
    for name in names {
        let stamp = STAMPS.iter().find(|stamp| stamp.0 == name);
        let value = match (find(name), stamp) {
            (Some((_, key, _)), _) => facts
                .iter()
                .find(|fact| fact.key == *key)
                .and_then(|fact| value_of(*key, &fact.value)),
            (None, Some((_, source))) => checked(facts, *source).map(|at| json!(at)),
            (None, None) => None,
        };
        if let Some(value) = value {
            values.insert(name.clone(), value);
        }
    }
    values
}

fn checked(facts: &[Fact], source: FactSource) -> Option<i64> {
    let times = facts.iter().filter(|fact| fact.source == source);
    let latest: Option<Time> = times.map(|fact| fact.checked).max();
    latest.map(|at| at.micros() / 1_000)
}

fn value_of(key: FactKey, value: &str) -> Option<Value> {
    let limit = |all: &[(FactKey, usize)]| {
        let found = all.iter().find(|(known, _)| *known == key);
        found.map(|(_, chars)| *chars)
    };
    if limit(NUMBER_CHARS).is_some_and(|chars| value.chars().count() > chars) {
        return None;
    }
    Some(match key {
        FactKey::Kind => json!(kind_of(value)?),
        // Our codes of a status have nothing to put in: the placeholders are there and empty.
        FactKey::Status => json!({
            "statusCode": status_of(value)?,
            "engStatusPlaceholder": "",
            "chiStatusPlaceholder": "",
        }),
        FactKey::Commenced
        | FactKey::Ceased
        | FactKey::AnnualReturn
        | FactKey::CertificateExpires => json!(value.replace('-', "")),
        _ => match limit(TEXT_CHARS) {
            Some(chars) => json!(value.chars().take(chars).collect::<String>()),
            None => json!(value),
        },
    })
}

/// The published code of a type of company; a type without one is left out.
fn kind_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "public" => "C10100",
        "private" => "C10110",
        "guarantee" => "C10120",
        "non_hong_kong" => "C10300",
        _ => return None,
    })
}

/// The published code of a status. A company that is being wound up is still on the register.
fn status_of(status: &str) -> Option<&'static str> {
    Some(match status.parse().ok()? {
        CompanyStatus::Live | CompanyStatus::WindingUp => "S10100",
        CompanyStatus::Dormant => "S10130",
        CompanyStatus::Dissolved => "S10200",
    })
}
