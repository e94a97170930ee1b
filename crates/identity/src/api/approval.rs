//! Listing, opening and answering approvals.

use axum::extract::State;
use kernel::Id;
use serde::Deserialize;
use utoipa::ToSchema;
use web::{Json, Outcome};

use crate::{
    Approval, Decision, Error, Identity,
    api::{
        enrol::{Check, check},
        phone::Phone,
        view::{ApprovalView, Approvals, Decided, PickView},
    },
    store::{answer, approval, browser, signing, wallet_share},
    wallet::SHARED_AT_ONCE,
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
    let mut view = ApprovalView::of(&opened, store.env().now());
    view.presence = signing::presence_of(store, id).await?;
    let picking = wallet_share::pickable(store, identity.vault(), (id, phone.person.id)).await?;
    view.pick = picking.as_ref().map(PickView::of);
    Ok(Json(view))
}

/// The signed answer (see [`crate::proof::SignedDecision`]).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decide {
    jws: String,
    /// What the phone shows of its holder, where the approval asks for it.
    #[serde(default)]
    presence: Option<Check>,
    /// The owner of the phone says that the request was not theirs. Counts with a refusal only.
    #[serde(default)]
    not_me: bool,
    /// The documents that are handed over, where the approval lets the phone pick.
    #[serde(default)]
    picked: Vec<String>,
}

pub(crate) async fn decide(
    State(identity): State<Identity>,
    phone: Phone,
) -> Outcome<Json<Decided>> {
    let asked: Decide = phone.read()?;
    let claims = answer::read(identity.store(), &phone.device, &asked.jws)?;
    if claims.decision == Decision::Approve {
        show_holder(&identity, &phone, claims.id, asked.presence).await?;
        pick(&identity, &phone, (claims.id, &asked.picked)).await?;
    }
    let decided = answer::decide(identity.store(), &phone.device, &asked.jws).await?;
    if asked.not_me && claims.decision == Decision::Reject {
        let person = phone.person.id;
        let actor = phone.actor();
        identity
            .store()
            .write(&actor, move |tx| async move {
                browser::report_in(&tx, person, decided.id).await
            })
            .await?;
    }
    Ok(Json(Decided {
        id: decided.id.to_string(),
        state: decided.state,
    }))
}

/// A request for documents wants to know which.
async fn pick(
    identity: &Identity,
    phone: &Phone,
    (id, picked): (Id<Approval>, &[String]),
) -> Result<(), Error> {
    if picked.len() > SHARED_AT_ONCE {
        return Err(Error::NothingPicked);
    }
    let picked: Result<Vec<_>, _> = picked.iter().map(|one| one.parse()).collect();
    let picked = picked.map_err(|_| Error::NothingPicked)?;
    let (store, vault) = (identity.store(), identity.vault());
    wallet_share::pick_documents(store, vault, &phone.actor(), (id, phone.person.id), picked).await
}

/// A request to sign may want the face or the card checked by the phone that approves it.
async fn show_holder(
    identity: &Identity,
    phone: &Phone,
    id: Id<Approval>,
    shown: Option<Check>,
) -> Result<(), Error> {
    let store = identity.store();
    let Some(wanted) = signing::presence_of(store, id).await? else {
        return Ok(());
    };
    let shown = shown.ok_or(Error::NotPresent)?;
    check(identity, (wanted, &id.to_string()), &shown).await?;
    signing::present(store, &phone.actor(), (id, phone.person.id)).await
}
