//! SQLite without the store: one thread, prepared statement, batches of a fixed size.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, params};

const CREATE: &str = "CREATE TABLE record (id BLOB PRIMARY KEY, body TEXT NOT NULL, \
    written_at INTEGER NOT NULL) STRICT";
const INSERT: &str = "INSERT INTO record (id, body, written_at) VALUES (?1, ?2, ?3)";

/// Rows per second when every `batch` rows are one durable transaction.
pub(crate) fn rows_per_second(file: &Path, batch: usize, span: Duration) -> anyhow::Result<f64> {
    let mut connection = Connection::open(file)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute(CREATE, [])?;
    let body = "x".repeat(crate::BODY_BYTES);
    let env = kernel::Env::system();
    let start = Instant::now();
    let mut rows = 0_u32;
    while start.elapsed() < span {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached(INSERT)?;
            for _ in 0..batch {
                let id = env.id::<()>().bytes();
                insert.execute(params![id.as_slice(), body, env.now().micros()])?;
                rows += 1;
            }
        }
        transaction.commit()?;
    }
    Ok(f64::from(rows) / start.elapsed().as_secs_f64())
}
