//! People and their sealed particulars.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::{Channel, Step, Usage};
use kernel::{Date, Hkid, Id, Time};
use serde_json::json;
use trust::{Place, Sealed, Vault};

use crate::{
    Basis, DocumentKind, Error, Ground, IdentityDocument, Level, PASSPORT_LAPSED, PASSPORT_RENEWED,
    Particulars, Person, PersonName, PersonState,
    counter::LAPSED_SWEPT,
    person::Identified,
    store::{browser, registrant, standing},
};

::store::sql! {
    FIND_PERSON = "SELECT id, name_en, name_zh, sex, birth_year, level, state, enrolled, checked, corrected,
            document, document_expires, document_seen FROM person WHERE id = $1";
    FIND_BY_HKID = "SELECT id, name_en, name_zh, sex, birth_year, level, state, enrolled, checked, corrected,
            document, document_expires, document_seen FROM person WHERE hkid_index = $1";
    FIND_SEALED = "SELECT document, hkid_sealed, born_sealed FROM person WHERE id = $1";
    INSERT_PERSON = "INSERT INTO person (id, name_en, name_zh, sex, birth_year, hkid_sealed,
            hkid_index, born_sealed, level, state, enrolled, checked, asked, corrected,
            document, document_expires, document_seen)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active', $10, $10, $10, $10, $11, $12, $13)";
    SET_LEVEL = "UPDATE person SET level = $2 WHERE id = $1";
    FIND_INDEX = "SELECT hkid_index FROM person WHERE id = $1";
    FORMER_INDICES = "SELECT document_index FROM former_document WHERE person = $1";
    HOLDER = "SELECT id FROM person WHERE hkid_index = $1
        UNION SELECT person FROM former_document WHERE document_index = $1";
    KEEP_FORMER = "INSERT INTO former_document (document_index, person, replaced)
        VALUES ($1, $2, $3) ON CONFLICT (document_index) DO NOTHING";
    DROP_FORMER = "DELETE FROM former_document WHERE document_index = $1";
    RENEW = "UPDATE person SET name_en = $2, name_zh = $3, sex = $4, hkid_sealed = $5,
            hkid_index = $6, document = $7, document_expires = $8, document_seen = $9, corrected = $9 WHERE id = $1";
    LAPSED = "SELECT id FROM person WHERE document_expires < $1 AND level = 'plus'
            AND state <> 'closed' ORDER BY document_expires, id LIMIT $2";
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
            corrected: row.get("corrected")?,
            basis: basis_of(row)?,
        })
    }
}

fn basis_of(row: &Row) -> Result<Basis, ::store::Error> {
    Ok(match row.get("document")? {
        DocumentKind::Card => Basis::Card,
        DocumentKind::Passport => Basis::Passport {
            expires: row.get("document_expires")?,
            seen: row.get("document_seen")?,
        },
    })
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

/// What finds a document nobody can read here. Cards and passports are apart.
pub(crate) fn index_of(vault: &Vault, document: &IdentityDocument) -> Vec<u8> {
    match document {
        IdentityDocument::Card(card) => hkid_index(vault, card),
        IdentityDocument::Passport(_) => vault
            .blind_index("passport", &document.sealed_form())
            .bytes(),
    }
}

/// The person whose account rests on this document. Only for enrolment and for departments' desks.
///
/// # Errors
/// The store fails.
pub async fn find_person_by_document(
    store: &Store,
    vault: &Vault,
    document: &IdentityDocument,
) -> Result<Option<Person>, Error> {
    let index = index_of(vault, document);
    store
        .read(move |db| {
            let index = index.clone();
            async move { by_index_in(&db, index).await }
        })
        .await
}

/// Whose document this is or once was.
pub(crate) async fn holder_in(db: &Read, index: &[u8]) -> Result<Option<Id<Person>>, Error> {
    Ok(db.one(&HOLDER, params![index]).await?)
}

/// What finds the document of a person, and the passports it replaced.
pub(crate) async fn indices_in(db: &Read, id: Id<Person>) -> Result<Vec<Vec<u8>>, Error> {
    let mut all: Vec<Vec<u8>> = db.all(&FIND_INDEX, params![id]).await?;
    all.extend(db.all::<Vec<u8>>(&FORMER_INDICES, params![id]).await?);
    Ok(all)
}

pub(crate) async fn by_index_in(db: &Read, index: Vec<u8>) -> Result<Option<Person>, Error> {
    Ok(db.one(&FIND_BY_HKID, params![index]).await?)
}

/// The sealed columns of a new person, made before the write because sealing draws randomness.
#[derive(Clone, Debug)]
pub(crate) struct SealedPerson {
    pub id: Id<Person>,
    pub entry: Identified,
    pub document: Sealed,
    pub born: Sealed,
    pub index: Vec<u8>,
    pub level: Level,
}

pub(crate) fn seal(
    vault: &Vault,
    id: Id<Person>,
    entry: impl Into<Identified>,
    level: Level,
) -> Result<SealedPerson, Error> {
    let entry = entry.into();
    let place = |column| Place::new(column, id);
    Ok(SealedPerson {
        id,
        document: vault.seal(&place("person.hkid_sealed"), entry.document.sealed_form())?,
        born: vault.seal(&place("person.born_sealed"), entry.born.to_string())?,
        index: index_of(vault, &entry.document),
        entry,
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
    let (expires, seen) = dates_of(entry.basis);
    tx.run(
        &INSERT_PERSON,
        params![
            new.id,
            entry.name.en,
            entry.name.zh,
            entry.sex,
            i64::from(entry.born.year()),
            new.document.0.clone(),
            new.index.clone(),
            new.born.0.clone(),
            new.level,
            tx.now(),
            entry.document.kind(),
            expires,
            seen
        ],
    )
    .await?;
    Ok(())
}

const fn dates_of(basis: Basis) -> (Option<Date>, Option<Time>) {
    match basis {
        Basis::Card => (None, None),
        Basis::Passport { expires, seen } => (Some(expires), Some(seen)),
    }
}

/// Puts a new passport in place of the one before: the account stays, with its name as it is now and the
/// plus level, since the person was seen.
pub(crate) async fn renew_in(tx: &Write, new: &SealedPerson) -> Result<Person, Error> {
    let known = get_in(tx, new.id).await?;
    let entry = &new.entry;
    let before: Vec<u8> = tx.only(&FIND_INDEX, params![new.id]).await?;
    tx.run(&DROP_FORMER, params![new.index.clone()]).await?;
    if before != new.index {
        tx.run(&KEEP_FORMER, params![before, new.id, tx.now()])
            .await?;
    }
    let (expires, seen) = dates_of(entry.basis);
    let row = params![
        new.id,
        entry.name.en,
        entry.name.zh,
        entry.sex,
        new.document.0.clone(),
        new.index.clone(),
        entry.document.kind(),
        expires,
        seen
    ];
    tx.run(&RENEW, row).await?;
    if known.level < Level::Plus {
        raise_to_in(tx, &known, Level::Plus).await?;
    }
    let audit = journal::Audit {
        action: "person.passport_renewed",
        noun: "person",
        id: new.id.to_string(),
        reason: None,
        detail: json!({ "level": Level::Plus, "expires": expires }),
    };
    journal::audit(tx, audit).await?;
    standing::note_change_in(tx, new.id, (known.state, Ground::Renewed)).await?;
    tell_in(tx, PASSPORT_RENEWED, new.id).await?;
    get_in(tx, new.id).await
}

async fn tell_in(tx: &Write, kind: &'static str, id: Id<Person>) -> Result<(), Error> {
    let event = journal::Event {
        kind,
        subject: id.to_string(),
        data: json!({ "person": id }),
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Lowers accounts whose passport has run out, and signs them out: what they may do is read anew when they
/// come back.
pub(crate) async fn lapse_in(tx: &Write) -> Result<(), Error> {
    let row = params![tx.now().date(), LAPSED_SWEPT];
    let lapsed: Vec<Id<Person>> = tx.all(&LAPSED, row).await?;
    for id in lapsed {
        let known = get_in(tx, id).await?;
        tx.run(&SET_LEVEL, params![id, Level::Basic]).await?;
        let birth_year = i64::from(known.birth_year);
        registrant::joined_in(tx, (birth_year, known.level), -1).await?;
        registrant::joined_in(tx, (birth_year, Level::Basic), 1).await?;
        browser::end_all_in(tx, id).await?;
        let audit = journal::Audit {
            action: "person.passport_lapsed",
            noun: "person",
            id: id.to_string(),
            reason: None,
            detail: json!({ "level": Level::Basic }),
        };
        journal::audit(tx, audit).await?;
        standing::note_change_in(tx, id, (known.state, Ground::Lapsed)).await?;
        tell_in(tx, PASSPORT_LAPSED, id).await?;
    }
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
    if known.basis != Basis::Card {
        return Err(Error::NoCard);
    }
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
    let (kind, document, born): (DocumentKind, Vec<u8>, Vec<u8>) = db
        .one(&FIND_SEALED, params![id])
        .await?
        .ok_or(Error::NotFound)?;
    let document = vault.open_text(&Place::new("person.hkid_sealed", id), &Sealed(document))?;
    let born = vault.open_text(&Place::new("person.born_sealed", id), &Sealed(born))?;
    Ok(Particulars {
        document: IdentityDocument::of_sealed(kind, &document)
            .ok_or(Error::Corrupt("person.document"))?,
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
