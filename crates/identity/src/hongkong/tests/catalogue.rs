//! Every field of the catalogues, as it travels.

use kernel::Time;
use serde_json::{Value, json};
use trust::{base64url, digest};

use crate::{
    Address, AddressKind, AddressProof, Fact, FactKey, FactSource, Field, FieldKey, Profile,
    Source,
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

#[test]
fn every_field_of_a_person_travels_in_its_published_form() {
    let phone =
        |country: &str, number: &str| json!({ "CountryCode": country, "SubscriberNumber": number });
    let cases = [
        (
            "idNo",
            FieldKey::Hkid,
            json!("A123456(3)"),
            json!({ "Identification": "A123456", "CheckDigit": "3" }),
        ),
        (
            "enName",
            FieldKey::NameEn,
            json!("CHAN Tai Man"),
            json!({ "UnstructuredName": "CHAN Tai Man" }),
        ),
        (
            "chName",
            FieldKey::NameZh,
            json!("陳大文"),
            json!({ "ChineseName": "陳大文" }),
        ),
        (
            "chNameVerified",
            FieldKey::NameZh,
            json!("陳大文"),
            json!(true),
        ),
        (
            "birthDate",
            FieldKey::DateOfBirth,
            json!("1990-02-03"),
            json!("19900203"),
        ),
        ("gender", FieldKey::Sex, json!("M"), json!("M")),
        ("prefix", FieldKey::Prefix, json!("mr"), json!("mr")),
        (
            "maritalStatus",
            FieldKey::MaritalStatus,
            json!("single"),
            json!("single"),
        ),
        (
            "homeTelNumber",
            FieldKey::HomePhone,
            json!("21230001"),
            phone("852", "21230001"),
        ),
        (
            "officeTelNumber",
            FieldKey::OfficePhone,
            json!("+442071234567"),
            phone("44", "2071234567"),
        ),
        (
            "mobileNumber",
            FieldKey::Mobile,
            json!("+8613800138000"),
            phone("86", "13800138000"),
        ),
        (
            "mobileNumber",
            FieldKey::Mobile,
            json!("+85366123456"),
            phone("853", "66123456"),
        ),
        (
            "mobileNumber",
            FieldKey::Mobile,
            json!("+12025550123"),
            phone("1", "2025550123"),
        ),
        (
            "mobileNumber",
            FieldKey::Mobile,
            json!("+79161234567"),
            phone("7", "9161234567"),
        ),
        (
            "emailAddress",
            FieldKey::Email,
            json!("a@example.com"),
            json!("a@example.com"),
        ),
        (
            "educationLevel",
            FieldKey::Education,
            json!("degree"),
            json!("degree"),
        ),
    ];
    for (name, key, held, expected) in cases {
        assert_eq!(told(name, key, held), expected, "{name}");
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
fn the_paper_behind_an_address_travels_with_its_digest_and_its_date() {
    let proof = AddressProof {
        file_name: "bill.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
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
            "hash": base64url::encode_standard(digest::sha256("a bill")),
        })
    );
    assert_eq!(sent["addressDocFile"], base64url::encode_standard("a bill"));
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

#[test]
fn every_field_of_a_company_travels_in_its_published_form_and_length() {
    let cases = [
        ("ubi", FactKey::Ubi, "99000018", json!("99000018")),
        ("crn", FactKey::CompanyNumber, "9900001", json!("9900001")),
        ("duns", FactKey::Duns, "990000018", json!("990000018")),
        (
            "lei",
            FactKey::Lei,
            "9900ABCDEFGH12345678",
            json!("9900ABCDEFGH12345678"),
        ),
        ("type", FactKey::Kind, "private", json!("C10110")),
        (
            "engName",
            FactKey::NameEn,
            "A Company Limited",
            json!("A Company Limited"),
        ),
        ("chiName", FactKey::NameZh, "一間公司", json!("一間公司")),
        ("engAddress", FactKey::AddressEn, "1 Road", json!("1 Road")),
        ("chiAddress", FactKey::AddressZh, "一號", json!("一號")),
        (
            "commencementDate",
            FactKey::Commenced,
            "2020-01-02",
            json!("20200102"),
        ),
        (
            "cessationDate",
            FactKey::Ceased,
            "2025-01-02",
            json!("20250102"),
        ),
        (
            "annualReturnsDate",
            FactKey::AnnualReturn,
            "2026-01-02",
            json!("20260102"),
        ),
        (
            "brcExpiryDate",
            FactKey::CertificateExpires,
            "2027-01-02",
            json!("20270102"),
        ),
        (
            "eCorpTelNo",
            FactKey::Telephone,
            "21230001",
            json!("21230001"),
        ),
        (
            "crLstMatchTs",
            FactKey::NameEn,
            "any",
            json!(NOON.micros() / 1_000),
        ),
    ];
    for (name, key, held, expected) in cases {
        assert_eq!(said(name, key, held), Some(expected), "{name}");
    }
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
