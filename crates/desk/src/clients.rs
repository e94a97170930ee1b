//! Applications that sign people in, by the OpenID provider or by the Hong Kong wire form: a department writes what its application
//! is, a second person puts it in force, an operator can stop it, and its use is shown by day.
//!
//! Invariants: a department sees its own clients and no others; operators see all; nothing is in force
//! before somebody who did not write it has read it.

mod form;
mod view;
mod wire;

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use identity::{
    hongkong::{Wire, use_days},
    provider::{
        ClientChange, ClientRecord, ClientState, Registration, change_client, client_days,
        clients_of, create_client_in, find_client, renew_secret,
    },
};
use kernel::Role;
use services::Clerk;
use trust::{base64url, digest};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::Desk;
use form::{Mistake, Typed};

/// Who may register applications and put them in force.
const KEEPERS: Access = Access::Roles(&[Role::Owner, Role::Supervisor, Role::Operator]);
/// Who may stop an application of any department.
const OPERATOR: Access = Access::Roles(&[Role::Operator]);

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/clients", KEEPERS, list)
        .get("/{lang}/desk/clients/new", KEEPERS, new)
        .post("/{lang}/desk/clients/new", KEEPERS, create)
        .get("/{lang}/desk/clients/new/wire", KEEPERS, new_wire)
        .post("/{lang}/desk/clients/new/wire", KEEPERS, create_wire)
        .get("/{lang}/desk/clients/{id}", KEEPERS, show)
        .get("/{lang}/desk/clients/{id}/edit", KEEPERS, edit)
        .post("/{lang}/desk/clients/{id}/edit", KEEPERS, propose)
        .post("/{lang}/desk/clients/{id}/submit", KEEPERS, submit)
        .post("/{lang}/desk/clients/{id}/decide", KEEPERS, decide)
        .post("/{lang}/desk/clients/{id}/secret", KEEPERS, secret)
        .post("/{lang}/desk/clients/{id}/retire", KEEPERS, retire)
        .post("/{lang}/desk/clients/{id}/suspend", OPERATOR, suspend)
}

/// The department whose clients this person keeps; empty for all.
fn department(visit: &Visit, clerk: &Clerk) -> Outcome<String> {
    let who = visit.require()?;
    Ok(if who.has_role(Role::Operator) {
        String::new()
    } else {
        clerk.department.clone()
    })
}

/// The client, if this person keeps it; for anybody else it does not exist.
async fn own(desk: &Desk, visit: &Visit, id: &str) -> Outcome<ClientRecord> {
    let clerk = desk.clerk(visit).await?;
    let department = department(visit, &clerk)?;
    find_client(&desk.store, id)
        .await?
        .filter(|found| department.is_empty() || found.department == department)
        .ok_or_else(Failure::not_found)
}

fn page_of(visit: &Visit, id: &str) -> String {
    visit.to(&format!("/desk/clients/{id}"))
}

const fn tag_of(state: ClientState) -> &'static str {
    match state {
        ClientState::Draft => "neutral",
        ClientState::Submitted => "wait",
        ClientState::Approved => "good",
        ClientState::Suspended => "bad",
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let found = clients_of(&desk.store, &department(&visit, &clerk)?).await?;
    let rows: Vec<Value> = found
        .iter()
        .map(|one| {
            let state = one.state();
            ctx! {
                id => one.id,
                name => one.latest().map(|latest| latest.name.clone()),
                department => desk.services.catalogue().department_name(&one.department),
                state => visit.t(&format!("desk.clients.state.{}", state.code())),
                kind => tag_of(state),
                is_waiting => one.is_submitted,
                is_test => one.latest().is_some_and(|latest| latest.is_test),
                href => page_of(&visit, &one.id),
            }
        })
        .collect();
    let context = ctx! {
        rows,
        new => visit.to("/desk/clients/new"),
        new_wire => visit.to("/desk/clients/new/wire"),
    };
    Ok(visit.page("desk/clients.html", context))
}

async fn show(State(desk): State<Desk>, visit: Visit, Path(id): Path<String>) -> Outcome<Page> {
    let found = own(&desk, &visit, &id).await?;
    let clerk = desk.clerk(&visit).await?;
    let uses = wire::uses_of(&visit, &use_days(&desk.store, &id).await?);
    let days: Vec<Value> = client_days(&desk.store, &id)
        .await?
        .into_iter()
        .map(|one| {
            let day = one.day.long(visit.lang());
            ctx! { day, uses => one.uses, unfinished => one.unfinished }
        })
        .collect();
    let state = found.state();
    let is_author = found.proposed_by == clerk.actor().subject();
    let latest = found.latest().cloned().ok_or_else(Failure::not_found)?;
    // Only where a proposal waits beside what is in force is there something to compare.
    let before = found.registration.as_ref().filter(|one| **one != latest);
    let flaws: Vec<String> = latest
        .flaws()
        .iter()
        .map(|flaw| visit.t(flaw.words))
        .collect();
    let context = ctx! {
        id => found.id,
        name => latest.name,
        department => desk.services.catalogue().department_name(&found.department),
        state => visit.t(&format!("desk.clients.state.{}", state.code())),
        kind => tag_of(state),
        rows => view::rows_of(&visit, (&latest, before)),
        publishes => latest.jwks_uri.is_some(),
        published => published(&desk, &found).await?,
        purposes => view::purposes_of(&visit, (&latest, before)),
        has_proposal => found.proposal.is_some(),
        is_live => found.registration.is_some(),
        is_submitted => found.is_submitted,
        is_suspended => found.is_suspended,
        is_author,
        may_suspend => visit.require()?.has_role(Role::Operator),
        has_secret => latest.auth == identity::provider::AuthMethod::ClientSecretBasic,
        is_wire => latest.wire.is_some(),
        may_retire => latest.wire.as_ref().is_some_and(|wire| wire.secrets.len() > 1),
        uses,
        flaws,
        days,
        issuer => visit.site().config().base_url.trim_end_matches('/'),
        here => page_of(&visit, &id),
        previous => visit.to("/desk/clients"),
    };
    Ok(visit.page("desk/client.html", context))
}

/// The keys that a client publishes, as last read, and when.
async fn published(desk: &Desk, found: &ClientRecord) -> Outcome<Option<Value>> {
    let in_force = found.registration.as_ref();
    let Some(uri) = in_force.and_then(|one| one.jwks_uri.as_ref()) else {
        return Ok(None);
    };
    let kept = identity::provider::find_key_set(&desk.store, &found.id).await?;
    let kept = kept.filter(|one| one.uri == *uri);
    Ok(kept.and_then(|one| {
        let keys = one.jwks?.get("keys")?.as_array()?.clone();
        Some(ctx! { lines => view::names_of(&keys), at => one.fetched })
    }))
}

async fn new(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    desk.clerk(&visit).await?;
    Ok(form_page(&visit, (&Typed::blank(), &[]), None))
}

async fn create(State(desk): State<Desk>, visit: Visit, posted: Form) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let typed = Typed::of(&posted);
    let (proposal, mut mistakes) = typed.read();
    if let Some(mistake) = typed.mistake_of_id() {
        mistakes.insert(0, mistake);
    }
    if mistakes.is_empty() {
        if register(&desk, &clerk, (&typed.id, proposal)).await? {
            return Ok(visit.redirect(&page_of(&visit, &typed.id)));
        }
        mistakes.push(Mistake::taken());
    }
    Ok(form_page(&visit, (&typed, &mistakes), None)
        .with_errors()
        .into_response())
}

/// Keeps a draft; `false` when its id is taken.
async fn register(
    desk: &Desk,
    clerk: &Clerk,
    (id, proposal): (&str, Registration),
) -> Outcome<bool> {
    let (id, department) = (id.to_owned(), clerk.department.clone());
    let written = desk
        .store
        .write(&clerk.actor(), move |tx| {
            let (id, department) = (id.clone(), department.clone());
            let proposal = proposal.clone();
            async move { create_client_in(&tx, &id, &department, &proposal).await }
        })
        .await;
    match written {
        Ok(()) => Ok(true),
        Err(identity::Error::Decided) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

async fn new_wire(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    desk.clerk(&visit).await?;
    Ok(wire_page(&visit, (&wire::Typed::blank(), &[]), None))
}

async fn create_wire(State(desk): State<Desk>, visit: Visit, posted: Form) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let typed = wire::Typed::of(&posted);
    let (proposal, mut mistakes) = typed.read();
    if let Some(mistake) = typed.mistake_of_id() {
        mistakes.insert(0, mistake);
    }
    if mistakes.is_empty() {
        if register(&desk, &clerk, (&typed.id, proposal)).await? {
            return Ok(visit.redirect(&page_of(&visit, &typed.id)));
        }
        mistakes.push(Mistake::taken());
    }
    let page = wire_page(&visit, (&typed, &mistakes), None);
    Ok(page.with_errors().into_response())
}

async fn edit(State(desk): State<Desk>, visit: Visit, Path(id): Path<String>) -> Outcome<Page> {
    let found = own(&desk, &visit, &id).await?;
    if is_wire(&found) {
        let typed = wire::Typed::from_record(&found);
        return Ok(wire_page(&visit, (&typed, &[]), Some(&id)));
    }
    let typed = Typed::from_record(&found);
    Ok(form_page(&visit, (&typed, &[]), Some(&id)))
}

async fn propose(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<String>,
    posted: Form,
) -> Outcome<Response> {
    let found = own(&desk, &visit, &id).await?;
    if is_wire(&found) {
        return propose_wire(&desk, &visit, &found, &posted).await;
    }
    let typed = Typed::of(&posted);
    let (mut proposal, mistakes) = typed.read();
    if !mistakes.is_empty() {
        let page = form_page(&visit, (&typed, &mistakes), Some(&id));
        return Ok(page.with_errors().into_response());
    }
    // The secret is not typed; it stays until another is made.
    proposal.secret_digest = found
        .latest()
        .and_then(|latest| latest.secret_digest.clone());
    let revision = posted.text("revision").parse().unwrap_or_default();
    let change = ClientChange::Propose(Box::new(proposal), revision);
    change_client(&desk.store, &visit.actor(), &id, (change, None)).await?;
    Ok(visit.redirect(&page_of(&visit, &id)))
}

/// Whether the client speaks the wire form of Hong Kong.
fn is_wire(found: &ClientRecord) -> bool {
    found.latest().is_some_and(|latest| latest.wire.is_some())
}

async fn propose_wire(
    desk: &Desk,
    visit: &Visit,
    found: &ClientRecord,
    posted: &Form,
) -> Outcome<Response> {
    let typed = wire::Typed::of(posted);
    let (mut proposal, mistakes) = typed.read();
    if !mistakes.is_empty() {
        let page = wire_page(visit, (&typed, &mistakes), Some(&found.id));
        return Ok(page.with_errors().into_response());
    }
    // Secrets are not typed; they stay until another is made.
    let known = found.latest().and_then(|latest| latest.wire.as_ref());
    if let (Some(wire), Some(known)) = (proposal.wire.as_mut(), known) {
        wire.secrets.clone_from(&known.secrets);
    }
    let revision = posted.text("revision").parse().unwrap_or_default();
    let change = ClientChange::Propose(Box::new(proposal), revision);
    change_client(&desk.store, &visit.actor(), &found.id, (change, None)).await?;
    Ok(visit.redirect(&page_of(visit, &found.id)))
}

/// The mistakes for the summary, and by field.
fn errors_of(visit: &Visit, mistakes: &[Mistake]) -> (Vec<Value>, BTreeMap<&'static str, String>) {
    let all = mistakes
        .iter()
        .map(|one| ctx! { field => one.field, words => visit.t(one.words) });
    let by_field = mistakes.iter().map(|one| (one.field, visit.t(one.words)));
    (all.collect(), by_field.collect())
}

fn wire_page(
    visit: &Visit,
    (typed, mistakes): (&wire::Typed, &[Mistake]),
    id: Option<&str>,
) -> Page {
    let (errors, error_of) = errors_of(visit, mistakes);
    let context = ctx! {
        typed,
        choices => wire::choices(visit),
        errors,
        error_of,
        is_new => id.is_none(),
        action => visit.path(),
        previous => match id {
            Some(id) => page_of(visit, id),
            None => visit.to("/desk/clients"),
        },
    };
    visit.page("desk/client_wire_form.html", context)
}

fn form_page(visit: &Visit, (typed, mistakes): (&Typed, &[Mistake]), id: Option<&str>) -> Page {
    let (errors, error_of) = errors_of(visit, mistakes);
    let context = ctx! {
        typed,
        choices => form::choices(visit, typed),
        errors,
        error_of,
        is_new => id.is_none(),
        action => visit.path(),
        previous => match id {
            Some(id) => page_of(visit, id),
            None => visit.to("/desk/clients"),
        },
    };
    visit.page("desk/client_form.html", context)
}

async fn submit(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Response> {
    own(&desk, &visit, &id).await?;
    change_client(
        &desk.store,
        &visit.actor(),
        &id,
        (ClientChange::Submit, None),
    )
    .await?;
    visit.flash("desk.clients.submitted");
    Ok(visit.redirect(&page_of(&visit, &id)))
}

/// The second person: in force, or back to the author with a reason.
async fn decide(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<String>,
    posted: Form,
) -> Outcome<Response> {
    own(&desk, &visit, &id).await?;
    let reason = posted.text("reason").to_owned();
    let (change, words) = match posted.text("choice") {
        "approve" => (ClientChange::Approve, "desk.clients.approved"),
        _ if reason.is_empty() => {
            visit.flash_with("warning", "desk.clients.reason_needed", &[]);
            return Ok(visit.redirect(&page_of(&visit, &id)));
        }
        _ => (ClientChange::SendBack, "desk.clients.sent_back"),
    };
    let reason = (!reason.is_empty()).then_some(reason);
    change_client(&desk.store, &visit.actor(), &id, (change, reason)).await?;
    visit.flash(words);
    Ok(visit.redirect(&page_of(&visit, &id)))
}

async fn suspend(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<String>,
    posted: Form,
) -> Outcome<Response> {
    let found = own(&desk, &visit, &id).await?;
    let reason = posted.text("why").to_owned();
    if reason.is_empty() {
        visit.flash_with("warning", "desk.clients.reason_needed", &[]);
        return Ok(visit.redirect(&page_of(&visit, &id)));
    }
    let (change, words) = if found.is_suspended {
        (ClientChange::Resume, "desk.clients.resumed")
    } else {
        (ClientChange::Suspend, "desk.clients.suspended")
    };
    change_client(&desk.store, &visit.actor(), &id, (change, Some(reason))).await?;
    visit.flash(words);
    Ok(visit.redirect(&page_of(&visit, &id)))
}

/// Makes a secret and shows it this once. Of an OpenID client the digest is kept; of one that signs with
/// its secret, the secret sealed. Both stand in a proposal that a second person approves.
async fn secret(State(desk): State<Desk>, visit: Visit, Path(id): Path<String>) -> Outcome<Page> {
    let found = own(&desk, &visit, &id).await?;
    let secret = base64url::encode(visit.site().env().bytes::<32>());
    if is_wire(&found) {
        let now = visit.site().env().now().seconds();
        let vault = desk.identity.vault();
        change_wire(&desk, &visit, &found, |wire| {
            wire.renew(vault, &found.id, (&secret, now))
        })
        .await?;
    } else {
        let digest = base64url::encode(digest::sha256(&secret));
        renew_secret(&desk.store, &visit.actor(), &found.id, digest).await?;
    }
    let context = ctx! {
        id => found.id,
        secret,
        is_wire => is_wire(&found),
        here => page_of(&visit, &id),
    };
    Ok(visit.page("desk/client_secret.html", context))
}

/// Proposes that only the newest secret counts.
async fn retire(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<String>,
) -> Outcome<Response> {
    let found = own(&desk, &visit, &id).await?;
    if !is_wire(&found) {
        return Err(Failure::not_found());
    }
    change_wire(&desk, &visit, &found, |wire| {
        wire.retire();
        Ok(())
    })
    .await?;
    visit.flash("desk.clients.retired");
    Ok(visit.redirect(&page_of(&visit, &id)))
}

/// Whoever changes a secret has written the proposal, and so does not approve it.
async fn change_wire(
    desk: &Desk,
    visit: &Visit,
    found: &ClientRecord,
    edit: impl FnOnce(&mut Wire) -> Result<(), identity::Error>,
) -> Outcome<()> {
    let mut proposal = found.latest().cloned().ok_or_else(Failure::not_found)?;
    if let Some(wire) = proposal.wire.as_mut() {
        edit(wire)?;
    }
    let change = ClientChange::Propose(Box::new(proposal), found.revision);
    change_client(&desk.store, &visit.actor(), &found.id, (change, None)).await?;
    Ok(())
}
