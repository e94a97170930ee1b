//! How long a page takes with 803,700 people in the register: the server's own time, from the
//! request's arrival to the last byte, beside its barest answer in the same run.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, bail, ensure};
use causeway::{Config, Knobs, System};
use identity::simulation::Simulation;
use kernel::Env;
use testkit::{App, Browser};

use crate::{
    complaints::{RESIDENTS, city, complain, what_is_opened},
    registrants_bench::load,
};

/// Complaints made and closed before, all of one resident: their lists fill a page.
const CASES: usize = 60;
/// Times each page is opened.
const OPENED: usize = 400;
/// Opened before, so that caches are what they will be.
const WARM: usize = 20;
/// Answers that the process is alive, without a session or a template.
const BAREST: &str = "/healthz";

const KNOBS: Knobs = Knobs {
    has_rate_limits: false,
    records_answers: false,
};

pub(crate) async fn run() -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("causeway-pages-{}", std::process::id()));
    register(&dir).await?;
    let app = App::open(dir, 1, KNOBS).await?;
    let mut browsers = city(&app).await?;
    let mut opened = None;
    for _ in 0..CASES {
        let (left, right) = browsers.split_at_mut(RESIDENTS.len() + 1);
        let resident = left.get_mut(1).context("a browser a person")?;
        let officer = right.first_mut().context("a browser for the officer")?;
        opened = Some(complain(resident, officer).await?);
    }
    app.settle().await?;
    let opened = opened.context("a case to look at")?;
    let people = Simulation::people();
    println!("milliseconds a page, {people} people in the register, {OPENED} times each");
    println!("{:<42}{:>8}{:>8}{:>8}", "", "p50", "p99", "most");
    let visitor = (BAREST.to_owned(), 0);
    for (path, who) in std::iter::once(visitor).chain(what_is_opened(&opened)) {
        let browser = browsers.get_mut(who).context("a browser a person")?;
        show(&path, &times(browser, &path).await?);
    }
    Ok(())
}

/// A register of a city, made before the demonstration moves in.
async fn register(dir: &Path) -> anyhow::Result<()> {
    let mut config = Config::default();
    config.store.data_dir = dir.to_owned();
    let env = Env::system();
    let system = System::open_with(&config, env.clone(), KNOBS).await?;
    let asked = Simulation {
        seed: 13,
        as_at: env.today(),
    };
    let Ok(start) = asked.start(&system.store).await? else {
        bail!("the register of the measurement is not empty");
    };
    load(&system.store, system.keys.vault(), start).await?;
    system.store.close().await;
    Ok(())
}

/// Milliseconds of each opening, in order of length.
async fn times(browser: &mut Browser<'_>, path: &str) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::with_capacity(OPENED);
    for turn in 0..WARM + OPENED {
        let began = Instant::now();
        let answer = browser.get(path).await?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        ensure!(answer.status.is_success(), "{path}: {}", answer.status);
        if turn >= WARM {
            times.push(took);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn show(path: &str, times: &[f64]) {
    let at = |share: usize| times.get(times.len() * share / 100).copied();
    let (middle, most) = (at(50), times.last().copied());
    let short: String = path.chars().take(40).collect();
    let figure = |time: Option<f64>| time.unwrap_or_default();
    println!(
        "{short:<42}{:>8.2}{:>8.2}{:>8.2}",
        figure(middle),
        figure(at(99)),
        figure(most)
    );
}
