//! Target dates of the programme: what is said now, and everything that was said before.

use store::{FromRow, Read, Row, Write, params};

use crate::{
    Error,
    programme::{MOVES_MAX, Move, Stage, TARGETS_MAX, Target},
};

store::sql! {
    ALL_TARGETS = "SELECT service, stage, due, first_due, moves, reason, set_by_name, set_at
        FROM programme_target ORDER BY service, stage LIMIT $1";
    FIND_TARGET = "SELECT service, stage, due, first_due, moves, reason, set_by_name, set_at
        FROM programme_target WHERE service = $1 AND stage = $2";
    PUT_TARGET = "INSERT INTO programme_target (service, stage, due, first_due, moves, reason,
        set_by_name, set_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (service, stage) DO UPDATE SET due = excluded.due, moves = excluded.moves,
            reason = excluded.reason, set_by_name = excluded.set_by_name, set_at = excluded.set_at";
    INSERT_MOVE = "INSERT INTO programme_move (id, service, stage, due, reason, set_by_name, set_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    MOVES_OF = "SELECT id, service, stage, due, reason, set_by_name, set_at FROM programme_move
        WHERE service = $1 ORDER BY set_at DESC, id DESC LIMIT $2";
}

impl FromRow for Target {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            service: row.get("service")?,
            stage: row.get("stage")?,
            due: row.get("due")?,
            first_due: row.get("first_due")?,
            moves: row.get("moves")?,
            reason: row.json("reason")?,
            set_by_name: row.get("set_by_name")?,
            set_at: row.get("set_at")?,
        })
    }
}

impl FromRow for Move {
    fn from_row(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            service: row.get("service")?,
            stage: row.get("stage")?,
            due: row.get("due")?,
            reason: row.json("reason")?,
            set_by_name: row.get("set_by_name")?,
            set_at: row.get("set_at")?,
        })
    }
}

pub(crate) async fn all(db: &Read) -> Result<Vec<Target>, Error> {
    Ok(db.all(&ALL_TARGETS, params![TARGETS_MAX]).await?)
}

pub(crate) async fn find(db: &Read, service: &str, stage: Stage) -> Result<Option<Target>, Error> {
    Ok(db.one(&FIND_TARGET, params![service, stage]).await?)
}

/// Says a day for a stage: in the place of the one before, and in the history.
pub(crate) async fn put(tx: &Write, row: &Target) -> Result<(), Error> {
    let reason = serde_json::json!(row.reason);
    let values = params![
        row.service,
        row.stage,
        row.due,
        row.first_due,
        row.moves,
        reason,
        row.set_by_name,
        row.set_at,
    ];
    tx.run(&PUT_TARGET, values).await?;
    let values = params![
        tx.id::<Move>(),
        row.service,
        row.stage,
        row.due,
        reason,
        row.set_by_name,
        row.set_at,
    ];
    tx.run(&INSERT_MOVE, values).await?;
    Ok(())
}

/// Everything ever said about one service, latest first.
pub(crate) async fn moves(db: &Read, service: &str) -> Result<Vec<Move>, Error> {
    let most = MOVES_MAX * i64::try_from(Stage::ALL.len()).unwrap_or(1);
    Ok(db.all(&MOVES_OF, params![service, most]).await?)
}
