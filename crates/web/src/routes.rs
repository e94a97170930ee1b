//! The table of routes: each with its method, path and who may use it. What is not in the table does
//! not exist; what is in it is enforced, mirrored into OpenAPI, and printed as the access matrix.

use std::sync::Arc;

use axum::{
    handler::Handler,
    http::Method,
    routing::{MethodFilter, MethodRouter, on},
};
use kernel::{Role, limits};
use serde::Serialize;

use crate::{Operation, Rate, headers::Extension, openapi};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody. Protocol endpoints that carry their own proof are public here.
    Public,
    /// Somebody signed in with at least one of these roles.
    Roles(&'static [Role]),
}

impl Access {
    /// Any signed-in resident.
    pub const RESIDENT: Self = Self::Roles(&[Role::Resident]);
    /// Anybody who works cases.
    pub const OFFICER: Self = Self::Roles(&[Role::Officer, Role::Supervisor]);

    /// Where a visitor signs in for this access: residents by their own way, staff at the desk.
    pub(crate) fn sign_in_path(self) -> &'static str {
        match self {
            Self::Roles(roles) if !roles.contains(&Role::Resident) => "/desk/sign-in",
            _ => "/sign-in",
        }
    }

    /// `public`, or the codes of the roles joined by `|`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Public => "public".to_owned(),
            Self::Roles(roles) => roles
                .iter()
                .map(|role| role.code())
                .collect::<Vec<_>>()
                .join("|"),
        }
    }
}

/// Whether a route speaks to people or to machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// HTML; posts are forms with a token.
    Page,
    /// JSON (or another machine format of a standard).
    Json,
}

/// One line of the access matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteRow {
    pub path: String,
    pub method: String,
    pub kind: Kind,
    pub access: String,
}

/// What the guard enforces for one route.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) kind: Kind,
    pub(crate) rate: Option<Rate>,
    pub(crate) body_bytes: usize,
    pub(crate) extension: Extension,
}

pub(crate) struct Route<S> {
    pub(crate) rule: Rule,
    pub(crate) router: MethodRouter<S>,
    pub(crate) operation: Option<Arc<Operation>>,
}

/// Routes under construction, with the state `S` their handlers need. `{lang}` as the first segment
/// of a path stands for `en`, `tc` and `sc`; it is not a path parameter.
pub struct Routes<S = ()> {
    pub(crate) routes: Vec<Route<S>>,
}

impl<S> std::fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Routes({})", self.routes.len())
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    #[must_use]
    pub const fn new() -> Self {
        Self { routes: Vec::new() }
    }

    /// A page, or a file for a person.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let rule = Rule::new(Method::GET, path, access, Kind::Page);
        self.push(rule, on(MethodFilter::GET, handler), None)
    }

    /// A form post. The handler takes a [`crate::Form`]; it runs only when the token is good.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let rule = Rule::new(Method::POST, path, access, Kind::Page);
        self.push(rule, on(MethodFilter::POST, handler), None)
    }

    /// A JSON endpoint and its declaration. With [`Access::Roles`] (the session's cookie proves the
    /// caller) unsafe methods need the header `x-csrf-token`; with [`Access::Public`] the handler
    /// checks the caller's own proof.
    #[must_use]
    pub fn json<H, T>(
        self,
        method: &Method,
        path: &'static str,
        access: Access,
        operation: Operation,
        handler: H,
    ) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let rule = Rule::new(method.clone(), path, access, Kind::Json);
        self.push(rule, on(filter(method), handler), Some(Arc::new(operation)))
    }

    fn push(
        mut self,
        rule: Rule,
        router: MethodRouter<S>,
        operation: Option<Arc<Operation>>,
    ) -> Self {
        self.routes.push(Route {
            rule,
            router,
            operation,
        });
        self
    }

    /// Bytes the body of the route just added may have: `256 KiB` unless told otherwise. A route
    /// that takes files sets `limits::UPLOAD_BYTES` times the number of files and a margin.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.last(|rule| rule.body_bytes = bytes);
        self
    }

    /// Limits the route just added to tries at something guessable.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.last(|rule| rule.rate = Some(rate));
        self
    }

    /// Lets the pages of the route just added do more than the default policy.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.last(|rule| rule.extension = extension);
        self
    }

    fn last(&mut self, edit: impl FnOnce(&mut Rule)) {
        if let Some(route) = self.routes.last_mut() {
            edit(&mut route.rule);
        }
    }

    /// These routes and `other`'s.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.routes.extend(other.routes);
        self
    }

    /// Gives the handlers their state, so that routes of crates with different states can be merged.
    #[must_use]
    pub fn with_state(self, state: &S) -> Routes<()> {
        let routes = self.routes.into_iter().map(|route| Route {
            rule: route.rule,
            router: route.router.with_state(state.clone()),
            operation: route.operation,
        });
        Routes {
            routes: routes.collect(),
        }
    }

    /// The access matrix, sorted by path and method.
    #[must_use]
    pub fn table(&self) -> Vec<RouteRow> {
        let mut rows: Vec<RouteRow> = self
            .routes
            .iter()
            .map(|Route { rule, .. }| RouteRow {
                path: rule.path.to_owned(),
                method: rule.method.to_string(),
                kind: rule.kind,
                access: rule.access.words(),
            })
            .collect();
        rows.sort_by(|a, b| (&a.path, &a.method).cmp(&(&b.path, &b.method)));
        rows
    }

    /// The OpenAPI 3.1 document of the JSON routes.
    #[must_use]
    pub fn openapi(&self, title: &str, version: &str) -> serde_json::Value {
        let declared = self.routes.iter().filter_map(|route| {
            route
                .operation
                .as_deref()
                .map(|operation| (&route.rule, operation))
        });
        openapi::document(title, version, declared)
    }
}

impl Rule {
    fn new(method: Method, path: &'static str, access: Access, kind: Kind) -> Self {
        let rate = (!method.is_safe()).then_some(Rate::Post);
        Self {
            method,
            path,
            access,
            kind,
            rate,
            body_bytes: limits::FORM_BYTES,
            extension: Extension::None,
        }
    }

    /// The concrete paths: three for a path that starts with `{lang}`.
    pub(crate) fn paths(&self) -> Vec<String> {
        match self.path.strip_prefix("/{lang}") {
            Some(rest) => kernel::Lang::ALL
                .map(|lang| format!("/{lang}{rest}"))
                .to_vec(),
            None => vec![self.path.to_owned()],
        }
    }
}

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET)
}
