//! Whether this phone is woken when somebody asks.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, Outcome};

use crate::{Error, Identity, api::phone::Phone, store::wake as table, wake};

/// Whether the phone is woken, and by whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waking {
    /// Whether an address is kept for this phone.
    is_on: bool,
    /// The platform's key for Web Push: an uncompressed P-256 point, base64url (RFC 8292).
    key: String,
}

/// Where to wake it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetWaking {
    /// The push resource the browser made (RFC 8030); `null` to be woken no more.
    address: Option<String>,
}

async fn told(identity: &Identity, phone: &Phone) -> Result<Waking, Error> {
    let device = phone.device.id;
    let is_on = identity
        .store()
        .read(move |db| async move { table::has_in(&db, device).await })
        .await?;
    Ok(Waking {
        is_on,
        key: wake::public(identity.vault())?,
    })
}

pub(crate) async fn show(State(identity): State<Identity>, phone: Phone) -> Outcome<Json<Waking>> {
    Ok(Json(told(&identity, &phone).await?))
}

pub(crate) async fn set(State(identity): State<Identity>, phone: Phone) -> Outcome<Json<Waking>> {
    let asked: SetWaking = phone.read()?;
    let (store, vault) = (identity.store(), identity.vault());
    wake::set(store, vault, &phone.device, asked.address.as_deref()).await?;
    Ok(Json(told(&identity, &phone).await?))
}
