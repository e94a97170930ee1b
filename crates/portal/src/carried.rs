//! The licences of the person whose phone is asking: what there is, and an offer to fetch one. The
//! phone then speaks OpenID4VCI with credentials' own endpoints, like any other wallet.

use axum::{
    extract::{FromRef, State},
    http::Method,
};
use credentials::{Binding, Licence, LicenceState};
use identity::Phone;
use kernel::{Id, Text};
use serde::Serialize;
use utoipa::ToSchema;
use web::{Access, Failure, Json, Outcome, Path, Rate, Routes, operation};

use crate::Portal;

impl FromRef<Portal> for identity::Identity {
    fn from_ref(portal: &Portal) -> Self {
        portal.identity.clone()
    }
}

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .json(
            &Method::GET,
            "/app/api/licences",
            Access::Public,
            operation::<(), Carried>("The licences of the phone's person"),
            list,
        )
        .rate(Rate::Caller)
        .json(
            &Method::POST,
            "/app/api/licences/{id}/collect",
            Access::Public,
            operation::<(), Collect>("An offer of one licence, bound to the asking phone"),
            collect,
        )
        .rate(Rate::Caller)
}

/// The licences of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Carried {
    licences: Vec<CarriedLicence>,
}

/// One licence, without what only its credential says.
#[derive(Debug, Serialize, ToSchema)]
struct CarriedLicence {
    id: String,
    kind: String,
    title: Words,
    authority: Words,
    number: String,
    /// `live`, `suspended`, `revoked`, `replaced` or `expired`.
    state: String,
    valid_from: String,
    valid_until: Option<String>,
    /// Whether the asking phone holds the copy that is valid.
    is_here: bool,
    /// Whether another phone does.
    is_elsewhere: bool,
    labels: Vec<Label>,
}

/// The label of a claim.
#[derive(Debug, Serialize, ToSchema)]
struct Label {
    name: String,
    words: Words,
}

#[derive(Debug, Serialize, ToSchema)]
struct Words {
    en: String,
    tc: String,
    sc: String,
}

impl From<&Text> for Words {
    fn from(text: &Text) -> Self {
        Self {
            en: text.en.clone(),
            tc: text.tc.clone(),
            sc: text.sc.clone(),
        }
    }
}

/// Where to fetch a licence.
#[derive(Debug, Serialize, ToSchema)]
struct Collect {
    credential_offer_uri: String,
}

async fn list(State(portal): State<Portal>, phone: Phone) -> Outcome<Json<Carried>> {
    let held = held_by(&portal, &phone).await?;
    let licences = held
        .iter()
        .filter(|licence| licence.state != LicenceState::Replaced)
        .map(|licence| describe(&portal, &phone, licence))
        .collect();
    Ok(Json(Carried { licences }))
}

fn describe(portal: &Portal, phone: &Phone, licence: &Licence) -> CarriedLicence {
    let types = portal.licences.issuer.types();
    let kind = types.get(&licence.kind);
    let name = Text::same(&licence.kind);
    let labels = kind.map(|kind| {
        let label = |claim: &credentials::ClaimType| Label {
            name: claim.name.clone(),
            words: Words::from(&claim.label),
        };
        kind.claims.iter().map(label).collect()
    });
    let is_expired = licence.is_expired(portal.store.env().today());
    let state = match licence.state {
        LicenceState::Live if is_expired => "expired",
        state => state.code(),
    };
    let here = Some(&phone.device.thumbprint);
    CarriedLicence {
        id: licence.id.to_string(),
        kind: licence.kind.clone(),
        title: Words::from(kind.map_or(&name, |kind| &kind.title)),
        authority: Words::from(kind.map_or(&name, |kind| &kind.authority)),
        number: licence.number.clone(),
        state: state.to_owned(),
        valid_from: licence.valid_from.to_string(),
        valid_until: licence.valid_until.map(|last| last.to_string()),
        is_here: licence.device.as_ref() == here,
        is_elsewhere: licence.device.is_some() && licence.device.as_ref() != here,
        labels: labels.unwrap_or_default(),
    }
}

async fn collect(
    State(portal): State<Portal>,
    Path(id): Path<Id<Licence>>,
    phone: Phone,
) -> Outcome<Json<Collect>> {
    if !held_by(&portal, &phone)
        .await?
        .iter()
        .any(|one| one.id == id)
    {
        return Err(Failure::not_found());
    }
    let issuer = portal.licences.issuer.clone();
    let binding = Binding::Device(phone.device.thumbprint.clone());
    let offer = portal
        .store
        .write(&phone.actor(), move |tx| {
            let (issuer, binding) = (issuer.clone(), binding.clone());
            async move { credentials::collect(&tx, &issuer, id, &binding).await }
        })
        .await?;
    Ok(Json(Collect {
        credential_offer_uri: offer.reference,
    }))
}

async fn held_by(portal: &Portal, phone: &Phone) -> Outcome<Vec<Licence>> {
    let issuer = portal.licences.issuer.clone();
    let holder = phone.person.id.cast();
    let held = portal
        .store
        .read(move |db| {
            let issuer = issuer.clone();
            async move { credentials::of_holder(&db, &issuer, holder).await }
        })
        .await?;
    Ok(held)
}
