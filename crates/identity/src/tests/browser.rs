//! The browser's side, without a script: waiting page, outcomes, session.

use ::store::Store;
use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use kernel::{FakeEnv, Id};
use serde_json::Value;

use crate::{
    Approval, Decision, Level, Person, demo, open,
    store::approval::find_for_person,
    tests::{Holder, authenticator::Authenticator, enrol, passkeys, wire::World},
};

#[derive(Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

struct Answer {
    status: StatusCode,
    place: String,
    text: String,
}

impl Browser {
    async fn send(
        &mut self,
        world: &World,
        method: Method,
        path: &str,
        form: Option<String>,
    ) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "text/html")
            .header(header::HOST, "127.0.0.1:8080")
            .header(
                header::USER_AGENT,
                "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0",
            );
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let body = match form {
            Some(form) => {
                request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Body::from(form)
            }
            None => Body::empty(),
        };
        let (status, headers, text) = world.send(request.body(body).unwrap()).await;
        for line in headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let place = headers
            .get(header::LOCATION)
            .map_or("", |place| place.to_str().unwrap());
        Answer {
            status,
            place: place.to_owned(),
            text,
        }
    }

    async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Method::GET, path, None).await
    }

    /// Posts a form of the page at `path` to `action`.
    async fn fill(&mut self, world: &World, path: &str, action: &str, form: &str) -> Answer {
        let page = self.get(world, path).await;
        let (_, rest) = page
            .text
            .split_once("name=\"csrf\" value=\"")
            .expect("a form");
        let token = rest.split('"').next().unwrap();
        self.send(
            world,
            Method::POST,
            action,
            Some(format!("csrf={token}&{form}")),
        )
        .await
    }

    fn session(&self) -> String {
        self.cookies
            .first()
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }
}

async fn world(store: &Store) -> World {
    let world = World::new(store);
    demo::seed(store, world.identity.vault()).await.unwrap();
    world
}

/// Begins to sign in and gives the waiting page with its approval.
async fn begin(world: &World, browser: &mut Browser, path: &str) -> (String, Id<Approval>) {
    let answer = browser.get(world, path).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let id = answer.place.rsplit('/').next().unwrap().parse().unwrap();
    (answer.place, id)
}

async fn phone_answers(world: &World, key: &str, id: Id<Approval>, decision: Decision) {
    let (store, vault) = (world.identity.store(), world.identity.vault());
    let phone = demo::phone(store, vault, key).await.unwrap();
    open(store, &phone.device, id).await.unwrap();
    let shown = find_for_person(store, id, phone.person.id).await.unwrap();
    demo::answer(store, &phone, &shown, decision).await.unwrap();
}

::store::db_tests! {
    crate::tests::OWNERS;

    async fn a_resident_signs_in_and_lands_where_they_wanted(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) = begin(&world, &mut browser, "/en/sign-in?next=/en/acting").await;
        let waiting = browser.get(&world, &page).await;
        let shown = crate::store::approval::get_for_test(&store, id).await;
        assert!(waiting.text.contains(&shown.code));
        assert!(waiting.text.contains(&shown.reference));
        assert!(waiting.text.contains("http-equiv=\"refresh\""));
        assert_eq!(shown.place.en, "Firefox on Windows");
        let before = browser.session();
        phone_answers(&world, "cheung-ka-yan", id, Decision::Approve).await;
        let answer = browser.get(&world, &page).await;
        assert_eq!((answer.status, answer.place.as_str()), (StatusCode::SEE_OTHER, "/en/acting"));
        assert_ne!(before, browser.session());
        let inside = browser.get(&world, "/en/acting").await;
        assert!(inside.text.contains("CHEUNG Ka Yan"));
    }

    async fn who_is_signed_in_goes_straight_on(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) = begin(&world, &mut browser, "/en/sign-in").await;
        phone_answers(&world, "cheung-ka-yan", id, Decision::Approve).await;
        browser.get(&world, &page).await;
        let again = browser.get(&world, "/en/sign-in?next=/en/acting").await;
        assert_eq!(again.place, "/en/acting");
        let desk = browser.get(&world, "/en/desk/sign-in").await;
        assert!(desk.place.starts_with("/en/approvals/"), "{}", desk.place);
    }

    async fn signing_in_never_leads_to_another_site(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) =
            begin(&world, &mut browser, "/en/sign-in?next=//elsewhere.example/x").await;
        phone_answers(&world, "cheung-ka-yan", id, Decision::Approve).await;
        assert_eq!(browser.get(&world, &page).await.place, "/en");
    }

    async fn another_browser_cannot_take_the_sign_in(store: Store) {
        let world = world(&store).await;
        let mut own = Browser::default();
        let (page, id) = begin(&world, &mut own, "/en/sign-in").await;
        phone_answers(&world, "cheung-ka-yan", id, Decision::Approve).await;
        let mut thief = Browser::default();
        assert_eq!(thief.get(&world, &page).await.status, StatusCode::FORBIDDEN);
        assert_eq!(own.get(&world, &page).await.status, StatusCode::SEE_OTHER);
    }

    async fn reloading_the_sign_in_page_keeps_the_same_code(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (one, _) = begin(&world, &mut browser, "/en/sign-in?next=/en/acting").await;
        let (two, _) = begin(&world, &mut browser, "/en/sign-in?next=/en/acting").await;
        assert_eq!(one, two);
    }

    async fn each_outcome_has_its_own_page(store: Store, clock: FakeEnv) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (rejected, id) = begin(&world, &mut browser, "/en/sign-in").await;
        phone_answers(&world, "cheung-ka-yan", id, Decision::Reject).await;
        assert!(browser.get(&world, &rejected).await.text.contains("Refused on the phone"));
        let (cancelled, _) = begin(&world, &mut browser, "/en/sign-in").await;
        let action = format!("{cancelled}/cancel");
        let answer = browser.fill(&world, &cancelled, &action, "").await;
        assert_eq!(answer.place, cancelled);
        assert!(browser.get(&world, &cancelled).await.text.contains("Cancelled"));
        let (expired, _) = begin(&world, &mut browser, "/en/sign-in").await;
        clock.advance(crate::SIGN_IN_TTL);
        let page = browser.get(&world, &expired).await;
        assert!(page.text.contains("The time is over"));
        assert!(page.text.contains("/en/sign-in?next=/en"));
    }

    async fn an_officer_signs_in_to_the_desk_and_a_resident_is_told_why_not(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) = begin(&world, &mut browser, "/tc/desk/sign-in").await;
        phone_answers(&world, "td-officer", id, Decision::Approve).await;
        assert_eq!(browser.get(&world, &page).await.place, "/tc/desk");
        let mut other = Browser::default();
        let (page, id) = begin(&world, &mut other, "/tc/desk/sign-in").await;
        let (store, vault) = (world.identity.store(), world.identity.vault());
        let phone = demo::phone(store, vault, "cheung-ka-yan").await.unwrap();
        assert!(open(store, &phone.device, id).await.is_err());
        assert!(other.get(&world, &page).await.text.contains("這位人士沒有工作枱"));
    }

    async fn signing_out_ends_the_session_on_the_server(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) = begin(&world, &mut browser, "/en/sign-in").await;
        phone_answers(&world, "cheung-ka-yan", id, Decision::Approve).await;
        browser.get(&world, &page).await;
        let kept = browser.cookies.clone();
        let answer = browser.fill(&world, "/en/sign-out", "/en/sign-out", "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let mut copy = Browser { cookies: kept };
        assert_eq!(copy.get(&world, "/en/acting").await.status, StatusCode::SEE_OTHER);
    }

    async fn a_person_acts_for_a_company_only_with_a_mandate(store: Store) {
        let world = world(&store).await;
        let mut browser = Browser::default();
        let (page, id) = begin(&world, &mut browser, "/en/sign-in").await;
        phone_answers(&world, "ng-chi-ming", id, Decision::Approve).await;
        browser.get(&world, &page).await;
        let choice = browser.get(&world, "/en/acting").await;
        assert!(choice.text.contains("Golden Wok Demonstration Limited"));
        let none: Id<crate::Company> = store.env().id();
        let form = format!("company={none}&next=/en/acting");
        let refused = browser.fill(&world, "/en/acting", "/en/acting", &form).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND);
        let phone =
            demo::phone(&store, world.identity.vault(), "ng-chi-ming").await.unwrap();
        let mandates = crate::mandates_of(&store, phone.person.id).await.unwrap();
        let form = format!("company={}&next=/en/acting", mandates[0].company.id);
        let taken = browser.fill(&world, "/en/acting", "/en/acting", &form).await;
        assert_eq!(taken.place, "/en/acting");
    }

    async fn the_pages_speak_three_languages(store: Store) {
        let world = world(&store).await;
        for (lang, words) in [("en", "Compare this code"), ("tc", "核對此代碼"), ("sc", "核对此代码")] {
            let mut browser = Browser::default();
            let (page, _) = begin(&world, &mut browser, &format!("/{lang}/sign-in")).await;
            assert!(browser.get(&world, &page).await.text.contains(words), "{lang}");
        }
    }

    async fn a_passkey_signs_in_on_the_page_that_waits_for_the_phone(store: Store) {
        let (world, holder, mut device) = passkey_world(&store).await;
        let mut browser = Browser::default();
        let (page, _) = begin(&world, &mut browser, "/en/sign-in?next=/en/acting").await;
        let shown = browser.get(&world, &page).await;
        assert!(shown.text.contains("data-passkey-in") && shown.text.contains("username webauthn"));
        let before = browser.session();
        let answer = by_passkey(&world, &mut browser, &page, &mut device).await;
        assert_eq!((answer.status, answer.place.as_str()), (StatusCode::SEE_OTHER, "/en/acting"));
        assert_ne!(before, browser.session());
        assert!(browser.get(&world, "/en/acting").await.text.contains("KWAN Sum Yi"));
        let held = crate::browsers_of(&store, holder.person.id).await.unwrap();
        assert_eq!((held.len(), held[0].means), (1, crate::Means::Bound));
        assert_eq!(held[0].place.en, "Firefox on Windows");
        // The desk asks for the plus level, which a passkey does not show.
        let mut desk = Browser::default();
        let (page, _) = begin(&world, &mut desk, "/en/desk/sign-in").await;
        assert!(!desk.get(&world, &page).await.text.contains("data-passkey-in"));
        let refused = by_passkey(&world, &mut desk, &page, &mut device).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
    }

    async fn an_unknown_passkey_is_told_so_and_the_browser_forgets_it(store: Store) {
        let (world, holder, mut device) = passkey_world(&store).await;
        let held = crate::passkeys_of(&store, holder.person.id).await.unwrap();
        let who = holder.person.id;
        let id = held[0].id;
        let which = crate::Entrance::Passkey(id);
        end_as(&store, who, which, false).await;
        let mut browser = Browser::default();
        let (page, _) = begin(&world, &mut browser, "/en/sign-in").await;
        let answer = by_passkey(&world, &mut browser, &page, &mut device).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let named = format!("data-passkey-unknown=\"{}\"", held[0].credential());
        assert!(answer.text.contains(&named), "{}", answer.text);
    }

    async fn a_challenge_is_only_for_a_browser_that_saw_a_page(store: Store) {
        let (world, _, _) = passkey_world(&store).await;
        let answer = challenge(&world, &Browser::default(), "sign_in").await;
        assert_eq!(answer.0, StatusCode::FORBIDDEN);
        let mut browser = Browser::default();
        begin(&world, &mut browser, "/en/sign-in").await;
        let answer = challenge(&world, &browser, "add").await;
        assert_eq!(answer.0, StatusCode::BAD_REQUEST);
    }

    async fn what_was_not_me_goes_and_every_session_with_it(store: Store) {
        let (world, holder, mut device) = passkey_world(&store).await;
        let who = holder.person.id;
        let mut browsers = [Browser::default(), Browser::default(), Browser::default()];
        for browser in &mut browsers {
            let (page, _) = begin(&world, browser, "/en/sign-in?next=/en/acting").await;
            by_passkey(&world, browser, &page, &mut device).await;
        }
        let held = crate::browsers_of(&store, who).await.unwrap();
        assert_eq!(held.len(), 3);
        end_as(&store, who, crate::Entrance::Browser(held[0].key.clone()), false).await;
        assert_eq!(crate::browsers_of(&store, who).await.unwrap().len(), 2);
        let passkeys = crate::passkeys_of(&store, who).await.unwrap();
        end_as(&store, who, crate::Entrance::Passkey(passkeys[0].id), true).await;
        assert!(crate::browsers_of(&store, who).await.unwrap().is_empty());
        for browser in &mut browsers {
            assert_eq!(browser.get(&world, "/en/acting").await.status, StatusCode::SEE_OTHER);
        }
    }
}

/// A person with a passkey, at a site that takes passkeys.
async fn passkey_world(store: &Store) -> (World, Holder, Authenticator) {
    let world = World::new(store);
    let holder = enrol(store, world.identity.vault(), "kwan-sum-yi", Level::Plus).await;
    let mut device = passkeys::fresh(store);
    passkeys::add(store, &holder, &mut device).await.unwrap();
    (world, holder, device)
}

async fn challenge(world: &World, browser: &Browser, kind: &str) -> (StatusCode, Value) {
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = Request::builder()
        .method(Method::POST)
        .uri("/passkeys/challenge")
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, cookies.join("; "))
        .body(Body::from(format!("{{\"kind\":\"{kind}\"}}")))
        .unwrap();
    let (status, _, text) = world.send(request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// What the page's script does.
async fn by_passkey(
    world: &World,
    browser: &mut Browser,
    page: &str,
    device: &mut Authenticator,
) -> Answer {
    let (status, begun) = challenge(world, browser, "sign_in").await;
    assert_eq!(status, StatusCode::OK, "{begun}");
    let options = serde_json::from_str(begun["options"].as_str().unwrap()).unwrap();
    let form = [
        ("ceremony", begun["ceremony"].as_str().unwrap().to_owned()),
        ("credential", device.assert(&options)),
    ];
    let form = serde_urlencoded::to_string(form).unwrap();
    browser
        .fill(world, page, &format!("{page}/passkey"), &form)
        .await
}

/// Its owner removes something, or says that it was not theirs.
async fn end_as(store: &Store, who: Id<Person>, which: crate::Entrance, is_foreign: bool) {
    store
        .write(&kernel::Actor::Visitor, move |tx| {
            let which = which.clone();
            async move {
                if is_foreign {
                    crate::disown_in(&tx, who, &which).await
                } else {
                    crate::revoke_entrance_in(&tx, who, &which).await
                }
            }
        })
        .await
        .unwrap();
}
