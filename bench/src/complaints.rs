//! A city in small: ten residents who complain, one officer who answers, through the real pages.

use anyhow::{Context as _, ensure};
use testkit::{Answer, App, Browser};

/// Questions and their pages before a journey is given up.
const PAGES: usize = 12;

const SERVICE: &str = "/en/services/dpo-1823-complaint";
const OFFICER: &str = "dpo-officer";
pub(crate) const RESIDENTS: [&str; 10] = [
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

/// Browsers of a visitor, of the residents, and of the officer, signed in.
pub(crate) async fn city(app: &App) -> anyhow::Result<Vec<Browser<'_>>> {
    let mut browsers = vec![app.browser()];
    for key in RESIDENTS.iter().chain([&OFFICER]) {
        let mut browser = app.browser();
        let next = if *key == OFFICER { "/en/desk" } else { "/en" };
        browser.sign_in(key, next).await?;
        browsers.push(browser);
    }
    Ok(browsers)
}

/// The addresses one complaint left: its page for the resident and for the officer.
pub(crate) struct Opened {
    application: String,
    case: String,
}

/// A complaint from the first question to the answer.
pub(crate) async fn complain(
    resident: &mut Browser<'_>,
    officer: &mut Browser<'_>,
) -> anyhow::Result<Opened> {
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

/// The pages that are measured, with the place in [`city`] of the browser that opens each.
pub(crate) fn what_is_opened(opened: &Opened) -> [(String, usize); 10] {
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
    .map(|(path, who)| (path.to_owned(), who))
}
