//! Migrations on Postgres: all pending ones in one transaction, under an advisory lock.

use deadpool_postgres::Client;
use kernel::Time;

use super::map_error;
use crate::{
    Dialect, Error, Migrations,
    migration::{self, Applied},
};

/// "causeway" in ASCII: one lock for all programs that migrate this database.
const LOCK: i64 = 0x6361_7573_6577_6179;

pub(crate) async fn migrate(
    client: &Client,
    now: Time,
    owners: &[&'static Migrations],
) -> Result<(), Error> {
    run(
        client,
        &format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})"),
    )
    .await?;
    match apply(client, now, owners).await {
        Ok(()) => run(client, "COMMIT").await,
        Err(error) => {
            run(client, "ROLLBACK").await?;
            Err(error)
        }
    }
}

async fn apply(client: &Client, now: Time, owners: &[&'static Migrations]) -> Result<(), Error> {
    run(
        client,
        &migration::render(migration::CREATE_LEDGER, Dialect::Postgres),
    )
    .await?;
    let rows = client
        .query(migration::READ_LEDGER, &[])
        .await
        .map_err(|e| map_error(&e))?;
    let applied: Vec<Applied> = rows
        .iter()
        .map(|row| {
            Ok(Applied {
                owner: row.try_get(0)?,
                name: row.try_get(1)?,
                checksum: row.try_get(2)?,
            })
        })
        .collect::<Result<_, tokio_postgres::Error>>()
        .map_err(|e| map_error(&e))?;
    for (owner, step) in migration::pending(owners, &applied)? {
        run(client, &step.render(Dialect::Postgres))
            .await
            .map_err(|error| migration::refuse(owner, step.name, &error))?;
        let row: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&owner, &step.name, &step.checksum(), &now.micros()];
        client
            .execute(migration::WRITE_LEDGER, &row)
            .await
            .map_err(|e| map_error(&e))?;
        tracing::info!(owner, migration = step.name, "applied a migration");
    }
    Ok(())
}

async fn run(client: &Client, text: &str) -> Result<(), Error> {
    client.batch_execute(text).await.map_err(|e| map_error(&e))
}
