//! Durable writes per second through the store, beside the bare engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use futures::future::try_join_all;
use kernel::{Actor, Env};
use store::{Store, StoreConfig, params};

use crate::{CONNECTIONS, IN_FLIGHT, folder::Folder, postgres, sqlite};

/// The least share of the bare figure at the greatest number of callers.
const BAR: f64 = 0.6;

static MIGRATIONS: store::Migrations = store::migrations!("bench", "0001_create_record.sql");

store::sql! {
    INSERT_RECORD = "INSERT INTO record (id, body, written_at) VALUES ($1, $2, $3)";
}

/// One line of the result.
struct Line {
    engine: &'static str,
    callers: usize,
    ours: f64,
    bare: f64,
}

pub(crate) async fn run(span: Duration) -> anyhow::Result<()> {
    let postgres_url = std::env::var("CAUSEWAY_TEST_POSTGRES")
        .context("run it as `cargo xtask bench store`, which starts Postgres")?;
    println!(
        "durable transactions per second, one row of {} bytes each",
        crate::BODY_BYTES
    );
    println!(
        "{:<10}{:>8}{:>12}{:>12}{:>8}",
        "engine", "callers", "store", "bare", "share"
    );
    let mut lines = on_sqlite(span).await?;
    lines.extend(on_postgres(&postgres_url, span).await?);
    let most = IN_FLIGHT.iter().max().copied().unwrap_or_default();
    match lines
        .iter()
        .find(|line| line.callers == most && line.share() < BAR)
    {
        None => Ok(()),
        Some(line) => {
            bail!(
                "{}: {:.2} of the bare engine, less than {BAR}",
                line.engine,
                line.share()
            )
        }
    }
}

async fn on_sqlite(span: Duration) -> anyhow::Result<Vec<Line>> {
    let folder = Folder::new()?;
    let mut lines = Vec::new();
    for callers in IN_FLIGHT {
        let ours = format!(
            "sqlite:{}",
            folder.file(&format!("ours-{callers}.db")).display()
        );
        let ours = through_store(&ours, callers, span).await?;
        let file = folder.file(&format!("bare-{callers}.db"));
        let bare = move || sqlite::rows_per_second(&file, callers, span);
        let bare = tokio::task::spawn_blocking(bare).await??;
        lines.push(
            Line {
                engine: "sqlite",
                callers,
                ours,
                bare,
            }
            .shown(),
        );
    }
    Ok(lines)
}

async fn on_postgres(server: &str, span: Duration) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for callers in IN_FLIGHT {
        let url = postgres::fresh_database(server, "bench_ours").await?;
        let ours = through_store(&url, callers, span).await?;
        let url = postgres::fresh_database(server, "bench_bare").await?;
        let bare = postgres::transactions_per_second(&url, callers, span).await?;
        lines.push(
            Line {
                engine: "postgres",
                callers,
                ours,
                bare,
            }
            .shown(),
        );
    }
    Ok(lines)
}

async fn through_store(url: &str, callers: usize, span: Duration) -> anyhow::Result<f64> {
    let mut config = StoreConfig::new(url);
    config.postgres_connections = CONNECTIONS;
    let store = Store::open(&config, Env::system(), &[&MIGRATIONS]).await?;
    let body: Arc<str> = "x".repeat(crate::BODY_BYTES).into();
    let count = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let work = (0..callers).map(|_| {
        let (store, body, count) = (store.clone(), Arc::clone(&body), Arc::clone(&count));
        tokio::spawn(async move {
            let actor = Actor::system("bench");
            while start.elapsed() < span {
                insert(&store, &actor, &body).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), store::Error>(())
        })
    });
    for caller in try_join_all(work).await? {
        caller?;
    }
    let rate = f64::from(count.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64();
    store.close().await;
    Ok(rate)
}

async fn insert(store: &Store, actor: &Actor, body: &Arc<str>) -> Result<(), store::Error> {
    let body = Arc::clone(body);
    let work = move |tx: store::Write| {
        let body = Arc::clone(&body);
        async move {
            let row = params![tx.id::<()>(), &*body, tx.now()];
            tx.run(&INSERT_RECORD, row).await?;
            Ok(())
        }
    };
    store.write(actor, work).await
}

impl Line {
    fn share(&self) -> f64 {
        self.ours / self.bare
    }

    fn shown(self) -> Self {
        let Self {
            engine,
            callers,
            ours,
            bare,
        } = &self;
        println!(
            "{engine:<10}{callers:>8}{ours:>12.0}{bare:>12.0}{:>8.2}",
            self.share()
        );
        self
    }
}
