//! Licences: granting, suspending, revoking, replacing, and putting them onto another phone.

use journal::{Audit, Event};
use kernel::Id;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{FromRow, Read, Row, Write, params};
use trust::{Place, Sealed};

use super::{issuance, status};
use crate::{
    Error, Issuer,
    licence::{Act, CLAIMS_BYTES, Holder, Licence, LicenceState, NUMBER_CHARS, NewLicence},
    offer::{Binding, Offer},
};

/// Licences one holder may have listed.
const LISTED: i64 = 200;
const CONTENT: &str = "licence.content";

store::sql! {
    ADD_LICENCE = "INSERT INTO licence (id, holder, kind, number_index, content, valid_from, valid_until,
        case_reference, state, issued, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'live', $9, $9)";
    FIND_CURRENT = "SELECT id, holder FROM licence
        WHERE kind = $1 AND number_index = $2 AND state IN ('live', 'suspended')";
    FIND_LICENCE = "SELECT l.id, l.holder, l.kind, l.content, l.valid_from, l.valid_until, l.case_reference,
        l.state, l.reason, l.issued, c.device FROM licence l
        LEFT JOIN credential c ON c.licence = l.id AND c.state <> 'invalid' WHERE l.id = $1";
    LIST_LICENCES = "SELECT l.id, l.holder, l.kind, l.content, l.valid_from, l.valid_until, l.case_reference,
        l.state, l.reason, l.issued, c.device FROM licence l
        LEFT JOIN credential c ON c.licence = l.id AND c.state <> 'invalid'
        WHERE l.holder = $1 ORDER BY l.id DESC LIMIT $2";
    LIST_OF_CASE = "SELECT l.id, l.holder, l.kind, l.content, l.valid_from, l.valid_until, l.case_reference,
        l.state, l.reason, l.issued, c.device FROM licence l
        LEFT JOIN credential c ON c.licence = l.id AND c.state <> 'invalid'
        WHERE l.case_reference = $1 ORDER BY l.id DESC LIMIT $2";
    GET_STATE = "SELECT state FROM licence WHERE id = $1";
    SET_STATE = "UPDATE licence SET state = $2, reason = $3, changed = $4 WHERE id = $1";
}

#[derive(Serialize, Deserialize)]
struct Content {
    number: String,
    claims: Map<String, Value>,
}

struct LicenceRow {
    licence: Licence,
    content: Sealed,
}

impl FromRow for LicenceRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            content: Sealed(row.get("content")?),
            licence: Licence {
                id: row.get("id")?,
                holder: row.get("holder")?,
                kind: row.get("kind")?,
                number: String::new(),
                claims: Map::new(),
                valid_from: row.get("valid_from")?,
                valid_until: row.get("valid_until")?,
                case_reference: row.get("case_reference")?,
                state: row.get("state")?,
                reason: row.get("reason")?,
                issued: row.get("issued")?,
                device: row.get("device")?,
            },
        })
    }
}

impl LicenceRow {
    fn open(self, issuer: &Issuer) -> Result<Licence, Error> {
        let place = Place::new(CONTENT, self.licence.id);
        let plain = issuer.keys().vault().open(&place, &self.content)?;
        let content: Content =
            serde_json::from_slice(&plain).map_err(|_| Error::Malformed("licence content"))?;
        Ok(Licence {
            number: content.number,
            claims: content.claims,
            ..self.licence
        })
    }
}

/// Grants a licence and offers it to the holder's phone. A current licence of the same kind and
/// number is replaced, and its copies become invalid in the same transaction.
///
/// # Errors
/// [`Error::NumberTaken`] when another holder has the number; [`Error::UnknownKind`];
/// [`Error::TooLarge`].
pub async fn offer(tx: &Write, issuer: &Issuer, new: &NewLicence) -> Result<Offer, Error> {
    issuer.get_type(&new.kind)?;
    let content = Content {
        number: new.number.clone(),
        claims: new.claims.clone(),
    };
    let plain = serde_json::to_vec(&content).map_err(|_| Error::Malformed("claims"))?;
    if plain.len() > CLAIMS_BYTES || new.number.chars().count() > NUMBER_CHARS {
        return Err(Error::TooLarge);
    }
    let vault = issuer.keys().vault();
    let number = vault.blind_index(&new.kind, &new.number);
    let current: Option<(Id<Licence>, Id<Holder>)> =
        tx.one(&FIND_CURRENT, params![new.kind, number.0]).await?;
    if let Some((current, holder)) = current {
        if holder != new.holder {
            return Err(Error::NumberTaken);
        }
        change(tx, current, Act::Replace, None).await?;
    }
    let id: Id<Licence> = tx.id();
    let sealed = vault.seal(&Place::new(CONTENT, id), plain)?;
    tx.run(
        &ADD_LICENCE,
        params![
            id,
            new.holder,
            new.kind,
            number.0,
            sealed.0,
            new.valid_from,
            new.valid_until,
            new.case_reference,
            tx.now()
        ],
    )
    .await?;
    record(tx, "licence.grant", "causeway.licence.granted.v1", id, None).await?;
    trust::evidence::append(tx, "licence.granted", evidence_of(id, &number.0)).await?;
    issuance::add_offer(tx, issuer, id, &Binding::TxCode).await
}

/// Offers an existing licence again: the holder collects it on a phone. The copy on another phone,
/// if any, stays valid until this one arrives.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongState`] unless the licence is live or suspended.
pub async fn collect(
    tx: &Write,
    issuer: &Issuer,
    licence: Id<Licence>,
    binding: &Binding,
) -> Result<Offer, Error> {
    match state_of(tx, licence).await? {
        LicenceState::Live | LicenceState::Suspended => {
            issuance::add_offer(tx, issuer, licence, binding).await
        }
        state => Err(Error::WrongState(state.code())),
    }
}

/// Makes every copy of a licence invalid now and offers it anew: the phone was lost or changed.
///
/// # Errors
/// As [`collect`].
pub async fn reissue(
    tx: &Write,
    issuer: &Issuer,
    licence: Id<Licence>,
    binding: &Binding,
) -> Result<Offer, Error> {
    status::invalidate_copies(tx, licence).await?;
    record(
        tx,
        "licence.reissue",
        "causeway.licence.reissued.v1",
        licence,
        None,
    )
    .await?;
    collect(tx, issuer, licence, binding).await
}

/// Makes invalid every copy that a holder has on one device: the device was lost or removed.
/// Returns how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn drop_device(tx: &Write, holder: Id<Holder>, device: &str) -> Result<u64, Error> {
    let count = status::invalidate_device(tx, holder, device).await?;
    if count > 0 {
        let detail = json!({ "copies": count });
        let audit = Audit {
            action: "credential.drop_device",
            noun: "person",
            id: holder.to_string(),
            reason: None,
            detail,
        };
        journal::audit(tx, audit).await?;
    }
    Ok(count)
}

/// Takes a licence away for good.
///
/// # Errors
/// [`Error::NotFound`], [`Error::WrongState`].
pub async fn revoke(tx: &Write, licence: Id<Licence>, reason: &str) -> Result<(), Error> {
    change(tx, licence, Act::Revoke, Some(reason)).await?;
    record(
        tx,
        "licence.revoke",
        "causeway.licence.revoked.v1",
        licence,
        Some(reason),
    )
    .await
}

/// Takes a licence away for a time.
///
/// # Errors
/// As [`revoke`].
pub async fn suspend(tx: &Write, licence: Id<Licence>, reason: &str) -> Result<(), Error> {
    change(tx, licence, Act::Suspend, Some(reason)).await?;
    record(
        tx,
        "licence.suspend",
        "causeway.licence.suspended.v1",
        licence,
        Some(reason),
    )
    .await
}

/// Ends a suspension.
///
/// # Errors
/// As [`revoke`].
pub async fn reinstate(tx: &Write, licence: Id<Licence>, reason: &str) -> Result<(), Error> {
    change(tx, licence, Act::Reinstate, Some(reason)).await?;
    record(
        tx,
        "licence.reinstate",
        "causeway.licence.reinstated.v1",
        licence,
        Some(reason),
    )
    .await
}

/// One licence, opened. Callers check that the holder is the one asking.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn get(db: &Read, issuer: &Issuer, licence: Id<Licence>) -> Result<Licence, Error> {
    db.one::<LicenceRow>(&FIND_LICENCE, params![licence])
        .await?
        .ok_or(Error::NotFound)?
        .open(issuer)
}

/// The licences of a holder, newest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_holder(
    db: &Read,
    issuer: &Issuer,
    holder: Id<Holder>,
) -> Result<Vec<Licence>, Error> {
    let rows: Vec<LicenceRow> = db.all(&LIST_LICENCES, params![holder, LISTED]).await?;
    rows.into_iter().map(|row| row.open(issuer)).collect()
}

/// The licences a case granted, newest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn of_case(db: &Read, issuer: &Issuer, case: &str) -> Result<Vec<Licence>, Error> {
    let rows: Vec<LicenceRow> = db.all(&LIST_OF_CASE, params![case, LISTED]).await?;
    rows.into_iter().map(|row| row.open(issuer)).collect()
}

pub(crate) async fn state_of(db: &Read, licence: Id<Licence>) -> Result<LicenceState, Error> {
    let code: String = db
        .one(&GET_STATE, params![licence])
        .await?
        .ok_or(Error::NotFound)?;
    LicenceState::from_code(&code).ok_or(Error::Malformed("licence state"))
}

async fn change(
    tx: &Write,
    licence: Id<Licence>,
    act: Act,
    reason: Option<&str>,
) -> Result<(), Error> {
    let after = state_of(tx, licence).await?.after(act)?;
    tx.run(&SET_STATE, params![licence, after, reason, tx.now()])
        .await?;
    status::set_copies(tx, licence, after.of_copies()).await
}

async fn record(
    tx: &Write,
    action: &'static str,
    kind: &'static str,
    licence: Id<Licence>,
    reason: Option<&str>,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "licence",
        id: licence.to_string(),
        reason: reason.map(str::to_owned),
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    let event = Event {
        kind,
        subject: licence.to_string(),
        data: json!({ "licence": licence }),
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// What the evidence log holds of a licence: a digest of its id and blinded number.
fn evidence_of(licence: Id<Licence>, number: &[u8]) -> [u8; 32] {
    trust::digest::sha256_parts(&[b"licence\0", &licence.bytes(), number])
}
