//! Passkeys: credentials of WebAuthn Level 3 that sign a person in, and how a person signed in.
//!
//! Invariants: a ceremony lives in the store and is used once, by the browser that began it; the page's
//! origin is matched exactly, port included; a passkey is added only after the phone, another passkey or a
//! code from a counter said so; the authenticator verified its user each time. A passkey that is synced
//! between devices signs in, but only one that cannot leave its device answers an approval (see
//! [`crate::Assertion`]).

use std::time::Duration;

use kernel::{Id, Time};
use serde::{Deserialize, Serialize};
use webauthn_rs::{
    Webauthn, WebauthnBuilder,
    prelude::{Credential, Url},
};

use crate::{Error, Person, code::codes};

/// Passkeys one person may have.
pub const PASSKEYS_MAX: usize = 10;
/// Characters of the name a person gives a passkey.
pub const PASSKEY_NAME_CHARS: usize = 60;
/// How long a browser has to answer a ceremony.
pub(crate) const CEREMONY_TTL: Duration = Duration::from_secs(600);
/// Bytes of what an authenticator answers.
pub(crate) const ANSWER_BYTES: usize = 16 * 1024;
/// The event of a passkey that was added. Data: person, passkey, authority.
pub const PASSKEY_ADDED: &str = "causeway.passkey.added.v1";
/// The event of a passkey that signs in no more. Data: person, passkey.
pub const PASSKEY_REVOKED: &str = "causeway.passkey.revoked.v1";

codes! {
    /// By what a person signed in on a browser.
    Means {
        /// Approved on the phone.
        Phone = "phone",
        /// A passkey that cannot leave its device.
        Bound = "passkey_bound",
        /// A passkey that its maker copies between a person's devices.
        Synced = "passkey_synced",
    }
}

/// What was recorded before there was a choice was the phone.
impl Default for Means {
    fn default() -> Self {
        Self::Phone
    }
}

impl Means {
    /// How it is named in `amr` (RFC 8176): a key held by the person with the person present; the phone
    /// besides on another channel, a passkey in hardware or software with its user verified.
    #[must_use]
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Phone => &["pop", "mca", "user"],
            Self::Bound => &["pop", "hwk", "mfa", "user"],
            Self::Synced => &["pop", "swk", "mfa", "user"],
        }
    }
}

codes! {
    /// Who said that a passkey may be added.
    Authority { Phone = "phone", Passkey = "passkey", Counter = "counter" }
}

codes! {
    /// What a ceremony is for.
    CeremonyKind { SignIn = "sign_in", Confirm = "confirm", Add = "add", Approve = "approve" }
}

/// A passkey as stored.
#[derive(Clone, Debug)]
pub struct Passkey {
    pub id: Id<Passkey>,
    pub person: Id<Person>,
    pub name: String,
    /// Whether its maker may copy it to other devices (`backup eligible`).
    pub is_synced: bool,
    pub created: Time,
    pub last_used: Option<Time>,
    pub revoked: Option<Time>,
    pub(crate) key: webauthn_rs::prelude::Passkey,
}

impl Passkey {
    /// Only a key that cannot leave its device signs a document.
    #[must_use]
    pub const fn counts_for_signing(&self) -> bool {
        !self.is_synced
    }

    #[must_use]
    pub const fn means(&self) -> Means {
        if self.is_synced {
            Means::Synced
        } else {
            Means::Bound
        }
    }

    /// The credential's id as browsers write it, for telling them which ones still count.
    #[must_use]
    pub fn credential(&self) -> String {
        trust::base64url::encode(self.key.cred_id())
    }
}

/// Whether the authenticator says of a new key that it may be copied.
pub(crate) fn is_synced(key: &webauthn_rs::prelude::Passkey) -> bool {
    Credential::from(key.clone()).backup_eligible
}

/// Something a browser was asked for.
#[derive(Debug)]
pub struct Ceremony {
    pub id: Id<Ceremony>,
    pub kind: CeremonyKind,
    pub name: String,
    /// What the browser's credential manager is given, as JSON of WebAuthn section 5.1.8 and 5.1.10.
    pub options: serde_json::Value,
    pub(crate) person: Option<Id<Person>>,
    pub(crate) authority: Authority,
    pub(crate) recovery: Option<Id<crate::Recovery>>,
    pub(crate) state: serde_json::Value,
}

/// Who signed in with a passkey.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub person: Id<Person>,
    pub passkey: Id<Passkey>,
    pub means: Means,
}

/// This site as WebAuthn names it: a relying party with one origin.
#[derive(Clone, Debug)]
pub struct RelyingParty {
    pub(crate) webauthn: Webauthn,
    id: String,
}

impl RelyingParty {
    /// From `server.base_url`. There are no passkeys for an address without a name or, but for the
    /// developer's own machine, without TLS: browsers refuse them.
    #[must_use]
    pub fn of(base_url: &str) -> Option<Self> {
        let origin = Url::parse(base_url).ok()?;
        let id = origin.domain()?.to_owned();
        if origin.scheme() != "https" && id != "localhost" {
            return None;
        }
        let webauthn = WebauthnBuilder::new(&id, &origin)
            .ok()?
            .rp_name("Causeway 通途")
            .timeout(CEREMONY_TTL)
            .build()
            .ok()?;
        Some(Self { webauthn, id })
    }

    /// The domain that passkeys belong to. Changing it loses them all.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// A browser that is signed in.
#[derive(Clone, Debug)]
pub struct Browser {
    /// Names the session in a form; opens nothing.
    pub key: String,
    pub means: Means,
    pub place: kernel::Text,
    pub since: Time,
    pub seen: Time,
    /// Whether it is signed in at a desk.
    pub is_desk: bool,
}

/// One thing of a person's list that signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entrance {
    Phone,
    Passkey(Id<Passkey>),
    Browser(String),
}

impl Entrance {
    /// What it is, as a code.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Passkey(_) => "passkey",
            Self::Browser(_) => "browser",
        }
    }
}

/// What the phone approves when a passkey is to be added.
#[must_use]
pub fn adding_digest(person: Id<Person>, name: &str) -> [u8; 32] {
    trust::digest::sha256(format!("add passkey {person} {name}"))
}

/// The name of a passkey as it is kept.
///
/// # Errors
/// [`Error::Malformed`] when it is empty or too long.
pub fn passkey_name(typed: &str) -> Result<String, Error> {
    let name = typed.trim();
    if name.is_empty() || name.chars().count() > PASSKEY_NAME_CHARS {
        return Err(Error::Malformed("name"));
    }
    Ok(name.to_owned())
}
