//! Every test of the workspace: Rust on SQLite and Postgres, then the journeys in a browser.

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::pg::{self, Cluster, Durability};
use crate::{install, shell};

/// What a runner reported at its end.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Which runners were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Rust,
    Browser,
}

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    // Each is taken in turn: an `or` would stop at the first.
    let is_rust_only = [args.flag("--no-browser"), args.flag("--rust-only")].contains(&true);
    let scope = match (is_rust_only, args.flag("--browser-only")) {
        (true, true) => bail!("--rust-only and --browser-only leave nothing to do"),
        (true, false) => Scope::Rust,
        (false, true) => Scope::Browser,
        (false, false) => Scope::All,
    };
    let filter = args.rest();
    let mut total = Tally::default();
    let mut is_success = true;
    if scope != Scope::Browser {
        let (tally, succeeded) = rust(&filter)?;
        println!("rust: {}", tally.line());
        total = total.plus(tally);
        is_success &= succeeded;
    }
    if scope != Scope::Rust {
        let (tally, succeeded) = browser(&filter)?;
        total = total.plus(tally);
        is_success &= succeeded;
    }
    println!("tests: {}", total.line());
    if total.failed > 0 || !is_success {
        bail!("not every test passed");
    }
    if total.passed == 0 {
        bail!("no test ran; is the filter right?");
    }
    Ok(())
}

fn rust(filter: &[String]) -> anyhow::Result<(Tally, bool)> {
    install::ensure(install::FOR_RUST_TESTS)?;
    let cluster = Cluster::of_checkout(Durability::None);
    let was_running = cluster.url().is_some();
    let url = cluster.start()?;
    let mut tally = Tally::default();
    let result = shell::follow(
        shell::cargo()
            .args([
                "test",
                "--workspace",
                "--tests",
                "--locked",
                "--no-fail-fast",
                "--",
            ])
            .args(filter)
            .env(pg::VARIABLE, url),
        |line| {
            if let Some(one) = Tally::of_cargo(line) {
                tally = tally.plus(one);
            }
        },
    );
    if !was_running {
        cluster.stop()?;
    }
    Ok((tally, result?))
}

fn browser(filter: &[String]) -> anyhow::Result<(Tally, bool)> {
    install::ensure(install::FOR_JOURNEYS)?;
    install::ensure_node()?;
    let folder = shell::root().join("tests/browser");
    let mut npm = shell::program("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]);
    shell::capture(npm.current_dir(&folder)).context("installing the browser test packages")?;
    shell::run(shell::cargo().args(["build", "--locked", "--package", "causeway"]))?;
    let mut tally = Tally::default();
    let mut journeys = shell::program("node");
    journeys.arg("run.mjs").args(filter).current_dir(&folder);
    journeys.env("CAUSEWAY_BINARY", shell::binary("debug"));
    let succeeded = shell::follow(&mut journeys, |line| {
        if let Some(one) = line.strip_prefix("browser: ").and_then(Tally::of_line) {
            tally = tally.plus(one);
        }
    })?;
    Ok((tally, succeeded))
}

impl Tally {
    /// Reads `test result: ok. 3 passed; 0 failed; 0 ignored; …`.
    fn of_cargo(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        Some(Self::of_parts(counts.split(';')))
    }

    /// Reads `3 passed, 0 failed`.
    fn of_line(line: &str) -> Option<Self> {
        line.contains(" passed, ")
            .then(|| Self::of_parts(line.split(',')))
    }

    fn of_parts<'a>(parts: impl Iterator<Item = &'a str>) -> Self {
        let mut tally = Self::default();
        for (count, word) in parts.filter_map(|part| part.trim().split_once(' ')) {
            let count = count.parse().unwrap_or_default();
            match word {
                "passed" => tally.passed = count,
                "failed" => tally.failed = count,
                "ignored" | "skipped" => tally.skipped = count,
                _ => {}
            }
        }
        tally
    }

    fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    fn line(self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_closing_lines_of_both_runners_are_read() {
        let cargo =
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 3 filtered out";
        let expected = Tally {
            passed: 12,
            failed: 1,
            skipped: 0,
        };
        assert_eq!(Tally::of_cargo(cargo), Some(expected));
        assert_eq!(Tally::of_line("12 passed, 1 failed"), Some(expected));
        assert_eq!(Tally::of_cargo("test a_rule ... ok"), None);
    }

    #[test]
    fn tallies_add_up() {
        let one = Tally {
            passed: 1,
            failed: 2,
            skipped: 3,
        };
        assert_eq!(one.plus(one).line(), "2 passed, 4 failed, 6 skipped");
    }
}
