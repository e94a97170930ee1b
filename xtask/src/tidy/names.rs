//! Names that say nothing: files, modules and types are called after nouns of the law and counter.

use super::{Finding, Source};

/// File stems and modules that become drawers for everything.
const DRAWERS: &[&str] = &["common", "misc", "util", "utils", "helper", "helpers"];
/// Endings that name no thing.
const ENDINGS: &[&str] = &[
    "Manager", "Helper", "Helpers", "Util", "Utils", "Impl", "Dto",
];
const KEYWORDS: &[&str] = &["struct ", "enum ", "trait ", "type ", "union "];
const MEND: &str = "name it after the thing it is (CONTRIBUTING.md, names)";

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if source.extension() != "rs" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let stem = source.name().trim_end_matches(".rs");
    let folder = source.path.rsplit('/').nth(1).unwrap_or_default();
    if let Some(drawer) = DRAWERS
        .iter()
        .find(|drawer| **drawer == stem || **drawer == folder)
    {
        let what = format!("`{drawer}` is a drawer, not a module");
        findings.push(Finding::new(&source.path, 0, what, MEND));
    }
    for (number, line) in source.lines() {
        if let Some(name) = declared_type(line)
            && let Some(ending) = ENDINGS.iter().find(|ending| name.ends_with(**ending))
        {
            let what = format!("the type `{name}` ends in `{ending}`");
            findings.push(Finding::new(&source.path, number, what, MEND));
        }
    }
    findings
}

/// The name a line declares, if it declares a type.
fn declared_type(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.trim_start();
        if rest.starts_with('(') {
            rest = rest.split_once(')')?.1.trim_start();
        }
    }
    let name = KEYWORDS
        .iter()
        .find_map(|keyword| rest.strip_prefix(keyword))?;
    let end = name
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    name.get(..end)
}
