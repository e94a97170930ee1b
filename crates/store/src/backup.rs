//! A copy of the data that can be put back.

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{Error, Store, engine::Engine, sqlite};

/// Pages copied at a time; other readers and the writer go on in between.
const PAGES_PER_STEP: i32 = 1_024;

/// Bytes copied at a time when a backup is put back.
const COPIED_AT_ONCE: usize = 1 << 20;

/// How far a backup or a restore has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Progress {
    /// So many bytes are copied, of so many.
    Copied { bytes: u64, of: u64 },
    /// The file is read whole and checked; how long that takes is not known beforehand.
    Checking,
}

impl Store {
    /// Copies the data, as of one moment, into the new file at `target`, and checks the copy. Reads
    /// and writes go on meanwhile; `watch` hears how far it is. Only for SQLite: Postgres has its
    /// own tools.
    ///
    /// # Errors
    /// [`Error::Backup`] when the engine is Postgres, the file exists, or the copy is damaged.
    pub async fn backup(
        &self,
        target: &Path,
        watch: impl Fn(Progress) + Send + 'static,
    ) -> Result<(), Error> {
        let Engine::Sqlite(engine) = &self.engine else {
            return Err(Error::Backup(
                "this store is on Postgres: use pg_dump, or a base backup".to_owned(),
            ));
        };
        let (source, target) = (engine.path().to_owned(), target.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&source, &target, &watch));
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
/// `watch` hears how far it is.
///
/// # Errors
/// [`Error::Backup`] when the backup is damaged, or a database or its logs lie at `target`: a log of
/// another life beside a restored file would damage it.
pub fn restore(source: &Path, target: &Path, watch: impl Fn(Progress)) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = target.as_os_str().to_owned();
        name.push(suffix);
        if Path::new(&name).exists() {
            let name = Path::new(&name).display();
            return Err(Error::Backup(format!("{name} exists: move it away first")));
        }
    }
    watch(Progress::Checking);
    check(source)?;
    let part = target.with_extension("part");
    let copied = place(source, &part, &watch)
        .and_then(|()| std::fs::rename(&part, target).map_err(|e| broken(&e)));
    if copied.is_err() && part.exists() {
        std::fs::remove_file(&part).map_err(|e| broken(&e))?;
    }
    copied
}

fn place(source: &Path, part: &Path, watch: &impl Fn(Progress)) -> Result<(), Error> {
    sqlite::create_private(part)?;
    write_through(source, part, watch).map_err(|e| broken(&e))?;
    watch(Progress::Checking);
    check(part)
}

/// Copies the bytes of a file into an existing empty one and makes them durable.
fn write_through(source: &Path, part: &Path, watch: &impl Fn(Progress)) -> std::io::Result<()> {
    let mut from = std::fs::File::open(source)?;
    let mut into = std::fs::OpenOptions::new().write(true).open(part)?;
    let (mut bytes, of) = (0, from.metadata()?.len());
    let mut buffer = vec![0; COPIED_AT_ONCE];
    loop {
        watch(Progress::Copied { bytes, of });
        let read = from.read(&mut buffer)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            return into.sync_all();
        };
        into.write_all(piece)?;
        bytes += piece.len() as u64;
    }
}

fn broken(error: &std::io::Error) -> Error {
    Error::Backup(error.to_string())
}

fn copy(source: &Path, target: &Path, watch: &impl Fn(Progress)) -> Result<(), Error> {
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
    copy_pages(&from, &mut into, watch).map_err(|e| failed(&e))?;
    // The copy carries the mark of a write-ahead log; without it the file stands alone.
    into.pragma_update(None, "journal_mode", "DELETE")
        .map_err(|e| failed(&e))?;
    drop(into);
    watch(Progress::Checking);
    check(target)
}

fn copy_pages(
    from: &Connection,
    into: &mut Connection,
    watch: &impl Fn(Progress),
) -> rusqlite::Result<()> {
    let page_size: u32 = from.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let bytes = |pages: i32| u64::try_from(pages).unwrap_or_default() * u64::from(page_size);
    let backup = Backup::new(from, into)?;
    loop {
        let step = backup.step(PAGES_PER_STEP)?;
        let progress = backup.progress();
        watch(Progress::Copied {
            bytes: bytes(progress.pagecount - progress.remaining),
            of: bytes(progress.pagecount),
        });
        match step {
            StepResult::Done => return Ok(()),
            // The snapshot is pinned and the target ours: nobody holds a lock for longer than a moment.
            StepResult::Busy | StepResult::Locked => std::thread::yield_now(),
            _ => {}
        }
    }
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
