//! `causeway verify file`: who signed it, when, and whether it was changed since.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use identity::signing::{EXAMINED_BYTES, Examined, Finding, examine};
use kernel::{Env, Lang};
use serde::Serialize;
use trust::cms::Word;

use super::{DEFECTS, Out, Place};
use crate::System;

/// One signature, for machines.
#[derive(Debug, Serialize)]
struct Line {
    word: &'static str,
    signer: Option<String>,
    organisation: Option<String>,
    certificate: Option<String>,
    time_stamp: Option<String>,
    claimed_time: Option<String>,
    level: &'static str,
}

pub(super) async fn verify(
    (file, content): (&Path, Option<&Path>),
    place: &Place,
    out: &Out,
) -> anyhow::Result<ExitCode> {
    let bytes = read(file)?;
    let content = match content {
        Some(path) => Some(read(path)?),
        None => beside(file).map(|path| read(&path)).transpose()?,
    };
    let system = System::open(&place.load()?, Env::system()).await?;
    let found = examine(&system.notary, &system.store, bytes, content).await;
    let examined = match found {
        Ok(examined) => examined,
        Err(identity::Error::Malformed("content")) => {
            bail!("a signature alone says nothing: add --content with the document it belongs to")
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot check {}", file.display()));
        }
    };
    let lines: Vec<Line> = examined.findings.iter().map(line).collect();
    out.record(&lines, &in_words(&system, &examined));
    Ok(if examined.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DEFECTS)
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let length = std::fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    if length > u64::try_from(EXAMINED_BYTES).unwrap_or(u64::MAX) {
        bail!("{} is larger than {EXAMINED_BYTES} bytes", path.display());
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// `letter.pdf` beside `letter.pdf.p7s`.
fn beside(file: &Path) -> Option<PathBuf> {
    let is_signature = file
        .extension()
        .is_some_and(|kind| kind == "p7s" || kind == "p7m");
    is_signature
        .then(|| file.with_extension(""))
        .filter(|content| content.is_file())
}

fn line(one: &Finding) -> Line {
    let judged = &one.judgement;
    let who = judged.who.as_ref();
    Line {
        word: judged.word.code(),
        signer: who.map(|who| who.name.clone()),
        organisation: who.and_then(|who| who.organisation.clone()),
        certificate: who.map(|who| who.certificate.clone()),
        time_stamp: judged.stamped.map(kernel::Time::rfc3339),
        claimed_time: judged.claimed.map(kernel::Time::rfc3339),
        level: judged.level.code(),
    }
}

fn in_words(system: &System, examined: &Examined) -> String {
    let say = |key: &str| system.site.words(Lang::En, key, &[]);
    if examined.findings.is_empty() {
        return say("portal.examine.unsigned");
    }
    let mut lines = Vec::new();
    for one in &examined.findings {
        let judged = &one.judgement;
        let code = judged.word.code();
        let title = say(&format!("portal.examine.word.{code}"));
        lines.push(format!(
            "{title}. {}",
            say(&format!("portal.examine.advice.{code}"))
        ));
        let Some(who) = &judged.who else {
            continue;
        };
        let chinese = who.chinese.as_deref().unwrap_or_default();
        let name = format!("{} {chinese}", who.name);
        lines.push(format!(
            "  {}: {}",
            say("portal.examine.who"),
            name.trim_end()
        ));
        let when = match (judged.stamped, judged.claimed) {
            (Some(at), _) => format!("{} ({})", at.long(Lang::En), say("portal.examine.stamped")),
            (None, Some(at)) => {
                format!("{} ({})", at.long(Lang::En), say("portal.examine.claimed"))
            }
            (None, None) => say("portal.examine.when.unknown"),
        };
        lines.push(format!("  {}: {when}", say("portal.examine.when")));
        lines.push(format!(
            "  {}: {}",
            say("portal.examine.certificate"),
            who.certificate
        ));
        if judged.word == Word::Good {
            lines.push(format!(
                "  {}: {}",
                say("portal.examine.level"),
                judged.level.code()
            ));
        }
    }
    if let Some(attested) = &examined.attested {
        lines.push(say("portal.examine.vouched.text"));
        let vouched = portal::vouched(attested, say).into_iter();
        lines.extend(vouched.map(|(label, words)| format!("  {label}: {words}")));
    }
    lines.join("\n")
}
