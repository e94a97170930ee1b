//! Error pages, problems, headers, assets, and bodies that are too large or of the wrong kind.

use super::*;

#[tokio::test]
async fn an_unknown_page_offers_a_search_in_the_visitors_language() {
    let world = World::new().await;
    let answer = world.get("/tc/nowhere").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.text.contains("找不到這一頁") && answer.text.contains("action=\"/tc/find\""));
    assert!(answer.text.contains("WEB-001"));
    assert_eq!(world.get("/fr/form").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        world.get("/en/number/seven").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_machine_gets_a_problem_for_an_unknown_page() {
    let world = World::new().await;
    let request = Request::builder()
        .uri("/api/nowhere")
        .header(header::ACCEPT, "application/json")
        .body(Body::empty())
        .unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.text.contains("\"request\":"));
}

#[tokio::test]
async fn a_panic_becomes_an_error_page_and_the_site_goes_on() {
    let world = World::new().await;
    let answer = world.get("/en/boom").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.contains("What you saved before is safe"));
    assert!(!answer.text.contains("a defect"));
    assert_eq!(world.get("/en").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_with_a_missing_value_is_an_error_not_a_gap() {
    let answer = World::new().await.get("/en/broken").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.text.contains("WEB-013"));
}

#[tokio::test]
async fn a_wrong_method_is_named_as_such() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let answer = browser.post(&world, "/en/gallery", "a=1").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.text.contains("WEB-002"));
}

#[tokio::test]
async fn a_body_over_its_limit_or_of_an_unknown_kind_is_refused() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let token = browser.get(&world, "/en/form").await.token();
    let long = format!("csrf={token}&a={}", "x".repeat(70 * 1024));
    let answer = browser.post(&world, "/en/form", &long).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = browser
        .request(&Method::POST, "/en/form")
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("csrf=x"))
        .unwrap();
    assert_eq!(
        browser.send(&world, text).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let fields = (0..1_100)
        .map(|n| format!("a{n}=1"))
        .collect::<Vec<_>>()
        .join("&");
    let answer = browser
        .post(&world, "/en/form", &format!("csrf={token}&{fields}"))
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

fn multipart(token: &str, file_name: &str, bytes: usize) -> String {
    format!(
        "--X\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n\
         --X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nwords\r\n\
         --X\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n\
         --X\r\nContent-Disposition: form-data; name=\"proof\"; filename=\"{file_name}\"\r\n\
         Content-Type: application/pdf\r\n\r\n{}\r\n--X--\r\n",
        "y".repeat(bytes)
    )
}

#[tokio::test]
async fn files_arrive_with_their_bare_name_and_within_their_limit() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let token = browser.get(&world, "/en/form").await.token();
    for (token, size, expected) in [
        (token.as_str(), 1_000, StatusCode::OK),
        (token.as_str(), 70 * 1024, StatusCode::PAYLOAD_TOO_LARGE),
        ("stale", 1_000, StatusCode::CONFLICT),
    ] {
        let request = browser
            .request(&Method::POST, "/en/form")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=X")
            .body(Body::from(multipart(token, "../../etc/proof.pdf", size)))
            .unwrap();
        let answer = browser.send(&world, request).await;
        assert_eq!(answer.status, expected, "{}", answer.text);
        if expected == StatusCode::OK {
            assert!(answer.text.contains("a=words") && answer.text.contains("proof.pdf:1000"));
            assert!(!answer.text.contains("etc/"));
        }
        if expected == StatusCode::CONFLICT {
            assert!(
                answer.text.contains("type=\"file\"") && answer.text.contains("value=\"words\"")
            );
        }
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let world = World::new().await;
    let asset = world.site.asset_url("web/causeway.css").unwrap();
    for path in [
        "/en",
        "/en/nowhere",
        "/en/boom",
        "/api/me/7",
        asset.as_str(),
    ] {
        let answer = world.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("x-request-id").len(), 26);
    }
    let mut browser = Browser::default();
    browser.sign_in(&world, "resident").await;
    assert_eq!(
        browser
            .get(&world, "/en/mine")
            .await
            .header("cache-control"),
        "no-store"
    );
}

#[tokio::test]
async fn assets_are_kept_for_a_year_under_their_hash_and_shrunk_when_asked() {
    let world = World::new().await;
    let url = world.site.asset_url("web/causeway.css").unwrap();
    let answer = world.get(&url).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(answer.header("set-cookie"), "");
    let with = |name: &str, value: &str| {
        Request::builder()
            .uri(&url)
            .header(name, value)
            .body(Body::empty())
            .unwrap()
    };
    let packed = world.send(with("accept-encoding", "br, gzip")).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    let known = world
        .send(with("if-none-match", answer.header("etag")))
        .await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    let older = world.get("/assets/000000000000/web/causeway.css").await;
    assert_eq!(older.header("cache-control"), "no-cache");
    assert_eq!(
        world.get("/assets/x/web/none.css").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        world.get("/assets/x/..%2f..%2fetc%2fpasswd").await.status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn the_scripts_and_the_style_sheet_stay_small() {
    let scripts = include_bytes!("../../assets/causeway.js").len()
        + include_bytes!("../../assets/autosave.js").len();
    assert!(scripts <= 10 * 1024, "{scripts}");
    let sheet = include_bytes!("../../assets/causeway.css").len();
    assert!(sheet <= 24 * 1024, "{sheet}");
}

#[tokio::test]
async fn the_list_of_errors_explains_each_code_once_in_every_language() {
    let world = World::new().await;
    let text = world.get("/tc/errors").await.text;
    let mut codes: Vec<&str> = crate::explanations()
        .iter()
        .map(|found| found.code)
        .collect();
    for code in &codes {
        assert!(text.contains(&format!("id=\"{code}\"")), "{code}");
    }
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    for found in crate::explanations() {
        assert!(
            !found.title.en.is_empty() && !found.advice.tc.is_empty(),
            "{}",
            found.code
        );
        assert_ne!(found.title.en, found.title.tc);
    }
}

#[tokio::test]
async fn answers_are_counted_by_route_never_by_address() {
    let world = World::new().await;
    world.get("/en/number/7").await;
    world.get("/tc/number/8").await;
    world.get("/en/nowhere/private-words").await;
    let rows: Vec<(String, &str, u16, u64)> = world
        .site
        .traffic()
        .into_iter()
        .map(|row| (row.method, row.route, row.status, row.answers))
        .collect();
    assert_eq!(
        rows,
        [
            ("GET".to_owned(), "/{lang}/number/{n}", 200, 2),
            ("any".to_owned(), "unmatched", 404, 1)
        ]
    );
}

#[tokio::test]
async fn a_trailing_slash_leads_to_the_page() {
    let world = World::new().await;
    let answer = world.get("/en/form/?a=1").await;
    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.header("location"), "/en/form?a=1");
    assert_eq!(
        world.get("//evil.example/").await.header("location"),
        "/evil.example"
    );
}

#[test]
fn a_personal_error_keeps_its_words_out_of_the_log() {
    #[derive(Debug, thiserror::Error)]
    #[error("Chan Tai Man is unknown")]
    struct Unknown;
    impl crate::Explain for Unknown {
        fn code(&self) -> &'static str {
            "X-001"
        }
        fn status(&self) -> StatusCode {
            StatusCode::NOT_FOUND
        }
        fn title(&self) -> kernel::Text {
            kernel::Text::same("t")
        }
        fn advice(&self) -> kernel::Text {
            kernel::Text::same("a")
        }
        fn is_personal(&self) -> bool {
            true
        }
    }
    let failure = crate::Failure::from(Unknown);
    assert!(!format!("{failure:?}").contains("Chan"));
    assert_eq!(failure.code(), "X-001");
}
