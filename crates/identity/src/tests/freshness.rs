//! What the register vouches for is asked of it again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use ::store::Store;
use kernel::{Date, FakeEnv, Hkid};
use serde_json::json;

use crate::{
    Error, FieldKey, Identity, Level, RECHECK_AFTER, Register, RegisterAnswer, RegisterDown,
    RegisterEntry, Source, demo, field_versions, missing_since, own_profile, recheck,
    tests::{Holder, enrol, vault},
};

const KEY: &str = "kwan-sum-yi";

/// A register whose next answers the test decides.
#[derive(Clone, Debug)]
struct Office(Arc<Mutex<Result<Option<RegisterEntry>, RegisterDown>>>);

impl Register for Office {
    fn find<'a>(&'a self, _: &'a Hkid, _: Date) -> RegisterAnswer<'a> {
        let answer = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(answer))
    }
}

struct Town {
    identity: Identity,
    office: Office,
    holder: Holder,
}

impl Town {
    async fn new(store: &Store) -> Self {
        let vault = vault(store.env());
        let holder = enrol(store, &vault, KEY, Level::Plus).await;
        let office = Office(Arc::new(Mutex::new(Ok(Some(entry())))));
        let identity = Identity::new(store.clone(), vault, Arc::new(office.clone()));
        Self {
            identity,
            office,
            holder,
        }
    }

    fn answers(&self, answer: Result<Option<RegisterEntry>, RegisterDown>) {
        *self.office.0.lock().unwrap() = answer;
    }

    /// The English name with its source, and when the register last vouched for it.
    async fn name(&self) -> (serde_json::Value, Source, kernel::Time) {
        let (store, vault) = (self.identity.store(), self.identity.vault());
        let profile = own_profile(store, vault, self.holder.person.id)
            .await
            .unwrap();
        let name = profile.get(FieldKey::NameEn).unwrap().clone();
        (name.value, name.source, name.updated)
    }

    async fn emitted(&self) -> usize {
        super::simulation::events(self.identity.store(), crate::REGISTER_CHANGED)
            .await
            .len()
    }
}

fn entry() -> RegisterEntry {
    demo::find(KEY).unwrap().entry()
}

fn renamed() -> RegisterEntry {
    let mut entry = entry();
    "KWAN Sum Yi, Joyce".clone_into(&mut entry.name.en);
    entry
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn the_register_is_asked_again_and_the_stamp_says_when(store: Store, clock: FakeEnv) {
        let town = Town::new(&store).await;
        let enrolled = town.name().await.2;
        assert_eq!(recheck(&town.identity).await.unwrap(), 0, "its word is fresh");
        clock.advance(RECHECK_AFTER + Duration::from_secs(1));
        assert_eq!(recheck(&town.identity).await.unwrap(), 1);
        let (_, source, checked) = town.name().await;
        assert_eq!((source, checked), (Source::Verified, store.env().now()));
        assert!(checked > enrolled);
        assert_eq!(recheck(&town.identity).await.unwrap(), 0);
        assert_eq!(town.emitted().await, 0, "nothing has changed");
    }

    async fn a_name_changed_in_the_register_changes_the_profile_and_its_history(
        store: Store,
        clock: FakeEnv,
    ) {
        let town = Town::new(&store).await;
        town.answers(Ok(Some(renamed())));
        clock.advance(RECHECK_AFTER + Duration::from_secs(1));
        recheck(&town.identity).await.unwrap();
        assert_eq!(town.name().await.0, json!("KWAN Sum Yi, Joyce"));
        let own = town.holder.person.id;
        let vault = town.identity.vault();
        let before = field_versions(&store, vault, own, FieldKey::NameEn).await.unwrap();
        assert_eq!(before.len(), 1);
        assert_eq!((before[0].value.as_ref(), before[0].source), (Some(&json!("KWAN Sum Yi")), Source::Verified));
        let back = crate::restore_field(&store, own, before[0].id).await;
        assert!(matches!(back, Err(Error::Value(_))), "the register decides: {back:?}");
        assert_eq!(town.emitted().await, 1);
    }

    async fn a_register_that_is_down_or_has_no_entry_takes_nothing_away(store: Store, clock: FakeEnv) {
        let town = Town::new(&store).await;
        let before = town.name().await;
        town.answers(Err(RegisterDown));
        clock.advance(RECHECK_AFTER + Duration::from_secs(1));
        let down = recheck(&town.identity).await;
        assert!(matches!(down, Err(Error::RegisterDown)), "{down:?}");
        assert_eq!(town.name().await, before, "the old stamp stays");

        town.answers(Ok(None));
        recheck(&town.identity).await.unwrap();
        let own = town.holder.person.id;
        let since = missing_since(&store, own).await.unwrap();
        assert_eq!(since, Some(store.env().now()));
        assert_eq!(town.name().await, before, "nobody has vouched for it again");
        clock.advance(RECHECK_AFTER + Duration::from_secs(1));
        recheck(&town.identity).await.unwrap();
        assert_eq!(missing_since(&store, own).await.unwrap(), since, "since the first time");
        town.answers(Ok(Some(entry())));
        clock.advance(RECHECK_AFTER + Duration::from_secs(1));
        recheck(&town.identity).await.unwrap();
        assert_eq!(missing_since(&store, own).await.unwrap(), None);
    }
}
