//! The SQL of statistics.

use ::store::{FromRow, Read, Row, Write, params};
use kernel::Date;

use crate::{Error, Period, fact::Fact, period::first_of_month, recognition::DaySum};

/// Days whose facts are kept in every detail; older ones are folded into their month.
pub const KEEP_DAYS: i64 = 400;
/// Months that are kept.
pub const KEEP_MONTHS: i64 = 120;
/// Days one sweep folds.
pub(crate) const FOLDED_DAYS: usize = 31;

::store::sql! {
    ADD = "INSERT INTO usage_fact (step, day, service, department, version, page, field, lang,
            channel, level, age_band, outcome, decider, timely, value, count)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        ON CONFLICT (step, day, service, department, version, page, field, lang, channel, level,
            age_band, outcome, decider, timely, value)
        DO UPDATE SET count = usage_fact.count + excluded.count";
    OLDEST_DAY = "SELECT day FROM usage_fact WHERE day < $1 ORDER BY day LIMIT 1";
    FOLD = "INSERT INTO usage_month (step, month, service, department, version, outcome, decider,
            timely, value, count)
        SELECT step, $2, service, department, version, outcome, decider, timely, value, SUM(count)
        FROM usage_fact WHERE day = $1 AND step NOT IN ('answered', 'refused', 'erred')
        GROUP BY step, service, department, version, outcome, decider, timely, value
        ON CONFLICT (step, month, service, department, version, outcome, decider, timely, value)
        DO UPDATE SET count = usage_month.count + excluded.count";
    DROP_DAY = "DELETE FROM usage_fact WHERE day = $1";
    DROP_MONTHS = "DELETE FROM usage_month WHERE month < $1";
    SUMS = "SELECT step, service, department, outcome, decider, timely, value,
            CAST(SUM(count) AS BIGINT) AS count
        FROM (SELECT step, service, department, outcome, decider, timely, value, count
                FROM usage_fact WHERE day BETWEEN $1 AND $2
                AND step IN ('signed_in', 'stepped_up', 'filled', 'signed', 'started', 'submitted',
                    'paid', 'decided', 'withdrawn', 'rated', 'issued', 'collected', 'verified')
            UNION ALL SELECT step, service, department, outcome, decider, timely, value, count
                FROM usage_month WHERE month BETWEEN $1 AND $2) AS facts
        GROUP BY step, service, department, outcome, decider, timely, value
        ORDER BY service, step, value";
    DAYS = "SELECT step, day, level, age_band, CAST(SUM(count) AS BIGINT) AS count FROM usage_fact
        WHERE step IN ('signed_in', 'filled', 'signed', 'consented') AND day BETWEEN $1 AND $2
        GROUP BY step, day, level, age_band ORDER BY day, step, level, age_band";
    PAGES = "SELECT step, page, field, CAST(SUM(count) AS BIGINT) AS count FROM usage_fact
        WHERE step IN ('answered', 'refused', 'erred') AND day BETWEEN $1 AND $2 AND service = $3
        GROUP BY step, page, field ORDER BY page, field, step";
    SUBMITTERS = "SELECT lang, channel, level, age_band, CAST(SUM(count) AS BIGINT) AS count
        FROM usage_fact WHERE step = 'submitted' AND day BETWEEN $1 AND $2 AND service = $3
        GROUP BY lang, channel, level, age_band ORDER BY lang, channel, level, age_band";
}

/// A count of one step over a period.
#[derive(Debug, Clone)]
pub(crate) struct Sum {
    pub(crate) step: String,
    pub(crate) service: String,
    pub(crate) department: String,
    pub(crate) outcome: String,
    pub(crate) decider: String,
    pub(crate) timely: String,
    pub(crate) value: i64,
    pub(crate) count: i64,
}

impl FromRow for Sum {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            step: row.get("step")?,
            service: row.get("service")?,
            department: row.get("department")?,
            outcome: row.get("outcome")?,
            decider: row.get("decider")?,
            timely: row.get("timely")?,
            value: row.get("value")?,
            count: row.get("count")?,
        })
    }
}

impl FromRow for DaySum {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            step: row.get("step")?,
            day: row.get("day")?,
            level: row.get("level")?,
            age_band: row.get("age_band")?,
            count: row.get("count")?,
        })
    }
}

/// A count on one page of a form.
#[derive(Debug, Clone)]
pub(crate) struct PageSum {
    pub(crate) step: String,
    pub(crate) page: String,
    pub(crate) field: String,
    pub(crate) count: i64,
}

impl FromRow for PageSum {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            step: row.get("step")?,
            page: row.get("page")?,
            field: row.get("field")?,
            count: row.get("count")?,
        })
    }
}

/// Who submits, without anybody.
#[derive(Debug, Clone)]
pub(crate) struct SubmitterSum {
    pub(crate) lang: String,
    pub(crate) channel: String,
    pub(crate) level: String,
    pub(crate) age_band: String,
    pub(crate) count: i64,
}

impl FromRow for SubmitterSum {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            lang: row.get("lang")?,
            channel: row.get("channel")?,
            level: row.get("level")?,
            age_band: row.get("age_band")?,
            count: row.get("count")?,
        })
    }
}

pub(crate) async fn add(tx: &Write, fact: &Fact, count: i64) -> Result<(), Error> {
    let row = params![
        fact.step,
        fact.day,
        &fact.service,
        &fact.department,
        fact.version,
        &fact.page,
        &fact.field,
        fact.lang,
        fact.channel,
        &fact.level,
        fact.age_band,
        &fact.outcome,
        fact.decider,
        fact.timely,
        fact.value,
        count
    ];
    tx.run(&ADD, row).await?;
    Ok(())
}

/// Folds the oldest day before `keep` into its month; `false` when there is none.
pub(crate) async fn fold_oldest(tx: &Write, keep: Date) -> Result<bool, Error> {
    let oldest: Option<Date> = tx.one(&OLDEST_DAY, params![keep]).await?;
    let Some(day) = oldest else {
        return Ok(false);
    };
    tx.run(&FOLD, params![day, first_of_month(day)]).await?;
    tx.run(&DROP_DAY, params![day]).await?;
    Ok(true)
}

pub(crate) async fn drop_months(tx: &Write, before: Date) -> Result<u64, Error> {
    Ok(tx.run(&DROP_MONTHS, params![before]).await?)
}

pub(crate) async fn sums(db: &Read, period: Period) -> Result<Vec<Sum>, Error> {
    Ok(db.all(&SUMS, params![period.from, period.to]).await?)
}

pub(crate) async fn days(db: &Read, period: Period) -> Result<Vec<DaySum>, Error> {
    Ok(db.all(&DAYS, params![period.from, period.to]).await?)
}

pub(crate) async fn pages(db: &Read, service: &str, period: Period) -> Result<Vec<PageSum>, Error> {
    let row = params![period.from, period.to, service];
    Ok(db.all(&PAGES, row).await?)
}

pub(crate) async fn submitters(
    db: &Read,
    service: &str,
    period: Period,
) -> Result<Vec<SubmitterSum>, Error> {
    let row = params![period.from, period.to, service];
    Ok(db.all(&SUBMITTERS, row).await?)
}
