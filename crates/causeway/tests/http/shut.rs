//! Days on which offices are shut, declared and lifted by the operator.

use axum::http::StatusCode;
use testkit::App;

#[tokio::test]
async fn an_operator_declares_a_typhoon_and_lifts_it() {
    let app = App::start().await.unwrap();
    let mut operator = app.browser();
    let page = "/en/desk/suspensions";
    operator.sign_in("operator", page).await.unwrap();

    let form = operator.get(page).await.unwrap();
    assert_eq!(form.status, StatusCode::OK, "{}", form.words());
    let answers = [("reason", "typhoon"), ("note", "Signal No. 8 hoisted")];
    operator.fill(&form, page, &answers).await.unwrap();
    let declared = operator.get(page).await.unwrap();
    assert!(
        declared.says("Signal No. 8 hoisted"),
        "{}",
        declared.words()
    );
    assert!(
        declared.form(page).is_err(),
        "one open suspension at a time"
    );

    let open = app
        .system
        .store
        .read(|db| async move { journal::suspension::list(&db).await })
        .await
        .unwrap();
    let lift = format!("{page}/{}", open[0].id);
    app.clock.advance(std::time::Duration::from_secs(60));
    operator.fill(&declared, &lift, &[]).await.unwrap();
    let lifted = operator.get(page).await.unwrap();
    assert!(lifted.says("Declare from now"), "{}", lifted.words());
}
