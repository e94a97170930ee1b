//! Throw-away databases for tests, and the macro that runs each store test on both engines.
//!
//! SQLite: a copy of a migrated template file, in memory where the system offers it. Postgres: a
//! copy of a migrated template database on the server named by `CAUSEWAY_TEST_POSTGRES`, which
//! `cargo xtask pg start` starts. Both are gone when the test ends.
#![expect(
    clippy::expect_used,
    reason = "a test database that cannot be made ends the test"
)]

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::Duration,
};

use kernel::{Env, FakeEnv, Time};
use tokio_postgres::{Client, NoTls};

use crate::{Migrations, Store, StoreConfig, sqlite};

/// The variable that names the test server: `postgres://user@host:port/`.
pub const POSTGRES: &str = "CAUSEWAY_TEST_POSTGRES";
/// Monday 23 November 2026, ten in the morning in Hong Kong: when every store test begins.
pub const START: Time = Time::from_seconds(1_795_399_200);
const TEST_SEED: u64 = 1;
const TEST_LIMIT: Duration = Duration::from_secs(120);
const TEST_READERS: usize = 2;
const TEST_CONNECTIONS: usize = 8;
/// Two programs may make the same template at the same moment; one waits for the other this long.
const COPY_ATTEMPTS: u32 = 200;
/// Files of test runs older than this belong to nobody.
const STALE: Duration = Duration::from_secs(86_400);
const COPY_PAUSE: Duration = Duration::from_millis(25);

/// Declares tests that run once on SQLite and once on Postgres:
///
/// ```ignore
/// store::db_tests! {
///     [&crate::MIGRATIONS];
///     async fn a_closed_case_stays_closed(store: Store) { … }
///     async fn a_pledge_runs_out(store: Store, clock: FakeEnv) { … }
/// }
/// ```
///
/// gives `a_closed_case_stays_closed::sqlite_twin` and `…::postgres_twin`.
#[macro_export]
macro_rules! db_tests {
    (
        $owners:expr;
        $($(#[$meta:meta])* async fn $name:ident($($arg:ident : $kind:ty),+ $(,)?) $body:block)+
    ) => {
        $(
            $(#[$meta])*
            async fn $name($($arg: $kind),+) $body

            mod $name {
                use super::*;

                #[test]
                fn sqlite_twin() {
                    $crate::testing::on_sqlite(
                        &$owners,
                        $crate::db_tests!(@call $name, $($arg),+),
                    );
                }

                #[test]
                fn postgres_twin() {
                    $crate::testing::on_postgres(
                        &$owners,
                        $crate::db_tests!(@call $name, $($arg),+),
                    );
                }
            }
        )+
    };
    (@call $name:ident, $store:ident) => { |store, _clock| $name(store) };
    (@call $name:ident, $store:ident, $clock:ident) => { |store, clock| $name(store, clock) };
}

/// A database that disappears with this value.
#[derive(Debug)]
pub struct TestDatabase {
    pub store: Store,
    /// Moves the clock of `store`.
    pub clock: FakeEnv,
    /// Opens the same data a second time, as another process would.
    pub config: StoreConfig,
    rubbish: Rubbish,
}

#[derive(Debug)]
enum Rubbish {
    Directory(PathBuf),
    Database { server: String, name: String },
}

/// Runs `test` on a throw-away SQLite file.
pub fn on_sqlite<F, Fut>(owners: &[&'static Migrations], test: F)
where
    F: FnOnce(Store, FakeEnv) -> Fut,
    Fut: Future<Output = ()>,
{
    runtime().block_on(async {
        let database = sqlite_database(owners).await;
        finish(database, test).await;
    });
}

/// Runs `test` on a throw-away Postgres database.
///
/// # Panics
/// `CAUSEWAY_TEST_POSTGRES` is not set: run `cargo xtask pg start` and set it as that prints.
pub fn on_postgres<F, Fut>(owners: &[&'static Migrations], test: F)
where
    F: FnOnce(Store, FakeEnv) -> Fut,
    Fut: Future<Output = ()>,
{
    runtime().block_on(async {
        let database = postgres_database(owners).await;
        finish(database, test).await;
    });
}

async fn finish<F, Fut>(database: TestDatabase, test: F)
where
    F: FnOnce(Store, FakeEnv) -> Fut,
    Fut: Future<Output = ()>,
{
    let run = test(database.store.clone(), database.clock.clone());
    let run = futures::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run));
    let outcome = tokio::time::timeout(TEST_LIMIT, run).await;
    database.discard().await;
    if let Err(panic) = outcome.expect("the test ends in time") {
        std::panic::resume_unwind(panic);
    }
}

/// A throw-away SQLite file, migrated. Call [`TestDatabase::discard`] at the end.
///
/// # Panics
/// The file cannot be made.
pub async fn sqlite_database(owners: &[&'static Migrations]) -> TestDatabase {
    let template = sqlite_template(owners);
    let directory = scratch().join(format!("causeway-test-{}", unique()));
    std::fs::create_dir(&directory).expect("the test directory can be made");
    let file = directory.join("test.db");
    std::fs::copy(&template, &file).expect("the template can be copied");
    let config = StoreConfig {
        url: format!("sqlite:{}", file.display()),
        sqlite_readers: TEST_READERS,
        ..StoreConfig::default()
    };
    open(config, owners, Rubbish::Directory(directory)).await
}

/// A throw-away Postgres database, migrated. Call [`TestDatabase::discard`] at the end.
///
/// # Panics
/// The server is not named, or does not answer.
pub async fn postgres_database(owners: &[&'static Migrations]) -> TestDatabase {
    let server = server();
    let admin = connect(&server).await;
    let template = postgres_template(&server, &admin, owners).await;
    let name = format!("causeway_test_{}", unique());
    copy_database(&admin, &name, &template).await;
    let config = StoreConfig {
        url: with_database(&server, &name),
        postgres_connections: TEST_CONNECTIONS,
        ..StoreConfig::default()
    };
    open(config, owners, Rubbish::Database { server, name }).await
}

async fn open(
    config: StoreConfig,
    owners: &[&'static Migrations],
    rubbish: Rubbish,
) -> TestDatabase {
    let (env, clock) = Env::fake(START, TEST_SEED);
    let store = Store::open(&config, env, owners)
        .await
        .expect("the test database opens");
    TestDatabase {
        store,
        clock,
        config,
        rubbish,
    }
}

impl TestDatabase {
    /// Closes the store and removes the data.
    ///
    /// # Panics
    /// The data cannot be removed.
    pub async fn discard(self) {
        self.store.close().await;
        match self.rubbish {
            Rubbish::Directory(path) => {
                std::fs::remove_dir_all(path).expect("the test directory can be removed");
            }
            Rubbish::Database { server, name } => {
                let admin = connect(&server).await;
                let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                admin
                    .batch_execute(&drop)
                    .await
                    .expect("the test database can be removed");
            }
        }
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts")
}

fn scratch() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    }
}

fn unique() -> String {
    kernel::Id::<()>::to_string(&Env::system().id())
}

fn fingerprint(owners: &[&'static Migrations]) -> String {
    let mut hash = 0_u64;
    for owner in owners {
        for step in owner.steps {
            let sum = u64::from_str_radix(&step.checksum(), 16).expect("a checksum is a number");
            hash = hash.rotate_left(7) ^ sum;
            for byte in step.name.bytes() {
                hash = hash.rotate_left(7) ^ u64::from(byte);
            }
        }
    }
    format!("{hash:016x}")
}

/// Made under another name and then renamed, so that a half-made template is never copied.
fn sqlite_template(owners: &[&'static Migrations]) -> PathBuf {
    let made = scratch().join(format!("causeway-template-{}.db", fingerprint(owners)));
    if !made.exists() {
        clear_away();
        let draft = scratch().join(format!("causeway-draft-{}.db", unique()));
        let mut connection = sqlite::open_writer(&draft).expect("the template opens");
        sqlite::migrate(&mut connection, START, owners).expect("the migrations apply");
        drop(connection);
        std::fs::rename(&draft, &made).expect("the template can be renamed");
    }
    made
}

/// Removes what killed test runs left behind. Another run may clear away the same things.
fn clear_away() {
    let Ok(entries) = std::fs::read_dir(scratch()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_ours = ["causeway-test-", "causeway-draft-", "causeway-template-"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix));
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .map(|time| time.elapsed());
        if is_ours && age.is_ok_and(|age| age.is_ok_and(|age| age > STALE)) {
            let path = entry.path();
            std::fs::remove_dir_all(&path)
                .or_else(|_| std::fs::remove_file(&path))
                .ok();
        }
    }
}

async fn postgres_template(server: &str, admin: &Client, owners: &[&'static Migrations]) -> String {
    let name = format!("causeway_template_{}", fingerprint(owners));
    let lock = "SELECT pg_advisory_lock(hashtext($1))";
    admin
        .execute(lock, &[&name])
        .await
        .expect("the template lock is free");
    let find = "SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate";
    if admin
        .query_opt(find, &[&name])
        .await
        .expect("databases are listed")
        .is_none()
    {
        let renew = [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name} TEMPLATE template0"),
        ];
        for statement in renew {
            admin
                .batch_execute(&statement)
                .await
                .expect("the template is made");
        }
        let config = StoreConfig {
            url: with_database(server, &name),
            ..StoreConfig::default()
        };
        let (env, _clock) = Env::fake(START, TEST_SEED);
        let store = Store::open(&config, env, owners)
            .await
            .expect("the migrations apply");
        store.close().await;
        let mark = format!("ALTER DATABASE {name} IS_TEMPLATE true");
        admin
            .batch_execute(&mark)
            .await
            .expect("the template is marked");
    }
    let unlock = "SELECT pg_advisory_unlock(hashtext($1))";
    admin
        .execute(unlock, &[&name])
        .await
        .expect("the template lock is given back");
    name
}

/// A database cannot be copied while anybody is connected to it, for example the program that has
/// just made it.
async fn copy_database(admin: &Client, name: &str, template: &str) {
    let create = format!("CREATE DATABASE {name} TEMPLATE {template}");
    let mut last = None;
    for _ in 0..COPY_ATTEMPTS {
        match admin.batch_execute(&create).await {
            Ok(()) => return,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(COPY_PAUSE).await;
    }
    last.map_or(Ok(()), Err)
        .expect("the template can be copied");
}

fn server() -> String {
    std::env::var(POSTGRES).ok().filter(|server| !server.is_empty()).expect(
        "CAUSEWAY_TEST_POSTGRES is not set: run `cargo xtask pg start`, and set it to the address \
         which that prints (postgres://user@host:port/)",
    )
}

fn with_database(server: &str, name: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("postgres", server));
    let authority = rest.split('/').next().unwrap_or(rest);
    format!("{scheme}://{authority}/{name}")
}

async fn connect(server: &str) -> Client {
    let address = with_database(server, "postgres");
    let (client, connection) = tokio_postgres::connect(&address, NoTls)
        .await
        .expect("the test server answers");
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the connection to the test server broke");
        }
    });
    client
}
