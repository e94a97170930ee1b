//! An authorization request: what may be asked, and what of it is kept. Read in two steps, because a
//! refusal may only be sent to an address that is known to be the client's.

use kernel::Lang;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    client::{Client, Profile},
    detail::{self, Detail},
    params::Params,
    refusal::{Refusal, Word},
    resource::Resource,
    scope::{Claim, Scope},
};
use crate::{Level, code::codes};

/// Characters of `state` and `nonce`. The conformance modules send long ones and want them back.
const STATE_CHARS: usize = 1_024;
const NONCE_CHARS: usize = 512;
/// The code challenge of S256: 43 characters of base64url.
const CHALLENGE_CHARS: usize = 43;
/// What a level is called in `acr`.
pub const ACR_BASIC: &str = "urn:causeway:loa:basic";
pub const ACR_PLUS: &str = "urn:causeway:loa:plus";

codes! {
    /// How the answer travels back.
    ResponseMode { Query = "query", Jwt = "query.jwt" }
}
codes! {
    /// What the client insists on.
    Prompt { None = "none", Login = "login", Consent = "consent", SelectAccount = "select_account" }
}

/// The `acr` of a level.
#[must_use]
pub(crate) const fn acr(level: Level) -> &'static str {
    match level {
        Level::Basic => ACR_BASIC,
        Level::Plus => ACR_PLUS,
    }
}

fn level_of(acr: &str) -> Option<Level> {
    match acr {
        ACR_BASIC => Some(Level::Basic),
        ACR_PLUS => Some(Level::Plus),
        _ => None,
    }
}

/// A request that holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) redirect_uri: String,
    pub(crate) mode: ResponseMode,
    pub(crate) state: Option<String>,
    pub(crate) nonce: Option<String>,
    pub(crate) challenge: String,
    pub(crate) scopes: Vec<Scope>,
    #[serde(default)]
    pub(crate) id_claims: Vec<Claim>,
    #[serde(default)]
    pub(crate) info_claims: Vec<Claim>,
    #[serde(default)]
    pub(crate) details: Vec<Detail>,
    #[serde(default)]
    pub(crate) prompt: Vec<Prompt>,
    pub(crate) max_age: Option<i64>,
    /// The lowest level that satisfies the request; `None` when any does.
    pub(crate) level: Option<Level>,
    /// Whether a lower level must be refused (`essential`), or is merely not what was wished for.
    #[serde(default)]
    pub(crate) is_essential: bool,
    pub(crate) dpop_jkt: Option<String>,
    pub(crate) id_token_hint: Option<String>,
    pub(crate) lang: Option<Lang>,
    /// What the token is for, where not for this platform; read apart, for it stands in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<Resource>,
}

/// Where a refusal may be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ReturnTo {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) mode: ResponseMode,
}

impl ReturnTo {
    /// The client's address, when the request names one that is registered.
    ///
    /// # Errors
    /// A refusal that only a page may tell.
    pub(crate) fn read(params: &Params, client: &Client) -> Result<Self, Refusal> {
        let uri = params.need("redirect_uri", "redirect_uri is missing")?;
        if !client.redirects_to(uri) {
            return Err(Refusal::request("redirect_uri is not registered"));
        }
        let is_signed = client.profile == Profile::Fapi2Ms
            || matches!(params.get("response_mode"), Some("jwt" | "query.jwt"));
        let state = params
            .get("state")
            .filter(|state| state.len() <= STATE_CHARS)
            .map(str::to_owned);
        Ok(Self {
            redirect_uri: uri.to_owned(),
            state,
            mode: if is_signed {
                ResponseMode::Jwt
            } else {
                ResponseMode::Query
            },
        })
    }
}

impl Asked {
    /// Reads the rest of a request whose address is known.
    ///
    /// # Errors
    /// A refusal in the words of RFC 6749 section 4.1.2.1 or OpenID Connect Core section 3.1.2.6.
    pub(crate) fn read(params: &Params, client: &Client, back: ReturnTo) -> Result<Self, Refusal> {
        if params.get("response_type") != Some("code") {
            let reason = "only response_type=code is offered";
            return Err(match params.get("response_type") {
                None => Refusal::request("response_type is missing"),
                Some(_) => Refusal::new(Word::UnsupportedResponseType, reason),
            });
        }
        let mode = params.get("response_mode");
        if !matches!(mode, None | Some("query" | "jwt" | "query.jwt")) {
            return Err(Refusal::request("this response_mode is not offered"));
        }
        if params
            .get("state")
            .is_some_and(|state| state.len() > STATE_CHARS)
        {
            return Err(Refusal::request("state is too long"));
        }
        let nonce = params.get("nonce").map(str::to_owned);
        if nonce
            .as_deref()
            .is_some_and(|nonce| nonce.len() > NONCE_CHARS)
        {
            return Err(Refusal::request("nonce is too long"));
        }
        let scopes = read_scopes(params, client)?;
        let details = read_details(params, client)?;
        let (id_claims, info_claims) = read_claims(params, client)?;
        let (level, is_essential) = read_level(params)?;
        Ok(Self {
            redirect_uri: back.redirect_uri,
            mode: back.mode,
            state: back.state,
            nonce,
            challenge: read_challenge(params)?,
            scopes,
            id_claims,
            info_claims,
            details,
            prompt: read_prompt(params)?,
            max_age: params.number("max_age")?,
            level,
            is_essential,
            dpop_jkt: read_jkt(params)?,
            id_token_hint: params.get("id_token_hint").map(str::to_owned),
            lang: params.get("ui_locales").and_then(read_lang),
            resource: None,
        })
    }

    pub(crate) fn back(&self) -> ReturnTo {
        ReturnTo {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            mode: self.mode,
        }
    }

    pub(crate) fn has_prompt(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }
}

/// Unknown scopes are left out (RFC 6749 section 3.3 lets us say which were granted); asking for a
/// known one that the client did not register is refused.
pub(crate) fn read_scopes(params: &Params, client: &Client) -> Result<Vec<Scope>, Refusal> {
    let text = params.get("scope").unwrap_or_default();
    let mut scopes: Vec<Scope> = text
        .split(' ')
        .filter_map(|word| word.parse().ok())
        .collect();
    scopes.sort_unstable();
    scopes.dedup();
    let is_unregistered = |scope: &Scope| client.purpose_of(*scope).is_none();
    if scopes.iter().any(is_unregistered) {
        let reason = "a scope is not registered for this client";
        return Err(Refusal::new(Word::InvalidScope, reason));
    }
    if !scopes.contains(&Scope::Openid) {
        return Err(Refusal::new(
            Word::InvalidScope,
            "scope must contain openid",
        ));
    }
    Ok(scopes)
}

pub(crate) fn read_details(params: &Params, client: &Client) -> Result<Vec<Detail>, Refusal> {
    let Some(value) = params
        .json("authorization_details")
        .map_err(|_| details())?
    else {
        return Ok(Vec::new());
    };
    detail::read(&value.to_string(), &client.details).ok_or_else(details)
}

fn details() -> Refusal {
    let reason = "authorization_details are malformed or of a type this client did not register";
    Refusal::new(Word::InvalidDetails, reason)
}

type Claims = (Vec<Claim>, Vec<Claim>);

/// OpenID Connect Core section 5.5. Claims of scopes that the client did not register are refused.
fn read_claims(params: &Params, client: &Client) -> Result<Claims, Refusal> {
    let Some(value) = params.json("claims")? else {
        return Ok(Claims::default());
    };
    let read = |part: &str| -> Result<Vec<Claim>, Refusal> {
        let named = value.get(part).and_then(Value::as_object);
        let claims: Vec<Claim> = named
            .into_iter()
            .flat_map(|named| named.keys())
            .filter_map(|name| name.parse().ok())
            .collect();
        let is_foreign = |claim: &Claim| client.purpose_of(claim.scope()).is_none();
        if claims.iter().any(is_foreign) {
            let reason = "a claim is not registered for this client";
            return Err(Refusal::new(Word::InvalidScope, reason));
        }
        Ok(claims)
    };
    Ok((read("id_token")?, read("userinfo")?))
}

/// `acr_values` is a wish; an essential `acr` claim is a demand.
fn read_level(params: &Params) -> Result<(Option<Level>, bool), Refusal> {
    let claims = params.json("claims")?;
    let acr = claims
        .as_ref()
        .and_then(|claims| claims.pointer("/id_token/acr"));
    if let Some(acr) = acr.filter(|acr| acr.is_object()) {
        let is_essential = acr.get("essential").and_then(Value::as_bool) == Some(true);
        let one = acr.get("value").and_then(Value::as_str);
        let many = acr.get("values").and_then(Value::as_array);
        let named: Vec<&str> = one
            .into_iter()
            .chain(many.into_iter().flatten().filter_map(Value::as_str))
            .collect();
        let lowest = named.iter().filter_map(|acr| level_of(acr)).min();
        if is_essential && !named.is_empty() && lowest.is_none() {
            let reason = "no acr that is asked for is offered";
            return Err(Refusal::new(Word::UnmetAuthentication, reason));
        }
        return Ok((lowest, is_essential && lowest.is_some()));
    }
    Ok((wished_level(params), false))
}

/// The lowest level that `acr_values` names.
pub(crate) fn wished_level(params: &Params) -> Option<Level> {
    let wished = params.get("acr_values").unwrap_or_default();
    wished.split(' ').filter_map(level_of).min()
}

fn read_challenge(params: &Params) -> Result<String, Refusal> {
    let challenge = params.need("code_challenge", "code_challenge is missing")?;
    if params.get("code_challenge_method") != Some("S256") {
        return Err(Refusal::request("code_challenge_method must be S256"));
    }
    if is_print(challenge) {
        Ok(challenge.to_owned())
    } else {
        Err(Refusal::request("code_challenge is malformed"))
    }
}

/// The base64url form of a SHA-256 digest.
fn is_print(text: &str) -> bool {
    text.len() == CHALLENGE_CHARS
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn read_jkt(params: &Params) -> Result<Option<String>, Refusal> {
    match params.get("dpop_jkt") {
        Some(jkt) if !is_print(jkt) => Err(Refusal::request("dpop_jkt is malformed")),
        jkt => Ok(jkt.map(str::to_owned)),
    }
}

fn read_prompt(params: &Params) -> Result<Vec<Prompt>, Refusal> {
    let mut prompts = Vec::new();
    for word in params.get("prompt").unwrap_or_default().split_whitespace() {
        let prompt = word
            .parse()
            .map_err(|_| Refusal::request("this prompt is not offered"))?;
        prompts.push(prompt);
    }
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(Refusal::request("prompt=none stands alone"));
    }
    Ok(prompts)
}

fn read_lang(locales: &str) -> Option<Lang> {
    locales.split(' ').find_map(|tag| {
        let tag = tag.to_ascii_lowercase();
        if tag.starts_with("en") {
            Some(Lang::En)
        } else if tag.starts_with("zh-hans") || tag == "zh-cn" || tag == "zh-sg" {
            Some(Lang::Sc)
        } else if tag.starts_with("zh") {
            Some(Lang::Tc)
        } else {
            None
        }
    })
}
