//! Answers saved while they are written. The page learns the draft's new revision and sends it with
//! its next post, so that a window never stands in its own way.

use axum::{extract::State, http::Method};
use kernel::{Id, Lang};
use serde::{Deserialize, Serialize};
use services::{Draft, Manner, SavePage};
use utoipa::ToSchema;
use web::{Access, Failure, Json, Outcome, Path, Routes, Visit, operation};

use super::view;
use crate::Portal;

/// Inputs one page can have.
const INPUTS: usize = 500;

/// What stands in the form.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// The revision the page knows.
    revision: i64,
    /// `en`, `tc` or `sc`.
    #[schema(value_type = String)]
    lang: Lang,
    /// Names and values, in the order of the form.
    fields: Vec<(String, String)>,
}

/// The answers are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    /// The revision the page's next post must name.
    revision: i64,
}

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new().json(
        &Method::POST,
        "/api/drafts/{id}/pages/{page}",
        Access::RESIDENT,
        operation::<Written, Kept>("Keep the answers of a page while they are written"),
        keep,
    )
}

async fn keep(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, page)): Path<(Id<Draft>, String)>,
    Json(written): Json<Written>,
) -> Outcome<Json<Kept>> {
    if written.fields.len() > INPUTS {
        return Err(Failure::not_found());
    }
    let saved = portal
        .services
        .save_page(SavePage {
            manner: Manner::Kept,
            applicant: portal.applicant(&visit)?,
            draft: id,
            revision: written.revision,
            page,
            form: view::inputs(written.fields),
            lang: written.lang,
        })
        .await?;
    Ok(Json(Kept {
        revision: saved.draft.draft.revision,
    }))
}
