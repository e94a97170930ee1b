//! The message: what a person is told, kept in their inbox. E-mail and SMS only say that something
//! has arrived there; a one-time code is the exception.

use std::time::Duration;

use kernel::{Id, Lang, Text, Time};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Characters of a subject and of a body, in any language.
pub const SUBJECT_CHARS: usize = 200;
pub const BODY_CHARS: usize = 8_000;
/// Attachments of one message.
pub const ATTACHMENTS_MAX: usize = 10;

/// The noun of a recipient's id: the person, known to this crate by nothing else.
#[derive(Debug)]
pub enum Recipient {}

/// Why a message is sent. Priority comes from here and from nowhere else: when everybody may mark
/// their own messages urgent, nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A one-time code: worthless after minutes.
    Otp,
    /// Something must be done by a date.
    Deadline,
    Info,
}

store::text_codes!(Class { Otp => "otp", Deadline => "deadline", Info => "info" });

impl Class {
    /// How long a delivery is tried before it is given up.
    #[must_use]
    pub const fn patience(self) -> Duration {
        match self {
            Self::Otp => Duration::from_secs(10 * 60),
            Self::Deadline | Self::Info => Duration::from_secs(4 * 3600),
        }
    }

    /// Whether the outside message carries the body itself. All others only call to the inbox, so
    /// that nothing personal travels over mail or the telephone network.
    #[must_use]
    pub const fn travels_whole(self) -> bool {
        matches!(self, Self::Otp)
    }

    /// Whether a text message is sent besides e-mail.
    #[must_use]
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::Otp | Self::Deadline)
    }
}

/// What the message is about, as its owner knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub noun: String,
    pub id: String,
}

/// A document that belongs to the message, kept by whoever made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub document: String,
    pub name: Text,
    /// Where it can be opened: a path after the language.
    pub path: String,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewMessage {
    pub to: Id<Recipient>,
    pub class: Class,
    pub subject: Text,
    /// Plain text; a blank line starts a paragraph.
    pub body: Text,
    pub about: Option<About>,
    /// Where the reader goes on: a path after the language.
    pub link: Option<String>,
    pub attachments: Vec<Attachment>,
    /// Sending again with the same key sends nothing: `case-7k3m…-decided`.
    pub key: Option<String>,
}

impl NewMessage {
    /// A message with a subject and a body; fill the other fields as needed.
    #[must_use]
    pub fn new(to: Id<Recipient>, class: Class, subject: Text, body: Text) -> Self {
        Self {
            to,
            class,
            subject,
            body,
            about: None,
            link: None,
            attachments: Vec::new(),
            key: None,
        }
    }

    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "ids are copied; callers read better without a borrow"
    )]
    pub fn about(mut self, noun: &str, id: impl ToString) -> Self {
        self.about = Some(About {
            noun: noun.to_owned(),
            id: id.to_string(),
        });
        self
    }

    #[must_use]
    pub fn link(mut self, path: impl Into<String>) -> Self {
        self.link = Some(path.into());
        self
    }

    #[must_use]
    pub fn attach(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.subject.en.is_empty() || self.subject.tc.is_empty() || self.body.is_empty() {
            return Err(Error::Empty);
        }
        let is_long = |text: &Text, limit: usize| {
            Lang::ALL
                .into_iter()
                .any(|lang| text.get(lang).chars().count() > limit)
        };
        if is_long(&self.subject, SUBJECT_CHARS)
            || is_long(&self.body, BODY_CHARS)
            || self.attachments.len() > ATTACHMENTS_MAX
        {
            return Err(Error::TooLong);
        }
        Ok(())
    }
}

/// A message in the inbox.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: Id<Message>,
    pub to: Id<Recipient>,
    pub class: Class,
    pub subject: Text,
    pub body: Text,
    pub about: Option<About>,
    pub link: Option<String>,
    pub attachments: Vec<Attachment>,
    pub sent_at: Time,
    pub read_at: Option<Time>,
}
