//! Signing as a service: a department, or the person themselves, asks a person to sign documents by
//! their digests; the phone shows what and for whom; a key made for this one act signs; what proves it
//! later is kept.
//!
//! Invariants: the phone approves one digest over all documents, and exactly those are signed; the
//! private key lives for the length of one function; the certificate never carries the card number; a
//! signature leaves only after it and its evidence are written, in the write that uses the approval.

mod company;
mod document;
mod room;
mod upload;
mod words;

use kernel::{Id, Text, Time};
use trust::{Algorithm, cms::Form, digest};

pub use company::{CHOP_HOURS, Capacity, ForCompany, Named, OnBehalf, Part, Warrant};
pub use document::{EXAMINED_BYTES, Examined, Finding, Subject as Examinee, examine, seal_pdf};
pub use room::SigningRoom;
pub(crate) use room::{Prepared, keep_in};

use crate::{Approval, Binding, Error, Evidence, Person, PresenceCheck, code::codes};

/// Documents of one request.
pub const DOCUMENTS_MAX: usize = 1_000;
/// Characters of a department's name.
pub const DEPARTMENT_CHARS: usize = 100;
/// Characters of a service's or a document's name.
pub const NAME_CHARS: usize = 255;
/// Hours of account age that may be asked for.
pub const ACCOUNT_AGE_HOURS_MAX: u16 = 720;
/// Bytes of data that one document signed as JSON may have.
pub const DATA_BYTES: usize = 64 * 1024;
/// Bytes of a file a person brings to sign.
pub const UPLOAD_BYTES: usize = 10 * 1024 * 1024;
/// Files one person may have waiting.
pub const UPLOADS_MAX: i64 = 20;
/// Hours a file is kept for the person who brought it.
pub const UPLOAD_HOURS: u64 = 24;
/// Years that evidence of a signature is kept for whoever must show it.
pub const EVIDENCE_YEARS: u64 = 7;
/// Days a request that nobody signed is kept.
pub const UNSIGNED_DAYS: u64 = 90;
/// Documents named on the phone; the number of all is always shown.
pub(crate) const NAMED_MAX: usize = 6;

codes! {
    /// What comes back for one document.
    ItemKind {
        /// A bare signature that verifies over the document itself.
        Document = "document",
        /// A bare signature over the 32 bytes of the digest, hashed again: what the Hong Kong signing
        /// interfaces name `SHA256withRSA` over a hash.
        HashValue = "hash_value",
        /// A CMS message for the hole of a PDF, PAdES B-T: with a time-stamp.
        PdfCades = "pdf_cades",
        /// The same as PAdES B-B, for whoever puts a time-stamp of their own on it.
        PdfCadesBasic = "pdf_cades_b",
        /// A CMS message for the hole of a PDF, `adbe.pkcs7.detached`.
        PdfPkcs7 = "pdf_pkcs7",
        /// Data as a compact JWS (JAdES B-B).
        Data = "data",
    }
}

impl ItemKind {
    pub(crate) const fn form(self) -> Option<Form> {
        match self {
            Self::PdfCades | Self::PdfCadesBasic => Some(Form::Cades),
            Self::PdfPkcs7 => Some(Form::Pkcs7),
            Self::Document | Self::HashValue | Self::Data => None,
        }
    }
}

codes! {
    /// What the one who asked says of the result.
    Acknowledgement { Accepted = "accepted", Rejected = "rejected", NothingReceived = "nothing_received" }
}

codes! {
    /// How the key of a request signs.
    SigningAlgorithm {
        Es256 = "es256",
        Rs256 = "rs256",
        /// SM2 with SM3: bare signatures alone.
        Sm2 = "sm2",
    }
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Es256 => Self::Es256,
            SigningAlgorithm::Rs256 => Self::Rs256,
            SigningAlgorithm::Sm2 => Self::Sm2,
        }
    }
}

/// One document to be signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewItem {
    pub kind: ItemKind,
    /// As its signer knows it.
    pub name: String,
    /// SHA-256 of the document; of the data for [`ItemKind::Data`].
    pub digest: [u8; 32],
    /// The data itself, for [`ItemKind::Data`] alone: JSON.
    pub data: Option<Vec<u8>>,
}

/// A request to sign.
#[derive(Clone, Debug)]
pub struct NewSigning {
    /// Who signs; none while only the answer of a phone will tell.
    pub person: Option<Id<Person>>,
    pub department: Text,
    pub service: Text,
    pub algorithm: SigningAlgorithm,
    pub items: Vec<NewItem>,
    /// Hours since enrolment before the account may sign this: cheap protection against accounts
    /// opened with stolen papers.
    pub minimum_age_hours: u16,
    /// The application that asks, where one does: only it gets the result.
    pub client: Option<String>,
    /// What the phone must show of its holder when it approves.
    pub presence: Option<PresenceCheck>,
    /// The card the signer must hold, as [`SigningRoom::card_index`] gives it.
    pub card: Option<Vec<u8>>,
    /// The company it concerns; none for the person alone.
    pub behalf: Option<OnBehalf>,
    pub binding: Binding,
    pub place: Text,
    pub return_to: String,
}

impl NewSigning {
    /// What is wrong with the request itself.
    ///
    /// # Errors
    /// [`Error::Malformed`] naming the part.
    pub fn check(&self) -> Result<(), Error> {
        let is_long = |text: &Text, limit: usize| {
            [&text.en, &text.tc]
                .iter()
                .any(|words| words.is_empty() || words.chars().count() > limit)
        };
        if is_long(&self.department, DEPARTMENT_CHARS) {
            return Err(Error::Malformed("department"));
        }
        if is_long(&self.service, NAME_CHARS) {
            return Err(Error::Malformed("service"));
        }
        if self.items.is_empty() || self.items.len() > DOCUMENTS_MAX {
            return Err(Error::Malformed("documents"));
        }
        if self.minimum_age_hours > ACCOUNT_AGE_HOURS_MAX {
            return Err(Error::Malformed("minimum_age_hours"));
        }
        let is_bare =
            |item: &NewItem| matches!(item.kind, ItemKind::Document | ItemKind::HashValue);
        if self.algorithm == SigningAlgorithm::Sm2 && !self.items.iter().all(is_bare) {
            return Err(Error::Malformed("algorithm"));
        }
        self.items.iter().try_for_each(NewItem::check)
    }

    /// The one digest the phone signs: over every document, in order, with how each is signed.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let items = self.items.iter().map(|item| (item.kind, &item.digest));
        digest_of(self.algorithm, items)
    }
}

pub(crate) fn digest_of<'i>(
    algorithm: SigningAlgorithm,
    items: impl Iterator<Item = (ItemKind, &'i [u8; 32])>,
) -> [u8; 32] {
    let mut message = b"causeway/signing/1\0".to_vec();
    message.extend(algorithm.code().as_bytes());
    for (kind, digest) in items {
        message.push(0);
        message.extend(kind.code().as_bytes());
        message.push(0);
        message.extend(digest);
    }
    digest::sha256(message)
}

impl NewItem {
    fn check(&self) -> Result<(), Error> {
        let length = self.name.chars().count();
        if length == 0 || length > NAME_CHARS {
            return Err(Error::Malformed("name"));
        }
        match (&self.data, self.kind) {
            (Some(data), ItemKind::Data) => {
                let is_json = serde_json::from_slice::<serde_json::Value>(data).is_ok();
                let fits = data.len() <= DATA_BYTES && digest::sha256(data) == self.digest;
                if is_json && fits {
                    Ok(())
                } else {
                    Err(Error::Malformed("data"))
                }
            }
            (None, kind) if kind != ItemKind::Data => Ok(()),
            _ => Err(Error::Malformed("data")),
        }
    }
}

/// A request as stored.
#[derive(Clone, PartialEq, Debug)]
pub struct SigningRequest {
    pub id: Id<SigningRequest>,
    pub person: Id<Person>,
    pub department: Text,
    pub service: Text,
    pub algorithm: SigningAlgorithm,
    pub approval: Id<Approval>,
    pub digest: [u8; 32],
    pub created: Time,
    pub expires: Time,
    pub signed: Option<Time>,
    pub acknowledged: Option<Acknowledgement>,
    pub client: Option<String>,
    pub presence: Option<PresenceCheck>,
    /// When the phone showed it.
    pub presence_at: Option<Time>,
    /// The company it concerns.
    pub behalf: Option<ForCompany>,
    /// Until when a chop may follow, where one is to.
    pub chop_until: Option<Time>,
    /// The chop that completed it.
    pub chop: Option<Id<SigningRequest>>,
}

/// One document of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningItem {
    pub position: i64,
    pub kind: ItemKind,
    pub name: String,
    pub digest: [u8; 32],
    /// DER or bare signature, or the characters of a JWS.
    pub signature: Option<Vec<u8>>,
}

/// What is kept for whoever must show later that the person signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningEvidence {
    /// The signer's certificate and its authority's, DER.
    pub certificate: Vec<u8>,
    pub chain: Vec<u8>,
    /// How the certificate stood, RFC 6960, DER.
    pub status_answer: Vec<u8>,
    /// RFC 3161 over [`SigningEvidence::digest`], DER.
    pub time_stamp: Vec<u8>,
    /// What the phone signed.
    pub approval: Evidence,
}

/// A file a person brought to sign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upload {
    pub id: Id<Upload>,
    pub person: Id<Person>,
    pub name: String,
    pub size: i64,
    pub sha256: [u8; 32],
    pub received: Time,
    pub request: Option<Id<SigningRequest>>,
    pub signed: Option<Time>,
}
