//! A person signs a document of their own: bring a PDF, see what it is, approve on the phone, take the
//! signed file away. The file is kept sealed for a day and then forgotten.

use axum::extract::State;
use identity::{Person, Upload, signing::UPLOAD_BYTES};
use kernel::Id;
use web::{
    Access, Download, Form, HeaderMap, Outcome, Page, Path, Response, Routes, Visit, ctx, header,
};

use crate::Portal;

/// Room for the form around the file.
const FORM_BYTES: usize = 64 * 1024;

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/sign", Access::RESIDENT, start)
        .post("/{lang}/sign", Access::RESIDENT, bring)
        .body_bytes(UPLOAD_BYTES + FORM_BYTES)
        .get("/{lang}/sign/{upload}", Access::RESIDENT, show)
        .post("/{lang}/sign/{upload}", Access::RESIDENT, ask)
        .get("/{lang}/sign/{upload}/file", Access::RESIDENT, file)
        .get("/{lang}/sign/{upload}/signed", Access::RESIDENT, signed)
}

async fn start(visit: Visit) -> Page {
    form_page(&visit, None)
}

fn form_page(visit: &Visit, error: Option<String>) -> Page {
    let megabytes = UPLOAD_BYTES / (1024 * 1024);
    let errors = error
        .iter()
        .map(|words| ctx! { field => "document", words => words })
        .collect::<Vec<_>>();
    visit.page(
        "portal/sign.html",
        ctx! { megabytes, error => error.unwrap_or_default(), errors },
    )
}

async fn bring(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    use web::IntoResponse as _;
    let applicant = portal.applicant(&visit)?;
    let Some(file) = form.file("document") else {
        return Ok(form_page(&visit, Some(visit.t("portal.sign.none"))).into_response());
    };
    let brought = (file.file_name.as_str(), file.bytes.to_vec());
    let room = &portal.signing;
    match room.bring(&visit.actor(), applicant.person, brought).await {
        Ok(upload) => Ok(visit.redirect(&visit.to(&format!("/sign/{}", upload.id)))),
        Err(identity::Error::Pdf(why)) => {
            let words = visit.t(&format!("portal.sign.refused.{}", why.code()));
            Ok(form_page(&visit, Some(words)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn owner(portal: &Portal, person: Id<Person>) -> Outcome<Person> {
    let found = identity::find_person(&portal.store, person).await?;
    found.ok_or_else(web::Failure::not_found)
}

async fn show(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Upload>>,
) -> Outcome<Response> {
    use web::IntoResponse as _;
    let applicant = portal.applicant(&visit)?;
    let upload = portal.signing.upload(id, applicant.person).await?;
    let here = visit.to(&format!("/sign/{id}"));
    if visit.query().has("approval") && upload.signed.is_none() {
        let owner = owner(&portal, applicant.person).await?;
        let binding = identity::binding(&visit).await?;
        let signed = portal
            .signing
            .sign_upload(&visit.actor(), (&upload, &owner), &binding)
            .await;
        match signed {
            Ok(()) => return Ok(visit.redirect(&here)),
            // The phone said no, or too late: the page says so by still asking.
            Err(identity::Error::NotApproved | identity::Error::Expired) => {
                return Ok(visit.redirect(&here));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let print = trust::digest::hex(&upload.sha256);
    let groups: Vec<&str> = (0..print.len() / 8)
        .filter_map(|place| print.get(place * 8..place * 8 + 8))
        .collect();
    let context = ctx! {
        name => upload.name,
        kilobytes => upload.size.unsigned_abs().div_ceil(1024),
        fingerprint => groups.join(" "),
        received => upload.received,
        signed => upload.signed,
        here => here,
    };
    Ok(visit.page("portal/sign_file.html", context).into_response())
}

async fn ask(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Upload>>,
    headers: HeaderMap,
) -> Outcome<Response> {
    let applicant = portal.applicant(&visit)?;
    let upload = portal.signing.upload(id, applicant.person).await?;
    let owner = owner(&portal, applicant.person).await?;
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    let back = visit.to(&format!("/sign/{id}"));
    let asked = (
        identity::binding(&visit).await?,
        identity::place_of(agent),
        back.clone(),
    );
    let asked = portal
        .signing
        .ask_upload(&visit.actor(), (&upload, &owner), asked)
        .await;
    match asked {
        Ok(approval) => Ok(visit.redirect(&visit.to(&format!("/approvals/{}", approval.id)))),
        Err(identity::Error::Decided) => Ok(visit.redirect(&back)),
        Err(error) => Err(error.into()),
    }
}

async fn file(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Upload>>,
) -> Outcome<Download> {
    let applicant = portal.applicant(&visit)?;
    let (brought, _) = portal.signing.files(id, applicant.person).await?;
    Ok(pdf("document.pdf", brought, true))
}

async fn signed(
    State(portal): State<Portal>,
    visit: Visit,
    Path(id): Path<Id<Upload>>,
) -> Outcome<Download> {
    let applicant = portal.applicant(&visit)?;
    let (_, signed) = portal.signing.files(id, applicant.person).await?;
    let bytes = signed.ok_or_else(web::Failure::not_found)?;
    Ok(pdf("document-signed.pdf", bytes, false))
}

fn pdf(name: &str, bytes: Vec<u8>, is_inline: bool) -> Download {
    Download {
        file_name: name.to_owned(),
        content_type: "application/pdf",
        bytes: bytes.into(),
        is_inline,
    }
}
