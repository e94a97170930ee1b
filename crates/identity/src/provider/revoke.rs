//! Revocation (RFC 7009): a refresh token takes its grant with it, an access token only itself. An
//! unknown token is as good as revoked.

use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::{Actor, Time};
use serde_json::Value;
use web::{IntoResponse, Response, StatusCode};

use super::{
    Provider,
    caller::{self, Call},
    mint,
    params::Params,
    refusal::Fault,
    store::{grant, use_all_in},
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/revoke";

pub(crate) async fn revoke(
    State(provider): State<Provider>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match end(&provider, &headers, &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(fault) => fault.answer(),
    }
}

async fn end(provider: &Provider, headers: &HeaderMap, body: &[u8]) -> Result<(), Fault> {
    let params = Params::read(body)?;
    let call = Call {
        path: PATH,
        headers,
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
                use_all_in(&tx, &caller.once).await?;
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
