//! Known weaknesses of other people's crates: the versions in each `Cargo.lock` against a snapshot of
//! the RustSec advisory database, so that no network is needed. CONTRIBUTING.md says how to renew it.

use anyhow::Context as _;
use semver::{Version, VersionReq};
use serde::Deserialize;

use super::{Finding, Source};

/// The snapshot: ids and versions of the advisories on crates of ours, nothing of their text.
const SNAPSHOT: &str = "xtask/advisories.toml";

#[derive(Debug, Deserialize)]
struct Snapshot {
    advisory: Vec<Advisory>,
    /// Advisories we live with, and why.
    #[serde(default)]
    accepted: Vec<Accepted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advisory {
    id: String,
    package: String,
    /// `vulnerability`, `unsound`, `unmaintained` or `notice`.
    kind: String,
    patched: Vec<VersionReq>,
    unaffected: Vec<VersionReq>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    id: String,
    why: String,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: Version,
    source: Option<String>,
}

pub(super) fn check(sources: &[Source]) -> anyhow::Result<Vec<Finding>> {
    let text = |source: &Source| source.text.clone().unwrap_or_default();
    let snapshot = sources
        .iter()
        .find(|source| source.path == SNAPSHOT)
        .with_context(|| format!("{SNAPSHOT} is missing"))?;
    let mut findings = Vec::new();
    for lock in sources
        .iter()
        .filter(|source| source.name() == "Cargo.lock")
    {
        findings.extend(compare(&text(snapshot), (&lock.path, &text(lock)))?);
    }
    Ok(findings)
}

/// What in the lock file `(path, text)` a known weakness applies to.
pub(super) fn compare(snapshot: &str, (path, lock): (&str, &str)) -> anyhow::Result<Vec<Finding>> {
    let snapshot: Snapshot = toml::from_str(snapshot).with_context(|| SNAPSHOT.to_owned())?;
    let lock: Lock = toml::from_str(lock).with_context(|| path.to_owned())?;
    let is_accepted = |id: &str| {
        let mut accepted = snapshot.accepted.iter();
        accepted.any(|one| one.id == id && !one.why.trim().is_empty())
    };
    let mut findings = Vec::new();
    for locked in lock.package.iter().filter(|one| one.source.is_some()) {
        let known = snapshot.advisory.iter();
        for advisory in known.filter(|one| one.concerns(locked) && !is_accepted(&one.id)) {
            findings.push(advisory.finding(path, locked));
        }
    }
    Ok(findings)
}

impl Advisory {
    fn concerns(&self, locked: &Locked) -> bool {
        let mut harmless = self.patched.iter().chain(&self.unaffected);
        self.package == locked.name && !harmless.any(|one| one.matches(&locked.version))
    }

    fn finding(&self, path: &str, locked: &Locked) -> Finding {
        let Locked { name, version, .. } = locked;
        let what = format!("`{name}` {version}: {} ({})", self.id, self.kind);
        let patched: Vec<String> = self.patched.iter().map(ToString::to_string).collect();
        let mend = if patched.is_empty() {
            "no version mends it: replace the crate, or accept the advisory in the snapshot with the \
             reason"
                .to_owned()
        } else {
            format!("go to {}", patched.join(" or "))
        };
        Finding::new(path, 0, what, mend)
    }
}
