//! Signed notes and checkpoints (C2SP `signed-note`, `tlog-checkpoint`), Ed25519.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use kernel::Secret;

use crate::{Error, base64url, digest, evidence::Hash};

/// Bytes of a note that are looked at.
const NOTE_BYTES: usize = 16 * 1024;
/// Signature type Ed25519 of the signed-note format.
const TYPE_ED25519: u8 = 1;

/// The Ed25519 key that signs checkpoints.
pub struct NoteKey {
    pair: Ed25519KeyPair,
    seed: Secret<[u8; 32]>,
    id: String,
}

impl NoteKey {
    /// The key with this seed.
    ///
    /// # Errors
    /// [`Error::BadKey`] when the library refuses the seed.
    pub fn from_seed(seed: [u8; 32]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| Error::BadKey)?;
        let id = base64url::encode(digest::sha256(pair.public_key().as_ref()));
        Ok(Self {
            pair,
            seed: Secret::new(seed),
            id,
        })
    }

    /// The digest of the public key, for the key ring.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) const fn seed(&self) -> &[u8; 32] {
        self.seed.expose()
    }

    /// The verifier of notes this key signs under `name`.
    #[must_use]
    pub fn verifier(&self, name: &str) -> NoteVerifier {
        NoteVerifier {
            name: name.to_owned(),
            key: self.pair.public_key().as_ref().to_vec(),
        }
    }

    /// Signs the checkpoint under its origin. Ed25519 is deterministic: the same checkpoint gives
    /// the same note, so this may run inside a write closure.
    #[must_use]
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.pair.sign(text.as_bytes());
        let hash = self.verifier(&checkpoint.origin).key_hash();
        let signed = [&hash[..], signature.as_ref()].concat();
        let signed = base64url::encode_standard(signed);
        format!("{text}\n\u{2014} {} {signed}\n", checkpoint.origin)
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A name and public key that verify notes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoteVerifier {
    name: String,
    key: Vec<u8>,
}

impl NoteVerifier {
    /// The text form `name+hash+key` other tools take.
    #[must_use]
    pub fn text(&self) -> String {
        let key = [&[TYPE_ED25519][..], &self.key].concat();
        let hash = digest::hex(&self.key_hash());
        format!("{}+{hash}+{}", self.name, base64url::encode_standard(key))
    }

    /// Reads [`NoteVerifier::text`].
    ///
    /// # Errors
    /// [`Error::BadKey`] when it is not that.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::BadKey);
        };
        let key = base64url::decode_standard(key).map_err(|_| Error::BadKey)?;
        let Some((&TYPE_ED25519, key)) = key.split_first() else {
            return Err(Error::BadKey);
        };
        let verifier = Self {
            name: name.to_owned(),
            key: key.to_vec(),
        };
        if key.len() != 32 || digest::hex(&verifier.key_hash()) != hash {
            return Err(Error::BadKey);
        }
        Ok(verifier)
    }

    fn key_hash(&self) -> [u8; 4] {
        let parts: [&[u8]; 3] = [self.name.as_bytes(), b"\n", &[TYPE_ED25519]];
        let hash = digest::sha256([&parts.concat()[..], &self.key].concat());
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    /// Checks a signed checkpoint and reads it.
    ///
    /// # Errors
    /// [`Error::Malformed`], or [`Error::BadSignature`] when no line of this key verifies.
    pub fn open(&self, note: &str) -> Result<Checkpoint, Error> {
        if note.len() > NOTE_BYTES {
            return Err(Error::Malformed("note too long"));
        }
        let (text, signatures) = note.split_once("\n\n").ok_or(Error::Malformed("note"))?;
        let text = format!("{text}\n");
        let prefix = format!("\u{2014} {} ", self.name);
        for line in signatures.lines() {
            let Some(encoded) = line.strip_prefix(&prefix) else {
                continue;
            };
            let bytes = base64url::decode_standard(encoded)?;
            let Some((hash, signature)) = bytes.split_at_checked(4) else {
                return Err(Error::Malformed("note signature"));
            };
            if hash != self.key_hash() {
                continue;
            }
            UnparsedPublicKey::new(&ED25519, &self.key)
                .verify(text.as_bytes(), signature)
                .map_err(|_| Error::BadSignature)?;
            let checkpoint = Checkpoint::parse(&text)?;
            if checkpoint.origin != self.name {
                return Err(Error::Malformed("checkpoint origin"));
            }
            return Ok(checkpoint);
        }
        Err(Error::BadSignature)
    }
}

/// The size and root of the log at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// The name of the log: a host and path without scheme.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    fn text(&self) -> String {
        let root = base64url::encode_standard(self.root);
        format!("{}\n{}\n{root}\n", self.origin, self.size)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(Error::Malformed("checkpoint"));
        };
        let number: u64 = size.parse().map_err(|_| Error::Malformed("checkpoint"))?;
        let root: Hash = base64url::decode_standard(root)?
            .try_into()
            .map_err(|_| Error::Malformed("checkpoint"))?;
        // One size has one text: no sign, no leading zero.
        if number.to_string() != size {
            return Err(Error::Malformed("checkpoint"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root,
        })
    }
}
