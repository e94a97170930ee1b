//! The endpoints of the issuing protocol, of publication and of checking. All are public: each
//! carries its own proof (a code, a token, a signature), and answers any origin, because wallets and
//! inspectors' pages may live anywhere.

mod issuing;
mod publishing;

use store::Store;
use web::{
    Access, HeaderValue, IntoResponse, Method, Rate, Response, Routes, StatusCode, header,
    operation,
};

use crate::{
    Issuer,
    metadata::{IssuerMetadata, KeyMetadata, KeySet, ServerMetadata, TypeMetadata},
    offer::OfferDocument,
    refusal::RefusalBody,
    verdict::Verdict,
};

use issuing::{
    CredentialAnswer, CredentialRequest, NonceAnswer, NotificationRequest, TokenAnswer, TokenForm,
};
use publishing::{CodeToCheck, TrustListAnswer};

/// What the endpoints work with.
#[derive(Clone, Debug)]
pub struct Desk {
    pub issuer: Issuer,
    pub store: Store,
}

// Codes and tokens carry 128 bits that nobody guesses, and six digits die after five tries, while a
// whole mobile network may share one address: so the protocol has the widest rate.

/// Bytes of a request body of the protocol.
const BODY_BYTES: usize = 64 * 1024;
const OPENID4VCI: &str = "OpenID4VCI 1.0";

/// The routes of this crate.
#[must_use]
pub fn routes() -> Routes<Desk> {
    issuing_routes()
        .merge(metadata_routes())
        .merge(publishing_routes())
        .merge(preflight_routes())
}

fn issuing_routes() -> Routes<Desk> {
    let post = Method::POST;
    Routes::new()
        .json(
            &Method::GET,
            "/credentials/offers/{reference}",
            Access::Public,
            operation::<(), OfferDocument>("A credential offer by reference").standard(OPENID4VCI),
            issuing::offer,
        )
        .json(
            &post,
            "/credentials/token",
            Access::Public,
            operation::<TokenForm, TokenAnswer>("Redeem a pre-authorised code")
                .answers::<RefusalBody>(400)
                .takes_form()
                .standard(OPENID4VCI),
            issuing::token,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
        .json(
            &post,
            "/credentials/nonce",
            Access::Public,
            operation::<(), NonceAnswer>("A fresh nonce for a proof").standard(OPENID4VCI),
            issuing::nonce,
        )
        .rate(Rate::Any)
        .json(
            &post,
            "/credentials/credential",
            Access::Public,
            operation::<CredentialRequest, CredentialAnswer>("Issue a credential to a key")
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .standard(OPENID4VCI),
            issuing::credential,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
        .json(
            &post,
            "/credentials/notification",
            Access::Public,
            operation::<NotificationRequest, ()>("What became of a credential")
                .answers::<()>(204)
                .answers::<RefusalBody>(400)
                .answers::<RefusalBody>(401)
                .standard(OPENID4VCI),
            issuing::notification,
        )
        .body_bytes(BODY_BYTES)
        .rate(Rate::Any)
}

fn metadata_routes() -> Routes<Desk> {
    let get = Method::GET;
    Routes::new()
        .json(
            &get,
            "/.well-known/openid-credential-issuer/credentials",
            Access::Public,
            operation::<(), IssuerMetadata>("Credential issuer metadata").standard(OPENID4VCI),
            publishing::issuer_metadata,
        )
        .json(
            &get,
            "/.well-known/oauth-authorization-server/credentials",
            Access::Public,
            operation::<(), ServerMetadata>("Authorization server metadata").standard("RFC 8414"),
            publishing::server_metadata,
        )
        .json(
            &get,
            "/.well-known/jwt-vc-issuer/credentials",
            Access::Public,
            operation::<(), KeyMetadata>("Issuer keys of SD-JWT VC").standard("SD-JWT VC"),
            publishing::issuer_keys,
        )
        .json(
            &get,
            "/credentials/jwks",
            Access::Public,
            operation::<(), KeySet>("Credential signing keys").standard("RFC 7517"),
            publishing::keys,
        )
        .json(
            &get,
            "/credentials/types/{kind}",
            Access::Public,
            operation::<(), TypeMetadata>("Type metadata of a kind of licence")
                .standard("SD-JWT VC"),
            publishing::type_metadata,
        )
}

fn publishing_routes() -> Routes<Desk> {
    Routes::new()
        .json(
            &Method::GET,
            "/credentials/status/{list}",
            Access::Public,
            operation::<(), ()>("A signed token status list, as JWT or CWT")
                .standard("Token Status List"),
            publishing::status_list,
        )
        .json(
            &Method::GET,
            "/credentials/trust-list",
            Access::Public,
            operation::<(), TrustListAnswer>("The signed trust list for inspectors"),
            publishing::trust_list,
        )
        .json(
            &Method::POST,
            "/credentials/verify",
            Access::Public,
            operation::<CodeToCheck, Verdict>("Check the text of a licence code"),
            publishing::verify,
        )
        .body_bytes(BODY_BYTES)
}

/// Browsers ask before sending JSON or a token across origins.
fn preflight_routes() -> Routes<Desk> {
    const PATHS: [&str; 5] = [
        "/credentials/token",
        "/credentials/nonce",
        "/credentials/credential",
        "/credentials/notification",
        "/credentials/status/{list}",
    ];
    PATHS.into_iter().fold(Routes::new(), |routes, path| {
        let described = operation::<(), ()>("Whether another origin may ask").answers::<()>(204);
        routes.json(&Method::OPTIONS, path, Access::Public, described, preflight)
    })
}

async fn preflight() -> Response {
    any_origin(StatusCode::NO_CONTENT)
}

/// Lets a page of any origin read the answer. No cookie is ever looked at here.
fn any_origin(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, dpop, accept, if-none-match",
        ),
        (
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "www-authenticate, dpop-nonce, etag",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
