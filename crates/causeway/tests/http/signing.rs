//! A resident signs a PDF with the phone, anybody checks it, and what the platform writes leaves
//! sealed.

use std::{path::Path, process::Command};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use testkit::{Answer, App, Browser};

use crate::{
    journey::{self, RESIDENT, STRANGER},
    whole,
};

const PAGE: &[u8] = include_bytes!("../../../paper/src/samples/table.pdf");
const LOCKED: &[u8] = include_bytes!("../../../paper/src/samples/encrypted.pdf");

async fn check(browser: &mut Browser<'_>, lang: &str, file: &[u8]) -> Answer {
    let path = format!("/{lang}/verify/document");
    let page = browser.get(&path).await.unwrap();
    browser
        .post_file(&page, &path, &[], ("document", "a.pdf", file))
        .await
        .unwrap()
}

pub(crate) async fn signed(browser: &mut Browser<'_>) -> (String, Vec<u8>) {
    let start = browser.sign_in(RESIDENT, "/en/sign").await.unwrap();
    let see = browser
        .post_file(&start, "/en/sign", &[], ("document", "tenancy.pdf", PAGE))
        .await
        .unwrap();
    assert!(see.says("tenancy.pdf"), "{}", see.words());
    let here = see.path.clone();
    let brought = browser.get(&format!("{here}/file")).await.unwrap();
    assert_eq!(brought.body, PAGE, "what you see is what you sign");
    let early = browser.get(&format!("{here}/signed")).await.unwrap();
    assert_eq!(early.status, StatusCode::NOT_FOUND);
    let waiting = browser.fill(&see, &here, &[]).await.unwrap();
    assert!(waiting.says("tenancy.pdf"), "the same name on both screens");
    let done = browser.approve(RESIDENT, &waiting).await.unwrap();
    assert!(done.says("Your document is signed"), "{}", done.words());
    let file = browser.get(&format!("{here}/signed")).await.unwrap();
    (here, file.body.to_vec())
}

#[tokio::test]
async fn a_resident_signs_a_pdf_and_anybody_can_check_it() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let (here, file) = signed(&mut resident).await;
    assert!(
        file.starts_with(PAGE),
        "not one byte of the document changed"
    );
    let mut anybody = app.browser();
    let good = check(&mut anybody, "en", &file).await;
    assert!(good.says("Genuine and unchanged"), "{}", good.words());
    assert!(
        good.says("CHEUNG Ka Yan") && good.says("B-LT"),
        "{}",
        good.words()
    );
    assert!(!good.says("Q311117"), "no card number in a certificate");
    let good = check(&mut anybody, "tc", &file).await;
    assert!(
        good.says("真確且未經更改") && good.says("張嘉欣"),
        "{}",
        good.words()
    );
    let good = check(&mut anybody, "sc", &file).await;
    assert!(good.says("真确且未经更改"), "{}", good.words());
    let mut changed = file.clone();
    let place = changed
        .windows(7)
        .position(|part| part == b"tenancy")
        .unwrap();
    changed[place] = b'T';
    let bad = check(&mut anybody, "en", &changed).await;
    assert!(bad.says("is not as it was"), "{}", bad.words());
    let unsigned = check(&mut anybody, "en", PAGE).await;
    assert!(
        unsigned.says("Nobody has signed it"),
        "{}",
        unsigned.words()
    );
    let mut stranger = app.browser();
    stranger.sign_in(STRANGER, "/en/sign").await.unwrap();
    for part in ["", "/file", "/signed"] {
        let other = stranger.get(&format!("{here}{part}")).await.unwrap();
        assert_eq!(other.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn what_cannot_be_signed_or_checked_says_why() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let start = resident.sign_in(RESIDENT, "/en/sign").await.unwrap();
    for (file, words) in [(LOCKED, "has a password"), (b"GIF89a", "is not a PDF")] {
        let refused = resident
            .post_file(&start, "/en/sign", &[], ("document", "a.pdf", file))
            .await
            .unwrap();
        assert!(refused.says(words), "{}", refused.words());
    }
    let mut anybody = app.browser();
    let refused = check(&mut anybody, "en", b"hello").await;
    assert!(
        refused.says("no kind of signed file"),
        "{}",
        refused.words()
    );
    let refused = check(&mut anybody, "en", LOCKED).await;
    assert!(refused.says("has a password"), "{}", refused.words());
}

#[tokio::test]
async fn letters_and_receipts_leave_sealed() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let reference = whole::whole(&app, &mut resident).await;
    let page = resident
        .get(&format!("/en/applications/{reference}"))
        .await
        .unwrap();
    let text = page.text();
    let links: Vec<&str> = text
        .split("href=\"")
        .filter_map(|part| part.split('"').next())
        .filter(|link| link.contains("/receipt/") || link.contains("/documents/"))
        .collect();
    let mut sealed = 0;
    for link in links {
        let file = resident.get(link).await.unwrap();
        if !file.body.starts_with(b"%PDF") {
            continue;
        }
        let mut anybody = app.browser();
        let good = check(&mut anybody, "en", &file.body).await;
        assert!(
            good.says("Genuine and unchanged"),
            "{link}: {}",
            good.words()
        );
        assert!(good.says("Causeway document seal"), "{}", good.words());
        sealed += 1;
    }
    assert!(sealed >= 1, "no sealed paper on {}", page.words());
    let _ = journey::SERVICE;
}

#[tokio::test]
async fn the_time_stamp_authority_answers_whatever_it_is_sent() {
    let app = App::start().await.unwrap();
    let mut anybody = app.browser();
    let post = |path: &str, body: Vec<u8>| {
        Request::builder()
            .method("POST")
            .uri(path)
            .header(header::CONTENT_TYPE, "application/timestamp-query")
            .body(Body::from(body))
            .unwrap()
    };
    // A request over SHA-256 of nothing, as `openssl ts -query` writes it.
    let mut query = vec![0x30, 0x39, 2, 1, 1, 0x30, 0x31, 0x30, 0x0d, 6, 9];
    query.extend([0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20]);
    query.extend(trust::digest::sha256(""));
    query.extend([1, 1, 0xff]);
    let answer = anybody.send(post("/tsa", query)).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "application/timestamp-reply"
    );
    assert!(
        answer.body.len() > 500,
        "a token: {} bytes",
        answer.body.len()
    );
    let refused = anybody.send(post("/tsa", b"junk".to_vec())).await.unwrap();
    assert_eq!(refused.status, StatusCode::OK);
    assert!(refused.body.len() < 40, "a refusal");
    let long = anybody.send(post("/tsa", vec![0; 20_000])).await.unwrap();
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    let status = anybody
        .send(post("/trust/status", b"junk".to_vec()))
        .await
        .unwrap();
    assert_eq!(status.body, [0x30, 3, 0x0a, 1, 1][..], "malformedRequest");
    let own = anybody.get("/trust/authority").await.unwrap();
    assert_eq!(own.headers[header::CONTENT_TYPE], "application/pkix-cert");
    let absent = anybody.get("/trust/revoked/nobody").await.unwrap();
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}

/// What `causeway verify` answers of a file in `folder`, and whether it finds it good.
pub(crate) fn verified(folder: &Path, file: &str, more: &[&str]) -> (bool, String) {
    let file = folder.join(file);
    command(
        folder,
        &[&["verify", file.to_str().unwrap()], more].concat(),
    )
}

/// Whether a command over the data in `folder` succeeds, and what it says.
pub(crate) fn command(folder: &Path, words: &[&str]) -> (bool, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(words)
        .arg("--data")
        .arg(folder)
        .env("RUST_LOG", "error")
        .output()
        .unwrap();
    let said = [done.stdout, done.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    (done.status.success(), said)
}

#[tokio::test]
async fn who_signed_a_file_is_told_on_the_command_line_too() {
    let folder = std::env::temp_dir().join(format!("causeway-verify-{}", std::process::id()));
    let knobs = causeway::Knobs {
        has_rate_limits: false,
        records_answers: false,
    };
    let app = App::open(folder.clone(), 4_200, knobs).await.unwrap();
    let (_, file) = signed(&mut app.browser()).await;
    let mut changed = file.clone();
    let place = changed.windows(7).position(|part| part == b"tenancy");
    changed[place.unwrap()] = b'T';
    for (name, bytes) in [
        ("good.pdf", &file[..]),
        ("changed.pdf", &changed[..]),
        ("bare.pdf", PAGE),
        ("alone.p7s", b"\x30\x03\x02\x01\x01"),
        ("picture.gif", b"GIF89a"),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let (is_good, said) = verified(&folder, "good.pdf", &[]);
    assert!(is_good, "{said}");
    for words in ["Genuine and unchanged", "CHEUNG Ka Yan"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    for (name, words) in [
        ("changed.pdf", "is not as it was"),
        ("bare.pdf", "Nobody has signed it"),
        ("alone.p7s", "--content"),
        ("picture.gif", "cannot check"),
        ("missing.pdf", "cannot read"),
    ] {
        let (is_good, said) = verified(&folder, name, &[]);
        assert!(!is_good && said.contains(words), "{name}: {said}");
    }
}
