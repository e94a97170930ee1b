//! Is this post ours? Two independent checks: the browser's own word about where the request came
//! from (`Sec-Fetch-Site`, `Origin`), and the form token that only a page of the same session holds.

use axum::http::{HeaderMap, header};

/// The name of the form field and of the header that carry the token.
pub(crate) const FIELD: &str = "csrf";
pub(crate) const HEADER: &str = "x-csrf-token";

/// Whether the browser says that another site sent this request. Browsers without either header are
/// judged by the token alone.
pub(crate) fn is_cross_site(headers: &HeaderMap, base_url: &str) -> bool {
    let word = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = word("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = word(header::ORIGIN.as_str()) else {
        return false;
    };
    let host = word(header::HOST.as_str()).unwrap_or_default();
    let named = origin.split_once("://").map_or("", |(_, host)| host);
    origin != base_url.trim_end_matches('/') && (named.is_empty() || named != host)
}
