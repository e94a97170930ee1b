//! Revocation (RFC 7009): a refresh token takes its grant with it, an access token only itself. An
//! unknown token is as good as revoked.

use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::{Actor, Time};
use serde_json::Value;
use web::{Door, IntoResponse, Response, StatusCode};

use super::{
    Provider,
    caller::{self, Call},
    mint,
    params::Params,
    refusal::Fault,
    store::{enter_in, grant},
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/revoke";

pub(crate) async fn revoke(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = end(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = end(&provider, (&door, &headers), &body).await;
    }
    match ended {
        Ok(()) => StatusCode::OK.into_response(),
        Err(fault) => fault.answer(),
    }
}

async fn end(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<(), Fault> {
    let params = Params::read(body)?;
    let call = Call {
        path: PATH,
        headers,
        door,
        params: &params,
    };
    let caller = caller::authenticate(provider, &call).await?;
    let token = params.need("token", "token is missing")?.to_owned();
    let access = mint::read_access(provider, &token)
        .ok()
        .filter(|access| access.client == caller.client.id());
    provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (caller, token, access) = (caller.clone(), token.clone(), access.clone());
            async move {
                enter_in(&tx, &caller).await?;
                if let Some(access) = access {
                    let exp = access.claims.get("exp").and_then(Value::as_i64);
                    let until = Time::from_seconds(exp.unwrap_or_default());
                    grant::kill_in(&tx, &access.jti, until).await?;
                } else if let Some(found) = grant::by_refresh_in(&tx, &token).await?
                    && found.client == caller.client.id()
                {
                    grant::revoke_in(&tx, found.id).await?;
                }
                Ok::<_, Fault>(())
            }
        })
        .await
}
