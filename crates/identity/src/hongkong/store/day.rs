//! What clients asked by day, folded from tasks.

use std::collections::BTreeMap;

use ::store::{FromRow, Row, Store, Write, params};
use kernel::{Date, Time};

use crate::{
    Error,
    hongkong::{task::Kind, word::Word},
};

::store::sql! {
    LIST_DAYS = "SELECT day, kind, asked, granted FROM hongkong_day
        WHERE client = $1 ORDER BY day DESC, kind LIMIT $2";
    COUNT_NEW = "SELECT client, kind, outcome, created FROM hongkong_task
        WHERE NOT is_counted AND state = 'done' ORDER BY created, id LIMIT $1";
    MARK_COUNTED = "UPDATE hongkong_task SET is_counted = TRUE WHERE id IN
        (SELECT id FROM hongkong_task WHERE NOT is_counted AND state = 'done'
            ORDER BY created, id LIMIT $1)";
    ADD_DAY = "INSERT INTO hongkong_day (client, day, kind, asked, granted)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (client, day, kind) DO UPDATE SET
            asked = hongkong_day.asked + excluded.asked,
            granted = hongkong_day.granted + excluded.granted";
}

/// Lines of use that are shown: a month of every kind.
const LINES: i64 = 310;

/// What a client asked on one day.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UseDay {
    pub day: Date,
    pub kind: Kind,
    pub asked: i64,
    pub granted: i64,
}

impl FromRow for UseDay {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            day: row.get("day")?,
            kind: row.get("kind")?,
            asked: row.get("asked")?,
            granted: row.get("granted")?,
        })
    }
}

/// Requests of a client by day, latest first.
///
/// # Errors
/// The store fails.
pub async fn use_days(store: &Store, client: &str) -> Result<Vec<UseDay>, Error> {
    let client = client.to_owned();
    store
        .read(move |db| {
            let values = params![client, LINES];
            async move { Ok(db.all(&LIST_DAYS, values).await?) }
        })
        .await
}

/// Adds settled tasks to their days.
pub(crate) async fn fold_in(tx: &Write, rows: i64) -> Result<(), Error> {
    let new: Vec<(String, Kind, Option<Word>, Time)> = tx.all(&COUNT_NEW, params![rows]).await?;
    let mut days: BTreeMap<(String, Date, Kind), (i64, i64)> = BTreeMap::new();
    for (client, kind, outcome, created) in new {
        let (asked, granted) = days.entry((client, created.date(), kind)).or_default();
        *asked += 1;
        *granted += i64::from(outcome == Some(Word::Success));
    }
    for ((client, day, kind), (asked, granted)) in days {
        tx.run(&ADD_DAY, params![client, day, kind, asked, granted])
            .await?;
    }
    tx.run(&MARK_COUNTED, params![rows]).await?;
    Ok(())
}
