//! What this issuer publishes for others to check its licences without asking about any of them:
//! signed status lists and the signed trust list.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kernel::{Lang, Text};
use serde::Serialize;
use store::Read;
use trust::{Known, Purpose, jws};

use crate::{
    Error, Issuer,
    licence::CredentialState,
    status_list::{self, LIST_TTL, Published, Status},
    store::status,
};

/// How long a trust list may be used by somebody who cannot fetch another.
pub(crate) const TRUST_LIST_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// The media type of the trust list.
pub const TRUST_LIST_TYPE: &str = "causeway-trust-list+jwt";

/// A status list as of now. It is signed again when an entry has changed since, or when half its
/// time to live has passed; in between all askers share one copy.
///
/// # Errors
/// [`Error::NotFound`] for a list that does not exist.
pub(crate) async fn list(db: &Read, issuer: &Issuer, number: i64) -> Result<Arc<Published>, Error> {
    let version = status::version(db, number).await?;
    let now = issuer.now();
    if let Some((made_of, published)) = issuer.published().get(&number)
        && *made_of == version
        && now.since(published.signed) < LIST_TTL / 2
        && published.signed <= now
    {
        return Ok(Arc::clone(published));
    }
    let entries = status::entries(db, number).await?;
    let uri = issuer.status_url(number);
    let published = Arc::new(status_list::publish(&entries, &uri, issuer.keys(), now)?);
    let entry = (version, Arc::clone(&published));
    issuer.published().insert(number, entry);
    Ok(published)
}

/// The present status of one entry; none for a list or entry that was never given out.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn status(db: &Read, list: i64, index: u32) -> Result<Option<Status>, Error> {
    let state = status::entry(db, list, index).await?;
    Ok(state.map(CredentialState::status))
}

#[derive(Serialize)]
struct TrustList {
    iss: String,
    iat: i64,
    exp: i64,
    issuers: Vec<TrustedIssuer>,
    status_keys: Vec<TrustedKey>,
    status_lists: Vec<String>,
}

#[derive(Serialize)]
struct TrustedIssuer {
    iss: String,
    keys: Vec<TrustedKey>,
    kinds: BTreeMap<String, TrustedKind>,
}

#[derive(Serialize)]
struct TrustedKey {
    /// The short id of COSE structures, base64url.
    kid: String,
    x: String,
    y: String,
    /// Seconds since the epoch; absent for keys in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<i64>,
}

#[derive(Serialize)]
struct TrustedKind {
    title: BTreeMap<&'static str, String>,
    authority: BTreeMap<&'static str, String>,
    claims: BTreeMap<String, BTreeMap<&'static str, String>>,
}

/// The trust list as a signed token: issuer keys, licence types with labels, status keys and lists.
///
/// # Errors
/// [`Error::Store`], [`Error::Trust`].
pub async fn trust_list(db: &Read, issuer: &Issuer) -> Result<String, Error> {
    let now = issuer.now();
    let lists = status::lists(db).await?;
    let types = issuer.types();
    let kinds = types.iter().map(|(kind, described)| {
        let claims = described
            .claims
            .iter()
            .map(|claim| (claim.name.clone(), words(&claim.label)))
            .collect();
        let trusted = TrustedKind {
            title: words(&described.title),
            authority: words(&described.authority),
            claims,
        };
        (kind.clone(), trusted)
    });
    let list = TrustList {
        iss: issuer.identifier(),
        iat: now.seconds(),
        exp: now.plus(TRUST_LIST_LIFE).seconds(),
        issuers: vec![TrustedIssuer {
            iss: issuer.identifier(),
            keys: trusted_keys(&issuer.keys().all(Purpose::CredentialIssuer)),
            kinds: kinds.collect(),
        }],
        status_keys: trusted_keys(&issuer.keys().published(Purpose::StatusList)),
        status_lists: lists.into_iter().map(|n| issuer.status_url(n)).collect(),
    };
    let signed = issuer.keys().signer(Purpose::StatusList)?;
    Ok(jws::Signer::new(&signed.key, TRUST_LIST_TYPE)
        .with_chain(&signed.chain)
        .sign(&list)?)
}

fn trusted_keys(keys: &[Known]) -> Vec<TrustedKey> {
    keys.iter()
        .map(|known| TrustedKey {
            kid: trust::base64url::encode(trust::cose::short_kid(&known.key)),
            x: trust::base64url::encode(known.key.x()),
            y: trust::base64url::encode(known.key.y()),
            retired: known.retired.map(kernel::Time::seconds),
        })
        .collect()
}

fn words(text: &Text) -> BTreeMap<&'static str, String> {
    Lang::ALL
        .into_iter()
        .map(|lang| (lang.code(), text.get(lang).to_owned()))
        .collect()
}
