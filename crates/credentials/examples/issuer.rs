//! An issuer with one licence on offer, for wallets of other makers to talk to. Prints one line of
//! JSON (`offer`, `tx_code`, `base`), then obeys `suspend`, `reinstate`, `revoke` and `quit`, one a
//! line, and answers each with `done`. Started by `tests/browser/oid4vci-wallet.mjs`.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test program, not the product"
)]

use credentials::{ClaimType, Desk, Issuer, Licence, LicenceType, NewLicence, Offer};
use kernel::{Actor, Env, Id, Text};
use serde_json::json;
use store::Store;
use tokio::io::{AsyncBufReadExt, BufReader};
use trust::KeyStore;
use web::{Site, SiteConfig};

fn main() {
    let owners = [
        &credentials::MIGRATIONS,
        &trust::MIGRATIONS,
        &journal::MIGRATIONS,
        &web::MIGRATIONS,
    ];
    store::testing::on_sqlite(&owners, |store, clock| async move {
        clock.set(Env::system().now());
        serve(store, clock).await;
    });
}

async fn serve(store: Store, clock: kernel::FakeEnv) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let desk = Desk {
        issuer: issuer(&base, store.env()),
        store: store.clone(),
    };
    let config = SiteConfig {
        base_url: base.clone(),
        has_rate_limits: false,
        ..SiteConfig::default()
    };
    let site = Site::new(config, store, &[]).expect("a site");
    let router = web::app(&site, credentials::routes().with_state(&desk));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let offer = grant(&desk).await;
    let line = json!({ "offer": offer.reference, "tx_code": offer.tx_code, "base": base });
    println!("{line}");
    obey(&desk, offer.licence, &clock).await;
}

fn issuer(base: &str, env: &Env) -> Issuer {
    let keys = KeyStore::in_memory(env).expect("keys");
    let issuer = Issuer::new(base, keys, env).expect("an issuer");
    let claims = [
        "number",
        "name_en",
        "name_tc",
        "hkid",
        "birth_date",
        "classes",
    ];
    issuer.set_types(vec![LicenceType {
        kind: "driving_licence".to_owned(),
        title: Text::new("Full driving licence", "正式駕駛執照"),
        authority: Text::new("Transport Department", "運輸署"),
        claims: claims.map(|name| ClaimType::new(name, None)).to_vec(),
    }]);
    issuer
}

async fn grant(desk: &Desk) -> Offer {
    let today = desk.issuer.now().date();
    let claims = json!({
        "name_en": "CHAN Tai Man", "name_tc": "陳大文", "hkid": "A123456(3)",
        "birth_date": "1974-02-03", "classes": ["1", "2"],
    });
    let new = NewLicence {
        holder: desk.store.env().id(),
        kind: "driving_licence".to_owned(),
        number: "A123456".to_owned(),
        claims: claims.as_object().cloned().unwrap_or_default(),
        valid_from: today,
        valid_until: Some(today.plus_years(10)),
        case_reference: "TD-2026-000001".to_owned(),
    };
    let issuer = desk.issuer.clone();
    desk.store
        .write(&Actor::system("example"), move |tx| {
            let (issuer, new) = (issuer.clone(), new.clone());
            async move { credentials::offer(&tx, &issuer, &new).await }
        })
        .await
        .expect("an offer")
}

async fn obey(desk: &Desk, licence: Id<Licence>, clock: &kernel::FakeEnv) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        clock.set(Env::system().now());
        if line == "quit" {
            return;
        }
        let order = line.clone();
        let done = desk
            .store
            .write(&Actor::system("example"), move |tx| {
                let order = order.clone();
                async move {
                    match order.as_str() {
                        "suspend" => credentials::suspend(&tx, licence, "test").await,
                        "reinstate" => credentials::reinstate(&tx, licence, "test").await,
                        "revoke" => credentials::revoke(&tx, licence, "test").await,
                        _ => Ok(()),
                    }
                }
            })
            .await;
        println!("{}", if done.is_ok() { "done" } else { "refused" });
    }
}
