//! Who calls: authentication of clients by signed assertion (RFC 7523), by certificate (RFC 8705) or
//! by secret, exactly as registered; and what the call is bound to.

use std::time::Duration;

use axum::http::{HeaderMap, Method, header};
use kernel::Time;
use serde_json::{Map, Value};
use trust::{base64url, jws::Unverified};
use web::{Door, Rate};

use super::{
    Provider,
    client::{AuthMethod, Client, Sender},
    dpop::{self, Proven},
    grant::Bound,
    keyset::{self, Need},
    params::Params,
    refusal::{Fault, Refusal, Word},
    store::Once,
};

/// `client_assertion_type` of RFC 7523.
pub(crate) const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion may be valid for this long from now.
pub(crate) const ASSERTION_LIFE: Duration = Duration::from_secs(120);
/// A time in the future that is forgiven: clocks differ.
pub(crate) const SKEW: Duration = Duration::from_secs(10);
/// Characters of a `jti`.
pub(crate) const JTI_CHARS: std::ops::RangeInclusive<usize> = 1..=256;

/// A client that has proven who it is, and what it must never prove twice.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) once: Vec<Once>,
    /// What tokens given to this call are bound to.
    pub(crate) bound: Option<Bound>,
}

/// One call of a client: method, path and headers as they came.
pub(crate) struct Call<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) params: &'a Params,
    pub(crate) door: &'a Door,
}

/// What is counted of clients, by their ids: calls, and failures to authenticate from one address.
const COUNTED: &str = "client";

/// Authenticates the caller and reads its DPoP proof, if there is one. Who fails too often to be a client
/// waits, at that address; whoever is it may ask often, from wherever.
///
/// # Errors
/// `invalid_client`, `invalid_dpop_proof`, `use_dpop_nonce`, [`Fault::Held`].
pub(crate) async fn authenticate(provider: &Provider, call: &Call<'_>) -> Result<Caller, Fault> {
    let given = Given::read(call.headers, call.params)?;
    let claimed = call.door.here(&given.id);
    call.door.check_held(COUNTED, &claimed)?;
    let caller = prove(provider, call, given).await;
    match &caller {
        Ok(caller) => call.door.count(Rate::Caller, COUNTED, caller.client.id())?,
        Err(Fault::Refused(refusal)) if refusal.word == Word::InvalidClient => {
            call.door.failed(COUNTED, &claimed);
        }
        Err(_) => {}
    }
    caller
}

/// Whether a call ended as it did because its client's registration had changed, so that it is worth
/// making again.
pub(crate) async fn is_stale<T: Sync>(
    provider: &Provider,
    (headers, body): (&HeaderMap, &[u8]),
    ended: &Result<T, Fault>,
) -> bool {
    let id = match ended {
        Err(Fault::Changed(id)) => id.clone(),
        Err(Fault::Refused(_)) => match claimed(headers, body) {
            Some(id) => id,
            None => return false,
        },
        _ => return false,
    };
    provider.forget_changed(&id).await.unwrap_or_default()
}

/// Who a call says it is of.
fn claimed(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let params = Params::read(body).ok()?;
    Some(Given::read(headers, &params).ok()?.id)
}

async fn prove(provider: &Provider, call: &Call<'_>, given: Given<'_>) -> Result<Caller, Fault> {
    let client = provider
        .known_client(&given.id)
        .await?
        .ok_or(Refusal::client("the client is unknown"))?;
    if call
        .params
        .get("client_id")
        .is_some_and(|id| id != client.id())
    {
        return Err(Refusal::client("client_id is another client's").into());
    }
    let certificate = provider.certificate((call.door, call.headers));
    let mut once = Vec::new();
    match (client.auth, given.proof) {
        (AuthMethod::PrivateKeyJwt, Proof::Assertion(token)) => {
            once.push(check_assertion(provider, &client, token).await?);
        }
        (AuthMethod::ClientSecretBasic, Proof::Secret(secret)) => {
            if !client.is_secret(&secret) {
                return Err(Refusal::client("the client's secret is wrong").into());
            }
        }
        (AuthMethod::TlsClientAuth, Proof::None) => {
            let wanted = client.certificate_dns.as_deref();
            let shown = certificate.as_ref();
            if !shown.is_some_and(|shown| wanted.is_some_and(|name| shown.is_for(name))) {
                return Err(Refusal::client("the client's certificate is not shown").into());
            }
        }
        _ => return Err(Refusal::client("the client registered another way").into()),
    }
    let bound = match dpop::of_call(provider, &client, (Method::POST, call.path, call.headers))? {
        Some(Proven { jkt, once: used }) => {
            once.push(used);
            Some(Bound::Key(jkt))
        }
        None if client.sender == Sender::Mtls => {
            certificate.map(|shown| Bound::Certificate(shown.print))
        }
        None => None,
    };
    Ok(Caller {
        client,
        once,
        bound,
    })
}

enum Proof<'a> {
    Assertion(&'a str),
    Secret(String),
    None,
}

struct Given<'a> {
    id: String,
    proof: Proof<'a>,
}

impl<'a> Given<'a> {
    /// One way of authentication and no second (RFC 6749 section 2.3).
    fn read(headers: &HeaderMap, params: &'a Params) -> Result<Self, Refusal> {
        let basic = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let assertion = params.get("client_assertion");
        if params.has("client_secret") || (basic.is_some() && assertion.is_some()) {
            return Err(Refusal::client("this way of authentication is not offered"));
        }
        if let Some((_, encoded)) = basic {
            let (id, secret) =
                read_basic(encoded).ok_or(Refusal::client("the credentials cannot be read"))?;
            let proof = Proof::Secret(secret);
            return Ok(Self { id, proof });
        }
        if let Some(token) = assertion {
            if params.get("client_assertion_type") != Some(JWT_BEARER) {
                return Err(Refusal::client("client_assertion_type is wrong"));
            }
            let id = match params.get("client_id") {
                Some(id) => id.to_owned(),
                None => issuer_of(token).ok_or(Refusal::client("the assertion names nobody"))?,
            };
            let proof = Proof::Assertion(token);
            return Ok(Self { id, proof });
        }
        let id = params.get("client_id");
        let id = id.ok_or(Refusal::client("the client does not say who it is"))?;
        Ok(Self {
            id: id.to_owned(),
            proof: Proof::None,
        })
    }
}

/// RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
fn read_basic(encoded: &str) -> Option<(String, String)> {
    let bytes = base64url::decode_standard(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (id, secret) = text.split_once(':')?;
    let plain = |half: &str| -> Option<String> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&format!("v={half}")).ok()?;
        pairs.into_iter().next().map(|(_, value)| value)
    };
    Some((plain(id)?, plain(secret)?))
}

/// The issuer an assertion claims, only to find the keys it must verify under.
fn issuer_of(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&base64url::decode(payload).ok()?).ok()?;
    claims.get("iss")?.as_str().map(str::to_owned)
}

/// RFC 7523 section 3 as FAPI 2.0 narrows it: `aud` is the issuer, as a text.
async fn check_assertion(provider: &Provider, client: &Client, token: &str) -> Result<Once, Fault> {
    let refuse = Refusal::client;
    let parsed = Unverified::parse_foreign(token)
        .map_err(|_| refuse("the assertion's form or algorithm is not accepted"))?;
    let is_jwt = parsed.header().typ.is_none()
        || parsed.header().is_type("JWT")
        || parsed.header().is_type("client-authentication+jwt");
    let kid = parsed.header().kid.clone();
    let keys = keyset::keys_of(provider, client, Need::Named(kid.as_deref())).await?;
    let key = keys
        .named(kid.as_deref())
        .filter(|_| is_jwt)
        .ok_or(refuse("the assertion names no registered key"))?;
    let verified = parsed
        .verify_foreign(key)
        .map_err(|_| refuse("the assertion's signature does not verify"))?;
    let claims: Map<String, Value> = verified
        .claims()
        .map_err(|_| refuse("the assertion's claims cannot be read"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(client.id()) || text("sub") != Some(client.id()) {
        return Err(refuse("iss and sub of the assertion must be the client").into());
    }
    if text("aud") != Some(provider.issuer()) {
        return Err(refuse("aud of the assertion must be the issuer, as a string").into());
    }
    let now = provider.now();
    let until = check_times(&claims, now, ASSERTION_LIFE)
        .ok_or(refuse("the assertion is not valid now, or for too long"))?;
    let jti = text("jti").filter(|jti| JTI_CHARS.contains(&jti.len()));
    let jti = jti.ok_or(refuse("jti of the assertion is missing"))?;
    let replayed = refuse("the assertion has been used");
    Ok(Once::new(
        "assertion",
        client.id(),
        jti,
        (until + SKEW, replayed),
    ))
}

/// `exp` is ahead by at most `life`; `iat` and `nbf` are not ahead by more than the skew.
pub(crate) fn check_times(claims: &Map<String, Value>, now: Time, life: Duration) -> Option<Time> {
    let time = |name: &str| match claims.get(name) {
        None => Some(None),
        Some(value) => seconds(value).map(Some),
    };
    let (exp, iat, nbf) = (time("exp")??, time("iat")?, time("nbf")?);
    let ahead = now + SKEW;
    let is_early = [iat, nbf].into_iter().flatten().any(|time| time > ahead);
    (exp > now && exp <= now + life + SKEW && !is_early).then_some(exp)
}

fn seconds(value: &Value) -> Option<Time> {
    value
        .as_i64()
        .or_else(|| {
            // RFC 7519 section 2: a NumericDate may have a fraction.
            let number = value.as_f64().filter(|number| number.abs() < 1e15)?;
            format!("{number:.0}").parse().ok()
        })
        .map(Time::from_seconds)
}

impl Caller {
    /// Tokens of a client that registered a binding are bound, or not given.
    ///
    /// # Errors
    /// `invalid_dpop_proof` or `invalid_request`.
    pub(crate) fn check_bound(&self) -> Result<(), Refusal> {
        match (self.client.sender, &self.bound) {
            (Sender::Dpop, Some(Bound::Key(_))) | (Sender::Mtls, Some(Bound::Certificate(_))) => {
                Ok(())
            }
            (Sender::Dpop, _) => Err(Refusal::dpop("a DPoP proof is needed")),
            (Sender::Mtls, _) => Err(Refusal::request("the client's certificate is needed")),
            (Sender::Bearer, _) => Ok(()),
        }
    }

    /// Whether the client may use this way to a token.
    pub(crate) fn check_grant(&self, kind: super::client::GrantKind) -> Result<(), Refusal> {
        if self.client.has_grant(kind) {
            Ok(())
        } else {
            let reason = "the client did not register this grant type";
            Err(Refusal::new(Word::UnauthorizedClient, reason))
        }
    }
}
