//! `causeway keys`: the command itself, over a demonstration in which something is signed already.

use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::App;

use crate::signing::{command, signed, verified};

const NO_LIMITS: causeway::Knobs = causeway::Knobs {
    has_rate_limits: false,
    records_answers: false,
};
const REASON: [&str; 2] = ["--reason", "yearly change of keys"];

/// A demonstration with a document signed under its first keys, and its folder.
async fn house(name: &str) -> (App, PathBuf) {
    let folder = std::env::temp_dir().join(format!("causeway-{name}-{}", std::process::id()));
    let app = App::open(folder.clone(), 4_300, NO_LIMITS).await.unwrap();
    let (_, file) = signed(&mut app.browser()).await;
    std::fs::write(folder.join("before.pdf"), file).unwrap();
    (app, folder)
}

fn keys(folder: &Path, words: &[&str]) -> (bool, String) {
    command(folder, &[&["keys"], words].concat())
}

/// The keys of a purpose in use, and those retired.
fn ring(folder: &Path, purpose: &str) -> (Vec<String>, Vec<String>) {
    let (is_done, said) = keys(folder, &["list", "--json"]);
    assert!(is_done, "{said}");
    let all: Vec<Value> = serde_json::from_str(&said).unwrap();
    let all = all.into_iter().filter(|one| one["purpose"] == purpose);
    let (live, retired): (Vec<Value>, Vec<Value>) = all.partition(|one| one["retired"].is_null());
    let kids = |all: Vec<Value>| all.iter().map(|one| one["kid"].to_string()).collect();
    (kids(live), kids(retired))
}

async fn trail(app: &App, purpose: &'static str) -> Vec<journal::AuditRecord> {
    let read = app
        .system
        .store
        .read(move |db| async move { journal::audit_of(&db, "key", purpose).await });
    read.await.unwrap()
}

#[tokio::test]
async fn a_key_is_turned_with_a_reason_and_what_it_signed_stays_good() {
    let (app, folder) = house("keys-rotate").await;
    let (before, _) = ring(&folder, "document_seal");
    let (is_done, said) = keys(
        &folder,
        &[&["rotate", "document_seal"], &REASON[..]].concat(),
    );
    assert!(
        !is_done && said.contains("--yes"),
        "nobody was asked: {said}"
    );
    let (is_done, said) = keys(&folder, &["rotate", "document_seal", "--yes"]);
    assert!(!is_done && said.contains("--reason"), "{said}");
    assert_eq!(
        ring(&folder, "document_seal").0,
        before,
        "nothing was changed"
    );
    for (purpose, words) in [
        ("root", "trust anchor"),
        ("evidence", "another log"),
        ("sael", "document_authority"),
    ] {
        let (is_done, said) = keys(
            &folder,
            &[&["rotate", purpose, "--yes"], &REASON[..]].concat(),
        );
        assert!(!is_done && said.contains(words), "{purpose}: {said}");
    }

    let rotate = [&["rotate", "document_seal", "--yes"], &REASON[..]].concat();
    let (is_done, said) = keys(&folder, &rotate);
    assert!(
        is_done && said.contains("Restart running servers"),
        "{said}"
    );
    let (live, retired) = ring(&folder, "document_seal");
    assert_eq!(
        (live.len(), retired),
        (1, before),
        "one signs, the other verifies"
    );
    let (is_good, said) = verified(&folder, "before.pdf", &[]);
    assert!(is_good, "{said}");
    let trail = trail(&app, "document_seal").await;
    let turned = trail
        .iter()
        .find(|one| one.action == "key.rotated")
        .unwrap();
    assert_eq!(turned.reason.as_deref(), Some("yearly change of keys"));
}

#[tokio::test]
async fn an_authority_is_made_before_two_witnesses_with_a_sealed_record() {
    let (app, folder) = house("keys-ceremony").await;
    let record = folder.join("ceremony.jws");
    let record = record.to_str().unwrap();
    let hold = |witnesses: &[&str]| {
        let mut words = vec!["ceremony", "--yes", "--record", record];
        words.extend(REASON);
        words.extend(witnesses.iter().flat_map(|name| ["--witness", name]));
        keys(&folder, &words)
    };
    let (before, _) = ring(&folder, "document_authority");
    let (is_done, said) = hold(&["Chan Tai Man", " Chan Tai Man "]);
    assert!(
        !is_done && said.contains("2 to 12 different witnesses"),
        "{said}"
    );
    assert!(!Path::new(record).exists());
    let (is_done, said) = hold(&["Chan Tai Man", "Lee Siu Ling"]);
    assert!(is_done, "{said}");
    for words in [
        "sealed key ring",
        "Chan Tai Man and Lee Siu Ling",
        "Fingerprint",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (again, said) = hold(&["Chan Tai Man", "Lee Siu Ling"]);
    assert!(!again && said.contains("name a new file"), "{said}");
    let (live, retired) = ring(&folder, "document_authority");
    assert_eq!(retired, before);
    assert_eq!(live.len(), 1);

    let kept = std::fs::read_to_string(record).unwrap();
    let kept = trust::base64url::decode(kept.split('.').nth(1).unwrap()).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(
        kept["witnesses"],
        serde_json::json!(["Chan Tai Man", "Lee Siu Ling"])
    );
    // The record is sealed, and a document of the authority before is as good as it was.
    for (file, words) in [
        ("ceremony.jws", "document seal"),
        ("before.pdf", "CHEUNG Ka Yan"),
    ] {
        let (is_good, said) = verified(&folder, file, &[]);
        assert!(is_good && said.contains(words), "{file}: {said}");
    }
    let held = trail(&app, "document_authority").await;
    let held = held
        .iter()
        .find(|one| one.action == "key.ceremony_held")
        .unwrap();
    assert_eq!(held.detail["witnesses"], 2);
    let restarted = App::open(folder.clone(), 4_301, NO_LIMITS).await.unwrap();
    let (_, file) = signed(&mut restarted.browser()).await;
    std::fs::write(folder.join("after.pdf"), file).unwrap();
    let (is_good, said) = verified(&folder, "after.pdf", &[]);
    assert!(is_good, "the new authority certifies: {said}");
}
