//! Chores of the workspace, run as `cargo xtask <command>`.
//!
//! Everything a person or CI does to this repository more than once is a command here, so that the
//! README needs two lines. No command asks a question: each works, or says what is missing.
//! Only `anyhow`, `serde`, `serde_json` and `toml` are used, so that the first `cargo xtask` on a
//! fresh machine starts within seconds.
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool speaks on its terminal"
)]

mod args;
mod bench;
mod ci;
mod demo;
mod fuzz;
mod generate;
mod install;
mod pg;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::bail;
use args::Args;

const USAGE: &str = "\
Chores of the Causeway workspace

  cargo xtask demo [--fresh] [--listen ADDR] [--build-only]
      build and start a demonstration on this machine, with people and cases that do not exist
  cargo xtask test [--no-browser | --rust-only | --browser-only] [FILTER]
      install what is missing, then run every test on SQLite, on Postgres and in a browser
  cargo xtask pg start | stop | url | run -- COMMAND
      a throw-away Postgres on this machine, for tests
  cargo xtask tidy [--seal]
      check the house rules that the compiler cannot; --seal records new migrations as final
  cargo xtask generate [--check]
      write the generated documents again, or say which are stale
  cargo xtask bench [NAME]
      run the measurements in bench/ on a release build
  cargo xtask fuzz [--seconds N] [TARGET]...
      hostile bytes for the parsers, for a while (a minute each unless told)
  cargo xtask ci
      everything a change must pass before it lands
";

fn main() -> ExitCode {
    match dispatch(Args::from_env()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> anyhow::Result<()> {
    match args.word().as_deref() {
        Some("demo") => demo::run(args),
        Some("test") => test::run(args),
        Some("pg") => pg::run(args),
        Some("tidy") => tidy::run(args),
        Some("generate") => generate::run(args),
        Some("bench") => bench::run(args),
        Some("fuzz") => fuzz::run(args),
        Some("ci") => ci::run(args),
        None | Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(())
        }
        Some(other) => bail!("there is no command `{other}`\n\n{USAGE}"),
    }
}
