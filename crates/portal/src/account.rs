//! Children a person has agreed for, and closing the account: both by the person's own phone.

use axum::{extract::State, http::HeaderMap, response::Response};
use identity::{
    Approval, Child, Error, Guardianship, GuardianshipState, Level, NewApproval, Person, Purpose,
    Relation,
};
use kernel::{Date, Hkid, Id, Text};
use web::{
    Access, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong, ctx,
};

use crate::Portal;

/// Where the browser keeps the child it asked about until the phone has answered.
const ASKED: &str = "portal.child";

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/children", Access::RESIDENT, children)
        .post("/{lang}/children", Access::RESIDENT, ask_child)
        .rate(Rate::Attempt)
        .get("/{lang}/children/agreed", Access::RESIDENT, agreed)
        .post("/{lang}/children/{id}/withdraw", Access::RESIDENT, withdraw)
        .get("/{lang}/account/close", Access::RESIDENT, close_page)
        .post("/{lang}/account/close", Access::RESIDENT, ask_close)
        .rate(Rate::Post)
        .get("/{lang}/account/closing", Access::RESIDENT, close)
}

/// What the phone is asked before something grave: a step-up for this person only.
fn question(visit: &Visit, who: Id<Person>, summary: Text, digest: [u8; 32]) -> NewApproval {
    NewApproval {
        purpose: Purpose::StepUp,
        requester: visit.site().text("portal.account.requester"),
        place: Text::default(),
        asked: Level::Basic,
        person: Some(who),
        summary,
        detail: Vec::new(),
        digest,
        binding: identity::Binding::of(b""),
        return_to: String::new(),
    }
}

async fn children(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    children_page(&portal, &visit, &Form::default(), &[]).await
}

async fn children_page(
    portal: &Portal,
    visit: &Visit,
    form: &Form,
    errors: &[(&str, &str)],
) -> Outcome<Page> {
    let who = portal.person(visit)?;
    let held = identity::guardianships_of(&portal.store, portal.identity.vault(), who).await?;
    let rows: Vec<Value> = held
        .iter()
        .map(|one| {
            let is_live = one.state == GuardianshipState::Agreed;
            ctx! {
                card => one.card,
                relation => visit.t(&format!("portal.child.relation.{}", one.relation)),
                state => visit.t(&format!("portal.child.state.{}", one.state)),
                is_live,
                has_account => one.minor.is_some(),
                agreed => one.agreed,
                ends => one.ends,
                withdraw => visit.to(&format!("/children/{}/withdraw", one.id)),
            }
        })
        .collect();
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        children => rows,
        errors => wrong.list(),
        hkid => form.text("hkid"),
        day => form.text("born-day"),
        month => form.text("born-month"),
        year => form.text("born-year"),
        relation => form.text("relation"),
        hkid_error => wrong.words("hkid"),
        born_error => wrong.words("born"),
        relation_error => wrong.words("relation"),
        is_simulated => portal.identity.register().is_simulated(),
    };
    Ok(visit.page("portal/children.html", context))
}

fn read_child(form: &Form) -> Result<Child, Vec<(&'static str, &'static str)>> {
    let mut errors = Vec::new();
    let hkid = form.text("hkid").parse::<Hkid>().ok();
    if hkid.is_none() {
        errors.push(("hkid", "portal.child.wrong.hkid"));
    }
    let part = |name: &str| form.text(name).trim().to_owned();
    let born = (
        part("born-year").parse(),
        part("born-month").parse(),
        part("born-day").parse(),
    );
    let born = match born {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
        _ => None,
    };
    if born.is_none() {
        errors.push(("born", "portal.child.wrong.born"));
    }
    let relation = form.text("relation").parse::<Relation>().ok();
    if relation.is_none() {
        errors.push(("relation", "portal.child.wrong.relation"));
    }
    match (hkid, born, relation) {
        (Some(hkid), Some(born), Some(relation)) => Ok(Child {
            hkid,
            born,
            relation,
        }),
        _ => Err(errors),
    }
}

async fn ask_child(
    State(portal): State<Portal>,
    visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let child = match read_child(&form) {
        Ok(child) => child,
        Err(errors) => {
            let page = children_page(&portal, &visit, &form, &errors).await?;
            return Ok(page.with_errors().into_response());
        }
    };
    let adapters = (portal.identity.vault(), portal.identity.register());
    let refused = match identity::check_child(&portal.store, adapters, who, &child).await {
        Ok(()) => None,
        Err(Error::NoMatch) => Some(("hkid", "portal.child.wrong.match")),
        Err(Error::TooYoung) => Some(("born", "portal.child.wrong.young")),
        Err(Error::NotMinor) => Some(("born", "portal.child.wrong.adult")),
        Err(error) => return Err(error.into()),
    };
    if let Some(error) = refused {
        let page = children_page(&portal, &visit, &form, &[error]).await?;
        return Ok(page.with_errors().into_response());
    }
    let card = child.hkid.masked();
    let until = child.born.plus_years(18);
    let summary = Text::new(
        format!(
            "Agree that the child with card {card} has an account, until {}",
            until.long(kernel::Lang::En)
        ),
        format!(
            "同意持身份證{card}的子女使用帳戶，直至{}",
            until.long(kernel::Lang::Tc)
        ),
    );
    let digest = identity::child_digest(who, &child);
    let new = NewApproval {
        asked: Level::Plus,
        return_to: visit.to("/children/agreed"),
        ..question(&visit, who, summary, digest)
    };
    visit.remember(ASKED, &child).await?;
    let (_, page) = identity::ask_in(&visit, &portal.identity, &headers, new).await?;
    Ok(visit.redirect(&page))
}

/// The approval that the phone has answered, by the address it comes back to.
fn given(visit: &Visit) -> Outcome<Id<Approval>> {
    let id = visit.query().get("approval").and_then(|id| id.parse().ok());
    Ok(id.ok_or(Error::NotFound)?)
}

async fn agreed(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let child: Child = visit.recall(ASKED).ok_or(Error::NotFound)?;
    let binding = identity::binding(&visit).await?;
    let adapters = (portal.identity.vault(), portal.identity.register());
    let approval = (given(&visit)?, &binding);
    identity::agree_for_child(&portal.store, adapters, (who, &child), approval).await?;
    visit.forget(ASKED).await?;
    visit.flash("portal.child.agreed");
    Ok(visit.redirect(&visit.to("/children")))
}

async fn withdraw(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Guardianship>>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    identity::withdraw_guardianship(&portal.store, who, id).await?;
    visit.flash("portal.child.withdrawn");
    Ok(visit.redirect(&visit.to("/children")))
}

async fn close_page(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let who = portal.person(&visit)?;
    let mandates = identity::mandates_of(&portal.store, who).await?;
    let companies: Vec<&str> = mandates
        .iter()
        .map(|one| one.company.name.get(visit.lang()))
        .collect();
    Ok(visit.page("portal/account_close.html", ctx! { companies }))
}

async fn ask_close(
    State(portal): State<Portal>,
    visit: Visit,
    headers: HeaderMap,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    if form.text("sure") != "yes" {
        let error = visit.t("portal.close.wrong");
        let errors = vec![ctx! { field => "sure", words => error }];
        let context = ctx! { companies => Vec::<String>::new(), errors, error };
        let page = visit.page("portal/account_close.html", context);
        return Ok(page.with_errors().into_response());
    }
    let summary = visit.site().text("portal.close.summary");
    let new = NewApproval {
        return_to: visit.to("/account/closing"),
        ..question(&visit, who, summary, identity::close_digest(who))
    };
    let (_, page) = identity::ask_in(&visit, &portal.identity, &headers, new).await?;
    Ok(visit.redirect(&page))
}

async fn close(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let binding = identity::binding(&visit).await?;
    identity::close_account(&portal.store, who, (given(&visit)?, &binding)).await?;
    visit.sign_out().await?;
    visit.flash("portal.close.done");
    Ok(visit.redirect(&visit.to("")))
}
