//! What an address holds, what is wrong with one, and how it is written out.

use ::store::Store;
use serde_json::{Value, json};

use crate::{
    Address, AddressFault, Error, FieldKey, Level, own_profile,
    tests::{enrol, vault},
    update_profile,
};

fn read(value: Value) -> Address {
    serde_json::from_value(value).unwrap()
}

/// Every part of premises in English.
fn whole() -> Value {
    json!({
        "flat": "A", "floor": "3", "block": "2", "building": "Sample House",
        "estate": "Example Garden", "phase": "1", "number_from": "12", "number_to": "14",
        "street": "Sample Road", "sub_district": "Tai Wai", "district": "Sha Tin", "area": "nt",
        "lot": { "dd": "123", "number": "456RP", "section": "A", "subsection": "1" },
    })
}

#[test]
fn an_address_from_before_reads_and_is_written_as_it_was() {
    let old = json!({
        "flat": "A", "floor": "3", "block": "", "building": "", "street": "12 Nathan Road",
        "district": "Mong Kok", "area": "kln",
    });
    let address = read(old.clone());
    assert!(address.faults().is_empty());
    assert_eq!(serde_json::to_value(&address).unwrap(), old);
    assert_eq!(
        address.envelope(),
        ["Flat A, 3/F", "12 Nathan Road", "Mong Kok, Kowloon"]
    );
    assert!(serde_json::from_value::<Address>(json!({ "country": "HK" })).is_err());
}

#[test]
fn an_envelope_is_small_to_large_in_english_and_large_to_small_in_chinese() {
    assert_eq!(
        read(whole()).envelope(),
        [
            "Flat A, 3/F, Block 2",
            "Sample House",
            "Phase 1, Example Garden",
            "12-14 Sample Road",
            "Lot 456RP S.A ss.1 in D.D. 123",
            "Tai Wai, Sha Tin, New Territories",
        ]
    );
    let chinese = json!({
        "kind": "premises_zh", "flat": "A", "floor": "3", "block": "2", "building": "示例樓",
        "estate": "示例花園", "phase": "1", "number_from": "12", "number_to": "14",
        "street": "示例路", "sub_district": "大圍", "district": "沙田", "area": "nt",
        "lot": { "dd": "123", "number": "456RP", "section": "A", "subsection": "1" },
    });
    assert_eq!(
        read(chinese).envelope(),
        [
            "新界沙田大圍",
            "丈量約份第123約地段第456RP號A分段第1小分段",
            "示例路12至14號",
            "示例花園第1期示例樓",
            "2座3樓A室",
        ]
    );
    let boxed = |office| read(json!({"kind": "post_box", "post_box": "1", "building": office}));
    let english = boxed("General Post Office").envelope();
    assert_eq!(english, ["P.O. Box 1", "General Post Office"]);
    let chinese = boxed("郵政總局").envelope();
    assert_eq!(chinese, ["郵政總局", "郵政信箱1號"]);
}

/// A change to an address that is right, and what is then wrong with which part.
const WRONG: &[(&str, &[(&str, AddressFault)])] = &[
    (
        r#"{"building": "", "estate": "", "street": "", "number_from": "", "number_to": "",
            "phase": "", "lot": {}}"#,
        &[("building", AddressFault::Place)],
    ),
    (
        r#"{"district": "", "area": ""}"#,
        &[
            ("district", AddressFault::District),
            ("area", AddressFault::Area),
        ],
    ),
    (
        r#"{"number_from": "14", "number_to": "12"}"#,
        &[("number_to", AddressFault::Order)],
    ),
    (
        r#"{"number_from": ""}"#,
        &[("number_to", AddressFault::Order)],
    ),
    (
        r#"{"number_from": "12, Nathan"}"#,
        &[("number_from", AddressFault::Number)],
    ),
    (r#"{"street": ""}"#, &[("street", AddressFault::Street)]),
    (
        r#"{"building": "", "estate": ""}"#,
        &[("phase", AddressFault::Phase)],
    ),
    (r#"{"lot": {"number": "456"}}"#, &[("dd", AddressFault::Dd)]),
    (
        r#"{"lot": {"dd": "123", "number": "the field"}}"#,
        &[("lot", AddressFault::Lot)],
    ),
    (
        r#"{"lot": {"dd": "123", "number": "1", "section": "甲", "subsection": "1"}}"#,
        &[("section", AddressFault::Section)],
    ),
    (
        r#"{"lot": {"dd": "123", "number": "1", "subsection": "1"}}"#,
        &[("subsection", AddressFault::Subsection)],
    ),
];

#[test]
fn what_is_wrong_with_an_address_is_told_part_by_part() {
    assert!(read(whole()).faults().is_empty());
    for (change, faults) in WRONG {
        let mut typed = whole();
        let change: Value = serde_json::from_str(change).unwrap();
        for (part, value) in change.as_object().unwrap() {
            typed[part] = value.clone();
        }
        assert_eq!(read(typed).faults(), *faults, "{change}");
    }
    let long = json!({ "building": "x".repeat(101), "district": "Sha Tin", "area": "nt" });
    assert_eq!(read(long).faults(), [("building", AddressFault::Long)]);
    let lot = json!({ "lot": { "dd": "7", "number": "9" }, "district": "Tai Po", "area": "nt" });
    assert!(
        read(lot).faults().is_empty(),
        "a village house needs no street"
    );
    let lettered = json!({
        "street": "Castle Peak Road", "number_from": "162A", "number_to": "162C",
        "district": "Yuen Long", "area": "nt",
    });
    assert!(read(lettered).faults().is_empty());
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn every_part_of_an_address_is_kept_without_the_spaces_around_it(store: Store) {
        let vault = vault(store.env());
        let id = enrol(&store, &vault, "kwan-sum-yi", Level::Plus).await.person.id;
        let set = async |value| {
            update_profile(&store, &vault, id, vec![(FieldKey::PostalAddress, value)]).await
        };
        let mut typed = whole();
        typed["estate"] = json!(" Example Garden ");
        typed["lot"]["dd"] = json!(" 123");
        set(typed).await.unwrap();
        let kept = own_profile(&store, &vault, id).await.unwrap();
        assert_eq!(kept.get(FieldKey::PostalAddress).unwrap().value, whole());
        let mut wrong = whole();
        wrong["lot"]["dd"] = json!("");
        assert!(matches!(set(wrong).await, Err(Error::Value(_))));
        let kept = own_profile(&store, &vault, id).await.unwrap();
        assert_eq!(kept.get(FieldKey::PostalAddress).unwrap().value, whole());
    }
}
