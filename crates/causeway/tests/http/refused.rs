//! Who cannot apply is told on the next page, not after the last one.

use testkit::App;

use crate::journey::{RESIDENT, draft_of};

const MOTOR_CYCLE: &[(&str, &str)] = &[
    ("owner_type", "person"),
    ("mark", "AB1234"),
    ("vehicle_class", "motor_cycle"),
    ("fuel", "petrol"),
    ("engine_cc", "250"),
    ("made-day", "1"),
    ("made-month", "6"),
    ("made-year", "2024"),
    ("expiry-day", "20"),
    ("expiry-month", "12"),
    ("expiry-year", "2026"),
    ("months", "12"),
];

/// Pages up to the one that decides, and some.
const PAGES: usize = 5;

#[tokio::test]
async fn a_row_of_the_fee_that_refuses_is_told_at_once() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let service = "/en/services/td-vehicle-licence-renewal";
    let page = resident.sign_in(RESIDENT, service).await.unwrap();
    let known = resident.fill(&page, "/start", &[]).await.unwrap();
    let mut page = resident
        .fill(&known, "/known", &[("fill", "yes")])
        .await
        .unwrap();
    let draft = draft_of(&page);
    let refusal = "The fee for this vehicle is not held here";
    for _ in 0..PAGES {
        if page.says(refusal) {
            break;
        }
        let here = page.path.clone();
        page = resident.fill(&page, &here, MOTOR_CYCLE).await.unwrap();
    }
    assert!(page.path.ends_with("/vehicle"), "{}", page.path);
    assert!(page.says(refusal), "{}", page.words());

    let check = resident.get(&format!("{draft}/check")).await.unwrap();
    assert!(check.says(refusal), "{}", check.words());
    assert!(check.form("/check").is_err(), "it can be sent all the same");
}
