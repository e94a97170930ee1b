//! Pushed authorization requests (RFC 9126), with request objects (RFC 9101) where the profile wants
//! them signed.

use std::time::Duration;

use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::{Actor, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use trust::jws::Unverified;
use utoipa::ToSchema;
use web::{Door, IntoResponse, Response, StatusCode};

use super::{
    Provider,
    caller::{self, Call, Caller, JTI_CHARS, SKEW},
    client::{Client, GrantKind, Keys, Profile},
    dpop,
    grant::Bound,
    keyset::{self, Need},
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::{Asked, ReturnTo},
    resource,
    store::{Once, enter_in, request},
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/par";
/// How a `request_uri` of ours begins.
pub(crate) const URI: &str = "urn:ietf:params:oauth:request_uri:";
/// A `request_uri` may be used to arrive for this long.
pub(crate) const PAR_LIFE: Duration = Duration::from_secs(90);
/// A request object lives an hour at most (FAPI 2.0 Message Signing section 5.3.1).
const OBJECT_LIFE: Duration = Duration::from_secs(3_600);
const OBJECT_SECONDS: i64 = 3_600;

/// A pushed request is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pushed {
    request_uri: String,
    expires_in: u64,
}

pub(crate) async fn push(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = keep(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = keep(&provider, (&door, &headers), &body).await;
    }
    let mut response = match ended {
        Ok(pushed) => (StatusCode::CREATED, web::Json(pushed)).into_response(),
        Err(fault) => fault.answer(),
    };
    dpop::offer_nonce(&provider, response.headers_mut());
    response
}

async fn keep(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<Pushed, Fault> {
    let params = Params::read(body)?;
    let call = Call {
        path: PATH,
        headers,
        door,
        params: &params,
    };
    let caller = caller::authenticate(provider, &call).await?;
    caller.check_grant(GrantKind::Code)?;
    if params.has("request_uri") {
        return Err(Refusal::request("request_uri cannot be pushed").into());
    }
    let asked = read(provider, &caller, params).await?;
    let secret = provider.draw();
    let uri = format!("{URI}{secret}");
    let actor = Actor::system("openid");
    let expires = provider.now() + PAR_LIFE;
    provider
        .store()
        .write(&actor, move |tx| {
            let (caller, asked, secret) = (caller.clone(), asked.clone(), secret.clone());
            async move {
                enter_in(&tx, &caller).await?;
                let client = caller.client.id();
                request::keep_in(&tx, client, &asked, (&secret, expires)).await?;
                Ok::<_, Fault>(())
            }
        })
        .await?;
    Ok(Pushed {
        request_uri: uri,
        expires_in: PAR_LIFE.as_secs(),
    })
}

/// The request, out of its request object if it has one.
async fn read(provider: &Provider, caller: &Caller, params: Params) -> Result<Asked, Fault> {
    let client = &caller.client;
    let inner = match params.get("request") {
        Some(object) => open(provider, client, object).await?,
        None if client.profile == Profile::Fapi2Ms => {
            let reason = "this client's requests must be signed";
            return Err(Refusal::request(reason).into());
        }
        None => params,
    };
    let back = ReturnTo::read(&inner, client)?;
    let mut asked = Asked::read(&inner, client, back)?;
    asked.resource = resource::read(provider, &inner).await?;
    match (&caller.bound, &asked.dpop_jkt) {
        (Some(Bound::Key(proven)), Some(named)) if proven != named => {
            return Err(Refusal::dpop("dpop_jkt is not the key of the proof").into());
        }
        (Some(Bound::Key(proven)), None) => asked.dpop_jkt = Some(proven.clone()),
        _ => {}
    }
    Ok(asked)
}

/// RFC 9101 section 6 as FAPI 2.0 Message Signing narrows it.
pub(crate) async fn open(
    provider: &Provider,
    client: &Client,
    object: &str,
) -> Result<Params, Fault> {
    let head = Unverified::parse_foreign(object).map(|parsed| parsed.header().kid.clone());
    let kid = head.ok().flatten();
    let keys = keyset::keys_of(provider, client, Need::Named(kid.as_deref())).await?;
    Ok(verify(provider, (client, &keys), object)?)
}

/// The request object of a backchannel request: complete, and good once (FAPI-CIBA section 5.2.2).
pub(crate) async fn open_once(
    provider: &Provider,
    client: &Client,
    object: &str,
) -> Result<(Params, Once), Fault> {
    let params = open(provider, client, object).await?;
    let refuse = |reason| Refusal::new(Word::InvalidRequestObject, reason);
    let (Ok(Some(_)), Ok(Some(until))) = (params.number("iat"), params.number("exp")) else {
        return Err(refuse("iat of the object is missing").into());
    };
    let jti = params
        .get("jti")
        .filter(|jti| JTI_CHARS.contains(&jti.len()))
        .ok_or(refuse("jti of the object is missing"))?;
    let until = Time::from_seconds(until) + SKEW;
    let replayed = refuse("the object has been used");
    let once = Once::new("request object", client.id(), jti, (until, replayed));
    Ok((params, once))
}

fn verify(
    provider: &Provider,
    (client, keys): (&Client, &Keys),
    object: &str,
) -> Result<Params, Refusal> {
    let refuse = |reason| Refusal::new(Word::InvalidRequestObject, reason);
    let parsed = Unverified::parse_foreign(object)
        .map_err(|_| refuse("the object's form or algorithm is not accepted"))?;
    let head = parsed.header();
    let is_typed = head.typ.is_none() || head.is_type("oauth-authz-req+jwt") || head.is_type("JWT");
    let key = keys
        .named(head.kid.as_deref())
        .filter(|_| is_typed)
        .ok_or(refuse("the object names no registered key"))?;
    let verified = parsed
        .verify_foreign(key)
        .map_err(|_| refuse("the object's signature does not verify"))?;
    let claims: Map<String, Value> = verified
        .claims()
        .map_err(|_| refuse("the object's claims cannot be read"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_for_us = match claims.get("aud") {
        Some(Value::String(aud)) => aud == provider.issuer(),
        Some(Value::Array(all)) => all.iter().any(|aud| aud == provider.issuer()),
        _ => false,
    };
    if text("iss") != Some(client.id()) || !is_for_us {
        return Err(refuse("iss must be the client and aud the issuer"));
    }
    if text("client_id").is_some_and(|id| id != client.id()) {
        return Err(refuse("client_id of the object is another client's"));
    }
    if claims.contains_key("request") || claims.contains_key("request_uri") {
        return Err(refuse("a request object holds no other"));
    }
    let now = provider.now();
    let until = caller::check_times(&claims, now, OBJECT_LIFE);
    let nbf = claims.get("nbf").and_then(Value::as_i64);
    let is_fresh = nbf.is_some_and(|nbf| {
        now.seconds().saturating_sub(nbf) <= OBJECT_SECONDS && nbf <= (now + SKEW).seconds()
    });
    // However it is dated: an hour between the two, not one on either side of now.
    let exp = until.map(Time::seconds).zip(nbf);
    let is_short = exp.is_some_and(|(exp, nbf)| exp.saturating_sub(nbf) <= OBJECT_SECONDS);
    if !is_short || !is_fresh {
        return Err(refuse("the object is not valid now, or for too long"));
    }
    Ok(Params::of_claims(claims))
}
