//! The log in the database: the queue, the entries, the tiles and the head.

use std::{collections::BTreeSet, time::Duration};

use kernel::{Actor, Id};
use store::{Read, Store, Write, params};

use super::{
    Checkpoint, Hash, InclusionProof,
    merkle::{self, Growth, Span, TILE_WIDTH, TileId, Tiles},
    note::{NoteKey, NoteVerifier},
};
use crate::{Error, KeyStore};

/// Digests given a position in one transaction.
pub const BATCH: i64 = 512;
/// How often the integrator looks for queued digests when nothing wakes it.
pub const INTEGRATE_EVERY: Duration = Duration::from_secs(1);

store::sql! {
    QUEUE = "INSERT INTO evidence_pending (id, digest, kind, queued) VALUES ($1, $2, $3, $4)";
    PENDING = "SELECT id, digest, kind FROM evidence_pending ORDER BY id LIMIT $1";
    UNQUEUE = "DELETE FROM evidence_pending WHERE id = $1";
    HEAD_SIZE = "SELECT size FROM evidence_head WHERE id = 1";
    HEAD_NOTE = "SELECT note FROM evidence_head WHERE id = 1";
    SET_HEAD = "INSERT INTO evidence_head (id, size, note, signed) VALUES (1, $1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET size = excluded.size, note = excluded.note, signed = excluded.signed";
    ADD_ENTRY = "INSERT INTO evidence_entry (position, digest, kind, integrated) VALUES ($1, $2, $3, $4)";
    FIND_ENTRY = "SELECT position FROM evidence_entry WHERE digest = $1 ORDER BY position LIMIT 1";
    LIST_ENTRIES = "SELECT digest FROM evidence_entry WHERE position >= $1 AND position < $2 ORDER BY position";
    GET_TILE = "SELECT hashes FROM evidence_tile WHERE level = $1 AND position = $2";
    SET_TILE = "INSERT INTO evidence_tile (level, position, hashes) VALUES ($1, $2, $3)
        ON CONFLICT (level, position) DO UPDATE SET hashes = excluded.hashes";
}

/// A queued digest.
#[derive(Debug)]
pub struct Pending;

/// Queues `digest` for the log inside the caller's transaction. `kind` says what was digested
/// (`application.submitted`).
///
/// # Errors
/// [`Error::Store`].
pub async fn append(tx: &Write, kind: &'static str, digest: Hash) -> Result<(), Error> {
    let id: Id<Pending> = tx.id();
    tx.run(&QUEUE, params![id, digest, kind, tx.now()]).await?;
    Ok(())
}

/// The log of this installation.
#[derive(Clone, Debug)]
pub struct Log {
    origin: String,
    keys: KeyStore,
}

impl Log {
    /// The log called `origin`, a host and path without scheme (`causeway.example/evidence`).
    #[must_use]
    pub fn new(origin: impl Into<String>, keys: KeyStore) -> Self {
        Self {
            origin: origin.into(),
            keys,
        }
    }

    /// Who checks the checkpoints of this log.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when the key store holds no log key.
    pub fn verifier(&self) -> Result<NoteVerifier, Error> {
        Ok(self.keys.note_key()?.verifier(&self.origin))
    }

    /// Gives queued digests their positions and signs a checkpoint. Returns how many; call again
    /// while it is [`BATCH`].
    ///
    /// # Errors
    /// [`Error::Store`]; [`Error::BadProof`] when the stored tiles do not fit the head.
    pub async fn integrate(&self, store: &Store) -> Result<u64, Error> {
        let origin = self.origin.clone();
        let key = self.keys.note_key()?;
        let actor = Actor::system("evidence");
        store
            .write(&actor, move |tx| {
                let (origin, key) = (origin.clone(), key.clone());
                async move { integrate(&tx, &origin, &key).await }
            })
            .await
    }

    /// The latest signed checkpoint; none while the log is empty.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn checkpoint(&self, db: &Read) -> Result<Option<String>, Error> {
        Ok(db.one::<String>(&HEAD_NOTE, params![]).await?)
    }

    /// A tile as served: its hashes, cut to `width` when it is asked for as partial.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn tile(&self, db: &Read, id: TileId, width: u16) -> Result<Option<Vec<u8>>, Error> {
        let Some(bytes) = find_tile(db, id).await? else {
            return Ok(None);
        };
        Ok(bytes.get(..usize::from(width) * 32).map(<[u8]>::to_vec))
    }

    /// An entry bundle as served: each entry with its length in two bytes before it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn entries(
        &self,
        db: &Read,
        position: u64,
        width: u16,
    ) -> Result<Option<Vec<u8>>, Error> {
        let Some(low) = position.checked_mul(TILE_WIDTH) else {
            return Ok(None);
        };
        let high = low.saturating_add(u64::from(width));
        let digests: Vec<Vec<u8>> = db
            .all(&LIST_ENTRIES, params![int(low)?, int(high)?])
            .await?;
        if digests.len() != usize::from(width) {
            return Ok(None);
        }
        Ok(Some(digests.iter().fold(Vec::new(), |mut out, digest| {
            let length = u16::try_from(digest.len()).unwrap_or_default();
            out.extend(length.to_be_bytes());
            out.extend(digest);
            out
        })))
    }

    /// Proves that `digest` stands in the latest tree; none while it is queued or unknown.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::BadProof`].
    pub async fn prove(&self, db: &Read, digest: Hash) -> Result<Option<InclusionProof>, Error> {
        let Some(position) = db.one::<i64>(&FIND_ENTRY, params![digest]).await? else {
            return Ok(None);
        };
        let index = u64::try_from(position).map_err(|_| Error::BadProof)?;
        let size = size(db).await?;
        let hashes = hashes(db, &merkle::inclusion_spans(index, size)?).await?;
        Ok(Some(InclusionProof {
            index,
            size,
            hashes,
        }))
    }

    /// Proves that the tree of `old` leaves is a prefix of the latest one.
    ///
    /// # Errors
    /// [`Error::BadProof`] when `old` is zero or beyond the log.
    pub async fn prove_growth(&self, db: &Read, old: u64) -> Result<Vec<Hash>, Error> {
        let spans = merkle::consistency_spans(old, size(db).await?)?;
        hashes(db, &spans).await
    }

    /// Recomputes every tile and the root from the entries and compares them with what is stored
    /// and signed. Returns the number of entries checked; `watch` hears how many are done, of how
    /// many.
    ///
    /// # Errors
    /// [`Error::BadProof`] at the first difference; [`Error::BadSignature`] for a forged head.
    pub async fn verify(&self, db: &Read, watch: impl Fn(u64, u64)) -> Result<u64, Error> {
        let Some(note) = self.checkpoint(db).await? else {
            return Ok(0);
        };
        let checkpoint = self.verifier()?.open(&note)?;
        let mut tiles = Tiles::default();
        let mut at = 0;
        while at < checkpoint.size {
            let next = (at + TILE_WIDTH).min(checkpoint.size);
            let entries: Vec<Vec<u8>> =
                db.all(&LIST_ENTRIES, params![int(at)?, int(next)?]).await?;
            let leaves: Vec<Hash> = entries.iter().map(|e| merkle::leaf_hash(e)).collect();
            at = tiles.extend(at, &leaves)?;
            if at != next {
                return Err(Error::BadProof);
            }
            watch(at, checkpoint.size);
        }
        for (id, held) in &tiles.0 {
            if find_tile(db, *id).await?.as_deref() != Some(held.concat().as_slice()) {
                return Err(Error::BadProof);
            }
        }
        if tiles.hash(Span::whole(checkpoint.size))? != checkpoint.root {
            return Err(Error::BadProof);
        }
        Ok(checkpoint.size)
    }
}

/// Checks that the log grew from one signed checkpoint to another without losing an entry.
///
/// # Errors
/// [`Error::BadProof`] when it did not.
pub fn check_growth(old: &Checkpoint, new: &Checkpoint, proof: &[Hash]) -> Result<(), Error> {
    let growth = Growth {
        old: (old.size, &old.root),
        new: (new.size, &new.root),
    };
    merkle::verify_consistency(growth, proof)
}

async fn integrate(tx: &Write, origin: &str, key: &NoteKey) -> Result<u64, Error> {
    let queued: Vec<(Id<Pending>, Vec<u8>, String)> = tx.all(&PENDING, params![BATCH]).await?;
    if queued.is_empty() {
        return Ok(0);
    }
    let before = size(tx).await?;
    let mut tiles = load(tx, merkle::open_tiles(before)).await?;
    let leaves: Vec<Hash> = queued
        .iter()
        .map(|(_, digest, _)| merkle::leaf_hash(digest))
        .collect();
    let after = tiles.extend(before, &leaves)?;
    for (position, (id, digest, kind)) in (before..).zip(&queued) {
        let entry = params![int(position)?, digest, kind, tx.now()];
        tx.run(&ADD_ENTRY, entry).await?;
        tx.run(&UNQUEUE, params![id]).await?;
    }
    for (id, held) in &tiles.0 {
        let hashes = held.concat();
        tx.run(&SET_TILE, params![id.level, int(id.position)?, hashes])
            .await?;
    }
    // The root may need complete tiles that were not open: read them after writing.
    let tiles = load(tx, Span::whole(after).tiles()).await?;
    let note = key.sign(&Checkpoint {
        origin: origin.to_owned(),
        size: after,
        root: tiles.hash(Span::whole(after))?,
    });
    tx.run(&SET_HEAD, params![int(after)?, note, tx.now()])
        .await?;
    Ok(after - before)
}

async fn size(db: &Read) -> Result<u64, Error> {
    let size = db.one::<i64>(&HEAD_SIZE, params![]).await?.unwrap_or(0);
    u64::try_from(size).map_err(|_| Error::BadProof)
}

async fn hashes(db: &Read, spans: &[Span]) -> Result<Vec<Hash>, Error> {
    let wanted: BTreeSet<TileId> = spans.iter().flat_map(|span| span.tiles()).collect();
    let tiles = load(db, wanted).await?;
    spans.iter().map(|span| tiles.hash(*span)).collect()
}

async fn load(db: &Read, wanted: impl IntoIterator<Item = TileId>) -> Result<Tiles, Error> {
    let mut tiles = Tiles::default();
    for id in wanted {
        let bytes = find_tile(db, id).await?.ok_or(Error::BadProof)?;
        let held = bytes
            .chunks(32)
            .map(|chunk| chunk.try_into().map_err(|_| Error::BadProof))
            .collect::<Result<Vec<Hash>, Error>>()?;
        tiles.0.insert(id, held);
    }
    Ok(tiles)
}

async fn find_tile(db: &Read, id: TileId) -> Result<Option<Vec<u8>>, Error> {
    let position = int(id.position)?;
    Ok(db
        .one::<Vec<u8>>(&GET_TILE, params![id.level, position])
        .await?)
}

fn int(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Malformed("position"))
}
