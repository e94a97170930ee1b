//! Keys, sealed columns, certificates, signatures and the evidence log.
//!
//! Invariants: a private key leaves [`KeyStore`] only sealed under the master key; every verifier
//! pins its algorithm (ES256, or Ed25519 for log checkpoints) and never takes it from the message;
//! the evidence log holds digests, never personal data, so nothing in it ever needs erasing.
//! Identity, payments and credentials sign and seal through here; nothing above names a crypto crate.

mod asn1;
pub mod base64url;
pub mod ca;
pub mod cms;
pub mod cose;
pub mod digest;
pub mod envelope;
mod error;
pub mod evidence;
mod foreign;
pub mod jades;
pub mod jwe;
pub mod jws;
mod key;
mod keystore;
mod notary;
mod peer;
pub mod sd_jwt;
mod shangmi;
mod signer;
mod token;
pub mod tsp;
mod vault;
pub mod x509;

pub use error::Error;
pub use foreign::{Alg, ForeignKey};
pub use key::{Jwk, PublicKey, SigningKey};
pub use keystore::{Jwks, KEYS_MAX, KeyStore, Known, Purpose, RETIRED_PUBLISHED, Signed};
pub use notary::{
    Attestation, Attested, Issued, Material, Notary, PERSON_HOURS, SIGNING_AUTHORITY, Sealing,
    find_certificate, insert_certificate, revoke_certificate, revoke_certificates_of,
};
pub use peer::PeerCertificate;
pub use signer::{Algorithm, RsaKey, Signer, fresh};
pub use token::{LABEL_CHARS, Pkcs11, Pkcs11Settings, Token};
pub use vault::{BlindIndex, Place, Sealed, Vault};

/// The tables of this crate: the evidence log, and certificates that were issued or taken back.
pub static MIGRATIONS: store::Migrations = store::migrations!(
    "trust",
    "0001_create_evidence.sql",
    "0002_create_certificate.sql"
);

/// Every statement of this crate, prepared on both engines by a test.
#[must_use]
pub fn statements() -> Vec<&'static store::Stmt> {
    [evidence::STATEMENTS, notary::STATEMENTS].concat()
}

#[cfg(test)]
mod tests;
