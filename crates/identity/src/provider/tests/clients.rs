//! The registry: who may propose, who may approve, and what never comes into force.

use ::store::Store;
use kernel::{Actor, Env, FakeEnv, Text};
use serde_json::json;
use trust::SigningKey;

use super::world::registration;
use crate::{
    Error,
    provider::{
        ClientChange, ClientState, GrantKind, Registration, change_client,
        client::{AuthMethod, Sender, is_redirect},
        client_days, clients_of, create_client_in, find_client, jobs,
        refusal::{Fault, Refusal},
        store::{Once, use_all_in},
    },
};

fn sound() -> Registration {
    let (env, _) = Env::fake(kernel::Time::from_seconds(1_790_000_000), 3);
    registration(&SigningKey::generate(&env).unwrap())
}

async fn create(store: &Store, id: &'static str, wanted: Registration) -> Result<(), Error> {
    store
        .write(&Actor::system("author"), move |tx| {
            let wanted = wanted.clone();
            async move { create_client_in(&tx, id, "rvd", &wanted).await }
        })
        .await
}

async fn step(store: &Store, who: &str, change: ClientChange) -> Result<(), Error> {
    change_client(store, &Actor::system(who), "one", (change, None)).await
}

async fn state(store: &Store) -> ClientState {
    find_client(store, "one").await.unwrap().unwrap().state()
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_client_comes_into_force_by_two_people(store: Store) {
        create(&store, "one", sound()).await.unwrap();
        assert_eq!(state(&store).await, ClientState::Draft);
        let early = step(&store, "approver", ClientChange::Approve).await;
        assert!(matches!(early, Err(Error::Decided)), "{early:?}");
        step(&store, "author", ClientChange::Submit).await.unwrap();
        assert_eq!(state(&store).await, ClientState::Submitted);
        let own = step(&store, "author", ClientChange::Approve).await;
        assert!(matches!(own, Err(Error::SamePerson)), "{own:?}");
        step(&store, "approver", ClientChange::Approve).await.unwrap();
        assert_eq!(state(&store).await, ClientState::Approved);
    }

    async fn an_edit_leaves_what_is_in_force_until_it_is_approved(store: Store) {
        create(&store, "one", sound()).await.unwrap();
        step(&store, "author", ClientChange::Submit).await.unwrap();
        step(&store, "approver", ClientChange::Approve).await.unwrap();
        let mut wanted = sound();
        wanted.name = Text::new("Another name", "另一名稱");
        let found = find_client(&store, "one").await.unwrap().unwrap();
        let propose = |revision| ClientChange::Propose(Box::new(wanted.clone()), revision);
        step(&store, "author", propose(found.revision)).await.unwrap();
        let stale = step(&store, "author", propose(found.revision)).await;
        assert!(matches!(stale, Err(Error::Decided)), "an edit over another's edit");
        let found = find_client(&store, "one").await.unwrap().unwrap();
        assert_eq!(found.registration.unwrap().name.en, "Rates e-account");
        step(&store, "author", ClientChange::Submit).await.unwrap();
        step(&store, "approver", ClientChange::SendBack).await.unwrap();
        step(&store, "author", ClientChange::Submit).await.unwrap();
        step(&store, "approver", ClientChange::Approve).await.unwrap();
        let found = find_client(&store, "one").await.unwrap().unwrap();
        assert_eq!(found.registration.unwrap().name.en, "Another name");
        assert!(found.proposal.is_none());
    }

    async fn an_id_is_taken_once(store: Store) {
        create(&store, "one", sound()).await.unwrap();
        assert!(matches!(create(&store, "one", sound()).await, Err(Error::Decided)));
        assert_eq!(clients_of(&store, "rvd").await.unwrap().len(), 1);
        assert_eq!(clients_of(&store, "td").await.unwrap().len(), 0);
        assert_eq!(clients_of(&store, "").await.unwrap().len(), 1);
    }

    async fn a_flawed_registration_is_not_submitted(store: Store) {
        let mut wanted = sound();
        wanted.redirect_uris = vec!["http://client.example/".to_owned()];
        create(&store, "one", wanted).await.unwrap();
        let refused = step(&store, "author", ClientChange::Submit).await;
        assert!(matches!(refused, Err(Error::Malformed(_))), "{refused:?}");
    }

    async fn what_is_used_once_is_used_once_on_every_node(store: Store) {
        let spend = |store: Store| async move {
            let until = store.env().now() + std::time::Duration::from_secs(60);
            let once = Once::new("proof", "key", "jti-1", (until, Refusal::dpop("used")));
            store
                .write(&Actor::Visitor, move |tx| {
                    let once = once.clone();
                    async move { use_all_in(&tx, &[once]).await }
                })
                .await
        };
        spend(store.clone()).await.unwrap();
        assert!(matches!(spend(store).await, Err(Fault::Refused(_))));
    }

    async fn logins_are_folded_into_days_once(store: Store, clock: FakeEnv) {
        let mut world = super::world::World::new(&store, clock.clone()).await;
        let rp = world.rp.clone();
        world.login(&rp, &[]).await;
        world.login(&rp, &[]).await;
        clock.advance(std::time::Duration::from_secs(10));
        for _ in 0..2 {
            jobs::sweep(&store).await.unwrap();
        }
        let days = client_days(&store, "rates").await.unwrap();
        assert_eq!(days.len(), 1);
        assert_eq!(days[0].uses.logins, 2);
    }

    async fn fills_and_signatures_of_a_client_are_counted_by_day(store: Store, clock: FakeEnv) {
        let mut world = super::world::World::new(&store, clock.clone()).await;
        let rp = world.rp.clone();
        let details = r#"[{"type":"share_data","datatypes":["name_en"]}]"#;
        world.login(&rp, &[("authorization_details", details)]).await;
        let tokens = world.login(&rp, &[]).await;
        assert!(tokens["access_token"].is_string());
        signed_for(&store, "rates").await;
        clock.advance(std::time::Duration::from_secs(10));
        for _ in 0..2 {
            jobs::sweep(&store).await.unwrap();
        }
        let today = store.env().today();
        let used = crate::provider::client_uses(&store, (today, today)).await.unwrap();
        let expected = crate::provider::Uses { logins: 2, fills: 1, signatures: 1 };
        assert_eq!((used.len(), used[0].client.as_str(), used[0].uses), (1, "rates", expected));
        let days = client_days(&store, "rates").await.unwrap();
        assert_eq!((days.len(), days[0].uses), (1, expected));
    }

    async fn sign_ins_that_nobody_finished_are_counted_on_the_day_they_began(
        store: Store,
        clock: FakeEnv,
    ) {
        let mut world = super::world::World::new(&store, clock.clone()).await;
        let rp = world.rp.clone();
        let today = store.env().today();
        world.login(&rp, &[]).await;
        world.push(&rp, rp.request_with(&[("prompt", "none")])).await;
        for _ in 0..2 {
            world.push(&rp, rp.request()).await;
        }
        clock.advance(std::time::Duration::from_secs(2 * 86_400));
        for _ in 0..2 {
            jobs::sweep(&store).await.unwrap();
        }
        let days = client_days(&store, "rates").await.unwrap();
        let of_day = days.iter().find(|one| one.day == today).unwrap();
        assert_eq!((of_day.uses.logins, of_day.unfinished), (1, 2), "{days:?}");
    }

    async fn a_code_is_used_once_however_many_try(store: Store, clock: FakeEnv) {
        let mut world = super::world::World::new(&store, clock).await;
        let rp = world.rp.clone();
        let code = world.code(&rp, rp.request()).await;
        let (one, two) = tokio_join(&world, &rp, &code).await;
        assert_ne!(one, two, "one of two wins");
    }
}

/// A document that this client asked for is signed.
async fn signed_for(store: &Store, client: &str) {
    let (room, keys) = crate::tests::signing::room(store);
    let holder = crate::tests::enrol(store, &keys.vault(), "kwan-sum-yi", crate::Level::Plus).await;
    let items = vec![crate::tests::signing::item(
        crate::ItemKind::Document,
        "Plan",
        b"plan",
    )];
    let new = crate::NewSigning {
        client: Some(client.to_owned()),
        ..crate::tests::signing::request(&holder, items)
    };
    let (request, asked) = room.ask(&Actor::Visitor, new).await.unwrap();
    crate::tests::reply(store, &holder, &asked, crate::Decision::Approve)
        .await
        .unwrap();
    let own = crate::tests::browser("one");
    room.sign(&Actor::Visitor, request.id, &own).await.unwrap();
}

async fn tokio_join(
    world: &super::world::World,
    rp: &super::world::Rp,
    code: &str,
) -> (axum::http::StatusCode, axum::http::StatusCode) {
    let other = super::world::World::again(world);
    let (one, two) = futures_join(world.redeem(rp, code), other.redeem(rp, code)).await;
    (one.status, two.status)
}

/// Both at once, without a crate for it.
async fn futures_join<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (std::pin::pin!(a), std::pin::pin!(b));
    let (mut left, mut right) = (None, None);
    std::future::poll_fn(|context| {
        use std::task::Poll;
        if left.is_none()
            && let Poll::Ready(value) = a.as_mut().poll(context)
        {
            left = Some(value);
        }
        if right.is_none()
            && let Poll::Ready(value) = b.as_mut().poll(context)
        {
            right = Some(value);
        }
        match (left.take(), right.take()) {
            (Some(one), Some(two)) => Poll::Ready((one, two)),
            (one, two) => {
                (left, right) = (one, two);
                Poll::Pending
            }
        }
    })
    .await
}

#[test]
fn redirect_addresses_are_plain_and_safe() {
    for good in [
        "https://client.example/callback",
        "https://client.example/callback?a=1",
        "http://127.0.0.1:9123/callback",
        "http://localhost/cb",
    ] {
        assert!(is_redirect(good), "{good}");
    }
    for bad in [
        "http://client.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "https://user@client.example/",
        "https://client.example/#x",
        "https://*.client.example/",
        "javascript:alert(1)",
        "https://",
        "https://client.example/ a",
        "",
    ] {
        assert!(!is_redirect(bad), "{bad}");
    }
}

#[test]
fn each_flaw_is_named_with_its_field() {
    let flaw = |edit: &dyn Fn(&mut Registration)| {
        let mut wanted = sound();
        edit(&mut wanted);
        wanted.flaws().first().map(|flaw| flaw.field)
    };
    assert_eq!(flaw(&|_| {}), None);
    assert_eq!(
        flaw(&|wanted| wanted.name = Text::new("", "名")),
        Some("name_en")
    );
    assert_eq!(
        flaw(&|wanted| wanted.sector = "A b".to_owned()),
        Some("sector")
    );
    assert_eq!(
        flaw(&|wanted| wanted.redirect_uris.clear()),
        Some("redirect_uris")
    );
    assert_eq!(flaw(&|wanted| wanted.scopes.clear()), Some("scopes"));
    assert_eq!(flaw(&|wanted| wanted.sender = Sender::Bearer), Some("auth"));
    assert_eq!(
        flaw(&|wanted| wanted.auth = AuthMethod::ClientSecretBasic),
        Some("auth")
    );
    assert_eq!(flaw(&|wanted| wanted.keys.clear()), Some("keys"));
    assert_eq!(
        flaw(&|wanted| wanted.keys[0]["d"] = json!("AA")),
        Some("keys")
    );
    let certificate = |wanted: &mut Registration| wanted.auth = AuthMethod::TlsClientAuth;
    assert_eq!(flaw(&certificate), Some("certificate_dns"));
    let quiet = |wanted: &mut Registration| {
        wanted.grants = vec![GrantKind::Ciba];
        wanted.redirect_uris.clear();
    };
    assert_eq!(flaw(&quiet), None, "who uses no browser needs no address");
}
