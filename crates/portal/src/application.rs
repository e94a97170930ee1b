//! After submission: my applications, one application, answering a request, withdrawing, feedback.

use axum::{extract::State, response::Response};
use kernel::{Cursor, Id, limits};
use packs::Form as PackForm;
use services::{
    ApplicationRow, ApplicationView, Draft, Error, FeedbackKind, NewFeedback, NewUpload, Problem,
    Reference, ReplyDraft, SaveReply,
};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx};

use crate::{
    Portal,
    answer_view::{Showing, pack_name},
    apply::view,
};

/// Drafts and questions on the home page.
const ATTENTION: usize = 5;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/applications", Access::RESIDENT, list)
        .get("/{lang}/applications/{reference}", Access::RESIDENT, show)
        .get(
            "/{lang}/applications/{reference}/reply",
            Access::RESIDENT,
            reply,
        )
        .post(
            "/{lang}/applications/{reference}/reply",
            Access::RESIDENT,
            save_reply,
        )
        .body_bytes(limits::UPLOAD_BYTES + limits::FORM_BYTES)
        .get(
            "/{lang}/applications/{reference}/withdraw",
            Access::RESIDENT,
            ask_withdraw,
        )
        .post(
            "/{lang}/applications/{reference}/withdraw",
            Access::RESIDENT,
            withdraw,
        )
        .get(
            "/{lang}/applications/{reference}/feedback",
            Access::RESIDENT,
            ask_feedback,
        )
        .post(
            "/{lang}/applications/{reference}/feedback",
            Access::RESIDENT,
            feedback,
        )
}

pub(crate) fn place(visit: &Visit, reference: &Reference) -> String {
    visit.to(&format!("/applications/{}", reference.as_str()))
}

fn read(reference: &str) -> Outcome<Reference> {
    reference.parse().map_err(|_| Failure::not_found())
}

/// What waits for the person on the home page: questions of departments first, then messages not
/// opened, then drafts.
pub(crate) async fn attention(portal: &Portal, visit: &Visit) -> Outcome<Vec<Value>> {
    let Some(applicant) = portal.applicant_if_any(visit) else {
        return Ok(Vec::new());
    };
    let rows = portal.services.applications(applicant, None).await?;
    let asked = rows.items.iter().filter(|row| row.needs_reply).map(|row| {
        ctx! {
            words => row.service_name.get(visit.lang()),
            href => format!("{}/reply", place(visit, &row.reference)),
            hint => row.next.words.get(visit.lang()),
            state => row.state_label.get(visit.lang()),
            kind => "wait",
        }
    });
    let unread = unread(portal, visit, applicant.person.cast()).await?;
    let drafts = portal.services.drafts(applicant).await?;
    let drafts = drafts.iter().map(|draft| draft_task(portal, visit, draft));
    Ok(asked.chain(unread).chain(drafts).take(ATTENTION).collect())
}

/// One line for all messages not opened yet.
async fn unread(
    portal: &Portal,
    visit: &Visit,
    to: Id<notify::Recipient>,
) -> Outcome<Option<Value>> {
    let unread = portal
        .store
        .read(move |db| async move { notify::unread(&db, to).await })
        .await?;
    let key = match unread {
        0 => return Ok(None),
        1 => "portal.home.unread.one",
        notify::UNREAD_BOUND.. => "portal.home.unread.most",
        _ => "portal.home.unread.some",
    };
    Ok(Some(ctx! {
        words => visit.t_with(key, &[("count", &unread.to_string())]),
        href => visit.to("/inbox"),
        hint => "",
        state => visit.t("portal.inbox.title"),
        kind => "info",
    }))
}

fn draft_task(portal: &Portal, visit: &Visit, draft: &Draft) -> Value {
    let until = draft.expires.date().long(visit.lang());
    ctx! {
        words => service_name(portal, &draft.service, visit),
        href => visit.to(&format!("/drafts/{}", draft.id)),
        hint => visit.t_with("portal.mine.kept_until", &[("date", &until)]),
        state => visit.t("portal.mine.continue"),
        kind => "info",
    }
}

fn service_name(portal: &Portal, service: &str, visit: &Visit) -> String {
    portal
        .services
        .catalogue()
        .entry(service)
        .map(|entry| entry.name.get(visit.lang()).to_owned())
        .unwrap_or_default()
}

async fn list(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let is_first = after.is_none();
    let page = portal.services.applications(applicant, after).await?;
    let now = visit.site().env().now();
    let drafts = if is_first {
        portal.services.drafts(applicant).await?
    } else {
        Vec::new()
    };
    let drafts: Vec<Value> = drafts
        .iter()
        .filter(|draft| !draft.is_expired(now))
        .map(|draft| draft_task(&portal, &visit, draft))
        .collect();
    let (open, closed): (Vec<_>, Vec<_>) = page.items.iter().partition(|row| row.outcome.is_none());
    let context = ctx! {
        drafts,
        open => open.iter().map(|row| row_view(&visit, row)).collect::<Vec<_>>(),
        closed => closed.iter().map(|row| row_view(&visit, row)).collect::<Vec<_>>(),
        first => if is_first { String::new() } else { visit.to("/applications") },
        next => page.next.map(|cursor| visit.to(&format!("/applications?after={}", cursor.0))).unwrap_or_default(),
    };
    Ok(visit.page("portal/applications.html", context))
}

fn row_view(visit: &Visit, row: &ApplicationRow) -> Value {
    ctx! {
        href => place(visit, &row.reference),
        reference => row.reference,
        service => row.service_name,
        state => row.state_label,
        kind => kind(row),
        submitted => row.submitted,
        next => row.next.words,
        by => row.next.by,
    }
}

fn kind(row: &ApplicationRow) -> &'static str {
    match row.outcome.as_deref() {
        Some("approved" | "completed") => "good",
        Some("refused") => "bad",
        Some(_) => "neutral",
        None if row.needs_reply => "wait",
        None => "info",
    }
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let found = portal.services.application(applicant, &reference).await?;
    let concern = portal.concern(&found.row.service);
    let announcements = portal.announcements(&visit, concern).await?;
    let context = application(&visit, &found, &announcements);
    Ok(visit.page("portal/application.html", context))
}

fn application(visit: &Visit, found: &ApplicationView, announcements_now: &[Value]) -> Value {
    let base = place(visit, &found.row.reference);
    let pages: Vec<Value> = found
        .pages
        .iter()
        .map(|page| {
            let rows: Vec<Value> = page
                .rows
                .iter()
                .map(|row| ctx! { key => row.label.get(visit.lang()), value => row.value.get(visit.lang()) })
                .collect();
            ctx! { title => page.title, rows }
        })
        .collect();
    let timeline: Vec<Value> = found
        .timeline
        .iter()
        .rev()
        .map(|line| ctx! { at => line.at, words => line.words.get(visit.lang()), detail => line.reason })
        .collect();
    let documents: Vec<Value> = found
        .documents
        .iter()
        .map(|one| ctx! { name => one.name, href => visit.to(&format!("/documents/{}", one.id)), at => one.received, is_letter => one.kind == services::DocumentKind::Letter })
        .collect();
    ctx! {
        row => row_view(visit, &found.row),
        question => found.question.as_ref().map(|one| ctx! { words => one.question, by => one.reply_by }),
        reply => format!("{base}/reply"),
        withdraw => found.may_withdraw.then(|| format!("{base}/withdraw")),
        bill => found.demand.map(|demand| visit.to(&format!("/pay/{demand}"))),
        licence => found.licence.map(|_| visit.to("/licences")),
        appeal => found.appeal,
        pages,
        timeline,
        documents,
        feedback => format!("{base}/feedback"),
        announcements_now,
    }
}

async fn reply(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let draft = portal.services.reply_draft(applicant, &reference).await?;
    reply_page(&portal, &visit, &draft, None)
}

/// Every answer as the inputs of a form.
fn form_of(pack: &packs::Pack, answers: &packs::Answers) -> PackForm {
    let forms = pack
        .pages
        .iter()
        .map(|page| pack.page_form(&page.id, answers));
    let pairs = forms.flat_map(|form| {
        form.iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect::<Vec<_>>()
    });
    pairs.collect()
}

fn reply_page(
    portal: &Portal,
    visit: &Visit,
    draft: &ReplyDraft,
    posted: Option<Vec<(String, String)>>,
) -> Outcome<Page> {
    let catalogue = portal.services.catalogue();
    let pinned = catalogue
        .pinned(&draft.service, draft.pack_version)
        .ok_or_else(Failure::not_found)?;
    let pack = &pinned.pack;
    let is_checked = posted.is_some();
    let form = posted.map_or_else(|| form_of(pack, &draft.answers), PackForm::new);
    let errors = if is_checked {
        draft
            .problems
            .iter()
            .map(|one| (one.field.clone(), one.words.clone()))
            .collect()
    } else {
        std::collections::BTreeMap::new()
    };
    let locked = std::collections::BTreeMap::new();
    let showing = Showing {
        lang: visit.lang(),
        form,
        errors,
        locked: &locked,
        answers: &draft.answers,
        scans: std::collections::BTreeMap::new(),
        kept: None,
    };
    let fields: Vec<&packs::Field> = pack
        .fields()
        .filter(|field| draft.question.fields.contains(&field.id))
        .collect();
    let fields = showing.fields(&fields);
    let has_files = fields.iter().any(|field| field.kind == "file");
    let problems = if is_checked { &draft.problems[..] } else { &[] };
    let context = ctx! {
        service => pack.name,
        question => draft.question.question,
        by => draft.question.reply_by,
        fields,
        has_files,
        errors => view::errors_of(visit, problems),
        revision => draft.revision,
        action => format!("{}/reply", place(visit, &draft.reference)),
        previous => place(visit, &draft.reference),
    };
    let page = visit.page("portal/reply.html", context);
    Ok(if problems.is_empty() {
        page
    } else {
        page.with_errors()
    })
}

async fn save_reply(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let posted = view::posted(&form);
    let save = SaveReply {
        applicant,
        reference: reference.clone(),
        revision: form.text("revision").parse().unwrap_or(0),
        form: posted.clone(),
    };
    let here = place(&visit, &reference);
    portal.services.save_reply(save).await?;
    for file in form.files() {
        let draft = portal.services.reply_draft(applicant, &reference).await?;
        let upload = NewUpload {
            applicant,
            draft: draft.case.cast(),
            field: pack_name(&file.field),
            file_name: file.file_name.clone(),
            bytes: file.bytes.to_vec(),
        };
        match portal.services.reply_upload(&reference, upload).await {
            Ok(_) => {}
            Err(error @ Error::File(_)) => {
                let mut draft = portal.services.reply_draft(applicant, &reference).await?;
                let field = pack_name(&file.field);
                let words = view::in_words(error);
                draft.problems = vec![Problem {
                    page: String::new(),
                    field,
                    words,
                }];
                return Ok(reply_page(&portal, &visit, &draft, Some(posted))?.into_response());
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!(
            "/{lang}/applications/{}/reply",
            reference.as_str()
        )));
    }
    if form.has("upload") || form.has("add_item") || form.has("remove_item") {
        return Ok(visit.redirect(&format!("{here}/reply")));
    }
    match portal.services.send_reply(applicant, &reference).await {
        Ok(()) => {
            visit.flash("portal.case.request.sent");
            Ok(visit.redirect(&here))
        }
        Err(Error::Incomplete(_)) => {
            let draft = portal.services.reply_draft(applicant, &reference).await?;
            Ok(reply_page(&portal, &visit, &draft, Some(posted))?.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn ask_withdraw(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let found = portal.services.application(applicant, &reference).await?;
    if !found.may_withdraw {
        return Err(Error::NoSuchAction.into());
    }
    let here = place(&visit, &reference);
    let context = ctx! {
        question => visit.t_with("portal.case.withdraw.sure", &[("reference", reference.as_str())]),
        words => visit.t("portal.case.withdraw.text"),
        yes => visit.t("portal.case.withdraw"),
        action => format!("{here}/withdraw"),
        no_href => here,
    };
    Ok(visit.page("portal/confirm.html", context))
}

async fn withdraw(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    portal
        .services
        .withdraw(applicant, &reference, None)
        .await?;
    visit.flash("portal.case.withdrawn");
    Ok(visit.redirect(&place(&visit, &reference)))
}

async fn ask_feedback(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let found = portal.services.application(applicant, &reference).await?;
    Ok(feedback_page(&visit, &found, ("", "")))
}

fn feedback_page(visit: &Visit, found: &ApplicationView, (words, error): (&str, &str)) -> Page {
    let here = place(visit, &found.row.reference);
    let ratings = crate::feedback::ratings(visit);
    let context = ctx! {
        service => found.row.service_name,
        ratings,
        words,
        error,
        action => format!("{here}/feedback"),
        previous => here,
    };
    visit.page("portal/feedback.html", context)
}

async fn feedback(
    State(portal): State<Portal>,
    visit: Visit,
    Path(reference): Path<String>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let reference = read(&reference)?;
    let found = portal.services.application(applicant, &reference).await?;
    let new = NewFeedback {
        kind: FeedbackKind::Feedback,
        service: Some((found.row.service.clone(), found.pack_version)),
        page: "/applications/…".to_owned(),
        lang: visit.lang(),
        rating: form.text("rating").parse().ok(),
        words: form.text("words").to_owned(),
        names: crate::feedback::names(&portal, &visit).await?,
        about: None,
        department: None,
    };
    // After a journey the rating is the question.
    let checked = match new.rating {
        Some(_) => new.check(),
        None => Err(Error::Rating),
    };
    match checked {
        Ok(()) => crate::feedback::show_first(&visit, &new, &place(&visit, &reference)).await,
        Err(error) => {
            let error = Failure::from(error).title().get(visit.lang()).to_owned();
            let typed = (form.text("words"), error.as_str());
            Ok(feedback_page(&visit, &found, typed)
                .with_errors()
                .into_response())
        }
    }
}
