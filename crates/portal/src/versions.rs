//! The published versions of a service, and what each changed for people, in plain words. Announcements of
//! a change of policy lead here.

use axum::extract::State;
use kernel::{Lang, Text};
use packs::{About, Plain, PlainChange, Promise, Told};
use services::{Catalogue, Published};
use web::{Access, Failure, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Portal;

/// Versions listed, the newest first; older ones have their pages all the same.
const LISTED: usize = 50;

pub(crate) fn routes() -> Routes<Portal> {
    let all = "/{lang}/services/{id}/versions";
    let one = "/{lang}/services/{id}/versions/{version}";
    Routes::new()
        .get(all, Access::Public, list)
        .get(one, Access::Public, show)
}

/// Where the page of a version stands, when there is such a version.
pub(crate) fn path(catalogue: &Catalogue, service: &str, version: i64) -> Option<String> {
    let found = catalogue.pinned(service, version)?;
    Some(format!("/services/{service}/versions/{}", found.version))
}

fn row(visit: &Visit, catalogue: &Catalogue, one: &Published) -> Value {
    let now = visit.site().env().now();
    let service = &one.pack.service;
    let current = catalogue.current(service, now).map(|live| live.version);
    let (key, kind) = if current == Some(one.version) {
        ("portal.version.live", "good")
    } else if one.cutoff.is_some_and(|cutoff| cutoff <= now) {
        ("portal.version.closed", "neutral")
    } else {
        ("portal.version.older", "neutral")
    };
    ctx! {
        version => one.version,
        href => visit.to(&format!("/services/{service}/versions/{}", one.version)),
        published_at => one.published_at,
        cutoff => one.cutoff,
        state => visit.t(key),
        kind,
    }
}

async fn list(State(portal): State<Portal>, visit: Visit, Path(id): Path<String>) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let versions = catalogue.versions(&id);
    let newest = versions.first().ok_or_else(Failure::not_found)?;
    let context = ctx! {
        name => newest.pack.name,
        service => visit.to(&format!("/services/{id}")),
        versions => versions.iter().take(LISTED).map(|one| row(&visit, &catalogue, one)).collect::<Vec<_>>(),
    };
    Ok(visit.page("portal/versions.html", context))
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, version)): Path<(String, String)>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let version: i64 = version.parse().map_err(|_| Failure::not_found())?;
    let versions = catalogue.versions(&id);
    let place = versions
        .iter()
        .position(|one| one.version == version)
        .ok_or_else(Failure::not_found)?;
    let here = versions.get(place).ok_or_else(Failure::not_found)?;
    let before = versions.get(place + 1);
    let changes = before.map(|before| packs::plain(&before.pack, &here.pack));
    let link = |other: Option<&&Published>| {
        other.map(|one| visit.to(&format!("/services/{id}/versions/{}", one.version)))
    };
    let context = ctx! {
        name => here.pack.name,
        shown => row(&visit, &catalogue, here),
        service => visit.to(&format!("/services/{id}")),
        all => visit.to(&format!("/services/{id}/versions")),
        before => before.map(|one| one.version),
        older => link(before),
        newer => link(place.checked_sub(1).and_then(|place| versions.get(place))),
        groups => changes.as_ref().map(|found| groups(&visit, &catalogue, found)).unwrap_or_default(),
        others => changes.as_ref().map_or(0, |found| found.others),
    };
    Ok(visit.page("portal/version.html", context))
}

/// Parts of the page, in the order in which people meet a service.
const PARTS: [&str; 7] = [
    "service", "who", "fee", "asked", "decision", "outcome", "kept",
];

const fn part_of(about: About) -> &'static str {
    match about {
        About::Name | About::Summary | About::Owner | About::Law => "service",
        About::Who
        | About::Audience
        | About::Rule
        | About::SignIn
        | About::Signature
        | About::Live => "who",
        About::Fee | About::FeeElsewhere => "fee",
        About::Question | About::Document | About::Choice => "asked",
        About::Time | About::Decision | About::Next | About::Check => "decision",
        About::Licence | About::Letter | About::Appeal => "outcome",
        About::Keeping => "kept",
    }
}

fn groups(visit: &Visit, catalogue: &Catalogue, found: &Plain) -> Vec<Value> {
    PARTS
        .into_iter()
        .filter_map(|part| {
            let of_part = found
                .changes
                .iter()
                .filter(|one| part_of(one.about) == part);
            let changes: Vec<Value> = of_part.map(|one| change(visit, catalogue, one)).collect();
            (!changes.is_empty()).then(|| {
                ctx! { title => visit.t(&format!("portal.version.part.{part}")), changes }
            })
        })
        .collect()
}

/// The key of the sentence that tells a change.
fn key(change: &PlainChange) -> String {
    format!(
        "portal.version.{}.{}",
        change.about.code(),
        change.turn.code()
    )
}

fn change(visit: &Visit, catalogue: &Catalogue, one: &PlainChange) -> Value {
    let lang = visit.lang();
    let subject = one.subject.as_ref().map_or("", |text| text.get(lang));
    let told = |told: &Option<Told>| {
        told.as_ref()
            .map(|told| fact(visit, catalogue, one.about, told))
    };
    ctx! {
        words => visit.t_with(&key(one), &[("subject", subject)]),
        before => told(&one.before),
        after => told(&one.after),
    }
}

/// A fact before or after: `words`, or amounts for the page to write.
fn fact(visit: &Visit, catalogue: &Catalogue, about: About, told: &Told) -> Value {
    let lang = visit.lang();
    let words = match told {
        Told::Cents(low, high) => return ctx! { low, high },
        Told::Words(text) => text.get(lang).to_owned(),
        Told::Formula => visit.t("portal.service.fee.formula"),
        Told::Promise(promise) => promised(visit, *promise),
        Told::Level(level) => visit.t(&format!("portal.service.level.{}", level.code())),
        Told::Period(period) => visit.t_with(
            &format!("portal.version.period.{}", period.unit.code()),
            &[("count", &period.count.to_string())],
        ),
        Told::Code(code) => coded(visit, catalogue, (about, code), lang),
    };
    ctx! { words }
}

fn promised(visit: &Visit, promise: Option<Promise>) -> String {
    let Some(promise) = promise else {
        return visit.t("portal.service.glance.unpromised");
    };
    let key = if promise.working {
        "portal.service.glance.working"
    } else {
        "portal.service.glance.calendar"
    };
    visit.t_with(key, &[("days", &promise.days.to_string())])
}

fn coded(visit: &Visit, catalogue: &Catalogue, (about, code): (About, &str), lang: Lang) -> String {
    if about == About::Audience {
        return visit.t(&format!("portal.version.audience.{code}"));
    }
    let name: Text = catalogue.department_name(code);
    name.get(lang).to_owned()
}

#[cfg(test)]
mod tests {
    use packs::{About, PlainChange, Turn};

    use super::{PARTS, key, part_of};

    /// Every way in which something can change.
    const TOLD: [(About, &[Turn]); 23] = {
        use Turn::{Bounds, Changed, Condition, Filled, Gone, New, Optional, Required};
        const ASKED: &[Turn] = &[
            New, Gone, Changed, Required, Optional, Condition, Bounds, Filled,
        ];
        [
            (About::Name, &[Changed]),
            (About::Summary, &[Changed]),
            (About::Who, &[Changed]),
            (About::Next, &[New, Gone, Changed]),
            (About::Owner, &[Changed]),
            (About::Audience, &[New, Gone]),
            (About::SignIn, &[Changed]),
            (About::Signature, &[New, Gone]),
            (About::Time, &[Changed]),
            (About::Fee, &[New, Gone, Changed, Condition]),
            (About::Question, ASKED),
            (About::Document, ASKED),
            (About::Choice, &[New, Gone, Changed]),
            (About::Rule, &[New, Gone, Changed, Condition]),
            (About::Check, &[New, Gone, Changed]),
            (About::Decision, &[New, Gone]),
            (About::Licence, &[New, Gone, Changed, Condition]),
            (About::Letter, &[New, Gone]),
            (About::Appeal, &[New, Gone, Changed, Condition]),
            (About::Keeping, &[Changed]),
            (About::Law, &[Changed]),
            (About::Live, &[New, Gone]),
            (About::FeeElsewhere, &[New, Gone, Changed]),
        ]
    };

    #[test]
    fn every_change_has_its_sentence_and_its_part() {
        let words = crate::BUNDLE.messages;
        assert_eq!(TOLD.len(), About::ALL.len());
        for (about, turns) in TOLD {
            assert!(PARTS.contains(&part_of(about)));
            for turn in turns {
                let key = key(&PlainChange {
                    about,
                    turn: *turn,
                    subject: None,
                    before: None,
                    after: None,
                });
                assert!(words.contains(&format!("\n{key}: ")), "{key}");
            }
        }
    }
}
