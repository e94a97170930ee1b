//! The way back in at a counter: an officer of the keeper saw the person, a supervisor agrees, and the code
//! is shown once to be handed over.

use axum::{extract::State, response::Response};
use identity::{Error, NewRecovery, Person, Recovery, Verdict};
use kernel::{Id, Role};
use web::{Access, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, ctx};

use crate::{
    Desk,
    accounts::{account_page, guard, officer},
};

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .post("/{lang}/desk/accounts/{id}/recovery", Access::OFFICER, ask)
        .rate(Rate::Attempt)
        .get("/{lang}/desk/recoveries", Access::OFFICER, list)
        .post("/{lang}/desk/recoveries/{id}", Access::OFFICER, decide)
        .rate(Rate::Attempt)
}

async fn ask(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Person>>,
    form: Form,
) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    guard(&visit, id)?;
    let Ok(shown) = form.text("shown").parse() else {
        let wrong = [("shown", "desk.recovery.wrong.shown")];
        return account_page(&desk, &visit, (&by, id), (&form, &wrong)).await;
    };
    let new = NewRecovery {
        person: id,
        shown,
        reason: form.text("recovery_reason").to_owned(),
        reader: desk.services.catalogue().department_name(&by.department),
    };
    match identity::ask_recovery(&desk.store, desk.identity.vault(), &by, new).await {
        Ok(_) => {
            visit.flash("desk.recovery.asked");
            Ok(visit.redirect(&visit.to(&format!("/desk/accounts/{id}"))))
        }
        Err(Error::Malformed(_)) => {
            let wrong = [("recovery_reason", "desk.accounts.wrong.reason")];
            account_page(&desk, &visit, (&by, id), (&form, &wrong)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn list(State(desk): State<Desk>, visit: Visit) -> Outcome<Page> {
    let by = officer(&desk, &visit).await?;
    let waiting = identity::waiting_recoveries(&desk.store, desk.identity.vault(), &by).await?;
    let mut rows: Vec<Value> = Vec::new();
    for one in &waiting {
        let owner = identity::find_person(&desk.store, one.person).await?;
        let asker = identity::find_officer(&desk.store, one.asked_by).await?;
        rows.push(ctx! {
            name => owner.map(|owner| owner.name.get(visit.lang()).to_owned()),
            asker => asker.map(|one| one.name.get(visit.lang()).to_owned()),
            shown => visit.t(&format!("desk.recovery.shown.{}", one.shown)),
            reason => one.reason,
            at => one.created,
            until => one.expires,
            is_own => one.asked_by == by.id,
            decide => visit.to(&format!("/desk/recoveries/{}", one.id)),
        });
    }
    let context = ctx! { waiting => rows, may_agree => by.role == Role::Supervisor };
    Ok(visit.page("desk/recoveries.html", context))
}

/// Agreeing shows the code this once: it is not written anywhere, and the page cannot be opened again.
async fn decide(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Recovery>>,
    form: Form,
) -> Outcome<Response> {
    let by = officer(&desk, &visit).await?;
    let verdict = if form.text("do") == "agree" {
        Verdict::Agree
    } else {
        Verdict::Refuse
    };
    let vault = desk.identity.vault();
    let code = identity::decide_recovery(&desk.store, vault, &by, (id, verdict)).await?;
    let Some(code) = code else {
        visit.flash("desk.recovery.refused");
        return Ok(visit.redirect(&visit.to("/desk/recoveries")));
    };
    Ok(visit
        .page("desk/recovery_code.html", ctx! { code })
        .into_response())
}
