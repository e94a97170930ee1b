//! Who sees what, and what everybody else is told.

use axum::http::StatusCode;
use testkit::{Answer, App, Browser};

use crate::{
    files,
    journey::{self, NEIGHBOUR, OFFICER, RESIDENT, STRANGER},
};

#[tokio::test]
async fn a_wrong_role_is_told_which_role_is_needed() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    resident
        .sign_in(RESIDENT, "/en/applications")
        .await
        .unwrap();
    let desk = resident.get("/en/desk").await.unwrap();
    assert_eq!(desk.status, StatusCode::FORBIDDEN);
    assert!(
        desk.words().contains("It needs the role officer"),
        "{}",
        desk.words()
    );

    let mut officer = app.browser();
    officer.sign_in(OFFICER, "/en/desk").await.unwrap();
    let packs = officer.get("/en/desk/audit").await.unwrap();
    assert_eq!(packs.status, StatusCode::FORBIDDEN, "{}", packs.words());
    assert!(
        packs.words().contains("It needs the role"),
        "{}",
        packs.words()
    );
    let mine = officer.get("/tc/applications").await.unwrap();
    assert_eq!(mine.status, StatusCode::FORBIDDEN);
    assert!(mine.words().contains("需要市民的職務"), "{}", mine.words());
}

/// Sends a file with `page` and returns the address of the document it became.
async fn document_of(owner: &mut Browser<'_>, page: &Answer) -> String {
    let with_file = files::send(owner, page, "bill.pdf", files::PDF).await;
    let html = with_file.text();
    let document = html.split("name=\"remove_file\"").nth(1).unwrap();
    let document = document
        .split("value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    format!("/en/documents/{document}")
}

#[tokio::test]
async fn somebody_elses_draft_and_document_do_not_exist() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let page = files::proof_page(&mut owner, RESIDENT).await;
    let document = document_of(&mut owner, &page).await;
    let open_draft = journey::draft_of(&page);
    app.settle().await.unwrap();
    let own = owner.get(&document).await.unwrap();
    assert_ne!(own.status, StatusCode::NOT_FOUND, "{}", own.words());

    let mut neighbour = app.browser();
    let (done, draft) = journey::renew(&app, &mut neighbour, NEIGHBOUR).await;
    app.settle().await.unwrap();
    let reference = journey::reference_of(&done);
    let application = neighbour
        .get(&format!("/en/applications/{reference}"))
        .await
        .unwrap();
    let html = application.text();
    let bill = html
        .split("href=\"")
        .find(|part| part.contains("/pay/"))
        .unwrap();
    let bill = bill.split('"').next().unwrap().to_owned();

    let mut stranger = app.browser();
    stranger
        .sign_in(STRANGER, "/en/applications")
        .await
        .unwrap();
    let nobodys = format!("/en/drafts/{}", app.system.store.env().id::<testkit::App>());
    let nothing = stranger.get(&nobodys).await.unwrap();
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let paths = [
        draft,
        format!("{open_draft}/check"),
        open_draft.clone(),
        format!("/en/applications/{reference}"),
        format!("/en/applications/{reference}/done"),
        bill,
        document,
    ];
    for path in paths {
        let answer = stranger.get(&path).await.unwrap();
        assert_eq!(
            answer.status,
            StatusCode::NOT_FOUND,
            "{path}: {}",
            answer.words()
        );
        assert!(
            !answer.says("Sample House") && !answer.says("SIU Hoi Yan"),
            "{path}"
        );
    }
    let somebodys = stranger.get(&open_draft).await.unwrap();
    let said = |answer: &Answer| answer.words().split("request").next().unwrap().to_owned();
    assert_eq!(
        said(&somebodys),
        said(&nothing),
        "a stranger can tell the two apart"
    );
}

#[tokio::test]
async fn the_desk_leads_everybody_to_their_work() {
    let app = App::start().await.unwrap();
    for (key, place) in [
        ("td-officer", "/en/desk"),
        ("td-owner", "/en/desk/packs"),
        ("operator", "/en/desk/overview"),
    ] {
        let mut browser = app.browser();
        let first = browser.sign_in(key, "/en/desk").await.unwrap();
        assert_eq!(first.status, StatusCode::OK, "{key}: {}", first.words());
        assert_eq!(first.path.split('?').next().unwrap(), place, "{key}");
    }
}
