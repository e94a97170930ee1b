//! Suspending, lifting, closing, deaths; and guardians' agreements.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Audit, Event};
use kernel::{Actor, Date, Hkid, Id, Role, Time};
use serde_json::json;
use trust::{Place, Sealed, Vault};

use crate::{
    AccountChange, Approval, Approved, Binding, Child, Error, Ground, Guardianship,
    GuardianshipState, Level, Officer, Person, PersonState, Purpose, Register, Relation,
    enrolment::{ADULT_AGE, MINIMUM_AGE},
    standing::{CHANGES_SHOWN, CHILDREN_MAX, DEATHS, KEEPER},
    store::{
        approval, browser, company::resident, consent, device, enrolment, member, passkey, person,
        profile_version,
    },
};

/// Agreements that one sweep ends.
const SWEPT: i64 = 500;

::store::sql! {
    INSERT_CHANGE = "INSERT INTO account_change (id, person, state, ground, department, at)
        VALUES ($1, $2, $3, $4, $5, $6)";
    CHANGES = "SELECT state, ground, department, at FROM account_change WHERE person = $1
        ORDER BY id DESC LIMIT $2";
    INSERT_GUARDIANSHIP = "INSERT INTO guardianship (id, minor_index, minor, guardian, relation,
            card_sealed, approval, state, agreed, ends)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'agreed', $8, $9)";
    COUNT_AGREED = "SELECT COUNT(*) FROM guardianship
        WHERE minor_index = $1 AND state = 'agreed' AND ends > $2";
    COUNT_OWN = "SELECT COUNT(*) FROM guardianship
        WHERE minor_index = $1 AND guardian = $2 AND state = 'agreed'";
    LINK_MINOR = "UPDATE guardianship SET minor = $2 WHERE minor_index = $1";
    OF_GUARDIAN = "SELECT id, card_sealed, relation, state, minor, agreed, ends FROM guardianship
        WHERE guardian = $1 ORDER BY agreed DESC, id LIMIT $2";
    MINOR_INDEX = "SELECT minor_index FROM guardianship WHERE id = $1 AND guardian = $2
        AND state = 'agreed'";
    WITHDRAW = "UPDATE guardianship SET state = 'withdrawn', ended = $2 WHERE id = $1";
    COME_OF_AGE = "SELECT id, minor FROM guardianship WHERE state <> 'ended' AND ends <= $1
        ORDER BY ends LIMIT $2";
    END_GUARDIANSHIP = "UPDATE guardianship SET state = 'ended', ended = $2 WHERE id = $1";
}

impl FromRow for AccountChange {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            state: row.get("state")?,
            ground: row.get("ground")?,
            department: row.get("department")?,
            at: row.get("at")?,
        })
    }
}

struct Stored {
    id: Id<Guardianship>,
    card: Vec<u8>,
    relation: Relation,
    state: GuardianshipState,
    minor: Option<Id<Person>>,
    agreed: Time,
    ends: Date,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            card: row.get("card_sealed")?,
            relation: row.get("relation")?,
            state: row.get("state")?,
            minor: row.get("minor")?,
            agreed: row.get("agreed")?,
            ends: row.get("ends")?,
        })
    }
}

/// What happened to an account, latest first.
///
/// # Errors
/// The store fails.
pub async fn account_changes(
    store: &Store,
    person: Id<Person>,
) -> Result<Vec<AccountChange>, Error> {
    store
        .read(move |db| async move { changes_in(&db, person).await })
        .await
}

async fn changes_in(db: &Read, person: Id<Person>) -> Result<Vec<AccountChange>, Error> {
    Ok(db.all(&CHANGES, params![person, CHANGES_SHOWN]).await?)
}

/// Moves an account to a state, with its ground, and signs the person out everywhere.
pub(crate) async fn change_in(
    tx: &Write,
    id: Id<Person>,
    (state, ground): (PersonState, Ground),
    reason: &str,
) -> Result<(), Error> {
    person::set_state_in(tx, id, state, reason).await?;
    note_change_in(tx, id, (state, ground)).await?;
    if state == PersonState::Active {
        return Ok(());
    }
    browser::end_all_in(tx, id).await
}

/// Writes a line of the account's history.
pub(crate) async fn note_change_in(
    tx: &Write,
    id: Id<Person>,
    (state, ground): (PersonState, Ground),
) -> Result<(), Error> {
    let department = match tx.actor() {
        Actor::Officer { department, .. } => Some(department.clone()),
        _ => None,
    };
    let row = params![
        tx.id::<AccountChange>(),
        id,
        state,
        ground,
        department,
        tx.now()
    ];
    tx.run(&INSERT_CHANGE, row).await?;
    Ok(())
}

pub(crate) fn guard_keeper(by: &Officer, role: Option<Role>) -> Result<(), Error> {
    let fits = by.is_active && by.department == KEEPER && role.is_none_or(|role| by.role == role);
    if fits { Ok(()) } else { Err(Error::WrongPost) }
}

pub(crate) fn checked(reason: &str) -> Result<String, Error> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Error::Malformed("reason"));
    }
    Ok(reason.chars().take(kernel::limits::LINE_CHARS).collect())
}

/// An officer suspends an account: nothing can be signed, approved or begun with it, and every browser
/// is signed out in the same write.
///
/// # Errors
/// [`Error::WrongPost`] for anybody but the keeper's officers; [`Error::Inactive`] when it is not
/// active; [`Error::Malformed`] without a reason.
pub async fn suspend(
    store: &Store,
    by: &Officer,
    id: Id<Person>,
    (ground, reason): (Ground, &str),
) -> Result<(), Error> {
    guard_keeper(by, None)?;
    let reason = checked(reason)?;
    if !Ground::SUSPENDING.contains(&ground) || by.person == id {
        return Err(Error::WrongPost);
    }
    store
        .write(&by.actor(), move |tx| {
            let reason = reason.clone();
            async move {
                if !person::get_in(&tx, id).await?.is_active() {
                    return Err(Error::Inactive);
                }
                change_in(&tx, id, (PersonState::Suspended, ground), &reason).await
            }
        })
        .await
}

/// A supervisor lets a suspended account be used again.
///
/// # Errors
/// [`Error::WrongPost`]; [`Error::Inactive`] when it is not suspended; [`Error::Malformed`].
pub async fn lift(store: &Store, by: &Officer, id: Id<Person>, reason: &str) -> Result<(), Error> {
    guard_keeper(by, Some(Role::Supervisor))?;
    let reason = checked(reason)?;
    store
        .write(&by.actor(), move |tx| {
            let reason = reason.clone();
            async move {
                if person::get_in(&tx, id).await?.state != PersonState::Suspended {
                    return Err(Error::Inactive);
                }
                change_in(&tx, id, (PersonState::Active, Ground::Settled), &reason).await
            }
        })
        .await
}

/// Closes an account by its owner's own approval: the phone, mandates, consents and the profile go; the
/// person's row, sealed, stays with what was applied for, so that records keep their owner and nobody
/// opens a second account with the card.
///
/// # Errors
/// As [`crate::consume_in`]; [`Error::WrongApproval`] when it is for something else.
pub async fn close(
    store: &Store,
    id: Id<Person>,
    (given, binding): (Id<Approval>, &Binding),
) -> Result<(), Error> {
    let binding = binding.clone();
    store
        .write(&resident(id, None), move |tx| {
            let binding = binding.clone();
            async move {
                let approved = approval::consume_in(&tx, given, &binding).await?;
                fits(&approved, id, &close_digest(id))?;
                close_in(&tx, id, (Ground::Own, "closed by its owner")).await
            }
        })
        .await
}

/// What the phone approves when an account is closed.
#[must_use]
pub fn close_digest(id: Id<Person>) -> [u8; 32] {
    trust::digest::sha256(format!("close account {id}"))
}

fn fits(approved: &Approved, id: Id<Person>, digest: &[u8; 32]) -> Result<(), Error> {
    let fits =
        approved.purpose == Purpose::StepUp && approved.person == id && approved.digest == *digest;
    if fits {
        Ok(())
    } else {
        Err(Error::WrongApproval)
    }
}

async fn close_in(
    tx: &Write,
    id: Id<Person>,
    (ground, reason): (Ground, &str),
) -> Result<(), Error> {
    // Others read the end of a mandate; why it ended is nobody's business.
    member::end_all_in(tx, id, "").await?;
    consent::revoke_all_in(tx, id).await?;
    profile_version::forget_in(tx, id).await?;
    if device::live_in(tx, id).await?.is_some() {
        device::revoke_in(tx, id, "the account is closed").await?;
    }
    passkey::revoke_all_in(tx, id).await?;
    change_in(tx, id, (PersonState::Closed, ground), reason).await?;
    let event = Event {
        kind: "causeway.person.closed.v1",
        subject: id.to_string(),
        data: json!({ "person": id }),
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// The register tells of a death: the account closes and everything that hangs on it ends. Nobody is
/// told by name, and whoever sent the notice does not learn whether there was an account.
///
/// # Errors
/// [`Error::WrongPost`] for anybody but the register's officers; [`Error::Malformed`] without the
/// number of the notice.
pub async fn note_death(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    (hkid, notice): (&Hkid, &str),
) -> Result<(), Error> {
    if !by.is_active || by.department != DEATHS {
        return Err(Error::WrongPost);
    }
    let notice = checked(notice)?;
    let found = person::find_person_by_hkid(store, vault, hkid).await?;
    let found = found.filter(|one| one.state != PersonState::Closed);
    store
        .write(&by.actor(), move |tx| {
            let (found, notice) = (found.clone(), notice.clone());
            async move {
                let audit = Audit {
                    action: "register.death_noted",
                    noun: "register",
                    id: notice,
                    reason: None,
                    detail: json!({}),
                };
                journal::audit(&tx, audit).await?;
                match found {
                    Some(one) => {
                        close_in(&tx, one.id, (Ground::Death, "a notice of the register")).await
                    }
                    None => Ok(()),
                }
            }
        })
        .await
}

/// Whether somebody may agree for this child: the register has both, the child is 11 to 17, the adult is
/// grown up and of plus level. The child's name is not told.
///
/// # Errors
/// [`Error::NoMatch`], [`Error::TooManyAttempts`], [`Error::TooYoung`], [`Error::NotMinor`],
/// [`Error::LevelTooLow`], [`Error::RegisterDown`].
pub async fn check_child(
    store: &Store,
    (vault, register): (&Vault, &dyn Register),
    guardian: Id<Person>,
    child: &Child,
) -> Result<(), Error> {
    let owner = person::find_person(store, guardian)
        .await?
        .ok_or(Error::NotFound)?;
    if owner.level < Level::Plus {
        return Err(Error::LevelTooLow);
    }
    let index = person::hkid_index(vault, &child.hkid);
    enrolment::check_attempts(store, &index).await?;
    let found = register.find(&child.hkid, child.born).await;
    if found.map_err(|_| Error::RegisterDown)?.is_none() {
        enrolment::count_failure(store, &index).await?;
        return Err(Error::NoMatch);
    }
    let today = store.env().today();
    let keeper = vault.clone();
    let own = store
        .read(move |db| {
            let vault = keeper.clone();
            async move { person::particulars_in(&db, &vault, guardian).await }
        })
        .await?;
    let age = child.born.age_on(today);
    if age < MINIMUM_AGE {
        return Err(Error::TooYoung);
    }
    if age >= ADULT_AGE || own.born.age_on(today) < ADULT_AGE {
        return Err(Error::NotMinor);
    }
    Ok(())
}

/// What the guardian's phone approves.
#[must_use]
pub fn child_digest(guardian: Id<Person>, child: &Child) -> [u8; 32] {
    let Child {
        hkid,
        born,
        relation,
    } = child;
    trust::digest::sha256(format!(
        "guardian {guardian} {} {born} {relation}",
        hkid.as_str()
    ))
}

/// The guardian has approved on their own phone: the child may enrol, or use its account again.
///
/// # Errors
/// As [`check_child`] and [`crate::consume_in`]; [`Error::WrongApproval`], [`Error::AlreadyThere`].
pub async fn agree_for_child(
    store: &Store,
    adapters: (&Vault, &dyn Register),
    (guardian, child): (Id<Person>, &Child),
    (given, binding): (Id<Approval>, &Binding),
) -> Result<(), Error> {
    check_child(store, adapters, guardian, child).await?;
    let vault = adapters.0;
    let minor = person::find_person_by_hkid(store, vault, &child.hkid).await?;
    let id: Id<Guardianship> = store.env().id();
    let place = Place::new("guardianship.card_sealed", id);
    let new = NewGuardianship {
        id,
        index: person::hkid_index(vault, &child.hkid),
        minor,
        card: vault.seal(&place, child.hkid.masked())?.0,
        digest: child_digest(guardian, child),
        relation: child.relation,
        ends: child.born.plus_years(ADULT_AGE),
    };
    let binding = binding.clone();
    store
        .write(&resident(guardian, None), move |tx| {
            let (new, binding) = (new.clone(), binding.clone());
            async move {
                let approved = approval::consume_in(&tx, given, &binding).await?;
                fits(&approved, guardian, &new.digest)?;
                agree_in(&tx, guardian, (new, given)).await
            }
        })
        .await
}

#[derive(Clone)]
struct NewGuardianship {
    id: Id<Guardianship>,
    index: Vec<u8>,
    minor: Option<Person>,
    card: Vec<u8>,
    digest: [u8; 32],
    relation: Relation,
    ends: Date,
}

async fn agree_in(
    tx: &Write,
    guardian: Id<Person>,
    (new, given): (NewGuardianship, Id<Approval>),
) -> Result<(), Error> {
    let own: i64 = tx
        .only(&COUNT_OWN, params![new.index.clone(), guardian])
        .await?;
    if own > 0 {
        return Err(Error::AlreadyThere);
    }
    let minor = new.minor.as_ref().map(|one| one.id);
    let row = params![
        new.id,
        new.index,
        minor,
        guardian,
        new.relation,
        new.card,
        given,
        tx.now(),
        new.ends
    ];
    tx.run(&INSERT_GUARDIANSHIP, row).await?;
    note(tx, new.id, "guardianship.agreed").await?;
    if let Some(minor) = minor {
        lift_if_guardian_in(tx, minor).await?;
    }
    Ok(())
}

async fn note(tx: &Write, id: Id<Guardianship>, action: &'static str) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "guardianship",
        id: id.to_string(),
        reason: None,
        detail: json!({}),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// An account suspended because no guardian agreed is used again.
async fn lift_if_guardian_in(tx: &Write, minor: Id<Person>) -> Result<(), Error> {
    let known = person::get_in(tx, minor).await?;
    let latest = changes_in(tx, minor).await?.into_iter().next();
    let by_guardian = latest.is_some_and(|one| one.ground == Ground::Guardian);
    if known.state == PersonState::Suspended && by_guardian {
        let to = (PersonState::Active, Ground::Settled);
        change_in(tx, minor, to, "the guardian agrees, or is no longer needed").await?;
    }
    Ok(())
}

/// Whether a guardian has agreed for the owner of this card.
pub(crate) async fn is_agreed(store: &Store, index: &[u8]) -> Result<bool, Error> {
    let index = index.to_vec();
    let agreed: i64 = store
        .read(move |db| {
            let index = index.clone();
            async move {
                let row = params![index, db.now().date()];
                Ok::<_, Error>(db.only(&COUNT_AGREED, row).await?)
            }
        })
        .await?;
    Ok(agreed > 0)
}

/// The minor has enrolled: the agreement is theirs.
pub(crate) async fn link_in(tx: &Write, index: &[u8], minor: Id<Person>) -> Result<(), Error> {
    tx.run(&LINK_MINOR, params![index, minor]).await?;
    Ok(())
}

/// The agreements of a guardian, latest first.
///
/// # Errors
/// The store fails, or a card cannot be opened.
pub async fn guardianships_of(
    store: &Store,
    vault: &Vault,
    guardian: Id<Person>,
) -> Result<Vec<Guardianship>, Error> {
    let rows: Vec<Stored> = store
        .read(move |db| async move {
            Ok::<_, Error>(
                db.all(&OF_GUARDIAN, params![guardian, CHILDREN_MAX])
                    .await?,
            )
        })
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let place = Place::new("guardianship.card_sealed", row.id);
        found.push(Guardianship {
            id: row.id,
            card: vault.open_text(&place, &Sealed(row.card))?,
            relation: row.relation,
            state: row.state,
            minor: row.minor,
            agreed: row.agreed,
            ends: row.ends,
        });
    }
    Ok(found)
}

/// The guardian no longer agrees: unless another does, the minor's account is suspended at once.
///
/// # Errors
/// [`Error::NotFound`] for an agreement of somebody else or one that is over.
pub async fn withdraw_guardianship(
    store: &Store,
    guardian: Id<Person>,
    id: Id<Guardianship>,
) -> Result<(), Error> {
    store
        .write(&resident(guardian, None), move |tx| async move {
            let index: Option<Vec<u8>> = tx.one(&MINOR_INDEX, params![id, guardian]).await?;
            let index = index.ok_or(Error::NotFound)?;
            tx.run(&WITHDRAW, params![id, tx.now()]).await?;
            note(&tx, id, "guardianship.withdrawn").await?;
            let row = params![index.clone(), tx.now().date()];
            let others: i64 = tx.only(&COUNT_AGREED, row).await?;
            let minor = person::by_index_in(&tx, index).await?;
            if let Some(minor) = minor.filter(|one| others == 0 && one.is_active()) {
                let to = (PersonState::Suspended, Ground::Guardian);
                change_in(&tx, minor.id, to, "no guardian agrees any more").await?;
            }
            Ok(())
        })
        .await
}

/// Ends agreements whose minor is grown up, a bounded number at a time; an account suspended for want of
/// one is used again.
pub(crate) async fn come_of_age_in(tx: &Write) -> Result<(), Error> {
    let grown: Vec<(Id<Guardianship>, Option<Id<Person>>)> = tx
        .all(&COME_OF_AGE, params![tx.now().date(), SWEPT])
        .await?;
    for (id, minor) in grown {
        tx.run(&END_GUARDIANSHIP, params![id, tx.now()]).await?;
        note(tx, id, "guardianship.ended").await?;
        if let Some(minor) = minor {
            lift_if_guardian_in(tx, minor).await?;
        }
    }
    Ok(())
}
