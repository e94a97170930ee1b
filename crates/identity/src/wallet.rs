//! The documents of a company: kept by its people, handed to applications one by one, each time asked on
//! the phone.
//!
//! ```text
//! Document ── held by ──▶ Company        offered ─▶ held ─▶ removed (can be put back for a month)
//!    ▲
//!    └── Share ──▶ client: which person let it, for what, until when, how often it was fetched
//! Pick: what one approval lets the phone choose from, and what was chosen
//! ```
//!
//! Invariants: what a document is called and what is in it rest sealed; a document never changes; the
//! mandate is asked in the write that gives it out; a share ends with its day, its person's mandate, their
//! connection to the client, or the company's word.

use kernel::{Date, Id, Text, Time};
use serde::{Deserialize, Serialize};

use crate::{Company, Mandate, MemberRole, Person, code::codes};

pub use crate::store::{
    wallet::{
        DocumentLabel, add_document, document, document_content, documents, end_share,
        label_document, remove_document,
    },
    wallet_share::{pick_documents, pickable},
};

/// Bytes of one document.
pub const DOCUMENT_BYTES: usize = 5 * 1024 * 1024;
/// Documents a company keeps at a time, those it removed lately among them.
pub const DOCUMENTS_MAX: i64 = 100;
/// Bytes of all of them.
pub const WALLET_BYTES: i64 = 100 * 1024 * 1024;
/// Documents that applications may offer a company at a time.
pub(crate) const OFFERED_MAX: i64 = 10;
/// Characters of a document's name.
pub const DOCUMENT_NAME_CHARS: usize = 120;
/// Characters of a file's name.
pub(crate) const FILE_NAME_CHARS: usize = 100;
/// Days a removed document can be put back.
pub const REMOVED_DAYS: u64 = 30;
/// Days an application may fetch what was handed to it.
pub const SHARE_DAYS: u64 = 30;
/// Documents handed over at once.
pub const SHARED_AT_ONCE: usize = 20;
/// Hand-overs shown of one document.
pub const SHARES_SHOWN: i64 = 50;
/// Years a share stays on record.
pub(crate) const SHARES_KEPT_DAYS: u64 = 7 * 365;
/// What the wallet is called among the services that powers may be limited to.
pub(crate) const SERVICE: &str = "document-wallet";

codes! {
    /// What a document is.
    DocumentKind {
        BusinessRegistration = "business_registration",
        Incorporation = "incorporation",
        Licence = "licence",
        Resolution = "resolution",
        Accounts = "accounts",
        Other = "other",
    }
}

impl DocumentKind {
    /// As the phone and a client's log say it.
    #[must_use]
    pub fn words(self) -> Text {
        match self {
            Self::BusinessRegistration => {
                Text::new("business registration certificate", "商業登記證")
            }
            Self::Incorporation => Text::new("certificate of incorporation", "公司註冊證明書"),
            Self::Licence => Text::new("licence or permit", "牌照或許可證"),
            Self::Resolution => Text::new("resolution", "決議"),
            Self::Accounts => Text::new("accounts", "帳目"),
            Self::Other => Text::new("other document", "其他文件"),
        }
    }
}

codes! {
    /// Where a document stands.
    DocumentState {
        /// An application has brought it, and the phone is asked.
        Offered = "offered",
        Held = "held",
        Removed = "removed",
    }
}

codes! {
    /// The kinds of file that are taken.
    MediaType { Pdf = "application/pdf", Jpeg = "image/jpeg", Png = "image/png" }
}

impl MediaType {
    /// What the bytes are, whatever their name says.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let starts = |mark: &[u8]| bytes.starts_with(mark);
        if starts(b"%PDF-") {
            Some(Self::Pdf)
        } else if starts(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if starts(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else {
            None
        }
    }
}

/// What is wrong with a document as it is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DocumentFlaw {
    Name,
    /// Neither PDF, nor JPEG, nor PNG, or empty.
    File,
    TooLarge,
    /// It expires before it was issued, or was issued after today.
    Dates,
}

/// A document as it is given.
#[derive(Clone, Debug)]
pub struct NewDocument {
    pub kind: DocumentKind,
    pub name: String,
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub issued: Option<Date>,
    pub expires: Option<Date>,
}

impl NewDocument {
    /// Whether a name is one that may be kept.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let name = name.trim();
        !name.is_empty()
            && name.chars().count() <= DOCUMENT_NAME_CHARS
            && !name.chars().any(char::is_control)
    }

    /// What stands against keeping it.
    #[must_use]
    pub fn flaws(&self, today: Date) -> Vec<DocumentFlaw> {
        let is_turned = matches!((self.issued, self.expires), (Some(from), Some(to)) if to < from);
        let is_later = self.issued.is_some_and(|day| day > today);
        let flaws = [
            (!Self::is_name(&self.name), DocumentFlaw::Name),
            (self.bytes.len() > DOCUMENT_BYTES, DocumentFlaw::TooLarge),
            (MediaType::of(&self.bytes).is_none(), DocumentFlaw::File),
            (is_turned || is_later, DocumentFlaw::Dates),
        ];
        let wrong = flaws.into_iter().filter(|(is_wrong, _)| *is_wrong);
        wrong.map(|(_, flaw)| flaw).collect()
    }
}

/// The name of a file as it is shown again: no folder, nothing that could steer a header.
#[must_use]
pub(crate) fn file_name(given: &str, media_type: MediaType) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = last
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' '));
    let clean: String = clean.take(FILE_NAME_CHARS).collect();
    if !clean.trim().is_empty() {
        return clean;
    }
    let name = match media_type {
        MediaType::Pdf => "document.pdf",
        MediaType::Jpeg => "document.jpg",
        MediaType::Png => "document.png",
    };
    name.to_owned()
}

/// Whose seal stands unbroken on a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seal {
    pub by: String,
    /// When, if a time-stamp says so.
    pub at: Option<Time>,
}

/// An application, by its id and as it was called then.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bringer {
    pub client: String,
    pub name: Text,
}

/// A document of a company, without its content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    pub id: Id<Document>,
    pub company: Id<Company>,
    pub state: DocumentState,
    pub kind: DocumentKind,
    pub name: String,
    pub file_name: String,
    pub media_type: MediaType,
    pub size: i64,
    pub sha256: [u8; 32],
    pub issued: Option<Date>,
    pub expires: Option<Date>,
    /// Who put it there, or agreed that an application does.
    pub person: Option<Id<Person>>,
    /// The application that brought it.
    pub client: Option<Bringer>,
    pub seal: Option<Seal>,
    pub added: Time,
    pub removed: Option<Time>,
}

/// What names a document, as it rests sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Title {
    pub(crate) name: String,
    pub(crate) file: String,
}

/// A document that was handed to an application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    pub id: Id<Share>,
    pub document: Id<Document>,
    pub company: Id<Company>,
    /// Who handed it over.
    pub person: Id<Person>,
    pub client: String,
    pub client_name: Text,
    pub purpose: Text,
    pub shared: Time,
    pub until: Time,
    pub ended: Option<Time>,
    pub fetched: i64,
    pub last_fetched: Option<Time>,
}

impl Share {
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        self.ended.is_none() && now < self.until
    }
}

/// What one approval lets its phone choose from.
#[derive(Clone, Debug)]
pub struct Pick {
    pub company: Id<Company>,
    pub person: Id<Person>,
    /// Empty: of every kind.
    pub kinds: Vec<DocumentKind>,
    pub most: usize,
    pub picked: Option<Vec<Id<Document>>>,
}

/// The documents one approval lets its person pick from.
#[derive(Clone, Debug)]
pub struct Picking {
    pub documents: Vec<Document>,
    /// The most that may be picked.
    pub most: usize,
    /// Picked so far, on a page beside the phone.
    pub picked: Vec<Id<Document>>,
}

impl Mandate {
    /// Whether they may read the company's documents: theirs to use, and not only in some services.
    #[must_use]
    pub fn reads_documents(&self) -> bool {
        self.powers.covers(SERVICE)
    }

    /// Whether they may put documents in: those who sign for the company.
    #[must_use]
    pub fn adds_documents(&self) -> bool {
        self.reads_documents() && self.powers.role >= MemberRole::Representative
    }

    /// Whether they may rename, remove and put back: the company's own administrators.
    #[must_use]
    pub fn keeps_documents(&self) -> bool {
        self.reads_documents() && self.administers()
    }
}
