//! What is not known is not shown as nothing: fees, promised times, appeals, booking.

use testkit::App;

async fn page_of(service: &str) -> String {
    let app = App::start().await.unwrap();
    let mut visitor = app.browser();
    let page = visitor
        .get(&format!("/en/services/{service}"))
        .await
        .unwrap();
    page.words()
}

#[tokio::test]
async fn a_fee_collected_by_the_department_is_not_called_free() {
    let words = page_of("had-hotel-guesthouse-licence").await;
    assert!(words.contains("You pay nothing here."), "{words}");
    assert!(words.contains("tells you and collects it"), "{words}");
    assert!(!words.contains("Free of charge"), "{words}");
    assert!(
        words.contains("The time the department promises is not held here"),
        "{words}"
    );
}

#[tokio::test]
async fn no_time_is_shown_where_none_is_promised() {
    let words = page_of("ofca-amateur-station-licence").await;
    assert!(words.contains("promises no time"), "{words}");
}

#[tokio::test]
async fn a_scheme_whose_time_is_over_says_so() {
    let words = page_of("fso-cash-payout-scheme").await;
    assert!(
        words.contains("Registration closed on 31 December 2021"),
        "{words}"
    );
}

#[tokio::test]
async fn a_service_that_needs_booking_says_that_booking_comes_later() {
    let unpacked = page_of("td-driving-test-appointment").await;
    assert!(
        unpacked.contains("booking of a time or place"),
        "{unpacked}"
    );
    assert!(
        unpacked.contains("Booking comes to Causeway later"),
        "{unpacked}"
    );
    let packed = page_of("td-lantau-closed-road-permit").await;
    assert!(
        packed.contains("Causeway cannot book a time or place yet"),
        "{packed}"
    );
}
