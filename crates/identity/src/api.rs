//! The phone's API below `/app/api`. Every request carries a proof by the device key in the header
//! `device-proof` (see [`crate::proof`]); there is no cookie and no other credential. Each answer is
//! a declared type.

mod approval;
mod enrol;
mod me;
mod phone;
mod view;
mod wake;

pub use phone::Phone;

use web::{Access, Rate, Routes, operation};

use crate::Identity;

/// Bytes of one request of a phone.
const BODY_BYTES: usize = 64 * 1024;
/// Bytes of a request that shows face and card, as text.
const SHOWN_BODY_BYTES: usize = 2 * (crate::EVIDENCE_BYTES / 3 * 4) + BODY_BYTES;

/// The routes of the phone's API.
#[must_use]
pub(crate) fn routes() -> Routes<Identity> {
    enrolment_routes()
        .merge(approval_routes())
        .merge(person_routes())
        .merge(waking_routes())
}

fn enrolment_routes() -> Routes<Identity> {
    let post = &axum::http::Method::POST;
    Routes::new()
        .json(
            post,
            "/app/api/enrolments",
            Access::Public,
            operation::<enrol::Start, enrol::Started>("Start an enrolment"),
            enrol::start,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
        .json(
            post,
            "/app/api/enrolments/confirm",
            Access::Public,
            operation::<enrol::Confirm, view::Me>("Confirm an enrolment and bind this phone"),
            enrol::confirm,
        )
        .rate(Rate::Caller)
        .body_bytes(SHOWN_BODY_BYTES)
        .json(
            post,
            "/app/api/enrolments/counter",
            Access::Public,
            operation::<enrol::AtCounter, view::Me>("Bind this phone by a code from a counter"),
            enrol::at_counter,
        )
        .rate(Rate::Attempt)
        .body_bytes(BODY_BYTES)
        .json(
            post,
            "/app/api/level",
            Access::Public,
            operation::<enrol::Raise, view::Me>("Raise the level by showing the card"),
            enrol::raise,
        )
        .rate(Rate::Caller)
        .body_bytes(SHOWN_BODY_BYTES)
        .json(
            post,
            "/app/api/device/revoke",
            Access::Public,
            operation::<view::Nothing, view::Done>("Remove this phone"),
            enrol::revoke,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
}

fn approval_routes() -> Routes<Identity> {
    let (get, post) = (&axum::http::Method::GET, &axum::http::Method::POST);
    Routes::new()
        .json(
            get,
            "/app/api/approvals",
            Access::Public,
            operation::<(), view::Approvals>("What waits for this phone"),
            approval::list,
        )
        .rate(Rate::Caller)
        .json(
            post,
            "/app/api/approvals/open",
            Access::Public,
            operation::<approval::Open, view::ApprovalView>("Open an approval by id or reference"),
            approval::open,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
        .json(
            post,
            "/app/api/approvals/decide",
            Access::Public,
            operation::<approval::Decide, view::Decided>("Answer an approval with a signature"),
            approval::decide,
        )
        .rate(Rate::Caller)
        .body_bytes(SHOWN_BODY_BYTES)
}

fn person_routes() -> Routes<Identity> {
    let (get, post) = (&axum::http::Method::GET, &axum::http::Method::POST);
    Routes::new()
        .json(
            get,
            "/app/api/me",
            Access::Public,
            operation::<(), view::Me>("Who this phone belongs to"),
            me::me,
        )
        .rate(Rate::Caller)
        .json(
            get,
            "/app/api/profile",
            Access::Public,
            operation::<(), view::ProfileView>("The e-ME profile"),
            me::profile,
        )
        .rate(Rate::Caller)
        .json(
            post,
            "/app/api/profile",
            Access::Public,
            operation::<me::Changes, view::ProfileView>("Change the e-ME profile")
                .answers::<me::Refused>(422),
            me::change_profile,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
        .json(
            get,
            "/app/api/consents",
            Access::Public,
            operation::<(), view::Consents>("The consents in force"),
            me::consents,
        )
        .rate(Rate::Caller)
        .json(
            post,
            "/app/api/consents/revoke",
            Access::Public,
            operation::<me::Revoke, view::Consents>("Withdraw a consent"),
            me::revoke_consent,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
        .json(
            get,
            "/app/api/history",
            Access::Public,
            operation::<(), view::History>("Who read the profile, and what was approved"),
            me::history,
        )
        .rate(Rate::Caller)
}

fn waking_routes() -> Routes<Identity> {
    let (get, post) = (&axum::http::Method::GET, &axum::http::Method::POST);
    Routes::new()
        .json(
            get,
            "/app/api/waking",
            Access::Public,
            operation::<(), wake::Waking>("Whether this phone is woken when somebody asks"),
            wake::show,
        )
        .rate(Rate::Caller)
        .json(
            post,
            "/app/api/waking",
            Access::Public,
            operation::<wake::SetWaking, wake::Waking>("Have this phone woken, or no more"),
            wake::set,
        )
        .rate(Rate::Caller)
        .body_bytes(BODY_BYTES)
}
