//! `causeway keys`: which keys sign, since when, and putting a new one in the place of one in use.
//!
//! A document authority is made in a ceremony: before witnesses, with a sealed record.
//!
//! A retired key stays on the key ring: what it signed is verified for as long as it is kept.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use kernel::{Actor, Env};
use serde::Serialize;
use serde_json::json;
use trust::{KeyStore, Purpose, digest};

use super::{Out, Place};
use crate::{System, system::open_keys};

/// Characters of a key's id shown to people; machines get it whole.
const KID_SHOWN: usize = 16;

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Every key with its purpose, age and state.
    List(Place),
    /// Make a new key for a purpose. The old one stays for verifying what it signed.
    Rotate(Rotate),
    /// Make a new document authority before witnesses, and write down what happened.
    Ceremony(Ceremony),
}

/// A ceremony makes the key under which everything else is certified; it takes two witnesses at least,
/// so that nobody can say later that a key was made in secret.
#[derive(Debug, Args)]
pub(super) struct Ceremony {
    /// A witness, in full name; give it twice or more.
    #[arg(long = "witness", value_name = "NAME", required = true)]
    witnesses: Vec<String>,
    /// Why now, for the audit record.
    #[arg(long, value_name = "WORDS")]
    reason: String,
    /// Where the record of the ceremony is written.
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
    /// Do not ask on the terminal.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// Witnesses of a ceremony, at least and at most.
const WITNESSES: std::ops::RangeInclusive<usize> = 2..=12;
/// Characters of a witness's name.
const WITNESS_CHARS: usize = 120;

/// What happened, sealed by the platform and meant to be signed by the witnesses on paper too.
#[derive(Debug, Serialize)]
struct Record {
    ceremony: &'static str,
    at: String,
    reason: String,
    witnesses: Vec<String>,
    held_in: String,
    before: String,
    authority: String,
    certificate_sha256: String,
    seals: String,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// session, seal, credential_issuer, status_list, webhook, document_authority, document_seal,
    /// time_stamp or certificate_status.
    purpose: String,
    /// Why, for the audit record.
    #[arg(long, value_name = "WORDS")]
    reason: String,
    /// Do not ask on the terminal.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Place,
}

/// One key, for a list.
#[derive(Debug, Serialize)]
struct Line {
    purpose: &'static str,
    kid: String,
    created: String,
    age_days: u64,
    retired: Option<String>,
}

pub(super) async fn run(keys: Keys, out: &Out) -> anyhow::Result<ExitCode> {
    match keys {
        Keys::List(place) => {
            let env = Env::system();
            list(&open_keys(&place.load()?, &env)?, &env, *out);
        }
        Keys::Ceremony(ceremony) => hold(ceremony, out).await?,
        Keys::Rotate(rotate) => {
            let purpose = purpose(&rotate.purpose)?;
            if !rotate.yes {
                confirm(purpose)?;
            }
            let system = System::open(&rotate.place.load()?, Env::system()).await?;
            let kid = turn(&system, purpose, &rotate.reason).await?;
            out.record(
                &json!({ "purpose": purpose.code(), "kid": kid }),
                &format!(
                    "{} signs with {kid} from now on; the key before it stays for verifying. \
                     Restart running servers, so that they sign with it too",
                    purpose.code()
                ),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes the authority and everything it certifies anew, on record in three places: the audit log, the
/// evidence log, and a sealed file for the witnesses.
async fn hold(ceremony: Ceremony, out: &Out) -> anyhow::Result<()> {
    let witnesses = check_witnesses(&ceremony.witnesses)?;
    if ceremony.record.exists() {
        bail!("{} exists: name a new file", ceremony.record.display());
    }
    if !ceremony.yes {
        confirm(Purpose::DocumentAuthority)?;
    }
    let system = System::open(&ceremony.place.load()?, Env::system()).await?;
    let before = system.notary.authority()?;
    let authority = turn(&system, Purpose::DocumentAuthority, &ceremony.reason).await?;
    let certificate = system
        .notary
        .anchor(&authority)
        .context("the new authority is lost")?;
    let record = Record {
        ceremony: "document authority",
        at: system.store.env().now().rfc3339(),
        reason: ceremony.reason,
        witnesses,
        held_in: held_in(&system.keys),
        before,
        certificate_sha256: digest::hex(&digest::sha256(&certificate)),
        seals: system
            .keys
            .signer(Purpose::DocumentSeal)?
            .key
            .kid()
            .to_owned(),
        authority,
    };
    let json = serde_json::to_vec(&record)?;
    let sealed = system.notary.seal_data(("application/json", &json))?;
    std::fs::write(&ceremony.record, &sealed)
        .with_context(|| format!("cannot write {}", ceremony.record.display()))?;
    note(&system, &record, digest::sha256(&sealed)).await?;
    out.record(
        &record,
        &format!(
            "{} certifies from now on, held in {}.\nFingerprint (SHA-256) to be read aloud and \
             signed by {}:\n{}\nThe record is in {}. Restart running servers",
            record.authority,
            record.held_in,
            record.witnesses.join(" and "),
            grouped(&record.certificate_sha256),
            ceremony.record.display()
        ),
    );
    Ok(())
}

fn check_witnesses(names: &[String]) -> anyhow::Result<Vec<String>> {
    let mut witnesses: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    witnesses.sort();
    witnesses.dedup();
    let is_name = |name: &String| (1..=WITNESS_CHARS).contains(&name.chars().count());
    if !WITNESSES.contains(&witnesses.len()) || !witnesses.iter().all(is_name) {
        bail!(
            "a ceremony takes {} to {} different witnesses, each with --witness \"Full Name\"",
            WITNESSES.start(),
            WITNESSES.end()
        );
    }
    Ok(witnesses)
}

fn held_in(keys: &KeyStore) -> String {
    keys.token_name().map_or_else(
        || "the sealed key ring of this installation".to_owned(),
        |name| format!("the token {name}"),
    )
}

/// Eight groups of eight, for reading aloud.
fn grouped(hex: &str) -> String {
    let groups: Vec<&str> = (0..hex.len() / 8)
        .filter_map(|place| hex.get(place * 8..place * 8 + 8))
        .collect();
    groups.join(" ")
}

async fn note(system: &System, record: &Record, sealed: [u8; 32]) -> anyhow::Result<()> {
    let detail = json!({
        "authority": record.authority, "before": record.before,
        "certificate_sha256": record.certificate_sha256, "witnesses": record.witnesses.len(),
    });
    system
        .store
        .write(&Actor::system("command line"), move |tx| {
            let detail = detail.clone();
            async move {
                let entry = journal::Audit {
                    action: "key.ceremony_held",
                    noun: "key",
                    id: Purpose::DocumentAuthority.code().to_owned(),
                    reason: None,
                    detail,
                };
                journal::audit(&tx, entry).await?;
                trust::evidence::append(&tx, "key.ceremony", sealed).await?;
                Ok::<_, anyhow::Error>(())
            }
        })
        .await
}

fn lines(keys: &KeyStore, env: &Env) -> Vec<Line> {
    let now = env.now();
    let mut known: Vec<_> = Purpose::ALL
        .into_iter()
        .flat_map(|purpose| keys.all(purpose))
        .collect();
    known.sort_by_key(|one| (one.purpose, one.created));
    known
        .into_iter()
        .map(|one| Line {
            purpose: one.purpose.code(),
            kid: one.kid,
            created: one.created.date().to_string(),
            age_days: now.since(one.created).as_secs() / 86_400,
            retired: one.retired.map(|at| at.date().to_string()),
        })
        .collect()
}

fn list(keys: &KeyStore, env: &Env, out: Out) {
    let lines = lines(keys, env);
    let mut text = format!(
        "{:<18} {:<KID_SHOWN$}  {:<10}  {:>8}  state",
        "purpose", "key", "created", "days old"
    );
    for line in &lines {
        let kid: String = line.kid.chars().take(KID_SHOWN).collect();
        let state = line
            .retired
            .as_ref()
            .map_or_else(|| "in use".to_owned(), |day| format!("retired {day}"));
        text.push_str(&format!(
            "\n{:<18} {kid:<KID_SHOWN$}  {:<10}  {:>8}  {state}",
            line.purpose, line.created, line.age_days
        ));
    }
    out.record(&lines, &text);
}

/// The purpose called `word`, when a key of it can be turned without breaking what stands on it.
fn purpose(word: &str) -> anyhow::Result<Purpose> {
    let found = Purpose::ALL.into_iter().find(|one| one.code() == word);
    match found {
        Some(Purpose::Root) => bail!(
            "the root key is the trust anchor of inspectors: a new one is a new installation of trust, not a rotation"
        ),
        Some(Purpose::Evidence) => bail!(
            "the evidence log is known by its key: a new one would begin another log beside it"
        ),
        Some(purpose) => Ok(purpose),
        None => {
            let known: Vec<&str> = Purpose::ALL
                .into_iter()
                .filter(|one| !matches!(one, Purpose::Root | Purpose::Evidence))
                .map(Purpose::code)
                .collect();
            bail!(
                "no key has the purpose {word}; write one of: {}",
                known.join(", ")
            )
        }
    }
}

/// Asks the person at the terminal to write the purpose once more.
fn confirm(purpose: Purpose) -> anyhow::Result<()> {
    let code = purpose.code();
    if !std::io::stdin().is_terminal() {
        bail!("nobody can be asked here: add --yes to rotate the {code} key");
    }
    let mut err = std::io::stderr();
    write!(
        err,
        "A new {code} key will sign from now on. Write {code} to go on: "
    )?;
    err.flush()?;
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("the answer could not be read")?;
    if line.trim() != code {
        bail!("nothing was changed");
    }
    Ok(())
}

/// Makes the new key and puts that on record.
async fn turn(system: &System, purpose: Purpose, reason: &str) -> anyhow::Result<String> {
    let before = system.keys.signer(purpose)?.key.kid().to_owned();
    let kid = system.keys.rotate(purpose)?;
    let (reason, new) = (reason.to_owned(), kid.clone());
    system
        .store
        .write(&Actor::system("command line"), move |tx| {
            let (reason, before, new) = (reason.clone(), before.clone(), new.clone());
            async move {
                let entry = journal::Audit {
                    action: "key.rotated",
                    noun: "key",
                    id: purpose.code().to_owned(),
                    reason: Some(reason),
                    detail: json!({ "from": before, "to": new }),
                };
                journal::audit(&tx, entry).await
            }
        })
        .await?;
    Ok(kid)
}

#[cfg(test)]
mod tests {
    use kernel::{Env, Time};

    use super::{KeyStore, Purpose, check_witnesses, grouped, lines, purpose};

    #[test]
    fn only_purposes_that_can_be_turned_are_turned() {
        assert_eq!(purpose("seal").unwrap(), Purpose::Seal);
        assert!(
            purpose("root")
                .unwrap_err()
                .to_string()
                .contains("trust anchor")
        );
        assert!(
            purpose("evidence")
                .unwrap_err()
                .to_string()
                .contains("another log")
        );
        assert!(
            purpose("seals")
                .unwrap_err()
                .to_string()
                .contains("seal, credential_issuer")
        );
    }

    #[test]
    fn a_ceremony_takes_two_different_people() {
        let names = |list: &[&str]| {
            list.iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        for too_few in [
            &["CHAN Tai Man"][..],
            &["CHAN Tai Man", " CHAN Tai Man "],
            &["", "LEE"],
        ] {
            assert!(check_witnesses(&names(too_few)).is_err(), "{too_few:?}");
        }
        assert_eq!(
            check_witnesses(&names(&["LEE", "CHAN"])).unwrap(),
            ["CHAN", "LEE"]
        );
        assert_eq!(grouped("0123456789abcdef"), "01234567 89abcdef");
    }

    #[test]
    fn a_retired_key_stays_in_the_list_for_verifying() {
        let (env, clock) = Env::fake(Time::from_seconds(1_795_395_600), 1);
        let keys = KeyStore::in_memory(&env).unwrap();
        let old = keys.signer(Purpose::Seal).unwrap().key.kid().to_owned();
        clock.advance(std::time::Duration::from_secs(3 * 86_400));
        let new = keys.rotate(Purpose::Seal).unwrap();
        assert_ne!(old, new);
        let seals: Vec<_> = lines(&keys, &env)
            .into_iter()
            .filter(|line| line.purpose == "seal")
            .collect();
        assert_eq!(seals.len(), 2);
        assert!(seals[0].kid == old && seals[0].retired.is_some() && seals[0].age_days == 3);
        assert!(seals[1].kid == new && seals[1].retired.is_none());
        assert!(
            keys.find(Purpose::Seal, &old).is_some(),
            "it still verifies"
        );
    }
}
