//! The transaction a closure speaks to: one connection, lent until the closure ends.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use deadpool_postgres::{Client, Object};
use futures::{TryStreamExt, future, pin_mut, poll};
use tokio::sync::{RwLock, RwLockReadGuard};
use tokio_postgres::Statement;

use super::{
    cell::{Bound, Cell},
    error::{is_broken, is_conflict},
    map_error,
};
use crate::{Error, Params, Row, Stmt, Value};

/// One loan. Statements share the lock, so they can be in flight together; ending the loan waits
/// for them.
#[derive(Clone)]
pub(crate) struct Link {
    lease: Arc<RwLock<Option<Lease>>>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    is_doomed: AtomicBool,
    is_conflicted: AtomicBool,
    is_broken: AtomicBool,
}

/// A connection inside a transaction. Dropped before [`Lease::give_back`], it is closed instead of
/// returned to the pool.
pub(crate) struct Lease {
    client: Option<Client>,
}

impl Lease {
    pub(crate) fn client(&self) -> Result<&Client, Error> {
        self.client.as_ref().ok_or(Error::Closed)
    }

    /// Returns the connection to the pool; its transaction has ended.
    pub(crate) fn give_back(&mut self) {
        drop(self.client.take());
    }

    /// Sends `end` and returns the connection without waiting for the answer: whatever is sent next
    /// stands behind it.
    pub(crate) async fn finish(mut self, end: &'static str) {
        if let Some(client) = &self.client {
            let sent = client.batch_execute(end);
            pin_mut!(sent);
            if let std::task::Poll::Ready(Err(_)) = poll!(sent) {
                return;
            }
        }
        self.give_back();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

impl Link {
    pub(crate) fn new(client: Client) -> Self {
        let lease = Lease {
            client: Some(client),
        };
        Self {
            lease: Arc::new(RwLock::new(Some(lease))),
            state: Arc::default(),
        }
    }

    pub(crate) async fn begin(&self, begin: &'static str) -> Result<(), Error> {
        let lease = self.lease.read().await;
        let client = lease.as_ref().ok_or(Error::Closed)?.client()?;
        self.note(client.batch_execute(begin).await)
    }

    /// Ends the loan; handles that outlive it find nothing.
    pub(crate) async fn end(&self) -> Lease {
        self.lease
            .write()
            .await
            .take()
            .unwrap_or(Lease { client: None })
    }

    pub(crate) fn is_doomed(&self) -> bool {
        self.state.is_doomed.load(Ordering::SeqCst)
    }

    pub(crate) fn is_conflicted(&self) -> bool {
        self.state.is_conflicted.load(Ordering::SeqCst)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.state.is_broken.load(Ordering::SeqCst)
    }

    pub(crate) async fn query(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
        most: usize,
    ) -> Result<Vec<Row>, Error> {
        let lease = self.live().await?;
        let client = client_of(&lease)?;
        let statement = self.prepare(client, stmt, params).await?;
        let columns: Arc<[String]> = statement
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect();
        let stream = self.note(client.query_raw(&statement, params.iter().map(Bound)).await)?;
        pin_mut!(stream);
        let mut rows = Vec::new();
        while rows.len() < most {
            let Some(row) = self.note(stream.try_next().await)? else {
                break;
            };
            let mut values = Vec::with_capacity(columns.len());
            for place in 0..columns.len() {
                let Cell(value) = self.note(row.try_get(place))?;
                values.push(value);
            }
            rows.push(Row::new(Arc::clone(&columns), values));
        }
        Ok(rows)
    }

    pub(crate) async fn execute(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
    ) -> Result<u64, Error> {
        let lease = self.live().await?;
        let client = client_of(&lease)?;
        let statement = self.prepare(client, stmt, params).await?;
        self.note(
            client
                .execute_raw(&statement, params.iter().map(Bound))
                .await,
        )
    }

    /// Prepares all first, so that the executions leave in order and in one flight.
    pub(crate) async fn execute_all(
        &self,
        steps: &[(&'static Stmt, Params)],
    ) -> Result<Vec<u64>, Error> {
        let lease = self.live().await?;
        let client = client_of(&lease)?;
        let mut prepared = Vec::with_capacity(steps.len());
        for (stmt, params) in steps {
            prepared.push((self.prepare(client, stmt, params).await?, params));
        }
        let flights = prepared
            .iter()
            .map(|(statement, params)| client.execute_raw(statement, params.iter().map(Bound)));
        self.note(future::try_join_all(flights).await)
    }

    pub(crate) async fn attempt(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
    ) -> Result<u64, Error> {
        let lease = self.live().await?;
        let client = client_of(&lease)?;
        let statement = self.prepare(client, stmt, params).await?;
        self.note(client.batch_execute("SAVEPOINT attempt").await)?;
        let result = client
            .execute_raw(&statement, params.iter().map(Bound))
            .await;
        let error = match result {
            Ok(changed) => {
                self.note(client.batch_execute("RELEASE attempt").await)?;
                return Ok(changed);
            }
            Err(error) => error,
        };
        if is_conflict(&error) || is_broken(&error) {
            return self.note(Err(error));
        }
        self.note(
            client
                .batch_execute("ROLLBACK TO attempt; RELEASE attempt")
                .await,
        )?;
        Err(map_error(&error))
    }

    async fn live(&self) -> Result<RwLockReadGuard<'_, Option<Lease>>, Error> {
        let lease = self.lease.read().await;
        if lease.is_none() {
            return Err(Error::Closed);
        }
        if self.is_doomed() {
            return Err(Error::Doomed);
        }
        Ok(lease)
    }

    async fn prepare(
        &self,
        client: &Client,
        stmt: &'static Stmt,
        params: &[Value],
    ) -> Result<Statement, Error> {
        let statement = self.note(client.prepare_cached(stmt.postgres()).await)?;
        let count = statement.params().len();
        if params.len() == count {
            return Ok(statement);
        }
        self.state.is_doomed.store(true, Ordering::SeqCst);
        let given = params.len();
        Err(Error::database(format!(
            "{} takes {count} parameters, {given} are given",
            stmt.name()
        )))
    }

    /// Remembers what a failure means for the whole transaction.
    fn note<T>(&self, result: Result<T, tokio_postgres::Error>) -> Result<T, Error> {
        result.map_err(|error| {
            self.state.is_doomed.store(true, Ordering::SeqCst);
            if is_conflict(&error) {
                self.state.is_conflicted.store(true, Ordering::SeqCst);
            }
            if error.is_closed() || is_server_leaving(&error) {
                self.state.is_broken.store(true, Ordering::SeqCst);
            }
            map_error(&error)
        })
    }
}

fn client_of(lease: &Option<Lease>) -> Result<&Client, Error> {
    lease.as_ref().ok_or(Error::Closed)?.client()
}

fn is_server_leaving(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.code().starts_with("57P"))
}
