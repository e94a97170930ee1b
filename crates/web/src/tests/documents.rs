//! The OpenAPI document, and what it says about answers.

use super::*;
use crate::openapi::{Answered, undeclared_fields};

#[tokio::test]
async fn the_document_names_roles_bodies_and_nested_types() {
    let World { document, .. } = World::new().await;
    assert_eq!(document["openapi"], "3.1.0");
    let double = &document["paths"]["/api/doubles"]["post"];
    assert_eq!(double["x-roles"][0], "public");
    assert!(
        double["requestBody"]["content"]["application/json"]["schema"]["properties"]["number"]
            .is_object()
    );
    let me = &document["paths"]["/api/me/{id}"]["get"];
    assert_eq!(me["x-roles"][0], "resident");
    assert_eq!(me["parameters"][0]["name"], "id");
    assert!(document["components"]["schemas"]["Licence"]["properties"]["class"].is_object());
}

#[tokio::test]
async fn a_field_nobody_declared_is_found() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    browser.get(&world, "/api/me/7").await;
    let request = browser
        .request(&Method::POST, "/api/doubles")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{\"number\":4}"))
        .unwrap();
    assert_eq!(browser.send(&world, request).await.text, "{\"number\":8}");
    let found: Vec<Vec<String>> = world
        .site
        .recorded()
        .iter()
        .map(|answered| undeclared_fields(&world.document, answered))
        .collect();
    assert_eq!(
        found,
        [
            vec!["/licences/0/points".to_owned(), "/hkid".to_owned()],
            vec![]
        ]
    );
}

#[test]
fn alternatives_and_maps_are_followed() {
    let document = serde_json::json!({
        "paths": { "/x": { "get": { "responses": { "200": { "content": { "application/json": { "schema": {
            "oneOf": [{ "$ref": "#/components/schemas/A" }, { "type": "object", "properties": { "b": { "type": "string" } } }]
        } } } } } } } },
        "components": { "schemas": { "A": { "type": "object", "properties": {
            "map": { "type": "object", "additionalProperties": { "type": "object", "properties": { "n": { "type": "integer" } } } },
            "any": {}
        } } } },
    });
    let ask = |body: serde_json::Value| {
        undeclared_fields(
            &document,
            &Answered {
                method: "GET".to_owned(),
                path: "/x",
                status: 200,
                body,
            },
        )
    };
    assert_eq!(
        ask(serde_json::json!({ "b": "", "any": { "deep": 1 } })),
        Vec::<String>::new()
    );
    assert_eq!(
        ask(serde_json::json!({ "map": { "k": { "n": 1, "m": 2 } } })),
        ["/map/k/m"]
    );
    assert_eq!(ask(serde_json::json!({ "c": 1 })), ["/c"]);
    let unknown = Answered {
        method: "GET".to_owned(),
        path: "/y",
        status: 200,
        body: serde_json::Value::Null,
    };
    assert_eq!(undeclared_fields(&document, &unknown), [""]);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_problem() {
    let world = World::new().await;
    for (kind, body, expected) in [
        ("application/json", "{", StatusCode::BAD_REQUEST),
        (
            "application/json",
            "{\"number\":\"x\"}",
            StatusCode::BAD_REQUEST,
        ),
        ("text/plain", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let request = Request::post("/api/doubles")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .unwrap();
        let answer = world.send(request).await;
        assert_eq!(answer.status, expected);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}
