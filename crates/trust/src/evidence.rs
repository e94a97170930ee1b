//! The evidence log: an append-only Merkle tree (RFC 6962 hashing) published as tiles of 256 hashes
//! with signed checkpoints, after the C2SP `tlog-tiles`, `tlog-checkpoint` and `signed-note`
//! formats, so that anybody can keep a copy and prove that nothing was taken out or changed.
//!
//! A writer calls [`append`] inside its own transaction: that only queues the digest, so writers
//! never wait for each other. [`Log::integrate`] gives queued digests their positions in order and
//! signs the new checkpoint. An entry is 32 bytes, a digest; personal data never enters.

pub mod merkle;
mod note;
mod store;

pub use merkle::{Hash, InclusionProof};
pub use note::{Checkpoint, NoteKey, NoteVerifier};
pub(crate) use store::STATEMENTS;
pub use store::{BATCH, INTEGRATE_EVERY, Log, Pending, append, check_growth};
