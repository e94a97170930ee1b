//! What a person has received: messages with their documents, and licences.

use axum::{extract::State, response::Response};
use credentials::{Licence, LicenceState};
use identity::{AtBrowser, Person, Purpose};
use kernel::{Cursor, Id};
use notify::{Message, Recipient};
use services::Document;
use web::{
    Access, Download, Failure, IntoResponse, Outcome, Page, Path, Routes, Value, Visit, ctx,
};

use crate::Portal;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/inbox", Access::RESIDENT, inbox)
        .get("/{lang}/inbox/{id}", Access::RESIDENT, message)
        .get("/{lang}/documents/{id}", Access::RESIDENT, document)
        .get("/{lang}/licences", Access::RESIDENT, licences)
        .post("/{lang}/licences/{id}/reissue", Access::RESIDENT, reissue)
}

fn recipient(portal: &Portal, visit: &Visit) -> Outcome<Id<Recipient>> {
    Ok(portal.applicant(visit)?.person.cast())
}

async fn inbox(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let to = recipient(&portal, &visit)?;
    let after = visit
        .query()
        .get("after")
        .map(|word| Cursor(word.to_owned()));
    let is_first = after.is_none();
    let page = portal
        .store
        .read(move |db| {
            let after = after.clone();
            async move { notify::inbox(&db, to, after.as_ref()).await }
        })
        .await?;
    let messages: Vec<_> = page
        .items
        .iter()
        .map(|one| {
            ctx! {
                href => visit.to(&format!("/inbox/{}", one.id)),
                subject => one.subject,
                sent_at => one.sent_at,
                is_unread => one.read_at.is_none(),
            }
        })
        .collect();
    let asked = asked(&portal, &visit, to.cast()).await?;
    let context = ctx! {
        messages,
        asked,
        first => if is_first { String::new() } else { visit.to("/inbox") },
        next => page.next.map(|cursor| visit.to(&format!("/inbox?after={}", cursor.0))).unwrap_or_default(),
    };
    Ok(visit.page("portal/inbox.html", context))
}

/// What waits for the person's answer, and which of it a passkey answers here.
async fn asked(portal: &Portal, visit: &Visit, person: Id<Person>) -> Outcome<Vec<Value>> {
    let at = AtBrowser {
        binding: identity::binding(visit).await?,
        person: Some(person),
    };
    let now = portal.store.env().now();
    let mut asked = Vec::new();
    for one in identity::open_of(&portal.store, person).await? {
        let is_signature = one.purpose == Purpose::Sign;
        let is_here = is_signature && at.find(&portal.store, one.id).await.is_ok();
        asked.push(ctx! {
            requester => one.requester,
            summary => one.summary,
            code => one.code,
            minutes => one.seconds_left(now).div_ceil(60),
            phone => format!("/app?approval={}", one.id),
            passkey => is_here.then(|| visit.to(&format!("/approvals/{}/passkey", one.id))),
        });
    }
    Ok(asked)
}

async fn message(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Message>>,
) -> Outcome<Page> {
    let to = recipient(&portal, &visit)?;
    let found = portal
        .store
        .read(move |db| async move { notify::get_message(&db, to, id).await })
        .await?;
    if found.read_at.is_none() {
        portal
            .store
            .write(&visit.actor(), move |tx| async move {
                notify::mark_read(&tx, to, id).await
            })
            .await?;
    }
    let paragraphs: Vec<&str> = found.body.get(visit.lang()).split("\n\n").collect();
    let context = ctx! {
        subject => found.subject,
        sent_at => found.sent_at,
        paragraphs,
        link => found.link.as_ref().map(|path| visit.to(path)),
        attachments => found.attachments.iter().map(|one| ctx! { name => one.name, href => visit.to(&one.path) }).collect::<Vec<_>>(),
    };
    Ok(visit.page("portal/message.html", context))
}

async fn document(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Document>>,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let content = portal.services.own_document(applicant, id).await?;
    let content_type = match content.document.media_type.as_str() {
        "application/pdf" => "application/pdf",
        "image/jpeg" => "image/jpeg",
        "image/png" => "image/png",
        _ => "application/octet-stream",
    };
    Ok(Download {
        file_name: format!("{}-{}", content.document.field, content.document.id)
            + extension(content_type),
        content_type,
        bytes: content.bytes.into(),
        is_inline: content_type == "application/pdf",
    }
    .into_response())
}

fn extension(content_type: &str) -> &'static str {
    match content_type {
        "application/pdf" => ".pdf",
        "image/jpeg" => ".jpg",
        "image/png" => ".png",
        _ => ".bin",
    }
}

async fn licences(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let person = portal.applicant(&visit)?.person;
    let held = licences_of(&portal, person.cast()).await?;
    let today = visit.site().env().today();
    let rows: Vec<_> = held
        .iter()
        .map(|one| {
            let (state, kind) = state_of(one, today);
            ctx! {
                title => portal.licences.issuer.get_type(&one.kind).map(|kind| kind.title).unwrap_or_else(|_| kernel::Text::same(&one.kind)),
                number => one.number,
                valid_until => one.valid_until,
                state => visit.t(state),
                kind,
                reissue => matches!(one.state, LicenceState::Live).then(|| visit.to(&format!("/licences/{}/reissue", one.id))),
            }
        })
        .collect();
    let address = format!("{}/app", visit.site().config().base_url);
    Ok(visit.page("portal/licences.html", ctx! { licences => rows, address }))
}

fn state_of(licence: &Licence, today: kernel::Date) -> (&'static str, &'static str) {
    match licence.state {
        LicenceState::Suspended => ("portal.licences.state.suspended", "wait"),
        LicenceState::Revoked | LicenceState::Replaced => ("portal.licences.state.revoked", "bad"),
        LicenceState::Live if licence.is_expired(today) => ("portal.licences.state.expired", "bad"),
        LicenceState::Live if licence.device.is_none() => ("portal.licences.state.offered", "info"),
        LicenceState::Live => ("portal.licences.state.valid", "good"),
    }
}

async fn reissue(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Licence>>,
) -> Outcome<Response> {
    let person = portal.applicant(&visit)?.person;
    let held = licences_of(&portal, person.cast()).await?;
    if !held.iter().any(|one| one.id == id) {
        return Err(Failure::not_found());
    }
    let device = identity::live_device(&portal.store, person)
        .await?
        .ok_or(identity::Error::NotFound)?;
    let issuer = portal.licences.issuer.clone();
    let binding = credentials::Binding::Device(device.thumbprint);
    portal
        .store
        .write(&visit.actor(), move |tx| {
            let (issuer, binding) = (issuer.clone(), binding.clone());
            async move { credentials::reissue(&tx, &issuer, id, &binding).await }
        })
        .await?;
    visit.flash("portal.licences.reissued");
    Ok(visit.redirect(&visit.to("/licences")))
}

async fn licences_of(portal: &Portal, holder: Id<credentials::Holder>) -> Outcome<Vec<Licence>> {
    let issuer = portal.licences.issuer.clone();
    let held = portal
        .store
        .read(move |db| {
            let issuer = issuer.clone();
            async move { credentials::of_holder(&db, &issuer, holder).await }
        })
        .await?;
    Ok(held)
}
