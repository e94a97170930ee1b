//! Recoveries at a counter, by two officers.

use ::store::{FromRow, Row, Store, Write, params};
use journal::Audit;
use kernel::{Id, Role};
use serde_json::json;
use trust::{Place, Sealed, Vault};

use crate::{
    Binding, Ceremony, Error, FieldKey, IdentityDocument, NewRecovery, Officer, Person, Reading,
    Recovery, RecoveryState, RelyingParty, Shown,
    approval::reference_of,
    attempt::{self, Attempt},
    recovery::{RECOVERIES_SHOWN, RECOVERY_TRIES, RECOVERY_TTL},
    standing::KEEPER,
    store::{browser, passkey, person, profile},
};

::store::sql! {
    INSERT_RECOVERY = "INSERT INTO recovery (id, person, asked_by, department, shown, reason_sealed,
            state, tries, created, expires)
        VALUES ($1, $2, $3, $4, $5, $6, 'asked', 0, $7, $8)";
    VOID_OLD = "UPDATE recovery SET state = 'void', code = NULL
        WHERE person = $1 AND state IN ('asked', 'agreed')";
    FIND_RECOVERY = "SELECT id, person, asked_by, shown, reason_sealed, state, created, expires
        FROM recovery WHERE id = $1";
    WAITING = "SELECT id, person, asked_by, shown, reason_sealed, state, created, expires
        FROM recovery WHERE department = $1 AND state = 'asked' AND expires > $2
        ORDER BY id LIMIT $3";
    OF_PERSON = "SELECT id, person, asked_by, shown, reason_sealed, state, created, expires
        FROM recovery WHERE person = $1 ORDER BY id DESC LIMIT $2";
    DECIDE = "UPDATE recovery SET state = $2, decided_by = $3, code = $4, expires = $5
        WHERE id = $1 AND state = 'asked'";
    FIND_CODE = "SELECT id, code, tries FROM recovery
        WHERE person = $1 AND state = 'agreed' AND expires > $2";
    MISS = "UPDATE recovery SET tries = tries + 1,
            state = CASE WHEN tries + 1 >= $2 THEN 'void' ELSE state END WHERE id = $1";
    USE_RECOVERY = "UPDATE recovery SET state = 'used', used = $2, code = NULL
        WHERE id = $1 AND state = 'agreed' AND expires > $2";
    VOID_ALL = "UPDATE recovery SET state = 'void', code = NULL
        WHERE state IN ('asked', 'agreed') AND expires <= $1";
}

struct Stored {
    id: Id<Recovery>,
    person: Id<Person>,
    asked_by: Id<Officer>,
    shown: Shown,
    reason: Vec<u8>,
    state: RecoveryState,
    created: kernel::Time,
    expires: kernel::Time,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            asked_by: row.get("asked_by")?,
            shown: row.get("shown")?,
            reason: row.get("reason_sealed")?,
            state: row.get("state")?,
            created: row.get("created")?,
            expires: row.get("expires")?,
        })
    }
}

impl Stored {
    fn open(self, vault: &Vault) -> Result<Recovery, Error> {
        let place = Place::new("recovery.reason_sealed", self.id);
        Ok(Recovery {
            reason: vault.open_text(&place, &Sealed(self.reason))?,
            id: self.id,
            person: self.person,
            asked_by: self.asked_by,
            shown: self.shown,
            state: self.state,
            created: self.created,
            expires: self.expires,
        })
    }
}

pub(crate) fn guard(by: &Officer, role: Option<Role>) -> Result<(), Error> {
    let fits = by.is_active && by.department == KEEPER && role.is_none_or(|role| by.role == role);
    if fits { Ok(()) } else { Err(Error::WrongPost) }
}

async fn note_in(tx: &Write, action: &'static str, id: Id<Recovery>) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "recovery",
        id: id.to_string(),
        reason: None,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// What officers asked for at a counter to bring a person back in, latest first.
///
/// # Errors
/// The store fails; [`Error::Trust`] when a reason cannot be opened.
pub async fn recoveries_of(
    store: &Store,
    vault: &Vault,
    person: Id<Person>,
) -> Result<Vec<Recovery>, Error> {
    let rows: Vec<Stored> = store
        .read(move |db| async move {
            let row = params![person, RECOVERIES_SHOWN];
            Ok::<_, Error>(db.all(&OF_PERSON, row).await?)
        })
        .await?;
    rows.into_iter().map(|row| row.open(vault)).collect()
}

/// An officer has seen the person and a document, and asks another one to agree. An earlier question or
/// unused code of the person is void.
///
/// # Errors
/// [`Error::WrongPost`] for anybody but the keeper's officers, and for oneself; [`Error::Malformed`]
/// without a reason; [`Error::Inactive`] when the account is not active.
pub async fn ask_recovery(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    new: NewRecovery,
) -> Result<Id<Recovery>, Error> {
    guard(by, None)?;
    let reason = super::standing::checked(&new.reason)?;
    if by.person == new.person {
        return Err(Error::WrongPost);
    }
    let id = store.env().id::<Recovery>();
    let sealed = vault.seal(&Place::new("recovery.reason_sealed", id), &reason)?;
    let reading = Reading {
        person: new.person,
        reader: new.reader.clone(),
        department: by.department.clone(),
        reason: kernel::Text::same(&reason),
    };
    let officer = by.clone();
    store
        .write(&by.actor(), move |tx| {
            let (new, sealed) = (new.clone(), sealed.clone());
            let (officer, reading) = (officer.clone(), reading.clone());
            async move {
                let owner = person::get_in(&tx, new.person).await?;
                if !owner.is_active() {
                    return Err(Error::Inactive);
                }
                tx.run(&VOID_OLD, params![new.person]).await?;
                let row = params![
                    id,
                    new.person,
                    officer.id,
                    officer.department,
                    new.shown,
                    sealed.0,
                    tx.now(),
                    tx.now() + RECOVERY_TTL
                ];
                tx.run(&INSERT_RECOVERY, row).await?;
                let shown = [FieldKey::NameEn, owner.basis.number_field()];
                profile::record_reading_in(&tx, &reading, &shown).await?;
                note_in(&tx, "recovery.asked", id).await?;
                Ok(id)
            }
        })
        .await
}

/// The recoveries that wait for another officer of the keeper.
///
/// # Errors
/// [`Error::WrongPost`].
pub async fn waiting_recoveries(
    store: &Store,
    vault: &Vault,
    by: &Officer,
) -> Result<Vec<Recovery>, Error> {
    guard(by, None)?;
    let rows: Vec<Stored> = store
        .read(|db| async move {
            let row = params![KEEPER, db.now(), RECOVERIES_SHOWN];
            db.all(&WAITING, row).await
        })
        .await?;
    rows.into_iter().map(|one| one.open(vault)).collect()
}

/// A supervisor who did not ask agrees, and gets the code to hand over; or refuses. The code is given this
/// once and is kept as a keyed digest.
///
/// # Errors
/// [`Error::WrongPost`]; [`Error::SamePerson`] for the one who asked; [`Error::NotFound`] when it is over.
pub async fn decide_recovery(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    (id, verdict): (Id<Recovery>, crate::Verdict),
) -> Result<Option<String>, Error> {
    guard(by, Some(Role::Supervisor))?;
    let code = reference_of(store.env().bytes());
    let agreed = verdict == crate::Verdict::Agree;
    let kept = agreed.then(|| digest(vault, &code));
    let officer = by.clone();
    store
        .write(&by.actor(), move |tx| {
            let (officer, kept) = (officer.clone(), kept.clone());
            async move { decide_in(&tx, (id, &officer), kept).await }
        })
        .await?;
    Ok(agreed.then_some(code))
}

async fn decide_in(
    tx: &Write,
    (id, officer): (Id<Recovery>, &Officer),
    code: Option<Vec<u8>>,
) -> Result<(), Error> {
    let found: Stored = tx
        .one(&FIND_RECOVERY, params![id])
        .await?
        .ok_or(Error::NotFound)?;
    if found.asked_by == officer.id || found.person == officer.person {
        return Err(Error::SamePerson);
    }
    if found.state != RecoveryState::Asked || found.expires <= tx.now() {
        return Err(Error::NotFound);
    }
    let (state, action) = match &code {
        Some(_) => (RecoveryState::Agreed, "recovery.agreed"),
        None => (RecoveryState::Refused, "recovery.refused"),
    };
    let until = tx.now() + RECOVERY_TTL;
    let row = params![id, state, officer.id, code, until];
    tx.run(&DECIDE, row).await?;
    note_in(tx, action, id).await
}

pub(crate) fn digest(vault: &Vault, code: &str) -> Vec<u8> {
    vault.blind_index("recovery", code).bytes()
}

/// Redeems a code of a counter: the browser may now make one passkey for the document's holder. A wrong
/// document and a wrong code are answered alike.
///
/// # Errors
/// [`Error::RecoveryRefused`]; [`Error::TooManyPasskeys`].
pub async fn redeem_recovery(
    store: &Store,
    (vault, party): (&Vault, &RelyingParty),
    (document, typed): (&IdentityDocument, &str),
    (name, binding): (&str, &Binding),
) -> Result<Ceremony, Error> {
    let code = crate::read_reference(typed).ok_or(Error::RecoveryRefused)?;
    let given = digest(vault, &code);
    let owner = person::find_person_by_document(store, vault, document)
        .await?
        .filter(Person::is_active)
        .ok_or(Error::RecoveryRefused)?;
    let fits = store
        .write(&kernel::Actor::Visitor, move |tx| {
            let given = given.clone();
            async move { try_in(&tx, owner.id, &given).await }
        })
        .await?;
    let id = fits.ok_or(Error::RecoveryRefused)?;
    passkey::add_by_code(store, party, (owner.id, name), (id, binding)).await
}

/// The recovery that this code opens; a miss is counted.
async fn try_in(
    tx: &Write,
    owner: Id<Person>,
    given: &[u8],
) -> Result<Option<Id<Recovery>>, Error> {
    let found: Option<(Id<Recovery>, Vec<u8>, i64)> =
        tx.one(&FIND_CODE, params![owner, tx.now()]).await?;
    if let Some((id, code, tries)) = found {
        if tries < RECOVERY_TRIES && trust::digest::equal(&code, given) {
            return Ok(Some(id));
        }
        tx.run(&MISS, params![id, RECOVERY_TRIES]).await?;
    }
    attempt::note_in(tx, owner, Attempt::Code).await?;
    Ok(None)
}

/// Uses the code up, in the write that adds the passkey: every browser of the person is signed out.
pub(crate) async fn use_in(tx: &Write, id: Id<Recovery>) -> Result<(), Error> {
    if tx.run(&USE_RECOVERY, params![id, tx.now()]).await? == 0 {
        return Err(Error::RecoveryRefused);
    }
    let found: Stored = tx.only(&FIND_RECOVERY, params![id]).await?;
    browser::end_all_in(tx, found.person).await?;
    note_in(tx, "recovery.used", id).await
}

/// Voids what nobody used in time.
pub(crate) async fn void_in(tx: &Write) -> Result<u64, Error> {
    Ok(tx.run(&VOID_ALL, params![tx.now()]).await?)
}
