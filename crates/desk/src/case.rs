//! One case on one page: answers with changes marked, documents, timeline, checks, money; and every
//! step the pack's state chart allows this officer.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Id};
use services::{AccessRecord, Act, Acted, Case, CaseView, Clerk, Document, Preview, Seen};
use web::{
    Access, Download, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx,
};

use crate::{
    Desk,
    inbox::{deadline, flags},
};

/// Looks the page of a case shows; the others stand on a page of their own.
const LATEST_LOOKS: usize = 5;

pub(crate) fn routes() -> Routes<Desk> {
    Routes::new()
        .get("/{lang}/desk/cases/{id}", Access::OFFICER, show)
        .get("/{lang}/desk/cases/{id}/looks", Access::OFFICER, looks)
        .post("/{lang}/desk/cases/{id}/open", Access::OFFICER, open)
        .post("/{lang}/desk/cases/{id}/claim", Access::OFFICER, claim)
        .post("/{lang}/desk/cases/{id}/release", Access::OFFICER, release)
        .post("/{lang}/desk/cases/{id}/note", Access::OFFICER, note)
        .get(
            "/{lang}/desk/cases/{id}/actions/{action}",
            Access::OFFICER,
            ask_act,
        )
        .post(
            "/{lang}/desk/cases/{id}/actions/{action}",
            Access::OFFICER,
            act,
        )
        .post(
            "/{lang}/desk/cases/{id}/actions/{action}/letter",
            Access::OFFICER,
            preview,
        )
        .post("/{lang}/desk/cases/{id}/confirm", Access::OFFICER, confirm)
        .post(
            "/{lang}/desk/cases/{id}/send-back",
            Access::OFFICER,
            send_back,
        )
        .get(
            "/{lang}/desk/cases/{id}/correct/{field}",
            Access::OFFICER,
            ask_correct,
        )
        .post(
            "/{lang}/desk/cases/{id}/correct/{field}",
            Access::OFFICER,
            correct,
        )
        .get(
            "/{lang}/desk/cases/{id}/documents/{document}",
            Access::OFFICER,
            document,
        )
}

fn place(visit: &Visit, id: Id<Case>) -> String {
    visit.to(&format!("/desk/cases/{id}"))
}

/// The case, if a reason for looking stands on record; otherwise the page that asks for one.
async fn show(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    match desk.services.standing_reason(&clerk, id).await? {
        None => {
            let context = ctx! { action => format!("{}/open", place(&visit, id)) };
            Ok(visit.page("desk/reason.html", context).into_response())
        }
        Some(reason) => {
            let view = desk.services.open_case(&clerk, id, &reason).await?;
            let looks = desk.services.accesses(&clerk, id, None).await?.items;
            let opened = ctx! {
                reason,
                looks => looks.iter().take(LATEST_LOOKS).map(|one| look(&desk, &visit, one)).collect::<Vec<_>>(),
                has_more => looks.len() > LATEST_LOOKS,
            };
            let context = page(&visit, &clerk, &view, &opened);
            Ok(visit.page("desk/case.html", context).into_response())
        }
    }
}

/// Everybody who looked at the case, a page at a time.
async fn looks(State(desk): State<Desk>, visit: Visit, Path(id): Path<Id<Case>>) -> Outcome<Page> {
    let clerk = desk.clerk(&visit).await?;
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let looks = desk.services.accesses(&clerk, id, after.as_ref()).await?;
    let case = place(&visit, id);
    let base = format!("{case}/looks");
    let context = ctx! {
        looks => looks.items.iter().map(|one| look(&desk, &visit, one)).collect::<Vec<_>>(),
        next => looks.next.map(|next| format!("{base}?after={}", next.0)),
        first => after.map(|_| base),
        case,
    };
    Ok(visit.page("desk/case_looks.html", context))
}

fn look(desk: &Desk, visit: &Visit, record: &AccessRecord) -> Value {
    let what = match desk.services.seen(record) {
        Seen::Document(_, label) => label.get(visit.lang()).to_owned(),
        Seen::Found(_) => visit.t("desk.looks.found"),
        Seen::Case(_) | Seen::Fields(_) => visit.t("desk.looks.case"),
    };
    ctx! {
        at => record.at,
        who => record.officer_name,
        department => desk.services.catalogue().department_name(&record.department),
        what,
        reason => record.reason,
    }
}

fn page(visit: &Visit, clerk: &Clerk, view: &CaseView, opened: &Value) -> Value {
    let case = &view.case;
    let base = place(visit, case.id);
    let (deadline_words, kind) = deadline(visit, view.deadline);
    let flag_codes: Vec<&str> = case.flags.iter().map(|flag| flag.code()).collect();
    let actions: Vec<Value> = view
        .actions
        .iter()
        .map(|one| {
            ctx! {
                href => format!("{base}/actions/{}", one.id),
                label => one.label,
                to => one.to_label,
                is_four_eyes => one.is_four_eyes,
            }
        })
        .collect();
    ctx! {
        base,
        reference => case.reference,
        service => view.service_name,
        applicant => view.applicant,
        state => view.state_label,
        deadline => deadline_words,
        kind,
        due => case.due,
        submitted => case.submitted,
        fee => case.fee,
        is_signed => view.is_signed,
        assignee => view.assignee_name,
        is_mine => case.assignee == Some(clerk.id),
        is_held => case.assignee.is_some(),
        is_closed => case.is_closed(),
        flags => flags(visit, &flag_codes),
        pages => answers(visit, view),
        documents => documents(visit, view),
        timeline => timeline(visit, view),
        proposal => view.proposal,
        question => view.request,
        actions,
        revision => case.revision,
        duplicates => view.duplicates,
        warnings => view.warnings,
        checks => view.checks,
        opened,
    }
}

fn answers(visit: &Visit, view: &CaseView) -> Vec<Value> {
    let base = place(visit, view.case.id);
    view.pages
        .iter()
        .map(|page| {
            let rows: Vec<Value> = page
                .rows
                .iter()
                .map(|row| {
                    let is_changed = view.changed.contains(&row.field);
                    let may_correct = view.case.is_closed() && row.item == 0 && row.documents.is_empty();
                    ctx! {
                        key => row.label.get(visit.lang()),
                        value => row.value.get(visit.lang()),
                        tag => if is_changed { visit.t("desk.case.changed") } else { String::new() },
                        tag_kind => "wait",
                        href => if may_correct { format!("{base}/correct/{}", row.field) } else { String::new() },
                        action => visit.t("desk.case.correct"),
                    }
                })
                .collect();
            ctx! { title => page.title, rows }
        })
        .collect()
}

fn documents(visit: &Visit, view: &CaseView) -> Vec<Value> {
    let base = place(visit, view.case.id);
    view.documents
        .iter()
        .map(|one| {
            ctx! {
                name => one.name,
                kilobytes => one.size.max(0).unsigned_abs().div_ceil(1024),
                scan => visit.t(&format!("desk.scan.{}", one.scan.code())),
                kind => match one.scan.code() { "clean" => "good", "infected" => "bad", _ => "wait" },
                href => if one.is_released() { format!("{base}/documents/{}", one.id) } else { String::new() },
                received => one.received,
            }
        })
        .collect()
}

fn timeline(visit: &Visit, view: &CaseView) -> Vec<Value> {
    view.timeline
        .iter()
        .rev()
        .map(|line| {
            ctx! {
                at => line.at,
                words => line.words.get(visit.lang()),
                detail => line.reason,
                who => line.actor,
            }
        })
        .collect()
}

async fn open(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let reason = match form.text("why") {
        "other" => form.text("reason").to_owned(),
        known @ ("work" | "enquiry" | "complaint") => {
            visit.site().text(&format!("desk.reason.{known}")).en
        }
        _ => String::new(),
    };
    desk.services.open_case(&clerk, id, &reason).await?;
    Ok(visit.redirect(&place(&visit, id)))
}

async fn claim(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services.claim(&clerk, id).await?;
    visit.flash("desk.case.claimed");
    Ok(visit.redirect(&place(&visit, id)))
}

async fn release(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services.release(&clerk, id).await?;
    visit.flash("desk.case.released");
    Ok(visit.redirect(&place(&visit, id)))
}

async fn note(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services.note(&clerk, id, form.text("words")).await?;
    Ok(visit.redirect(&format!("{}#timeline", place(&visit, id))))
}

/// The case as seen before, by an officer with a reason on record.
async fn seen(desk: &Desk, visit: &Visit, id: Id<Case>) -> Outcome<(Clerk, CaseView)> {
    let clerk = desk.clerk(visit).await?;
    let reason = desk
        .services
        .standing_reason(&clerk, id)
        .await?
        .ok_or(services::Error::ReasonNeeded)?;
    let view = desk.services.open_case(&clerk, id, &reason).await?;
    Ok((clerk, view))
}

async fn ask_act(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, action)): Path<(Id<Case>, String)>,
) -> Outcome<Page> {
    let (_, view) = seen(&desk, &visit, id).await?;
    act_page(&visit, &view, &action, "")
}

fn act_page(visit: &Visit, view: &CaseView, action: &str, error: &str) -> Result<Page, Failure> {
    let choice = view
        .actions
        .iter()
        .find(|one| one.id == action)
        .ok_or_else(Failure::not_found)?;
    let base = place(visit, view.case.id);
    let fields: Vec<Value> = view
        .pages
        .iter()
        .flat_map(|page| &page.rows)
        .filter(|row| row.item <= 1 && !row.is_locked)
        .map(|row| ctx! { value => row.field, words => row.label.get(visit.lang()) })
        .collect();
    let context = ctx! {
        reference => view.case.reference,
        applicant => view.applicant,
        label => choice.label,
        to => choice.to_label,
        needs_reason => choice.reason != "none",
        is_required => choice.reason == "required",
        is_four_eyes => choice.is_four_eyes,
        asks_applicant => choice.asks_applicant,
        is_final => choice.is_final,
        has_letter => choice.letter.is_some(),
        fields,
        error,
        revision => view.case.revision,
        action => format!("{base}/actions/{action}"),
        preview => format!("{base}/actions/{action}/letter"),
        case_href => base,
    };
    Ok(visit.page("desk/act.html", context))
}

async fn act(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, action)): Path<(Id<Case>, String)>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let reason = Some(form.text("reason").to_owned()).filter(|words| !words.is_empty());
    let taken = Act {
        case: id,
        revision: form.text("revision").parse().unwrap_or(0),
        action: action.clone(),
        reason,
        fields: form.all("field").map(str::to_owned).collect(),
    };
    let key = match desk.services.act(&clerk, taken).await {
        Ok(Acted::Moved) => "desk.case.moved",
        Ok(Acted::Proposed) => "desk.case.proposed",
        Err(error @ (services::Error::ReasonNeeded | services::Error::NothingAsked)) => {
            let (_, view) = seen(&desk, &visit, id).await?;
            let words = web::Failure::from(error)
                .title()
                .get(visit.lang())
                .to_owned();
            return Ok(act_page(&visit, &view, &action, &words)?
                .with_errors()
                .into_response());
        }
        Err(error) => return Err(error.into()),
    };
    visit.flash(key);
    Ok(visit.redirect(&place(&visit, id)))
}

/// The letter as the applicant would receive it, in the applicant's language.
async fn preview(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, action)): Path<(Id<Case>, String)>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let reason = form.text("reason").to_owned();
    let reason = Some(reason).filter(|words| !words.is_empty());
    let preview = Preview {
        case: id,
        action,
        reason,
    };
    let bytes = desk.services.letter_preview(&clerk, preview).await?;
    Ok(Download {
        file_name: "letter-preview.pdf".to_owned(),
        content_type: "application/pdf",
        bytes: bytes.into(),
        is_inline: true,
    }
    .into_response())
}

async fn confirm(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let revision = form.text("revision").parse().unwrap_or(0);
    desk.services.confirm(&clerk, id, revision).await?;
    visit.flash("desk.case.moved");
    Ok(visit.redirect(&place(&visit, id)))
}

async fn send_back(
    State(desk): State<Desk>,
    visit: Visit,
    Path(id): Path<Id<Case>>,
    form: Form,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    desk.services
        .send_back(&clerk, id, form.text("reason"))
        .await?;
    visit.flash("desk.case.sent_back");
    Ok(visit.redirect(&place(&visit, id)))
}

async fn ask_correct(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, field)): Path<(Id<Case>, String)>,
) -> Outcome<Page> {
    let (_, view) = seen(&desk, &visit, id).await?;
    correct_page(&visit, &view, &field, ("", "", ""))
}

fn correct_page(
    visit: &Visit,
    view: &CaseView,
    field: &str,
    (value, reason, error): (&str, &str, &str),
) -> Outcome<Page> {
    let row = view
        .pages
        .iter()
        .flat_map(|page| &page.rows)
        .find(|row| row.field == field)
        .ok_or_else(Failure::not_found)?;
    let base = place(visit, view.case.id);
    let context = ctx! {
        reference => view.case.reference,
        label => row.label,
        now => row.value,
        value,
        reason,
        error,
        action => format!("{base}/correct/{field}"),
        case_href => base,
    };
    Ok(visit.page("desk/correct.html", context))
}

async fn correct(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, field)): Path<(Id<Case>, String)>,
    form: Form,
) -> Outcome<Response> {
    let (clerk, view) = seen(&desk, &visit, id).await?;
    let correction = services::Correction {
        case: id,
        revision: view.case.revision,
        field: field.clone(),
        form: vec![(field.clone(), form.text("value").to_owned())],
        reason: form.text("reason").to_owned(),
    };
    match desk.services.correct(&clerk, correction).await {
        Ok(()) => {
            visit.flash("desk.case.corrected");
            Ok(visit.redirect(&place(&visit, id)))
        }
        Err(error @ (services::Error::Incomplete(_) | services::Error::ReasonNeeded)) => {
            let words = match &error {
                services::Error::Incomplete(problems) => problems
                    .first()
                    .map(|one| one.words.get(visit.lang()).to_owned())
                    .unwrap_or_default(),
                _ => web::Failure::of(&error)
                    .title()
                    .get(visit.lang())
                    .to_owned(),
            };
            let typed = (form.text("value"), form.text("reason"), words.as_str());
            Ok(correct_page(&visit, &view, &field, typed)?
                .with_errors()
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn document(
    State(desk): State<Desk>,
    visit: Visit,
    Path((id, document)): Path<(Id<Case>, Id<Document>)>,
) -> Outcome<Response> {
    let clerk = desk.clerk(&visit).await?;
    let reason = desk
        .services
        .standing_reason(&clerk, id)
        .await?
        .ok_or(services::Error::ReasonNeeded)?;
    let content = desk
        .services
        .case_document(&clerk, id, (document, &reason))
        .await?;
    let (content_type, end) = match content.document.media_type.as_str() {
        "application/pdf" => ("application/pdf", "pdf"),
        "image/jpeg" => ("image/jpeg", "jpg"),
        "image/png" => ("image/png", "png"),
        _ => ("application/octet-stream", "bin"),
    };
    Ok(Download {
        file_name: format!("{}-{}.{end}", content.document.field, content.document.id),
        content_type,
        bytes: content.bytes.into(),
        is_inline: end == "pdf",
    }
    .into_response())
}
