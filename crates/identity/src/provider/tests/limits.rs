//! Who asks too often waits, and nobody else: behind one network address are many people, and behind one
//! client's name may be somebody who guesses.

use ::store::Store;
use axum::http::{Method, StatusCode};
use kernel::FakeEnv;

use super::world::{Answer, World, claims_of, pairs};
use crate::tests::OWNERS;

/// Failures that are let pass in a minute.
const FAILURES: usize = 20;

/// A request pushed from `address` with this assertion.
async fn push(world: &World, (id, address): (&str, &str), assertion: String) -> Answer {
    let mut rp = world.rp.clone();
    id.clone_into(&mut rp.id);
    let form = rp.signed_by(rp.request(), assertion);
    let headers = [("x-forwarded-for", address)];
    world
        .call(Method::POST, "/oauth/par", &headers, &form)
        .await
}

::store::db_tests! {
    OWNERS;

    async fn a_guessing_client_waits_at_its_address_and_nobody_else_does(store: Store, clock: FakeEnv) {
        let world = World::limited(&store, clock).await;
        let other = world.another("library", |_| {}).await;
        let (guessed, there) = (("rates", "203.0.113.7"), ("rates", "203.0.113.8"));
        for _ in 0..=FAILURES {
            // Signed by a key that is not the client's.
            let mut stranger = other.clone();
            stranger.id.clone_from(&world.rp.id);
            let refused = push(&world, guessed, stranger.assertion()).await;
            refused.refuses("invalid_client");
        }
        let held = push(&world, guessed, world.rp.assertion()).await;
        assert_eq!(held.status, StatusCode::TOO_MANY_REQUESTS, "{held:?}");
        assert!(held.headers.contains_key("retry-after"), "{held:?}");
        let good = push(&world, there, world.rp.assertion()).await;
        assert_eq!(good.status, StatusCode::CREATED, "{good:?}");
        let neighbour = ("library", "203.0.113.7");
        let good = push(&world, neighbour, other.assertion()).await;
        assert_eq!(good.status, StatusCode::CREATED, "{good:?}");
        world.clock.advance(std::time::Duration::from_secs(61));
        let again = push(&world, guessed, world.rp.assertion()).await;
        assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
    }

    async fn one_persons_phone_is_not_kept_ringing(store: Store, clock: FakeEnv) {
        let mut world = World::limited(&store, clock).await;
        let rp = world.rp.clone();
        let tokens = world.login(&rp, &[]).await;
        let subject = claims_of(tokens["id_token"].as_str().unwrap())["sub"].clone();
        let form = pairs(&[
            ("scope", "openid"),
            ("login_hint", subject.as_str().unwrap()),
        ]);
        let mut last = StatusCode::OK;
        for number in 0..=FAILURES {
            // From many places: it is the person who is protected.
            let address = format!("203.0.113.{}", number + 1);
            let proof = rp.proof("POST", "/oauth/bc-authorize");
            let headers = [("x-forwarded-for", address.as_str()), ("dpop", proof.as_str())];
            let path = "/oauth/bc-authorize";
            let asked = world.call(Method::POST, path, &headers, &rp.signed(pairs(&[("request", &rp.object_once(&form, |_| {}))]))).await;
            last = asked.status;
            assert!(number == FAILURES || last != StatusCode::TOO_MANY_REQUESTS, "{asked:?}");
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }
}
