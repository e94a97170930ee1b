//! Redeeming offers: code to token, token and proof to credential, each once.

use kernel::{Id, Time};
use serde_json::json;
use store::{FromRow, Read, Row, Write, params};
use trust::digest;

use super::{licence, see, status};
use crate::{
    Error, Issuer, Refusal,
    issuer::Token,
    licence::{Credential, Licence, LicenceState},
    offer::{Binding, GRANT_LIFE, GRANT_USES, OFFER_LIFE, Offer, OfferRow, TX_CODE_TRIES},
    proof::{Dpop, Possession},
    status_list::StatusRef,
};

store::sql! {
    ADD_OFFER = "INSERT INTO credential_offer (id, licence, state, device, tries_left, expires, created)
        VALUES ($1, $2, 'open', $3, $4, $5, $6)";
    VOID_OFFERS = "UPDATE credential_offer SET state = 'void' WHERE licence = $1 AND state = 'open'";
    FIND_OFFER = "SELECT o.id, o.licence, l.kind, o.state, o.device, o.tries_left, o.expires
        FROM credential_offer o JOIN licence l ON l.id = o.licence WHERE o.id = $1";
    SPEND_TRY = "UPDATE credential_offer SET tries_left = tries_left - 1 WHERE id = $1";
    VOID_OFFER = "UPDATE credential_offer SET state = 'void' WHERE id = $1 AND state = 'open'";
    REDEEM = "UPDATE credential_offer SET state = 'redeemed' WHERE id = $1 AND state = 'open'";
    ADD_GRANT = "INSERT INTO credential_grant (id, licence, device, client, has_identifier, dpop, uses_left, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND_GRANT = "SELECT g.id, g.licence, l.kind, g.device, g.client, g.has_identifier, g.dpop, g.uses_left, g.expires
        FROM credential_grant g JOIN licence l ON l.id = g.licence WHERE g.id = $1";
    USE_GRANT = "UPDATE credential_grant SET uses_left = uses_left - 1 WHERE id = $1 AND uses_left > 0";
    ADD_CREDENTIAL = "INSERT INTO credential (id, licence, device, list, slot, state, issued)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    NOTIFY = "UPDATE credential SET notified = $3 WHERE id = $1 AND licence = $2";
}

impl FromRow for OfferRow {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        let state: String = row.get("state")?;
        Ok(Self {
            id: row.get("id")?,
            licence: row.get("licence")?,
            kind: row.get("kind")?,
            is_open: state == "open",
            device: row.get("device")?,
            tries_left: row.get("tries_left")?,
            expires: row.get("expires")?,
        })
    }
}

/// An access token on record.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) id: Id<Self>,
    pub(crate) licence: Id<Licence>,
    pub(crate) kind: String,
    pub(crate) device: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) has_identifier: bool,
    pub(crate) dpop: Option<String>,
    pub(crate) uses_left: i64,
    pub(crate) expires: Time,
}

impl FromRow for Grant {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            licence: row.get("licence")?,
            kind: row.get("kind")?,
            device: row.get("device")?,
            client: row.get("client")?,
            has_identifier: row.get("has_identifier")?,
            dpop: row.get("dpop")?,
            uses_left: row.get("uses_left")?,
            expires: row.get("expires")?,
        })
    }
}

/// A token request, parsed.
#[derive(Clone, Debug)]
pub(crate) struct Redemption {
    pub(crate) code: String,
    pub(crate) tx_code: Option<String>,
    pub(crate) client: Option<String>,
    pub(crate) has_identifier: bool,
    pub(crate) dpop: Option<Dpop>,
}

/// What a write of the protocol ends with: refusals that must be remembered commit too.
pub(crate) type Outcome<T> = Result<T, Refusal>;

/// Makes a new offer for a licence; earlier open ones are void.
pub(crate) async fn add_offer(
    tx: &Write,
    issuer: &Issuer,
    licence: Id<Licence>,
    binding: &Binding,
) -> Result<Offer, Error> {
    let id: Id<Offer> = tx.id();
    let device = match binding {
        Binding::Device(thumbprint) => Some(thumbprint.clone()),
        Binding::TxCode => None,
    };
    let expires = tx.now().plus(OFFER_LIFE);
    tx.run(&VOID_OFFERS, params![licence]).await?;
    let row = params![id, licence, device, TX_CODE_TRIES, expires, tx.now()];
    tx.run(&ADD_OFFER, row).await?;
    let row: OfferRow = tx.only(&FIND_OFFER, params![id]).await?;
    Ok(Offer::new(issuer, &row))
}

/// The offer behind an address that was given out, while it can be redeemed.
pub(crate) async fn find_offer(
    db: &Read,
    issuer: &Issuer,
    reference: &str,
) -> Result<OfferRow, Error> {
    let id: Id<Offer> = issuer
        .open_token(Token::Reference, reference)
        .ok_or(Error::NotFound)?;
    db.one::<OfferRow>(&FIND_OFFER, params![id])
        .await?
        .filter(|row| row.is_open && db.now() < row.expires)
        .ok_or(Error::NotFound)
}

/// Redeems a code for an access token. Two at once: the conditional update lets one win.
pub(crate) async fn redeem(
    tx: &Write,
    issuer: &Issuer,
    request: &Redemption,
) -> Result<Outcome<(String, Grant)>, Error> {
    let Some(id) = issuer.open_token::<Offer>(Token::Code, &request.code) else {
        return Ok(Err(Refusal::InvalidGrant));
    };
    let Some(row) = tx.one::<OfferRow>(&FIND_OFFER, params![id]).await? else {
        return Ok(Err(Refusal::InvalidGrant));
    };
    if !row.is_open || tx.now() >= row.expires {
        return Ok(Err(Refusal::InvalidGrant));
    }
    if let Err(refusal) = check_tx_code(tx, issuer, &row, request.tx_code.as_deref()).await? {
        return Ok(Err(refusal));
    }
    if let Some(dpop) = &request.dpop
        && !see(tx, dpop.seen).await?
    {
        return Ok(Err(Refusal::InvalidDpopProof));
    }
    if tx.run(&REDEEM, params![id]).await? != 1 {
        return Ok(Err(Refusal::InvalidGrant));
    }
    let grant = Grant {
        id: tx.id(),
        licence: row.licence,
        kind: row.kind,
        device: row.device,
        client: request.client.clone(),
        has_identifier: request.has_identifier,
        dpop: request.dpop.as_ref().map(|dpop| dpop.thumbprint.clone()),
        uses_left: GRANT_USES,
        expires: tx.now().plus(GRANT_LIFE),
    };
    add_grant(tx, &grant).await?;
    Ok(Ok((issuer.token(Token::Access, grant.id), grant)))
}

async fn add_grant(tx: &Write, grant: &Grant) -> Result<(), Error> {
    let row = params![
        grant.id,
        grant.licence,
        grant.device,
        grant.client,
        grant.has_identifier,
        grant.dpop,
        grant.uses_left,
        grant.expires
    ];
    tx.run(&ADD_GRANT, row).await?;
    Ok(())
}

async fn check_tx_code(
    tx: &Write,
    issuer: &Issuer,
    row: &OfferRow,
    given: Option<&str>,
) -> Result<Outcome<()>, Error> {
    let given = match (row.has_tx_code(), given) {
        (false, None) => return Ok(Ok(())),
        (false, Some(_)) => return Ok(Err(Refusal::InvalidRequest("tx_code is not expected"))),
        (true, None) => return Ok(Err(Refusal::InvalidRequest("tx_code is expected"))),
        (true, Some(given)) => given,
    };
    if digest::equal(issuer.tx_code(row.id).as_bytes(), given.as_bytes()) {
        return Ok(Ok(()));
    }
    tx.run(&SPEND_TRY, params![row.id]).await?;
    if row.tries_left <= 1 {
        tx.run(&VOID_OFFER, params![row.id]).await?;
    }
    Ok(Err(Refusal::InvalidGrant))
}

/// The grant an access token opens, while it is good.
pub(crate) async fn find_grant(
    db: &Read,
    issuer: &Issuer,
    access_token: &str,
) -> Result<Outcome<Grant>, Error> {
    let Some(id) = issuer.open_token::<Grant>(Token::Access, access_token) else {
        return Ok(Err(Refusal::InvalidToken));
    };
    let grant = db.one::<Grant>(&FIND_GRANT, params![id]).await?;
    Ok(grant
        .filter(|grant| db.now() < grant.expires)
        .ok_or(Refusal::InvalidToken))
}

/// A credential request whose token and proof were checked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) grant: Grant,
    pub(crate) proof: Possession,
    pub(crate) dpop: Option<Dpop>,
}

/// What is needed to sign a credential.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    pub(crate) credential: Id<Credential>,
    pub(crate) licence: Licence,
    pub(crate) status: StatusRef,
}

/// Records the credential that is about to be signed for the key of the proof. The copy on any other
/// phone becomes invalid in the same transaction: one licence, one phone.
pub(crate) async fn prepare(
    tx: &Write,
    issuer: &Issuer,
    request: &Request,
) -> Result<Outcome<Ready>, Error> {
    let nonce = digest::sha256(format!("nonce\0{}", request.proof.nonce));
    if !see(tx, nonce).await? {
        return Ok(Err(Refusal::InvalidNonce));
    }
    if let Some(dpop) = &request.dpop
        && !see(tx, dpop.seen).await?
    {
        return Ok(Err(Refusal::InvalidDpopProof));
    }
    if tx.run(&USE_GRANT, params![request.grant.id]).await? != 1 {
        return Ok(Err(Refusal::InvalidToken));
    }
    let device = request.proof.key.thumbprint();
    if request
        .grant
        .device
        .as_ref()
        .is_some_and(|bound| *bound != device)
    {
        return Ok(Err(Refusal::InvalidProof(
            "the offer is for another device",
        )));
    }
    let licence = licence::get(tx, issuer, request.grant.licence).await?;
    if !matches!(licence.state, LicenceState::Live | LicenceState::Suspended) {
        return Ok(Err(Refusal::CredentialRequestDenied));
    }
    status::invalidate_copies(tx, licence.id).await?;
    let credential: Id<Credential> = tx.id();
    let slot = status::allocate(tx, issuer, credential).await?;
    let state = licence.state.of_copies();
    let row = params![
        credential,
        licence.id,
        device,
        slot.list,
        slot.index,
        state,
        tx.now()
    ];
    tx.run(&ADD_CREDENTIAL, row).await?;
    if licence.state == LicenceState::Suspended {
        status::set_copies(tx, licence.id, state).await?;
    }
    record(tx, credential, licence.id).await?;
    Ok(Ok(Ready {
        credential,
        licence,
        status: StatusRef {
            idx: slot.index,
            uri: issuer.status_url(slot.list),
        },
    }))
}

async fn record(tx: &Write, credential: Id<Credential>, licence: Id<Licence>) -> Result<(), Error> {
    let data = json!({ "credential": credential, "licence": licence });
    let audit = journal::Audit {
        action: "credential.issue",
        noun: "credential",
        id: credential.to_string(),
        reason: None,
        detail: json!({ "licence": licence }),
    };
    journal::audit(tx, audit).await?;
    let event = journal::Event {
        kind: "causeway.credential.issued.v1",
        subject: licence.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    let collected = journal::Usage::of(journal::Step::Collected).channel(journal::Channel::Phone);
    journal::usage(tx, collected).await?;
    Ok(())
}

/// Notes what the wallet says became of a credential; saying it twice is saying it once.
pub(crate) async fn notify(
    tx: &Write,
    grant: &Grant,
    notification: &str,
    event: &str,
) -> Result<Outcome<()>, Error> {
    let Ok(credential) = notification.parse::<Id<Credential>>() else {
        return Ok(Err(Refusal::InvalidNotificationId));
    };
    let row = params![credential, grant.licence, event];
    if tx.run(&NOTIFY, row).await? != 1 {
        return Ok(Err(Refusal::InvalidNotificationId));
    }
    Ok(Ok(()))
}
