//! What the catalogue lists: services that can be used here, and services known by name that cannot
//! be used here yet, which say so.

use kernel::Text;
use serde::{Deserialize, Serialize};

use super::search::Reach;

/// A service in the catalogue.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// The service id of a pack, or the catalogue id of an information entry.
    pub id: String,
    pub name: Text,
    /// Empty for information entries: only their names are known.
    pub summary: Text,
    /// Department code.
    pub department: String,
    /// `licence`, `permit`, `form`, …
    pub kind: String,
    /// Form numbers, as printed.
    pub forms: Vec<String>,
    pub subjects: Vec<String>,
    pub life_events: Vec<String>,
    pub audiences: Vec<String>,
    /// Other official names under which people look for it.
    pub aliases: Vec<Text>,
    /// The service studied in depth to which the name belongs, a pack's id once it has one.
    pub studied: Option<String>,
    /// The published pack version; `None` says "not yet online here".
    pub version: Option<i64>,
}

impl Entry {
    #[must_use]
    pub const fn is_online(&self) -> bool {
        self.version.is_some()
    }

    pub(super) const fn reach(&self) -> Reach {
        if self.is_online() {
            Reach::Online
        } else {
            Reach::Information
        }
    }
}

/// A bureau, department, office or statutory body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Department {
    pub code: String,
    pub name: Text,
    /// `bureau`, `department`, `office`, `statutory`, `judiciary`, `legislature`.
    pub kind: String,
    #[serde(default)]
    pub website: Option<String>,
    #[serde(default)]
    pub parent: Option<String>,
}

/// A topic of the catalogue, with its sub-topics.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subject {
    pub id: String,
    pub name: Text,
    #[serde(default)]
    pub children: Vec<Topic>,
}

/// A sub-topic, a life event or an audience: a name over a list of services.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Topic {
    pub id: String,
    pub name: Text,
    #[serde(default)]
    pub services: Vec<String>,
}

/// A journey through several services, in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bundle {
    pub id: String,
    pub name: Text,
    pub steps: Vec<String>,
}

/// An entry of `data/catalogue.json`.
#[derive(Deserialize)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) department: String,
    pub(super) name: Text,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) form: Option<String>,
    pub(super) subject: String,
    #[serde(default)]
    pub(super) service_id: Option<String>,
}

/// `data/categories.json`: subjects, life events, audiences, journeys.
#[derive(Debug, Deserialize)]
pub(super) struct Categories {
    pub(super) subjects: Vec<Subject>,
    pub(super) life_events: Vec<Topic>,
    pub(super) audiences: Vec<Topic>,
    pub(super) bundles: Vec<Bundle>,
}
