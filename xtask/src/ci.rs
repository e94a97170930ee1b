//! Everything a change must pass before it lands, in the order in which it fails fastest.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::args::Args;
use crate::{fuzz, generate, install, shell, test, tidy};

/// One part of the run.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: &[Step] = &[
    ("install", || install::ensure(install::FOR_RUST_TESTS)),
    ("format", || {
        shell::run(shell::cargo().args(["fmt", "--all", "--check"]))
    }),
    ("tidy", || tidy::run(Args::none())),
    ("clippy", clippy),
    ("test", || test::run(Args::none())),
    ("fuzz", || fuzz::run(Args::of(&["--seconds", "10"]))),
    ("generate", || generate::run(Args::of(&["--check"]))),
];

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    args.done()?;
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        println!("\n=== {name} (at {})", seconds(start.elapsed()));
        let begin = Instant::now();
        step().with_context(|| format!("the step `{name}` failed"))?;
        times.push((name, begin.elapsed()));
    }
    println!("\n=== all passed in {}", seconds(start.elapsed()));
    for (name, time) in times {
        println!("{name:>10} {:>8}", seconds(time));
    }
    Ok(())
}

fn clippy() -> anyhow::Result<()> {
    let mut clippy = shell::cargo();
    clippy.args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]);
    shell::run(&mut clippy)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
