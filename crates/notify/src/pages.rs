//! The demonstration page that shows what the simulated carrier took. Only with `--demo`.

use axum::extract::State;
use store::Store;
use web::{Access, Outcome, Page, Routes, Visit, ctx};

use crate::{Carried, Error, carried};

/// Messages shown.
const SHOWN: i64 = 50;

/// The demonstration page's route; add it only when the installation is a demonstration.
#[must_use]
pub fn demo_routes(store: &Store) -> Routes {
    Routes::new()
        .get("/{lang}/demo/messages", Access::Public, show)
        .with_state(store)
}

async fn show(State(store): State<Store>, visit: Visit) -> Outcome<Page> {
    let messages: Vec<Carried> = store
        .read(move |db| async move { carried(&db, SHOWN).await })
        .await
        .map_err(|error: Error| error)?;
    let rows: Vec<_> = messages
        .iter()
        .map(|message| {
            ctx! {
                channel => message.channel.code(),
                address => message.address,
                subject => message.subject,
                body => message.body,
                carried_at => message.carried_at,
            }
        })
        .collect();
    Ok(visit.page(
        "notify/carried.html",
        ctx! { title => visit.t("notify.carried.title"), rows },
    ))
}
