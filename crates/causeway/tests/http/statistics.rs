//! What is counted on the way, and who may see it.

use testkit::App;

use crate::journey::{self, OFFICER, RESIDENT};

const RENEWAL: &str = "td-full-driving-licence-renewal";

#[tokio::test]
async fn every_step_of_a_renewal_is_counted_once_and_names_nobody() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let (done, _) = journey::renew(&app, &mut resident, RESIDENT).await;
    let reference = journey::reference_of(&done);
    app.settle().await.unwrap();
    let mut officer = app.browser();
    let case = journey::open_case(&mut officer, OFFICER, &reference).await;
    let checked = journey::act(&mut officer, &case, "check").await;
    journey::act(&mut officer, &checked, "approve").await;
    app.settle().await.unwrap();
    app.settle().await.unwrap();
    let store = &app.system.store;
    let today = store.env().today();
    let figures = insight::service_figures(store, today, today).await.unwrap();
    let one = figures.iter().find(|one| one.service == RENEWAL).unwrap();
    assert_eq!(one.department, "TD");
    assert_eq!(
        (one.started, one.submitted, one.decided, one.approved),
        (1, 1, 1, 1)
    );
    assert_eq!((one.paid, one.signatures, one.issued), (1, 1, 1));
    assert_eq!((one.timely, one.automatic), (1, 0));
    assert_eq!(one.median_days(), Some(0));
    let period = insight::Period::month_of(today);
    let funnel = insight::funnel(store, RENEWAL, period).await.unwrap();
    assert!(
        funnel.pages.iter().all(|page| page.answered > 0),
        "{funnel:?}"
    );
    assert_eq!(funnel.breakdown.channels[0].code, "web");
    let events = store
        .read(|db| async move { journal::events_after(&db, 0).await })
        .await
        .unwrap();
    let counted = events.iter().filter(|event| event.kind == journal::USAGE);
    let declared = [
        "step",
        "department",
        "service",
        "version",
        "page",
        "field",
        "lang",
        "channel",
        "level",
        "age_band",
        "outcome",
        "decider",
        "is_timely",
        "value",
        "count",
    ];
    for event in counted {
        for (key, value) in event.data.as_object().unwrap() {
            assert!(declared.contains(&key.as_str()), "{key} is not declared");
            assert!(!value.to_string().contains(&reference), "{value}");
        }
    }
}

#[tokio::test]
async fn published_figures_are_withheld_while_few_are_counted() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    journey::renew(&app, &mut resident, RESIDENT).await;
    app.settle().await.unwrap();
    for lang in ["en", "tc", "sc"] {
        for page in [
            "",
            "/registrants",
            "/usage",
            "/usage?department=TD",
            "/usage?from=x&to=2026-13",
        ] {
            let path = format!("/{lang}/statistics{page}");
            let answer = resident.get(&path).await.unwrap();
            assert_eq!(answer.status, 200, "{path}");
        }
    }
    let usage = resident.get("/en/statistics/usage.csv").await.unwrap();
    assert!(
        usage.text().contains(&format!("TD,{RENEWAL},,,,,,,,")),
        "{}",
        usage.text()
    );
    let registrants = resident
        .get("/en/statistics/registrants.csv")
        .await
        .unwrap();
    assert!(
        registrants.text().starts_with("age_band,basic,plus,total"),
        "{}",
        registrants.text()
    );
    let json = resident.get("/en/statistics/usage.json").await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json.body).unwrap();
    assert!(json["totals"][3]["count"].is_null(), "{json}");
}

#[tokio::test]
async fn exact_figures_are_for_the_owner_of_the_department() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    owner.sign_in("owner", "/en/desk").await.unwrap();
    let list = owner.get("/en/desk/statistics").await.unwrap();
    assert_eq!(list.status, 200, "{}", list.words());
    assert!(
        !list.text().contains(RENEWAL),
        "another department's service is listed"
    );
    let other = owner
        .get(&format!("/en/desk/statistics/{RENEWAL}"))
        .await
        .unwrap();
    assert_eq!(other.status, 404);
    let own = owner
        .get("/tc/desk/statistics/dpo-1823-complaint?from=2026-11-01&to=x")
        .await
        .unwrap();
    assert_eq!(own.status, 200, "{}", own.words());
    let mut officer = app.browser();
    officer.sign_in(OFFICER, "/en/desk").await.unwrap();
    let refused = officer.get("/en/desk/statistics").await.unwrap();
    assert_eq!(refused.status, 403);
}
