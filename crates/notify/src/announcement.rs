//! Announcements: what everybody, or everybody whom one department, service or life event concerns,
//! should know for a while. A change of policy leads to the version of the service that brings it.

use kernel::{Id, Lang, Text, Time};
use serde::{Deserialize, Serialize};

use crate::{BODY_CHARS, Error, SUBJECT_CHARS};

/// Announcements shown at once on one page.
pub const CURRENT_MAX: usize = 10;
/// Announcements that may be live or to come at once; more would tell nobody anything.
pub const STANDING_MAX: i64 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    /// A typhoon, an outage, a scam under way.
    Urgent,
}

store::text_codes!(Severity { Info => "info", Warning => "warning", Urgent => "urgent" });

impl Severity {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Urgent];
}

/// Who it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Audience {
    Everyone,
    /// A service's id.
    Service(String),
    /// A department's code.
    Department(String),
    /// A life event's id.
    LifeEvent(String),
}

impl Audience {
    /// `everyone`, `service`, `department`, `life_event`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Service(_) => "service",
            Self::Department(_) => "department",
            Self::LifeEvent(_) => "life_event",
        }
    }

    /// Which service, department or life event; empty for everyone.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Everyone => "",
            Self::Service(id) | Self::Department(id) | Self::LifeEvent(id) => id,
        }
    }

    /// The audience of a kind and an id, as stored and as forms post it.
    #[must_use]
    pub fn read(kind: &str, id: String) -> Self {
        match kind {
            "service" => Self::Service(id),
            "department" => Self::Department(id),
            "life_event" => Self::LifeEvent(id),
            _ => Self::Everyone,
        }
    }
}

/// What a page is about: an announcement for any of these, or for everyone, belongs on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concern {
    pub service: Option<String>,
    pub department: Option<String>,
    pub life_events: Vec<String>,
}

impl Concern {
    #[must_use]
    pub(crate) fn has(&self, audience: &Audience) -> bool {
        let is = |own: &Option<String>, id: &str| {
            own.as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(id))
        };
        match audience {
            Audience::Everyone => true,
            Audience::Service(id) => is(&self.service, id),
            Audience::Department(code) => is(&self.department, code),
            Audience::LifeEvent(id) => self.life_events.contains(id),
        }
    }
}

/// The version of a service that a change of policy brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub service: String,
    pub version: i64,
}

/// An announcement to be made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewAnnouncement {
    pub severity: Severity,
    pub audience: Audience,
    pub title: Text,
    pub body: Text,
    pub starts_at: Time,
    pub ends_at: Time,
    pub policy: Option<Policy>,
}

impl NewAnnouncement {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let words = [&self.title.en, &self.title.tc, &self.body.en, &self.body.tc];
        if words.iter().any(|words| words.trim().is_empty()) {
            return Err(Error::Empty);
        }
        let is_long = |text: &Text, limit: usize| {
            Lang::ALL
                .into_iter()
                .any(|lang| text.get(lang).chars().count() > limit)
        };
        if is_long(&self.title, SUBJECT_CHARS) || is_long(&self.body, BODY_CHARS) {
            return Err(Error::TooLong);
        }
        if self.ends_at <= self.starts_at {
            return Err(Error::Period);
        }
        Ok(())
    }
}

/// An announcement on record.
#[derive(Clone, Debug)]
pub struct Announcement {
    pub id: Id<Announcement>,
    pub severity: Severity,
    pub audience: Audience,
    pub title: Text,
    pub body: Text,
    pub starts_at: Time,
    pub ends_at: Time,
    pub withdrawn_at: Option<Time>,
    pub policy: Option<Policy>,
}

impl Announcement {
    /// Whether it is to be shown at `now`.
    #[must_use]
    pub fn is_current(&self, now: Time) -> bool {
        self.withdrawn_at.is_none() && self.starts_at <= now && now < self.ends_at
    }

    /// Whether it can still be ended: it is shown, or will be.
    #[must_use]
    pub fn is_standing(&self, now: Time) -> bool {
        self.withdrawn_at.is_none() && now < self.ends_at
    }
}
