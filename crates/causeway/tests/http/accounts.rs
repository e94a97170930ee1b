//! What the department that keeps accounts does to one: each with a reason that stays on record, and each
//! felt at once by whoever is signed in.

use testkit::{Answer, App, Browser};

use crate::journey::RESIDENT;

async fn opened<'a>(app: &'a App, who: &str) -> (Browser<'a>, Answer) {
    let mut officer = app.browser();
    let find = officer.sign_in(who, "/en/desk/accounts").await.unwrap();
    let card = identity::demo::find(RESIDENT).unwrap().hkid.as_str();
    let typed = [("hkid", card), ("reason", "The person called the hotline")];
    let account = officer.fill(&find, "/desk/accounts", &typed).await.unwrap();
    assert!(
        account.says("What signs this person in"),
        "{}",
        account.words()
    );
    (officer, account)
}

/// The page's form that does this one thing, sent with what is typed into it.
async fn act(officer: &mut Browser<'_>, page: &Answer, given: &[(&str, &str)]) -> Answer {
    let csrf = testkit::hidden(&page.text(), "csrf").unwrap();
    let mut form = vec![("csrf".to_owned(), csrf)];
    form.extend(
        given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let sent = officer
        .post_raw(&page.path, &testkit::encode(&form))
        .await
        .unwrap();
    match sent.location() {
        Some(place) => {
            let place = place.to_owned();
            officer.get(&place).await.unwrap()
        }
        None => sent,
    }
}

/// The value of the first choice on the page that begins with `start`.
fn choice(page: &Answer, start: &str) -> String {
    let html = page.text();
    let mut values = html.split("value=\"");
    let found = values.find(|part| part.starts_with(start)).unwrap();
    found
        .split('"')
        .next()
        .unwrap()
        .replace("&#x2f;", "/")
        .replace("&#x3d;", "=")
}

async fn inbox_says(app: &App, words: &str) -> bool {
    app.settle().await.unwrap();
    let person = identity::demo::find(RESIDENT).unwrap();
    let vault = app.system.keys.vault();
    let store = &app.system.store;
    let owner = identity::find_person_by_hkid(store, &vault, &person.hkid).await;
    let to = owner.unwrap().unwrap().id.cast();
    let inbox = store
        .read(move |db| async move { notify::inbox(&db, to, None).await })
        .await
        .unwrap();
    inbox
        .items
        .iter()
        .any(|one| one.subject.en.contains(words) || one.body.en.contains(words))
}

async fn is_in(browser: &mut Browser<'_>) -> bool {
    browser
        .get("/en/inbox")
        .await
        .unwrap()
        .path
        .ends_with("/inbox")
}

#[tokio::test]
async fn a_suspended_account_is_signed_out_and_a_supervisor_alone_lifts_it() {
    let app = App::start().await.unwrap();
    let mut person = app.browser();
    person.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    let (mut officer, account) = opened(&app, "dpo-officer").await;
    let unsaid = [("do", "suspend"), ("ground", "misuse"), ("reason", " ")];
    assert_eq!(act(&mut officer, &account, &unsaid).await.status, 422);
    assert!(is_in(&mut person).await, "nothing is done without a reason");
    let said = [
        ("do", "suspend"),
        ("ground", "misuse"),
        ("reason", "Three reports"),
    ];
    let done = act(&mut officer, &account, &said).await;
    assert!(done.says("A supervisor"), "{}", done.words());
    assert!(!is_in(&mut person).await);
    let lift = [("do", "lift"), ("reason", "Settled")];
    assert_eq!(act(&mut officer, &account, &lift).await.status, 403);
    let (mut supervisor, account) = opened(&app, "dpo-supervisor").await;
    let lifted = act(&mut supervisor, &account, &lift).await;
    assert_eq!(lifted.status, 200, "{}", lifted.words());
    person.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    assert!(is_in(&mut person).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_browser_and_the_person_reads_why() {
    let app = App::start().await.unwrap();
    let (mut one, mut two) = (app.browser(), app.browser());
    one.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    two.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    let (mut officer, account) = opened(&app, "dpo-officer").await;
    let unsaid = [("do", "sign_out"), ("sign_out_reason", "")];
    assert_eq!(act(&mut officer, &account, &unsaid).await.status, 422);
    let said = [
        ("do", "sign_out"),
        ("sign_out_reason", "Left open at a library"),
    ];
    act(&mut officer, &account, &said).await;
    assert!(!is_in(&mut one).await && !is_in(&mut two).await);
    assert!(inbox_says(&app, "Left open at a library").await);
    one.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    assert!(is_in(&mut one).await, "the phone stays");
}

#[tokio::test]
async fn an_officer_ends_one_session_or_phone_and_the_others_stay() {
    let app = App::start().await.unwrap();
    let (mut one, mut two) = (app.browser(), app.browser());
    one.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    two.sign_in(RESIDENT, "/en/inbox").await.unwrap();
    let (mut officer, account) = opened(&app, "dpo-officer").await;
    let session = choice(&account, "browser:");
    let unsaid = [
        ("do", "end"),
        ("entrance", session.as_str()),
        ("end_reason", ""),
    ];
    let again = act(&mut officer, &account, &unsaid).await;
    assert_eq!(again.status, 422, "{}", again.words());
    let nothing = [("do", "end"), ("end_reason", "Reported")];
    assert_eq!(act(&mut officer, &account, &nothing).await.status, 422);
    let said = [
        ("do", "end"),
        ("entrance", session.as_str()),
        ("end_reason", "Reported lost"),
    ];
    let done = act(&mut officer, &account, &said).await;
    assert!(
        done.says("signs this person in no more"),
        "{}",
        done.words()
    );
    let left = [is_in(&mut one).await, is_in(&mut two).await];
    assert_eq!(left.iter().filter(|is_in| **is_in).count(), 1, "{left:?}");
    assert!(inbox_says(&app, "Reported lost").await);
    let gone = act(&mut officer, &account, &said).await;
    assert_eq!(gone.status, 404, "what has ended ends no more");
    let phone = [
        ("do", "end"),
        ("entrance", "phone"),
        ("end_reason", "Stolen in a bus"),
    ];
    act(&mut officer, &account, &phone).await;
    assert!(inbox_says(&app, "removed your phone").await);
    let account = officer.get(&account.path).await.unwrap();
    assert!(
        !account.text().contains("value=\"phone\""),
        "{}",
        account.words()
    );
}

#[tokio::test]
async fn only_the_keepers_officers_end_anything() {
    let app = App::start().await.unwrap();
    let mut other = app.browser();
    other.sign_in("td-supervisor", "/en/desk").await.unwrap();
    let page = other.get("/en/desk/accounts").await.unwrap();
    assert_eq!(page.status, 403, "{}", page.words());
}

#[tokio::test]
async fn a_request_that_was_not_me_is_refused_and_signs_every_browser_out() {
    let app = App::start().await.unwrap();
    let phone = crate::wire::Wire::enrol(&app, RESIDENT, "plus").await;
    let mut home = app.browser();
    let asked = home.get("/en/sign-in?next=/en/inbox").await.unwrap();
    phone.approve(asked.path.rsplit('/').next().unwrap()).await;
    home.get(&asked.path).await.unwrap();
    assert!(is_in(&mut home).await);
    let mut stranger = app.browser();
    let asked = stranger.get("/en/sign-in?next=/en/inbox").await.unwrap();
    assert!(
        asked.says("Who asks") && asked.says("From where"),
        "{}",
        asked.words()
    );
    let id = asked.path.rsplit('/').next().unwrap();
    let answered = phone.answer(id, "reject", true).await;
    assert_eq!(answered["state"], "rejected");
    assert!(
        !is_in(&mut home).await,
        "whoever asked may be signed in somewhere"
    );
    assert!(inbox_says(&app, "a request on your phone was not you").await);
}

#[tokio::test]
async fn every_page_of_somebody_signed_in_offers_to_sign_out() {
    let app = App::start().await.unwrap();
    let pages = [
        (
            RESIDENT,
            vec![
                "",
                "/inbox",
                "/profile",
                "/devices",
                "/my-data",
                "/connections",
                "/who-looked",
                "/companies",
                "/children",
                "/account/close",
            ],
        ),
        (
            "dpo-officer",
            vec!["/desk", "/desk/accounts", "/desk/recoveries"],
        ),
        (
            "td-owner",
            vec!["/desk", "/desk/clients", "/desk/clients/new"],
        ),
    ];
    for (who, pages) in pages {
        let mut browser = app.browser();
        let first = format!("/en{}", pages.last().unwrap());
        browser.sign_in(who, &first).await.unwrap();
        for page in pages {
            let shown = browser.get(&format!("/en{page}")).await.unwrap();
            assert_eq!(shown.status, 200, "{who} {page}");
            assert!(
                shown.text().contains("/sign-out"),
                "{who} {page}: {}",
                shown.words()
            );
        }
    }
}

/// The register answers `entries` from half a year later on, and is asked again.
async fn asked_again(app: &App, entries: Vec<identity::RegisterEntry>) {
    let register = std::sync::Arc::new(identity::SimulatedRegister::new(entries));
    let (store, vault) = (app.system.store.clone(), app.system.keys.vault());
    let people = identity::Identity::new(store, vault, register);
    app.clock
        .advance(identity::RECHECK_AFTER + std::time::Duration::from_secs(60));
    while identity::recheck(&people).await.unwrap() > 0 {}
}

#[tokio::test]
async fn what_the_register_changes_is_changed_here_and_told() {
    let app = App::start().await.unwrap();
    let mut entry = identity::demo::find(RESIDENT).unwrap().entry();
    "CHEUNG Ka Yan, Grace".clone_into(&mut entry.name.en);
    asked_again(&app, vec![entry]).await;
    assert!(inbox_says(&app, "The register has changed your particulars").await);
    let mut resident = app.browser();
    let profile = resident.sign_in(RESIDENT, "/en/profile").await.unwrap();
    assert!(profile.says("CHEUNG Ka Yan, Grace"), "{}", profile.words());
    let kept = resident.get("/en/my-data").await.unwrap();
    assert!(kept.says("CHEUNG Ka Yan"), "what it was: {}", kept.words());

    asked_again(&app, Vec::new()).await;
    let (_, account) = opened(&app, "dpo-officer").await;
    assert!(
        account.says("has no entry with this card number"),
        "{}",
        account.words()
    );
    let profile = resident.sign_in(RESIDENT, "/en/profile").await.unwrap();
    assert!(profile.says("CHEUNG Ka Yan, Grace"), "{}", profile.words());
}
