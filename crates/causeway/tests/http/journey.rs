//! What the people of these tests do again and again.

use axum::{body::Body, http::Request};
use testkit::{Answer, App, Browser};

pub(crate) const SERVICE: &str = "td-full-driving-licence-renewal";
/// 25 years old, plus level.
pub(crate) const RESIDENT: &str = "cheung-ka-yan";
/// Somebody else of plus level.
pub(crate) const STRANGER: &str = "pang-lok-yi";
/// A third person of plus level.
pub(crate) const NEIGHBOUR: &str = "siu-hoi-yan";
pub(crate) const OFFICER: &str = "td-officer";

/// Pages of one application before a test gives up.
const PAGES: usize = 12;

/// A renewal by a holder under 60 whose licence ends two months after the tests' morning.
pub(crate) const RENEWAL: &[(&str, &str)] = &[
    ("licence_no", "Q311117"),
    ("classes", "1"),
    ("classes", "2"),
    ("expiry-day", "22"),
    ("expiry-month", "1"),
    ("expiry-year", "2027"),
    ("disease", "no"),
    ("residential_address-flat", "B"),
    ("residential_address-floor", "12"),
    ("residential_address-building", "Sample House"),
    ("residential_address-street", "1 Sample Street"),
    ("residential_address-district", "sha_tin"),
    ("address_changed", "no"),
    ("other_correspondence", "no"),
    ("mobile", "61230001"),
    ("email", "somebody@example.com"),
    ("truth", "yes"),
];

/// Signs in and starts a renewal with the facts the government holds; ends at the first question.
pub(crate) async fn begin(browser: &mut Browser<'_>, key: &str) -> Answer {
    let path = format!("/en/services/{SERVICE}");
    let page = browser.sign_in(key, &path).await.unwrap();
    let known = browser.fill(&page, "/start", &[]).await.unwrap();
    browser
        .fill(&known, "/known", &[("fill", "yes")])
        .await
        .unwrap()
}

/// The address of the draft that `page` belongs to.
pub(crate) fn draft_of(page: &Answer) -> String {
    page.path.split('/').take(4).collect::<Vec<_>>().join("/")
}

/// Goes on answering until the page called `wanted` is open.
pub(crate) async fn answer_up_to(browser: &mut Browser<'_>, first: Answer, wanted: &str) -> Answer {
    let mut page = first;
    for _ in 0..PAGES {
        if page.path.ends_with(&format!("/{wanted}")) {
            return page;
        }
        let here = page.path.clone();
        page = browser.fill(&page, &here, RENEWAL).await.unwrap();
        assert_ne!(page.path, here, "not accepted: {}", page.words());
    }
    panic!("{wanted} was never reached; the last page is {}", page.path);
}

/// Answers everything and checks it; ends at the bill.
pub(crate) async fn answer_all(browser: &mut Browser<'_>, first: Answer) -> Answer {
    let check = answer_up_to(browser, first, "check").await;
    let bill = browser.fill(&check, "/check", &[]).await.unwrap();
    assert!(
        bill.path.contains("/pay/"),
        "no bill: {} {}",
        bill.path,
        bill.words()
    );
    bill
}

/// Pays at the simulated bank; ends at the page that asks for the signature.
pub(crate) async fn pay(
    app: &App,
    browser: &mut Browser<'_>,
    bill: &Answer,
    draft: &str,
) -> Answer {
    let action = bill.path.split('?').next().unwrap();
    let bank = browser
        .fill(bill, action, &[("method", "card")])
        .await
        .unwrap();
    assert!(
        bank.path.contains("/sandbox-bank/"),
        "no bank: {} {}",
        bank.path,
        bank.words()
    );
    let path = bank.form("").unwrap().action;
    browser
        .fill(&bank, &path, &[("choice", "approve")])
        .await
        .unwrap();
    app.settle().await.unwrap();
    browser.get(&format!("{draft}/sign")).await.unwrap()
}

/// Asks for the signature, signs on the simulated phone; ends at the page with the reference.
pub(crate) async fn sign(browser: &mut Browser<'_>, key: &str, ready: &Answer) -> Answer {
    let waiting = browser.fill(ready, "/sign", &[]).await.unwrap();
    let done = browser.approve(key, &waiting).await.unwrap();
    assert!(
        done.path.ends_with("/done"),
        "not submitted: {} {}",
        done.path,
        done.words()
    );
    done
}

/// The reference in the address of a page of an application.
pub(crate) fn reference_of(page: &Answer) -> String {
    page.path.split('/').nth(3).unwrap().to_owned()
}

/// A whole renewal. Returns the page with the reference and the address of the draft it was.
pub(crate) async fn renew(app: &App, browser: &mut Browser<'_>, key: &str) -> (Answer, String) {
    let first = begin(browser, key).await;
    let draft = draft_of(&first);
    let bill = answer_all(browser, first).await;
    let ready = pay(app, browser, &bill, &draft).await;
    let done = sign(browser, key, &ready).await;
    (done, draft)
}

/// An officer signs in, finds the case in the inbox and opens it with a reason.
pub(crate) async fn open_case(browser: &mut Browser<'_>, key: &str, reference: &str) -> Answer {
    let inbox = browser.sign_in(key, "/en/desk").await.unwrap();
    let html = inbox.text();
    let before = html.split(reference).next().unwrap();
    assert_ne!(
        before.len(),
        html.len(),
        "{reference} is not in the inbox: {}",
        inbox.words()
    );
    let href = before
        .rsplit("href=\"")
        .next()
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let reason = browser.get(href).await.unwrap();
    browser
        .fill(&reason, "/open", &[("why", "work")])
        .await
        .unwrap()
}

/// An officer takes an action of the case.
pub(crate) async fn act(browser: &mut Browser<'_>, case: &Answer, action: &str) -> Answer {
    let ask = browser
        .get(&format!("{}/actions/{action}", case.path))
        .await
        .unwrap();
    browser
        .fill(&ask, &format!("/actions/{action}"), &[])
        .await
        .unwrap()
}

/// What the page's script does while a person writes: the answers go ahead, on the revision it knows.
pub(crate) async fn autosave(
    browser: &mut Browser<'_>,
    page: &Answer,
    revision: &str,
    answers: &[(&str, &str)],
) -> Answer {
    let html = page.text();
    let path = html
        .split("data-autosave=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap();
    let body = serde_json::json!({
        "revision": revision.parse::<i64>().unwrap(), "lang": "en", "fields": answers,
    });
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .header("x-csrf-token", testkit::hidden(&html, "csrf").unwrap())
        .body(Body::from(body.to_string()))
        .unwrap();
    browser.send(request).await.unwrap()
}
