//! `causeway backup`, `restore` and `verify`: the data and what can be proven about it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::{Args, Subcommand};
use credentials::Verdict;
use indicatif::ProgressBar;
use kernel::{Actor, Env, Lang};
use store::Progress;

use super::{DEFECTS, Out, Place, progress};
use crate::System;

/// The name of the database in a data directory.
const DATABASE: &str = "causeway.db";
const COPYING: &str = "{bar:40} {bytes}/{total_bytes} copied, {bytes_per_sec}, {eta} left";
const RECOMPUTING: &str = "{bar:40} {human_pos}/{human_len} entries, {per_sec}, {eta} left";

#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The new file.
    target: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A file made by `causeway backup`.
    source: PathBuf,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verify {
    /// Check the text of a licence code (`CW1:…`).
    Licence {
        code: String,
        #[command(flatten)]
        place: Place,
    },
    /// Recompute the tree of the evidence log and compare it with the signed checkpoint.
    Log(Place),
    /// Say who signed a file, when, and whether it was changed: a PDF, a signature (.p7s, .p7m) with
    /// its document, or signed data (JWS). `causeway verify FILE` means the same.
    #[command(name = "file", visible_alias = "document")]
    Document {
        file: PathBuf,
        /// The document that a .p7s or .p7m file belongs to. Left out, it is looked for beside it.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn backup(backup: Backup, out: &Out) -> anyhow::Result<ExitCode> {
    let config = backup.place.load()?;
    let system = System::open(&config, Env::system()).await?;
    let bar = progress::bar(out, COPYING, 0);
    let watch = watching(bar.clone());
    let copied = system.store.backup(&backup.target, watch).await;
    bar.finish_and_clear();
    copied?;
    note_backup(&system).await?;
    out.line(&format!(
        "the data is in {}; keep the directory {} with it: without the keys it cannot be read",
        backup.target.display(),
        config.store.data_dir.join("keys").display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Shows a copy by its bytes, and a check as something that goes on.
fn watching(bar: ProgressBar) -> impl Fn(Progress) {
    move |at| match at {
        Progress::Copied { bytes, of } => {
            bar.disable_steady_tick();
            bar.set_style(progress::style(COPYING));
            bar.set_length(of);
            bar.set_position(bytes);
        }
        Progress::Checking => progress::wait(&bar, "checking every page of it"),
    }
}

/// The operator's overview tells how old the last backup is.
async fn note_backup(system: &System) -> anyhow::Result<()> {
    system
        .store
        .write(&Actor::system("command line"), |tx| async move {
            let entry = journal::Audit {
                action: "backup.made",
                noun: desk::BACKUP_NOUN,
                id: desk::BACKUP_ID.to_owned(),
                reason: None,
                detail: journal::no_detail(),
            };
            journal::audit(&tx, entry).await
        })
        .await?;
    Ok(())
}

pub(super) fn restore(restore: &Restore, out: &Out) -> anyhow::Result<ExitCode> {
    let config = restore.place.load()?;
    if !config.store.url.is_empty() {
        bail!("this installation is on Postgres: restore it with its own tools");
    }
    let target = config.store.data_dir.join(DATABASE);
    std::fs::create_dir_all(&config.store.data_dir)?;
    let bar = progress::bar(out, COPYING, 0);
    let restored = store::restore(&restore.source, &target, watching(bar.clone()));
    bar.finish_and_clear();
    restored?;
    out.line(&format!(
        "{} is restored; start the server to use it",
        target.display()
    ));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn verify(verify: Verify, out: &Out) -> anyhow::Result<ExitCode> {
    match verify {
        Verify::Licence { code, place } => licence(code, &place, out).await,
        Verify::Log(place) => log(&place, out).await,
        Verify::Document {
            file,
            content,
            place,
        } => super::document::verify((&file, content.as_deref()), &place, out).await,
    }
}

async fn licence(code: String, place: &Place, out: &Out) -> anyhow::Result<ExitCode> {
    let system = System::open(&place.load()?, Env::system()).await?;
    let issuer = system.issuer.clone();
    let verdict = system
        .store
        .read(move |db| {
            let (issuer, code) = (issuer.clone(), code.clone());
            async move { credentials::verify_pass(&db, &issuer, &code, Lang::En).await }
        })
        .await?;
    out.record(&verdict, &in_words(&system, &verdict));
    let is_good = verdict.light == credentials::Light::Green;
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DEFECTS)
    })
}

/// The verdict as an inspector reads it on the page.
fn in_words(system: &System, verdict: &Verdict) -> String {
    let say = |part: &str| {
        let key = format!("verify.{part}.{}", verdict.outcome.code());
        system.site.words(Lang::En, &key, &[])
    };
    let mut lines = vec![format!("{}. {}", say("outcome"), say("advice"))];
    if let Some(shown) = &verdict.licence {
        lines.push(format!("  {} {}", shown.title, shown.number));
        let until = shown.valid_until.as_deref().unwrap_or("further notice");
        lines.push(format!("  from {} until {until}", shown.valid_from));
        for claim in &shown.claims {
            lines.push(format!("  {}: {}", claim.label, claim.value));
        }
    }
    lines.join("\n")
}

async fn log(place: &Place, out: &Out) -> anyhow::Result<ExitCode> {
    let system = System::open(&place.load()?, Env::system()).await?;
    let log = crate::evidence::log(&system);
    let bar = progress::bar(out, RECOMPUTING, 0);
    let shown = bar.clone();
    let verified = system
        .store
        .read(move |db| {
            let (log, shown) = (log.clone(), shown.clone());
            let watch = move |done, of| {
                shown.set_length(of);
                shown.set_position(done);
            };
            async move { log.verify(&db, watch).await }
        })
        .await;
    bar.finish_and_clear();
    let size = verified?;
    out.line(&format!(
        "{size} entries; the tree and its signed checkpoint agree"
    ));
    Ok(ExitCode::SUCCESS)
}
