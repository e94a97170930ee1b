//! Companies, what registers say of them, and how a company joins the platform.

use std::{collections::BTreeMap, time::Duration};

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Audit;
use kernel::{Actor, BusinessNumber, CompanyNumber, Id, Time};
use serde_json::{Value, json};
use trust::Vault;

use crate::{
    CompaniesRegister, Company, CompanyStatus, Error, Fact, FactKey, FactSource, MemberRole,
    Person, PersonName, Powers,
    registry::CompanyRecord,
    store::{member, person},
};

/// How old what the register said may be before it is asked again on the way.
pub const FACTS_STALE: Duration = Duration::from_secs(24 * 3600);
/// Characters of a field that a company declares about itself.
const DECLARED_CHARS: usize = 300;

::store::sql! {
    FIND_COMPANY = "SELECT id, name_en, name_zh, company_number, business_number, address, status
        FROM company WHERE id = $1";
    FIND_BY_NUMBER = "SELECT id, name_en, name_zh, company_number, business_number, address, status
        FROM company WHERE company_number = $1";
    INSERT_COMPANY = "INSERT INTO company (id, name_en, name_zh, company_number, business_number,
            address, status)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (company_number) DO NOTHING";
    UPDATE_COMPANY = "UPDATE company SET name_en = $2, name_zh = $3, address = $4, status = $5
        WHERE id = $1";
    LIST_FACTS = "SELECT field, value, source, checked FROM company_fact WHERE company = $1
        ORDER BY field";
    PUT_FACT = "INSERT INTO company_fact (company, field, value, source, checked)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (company, field) DO UPDATE
        SET value = excluded.value, source = excluded.source, checked = excluded.checked";
    DROP_FACT = "DELETE FROM company_fact WHERE company = $1 AND field = $2";
    DROP_VERIFIED = "DELETE FROM company_fact WHERE company = $1 AND source <> 'declared'";
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
            status: row.get("status")?,
        })
    }
}

struct StoredFact(String, String, FactSource, Time);

impl FromRow for StoredFact {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self(
            row.get("field")?,
            row.get("value")?,
            row.get("source")?,
            row.get("checked")?,
        ))
    }
}

/// The company with this id.
///
/// # Errors
/// The store fails.
pub async fn find_company(store: &Store, id: Id<Company>) -> Result<Option<Company>, Error> {
    store
        .read(move |db| async move { find_in(&db, id).await })
        .await
}

pub(crate) async fn find_in(db: &Read, id: Id<Company>) -> Result<Option<Company>, Error> {
    Ok(db.one(&FIND_COMPANY, params![id]).await?)
}

pub(crate) async fn get_in(db: &Read, id: Id<Company>) -> Result<Company, Error> {
    find_in(db, id).await?.ok_or(Error::NotFound)
}

pub(crate) async fn by_number_in(db: &Read, number: &str) -> Result<Option<Company>, Error> {
    Ok(db.one(&FIND_BY_NUMBER, params![number]).await?)
}

/// Everything registers and the company itself say of it, each with its source and freshness.
///
/// # Errors
/// The store fails.
pub async fn facts_of(store: &Store, company: Id<Company>) -> Result<Vec<Fact>, Error> {
    store
        .read(move |db| async move { facts_in(&db, company).await })
        .await
}

/// As [`facts_of`], inside a read or write.
pub(crate) async fn facts_in(db: &Read, company: Id<Company>) -> Result<Vec<Fact>, Error> {
    let stored: Vec<StoredFact> = db.all(&LIST_FACTS, params![company]).await?;
    let facts: BTreeMap<FactKey, Fact> = stored
        .into_iter()
        .filter_map(|StoredFact(field, value, source, checked)| {
            let key: FactKey = field.parse().ok()?;
            let fact = Fact {
                key,
                value,
                source,
                checked,
            };
            Some((key, fact))
        })
        .collect();
    Ok(facts.into_values().collect())
}

/// The company as the register has it, written anew when that changed.
pub(crate) async fn put_in(tx: &Write, record: &CompanyRecord) -> Result<Company, Error> {
    let number = record.company_number.as_str();
    let known = by_number_in(tx, number).await?;
    let company = match known {
        Some(known) => {
            let row = params![
                known.id,
                record.name.en,
                record.name.zh,
                record.address,
                record.status
            ];
            tx.run(&UPDATE_COMPANY, row).await?;
            known.id
        }
        None => {
            let id = tx.id::<Company>();
            let row = params![
                id,
                record.name.en,
                record.name.zh,
                number,
                record.business_number.as_str(),
                record.address,
                record.status
            ];
            tx.run(&INSERT_COMPANY, row).await?;
            id
        }
    };
    tx.run(&DROP_VERIFIED, params![company]).await?;
    for (key, value, source) in stated_by(record) {
        let row = params![company, key, value, source, tx.now()];
        tx.run(&PUT_FACT, row).await?;
    }
    get_in(tx, company).await
}

fn stated_by(record: &CompanyRecord) -> Vec<(FactKey, String, FactSource)> {
    use FactSource::{CompaniesRegistry as Cr, InlandRevenue as Ird};
    let mut facts = vec![
        (
            FactKey::CompanyNumber,
            record.company_number.as_str().to_owned(),
            Cr,
        ),
        (
            FactKey::Ubi,
            record.business_number.as_str().to_owned(),
            Ird,
        ),
        (FactKey::NameEn, record.name.en.clone(), Cr),
        (FactKey::AddressEn, record.address.clone(), Cr),
        (FactKey::Status, record.status.code().to_owned(), Cr),
    ];
    facts.extend(
        record
            .name
            .zh
            .iter()
            .map(|name| (FactKey::NameZh, name.clone(), Cr)),
    );
    facts.extend(record.facts.iter().cloned());
    facts
}

/// Brings a company onto the platform, or another of its directors: the register must have it, both
/// numbers must be its own, and the person must be a director. The director becomes responsible for it.
///
/// # Errors
/// [`Error::CompanyUnknown`] when the numbers do not belong together; [`Error::NotDirector`],
/// [`Error::CompanyCeased`], [`Error::LevelTooLow`], [`Error::RegisterDown`].
pub async fn join(
    store: &Store,
    (vault, register): (&Vault, &dyn CompaniesRegister),
    who: Id<Person>,
    (number, business): (&CompanyNumber, &BusinessNumber),
) -> Result<Company, Error> {
    let found = register
        .find(number)
        .await
        .map_err(|_| Error::RegisterDown)?;
    let record = found
        .filter(|record| record.business_number == *business)
        .ok_or(Error::CompanyUnknown)?;
    if record.status != CompanyStatus::Live {
        return Err(Error::CompanyCeased);
    }
    let vault = vault.clone();
    let actor = resident(who, None);
    store
        .write(&actor, move |tx| {
            let (vault, record) = (vault.clone(), record.clone());
            async move { join_in(&tx, &vault, &record, who).await }
        })
        .await
}

async fn join_in(
    tx: &Write,
    vault: &Vault,
    record: &CompanyRecord,
    who: Id<Person>,
) -> Result<Company, Error> {
    let owner = person::get_in(tx, who).await?;
    if owner.level < crate::Level::Plus {
        return Err(Error::LevelTooLow);
    }
    let held = person::indices_in(tx, who).await?;
    if !record.is_director(vault, &held) {
        return Err(Error::NotDirector);
    }
    let company = put_in(tx, record).await?;
    member::put_in(
        tx,
        company.id,
        who,
        &Powers::of(MemberRole::Responsible, true),
    )
    .await?;
    note(tx, company.id, "company.joined", json!({ "person": who })).await?;
    Ok(company)
}

/// Asks the register again. Directors it no longer names are no longer responsible: their membership
/// ends with everything that hangs on it.
///
/// # Errors
/// [`Error::RegisterDown`], [`Error::CompanyUnknown`], [`Error::NotFound`].
pub async fn refresh(
    store: &Store,
    (vault, register): (&Vault, &dyn CompaniesRegister),
    actor: &Actor,
    company: Id<Company>,
) -> Result<Company, Error> {
    let known = find_company(store, company).await?.ok_or(Error::NotFound)?;
    let number: CompanyNumber = known
        .company_number
        .parse()
        .map_err(|_| Error::Corrupt("company_number"))?;
    let found = register
        .find(&number)
        .await
        .map_err(|_| Error::RegisterDown)?;
    let record = found.ok_or(Error::CompanyUnknown)?;
    let vault = vault.clone();
    store
        .write(actor, move |tx| {
            let (vault, record) = (vault.clone(), record.clone());
            async move {
                let company = put_in(&tx, &record).await?;
                let detail = json!({ "status": company.status });
                note(&tx, company.id, "company.checked", detail).await?;
                for one in member::of_company_in(&tx, company.id).await? {
                    let held = person::indices_in(&tx, one.person).await?;
                    let is_answering = one.powers.role == MemberRole::Responsible;
                    if is_answering && !record.is_director(&vault, &held) {
                        member::end_in(&tx, &one, "the register no longer names them").await?;
                    }
                }
                Ok(company)
            }
        })
        .await
}

/// What the company declares about itself: a value, or nothing to take it back.
///
/// # Errors
/// [`Error::NotAdministrator`]; [`Error::Value`] for a field a register decides or a value that does
/// not fit.
pub async fn declare(
    store: &Store,
    who: Id<Person>,
    company: Id<Company>,
    changes: Vec<(FactKey, String)>,
) -> Result<(), Error> {
    let mut read = Vec::with_capacity(changes.len());
    for (key, value) in changes {
        read.push((key, read_declared(key, &value)?));
    }
    store
        .write(&resident(who, Some(company)), move |tx| {
            let read = read.clone();
            async move {
                member::administrator_in(&tx, who, company).await?;
                for (key, value) in &read {
                    if value.is_empty() {
                        tx.run(&DROP_FACT, params![company, *key]).await?;
                    } else {
                        let row = params![company, *key, value, FactSource::Declared, tx.now()];
                        tx.run(&PUT_FACT, row).await?;
                    }
                }
                let keys: Vec<FactKey> = read.iter().map(|(key, _)| *key).collect();
                note(&tx, company, "company.declared", json!({ "fields": keys })).await
            }
        })
        .await
}

/// Whether a company may declare this value about itself; an empty one takes the field back.
#[must_use]
pub fn is_declared_right(key: FactKey, value: &str) -> bool {
    read_declared(key, value).is_ok()
}

/// Reads a field that a company declares into its normal form; empty takes it back.
pub(crate) fn read_declared(key: FactKey, value: &str) -> Result<String, Error> {
    use crate::ValueError;
    let value = value.trim();
    let refused = |why| Err(Error::Value(why));
    if !key.is_declared() {
        return refused(ValueError::Locked);
    }
    if value.chars().count() > DECLARED_CHARS {
        return refused(ValueError::TooLong);
    }
    if value.is_empty() {
        return Ok(String::new());
    }
    let read = match key {
        FactKey::Email => value
            .parse::<kernel::Email>()
            .map(|one| one.as_str().to_owned()),
        FactKey::Telephone | FactKey::Fax => value
            .parse::<kernel::PhoneHk>()
            .map(|one| one.as_str().to_owned()),
        FactKey::Website
            if !value.starts_with("https://") || value.contains(char::is_whitespace) =>
        {
            return refused(ValueError::Shape);
        }
        _ => Ok(value.to_owned()),
    };
    read.map_err(|_| Error::Value(ValueError::Shape))
}

/// Puts a change of a company on record, where its administrators read it.
pub(crate) async fn note(
    tx: &Write,
    company: Id<Company>,
    action: &'static str,
    detail: Value,
) -> Result<(), Error> {
    note_why(tx, company, (action, None), detail).await
}

pub(crate) async fn note_why(
    tx: &Write,
    company: Id<Company>,
    (action, reason): (&'static str, Option<String>),
    detail: Value,
) -> Result<(), Error> {
    let audit = Audit {
        action,
        noun: "company",
        id: company.to_string(),
        reason,
        detail,
    };
    journal::audit(tx, audit).await?;
    Ok(())
}

pub(crate) fn resident(person: Id<Person>, company: Option<Id<Company>>) -> Actor {
    Actor::Resident {
        person: person.to_string(),
        company: company.map(|company| company.to_string()),
    }
}
