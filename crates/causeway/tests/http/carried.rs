//! Licences on phones over the wire: each phone sees and collects its own person's licences only.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use credentials::{Issuer, Licence, LicenceType, NewLicence};
use identity::demo;
use kernel::{Actor, Id, Text};
use serde_json::json;
use testkit::App;

use crate::wire::Wire;

/// Grants a licence to the person `who`.
async fn grant(app: &App, who: &str) -> Id<Licence> {
    let card = demo::find(who).unwrap();
    let person =
        identity::find_person_by_hkid(&app.system.store, &app.system.keys.vault(), &card.hkid)
            .await
            .unwrap()
            .unwrap();
    let today = app.system.store.env().now().date();
    let new = NewLicence {
        holder: person.id.cast(),
        kind: "driving_licence".to_owned(),
        number: "Q324521".to_owned(),
        claims: json!({ "name_en": card.name_en })
            .as_object()
            .cloned()
            .unwrap(),
        valid_from: today,
        valid_until: Some(today.plus_years(10)),
        case_reference: "TD-1".to_owned(),
    };
    let base = &app.system.site.config().base_url;
    let keys = app.system.keys.clone();
    let issuer = Issuer::new(base, keys, app.system.store.env()).unwrap();
    issuer.set_types(vec![LicenceType {
        kind: new.kind.clone(),
        title: Text::same("Full driving licence"),
        authority: Text::same("Transport Department"),
        claims: Vec::new(),
    }]);
    let offer = app
        .system
        .store
        .write(&Actor::system("test"), move |tx| {
            let (issuer, new) = (issuer.clone(), new.clone());
            async move { credentials::offer(&tx, &issuer, &new).await }
        })
        .await
        .unwrap();
    offer.licence
}

#[tokio::test]
async fn a_phone_sees_and_collects_its_own_licences_only() {
    let app = App::start().await.unwrap();
    let own = Wire::enrol(&app, "kwan-sum-yi", "plus").await;
    let stranger = Wire::enrol(&app, "to-king-hei", "plus").await;
    let licence = grant(&app, "kwan-sum-yi").await;

    let listed = own.licences().await;
    assert_eq!(listed[0]["number"], "Q324521");
    assert_eq!(listed[0]["is_here"], false);
    let (status, offer) = own.collect(licence).await;
    assert_eq!(status, StatusCode::OK, "{offer}");
    let reference = offer["credential_offer_uri"].as_str().unwrap();
    assert!(reference.contains("/credentials/offers/"), "{reference}");

    assert_eq!(stranger.licences().await, json!([]));
    assert_eq!(stranger.collect(licence).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn without_a_proof_of_a_phone_no_licence_is_listed() {
    let app = App::start().await.unwrap();
    let request = Request::builder()
        .uri("/app/api/licences")
        .header("accept", "application/json")
        .body(Body::empty())
        .unwrap();
    let answer = app.browser().send(request).await.unwrap();
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
