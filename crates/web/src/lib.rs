//! Everything between a handler and a browser: page shell and accessible components, messages in
//! three languages, sessions, CSRF, access at the route, forms, problems, OpenAPI, assets, security
//! headers and rate limits.
//!
//! A crate with pages gives a [`Bundle`] (templates, messages, assets) and a [`Routes`]; the binary
//! collects both into a [`Site`] and [`app`]. Handlers take a [`Visit`] and answer with
//! `visit.page(…)`, `visit.redirect(…)`, [`Json`] or an error that implements [`Explain`].
//!
//! Invariants: a route without an [`Access`] does not compile; no form post reaches a handler without
//! a valid token of its own session; no page leaves without the security headers; no domain word
//! lives here.

mod assets;
pub mod check;
mod csrf;
mod error;
mod extract;
mod failure;
mod form;
mod guard;
mod headers;
mod lang;
mod messages;
pub mod openapi;
mod page;
mod rate;
mod render;
mod routes;
mod seal;
mod session;
mod shell;
mod site;
mod traffic;
mod visit;
mod wrong;

pub use assets::Asset;
pub use error::{Error, explanations};
pub use extract::{Json, Path, Query};
pub use failure::{Explain, Explanation, Failure, Outcome, explain};
pub use form::{Form, Upload};
pub use headers::Extension;
pub use lang::{encode, is_local_path, local_path, negotiate, path_in};
pub use messages::Messages;
pub use openapi::{Operation, operation};
pub use page::{Download, Page};
pub use rate::{Door, Rate};
pub use render::value;
pub use routes::{Access, Kind, RouteRow, Routes};
pub use session::{
    Level, LiveSession, Sessions, SignedIn, end_acting_in, end_session_in, end_sessions_in,
    live_sessions_in,
};
pub use shell::{app, error_list};
pub use site::{Bundle, Site, SiteConfig};
pub use traffic::TrafficRow;
pub use visit::{KIOSK_STILL_SECONDS, KIOSK_WIPE_SECONDS, Visit};
pub use wrong::Wrong;

pub use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use minijinja::Value;
pub use utoipa::ToSchema;

/// The tables of this crate: sessions.
pub static MIGRATIONS: store::Migrations = store::migrations!(
    "web",
    "0001_create_web_session.sql",
    "0002_know_company_of_session.sql"
);

/// Every SQL statement of this crate, for the test that prepares them on both engines.
#[must_use]
pub fn statements() -> Vec<&'static store::Stmt> {
    session::statements()
}

#[cfg(test)]
mod tests;
