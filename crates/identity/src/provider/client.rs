//! A client: a web application of a department that signs people in here. What it registered is a
//! [`Registration`], written by the department, put in force by a second person.
//!
//! Invariants: a client without a registration in force is unknown at every endpoint; redirect
//! addresses are compared byte by byte; a client of a FAPI profile authenticates with a key or a
//! certificate and its tokens are bound to a key.

use std::sync::Arc;

use kernel::{Text, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trust::{ForeignKey, digest, jwe::Enc, jwe::ReaderKey};

use super::{detail::DetailKind, scope::Scope};
use crate::{code::codes, hongkong::Wire};

/// Redirect addresses, keys, scopes of one client.
pub(crate) const LIST_MAX: usize = 20;
/// Characters of an address.
pub(crate) const URI_CHARS: usize = 500;
/// Characters of a name or a purpose, in each language.
pub(crate) const WORDS_CHARS: usize = 200;
/// Bytes of a registered key set.
pub(crate) const JWKS_BYTES: usize = 32 * 1024;

codes! {
    /// Which rules the client's requests follow.
    Profile {
        /// OpenID Connect for an ordinary web application.
        Oidc = "oidc",
        /// FAPI 2.0 Security Profile.
        Fapi2Sp = "fapi2_sp",
        /// FAPI 2.0 Message Signing: signed requests and answers on top.
        Fapi2Ms = "fapi2_ms",
        /// The wire form of iAM Smart: see `hongkong`.
        IamSmart = "iamsmart",
        /// The wire form of CorpID.
        CorpId = "corpid",
    }
}
impl Profile {
    #[must_use]
    pub const fn is_fapi(self) -> bool {
        matches!(self, Self::Fapi2Sp | Self::Fapi2Ms)
    }

    /// Whether clients of this profile speak the wire form and not OpenID Connect.
    #[must_use]
    pub const fn is_wire(self) -> bool {
        matches!(self, Self::IamSmart | Self::CorpId)
    }
}

codes! {
    /// How the client proves who it is.
    AuthMethod {
        PrivateKeyJwt = "private_key_jwt",
        TlsClientAuth = "tls_client_auth",
        ClientSecretBasic = "client_secret_basic",
    }
}
codes! {
    /// What the client's tokens are bound to.
    Sender { Bearer = "bearer", Dpop = "dpop", Mtls = "mtls" }
}
codes! {
    /// How the client gets tokens.
    GrantKind {
        Code = "authorization_code",
        Refresh = "refresh_token",
        Ciba = "urn:openid:params:grant-type:ciba",
        Exchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}
codes! {
    /// Where a client stands.
    ClientState {
        Draft = "draft",
        Submitted = "submitted",
        Approved = "approved",
        Suspended = "suspended",
    }
}

/// A scope the client asks for, and what for in words that people read when they consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ScopePurpose {
    pub scope: Scope,
    pub purpose: Text,
}

/// What a client registered.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    pub name: Text,
    /// Whose people see the same subject: a department, or one service of it. Changing it orphans
    /// the accounts that the client keeps.
    pub sector: String,
    pub profile: Profile,
    pub auth: AuthMethod,
    pub sender: Sender,
    pub grants: Vec<GrantKind>,
    pub scopes: Vec<ScopePurpose>,
    pub redirect_uris: Vec<String>,
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Public JWKs: for signatures, and with `use: enc` for encrypted ID tokens.
    #[serde(default)]
    pub keys: Vec<Value>,
    /// Where the client publishes its keys instead; see [`super::keyset`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// Base64url SHA-256 of the secret of `client_secret_basic`; 256 random bits made here, so no
    /// slow hash is needed.
    #[serde(default)]
    pub secret_digest: Option<String>,
    /// DNS name in the client's certificate (RFC 8705 section 2.1.2).
    #[serde(default)]
    pub certificate_dns: Option<String>,
    #[serde(default)]
    pub id_token_enc: Option<Enc>,
    /// Whether userinfo is answered signed, as a JWT.
    #[serde(default)]
    pub is_userinfo_signed: bool,
    /// How userinfo is sealed to the client; what is sealed is signed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_enc: Option<Enc>,
    #[serde(default)]
    pub details: Vec<DetailKind>,
    #[serde(default)]
    pub backchannel_logout_uri: Option<String>,
    /// CIBA: where to ping; poll without it.
    #[serde(default)]
    pub ciba_notification_uri: Option<String>,
    /// Whether DPoP proofs must carry our nonce.
    #[serde(default)]
    pub needs_dpop_nonce: bool,
    /// Whether the client guards resources and may look into tokens made for it.
    #[serde(default)]
    pub is_resource: bool,
    /// What its resources are called (RFC 8707): the audience of tokens made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// A test client works like any other and says so to the people it asks.
    #[serde(default)]
    pub is_test: bool,
    /// What only the wire form of Hong Kong has; there exactly when the profile is one of its two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
}

/// What is wrong with a registration: the field, and the message that says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flaw {
    pub field: &'static str,
    pub words: &'static str,
}

impl Registration {
    /// How the client is called before people it asks: a test says that it is one.
    #[must_use]
    pub fn asking(&self) -> Text {
        if !self.is_test {
            return self.name.clone();
        }
        let name = &self.name;
        Text::with_sc(
            format!("{} (test)", name.en),
            format!("{}（測試）", name.tc),
            format!("{}（测试）", name.sc),
        )
    }

    /// A client of the Hong Kong wire form; what only OpenID Connect asks for stays empty.
    #[must_use]
    pub const fn over_wire(
        profile: Profile,
        name: Text,
        sector: String,
        redirect_uris: Vec<String>,
        wire: Wire,
    ) -> Self {
        Self {
            name,
            sector,
            profile,
            auth: AuthMethod::ClientSecretBasic,
            sender: Sender::Bearer,
            grants: Vec::new(),
            scopes: Vec::new(),
            redirect_uris,
            post_logout_redirect_uris: Vec::new(),
            keys: Vec::new(),
            jwks_uri: None,
            secret_digest: None,
            certificate_dns: None,
            id_token_enc: None,
            is_userinfo_signed: false,
            userinfo_enc: None,
            details: Vec::new(),
            backchannel_logout_uri: None,
            ciba_notification_uri: None,
            needs_dpop_nonce: false,
            is_resource: false,
            resource: None,
            is_test: false,
            wire: Some(wire),
        }
    }

    /// What stands against putting this registration in force. Empty when nothing does.
    #[must_use]
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        let mut flaw = |is: bool, field, words| {
            if is {
                flaws.push(Flaw { field, words });
            }
        };
        let is_long = |text: &Text| {
            [&text.en, &text.tc]
                .iter()
                .any(|words| words.trim().is_empty() || words.chars().count() > WORDS_CHARS)
        };
        flaw(is_long(&self.name), "name_en", "identity.client.flaw.name");
        let is_sector = (2..=80).contains(&self.sector.len())
            && self
                .sector
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
        flaw(!is_sector, "sector", "identity.client.flaw.sector");
        if self.profile.is_wire() != self.wire.is_some() {
            flaw(true, "profile", "identity.client.flaw.profile");
        }
        self.flaws_of_addresses(&mut flaws);
        if let Some(wire) = &self.wire {
            flaws.extend(wire.flaws(self.profile));
            return flaws;
        }
        let no_words = self.scopes.iter().any(|asked| is_long(&asked.purpose));
        let has_openid = self.scopes.iter().any(|asked| asked.scope == Scope::Openid);
        if no_words || !has_openid || self.scopes.len() > LIST_MAX {
            flaws.push(Flaw {
                field: "scopes",
                words: "identity.client.flaw.scopes",
            });
        }
        self.flaws_of_proof(&mut flaws);
        flaws
    }

    fn flaws_of_addresses(&self, flaws: &mut Vec<Flaw>) {
        let mut flaw = |is: bool, field, words| {
            if is {
                flaws.push(Flaw { field, words });
            }
        };
        let has_code = self.wire.is_some() || self.grants.contains(&GrantKind::Code);
        let has_none = has_code == self.redirect_uris.is_empty();
        let is_bad = |uri: &String| !is_redirect(uri);
        let is_wrong = has_none
            || self.redirect_uris.len() > LIST_MAX
            || self.redirect_uris.iter().any(is_bad);
        flaw(is_wrong, "redirect_uris", "identity.client.flaw.redirect");
        let after = &self.post_logout_redirect_uris;
        flaw(
            after.len() > LIST_MAX || after.iter().any(is_bad),
            "post_logout_redirect_uris",
            "identity.client.flaw.redirect",
        );
        let backs = [&self.backchannel_logout_uri, &self.ciba_notification_uri];
        flaw(
            backs.into_iter().flatten().any(|uri| !is_redirect(uri)),
            "backchannel_logout_uri",
            "identity.client.flaw.redirect",
        );
    }

    fn flaws_of_proof(&self, flaws: &mut Vec<Flaw>) {
        let mut flaw = |is: bool, field, words| {
            if is {
                flaws.push(Flaw { field, words });
            }
        };
        let is_called = self.resource.as_deref().is_some_and(is_resource_name);
        flaw(
            self.is_resource != self.resource.is_some() || self.is_resource != is_called,
            "resource",
            "identity.client.flaw.resource",
        );
        let is_fapi = self.profile.is_fapi();
        let is_weak = self.auth == AuthMethod::ClientSecretBasic || self.sender == Sender::Bearer;
        flaw(is_fapi && is_weak, "auth", "identity.client.flaw.fapi");
        let bytes: usize = self.keys.iter().map(|key| key.to_string().len()).sum();
        let keys = Keys::of(&self.keys);
        let needs_key = self.auth == AuthMethod::PrivateKeyJwt || self.profile == Profile::Fapi2Ms;
        let is_published = self.jwks_uri.is_some();
        let is_sealed = self.id_token_enc.is_some() || self.userinfo_enc.is_some();
        let lacks = keys.as_ref().is_some_and(|keys| {
            !is_published
                && ((needs_key && keys.signing.is_empty()) || (is_sealed && keys.reader.is_none()))
        });
        let is_wrong = |uri: &String| !is_redirect(uri) || !self.keys.is_empty();
        flaw(
            self.jwks_uri.as_ref().is_some_and(is_wrong),
            "jwks_uri",
            "identity.client.flaw.jwks_uri",
        );
        flaw(
            keys.is_none() || lacks || self.keys.len() > LIST_MAX || bytes > JWKS_BYTES,
            "keys",
            "identity.client.flaw.keys",
        );
        flaw(
            self.auth == AuthMethod::TlsClientAuth && self.certificate_dns.is_none(),
            "certificate_dns",
            "identity.client.flaw.certificate",
        );
        flaw(
            self.auth == AuthMethod::ClientSecretBasic && self.secret_digest.is_none(),
            "auth",
            "identity.client.flaw.secret",
        );
    }

    #[must_use]
    pub fn has_grant(&self, kind: GrantKind) -> bool {
        self.grants.contains(&kind)
    }

    #[must_use]
    pub fn purpose_of(&self, scope: Scope) -> Option<&Text> {
        let found = self.scopes.iter().find(|asked| asked.scope == scope);
        found.map(|asked| &asked.purpose)
    }
}

/// An address a browser may be sent to: https, or http on the loopback interface while a program is
/// being written; no fragment, no user, no wildcard.
#[must_use]
pub(crate) fn is_redirect(uri: &str) -> bool {
    let rest = uri.strip_prefix("https://").or_else(|| {
        uri.strip_prefix("http://").filter(|rest| {
            let host = rest.split(['/', '?', ':']).next().unwrap_or_default();
            matches!(host, "127.0.0.1" | "localhost")
        })
    });
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let is_plain = uri
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"\\\"<>#*".contains(&b));
    is_plain && !host.is_empty() && !host.contains('@') && uri.len() <= URI_CHARS
}

/// What resources may be called: an absolute address over https, without a query or fragment, which no
/// other spelling of the same place matches.
#[must_use]
pub(crate) fn is_resource_name(uri: &str) -> bool {
    uri.starts_with("https://") && is_redirect(uri) && !uri.contains('?')
}

/// The registered keys, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    pub(crate) signing: Vec<ForeignKey>,
    pub(crate) reader: Option<ReaderKey>,
}

impl Keys {
    pub(crate) fn of(jwks: &[Value]) -> Option<Self> {
        let mut keys = Self::default();
        for jwk in jwks {
            if jwk.get("use").and_then(Value::as_str) == Some("enc") {
                keys.reader = Some(ReaderKey::from_jwk(jwk).ok()?);
            } else {
                keys.signing.push(ForeignKey::from_jwk(jwk).ok()?);
            }
        }
        Some(keys)
    }

    /// The key a header names; without a name, the only one of its kind.
    pub(crate) fn named(&self, kid: Option<&str>) -> Option<&ForeignKey> {
        match kid {
            Some(kid) => self.signing.iter().find(|key| key.kid() == Some(kid)),
            None => match self.signing.as_slice() {
                [only] => Some(only),
                _ => None,
            },
        }
    }
}

/// A client in force, as the endpoints see it: parsed once per revision and shared.
#[derive(Clone, Debug)]
pub(crate) struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    /// Of the record this was read from.
    revision: i64,
    department: String,
    registration: Registration,
    keys: Arc<Keys>,
}

impl Client {
    /// None while nothing is in force, or the client is suspended.
    pub(crate) fn of(record: ClientRecord) -> Option<Self> {
        let registration = record.registration.filter(|_| !record.is_suspended)?;
        let keys = Keys::of(&registration.keys).unwrap_or_default();
        Some(Self(Arc::new(Inner {
            id: record.id,
            revision: record.revision,
            department: record.department,
            registration,
            keys: Arc::new(keys),
        })))
    }

    pub(crate) fn revision(&self) -> i64 {
        self.0.revision
    }

    pub(crate) fn id(&self) -> &str {
        &self.0.id
    }

    pub(crate) fn department(&self) -> &str {
        &self.0.department
    }

    /// The keys registered by value; [`super::keyset::keys_of`] has those of every client.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.keys)
    }

    pub(crate) fn is_fapi(&self) -> bool {
        self.0.registration.profile.is_fapi()
    }

    /// Whether `uri` is registered, byte by byte.
    pub(crate) fn redirects_to(&self, uri: &str) -> bool {
        self.0
            .registration
            .redirect_uris
            .iter()
            .any(|own| own == uri)
    }

    /// Whether a token for `audience` is for this client's resources.
    pub(crate) fn guards(&self, audience: &str) -> bool {
        let own = self.0.registration.resource.as_deref();
        self.0.registration.is_resource && own == Some(audience)
    }

    pub(crate) fn is_secret(&self, secret: &str) -> bool {
        let given = trust::base64url::encode(digest::sha256(secret));
        let own = self.0.registration.secret_digest.as_deref();
        own.is_some_and(|own| digest::equal(own.as_bytes(), given.as_bytes()))
    }
}

impl std::ops::Deref for Client {
    type Target = Registration;
    fn deref(&self) -> &Registration {
        &self.0.registration
    }
}

/// A client as its department sees it: what is in force, and what is proposed.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientRecord {
    pub id: String,
    /// The department's code, as in officers' posts.
    pub department: String,
    pub registration: Option<Registration>,
    pub proposal: Option<Registration>,
    pub is_submitted: bool,
    pub is_suspended: bool,
    /// Who wrote the proposal, and so may not approve it.
    pub proposed_by: String,
    pub revision: i64,
    pub created: Time,
    pub changed: Time,
}

impl ClientRecord {
    #[must_use]
    pub fn state(&self) -> ClientState {
        if self.is_suspended {
            ClientState::Suspended
        } else if self.registration.is_some() {
            ClientState::Approved
        } else if self.is_submitted {
            ClientState::Submitted
        } else {
            ClientState::Draft
        }
    }

    /// What is proposed, or what is in force when nothing is.
    #[must_use]
    pub fn latest(&self) -> Option<&Registration> {
        self.proposal.as_ref().or(self.registration.as_ref())
    }
}
