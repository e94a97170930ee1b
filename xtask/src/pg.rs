//! A throw-away Postgres cluster on this machine, for tests and measurements.
//!
//! It listens on loopback only, trusts everybody and does not survive a power cut: it must never
//! hold anything. One cluster per checkout: its folder is named after the checkout's path.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::{install, shell};

/// The variable the tests read.
pub(crate) const VARIABLE: &str = "CAUSEWAY_TEST_POSTGRES";
/// Tried first, so that the address stays the same from day to day.
const FAVOURITE_PORT: u16 = 54329;
/// Enough for every test of the workspace at once, each with its own small pool.
const MAX_CONNECTIONS: &str = "max_connections=400";
/// Ports tried before we give up; another program may take one between our look and our start.
const ATTEMPTS: u32 = 5;

/// Whether a commit must reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Tests: as fast as it goes.
    None,
    /// Measurements: as in production.
    Full,
}

/// Where one cluster lives.
#[derive(Debug)]
pub(crate) struct Cluster {
    home: PathBuf,
    durability: Durability,
}

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let durability = if args.flag("--durable") {
        Durability::Full
    } else {
        Durability::None
    };
    let cluster = Cluster::of_checkout(durability);
    match args.word().as_deref() {
        Some("start") => {
            args.done()?;
            println!("{}", cluster.start()?);
            Ok(())
        }
        Some("stop") => {
            args.done()?;
            cluster.stop()
        }
        Some("url") => {
            args.done()?;
            let url = cluster
                .url()
                .context("no cluster runs; `cargo xtask pg start` makes one")?;
            println!("{url}");
            Ok(())
        }
        Some("run") => {
            args.flag("--");
            run_with(&cluster, &args.rest())
        }
        _ => bail!("say what to do: cargo xtask pg start | stop | url | run -- COMMAND"),
    }
}

fn run_with(cluster: &Cluster, words: &[String]) -> anyhow::Result<()> {
    let Some((program, rest)) = words.split_first() else {
        bail!("say what to run: cargo xtask pg run -- COMMAND");
    };
    let was_running = cluster.url().is_some();
    let url = cluster.start()?;
    let result = shell::run(Command::new(program).args(rest).env(VARIABLE, url));
    if !was_running {
        cluster.stop()?;
    }
    result
}

impl Cluster {
    /// The cluster that belongs to this checkout.
    pub(crate) fn of_checkout(durability: Durability) -> Self {
        let mut hasher = DefaultHasher::new();
        shell::root().hash(&mut hasher);
        let kind = if durability == Durability::Full {
            "durable"
        } else {
            "pg"
        };
        let name = format!("causeway-{kind}-{:08x}", hasher.finish() & 0xffff_ffff);
        Self {
            home: std::env::temp_dir().join(name),
            durability,
        }
    }

    /// The address of the running cluster, or none.
    pub(crate) fn url(&self) -> Option<String> {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        let port: u16 = pid.lines().nth(3)?.trim().parse().ok()?;
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
        Some(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
    }

    /// Starts the cluster, making it first if need be, and gives its address.
    pub(crate) fn start(&self) -> anyhow::Result<String> {
        if let Some(url) = self.url() {
            return Ok(url);
        }
        install::ensure(install::FOR_POSTGRES)?;
        if !self.data().join("PG_VERSION").exists() {
            self.create()?;
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            match self.launch(free_port()?) {
                Ok(()) => break,
                Err(error) => last = Some(error),
            }
        }
        match (self.url(), last) {
            (Some(url), _) => Ok(url),
            (None, Some(error)) => Err(error.context(format!("see {}", self.log().display()))),
            (None, None) => bail!("Postgres started but does not answer; see {:?}", self.log()),
        }
    }

    /// Stops the cluster and removes all it held.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        if self.url().is_some() {
            let mut stop = as_server_user("pg_ctl")?;
            shell::capture(stop.arg("-D").arg(self.data()).args([
                "-m",
                "immediate",
                "-w",
                "stop",
            ]))?;
        }
        if self.home.exists() {
            std::fs::remove_dir_all(&self.home)
                .with_context(|| format!("cannot remove {}", self.home.display()))?;
        }
        Ok(())
    }

    fn create(&self) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.home)?;
        if shell::is_root() {
            shell::capture(Command::new("chown").arg("postgres").arg(&self.home))?;
        }
        let mut initdb = as_server_user("initdb")?;
        initdb.args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        shell::capture(initdb.arg("-D").arg(self.data()))?;
        Ok(())
    }

    fn launch(&self, port: u16) -> anyhow::Result<()> {
        let mut settings = vec![
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "shared_buffers=128MB".to_owned(),
            MAX_CONNECTIONS.to_owned(),
        ];
        if self.durability == Durability::None {
            settings.extend(
                [
                    "fsync=off",
                    "synchronous_commit=off",
                    "full_page_writes=off",
                ]
                .map(String::from),
            );
        }
        let options: String = settings
            .iter()
            .map(|setting| format!("-c {setting} "))
            .collect();
        let mut start = as_server_user("pg_ctl")?;
        start
            .arg("-D")
            .arg(self.data())
            .arg("-l")
            .arg(self.log())
            .args(["-o", options.trim()]);
        // The server inherits our streams; a caller that reads our output to its end would wait
        // for the server otherwise.
        start
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null());
        shell::run(
            start
                .stderr(std::process::Stdio::null())
                .args(["-w", "-t", "30", "start"]),
        )
    }

    fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn log(&self) -> PathBuf {
        self.home.join("log")
    }
}

/// A server program of Postgres: on the PATH, or where packages put them; the newest wins.
pub(crate) fn server_program(name: &str) -> Option<PathBuf> {
    let packaged = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .and_then(|versions| {
            versions
                .filter_map(|version| Some(version.ok()?.path()))
                .filter_map(|version| {
                    let number: u32 = version.file_name()?.to_str()?.parse().ok()?;
                    Some((number, version.join("bin").join(name)))
                })
                .filter(|(_, file)| file.is_file())
                .max()
                .map(|(_, file)| file)
        });
    packaged.or_else(|| shell::which(name))
}

/// Postgres refuses to run as root, so root becomes the user its package made.
fn as_server_user(name: &str) -> anyhow::Result<Command> {
    let file = server_program(name).with_context(|| format!("`{name}` of Postgres is missing"))?;
    let mut command = if shell::is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(file);
        command
    } else {
        Command::new(file)
    };
    command.current_dir(Path::new("/"));
    Ok(command)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, FAVOURITE_PORT))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(listener.local_addr()?.port())
}
