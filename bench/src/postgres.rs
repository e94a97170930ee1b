//! Postgres without the store: the same transactions, each sent in one flight, several in flight on
//! each connection's turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use kernel::Env;
use tokio_postgres::{Client, NoTls, Statement};

const CREATE: &str = "CREATE TABLE record (id UUID PRIMARY KEY, body TEXT NOT NULL, \
    written_at BIGINT NOT NULL)";
const INSERT: &str = "INSERT INTO record (id, body, written_at) \
    VALUES (encode($1::bytea, 'hex')::uuid, $2, $3)";
const BEGIN: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";

/// Makes an empty database and gives its address.
pub(crate) async fn fresh_database(url: &str, name: &str) -> anyhow::Result<String> {
    let admin = connect(url).await?;
    admin
        .batch_execute(&format!("DROP DATABASE IF EXISTS {name}"))
        .await?;
    admin
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await?;
    let (host, _) = url.rsplit_once('/').unwrap_or((url, ""));
    Ok(format!("{host}/{name}"))
}

/// Transactions per second with `callers` at once over [`crate::CONNECTIONS`] connections.
pub(crate) async fn transactions_per_second(
    url: &str,
    callers: usize,
    span: Duration,
) -> anyhow::Result<f64> {
    let admin = connect(url).await?;
    admin.batch_execute(CREATE).await?;
    let count = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let lanes = (0..callers.min(crate::CONNECTIONS)).map(|_| {
        let (url, count) = (url.to_owned(), Arc::clone(&count));
        tokio::spawn(async move { lane(&url, &count, start, span).await })
    });
    for lane in try_join_all(lanes).await? {
        lane?;
    }
    Ok(f64::from(count.load(Ordering::Relaxed)) / start.elapsed().as_secs_f64())
}

/// One connection, one transaction after the other: a transaction is what a connection does at a
/// time, so callers beyond the number of connections wait, as they do in the store.
async fn lane(url: &str, count: &AtomicU32, start: Instant, span: Duration) -> anyhow::Result<()> {
    let client = connect(url).await?;
    let insert = client.prepare(INSERT).await?;
    let env = Env::system();
    let body = "x".repeat(crate::BODY_BYTES);
    while start.elapsed() < span {
        one(&client, &insert, &env, &body).await?;
        count.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Begin, insert and commit in one flight: the client sends what is polled together at once.
async fn one(client: &Client, insert: &Statement, env: &Env, body: &str) -> anyhow::Result<()> {
    let id = env.id::<()>().bytes();
    let (id, now) = (id.as_slice(), env.now().micros());
    let work = async {
        client
            .execute(insert, &[&id, &body, &now])
            .await
            .map(|_| ())
    };
    futures::try_join!(
        client.batch_execute(BEGIN),
        work,
        client.batch_execute("COMMIT")
    )?;
    Ok(())
}

async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
