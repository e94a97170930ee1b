//! The part of a result that is about a person travels beside the company's, under a key of its own: who
//! keeps companies' results cannot read it on the way. The key is drawn for one message and sealed to the
//! client's certificate.

use serde_json::Value;
use trust::{
    base64url,
    envelope::{ContentKey, SealingCertificate},
};

use super::HongKong;
use crate::{Error, provider::Client};

/// Where a result keeps it until it is sent.
pub(crate) const PERSONAL_PART: &str = "iAM";

/// The personal part as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Personal {
    /// Base64 of the sealed content.
    pub(crate) content: String,
    /// Base64 of its key, sealed to the client's certificate.
    pub(crate) secret_key: String,
}

/// Takes the personal part out of `content` and seals it; none where there is none.
///
/// # Errors
/// [`Error::Trust`] when the certificate in force seals nothing.
pub(crate) fn split(
    hk: &HongKong,
    client: &Client,
    content: &mut Value,
) -> Result<Option<Personal>, Error> {
    let part = content
        .as_object_mut()
        .and_then(|fields| fields.remove(PERSONAL_PART));
    let Some(part) = part else { return Ok(None) };
    let wire = client.wire.as_ref().ok_or(Error::Corrupt("oidc_client"))?;
    let certificate = SealingCertificate::from_pem(&wire.certificate)?;
    let key = ContentKey::draw(hk.env());
    Ok(Some(Personal {
        content: key.seal(hk.env(), part.to_string().as_bytes())?,
        secret_key: base64url::encode_standard(certificate.seal(wire.padding, &key)?),
    }))
}
