//! Kiosk mode: a shared screen in a hall. The same pages, larger; the language is chosen first; the
//! phone signs in; a screen that nobody touches asks, then wipes. Server and page count on their own,
//! so that a page without its script, or a browser without the page, ends the session all the same.

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue},
    response::Response,
};
use kernel::Lang;
use services::Entry;
use web::{Access, Form, IntoResponse, KIOSK_WIPE_SECONDS, Outcome, Routes, Visit, ctx};

use crate::{Portal, catalogue::EntryView};

/// Services named on the start page.
const NAMED: usize = 6;
/// Tells the browser to forget the pages it has shown. Cookies stay: one marks the device.
const CLEAR: (HeaderName, HeaderValue) = (
    HeaderName::from_static("clear-site-data"),
    HeaderValue::from_static("\"cache\", \"storage\""),
);

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/kiosk", Access::Public, languages)
        .post("/kiosk", Access::Public, begin)
        .get("/{lang}/kiosk", Access::Public, home)
        .get("/{lang}/kiosk/still-there", Access::Public, still_there)
        .get("/{lang}/kiosk/wipe", Access::Public, wipe)
        .post("/{lang}/kiosk/finish", Access::Public, wipe)
        .get("/{lang}/kiosk/leave", Access::Public, ask_leave)
        .post("/{lang}/kiosk/leave", Access::Public, leave)
}

async fn languages(visit: Visit) -> Response {
    let page = visit.page("portal/kiosk.html", ctx! {});
    page.into_response()
}

/// Whoever chooses a language begins with nothing of the person before.
async fn begin(visit: Visit, form: Form) -> Outcome<Response> {
    let lang: Lang = form.text("lang").parse().unwrap_or_default();
    visit.set_kiosk(true).await?;
    Ok(cleared(visit.redirect(&format!("/{lang}/kiosk"))))
}

async fn home(State(portal): State<Portal>, visit: Visit) -> Response {
    if !visit.is_kiosk() {
        return visit.redirect("/kiosk");
    }
    let catalogue = portal.services.catalogue();
    let online: Vec<EntryView<'_>> = catalogue
        .entries()
        .iter()
        .filter(|entry| Entry::is_online(entry))
        .take(NAMED)
        .map(|entry| EntryView::of(&catalogue, entry))
        .collect();
    let context = ctx! { online };
    visit
        .page("portal/kiosk_home.html", context)
        .into_response()
}

/// Asks whether anybody is there; the page wipes by itself when nobody says so.
async fn still_there(visit: Visit) -> Response {
    let home = visit.to("/kiosk");
    if !visit.is_kiosk() {
        return visit.redirect(&visit.to(""));
    }
    let context = ctx! {
        next => web::local_path(visit.query().get("next"), &home),
        wipe => visit.to("/kiosk/wipe"),
        seconds => KIOSK_WIPE_SECONDS,
    };
    visit
        .page("portal/kiosk_still.html", context)
        .into_response()
}

/// Ends what the person had here. On any other browser than a kiosk it does nothing.
async fn wipe(visit: Visit) -> Outcome<Response> {
    if !visit.is_kiosk() {
        return Ok(visit.redirect(&visit.to("")));
    }
    visit.sign_out().await?;
    Ok(cleared(visit.redirect("/kiosk")))
}

fn cleared(mut response: Response) -> Response {
    let (name, value) = CLEAR;
    response.headers_mut().insert(name, value);
    response
}

/// For those who look after the device: makes it a browser of one person again.
async fn ask_leave(visit: Visit) -> Response {
    if !visit.is_kiosk() {
        return visit.redirect(&visit.to(""));
    }
    let context = ctx! {
        question => visit.t("portal.kiosk.leave"),
        words => visit.t("portal.kiosk.leave.text"),
        yes => visit.t("portal.kiosk.leave"),
        action => visit.to("/kiosk/leave"),
        no_href => visit.to("/kiosk"),
    };
    visit.page("portal/confirm.html", context).into_response()
}

async fn leave(visit: Visit) -> Outcome<Response> {
    visit.set_kiosk(false).await?;
    Ok(cleared(visit.redirect(&visit.to(""))))
}
