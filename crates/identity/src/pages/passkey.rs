//! Signing in with a passkey: the challenge that a page's script asks for, and the form that brings the
//! answer. The page that waits for the phone offers it; without a script nothing changes.

use axum::{extract::State, response::Response};
use kernel::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Form, IntoResponse, Json, Outcome, Page, Visit, ctx};

use crate::{
    Approval, Ceremony, CeremonyKind, Error, Identity, Purpose, RelyingParty,
    pages::{
        session::{Entering, at_browser, enter, known_binding},
        waiting::BEGUN,
    },
    store::{
        approval,
        assertion::begin_answer,
        passkey::{begin_passkey, sign_in_by_passkey},
    },
};

/// Where a page's script asks for a challenge.
pub(crate) const CHALLENGE: &str = "/passkeys/challenge";

/// What the challenge is for: `sign_in`, `confirm` of somebody signed in, or `approve`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAsk {
    #[schema(value_type = String)]
    kind: CeremonyKind,
    /// The approval to be answered, for `approve`: the challenge names it.
    #[serde(default)]
    approval: Option<String>,
}

/// What the browser's credential manager is given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasskeyChallenge {
    /// To be sent back with the answer.
    #[schema(value_type = String)]
    ceremony: Id<Ceremony>,
    /// `PublicKeyCredentialRequestOptionsJSON` as text.
    options: String,
}

/// This site as a relying party.
///
/// # Errors
/// [`Error::NoPasskeys`] when browsers would refuse its address.
pub(crate) fn party(visit: &Visit) -> Result<RelyingParty, Error> {
    RelyingParty::of(&visit.site().config().base_url).ok_or(Error::NoPasskeys)
}

pub(crate) async fn challenge(
    visit: Visit,
    State(identity): State<Identity>,
    Json(ask): Json<PasskeyAsk>,
) -> Outcome<Json<PasskeyChallenge>> {
    let binding = known_binding(&visit)?;
    let (store, party) = (identity.store(), party(&visit)?);
    let begun = match (ask.kind, ask.approval) {
        (CeremonyKind::SignIn | CeremonyKind::Confirm, None) => {
            begin_passkey(store, &party, ask.kind, &binding).await?
        }
        (CeremonyKind::Approve, Some(_)) if visit.is_kiosk() => {
            return Err(Error::PhoneOnly.into());
        }
        (CeremonyKind::Approve, Some(id)) => {
            let id = id.parse().map_err(|_| Error::NotFound)?;
            begin_answer(store, &party, id, &at_browser(&visit).await?).await?
        }
        _ => return Err(Error::Malformed("kind").into()),
    };
    Ok(Json(PasskeyChallenge {
        ceremony: begun.id,
        options: begun.options.to_string(),
    }))
}

/// Signs in with what the browser brought to the question `asked`.
pub(crate) async fn sign_in(
    visit: Visit,
    identity: Identity,
    asked: Approval,
    form: Form,
) -> Outcome<Response> {
    let (id, store) = (asked.id, identity.store());
    let binding = known_binding(&visit)?;
    let ceremony = form.text("ceremony").parse().map_err(|_| Error::Expired)?;
    let answer = form.text("credential");
    let party = party(&visit)?;
    let given = (answer, (asked.return_to.as_str(), asked.asked));
    let known = match sign_in_by_passkey(store, &party, (ceremony, &binding), given).await {
        Ok(known) => known,
        Err(Error::PasskeyRefused | Error::Consumed) => {
            let page = refused(&visit, &party, (id, answer));
            return Ok(page.with_errors().into_response());
        }
        Err(error) => return Err(error.into()),
    };
    // Nobody needs to answer on a phone any more. Whether it was too late to say so does not matter.
    let withdrawn = approval::cancel(store, &visit.actor(), id, &binding).await;
    tracing::debug!(is_open = withdrawn.is_ok(), "signed in by passkey");
    let entering = Entering {
        person: known.person,
        purpose: Purpose::SignIn,
        means: known.means,
        asked: asked.asked,
        place: asked.place.clone(),
    };
    enter(&visit, &identity, entering).await?;
    visit.forget(BEGUN).await?;
    Ok(visit.redirect(&asked.return_to))
}

/// Says so, and lets the browser forget a passkey that we do not know.
fn refused(visit: &Visit, party: &RelyingParty, (id, answer): (Id<Approval>, &str)) -> Page {
    let answer: Option<serde_json::Value> = serde_json::from_str(answer).ok();
    let credential = answer.and_then(|all| Some(all.get("id")?.as_str()?.to_owned()));
    let context = ctx! {
        again => visit.to(&format!("/approvals/{id}")),
        party => party.id(),
        credential => credential.unwrap_or_default(),
    };
    visit.page("identity/passkey_refused.html", context)
}
