//! The person's own list of clients they let in, each with what it may read, since when and until
//! when, and a button that ends it. Names and purposes are those in force, never those of a proposal.

use axum::{extract::State, response::Response};
use kernel::{Actor, Id};
use web::{Form, Outcome, Page, Visit, ctx};

use super::{
    Provider,
    scope::Scope,
    store::{client, consent},
};
use crate::{Error, Person};

fn person_of(visit: &Visit) -> Result<Id<Person>, web::Failure> {
    let who = visit.require()?;
    match &who.actor {
        Actor::Resident { person, .. } => Ok(person.parse().map_err(|_| Error::NotFound)?),
        _ => Err(Error::NotFound.into()),
    }
}

pub(crate) async fn list(visit: Visit, State(provider): State<Provider>) -> Outcome<Page> {
    let person = person_of(&visit)?;
    let mut rows = Vec::new();
    for connection in consent::connections_of(provider.store(), person).await? {
        let record = client::find_client(provider.store(), &connection.client).await?;
        let registration = record
            .as_ref()
            .and_then(|record| record.registration.as_ref());
        let told = |scope: &Scope| connection.purposes.get(scope.code());
        let scopes: Vec<_> = connection
            .scopes
            .iter()
            .filter(|scope| **scope != Scope::Openid)
            .map(|scope| {
                ctx! {
                    words => visit.t(&format!("identity.scope.{}", scope.code())),
                    purpose => told(scope)
                        .or_else(|| registration.and_then(|found| found.purpose_of(*scope))),
                }
            })
            .collect();
        let mut resources = Vec::new();
        for uri in &connection.resources {
            let name = client::resource_name(provider.store(), uri).await?;
            resources.push(ctx! { uri, name });
        }
        rows.push(ctx! {
            resources,
            client => connection.client,
            name => registration.map(|found| found.name.clone()),
            scopes,
            granted => connection.granted.date().long(visit.lang()),
            expires => connection.expires.date().long(visit.lang()),
        });
    }
    Ok(visit.page("identity/connections.html", ctx! { rows }))
}

pub(crate) async fn withdraw(
    visit: Visit,
    State(provider): State<Provider>,
    form: Form,
) -> Outcome<Response> {
    let person = person_of(&visit)?;
    consent::disconnect(provider.store(), person, form.text("client")).await?;
    visit.flash("identity.connections.withdrawn");
    Ok(visit.redirect(&visit.to("/connections")))
}
