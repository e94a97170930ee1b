//! SQLite: one writer thread that commits in groups, and a few reader threads.
//!
//! All requests of a batch share one `BEGIN IMMEDIATE … COMMIT` with `synchronous=FULL`, each inside
//! its own savepoint, and hear of success only after the commit. On a small machine one durable
//! commit costs up to one scheduler tick; a batch of 256 pays it once.

mod connection;
mod job;
mod link;
mod migrate;
mod reader;
mod writer;

use std::{
    future::Future,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use kernel::Time;
use tokio::sync::mpsc;

use crate::{Error, Migrations, StoreConfig, Traffic, engine, limits};
pub(crate) use connection::{create_private, map_error, open_reader, open_writer};
use job::{Job, ReadJob, WriteJob};
pub(crate) use link::Link;
pub(crate) use migrate::migrate;

/// The queues in front of the writer and the readers.
#[derive(Clone)]
pub(crate) struct Engine {
    writes: mpsc::Sender<Message>,
    reads: mpsc::Sender<Message>,
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    readers: usize,
    threads: Mutex<Vec<JoinHandle<()>>>,
    is_closing: AtomicBool,
}

/// What stands in a queue.
pub(crate) enum Message {
    Job(Box<dyn Job>),
    /// The thread that takes this ends.
    Stop,
}

impl Engine {
    pub(crate) fn open(
        path: &str,
        config: &StoreConfig,
        now: Time,
        owners: &[&'static Migrations],
    ) -> Result<Self, Error> {
        let path = PathBuf::from(path);
        let mut connection = open_writer(&path)?;
        migrate(&mut connection, now, owners)?;
        let (writes, write_queue) = mpsc::channel(limits::WRITE_QUEUE);
        let (reads, read_queue) = mpsc::channel(limits::READ_QUEUE);
        let mut threads = vec![writer::start(connection, write_queue)?];
        let read_queue = Arc::new(Mutex::new(read_queue));
        let readers = config.sqlite_readers.max(1);
        for number in 0..readers {
            let connection = open_reader(&path)?;
            let queue = Arc::clone(&read_queue);
            threads.push(reader::start(number, connection, queue)?);
        }
        let threads = Mutex::new(threads);
        let shared = Shared {
            path,
            readers,
            threads,
            is_closing: AtomicBool::new(false),
        };
        Ok(Self {
            writes,
            reads,
            shared: Arc::new(shared),
        })
    }

    pub(crate) async fn write<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: Fn(engine::Link) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (job, answer) = WriteJob::new(work);
        self.enqueue(&self.writes, Box::new(job)).await?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub(crate) async fn read<T, E, F, Fut>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(engine::Link) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (job, answer, leash) = ReadJob::new(work);
        self.enqueue(&self.reads, Box::new(job)).await?;
        let answered = tokio::time::timeout(limits::STATEMENT_TIMEOUT, answer).await;
        drop(leash);
        match answered {
            Ok(answer) => answer.unwrap_or_else(|_| Err(Error::Closed.into())),
            Err(_) => Err(Error::Slow.into()),
        }
    }

    async fn enqueue(&self, queue: &mpsc::Sender<Message>, job: Box<dyn Job>) -> Result<(), Error> {
        if self.shared.is_closing.load(Ordering::SeqCst) {
            return Err(Error::Closed);
        }
        match queue.try_send(Message::Job(job)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Error::Closed),
            Err(mpsc::error::TrySendError::Full(job)) => queue
                .send_timeout(job, limits::QUEUE_WAIT)
                .await
                .map_err(|error| match error {
                    mpsc::error::SendTimeoutError::Timeout(_) => Error::Overloaded,
                    mpsc::error::SendTimeoutError::Closed(_) => Error::Closed,
                }),
        }
    }

    pub(crate) fn traffic(&self) -> Traffic {
        let places = self.writes.max_capacity();
        Traffic {
            waiting: places - self.writes.capacity(),
            places,
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.shared.path
    }

    /// Lets the threads finish their queues and waits for them.
    pub(crate) async fn close(&self) {
        if self.shared.is_closing.swap(true, Ordering::SeqCst) {
            return;
        }
        let stops = std::iter::repeat_n(&self.reads, self.shared.readers);
        for queue in std::iter::once(&self.writes).chain(stops) {
            if queue.send(Message::Stop).await.is_err() {
                tracing::error!("a store thread had ended early");
            }
        }
        let threads = std::mem::take(
            &mut *self
                .shared
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a store thread had panicked");
                }
            }
        });
        if joined.await.is_err() {
            tracing::error!("the store could not wait for its threads");
        }
    }
}
