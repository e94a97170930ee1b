//! Who gets in, and what happens to the answers of those who do not.

use super::*;

#[tokio::test]
async fn a_visitor_is_sent_to_sign_in_and_comes_back() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let answer = browser.get(&world, "/tc/mine?page=2").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(
        answer.header("location"),
        "/tc/sign-in?next=%2Ftc%2Fmine%3Fpage%3D2"
    );
    let token = browser.get(&world, answer.header("location")).await.token();
    let signed = browser
        .post(
            &world,
            answer.header("location"),
            &format!("csrf={token}&role=resident"),
        )
        .await;
    assert_eq!(signed.header("location"), "/tc/mine?page=2");
    assert_eq!(browser.get(&world, "/tc/mine").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_role_is_told_which_role_is_needed() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let answer = browser.get(&world, "/en/desk").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(
        answer.text.contains("officer or supervisor"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("WEB-003"));
    let mut officer = Browser::default();
    officer.sign_in(&world, "officer").await;
    assert_eq!(officer.get(&world, "/en/desk").await.status, StatusCode::OK);
}

#[tokio::test]
async fn staff_are_sent_to_sign_in_at_the_desk() {
    let answer = World::new().await.get("/sc/desk").await;
    assert_eq!(
        answer.header("location"),
        "/sc/desk/sign-in?next=%2Fsc%2Fdesk"
    );
}

#[tokio::test]
async fn a_json_route_answers_a_visitor_with_a_problem() {
    let world = World::new().await;
    let answer = world.get("/api/me/7").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(problem["code"], "WEB-004");
    assert_eq!(problem["type"], "http://127.0.0.1:8080/en/errors#WEB-004");
}

#[tokio::test]
async fn a_post_without_the_sessions_token_keeps_its_answers() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let answer = browser
        .post(
            &world,
            "/en/form",
            "csrf=old&a=first%20answer&a=second&b=%3Cb%3E",
        )
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    for kept in [
        "value=\"first answer\"",
        "value=\"second\"",
        "value=\"&lt;b&gt;\"",
        "action=\"/en/form\"",
    ] {
        assert!(answer.text.contains(kept), "{kept} in {}", answer.text);
    }
    let token = answer.token();
    let again = browser
        .post(
            &world,
            "/en/form",
            &format!("csrf={token}&a=first%20answer&a=second"),
        )
        .await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.text.contains("a=first answer;a=second"));
}

#[tokio::test]
async fn another_browsers_token_is_not_accepted() {
    let world = World::new().await;
    let token = world.get("/en/form").await.token();
    let mut victim = Browser::default();
    victim.sign_in(&world, "resident").await;
    let answer = victim
        .post(&world, "/en/mine", &format!("csrf={token}&a=1"))
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_post_from_another_site_is_refused_even_with_a_good_token() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let token = browser.get(&world, "/en/mine").await.token();
    for (name, value, expected) in [
        ("sec-fetch-site", "cross-site", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-site", StatusCode::FORBIDDEN),
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("sec-fetch-site", "same-origin", StatusCode::OK),
        ("origin", "http://127.0.0.1:8080", StatusCode::OK),
    ] {
        let request = browser
            .request(&Method::POST, "/en/mine")
            .header(name, value)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("csrf={token}&a=1")))
            .unwrap();
        assert_eq!(
            browser.send(&world, request).await.status,
            expected,
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn answers_sent_after_the_session_ended_wait_through_the_sign_in() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let token = browser.get(&world, "/en/mine").await.token();
    world.clock.advance(std::time::Duration::from_secs(31 * 60));
    let held = browser
        .post(&world, "/en/mine", &format!("csrf={token}&a=kept"))
        .await;
    assert_eq!(held.status, StatusCode::SEE_OTHER);
    assert_eq!(held.header("location"), "/en/sign-in?next=%2Fen%2Fcontinue");
    browser.sign_in(&world, "resident").await;
    let page = browser.get(&world, "/en/continue").await;
    assert!(page.text.contains("value=\"kept\""), "{}", page.text);
    assert!(page.text.contains("action=\"/en/mine\""));
    let token = page.token();
    let sent = browser
        .post(
            &world,
            "/en/mine",
            &format!("csrf={token}&web.held=1&a=kept"),
        )
        .await;
    assert!(sent.text.contains("a=kept"));
    assert_eq!(
        browser.get(&world, "/en/continue").await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_json_post_on_the_sessions_cookie_needs_the_token_in_a_header() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    let token = browser.get(&world, "/en/mine").await.token();
    for (given, expected) in [("", StatusCode::CONFLICT), (token.as_str(), StatusCode::OK)] {
        let request = browser
            .request(&Method::POST, "/api/mine")
            .header("x-csrf-token", given)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{\"number\":4}"))
            .unwrap();
        assert_eq!(browser.send(&world, request).await.status, expected);
    }
}

#[tokio::test]
async fn only_paths_of_this_site_are_places_to_go_next() {
    for good in ["/en/mine", "/en/find?q=a%20b", "/"] {
        assert!(crate::is_local_path(good), "{good}");
    }
    for bad in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/a\r\nb",
        "javascript:1",
        "/\u{9}/evil.example",
    ] {
        assert!(!crate::is_local_path(bad), "{bad}");
    }
    let world = World::new().await;
    let mut browser = Browser::default();
    let path = "/en/sign-in?next=%2F%2Fevil.example";
    let token = browser.get(&world, path).await.token();
    let answer = browser
        .post(&world, path, &format!("csrf={token}&role=resident"))
        .await;
    assert_eq!(answer.header("location"), "/en/mine");
}

#[tokio::test]
async fn the_access_matrix_names_every_route_once_per_method() {
    let world = World::new().await;
    let lines: Vec<String> = world
        .table
        .iter()
        .map(|row| format!("{} {} {}", row.method, row.path, row.access))
        .collect();
    assert!(lines.contains(&"POST /{lang}/mine resident".to_owned()));
    assert!(lines.contains(&"GET /{lang}/desk officer|supervisor".to_owned()));
    assert!(lines.contains(&"GET /{lang}/gallery public".to_owned()));
    let mut sorted = lines.clone();
    sorted.dedup();
    assert_eq!(sorted.len(), lines.len());
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_page_says_for_how_long() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let token = browser.get(&world, "/en/sign-in").await.token();
    let form = format!("csrf={token}&role=resident");
    // The first counts for the address, the others for whoever is signed in by then.
    let mut last = browser.post(&world, "/en/sign-in", &form).await;
    for _ in 0..21 {
        last = browser.post(&world, "/en/sign-in", &form).await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert!(last.text.contains("Too many requests"));
    world.clock.advance(std::time::Duration::from_secs(60));
    assert_ne!(
        browser.post(&world, "/en/sign-in", &form).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}

/// A browser with a session of its own, of a person called `name`.
async fn somebody(world: &World, name: &str) -> Browser {
    let mut who = crate::tests::person(kernel::Role::Resident);
    who.actor = kernel::Actor::Resident {
        person: name.to_owned(),
        company: None,
    };
    let data = crate::session::Data::new();
    let sessions = world.site.sessions();
    let token = sessions.begin(Some(&who), &data, None).await.unwrap();
    let mut browser = Browser::default();
    browser.hold("causeway", &token.cookie());
    browser
}

#[tokio::test]
async fn people_behind_one_address_do_not_hold_each_other_up() {
    let world = World::new().await;
    let mut people = Vec::new();
    for number in 0..50 {
        people.push(somebody(&world, &format!("p{number}")).await);
    }
    // More than one may ask in a minute, from one address.
    for browser in &mut people {
        for _ in 0..30 {
            let page = browser.get(&world, "/en/mine").await;
            assert_eq!(page.status, StatusCode::OK);
        }
    }
    // Whoever is nobody yet is counted by the address, and a cookie of no session counts for nothing.
    let mut last = StatusCode::OK;
    for number in 0..=1_200 {
        let mut stranger = Browser::default();
        stranger.hold("causeway", &format!("{number:0>43}"));
        last = stranger.get(&world, "/en").await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let page = people[0].get(&world, "/en/mine").await;
    assert_eq!(page.status, StatusCode::OK);
}

#[tokio::test]
async fn one_person_is_counted_across_all_browsers() {
    let world = World::new().await;
    let (mut one, mut other) = (somebody(&world, "p1").await, somebody(&world, "p1").await);
    for _ in 0..600 {
        one.get(&world, "/en/mine").await;
        other.get(&world, "/en/mine").await;
    }
    let page = other.get(&world, "/en/mine").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let page = somebody(&world, "p2").await.get(&world, "/en/mine").await;
    assert_eq!(page.status, StatusCode::OK);
}

#[test]
fn who_fails_too_often_waits_and_nobody_else_does() {
    use crate::rate::{Key, Limiter};
    let (env, clock) = kernel::Env::fake(kernel::Time::from_seconds(1_795_314_000), 7);
    let limiter = Limiter::new(&env, true);
    let key = |name: &str| Key::Named("client", name.to_owned());
    for _ in 0..20 {
        limiter.fail(key("guesser"));
    }
    assert!(limiter.check_held(&key("guesser")).is_ok());
    limiter.fail(key("guesser"));
    assert!(limiter.check_held(&key("guesser")).is_err());
    assert!(limiter.check_held(&key("honest")).is_ok());
    clock.advance(std::time::Duration::from_secs(61));
    assert!(limiter.check_held(&key("guesser")).is_ok());
}

#[test]
fn a_forwarded_address_counts_only_from_a_trusted_proxy() {
    let proxy = "10.0.0.1".parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-forwarded-for",
        "203.0.113.9, 198.51.100.7, 10.0.0.1".parse().unwrap(),
    );
    let client = |peer: &str, trusted: &[std::net::IpAddr]| {
        crate::rate::client(peer.parse().unwrap(), &headers, trusted).to_string()
    };
    assert_eq!(client("192.0.2.4", &[proxy]), "192.0.2.4");
    assert_eq!(client("10.0.0.1", &[proxy]), "198.51.100.7");
    assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
}
