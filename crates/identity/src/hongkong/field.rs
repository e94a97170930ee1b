//! The catalogue of fields as the wire names them, and what a profile holds for each.

use kernel::Text;
use serde_json::{Map, Value, json};

use super::{caller::Fields, reply::Refusal, word::Word};
use crate::{Address, AddressKind, AddressProof, FieldKey, Profile};

/// Fields of one request.
const FIELDS_MAX: usize = 20;
/// The kind of survey that numbers the lots of villages: by demarcation district.
const LOT_SURVEY: &str = "DD";
/// The country code of a local telephone number.
const HONG_KONG: &str = "852";

/// Which list a field stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum List {
    /// From the register.
    Profile,
    /// The person's own word.
    Eme,
}

/// A field of the catalogue.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    list: List,
    pub(crate) key: FieldKey,
    en: &'static str,
    tc: &'static str,
}

const fn known(
    name: &'static str,
    list: List,
    key: FieldKey,
    [en, tc]: [&'static str; 2],
) -> Known {
    Known {
        name,
        list,
        key,
        en,
        tc,
    }
}

/// Every field that can be asked for.
const CATALOGUE: &[Known] = &[
    known(
        "idNo",
        List::Profile,
        FieldKey::Hkid,
        ["identity card number", "身分證號碼"],
    ),
    known(
        "enName",
        List::Profile,
        FieldKey::NameEn,
        ["name in English", "英文姓名"],
    ),
    known(
        "chName",
        List::Profile,
        FieldKey::NameZh,
        ["name in Chinese", "中文姓名"],
    ),
    known(
        "chNameVerified",
        List::Profile,
        FieldKey::NameZh,
        ["name in Chinese", "中文姓名"],
    ),
    known(
        "birthDate",
        List::Profile,
        FieldKey::DateOfBirth,
        ["date of birth", "出生日期"],
    ),
    known("gender", List::Profile, FieldKey::Sex, ["sex", "性別"]),
    known(
        "prefix",
        List::Eme,
        FieldKey::Prefix,
        ["form of address", "稱謂"],
    ),
    known(
        "maritalStatus",
        List::Eme,
        FieldKey::MaritalStatus,
        ["marital status", "婚姻狀況"],
    ),
    known(
        "homeTelNumber",
        List::Eme,
        FieldKey::HomePhone,
        ["home telephone", "住宅電話"],
    ),
    known(
        "officeTelNumber",
        List::Eme,
        FieldKey::OfficePhone,
        ["office telephone", "辦公室電話"],
    ),
    known(
        "mobileNumber",
        List::Eme,
        FieldKey::Mobile,
        ["mobile telephone", "流動電話"],
    ),
    known(
        "emailAddress",
        List::Eme,
        FieldKey::Email,
        ["e-mail address", "電郵地址"],
    ),
    known(
        "residentialAddress",
        List::Eme,
        FieldKey::ResidentialAddress,
        ["home address", "住址"],
    ),
    known(
        "postalAddress",
        List::Eme,
        FieldKey::PostalAddress,
        ["postal address", "通訊地址"],
    ),
    known(
        "educationLevel",
        List::Eme,
        FieldKey::Education,
        ["education", "教育程度"],
    ),
    known(
        "addressDocInfo",
        List::Eme,
        FieldKey::ResidentialAddress,
        ["proof of address", "住址證明"],
    ),
    known(
        "addressDocFile",
        List::Eme,
        FieldKey::ResidentialAddress,
        ["proof of address", "住址證明"],
    ),
];

fn find(name: &str) -> Option<&'static Known> {
    CATALOGUE.iter().find(|one| one.name == name)
}

/// The fields a request names. `profileFields` hold only what the register vouches for; `eMEFields` may
/// hold any.
pub(crate) fn read(fields: &Fields, has_eme: bool) -> Result<Vec<String>, Refusal> {
    let all = listed(fields, has_eme)?;
    if all.is_empty() {
        return Err(Word::Empty.of(if has_eme {
            "eMEFields"
        } else {
            "profileFields"
        }));
    }
    Ok(all)
}

/// The same where none need be named: a form of a company may ask nothing of its person.
pub(crate) fn read_any(fields: &Fields) -> Result<Vec<String>, Refusal> {
    listed(fields, true)
}

fn listed(fields: &Fields, has_eme: bool) -> Result<Vec<String>, Refusal> {
    let own = fields.list("profileFields", FIELDS_MAX)?;
    let is_profile = |name: &str| find(name).is_some_and(|one| one.list == List::Profile);
    if !own.iter().all(|name| is_profile(name)) {
        return Err(Word::Invalid.of("profileFields"));
    }
    let eme = if has_eme {
        fields.list("eMEFields", FIELDS_MAX)?
    } else {
        Vec::new()
    };
    if !eme.iter().all(|name| find(name).is_some()) {
        return Err(Word::Invalid.of("eMEFields"));
    }
    let mut all: Vec<String> = own.into_iter().chain(eme).map(str::to_owned).collect();
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// The same in words, for the phone.
pub(crate) fn words(names: &[String]) -> Text {
    let mut all: Vec<&Known> = names.iter().filter_map(|name| find(name)).collect();
    all.dedup_by_key(|one| one.en);
    let en: Vec<&str> = all.iter().map(|one| one.en).collect();
    let tc: Vec<&str> = all.iter().map(|one| one.tc).collect();
    Text::new(en.join(", "), tc.join("、"))
}

/// What a field is called, for people.
pub(crate) fn name(key: FieldKey) -> Text {
    match CATALOGUE.iter().find(|one| one.key == key) {
        Some(one) => Text::new(one.en, one.tc),
        None => super::elsewhere::name(key).unwrap_or_else(|| Text::same(key.code())),
    }
}

/// The keys behind the names, each once.
pub(crate) fn keys(names: &[String]) -> Vec<FieldKey> {
    let mut keys: Vec<FieldKey> = names
        .iter()
        .filter_map(|name| find(name))
        .map(|one| one.key)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Whether the paper that shows an address is asked for, and its content as well.
pub(crate) fn proof_asked(names: &[String]) -> (bool, bool) {
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let has_file = has("addressDocFile");
    (has("addressDocInfo") || has_file, has_file)
}

/// The values of `names` as they travel; what a person has not filled in is left out, and so is a paper
/// that is no PDF.
pub(crate) fn values(
    names: &[String],
    profile: &Profile,
    proof: Option<(&AddressProof, Option<&[u8]>)>,
) -> Map<String, Value> {
    let proof = proof.filter(|(proof, _)| proof.is_pdf());
    let mut values = Map::new();
    for one in names.iter().filter_map(|name| find(name)) {
        let value = match one.name {
            "addressDocInfo" => proof.map(|(proof, _)| info_of(proof)),
            "addressDocFile" => proof
                .and_then(|(_, file)| file)
                .map(|file| json!(trust::base64url::encode_standard(file))),
            "chNameVerified" => profile.get(one.key).map(|_| json!(true)),
            _ => profile
                .get(one.key)
                .and_then(|field| value_of(one.key, &field.value)),
        };
        if let Some(value) = value {
            values.insert(one.name.to_owned(), value);
        }
    }
    values
}

fn info_of(proof: &AddressProof) -> Value {
    let mut info = json!({
        "fileName": proof.file_name,
        "fileType": proof.media_type,
        "hash": trust::base64url::encode_standard(proof.sha256),
        "billDate": compact(&proof.dated.to_string()),
    });
    if let (Some(info), Some(provider)) = (info.as_object_mut(), proof.provider) {
        info.insert("provider".to_owned(), json!(provider.code()));
    }
    info
}

fn compact(date: &str) -> String {
    date.replace('-', "")
}

fn value_of(key: FieldKey, value: &Value) -> Option<Value> {
    if matches!(key, FieldKey::ResidentialAddress | FieldKey::PostalAddress) {
        let address: Address = serde_json::from_value(value.clone()).ok()?;
        return Some(address_of(&address));
    }
    let text = value.as_str()?;
    Some(match key {
        FieldKey::Hkid => {
            let (stem, check) = text.split_once('(')?;
            json!({ "Identification": stem, "CheckDigit": check.trim_end_matches(')') })
        }
        FieldKey::NameEn => json!({ "UnstructuredName": text }),
        FieldKey::NameZh => json!({ "ChineseName": text }),
        FieldKey::DateOfBirth => json!(compact(text)),
        FieldKey::Mobile | FieldKey::HomePhone | FieldKey::OfficePhone => {
            let (country, number) = match text.strip_prefix('+') {
                Some(abroad) => abroad.split_at_checked(country_digits(abroad))?,
                None => (HONG_KONG, text),
            };
            json!({ "CountryCode": country, "SubscriberNumber": number })
        }
        _ => json!(text),
    })
}

/// How many digits the country code of an international number has, by the plan of ITU-T E.164.
fn country_digits(number: &str) -> usize {
    const TWO: &[&str] = &[
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
    ];
    if number.starts_with(['1', '7']) {
        1
    } else if TWO.iter().any(|code| number.starts_with(code)) {
        2
    } else {
        3
    }
}

/// One of the four forms of an address in the Government's common schema.
fn address_of(address: &Address) -> Value {
    match address.kind {
        AddressKind::PremisesEn => json!({ "EngPremisesAddress": premises(address, "Eng") }),
        AddressKind::PremisesZh => json!({ "ChiPremisesAddress": premises(address, "Chi") }),
        AddressKind::Free => {
            let lines = address.lines.lines().enumerate();
            let lines: Map<String, Value> = lines
                .map(|(place, line)| (format!("AddressLine{}", place + 1), json!(line)))
                .collect();
            json!({ "FreeFormatAddress": lines })
        }
        AddressKind::PostBox => json!({
            "PostBoxAddress": { "PoBoxNo": address.post_box, "PostOffice": address.building }
        }),
    }
}

/// Premises by the names of the Government's common schema; what is empty is left out.
fn premises(address: &Address, language: &str) -> Value {
    let own = |name: &str| format!("{language}{name}");
    let text = |name: &str, text: &str| (name.to_owned(), json!(text));
    let phase = filled([text("PhaseName", &address.phase)]);
    let floor = filled([text("FloorNum", &address.floor)]);
    let unit = filled([text("UnitNo", &address.flat)]);
    let lot = &address.lot;
    let dd_type = if lot.dd.is_empty() { "" } else { LOT_SURVEY };
    filled([
        text("Region", &address.area.to_uppercase()),
        (
            own("District"),
            filled([
                text("DcDistrict", &address.district),
                text("Sub-district", &address.sub_district),
            ]),
        ),
        text("BuildingName", &address.building),
        (
            own("Estate"),
            filled([text("EstateName", &address.estate), (own("Phase"), phase)]),
        ),
        (
            own("Street"),
            filled([
                text("StreetName", &address.street),
                text("BuildingNoFrom", &address.number_from),
                text("BuildingNoTo", &address.number_to),
            ]),
        ),
        (own("Block"), filled([text("BlockNo", &address.block)])),
        (
            own("3dAddress"),
            filled([(own("Floor"), floor), (own("Unit"), unit)]),
        ),
        (
            "Lot".to_owned(),
            filled([
                text("DdType", dd_type),
                text("DdNo", &lot.dd),
                text("LotNo", &lot.number),
                text("Section", &lot.section),
                text("SubSection", &lot.subsection),
            ]),
        ),
    ])
}

/// The parts that hold something.
fn filled<const N: usize>(parts: [(String, Value); N]) -> Value {
    let is_filled = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Object(parts) => !parts.is_empty(),
        _ => true,
    };
    let parts = parts.into_iter().filter(|(_, value)| is_filled(value));
    Value::Object(parts.collect())
}
