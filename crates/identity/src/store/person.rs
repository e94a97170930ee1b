//! People and their sealed particulars.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Channel, Step, Usage};
use kernel::{Date, Hkid, Id};
use trust::{Place, Sealed, Vault};

use crate::{
    Error, Level, Particulars, Person, PersonName, PersonState, RegisterEntry, store::registrant,
};

::store::sql! {
    FIND_PERSON = "SELECT id, name_en, name_zh, sex, birth_year, level, state, enrolled, checked
        FROM person WHERE id = $1";
    FIND_BY_HKID = "SELECT id, name_en, name_zh, sex, birth_year, level, state, enrolled, checked
        FROM person WHERE hkid_index = $1";
    FIND_SEALED = "SELECT hkid_sealed, born_sealed FROM person WHERE id = $1";
    INSERT_PERSON = "INSERT INTO person (id, name_en, name_zh, sex, birth_year, hkid_sealed,
            hkid_index, born_sealed, level, state, enrolled, checked)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $10)";
    SET_LEVEL = "UPDATE person SET level = $2 WHERE id = $1";
    SET_STATE = "UPDATE person SET state = $2 WHERE id = $1";
}

impl FromRow for Person {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            name: PersonName {
                en: row.get("name_en")?,
                zh: row.get("name_zh")?,
            },
            sex: row.get("sex")?,
            birth_year: i16::try_from(row.get::<i64>("birth_year")?).unwrap_or_default(),
            level: row.get("level")?,
            state: row.get("state")?,
            enrolled: row.get("enrolled")?,
            checked: row.get("checked")?,
        })
    }
}

/// The person with this id.
///
/// # Errors
/// The store fails.
pub async fn find_person(store: &Store, id: Id<Person>) -> Result<Option<Person>, Error> {
    store
        .read(move |db| async move { find_in(&db, id).await })
        .await
}

pub(crate) async fn find_in(db: &Read, id: Id<Person>) -> Result<Option<Person>, Error> {
    Ok(db.one(&FIND_PERSON, params![id]).await?)
}

pub(crate) async fn get_in(db: &Read, id: Id<Person>) -> Result<Person, Error> {
    find_in(db, id).await?.ok_or(Error::NotFound)
}

pub(crate) fn hkid_index(vault: &Vault, hkid: &Hkid) -> Vec<u8> {
    vault.blind_index("hkid", hkid.as_str()).bytes()
}

/// The person with this card number. Only for enrolment and for departments' desks.
///
/// # Errors
/// The store fails.
pub async fn find_person_by_hkid(
    store: &Store,
    vault: &Vault,
    hkid: &Hkid,
) -> Result<Option<Person>, Error> {
    let index = hkid_index(vault, hkid);
    store
        .read(move |db| {
            let index = index.clone();
            async move { Ok(db.one(&FIND_BY_HKID, params![index]).await?) }
        })
        .await
}

pub(crate) async fn by_index_in(db: &Read, index: Vec<u8>) -> Result<Option<Person>, Error> {
    Ok(db.one(&FIND_BY_HKID, params![index]).await?)
}

/// The sealed columns of a new person, made before the write because sealing draws randomness.
#[derive(Clone, Debug)]
pub(crate) struct SealedPerson {
    pub id: Id<Person>,
    pub entry: RegisterEntry,
    pub hkid: Sealed,
    pub born: Sealed,
    pub index: Vec<u8>,
    pub level: Level,
}

pub(crate) fn seal(
    vault: &Vault,
    id: Id<Person>,
    entry: &RegisterEntry,
    level: Level,
) -> Result<SealedPerson, Error> {
    Ok(SealedPerson {
        id,
        hkid: vault.seal(&Place::new("person.hkid_sealed", id), entry.hkid.as_str())?,
        born: vault.seal(
            &Place::new("person.born_sealed", id),
            entry.born.to_string(),
        )?,
        index: hkid_index(vault, &entry.hkid),
        entry: entry.clone(),
        level,
    })
}

/// Writes the person, or raises the level of the one already there; answers the id that stands.
pub(crate) async fn enrol_in(tx: &Write, new: &SealedPerson) -> Result<Person, Error> {
    let known: Option<Person> = tx.one(&FIND_BY_HKID, params![new.index.clone()]).await?;
    if let Some(known) = known {
        if !known.is_active() {
            return Err(Error::Inactive);
        }
        if known.level < new.level {
            raise_to_in(tx, &known, new.level).await?;
        }
        return get_in(tx, known.id).await;
    }
    insert_in(tx, new).await?;
    let birth_year = i64::from(new.entry.born.year());
    registrant::joined_in(tx, (birth_year, new.level), 1).await?;
    let today = tx.now().date();
    let enrolled =
        Usage::of(Step::Enrolled)
            .channel(Channel::Phone)
            .by(new.level.code(), birth_year, today);
    journal::usage(tx, enrolled).await?;
    get_in(tx, new.id).await
}

/// Writes the row of a new person and nothing beside it.
pub(crate) async fn insert_in(tx: &Write, new: &SealedPerson) -> Result<(), Error> {
    let entry = &new.entry;
    tx.run(
        &INSERT_PERSON,
        params![
            new.id,
            entry.name.en,
            entry.name.zh,
            entry.sex,
            i64::from(entry.born.year()),
            new.hkid.0.clone(),
            new.index.clone(),
            new.born.0.clone(),
            new.level,
            tx.now()
        ],
    )
    .await?;
    Ok(())
}

/// Moves a person to another level, in the register and in its numbers.
async fn raise_to_in(tx: &Write, known: &Person, level: Level) -> Result<(), Error> {
    tx.run(&SET_LEVEL, params![known.id, level]).await?;
    let birth_year = i64::from(known.birth_year);
    registrant::joined_in(tx, (birth_year, known.level), -1).await?;
    registrant::joined_in(tx, (birth_year, level), 1).await?;
    let raised = Usage::of(Step::Raised).channel(Channel::Phone).by(
        level.code(),
        birth_year,
        tx.now().date(),
    );
    journal::usage(tx, raised).await?;
    Ok(())
}

/// Suspends a person, closes the account, or lets them back in. Their phone answers nothing while
/// they are not active.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn set_state_in(
    tx: &Write,
    id: Id<Person>,
    state: PersonState,
    reason: &str,
) -> Result<(), Error> {
    let known = get_in(tx, id).await?;
    tx.run(&SET_STATE, params![id, state]).await?;
    if state != PersonState::Active {
        let reason = trust::x509::Reason::PrivilegeWithdrawn;
        trust::revoke_certificates_of(tx, &id.to_string(), reason).await?;
    }
    let counts = |state| i64::from(state != PersonState::Closed);
    let change = counts(state) - counts(known.state);
    let place = (i64::from(known.birth_year), known.level);
    registrant::joined_in(tx, place, change).await?;
    let audit = journal::Audit {
        action: "person.state_changed",
        noun: "person",
        id: id.to_string(),
        reason: Some(reason.to_owned()),
        detail: serde_json::json!({ "state": state }),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

/// Raises a person to the plus level: the card was shown.
pub(crate) async fn raise_in(tx: &Write, id: Id<Person>) -> Result<Person, Error> {
    let known = get_in(tx, id).await?;
    if known.level < Level::Plus {
        raise_to_in(tx, &known, Level::Plus).await?;
    }
    let audit = journal::Audit {
        action: "person.level_raised",
        noun: "person",
        id: id.to_string(),
        reason: None,
        detail: serde_json::json!({ "level": Level::Plus }),
    };
    journal::audit(tx, audit).await?;
    get_in(tx, id).await
}

pub(crate) async fn particulars_in(
    db: &Read,
    vault: &Vault,
    id: Id<Person>,
) -> Result<Particulars, Error> {
    let (hkid, born): (Vec<u8>, Vec<u8>) = db
        .one(&FIND_SEALED, params![id])
        .await?
        .ok_or(Error::NotFound)?;
    let hkid = vault.open_text(&Place::new("person.hkid_sealed", id), &Sealed(hkid))?;
    let born = vault.open_text(&Place::new("person.born_sealed", id), &Sealed(born))?;
    Ok(Particulars {
        hkid: hkid.parse().map_err(|_| Error::Corrupt("person.hkid"))?,
        born: born
            .parse::<Date>()
            .map_err(|_| Error::Corrupt("person.born"))?,
    })
}

/// The step with what a statistic knows of the one who takes it: level and age band.
///
/// # Errors
/// The store fails.
pub async fn counted_in(db: &Read, id: Id<Person>, step: Usage) -> Result<Usage, Error> {
    Ok(match find_in(db, id).await? {
        Some(known) => step.by(
            known.level.code(),
            i64::from(known.birth_year),
            db.now().date(),
        ),
        None => step,
    })
}
