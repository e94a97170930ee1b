//! Writing a simulated register: many people in one write, with what the register keeps beside them.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::store::{FromRow, Row, Store, Write, params};
use journal::{Audit, Channel, Step, Usage};
use kernel::{Actor, Date};
use serde_json::json;

use crate::{
    Error, Level,
    simulation::Simulation,
    store::{person, registrant},
};

::store::sql! {
    FIND_SIMULATION = "SELECT seed, as_at, done FROM simulation WHERE name = $1";
    PUT_SIMULATION = "INSERT INTO simulation (name, seed, as_at, done) VALUES ($1, $2, $3, $4)
        ON CONFLICT (name) DO UPDATE SET done = excluded.done WHERE simulation.done = $5";
    HAS_PEOPLE = "SELECT COUNT(*) FROM (SELECT id FROM person LIMIT 1) AS anybody";
}

/// How far a simulation has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Written {
    pub(crate) seed: i64,
    pub(crate) as_at: Date,
    pub(crate) done: i64,
}

impl FromRow for Written {
    fn from_row(row: &Row) -> Result<Self, ::store::Error> {
        Ok(Self {
            seed: row.get("seed")?,
            as_at: row.get("as_at")?,
            done: row.get("done")?,
        })
    }
}

/// The simulation that fills this register, and whether anybody is in it.
pub(crate) async fn find(
    store: &Store,
    name: &'static str,
) -> Result<(Option<Written>, bool), Error> {
    store
        .read(move |db| async move {
            let written = db.one(&FIND_SIMULATION, params![name]).await?;
            let people: i64 = db.only(&HAS_PEOPLE, params![]).await?;
            Ok((written, people > 0))
        })
        .await
}

/// Writes people number `from` and on, if the register stands at `from`.
pub(crate) async fn write(
    store: &Store,
    simulation: Simulation,
    from: i64,
    people: Arc<[person::SealedPerson]>,
) -> Result<(), Error> {
    store
        .write(&Actor::system("simulation"), move |tx| {
            let people = Arc::clone(&people);
            async move { write_in(&tx, simulation, from, &people).await }
        })
        .await
}

async fn write_in(
    tx: &Write,
    simulation: Simulation,
    from: i64,
    people: &[person::SealedPerson],
) -> Result<(), Error> {
    let to = from + i64::try_from(people.len()).unwrap_or(i64::MAX);
    let Simulation { seed, as_at } = simulation;
    let row = params![Simulation::NAME, i64::from(seed), as_at, to, from];
    if tx.run(&PUT_SIMULATION, row).await? == 0 {
        return Err(Error::NotFound);
    }
    let mut joined: BTreeMap<(i64, Level), i64> = BTreeMap::new();
    for one in people {
        person::insert_in(tx, one).await?;
        let place = (i64::from(one.entry.born.year()), one.level);
        *joined.entry(place).or_default() += 1;
    }
    for (place, count) in joined {
        registrant::joined_in(tx, place, count).await?;
        let enrolled = Usage::of(Step::Enrolled)
            .channel(Channel::Phone)
            .by(place.1.code(), place.0, tx.now().date())
            .times(count);
        journal::usage(tx, enrolled).await?;
    }
    let audit = Audit {
        action: "register.simulated",
        noun: "simulation",
        id: Simulation::NAME.to_owned(),
        reason: None,
        detail: json!({ "seed": seed, "from": from, "to": to }),
    };
    journal::audit(tx, audit).await?;
    Ok(())
}
