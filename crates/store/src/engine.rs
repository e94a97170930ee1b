//! The two engines behind one face, chosen once by the address.

use kernel::Env;

use crate::{
    Error, Migrations, Params, Row, Stmt, StoreConfig, Value, migration::Dialect, postgres, sqlite,
};

/// The engine of a store.
#[derive(Clone)]
pub(crate) enum Engine {
    Sqlite(sqlite::Engine),
    Postgres(postgres::Engine),
}

/// The transaction a handle speaks to.
#[derive(Clone)]
pub(crate) enum Link {
    Sqlite(sqlite::Link),
    Postgres(postgres::Link),
}

impl Engine {
    pub(crate) async fn open(
        config: &StoreConfig,
        env: &Env,
        owners: &[&'static Migrations],
    ) -> Result<Self, Error> {
        if let Some(path) = config.url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return sqlite::Engine::open(path, config, env.now(), owners).map(Self::Sqlite);
        }
        if config.url.starts_with("postgres://") || config.url.starts_with("postgresql://") {
            return postgres::Engine::open(config, env, owners)
                .await
                .map(Self::Postgres);
        }
        Err(Error::Config(
            "write sqlite:PATH or postgres://user@host:port/database".to_owned(),
        ))
    }
}

impl Link {
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) async fn query(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
        most: usize,
    ) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite(link) => link.query(stmt, params, most),
            Self::Postgres(link) => link.query(stmt, params, most).await,
        }
    }

    pub(crate) async fn execute(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
    ) -> Result<u64, Error> {
        match self {
            Self::Sqlite(link) => link.execute(stmt, params),
            Self::Postgres(link) => link.execute(stmt, params).await,
        }
    }

    pub(crate) async fn execute_all(
        &self,
        steps: &[(&'static Stmt, Params)],
    ) -> Result<Vec<u64>, Error> {
        match self {
            Self::Sqlite(link) => steps
                .iter()
                .map(|(stmt, params)| link.execute(stmt, params))
                .collect(),
            Self::Postgres(link) => link.execute_all(steps).await,
        }
    }

    pub(crate) async fn attempt(
        &self,
        stmt: &'static Stmt,
        params: &[Value],
    ) -> Result<u64, Error> {
        match self {
            Self::Sqlite(link) => link.attempt(stmt, params),
            Self::Postgres(link) => link.attempt(stmt, params).await,
        }
    }
}
