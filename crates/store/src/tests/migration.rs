//! Rules of migrations.

use kernel::Env;

use proptest::prelude::*;

use crate::{
    Dialect, Error, Migration, Migrations, Store, StoreConfig,
    migration::{render, statements},
    testing::{START, TestDatabase, on_postgres, postgres_database, sqlite_database},
};

static FIRST: Migrations = Migrations {
    owner: "shop",
    steps: &[Migration {
        name: "0001_a.sql",
        text: "CREATE TABLE a (id {id} NOT NULL PRIMARY KEY);",
    }],
};
static SECOND: Migrations = Migrations {
    owner: "shop",
    steps: &[
        Migration {
            name: "0001_a.sql",
            text: "CREATE TABLE a (id {id} NOT NULL PRIMARY KEY);",
        },
        Migration {
            name: "0002_b.sql",
            text: "CREATE TABLE b (id {id} NOT NULL PRIMARY KEY);",
        },
    ],
};
static EDITED: Migrations = Migrations {
    owner: "shop",
    steps: &[Migration {
        name: "0001_a.sql",
        text: "CREATE TABLE a (id {int} NOT NULL PRIMARY KEY);",
    }],
};
static SQUEEZED: Migrations = Migrations {
    owner: "shop",
    steps: &[
        Migration {
            name: "0000_z.sql",
            text: "CREATE TABLE z (id {id} NOT NULL PRIMARY KEY);",
        },
        Migration {
            name: "0001_a.sql",
            text: "CREATE TABLE a (id {id} NOT NULL PRIMARY KEY);",
        },
    ],
};
static BROKEN: Migrations = Migrations {
    owner: "broken",
    steps: &[
        Migration {
            name: "0001_fine.sql",
            text: "CREATE TABLE fine (id {id} NOT NULL PRIMARY KEY);",
        },
        Migration {
            name: "0002_bad.sql",
            text: "CREATE TABLE bad (id {nonsense} PRIMARY KEY);",
        },
    ],
};

async fn reopen(config: &StoreConfig, owners: &[&'static Migrations]) -> Result<Store, Error> {
    Store::open(config, Env::fake(START, 2).0, owners).await
}

fn reason(result: Result<Store, Error>) -> String {
    match result {
        Err(Error::Migration { migration, reason }) => format!("{migration}: {reason}"),
        other => panic!("{other:?}"),
    }
}

async fn migrations_go_forward_only(database: TestDatabase) {
    let config = &database.config;
    reopen(config, &[&SECOND]).await.unwrap().close().await;
    reopen(config, &[&SECOND]).await.unwrap().close().await;
    assert!(reason(reopen(config, &[&FIRST]).await).contains("unknown to this program"));
    assert!(reason(reopen(config, &[&EDITED]).await).contains("was edited"));
    assert!(reason(reopen(config, &[&SQUEEZED]).await).contains("stands before"));
    assert!(reason(reopen(config, &[&SECOND, &BROKEN]).await).starts_with("broken/0002_bad.sql"));
    // A failed set leaves nothing behind, so the mended one starts from the same place.
    assert!(reason(reopen(config, &[&SECOND, &BROKEN]).await).starts_with("broken/0002_bad.sql"));
    database.discard().await;
}

async fn programs_that_start_together_migrate_once(database: TestDatabase) {
    let owners = [&FIRST, &SECOND_OWNER];
    let opened = (0..4).map(|_| reopen(&database.config, &owners));
    for store in futures::future::join_all(opened).await {
        store.unwrap().close().await;
    }
    database.discard().await;
}

static SECOND_OWNER: Migrations = Migrations {
    owner: "stall",
    steps: &[Migration {
        name: "0001_c.sql",
        text: "CREATE TABLE c (id {id} NOT NULL PRIMARY KEY);",
    }],
};

#[test]
fn sqlite_migrations_go_forward_only() {
    crate::check::block_on(async {
        migrations_go_forward_only(sqlite_database(&[&FIRST]).await).await
    });
}

#[test]
fn postgres_migrations_go_forward_only() {
    crate::check::block_on(async {
        migrations_go_forward_only(postgres_database(&[&FIRST]).await).await
    });
}

#[test]
fn sqlite_programs_that_start_together_migrate_once() {
    crate::check::block_on(async {
        programs_that_start_together_migrate_once(sqlite_database(&[&FIRST]).await).await;
    });
}

#[test]
fn postgres_programs_that_start_together_migrate_once() {
    crate::check::block_on(async {
        programs_that_start_together_migrate_once(postgres_database(&[&FIRST]).await).await;
    });
}

#[test]
fn an_address_of_no_engine_says_what_to_write() {
    on_postgres(&[&FIRST], |_store, _clock| async {
        for url in [
            "mysql://host/db",
            "causeway.db",
            "postgres://host/db?sslmode=require",
        ] {
            let refused = reopen(&StoreConfig::new(url), &[]).await;
            assert!(
                matches!(refused, Err(Error::Config(_))),
                "{url}: {refused:?}"
            );
        }
    });
}

#[test]
fn type_tokens_become_columns_of_each_engine() {
    let text = "CREATE TABLE t (a {id}, b {text}, c {bool}); -- it's a note; with a semicolon\n\
        CREATE TABLE u (d {int} DEFAULT (1), e {text} DEFAULT ');') WITHOUT ROWID;\n\
        -- only: sqlite\nCREATE VIRTUAL TABLE v USING fts5(a);\n-- end\n\
        -- only: postgres\nCREATE INDEX i ON t (b);\n-- end\nCREATE INDEX j ON t (a);";
    let sqlite = render(text, Dialect::Sqlite);
    assert!(
        sqlite.contains("CREATE TABLE t (a BLOB, b TEXT, c INTEGER) STRICT;"),
        "{sqlite}"
    );
    assert!(
        sqlite.contains("DEFAULT ');') WITHOUT ROWID, STRICT;"),
        "{sqlite}"
    );
    assert!(
        sqlite.contains("USING fts5(a);") && !sqlite.contains("INDEX i"),
        "{sqlite}"
    );
    let postgres = render(text, Dialect::Postgres);
    assert!(
        postgres.contains("(a UUID, b TEXT COLLATE \"C\", c BOOLEAN)"),
        "{postgres}"
    );
    assert!(
        postgres.contains("INDEX i") && postgres.contains("INDEX j"),
        "{postgres}"
    );
    assert!(
        !postgres.contains("fts5") && !postgres.contains("STRICT"),
        "{postgres}"
    );
}

proptest! {
    #[test]
    fn cutting_into_statements_loses_nothing(text in "([a-z();'\"\n -]|--|'[^']{0,5}'){0,80}") {
        prop_assert_eq!(statements(&text).concat(), text);
    }

    #[test]
    fn a_text_without_tokens_or_tables_is_left_as_it_is(text in "([a-z0-9;]| |\n){0,80}") {
        let lines: String = text.lines().map(|line| format!("{line}\n")).collect();
        prop_assert_eq!(render(&text, Dialect::Postgres), lines.as_str());
        prop_assert_eq!(render(&text, Dialect::Sqlite), lines.as_str());
    }
}
