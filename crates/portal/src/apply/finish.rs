//! The end of an application: check the answers, pay, sign, submit, and what happens next.

use axum::{extract::State, http::HeaderMap, response::Response};
use kernel::Id;
use serde::Serialize;
use services::{
    AskSignature, Draft, Error, Reference, Review, ReviewPage, Signature, Stage, Standing, Submit,
};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Visit, ctx};

use super::view;
use crate::Portal;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/drafts/{id}/check", Access::RESIDENT, check)
        .post("/{lang}/drafts/{id}/check", Access::RESIDENT, freeze)
        .post("/{lang}/drafts/{id}/over-limit", Access::RESIDENT, exceed)
        .get("/{lang}/drafts/{id}/sign", Access::RESIDENT, next_step)
        .post("/{lang}/drafts/{id}/sign", Access::RESIDENT, take_step)
        .get(
            "/{lang}/applications/{reference}/done",
            Access::RESIDENT,
            done,
        )
}

/// One line of the check page.
#[derive(Serialize)]
struct Row {
    key: String,
    value: String,
    href: String,
    change: String,
}

async fn check(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let review = match portal.services.review(applicant, id).await {
        Err(Error::NoSuchDraft) => return submitted(&portal, &visit, id).await,
        other => other?,
    };
    let pack = view::pack_of(&portal, &review.draft)?;
    let problems: Vec<_> = review
        .problems
        .iter()
        .map(|one| {
            let path = view::page_path(&visit, id, &one.page);
            ctx! { words => one.words, href => format!("{path}#{}", crate::answer_view::input_name(&one.field)) }
        })
        .collect();
    let go = if review.fee.as_ref().is_some_and(|fee| !fee.total.is_zero()) {
        "portal.apply.pay.next"
    } else if pack.identity.sign {
        "portal.apply.sign.next"
    } else {
        "portal.apply.confirm"
    };
    let fee = review.fee.as_ref().map(|fee| fee.total).unwrap_or_default();
    let standing = portal
        .services
        .standing(applicant, (&review.draft, fee))
        .await?;
    let context = ctx! {
        standing => standing.map(|one| standing_view(&visit, &one, &Stage::Check)),
        exceed => visit.to(&format!("/drafts/{id}/over-limit")),
        service => pack.name,
        steps_list => view::steps(&visit, &pack),
        pages => pages(&visit, id, &review),
        problems,
        refusals => review.refusals,
        warnings => review.warnings,
        fee_elsewhere => pack.fee_elsewhere,
        fee => review.fee.as_ref().map(|fee| ctx! {
            lines => fee.lines,
            total => fee.total,
        }),
        go => visit.t(go),
        revision => review.draft.draft.revision,
        action => visit.to(&format!("/drafts/{id}/check")),
        overview => visit.to(&format!("/drafts/{id}")),
    };
    Ok(visit.page("portal/check.html", context).into_response())
}

fn pages(visit: &Visit, id: Id<Draft>, review: &Review) -> Vec<web::Value> {
    let rows = |page: &ReviewPage| -> Vec<Row> {
        page.rows
            .iter()
            .map(|row| {
                let label = row.label.get(visit.lang()).to_owned();
                let path = view::page_path(visit, id, &page.id);
                let href = if row.is_locked {
                    String::new()
                } else {
                    format!("{path}#{}", crate::answer_view::input_name(&row.field))
                };
                Row {
                    value: row.value.get(visit.lang()).to_owned(),
                    change: label.clone(),
                    key: label,
                    href,
                }
            })
            .collect()
    };
    review
        .pages
        .iter()
        .map(|page| ctx! { title => page.title, rows => rows(page) })
        .collect()
}

async fn freeze(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let revision = form.text("revision").parse().unwrap_or(0);
    let stage = portal.services.freeze(applicant, id, revision).await?;
    Ok(visit.redirect(&onward(&visit, id, &stage)))
}

/// Where a frozen draft goes next.
fn onward(visit: &Visit, id: Id<Draft>, stage: &Stage) -> String {
    let back = visit.to(&format!("/drafts/{id}/sign"));
    match stage {
        Stage::Pay(demand) => visit.to(&format!("/pay/{demand}?next={back}")),
        Stage::Sign | Stage::Chop | Stage::Submit => back,
        Stage::Answer(_) | Stage::Check => view::resume(visit, id, stage),
    }
}

/// The page between payment and submission; also where the phone's answer arrives.
async fn next_step(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    if let Some(approval) = visit.query().get("approval").and_then(|id| id.parse().ok()) {
        let binding = identity::binding(&visit).await?;
        return submit(&portal, &visit, id, Some(Signature { approval, binding })).await;
    }
    let stage = match portal.services.stage(applicant, id).await {
        // Perhaps by the payment's arrival.
        Err(Error::NoSuchDraft) => return submitted(&portal, &visit, id).await,
        other => other?,
    };
    if matches!(stage, Stage::Answer(_) | Stage::Check | Stage::Pay(_)) {
        return Ok(visit.redirect(&onward(&visit, id, &stage)));
    }
    let open = portal.services.draft(applicant, id).await?;
    let pack = view::pack_of(&portal, &open)?;
    let go = match stage {
        Stage::Sign => "portal.apply.sign.next",
        Stage::Chop => "portal.apply.chop.next",
        _ => "portal.apply.submit",
    };
    let fee = open.draft.fee.unwrap_or_default();
    let standing = portal.services.standing(applicant, (&open, fee)).await?;
    let context = ctx! {
        standing => standing.map(|one| standing_view(&visit, &one, &stage)),
        service => pack.name,
        steps_list => view::steps(&visit, &pack),
        step_now => view::step_of(&pack, &stage),
        is_paid => open.draft.demand.is_some(),
        go => visit.t(go),
        action => visit.to(&format!("/drafts/{id}/sign")),
        check => visit.to(&format!("/drafts/{id}/check")),
    };
    Ok(visit.page("portal/submit.html", context).into_response())
}

/// What the person may do with a company's application and who else may, in words of this stage.
fn standing_view(visit: &Visit, one: &Standing, stage: &Stage) -> web::Value {
    let joint = visit.t("portal.company.comma");
    let is_chop = *stage == Stage::Chop;
    let may = if is_chop { one.may_chop } else { one.may_sign };
    let who = if is_chop { &one.choppers } else { &one.signers };
    ctx! {
        may,
        is_chop,
        who => who.join(&joint),
        choppers => one.choppers.join(&joint),
        may_chop => one.may_chop,
        signed_by => one.signed_by,
        over_limit => one.over_limit.filter(|_| may).map(|limit| over_words(visit, limit)),
    }
}

/// Which limit the fee goes above.
fn over_words(visit: &Visit, limit: identity::Limit) -> String {
    match limit {
        identity::Limit::Each(limit) => {
            let limit = limit.to_string();
            visit.t_with("portal.apply.limit.title", &[("limit", &limit)])
        }
        identity::Limit::Month { limit, spent } => {
            let (limit, spent) = (limit.to_string(), spent.to_string());
            let words = [("limit", limit.as_str()), ("spent", spent.as_str())];
            visit.t_with("portal.apply.limit.month", &words)
        }
    }
}

/// Puts the fee forward for a second person of the company.
async fn exceed(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let asked = portal.services.ask_to_exceed(applicant, id).await?;
    visit.flash(match asked {
        identity::Proposed::Waits => "portal.apply.limit.asked",
        identity::Proposed::Alone | identity::Proposed::Done => "portal.apply.limit.passed",
    });
    Ok(visit.redirect(&visit.to(&format!("/drafts/{id}/check"))))
}

async fn take_step(
    State(portal): State<Portal>,
    visit: Visit,
    headers: HeaderMap,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    match portal.services.stage(applicant, id).await {
        Err(Error::NoSuchDraft) | Ok(Stage::Submit) => submit(&portal, &visit, id, None).await,
        Ok(Stage::Sign | Stage::Chop) => {
            let agent = headers
                .get(web::header::USER_AGENT)
                .and_then(|one| one.to_str().ok());
            let ask = AskSignature {
                applicant,
                draft: id,
                binding: identity::binding(&visit).await?,
                place: identity::place_of(agent.unwrap_or_default()),
                return_to: visit.to(&format!("/drafts/{id}/sign")),
            };
            let approval = portal.services.ask_signature(ask).await?;
            Ok(visit.redirect(&visit.to(&format!("/approvals/{}", approval.id))))
        }
        Ok(stage) => Ok(visit.redirect(&onward(&visit, id, &stage))),
        Err(error) => Err(error.into()),
    }
}

/// The application that a draft became, for whoever goes back: submitting again tells where it is.
pub(super) async fn submitted(portal: &Portal, visit: &Visit, id: Id<Draft>) -> Outcome<Response> {
    submit(portal, visit, id, None).await
}

async fn submit(
    portal: &Portal,
    visit: &Visit,
    draft: Id<Draft>,
    signature: Option<Signature>,
) -> Outcome<Response> {
    let applicant = portal.applicant(visit)?;
    let submitted = portal
        .services
        .submit(Submit {
            applicant,
            draft,
            signature,
        })
        .await;
    let submitted = match submitted {
        // Signed in person; the chop of the company is the second step.
        Err(Error::NotChopped) => {
            return Ok(visit.redirect(&visit.to(&format!("/drafts/{draft}/sign"))));
        }
        other => other?,
    };
    let place = crate::application::place(visit, &submitted.reference);
    Ok(visit.redirect(&format!("{place}/done")))
}

async fn done(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let reference: Reference = reference.parse().map_err(|_| Failure::not_found())?;
    let found = portal.services.application(applicant, &reference).await?;
    let catalogue = portal.services.catalogue();
    let department = catalogue
        .entry(&found.row.service)
        .map(|entry| entry.department.clone());
    let next = catalogue
        .pinned(&found.row.service, found.pack_version)
        .and_then(|one| one.pack.what_happens_next.clone());
    let follow = crate::application::place(&visit, &reference);
    let context = ctx! {
        reference => found.row.reference,
        department => catalogue.department_name(&department.unwrap_or_default()),
        due => found.row.due,
        next,
        receipt => found.demand.map(|demand| visit.to(&format!("/pay/{demand}"))),
        feedback => format!("{follow}/feedback"),
        follow,
    };
    Ok(visit.page("portal/done.html", context))
}
