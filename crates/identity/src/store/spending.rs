//! What each person has bound a company to, by calendar month in Hong Kong, and how a further amount
//! stands to their limits.
//!
//! Invariants: an amount counts in the write that binds the company to it, once, whoever puts the chop
//! after it; what a second person has let pass counts for that person, when they
//! agree.

use ::store::{Read, Store, Write, params};
use kernel::{Date, Id, Money};

use crate::{Company, Error, Limit, Mandate, Person, store::proposal};

/// Months that are kept.
const KEPT_MONTHS: i64 = 13;
/// People of a company that one list holds, its own and those of firms.
const SPENDERS_MAX: i64 = 2_000;
/// Days of the longest month.
const MONTH_DAYS: i64 = 31;

::store::sql! {
    SPENT = "SELECT cents FROM company_spending
        WHERE company = $1 AND person = $2 AND month = $3";
    SPEND = "INSERT INTO company_spending (company, person, month, cents)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (company, person, month)
        DO UPDATE SET cents = company_spending.cents + excluded.cents";
    LIST_SPENT = "SELECT person, cents FROM company_spending
        WHERE company = $1 AND month = $2 ORDER BY person LIMIT $3";
    FORGET = "DELETE FROM company_spending WHERE month < $1";
}

fn month_of(today: Date) -> Date {
    today.plus_days(1 - i64::from(today.day()))
}

async fn spent_in(db: &Read, (company, person): (Id<Company>, Id<Person>)) -> Result<Money, Error> {
    let row = params![company, person, month_of(db.now().date())];
    let spent: Option<Money> = db.one(&SPENT, row).await?;
    Ok(spent.unwrap_or_default())
}

/// What each person has bound the company to in this month; who bound it to nothing is left out.
///
/// # Errors
/// The store fails.
pub async fn spending_of(
    store: &Store,
    company: Id<Company>,
) -> Result<Vec<(Id<Person>, Money)>, Error> {
    store
        .read(move |db| async move {
            let row = params![company, month_of(db.now().date()), SPENDERS_MAX];
            Ok(db.all(&LIST_SPENT, row).await?)
        })
        .await
}

/// How an amount stands to the limits of whoever acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weighed {
    Within,
    /// Above a limit, and let pass by a second person.
    Passed,
    Over(Limit),
}

impl Weighed {
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Over(_))
    }
}

/// Weighs an amount that `mandate` would bind the company to; `about` is the name under which a second
/// person lets it pass.
///
/// # Errors
/// The store fails.
pub async fn weigh_in(
    db: &Read,
    mandate: &Mandate,
    (about, amount): (&str, Money),
) -> Result<Weighed, Error> {
    let spent = match mandate.powers.monthly {
        Some(_) => spent_in(db, (mandate.company.id, mandate.person)).await?,
        None => Money::ZERO,
    };
    weigh_after(db, mandate, (about, amount, spent)).await
}

/// Weighs an amount that another signature already counts: the limit of one act alone holds.
///
/// # Errors
/// The store fails.
pub async fn weigh_again_in(
    db: &Read,
    mandate: &Mandate,
    (about, amount): (&str, Money),
) -> Result<Weighed, Error> {
    let own = crate::Powers {
        monthly: None,
        ..mandate.powers.clone()
    };
    let once = Mandate {
        powers: own,
        ..mandate.clone()
    };
    weigh_after(db, &once, (about, amount, Money::ZERO)).await
}

async fn weigh_after(
    db: &Read,
    mandate: &Mandate,
    (about, amount, spent): (&str, Money, Money),
) -> Result<Weighed, Error> {
    let Some(limit) = mandate.powers.exceeded(amount, spent) else {
        return Ok(Weighed::Within);
    };
    let passed = proposal::is_passed_in(db, mandate.company.id, (about, amount)).await?;
    Ok(if passed {
        Weighed::Passed
    } else {
        Weighed::Over(limit)
    })
}

/// Counts an amount that the company is bound to by this write.
///
/// # Errors
/// The store fails.
pub async fn spend_in(tx: &Write, mandate: &Mandate, amount: Money) -> Result<(), Error> {
    if amount > Money::ZERO {
        let month = month_of(tx.now().date());
        let row = params![mandate.company.id, mandate.person, month, amount];
        tx.run(&SPEND, row).await?;
    }
    Ok(())
}

/// Forgets months that no limit and no page asks for.
pub(crate) async fn forget_in(tx: &Write) -> Result<u64, Error> {
    let oldest = month_of(tx.now().date().plus_days(-KEPT_MONTHS * MONTH_DAYS));
    Ok(tx.run(&FORGET, params![oldest]).await?)
}
