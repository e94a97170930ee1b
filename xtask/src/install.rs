//! What must be on the machine, and how it gets there.
//!
//! On Debian as root the missing packages are installed; anywhere else the exact names are printed
//! and the command stops, because guessing at somebody's machine helps nobody.

use std::path::Path;

use anyhow::bail;

use crate::shell;

/// How we see that something is there.
#[derive(Debug, Clone, Copy)]
enum Sign {
    /// One of these programs is on the PATH.
    Program(&'static [&'static str]),
    /// This file or folder exists.
    Path(&'static str),
    /// The server programs of Postgres are somewhere we look for them.
    Postgres,
}

/// One thing the workspace uses from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    what: &'static str,
    debian: &'static [&'static str],
    elsewhere: &'static str,
    sign: Sign,
}

const C_COMPILER: Need = Need {
    what: "a C compiler and make, for SQLite and the cryptography library",
    debian: &["gcc", "libc6-dev", "make"],
    elsewhere: "a C compiler as `cc` (Xcode command line tools, build-essential, gcc)",
    sign: Sign::Program(&["cc"]),
};
const CPP_COMPILER: Need = Need {
    what: "a C++ compiler, for the fuzzer",
    debian: &["g++"],
    elsewhere: "a C++ compiler as `c++`",
    sign: Sign::Program(&["c++"]),
};
const POSTGRES: Need = Need {
    what: "the Postgres server programs, for the tests on Postgres",
    debian: &["postgresql"],
    elsewhere: "PostgreSQL 15 or newer with initdb and pg_ctl on the PATH",
    sign: Sign::Postgres,
};
const CHROMIUM: Need = Need {
    what: "Chromium, for the journeys in a browser",
    debian: &["chromium"],
    elsewhere: "Chromium, with its path in CHROMIUM if it is not /usr/bin/chromium",
    sign: Sign::Program(&["chromium"]),
};
const CHINESE_FONTS: Need = Need {
    what: "Chinese fonts, for pages and letters in Chinese",
    debian: &["fonts-noto-cjk"],
    elsewhere: "the Noto CJK fonts",
    sign: Sign::Path("/usr/share/fonts/opentype/noto"),
};
const POPPLER: Need = Need {
    what: "pdftotext, to read the letters and receipts back",
    debian: &["poppler-utils"],
    elsewhere: "poppler (pdftotext)",
    sign: Sign::Program(&["pdftotext"]),
};
const OPENSSL: Need = Need {
    what: "the openssl command, to read signatures and time-stamps back",
    debian: &["openssl"],
    elsewhere: "OpenSSL 3 with its command",
    sign: Sign::Program(&["openssl"]),
};
const CERTUTIL: Need = Need {
    what: "certutil, to tell poppler whom to trust",
    debian: &["libnss3-tools"],
    elsewhere: "certutil of NSS (libnss3-tools, nss-tools)",
    sign: Sign::Program(&["certutil"]),
};
const SOFTHSM: Need = Need {
    what: "SoftHSM2, for the tests of keys in a token",
    debian: &["softhsm2"],
    elsewhere: "SoftHSM 2 with softhsm2-util on the PATH",
    sign: Sign::Program(&["softhsm2-util"]),
};
const GIT: Need = Need {
    what: "git, to list the files of the repository",
    debian: &["git"],
    elsewhere: "git",
    sign: Sign::Program(&["git"]),
};

/// What a demonstration needs.
pub(crate) const FOR_DEMO: &[Need] = &[C_COMPILER, CHINESE_FONTS];
/// What the Rust tests need.
pub(crate) const FOR_RUST_TESTS: &[Need] = &[
    C_COMPILER,
    CHINESE_FONTS,
    POSTGRES,
    POPPLER,
    OPENSSL,
    CERTUTIL,
    SOFTHSM,
    GIT,
];
/// What the journeys in a browser need.
pub(crate) const FOR_JOURNEYS: &[Need] = &[C_COMPILER, CHINESE_FONTS, CHROMIUM];
/// What the fuzzer needs.
pub(crate) const FOR_FUZZING: &[Need] = &[C_COMPILER, CPP_COMPILER];
/// What a throw-away Postgres needs.
pub(crate) const FOR_POSTGRES: &[Need] = &[POSTGRES];

/// The oldest Node.js that playwright-core runs on.
const NODE_MAJOR: u32 = 20;

/// Makes sure all of `needs` is there.
pub(crate) fn ensure(needs: &[Need]) -> anyhow::Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !is_there(need.sign)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !(Path::new("/etc/debian_version").exists() && shell::is_root()) {
        bail!("{}", advice(&missing));
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.debian)
        .copied()
        .collect();
    println!("installing {}", packages.join(" "));
    apt(&["update", "-qq"])?;
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(&packages);
    apt(&install)?;
    match missing.iter().find(|need| !is_there(need.sign)) {
        None => Ok(()),
        Some(need) => bail!(
            "{} is still missing after installing {:?}",
            need.what,
            need.debian
        ),
    }
}

/// Makes sure Node.js is there and new enough. No Debian 12 package is, so we only say so.
pub(crate) fn ensure_node() -> anyhow::Result<()> {
    let version = shell::capture(shell::program("node").arg("--version")).unwrap_or_default();
    let major = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .next()
        .unwrap_or_default();
    if major.parse::<u32>().is_ok_and(|major| major >= NODE_MAJOR) {
        return Ok(());
    }
    bail!(
        "Node.js {NODE_MAJOR} or newer is needed, with npm on the PATH \
         (found: {}); tests without the journeys in a browser: `cargo xtask test --no-browser`",
        if version.is_empty() {
            "none"
        } else {
            version.trim()
        }
    )
}

/// What apt says is shown only when it fails.
fn apt(args: &[&str]) -> anyhow::Result<()> {
    let mut apt = shell::program("apt-get");
    shell::capture(apt.args(args).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(())
}

fn is_there(sign: Sign) -> bool {
    match sign {
        Sign::Program(names) => {
            let named = std::env::var_os("CHROMIUM").filter(|_| names.contains(&"chromium"));
            named.is_some() || names.iter().any(|name| shell::which(name).is_some())
        }
        Sign::Path(path) => Path::new(path).exists() || cfg!(target_os = "macos"),
        Sign::Postgres => crate::pg::server_program("initdb").is_some(),
    }
}

fn advice(missing: &[&Need]) -> String {
    let mut text = String::from("this machine lacks something; please install:\n");
    for need in missing {
        text.push_str(&format!("  - {}\n    {}\n", need.what, need.elsewhere));
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|need| need.debian)
        .copied()
        .collect();
    text.push_str(&format!(
        "on Debian or Ubuntu: sudo apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    ));
    text
}
