//! Views of a draft's pages.

use std::collections::BTreeMap;

use kernel::{Id, Text};
use packs::{Form as PackForm, Journey, Pack};
use serde::Serialize;
use services::{Applicant, Conflict, Draft, OpenDraft, Problem, Stage};
use web::{Failure, Form, Outcome, Value, Visit, ctx};

use crate::{
    Portal,
    answer_view::{KeptView, Showing, input_name, pack_name},
};

/// Inputs of a page that belong to the page, not to the pack.
const OWN_INPUTS: [&str; 10] = [
    "csrf",
    "revision",
    "switch_lang",
    "leave",
    "upload",
    "remove_file",
    "use_kept",
    "add_item",
    "remove_item",
    "reply",
];

/// What to show on a page of questions.
pub(crate) struct PageToShow<'a> {
    pub(crate) page: &'a str,
    pub(crate) problems: Vec<Problem>,
    /// What was just posted, shown again as it was typed.
    pub(crate) posted: Option<Vec<(String, String)>>,
    /// Whether one more empty item of a group is offered.
    pub(crate) extra_item: bool,
}

/// A way to one page of a draft.
#[derive(Serialize)]
struct Task {
    words: String,
    href: String,
    state: String,
    kind: &'static str,
}

/// An error with the input it belongs to.
#[derive(Serialize)]
pub(crate) struct ErrorView {
    field: String,
    words: String,
}

pub(crate) fn page_path(visit: &Visit, id: Id<Draft>, page: &str) -> String {
    visit.to(&format!("/drafts/{id}/pages/{page}"))
}

/// The pack's inputs among what was posted, under the pack's names, without an item to be removed.
pub(crate) fn posted(form: &Form) -> Vec<(String, String)> {
    let removed = form
        .get("remove_item")
        .map(|item| format!("{}.", pack_name(item)));
    form.iter()
        .filter(|(name, _)| !OWN_INPUTS.contains(name))
        .map(|(name, value)| (pack_name(name), value.to_owned()))
        .filter(|(name, _)| removed.as_ref().is_none_or(|item| !name.starts_with(item)))
        .collect()
}

/// As [`posted`], for what a script read from the form.
pub(crate) fn inputs(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs
        .into_iter()
        .filter(|(name, _)| !OWN_INPUTS.contains(&name.as_str()))
        .map(|(name, value)| (pack_name(&name), value))
        .collect()
}

/// The pack a draft is pinned to.
pub(crate) fn pack_of(portal: &Portal, open: &OpenDraft) -> Outcome<std::sync::Arc<Pack>> {
    portal
        .services
        .catalogue()
        .pinned(&open.draft.service, open.draft.pack_version)
        .map(|one| std::sync::Arc::clone(&one.pack))
        .ok_or_else(Failure::not_found)
}

/// The page a new draft begins on.
pub(crate) fn first_page(portal: &Portal, open: &OpenDraft) -> Outcome<String> {
    let pack = pack_of(portal, open)?;
    let journey = portal.journey(&pack, open);
    journey
        .next()
        .or_else(|| journey.pages.first())
        .map(|view| view.page.id.clone())
        .ok_or_else(Failure::not_found)
}

/// The questions that `page` asks for the present answers.
pub(crate) fn asked(portal: &Portal, open: &OpenDraft, page: &str) -> Outcome<Vec<String>> {
    let pack = pack_of(portal, open)?;
    let journey = portal.journey(&pack, open);
    let fields = journey
        .page(page)
        .map(|view| &view.fields[..])
        .unwrap_or_default();
    Ok(fields.iter().map(|field| field.id.clone()).collect())
}

/// Whether the input `path` belongs to the question `field`: itself, a part of it, or in its items.
pub(crate) fn is_of(path: &str, field: &str) -> bool {
    path.strip_prefix(field)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// All parts of an application with their states.
pub(crate) fn overview(
    portal: &Portal,
    visit: &Visit,
    open: &OpenDraft,
    (stage, announcements_now): (&Stage, &[Value]),
) -> Outcome<Value> {
    let pack = pack_of(portal, open)?;
    let journey = portal.journey(&pack, open);
    let id = open.draft.id;
    let tasks: Vec<Task> = journey
        .pages
        .iter()
        .map(|view| {
            let is_done = view.is_complete();
            let (key, kind) = if is_done {
                ("portal.apply.done", "good")
            } else {
                ("portal.apply.todo", "neutral")
            };
            Task {
                words: view.page.title.get(visit.lang()).to_owned(),
                href: page_path(visit, id, &view.page.id),
                state: visit.t(key),
                kind,
            }
        })
        .collect();
    Ok(ctx! {
        announcements_now,
        service => pack.name,
        tasks,
        steps_list => steps(visit, &pack),
        step_now => step_of(&pack, stage),
        saved => open.draft.updated,
        until => open.draft.expires,
        resume => resume(visit, id, stage),
        delete => visit.to(&format!("/drafts/{id}/delete")),
    })
}

/// Where "continue" leads.
pub(crate) fn resume(visit: &Visit, id: Id<Draft>, stage: &Stage) -> String {
    match stage {
        Stage::Answer(page) => page_path(visit, id, page),
        Stage::Check => visit.to(&format!("/drafts/{id}/check")),
        Stage::Pay(_) | Stage::Sign | Stage::Chop | Stage::Submit => {
            visit.to(&format!("/drafts/{id}/sign"))
        }
    }
}

/// The steps of an application as its progress shows them.
pub(crate) fn steps(visit: &Visit, pack: &Pack) -> Vec<Value> {
    let mut keys = vec!["portal.apply.step.answers", "portal.apply.step.check"];
    if pack.takes_payment() {
        keys.push("portal.apply.step.pay");
    }
    if pack.identity.sign {
        keys.push("portal.apply.step.sign");
    }
    keys.push("portal.apply.step.done");
    keys.into_iter()
        .map(|key| ctx! { words => visit.t(key) })
        .collect()
}

/// The number of the present step, from 1.
pub(crate) fn step_of(pack: &Pack, stage: &Stage) -> usize {
    let pay = usize::from(pack.takes_payment());
    match stage {
        Stage::Answer(_) => 1,
        Stage::Check => 2,
        Stage::Pay(_) => 3,
        Stage::Sign | Stage::Chop | Stage::Submit => 3 + pay,
    }
}

/// The paper the person keeps: its name, and the date on it.
fn kept_words(visit: &Visit, kept: &identity::AddressProof) -> String {
    let dated = kept.dated.long(visit.lang());
    let values = [("name", kept.file_name.as_str()), ("date", dated.as_str())];
    visit.t_with("portal.apply.file.kept", &values)
}

/// One page of questions.
pub(crate) async fn page(
    portal: &Portal,
    visit: &Visit,
    open: &OpenDraft,
    shown: PageToShow<'_>,
) -> Outcome<Value> {
    let pack = pack_of(portal, open)?;
    let applicant = portal.applicant(visit)?;
    let uploads = portal.services.uploads(applicant, open.draft.id).await?;
    let scans = uploads
        .iter()
        .map(|one| (one.id.to_string(), one.scan.code().to_owned()))
        .collect();
    let journey = portal.journey(&pack, open);
    let view = journey.page(shown.page).ok_or_else(Failure::not_found)?;
    let id = open.draft.id;
    let errors: BTreeMap<_, _> = shown
        .problems
        .iter()
        .map(|one| (one.field.clone(), one.words.clone()))
        .collect();
    let kept = portal.services.kept_paper(applicant).await?;
    let showing = Showing {
        lang: visit.lang(),
        form: form_of(&pack, open, &shown),
        locked: &open.locked,
        answers: &open.answers,
        errors,
        scans,
        kept: kept.map(|one| KeptView {
            words: kept_words(visit, &one),
            sha256: trust::digest::hex(&one.sha256),
        }),
    };
    let fields = showing.fields(&view.fields);
    let asks_card = view.fields.iter().any(|field| {
        matches!(field.kind, packs::FieldKind::Hkid) && !open.locked.contains_key(&field.id)
    });
    let no_card = asks_card && rests_on_passport(portal, applicant).await?;
    let has_files = fields.iter().any(|field| field.kind == "file");
    let place = journey
        .pages
        .iter()
        .position(|one| one.page.id == view.page.id)
        .unwrap_or(0);
    Ok(ctx! {
        service => pack.name,
        page => ctx! { title => view.page.title, intro => view.page.intro },
        part => place + 1,
        parts => journey.pages.len(),
        fields,
        has_files,
        errors => errors_of(visit, &shown.problems),
        no_card,
        refusals => portal.services.refusals(open)?,
        revision => open.draft.revision,
        action => page_path(visit, id, shown.page),
        autosave => format!("/api/drafts/{id}/pages/{}", shown.page),
        overview => visit.to(&format!("/drafts/{id}")),
        previous => previous(visit, &journey, id, shown.page),
        saved => open.draft.updated,
        until => open.draft.expires,
    })
}

/// Whether the applicant has no identity card to name.
async fn rests_on_passport(portal: &Portal, applicant: Applicant) -> Outcome<bool> {
    let owner = identity::find_person(&portal.store, applicant.person).await?;
    Ok(owner.is_some_and(|owner| owner.basis != identity::Basis::Card))
}

fn form_of(pack: &Pack, open: &OpenDraft, shown: &PageToShow<'_>) -> PackForm {
    if let Some(posted) = &shown.posted {
        return PackForm::new(posted.clone());
    }
    let form = pack.page_form(shown.page, &open.answers);
    if !shown.extra_item {
        return form;
    }
    let groups = pack
        .page(shown.page)
        .map(|page| &page.fields[..])
        .unwrap_or_default();
    let mut pairs: Vec<(String, String)> = form
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for group in groups {
        if let packs::FieldKind::Group { fields, .. } = &group.kind {
            let have = match open.answers.get(&group.id) {
                Some(packs::Value::Items(items)) => items.len(),
                _ => 0,
            };
            if let Some(first) = fields.first() {
                pairs.push((format!("{}.{have}.{}", group.id, first.id), String::new()));
            }
        }
    }
    PackForm::new(pairs)
}

/// What an error says, for a place beside the question it is about.
pub(crate) fn in_words(error: services::Error) -> Text {
    let failure = Failure::from(error);
    let join = |title: &str, advice: &str, stop: &str| format!("{title}{stop}{advice}");
    Text::with_sc(
        join(&failure.title().en, &failure.advice().en, ". "),
        join(&failure.title().tc, &failure.advice().tc, "。"),
        join(&failure.title().sc, &failure.advice().sc, "。"),
    )
}

pub(crate) fn errors_of(visit: &Visit, problems: &[Problem]) -> Vec<ErrorView> {
    problems
        .iter()
        .map(|one| ErrorView {
            field: input_name(&one.field),
            words: one.words.get(visit.lang()).to_owned(),
        })
        .collect()
}

fn previous(visit: &Visit, journey: &Journey<'_>, id: Id<Draft>, page: &str) -> String {
    journey.before(page).map_or_else(
        || visit.to(&format!("/drafts/{id}")),
        |view| page_path(visit, id, &view.page.id),
    )
}

/// Two versions of a page side by side, in words.
pub(crate) fn conflict(
    portal: &Portal,
    visit: &Visit,
    open: &OpenDraft,
    conflict: &Conflict,
) -> Outcome<Value> {
    let pack = pack_of(portal, open)?;
    let page = pack.page(&conflict.page).ok_or_else(Failure::not_found)?;
    let rows = |answers: &packs::Answers| -> Vec<Value> {
        page.fields
            .iter()
            .map(|field| {
                let value = answers
                    .get(&field.id)
                    .map(|value| field.show(value, visit.lang()).join(" "))
                    .unwrap_or_else(|| visit.t("portal.apply.check.none"));
                ctx! { key => field.label.get(visit.lang()), value }
            })
            .collect()
    };
    let id = open.draft.id;
    Ok(ctx! {
        mine => rows(&conflict.typed),
        theirs => rows(&conflict.saved),
        action => visit.to(&format!("/drafts/{id}/conflicts/{}", conflict.page)),
    })
}
