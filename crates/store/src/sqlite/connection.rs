//! Connections with the settings every one of them must have, and SQLite's errors in our words.

use std::{fs::OpenOptions, path::Path};

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::{Error, limits};

/// The write-ahead log is cut back to this size after a checkpoint.
const LOG_BYTES: i64 = 64 * 1024 * 1024;

pub(crate) fn open_writer(path: &Path) -> Result<Connection, Error> {
    create_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| map_error(&e))?;
    prepare(&connection)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| map_error(&e))?;
    if mode != "wal" {
        return Err(Error::Config(format!(
            "{} cannot keep a write-ahead log (journal mode {mode}); use a local disk",
            path.display()
        )));
    }
    set(&connection, "PRAGMA synchronous = FULL")?;
    set(
        &connection,
        &format!("PRAGMA journal_size_limit = {LOG_BYTES}"),
    )?;
    expect(&connection, "PRAGMA synchronous", 2)?;
    expect(&connection, "PRAGMA foreign_keys", 1)?;
    Ok(connection)
}

pub(crate) fn open_reader(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|e| map_error(&e))?;
    prepare(&connection)?;
    set(&connection, "PRAGMA query_only = ON")?;
    expect(&connection, "PRAGMA query_only", 1)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), Error> {
    connection
        .busy_timeout(limits::BUSY_WAIT)
        .map_err(|e| map_error(&e))?;
    connection.set_prepared_statement_cache_capacity(limits::STATEMENT_CACHE);
    set(connection, "PRAGMA foreign_keys = ON")?;
    set(connection, "PRAGMA trusted_schema = OFF")
}

fn set(connection: &Connection, pragma: &str) -> Result<(), Error> {
    connection.execute_batch(pragma).map_err(|e| map_error(&e))
}

fn expect(connection: &Connection, pragma: &str, wanted: i64) -> Result<(), Error> {
    let found: i64 = connection
        .query_row(pragma, [], |row| row.get(0))
        .map_err(|e| map_error(&e))?;
    if found == wanted {
        return Ok(());
    }
    Err(Error::Config(format!(
        "{pragma} is {found}, {wanted} is needed"
    )))
}

/// Creates the file readable by its owner alone; SQLite gives its log files the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(|error| {
        Error::Config(format!(
            "{} cannot be opened for writing: {error}",
            path.display()
        ))
    })
}

/// SQLite's error in the words of [`Error`]. Messages of SQLite name tables and columns, never the
/// values of a row.
pub(crate) fn map_error(error: &rusqlite::Error) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return Error::database(error.to_string());
    };
    let message = message.as_deref().unwrap_or("");
    let after_colon = || {
        message
            .split_once(": ")
            .map_or(message, |(_, rest)| rest)
            .to_owned()
    };
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => Error::Unique {
            constraint: after_colon(),
        },
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::ForeignKey,
        ffi::SQLITE_CONSTRAINT_CHECK | ffi::SQLITE_CONSTRAINT_NOTNULL => Error::Check {
            constraint: after_colon(),
        },
        _ if failure.code == ErrorCode::DatabaseBusy
            || failure.code == ErrorCode::DatabaseLocked =>
        {
            Error::Busy
        }
        _ if failure.code == ErrorCode::OperationInterrupted => Error::Slow,
        _ => Error::database(error.to_string()),
    }
}
