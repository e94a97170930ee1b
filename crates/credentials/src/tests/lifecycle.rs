//! What becomes of a licence and its copies, on both engines.

use axum::{body::Body, http::Method};
use http_body_util::BodyExt;
use kernel::{Actor, FakeEnv, Id};
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};
use store::Store;
use tower::ServiceExt;
use trust::Purpose;

use super::{
    device,
    wallet::{World, phone},
};
use crate::{
    Act, Binding, Error, Licence, LicenceState,
    status_list::{Status, StatusList, open_jwt},
};

#[derive(Clone, Copy)]
enum Step {
    Suspend,
    Reinstate,
    Revoke,
}

async fn act(world: &World, licence: Id<Licence>, step: Step) -> Result<(), Error> {
    world
        .desk
        .store
        .write(&Actor::system("test"), move |tx| async move {
            match step {
                Step::Suspend => crate::suspend(&tx, licence, "points").await,
                Step::Reinstate => crate::reinstate(&tx, licence, "appeal allowed").await,
                Step::Revoke => crate::revoke(&tx, licence, "court order").await,
            }
        })
        .await
}

async fn list(world: &World, number: i64) -> StatusList {
    let issuer = world.desk.issuer.clone();
    let published = world
        .desk
        .store
        .read(move |db| async move { crate::publish::list(&db, &issuer, number).await })
        .await
        .unwrap();
    let issuer = &world.desk.issuer;
    let key = issuer.keys().signer(Purpose::StatusList).unwrap();
    open_jwt(
        &published.jwt,
        &issuer.status_url(number),
        key.key.public(),
        issuer.now(),
    )
    .unwrap()
}

fn place(world: &World, issued: &Value) -> (i64, u32) {
    let text = issued["credentials"][0]["credential"].as_str().unwrap();
    let issuer = &world.desk.issuer;
    let status = crate::sd_jwt::verify(text, &|h| issuer.credential_key(h))
        .unwrap()
        .status
        .unwrap();
    (
        status.uri.rsplit('/').next().unwrap().parse().unwrap(),
        status.idx,
    )
}

async fn status(world: &World, issued: &Value) -> Status {
    let (number, index) = place(world, issued);
    list(world, number).await.get(index).unwrap()
}

#[test]
fn revoked_and_replaced_are_final() {
    for state in [LicenceState::Revoked, LicenceState::Replaced] {
        for act in [Act::Suspend, Act::Reinstate, Act::Revoke, Act::Replace] {
            assert!(state.after(act).is_err());
        }
    }
    assert!(LicenceState::Live.after(Act::Reinstate).is_err());
    assert!(LicenceState::Suspended.after(Act::Suspend).is_err());
}

store::db_tests! {
    [&crate::MIGRATIONS, &trust::MIGRATIONS, &journal::MIGRATIONS, &web::MIGRATIONS];

    async fn the_status_list_follows_the_licence(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let issued = world.fetch(&offer, &phone()).await;
        assert_eq!(status(&world, &issued).await, Status::Valid);
        act(&world, offer.licence, Step::Suspend).await.unwrap();
        assert_eq!(status(&world, &issued).await, Status::Suspended);
        assert_eq!(world.shown_outcome(&issued, &phone()).await, "credential_suspended");
        act(&world, offer.licence, Step::Reinstate).await.unwrap();
        assert_eq!(world.shown_outcome(&issued, &phone()).await, "valid");
        act(&world, offer.licence, Step::Revoke).await.unwrap();
        assert_eq!(status(&world, &issued).await, Status::Invalid);
        assert_eq!(world.shown_outcome(&issued, &phone()).await, "credential_revoked");
        assert!(matches!(act(&world, offer.licence, Step::Reinstate).await, Err(Error::WrongState("revoked"))));
    }

    async fn a_revoked_licence_is_not_issued_any_more(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let token = world.token(&offer).await;
        act(&world, offer.licence, Step::Revoke).await.unwrap();
        let proof = world.proof(&phone(), &world.nonce().await);
        assert_eq!(world.credential(&token, &proof).await.1["error"], "credential_request_denied");
        assert!(matches!(world.collect(offer.licence, &phone()).await, Err(Error::WrongState(_))));
    }

    async fn a_licence_suspended_before_collection_arrives_suspended(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        act(&world, offer.licence, Step::Suspend).await.unwrap();
        let issued = world.fetch(&offer, &phone()).await;
        assert_eq!(status(&world, &issued).await, Status::Suspended);
    }

    async fn one_licence_is_carried_on_one_phone(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let old = world.fetch(&offer, &phone()).await;
        let again = world.collect(offer.licence, &device(6)).await.unwrap();
        assert_eq!(world.shown_outcome(&old, &phone()).await, "valid");
        let new = world.fetch(&again, &device(6)).await;
        assert_eq!(world.shown_outcome(&new, &device(6)).await, "valid");
        assert_eq!(world.shown_outcome(&old, &phone()).await, "credential_revoked");
        assert_ne!(place(&world, &old), place(&world, &new));
    }

    async fn a_lost_phone_loses_its_copy_at_once(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let old = world.fetch(&offer, &phone()).await;
        let issuer = world.desk.issuer.clone();
        let licence = offer.licence;
        let binding = Binding::Device(device(6).kid().to_owned());
        let again = store.write(&Actor::system("test"), move |tx| {
            let (issuer, binding) = (issuer.clone(), binding.clone());
            async move { crate::reissue(&tx, &issuer, licence, &binding).await }
        }).await.unwrap();
        assert_eq!(world.shown_outcome(&old, &phone()).await, "credential_revoked");
        let new = world.fetch(&again, &device(6)).await;
        assert_eq!(world.shown_outcome(&new, &device(6)).await, "valid");
    }

    async fn removing_a_device_drops_all_its_copies_and_no_others(store: Store) {
        let world = World::new(&store);
        let holder = world.holder();
        let first = world.fetch(&world.offer(holder, "A1").await.unwrap(), &phone()).await;
        let second = world.fetch(&world.offer(holder, "A2").await.unwrap(), &phone()).await;
        let elsewhere = world.fetch(&world.offer(holder, "A3").await.unwrap(), &device(6)).await;
        let device_id = phone().kid().to_owned();
        let count = store.write(&Actor::system("test"), move |tx| {
            let device_id = device_id.clone();
            async move { crate::drop_device(&tx, holder, &device_id).await }
        }).await.unwrap();
        assert_eq!(count, 2);
        for gone in [&first, &second] {
            assert_eq!(world.shown_outcome(gone, &phone()).await, "credential_revoked");
        }
        assert_eq!(world.shown_outcome(&elsewhere, &device(6)).await, "valid");
    }

    async fn a_renewal_replaces_the_licence_and_its_copies(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let holder = world.holder();
        let old = world.offer(holder, "A1").await.unwrap();
        let old_copy = world.fetch(&old, &phone()).await;
        clock.advance(Duration::from_secs(86_400));
        let new = world.offer(holder, "A1").await.unwrap();
        assert_eq!(world.shown_outcome(&old_copy, &phone()).await, "credential_revoked");
        let issuer = world.desk.issuer.clone();
        let licences = store.read(move |db| async move {
            crate::of_holder(&db, &issuer, holder).await
        }).await.unwrap();
        let states: Vec<_> = licences.iter().map(|l| (l.id, l.state)).collect();
        assert_eq!(states, [(new.licence, LicenceState::Live), (old.licence, LicenceState::Replaced)]);
        assert_eq!(licences[0].number, "A1");
        let stranger = world.holder();
        assert!(matches!(world.offer(stranger, "A1").await, Err(Error::NumberTaken)));
    }

    async fn nothing_personal_is_readable_in_the_database(store: Store) {
        static DUMP: store::Stmt = store::Stmt::new("DUMP", "SELECT content FROM licence");
        let world = World::new(&store);
        world.offer(world.holder(), "A123456").await.unwrap();
        let content: Vec<u8> = store.read(|db| async move { db.only(&DUMP, vec![]).await }).await.unwrap();
        for word in ["CHAN", "A123456", "1974"] {
            assert!(!content.windows(word.len()).any(|window| window == word.as_bytes()));
        }
    }

    async fn copies_stand_at_different_unordered_places(store: Store) {
        let world = World::new(&store);
        let mut places = Vec::new();
        for number in 0..12 {
            let offer = world.offer(world.holder(), &format!("A{number}")).await.unwrap();
            places.push(place(&world, &world.fetch(&offer, &device(number + 10)).await).1);
        }
        assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), 12);
        assert!(!places.is_sorted());
        assert!(places.iter().any(|place| *place > 1_000));
    }

    async fn phones_that_ask_at_once_get_different_places(store: Store) {
        let world = World::new(&store);
        let mut offers = Vec::new();
        for number in 0..16 {
            offers.push(world.offer(world.holder(), &format!("A{number}")).await.unwrap());
        }
        let asking = (1_u8..).zip(offers).map(|(seed, offer)| {
            let world = world.clone();
            tokio::spawn(async move { place(&world, &world.fetch(&offer, &device(seed)).await) })
        });
        let mut places = BTreeSet::new();
        for one in asking.collect::<Vec<_>>() {
            places.insert(one.await.unwrap());
        }
        assert_eq!(places.len(), 16);
    }

    async fn a_full_list_gives_way_to_a_new_one(store: Store) {
        let world = World::new(&store);
        let first = world.fetch(&world.offer(world.holder(), "A0").await.unwrap(), &phone()).await;
        assert_eq!(place(&world, &first).0, 1);
        static CLOSE: store::Stmt = store::Stmt::new("CLOSE", "UPDATE status_list SET is_open = $1");
        store.write(&Actor::system("test"), |tx| async move {
            tx.run(&CLOSE, store::params![false]).await
        }).await.unwrap();
        let second = world.fetch(&world.offer(world.holder(), "A1").await.unwrap(), &phone()).await;
        assert_eq!(place(&world, &second).0, 2);
    }

    async fn an_expired_licence_is_genuine_but_expired(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let issued = world.fetch(&world.offer(world.holder(), "A1").await.unwrap(), &phone()).await;
        clock.advance(Duration::from_secs(86_400 * 3_660));
        assert_eq!(world.shown_outcome(&issued, &phone()).await, "credential_expired");
    }

    async fn a_list_is_served_in_both_forms_with_a_tag(store: Store) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        world.fetch(&offer, &phone()).await;
        let site = web::Site::new(web::SiteConfig::default(), store.clone(), &[]).unwrap();
        let router = web::app(&site, crate::routes().with_state(&world.desk));
        let ask = async |accept: &str, known: &str| {
            let mut request = super::wallet::request(Method::GET, "/credentials/status/1", Body::empty());
            request.headers_mut().insert("accept", accept.parse().unwrap());
            request.headers_mut().insert("if-none-match", known.parse().unwrap());
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let (parts, body) = response.into_parts();
            let header = |name: &str| parts.headers[name].to_str().unwrap().to_owned();
            let bytes = body.collect().await.unwrap().to_bytes();
            (status, header("content-type"), header("etag"), header("access-control-allow-origin"), bytes)
        };
        let jwt = ask("*/*", "x").await;
        assert_eq!((jwt.0, jwt.1.as_str(), jwt.3.as_str()), (200, "application/statuslist+jwt", "*"));
        let cwt = ask("application/statuslist+cwt", "x").await;
        assert_eq!((cwt.0, cwt.1.as_str()), (200, "application/statuslist+cwt"));
        assert_eq!(cwt.4[0], 0xd2);
        assert_ne!(jwt.2, cwt.2);
        assert_eq!(ask("*/*", &jwt.2).await.0, 304);
        act(&world, offer.licence, Step::Revoke).await.unwrap();
        assert_eq!(ask("*/*", &jwt.2).await.0, 200);
        assert_eq!(world.get("/credentials/status/99").await.0.as_u16(), 404);
    }

    async fn the_trust_list_is_signed_and_names_keys_kinds_and_lists(store: Store) {
        let world = World::new(&store);
        world.fetch(&world.offer(world.holder(), "A1").await.unwrap(), &phone()).await;
        let (_, answer) = world.get("/credentials/trust-list").await;
        let token = trust::jws::Unverified::parse(answer["trust_list"].as_str().unwrap()).unwrap();
        let signer = world.desk.issuer.keys().signer(Purpose::StatusList).unwrap();
        let list: Value = token.verify(crate::TRUST_LIST_TYPE, signer.key.public()).unwrap().claims().unwrap();
        assert_eq!(list["status_lists"][0], "https://causeway.test/credentials/status/1");
        let kind = &list["issuers"][0]["kinds"]["driving_licence"];
        assert_eq!(kind["claims"]["name_en"]["en"], "Name in English");
        assert!(list["issuers"][0]["keys"][0]["x"].is_string());
    }

    async fn sweeping_forgets_only_what_is_past(store: Store, clock: FakeEnv) {
        let world = World::new(&store);
        let offer = world.offer(world.holder(), "A1").await.unwrap();
        let token = world.token(&offer).await;
        let sweep = async || store.write(&Actor::system("test"), |tx| async move { crate::sweep(&tx).await }).await.unwrap();
        sweep().await;
        let proof = world.proof(&phone(), &world.nonce().await);
        assert_eq!(world.credential(&token, &proof).await.0.as_u16(), 200);
        sweep().await;
        assert_eq!(world.credential(&token, &proof).await.1["error"], "invalid_nonce");
        clock.advance(Duration::from_secs(3_600));
        sweep().await;
        assert_eq!(world.credential(&token, &proof).await.1["error"], "invalid_token");
    }
}
