//! What a token is for (RFC 8707). Without a word it is for this platform alone. A client that guards
//! resources registers what they are called; whoever wants a token for them names them when the person is
//! asked, who then reads their owner's name. One token is for one audience.

use kernel::Text;
use serde::{Deserialize, Serialize};

use super::{
    Provider,
    params::Params,
    refusal::{Fault, Refusal, Word},
    store::client,
};

/// The parameter.
const RESOURCE: &str = "resource";

/// Resources of somebody else than this platform.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Resource {
    /// As registered, byte by byte.
    pub(crate) uri: String,
    /// Whose they are.
    pub(crate) name: Text,
}

/// The one resource a request names.
fn named(params: &Params) -> Result<Option<&str>, Refusal> {
    match params.get(RESOURCE) {
        None if params.has(RESOURCE) => Err(target("a token is for one resource")),
        named => Ok(named),
    }
}

fn target(reason: &'static str) -> Refusal {
    Refusal::new(Word::InvalidTarget, reason)
}

/// Whose resources a request for a person's word wants a token for; `None` when this platform's.
///
/// # Errors
/// `invalid_target` when nobody registered them.
pub(crate) async fn read(provider: &Provider, params: &Params) -> Result<Option<Resource>, Fault> {
    let Some(uri) = named(params)?.filter(|uri| *uri != provider.issuer()) else {
        return Ok(None);
    };
    let uri = uri.to_owned();
    let found = provider
        .store()
        .read(move |db| {
            let uri = uri.clone();
            async move { client::guard_of_in(&db, &uri).await }
        })
        .await?;
    Ok(Some(found.ok_or(target("the resource is not registered"))?))
}

/// What a token request says of its audience.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    named: Option<String>,
    issuer: String,
}

impl Audience {
    /// # Errors
    /// `invalid_target` when it names more than one.
    pub(crate) fn read(provider: &Provider, params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            named: named(params)?.map(str::to_owned),
            issuer: provider.issuer().to_owned(),
        })
    }

    /// The resource the token is for: as granted, or this platform where the request says so. What the
    /// person was not asked for is not given.
    ///
    /// # Errors
    /// `invalid_target`.
    pub(crate) fn of(&self, granted: Option<&str>) -> Result<Option<String>, Refusal> {
        match self.named.as_deref() {
            Some(uri) if uri == self.issuer => Ok(None),
            Some(uri) if granted != Some(uri) => {
                Err(target("the person was not asked for this resource"))
            }
            _ => Ok(granted.map(str::to_owned)),
        }
    }
}
