//! The command line. Human words on a terminal, `--json` for machines.
//!
//! Exit codes: 0 done; 1 it failed, and standard error says why and what to do; 2 the words of the
//! command were wrong; 3 a check found defects.

mod data;
mod document;
mod keys;
mod out;
mod pack;
mod progress;
mod report;
mod simulate;
mod table;

use std::{ffi::OsString, io::IsTerminal as _, net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use kernel::Env;
use tracing_subscriber::EnvFilter;

use crate::{
    System,
    config::{Config, LogFormat},
    generate, seed, server,
};

pub(crate) use out::Out;

/// Found defects, as an exit code.
const DEFECTS: u8 = 3;

/// Causeway: one sign-in, one portal, one data highway, one analytics platform.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Answer in JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal, the desk and the phone app.
    Serve(Serve),
    /// Check, preview, compare and publish service packs.
    #[command(subcommand)]
    Pack(pack::Pack),
    /// Copy the embedded database into a new file, while it is in use.
    Backup(data::Backup),
    /// Put a backup in the place of the data, while nothing is running.
    Restore(data::Restore),
    /// Check a signed file, a licence code, or the evidence log against its own tree.
    #[command(subcommand)]
    Verify(data::Verify),
    /// Print statistics: who is registered, what is used.
    #[command(subcommand)]
    Report(report::Report),
    /// Fill an empty register with people who do not exist.
    Simulate(simulate::Simulate),
    /// List the keys, put a new one in the place of one in use, or hold a key ceremony.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Bring the database to the tables of this program.
    Migrate(Place),
    /// Read the configuration and say what is wrong with it.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write the completions of a shell to standard output.
    Completions { shell: clap_complete::Shell },
    /// Write the documents that are made from this program.
    #[command(hide = true)]
    Generate {
        #[arg(long)]
        out: PathBuf,
    },
}

/// Where data and configuration are.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// A configuration file (TOML). `CAUSEWAY__SECTION__KEY` variables override it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory: embedded database and sealed keys.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// `postgres://user@host/database` in place of the embedded database.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// Demonstration: synthetic people, simulated phone and bank, labelled on every page.
    #[arg(long)]
    demo: bool,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read everything and check it.
    Check(Place),
}

impl Place {
    /// The configuration with what the command line says on top.
    pub(crate) fn load(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref(), std::env::vars())?;
        if let Some(data) = &self.data {
            config.store.data_dir.clone_from(data);
        }
        if let Some(url) = &self.database {
            config.store.url.clone_from(url);
        }
        config.check()?;
        Ok(config)
    }
}

/// Runs the command of this process.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse_from(spelled_out(std::env::args_os().collect())) {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let out = Out::new(cli.json);
    match dispatch(cli.command, &out) {
        Ok(code) => code,
        Err(error) => {
            out.failure(&error);
            ExitCode::FAILURE
        }
    }
}

/// `causeway verify FILE` is short for `causeway verify file FILE`: whoever has a signed file in hand
/// should not have to know what else can be verified.
fn spelled_out(mut words: Vec<OsString>) -> Vec<OsString> {
    let is_short = words.get(1).is_some_and(|word| word == "verify")
        && words.get(2).is_some_and(|word| {
            let is_word = ["file", "document", "licence", "log", "help"]
                .iter()
                .any(|known| word == known);
            !is_word && !word.to_string_lossy().starts_with('-')
        });
    if is_short {
        words.insert(2, "file".into());
    }
    words
}

fn dispatch(command: Command, out: &Out) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(serve) => block_on(serve_command(serve, out)),
        Command::Pack(pack) => pack::run(pack, out),
        Command::Backup(backup) => block_on(data::backup(backup, out)),
        Command::Restore(restore) => data::restore(&restore, out),
        Command::Verify(verify) => block_on(data::verify(verify, out)),
        Command::Report(report) => block_on(report::run(report, out)),
        Command::Simulate(simulate) => block_on(simulate::run(simulate, out)),
        Command::Keys(keys) => block_on(keys::run(keys, out)),
        Command::Migrate(place) => block_on(async {
            let config = place.load()?;
            let waiting = progress::waiting(out, "bringing the tables up to date");
            System::open(&config, Env::system()).await?;
            waiting.finish_and_clear();
            out.line("the database has the tables of this program");
            Ok(ExitCode::SUCCESS)
        }),
        Command::Config(ConfigCommand::Check(place)) => {
            let config = place.load()?;
            out.record(&config, "the configuration is good");
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "causeway",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Generate { out: dir } => block_on(async {
            generate::write(&dir).await?;
            Ok(ExitCode::SUCCESS)
        }),
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(work)
}

async fn serve_command(serve: Serve, out: &Out) -> anyhow::Result<ExitCode> {
    let mut config = serve.place.load()?;
    config.server.demo |= serve.demo;
    if let Some(listen) = serve.listen {
        let was_default = config.server.base_url == Config::default().server.base_url;
        config.server.listen = listen;
        if was_default {
            config.server.base_url = format!("http://localhost:{}", listen.port());
        }
    }
    start_log(&config);
    let system = System::open(&config, Env::system()).await?;
    let new = seed::publish_packs(&system).await?;
    if config.server.demo {
        seed::seed_demo(&system).await?;
        seed::seed_programme(&system).await?;
    }
    let online = seed::PACKS.len();
    tracing::info!(
        new,
        online,
        demo = config.server.demo,
        "the services are loaded"
    );
    let base = config.server.base_url.clone();
    server::serve(&system, config.server.listen, stop_signal(), |address| {
        out.line(&format!(
            "Causeway is ready at {base} (listening on {address})"
        ));
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

fn start_log(config: &Config) {
    let filter = EnvFilter::try_new(&config.log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = match config.log.format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}

/// Resolves at the first SIGINT or SIGTERM.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupted.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spelled_out;

    #[test]
    fn a_file_alone_is_a_file_to_verify_and_words_stay_words() {
        let words = |line: &str| -> Vec<String> {
            spelled_out(line.split(' ').map(Into::into).collect())
                .into_iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(
            words("causeway verify a.pdf"),
            ["causeway", "verify", "file", "a.pdf"]
        );
        for line in [
            "causeway verify log",
            "causeway verify licence CW1:X",
            "causeway verify file a.pdf",
            "causeway verify --help",
            "causeway verify",
            "causeway keys list",
        ] {
            assert_eq!(words(line).join(" "), line);
        }
    }
}
