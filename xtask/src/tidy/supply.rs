//! What other people's crates may be linked: their licences, and crates decided against.

use anyhow::Context as _;
use serde::Deserialize;

use super::Finding;
use crate::shell;

const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
    "bzip2-1.0.6",
];

/// Decided against, with the reason (docs/decisions).
const REFUSED: &[(&str, &str)] = &[
    (
        "openssl-sys",
        "signatures and TLS come from aws-lc-rs; one C library for cryptography",
    ),
    ("native-tls", "TLS comes from rustls"),
    ("josekit", "it needs OpenSSL"),
    ("sqlx", "the store speaks to both engines itself"),
];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

pub(super) fn check() -> anyhow::Result<Vec<Finding>> {
    let mut metadata = shell::cargo();
    metadata.args(["metadata", "--format-version", "1", "--locked", "--quiet"]);
    let metadata: Metadata = serde_json::from_str(&shell::capture(&mut metadata)?)
        .context("cargo metadata gave something unexpected")?;
    let others = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some());
    Ok(others.filter_map(check_package).collect())
}

fn check_package(package: &Package) -> Option<Finding> {
    let Package { name, version, .. } = package;
    if let Some((_, reason)) = REFUSED.iter().find(|(refused, _)| refused == name) {
        let what = format!("`{name}` is among the dependencies");
        return Some(Finding::new(
            "Cargo.lock",
            0,
            what,
            format!("remove it: {reason}"),
        ));
    }
    let licence = package.license.as_deref().unwrap_or("none stated");
    (!is_allowed(licence)).then(|| {
        let what = format!("`{name}` {version} is under `{licence}`");
        let mend = "use another crate, or argue for the licence in a decision file";
        Finding::new("Cargo.lock", 0, what, mend)
    })
}

/// Whether an SPDX expression can be met with licences of the list.
pub(super) fn is_allowed(expression: &str) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = tokens.as_slice();
    let allowed = either(&mut rest);
    allowed && rest.is_empty()
}

fn either(rest: &mut &[&str]) -> bool {
    let mut allowed = both(rest);
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        allowed |= both(rest);
    }
    allowed
}

fn both(rest: &mut &[&str]) -> bool {
    let mut allowed = one(rest);
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        allowed &= one(rest);
    }
    allowed
}

fn one(rest: &mut &[&str]) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let allowed = either(rest);
            match *rest {
                [")", tail @ ..] => {
                    *rest = tail;
                    allowed
                }
                _ => false,
            }
        }
        // An exception only ever permits more.
        [licence, "WITH", _, tail @ ..] | [licence, tail @ ..] => {
            let allowed = LICENCES.contains(licence);
            *rest = tail;
            allowed
        }
        [] => false,
    }
}
