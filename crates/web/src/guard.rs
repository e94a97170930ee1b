//! What stands before every handler: rate, access, size, and whether a post is ours. A post that
//! cannot be accepted now keeps its answers: they come back in a page that sends them again.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use crate::{
    Access, Error, Explain as _, Failure, Form, Kind, Rate, Visit, csrf, ctx, form, lang, openapi,
    rate::Door, routes::Rule,
};

/// Answers of a visitor whose session had ended when the form was sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) path: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<String>,
}

/// Where held answers are remembered, and the form field that says they are being sent again.
pub(crate) const HELD: &str = "web.held";

/// The rule that answered, put into the response for the shell.
#[derive(Clone)]
pub(crate) struct Ruled(pub(crate) Arc<Rule>);

pub(crate) async fn guard(State(rule): State<Arc<Rule>>, request: Request, next: Next) -> Response {
    let Some(visit) = request.extensions().get::<Visit>().cloned() else {
        return Failure::of(&Error::Setup("a route outside web::app".to_owned())).into_response();
    };
    let answer = match rule.kind {
        Kind::Page => page(&rule, &visit, request, next).await,
        Kind::Json => {
            visit.answer_json();
            json(&rule, &visit, request, next).await
        }
    };
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(Ruled(rule));
    response
}

async fn page(
    rule: &Rule,
    visit: &Visit,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    check_rate(rule, visit, &request)?;
    let is_post = rule.method == Method::POST;
    match allowed(rule, visit) {
        Ok(()) => {}
        // The next person at a kiosk must not be offered what the last one typed.
        Err(Error::SignedOut) if is_post && visit.is_kiosk() => {
            return Ok(visit.redirect(&visit.to("/kiosk")));
        }
        Err(Error::SignedOut) if is_post => return hold(rule, visit, request).await,
        Err(Error::SignedOut) => return Ok(to_sign_in(rule, visit, &visit.here())),
        Err(error) => return Err(error.into()),
    }
    if !is_post {
        return Ok(next.run(request).await);
    }
    let (mut request, form) = own_form(rule, visit, request).await?;
    let token = request
        .headers()
        .get(csrf::HEADER)
        .and_then(|value| value.to_str().ok());
    let token = token.or_else(|| form.get(csrf::FIELD)).unwrap_or_default();
    if !visit.is_form_token(token) {
        return Ok(stale(visit, &form));
    }
    if form.has(HELD) {
        visit.forget(HELD).await?;
    }
    request.extensions_mut().insert(form);
    Ok(next.run(request).await)
}

async fn json(
    rule: &Rule,
    visit: &Visit,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    check_rate(rule, visit, &request)?;
    allowed(rule, visit)?;
    if rule.access != Access::Public && !rule.method.is_safe() {
        if csrf::is_cross_site(request.headers(), &visit.site().config().base_url) {
            return Err(Error::CrossSite.into());
        }
        let token = request
            .headers()
            .get(csrf::HEADER)
            .and_then(|value| value.to_str().ok());
        if !visit.is_form_token(token.unwrap_or_default()) {
            return Err(Error::StaleToken.into());
        }
    }
    let response = next.run(request).await;
    Ok(openapi::record(visit.site().recorder(), rule, response).await)
}

/// Counts the request by who makes it. A call that proves by itself who makes it is counted where the
/// proof is read.
fn check_rate(rule: &Rule, visit: &Visit, request: &Request) -> Result<(), Error> {
    let rate = rule.rate.unwrap_or(Rate::Any);
    let Some(door) = request.extensions().get::<Door>() else {
        return Err(Error::Setup("a route outside web::app".to_owned()));
    };
    if rate == Rate::Caller {
        return Ok(());
    }
    let key = visit.key(door.address());
    let limiter = visit.site().limiter();
    limiter.check(Rate::Any, &key)?;
    if rate == Rate::Any {
        return Ok(());
    }
    limiter.check(rate, &key)
}

fn allowed(rule: &Rule, visit: &Visit) -> Result<(), Error> {
    let Access::Roles(roles) = rule.access else {
        return Ok(());
    };
    let who = visit.signed_in().ok_or(Error::SignedOut)?;
    if roles.iter().any(|role| who.has_role(*role)) {
        Ok(())
    } else {
        Err(Error::WrongRole(roles.to_vec()))
    }
}

/// Reads a form that no other site sent.
async fn own_form(
    rule: &Rule,
    visit: &Visit,
    request: Request,
) -> Result<(Request, Form), Failure> {
    if csrf::is_cross_site(request.headers(), &visit.site().config().base_url) {
        return Err(Error::CrossSite.into());
    }
    form::read(request, rule.body_bytes).await
}

/// The session ended while the form was being filled in: remember the answers for this browser, let
/// the visitor sign in, and offer to send them again.
async fn hold(rule: &Rule, visit: &Visit, request: Request) -> Result<Response, Failure> {
    let (_, form) = own_form(rule, visit, request).await?;
    let held = Held {
        path: visit.here(),
        fields: kept(&form),
        files: form.file_fields(),
    };
    visit.remember(HELD, &held).await?;
    Ok(to_sign_in(rule, visit, &visit.to("/continue")))
}

fn to_sign_in(rule: &Rule, visit: &Visit, next: &str) -> Response {
    let path = rule.access.sign_in_path();
    visit.redirect(&visit.to(&format!("{path}?next={}", lang::encode(next))))
}

/// The page was open for so long that its token is of an earlier session. The answers come back with
/// a fresh token, one button away.
fn stale(visit: &Visit, form: &Form) -> Response {
    if visit.is_kiosk() {
        return visit.redirect(&visit.to("/kiosk"));
    }
    let status = Error::StaleToken.status();
    let context = ctx! {
        action => visit.here(),
        fields => kept(form),
        files => form.file_fields(),
    };
    visit
        .page("web/stale.html", context)
        .status(status)
        .into_response()
}

/// The values of a form without what belongs to the shell.
fn kept(form: &Form) -> Vec<(String, String)> {
    form.iter()
        .filter(|(name, _)| *name != csrf::FIELD && *name != HELD)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// `/{lang}/continue`: the answers held while the visitor signed in.
pub(crate) async fn resume(visit: Visit) -> Response {
    match visit.recall::<Held>(HELD) {
        Some(held) => {
            let context = ctx! {
                action => held.path, fields => held.fields, files => held.files,
            };
            visit.page("web/continue.html", context).into_response()
        }
        None => visit.redirect(&format!("/{}", visit.lang())),
    }
}
