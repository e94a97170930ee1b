//! Answering: start, the facts government knows already, one page at a time, files, two windows,
//! deleting. Checking, paying, signing and submitting are in [`finish`].

mod autosave;
mod finish;
mod known;
pub(crate) mod view;

use axum::{extract::State, response::Response};
use kernel::{Id, limits};
use services::{Choice, Draft, Error, Problem, SavePage, Start};
use web::{Access, Failure, Form, IntoResponse, Outcome, Page, Path, Routes, Visit, ctx};

use crate::{Portal, answer_view::pack_name};

/// A page with files may carry one file and the page's answers.
const PAGE_BYTES: usize = limits::UPLOAD_BYTES + limits::FORM_BYTES;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .post("/{lang}/services/{id}/start", Access::RESIDENT, start)
        .get("/{lang}/drafts/{id}", Access::RESIDENT, overview)
        .get("/{lang}/drafts/{id}/pages/{page}", Access::RESIDENT, page)
        .post("/{lang}/drafts/{id}/pages/{page}", Access::RESIDENT, save)
        .body_bytes(PAGE_BYTES)
        .get(
            "/{lang}/drafts/{id}/conflicts/{page}",
            Access::RESIDENT,
            conflict,
        )
        .post(
            "/{lang}/drafts/{id}/conflicts/{page}",
            Access::RESIDENT,
            settle,
        )
        .get("/{lang}/drafts/{id}/delete", Access::RESIDENT, ask_delete)
        .post("/{lang}/drafts/{id}/delete", Access::RESIDENT, delete)
        .merge(autosave::routes())
        .merge(known::routes())
        .merge(finish::routes())
}

/// The address of the signed-in applicant's live draft of a service, for "continue".
pub(crate) async fn live_draft(
    portal: &Portal,
    visit: &Visit,
    service: &str,
) -> Outcome<Option<String>> {
    let Some(applicant) = portal.applicant_if_any(visit) else {
        return Ok(None);
    };
    let drafts = portal.services.drafts(applicant).await?;
    let now = visit.site().env().now();
    let live = drafts
        .iter()
        .find(|draft| draft.service == service && !draft.is_expired(now));
    let Some(draft) = live else { return Ok(None) };
    let stage = portal.services.stage(applicant, draft.id).await?;
    Ok(Some(view::resume(visit, draft.id, &stage)))
}

async fn start(
    State(portal): State<Portal>,
    visit: Visit,
    Path(service): Path<String>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let lang = visit.lang();
    let open = portal
        .services
        .start(Start {
            applicant,
            service,
            lang,
        })
        .await?;
    let offers = portal
        .services
        .prefill_offer(applicant, open.draft.id)
        .await?;
    let id = open.draft.id;
    if open.answers.is_empty() && !offers.is_empty() {
        return Ok(visit.redirect(&visit.to(&format!("/drafts/{id}/known"))));
    }
    let stage = portal.services.stage(applicant, id).await?;
    Ok(visit.redirect(&view::resume(&visit, id, &stage)))
}

async fn overview(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let open = match portal.services.draft(applicant, id).await {
        Err(Error::NoSuchDraft) => return finish::submitted(&portal, &visit, id).await,
        other => other?,
    };
    let stage = portal.services.stage(applicant, id).await?;
    let concern = portal.concern(&open.draft.service);
    let announcements = portal.announcements(&visit, concern).await?;
    let context = view::overview(&portal, &visit, &open, (&stage, &announcements))?;
    Ok(visit.page("portal/draft.html", context).into_response())
}

async fn page(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, page)): Path<(Id<Draft>, String)>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let open = match portal.services.draft(applicant, id).await {
        Err(Error::NoSuchDraft) => return finish::submitted(&portal, &visit, id).await,
        other => other?,
    };
    if open.conflicts.contains(&page) {
        return Ok(visit.redirect(&visit.to(&format!("/drafts/{id}/conflicts/{page}"))));
    }
    let extra_item = visit.query().has("add");
    let shown = view::PageToShow {
        page: &page,
        problems: Vec::new(),
        posted: None,
        extra_item,
    };
    let context = view::page(&portal, &visit, &open, shown).await?;
    Ok(visit
        .page("portal/draft_page.html", context)
        .into_response())
}

async fn save(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, page)): Path<(Id<Draft>, String)>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let revision = form.text("revision").parse().unwrap_or(0);
    let fields = view::posted(&form);
    let asked = view::asked(&portal, &portal.services.draft(applicant, id).await?, &page)?;
    let save = SavePage {
        manner: services::Manner::Sent,
        applicant,
        draft: id,
        revision,
        page: page.clone(),
        form: fields.clone(),
        lang: visit.lang(),
    };
    let saved = match portal.services.save_page(save).await {
        Ok(saved) => saved,
        Err(Error::StaleDraft { .. }) => {
            return Ok(visit.redirect(&visit.to(&format!("/drafts/{id}/conflicts/{page}"))));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(lang) = visit.switch(&form) {
        return Ok(visit.redirect(&format!("/{lang}/drafts/{id}/pages/{page}")));
    }
    let refused = match file_changed(&portal, &visit, (id, &page), &form).await? {
        FileChange::Done(answer) => return Ok(answer),
        FileChange::Refused(problem) => Some(problem),
        FileChange::None => None,
    };
    if let Some(place) = pressed(&visit, (id, &page), &form, refused.as_ref()) {
        return Ok(visit.redirect(&place));
    }
    let open = match refused {
        Some(problem) => vec![problem],
        None => still_open(saved.problems, &page, &form),
    };
    // Questions that the answers have just brought up are asked, not reproached.
    let is_new = |one: &Problem| !asked.iter().any(|field| view::is_of(&one.field, field));
    let wrong: Vec<Problem> = open.iter().filter(|one| !is_new(one)).cloned().collect();
    if !wrong.is_empty() {
        return again(&portal, &visit, (id, &page), (wrong, fields)).await;
    }
    let next = match saved.next {
        _ if !open.is_empty() => view::page_path(&visit, id, &page),
        Some(next) => view::page_path(&visit, id, &next),
        None => visit.to(&format!("/drafts/{id}/check")),
    };
    Ok(visit.redirect(&next))
}

/// Where a button other than "continue" leads, once the answers are saved.
fn pressed(
    visit: &Visit,
    (id, page): (Id<Draft>, &str),
    form: &Form,
    refused: Option<&Problem>,
) -> Option<String> {
    let path = view::page_path(visit, id, page);
    if form.has("leave") && refused.is_none() {
        Some(visit.to("/applications"))
    } else if form.has("add_item") {
        Some(format!("{path}?add=yes#{}", form.text("add_item")))
    } else if form.has("remove_item") {
        Some(path)
    } else {
        None
    }
}

/// What is wrong or missing on `page`, without the files that came with this very post.
fn still_open(problems: Vec<Problem>, page: &str, form: &Form) -> Vec<Problem> {
    let is_answered = |field: &str| {
        form.files()
            .iter()
            .any(|one| pack_name(&one.field) == field)
    };
    let here = problems.into_iter().filter(|one| one.page == page);
    here.filter(|one| !is_answered(&one.field)).collect()
}

/// The page once more, as it was typed, with what is wrong. A file that came with it has moved the
/// revision on, so the draft is read again.
async fn again(
    portal: &Portal,
    visit: &Visit,
    (id, page): (Id<Draft>, &str),
    (problems, posted): (Vec<Problem>, Vec<(String, String)>),
) -> Outcome<Response> {
    let open = portal.services.draft(portal.applicant(visit)?, id).await?;
    let posted = Some(posted);
    let shown = view::PageToShow {
        page,
        problems,
        posted,
        extra_item: false,
    };
    let context = view::page(portal, visit, &open, shown).await?;
    Ok(visit
        .page("portal/draft_page.html", context)
        .with_errors()
        .into_response())
}

/// What became of the files of a posted page.
enum FileChange {
    /// There were none, or they came with the page's answers.
    None,
    /// The button was about a file; this is the answer.
    Done(Response),
    /// A file is not acceptable; the page says so beside its question.
    Refused(Problem),
}

/// Takes in an uploaded file, or removes one, when that is what the button asked for. Answers on the
/// page are saved before.
async fn file_changed(
    portal: &Portal,
    visit: &Visit,
    (id, page): (Id<Draft>, &str),
    form: &Form,
) -> Outcome<FileChange> {
    let applicant = portal.applicant(visit)?;
    let path = view::page_path(visit, id, page);
    if form.has("remove_file") {
        let file = form
            .text("remove_file")
            .parse()
            .map_err(|_| Failure::not_found())?;
        portal.services.remove_upload(applicant, id, file).await?;
        return Ok(FileChange::Done(visit.redirect(&path)));
    }
    if form.has("use_kept") {
        let field = pack_name(form.text("use_kept"));
        let used = portal.services.use_kept_paper(applicant, id, &field).await;
        return after_file(page, (field, path, visit), used);
    }
    for file in form.files() {
        let field = pack_name(&file.field);
        let upload = services::NewUpload {
            applicant,
            draft: id,
            field: field.clone(),
            file_name: file.file_name.clone(),
            bytes: file.bytes.to_vec(),
        };
        match portal.services.upload(upload).await {
            Ok(_) => {}
            Err(error @ Error::File(_)) => {
                let words = view::in_words(error);
                return Ok(FileChange::Refused(Problem {
                    page: page.to_owned(),
                    field,
                    words,
                }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let is_upload = form.has("upload");
    Ok(if is_upload {
        FileChange::Done(visit.redirect(&path))
    } else {
        FileChange::None
    })
}

/// Back to the question with the file, or with what is wrong with it.
fn after_file(
    page: &str,
    (field, path, visit): (String, String, &Visit),
    done: Result<services::Uploaded, Error>,
) -> Outcome<FileChange> {
    match done {
        Ok(_) => Ok(FileChange::Done(visit.redirect(&path))),
        Err(error @ Error::File(_)) => Ok(FileChange::Refused(Problem {
            page: page.to_owned(),
            field,
            words: view::in_words(error),
        })),
        Err(error) => Err(error.into()),
    }
}

async fn conflict(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, page)): Path<(Id<Draft>, String)>,
) -> Outcome<Page> {
    let applicant = portal.applicant(&visit)?;
    let open = portal.services.draft(applicant, id).await?;
    let conflict = portal.services.conflict(applicant, id, &page).await?;
    let context = view::conflict(&portal, &visit, &open, &conflict)?;
    Ok(visit.page("portal/stale.html", context))
}

async fn settle(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, page)): Path<(Id<Draft>, String)>,
    form: Form,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let choice = if form.text("keep") == "typed" {
        Choice::Typed
    } else {
        Choice::Saved
    };
    portal
        .services
        .settle(applicant, id, (&page, choice))
        .await?;
    Ok(visit.redirect(&view::page_path(&visit, id, &page)))
}

async fn ask_delete(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Page> {
    portal.services.draft(portal.applicant(&visit)?, id).await?;
    let context = ctx! {
        question => visit.t("portal.apply.delete.sure"),
        words => visit.t("portal.apply.delete.text"),
        yes => visit.t("portal.apply.delete"),
        action => visit.to(&format!("/drafts/{id}/delete")),
        no_href => visit.to(&format!("/drafts/{id}")),
    };
    Ok(visit.page("portal/confirm.html", context))
}

async fn delete(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Draft>>,
) -> Outcome<Response> {
    portal
        .services
        .delete_draft(portal.applicant(&visit)?, id)
        .await?;
    visit.flash("portal.apply.deleted");
    Ok(visit.redirect(&visit.to("/applications")))
}
