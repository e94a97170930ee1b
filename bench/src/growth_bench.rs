//! Does a request cost more when records pile up? The same pages after 1, 10 and 100 days.

use anyhow::{Context as _, ensure};
use causeway::Knobs;
use testkit::{Answer, App, Browser};

/// Complaints a day, each made and closed.
const A_DAY: usize = 60;
const DAYS: [usize; 3] = [1, 10, 100];
/// Times each page is opened for one figure.
const OPENED: u32 = 150;
/// Opened before the figure, so that caches are what they will be.
const WARM: u32 = 15;
/// What a page may cost after 100 days, of what it cost after one.
const BAR: f64 = 1.2;
/// Questions and their pages before a journey is given up.
const PAGES: usize = 12;

const SERVICE: &str = "/en/services/dpo-1823-complaint";
const OFFICER: &str = "dpo-officer";
const RESIDENTS: [&str; 10] = [
    "cheung-ka-yan",
    "ng-chi-ming",
    "ho-mei-ling",
    "tse-kwok-wah",
    "kwok-wing-sze",
    "singh-amrit",
    "siu-hoi-yan",
    "mok-shiu-keung",
    "pang-lok-yi",
    "yuen-lai-fong",
];
const COMPLAINT: &[(&str, &str)] = &[
    ("category", "road"),
    ("previous", "no"),
    ("story", "The paving is broken near the crossing."),
    ("district_address-floor", "G"),
    ("district_address-building", "Sample House"),
    ("district_address-street", "1 Sample Street"),
    ("district_address-district", "sha_tin"),
    ("name_en", "SAMPLE Person"),
    ("share", "yes"),
    ("reply_wanted", "no"),
    ("mobile", "61230001"),
];

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
    let mut browsers = vec![app.browser()];
    for key in RESIDENTS.iter().chain([&OFFICER]) {
        let mut browser = app.browser();
        let next = if *key == OFFICER { "/en/desk" } else { "/en" };
        browser.sign_in(key, next).await?;
        browsers.push(browser);
    }
    let mut pages: Vec<Page> = Vec::new();
    let mut made = 0;
    for days in DAYS {
        while made < days * A_DAY {
            let resident = 1 + made % RESIDENTS.len();
            let (left, right) = browsers.split_at_mut(RESIDENTS.len() + 1);
            let resident = left.get_mut(resident).context("a browser a person")?;
            let officer = right.first_mut().context("a browser for the officer")?;
            let opened = complain(resident, officer).await?;
            made += 1;
            if made % A_DAY == 0 {
                app.settle().await?;
            }
            if pages.is_empty() {
                pages = what_is_opened(&opened);
            }
        }
        app.settle().await?;
        for page in &mut pages {
            let browser = browsers.get_mut(page.who).context("a browser a person")?;
            page.costs.push(cost(browser, &page.path).await?);
        }
        println!("growth: {made} cases after {days} days, measured");
    }
    report(&pages)
}

/// The addresses one complaint left: its page for the resident and for the officer.
struct Opened {
    application: String,
    case: String,
}

/// A complaint from the first question to the answer.
async fn complain(resident: &mut Browser<'_>, officer: &mut Browser<'_>) -> anyhow::Result<Opened> {
    let page = resident.get(SERVICE).await?;
    let mut page = resident.fill(&page, "/start", &[]).await?;
    if page.path.ends_with("/known") {
        page = resident.fill(&page, "/known", &[("fill", "yes")]).await?;
    }
    for _ in 0..PAGES {
        if page.path.ends_with("/check") {
            break;
        }
        let here = page.path.clone();
        page = resident.fill(&page, &here, COMPLAINT).await?;
    }
    let ready = resident.fill(&page, "/check", &[]).await?;
    let done = if ready.path.ends_with("/done") {
        ready
    } else {
        resident.fill(&ready, "/sign", &[]).await?
    };
    ensure!(
        done.path.ends_with("/done"),
        "{}: {}",
        done.path,
        done.words()
    );
    let application = done.path.trim_end_matches("/done").to_owned();
    let reference = application.rsplit('/').next().unwrap_or_default();

    let inbox = officer.get("/en/desk").await?;
    let case = link_to(&inbox, reference).context("the case is not in the inbox")?;
    let reason = officer.get(&case).await?;
    officer.fill(&reason, "/open", &[("why", "work")]).await?;
    for action in ["check", "finish"] {
        let ask = officer.get(&format!("{case}/actions/{action}")).await?;
        officer
            .fill(&ask, &format!("/actions/{action}"), &[])
            .await?;
    }
    Ok(Opened { application, case })
}

/// The address of the last link before `words`.
fn link_to(page: &Answer, words: &str) -> Option<String> {
    let html = page.text();
    let (before, _) = html.split_once(words)?;
    let href = before.rsplit("href=\"").next()?;
    Some(href.split('"').next()?.to_owned())
}

fn what_is_opened(opened: &Opened) -> Vec<Page> {
    let officer = RESIDENTS.len() + 1;
    let application = opened.application.as_str();
    [
        ("/en", 0),
        ("/en/find?q=driving+licence", 0),
        (SERVICE, 0),
        ("/en/applications", 1),
        (application, 1),
        ("/en/inbox", 1),
        ("/en/licences", 1),
        ("/en/desk", officer),
        ("/en/desk/register", officer),
        (opened.case.as_str(), officer),
    ]
    .map(|(path, who)| Page {
        path: path.to_owned(),
        who,
        costs: Vec::new(),
    })
    .into()
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
