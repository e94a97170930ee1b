//! Commissions: another firm acts for a company, with people whom the firm names itself.

use ::store::{FromRow, Read, Row, Store, Write, params};
use kernel::{Id, Time};
use serde_json::json;

use crate::{
    Commission, CommissionState, Company, Error, Member, Person, Powers,
    company::COMMISSIONS_MAX,
    store::{
        company::{self, note, resident},
        json as to_json, member,
    },
};

::store::sql! {
    FIND_COMMISSION = "SELECT id, company, firm, powers, state, created FROM commission
        WHERE id = $1 AND ended IS NULL";
    OF_COMPANY = "SELECT id, company, firm, powers, state, created FROM commission
        WHERE company = $1 AND ended IS NULL ORDER BY created DESC, id LIMIT $2";
    OF_FIRM = "SELECT id, company, firm, powers, state, created FROM commission
        WHERE firm = $1 AND ended IS NULL ORDER BY created DESC, id LIMIT $2";
    OF_PERSON = "SELECT c.id, c.company, c.firm, c.powers, c.state, c.created, x.added
        FROM commission_member x JOIN company_member m ON m.id = x.member
        JOIN commission c ON c.id = x.commission
        WHERE m.person = $1 AND m.ended IS NULL AND c.state = 'accepted' AND c.ended IS NULL
        ORDER BY x.added, c.id LIMIT $2";
    INSERT_COMMISSION = "INSERT INTO commission (id, company, firm, powers, state, asked_by, created)
        VALUES ($1, $2, $3, $4, 'offered', $5, $6)";
    SET_STATE = "UPDATE commission SET state = $2, decided = $3, ended = $4
        WHERE id = $1 AND ended IS NULL";
    MEMBERS = "SELECT member FROM commission_member WHERE commission = $1 LIMIT $2";
    ADD_MEMBER = "INSERT INTO commission_member (commission, member, added_by, added)
        VALUES ($1, $2, $3, $4) ON CONFLICT (commission, member) DO NOTHING";
    DROP_ONE = "DELETE FROM commission_member WHERE commission = $1 AND member = $2";
    COMPANIES_OF_MEMBER = "SELECT c.company FROM commission_member x
        JOIN commission c ON c.id = x.commission WHERE x.member = $1 AND c.ended IS NULL LIMIT $2";
    DROP_MEMBER = "DELETE FROM commission_member WHERE member = $1";
    PEOPLE = "SELECT m.person FROM commission_member x JOIN company_member m ON m.id = x.member
        WHERE x.commission = $1 LIMIT $2";
}

/// A row whose companies are still to be read.
struct Bare {
    id: Id<Commission>,
    company: Id<Company>,
    firm: Id<Company>,
    powers: Powers,
    state: CommissionState,
    created: Time,
}

impl FromRow for Bare {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            id: row.get("id")?,
            company: row.get("company")?,
            firm: row.get("firm")?,
            powers: row.json("powers")?,
            state: row.get("state")?,
            created: row.get("created")?,
        })
    }
}

/// With the time a person was named to act under it.
struct Named(Bare, Time);

impl FromRow for Named {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self(Bare::from_row(row)?, row.get("added")?))
    }
}

async fn whole(db: &Read, bare: Bare) -> Result<Commission, Error> {
    Ok(Commission {
        id: bare.id,
        company: company::get_in(db, bare.company).await?,
        firm: company::get_in(db, bare.firm).await?,
        powers: bare.powers,
        state: bare.state,
        created: bare.created,
    })
}

pub(crate) async fn get_in(db: &Read, id: Id<Commission>) -> Result<Commission, Error> {
    let bare: Option<Bare> = db.one(&FIND_COMMISSION, params![id]).await?;
    whole(db, bare.ok_or(Error::NotFound)?).await
}

/// The firms that act for a company, and the companies it acts for as a firm, for an administrator.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::NotFound`].
pub async fn commissions(
    store: &Store,
    who: Id<Person>,
    company: Id<Company>,
) -> Result<(Vec<Commission>, Vec<Commission>), Error> {
    store
        .read(move |db| async move {
            member::administrator_in(&db, who, company).await?;
            let mut sides = [Vec::new(), Vec::new()];
            for (side, statement) in sides.iter_mut().zip([&OF_COMPANY, &OF_FIRM]) {
                let bare: Vec<Bare> = db.all(statement, params![company, COMMISSIONS_MAX]).await?;
                for one in bare {
                    side.push(whole(&db, one).await?);
                }
            }
            let [given, held] = sides;
            Ok((given, held))
        })
        .await
}

/// The commissions a person has been named under, and since when.
pub(crate) async fn of_member_person_in(
    db: &Read,
    person: Id<Person>,
) -> Result<Vec<(Commission, member::Since)>, Error> {
    let named: Vec<Named> = db.all(&OF_PERSON, params![person, COMMISSIONS_MAX]).await?;
    let mut whole_ones = Vec::with_capacity(named.len());
    for Named(bare, added) in named {
        whole_ones.push((whole(db, bare).await?, added));
    }
    Ok(whole_ones)
}

/// Offers the commission to the firm; the caller has checked who may and who agreed.
pub(crate) async fn offer_in(
    tx: &Write,
    (company, firm): (Id<Company>, Id<Company>),
    powers: &Powers,
    asked_by: Id<Person>,
) -> Result<(), Error> {
    let bare: Vec<Bare> = tx
        .all(&OF_COMPANY, params![company, COMMISSIONS_MAX])
        .await?;
    if bare.iter().any(|one| one.firm == firm) || company == firm {
        return Err(Error::AlreadyThere);
    }
    if i64::try_from(bare.len()).unwrap_or(COMMISSIONS_MAX) >= COMMISSIONS_MAX {
        return Err(Error::TooManyWaiting);
    }
    let id = tx.id::<Commission>();
    let row = params![id, company, firm, to_json(powers)?, asked_by, tx.now()];
    tx.run(&INSERT_COMMISSION, row).await?;
    let detail = json!({ "firm": firm, "powers": powers });
    note(tx, company, "company.commission_offered", detail.clone()).await?;
    note(
        tx,
        firm,
        "company.commission_received",
        json!({ "company": company, "powers": powers }),
    )
    .await
}

/// The firm's administrator accepts or declines.
///
/// # Errors
/// [`Error::NotAdministrator`] of the firm, [`Error::NotFound`], [`Error::Decided`].
pub async fn answer_commission(
    store: &Store,
    who: Id<Person>,
    id: Id<Commission>,
    accepts: CommissionState,
) -> Result<(), Error> {
    store
        .write(&resident(who, None), move |tx| async move {
            let found = get_in(&tx, id).await?;
            member::administrator_in(&tx, who, found.firm.id).await?;
            if found.state != CommissionState::Offered {
                return Err(Error::Decided);
            }
            let ended = (accepts != CommissionState::Accepted).then(|| tx.now());
            tx.run(&SET_STATE, params![id, accepts, tx.now(), ended])
                .await?;
            let action = if ended.is_none() {
                "company.commission_accepted"
            } else {
                "company.commission_declined"
            };
            note_both(&tx, &found, action).await
        })
        .await
}

/// What happened to a commission stands in the history of the company and of the firm.
async fn note_both(tx: &Write, found: &Commission, action: &'static str) -> Result<(), Error> {
    let (company, firm) = (found.company.id, found.firm.id);
    note(tx, company, action, json!({ "firm": firm })).await?;
    note(tx, firm, action, json!({ "company": company })).await
}

/// Either side ends the commission: everybody who acted under it stops at once.
///
/// # Errors
/// [`Error::NotAdministrator`] of both, [`Error::NotFound`].
pub async fn end_commission(
    store: &Store,
    who: Id<Person>,
    id: Id<Commission>,
) -> Result<(), Error> {
    store
        .write(&resident(who, None), move |tx| async move {
            let found = get_in(&tx, id).await?;
            if member::administrator_in(&tx, who, found.company.id)
                .await
                .is_err()
            {
                member::administrator_in(&tx, who, found.firm.id).await?;
            }
            let people: Vec<Id<Person>> = tx
                .all(&PEOPLE, params![id, crate::company::MEMBERS_MAX])
                .await?;
            let row = params![id, CommissionState::Ended, tx.now(), tx.now()];
            tx.run(&SET_STATE, row).await?;
            for person in people {
                member::cut_off_in(&tx, person, found.company.id).await?;
            }
            let action = "company.commission_ended";
            note_both(&tx, &found, action).await
        })
        .await
}

/// The firm's own people who act under a commission, for the firm's administrator.
///
/// # Errors
/// [`Error::NotAdministrator`], [`Error::NotFound`].
pub async fn commission_members(
    store: &Store,
    who: Id<Person>,
    id: Id<Commission>,
) -> Result<(Commission, Vec<(Member, bool)>), Error> {
    store
        .read(move |db| async move {
            let found = get_in(&db, id).await?;
            member::administrator_in(&db, who, found.firm.id).await?;
            let named: Vec<Id<Member>> = db
                .all(&MEMBERS, params![id, crate::company::MEMBERS_MAX])
                .await?;
            let people = member::of_company_in(&db, found.firm.id).await?;
            let people = people.into_iter().map(|one| {
                let is_named = named.contains(&one.id);
                (one, is_named)
            });
            Ok((found, people.collect()))
        })
        .await
}

/// The firm names which of its own people act under the commission, and no others.
///
/// # Errors
/// As [`commission_members`]; [`Error::NotFound`] for somebody who is not the firm's.
pub async fn name_members(
    store: &Store,
    who: Id<Person>,
    id: Id<Commission>,
    named: Vec<Id<Member>>,
) -> Result<(), Error> {
    store
        .write(&resident(who, None), move |tx| {
            let named = named.clone();
            async move {
                let found = get_in(&tx, id).await?;
                member::administrator_in(&tx, who, found.firm.id).await?;
                if found.state != CommissionState::Accepted {
                    return Err(Error::NotApproved);
                }
                let people = member::of_company_in(&tx, found.firm.id).await?;
                if !named
                    .iter()
                    .all(|id| people.iter().any(|one| one.id == *id))
                {
                    return Err(Error::NotFound);
                }
                for one in &people {
                    change_in(&tx, &found, one, (named.contains(&one.id), who)).await?;
                }
                Ok(())
            }
        })
        .await
}

async fn change_in(
    tx: &Write,
    commission: &Commission,
    one: &Member,
    (is_named, by): (bool, Id<Person>),
) -> Result<(), Error> {
    let detail = json!({ "person": one.person, "firm": commission.firm.id });
    let firm_detail = json!({ "person": one.person, "company": commission.company.id });
    let (changed, action) = if is_named {
        let row = params![commission.id, one.id, by, tx.now()];
        (tx.run(&ADD_MEMBER, row).await?, "company.commission_named")
    } else {
        let dropped = tx.run(&DROP_ONE, params![commission.id, one.id]).await?;
        (dropped, "company.commission_unnamed")
    };
    if changed == 0 {
        return Ok(());
    }
    if !is_named {
        member::cut_off_in(tx, one.person, commission.company.id).await?;
    }
    note(tx, commission.company.id, action, detail).await?;
    note(tx, commission.firm.id, action, firm_detail).await
}

/// Takes somebody who left the firm out of everything it was commissioned with; the companies.
pub(crate) async fn drop_member_in(tx: &Write, id: Id<Member>) -> Result<Vec<Id<Company>>, Error> {
    let companies = tx
        .all(&COMPANIES_OF_MEMBER, params![id, COMMISSIONS_MAX])
        .await?;
    tx.run(&DROP_MEMBER, params![id]).await?;
    Ok(companies)
}
