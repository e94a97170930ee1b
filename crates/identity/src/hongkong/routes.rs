//! The paths of the wire form, and what answers on each.

use axum::{body::Bytes, extract::State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use web::{Access, HeaderMap, IntoResponse as _, Method, Rate, Response, Routes, operation};

use super::{
    HongKong, account, anonymous, bulk,
    caller::{self, Call},
    corporate, door, key,
    reply::{Fault, KeyReply, Reply},
    sign,
    task::Kind,
    token,
};

/// Bytes of a request; what is longer is answered with 413.
const BODY_BYTES: usize = 10 * 1024 * 1024;
/// The standard these endpoints speak, as OpenAPI names it.
const STANDARD: &str = "the wire form of the iAM Smart interface";

/// The body of every call but those for keys.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SealedBody {
    /// Base64 of the sealed parameters.
    #[expect(dead_code, reason = "declares the body; the caller's module opens it")]
    content: String,
}

/// What a call asks.
#[derive(Clone, Copy, Debug)]
enum Api {
    Token,
    Initiate(Kind),
    Anonymous(Kind),
    Result(&'static [Kind]),
    AccountResult,
    Acknowledge,
    Enquire,
    Cancel,
    CorpSign(Kind),
    CorpComplete(Kind),
    SignStatus,
    SignCancel,
}

async fn carry_out(hk: &HongKong, api: Api, call: &Call) -> Result<Value, Fault> {
    match api {
        Api::Token => token::exchange(hk, call).await,
        Api::Initiate(kind) => account::initiate(hk, call, kind).await,
        Api::Anonymous(kind) => anonymous::initiate(hk, call, kind).await,
        Api::Result(kinds) => anonymous::result(hk, call, kinds).await,
        Api::AccountResult => anonymous::account_result(hk, call).await,
        Api::Acknowledge => sign::acknowledge(hk, call).await,
        Api::Enquire => bulk::enquire(hk, call).await,
        Api::Cancel => bulk::cancel(hk, call).await,
        Api::CorpSign(kind) => corporate::initiate(hk, call, kind).await,
        Api::CorpComplete(kind) => corporate::complete(hk, call, kind).await,
        Api::SignStatus => corporate::enquire(hk, call).await,
        Api::SignCancel => corporate::cancel(hk, call).await,
    }
}

async fn serve(hk: HongKong, api: Api, headers: HeaderMap, body: Bytes) -> Response {
    match answer(&hk, api, (&headers, &body)).await {
        Ok(reply) => web::Json(reply).into_response(),
        Err(fault) => fault.answer(&hk),
    }
}

async fn answer(
    hk: &HongKong,
    api: Api,
    (headers, body): (&HeaderMap, &[u8]),
) -> Result<Reply, Fault> {
    let caller = caller::admit(hk, headers, body).await?;
    let dialect = caller.dialect;
    let carried = async {
        let call = caller::open(hk, &caller, body).await?;
        let content = carry_out(hk, api, &call).await?;
        let content =
            (!content.as_object().is_some_and(serde_json::Map::is_empty)).then_some(content);
        Reply::sealed(hk, dialect, (&call.key, content.as_ref()))
    };
    carried
        .await
        .map_err(|fault: Fault| fault.in_dialect(dialect))
}

/// The routes of the wire form.
#[must_use]
pub fn routes(hk: &HongKong) -> Routes {
    pages().merge(keys()).merge(calls()).with_state(hk)
}

fn pages() -> Routes<HongKong> {
    Routes::new()
        .get("/api/v1/auth/getQR", Access::Public, door::arrive)
        .rate(Rate::Post)
        .get("/{lang}/wire/{id}", Access::Public, door::show)
        .extension(web::Extension::PostsAway)
        .post("/{lang}/wire/{id}", Access::Public, door::cancel)
        .extension(web::Extension::PostsAway)
}

/// A call with an empty body.
type Nothing = ();

fn keys() -> Routes<HongKong> {
    let post = &Method::POST;
    Routes::new()
        .json(
            post,
            "/api/v1/security/getKey",
            Access::Public,
            operation::<Nothing, KeyReply>("The content key in force").standard(STANDARD),
            key::get,
        )
        .rate(Rate::Any)
        .json(
            post,
            "/api/v1/security/revokeKey",
            Access::Public,
            operation::<Nothing, KeyReply>("Take the content key back").standard(STANDARD),
            key::revoke,
        )
        .rate(Rate::Any)
}

/// Every path with a sealed body.
const CALLS: &[(&str, &str, Api)] = &[
    ("/api/v1/auth/getToken", "Exchange a code", Api::Token),
    (
        "/api/v1/account/auth/profile/initiateRequest",
        "Ask for what the register holds",
        Api::Initiate(Kind::Profile),
    ),
    (
        "/api/v1/account/eme/initiateRequest",
        "Ask to fill in a form",
        Api::Initiate(Kind::Form),
    ),
    (
        "/api/v1/account/stepup/initiateRequest",
        "Ask the person to show that it is them",
        Api::Initiate(Kind::StepUp),
    ),
    (
        "/api/v1/account/signing/initiateRequest",
        "Ask for a signature over a hash",
        Api::Initiate(Kind::Sign),
    ),
    (
        "/api/v1/account/pdfsigning/initiateRequest",
        "Ask for a signature to embed in a PDF",
        Api::Initiate(Kind::Pdf),
    ),
    (
        "/api/v1/account/signing/ackResult",
        "Say what became of a signature",
        Api::Acknowledge,
    ),
    (
        "/api/v1/account/bulksigning/initiateRequest",
        "Ask for many signatures at once",
        Api::Initiate(Kind::Bulk),
    ),
    (
        "/api/v1/account/bulksigning/enquireStatus",
        "Where many signatures stand",
        Api::Enquire,
    ),
    (
        "/api/v1/account/bulksigning/cancelRequest",
        "Withdraw a request for many signatures",
        Api::Cancel,
    ),
    (
        "/api/v1/account/getResult",
        "Fetch a result whose callback was not heard, once",
        Api::AccountResult,
    ),
    (
        "/api/v1/anonymous/eme/initiateRequest",
        "Ask to fill in a form without a login",
        Api::Anonymous(Kind::AnonymousForm),
    ),
    (
        "/api/v1/anonymous/eme/getResult",
        "Fetch what the form is filled in with, once",
        Api::Result(&[Kind::AnonymousForm]),
    ),
    (
        "/api/v1/anonymous/signing/initiateRequest",
        "Ask for a signature over a hash without a login",
        Api::Anonymous(Kind::AnonymousSign),
    ),
    (
        "/api/v1/anonymous/signing/getResult",
        "Fetch the signature, once",
        Api::Result(&[Kind::AnonymousSign]),
    ),
    (
        "/api/v1/anonymous/pdfsigning/initiateRequest",
        "Ask for a signature to embed in a PDF without a login",
        Api::Anonymous(Kind::AnonymousPdf),
    ),
    (
        "/api/v1/anonymous/pdfsigning/getResult",
        "Fetch the signature to embed, once",
        Api::Result(&[Kind::AnonymousPdf]),
    ),
    (
        "/api/eservice/v1/signing/initiateRequest",
        "Ask for a signature over a hash, or for the company chop",
        Api::CorpSign(Kind::CorpSign),
    ),
    (
        "/api/eservice/v1/pdfsigning/initiateRequest",
        "Ask for a signature to embed in a PDF, or for the company chop",
        Api::CorpSign(Kind::CorpPdf),
    ),
    (
        "/api/eservice/v1/bulksigning/initiateRequest",
        "Ask for many signatures at once, or for as many chops",
        Api::CorpSign(Kind::CorpBulk),
    ),
    (
        "/api/eservice/v1/signing/requestCorpSigning",
        "Ask for the company chop that completes a signature over a hash",
        Api::CorpComplete(Kind::CorpSign),
    ),
    (
        "/api/eservice/v1/pdfsigning/requestCorpSigning",
        "Ask for the company chop that completes a signature in a PDF",
        Api::CorpComplete(Kind::CorpPdf),
    ),
    (
        "/api/eservice/v1/bulksigning/requestCorpSigning",
        "Ask for the company chops that complete many signatures",
        Api::CorpComplete(Kind::CorpBulk),
    ),
    (
        "/api/eservice/v1/signing/ackResult",
        "Say what became of a signature for a company",
        Api::Acknowledge,
    ),
    (
        "/api/eservice/v1/signing/enquireStatus",
        "Where signatures for a company stand",
        Api::SignStatus,
    ),
    (
        "/api/eservice/v1/signing/cancelRequest",
        "Withdraw a request for signatures for a company",
        Api::SignCancel,
    ),
];

fn calls() -> Routes<HongKong> {
    CALLS
        .iter()
        .fold(Routes::new(), |routes, (path, words, api)| {
            let handler = move |State(hk): State<HongKong>, headers: HeaderMap, body: Bytes| {
                serve(hk, *api, headers, body)
            };
            routes
                .json(
                    &Method::POST,
                    path,
                    Access::Public,
                    operation::<SealedBody, Reply>(words).standard(STANDARD),
                    handler,
                )
                .body_bytes(BODY_BYTES)
                .rate(Rate::Any)
        })
}
