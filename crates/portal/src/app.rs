//! The phone app at `/app`: its page, its words, and the few files that need a stable address. What
//! it does with the platform goes through identity's and credentials' own endpoints; nothing here
//! knows who is asking.

use std::collections::BTreeMap;

use axum::{
    http::{HeaderName, HeaderValue, Method},
    response::Response,
};
use kernel::Lang;
use serde::Serialize;
use utoipa::ToSchema;
use web::{
    Access, Asset, Bundle, Extension, Failure, Json, Outcome, Page, Path, Routes, Visit, ctx,
    operation,
};

/// Lets the worker below `/app/` serve `/app` itself (Service Workers section 5.2).
const ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");

/// Templates, words and files of the phone app and of the simulated phone.
pub static BUNDLE: Bundle = Bundle {
    area: "app",
    templates: &[
        ("app/app.html", include_str!("../templates/app.html")),
        (
            "app/demo_phone.html",
            include_str!("../templates/app_demo_phone.html"),
        ),
        (
            "app/demo_answer.html",
            include_str!("../templates/app_demo_answer.html"),
        ),
    ],
    messages: include_str!("../app.yaml"),
    assets: &[
        Asset {
            name: "app/app.css",
            bytes: include_bytes!("../assets/app/app.css"),
        },
        Asset {
            name: "app/wallet.js",
            bytes: include_bytes!("../assets/app/wallet.js"),
        },
        Asset {
            name: "app/api.js",
            bytes: include_bytes!("../assets/app/api.js"),
        },
        Asset {
            name: "app/approval.js",
            bytes: include_bytes!("../assets/app/approval.js"),
        },
        Asset {
            name: "app/dom.js",
            bytes: include_bytes!("../assets/app/dom.js"),
        },
        Asset {
            name: "app/enrol.js",
            bytes: include_bytes!("../assets/app/enrol.js"),
        },
        Asset {
            name: "app/home.js",
            bytes: include_bytes!("../assets/app/home.js"),
        },
        Asset {
            name: "app/licences.js",
            bytes: include_bytes!("../assets/app/licences.js"),
        },
        Asset {
            name: "app/more.js",
            bytes: include_bytes!("../assets/app/more.js"),
        },
        Asset {
            name: "app/profile.js",
            bytes: include_bytes!("../assets/app/profile.js"),
        },
        Asset {
            name: "app/scan.js",
            bytes: include_bytes!("../assets/app/scan.js"),
        },
        Asset {
            name: "app/store.js",
            bytes: include_bytes!("../assets/app/store.js"),
        },
        Asset {
            name: "app/wake.js",
            bytes: include_bytes!("../assets/app/wake.js"),
        },
        Asset {
            name: "app/sw.js",
            bytes: include_bytes!("../assets/app/sw.js"),
        },
        Asset {
            name: "app/manifest.webmanifest",
            bytes: include_bytes!("../assets/app/manifest.webmanifest"),
        },
        Asset {
            name: "app/icon-192.png",
            bytes: include_bytes!("../assets/app/icon-192.png"),
        },
        Asset {
            name: "app/icon-512.png",
            bytes: include_bytes!("../assets/app/icon-512.png"),
        },
    ],
};

/// What the worker keeps beside the page.
const SHELL: &[&str] = &[
    "web/causeway.css",
    "web/icon.svg",
    "web/logo.svg",
    "app/app.css",
    "app/wallet.js",
    "app/api.js",
    "app/approval.js",
    "app/dom.js",
    "app/enrol.js",
    "app/home.js",
    "app/licences.js",
    "app/more.js",
    "app/profile.js",
    "app/scan.js",
    "app/store.js",
    "app/wake.js",
    "verify/codec.js",
    "verify/scan.js",
    "verify/qrcode.js",
];

/// The routes of the phone app.
#[must_use]
pub fn routes() -> Routes {
    let get = &Method::GET;
    Routes::new()
        .get("/app", Access::Public, page)
        .extension(Extension::Camera)
        .get("/app/sw.js", Access::Public, worker)
        .get(
            "/app/manifest.webmanifest",
            Access::Public,
            async |visit: Visit| visit.site().asset("app/manifest.webmanifest"),
        )
        .get("/app/icon-192.png", Access::Public, async |visit: Visit| {
            visit.site().asset("app/icon-192.png")
        })
        .get("/app/icon-512.png", Access::Public, async |visit: Visit| {
            visit.site().asset("app/icon-512.png")
        })
        .json(
            get,
            "/app/words/{code}",
            Access::Public,
            operation::<(), Words>("The words of the phone app in one language"),
            words,
        )
        .json(
            get,
            "/app/shell.json",
            Access::Public,
            operation::<(), Shell>("The files the phone app keeps for use without a network"),
            shell,
        )
        .json(
            get,
            "/app/demo/cards",
            Access::Public,
            operation::<(), Cards>("Identity cards of invented people, in a demonstration only"),
            cards,
        )
}

async fn page(visit: Visit) -> Page {
    visit.page("app/app.html", ctx! {})
}

async fn worker(visit: Visit) -> Response {
    let mut response = visit.site().asset("app/sw.js");
    response
        .headers_mut()
        .insert(ALLOWED, HeaderValue::from_static("/app"));
    response
}

/// Words by key, without the area.
#[derive(Debug, Serialize, ToSchema)]
struct Words {
    words: BTreeMap<String, String>,
}

async fn words(visit: Visit, Path(code): Path<String>) -> Outcome<Json<Words>> {
    let lang: Lang = code.parse().map_err(|()| Failure::not_found())?;
    let site = visit.site();
    let words = site
        .messages()
        .keys()
        .filter_map(|key| {
            let name = key.strip_prefix("app.")?;
            Some((name.to_owned(), site.text(key).get(lang).to_owned()))
        })
        .collect();
    Ok(Json(Words { words }))
}

/// Addresses with their hash.
#[derive(Debug, Serialize, ToSchema)]
struct Shell {
    assets: Vec<String>,
}

async fn shell(visit: Visit) -> Json<Shell> {
    let site = visit.site();
    Json(Shell {
        assets: SHELL
            .iter()
            .filter_map(|name| site.asset_url(name))
            .collect(),
    })
}

/// Cards of invented people.
#[derive(Debug, Serialize, ToSchema)]
struct Cards {
    cards: Vec<Card>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Card {
    hkid: String,
    date_of_birth: String,
    name: Name,
    note: Note,
    /// Whether a simulated phone is in use.
    has_phone: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct Name {
    en: String,
    zh: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Note {
    en: String,
    tc: String,
    sc: String,
}

async fn cards(visit: Visit) -> Outcome<Json<Cards>> {
    if !visit.site().is_demo() {
        return Err(Failure::not_found());
    }
    let cards = identity::demo::people()
        .iter()
        .filter_map(|person| Some((person, person.note.as_ref()?)))
        .map(|(person, note)| Card {
            hkid: person.hkid.as_str().to_owned(),
            date_of_birth: person.born.to_string(),
            name: Name {
                en: person.name_en.clone(),
                zh: person.name_zh.clone(),
            },
            has_phone: person.enrolled,
            note: Note {
                en: note.en.clone(),
                tc: note.tc.clone(),
                sc: note.sc.clone(),
            },
        })
        .collect();
    Ok(Json(Cards { cards }))
}

#[cfg(test)]
mod tests;
