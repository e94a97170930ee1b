//! The owner's view of services: what is live and what is open with it, every version with who
//! published it and when, what changed between any two, and the golden journeys run.

use axum::{extract::State, response::Response};
use kernel::Role;
use packs::{Change, ChangeClass, Pack};
use services::{Open, Owned, Published, Release, ReleaseState, Retirement};
use web::{
    Access, Download, Failure, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx,
};

use crate::Desk;

/// Owners and supervisors see the packs of their department, operators all of them.
pub(crate) const PACKS: Access = Access::Roles(&[Role::Owner, Role::Supervisor, Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/packs", PACKS, list)
        .get("/{lang}/desk/packs/{service}", PACKS, show)
        .get("/{lang}/desk/packs/{service}/changes", PACKS, changes)
        .get("/{lang}/desk/packs/{service}/journeys", PACKS, journeys)
        .get("/{lang}/desk/packs/{service}/source", PACKS, source)
}

/// "12", or "1000+" where counting stopped.
fn counted(number: i64) -> String {
    if number > services::OPEN_BOUND {
        format!("{}+", services::OPEN_BOUND)
    } else {
        number.to_string()
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let catalogue = desk.services.catalogue();
    let now = visit.site().env().now();
    let owned = desk.services.owned(&clerk).await?;
    let packs: Vec<Value> = owned
        .iter()
        .map(|one| {
            ctx! {
                href => visit.to(&format!("/desk/packs/{}", one.service)),
                name => one.name,
                department => catalogue.department_name(&one.department),
                live => one.live,
                drafts => counted(one.open.drafts),
                cases => counted(one.open.cases),
                state => state_of(&visit, one, now),
                confidence => visit.t(&format!("desk.packs.confidence.{}", one.confidence)),
            }
        })
        .collect();
    let waiting = desk.services.waiting_releases(&clerk).await?;
    let waiting: Vec<Value> = waiting.iter().map(|one| release_row(&visit, one)).collect();
    let context = ctx! {
        packs,
        waiting,
        is_owner => clerk.role == Role::Owner,
        publish => visit.to("/desk/packs/publish"),
    };
    Ok(visit.page("desk/packs.html", context))
}

fn state_of(visit: &Visit, owned: &Owned, now: kernel::Time) -> Value {
    let (key, kind) = match &owned.retirement {
        Some(end) if end.is_closed(now) => ("desk.packs.retired", "neutral"),
        Some(_) => ("desk.packs.ending", "wait"),
        None if owned.live.is_some() => ("desk.packs.open", "good"),
        None => ("desk.packs.closed", "neutral"),
    };
    ctx! { words => visit.t(key), kind }
}

/// A release as a line of a list.
pub(crate) fn release_row(visit: &Visit, release: &Release) -> Value {
    ctx! {
        href => visit.to(&format!("/desk/packs/releases/{}", release.id)),
        service => release.service,
        version => release.version,
        state => visit.t(&format!("desk.release.state.{}", release.state.code())),
        kind => match release.state {
            ReleaseState::Published => "good",
            ReleaseState::Proposed => "wait",
            ReleaseState::Refused => "bad",
            _ => "neutral",
        },
        by => release.made_by_name,
        at => release.made_at,
        second => release.decided_by_name,
        reason => release.reason,
    }
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let newest = desk.services.owned_version(&clerk, (&service, None))?;
    let catalogue = desk.services.catalogue();
    let now = visit.site().env().now();
    let live = catalogue.current(&service, now).map(|one| one.version);
    let open = desk.services.open_of(&service).await?;
    let releases = desk.services.releases(&clerk, &service).await?;
    let published = desk.services.published(&service).await?;
    let versions: Vec<Value> = published
        .iter()
        .map(|one| {
            let made = releases.iter().find(|release| {
                release.state == ReleaseState::Published && release.digest == one.digest
            });
            let count = open.get(&one.version).copied().unwrap_or_default();
            version_row(&visit, one, (made, count), live == Some(one.version))
        })
        .collect();
    let context = ctx! {
        service,
        name => newest.pack.name,
        versions,
        choices => published.iter().map(|one| ctx! { value => one.version.to_string(), words => one.version.to_string() }).collect::<Vec<_>>(),
        newest => newest.version.to_string(),
        older => published.get(1).map_or(newest.version, |one| one.version).to_string(),
        notes => newest.pack.notes,
        tries => newest.pack.tries.len(),
        releases => releases.iter().filter(|one| !(one.state == ReleaseState::Published)).map(|one| release_row(&visit, one)).collect::<Vec<_>>(),
        retirement => catalogue.retirement(&service).map(|one| ending(&desk, one, now)),
        is_owner => clerk.role == Role::Owner,
        base => visit.to(&format!("/desk/packs/{service}")),
        see => visit.to(&format!("/services/{service}")),
        preview => visit.to(&format!("/desk/preview?service={service}&version={}", newest.version)),
        publish => visit.to(&format!("/desk/packs/publish?service={service}")),
    };
    Ok(visit.page("desk/pack.html", context))
}

fn version_row(
    visit: &Visit,
    row: &services::ServiceVersion,
    (made, open): (Option<&Release>, Open),
    is_live: bool,
) -> Value {
    ctx! {
        version => row.version,
        is_live,
        digest => row.digest,
        published_at => row.published_at,
        // Packs that came with the program were published by nobody in particular.
        by => made.map_or_else(|| visit.t("desk.packs.by_program"), |one| one.made_by_name.clone()),
        second => made.and_then(|one| one.decided_by_name.clone()),
        reason => made.map(|one| one.reason.clone()),
        cutoff => row.cutoff,
        class => row.changes.get("gravest").and_then(serde_json::Value::as_str).map(|class| visit.t(&format!("desk.changes.class.{class}"))),
        is_first => row.changes.get("first").is_some(),
        drafts => counted(open.drafts),
        cases => counted(open.cases),
        preview => visit.to(&format!("/desk/preview?service={}&version={}", row.service, row.version)),
        journeys => visit.to(&format!("/desk/packs/{}/journeys?version={}", row.service, row.version)),
        public => visit.to(&format!("/services/{}/versions/{}", row.service, row.version)),
        source => visit.to(&format!("/desk/packs/{}/source?version={}", row.service, row.version)),
    }
}

/// How a service ends, for the pages of its owner.
pub(crate) fn ending(desk: &Desk, end: &Retirement, now: kernel::Time) -> Value {
    let catalogue = desk.services.catalogue();
    ctx! {
        starts_at => end.starts_at,
        submit_until => end.submit_until,
        reason => end.reason,
        instead => end.instead.as_ref().and_then(|id| catalogue.entry(id)).map(|entry| entry.name.clone()),
        by => end.declared_by_name,
        is_closed => end.is_closed(now),
    }
}

fn version_of(visit: &Visit, name: &str) -> Option<i64> {
    visit.query().text(name).parse().ok()
}

async fn changes(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let pick = |name: &str| {
        let version = version_of(&visit, name);
        desk.services.owned_version(&clerk, (&service, version))
    };
    let (from, to) = (pick("from")?, pick("to")?);
    let open = desk.services.open_of(&service).await?;
    let context = ctx! {
        service,
        name => to.pack.name,
        from => from.version,
        to => to.version,
        difference => difference(&visit, &from, &to.pack, open.get(&from.version).copied()),
        back => visit.to(&format!("/desk/packs/{service}")),
    };
    Ok(visit.page("desk/pack_changes.html", context))
}

/// What changed between two versions, in classes, and what becomes of what is open with the old one.
pub(crate) fn difference(visit: &Visit, from: &Published, to: &Pack, open: Option<Open>) -> Value {
    let found = packs::diff(&from.pack, to);
    let gravest = packs::gravest(&found);
    let open = open.unwrap_or_default();
    let groups: Vec<Value> = [
        ChangeClass::NeedsMigration,
        ChangeClass::Compatible,
        ChangeClass::TextOnly,
    ]
    .into_iter()
    .filter_map(|class| {
        let of_class: Vec<&Change> = found.iter().filter(|one| one.class == class).collect();
        (!of_class.is_empty()).then(|| {
            ctx! {
                title => visit.t(&format!("desk.changes.class.{}", class.code())),
                meaning => visit.t(&format!("desk.changes.means.{}", class.code())),
                kind => match class {
                    ChangeClass::NeedsMigration => "late",
                    ChangeClass::Compatible => "wait",
                    ChangeClass::TextOnly => "info",
                },
                changes => of_class.iter().map(|one| ctx! { path => one.path, what => one.what }).collect::<Vec<_>>(),
            }
        })
    })
    .collect();
    ctx! {
        groups,
        gravest => gravest.map(|class| visit.t(&format!("desk.changes.class.{}", class.code()))),
        from => from.version,
        drafts => counted(open.drafts),
        cases => counted(open.cases),
        is_fitting => gravest != Some(ChangeClass::NeedsMigration),
    }
}

async fn journeys(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let found = desk
        .services
        .owned_version(&clerk, (&service, version_of(&visit, "version")))?;
    let base = visit.to(&format!("/desk/packs/{service}"));
    let context = ctx! {
        name => found.pack.name,
        version => found.version,
        run => run(&found.pack),
        again => format!("{base}/journeys?version={}", found.version),
        back => base,
    };
    Ok(visit.page("desk/pack_journeys.html", context))
}

/// Every golden journey with what became of it, and what none of them shows.
pub(crate) fn run(pack: &Pack) -> Value {
    let failures = pack.run_tries();
    let rows: Vec<Value> = pack
        .tries
        .iter()
        .map(|one| {
            let wrong: Vec<Value> = failures
                .iter()
                .filter(|failure| failure.name == one.name)
                .map(|failure| ctx! { line => failure.at.line, column => failure.at.column, words => failure.wrong })
                .collect();
            ctx! { name => one.name, today => one.today, is_passed => wrong.is_empty(), wrong }
        })
        .collect();
    let names: std::collections::BTreeSet<&str> =
        failures.iter().map(|one| one.name.as_str()).collect();
    ctx! {
        total => rows.len(),
        failed => names.len(),
        rows,
        untried => pack.untried(),
    }
}

async fn source(
    State(desk): State<Desk>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let found = desk
        .services
        .owned_version(&clerk, (&service, version_of(&visit, "version")))?;
    let rows = desk.services.published(&service).await?;
    let row = rows
        .into_iter()
        .find(|row| row.version == found.version)
        .ok_or_else(Failure::not_found)?;
    Ok(Download {
        file_name: format!("{service}.yaml"),
        content_type: "application/yaml; charset=utf-8",
        bytes: row.source.into_bytes().into(),
        is_inline: false,
    }
    .into_response())
}
