//! Does a request cost more when records pile up? The same pages after 1, 10 and 100 days, each list
//! with as many lines on the first as on the last.

use anyhow::{Context as _, ensure};
use causeway::Knobs;
use testkit::{App, Browser};

use crate::complaints::{RESIDENTS, city, complain, what_is_opened};

/// Complaints a day, each made and closed.
const A_DAY: usize = 60;
const DAYS: [usize; 3] = [1, 10, 100];
/// Times each page is opened in one turn.
const OPENED: u32 = 40;
/// Turns through all pages. The least of a page counts: what else runs on the machine only adds.
const TURNS: usize = 5;
/// Opened before the figure, so that caches are what they will be.
const WARM: u32 = 15;
/// What a page may cost after 100 days, of what it cost after one.
const BAR: f64 = 1.2;
/// One page, who opens it, and what it cost after each number of days, in microseconds.
struct Page {
    path: String,
    who: usize,
    costs: Vec<f64>,
}

pub(crate) async fn run() -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("causeway-growth-{}", std::process::id()));
    let knobs = Knobs {
        has_rate_limits: false,
        records_answers: false,
    };
    let app = App::open(dir, 1, knobs).await?;
    let mut browsers = city(&app).await?;
    let mut pages: Vec<Page> = Vec::new();
    let mut made = 0;
    for days in DAYS {
        while made < days * A_DAY {
            let resident = who_complains(made);
            let (left, right) = browsers.split_at_mut(RESIDENTS.len() + 1);
            let resident = left.get_mut(resident).context("a browser a person")?;
            let officer = right.first_mut().context("a browser for the officer")?;
            let opened = complain(resident, officer).await?;
            made += 1;
            if made % A_DAY == 0 {
                app.settle().await?;
            }
            if pages.is_empty() {
                pages = what_is_opened(&opened)
                    .map(|(path, who)| Page {
                        path,
                        who,
                        costs: Vec::new(),
                    })
                    .into();
            }
        }
        app.settle().await?;
        measure(&mut pages, &mut browsers).await?;
        println!("growth: {made} cases after {days} days, measured");
    }
    report(&pages)
}

/// Adds what each page costs now.
async fn measure(pages: &mut [Page], browsers: &mut [Browser<'_>]) -> anyhow::Result<()> {
    let mut least = vec![f64::INFINITY; pages.len()];
    for _ in 0..TURNS {
        for (page, least) in pages.iter().zip(&mut least) {
            let browser = browsers.get_mut(page.who).context("a browser a person")?;
            *least = least.min(cost(browser, &page.path).await?);
        }
    }
    for (page, least) in pages.iter_mut().zip(least) {
        page.costs.push(least);
    }
    Ok(())
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

fn report(pages: &[Page]) -> anyhow::Result<()> {
    println!("\nCPU microseconds a request, after 1, 10 and 100 days of {A_DAY} cases");
    let mut worst: f64 = 0.0;
    for page in pages {
        let [one, ten, hundred] = page.costs.as_slice() else {
            continue;
        };
        let ratio = hundred / one;
        worst = worst.max(ratio);
        let path = page.path.split('?').next().unwrap_or_default();
        let short: String = path.chars().take(40).collect();
        println!("{short:<42} {one:>8.0} {ten:>8.0} {hundred:>8.0}   x{ratio:.2}");
    }
    println!("worst: x{worst:.2}; the bar is x{BAR}");
    ensure!(worst <= BAR, "a page costs more as records pile up");
    Ok(())
}
