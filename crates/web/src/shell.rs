//! The outermost layer: makes a [`Visit`] of a request, and an answer fit to leave of a response.
//! Errors become pages or problems here, once; panics and slow handlers too.

use std::{convert::Infallible, net::IpAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::MethodRouter,
};
use futures::FutureExt as _;
use tower_http::compression::CompressionLayer;
use tracing::Instrument as _;

use crate::{
    Access, Error, Explanation, Failure, Path, Rate, Routes, Site, Visit, ctx,
    guard::{self, Ruled},
    headers::{self, Extension},
    lang,
    rate::{self, Door, Key},
    seal::Token,
    visit::Arrival,
};

/// How long a handler may take.
const HANDLER: Duration = Duration::from_secs(30);
/// Addresses longer than this are refused.
const URI_BYTES: usize = 8 * 1024;
/// A device stays a kiosk for a year, whether it is switched off or not.
const KIOSK_FOR: &str = "; Max-Age=31536000";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole site as one router: every route behind its guard, and the shell around all of them.
pub fn app(site: &Site, routes: Routes<()>) -> Router {
    let own = Routes::new().get("/{lang}/continue", Access::Public, guard::resume);
    let mut router = Router::new();
    for route in routes.merge(own).routes {
        let rule = Arc::new(route.rule);
        for path in rule.paths() {
            let own = route.router.clone();
            let guarded: MethodRouter = own
                .layer::<_, Infallible>(from_fn_with_state(Arc::clone(&rule), guard::guard))
                .layer(DefaultBodyLimit::max(rule.body_bytes));
            router = router.route(&path, guarded);
        }
    }
    let assets = site.clone();
    let answer_asset = move |Path((hash, name)): Path<(String, String)>, headers: HeaderMap| async move {
        assets.assets().answer(&hash, &name, &headers)
    };
    router
        .route("/assets/{hash}/{*name}", axum::routing::get(answer_asset))
        .fallback(async || Failure::not_found())
        .method_not_allowed_fallback(async || Failure::of(&Error::MethodNotAllowed))
        .layer(from_fn_with_state(site.clone(), shell))
        .layer(CompressionLayer::new().gzip(true))
        .layer(from_fn(plain_path))
}

/// The page every problem's `type` links to: `/{lang}/errors#WEB-001`.
#[must_use]
pub fn error_list(mut explanations: Vec<Explanation>) -> Routes<()> {
    explanations.sort_by_key(|explanation| explanation.code);
    let explanations = Arc::new(explanations);
    Routes::new().get(
        "/{lang}/errors",
        Access::Public,
        async move |visit: Visit| {
            visit.page("web/errors.html", ctx! { explanations => *explanations })
        },
    )
}

/// `/en/find/` is `/en/find`: people type the slash, links never have it.
async fn plain_path(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.len() > 1 && path.ends_with('/') && request.method().is_safe() {
        let trimmed = format!("/{}", path.trim_matches('/'));
        let place = match request.uri().query() {
            Some(query) => format!("{trimmed}?{query}"),
            None => trimmed,
        };
        if let Ok(place) = HeaderValue::from_str(&place) {
            return (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, place)]).into_response();
        }
    }
    next.run(request).await
}

async fn shell(State(site): State<Site>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (peer, trusted) = (
        rate::peer(&parts.extensions),
        &site.config().trusted_proxies,
    );
    let client = rate::client(peer, &parts.headers, trusted);
    let is_proxied = trusted.contains(&peer);
    let request_id = site.env().id::<Request>().to_string();
    let span = tracing::info_span!("request", id = %request_id, method = %parts.method);
    async move {
        let began = site.env().now();
        let method = parts.method.to_string();
        let admitted = admit(&site, &parts, client);
        let (visit, loaded) = load(&site, &parts, request_id).await;
        let response = match admitted.and(loaded) {
            Err(error) => Failure::of(&error).into_response(),
            Ok(()) => {
                parts.extensions.insert(visit.clone());
                parts
                    .extensions
                    .insert(Door::new(site.clone(), client, is_proxied));
                run(Request::from_parts(parts, body), next).await
            }
        };
        let ruled = response.extensions().get::<Ruled>().cloned();
        let route = ruled.map_or("unmatched", |Ruled(rule)| rule.path);
        let response = leave(&visit, response);
        let (status, time) = (response.status().as_u16(), site.env().now().since(began));
        tracing::debug!(
            route,
            status,
            time_us = time.as_micros(),
            "request answered"
        );
        let method = if route == "unmatched" {
            "any"
        } else {
            method.as_str()
        };
        site.count().note(method, route, status, time);
        response
    }
    .instrument(span)
    .await
}

fn admit(site: &Site, request: &Parts, client: IpAddr) -> Result<(), Error> {
    let uri = &request.uri;
    if uri.path().len() + uri.query().map_or(0, str::len) > URI_BYTES {
        return Err(Error::TooLarge);
    }
    if is_asset(uri) {
        return Ok(());
    }
    // Against floods only: who asks too often is counted by the guard, which knows the session.
    site.limiter().check(Rate::Caller, &Key::address(client))
}

async fn run(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(HANDLER, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Failure::of(&Error::Panicked).into_response(),
        Err(_) => Failure::of(&Error::TimedOut).into_response(),
    }
}

fn is_asset(uri: &Uri) -> bool {
    uri.path().starts_with("/assets/")
}

/// Makes the visit. When the session cannot be read, a visit without one carries the error page.
async fn load(site: &Site, request: &Parts, request_id: String) -> (Visit, Result<(), Error>) {
    let headers = &request.headers;
    let path = request.uri.path().to_owned();
    let query = request.uri.query().unwrap_or_default().to_owned();
    let names = CookieNames::of(site);
    let token = cookie(headers, names.session).and_then(|text| Token::parse(&text));
    let mut arrival = Arrival {
        site: site.clone(),
        lang: language(&path, &query, headers),
        path,
        query,
        request_id,
        wants_json: prefers_json(headers),
        flash: cookie(headers, names.flash),
        token: token.clone(),
        loaded: None,
        is_kiosk: cookie(headers, names.kiosk).is_some(),
    };
    let Some(token) = token.filter(|_| !is_asset(&request.uri)) else {
        return (Visit::arrive(arrival), Ok(()));
    };
    match site.sessions().load(&token).await {
        Ok(loaded) => {
            arrival.loaded = loaded;
            (Visit::arrive(arrival), Ok(()))
        }
        Err(Error::Seal) => {
            tracing::warn!("a session could not be opened and counts as ended");
            (Visit::arrive(arrival), Ok(()))
        }
        Err(error) => (Visit::arrive(arrival), Err(error)),
    }
}

/// The language of the path, or of `lang=` where the path has none, or the browser's own.
fn language(path: &str, query: &str, headers: &HeaderMap) -> kernel::Lang {
    let asked = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("lang=")?.parse().ok());
    lang::of_path(path).or(asked).unwrap_or_else(|| {
        let accepted = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        lang::negotiate(accepted.unwrap_or_default())
    })
}

fn prefers_json(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("json") && !accept.contains("text/html"))
}

/// Everything an answer needs before it leaves: its error page, cookies, language, headers.
fn leave(visit: &Visit, mut response: Response) -> Response {
    let ruled = response.extensions().get::<Ruled>().cloned();
    let route = ruled.as_ref().map_or("unmatched", |Ruled(rule)| rule.path);
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        failure.log(route);
        response = explain(visit, &failure);
    }
    let extension = ruled.map_or(Extension::None, |Ruled(rule)| rule.extension);
    let config = visit.site().config();
    let headers = response.headers_mut();
    headers::apply(headers, extension, config.is_secure());
    if let Ok(id) = HeaderValue::from_str(visit.request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    let is_html = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_html {
        headers.insert(
            header::CONTENT_LANGUAGE,
            HeaderValue::from_static(visit.lang().tag()),
        );
    }
    set_cookies(visit, headers);
    let caching = if visit.signed_in().is_some() || visit.is_kiosk() {
        "no-store"
    } else {
        "private, no-cache"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(caching));
    response
}

/// The error page or problem of a failure.
fn explain(visit: &Visit, failure: &Failure) -> Response {
    let mut response = if visit.wants_json() {
        let base = visit.site().config().base_url.trim_end_matches('/');
        let problem = failure.problem(base, visit.lang(), visit.request_id());
        let mut response = axum::Json(problem).into_response();
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
    } else {
        error_page(visit, failure)
    };
    *response.status_mut() = failure.status();
    if let Some(seconds) = failure.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn error_page(visit: &Visit, failure: &Failure) -> Response {
    let context = ctx! {
        code => failure.code(),
        status => failure.status().as_u16(),
        title => failure.title(),
        advice => failure.advice(),
        is_missing => failure.status() == StatusCode::NOT_FOUND,
        is_ours => failure.status().is_server_error(),
    };
    match visit.render("web/error.html", context) {
        Ok(html) => axum::response::Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "the error page could not be rendered");
            let lang = visit.lang();
            format!(
                "{}\n\n{}\n",
                failure.title().get(lang),
                failure.advice().get(lang)
            )
            .into_response()
        }
    }
}

/// Cookie names. With TLS the `__Host-` prefix (RFC 6265bis section 4.1.3.2) ties them to this host.
struct CookieNames {
    session: &'static str,
    flash: &'static str,
    /// Marks a shared device; it says nothing about any person and outlives their sessions.
    kiosk: &'static str,
    attributes: &'static str,
}

impl CookieNames {
    fn of(site: &Site) -> Self {
        if site.config().is_secure() {
            Self {
                session: "__Host-causeway",
                flash: "__Host-causeway-flash",
                kiosk: "__Host-causeway-kiosk",
                attributes: "Path=/; HttpOnly; SameSite=Lax; Secure",
            }
        } else {
            Self {
                session: "causeway",
                flash: "causeway-flash",
                kiosk: "causeway-kiosk",
                attributes: "Path=/; HttpOnly; SameSite=Lax",
            }
        }
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

fn set_cookies(visit: &Visit, headers: &mut HeaderMap) {
    let names = CookieNames::of(visit.site());
    let departure = visit.depart();
    let mut set = |name: &str, value: &str, more: &str| {
        let line = format!("{name}={value}; {}{more}", names.attributes);
        if let Ok(line) = HeaderValue::from_str(&line) {
            headers.append(header::SET_COOKIE, line);
        }
    };
    match &departure.session {
        Some(token) => set(names.session, token, ""),
        None if departure.clears_session => set(names.session, "", "; Max-Age=0"),
        None => {}
    }
    match &departure.flash {
        Some(sealed) => set(names.flash, sealed, "; Max-Age=300"),
        None if departure.clears_flash => set(names.flash, "", "; Max-Age=0"),
        None => {}
    }
    match departure.kiosk {
        Some(true) => set(names.kiosk, "yes", KIOSK_FOR),
        Some(false) => set(names.kiosk, "", "; Max-Age=0"),
        None => {}
    }
}
