//! Introspection (RFC 7662), plain or as a signed answer (RFC 9701): a client that guards resources
//! asks what a token for them is good for; any client may ask about its own. A token for this platform, or
//! for the resources of somebody else, is good for nothing there, and nobody learns that it exists.

use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::Actor;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use web::{Door, HeaderValue, IntoResponse, Response, header};

use super::{
    Provider,
    caller::{self, Call},
    mint,
    params::Params,
    refusal::Fault,
    request::acr,
    store::{
        enter_in,
        grant::{self, Grant},
    },
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/introspect";
const SIGNED: &str = "application/token-introspection+jwt";

/// What a token is good for; only `active: false` when for nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Introspected {
    active: bool,
    #[serde(flatten)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    claims: Map<String, Value>,
}

pub(crate) async fn introspect(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = look(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = look(&provider, (&door, &headers), &body).await;
    }
    match ended {
        Ok((client, found)) => {
            let wants_signed = headers
                .get(header::ACCEPT)
                .is_some_and(|accept| accept.as_bytes() == SIGNED.as_bytes());
            if !wants_signed {
                return web::Json(found).into_response();
            }
            let claims = json!({
                "iss": provider.issuer(),
                "aud": client,
                "iat": provider.now().seconds(),
                "token_introspection": found,
            });
            match mint::sign(&provider, mint::INTROSPECTION, &claims) {
                Ok(token) => {
                    let mut response = token.into_response();
                    response
                        .headers_mut()
                        .insert(header::CONTENT_TYPE, HeaderValue::from_static(SIGNED));
                    response
                }
                Err(error) => Fault::from(error).answer(),
            }
        }
        Err(fault) => fault.answer(),
    }
}

async fn look(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<(String, Introspected), Fault> {
    let params = Params::read(body)?;
    let call = Call {
        path: PATH,
        headers,
        door,
        params: &params,
    };
    let caller = caller::authenticate(provider, &call).await?;
    let token = params.need("token", "token is missing")?.to_owned();
    let access = mint::read_access(provider, &token).ok();
    let id = access
        .as_ref()
        .map(|access| (access.grant, access.jti.clone()));
    let own = caller.clone();
    let grant = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (own, id, token) = (own.clone(), id.clone(), token.clone());
            async move {
                enter_in(&tx, &own).await?;
                Ok::<_, Fault>(match id {
                    Some((id, jti)) => grant::find_in(&tx, id, &jti).await?,
                    None => grant::by_refresh_in(&tx, &token).await?,
                })
            }
        })
        .await?;
    let client = &caller.client;
    let nothing = Introspected {
        active: false,
        claims: Map::new(),
    };
    let Some(grant) = grant.filter(|grant| grant.is_live(provider.now())) else {
        return Ok((client.id().to_owned(), nothing));
    };
    let is_own = grant.client == client.id();
    let is_for = |access: &mint::Access| client.guards(&access.audience);
    if !is_own && !access.as_deref().is_some_and(is_for) {
        return Ok((client.id().to_owned(), nothing));
    }
    let claims = match access {
        Some(access) => {
            let mut claims = access.claims.clone();
            claims.remove("grant");
            claims
        }
        None => of_refresh(&grant),
    };
    let found = Introspected {
        active: true,
        claims,
    };
    Ok((client.id().to_owned(), found))
}

fn of_refresh(grant: &Grant) -> Map<String, Value> {
    let claims = json!({
        "client_id": grant.client,
        "scope": grant.content.scope_words(),
        "acr": acr(grant.content.level),
        "exp": grant.expires.seconds(),
        "token_type": "refresh_token",
    });
    claims.as_object().cloned().unwrap_or_default()
}
