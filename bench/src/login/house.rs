//! Our side of the login bench: a register of a million people, 100,000 live sessions with their grants,
//! and the sessions of those who log in, prepared as people prepare them: with the phone.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use causeway::{Config, Knobs};
use identity::{
    Level, demo as people,
    provider::{
        AuthMethod, ClientProfile, GrantKind, Registration, Scope, ScopePurpose, Sender, demo,
    },
    simulation::Simulation,
};
use kernel::{Env, Text};
use rusqlite::{Connection, params};
use testkit::{App, encode};
use tokio::sync::oneshot;

use super::{
    child::Server,
    relying::{CALLBACK, Lane, Party},
};

/// What the register holds when logins are measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) people: i64,
    /// Live sessions, each with a grant.
    pub(crate) sessions: i64,
}

impl Size {
    /// A city.
    pub(crate) const CITY: Self = Self {
        people: 1_000_000,
        sessions: 100_000,
    };
    /// To try the way.
    pub(crate) const TRIAL: Self = Self {
        people: 1_000,
        sessions: 1_000,
    };
}

const KNOBS: Knobs = Knobs {
    has_rate_limits: false,
    records_answers: false,
};
/// What a copied session is told apart by: its key, which is a digest nobody has the secret of.
const COPY_SESSION: &str = "UPDATE copy SET token_hash = randomblob(32)";
const COPY_GRANT: &str = "UPDATE copy SET id = randomblob(16), code = randomblob(32), \
    refresh = NULL, session = hex(randomblob(16))";
const COPY_PERSON: &str = "UPDATE copy SET id = randomblob(16), hkid_index = randomblob(32)";

/// The prepared data and the sessions in it.
pub(crate) struct House {
    dir: PathBuf,
    port: u16,
    /// The cookies of each lane's browser.
    pub(crate) browsers: Vec<BTreeMap<String, String>>,
}

impl House {
    /// Fills `dir` for a server at `port`, with a session for each of `lanes`.
    pub(crate) async fn prepare(
        dir: &Path,
        port: u16,
        (parties, lanes): (&[Party], usize),
        size: Size,
    ) -> anyhow::Result<Self> {
        let mut config = Config::default();
        config.server.base_url = format!("http://localhost:{port}");
        config.server.demo = true;
        config.store.data_dir = dir.to_owned();
        if size.people > Simulation::people() {
            register(dir)?;
        }
        let now = Env::system().now();
        let app = App::open_at(&config, (now, 4), KNOBS).await?;
        for party in parties {
            let registered = ("rvd", registration(party));
            demo::put(&app.system.store, party.id.clone().leak(), registered).await?;
        }
        let (stop, stopped) = oneshot::channel::<()>();
        let system = app.system.clone();
        let (ready, is_ready) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let listen = SocketAddr::from(([127, 0, 0, 1], port));
            let stop = async move {
                stopped.await.ok();
            };
            causeway::serve(&system, listen, stop, |_| {
                ready.send(()).ok();
            })
            .await
        });
        is_ready.await.context("the server that prepares failed")?;
        let mut browsers = Vec::with_capacity(lanes);
        let people = residents();
        for number in 0..lanes {
            let party = parties.get(number % parties.len()).context("no client")?;
            browsers.push(sign_in(&app, (number, party), (port, &people)).await?);
        }
        stop.send(()).ok();
        serving.await??;
        app.system.store.close().await;
        fill(&dir.join("causeway.db"), size)?;
        // The folder is removed with the bench's own.
        std::mem::forget(app);
        Ok(Self {
            dir: dir.to_owned(),
            port,
            browsers,
        })
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The released binary over this data, with its limits on and its log as in production.
    pub(crate) fn serve(&self) -> anyhow::Result<Server> {
        let file = self.dir.join("bench.toml");
        let text = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[log]\nfilter = \"warn\"\n";
        std::fs::write(&file, text)?;
        let mut command = Command::new(binary()?);
        command
            .arg("serve")
            .arg("--config")
            .arg(&file)
            .arg("--data")
            .arg(&self.dir)
            .args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        Server::start(command, "Causeway is ready")
    }
}

/// The binary beside this one.
fn binary() -> anyhow::Result<PathBuf> {
    let binary = std::env::current_exe()?.with_file_name("causeway");
    ensure!(
        binary.exists(),
        "{} is not built; `cargo xtask bench login` builds it",
        binary.display()
    );
    Ok(binary)
}

/// A register of a city, made before the demonstration moves in.
fn register(dir: &Path) -> anyhow::Result<()> {
    let status = Command::new(binary()?)
        .args(["simulate", "--registrants", "lcq13", "--data"])
        .arg(dir)
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "the register could not be filled");
    Ok(())
}

/// Whom the demonstration has enrolled. Limits count by person, so that few people would be held up.
fn residents() -> Vec<&'static str> {
    let all = people::people().iter();
    let enrolled = all.filter(|one| one.enrolled && one.level == Level::Plus);
    enrolled.map(|one| one.key.as_str()).collect()
}

/// One person signs in for one client and agrees, on the phone and in the browser.
async fn sign_in(
    app: &App,
    (number, party): (usize, &Party),
    (port, people): (u16, &[&str]),
) -> anyhow::Result<BTreeMap<String, String>> {
    app.clock.set(Env::system().now());
    let mut lane = Lane::open(port, (number, party.clone()), BTreeMap::new()).await?;
    let wanted = lane.push().await?;
    let path = wanted.place.split_once(&format!(":{port}"));
    let (_, path) = path.context("an address of somebody else")?;
    let person = people.get(number % people.len()).context("nobody")?;
    let mut browser = app.browser();
    let waiting = browser.get(path).await?;
    let page = browser.approve(person, &waiting).await?;
    let sheet = page.form(&page.path)?;
    let form = encode(&sheet.filled(&[("choice", "allow")]));
    let back = browser.post_raw(&page.path, &form).await?;
    let place = back.location().unwrap_or_default();
    ensure!(place.starts_with(CALLBACK), "{}: {}", place, back.words());
    Ok(browser.cookies().clone())
}

fn registration(party: &Party) -> Registration {
    let scope = |scope, en, tc| ScopePurpose {
        scope,
        purpose: Text::new(en, tc),
    };
    Registration {
        name: Text::new("Measured application", "量度用應用程式"),
        sector: "rvd".to_owned(),
        profile: ClientProfile::Fapi2Sp,
        auth: AuthMethod::PrivateKeyJwt,
        sender: Sender::Dpop,
        grants: vec![GrantKind::Code],
        scopes: vec![
            scope(Scope::Openid, "To know you again", "識別你的身分"),
            scope(
                Scope::Profile,
                "To address you by your name",
                "以姓名稱呼你",
            ),
        ],
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: Vec::new(),
        keys: vec![party.jwk()],
        jwks_uri: None,
        secret_digest: None,
        certificate_dns: None,
        id_token_enc: None,
        is_userinfo_signed: false,
        userinfo_enc: None,
        details: Vec::new(),
        backchannel_logout_uri: None,
        ciba_notification_uri: None,
        needs_dpop_nonce: true,
        is_resource: false,
        resource: None,
        is_test: false,
        wire: None,
    }
}

/// Copies rows that the product wrote until there are as many as a city has: only their keys differ.
fn fill(file: &Path, size: Size) -> anyhow::Result<()> {
    let db = Connection::open(file)?;
    let people: i64 = db.query_row("SELECT count(*) FROM person", [], |row| row.get(0))?;
    copy(&db, ("person", COPY_PERSON), (size.people - people).max(1))?;
    copy(&db, ("web_session", COPY_SESSION), size.sessions)?;
    copy(&db, ("oidc_grant", COPY_GRANT), size.sessions)?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn copy(db: &Connection, (table, differ): (&str, &str), rows: i64) -> anyhow::Result<()> {
    db.execute_batch("DROP TABLE IF EXISTS copy")?;
    let numbers =
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)";
    db.execute(
        &format!(
            "CREATE TEMP TABLE copy AS {numbers}, own AS (SELECT row_number() OVER () - 1 AS at, * \
             FROM (SELECT * FROM {table} LIMIT 20)) SELECT own.* FROM n JOIN own \
             ON own.at = n.i % (SELECT count(*) FROM own)"
        ),
        params![rows],
    )?;
    db.execute(differ, [])?;
    let mut names = db.prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?;
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let names = names.join(", ");
    let made = db.execute(
        &format!("INSERT INTO {table} ({names}) SELECT {names} FROM copy"),
        [],
    )?;
    ensure!(i64::try_from(made)? == rows, "{made} of {rows} in {table}");
    Ok(())
}
