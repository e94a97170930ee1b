//! Signing in with a passkey: the challenge that the sign-in page's script asks for, and the form that
//! brings the answer. The page that waits for the phone offers it; without a script nothing changes.

use axum::{extract::State, response::Response};
use kernel::Id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Form, IntoResponse, Json, Outcome, Page, Path, Visit, ctx};

use crate::{
    Approval, Ceremony, CeremonyKind, Error, Identity, Purpose, RelyingParty,
    pages::{
        session::{Entering, enter, known_binding},
        waiting::BEGUN,
    },
    store::{
        approval,
        passkey::{begin_passkey, sign_in_by_passkey},
    },
};

/// Where a page's script asks for a challenge.
pub(crate) const CHALLENGE: &str = "/passkeys/challenge";

/// What the challenge is for: `sign_in`, or `confirm` of somebody signed in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAsk {
    #[schema(value_type = String)]
    kind: CeremonyKind,
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
    if ask.kind == CeremonyKind::Add {
        return Err(Error::Malformed("kind").into());
    }
    let begun = begin_passkey(identity.store(), &party(&visit)?, ask.kind, &binding).await?;
    Ok(Json(PasskeyChallenge {
        ceremony: begun.id,
        options: begun.options.to_string(),
    }))
}

pub(crate) async fn sign_in(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
    form: Form,
) -> Outcome<Response> {
    let (store, binding) = (identity.store(), known_binding(&visit)?);
    let asked = approval::find_for_browser(store, id, &binding).await?;
    if asked.purpose != Purpose::SignIn {
        return Err(Error::WrongApproval.into());
    }
    let ceremony = form.text("ceremony").parse().map_err(|_| Error::Expired)?;
    let answer = form.text("credential");
    let party = party(&visit)?;
    let given = (answer, asked.return_to.as_str());
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
