//! Measurements, run by `cargo xtask bench [NAME] [--seconds N]`.
#![expect(
    clippy::print_stdout,
    reason = "a command-line tool speaks on its terminal"
)]

mod complaints;
mod folder;
mod growth_bench;
mod login_bench;
mod pages_bench;
mod postgres;
mod registrants_bench;
mod sign_bench;
mod sqlite;
mod store_bench;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use mimalloc::MiMalloc;

/// As the product has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const DEFAULT_SECONDS: u64 = 3;

/// Callers at once.
pub(crate) const IN_FLIGHT: [usize; 4] = [1, 16, 64, 256];
/// Connections to Postgres, ours and the bare ones.
pub(crate) const CONNECTIONS: usize = 16;
/// The length of the text each transaction writes.
pub(crate) const BODY_BYTES: usize = 200;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> anyhow::Result<()> {
    let mut wanted = None;
    let mut seconds = DEFAULT_SECONDS;
    let mut size = login_bench::Size::CITY;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                let value = words.next().context("--seconds needs a number after it")?;
                seconds = value.parse().context("--seconds needs a whole number")?;
            }
            // The way of a login without a million people, while writing it.
            "--trial" => size = login_bench::Size::TRIAL,
            _ => wanted = Some(word),
        }
    }
    let span = Duration::from_secs(seconds);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match wanted.as_deref() {
        None => runtime.block_on(async {
            store_bench::run(span).await?;
            registrants_bench::run().await?;
            pages_bench::run().await?;
            sign_bench::run(span)?;
            growth_bench::run().await?;
            login_bench::run(span, size).await
        }),
        Some("store") => runtime.block_on(store_bench::run(span)),
        Some("registrants") => runtime.block_on(registrants_bench::run()),
        Some("sign") => sign_bench::run(span),
        Some("login") => runtime.block_on(login_bench::run(span, size)),
        Some("growth") => runtime.block_on(growth_bench::run()),
        Some("pages") => runtime.block_on(pages_bench::run()),
        Some(other) => {
            bail!(
                "there is no measurement `{other}`; there are: store, registrants, pages, sign, login, \
                 growth"
            )
        }
    }
}
