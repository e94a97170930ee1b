//! Choosing the documents that are handed over, on the page beside the phone: whoever has signed in there
//! as the person who is asked ticks them at a wide screen, and the phone shows them ticked.
//!
//! Invariant: nobody reads the name of a document by a ticket alone.

use axum::extract::State;
use kernel::Id;
use web::{Form, IntoResponse as _, Path, Response, Value, Visit, ctx};

use super::{
    HongKong,
    door::{Stop, between, finish, ticketed},
    task::Task,
};
use crate::{
    Approval, Error, Person,
    store::wallet_share,
    wallet::{Document, SHARED_AT_ONCE},
};

/// The person who is asked, when they are who has signed in at this browser and no phone has the question.
fn person_here(visit: &Visit, open: &Approval) -> Option<Id<Person>> {
    if !wallet_share::is_unopened(open.state) {
        return None;
    }
    let here = visit.signed_in()?.actor.subject().parse().ok()?;
    (open.person == Some(here)).then_some(here)
}

/// What the page shows to choose from; whether there is something to choose at all.
pub(super) async fn view(
    visit: &Visit,
    hk: &HongKong,
    (open, kept): (&Approval, Option<&[Id<Document>]>),
) -> Result<Option<Value>, Error> {
    let Some(asked) = open.person else {
        return Ok(None);
    };
    let (store, vault) = (hk.store(), hk.identity().vault());
    let Some(picking) = wallet_share::pickable(store, vault, (open.id, asked)).await? else {
        return Ok(None);
    };
    if person_here(visit, open).is_none() {
        let can_sign_in = visit.signed_in().is_none() && wallet_share::is_unopened(open.state);
        return Ok(Some(
            ctx! { is_here => false, can_sign_in, most => picking.most },
        ));
    }
    let options: Vec<Value> = picking
        .documents
        .iter()
        .map(|one| {
            let kind = one.kind.words();
            let added = one.added.date().long(visit.lang());
            ctx! {
                value => one.id,
                words => one.name,
                hint => format!("{} · {added}", kind.get(visit.lang())),
            }
        })
        .collect();
    let picked: Vec<String> = kept
        .unwrap_or(&picking.picked)
        .iter()
        .map(Id::to_string)
        .collect();
    let is_picked = !picking.picked.is_empty() && kept.is_none();
    Ok(Some(
        ctx! { is_here => true, options, picked, is_picked, most => picking.most },
    ))
}

/// Keeps what was ticked, for the phone to show.
pub(crate) async fn choose(
    visit: Visit,
    State(hk): State<HongKong>,
    (Path(id), form): (Path<Id<Task>>, Form),
) -> Response {
    let answered = take(&visit, &hk, (id, &form)).await;
    finish(&visit, answered)
}

async fn take(
    visit: &Visit,
    hk: &HongKong,
    (id, form): (Id<Task>, &Form),
) -> Result<Response, Stop> {
    let ticket = form.text("ticketID");
    let (_, _, open) = ticketed(hk, (id, ticket)).await?;
    let place = visit.to(&format!("/wire/{id}?ticketID={ticket}"));
    // Once the phone has the question, the page says to choose there.
    if !wallet_share::is_unopened(open.state) {
        return Ok(visit.redirect(&place));
    }
    let person = person_here(visit, &open).ok_or(Error::OtherPerson)?;
    let ticked = form.all("documents").take(SHARED_AT_ONCE + 1);
    let ticked: Vec<Id<Document>> = ticked.filter_map(|id| id.parse().ok()).collect();
    let (store, vault) = (hk.store(), hk.identity().vault());
    let about = (open.id, person);
    match wallet_share::pick_beside(store, vault, about, ticked.clone()).await {
        Ok(()) | Err(Error::Decided) => Ok(visit.redirect(&place)),
        Err(Error::NothingPicked) => {
            let page = between(visit, hk, (id, ticket), Some(&ticked)).await?;
            Ok(page.into_response())
        }
        Err(error) => Err(Stop::from(error)),
    }
}
