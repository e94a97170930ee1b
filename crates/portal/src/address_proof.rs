//! The paper that shows an address: a bill that a person keeps here for services that ask for one.

use axum::{extract::State, response::Response};
use identity::{AddressProof, Error, NewAddressProof, Utility};
use kernel::{Date, Text};
use web::{
    Access, Download, Form, IntoResponse, Outcome, Page, Rate, Routes, Value, Visit, Wrong, ctx,
};

use crate::Portal;

/// Bytes of a posted paper with what surrounds it.
const PROOF_BODY_BYTES: usize = identity::PROOF_BYTES + 64 * 1024;
/// A paper of none of the utilities.
const OTHER: &str = "other";
/// Characters of a file's name that are kept.
const FILE_NAME_CHARS: usize = 100;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/profile/address-proof", Access::RESIDENT, page)
        .post("/{lang}/profile/address-proof", Access::RESIDENT, give)
        .body_bytes(PROOF_BODY_BYTES)
        .rate(Rate::Post)
        .get("/{lang}/profile/address-proof/file", Access::RESIDENT, file)
        .post(
            "/{lang}/profile/address-proof/remove",
            Access::RESIDENT,
            remove,
        )
}

pub(crate) fn view(visit: &Visit, one: &AddressProof) -> Value {
    let name = one.provider.map(Utility::name);
    let bill = |name: Text| {
        visit.t_with(
            "portal.profile.proof.bill",
            &[("name", name.get(visit.lang()))],
        )
    };
    ctx! {
        bill => name.map(bill),
        is_photo => !one.is_pdf(),
        file_name => one.file_name,
        dated => one.dated,
        uploaded => one.uploaded,
        sha256 => trust::digest::hex(&one.sha256),
    }
}

async fn page(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    let id = portal.person(&visit)?;
    let proof = identity::find_address_proof(&portal.store, id).await?;
    Ok(form_page(&visit, proof.as_ref(), &Form::default(), &[]))
}

fn form_page(
    visit: &Visit,
    proof: Option<&AddressProof>,
    form: &Form,
    errors: &[(&str, &str)],
) -> Page {
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        errors => wrong.list(),
        file_error => wrong.words("file"),
        dated_error => wrong.words("dated"),
        provider_error => wrong.words("provider"),
        provider => form.text("provider"),
        providers => providers(visit),
        day => form.text("dated-day"),
        month => form.text("dated-month"),
        year => form.text("dated-year"),
        proof => proof.map(|one| view(visit, one)),
    };
    visit.page("portal/profile_proof.html", context)
}

/// Whose paper it may be.
fn providers(visit: &Visit) -> Vec<Value> {
    let utilities = Utility::ALL.iter().map(|one| {
        ctx! { value => one.code(), words => one.name().get(visit.lang()) }
    });
    let other = ctx! { value => OTHER, words => visit.t("portal.profile.proof.other") };
    utilities.chain([other]).collect()
}

/// What was chosen of [`providers`]; nothing when nothing was.
fn chosen_provider(code: &str) -> Option<Option<Utility>> {
    if code == OTHER {
        return Some(None);
    }
    code.parse().ok().map(Some)
}

/// The date on the paper, of the days that are taken.
fn proof_date(portal: &Portal, form: &Form) -> Option<Date> {
    let part = |name: &str| form.text(name).trim().to_owned();
    let year = part("dated-year").parse::<i16>().ok()?;
    let month = part("dated-month").parse::<i8>().ok()?;
    let day = part("dated-day").parse::<i8>().ok()?;
    let dated = Date::new(year, month, day).ok()?;
    let today = portal.store.env().today();
    let oldest = today.plus_days(-identity::PROOF_DAYS);
    (oldest..=today).contains(&dated).then_some(dated)
}

async fn give(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    let mut errors = Vec::new();
    let provider = chosen_provider(form.text("provider"));
    let dated = proof_date(&portal, &form);
    let media_type = form.file("file").and_then(|file| {
        let is_size = !file.bytes.is_empty() && file.bytes.len() <= identity::PROOF_BYTES;
        is_size.then(|| kind_of(&file.bytes)).flatten()
    });
    if media_type.is_none() {
        errors.push(("file", "portal.profile.proof.wrong.file"));
    }
    if provider.is_none() {
        errors.push(("provider", "portal.profile.proof.wrong.provider"));
    }
    if dated.is_none() {
        errors.push(("dated", "portal.profile.proof.wrong.dated"));
    }
    if let (Some(file), Some(media_type), Some(dated), Some(provider)) =
        (form.file("file"), media_type, dated, provider)
    {
        let new = NewAddressProof {
            file_name: file_name(&file.file_name),
            media_type,
            provider,
            dated,
            bytes: file.bytes.to_vec(),
        };
        identity::put_address_proof(&portal.store, portal.identity.vault(), id, new).await?;
        visit.flash("portal.profile.proof.saved");
        return Ok(visit.redirect(&visit.to("/profile")));
    }
    let proof = identity::find_address_proof(&portal.store, id).await?;
    let page = form_page(&visit, proof.as_ref(), &form, &errors);
    Ok(page.with_errors().into_response())
}

/// The name as it is shown again: no folder, nothing that could steer a header.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean = last
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' '));
    clean.take(FILE_NAME_CHARS).collect()
}

/// What kind of file the bytes are, of those that are taken.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    let starts = |mark: &[u8]| bytes.starts_with(mark);
    if starts(b"%PDF-") {
        Some("application/pdf")
    } else if starts(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else {
        None
    }
}

async fn file(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    let proof = identity::find_address_proof(&portal.store, id)
        .await?
        .ok_or(Error::NotFound)?;
    let bytes = identity::address_proof_content(&portal.store, portal.identity.vault(), id).await?;
    let content_type = kind_of(&bytes).unwrap_or("application/octet-stream");
    let download = Download {
        file_name: proof.file_name,
        content_type,
        bytes: bytes.into(),
        is_inline: false,
    };
    Ok(download.into_response())
}

async fn remove(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let id = portal.person(&visit)?;
    identity::drop_address_proof(&portal.store, id).await?;
    visit.flash("portal.profile.proof.removed");
    Ok(visit.redirect(&visit.to("/profile")))
}
