//! Firms that act for a company, and the companies it acts for as a firm.

use axum::{extract::State, response::Response};
use identity::{Change, Commission, CommissionState, Company, Error, Mandate, Member, MemberRole};
use kernel::{CompanyNumber, Id};
use web::{Access, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, ctx};

use super::{
    head,
    people::{Giving, administrator, giving_page, told},
    powers,
};
use crate::Portal;

pub(super) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/companies/{id}/firms", Access::RESIDENT, firms)
        .get(
            "/{lang}/companies/{id}/commission",
            Access::RESIDENT,
            commission_page,
        )
        .post(
            "/{lang}/companies/{id}/commission",
            Access::RESIDENT,
            commission,
        )
        .rate(Rate::Post)
        .post(
            "/{lang}/companies/{id}/firms/{commission}/answer",
            Access::RESIDENT,
            answer,
        )
        .post(
            "/{lang}/companies/{id}/firms/{commission}/end",
            Access::RESIDENT,
            end,
        )
        .get(
            "/{lang}/companies/{id}/firms/{commission}/people",
            Access::RESIDENT,
            named_page,
        )
        .post(
            "/{lang}/companies/{id}/firms/{commission}/people",
            Access::RESIDENT,
            named,
        )
}

async fn firms(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let (given, held) = identity::commissions(&portal.store, own.person, id).await?;
    let words = powers::Words::of(&portal, &visit).await?;
    let row = |one: &Commission, other: &Company| {
        let base = visit.to(&format!("/companies/{id}/firms/{}", one.id));
        ctx! {
            name => other.name.get(visit.lang()),
            number => other.business_number,
            lines => words.lines(&one.powers),
            is_offered => one.state == CommissionState::Offered,
            state => visit.t(&format!("portal.company.commission.{}", one.state)),
            since => one.created,
            base,
        }
    };
    let given: Vec<Value> = given.iter().map(|one| row(one, &one.firm)).collect();
    let held: Vec<Value> = held.iter().map(|one| row(one, &one.company)).collect();
    let context = ctx! { company => head(&visit, &own), given, held };
    Ok(visit.page("portal/company_firms.html", context))
}

async fn commission_form(
    portal: &Portal,
    visit: &Visit,
    (own, typed): (&Mandate, &powers::Typed),
    (number, errors): (&str, &[(&'static str, &'static str)]),
) -> Outcome<Page> {
    let about = ctx! {
        kind => "firm",
        title => visit.t("portal.company.commission.title"),
        firm => number,
        button => visit.t("portal.company.commission.button"),
    };
    let most = MemberRole::Representative;
    let giving = Giving {
        own,
        typed,
        errors,
        about,
        most,
    };
    giving_page(portal, visit, &giving).await
}

async fn commission_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let typed = powers::Typed::fresh();
    commission_form(&portal, &visit, (&own, &typed), ("", &[])).await
}

async fn commission(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
    form: Form,
) -> Outcome<Response> {
    let own = administrator(&portal, &visit, id).await?;
    let typed = powers::Typed::read(&form);
    let number = form.text("firm");
    let firm = match number.parse::<CompanyNumber>() {
        Ok(number) => identity::firm_by_number(&portal.store, number.as_str()).await?,
        Err(_) => None,
    };
    let mut errors = Vec::new();
    let firm = firm.filter(|one| one.id != id);
    if firm.is_none() {
        errors.push(("firm", "portal.company.wrong.firm"));
    }
    let read = typed.powers(portal.store.env().today());
    match &read {
        Err(wrong) => errors.push(*wrong),
        Ok(powers) if powers.until.is_none() => {
            errors.push(("until", "portal.company.wrong.until_needed"));
        }
        Ok(_) => {}
    }
    if let (Some(firm), Ok(powers), true) = (firm, read, errors.is_empty()) {
        let change = Change::Commission {
            firm: firm.id,
            powers,
        };
        match identity::propose(&portal.store, own.person, id, change).await {
            Ok(asked) => return Ok(told(&visit, id, asked, "portal.company.commission.done")),
            Err(Error::Powers(error)) => errors.push(powers::wrong(error)),
            Err(error) => return Err(error.into()),
        }
    }
    let page = commission_form(&portal, &visit, (&own, &typed), (number, &errors)).await?;
    Ok(page.with_errors().into_response())
}

async fn answer(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, commission)): Path<(Id<Company>, Id<Commission>)>,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let (state, key, place) = match form.text("answer") {
        "accept" => (
            CommissionState::Accepted,
            "portal.company.commission.accepted.flash",
            format!("/companies/{id}/firms/{commission}/people"),
        ),
        "decline" => (
            CommissionState::Declined,
            "portal.company.commission.declined.flash",
            format!("/companies/{id}/firms"),
        ),
        _ => return Err(Error::Malformed("answer").into()),
    };
    identity::answer_commission(&portal.store, who, commission, state).await?;
    visit.flash(key);
    Ok(visit.redirect(&visit.to(&place)))
}

async fn end(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, commission)): Path<(Id<Company>, Id<Commission>)>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    identity::end_commission(&portal.store, who, commission).await?;
    visit.flash("portal.company.commission.ended.flash");
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}/firms"))))
}

async fn named_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, commission)): Path<(Id<Company>, Id<Commission>)>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let found = identity::commission_members(&portal.store, own.person, commission).await?;
    let (found, people) = found;
    let options: Vec<Value> = people
        .iter()
        .map(|(one, _)| ctx! { value => one.id, words => one.name.get(visit.lang()) })
        .collect();
    let chosen: Vec<String> = people
        .iter()
        .filter(|(_, is_named)| *is_named)
        .map(|(one, _)| one.id.to_string())
        .collect();
    let words = powers::Words::of(&portal, &visit).await?;
    let context = ctx! {
        company => head(&visit, &own),
        client => found.company.name.get(visit.lang()),
        lines => words.lines(&found.powers),
        options,
        chosen,
    };
    Ok(visit.page("portal/company_named.html", context))
}

async fn named(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, commission)): Path<(Id<Company>, Id<Commission>)>,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let mut people: Vec<Id<Member>> = Vec::new();
    for one in form.all("people") {
        people.push(one.parse().map_err(|_| Error::NotFound)?);
    }
    identity::name_members(&portal.store, who, commission, people).await?;
    visit.flash("portal.company.named.done");
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}/firms"))))
}
