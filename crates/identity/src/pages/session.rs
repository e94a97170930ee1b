//! The browser's session: its binding secret, signing in with a consumed approval, choosing whom
//! to act for, signing out.

use axum::{extract::State, http::HeaderMap, response::Response};
use kernel::{Actor, Id, Role};
use trust::base64url;
use web::{Failure, Form, Outcome, Page, SignedIn, Visit, ctx};

use crate::{
    Approval, Binding, Company, Error, Identity, Level, Mandate, Means, NewApproval, Officer,
    Person, Purpose, place_of,
    provider::{self, RECOGNISED, Recognised},
    store::assertion::AtBrowser,
    store::{
        approval,
        browser::{self, NewBrowser},
        member, officer, person,
    },
};

/// Where the browser's binding secret is remembered.
const SECRET: &str = "identity.secret";

/// The binding of this browser: the digest of a secret only its encrypted session holds. Made on
/// first use; it survives signing in, because what the session remembers does.
///
/// # Errors
/// The session cannot be written.
pub async fn binding(visit: &Visit) -> Result<Binding, web::Error> {
    if let Some(secret) = visit.recall::<String>(SECRET) {
        return Ok(Binding::of(secret.as_bytes()));
    }
    let secret = base64url::encode(visit.site().env().bytes::<32>());
    visit.remember(SECRET, &secret).await?;
    Ok(Binding::of(secret.as_bytes()))
}

/// The binding this browser has already; nothing is begun for a browser that no page has seen.
pub(crate) fn known_binding(visit: &Visit) -> Result<Binding, Error> {
    let secret: Option<String> = visit.recall(SECRET);
    let secret = secret.ok_or(Error::OtherBrowser)?;
    Ok(Binding::of(secret.as_bytes()))
}

/// Who sits at this browser.
pub(crate) async fn at_browser(visit: &Visit) -> Result<AtBrowser, web::Error> {
    let signed_in = visit.signed_in();
    Ok(AtBrowser {
        person: signed_in.and_then(|who| who.actor.subject().parse().ok()),
        binding: binding(visit).await?,
    })
}

/// Asks for an approval from a page and answers the path of the waiting page. `binding` and `place`
/// of `new` are filled in here.
///
/// # Errors
/// As [`crate::ask`].
pub async fn ask_in(
    visit: &Visit,
    identity: &Identity,
    headers: &HeaderMap,
    new: NewApproval,
) -> Result<(Approval, String), Failure> {
    let draws = approval::Draws::of(identity.store().env());
    ask_drawn_in(visit, identity, headers, (new, draws)).await
}

/// As [`ask_in`], with what was drawn before.
///
/// # Errors
/// As [`ask_in`].
pub(crate) async fn ask_drawn_in(
    visit: &Visit,
    identity: &Identity,
    headers: &HeaderMap,
    (new, draws): (NewApproval, approval::Draws),
) -> Result<(Approval, String), Failure> {
    let place = place(headers);
    let new = NewApproval {
        binding: binding(visit).await?,
        place,
        ..new
    };
    let asked = approval::ask_drawn(identity.store(), &visit.actor(), (new, draws)).await?;
    let page = visit.to(&format!("/approvals/{}", asked.id));
    Ok((asked, page))
}

fn place(headers: &HeaderMap) -> kernel::Text {
    let agent = headers
        .get(axum::http::header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    place_of(agent.unwrap_or_default())
}

/// Who comes in, to what, by what and from where.
pub(crate) struct Entering {
    pub(crate) person: Id<Person>,
    pub(crate) purpose: Purpose,
    pub(crate) means: Means,
    /// The level that was asked for.
    pub(crate) asked: Level,
    pub(crate) place: kernel::Text,
}

/// Signs a person in on this browser, as a resident or as an officer.
pub(crate) async fn enter(
    visit: &Visit,
    identity: &Identity,
    entering: Entering,
) -> Result<(), Failure> {
    let store = identity.store();
    let Entering {
        person,
        purpose,
        means,
        asked,
        place,
    } = entering;
    let mut owner = person::find_person(store, person)
        .await?
        .ok_or(Error::NotFound)?;
    let shows_plus = match means {
        Means::Phone => true,
        // A key that stays on its device shows the plus level where it is asked for, and not beside that.
        Means::Bound => asked == Level::Plus,
        Means::Synced => false,
    };
    if !shows_plus {
        owner.level = Level::Basic;
    }
    let who = if purpose == Purpose::Desk {
        let post = officer::officer_of(store, owner.id)
            .await?
            .ok_or(Error::NotOfficer)?;
        as_officer(visit, &owner, &post)
    } else {
        as_resident(visit, &owner, None)
    };
    // Before the token changes, so that the moment and the new session are one row.
    let recognised = Recognised {
        at: store.env().now().seconds(),
        level: owner.level,
        session: base64url::encode(store.env().bytes::<16>()),
        means,
    };
    visit.remember(RECOGNISED, &recognised).await?;
    visit.sign_in(who).await?;
    let new = NewBrowser {
        key: visit.session_key().unwrap_or_default(),
        person,
        session: recognised.session,
        means,
        place,
    };
    browser::put(store, new).await?;
    Ok(())
}

fn as_resident(visit: &Visit, owner: &Person, company: Option<&Company>) -> SignedIn {
    let name = company.map_or_else(
        || owner.name.get(visit.lang()).to_owned(),
        |company| company.name.get(visit.lang()).to_owned(),
    );
    SignedIn {
        actor: Actor::Resident {
            person: owner.id.to_string(),
            company: company.map(|company| company.id.to_string()),
        },
        roles: vec![Role::Resident],
        duties: Vec::new(),
        level: level(owner.level),
        name,
    }
}

fn as_officer(visit: &Visit, owner: &Person, post: &Officer) -> SignedIn {
    let mut roles = vec![post.role];
    if post.role == Role::Supervisor {
        roles.push(Role::Officer);
    }
    SignedIn {
        actor: post.actor(),
        roles,
        duties: post.roles.clone(),
        level: level(owner.level),
        name: owner.name.get(visit.lang()).to_owned(),
    }
}

const fn level(level: Level) -> web::Level {
    match level {
        Level::Basic => web::Level::Basic,
        Level::Plus => web::Level::Plus,
    }
}

/// Acts for a company from now on, or for oneself again. The mandate is checked here and must be
/// checked again by whatever acts.
///
/// # Errors
/// [`Error::NotFound`] when the person holds no mandate for the company.
pub async fn act_for(
    visit: &Visit,
    identity: &Identity,
    company: Option<Id<Company>>,
) -> Result<(), Failure> {
    let owner = signed_in_person(visit, identity).await?;
    let chosen = match company {
        None => None,
        Some(id) => {
            let mandate = member::mandate_for(identity.store(), owner.id, id).await?;
            Some(mandate.ok_or(Error::NotFound)?.company)
        }
    };
    let before = visit.session_key();
    visit
        .sign_in(as_resident(visit, &owner, chosen.as_ref()))
        .await?;
    if let (Some(before), Some(now)) = (before, visit.session_key()) {
        browser::renew(identity.store(), before, now).await?;
    }
    Ok(())
}

async fn signed_in_person(visit: &Visit, identity: &Identity) -> Result<Person, Failure> {
    let who = visit.require()?;
    let Actor::Resident { person: id, .. } = &who.actor else {
        return Err(Error::NotFound.into());
    };
    let id = id.parse().map_err(|_| Error::NotFound)?;
    Ok(person::find_person(identity.store(), id)
        .await?
        .ok_or(Error::NotFound)?)
}

pub(crate) async fn acting(visit: Visit, State(identity): State<Identity>) -> Outcome<Page> {
    let owner = signed_in_person(&visit, &identity).await?;
    let who = visit.require()?;
    let now = match &who.actor {
        Actor::Resident { company, .. } => company.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let mandates = member::mandates_of(identity.store(), owner.id).await?;
    let usable = mandates
        .iter()
        .filter(|one| one.powers.may_access || one.powers.may_chop);
    let companies: Vec<_> = usable
        .map(|mandate| {
            ctx! {
                value => mandate.company.id,
                words => mandate.company.name.get(visit.lang()),
                hint => mandate_words(&visit, mandate),
            }
        })
        .collect();
    let context = ctx! {
        own_name => owner.name.get(visit.lang()),
        companies,
        now,
        next => web::local_path(visit.query().get("next"), &visit.to("")),
    };
    Ok(visit.page("identity/acting.html", context))
}

/// What the person is in the company, whether they hold its chop, and through which firm they act.
pub(crate) fn mandate_words(visit: &Visit, mandate: &Mandate) -> String {
    let role = visit.t(&format!("identity.acting.{}", mandate.powers.role));
    let mut hint = vec![role];
    if mandate.powers.may_chop {
        hint.push(visit.t("identity.acting.chop"));
    }
    if let Some(firm) = &mandate.firm {
        let name = [("firm", firm.name.get(visit.lang()))];
        hint.push(visit.t_with("identity.acting.firm", &name));
    }
    hint.join(&visit.t("identity.acting.joint"))
}

pub(crate) async fn act(
    visit: Visit,
    State(identity): State<Identity>,
    form: Form,
) -> Outcome<Response> {
    let company = match form.text("company") {
        "" => None,
        id => Some(id.parse().map_err(|_| Error::NotFound)?),
    };
    act_for(&visit, &identity, company).await?;
    let home = visit.to("");
    Ok(visit.redirect(web::local_path(form.get("next"), &home)))
}

pub(crate) async fn sign_out_page(visit: Visit) -> Page {
    visit.page(
        "identity/sign_out.html",
        ctx! { is_in => visit.signed_in().is_some() },
    )
}

pub(crate) async fn sign_out(visit: Visit, State(identity): State<Identity>) -> Outcome<Response> {
    let was_staff = visit
        .signed_in()
        .is_some_and(|who| who.roles.iter().any(|role| *role != Role::Resident));
    provider::sign_out(&visit, &identity).await?;
    let place = if was_staff {
        "/desk/sign-in"
    } else {
        "/sign-out"
    };
    Ok(visit.redirect(&visit.to(place)))
}
