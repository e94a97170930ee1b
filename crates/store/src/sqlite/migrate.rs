//! Migrations on SQLite: all pending ones in one exclusive transaction.

use kernel::Time;
use rusqlite::{Connection, params};

use super::{link::step, map_error};
use crate::{
    Dialect, Error, Migrations,
    migration::{self, Applied},
};

pub(crate) fn migrate(
    connection: &mut Connection,
    now: Time,
    owners: &[&'static Migrations],
) -> Result<(), Error> {
    step(connection, "BEGIN EXCLUSIVE")?;
    match apply(connection, now, owners) {
        Ok(()) => step(connection, "COMMIT"),
        Err(error) => {
            if !connection.is_autocommit() {
                step(connection, "ROLLBACK")?;
            }
            Err(error)
        }
    }
}

fn apply(connection: &Connection, now: Time, owners: &[&'static Migrations]) -> Result<(), Error> {
    let ledger = migration::render(migration::CREATE_LEDGER, Dialect::Sqlite);
    connection
        .execute_batch(&ledger)
        .map_err(|e| map_error(&e))?;
    let pending = migration::pending(owners, &read(connection)?)?;
    for (owner, step) in pending {
        connection
            .execute_batch(&step.render(Dialect::Sqlite))
            .map_err(|error| migration::refuse(owner, step.name, &error))?;
        connection
            .execute(
                migration::WRITE_LEDGER,
                params![owner, step.name, step.checksum(), now.micros()],
            )
            .map_err(|e| map_error(&e))?;
        tracing::info!(owner, migration = step.name, "applied a migration");
    }
    Ok(())
}

fn read(connection: &Connection) -> Result<Vec<Applied>, Error> {
    let mut statement = connection
        .prepare(migration::READ_LEDGER)
        .map_err(|e| map_error(&e))?;
    let rows = statement
        .query_map([], |row| {
            Ok(Applied {
                owner: row.get(0)?,
                name: row.get(1)?,
                checksum: row.get(2)?,
            })
        })
        .map_err(|e| map_error(&e))?;
    rows.collect::<Result<_, _>>().map_err(|e| map_error(&e))
}
