//! Postgres's errors in the words of [`Error`].

use tokio_postgres::error::{DbError, SqlState};

use crate::Error;

/// A serialization failure or a deadlock: run again.
pub(crate) fn is_conflict(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
    })
}

/// The connection is gone, or the server is going down (class 57P).
pub(crate) fn is_broken(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error
            .as_db_error()
            .is_none_or(|db| db.code().code().starts_with("57P"))
}

/// Messages leave here without the values of a row: the server puts those into `detail`, which is
/// not kept, and into messages of class 22 (wrong data), of which only the code is kept.
pub(crate) fn map_error(error: &tokio_postgres::Error) -> Error {
    let Some(db) = error.as_db_error() else {
        return if error.is_closed() {
            Error::Closed
        } else {
            Error::database(error.to_string())
        };
    };
    let code = db.code();
    if *code == SqlState::UNIQUE_VIOLATION {
        return Error::Unique {
            constraint: unique_columns(db),
        };
    }
    if *code == SqlState::FOREIGN_KEY_VIOLATION {
        return Error::ForeignKey;
    }
    if *code == SqlState::CHECK_VIOLATION {
        return Error::Check {
            constraint: db.constraint().unwrap_or_default().to_owned(),
        };
    }
    if *code == SqlState::NOT_NULL_VIOLATION {
        let (table, column) = (
            db.table().unwrap_or_default(),
            db.column().unwrap_or_default(),
        );
        return Error::Check {
            constraint: format!("{table}.{column}"),
        };
    }
    if *code == SqlState::IN_FAILED_SQL_TRANSACTION {
        return Error::Doomed;
    }
    if *code == SqlState::QUERY_CANCELED {
        return Error::Slow;
    }
    if is_conflict(error) || *code == SqlState::LOCK_NOT_AVAILABLE {
        return Error::Busy;
    }
    if code.code().starts_with("22") {
        return Error::database(format!("a value does not fit its column ({})", code.code()));
    }
    Error::database(format!("{} ({})", db.message(), code.code()))
}

/// `person.hkid_index` from `Key (hkid_index)=(…) already exists.`, as SQLite writes it; the name of
/// the index when it is over an expression.
fn unique_columns(db: &DbError) -> String {
    let table = db.table().unwrap_or_default();
    let columns = db
        .detail()
        .and_then(|detail| detail.strip_prefix("Key ("))
        .and_then(|rest| rest.split_once(")=("))
        .map(|(columns, _)| columns)
        .filter(|columns| !columns.contains('('));
    columns.map_or_else(
        || format!("index '{}'", db.constraint().unwrap_or_default()),
        |columns| {
            let named: Vec<String> = columns
                .split(", ")
                .map(|column| format!("{table}.{column}"))
                .collect();
            named.join(", ")
        },
    )
}
