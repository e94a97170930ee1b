//! What signs a person in: the list with its ways out, and the way back in at a counter.

use testkit::{Answer, App, Browser};

use crate::journey::RESIDENT;

const CARD: &str = "Q300400(6)";

async fn get(browser: &mut Browser<'_>, path: &str) -> Answer {
    browser.get(path).await.unwrap()
}

/// The address of the first link on the page that begins with `start`, entities read.
fn link(page: &Answer, start: &str) -> String {
    let text = page.text();
    let found = text.split("href=\"").find(|part| part.starts_with(start));
    let found = found.unwrap_or_else(|| panic!("{start}: {}", page.words()));
    found.split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn a_browser_is_signed_out_from_the_list_of_another() {
    let app = App::start().await.unwrap();
    let (mut here, mut there) = (app.browser(), app.browser());
    there.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    let list = here.sign_in(RESIDENT, "/en/devices").await.unwrap();
    assert!(
        list.says("This browser") && list.says("With the phone"),
        "{}",
        list.words()
    );
    let text = list.text();
    let cards: Vec<&str> = text.split("<li class=\"panel-card\">").collect();
    let other = cards
        .iter()
        .find(|card| card.contains("kind=browser") && !card.contains("This browser"));
    let path = other.unwrap().split("href=\"").nth(1).unwrap();
    let path = path.split('"').next().unwrap().replace("&amp;", "&");
    let asked = get(&mut here, &path).await;
    assert!(asked.says("This was not me"), "{}", asked.words());
    let done = here.fill(&asked, "/devices/end", &[]).await.unwrap();
    assert!(done.says("It was removed."), "{}", done.words());
    let out = get(&mut there, "/en/inbox").await;
    assert!(out.path.contains("/approvals/"), "{}", out.path);
    assert!(get(&mut here, "/en/inbox").await.path.ends_with("/inbox"));
    // Nobody ends what is another's, or is not there any more.
    assert_eq!(get(&mut here, &path).await.status, 404);
}

#[tokio::test]
async fn what_was_not_me_signs_everybody_out_and_stands_in_the_inbox() {
    let app = App::start().await.unwrap();
    let (mut here, mut there) = (app.browser(), app.browser());
    there.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    let list = here.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let phone = link(&list, "/en/devices/end?kind=phone");
    let mut stranger = app.browser();
    stranger
        .sign_in("siu-hoi-yan", "/en/devices")
        .await
        .unwrap();
    let asked = get(&mut here, &phone).await;
    let csrf = testkit::hidden(&asked.text(), "csrf").unwrap();
    let form = [
        ("csrf", csrf.as_str()),
        ("kind", "phone"),
        ("id", "this"),
        ("do", "not_me"),
    ];
    let form: Vec<(String, String)> = form
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let done = here
        .post_raw("/en/devices/end", &testkit::encode(&form))
        .await
        .unwrap();
    let place = done.location().unwrap().to_owned();
    let home = get(&mut here, &place).await;
    assert!(home.says("every browser is signed out"), "{}", home.words());
    for browser in [&mut here, &mut there] {
        let out = get(browser, "/en/inbox").await;
        assert!(out.path.contains("/approvals/"), "{}", out.path);
    }
    assert!(
        get(&mut stranger, "/en/inbox")
            .await
            .path
            .ends_with("/inbox")
    );
    app.settle().await.unwrap();
    let person = identity::demo::find(RESIDENT).unwrap();
    let vault = app.system.keys.vault();
    let owner = identity::find_person_by_hkid(&app.system.store, &vault, &person.hkid);
    let to = owner.await.unwrap().unwrap().id.cast();
    let inbox = app
        .system
        .store
        .read(move |db| async move { notify::inbox(&db, to, None).await });
    let inbox = inbox.await.unwrap();
    let told = inbox
        .items
        .iter()
        .any(|one| one.subject.en.contains("was not you"));
    assert!(told, "the inbox does not tell of it");
}

/// Two officers give somebody with this card a code.
pub(crate) async fn code(app: &App, card: &str) -> String {
    let mut officer = app.browser();
    let find = officer
        .sign_in("dpo-officer", "/en/desk/accounts")
        .await
        .unwrap();
    let reason = "Came to the Wan Chai counter";
    let typed = [("hkid", card), ("reason", reason)];
    let account = officer.fill(&find, "/desk/accounts", &typed).await.unwrap();
    assert!(
        account.says("What signs this person in"),
        "{}",
        account.words()
    );
    let empty = officer.fill(&account, "/recovery", &[]).await.unwrap();
    assert_eq!(empty.status, 422);
    let typed = [
        ("shown", "card"),
        ("recovery_reason", "Phone lost in a taxi"),
    ];
    let asked = officer.fill(&account, "/recovery", &typed).await.unwrap();
    assert!(asked.says("A supervisor agrees"), "{}", asked.words());
    let own = get(&mut officer, "/en/desk/recoveries").await;
    assert!(own.says("somebody else agrees") && !own.text().contains("value=\"agree\""));
    let mut supervisor = app.browser();
    let waiting = supervisor
        .sign_in("dpo-supervisor", "/en/desk/recoveries")
        .await
        .unwrap();
    assert!(waiting.says("Phone lost in a taxi"), "{}", waiting.words());
    let text = waiting.text();
    let decide = text
        .split("action=\"")
        .find(|part| part.starts_with("/en/desk/recoveries/"));
    let decide = decide.unwrap().split('"').next().unwrap().to_owned();
    let agreed = supervisor.fill(&waiting, &decide, &[]).await.unwrap();
    let text = agreed.text();
    let code = text.split("class=\"reference\">").nth(1).unwrap();
    let code = code.split('<').next().unwrap().to_owned();
    assert_eq!(code.len(), 9, "{code}");
    code
}

#[tokio::test]
async fn who_lost_everything_gets_a_code_from_two_officers() {
    let app = App::start().await.unwrap();
    let card = identity::demo::find(RESIDENT).unwrap().hkid.as_str();
    let code = code(&app, card).await;
    let mut person = app.browser();
    let page = get(&mut person, "/en/recover").await;
    let wrong = [
        ("hkid", CARD),
        ("code", code.as_str()),
        ("name", "My laptop"),
    ];
    let refused = person.fill(&page, "/recover", &wrong).await.unwrap();
    assert_eq!(refused.status, 422, "{}", refused.words());
    let right = [
        ("hkid", card),
        ("code", code.as_str()),
        ("name", "My laptop"),
    ];
    let allowed = person.fill(&page, "/recover", &right).await.unwrap();
    assert!(
        allowed.text().contains("data-passkey-add"),
        "{}",
        allowed.words()
    );
    let forged = person
        .fill(&allowed, &allowed.path, &[("credential", "{}")])
        .await
        .unwrap();
    assert_eq!(forged.status, 422, "{}", forged.words());
    let mut thief = app.browser();
    assert_eq!(get(&mut thief, &allowed.path).await.status, 410);

    let mut owner = app.browser();
    let looked = owner.sign_in(RESIDENT, "/en/who-looked").await.unwrap();
    assert!(looked.says("Phone lost in a taxi"), "{}", looked.words());
}

#[tokio::test]
async fn adding_a_passkey_asks_the_phone_first() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let list = browser.sign_in(RESIDENT, "/en/devices").await.unwrap();
    let empty = browser
        .fill(&list, "/devices/passkeys", &[("name", " ")])
        .await
        .unwrap();
    assert_eq!(empty.status, 422);
    let waiting = browser
        .fill(&list, "/devices/passkeys", &[("name", "My laptop")])
        .await
        .unwrap();
    assert!(
        waiting.says("Add the passkey “My laptop”"),
        "{}",
        waiting.words()
    );
    let early = get(&mut browser, "/en/devices/allowed").await;
    assert_eq!(early.status, 404);
    let make = browser.approve(RESIDENT, &waiting).await.unwrap();
    assert!(make.text().contains("data-passkey-add"), "{}", make.words());
    assert!(
        make.says("This browser cannot make a passkey"),
        "a page without scripts says so"
    );
}

#[tokio::test]
async fn an_email_address_is_proven_by_the_code_that_goes_there() {
    let app = App::start().await.unwrap();
    let mut browser = app.browser();
    let page = browser
        .sign_in(RESIDENT, "/en/profile/email")
        .await
        .unwrap();
    let typed = [("value", "ka.yan@example.com")];
    browser.fill(&page, "/profile/email", &typed).await.unwrap();
    let page = get(&mut browser, "/en/profile/email-proof").await;
    assert!(
        page.says("ka.yan@example.com") && page.says("simulated"),
        "{}",
        page.words()
    );
    let sent = browser.fill(&page, "/email-proof/code", &[]).await.unwrap();
    assert!(sent.says("on its way"), "{}", sent.words());
    app.settle().await.unwrap();
    let carried = app
        .system
        .store
        .read(|db| async move { notify::carried(&db, 20).await });
    let carried = carried.await.unwrap();
    let found = carried
        .iter()
        .find(|one| one.address == "ka.yan@example.com")
        .unwrap();
    let code: String = found.subject.chars().take(6).collect();
    let inbox = get(&mut browser, "/en/inbox").await;
    assert!(
        !inbox.text().contains(&code),
        "the code is read in the mailbox only"
    );
    let wrong = browser
        .fill(&sent, "/email-proof", &[("code", "12")])
        .await
        .unwrap();
    assert_eq!(wrong.status, 422);
    let proven = browser
        .fill(&sent, "/email-proof", &[("code", code.as_str())])
        .await
        .unwrap();
    assert!(proven.says("Proven by a code"), "{}", proven.words());
}

#[tokio::test]
async fn whoever_is_invited_reads_of_it_in_the_inbox() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let list = owner.sign_in("ng-chi-ming", "/en/companies").await.unwrap();
    let text = list.text();
    let company = text
        .split("<a href=\"")
        .find(|part| part.contains("Golden Wok Demonstration Limited<"));
    let base = company.unwrap().split('"').next().unwrap().to_owned();
    let form = get(&mut owner, &format!("{base}/invite")).await;
    let card = identity::demo::find(RESIDENT).unwrap().hkid.as_str();
    let typed = [
        ("name", "CHEUNG Ka Yan"),
        ("hkid", card),
        ("role", "user"),
        ("privileges", "access"),
    ];
    let asked = owner.fill(&form, "/invite", &typed).await.unwrap();
    assert!(
        !asked.text().contains("class=\"errors\""),
        "{}",
        asked.words()
    );
    app.settle().await.unwrap();
    let mut invited = app.browser();
    let inbox = invited.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    assert!(
        inbox.says("Golden Wok Demonstration Limited invites you"),
        "{}",
        inbox.words()
    );
}
