//! The Merkle tree against the definition of RFC 6962, the signed note, and the log in the store.

use kernel::Actor;
use store::{Store, params};

use super::env;
use crate::{
    Error, KeyStore, digest,
    evidence::{
        self, Checkpoint, Hash, InclusionProof, Log, NoteVerifier, check_growth,
        merkle::{self, Growth, Span, TileId, Tiles},
    },
};

/// RFC 6962 section 2.1, word for word.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => merkle::empty_root(),
        [one] => *one,
        _ => {
            let middle = leaves.len().next_power_of_two() / 2;
            let (left, right) = leaves.split_at(middle);
            merkle::node_hash(&root_by_definition(left), &root_by_definition(right))
        }
    }
}

fn small(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count)
        .map(|n| merkle::leaf_hash(&n.to_be_bytes()))
        .collect()
}

fn tiles(count: usize) -> Tiles {
    let mut tiles = Tiles::default();
    tiles.extend(0, &leaves(count)).unwrap();
    tiles
}

fn proof(tiles: &Tiles, spans: &[Span]) -> Vec<Hash> {
    spans
        .iter()
        .map(|span| tiles.hash(*span).unwrap())
        .collect()
}

#[test]
fn the_root_over_tiles_is_the_root_by_definition() {
    for count in [0, 1, 2, 3, 7, 8, 255, 256, 257, 300, 511, 512, 513, 1000] {
        let root = tiles(count).hash(Span::whole(count as u64)).unwrap();
        assert_eq!(root, root_by_definition(&leaves(count)), "{count} leaves");
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proven_and_nothing_else() {
    for count in 1..40u64 {
        let tiles = tiles(small(count));
        let root = tiles.hash(Span::whole(count)).unwrap();
        let leaves = leaves(small(count));
        for index in 0..count {
            let hashes = proof(&tiles, &merkle::inclusion_spans(index, count).unwrap());
            let proof = InclusionProof {
                index,
                size: count,
                hashes,
            };
            let leaf = leaves[small(index)];
            merkle::verify_inclusion(&proof, &leaf, &root).unwrap();
            let wrong = leaves[(small(index) + 1) % leaves.len()];
            if count > 1 {
                assert!(merkle::verify_inclusion(&proof, &wrong, &root).is_err());
            }
            for place in 0..proof.hashes.len() {
                let mut changed = proof.clone();
                changed.hashes[place][0] ^= 1;
                assert!(merkle::verify_inclusion(&changed, &leaf, &root).is_err());
            }
            let mut longer = proof.clone();
            longer.hashes.push([0; 32]);
            assert!(merkle::verify_inclusion(&longer, &leaf, &root).is_err());
        }
        assert!(merkle::inclusion_spans(count, count).is_err());
    }
}

#[test]
fn every_growth_of_small_trees_is_proven_and_a_rewrite_is_not() {
    for new in 1..40u64 {
        let grown = tiles(small(new));
        let new_root = grown.hash(Span::whole(new)).unwrap();
        for old in 1..=new {
            let old_root = tiles(small(old)).hash(Span::whole(old)).unwrap();
            let hashes = proof(&grown, &merkle::consistency_spans(old, new).unwrap());
            let growth = Growth {
                old: (old, &old_root),
                new: (new, &new_root),
            };
            merkle::verify_consistency(growth, &hashes).unwrap();
            let rewritten = [7; 32];
            let forged = Growth {
                old: (old, &rewritten),
                new: (new, &new_root),
            };
            assert!(merkle::verify_consistency(forged, &hashes).is_err());
            let forged = Growth {
                old: (old, &old_root),
                new: (new, &rewritten),
            };
            assert!(merkle::verify_consistency(forged, &hashes).is_err());
        }
    }
}

#[test]
fn proofs_cross_tile_boundaries() {
    let count = 700;
    let tiles = tiles(small(count));
    let root = tiles.hash(Span::whole(count)).unwrap();
    for index in [0, 255, 256, 511, 512, 699] {
        let hashes = proof(&tiles, &merkle::inclusion_spans(index, count).unwrap());
        let proof = InclusionProof {
            index,
            size: count,
            hashes,
        };
        merkle::verify_inclusion(&proof, &leaves(700)[small(index)], &root).unwrap();
    }
    assert_eq!(
        merkle::open_tiles(count),
        vec![
            TileId {
                level: 0,
                position: 2
            },
            TileId {
                level: 1,
                position: 0
            },
        ]
    );
}

#[test]
fn a_signed_checkpoint_opens_under_its_verifier_only() {
    let keys = KeyStore::in_memory(&env()).unwrap();
    let key = keys.note_key().unwrap();
    let checkpoint = Checkpoint {
        origin: "example.test/evidence".into(),
        size: 12,
        root: [3; 32],
    };
    let note = key.sign(&checkpoint);
    let verifier = NoteVerifier::parse(&key.verifier("example.test/evidence").text()).unwrap();
    assert_eq!(verifier.open(&note).unwrap(), checkpoint);
    assert!(verifier.open(&note.replace("\n12\n", "\n13\n")).is_err());
    assert!(verifier.open(&note.replace("\n12\n", "\n012\n")).is_err());
    assert!(key.verifier("other.test/evidence").open(&note).is_err());
    assert!(verifier.open("").is_err());
    let mut text = verifier.text();
    text.replace_range(text.len() - 4..text.len() - 3, "A");
    assert!(NoteVerifier::parse(&text).is_err() || NoteVerifier::parse(&text).unwrap() != verifier);
}

async fn put(store: &Store, numbers: std::ops::Range<u32>) {
    store
        .write(&Actor::system("test"), move |tx| {
            let numbers = numbers.clone();
            async move {
                for number in numbers {
                    evidence::append(&tx, "test", digest::sha256(number.to_be_bytes())).await?;
                }
                Ok::<_, Error>(())
            }
        })
        .await
        .unwrap();
}

async fn integrate_all(log: &Log, store: &Store) -> u64 {
    let mut count = 0;
    loop {
        match log.integrate(store).await.unwrap() {
            0 => return count,
            more => count += more,
        }
    }
}

store::db_tests! {
    [&crate::MIGRATIONS];

    async fn queued_digests_get_positions_and_proofs(store: Store) {
        let log = Log::new("example.test/evidence", KeyStore::in_memory(&env()).unwrap());
        put(&store, 0..300).await;
        assert_eq!(integrate_all(&log, &store).await, 300);
        let reader = log.clone();
        let first: Checkpoint = store.read(move |db| async move {
            reader.verifier()?.open(&reader.checkpoint(&db).await?.unwrap())
        }).await.unwrap();
        put(&store, 300..900).await;
        assert_eq!(integrate_all(&log, &store).await, 600);
        store.read(move |db| {
            let (log, first) = (log.clone(), first.clone());
            async move {
                let second = log.verifier()?.open(&log.checkpoint(&db).await?.unwrap())?;
                assert_eq!(second.size, 900);
                for number in [0u32, 299, 300, 899] {
                    let digest = digest::sha256(number.to_be_bytes());
                    let proof = log.prove(&db, digest).await?.unwrap();
                    merkle::verify_inclusion(&proof, &merkle::leaf_hash(&digest), &second.root)?;
                }
                let growth = log.prove_growth(&db, first.size).await?;
                check_growth(&first, &second, &growth)?;
                assert!(log.prove(&db, [0; 32]).await?.is_none());
                assert_eq!(log.verify(&db, |_, _| {}).await?, 900);
                let tile = TileId { level: 0, position: 0 };
                assert_eq!(log.tile(&db, tile, 256).await?.unwrap().len(), 256 * 32);
                let bundle = log.entries(&db, 3, 132).await?.unwrap();
                assert_eq!(bundle.len(), 132 * 34);
                assert!(log.entries(&db, 3, 133).await?.is_none());
                Ok::<_, Error>(())
            }
        }).await.unwrap();
    }

    async fn a_changed_entry_is_found(store: Store) {
        let log = Log::new("example.test/evidence", KeyStore::in_memory(&env()).unwrap());
        put(&store, 0..10).await;
        integrate_all(&log, &store).await;
        static FORGE: store::Stmt = store::Stmt::new("FORGE", "UPDATE evidence_entry SET digest = $1 WHERE position = 4");
        store.write(&Actor::system("test"), |tx| async move {
            tx.run(&FORGE, params![[9u8; 32]]).await
        }).await.unwrap();
        let outcome = store.read(move |db| {
            let log = log.clone();
            async move { log.verify(&db, |_, _| {}).await }
        }).await;
        assert!(matches!(outcome, Err(Error::BadProof)));
    }
}
