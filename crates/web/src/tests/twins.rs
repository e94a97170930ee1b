//! The session table on both engines.

use std::time::Duration;

use kernel::{Actor, Role};
use serde_json::json;
use store::{Store, testing::START};

use crate::{Level, Sessions, SignedIn, seal::Token, session::Data};

fn officer() -> SignedIn {
    SignedIn {
        actor: Actor::Officer {
            officer: "o1".to_owned(),
            department: "td".to_owned(),
            role: Role::Officer,
        },
        roles: vec![Role::Officer],
        duties: vec!["td.officer".to_owned()],
        level: Level::Plus,
        name: "李小明".to_owned(),
    }
}

fn data() -> Data {
    Data::from([("draft".to_owned(), json!({ "hkid": "A123456(3)" }))])
}

store::db_tests! {
    [&crate::MIGRATIONS];

    async fn a_session_comes_back_as_it_was_stored(store: Store) {
        let sessions = Sessions::new(store, None);
        let token = sessions.begin(Some(&officer()), &data(), None).await.unwrap();
        let loaded = sessions.load(&token).await.unwrap().unwrap();
        assert_eq!(loaded.signed_in, Some(officer()));
        assert_eq!(loaded.data, data());
        sessions.save(&token, Some(&officer()), &Data::new()).await.unwrap();
        assert!(sessions.load(&token).await.unwrap().unwrap().data.is_empty());
    }

    async fn a_new_token_replaces_the_old_one(store: Store) {
        let sessions = Sessions::new(store, None);
        let old = sessions.begin(None, &data(), None).await.unwrap();
        let new = sessions.begin(Some(&officer()), &data(), Some(&old)).await.unwrap();
        assert!(sessions.load(&old).await.unwrap().is_none());
        assert!(sessions.load(&new).await.unwrap().is_some());
        sessions.end(&new).await.unwrap();
        assert!(sessions.load(&new).await.unwrap().is_none());
    }

    async fn an_ended_session_is_neither_found_nor_kept(store: Store, clock: kernel::FakeEnv) {
        let sessions = Sessions::new(store, None);
        let token = sessions.begin(Some(&officer()), &data(), None).await.unwrap();
        for minute in 1..30_u64 {
            clock.set(START + Duration::from_secs(minute * 25 * 60));
            let is_open = sessions.load(&token).await.unwrap().is_some();
            assert_eq!(is_open, minute * 25 < 12 * 60, "after {} minutes", minute * 25);
        }
        assert_eq!(sessions.sweep().await.unwrap(), 1);
        assert_eq!(sessions.sweep().await.unwrap(), 0);
    }

    async fn the_database_tells_nothing_a_visitor_typed(store: Store) {
        let sessions = Sessions::new(store.clone(), None);
        let token = sessions.begin(Some(&officer()), &data(), None).await.unwrap();
        let hash = token.hash();
        let sealed: Vec<u8> = store
            .read(move |db| {
                let hash = hash.clone();
                async move {
                    let rows: Vec<Sealed> =
                        db.all(&READ_SEALED, store::params![hash]).await?;
                    Ok::<_, store::Error>(rows.into_iter().flat_map(|row| row.0).collect())
                }
            })
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!sealed.is_empty() && !text.contains("A123456") && !text.contains("李"));
        let stranger = Token::draw(store.env());
        assert!(stranger.open("session", &sealed).is_err());
    }
}

store::sql! {
    READ_SEALED = "SELECT sealed FROM web_session WHERE token_hash = $1";
}

struct Sealed(Vec<u8>);

impl store::FromRow for Sealed {
    fn from_row(row: &store::Row) -> Result<Self, store::Error> {
        Ok(Self(row.get("sealed")?))
    }
}

#[test]
fn every_statement_prepares_on_both_engines_and_both_schemas_agree() {
    store::check::block_on(async {
        let owners: [&'static store::Migrations; 1] = [&crate::MIGRATIONS];
        let defects = store::check::statements(&owners, &crate::statements()).await;
        assert_eq!(defects, Vec::<String>::new());
        assert_eq!(store::check::shape(&owners).await, Vec::<String>::new());
    });
}
