//! Keys that a client publishes at an address of its own.

use std::{sync::Arc, time::Duration};

use ::store::Store;
use kernel::FakeEnv;
use serde_json::{Value, json};
use trust::SigningKey;

use super::world::{World, registration};
use crate::provider::{
    Registration,
    client::JWKS_BYTES,
    keyset::{FRESH_FOR, KEPT_FOR, TRY_EVERY},
};

const ADDRESS: &str = "https://client.example/jwks";

fn public(key: &SigningKey) -> Value {
    let mut jwk = serde_json::to_value(key.public().jwk()).unwrap();
    jwk["kid"] = json!(key.kid());
    jwk
}

fn publish(w: &World, keys: &[Value]) {
    let set = json!({ "keys": keys }).to_string().into_bytes();
    *w.letterbox.published.lock().unwrap() = Some(set);
}

fn calls(w: &World) -> usize {
    *w.letterbox.calls.lock().unwrap()
}

fn published(key: &SigningKey) -> Registration {
    Registration {
        keys: Vec::new(),
        jwks_uri: Some(ADDRESS.to_owned()),
        ..registration(key)
    }
}

/// A client that publishes the key it signs with.
async fn world(store: &Store, clock: FakeEnv) -> World {
    let mut w = World::new(store, clock).await;
    let key = Arc::new(SigningKey::generate(store.env()).unwrap());
    w.rp.id = "tides".to_owned();
    w.register("tides", published(&key)).await;
    publish(&w, &[public(&key)]);
    w.rp.key = key;
    w
}

/// Whether the client is who it says, by its assertion.
async fn is_known(w: &World) -> bool {
    let answer = w.par(&w.rp, w.rp.request()).await;
    if !answer.status.is_success() {
        answer.refuses("invalid_client");
    }
    answer.status.is_success()
}

#[test]
fn keys_are_registered_by_address_or_by_value() {
    let env = kernel::Env::fake(kernel::Time::from_seconds(0), 1).0;
    let key = SigningKey::generate(&env).unwrap();
    assert!(published(&key).flaws().is_empty());
    for wrong in [
        "http://client.example/jwks",
        "https://*.example/jwks",
        "ftp://a",
    ] {
        let other = Registration {
            jwks_uri: Some(wrong.to_owned()),
            ..published(&key)
        };
        assert_eq!(other.flaws()[0].field, "jwks_uri", "{wrong}");
    }
    let both = Registration {
        jwks_uri: Some(ADDRESS.to_owned()),
        ..registration(&key)
    };
    assert_eq!(both.flaws()[0].field, "jwks_uri");
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_client_is_known_by_the_keys_it_publishes(store: Store, clock: FakeEnv) {
        let w = world(&store, clock).await;
        assert!(is_known(&w).await);
        assert!(is_known(&w).await);
        assert_eq!(calls(&w), 1, "kept for an hour");
        w.clock.advance(FRESH_FOR);
        assert!(is_known(&w).await);
        assert_eq!(calls(&w), 2);
        // Another process has what this one fetched.
        let second = World::again(&w);
        assert!(is_known(&second).await);
        assert_eq!(calls(&w), 2);
    }

    async fn an_unknown_key_is_looked_for_once_a_minute(store: Store, clock: FakeEnv) {
        let mut w = world(&store, clock).await;
        assert!(is_known(&w).await);
        // The client has rotated: the new key is found at once when the last call is a minute old.
        let next = Arc::new(SigningKey::generate(store.env()).unwrap());
        let old = std::mem::replace(&mut w.rp.key, Arc::clone(&next));
        publish(&w, &[public(&old), public(&next)]);
        assert!(!is_known(&w).await, "the address was called just now");
        w.clock.advance(TRY_EVERY);
        assert!(is_known(&w).await);
        assert_eq!(calls(&w), 2);
        // A stranger's key makes one call a minute, however often it is tried.
        w.clock.advance(TRY_EVERY);
        w.rp.key = Arc::new(SigningKey::generate(store.env()).unwrap());
        for _ in 0..5 {
            assert!(!is_known(&w).await);
        }
        assert_eq!(calls(&w), 3);
        w.rp.key = old;
        assert!(is_known(&w).await, "the old one is still published");
    }

    async fn keys_are_kept_through_an_outage_of_a_day(store: Store, clock: FakeEnv) {
        let w = world(&store, clock).await;
        assert!(is_known(&w).await);
        *w.letterbox.published.lock().unwrap() = None;
        w.clock.advance(FRESH_FOR);
        assert!(is_known(&w).await);
        w.clock.advance(KEPT_FOR - FRESH_FOR - Duration::from_secs(1));
        assert!(is_known(&w).await);
        w.clock.advance(Duration::from_secs(1));
        assert!(!is_known(&w).await, "a day is the most");
        publish(&w, &[public(&w.rp.key)]);
        w.clock.advance(TRY_EVERY);
        assert!(is_known(&w).await);
    }

    async fn a_set_with_a_private_key_too_long_or_empty_is_refused(store: Store, clock: FakeEnv) {
        let w = world(&store, clock).await;
        let own = public(&w.rp.key);
        let mut private = own.clone();
        private["d"] = json!("AAAA");
        let long = json!({ "kty": "oct", "note": "x".repeat(JWKS_BYTES) });
        let foreign = json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" });
        let many = vec![own.clone(); 21];
        for (keys, is_good) in [
            (vec![own.clone(), private], false),
            (vec![own.clone(), long], false),
            (Vec::new(), false),
            (many, false),
            (vec![own, foreign], true),
        ] {
            publish(&w, &keys);
            w.clock.advance(TRY_EVERY);
            assert_eq!(is_known(&w).await, is_good, "{}", keys.len());
        }
    }

    async fn each_set_that_comes_into_force_is_on_record(store: Store, clock: FakeEnv) {
        let w = world(&store, clock).await;
        for _ in 0..3 {
            assert!(is_known(&w).await);
            w.clock.advance(FRESH_FOR);
        }
        let print = w.rp.key.public().thumbprint();
        let records = store.read(|db| async move { journal::audit_of(&db, "client", "tides").await });
        let records = records.await.unwrap();
        let fetched = records.iter().filter(|one| one.action == "client.keys_fetched");
        let fetched: Vec<String> = fetched.map(|one| one.detail.to_string()).collect();
        assert_eq!(fetched.len(), 1, "the same set is not recorded again: {fetched:?}");
        assert!(fetched[0].contains(&print) && fetched[0].contains(ADDRESS), "{fetched:?}");
    }
}
