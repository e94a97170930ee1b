//! Hostile bytes for the parsers, for a while: `cargo xtask fuzz [--seconds N] [TARGET]...`.
//!
//! It needs a nightly compiler and `cargo install cargo-fuzz`; CI therefore does not run it.

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::shell;

const SECONDS: &str = "60";
/// Targets with something real to begin from.
const SEEDS: &[(&str, &str)] = &[("pack", "packs")];

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let seconds = args
        .option("--seconds")?
        .unwrap_or_else(|| SECONDS.to_owned());
    let mut wanted = args.rest();
    if shell::which("cargo-fuzz").is_none() {
        bail!("cargo-fuzz is missing; `cargo install --locked cargo-fuzz` installs it");
    }
    if wanted.is_empty() {
        wanted = targets()?;
    }
    for target in &wanted {
        println!("\n=== {target} for {seconds} s");
        let corpus = shell::root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)?;
        let mut fuzz = shell::program("cargo");
        fuzz.args(["+nightly", "fuzz", "run", "--sanitizer=none", target])
            .arg(&corpus);
        if let Some((_, seeds)) = SEEDS.iter().find(|(seeded, _)| seeded == target) {
            fuzz.arg(shell::root().join(seeds));
        }
        fuzz.args([
            "--",
            "-timeout=10",
            "-max_len=65536",
            &format!("-max_total_time={seconds}"),
        ]);
        // The toolchain that started us would win over `+nightly`.
        shell::run(
            fuzz.env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("CARGO_TARGET_DIR"),
        )
        .with_context(|| format!("the bytes that did it are in fuzz/artifacts/{target}"))?;
    }
    println!("fuzz: {} targets, nothing found", wanted.len());
    Ok(())
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
