//! The form of a client: what was typed, kept as typed, and what it means.

use identity::provider::{
    AuthMethod, ClientProfile, ClientRecord, DetailKind, GrantKind, Registration, Scope,
    ScopePurpose, Sender,
};
use kernel::Text;
use serde::Serialize;
use trust::jwe::Enc;
use web::{Form, Value, Visit, ctx};

/// Characters of a client's id.
const ID_CHARS: std::ops::RangeInclusive<usize> = 3..=60;

/// A field that is wrong, and the message that says how.
pub(super) struct Mistake {
    pub(super) field: &'static str,
    pub(super) words: &'static str,
}

impl Mistake {
    /// Somebody else's client has this id.
    pub(super) const fn taken() -> Self {
        Self {
            field: "id",
            words: "desk.clients.taken",
        }
    }
}

/// One scope as typed.
#[derive(Debug, Clone, Default, Serialize)]
struct TypedScope {
    scope: String,
    is_asked: bool,
    en: String,
    tc: String,
}

/// What was typed.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Typed {
    pub(super) id: String,
    revision: String,
    name_en: String,
    name_tc: String,
    sector: String,
    profile: String,
    auth: String,
    sender: String,
    grants: Vec<String>,
    scopes: Vec<TypedScope>,
    redirect_uris: String,
    post_logout_redirect_uris: String,
    keys: String,
    jwks_uri: String,
    certificate_dns: String,
    id_token_enc: String,
    is_userinfo_signed: bool,
    userinfo_enc: String,
    details: Vec<String>,
    backchannel_logout_uri: String,
    ciba_notification_uri: String,
    needs_dpop_nonce: bool,
    is_resource: bool,
    resource: String,
    is_test: bool,
}

fn scopes(of: impl Fn(Scope) -> TypedScope) -> Vec<TypedScope> {
    Scope::ALL.iter().map(|scope| of(*scope)).collect()
}

impl Typed {
    /// A sound beginning: FAPI 2.0, keys, DPoP, a test.
    pub(super) fn blank() -> Self {
        Self {
            profile: ClientProfile::Fapi2Sp.code().to_owned(),
            auth: AuthMethod::PrivateKeyJwt.code().to_owned(),
            sender: Sender::Dpop.code().to_owned(),
            grants: vec![GrantKind::Code.code().to_owned()],
            scopes: scopes(|scope| TypedScope {
                scope: scope.code().to_owned(),
                is_asked: scope == Scope::Openid,
                ..TypedScope::default()
            }),
            is_test: true,
            ..Self::default()
        }
    }

    pub(super) fn of(form: &Form) -> Self {
        let word = |name: &str| form.text(name).to_owned();
        let all = |name: &str| form.all(name).map(str::to_owned).collect();
        Self {
            id: word("id"),
            revision: word("revision"),
            name_en: word("name_en"),
            name_tc: word("name_tc"),
            sector: word("sector"),
            profile: word("profile"),
            auth: word("auth"),
            sender: word("sender"),
            grants: all("grants"),
            scopes: scopes(|scope| TypedScope {
                scope: scope.code().to_owned(),
                is_asked: form.has(&format!("scope-{scope}")),
                en: word(&format!("purpose-{scope}-en")),
                tc: word(&format!("purpose-{scope}-tc")),
            }),
            redirect_uris: word("redirect_uris"),
            post_logout_redirect_uris: word("post_logout_redirect_uris"),
            keys: word("keys"),
            jwks_uri: word("jwks_uri"),
            certificate_dns: word("certificate_dns"),
            id_token_enc: word("id_token_enc"),
            is_userinfo_signed: form.has("is_userinfo_signed"),
            userinfo_enc: word("userinfo_enc"),
            details: all("details"),
            backchannel_logout_uri: word("backchannel_logout_uri"),
            ciba_notification_uri: word("ciba_notification_uri"),
            needs_dpop_nonce: form.has("needs_dpop_nonce"),
            is_resource: form.has("is_resource"),
            resource: word("resource"),
            is_test: form.has("is_test"),
        }
    }

    pub(super) fn from_record(found: &ClientRecord) -> Self {
        let Some(latest) = found.latest() else {
            return Self::blank();
        };
        let purpose = |scope| latest.purpose_of(scope).cloned();
        let keys = if latest.keys.is_empty() {
            String::new()
        } else {
            let keys = serde_json::json!({ "keys": latest.keys });
            serde_json::to_string_pretty(&keys).unwrap_or_default()
        };
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            id: found.id.clone(),
            revision: found.revision.to_string(),
            name_en: latest.name.en.clone(),
            name_tc: latest.name.tc.clone(),
            sector: latest.sector.clone(),
            profile: latest.profile.code().to_owned(),
            auth: latest.auth.code().to_owned(),
            sender: latest.sender.code().to_owned(),
            grants: codes(latest.grants.iter().map(|one| one.code())),
            scopes: scopes(|scope| {
                let purpose = purpose(scope);
                TypedScope {
                    scope: scope.code().to_owned(),
                    is_asked: purpose.is_some(),
                    en: purpose
                        .as_ref()
                        .map(|one| one.en.clone())
                        .unwrap_or_default(),
                    tc: purpose.map(|one| one.tc).unwrap_or_default(),
                }
            }),
            redirect_uris: latest.redirect_uris.join("\n"),
            post_logout_redirect_uris: latest.post_logout_redirect_uris.join("\n"),
            keys,
            jwks_uri: optional(&latest.jwks_uri),
            certificate_dns: optional(&latest.certificate_dns),
            id_token_enc: latest.id_token_enc.map_or("", Enc::name).to_owned(),
            is_userinfo_signed: latest.is_userinfo_signed,
            userinfo_enc: latest.userinfo_enc.map_or("", Enc::name).to_owned(),
            details: codes(latest.details.iter().map(|one| one.code())),
            backchannel_logout_uri: optional(&latest.backchannel_logout_uri),
            ciba_notification_uri: optional(&latest.ciba_notification_uri),
            needs_dpop_nonce: latest.needs_dpop_nonce,
            is_resource: latest.is_resource,
            resource: optional(&latest.resource),
            is_test: latest.is_test,
        }
    }

    pub(super) fn mistake_of_id(&self) -> Option<Mistake> {
        mistake_of_id(&self.id)
    }

    /// What it means, and what is wrong with it. A secret is made later, so its lack is no mistake yet.
    pub(super) fn read(&self) -> (Registration, Vec<Mistake>) {
        let mut mistakes = Vec::new();
        let keys = read_keys(&self.keys);
        if keys.is_none() {
            mistakes.push(Mistake {
                field: "keys",
                words: "identity.client.flaw.keys",
            });
        }
        let read = Registration {
            name: Text::new(&self.name_en, &self.name_tc),
            sector: self.sector.clone(),
            profile: self.profile.parse().unwrap_or(ClientProfile::Fapi2Sp),
            auth: self.auth.parse().unwrap_or(AuthMethod::PrivateKeyJwt),
            sender: self.sender.parse().unwrap_or(Sender::Dpop),
            grants: parsed::<GrantKind>(&self.grants),
            scopes: self
                .scopes
                .iter()
                .filter(|typed| typed.is_asked)
                .filter_map(|typed| {
                    Some(ScopePurpose {
                        scope: typed.scope.parse().ok()?,
                        purpose: Text::new(&typed.en, &typed.tc),
                    })
                })
                .collect(),
            redirect_uris: optional_lines(&self.redirect_uris),
            post_logout_redirect_uris: optional_lines(&self.post_logout_redirect_uris),
            keys: keys.unwrap_or_default(),
            jwks_uri: optional(&self.jwks_uri),
            secret_digest: None,
            certificate_dns: optional(&self.certificate_dns),
            id_token_enc: read_enc(&self.id_token_enc),
            is_userinfo_signed: self.is_userinfo_signed,
            userinfo_enc: read_enc(&self.userinfo_enc),
            details: parsed::<DetailKind>(&self.details),
            backchannel_logout_uri: optional(&self.backchannel_logout_uri),
            ciba_notification_uri: optional(&self.ciba_notification_uri),
            needs_dpop_nonce: self.needs_dpop_nonce,
            is_resource: self.is_resource,
            resource: optional(&self.resource),
            is_test: self.is_test,
            wire: None,
        };
        for flaw in read.flaws() {
            let is_known = mistakes.iter().any(|one| one.field == flaw.field);
            if !is_known && flaw.words != "identity.client.flaw.secret" {
                mistakes.push(Mistake {
                    field: flaw.field,
                    words: flaw.words,
                });
            }
        }
        (read, mistakes)
    }
}

pub(super) fn mistake_of_id(id: &str) -> Option<Mistake> {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let is_good = ID_CHARS.contains(&id.len()) && id.bytes().all(is_plain) && id != "new";
    (!is_good).then_some(Mistake {
        field: "id",
        words: "desk.clients.id.mistake",
    })
}

fn codes<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    all.map(str::to_owned).collect()
}

fn parsed<T: std::str::FromStr>(codes: &[String]) -> Vec<T> {
    codes.iter().filter_map(|code| code.parse().ok()).collect()
}

pub(super) fn optional_lines(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn read_enc(name: &str) -> Option<Enc> {
    Enc::ALL.into_iter().find(|enc| enc.name() == name)
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A JWKS, or the array in it; nothing when nothing was typed.
fn read_keys(text: &str) -> Option<Vec<serde_json::Value>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let read: serde_json::Value = serde_json::from_str(text).ok()?;
    let keys = read.get("keys").unwrap_or(&read);
    keys.as_array().cloned()
}

/// The rules that this form is for.
fn openid_profiles() -> Vec<&'static str> {
    let all = ClientProfile::ALL.iter().filter(|one| !one.is_wire());
    all.map(|one| one.code()).collect()
}

/// The words of every choice on the form.
pub(super) fn choices(visit: &Visit, typed: &Typed) -> Value {
    let words = |area: &str, code: &str| {
        let short = code.rsplit(':').next().unwrap_or(code);
        visit.t(&format!("desk.clients.{area}.{short}"))
    };
    let of = |area: &'static str, all: Vec<&'static str>| -> Vec<Value> {
        all.into_iter()
            .map(|code| ctx! { value => code, words => words(area, code) })
            .collect()
    };
    let scopes: Vec<Value> = typed
        .scopes
        .iter()
        .map(|one| {
            ctx! {
                code => one.scope,
                words => visit.t(&format!("identity.scope.{}", one.scope)),
                is_asked => one.is_asked,
                en => one.en,
                tc => one.tc,
            }
        })
        .collect();
    let encs: Vec<Value> = Enc::ALL
        .iter()
        .map(|enc| ctx! { value => enc.name(), words => enc.name() })
        .collect();
    ctx! {
        profiles => of("profile", openid_profiles()),
        auths => of("auth", AuthMethod::ALL.iter().map(|one| one.code()).collect()),
        senders => of("sender", Sender::ALL.iter().map(|one| one.code()).collect()),
        grants => of("grants", GrantKind::ALL.iter().map(|one| one.code()).collect()),
        details => of("details", DetailKind::ALL.iter().map(|one| one.code()).collect()),
        scopes,
        encs,
    }
}
