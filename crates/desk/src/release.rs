//! Publishing: put a text in, see every defect beside it or what it changes, say why, and let a second
//! person publish it. What was typed is on every page that refuses it.

use axum::{extract::State, response::Response};
use kernel::{Id, Role};
use packs::Defect;
use services::{Checking, Clerk, Error, Release, ReleaseState};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::{
    Desk,
    packs_view::{self, PACKS},
};

const OWNER: Access = Access::Roles(&[Role::Owner]);
const SECOND: Access = Access::Roles(&[Role::Owner, Role::Supervisor]);
/// Lines of the source shown around a defect.
const AROUND: usize = 2;

pub(crate) fn routes() -> Routes<Desk> {
    let one = "/{lang}/desk/packs/releases/{id}";
    Routes::new()
        .get("/{lang}/desk/packs/publish", OWNER, ask)
        .post("/{lang}/desk/packs/publish", OWNER, check)
        .get(one, PACKS, show)
        .post("/{lang}/desk/packs/releases/{id}/propose", OWNER, propose)
        .post("/{lang}/desk/packs/releases/{id}/withdraw", OWNER, withdraw)
        .post("/{lang}/desk/packs/releases/{id}/publish", SECOND, publish)
        .post("/{lang}/desk/packs/releases/{id}/refuse", SECOND, refuse)
}

fn place(visit: &Visit, id: Id<Release>) -> String {
    visit.to(&format!("/desk/packs/releases/{id}"))
}

async fn ask(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let service = visit.query().text("service").to_owned();
    let from = visit.query().text("release").parse::<Id<Release>>().ok();
    let source = match from {
        Some(id) => desk.services.release_of(&clerk, id).await?.source,
        None if service.is_empty() => String::new(),
        None => {
            let newest = desk.services.owned_version(&clerk, (&service, None))?;
            let rows = desk.services.published(&service).await?;
            let row = rows.into_iter().find(|row| row.version == newest.version);
            row.map(|row| row.source).unwrap_or_default()
        }
    };
    Ok(text_page(&visit, (&service, &source), &[], ""))
}

/// The page with the text, and beside it what is wrong with it.
fn text_page(
    visit: &Visit,
    (service, source): (&str, &str),
    defects: &[Defect],
    error: &str,
) -> Page {
    let lines: Vec<&str> = source.lines().collect();
    let found: Vec<Value> = defects.iter().map(|one| defect(one, &lines)).collect();
    let back = if service.is_empty() {
        visit.to("/desk/packs")
    } else {
        visit.to(&format!("/desk/packs/{service}"))
    };
    let context = ctx! {
        service,
        source,
        defects => found,
        error,
        rows => lines.len().clamp(12, 40),
        action => visit.to("/desk/packs/publish"),
        back,
    };
    visit.page("desk/pack_publish.html", context)
}

/// A defect with the lines it stands among.
fn defect(one: &Defect, lines: &[&str]) -> Value {
    let line = usize::try_from(one.span.line).unwrap_or(1).max(1);
    let first = line.saturating_sub(AROUND).max(1);
    let excerpt: Vec<Value> = lines
        .iter()
        .enumerate()
        .map(|(place, words)| (place + 1, words))
        .skip(first - 1)
        .take(line + AROUND + 1 - first)
        .map(|(number, words)| ctx! { number, words, is_here => number == line })
        .collect();
    ctx! {
        line => one.span.line,
        column => one.span.column,
        code => one.code.to_string(),
        wrong => one.wrong,
        mend => if one.mend.ends_with(['?', '…', '.']) { one.mend.clone() } else { format!("{}.", one.mend) },
        excerpt,
    }
}

async fn check(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let service = form.text("service").to_owned();
    let source = match form.file("file") {
        Some(file) => String::from_utf8_lossy(&file.bytes).into_owned(),
        None => form.get("source").unwrap_or_default().to_owned(),
    }
    .replace("\r\n", "\n");
    let again = |defects: &[Defect], key: &str| {
        let error = if key.is_empty() {
            String::new()
        } else {
            visit.t(key)
        };
        text_page(&visit, (&service, &source), defects, &error)
            .with_errors()
            .into_response()
    };
    if source.trim().is_empty() {
        return Ok(again(&[], "desk.publish.empty"));
    }
    let known = Some(service.as_str()).filter(|name| !name.is_empty());
    match desk.services.check_release(&clerk, (known, &source)).await {
        Ok(Checking::Ready(id)) => Ok(visit.redirect(&place(&visit, id))),
        Ok(Checking::Defects(defects)) => Ok(again(&defects, "")),
        Err(Error::NotOwner) => Ok(again(&[], "desk.publish.not_owner")),
        Err(error) => Err(error.into()),
    }
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Release>>,
) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let release = desk.services.release_of(&clerk, id).await?;
    page(&desk, &visit, (&clerk, &release), ("", "", "")).await
}

/// The release with what it changes; `(field, typed, error)` shows a form again.
async fn page(
    desk: &Desk,
    visit: &Visit,
    (clerk, release): (&Clerk, &Release),
    (field, typed, error): (&str, &str, &str),
) -> Outcome<Page> {
    let pack = desk.services.pack_of_release(release)?;
    let catalogue = desk.services.catalogue();
    // A decided release is compared with what was live before it, not with itself.
    let before = catalogue
        .versions(&release.service)
        .into_iter()
        .find(|one| one.version < release.version);
    let open = desk.services.open_of(&release.service).await?;
    let difference = before
        .map(|from| packs_view::difference(visit, from, &pack, open.get(&from.version).copied()));
    let base = place(visit, release.id);
    let is_maker = release.made_by == clerk.id;
    let context = ctx! {
        release => packs_view::release_row(visit, release),
        name => pack.name,
        digest => release.digest,
        lines => release.source.lines().count(),
        difference,
        run => packs_view::run(&pack),
        note => release.note,
        decided_at => release.decided_at,
        is_checked => release.state == ReleaseState::Checked,
        is_proposed => release.state == ReleaseState::Proposed,
        is_maker,
        may_decide => !is_maker && clerk.role != Role::Operator && release.state == ReleaseState::Proposed,
        field,
        typed,
        error,
        base,
        preview => visit.to(&format!("/desk/preview?release={}", release.id)),
        mend => visit.to(&format!("/desk/packs/publish?service={}&release={}", release.service, release.id)),
        back => visit.to(&format!("/desk/packs/{}", if before.is_some() { release.service.as_str() } else { "" })),
    };
    Ok(visit.page("desk/pack_release.html", context))
}

/// A refused step shows the page again with what was typed; anything else is an error page.
async fn again(
    desk: &Desk,
    visit: &Visit,
    id: Id<Release>,
    (field, typed, error): (&str, &str, Error),
) -> Outcome<Response> {
    let Error::ReasonNeeded = error else {
        return Err(error.into());
    };
    let clerk = desk.clerk(visit).await?;
    let release = desk.services.release_of(&clerk, id).await?;
    let words = Failure::of(&error).title().get(visit.lang()).to_owned();
    let shown = page(desk, visit, (&clerk, &release), (field, typed, &words)).await?;
    Ok(shown.with_errors().into_response())
}

async fn propose(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Release>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let reason = form.text("reason");
    match desk.services.propose_release(&clerk, id, reason).await {
        Ok(()) => {
            visit.flash("desk.release.proposed");
            Ok(visit.redirect(&place(&visit, id)))
        }
        Err(error) => again(&desk, &visit, id, ("reason", reason, error)).await,
    }
}

async fn withdraw(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Release>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services.withdraw_release(&clerk, id).await?;
    visit.flash("desk.release.withdrawn");
    Ok(visit.redirect(&place(&visit, id)))
}

async fn publish(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Release>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let done = desk.services.publish_release(&clerk, id).await?;
    let version = done.version.to_string();
    visit.flash_with(
        "success",
        "desk.release.published",
        &[("version", &version)],
    );
    Ok(visit.redirect(&visit.to(&format!("/desk/packs/{}", done.service))))
}

async fn refuse(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Release>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let note = form.text("note");
    match desk.services.refuse_release(&clerk, id, note).await {
        Ok(()) => {
            visit.flash("desk.release.refused");
            Ok(visit.redirect(&place(&visit, id)))
        }
        Err(error) => again(&desk, &visit, id, ("note", note, error)).await,
    }
}
