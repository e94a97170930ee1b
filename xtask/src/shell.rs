//! Starting other programs, and where things are.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, bail};

/// The root of the repository: xtask is built from it, so its manifest knows.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// The causeway binary of a profile's folder (`debug`, `release`).
pub(crate) fn binary(profile: &str) -> PathBuf {
    target_dir()
        .join(profile)
        .join(format!("causeway{}", std::env::consts::EXE_SUFFIX))
}

/// Cargo as the one that started us, so that a toolchain override holds.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A program by name, started in the root of the repository.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Runs to the end with the terminal attached; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = show(command);
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs to the end and gives what it wrote on standard output.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<String> {
    let output = finish(command)?;
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote no UTF-8", show(command)))
}

/// As [`capture`], for a program that speaks on standard error.
pub(crate) fn capture_errors(command: &mut Command) -> anyhow::Result<String> {
    let output = finish(command)?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn finish(command: &mut Command) -> anyhow::Result<Output> {
    let line = show(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({})\n{}", output.status, said.trim());
    }
    Ok(output)
}

/// Runs to the end, passes each line of standard output on and shows it to `see`.
/// Gives whether the program succeeded.
pub(crate) fn follow(command: &mut Command, mut see: impl FnMut(&str)) -> anyhow::Result<bool> {
    let line = show(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{line}`"))?;
    let output = child.stdout.take().context("a piped output is there")?;
    for said in BufReader::new(output).lines() {
        let said = said.with_context(|| format!("`{line}` wrote no UTF-8"))?;
        println!("{said}");
        see(&said);
    }
    Ok(child.wait()?.success())
}

/// The full path of a program on the PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Whether we may install packages and must become another user for Postgres.
pub(crate) fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn show(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}
