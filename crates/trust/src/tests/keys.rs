//! Keys, certificates and sealed columns.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, time::Duration};

use kernel::{Env, Time};

use super::env;
use crate::{Error, KeyStore, Place, Purpose, Sealed, ca};

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir =
            std::env::temp_dir().join(format!("causeway-trust-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_second_start_finds_the_keys_of_the_first() {
    let dir = Dir::new("second");
    let first = KeyStore::open(&dir.0, &env()).unwrap();
    let second =
        KeyStore::open(&dir.0, &Env::fake(Time::from_seconds(1_790_000_100), 8).0).unwrap();
    for purpose in Purpose::ALL {
        if purpose != Purpose::Evidence {
            let kid = |keys: &KeyStore| keys.signer(purpose).unwrap().key.kid().to_owned();
            assert_eq!(kid(&first), kid(&second));
        }
    }
    assert_eq!(
        first.note_key().unwrap().id(),
        second.note_key().unwrap().id()
    );
    let sealed = first
        .vault()
        .seal(&Place::new("person.hkid", 1), "A123456")
        .unwrap();
    let opened = second
        .vault()
        .open_text(&Place::new("person.hkid", 1), &sealed)
        .unwrap();
    assert_eq!(opened, "A123456");
}

#[test]
fn the_master_key_is_readable_by_its_owner_only() {
    let dir = Dir::new("mode");
    KeyStore::open(&dir.0, &env()).unwrap();
    let path = dir.0.join("keys/master.key");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let error = KeyStore::open(&dir.0, &env()).unwrap_err();
    assert!(error.to_string().contains("chmod 600"), "{error}");
}

#[test]
fn a_lost_master_key_is_not_replaced_silently() {
    let dir = Dir::new("lost");
    KeyStore::open(&dir.0, &env()).unwrap();
    fs::remove_file(dir.0.join("keys/master.key")).unwrap();
    assert!(matches!(
        KeyStore::open(&dir.0, &env()),
        Err(Error::KeyFile(_))
    ));
}

#[test]
fn another_master_key_does_not_open_the_key_ring() {
    let dir = Dir::new("other");
    let master = |byte| kernel::Secret::new([byte; 32]);
    KeyStore::open_sealed(&dir.0, &env(), master(1)).unwrap();
    KeyStore::open_sealed(&dir.0, &env(), master(1)).unwrap();
    let refused = KeyStore::open_sealed(&dir.0, &env(), master(2));
    assert!(matches!(refused, Err(Error::Unseal)));
}

#[test]
fn a_sealed_key_moved_to_another_purpose_does_not_open() {
    let dir = Dir::new("moved");
    KeyStore::open(&dir.0, &env()).unwrap();
    let path = dir.0.join("keys/keyring.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replace("\"webhook\"", "\"seal_\"")
            .replace("\"seal\"", "\"webhook\"")
            .replace("\"seal_\"", "\"seal\""),
    )
    .unwrap();
    assert!(matches!(KeyStore::open(&dir.0, &env()), Err(Error::Unseal)));
}

#[test]
fn rotation_signs_with_the_new_key_and_still_knows_the_old_one() {
    let keys = KeyStore::in_memory(&env()).unwrap();
    let old = keys.signer(Purpose::Seal).unwrap();
    let new = keys.rotate(Purpose::Seal).unwrap();
    assert_ne!(old.key.kid(), new);
    assert_eq!(keys.signer(Purpose::Seal).unwrap().key.kid(), new);
    let known = keys.find(Purpose::Seal, old.key.kid()).unwrap();
    assert!(known.retired.is_some());
    assert_eq!(keys.jwks(&[Purpose::Seal]).keys.len(), 2);
    assert!(keys.find(Purpose::Webhook, old.key.kid()).is_none());
}

#[test]
fn a_key_retired_long_ago_leaves_the_published_set_but_still_verifies() {
    let (env, clock) = Env::fake(Time::from_seconds(1_790_000_000), 7);
    let keys = KeyStore::in_memory(&env).unwrap();
    let old = keys.signer(Purpose::Seal).unwrap();
    keys.rotate(Purpose::Seal).unwrap();
    clock.advance(crate::RETIRED_PUBLISHED + Duration::from_secs(1));
    assert_eq!(keys.published(Purpose::Seal).len(), 1);
    assert_eq!(keys.all(Purpose::Seal).len(), 2);
    assert!(keys.find(Purpose::Seal, old.key.kid()).is_some());
}

#[test]
fn a_leaf_near_its_end_is_renewed_at_start() {
    let dir = Dir::new("renew");
    let (env, clock) = Env::fake(Time::from_seconds(1_790_000_000), 7);
    let before = KeyStore::open(&dir.0, &env)
        .unwrap()
        .signer(Purpose::CredentialIssuer)
        .unwrap();
    clock.advance(Duration::from_secs(86_400 * 780));
    let keys = KeyStore::open(&dir.0, &env).unwrap();
    let after = keys.signer(Purpose::CredentialIssuer).unwrap();
    assert_ne!(before.key.kid(), after.key.kid());
    assert!(
        keys.find(Purpose::CredentialIssuer, before.key.kid())
            .is_some()
    );
}

#[test]
fn a_leaf_chains_to_the_root_and_carries_no_anchor() {
    let keys = KeyStore::in_memory(&env()).unwrap();
    let root = keys.root_certificate().unwrap();
    for purpose in [Purpose::CredentialIssuer, Purpose::StatusList] {
        let signed = keys.signer(purpose).unwrap();
        assert_eq!(signed.chain.len(), 1);
        let leaf = ca::check_leaf(&signed.chain[0], &root, env().now()).unwrap();
        assert_eq!(&leaf.key, signed.key.public());
        assert!(leaf.subject.starts_with("C=HK"), "{}", leaf.subject);
    }
}

#[test]
fn a_leaf_is_refused_under_another_root_outside_its_dates_and_when_changed() {
    let keys = KeyStore::in_memory(&env()).unwrap();
    let root = keys.root_certificate().unwrap();
    let leaf = keys.signer(Purpose::CredentialIssuer).unwrap().chain[0].clone();
    let stranger = KeyStore::in_memory(&env()).unwrap();
    stranger.rotate(Purpose::Root).unwrap();
    let other = stranger.root_certificate().unwrap();
    assert!(matches!(
        ca::check_leaf(&leaf, &other, env().now()),
        Err(Error::BadSignature)
    ));
    assert!(ca::check_leaf(&leaf, &root, Time::from_seconds(1_500_000_000)).is_err());
    assert!(ca::check_leaf(&leaf, &root, Time::from_seconds(2_500_000_000)).is_err());
    assert!(ca::check_leaf(&root, &root, env().now()).is_err());
    let mut changed = leaf;
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    assert!(ca::check_leaf(&changed, &root, env().now()).is_err());
}

#[test]
fn a_sealed_value_opens_only_in_its_own_place_and_unchanged() {
    let vault = KeyStore::in_memory(&env()).unwrap().vault();
    let place = Place::new("person.hkid", "row1");
    let sealed = vault.seal(&place, "A1234563").unwrap();
    assert_eq!(vault.open_text(&place, &sealed).unwrap(), "A1234563");
    assert!(
        vault
            .open(&Place::new("person.hkid", "row2"), &sealed)
            .is_err()
    );
    assert!(
        vault
            .open(&Place::new("person.phone", "row1"), &sealed)
            .is_err()
    );
    for place_of_change in 0..sealed.0.len() {
        let mut changed = sealed.0.clone();
        changed[place_of_change] ^= 1;
        assert!(vault.open(&place, &Sealed(changed)).is_err());
    }
    for length in 0..sealed.0.len() {
        assert!(
            vault
                .open(&place, &Sealed(sealed.0[..length].to_vec()))
                .is_err()
        );
    }
    assert_ne!(vault.seal(&place, "A1234563").unwrap(), sealed);
}

#[test]
fn a_blind_index_depends_on_kind_and_value_and_key() {
    let vault = KeyStore::in_memory(&env()).unwrap().vault();
    let index = vault.blind_index("hkid", "A1234563");
    assert_eq!(index, vault.blind_index("hkid", "A1234563"));
    assert_ne!(index, vault.blind_index("phone", "A1234563"));
    assert_ne!(index, vault.blind_index("hkid", "A1234564"));
    let other = KeyStore::in_memory(&Env::fake(env().now(), 99).0)
        .unwrap()
        .vault();
    assert_ne!(index, other.blind_index("hkid", "A1234563"));
}

#[test]
fn secrets_do_not_appear_in_debug_output() {
    let keys = KeyStore::in_memory(&env()).unwrap();
    let signed = keys.signer(Purpose::Seal).unwrap();
    let text = format!(
        "{keys:?} {:?} {signed:?} {:?}",
        keys.vault(),
        keys.note_key().unwrap()
    );
    let scalar = signed.key.scalar().unwrap().expose();
    assert!(!text.contains(&crate::digest::hex(scalar)));
    assert!(!text.contains(&format!("{scalar:?}")));
}
