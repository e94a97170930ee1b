//! Announcements: what everybody, or everybody using one service, should know for a while.

use kernel::{Id, Text, Time};

use crate::Error;

/// Announcements shown at once on one page.
pub const CURRENT_MAX: i64 = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Warning,
    /// A typhoon, an outage, a scam under way.
    Urgent,
}

store::text_codes!(Severity { Info => "info", Warning => "warning", Urgent => "urgent" });

/// Who it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    /// A service's id.
    Service(String),
    /// A department's code.
    Department(String),
}

impl Audience {
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::Service(_) => "service",
            Self::Department(_) => "department",
        }
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Everyone => "",
            Self::Service(id) | Self::Department(id) => id,
        }
    }

    pub(crate) fn read(kind: &str, id: String) -> Self {
        match kind {
            "service" => Self::Service(id),
            "department" => Self::Department(id),
            _ => Self::Everyone,
        }
    }
}

/// An announcement to be made.
#[derive(Clone, Debug)]
pub struct NewAnnouncement {
    pub severity: Severity,
    pub audience: Audience,
    pub title: Text,
    pub body: Text,
    pub starts_at: Time,
    pub ends_at: Time,
}

impl NewAnnouncement {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.title.en.is_empty() || self.title.tc.is_empty() {
            return Err(Error::Empty);
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
}

impl Announcement {
    /// Whether it is to be shown at `now`.
    #[must_use]
    pub fn is_current(&self, now: Time) -> bool {
        self.withdrawn_at.is_none() && self.starts_at <= now && now < self.ends_at
    }
}
