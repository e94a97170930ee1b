//! Every field of the catalogues, as it travels.

use kernel::Time;
use serde_json::{Value, json};
use trust::{base64url, digest};

use crate::{
    Address, AddressKind, AddressProof, Fact, FactKey, FactSource, Field, FieldKey, Profile,
    Source, Utility,
    hongkong::{fact, field},
};

const NOON: Time = Time::from_seconds(1_790_000_000);

fn profile(fields: &[(FieldKey, Value)]) -> Profile {
    let fields = fields.iter().map(|(key, value)| Field {
        key: *key,
        value: value.clone(),
        source: Source::SelfDeclared,
        updated: NOON,
    });
    Profile {
        fields: fields.collect(),
    }
}

fn told(name: &str, key: FieldKey, value: Value) -> Value {
    let known = profile(&[(key, value)]);
    let mut values = field::values(&[name.to_owned()], &known, None);
    values.remove(name).unwrap_or_default()
}

/// A name, what a profile holds, and what travels, as JSON.
const OF_A_PERSON: &[(&str, FieldKey, &str, &str)] = &[
    (
        "idNo",
        FieldKey::Hkid,
        "A123456(3)",
        r#"{"Identification":"A123456","CheckDigit":"3"}"#,
    ),
    (
        "enName",
        FieldKey::NameEn,
        "CHAN Tai Man",
        r#"{"UnstructuredName":"CHAN Tai Man"}"#,
    ),
    (
        "chName",
        FieldKey::NameZh,
        "陳大文",
        r#"{"ChineseName":"陳大文"}"#,
    ),
    ("chNameVerified", FieldKey::NameZh, "陳大文", "true"),
    (
        "birthDate",
        FieldKey::DateOfBirth,
        "1990-02-03",
        r#""19900203""#,
    ),
    ("gender", FieldKey::Sex, "M", r#""M""#),
    ("prefix", FieldKey::Prefix, "mr", r#""mr""#),
    (
        "maritalStatus",
        FieldKey::MaritalStatus,
        "single",
        r#""single""#,
    ),
    (
        "homeTelNumber",
        FieldKey::HomePhone,
        "21230001",
        r#"{"CountryCode":"852","SubscriberNumber":"21230001"}"#,
    ),
    (
        "officeTelNumber",
        FieldKey::OfficePhone,
        "+442071234567",
        r#"{"CountryCode":"44","SubscriberNumber":"2071234567"}"#,
    ),
    (
        "mobileNumber",
        FieldKey::Mobile,
        "+8613800138000",
        r#"{"CountryCode":"86","SubscriberNumber":"13800138000"}"#,
    ),
    (
        "mobileNumber",
        FieldKey::Mobile,
        "+85366123456",
        r#"{"CountryCode":"853","SubscriberNumber":"66123456"}"#,
    ),
    (
        "mobileNumber",
        FieldKey::Mobile,
        "+12025550123",
        r#"{"CountryCode":"1","SubscriberNumber":"2025550123"}"#,
    ),
    (
        "mobileNumber",
        FieldKey::Mobile,
        "+79161234567",
        r#"{"CountryCode":"7","SubscriberNumber":"9161234567"}"#,
    ),
    (
        "emailAddress",
        FieldKey::Email,
        "a@example.com",
        r#""a@example.com""#,
    ),
    (
        "educationLevel",
        FieldKey::Education,
        "degree",
        r#""degree""#,
    ),
];

#[test]
fn every_field_of_a_person_travels_in_its_published_form() {
    for (name, key, held, expected) in OF_A_PERSON {
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(told(name, *key, json!(held)), expected, "{name} {held}");
    }
    assert_eq!(
        told("chName", FieldKey::NameEn, json!("CHAN Tai Man")),
        Value::Null,
        "what a person has not filled in is left out"
    );
}

#[test]
fn an_address_travels_in_the_one_of_four_forms_that_it_has() {
    let premises = Address {
        flat: "A".to_owned(),
        floor: "3".to_owned(),
        block: "2".to_owned(),
        building: "Sample House".to_owned(),
        street: "1 Example Road".to_owned(),
        district: "Sha Tin".to_owned(),
        area: "nt".to_owned(),
        ..Address::default()
    };
    let sent = |name: &str, key, address: &Address| told(name, key, json!(address));
    let english = sent(
        "residentialAddress",
        FieldKey::ResidentialAddress,
        &premises,
    );
    let within = &english["EngPremisesAddress"];
    assert_eq!(within["Region"], "NT", "{english}");
    assert_eq!(within["EngDistrict"]["DcDistrict"], "Sha Tin");
    assert_eq!(within["BuildingName"], "Sample House");
    assert_eq!(within["EngStreet"]["StreetName"], "1 Example Road");
    assert_eq!(within["EngBlock"]["BlockNo"], "2");
    assert_eq!(within["Eng3dAddress"]["EngFloor"]["FloorNum"], "3");
    assert_eq!(within["Eng3dAddress"]["EngUnit"]["UnitNo"], "A");
    let chinese = Address {
        kind: AddressKind::PremisesZh,
        building: "示例大廈".to_owned(),
        ..premises.clone()
    };
    let chinese = sent("postalAddress", FieldKey::PostalAddress, &chinese);
    assert_eq!(chinese["ChiPremisesAddress"]["BuildingName"], "示例大廈");
    assert!(chinese["ChiPremisesAddress"]["Chi3dAddress"]["ChiUnit"].is_object());
    let free = Address {
        kind: AddressKind::Free,
        lines: "1 High Street\nLondon".to_owned(),
        ..Address::default()
    };
    assert_eq!(
        sent("postalAddress", FieldKey::PostalAddress, &free),
        json!({ "FreeFormatAddress": { "AddressLine1": "1 High Street", "AddressLine2": "London" } })
    );
    let boxed = Address {
        kind: AddressKind::PostBox,
        post_box: "1234".to_owned(),
        building: "General Post Office".to_owned(),
        ..Address::default()
    };
    assert_eq!(
        sent("postalAddress", FieldKey::PostalAddress, &boxed),
        json!({ "PostBoxAddress": { "PoBoxNo": "1234", "PostOffice": "General Post Office" } })
    );
}

#[test]
fn every_part_of_premises_travels_under_the_name_of_the_common_schema() {
    let premises = json!({
        "flat": "A", "estate": "Example Garden", "phase": "2", "number_from": "12",
        "number_to": "14", "street": "Sample Road", "sub_district": "Tai Wai",
        "district": "Sha Tin", "area": "nt",
        "lot": { "dd": "123", "number": "456RP", "section": "A", "subsection": "1" },
    });
    let lot = json!({
        "DdType": "DD", "DdNo": "123", "LotNo": "456RP", "Section": "A", "SubSection": "1",
    });
    assert_eq!(
        told("postalAddress", FieldKey::PostalAddress, premises.clone()),
        json!({ "EngPremisesAddress": {
            "Region": "NT",
            "EngDistrict": { "DcDistrict": "Sha Tin", "Sub-district": "Tai Wai" },
            "EngEstate": { "EstateName": "Example Garden", "EngPhase": { "PhaseName": "2" } },
            "EngStreet": {
                "StreetName": "Sample Road", "BuildingNoFrom": "12", "BuildingNoTo": "14",
            },
            "Eng3dAddress": { "EngUnit": { "UnitNo": "A" } },
            "Lot": lot,
        } })
    );
    let mut chinese = premises;
    chinese["kind"] = json!("premises_zh");
    let sent = told("postalAddress", FieldKey::PostalAddress, chinese);
    let within = &sent["ChiPremisesAddress"];
    assert_eq!(within["ChiEstate"]["ChiPhase"]["PhaseName"], "2");
    assert_eq!(within["ChiStreet"]["BuildingNoTo"], "14");
    assert_eq!(within["ChiDistrict"]["Sub-district"], "Tai Wai");
    assert_eq!(within["Lot"], lot);
}

#[test]
fn the_paper_behind_an_address_travels_with_its_digest_and_its_date() {
    let proof = AddressProof {
        file_name: "bill.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        provider: Some(Utility::HkElectric),
        sha256: digest::sha256("a bill"),
        dated: "2026-03-04".parse().unwrap(),
        uploaded: NOON,
    };
    let names = ["addressDocFile", "addressDocInfo"].map(str::to_owned);
    let sent = field::values(&names, &profile(&[]), Some((&proof, Some(b"a bill"))));
    assert_eq!(
        sent["addressDocInfo"],
        json!({
            "fileName": "bill.pdf", "fileType": "application/pdf", "billDate": "20260304",
            "provider": "hk_electric",
            "hash": base64url::encode_standard(digest::sha256("a bill")),
        })
    );
    assert_eq!(sent["addressDocFile"], base64url::encode_standard("a bill"));
    let photo = AddressProof {
        media_type: "image/jpeg".to_owned(),
        ..proof.clone()
    };
    let sent = field::values(&names, &profile(&[]), Some((&photo, Some(b"a bill"))));
    assert!(sent.is_empty(), "only PDF travels");
    let unnamed = AddressProof {
        provider: None,
        ..proof
    };
    let sent = field::values(&names, &profile(&[]), Some((&unnamed, None)));
    assert_eq!(sent["addressDocInfo"].get("provider"), None);
    assert!(field::values(&names, &profile(&[]), None).is_empty());
}

fn said(name: &str, key: FactKey, value: &str) -> Option<Value> {
    let fact = Fact {
        key,
        value: value.to_owned(),
        source: FactSource::CompaniesRegistry,
        checked: NOON,
    };
    fact::values(&[name.to_owned()], &[fact]).remove(name)
}

/// A name, what a register says, and what travels.
const OF_A_COMPANY: &[(&str, FactKey, &str, &str)] = &[
    ("ubi", FactKey::Ubi, "99000018", "99000018"),
    ("crn", FactKey::CompanyNumber, "9900001", "9900001"),
    ("duns", FactKey::Duns, "990000018", "990000018"),
    (
        "lei",
        FactKey::Lei,
        "9900ABCDEFGH12345678",
        "9900ABCDEFGH12345678",
    ),
    ("type", FactKey::Kind, "private", "C10110"),
    ("type", FactKey::Kind, "public", "C10100"),
    ("type", FactKey::Kind, "guarantee", "C10120"),
    ("type", FactKey::Kind, "non_hong_kong", "C10300"),
    (
        "engName",
        FactKey::NameEn,
        "A Company Limited",
        "A Company Limited",
    ),
    ("chiName", FactKey::NameZh, "一間公司", "一間公司"),
    ("engAddress", FactKey::AddressEn, "1 Road", "1 Road"),
    ("chiAddress", FactKey::AddressZh, "一號", "一號"),
    (
        "commencementDate",
        FactKey::Commenced,
        "2020-01-02",
        "20200102",
    ),
    ("cessationDate", FactKey::Ceased, "2025-01-02", "20250102"),
    (
        "annualReturnsDate",
        FactKey::AnnualReturn,
        "2026-01-02",
        "20260102",
    ),
    (
        "brcExpiryDate",
        FactKey::CertificateExpires,
        "2027-01-02",
        "20270102",
    ),
    ("eCorpAddr", FactKey::ContactAddress, "2 Road", "2 Road"),
    (
        "eCorpEmailAddr",
        FactKey::Email,
        "a@example.com",
        "a@example.com",
    ),
    ("eCorpTelNo", FactKey::Telephone, "21230001", "21230001"),
    ("eCorpFaxNo", FactKey::Fax, "21230002", "21230002"),
    (
        "eCorpWebsite",
        FactKey::Website,
        "https://a.example",
        "https://a.example",
    ),
];

#[test]
fn every_field_of_a_company_travels_in_its_published_form() {
    for (name, key, held, expected) in OF_A_COMPANY {
        assert_eq!(said(name, *key, held), Some(json!(expected)), "{name}");
    }
    let stamp = said("crLstMatchTs", FactKey::NameEn, "any");
    assert_eq!(stamp, Some(json!(NOON.micros() / 1_000)));
}

#[test]
fn what_a_company_s_field_cannot_be_is_left_out_or_cut() {
    for (status, code) in [
        ("live", "S10100"),
        ("winding_up", "S10100"),
        ("dormant", "S10130"),
        ("dissolved", "S10200"),
    ] {
        let sent = said("status", FactKey::Status, status).unwrap();
        assert_eq!(sent["statusCode"], code, "{status}");
    }
    for (name, key, chars) in [
        ("engName", FactKey::NameEn, 150),
        ("chiName", FactKey::NameZh, 50),
        ("engAddress", FactKey::AddressEn, 300),
        ("chiAddress", FactKey::AddressZh, 100),
    ] {
        let sent = said(name, key, &"長".repeat(400)).unwrap();
        assert_eq!(sent.as_str().unwrap().chars().count(), chars, "{name}");
    }
    for (name, key, held) in [
        ("crn", FactKey::CompanyNumber, "99000018"),
        ("duns", FactKey::Duns, "9900000180"),
        ("type", FactKey::Kind, "co-operative"),
        ("status", FactKey::Status, "struck off"),
    ] {
        assert_eq!(said(name, key, held), None, "{name}: no word of our own");
    }
}
