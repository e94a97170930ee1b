//! What an inspector is told. The worst true thing comes first: a forged pass is never called
//! expired, and a revoked one never merely stale.

use journal::{Step, Usage};
use kernel::{Actor, Lang, Time};
use serde::{Deserialize, Serialize};
use store::{Read, Store};
use utoipa::ToSchema;

use crate::{
    Error, Issuer,
    pass::{self, PassClaims, Presence, Reading},
    publish,
    status_list::Status,
};

/// The outcome of checking a code. Codes are part of the interface and are stored by callers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Genuine, current, and signed by the holder's phone just now.
    Valid,
    /// Genuine and current, but printed or copied: says nothing about who shows it.
    ValidOnPaper,
    /// Genuine, but the code on the screen is old: a screenshot, or a wrong clock.
    ScreenStale,
    /// Genuine, but its last day has passed.
    CredentialExpired,
    /// Genuine, but its first day has not come.
    CredentialPremature,
    /// Taken away for a time.
    CredentialSuspended,
    /// Taken away for good, replaced, or moved to another phone.
    CredentialRevoked,
    /// Genuine, but its status could not be learned.
    UnresolvableStatusList,
    /// Not signed by the phone it was issued to.
    HolderBindingMismatch,
    /// Changed after it was signed.
    CredentialInvalid,
    /// Signed by nobody on the trust list.
    IssuerNotAccepted,
    /// Not a licence code.
    InvalidFormat,
}

/// How bad an outcome is, as a colour beside words.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    Green,
    Amber,
    Red,
}

impl Outcome {
    pub const ALL: [Self; 12] = [
        Self::Valid,
        Self::ValidOnPaper,
        Self::ScreenStale,
        Self::CredentialExpired,
        Self::CredentialPremature,
        Self::CredentialSuspended,
        Self::CredentialRevoked,
        Self::UnresolvableStatusList,
        Self::HolderBindingMismatch,
        Self::CredentialInvalid,
        Self::IssuerNotAccepted,
        Self::InvalidFormat,
    ];

    /// The word on the wire and in message keys.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::ValidOnPaper => "valid_on_paper",
            Self::ScreenStale => "screen_stale",
            Self::CredentialExpired => "credential_expired",
            Self::CredentialPremature => "credential_premature",
            Self::CredentialSuspended => "credential_suspended",
            Self::CredentialRevoked => "credential_revoked",
            Self::UnresolvableStatusList => "unresolvable_status_list",
            Self::HolderBindingMismatch => "holder_binding_mismatch",
            Self::CredentialInvalid => "credential_invalid",
            Self::IssuerNotAccepted => "issuer_not_accepted",
            Self::InvalidFormat => "invalid_format",
        }
    }

    #[must_use]
    pub const fn light(self) -> Light {
        match self {
            Self::Valid => Light::Green,
            Self::ValidOnPaper
            | Self::ScreenStale
            | Self::CredentialSuspended
            | Self::CredentialPremature
            | Self::UnresolvableStatusList => Light::Amber,
            _ => Light::Red,
        }
    }
}

/// The answer to an inspector.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    pub outcome: Outcome,
    pub light: Light,
    /// What the licence says; absent unless its issuer's signature holds.
    pub licence: Option<Shown>,
    /// Seconds since the holder's phone signed the code; absent for paper.
    pub screen_age_seconds: Option<i64>,
    /// When this was checked, RFC 3339.
    pub checked: String,
}

/// A licence as an inspector sees it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Shown {
    pub kind: String,
    pub title: String,
    pub authority: String,
    pub number: String,
    pub valid_from: String,
    pub valid_until: Option<String>,
    pub claims: Vec<ShownClaim>,
}

/// One claim with its label.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ShownClaim {
    pub name: String,
    pub label: String,
    pub value: String,
}

/// Checks the text of a licence code against keys, dates and the present status.
///
/// # Errors
/// [`Error::Store`] only; everything about the code itself is an outcome.
pub async fn verify_pass(
    db: &Read,
    issuer: &Issuer,
    code: &str,
    lang: Lang,
) -> Result<Verdict, Error> {
    let now = issuer.now();
    match pass::read(code, &|short| issuer.pass_keys(short), now) {
        Ok(reading) => {
            let status = status_of(db, issuer, &reading.claims).await?;
            Ok(judge(issuer, &reading, status, lang))
        }
        Err(error) => Ok(Verdict {
            outcome: outcome_of(&error),
            light: Light::Red,
            licence: None,
            screen_age_seconds: None,
            checked: now.rfc3339(),
        }),
    }
}

/// As [`verify_pass`] for somebody who asks here, and counts the check by its verdict. Text that is
/// no licence of ours is not counted: anybody may send it.
///
/// # Errors
/// [`Error::Store`] only.
pub async fn check_pass(
    store: &Store,
    issuer: &Issuer,
    code: &str,
    lang: Lang,
) -> Result<Verdict, Error> {
    let (asked, text) = (issuer.clone(), code.to_owned());
    let verdict = store
        .read(move |db| async move { verify_pass(&db, &asked, &text, lang).await })
        .await?;
    if verdict.licence.is_some() {
        let checked = Usage::of(Step::Verified)
            .lang(Some(lang))
            .outcome(verdict.outcome.code());
        store
            .write(&Actor::Visitor, move |tx| {
                let checked = checked.clone();
                async move {
                    journal::usage(&tx, checked).await?;
                    Ok::<_, Error>(())
                }
            })
            .await?;
    }
    Ok(verdict)
}

const fn outcome_of(error: &Error) -> Outcome {
    match error {
        Error::UnknownIssuer => Outcome::IssuerNotAccepted,
        Error::HolderBinding => Outcome::HolderBindingMismatch,
        Error::Trust(trust::Error::BadSignature) => Outcome::CredentialInvalid,
        _ => Outcome::InvalidFormat,
    }
}

async fn status_of(
    db: &Read,
    issuer: &Issuer,
    claims: &PassClaims,
) -> Result<Option<Status>, Error> {
    let prefix = issuer.url("/credentials/status/");
    let Some(list) = claims
        .status
        .uri
        .strip_prefix(&prefix)
        .and_then(|number| number.parse().ok())
    else {
        return Ok(None);
    };
    publish::status(db, list, claims.status.idx).await
}

/// Judges a reading; pure.
#[must_use]
pub(crate) fn judge(
    issuer: &Issuer,
    reading: &Reading,
    status: Option<Status>,
    lang: Lang,
) -> Verdict {
    let now = issuer.now();
    let outcome = outcome(reading, status, now);
    let screen_age_seconds = match reading.presence {
        Presence::Paper => None,
        Presence::Live { age_seconds } | Presence::Stale { age_seconds } => Some(age_seconds),
    };
    Verdict {
        outcome,
        light: outcome.light(),
        licence: Some(shown(issuer, &reading.claims, lang)),
        screen_age_seconds,
        checked: now.rfc3339(),
    }
}

fn outcome(reading: &Reading, status: Option<Status>, now: Time) -> Outcome {
    let today = now.date().to_string();
    match status {
        Some(Status::Invalid) => return Outcome::CredentialRevoked,
        Some(Status::Suspended) => return Outcome::CredentialSuspended,
        _ => {}
    }
    if now.seconds() >= reading.claims.expires {
        return Outcome::CredentialExpired;
    }
    // ISO 8601 dates compare as text.
    if today < reading.claims.licence.valid_from {
        return Outcome::CredentialPremature;
    }
    match (status, reading.presence) {
        (None, _) => Outcome::UnresolvableStatusList,
        (_, Presence::Stale { .. }) => Outcome::ScreenStale,
        (_, Presence::Paper) => Outcome::ValidOnPaper,
        (_, Presence::Live { .. }) => Outcome::Valid,
    }
}

fn shown(issuer: &Issuer, claims: &PassClaims, lang: Lang) -> Shown {
    let licence = &claims.licence;
    let types = issuer.types();
    let kind = types.get(&licence.kind);
    let label = |name: &str| {
        kind.and_then(|kind| kind.claims.iter().find(|claim| claim.name == name))
            .map_or_else(|| name.to_owned(), |claim| claim.label.get(lang).to_owned())
    };
    let word = |text: Option<&kernel::Text>| {
        text.map_or_else(|| licence.kind.clone(), |text| text.get(lang).to_owned())
    };
    Shown {
        kind: licence.kind.clone(),
        title: word(kind.map(|kind| &kind.title)),
        authority: word(kind.map(|kind| &kind.authority)),
        number: licence.number.clone(),
        valid_from: licence.valid_from.clone(),
        valid_until: licence.valid_until.clone(),
        claims: licence
            .claims
            .iter()
            .map(|(name, value)| ShownClaim {
                name: name.clone(),
                label: label(name),
                value: plain(value),
            })
            .collect(),
    }
}

/// A claim's value as words.
fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) => list.iter().map(plain).collect::<Vec<_>>().join(", "),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}
