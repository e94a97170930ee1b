//! The store: opened once, cloned freely.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use kernel::{Actor, Env};
use tokio::sync::watch;

use crate::{Dialect, Error, Migrations, Read, StoreConfig, Write, engine::Engine, handle::Draws};

/// The data of this deployment. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) engine: Engine,
    env: Env,
    news: Arc<watch::Sender<u64>>,
}

/// How much work is waiting, for `/metrics` and `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Writes waiting for their turn (SQLite) or for a connection (Postgres).
    pub waiting: usize,
    /// Places in that queue.
    pub places: usize,
}

impl Store {
    /// Opens the database of `config`, applies what `owners` still have to apply, and starts the
    /// writer and readers.
    ///
    /// # Errors
    /// [`Error::Config`] for an address that cannot be used, [`Error::Migration`] when database and
    /// program do not fit together, else what the engine reports.
    pub async fn open(
        config: &StoreConfig,
        env: Env,
        owners: &[&'static Migrations],
    ) -> Result<Self, Error> {
        let engine = Engine::open(config, &env, owners).await?;
        Ok(Self {
            engine,
            env,
            news: Arc::new(watch::Sender::new(0)),
        })
    }

    /// The clock and randomness of this process.
    #[must_use]
    pub const fn env(&self) -> &Env {
        &self.env
    }

    /// Which engine runs underneath.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs `work` in one transaction and answers after it is durable. An error or a panic of
    /// `work` leaves nothing behind, and a caller that goes away does not stop it.
    ///
    /// `work` may run more than once (Postgres repeats it after a conflict), so it clones what it
    /// needs, and it awaits nothing but its handle: on SQLite it shares the writer with others.
    ///
    /// # Errors
    /// What `work` returns; [`Error::Overloaded`], [`Error::Busy`], [`Error::Awaited`],
    /// [`Error::Panicked`], [`Error::Doomed`] or [`Error::Uncertain`] through `E::from`.
    pub async fn write<T, E, F, Fut>(&self, actor: &Actor, work: F) -> Result<T, E>
    where
        F: Fn(Write) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let now = self.env.now();
        let actor = Arc::new(actor.clone());
        let draws = Draws::new(self.env.clone());
        let announces = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&announces);
        let work = move |link| {
            let read = Read::new(link, now);
            work(Write::new(
                read,
                Arc::clone(&actor),
                draws.again(),
                Arc::clone(&flag),
            ))
        };
        let written = match &self.engine {
            Engine::Sqlite(engine) => engine.write(work).await,
            Engine::Postgres(engine) => engine.write(self.env.clone(), work).await,
        };
        if announces.load(Ordering::Relaxed) && written.is_ok() {
            self.news
                .send_modify(|count| *count = count.wrapping_add(1));
        }
        written
    }

    /// Changes after each write of this process that called [`Write::announce`]. A hint to look
    /// sooner, no substitute for looking: other processes are not heard, and neither is a write
    /// whose caller went away.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Runs `work` on one consistent view of the data, as of its first statement.
    ///
    /// # Errors
    /// What `work` returns; [`Error::Overloaded`], [`Error::Awaited`] or [`Error::Panicked`] through
    /// `E::from`.
    pub async fn read<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(Read) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let now = self.env.now();
        let work = move |link| work(Read::new(link, now));
        match &self.engine {
            Engine::Sqlite(engine) => engine.read(work).await,
            Engine::Postgres(engine) => engine.read(work).await,
        }
    }

    /// How much work is waiting.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        match &self.engine {
            Engine::Sqlite(engine) => engine.traffic(),
            Engine::Postgres(engine) => engine.traffic(),
        }
    }

    /// Refuses new work, finishes what is queued, and closes the files or connections.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("dialect", &self.dialect())
            .finish_non_exhaustive()
    }
}
