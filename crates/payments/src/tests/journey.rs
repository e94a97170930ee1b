//! The payer's way through the real router, in the browser's words: forms, redirects, cookies.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method as Verb, Request, StatusCode, header},
};
use journal::{Calendar, Runner};
use kernel::{Actor, FakeEnv, Id, Role, Secret};
use store::Store;
use tower::ServiceExt as _;
use web::{Access, Level, Outcome, Path, Response, Routes, SignedIn, Site, SiteConfig, Visit};

use super::{ask, books, new_demand, payer};
use crate::{
    BUNDLE, Demand, DemandState, Payer, Shroff, jobs, pages,
    sandbox::{self, Sandbox},
};

struct World {
    store: Store,
    clock: FakeEnv,
    router: Router,
    shroff: Shroff,
    sandbox: Sandbox,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

/// A browser of one person; it keeps cookies.
#[derive(Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

async fn sign_in(visit: Visit, Path(person): Path<u32>) -> Outcome<Response> {
    let id: Id<Payer> = Id::from_bits(person.into());
    let who = SignedIn {
        actor: Actor::Resident {
            person: id.to_string(),
            company: None,
        },
        roles: vec![Role::Resident],
        duties: Vec::new(),
        level: Level::Plus,
        name: "CHAN Siu Ming 陳小明".to_owned(),
    };
    visit.sign_in(who).await?;
    Ok(visit.redirect("/en"))
}

impl World {
    fn new(store: Store, clock: FakeEnv) -> Self {
        let config = SiteConfig {
            is_demo: true,
            has_rate_limits: false,
            ..SiteConfig::default()
        };
        let base = config.base_url.clone();
        let site = Site::new(config, store.clone(), &[BUNDLE]).unwrap();
        let secret = Secret::new(b"journey".to_vec());
        let sandbox = Sandbox::new(store.clone(), secret, &base);
        let shroff = Shroff::new(store.clone(), Arc::new(sandbox.clone()), &base, true);
        let routes = Routes::new()
            .get("/{lang}/test/{person}", Access::Public, sign_in)
            .merge(pages::routes(&shroff))
            .merge(sandbox::routes(&sandbox));
        let router = web::app(&site, routes);
        Self {
            store,
            clock,
            router,
            shroff,
            sandbox,
        }
    }

    /// Does all the work that is due.
    async fn work(&self) {
        let runner = Runner::new(self.store.clone(), Calendar::default());
        let mut runner = jobs(runner, &self.shroff, Some(&self.sandbox));
        runner.settle().await.unwrap();
    }

    async fn bill(&self) -> Demand {
        ask(&self.store, new_demand()).await.unwrap()
    }
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn place(&self) -> String {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        let place = self.headers[header::LOCATION].to_str().unwrap();
        place.trim_start_matches("http://127.0.0.1:8080").to_owned()
    }

    fn value(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) = text
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap_or_else(|| panic!("no field {name} in {text}"));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    async fn of(world: &World, person: u128) -> Self {
        let mut browser = Self::default();
        browser.get(world, &format!("/en/test/{person}")).await;
        browser
    }

    async fn send(&mut self, world: &World, verb: Verb, path: &str, form: String) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = Request::builder()
            .method(verb)
            .uri(path)
            .header(header::ACCEPT, "text/html,*/*")
            .header(header::HOST, "127.0.0.1:8080")
            .header(header::COOKIE, cookies.join("; "))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form))
            .unwrap();
        let response = world.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
        }
    }

    async fn get(&mut self, world: &World, path: &str) -> Answer {
        self.send(world, Verb::GET, path, String::new()).await
    }

    /// Fills the form of `page` and sends it, as a browser without scripts does.
    async fn fill(&mut self, world: &World, page: &str, fields: &str) -> Answer {
        let shown = self.get(world, page).await;
        let key = if shown.text().contains("name=\"key\"") {
            format!("&key={}", shown.value("key"))
        } else {
            String::new()
        };
        let form = format!("csrf={}{key}&{fields}", shown.value("csrf"));
        let path = page.split('?').next().unwrap();
        self.send(world, Verb::POST, path, form).await
    }
}

fn at_counter<F, Fut>(test: F)
where
    F: FnOnce(Arc<World>) -> Fut,
    Fut: Future<Output = ()>,
{
    let owners = &[&crate::MIGRATIONS, &journal::MIGRATIONS, &web::MIGRATIONS];
    store::testing::on_sqlite(owners, |store, clock| {
        test(Arc::new(World::new(store, clock)))
    });
}

#[test]
fn a_resident_pays_by_card_and_keeps_a_receipt() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let bank = browser.fill(&world, &page, "method=card").await.place();
        let shown = browser.get(&world, &bank).await.text();
        assert!(shown.contains("This bank is simulated"), "{shown}");
        let waiting = browser.fill(&world, &bank, "choice=approve").await.place();
        let shown = browser.get(&world, &waiting).await.text();
        assert!(shown.contains("We are checking your payment"), "{shown}");
        world.work().await;
        let shown = browser.get(&world, &waiting).await.text();
        assert!(
            shown.contains("Payment received") && shown.contains("R2026-0000001"),
            "{shown}"
        );
        assert!(shown.contains("/en/applications/a1"), "{shown}");
        let receipt = &books(&world.store, demand.id).await.receipts[0];
        let file = browser
            .get(&world, &format!("{page}/receipt/{}", receipt.id))
            .await;
        assert_eq!(file.headers[header::CONTENT_TYPE], "application/pdf");
        assert!(file.bytes.starts_with(b"%PDF-1.7"));
        let paid = browser.get(&world, &page).await.text();
        assert!(
            paid.contains("This bill is paid") && !paid.contains("name=\"method\""),
            "{paid}"
        );
    });
}

#[test]
fn coming_back_from_the_bank_proves_nothing() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let bank = browser.fill(&world, &page, "method=card").await.place();
        let back = browser.fill(&world, &bank, "choice=late").await.place();
        let forged = browser
            .get(&world, &format!("{back}?status=success&paid=1"))
            .await
            .text();
        assert!(forged.contains("We are checking your payment"));
        world.work().await;
        assert_eq!(
            books(&world.store, demand.id).await.demand.state,
            DemandState::Open
        );
        world.clock.advance(Duration::from_secs(121));
        world.work().await;
        assert_eq!(
            books(&world.store, demand.id).await.demand.state,
            DemandState::Paid
        );
    });
}

#[test]
fn a_payment_the_bank_never_reports_is_found() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let bank = browser.fill(&world, &page, "method=card").await.place();
        browser.fill(&world, &bank, "choice=silent").await;
        world.clock.advance(Duration::from_secs(121));
        world.work().await;
        assert_eq!(
            books(&world.store, demand.id).await.demand.state,
            DemandState::Paid
        );
    });
}

#[test]
fn a_declined_card_says_so_and_can_be_tried_again() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/tc/pay/{}", demand.id);
        let bank = browser.fill(&world, &page, "method=card").await.place();
        let back = browser.fill(&world, &bank, "choice=decline").await.place();
        world.work().await;
        let shown = browser.get(&world, &back).await.text();
        assert!(
            shown.contains("付款未成功") && shown.contains("PY-A10"),
            "{shown}"
        );
        assert!(shown.contains(&page), "{shown}");
    });
}

#[test]
fn an_fps_code_is_shown_as_a_picture_and_can_be_paid() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/sc/pay/{}", demand.id);
        let scan = browser.fill(&world, &page, "method=fps").await.place();
        let shown = browser.get(&world, &scan).await.text();
        assert!(
            shown.contains("<svg") && shown.contains("扫描付款"),
            "{shown}"
        );
        let part = browser.get(&world, &format!("{scan}/state")).await;
        assert!(part.text().contains("<svg") && !part.headers.contains_key("x-next"));
        let token = books(&world.store, demand.id).await.attempts[0]
            .provider_ref
            .clone()
            .unwrap();
        let bank = format!("/sandbox-bank/pay/{token}?lang=sc");
        assert!(browser.get(&world, &bank).await.text().contains("模拟银行"));
        browser.fill(&world, &bank, "choice=twice").await;
        world.work().await;
        let part = browser.get(&world, &format!("{scan}/state")).await;
        assert_eq!(part.headers["x-next"], scan.as_str());
        assert_eq!(books(&world.store, demand.id).await.receipts.len(), 1);
    });
}

#[test]
fn sending_the_form_twice_starts_one_payment() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let shown = browser.get(&world, &page).await;
        let form = format!(
            "csrf={}&key={}&method=card",
            shown.value("csrf"),
            shown.value("key")
        );
        let one = browser
            .send(&world, Verb::POST, &page, form.clone())
            .await
            .place();
        let two = browser.send(&world, Verb::POST, &page, form).await.place();
        assert_eq!(one, two);
        assert_eq!(books(&world.store, demand.id).await.attempts.len(), 1);
    });
}

#[test]
fn a_stopped_payment_leads_back_to_the_bill() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let scan = browser.fill(&world, &page, "method=fps").await.place();
        let shown = browser.get(&world, &scan).await;
        let form = format!("csrf={}", shown.value("csrf"));
        let back = browser
            .send(&world, Verb::POST, &format!("{scan}/cancel"), form)
            .await
            .place();
        assert_eq!(back, page);
        assert!(
            browser
                .get(&world, &back)
                .await
                .text()
                .contains("Nothing was charged")
        );
    });
}

#[test]
fn without_a_choice_the_form_comes_back_with_what_is_missing() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut browser = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let answer = browser.fill(&world, &page, "method=cheque").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.text().contains("Choose how you want to pay"));
        let other = browser.fill(&world, &page, "switch_lang=tc").await.place();
        assert_eq!(other, format!("/tc/pay/{}", demand.id));
    });
}

#[test]
fn the_bill_of_somebody_else_does_not_exist() {
    at_counter(|world| async move {
        let demand = world.bill().await;
        let mut own = Browser::of(&world, 7).await;
        let page = format!("/en/pay/{}", demand.id);
        let scan = own.fill(&world, &page, "method=fps").await.place();
        let mut other = Browser::of(&world, 8).await;
        for path in [page.clone(), scan.clone(), format!("{scan}/state")] {
            assert_eq!(
                other.get(&world, &path).await.status,
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
        let visitor = Browser::default().get(&world, &page).await;
        assert!(visitor.place().starts_with("/en/sign-in"), "{:?}", payer());
    });
}

#[test]
fn a_webhook_without_the_banks_signature_is_refused_as_a_problem() {
    at_counter(|world| async move {
        let mut machine = Browser::default();
        for (path, status) in [
            ("/payments/webhooks/sandbox", StatusCode::UNAUTHORIZED),
            ("/payments/webhooks/nobody", StatusCode::NOT_FOUND),
        ] {
            let answer = machine
                .send(&world, Verb::POST, path, "{}".to_owned())
                .await;
            assert_eq!(answer.status, status);
            assert!(
                answer.text().contains("\"code\":\"PY-"),
                "{}",
                answer.text()
            );
        }
    });
}

#[test]
fn every_word_of_the_pages_exists_and_is_used() {
    let defects = web::check::bundle(&BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert!(defects.is_empty(), "{defects:#?}");
}
