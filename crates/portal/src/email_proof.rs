//! Proving the e-mail address of the profile: a code goes there, the person types it here.

use axum::{extract::State, response::Response};
use identity::{EmailClaim, Error, FieldKey, Source};
use kernel::Text;
use notify::{Class, NewContact, NewMessage};
use web::{Access, Form, IntoResponse, Outcome, Page, Rate, Routes, Visit, Wrong, ctx};

use crate::{Portal, profile};

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/profile/email-proof", Access::RESIDENT, show)
        .post("/{lang}/profile/email-proof/code", Access::RESIDENT, send)
        .rate(Rate::Attempt)
        .post("/{lang}/profile/email-proof", Access::RESIDENT, prove)
        .rate(Rate::Attempt)
}

async fn show(State(portal): State<Portal>, visit: Visit) -> Outcome<Page> {
    page(&portal, &visit, ("", &[])).await
}

async fn page(
    portal: &Portal,
    visit: &Visit,
    (code, errors): (&str, &[(&str, &str)]),
) -> Outcome<Page> {
    let who = portal.applicant(visit)?.person;
    let own = profile::own(portal, who).await?;
    let held = own.get(FieldKey::Email);
    let held = held.filter(|one| one.source == Source::SelfDeclared);
    let held = held.ok_or(Error::NotFound)?;
    let wrong = Wrong::of(visit, errors);
    let context = ctx! {
        email => held.value.as_str().unwrap_or_default(),
        code,
        error => wrong.words("code"),
        errors => wrong.list(),
    };
    Ok(visit.page("portal/email_proof.html", context))
}

async fn send(State(portal): State<Portal>, visit: Visit) -> Outcome<Response> {
    let who = portal.applicant(&visit)?.person;
    let vault = portal.identity.vault().clone();
    let claim = identity::draw_email_code(&portal.store, &vault, who).await?;
    let lang = visit.lang();
    portal
        .store
        .write(&visit.actor(), move |tx| {
            let (claim, vault) = (claim.clone(), vault.clone());
            async move {
                identity::keep_email_code_in(&tx, &claim).await?;
                let contact = NewContact {
                    recipient: claim.recipient.cast(),
                    lang,
                    email: Some(claim.email.clone()),
                    phone: None,
                    wants_email: true,
                    wants_sms: false,
                };
                notify::set_contact(&tx, &vault, contact).await?;
                notify::send(&tx, message(&claim)).await?;
                Ok::<_, services::Error>(())
            }
        })
        .await?;
    visit.flash("portal.email.sent");
    Ok(visit.redirect(&visit.to("/profile/email-proof")))
}

/// To nobody's inbox: the code is read in that mailbox or nowhere.
fn message(claim: &EmailClaim) -> NewMessage {
    let code = &claim.code;
    let subject = Text::new(
        format!("{code} is your Causeway code"),
        format!("{code} 是你的通途代碼"),
    );
    let body = Text::new(
        format!(
            "Type {code} on the page that asked for it. It is good for ten minutes. Nobody will ever ask you for it by phone."
        ),
        format!("請在要求代碼的頁面輸入 {code}，十分鐘內有效。任何人都不會以電話向你索取代碼。"),
    );
    NewMessage::new(claim.recipient.cast(), Class::Otp, subject, body)
}

async fn prove(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Response> {
    let who = portal.applicant(&visit)?.person;
    let code = form.text("code");
    let vault = portal.identity.vault();
    if identity::prove_email(&portal.store, vault, who, code).await? {
        visit.flash("portal.email.proven");
        return Ok(visit.redirect(&visit.to("/profile")));
    }
    let page = page(&portal, &visit, (code, &[("code", "portal.email.wrong")])).await?;
    Ok(page.with_errors().into_response())
}
