//! Companies through the real router: joining, inviting, agreeing, leaving; and what strangers see.

use testkit::{Answer, App, Browser};

const OWNER: &str = "ng-chi-ming";
const SECOND: &str = "siu-hoi-yan";
const CLERK: &str = "kwok-wing-sze";
const COMPANY: &str = "Golden Wok Demonstration Limited";

/// The address of the first company on the person's list that is called `name`.
async fn company(browser: &mut Browser<'_>, key: &str, name: &str) -> String {
    let page = browser.sign_in(key, "/en/companies").await.unwrap();
    let text = page.text();
    let link = text
        .split("<a href=\"")
        .find(|part| part.contains(&format!(">{name}<")));
    link.unwrap().split('"').next().unwrap().to_owned()
}

async fn get(browser: &mut Browser<'_>, path: &str) -> Answer {
    browser.get(path).await.unwrap()
}

#[tokio::test]
async fn an_administrator_is_invited_by_one_and_agreed_to_by_another() {
    let app = App::start().await.unwrap();
    let (mut owner, mut second) = (app.browser(), app.browser());
    let base = company(&mut owner, OWNER, COMPANY).await;
    let form = get(&mut owner, &format!("{base}/invite")).await;
    let typed = [
        ("name", "KWAN Sum Yi"),
        ("hkid", "Q324521(3)"),
        ("role", "administrator"),
        ("privileges", "access"),
    ];
    let wrong = owner
        .fill(&form, "/invite", &[("name", ""), ("hkid", "Q324521(4)")])
        .await
        .unwrap();
    assert_eq!(wrong.status, 422, "{}", wrong.words());
    let waits = owner.fill(&form, "/invite", &typed).await.unwrap();
    assert!(
        waits.path.ends_with("/waiting"),
        "{} {}",
        waits.path,
        waits.words()
    );
    assert!(
        !waits.text().contains("value=\"agree\""),
        "who asked cannot agree"
    );
    company(&mut second, SECOND, COMPANY).await;
    let page = get(&mut second, &format!("{base}/waiting")).await;
    let text = page.text();
    let action = text
        .split("action=\"")
        .find(|part| part.contains("/waiting/"))
        .unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let agreed = second.fill(&page, &action, &[]).await.unwrap();
    assert!(agreed.words().contains("Agreed"), "{}", agreed.words());
    let people = get(&mut owner, &format!("{base}/people")).await;
    assert!(people.words().contains("KWAN Sum Yi"));
    let history = get(&mut owner, &format!("{base}/history")).await;
    assert!(history.words().contains("Agreed as the second person"));
    assert!(
        !history.text().contains("Q324521"),
        "the card number is not kept"
    );
}

#[tokio::test]
async fn whoever_is_taken_out_is_signed_out_of_the_company_at_once() {
    let app = App::start().await.unwrap();
    let (mut owner, mut clerk) = (app.browser(), app.browser());
    let base = company(&mut clerk, CLERK, COMPANY).await;
    let page = get(&mut clerk, &base).await;
    let acting = clerk.fill(&page, "/acting", &[]).await.unwrap();
    assert!(acting.text().contains(COMPANY), "{}", acting.words());
    assert_eq!(get(&mut clerk, &format!("{base}/people")).await.status, 403);
    company(&mut owner, OWNER, COMPANY).await;
    let people = get(&mut owner, &format!("{base}/people")).await;
    let text = people.text();
    let end = text
        .split("<a href=\"")
        .filter(|part| part.contains("KWOK Wing Sze"))
        .find_map(|part| part.split('"').next().filter(|path| path.ends_with("/end")))
        .unwrap()
        .to_owned();
    let sure = get(&mut owner, &end).await;
    let done = owner
        .fill(&sure, "/end", &[("reason", "left the company")])
        .await
        .unwrap();
    assert!(!done.words().contains("KWOK Wing Sze"), "{}", done.words());
    let after = get(&mut clerk, "/en/applications").await;
    assert!(
        after.path.contains("/approvals/") || after.path.contains("/sign-in"),
        "{}",
        after.path
    );
}

#[tokio::test]
async fn a_company_s_pages_are_nobody_else_s() {
    let app = App::start().await.unwrap();
    let (mut owner, mut stranger) = (app.browser(), app.browser());
    let base = company(&mut owner, OWNER, COMPANY).await;
    stranger
        .sign_in(crate::journey::STRANGER, "/en/companies")
        .await
        .unwrap();
    for page in [
        "", "/people", "/invite", "/waiting", "/firms", "/history", "/contact",
    ] {
        let seen = get(&mut stranger, &format!("{base}{page}")).await;
        assert_eq!(seen.status, 404, "{page}");
    }
}

#[tokio::test]
async fn a_profile_is_changed_and_put_back_and_everything_held_is_one_file() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    browser
        .sign_in(crate::journey::RESIDENT, "/en/profile")
        .await
        .unwrap();
    let form = get(&mut browser, "/en/profile/mobile").await;
    let path = "/profile/mobile";
    let wrong = browser.fill(&form, path, &[("value", "12")]).await.unwrap();
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.text().contains("value=\"12\""),
        "what was typed is shown again"
    );
    app.clock.advance(std::time::Duration::from_secs(60));
    let saved = browser
        .fill(&form, path, &[("value", "+86 138 0013 8000")])
        .await
        .unwrap();
    assert!(
        saved.words().contains("+8613800138000"),
        "{}",
        saved.words()
    );
    let form = get(&mut browser, "/en/profile/mobile").await;
    let back = browser.fill(&form, "/restore", &[]).await.unwrap();
    assert!(
        back.text().contains("value=\"61230001\""),
        "{}",
        back.words()
    );
    let file = get(&mut browser, "/en/my-data/file").await;
    let data: serde_json::Value = serde_json::from_slice(&file.body).unwrap();
    assert_eq!(data["account"][0]["level"], "plus");
    assert!(data["profile"].as_array().unwrap().len() > 5);
}
