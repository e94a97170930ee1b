//! The stored form of answers.

use kernel::Date;
use proptest::prelude::*;
use serde_json::json;

use super::{complete, every_type};
use crate::{Answers, Value};

#[test]
fn answers_come_back_from_their_json() {
    let pack = every_type();
    let answers = complete(&pack);
    let json = answers.to_json();
    assert_eq!(pack.read_answers(&json).unwrap(), answers);
    let text = serde_json::to_string(&answers).unwrap();
    let again = serde_json::from_str(&text).unwrap();
    assert_eq!(pack.read_answers(&again).unwrap(), answers);
}

#[test]
fn canonical_answers_sort_every_key_and_hold_no_space() {
    let mut answers = Answers::new();
    answers.set("zone", Value::Choice("east".to_owned()));
    answers.set("born", Value::Date(Date::new(1974, 2, 3).unwrap()));
    let address =
        serde_json::from_value(json!({ "street": "1 A Road", "district": "north", "flat": "B" }));
    answers.set("home", Value::Address(address.unwrap()));
    assert_eq!(
        answers.canonical(),
        r#"{"born":"1974-02-03","home":{"district":"north","flat":"B","street":"1 A Road"},"zone":"east"}"#
    );
}

#[test]
fn an_empty_answer_is_no_answer() {
    let mut answers = Answers::new();
    answers.set("a", Value::Text("x".to_owned()));
    answers.set("a", Value::Text(String::new()));
    answers.set("b", Value::Choices(Vec::new()));
    assert!(answers.is_empty());
    assert_eq!(answers.iter().count(), 0);
}

#[test]
fn json_of_another_type_names_the_question() {
    let pack = every_type();
    for (json, path) in [
        (json!({ "nothing": 1 }), "nothing"),
        (json!({ "months": "seven" }), "months"),
        (json!({ "months": 1.5 }), "months"),
        (json!({ "born": "1974-02-30" }), "born"),
        (json!({ "home": { "planet": "Mars" } }), "home"),
        (
            json!({ "partners": [{ "share": 1 }, { "share": true }] }),
            "partners.1.share",
        ),
        (json!([]), ""),
    ] {
        assert_eq!(pack.read_answers(&json).unwrap_err().path, path);
    }
}

proptest! {
    #[test]
    fn any_form_either_reads_or_tells_and_never_panics(
        pairs in proptest::collection::vec(("[a-z_.0-9]{0,12}", "\\PC{0,20}"), 0..20),
        ids in proptest::collection::vec((0_usize..20, "[0-9A-Za-z()./陳 -]{0,14}"), 0..20),
    ) {
        let pack = every_type();
        let names = [
            "full_name", "hkid", "born.day", "born.month", "born.year", "home.district", "zone", "months",
            "rent", "partners.0.share", "partners.1.joined.day", "partners.0.minor", "mark", "email",
            "crn", "brn", "kinds", "firm", "truth", "name_zh",
        ];
        let known = ids.into_iter().map(|(id, value)| (names[id].to_owned(), value));
        let form: crate::Form = pairs.into_iter().chain(known).collect();
        let base = complete(&pack);
        for page in ["you", "place", "company", "end"] {
            if let Ok(answers) = pack.read_page(page, &form, &base, &super::facts()) {
                // What was taken stays taken: it reads back from storage and shows no error.
                prop_assert_eq!(&pack.read_answers(&answers.to_json()).unwrap(), &answers);
                let journey = pack.journey(&answers, &super::facts());
                prop_assert_eq!(&journey.answers, &answers, "nothing is hidden twice");
                prop_assert!(journey.page(page).unwrap().is_complete());
            }
        }
    }
}
