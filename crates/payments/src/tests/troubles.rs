//! Which payments need a person: those and no others stand in the list of troubles.

use store::Store;

use super::{PRICE, ask, begin, hear, new_demand, notice};
use crate::{
    Attempt, AttemptState, Demand, Error, Method, Step, Trouble, TroubleKind, find_attempt,
    provider::Notice, troubled_attempts, troubles,
};
use kernel::{Id, Money};

/// What a provider says about one attempt, and what a person then has to do.
struct Story {
    name: &'static str,
    said: &'static [Said],
    ends: AttemptState,
    trouble: Option<TroubleKind>,
}

#[derive(Clone, Copy)]
enum Said {
    Plain(Step),
    /// Money, but not the amount asked for.
    Less,
    /// Money, but not in Hong Kong dollars.
    Yuan,
}

use AttemptState as S;
use Said::{Less, Plain, Yuan};

/// Every state an attempt can end in or stay in, by every way that asks for another answer.
const STORIES: [Story; 16] = [
    story("begun", &[], S::Created, None),
    story("on the page", &[Plain(Step::Started)], S::Started, None),
    story("sent", &[Plain(Step::Submitted)], S::Submitted, None),
    story("paid", &[Plain(Step::Received)], S::Received, None),
    story("declined", &[Plain(Step::Declined)], S::Declined, None),
    story("ran out", &[Plain(Step::Expired)], S::Expired, None),
    story(
        "given up",
        &[Plain(Step::CancelledByPayer)],
        S::CancelledByPayer,
        None,
    ),
    story(
        "taken back",
        &[Plain(Step::CancelledByService)],
        S::CancelledByService,
        None,
    ),
    story(
        "the provider failed",
        &[Plain(Step::ProviderFailed)],
        S::ProviderFailed,
        Some(TroubleKind::ProviderFailed),
    ),
    story(
        "the provider failed after the payer had done their part",
        &[Plain(Step::Submitted), Plain(Step::ProviderFailed)],
        S::ProviderFailed,
        Some(TroubleKind::ProviderFailed),
    ),
    story(
        "the provider failed, and yet the money came",
        &[Plain(Step::ProviderFailed), Plain(Step::Received)],
        S::Received,
        None,
    ),
    story(
        "declined at first, then paid",
        &[Plain(Step::Declined), Plain(Step::Received)],
        S::Received,
        None,
    ),
    story(
        "too little",
        &[Less],
        S::IntegrityFailure,
        Some(TroubleKind::Mismatch),
    ),
    story(
        "another currency",
        &[Yuan],
        S::IntegrityFailure,
        Some(TroubleKind::Mismatch),
    ),
    story(
        "the provider says itself that it does not fit",
        &[Plain(Step::Mismatch)],
        S::IntegrityFailure,
        Some(TroubleKind::Mismatch),
    ),
    story(
        "too little, then the right amount: only people end it",
        &[Less, Plain(Step::Received)],
        S::IntegrityFailure,
        Some(TroubleKind::Mismatch),
    ),
];

const fn story(
    name: &'static str,
    said: &'static [Said],
    ends: AttemptState,
    trouble: Option<TroubleKind>,
) -> Story {
    Story {
        name,
        said,
        ends,
        trouble,
    }
}

fn written(attempt: &Attempt, said: Said, number: u32) -> Notice {
    match said {
        Plain(step) => notice(attempt, step, number),
        Less => Notice {
            amount: Money::from_cents(PRICE.cents() - 1),
            ..notice(attempt, Step::Received, number)
        },
        Yuan => Notice {
            currency: "CNY".to_owned(),
            ..notice(attempt, Step::Received, number)
        },
    }
}

async fn listed(store: &Store) -> Vec<Trouble> {
    store
        .read(|db| async move { troubles(&db, None, 100).await })
        .await
        .unwrap()
}

async fn state(store: &Store, id: Id<Attempt>) -> AttemptState {
    store
        .read(move |db| async move { find_attempt(&db, id).await })
        .await
        .unwrap()
        .unwrap()
        .state
}

/// A demand of its own with one attempt, and what the provider says about it.
async fn told(store: &Store, story: &Story) -> Result<(Demand, Attempt), Error> {
    let demand = ask(store, new_demand()).await?;
    let key = format!("key-{}", story.name.replace(' ', "-"));
    let attempt = begin(store, demand.id, &key[..key.len().min(60)], Method::Card).await?;
    for (number, said) in (0..).zip(story.said) {
        hear(store, &written(&attempt, *said, number)).await?;
    }
    Ok((demand, attempt))
}

#[test]
fn the_stories_end_in_every_state_there_is() {
    for state in AttemptState::ALL {
        assert!(STORIES.iter().any(|story| story.ends == state), "{state:?}");
    }
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn every_payment_that_needs_a_person_is_listed_and_no_other(store: Store) {
        for story in &STORIES {
            let (_, attempt) = told(&store, story).await.unwrap();
            assert_eq!(state(&store, attempt.id).await, story.ends, "{}", story.name);
            let found: Vec<_> = listed(&store)
                .await
                .into_iter()
                .filter(|one| one.attempt == attempt.id)
                .map(|one| one.kind)
                .collect();
            assert_eq!(found, story.trouble.into_iter().collect::<Vec<_>>(), "{}", story.name);
        }
        let needed = STORIES.iter().filter(|story| story.trouble.is_some()).count();
        assert_eq!(listed(&store).await.len(), needed);
        let stuck = store
            .read(|db| async move { troubled_attempts(&db, 100).await })
            .await
            .unwrap();
        assert_eq!(stuck.len(), needed, "the states say the same as the reports");
    }

    async fn money_nobody_owed_is_listed_once_for_each_payment(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let first = begin(&store, demand.id, "first", Method::Card).await.unwrap();
        hear(&store, &notice(&first, Step::Expired, 0)).await.unwrap();
        let second = begin(&store, demand.id, "second", Method::Fps).await.unwrap();
        hear(&store, &notice(&second, Step::Received, 0)).await.unwrap();
        assert!(listed(&store).await.is_empty());
        hear(&store, &notice(&first, Step::Received, 1)).await.unwrap();
        hear(&store, &notice(&first, Step::Received, 1)).await.unwrap();
        let found: Vec<_> = listed(&store).await.into_iter().map(|one| (one.kind, one.attempt)).collect();
        assert_eq!(found, [(TroubleKind::Returned, first.id)]);
    }

    async fn troubles_are_read_page_by_page_without_gap_or_repeat(store: Store) {
        for number in 0..7 {
            let demand = ask(&store, new_demand()).await.unwrap();
            let attempt = begin(&store, demand.id, &format!("key-{number}"), Method::Card).await.unwrap();
            let failed = if number % 2 == 0 { Plain(Step::ProviderFailed) } else { Less };
            hear(&store, &written(&attempt, failed, 0)).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let place = before.clone();
            let page = store
                .read(move |db| { let place = place.clone(); async move { troubles(&db, place, 3).await } })
                .await
                .unwrap();
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            before = Some((last.at, last.place.clone()));
            seen.extend(page.into_iter().map(|one| one.attempt));
        }
        let all: Vec<_> = listed(&store).await.into_iter().map(|one| one.attempt).collect();
        assert_eq!((seen.len(), &seen), (7, &all));
    }
}
