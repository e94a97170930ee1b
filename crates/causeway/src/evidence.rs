//! The evidence log as outsiders read it: checkpoint, tiles and entry bundles at the paths of C2SP
//! tlog-tiles, so that any monitor can follow it and any proof can be checked without us.

use axum::extract::State;
use journal::Runner;
use trust::evidence::{INTEGRATE_EVERY, Log, merkle::TileId};
use web::{Access, Failure, IntoResponse, Outcome, Path, Response, Routes, header};

use crate::System;

/// Hashes in a full tile.
const WIDTH: u16 = 256;

/// The log of this installation.
pub(crate) fn log(system: &System) -> Log {
    let base = &system.site.config().base_url;
    let host = base
        .split_once("://")
        .map_or(base.as_str(), |(_, host)| host);
    Log::new(format!("{host}/evidence"), system.keys.clone())
}

pub(crate) fn routes(system: &System) -> Routes {
    Routes::new()
        .get("/evidence/checkpoint", Access::Public, checkpoint)
        .get("/evidence/tile/{level}/{*index}", Access::Public, tile)
        .with_state(system)
}

/// Signs a new checkpoint now and then.
pub(crate) fn jobs(runner: Runner, system: &System) -> Runner {
    let system = system.clone();
    runner.every("causeway.evidence", INTEGRATE_EVERY, move || {
        let system = system.clone();
        async move {
            log(&system).integrate(&system.store).await?;
            Ok(())
        }
    })
}

async fn checkpoint(State(system): State<System>) -> Outcome<Response> {
    let log = log(&system);
    let note = system
        .store
        .read(move |db| async move { log.checkpoint(&db).await })
        .await
        .map_err(|_| Failure::not_found())?
        .ok_or_else(Failure::not_found)?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

async fn tile(
    State(system): State<System>,
    Path((level, index)): Path<(String, String)>,
) -> Outcome<Response> {
    let (position, width) = read_index(&index).ok_or_else(Failure::not_found)?;
    let log = log(&system);
    let found = if level == "entries" {
        system
            .store
            .read(move |db| async move { log.entries(&db, position, width).await })
            .await
    } else {
        let level = level.parse().map_err(|_| Failure::not_found())?;
        let id = TileId { level, position };
        system
            .store
            .read(move |db| async move { log.tile(&db, id, width).await })
            .await
    };
    let bytes = found
        .map_err(|_| Failure::not_found())?
        .ok_or_else(Failure::not_found)?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// `x001/x234/067` is 1234067; `067.p/8` is the first 8 hashes of tile 67.
fn read_index(path: &str) -> Option<(u64, u16)> {
    let (path, width) = match path.split_once(".p/") {
        Some((path, width)) => (path, width.parse().ok().filter(|w| (1..WIDTH).contains(w))?),
        None => (path, WIDTH),
    };
    let mut position: u64 = 0;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        let digits = if is_last {
            part
        } else {
            part.strip_prefix('x')?
        };
        if digits.len() != 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        position = position
            .checked_mul(1000)?
            .checked_add(digits.parse().ok()?)?;
    }
    Some((position, width))
}

#[cfg(test)]
mod tests {
    use super::read_index;

    #[test]
    fn tile_paths_are_read_as_the_standard_writes_them() {
        assert_eq!(read_index("067"), Some((67, 256)));
        assert_eq!(read_index("x001/x234/067"), Some((1_234_067, 256)));
        assert_eq!(read_index("067.p/8"), Some((67, 8)));
        for bad in ["", "67", "x067", "001/067", "067.p/256", "067.p/0", "abc"] {
            assert_eq!(read_index(bad), None, "{bad}");
        }
    }
}
