//! Enrolments and the count of wrong attempts.

use ::store::{Store, Write, params};
use journal::{Audit, Event};
use kernel::{Actor, Date, Hkid, Id, Time};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trust::{Place, Sealed, Vault, base64url};

use crate::{
    Device, Enrolment, Error, Guardian, Level, Person, PersonName, PublicJwk, Register,
    RegisterEntry, Sex,
    attempt::{self, Attempt},
    device::DEVICE_NAME_CHARS,
    enrolment::{ATTEMPT_WINDOW, ATTEMPTS, ENROLMENT_TTL, Ineligible, eligible},
    store::{device, person, standing},
};

::store::sql! {
    FIND_ATTEMPTS = "SELECT failures, since FROM enrolment_attempt WHERE hkid_index = $1";
    PUT_ATTEMPTS = "INSERT INTO enrolment_attempt (hkid_index, failures, since)
        VALUES ($1, $2, $3)
        ON CONFLICT (hkid_index) DO UPDATE SET failures = excluded.failures,
            since = excluded.since";
    INSERT_ENROLMENT = "INSERT INTO enrolment (id, hkid_index, particulars_sealed, jwk,
            device_name, level, challenge, state, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'started', $8, $9)";
    FIND_STARTED = "SELECT particulars_sealed, jwk, device_name, level, challenge, expires
        FROM enrolment WHERE id = $1 AND state = 'started'";
    CONFIRM_ENROLMENT = "UPDATE enrolment SET state = 'confirmed'
        WHERE id = $1 AND state = 'started'";
    FORGET_ENROLMENTS = "DELETE FROM enrolment WHERE expires < $1";
    FORGET_ATTEMPTS = "DELETE FROM enrolment_attempt WHERE since < $1";
}

/// What the phone sends to start.
#[derive(Clone, Debug)]
pub struct StartEnrolment {
    pub hkid: Hkid,
    pub born: Date,
    pub jwk: PublicJwk,
    pub device_name: String,
    pub level: Level,
    pub guardian: Guardian,
}

#[derive(Serialize, Deserialize)]
struct SealedEntry {
    hkid: Hkid,
    name: PersonName,
    sex: Sex,
    born: Date,
}

/// Checks the particulars against the register and opens an enrolment.
///
/// Whether the number or the date was wrong is never told, and a locked number answers the same
/// whether or not anybody has it.
///
/// # Errors
/// [`Error::NoMatch`], [`Error::TooManyAttempts`], [`Error::TooYoung`],
/// [`Error::GuardianNeeded`], [`Error::RegisterDown`], [`Error::Malformed`].
pub async fn start(
    store: &Store,
    vault: &Vault,
    register: &dyn Register,
    asked: StartEnrolment,
) -> Result<Enrolment, Error> {
    asked
        .jwk
        .public_key()
        .map_err(|_| Error::Malformed("key"))?;
    let index = person::hkid_index(vault, &asked.hkid);
    check_attempts(store, &index).await?;
    let found = register
        .find(&asked.hkid, asked.born)
        .await
        .map_err(|_| Error::RegisterDown)?;
    let Some(entry) = found else {
        count_failure(store, &index).await?;
        return Err(Error::NoMatch);
    };
    // That a guardian is there is the phone's word; what counts is their own agreement on record.
    let guardian = if standing::is_agreed(store, &index).await? {
        Guardian::Agreed
    } else {
        Guardian::Absent
    };
    eligible(entry.born, store.env().today(), guardian).map_err(|why| match why {
        Ineligible::TooYoung => Error::TooYoung,
        Ineligible::GuardianNeeded => Error::GuardianNeeded,
    })?;
    insert(store, vault, index, &asked, entry).await
}

async fn insert(
    store: &Store,
    vault: &Vault,
    index: Vec<u8>,
    asked: &StartEnrolment,
    entry: RegisterEntry,
) -> Result<Enrolment, Error> {
    let RegisterEntry {
        hkid,
        name,
        sex,
        born,
    } = entry;
    let sealed = SealedEntry {
        hkid,
        name,
        sex,
        born,
    };
    let plain = serde_json::to_vec(&sealed).map_err(|_| Error::Corrupt("enrolment"))?;
    let id: Id<Enrolment> = store.env().id();
    let particulars = vault
        .seal(&Place::new("enrolment.particulars_sealed", id), plain)?
        .0;
    let name = asked.device_name.trim();
    let enrolment = Enrolment {
        id,
        jwk: asked.jwk.clone(),
        device_name: name.chars().take(DEVICE_NAME_CHARS).collect(),
        level: asked.level,
        challenge: base64url::encode(store.env().bytes::<32>()),
        expires: store.env().now() + ENROLMENT_TTL,
    };
    let matched = Matched {
        row: enrolment.clone(),
        index,
        particulars,
        guardian: asked.guardian,
    };
    store
        .write(&Actor::Visitor, move |tx| {
            let matched = matched.clone();
            async move { insert_in(&tx, matched).await }
        })
        .await?;
    Ok(enrolment)
}

#[derive(Clone)]
struct Matched {
    row: Enrolment,
    index: Vec<u8>,
    particulars: Vec<u8>,
    guardian: Guardian,
}

async fn insert_in(tx: &Write, matched: Matched) -> Result<(), Error> {
    let Matched {
        row,
        index,
        particulars,
        guardian,
    } = matched;
    let jwk = super::json(&row.jwk)?;
    tx.run(
        &INSERT_ENROLMENT,
        params![
            row.id,
            index,
            particulars,
            jwk,
            row.device_name,
            row.level,
            row.challenge,
            tx.now(),
            row.expires
        ],
    )
    .await?;
    let audit = Audit {
        action: "enrolment.started",
        noun: "enrolment",
        id: row.id.to_string(),
        reason: None,
        detail: json!({ "level": row.level, "guardian": guardian }),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

pub(crate) async fn check_attempts(store: &Store, index: &[u8]) -> Result<(), Error> {
    let index = index.to_vec();
    let found: Option<(i64, Time)> = store
        .read(move |db| {
            let index = index.clone();
            async move { Ok::<_, Error>(db.one(&FIND_ATTEMPTS, params![index]).await?) }
        })
        .await?;
    let now = store.env().now();
    match found {
        Some((failures, since)) if failures >= ATTEMPTS && now.since(since) < ATTEMPT_WINDOW => {
            Err(Error::TooManyAttempts)
        }
        _ => Ok(()),
    }
}

pub(crate) async fn count_failure(store: &Store, index: &[u8]) -> Result<(), Error> {
    let index = index.to_vec();
    store
        .write(&Actor::Visitor, move |tx| {
            let index = index.clone();
            async move {
                let found: Option<(i64, Time)> =
                    tx.one(&FIND_ATTEMPTS, params![index.clone()]).await?;
                let now = tx.now();
                let (failures, since) = match found {
                    Some((failures, since)) if now.since(since) < ATTEMPT_WINDOW => {
                        (failures + 1, since)
                    }
                    _ => (1, now),
                };
                let row = params![index.clone(), failures, since];
                tx.run(&PUT_ATTEMPTS, row).await?;
                // One slip of the pen alarms nobody; a card that must wait does.
                if failures == ATTEMPTS
                    && let Some(owner) = person::by_index_in(&tx, index).await?
                {
                    attempt::note_in(&tx, owner.id, Attempt::Particulars).await?;
                }
                Ok::<_, Error>(())
            }
        })
        .await
}

/// Ends an enrolment: the phone has proved its key over the challenge (checked by the caller, who
/// holds the request) and the checks of the person are made. Binds the phone, revoking the one
/// before.
///
/// # Errors
/// [`Error::NotFound`] when the enrolment is not open; [`Error::Expired`]; [`Error::Inactive`].
pub async fn confirm(
    store: &Store,
    vault: &Vault,
    id: Id<Enrolment>,
) -> Result<(Person, Device), Error> {
    let started = find_started(store, id).await?;
    if store.env().now() >= started.expires {
        return Err(Error::Expired);
    }
    let plain = vault.open(
        &Place::new("enrolment.particulars_sealed", id),
        &Sealed(started.particulars.clone()),
    )?;
    let SealedEntry {
        hkid,
        name,
        sex,
        born,
    } = serde_json::from_slice(&plain).map_err(|_| Error::Corrupt("enrolment"))?;
    let entry = RegisterEntry {
        hkid,
        name,
        sex,
        born,
    };
    let sealed = person::seal(vault, store.env().id(), entry, started.level)?;
    store
        .write(&Actor::Visitor, move |tx| {
            let (sealed, started) = (sealed.clone(), started.clone());
            async move {
                if tx.run(&CONFIRM_ENROLMENT, params![id]).await? == 0 {
                    return Err(Error::NotFound);
                }
                let bound = bind_in(&tx, &sealed, &started.jwk, &started.device_name).await?;
                standing::link_in(&tx, &sealed.index, bound.0.id).await?;
                Ok(bound)
            }
        })
        .await
}

/// Writes person and phone, with audit and event.
pub(crate) async fn bind_in(
    tx: &Write,
    sealed: &person::SealedPerson,
    jwk: &PublicJwk,
    device_name: &str,
) -> Result<(Person, Device), Error> {
    let owner = person::enrol_in(tx, sealed).await?;
    let phone = device::bind_in(tx, owner.id, jwk, device_name).await?;
    let data = json!({ "person": owner.id, "level": owner.level, "birth_year": owner.birth_year });
    let audit = Audit {
        action: "person.enrolled",
        noun: "person",
        id: owner.id.to_string(),
        reason: None,
        detail: data.clone(),
    };
    journal::audit(tx, audit).await?;
    let subject = owner.id.to_string();
    journal::emit(
        tx,
        Event {
            kind: "causeway.person.enrolled.v1",
            subject,
            data,
        },
    )
    .await?;
    Ok((owner, phone))
}

/// An enrolment that has matched and waits for the phone.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    particulars: Vec<u8>,
    pub jwk: PublicJwk,
    device_name: String,
    pub level: Level,
    pub challenge: String,
    expires: Time,
}

impl ::store::FromRow for Started {
    fn from_row(row: &::store::Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            particulars: row.get("particulars_sealed")?,
            jwk: row.json("jwk")?,
            device_name: row.get("device_name")?,
            level: row.get("level")?,
            challenge: row.get("challenge")?,
            expires: row.get("expires")?,
        })
    }
}

pub(crate) async fn find_started(store: &Store, id: Id<Enrolment>) -> Result<Started, Error> {
    store
        .read(move |db| async move {
            let found: Option<Started> = db.one(&FIND_STARTED, params![id]).await?;
            found.ok_or(Error::NotFound)
        })
        .await
}

/// Deletes enrolments that ran out and counts that no longer matter.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    let old = tx.now() - ATTEMPT_WINDOW;
    let gone = tx.run(&FORGET_ENROLMENTS, params![tx.now()]).await?;
    Ok(gone + tx.run(&FORGET_ATTEMPTS, params![old]).await?)
}
