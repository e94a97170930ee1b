//! Companies and mandates.

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::Id;

use crate::{Company, Error, Mandate, MandateRole, Person, PersonName};

::store::sql! {
    FIND_COMPANY = "SELECT id, name_en, name_zh, company_number, business_number, address
        FROM company WHERE id = $1";
    LIST_MANDATES = "SELECT m.id AS mandate, m.person, m.role, m.granted, c.id, c.name_en,
            c.name_zh, c.company_number, c.business_number, c.address
        FROM mandate m JOIN company c ON c.id = m.company
        WHERE m.person = $1 AND m.revoked IS NULL ORDER BY c.name_en, c.id LIMIT 100";
    INSERT_COMPANY = "INSERT INTO company (id, name_en, name_zh, company_number, business_number,
            address)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (company_number) DO NOTHING";
    FIND_BY_NUMBER = "SELECT id, name_en, name_zh, company_number, business_number, address
        FROM company WHERE company_number = $1";
    INSERT_MANDATE = "INSERT INTO mandate (id, person, company, role, granted)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (person, company) DO NOTHING";
}

impl FromRow for Company {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            name: PersonName {
                en: row.get("name_en")?,
                zh: row.get("name_zh")?,
            },
            company_number: row.get("company_number")?,
            business_number: row.get("business_number")?,
            address: row.get("address")?,
        })
    }
}

impl FromRow for Mandate {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("mandate")?,
            person: row.get("person")?,
            company: Company::from_row(row)?,
            role: row.get("role")?,
            granted: row.get("granted")?,
        })
    }
}

/// The company with this id.
///
/// # Errors
/// The store fails.
pub async fn find_company(store: &Store, id: Id<Company>) -> Result<Option<Company>, Error> {
    store
        .read(move |db| async move { Ok(db.one(&FIND_COMPANY, params![id]).await?) })
        .await
}

/// The companies a person may act for.
///
/// # Errors
/// The store fails.
pub async fn mandates_of(store: &Store, person: Id<Person>) -> Result<Vec<Mandate>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&LIST_MANDATES, params![person]).await?) })
        .await
}

/// The mandate of a person for one company; check it before anything is done for the company.
///
/// # Errors
/// The store fails.
pub async fn mandate_for(
    store: &Store,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<Option<Mandate>, Error> {
    let mandates = mandates_of(store, person).await?;
    Ok(mandates
        .into_iter()
        .find(|mandate| mandate.company.id == company))
}

pub(crate) async fn insert_in(tx: &Write, company: &Company) -> Result<Company, Error> {
    tx.run(
        &INSERT_COMPANY,
        params![
            company.id,
            company.name.en,
            company.name.zh,
            company.company_number,
            company.business_number,
            company.address
        ],
    )
    .await?;
    by_number_in(tx, &company.company_number).await
}

pub(crate) async fn by_number_in(db: &Read, number: &str) -> Result<Company, Error> {
    db.one(&FIND_BY_NUMBER, params![number])
        .await?
        .ok_or(Error::NotFound)
}

/// As [`mandate_for`], by the company's number, inside the caller's write.
pub(crate) async fn mandate_by_number_in(
    db: &Read,
    person: Id<Person>,
    number: &str,
) -> Result<Option<Mandate>, Error> {
    let mandates: Vec<Mandate> = db.all(&LIST_MANDATES, params![person]).await?;
    Ok(mandates
        .into_iter()
        .find(|mandate| mandate.company.company_number == number))
}

pub(crate) async fn mandate_in(
    tx: &Write,
    person: Id<Person>,
    company: Id<Company>,
    role: MandateRole,
) -> Result<(), Error> {
    let id = tx.id::<Mandate>();
    tx.run(
        &INSERT_MANDATE,
        params![id, person, company, role, tx.now()],
    )
    .await?;
    Ok(())
}
