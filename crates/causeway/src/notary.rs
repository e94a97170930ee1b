//! The document trust service as outsiders reach it: time-stamps (RFC 3161), the standing of
//! certificates (RFC 6960), revocation lists and the authority's own certificates (RFC 5280). Bodies
//! are DER, bounded, and answered whatever they hold.

use axum::{body::Bytes, extract::State};
use trust::{Error, x509::OCSP_REQUEST_BYTES};
use web::{
    Access, Failure, IntoResponse, Method, Outcome, Path, Rate, Response, Routes, header, operation,
};

use crate::System;

/// Seconds for which a revocation list may be kept by a cache.
const LIST_SECONDS: u32 = 300;

pub(crate) fn routes(system: &System) -> Routes {
    let post = &Method::POST;
    Routes::new()
        .json(
            post,
            "/tsa",
            Access::Public,
            operation::<(), ()>("Stamp the time on a digest (application/timestamp-query)")
                .standard("RFC 3161 section 3.4"),
            stamp,
        )
        .body_bytes(trust::tsp::REQUEST_BYTES)
        .rate(Rate::Any)
        .json(
            post,
            "/trust/status",
            Access::Public,
            operation::<(), ()>("Say how certificates stand (application/ocsp-request)")
                .standard("RFC 6960 appendix A"),
            status,
        )
        .body_bytes(OCSP_REQUEST_BYTES)
        .rate(Rate::Any)
        .get("/trust/revoked/{authority}", Access::Public, revoked)
        .get("/trust/authority/{authority}", Access::Public, authority)
        .get("/trust/authority", Access::Public, current)
        .with_state(system)
}

async fn stamp(State(system): State<System>, body: Bytes) -> Outcome<Response> {
    let answer = system
        .notary
        .time_stamp(&body)
        .map_err(|error| ours(&error))?;
    Ok(der("application/timestamp-reply", answer))
}

async fn status(State(system): State<System>, body: Bytes) -> Outcome<Response> {
    let notary = system.notary;
    let answer = system
        .store
        .read(move |db| {
            let (notary, body) = (notary.clone(), body.clone());
            async move { notary.status(&db, &body).await }
        })
        .await
        .map_err(|error| ours(&error))?;
    Ok(der("application/ocsp-response", answer))
}

async fn revoked(State(system): State<System>, Path(authority): Path<String>) -> Outcome<Response> {
    let notary = system.notary;
    let list = system
        .store
        .read(move |db| {
            let (notary, authority) = (notary.clone(), authority.clone());
            async move { notary.revoked(&db, &authority).await }
        })
        .await
        .map_err(|error| ours(&error))?
        .ok_or_else(Failure::not_found)?;
    let cache = format!("public, max-age={LIST_SECONDS}");
    let mut response = der("application/pkix-crl", list);
    if let Ok(cache) = cache.parse() {
        response.headers_mut().insert(header::CACHE_CONTROL, cache);
    }
    Ok(response)
}

async fn authority(
    State(system): State<System>,
    Path(authority): Path<String>,
) -> Outcome<Response> {
    let own = system
        .notary
        .anchor(&authority)
        .ok_or_else(Failure::not_found)?;
    Ok(der("application/pkix-cert", own))
}

async fn current(State(system): State<System>) -> Outcome<Response> {
    let notary = system.notary;
    let kid = notary.authority().map_err(|error| ours(&error))?;
    let own = notary.anchor(&kid).ok_or_else(Failure::not_found)?;
    Ok(der("application/pkix-cert", own))
}

fn der(kind: &'static str, bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}

fn ours(error: &Error) -> Failure {
    tracing::error!(code = error.code(), %error, "the document trust service failed");
    identity::Error::Corrupt("notary").into()
}
