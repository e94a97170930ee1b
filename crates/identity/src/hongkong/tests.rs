//! What the store promises the wire form, on both engines, and the rules that need no store.

mod catalogue;
mod company;

use std::{collections::BTreeSet, time::Duration};

use ::store::{Store, Write};
use kernel::{Actor, FakeEnv, Id, Time};
use serde_json::json;

use super::{
    registration::WireScope,
    store::{
        day,
        key::{self as keys, StoredKey},
        task::{self as tasks, NewTask, Settled},
        token::{self, NewToken, TokenKind},
    },
    task::{Kind, Task, is_state},
    word::{Dialect, Family, Word},
};
use crate::{
    ApprovalState, Error, FailReason, Level, Person,
    provider::{Scope, disconnect, store::consent},
    store::person,
    tests::{enrol, vault},
};

const CLIENT: &str = "td-parking";

#[test]
fn what_could_not_be_sealed_and_what_could_not_be_opened_have_two_numbers() {
    assert_eq!(Word::NotSealed.sent(Dialect::IamSmart), "D30003");
    assert_eq!(Word::NotSealed.sent(Dialect::CorpId), "M30003");
    assert_eq!(Word::NotOpened.sent(Dialect::CorpId), "M30004");
    assert_ne!(Word::NotSealed.message(), Word::NotOpened.message());
}

async fn write<T, F, Fut>(store: &Store, work: F) -> T
where
    T: Send + 'static,
    F: Fn(Write) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
{
    store.write(&Actor::system("test"), work).await.unwrap()
}

fn new_task(store: &Store, business: &str, expires: Time) -> NewTask {
    NewTask {
        id: store.env().id(),
        client: CLIENT.to_owned(),
        kind: Kind::AnonymousForm,
        business: Some(business.to_owned()),
        ticket: Some(store.env().bytes()),
        person: None,
        approval: None,
        signing: None,
        asked: vec![1],
        expires,
        company: None,
    }
}

async fn keep(store: &Store, new: &NewTask) -> bool {
    let new = new.clone();
    write(store, move |tx| {
        let new = new.clone();
        async move { tasks::insert_in(&tx, &new).await }
    })
    .await
}

async fn settle(store: &Store, id: Id<Task>, outcome: Word) -> bool {
    write(store, move |tx| async move {
        let settled = Settled {
            outcome,
            person: None,
            signing: None,
            result: Some(vec![2]),
            company: None,
        };
        tasks::done_in(&tx, id, &settled).await
    })
    .await
}

async fn find(store: &Store, id: Id<Task>) -> Option<Task> {
    let found = store.read(move |db| async move { tasks::find_in(&db, id).await });
    found.await.unwrap()
}

fn new_key(store: &Store, life: u64) -> StoredKey {
    let now = store.env().now();
    StoredKey {
        client: CLIENT.to_owned(),
        dialect: Dialect::IamSmart,
        id: store.env().id(),
        sealed: vec![3],
        wrapped: "AAAA".to_owned(),
        public_info: "AAAA".to_owned(),
        issued: now,
        expires: now + Duration::from_secs(life),
    }
}

async fn keep_key(store: &Store, new: StoredKey) -> Id<StoredKey> {
    let kept = write(store, move |tx| {
        let new = new.clone();
        async move { keys::keep_in(&tx, &new).await }
    });
    kept.await.id
}

async fn give(store: &Store, person: Id<Person>, secret: &'static str, is_single: bool) {
    write(store, move |tx| async move {
        let new = NewToken {
            secret: secret.to_owned(),
            kind: TokenKind::Access,
            client: CLIENT.to_owned(),
            company: None,
            person,
            scopes: vec![WireScope::Auth],
            task: Id::from_bits(7),
            is_single,
            expires: tx.now() + Duration::from_secs(60),
        };
        token::insert_in(&tx, &new).await
    })
    .await;
}

async fn is_live(store: &Store, secret: &'static str) -> bool {
    let found = store.read(move |db| async move { token::find_in(&db, secret).await });
    let found = found.await.unwrap();
    found.is_some_and(|token| token.is_live(store.env().now()))
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn one_content_key_is_in_force_at_a_time(store: Store, clock: FakeEnv) {
        let first = keep_key(&store, new_key(&store, 60)).await;
        let second = keep_key(&store, new_key(&store, 600)).await;
        assert_eq!(first, second, "the one in force stays");
        clock.advance(Duration::from_secs(60));
        let third = keep_key(&store, new_key(&store, 60)).await;
        assert_ne!(first, third);
        assert!(write(&store, |tx| async move { keys::revoke_in(&tx, (CLIENT, Dialect::IamSmart)).await }).await);
        assert!(!write(&store, |tx| async move { keys::revoke_in(&tx, (CLIENT, Dialect::IamSmart)).await }).await);
        assert_ne!(third, keep_key(&store, new_key(&store, 60)).await);
    }

    async fn a_client_names_a_request_once_and_settles_it_once(store: Store) {
        let expires = store.env().now();
        let one = new_task(&store, "b-1", expires);
        assert!(keep(&store, &one).await);
        assert!(!keep(&store, &new_task(&store, "b-1", expires)).await);
        let mut other = new_task(&store, "b-1", expires);
        other.client = "td-other".to_owned();
        assert!(keep(&store, &other).await, "another client has names of its own");
        let mut login = new_task(&store, "", expires);
        login.business = None;
        assert!(keep(&store, &login).await);
        let again = NewTask { id: store.env().id(), ticket: Some([9; 32]), ..login };
        assert!(keep(&store, &again).await, "a login has no name");
        assert!(settle(&store, one.id, Word::FormRejected).await);
        assert!(!settle(&store, one.id, Word::Success).await);
        assert_eq!(find(&store, one.id).await.unwrap().outcome, Some(Word::FormRejected));
    }

    async fn a_result_is_handed_out_once_and_forgotten_after_its_time(store: Store) {
        let one = new_task(&store, "b-1", store.env().now());
        keep(&store, &one).await;
        settle(&store, one.id, Word::Success).await;
        let id = one.id;
        let drop = move |tx: Write| async move { tasks::drop_result_in(&tx, id).await };
        assert!(write(&store, drop).await);
        assert!(!write(&store, drop).await);
        let forget = |tx: Write| async move {
            let later = tx.now() + Duration::from_secs(1);
            tasks::forget_in(&tx, (later, later), 10).await
        };
        write(&store, forget).await;
        let kept = find(&store, id).await.unwrap();
        assert!(kept.asked.is_none(), "what was asked goes, its name stays taken");
        write(&store, |tx| async move { day::fold_in(&tx, 10).await }).await;
        write(&store, forget).await;
        assert!(find(&store, id).await.is_none());
        let days = day::use_days(&store, CLIENT).await.unwrap();
        assert_eq!((days[0].asked, days[0].granted), (1, 1), "counted before it went");
    }

    async fn a_token_counts_while_its_person_is_connected_and_active(store: Store, clock: FakeEnv) {
        let holder = enrol(&store, &vault(store.env()), "cheung-ka-yan", Level::Plus).await;
        let person = holder.person.id;
        give(&store, person, "one", false).await;
        assert!(!is_live(&store, "one").await, "nobody let the client in");
        write(&store, move |tx| async move {
            consent::put_in(&tx, person, (CLIENT, "subject"), &[Scope::Openid]).await
        }).await;
        assert!(is_live(&store, "one").await);
        give(&store, person, "single", true).await;
        assert!(write(&store, |tx| async move { token::use_in(&tx, "single").await }).await);
        assert!(!write(&store, |tx| async move { token::use_in(&tx, "single").await }).await);
        assert!(!is_live(&store, "single").await);
        disconnect(&store, person, CLIENT).await.unwrap();
        assert!(!is_live(&store, "one").await);
        write(&store, move |tx| async move {
            consent::put_in(&tx, person, (CLIENT, "subject"), &[Scope::Openid]).await
        }).await;
        write(&store, move |tx| async move {
            person::set_state_in(&tx, person, crate::PersonState::Suspended, "test").await.map(|_| ())
        }).await;
        assert!(!is_live(&store, "one").await, "a suspended account");
        clock.advance(Duration::from_secs(61));
        assert!(!is_live(&store, "one").await);
    }
}

#[test]
fn every_word_has_a_number_of_its_own_and_says_something() {
    let numbers: BTreeSet<&str> = Word::ALL.iter().map(|word| word.code()).collect();
    assert_eq!(numbers.len(), Word::ALL.len());
    assert!(
        Word::ALL
            .iter()
            .all(|word| word.code().len() == 5 && !word.message().is_empty())
    );
}

#[test]
fn cancelled_rejected_failed_and_timed_out_differ_in_every_family() {
    for family in [
        Family::Login,
        Family::Profile,
        Family::Form,
        Family::Sign,
        Family::Bulk,
        Family::StepUp,
    ] {
        let ends = [
            (ApprovalState::Cancelled, None),
            (ApprovalState::Rejected, None),
            (ApprovalState::Expired, None),
            (ApprovalState::Failed, Some(FailReason::Suspended)),
        ];
        let words: BTreeSet<Word> = ends
            .into_iter()
            .filter_map(|(state, reason)| family.word(state, reason))
            .collect();
        assert_eq!(words.len(), ends.len(), "{family:?}");
        for state in [
            ApprovalState::Pending,
            ApprovalState::Seen,
            ApprovalState::Approved,
        ] {
            assert_eq!(family.word(state, None), None);
        }
    }
}

#[test]
fn a_state_holds_letters_digits_hyphens_and_underscores() {
    assert!(is_state("AZaz09-_"));
    for bad in ["", "a b", "a.b", "ä", &"x".repeat(37)] {
        assert!(!is_state(bad), "{bad}");
    }
    assert_eq!(json!(Word::Success), "00000");
}
