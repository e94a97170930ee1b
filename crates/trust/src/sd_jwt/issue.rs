//! Issuing.

use kernel::{Env, Time};
use serde_json::{Map, Value, json};

use super::{DISCLOSURES, StatusRef, TYPE};
use crate::{Error, PublicKey, Signed, base64url, digest, jws};

/// What one credential says.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The issuer identifier.
    pub issuer: String,
    /// The type of credential, an address.
    pub vct: String,
    /// The key of the holder: of a phone, or made for one act.
    pub holder: PublicKey,
    pub issued: Time,
    pub expires: Option<Time>,
    /// None for what holds at one moment only.
    pub status: Option<StatusRef>,
    /// Claims everybody may see.
    pub open: Map<String, Value>,
    /// Claims the holder discloses one by one.
    pub selective: Map<String, Value>,
}

/// A signed credential with all its disclosures.
#[derive(Clone, Debug)]
pub struct Issued {
    /// `<jwt>~<disclosure>~…~`.
    pub text: String,
}

/// Signs `subject`. Each selective claim gets a 128-bit salt; digests are sorted so that their
/// order tells nothing.
///
/// # Errors
/// [`Error::Malformed`] for too many or reserved claim names; [`Error::Refused`], [`Error::Token`].
pub fn issue(subject: &Subject, signed: &Signed, env: &Env) -> Result<Issued, Error> {
    if subject.selective.len() > DISCLOSURES {
        return Err(Error::Malformed("too many claims"));
    }
    let mut disclosures = Vec::new();
    for (name, value) in &subject.selective {
        if is_reserved(name) {
            return Err(Error::Malformed("reserved claim name"));
        }
        let salt = base64url::encode(env.bytes::<16>());
        disclosures.push(base64url::encode(json!([salt, name, value]).to_string()));
    }
    let mut digests: Vec<String> = disclosures
        .iter()
        .map(|disclosure| base64url::encode(digest::sha256(disclosure)))
        .collect();
    digests.sort();
    let mut claims = subject.open.clone();
    for (name, value) in registered(subject, &digests) {
        claims.insert(name.to_owned(), value);
    }
    if let Some(status) = &subject.status {
        claims.insert("status".to_owned(), json!({ "status_list": status }));
    }
    if let Some(expires) = subject.expires {
        claims.insert("exp".to_owned(), json!(expires.seconds()));
    }
    let jwt = jws::Signer::new(&signed.key, TYPE)
        .with_chain(&signed.chain)
        .sign(&claims)?;
    let text = disclosures
        .iter()
        .fold(format!("{jwt}~"), |text, one| text + one + "~");
    Ok(Issued { text })
}

fn registered(subject: &Subject, digests: &[String]) -> [(&'static str, Value); 6] {
    [
        ("iss", json!(subject.issuer)),
        ("iat", json!(subject.issued.seconds())),
        ("vct", json!(subject.vct)),
        ("cnf", json!({ "jwk": subject.holder.jwk() })),
        ("_sd_alg", json!("sha-256")),
        ("_sd", json!(digests)),
    ]
}

/// Names that must not be disclosed claims: structure (RFC 9901 section 4.2.1) and the claims SD-JWT
/// VC forbids to hide.
pub(super) fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "_sd",
        "...",
        "_sd_alg",
        "iss",
        "nbf",
        "exp",
        "cnf",
        "vct",
        "status",
        "vct#integrity",
    ];
    NAMES.contains(&name)
}
