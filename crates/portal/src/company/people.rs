//! The people of a company: the list, inviting, changing powers, leaving, and what waits for a second
//! person.

use axum::{extract::State, response::Response};
use identity::{
    Change, Company, Error, IdentityDocument, Invitation, Mandate, Member, MemberRole, Proposal,
    Proposed, Verdict,
};
use kernel::Id;
use web::{
    Access, Failure, Form, IntoResponse, Outcome, Page, Path, Rate, Routes, Value, Visit, Wrong,
    ctx,
};

use super::{Names, head, mandate, powers};
use crate::Portal;

pub(super) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/companies/{id}/people", Access::RESIDENT, people)
        .get(
            "/{lang}/companies/{id}/invite",
            Access::RESIDENT,
            invite_page,
        )
        .post("/{lang}/companies/{id}/invite", Access::RESIDENT, invite)
        .rate(Rate::Post)
        .get(
            "/{lang}/companies/{id}/people/{member}",
            Access::RESIDENT,
            member_page,
        )
        .post(
            "/{lang}/companies/{id}/people/{member}",
            Access::RESIDENT,
            change,
        )
        .get(
            "/{lang}/companies/{id}/people/{member}/end",
            Access::RESIDENT,
            end_page,
        )
        .post(
            "/{lang}/companies/{id}/people/{member}/end",
            Access::RESIDENT,
            end,
        )
        .get("/{lang}/companies/{id}/waiting", Access::RESIDENT, waiting)
        .post(
            "/{lang}/companies/{id}/waiting/{proposal}",
            Access::RESIDENT,
            decide,
        )
        .post(
            "/{lang}/companies/{id}/invitations/{invitation}/withdraw",
            Access::RESIDENT,
            withdraw,
        )
}

/// The mandate of somebody who administers the company; others are told who does.
pub(super) async fn administrator(
    portal: &Portal,
    visit: &Visit,
    id: Id<Company>,
) -> Outcome<Mandate> {
    let own = mandate(portal, visit, id).await?;
    if own.administers() {
        return Ok(own);
    }
    identity::members(&portal.store, own.person, id).await?;
    Err(Failure::not_found())
}

async fn people(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let members = identity::members(&portal.store, own.person, id).await?;
    let (_, invited) = identity::waiting(&portal.store, own.person, id).await?;
    let today = portal.store.env().today();
    let words = powers::Words::of(&portal, &visit).await?;
    let spending = identity::spending_of(&portal.store, id).await?;
    let people: Vec<Value> = members
        .iter()
        .map(|one| {
            let is_self = one.person == own.person;
            let is_fixed =
                one.powers.role == MemberRole::Responsible || one.powers.role > own.powers.role;
            let base = visit.to(&format!("/companies/{id}/people/{}", one.id));
            ctx! {
                name => one.name.get(visit.lang()),
                is_self,
                role => visit.t(&format!("portal.company.role.{}", one.powers.role)),
                lines => words.lines(&one.powers).split_off(1),
                used => words.used((&one.powers, one.person), &spending),
                joined => one.joined,
                is_over => one.powers.is_over(today),
                change => (!is_fixed).then(|| base.clone()),
                end => format!("{base}/end"),
            }
        })
        .collect();
    let invited: Vec<Value> = invited
        .iter()
        .map(|one| {
            ctx! {
                name => one.name,
                lines => words.lines(&one.powers),
                until => one.expires,
                withdraw => visit.to(&format!("/companies/{id}/invitations/{}/withdraw", one.id)),
            }
        })
        .collect();
    let context = ctx! { company => head(&visit, &own), people, invited };
    Ok(visit.page("portal/company_people.html", context))
}

/// The form of powers on its page: for an invitation, a member or a firm.
pub(super) struct Giving<'a> {
    pub(super) own: &'a Mandate,
    pub(super) typed: &'a powers::Typed,
    pub(super) errors: &'a [(&'static str, &'static str)],
    /// Everything the page shows beside the powers.
    pub(super) about: Value,
    pub(super) most: MemberRole,
}

pub(super) async fn giving_page(
    portal: &Portal,
    visit: &Visit,
    giving: &Giving<'_>,
) -> Outcome<Page> {
    let wrong = Wrong::of(visit, giving.errors);
    let fields = [
        "name",
        "hkid",
        "firm",
        "role",
        "privileges",
        "services",
        "limit",
        "until",
    ];
    let beside: std::collections::BTreeMap<&str, String> = fields
        .iter()
        .map(|field| (*field, wrong.words(field)))
        .collect();
    let context = ctx! {
        company => head(visit, giving.own),
        powers => powers::form(portal, visit, (giving.typed, giving.most)).await?,
        errors => wrong.list(),
        wrong => beside,
        about => giving.about.clone(),
    };
    Ok(visit.page("portal/company_powers.html", context))
}

async fn invite_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let typed = powers::Typed::fresh();
    let empty = Form::default();
    invite_form(&portal, &visit, (&own, &typed), (&empty, &[])).await
}

async fn invite_form(
    portal: &Portal,
    visit: &Visit,
    (own, typed): (&Mandate, &powers::Typed),
    (form, errors): (&Form, &[(&'static str, &'static str)]),
) -> Outcome<Page> {
    let about = ctx! {
        kind => "invite",
        title => visit.t("portal.company.invite.title"),
        name => form.text("name"),
        hkid => form.text("hkid"),
        country => form.text("country"),
        countries => identity::countries(visit.lang()),
        button => visit.t("portal.company.invite.button"),
    };
    let most = own.powers.role.min(MemberRole::Administrator);
    let giving = Giving {
        own,
        typed,
        errors,
        about,
        most,
    };
    giving_page(portal, visit, &giving).await
}

async fn invite(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
    form: Form,
) -> Outcome<Response> {
    let own = administrator(&portal, &visit, id).await?;
    let typed = powers::Typed::read(&form);
    let mut errors = Vec::new();
    let name = form.text("name").trim();
    if name.is_empty() {
        errors.push(("name", "portal.company.wrong.name"));
    }
    let document = IdentityDocument::read(form.text("country"), form.text("hkid"));
    if document.is_err() {
        errors.push(("hkid", "portal.company.wrong.hkid"));
    }
    let read = typed.powers(portal.store.env().today());
    errors.extend(read.as_ref().err());
    let asked = match (document, read) {
        (Ok(document), Ok(powers)) if errors.is_empty() => {
            let change = identity::invite(portal.identity.vault(), &document, name, powers);
            identity::propose(&portal.store, own.person, id, change).await
        }
        _ => Err(Error::Malformed("powers")),
    };
    match asked {
        Ok(asked) => Ok(told(&visit, id, asked, "portal.company.invite.done")),
        Err(Error::Malformed(_)) => {
            let page = invite_form(&portal, &visit, (&own, &typed), (&form, &errors)).await?;
            Ok(page.with_errors().into_response())
        }
        Err(Error::Powers(error)) => {
            let errors = [powers::wrong(error)];
            let page = invite_form(&portal, &visit, (&own, &typed), (&form, &errors)).await?;
            Ok(page.with_errors().into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What became of a change, told on the page where it is seen next.
pub(super) fn told(
    visit: &Visit,
    id: Id<Company>,
    asked: Proposed,
    done: &'static str,
) -> Response {
    let (key, place) = match asked {
        Proposed::Done => (done, "people"),
        Proposed::Alone => ("portal.company.alone", "people"),
        Proposed::Waits => ("portal.company.waits", "waiting"),
    };
    visit.flash(key);
    visit.redirect(&visit.to(&format!("/companies/{id}/{place}")))
}

async fn member_of(portal: &Portal, own: &Mandate, id: Id<Member>) -> Outcome<Member> {
    let members = identity::members(&portal.store, own.person, own.company.id).await?;
    let found = members.into_iter().find(|one| one.id == id);
    found.ok_or_else(Failure::not_found)
}

async fn member_form(
    portal: &Portal,
    visit: &Visit,
    (own, member, typed): (&Mandate, &Member, &powers::Typed),
    errors: &[(&'static str, &'static str)],
) -> Outcome<Page> {
    let about = ctx! {
        kind => "member",
        title => visit.t_with("portal.company.change.title", &[("name", member.name.get(visit.lang()))]),
        button => visit.t("portal.company.change.button"),
        end => visit.to(&format!("/companies/{}/people/{}/end", own.company.id, member.id)),
    };
    let most = own.powers.role.min(MemberRole::Administrator);
    let giving = Giving {
        own,
        typed,
        errors,
        about,
        most,
    };
    giving_page(portal, visit, &giving).await
}

async fn member_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, member)): Path<(Id<Company>, Id<Member>)>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let found = member_of(&portal, &own, member).await?;
    let typed = powers::Typed::of(&found.powers);
    member_form(&portal, &visit, (&own, &found, &typed), &[]).await
}

async fn change(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, member)): Path<(Id<Company>, Id<Member>)>,
    form: Form,
) -> Outcome<Response> {
    let own = administrator(&portal, &visit, id).await?;
    let found = member_of(&portal, &own, member).await?;
    let typed = powers::Typed::read(&form);
    let wrong = match typed.powers(portal.store.env().today()) {
        Err(wrong) => wrong,
        Ok(powers) => {
            let change = Change::Powers { member, powers };
            match identity::propose(&portal.store, own.person, id, change).await {
                Ok(asked) => return Ok(told(&visit, id, asked, "portal.company.change.done")),
                Err(Error::Powers(error)) => powers::wrong(error),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let page = member_form(&portal, &visit, (&own, &found, &typed), &[wrong]).await?;
    Ok(page.with_errors().into_response())
}

async fn end_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, member)): Path<(Id<Company>, Id<Member>)>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let found = member_of(&portal, &own, member).await?;
    let words = powers::Words::of(&portal, &visit).await?;
    let context = ctx! {
        company => head(&visit, &own),
        name => found.name.get(visit.lang()),
        is_self => found.person == own.person,
        lines => words.lines(&found.powers),
    };
    Ok(visit.page("portal/company_end.html", context))
}

async fn end(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, member)): Path<(Id<Company>, Id<Member>)>,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let reason = form.text("reason");
    let is_self = mandate(&portal, &visit, id).await?;
    let is_self = member_of(&portal, &is_self, member).await?.person == who;
    identity::leave_company(&portal.store, who, (id, member), reason).await?;
    if is_self {
        // Their own session for the company has just ended, and this one with it when it acted so.
        return Ok(visit.redirect(&visit.to("/companies")));
    }
    visit.flash("portal.company.end.done");
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}/people"))))
}

async fn waiting(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = administrator(&portal, &visit, id).await?;
    let (proposals, _) = identity::waiting(&portal.store, own.person, id).await?;
    let members = identity::members(&portal.store, own.person, id).await?;
    let mut names = Names::default();
    let mut rows = Vec::with_capacity(proposals.len());
    for one in &proposals {
        let by = names
            .person(&portal, &visit, &one.asked_by.to_string())
            .await?;
        let (what, lines, before) = proposal_words(&portal, &visit, (one, &members)).await?;
        rows.push(ctx! {
            kind => visit.t(&format!("portal.company.proposal.{}", one.kind)),
            what,
            lines,
            before,
            by,
            asked => one.asked,
            expires => one.expires,
            is_own => one.asked_by == own.person,
            action => visit.to(&format!("/companies/{id}/waiting/{}", one.id)),
        });
    }
    let context = ctx! { company => head(&visit, &own), proposals => rows };
    Ok(visit.page("portal/company_waiting.html", context))
}

/// What a proposal is about, what it would give, and what stands now.
async fn proposal_words(
    portal: &Portal,
    visit: &Visit,
    (one, members): (&Proposal, &[Member]),
) -> Outcome<(String, Vec<String>, Vec<String>)> {
    let none = Vec::new;
    let words = powers::Words::of(portal, visit).await?;
    Ok(match &one.change {
        Change::Invite { name, powers, .. } => (name.clone(), words.lines(powers), none()),
        Change::Powers { member, powers } => {
            let found = members.iter().find(|one| one.id == *member);
            let name = found.map(|one| one.name.get(visit.lang()).to_owned());
            let before = found.map(|one| words.lines(&one.powers));
            (
                name.unwrap_or_default(),
                words.lines(powers),
                before.unwrap_or_default(),
            )
        }
        Change::Commission { firm, powers } => {
            let firm = identity::find_company(&portal.store, *firm).await?;
            let name = firm.map(|one| one.name.get(visit.lang()).to_owned());
            (name.unwrap_or_default(), words.lines(powers), none())
        }
        Change::OverLimit { title, amount, .. } => (
            title.get(visit.lang()).to_owned(),
            vec![amount.to_string()],
            none(),
        ),
    })
}

async fn decide(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, proposal)): Path<(Id<Company>, Id<Proposal>)>,
    form: Form,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    let (verdict, key) = match form.text("verdict") {
        "agree" => (Verdict::Agree, "portal.company.agreed"),
        "refuse" => (Verdict::Refuse, "portal.company.refused"),
        "withdraw" => (Verdict::Withdraw, "portal.company.withdrawn"),
        _ => return Err(Error::Malformed("verdict").into()),
    };
    identity::decide_proposal(&portal.store, who, (id, proposal), verdict).await?;
    visit.flash(key);
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}/waiting"))))
}

async fn withdraw(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, invitation)): Path<(Id<Company>, Id<Invitation>)>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    identity::withdraw_invitation(&portal.store, who, (id, invitation)).await?;
    visit.flash("portal.company.invite.withdrawn");
    Ok(visit.redirect(&visit.to(&format!("/companies/{id}/people"))))
}
