//! Accounts of people, for the department that keeps them: found by card or passport with a reason on record,
//! suspended with a ground, lifted by a supervisor; one phone, passkey or session of it ended. The register's officers note deaths here.

use axum::{extract::State, response::Response};
use identity::{
    Basis, Entrance, Error, FieldKey, Ground, IdentityDocument, Officer, Person, PersonState,
    Reading, Shown,
};
use kernel::{Actor, Hkid, Id, Role, Text};
use serde::{Deserialize, Serialize};
use web::{
    Access, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong, ctx,
};

use crate::Desk;

/// What the browser remembers: whose account was opened, so that a reason stands for each.
const OPENED: &str = "desk.account";

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/accounts", Access::OFFICER, ask)
        .post("/{lang}/desk/accounts", Access::OFFICER, find)
        .rate(Rate::Attempt)
        .get("/{lang}/desk/accounts/{id}", Access::OFFICER, show)
        .post("/{lang}/desk/accounts/{id}", Access::OFFICER, change)
        .post("/{lang}/desk/deaths", Access::OFFICER, death)
        .rate(Rate::Attempt)
}

#[derive(Serialize, Deserialize)]
struct Opened {
    person: Id<Person>,
}

/// The officer at the browser, who must work where accounts or deaths are kept.
pub(crate) async fn officer(desk: &Desk, visit: &Visit) -> Outcome<Officer> {
    let Actor::Officer { officer, .. } = &visit.require()?.actor else {
        return Err(Error::NotOfficer.into());
    };
    let id = officer.parse().map_err(|_| Error::NotOfficer)?;
    let found = identity::find_officer(&desk.store, id)
        .await?
        .ok_or(Error::NotOfficer)?;
    let fits = [identity::KEEPER, identity::DEATHS].contains(&found.department.as_str());
    if fits {
        Ok(found)
    } else {
        Err(Error::WrongPost.into())
    }
}

async fn ask(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let by = officer(&desk, &visit).await?;
    Ok(form_page(&visit, &by, &Form::default(), &[]))
}

fn form_page(visit: &Visit, by: &Officer, form: &Form, errors: &[(&str, &str)]) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        keeps => by.department == identity::KEEPER,
        notes_deaths => by.department == identity::DEATHS,
        errors => wrong.list(),
        hkid => form.text("hkid"),
        country => form.text("country"),
        countries => identity::countries(visit.lang()),
        reason => form.text("reason"),
        notice => form.text("notice"),
        hkid_error => wrong.words("hkid"),
        reason_error => wrong.words("reason"),
        notice_error => wrong.words("notice"),
    };
    visit.page("desk/accounts.html", context)
}

async fn find(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    if by.department != identity::KEEPER {
        return Err(Error::WrongPost.into());
    }
    let document = IdentityDocument::read(form.text("country"), form.text("hkid"));
    let reason = form.text("reason").trim();
    let mut errors = Vec::new();
    if document.is_err() {
        errors.push(("hkid", "desk.accounts.wrong.document"));
    }
    if reason.is_empty() {
        errors.push(("reason", "desk.accounts.wrong.reason"));
    }
    let found = match document {
        Ok(document) if errors.is_empty() => {
            identity::find_person_by_document(&desk.store, desk.identity.vault(), &document).await?
        }
        _ => None,
    };
    if errors.is_empty() && found.is_none() {
        errors.push(("hkid", "desk.accounts.none"));
    }
    let Some(found) = found else {
        return Ok(form_page(&visit, &by, &form, &errors)
            .with_errors()
            .into_response());
    };
    let reading = Reading {
        person: found.id,
        reader: desk.services.catalogue().department_name(&by.department),
        department: by.department.clone(),
        reason: Text::same(reason),
    };
    let shown = [FieldKey::NameEn, found.basis.number_field()];
    identity::record_reading(&desk.store, &reading, &shown).await?;
    visit.remember(OPENED, &Opened { person: found.id }).await?;
    Ok(visit.redirect(&visit.to(&format!("/desk/accounts/{}", found.id))))
}

/// The account that this browser gave a reason for.
pub(crate) fn guard(visit: &Visit, id: Id<Person>) -> Outcome<()> {
    let opened: Option<Opened> = visit.recall(OPENED);
    if opened.is_some_and(|one| one.person == id) {
        Ok(())
    } else {
        Err(Error::NotFound.into())
    }
}

async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Person>>,
) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    guard(&visit, id)?;
    account_page(&desk, &visit, (&by, id), (&Form::default(), &[])).await
}

/// The page of an account, with what was typed and what is wrong with it.
pub(crate) async fn account_page(
    desk: &Desk,
    visit: &Visit,
    (by, id): (&Officer, Id<Person>),
    (form, errors): (&Form, &[(&str, &str)]),
) -> Outcome<Response> {
    let found = identity::find_person(&desk.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        name => found.name.get(visit.lang()),
        state => visit.t(&format!("desk.accounts.state.{}", found.state)),
        kind => match found.state {
            PersonState::Active => "good",
            PersonState::Suspended => "wait",
            PersonState::Closed => "bad",
        },
        level => found.level.code(),
        enrolled => found.enrolled,
        checked => found.checked,
        missing_since => identity::missing_since(&desk.store, id).await?,
        entrances => entrances(desk, visit, id).await?,
        changes => changes(desk, visit, id).await?,
        grounds => choices(visit, "desk.accounts.ground", &Ground::SUSPENDING),
        documents => choices(visit, "desk.recovery.shown", Shown::ALL),
        passport => passport(visit, &found),
        may_suspend => found.state == PersonState::Active,
        may_lift => found.state == PersonState::Suspended && by.role == Role::Supervisor,
        needs_supervisor => found.state == PersonState::Suspended && by.role != Role::Supervisor,
        ground => form.get("ground").unwrap_or("lost_phone"),
        reason => form.text("reason"),
        reason_error => wrong.words("reason"),
        shown => form.text("shown"),
        shown_error => wrong.words("shown"),
        recovery_reason => form.text("recovery_reason"),
        recovery_reason_error => wrong.words("recovery_reason"),
        entrance => form.text("entrance"),
        entrance_error => wrong.words("entrance"),
        end_reason => form.text("end_reason"),
        end_reason_error => wrong.words("end_reason"),
        sign_out_reason => form.text("sign_out_reason"),
        sign_out_reason_error => wrong.words("sign_out_reason"),
        errors => wrong.list(),
    };
    let page = visit.page("desk/account.html", context);
    Ok(if errors.is_empty() {
        page.into_response()
    } else {
        page.with_errors().into_response()
    })
}

/// The passport that an account rests on, and where a new one is recorded.
fn passport(visit: &Visit, found: &Person) -> Option<Value> {
    let Basis::Passport { expires, seen } = found.basis else {
        return None;
    };
    Some(ctx! {
        expires,
        seen,
        is_lapsed => found.basis.is_lapsed(visit.site().env().today()),
        renew => (found.state == PersonState::Active)
            .then(|| visit.to(&format!("/desk/accounts/{}/passport", found.id))),
    })
}

fn choices<T: std::fmt::Display>(visit: &Visit, area: &str, all: &[T]) -> Vec<Value> {
    all.iter()
        .map(|one| ctx! { value => one.to_string(), words => visit.t(&format!("{area}.{one}")) })
        .collect()
}

/// Phone, passkeys and browsers of a person, in words.
async fn entrances(desk: &Desk, visit: &Visit, id: Id<Person>) -> Outcome<Vec<Value>> {
    let phone = identity::live_device(&desk.store, id).await?;
    let passkeys = identity::passkeys_of(&desk.store, id).await?;
    let browsers = identity::browsers_of(&desk.store, id).await?;
    let mut all = Vec::new();
    let mut push = |(kind, value): (&str, String), name: &str, since, seen: Option<_>| {
        let kind = visit.t(&format!("desk.accounts.entrance.{kind}"));
        let words = format!("{kind}: {name}");
        all.push(ctx! { kind, name, since, seen, value, words });
    };
    if let Some(one) = &phone {
        let value = "phone".to_owned();
        push(
            ("phone", value),
            &one.name,
            one.created,
            Some(one.last_seen),
        );
    }
    for one in &passkeys {
        let kind = if one.is_synced { "synced" } else { "bound" };
        let value = format!("passkey:{}", one.id);
        push((kind, value), &one.name, one.created, one.last_used);
    }
    for one in &browsers {
        push(
            ("browser", format!("browser:{}", one.key)),
            one.place.get(visit.lang()),
            one.since,
            Some(one.seen),
        );
    }
    Ok(all)
}

async fn changes(desk: &Desk, visit: &Visit, id: Id<Person>) -> Outcome<Vec<Value>> {
    let changes = identity::account_changes(&desk.store, id).await?;
    let changes = changes.iter().map(|one| {
        let department = one.department.as_deref();
        ctx! {
            at => one.at,
            words => visit.t(&format!("desk.accounts.state.{}", one.state)),
            detail => visit.t(&format!("desk.accounts.ground.{}", one.ground)),
            who => department.map(|code| desk.services.catalogue().department_name(code)),
        }
    });
    Ok(changes.collect())
}

async fn change(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Person>>,
    form: Form,
) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    guard(&visit, id)?;
    let (store, reason) = (&desk.store, form.text("reason"));
    let (done, key) = match form.text("do") {
        "lift" => {
            let lifted = identity::lift_account(store, &by, id, reason).await;
            (lifted, "desk.accounts.lifted")
        }
        "end" => {
            let Some(entrance) = entrance_of(form.text("entrance")) else {
                let wrong = [("entrance", "desk.accounts.wrong.entrance")];
                return account_page(&desk, &visit, (&by, id), (&form, &wrong)).await;
            };
            let ended = (&entrance, form.text("end_reason"));
            let ended = identity::end_entrance(store, &by, id, ended).await;
            (ended, "desk.accounts.ended")
        }
        "sign_out" => {
            let why = form.text("sign_out_reason");
            let out = identity::sign_out_everywhere(store, &by, id, why).await;
            (out, "desk.accounts.signed_out")
        }
        _ => {
            let ground: Ground = form.text("ground").parse().unwrap_or(Ground::Own);
            let suspended = identity::suspend_account(store, &by, id, (ground, reason)).await;
            (suspended, "desk.accounts.suspended")
        }
    };
    match done {
        Ok(()) => {
            visit.flash(key);
            Ok(visit.redirect(&visit.to(&format!("/desk/accounts/{id}"))))
        }
        Err(Error::Malformed(_)) => {
            let field = match form.text("do") {
                "sign_out" => "sign_out_reason",
                "end" => "end_reason",
                _ => "reason",
            };
            let wrong = [(field, "desk.accounts.wrong.reason")];
            account_page(&desk, &visit, (&by, id), (&form, &wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// The way in that a form names.
fn entrance_of(value: &str) -> Option<Entrance> {
    match value.split_once(':') {
        None if value == "phone" => Some(Entrance::Phone),
        Some(("passkey", id)) => Some(Entrance::Passkey(id.parse().ok()?)),
        Some(("browser", key)) => Some(Entrance::Browser(key.to_owned())),
        _ => None,
    }
}

async fn death(State(desk): State<Desk>, visit: Visit, form: Form) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    let mut errors = Vec::new();
    let hkid = form.text("hkid").parse::<Hkid>();
    if hkid.is_err() {
        errors.push(("hkid", "desk.accounts.wrong.hkid"));
    }
    let notice = form.text("notice").trim();
    if notice.is_empty() {
        errors.push(("notice", "desk.accounts.wrong.notice"));
    }
    match hkid {
        Ok(hkid) if errors.is_empty() => {
            let vault = desk.identity.vault();
            identity::note_death(&desk.store, vault, &by, (&hkid, notice)).await?;
            visit.flash("desk.deaths.noted");
            Ok(visit.redirect(&visit.to("/desk/accounts")))
        }
        _ => Ok(form_page(&visit, &by, &form, &errors)
            .with_errors()
            .into_response()),
    }
}
