//! Loading a register of 803,700 people through the store, beside the same rows without it, and the
//! time of the report on them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use identity::Level;
use identity::simulation::{BATCH, Simulation, Start};
use insight::Registrants;
use kernel::Env;
use rusqlite::{Connection, TransactionBehavior, params_from_iter, types::Value};
use store::{Store, StoreConfig};
use tokio::sync::mpsc;
use trust::{KeyStore, Vault};

use crate::folder::Folder;

/// Registrants a second that loading must reach.
const RATE_BAR: f64 = 20_000.0;
/// The longest the report may take.
const REPORT_BAR: Duration = Duration::from_secs(1);
/// Sealed batches that wait for the writer, as in `causeway simulate`.
const WAITING: usize = 2;

const ROWS: &str = "SELECT id, name_en, name_zh, sex, birth_year, hkid_sealed, hkid_index, \
    born_sealed, level, state, enrolled FROM person ORDER BY id LIMIT ?1 OFFSET ?2";
const INSERT: &str = "INSERT INTO person VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const COLUMNS: usize = 11;

pub(crate) async fn run() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let ours = folder.file("ours.db");
    let env = Env::system();
    let vault = KeyStore::in_memory(&env)?.vault();
    let owners = [
        &journal::MIGRATIONS,
        &web::MIGRATIONS,
        &trust::MIGRATIONS,
        &identity::MIGRATIONS,
        &insight::MIGRATIONS,
    ];
    let config = StoreConfig::new(format!("sqlite:{}", ours.display()));
    let store = Store::open(&config, env.clone(), &owners).await?;
    let asked = Simulation {
        seed: 13,
        as_at: env.today(),
    };
    let start = asked.start(&store).await?;
    let Ok(start) = start else {
        bail!("the register of the measurement is not empty");
    };
    let began = Instant::now();
    load(&store, vault, start).await?;
    let loading = began.elapsed();
    let report = report(&store).await?;
    store.close().await;
    let bare = folder.file("bare.db");
    let bare = tokio::task::spawn_blocking(move || bare_load(&ours, &bare)).await??;
    show(loading, bare, report)
}

/// As `causeway simulate` does it: sealing on one thread, writing on another.
pub(crate) async fn load(store: &Store, vault: Vault, start: Start) -> anyhow::Result<()> {
    let (sender, mut ready) = mpsc::channel(WAITING);
    let sealing = tokio::task::spawn_blocking(move || {
        let mut from = 0;
        while from < Simulation::people() {
            let to = Simulation::people().min(from + BATCH);
            if sender
                .blocking_send(start.simulation.seal(&vault, from..to)?)
                .is_err()
            {
                break;
            }
            from = to;
        }
        Ok::<_, identity::Error>(())
    });
    while let Some(sealed) = ready.recv().await {
        sealed.write(store).await?;
    }
    sealing.await.context("sealing was cut off")??;
    Ok(())
}

/// The time of the report, and a look whether it is right.
async fn report(store: &Store) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let today = store.env().today();
    let counts = identity::registrants(store, today).await?;
    let counts = counts
        .into_iter()
        .map(|(level, year, people)| (level == Level::Plus, year, people));
    let table = Registrants::of(today, counts).published();
    let took = began.elapsed();
    if table.total != Some(Simulation::people()) {
        bail!("the report shows {:?}", table.total);
    }
    Ok(took)
}

/// The same rows into the same table with the same indexes, as large transactions as ours, by
/// prepared statement on one thread. Only the writing is timed.
fn bare_load(ours: &Path, file: &Path) -> anyhow::Result<Duration> {
    let source = Connection::open(ours)?;
    let create: String = source.query_row(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'person'",
        [],
        |row| row.get(0),
    )?;
    let mut target = Connection::open(file)?;
    target.pragma_update(None, "journal_mode", "WAL")?;
    target.pragma_update(None, "synchronous", "FULL")?;
    target.execute(&create, [])?;
    let mut took = Duration::ZERO;
    let mut from = 0;
    while from < Simulation::people() {
        let rows = read_rows(&source, from)?;
        let began = Instant::now();
        let transaction = target.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for row in &rows {
                insert.execute(params_from_iter(row))?;
            }
        }
        transaction.commit()?;
        took += began.elapsed();
        from += BATCH;
    }
    Ok(took)
}

fn read_rows(source: &Connection, from: i64) -> anyhow::Result<Vec<Vec<Value>>> {
    let mut select = source.prepare_cached(ROWS)?;
    let rows = select.query_map([BATCH, from], |row| {
        (0..COLUMNS).map(|column| row.get(column)).collect()
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn show(loading: Duration, bare: Duration, report: Duration) -> anyhow::Result<()> {
    let people = u32::try_from(Simulation::people()).map_or(0.0, f64::from);
    let (ours, bare) = (people / loading.as_secs_f64(), people / bare.as_secs_f64());
    println!("registrants loaded per second, {people:.0} people, sealed and indexed");
    println!(
        "{:<10}{:>12}{:>12}{:>8}",
        "engine", "store", "bare", "share"
    );
    println!(
        "{:<10}{ours:>12.0}{bare:>12.0}{:>8.2}",
        "sqlite",
        ours / bare
    );
    println!("report    {:>9.1} ms", report.as_secs_f64() * 1e3);
    println!("memory    {:>9} MiB at most", peak_memory_mib());
    if ours < RATE_BAR {
        bail!("{ours:.0} registrants a second, less than {RATE_BAR:.0}");
    }
    if report > REPORT_BAR {
        bail!("the report took {} ms", report.as_millis());
    }
    Ok(())
}

/// The most memory this process has held (`VmHWM`), where the system tells it.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|kib| kib.parse::<u64>().ok())
        .unwrap_or_default()
        / 1024
}
