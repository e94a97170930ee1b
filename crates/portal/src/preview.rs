//! A preview of a service for its owner: the real pages of any version, walked as any applicant. It
//! stands in this crate because it draws what applicants see, and under the desk's address because
//! only those who own services come here. Nothing is kept but in the browser that walks.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, response::Response};
use identity::Officer;
use kernel::{Actor, Date, Id, Role};
use packs::{Form as PackForm, Pack};
use serde::{Deserialize, Serialize};
use services::{Clerk, Pretend, Problem, Release, Walk, WalkEnd, WalkPage};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::{
    Portal,
    answer_view::{Showing, input_name},
    apply::view::{errors_of, is_of, posted},
};

const OWNERS: Access = Access::Roles(&[Role::Owner, Role::Supervisor, Role::Operator]);
/// The name under which the browser remembers the walk.
const REMEMBERED: &str = "portal.preview";
/// The age of an applicant of whom nothing is said.
const USUAL_AGE: i64 = 40;
const OLDEST: i64 = 120;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/desk/preview", OWNERS, ask)
        .post("/{lang}/desk/preview", OWNERS, begin)
        .get("/{lang}/desk/preview/pages/{page}", OWNERS, page)
        .post("/{lang}/desk/preview/pages/{page}", OWNERS, save)
        .get("/{lang}/desk/preview/end", OWNERS, end)
}

/// Which text is walked: a published version, or one on its way.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
struct Which {
    service: String,
    version: Option<i64>,
    release: Option<Id<Release>>,
}

impl Which {
    fn of(form: &Form) -> Self {
        Self {
            service: form.text("service").to_owned(),
            version: form.text("version").parse().ok(),
            release: form.text("release").parse().ok(),
        }
    }
}

/// A walk as the browser remembers it.
#[derive(Serialize, Deserialize)]
struct Kept {
    which: Which,
    walk: Walk,
}

/// The officer at the browser, as on record now.
async fn clerk(portal: &Portal, visit: &Visit) -> Outcome<Clerk> {
    let who = visit.require()?;
    let Actor::Officer { officer, .. } = &who.actor else {
        return Err(Failure::not_found());
    };
    let id: Id<Officer> = officer.parse().map_err(|_| Failure::not_found())?;
    let officer = identity::find_officer(&portal.store, id).await?;
    Ok(Clerk::of(&officer.ok_or_else(Failure::not_found)?))
}

/// The pack, for those who may look at it.
async fn pack_of(portal: &Portal, visit: &Visit, which: &Which) -> Outcome<(Arc<Pack>, i64)> {
    let clerk = clerk(portal, visit).await?;
    if let Some(id) = which.release {
        let release = portal.services.release_of(&clerk, id).await?;
        let pack = portal.services.pack_of_release(&release)?;
        return Ok((Arc::new(pack), release.version));
    }
    let found = portal
        .services
        .owned_version(&clerk, (&which.service, which.version))?;
    Ok((found.pack, found.version))
}

/// Where the owner came from.
fn back(visit: &Visit, which: &Which) -> String {
    match which.release {
        Some(id) => visit.to(&format!("/desk/packs/releases/{id}")),
        None => visit.to(&format!("/desk/packs/{}", which.service)),
    }
}

async fn ask(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let which = Which::of(visit.query());
    if which.service.is_empty() && which.release.is_none() {
        return Ok(visit.redirect(&visit.to("/desk/packs")));
    }
    let form = Form::from_fields(Vec::new());
    let shown = ask_page(&portal, &visit, &which, (&form, Vec::new())).await?;
    Ok(shown.into_response())
}

async fn ask_page(
    portal: &Portal,
    visit: &Visit,
    which: &Which,
    (form, errors): (&Form, Vec<(&str, String)>),
) -> Outcome<Page> {
    let (pack, version) = pack_of(portal, visit, which).await?;
    let today = portal.services.env().today();
    let is_new = !form.has("level");
    let text = |name: &str, usual: &str| {
        if is_new {
            usual.to_owned()
        } else {
            form.text(name).to_owned()
        }
    };
    let error = |name: &str| {
        let found = errors.iter().find(|(field, _)| *field == name);
        found.map(|(_, words)| words.clone()).unwrap_or_default()
    };
    let is_companys = !pack
        .audience
        .iter()
        .any(|one| *one != packs::Audience::Company);
    let context = ctx! {
        service => pack.name,
        version,
        which => ctx! { service => which.service, version => which.version.map(|one| one.to_string()).unwrap_or_default(), release => which.release.map(|one| one.to_string()).unwrap_or_default() },
        level => text("level", "plus"),
        age => text("age", &USUAL_AGE.to_string()),
        born => ctx! { day => form.text("born-day"), month => form.text("born-month"), year => form.text("born-year"), error => error("born") },
        who => text("who", if is_companys { "company" } else { "person" }),
        profile => text("profile", "yes"),
        walk_lang => text("walk_lang", visit.lang().code()),
        today => ctx! { day => text("today-day", &today.day().to_string()), month => text("today-month", &today.month().to_string()), year => text("today-year", &today.year().to_string()), error => error("today") },
        age_error => error("age"),
        errors => errors.iter().map(|(field, words)| ctx! { field, words }).collect::<Vec<_>>(),
        action => visit.to("/desk/preview"),
        back => back(visit, which),
    };
    Ok(visit.page("portal/preview.html", context))
}

/// The date in three boxes; `None` when a box is not a number or there is no such day.
fn day(form: &Form, name: &str) -> Option<Date> {
    let part = |part: &str| form.text(&format!("{name}-{part}")).to_owned();
    let (year, month, day) = (part("year"), part("month"), part("day"));
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

async fn begin(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let which = Which::of(&form);
    let (pack, _) = pack_of(&portal, &visit, &which).await?;
    let today = day(&form, "today");
    let is_dated = ["day", "month", "year"]
        .iter()
        .any(|part| !form.text(&format!("born-{part}")).is_empty());
    let age: Option<i64> = form.text("age").parse().ok();
    let age = age.filter(|age| (0..=OLDEST).contains(age));
    let born = if is_dated {
        day(&form, "born")
    } else {
        today.zip(age).map(|(today, age)| today.plus_years(-age))
    };
    let mut errors = Vec::new();
    if today.is_none() {
        errors.push(("today", visit.t("portal.preview.wrong.day")));
    }
    if is_dated && born.is_none() {
        errors.push(("born", visit.t("portal.preview.wrong.day")));
    } else if !is_dated && age.is_none() {
        errors.push(("age", visit.t("portal.preview.wrong.age")));
    }
    let (Some(today), Some(born), true) = (today, born, errors.is_empty()) else {
        let shown = ask_page(&portal, &visit, &which, (&form, errors)).await?;
        return Ok(shown.with_errors().into_response());
    };
    let pretend = Pretend {
        is_plus: form.text("level") == "plus",
        born,
        is_company: form.text("who") == "company",
        has_profile: form.text("profile") == "yes",
        today,
    };
    let walk = portal.services.walk(&pack, pretend);
    let first = portal.services.walk_first(&pack, &walk)?;
    visit.remember(REMEMBERED, &Kept { which, walk }).await?;
    let lang = form.text("walk_lang").parse().unwrap_or(visit.lang());
    let place = first.map_or_else(
        || "/desk/preview/end".to_owned(),
        |page| format!("/desk/preview/pages/{page}"),
    );
    Ok(visit.redirect(&format!("/{lang}{place}")))
}

/// The walk of this browser.
async fn kept(portal: &Portal, visit: &Visit) -> Outcome<(Kept, Arc<Pack>, i64)> {
    let kept: Kept = visit.recall(REMEMBERED).ok_or_else(Failure::not_found)?;
    let (pack, version) = pack_of(portal, visit, &kept.which).await?;
    Ok((kept, pack, version))
}

async fn page(
    State(portal): State<Portal>,
    visit: Visit,
    Path(page): Path<String>,
) -> Outcome<Page> {
    let (kept, pack, version) = kept(&portal, &visit).await?;
    let here = portal.services.walk_answers(&pack, &kept.walk)?;
    let form = pack.page_form(&page, &here.answers);
    question_page(
        &portal,
        &visit,
        (&kept, &pack, version),
        (&page, &here, form),
    )
}

fn question_page(
    portal: &Portal,
    visit: &Visit,
    (kept, pack, version): (&Kept, &Pack, i64),
    (page, here, form): (&str, &WalkPage, PackForm),
) -> Outcome<Page> {
    let calendar = portal.services.calendar();
    let after = move |day: Date, days: i64| calendar.plus_working_days(day, days);
    let verified: Vec<String> = here.locked.keys().cloned().collect();
    let facts = packs::Facts {
        today: kept.walk.pretend.today,
        working_days_after: &after,
        verified: &verified,
    };
    let journey = pack.journey(&here.answers, &facts);
    let view = journey.page(page).ok_or_else(Failure::not_found)?;
    let errors: BTreeMap<_, _> = here
        .problems
        .iter()
        .map(|one| (one.field.clone(), one.words.clone()))
        .collect();
    let showing = Showing {
        lang: visit.lang(),
        form,
        locked: &here.locked,
        answers: &here.answers,
        errors,
        scans: BTreeMap::new(),
        kept: None,
    };
    let part = journey
        .pages
        .iter()
        .position(|one| one.page.id == view.page.id)
        .unwrap_or(0);
    let previous = journey.before(page).map_or_else(
        || back(visit, &kept.which),
        |view| visit.to(&format!("/desk/preview/pages/{}", view.page.id)),
    );
    let context = ctx! {
        service => pack.name,
        version,
        page => ctx! { title => view.page.title, intro => view.page.intro },
        part => part + 1,
        parts => journey.pages.len(),
        fields => showing.fields(&view.fields),
        errors => errors_of(visit, &here.problems),
        action => visit.to(&format!("/desk/preview/pages/{page}")),
        previous,
        pretend => pretend_words(visit, &kept.walk.pretend),
        leave => back(visit, &kept.which),
    };
    Ok(visit.page("portal/preview_page.html", context))
}

/// Who the walk pretends to be, in one line.
fn pretend_words(visit: &Visit, pretend: &Pretend) -> String {
    let age = pretend.born.age_on(pretend.today).to_string();
    let who = visit.t(if pretend.is_company {
        "portal.preview.who.company"
    } else {
        "portal.preview.who.person"
    });
    let level = visit.t(if pretend.is_plus {
        "portal.preview.level.plus"
    } else {
        "portal.preview.level.basic"
    });
    let today = pretend.today.long(visit.lang());
    let values = [
        ("age", age.as_str()),
        ("who", &who),
        ("level", &level),
        ("today", &today),
    ];
    visit.t_with("portal.preview.as", &values)
}

async fn save(
    State(portal): State<Portal>,
    visit: Visit,
    Path(page): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let (mut kept, pack, version) = kept(&portal, &visit).await?;
    let before = portal.services.walk_answers(&pack, &kept.walk)?;
    let asked = asked(&portal, &pack, &kept.walk, (&page, &before));
    let fields = posted(&form);
    let walk = &mut kept.walk;
    let mut here = portal.services.walk_page(&pack, walk, (&page, &fields))?;
    visit.remember(REMEMBERED, &kept).await?;
    let place = visit.to(&format!("/desk/preview/pages/{page}"));
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!("/{lang}/desk/preview/pages/{page}")));
    }
    if form.has("add_item") || form.has("remove_item") {
        return Ok(visit.redirect(&place));
    }
    // Questions that the answers have just brought up are asked, not reproached.
    let is_new = |one: &Problem| !asked.iter().any(|field| is_of(&one.field, field));
    let open = here.problems.len();
    here.problems.retain(|one| !is_new(one));
    if !here.problems.is_empty() {
        let typed = PackForm::new(fields);
        let shown = question_page(
            &portal,
            &visit,
            (&kept, &pack, version),
            (&page, &here, typed),
        )?;
        return Ok(shown.with_errors().into_response());
    }
    let next = match &here.next {
        _ if open > 0 => place,
        Some(next) => visit.to(&format!("/desk/preview/pages/{next}")),
        None => visit.to("/desk/preview/end"),
    };
    Ok(visit.redirect(&next))
}

/// The questions that a page asks for the answers before it was posted.
fn asked(
    portal: &Portal,
    pack: &Pack,
    walk: &Walk,
    (page, here): (&str, &WalkPage),
) -> Vec<String> {
    let calendar = portal.services.calendar();
    let after = move |day: Date, days: i64| calendar.plus_working_days(day, days);
    let verified: Vec<String> = here.locked.keys().cloned().collect();
    let facts = packs::Facts {
        today: walk.pretend.today,
        working_days_after: &after,
        verified: &verified,
    };
    let journey = pack.journey(&here.answers, &facts);
    let fields = journey.page(page).map(|view| &view.fields[..]);
    let fields = fields.unwrap_or_default();
    fields.iter().map(|field| field.id.clone()).collect()
}

async fn end(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let (kept, pack, version) = kept(&portal, &visit).await?;
    let end = portal.services.walk_end(&pack, &kept.walk)?;
    let is_good = end.problems.is_empty()
        && end.refusals.is_empty()
        && !end.is_level_too_low
        && !end.is_not_for_them;
    let problems: Vec<Value> = end
        .problems
        .iter()
        .map(|one| {
            let path = visit.to(&format!("/desk/preview/pages/{}", one.page));
            let field = one.field.split('.').next().unwrap_or_default();
            let label = pack.field(field).map(|field| field.label.clone());
            ctx! { label, words => one.words, href => format!("{path}#{}", input_name(&one.field)) }
        })
        .collect();
    let context = ctx! {
        service => pack.name,
        version,
        is_good,
        problems,
        refusals => end.refusals,
        warnings => end.warnings,
        is_level_too_low => end.is_level_too_low,
        is_not_for_them => end.is_not_for_them,
        fee => end.fee,
        state => end.state,
        is_automatic => end.is_automatic,
        due => end.due.map(kernel::Time::date),
        validity => end.validity.map(|(from, until)| ctx! { from, until }),
        pages => review(&visit, &end),
        pretend => pretend_words(&visit, &kept.walk.pretend),
        again => visit.to(&format!("/desk/preview?{}", query(&kept.which))),
        leave => back(&visit, &kept.which),
    };
    Ok(visit.page("portal/preview_end.html", context))
}

fn query(which: &Which) -> String {
    match (which.release, which.version) {
        (Some(id), _) => format!("release={id}"),
        (None, Some(version)) => format!("service={}&version={version}", which.service),
        (None, None) => format!("service={}", which.service),
    }
}

fn review(visit: &Visit, end: &WalkEnd) -> Vec<Value> {
    end.pages
        .iter()
        .map(|page| {
            let path = visit.to(&format!("/desk/preview/pages/{}", page.id));
            let rows: Vec<Value> = page
                .rows
                .iter()
                .map(|row| {
                    let label = row.label.get(visit.lang());
                    let href = if row.is_locked { String::new() } else { format!("{path}#{}", input_name(&row.field)) };
                    ctx! { key => label, value => row.value.get(visit.lang()), change => label, href }
                })
                .collect();
            ctx! { title => page.title, rows }
        })
        .collect()
}
