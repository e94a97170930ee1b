//! The schemas, against the `jsonschema` crate as an oracle.

use std::path::Path;

use kernel::Money;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{EVERY_TYPE, complete, every_type, facts};
use crate::{
    Answers, Field, FieldKind, Pack, Value, answers_schema,
    defect::Defects,
    judge, pack_schema,
    yaml::{Kind, Node, parse},
};

#[test]
fn complete_answers_fit_the_schema_of_their_service() {
    let pack = every_type();
    let validator = jsonschema::draft202012::new(&answers_schema(&pack)).unwrap();
    let answers = complete(&pack).to_json();
    let errors: Vec<String> = validator
        .iter_errors(&answers)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    for broken in [
        json!({}),
        json!({ "unknown": 1 }),
        merge(&answers, "months", json!(13)),
        merge(&answers, "months", json!("7")),
        merge(&answers, "zone", json!("north")),
        merge(&answers, "truth", json!(false)),
        merge(&answers, "note", json!("abc")),
        merge(&answers, "home", json!({ "district": "north" })),
        merge(&answers, "partners", json!([{ "share": 1 }])),
        merge(&answers, "plan", json!([])),
    ] {
        assert!(!validator.is_valid(&broken), "{broken}");
    }
}

fn merge(answers: &Json, key: &str, value: Json) -> Json {
    let mut answers = answers.clone();
    answers[key] = value;
    answers
}

/// An answer to `field`, right or wrong.
fn any_value(field: &Field) -> BoxedStrategy<Value> {
    let text = || prop_oneof!["[A-Z ]{0,12}", "[a-z\u{0}\t]{0,4}", "\\PC{0,12}"];
    match &field.kind {
        FieldKind::Number { .. } => (-2_i64..16).prop_map(Value::Int).boxed(),
        FieldKind::Money { .. } => prop_oneof![-2_i64..200, 9_999_998_i64..10_000_003]
            .prop_map(|cents| Value::Money(Money::from_cents(cents)))
            .boxed(),
        FieldKind::Date => (1800_i16..2200, 1_i8..13, 1_i8..29)
            .prop_map(|(year, month, day)| {
                Value::Date(kernel::Date::new(year, month, day).unwrap())
            })
            .boxed(),
        FieldKind::YesNo | FieldKind::Declaration => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldKind::Choice { .. } => prop_oneof!["east", "west", "north"]
            .prop_map(Value::Choice)
            .boxed(),
        FieldKind::Choices { .. } => {
            proptest::collection::vec(prop_oneof!["east", "west", "north"], 1..4)
                .prop_map(Value::Choices)
                .boxed()
        }
        FieldKind::AddressHk => (prop_oneof!["north", "mars", ""], text(), text())
            .prop_map(|(district, street, flat)| {
                Value::Address(crate::Address {
                    district,
                    street,
                    flat,
                    ..crate::Address::default()
                })
            })
            .boxed(),
        FieldKind::File { .. } => {
            proptest::collection::vec((prop_oneof!["pdf", "png"], 1_048_570_u64..1_048_580), 1..4)
                .prop_map(|files| {
                    let file = |(kind, bytes): (String, u64)| crate::FileAnswer {
                        kind,
                        ..super::file("x", bytes)
                    };
                    Value::Files(files.into_iter().map(file).collect())
                })
                .boxed()
        }
        FieldKind::Group { fields, .. } => {
            let item = some_answers(fields.iter().collect::<Vec<_>>().as_slice());
            proptest::collection::vec(item, 1..5)
                .prop_map(Value::Items)
                .boxed()
        }
        FieldKind::Hkid => prop_oneof!["A123456\\(3\\)", "A123456\\([0-9A]\\)", "[A-C]12345"]
            .prop_map(Value::Text)
            .boxed(),
        FieldKind::PhoneHk | FieldKind::BusinessNumber | FieldKind::CompanyNumber => {
            "F?[0-9]{6,9}".prop_map(Value::Text).boxed()
        }
        FieldKind::VehicleMark => "[A-Z0-9 ]{1,9}".prop_map(Value::Text).boxed(),
        FieldKind::Email => "[a-z.]{1,4}@?[a-z]{1,3}\\.?[a-z]{1,3}"
            .prop_map(Value::Text)
            .boxed(),
        FieldKind::PersonNameZh => "[陳大文a·]{1,22}".prop_map(Value::Text).boxed(),
        _ => text().prop_map(Value::Text).boxed(),
    }
}

/// Each of `fields` answered most of the time.
fn some_answers(fields: &[&Field]) -> BoxedStrategy<Answers> {
    let one = |field: &&Field| {
        let id = field.id.clone();
        proptest::option::weighted(0.9, any_value(field)).prop_map(move |value| (id.clone(), value))
    };
    let all: Vec<_> = fields.iter().map(one).collect();
    all.prop_map(|pairs| {
        let mut answers = Answers::new();
        for (id, value) in pairs {
            if let Some(value) = value {
                answers.set(id, value);
            }
        }
        answers
    })
    .boxed()
}

/// What the schema is meant to say: each answer is of its type and bounds, and what is needed
/// whatever else is answered is there.
fn fits(pack: &Pack, fields: &[&Field], answers: &Answers, nested: bool) -> bool {
    fields.iter().all(|field| match answers.get(&field.id) {
        Some(value) => {
            let inner = match (&field.kind, value) {
                (FieldKind::Group { fields, .. }, Value::Items(items)) => {
                    let fields: Vec<&Field> = fields.iter().collect();
                    items.iter().all(|item| fits(pack, &fields, item, true))
                }
                _ => true,
            };
            inner && judge::refuse(field, value).is_none()
        }
        None => {
            let hidden = !nested
                && pack
                    .page_of(&field.id)
                    .is_some_and(|page| page.when.is_some());
            !field.required || field.when.is_some() || hidden
        }
    })
}

/// Types whose schema is looser than the type: check digits and scripts.
fn is_loose(field: &Field) -> bool {
    matches!(
        field.kind,
        FieldKind::Hkid
            | FieldKind::Email
            | FieldKind::PersonName
            | FieldKind::PersonNameZh
            | FieldKind::Group { .. }
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_schema_accepts_what_the_pack_accepts_question_by_question(
        (place, value) in (0_usize..20).prop_flat_map(|place| {
            let pack = every_type();
            let fields: Vec<&Field> = pack.fields().collect();
            let place = place % fields.len();
            (Just(place), any_value(fields[place]))
        })
    ) {
        thread_local! {
            static PACK: (Pack, jsonschema::Validator, Json) = {
                let pack = every_type();
                let validator = jsonschema::draft202012::new(&answers_schema(&pack)).unwrap();
                let complete = complete(&pack).to_json();
                (pack, validator, complete)
            };
        }
        PACK.with(|(pack, validator, complete)| {
            let field = pack.fields().nth(place).unwrap();
            prop_assume!(!value.is_empty());
            let answers = merge(complete, &field.id, value.to_json());
            let mut one = Answers::new();
            one.set(&field.id, value.clone());
            let by_pack = fits(pack, &[field], &one, false);
            let by_schema = validator.is_valid(&answers);
            if is_loose(field) {
                prop_assert!(!by_pack || by_schema, "{}: {answers}", field.id);
            } else {
                prop_assert_eq!(by_pack, by_schema, "{}: {}", field.id, value.to_json());
            }
            Ok(())
        })?;
    }

    #[test]
    fn answers_that_may_be_submitted_fit_the_schema(
        answers in some_answers(every_type().fields().collect::<Vec<_>>().as_slice())
    ) {
        let pack = every_type();
        let clean = pack.journey(&answers, &facts()).answers;
        if pack.check_all(&clean, &facts()).is_empty() {
            let validator = jsonschema::draft202012::new(&answers_schema(&pack)).unwrap();
            prop_assert!(validator.is_valid(&clean.to_json()));
        }
    }
}

/// A pack's tree as an editor's JSON Schema engine sees it.
fn as_json(node: &Node) -> Json {
    match &node.kind {
        Kind::Scalar {
            text, plain: false, ..
        } => json!(text),
        Kind::Scalar { text, .. } => match text.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            text => text
                .parse::<i64>()
                .map_or_else(|_| json!(text), |number| json!(number)),
        },
        Kind::List(items) => items.iter().map(as_json).collect(),
        Kind::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, node)| (key.text.clone(), as_json(node)));
            Json::Object(entries.collect())
        }
    }
}

#[test]
fn every_sound_pack_fits_the_schema_of_the_format() {
    let validator = jsonschema::draft202012::new(&pack_schema()).unwrap();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut texts: Vec<(String, String)> = crate::read_dir(&dir)
        .unwrap()
        .into_iter()
        .map(|file| (file.name, file.text))
        .collect();
    texts.push(("every-type.yaml".to_owned(), EVERY_TYPE.to_owned()));
    for (name, text) in texts
        .iter()
        .filter(|(name, text)| Pack::read(name, text).is_ok())
    {
        let node = parse(text, &mut Defects::new(name)).unwrap();
        let json = as_json(&node);
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{name} {}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_schema_of_the_format_knows_unknown_keys() {
    let validator = jsonschema::draft202012::new(&pack_schema()).unwrap();
    for (from, to) in [
        ("promise:", "promises:"),
        ("type: email, required", "type: email, pattern: x, required"),
        ("outcome: refused", "outcome: rejected"),
        ("kind: permit", "kind: permission"),
    ] {
        let text = EVERY_TYPE.replacen(from, to, 1);
        let node = parse(&text, &mut Defects::new("x")).unwrap();
        assert!(!validator.is_valid(&as_json(&node)), "{from}");
    }
}

#[test]
fn the_committed_schema_of_the_format_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/pack.schema.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == crate::pack_schema_text(),
        "packs/pack.schema.json is stale: run `cargo xtask generate`"
    );
}
