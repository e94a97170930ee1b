//! What owners do through the pages: publish with a second person, preview, run journeys, end a service.

use axum::http::StatusCode;
use testkit::{Answer, App, Browser};

use crate::journey::{self, RESIDENT, SERVICE};

const OWNER: &str = "td-owner";
const SECOND: &str = "td-supervisor";
const PUBLISH: &str = "/en/desk/packs/publish";

/// The text of the live version, as the page offers it.
async fn live_text(owner: &mut Browser<'_>) -> (Answer, String) {
    let page = owner
        .get(&format!("{PUBLISH}?service={SERVICE}"))
        .await
        .unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    let sheet = page.form("/publish").unwrap();
    let source = sheet
        .values
        .iter()
        .find(|(name, _)| name == "source")
        .map(|(_, value)| value.trim_start_matches('\n').to_owned())
        .unwrap();
    (page, source)
}

#[tokio::test]
async fn an_owner_publishes_and_a_second_person_confirms() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    owner.sign_in(OWNER, "/en/desk/packs").await.unwrap();
    let (page, source) = live_text(&mut owner).await;

    let broken = source.replace("start: received", "start: nowhere");
    let refused = owner
        .fill(&page, "/publish", &[("source", &broken)])
        .await
        .unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("start: nowhere"), "what was typed is there");
    assert!(
        refused.words().contains("defects to mend"),
        "{}",
        refused.words()
    );
    assert!(refused.says("id=\"defect-1\""));

    let next = source.replacen("version: 1", "version: 2", 1);
    let release = owner
        .fill(&page, "/publish", &[("source", &next)])
        .await
        .unwrap();
    assert!(release.path.contains("/releases/"), "{}", release.words());
    let silent = owner
        .fill(&release, "/propose", &[("reason", "")])
        .await
        .unwrap();
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    let waiting = owner
        .fill(&release, "/propose", &[("reason", "Gazette of the week")])
        .await
        .unwrap();
    assert!(waiting.says("Put forward"), "{}", waiting.words());
    assert!(waiting.form("/publish").is_err(), "nobody confirms alone");

    let mut second = app.browser();
    let list = second.sign_in(SECOND, "/en/desk/packs").await.unwrap();
    assert!(list.says("Gazette of the week"), "{}", list.words());
    let seen = second.get(&release.path).await.unwrap();
    let done = second.fill(&seen, "/publish", &[]).await.unwrap();
    assert!(done.says("Version 2 is published"), "{}", done.words());
    assert!(done.says("KOO Tsz Ching") && done.says("WONG Suk Yin"));
    let changes = format!("/en/desk/packs/{SERVICE}/changes?from=1&to=2");
    let changes = second.get(&changes).await.unwrap();
    assert_eq!(changes.status, StatusCode::OK, "{}", changes.words());
    let public = app.browser().get(&format!("/en/services/{SERVICE}")).await;
    assert!(public.unwrap().words().contains("ersion 2"));
}

#[tokio::test]
async fn packs_of_another_department_do_not_exist_for_an_owner() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let list = owner.sign_in("owner", "/en/desk/packs").await.unwrap();
    assert!(!list.says(SERVICE), "{}", list.words());
    for path in [
        format!("/en/desk/packs/{SERVICE}"),
        format!("/en/desk/packs/{SERVICE}/journeys"),
        format!("/en/desk/packs/{SERVICE}/source?version=1"),
        format!("/en/desk/packs/{SERVICE}/retire"),
        format!("/en/desk/preview?service={SERVICE}"),
    ] {
        let answer = owner.get(&path).await.unwrap();
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let mut operator = app.browser();
    let all = operator
        .sign_in("operator", "/en/desk/packs")
        .await
        .unwrap();
    assert!(all.says(SERVICE), "operators look at all of them");
    let publish = operator.get(PUBLISH).await.unwrap();
    assert_eq!(publish.status, StatusCode::FORBIDDEN);
    let mut officer = app.browser();
    let packs = officer
        .sign_in("td-officer", "/en/desk/packs")
        .await
        .unwrap();
    assert_eq!(packs.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn golden_journeys_are_run_at_a_press() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let path = format!("/en/desk/packs/{SERVICE}/journeys");
    let page = owner.sign_in(OWNER, &path).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    assert!(page.words().contains("came true"), "{}", page.words());
    assert!(page.says("five months before the end is too early"));
}

/// Walks the preview from its first question to its end.
async fn walk(owner: &mut Browser<'_>, first: Answer) -> Answer {
    let mut page = first;
    for _ in 0..12 {
        if page.path.ends_with("/preview/end") {
            return page;
        }
        assert!(
            page.says("nothing is stored"),
            "no banner: {}",
            page.words()
        );
        let here = page.path.clone();
        page = owner.fill(&page, &here, journey::RENEWAL).await.unwrap();
        assert_ne!(page.path, here, "not accepted: {}", page.words());
    }
    panic!("the preview never ended");
}

#[tokio::test]
async fn a_preview_ends_with_fee_and_outcome_and_leaves_nothing_behind() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let ask = format!("/en/desk/preview?service={SERVICE}&version=1");
    let page = owner.sign_in(OWNER, &ask).await.unwrap();
    assert_eq!(page.status, StatusCode::OK, "{}", page.words());
    let wrong = owner
        .fill(&page, "/preview", &[("age", "old")])
        .await
        .unwrap();
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let first = owner
        .fill(&page, "/preview", &[("age", "40")])
        .await
        .unwrap();
    let end = walk(&mut owner, first).await;
    assert!(end.words().contains("Total HK$900 "), "{}", end.words());
    assert!(
        end.words().contains("This application can be submitted"),
        "{}",
        end.words()
    );

    let old = owner
        .fill(&page, "/preview", &[("age", "62")])
        .await
        .unwrap();
    assert!(old.says("62 years old"), "{}", old.words());
    let end = walk(&mut owner, old).await;
    assert!(
        !end.words().contains("Total HK$900 "),
        "another age, another fee: {}",
        end.words()
    );

    let mut resident = app.browser();
    let drafts = resident
        .sign_in(RESIDENT, "/en/applications")
        .await
        .unwrap();
    assert!(!drafts.says("SAMPLE"), "{}", drafts.words());
    let open = app.system.services.open_of(SERVICE).await.unwrap();
    assert!(open.is_empty(), "{open:?}");
}

/// The end of the service on 1 December, with a month to submit what was begun.
const ENDING: [(&str, &str); 9] = [
    ("starts-day", "1"),
    ("starts-month", "12"),
    ("starts-year", "2026"),
    ("until-day", "31"),
    ("until-month", "12"),
    ("until-year", "2026"),
    ("reason_en", "The ordinance changes"),
    ("reason_tc", "條例修訂"),
    ("instead", "td-international-driving-permit"),
];

#[tokio::test]
async fn a_service_that_ends_says_so_and_leads_elsewhere() {
    let app = App::start().await.unwrap();
    let mut owner = app.browser();
    let retire = format!("/en/desk/packs/{SERVICE}/retire");
    let page = owner.sign_in(OWNER, &retire).await.unwrap();
    let half = owner.fill(&page, "/retire", &ENDING[..7]).await.unwrap();
    assert_eq!(half.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        half.says("The ordinance changes"),
        "what was typed is there"
    );
    let done = owner.fill(&page, "/retire", &ENDING).await.unwrap();
    assert!(
        done.words().contains("The ordinance changes"),
        "{}",
        done.words()
    );

    let mut visitor = app.browser();
    let public = visitor
        .get(&format!("/en/services/{SERVICE}"))
        .await
        .unwrap();
    assert!(
        public.says("takes no new applications"),
        "{}",
        public.words()
    );
    assert!(public.says("/en/services/td-international-driving-permit"));
    assert!(public.form("/start").is_ok(), "still open today");
    let found = visitor
        .get("/en/find?q=full+driving+licence")
        .await
        .unwrap();
    assert!(found.says("The ordinance changes"), "{}", found.words());

    let kept = owner.get(&retire).await.unwrap();
    owner.fill(&kept, "/keep", &[]).await.unwrap();
    let public = visitor
        .get(&format!("/en/services/{SERVICE}"))
        .await
        .unwrap();
    assert!(!public.says("The ordinance changes"));

    let again = owner.get(&retire).await.unwrap();
    owner.fill(&again, "/retire", &ENDING).await.unwrap();
    app.clock
        .advance(std::time::Duration::from_secs(10 * 86_400));
    let closed = visitor
        .get(&format!("/tc/services/{SERVICE}"))
        .await
        .unwrap();
    assert!(closed.form("/start").is_err(), "{}", closed.words());
    assert!(closed.says("條例修訂"));
}
