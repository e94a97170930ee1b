//! The house rules that neither the compiler nor clippy can check.
//!
//! Each finding says where, what is wrong and how to mend it. The files looked at are those git
//! tracks or would track, so a build folder never matters.

mod advisories;
mod arrows;
mod migrations;
mod names;
mod papers;
mod supply;
mod text;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::shell;

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: String,
    /// 0 when the file as a whole is meant.
    line: usize,
    what: String,
    mend: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
            mend: mend.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}; {}", self.file, self.what, self.mend)
        } else {
            write!(
                f,
                "{}:{}: {}; {}",
                self.file, self.line, self.what, self.mend
            )
        }
    }
}

/// A file of the repository, its path relative to the root with forward slashes.
#[derive(Debug)]
struct Source {
    path: String,
    /// None when the file is not text.
    text: Option<String>,
}

impl Source {
    fn is_under(&self, folder: &str) -> bool {
        self.path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn extension(&self) -> &str {
        self.name()
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension)
    }

    /// Lines with their number from 1; none for a file that is not text.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .as_deref()
            .unwrap_or_default()
            .lines()
            .enumerate()
            .map(|(n, line)| (n + 1, line))
    }
}

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let is_sealing = args.flag("--seal");
    args.done()?;
    let root = shell::root();
    let sources = sources(&root)?;
    if is_sealing {
        return migrations::seal(&root, &sources);
    }
    let mut findings = Vec::new();
    findings.extend(arrows::check(&sources)?);
    findings.extend(migrations::check(&root, &sources)?);
    for source in &sources {
        findings.extend(names::check(source));
        findings.extend(text::check(source));
    }
    findings.extend(papers::check(&root, &sources));
    findings.extend(supply::check()?);
    findings.extend(advisories::check(&sources)?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, nothing to mend", sources.len());
            Ok(())
        }
        1 => bail!("one thing to mend"),
        count => bail!("{count} things to mend"),
    }
}

fn sources(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut list = shell::program("git");
    list.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let listed = shell::capture(&mut list).context("tidy reads the list of files from git")?;
    let mut sources = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let file: PathBuf = root.join(path);
        // A file that was deleted but not yet committed is still listed.
        if file.is_file() {
            let text = String::from_utf8(std::fs::read(&file)?).ok();
            sources.push(Source {
                path: path.to_owned(),
                text,
            });
        }
    }
    sources.sort_by(|left, right| left.path.cmp(&right.path));
    sources.dedup_by(|left, right| left.path == right.path);
    Ok(sources)
}

#[cfg(test)]
mod tests;
