//! The owner of the phone: profile, consents, history.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Json, Outcome};

use crate::{
    Error, FieldKey, Identity,
    api::{
        phone::Phone,
        view::{Consents, FieldValue, History, Me, ProfileView},
    },
    store::{approval, consent, profile},
};

pub(crate) async fn me(State(identity): State<Identity>, phone: Phone) -> Outcome<Json<Me>> {
    Ok(Json(Me::of(&identity, &phone.person).await?))
}

pub(crate) async fn profile(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<ProfileView>> {
    let own = profile::own_profile(identity.store(), identity.vault(), phone.person.id).await?;
    Ok(Json(ProfileView::of(own)?))
}

/// New values by field; `null` removes one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    key: FieldKey,
    value: Option<FieldValue>,
}

/// The profile as it stands now, or which of the values were refused (nothing is saved then).
pub(crate) async fn change_profile(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Response> {
    let asked: Changes = phone.read()?;
    if asked.changes.len() > FieldKey::ALL.len() {
        return Err(Error::Malformed("changes").into());
    }
    let changes = asked
        .changes
        .into_iter()
        .map(|Change { key, value }| {
            let value = serde_json::to_value(value).map_err(|_| Error::Malformed("changes"))?;
            Ok((key, value))
        })
        .collect::<Result<profile::Changes, Error>>()?;
    let fields = profile::refused_fields(&changes);
    if !fields.is_empty() {
        let refused = Json(Refused { fields });
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, refused).into_response());
    }
    let store = identity.store();
    let own = profile::update_profile(store, identity.vault(), phone.person.id, changes).await?;
    Ok(Json(ProfileView::of(own)?).into_response())
}

/// The fields whose values were refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refused {
    fields: Vec<FieldKey>,
}

pub(crate) async fn consents(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Consents>> {
    let consents = consent::consents_of(identity.store(), phone.person.id).await?;
    Ok(Json(Consents::of(&consents)))
}

/// The consent to withdraw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    consent: String,
}

pub(crate) async fn revoke_consent(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Consents>> {
    let asked: Revoke = phone.read()?;
    let id = asked.consent.parse().map_err(|_| Error::NotFound)?;
    let person = phone.person.id;
    let store = identity.store();
    store
        .write(&phone.actor(), move |tx| async move {
            consent::revoke_consent_in(&tx, person, id).await
        })
        .await?;
    Ok(Json(Consents::of(
        &consent::consents_of(store, person).await?,
    )))
}

pub(crate) async fn history(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<History>> {
    let store = identity.store();
    let readings = profile::readings_of(store, phone.person.id).await?;
    let approvals = approval::decided_of(store, phone.person.id).await?;
    Ok(Json(History::of(&readings, &approvals, store.env().now())))
}
