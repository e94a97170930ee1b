//! Hostile bytes for the parsers, for a while: `cargo xtask fuzz [--seconds N] [TARGET]...`.
//!
//! libFuzzer needs coverage counters in the code it drives. The stable compiler puts them there when
//! its passes are asked for by name, so neither a nightly toolchain nor another tool is needed. Every
//! dependency is built again with them, in a folder of its own.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::args::Args;
use crate::{install, shell};

const SECONDS: &str = "60";
/// Targets with something real to begin from.
const SEEDS: &[(&str, &str)] = &[("pack", "packs"), ("pdf", "crates/paper/src/samples")];
/// The counters libFuzzer reads, as LLVM calls them.
const COVERAGE: &[&str] = &[
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let seconds = args
        .option("--seconds")?
        .unwrap_or_else(|| SECONDS.to_owned());
    seconds
        .parse::<u32>()
        .with_context(|| format!("--seconds wants a whole number, not `{seconds}`"))?;
    let mut wanted = args.rest();
    install::ensure(install::FOR_FUZZING)?;
    if wanted.is_empty() {
        wanted = targets()?;
    }
    let built = build()?;
    for side_by_side in wanted.chunks(at_once()) {
        attack_all(&built, side_by_side, &seconds)?;
    }
    println!("fuzz: {} targets, nothing found", wanted.len());
    Ok(())
}

/// How many targets run at one time: a core each.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Attacks these side by side; then says for each what was found, and fails with the first that fell.
fn attack_all(built: &Path, targets: &[String], seconds: &str) -> anyhow::Result<()> {
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = targets
            .iter()
            .map(|target| scope.spawn(move || attack(built, target, seconds)))
            .collect();
        running.into_iter().map(|one| one.join()).collect()
    });
    for (target, outcome) in targets.iter().zip(outcomes) {
        println!("\n=== {target} for {seconds} s");
        let outcome = outcome.map_err(|_| anyhow::anyhow!("the fuzzer of {target} stopped"))?;
        print!("{}", outcome?);
    }
    Ok(())
}

/// Builds every target; gives the folder they are in.
fn build() -> anyhow::Result<PathBuf> {
    let folder = shell::target_dir().join("fuzz");
    // With a target named, build scripts and macros are built without the counters.
    let host = host()?;
    let mut cargo = shell::cargo();
    cargo
        .args(["build", "--release", "--quiet"])
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target", &host])
        .arg("--target-dir")
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
        .env_remove("CARGO_TARGET_DIR");
    shell::run(&mut cargo)?;
    Ok(folder.join(host).join("release"))
}

/// The machine this compiler builds for unless told otherwise.
fn host() -> anyhow::Result<String> {
    let version = shell::capture(shell::program("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// Gives the figures of one target.
fn attack(built: &Path, target: &str, seconds: &str) -> anyhow::Result<String> {
    let fuzz = shell::root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&artifacts)?;
    let mut program = shell::program(built.join(target));
    program.arg(&corpus);
    if let Some((_, seeds)) = SEEDS.iter().find(|(seeded, _)| *seeded == target) {
        program.arg(shell::root().join(seeds));
    }
    program
        .args(["-timeout=10", "-max_len=65536", "-print_final_stats=1"])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    let said = shell::capture_errors(&mut program)
        .with_context(|| format!("the bytes that did it are in fuzz/artifacts/{target}"))?;
    let figures = said.lines().filter(|line| is_figure(line));
    Ok(figures.map(|line| format!("{line}\n")).collect())
}

/// Of all libFuzzer says, what a person wants to know at the end.
fn is_figure(line: &str) -> bool {
    ["Done ", "stat::number_of_executed_units", "stat::average"]
        .iter()
        .any(|start| line.starts_with(start))
}

fn targets() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(shell::root().join("fuzz/targets"))? {
        let path = file?.path();
        if let Some(stem) = path.file_stem() {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
