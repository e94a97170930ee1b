//! The demonstration page.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use kernel::{Id, Lang};
use tower::ServiceExt as _;
use web::{Site, SiteConfig};

use crate::{BUNDLE, Carrier, Channel, Parcel, SimulatedCarrier, demo_routes};

#[test]
fn every_word_of_the_page_exists_and_is_used() {
    let defects = web::check::bundle(&BUNDLE, env!("CARGO_MANIFEST_DIR"));
    assert!(defects.is_empty(), "{defects:#?}");
}

#[test]
fn the_page_shows_what_was_carried_and_says_that_it_is_simulated() {
    let owners = &[&crate::MIGRATIONS, &journal::MIGRATIONS, &web::MIGRATIONS];
    store::testing::on_sqlite(owners, |store, _| async move {
        let site = Site::new(SiteConfig::default(), store.clone(), &[BUNDLE]).unwrap();
        let router = web::app(&site, demo_routes(&store));
        let parcel = Parcel {
            delivery: Id::from_bits(1),
            channel: Channel::Sms,
            address: "91234567".to_owned(),
            lang: Lang::En,
            subject: "<b>Hello</b>".to_owned(),
            body: "One\nTwo".to_owned(),
        };
        for (path, words) in [
            ("/en/demo/messages", "Nothing yet"),
            ("/en/demo/messages", "&lt;b&gt;Hello"),
            ("/tc/demo/messages", "短訊"),
            ("/sc/demo/messages", "短讯"),
        ] {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert!(text.contains(words), "{words} not in {text}");
            SimulatedCarrier::new(store.clone())
                .hand_over(&parcel)
                .await
                .unwrap();
        }
    });
}
