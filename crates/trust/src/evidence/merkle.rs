//! RFC 6962 tree hashes over tiles: pure functions for roots, inclusion and consistency proofs.

use std::collections::BTreeMap;

use crate::{Error, digest};

/// A SHA-256 tree hash.
pub type Hash = [u8; 32];

/// Hashes in a full tile.
pub const TILE_WIDTH: u64 = 256;
/// Tree levels one tile level spans: 2⁸ = 256.
const TILE_HEIGHT: u32 = 8;
/// Hashes a proof may hold: the height of a tree of 2⁶³ leaves.
pub const PROOF_HASHES: usize = 64;

/// RFC 6962 section 2.1: the hash of a leaf.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    digest::sha256_parts(&[&[0], entry])
}

/// RFC 6962 section 2.1: the hash of an inner node.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    digest::sha256_parts(&[&[1], left, right])
}

/// The root of the empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    digest::sha256([])
}

/// The address of a tile: level 0 holds leaf hashes, level n the roots of level n − 1 tiles.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct TileId {
    pub level: u32,
    pub position: u64,
}

/// Some tiles of a tree, enough for the question asked.
#[derive(Clone, Debug, Default)]
pub struct Tiles(pub BTreeMap<TileId, Vec<Hash>>);

/// Leaves `low..high` of a tree, a node of it: `low` is a multiple of the largest power of two
/// below the span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    low: u64,
    high: u64,
}

/// A proof that a leaf stands in the tree of `size` leaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InclusionProof {
    pub index: u64,
    pub size: u64,
    /// From the leaf's sibling upwards.
    pub hashes: Vec<Hash>,
}

impl Span {
    /// The whole tree of `size` leaves.
    #[must_use]
    pub const fn whole(size: u64) -> Self {
        Self { low: 0, high: size }
    }

    const fn len(self) -> u64 {
        self.high - self.low
    }

    /// Splits a span of two or more leaves as RFC 6962 does.
    const fn split(self) -> (Self, Self) {
        let middle = self.low + split_point(self.len());
        let left = Self {
            low: self.low,
            high: middle,
        };
        let right = Self {
            low: middle,
            high: self.high,
        };
        (left, right)
    }

    /// The tiles needed to compute this span's hash.
    #[must_use]
    pub fn tiles(self) -> Vec<TileId> {
        if self.len() == 0 {
            return Vec::new();
        }
        if self.len().is_power_of_two() {
            let (id, _, _) = place(self.len().trailing_zeros(), self.low);
            return vec![id];
        }
        let (left, right) = self.split();
        let mut tiles = left.tiles();
        tiles.extend(right.tiles());
        tiles
    }
}

/// The largest power of two below `count`, for counts of two or more.
const fn split_point(count: u64) -> u64 {
    1 << (63 - (count - 1).leading_zeros())
}

/// Where the node of height `height` over leaf `low` is found: tile, offset and number of hashes.
const fn place(height: u32, low: u64) -> (TileId, u64, u64) {
    let level = height / TILE_HEIGHT;
    let within = height % TILE_HEIGHT;
    let start = if level * TILE_HEIGHT < 64 {
        low >> (level * TILE_HEIGHT)
    } else {
        0
    };
    let id = TileId {
        level,
        position: start / TILE_WIDTH,
    };
    (id, start % TILE_WIDTH, 1 << within)
}

impl Tiles {
    /// The hash of a span whose tiles are held.
    ///
    /// # Errors
    /// [`Error::BadProof`] when a tile is missing or too short.
    pub fn hash(&self, span: Span) -> Result<Hash, Error> {
        match span.len() {
            0 => Ok(empty_root()),
            count if count.is_power_of_two() => self.node(count.trailing_zeros(), span.low),
            _ => {
                let (left, right) = span.split();
                Ok(node_hash(&self.hash(left)?, &self.hash(right)?))
            }
        }
    }

    fn node(&self, height: u32, low: u64) -> Result<Hash, Error> {
        let (id, offset, count) = place(height, low);
        let tile = self.0.get(&id).ok_or(Error::BadProof)?;
        let offset = usize::try_from(offset).map_err(|_| Error::BadProof)?;
        let count = usize::try_from(count).map_err(|_| Error::BadProof)?;
        let row = tile.get(offset..offset + count).ok_or(Error::BadProof)?;
        fold(row.to_vec()).ok_or(Error::BadProof)
    }

    /// Appends leaf hashes to a tree of `size` leaves whose rightmost tile of each level is held;
    /// completed tiles pass their root upwards.
    ///
    /// # Errors
    /// [`Error::BadProof`] when the held tiles do not fit `size`.
    pub fn extend(&mut self, size: u64, leaves: &[Hash]) -> Result<u64, Error> {
        let mut size = size;
        for leaf in leaves {
            self.push(0, size, *leaf)?;
            size += 1;
        }
        Ok(size)
    }

    fn push(&mut self, level: u32, index: u64, hash: Hash) -> Result<(), Error> {
        let position = index / TILE_WIDTH;
        let tile = self.0.entry(TileId { level, position }).or_default();
        let held = u64::try_from(tile.len()).map_err(|_| Error::BadProof)?;
        if held != index % TILE_WIDTH {
            return Err(Error::BadProof);
        }
        tile.push(hash);
        if held + 1 == TILE_WIDTH {
            let root = fold(tile.clone()).ok_or(Error::BadProof)?;
            self.push(level + 1, position, root)?;
        }
        Ok(())
    }
}

/// The root over a power of two of hashes.
fn fold(mut row: Vec<Hash>) -> Option<Hash> {
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .filter_map(|pair| match pair {
                [left, right] => Some(node_hash(left, right)),
                _ => None,
            })
            .collect();
    }
    row.first().copied()
}

/// The rightmost, still open tile of each level of a tree of `size` leaves.
#[must_use]
pub fn open_tiles(size: u64) -> Vec<TileId> {
    let mut tiles = Vec::new();
    let mut count = size;
    let mut level = 0;
    while count > 0 {
        if !count.is_multiple_of(TILE_WIDTH) {
            tiles.push(TileId {
                level,
                position: count / TILE_WIDTH,
            });
        }
        count /= TILE_WIDTH;
        level += 1;
    }
    tiles
}

/// The spans whose hashes prove leaf `index` in a tree of `size` (RFC 6962 section 2.1.1).
///
/// # Errors
/// [`Error::BadProof`] when the index is outside the tree.
pub fn inclusion_spans(index: u64, size: u64) -> Result<Vec<Span>, Error> {
    if index >= size {
        return Err(Error::BadProof);
    }
    let mut spans = Vec::new();
    let mut span = Span::whole(size);
    while span.len() > 1 {
        let (left, right) = span.split();
        if index < right.low {
            spans.push(right);
            span = left;
        } else {
            spans.push(left);
            span = right;
        }
    }
    spans.reverse();
    Ok(spans)
}

/// The spans whose hashes prove that the tree of `old` leaves is a prefix of that of `size`
/// (RFC 6962 section 2.1.2).
///
/// # Errors
/// [`Error::BadProof`] unless `0 < old ≤ size`.
pub fn consistency_spans(old: u64, size: u64) -> Result<Vec<Span>, Error> {
    if old == 0 || old > size {
        return Err(Error::BadProof);
    }
    let mut spans = Vec::new();
    let mut span = Span::whole(size);
    let mut is_whole_old = true;
    while span.high != old {
        let (left, right) = span.split();
        if old <= left.high {
            spans.push(right);
            span = left;
        } else {
            spans.push(left);
            span = right;
            is_whole_old = false;
        }
    }
    if !is_whole_old {
        spans.push(span);
    }
    spans.reverse();
    Ok(spans)
}

/// Checks that `leaf` stands in the tree with `root`.
///
/// # Errors
/// [`Error::BadProof`] when it does not.
pub fn verify_inclusion(proof: &InclusionProof, leaf: &Hash, root: &Hash) -> Result<(), Error> {
    if proof.index >= proof.size || proof.hashes.len() > PROOF_HASHES {
        return Err(Error::BadProof);
    }
    let (mut index, mut last) = (proof.index, proof.size - 1);
    let mut hash = *leaf;
    for sibling in &proof.hashes {
        if last == 0 {
            return Err(Error::BadProof);
        }
        if index % 2 == 1 || index == last {
            hash = node_hash(sibling, &hash);
            while index.is_multiple_of(2) && index != 0 {
                index >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        index >>= 1;
        last >>= 1;
    }
    if last == 0 && digest::equal(&hash, root) {
        return Ok(());
    }
    Err(Error::BadProof)
}

/// Two tree heads that a consistency proof connects.
#[derive(Clone, Copy, Debug)]
pub struct Growth<'a> {
    pub old: (u64, &'a Hash),
    pub new: (u64, &'a Hash),
}

/// Checks that the old tree is a prefix of the new one (RFC 9162 section 2.1.4.2).
///
/// # Errors
/// [`Error::BadProof`] when it is not.
pub fn verify_consistency(growth: Growth<'_>, proof: &[Hash]) -> Result<(), Error> {
    let ((old, old_root), (new, new_root)) = (growth.old, growth.new);
    if old == 0 || old > new || proof.len() > PROOF_HASHES {
        return Err(Error::BadProof);
    }
    if old == new {
        let same = proof.is_empty() && digest::equal(old_root, new_root);
        return if same { Ok(()) } else { Err(Error::BadProof) };
    }
    let mut hashes = proof.iter();
    let seed = if old.is_power_of_two() {
        old_root
    } else {
        hashes.next().ok_or(Error::BadProof)?
    };
    let (mut first, mut second) = (old - 1, new - 1);
    while first % 2 == 1 {
        first >>= 1;
        second >>= 1;
    }
    let (mut from_old, mut from_new) = (*seed, *seed);
    for hash in hashes {
        if second == 0 {
            return Err(Error::BadProof);
        }
        if first % 2 == 1 || first == second {
            from_old = node_hash(hash, &from_old);
            from_new = node_hash(hash, &from_new);
            while first.is_multiple_of(2) && first != 0 {
                first >>= 1;
                second >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, hash);
        }
        first >>= 1;
        second >>= 1;
    }
    let holds =
        second == 0 && digest::equal(&from_old, old_root) && digest::equal(&from_new, new_root);
    if holds { Ok(()) } else { Err(Error::BadProof) }
}
