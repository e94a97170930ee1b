//! Pages about the portal itself: help, contact, accessibility, privacy, announcements, site map.

use axum::extract::State;
use web::{Access, Outcome, Page, Routes, Visit, ctx};

use crate::Portal;

/// Announcements on the page of announcements.
const NEWS: i64 = 50;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/help", Access::Public, help)
        .get("/{lang}/contact", Access::Public, contact)
        .get("/{lang}/accessibility", Access::Public, accessibility)
        .get("/{lang}/privacy", Access::Public, privacy)
        .get("/{lang}/news", Access::Public, news)
        .get("/{lang}/sitemap", Access::Public, sitemap)
}

/// A part of an information page: keys of its title and of its paragraphs.
struct Part {
    title: Option<&'static str>,
    paragraphs: &'static [&'static str],
    is_list: bool,
}

const fn part(title: &'static str, paragraphs: &'static [&'static str]) -> Part {
    Part {
        title: Some(title),
        paragraphs,
        is_list: false,
    }
}

fn words(visit: &Visit, title: &str, lead: &str, parts: &[Part]) -> Page {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| {
            ctx! {
                title => part.title.map(|key| visit.t(key)),
                is_list => part.is_list,
                paragraphs => part.paragraphs.iter().map(|key| visit.t(key)).collect::<Vec<_>>(),
            }
        })
        .collect();
    visit.page(
        "portal/words.html",
        ctx! { title => visit.t(title), lead => visit.t(lead), parts },
    )
}

async fn help(visit: Visit) -> Page {
    let start = Part {
        title: Some("portal.help.start"),
        paragraphs: &[
            "portal.help.start.1",
            "portal.help.start.2",
            "portal.help.start.3",
            "portal.help.start.4",
            "portal.help.start.5",
            "portal.help.start.6",
        ],
        is_list: true,
    };
    let parts = [
        start,
        part("portal.help.rejected", &["portal.help.rejected.text"]),
        part("portal.help.lost", &["portal.help.lost.text"]),
        part("portal.help.contact", &["portal.help.contact.text"]),
    ];
    words(&visit, "portal.help.title", "portal.help.lead", &parts)
}

async fn contact(visit: Visit) -> Page {
    let parts: &[Part] = if visit.site().is_demo() {
        &[part(
            "portal.help.contact",
            &["portal.help.contact.text", "portal.help.demo"],
        )]
    } else {
        &[part("portal.help.contact", &["portal.help.contact.text"])]
    };
    words(&visit, "portal.contact.title", "portal.help.lead", parts)
}

async fn accessibility(visit: Visit) -> Page {
    let parts = [
        Part {
            title: None,
            paragraphs: &[
                "portal.accessibility.1",
                "portal.accessibility.2",
                "portal.accessibility.3",
            ],
            is_list: false,
        },
        part(
            "portal.accessibility.report",
            &["portal.accessibility.report.text"],
        ),
    ];
    words(
        &visit,
        "portal.accessibility.title",
        "portal.accessibility.lead",
        &parts,
    )
}

async fn privacy(visit: Visit) -> Page {
    let parts = [Part {
        title: None,
        paragraphs: &[
            "portal.privacy.1",
            "portal.privacy.2",
            "portal.privacy.3",
            "portal.privacy.4",
            "portal.privacy.5",
        ],
        is_list: false,
    }];
    words(
        &visit,
        "portal.privacy.title",
        "portal.privacy.lead",
        &parts,
    )
}

async fn news(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let items = portal
        .store
        .read(|db| async move { notify::announcements(&db, NEWS).await })
        .await?;
    let now = visit.site().env().now();
    let items: Vec<_> = items
        .iter()
        .filter(|item| item.starts_at <= now && item.withdrawn_at.is_none())
        .map(|item| {
            ctx! {
                title => item.title,
                body => item.body,
                severity => item.severity.code(),
                starts_at => item.starts_at,
                ends_at => item.ends_at,
                is_current => item.is_current(now),
            }
        })
        .collect();
    Ok(visit.page("portal/news.html", ctx! { items }))
}

async fn sitemap(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let online: Vec<_> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .map(|entry| ctx! { id => entry.id, name => entry.name })
        .collect();
    let context = ctx! {
        online,
        subjects => catalogue.subjects(),
        life_events => catalogue.life_events(),
    };
    visit.page("portal/sitemap.html", context)
}
