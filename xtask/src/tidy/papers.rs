//! What is written for people: every crate explains itself, and every link leads somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Finding, Source};

/// A crate's README is read in one minute.
const MAX_README_LINES: usize = 80;
/// The security model, whose tables name tests.
const SECURITY: &str = "docs/security.md";
const DECISIONS_INDEX: &str = "docs/decisions/README.md";
const MAX_DECISION_LINES: usize = 70;

pub(super) fn check(root: &Path, sources: &[Source]) -> Vec<Finding> {
    let mut findings = check_readmes(sources);
    findings.extend(check_decisions(sources));
    findings.extend(check_cited(sources));
    for source in sources.iter().filter(|source| source.extension() == "md") {
        findings.extend(check_links(root, source));
    }
    findings
}

fn check_readmes(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let crates: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| {
            source
                .path
                .strip_prefix("crates/")?
                .strip_suffix("/Cargo.toml")
        })
        .collect();
    for name in crates {
        let path = format!("crates/{name}/README.md");
        let Some(readme) = sources.iter().find(|source| source.path == path) else {
            let mend = "write it: what the crate is for, its nouns, its invariants (40 lines)";
            findings.push(Finding::new(&path, 0, "the crate has no README", mend));
            continue;
        };
        let count = readme.lines().count();
        if count > MAX_README_LINES {
            let what = format!("{count} lines, more than {MAX_README_LINES}");
            findings.push(Finding::new(
                &path,
                0,
                what,
                "move detail to the modules it is about",
            ));
        }
        let title = readme.lines().next().map_or("", |(_, line)| line);
        if title
            .strip_prefix("# ")
            .and_then(|words| words.split([':', ' ']).next())
            != Some(name)
        {
            let mend = format!("begin with `# {name}`");
            findings.push(Finding::new(
                &path,
                1,
                "the first line is not the crate's name",
                mend,
            ));
        }
        let is_heading = |line: &str| {
            line.trim_start_matches(['#', '*', ' '])
                .starts_with("Invariants")
        };
        if !readme.lines().any(|(_, line)| is_heading(line)) {
            let mend = "add `**Invariants**` and a list of what always holds";
            findings.push(Finding::new(
                &path,
                0,
                "the README names no invariants",
                mend,
            ));
        }
    }
    findings
}

/// A test that the security model names is there: a table that names one which is gone promises what
/// nobody checks.
fn check_cited(sources: &[Source]) -> Vec<Finding> {
    let code: Vec<&str> = sources
        .iter()
        .filter(|source| source.extension() == "rs" && !source.is_under("xtask"))
        .filter_map(|source| source.text.as_deref())
        .collect();
    let mut findings = Vec::new();
    for source in sources.iter().filter(|source| source.path == SECURITY) {
        for (number, line) in source.lines() {
            for cited in cited_tests(line) {
                let (name, end) = match cited.split_once('…') {
                    Some((begin, _)) => (begin, ""),
                    None => (cited, "("),
                };
                let wanted = format!("fn {name}{end}");
                if !code.iter().any(|text| text.contains(&wanted)) {
                    let what = format!("no test is called `{cited}`");
                    let mend = "name the test that stands, or say that the line is not met";
                    findings.push(Finding::new(&source.path, number, what, mend));
                }
            }
        }
    }
    findings
}

/// Names of tests between backticks on a line of a table: at least three words joined by underscores,
/// after their module; `…` stands for the rest of a name.
fn cited_tests(line: &str) -> impl Iterator<Item = &str> {
    let is_row = line.starts_with('|');
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(move |_| is_row)
        .filter_map(|word| word.rsplit("::").next())
        .filter(|name| name.matches('_').count() >= 2)
        .filter(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_…".contains(c))
        })
}

/// Decision files are numbered without a gap and all stand in the index.
fn check_decisions(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let index = sources.iter().find(|source| source.path == DECISIONS_INDEX);
    let index = index
        .and_then(|source| source.text.as_deref())
        .unwrap_or_default();
    let files = sources
        .iter()
        .filter(|source| source.is_under("docs/decisions") && source.path != DECISIONS_INDEX);
    for (number, file) in (1..).zip(files) {
        if !file.name().starts_with(&format!("{number:04}-")) {
            let what = format!("the next decision is number {number:04}");
            findings.push(Finding::new(
                &file.path,
                0,
                what,
                "renumber it before it lands",
            ));
        }
        if !index.contains(&format!("]({})", file.name())) {
            let what = format!("{} is not in the index", file.name());
            findings.push(Finding::new(
                DECISIONS_INDEX,
                0,
                what,
                "add a line with a link to it",
            ));
        }
        if file.lines().count() > MAX_DECISION_LINES {
            let what = format!("more than {MAX_DECISION_LINES} lines");
            findings.push(Finding::new(
                &file.path,
                0,
                what,
                "keep what decides the matter",
            ));
        }
    }
    findings
}

fn check_links(root: &Path, source: &Source) -> Vec<Finding> {
    let folder = source
        .path
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    for (number, line) in source.lines() {
        for target in link_targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !root.join(folder).join(file).exists() {
                let what = format!("the link to `{target}` leads nowhere");
                findings.push(Finding::new(
                    &source.path,
                    number,
                    what,
                    "mend or remove it",
                ));
            }
        }
    }
    findings
}

/// Targets of `[words](target)` inside the repository.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|target| !target.contains(' '))
}
