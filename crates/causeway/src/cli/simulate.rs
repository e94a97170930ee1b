//! `causeway simulate`: a register as large as the real one was, of people who do not exist.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use identity::simulation::{BATCH, Occupied, Sealed, Simulation, Start};
use indicatif::{HumanCount, ProgressBar};
use kernel::Env;
use store::Store;
use tokio::{sync::mpsc, task::JoinHandle};
use trust::Vault;

use super::{Out, Place, progress};
use crate::System;

/// Sealed batches that wait for the writer, at most: what keeps memory bounded.
const WAITING: usize = 2;
const FILLING: &str = "{bar:40} {human_pos}/{human_len} registrants, {per_sec}, {eta} left";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Registrants {
    /// 803,700 people in the age bands and levels of the reply to LegCo question 13 of 18 August
    /// 2021.
    Lcq13,
}

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Which registrants.
    #[arg(long, value_name = "WHICH")]
    registrants: Registrants,
    /// The same seed gives the same people.
    #[arg(long, default_value_t = 13)]
    seed: u32,
    #[command(flatten)]
    place: Place,
}

pub(super) async fn run(simulate: Simulate, out: &Out) -> anyhow::Result<ExitCode> {
    let Registrants::Lcq13 = simulate.registrants;
    let config = simulate.place.load()?;
    let system = System::open(&config, Env::system()).await?;
    let asked = Simulation {
        seed: simulate.seed,
        as_at: system.store.env().today(),
    };
    let start = match asked.start(&system.store).await? {
        Ok(start) => start,
        Err(Occupied::People) => bail!(
            "there are people in this register, and simulated ones would mix with them; name an \
             empty folder with --data, or another database with --database"
        ),
        Err(Occupied::OtherSeed(seed)) => bail!(
            "this register holds simulated people of seed {seed}; go on with --seed {seed}, or name \
             an empty folder with --data"
        ),
    };
    let began = std::time::Instant::now();
    let all = u64::try_from(Simulation::people()).unwrap_or_default();
    let bar = progress::bar(out, FILLING, all);
    bar.set_position(u64::try_from(start.done).unwrap_or_default());
    fill(&system.store, &system.keys.vault(), start, &bar).await?;
    bar.finish_and_clear();
    insight::catch_up(&system.store)
        .await
        .context("cannot count the registrations")?;
    out.line(&summary(Simulation::people() - start.done, began.elapsed()));
    system.store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn summary(written: i64, took: Duration) -> String {
    let count = HumanCount(u64::try_from(written).unwrap_or_default());
    if written == 0 {
        return "the register is complete already; `causeway report registrants` shows it"
            .to_owned();
    }
    let seconds = took.as_secs_f64();
    let rate = u32::try_from(written).map_or(0.0, f64::from) / seconds;
    format!(
        "{count} registrants in {seconds:.1} s, {rate:.0}/s; `causeway report registrants` shows them"
    )
}

/// Seals on one thread while the one before is written.
async fn fill(store: &Store, vault: &Vault, start: Start, bar: &ProgressBar) -> anyhow::Result<()> {
    let (sender, mut ready) = mpsc::channel(WAITING);
    let sealing = seal_all(vault.clone(), start, sender);
    while let Some(sealed) = ready.recv().await {
        let count = u64::try_from(sealed.count()).unwrap_or_default();
        sealed.write(store).await?;
        bar.inc(count);
    }
    sealing.await.context("sealing was cut off")??;
    Ok(())
}

fn seal_all(
    vault: Vault,
    start: Start,
    ready: mpsc::Sender<Sealed>,
) -> JoinHandle<Result<(), identity::Error>> {
    tokio::task::spawn_blocking(move || {
        let mut from = start.done;
        while from < Simulation::people() {
            let to = Simulation::people().min(from + BATCH);
            let sealed = start.simulation.seal(&vault, from..to)?;
            if ready.blocking_send(sealed).is_err() {
                // The writer failed and says why.
                return Ok(());
            }
            from = to;
        }
        Ok(())
    })
}
