//! The list of errors is whole: every code that the source can say stands in docs/errors.md.

use std::{collections::BTreeSet, fs, path::Path};

/// Files of source read; more means that this test looks in the wrong place.
const FILES: usize = 2_000;

/// Codes that nobody meets: a failure of the keys has the code of the crate it happened to (ID-026,
/// CR-010, SV-090), and a failure of the store under identity that of the store.
const INSIDE: [&str; 2] = ["TR-", "ID-025"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
}

fn sources(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, found);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// `"SV-001"`: two capitals, a dash and three digits in quotation marks.
fn codes(source: &str) -> impl Iterator<Item = &str> {
    source.split('"').filter(|word| {
        let bytes = word.as_bytes();
        bytes.len() == 6
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2] == b'-'
            && bytes[3..].iter().all(u8::is_ascii_digit)
    })
}

#[test]
fn every_code_that_people_can_meet_is_explained() {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join("crates")).unwrap().flatten() {
        let src = entry.path().join("src");
        if src.is_dir() && entry.file_name() != "testkit" {
            sources(&src, &mut files);
        }
    }
    assert!(
        files.len() > 100 && files.len() < FILES,
        "{} files",
        files.len()
    );
    let said: BTreeSet<&str> = files.iter().flat_map(|source| codes(source)).collect();
    assert!(said.len() > 80, "{said:?}");
    let list = fs::read_to_string(root().join("docs/errors.md")).unwrap();
    let told: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect();
    let is_inside = |code: &&&str| INSIDE.iter().any(|area| code.starts_with(area));
    let missing: Vec<_> = said
        .difference(&told)
        .filter(|code| !is_inside(code))
        .collect();
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:?}");
}
