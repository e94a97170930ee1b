//! Metadata, status lists, the trust list, and checking a code online.

use axum::{body::Body, extract::State, http::HeaderMap};
use kernel::{Lang, limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{HeaderValue, IntoResponse, Json, Path, Response, StatusCode, header};

use super::{Desk, any_origin};
use crate::{
    Error, metadata, pass, publish,
    status_list::{LIST_TTL, Published},
    verdict::{self, Verdict},
};

/// A code to check.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CodeToCheck {
    pub(super) code: String,
    /// `en`, `tc` or `sc`; English when absent.
    pub(super) lang: Option<String>,
}

/// The trust list.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TrustListAnswer {
    /// A signed token; its payload is the list.
    pub(super) trust_list: String,
}

pub(super) async fn issuer_metadata(State(desk): State<Desk>) -> Response {
    any_origin(Json(metadata::issuer(&desk.issuer)))
}

pub(super) async fn server_metadata(State(desk): State<Desk>) -> Response {
    any_origin(Json(metadata::server(&desk.issuer)))
}

pub(super) async fn issuer_keys(State(desk): State<Desk>) -> Response {
    any_origin(Json(metadata::issuer_keys(&desk.issuer)))
}

pub(super) async fn keys(State(desk): State<Desk>) -> Response {
    any_origin(Json(metadata::keys(&desk.issuer)))
}

pub(super) async fn type_metadata(
    State(desk): State<Desk>,
    Path(kind): Path<String>,
) -> web::Outcome<Response> {
    let types = desk.issuer.types();
    let kind = types.get(&kind).ok_or(Error::NotFound)?;
    Ok(any_origin(Json(metadata::type_metadata(
        &desk.issuer,
        kind,
    ))))
}

pub(super) async fn status_list(
    State(desk): State<Desk>,
    Path(number): Path<i64>,
    headers: HeaderMap,
) -> web::Outcome<Response> {
    let issuer = desk.issuer.clone();
    let published = desk
        .store
        .read(move |db| async move { publish::list(&db, &issuer, number).await })
        .await?;
    Ok(answer_list(&published, &headers))
}

/// RFC 9110 content negotiation between the two forms, JWT by default, with an entity tag for each.
fn answer_list(published: &Published, headers: &HeaderMap) -> Response {
    let accept = text(headers, header::ACCEPT);
    let is_cwt = accept.contains("application/statuslist+cwt")
        && !accept.starts_with("application/statuslist+jwt");
    let (form, media) = if is_cwt {
        ("c", "application/statuslist+cwt")
    } else {
        ("j", "application/statuslist+jwt")
    };
    let etag = format!("\"{}-{form}\"", published.etag);
    let is_known = text(headers, header::IF_NONE_MATCH)
        .split(',')
        .any(|known| known.trim().trim_start_matches("W/") == etag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else if is_cwt {
        Body::from(published.cwt.clone()).into_response()
    } else {
        Body::from(published.jwt.clone()).into_response()
    };
    let cache = format!("public, max-age={}", LIST_TTL.as_secs() / 2);
    for (name, value) in [
        (header::CONTENT_TYPE, media.to_owned()),
        (header::ETAG, etag),
        (header::CACHE_CONTROL, cache),
        (header::VARY, "accept".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    any_origin(response)
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

pub(super) async fn trust_list(State(desk): State<Desk>) -> web::Outcome<Response> {
    let issuer = desk.issuer.clone();
    let trust_list = desk
        .store
        .read(move |db| async move { publish::trust_list(&db, &issuer).await })
        .await?;
    Ok(any_origin(Json(TrustListAnswer { trust_list })))
}

pub(super) async fn verify(
    State(desk): State<Desk>,
    Json(request): Json<CodeToCheck>,
) -> web::Outcome<Json<Verdict>> {
    if request.code.len() > pass::CODE_CHARS.max(limits::LONG_TEXT_CHARS) {
        return Err(Error::TooLarge.into());
    }
    let lang: Lang = request
        .lang
        .as_deref()
        .and_then(|code| code.parse().ok())
        .unwrap_or_default();
    let verdict = verdict::check_pass(&desk.store, &desk.issuer, &request.code, lang).await?;
    Ok(Json(verdict))
}
