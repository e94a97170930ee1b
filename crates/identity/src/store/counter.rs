//! Passports recorded at a counter, by two officers, and the codes that bind a phone.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Id, Role, Time};
use serde_json::json;
use trust::{Place, Sealed, Vault, digest::equal};

use crate::{
    Basis, CounterEnrolment, Device, Error, FieldKey, Guardian, IdentityDocument, Level, Looked,
    NewCounterEnrolment, Officer, PassportEntry, PassportNumber, Person, PhoneWanted, PublicJwk,
    RecoveryState, Verdict,
    approval::reference_of,
    attempt::{self, Attempt},
    counter::{COUNTER_DAYS, COUNTER_TRIES, COUNTER_TTL, COUNTERS_SHOWN, SAME_NUMBER},
    device::DEVICE_NAME_CHARS,
    enrolment::{Ineligible, eligible},
    person::Identified,
    store::{device, enrolment, person, profile, recovery},
};

::store::sql! {
    INSERT_COUNTER = "INSERT INTO counter_enrolment (id, person, document_index, number_index,
            particulars_sealed, has_code, asked_by, department, reason_sealed, state, tries, created,
            expires)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'asked', 0, $10, $11)";
    VOID_OLD = "UPDATE counter_enrolment SET state = 'void', code = NULL
        WHERE document_index = $1 AND state IN ('asked', 'agreed')";
    FIND_COUNTER = "SELECT id, person, particulars_sealed, has_code, asked_by, reason_sealed, state,
            created, expires FROM counter_enrolment WHERE id = $1 AND department = $2";
    WAITING = "SELECT id, person, particulars_sealed, has_code, asked_by, reason_sealed, state,
            created, expires FROM counter_enrolment
        WHERE department = $1 AND state = 'asked' AND expires > $2 ORDER BY id LIMIT $3";
    DECIDE = "UPDATE counter_enrolment SET state = $2, decided_by = $3, code = $4, expires = $5
        WHERE id = $1 AND state = 'asked' AND expires > $6";
    CANDIDATES = "SELECT id, person, particulars_sealed, code FROM counter_enrolment
        WHERE number_index = $1 AND state = 'agreed' AND expires > $2 AND tries < $3
        ORDER BY id LIMIT $4";
    MISS = "UPDATE counter_enrolment SET tries = tries + 1,
            state = CASE WHEN tries + 1 >= $3 THEN 'void' ELSE state END
        WHERE number_index = $1 AND state = 'agreed' AND expires > $2";
    USE_COUNTER = "UPDATE counter_enrolment SET state = 'used', used = $2, code = NULL
        WHERE id = $1 AND state = 'agreed' AND expires > $2";
    VOID_ALL = "UPDATE counter_enrolment SET state = 'void', code = NULL
        WHERE state IN ('asked', 'agreed') AND expires <= $1";
    FORGET = "DELETE FROM counter_enrolment WHERE expires <= $1";
}

struct Stored {
    id: Id<CounterEnrolment>,
    person: Option<Id<Person>>,
    particulars: Vec<u8>,
    has_code: bool,
    asked_by: Id<Officer>,
    reason: Vec<u8>,
    state: RecoveryState,
    created: Time,
    expires: Time,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            particulars: row.get("particulars_sealed")?,
            has_code: row.get("has_code")?,
            asked_by: row.get("asked_by")?,
            reason: row.get("reason_sealed")?,
            state: row.get("state")?,
            created: row.get("created")?,
            expires: row.get("expires")?,
        })
    }
}

impl Stored {
    fn open(self, vault: &Vault) -> Result<CounterEnrolment, Error> {
        let place = Place::new("counter_enrolment.reason_sealed", self.id);
        Ok(CounterEnrolment {
            entry: open_entry(vault, self.id, self.particulars)?,
            reason: vault.open_text(&place, &Sealed(self.reason))?,
            id: self.id,
            person: self.person,
            phone: if self.has_code {
                PhoneWanted::Yes
            } else {
                PhoneWanted::No
            },
            asked_by: self.asked_by,
            state: self.state,
            created: self.created,
            expires: self.expires,
        })
    }
}

fn entry_place(id: Id<CounterEnrolment>) -> Place {
    Place::new("counter_enrolment.particulars_sealed", id)
}

fn open_entry(
    vault: &Vault,
    id: Id<CounterEnrolment>,
    sealed: Vec<u8>,
) -> Result<PassportEntry, Error> {
    let plain = vault.open(&entry_place(id), &Sealed(sealed))?;
    serde_json::from_slice(&plain).map_err(|_| Error::Corrupt("counter_enrolment"))
}

fn number_index(vault: &Vault, number: &PassportNumber) -> Vec<u8> {
    vault
        .blind_index("passport number", number.as_str())
        .bytes()
}

fn digest(vault: &Vault, code: &str) -> Vec<u8> {
    vault.blind_index("counter enrolment", code).bytes()
}

async fn note_in(
    tx: &Write,
    (action, id): (&'static str, Id<CounterEnrolment>),
    (reason, detail): (Option<String>, serde_json::Value),
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "counter_enrolment",
        id: id.to_string(),
        reason,
        detail,
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

fn identified(entry: &PassportEntry, seen: Time) -> Identified {
    Identified {
        document: IdentityDocument::Passport(entry.passport.clone()),
        name: entry.name.clone(),
        sex: entry.sex,
        born: entry.born,
        basis: Basis::Passport {
            expires: entry.expires,
            seen,
        },
    }
}

/// The account that has this document or once had it, for the officer who is about to record it.
///
/// # Errors
/// [`Error::WrongPost`].
pub async fn taken_by(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    document: &IdentityDocument,
) -> Result<Option<Id<Person>>, Error> {
    recovery::guard(by, None)?;
    let index = person::index_of(vault, document);
    store
        .read(move |db| {
            let index = index.clone();
            async move { person::holder_in(&db, &index).await }
        })
        .await
}

/// An officer records a passport that its holder showed, for a second look. What was recorded of the same
/// passport before is void.
///
/// # Errors
/// [`Error::WrongPost`] for anybody but the keeper's officers, and for oneself; [`Error::Malformed`] with
/// the part that does not do; [`Error::TooYoung`], [`Error::GuardianNeeded`]; [`Error::AlreadyThere`] when
/// another account has the passport; [`Error::Inactive`].
pub async fn ask_counter(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    new: NewCounterEnrolment,
) -> Result<Id<CounterEnrolment>, Error> {
    recovery::guard(by, None)?;
    let reason = super::standing::checked(&new.reason)?;
    let entry = &new.entry;
    let today = store.env().today();
    if let Some(part) = entry.wrong(today) {
        return Err(Error::Malformed(part));
    }
    let guardian = match (&new.person, &entry.guardian) {
        (None, None) => Guardian::Absent,
        _ => Guardian::Agreed,
    };
    eligible(entry.born, today, guardian).map_err(|why| match why {
        Ineligible::TooYoung => Error::TooYoung,
        Ineligible::GuardianNeeded => Error::GuardianNeeded,
    })?;
    let id = store.env().id::<CounterEnrolment>();
    let plain = serde_json::to_vec(entry).map_err(|_| Error::Corrupt("counter_enrolment"))?;
    let place = Place::new("counter_enrolment.reason_sealed", id);
    let row = NewRow {
        id,
        index: person::index_of(vault, &IdentityDocument::Passport(entry.passport.clone())),
        number: number_index(vault, &entry.passport.number),
        particulars: vault.seal(&entry_place(id), plain)?.0,
        reason: vault.seal(&place, &reason)?.0,
        words: reason,
        officer: by.clone(),
        new,
    };
    let vault = vault.clone();
    store
        .write(&by.actor(), move |tx| {
            let (row, vault) = (row.clone(), vault.clone());
            async move { insert_in(&tx, &vault, row).await }
        })
        .await?;
    Ok(id)
}

#[derive(Clone)]
struct NewRow {
    id: Id<CounterEnrolment>,
    index: Vec<u8>,
    number: Vec<u8>,
    particulars: Vec<u8>,
    reason: Vec<u8>,
    words: String,
    officer: Officer,
    new: NewCounterEnrolment,
}

/// A passport is recorded for an account that rests on one, by its holder's date of birth.
async fn check_known_in(tx: &Write, vault: &Vault, row: &NewRow) -> Result<(), Error> {
    let Some(known) = row.new.person else {
        return Ok(());
    };
    if row.officer.person == known {
        return Err(Error::WrongPost);
    }
    let owner = person::get_in(tx, known).await?;
    if !owner.is_active() {
        return Err(Error::Inactive);
    }
    let held = person::particulars_in(tx, vault, known).await?;
    if owner.basis == Basis::Card || held.born != row.new.entry.born {
        return Err(Error::Malformed("born"));
    }
    Ok(())
}

async fn insert_in(tx: &Write, vault: &Vault, row: NewRow) -> Result<(), Error> {
    check_known_in(tx, vault, &row).await?;
    let holder = person::holder_in(tx, &row.index).await?;
    if holder.is_some() && holder != row.new.person {
        return Err(Error::AlreadyThere);
    }
    tx.run(&VOID_OLD, params![row.index.clone()]).await?;
    let new = &row.new;
    let has_code = new.person.is_none() || new.phone == PhoneWanted::Yes;
    let values = params![
        row.id,
        new.person,
        row.index,
        row.number,
        row.particulars,
        has_code,
        row.officer.id,
        row.officer.department,
        row.reason,
        tx.now(),
        tx.now() + COUNTER_TTL
    ];
    tx.run(&INSERT_COUNTER, values).await?;
    let detail = json!({
        "evidence": "passport in hand, its holder present",
        "country": new.entry.passport.country,
        "person": new.person,
        "guardian": new.entry.guardian.is_some(),
    });
    let asked = ("counter_enrolment.asked", row.id);
    note_in(tx, asked, (Some(row.words), detail)).await
}

/// A record of the keeper's counters.
///
/// # Errors
/// [`Error::WrongPost`]; [`Error::NotFound`].
pub async fn find_counter(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    id: Id<CounterEnrolment>,
) -> Result<CounterEnrolment, Error> {
    recovery::guard(by, None)?;
    let department = by.department.clone();
    let found: Option<Stored> = store
        .read(move |db| {
            let department = department.clone();
            async move { db.one(&FIND_COUNTER, params![id, department]).await }
        })
        .await?;
    found.ok_or(Error::NotFound)?.open(vault)
}

/// The records that wait for a second look.
///
/// # Errors
/// [`Error::WrongPost`].
pub async fn waiting_counters(
    store: &Store,
    vault: &Vault,
    by: &Officer,
) -> Result<Vec<CounterEnrolment>, Error> {
    recovery::guard(by, None)?;
    let department = by.department.clone();
    let rows: Vec<Stored> = store
        .read(move |db| {
            let row = params![department, db.now(), COUNTERS_SHOWN];
            async move { db.all(&WAITING, row).await }
        })
        .await?;
    rows.into_iter().map(|one| one.open(vault)).collect()
}

/// A supervisor who did not record it has looked at the passport and agrees: an account that is there has
/// it at once, and a phone that is to be bound gets a code. Or it is refused; who recorded it may take it
/// back.
///
/// # Errors
/// [`Error::WrongPost`]; [`Error::SamePerson`] for the one who asked; [`Error::NotFound`] when it is over;
/// [`Error::AlreadyThere`] when another account has had the passport since.
pub async fn decide_counter(
    store: &Store,
    vault: &Vault,
    by: &Officer,
    (id, verdict): (Id<CounterEnrolment>, Verdict),
) -> Result<Looked, Error> {
    let found = find_counter(store, vault, by, id).await?;
    let is_agreed = verdict == Verdict::Agree;
    let is_own = found.asked_by == by.id;
    if is_agreed || !is_own {
        recovery::guard(by, Some(Role::Supervisor))?;
    }
    if is_agreed && (is_own || found.person == Some(by.person)) {
        return Err(Error::SamePerson);
    }
    let has_code = is_agreed && found.phone == PhoneWanted::Yes;
    let code = has_code.then(|| reference_of(store.env().bytes()));
    let renewed = match found.person {
        Some(known) if is_agreed => {
            let entry = identified(&found.entry, store.env().now());
            Some(person::seal(vault, known, entry, Level::Plus)?)
        }
        _ => None,
    };
    let ruling = Ruling {
        id,
        officer: by.id,
        index: person::index_of(
            vault,
            &IdentityDocument::Passport(found.entry.passport.clone()),
        ),
        person: found.person,
        is_agreed,
        code: code.as_deref().map(|code| digest(vault, code)),
        renewed,
    };
    store
        .write(&by.actor(), move |tx| {
            let ruling = ruling.clone();
            async move { rule_in(&tx, ruling).await }
        })
        .await?;
    Ok(match (is_agreed, code) {
        (false, _) => Looked::Refused,
        (true, None) => Looked::Renewed,
        (true, Some(code)) => Looked::Code(code),
    })
}

#[derive(Clone)]
struct Ruling {
    id: Id<CounterEnrolment>,
    officer: Id<Officer>,
    index: Vec<u8>,
    person: Option<Id<Person>>,
    is_agreed: bool,
    code: Option<Vec<u8>>,
    renewed: Option<person::SealedPerson>,
}

async fn rule_in(tx: &Write, ruling: Ruling) -> Result<(), Error> {
    let holder = person::holder_in(tx, &ruling.index).await?;
    if ruling.is_agreed && holder.is_some() && holder != ruling.person {
        return Err(Error::AlreadyThere);
    }
    let (state, action) = match (ruling.is_agreed, &ruling.code) {
        (false, _) => (RecoveryState::Refused, "counter_enrolment.refused"),
        (true, Some(_)) => (RecoveryState::Agreed, "counter_enrolment.agreed"),
        (true, None) => (RecoveryState::Used, "counter_enrolment.agreed"),
    };
    let until = tx.now() + COUNTER_TTL;
    let row = params![
        ruling.id,
        state,
        ruling.officer,
        ruling.code,
        until,
        tx.now()
    ];
    if tx.run(&DECIDE, row).await? == 0 {
        return Err(Error::NotFound);
    }
    if let Some(renewed) = &ruling.renewed {
        person::renew_in(tx, renewed).await?;
    }
    note_in(tx, (action, ruling.id), (None, json!({}))).await
}

/// What the holder types on the phone that is to be bound.
#[derive(Clone, Debug)]
pub struct CounterCode {
    pub number: PassportNumber,
    pub code: String,
    pub jwk: PublicJwk,
    pub device_name: String,
}

struct Candidate {
    id: Id<CounterEnrolment>,
    person: Option<Id<Person>>,
    particulars: Vec<u8>,
    code: Vec<u8>,
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            particulars: row.get("particulars_sealed")?,
            code: row.get("code")?,
        })
    }
}

async fn candidates_in(db: &Read, number: &[u8]) -> Result<Vec<Candidate>, Error> {
    let row = params![number, db.now(), COUNTER_TRIES, SAME_NUMBER];
    Ok(db.all(&CANDIDATES, row).await?)
}

/// Uses a code of a counter up: the account begins, or goes on, with this phone. A wrong number and a wrong
/// code are answered alike.
///
/// # Errors
/// [`Error::CodeRefused`], [`Error::TooManyAttempts`], [`Error::Malformed`], [`Error::Inactive`],
/// [`Error::AlreadyThere`].
pub async fn redeem_counter(
    store: &Store,
    vault: &Vault,
    asked: CounterCode,
) -> Result<(Person, Device), Error> {
    let key = asked.jwk.public_key();
    key.map_err(|_| Error::Malformed("key"))?;
    let number = number_index(vault, &asked.number);
    enrolment::check_attempts(store, &number).await?;
    let given = crate::read_reference(&asked.code).map(|code| digest(vault, &code));
    let index = number.clone();
    let open = store
        .read(move |db| {
            let index = index.clone();
            async move { candidates_in(&db, &index).await }
        })
        .await?;
    let fits = |one: &Candidate| given.as_ref().is_some_and(|given| equal(&one.code, given));
    let Some(found) = open.into_iter().find(fits) else {
        miss(store, number).await?;
        return Err(Error::CodeRefused);
    };
    let bound = prepare(store, vault, (found, asked))?;
    store
        .write(&kernel::Actor::Visitor, move |tx| {
            let bound = bound.clone();
            async move { bind_in(&tx, bound).await }
        })
        .await
}

async fn miss(store: &Store, number: Vec<u8>) -> Result<(), Error> {
    let index = number.clone();
    store
        .write(&kernel::Actor::Visitor, move |tx| {
            let index = index.clone();
            async move {
                for one in candidates_in(&tx, &index).await? {
                    if let Some(owner) = one.person {
                        attempt::note_in(&tx, owner, Attempt::Code).await?;
                    }
                }
                let row = params![index, tx.now(), COUNTER_TRIES];
                tx.run(&MISS, row).await?;
                Ok::<_, Error>(())
            }
        })
        .await?;
    enrolment::count_failure(store, &number).await
}

#[derive(Clone)]
struct Bound {
    id: Id<CounterEnrolment>,
    known: Option<Id<Person>>,
    sealed: person::SealedPerson,
    declared: Vec<(FieldKey, Option<Sealed>)>,
    jwk: PublicJwk,
    device_name: String,
}

fn prepare(
    store: &Store,
    vault: &Vault,
    (found, asked): (Candidate, CounterCode),
) -> Result<Bound, Error> {
    let entry = open_entry(vault, found.id, found.particulars)?;
    let id = found.person.unwrap_or_else(|| store.env().id());
    let email = entry.email.as_ref().filter(|_| found.person.is_none());
    let declared = email.map(|email| {
        let value = email.as_str().into();
        let sealed = profile::seal_change(vault, id, FieldKey::Email, &value)?;
        Ok::<_, Error>((FieldKey::Email, sealed))
    });
    let name = asked.device_name.trim();
    Ok(Bound {
        id: found.id,
        known: found.person,
        sealed: person::seal(
            vault,
            id,
            identified(&entry, store.env().now()),
            Level::Plus,
        )?,
        declared: declared.into_iter().collect::<Result<_, _>>()?,
        jwk: asked.jwk,
        device_name: name.chars().take(DEVICE_NAME_CHARS).collect(),
    })
}

async fn bind_in(tx: &Write, bound: Bound) -> Result<(Person, Device), Error> {
    if tx.run(&USE_COUNTER, params![bound.id, tx.now()]).await? == 0 {
        return Err(Error::CodeRefused);
    }
    note_in(
        tx,
        ("counter_enrolment.used", bound.id),
        (None, json!({ "person": bound.sealed.id })),
    )
    .await?;
    if let Some(known) = bound.known {
        let owner = person::get_in(tx, known).await?;
        if !owner.is_active() {
            return Err(Error::Inactive);
        }
        let phone = device::bind_in(tx, known, &bound.jwk, &bound.device_name).await?;
        return Ok((owner, phone));
    }
    if person::holder_in(tx, &bound.sealed.index).await?.is_some() {
        return Err(Error::AlreadyThere);
    }
    let both = enrolment::bind_in(tx, &bound.sealed, &bound.jwk, &bound.device_name).await?;
    if !bound.declared.is_empty() {
        profile::put_in(tx, both.0.id, &bound.declared).await?;
    }
    Ok(both)
}

/// Voids what nobody used in time, and forgets what ended long ago.
pub(crate) async fn forget_in(tx: &Write) -> Result<(), Error> {
    tx.run(&VOID_ALL, params![tx.now()]).await?;
    let long = std::time::Duration::from_secs(COUNTER_DAYS * 86_400);
    tx.run(&FORGET, params![tx.now() - long]).await?;
    Ok(())
}
