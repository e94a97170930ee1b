//! The pack format as JSON Schema, so that an editor can complete and check keys while an author
//! types. The checker is stricter; what it accepts, this schema accepts.

use serde_json::{Map, Value as Json, json};

use crate::{
    chart::{Clock, Outcome, Reason, Refund},
    field::{Class, FileKind},
    pack::{Applicant, Audience, Confidence, IfNot, Level, ServiceKind},
    read::keys::{
        ACTION_KEYS, APPEAL_KEYS, AUTO_KEYS, CASE_KEYS, CHECK_KEYS, CHOICE_KEYS, ELIGIBILITY_KEYS,
        ELSEWHERE_KEYS, FEE_KEYS, FIELD_KEYS, FIELD_TYPES, IDENTITY_KEYS, ISSUE_KEYS, KEEP_KEYS,
        LETTER_KEYS, MUST_KEYS, PACK_KEYS, PAGE_KEYS, PROMISE_KEYS, SOURCE_KEYS, STATE_KEYS,
        TABLE_KEYS, THEN_KEYS, TIMER_KEYS, TRY_KEYS,
    },
};

/// Keys a pack must have.
const NEEDED: [&str; 16] = [
    "service",
    "version",
    "owner",
    "kind",
    "name",
    "summary",
    "who_can_apply",
    "audience",
    "sources",
    "confidence",
    "identity",
    "promise",
    "pages",
    "case",
    "keep",
    "try",
];

/// The schema, as committed at `packs/pack.schema.json`.
#[must_use]
pub fn pack_schema() -> Json {
    let mut schema = object(&PACK_KEYS, &NEEDED, &pack_key);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:causeway:pack",
        "title": "Service pack",
        "description": "One government service. The guide is packs/README.md.",
    });
    if let (Json::Object(schema), Json::Object(mut head)) = (&mut schema, head) {
        head.append(schema);
        head.insert("$defs".to_owned(), definitions());
        *schema = head;
    }
    schema
}

fn definitions() -> Json {
    json!({
        "scalar": {
            "type": ["string", "number", "boolean"],
            "description": "One value; it is read as the key asks"
        },
        "expression": {
            "type": ["string", "number", "boolean"],
            "description": "A rule over questions and lets, for example age >= 18"
        },
        "text": object(&["en", "tc", "sc"], &["en", "tc"], &|key| match key {
            "sc" => json!({
                "type": "string",
                "description": "Only where the derived Simplified Chinese is wrong"
            }),
            _ => reference("scalar"),
        }),
        "choices": list(&object(&CHOICE_KEYS, &CHOICE_KEYS, &|key| match key {
            "label" => reference("text"),
            _ => reference("scalar"),
        })),
        "field": field(),
        "table": table(),
    })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn object(keys: &[&str], needed: &[&str], property: &dyn Fn(&str) -> Json) -> Json {
    let properties: Map<String, Json> = keys
        .iter()
        .map(|key| ((*key).to_owned(), property(key)))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": needed,
        "properties": properties,
    })
}

fn list(items: &Json) -> Json {
    json!({ "type": "array", "items": items })
}

fn map_of(values: &Json) -> Json {
    json!({ "type": "object", "additionalProperties": values })
}

fn any(all: impl IntoIterator<Item = &'static str>) -> Json {
    json!({ "enum": all.into_iter().collect::<Vec<_>>() })
}

macro_rules! one_of {
    ($name:ident) => {
        any($name::ALL.iter().map(|word| word.code()))
    };
}

/// `schema`, or the word that says there is no such thing.
fn or_word(word: &str, schema: &Json) -> Json {
    json!({ "anyOf": [{ "const": word }, schema] })
}

fn truth() -> Json {
    json!({ "type": "boolean" })
}

fn pack_key(key: &str) -> Json {
    match key {
        "name" | "summary" | "who_can_apply" | "what_happens_next" => reference("text"),
        "kind" => one_of!(ServiceKind),
        "confidence" => one_of!(Confidence),
        "audience" => list(&one_of!(Audience)),
        "legal" | "forms" | "subjects" | "life_events" => list(&reference("scalar")),
        "keywords" => list(&reference("text")),
        "sources" => list(&object(&SOURCE_KEYS, &["url"], &|_| reference("scalar"))),
        "identity" => object(&IDENTITY_KEYS, &["level"], &|key| match key {
            "level" => one_of!(Level),
            "sign" => truth(),
            _ => one_of!(Applicant),
        }),
        "promise" => promise(),
        "purposes" => map_of(&reference("text")),
        "lists" => map_of(&reference("choices")),
        "pages" => list(&page()),
        "let" => map_of(&json!({ "anyOf": [
            reference("expression"),
            object(&["table"], &["table"], &|_| reference("table")),
        ] })),
        "eligibility" => list(&eligibility()),
        "fee" => json!({ "anyOf": [
            { "const": "free" },
            list(&fee()),
            object(&ELSEWHERE_KEYS, &ELSEWHERE_KEYS, &|_| reference("text")),
        ] }),
        "checks" => list(&object(&CHECK_KEYS, &CHECK_KEYS, &|key| match key {
            "record" => reference("text"),
            _ => reference("scalar"),
        })),
        "duplicates" => list(&list(&reference("scalar"))),
        "case" => case(),
        "letters" => map_of(&object(&LETTER_KEYS, &LETTER_KEYS, &|_| reference("text"))),
        "issue" => object(
            &ISSUE_KEYS,
            &["kind", "title", "number", "claims"],
            &|key| match key {
                "title" => reference("text"),
                "claims" => map_of(&reference("expression")),
                "valid_from" | "valid_until" => reference("expression"),
                _ => reference("scalar"),
            },
        ),
        "appeal" => appeal(),
        "keep" => object(&KEEP_KEYS, &KEEP_KEYS, &|_| {
            json!({
                "type": "string", "pattern": "^[0-9]+ (day|month|year)s?$"
            })
        }),
        "try" => list(&a_try()),
        _ => reference("scalar"),
    }
}

fn promise() -> Json {
    let days = object(&PROMISE_KEYS, &[], &|key| match key {
        "none" => reference("text"),
        _ => json!({ "type": "integer", "minimum": 1 }),
    });
    or_word("none", &days)
}

fn appeal() -> Json {
    let appeal = object(&APPEAL_KEYS, &["body"], &|key| match key {
        "body" => reference("text"),
        _ => reference("scalar"),
    });
    or_word("none", &appeal)
}

fn eligibility() -> Json {
    object(
        &ELIGIBILITY_KEYS,
        &["id", "rule", "say"],
        &|key| match key {
            "id" => reference("scalar"),
            "rule" => reference("expression"),
            "say" => reference("text"),
            _ => one_of!(IfNot),
        },
    )
}

fn fee() -> Json {
    object(&FEE_KEYS, &["id", "label"], &|key| match key {
        "label" => reference("text"),
        "table" => reference("table"),
        "id" => reference("scalar"),
        _ => reference("expression"),
    })
}

fn page() -> Json {
    object(&PAGE_KEYS, &["id", "title", "fields"], &|key| match key {
        "title" | "intro" => reference("text"),
        "when" => reference("expression"),
        "fields" => list(&reference("field")),
        _ => reference("scalar"),
    })
}

/// Every key of every type; which type takes which key is said in an `if`/`then` per type.
fn field() -> Json {
    let mut keys: Vec<&str> = FIELD_KEYS.to_vec();
    for key in FIELD_TYPES.iter().flat_map(|(_, keys)| *keys) {
        if !keys.contains(key) {
            keys.push(key);
        }
    }
    let mut schema = object(&keys, &["id", "type", "label"], &field_key);
    let per_type: Vec<Json> = FIELD_TYPES
        .iter()
        .map(|(name, own)| {
            let foreign = keys
                .iter()
                .filter(|key| !FIELD_KEYS.contains(key) && !own.contains(key));
            let never: Map<String, Json> = foreign
                .map(|key| ((*key).to_owned(), Json::Bool(false)))
                .collect();
            json!({
                "if": { "properties": { "type": { "const": name } } },
                "then": { "properties": never },
            })
        })
        .collect();
    if let Json::Object(entries) = &mut schema {
        entries.insert("allOf".to_owned(), Json::from(per_type));
    }
    schema
}

fn field_key(key: &str) -> Json {
    match key {
        "type" => any(FIELD_TYPES.iter().map(|(name, _)| *name)),
        "label" | "hint" | "unit" | "pattern_says" | "item" => reference("text"),
        "required" | "locked" => truth(),
        "when" => reference("expression"),
        "must" => list(&object(&MUST_KEYS, &MUST_KEYS, &|key| match key {
            "say" => reference("text"),
            _ => reference("expression"),
        })),
        "class" => one_of!(Class),
        "kinds" => list(&one_of!(FileKind)),
        "options" => reference("choices"),
        "fields" => list(&reference("field")),
        _ => reference("scalar"),
    }
}

/// Columns of a table are its author's: rows stay open.
fn table() -> Json {
    object(&TABLE_KEYS, &["rows"], &|key| match key {
        "inputs" => list(&reference("scalar")),
        _ => list(&json!({
            "type": "object",
            "properties": {
                "when": reference("expression"),
                "otherwise": truth(),
                "cents": reference("expression"),
                "value": reference("expression"),
                "label": reference("text"),
                "refuse": reference("text"),
            },
        })),
    })
}

fn case() -> Json {
    let roles = || list(&reference("scalar"));
    let action = object(&ACTION_KEYS, &["to", "label"], &|key| match key {
        "label" => reference("text"),
        "by" => roles(),
        "reason" => one_of!(Reason),
        "four_eyes" => truth(),
        "when" => reference("expression"),
        _ => reference("scalar"),
    });
    let state = object(&STATE_KEYS, &["label"], &|key| match key {
        "label" => reference("text"),
        "for" => roles(),
        "clock" => one_of!(Clock),
        "actions" => map_of(&action),
        "after" => list(&object(&TIMER_KEYS, &TIMER_KEYS, &|_| reference("scalar"))),
        "auto" => object(&AUTO_KEYS, &AUTO_KEYS, &|_| reference("expression")),
        "outcome" => one_of!(Outcome),
        "issue" => truth(),
        "appeal" => json!({ "const": "none" }),
        "refund" => one_of!(Refund),
        _ => reference("scalar"),
    });
    object(&CASE_KEYS, &CASE_KEYS, &|key| match key {
        "states" => map_of(&state),
        _ => reference("scalar"),
    })
}

fn a_try() -> Json {
    object(&TRY_KEYS, &["name", "today", "then"], &|key| match key {
        "given" => json!({ "type": "object" }),
        "take" => list(&reference("scalar")),
        "then" => object(&THEN_KEYS, &[], &|key| match key {
            "pages" => list(&reference("scalar")),
            "complete" | "eligible" => truth(),
            "fee" => json!({ "type": "integer" }),
            "let" => map_of(&reference("scalar")),
            _ => reference("scalar"),
        }),
        _ => reference("scalar"),
    })
}
