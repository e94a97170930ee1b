//! Answers from their JSON form, typed by the pack they answer.

use kernel::Money;
use serde_json::Value as Json;

use crate::{
    field::{Field, FieldKind},
    pack::Pack,
    value::{Answers, Value},
};

/// JSON that is not a set of answers to this pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not {expected}")]
pub struct AnswersError {
    /// `partners.0.hkid`.
    pub path: String,
    pub expected: &'static str,
}

impl Pack {
    /// Reads what [`Answers::to_json`] wrote. Only types are judged, not rules: drafts hold answers
    /// that are not right yet.
    ///
    /// # Errors
    /// The first answer whose question does not exist or whose type is another.
    pub fn read_answers(&self, json: &Json) -> Result<Answers, AnswersError> {
        let fields: Vec<&Field> = self.fields().collect();
        read_object(&fields, json, "")
    }
}

fn read_object(fields: &[&Field], json: &Json, prefix: &str) -> Result<Answers, AnswersError> {
    let path = |id: &str| format!("{prefix}{id}");
    let Json::Object(entries) = json else {
        return Err(AnswersError {
            path: path(""),
            expected: "an object of answers",
        });
    };
    let mut answers = Answers::new();
    for (id, json) in entries {
        let Some(field) = fields.iter().find(|field| field.id == *id) else {
            return Err(AnswersError {
                path: path(id),
                expected: "a question of this version",
            });
        };
        answers.set(id, read_value(field, json, &path(id))?);
    }
    Ok(answers)
}

fn read_value(field: &Field, json: &Json, path: &str) -> Result<Value, AnswersError> {
    let (expected, value) = match &field.kind {
        FieldKind::Number { .. } => ("a whole number", json.as_i64().map(Value::Int)),
        FieldKind::Money { .. } => (
            "a number of cents",
            json.as_i64()
                .map(|cents| Value::Money(Money::from_cents(cents))),
        ),
        FieldKind::Date => (
            "a date",
            json.as_str()
                .and_then(|text| text.parse().ok())
                .map(Value::Date),
        ),
        FieldKind::YesNo | FieldKind::Declaration => {
            ("true or false", json.as_bool().map(Value::Bool))
        }
        FieldKind::Choice { .. } => (
            "an id",
            json.as_str().map(|id| Value::Choice(id.to_owned())),
        ),
        FieldKind::Choices { .. } => ("a list of ids", texts(json).map(Value::Choices)),
        FieldKind::AddressHk => (
            "an address",
            serde_json::from_value(json.clone())
                .ok()
                .map(Value::Address),
        ),
        FieldKind::File { .. } => (
            "a list of files",
            serde_json::from_value(json.clone()).ok().map(Value::Files),
        ),
        FieldKind::Group { fields, .. } => {
            let fields: Vec<&Field> = fields.iter().collect();
            let Json::Array(items) = json else {
                return Err(AnswersError {
                    path: path.to_owned(),
                    expected: "a list of items",
                });
            };
            let items = items
                .iter()
                .enumerate()
                .map(|(index, item)| read_object(&fields, item, &format!("{path}.{index}.")));
            (
                "a list of items",
                Some(Value::Items(items.collect::<Result<_, _>>()?)),
            )
        }
        _ => (
            "a text",
            json.as_str().map(|text| Value::Text(text.to_owned())),
        ),
    };
    value.ok_or_else(|| AnswersError {
        path: path.to_owned(),
        expected,
    })
}

fn texts(json: &Json) -> Option<Vec<String>> {
    let items = json.as_array()?.iter();
    items.map(|item| item.as_str().map(str::to_owned)).collect()
}
