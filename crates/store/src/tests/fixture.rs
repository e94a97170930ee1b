//! Tables and statements of the tests.

use kernel::Id;

use crate::{Error, FromRow, Migration, Migrations, Row};

pub(crate) static MIGRATIONS: Migrations = Migrations {
    owner: "fixture",
    steps: &[Migration {
        name: "0001_create_note.sql",
        text: "CREATE TABLE note (
            id {id} PRIMARY KEY,
            word {text} NOT NULL UNIQUE,
            count {int} NOT NULL CHECK (count >= 0)
        );
        CREATE TABLE remark (
            id {id} PRIMARY KEY,
            note {id} NOT NULL REFERENCES note (id),
            body {json}
        );",
    }],
};

crate::sql! {
    ADD = "INSERT INTO note (id, word, count) VALUES ($1, $2, $3)";
    FIND = "SELECT id, word, count FROM note WHERE id = $1";
    SET = "UPDATE note SET count = $2 WHERE id = $1";
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) id: Id<Note>,
    pub(crate) word: String,
    pub(crate) count: i64,
}

impl FromRow for Note {
    fn from_row(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.get("id")?,
            word: row.get("word")?,
            count: row.get("count")?,
        })
    }
}
