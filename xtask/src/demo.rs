//! A demonstration on this machine: one command from a fresh checkout to a page in the browser.
//!
//! It runs the development build: the dependencies whose speed a person feels are optimised there
//! as well (see `[profile.dev.package]`), and it is ready in a fraction of a release build's time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::args::Args;
use crate::{install, shell};

const DEFAULT_LISTEN: &str = "127.0.0.1:8080";
const DATA: &str = "data";
/// Seeding people, cases and licences takes a few seconds on a slow machine.
const READY_WITHIN: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) fn run(mut args: Args) -> anyhow::Result<()> {
    let is_fresh = args.flag("--fresh");
    let is_build_only = args.flag("--build-only");
    let listen = args
        .option("--listen")?
        .unwrap_or_else(|| DEFAULT_LISTEN.to_owned());
    args.done()?;

    install::ensure(install::FOR_DEMO)?;
    println!("building causeway; the first time takes some minutes");
    shell::run(shell::cargo().args(["build", "--locked", "--package", "causeway"]))?;
    if is_build_only {
        println!("built {}", shell::binary("debug").display());
        return Ok(());
    }
    let data = shell::root().join(DATA);
    if is_fresh && data.exists() {
        std::fs::remove_dir_all(&data).context("removing the data of the last demonstration")?;
    }
    let mut server = start(&data, &listen)?;
    if let Err(error) = wait_until_ready(&mut server, &listen) {
        // It may have stopped by itself, which the error says already.
        server.kill().ok();
        return Err(error);
    }
    println!("{}", invitation(&listen));
    let status = server.wait()?;
    if !status.success() {
        bail!("causeway stopped ({status})");
    }
    Ok(())
}

fn start(data: &Path, listen: &str) -> anyhow::Result<Child> {
    let mut server = shell::program(shell::binary("debug"));
    server
        .args(["serve", "--demo", "--listen", listen, "--data"])
        .arg(data);
    server.spawn().context("cannot start causeway")
}

fn wait_until_ready(server: &mut Child, listen: &str) -> anyhow::Result<()> {
    let start = Instant::now();
    // Nothing is ever sent: waiting for it is how this thread pauses.
    let (_keep, pause) = mpsc::channel::<()>();
    while start.elapsed() < READY_WITHIN {
        if let Some(status) = server.try_wait()? {
            bail!("causeway stopped before it was ready ({status}); its last lines say why");
        }
        if is_ready(listen) {
            return Ok(());
        }
        pause.recv_timeout(LOOK_EVERY).ok();
    }
    bail!("causeway was not ready within {} s", READY_WITHIN.as_secs())
}

fn is_ready(listen: &str) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(listen)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "GET /readyz HTTP/1.1\r\nHost: {listen}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

fn invitation(listen: &str) -> String {
    let port = listen.rsplit(':').next().unwrap_or_default();
    let base = format!("http://localhost:{port}");
    format!(
        "
Causeway is ready. Everybody in it is made up; nothing leaves this machine.

  {base}/en            the portal (also /tc and /sc)
  {base}/app           the phone: open it in a second window
  {base}/en/desk       the officer's desk
  {base}/en/verify     an inspector checks a licence

What to click first
  1. Open the portal, find \"Renew a full driving licence\" and press Start.
  2. At sign-in, choose the simulated phone and approve as one of the demo residents.
  3. Answer, pay with the sandbox bank, sign, submit; you get a reference number.
  4. Open the desk, sign in as the transport officer, decide the case.
  5. Back in the portal the licence is waiting; show it, and check it at /en/verify.

Ctrl-C stops it; the data stays in ./{DATA} (start again with --fresh for a new beginning).
"
    )
}
