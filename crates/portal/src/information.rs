//! Pages about the portal itself: help, contact, accessibility, privacy, announcements, site map.

use axum::extract::State;
use kernel::Cursor;
use notify::Severity;
use web::{Access, Outcome, Page, Routes, Visit, ctx};

use crate::Portal;

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
    let now = visit.site().env().now();
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let is_first = after.is_none();
    let page = portal
        .store
        .read(move |db| {
            let after = after.clone();
            async move { notify::announcements(&db, now, after.as_ref()).await }
        })
        .await?;
    let items: Vec<_> = page
        .items
        .iter()
        .map(|item| {
            let ended_at = item.withdrawn_at.unwrap_or(item.ends_at).min(item.ends_at);
            ctx! {
                item => portal.announcement(&visit, item),
                ended_at,
                is_current => item.is_current(now),
                severity => visit.t(severity_key(item.severity)),
                kind => severity_kind(item.severity),
            }
        })
        .collect();
    let context = ctx! {
        items,
        first => if is_first { String::new() } else { visit.to("/news") },
        next => page.next.map(|cursor| visit.to(&format!("/news?after={}", cursor.0))).unwrap_or_default(),
    };
    Ok(visit.page("portal/news.html", context))
}

const fn severity_key(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "portal.news.info",
        Severity::Warning => "portal.news.warning",
        Severity::Urgent => "portal.news.urgent",
    }
}

const fn severity_kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "wait",
        Severity::Urgent => "bad",
    }
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
