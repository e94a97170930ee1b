//! Postgres: SERIALIZABLE writes that are run again after a conflict, snapshot reads, pipelining.
//!
//! A write runs in a task of its own, so a caller that goes away does not stop it half-way. A
//! connection goes back to its pool only after COMMIT or ROLLBACK has been sent on it; in every
//! other case it is thrown away.

mod cell;
mod error;
mod link;
mod migrate;

use std::{future::Future, panic::AssertUnwindSafe, time::Duration};

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, PoolError, Runtime};
use futures::FutureExt;
use kernel::Env;
use tokio_postgres::{NoTls, config::SslMode};
use tracing::Instrument;

use crate::{Error, Migrations, StoreConfig, Traffic, engine, limits};
pub(crate) use error::map_error;
use link::Lease;
pub(crate) use link::Link;

const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE";
/// A snapshot that never conflicts: SERIALIZABLE reads could be refused, and reads are not rerun.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// A transaction nobody speaks to any more is ended by the server after this.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(60);

/// The pool of connections.
#[derive(Clone)]
pub(crate) struct Engine {
    pool: Pool,
}

/// What became of one run of a write.
enum Run<T, E> {
    Done(Result<T, E>),
    /// Nothing was written, and the same closure may succeed if it is run again.
    Again(Error),
}

impl Engine {
    pub(crate) async fn open(
        config: &StoreConfig,
        env: &Env,
        owners: &[&'static Migrations],
    ) -> Result<Self, Error> {
        let pool = pool(config)?;
        let client = take(&pool).await?;
        migrate::migrate(&client, env.now(), owners).await?;
        warn_unless_durable(&client).await?;
        drop(client);
        Ok(Self { pool })
    }

    pub(crate) async fn write<T, E, F, Fut>(&self, env: Env, work: F) -> Result<T, E>
    where
        F: Fn(engine::Link) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let pool = self.pool.clone();
        let task = async move { write_with_retry(&pool, &env, &work).await };
        let task = tokio::spawn(task.instrument(tracing::Span::current()));
        task.await.unwrap_or_else(|_| Err(Error::Panicked.into()))
    }

    pub(crate) async fn read<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(engine::Link) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let link = Link::new(take(&self.pool).await?);
        let (begun, outcome) = run(&link, BEGIN_READ, work).await;
        let lease = link.end().await;
        begun?;
        let outcome = outcome?;
        lease.finish("COMMIT").await;
        if link.is_doomed() && outcome.is_ok() {
            return Err(Error::Doomed.into());
        }
        outcome
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let status = self.pool.status();
        Traffic {
            waiting: status.waiting,
            places: limits::WRITE_QUEUE,
        }
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

fn pool(config: &StoreConfig) -> Result<Pool, Error> {
    let mut settings: tokio_postgres::Config = config
        .url
        .parse()
        .map_err(|error| Error::Config(format!("the postgres address is not valid: {error}")))?;
    if settings.get_ssl_mode() == SslMode::Require {
        return Err(Error::Config(
            "sslmode=require is not offered; reach Postgres over a socket or a private network"
                .to_owned(),
        ));
    }
    settings
        .application_name("causeway")
        .connect_timeout(limits::QUEUE_WAIT)
        .options(format!(
            "-c statement_timeout={} -c idle_in_transaction_session_timeout={}",
            limits::STATEMENT_TIMEOUT.as_millis(),
            IDLE_IN_TRANSACTION.as_millis()
        ));
    Pool::builder(Manager::from_config(
        settings,
        NoTls,
        ManagerConfig::default(),
    ))
    .max_size(config.postgres_connections.max(1))
    .runtime(Runtime::Tokio1)
    .wait_timeout(Some(limits::QUEUE_WAIT))
    .create_timeout(Some(limits::QUEUE_WAIT))
    .build()
    .map_err(|error| Error::Config(error.to_string()))
}

async fn take(pool: &Pool) -> Result<Client, Error> {
    if pool.status().waiting >= limits::WRITE_QUEUE {
        return Err(Error::Overloaded);
    }
    pool.get().await.map_err(|error| match error {
        PoolError::Timeout(_) => Error::Overloaded,
        PoolError::Closed => Error::Closed,
        PoolError::Backend(error) => map_error(&error),
        other => Error::database(other.to_string()),
    })
}

async fn warn_unless_durable(client: &Client) -> Result<(), Error> {
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let show = format!("SHOW {setting}");
        let row = client
            .query_one(&show, &[])
            .await
            .map_err(|e| map_error(&e))?;
        let value: String = row.try_get(0).map_err(|e| map_error(&e))?;
        if value == "off" {
            tracing::warn!(
                setting,
                "Postgres may lose acknowledged writes when it crashes"
            );
        }
    }
    Ok(())
}

async fn write_with_retry<T, E, F, Fut>(pool: &Pool, env: &Env, work: &F) -> Result<T, E>
where
    F: Fn(engine::Link) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let mut last = Error::Busy;
    for attempt in 1..=limits::WRITE_ATTEMPTS {
        match write_once(pool, work).await? {
            Run::Done(outcome) => return outcome,
            Run::Again(error) => {
                tracing::debug!(attempt, code = error.code(), "a write will be run again");
                last = error;
            }
        }
        let most = u32::try_from(limits::RETRY_JITTER.as_micros()).unwrap_or(u32::MAX);
        let pause = Duration::from_micros(u64::from(env.below(most)));
        tokio::time::sleep(pause).await;
    }
    Err(last.into())
}

async fn write_once<T, E, F, Fut>(pool: &Pool, work: &F) -> Result<Run<T, E>, Error>
where
    F: Fn(engine::Link) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let link = Link::new(take(pool).await?);
    let (begun, outcome) = run(&link, BEGIN_WRITE, work).await;
    let lease = link.end().await;
    if let Err(error) = begun {
        return Ok(again_or_done(error, link.is_broken()));
    }
    let outcome = outcome?;
    if link.is_broken() {
        // Not given back: nothing that is sent on this connection would arrive.
        return Ok(Run::Again(Error::Closed));
    }
    if link.is_conflicted() {
        lease.finish("ROLLBACK").await;
        return Ok(Run::Again(Error::Busy));
    }
    match outcome {
        Ok(value) if !link.is_doomed() => Ok(commit(lease, value).await),
        Ok(_) => {
            lease.finish("ROLLBACK").await;
            Err(Error::Doomed)
        }
        refused => {
            lease.finish("ROLLBACK").await;
            Ok(Run::Done(refused))
        }
    }
}

/// Sends `begin` and starts the closure at once, so that both share a flight. The closure's first
/// statement stands behind `begin` on the connection, and `begin` fails only when the connection
/// does.
async fn run<T, E, Fut>(
    link: &Link,
    begin: &'static str,
    work: impl FnOnce(engine::Link) -> Fut,
) -> (Result<(), Error>, Result<Result<T, E>, Error>)
where
    Fut: Future<Output = Result<T, E>>,
{
    let lent = engine::Link::Postgres(link.clone());
    let closure = AssertUnwindSafe(async { work(lent).await }).catch_unwind();
    let (begun, outcome) = futures::future::join(link.begin(begin), closure).await;
    (begun, outcome.map_err(|_| Error::Panicked))
}

async fn commit<T, E: From<Error>>(mut lease: Lease, value: T) -> Run<T, E> {
    let committed = match lease.client() {
        Ok(client) => client.batch_execute("COMMIT").await,
        Err(error) => return Run::Done(Err(error.into())),
    };
    match committed {
        Ok(()) => {
            lease.give_back();
            Run::Done(Ok(value))
        }
        Err(error) if error::is_conflict(&error) => {
            lease.finish("ROLLBACK").await;
            Run::Again(Error::Busy)
        }
        Err(error) if error::is_broken(&error) => Run::Done(Err(Error::Uncertain.into())),
        Err(error) => {
            lease.finish("ROLLBACK").await;
            Run::Done(Err(map_error(&error).into()))
        }
    }
}

fn again_or_done<T, E: From<Error>>(error: Error, is_broken: bool) -> Run<T, E> {
    if is_broken {
        Run::Again(error)
    } else {
        Run::Done(Err(error.into()))
    }
}
