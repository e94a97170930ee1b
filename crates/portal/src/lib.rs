//! Pages for residents and companies: find a service, answer, check, pay, sign, follow, hold.
//!
//! Invariants: every page works without a script (only `/app`, which holds a device key, needs one);
//! every post answers with a redirect or with the same page and its errors; nothing a person typed is
//! lost by an error; a page shows what its view struct declares and nothing else.

mod account;
mod address_proof;
mod answer_view;
pub mod app;
mod application;
mod apply;
mod carried;
mod catalogue;
mod company;
mod cross_boundary;
pub mod demo_phone;
mod devices;
mod email_proof;
mod examine;
mod feedback;
mod holding;
mod information;
mod kiosk;
mod looked;
mod my_data;
mod preview;
mod profile;
mod programme;
mod recognition;
mod service_view;
mod signing;
mod statistics;
pub mod verify;
mod versions;

pub use examine::vouched;

use kernel::{Actor, Date, Id};
use packs::{Facts, Journey, Pack};
use services::{Applicant, OpenDraft, Services};
use web::{Asset, Bundle, Failure, Outcome, Routes, Visit, ctx};

/// What the resident's pages need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Portal {
    pub services: Services,
    pub identity: identity::Identity,
    pub store: store::Store,
    pub licences: credentials::Desk,
    pub signing: identity::SigningRoom,
}

/// Templates, words and files of the portal.
pub static BUNDLE: Bundle = Bundle {
    area: "portal",
    templates: &[
        (
            "portal/answer.html",
            include_str!("../templates/answer.html"),
        ),
        (
            "portal/browse.html",
            include_str!("../templates/browse.html"),
        ),
        ("portal/check.html", include_str!("../templates/check.html")),
        (
            "portal/confirm.html",
            include_str!("../templates/confirm.html"),
        ),
        ("portal/done.html", include_str!("../templates/done.html")),
        ("portal/draft.html", include_str!("../templates/draft.html")),
        (
            "portal/draft_page.html",
            include_str!("../templates/draft_page.html"),
        ),
        ("portal/find.html", include_str!("../templates/find.html")),
        ("portal/frame.html", include_str!("../templates/frame.html")),
        ("portal/home.html", include_str!("../templates/home.html")),
        ("portal/known.html", include_str!("../templates/known.html")),
        ("portal/parts.html", include_str!("../templates/parts.html")),
        (
            "portal/service.html",
            include_str!("../templates/service.html"),
        ),
        (
            "portal/application.html",
            include_str!("../templates/application.html"),
        ),
        (
            "portal/applications.html",
            include_str!("../templates/applications.html"),
        ),
        (
            "portal/feedback.html",
            include_str!("../templates/feedback.html"),
        ),
        ("portal/inbox.html", include_str!("../templates/inbox.html")),
        (
            "portal/licences.html",
            include_str!("../templates/licences.html"),
        ),
        (
            "portal/message.html",
            include_str!("../templates/message.html"),
        ),
        ("portal/news.html", include_str!("../templates/news.html")),
        (
            "portal/preview.html",
            include_str!("../templates/preview.html"),
        ),
        (
            "portal/preview_end.html",
            include_str!("../templates/preview_end.html"),
        ),
        (
            "portal/preview_page.html",
            include_str!("../templates/preview_page.html"),
        ),
        (
            "portal/preview_parts.html",
            include_str!("../templates/preview_parts.html"),
        ),
        (
            "portal/programme.html",
            include_str!("../templates/programme.html"),
        ),
        (
            "portal/programme_departments.html",
            include_str!("../templates/programme_departments.html"),
        ),
        (
            "portal/programme_parts.html",
            include_str!("../templates/programme_parts.html"),
        ),
        (
            "portal/programme_service.html",
            include_str!("../templates/programme_service.html"),
        ),
        ("portal/reply.html", include_str!("../templates/reply.html")),
        (
            "portal/sitemap.html",
            include_str!("../templates/sitemap.html"),
        ),
        (
            "portal/statistics.html",
            include_str!("../templates/statistics.html"),
        ),
        (
            "portal/statistics_registrants.html",
            include_str!("../templates/statistics_registrants.html"),
        ),
        (
            "portal/statistics_identity.html",
            include_str!("../templates/statistics_identity.html"),
        ),
        (
            "portal/statistics_usage.html",
            include_str!("../templates/statistics_usage.html"),
        ),
        (
            "portal/version.html",
            include_str!("../templates/version.html"),
        ),
        (
            "portal/versions.html",
            include_str!("../templates/versions.html"),
        ),
        ("portal/words.html", include_str!("../templates/words.html")),
        (
            "portal/answers.html",
            include_str!("../templates/answers.html"),
        ),
        (
            "portal/cross_boundary.html",
            include_str!("../templates/cross_boundary.html"),
        ),
        (
            "portal/feedback_check.html",
            include_str!("../templates/feedback_check.html"),
        ),
        (
            "portal/feedback_sent.html",
            include_str!("../templates/feedback_sent.html"),
        ),
        ("portal/kiosk.html", include_str!("../templates/kiosk.html")),
        (
            "portal/kiosk_home.html",
            include_str!("../templates/kiosk_home.html"),
        ),
        (
            "portal/kiosk_still.html",
            include_str!("../templates/kiosk_still.html"),
        ),
        (
            "portal/look_report.html",
            include_str!("../templates/look_report.html"),
        ),
        (
            "portal/page_feedback.html",
            include_str!("../templates/page_feedback.html"),
        ),
        (
            "portal/who_looked.html",
            include_str!("../templates/who_looked.html"),
        ),
        (
            "portal/email_proof.html",
            include_str!("../templates/email_proof.html"),
        ),
        (
            "portal/devices.html",
            include_str!("../templates/devices.html"),
        ),
        (
            "portal/device_end.html",
            include_str!("../templates/device_end.html"),
        ),
        (
            "portal/passkey_new.html",
            include_str!("../templates/passkey_new.html"),
        ),
        (
            "portal/document.html",
            include_str!("../templates/document.html"),
        ),
        (
            "portal/recover.html",
            include_str!("../templates/recover.html"),
        ),
        (
            "portal/company_parts.html",
            include_str!("../templates/company_parts.html"),
        ),
        (
            "portal/companies.html",
            include_str!("../templates/companies.html"),
        ),
        (
            "portal/company_join.html",
            include_str!("../templates/company_join.html"),
        ),
        (
            "portal/company.html",
            include_str!("../templates/company.html"),
        ),
        (
            "portal/company_documents.html",
            include_str!("../templates/company_documents.html"),
        ),
        (
            "portal/company_document.html",
            include_str!("../templates/company_document.html"),
        ),
        (
            "portal/company_document_add.html",
            include_str!("../templates/company_document_add.html"),
        ),
        (
            "portal/company_document_label.html",
            include_str!("../templates/company_document_label.html"),
        ),
        (
            "portal/company_document_parts.html",
            include_str!("../templates/company_document_parts.html"),
        ),
        (
            "portal/company_contact.html",
            include_str!("../templates/company_contact.html"),
        ),
        (
            "portal/company_people.html",
            include_str!("../templates/company_people.html"),
        ),
        (
            "portal/company_powers.html",
            include_str!("../templates/company_powers.html"),
        ),
        (
            "portal/company_end.html",
            include_str!("../templates/company_end.html"),
        ),
        (
            "portal/company_waiting.html",
            include_str!("../templates/company_waiting.html"),
        ),
        (
            "portal/company_firms.html",
            include_str!("../templates/company_firms.html"),
        ),
        (
            "portal/company_named.html",
            include_str!("../templates/company_named.html"),
        ),
        (
            "portal/company_history.html",
            include_str!("../templates/company_history.html"),
        ),
        (
            "portal/profile.html",
            include_str!("../templates/profile.html"),
        ),
        (
            "portal/profile_field.html",
            include_str!("../templates/profile_field.html"),
        ),
        (
            "portal/profile_proof.html",
            include_str!("../templates/profile_proof.html"),
        ),
        (
            "portal/children.html",
            include_str!("../templates/children.html"),
        ),
        (
            "portal/account_close.html",
            include_str!("../templates/account_close.html"),
        ),
        (
            "portal/my_data.html",
            include_str!("../templates/my_data.html"),
        ),
        ("portal/stale.html", include_str!("../templates/stale.html")),
        (
            "portal/examine.html",
            include_str!("../templates/examine.html"),
        ),
        ("portal/sign.html", include_str!("../templates/sign.html")),
        (
            "portal/sign_file.html",
            include_str!("../templates/sign_file.html"),
        ),
        (
            "portal/submit.html",
            include_str!("../templates/submit.html"),
        ),
    ],
    messages: include_str!("../messages.yaml"),
    assets: &[
        Asset {
            name: "portal/portal.css",
            bytes: include_bytes!("../assets/portal.css"),
        },
        Asset {
            name: "portal/programme.css",
            bytes: include_bytes!("../assets/programme.css"),
        },
        Asset {
            name: "portal/suggest.js",
            bytes: include_bytes!("../assets/suggest.js"),
        },
    ],
};

/// Every page of the portal.
#[must_use]
pub fn routes(portal: &Portal) -> Routes {
    catalogue::routes()
        .merge(apply::routes())
        .merge(application::routes())
        .merge(account::routes())
        .merge(devices::routes())
        .merge(my_data::routes())
        .merge(email_proof::routes())
        .merge(profile::routes())
        .merge(carried::routes())
        .merge(company::routes())
        .merge(cross_boundary::routes())
        .merge(feedback::routes())
        .merge(holding::routes())
        .merge(information::routes())
        .merge(statistics::routes())
        .merge(recognition::routes())
        .merge(preview::routes())
        .merge(programme::routes())
        .merge(kiosk::routes())
        .merge(looked::routes())
        .merge(verify::routes())
        .merge(versions::routes())
        .merge(examine::routes())
        .merge(signing::routes())
        .with_state(portal)
}

impl Portal {
    /// The person at the browser and the company they act for.
    fn applicant(&self, visit: &Visit) -> Outcome<Applicant> {
        match &visit.require()?.actor {
            Actor::Resident { person, company } => {
                let person = person.parse().map_err(|_| Failure::not_found())?;
                let company: Option<Id<identity::Company>> = match company {
                    Some(id) => Some(id.parse().map_err(|_| Failure::not_found())?),
                    None => None,
                };
                let applicant = Applicant::of(person, company);
                Ok(if visit.is_kiosk() {
                    applicant.at(journal::Channel::Kiosk)
                } else {
                    applicant
                })
            }
            _ => Err(Failure::not_found()),
        }
    }

    /// The way through `pack` for the answers of a draft, today.
    fn journey<'p>(&self, pack: &'p Pack, open: &OpenDraft) -> Journey<'p> {
        let calendar = self.services.calendar();
        let after = move |day: Date, days: i64| calendar.plus_working_days(day, days);
        let verified: Vec<String> = open.locked.keys().cloned().collect();
        let today = open
            .draft
            .frozen_on
            .unwrap_or_else(|| self.services.env().today());
        let facts = Facts {
            today,
            working_days_after: &after,
            verified: &verified,
        };
        pack.journey(&open.answers, &facts)
    }

    /// Announcements to show now on a page about `concern`.
    async fn announcements(
        &self,
        visit: &Visit,
        concern: notify::Concern,
    ) -> Outcome<Vec<web::Value>> {
        let found = self
            .store
            .read(move |db| {
                let concern = concern.clone();
                async move { notify::current_announcements(&db, &concern).await }
            })
            .await?;
        Ok(found
            .iter()
            .map(|one| self.announcement(visit, one))
            .collect())
    }

    /// One announcement as pages show it, with the version of a service it leads to.
    fn announcement(&self, visit: &Visit, one: &notify::Announcement) -> web::Value {
        let catalogue = self.services.catalogue();
        let policy = one.policy.as_ref().and_then(|policy| {
            let name = &catalogue.entry(&policy.service)?.name;
            // A version that is announced before it is published has no page yet.
            let path = versions::path(&catalogue, &policy.service, policy.version)
                .unwrap_or_else(|| format!("/services/{}", policy.service));
            Some(ctx! { href => visit.to(&path), name => name, version => policy.version })
        });
        ctx! {
            title => one.title,
            body => one.body,
            severity => one.severity.code(),
            starts_at => one.starts_at,
            ends_at => one.ends_at,
            policy,
        }
    }

    /// What a page about one service concerns: the service, its department, its life events.
    fn concern(&self, service: &str) -> notify::Concern {
        let catalogue = self.services.catalogue();
        let entry = catalogue.entry(service);
        notify::Concern {
            service: Some(service.to_owned()),
            department: entry.map(|entry| entry.department.clone()),
            life_events: entry
                .map(|entry| entry.life_events.clone())
                .unwrap_or_default(),
        }
    }

    /// The person at the browser.
    fn person(&self, visit: &Visit) -> Outcome<Id<identity::Person>> {
        Ok(self.applicant(visit)?.person)
    }

    /// The same, or `None` for a visitor and for staff.
    fn applicant_if_any(&self, visit: &Visit) -> Option<Applicant> {
        visit.signed_in().and_then(|_| self.applicant(visit).ok())
    }
}

#[cfg(test)]
mod tests;
