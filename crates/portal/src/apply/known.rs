//! Facts the government holds already: offered field by field, with their purpose, before anything is
//! typed. Nothing is read into a draft without the tick.

use axum::{extract::State, response::Response};
use kernel::Id;
use services::Draft;
use web::{Access, Form, IntoResponse, Outcome, Path, Routes, Visit, ctx};

use super::view;
use crate::Portal;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/drafts/{id}/known", Access::RESIDENT, show)
        .post("/{lang}/drafts/{id}/known", Access::RESIDENT, fill)
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let open = portal.services.draft(applicant, id).await?;
    let offers = portal.services.prefill_offer(applicant, id).await?;
    if offers.is_empty() {
        let first = view::first_page(&portal, &open)?;
        return Ok(visit.redirect(&view::page_path(&visit, id, &first)));
    }
    let pack = view::pack_of(&portal, &open)?;
    let context = ctx! {
        offers,
        service_id => pack.service,
        department => portal.services.catalogue().department_name(&pack.owner),
        action => visit.to(&format!("/drafts/{id}/known")),
    };
    Ok(visit.page("portal/known.html", context).into_response())
}

async fn fill(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    if form.text("fill") == "yes" {
        let fields: Vec<String> = form.all("fact").map(str::to_owned).collect();
        let revision = portal.services.draft(applicant, id).await?.draft.revision;
        portal
            .services
            .prefill(applicant, (id, revision), &fields)
            .await?;
    }
    let open = portal.services.draft(applicant, id).await?;
    let first = view::first_page(&portal, &open)?;
    Ok(visit.redirect(&view::page_path(&visit, id, &first)))
}
