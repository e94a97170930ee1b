//! The runner: one loop per process that numbers events, feeds consumers, fires timers and runs
//! jobs. Several processes on one Postgres share the work by leases.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use kernel::{Actor, Time};
use store::{Store, Write};
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::{
    Calendar, Error, Failure, OutboxEvent, Task, backoff, limits,
    outbox::{self, Feed},
    queue, suspension, sweep, timer,
};

type Handler = Arc<dyn Fn(Task) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;
type Listener = Arc<dyn Fn(OutboxEvent) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;
type Ledger =
    Arc<dyn Fn(Write, Arc<[OutboxEvent]>) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;
type Chore = Arc<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

/// Chores never run more often than this.
const SHORTEST: Duration = Duration::from_secs(1);
/// How often old rows are removed and suspensions are read again.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// Runs handlers for jobs, listeners for events and chores by the clock.
pub struct Runner {
    store: Store,
    calendar: Calendar,
    holder: String,
    handlers: BTreeMap<&'static str, Handler>,
    listeners: BTreeMap<&'static str, Listener>,
    ledgers: BTreeMap<&'static str, Ledger>,
    chores: Vec<Repeat>,
    counts: Arc<Counts>,
}

struct Repeat {
    name: &'static str,
    every: Duration,
    due: Time,
    work: Chore,
}

#[derive(Default)]
struct Counts {
    done: AtomicU64,
    failed: AtomicU64,
    delivered: AtomicU64,
}

/// What a runner has done since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunnerStatus {
    pub jobs_done: u64,
    pub jobs_failed: u64,
    pub events_delivered: u64,
}

/// Reads the counts of a runner that has been started.
#[derive(Clone)]
pub struct RunnerGauge(Arc<Counts>);

impl RunnerGauge {
    /// The counts now.
    #[must_use]
    pub fn read(&self) -> RunnerStatus {
        RunnerStatus {
            jobs_done: self.0.done.load(Ordering::Relaxed),
            jobs_failed: self.0.failed.load(Ordering::Relaxed),
            events_delivered: self.0.delivered.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Debug for RunnerGauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read().fmt(f)
    }
}

impl Runner {
    /// A runner without handlers. `calendar` is kept up to date with declared suspensions.
    #[must_use]
    pub fn new(store: Store, calendar: Calendar) -> Self {
        let holder = store.env().id::<Self>().to_string();
        Self {
            store,
            calendar,
            holder,
            handlers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            chores: Vec::new(),
            counts: Arc::default(),
        }
    }

    /// Runs jobs of `kind` with `handler`, at least once each.
    #[must_use]
    pub fn on<F, Fut>(mut self, kind: &'static str, handler: F) -> Self
    where
        F: Fn(Task) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.handlers
            .insert(kind, Arc::new(move |task| handler(task).boxed()));
        self
    }

    /// Hands every event to `listener`, in order, at least once each; `consumer` names its place in
    /// the outbox, so it must never change.
    #[must_use]
    pub fn consume<F, Fut>(mut self, consumer: &'static str, listener: F) -> Self
    where
        F: Fn(OutboxEvent) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.listeners
            .insert(consumer, Arc::new(move |event| listener(event).boxed()));
        self
    }

    /// Hands events in order, many at a time, to `ledger` inside the write that also moves the
    /// consumer's place. So each event has its effect exactly once, however often it is delivered,
    /// as long as the effect is rows of this store and nothing else.
    #[must_use]
    pub fn keep<F, Fut>(mut self, consumer: &'static str, ledger: F) -> Self
    where
        F: Fn(Write, Arc<[OutboxEvent]>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.ledgers.insert(
            consumer,
            Arc::new(move |tx, events| ledger(tx, events).boxed()),
        );
        self
    }

    /// Runs `chore` about once per `every`, in each process; it must be safe to run on several.
    #[must_use]
    pub fn every<F, Fut>(mut self, name: &'static str, every: Duration, chore: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let work: Chore = Arc::new(move || chore().boxed());
        let due = self.store.env().now();
        let every = every.max(SHORTEST);
        self.chores.push(Repeat {
            name,
            every,
            due,
            work,
        });
        self
    }

    /// Counts what this runner does, for `/metrics`.
    #[must_use]
    pub fn gauge(&self) -> RunnerGauge {
        RunnerGauge(Arc::clone(&self.counts))
    }

    /// Works until `stop` resolves, then finishes what it has begun, within [`limits::GRACE`].
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut news = self.store.news();
        let mut running = JoinSet::new();
        self = self.with_housekeeping();
        let mut stop = std::pin::pin!(stop);
        loop {
            let is_busy = match self.round(&mut running).await {
                Ok(is_busy) => is_busy,
                Err(error) => {
                    tracing::error!(code = error.code(), %error, "the job runner stumbled");
                    false
                }
            };
            while running.try_join_next().is_some() {}
            if is_busy {
                if stop.as_mut().now_or_never().is_some() {
                    break;
                }
                continue;
            }
            tokio::select! {
                () = &mut stop => break,
                Ok(()) = news.changed() => {}
                Some(_) = running.join_next(), if !running.is_empty() => {}
                () = tokio::time::sleep(limits::POLL) => {}
            }
        }
        let finished = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::GRACE, finished).await.is_err() {
            tracing::warn!("jobs were still running at the end; their leases will run out");
        }
    }

    /// Works until there is nothing left that is due, for tests and for one-off runs.
    ///
    /// # Errors
    /// The store fails.
    pub async fn settle(&mut self) -> Result<(), Error> {
        let mut running = JoinSet::new();
        loop {
            let is_busy = self.round(&mut running).await?;
            let ran = !running.is_empty();
            while running.join_next().await.is_some() {}
            if !is_busy && !ran {
                return Ok(());
            }
        }
    }

    pub(crate) fn with_housekeeping(self) -> Self {
        let (store, calendar) = (self.store.clone(), self.calendar.clone());
        self.every("journal.housekeeping", HOUSEKEEPING, move || {
            let (store, calendar) = (store.clone(), calendar.clone());
            async move {
                if calendar.refresh(&store).await? {
                    suspension::tell_of_another_day(&store).await?;
                }
                let swept = sweep(&store).await?;
                tracing::debug!(?swept, "removed old rows");
                Ok(())
            }
        })
    }

    /// One look at everything; tells whether there may be more at once.
    async fn round(&mut self, running: &mut JoinSet<()>) -> Result<bool, Error> {
        let fired = timer::fire(&self.store).await?;
        let numbered = outbox::relay(&self.store).await?;
        let mut is_busy = fired > 0 || numbered > 0;
        for (consumer, listener) in &self.listeners {
            is_busy |= self.feed(consumer, listener).await?;
        }
        for (consumer, ledger) in &self.ledgers {
            is_busy |= self.enter(consumer, ledger).await?;
        }
        is_busy |= self.chores().await;
        let free = limits::JOBS_AT_ONCE.saturating_sub(running.len());
        if free > 0 && !self.handlers.is_empty() && self.is_job_due().await? {
            let kinds: Vec<&'static str> = self.handlers.keys().copied().collect();
            for task in queue::claim(&self.store, &kinds, free).await? {
                is_busy = true;
                self.start(task, running);
            }
        }
        Ok(is_busy)
    }

    /// Looks before it writes: an idle runner leaves the disk alone.
    async fn is_job_due(&self) -> Result<bool, Error> {
        self.store
            .read(|db| async move { queue::is_due(&db).await })
            .await
    }

    fn start(&self, task: Task, running: &mut JoinSet<()>) {
        let Some(handler) = self.handlers.get(task.kind.as_str()).cloned() else {
            return;
        };
        let (store, counts) = (self.store.clone(), Arc::clone(&self.counts));
        let span = tracing::info_span!("job", kind = %task.kind, id = %task.id, task.attempt);
        running
            .spawn(async move { run_task(&store, &counts, handler, task).await }.instrument(span));
    }

    /// Runs the chores whose time has come; tells whether there were any, since they leave traces.
    async fn chores(&mut self) -> bool {
        let now = self.store.env().now();
        let mut has_run = false;
        for repeat in &mut self.chores {
            if repeat.due > now {
                continue;
            }
            has_run = true;
            repeat.due = now + repeat.every;
            let span = tracing::info_span!("chore", name = repeat.name);
            let done = AssertUnwindSafe((repeat.work)().instrument(span))
                .catch_unwind()
                .await;
            match done {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    tracing::error!(chore = repeat.name, %failure, "a chore failed");
                }
                Err(_) => tracing::error!(chore = repeat.name, "a chore panicked"),
            }
        }
        has_run
    }

    /// Hands one ledger what it has not entered, in one write with its place.
    async fn enter(&self, consumer: &'static str, ledger: &Ledger) -> Result<bool, Error> {
        if !self
            .store
            .read(move |db| async move { outbox::is_behind(&db, consumer).await })
            .await?
        {
            return Ok(false);
        }
        let Some(feed) = outbox::lease(&self.store, consumer, &self.holder).await? else {
            return Ok(false);
        };
        let position = feed.position;
        let events: Arc<[OutboxEvent]> = self
            .store
            .read(move |db| async move { outbox::events_after(&db, position).await })
            .await?
            .into();
        let count = events.len();
        let last = events.last().map_or(position, |event| event.position);
        let (entry, place) = (Arc::clone(ledger), feed.clone());
        let entered = self
            .store
            .write(&Actor::system("journal"), move |tx: Write| {
                let (entry, place, events) =
                    (Arc::clone(&entry), place.clone(), Arc::clone(&events));
                async move {
                    if !outbox::step_in(&tx, &place, last).await? {
                        return Err(Failure::Again("another process was faster".to_owned()));
                    }
                    entry(tx, events).await
                }
            })
            .await;
        if let Err(failure) = entered {
            let why = failure.reason().to_owned();
            tracing::error!(consumer, position, why, "events were not entered");
            let pause = backoff(feed.attempts + 1);
            outbox::stumble(&self.store, feed, &why, pause).await?;
            return Ok(false);
        }
        self.counts
            .delivered
            .fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
        Ok(i64::try_from(count).unwrap_or(i64::MAX) >= limits::RELAY_BATCH)
    }

    /// Hands one consumer what it has not read; tells whether there may be more.
    async fn feed(&self, consumer: &'static str, listener: &Listener) -> Result<bool, Error> {
        if !self
            .store
            .read(move |db| async move { outbox::is_behind(&db, consumer).await })
            .await?
        {
            return Ok(false);
        }
        let Some(feed) = outbox::lease(&self.store, consumer, &self.holder).await? else {
            return Ok(false);
        };
        let position = feed.position;
        let events = self
            .store
            .read(move |db| async move { outbox::events_after(&db, position).await })
            .await?;
        let count = events.len();
        let end = self.store.env().now() + limits::LEASE / 2;
        let mut reached = feed.position;
        for event in events {
            if event.kind.starts_with(suspension::EVENTS) {
                self.calendar.refresh(&self.store).await?;
            }
            let next = event.position;
            let kind = event.kind.clone();
            let span = tracing::info_span!("event", consumer, kind, position = next);
            let heard = AssertUnwindSafe(listener(event).instrument(span))
                .catch_unwind()
                .await;
            let failure = match heard {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure.reason().to_owned()),
                Err(_) => Some("the listener panicked".to_owned()),
            };
            if let Some(why) = failure {
                tracing::error!(consumer, position = next, why, "an event was not taken");
                let pause = backoff(feed.attempts + 1);
                let feed = Feed {
                    position: reached,
                    ..feed
                };
                outbox::stumble(&self.store, feed, &why, pause).await?;
                return Ok(false);
            }
            self.counts.delivered.fetch_add(1, Ordering::Relaxed);
            reached = next;
            if self.store.env().now() >= end {
                break;
            }
        }
        outbox::advance(&self.store, feed, reached).await?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX) >= limits::RELAY_BATCH)
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("jobs", &self.handlers.keys())
            .field("consumers", &self.listeners.keys())
            .field("ledgers", &self.ledgers.keys())
            .finish_non_exhaustive()
    }
}

async fn run_task(store: &Store, counts: &Counts, handler: Handler, task: Task) {
    let work = AssertUnwindSafe(handler(task.clone())).catch_unwind();
    let mut work = std::pin::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(limits::LEASE / 3) => {
                if !matches!(queue::renew(store, &task).await, Ok(true)) {
                    tracing::warn!("the lease of this job could not be renewed");
                }
            }
        }
    };
    let outcome =
        outcome.unwrap_or_else(|_| Err(Failure::Again("the handler panicked".to_owned())));
    match &outcome {
        Ok(()) => counts.done.fetch_add(1, Ordering::Relaxed),
        Err(failure) => {
            tracing::warn!(%failure, "the job failed");
            counts.failed.fetch_add(1, Ordering::Relaxed)
        }
    };
    if let Err(error) = queue::finish(store, &task, outcome).await {
        tracing::error!(code = error.code(), %error, "the end of this job was not recorded");
    }
}
