//! Limits as people meet them: an office, a housing estate or a mobile network is one address.

use causeway::Knobs;
use testkit::{App, Browser};

use crate::journey::{NEIGHBOUR, RESIDENT};

/// People who sign in within one minute; each looks at the waiting page a few times.
const PEOPLE: usize = 150;
const LOOKS: usize = 8;

#[tokio::test]
async fn hundreds_of_people_behind_one_address_sign_in_within_a_minute() {
    let name = format!("causeway-limits-{}", std::process::id());
    let knobs = Knobs {
        has_rate_limits: true,
        records_answers: false,
    };
    let app = App::open(std::env::temp_dir().join(name), 4_200, knobs)
        .await
        .unwrap();
    // The clock of the test stands still: all of this is one moment.
    let mut people: Vec<(Browser<'_>, _)> = Vec::new();
    for _ in 0..PEOPLE {
        let mut browser = app.browser();
        let waiting = browser.get("/en/sign-in?next=/en").await.unwrap();
        assert!(waiting.path.contains("/approvals/"), "{}", waiting.words());
        people.push((browser, waiting));
    }
    for (number, (browser, waiting)) in people.iter_mut().enumerate() {
        for _ in 0..LOOKS {
            let still = browser.get(&waiting.path).await.unwrap();
            assert!(still.status.is_success(), "{}", still.words());
        }
        let key = if number % 2 == 0 { NEIGHBOUR } else { RESIDENT };
        let page = browser.approve(key, waiting).await.unwrap();
        assert!(page.status.is_success(), "{number}: {}", page.words());
        assert!(!page.path.contains("/approvals/"), "{}", page.words());
    }
}
