//! What this provider can do, for client libraries: OpenID Connect Discovery 1.0 and RFC 8414 with the
//! members of the RFCs that follow, and the key set.

use axum::extract::State;
use serde::Serialize;
use trust::{Alg, Jwk, Purpose, jwe};
use utoipa::ToSchema;
use web::{HeaderValue, IntoResponse, Response, header};

use super::{
    Provider, authorize, ciba,
    client::{AuthMethod, GrantKind},
    detail::DetailKind,
    introspect, logout, par,
    request::{ACR_BASIC, ACR_PLUS},
    revoke,
    scope::{Claim, Scope},
    token, userinfo,
};

/// The path of the key set.
pub(crate) const JWKS: &str = "/oauth/jwks";
/// Documents and keys may be kept for five minutes: a new key signs at once, so an unknown `kid` is a
/// reason to ask again.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The metadata document.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Metadata {
    issuer: String,
    #[serde(flatten)]
    endpoints: Endpoints,
    #[serde(flatten)]
    offers: Offers,
    #[serde(flatten)]
    algorithms: Algorithms,
    #[serde(flatten)]
    flags: Flags,
}

/// Where everything is.
#[derive(Debug, Serialize, ToSchema)]
struct Endpoints {
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    pushed_authorization_request_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    backchannel_authentication_endpoint: String,
    /// Ours: where a client withdraws what it asked.
    backchannel_withdrawal_endpoint: String,
}

type Words = Vec<&'static str>;

/// What may be asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Offers {
    scopes_supported: Words,
    claims_supported: Words,
    response_types_supported: Words,
    response_modes_supported: Words,
    grant_types_supported: Words,
    subject_types_supported: Words,
    acr_values_supported: Words,
    prompt_values_supported: Words,
    ui_locales_supported: Words,
    authorization_details_types_supported: Words,
    token_endpoint_auth_methods_supported: Words,
    backchannel_token_delivery_modes_supported: Words,
}

/// What signatures and ciphers are taken and given.
#[derive(Debug, Serialize, ToSchema)]
struct Algorithms {
    code_challenge_methods_supported: Words,
    token_endpoint_auth_signing_alg_values_supported: Words,
    dpop_signing_alg_values_supported: Words,
    request_object_signing_alg_values_supported: Words,
    backchannel_authentication_request_signing_alg_values_supported: Words,
    authorization_signing_alg_values_supported: Words,
    introspection_signing_alg_values_supported: Words,
    id_token_signing_alg_values_supported: Words,
    id_token_encryption_alg_values_supported: Words,
    id_token_encryption_enc_values_supported: Words,
    userinfo_signing_alg_values_supported: Words,
    userinfo_encryption_alg_values_supported: Words,
    userinfo_encryption_enc_values_supported: Words,
}

/// What is done and what is not.
#[derive(Debug, Serialize, ToSchema)]
struct Flags {
    backchannel_user_code_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    require_pushed_authorization_requests: bool,
    tls_client_certificate_bound_access_tokens: bool,
}

/// The key set (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySet {
    keys: Vec<PublishedKey>,
}

/// One public key.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedKey {
    kty: String,
    crv: String,
    x: String,
    y: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
}

impl From<Jwk> for PublishedKey {
    fn from(key: Jwk) -> Self {
        Self {
            kty: key.kty,
            crv: key.crv,
            x: key.x,
            y: key.y,
            kid: key.kid,
            alg: key.alg,
            r#use: key.r#use,
        }
    }
}

pub(crate) async fn metadata(State(provider): State<Provider>) -> Response {
    cached(web::Json(of(&provider)))
}

pub(crate) async fn jwks(State(provider): State<Provider>) -> Response {
    let keys = provider.keys().jwks(&[Purpose::Session]).keys;
    let keys = keys.into_iter().map(PublishedKey::from).collect();
    cached(web::Json(KeySet { keys }))
}

/// Public documents, for any page of any origin.
fn cached(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHE);
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

fn of(provider: &Provider) -> Metadata {
    let has_certificates = provider.has_certificates();
    Metadata {
        issuer: provider.issuer().to_owned(),
        endpoints: endpoints(provider),
        offers: offers(has_certificates),
        algorithms: algorithms(),
        flags: Flags {
            backchannel_user_code_parameter_supported: false,
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
            authorization_response_iss_parameter_supported: true,
            claims_parameter_supported: true,
            request_parameter_supported: true,
            request_uri_parameter_supported: false,
            require_pushed_authorization_requests: false,
            tls_client_certificate_bound_access_tokens: has_certificates,
        },
    }
}

fn endpoints(provider: &Provider) -> Endpoints {
    let at = |path: &str| provider.address(path);
    Endpoints {
        authorization_endpoint: at(authorize::PATH),
        token_endpoint: at(token::PATH),
        userinfo_endpoint: at(userinfo::PATH),
        jwks_uri: at(JWKS),
        pushed_authorization_request_endpoint: at(par::PATH),
        introspection_endpoint: at(introspect::PATH),
        revocation_endpoint: at(revoke::PATH),
        end_session_endpoint: at(logout::PATH),
        backchannel_authentication_endpoint: at(ciba::PATH),
        backchannel_withdrawal_endpoint: at(ciba::WITHDRAW),
    }
}

fn offers(has_certificates: bool) -> Offers {
    let methods = AuthMethod::ALL
        .iter()
        .filter(|method| has_certificates || **method != AuthMethod::TlsClientAuth)
        .map(|method| method.code())
        .collect();
    let mut claims = vec![
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "acr",
        "amr",
        "nonce",
        "sid",
    ];
    claims.extend(Claim::ALL.iter().map(|claim| claim.code()));
    Offers {
        scopes_supported: Scope::ALL.iter().map(|scope| scope.code()).collect(),
        claims_supported: claims,
        response_types_supported: vec!["code"],
        response_modes_supported: vec!["query", "jwt", "query.jwt"],
        grant_types_supported: GrantKind::ALL.iter().map(|kind| kind.code()).collect(),
        subject_types_supported: vec!["pairwise"],
        acr_values_supported: vec![ACR_BASIC, ACR_PLUS],
        prompt_values_supported: vec!["none", "login", "consent", "select_account"],
        ui_locales_supported: vec!["en", "zh-Hant", "zh-Hans"],
        authorization_details_types_supported: DetailKind::ALL
            .iter()
            .map(|kind| kind.code())
            .collect(),
        token_endpoint_auth_methods_supported: methods,
        backchannel_token_delivery_modes_supported: vec!["poll", "ping"],
    }
}

fn algorithms() -> Algorithms {
    let taken = Alg::NAMES.to_vec();
    let given = vec!["ES256"];
    let ciphers: Words = jwe::Enc::ALL.iter().map(|enc| enc.name()).collect();
    Algorithms {
        code_challenge_methods_supported: vec!["S256"],
        token_endpoint_auth_signing_alg_values_supported: taken.clone(),
        dpop_signing_alg_values_supported: taken.clone(),
        request_object_signing_alg_values_supported: taken.clone(),
        backchannel_authentication_request_signing_alg_values_supported: taken,
        authorization_signing_alg_values_supported: given.clone(),
        introspection_signing_alg_values_supported: given.clone(),
        id_token_signing_alg_values_supported: given.clone(),
        id_token_encryption_alg_values_supported: vec![jwe::ALG],
        id_token_encryption_enc_values_supported: ciphers.clone(),
        userinfo_signing_alg_values_supported: given,
        userinfo_encryption_alg_values_supported: vec![jwe::ALG],
        userinfo_encryption_enc_values_supported: ciphers,
    }
}
