//! Rules on single lines and on the size of a file.

use super::{Finding, Source};

/// Longer Rust files are split by meaning.
const MAX_LINES: usize = 600;
/// Formats in which stray spaces and tabs are noise.
const TIDY_FORMATS: &[&str] = &[
    "rs", "toml", "yaml", "yml", "sql", "html", "css", "js", "mjs", "md", "sh",
];
/// Words that promise work instead of doing it. In pieces, so that this file passes its own rule.
const PROMISES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
];
/// Programs in which such a word is a promise; in data (a masked number, a sentence) it is not.
const PROGRAMS: &[&str] = &["rs", "sql", "css", "js", "mjs", "sh", "html", "toml"];
/// Folders of somebody's machine.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/fa", "rm/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/", "plan"),
];
/// Hosts that packages are fetched from: which mirror a machine uses is its own affair.
const HOSTS: &[&str] = &[
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("deb.", "debian.org"),
    concat!("security.", "debian.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("proxy.", "golang.org"),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    // Other people's code is kept as it came.
    if source.path.contains("/vendor/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut add = |line: usize, what: String, mend: &str| {
        findings.push(Finding::new(&source.path, line, what, mend));
    };
    let is_rust = source.extension() == "rs";
    let is_tidy_format = TIDY_FORMATS.contains(&source.extension());
    let is_program = PROGRAMS.contains(&source.extension());
    for (number, line) in source.lines() {
        for (what, mend) in everywhere(line) {
            add(number, what, mend);
        }
        if is_tidy_format && line.ends_with([' ', '\t']) {
            add(
                number,
                "spaces at the end of the line".into(),
                "remove them",
            );
        }
        if is_tidy_format && line.contains('\t') {
            add(number, "a tab".into(), "indent with spaces");
        }
        if is_program && let Some(promise) = promise_in(line) {
            add(
                number,
                format!("`{promise}`"),
                "do it now, or open an issue and say so there",
            );
        }
        if is_rust && let Some((what, mend)) = attribute(line) {
            add(number, what.into(), mend);
        }
    }
    if is_rust {
        if let Some((what, mend)) = opening(source) {
            add(1, what, mend);
        }
        let count = source.lines().count();
        if count > MAX_LINES {
            let what = format!("{count} lines, more than {MAX_LINES}");
            add(0, what, "split it by meaning, where it has one");
        }
    }
    if is_tidy_format && source.text.as_deref().is_some_and(|text| !ends_well(text)) {
        add(
            0,
            "no single line break at the end".into(),
            "end the file with exactly one",
        );
    }
    findings
}

fn everywhere(line: &str) -> Vec<(String, &'static str)> {
    let mut problems = Vec::new();
    if let Some(place) = PLACES.iter().find(|place| starts_a_path(line, place)) {
        let mend = "write the path relative to the repository, or take it from the environment";
        problems.push((format!("`{place}` is a folder of one machine"), mend));
    }
    if let Some(host) = HOSTS.iter().find(|host| line.contains(**host)) {
        let mend = "leave the host out: the package tool of the machine knows its registry";
        problems.push((format!("`{host}` is the host of a registry"), mend));
    }
    problems
}

/// Whether `place` stands where a path begins, and not in the middle of an address.
fn starts_a_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '}' | ')'))
    })
}

fn promise_in(line: &str) -> Option<&'static str> {
    PROMISES.iter().copied().find(|promise| {
        line.match_indices(promise).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line
                .get(at + promise.len()..)
                .and_then(|text| text.chars().next());
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    })
}

fn attribute(line: &str) -> Option<(&'static str, &'static str)> {
    let line = line.trim_start();
    if line.starts_with(concat!("#[al", "low(")) || line.starts_with(concat!("#![al", "low(")) {
        return Some(("a lint is allowed", "use #[expect(lint, reason = \"…\")]"));
    }
    line.starts_with(concat!("#[ig", "nore")).then_some((
        "a test is left out",
        "mend or delete it: a test that does not run proves nothing",
    ))
}

/// Every module says what it is for; a file of tests says it by its name.
fn opening(source: &Source) -> Option<(String, &'static str)> {
    let is_test = source.name() == "tests.rs" || source.path.contains("/tests/");
    let is_module =
        source.is_under("crates") || source.is_under("xtask") || source.is_under("bench");
    if is_test || !is_module || source.name() == "build.rs" {
        return None;
    }
    let first = source.text.as_deref().unwrap_or_default().trim_start();
    (!first.starts_with("//!")).then(|| {
        (
            "no //! at the top".to_owned(),
            "say what the module is for, its invariants, who calls it",
        )
    })
}

fn ends_well(text: &str) -> bool {
    text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n"))
}
