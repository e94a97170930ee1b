//! Offer, token, nonce, credential, notification.

use axum::{
    body::Bytes,
    extract::{Form, State, rejection::FormRejection},
    http::HeaderMap,
};
use kernel::Actor;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use web::{HeaderValue, IntoResponse, Json, Path, Response, StatusCode, header};

use super::{Desk, any_origin};
use crate::{
    Error, Refusal,
    offer::{GRANT_LIFE, GRANT_TYPE, OfferDocument},
    proof::{self, Dpop, DpopFor, Possession},
    sign,
    store::issuance::{self, Grant, Ready, Redemption, Request},
};

/// A token request (form-encoded).
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct TokenForm {
    pub(super) grant_type: Option<String>,
    #[serde(rename = "pre-authorized_code")]
    pub(super) pre_authorized_code: Option<String>,
    pub(super) tx_code: Option<String>,
    pub(super) client_id: Option<String>,
    /// JSON (RFC 9396).
    pub(super) authorization_details: Option<String>,
}

/// An access token.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    pub(super) token_type: String,
    pub(super) expires_in: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorization_details: Option<Vec<AuthorizationDetail>>,
}

/// What an access token is good for, when the wallet asked in this form.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct AuthorizationDetail {
    pub(super) r#type: String,
    pub(super) credential_configuration_id: String,
    #[serde(default)]
    pub(super) credential_identifiers: Vec<String>,
}

/// A nonce.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct NonceAnswer {
    pub(super) c_nonce: String,
}

/// A credential request.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct CredentialRequest {
    pub(super) credential_configuration_id: Option<String>,
    pub(super) credential_identifier: Option<String>,
    pub(super) proofs: Option<Proofs>,
    #[schema(value_type = Option<Object>)]
    pub(super) credential_response_encryption: Option<Value>,
}

/// Proofs of possession by type; `jwt` is the one accepted.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Proofs {
    pub(super) jwt: Option<Vec<String>>,
    /// Other proof types, refused.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub(super) others: serde_json::Map<String, Value>,
}

/// The credentials issued.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct CredentialAnswer {
    pub(super) credentials: Vec<IssuedCredential>,
    pub(super) notification_id: String,
}

/// One credential, and beside it the pass for offline checking (an addition of this platform that
/// other wallets ignore, as OpenID4VCI 1.0 says of unknown members).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct IssuedCredential {
    pub(super) credential: String,
    pub(super) causeway_pass: String,
}

/// What became of a credential.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NotificationRequest {
    pub(super) notification_id: String,
    /// `credential_accepted`, `credential_failure` or `credential_deleted`.
    pub(super) event: String,
}

pub(super) async fn offer(
    State(desk): State<Desk>,
    Path(reference): Path<String>,
) -> web::Outcome<Response> {
    let issuer = desk.issuer.clone();
    let row = desk
        .store
        .read(move |db| async move { issuance::find_offer(&db, &issuer, &reference).await })
        .await?;
    Ok(any_origin(Json(OfferDocument::new(&desk.issuer, &row))))
}

pub(super) async fn nonce(State(desk): State<Desk>) -> Response {
    let c_nonce = proof::new_nonce(&desk.issuer);
    any_origin(Json(NonceAnswer { c_nonce }))
}

pub(super) async fn token(
    State(desk): State<Desk>,
    headers: HeaderMap,
    form: Result<Form<TokenForm>, FormRejection>,
) -> web::Outcome<Response> {
    let Ok(Form(form)) = form else {
        return Ok(refuse(Refusal::InvalidRequest("a form is expected")));
    };
    match redeem(&desk, &headers, form).await {
        Ok(answer) => Ok(any_origin(Json(answer))),
        Err(Error::Refused(refusal)) => Ok(refuse(refusal)),
        Err(error) => Err(error.into()),
    }
}

async fn redeem(desk: &Desk, headers: &HeaderMap, form: TokenForm) -> Result<TokenAnswer, Error> {
    let grant_type = form
        .grant_type
        .ok_or(Refusal::InvalidRequest("grant_type"))?;
    if grant_type != GRANT_TYPE {
        return Err(Refusal::UnsupportedGrantType.into());
    }
    let code = form
        .pre_authorized_code
        .ok_or(Refusal::InvalidRequest("pre-authorized_code"))?;
    let details = form
        .authorization_details
        .as_deref()
        .map(parse_details)
        .transpose()?;
    let dpop = dpop(desk, headers, "/credentials/token", None)?;
    let request = Redemption {
        code,
        tx_code: form.tx_code,
        client: form.client_id,
        has_identifier: details.is_some(),
        dpop,
    };
    let is_dpop = request.dpop.is_some();
    let issuer = desk.issuer.clone();
    let (access_token, grant) = desk
        .store
        .write(&wallet(), move |tx| {
            let (issuer, request) = (issuer.clone(), request.clone());
            async move { issuance::redeem(&tx, &issuer, &request).await }
        })
        .await??;
    Ok(TokenAnswer {
        access_token,
        token_type: if is_dpop { "DPoP" } else { "Bearer" }.to_owned(),
        expires_in: GRANT_LIFE.as_secs(),
        authorization_details: details.map(|_| vec![detail_of(&grant)]),
    })
}

fn parse_details(text: &str) -> Result<Vec<AuthorizationDetail>, Refusal> {
    let details: Vec<AuthorizationDetail> =
        serde_json::from_str(text).map_err(|_| Refusal::InvalidAuthorizationDetails)?;
    match details.as_slice() {
        [one] if one.r#type == "openid_credential" => Ok(details),
        _ => Err(Refusal::InvalidAuthorizationDetails),
    }
}

fn detail_of(grant: &Grant) -> AuthorizationDetail {
    AuthorizationDetail {
        r#type: "openid_credential".to_owned(),
        credential_configuration_id: grant.kind.clone(),
        credential_identifiers: vec![grant.licence.to_string()],
    }
}

pub(super) async fn credential(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Bytes,
) -> web::Outcome<Response> {
    match issue(&desk, &headers, &body).await {
        Ok(answer) => Ok(any_origin(Json(answer))),
        Err(Error::Refused(refusal)) => Ok(refuse(refusal)),
        Err(error) => Err(error.into()),
    }
}

async fn issue(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Result<CredentialAnswer, Error> {
    let (grant, dpop) = authorise(desk, headers, "/credentials/credential").await?;
    let request: CredentialRequest = serde_json::from_slice(body)
        .map_err(|_| Refusal::InvalidCredentialRequest("not the JSON expected"))?;
    let possession = check_request(desk, &grant, request)?;
    let holder = possession.key.clone();
    let prepared = Request {
        grant,
        proof: possession,
        dpop,
    };
    let issuer = desk.issuer.clone();
    let ready: Ready = desk
        .store
        .write(&wallet(), move |tx| {
            let (issuer, prepared) = (issuer.clone(), prepared.clone());
            async move { issuance::prepare(&tx, &issuer, &prepared).await }
        })
        .await??;
    let signed = sign::sign(&desk.issuer, &ready.licence, &holder, &ready.status)?;
    Ok(CredentialAnswer {
        credentials: vec![IssuedCredential {
            credential: signed.credential,
            causeway_pass: signed.pass,
        }],
        notification_id: ready.credential.to_string(),
    })
}

/// The checks of OpenID4VCI 1.0 section 8.3 in the order of their precedence.
fn check_request(
    desk: &Desk,
    grant: &Grant,
    request: CredentialRequest,
) -> Result<Possession, Refusal> {
    match (
        request.credential_configuration_id,
        request.credential_identifier,
    ) {
        (Some(_), Some(_)) => {
            return Err(Refusal::InvalidCredentialRequest(
                "both identifier and configuration",
            ));
        }
        (None, None) => {
            return Err(Refusal::InvalidCredentialRequest(
                "neither identifier nor configuration",
            ));
        }
        (Some(_), None) if grant.has_identifier => {
            return Err(Refusal::InvalidCredentialRequest(
                "an identifier was given out",
            ));
        }
        (Some(kind), None) if kind != grant.kind => {
            return Err(Refusal::UnknownCredentialConfiguration);
        }
        (None, Some(_)) if !grant.has_identifier => {
            return Err(Refusal::UnknownCredentialIdentifier);
        }
        (None, Some(identifier)) if identifier != grant.licence.to_string() => {
            return Err(Refusal::UnknownCredentialIdentifier);
        }
        _ => {}
    }
    if request.credential_response_encryption.is_some() {
        return Err(Refusal::InvalidEncryptionParameters);
    }
    let proofs = request.proofs.ok_or(Refusal::InvalidProof("no proofs"))?;
    if !proofs.others.is_empty() {
        return Err(Refusal::InvalidProof("one proof type, jwt, is expected"));
    }
    let jwts = proofs.jwt.ok_or(Refusal::InvalidProof("no jwt proof"))?;
    let [jwt] = jwts.as_slice() else {
        return Err(Refusal::InvalidProof("exactly one proof is expected"));
    };
    let possession = proof::check_proof(&desk.issuer, jwt)?;
    if possession.client.is_some() && possession.client != grant.client {
        return Err(Refusal::InvalidProof("iss"));
    }
    Ok(possession)
}

pub(super) async fn notification(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Bytes,
) -> web::Outcome<Response> {
    match note(&desk, &headers, &body).await {
        Ok(()) => Ok(any_origin(StatusCode::NO_CONTENT)),
        Err(Error::Refused(refusal)) => Ok(refuse(refusal)),
        Err(error) => Err(error.into()),
    }
}

async fn note(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
    let (grant, _) = authorise(desk, headers, "/credentials/notification").await?;
    let request: NotificationRequest =
        serde_json::from_slice(body).map_err(|_| Refusal::InvalidNotificationRequest)?;
    const EVENTS: [&str; 3] = [
        "credential_accepted",
        "credential_failure",
        "credential_deleted",
    ];
    if !EVENTS.contains(&request.event.as_str()) {
        return Err(Refusal::InvalidNotificationRequest.into());
    }
    desk.store
        .write(&wallet(), move |tx| {
            let grant = grant.clone();
            let (id, event) = (request.notification_id.clone(), request.event.clone());
            async move { issuance::notify(&tx, &grant, &id, &event).await }
        })
        .await??;
    Ok(())
}

/// Opens the access token of a request and checks the DPoP proof it is bound to.
async fn authorise(
    desk: &Desk,
    headers: &HeaderMap,
    path: &str,
) -> Result<(Grant, Option<Dpop>), Error> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .ok_or(Refusal::InvalidToken)?;
    let (scheme, token) = authorization.split_once(' ').ok_or(Refusal::InvalidToken)?;
    let (issuer, text) = (desk.issuer.clone(), token.to_owned());
    let grant = desk
        .store
        .read(move |db| async move { issuance::find_grant(&db, &issuer, &text).await })
        .await??;
    let dpop = match &grant.dpop {
        None if scheme.eq_ignore_ascii_case("bearer") => None,
        Some(bound) if scheme.eq_ignore_ascii_case("dpop") => {
            let dpop = dpop(desk, headers, path, Some(token))?.ok_or(Refusal::InvalidToken)?;
            if dpop.thumbprint != *bound {
                return Err(Refusal::InvalidToken.into());
            }
            Some(dpop)
        }
        _ => return Err(Refusal::InvalidToken.into()),
    };
    Ok((grant, dpop))
}

fn dpop(
    desk: &Desk,
    headers: &HeaderMap,
    path: &str,
    access_token: Option<&str>,
) -> Result<Option<Dpop>, Refusal> {
    let mut values = headers.get_all("dpop").iter();
    let Some(first) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Refusal::InvalidDpopProof);
    }
    let proof = first.to_str().map_err(|_| Refusal::InvalidDpopProof)?;
    let expected = DpopFor {
        proof,
        path,
        access_token,
    };
    proof::check_dpop(&desk.issuer, expected).map(Some)
}

fn refuse(refusal: Refusal) -> Response {
    let mut response = any_origin(refusal);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.into_response()
}

fn wallet() -> Actor {
    Actor::system("wallet")
}
