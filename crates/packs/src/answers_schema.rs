//! A service's answers as JSON Schema 2020-12, for programs that submit them. The schema states what it
//! can: types, bounds, ids, and what is needed whatever else is answered. Check digits, conditions
//! between questions and rules are judged by the pack itself.

use kernel::limits;
use serde_json::{Map, Value as Json, json};

use crate::{
    field::{Field, FieldKind, FileKind},
    pack::Pack,
    value::{Address, DISTRICTS},
};

/// The schema of [`crate::Answers::to_json`] for complete applications.
#[must_use]
pub fn answers_schema(pack: &Pack) -> Json {
    let fields: Vec<&Field> = pack.fields().collect();
    let always = |field: &Field| {
        pack.page_of(&field.id)
            .is_none_or(|page| page.when.is_none())
    };
    let mut schema = object(&fields, &always);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:causeway:answers:{}:{}", pack.service, pack.version),
        "title": pack.name.en,
    });
    if let (Json::Object(schema), Json::Object(mut head)) = (&mut schema, head) {
        head.append(schema);
        *schema = head;
    }
    schema
}

fn object(fields: &[&Field], always: &dyn Fn(&Field) -> bool) -> Json {
    let needed = |field: &&&Field| {
        field.required && field.when.is_none() && always(field) && !may_be_empty(&field.kind)
    };
    let required: Vec<&str> = fields
        .iter()
        .filter(needed)
        .map(|field| field.id.as_str())
        .collect();
    let properties: Map<String, Json> = fields
        .iter()
        .map(|field| (field.id.clone(), property(field)))
        .collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

const fn may_be_empty(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::File { min: 0, .. }
            | FieldKind::Group { min: 0, .. }
            | FieldKind::Choices { min: 0, .. }
    )
}

/// No control characters: the answer is one line.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

fn property(field: &Field) -> Json {
    let mut schema = kind(field);
    if let Json::Object(entries) = &mut schema {
        entries.insert("title".to_owned(), Json::from(field.label.en.as_str()));
    }
    schema
}

fn kind(field: &Field) -> Json {
    match &field.kind {
        FieldKind::Text { min, max, pattern } => {
            let patterns = pattern
                .iter()
                .map(|pattern| json!({ "pattern": format!("^(?:{})$", pattern.source) }));
            let all: Vec<Json> = patterns.chain([json!({ "pattern": LINE })]).collect();
            json!({ "type": "string", "minLength": (*min).max(1), "maxLength": max, "allOf": all })
        }
        FieldKind::LongText { min, max } => {
            json!({ "type": "string", "minLength": (*min).max(1), "maxLength": max })
        }
        FieldKind::Number { min, max, .. } => bounded(*min, *max),
        FieldKind::Money { min, max } => {
            let mut schema = bounded(
                Some(min.map_or(0, kernel::Money::cents)),
                Some(max.map_or(limits::MONEY_MAX_CENTS, kernel::Money::cents)),
            );
            if let Json::Object(entries) = &mut schema {
                entries.insert("description".to_owned(), Json::from("Hong Kong cents"));
            }
            schema
        }
        FieldKind::Date => json!({
            "type": "string", "format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
        }),
        FieldKind::YesNo => json!({ "type": "boolean" }),
        FieldKind::Declaration if field.required => json!({ "const": true }),
        FieldKind::Declaration => json!({ "type": "boolean" }),
        FieldKind::Choice { .. } => json!({ "enum": ids(field) }),
        FieldKind::Choices { min, max, .. } => json!({
            "type": "array", "items": { "enum": ids(field) }, "uniqueItems": true,
            "minItems": (*min).max(1), "maxItems": max
        }),
        FieldKind::AddressHk => address(),
        FieldKind::File {
            kinds,
            max_mb,
            min,
            max,
        } => files(kinds, *max_mb, (*min, *max)),
        FieldKind::Group {
            fields, min, max, ..
        } => {
            let fields: Vec<&Field> = fields.iter().collect();
            json!({
                "type": "array", "minItems": (*min).max(1), "maxItems": max,
                "items": object(&fields, &|_| true)
            })
        }
        _ => identifier(&field.kind),
    }
}

fn files(kinds: &[FileKind], max_mb: u32, (min, max): (u32, u32)) -> Json {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
    let most_bytes = u64::from(max_mb) * 1024 * 1024;
    json!({
        "type": "array", "minItems": min.max(1), "maxItems": max,
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["id", "name", "kind", "bytes", "sha256"],
            "properties": {
                "id": { "type": "string" },
                "name": { "type": "string" },
                "kind": { "enum": kinds },
                "bytes": { "type": "integer", "minimum": 0, "maximum": most_bytes },
                "sha256": { "type": "string" },
            },
        },
    })
}

fn bounded(min: Option<i64>, max: Option<i64>) -> Json {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), Json::from("integer"));
    for (key, bound) in [("minimum", min), ("maximum", max)] {
        if let Some(bound) = bound {
            schema.insert(key.to_owned(), Json::from(bound));
        }
    }
    Json::Object(schema)
}

fn ids(field: &Field) -> Vec<&str> {
    field
        .kind
        .options()
        .iter()
        .map(|choice| choice.id.as_str())
        .collect()
}

fn address() -> Json {
    let districts: Vec<&str> = DISTRICTS.iter().map(|district| district.id).collect();
    let part = |part: &str| match part {
        "district" => json!({ "enum": districts }),
        _ => json!({ "type": "string", "maxLength": 100, "pattern": LINE }),
    };
    let properties: Map<String, Json> = Address::PARTS
        .iter()
        .map(|name| ((*name).to_owned(), part(name)))
        .collect();
    let written =
        |name: &str| json!({ "required": [name], "properties": { name: { "minLength": 1 } } });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["district"],
        "properties": properties,
        "anyOf": [written("building"), written("estate"), written("street")],
    })
}

/// Normal forms of names and identifiers, without their check digits.
fn identifier(kind: &FieldKind) -> Json {
    let pattern = match kind {
        FieldKind::Hkid => r"^[A-Z]{1,2}[0-9]{6}\([0-9A]\)$",
        FieldKind::PhoneHk => "^[2-9][0-9]{7}$",
        FieldKind::Email => r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        FieldKind::CompanyNumber => "^F?[0-9]{7}$",
        FieldKind::BusinessNumber => "^[0-9]{8}$",
        FieldKind::VehicleMark => "^[A-HJ-NPR-Z0-9]{1,8}$",
        FieldKind::PersonNameZh => {
            return json!({ "type": "string", "minLength": 1, "maxLength": 20 });
        }
        _ => return json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": LINE }),
    };
    json!({ "type": "string", "maxLength": 254, "pattern": pattern })
}
