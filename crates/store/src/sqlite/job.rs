//! One queued closure, and how it is run: polled once on the thread that owns the connection.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
};

use rusqlite::InterruptHandle;
use tokio::sync::oneshot;
use tracing::Span;

use super::link::{Lent, Link, lock};
use crate::{Error, engine};

/// A queued closure whose types have been forgotten.
pub(crate) trait Job: Send {
    /// Runs the closure and tells whether its effects are wanted. A write may be run again.
    fn run(&mut self, connection: &Lent) -> bool;

    /// Answers the caller, once it is known whether the transaction holds.
    fn finish(self: Box<Self>, held: Result<(), Error>);
}

/// A write, kept until its batch is committed.
pub(crate) struct WriteJob<F, T, E> {
    work: F,
    answer: oneshot::Sender<Result<T, E>>,
    outcome: Option<Result<T, E>>,
    span: Span,
}

impl<F, T, E> WriteJob<F, T, E> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (answer, receiver) = oneshot::channel();
        (
            Self {
                work,
                answer,
                outcome: None,
                span: Span::current(),
            },
            receiver,
        )
    }
}

impl<T, E, F, Fut> Job for WriteJob<F, T, E>
where
    F: Fn(engine::Link) -> Fut + Send,
    Fut: Future<Output = Result<T, E>>,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, connection: &Lent) -> bool {
        let span = self.span.clone();
        let _entered = span.enter();
        let outcome = poll_once(connection, &self.work);
        let is_wanted = outcome.is_ok();
        self.outcome = Some(outcome);
        is_wanted
    }

    fn finish(self: Box<Self>, held: Result<(), Error>) {
        let outcome = match (self.outcome, held) {
            // A refused closure has nothing to lose by a failed commit; its own reason stands.
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Err(error)) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(Error::Closed.into()),
        };
        // The caller may have gone away; the write stands all the same.
        drop(self.answer.send(outcome));
    }
}

/// A read, answered as soon as it has run.
pub(crate) struct ReadJob<F, T, E> {
    work: Option<F>,
    answer: oneshot::Sender<Result<T, E>>,
    outcome: Option<Result<T, E>>,
    running: Running,
    span: Span,
}

impl<F, T, E> ReadJob<F, T, E> {
    pub(crate) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, E>>, Leash) {
        let (answer, receiver) = oneshot::channel();
        let running = Running::default();
        let leash = Leash(Arc::clone(&running));
        let span = Span::current();
        (
            Self {
                work: Some(work),
                answer,
                outcome: None,
                running,
                span,
            },
            receiver,
            leash,
        )
    }
}

/// The connection a read runs on, while it runs.
type Running = Arc<Mutex<Option<InterruptHandle>>>;

/// Held by the caller of a read. Dropped while the read runs, because the caller went away or has
/// waited long enough, it stops the read, so that its thread is free for others.
pub(crate) struct Leash(Running);

impl Drop for Leash {
    fn drop(&mut self) {
        // Under the lock the thread cannot go on to somebody else's read meanwhile.
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = running.as_ref() {
            handle.interrupt();
        }
    }
}

fn set(running: &Running, handle: Option<InterruptHandle>) {
    *running.lock().unwrap_or_else(PoisonError::into_inner) = handle;
}

impl<T, E, F, Fut> Job for ReadJob<F, T, E>
where
    F: FnOnce(engine::Link) -> Fut + Send,
    Fut: Future<Output = Result<T, E>>,
    T: Send,
    E: From<Error> + Send,
{
    fn run(&mut self, connection: &Lent) -> bool {
        let span = self.span.clone();
        let _entered = span.enter();
        if let (Some(work), false) = (self.work.take(), self.answer.is_closed()) {
            set(&self.running, Some(lock(connection).get_interrupt_handle()));
            self.outcome = Some(poll_once(connection, work));
            set(&self.running, None);
        }
        false
    }

    fn finish(self: Box<Self>, held: Result<(), Error>) {
        let outcome = match (self.outcome, held) {
            (Some(outcome), Ok(())) => outcome,
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(Error::Closed.into()),
        };
        drop(self.answer.send(outcome));
    }
}

/// Runs a closure to its end in one poll. Every store call is ready at once on SQLite, so a closure
/// that is not ready waits for something else, and would hold up every other write.
fn poll_once<T, E, Fut>(connection: &Lent, work: impl FnOnce(engine::Link) -> Fut) -> Result<T, E>
where
    Fut: Future<Output = Result<T, E>>,
    E: From<Error>,
{
    let link = Link::new(connection);
    let lent = engine::Link::Sqlite(link.clone());
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let future = pin!(work(lent));
        future.poll(&mut Context::from_waker(Waker::noop()))
    }));
    let is_doomed = link.end();
    match polled {
        Ok(Poll::Ready(Ok(_))) if is_doomed => Err(Error::Doomed.into()),
        Ok(Poll::Ready(outcome)) => outcome,
        Ok(Poll::Pending) => Err(Error::Awaited.into()),
        Err(_) => Err(Error::Panicked.into()),
    }
}
