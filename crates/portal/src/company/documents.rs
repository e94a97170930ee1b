//! A company's document wallet: what it keeps, adding, looking, naming, removing and putting back, and to
//! which application each document was handed.

use std::cmp::Reverse;

use axum::{extract::State, response::Response};
use identity::{
    Company, Error, Mandate,
    wallet::{
        self, DOCUMENT_BYTES, Document, DocumentKind, DocumentLabel, DocumentState, MediaType,
        NewDocument, Share,
    },
};
use kernel::{Date, Id};
use web::{
    Access, Download, Form, IntoResponse as _, Outcome, Page, Path, Rate, Routes, Value, Visit,
    Wrong, ctx,
};

use super::{Names, head, mandate};
use crate::Portal;

/// Documents on one page.
const ROWS: usize = 20;
/// Documents from which on a list can be searched.
const SEARCHED_FROM: usize = 6;
/// Characters of a search.
const SEARCH_CHARS: usize = 100;
/// Room for a file twice as large as is taken, so that its sender is told on the page.
const BODY_BYTES: usize = 2 * DOCUMENT_BYTES + 64 * 1024;
/// Days before its end from which a document is said to end soon.
const SOON_DAYS: i64 = 30;

pub(super) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/companies/{id}/documents", Access::RESIDENT, list)
        .get(
            "/{lang}/companies/{id}/documents/add",
            Access::RESIDENT,
            add_page,
        )
        .post(
            "/{lang}/companies/{id}/documents/add",
            Access::RESIDENT,
            add,
        )
        .rate(Rate::Post)
        .body_bytes(BODY_BYTES)
        .get(
            "/{lang}/companies/{id}/documents/{document}",
            Access::RESIDENT,
            show,
        )
        .get(
            "/{lang}/companies/{id}/documents/{document}/file",
            Access::RESIDENT,
            file,
        )
        .get(
            "/{lang}/companies/{id}/documents/{document}/label",
            Access::RESIDENT,
            label_page,
        )
        .post(
            "/{lang}/companies/{id}/documents/{document}/label",
            Access::RESIDENT,
            label,
        )
        .post(
            "/{lang}/companies/{id}/documents/{document}/remove",
            Access::RESIDENT,
            remove,
        )
        .post(
            "/{lang}/companies/{id}/documents/{document}/restore",
            Access::RESIDENT,
            restore,
        )
        .post(
            "/{lang}/companies/{id}/documents/{document}/shares/{share}/end",
            Access::RESIDENT,
            end_share,
        )
}

type Both = (Id<Company>, Id<Document>);

fn place(visit: &Visit, id: Id<Company>) -> String {
    visit.to(&format!("/companies/{id}/documents"))
}

/// A document as a card and its own page show it.
fn view(portal: &Portal, visit: &Visit, one: &Document) -> Value {
    let today = portal.store.env().today();
    let href = format!("{}/{}", place(visit, one.company), one.id);
    let is_over = one.expires.is_some_and(|day| day < today);
    let ends_soon = one
        .expires
        .is_some_and(|day| day >= today && day <= today.plus_days(SOON_DAYS));
    ctx! {
        name => one.name,
        kind => visit.t(&format!("portal.company.document.kind.{}", one.kind)),
        file_name => one.file_name,
        size => kilobytes(one.size),
        added => one.added,
        issued => one.issued.map(|day| day.long(visit.lang())),
        expires => one.expires.map(|day| day.long(visit.lang())),
        is_over,
        ends_soon,
        sealed_by => one.seal.as_ref().map(|seal| seal.by.clone()),
        sealed_at => one.seal.as_ref().and_then(|seal| seal.at),
        client => one.client.as_ref().map(|client| client.name.get(visit.lang())),
        is_removed => one.state == DocumentState::Removed,
        gone => one.removed.map(|at| at.date().plus_days(KEPT).long(visit.lang())),
        restore => format!("{href}/restore"),
        href,
    }
}

/// Days a removed document can be put back.
const KEPT: i64 = wallet::REMOVED_DAYS.cast_signed();

fn kilobytes(bytes: i64) -> i64 {
    u64::try_from(bytes)
        .unwrap_or_default()
        .div_ceil(1024)
        .cast_signed()
}

fn kinds(visit: &Visit) -> Vec<Value> {
    let all = DocumentKind::ALL.iter();
    all.map(|kind| {
        ctx! {
            value => kind.code(),
            words => visit.t(&format!("portal.company.document.kind.{kind}")),
        }
    })
    .collect()
}

async fn list(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = mandate(&portal, &visit, id).await?;
    let query = visit.query();
    let is_removed = query.has("removed");
    let state = if is_removed {
        DocumentState::Removed
    } else {
        DocumentState::Held
    };
    let vault = portal.identity.vault();
    let all = wallet::documents(&portal.store, vault, (own.person, id), state).await?;
    let total = all.len();
    let words: String = query.text("q").trim().chars().take(SEARCH_CHARS).collect();
    let kind: Option<DocumentKind> = query.text("kind").parse().ok();
    let after: Option<Id<Document>> = query.get("after").and_then(|id| id.parse().ok());
    let sought = words.to_lowercase();
    let fits = |one: &Document| {
        kind.is_none_or(|kind| one.kind == kind)
            && (one.name.to_lowercase().contains(&sought)
                || one.file_name.to_lowercase().contains(&sought))
    };
    let mut found: Vec<Document> = all.into_iter().filter(fits).collect();
    found.sort_by_key(|one| Reverse(one.id));
    found.retain(|one| after.is_none_or(|after| one.id < after));
    let is_more = found.len() > ROWS;
    found.truncate(ROWS);
    let base = place(&visit, id);
    let mut kept = vec![("q", words.clone())];
    kept.extend(kind.map(|kind| ("kind", kind.code().to_owned())));
    kept.extend(is_removed.then(|| ("removed", "yes".to_owned())));
    let address = |after: Option<Id<Document>>| {
        let mut pairs = kept.clone();
        pairs.extend(after.map(|id| ("after", id.to_string())));
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={}", web::encode(value)))
            .collect();
        format!("{base}?{}", pairs.join("&"))
    };
    let next = found.last().filter(|_| is_more);
    let next = next.map(|last| address(Some(last.id))).unwrap_or_default();
    let first = after.map(|_| address(None)).unwrap_or_default();
    let documents: Vec<Value> = found.iter().map(|one| view(&portal, &visit, one)).collect();
    let context = ctx! {
        company => head(&visit, &own),
        documents,
        is_removed,
        is_searched => total >= SEARCHED_FROM || !words.is_empty() || kind.is_some(),
        is_filtered => !words.is_empty() || kind.is_some(),
        adds => own.adds_documents() && !is_removed,
        keeps => own.keeps_documents(),
        kinds => kinds(&visit),
        kind => kind.map(DocumentKind::code),
        q => words,
        base,
        first,
        next,
    };
    Ok(visit.page("portal/company_documents.html", context))
}

/// What is typed of a document, before it is one.
struct Typed {
    name: String,
    kind: Option<DocumentKind>,
    issued: Option<Date>,
    expires: Option<Date>,
    errors: Vec<(&'static str, &'static str)>,
}

/// A date in three boxes; empty is none.
fn read_day(form: &Form, field: &str) -> Result<Option<Date>, ()> {
    let part = |name: &str| form.text(&format!("{field}-{name}")).trim().to_owned();
    let (day, month, year) = (part("day"), part("month"), part("year"));
    if day.is_empty() && month.is_empty() && year.is_empty() {
        return Ok(None);
    }
    match (year.parse(), month.parse(), day.parse()) {
        (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

impl Typed {
    fn read(form: &Form, today: Date) -> Self {
        let mut errors = Vec::new();
        let name = form.text("name").trim().to_owned();
        if !NewDocument::is_name(&name) {
            errors.push(("name", "portal.company.document.wrong.name"));
        }
        let kind: Option<DocumentKind> = form.text("kind").parse().ok();
        if kind.is_none() {
            errors.push(("kind", "portal.company.document.wrong.kind"));
        }
        let issued = read_day(form, "issued");
        if issued.is_err() || issued.is_ok_and(|day| day.is_some_and(|day| day > today)) {
            errors.push(("issued", "portal.company.document.wrong.issued"));
        }
        let expires = read_day(form, "expires");
        let is_turned = matches!((issued, expires), (Ok(Some(from)), Ok(Some(to))) if to < from);
        if expires.is_err() || is_turned {
            errors.push(("expires", "portal.company.document.wrong.expires"));
        }
        Self {
            name,
            kind,
            issued: issued.unwrap_or_default(),
            expires: expires.unwrap_or_default(),
            errors,
        }
    }
}

/// What the boxes of the form hold.
fn boxes(form: &Form) -> Value {
    let part = |name: &str| form.text(name).to_owned();
    ctx! {
        name => part("name"),
        kind => part("kind"),
        issued_day => part("issued-day"),
        issued_month => part("issued-month"),
        issued_year => part("issued-year"),
        expires_day => part("expires-day"),
        expires_month => part("expires-month"),
        expires_year => part("expires-year"),
    }
}

fn wrong_view(wrong: &Wrong<'_>) -> Value {
    ctx! {
        name => wrong.words("name"),
        kind => wrong.words("kind"),
        file => wrong.words("file"),
        issued => wrong.words("issued"),
        expires => wrong.words("expires"),
    }
}

/// The mandate of somebody who may do this; others are told that they may not.
async fn keeper(
    portal: &Portal,
    visit: &Visit,
    (id, may): (Id<Company>, fn(&Mandate) -> bool),
) -> Outcome<Mandate> {
    let own = mandate(portal, visit, id).await?;
    if may(&own) {
        Ok(own)
    } else {
        Err(Error::NotKeeper.into())
    }
}

async fn add_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
) -> Outcome<Page> {
    let own = keeper(&portal, &visit, (id, Mandate::adds_documents)).await?;
    Ok(add_form(&visit, &own, &Form::default(), &[]))
}

fn add_form(visit: &Visit, own: &Mandate, form: &Form, errors: &[(&str, &str)]) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        company => head(visit, own),
        errors => wrong.list(),
        wrong => wrong_view(&wrong),
        typed => boxes(form),
        kinds => kinds(visit),
        most => DOCUMENT_BYTES / (1024 * 1024),
        // A browser does not send a file twice by itself.
        is_again => form.file("file").is_some() && wrong.words("file").is_empty(),
    };
    visit.page("portal/company_document_add.html", context)
}

async fn add(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Company>>,
    form: Form,
) -> Outcome<Response> {
    let own = keeper(&portal, &visit, (id, Mandate::adds_documents)).await?;
    let Typed {
        name,
        kind,
        issued,
        expires,
        mut errors,
    } = Typed::read(&form, portal.store.env().today());
    let file = form.file("file").filter(|file| !file.bytes.is_empty());
    let flaw = match file {
        None => Some("portal.company.document.wrong.none"),
        Some(file) if file.bytes.len() > DOCUMENT_BYTES => {
            Some("portal.company.document.wrong.large")
        }
        Some(file) if MediaType::of(&file.bytes).is_none() => {
            Some("portal.company.document.wrong.file")
        }
        Some(_) => None,
    };
    // In the order of the form.
    errors.splice(0..0, flaw.map(|key| ("file", key)));
    let (Some(kind), Some(file), true) = (kind, file, errors.is_empty()) else {
        return Ok(add_form(&visit, &own, &form, &errors)
            .with_errors()
            .into_response());
    };
    let new = NewDocument {
        kind,
        name,
        file_name: file.file_name.clone(),
        bytes: file.bytes.to_vec(),
        issued,
        expires,
    };
    let tools = (
        &portal.store,
        portal.identity.vault(),
        portal.signing.notary(),
    );
    match wallet::add_document(tools, own.person, id, new).await {
        Ok(document) => {
            visit.flash("portal.company.document.added");
            Ok(visit.redirect(&format!("{}/{document}", place(&visit, id))))
        }
        Err(Error::WalletFull) => {
            let errors = [("file", "portal.company.document.wrong.full")];
            Ok(add_form(&visit, &own, &form, &errors)
                .with_errors()
                .into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, document)): Path<Both>,
) -> Outcome<Page> {
    let own = mandate(&portal, &visit, id).await?;
    let vault = portal.identity.vault();
    let about = (own.person, id);
    let (found, shares) = wallet::document(&portal.store, vault, about, document).await?;
    let mut names = Names::default();
    let by = match found.person {
        Some(person) => names.person(&portal, &visit, &person.to_string()).await?,
        None => String::new(),
    };
    let mut handed = Vec::with_capacity(shares.len());
    for one in &shares {
        handed.push(share_view(&portal, &visit, &mut names, (&own, one)).await?);
    }
    let is_pdf = found.media_type == MediaType::Pdf;
    let context = ctx! {
        company => head(&visit, &own),
        document => view(&portal, &visit, &found),
        by,
        shares => handed,
        is_pdf,
        digest => trust::digest::hex(&found.sha256),
        keeps => own.keeps_documents(),
        list => place(&visit, id),
    };
    Ok(visit.page("portal/company_document.html", context))
}

async fn share_view(
    portal: &Portal,
    visit: &Visit,
    names: &mut Names,
    (own, one): (&Mandate, &Share),
) -> Outcome<Value> {
    let is_live = one.is_live(portal.store.env().now());
    let may_end = is_live && (own.keeps_documents() || one.person == own.person);
    let base = format!("{}/{}", place(visit, one.company), one.document);
    Ok(ctx! {
        client => one.client_name.get(visit.lang()),
        purpose => one.purpose.get(visit.lang()),
        by => names.person(portal, visit, &one.person.to_string()).await?,
        shared => one.shared,
        until => one.until,
        ended => one.ended,
        is_live,
        fetched => one.fetched,
        last => one.last_fetched,
        end => may_end.then(|| format!("{base}/shares/{}/end", one.id)),
    })
}

async fn file(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, document)): Path<Both>,
) -> Outcome<Response> {
    let own = mandate(&portal, &visit, id).await?;
    let vault = portal.identity.vault();
    let about = (own.person, id);
    let (found, bytes) = wallet::document_content(&portal.store, vault, about, document).await?;
    let stem = found.file_name.split('.').next().unwrap_or_default();
    let is_plain = stem.chars().any(|c| c.is_ascii_alphanumeric());
    let end = match found.media_type {
        MediaType::Pdf => "pdf",
        MediaType::Jpeg => "jpg",
        MediaType::Png => "png",
    };
    let download = Download {
        file_name: if is_plain {
            found.file_name.clone()
        } else {
            format!("document.{end}")
        },
        content_type: found.media_type.code(),
        bytes: bytes.into(),
        is_inline: visit.query().has("show"),
    };
    Ok(download.into_response())
}

async fn label_page(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, document)): Path<Both>,
) -> Outcome<Page> {
    let own = keeper(&portal, &visit, (id, Mandate::keeps_documents)).await?;
    let vault = portal.identity.vault();
    let about = (own.person, id);
    let (found, _) = wallet::document(&portal.store, vault, about, document).await?;
    let part = |day: Option<Date>| match day {
        Some(day) => {
            let text = day.to_string();
            let mut parts = text.split('-').map(str::to_owned);
            [parts.next(), parts.next(), parts.next()].map(Option::unwrap_or_default)
        }
        None => [String::new(), String::new(), String::new()],
    };
    let [issued_year, issued_month, issued_day] = part(found.issued);
    let [expires_year, expires_month, expires_day] = part(found.expires);
    let typed = ctx! {
        name => found.name,
        kind => found.kind.code(),
        issued_day, issued_month, issued_year,
        expires_day, expires_month, expires_year,
    };
    Ok(label_form(&visit, (&own, document), &typed, &[]))
}

fn label_form(
    visit: &Visit,
    (own, document): (&Mandate, Id<Document>),
    typed: &Value,
    errors: &[(&str, &str)],
) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        company => head(visit, own),
        errors => wrong.list(),
        wrong => wrong_view(&wrong),
        typed,
        kinds => kinds(visit),
        href => format!("{}/{document}", place(visit, own.company.id)),
    };
    visit.page("portal/company_document_label.html", context)
}

async fn label(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, document)): Path<Both>,
    form: Form,
) -> Outcome<Response> {
    let own = keeper(&portal, &visit, (id, Mandate::keeps_documents)).await?;
    let typed = Typed::read(&form, portal.store.env().today());
    let (Some(kind), true) = (typed.kind, typed.errors.is_empty()) else {
        let page = label_form(&visit, (&own, document), &boxes(&form), &typed.errors);
        return Ok(page.with_errors().into_response());
    };
    let label = DocumentLabel {
        kind,
        name: typed.name,
        issued: typed.issued,
        expires: typed.expires,
    };
    let about = (own.person, id);
    let vault = portal.identity.vault();
    wallet::label_document(&portal.store, vault, about, (document, label)).await?;
    visit.flash("portal.company.document.labelled");
    Ok(visit.redirect(&format!("{}/{document}", place(&visit, id))))
}

async fn remove(
    State(portal): State<Portal>,
    visit: Visit,
    Path(both): Path<Both>,
) -> Outcome<Response> {
    let done = (false, "portal.company.document.removed");
    put(&portal, &visit, both, done).await
}

async fn restore(
    State(portal): State<Portal>,
    visit: Visit,
    Path(both): Path<Both>,
) -> Outcome<Response> {
    let done = (true, "portal.company.document.restored");
    put(&portal, &visit, both, done).await
}

/// Takes a document out or puts it back. Its own page is where either is undone at one press.
async fn put(
    portal: &Portal,
    visit: &Visit,
    (id, document): Both,
    (is_held, said): (bool, &str),
) -> Outcome<Response> {
    let own = mandate(portal, visit, id).await?;
    let vault = portal.identity.vault();
    let about = (own.person, id);
    wallet::remove_document(&portal.store, vault, about, (document, is_held)).await?;
    visit.flash(said);
    Ok(visit.redirect(&format!("{}/{document}", place(visit, id))))
}

async fn end_share(
    State(portal): State<Portal>,
    visit: Visit,
    Path((id, document, share)): Path<(Id<Company>, Id<Document>, Id<Share>)>,
) -> Outcome<Response> {
    let who = portal.person(&visit)?;
    wallet::end_share(&portal.store, (who, id), (document, share)).await?;
    visit.flash("portal.company.document.share_ended");
    Ok(visit.redirect(&format!("{}/{document}", place(&visit, id))))
}
