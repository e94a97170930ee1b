//! The two things a program takes from outside without asking: the time and randomness. Everything
//! that needs either holds an [`Env`], so that a test can set the clock and repeat the dice.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{RngCore, SeedableRng},
};

use crate::{Date, Id, Time};

/// The clock and the source of randomness of this process. Cheap to clone.
#[derive(Clone)]
pub struct Env(Source);

#[derive(Clone)]
enum Source {
    System,
    Fake(Arc<Fake>),
}

struct Fake {
    micros: AtomicI64,
    dice: Mutex<ChaCha20Rng>,
}

/// The handle by which a test moves the clock of the [`Env`] it was made with.
#[derive(Clone)]
pub struct FakeEnv(Arc<Fake>);

impl Env {
    /// The operating system's clock and randomness.
    #[must_use]
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `now` until moved, and dice that fall the same way for a seed.
    #[must_use]
    pub fn fake(now: Time, seed: u64) -> (Self, FakeEnv) {
        let fake = Arc::new(Fake {
            micros: AtomicI64::new(now.micros()),
            dice: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
        });
        (Self(Source::Fake(Arc::clone(&fake))), FakeEnv(fake))
    }

    #[must_use]
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System => system_now(),
            Source::Fake(fake) => Time::from_micros(fake.micros.load(Ordering::SeqCst)),
        }
    }

    /// Today in Hong Kong.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now().date()
    }

    /// Fills `bytes` with unpredictable bytes, fit for keys.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => system_fill(bytes),
            Source::Fake(fake) => {
                fake.dice
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .fill_bytes(bytes);
            }
        }
    }

    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A fresh identifier, ordered after all earlier ones to the millisecond.
    #[must_use]
    pub fn id<N>(&self) -> Id<N> {
        Id::from_parts(self.now(), self.bytes())
    }

    /// A whole number in `0..bound`, each equally likely (64 random bits reduced by
    /// multiplication, bias below 2⁻³² for bounds below 2³²). Zero for a bound of zero.
    #[must_use]
    pub fn below(&self, bound: u32) -> u32 {
        let wide = u128::from(u64::from_be_bytes(self.bytes())) * u128::from(bound);
        u32::try_from(wide >> 64).unwrap_or_default()
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::System => "Env::System",
            Source::Fake(_) => "Env::Fake",
        })
    }
}

impl FakeEnv {
    pub fn set(&self, now: Time) {
        self.0.micros.store(now.micros(), Ordering::SeqCst);
    }

    pub fn advance(&self, span: Duration) {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        self.0.micros.fetch_add(micros, Ordering::SeqCst);
    }
}

impl fmt::Debug for FakeEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeEnv")
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
fn system_now() -> Time {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    Time::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[expect(
    clippy::disallowed_methods,
    clippy::panic,
    reason = "the one place that asks the operating system for randomness; without it no key is safe"
)]
fn system_fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
}
