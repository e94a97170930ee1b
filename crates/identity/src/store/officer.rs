//! Officers.

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::{Id, Role};

use crate::{Error, Officer, Person, PersonName};

::store::sql! {
    FIND_OFFICER = "SELECT o.id, o.person, p.name_en, p.name_zh, o.department, o.roles, o.role,
            o.is_active
        FROM officer o JOIN person p ON p.id = o.person WHERE o.id = $1";
    FIND_BY_PERSON = "SELECT o.id, o.person, p.name_en, p.name_zh, o.department, o.roles, o.role,
            o.is_active
        FROM officer o JOIN person p ON p.id = o.person WHERE o.person = $1 AND o.is_active";
    LIST_DEPARTMENT = "SELECT o.id, o.person, p.name_en, p.name_zh, o.department, o.roles, o.role,
            o.is_active
        FROM officer o JOIN person p ON p.id = o.person
        WHERE o.department = $1 AND o.is_active ORDER BY p.name_en, o.id LIMIT 200";
    INSERT_OFFICER = "INSERT INTO officer (id, person, department, roles, role, is_active)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person) DO NOTHING";
}

impl FromRow for Officer {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        let code: String = row.get("role")?;
        Ok(Self {
            id: row.get("id")?,
            person: row.get("person")?,
            name: PersonName {
                en: row.get("name_en")?,
                zh: row.get("name_zh")?,
            },
            department: row.get("department")?,
            roles: row.json("roles")?,
            role: Role::ALL
                .into_iter()
                .find(|role| role.code() == code)
                .unwrap_or(Role::Officer),
            is_active: row.get("is_active")?,
        })
    }
}

/// The officer with this id, active or not.
///
/// # Errors
/// The store fails.
pub async fn find_officer(store: &Store, id: Id<Officer>) -> Result<Option<Officer>, Error> {
    store
        .read(move |db| async move { Ok(db.one(&FIND_OFFICER, params![id]).await?) })
        .await
}

/// The English name of an officer, active or not, for lists that name who did something.
///
/// # Errors
/// The store fails.
pub async fn officer_name(db: &Read, id: Id<Officer>) -> Result<Option<String>, Error> {
    let officer: Option<Officer> = db.one(&FIND_OFFICER, params![id]).await?;
    Ok(officer.map(|officer| officer.name.en))
}

/// The active post of a person.
///
/// # Errors
/// The store fails.
pub async fn officer_of(store: &Store, person: Id<Person>) -> Result<Option<Officer>, Error> {
    store
        .read(move |db| async move { of_person_in(&db, person).await })
        .await
}

pub(crate) async fn of_person_in(db: &Read, person: Id<Person>) -> Result<Option<Officer>, Error> {
    Ok(db.one(&FIND_BY_PERSON, params![person]).await?)
}

/// The active officers of a department, by name.
///
/// # Errors
/// The store fails.
pub async fn officers_in(store: &Store, department: &str) -> Result<Vec<Officer>, Error> {
    let department = department.to_owned();
    store
        .read(move |db| {
            let department = department.clone();
            async move { Ok(db.all(&LIST_DEPARTMENT, params![department]).await?) }
        })
        .await
}

pub(crate) async fn insert_in(tx: &Write, officer: &Officer) -> Result<(), Error> {
    tx.run(
        &INSERT_OFFICER,
        params![
            officer.id,
            officer.person,
            officer.department,
            super::json(&officer.roles)?,
            officer.role.code(),
            officer.is_active
        ],
    )
    .await?;
    Ok(())
}
