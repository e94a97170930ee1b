//! Rules of the shell, asked of a small site with every kind of route.

mod access;
mod answers;
mod documents;
mod pages;
mod sessions;
mod twins;

use std::sync::atomic::{AtomicU32, Ordering};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use kernel::{Actor, Env, FakeEnv, Role, Time};
use serde::{Deserialize, Serialize};
use store::{Store, StoreConfig};
use tower::ServiceExt as _;
use utoipa::ToSchema;

use crate::{
    Access, Bundle, Form, Json, Level, Outcome, Page, Path, Rate, Routes, SignedIn, Site,
    SiteConfig, Visit, app, ctx, operation,
};

/// The gallery stands in for a crate with pages.
pub(crate) static GALLERY: Bundle = Bundle {
    area: "gallery",
    templates: &[
        (
            "gallery/gallery.html",
            include_str!("../examples/gallery/gallery.html"),
        ),
        ("gallery/small.html", include_str!("tests/small.html")),
    ],
    messages: include_str!("../examples/gallery/messages.yaml"),
    assets: &[],
};

pub(crate) struct World {
    pub(crate) site: Site,
    pub(crate) clock: FakeEnv,
    router: Router,
    pub(crate) table: Vec<crate::RouteRow>,
    pub(crate) document: serde_json::Value,
}

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A browser: it keeps cookies.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: Vec<(String, String)>,
}

pub(crate) async fn store() -> (Store, FakeEnv) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (env, clock) = Env::fake(Time::from_seconds(1_795_314_000), 7);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("causeway-web-{}-{count}.db", std::process::id());
    let place = std::env::temp_dir().join(name);
    for ending in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", place.display()));
    }
    let config = StoreConfig::new(format!("sqlite:{}", place.display()));
    let store = Store::open(&config, env, &[&crate::MIGRATIONS])
        .await
        .unwrap();
    (store, clock)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(SiteConfig {
            records_answers: true,
            ..SiteConfig::default()
        })
        .await
    }

    pub(crate) async fn with(config: SiteConfig) -> Self {
        let (store, clock) = store().await;
        let site = Site::new(config, store, &[GALLERY]).unwrap();
        let routes = routes().merge(crate::error_list(crate::explanations()));
        let (table, document) = (routes.table(), routes.openapi("Test", "1"));
        Self {
            router: app(&site, routes),
            site,
            clock,
            table,
            document,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Browser::default().get(self, path).await
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The first form token on the page.
    pub(crate) fn token(&self) -> String {
        let (_, rest) = self
            .text
            .split_once("name=\"csrf\" value=\"")
            .expect("a form with a token");
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn request(&self, method: &Method, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut builder = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html,*/*")
            .header(header::HOST, "127.0.0.1:8080");
        if !cookies.is_empty() {
            builder = builder.header(header::COOKIE, cookies.join("; "));
        }
        builder
    }

    pub(crate) async fn send(&mut self, world: &World, request: Request<Body>) -> Answer {
        let answer = world.send(request).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    pub(crate) async fn get(&mut self, world: &World, path: &str) -> Answer {
        let request = self
            .request(&Method::GET, path)
            .body(Body::empty())
            .unwrap();
        self.send(world, request).await
    }

    pub(crate) async fn post(&mut self, world: &World, path: &str, form: &str) -> Answer {
        let request = self
            .request(&Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()))
            .unwrap();
        self.send(world, request).await
    }

    /// Opens the form and posts `form` with its token.
    pub(crate) async fn fill(&mut self, world: &World, path: &str, form: &str) -> Answer {
        let token = self.get(world, path).await.token();
        self.post(world, path, &format!("csrf={token}&{form}"))
            .await
    }

    pub(crate) async fn sign_in(&mut self, world: &World, role: &str) {
        let answer = self
            .fill(world, "/en/sign-in", &format!("role={role}"))
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    }

    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(name, _)| name == "causeway")
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn hold(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        self.cookies.push((name.to_owned(), value.to_owned()));
    }
}

pub(crate) fn person(role: Role) -> SignedIn {
    SignedIn {
        actor: Actor::Resident {
            person: "p1".to_owned(),
            company: None,
        },
        roles: vec![role],
        duties: vec!["td.officer".to_owned()],
        level: Level::Plus,
        name: "Chan Tai Man".to_owned(),
    }
}

fn routes() -> Routes {
    Routes::new()
        .get("/{lang}", Access::Public, async |visit: Visit| {
            small(&visit, "home")
        })
        .get("/{lang}/gallery", Access::Public, async |visit: Visit| {
            visit.page(
                "gallery/gallery.html",
                ctx! { body_class => visit.query().text("class") },
            )
        })
        .get("/{lang}/sign-in", Access::Public, async |visit: Visit| {
            small(&visit, "sign in")
        })
        .post("/{lang}/sign-in", Access::Public, sign_in)
        .rate(Rate::Attempt)
        .post("/{lang}/sign-out", Access::Public, sign_out)
        .get("/{lang}/form", Access::Public, async |visit: Visit| {
            small(&visit, "form")
        })
        .post("/{lang}/form", Access::Public, echo)
        .body_bytes(64 * 1024)
        .get("/{lang}/mine", Access::RESIDENT, async |visit: Visit| {
            small(&visit, "mine")
        })
        .post("/{lang}/mine", Access::RESIDENT, echo)
        .get("/{lang}/desk", Access::OFFICER, async |visit: Visit| {
            small(&visit, "desk")
        })
        .get("/{lang}/boom", Access::Public, boom)
        .get("/{lang}/broken", Access::Public, async |visit: Visit| {
            visit.page("gallery/gallery.html", ctx! {})
        })
        .get(
            "/{lang}/number/{n}",
            Access::Public,
            async |visit: Visit, Path(n): Path<u32>| small(&visit, &n.to_string()),
        )
        .json(
            &Method::POST,
            "/api/doubles",
            Access::Public,
            operation::<Number, Number>("Double"),
            double,
        )
        .json(
            &Method::GET,
            "/api/me/{id}",
            Access::RESIDENT,
            operation::<(), Me>("Me"),
            me,
        )
        .json(
            &Method::POST,
            "/api/mine",
            Access::RESIDENT,
            operation::<Number, Number>("Mine"),
            double,
        )
}

fn small(visit: &Visit, words: &str) -> Page {
    visit.page("gallery/small.html", ctx! { words })
}

async fn sign_in(visit: Visit, form: Form) -> Outcome<axum::response::Response> {
    let role = if form.text("role") == "officer" {
        Role::Officer
    } else {
        Role::Resident
    };
    visit.sign_in(person(role)).await?;
    visit.flash("gallery.sent");
    Ok(visit.redirect(crate::local_path(visit.query().get("next"), "/en/mine")))
}

async fn sign_out(visit: Visit) -> Outcome<axum::response::Response> {
    visit.sign_out().await?;
    Ok(visit.redirect("/en"))
}

async fn echo(visit: Visit, form: Form) -> Page {
    let files: Vec<String> = form
        .files()
        .iter()
        .map(|f| format!("{}:{}", f.file_name, f.bytes.len()))
        .collect();
    let pairs: Vec<String> = form.iter().map(|(k, v)| format!("{k}={v}")).collect();
    small(
        &visit,
        &format!("echo {} {}", pairs.join(";"), files.join(";")),
    )
}

async fn boom() -> Page {
    panic!("a defect")
}

#[derive(Serialize, Deserialize, ToSchema)]
struct Number {
    number: i64,
}

#[derive(Serialize, ToSchema)]
struct Me {
    name: String,
    licences: Vec<Licence>,
}

#[derive(Serialize, ToSchema)]
struct Licence {
    class: String,
}

async fn double(Json(Number { number }): Json<Number>) -> Json<Number> {
    Json(Number { number: number * 2 })
}

/// Answers more than it declares.
async fn me(Path(id): Path<String>) -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "name": id,
        "licences": [{ "class": "1", "points": 3 }],
        "hkid": "A123456(3)",
    }))
}
