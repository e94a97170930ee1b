//! The userinfo endpoint (OpenID Connect Core section 5.3), which is also this platform's example of a
//! protected resource: proof of possession, revocation, step-up (RFC 9470).

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, header},
};
use kernel::Actor;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use web::{Door, HeaderValue, IntoResponse, Rate, Response};

use super::{
    Provider,
    client::{Client, Sender},
    detail::Detail,
    dpop::{self, Wanted},
    grant::Bound,
    mint::{self, Access},
    params::Params,
    refusal::{Fault, Refusal, Word},
    request::ACR_PLUS,
    scope::Scope,
    store::{
        Once,
        client::check_in,
        grant::{self, Grant},
        use_all_in,
    },
};
use crate::FieldKey;

/// The path of this endpoint.
pub(crate) const PATH: &str = "/oauth/userinfo";
/// Seconds since the sign-in within which a card number is told.
const CARD_AGE: i64 = 3_600;

/// A scheme and the token under it.
type Shown<'a> = (&'a str, &'a str);
/// Stands for a scheme where the token came in a form; no header can say it.
const IN_FORM: &str = " form";
const MISSING: &str = "the access token is missing";
const JWT: &str = "application/jwt";

/// What a client may know of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserInfo {
    sub: String,
    /// The claims of the granted scopes.
    #[serde(flatten)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    claims: Map<String, Value>,
}

pub(crate) async fn get(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
) -> Response {
    let shown = scheme_of(&headers).ok_or(Refusal::token(MISSING));
    answer(&provider, Method::GET, (&door, &headers, shown)).await
}

pub(crate) async fn post(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Params::read(&body);
    let shown = match &form {
        Ok(form) => shown_in(&headers, form),
        Err(refusal) => Err(refusal.clone()),
    };
    answer(&provider, Method::POST, (&door, &headers, shown)).await
}

/// The token in the header, or in the form (RFC 6750 section 2.2): in one of them.
fn shown_in<'a>(headers: &'a HeaderMap, form: &'a Params) -> Result<Shown<'a>, Refusal> {
    match (
        headers.contains_key(header::AUTHORIZATION),
        form.get("access_token"),
    ) {
        (true, Some(_)) => Err(Refusal::request("the token is sent twice")),
        (false, Some(token)) => Ok((IN_FORM, token)),
        _ => scheme_of(headers).ok_or(Refusal::token(MISSING)),
    }
}

async fn answer(
    provider: &Provider,
    method: Method,
    (door, headers, shown): (&Door, &HeaderMap, Result<Shown<'_>, Refusal>),
) -> Response {
    let is_dpop = matches!(&shown, Ok((scheme, _)) if scheme.eq_ignore_ascii_case("dpop"));
    let scheme = if is_dpop { "DPoP" } else { "Bearer" };
    let shown = match shown {
        Ok(shown) => shown,
        Err(refusal) => return refusal.challenge(scheme),
    };
    let mut told = tell(provider, method.clone(), (door, headers, shown)).await;
    if let Err(Fault::Changed(client)) = &told
        && provider.forget_changed(client).await.unwrap_or_default()
    {
        told = tell(provider, method, (door, headers, shown)).await;
    }
    let told = match told {
        Ok((client, info)) => written(provider, &client, info).await,
        Err(fault) => Err(fault),
    };
    let mut response = match told {
        Ok(response) => response,
        Err(Fault::Refused(refusal)) => refusal.challenge(scheme),
        Err(fault) => fault.answer(),
    };
    if is_dpop {
        dpop::offer_nonce(provider, response.headers_mut());
    }
    response
}

/// As JSON, or as a JWT for a client that registered for it.
async fn written(provider: &Provider, client: &Client, info: UserInfo) -> Result<Response, Fault> {
    if !client.is_userinfo_signed && client.userinfo_enc.is_none() {
        return Ok(web::Json(info).into_response());
    }
    let mut response = mint::info_token(provider, client, &info)
        .await?
        .into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(JWT));
    Ok(response)
}

/// The scheme, in any case (RFC 9110 section 11.1), and the token.
fn scheme_of(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    value.to_str().ok()?.split_once(' ')
}

async fn tell(
    provider: &Provider,
    method: Method,
    (door, headers, (scheme, token)): (&Door, &HeaderMap, Shown<'_>),
) -> Result<(Client, UserInfo), Fault> {
    let access = own(provider, token)?;
    let client = provider
        .known_client(&access.client)
        .await?
        .ok_or(Refusal::token("the client is no longer in force"))?;
    door.count(Rate::Caller, "client", client.id())?;
    if scheme == IN_FORM && client.is_fapi() {
        return Err(Refusal::token("this client sends its token in the header").into());
    }
    let scheme = if scheme == IN_FORM { "Bearer" } else { scheme };
    let shown = (&*access, scheme, token);
    let once = check_holder(provider, &client, shown, (method, PATH, door, headers))?;
    let look = Look {
        provider: provider.clone(),
        client: client.clone(),
        access,
        once,
    };
    let info = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let look = look.clone();
            async move { look.look_in(&tx).await }
        })
        .await?;
    Ok((client, info))
}

/// The access token, when it is for this platform.
fn own(provider: &Provider, token: &str) -> Result<Arc<Access>, Refusal> {
    let access = mint::read_access(provider, token)?;
    if access.audience == provider.issuer() {
        Ok(access)
    } else {
        Err(Refusal::token("the token is for another resource"))
    }
}

/// Opens the token of a call of another resource of this platform: the grant behind it and its client.
pub(crate) async fn open(
    provider: &Provider,
    door: &Door,
    (method, path, headers): (Method, &'static str, &HeaderMap),
) -> Result<(Grant, Client), Fault> {
    let (scheme, token) = scheme_of(headers).ok_or(Refusal::token(MISSING))?;
    let access = own(provider, token)?;
    let client = provider
        .client(&access.client)
        .await?
        .ok_or(Refusal::token("the client is no longer in force"))?;
    door.count(Rate::Caller, "client", client.id())?;
    let shown = (&*access, scheme, token);
    let once = check_holder(provider, &client, shown, (method, path, door, headers))?;
    let grant = provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let (once, access) = (once.clone(), Arc::clone(&access));
            async move {
                use_all_in(&tx, once.as_slice()).await?;
                Ok::<_, Fault>(grant::find_in(&tx, access.grant, &access.jti).await?)
            }
        })
        .await?
        .filter(|grant| grant.is_live(provider.now()))
        .ok_or(Refusal::token("the access token is revoked"))?;
    Ok((grant, client))
}

/// A look of a client at a person, whose token was shown by whom it is bound to.
#[derive(Clone)]
struct Look {
    provider: Provider,
    client: Client,
    access: Arc<Access>,
    once: Option<Once>,
}

impl Look {
    /// The token is live, the proof is used, the reading is on record and the values are read: one
    /// write.
    async fn look_in(&self, tx: &::store::Write) -> Result<UserInfo, Fault> {
        check_in(tx, &self.client).await?;
        use_all_in(tx, self.once.as_slice()).await?;
        let grant = grant::find_in(tx, self.access.grant, &self.access.jti)
            .await?
            .filter(|grant| grant.is_live(tx.now()))
            .ok_or(Refusal::token("the access token is revoked"))?;
        if !grant.content.scopes.contains(&Scope::Openid) {
            return Err(Refusal::token("the token is not for userinfo").into());
        }
        let shared = shared(&grant);
        // The number of card or passport is for those who showed the card, and not long ago.
        let age = tx.now().seconds().saturating_sub(grant.content.auth_time);
        let is_sure = grant.content.level >= crate::Level::Plus && age <= CARD_AGE;
        let is_number = |key: &FieldKey| matches!(key, FieldKey::Hkid | FieldKey::Passport);
        if shared.iter().any(is_number) && !is_sure {
            return Err(step_up(Some(CARD_AGE)).into());
        }
        let wanted = (&grant.content.info()[..], &shared[..]);
        let wanted = mint::Wanted::of(&self.provider, &self.client, &grant, wanted);
        let (mut claims, profile) = wanted.read_in(tx).await?;
        if !shared.is_empty() {
            let fields: Map<String, Value> = profile
                .fields
                .into_iter()
                .map(|field| {
                    let source = json!({ "value": field.value, "source": field.source });
                    (field.key.code().to_owned(), source)
                })
                .collect();
            claims.insert("share_data".to_owned(), Value::Object(fields));
        }
        Ok(UserInfo {
            sub: self.access.subject.clone(),
            claims,
        })
    }
}

/// The fields a person shared beyond the claims of scopes.
fn shared(grant: &Grant) -> Vec<FieldKey> {
    let details = grant.content.details.iter();
    details
        .flat_map(|detail| match detail {
            Detail::ShareData { datatypes, .. } => datatypes.as_slice(),
            _ => &[],
        })
        .copied()
        .collect()
}

/// A bound token is shown with its key or certificate, and under its own scheme: a DPoP token as
/// `Bearer` is refused (RFC 9449 section 7.1).
fn check_holder(
    provider: &Provider,
    client: &Client,
    (access, scheme, token): (&Access, &str, &str),
    (method, path, door, headers): (Method, &str, &Door, &HeaderMap),
) -> Result<Option<Once>, Refusal> {
    let bound: Option<Bound> = access
        .claims
        .get("cnf")
        .and_then(|cnf| serde_json::from_value(cnf.clone()).ok());
    let is_scheme = |name: &str| scheme.eq_ignore_ascii_case(name);
    match bound {
        Some(Bound::Key(jkt)) => {
            if !is_scheme("dpop") {
                return Err(Refusal::token("the token is bound to a key; use DPoP"));
            }
            let wanted = Wanted {
                method,
                path,
                token: Some(token),
                needs_nonce: client.needs_dpop_nonce,
            };
            let proven = dpop::check(provider, headers, &wanted)?;
            if proven.jkt != jkt {
                return Err(Refusal::token("the token is bound to another key"));
            }
            Ok(Some(proven.once))
        }
        Some(Bound::Certificate(print)) => {
            let shown = provider.certificate((door, headers));
            if is_scheme("bearer") && shown.is_some_and(|shown| shown.print == print) {
                Ok(None)
            } else {
                Err(Refusal::token("the token is bound to a certificate"))
            }
        }
        None if client.sender != Sender::Bearer => {
            Err(Refusal::token("this client's tokens are bound"))
        }
        None if is_scheme("bearer") && !headers.contains_key(dpop::DPOP) => Ok(None),
        None => Err(Refusal::token("the token is a bearer token")),
    }
}

/// RFC 9470: what a resource answers when the token is good and the sign-in behind it is not enough.
pub(crate) fn step_up(max_age: Option<i64>) -> Refusal {
    let acr = format!("acr_values=\"{ACR_PLUS}\"");
    Refusal {
        wanted: Some(match max_age {
            Some(age) => format!("{acr}, max_age=\"{age}\""),
            None => acr,
        }),
        ..Refusal::new(
            Word::InsufficientAuthentication,
            "a surer sign-in is needed",
        )
    }
}
