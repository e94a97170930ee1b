//! Exact figures for the owner of a department's services: how many begin, where they stop, what has to
//! be mended, how long decisions take. Nobody else's department, and nothing that leads to a person.

use axum::extract::State;
use insight::{PageFunnel, Period, ServiceFigures, Share};
use kernel::{Date, Role};
use packs::Pack;
use web::{Access, Failure, Outcome, Page, Path, Routes, Visit, ctx};

use crate::Desk;

const OWNER: Access = Access::Roles(&[Role::Owner]);
/// Days of the period when none is chosen.
const DEFAULT_DAYS: i64 = 30;
/// Questions in error listed for one page of a form.
const ERRORS: usize = 10;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/statistics", OWNER, list)
        .get("/{lang}/desk/statistics/{service}", OWNER, show)
}

/// The days asked for; what cannot be read is the default.
fn period(visit: &Visit) -> Period {
    let today = visit.site().env().today();
    let day = |name: &str| visit.query().text(name).parse::<Date>().ok();
    let to = day("to").unwrap_or(today);
    let from = day("from").unwrap_or_else(|| Period::days_to(to, DEFAULT_DAYS).from);
    Period::new(from, to).unwrap_or_else(|_| Period::days_to(today, DEFAULT_DAYS))
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let period = period(&visit);
    let catalogue = desk.services.catalogue();
    let figures = insight::service_figures(&desk.store, period.from, period.to).await?;
    let rows: Vec<_> = catalogue
        .entries()
        .iter()
        .filter(|entry| {
            entry.is_online() && entry.department.eq_ignore_ascii_case(&clerk.department)
        })
        .map(|entry| {
            let found = figures.iter().find(|one| one.service == entry.id);
            ctx! {
                name => entry.name,
                href => visit.to(&format!(
                    "/desk/statistics/{}?from={}&to={}", entry.id, period.from, period.to
                )),
                figures => view(&found.cloned().unwrap_or_default()),
            }
        })
        .collect();
    let context = ctx! {
        rows,
        department => catalogue.department_name(&clerk.department.to_uppercase()),
        from => period.from,
        to => period.to,
    };
    Ok(visit.page("desk/statistics.html", context))
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let catalogue = desk.services.catalogue();
    let entry = catalogue
        .entry(&service)
        .filter(|entry| entry.department.eq_ignore_ascii_case(&clerk.department))
        .ok_or_else(Failure::not_found)?;
    let period = period(&visit);
    let figures = insight::service_figures(&desk.store, period.from, period.to).await?;
    let figures = figures.into_iter().find(|one| one.service == service);
    let figures = figures.unwrap_or_default();
    let funnel = insight::funnel(&desk.store, &service, period).await?;
    let pack = catalogue
        .versions(&service)
        .first()
        .map(|one| one.pack.clone());
    let pages: Vec<_> = in_order(pack.as_deref(), &funnel.pages)
        .into_iter()
        .map(|page| page_view(pack.as_deref(), page))
        .collect();
    let bars = stages(&visit, &figures);
    let part = |shares: &[Share]| {
        let shares = shares.iter();
        shares
            .map(|one| ctx! { code => one.code, count => one.count })
            .collect::<Vec<_>>()
    };
    let context = ctx! {
        name => entry.name,
        service,
        pledge => pack.as_ref().and_then(|pack| pack.promise).map(|promise| promise.days),
        figures => view(&figures),
        bars,
        pages,
        langs => part(&funnel.breakdown.langs),
        channels => part(&funnel.breakdown.channels),
        levels => part(&funnel.breakdown.levels),
        ages => part(&funnel.breakdown.age_bands),
        from => period.from,
        to => period.to,
    };
    Ok(visit.page("desk/statistics_service.html", context))
}

/// The way from the first page to the decision, as bars.
fn stages(visit: &Visit, figures: &ServiceFigures) -> Vec<web::Value> {
    let stages = [
        ("desk.statistics.started", figures.started),
        ("desk.statistics.submitted", figures.submitted),
        ("desk.statistics.decided", figures.decided),
    ];
    let most = stages
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or_default();
    stages
        .iter()
        .map(|(key, count)| {
            let bar =
                ctx! { kind => "a", words => count.to_string(), share => share(*count, most) };
            ctx! { words => visit.t(key), bars => [bar] }
        })
        .collect()
}

fn share(part: i64, whole: i64) -> f64 {
    let number = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

fn percent(share: Option<f64>) -> Option<String> {
    share.map(|share| format!("{:.0}%", share * 100.0))
}

fn view(figures: &ServiceFigures) -> web::Value {
    let (mean, ratings) = figures.satisfaction();
    ctx! {
        sign_ins => figures.sign_ins,
        fills => figures.fills,
        filled_fields => figures.filled_fields,
        signatures => figures.signatures,
        started => figures.started,
        submitted => figures.submitted,
        paid => figures.paid,
        decided => figures.decided,
        approved => figures.approved,
        withdrawn => figures.withdrawn,
        completion => percent(figures.completion()),
        timely => percent(figures.timely_share()),
        automatic => percent(figures.automatic_share()),
        median_days => figures.median_days(),
        mean_days => figures.mean_days().map(|days| format!("{days:.1}")),
        rating => mean.map(|mean| format!("{mean:.1}")),
        ratings,
    }
}

/// Pages in the order of the form; those of older versions come last.
fn in_order<'a>(pack: Option<&Pack>, pages: &'a [PageFunnel]) -> Vec<&'a PageFunnel> {
    let place = |id: &str| {
        let places = pack.and_then(|pack| pack.pages.iter().position(|page| page.id == id));
        places.unwrap_or(usize::MAX)
    };
    let mut pages: Vec<&PageFunnel> = pages.iter().collect();
    pages.sort_by_key(|page| place(&page.page));
    pages
}

fn page_view(pack: Option<&Pack>, page: &PageFunnel) -> web::Value {
    let errors: Vec<_> = page
        .errors
        .iter()
        .take(ERRORS)
        .map(|one| {
            let field = pack.and_then(|pack| pack.field(&one.field));
            ctx! { id => one.field, label => field.map(|field| field.label.clone()), count => one.count }
        })
        .collect();
    let tries = page.answered + page.refused;
    ctx! {
        id => page.page,
        title => pack.and_then(|pack| pack.page(&page.page)).map(|page| page.title.clone()),
        answered => page.answered,
        refused => page.refused,
        refused_share => percent((tries > 0).then(|| share(page.refused, tries))),
        errors,
    }
}
