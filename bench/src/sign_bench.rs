//! Signatures a second on one core, by kind, beside `openssl speed` in the same run.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use kernel::Env;
use trust::{
    Algorithm, KeyStore, Notary, Purpose, Sealing, cms::Form, digest, fresh, jws, x509::Subject,
};

use crate::growth_bench::cpu_micros;

/// The share of the bare figure that a compact JWS must reach.
const BAR: f64 = 0.5;
/// Bytes of what each signature covers.
const MESSAGE_BYTES: usize = 600;

pub(crate) fn run(span: Duration) -> anyhow::Result<()> {
    println!(
        "sign: one core, {MESSAGE_BYTES} bytes, {} s each",
        span.as_secs()
    );
    let bare = openssl(span)?;
    println!(
        "  openssl speed, P-256          {:>9.0} signatures/s",
        bare.ecdsa
    );
    println!(
        "  openssl speed, RSA-2048       {:>9.0} signatures/s",
        bare.rsa
    );
    let keys = KeyStore::in_memory(&Env::system())?;
    let notary = Notary::new(keys.clone(), "http://localhost:8080");
    let message = vec![b'a'; MESSAGE_BYTES];
    let seal = keys.signer(Purpose::Seal)?;
    let signer = jws::Signer::new(&seal.key, "receipt");
    let compact = rate(span, || {
        signer.sign_bytes(&message)?;
        Ok(())
    })?;
    line("JWS, ES256", compact, Some(bare.ecdsa));
    signatures(&notary, &bare, span)?;
    documents(&notary, &bare, span)?;
    let share = compact / bare.ecdsa;
    ensure!(
        share >= BAR,
        "a JWS reaches {share:.2} of the bare figure; the bar is {BAR}"
    );
    Ok(())
}

/// Bare signatures over a digest.
fn signatures(notary: &Notary, bare: &Bare, span: Duration) -> anyhow::Result<()> {
    let hash = digest::sha256([b'a'; MESSAGE_BYTES]);
    for (words, algorithm, bare) in [
        ("bare signature, ES256", Algorithm::Es256, bare.ecdsa),
        ("bare signature, RSA-2048", Algorithm::Rs256, bare.rsa),
    ] {
        let key = fresh(algorithm, notary.env())?;
        let found = rate(span, || {
            key.sign_digest(&hash)?;
            Ok(())
        })?;
        line(words, found, Some(bare));
    }
    Ok(())
}

/// What documents carry, and whole acts of signing.
fn documents(notary: &Notary, bare: &Bare, span: Duration) -> anyhow::Result<()> {
    let message = [b'a'; MESSAGE_BYTES];
    let sealing = |form, is_stamped| Sealing {
        form,
        digest: digest::sha256(message),
        is_stamped,
    };
    let found = rate(span, || {
        notary.seal_data(("application/json", &message))?;
        Ok(())
    })?;
    line("JAdES B-B, ES256", found, Some(bare.ecdsa));
    for (words, form, is_stamped) in [
        ("CMS B-B", Form::Cades, false),
        ("CMS B-T (two signatures)", Form::Cades, true),
    ] {
        let found = rate(span, || {
            notary.seal(&sealing(form, is_stamped))?;
            Ok(())
        })?;
        line(words, found, Some(bare.ecdsa));
    }
    for (words, algorithm) in [
        ("key, certificate, B-T: ES256", Algorithm::Es256),
        ("key, certificate, B-T: RSA-2048", Algorithm::Rs256),
    ] {
        let found = rate(span, || {
            let key = fresh(algorithm, notary.env())?;
            let issued = notary.certify(&Subject::named("CHAN Tai Man"), &*key)?;
            notary.sign(&sealing(Form::Cades, true), &*key, &issued)?;
            Ok(())
        })?;
        line(words, found, None);
    }
    Ok(())
}

fn line(words: &str, found: f64, bare: Option<f64>) {
    let beside = bare.map_or_else(String::new, |bare| format!("  {:.2} of bare", found / bare));
    println!("  {words:<31}{found:>8.0} a second{beside}");
}

/// Times a second of computing, as `openssl speed` counts.
fn rate(span: Duration, mut once: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    once()?;
    let (began, before) = (Instant::now(), cpu_micros()?);
    let mut count = 0u32;
    while began.elapsed() < span {
        once()?;
        count += 1;
    }
    let seconds = (cpu_micros()? - before) / 1e6;
    Ok(f64::from(count) / seconds)
}

/// Signatures a second of the openssl command.
struct Bare {
    ecdsa: f64,
    rsa: f64,
}

fn openssl(span: Duration) -> anyhow::Result<Bare> {
    let seconds = span.as_secs().max(1).to_string();
    let measure = |name: &str, row: &str| -> anyhow::Result<f64> {
        let output = Command::new("openssl")
            .args(["speed", "-seconds", &seconds, name])
            .output()
            .context("the bench of signatures needs the openssl command")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = text
            .lines()
            .filter(|line| line.contains(row))
            .flat_map(|line| line.split_whitespace().rev().nth(1))
            .find_map(|word| word.parse().ok());
        match found {
            Some(rate) => Ok(rate),
            None => bail!("openssl speed {name} said nothing about {row}: {text}"),
        }
    };
    Ok(Bare {
        ecdsa: measure("ecdsap256", "256 bits ecdsa")?,
        rsa: measure("rsa2048", "rsa 2048 bits")?,
    })
}
