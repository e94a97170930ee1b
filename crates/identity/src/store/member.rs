//! The people of companies, and the mandates that follow from them.

use ::store::{FromRow, Read, Row, Store, Write, params};
use journal::Event;
use kernel::{Id, Time};
use serde_json::json;

use crate::{
    Company, Error, MANDATE_ENDED, Mandate, Member, MemberRole, Person, PersonName, Powers, Right,
    company::{MANDATES_MAX, MEMBERS_MAX, NAMES_MAX},
    provider::store::grant,
    store::{
        approval, commission,
        company::{self, note, note_why, resident},
        json as to_json, proposal, wallet_share,
    },
};

::store::sql! {
    OF_COMPANY = "SELECT m.id, m.company, m.person, m.powers, m.joined, p.name_en, p.name_zh
        FROM company_member m JOIN person p ON p.id = m.person
        WHERE m.company = $1 AND m.ended IS NULL AND p.state = 'active'
        ORDER BY p.name_en, m.id LIMIT $2";
    FIND_MEMBER = "SELECT m.id, m.company, m.person, m.powers, m.joined, p.name_en, p.name_zh
        FROM company_member m JOIN person p ON p.id = m.person
        WHERE m.id = $1 AND m.ended IS NULL";
    OF_PERSON = "SELECT m.id, m.company, m.person, m.powers, m.joined, p.name_en, p.name_zh
        FROM company_member m JOIN person p ON p.id = m.person
        WHERE m.person = $1 AND m.ended IS NULL AND p.state = 'active'
        ORDER BY m.joined, m.id LIMIT $2";
    INSERT_MEMBER = "INSERT INTO company_member (id, company, person, powers, joined)
        VALUES ($1, $2, $3, $4, $5)";
    SET_POWERS = "UPDATE company_member SET powers = $2 WHERE id = $1 AND ended IS NULL";
    END_MEMBER = "UPDATE company_member SET ended = $2 WHERE id = $1 AND ended IS NULL";
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            company: row.get("company")?,
            person: row.get("person")?,
            name: PersonName {
                en: row.get("name_en")?,
                zh: row.get("name_zh")?,
            },
            powers: row.json("powers")?,
            joined: row.get("joined")?,
        })
    }
}

/// What a person may do for each company, by their own membership or by a commission of their firm.
///
/// # Errors
/// The store fails.
pub async fn mandates_of(store: &Store, person: Id<Person>) -> Result<Vec<Mandate>, Error> {
    store
        .read(move |db| async move { mandates_in(&db, person).await })
        .await
}

/// The mandate of a person for one company; ask it before anything is done for the company.
///
/// # Errors
/// The store fails.
pub async fn mandate_for(
    store: &Store,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<Option<Mandate>, Error> {
    store
        .read(move |db| async move { mandate_in(&db, person, company).await })
        .await
}

/// As [`mandate_for`], inside a read or write.
///
/// # Errors
/// The store fails.
pub async fn mandate_in(
    db: &Read,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<Option<Mandate>, Error> {
    let all = mandates_in(db, person).await?;
    Ok(all.into_iter().find(|one| one.company.id == company))
}

/// As [`mandate_in`], by the company's number.
pub(crate) async fn mandate_by_number_in(
    db: &Read,
    person: Id<Person>,
    number: &str,
) -> Result<Option<Mandate>, Error> {
    let all = mandates_in(db, person).await?;
    Ok(all
        .into_iter()
        .find(|one| one.company.company_number == number))
}

/// One mandate a company: the person's own goes before one through a firm.
async fn mandates_in(db: &Read, person: Id<Person>) -> Result<Vec<Mandate>, Error> {
    let today = db.now().date();
    let own: Vec<Member> = db.all(&OF_PERSON, params![person, MANDATES_MAX]).await?;
    let mut mandates: Vec<Mandate> = Vec::with_capacity(own.len());
    for member in own.iter().filter(|one| !one.powers.is_over(today)) {
        mandates.push(Mandate {
            person,
            company: company::get_in(db, member.company).await?,
            powers: member.powers.clone(),
            firm: None,
            since: member.joined,
        });
    }
    for (commission, since) in commission::of_member_person_in(db, person).await? {
        let is_known = mandates
            .iter()
            .any(|one| one.company.id == commission.company.id);
        let firm = own.iter().find(|one| one.company == commission.firm.id);
        let is_current = firm.is_some_and(|one| !one.powers.is_over(today));
        if is_known || !is_current || commission.powers.is_over(today) {
            continue;
        }
        mandates.push(Mandate {
            person,
            company: commission.company,
            powers: commission.powers,
            firm: Some(commission.firm),
            since,
        });
    }
    mandates.sort_by(|one, other| one.company.name.en.cmp(&other.company.name.en));
    Ok(mandates)
}

/// The people of a company, for one of its administrators.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::NotFound`].
pub async fn members(
    store: &Store,
    who: Id<Person>,
    company: Id<Company>,
) -> Result<Vec<Member>, Error> {
    store
        .read(move |db| async move {
            administrator_in(&db, who, company).await?;
            of_company_in(&db, company).await
        })
        .await
}

pub(crate) async fn of_company_in(db: &Read, company: Id<Company>) -> Result<Vec<Member>, Error> {
    Ok(db.all(&OF_COMPANY, params![company, MEMBERS_MAX]).await?)
}

pub(crate) async fn get_in(
    db: &Read,
    company: Id<Company>,
    id: Id<Member>,
) -> Result<Member, Error> {
    let found: Option<Member> = db.one(&FIND_MEMBER, params![id]).await?;
    found
        .filter(|one| one.company == company)
        .ok_or(Error::NotFound)
}

/// The mandate of somebody who must administer the company.
pub(crate) async fn administrator_in(
    db: &Read,
    who: Id<Person>,
    company: Id<Company>,
) -> Result<Mandate, Error> {
    let mandate = mandate_in(db, who, company).await?.ok_or(Error::NotFound)?;
    if mandate.administers() {
        return Ok(mandate);
    }
    let who = names_in(db, company, |powers| powers.may(Right::Administer, "")).await?;
    Err(Error::NotAdministrator { who })
}

/// Names of the company's people who can do something, for words that say whom to ask.
///
/// # Errors
/// The store fails.
pub async fn who_may(
    store: &Store,
    company: Id<Company>,
    fits: impl Fn(&Powers) -> bool + Send + Sync + 'static,
) -> Result<Vec<String>, Error> {
    let fits = std::sync::Arc::new(fits);
    store
        .read(move |db| {
            let fits = std::sync::Arc::clone(&fits);
            async move { names_in(&db, company, |powers| fits(powers)).await }
        })
        .await
}

/// The company's people who can do something, in the order in which they joined.
///
/// # Errors
/// The store fails.
pub async fn who_may_in(
    db: &Read,
    company: Id<Company>,
    fits: impl Fn(&Powers) -> bool,
) -> Result<Vec<Id<Person>>, Error> {
    let today = db.now().date();
    let people = of_company_in(db, company).await?;
    let fitting = people
        .iter()
        .filter(|one| !one.powers.is_over(today) && fits(&one.powers));
    Ok(fitting.map(|one| one.person).take(NAMES_MAX).collect())
}

async fn names_in(
    db: &Read,
    company: Id<Company>,
    fits: impl Fn(&Powers) -> bool,
) -> Result<Vec<String>, Error> {
    let today = db.now().date();
    let people = of_company_in(db, company).await?;
    let fitting = people
        .into_iter()
        .filter(|one| !one.powers.is_over(today) && fits(&one.powers));
    Ok(fitting
        .map(|one| match one.name.zh {
            Some(zh) => format!("{} {zh}", one.name.en),
            None => one.name.en,
        })
        .take(NAMES_MAX)
        .collect())
}

/// Makes a person a member, or raises the powers of one who is.
pub(crate) async fn put_in(
    tx: &Write,
    company: Id<Company>,
    who: Id<Person>,
    powers: &Powers,
) -> Result<Id<Member>, Error> {
    let people = of_company_in(tx, company).await?;
    if let Some(known) = people.iter().find(|one| one.person == who) {
        tx.run(&SET_POWERS, params![known.id, to_json(powers)?])
            .await?;
        return Ok(known.id);
    }
    if i64::try_from(people.len()).unwrap_or(MEMBERS_MAX) >= MEMBERS_MAX {
        return Err(Error::TooManyWaiting);
    }
    let id = tx.id::<Member>();
    let row = params![id, company, who, to_json(powers)?, tx.now()];
    tx.run(&INSERT_MEMBER, row).await?;
    Ok(id)
}

/// Writes new powers of a member; the caller has checked who may.
pub(crate) async fn set_powers_in(
    tx: &Write,
    member: &Member,
    powers: &Powers,
) -> Result<(), Error> {
    if tx
        .run(&SET_POWERS, params![member.id, to_json(powers)?])
        .await?
        == 0
    {
        return Err(Error::NotFound);
    }
    let number = company::get_in(tx, member.company).await?.company_number;
    grant::revoke_acting_in(tx, (member.person, &number), Some(powers)).await?;
    let detail = json!({ "person": member.person, "before": member.powers, "after": powers });
    note(tx, member.company, "company.powers_changed", detail).await
}

/// Ends a membership: the person leaves, or an administrator takes them out. Everything ends in this
/// write: the mandate, what hung on it at other companies, sessions, questions on the phone, proposals.
///
/// # Errors
/// [`Error::NotAdministrator`]; [`Error::LastResponsible`] when a living company would have nobody who
/// answers for it; [`Error::Powers`] when a lower role takes out a higher.
pub async fn leave(
    store: &Store,
    who: Id<Person>,
    (company, member): (Id<Company>, Id<Member>),
    reason: &str,
) -> Result<(), Error> {
    let reason = reason
        .trim()
        .chars()
        .take(kernel::limits::LINE_CHARS)
        .collect::<String>();
    store
        .write(&resident(who, Some(company)), move |tx| {
            let reason = reason.clone();
            async move {
                let leaver = get_in(&tx, company, member).await?;
                guard_leave_in(&tx, who, &leaver).await?;
                end_in(&tx, &leaver, &reason).await
            }
        })
        .await
}

async fn guard_leave_in(tx: &Write, who: Id<Person>, leaver: &Member) -> Result<(), Error> {
    if who != leaver.person {
        let own = administrator_in(tx, who, leaver.company).await?;
        if own.powers.role < leaver.powers.role {
            return Err(Error::Powers(crate::PowersError::Role));
        }
    }
    if leaver.powers.role == MemberRole::Responsible {
        let people = of_company_in(tx, leaver.company).await?;
        let is_other =
            |one: &Member| one.id != leaver.id && one.powers.role == MemberRole::Responsible;
        if !people.iter().any(is_other) {
            return Err(Error::LastResponsible);
        }
    }
    Ok(())
}

/// Ends a membership and everything that hangs on it. What else comes to hang on a mandate (a token of
/// a client) is ended here too, so that leaving stays one write.
pub(crate) async fn end_in(tx: &Write, leaver: &Member, reason: &str) -> Result<(), Error> {
    if tx.run(&END_MEMBER, params![leaver.id, tx.now()]).await? == 0 {
        return Err(Error::NotFound);
    }
    let mut companies = vec![leaver.company];
    companies.extend(commission::drop_member_in(tx, leaver.id).await?);
    for company in companies {
        cut_off_in(tx, leaver.person, company).await?;
    }
    proposal::withdraw_of_in(tx, leaver.company, leaver.person).await?;
    let why = ("company.member_ended", Some(reason.to_owned()));
    note_why(tx, leaver.company, why, json!({ "person": leaver.person })).await
}

/// Ends what a person holds in the name of a company: browsers and applications that act for it, and
/// chops their phone was asked for.
pub(crate) async fn cut_off_in(
    tx: &Write,
    person: Id<Person>,
    company: Id<Company>,
) -> Result<(), Error> {
    web::end_acting_in(tx, &person.to_string(), &company.to_string()).await?;
    approval::cancel_chops_in(tx, person).await?;
    let number = company::get_in(tx, company).await?.company_number;
    grant::revoke_acting_in(tx, (person, &number), None).await?;
    crate::hongkong::store::token::end_acting_in(tx, person, company).await?;
    wallet_share::end_of_person_in(tx, person, company).await?;
    let data = json!({ "person": person, "company": company });
    let event = Event {
        kind: MANDATE_ENDED,
        subject: person.to_string(),
        data,
    };
    journal::emit(tx, event).await?;
    Ok(())
}

/// Ends every membership of a person: the account is closed, or the person has died. Returns how many.
///
/// # Errors
/// The store fails.
pub async fn end_all_in(tx: &Write, person: Id<Person>, reason: &str) -> Result<u64, Error> {
    let own: Vec<Member> = tx.all(&OF_PERSON, params![person, MANDATES_MAX]).await?;
    let mut ended = 0;
    for member in own {
        end_in(tx, &member, reason).await?;
        ended += 1;
    }
    Ok(ended)
}

/// Since when a member belongs: told with a mandate through a firm.
pub(crate) type Since = Time;
