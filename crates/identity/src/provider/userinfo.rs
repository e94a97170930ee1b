//! The userinfo endpoint (OpenID Connect Core section 5.3), which is also this platform's example of a
//! protected resource: proof of possession, revocation, step-up (RFC 9470).

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, Method, header},
};
use kernel::Actor;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use web::{Door, IntoResponse, Rate, Response};

use super::{
    Provider,
    client::{Client, Sender},
    detail::Detail,
    dpop::{self, Wanted},
    grant::Bound,
    mint::{self, Access},
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
    answer(&provider, Method::GET, (&door, &headers)).await
}

pub(crate) async fn post(
    State(provider): State<Provider>,
    door: Door,
    headers: HeaderMap,
) -> Response {
    answer(&provider, Method::POST, (&door, &headers)).await
}

async fn answer(
    provider: &Provider,
    method: Method,
    (door, headers): (&Door, &HeaderMap),
) -> Response {
    let mut told = tell(provider, method.clone(), (door, headers)).await;
    if let Err(Fault::Changed(client)) = &told
        && provider.forget_changed(client).await.unwrap_or_default()
    {
        told = tell(provider, method, (door, headers)).await;
    }
    let is_dpop = scheme_of(headers).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"));
    let scheme = if is_dpop { "DPoP" } else { "Bearer" };
    let mut response = match told {
        Ok(info) => web::Json(info).into_response(),
        Err(Fault::Refused(refusal)) => refusal.challenge(scheme),
        Err(fault) => fault.answer(),
    };
    if is_dpop {
        dpop::offer_nonce(provider, response.headers_mut());
    }
    response
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
    (door, headers): (&Door, &HeaderMap),
) -> Result<UserInfo, Fault> {
    let (scheme, token) =
        scheme_of(headers).ok_or(Refusal::token("the access token is missing"))?;
    let access = own(provider, token)?;
    let client = provider
        .known_client(&access.client)
        .await?
        .ok_or(Refusal::token("the client is no longer in force"))?;
    door.count(Rate::Caller, "client", client.id())?;
    let shown = (&*access, scheme, token);
    let once = check_holder(provider, &client, shown, (method, PATH, door, headers))?;
    let look = Look {
        provider: provider.clone(),
        client,
        access,
        once,
    };
    provider
        .store()
        .write(&Actor::system("openid"), move |tx| {
            let look = look.clone();
            async move { look.look_in(&tx).await }
        })
        .await
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
    let (scheme, token) =
        scheme_of(headers).ok_or(Refusal::token("the access token is missing"))?;
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
        // The card number is for those who showed the card.
        if shared.contains(&FieldKey::Hkid) && grant.content.level < crate::Level::Plus {
            return Err(step_up(ACR_PLUS).into());
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
fn step_up(wanted_acr: &str) -> Refusal {
    Refusal {
        wanted: Some(format!("acr_values=\"{wanted_acr}\"")),
        ..Refusal::new(
            Word::InsufficientAuthentication,
            "a surer sign-in is needed",
        )
    }
}
