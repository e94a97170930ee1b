//! Feedback: a quiet link on every page, the question after a journey, and the public answers. Before
//! anything is sent the page shows it as it will be kept, with personal data struck out.
//!
//! A remark on a service and a fault of a page are two kinds, kept apart from the first question on.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Id, Time};
use services::{Draft, Error, FeedbackKind, NewFeedback, Reference};
use web::{
    Access, Failure, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, ctx,
};

use crate::Portal;

/// Where the browser keeps what waits to be sent.
const WAITING: &str = "portal.feedback";
/// When this browser sent feedback, in microseconds.
const SENT: &str = "portal.feedback.sent";
/// Feedback that one browser may send in an hour, besides the limit for its network address.
const PER_HOUR: usize = 10;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Characters of the address of a page that are kept.
const PAGE_CHARS: usize = 200;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/feedback", Access::Public, ask)
        .post("/{lang}/feedback", Access::Public, offer)
        .get("/{lang}/feedback/check", Access::Public, check)
        .post("/{lang}/feedback/check", Access::Public, send)
        .rate(Rate::Attempt)
        .get("/{lang}/feedback/sent", Access::Public, sent)
        .get("/{lang}/answers", Access::Public, site_answers)
        .get("/{lang}/services/{id}/answers", Access::Public, answers)
}

/// The place of a page without language, query, and the numbers that name a person's things:
/// `/applications/…/reply`.
fn place_of(path: &str) -> String {
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let segments = plain.split('/').filter(|segment| !segment.is_empty());
    let kept: Vec<&str> = segments
        .filter(|segment| segment.parse::<kernel::Lang>().is_err())
        .map(|segment| {
            let is_id =
                segment.parse::<Id<Draft>>().is_ok() || segment.parse::<Reference>().is_ok();
            let is_plain = segment
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
            if is_id || !is_plain { "…" } else { segment }
        })
        .collect();
    let place: String = format!("/{}", kept.join("/"));
    place.chars().take(PAGE_CHARS).collect()
}

/// The service a page belongs to, with the version its reader used.
async fn service_of(portal: &Portal, visit: &Visit, path: &str) -> Outcome<Option<(String, i64)>> {
    let segments: Vec<&str> = path
        .split(['/', '?', '#'])
        .filter(|one| !one.is_empty())
        .collect();
    let applicant = portal.applicant_if_any(visit);
    let found = match (segments.as_slice(), applicant) {
        ([_, "services", id, ..], _) => {
            let catalogue = portal.services.catalogue();
            let now = visit.site().env().now();
            catalogue
                .current(id, now)
                .or_else(|| catalogue.versions(id).first().copied())
                .map(|one| ((*id).to_owned(), one.version))
        }
        ([_, "drafts", id, ..], Some(applicant)) => match id.parse::<Id<Draft>>() {
            Ok(id) => match portal.services.draft(applicant, id).await {
                Ok(open) => Some((open.draft.service, open.draft.pack_version)),
                Err(Error::NoSuchDraft | Error::DraftExpired) => None,
                Err(error) => return Err(error.into()),
            },
            Err(_) => None,
        },
        ([_, "applications", reference, ..], Some(applicant)) => match reference.parse() {
            Ok(reference) => match portal.services.application(applicant, &reference).await {
                Ok(found) => Some((found.row.service, found.pack_version)),
                Err(Error::NoSuchCase) => None,
                Err(error) => return Err(error.into()),
            },
            Err(_) => None,
        },
        _ => None,
    };
    Ok(found)
}

/// Names that must not stay in what the person at the browser writes.
pub(crate) async fn names(portal: &Portal, visit: &Visit) -> Outcome<Vec<String>> {
    let Some(who) = visit.signed_in() else {
        return Ok(Vec::new());
    };
    let mut names = vec![who.name.clone()];
    if let Some(applicant) = portal.applicant_if_any(visit) {
        let person = identity::find_person(&portal.store, applicant.person).await?;
        if let Some(person) = person {
            names.push(person.name.en);
            names.extend(person.name.zh);
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

/// The page that asks, with what was typed.
fn asked(visit: &Visit, form: &Form, (page, error): (&str, Option<Value>)) -> Page {
    let ratings: Vec<Value> = ratings(visit);
    let previous = web::local_path(Some(page), &visit.to("")).to_owned();
    let context = ctx! {
        page,
        previous,
        ratings,
        kind => form.text("kind"),
        rating => form.text("rating"),
        words => form.text("words"),
        errors => error.into_iter().collect::<Vec<_>>(),
    };
    visit.page("portal/page_feedback.html", context)
}

/// The five ratings, the best first.
pub(crate) fn ratings(visit: &Visit) -> Vec<Value> {
    (1..=5)
        .rev()
        .map(|stars: u8| ctx! { value => stars.to_string(), words => visit.t(&format!("portal.feedback.rating.{stars}")) })
        .collect()
}

async fn ask(visit: Visit) -> Page {
    let page = visit.query().text("page").to_owned();
    match visit.recall::<NewFeedback>(WAITING) {
        // Back from the check, to change a word.
        Some(waiting) if visit.query().has("again") => {
            let kind = match waiting.kind {
                FeedbackKind::Feedback => "feedback",
                FeedbackKind::Issue | FeedbackKind::Access => "issue",
            };
            let rating = waiting.rating.map(|rating| rating.to_string());
            let form = Form::from_fields(vec![
                ("kind".to_owned(), kind.to_owned()),
                ("rating".to_owned(), rating.unwrap_or_default()),
                ("words".to_owned(), waiting.words),
            ]);
            asked(&visit, &form, (&page, None))
        }
        _ => asked(&visit, &Form::default(), (&page, None)),
    }
}

async fn offer(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let page = form.text("page").to_owned();
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!("/{lang}/feedback?page={}", web::encode(&page))));
    }
    let refuse = |field: &str, key: &str| {
        let error = ctx! { field, words => visit.t(key) };
        asked(&visit, &form, (&page, Some(error)))
            .with_errors()
            .into_response()
    };
    let kind = match form.text("kind") {
        "feedback" => FeedbackKind::Feedback,
        "issue" => FeedbackKind::Issue,
        _ => return Ok(refuse("kind", "portal.feedback.kind.needed")),
    };
    let new = NewFeedback {
        kind,
        service: service_of(&portal, &visit, &page).await?,
        page: place_of(&page),
        lang: visit.lang(),
        rating: form.text("rating").parse().ok(),
        words: form.text("words").to_owned(),
        names: names(&portal, &visit).await?,
        about: None,
        department: None,
    };
    match new.check() {
        Ok(()) => show_first(&visit, &new, &page).await,
        Err(Error::Rating) => Ok(refuse("rating", "portal.feedback.rating.wrong")),
        Err(_) => Ok(refuse("words", "portal.feedback.words.needed")),
    }
}

/// Keeps `new` with the browser and shows it as it will be kept; `page` is where the person came from.
pub(crate) async fn show_first(visit: &Visit, new: &NewFeedback, page: &str) -> Outcome<Response> {
    visit.remember(WAITING, new).await?;
    let path = format!("/feedback/check?page={}", web::encode(page));
    Ok(visit.redirect(&visit.to(&path)))
}

async fn check(State(portal): State<Portal>, visit: Visit) -> Response {
    let page = visit.query().text("page");
    let Some(waiting) = visit.recall::<NewFeedback>(WAITING) else {
        return visit.redirect(&visit.to(&format!("/feedback?page={}", web::encode(page))));
    };
    let kept = waiting.kept_words();
    let service = waiting.service.as_ref().and_then(|(id, _)| {
        portal
            .services
            .catalogue()
            .entry(id)
            .map(|entry| entry.name.clone())
    });
    let context = ctx! {
        is_struck => kept != waiting.words.trim(),
        kept,
        is_issue => waiting.kind == FeedbackKind::Issue,
        rating => waiting.rating.map(|stars| visit.t(&format!("portal.feedback.rating.{stars}"))),
        service,
        version => waiting.service.as_ref().map(|(_, version)| *version),
        place => waiting.page,
        change => visit.to(&format!("/feedback?again=yes&page={}", web::encode(page))),
        action => visit.to("/feedback/check"),
        page,
    };
    visit
        .page("portal/feedback_check.html", context)
        .into_response()
}

async fn send(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let page = form.text("page").to_owned();
    let Some(waiting) = visit.recall::<NewFeedback>(WAITING) else {
        return Ok(visit.redirect(&visit.to("/feedback/sent")));
    };
    let now = visit.site().env().now();
    let mut times = recent(&visit, now);
    if times.len() >= PER_HOUR {
        visit.flash_with("warning", "portal.feedback.too_often", &[]);
        let path = format!("/feedback/check?page={}", web::encode(&page));
        return Ok(visit.redirect(&visit.to(&path)));
    }
    let reference = portal.services.feedback(waiting).await?;
    times.push(now.micros());
    visit.remember(SENT, &times).await?;
    visit.forget(WAITING).await?;
    let reference = reference.to_string();
    visit.flash_with(
        "success",
        "portal.feedback.sent",
        &[("reference", &reference)],
    );
    let path = format!("/feedback/sent?page={}", web::encode(&page));
    Ok(visit.redirect(&visit.to(&path)))
}

/// When this browser sent feedback within the last hour.
fn recent(visit: &Visit, now: Time) -> Vec<i64> {
    let mut times = visit.recall::<Vec<i64>>(SENT).unwrap_or_default();
    times.retain(|at| now.micros() - at < HOUR_MICROS);
    times
}

async fn sent(visit: Visit) -> Page {
    let home = visit.to("");
    let previous = web::local_path(visit.query().get("page"), &home).to_owned();
    visit.page("portal/feedback_sent.html", ctx! { previous, home })
}

async fn site_answers(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    answered(&portal, &visit, "").await
}

async fn answers(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Page> {
    if portal.services.catalogue().entry(&id).is_none() {
        return Err(Failure::not_found());
    }
    answered(&portal, &visit, &id).await
}

async fn answered(portal: &Portal, visit: &Visit, service: &str) -> Outcome<Page> {
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let is_first = after.is_none();
    let page = portal.services.feedback_answers(service, after).await?;
    let catalogue = portal.services.catalogue();
    let name = catalogue.entry(service).map(|entry| entry.name.clone());
    let items: Vec<Value> = page
        .items
        .iter()
        .map(|one| {
            ctx! {
                said => one.said,
                answer => one.answer,
                at => one.settled_at.unwrap_or(one.at),
                version => (!one.service.is_empty()).then_some(one.pack_version),
                is_issue => one.kind == FeedbackKind::Issue,
            }
        })
        .collect();
    let context = ctx! {
        name,
        service => visit.to(&format!("/services/{service}")),
        ask => visit.to(&format!("/feedback?page={}", web::encode(visit.path()))),
        items,
        first => if is_first { String::new() } else { visit.path().to_owned() },
        next => page.next.map(|cursor| format!("{}?after={}", visit.path(), cursor.0)).unwrap_or_default(),
    };
    Ok(visit.page("portal/answers.html", context))
}

#[cfg(test)]
mod tests {
    use super::place_of;

    #[test]
    fn the_place_of_a_page_names_no_person_and_no_application() {
        let id = kernel::Id::<()>::from_bits(7).to_string();
        for (path, place) in [
            ("/en/find?q=my+secret", "/find"),
            ("/tc", "/"),
            ("/en/services/td-renewal", "/services/td-renewal"),
            (
                "/en/subjects/transport/permits#top",
                "/subjects/transport/permits",
            ),
            ("/en/find/Chan Tai Man", "/find/…"),
            ("/en/x/陳大文", "/x/…"),
            ("", "/"),
        ] {
            assert_eq!(place_of(path), place, "{path}");
        }
        assert_eq!(
            place_of(&format!("/sc/drafts/{id}/address")),
            "/drafts/…/address"
        );
    }
}
