//! Tokens: access tokens as JWT (RFC 9068), ID tokens, signed answers (JARM, RFC 9701), logout
//! tokens. One ES256 key of the key store signs all, and `typ` keeps one from passing for another.

use std::sync::Arc;

use kernel::{Actor, Id, Text};
use serde::Serialize;
use serde_json::{Map, Value, json};
use trust::{
    Purpose, Vault, base64url, digest,
    jwe::{self, Enc},
    jws::Signer,
    jws::Unverified,
};

use super::{
    Provider,
    client::Client,
    grant::{ACCESS_LIFE, Bound, ID_TOKEN_LIFE},
    keyset::{self, Need},
    refusal::{Fault, Refusal},
    request::{ResponseMode, ReturnTo, acr},
    scope::{self, Claim},
    store::grant::Grant,
};
use crate::{
    Error, FieldKey, Profile, Reading,
    store::profile::{profile_in, record_reading_in},
};

/// The `typ` of each token.
pub(crate) const ACCESS: &str = "at+jwt";
pub(crate) const ID: &str = "JWT";
pub(crate) const LOGOUT: &str = "logout+jwt";
pub(crate) const INTROSPECTION: &str = "token-introspection+jwt";
const INFO: &str = "userinfo+jwt";
const JARM: &str = "oauth-authz-resp+jwt";
/// A signed authorization answer is read at once.
const JARM_LIFE: i64 = 120;

/// An access token, as it is given and as it is read back.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) grant: Id<Grant>,
    pub(crate) client: String,
    pub(crate) subject: String,
    pub(crate) jti: String,
    pub(crate) audience: String,
    /// Seconds since the epoch.
    pub(crate) expires: i64,
    pub(crate) claims: Map<String, Value>,
}

/// Signs claims as a token of media type `typ`.
pub(crate) fn sign<T: Serialize + ?Sized>(
    provider: &Provider,
    typ: &str,
    claims: &T,
) -> Result<String, Error> {
    let signed = provider.keys().signer(Purpose::Session)?;
    Ok(Signer::new(&signed.key, typ).sign(claims)?)
}

/// The subject of a grant as its client knows it.
pub(crate) fn subject(provider: &Provider, client: &Client, grant: &Grant) -> String {
    grant
        .content
        .subject
        .clone()
        .unwrap_or_else(|| provider.subject(&client.sector, grant.person))
}

/// An access token for `grant`, bound as the call was.
pub(crate) fn access(
    provider: &Provider,
    client: &Client,
    grant: &Grant,
    bound: Option<&Bound>,
) -> Result<String, Error> {
    let now = provider.now();
    let content = &grant.content;
    let mut claims = json!({
        "iss": provider.issuer(),
        "sub": subject(provider, client, grant),
        "aud": content.resource.as_deref().unwrap_or(provider.issuer()),
        "client_id": client.id(),
        "iat": now.seconds(),
        "exp": (now + ACCESS_LIFE).seconds(),
        "jti": base64url::encode(provider.env().bytes::<16>()),
        "scope": content.scope_words(),
        "auth_time": content.auth_time,
        "acr": acr(content.level),
        "amr": content.means.amr(),
        "grant": grant.id,
    });
    if let Some(fields) = claims.as_object_mut() {
        if let Some(bound) = bound {
            fields.insert("cnf".to_owned(), confirmation(bound));
        }
        if !content.details.is_empty() {
            fields.insert("authorization_details".to_owned(), json!(content.details));
        }
        if let Some(act) = &content.act {
            fields.insert("act".to_owned(), act.clone());
        }
    }
    let token = sign(provider, ACCESS, &claims)?;
    if let Value::Object(claims) = claims
        && let Some(access) = Access::of(claims)
    {
        provider.seen().keep(&token, Arc::new(access));
    }
    Ok(token)
}

/// RFC 7800: what the holder must show.
pub(crate) fn confirmation(bound: &Bound) -> Value {
    json!(bound)
}

/// An ID token for `grant`; sealed to the client when it registered that.
pub(crate) async fn id_token(
    provider: &Provider,
    client: &Client,
    grant: &Grant,
    (access_token, personal): (&str, Map<String, Value>),
) -> Result<String, Error> {
    let now = provider.now();
    let content = &grant.content;
    let half = digest::sha256(access_token);
    let mut claims = json!({
        "iss": provider.issuer(),
        "sub": subject(provider, client, grant),
        "aud": client.id(),
        "iat": now.seconds(),
        "exp": (now + ID_TOKEN_LIFE).seconds(),
        "auth_time": content.auth_time,
        "acr": acr(content.level),
        "amr": content.means.amr(),
        "at_hash": base64url::encode(half.get(..16).unwrap_or_default()),
    });
    if let Some(fields) = claims.as_object_mut() {
        if let Some(nonce) = &content.nonce {
            fields.insert("nonce".to_owned(), json!(nonce));
        }
        if let Some(session) = &grant.session {
            let sid = provider.session_for(client.id(), session);
            fields.insert("sid".to_owned(), json!(sid));
        }
        if let Some(id) = &content.auth_req {
            fields.insert(
                "urn:openid:params:jwt:claim:auth_req_id".to_owned(),
                json!(id),
            );
        }
        fields.extend(personal);
    }
    let token = sign(provider, ID, &claims)?;
    seal(provider, (client, client.id_token_enc), token).await
}

/// Userinfo as a JWT (OpenID Connect Core section 5.3.2), of a type of its own: it is no ID token.
pub(crate) async fn info_token<T: Serialize>(
    provider: &Provider,
    client: &Client,
    info: &T,
) -> Result<String, Error> {
    let mut claims = serde_json::to_value(info).map_err(|_| Error::Corrupt("userinfo"))?;
    if let Some(fields) = claims.as_object_mut() {
        fields.insert("iss".to_owned(), json!(provider.issuer()));
        fields.insert("aud".to_owned(), json!(client.id()));
        fields.insert("iat".to_owned(), json!(provider.now().seconds()));
    }
    let token = sign(provider, INFO, &claims)?;
    seal(provider, (client, client.userinfo_enc), token).await
}

/// Seals a signed token to the client that registered a key for it.
async fn seal(
    provider: &Provider,
    (client, enc): (&Client, Option<Enc>),
    token: String,
) -> Result<String, Error> {
    let Some(enc) = enc else {
        return Ok(token);
    };
    let keys = keyset::keys_of(provider, client, Need::Reader).await?;
    // What was to be sealed never leaves open.
    let reader = keys.reader.as_ref();
    let reader = reader.ok_or(Error::Corrupt("the client's key for what is sealed to it"))?;
    Ok(jwe::seal(provider.env(), reader, enc, &token)?)
}

/// The personal claims of a grant. The reading is on record, with what the client said it is for,
/// before a value leaves.
pub(crate) async fn personal(
    provider: &Provider,
    client: &Client,
    grant: &Grant,
    claims: &[Claim],
) -> Result<Map<String, Value>, Error> {
    let wanted = Wanted::of(provider, client, grant, (claims, &[]));
    if wanted.is_nothing() {
        return Ok(Map::new());
    }
    let (claims, _) = provider
        .store()
        .write(&Actor::system("identity"), move |tx| {
            let wanted = wanted.clone();
            async move { wanted.read_in(&tx).await }
        })
        .await?;
    Ok(claims)
}

/// What a client reads of a person.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    vault: Vault,
    reading: Reading,
    claims: Vec<Claim>,
    /// Fields beyond the claims.
    extra: Vec<FieldKey>,
}

impl Wanted {
    pub(crate) fn of(
        provider: &Provider,
        client: &Client,
        grant: &Grant,
        (claims, extra): (&[Claim], &[FieldKey]),
    ) -> Self {
        // A company's token says nothing of the person.
        let (claims, extra) = match grant.content.subject {
            None => (claims, extra),
            Some(_) => (&[][..], &[][..]),
        };
        Self {
            vault: provider.identity().vault().clone(),
            reading: reading(client, grant, claims),
            claims: claims.to_vec(),
            extra: extra.to_vec(),
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.claims.is_empty() && self.extra.is_empty()
    }

    /// The claims and the other fields, in the write that puts the reading on record.
    pub(crate) async fn read_in(
        &self,
        tx: &::store::Write,
    ) -> Result<(Map<String, Value>, Profile), Error> {
        if self.is_nothing() {
            return Ok(Default::default());
        }
        let mut profile = profile_in(tx, &self.vault, self.reading.person).await?;
        let mut fields: Vec<FieldKey> = self.claims.iter().map(|claim| claim.field()).collect();
        fields.extend(&self.extra);
        fields.sort_unstable();
        fields.dedup();
        fields.retain(|field| profile.get(*field).is_some());
        record_reading_in(tx, &self.reading, &fields).await?;
        let found = scope::claims_of(&profile, &self.claims);
        profile
            .fields
            .retain(|field| self.extra.contains(&field.key));
        Ok((found, profile))
    }
}

/// Who reads and what for: in an officer's own words, where an officer acts for the person.
fn reading(client: &Client, grant: &Grant, claims: &[Claim]) -> Reading {
    let purpose = claims
        .first()
        .and_then(|claim| client.purpose_of(claim.scope()));
    let behalf = grant.content.behalf.as_ref();
    let own = behalf.map(|behalf| Text::same(&behalf.reason));
    Reading {
        person: grant.person,
        reader: client.name.clone(),
        department: client.department().to_owned(),
        reason: own.or_else(|| purpose.cloned()).unwrap_or_else(|| {
            Text::new("You allowed it when you signed in", "你在登入時同意提供")
        }),
    }
}

/// Reads an access token of ours. Whether it is revoked is a question for the store.
///
/// # Errors
/// `invalid_token`.
pub(crate) fn read_access(provider: &Provider, token: &str) -> Result<Arc<Access>, Refusal> {
    let foreign = Refusal::token("the access token is not one of ours");
    let known = provider.seen().find(token);
    let access = match known {
        Some(access) => access,
        None => {
            let claims = read_own(provider, ACCESS, token).ok_or(foreign.clone())?;
            let access = Arc::new(Access::of(claims).ok_or(foreign)?);
            provider.seen().keep(token, Arc::clone(&access));
            access
        }
    };
    if provider.now().seconds() >= access.expires {
        return Err(Refusal::token("the access token has expired"));
    }
    Ok(access)
}

impl Access {
    fn of(claims: Map<String, Value>) -> Option<Self> {
        let text = |name: &str| Some(claims.get(name)?.as_str()?.to_owned());
        Some(Self {
            grant: text("grant")?.parse().ok()?,
            client: text("client_id")?,
            subject: text("sub")?,
            jti: text("jti")?,
            audience: text("aud")?,
            expires: claims.get("exp")?.as_i64()?,
            claims,
        })
    }
}

/// The claims of a token that this platform signed, of the given type, by a key still published.
pub(crate) fn read_own(provider: &Provider, typ: &str, token: &str) -> Option<Map<String, Value>> {
    let parsed = Unverified::parse(token).ok()?;
    let kid = parsed.header().kid.clone()?;
    let known = provider.keys().find(Purpose::Session, &kid)?;
    let verified = parsed.verify(typ, &known.key).ok()?;
    let claims: Map<String, Value> = verified.claims().ok()?;
    let is_ours = claims.get("iss").and_then(Value::as_str) == Some(provider.issuer());
    is_ours.then_some(claims)
}

/// The address the browser takes the answer to: parameters in the query (RFC 9207 with `iss`), or
/// signed together (JARM).
///
/// # Errors
/// Signing fails.
pub(crate) fn answer_to(
    provider: &Provider,
    client: &str,
    back: &ReturnTo,
    mut answer: Vec<(&'static str, String)>,
) -> Result<String, Fault> {
    if let Some(state) = &back.state {
        answer.push(("state", state.clone()));
    }
    answer.push(("iss", provider.issuer().to_owned()));
    if back.mode == ResponseMode::Jwt {
        let mut claims: Map<String, Value> = answer
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value)))
            .collect();
        let now = provider.now().seconds();
        claims.insert("aud".to_owned(), json!(client));
        claims.insert("iat".to_owned(), json!(now));
        claims.insert("exp".to_owned(), json!(now + JARM_LIFE));
        answer = vec![("response", sign(provider, JARM, &claims)?)];
    }
    let query = serde_urlencoded::to_string(&answer).unwrap_or_default();
    let joint = if back.redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    Ok(format!("{}{joint}{query}", back.redirect_uri))
}
