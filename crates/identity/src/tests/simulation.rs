//! A register of people who do not exist, and the register in numbers.

use std::{collections::BTreeSet, time::Duration};

use ::store::Store;
use kernel::{Actor, Date, FakeEnv};
use serde_json::{Value, json};

use super::{OWNERS, ask, browser, enrol, question, reply, vault};
use crate::{
    Decision, Error, Level, NewApproval, PersonState, Purpose, registrants,
    simulation::{Occupied, Simulation, Start},
    store::registrant,
};

::store::sql! {
    DAYS = "SELECT day FROM registrant_count ORDER BY day";
}

fn simulation(seed: u32) -> Simulation {
    Simulation {
        seed,
        as_at: Date::new(2026, 11, 22).unwrap(),
    }
}

async fn write(store: &Store, start: Start, numbers: std::ops::Range<i64>) -> Result<(), Error> {
    let vault = vault(store.env());
    start
        .simulation
        .seal(&vault, numbers)
        .unwrap()
        .write(store)
        .await
}

async fn people(store: &Store) -> i64 {
    let counted = registrants(store, store.env().today()).await.unwrap();
    counted.iter().map(|(_, _, people)| people).sum()
}

/// The usage events of this database.
pub(super) async fn usage(store: &Store) -> Vec<Value> {
    events(store, journal::USAGE).await
}

/// The data of every event of this kind in this database.
pub(super) async fn events(store: &Store, kind: &str) -> Vec<Value> {
    let mut runner = journal::Runner::new(store.clone(), journal::Calendar::new());
    runner.settle().await.unwrap();
    let events = store
        .read(|db| async move { journal::events_after(&db, 0).await })
        .await
        .unwrap();
    let wanted = events.into_iter().filter(|event| event.kind == kind);
    wanted.map(|event| event.data).collect()
}

#[test]
fn there_are_as_many_as_the_reply_of_2021_says() {
    assert_eq!(Simulation::people(), 803_700);
    assert_eq!(simulation(1).person(803_700), None);
}

#[test]
fn the_same_seed_gives_the_same_people_with_good_numbers_nobody_has() {
    let mut numbers = BTreeSet::new();
    for number in (0..803_700).step_by(401) {
        let (entry, level) = simulation(7).person(number).unwrap();
        assert_eq!(simulation(7).person(number), Some((entry.clone(), level)));
        assert!(entry.hkid.as_str().starts_with("QQ"));
        assert!(entry.name.zh.as_deref().unwrap().starts_with('擬'));
        let age = 2026 - i64::from(entry.born.year());
        assert!((12..=96).contains(&age), "{age}");
        assert!(numbers.insert(entry.hkid), "a number stands twice");
    }
    let (first, other) = (
        simulation(7).person(0).unwrap(),
        simulation(8).person(0).unwrap(),
    );
    assert_ne!(first.0.hkid, other.0.hkid);
}

#[test]
fn a_path_tells_the_language_and_the_service_it_leads_to() {
    use crate::approval::leads_to;
    use kernel::Lang;
    let long = format!("/en/services/{}", "x".repeat(81));
    for (path, lang, service) in [
        (
            "/tc/services/td-renewal/start?x=1",
            Some(Lang::Tc),
            Some("td-renewal"),
        ),
        (
            "/en/services/td-renewal",
            Some(Lang::En),
            Some("td-renewal"),
        ),
        ("/en/drafts/7k3m", Some(Lang::En), None),
        ("/en/services/<b>", Some(Lang::En), None),
        (long.as_str(), Some(Lang::En), None),
        ("/", None, None),
    ] {
        assert_eq!(leads_to(path), (lang, service), "{path}");
    }
}

::store::db_tests! {
    OWNERS;

    async fn a_simulation_goes_on_where_it_was_stopped_and_fills_no_other_register(store: Store) {
        let start = simulation(7).start(&store).await.unwrap().unwrap();
        assert_eq!(start.done, 0);
        write(&store, start, 0..40).await.unwrap();
        // The same people once more: another process had gone on.
        assert!(matches!(write(&store, start, 0..40).await, Err(Error::NotFound)));
        let again = simulation(7).start(&store).await.unwrap().unwrap();
        assert_eq!(again.done, 40);
        write(&store, again, 40..60).await.unwrap();
        assert_eq!(people(&store).await, 60);
        let other = simulation(8).start(&store).await.unwrap();
        assert_eq!(other, Err(Occupied::OtherSeed(7)));
        let counted: i64 =
            usage(&store).await.iter().map(|one| one["count"].as_i64().unwrap()).sum();
        assert_eq!(counted, 60);
    }

    async fn a_register_with_people_is_not_simulated_over(store: Store) {
        let vault = vault(store.env());
        enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        assert_eq!(simulation(7).start(&store).await.unwrap(), Err(Occupied::People));
    }

    async fn the_register_is_kept_in_numbers_at_every_change(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        let first = store.env().today();
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        let year = i64::from(holder.person.birth_year);
        assert_eq!(registrants(&store, first).await.unwrap(), [(Level::Basic, year, 1)]);
        clock.advance(Duration::from_secs(86_400));
        let id = holder.person.id;
        let raised: Result<_, Error> = store
            .write(&Actor::system("test"), move |tx| async move {
                crate::store::person::raise_in(&tx, id).await?;
                crate::store::person::raise_in(&tx, id).await
            })
            .await;
        raised.unwrap();
        let now = registrants(&store, store.env().today()).await.unwrap();
        assert_eq!(now, [(Level::Basic, year, 0), (Level::Plus, year, 1)]);
        assert_eq!(registrants(&store, first).await.unwrap(), [(Level::Basic, year, 1)]);
        assert_eq!(registrants(&store, first.plus_days(-1)).await.unwrap(), []);
        for (state, count) in [(PersonState::Suspended, 1), (PersonState::Closed, 0), (PersonState::Active, 1)] {
            let changed: Result<_, Error> = store
                .write(&Actor::system("test"), move |tx| async move {
                    crate::set_person_state_in(&tx, id, state, "a court order").await
                })
                .await;
            changed.unwrap();
            assert_eq!(people(&store).await, count, "{state:?}");
        }
        let steps: Vec<Value> = usage(&store).await.iter().map(|one| one["step"].clone()).collect();
        assert_eq!(steps, ["enrolled", "raised"]);
    }

    async fn old_days_of_the_register_fold_into_months(store: Store, clock: FakeEnv) {
        let vault = vault(store.env());
        for key in ["kwan-sum-yi", "cheung-ka-yan"] {
            enrol(&store, &vault, key, Level::Plus).await;
            clock.advance(Duration::from_secs(86_400));
        }
        let days = u64::try_from(registrant::KEEP_DAYS).unwrap();
        clock.advance(Duration::from_secs(86_400 * days));
        crate::sweep(&store).await.unwrap();
        crate::sweep(&store).await.unwrap();
        assert_eq!(people(&store).await, 2);
        let folded: Vec<Date> = store
            .read(|db| async move { db.all(&DAYS, ::store::params![]).await })
            .await
            .unwrap();
        assert!(folded.iter().all(|day| day.day() == 1), "{folded:?}");
    }

    async fn a_sign_in_is_counted_by_the_service_it_leads_to_and_names_nobody(store: Store) {
        let vault = vault(store.env());
        let holder = enrol(&store, &vault, "kwan-sum-yi", Level::Basic).await;
        let new = NewApproval {
            return_to: "/tc/services/td-renewal/start".to_owned(),
            ..question(Purpose::SignIn, None)
        };
        let asked = ask(&store, new).await;
        reply(&store, &holder, &asked, Decision::Approve).await.unwrap();
        let own = browser("one");
        crate::consume(&store, &Actor::Visitor, asked.id, &own).await.unwrap();
        assert!(crate::consume(&store, &Actor::Visitor, asked.id, &own).await.is_err());
        let steps = usage(&store).await;
        assert_eq!(steps.len(), 2);
        // Events of one moment have no order of their own.
        let last = steps.iter().find(|one| one["step"] == "signed_in").unwrap();
        assert_eq!(last["service"], json!("td-renewal"));
        assert_eq!((&last["lang"], &last["level"]), (&json!("tc"), &json!("basic")));
        assert!(!last.to_string().contains(&holder.person.id.to_string()));
    }
}
