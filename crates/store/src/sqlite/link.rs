//! The transaction a closure speaks to: the thread's connection, lent until the closure ends.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rusqlite::{
    CachedStatement, Connection, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::map_error;
use crate::{Error, Row, Stmt, Value};

/// A connection that its thread lends to one closure after another.
pub(crate) type Lent = Arc<Mutex<Connection>>;

/// One loan. Handles keep it; it is dead once the closure has ended.
#[derive(Clone)]
pub(crate) struct Link {
    connection: Lent,
    state: Arc<State>,
}

struct State {
    is_live: AtomicBool,
    is_doomed: AtomicBool,
}

impl Link {
    pub(crate) fn new(connection: &Lent) -> Self {
        let state = State {
            is_live: AtomicBool::new(true),
            is_doomed: AtomicBool::new(false),
        };
        Self {
            connection: Arc::clone(connection),
            state: Arc::new(state),
        }
    }

    /// Ends the loan, and tells whether a statement had failed. The lock keeps out a handle that
    /// another thread still holds.
    pub(crate) fn end(&self) -> bool {
        let _held = lock(&self.connection);
        self.state.is_live.store(false, Ordering::SeqCst);
        self.state.is_doomed.load(Ordering::SeqCst)
    }

    pub(crate) fn query(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
        most: usize,
    ) -> Result<Vec<Row>, Error> {
        let connection = self.live()?;
        self.note(query(&connection, stmt, params, most))
    }

    pub(crate) fn execute(&self, stmt: &'static Stmt, params: &[Value]) -> Result<u64, Error> {
        let connection = self.live()?;
        self.note(execute(&connection, stmt, params))
    }

    pub(crate) fn attempt(&self, stmt: &'static Stmt, params: &[Value]) -> Result<u64, Error> {
        let connection = self.live()?;
        self.note(step(&connection, "SAVEPOINT attempt"))?;
        let result = execute(&connection, stmt, params);
        if result.is_err() {
            self.note(step(&connection, "ROLLBACK TO attempt"))?;
        }
        self.note(step(&connection, "RELEASE attempt"))?;
        result
    }

    fn live(&self) -> Result<MutexGuard<'_, Connection>, Error> {
        let connection = lock(&self.connection);
        if !self.state.is_live.load(Ordering::SeqCst) {
            return Err(Error::Closed);
        }
        if self.state.is_doomed.load(Ordering::SeqCst) {
            return Err(Error::Doomed);
        }
        Ok(connection)
    }

    fn note<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_err() {
            self.state.is_doomed.store(true, Ordering::SeqCst);
        }
        result
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

pub(crate) fn lock(connection: &Lent) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs a statement without parameters, such as SAVEPOINT.
pub(crate) fn step(connection: &Connection, text: &str) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(text).map_err(|e| map_error(&e))?;
    statement.raw_execute().map(drop).map_err(|e| map_error(&e))
}

fn query(
    connection: &Connection,
    stmt: &'static Stmt,
    params: &[Value],
    most: usize,
) -> Result<Vec<Row>, Error> {
    let mut statement = connection
        .prepare_cached(stmt.sqlite())
        .map_err(|e| map_error(&e))?;
    bind(&mut statement, stmt, params)?;
    let columns: Arc<[String]> = statement.column_names().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while found.len() < most {
        let Some(row) = rows.next().map_err(|e| map_error(&e))? else {
            break;
        };
        let mut values = Vec::with_capacity(columns.len());
        for place in 0..columns.len() {
            values.push(value_of(row.get_ref(place).map_err(|e| map_error(&e))?)?);
        }
        found.push(Row::new(Arc::clone(&columns), values));
    }
    Ok(found)
}

fn execute(connection: &Connection, stmt: &'static Stmt, params: &[Value]) -> Result<u64, Error> {
    let mut statement = connection
        .prepare_cached(stmt.sqlite())
        .map_err(|e| map_error(&e))?;
    bind(&mut statement, stmt, params)?;
    if statement.column_count() == 0 {
        let changed = statement.raw_execute().map_err(|e| map_error(&e))?;
        return Ok(u64::try_from(changed).unwrap_or(u64::MAX));
    }
    let mut rows = statement.raw_query();
    let mut changed = 0;
    while rows.next().map_err(|e| map_error(&e))?.is_some() {
        changed += 1;
    }
    Ok(changed)
}

/// Binds `params` by the number in each parameter's name.
pub(crate) fn bind(
    statement: &mut CachedStatement<'_>,
    stmt: &Stmt,
    params: &[Value],
) -> Result<(), Error> {
    let count = statement.parameter_count();
    let places = stmt.places((1..=count).map(|index| statement.parameter_name(index)))?;
    if params.len() != count {
        return Err(Error::database(format!(
            "{} takes {count} parameters, {} are given",
            stmt.name(),
            params.len()
        )));
    }
    let places = places.to_vec();
    for (index, place) in places.into_iter().enumerate() {
        let value = params.get(place).unwrap_or(&Value::Null);
        statement
            .raw_bind_parameter(index + 1, Bound(value))
            .map_err(|e| map_error(&e))?;
    }
    Ok(())
}

struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(flag) => ValueRef::Integer(i64::from(*flag)),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
            Value::Id(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value_of(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| Error::database("a text column does not hold UTF-8"))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    })
}
