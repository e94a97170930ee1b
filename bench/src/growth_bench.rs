//! Does a request cost more when records pile up? The same pages of three cities, of 1, 10 and 100 days,
//! each list with as many lines in the first as in the last.

use anyhow::{Context as _, ensure};
use causeway::Knobs;
use testkit::{App, Browser};

use crate::complaints::{RESIDENTS, city, complain, what_is_opened};

/// Complaints a day, each made and closed.
const A_DAY: usize = 60;
const DAYS: [usize; 3] = [1, 10, 100];
/// Times each page is opened in one turn.
const OPENED: u32 = 40;
/// Turns through all pages of all cities. The least of a page counts: what else runs on the machine only
/// adds.
const TURNS: usize = 9;
/// Opened before the figure, so that caches are what they will be.
const WARM: u32 = 15;
/// What a page may cost after 100 days, of what it cost after one.
const BAR: f64 = 1.2;

/// One city, and what its pages cost: path, who opens it, the least so far in microseconds.
struct City<'a> {
    browsers: Vec<Browser<'a>>,
    pages: Vec<(String, usize, f64)>,
}

pub(crate) async fn run() -> anyhow::Result<()> {
    let mut apps = Vec::new();
    for days in DAYS {
        let name = format!("causeway-growth-{}-{days}", std::process::id());
        let knobs = Knobs {
            has_rate_limits: false,
            records_answers: false,
        };
        apps.push(App::open(std::env::temp_dir().join(name), 1, knobs).await?);
    }
    let mut cities = Vec::new();
    for (app, days) in apps.iter().zip(DAYS) {
        cities.push(grow(app, days).await?);
        println!("growth: {} cases in {days} days", days * A_DAY);
    }
    // In turns, so that what the machine does meanwhile is the same for all.
    for _ in 0..TURNS {
        for place in 0..cities
            .iter()
            .map(|city| city.pages.len())
            .min()
            .unwrap_or(0)
        {
            for city in &mut cities {
                city.open(place).await?;
            }
        }
    }
    report(&cities)
}

async fn grow(app: &App, days: usize) -> anyhow::Result<City<'_>> {
    let mut browsers = city(app).await?;
    let mut pages = Vec::new();
    for made in 0..days * A_DAY {
        let (left, right) = browsers.split_at_mut(RESIDENTS.len() + 1);
        let resident = left
            .get_mut(who_complains(made))
            .context("a browser a person")?;
        let officer = right.first_mut().context("a browser for the officer")?;
        let opened = complain(resident, officer).await?;
        if pages.is_empty() {
            let all = what_is_opened(&opened).into_iter();
            pages = all.map(|(path, who)| (path, who, f64::INFINITY)).collect();
        }
        if (made + 1) % A_DAY == 0 {
            app.settle().await?;
        }
    }
    Ok(City { browsers, pages })
}

impl City<'_> {
    /// Opens a page, and keeps what it cost if that is the least.
    async fn open(&mut self, place: usize) -> anyhow::Result<()> {
        let (path, who, least) = self.pages.get_mut(place).context("a page")?;
        let browser = self.browsers.get_mut(*who).context("a browser a person")?;
        *least = least.min(cost(browser, path).await?);
        Ok(())
    }
}

/// The first day's complaints are all of the resident whose pages are measured, so that their lists
/// fill a page from then on; afterwards the residents take turns.
fn who_complains(made: usize) -> usize {
    if made < A_DAY {
        1
    } else {
        1 + made % RESIDENTS.len()
    }
}

/// CPU microseconds of this process for one opening of the page.
async fn cost(browser: &mut Browser<'_>, path: &str) -> anyhow::Result<f64> {
    for _ in 0..WARM {
        let answer = browser.get(path).await?;
        ensure!(answer.status.is_success(), "{path}: {}", answer.status);
    }
    let before = cpu_micros()?;
    for _ in 0..OPENED {
        browser.get(path).await?;
    }
    Ok((cpu_micros()? - before) / f64::from(OPENED))
}

/// CPU time of all threads so far, from the scheduler's own count in nanoseconds.
pub(crate) fn cpu_micros() -> anyhow::Result<f64> {
    let mut nanos = 0.0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let first = text.split(' ').next().context("schedstat is empty")?;
        nanos += first.parse::<f64>()?;
    }
    Ok(nanos / 1_000.0)
}

fn report(cities: &[City<'_>]) -> anyhow::Result<()> {
    println!("\nCPU microseconds a request, after 1, 10 and 100 days of {A_DAY} cases");
    let [one, ten, hundred] = cities else {
        anyhow::bail!("three cities are compared");
    };
    let mut worst: f64 = 0.0;
    let pages = one.pages.iter().zip(&ten.pages).zip(&hundred.pages);
    for (((path, _, one), (_, _, ten)), (_, _, hundred)) in pages {
        let ratio = hundred / one;
        worst = worst.max(ratio);
        let path = path.split('?').next().unwrap_or_default();
        let short: String = path.chars().take(40).collect();
        println!("{short:<42} {one:>8.0} {ten:>8.0} {hundred:>8.0}   x{ratio:.2}");
    }
    println!("worst: x{worst:.2}; the bar is x{BAR}");
    ensure!(worst <= BAR, "a page costs more as records pile up");
    Ok(())
}
