//! The main job from the first click to the licence, and that nobody's data is logged on the way.

use std::{
    io::Write,
    sync::{Arc, Mutex, OnceLock},
};

use identity::demo;
use testkit::{App, Browser};

use crate::journey::{self, OFFICER, RESIDENT};

/// A resident renews, an officer decides. Ends with the resident's page of licences.
pub(crate) async fn whole<'a>(app: &'a App, resident: &mut Browser<'a>) -> String {
    let (done, _) = journey::renew(app, resident, RESIDENT).await;
    let reference = journey::reference_of(&done);
    app.settle().await.unwrap();
    let mut officer = app.browser();
    let case = journey::open_case(&mut officer, OFFICER, &reference).await;
    assert!(case.says(&reference), "{}", case.words());
    let checked = journey::act(&mut officer, &case, "check").await;
    let approved = journey::act(&mut officer, &checked, "approve").await;
    assert!(
        approved.words().contains("Approved"),
        "{}",
        approved.words()
    );
    app.settle().await.unwrap();
    reference
}

#[tokio::test]
async fn a_resident_renews_a_driving_licence() {
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    let reference = whole(&app, &mut resident).await;
    let licences = resident.get("/en/licences").await.unwrap();
    assert!(licences.says("Q311117"), "no licence: {}", licences.words());
    let page = resident
        .get(&format!("/en/applications/{reference}"))
        .await
        .unwrap();
    assert!(page.words().contains("Approved"), "{}", page.words());
    let inbox = resident.get("/en/inbox").await.unwrap();
    assert!(
        inbox.words().contains("renewed"),
        "no letter: {}",
        inbox.words()
    );
}

/// Keeps every line that any thread of this test binary logs.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() -> &'static Lines {
    static LINES: OnceLock<Lines> = OnceLock::new();
    LINES.get_or_init(|| {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        lines
    })
}

#[tokio::test]
async fn no_personal_data_in_logs() {
    let lines = listen();
    let app = App::start().await.unwrap();
    let mut resident = app.browser();
    whole(&app, &mut resident).await;
    resident.get("/en/applications/nothing").await.unwrap();
    resident.get("/en/sign-out").await.unwrap();
    let log = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(log.lines().count() > 20, "the log was not captured");
    let card = demo::find(RESIDENT).unwrap();
    let officer = demo::find(OFFICER).unwrap();
    let chinese = card.name_zh.clone().unwrap();
    let words = [
        card.hkid.as_str(),
        card.hkid.stem(),
        &card.name_en,
        &chinese,
        officer.hkid.stem(),
        "61230001",
        "6123 0001",
        "somebody@example.com",
        "kayan.cheung@example.com",
        "Sample House",
        "2001-05-14",
    ];
    for word in words {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} is in the log");
    }
}
