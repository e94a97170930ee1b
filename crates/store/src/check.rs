//! The checks that keep both engines alike, for the tests of every crate that owns tables:
//! [`statements`] prepares every statement on both engines, [`shape`] compares the two schemas.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use tokio_postgres::types::Type;

use crate::{
    Migrations, Stmt,
    testing::{TestDatabase, postgres_database, sqlite_database},
};

/// What a column holds, in words both engines share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Whole,
    Real,
    Text,
    Bytes,
    /// SQLite does not say (an expression), or Postgres has a type we never store.
    Unknown,
}

/// What one engine says about a statement.
#[derive(Debug)]
struct Prepared {
    parameters: usize,
    columns: Vec<(String, Kind)>,
}

/// Prepares `statements` on both engines against the schema of `owners`, and compares the number of
/// parameters and the names and types of the columns. Gives one line for each defect.
///
/// # Panics
/// A test database cannot be made.
pub async fn statements(
    owners: &[&'static Migrations],
    statements: &[&'static Stmt],
) -> Vec<String> {
    let (sqlite, postgres) = (
        sqlite_database(owners).await,
        postgres_database(owners).await,
    );
    let connection = open_sqlite(&sqlite);
    let client = open_postgres(&postgres).await;
    let mut defects = Vec::new();
    let mut names = BTreeSet::new();
    for stmt in statements {
        if !names.insert(std::ptr::from_ref::<Stmt>(stmt)) {
            defects.push(format!("{}: listed twice", stmt.name()));
        }
        let here = on_sqlite(&connection, stmt);
        let there = on_postgres(&client, stmt).await;
        match (here, there) {
            (Ok(here), Ok(there)) => compare(stmt.name(), &here, &there, &mut defects),
            (here, there) => {
                let engines = [("SQLite", here), ("Postgres", there)];
                for (engine, result) in engines {
                    if let Err(error) = result {
                        defects.push(format!("{} on {engine}: {error}", stmt.name()));
                    }
                }
            }
        }
    }
    drop((connection, client));
    sqlite.discard().await;
    postgres.discard().await;
    defects
}

fn compare(name: &str, here: &Prepared, there: &Prepared, defects: &mut Vec<String>) {
    if here.parameters != there.parameters {
        defects.push(format!(
            "{name}: {} parameters on SQLite, {} on Postgres",
            here.parameters, there.parameters
        ));
    }
    let named = |prepared: &Prepared| -> Vec<String> {
        prepared
            .columns
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    };
    // One unnamed column is read by its place; the engines name expressions differently.
    let is_scalar = here.columns.len() == 1 && there.columns.len() == 1;
    if named(here) != named(there) && !is_scalar {
        defects.push(format!(
            "{name}: the columns are {:?} on SQLite and {:?} on Postgres; name them with AS",
            named(here),
            named(there)
        ));
        return;
    }
    for ((column, left), (_, right)) in here.columns.iter().zip(&there.columns) {
        if *left != Kind::Unknown && *right != Kind::Unknown && left != right {
            defects.push(format!(
                "{name}.{column}: {left:?} on SQLite, {right:?} on Postgres"
            ));
        }
    }
}

fn on_sqlite(connection: &Connection, stmt: &Stmt) -> Result<Prepared, String> {
    let statement = connection
        .prepare(stmt.sqlite())
        .map_err(|error| error.to_string())?;
    let parameters = statement.parameter_count();
    let names = (1..=parameters).map(|index| statement.parameter_name(index));
    stmt.places(names).map_err(|error| error.to_string())?;
    let columns = statement
        .columns()
        .map(|column| {
            let kind = match column.decl_type() {
                Some("INTEGER") => Kind::Whole,
                Some("REAL") => Kind::Real,
                Some("TEXT") => Kind::Text,
                Some("BLOB") => Kind::Bytes,
                _ => Kind::Unknown,
            };
            (column.name().to_owned(), kind)
        })
        .collect();
    Ok(Prepared {
        parameters,
        columns,
    })
}

async fn on_postgres(client: &tokio_postgres::Client, stmt: &Stmt) -> Result<Prepared, String> {
    let statement = client.prepare(stmt.postgres()).await.map_err(|error| {
        error
            .as_db_error()
            .map_or_else(|| error.to_string(), |db| db.message().to_owned())
    })?;
    let mut columns = Vec::new();
    for column in statement.columns() {
        let kind = match *column.type_() {
            Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL => Kind::Whole,
            Type::FLOAT8 => Kind::Real,
            Type::TEXT | Type::VARCHAR | Type::JSON | Type::JSONB | Type::NAME => Kind::Text,
            Type::BYTEA | Type::UUID => Kind::Bytes,
            Type::NUMERIC => Kind::Unknown,
            ref other => return Err(format!("{} is of type {other}", column.name())),
        };
        columns.push((column.name().to_owned(), kind));
    }
    for kind in statement.params() {
        let known = [
            Type::INT8,
            Type::INT4,
            Type::INT2,
            Type::BOOL,
            Type::FLOAT8,
            Type::TEXT,
            Type::VARCHAR,
            Type::JSON,
            Type::JSONB,
            Type::BYTEA,
            Type::UUID,
        ];
        if !known.contains(kind) {
            return Err(format!("a parameter is of type {kind}; say CAST($n AS …)"));
        }
    }
    Ok(Prepared {
        parameters: statement.params().len(),
        columns,
    })
}

/// One table, as both engines describe it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    /// Name → (kind, may be null).
    columns: BTreeMap<String, (String, bool)>,
    uniques: BTreeSet<String>,
    references: BTreeSet<String>,
}

type Shape = BTreeMap<String, Table>;

/// Compares the schemas that `owners` make on SQLite and on Postgres: tables, columns, types,
/// nullability, primary keys and unique indexes, foreign keys. Gives one line for each difference.
///
/// # Panics
/// A test database cannot be made or described.
pub async fn shape(owners: &[&'static Migrations]) -> Vec<String> {
    let (sqlite, postgres) = (
        sqlite_database(owners).await,
        postgres_database(owners).await,
    );
    let here = describe_sqlite(&open_sqlite(&sqlite)).unwrap_or_default();
    let client = open_postgres(&postgres).await;
    let there = describe_postgres(&client).await.unwrap_or_default();
    drop(client);
    sqlite.discard().await;
    postgres.discard().await;
    let mut defects = Vec::new();
    if here.is_empty() {
        defects.push("no table was found on SQLite".to_owned());
    }
    let tables: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    for table in tables {
        match (here.get(table), there.get(table)) {
            (Some(left), Some(right)) if left == right => {}
            (left, right) => {
                defects.push(format!(
                    "{table}: {left:?} on SQLite, {right:?} on Postgres"
                ));
            }
        }
    }
    defects
}

fn describe_sqlite(connection: &Connection) -> rusqlite::Result<Shape> {
    let mut shape = Shape::new();
    let mut tables = connection.prepare(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
            AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let tables = tables.query_map([], |row| row.get::<_, String>(0))?;
    for table in tables {
        let table = table?;
        let mut made = Table::default();
        let mut columns = connection
            .prepare("SELECT name, type, \"notnull\" OR pk > 0 FROM pragma_table_info($1)")?;
        let columns = columns.query_map([&table], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, bool>(2)?,
            ))
        })?;
        for column in columns {
            let (name, kind, is_required) = column?;
            made.columns.insert(name, (kind, !is_required));
        }
        made.uniques = texts(
            connection,
            "SELECT group_concat(name, ', ') || CASE partial WHEN 1 THEN ' (partial)' ELSE '' END
            FROM (SELECT il.name AS il_name, il.partial AS partial, COALESCE(ii.name, '?') AS name
                FROM pragma_index_list($1) AS il, pragma_index_info(il.name) AS ii
                WHERE il.\"unique\" = 1 ORDER BY il.name, ii.seqno)
            GROUP BY il_name",
            &table,
        )?;
        made.uniques.extend(texts(
            connection,
            "SELECT name FROM pragma_table_info($1) WHERE pk > 0 AND type = 'INTEGER'
            AND (SELECT MAX(pk) FROM pragma_table_info($1)) = 1",
            &table,
        )?);
        made.references = texts(
            connection,
            "SELECT group_concat(\"from\", ', ') || ' -> ' || \"table\" FROM
            (SELECT id, \"from\", \"table\" FROM pragma_foreign_key_list($1) ORDER BY id, seq)
            GROUP BY id",
            &table,
        )?;
        shape.insert(table, made);
    }
    Ok(shape)
}

fn texts(connection: &Connection, query: &str, table: &str) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare(query)?
        .query_map([table], |row| row.get(0))?
        .collect()
}

async fn describe_postgres(
    client: &tokio_postgres::Client,
) -> Result<Shape, tokio_postgres::Error> {
    let mut shape = Shape::new();
    let columns = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES'
        FROM information_schema.columns WHERE table_schema = 'public'";
    for row in client.query(columns, &[]).await? {
        let (table, name, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let kind = match kind.as_str() {
            "bigint" | "boolean" => "INTEGER",
            "double precision" => "REAL",
            "text" | "json" => "TEXT",
            "uuid" | "bytea" => "BLOB",
            other => other,
        };
        let made = shape.entry(table).or_default();
        made.columns.insert(name, (kind.to_owned(), row.get(3)));
    }
    let uniques =
        "SELECT c.relname::text, string_agg(COALESCE(a.attname, '?')::text, ', ' ORDER BY k.place)
            || CASE WHEN i.indpred IS NULL THEN '' ELSE ' (partial)' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k (number, place)
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number AND k.number > 0
        WHERE i.indisunique GROUP BY c.relname, i.indexrelid, i.indpred";
    for row in client.query(uniques, &[]).await? {
        shape
            .entry(row.get(0))
            .or_default()
            .uniques
            .insert(row.get(1));
    }
    let references = "SELECT c.relname::text, string_agg(a.attname::text, ', ' ORDER BY k.place)
            || ' -> ' || f.relname
        FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid JOIN pg_class f ON f.oid = o.confrelid
        CROSS JOIN LATERAL unnest(o.conkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE o.contype = 'f' GROUP BY c.relname, f.relname, o.oid";
    for row in client.query(references, &[]).await? {
        shape
            .entry(row.get(0))
            .or_default()
            .references
            .insert(row.get(1));
    }
    Ok(shape)
}

#[expect(
    clippy::expect_used,
    reason = "a test database that cannot be opened ends the test"
)]
fn open_sqlite(database: &TestDatabase) -> Connection {
    let path = database.config.url.trim_start_matches("sqlite:");
    Connection::open(path).expect("the test database opens")
}

#[expect(
    clippy::expect_used,
    reason = "a test database that cannot be opened ends the test"
)]
async fn open_postgres(database: &TestDatabase) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&database.config.url, tokio_postgres::NoTls)
        .await
        .expect("the test database opens");
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection of a check ended");
        }
    });
    client
}

/// The test every crate with tables has: `store::check_tests!([&crate::MIGRATIONS], crate::statements());`
#[macro_export]
macro_rules! check_tests {
    ($owners:expr, $statements:expr) => {
        #[test]
        fn every_statement_prepares_on_both_engines() {
            let defects =
                $crate::check::block_on($crate::check::statements(&$owners, &$statements));
            assert!(defects.is_empty(), "{}", defects.join("\n"));
        }

        #[test]
        fn both_engines_have_the_same_shape() {
            let defects = $crate::check::block_on($crate::check::shape(&$owners));
            assert!(defects.is_empty(), "{}", defects.join("\n"));
        }
    };
}

/// Runs a check in a runtime of its own.
///
/// # Panics
/// A runtime cannot be started.
pub fn block_on<T>(check: impl Future<Output = T>) -> T {
    crate::testing::runtime().block_on(check)
}
