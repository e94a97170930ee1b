//! What a signature is worth, in one word and with what it stands on.

use kernel::Time;

use super::Message;
use crate::{
    Error, digest, tsp,
    x509::{self, Fault, Profile},
};

/// The word for a signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Word {
    /// Signed by the one named, not changed since, certified when it was signed.
    Good,
    /// What was signed, or the signature, is not as it was.
    Changed,
    /// The certificate had ended, or nothing proves that it had not.
    Expired,
    /// The certificate had been taken back.
    Revoked,
    /// The certificate is for something else than signing documents.
    WrongProfile,
    /// No authority known here issued the certificate.
    Untrusted,
    /// The signature does not cover the whole of the file it stands in.
    NotWholeFile,
    /// The file was changed after it was signed.
    ChangedAfterSigning,
    /// It cannot be read as a signature.
    Unreadable,
}

impl Word {
    pub const ALL: [Self; 9] = [
        Self::Good,
        Self::Changed,
        Self::Expired,
        Self::Revoked,
        Self::WrongProfile,
        Self::Untrusted,
        Self::NotWholeFile,
        Self::ChangedAfterSigning,
        Self::Unreadable,
    ];

    /// The word for machines, and the key of the words for people.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Changed => "changed",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::WrongProfile => "wrong_profile",
            Self::Untrusted => "untrusted",
            Self::NotWholeFile => "not_whole_file",
            Self::ChangedAfterSigning => "changed_after_signing",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What a signature carries for later (EN 319 142-1): nothing, a time-stamp, or a time-stamp and
/// what shows how the certificate stood.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    B,
    T,
    LT,
}

impl Level {
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::B => "B-B",
            Self::T => "B-T",
            Self::LT => "B-LT",
        }
    }
}

/// Whom the certificate names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    pub name: String,
    pub chinese: Option<String>,
    /// Tells people of one name apart.
    pub serial: Option<String>,
    /// The organisation, for a seal or a chop; none for a person.
    pub organisation: Option<String>,
    /// Its number in a register, for a company's chop.
    pub registered: Option<String>,
    /// The serial number of the certificate, hexadecimal.
    pub certificate: String,
    pub valid_from: Time,
    pub valid_until: Time,
}

/// What is known beside the message.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Certificates of authorities, DER.
    pub anchors: Vec<Vec<u8>>,
    /// Status answers, DER.
    pub answers: Vec<Vec<u8>>,
    /// Revocation lists, DER.
    pub lists: Vec<Vec<u8>>,
}

/// A signature judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    pub word: Word,
    pub who: Option<Who>,
    /// When a time-stamp authority saw it.
    pub stamped: Option<Time>,
    /// When the signer says.
    pub claimed: Option<Time>,
    pub level: Level,
}

/// Judges a message (DER) over content with this SHA-256, at `now`.
#[must_use]
pub fn judge(message: &[u8], digest: &[u8; 32], evidence: &Evidence, now: Time) -> Judgement {
    match Message::read(message) {
        Ok(message) => weigh(&message, digest, evidence, now),
        Err(_) => Judgement {
            word: Word::Unreadable,
            who: None,
            stamped: None,
            claimed: None,
            level: Level::B,
        },
    }
}

fn weigh(message: &Message, hash: &[u8; 32], evidence: &Evidence, now: Time) -> Judgement {
    let mut judgement = Judgement {
        word: Word::Good,
        who: message.signer.who(),
        stamped: None,
        claimed: message.claimed,
        level: Level::B,
    };
    if !digest::equal(&message.digest, hash) || message.check().is_err() {
        judgement.word = Word::Changed;
        return judgement;
    }
    if let Some(token) = &message.stamp {
        match tsp::check(
            token,
            &digest::sha256(&message.signature),
            &evidence.anchors,
        ) {
            Ok(stamped) => {
                judgement.stamped = Some(stamped);
                judgement.level = Level::T;
            }
            // A stamp of something else was put there afterwards.
            Err(Error::BadSignature) => {
                judgement.word = Word::Changed;
                return judgement;
            }
            // A stamp of an authority nobody knows proves nothing.
            Err(_) => {}
        }
    }
    let at = judgement.stamped.unwrap_or(now);
    let leaf = message.signer.clone();
    match x509::chain(leaf, &evidence.anchors, Profile::Person, at) {
        Err(fault) => judgement.word = word_of(fault),
        Ok(chain) => {
            if x509::revoked_at(&chain, evidence).is_some_and(|since| since <= at) {
                judgement.word = Word::Revoked;
            } else if judgement.level == Level::T && !x509::said_of(&chain, evidence).is_empty() {
                judgement.level = Level::LT;
            }
        }
    }
    judgement
}

const fn word_of(fault: Fault) -> Word {
    match fault {
        Fault::Untrusted => Word::Untrusted,
        Fault::Expired => Word::Expired,
        Fault::WrongProfile => Word::WrongProfile,
    }
}
