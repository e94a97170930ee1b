//! The paths of the wire form, and what answers on each.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, State},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::{Access, Door, HeaderMap, IntoResponse as _, Method, Rate, Response, Routes, operation};

use super::{
    HongKong, account, anonymous, bulk,
    caller::{self, Call, Come},
    choice, corp_sign, corporation, documents, door, key, picking, profile,
    reply::{Fault, KeyReply, Reply},
    shelf, sign,
    task::Kind,
    token,
    word::Dialect,
};

/// Bytes of a request; what is longer is answered with 413.
const BODY_BYTES: usize = 10 * 1024 * 1024;
/// The standard these endpoints speak, as OpenAPI names it.
const STANDARD: &str = "the wire form of the iAM Smart and CorpID interfaces";
/// What stands before the paths of the interface for companies.
const CORPORATE: &str = "/api/eservice/";

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
    CorpToken,
    CorpList,
    CorpSwitch,
    CorpProfile,
    CorpInitiate(Kind),
    Initiate(Kind),
    Anonymous(Kind),
    Result(Kind),
    AccountResult,
    Acknowledge,
    Enquire,
    Cancel,
    CorpSign(Kind),
    CorpComplete(Kind),
    SignStatus,
    SignCancel,
    DocumentList,
    DocumentDetail,
    DocumentOffer,
    DocumentWant,
}

/// A request of a client, read whole.
#[derive(Debug)]
struct Came {
    door: Door,
    headers: HeaderMap,
    body: Bytes,
}

impl Came {
    fn as_come(&self) -> Come<'_> {
        Come {
            door: &self.door,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Came {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let door = Door::of(&request).map_err(web::IntoResponse::into_response)?;
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state)
            .await
            .map_err(web::IntoResponse::into_response)?;
        Ok(Self {
            door,
            headers,
            body,
        })
    }
}

async fn carry_out(hk: &HongKong, api: Api, call: &Call) -> Result<Value, Fault> {
    match api {
        Api::Token => token::exchange(hk, call).await,
        Api::CorpToken => corporation::exchange(hk, call).await,
        Api::CorpList => corporation::list(hk, call).await,
        Api::CorpProfile => profile::answer(hk, call).await,
        Api::CorpInitiate(kind) => account::initiate_corporate(hk, call, kind).await,
        Api::CorpSwitch => corporation::switch(hk, call).await,
        Api::Initiate(kind) => account::initiate(hk, call, kind).await,
        Api::Anonymous(kind) => anonymous::initiate(hk, call, kind).await,
        Api::Result(kind) => anonymous::result(hk, call, kind).await,
        Api::AccountResult => anonymous::account_result(hk, call).await,
        Api::Acknowledge => sign::acknowledge(hk, call).await,
        Api::Enquire => bulk::enquire(hk, call).await,
        Api::Cancel => bulk::cancel(hk, call).await,
        Api::CorpSign(kind) => corp_sign::initiate(hk, call, kind).await,
        Api::CorpComplete(kind) => corp_sign::complete(hk, call, kind).await,
        Api::SignStatus => corp_sign::enquire(hk, call).await,
        Api::SignCancel => corp_sign::cancel(hk, call).await,
        Api::DocumentList => shelf::list(hk, call).await,
        Api::DocumentDetail => shelf::detail(hk, call).await,
        Api::DocumentOffer => documents::offer(hk, call).await,
        Api::DocumentWant => documents::want(hk, call).await,
    }
}

/// The path says which interface a call speaks: the one of people, or the one of companies.
fn dialect_of(path: &str) -> Dialect {
    if path.starts_with(CORPORATE) {
        Dialect::CorpId
    } else {
        Dialect::IamSmart
    }
}

fn told<T: Serialize>(hk: &HongKong, dialect: Dialect, answered: Result<T, Fault>) -> Response {
    match answered {
        Ok(reply) => web::Json(reply).into_response(),
        Err(fault) => fault.in_dialect(dialect).answer(hk),
    }
}

async fn answer(
    hk: &HongKong,
    (dialect, api): (Dialect, Api),
    come: Come<'_>,
) -> Result<Reply, Fault> {
    let caller = caller::admit(hk, dialect, come).await?;
    let call = caller::open(hk, &caller, come.body).await?;
    let content = carry_out(hk, api, &call).await?;
    let content = (!content.as_object().is_some_and(serde_json::Map::is_empty)).then_some(content);
    Reply::sealed(hk, dialect, (&call.key, content.as_ref()))
}

/// The routes of the wire form.
#[must_use]
pub fn routes(hk: &HongKong) -> Routes {
    pages().merge(keys()).merge(calls()).with_state(hk)
}

fn pages() -> Routes<HongKong> {
    Routes::new()
        .get("/api/v1/auth/getQR", Access::Public, door::arrive)
        .rate(Rate::Any)
        .get("/api/eservice/v1/auth/getQR", Access::Public, door::arrive)
        .rate(Rate::Any)
        .get("/{lang}/wire/{id}", Access::Public, door::show)
        .extension(web::Extension::PostsAway)
        .post("/{lang}/wire/{id}", Access::Public, door::cancel)
        .extension(web::Extension::PostsAway)
        .post(
            "/{lang}/wire/{id}/documents",
            Access::Public,
            picking::choose,
        )
        .extension(web::Extension::PostsAway)
        .post("/{lang}/wire/{id}/company", Access::Public, choice::choose)
        .extension(web::Extension::PostsAway)
}

/// A call with an empty body.
type Nothing = ();

/// The paths for keys, a pair for each interface.
const KEYS: &[(&str, &str)] = &[
    ("/api/v1/security/getKey", "/api/v1/security/revokeKey"),
    (
        "/api/eservice/v1/security/getKey",
        "/api/eservice/v1/security/revokeKey",
    ),
];

fn keys() -> Routes<HongKong> {
    let post = &Method::POST;
    KEYS.iter().fold(Routes::new(), |routes, (get, revoke)| {
        let dialect = dialect_of(get);
        let give = move |State(hk): State<HongKong>, came: Came| async move {
            let given = key::give(&hk, dialect, came.as_come()).await;
            told(&hk, dialect, given)
        };
        let take = move |State(hk): State<HongKong>, came: Came| async move {
            let taken = key::revoke(&hk, dialect, came.as_come()).await;
            told(&hk, dialect, taken)
        };
        routes
            .json(
                post,
                get,
                Access::Public,
                operation::<Nothing, KeyReply>("The content key in force").standard(STANDARD),
                give,
            )
            .rate(Rate::Caller)
            .json(
                post,
                revoke,
                Access::Public,
                operation::<Nothing, KeyReply>("Take the content key back").standard(STANDARD),
                take,
            )
            .rate(Rate::Caller)
    })
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
        Api::Result(Kind::AnonymousForm),
    ),
    (
        "/api/v1/anonymous/signing/initiateRequest",
        "Ask for a signature over a hash without a login",
        Api::Anonymous(Kind::AnonymousSign),
    ),
    (
        "/api/v1/anonymous/signing/getResult",
        "Fetch the signature, once",
        Api::Result(Kind::AnonymousSign),
    ),
    (
        "/api/v1/anonymous/pdfsigning/initiateRequest",
        "Ask for a signature to embed in a PDF without a login",
        Api::Anonymous(Kind::AnonymousPdf),
    ),
    (
        "/api/v1/anonymous/pdfsigning/getResult",
        "Fetch the signature to embed, once",
        Api::Result(Kind::AnonymousPdf),
    ),
    (
        "/api/v1/anonymous/bulksigning/initiateRequest",
        "Ask for many signatures at once without a login",
        Api::Anonymous(Kind::AnonymousBulk),
    ),
    (
        "/api/v1/anonymous/bulksigning/getResult",
        "Fetch the signatures, once",
        Api::Result(Kind::AnonymousBulk),
    ),
    (
        "/api/eservice/v1/auth/getToken",
        "Exchange the code of a company",
        Api::CorpToken,
    ),
    (
        "/api/eservice/v1/corp/corpList",
        "The companies a person acts for",
        Api::CorpList,
    ),
    (
        "/api/eservice/v1/corp/tokenExchange",
        "Change to another company",
        Api::CorpSwitch,
    ),
    (
        "/api/eservice/v1/profiles",
        "What registers and the company say of it",
        Api::CorpProfile,
    ),
    (
        "/api/eservice/v1/formFilling/initiateRequest",
        "Ask to fill in a form of a company",
        Api::CorpInitiate(Kind::CorpForm),
    ),
    (
        "/api/eservice/v1/formFilling/anonymous/initiateRequest",
        "Ask to fill in a form of a company without a login",
        Api::Anonymous(Kind::AnonymousCorpForm),
    ),
    (
        "/api/eservice/v1/formFilling/anonymous/getResult",
        "Fetch what the form of a company is filled in with, once",
        Api::Result(Kind::AnonymousCorpForm),
    ),
    (
        "/api/eservice/v1/stepup/initiateRequest",
        "Ask the person who acts for a company to show that it is them",
        Api::CorpInitiate(Kind::CorpStepUp),
    ),
    (
        "/api/eservice/v1/getResult",
        "Fetch a result about a company whose callback was not heard, once",
        Api::AccountResult,
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
    (
        "/api/eservice/v1/docWallet/list",
        "What documents a company keeps, in numbers, and those this application was handed",
        Api::DocumentList,
    ),
    (
        "/api/eservice/v1/docWallet/detail",
        "Fetch a document that was handed over, or that this application brought",
        Api::DocumentDetail,
    ),
    (
        "/api/eservice/v1/docWallet/upload/initiateRequest",
        "Bring a document into the wallet of a company",
        Api::DocumentOffer,
    ),
    (
        "/api/eservice/v1/docWallet/sharing/initiateRequest",
        "Ask for documents of a company",
        Api::DocumentWant,
    ),
];

fn calls() -> Routes<HongKong> {
    CALLS
        .iter()
        .fold(Routes::new(), |routes, (path, words, api)| {
            let dialect = dialect_of(path);
            let handler = move |State(hk): State<HongKong>, came: Came| async move {
                let answered = answer(&hk, (dialect, *api), came.as_come()).await;
                told(&hk, dialect, answered)
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
                .rate(Rate::Caller)
        })
}
