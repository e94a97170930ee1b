//! Offers: how a licence gets onto a phone. An offer is `open` until its code is redeemed, its
//! transaction code was guessed wrong too often, it is replaced by a newer one, or its time is up.

use std::time::Duration;

use kernel::{Id, Time};
use serde::{Deserialize, Serialize};

use utoipa::ToSchema;

use crate::{Issuer, issuer::Token, licence::Licence};

/// How long a code may be redeemed.
pub(crate) const OFFER_LIFE: Duration = Duration::from_secs(600);
/// How long an access token may be used.
pub(crate) const GRANT_LIFE: Duration = Duration::from_secs(600);
/// Wrong transaction codes after which the code is dead.
pub(crate) const TX_CODE_TRIES: i64 = 5;
/// Credentials one access token may fetch: one, and again when the answer was lost on the way.
pub(crate) const GRANT_USES: i64 = 5;
/// The grant type of OpenID4VCI 1.0 section 4.1.1.
pub(crate) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// Who may redeem an offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Binding {
    /// The signed-in phone whose key has this thumbprint; a copied offer is worthless elsewhere.
    Device(String),
    /// Whoever has the offer and the six digits shown apart from it.
    TxCode,
}

/// An offer to hand to a phone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    pub id: Id<Self>,
    pub licence: Id<Licence>,
    /// Where the wallet fetches the offer: `credential_offer_uri`.
    pub reference: String,
    /// The address that opens this platform's own wallet with the offer.
    pub link: String,
    /// The digits to show apart from the offer.
    pub tx_code: Option<String>,
    pub expires: Time,
}

/// An offer on record.
#[derive(Clone, Debug)]
pub(crate) struct OfferRow {
    pub(crate) id: Id<Offer>,
    pub(crate) licence: Id<Licence>,
    pub(crate) kind: String,
    pub(crate) is_open: bool,
    pub(crate) device: Option<String>,
    pub(crate) tries_left: i64,
    pub(crate) expires: Time,
}

impl OfferRow {
    pub(crate) fn has_tx_code(&self) -> bool {
        self.device.is_none()
    }
}

/// The offer document (OpenID4VCI 1.0 section 4.1.1).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OfferDocument {
    pub credential_issuer: String,
    pub credential_configuration_ids: Vec<String>,
    pub grants: Grants,
}

/// The grants of an offer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Grants {
    #[serde(rename = "urn:ietf:params:oauth:grant-type:pre-authorized_code")]
    pub pre_authorized_code: PreAuthorizedCode,
}

/// The pre-authorised code grant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct PreAuthorizedCode {
    #[serde(rename = "pre-authorized_code")]
    pub pre_authorized_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tx_code: Option<TxCode>,
}

/// What the wallet asks the person for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TxCode {
    pub input_mode: String,
    pub length: u32,
    pub description: String,
}

impl Offer {
    pub(crate) fn new(issuer: &Issuer, row: &OfferRow) -> Self {
        let token = issuer.token(Token::Reference, row.id);
        let reference = issuer.url(&format!("/credentials/offers/{token}"));
        let encoded = percent_encode(&reference);
        Self {
            id: row.id,
            licence: row.licence,
            link: issuer.url(&format!("/app?credential_offer_uri={encoded}")),
            reference,
            tx_code: row.has_tx_code().then(|| issuer.tx_code(row.id)),
            expires: row.expires,
        }
    }
}

impl OfferDocument {
    pub(crate) fn new(issuer: &Issuer, row: &OfferRow) -> Self {
        let tx_code = row.has_tx_code().then(|| TxCode {
            input_mode: "numeric".to_owned(),
            length: 6,
            description: "The six digits shown beside the code / 二維碼旁顯示的六位數字".to_owned(),
        });
        Self {
            credential_issuer: issuer.identifier(),
            credential_configuration_ids: vec![row.kind.clone()],
            grants: Grants {
                pre_authorized_code: PreAuthorizedCode {
                    pre_authorized_code: issuer.token(Token::Code, row.id),
                    tx_code,
                },
            },
        }
    }
}

/// Percent-encodes an address for use as a query value (RFC 3986 unreserved characters stay).
fn percent_encode(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
