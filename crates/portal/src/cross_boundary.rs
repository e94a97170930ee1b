//! Services for residents in the Greater Bay Area: what can be used from there, why each service is in
//! the list, and what is different for somebody who lives there.

use axum::extract::State;
use services::{Crossing, Why};
use web::{Access, Page, Routes, Value, Visit, ctx};

use crate::{Portal, catalogue::EntryView};

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new().get("/{lang}/cross-boundary", Access::Public, list)
}

async fn list(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let found = catalogue.cross_boundary();
    let view = |one: &Crossing<'_>| -> Value {
        ctx! {
            entry => EntryView::of(&catalogue, one.entry),
            why => visit.t(why(one.why)),
            source => one.source,
            note => one.note,
            differs => one.differs,
        }
    };
    let (online, known): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.entry.is_online());
    let context = ctx! {
        online => online.iter().map(|one| view(one)).collect::<Vec<_>>(),
        known => known.iter().map(|one| view(one)).collect::<Vec<_>>(),
    };
    visit.page("portal/cross_boundary.html", context)
}

const fn why(why: Why) -> &'static str {
    match why {
        Why::Listed => "portal.crossing.why.listed",
        Why::MainlandDocument => "portal.crossing.why.document",
        Why::Name => "portal.crossing.why.name",
    }
}
