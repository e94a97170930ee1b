//! Pages for those who work on cases, own services and run the platform.
//!
//! Invariants: a case opens only with a reason on record; what an officer may do is asked of the
//! pack's state chart at every page and every post; lists are read by cursor and counts are bounded.

mod accounts;
mod announcements;
mod audit;
mod case;
mod clients;
mod counter;
mod feedback;
mod handing;
mod inbox;
mod jobs;
mod money;
mod operator;
mod overview;
mod packs_view;
mod programme;
mod recovery;
mod release;
mod retire;
mod statistics;
mod timers;

use identity::Officer;
use kernel::{Actor, Id};
use services::{Clerk, Services};
use web::{Bundle, Failure, Outcome, Routes, Visit};

pub use operator::explanations;
pub use overview::{BACKUP_ID, BACKUP_NOUN, CertificateEnd, KeyAge, Pulse, Vitals};

/// What the desk needs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    pub services: Services,
    pub store: store::Store,
    pub identity: identity::Identity,
    pub pulse: Pulse,
}

/// Templates and words of the desk.
pub static BUNDLE: Bundle = Bundle {
    area: "desk",
    templates: &[
        (
            "desk/account.html",
            include_str!("../templates/account.html"),
        ),
        (
            "desk/counter.html",
            include_str!("../templates/counter.html"),
        ),
        (
            "desk/counter_code.html",
            include_str!("../templates/counter_code.html"),
        ),
        (
            "desk/counter_form.html",
            include_str!("../templates/counter_form.html"),
        ),
        (
            "desk/counters.html",
            include_str!("../templates/counters.html"),
        ),
        (
            "desk/recoveries.html",
            include_str!("../templates/recoveries.html"),
        ),
        (
            "desk/recovery_code.html",
            include_str!("../templates/recovery_code.html"),
        ),
        (
            "desk/accounts.html",
            include_str!("../templates/accounts.html"),
        ),
        ("desk/act.html", include_str!("../templates/act.html")),
        (
            "desk/announcement_form.html",
            include_str!("../templates/announcement_form.html"),
        ),
        (
            "desk/announcement_preview.html",
            include_str!("../templates/announcement_preview.html"),
        ),
        (
            "desk/announcements.html",
            include_str!("../templates/announcements.html"),
        ),
        ("desk/audit.html", include_str!("../templates/audit.html")),
        ("desk/case.html", include_str!("../templates/case.html")),
        (
            "desk/case_looks.html",
            include_str!("../templates/case_looks.html"),
        ),
        (
            "desk/correct.html",
            include_str!("../templates/correct.html"),
        ),
        (
            "desk/feedback.html",
            include_str!("../templates/feedback.html"),
        ),
        (
            "desk/feedback_one.html",
            include_str!("../templates/feedback_one.html"),
        ),
        ("desk/client.html", include_str!("../templates/client.html")),
        (
            "desk/client_form.html",
            include_str!("../templates/client_form.html"),
        ),
        (
            "desk/client_wire_form.html",
            include_str!("../templates/client_wire_form.html"),
        ),
        (
            "desk/client_secret.html",
            include_str!("../templates/client_secret.html"),
        ),
        (
            "desk/clients.html",
            include_str!("../templates/clients.html"),
        ),
        ("desk/found.html", include_str!("../templates/found.html")),
        ("desk/frame.html", include_str!("../templates/frame.html")),
        ("desk/inbox.html", include_str!("../templates/inbox.html")),
        ("desk/jobs.html", include_str!("../templates/jobs.html")),
        ("desk/pack.html", include_str!("../templates/pack.html")),
        ("desk/packs.html", include_str!("../templates/packs.html")),
        (
            "desk/programme.html",
            include_str!("../templates/programme.html"),
        ),
        (
            "desk/programme_service.html",
            include_str!("../templates/programme_service.html"),
        ),
        ("desk/reason.html", include_str!("../templates/reason.html")),
        (
            "desk/statistics.html",
            include_str!("../templates/statistics.html"),
        ),
        (
            "desk/statistics_service.html",
            include_str!("../templates/statistics_service.html"),
        ),
        (
            "desk/handed_out.html",
            include_str!("../templates/handed_out.html"),
        ),
        ("desk/money.html", include_str!("../templates/money.html")),
        (
            "desk/money_receipt.html",
            include_str!("../templates/money_receipt.html"),
        ),
        (
            "desk/overview.html",
            include_str!("../templates/overview.html"),
        ),
        (
            "desk/pack_changes.html",
            include_str!("../templates/pack_changes.html"),
        ),
        (
            "desk/pack_journeys.html",
            include_str!("../templates/pack_journeys.html"),
        ),
        (
            "desk/pack_parts.html",
            include_str!("../templates/pack_parts.html"),
        ),
        (
            "desk/pack_publish.html",
            include_str!("../templates/pack_publish.html"),
        ),
        (
            "desk/pack_release.html",
            include_str!("../templates/pack_release.html"),
        ),
        (
            "desk/pack_retire.html",
            include_str!("../templates/pack_retire.html"),
        ),
        ("desk/timers.html", include_str!("../templates/timers.html")),
        (
            "desk/suspensions.html",
            include_str!("../templates/suspensions.html"),
        ),
    ],
    messages: include_str!("../messages.yaml"),
    assets: &[],
};

/// Every page of the desk.
#[must_use]
pub fn routes(desk: &Desk) -> Routes {
    inbox::routes()
        .merge(accounts::routes())
        .merge(recovery::routes())
        .merge(counter::routes())
        .merge(case::routes())
        .merge(handing::routes())
        .merge(money::routes())
        .merge(overview::routes())
        .merge(jobs::routes())
        .merge(timers::routes())
        .merge(audit::routes())
        .merge(operator::routes())
        .merge(packs_view::routes())
        .merge(statistics::routes())
        .merge(programme::routes())
        .merge(release::routes())
        .merge(retire::routes())
        .merge(feedback::routes())
        .merge(announcements::routes())
        .merge(clients::routes())
        .with_state(desk)
}

impl Desk {
    /// The officer at the browser, as on record now: a role taken away stops working at once.
    async fn clerk(&self, visit: &Visit) -> Outcome<Clerk> {
        let who = visit.require()?;
        let Actor::Officer { officer, .. } = &who.actor else {
            return Err(Failure::not_found());
        };
        let id: Id<Officer> = officer.parse().map_err(|_| Failure::not_found())?;
        let officer = identity::find_officer(&self.store, id)
            .await?
            .ok_or_else(Failure::not_found)?;
        Ok(Clerk::of(&officer))
    }
}

#[cfg(test)]
mod tests;
