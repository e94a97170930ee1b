//! What a person allowed a client: everything the token endpoint and the resources need to know
//! later, in one value.

use std::time::Duration;

use kernel::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    behalf::Behalf,
    client::{Client, GrantKind},
    detail::Detail,
    request::Asked,
    scope::{Claim, Scope},
};
use crate::{Approval, Level, Means, Person};

/// A code lives this long and is used once.
pub(crate) const CODE_LIFE: Duration = Duration::from_secs(60);
/// An access token lives this long.
pub(crate) const ACCESS_LIFE: Duration = Duration::from_secs(300);
/// An ID token is read at once; it lives this long.
pub(crate) const ID_TOKEN_LIFE: Duration = Duration::from_secs(600);
/// A grant with a refresh token ends this long after the login, refreshed or not.
pub(crate) const REFRESH_LIFE: Duration = Duration::from_secs(30 * 86_400);
/// A grant whose client wants to hear of the logout lives as long as a session can.
const SESSION_LIFE: Duration = Duration::from_secs(12 * 3_600);
/// Any other grant outlives its code and its access token, and no more.
const SHORT_LIFE: Duration = Duration::from_secs(900);

/// The word by which the store tells grants that a logout leaves alone.
const OUTLIVES: &str = "yes";

/// OpenID Connect Back-Channel Logout section 2.7: refresh tokens end with the session, unless the
/// person agreed to `offline_access`.
pub(crate) fn outlives(scopes: &[Scope]) -> Option<String> {
    scopes
        .contains(&Scope::OfflineAccess)
        .then(|| OUTLIVES.to_owned())
}

/// When and how surely the person was recognised.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Recognised {
    /// Seconds since the epoch.
    pub(crate) at: i64,
    pub(crate) level: Level,
    /// A random name of the browser's session; only digests of it with a client's id leave.
    pub(crate) session: String,
    /// By what.
    #[serde(default)]
    pub(crate) means: Means,
}

/// The content of a grant.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) id_claims: Vec<Claim>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) info_claims: Vec<Claim>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<Detail>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<String>,
    /// What the tokens are bound to: `jkt` of RFC 9449 or `x5t#S256` of RFC 8705.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bound: Option<Bound>,
    pub(crate) level: Level,
    pub(crate) auth_time: i64,
    /// By what the person was recognised.
    #[serde(default)]
    pub(crate) means: Means,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) approval: Option<Id<Approval>>,
    /// Whether a refresh token comes with it.
    #[serde(default)]
    pub(crate) is_lasting: bool,
    /// [`OUTLIVES`] when the person agreed to access while they are not signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) outlives_session: Option<String>,
    /// What the tokens are for, where not for this platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resource: Option<String>,
    /// Another subject than the person: the company of a token exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// Who acts for the subject (RFC 8693 section 4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Value>,
    /// The officer who acts for the person, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behalf: Option<Behalf>,
    /// CIBA: the request this grant answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auth_req: Option<String>,
}

/// The key or certificate a token is bound to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Bound {
    #[serde(rename = "jkt")]
    Key(String),
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

/// A grant to be written, with its secrets in the clear.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) client: String,
    pub(crate) person: Id<Person>,
    pub(crate) session: Option<String>,
    pub(crate) content: Granted,
    pub(crate) code: Option<String>,
    pub(crate) refresh: Option<String>,
    pub(crate) life: Duration,
}

impl Granted {
    /// What `asked` becomes when the person agrees.
    pub(crate) fn of(asked: &Asked, client: &Client, who: &Recognised) -> Self {
        Self {
            scopes: asked.scopes.clone(),
            id_claims: asked.id_claims.clone(),
            info_claims: asked.info_claims.clone(),
            details: asked.details.clone(),
            nonce: asked.nonce.clone(),
            redirect_uri: Some(asked.redirect_uri.clone()),
            challenge: Some(asked.challenge.clone()),
            bound: asked.dpop_jkt.clone().map(Bound::Key),
            level: who.level,
            auth_time: who.at,
            means: who.means,
            approval: None,
            is_lasting: client.has_grant(GrantKind::Refresh),
            outlives_session: outlives(&asked.scopes),
            resource: asked.resource.clone().map(|resource| resource.uri),
            subject: None,
            act: None,
            behalf: None,
            auth_req: None,
        }
    }

    /// How long the grant is kept.
    pub(crate) fn life(&self, client: &Client) -> Duration {
        if self.is_lasting {
            REFRESH_LIFE
        } else if client.backchannel_logout_uri.is_some() {
            SESSION_LIFE
        } else {
            SHORT_LIFE
        }
    }

    /// The claims that userinfo answers.
    pub(crate) fn info(&self) -> Vec<Claim> {
        let mut claims: Vec<Claim> = self
            .scopes
            .iter()
            .flat_map(|scope| scope.claims())
            .copied()
            .chain(self.info_claims.iter().copied())
            .collect();
        claims.sort_unstable();
        claims.dedup();
        claims
    }

    pub(crate) fn scope_words(&self) -> String {
        let words: Vec<&str> = self.scopes.iter().map(|scope| scope.code()).collect();
        words.join(" ")
    }
}
