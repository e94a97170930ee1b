//! Each test states a rule of money.

mod bank;
mod bills;
mod codes;
mod graph;
mod journey;
mod refunds;
mod troubles;

store::check_tests!(
    [&crate::MIGRATIONS, &journal::MIGRATIONS],
    crate::statements()
);

use kernel::{Actor, Id, Lang, Money, Role, Text, Time};
use store::Store;

use crate::{
    About, Attempt, Demand, Effect, Error, Line, Method, NewAttempt, NewDemand, Payer, Receipt,
    Refund, Step, attempts_of, demand, find_demand, handle_event, kept,
    provider::{CURRENCY, Notice},
    receipts_of, refunds_of, start_attempt,
};

/// What a demand in these tests asks for.
const PRICE: Money = Money::from_cents(102_000);

fn payer() -> Id<Payer> {
    Id::from_bits(7)
}

fn resident() -> Actor {
    Actor::Resident {
        person: payer().to_string(),
        company: None,
    }
}

fn officer(name: &str) -> Actor {
    Actor::Officer {
        officer: name.to_owned(),
        department: "td".to_owned(),
        role: Role::Officer,
    }
}

fn line(en: &str, tc: &str, cents: i64) -> Line {
    Line {
        words: Text::new(en, tc),
        amount: Money::from_cents(cents),
    }
}

fn new_demand() -> NewDemand {
    NewDemand {
        payer: payer(),
        payee: Text::new("Transport Department", "運輸署"),
        purpose: Text::new("Renewal of full driving licence", "正式駕駛執照續期"),
        lines: vec![
            line(
                "Full driving licence, ten years",
                "正式駕駛執照（十年）",
                90_000,
            ),
            line("Certificate of particulars", "駕駛執照細節證明書", 12_000),
        ],
        about: About {
            noun: "application".to_owned(),
            id: "a1".to_owned(),
        },
        due: None,
        on_paid: Some("services.paid".to_owned()),
        back: "/applications/a1".to_owned(),
    }
}

async fn ask(store: &Store, new: NewDemand) -> Result<Demand, Error> {
    store
        .write(&Actor::system("test"), move |tx| {
            let new = new.clone();
            async move { demand(&tx, new).await }
        })
        .await
}

async fn begin(store: &Store, id: Id<Demand>, key: &str, method: Method) -> Result<Attempt, Error> {
    let new = NewAttempt {
        method,
        key: key.to_owned(),
        lang: Lang::En,
    };
    store
        .write(&resident(), move |tx| {
            let new = new.clone();
            async move { start_attempt(&tx, id, &new, "sandbox").await }
        })
        .await
}

fn notice(attempt: &Attempt, step: Step, number: u32) -> Notice {
    Notice {
        event: format!("{}-{number}", attempt.id),
        attempt: attempt.id,
        provider_ref: format!("ref-{}", attempt.id),
        step,
        amount: attempt.amount,
        currency: CURRENCY.to_owned(),
        at: Time::from_seconds(1_795_314_000),
        detail: None,
    }
}

async fn hear(store: &Store, notice: &Notice) -> Result<Effect, Error> {
    let notice = notice.clone();
    store
        .write(&Actor::system("test"), move |tx| {
            let notice = notice.clone();
            async move { handle_event(&tx, "sandbox", &notice).await }
        })
        .await
}

/// Everything about one demand.
struct Books {
    demand: Demand,
    attempts: Vec<Attempt>,
    receipts: Vec<Receipt>,
    refunds: Vec<Refund>,
    kept: Money,
}

async fn books(store: &Store, id: Id<Demand>) -> Books {
    store
        .read(move |db| async move {
            Ok::<_, Error>(Books {
                demand: find_demand(&db, id).await?.unwrap(),
                attempts: attempts_of(&db, id).await?,
                receipts: receipts_of(&db, id).await?,
                refunds: refunds_of(&db, id).await?,
                kept: kept(&db, id).await?,
            })
        })
        .await
        .unwrap()
}
