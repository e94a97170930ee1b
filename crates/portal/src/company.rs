//! A company's people look after it: who may do what, invitations, changes that two people must agree
//! to, firms that act for it, leaving, and what happened.
//!
//! Each page asks `identity` who may see it; a page of another company looks like no page.

mod documents;
mod firms;
mod people;
mod powers;

use std::collections::HashMap;

use axum::{extract::State, response::Response};
use identity::{Company, CompanyStatus, Error, Fact, FactKey, Identity, InvitationAnswer, Mandate};
use journal::{AuditRecord, AuditSearch};
use kernel::{BusinessNumber, CompanyNumber, Id, IdentifierError, Money, Text};
use web::{
    Access, Failure, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong,
    ctx,
};

use crate::Portal;

/// Lines of the history on one page.
const HISTORY_ROWS: i64 = 50;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/companies", Access::RESIDENT, list)
        .get("/{lang}/companies/join", Access::RESIDENT, join_page)
        .post("/{lang}/companies/join", Access::RESIDENT, join)
        .rate(Rate::Attempt)
        .post(
            "/{lang}/companies/invitations/{id}",
            Access::RESIDENT,
            answer,
        )
        .get("/{lang}/companies/{id}", Access::RESIDENT, overview)
        .post("/{lang}/companies/{id}/check", Access::RESIDENT, check)
        .rate(Rate::Attempt)
        .get(
            "/{lang}/companies/{id}/contact",
            Access::RESIDENT,
            contact_page,
        )
        .post("/{lang}/companies/{id}/contact", Access::RESIDENT, contact)
        .get("/{lang}/companies/{id}/history", Access::RESIDENT, history)
        .merge(people::routes())
        .merge(firms::routes())
        .merge(documents::routes())
}

/// The company, for somebody who acts for it.
async fn mandate(portal: &Portal, visit: &Visit, id: Id<Company>) -> Outcome<Mandate> {
    let who = portal.person(visit)?;
    let found = identity::mandate_for(&portal.store, who, id).await?;
    Ok(found.ok_or(Error::NotFound)?)
}

/// What every page of one company shows above its own content.
fn head(visit: &Visit, mandate: &Mandate) -> Value {
    let company = &mandate.company;
    let base = visit.to(&format!("/companies/{}", company.id));
    let mut tabs = vec![("", "portal.company.tab.about")];
    if mandate.reads_documents() {
        tabs.push(("/documents", "portal.company.tab.documents"));
    }
    if mandate.administers() {
        tabs.extend([
            ("/people", "portal.company.tab.people"),
            ("/waiting", "portal.company.tab.waiting"),
            ("/firms", "portal.company.tab.firms"),
            ("/history", "portal.company.tab.history"),
        ]);
    }
    let tabs: Vec<Value> = tabs
        .into_iter()
        .map(|(path, key)| ctx! { href => format!("{base}{path}"), words => visit.t(key) })
        .collect();
    ctx! {
        id => company.id,
        name => company.name.get(visit.lang()),
        base,
        tabs,
        administers => mandate.administers(),
        firm => mandate.firm.as_ref().map(|firm| firm.name.get(visit.lang())),
    }
}

async fn list(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let who = portal.person(&visit)?;
    let mandates = identity::mandates_of(&portal.store, who).await?;
    let words = powers::Words::of(&portal, &visit).await?;
    let companies: Vec<Value> = mandates
        .iter()
        .map(|one| {
            ctx! {
                href => visit.to(&format!("/companies/{}", one.company.id)),
                name => one.company.name.get(visit.lang()),
                lines => words.lines(&one.powers),
                firm => one.firm.as_ref().map(|firm| firm.name.get(visit.lang())),
                is_live => one.company.status == CompanyStatus::Live,
                status => visit.t(&format!("portal.company.status.{}", one.company.status)),
            }
        })
        .collect();
    let mut invitations = Vec::new();
    for one in identity::invitations_to(&portal.store, who).await? {
        let company = identity::find_company(&portal.store, one.company).await?;
        let by = identity::find_person(&portal.store, one.invited_by).await?;
        invitations.push(ctx! {
            company => company.map(|company| company.name.get(visit.lang()).to_owned()),
            by => by.map(|person| person.name.get(visit.lang()).to_owned()),
            lines => words.lines(&one.powers),
            until => one.expires,
            action => visit.to(&format!("/companies/invitations/{}", one.id)),
        });
    }
    Ok(visit.page("portal/companies.html", ctx! { companies, invitations }))
}

async fn answer(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<identity::Invitation>>,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let answer = match form.text("answer") {
        "accept" => InvitationAnswer::Accept,
        "decline" => InvitationAnswer::Decline,
        _ => return Err(Error::Malformed("answer").into()),
    };
    identity::answer_invitation(&portal.store, who, id, answer).await?;
    visit.flash(match answer {
        InvitationAnswer::Accept => "portal.company.joined",
        InvitationAnswer::Decline => "portal.company.declined",
    });
    Ok(visit.redirect(&visit.to("/companies")))
}

async fn join_page(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    Ok(join_form(&visit, &portal.identity, &Form::default(), &[]))
}

fn join_form(visit: &Visit, identity: &Identity, form: &Form, errors: &[(&str, &str)]) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        errors => wrong.list(),
        number => form.text("number"),
        business => form.text("business"),
        number_error => wrong.words("number"),
        business_error => wrong.words("business"),
        is_simulated => identity.companies().is_simulated(),
    };
    visit.page("portal/company_join.html", context)
}

async fn join(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let number: Result<CompanyNumber, IdentifierError> = form.text("number").parse();
    // Branches share the number of the business: `-000` is the main one.
    let business = form.text("business").trim().trim_end_matches("-000");
    let business: Result<BusinessNumber, IdentifierError> = business.parse();
    let mut errors = Vec::new();
    if number.is_err() {
        errors.push(("number", "portal.company.join.number.error"));
    }
    if business.is_err() {
        errors.push(("business", "portal.company.join.business.error"));
    }
    let (Ok(number), Ok(business)) = (number, business) else {
        let page = join_form(&visit, &portal.identity, &form, &errors);
        return Ok(page.with_errors().into_response());
    };
    let adapters = (portal.identity.vault(), portal.identity.companies());
    let joined = identity::join_company(&portal.store, adapters, who, (&number, &business)).await;
    let refused = match &joined {
        Err(Error::CompanyUnknown) => "portal.company.join.unknown",
        Err(Error::NotDirector) => "portal.company.join.not_director",
        Err(Error::CompanyCeased) => "portal.company.join.ceased",
        _ => "",
    };
    if !refused.is_empty() {
        let page = join_form(&visit, &portal.identity, &form, &[("number", refused)]);
        return Ok(page.with_errors().into_response());
    }
    visit.flash("portal.company.join.done");
    Ok(visit.redirect(&visit.to(&format!("/companies/{}", joined?.id))))
}

async fn overview(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = mandate(&portal, &visit, id).await?;
    let facts = identity::facts_of(&portal.store, id).await?;
    let words = powers::Words::of(&portal, &visit).await?;
    let (registered, declared): (Vec<_>, Vec<_>) =
        facts.iter().partition(|one| !one.key.is_declared());
    let rows = |facts: Vec<&Fact>| -> Vec<Value> {
        facts.into_iter().map(|one| fact_row(&visit, one)).collect()
    };
    let now = portal.store.env().now();
    let spending = identity::spending_of(&portal.store, own.company.id).await?;
    let oldest = registered.iter().map(|one| one.checked).min();
    let context = ctx! {
        company => head(&visit, &own),
        is_live => own.company.status == CompanyStatus::Live,
        status => visit.t(&format!("portal.company.status.{}", own.company.status)),
        mine => words.lines(&own.powers),
        used => words.used((&own.powers, own.person), &spending),
        since => own.since,
        registered => rows(registered),
        declared => rows(declared),
        is_stale => oldest.is_some_and(|at| now.since(at) > identity::FACTS_STALE),
        is_simulated => portal.identity.companies().is_simulated(),
    };
    Ok(visit.page("portal/company.html", context))
}

fn fact_row(visit: &Visit, fact: &Fact) -> Value {
    let value = match fact.key {
        FactKey::Status => visit.t(&format!("portal.company.status.{}", fact.value)),
        FactKey::Kind => visit.t(&format!("portal.company.kind.{}", fact.value)),
        FactKey::Commenced
        | FactKey::Ceased
        | FactKey::AnnualReturn
        | FactKey::CertificateExpires => fact
            .value
            .parse::<kernel::Date>()
            .map_or_else(|_| fact.value.clone(), |day| day.long(visit.lang())),
        _ => fact.value.clone(),
    };
    ctx! {
        key => visit.t(&format!("portal.company.fact.{}", fact.key)),
        value,
        source => visit.t(&format!("portal.company.source.{}", fact.source)),
        checked => fact.checked,
    }
}

async fn check(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Response> {
    mandate(&portal, &visit, id).await?;
    let adapters = (portal.identity.vault(), portal.identity.companies());
    identity::refresh_company(&portal.store, adapters, &visit.actor(), id).await?;
    visit.flash("portal.company.checked");
    // Whoever the register no longer names has no page of the company to go back to.
    Ok(
        visit.redirect(&visit.to(&match mandate(&portal, &visit, id).await {
            Ok(_) => format!("/companies/{id}"),
            Err(_) => "/companies".to_owned(),
        })),
    )
}

async fn contact_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = mandate(&portal, &visit, id).await?;
    let facts = identity::facts_of(&portal.store, id).await?;
    let value = |key| {
        let found = facts.iter().find(|one| one.key == key);
        found.map(|one| one.value.clone()).unwrap_or_default()
    };
    let fields = FactKey::DECLARED.map(|key| (key, value(key), String::new()));
    Ok(contact_form(&visit, &own, &fields))
}

fn contact_form(visit: &Visit, own: &Mandate, fields: &[(FactKey, String, String)]) -> Page {
    let errors: Vec<Value> = fields
        .iter()
        .filter(|(_, _, error)| !error.is_empty())
        .map(|(key, _, error)| ctx! { field => key.code(), words => error })
        .collect();
    let fields: Vec<Value> = fields
        .iter()
        .map(|(key, value, error)| {
            ctx! {
                name => key.code(),
                label => visit.t(&format!("portal.company.fact.{key}")),
                hint => visit.t(&format!("portal.company.hint.{key}")),
                value,
                error,
            }
        })
        .collect();
    let context = ctx! { company => head(visit, own), fields, errors };
    visit.page("portal/company_contact.html", context)
}

async fn contact(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
    form: Form,
) -> Outcome<Response> {
    let own = mandate(&portal, &visit, id).await?;
    let typed = FactKey::DECLARED.map(|key| (key, form.text(key.code()).to_owned()));
    let mut fields = Vec::with_capacity(typed.len());
    for (key, value) in &typed {
        let is_right = identity::is_declared_right(*key, value);
        let error = if is_right {
            String::new()
        } else {
            visit.t(&format!("portal.company.wrong.{key}"))
        };
        fields.push((*key, value.clone(), error));
    }
    if fields.iter().any(|(_, _, error)| !error.is_empty()) {
        let page = contact_form(&visit, &own, &fields);
        return Ok(page.with_errors().into_response());
    }
    identity::declare_facts(&portal.store, own.person, id, typed.to_vec()).await?;
    visit.flash("portal.company.contact.saved");
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}"))))
}

async fn history(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = mandate(&portal, &visit, id).await?;
    if !own.administers() {
        return Err(Failure::not_found());
    }
    let before = visit.query().get("before").and_then(|id| id.parse().ok());
    let search = AuditSearch {
        noun: "company".to_owned(),
        noun_id: id.to_string(),
        before,
        ..AuditSearch::default()
    };
    let records = portal
        .store
        .read(move |db| {
            let search = search.clone();
            async move {
                let found = journal::audit_search(&db, &search, HISTORY_ROWS + 1).await?;
                Ok::<_, Error>(found)
            }
        })
        .await?;
    let shown = usize::try_from(HISTORY_ROWS).unwrap_or_default();
    let base = visit.to(&format!("/companies/{id}/history"));
    let next = records
        .get(shown)
        .and_then(|_| records.get(shown - 1))
        .map(|last| format!("{base}?before={}", last.id))
        .unwrap_or_default();
    let mut names = Names::default();
    let mut lines = Vec::with_capacity(shown);
    for record in records.iter().take(shown) {
        lines.push(history_line(&portal, &visit, &mut names, record).await?);
    }
    let first = if before.is_some() {
        base
    } else {
        String::new()
    };
    let context = ctx! { company => head(&visit, &own), lines, first, next };
    Ok(visit.page("portal/company_history.html", context))
}

/// Names of people and companies, each read once a page.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    async fn person(&mut self, portal: &Portal, visit: &Visit, id: &str) -> Outcome<String> {
        if let Some(known) = self.0.get(id) {
            return Ok(known.clone());
        }
        let name = match id.parse() {
            Ok(person) => identity::find_person(&portal.store, person).await?,
            Err(_) => None,
        };
        let name = name.map(|one| one.name.get(visit.lang()).to_owned());
        let name = name.unwrap_or_default();
        self.0.insert(id.to_owned(), name.clone());
        Ok(name)
    }

    async fn company(&mut self, portal: &Portal, visit: &Visit, id: &str) -> Outcome<String> {
        let found = match id.parse() {
            Ok(company) => identity::find_company(&portal.store, company).await?,
            Err(_) => None,
        };
        let name = found.map(|one| one.name.get(visit.lang()).to_owned());
        Ok(name.unwrap_or_default())
    }
}

/// One line of the history in words: what, by whom, whom it is about, and the reason.
async fn history_line(
    portal: &Portal,
    visit: &Visit,
    names: &mut Names,
    record: &AuditRecord,
) -> Outcome<Value> {
    let word = |name: &str| record.detail.get(name).and_then(|one| one.as_str());
    let action = record.action.trim_start_matches("company.");
    let who = if record.actor_kind == "resident" {
        names.person(portal, visit, &record.actor_subject).await?
    } else {
        visit.t("portal.company.by.platform")
    };
    let mut about = Vec::new();
    if let Some(person) = word("person").filter(|one| *one != record.actor_subject) {
        about.push(names.person(portal, visit, person).await?);
    }
    for name in ["firm", "company"] {
        if let Some(company) = word(name) {
            about.push(names.company(portal, visit, company).await?);
        }
    }
    let reader = record.detail.get("reader").cloned();
    let reader: Option<Text> = reader.and_then(|name| serde_json::from_value(name).ok());
    about.extend(reader.map(|name| name.get(visit.lang()).to_owned()));
    let fields = record.detail.get("fields").cloned();
    let fields: Vec<FactKey> = fields
        .and_then(|keys| serde_json::from_value(keys).ok())
        .unwrap_or_default();
    let fields = fields.iter();
    about.extend(fields.map(|key| visit.t(&format!("portal.company.fact.{key}"))));
    if let Some(kind) = word("kind") {
        about.push(visit.t(&format!("portal.company.proposal.{kind}")));
    }
    if let Some(kind) = word("document_kind") {
        about.push(visit.t(&format!("portal.company.document.kind.{kind}")));
    }
    if let Some(cents) = record
        .detail
        .get("cents")
        .and_then(serde_json::Value::as_i64)
    {
        about.push(Money::from_cents(cents).to_string());
    }
    about.extend(record.reason.clone().filter(|reason| !reason.is_empty()));
    Ok(ctx! {
        at => record.at,
        words => visit.t(&format!("portal.company.did.{action}")),
        who,
        detail => about.join(" · "),
    })
}
