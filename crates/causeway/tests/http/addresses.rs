//! An address and the bill that shows it: typed on a page, kept, downloaded, and handed to an application.

use identity::Decision;
use serde_json::json;
use testkit::{
    Answer, App, Browser,
    hongkong::{Department, Letterbox},
};

use crate::{
    hongkong::{FORM, about, login, on_phone},
    journey::RESIDENT,
};

/// The form that is filled in: the page has another one that removes the address.
const FORM_OF_PAGE: &str = "/profile/residential_address?kind=premises_en";
/// Every part that a page asks for.
const TYPED: [(&str, &str); 16] = [
    ("value-flat", "A"),
    ("value-floor", "3"),
    ("value-block", "2"),
    ("value-building", "Sample House"),
    ("value-number_from", "12"),
    ("value-number_to", "14"),
    ("value-street", "Sample Road"),
    ("value-district", "Sha Tin"),
    ("value-area", "nt"),
    ("value-estate", "Example Garden"),
    ("value-phase", "1"),
    ("value-sub_district", "Tai Wai"),
    ("value-dd", "123"),
    ("value-lot", "456RP"),
    ("value-section", "A"),
    ("value-subsection", "1"),
];

async fn page(browser: &mut Browser<'_>, lang: &str) -> Answer {
    browser
        .get(&format!("/{lang}{FORM_OF_PAGE}"))
        .await
        .unwrap()
}

#[tokio::test]
async fn every_part_of_an_address_is_typed_kept_shown_and_handed_over() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    browser.sign_in(RESIDENT, "/en/profile").await.unwrap();
    let form = page(&mut browser, "en").await;
    let saved = browser.fill(&form, FORM_OF_PAGE, &TYPED).await.unwrap();
    for line in [
        "Flat A, 3/F, Block 2",
        "Phase 1, Example Garden",
        "12-14 Sample Road",
        "Lot 456RP S.A ss.1 in D.D. 123",
        "Tai Wai, Sha Tin, New Territories",
    ] {
        assert!(saved.says(line), "{line}: {}", saved.words());
    }
    let again = page(&mut browser, "en").await.text();
    for (name, value) in TYPED.iter().filter(|(name, _)| *name != "value-area") {
        let held = format!("name=\"{name}\" type=\"text\" value=\"{value}\"");
        assert!(again.contains(&held), "{held}");
    }
    assert_eq!(again.matches("<details open>").count(), 2);
    let file = browser.get("/en/my-data/file").await.unwrap();
    assert!(file.text().contains("12-14 Sample Road, Lot 456RP"));

    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    let asked = json!({
        "formName": "Parking permit", "formNum": "TD 1", "formDesc": "A year",
        "profileFields": [], "eMEFields": ["residentialAddress"],
    });
    let asked = about(&holder, "b-address", asked);
    let reply = department.call(FORM, &asked).await.unwrap();
    assert_eq!(reply.code, "D00000", "{}", reply.message);
    on_phone(&app, RESIDENT, Decision::Approve).await;
    let heard = letterbox.heard();
    let (_, _, content) = department.open_callback(&heard[0]).unwrap();
    let premises = &content["residentialAddress"]["EngPremisesAddress"];
    assert_eq!(premises["EngEstate"]["EngPhase"]["PhaseName"], "1");
    assert_eq!(premises["EngStreet"]["BuildingNoTo"], "14");
    assert_eq!(premises["EngDistrict"]["Sub-district"], "Tai Wai");
    assert_eq!(premises["Lot"]["LotNo"], "456RP");
}

#[tokio::test]
async fn a_refused_address_keeps_what_was_typed_and_says_what_to_do() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    browser.sign_in(RESIDENT, "/en/profile").await.unwrap();
    let form = page(&mut browser, "en").await;
    let rare = [
        "<details open>",
        "Write the number of the demarcation district",
    ];
    assert!(
        !form.text().contains(rare[0]),
        "what is rare is folded away"
    );
    let mut typed = TYPED.to_vec();
    typed.retain(|(name, _)| !["value-dd", "value-number_from"].contains(name));
    typed.extend([("value-dd", ""), ("value-number_from", "20")]);
    let refused = browser.fill(&form, FORM_OF_PAGE, &typed).await.unwrap();
    assert_eq!(refused.status, 422);
    for words in [
        rare[0],
        rare[1],
        "Write the smaller number first",
        "href=\"#value-dd\"",
    ] {
        assert!(refused.text().contains(words), "{words}");
    }
    for kept in ["456RP", "Example Garden", "value=\"20\"", "Tai Wai"] {
        assert!(refused.text().contains(kept), "{kept}");
    }
    let chinese = page(&mut browser, "tc").await;
    let refused = browser.fill(&chinese, FORM_OF_PAGE, &typed).await.unwrap();
    assert!(refused.says("請填寫丈量約份編號"), "{}", refused.words());
}

async fn give(browser: &mut Browser<'_>, provider: &str, (name, bytes): (&str, &[u8])) -> Answer {
    let form = browser.get("/en/profile/address-proof").await.unwrap();
    let dated = [
        ("provider", provider),
        ("dated-day", "20"),
        ("dated-month", "11"),
        ("dated-year", "2026"),
    ];
    browser
        .post_file(
            &form,
            "/en/profile/address-proof",
            &dated,
            ("file", name, bytes),
        )
        .await
        .unwrap()
}

#[tokio::test]
async fn a_bill_names_its_provider_and_only_a_pdf_is_handed_over() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    browser.sign_in(RESIDENT, "/en/profile").await.unwrap();
    let pdf: &[u8] = b"%PDF-1.7 a bill";
    let refused = give(&mut browser, "", ("bill.pdf", pdf)).await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("Choose whose paper it is"));
    assert!(
        refused.text().contains("value=\"2026\""),
        "the date is kept"
    );
    let letterbox = Letterbox::open().await.unwrap();
    let department = Department::register(&app, "td-parking", &letterbox.address)
        .await
        .unwrap();
    let holder = login(&app, &department, RESIDENT).await;
    for (business, provider, file, expected) in [
        ("b-pdf", "clp", ("bill.pdf", pdf), json!("clp")),
        ("b-bank", "other", ("bank.pdf", pdf), json!(null)),
        (
            "b-photo",
            "wsd",
            ("bill.jpg", b"\xff\xd8\xff a photo".as_slice()),
            json!(null),
        ),
    ] {
        let saved = give(&mut browser, provider, file).await;
        assert!(saved.says(file.0), "{}", saved.words());
        let asked = json!({
            "formName": "Parking permit", "formNum": "TD 1", "formDesc": "A year",
            "profileFields": [], "eMEFields": ["addressDocInfo", "addressDocFile"],
        });
        let asked = about(&holder, business, asked);
        let reply = department.call(FORM, &asked).await.unwrap();
        assert_eq!(reply.code, "D00000", "{}", reply.message);
        on_phone(&app, RESIDENT, Decision::Approve).await;
        let heard = letterbox.heard();
        let (_, _, content) = department.open_callback(&heard[0]).unwrap();
        assert_eq!(content["addressDocInfo"]["provider"], expected, "{content}");
        let is_handed = content.get("addressDocFile").is_some();
        assert_eq!(is_handed, business != "b-photo", "{content}");
    }
    let page = browser.get("/en/profile/address-proof").await.unwrap();
    assert!(
        page.says("Bill of Water Supplies Department"),
        "{}",
        page.words()
    );
    assert!(page.says("This is a photo"));
    let file = browser.get("/en/my-data/file").await.unwrap();
    let data: serde_json::Value = serde_json::from_slice(&file.body).unwrap();
    assert_eq!(data["proof"][0]["provider"], "Water Supplies Department");
}
