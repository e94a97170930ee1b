//! What the platform holds of a person is all told to that person, as a page and as a file.

use identity::{NewAddressProof, Person};
use kernel::Id;
use testkit::{App, Browser};

use crate::{devices, journey::NEIGHBOUR, openid};

/// A paper for the address, as the profile's page keeps it.
async fn paper(app: &App, who: Id<Person>, bytes: &[u8]) {
    let new = NewAddressProof {
        file_name: "bill.pdf".to_owned(),
        media_type: "application/pdf",
        provider: Some(identity::Utility::Towngas),
        dated: app.system.store.env().today(),
        bytes: bytes.to_vec(),
    };
    let vault = app.system.keys.vault();
    identity::put_address_proof(&app.system.store, &vault, who, new)
        .await
        .unwrap();
}

/// Sections that this person has something in.
const FILLED: [&str; 11] = [
    "account",
    "profile",
    "versions",
    "proof",
    "phone",
    "browsers",
    "recoveries",
    "approvals",
    "connections",
    "signings",
    "looks",
];
/// Sections that may be empty.
const OTHERS: [&str; 10] = [
    "passkeys",
    "changes",
    "consents",
    "companies",
    "children",
    "applications",
    "drafts",
    "licences",
    "bills",
    "messages",
];

/// Something in every part: what clients read, a paper, a recovery, two changes of a field.
async fn lived(app: &App, browser: &mut Browser<'_>) {
    openid::every_endpoint(app).await;
    let person = identity::demo::find(NEIGHBOUR).unwrap();
    let vault = app.system.keys.vault();
    let owner = identity::find_person_by_hkid(&app.system.store, &vault, &person.hkid);
    let who = owner.await.unwrap().unwrap().id;
    paper(app, who, b"%PDF-1.7 a bill").await;
    devices::code(app, person.hkid.as_str()).await;
    browser.sign_in(NEIGHBOUR, "/en/profile").await.unwrap();
    for value in ["61239999", "61238888"] {
        let form = browser.get("/en/profile/mobile").await.unwrap();
        let typed = [("value", value)];
        browser
            .fill(&form, "/profile/mobile", &typed)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn every_part_of_what_is_held_is_in_the_file_and_on_the_page() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    lived(&app, &mut browser).await;
    let file = browser.get("/en/my-data/file").await.unwrap();
    let data: serde_json::Value = serde_json::from_slice(&file.body).unwrap();
    let page = browser.get("/en/my-data").await.unwrap();
    for section in FILLED {
        let items = data[section].as_array();
        assert!(
            items.is_some_and(|all| !all.is_empty()),
            "{section}: {data}"
        );
        assert!(
            page.text().contains(&format!("id=\"{section}\"")),
            "{section}"
        );
    }
    for section in OTHERS {
        assert!(data[section].is_array(), "{section}");
    }
    assert!(data["versions"].to_string().contains("61239999"));
    let content = data["proof"][0]["content"].as_str().unwrap();
    assert_eq!(
        trust::base64url::decode(content).unwrap(),
        b"%PDF-1.7 a bill"
    );
    assert_eq!(data["recoveries"][0]["reason"], "Phone lost in a taxi");
    let signings = data["signings"].as_array().unwrap();
    let signed = signings
        .iter()
        .find(|one| one["signed"].is_string())
        .unwrap();
    for part in [
        "certificate",
        "chain",
        "status_answer",
        "time_stamp",
        "approval",
    ] {
        assert!(
            signed[part].as_str().is_some_and(|text| text.len() > 40),
            "{part}: {signed}"
        );
    }
    assert!(page.says("whole in the file"), "{}", page.words());
}
