//! Proving that an e-mail address is the person's: a code goes there and comes back.
//!
//! The code must not be read anywhere but in that mailbox, so it is sent to a recipient whose inbox nobody
//! can open ([`EmailClaim::recipient`]), and kept here as a keyed digest only.

use std::time::Duration;

use ::store::{Store, Write, params};
use journal::Audit;
use kernel::{Email, Id, Time};
use serde_json::json;
use trust::Vault;

use crate::{
    Error, FieldKey, Person, Source,
    store::{company::resident, profile},
};

::store::sql! {
    FIND_CLAIM = "SELECT created FROM email_claim WHERE person = $1";
    PUT_CLAIM = "INSERT INTO email_claim (person, address, code, tries, created, expires)
        VALUES ($1, $2, $3, 0, $4, $5)
        ON CONFLICT (person) DO UPDATE SET address = excluded.address, code = excluded.code,
            tries = 0, created = excluded.created, expires = excluded.expires";
    TRY_CLAIM = "UPDATE email_claim SET tries = tries + 1
        WHERE person = $1 AND expires > $2 AND tries < $3 RETURNING address, code";
    DROP_CLAIM = "DELETE FROM email_claim WHERE person = $1";
    SET_PROVEN = "UPDATE profile_field SET source = $3
        WHERE person = $1 AND field = $2 AND updated = $4";
    FORGET_CLAIMS = "DELETE FROM email_claim WHERE expires < $1";
}

/// How long a code is good.
const CODE_TTL: Duration = Duration::from_secs(600);
/// Wrong codes after which another must be asked for.
const TRIES: i64 = 5;
/// Between two codes to one person.
const PAUSE: Duration = Duration::from_secs(60);
/// Codes have six digits.
const CODES: u32 = 1_000_000;

/// A code on its way to an address.
#[derive(Clone, Debug)]
pub struct EmailClaim {
    pub person: Id<Person>,
    pub email: Email,
    /// Six digits.
    pub code: String,
    /// To whom the message goes: nobody's inbox.
    pub recipient: Id<EmailClaim>,
    address: Vec<u8>,
    digest: Vec<u8>,
}

fn digests(vault: &Vault, person: Id<Person>, (email, code): (&str, &str)) -> (Vec<u8>, Vec<u8>) {
    let address = vault.blind_index("profile.email", &email.to_lowercase());
    let code = vault.blind_index("profile.email_code", &format!("{person} {code}"));
    (address.bytes(), code.bytes())
}

/// The address of a profile that is the person's own word, with its time.
async fn declared(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
) -> Result<Option<(Email, Time)>, Error> {
    let profile = profile::own_profile(store, vault, person).await?;
    let held = profile.get(FieldKey::Email);
    let held = held.filter(|one| one.source == Source::SelfDeclared);
    Ok(held.and_then(|one| Some((one.value.as_str()?.parse().ok()?, one.updated))))
}

/// Draws a code for the address in the person's profile. Nothing is written or sent yet.
///
/// # Errors
/// [`Error::NotFound`] when there is no address to prove.
pub async fn draw_email_code(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
) -> Result<EmailClaim, Error> {
    let (email, _) = declared(store, vault, person)
        .await?
        .ok_or(Error::NotFound)?;
    let drawn = u32::from_be_bytes(store.env().bytes());
    let code = format!("{:06}", drawn % CODES);
    let (address, digest) = digests(vault, person, (email.as_str(), &code));
    Ok(EmailClaim {
        person,
        email,
        code,
        recipient: store.env().id(),
        address,
        digest,
    })
}

/// Keeps a drawn code, in the write that sends it.
///
/// # Errors
/// [`Error::TooManyOpen`] within a minute of the one before.
pub async fn keep_email_code_in(tx: &Write, claim: &EmailClaim) -> Result<(), Error> {
    let before: Option<Time> = tx.one(&FIND_CLAIM, params![claim.person]).await?;
    if before.is_some_and(|before| tx.now().since(before) < PAUSE) {
        return Err(Error::TooManyOpen);
    }
    let row = params![
        claim.person,
        claim.address.clone(),
        claim.digest.clone(),
        tx.now(),
        tx.now() + CODE_TTL
    ];
    tx.run(&PUT_CLAIM, row).await?;
    Ok(())
}

/// Whether the typed code proves the address that stands in the profile now; it is verified from then on.
/// A try is counted whatever comes of it.
///
/// # Errors
/// The store fails.
pub async fn prove_email(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
    typed: &str,
) -> Result<bool, Error> {
    let Some((email, updated)) = declared(store, vault, person).await? else {
        return Ok(false);
    };
    let typed: String = typed.chars().filter(char::is_ascii_digit).collect();
    let given = digests(vault, person, (email.as_str(), &typed));
    store
        .write(&resident(person, None), move |tx| {
            let given = given.clone();
            async move { prove_in(&tx, person, (&given, updated)).await }
        })
        .await
}

async fn prove_in(
    tx: &Write,
    person: Id<Person>,
    ((address, code), updated): (&(Vec<u8>, Vec<u8>), Time),
) -> Result<bool, Error> {
    let kept: Option<(Vec<u8>, Vec<u8>)> =
        tx.one(&TRY_CLAIM, params![person, tx.now(), TRIES]).await?;
    let fits = kept.is_some_and(|(held, secret)| {
        trust::digest::equal(&held, address) && trust::digest::equal(&secret, code)
    });
    if !fits {
        return Ok(false);
    }
    let row = params![person, FieldKey::Email, Source::Verified, updated];
    if tx.run(&SET_PROVEN, row).await? == 0 {
        return Ok(false);
    }
    tx.run(&DROP_CLAIM, params![person]).await?;
    let audit = Audit {
        action: "profile.email_proven",
        noun: "person",
        id: person.to_string(),
        reason: None,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(true)
}

/// Forgets codes that are over.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    Ok(tx.run(&FORGET_CLAIMS, params![tx.now() - PAUSE]).await?)
}
