//! A copy of the data that can be put back.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, backup::Backup};

use crate::{Error, Store, engine::Engine, sqlite};

/// Pages copied at a time; other readers and the writer go on in between.
const PAGES_PER_STEP: i32 = 1_024;

impl Store {
    /// Copies the data, as of one moment, into the new file at `target`, and checks the copy. Reads
    /// and writes go on meanwhile. Only for SQLite: Postgres has its own tools.
    ///
    /// # Errors
    /// [`Error::Backup`] when the engine is Postgres, the file exists, or the copy is damaged.
    pub async fn backup(&self, target: &Path) -> Result<(), Error> {
        let Engine::Sqlite(engine) = &self.engine else {
            return Err(Error::Backup(
                "this store is on Postgres: use pg_dump, or a base backup".to_owned(),
            ));
        };
        let (source, target) = (engine.path().to_owned(), target.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&source, &target));
        copied
            .await
            .unwrap_or_else(|_| Err(Error::Backup("the copy was interrupted".to_owned())))
    }

    /// Checks that the file at `path` is a whole SQLite database, as a restore should before it
    /// takes the place of the live one.
    ///
    /// # Errors
    /// [`Error::Backup`] says what is wrong with it.
    pub async fn check_backup(path: &Path) -> Result<(), Error> {
        let path = path.to_owned();
        let checked = tokio::task::spawn_blocking(move || check(&path));
        checked
            .await
            .unwrap_or_else(|_| Err(Error::Backup("the check was interrupted".to_owned())))
    }
}

/// Puts the backup at `source` in the place of the database file `target`, which must not exist yet.
/// The copy is checked, made durable, and only then given its name; nobody may have `target` open.
///
/// # Errors
/// [`Error::Backup`] when the backup is damaged, or a database or its logs lie at `target`: a log of
/// another life beside a restored file would damage it.
pub fn restore(source: &Path, target: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = target.as_os_str().to_owned();
        name.push(suffix);
        if Path::new(&name).exists() {
            let name = Path::new(&name).display();
            return Err(Error::Backup(format!("{name} exists: move it away first")));
        }
    }
    check(source)?;
    let part = target.with_extension("part");
    let copied = place(source, &part, target);
    if copied.is_err() && part.exists() {
        std::fs::remove_file(&part).map_err(|e| broken(&e))?;
    }
    copied
}

fn place(source: &Path, part: &Path, target: &Path) -> Result<(), Error> {
    sqlite::create_private(part)?;
    std::fs::copy(source, part).map_err(|e| broken(&e))?;
    std::fs::File::open(part)
        .and_then(|file| file.sync_all())
        .map_err(|e| broken(&e))?;
    check(part)?;
    std::fs::rename(part, target).map_err(|e| broken(&e))
}

fn broken(error: &std::io::Error) -> Error {
    Error::Backup(error.to_string())
}

fn copy(source: &Path, target: &Path) -> Result<(), Error> {
    if target.exists() {
        return Err(Error::Backup(format!(
            "{} exists already",
            target.display()
        )));
    }
    let from = sqlite::open_reader(source)?;
    // One read transaction pins the snapshot; otherwise each write would start the copy anew.
    from.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;")
        .map_err(|e| failed(&e))?;
    sqlite::create_private(target)?;
    let mut into = Connection::open(target).map_err(|e| failed(&e))?;
    Backup::new(&from, &mut into)
        .and_then(|backup| {
            backup.run_to_completion(PAGES_PER_STEP, std::time::Duration::ZERO, None)
        })
        .map_err(|e| failed(&e))?;
    // The copy carries the mark of a write-ahead log; without it the file stands alone.
    into.pragma_update(None, "journal_mode", "DELETE")
        .map_err(|e| failed(&e))?;
    drop(into);
    check(target)
}

fn check(path: &Path) -> Result<(), Error> {
    let damaged = |error: &rusqlite::Error| {
        let path = path.display();
        Error::Backup(format!(
            "{path} is not a whole backup ({error}): use another copy"
        ))
    };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|e| damaged(&e))?;
    let verdict: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(|e| damaged(&e))?;
    if verdict != "ok" {
        return Err(Error::Backup(format!(
            "{} is damaged: {verdict}",
            path.display()
        )));
    }
    let orphan: Option<String> = connection
        .query_row(
            "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1",
            [],
            |row| row.get(0),
        )
        .map(Some)
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(None),
            other => Err(failed(&other)),
        })?;
    orphan.map_or(Ok(()), |table| {
        Err(Error::Backup(format!(
            "rows of {table} point at rows that are missing"
        )))
    })
}

fn failed(error: &rusqlite::Error) -> Error {
    Error::Backup(error.to_string())
}
