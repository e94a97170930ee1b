//! From a licence to its two signed forms: the SD-JWT VC for the wallet and the pass for the QR code.

use serde_json::{Map, Value, json};
use trust::{PublicKey, Purpose};

use crate::{
    Error, Issuer,
    licence::{Licence, LicenceType},
    pass::{self, PassClaims, PassLicence},
    sd_jwt::{self, Subject},
    status_list::StatusRef,
};

/// A licence signed for one phone.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The SD-JWT VC with all disclosures.
    pub credential: String,
    /// The printed form of the pass, `CW1:…`.
    pub pass: String,
}

/// Signs `licence` for the key `holder`, with its place on a status list.
///
/// # Errors
/// [`Error::TooLarge`] when the pass does not fit a QR code; [`Error::UnknownKind`]; [`Error::Trust`].
pub(crate) fn sign(
    issuer: &Issuer,
    licence: &Licence,
    holder: &PublicKey,
    status: &StatusRef,
) -> Result<Signed, Error> {
    let kind = issuer.get_type(&licence.kind)?;
    let key = issuer.keys().signer(Purpose::CredentialIssuer)?;
    let now = issuer.now();
    let expires = licence.expires(now.date());
    let subject = Subject {
        issuer: issuer.identifier(),
        vct: issuer.vct(&licence.kind),
        holder: holder.clone(),
        issued: now,
        expires: Some(expires),
        status: Some(status.clone()),
        open: open_claims(licence, &kind),
        selective: selective_claims(licence),
    };
    let credential = sd_jwt::issue(&subject, &key, issuer.env())?.text;
    let claims = PassClaims {
        issuer: issuer.identifier(),
        issued: now.seconds(),
        expires: expires.seconds(),
        holder: holder.clone(),
        status: status.clone(),
        licence: pass_licence(licence, &kind),
    };
    let pass = pass::issue(&claims, &key.key)?;
    Ok(Signed { credential, pass })
}

fn open_claims(licence: &Licence, kind: &LicenceType) -> Map<String, Value> {
    let mut open = Map::new();
    open.insert("issuing_country".to_owned(), json!("HK"));
    open.insert("issuing_authority".to_owned(), json!(kind.authority.en));
    open.insert("valid_from".to_owned(), json!(licence.valid_from));
    if let Some(until) = licence.valid_until {
        open.insert("valid_until".to_owned(), json!(until));
    }
    open
}

fn selective_claims(licence: &Licence) -> Map<String, Value> {
    let mut claims = licence.claims.clone();
    claims.insert("number".to_owned(), json!(licence.number));
    claims
}

fn pass_licence(licence: &Licence, kind: &LicenceType) -> PassLicence {
    let claims = kind
        .claims
        .iter()
        .filter(|claim| claim.is_on_pass)
        .filter_map(|claim| {
            let value = licence
                .claims
                .get(&claim.name)
                .filter(|value| !value.is_null())?;
            Some((claim.name.clone(), value.clone()))
        })
        .collect();
    PassLicence {
        kind: licence.kind.clone(),
        number: licence.number.clone(),
        valid_from: licence.valid_from.to_string(),
        valid_until: licence.valid_until.map(|last| last.to_string()),
        claims,
    }
}
