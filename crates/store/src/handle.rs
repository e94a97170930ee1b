//! What a closure holds: [`Read`] inside a snapshot, [`Write`] inside a transaction.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use kernel::{Actor, Env, Id, Time};

use crate::{Dialect, Error, FromRow, Params, Stmt, engine::Link, limits};

/// One consistent view of the data. Cheap to clone; dead once its closure has ended.
#[derive(Clone)]
pub struct Read {
    link: Link,
    now: Time,
}

impl Read {
    pub(crate) const fn new(link: Link, now: Time) -> Self {
        Self { link, now }
    }

    /// The time at which this read or write was asked for, the same in every statement of it.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Which SQL runs underneath. Only for what one text cannot say (queue claims, see `journal`).
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.link.dialect()
    }

    /// The first row, or `None`.
    ///
    /// # Errors
    /// [`Error::Decode`] when the row is not a `T`; else what the engine reports.
    pub async fn one<T: FromRow>(
        &self,
        stmt: &'static Stmt,
        params: Params,
    ) -> Result<Option<T>, Error> {
        let rows = self.link.query(stmt, &params, 1).await?;
        rows.first().map(T::from_row).transpose()
    }

    /// The first row.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none; else as [`Read::one`].
    pub async fn only<T: FromRow>(&self, stmt: &'static Stmt, params: Params) -> Result<T, Error> {
        self.one(stmt, params).await?.ok_or(Error::NotFound {
            statement: stmt.name(),
        })
    }

    /// All rows.
    ///
    /// # Errors
    /// [`Error::TooMany`] past [`limits::ROWS`]; else as [`Read::one`].
    pub async fn all<T: FromRow>(
        &self,
        stmt: &'static Stmt,
        params: Params,
    ) -> Result<Vec<T>, Error> {
        let rows = self.link.query(stmt, &params, limits::ROWS + 1).await?;
        if rows.len() > limits::ROWS {
            return Err(Error::TooMany {
                what: stmt.name(),
                limit: limits::ROWS,
            });
        }
        rows.iter().map(T::from_row).collect()
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// A write in progress: everything [`Read`] does, and statements that change rows.
#[derive(Clone)]
pub struct Write {
    read: Read,
    actor: Arc<Actor>,
    draws: Draws,
    announces: Arc<AtomicBool>,
}

impl Write {
    pub(crate) const fn new(
        read: Read,
        actor: Arc<Actor>,
        draws: Draws,
        announces: Arc<AtomicBool>,
    ) -> Self {
        Self {
            read,
            actor,
            draws,
            announces,
        }
    }

    /// Who writes.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// A fresh identifier, ordered after all earlier ones of this write, and the same ones again
    /// when the closure is run again.
    #[must_use]
    pub fn id<N>(&self) -> Id<N> {
        self.draws.next(self.read.now).cast()
    }

    /// Wakes whoever waits on [`crate::Store::news`] once this write is durable.
    pub fn announce(&self) {
        self.announces.store(true, Ordering::Relaxed);
    }

    /// Runs one statement and tells how many rows it changed. A failure dooms the whole write:
    /// return it, or use [`Write::attempt`].
    ///
    /// # Errors
    /// [`Error::Unique`], [`Error::ForeignKey`], [`Error::Check`], or what the engine reports.
    pub async fn run(&self, stmt: &'static Stmt, params: Params) -> Result<u64, Error> {
        self.read.link.execute(stmt, &params).await
    }

    /// Runs statements that do not depend on each other's results, in order; on Postgres all in one
    /// flight over the network.
    ///
    /// # Errors
    /// The first failure, as [`Write::run`].
    pub async fn all_of(
        &self,
        steps: impl IntoIterator<Item = (&'static Stmt, Params)>,
    ) -> Result<Vec<u64>, Error> {
        let steps: Vec<_> = steps.into_iter().collect();
        self.read.link.execute_all(&steps).await
    }

    /// Runs one statement that may fail without harm to the rest of the write: a failure undoes
    /// only the statement.
    ///
    /// # Errors
    /// As [`Write::run`].
    pub async fn attempt(&self, stmt: &'static Stmt, params: Params) -> Result<u64, Error> {
        self.read.link.attempt(stmt, &params).await
    }
}

impl Deref for Write {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("now", &self.read.now)
            .finish_non_exhaustive()
    }
}

/// The identifiers of one write, kept so that a second run draws the same ones.
#[derive(Clone)]
pub(crate) struct Draws {
    env: Env,
    drawn: Arc<Mutex<Vec<u128>>>,
    place: Arc<AtomicUsize>,
}

/// The random tail of a version 7 identifier below its variant bits.
const TAIL_BITS: u32 = 62;

impl Draws {
    pub(crate) fn new(env: Env) -> Self {
        Self {
            env,
            drawn: Arc::default(),
            place: Arc::default(),
        }
    }

    /// The same draws from the start, for the next run of the closure.
    pub(crate) fn again(&self) -> Self {
        Self {
            env: self.env.clone(),
            drawn: Arc::clone(&self.drawn),
            place: Arc::default(),
        }
    }

    pub(crate) fn next(&self, now: Time) -> Id<()> {
        let place = self.place.fetch_add(1, Ordering::Relaxed);
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        while drawn.len() <= place {
            let next = drawn
                .last()
                .map_or_else(|| self.first(now), |last| self.after(*last));
            drawn.push(next);
        }
        Id::from_bits(drawn.get(place).copied().unwrap_or_default())
    }

    /// The top bit of the tail is cleared, which leaves room to count upwards.
    fn first(&self, now: Time) -> u128 {
        let id: Id<()> = Id::from_parts(now, self.env.bytes());
        u128::from_be_bytes(id.bytes()) & !(1 << (TAIL_BITS - 1))
    }

    /// A random step of up to 2⁴⁰ keeps identifiers in order and hard to guess (RFC 9562 section
    /// 6.2, method 2).
    fn after(&self, last: u128) -> u128 {
        let random = u64::from_be_bytes(self.env.bytes()) & 0xff_ffff_ffff;
        last + u128::from(random) + 1
    }
}
