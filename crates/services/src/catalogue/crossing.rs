//! Services for residents in the Greater Bay Area, and why each is among them. A service is here when
//! its pack was written from its page in the government's own list of cross-boundary services; the
//! others stand in `data/cross-boundary.json` with their reason.

use kernel::Text;
use packs::{FieldKind, Pack};
use serde::{Deserialize, Serialize};

use super::Entry;

/// The site that lists what Hong Kong offers to residents in the Greater Bay Area.
const LIST_HOST: &str = "crossboundaryservices.gov.hk";

/// Why a service is among those for residents in the Greater Bay Area.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It stands in the government's list of cross-boundary services.
    Listed,
    /// It takes a document of the Mainland or Macao.
    MainlandDocument,
    /// Its official name says so.
    Name,
}

impl Why {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::MainlandDocument => "mainland_document",
            Self::Name => "name",
        }
    }
}

/// An entry of `data/cross-boundary.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    id: String,
    why: Why,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    note: Option<Text>,
}

/// A service for residents in the Greater Bay Area, with what is different there.
#[derive(Clone, Debug)]
pub struct Crossing<'a> {
    pub entry: &'a Entry,
    pub why: Why,
    /// Where that was read.
    pub source: Option<&'a str>,
    pub note: Option<&'a Text>,
    /// What its form asks and gives, where it is online here.
    pub differs: Option<Differs>,
}

/// What is different for somebody outside Hong Kong, read from the pack.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Differs {
    /// The form asks for an address in Hong Kong.
    pub asks_hong_kong_address: bool,
    /// The form asks for a Hong Kong telephone number.
    pub asks_hong_kong_phone: bool,
    pub has_fee: bool,
    /// A licence arrives on the phone.
    pub issues_licence: bool,
    pub is_signed: bool,
}

impl Differs {
    fn of(pack: &Pack) -> Self {
        let asks = |is: fn(&FieldKind) -> bool| pack.fields().any(|field| is(&field.kind));
        Self {
            asks_hong_kong_address: asks(|kind| matches!(kind, FieldKind::AddressHk)),
            asks_hong_kong_phone: asks(|kind| matches!(kind, FieldKind::PhoneHk)),
            has_fee: !pack.fee.is_empty(),
            issues_licence: pack.issue.is_some(),
            is_signed: pack.identity.sign,
        }
    }
}

/// Every crossing, in the order of `entries`.
pub(super) fn of<'a>(
    entries: &'a [Entry],
    listed: &'a [Listed],
    pack_of: impl Fn(&str) -> Option<&'a std::sync::Arc<Pack>>,
) -> Vec<Crossing<'a>> {
    entries
        .iter()
        .filter_map(|entry| {
            let pack = pack_of(&entry.id);
            let page = pack.and_then(|pack| official(pack));
            let known = listed.iter().find(|one| one.id == entry.id);
            let (why, source, note) = match (page, known) {
                (Some(page), _) => (Why::Listed, Some(page), None),
                (None, Some(known)) => (known.why, known.source.as_deref(), known.note.as_ref()),
                (None, None) => return None,
            };
            Some(Crossing {
                entry,
                why,
                source,
                note,
                differs: pack.map(|pack| Differs::of(pack)),
            })
        })
        .collect()
}

/// The page of the official list that a pack was written from.
fn official(pack: &Pack) -> Option<&str> {
    pack.sources
        .iter()
        .map(|source| source.url.as_str())
        .find(|url| {
            let host = url.split_once("://").map_or(*url, |(_, rest)| rest);
            let host = host.split('/').next().unwrap_or_default();
            host.strip_prefix("www.").unwrap_or(host) == LIST_HOST
        })
}
