//! What signs a person in: the phone, passkeys, browsers. Each can be removed, and each can be reported as
//! not one's own. Adding a passkey asks the phone or another passkey first; somebody who has neither comes
//! with a code from a counter.

use axum::{extract::State, http::HeaderMap, response::Response};
use identity::{
    Approval, Authority, Ceremony, CeremonyKind, Entrance, Error, IdentityDocument, Level,
    NewApproval, Passkey, Purpose, RelyingParty,
};
use kernel::{Id, Text};
use trust::base64url;
use web::{
    Access, Failure, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong,
    ctx,
};

use crate::Portal;

/// Where the browser keeps the name of a passkey until the phone has answered.
const NAMED: &str = "portal.passkey";

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/devices", Access::RESIDENT, list)
        .post("/{lang}/devices/passkeys", Access::RESIDENT, ask)
        .rate(Rate::Attempt)
        .get("/{lang}/devices/allowed", Access::RESIDENT, allowed)
        .post("/{lang}/devices/rename", Access::RESIDENT, rename)
        .rate(Rate::Post)
        .get("/{lang}/devices/end", Access::RESIDENT, end_page)
        .post("/{lang}/devices/end", Access::RESIDENT, end)
        .rate(Rate::Post)
        .get("/{lang}/passkeys/{ceremony}", Access::Public, make)
        .post("/{lang}/passkeys/{ceremony}", Access::Public, made)
        .rate(Rate::Attempt)
        .get("/{lang}/recover", Access::Public, recover_page)
        .post("/{lang}/recover", Access::Public, recover)
        .rate(Rate::Attempt)
}

fn party(visit: &Visit) -> Option<RelyingParty> {
    RelyingParty::of(&visit.site().config().base_url)
}

fn needed_party(visit: &Visit) -> Outcome<RelyingParty> {
    Ok(party(visit).ok_or(Error::NoPasskeys)?)
}

async fn list(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    list_page(&portal, &visit, ("", &[])).await
}

async fn list_page(
    portal: &Portal,
    visit: &Visit,
    (name, errors): (&str, &[(&str, &str)]),
) -> Outcome<Page> {
    let wrong = Wrong::of(visit, errors);
    let who = portal.person(visit)?;
    let store = &portal.store;
    let phone = identity::live_device(store, who).await?;
    let passkeys = identity::passkeys_of(store, who).await?;
    let browsers = identity::browsers_of(store, who).await?;
    let own = visit
        .session_key()
        .map(base64url::encode)
        .unwrap_or_default();
    let party = party(visit);
    let known: Vec<String> = passkeys.iter().map(Passkey::credential).collect();
    let context = ctx! {
        phone => phone.as_ref().map(|one| ctx! {
            name => one.name, since => one.created, seen => one.last_seen,
            end => end_path(visit, "phone", "this"),
        }),
        passkeys => passkeys.iter().map(|one| passkey_view(visit, one)).collect::<Vec<_>>(),
        browsers => browsers.iter().map(|one| ctx! {
            place => one.place, since => one.since, seen => one.seen, is_desk => one.is_desk,
            means => visit.t(&format!("portal.devices.means.{}", one.means)),
            is_this => one.key == own,
            end => end_path(visit, "browser", &one.key),
        }).collect::<Vec<_>>(),
        is_full => passkeys.len() >= identity::PASSKEYS_MAX,
        can_add => party.is_some() && (phone.is_some() || !passkeys.is_empty()),
        has_phone => phone.is_some(),
        site => party.as_ref().map(|one| one.id().to_owned()).unwrap_or_default(),
        known => known.join(" "),
        handle => base64url::encode(who.bytes()),
        name,
        error => wrong.words("name"),
        errors => wrong.list(),
    };
    Ok(visit.page("portal/devices.html", context))
}

fn end_path(visit: &Visit, kind: &str, id: &str) -> String {
    visit.to(&format!("/devices/end?kind={kind}&id={id}"))
}

fn passkey_view(visit: &Visit, one: &Passkey) -> Value {
    ctx! {
        id => one.id,
        name => one.name,
        is_synced => one.is_synced,
        since => one.created,
        used => one.last_used,
        end => end_path(visit, "passkey", &one.id.to_string()),
    }
}

/// The phone is asked, or what another passkey has answered is taken.
async fn ask(
    State(portal): State<Portal>,
    visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let party = needed_party(&visit)?;
    let typed = form.text("name");
    let Ok(name) = identity::passkey_name(typed) else {
        let page = list_page(
            &portal,
            &visit,
            (typed, &[("name", "portal.devices.wrong.name")]),
        )
        .await?;
        return Ok(page.with_errors().into_response());
    };
    if !form.text("credential").is_empty() {
        let binding = identity::binding(&visit).await?;
        let confirm = form.text("ceremony").parse().map_err(|_| Error::Expired)?;
        let given = (confirm, &binding);
        let answer = form.text("credential");
        let begun =
            identity::add_by_passkey(&portal.store, &party, (who, &name), given, answer).await?;
        return Ok(visit.redirect(&visit.to(&format!("/passkeys/{}", begun.id))));
    }
    let summary = Text::new(
        format!("Add the passkey “{name}”: whoever holds it can sign in as you"),
        format!("加入通行密鑰「{name}」：持有者可以你的身分登入"),
    );
    let new = NewApproval {
        purpose: Purpose::StepUp,
        requester: visit.site().text("portal.account.requester"),
        place: Text::default(),
        asked: Level::Basic,
        person: Some(who),
        summary,
        detail: Vec::new(),
        digest: identity::adding_digest(who, &name),
        binding: identity::Binding::of(b""),
        return_to: visit.to("/devices/allowed"),
    };
    visit.remember(NAMED, &name).await?;
    let (_, page) = identity::ask_in(&visit, &portal.identity, &headers, new).await?;
    Ok(visit.redirect(&page))
}

/// The phone has said yes: the ceremony begins.
async fn allowed(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let name: String = visit.recall(NAMED).ok_or(Error::NotFound)?;
    let given: Option<Id<Approval>> = visit.query().get("approval").and_then(|id| id.parse().ok());
    let given = given.ok_or(Error::NotFound)?;
    let binding = identity::binding(&visit).await?;
    let party = needed_party(&visit)?;
    let begun =
        identity::add_by_phone(&portal.store, &party, (who, &name), (given, &binding)).await?;
    visit.forget(NAMED).await?;
    Ok(visit.redirect(&visit.to(&format!("/passkeys/{}", begun.id))))
}

async fn make(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Ceremony>>,
) -> Outcome<Page> {
    make_page(&portal, &visit, id, false).await
}

async fn make_page(
    portal: &Portal,
    visit: &Visit,
    id: Id<Ceremony>,
    is_refused: bool,
) -> Outcome<Page> {
    let binding = identity::binding(visit).await?;
    let begun = identity::find_ceremony(&portal.store, id, CeremonyKind::Add, &binding).await?;
    let back = if visit.signed_in().is_some() {
        "/devices"
    } else {
        "/recover"
    };
    let context = ctx! {
        name => begun.name,
        options => begun.options.to_string(),
        is_refused,
        back => visit.to(back),
    };
    Ok(visit.page("portal/passkey_new.html", context))
}

async fn made(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Ceremony>>,
    form: Form,
) -> Outcome<Response> {
    let binding = identity::binding(&visit).await?;
    let party = needed_party(&visit)?;
    let answer = form.text("credential");
    let given = (id, &binding);
    match identity::finish_adding(&portal.store, &party, given, answer).await {
        Ok((_, Authority::Counter)) => {
            visit.flash("portal.recover.done");
            Ok(visit.redirect(&visit.to(&format!("/sign-in?next={}", visit.to("/devices")))))
        }
        Ok(_) => {
            visit.flash("portal.devices.added");
            Ok(visit.redirect(&visit.to("/devices")))
        }
        Err(Error::PasskeyRefused | Error::AlreadyThere) => {
            let page = make_page(&portal, &visit, id, true).await?;
            Ok(page.with_errors().into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn rename(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let id = form.text("passkey").parse().map_err(|_| Error::NotFound)?;
    match identity::rename_passkey(&portal.store, who, id, form.text("name")).await {
        Ok(()) => visit.flash("portal.devices.renamed"),
        Err(Error::Malformed(_)) => {
            visit.flash_with("warning", "portal.devices.wrong.name", &[]);
        }
        Err(error) => return Err(error.into()),
    }
    Ok(visit.redirect(&visit.to("/devices")))
}

/// Which of the list somebody means.
fn entrance(form: &Form) -> Result<Entrance, Failure> {
    let id = form.text("id");
    match form.text("kind") {
        "phone" => Ok(Entrance::Phone),
        "passkey" => Ok(Entrance::Passkey(id.parse().map_err(|_| Error::NotFound)?)),
        "browser" => Ok(Entrance::Browser(id.to_owned())),
        _ => Err(Error::NotFound.into()),
    }
}

/// What is about to go, in words; nothing when it is not there or another's.
async fn named(portal: &Portal, visit: &Visit, entrance: &Entrance) -> Outcome<String> {
    let (store, who) = (&portal.store, portal.person(visit)?);
    let found = match entrance {
        Entrance::Phone => identity::live_device(store, who).await?.map(|one| one.name),
        Entrance::Passkey(id) => {
            let held = identity::passkeys_of(store, who).await?;
            held.into_iter()
                .find(|one| one.id == *id)
                .map(|one| one.name)
        }
        Entrance::Browser(key) => {
            let held = identity::browsers_of(store, who).await?;
            let found = held.into_iter().find(|one| one.key == *key);
            found.map(|one| one.place.get(visit.lang()).to_owned())
        }
    };
    found.ok_or_else(|| Error::NotFound.into())
}

async fn end_page(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let which = entrance(visit.query())?;
    let name = named(&portal, &visit, &which).await?;
    let kind = visit.query().text("kind").to_owned();
    let context = ctx! {
        kind, name,
        id => visit.query().text("id"),
    };
    Ok(visit.page("portal/device_end.html", context))
}

async fn end(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let which = entrance(&form)?;
    let is_foreign = form.text("do") == "not_me";
    let own = visit
        .session_key()
        .map(base64url::encode)
        .unwrap_or_default();
    let is_here = matches!(&which, Entrance::Browser(key) if *key == own);
    portal
        .store
        .write(&visit.actor(), move |tx| {
            let which = which.clone();
            async move {
                if is_foreign {
                    identity::disown_in(&tx, who, &which).await
                } else {
                    identity::revoke_entrance_in(&tx, who, &which).await
                }
            }
        })
        .await?;
    if is_foreign || is_here {
        visit.sign_out().await?;
        visit.flash(if is_foreign {
            "portal.devices.disowned"
        } else {
            "portal.devices.out"
        });
        return Ok(visit.redirect(&visit.to("")));
    }
    visit.flash("portal.devices.removed");
    Ok(visit.redirect(&visit.to("/devices")))
}

async fn recover_page(visit: Visit) -> Outcome<Page> {
    needed_party(&visit)?;
    Ok(recover_form(&visit, &Form::default(), &[]))
}

fn recover_form(visit: &Visit, form: &Form, errors: &[(&str, &str)]) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        errors => wrong.list(),
        hkid => form.text("hkid"),
        country => form.text("country"),
        countries => identity::countries(visit.lang()),
        code => form.text("code"),
        name => form.text("name"),
        hkid_error => wrong.words("hkid"),
        code_error => wrong.words("code"),
        name_error => wrong.words("name"),
    };
    visit.page("portal/recover.html", context)
}

async fn recover(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let party = needed_party(&visit)?;
    let mut errors = Vec::new();
    let document = IdentityDocument::read(form.text("country"), form.text("hkid")).ok();
    if document.is_none() {
        errors.push(("hkid", "portal.recover.wrong.hkid"));
    }
    if form.text("code").trim().is_empty() {
        errors.push(("code", "portal.recover.wrong.empty"));
    }
    let name = identity::passkey_name(form.text("name")).ok();
    if name.is_none() {
        errors.push(("name", "portal.devices.wrong.name"));
    }
    let (Some(document), Some(name), true) = (document, name, errors.is_empty()) else {
        return Ok(recover_form(&visit, &form, &errors)
            .with_errors()
            .into_response());
    };
    let binding = identity::binding(&visit).await?;
    let keys = (portal.identity.vault(), &party);
    let given = (&document, form.text("code"));
    let begun = identity::redeem_recovery(&portal.store, keys, given, (&name, &binding)).await;
    match begun {
        Ok(begun) => Ok(visit.redirect(&visit.to(&format!("/passkeys/{}", begun.id)))),
        Err(Error::RecoveryRefused) => {
            let errors = [("code", "portal.recover.wrong.code")];
            Ok(recover_form(&visit, &form, &errors)
                .with_errors()
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}
