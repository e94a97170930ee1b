//! What a request to sign says, and the word the client sends back about the signature.

use kernel::Actor;
use serde_json::{Value, json};
use trust::base64url;

use super::{
    HongKong,
    caller::{Call, Fields},
    holder,
    reply::{Fault, Refusal},
    store::task as tasks,
    task::{Item, Kind, Signing, USUAL, business_of},
    word::Word,
};
use crate::{
    Acknowledgement, ItemKind, PresenceCheck, SigningAlgorithm,
    signing::{ACCOUNT_AGE_HOURS_MAX, DEPARTMENT_CHARS, NAME_CHARS},
};

/// Characters of base64 over 32 bytes, and of a word beside it.
pub(crate) const SHORT_CHARS: usize = 64;

/// Ways to show that somebody is there, in one list.
const SUA_METHODS: usize = 2;

/// A request to sign one document.
pub(crate) fn read(hk: &HongKong, call: &Call, kind: Kind) -> Result<Signing, Refusal> {
    let fields = &call.fields;
    let ((form, algorithm), digest) = if kind.is_pdf() {
        ((pdf_kind(fields)?, USUAL), "docDigest")
    } else {
        (hash_kind(fields)?, "hashCode")
    };
    let item = Item {
        kind: form,
        name: fields.need("documentName", NAME_CHARS)?.to_owned(),
        digest: digest_of(fields.need(digest, SHORT_CHARS)?, digest)?,
    };
    Ok(Signing {
        algorithm,
        ..head(hk, call, (kind, vec![item]))?
    })
}

/// What is the same for one document and for a thousand.
pub(crate) fn head(
    hk: &HongKong,
    call: &Call,
    (kind, items): (Kind, Vec<Item>),
) -> Result<Signing, Refusal> {
    let fields = &call.fields;
    let card = fields
        .optional("HKICHash", SHORT_CHARS)?
        .map(|hash| digest_of(hash, "HKICHash"))
        .transpose()?;
    // Without a login, the card is what ties the request to its signer.
    if kind.is_of_browser() && card.is_none() {
        return Err(Word::Missing.of("HKICHash"));
    }
    let hours = fields.number("suaWaitPeriod", u64::from(ACCOUNT_AGE_HOURS_MAX))?;
    let department = fields.optional("department", DEPARTMENT_CHARS)?;
    Ok(Signing {
        department: department.unwrap_or(&call.client.name.en).to_owned(),
        service: fields.need("serviceName", NAME_CHARS)?.to_owned(),
        algorithm: USUAL,
        items,
        card: card.map(|card| base64url::encode(hk.room().card_index(&card))),
        minimum_age_hours: u16::try_from(hours).unwrap_or(ACCOUNT_AGE_HOURS_MAX),
        presence: presence(fields)?,
        in_one: 1,
        corporate: None,
    })
}

/// The check of the person that the client wants beside the phone's own.
fn presence(fields: &Fields) -> Result<Option<PresenceCheck>, Refusal> {
    let invalid = || Word::Invalid.of("suaMethod");
    // Nothing says how both are asked for: as a list, or in one text.
    let named: Vec<&str> = match fields.0.get("suaMethod") {
        Some(Value::Array(_)) => fields.list("suaMethod", SUA_METHODS)?,
        _ => fields
            .optional("suaMethod", SHORT_CHARS)?
            .unwrap_or_default()
            .split([' ', ','])
            .filter(|name| !name.is_empty())
            .collect(),
    };
    let (has_face, has_card) = (named.contains(&"FR"), named.contains(&"NFC"));
    if !named.iter().all(|name| matches!(*name, "FR" | "NFC")) {
        return Err(invalid());
    }
    Ok(match (has_face, has_card) {
        (true, true) => Some(PresenceCheck::Both),
        (true, false) => Some(PresenceCheck::Face),
        (false, true) => Some(PresenceCheck::Card),
        (false, false) => None,
    })
}

/// Whether the hash is hashed again, and with what key it is signed.
pub(crate) fn hash_kind(fields: &Fields) -> Result<(ItemKind, SigningAlgorithm), Refusal> {
    match fields.optional("sigAlgo", SHORT_CHARS)? {
        None | Some("SHA256withRSA") => Ok((ItemKind::HashValue, USUAL)),
        Some("NONEwithRSA") => Ok((ItemKind::Document, USUAL)),
        Some("SM3withSM2") => Ok((ItemKind::HashValue, SigningAlgorithm::Sm2)),
        Some("NONEwithSM2") => Ok((ItemKind::Document, SigningAlgorithm::Sm2)),
        Some(_) => Err(Word::Invalid.of("sigAlgo")),
    }
}

pub(crate) fn pdf_kind(fields: &Fields) -> Result<ItemKind, Refusal> {
    match fields.optional("subFilter", SHORT_CHARS)? {
        None | Some("adbe.pkcs7.detached") => Ok(ItemKind::PdfPkcs7),
        Some("ETSI.CAdES.detached") => Ok(ItemKind::PdfCades),
        Some(_) => Err(Word::Invalid.of("subFilter")),
    }
}

pub(crate) fn digest_of(text: &str, name: &'static str) -> Result<[u8; 32], Refusal> {
    let bytes = base64url::decode_standard(text).map_err(|_| Word::Invalid.of(name))?;
    bytes.try_into().map_err(|_| Word::Invalid.of(name))
}

/// The client says what became of the signature.
pub(crate) async fn acknowledge(hk: &HongKong, call: &Call) -> Result<Value, Fault> {
    let business = business_of(&call.fields)?.to_owned();
    // The one interface names it so, the other so.
    let name = if call.fields.0.contains_key("signingResult") {
        "signingResult"
    } else {
        "ackCode"
    };
    let word = match call.fields.need(name, SHORT_CHARS)? {
        "SR001" => Acknowledgement::Accepted,
        "SR002" => Acknowledgement::Rejected,
        "SR003" => Acknowledgement::NothingReceived,
        _ => return Err(Word::Invalid.of(name).into()),
    };
    let id = call.client.id().to_owned();
    let found = hk
        .store()
        .read(move |db| {
            let (id, business) = (id.clone(), business.clone());
            async move { tasks::by_business_in(&db, &id, &business).await }
        })
        .await?
        .filter(|task| task.kind.is_signature() && task.outcome == Some(Word::Success))
        .ok_or(Word::AckFailed)?;
    holder::check_registered(call, found.kind.scope())?;
    let request = found.signing.ok_or(Word::AckFailed)?;
    let actor = Actor::system("hongkong");
    if hk.room().acknowledge(&actor, request, word).await? {
        Ok(json!({}))
    } else {
        Err(Word::AckFailed.into())
    }
}
