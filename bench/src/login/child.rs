//! A server process of its own, and what the system counts for it.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};

/// Lines a server may say before it is ready.
const LINES: usize = 200;
/// Clock ticks a second in `/proc/PID/stat` (`getconf CLK_TCK`, 100 on every Linux).
const TICKS: f64 = 100.0;
/// Fields of `/proc/PID/stat` after the command's name: user and system time.
const TIMES: std::ops::Range<usize> = 11..13;

/// A running server. It ends with this value.
#[derive(Debug)]
pub(crate) struct Server(Child);

impl Server {
    /// Starts `command` and waits until it says `ready`.
    pub(crate) fn start(mut command: Command, ready: &str) -> anyhow::Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let output = child.stdout.take().context("no output")?;
        let server = Self(child);
        let mut lines = BufReader::new(output).lines();
        for line in lines.by_ref().take(LINES) {
            if line?.contains(ready) {
                // Whatever it says later must not fill the pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(server);
            }
        }
        bail!("{command:?} did not become ready")
    }

    /// CPU time of all its threads since it started, in its own code and in the kernel's for it.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, fields) = stat.rsplit_once(')').context("stat has no name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let times = fields.get(TIMES).context("stat is too short")?;
        let ticks: f64 = times
            .iter()
            .map(|time| time.parse::<f64>())
            .sum::<Result<f64, _>>()?;
        Ok(Duration::from_secs_f64(ticks / TICKS))
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let words = line.and_then(|line| line.split_whitespace().nth(1));
        let kib: f64 = words.context("status has no VmRSS")?.parse()?;
        Ok(kib / 1_024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which its next caller has seen.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
