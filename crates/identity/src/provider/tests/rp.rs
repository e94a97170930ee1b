//! A relying party: what it signs and what it sends.

use std::sync::Arc;

use kernel::Text;
use serde_json::{Map, Value, json};
use trust::{SigningKey, base64url, digest, jws::Signer};

use super::world::CALLBACK;
use crate::provider::{
    client::{AuthMethod, GrantKind, Profile, Registration, ScopePurpose, Sender},
    detail::DetailKind,
    scope::Scope,
};

pub(crate) type Pairs = Vec<(String, String)>;

pub(crate) fn pairs(values: &[(&str, &str)]) -> Pairs {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    values.iter().map(own).collect()
}

/// A relying party with its keys.
#[derive(Clone)]
pub(crate) struct Rp {
    pub(crate) id: String,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) dpop: Arc<SigningKey>,
    pub(crate) issuer: String,
    pub(crate) verifier: String,
    pub(crate) clock: kernel::Env,
}

impl Rp {
    pub(crate) fn challenge(&self) -> String {
        base64url::encode(digest::sha256(&self.verifier))
    }

    fn jti(&self) -> String {
        base64url::encode(self.clock.bytes::<16>())
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.now().seconds()
    }

    pub(crate) fn assertion_with(&self, edit: impl FnOnce(&mut Map<String, Value>)) -> String {
        let mut claims = json!({
            "iss": self.id, "sub": self.id, "aud": self.issuer, "jti": self.jti(),
            "iat": self.now(), "exp": self.now() + 60,
        });
        edit(claims.as_object_mut().unwrap());
        Signer::new(&self.key, "JWT").sign(&claims).unwrap()
    }

    pub(crate) fn assertion(&self) -> String {
        self.assertion_with(|_| {})
    }

    pub(crate) fn proof_with(
        &self,
        (method, path): (&str, &str),
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        let mut claims = json!({
            "htm": method, "htu": format!("{}{path}", self.issuer), "jti": self.jti(),
            "iat": self.now(),
        });
        edit(claims.as_object_mut().unwrap());
        Signer::new(&self.dpop, "dpop+jwt")
            .with_jwk()
            .sign(&claims)
            .unwrap()
    }

    pub(crate) fn proof(&self, method: &str, path: &str) -> String {
        self.proof_with((method, path), |_| {})
    }

    /// A signed request object over `params`.
    pub(crate) fn object_with(
        &self,
        params: &[(String, String)],
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        let mut claims: Map<String, Value> = params
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        for (name, value) in [
            ("iss", json!(self.id)),
            ("aud", json!(self.issuer)),
            ("nbf", json!(self.now())),
            ("exp", json!(self.now() + 300)),
        ] {
            claims.insert(name.to_owned(), value);
        }
        edit(&mut claims);
        Signer::new(&self.key, "oauth-authz-req+jwt")
            .sign(&claims)
            .unwrap()
    }

    /// A signed request object that is good once, as a backchannel request needs it.
    pub(crate) fn object_once(
        &self,
        params: &[(String, String)],
        edit: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        self.object_with(params, |claims| {
            claims.insert("iat".to_owned(), json!(self.now()));
            claims.insert("jti".to_owned(), json!(self.jti()));
            edit(claims);
        })
    }

    /// What an authorization request of this client says.
    pub(crate) fn request(&self) -> Pairs {
        pairs(&[
            ("client_id", &self.id),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid"),
            ("state", "state-1"),
            ("nonce", "nonce-1"),
            ("code_challenge", &self.challenge()),
            ("code_challenge_method", "S256"),
        ])
    }

    /// The request with some parameters changed; an empty value takes one away.
    pub(crate) fn request_with(&self, changes: &[(&str, &str)]) -> Pairs {
        let mut request = self.request();
        for (name, value) in changes {
            request.retain(|(known, _)| known != name);
            if !value.is_empty() {
                request.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        request
    }

    /// What redeems a code.
    pub(crate) fn redemption(&self, code: &str) -> Pairs {
        pairs(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", &self.verifier),
        ])
    }

    /// `form` with a fresh assertion.
    pub(crate) fn signed(&self, form: Pairs) -> Pairs {
        self.signed_by(form, self.assertion())
    }

    pub(crate) fn signed_by(&self, mut form: Pairs, assertion: String) -> Pairs {
        form.push((
            "client_assertion_type".to_owned(),
            crate::provider::caller::JWT_BEARER.to_owned(),
        ));
        form.push(("client_assertion".to_owned(), assertion));
        form
    }
}

/// A FAPI registration for `key`.
pub(crate) fn registration(key: &SigningKey) -> Registration {
    let mut jwk = serde_json::to_value(key.public().jwk()).unwrap();
    jwk["kid"] = json!(key.kid());
    let scopes = [
        Scope::Openid,
        Scope::Profile,
        Scope::Email,
        Scope::OfflineAccess,
    ];
    Registration {
        name: Text::new("Rates e-account", "差餉電子帳戶"),
        sector: "rvd".to_owned(),
        profile: Profile::Fapi2Sp,
        auth: AuthMethod::PrivateKeyJwt,
        sender: Sender::Dpop,
        grants: GrantKind::ALL.to_vec(),
        scopes: scopes
            .map(|scope| ScopePurpose {
                scope,
                purpose: Text::new("To know you again", "識別身分"),
            })
            .to_vec(),
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: vec!["https://client.example/bye".to_owned()],
        keys: vec![jwk],
        jwks_uri: None,
        secret_digest: None,
        certificate_dns: None,
        id_token_enc: None,
        is_userinfo_signed: false,
        userinfo_enc: None,
        details: DetailKind::ALL.to_vec(),
        backchannel_logout_uri: Some("https://client.example/logout".to_owned()),
        ciba_notification_uri: None,
        needs_dpop_nonce: false,
        is_resource: false,
        resource: None,
        is_test: false,
        wire: None,
    }
}
