//! Forward-only migrations: one text for both engines, with type tokens; applied once, in order,
//! under a lock, and checked against what was applied before.

use std::fmt::Write as _;

use crate::Error;

/// The migrations of one crate, in order. Made by [`crate::migrations!`].
#[derive(Debug)]
pub struct Migrations {
    /// The crate that owns the tables.
    pub owner: &'static str,
    pub steps: &'static [Migration],
}

/// One migration file.
#[derive(Debug)]
pub struct Migration {
    /// The file name: `0001_create_person.sql`.
    pub name: &'static str,
    pub text: &'static str,
}

/// Lists the files in `migrations/` of the calling crate, in the order they are applied.
///
/// Type tokens: `{id}` 16 bytes, `{int}` 64 bits, `{bool}`, `{text}` ordered by code point, `{time}`
/// microseconds UTC, `{date}` text, `{json}`, `{bytes}`, `{real}`. Lines between `-- only: postgres`
/// (or `sqlite`) and `-- end` run on that engine alone. Every SQLite table becomes STRICT.
#[macro_export]
macro_rules! migrations {
    ($owner:literal $(, $file:literal)+ $(,)?) => {
        $crate::Migrations {
            owner: $owner,
            steps: &[$($crate::Migration {
                name: $file,
                text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $file)),
            }),+],
        }
    };
}

/// Which SQL is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// One row of `schema_migration`, as read back.
pub(crate) struct Applied {
    pub owner: String,
    pub name: String,
    pub checksum: String,
}

pub(crate) const CREATE_LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migration (
    owner {text} NOT NULL, name {text} NOT NULL, checksum {text} NOT NULL, applied_at {time} NOT NULL,
    PRIMARY KEY (owner, name));";
pub(crate) const READ_LEDGER: &str =
    "SELECT owner, name, checksum FROM schema_migration ORDER BY owner, name";
pub(crate) const WRITE_LEDGER: &str =
    "INSERT INTO schema_migration (owner, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";

impl Migration {
    /// Tells an edited file from an applied one (64-bit FNV-1a; against mistakes, not malice).
    pub(crate) fn checksum(&self) -> String {
        let hash = self
            .text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
            });
        format!("{hash:016x}")
    }

    /// The text `dialect` runs.
    pub(crate) fn render(&self, dialect: Dialect) -> String {
        render(self.text, dialect)
    }
}

/// What is still to be applied, in order.
///
/// # Errors
/// An applied migration was edited or removed, or a new one stands before an applied one.
pub(crate) fn pending(
    owners: &[&'static Migrations],
    applied: &[Applied],
) -> Result<Vec<(&'static str, &'static Migration)>, Error> {
    let mut pending = Vec::new();
    for migrations in owners {
        let mut last_missing = None;
        for step in migrations.steps {
            let found = applied
                .iter()
                .find(|row| row.owner == migrations.owner && row.name == step.name);
            match found {
                Some(row) if row.checksum != step.checksum() => {
                    return Err(refuse(
                        migrations.owner,
                        step.name,
                        "was edited after it had been applied; undo the edit and add a new file",
                    ));
                }
                Some(_) if last_missing.is_some() => {
                    return Err(refuse(
                        migrations.owner,
                        last_missing.unwrap_or(step.name),
                        "stands before one that is already applied; give it a later number",
                    ));
                }
                Some(_) => {}
                None => {
                    last_missing = Some(step.name);
                    pending.push((migrations.owner, step));
                }
            }
        }
        newer(migrations, applied)?;
    }
    Ok(pending)
}

fn newer(migrations: &Migrations, applied: &[Applied]) -> Result<(), Error> {
    let unknown = applied.iter().find(|row| {
        row.owner == migrations.owner && migrations.steps.iter().all(|step| step.name != row.name)
    });
    unknown.map_or(Ok(()), |row| {
        Err(refuse(
            migrations.owner,
            &row.name,
            "is applied in the database but unknown to this program; run the newer program",
        ))
    })
}

pub(crate) fn refuse(owner: &str, name: &str, reason: &(impl ToString + ?Sized)) -> Error {
    Error::Migration {
        migration: format!("{owner}/{name}"),
        reason: reason.to_string(),
    }
}

/// Replaces type tokens, drops the other engine's blocks, and makes SQLite tables STRICT.
pub(crate) fn render(text: &str, dialect: Dialect) -> String {
    let mut wanted = true;
    let mut kept = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let mark = line.trim();
        if let Some(engine) = mark.strip_prefix("-- only:") {
            wanted = match dialect {
                Dialect::Sqlite => engine.trim() == "sqlite",
                Dialect::Postgres => engine.trim() == "postgres",
            };
        } else if mark == "-- end" {
            wanted = true;
        } else if wanted {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    for (token, sqlite, postgres) in TYPES {
        kept = kept.replace(
            token,
            if dialect == Dialect::Sqlite {
                sqlite
            } else {
                postgres
            },
        );
    }
    if dialect == Dialect::Sqlite {
        strict(&kept)
    } else {
        kept
    }
}

/// TEXT carries the C collation on Postgres, so that both engines order by code point whatever the
/// locale of the database. JSON stays `json`, not `jsonb`: the text read back is the text written.
const TYPES: [(&str, &str, &str); 9] = [
    ("{id}", "BLOB", "UUID"),
    ("{int}", "INTEGER", "BIGINT"),
    ("{bool}", "INTEGER", "BOOLEAN"),
    ("{text}", "TEXT", "TEXT COLLATE \"C\""),
    ("{time}", "INTEGER", "BIGINT"),
    ("{date}", "TEXT", "TEXT COLLATE \"C\""),
    ("{json}", "TEXT", "JSON"),
    ("{bytes}", "BLOB", "BYTEA"),
    ("{real}", "REAL", "DOUBLE PRECISION"),
];

/// Adds STRICT to each `CREATE TABLE`. Virtual tables have no such option and start otherwise.
fn strict(text: &str) -> String {
    let mut made = String::with_capacity(text.len() + 64);
    for piece in statements(text) {
        let words = piece
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"));
        let head: String = words
            .collect::<Vec<_>>()
            .join(" ")
            .trim_start()
            .to_ascii_uppercase();
        let body = piece.trim_end();
        match body.strip_suffix(';') {
            Some(open) if head.starts_with("CREATE TABLE") => {
                let comma = if open.trim_end().ends_with(')') {
                    ""
                } else {
                    ","
                };
                let _ = writeln!(made, "{open}{comma} STRICT;");
            }
            _ => made.push_str(piece),
        }
    }
    made
}

/// Cuts SQL after each `;` that stands outside quotes, comments and brackets.
pub(crate) fn statements(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quote, mut comment) = (0, 0_i32, None, false);
    let mut previous = ' ';
    for (place, letter) in text.char_indices() {
        match (comment, quote, letter) {
            (true, _, '\n') => comment = false,
            (true, ..) => {}
            (false, Some(open), _) if letter == open => quote = None,
            (false, Some(_), _) => {}
            (false, None, '\'' | '"') => quote = Some(letter),
            (false, None, '-') if previous == '-' => comment = true,
            (false, None, '(') => depth += 1,
            (false, None, ')') => depth -= 1,
            (false, None, ';') if depth == 0 => {
                let (_, rest) = text.split_at(start);
                let (piece, _) = rest.split_at(place + 1 - start);
                pieces.push(piece);
                start = place + 1;
            }
            _ => {}
        }
        previous = letter;
    }
    let (_, rest) = text.split_at(start);
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}
