//! The page that waits for the phone.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use kernel::{Id, Role, Text};
use serde::{Deserialize, Serialize};
use web::{Failure, Outcome, Page, Path, Visit, ctx, local_path};

use crate::{
    Approval, ApprovalState, Error, FailReason, Identity, Level, Means, NewApproval, PasskeyWay,
    Purpose, RelyingParty,
    pages::{
        answer::why_not,
        qr,
        session::{Entering, ask_in, binding, enter},
    },
    store::{approval, assertion::passkey_way},
};

/// Where the browser remembers the sign-in it has begun, so that reloading does not begin another.
pub(super) const BEGUN: &str = "identity.sign_in";
/// Tells the script of the live part where to go.
const NEXT: HeaderName = HeaderName::from_static("x-next");

#[derive(Serialize, Deserialize)]
struct Begun {
    approval: Id<Approval>,
    purpose: Purpose,
    next: String,
}

pub(crate) async fn sign_in(
    visit: Visit,
    State(identity): State<Identity>,
    headers: HeaderMap,
) -> Outcome<Response> {
    let home = visit.to("");
    let next = local_path(visit.query().get("next"), &home).to_owned();
    let is_desk = next == visit.to("/desk") || next.starts_with(&visit.to("/desk/"));
    let purpose = if is_desk {
        Purpose::Desk
    } else {
        Purpose::SignIn
    };
    begin(&visit, &identity, &headers, purpose, next).await
}

pub(crate) async fn desk_sign_in(
    visit: Visit,
    State(identity): State<Identity>,
    headers: HeaderMap,
) -> Outcome<Response> {
    let desk = visit.to("/desk");
    let next = local_path(visit.query().get("next"), &desk).to_owned();
    begin(&visit, &identity, &headers, Purpose::Desk, next).await
}

/// Takes up the sign-in this browser has begun, or begins one, and shows its page.
async fn begin(
    visit: &Visit,
    identity: &Identity,
    headers: &HeaderMap,
    purpose: Purpose,
    next: String,
) -> Outcome<Response> {
    if is_signed_in(visit, purpose) {
        return Ok(visit.redirect(&next));
    }
    if let Some(begun) = visit.recall::<Begun>(BEGUN) {
        let own = binding(visit).await?;
        let state = approval::outcome(identity.store(), begun.approval, &own).await;
        let is_open = state.is_ok_and(|outcome| outcome.state.is_open());
        if is_open && begun.purpose == purpose && begun.next == next {
            return Ok(visit.redirect(&visit.to(&format!("/approvals/{}", begun.approval))));
        }
    }
    let new = question(visit, purpose, &next).await?;
    let (asked, page) = ask_in(visit, identity, headers, new).await?;
    visit
        .remember(
            BEGUN,
            &Begun {
                approval: asked.id,
                purpose,
                next,
            },
        )
        .await?;
    Ok(visit.redirect(&page))
}

/// Whether this browser already is where the sign-in would lead: as a resident, or at a desk.
fn is_signed_in(visit: &Visit, purpose: Purpose) -> bool {
    let is_resident = visit.signed_in().map(|who| who.has_role(Role::Resident));
    is_resident.is_some_and(|is_resident| is_resident == (purpose != Purpose::Desk))
}

async fn question(visit: &Visit, purpose: Purpose, next: &str) -> Result<NewApproval, Failure> {
    let site = visit.site();
    let (requester, summary) = if purpose == Purpose::Desk {
        ("identity.desk.requester", "identity.desk.summary")
    } else {
        ("identity.sign_in.requester", "identity.sign_in.summary")
    };
    let summary = site.text(summary);
    Ok(NewApproval {
        purpose,
        requester: site.text(requester),
        place: Text::default(),
        asked: if purpose == Purpose::Desk {
            Level::Plus
        } else {
            Level::Basic
        },
        person: None,
        digest: trust::digest::sha256(&summary.en),
        summary,
        detail: Vec::new(),
        binding: binding(visit).await?,
        return_to: next.to_owned(),
    })
}

pub(crate) async fn show(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
) -> Outcome<Response> {
    let own = binding(&visit).await?;
    let found = approval::find_for_browser(identity.store(), id, &own).await?;
    match found.state_at(visit.site().env().now()) {
        ApprovalState::Pending | ApprovalState::Seen => {
            Ok(waiting(&visit, &identity, &found).await?.into_response())
        }
        ApprovalState::Approved => approved(&visit, &identity, &found).await,
        // A client waits for the answer, also when it is no.
        _ if leads_to_client(&found.return_to) => {
            Ok(visit.redirect(&with_approval(&found.return_to, found.id)))
        }
        state => Ok(outcome(&visit, &found, state).into_response()),
    }
}

fn leads_to_client(path: &str) -> bool {
    matches!(path.split('/').nth(2), Some("connect" | "wire"))
}

/// Signs in and goes on, or hands the approval to the page that asked, which consumes it.
async fn approved(visit: &Visit, identity: &Identity, found: &Approval) -> Outcome<Response> {
    if !matches!(found.purpose, Purpose::SignIn | Purpose::Desk) {
        return Ok(visit.redirect(&with_approval(&found.return_to, found.id)));
    }
    if found.consumed.is_some() && visit.signed_in().is_some() {
        return Ok(visit.redirect(&found.return_to));
    }
    let own = binding(visit).await?;
    let used = approval::consume(identity.store(), &visit.actor(), found.id, &own).await?;
    let entering = Entering {
        person: used.person,
        purpose: used.purpose,
        means: Means::Phone,
        asked: found.asked,
        place: found.place.clone(),
    };
    enter(visit, identity, entering).await?;
    visit.forget(BEGUN).await?;
    Ok(visit.redirect(&used.return_to))
}

fn with_approval(path: &str, id: Id<Approval>) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}approval={id}")
}

async fn waiting(visit: &Visit, identity: &Identity, found: &Approval) -> Result<Page, Error> {
    let site = visit.site();
    let page = visit.to(&format!("/approvals/{}", found.id));
    let link = format!("/app?approval={}&return={}", found.id, page);
    let scanned = format!(
        "{}/app?approval={}",
        site.config().base_url.trim_end_matches('/'),
        found.id
    );
    let (qr_side, qr_path) = qr::path(&scanned).unwrap_or_default();
    let party = RelyingParty::of(&site.config().base_url);
    let takes_passkeys = party.is_some() && !visit.is_kiosk();
    let way = if takes_passkeys {
        passkey_way(identity.store(), found).await?
    } else {
        PasskeyWay::None
    };
    let context = ctx! {
        takes_passkeys => takes_passkeys && found.purpose == Purpose::SignIn,
        by_passkey => way == PasskeyWay::Ready,
        passkey_why_not => (way != PasskeyWay::None).then(|| why_not(visit, way)),
        purpose => found.purpose,
        requester => found.requester,
        place => found.place.get(visit.lang()),
        asked => found.created,
        summary => found.summary,
        detail => found.detail,
        code => found.code,
        reference => found.reference,
        is_plus => found.asked == Level::Plus,
        link,
        qr_side,
        qr_path,
        page => page,
        simulated => visit.to(&format!("/demo/phone?approval={}", found.id)),
        status => status(visit, found),
    };
    Ok(visit.page("identity/waiting.html", context))
}

fn status(visit: &Visit, found: &Approval) -> web::Value {
    let now = visit.site().env().now();
    ctx! {
        is_seen => found.state_at(now) == ApprovalState::Seen,
        minutes => found.seconds_left(now).div_ceil(60),
    }
}

pub(crate) async fn live(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
) -> Outcome<Response> {
    let own = binding(&visit).await?;
    let found = approval::find_for_browser(identity.store(), id, &own).await?;
    let is_open = found.state_at(visit.site().env().now()).is_open();
    let context = ctx! { status => status(&visit, &found) };
    let mut response = visit.page("identity/status.html", context).into_response();
    if !is_open {
        let next = visit.to(&format!("/approvals/{id}"));
        let next = HeaderValue::from_str(&next).map_err(|_| Error::NotFound)?;
        response.headers_mut().insert(NEXT, next);
    }
    Ok(response)
}

pub(crate) async fn cancel(
    visit: Visit,
    State(identity): State<Identity>,
    Path(id): Path<Id<Approval>>,
) -> Outcome<Response> {
    let own = binding(&visit).await?;
    let cancelled = approval::cancel(identity.store(), &visit.actor(), id, &own).await;
    match cancelled {
        Ok(()) | Err(Error::Decided | Error::Expired) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(visit.redirect(&visit.to(&format!("/approvals/{id}"))))
}

/// Rejected, cancelled, timed out and failed say different things.
fn outcome(visit: &Visit, found: &Approval, state: ApprovalState) -> Page {
    let (title, advice) = match (state, found.reason) {
        (ApprovalState::Rejected, _) => ("identity.rejected.title", "identity.rejected.advice"),
        (ApprovalState::Cancelled, _) => ("identity.cancelled.title", "identity.cancelled.advice"),
        (ApprovalState::Expired, _) => ("identity.expired.title", "identity.expired.advice"),
        (_, Some(FailReason::Level)) => ("identity.level.title", "identity.level.advice"),
        (_, Some(FailReason::NotOfficer)) => {
            ("identity.not_officer.title", "identity.not_officer.advice")
        }
        _ => ("identity.failed.title", "identity.failed.advice"),
    };
    let again = match found.purpose {
        Purpose::SignIn => with_next(&visit.to("/sign-in"), &found.return_to),
        Purpose::Desk => with_next(&visit.to("/desk/sign-in"), &found.return_to),
        _ => found.return_to.clone(),
    };
    let context = ctx! {
        title => visit.t(title),
        advice => visit.t(advice),
        is_signed_in => visit.signed_in().is_some(),
        again,
    };
    visit.page("identity/outcome.html", context)
}

fn with_next(path: &str, next: &str) -> String {
    let next: String = next
        .bytes()
        .map(|byte| match byte {
            b'&' | b'#' | b'%' | b'+' => format!("%{byte:02X}"),
            _ => char::from(byte).to_string(),
        })
        .collect();
    format!("{path}?next={next}")
}
