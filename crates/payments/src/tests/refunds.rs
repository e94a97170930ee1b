//! Money going back, on both engines.

use kernel::{Id, Money};
use store::Store;

use super::{PRICE, ask, begin, books, hear, new_demand, notice, officer, resident};
use crate::{
    DemandState, Error, Method, NewRefund, Receipt, Refund, RefundReason, RefundState, Step,
    approve_refund, note_refund, refuse_refund, request_refund,
};

async fn receipt(store: &Store) -> Receipt {
    let demand = ask(store, new_demand()).await.unwrap();
    let attempt = begin(store, demand.id, "k", Method::Card).await.unwrap();
    hear(store, &notice(&attempt, Step::Received, 1))
        .await
        .unwrap();
    books(store, demand.id).await.receipts.remove(0)
}

fn new_refund(receipt: &Receipt, cents: i64) -> NewRefund {
    NewRefund {
        receipt: receipt.id,
        amount: Money::from_cents(cents),
        seen_available: receipt.available,
        reason: RefundReason::Decision,
        note: "The application was refused.".to_owned(),
    }
}

async fn request(store: &Store, who: &kernel::Actor, new: NewRefund) -> Result<Refund, Error> {
    store
        .write(who, move |tx| {
            let new = new.clone();
            async move { request_refund(&tx, new).await }
        })
        .await
}

async fn approve(store: &Store, who: &kernel::Actor, id: Id<Refund>) -> Result<Refund, Error> {
    store
        .write(who, move |tx| async move { approve_refund(&tx, id).await })
        .await
}

store::db_tests! {
    [&crate::MIGRATIONS, &journal::MIGRATIONS];

    async fn a_refund_needs_two_officers(store: Store) {
        let receipt = receipt(&store).await;
        let by_payer = request(&store, &resident(), new_refund(&receipt, 100)).await;
        assert!(matches!(by_payer, Err(Error::Forbidden)));
        let refund = request(&store, &officer("ann"), new_refund(&receipt, 102_000)).await.unwrap();
        assert_eq!(refund.state, RefundState::Requested);
        let alone = approve(&store, &officer("ann"), refund.id).await;
        assert!(matches!(alone, Err(Error::SameOfficer)));
        let together = approve(&store, &officer("bob"), refund.id).await.unwrap();
        assert_eq!(together.state, RefundState::Approved);
        assert_eq!(together.decided_by.as_deref(), Some("bob"));
        let books = books(&store, receipt.demand).await;
        assert_eq!((books.kept, books.demand.state), (Money::ZERO, DemandState::Refunded));
    }

    async fn what_is_on_its_way_back_is_not_available_again(store: Store) {
        let receipt = receipt(&store).await;
        request(&store, &officer("ann"), new_refund(&receipt, 60_000)).await.unwrap();
        let stale = request(&store, &officer("bob"), new_refund(&receipt, 60_000)).await;
        assert!(matches!(stale, Err(Error::AvailableChanged { .. })));
        let fresh = books(&store, receipt.demand).await.receipts.remove(0);
        assert_eq!(fresh.available, Money::from_cents(42_000));
        let over = request(&store, &officer("bob"), new_refund(&fresh, 60_000)).await;
        assert!(matches!(over, Err(Error::RefundAmount { .. })));
        let nothing = request(&store, &officer("bob"), new_refund(&fresh, 0)).await;
        assert!(matches!(nothing, Err(Error::RefundAmount { .. })));
    }

    async fn a_refused_refund_gives_the_money_free_again(store: Store) {
        let receipt = receipt(&store).await;
        let refund = request(&store, &officer("ann"), new_refund(&receipt, 102_000)).await.unwrap();
        let id = refund.id;
        store
            .write(&officer("bob"), move |tx| async move {
                refuse_refund(&tx, id, "Not owed.".to_owned()).await
            })
            .await
            .unwrap();
        let books = books(&store, receipt.demand).await;
        assert_eq!((books.kept, books.demand.state), (PRICE, DemandState::Paid));
        let late = approve(&store, &officer("cat"), id).await;
        assert!(matches!(late, Err(Error::RefundState { .. })));
    }

    async fn a_refund_that_fails_at_the_provider_is_available_again(store: Store) {
        let receipt = receipt(&store).await;
        let refund = request(&store, &officer("ann"), new_refund(&receipt, 102_000)).await.unwrap();
        approve(&store, &officer("bob"), refund.id).await.unwrap();
        let id = refund.id;
        for _ in 0..2 {
            let failed = store
                .write(&kernel::Actor::system("test"), move |tx| async move {
                    note_refund(&tx, id, Err(())).await
                })
                .await
                .unwrap();
            assert_eq!(failed.state, RefundState::Failed);
        }
        assert_eq!(books(&store, receipt.demand).await.kept, PRICE);
    }
}
