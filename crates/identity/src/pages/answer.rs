//! Answering an approval with a passkey instead of the phone: the page shows what is approved before the
//! browser is asked for the key, and its form brings what the key has signed.

use axum::{extract::State, response::Response};
use kernel::Id;
use web::{Form, IntoResponse, Outcome, Page, Path, Visit, ctx};

use crate::{
    Approval, Error, Identity, PasskeyWay, Purpose,
    pages::{
        passkey::{party, sign_in},
        session::at_browser,
    },
    store::assertion::{AtBrowser, answer_by_passkey, passkey_way},
};

/// Characters of a fingerprint that stand together.
const GROUP: usize = 8;

/// What is about to be signed, in full.
pub(crate) async fn show(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
) -> Outcome<Response> {
    let at = at_browser(&visit).await?;
    let asked = at.find(identity.store(), id).await?;
    let is_open = asked.state_at(visit.site().env().now()).is_open();
    if !is_open || !asked.purpose.takes_passkeys() {
        return Ok(visit.redirect(&back(&visit, (&at, &asked))));
    }
    let page = page(&visit, &identity, (&at, &asked), false).await?;
    Ok(page.into_response())
}

/// Where this browser learns what came of it: on the page that waits, or, when somebody else asked the
/// person by name, among what waits for them.
fn back(visit: &Visit, (at, asked): (&AtBrowser, &Approval)) -> String {
    if at.is_asker(asked) {
        visit.to(&format!("/approvals/{}", asked.id))
    } else {
        visit.to("/inbox")
    }
}

async fn page(
    visit: &Visit,
    identity: &Identity,
    (at, asked): (&AtBrowser, &Approval),
    is_refused: bool,
) -> Outcome<Page> {
    party(visit)?;
    let way = passkey_way(identity.store(), asked).await?;
    let errors = if is_refused {
        vec![ctx! { field => "", words => visit.t("identity.answer.refused") }]
    } else {
        Vec::new()
    };
    let context = ctx! {
        errors,
        purpose => asked.purpose,
        requester => asked.requester,
        summary => asked.summary,
        detail => asked.detail,
        code => asked.code,
        fingerprint => fingerprint(&asked.digest),
        is_ready => way == PasskeyWay::Ready && !visit.is_kiosk(),
        why_not => why_not(visit, way),
        approval => asked.id,
        action => visit.path(),
        back => back(visit, (at, asked)),
        is_asker => at.is_asker(asked),
    };
    Ok(visit.page("identity/answer.html", context))
}

/// Why no passkey can answer; nothing when one can.
pub(crate) fn why_not(visit: &Visit, way: PasskeyWay) -> Option<String> {
    let key = match way {
        PasskeyWay::Ready => return None,
        PasskeyWay::Synced => "identity.answer.synced".to_owned(),
        PasskeyWay::Phone(check) => format!("identity.answer.presence.{check}"),
        PasskeyWay::None => "identity.answer.none".to_owned(),
    };
    Some(visit.t(&key))
}

fn fingerprint(digest: &[u8; 32]) -> String {
    let print = trust::digest::hex(digest);
    let groups: Vec<&str> = (0..print.len() / GROUP)
        .filter_map(|place| print.get(place * GROUP..(place + 1) * GROUP))
        .collect();
    groups.join(" ")
}

/// A passkey's answer: to a sign-in, or to a question about which the person is known.
pub(crate) async fn answer(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
    form: Form,
) -> Outcome<Response> {
    let (store, at) = (identity.store(), at_browser(&visit).await?);
    let asked = at.find(store, id).await?;
    if asked.purpose == Purpose::SignIn {
        return sign_in(visit, identity, asked, form).await;
    }
    if !asked.purpose.takes_passkeys() {
        return Err(Error::WrongApproval.into());
    }
    let ceremony = form.text("ceremony").parse().map_err(|_| Error::Expired)?;
    let given = (ceremony, &at);
    match answer_by_passkey(store, &party(&visit)?, given, form.text("credential")).await {
        Ok(_) => {
            if !at.is_asker(&asked) {
                visit.flash("identity.answer.done");
            }
            Ok(visit.redirect(&back(&visit, (&at, &asked))))
        }
        Err(Error::PasskeyRefused | Error::Consumed) => {
            let page = page(&visit, &identity, (&at, &asked), true).await?;
            Ok(page.with_errors().into_response())
        }
        Err(error) => Err(error.into()),
    }
}
