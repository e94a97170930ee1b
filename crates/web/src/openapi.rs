//! The OpenAPI 3.1 document, made from what the JSON routes declare, and the check that nothing
//! undeclared leaves: every field of a recorded answer must be in the document.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::{Body, to_bytes},
    http::{StatusCode, header},
    response::Response,
};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};
use utoipa::{ToSchema, TupleUnit};

use crate::{Access, routes::Rule};

/// Answers a recorder keeps.
const RECORDED: usize = 10_000;
/// Bytes of an answer a recorder reads.
const RECORDED_BYTES: usize = 4 * 1024 * 1024;
/// Nesting of a schema or an answer that is followed.
const DEPTH: usize = 32;

/// What one JSON route takes and gives.
#[derive(Debug, Clone)]
pub struct Operation {
    summary: &'static str,
    standard: Option<&'static str>,
    request: Option<Json>,
    request_type: &'static str,
    answers: BTreeMap<u16, Option<Json>>,
    schemas: BTreeMap<String, Json>,
}

/// Declares a route that takes `Req` and answers `200` with `Res`; `()` for no body.
#[must_use]
pub fn operation<Req: ToSchema + 'static, Res: ToSchema + 'static>(
    summary: &'static str,
) -> Operation {
    let mut operation = Operation {
        summary,
        standard: None,
        request: None,
        request_type: "application/json",
        answers: BTreeMap::new(),
        schemas: BTreeMap::new(),
    };
    operation.request = operation.declare::<Req>();
    operation.answers::<Res>(200)
}

impl Operation {
    /// Another answer, for example `201`, or an error body that a standard prescribes.
    #[must_use]
    pub fn answers<T: ToSchema + 'static>(mut self, status: u16) -> Self {
        let schema = self.declare::<T>();
        self.answers.insert(status, schema);
        self
    }

    /// The standard and section that prescribe this endpoint.
    #[must_use]
    pub fn standard(mut self, section: &'static str) -> Self {
        self.standard = Some(section);
        self
    }

    /// The request comes as `application/x-www-form-urlencoded` (OAuth token endpoints).
    #[must_use]
    pub fn takes_form(mut self) -> Self {
        self.request_type = "application/x-www-form-urlencoded";
        self
    }

    fn declare<T: ToSchema + 'static>(&mut self) -> Option<Json> {
        if std::any::TypeId::of::<T>() == std::any::TypeId::of::<TupleUnit>() {
            return None;
        }
        let mut nested = Vec::new();
        T::schemas(&mut nested);
        for (name, schema) in nested {
            self.schemas.insert(name, as_json(&schema));
        }
        Some(as_json(&T::schema()))
    }
}

fn as_json<T: Serialize>(value: &T) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

/// Builds the document. Errors are declared once, as the RFC 9457 problem of `default`.
pub(crate) fn document<'a>(
    title: &str,
    version: &str,
    routes: impl Iterator<Item = (&'a Rule, &'a Operation)>,
) -> Json {
    let mut paths: BTreeMap<String, Map<String, Json>> = BTreeMap::new();
    let mut schemas: BTreeMap<String, Json> = BTreeMap::new();
    for (rule, operation) in routes {
        schemas.extend(operation.schemas.clone());
        let method = rule.method.as_str().to_ascii_lowercase();
        paths
            .entry(rule.path.to_owned())
            .or_default()
            .insert(method, describe(rule, operation));
    }
    schemas.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": version },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn describe(rule: &Rule, operation: &Operation) -> Json {
    let mut responses = Map::new();
    for (status, schema) in &operation.answers {
        let words = StatusCode::from_u16(*status)
            .ok()
            .and_then(|s| s.canonical_reason());
        let mut response = json!({ "description": words.unwrap_or("Answer") });
        if let (Some(schema), Some(fields)) = (schema, response.as_object_mut()) {
            fields.insert(
                "content".to_owned(),
                json!({ "application/json": { "schema": schema } }),
            );
        }
        responses.insert(status.to_string(), response);
    }
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "A problem (RFC 9457)",
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        }),
    );
    let roles: Vec<&str> = match rule.access {
        Access::Public => vec!["public"],
        Access::Roles(roles) => roles.iter().map(|role| role.code()).collect(),
    };
    let mut described = json!({
        "summary": operation.summary,
        "x-roles": roles,
        "responses": responses,
    });
    if let Some(fields) = described.as_object_mut() {
        if let Some(section) = operation.standard {
            fields.insert("x-standard".to_owned(), json!(section));
        }
        if let Some(schema) = &operation.request {
            let mut content = Map::new();
            content.insert(
                operation.request_type.to_owned(),
                json!({ "schema": schema }),
            );
            fields.insert(
                "requestBody".to_owned(),
                json!({ "required": true, "content": content }),
            );
        }
        let parameters = parameters(rule.path);
        if !parameters.is_empty() {
            fields.insert("parameters".to_owned(), Json::Array(parameters));
        }
    }
    described
}

fn parameters(path: &str) -> Vec<Json> {
    path.split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            json!({
                "name": name.trim_start_matches('*'),
                "in": "path",
                "required": true,
                "schema": { "type": "string" },
            })
        })
        .collect()
}

fn problem_schema() -> Json {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string" },
            "request": { "type": "string" },
        },
    })
}

/// One answer as it left, for comparison with the document.
#[derive(Debug, Clone)]
pub struct Answered {
    pub method: String,
    /// The route's path with its parameters' names.
    pub path: &'static str,
    pub status: u16,
    pub body: Json,
}

/// Keeps JSON answers while a test runs.
#[derive(Debug)]
pub(crate) struct Recorder {
    is_on: bool,
    answers: Mutex<Vec<Answered>>,
}

impl Recorder {
    pub(crate) const fn new(is_on: bool) -> Self {
        Self {
            is_on,
            answers: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn answers(&self) -> Vec<Answered> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Notes the answer of a JSON route when the site records.
pub(crate) async fn record(recorder: &Recorder, rule: &Rule, response: Response) -> Response {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !recorder.is_on || !is_json {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, RECORDED_BYTES).await.unwrap_or_default();
    if let Ok(body) = serde_json::from_slice(&bytes) {
        let mut answers = recorder
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if answers.len() < RECORDED {
            let method = rule.method.to_string();
            answers.push(Answered {
                method,
                path: rule.path,
                status: parts.status.as_u16(),
                body,
            });
        }
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The fields of `body` that `document` does not declare for this answer, as JSON pointers; the
/// whole answer (`""`) when the route or the status is not declared.
#[must_use]
pub fn undeclared_fields(document: &Json, answered: &Answered) -> Vec<String> {
    let method = answered.method.to_ascii_lowercase();
    let responses = document
        .get("paths")
        .and_then(|paths| paths.get(answered.path))
        .and_then(|path| path.get(&method))
        .and_then(|operation| operation.get("responses"));
    let response = responses.and_then(|all| {
        all.get(answered.status.to_string())
            .or_else(|| all.get("default"))
    });
    let content = response.and_then(|response| response.get("content")?.as_object());
    let Some(schema) = content
        .and_then(|content| content.values().next())
        .and_then(|media| media.get("schema"))
    else {
        return vec![String::new()];
    };
    let mut found = Vec::new();
    compare(document, &[schema], &answered.body, "", &mut found, DEPTH);
    found
}

/// `schemas` are the alternatives that may declare `value`.
fn compare(
    document: &Json,
    schemas: &[&Json],
    value: &Json,
    place: &str,
    found: &mut Vec<String>,
    depth: usize,
) {
    let mut flat = Vec::new();
    for schema in schemas {
        flatten(document, schema, &mut flat, DEPTH);
    }
    if depth == 0 || flat.iter().any(|schema| is_anything(schema)) {
        return;
    }
    match value {
        Json::Object(fields) => {
            for (name, inner) in fields {
                let place = format!("{place}/{name}");
                let declared: Vec<&Json> = flat.iter().filter_map(|s| property(s, name)).collect();
                if declared.is_empty() {
                    found.push(place);
                } else {
                    compare(document, &declared, inner, &place, found, depth - 1);
                }
            }
        }
        Json::Array(items) => {
            let declared: Vec<&Json> = flat.iter().filter_map(|s| s.get("items")).collect();
            for (index, inner) in items.iter().enumerate() {
                compare(
                    document,
                    &declared,
                    inner,
                    &format!("{place}/{index}"),
                    found,
                    depth - 1,
                );
            }
        }
        _ => {}
    }
}

fn property<'a>(schema: &'a Json, name: &str) -> Option<&'a Json> {
    let own = schema
        .get("properties")
        .and_then(|properties| properties.get(name));
    own.or_else(|| {
        schema
            .get("additionalProperties")
            .filter(|more| **more != Json::Bool(false))
    })
}

/// A schema without any keyword that restricts the shape admits everything: declared as such.
fn is_anything(schema: &Json) -> bool {
    match schema {
        Json::Bool(admits) => *admits,
        Json::Object(words) => !["type", "properties", "items", "enum", "const"]
            .iter()
            .any(|word| words.contains_key(*word)),
        _ => false,
    }
}

/// Follows `$ref`, `allOf`, `oneOf` and `anyOf` down to schemas that describe a value.
fn flatten<'a>(document: &'a Json, schema: &'a Json, out: &mut Vec<&'a Json>, depth: usize) {
    if depth == 0 {
        return;
    }
    if let Some(target) = schema.get("$ref").and_then(Json::as_str) {
        if let Some(schema) = document.pointer(target.trim_start_matches('#')) {
            flatten(document, schema, out, depth - 1);
        }
        return;
    }
    let mut is_group = false;
    for word in ["allOf", "oneOf", "anyOf"] {
        for inner in schema
            .get(word)
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
        {
            is_group = true;
            flatten(document, inner, out, depth - 1);
        }
    }
    if !is_group || schema.get("properties").is_some() {
        out.push(schema);
    }
}
