//! Finding a service: the home page, search, subjects, life events, departments, and the page of one
//! service with everything a person wants to know before starting.

use axum::extract::State;
use kernel::{Lang, Text, Time};
use services::{Catalogue, Entry};
use web::{Access, Operation, Outcome, Page, Path, Query, Routes, Visit, ctx, operation};

use crate::{
    Portal,
    service_view::{self, ServiceView},
};

/// Services on the home page.
const HOME_SERVICES: usize = 9;
/// Search results on one page; a better question finds the rest.
const RESULTS: usize = 50;
/// Services related by subject shown on a service page.
const RELATED: usize = 6;
/// Characters of a search that are read.
const QUERY_CHARS: usize = 200;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}", Access::Public, home)
        .get("/{lang}/find", Access::Public, find)
        .get("/{lang}/online", Access::Public, online)
        .get("/{lang}/subjects", Access::Public, subjects)
        .get("/{lang}/subjects/{*id}", Access::Public, subject)
        .get("/{lang}/life-events", Access::Public, life_events)
        .get("/{lang}/life-events/{id}", Access::Public, life_event)
        .get("/{lang}/departments", Access::Public, departments)
        .get("/{lang}/departments/{code}", Access::Public, department)
        .get("/{lang}/services/{id}", Access::Public, service)
        .json(
            &web::Method::GET,
            "/api/suggestions",
            Access::Public,
            suggestions_operation(),
            suggestions,
        )
}

/// A service in a list.
#[derive(serde::Serialize)]
pub(crate) struct EntryView<'a> {
    id: &'a str,
    name: &'a Text,
    summary: &'a Text,
    department: &'a str,
    department_name: Text,
    forms: &'a [String],
    is_online: bool,
    ending: Option<EndingView>,
}

/// How a service ends, for those who look for it.
#[derive(serde::Serialize)]
struct EndingView {
    starts_at: Time,
    submit_until: Time,
    reason: Text,
    instead: Option<TopicView>,
}

impl EndingView {
    fn of(catalogue: &Catalogue, service: &str) -> Option<Self> {
        let end = catalogue.retirement(service)?;
        let instead = end.instead.as_ref().and_then(|id| catalogue.entry(id));
        Some(Self {
            starts_at: end.starts_at,
            submit_until: end.submit_until,
            reason: end.reason.clone(),
            instead: instead.map(|entry| TopicView {
                href: format!("/services/{}", entry.id),
                name: entry.name.clone(),
            }),
        })
    }
}

impl<'a> EntryView<'a> {
    pub(crate) fn of(catalogue: &Catalogue, entry: &'a Entry) -> Self {
        Self {
            id: &entry.id,
            name: &entry.name,
            summary: &entry.summary,
            department: &entry.department,
            department_name: catalogue.department_name(&entry.department),
            forms: &entry.forms,
            is_online: entry.is_online(),
            ending: EndingView::of(catalogue, &entry.id),
        }
    }
}

fn views<'a>(catalogue: &Catalogue, entries: &[&'a Entry]) -> Vec<EntryView<'a>> {
    entries
        .iter()
        .map(|entry| EntryView::of(catalogue, entry))
        .collect()
}

/// A link to a topic.
#[derive(serde::Serialize)]
struct TopicView {
    href: String,
    name: Text,
}

/// A step of the way back.
#[derive(serde::Serialize)]
struct Crumb {
    href: String,
    words: String,
}

fn crumb(visit: &Visit, path: &str, key: &str) -> Crumb {
    Crumb {
        href: visit.to(path),
        words: visit.t(key),
    }
}

/// What most people come for stands first on the home page; the rest in the order of the catalogue.
const HOME_FIRST: [&str; 9] = [
    "td-full-driving-licence-renewal",
    "td-vehicle-licence-renewal",
    "dpo-change-of-address",
    "dpo-1823-complaint",
    "immd-birth-death-record-search",
    "swd-old-age-living-allowance",
    "ird-business-registration",
    "reo-voter-registration",
    "afcd-dog-licence",
];

async fn home(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let first = |entry: &&Entry| HOME_FIRST.iter().position(|id| *id == entry.id);
    let mut online: Vec<&Entry> = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .collect();
    online.sort_by_key(|entry| first(entry).unwrap_or(HOME_FIRST.len()));
    online.truncate(HOME_SERVICES);
    let attention = crate::application::attention(&portal, &visit).await?;
    let announcements_now = portal
        .announcements(&visit, notify::Concern::default())
        .await?;
    Ok(visit.page(
        "portal/home.html",
        ctx! {
            online => views(&catalogue, &online),
            life_events => catalogue.life_events(),
            subjects => catalogue.subjects(),
            attention,
            announcements_now,
        },
    ))
}

/// What a search asks for.
#[derive(serde::Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    department: String,
    #[serde(default)]
    online: String,
}

async fn find(
    State(portal): State<Portal>,
    visit: Visit,
    Query(search): Query<Search>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let q: String = search.q.trim().chars().take(QUERY_CHARS).collect();
    let online_only = search.online == "yes";
    let kept = |entry: &&Entry| {
        (!online_only || entry.is_online())
            && (search.department.is_empty()
                || entry.department.eq_ignore_ascii_case(&search.department))
    };
    let found: Vec<&Entry> = if q.is_empty() && search.department.is_empty() && !online_only {
        Vec::new()
    } else if q.is_empty() {
        catalogue
            .entries()
            .iter()
            .filter(kept)
            .take(RESULTS + 1)
            .collect()
    } else {
        catalogue
            .search(&q)
            .into_iter()
            .filter(kept)
            .take(RESULTS + 1)
            .collect()
    };
    let is_cut = found.len() > RESULTS;
    let shown: Vec<&Entry> = found.into_iter().take(RESULTS).collect();
    let mut departments: Vec<(String, String)> = catalogue
        .departments()
        .iter()
        .filter(|one| !catalogue.of_department(&one.code).is_empty())
        .map(|one| (one.name.get(visit.lang()).to_owned(), one.code.clone()))
        .collect();
    departments.sort();
    let departments: Vec<_> = departments
        .into_iter()
        .map(|(words, value)| ctx! { value, words })
        .collect();
    Ok(visit.page(
        "portal/find.html",
        ctx! {
            q,
            online_only,
            is_cut,
            departments,
            department => search.department,
            results => views(&catalogue, &shown),
            subjects => catalogue.subjects(),
        },
    ))
}

/// What a page of a topic shows.
struct Listing<'a> {
    title: Text,
    trail: Vec<Crumb>,
    topics: Vec<TopicView>,
    entries: Vec<&'a Entry>,
    website: Option<String>,
    announcements: Vec<web::Value>,
}

fn listing(visit: &Visit, catalogue: &Catalogue, listing: &Listing<'_>) -> Page {
    let online_count = listing
        .entries
        .iter()
        .filter(|entry| entry.is_online())
        .count();
    visit.page(
        "portal/browse.html",
        ctx! {
            title => listing.title,
            trail => listing.trail,
            topics => listing.topics,
            website => listing.website,
            announcements_now => listing.announcements,
            online_count,
            entries => views(catalogue, &listing.entries),
        },
    )
}

async fn online(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let entries = catalogue
        .entries()
        .iter()
        .filter(|entry| entry.is_online())
        .collect();
    let trail = vec![crumb(&visit, "", "portal.nav.home")];
    let title = visit.site().text("portal.browse.online");
    listing(
        &visit,
        &catalogue,
        &Listing {
            title,
            trail,
            topics: Vec::new(),
            entries,
            website: None,
            announcements: Vec::new(),
        },
    )
}

async fn subjects(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let topics = catalogue
        .subjects()
        .iter()
        .map(|one| TopicView {
            href: format!("/subjects/{}", one.id),
            name: one.name.clone(),
        })
        .collect();
    top(&visit, &catalogue, "portal.browse.subjects", topics)
}

async fn life_events(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let topics = catalogue
        .life_events()
        .iter()
        .map(|one| TopicView {
            href: format!("/life-events/{}", one.id),
            name: one.name.clone(),
        })
        .collect();
    top(&visit, &catalogue, "portal.browse.life", topics)
}

async fn departments(State(portal): State<Portal>, visit: Visit) -> Page {
    let catalogue = portal.services.catalogue();
    let mut topics: Vec<TopicView> = catalogue
        .departments()
        .iter()
        .map(|one| TopicView {
            href: format!("/departments/{}", one.code),
            name: one.name.clone(),
        })
        .collect();
    topics.sort_by(|a, b| a.name.get(visit.lang()).cmp(b.name.get(visit.lang())));
    top(&visit, &catalogue, "portal.browse.departments", topics)
}

fn top(visit: &Visit, catalogue: &Catalogue, key: &str, topics: Vec<TopicView>) -> Page {
    let trail = vec![crumb(visit, "", "portal.nav.home")];
    let title = visit.site().text(key);
    listing(
        visit,
        catalogue,
        &Listing {
            title,
            trail,
            topics,
            entries: Vec::new(),
            website: None,
            announcements: Vec::new(),
        },
    )
}

async fn subject(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let mut trail = vec![
        crumb(&visit, "", "portal.nav.home"),
        crumb(&visit, "/subjects", "portal.browse.subjects"),
    ];
    let parent = id.split('/').next().unwrap_or_default();
    let subject = catalogue
        .subjects()
        .iter()
        .find(|one| one.id == parent)
        .ok_or_else(web::Failure::not_found)?;
    let (title, topics) = if parent == id {
        let topics = subject.children.iter().map(|child| TopicView {
            href: format!("/subjects/{}", child.id),
            name: child.name.clone(),
        });
        (subject.name.clone(), topics.collect())
    } else {
        let child = subject
            .children
            .iter()
            .find(|one| one.id == id)
            .ok_or_else(web::Failure::not_found)?;
        let href = visit.to(&format!("/subjects/{parent}"));
        trail.push(Crumb {
            href,
            words: subject.name.get(visit.lang()).to_owned(),
        });
        (child.name.clone(), Vec::new())
    };
    let entries = catalogue.of_subject(&id);
    Ok(listing(
        &visit,
        &catalogue,
        &Listing {
            title,
            trail,
            topics,
            entries,
            website: None,
            announcements: Vec::new(),
        },
    ))
}

async fn life_event(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let title = catalogue
        .life_events()
        .iter()
        .find(|one| one.id == id)
        .map(|one| one.name.clone())
        .ok_or_else(web::Failure::not_found)?;
    let trail = vec![
        crumb(&visit, "", "portal.nav.home"),
        crumb(&visit, "/life-events", "portal.browse.life"),
    ];
    let entries = catalogue.of_life_event(&id);
    let concern = notify::Concern {
        life_events: vec![id],
        ..notify::Concern::default()
    };
    let page = Listing {
        title,
        trail,
        topics: Vec::new(),
        entries,
        website: None,
        announcements: portal.announcements(&visit, concern).await?,
    };
    Ok(listing(&visit, &catalogue, &page))
}

async fn department(
    State(portal): State<Portal>,
    visit: Visit,
    Path(code): Path<String>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let department = catalogue
        .department(&code)
        .ok_or_else(web::Failure::not_found)?;
    let trail = vec![
        crumb(&visit, "", "portal.nav.home"),
        crumb(&visit, "/departments", "portal.browse.departments"),
    ];
    let concern = notify::Concern {
        department: Some(code.clone()),
        ..notify::Concern::default()
    };
    let page = Listing {
        title: department.name.clone(),
        trail,
        topics: Vec::new(),
        entries: catalogue.of_department(&code),
        website: department.website.clone(),
        announcements: portal.announcements(&visit, concern).await?,
    };
    Ok(listing(&visit, &catalogue, &page))
}

/// What stands between a service that was studied and its use here.
fn lacks(outlook: &services::Outlook) -> Vec<kernel::Text> {
    outlook.lacks.iter().map(services::Lack::words).collect()
}

async fn service(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let entry = catalogue.entry(&id).ok_or_else(web::Failure::not_found)?;
    let now = visit.site().env().now();
    let view = service_view::of(&catalogue, entry, now);
    let website = catalogue
        .department(&entry.department)
        .and_then(|department| department.website.clone());
    let acting = visit.to(&format!(
        "/acting?next={}",
        visit.to(&format!("/services/{id}"))
    ));
    let draft = crate::apply::live_draft(&portal, &visit, &id).await?;
    let announcements_now = portal.announcements(&visit, portal.concern(&id)).await?;
    let related = related(&catalogue, entry);
    let outlook = entry.studied.as_deref().and_then(services::find_outlook);
    Ok(visit.page(
        "portal/service.html",
        ctx! {
            entry => EntryView::of(&catalogue, entry),
            service => view as Option<ServiceView>,
            website,
            acting,
            draft,
            announcements_now,
            related,
            needs_booking => outlook.is_some_and(|one| one.needs_booking),
            lacks => outlook.map(lacks).unwrap_or_default(),
        },
    ))
}

fn related<'a>(catalogue: &'a Catalogue, entry: &Entry) -> Vec<EntryView<'a>> {
    let Some(subject) = entry.subjects.first() else {
        return Vec::new();
    };
    let others: Vec<&Entry> = catalogue
        .of_subject(subject)
        .into_iter()
        .filter(|one| one.id != entry.id)
        .take(RELATED)
        .collect();
    views(catalogue, &others)
}

/// A query of the suggestions under a search box.
#[derive(serde::Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
    #[serde(default)]
    lang: Option<Lang>,
}

/// Names for what is being typed, best first.
#[derive(serde::Serialize, web::ToSchema)]
pub(crate) struct Suggestions {
    suggestions: Vec<Named>,
}

/// A service by name.
#[derive(serde::Serialize, web::ToSchema)]
pub(crate) struct Named {
    /// The service's id, the last part of its page's address.
    id: String,
    /// Its name in the language asked for.
    name: String,
    /// Whether it can be used here.
    is_online: bool,
}

fn suggestions_operation() -> Operation {
    operation::<(), Suggestions>("Names of services for what is being typed")
}

async fn suggestions(
    State(portal): State<Portal>,
    Query(typed): Query<Typed>,
) -> web::Json<Suggestions> {
    let q: String = typed.q.chars().take(QUERY_CHARS).collect();
    let found = portal
        .services
        .catalogue()
        .suggest(&q, typed.lang.unwrap_or_default());
    let suggestions = found
        .into_iter()
        .map(|one| Named {
            id: one.id,
            name: one.name,
            is_online: one.is_online,
        })
        .collect();
    web::Json(Suggestions { suggestions })
}
