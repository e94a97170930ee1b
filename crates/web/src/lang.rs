//! Language and place: which language an address speaks, the same place in another language, and
//! which addresses a visitor may be sent on to.

use kernel::Lang;

/// Longest address a visitor may be sent on to after signing in.
const NEXT_CHARS: usize = 2_000;
/// Languages of an `Accept-Language` header that are looked at.
const ACCEPT_ITEMS: usize = 16;

/// The language of a path such as `/tc/services`, when it has one.
pub(crate) fn of_path(path: &str) -> Option<Lang> {
    let first = path.strip_prefix('/')?;
    first.split('/').next()?.parse().ok()
}

/// The same place in `lang`: `/en/find` with `q=dog` in Traditional Chinese is `/tc/find?q=dog`.
/// A path without a language keeps its path and gets `lang=` in the query.
#[must_use]
pub fn path_in(path: &str, query: &str, lang: Lang) -> String {
    let (path, query) = match of_path(path) {
        Some(old) => {
            let rest = path.get(1 + old.code().len()..).unwrap_or_default();
            (format!("/{lang}{rest}"), query.to_owned())
        }
        None => {
            let kept = query
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
            let own = format!("lang={lang}");
            (
                path.to_owned(),
                kept.chain([own.as_str()]).collect::<Vec<_>>().join("&"),
            )
        }
    };
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

/// The language a browser prefers (RFC 9110 section 12.5.4). Chinese with a script or region of the
/// mainland or Singapore is Simplified, all other Chinese Traditional, everything else English.
#[must_use]
pub fn negotiate(accept_language: &str) -> Lang {
    let mut best: Option<(f32, Lang)> = None;
    for item in accept_language.split(',').take(ACCEPT_ITEMS) {
        let (tag, rest) = item.split_once(';').unwrap_or((item, ""));
        let weight = rest
            .trim()
            .strip_prefix("q=")
            .map_or(Ok(1.0), str::parse)
            .unwrap_or(0.0);
        let Some(lang) = of_tag(&tag.trim().to_ascii_lowercase()) else {
            continue;
        };
        if weight > 0.0 && best.is_none_or(|(top, _)| weight > top) {
            best = Some((weight, lang));
        }
    }
    best.map_or(Lang::En, |(_, lang)| lang)
}

fn of_tag(tag: &str) -> Option<Lang> {
    let mut parts = tag.split('-');
    match parts.next()? {
        "en" => Some(Lang::En),
        "yue" => Some(Lang::Tc),
        "zh" => {
            let simplified = parts.any(|part| matches!(part, "hans" | "cn" | "sg" | "my"));
            Some(if simplified && !tag.contains("hant") {
                Lang::Sc
            } else {
                Lang::Tc
            })
        }
        _ => None,
    }
}

/// Whether `next` is a path on this site. A scheme, a host (`//…`), a backslash or a control
/// character would let a link to us lead elsewhere.
#[must_use]
pub fn is_local_path(next: &str) -> bool {
    next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= NEXT_CHARS
        && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
}

/// `next` when it is a path on this site, otherwise `fallback`.
#[must_use]
pub fn local_path<'a>(next: Option<&'a str>, fallback: &'a str) -> &'a str {
    next.filter(|next| is_local_path(next)).unwrap_or(fallback)
}

/// Percent-encodes one query value.
#[must_use]
pub fn encode(value: &str) -> String {
    serde_urlencoded::to_string([("", value)])
        .map(|pair| pair.trim_start_matches('=').to_owned())
        .unwrap_or_default()
}
