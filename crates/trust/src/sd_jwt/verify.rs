//! Verifying. The checks, in order: size, compact form, pinned algorithm and type, issuer key and
//! signature, `_sd_alg`, each disclosure well-formed and referenced exactly once, no reserved or
//! repeated claim name, no structure smuggled into values, dates, type, and for a presentation the
//! key binding token: type, holder's key, audience, nonce, age and `sd_hash`.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Time;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    DISCLOSURES, KEY_BINDING_TYPE, PRESENTATION_CHARS, SKEW_SECONDS, StatusRef, TYPE,
    issue::is_reserved,
};
use crate::{Error, Jwk, PublicKey, base64url, digest, jws};

/// A credential whose issuer signature and disclosures hold.
#[derive(Clone, Debug)]
pub struct Claims {
    pub issuer: String,
    pub vct: String,
    pub holder: PublicKey,
    pub status: Option<StatusRef>,
    pub issued: Option<i64>,
    pub expires: Option<i64>,
    /// Everything disclosed and everything open, without the structure.
    pub claims: Map<String, Value>,
}

/// What a presentation must be bound to.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub audience: &'a str,
    pub nonce: &'a str,
    /// Seconds a key binding may be old.
    pub max_age: i64,
}

/// The claims of a key binding token.
#[derive(Clone, Debug, Deserialize)]
pub struct KeyBinding {
    pub aud: String,
    pub nonce: String,
    pub iat: i64,
    pub sd_hash: String,
}

/// Finds the issuer's key from the header of the credential.
pub(super) type FindKey<'a> = &'a dyn Fn(&jws::Header) -> Option<PublicKey>;

/// Verifies a credential without key binding (`<jwt>~…~`). Dates are returned, not judged: an
/// expired licence is still a genuine one.
///
/// # Errors
/// [`Error::UnknownKey`] when `find_key` knows no key, [`Error::BadSignature`], [`Error::Malformed`].
pub fn verify(text: &str, find_key: FindKey<'_>) -> Result<Claims, Error> {
    if !text.ends_with('~') {
        return Err(Error::Malformed("the credential does not end in ~"));
    }
    open(text, find_key)
}

/// Verifies a presentation (`<jwt>~…~<kb-jwt>`), whose key binding is required.
///
/// # Errors
/// As [`verify`]; [`Error::BadProof`] when the key binding does not hold.
pub fn verify_presentation(
    text: &str,
    find_key: FindKey<'_>,
    expected: Expected<'_>,
    now: Time,
) -> Result<Claims, Error> {
    let (claims, binding) = open_presentation(text, find_key)?;
    let age = now.seconds() - binding.iat;
    let holds = binding.aud == expected.audience
        && digest::equal(binding.nonce.as_bytes(), expected.nonce.as_bytes())
        && (-SKEW_SECONDS..=expected.max_age).contains(&age);
    if holds {
        Ok(claims)
    } else {
        Err(Error::BadProof)
    }
}

/// Opens a presentation for somebody to whom it was not made: the holder's key must have bound just
/// this; for whom, for which request and when is told, not judged.
///
/// # Errors
/// As [`verify_presentation`].
pub fn open_presentation(text: &str, find_key: FindKey<'_>) -> Result<(Claims, KeyBinding), Error> {
    let split = text.rfind('~').ok_or(Error::Malformed("presentation"))?;
    let (credential, binding) = text.split_at_checked(split + 1).ok_or(Error::BadProof)?;
    let claims = open(credential, find_key)?;
    let token = jws::Unverified::parse(binding).map_err(|_| Error::BadProof)?;
    let binding: KeyBinding = token
        .verify(KEY_BINDING_TYPE, &claims.holder)
        .and_then(|token| token.claims())
        .map_err(|_| Error::BadProof)?;
    if binding.sd_hash == base64url::encode(digest::sha256(credential)) {
        Ok((claims, binding))
    } else {
        Err(Error::BadProof)
    }
}

fn open(text: &str, find_key: FindKey<'_>) -> Result<Claims, Error> {
    if text.len() > PRESENTATION_CHARS {
        return Err(Error::Malformed("presentation too long"));
    }
    let body = text
        .strip_suffix('~')
        .ok_or(Error::Malformed("credential"))?;
    let mut parts = body.split('~');
    let token = jws::Unverified::parse(parts.next().unwrap_or_default())?;
    let key = find_key(token.header()).ok_or(Error::UnknownKey)?;
    let mut payload: Map<String, Value> = token.verify(TYPE, &key)?.claims()?;
    let disclosures: Vec<&str> = parts.collect();
    disclose(&mut payload, &disclosures)?;
    read(payload)
}

/// Replaces the digests of `payload` by the disclosed claims.
fn disclose(payload: &mut Map<String, Value>, disclosures: &[&str]) -> Result<(), Error> {
    if disclosures.len() > DISCLOSURES {
        return Err(Error::Malformed("too many disclosures"));
    }
    if payload
        .remove("_sd_alg")
        .is_some_and(|alg| alg != "sha-256")
    {
        return Err(Error::Malformed("_sd_alg"));
    }
    let mut wanted = digests(payload)?;
    let mut names = BTreeSet::new();
    for disclosure in disclosures {
        let found = base64url::encode(digest::sha256(disclosure));
        if wanted.remove(&found).is_none() {
            return Err(Error::Malformed("a disclosure that nothing refers to"));
        }
        let (name, value) = parse_disclosure(disclosure)?;
        if payload.contains_key(&name) || !names.insert(name.clone()) {
            return Err(Error::Malformed("a claim disclosed twice"));
        }
        payload.insert(name, value);
    }
    Ok(())
}

fn digests(payload: &mut Map<String, Value>) -> Result<BTreeMap<String, ()>, Error> {
    let list = match payload.remove("_sd") {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Error::Malformed("_sd")),
    };
    // This profile discloses whole claims of the top level only: structure deeper down is refused,
    // not skipped, because skipping it would show a claim set the issuer did not mean.
    if payload.values().any(has_structure) {
        return Err(Error::Malformed("nested disclosure structure"));
    }
    let mut wanted = BTreeMap::new();
    for digest in list {
        let Value::String(digest) = digest else {
            return Err(Error::Malformed("_sd"));
        };
        if wanted.insert(digest, ()).is_some() {
            return Err(Error::Malformed("a digest twice"));
        }
    }
    Ok(wanted)
}

fn parse_disclosure(text: &str) -> Result<(String, Value), Error> {
    let bytes = base64url::decode(text)?;
    let parsed: Value =
        serde_json::from_slice(&bytes).map_err(|_| Error::Malformed("disclosure"))?;
    let Value::Array(parts) = parsed else {
        return Err(Error::Malformed("disclosure"));
    };
    match <[Value; 3]>::try_from(parts) {
        Ok([Value::String(_), Value::String(name), value])
            if !is_reserved(&name) && !has_structure(&value) =>
        {
            Ok((name, value))
        }
        _ => Err(Error::Malformed("disclosure")),
    }
}

fn has_structure(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            map.keys()
                .any(|key| key == "_sd" || key == "..." || key == "_sd_alg")
                || map.values().any(has_structure)
        }
        Value::Array(list) => list.iter().any(has_structure),
        _ => false,
    }
}

#[derive(Deserialize)]
struct Registered {
    iss: String,
    vct: String,
    cnf: Confirmation,
    status: Option<StatusClaim>,
    iat: Option<i64>,
    exp: Option<i64>,
    nbf: Option<i64>,
}

#[derive(Deserialize)]
struct Confirmation {
    jwk: Value,
}

#[derive(Deserialize)]
struct StatusClaim {
    status_list: StatusRef,
}

fn read(mut payload: Map<String, Value>) -> Result<Claims, Error> {
    let registered: Registered = serde_json::from_value(Value::Object(payload.clone()))
        .map_err(|_| Error::Malformed("credential claims"))?;
    for name in ["iss", "vct", "cnf", "status", "iat", "exp", "nbf"] {
        payload.remove(name);
    }
    Ok(Claims {
        issuer: registered.iss,
        vct: registered.vct,
        holder: Jwk::from_value(&registered.cnf.jwk)?.public_key()?,
        status: registered.status.map(|status| status.status_list),
        issued: registered.nbf.max(registered.iat),
        expires: registered.exp,
        claims: payload,
    })
}
