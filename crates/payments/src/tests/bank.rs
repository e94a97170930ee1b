//! The simulated bank and the shroff together: signatures, late and lost webhooks, closing, refunds.

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, HeaderValue};
use kernel::{Id, Lang, Secret};
use store::Store;

use super::{ask, books, new_demand, resident};
use crate::{
    Attempt, AttemptState, Demand, DemandState, Effect, Error, Method, NewAttempt, Next,
    RefundState, Shroff, Step,
    fps::FpsCode,
    provider::ProviderError,
    sandbox::{Choice, NAME, SIGNATURE_HEADER, Sandbox, books as bank, sign},
};

const SECRET: &[u8] = b"a secret that only this test knows";

fn counter(store: &Store) -> (Shroff, Sandbox) {
    let base = "https://causeway.example.hk/";
    let sandbox = Sandbox::new(store.clone(), Secret::new(SECRET.to_vec()), base);
    let shroff = Shroff::new(store.clone(), Arc::new(sandbox.clone()), base, true);
    (shroff, sandbox)
}

async fn pay(shroff: &Shroff, id: Id<Demand>, key: &str, method: Method) -> Attempt {
    let new = NewAttempt {
        method,
        key: key.to_owned(),
        lang: Lang::Tc,
    };
    shroff.pay(&resident(), id, new).await.unwrap()
}

fn token(attempt: &Attempt) -> String {
    attempt.provider_ref.clone().unwrap()
}

async fn report(shroff: &Shroff, sandbox: &Sandbox, attempt: &Attempt) -> Result<Effect, Error> {
    let payment = bank::get(sandbox.store(), &token(attempt)).await.unwrap();
    let now = sandbox.store().env().now();
    let (headers, body) = sandbox.message(&payment.notice(), now);
    shroff.webhook(NAME, &headers, &body).await
}

#[test]
fn only_a_fresh_signature_of_the_bank_is_believed() {
    let (env, _) = kernel::Env::fake(kernel::Time::from_seconds(1_795_314_000), 1);
    let now = env.now();
    let notice = crate::provider::Notice {
        event: "e".to_owned(),
        attempt: Id::from_bits(1),
        provider_ref: "t".to_owned(),
        step: Step::Received,
        amount: kernel::Money::from_cents(1),
        currency: "HKD".to_owned(),
        at: now,
        detail: None,
    };
    let (headers, body) = sign::message(SECRET, &notice, now);
    let verify = sign::verify;
    assert_eq!(verify(SECRET, &headers, &body, now).unwrap(), notice);
    let late = now + Duration::from_secs(301);
    let mut changed = body.clone();
    changed[10] ^= 1;
    let mut odd = HeaderMap::new();
    odd.insert(SIGNATURE_HEADER, HeaderValue::from_static("t=1,v1=zz"));
    for outcome in [
        verify(b"another secret", &headers, &body, now),
        verify(SECRET, &headers, &body, late),
        verify(SECRET, &headers, &changed, now),
        verify(SECRET, &odd, &body, now),
        verify(SECRET, &HeaderMap::new(), &body, now),
    ] {
        assert!(matches!(outcome, Err(ProviderError::Forged)), "{outcome:?}");
    }
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn starting_twice_opens_one_payment_at_the_bank(store: Store) {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let first = pay(&shroff, demand.id, "k", Method::Card).await;
        let second = pay(&shroff, demand.id, "k", Method::Card).await;
        assert_eq!(token(&first), token(&second));
        let Some(Next::Page { url }) = first.next else { panic!("{:?}", first.next) };
        assert!(url.starts_with("https://causeway.example.hk/sandbox-bank/pay/"), "{url}");
        assert!(url.ends_with("?lang=tc"), "{url}");
    }

    async fn an_fps_attempt_shows_a_code_for_this_bill_with_a_short_life(store: Store) {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Fps).await;
        let Some(Next::Code { payload, .. }) = &attempt.next else { panic!("{:?}", attempt.next) };
        let code = FpsCode::parse(payload).unwrap();
        assert_eq!((code.amount, code.bill), (demand.total, demand.bill));
        let life = code.until.unwrap().since(attempt.created_at);
        assert!(life <= Duration::from_secs(15 * 60), "{life:?}");
    }

    async fn an_approved_payment_reported_three_times_is_one_receipt(store: Store) {
        let (shroff, sandbox) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Twice).await.unwrap();
        assert_eq!(report(&shroff, &sandbox, &attempt).await.unwrap(), Effect::Paid);
        assert_eq!(report(&shroff, &sandbox, &attempt).await.unwrap(), Effect::Repeated);
        assert_eq!(report(&shroff, &sandbox, &attempt).await.unwrap(), Effect::Repeated);
        assert_eq!(books(&store, demand.id).await.receipts.len(), 1);
    }

    async fn a_declined_payment_can_be_tried_again(store: Store) {
        let (shroff, sandbox) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Decline).await.unwrap();
        assert_eq!(report(&shroff, &sandbox, &attempt).await.unwrap(), Effect::Moved);
        let again = pay(&shroff, demand.id, "l", Method::Card).await;
        assert_eq!(again.state, AttemptState::Started);
    }

    async fn a_customer_cannot_decide_twice(store: Store) {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Decline).await.unwrap();
        let (payment, chosen) =
            bank::choose(&store, token(&attempt), Choice::Approve).await.unwrap();
        assert_eq!(chosen, bank::Chosen::TooLate);
        assert_eq!(payment.state, bank::PaymentState::Declined);
    }

    async fn a_payment_one_dollar_short_gives_no_receipt(store: Store) {
        let (shroff, sandbox) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Short).await.unwrap();
        assert_eq!(report(&shroff, &sandbox, &attempt).await.unwrap(), Effect::Mismatch);
        let books = books(&store, demand.id).await;
        assert!(books.receipts.is_empty());
        assert_eq!(books.attempts[0].state, AttemptState::IntegrityFailure);
    }

    async fn stopping_a_payment_that_the_bank_has_taken_counts_the_money(store: Store) {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Silent).await.unwrap();
        let attempt = shroff.give_up(&attempt).await.unwrap();
        assert_eq!(attempt.state, AttemptState::Received);
        assert_eq!(books(&store, demand.id).await.demand.state, DemandState::Paid);
    }

    async fn a_stopped_payment_cannot_be_approved_afterwards(store: Store) {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        let stopped = shroff.give_up(&attempt).await.unwrap();
        assert_eq!(stopped.state, AttemptState::CancelledByPayer);
        let (_, chosen) = bank::choose(&store, token(&attempt), Choice::Approve).await.unwrap();
        assert_eq!(chosen, bank::Chosen::TooLate);
    }

    async fn a_forged_webhook_is_refused_and_an_unknown_provider_too(store: Store) {
        let (shroff, _) = counter(&store);
        let forged = shroff.webhook(NAME, &HeaderMap::new(), b"{}").await;
        assert!(matches!(forged, Err(Error::Provider(ProviderError::Forged))));
        let unknown = shroff.webhook("nobody", &HeaderMap::new(), b"{}").await;
        assert!(matches!(unknown, Err(Error::UnknownProvider)));
    }
}

/// Tests that move the clock use one engine: time is the same on both.
fn with_clock<F, Fut>(test: F)
where
    F: FnOnce(Store, kernel::FakeEnv) -> Fut,
    Fut: Future<Output = ()>,
{
    let owners = &[&crate::MIGRATIONS, &journal::MIGRATIONS];
    store::testing::on_sqlite(owners, test);
}

#[test]
fn a_webhook_that_never_comes_is_found_by_reconciliation() {
    with_clock(|store, clock| async move {
        let (shroff, _) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        bank::choose(&store, token(&attempt), Choice::Silent)
            .await
            .unwrap();
        assert_eq!(shroff.reconcile().await.unwrap().asked, 0);
        clock.advance(Duration::from_secs(61));
        let round = shroff.reconcile().await.unwrap();
        assert_eq!((round.asked, round.moved), (1, 1));
        assert_eq!(
            books(&store, demand.id).await.demand.state,
            DemandState::Paid
        );
        assert_eq!(shroff.reconcile().await.unwrap().asked, 0);
    });
}

#[test]
fn an_abandoned_payment_expires_after_ninety_minutes_and_is_closed_at_the_bank() {
    with_clock(|store, clock| async move {
        let (shroff, sandbox) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let attempt = pay(&shroff, demand.id, "k", Method::Card).await;
        clock.advance(Duration::from_secs(89 * 60));
        assert_eq!(shroff.reconcile().await.unwrap().expired, 0);
        clock.advance(Duration::from_secs(2 * 60));
        assert_eq!(shroff.reconcile().await.unwrap().expired, 1);
        assert_eq!(
            books(&store, demand.id).await.attempts[0].state,
            AttemptState::Expired
        );
        let payment = bank::get(sandbox.store(), &token(&attempt)).await.unwrap();
        assert_eq!(payment.state, bank::PaymentState::Closed);
    });
}

#[test]
fn a_payment_made_twice_is_refunded_through_the_bank() {
    with_clock(|store, _| async move {
        let (shroff, sandbox) = counter(&store);
        let demand = ask(&store, new_demand()).await.unwrap();
        let one = pay(&shroff, demand.id, "1", Method::Card).await;
        let two = pay(&shroff, demand.id, "2", Method::Card).await;
        for attempt in [&one, &two] {
            bank::choose(&store, token(attempt), Choice::Approve)
                .await
                .unwrap();
        }
        assert_eq!(report(&shroff, &sandbox, &two).await.unwrap(), Effect::Paid);
        assert_eq!(
            report(&shroff, &sandbox, &one).await.unwrap(),
            Effect::Returned
        );
        let refund = books(&store, demand.id).await.refunds.remove(0);
        for _ in 0..2 {
            let sent = shroff.send_refund(refund.id).await.unwrap();
            assert_eq!(sent.state, RefundState::Done);
        }
        assert_eq!(books(&store, demand.id).await.kept, demand.total);
    });
}
