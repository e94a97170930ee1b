//! Files that cannot be taken in, and why.

use testkit::{Answer, App, Browser};

use crate::journey::{self, RESIDENT};

pub(crate) const PDF: &[u8] =
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// Opens the page about the address with the question for a proof of it.
pub(crate) async fn proof_page(browser: &mut Browser<'_>, key: &str) -> Answer {
    let first = journey::begin(browser, key).await;
    let page = journey::answer_up_to(browser, first, "address").await;
    let changed = [
        ("residential_address-building", "Sample House"),
        ("residential_address-street", "1 Sample Street"),
        ("residential_address-district", "sha_tin"),
        ("address_changed", "yes"),
        ("other_correspondence", "no"),
    ];
    browser.fill(&page, &page.path, &changed).await.unwrap();
    let page = browser.get(&page.path).await.unwrap();
    assert!(
        page.says("name=\"address_proof\""),
        "no question for a file: {}",
        page.words()
    );
    page
}

/// Sends the page as it stands with a file.
pub(crate) async fn send(
    browser: &mut Browser<'_>,
    page: &Answer,
    name: &str,
    bytes: &[u8],
) -> Answer {
    let sheet = page.form("/address").unwrap();
    let mut fields: Vec<(&str, &str)> = sheet
        .values
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    fields.retain(|(name, _)| *name != "csrf");
    fields.push(("upload", "address_proof"));
    browser
        .post_file(page, &sheet.action, &fields, ("address_proof", name, bytes))
        .await
        .unwrap()
}

#[tokio::test]
async fn an_oversize_upload_is_refused_in_words() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let page = proof_page(&mut browser, RESIDENT).await;
    let mut large = PDF.to_vec();
    large.resize(6 * 1024 * 1024, b' ');
    let refused = send(&mut browser, &page, "bill.pdf", &large).await;
    assert!(
        refused.words().contains("too large"),
        "{} {}",
        refused.status,
        refused.words()
    );
    assert!(
        refused.says("Sample House"),
        "the answers are gone: {}",
        refused.words()
    );

    large.resize(60 * 1024 * 1024, b' ');
    let refused = send(&mut browser, &page, "bill.pdf", &large).await;
    assert!(
        refused.words().contains("too large"),
        "{} {}",
        refused.status,
        refused.words()
    );
    let page = browser.get(&page.path).await.unwrap();
    assert!(page.says("Sample House"), "the saved answers are gone");

    let taken = send(&mut browser, &page, "bill.pdf", PDF).await;
    assert!(
        taken.says("bill.pdf"),
        "a right file is taken: {}",
        taken.words()
    );
}

#[tokio::test]
async fn a_disguised_upload_is_refused_in_words() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let page = proof_page(&mut browser, RESIDENT).await;
    let program = b"MZ\x90\x00This program cannot be run in DOS mode.";
    let refused = send(&mut browser, &page, "picture.png", program).await;
    assert!(
        refused
            .words()
            .contains("not the kind of file it says it is"),
        "{}",
        refused.words()
    );
    assert!(
        !refused.words().contains("picture.png"),
        "nothing of it is kept"
    );
    assert!(
        refused.says("Sample House"),
        "the answers are gone: {}",
        refused.words()
    );
}

/// The person keeps a paper with their address, of so many days ago.
async fn keep_paper(app: &App, key: &str, days: i64) {
    let (store, vault) = (&app.system.store, app.system.keys.vault());
    let phone = identity::demo::phone(store, &vault, key).await.unwrap();
    let new = identity::NewAddressProof {
        file_name: "bill.pdf".to_owned(),
        media_type: "application/pdf",
        provider: None,
        dated: store.env().today().plus_days(-days),
        bytes: PDF.to_vec(),
    };
    identity::put_address_proof(store, &vault, phone.person.id, new)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_paper_a_person_keeps_answers_a_question_for_one_like_an_upload() {
    let app = App::start().await.unwrap();
    keep_paper(&app, RESIDENT, 10).await;
    let mut browser = app.browser();
    let page = proof_page(&mut browser, RESIDENT).await;
    assert!(
        page.says("bill.pdf, dated 13 November 2026"),
        "{}",
        page.words()
    );
    let used = [("use_kept", "address_proof")];
    let done = browser.fill(&page, "/address", &used).await.unwrap();
    assert!(
        done.says("Received files") && done.says("bill.pdf"),
        "{}",
        done.words()
    );
    assert!(!done.says("Use the paper you keep"), "it is there already");
    let looked = browser.get("/en/who-looked").await.unwrap();
    assert!(looked.says("Transport Department"), "{}", looked.words());
    // A question that asks for something else is not answered by it.
    let revision = testkit::hidden(&done.text(), "revision").unwrap();
    let other = [("revision", revision.as_str()), ("use_kept", "email")];
    let refused = browser.post(&done, &done.path, &other).await.unwrap();
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn an_old_paper_and_somebody_elses_are_not_offered() {
    let app = App::start().await.unwrap();
    keep_paper(&app, journey::STRANGER, 10).await;
    keep_paper(&app, RESIDENT, identity::PROOF_DAYS).await;
    let mut browser = app.browser();
    let page = proof_page(&mut browser, RESIDENT).await;
    assert!(page.says("Use the paper you keep"), "the last day counts");
    app.clock.advance(std::time::Duration::from_secs(86_400));
    let mut later = app.browser();
    later.sign_in(RESIDENT, "/en/applications").await.unwrap();
    let page = later.get(&page.path).await.unwrap();
    assert!(!page.says("Use the paper you keep"), "{}", page.words());
}
