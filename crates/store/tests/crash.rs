//! What was acknowledged survives SIGKILL, on both engines.
//!
//! A child process writes under concurrent load and prints each acknowledgement to a pipe. It is
//! killed at a random moment, fifty times an engine. After each life every acknowledged row must be
//! there exactly once, and each row must have come with its other half (a counter in another table).

use std::{
    collections::BTreeMap,
    error::Error,
    io::{BufRead, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use kernel::{Actor, Env};
use store::{
    FromRow, Migration, Migrations, Row, Store, StoreConfig, Write, params,
    testing::{TestDatabase, postgres_database, sqlite_database},
};

const LIVES: i64 = 50;
const WORKERS: i64 = 32;
/// A life ends this long after its first acknowledgement at the latest.
const MOST_MILLIS: u32 = 150;
const START_LIMIT: Duration = Duration::from_secs(30);
const ADDRESS: &str = "CAUSEWAY_CRASH_STORE";
const LIFE: &str = "CAUSEWAY_CRASH_LIFE";

static MIGRATIONS: Migrations = Migrations {
    owner: "crash",
    steps: &[Migration {
        name: "0001_create_entry.sql",
        text: "CREATE TABLE entry (id {id} NOT NULL PRIMARY KEY, life {int} NOT NULL,
                worker {int} NOT NULL, number {int} NOT NULL);
            CREATE INDEX entry_life ON entry (life);
            CREATE TABLE tally (life {int} NOT NULL, worker {int} NOT NULL, total {int} NOT NULL,
                PRIMARY KEY (life, worker));",
    }],
};

store::sql! {
    ADD = "INSERT INTO entry (id, life, worker, number) VALUES ($1, $2, $3, $4)";
    TALLY = "INSERT INTO tally (life, worker, total) VALUES ($1, $2, 1)
        ON CONFLICT (life, worker) DO UPDATE SET total = tally.total + 1";
    ENTRIES = "SELECT worker, number, COUNT(*) AS times FROM entry WHERE life = $1
        GROUP BY worker, number";
    TALLIES = "SELECT worker, total FROM tally WHERE life = $1";
}

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

struct Entry {
    worker: i64,
    number: i64,
    times: i64,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            worker: row.get("worker")?,
            number: row.get("number")?,
            times: row.get("times")?,
        })
    }
}

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    if let Ok(address) = std::env::var(ADDRESS) {
        let life = std::env::var(LIFE)?.parse()?;
        return runtime.block_on(live(address, life));
    }
    let defects = runtime.block_on(store::check::statements(&[&MIGRATIONS], STATEMENTS));
    if !defects.is_empty() {
        return Err(defects.join("\n").into());
    }
    runtime.block_on(async {
        kill_often("sqlite", sqlite_database(&[&MIGRATIONS]).await).await?;
        kill_often("postgres", postgres_database(&[&MIGRATIONS]).await).await
    })
}

/// The child: writes without end, and prints each acknowledgement.
async fn live(address: String, life: i64) -> Outcome<()> {
    let store = Store::open(&StoreConfig::new(address), Env::system(), &[&MIGRATIONS]).await?;
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let store = store.clone();
        workers.spawn(async move {
            for number in 0.. {
                write_one(&store, life, worker, number).await?;
                let line = format!("{worker} {number}\n");
                std::io::stdout().write_all(line.as_bytes())?;
            }
            Outcome::Ok(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn write_one(store: &Store, life: i64, worker: i64, number: i64) -> Result<(), store::Error> {
    store
        .write(&Actor::system("crash"), move |tx: Write| async move {
            tx.run(&ADD, params![tx.id::<Entry>(), life, worker, number])
                .await?;
            tx.run(&TALLY, params![life, worker]).await?;
            Ok(())
        })
        .await
}

async fn kill_often(engine: &str, database: TestDatabase) -> Outcome<()> {
    let mut acknowledged = 0;
    for life in 0..LIVES {
        let acks = one_life(&database.config.url, life)?;
        acknowledged += acks.values().sum::<i64>();
        inspect(&database.config, life, &acks)
            .await
            .map_err(|error| format!("{engine}: {error}"))?;
    }
    database.discard().await;
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{engine}: {LIVES} kills, {acknowledged} acknowledged writes, none lost or doubled"
    )?;
    Ok(())
}

/// Starts a child, kills it at a random moment, and returns how many writes of each worker were
/// acknowledged. A worker writes its numbers one after another, so the count says which.
fn one_life(address: &str, life: i64) -> Outcome<BTreeMap<i64, i64>> {
    let mut child = Command::new(std::env::current_exe()?)
        .env(ADDRESS, address)
        .env(LIFE, life.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let acks = watch(&mut child);
    // Also when watching failed: no child outlives its test.
    child.kill()?;
    child.wait()?;
    acks?
        .iter()
        .try_fold(BTreeMap::new(), |mut counts: BTreeMap<i64, i64>, line| {
            let (worker, number) = line.split_once(' ').ok_or("a strange acknowledgement")?;
            let (worker, number): (i64, i64) = (worker.parse()?, number.parse()?);
            let count = counts.entry(worker).or_default();
            if *count != number {
                return Err(format!("worker {worker} skipped from {count} to {number}").into());
            }
            *count += 1;
            Ok(counts)
        })
}

fn watch(child: &mut Child) -> Outcome<Vec<String>> {
    let pipe = child.stdout.take().ok_or("the child has no pipe")?;
    let (first, began) = mpsc::channel();
    let reader = std::thread::spawn(move || -> std::io::Result<Vec<String>> {
        let mut pipe = BufReader::new(pipe);
        let mut lines = Vec::new();
        let mut line = String::new();
        // A line without its end was cut off by the kill; it acknowledged nothing.
        while pipe.read_line(&mut line)? > 0 && line.ends_with('\n') {
            lines.push(line.trim_end().to_owned());
            line.clear();
            if lines.len() == 1 {
                // Nobody listens any more when the child took too long to start.
                first.send(()).unwrap_or_default();
            }
        }
        Ok(lines)
    });
    let started = began.recv_timeout(START_LIMIT);
    let rest = Duration::from_millis(u64::from(Env::system().below(MOST_MILLIS)));
    let (_never, pause) = mpsc::channel::<()>();
    pause.recv_timeout(rest).unwrap_or_default();
    child.kill()?;
    child.wait()?;
    let lines = reader
        .join()
        .map_err(|_| "the reader of the pipe panicked")??;
    started.map_err(|_| "the child wrote nothing")?;
    Ok(lines)
}

async fn inspect(config: &StoreConfig, life: i64, acks: &BTreeMap<i64, i64>) -> Outcome<()> {
    let store = Store::open(config, Env::system(), &[&MIGRATIONS]).await?;
    let (entries, tallies): (Vec<Entry>, Vec<(i64, i64)>) = store
        .read(move |db| async move {
            let entries = db.all(&ENTRIES, params![life]).await?;
            Ok::<_, store::Error>((entries, db.all(&TALLIES, params![life]).await?))
        })
        .await?;
    store.close().await;
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for entry in entries {
        if entry.times != 1 {
            let Entry {
                worker,
                number,
                times,
            } = entry;
            return Err(format!("life {life}: {worker}/{number} is there {times} times").into());
        }
        found.entry(entry.worker).or_default().push(entry.number);
    }
    for (worker, acked) in acks {
        let mut numbers = found.get(worker).cloned().unwrap_or_default();
        numbers.sort_unstable();
        // The last write may have been made durable just before its acknowledgement was cut off.
        let unheard = i64::try_from(numbers.len())? - acked;
        if !(0..=1).contains(&unheard) || numbers.iter().copied().ne(0..acked + unheard) {
            return Err(format!("life {life}: worker {worker} lost writes: {numbers:?}").into());
        }
    }
    let totals: BTreeMap<i64, i64> = tallies.into_iter().collect();
    let counted: Result<BTreeMap<i64, i64>, std::num::TryFromIntError> = found
        .iter()
        .map(|(worker, numbers)| Ok((*worker, i64::try_from(numbers.len())?)))
        .collect();
    if totals != counted? {
        return Err(format!("life {life}: half a write was kept").into());
    }
    Ok(())
}
