//! The owner's view: which services are published, in which versions, and what changed.

use axum::extract::State;
use kernel::Role;
use web::{Access, Failure, Outcome, Page, Path, Routes, Visit, ctx};

use crate::Desk;

const OWNER: Access = Access::Roles(&[Role::Owner, Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new().get("/{lang}/desk/packs", OWNER, list).get(
        "/{lang}/desk/packs/{service}",
        OWNER,
        show,
    )
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Page {
    let catalogue = desk.services.catalogue();
    let now = visit.site().env().now();
    let packs: Vec<_> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .map(|entry| {
            let current = catalogue.current(&entry.id, now);
            ctx! {
                href => visit.to(&format!("/desk/packs/{}", entry.id)),
                name => entry.name,
                department => catalogue.department_name(&entry.department),
                version => entry.version,
                is_open => current.is_some(),
                confidence => current.map(|one| one.pack.confidence.code()),
            }
        })
        .collect();
    visit.page("desk/packs.html", ctx! { packs })
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let catalogue = desk.services.catalogue();
    let entry = catalogue.entry(&service).ok_or_else(Failure::not_found)?;
    let versions = desk.services.published(&service).await?;
    let pack = catalogue
        .versions(&service)
        .first()
        .map(|one| one.pack.clone());
    let versions: Vec<_> = versions
        .iter()
        .map(|one| {
            ctx! {
                version => one.version,
                digest => one.digest,
                published_at => one.published_at,
                cutoff => one.cutoff,
                changes => one.changes.to_string(),
            }
        })
        .collect();
    let context = ctx! {
        name => entry.name,
        versions,
        notes => pack.as_ref().and_then(|pack| pack.notes.clone()),
        tries => pack.as_ref().map(|pack| pack.tries.len()),
        see => visit.to(&format!("/services/{service}")),
    };
    Ok(visit.page("desk/pack.html", context))
}
