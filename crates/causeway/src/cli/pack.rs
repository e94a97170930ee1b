//! `causeway pack`: for those who write services.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use kernel::{Actor, Env, Lang};
use packs::{Defect, PackFile};
use serde_json::json;

use super::{DEFECTS, Out, Place, block_on};
use crate::System;

#[derive(Debug, Subcommand)]
pub(super) enum Pack {
    /// Explain every defect as file:line:column, and run the golden journeys.
    Check {
        /// A pack, or a directory of packs.
        path: PathBuf,
    },
    /// Show a pack as an applicant meets it: pages, questions, fee, steps.
    Preview {
        path: PathBuf,
        /// en, tc or sc.
        #[arg(long, default_value = "en")]
        lang: String,
        /// Also each letter, filled from the first golden journey that reaches the state sending it.
        #[arg(long)]
        letters: bool,
    },
    /// Compare two versions of a pack: text only, compatible, or needs a migration.
    Diff { old: PathBuf, new: PathBuf },
    /// List the services studied in depth: packed, or what each still lacks.
    Outlook,
    /// Publish a pack into an installation. A published version never changes.
    Publish {
        path: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(pack: Pack, out: &Out) -> anyhow::Result<ExitCode> {
    match pack {
        Pack::Check { path } => check(&path, out),
        Pack::Preview {
            path,
            lang,
            letters,
        } => preview((&path, &lang), letters, out),
        Pack::Diff { old, new } => diff(&old, &new, out),
        Pack::Outlook => Ok(outlook(out)),
        Pack::Publish { path, place } => publish(&path, &place, out),
    }
}

fn read(path: &Path) -> anyhow::Result<(String, String)> {
    if path.is_dir() {
        bail!("{} is a directory; give one pack of it", path.display())
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok((path.display().to_string(), text))
}

fn check(path: &Path, out: &Out) -> anyhow::Result<ExitCode> {
    let (files, defects) = if path.is_dir() {
        (packs::read_dir(path)?, packs::check_dir(path))
    } else {
        let (name, text) = read(path)?;
        (vec![PackFile { name, text }], packs::check_file(path)?)
    };
    let today = Env::system().now().date();
    let advice = files.iter().flat_map(|file| {
        let pack = packs::Pack::read(&file.name, &file.text).ok();
        let advice = pack.map(|pack| pack.advice(today)).unwrap_or_default();
        advice
            .into_iter()
            .map(|one| format!("{}: advice: {one}", file.name))
    });
    let advice: Vec<String> = advice.collect();
    tell(files.len(), &defects, &advice, *out);
    Ok(if defects.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DEFECTS)
    })
}

/// Defects, then advice, which changes nothing about the answer.
fn tell(count: usize, defects: &[Defect], advice: &[String], out: Out) {
    if out.is_json() {
        let lines: Vec<String> = defects.iter().map(ToString::to_string).collect();
        out.record(
            &json!({ "packs": count, "defects": lines, "advice": advice }),
            "",
        );
        return;
    }
    for defect in defects {
        out.line(&defect.to_string());
    }
    for one in advice {
        out.line(one);
    }
    let packs = if count == 1 {
        "1 pack".to_owned()
    } else {
        format!("{count} packs")
    };
    match defects.len() {
        0 => out.line(&format!("{packs}, no defects")),
        1 => out.line(&format!("{packs}, 1 defect")),
        many => out.line(&format!("{packs}, {many} defects")),
    }
}

fn load(path: &Path) -> anyhow::Result<packs::Pack> {
    let (name, text) = read(path)?;
    packs::Pack::read(&name, &text).map_err(|defects| flawed(&defects))
}

/// A version kept under another name, such as a copy of what is published.
fn load_version(path: &Path) -> anyhow::Result<packs::Pack> {
    let (name, text) = read(path)?;
    packs::Pack::read_version(&name, &text).map_err(|defects| flawed(&defects))
}

fn flawed(defects: &[Defect]) -> anyhow::Error {
    let lines: Vec<String> = defects.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("the pack has defects:\n{}", lines.join("\n"))
}

fn preview((path, lang): (&Path, &str), letters: bool, out: &Out) -> anyhow::Result<ExitCode> {
    let Ok(lang) = lang.parse::<Lang>() else {
        bail!("{lang} is not en, tc or sc")
    };
    let pack = load(path)?;
    out.line(packs::outline(&pack, lang).trim_end());
    if letters {
        for letter in pack.sample_letters(lang) {
            let journey = letter
                .journey
                .unwrap_or_else(|| "no golden journey".to_owned());
            let written = letter.written;
            out.line(&format!(
                "\n## {} ({}: {journey})\n\n{}",
                written.title, letter.state, written.body
            ));
        }
    }
    let untried = pack.untried();
    if !untried.is_empty() {
        out.line(&format!(
            "\nNo golden journey shows: {}",
            untried.join(", ")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn diff(old: &Path, new: &Path, out: &Out) -> anyhow::Result<ExitCode> {
    let changes = packs::diff(&load_version(old)?, &load_version(new)?);
    if changes.is_empty() {
        out.line("the two packs say the same");
    }
    for change in &changes {
        out.line(&format!(
            "{}: {}: {}",
            change.class.code(),
            change.path,
            change.what
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn outlook(out: &Out) -> ExitCode {
    let all = services::outlook();
    let width = all.iter().map(|one| one.service.len()).max().unwrap_or(0);
    let line = |one: &services::Outlook| format!("{:width$}  {}", one.service, one.standing());
    let packed = all.iter().filter(|one| one.packed_on.is_some()).count();
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.push(format!("{} services studied, {packed} packed", all.len()));
    out.record(&all, &lines.join("\n"));
    ExitCode::SUCCESS
}

fn publish(path: &Path, place: &Place, out: &Out) -> anyhow::Result<ExitCode> {
    let (name, text) = read(path)?;
    let file = Path::new(&name)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    block_on(async {
        let system = System::open(&place.load()?, Env::system()).await?;
        let actor = Actor::system("command line");
        let done = system.services.publish(&actor, (&file, &text)).await?;
        let words = if done.is_known {
            format!(
                "{} {} was published before; nothing changed",
                done.service, done.version
            )
        } else {
            format!("{} {} is published", done.service, done.version)
        };
        out.record(&done, &words);
        Ok(ExitCode::SUCCESS)
    })
}
