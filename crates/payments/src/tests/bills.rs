//! Demands, attempts and receipts on both engines.

use kernel::{Env, Money, Time};
use store::Store;

use super::{PRICE, ask, begin, books, hear, line, new_demand, notice};
use crate::{
    AttemptState, Demand, DemandState, Effect, Error, Method, RefundReason, RefundState, Step,
    is_paid, recalculate, total, troubled_attempts, withdraw,
};

#[test]
fn a_demand_must_ask_for_something_and_not_for_everything() {
    let ok = [line("a", "甲", 1), line("b", "乙", 0)];
    assert_eq!(total(&ok).unwrap(), Money::from_cents(1));
    assert!(matches!(total(&[]), Err(Error::NothingToPay)));
    assert!(matches!(
        total(&[line("a", "甲", 0)]),
        Err(Error::NothingToPay)
    ));
    let mixed = [line("a", "甲", -1), line("b", "乙", 2)];
    assert!(matches!(total(&mixed), Err(Error::NothingToPay)));
    assert!(matches!(
        total(&[line("a", "甲", i64::MAX)]),
        Err(Error::TooMuch)
    ));
    let over = [line("a", "甲", i64::MAX), line("b", "乙", i64::MAX)];
    assert!(matches!(total(&over), Err(Error::TooMuch)));
}

async fn paid(store: &Store, demand: &Demand) -> bool {
    let id = demand.id;
    store
        .read(move |db| async move { is_paid(&db, id).await })
        .await
        .unwrap()
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn a_demand_is_found_as_it_was_made(store: Store) {
        let made = ask(&store, new_demand()).await.unwrap();
        assert_eq!(made.total, PRICE);
        assert_eq!(made.bill.len(), 12);
        let found = books(&store, made.id).await.demand;
        assert_eq!((found.lines, found.purpose), (made.lines, made.purpose));
        assert_eq!(found.state, DemandState::Open);
    }

    async fn the_same_key_starts_one_attempt(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let first = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        let second = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        assert_eq!(first.id, second.id);
        let other = begin(&store, demand.id, "k", Method::Fps).await;
        assert!(matches!(other, Err(Error::KeyReused)));
        let none = begin(&store, demand.id, "", Method::Fps).await;
        assert!(matches!(none, Err(Error::Key)));
    }

    async fn money_settles_the_demand_and_gives_one_receipt(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        assert!(!paid(&store, &demand).await);
        let word = notice(&attempt, Step::Received, 1);
        assert_eq!(hear(&store, &word).await.unwrap(), Effect::Paid);
        assert_eq!(hear(&store, &word).await.unwrap(), Effect::Repeated);
        let again = notice(&attempt, Step::Received, 2);
        assert_eq!(hear(&store, &again).await.unwrap(), Effect::Nothing);
        let books = books(&store, demand.id).await;
        assert_eq!(books.receipts.len(), 1);
        assert_eq!(books.kept, PRICE);
        assert!(books.receipts[0].number.ends_with("-0000001"), "{}", books.receipts[0].number);
        assert_eq!(books.demand.state, DemandState::Paid);
        assert!(paid(&store, &demand).await);
        let late = begin(&store, demand.id, "l", Method::Card).await;
        assert!(matches!(late, Err(Error::AlreadyPaid)));
    }

    async fn an_older_report_that_comes_late_changes_nothing(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        hear(&store, &notice(&attempt, Step::Received, 9)).await.unwrap();
        for (number, step) in [Step::Started, Step::Submitted, Step::Declined, Step::Expired]
            .into_iter()
            .enumerate()
        {
            let word = notice(&attempt, step, u32::try_from(number).unwrap());
            assert_eq!(hear(&store, &word).await.unwrap(), Effect::Nothing);
        }
        assert_eq!(books(&store, demand.id).await.attempts[0].state, AttemptState::Received);
    }

    async fn paying_twice_sends_the_second_payment_back(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let one = begin(&store, demand.id, "1", Method::Card).await.unwrap();
        let two = begin(&store, demand.id, "2", Method::Fps).await.unwrap();
        assert_eq!(hear(&store, &notice(&one, Step::Received, 1)).await.unwrap(), Effect::Paid);
        assert_eq!(hear(&store, &notice(&two, Step::Received, 1)).await.unwrap(), Effect::Returned);
        let books = books(&store, demand.id).await;
        assert_eq!(books.kept, PRICE);
        assert_eq!(books.demand.state, DemandState::Paid);
        let [refund] = &books.refunds[..] else { panic!("{:?}", books.refunds) };
        assert_eq!((refund.reason, refund.state), (RefundReason::PaidTwice, RefundState::Approved));
        let numbers: Vec<&str> = books.receipts.iter().map(|r| &r.number[6..]).collect();
        assert_eq!(numbers, ["0000001", "0000002"]);
    }

    async fn another_amount_or_currency_is_an_integrity_failure(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        for (key, cents, currency) in [("1", 1, "HKD"), ("2", 102_000, "USD")] {
            let attempt = begin(&store, demand.id, key, Method::Card).await.unwrap();
            let mut word = notice(&attempt, Step::Received, 1);
            word.amount = Money::from_cents(cents);
            word.currency = currency.to_owned();
            assert_eq!(hear(&store, &word).await.unwrap(), Effect::Mismatch);
        }
        let books = books(&store, demand.id).await;
        assert!(books.receipts.is_empty());
        assert_eq!(books.demand.state, DemandState::Open);
        let troubled = store
            .read(|db| async move { troubled_attempts(&db, 10).await })
            .await
            .unwrap();
        assert_eq!(troubled.len(), 2);
    }

    async fn money_that_comes_after_the_attempt_expired_still_pays(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        hear(&store, &notice(&attempt, Step::Expired, 1)).await.unwrap();
        assert_eq!(hear(&store, &notice(&attempt, Step::Received, 2)).await.unwrap(), Effect::Paid);
    }

    async fn money_for_an_older_amount_goes_back(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        let id = demand.id;
        store
            .write(&kernel::Actor::system("test"), move |tx| async move {
                recalculate(&tx, id, vec![line("Full driving licence", "正式駕駛執照", 52_400)]).await
            })
            .await
            .unwrap();
        let before = books(&store, id).await;
        assert_eq!(before.attempts[0].state, AttemptState::CancelledByService);
        assert_eq!(hear(&store, &notice(&attempt, Step::Received, 1)).await.unwrap(), Effect::Returned);
        let after = books(&store, id).await;
        assert_eq!((after.demand.state, after.kept), (DemandState::Open, Money::ZERO));
        assert_eq!(after.refunds[0].reason, RefundReason::NoLongerOwed);
    }

    async fn a_withdrawn_demand_takes_no_money(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        let id = demand.id;
        store
            .write(&kernel::Actor::system("test"), move |tx| async move { withdraw(&tx, id).await })
            .await
            .unwrap();
        assert!(matches!(begin(&store, id, "l", Method::Card).await, Err(Error::NotOpen)));
        assert_eq!(hear(&store, &notice(&attempt, Step::Received, 1)).await.unwrap(), Effect::Returned);
        assert_eq!(books(&store, id).await.demand.state, DemandState::Withdrawn);
    }

    async fn a_report_about_an_attempt_nobody_made_is_refused(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
        let mut word = notice(&attempt, Step::Received, 1);
        word.attempt = kernel::Id::from_bits(99);
        assert!(matches!(hear(&store, &word).await, Err(Error::NotFound)));
    }

    async fn only_the_payer_can_start_to_pay(store: Store) {
        let demand = ask(&store, new_demand()).await.unwrap();
        for actor in [super::officer("ann"), kernel::Actor::Visitor] {
            let new = crate::NewAttempt {
                method: Method::Card,
                key: "k".to_owned(),
                lang: kernel::Lang::En,
            };
            let id = demand.id;
            let started = store
                .write(&actor, move |tx| {
                    let new = new.clone();
                    async move { crate::start_attempt(&tx, id, &new, "sandbox").await }
                })
                .await;
            assert!(matches!(started, Err(Error::NotFound)), "{actor:?}");
        }
    }

    async fn receipts_of_a_rush_are_numbered_without_gaps(store: Store) {
        let mut notices = Vec::new();
        for _ in 0..24 {
            let demand = ask(&store, new_demand()).await.unwrap();
            let attempt = begin(&store, demand.id, "k", Method::Card).await.unwrap();
            notices.push((demand.id, notice(&attempt, Step::Received, 1)));
        }
        let mut running = tokio::task::JoinSet::new();
        for (_, word) in &notices {
            let (store, word) = (store.clone(), word.clone());
            running.spawn(async move {
                // A provider sends a webhook again until it is answered.
                while let Err(error) = hear(&store, &word).await {
                    assert!(matches!(&error, Error::Store(busy) if busy.is_temporary()), "{error}");
                }
            });
        }
        while let Some(done) = running.join_next().await {
            done.unwrap();
        }
        let mut numbers = Vec::new();
        for (id, _) in &notices {
            let books = books(&store, *id).await;
            assert_eq!(books.receipts.len(), 1);
            numbers.push(books.receipts[0].number[6..].parse::<usize>().unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=24).collect::<Vec<_>>());
    }

    async fn no_path_of_reports_keeps_more_than_was_asked(store: Store) {
        let (dice, _) = Env::fake(Time::from_seconds(0), 20_261_122);
        for _ in 0..12 {
            let demand = ask(&store, new_demand()).await.unwrap();
            let mut attempts = Vec::new();
            for key in ["1", "2", "3"] {
                attempts.push(begin(&store, demand.id, key, Method::Card).await.unwrap());
            }
            for number in 0..10 {
                let attempt = &attempts[usize::try_from(dice.below(3)).unwrap()];
                let step = [
                    Step::Started, Step::Submitted, Step::Received, Step::Received,
                    Step::Declined, Step::Expired, Step::ProviderFailed,
                ][usize::try_from(dice.below(7)).unwrap()];
                hear(&store, &notice(attempt, step, number % 5)).await.unwrap();
                let books = books(&store, demand.id).await;
                assert!(books.kept == Money::ZERO || books.kept == PRICE, "{:?}", books.kept);
                assert_eq!(books.demand.state == DemandState::Paid, books.kept == PRICE);
                let came: Money = books.receipts.iter().map(|r| r.amount).sum();
                let went: Money = books.refunds.iter().map(|r| r.amount).sum();
                assert_eq!(came.minus(went), Some(books.kept));
            }
        }
    }
}
