//! Listing, opening and answering approvals.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Json, Outcome};

use crate::{
    Error, Identity,
    api::{
        phone::Phone,
        view::{ApprovalView, Approvals, Decided},
    },
    store::{answer, approval},
};

pub(crate) async fn list(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Approvals>> {
    let store = identity.store();
    let now = store.env().now();
    let open = approval::open_of(store, phone.person.id).await?;
    Ok(Json(Approvals {
        open: open.iter().map(|one| ApprovalView::of(one, now)).collect(),
    }))
}

/// By id (from the QR code or the link) or by typed reference.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Open {
    Id(String),
    Reference(String),
}

pub(crate) async fn open(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<ApprovalView>> {
    let store = identity.store();
    let id = match phone.read()? {
        Open::Id(id) => id.parse().map_err(|_| Error::NotFound)?,
        Open::Reference(typed) => approval::find_by_reference(store, &typed).await?,
    };
    let opened = answer::open(store, &phone.device, id).await?;
    Ok(Json(ApprovalView::of(&opened, store.env().now())))
}

/// The signed answer (see [`crate::proof::SignedDecision`]).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decide {
    jws: String,
}

pub(crate) async fn decide(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Decided>> {
    let asked: Decide = phone.read()?;
    let decided = answer::decide(identity.store(), &phone.device, &asked.jws).await?;
    Ok(Json(Decided {
        id: decided.id.to_string(),
        state: decided.state,
    }))
}
