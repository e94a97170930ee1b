//! A complete FAPI 2.0 login against our server and against npm `oidc-provider`, driven by the same
//! client program in the same run, in turns; what counts is the CPU time of the server process.

#[path = "login/child.rs"]
mod child;
#[path = "login/house.rs"]
mod house;
#[path = "login/relying.rs"]
mod relying;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use futures::future::try_join_all;
use kernel::Env;
use serde_json::json;
use trust::SigningKey;

use crate::folder::Folder;
use child::Server;
use house::House;
pub(crate) use house::Size;
use relying::{CALLBACK, Lane, Party};

/// Registered clients.
const PARTIES: usize = 8;
/// Browsers that log in at once, each over one connection.
const LANES: usize = 64;
/// Turns of each server; the median counts.
const ROUNDS: usize = 3;
/// Turns before the figures, so that caches are what they will be.
const WARM: Duration = Duration::from_secs(2);
/// Our CPU time per login, of the peer's.
const RATIO_BAR: f64 = 8.0;
/// Logins a second of one core.
const RATE_BAR: f64 = 800.0;

/// What one turn took.
#[derive(Clone, Copy, Debug)]
struct Turn {
    logins: f64,
    cpu: f64,
    wall: f64,
}

impl Turn {
    fn micros(self) -> f64 {
        self.cpu * 1e6 / self.logins
    }
}

/// Measures against a register of this size; only a city's is held against the bars.
pub(crate) async fn run(span: Duration, size: Size) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let parties = parties()?;
    println!(
        "login: PAR, private_key_jwt, DPoP with nonce, PKCE, code, ID token, userinfo; {LANES} at once"
    );
    let began = Instant::now();
    let dir = folder.file("house");
    let house = House::prepare(&dir, child::free_port()?, (&parties, LANES), size).await?;
    println!(
        "  prepared in {:.0} s: {} people, {} live sessions and grants",
        began.elapsed().as_secs_f64(),
        size.people,
        size.sessions
    );
    let ours = house.serve()?;
    let at_start = ours.memory()?;
    let port = child::free_port()?;
    let peer = start_peer(port, &parties)?;
    let mut our_lanes = open(house.port(), &parties, house.browsers).await?;
    let mut peer_lanes = open(port, &parties, vec![BTreeMap::new(); LANES]).await?;
    turn(&ours, &mut our_lanes, WARM).await?;
    turn(&peer, &mut peer_lanes, WARM).await?;
    let (mut our_turns, mut peer_turns) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        our_turns.push(turn(&ours, &mut our_lanes, span).await?);
        peer_turns.push(turn(&peer, &mut peer_lanes, span).await?);
    }
    let (own, other) = (median(&mut our_turns)?, median(&mut peer_turns)?);
    line("Causeway, SQLite, durable", own);
    line("oidc-provider, in memory", other);
    println!(
        "  memory: {at_start:.0} MiB at start, {:.0} MiB after the logins; the peer {:.0} MiB",
        ours.memory()?,
        peer.memory()?
    );
    let ratio = other.micros() / own.micros();
    let rate = 1e6 / own.micros();
    println!("  the peer takes {ratio:.1} times our CPU a login; the bar is {RATIO_BAR}");
    println!("  {rate:.0} logins a second of one core; the bar is {RATE_BAR}");
    if size.people < Size::CITY.people {
        return Ok(());
    }
    ensure!(ratio >= RATIO_BAR, "the ratio is {ratio:.1}");
    ensure!(rate >= RATE_BAR, "{rate:.0} logins a second of one core");
    Ok(())
}

fn parties() -> anyhow::Result<Vec<Party>> {
    let env = Env::system();
    (0..PARTIES)
        .map(|number| {
            Ok(Party {
                id: format!("measured-{number}"),
                key: Arc::new(SigningKey::generate(&env)?),
            })
        })
        .collect()
}

/// A browser a lane, signed in by a first login that is not counted.
async fn open(
    port: u16,
    parties: &[Party],
    browsers: Vec<BTreeMap<String, String>>,
) -> anyhow::Result<Vec<Lane>> {
    let mut lanes = Vec::with_capacity(browsers.len());
    for (number, cookies) in browsers.into_iter().enumerate() {
        let party = parties.get(number % parties.len()).context("no client")?;
        let mut lane = Lane::open(port, (number, party.clone()), cookies).await?;
        lane.log_in_verified().await?;
        lanes.push(lane);
    }
    Ok(lanes)
}

/// Logs in with every lane, one after the other in each, for `span`.
async fn turn(server: &Server, lanes: &mut [Lane], span: Duration) -> anyhow::Result<Turn> {
    let (cpu, began) = (server.cpu()?, Instant::now());
    let work = lanes.iter_mut().map(|lane| async move {
        let mut logins = 0u32;
        while began.elapsed() < span {
            lane.login().await?;
            logins += 1;
        }
        anyhow::Ok(logins)
    });
    let logins: u32 = try_join_all(work).await?.into_iter().sum();
    Ok(Turn {
        logins: f64::from(logins),
        cpu: (server.cpu()? - cpu).as_secs_f64(),
        wall: began.elapsed().as_secs_f64(),
    })
}

fn median(turns: &mut [Turn]) -> anyhow::Result<Turn> {
    turns.sort_by(|a, b| a.micros().total_cmp(&b.micros()));
    turns.get(turns.len() / 2).copied().context("no turn")
}

fn line(words: &str, turn: Turn) {
    println!(
        "  {words:<28}{:>8.0} µs of CPU a login, {:>6.0} logins/s with a client beside it",
        turn.micros(),
        turn.logins / turn.wall
    );
}

/// Installs the peer as its lock file says and starts it.
fn start_peer(port: u16, parties: &[Party]) -> anyhow::Result<Server> {
    let folder = peer_folder()?;
    install(&folder)?;
    let clients: Vec<_> = parties
        .iter()
        .map(|party| json!({ "id": party.id, "jwk": party.jwk(), "redirect": CALLBACK }))
        .collect();
    let key = SigningKey::generate(&Env::system())?;
    let scalar = key.scalar().context("a key in a file")?;
    let mut jwk = json!(key.public().jwk());
    if let Some(fields) = jwk.as_object_mut() {
        fields.insert("kid".to_owned(), json!(key.kid()));
        let secret = trust::base64url::encode(scalar.expose());
        fields.insert("d".to_owned(), json!(secret));
    }
    let mut node = Command::new("node");
    node.arg("server.mjs")
        .current_dir(folder)
        .env("NODE_ENV", "production")
        .env("PEER_PORT", port.to_string())
        .env("PEER_CLIENTS", json!(clients).to_string())
        .env("PEER_KEY", jwk.to_string());
    Server::start(node, "ready")
}

fn peer_folder() -> anyhow::Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer");
    ensure!(
        folder.join("package-lock.json").exists(),
        "{} is not there: run the bench in a checkout",
        folder.display()
    );
    Ok(folder)
}

fn install(folder: &Path) -> anyhow::Result<()> {
    let quiet = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    let status = Command::new("npm")
        .args(quiet)
        .current_dir(folder)
        .stdout(std::process::Stdio::null())
        .status()
        .context("the login bench needs Node.js 20 or newer with npm")?;
    ensure!(status.success(), "npm could not install the peer");
    Ok(())
}
