//! A running Causeway for tests: the real router over a real store, with a clock that a test moves and
//! dice that always fall the same way. Browsers are [`Browser`]s: they keep cookies, follow nothing by
//! themselves, and fill in forms as people do.

mod authenticator;
mod browser;
pub mod hongkong;
mod prepared;
mod sheet;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use causeway::{Config, Knobs, System};
use kernel::{Env, FakeEnv, Time};

pub use authenticator::Authenticator;
pub use browser::{Answer, Browser, encode, fields, hidden};
pub use sheet::Sheet;

/// A Monday morning in Hong Kong on which every test begins: 2026-11-23 09:00.
const MORNING: i64 = 1_795_395_600;

fn demonstration(dir: PathBuf) -> Config {
    let mut config = Config::default();
    config.server.demo = true;
    config.store.data_dir = dir;
    config
}

/// The product, as a test holds it.
pub struct App {
    pub system: System,
    pub clock: FakeEnv,
    router: axum::Router,
    dir: PathBuf,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({})", self.dir.display())
    }
}

impl App {
    /// Starts the demonstration on an embedded store of its own, with its packs published and its
    /// people seeded.
    ///
    /// # Errors
    /// The system cannot be put together.
    pub async fn start() -> anyhow::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let base = if cfg!(target_os = "linux") {
            "/dev/shm".into()
        } else {
            std::env::temp_dir()
        };
        let dir = base.join(format!("causeway-app-{}-{count}", std::process::id()));
        let knobs = Knobs {
            has_rate_limits: false,
            records_answers: true,
        };
        prepared::copy_to(&dir).await?;
        let config = demonstration(dir);
        Self::over(&config, (Time::from_seconds(MORNING), count), knobs).await
    }

    /// As [`App::start`], in the new folder `dir`, which is removed at the end.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn open(dir: PathBuf, seed: u64, knobs: Knobs) -> anyhow::Result<Self> {
        let config = demonstration(dir);
        Self::open_at(&config, (Time::from_seconds(MORNING), seed), knobs).await
    }

    /// As [`App::open`] with a configuration of its own, from a moment on.
    ///
    /// # Errors
    /// As [`App::start`].
    pub async fn open_at(
        config: &Config,
        (moment, seed): (Time, u64),
        knobs: Knobs,
    ) -> anyhow::Result<Self> {
        let app = Self::over(config, (moment, seed), knobs).await?;
        causeway::publish_packs(&app.system).await?;
        causeway::seed_demo(&app.system).await?;
        Ok(app)
    }

    /// Over the data folder as it is.
    async fn over(
        config: &Config,
        (moment, seed): (Time, u64),
        knobs: Knobs,
    ) -> anyhow::Result<Self> {
        let (env, clock) = Env::fake(moment, seed);
        let system = System::open_with(config, env, knobs).await?;
        let router = system.app();
        Ok(Self {
            system,
            clock,
            router,
            dir: config.store.data_dir.clone(),
        })
    }

    /// A browser that has not been here before.
    #[must_use]
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Runs background work until nothing is due.
    ///
    /// # Errors
    /// The store fails.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.system.runner().settle().await?;
        Ok(())
    }

    pub(crate) fn router(&self) -> axum::Router {
        self.router.clone()
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
