//! Tables and statements of the tests.

use kernel::Id;

use crate::{Error, FromRow, Migration, Migrations, Row};

pub(crate) static MIGRATIONS: Migrations = Migrations {
    owner: "fixture",
    steps: &[Migration {
        name: "0001_create_note.sql",
        text: "-- A note; its word is unique.
        CREATE TABLE note (
            id {id} NOT NULL PRIMARY KEY,
            word {text} NOT NULL UNIQUE,
            count {int} NOT NULL CONSTRAINT note_count_is_positive CHECK (count >= 0)
        );
        CREATE TABLE remark (
            id {id} NOT NULL PRIMARY KEY,
            note {id} NOT NULL REFERENCES note (id),
            body {json}
        );
        CREATE UNIQUE INDEX remark_note ON remark (note, id) WHERE body IS NOT NULL;
        -- only: postgres
        CREATE INDEX note_word ON note USING hash (word);
        -- end
        CREATE TABLE sample (
            id {id} NOT NULL PRIMARY KEY, whole {int} NOT NULL, flag {bool} NOT NULL,
            word {text} NOT NULL, moment {time} NOT NULL, day {date} NOT NULL,
            detail {json} NOT NULL, raw {bytes} NOT NULL, share {real} NOT NULL,
            fee {int} NOT NULL, missing {text}
        );",
    }],
};

crate::sql! {
    ADD = "INSERT INTO note (id, word, count) VALUES ($1, $2, $3)";
    ADD_REMARK = "INSERT INTO remark (id, note, body) VALUES ($1, $2, $3)";
    FIND = "SELECT id, word, count FROM note WHERE id = $1";
    BY_ID_AND_COUNT = "SELECT id, word, count FROM note WHERE count = $2 AND id = $1";
    SET = "UPDATE note SET count = $2 WHERE id = $1";
    COUNT = "SELECT COUNT(*) FROM note";
    SUM = "SELECT SUM(count) FROM note";
    ALL_WORDS = "SELECT word FROM note ORDER BY word";
    WORDS_LIKE = "SELECT word FROM note WHERE word >= $1 AND word < $1 || 'z' ORDER BY word";
    ANY_OF = "SELECT word FROM note WHERE id IN (SELECT {id}(value) FROM {each}($1)) ORDER BY word";
    SAMPLE = "INSERT INTO sample
        (id, whole, flag, word, moment, day, detail, raw, share, fee, missing)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    SAMPLE_BACK = "SELECT id, whole, flag, word, moment, day, detail, raw, share, fee, missing
        FROM sample WHERE id = $1";
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
