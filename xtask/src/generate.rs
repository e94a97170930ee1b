//! Documents written by the program itself, so that they cannot disagree with it.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::shell;

/// What `causeway generate --out DIR` writes, by path in the repository.
const DOCUMENTS: &[&str] = &[
    "causeway.example.toml",
    "docs/access-matrix.txt",
    "docs/config.schema.json",
    "docs/errors.md",
    "docs/openapi.json",
    "packs/pack.schema.json",
];

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let is_check = args.flag("--check");
    args.done()?;
    let fresh = shell::target_dir().join("generated");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh)?;
    }
    let mut generate = shell::cargo();
    generate.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        "causeway",
        "--",
        "generate",
        "--out",
    ]);
    shell::run(generate.arg(&fresh))?;
    if is_check {
        compare(&fresh)
    } else {
        install(&fresh)
    }
}

fn install(fresh: &Path) -> anyhow::Result<()> {
    for document in DOCUMENTS {
        let target = shell::root().join(document);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(fresh.join(document), &target)
            .with_context(|| format!("`causeway generate` did not write {document}"))?;
        println!("wrote {document}");
    }
    Ok(())
}

fn compare(fresh: &Path) -> anyhow::Result<()> {
    let mut stale = 0;
    for document in DOCUMENTS {
        let new = std::fs::read_to_string(fresh.join(document))
            .with_context(|| format!("`causeway generate` did not write {document}"))?;
        let old = std::fs::read_to_string(shell::root().join(document)).unwrap_or_default();
        if let Some(line) = first_difference(&old, &new) {
            println!("{document}:{line}: no longer what the program says");
            stale += 1;
        }
    }
    if stale > 0 {
        bail!("{stale} stale; run `cargo xtask generate` and read what changed before committing");
    }
    println!(
        "generate: {} documents agree with the program",
        DOCUMENTS.len()
    );
    Ok(())
}

/// The first line, from 1, at which two texts part.
fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    Some(
        old.lines()
            .zip(new.lines())
            .take_while(|(left, right)| left == right)
            .count()
            + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("", "a\n"), Some(1));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
    }
}
