//! Migrations go forward only: an applied one is never edited.
//!
//! `migrations.lock` holds the git blob id of each migration that has landed. A new migration is
//! added to it with `cargo xtask tidy --seal`; a changed one never passes.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Finding, Source};
use crate::shell;

const LOCK: &str = "migrations.lock";
/// Digits at the start of the name.
const NUMBER_LENGTH: usize = 4;

pub(super) fn check(root: &Path, sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let sealed = read_lock(root);
    let ids = blob_ids(sources)?;
    let mut findings = check_names(sources);
    for (path, id) in &ids {
        match sealed.get(path) {
            Some(known) if known == id => {}
            Some(_) => {
                let what = "this migration has landed and was edited since";
                let mend = "put it back and write the change as the next migration";
                findings.push(Finding::new(path, 0, what, mend));
            }
            None => {
                let what = "this migration is not sealed";
                let mend = "when it is final, run `cargo xtask tidy --seal` and commit the lock";
                findings.push(Finding::new(path, 0, what, mend));
            }
        }
    }
    for path in sealed.keys().filter(|path| !ids.contains_key(*path)) {
        let what = format!("{path} has landed and is gone");
        findings.push(Finding::new(
            LOCK,
            0,
            what,
            "put it back: databases out there ran it",
        ));
    }
    Ok(findings)
}

/// Adds migrations that are not in the lock yet; those that are keep their line.
pub(super) fn seal(root: &Path, sources: &[Source]) -> anyhow::Result<()> {
    let mut sealed = read_lock(root);
    let before = sealed.len();
    for (path, id) in blob_ids(sources)? {
        sealed.entry(path).or_insert(id);
    }
    let mut text = String::from(
        "# Migrations that have landed, with their git blob ids. Written by `cargo xtask tidy --seal`.\n",
    );
    for (path, id) in &sealed {
        text.push_str(&format!("{id} {path}\n"));
    }
    std::fs::write(root.join(LOCK), text)?;
    println!(
        "{LOCK}: {} new, {} in all",
        sealed.len() - before,
        sealed.len()
    );
    Ok(())
}

fn migrations(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| {
        source.is_under("crates")
            && source.path.contains("/migrations/")
            && source.extension() == "sql"
    })
}

/// `NNNN_verb_noun.sql`, numbered from 0001 without a gap in each crate.
fn check_names(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    for source in migrations(sources) {
        let folder = source.path.strip_suffix(source.name()).unwrap_or_default();
        let expected = next.entry(folder).or_insert(1);
        let number = source
            .name()
            .get(..NUMBER_LENGTH)
            .and_then(|digits| digits.parse().ok());
        if !is_well_named(source.name()) {
            let what = "a migration is called NNNN_verb_noun.sql, in small letters";
            findings.push(Finding::new(
                &source.path,
                0,
                what,
                "rename it before it lands",
            ));
        } else if number != Some(*expected) {
            let what = format!("the next number in this crate is {expected:04}");
            findings.push(Finding::new(
                &source.path,
                0,
                what,
                "renumber it before it lands",
            ));
        }
        *expected += 1;
    }
    findings
}

fn is_well_named(name: &str) -> bool {
    let words: Vec<&str> = name.trim_end_matches(".sql").split('_').collect();
    let [number, rest @ ..] = words.as_slice() else {
        return false;
    };
    number.len() == NUMBER_LENGTH
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && rest.len() >= 2
        && rest.iter().all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn read_lock(root: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root.join(LOCK)).unwrap_or_default();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .map(|(id, path)| (path.to_owned(), id.to_owned()))
        .collect()
}

fn blob_ids(sources: &[Source]) -> anyhow::Result<BTreeMap<String, String>> {
    let paths: Vec<&str> = migrations(sources)
        .map(|source| source.path.as_str())
        .collect();
    if paths.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = shell::capture(
        shell::program("git")
            .args(["hash-object", "--"])
            .args(&paths),
    )?;
    Ok(paths
        .iter()
        .map(ToString::to_string)
        .zip(ids.lines().map(str::to_owned))
        .collect())
}
