//! Arrows between crates run down only, and two crates on one floor do not know each other.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::Deserialize;

use super::{Finding, Source};

/// The floor of each crate; ARCHITECTURE.md draws the same picture.
const FLOORS: &[(&str, u8)] = &[
    ("kernel", 0),
    ("store", 1),
    ("journal", 1),
    ("web", 1),
    ("trust", 2),
    ("packs", 2),
    ("paper", 2),
    ("identity", 3),
    ("payments", 3),
    ("credentials", 3),
    ("notify", 3),
    ("insight", 3),
    ("services", 4),
    ("assistant", 5),
    ("portal", 6),
    ("desk", 6),
    ("causeway", 7),
];

/// The two arrows inside a floor: audit records and sessions are kept in the database.
const WITHIN_A_FLOOR: &[(&str, &str)] = &[("journal", "store"), ("web", "store")];

/// Never part of the product, so they may look at every floor.
const FOR_DEVELOPERS: &[&str] = &["testkit", "xtask", "bench", "fuzz"];

const MEND: &str = "move the code down a floor or turn the call round (ARCHITECTURE.md, floors)";

#[derive(Debug, Deserialize)]
struct Manifest {
    package: Option<Package>,
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
    #[serde(default, rename = "dev-dependencies")]
    dev_dependencies: BTreeMap<String, toml::Value>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
}

pub(super) fn check(sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.name() == "Cargo.toml")
    {
        let text = source.text.as_deref().unwrap_or_default();
        let manifest: Manifest =
            toml::from_str(text).with_context(|| format!("{} is not a manifest", source.path))?;
        if let Some(package) = &manifest.package {
            findings.extend(check_manifest(source, &package.name, &manifest));
        }
    }
    Ok(findings)
}

fn check_manifest(source: &Source, name: &str, manifest: &Manifest) -> Vec<Finding> {
    if FOR_DEVELOPERS.contains(&name) {
        return Vec::new();
    }
    let Some(floor) = floor_of(name) else {
        let what = format!("the crate `{name}` stands on no floor");
        let mend = "give it one in xtask/src/tidy/arrows.rs and in ARCHITECTURE.md";
        return vec![Finding::new(&source.path, 0, what, mend)];
    };
    let mut findings = Vec::new();
    for dependency in manifest.dependencies.keys() {
        let line = line_of(source, dependency);
        if FOR_DEVELOPERS.contains(&dependency.as_str()) {
            let what = format!("`{name}` ships `{dependency}`, which is for developers only");
            findings.push(Finding::new(
                &source.path,
                line,
                what,
                "make it a dev-dependency",
            ));
        } else if let Some(problem) = upward(name, floor, dependency) {
            findings.push(Finding::new(&source.path, line, problem, MEND));
        }
    }
    for dependency in manifest.dev_dependencies.keys() {
        let is_for_developers = FOR_DEVELOPERS.contains(&dependency.as_str());
        if let Some(problem) = upward(name, floor, dependency).filter(|_| !is_for_developers) {
            let mend = "reach other floors in tests through `testkit` only";
            findings.push(Finding::new(
                &source.path,
                line_of(source, dependency),
                problem,
                mend,
            ));
        }
    }
    findings
}

/// What is wrong with the arrow from `name` to `dependency`; nothing for crates of other people.
fn upward(name: &str, floor: u8, dependency: &str) -> Option<String> {
    let other = floor_of(dependency)?;
    let is_allowed = other < floor || WITHIN_A_FLOOR.contains(&(name, dependency));
    (!is_allowed && name != dependency)
        .then(|| format!("`{name}` (floor {floor}) depends on `{dependency}` (floor {other})"))
}

fn floor_of(name: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, floor)| *floor)
}

fn line_of(source: &Source, dependency: &str) -> usize {
    source
        .lines()
        .find(|(_, line)| {
            line.strip_prefix(dependency)
                .is_some_and(|rest| rest.starts_with([' ', '.', '=']))
        })
        .map_or(0, |(number, _)| number)
}
