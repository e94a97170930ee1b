//! The register in numbers: by year of birth and level, day by day. Kept in the transaction of every
//! change of the register, so that a statistic of registrants reads no person.

use ::store::{Store, Write, params};
use kernel::Date;

use crate::{Error, Level};

/// Days that are kept one by one; older ones stand as the first of their month.
pub(crate) const KEEP_DAYS: i64 = 400;
/// Days one sweep folds.
const FOLDED_DAYS: usize = 31;

::store::sql! {
    JOIN = "INSERT INTO registrant_count (birth_year, level, day, joined) VALUES ($1, $2, $3, $4)
        ON CONFLICT (birth_year, level, day)
        DO UPDATE SET joined = registrant_count.joined + excluded.joined";
    AS_AT = "SELECT level, birth_year, CAST(SUM(joined) AS BIGINT) AS people FROM registrant_count
        WHERE day <= $1 GROUP BY level, birth_year ORDER BY level, birth_year";
    OLDEST = "SELECT day FROM registrant_count WHERE day < $1 AND day NOT LIKE '%-01'
        ORDER BY day LIMIT 1";
    FOLD = "INSERT INTO registrant_count (birth_year, level, day, joined)
        SELECT birth_year, level, $2, joined FROM registrant_count WHERE day = $1
        ON CONFLICT (birth_year, level, day)
        DO UPDATE SET joined = registrant_count.joined + excluded.joined";
    DROP_DAY = "DELETE FROM registrant_count WHERE day = $1";
}

/// Enters that `people` with this year of birth came to this level today; below zero, left it.
pub(crate) async fn joined_in(
    tx: &Write,
    (birth_year, level): (i64, Level),
    people: i64,
) -> Result<(), Error> {
    if people != 0 {
        let row = params![birth_year, level, tx.now().date(), people];
        tx.run(&JOIN, row).await?;
    }
    Ok(())
}

/// How many people of each level were born in each year, at the end of `day`: level, year, people.
/// Closed accounts are not counted. Days longer ago than [`KEEP_DAYS`] are exact at ends of months.
///
/// # Errors
/// The store fails.
pub async fn registrants(store: &Store, day: Date) -> Result<Vec<(Level, i64, i64)>, Error> {
    store
        .read(move |db| async move { Ok(db.all(&AS_AT, params![day]).await?) })
        .await
}

/// Folds days that are old enough into the first of their month, a bounded number at a time.
pub(crate) async fn fold_in(tx: &Write) -> Result<(), Error> {
    let keep = tx.now().date().plus_days(-KEEP_DAYS);
    for _ in 0..FOLDED_DAYS {
        let oldest: Option<Date> = tx.one(&OLDEST, params![keep]).await?;
        let Some(day) = oldest else {
            return Ok(());
        };
        let month = day.plus_days(1 - i64::from(day.day()));
        tx.run(&FOLD, params![day, month]).await?;
        tx.run(&DROP_DAY, params![day]).await?;
    }
    Ok(())
}
