//! The token endpoint (RFC 6749 section 3.2): a code, a refresh token, an approved request or another
//! token becomes tokens.

use ::store::Read;
use axum::{body::Bytes, extract::State, http::HeaderMap};
use kernel::Actor;
use serde::Serialize;
use serde_json::Value;
use trust::{base64url, digest};
use utoipa::ToSchema;
use web::{Door, IntoResponse, Response};

use super::{
    Provider,
    caller::{self, Call, Caller},
    ciba,
    client::{Client, GrantKind},
    detail::Detail,
    dpop, exchange,
    grant::Bound,
    mint,
    params::Params,
    refusal::{Fault, Refusal, Word},
    resource::Audience,
    store::{
        consent, enter_in,
        grant::{self, Grant},
    },
};
use crate::{
    PersonState,
    store::{member, person},
};

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/token";
/// Characters of a code verifier (RFC 7636 section 4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) authorization_details: Option<Value>,
    /// RFC 8693 section 2.2.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) issued_token_type: Option<String>,
}

pub(crate) async fn token(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut ended = redeem(&provider, (&door, &headers), &body).await;
    if caller::is_stale(&provider, (&headers, &body), &ended).await {
        ended = redeem(&provider, (&door, &headers), &body).await;
    }
    let mut response = match ended {
        Ok(tokens) => web::Json(tokens).into_response(),
        Err(fault) => fault.answer(),
    };
    dpop::offer_nonce(&provider, response.headers_mut());
    response
}

async fn redeem(
    provider: &Provider,
    (door, headers): (&Door, &HeaderMap),
    body: &[u8],
) -> Result<Tokens, Fault> {
    let params = Params::read(body)?;
    let kind = params.need("grant_type", "grant_type is missing")?;
    let kind: GrantKind = kind
        .parse()
        .map_err(|_| Refusal::new(Word::UnsupportedGrantType, "this grant type is not offered"))?;
    let call = Call {
        path: PATH,
        headers,
        door,
        params: &params,
    };
    let caller = caller::authenticate(provider, &call).await?;
    caller.check_grant(kind)?;
    caller.check_bound()?;
    match kind {
        GrantKind::Code => by_code(provider, caller, &params).await,
        GrantKind::Refresh => by_refresh(provider, caller, &params).await,
        GrantKind::Ciba => ciba::redeem(provider, caller, &params).await,
        GrantKind::Exchange => exchange::redeem(provider, caller, &params).await,
    }
}

/// What a code turned out to be. A second use commits the end of the grant, so it is no error of the
/// write.
enum Redeemed {
    Good(Box<Grant>),
    Reused,
}

async fn by_code(provider: &Provider, caller: Caller, params: &Params) -> Result<Tokens, Fault> {
    let code = params.need("code", "code is missing")?.to_owned();
    let uri = params.get("redirect_uri").map(str::to_owned);
    let verifier = params.get("code_verifier").map(str::to_owned);
    let verifier = verifier
        .filter(|text| VERIFIER_CHARS.contains(&text.len()))
        .ok_or(Refusal::grant("code_verifier is missing or malformed"))?;
    let shown = Shown {
        code,
        uri,
        challenge: base64url::encode(digest::sha256(verifier)),
        refresh: provider.draw(),
        audience: Audience::read(provider, params)?,
    };
    let refresh = shown.refresh.clone();
    let own = caller.clone();
    let redeemed = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (caller, shown) = (own.clone(), shown.clone());
            async move { use_code_in(&tx, &caller, &shown).await }
        })
        .await?;
    let Redeemed::Good(grant) = redeemed else {
        return Err(Refusal::grant("the code has been used; its tokens are revoked").into());
    };
    let refresh = grant.content.is_lasting.then_some(refresh);
    tokens(provider, &caller, (&grant, refresh)).await
}

#[derive(Clone)]
struct Shown {
    code: String,
    uri: Option<String>,
    challenge: String,
    refresh: String,
    audience: Audience,
}

async fn use_code_in(
    tx: &::store::Write,
    caller: &Caller,
    shown: &Shown,
) -> Result<Redeemed, Fault> {
    enter_in(tx, caller).await?;
    let mut grant = grant::by_code_in(tx, &shown.code)
        .await?
        .filter(|grant| grant.client == caller.client.id())
        .ok_or(Refusal::grant("the code is unknown"))?;
    if grant.code_used.is_some() {
        grant::revoke_in(tx, grant.id).await?;
        return Ok(Redeemed::Reused);
    }
    let now = tx.now();
    if grant.code_expires.is_none_or(|expires| now >= expires) {
        return Err(Refusal::grant("the code has expired").into());
    }
    if grant.revoked.is_some() || grant.state != PersonState::Active {
        return Err(Refusal::grant("the grant is no longer good").into());
    }
    let content = &grant.content;
    // The address may be left out by clients that push their requests and register one.
    let is_same_uri = match &shown.uri {
        Some(uri) => content.redirect_uri.as_ref() == Some(uri),
        None => caller.client.is_fapi() && caller.client.redirect_uris.len() == 1,
    };
    if !is_same_uri {
        return Err(Refusal::grant("redirect_uri is not the one of the request").into());
    }
    let is_proven = content
        .challenge
        .as_deref()
        .is_some_and(|own| digest::equal(own.as_bytes(), shown.challenge.as_bytes()));
    if !is_proven {
        return Err(Refusal::grant("code_verifier does not fit").into());
    }
    check_key(content.bound.as_ref(), caller)?;
    let resource = shown.audience.of(content.resource.as_deref())?;
    let refresh = content.is_lasting.then_some(shown.refresh.as_str());
    if !grant::use_code_in(tx, grant.id, refresh).await? {
        return Err(Refusal::grant("the code has been used").into());
    }
    grant.content.resource = resource;
    Ok(Redeemed::Good(Box::new(grant)))
}

/// A code bound to a key is worth nothing with another.
pub(crate) fn check_key(bound: Option<&Bound>, caller: &Caller) -> Result<(), Refusal> {
    match bound {
        Some(bound) if caller.bound.as_ref() != Some(bound) => {
            Err(Refusal::grant("the request was bound to another key"))
        }
        _ => Ok(()),
    }
}

/// RFC 6749 section 6. The refresh token stays: its client is authenticated each time.
async fn by_refresh(provider: &Provider, caller: Caller, params: &Params) -> Result<Tokens, Fault> {
    let token = params.need("refresh_token", "refresh_token is missing")?;
    let token = token.to_owned();
    let own = caller.clone();
    let grant = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (caller, token) = (own.clone(), token.clone());
            async move {
                enter_in(&tx, &caller).await?;
                let grant = grant::by_refresh_in(&tx, &token)
                    .await?
                    .filter(|grant| grant.client == caller.client.id())
                    .ok_or(Refusal::grant("the refresh token is unknown"))?;
                if !grant.is_live(tx.now()) {
                    return Err(Refusal::grant("the refresh token is no longer good").into());
                }
                check_consent_in(&tx, (&grant, &caller.client)).await?;
                check_mandate_in(&tx, &grant).await?;
                let mut grant = grant;
                // A level that was lost since, with a passport that ran out, is told no more.
                let owner = person::get_in(&tx, grant.person).await?;
                grant.content.level = grant.content.level.min(owner.level);
                Ok::<_, Fault>(grant)
            }
        })
        .await?;
    let mut grant = grant;
    narrow(&mut grant, params)?;
    let audience = Audience::read(provider, params)?;
    grant.content.resource = audience.of(grant.content.resource.as_deref())?;
    tokens(provider, &caller, (&grant, None)).await
}

/// A refresh token ends with the consent, and with the purpose the person agreed to.
async fn check_consent_in(db: &Read, (grant, client): (&Grant, &Client)) -> Result<(), Fault> {
    let agreed = consent::find_in(db, grant.person, client.id()).await?;
    if agreed.is_some_and(|agreed| agreed.carries(client, &grant.content)) {
        Ok(())
    } else {
        let reason = "the person's consent has ended, or was to another purpose";
        Err(Refusal::grant(reason).into())
    }
}

/// Whom a grant lets act for a company must still be let: powers end on their day without anybody's doing.
async fn check_mandate_in(db: &Read, grant: &Grant) -> Result<(), Fault> {
    for detail in &grant.content.details {
        if let Detail::ActFor { company, .. } = detail {
            let found = member::mandate_by_number_in(db, grant.person, company).await?;
            let is_held = found.is_some_and(|mandate| {
                let may = |right| mandate.may(right, &grant.client);
                mandate.reaches(&grant.client) && detail.is_held(may)
            });
            if !is_held {
                let reason = "the person may no longer act for this company here";
                return Err(Refusal::grant(reason).into());
            }
        }
    }
    Ok(())
}

/// A refresh may ask for less than was granted, never for more.
fn narrow(grant: &mut Grant, params: &Params) -> Result<(), Refusal> {
    let Some(text) = params.get("scope") else {
        return Ok(());
    };
    let is_granted = |word: &str| {
        let known = grant.content.scopes.iter();
        known.clone().any(|scope| scope.code() == word)
    };
    if !text.split(' ').all(is_granted) {
        let reason = "scope is more than was granted";
        return Err(Refusal::new(Word::InvalidScope, reason));
    }
    let wanted: Vec<&str> = text.split(' ').collect();
    grant
        .content
        .scopes
        .retain(|scope| wanted.contains(&scope.code()));
    Ok(())
}

/// The answer for a grant, bound as the call was.
pub(crate) async fn tokens(
    provider: &Provider,
    caller: &Caller,
    (grant, refresh_token): (&Grant, Option<String>),
) -> Result<Tokens, Fault> {
    let client = &caller.client;
    let bound = caller.bound.as_ref();
    let access_token = mint::access(provider, client, grant, bound)?;
    let claims = &grant.content.id_claims;
    let personal = mint::personal(provider, client, grant, claims).await?;
    let about = (access_token.as_str(), personal);
    let id_token = mint::id_token(provider, client, grant, about).await?;
    let details = &grant.content.details;
    Ok(Tokens {
        token_type: scheme(bound).to_owned(),
        expires_in: super::grant::ACCESS_LIFE.as_secs(),
        id_token: Some(id_token),
        refresh_token,
        scope: grant.content.scope_words(),
        authorization_details: (!details.is_empty()).then(|| serde_json::json!(details)),
        issued_token_type: None,
        access_token,
    })
}

pub(crate) const fn scheme(bound: Option<&Bound>) -> &'static str {
    match bound {
        Some(Bound::Key(_)) => "DPoP",
        _ => "Bearer",
    }
}
