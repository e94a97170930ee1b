//! The inspector's page: scan or paste a licence code and learn whether it is genuine and in force.
//! Without a script the form asks the server; with one the page checks by itself, also without a
//! network, against a signed trust list and status lists it fetched before.

use axum::{extract::State, response::Response};
use credentials::{Light, Verdict};
use kernel::{Lang, limits};
use serde::Serialize;
use trust::Purpose;
use web::{
    Access, Asset, Bundle, Extension, Form, HeaderValue, IntoResponse, Outcome, Page, Routes,
    Visit, ctx, header,
};

use crate::Portal;

/// Templates, words and files of the inspector's page.
pub static BUNDLE: Bundle = Bundle {
    area: "verify",
    templates: &[(
        "verify/verify.html",
        include_str!("../templates/verify.html"),
    )],
    messages: include_str!("../verify.yaml"),
    assets: &[
        Asset {
            name: "verify/verify.css",
            bytes: include_bytes!("../assets/verify/verify.css"),
        },
        Asset {
            name: "verify/verify.js",
            bytes: include_bytes!("../assets/verify/verify.js"),
        },
        Asset {
            name: "verify/check.js",
            bytes: include_bytes!("../assets/verify/check.js"),
        },
        Asset {
            name: "verify/codec.js",
            bytes: include_bytes!("../assets/verify/codec.js"),
        },
        Asset {
            name: "verify/data.js",
            bytes: include_bytes!("../assets/verify/data.js"),
        },
        Asset {
            name: "verify/scan.js",
            bytes: include_bytes!("../assets/verify/scan.js"),
        },
        Asset {
            name: "verify/sw.js",
            bytes: include_bytes!("../assets/verify/sw.js"),
        },
        Asset {
            name: "verify/jsqr.js",
            bytes: include_bytes!("../assets/vendor/jsqr.js"),
        },
        Asset {
            name: "verify/qrcode.js",
            bytes: include_bytes!("../assets/vendor/qrcode.js"),
        },
    ],
};

/// What the worker keeps so that the page opens without a network.
const SHELL: [&str; 12] = [
    "web/causeway.css",
    "web/causeway.js",
    "web/icon.svg",
    "web/logo.svg",
    "portal/portal.css",
    "portal/suggest.js",
    "verify/verify.css",
    "verify/verify.js",
    "verify/check.js",
    "verify/codec.js",
    "verify/data.js",
    "verify/scan.js",
];
/// The scanner, kept too but loaded only when the camera is used.
const SCANNER: &str = "verify/jsqr.js";

pub(crate) fn routes() -> Routes<Portal> {
    Routes::new()
        .get("/{lang}/verify", Access::Public, page)
        .extension(Extension::Camera)
        .post("/{lang}/verify", Access::Public, check)
        .extension(Extension::Camera)
        .get("/{lang}/verify/sw.js", Access::Public, worker)
}

/// A key that the trust list must be signed with, given to the page by the page itself.
#[derive(Debug, Serialize)]
struct Anchor {
    x: String,
    y: String,
}

async fn page(State(portal): State<Portal>, visit: Visit) -> Page {
    show(&portal, &visit, "", None)
}

async fn check(State(portal): State<Portal>, visit: Visit, form: Form) -> Outcome<Page> {
    let code: String = form
        .get("code")
        .unwrap_or_default()
        .trim()
        .chars()
        .take(credentials::pass::CODE_CHARS.max(limits::LONG_TEXT_CHARS) + 1)
        .collect();
    let issuer = &portal.licences.issuer;
    let verdict = credentials::check_pass(&portal.store, issuer, &code, visit.lang()).await?;
    Ok(show(&portal, &visit, &code, Some(&verdict)))
}

fn show(portal: &Portal, visit: &Visit, code: &str, verdict: Option<&Verdict>) -> Page {
    let site = visit.site();
    let shell: Vec<String> = SHELL
        .into_iter()
        .chain([SCANNER])
        .filter_map(|name| site.asset_url(name))
        .collect();
    let page_words: serde_json::Map<String, serde_json::Value> = site
        .messages()
        .keys()
        .filter_map(|key| {
            let name = key.strip_prefix("verify.")?;
            Some((name.to_owned(), site.text(key).get(visit.lang()).into()))
        })
        .collect();
    let context = ctx! {
        code,
        verdict => verdict.map(|verdict| shown(visit, verdict)),
        anchors => json(&anchors(portal)),
        shell => json(&shell),
        page_words => json(&page_words),
    };
    visit.page("verify/verify.html", context)
}

fn shown(visit: &Visit, verdict: &Verdict) -> web::Value {
    let outcome = verdict.outcome.code();
    let light = match verdict.light {
        Light::Green => "green",
        Light::Amber => "amber",
        Light::Red => "red",
    };
    ctx! {
        light,
        title => visit.t(&format!("verify.outcome.{outcome}")),
        advice => visit.t(&format!("verify.advice.{outcome}")),
        licence => verdict.licence,
        age => verdict.screen_age_seconds,
        checked => visit.site().env().now(),
    }
}

fn anchors(portal: &Portal) -> Vec<Anchor> {
    portal
        .licences
        .issuer
        .keys()
        .published(Purpose::StatusList)
        .into_iter()
        .filter(|known| known.retired.is_none())
        .map(|known| Anchor {
            x: trust::base64url::encode(known.key.x()),
            y: trust::base64url::encode(known.key.y()),
        })
        .collect()
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The worker controls the inspector's page of one language only.
async fn worker(visit: Visit) -> Response {
    let mut response = visit.site().asset("verify/sw.js").into_response();
    let scope = match visit.lang() {
        Lang::En => "/en/verify",
        Lang::Tc => "/tc/verify",
        Lang::Sc => "/sc/verify",
    };
    response
        .headers_mut()
        .insert("service-worker-allowed", HeaderValue::from_static(scope));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests;
